# SPDX-License-Identifier: Apache-2.0
"""Network namespaces, veth pairs and raw frames.

Names hold the pid of the test run, so that runs do not meet, and what a killed run left behind can
be told from what is in use.  Deleting a namespace takes its ends of veth pairs along."""

import ctypes
import ctypes.util
import itertools
import os
import socket
import struct
import subprocess
import time

PREFIX = 'ovst'
CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_IGNORE_OUTGOING = 23
TP_STATUS_CSUMNOTREADY = 1 << 3
TP_STATUS_VLAN_VALID = 1 << 4
TP_STATUS_VLAN_TPID_VALID = 1 << 6
# struct tpacket_auxdata of linux/if_packet.h
AUXDATA = struct.Struct('=IIIHHHH')

_libc = ctypes.CDLL(ctypes.util.find_library('c'), use_errno=True)
_serial = itertools.count()


def ip(*args, check=True):
    """Runs ip(8); one argument is split at spaces."""
    if len(args) == 1:
        args = args[0].split()
    r = subprocess.run(['ip', *args], capture_output=True, text=True)
    if check and r.returncode:
        raise RuntimeError(f"ip {' '.join(args)}: {r.stderr.strip()}")
    return r.stdout


class Frame:
    """A received frame: 'data' with its VLAN tag back in place; 'partial' if its checksum was
    left to the receiver."""

    def __init__(self, data, partial):
        self.data = data
        self.partial = partial

    def __repr__(self):
        return f'<{len(self.data)} bytes {self.data[:18].hex(" ")}>'


class PacketSocket:
    """A raw socket on one device, receiving what comes in there, not what goes out."""

    def __init__(self, sock, dev):
        self.sock = sock
        self.dev = dev
        sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.bind((dev, ETH_P_ALL))

    def send(self, *frames):
        """Sends bytes, or whatever bytes() makes a frame of (scapy packets)."""
        for f in frames:
            self.sock.send(bytes(f))

    def recv(self, timeout=1):
        """The next Frame, or None after 'timeout' seconds."""
        self.sock.settimeout(max(timeout, 0.000001))
        try:
            data, anc, _, _ = self.sock.recvmsg(1 << 17, 256)
        except (TimeoutError, BlockingIOError):
            return None
        partial = False
        for level, kind, value in anc:
            if level == SOL_PACKET and kind == PACKET_AUXDATA:
                status, _, _, _, _, tci, tpid = AUXDATA.unpack(value[:AUXDATA.size])
                partial = bool(status & TP_STATUS_CSUMNOTREADY)
                if status & TP_STATUS_VLAN_VALID:
                    if not status & TP_STATUS_VLAN_TPID_VALID:
                        tpid = 0x8100
                    data = data[:12] + struct.pack('!HH', tpid, tci) + data[12:]
        return Frame(data, partial)

    def expect(self, match, timeout=3):
        """The first frame for which match(bytes) is true (bytes: the frame that starts with
        them); AssertionError with what came instead after 'timeout' seconds."""
        if not callable(match):
            want = bytes(match)
            match = lambda data: data[:len(want)] == want
        others = []
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            f = self.recv(left)
            if f and match(f.data):
                return f
            if f:
                others.append(f)
        raise AssertionError(f'{self.dev}: expected frame did not come; got {others[:10]}')

    def expect_none(self, match, timeout=0.3):
        """Fails if a frame for which match(bytes) is true comes within 'timeout' seconds."""
        if not callable(match):
            want = bytes(match)
            match = lambda data: data[:len(want)] == want
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            f = self.recv(left)
            assert not (f and match(f.data)), f'{self.dev}: a frame came that must not: {f}'

    def drain(self):
        while self.recv(0):
            pass

    def close(self):
        self.sock.close()


class Ping:
    """The outcome of pinging: true if no answer is missing."""

    ident = itertools.count(os.getpid())

    def __init__(self, sock, addr, count, wait, size):
        self.addr, self.missing, self.error = addr, set(range(count)), None
        six = sock.family == socket.AF_INET6
        request, reply = (128, 129) if six else (8, 0)
        ident = next(self.ident) & 0xffff
        for seq in range(count):
            head = struct.pack('!BBHHH', request, 0, 0, ident, seq)
            body = head + bytes(range(256)) * (size // 256) + bytes(size % 256)
            if not six:  # the kernel does it for ICMPv6
                total = sum(struct.unpack(f'!{len(body) // 2}H', body[:len(body) & ~1]))
                total += body[-1] << 8 if len(body) & 1 else 0
                total = (total & 0xffff) + (total >> 16)
                total = (total & 0xffff) + (total >> 16)
                body = body[:2] + struct.pack('!H', total ^ 0xffff) + body[4:]
            try:
                sock.sendto(body, (addr, 0))
            except OSError as err:
                self.error = err
                return
            self.receive(sock, reply, ident, 0.05 if seq + 1 < count else wait)

    def receive(self, sock, reply, ident, seconds):
        end = time.monotonic() + seconds
        while self.missing and (left := end - time.monotonic()) > 0:
            sock.settimeout(left)
            try:
                data = sock.recv(65536)
            except TimeoutError:
                return
            if sock.family == socket.AF_INET:
                data = data[(data[0] & 15) * 4:]
            if len(data) >= 8 and data[0] == reply and data[4:6] == struct.pack('!H', ident):
                self.missing.discard(struct.unpack_from('!H', data, 6)[0])

    def __bool__(self):
        return not self.missing and not self.error

    def __repr__(self):
        return f'<ping {self.addr}: {self.error or f"no answer to {sorted(self.missing)}"}>'


class Netns:
    """One namespace.  IPv6 is off unless asked for: its own chatter disturbs counts."""

    def __init__(self, label, ipv6=False):
        self.name = f'{PREFIX}-{os.getpid()}-{next(_serial)}-{label}'
        self.sockets = []
        self.procs = []
        ip('netns', 'add', self.name)
        ip('-n', self.name, 'link', 'set', 'lo', 'up')
        if ipv6:
            self.sysctl('net.ipv6.conf.default.accept_dad', 0)
        else:
            self.sysctl('net.ipv6.conf.all.disable_ipv6', 1)
            self.sysctl('net.ipv6.conf.default.disable_ipv6', 1)

    def sysctl(self, key, value):
        path = '/proc/sys/' + key.replace('.', '/')
        self.run(['sh', '-c', f'echo {value} > {path}'])

    def ip(self, *args, check=True):
        if len(args) == 1:
            args = args[0].split()
        return ip('-n', self.name, *args, check=check)

    def wrap(self, argv):
        return ['ip', 'netns', 'exec', self.name, *argv]

    def run(self, cmd, check=True, timeout=60):
        """Runs a command (list, or text split at spaces); returns the CompletedProcess."""
        argv = cmd.split() if isinstance(cmd, str) else [str(c) for c in cmd]
        r = subprocess.run(self.wrap(argv), capture_output=True, text=True, timeout=timeout)
        if check and r.returncode:
            raise AssertionError(f"{' '.join(argv)}: exit {r.returncode}\n{r.stdout}{r.stderr}")
        return r

    def popen(self, cmd, **kwargs):
        """Starts a command that ends with the namespace at the latest."""
        argv = cmd.split() if isinstance(cmd, str) else [str(c) for c in cmd]
        p = subprocess.Popen(self.wrap(argv), **kwargs)
        self.procs.append(p)
        return p

    def ping(self, addr, count=1, wait=3, size=56):
        """Sends 'count' echo requests, 50 ms apart; true if each is answered within 'wait' seconds
        of the last.  (ping(8) gives up two round trips after the first answer.)"""
        six = ':' in addr
        s = self.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW,
                        socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP)
        try:
            return Ping(s, addr, count, wait, size)
        finally:
            self.sockets.remove(s)
            s.close()

    def socket(self, *args):
        """A socket that belongs to this namespace, usable from anywhere."""
        here = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
        there = os.open(f'/run/netns/{self.name}', os.O_RDONLY)
        try:
            if _libc.setns(there, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), 'setns')
            try:
                s = socket.socket(*args)
            finally:
                if _libc.setns(here, CLONE_NEWNET):
                    os.abort()  # in a namespace that is not ours to use
        finally:
            os.close(here)
            os.close(there)
        self.sockets.append(s)
        return s

    def packet_socket(self, dev):
        # protocol 0: nothing is received before the bind() of PacketSocket
        return PacketSocket(self.socket(socket.AF_PACKET, socket.SOCK_RAW, 0), dev)

    def mac(self, dev):
        out = self.ip('-o', 'link', 'show', 'dev', dev).split()
        return out[out.index('link/ether') + 1]

    def stats(self, dev):
        """rtnl statistics of a device as a dict."""
        base = f'/sys/class/net/{dev}/statistics'
        out = self.run(['sh', '-c', f'cd {base} && grep -H . *']).stdout
        return {k: int(v) for k, v in (line.split(':') for line in out.splitlines())}

    def delete(self):
        for p in self.procs:
            if p.poll() is None:
                p.kill()
            p.wait()
        for s in self.sockets:
            s.close()
        ip('netns', 'del', self.name, check=False)


class Guest:
    """A namespace with one device 'eth0', whose other end 'port' is in the switch's namespace."""

    def __init__(self, net, name, switch_ns, addr=None, addr6=None, mac=None):
        self.port = name
        self.ns = net.ns(name, ipv6=addr6 is not None)
        self.dev = 'eth0'
        net.veth(self.ns, self.dev, switch_ns, self.port)
        if mac:
            self.ns.ip(f'link set dev {self.dev} address {mac}')
        if addr:
            self.ns.ip(f'addr add {addr} dev {self.dev}')
            self.ip = addr.split('/')[0]
        if addr6:
            self.ns.ip(f'addr add {addr6} dev {self.dev} nodad')
            self.ip6 = addr6.split('/')[0]
        self.ns.ip(f'link set dev {self.dev} up')
        self.mac = self.ns.mac(self.dev)

    def socket(self):
        return self.ns.packet_socket(self.dev)

    def ping(self, other, **kwargs):
        return self.ns.ping(other.ip if isinstance(other, Guest) else other, **kwargs)


class Net:
    """The namespaces of one test; delete() removes them all."""

    def __init__(self):
        self.all = []

    def ns(self, label='ns', ipv6=False):
        n = Netns(label, ipv6)
        self.all.append(n)
        return n

    def veth(self, ns_a, dev_a, ns_b, dev_b, up=True):
        ip('link', 'add', 'name', dev_a, 'netns', ns_a.name, 'type', 'veth',
           'peer', 'name', dev_b, 'netns', ns_b.name)
        if up:
            ns_a.ip(f'link set dev {dev_a} up')
            ns_b.ip(f'link set dev {dev_b} up')

    def guest(self, name, switch, addr=None, **kwargs):
        """A Guest joined to the namespace of 'switch' (a Switch or a Netns)."""
        return Guest(self, name, getattr(switch, 'ns', None) or switch, addr, **kwargs)

    def delete(self):
        for n in reversed(self.all):
            n.delete()
        self.all = []


def delete_stale():
    """Deletes namespaces of test runs that are gone."""
    for line in ip('netns', 'list', check=False).splitlines():
        name = line.split()[0]
        parts = name.split('-')
        if parts[0] == PREFIX and len(parts) > 2 and not os.path.exists(f'/proc/{parts[1]}'):
            ip('netns', 'del', name, check=False)
