# SPDX-License-Identifier: Apache-2.0
"""Tunnels: what a set(tunnel) puts before a packet, and what the key says of one that came.

    datapath -- TUNNEL DEVICE, 10.9.0.1 and fd09::1 on u1 -- w1 (namespace 'far'), 10.9.0.2, fd09::2

Tunnel devices are the kernel's own ones in external mode, made by rtnetlink and added as ports;
those that the datapath makes itself (OVS_VPORT_TYPE_VXLAN and so on) must do the same."""

import struct

import pytest
from scapy.contrib.geneve import GENEVE
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

import odp
import ovsnl
import uapi
from frames import A, B, DATA, ip, udp
from kdp import same

HERE4, FAR4, HERE6, FAR6 = '10.9.0.1', '10.9.0.2', 'fd09::1', 'fd09::2'
FAR_MAC, HERE_MAC = '02:00:00:00:09:02', '02:00:00:00:09:01'
INNER = ip() / udp()
K = 'OVS_TUNNEL_KEY_ATTR_'
# a Geneve option of class 0x0102, type 3, with four octets
OPT = bytes.fromhex('01020301') + b'\xde\xad\xbe\xef'


class Net:
    """The underlay; tx() and rx() are a packet out through a tunnel and one in."""

    def __init__(self, kdp):
        self.kdp = kdp
        self.dp = kdp.dp
        kdp.ns.sysctl('net.ipv6.conf.default.disable_ipv6', 0)
        kdp.ns.sysctl('net.ipv6.conf.default.accept_dad', 0)
        kdp.ns.ip('link', 'add', 'name', 'u1', 'type', 'veth', 'peer', 'name', 'w1', 'netns',
                  kdp.far.name)
        kdp.ns.sysctl('net.ipv6.conf.default.disable_ipv6', 1)
        kdp.ns.ip(f'link set dev u1 address {HERE_MAC} mtu 9000 up')
        kdp.far.ip(f'link set dev w1 address {FAR_MAC} mtu 9000 up')
        kdp.ns.ip(f'addr add {HERE4}/24 dev u1')
        kdp.ns.ip(f'addr add {HERE6}/64 dev u1 nodad')
        # what leaves has its checksums
        kdp.ns.run('ethtool -K u1 tx off')
        for far in (FAR4, FAR6):
            kdp.ns.ip(f'neigh replace {far} lladdr {FAR_MAC} dev u1 nud permanent')
        self.sock = kdp.far.packet_socket('w1')

    def device(self, name, kind, *options):
        """A tunnel device as a port; returns its number."""
        self.kdp.link('name', name, 'type', kind, 'external', *options)
        return self.dp.add_port(name)

    def tx(self, port, tunnel):
        """Sends INNER from port 1 through set(tunnel), output(port); returns what left u1."""
        self.kdp.dp.flush()
        self.sock.drain()
        self.kdp.run(INNER, odp.set_(tunnel), odp.output(port))
        f = self.sock.recv(3)
        while f and f.data[12:14] == b'\x86\xdd' and f.data[20] == 58:
            f = self.sock.recv(3)  # the underlay's own talk
        assert f, 'nothing left'
        p = Ether(f.data)
        assert (p.src, p.dst) == (HERE_MAC, FAR_MAC)
        return p

    def rx(self, outer):
        """A packet comes to the tunnel device, which misses; returns the upcall."""
        self.sock.send(bytes(Ether(src=FAR_MAC, dst=HERE_MAC) / outer))
        return self.dp.upcall(match=lambda u: u.key.u32(uapi.OVS_KEY_ATTR_IN_PORT) > 3)


@pytest.fixture(scope='module')
def _under(_kdp):
    return Net(_kdp)


@pytest.fixture
def under(kdp, _under):
    _under.sock.drain()
    return _under


def tunnel_of(u):
    return u.key.nest(uapi.OVS_KEY_ATTR_TUNNEL)


def outer4(**kwargs):
    return IP(**{'src': FAR4, 'dst': HERE4, 'ttl': 33, 'tos': 0x28, **kwargs})


VXLANS = [pytest.param(kind, id=kind) for kind in ('device', 'vport')]


def vxlan(under, how, *options):
    if how == 'device':
        return under.device('vx0', 'vxlan', 'dstport', '4789', *options)
    more = [ovsnl.nest(uapi.OVS_VPORT_ATTR_OPTIONS, ovsnl.u16(uapi.OVS_TUNNEL_ATTR_DST_PORT, 4789),
                       *([ovsnl.nest(uapi.OVS_TUNNEL_ATTR_EXTENSION,
                                     ovsnl.attr(uapi.OVS_VXLAN_EXT_GBP))] if options else []))]
    return under.dp.add_port('vx0', uapi.OVS_VPORT_TYPE_VXLAN, None, *more)


# ---- VXLAN

@pytest.mark.covers('OVS_KEY_ATTR_TUNNEL', 'OVS_ACTION_ATTR_SET', K + 'ID', K + 'IPV4_DST',
                    K + 'TOS',
                    K + 'TTL', 'OVS_VPORT_TYPE_VXLAN', 'OVS_TUNNEL_ATTR_DST_PORT')
@pytest.mark.parametrize('how', VXLANS)
def test_vxlan_out(under, how):
    port = vxlan(under, how)
    p = under.tx(port, odp.tun(id=0x123456, dst=FAR4, ttl=44, tos=0x28))
    assert (p[IP].src, p[IP].dst, p[IP].ttl, p[IP].tos) == (HERE4, FAR4, 44, 0x28)
    assert p[UDP].dport == 4789 and p[UDP].chksum == 0 and p[VXLAN].vni == 0x123456
    same(p[VXLAN].payload, INNER)


@pytest.mark.covers('OVS_KEY_ATTR_TUNNEL', K + 'ID', K + 'IPV4_SRC', K + 'IPV4_DST', K + 'TOS',
                    K + 'TTL',
                    K + 'TP_SRC', K + 'TP_DST')
@pytest.mark.parametrize('how', VXLANS)
def test_vxlan_in(under, how):
    port = vxlan(under, how)
    u = under.rx(outer4() / UDP(sport=40000, dport=4789) / VXLAN(vni=0x123456, flags=8) / INNER)
    assert u.key.u32(uapi.OVS_KEY_ATTR_IN_PORT) == port
    same(u.packet, INNER)
    t = tunnel_of(u)
    assert t.be64(uapi.OVS_TUNNEL_KEY_ATTR_ID) == 0x123456
    assert t[uapi.OVS_TUNNEL_KEY_ATTR_IPV4_SRC] == odp.ip4(FAR4)
    assert t[uapi.OVS_TUNNEL_KEY_ATTR_IPV4_DST] == odp.ip4(HERE4)
    assert (t.u8(uapi.OVS_TUNNEL_KEY_ATTR_TTL), t.u8(uapi.OVS_TUNNEL_KEY_ATTR_TOS)) == (33, 0x28)
    assert t.be16(uapi.OVS_TUNNEL_KEY_ATTR_TP_SRC) == 40000
    assert t.be16(uapi.OVS_TUNNEL_KEY_ATTR_TP_DST) == 4789
    # what was inside goes on as any other packet
    under.dp.put(u.raw_key, odp.output(2))
    under.sock.send(bytes(Ether(src=FAR_MAC, dst=HERE_MAC) / outer4() /
                          UDP(sport=40000, dport=4789) /
                          VXLAN(vni=0x123456, flags=8) / INNER))
    under.kdp.socks[2].expect(INNER)


MATCHES = [
    ('id', odp.tun(id=0xffffff), {'vni': 0x123457}),
    ('src', odp.tun(src='255.255.255.255'), {'src': '10.9.0.3'}),
    ('ttl', odp.tun(ttl=255), {'ttl': 32}),
    ('tos', odp.tun(tos=255), {'tos': 0x2c}),
    ('tp-src', odp.tun(tp_src=0xffff), {'sport': 40001}),
]


@pytest.mark.covers('OVS_KEY_ATTR_TUNNEL', K + 'ID', K + 'IPV4_SRC', K + 'TOS', K + 'TTL',
                    K + 'TP_SRC')
@pytest.mark.parametrize('mask, change', [m[1:] for m in MATCHES], ids=[m[0] for m in MATCHES])
def test_vxlan_match(under, mask, change):
    """A flow takes what has this part of the tunnel's key, and nothing that differs in it."""
    vxlan(under, 'device')

    def packet(vni=0x123456, src=FAR4, ttl=33, tos=0x28, sport=40000):
        return Ether(src=FAR_MAC, dst=HERE_MAC) / outer4(src=src, ttl=ttl, tos=tos) / \
            UDP(sport=sport, dport=4789) / VXLAN(vni=vni, flags=8) / INNER

    u = under.rx(packet().payload)
    under.dp.put(u.raw_key, odp.output(2), odp.in_port(0xffffffff) + odp.eth_type(0xffff) + mask)
    under.sock.send(bytes(packet()))
    under.kdp.socks[2].expect(INNER)
    under.sock.send(bytes(packet(**change)))
    u = under.dp.upcall(match=lambda u: u.key.u32(uapi.OVS_KEY_ATTR_IN_PORT) > 3)
    assert u.packet == bytes(INNER)
    under.kdp.socks[2].expect_none(INNER, 0.05)
    f, = under.dp.flows()
    want, got = ovsnl.Attrs(mask).nest(uapi.OVS_KEY_ATTR_TUNNEL), \
        f.mask.nest(uapi.OVS_KEY_ATTR_TUNNEL)
    for kind, bits in want.all:
        assert got[kind] == bits, uapi.name(K, kind)


@pytest.mark.covers(K + 'IPV4_SRC', K + 'DONT_FRAGMENT', K + 'CSUM', K + 'TP_SRC')
def test_vxlan_out_flags(under):
    port = vxlan(under, 'device')
    under.kdp.ns.ip('addr add 10.9.0.7/24 dev u1')
    p = under.tx(port, odp.tun(id=1, src='10.9.0.7', dst=FAR4, ttl=64, df=True, csum=True,
                               tp_src=1234))
    assert p[IP].src == '10.9.0.7' and 'DF' in p[IP].flags
    fresh = p.copy()
    del fresh[UDP].chksum
    same(p, fresh)
    assert p[UDP].chksum != 0
    p = under.tx(port, odp.tun(id=1, dst=FAR4, ttl=64))
    assert 'DF' not in p[IP].flags and p[UDP].chksum == 0


@pytest.mark.covers(K + 'IPV6_SRC', K + 'IPV6_DST')
def test_vxlan_over_ipv6(under):
    port = vxlan(under, 'device')
    p = under.tx(port, odp.tun(id=5, src6=HERE6, dst6=FAR6, ttl=44, tos=0x28, csum=True))
    assert (p[IPv6].src, p[IPv6].dst, p[IPv6].hlim, p[IPv6].tc) == (HERE6, FAR6, 44, 0x28)
    assert p[VXLAN].vni == 5
    same(p[VXLAN].payload, INNER)
    u = under.rx(IPv6(src=FAR6, dst=HERE6, hlim=22, tc=0x2c) / UDP(sport=4000, dport=4789) /
                 VXLAN(vni=6, flags=8) / INNER)
    t = tunnel_of(u)
    assert t[uapi.OVS_TUNNEL_KEY_ATTR_IPV6_SRC] == odp.ip6(FAR6)
    assert t[uapi.OVS_TUNNEL_KEY_ATTR_IPV6_DST] == odp.ip6(HERE6)
    assert (t.u8(uapi.OVS_TUNNEL_KEY_ATTR_TTL), t.u8(uapi.OVS_TUNNEL_KEY_ATTR_TOS)) == (22, 0x2c)
    assert uapi.OVS_TUNNEL_KEY_ATTR_IPV4_SRC not in t
    mask = odp.in_port(0xffffffff) + odp.eth_type(0xffff) + odp.tun(dst6='ffff:' * 7 + 'ffff')
    under.dp.put(u.raw_key, odp.output(2), mask)
    under.sock.send(bytes(Ether(src=FAR_MAC, dst=HERE_MAC) / IPv6(src=FAR6, dst=HERE6) /
                          UDP(sport=4000, dport=4789) / VXLAN(vni=7, flags=8) / INNER))
    under.kdp.socks[2].expect(INNER)


@pytest.mark.covers(K + 'VXLAN_OPTS', 'OVS_VXLAN_EXT_GBP', 'OVS_TUNNEL_ATTR_EXTENSION')
@pytest.mark.parametrize('how', VXLANS)
def test_vxlan_group_policy(under, how):
    port = vxlan(under, how, 'gbp')
    p = under.tx(port, odp.tun(id=5, dst=FAR4, ttl=64, gbp=0x080042))
    head = bytes(p[UDP].payload)[:8]
    assert head == bytes.fromhex('88080042') + bytes.fromhex('00000500')
    u = under.rx(outer4() / UDP(sport=4000, dport=4789) /
                 Raw(bytes.fromhex('88 40 01 23 00000600'.replace(' ', ''))) / Raw(bytes(INNER)))
    opts = tunnel_of(u).nest(uapi.OVS_TUNNEL_KEY_ATTR_VXLAN_OPTS)
    assert opts.u32(uapi.OVS_VXLAN_EXT_GBP) == 0x400123
    mask = odp.in_port(0xffffffff) + odp.eth_type(0xffff) + odp.tun(gbp=0xffff)
    under.dp.put(u.raw_key, odp.output(2), mask)

    def send(group):
        under.sock.send(bytes(Ether(src=FAR_MAC, dst=HERE_MAC) / outer4() /
                              UDP(sport=4000, dport=4789) /
                              Raw(struct.pack('!BBHI', 0x88, 0, group, 0x600)) / Raw(bytes(INNER))))
    send(0x123)
    under.kdp.socks[2].expect(INNER)
    send(0x124)
    under.dp.upcall(match=lambda u: u.key.u32(uapi.OVS_KEY_ATTR_IN_PORT) == port)


# ---- Geneve

def geneve(under, how):
    if how == 'device':
        return under.device('gnv0', 'geneve', 'dstport', '6081')
    return under.dp.add_port('gnv0', uapi.OVS_VPORT_TYPE_GENEVE, None,
                             ovsnl.nest(uapi.OVS_VPORT_ATTR_OPTIONS,
                                        ovsnl.u16(uapi.OVS_TUNNEL_ATTR_DST_PORT, 6081)))


@pytest.mark.covers(K + 'GENEVE_OPTS', K + 'OAM', 'OVS_VPORT_TYPE_GENEVE')
@pytest.mark.parametrize('how', VXLANS)
def test_geneve(under, how):
    port = geneve(under, how)
    p = under.tx(port, odp.tun(id=0x123456, dst=FAR4, ttl=64, geneve=OPT + OPT, oam=True))
    head = bytes(p[UDP].payload)
    assert p[UDP].dport == 6081
    assert head[:24] == bytes.fromhex('0480655812345600') + OPT + OPT
    same(head[24:], INNER)

    def outer(opt=OPT, oam=0x80):
        return outer4() / UDP(sport=5000, dport=6081) / \
            Raw(bytes([len(opt) // 4, oam]) + bytes.fromhex('655800000700') + opt) / \
            Raw(bytes(INNER))
    u = under.rx(outer())
    same(u.packet, INNER)
    t = tunnel_of(u)
    assert t[uapi.OVS_TUNNEL_KEY_ATTR_GENEVE_OPTS] == OPT
    assert t.be64(uapi.OVS_TUNNEL_KEY_ATTR_ID) == 7 and uapi.OVS_TUNNEL_KEY_ATTR_OAM in t
    assert uapi.OVS_TUNNEL_KEY_ATTR_OAM not in tunnel_of(under.rx(outer(oam=0)))
    # some bits of an option
    bits = bytes(4) + b'\xff\xff\x00\x00'
    under.dp.put(u.raw_key, odp.output(2), odp.in_port(0xffffffff) + odp.eth_type(0xffff) +
                 odp.tun(geneve=bits))
    for data, taken in ((b'\xde\xad\x00\x00', True), (b'\xde\xae\xbe\xef', False)):
        under.sock.send(bytes(Ether(src=FAR_MAC, dst=HERE_MAC) / outer(OPT[:4] + data)))
        if taken:
            under.kdp.socks[2].expect(INNER)
        else:
            under.dp.upcall(match=lambda u: u.key.u32(uapi.OVS_KEY_ATTR_IN_PORT) == port)


# ---- GRE, ERSPAN

def gre(under, how):
    if how == 'device':
        return under.device('gre1', 'gretap')
    return under.dp.add_port('gre1', uapi.OVS_VPORT_TYPE_GRE)


@pytest.mark.covers('OVS_VPORT_TYPE_GRE', K + 'ID', K + 'CSUM')
@pytest.mark.parametrize('how', VXLANS)
def test_gre(under, how):
    port = gre(under, how)
    p = under.tx(port, odp.tun(id=0x11223344, dst=FAR4, ttl=64, tos=4))
    assert p[IP].proto == 47 and p[GRE].proto == 0x6558 and p[GRE].key == 0x11223344
    assert not p[GRE].chksum_present
    same(p[GRE].payload, INNER)
    p = under.tx(port, odp.tun(id=1, dst=FAR4, ttl=64, csum=True))
    assert p[GRE].chksum_present
    fresh = p.copy()
    del fresh[GRE].chksum
    same(p, fresh)
    for key in (0x99, None):
        head = GRE(proto=0x6558, key_present=1, key=key) if key else GRE(proto=0x6558)
        u = under.rx(outer4() / head / INNER)
        same(u.packet, INNER)
        t = tunnel_of(u)
        assert (t.be64(uapi.OVS_TUNNEL_KEY_ATTR_ID) if key else None) == key
        assert (uapi.OVS_TUNNEL_KEY_ATTR_ID in t) == (key is not None)
        assert t[uapi.OVS_TUNNEL_KEY_ATTR_IPV4_SRC] == odp.ip4(FAR4)


@pytest.mark.covers(K + 'ERSPAN_OPTS')
@pytest.mark.parametrize('version', [1, 2])
def test_erspan(under, version):
    port = under.device('ers0', 'erspan')
    # struct erspan_metadata: version, then an index or the header of version 2
    if version == 1:
        options = struct.pack('=I', 1) + struct.pack('!I', 0x12345) + bytes(4)
    else:
        options = struct.pack('=I', 2) + bytes(4) + struct.pack('!H', 0) + bytes([0x10, 0x40])
    p = under.tx(port, odp.tun(id=9, dst=FAR4, ttl=64, erspan=options))
    assert p[IP].proto == 47 and p[GRE].proto == (0x88be if version == 1 else 0x22eb)
    body = bytes(p[GRE].payload)
    ver_vlan, session = struct.unpack('!HH', body[:4])
    assert ver_vlan >> 12 == version and session & 0x3ff == 9
    if version == 1:
        assert struct.unpack('!I', body[4:8])[0] & 0xfffff == 0x12345
        same(body[8:], INNER)
    head = struct.pack('!HH', version << 12, 11)
    head += struct.pack('!I', 0x54321) if version == 1 else struct.pack('!IHBB', 77, 0, 0x10, 0x40)
    u = under.rx(outer4() / GRE(proto=0x88be if version == 1 else 0x22eb, seqnum_present=1,
                                sequence_number=1) / Raw(head + bytes(INNER)))
    same(u.packet, INNER)
    t = tunnel_of(u)
    got = t[uapi.OVS_TUNNEL_KEY_ATTR_ERSPAN_OPTS]
    assert struct.unpack('=I', got[:4])[0] == version
    assert t.be64(uapi.OVS_TUNNEL_KEY_ATTR_ID) == 11
    if version == 1:
        assert struct.unpack('!I', got[4:8])[0] == 0x54321
    else:
        assert got[4:12] == struct.pack('!IHBB', 77, 0, 0x10, 0x40)


@pytest.mark.covers(K + 'IPV4_INFO_BRIDGE')
def test_bridge_mode(under):
    """A key of nothing but an identifier: where to, the device's own table says."""
    port = under.device('vxb', 'vxlan', 'dstport', '4789')
    under.kdp.ns.run(f'bridge fdb add {B} dev vxb dst {FAR4} src_vni 77 vni 77 self permanent')
    tunnel = odp.tun(id=77, bridge=True)
    p = under.tx(port, tunnel)
    assert p[IP].dst == FAR4 and p[VXLAN].vni == 77
    same(p[VXLAN].payload, INNER)
    f, = under.dp.flows()
    (_, payload), _ = ovsnl.Attrs(f.actions).all
    assert payload == tunnel
    # with more than an identifier it makes no sense
    with pytest.raises(ovsnl.NlError) as err:
        under.dp.put(f.raw_key, odp.set_(odp.tun(id=77, dst=FAR4, ttl=64, bridge=True)) +
                     odp.output(port), flags=ovsnl.NLM_F_CREATE)
    assert err.value.name == 'EINVAL'


# ---- what the tunnel tells userspace

@pytest.mark.covers('OVS_USERSPACE_ATTR_EGRESS_TUN_PORT', 'OVS_PACKET_ATTR_EGRESS_TUN_KEY')
def test_egress_tunnel_key(under):
    """An upcall tells with which addresses and ports the packet would leave."""
    port = vxlan(under, 'device')
    tunnel = odp.tun(id=0x42, dst=FAR4, ttl=64)
    u, = under.kdp.run(INNER, odp.set_(tunnel),
                       odp.userspace(under.dp.up.pid, b'x',
                                     ovsnl.u32(uapi.OVS_USERSPACE_ATTR_EGRESS_TUN_PORT,
                                               port))).upcalls
    t = ovsnl.Attrs(u.attrs[uapi.OVS_PACKET_ATTR_EGRESS_TUN_KEY])
    assert t.be64(uapi.OVS_TUNNEL_KEY_ATTR_ID) == 0x42
    assert t[uapi.OVS_TUNNEL_KEY_ATTR_IPV4_SRC] == odp.ip4(HERE4)
    assert t[uapi.OVS_TUNNEL_KEY_ATTR_IPV4_DST] == odp.ip4(FAR4)
    assert t.be16(uapi.OVS_TUNNEL_KEY_ATTR_TP_DST) == 4789
    assert t.be16(uapi.OVS_TUNNEL_KEY_ATTR_TP_SRC) >= 0x8000


def test_egress_tunnel_key_changes_nothing(under):
    """It has the options that were set; what the packet came with is still the packet's."""
    port = geneve(under, 'device')
    egress = ovsnl.u32(uapi.OVS_USERSPACE_ATTR_EGRESS_TUN_PORT, port)
    tell = odp.userspace(under.dp.up.pid, b'x', egress)
    tunnel = odp.tun(id=0x42, dst=FAR4, ttl=64, geneve=OPT)
    u, = under.kdp.run(INNER, odp.set_(tunnel), tell).upcalls
    t = ovsnl.Attrs(u.attrs[uapi.OVS_PACKET_ATTR_EGRESS_TUN_KEY])
    assert t[uapi.OVS_TUNNEL_KEY_ATTR_IPV4_SRC] == odp.ip4(HERE4)
    assert t[uapi.OVS_TUNNEL_KEY_ATTR_GENEVE_OPTS] == OPT

    outer = outer4() / UDP(sport=5000, dport=6081) / \
        Raw(bytes.fromhex('0200655800000700') + OPT) / Raw(bytes(INNER))
    came = under.rx(outer)
    under.dp.put(came.raw_key, tell + tell + odp.recirc(5))
    under.sock.send(bytes(Ether(src=FAR_MAC, dst=HERE_MAC) / outer))
    got = [under.dp.upcall(match=lambda u: u.key.u32(uapi.OVS_KEY_ATTR_IN_PORT) == port)
           for _ in range(3)]
    assert [u.kind for u in got] == ['action', 'action', 'miss']
    assert [tunnel_of(u) for u in got] == [tunnel_of(came)] * 3


def percpu_kb():
    with open('/proc/meminfo') as f:
        return next(int(line.split()[1]) for line in f if line.startswith('Percpu:'))


def test_set_gives_memory_back(under):
    """What a set(tunnel) keeps for each CPU goes with its actions."""
    def execute(n):
        for _ in range(n):
            under.dp.execute(INNER, odp.in_port(1), odp.set_(odp.tun(id=1, dst=FAR4, ttl=64)))

    execute(100)
    before = percpu_kb()
    execute(1500)
    assert percpu_kb() - before < 30


# ---- packets without Ethernet

@pytest.mark.covers('OVS_ACTION_ATTR_POP_ETH', 'OVS_ACTION_ATTR_PUSH_ETH')
def test_device_without_ethernet(under):
    """A GRE device that carries IP: the key has no addresses, and they can be put on and off."""
    port = under.device('l3gre', 'gre')
    u = under.rx(outer4() / GRE(proto=0x0800, key_present=1, key=5) / INNER[IP])
    assert uapi.OVS_KEY_ATTR_ETHERNET not in u.key
    assert u.key.be16(uapi.OVS_KEY_ATTR_ETHERTYPE) == 0x800
    same(b'\0' * 14 + u.packet, b'\0' * 14 + bytes(INNER[IP]))
    under.dp.put(u.raw_key, odp.push_eth(A, B) + odp.output(2))
    under.sock.send(bytes(Ether(src=FAR_MAC, dst=HERE_MAC) / outer4() /
                          GRE(proto=0x0800, key_present=1, key=5) / INNER[IP]))
    under.kdp.socks[2].expect(INNER)
    under.dp.flush()
    under.sock.drain()
    under.kdp.run(INNER, odp.pop_eth(), odp.set_(odp.tun(id=6, dst=FAR4, ttl=64)), odp.output(port))
    p = Ether(under.sock.recv(3).data)
    assert p[GRE].proto == 0x0800 and p[GRE].key == 6
    same(b'\0' * 14 + bytes(p[GRE].payload), b'\0' * 14 + bytes(INNER[IP]))
