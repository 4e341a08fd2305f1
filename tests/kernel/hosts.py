# SPDX-License-Identifier: Apache-2.0
"""Two hosts with real sockets and two datapaths in a row between them:

    h1 (h0) -- a1 [A] a2 -- b1 [B] b2 -- (h0) h2        a3 [A] -- sink

A frame from h1 comes in at port 1 of A, one from h2 at port 2 of B; the first datapath that it
meets does what is tested, the second undoes it where that is needed."""

import hashlib
import os
import socket
import threading

import odp
import ovsnl
import uapi

MAC = {1: '02:00:00:00:00:01', 2: '02:00:00:00:00:02'}
IP4 = {1: '10.0.0.1', 2: '10.0.0.2'}
IP6 = {1: '2001:db8::1', 2: '2001:db8::2'}
# what the other host is called where addresses are translated
ALIAS4 = {1: '10.0.0.101', 2: '10.0.0.102'}
ALIAS6 = {1: '2001:db8::101', 2: '2001:db8::102'}
UDP_SEGMENT = 103
FF2, FF4 = 0xffff, 0xffffffff


class Hosts:
    def __init__(self, net):
        self.sw = net.ns('sw')
        self.hosts = {n: net.ns(f'h{n}', ipv6=True) for n in (1, 2)}
        self.sink = net.ns('sink')
        net.veth(self.hosts[1], 'h0', self.sw, 'a1')
        net.veth(self.hosts[2], 'h0', self.sw, 'b2')
        net.veth(self.sw, 'a2', self.sw, 'b1')
        net.veth(self.sink, 's0', self.sw, 'a3')
        for dev in ('a1', 'a2', 'a3', 'b1', 'b2'):
            self.sw.ip(f'link set dev {dev} mtu 2000')  # room for tags and labels
        self.make_socket = lambda: self.sw.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                                  ovsnl.NETLINK_GENERIC)
        self.dps = {}
        for name, ports in (('A', (1, 2, 3)), ('B', (1, 2))):
            dp = ovsnl.Datapath(f'dp{name}', self.make_socket)
            for n in ports:
                assert dp.add_port(f'{name.lower()}{n}', number=n) == n
            self.dps[name] = dp
        for n, h in self.hosts.items():
            h.ip(f'link set dev h0 address {MAC[n]}')
            h.ip(f'addr add {IP4[n]}/24 dev h0')
            h.ip(f'addr add {IP6[n]}/64 dev h0 nodad')
            for addr in (IP4[3 - n], ALIAS4[3 - n], IP6[3 - n], ALIAS6[3 - n]):
                h.ip(f'neigh replace {addr} lladdr {MAC[3 - n]} nud permanent dev h0')

    def delete(self):
        for dp in self.dps.values():
            dp.delete()
            dp.close()

    def offloads(self, hosts=True, last_hop=True, gro=False):
        """hosts: they leave checksums and segmentation to others; last_hop: so do the devices that
        lead to them, and nobody ever completes them; gro: the switch's devices aggregate."""
        self.has_udp_gso = hosts  # the kernel refuses it to devices without checksums
        for h in self.hosts.values():
            on = 'on' if hosts else 'off'
            h.run(['ethtool', '-K', 'h0', 'tx', on, 'tso', on, 'gso', on,
                   'tx-udp-segmentation', on])
        for dev in ('a1', 'b2'):
            on = 'on' if last_hop else 'off'
            self.sw.run(['ethtool', '-K', dev, 'tx', on, 'tso', on, 'tx-udp-segmentation', on])
        for dev in ('a1', 'b1', 'a2', 'b2'):
            self.sw.run(['ethtool', '-K', dev, 'gro', 'on' if gro else 'off'])

    def flush(self):
        for dp in self.dps.values():
            dp.flush()

    # ---- flows

    def put(self, name, in_port, key, mask, *actions):
        dp = self.dps[name]
        dp.put(odp.in_port(in_port) + odp.recirc_id(0) + odp.eth() + key, b''.join(actions),
               odp.in_port(FF4) + odp.recirc_id(FF4) + mask, flags=0)

    KINDS = [  # name, IP version, key of the transport header, its number
        ('tcp', 4, odp.tcp() + odp.tcp_flags(0), 6), ('udp', 4, odp.udp(), 17),
        ('sctp', 4, odp.sctp(), 132), ('icmp', 4, odp.icmp(), 1),
        ('tcp', 6, odp.tcp() + odp.tcp_flags(0), 6), ('udp', 6, odp.udp(), 17),
        ('sctp', 6, odp.sctp(), 132), ('icmp', 6, odp.icmpv6(), 58)]

    def put_ip(self, name, in_port, make):
        """A flow for each protocol and fragment; make(proto, version, frag) gives actions."""
        for proto, version, l4, number in self.KINDS:
            for frag in (0, 1, 2):
                if version == 4:
                    key = odp.eth_type(0x800) + odp.ipv4(proto=number, frag=frag)
                    mask = odp.eth_type(FF2) + odp.ipv4(proto=255, frag=255)
                else:
                    # what follows in a later fragment is not known
                    proto6 = 44 if frag == 2 else number
                    key = odp.eth_type(0x86dd) + odp.ipv6(proto=proto6, frag=frag)
                    mask = odp.eth_type(FF2) + odp.ipv6(proto=255, frag=255)
                if frag != 2:
                    key += l4
                self.put(name, in_port, key, mask, *make(proto, version, frag))

    def put_all(self, name, in_port, *actions):
        """A flow for everything else."""
        self.put(name, in_port, b'', b'', *actions)

    # ---- traffic

    def errors(self):
        """Counters of wrong checksums of both hosts, those that are not 0."""
        out = {}
        for n, h in self.hosts.items():
            text = h.run(['sh', '-c',
                          'cat /proc/net/snmp /proc/net/snmp6 /proc/net/sctp/snmp']).stdout
            head = None
            for line in text.splitlines():
                words = line.split()
                if words[0].endswith(':'):
                    if head and head[0] == words[0]:
                        pairs, head = zip(head[1:], words[1:]), None
                    else:
                        head = words
                        continue
                else:
                    pairs = [words[:2]]
                for k, v in pairs:
                    if ('csum' in k.lower() or 'checksum' in k.lower()) and int(v):
                        out[n, k] = int(v)
        return out

    def addr(self, version, to, alias):
        return {4: ALIAS4 if alias else IP4, 6: ALIAS6 if alias else IP6}[version][to]

    def transfer(self, proto, version, n, alias=False, ports=(5000, 5000)):
        """Sends 'n' octets from h1 to h2 and back over a connection; what comes must be right."""
        family = {4: socket.AF_INET, 6: socket.AF_INET6}[version]
        number = {'tcp': 0, 'sctp': socket.IPPROTO_SCTP}[proto]
        data = os.urandom(n)
        listener = self.hosts[2].socket(family, socket.SOCK_STREAM, number)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(('', ports[1]))
        listener.listen(1)
        listener.settimeout(20)
        got = {}

        def receive(s, name):
            h, left = hashlib.sha256(), n
            while left:
                part = s.recv(min(left, 1 << 16))
                if not part:
                    break
                h.update(part)
                left -= len(part)
            got[name] = h.digest()

        def send(s):
            for at in range(0, n, 1 << 14):  # a message of SCTP each
                s.sendall(data[at:at + (1 << 14)])

        def serve():
            s, _ = listener.accept()
            s.settimeout(20)
            try:
                receive(s, 'there')
                send(s)
            finally:
                s.close()

        t = threading.Thread(target=serve, daemon=True)
        t.start()
        s = self.hosts[1].socket(family, socket.SOCK_STREAM, number)
        s.settimeout(20)
        try:
            s.connect((self.addr(version, 2, alias), ports[0]))
            send(s)
            receive(s, 'back')
        finally:
            s.close()
            t.join(20)
            listener.close()
        want = hashlib.sha256(data).digest()
        assert got == {'there': want, 'back': want}

    def datagrams(self, version, sizes, segment=None, alias=False, ports=(5000, 5000)):
        """Each datagram goes to h2 and comes back before the next; with 'segment' as one of GSO."""
        family = {4: socket.AF_INET, 6: socket.AF_INET6}[version]
        server = self.hosts[2].socket(family, socket.SOCK_DGRAM)
        server.bind(('', ports[1]))
        client = self.hosts[1].socket(family, socket.SOCK_DGRAM)
        for s in (server, client):
            s.settimeout(5)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        client.connect((self.addr(version, 2, alias), ports[0]))
        try:
            for size in sizes:
                data = os.urandom(size)
                if segment:
                    cmsg = [(socket.SOL_UDP, UDP_SEGMENT, segment.to_bytes(2, 'little'))]
                else:
                    cmsg = []
                client.sendmsg([data], cmsg)
                got, peer = b'', None
                while len(got) < size:
                    part, peer = server.recvfrom(1 << 16)
                    got += part
                assert got == data
                server.sendmsg([data], cmsg, 0, peer)
                got = b''
                while len(got) < size:
                    got += client.recv(1 << 16)
                assert got == data
        finally:
            server.close()
            client.close()

    def ping(self, version, alias=False, size=56):
        return self.hosts[1].ping(self.addr(version, 2, alias), count=2, wait=3, size=size)
