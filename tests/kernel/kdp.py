# SPDX-License-Identifier: Apache-2.0
"""A datapath with three ports, and the far ends of them, to send packets through.

    q1, q2, q3 (namespace 'far') -- p1, p2, p3 (namespace 'sw'): ports 1, 2, 3 of the datapath

What a packet sent by send() causes is complete when send() returns: a second frame, a marker which
misses, goes the same way behind it, and its upcall is waited for."""

import os
import socket
import struct
import time

import odp
import ovsnl
import uapi

MARKER = 0x88b5  # an Ethernet type for experiments


class Result:
    """out: {port: [frame, ...]} of what came out, upcalls: what came up."""

    def __init__(self, out, upcalls):
        self.out = out
        self.upcalls = upcalls

    def __repr__(self):
        outs = {n: [f.hex(' ') for f in frames] for n, frames in self.out.items()}
        return f'<out {outs} upcalls {self.upcalls}>'


class Kdp:
    PORTS = (1, 2, 3)

    def __init__(self, net, features=None):
        os.sched_setaffinity(0, {0})  # one queue, so that packets stay in order
        self.ns = net.ns('sw')
        self.far = net.ns('far')
        self.name = 'kdp0'
        self.make_socket = lambda: self.ns.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                                  ovsnl.NETLINK_GENERIC)
        self.dp = ovsnl.Datapath(self.name, self.make_socket, features)
        self.socks = {}
        for n in self.PORTS:
            net.veth(self.far, f'q{n}', self.ns, f'p{n}')
            self.far.ip(f'link set dev q{n} address 02:00:00:00:01:{n:02x}')
            self.ns.ip(f'link set dev p{n} address 02:00:00:00:02:{n:02x}')
            assert self.dp.add_port(f'p{n}', number=n) == n
            self.socks[n] = self.far.packet_socket(f'q{n}')
        self.serial = 0
        self.links = []
        self.more = []

    def reset(self):
        """As if nothing had happened before."""
        self.dp.flush()
        for name, number in self.dp.ports().items():
            if number not in (0, *self.PORTS):
                self.dp.del_port(number)
        for ns, name in reversed(self.links):
            ns.ip('link', 'del', 'dev', name, check=False)
        self.links = []
        for s in self.more:
            s.close()
        self.more = []
        for s in self.socks.values():
            s.drain()
        while self.dp.up.messages(0):
            pass

    def link(self, *args, up=True, ns=None):
        """Adds a device ('name', 'type', ...) to the switch's namespace, until the test is over."""
        ns = ns or self.ns
        ns.ip('link', 'add', *args)
        name = args[args.index('name') + 1] if 'name' in args else args[0]
        self.links.append((ns, name))
        if up:
            ns.ip('link', 'set', 'dev', name, 'up')
        return name

    def socket(self):
        """Another Netlink socket, until the test is over."""
        s = ovsnl.Socket(self.make_socket())
        s.family('ovs_packet')
        self.more.append(s)
        return s

    # ---- packets

    def settle(self, port=1):
        """Waits until all that was sent before has been worked on; returns the upcalls."""
        self.serial += 1
        tag = struct.pack('!I', self.serial) + b'marker'
        self.socks[port].send(bytes.fromhex('02ffffffffff02fffffffffe') +
                              struct.pack('!H', MARKER) + tag)
        out = []
        end = time.monotonic() + 10
        while time.monotonic() < end:
            for m in self.dp.up.messages(1):
                if m.family != 'ovs_packet':
                    continue
                u = ovsnl.Upcall(m)
                if u.packet[12:24] == struct.pack('!H', MARKER) + tag:
                    return out
                out.append(u)
        raise AssertionError('the marker did not come up')

    def received(self):
        out, frames = {}, {}
        for n, s in self.socks.items():
            while f := s.recv(0):
                out.setdefault(n, []).append(f.data)
                frames.setdefault(n, []).append(f)
        return out, frames

    def send(self, *packets, port=1):
        """Sends packets into a port; returns the Result."""
        for p in packets:
            self.socks[port].send(p)
        upcalls = self.settle(port)
        return Result(self.received()[0], upcalls)

    def frames(self, *packets, port=1):
        """As send(), but returns {port: [Frame, ...]}."""
        for p in packets:
            self.socks[port].send(p)
        self.settle(port)
        return self.received()[1]

    def miss(self, packet, port=1):
        """Sends a packet that must miss, and returns its upcall."""
        r = self.send(packet, port=port)
        assert not r.out and [u.kind for u in r.upcalls] == ['miss'], f'no miss, but {r}'
        assert r.upcalls[0].packet == bytes(packet)
        return r.upcalls[0]

    def learn(self, packet, actions, port=1, mask=None):
        """Installs 'actions' for packets like this one (exactly, without a mask)."""
        u = self.miss(packet, port)
        self.dp.put(u.raw_key, b''.join(actions), mask)
        return u

    def run(self, packet, *actions, port=1, mask=None):
        """Installs these actions for a packet, sends it, and returns the Result."""
        self.learn(packet, actions, port, mask)
        return self.send(packet, port=port)

    def through(self, packet, *actions, port=1, to=2):
        """The one frame that comes out at port 'to' if these actions and output() are run."""
        r = self.run(packet, *actions, odp.output(to), port=port)
        assert list(r.out) == [to] and len(r.out[to]) == 1 and not r.upcalls, r
        return r.out[to][0]

    def again(self, packet, *actions, id=0x77, port=1):
        """Runs actions and recirculates: the upcall of the second pass."""
        r = self.run(packet, *actions, odp.recirc(id), port=port)
        assert not r.out and [u.kind for u in r.upcalls] == ['miss'], r
        assert r.upcalls[0].key.u32(uapi.OVS_KEY_ATTR_RECIRC_ID) == id
        return r.upcalls[0]


def differ(got, want):
    """What differs between two frames, for messages: '' if nothing does."""
    got, want = bytes(got), bytes(want)
    if got == want:
        return ''
    from scapy.layers.l2 import Ether
    at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
    return (f'differs at octet {at}:\n got {got.hex(" ")}\nwant {want.hex(" ")}\n'
            f' got {Ether(got)!r}\nwant {Ether(want)!r}')


def same(got, want):
    d = differ(got, want)
    assert not d, d
