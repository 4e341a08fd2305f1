# SPDX-License-Identifier: Apache-2.0
"""Connections of real sockets through ct and NAT: a client, an FTP server behind another address.

    client (c0, 10.0.0.1) -- port 1 [datapath] port 2 -- (s0, 10.0.0.2) server, alias 10.0.0.99"""

import hashlib
import os
import re
import socket
import threading

import pytest

import odp
import ovsnl
import uapi
from ovsnl import attr, u16
from rig import netns

CLIENT, SERVER, VIP = '10.0.0.1', '10.0.0.2', '10.0.0.99'
MAC = {1: '02:00:00:00:00:01', 2: '02:00:00:00:00:02'}
NEW, EST, REL, TRK = (uapi.OVS_CS_F_NEW, uapi.OVS_CS_F_ESTABLISHED, uapi.OVS_CS_F_RELATED,
                      uapi.OVS_CS_F_TRACKED)
ZONE = 7


class Rig:
    def __init__(self, net):
        self.net = net
        self.sw, self.client, self.server = net.ns('sw'), net.ns('client'), net.ns('server')
        self.dp = ovsnl.Datapath('ct0', lambda: self.sw.socket(
            socket.AF_NETLINK, socket.SOCK_RAW, ovsnl.NETLINK_GENERIC))
        for n, ns, dev, addr in ((1, self.client, 'c0', CLIENT), (2, self.server, 's0', SERVER)):
            net.veth(ns, dev, self.sw, f'p{n}')
            self.dp.add_port(f'p{n}', number=n)
            ns.ip(f'link set dev {dev} address {MAC[n]}')
            ns.ip(f'addr add {addr}/24 dev {dev}')
            for a in (CLIENT,) if n == 2 else (SERVER, VIP):
                ns.ip(f'neigh replace {a} lladdr {MAC[3 - n]} nud permanent dev {dev}')

    def put(self, port, recirc, actions, ct_state=0, ct_mask=0):
        key = (odp.in_port(port) + odp.recirc_id(recirc) + odp.ct_state(ct_state) + odp.eth() +
               odp.eth_type(0x800) + odp.ipv4(proto=6) + odp.tcp() + odp.tcp_flags(0))
        mask = (odp.in_port(-1) + odp.recirc_id(-1) + odp.ct_state(ct_mask) + odp.eth_type(0xffff) +
                odp.ipv4(proto=255))
        self.dp.put(key, b''.join(actions), mask)

    def translate(self, *more):
        """What is for VIP goes to SERVER; related connections follow, nothing else is new."""
        zone = u16(uapi.OVS_CT_ATTR_ZONE, ZONE)
        dnat = odp.nat(attr(uapi.OVS_NAT_ATTR_DST), attr(uapi.OVS_NAT_ATTR_IP_MIN, odp.ip4(SERVER)))
        for port, to in ((1, 2), (2, 1)):
            self.put(port, 0, [odp.ct(zone, odp.nat()), odp.recirc(port)])
            self.put(port, port, [odp.output(to)], TRK | EST, TRK | EST | NEW)
            self.put(port, port, [odp.ct(zone, odp.commit(), odp.nat()), odp.output(to)],
                     TRK | NEW | REL, TRK | NEW | REL)
        self.put(1, 1, [odp.ct(zone, odp.commit(), dnat, *more), odp.output(2)],
                 TRK | NEW, TRK | NEW | REL)

    def listen(self, ns, addr, port=0):
        s = ns.socket(socket.AF_INET, socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.settimeout(10)
        s.bind((addr, port))
        s.listen(4)
        return s

    def connect(self, ns, addr, port):
        s = ns.socket(socket.AF_INET, socket.SOCK_STREAM)
        s.settimeout(10)
        s.connect((addr, port))
        return s

    def connections(self):
        text = self.sw.run('cat /proc/net/nf_conntrack').stdout
        return [line for line in text.splitlines() if f' zone={ZONE} ' in line]


@pytest.fixture
def rig():
    net = netns.Net()
    try:
        r = Rig(net)
        yield r
        r.dp.delete()
        r.dp.close()
    finally:
        net.delete()


def receive(s):
    out = b''
    while part := s.recv(1 << 16):
        out += part
    return out


def serve_ftp(rig, data, log):
    """One session: PASV or PORT, then RETR sends the data."""
    listener = rig.listen(rig.server, SERVER, 21)

    def run():
        s, peer = listener.accept()
        s.settimeout(10)
        log['peer'] = peer
        f = s.makefile('rw', newline='\r\n')

        def say(text):
            f.write(text + '\n')
            f.flush()
        say('220 ready')
        passive = active = None
        for line in f:
            log.setdefault('lines', []).append(line.strip())
            if line.startswith('USER'):
                say('230 welcome')
            elif line.startswith('PASV'):
                passive = rig.listen(rig.server, SERVER)
                port = passive.getsockname()[1]
                say(f'227 Entering Passive Mode (10,0,0,2,{port >> 8},{port & 255}).')
            elif line.startswith('PORT'):
                n = [int(x) for x in re.findall(r'\d+', line)]
                active = ('.'.join(map(str, n[:4])), n[4] << 8 | n[5])
                say('200 fine')
            elif line.startswith('RETR'):
                say('150 here it comes')
                d = passive.accept()[0] if passive else rig.connect(rig.server, *active)
                d.sendall(data)
                d.close()
                say('226 that was it')
            elif line.startswith('QUIT'):
                say('221 bye')
                break
        s.close()
        listener.close()
    t = threading.Thread(target=run, daemon=True)
    t.start()
    return t


@pytest.mark.covers('OVS_CT_ATTR_HELPER', 'OVS_CT_ATTR_NAT')
@pytest.mark.parametrize('mode', ['passive', 'active'])
def test_ftp_behind_another_address(rig, mode):
    """The address in the server's answer is translated, too, which makes it longer: all that
    follows in the stream moves.  The data connection is related to the first one."""
    rig.translate(ovsnl.text(uapi.OVS_CT_ATTR_HELPER, 'ftp'))
    data, log = os.urandom(300000), {}
    thread = serve_ftp(rig, data, log)
    s = rig.connect(rig.client, VIP, 21)
    assert s.getpeername() == (VIP, 21)
    f = s.makefile('rw', newline='\r\n')

    def ask(text):
        f.write(text + '\n')
        f.flush()
        return f.readline()
    assert f.readline().startswith('220')
    # helpers look at a stream from its first line on, not at that line
    assert ask('USER me').startswith('230')
    if mode == 'passive':
        answer = ask('PASV')
        n = [int(x) for x in re.findall(r'\d+', answer)[1:]]
        assert '.'.join(map(str, n[:4])) == VIP, answer
        d = rig.connect(rig.client, VIP, n[4] << 8 | n[5])
        assert ask('RETR x').startswith('150')
    else:
        listener = rig.listen(rig.client, CLIENT)
        port = listener.getsockname()[1]
        assert ask(f'PORT 10,0,0,1,{port >> 8},{port & 255}').startswith('200')
        assert ask('RETR x').startswith('150')
        d, peer = listener.accept()
        d.settimeout(10)
        assert peer[0] == VIP
    assert hashlib.sha256(receive(d)).digest() == hashlib.sha256(data).digest()
    assert f.readline().startswith('226')
    # what was said after the stream moved arrives as it was said
    assert ask('QUIT').startswith('221')
    thread.join(10)
    assert log['peer'][0] == CLIENT and log['lines'][-1] == 'QUIT'
    control = [line for line in rig.connections() if 'dport=21 ' in line]
    assert len(rig.connections()) == 2 and len(control) == 1
    assert f'dst={VIP}' in control[0] and f'src={SERVER}' in control[0]


@pytest.mark.covers('OVS_CT_ATTR_NAT')
def test_without_helper_there_is_no_relation(rig):
    rig.translate()
    log = {}
    serve_ftp(rig, b'', log)
    s = rig.connect(rig.client, VIP, 21)
    f = s.makefile('rw', newline='\r\n')
    assert f.readline().startswith('220')
    f.write('PASV\n')
    f.flush()
    assert '(10,0,0,2,' in f.readline()
    s.close()


def test_namespace_goes_with_its_connections(rig):
    """A datapath that tracks goes with its namespace, fragments that wait included."""
    rig.translate()
    for port in (1, 2):
        key = odp.in_port(port) + odp.recirc_id(0) + odp.eth() + odp.eth_type(0x800) + \
            odp.ipv4(proto=17, frag=1)
        rig.dp.put(key + odp.udp(), odp.ct(u16(uapi.OVS_CT_ATTR_ZONE, ZONE), odp.commit()) +
                   odp.output(3 - port),
                   odp.in_port(-1) + odp.recirc_id(-1) + odp.eth_type(0xffff) +
                   odp.ipv4(proto=255, frag=255))
    listener = rig.listen(rig.server, SERVER, 80)
    s = rig.connect(rig.client, VIP, 80)
    s.close()
    listener.close()
    from scapy.layers.inet import IP, UDP
    from scapy.layers.l2 import Ether
    raw = rig.client.packet_socket('c0')
    for n in range(50):
        raw.send(Ether(dst=MAC[2], src=MAC[1]) / IP(src=CLIENT, dst=SERVER, id=n, flags='MF') /
                 UDP(sport=n, dport=9) / bytes(64))
    raw.close()
    rig.dp.close()
    rig.net.delete()
    # another one, where the same happens
    rig.net = netns.Net()
    rig.__init__(rig.net)
    rig.translate()
    try:
        listener = rig.listen(rig.server, SERVER, 80)
        rig.connect(rig.client, VIP, 80).close()
        listener.close()
        rig.dp.delete()
    finally:
        rig.net.delete()
        rig.dp.delete = lambda: None
