# SPDX-License-Identifier: Apache-2.0
"""Every part of a flow key: what the datapath reads from a packet, and that it matches on that.

A case sends 'packet', which misses; the attribute in its key must be 'key'.  Then a flow with that
key under 'mask' must take the packet and each of 'hit', which differ elsewhere, and none of 'miss',
which differ there."""

import struct

import pytest
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr,
                                ICMPv6NDOptSrcLLAddr, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                                IPv6ExtHdrHopByHop, IPv6ExtHdrRouting)
from scapy.layers.l2 import ARP, LLC, SNAP, Dot1AD, Dot1Q, Dot3, Ether
from scapy.layers.sctp import SCTP
from scapy.packet import Raw

import odp
import ovsnl
import uapi
from frames import (A, B, C, DATA, IP6_A, IP6_B, IP6_C, IP_A, IP_B, IP_C, arp, e, ip, ip6, nsh)

ANY4 = '255.255.255.255'
ANY6 = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'
FF = b'\xff' * 6
# bits of OpenFlow's ipv6_exthdr
EXT_NONE, EXT_DEST, EXT_ROUTING, EXT_HOP = 1 << 0, 1 << 3, 1 << 5, 1 << 6


def ns(target=IP6_C, sll=C, code=0):
    p = ip6(hlim=255) / ICMPv6ND_NS(tgt=target, code=code)
    return p / ICMPv6NDOptSrcLLAddr(lladdr=sll) if sll else p


def na(target=IP6_C, tll=C):
    return ip6(hlim=255) / ICMPv6ND_NA(tgt=target) / ICMPv6NDOptDstLLAddr(lladdr=tll)


def hop(*headers, **kwargs):
    """IPv6 with extension headers, then UDP."""
    p = ip6(**kwargs)
    for h in headers:
        p = p / h
    return p / UDP(sport=1, dport=2) / DATA


class Case:
    def __init__(self, name, covers, packet, key, mask, hit=(), miss=(), absent=()):
        self.name, self.covers, self.packet, self.key, self.mask = name, covers, packet, key, mask
        self.hit, self.miss, self.absent = hit, miss, absent


ETH = odp.eth_type(0xffff)
V4 = ETH + odp.ipv4(proto=255)
V6 = ETH + odp.ipv6(proto=255)
TCP_AB = ip() / TCP(sport=1000, dport=2000, flags='S') / DATA
UDP_AB = ip() / UDP(sport=1000, dport=2000) / DATA
UDP6_AB = ip6() / UDP(sport=1000, dport=2000) / DATA
SCTP_AB = ip() / SCTP(sport=1000, dport=2000) / DATA
FRAG_FIRST = ip(flags='MF', proto=17) / Raw(struct.pack('!HHHH', 1000, 2000, 100, 0) + bytes(24))
FRAG_LATER = ip(frag=4, proto=17) / Raw(bytes(32))

CASES = [
    Case('eth', ['OVS_KEY_ATTR_ETHERNET'], e(0x88b6) / DATA, odp.eth(A, B),
         odp.eth(FF, FF) + ETH, [e(0x88b6) / Raw(bytes(10))],
         [e(0x88b6, src=C) / DATA, e(0x88b6, dst=C) / DATA]),
    Case('eth-src', ['OVS_KEY_ATTR_ETHERNET'], e(0x88b6) / DATA, odp.eth(A, B),
         odp.eth(src=FF) + ETH, [e(0x88b6, dst=C) / DATA], [e(0x88b6, src=C) / DATA]),
    Case('eth-multicast-bit', ['OVS_KEY_ATTR_ETHERNET'], e(0x88b6) / DATA, odp.eth(A, B),
         odp.eth(dst='01:00:00:00:00:00') + ETH, [e(0x88b6, dst=C) / DATA],
         [e(0x88b6, dst='03:00:00:00:00:0b') / DATA]),
    Case('eth-type', ['OVS_KEY_ATTR_ETHERTYPE'], e(0x88b6) / DATA, odp.eth_type(0x88b6), ETH,
         [e(0x88b6, src=C, dst=A) / Raw(bytes(80))], [e(0x88b7) / DATA, UDP_AB]),
    # what has a length there has no type, unless SNAP names one
    Case('802.2', ['OVS_KEY_ATTR_ETHERTYPE'],
         Dot3(src=A, dst=B) / LLC(dsap=0x42, ssap=0x42, ctrl=3) / DATA, odp.eth(A, B),
         odp.eth(FF, FF), [], [e(0x88b6, src=C) / DATA], absent=['OVS_KEY_ATTR_ETHERTYPE']),
    Case('snap', ['OVS_KEY_ATTR_ETHERTYPE'],
         Dot3(src=A, dst=B) / LLC() / SNAP(code=0x88b6) / DATA, odp.eth_type(0x88b6), ETH,
         [e(0x88b6) / DATA], [Dot3(src=A, dst=B) / LLC() / SNAP(code=0x88b7) / DATA]),
    Case('vlan', ['OVS_KEY_ATTR_VLAN', 'OVS_KEY_ATTR_ENCAP'],
         e() / Dot1Q(vlan=5, prio=3) / IP(src=IP_A, dst=IP_B) / UDP(), odp.vlan(0x7005),
         ETH + odp.vlan(0xffff) + odp.encap(ETH),
         [e() / Dot1Q(vlan=5, prio=3) / IP(src=IP_C) / TCP()],
         [e() / Dot1Q(vlan=6, prio=3) / IP(src=IP_A, dst=IP_B) / UDP(),
          e() / Dot1Q(vlan=5, prio=2) / IP(src=IP_A, dst=IP_B) / UDP(), UDP_AB]),
    Case('vlan-vid', ['OVS_KEY_ATTR_VLAN'],
         e() / Dot1Q(vlan=5, prio=3) / IP(src=IP_A, dst=IP_B) / UDP(), odp.vlan(0x7005),
         ETH + odp.vlan(0x1fff) + odp.encap(ETH),
         [e() / Dot1Q(vlan=5, prio=1) / IP(src=IP_C, dst=IP_B) / UDP()],
         [e() / Dot1Q(vlan=6, prio=3) / IP(src=IP_A, dst=IP_B) / UDP()]),
    Case('vlan-priority-tag', ['OVS_KEY_ATTR_VLAN'],
         e() / Dot1Q(vlan=0, prio=7) / IP(src=IP_A, dst=IP_B) / UDP(), odp.vlan(0xf000),
         ETH + odp.vlan(0xffff) + odp.encap(ETH),
         [e() / Dot1Q(vlan=0, prio=7) / IP(src=IP_C, dst=IP_B) / TCP()],
         [e() / Dot1Q(vlan=1, prio=7) / IP(src=IP_A, dst=IP_B) / UDP()]),
    Case('vlan-inside', ['OVS_KEY_ATTR_ENCAP'],
         e() / Dot1Q(vlan=5) / IP(src=IP_A, dst=IP_B) / UDP(sport=1000, dport=2000),
         odp.vlan(0x1005),
         ETH + odp.vlan(0x1fff) + odp.encap(ETH, odp.ipv4(proto=255), odp.udp(dst=0xffff)),
         [e() / Dot1Q(vlan=5) / IP(src=IP_C, dst=IP_B) / UDP(sport=1, dport=2000)],
         [e() / Dot1Q(vlan=5) / IP(src=IP_A, dst=IP_B) / UDP(sport=1000, dport=2001)]),
    Case('qinq', ['OVS_KEY_ATTR_VLAN', 'OVS_KEY_ATTR_ENCAP'],
         e() / Dot1AD(vlan=100) / Dot1Q(vlan=5) / IP(src=IP_A, dst=IP_B) / UDP(),
         odp.vlan(0x1064),
         ETH + odp.vlan(0xffff) + odp.encap(ETH, odp.vlan(0xffff), odp.encap(ETH)),
         [e() / Dot1AD(vlan=100) / Dot1Q(vlan=5) / IP(src=IP_C, dst=IP_B) / TCP()],
         [e() / Dot1AD(vlan=101) / Dot1Q(vlan=5) / IP(src=IP_A, dst=IP_B) / UDP(),
          e() / Dot1AD(vlan=100) / Dot1Q(vlan=6) / IP(src=IP_A, dst=IP_B) / UDP(),
          e() / Dot1Q(vlan=100) / Dot1Q(vlan=5) / IP(src=IP_A, dst=IP_B) / UDP(),
          e() / Dot1AD(vlan=100) / IP(src=IP_A, dst=IP_B) / UDP()]),
    Case('ipv4', ['OVS_KEY_ATTR_IPV4'], ip(tos=0x28, ttl=61) / UDP() / DATA,
         odp.ipv4(IP_A, IP_B, 17, 0x28, 61, 0), ETH + odp.ipv4(ANY4, ANY4, 255, 255, 255, 255),
         [ip(tos=0x28, ttl=61, id=7, flags='DF') / UDP(sport=9) / DATA],
         [ip(IP_C, tos=0x28, ttl=61) / UDP() / DATA, ip(dst=IP_C, tos=0x28, ttl=61) / UDP() / DATA,
          ip(tos=0x2c, ttl=61) / UDP() / DATA, ip(tos=0x28, ttl=60) / UDP() / DATA,
          ip(tos=0x28, ttl=61) / TCP() / DATA]),
    Case('ipv4-prefix', ['OVS_KEY_ATTR_IPV4'], ip(dst='10.1.2.3') / UDP() / DATA,
         odp.ipv4(IP_A, '10.1.2.3', 17, 0, 64, 0), ETH + odp.ipv4(dst='255.255.254.0'),
         [ip(IP_C, dst='10.1.3.9') / TCP() / DATA], [ip(dst='10.1.4.3') / UDP() / DATA]),
    Case('ipv4-dscp', ['OVS_KEY_ATTR_IPV4'], ip(tos=0xb8) / UDP() / DATA,
         odp.ipv4(IP_A, IP_B, 17, 0xb8, 64, 0), ETH + odp.ipv4(tos=0xfc),
         [ip(tos=0xbb) / UDP() / DATA], [ip(tos=0xa8) / UDP() / DATA]),
    Case('ipv4-fragment-first', ['OVS_KEY_ATTR_IPV4', 'OVS_FRAG_TYPE_FIRST'], FRAG_FIRST,
         odp.ipv4(IP_A, IP_B, 17, 0, 64, 1), ETH + odp.ipv4(frag=255), [], [FRAG_LATER, UDP_AB]),
    Case('ipv4-fragment-later', ['OVS_KEY_ATTR_IPV4', 'OVS_FRAG_TYPE_LATER'], FRAG_LATER,
         odp.ipv4(IP_A, IP_B, 17, 0, 64, 2), ETH + odp.ipv4(frag=255),
         [ip(frag=8, flags='MF', proto=6) / Raw(bytes(32))], [FRAG_FIRST, UDP_AB]),
    Case('ipv4-options', ['OVS_KEY_ATTR_UDP'],
         ip(options=b'\x01\x01\x01\x00') / UDP(sport=1000, dport=2000) / DATA, odp.udp(1000, 2000),
         V4 + odp.udp(0xffff, 0xffff), [UDP_AB], [ip() / UDP(sport=1000, dport=2001) / DATA]),
    Case('ipv6', ['OVS_KEY_ATTR_IPV6'], ip6(tc=0x28, hlim=61, fl=0x12345) / UDP() / DATA,
         odp.ipv6(IP6_A, IP6_B, 0x12345, 17, 0x28, 61, 0),
         ETH + odp.ipv6(ANY6, ANY6, 0xfffff, 255, 255, 255, 255),
         [ip6(tc=0x28, hlim=61, fl=0x12345) / UDP(sport=9) / DATA],
         [ip6(IP6_C, tc=0x28, hlim=61, fl=0x12345) / UDP() / DATA,
          ip6(dst=IP6_C, tc=0x28, hlim=61, fl=0x12345) / UDP() / DATA,
          ip6(tc=0x29, hlim=61, fl=0x12345) / UDP() / DATA,
          ip6(tc=0x28, hlim=60, fl=0x12345) / UDP() / DATA,
          ip6(tc=0x28, hlim=61, fl=0x12344) / UDP() / DATA,
          ip6(tc=0x28, hlim=61, fl=0x12345) / TCP() / DATA]),
    Case('ipv6-prefix', ['OVS_KEY_ATTR_IPV6'], UDP6_AB, odp.ipv6(IP6_A, IP6_B, 0, 17, 0, 64, 0),
         ETH + odp.ipv6(src='ffff:ffff:ffff:ffff::'), [ip6('2001:db8::99') / TCP() / DATA],
         [ip6('2001:db8:0:1::1') / UDP() / DATA]),
    Case('ipv6-fragment-first', ['OVS_KEY_ATTR_IPV6'],
         ip6() / IPv6ExtHdrFragment(m=1, nh=17) / Raw(struct.pack('!HHHH', 1, 2, 100, 0) +
                                                      bytes(24)),
         odp.ipv6(IP6_A, IP6_B, 0, 17, 0, 64, 1), ETH + odp.ipv6(frag=255), [], [UDP6_AB]),
    Case('ipv6-fragment-later', ['OVS_KEY_ATTR_IPV6'],
         ip6() / IPv6ExtHdrFragment(m=1, nh=17, offset=4) / Raw(bytes(32)),
         odp.ipv6(IP6_A, IP6_B, 0, 44, 0, 64, 2), ETH + odp.ipv6(frag=255), [], [UDP6_AB]),
    Case('ipv6-behind-headers', ['OVS_KEY_ATTR_UDP'],
         hop(IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt()),
         odp.udp(1, 2), V6 + odp.udp(0xffff, 0xffff), [hop()],
         [ip6() / IPv6ExtHdrHopByHop() / UDP(sport=1, dport=3) / DATA]),
    Case('ipv6-headers', ['OVS_KEY_ATTR_IPV6_EXTHDRS'],
         hop(IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt()), odp.ipv6_exthdrs(EXT_HOP | EXT_DEST),
         ETH + odp.ipv6_exthdrs(0xffff), [hop(IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt(), hlim=3)],
         [hop(), hop(IPv6ExtHdrHopByHop()), hop(IPv6ExtHdrDestOpt()),
          # in an order that is not the one of RFC 8200
          hop(IPv6ExtHdrDestOpt(), IPv6ExtHdrHopByHop())]),
    Case('ipv6-header-routing', ['OVS_KEY_ATTR_IPV6_EXTHDRS'],
         hop(IPv6ExtHdrRouting(addresses=[IP6_C])), odp.ipv6_exthdrs(EXT_ROUTING),
         ETH + odp.ipv6_exthdrs(EXT_ROUTING),
         [hop(IPv6ExtHdrHopByHop(), IPv6ExtHdrRouting(addresses=[IP6_C]))],
         [hop(), hop(IPv6ExtHdrHopByHop())]),
    Case('ipv6-no-next-header', ['OVS_KEY_ATTR_IPV6_EXTHDRS'], ip6(nh=59) / DATA,
         odp.ipv6_exthdrs(EXT_NONE), ETH + odp.ipv6_exthdrs(EXT_NONE), [], [hop()]),
    Case('tcp', ['OVS_KEY_ATTR_TCP'], TCP_AB, odp.tcp(1000, 2000), V4 + odp.tcp(0xffff, 0xffff),
         [ip(IP_C) / TCP(sport=1000, dport=2000, flags='FPU') / DATA],
         [ip() / TCP(sport=1001, dport=2000, flags='S') / DATA,
          ip() / TCP(sport=1000, dport=2001, flags='S') / DATA, UDP_AB]),
    Case('tcp-over-ipv6', ['OVS_KEY_ATTR_TCP'], ip6() / TCP(sport=1000, dport=2000) / DATA,
         odp.tcp(1000, 2000), V6 + odp.tcp(0xffff, 0xffff),
         [ip6(IP6_C) / TCP(sport=1000, dport=2000) / DATA],
         [ip6() / TCP(sport=1001, dport=2000) / DATA, UDP6_AB]),
    Case('tcp-flags', ['OVS_KEY_ATTR_TCP_FLAGS'], TCP_AB, odp.tcp_flags(0x002),
         V4 + odp.tcp_flags(0xfff), [ip() / TCP(sport=7, flags='S') / DATA],
         [ip() / TCP(sport=1000, dport=2000, flags='SA') / DATA,
          ip() / TCP(sport=1000, dport=2000, flags='') / DATA]),
    Case('tcp-flag-of-nonce', ['OVS_KEY_ATTR_TCP_FLAGS'], ip() / TCP(flags=0x110) / DATA,
         odp.tcp_flags(0x110), V4 + odp.tcp_flags(0x100), [ip() / TCP(flags=0x102) / DATA],
         [ip() / TCP(flags=0x010) / DATA]),
    Case('udp', ['OVS_KEY_ATTR_UDP'], UDP_AB, odp.udp(1000, 2000), V4 + odp.udp(0xffff, 0xffff),
         [ip(IP_C) / UDP(sport=1000, dport=2000) / Raw(b'x')],
         [ip() / UDP(sport=1001, dport=2000) / DATA, ip() / UDP(sport=1000, dport=2001) / DATA,
          TCP_AB]),
    Case('udp-range', ['OVS_KEY_ATTR_UDP'], UDP_AB, odp.udp(1000, 2000), V4 + odp.udp(dst=0xfff0),
         [ip() / UDP(sport=5, dport=2015) / DATA], [ip() / UDP(sport=1000, dport=2016) / DATA]),
    Case('udp-cut-short', ['OVS_KEY_ATTR_UDP'], ip(len=24, proto=17) / Raw(bytes(4)),
         odp.udp(0, 0), V4 + odp.udp(0xffff, 0xffff), [], [UDP_AB]),
    Case('sctp', ['OVS_KEY_ATTR_SCTP'], SCTP_AB, odp.sctp(1000, 2000),
         V4 + odp.sctp(0xffff, 0xffff), [ip(IP_C) / SCTP(sport=1000, dport=2000) / DATA],
         [ip() / SCTP(sport=1001, dport=2000) / DATA, ip() / SCTP(sport=1000, dport=2001) / DATA]),
    Case('icmp', ['OVS_KEY_ATTR_ICMP'], ip() / ICMP(type=3, code=1) / DATA, odp.icmp(3, 1),
         V4 + odp.icmp(255, 255), [ip(IP_C) / ICMP(type=3, code=1) / DATA],
         [ip() / ICMP(type=3, code=2) / DATA, ip() / ICMP(type=8, code=1) / DATA]),
    Case('icmpv6', ['OVS_KEY_ATTR_ICMPV6'], ip6() / ICMPv6EchoRequest(id=1) / DATA,
         odp.icmpv6(128, 0), V6 + odp.icmpv6(255, 255), [ip6(IP6_C) / ICMPv6EchoRequest(id=2)],
         [ip6() / ICMPv6EchoRequest(type=129) / DATA, ip6() / ICMPv6EchoRequest(code=1) / DATA]),
    Case('arp', ['OVS_KEY_ATTR_ARP'], arp(), odp.arp(IP_A, IP_B, 1, A, C),
         ETH + odp.arp(ANY4, ANY4, 0xff, FF, FF), [arp() / Raw(bytes(18))],
         [arp(psrc=IP_C), arp(pdst=IP_C), arp(op=2), arp(hwsrc=B), arp(hwdst=B)]),
    Case('arp-target', ['OVS_KEY_ATTR_ARP'], arp(), odp.arp(IP_A, IP_B, 1, A, C),
         ETH + odp.arp(tip=ANY4), [arp(psrc=IP_C, op=2)], [arp(pdst=IP_C)]),
    Case('rarp', ['OVS_KEY_ATTR_ARP'], e(0x8035) / ARP(op=3, hwsrc=A, hwdst=A),
         odp.arp('0.0.0.0', '0.0.0.0', 3, A, A), ETH + odp.arp(op=0xff), [],
         [e(0x8035) / ARP(op=4, hwsrc=A, hwdst=A)]),
    Case('nd-solicitation', ['OVS_KEY_ATTR_ND'], ns(), odp.nd(IP6_C, sll=C),
         V6 + odp.icmpv6(255, 255) + odp.nd(ANY6, FF), [],
         [ns(target=IP6_A), ns(sll=B), ns(sll=None)]),
    Case('nd-advertisement', ['OVS_KEY_ATTR_ND'], na(), odp.nd(IP6_C, tll=C),
         V6 + odp.icmpv6(255, 255) + odp.nd(ANY6, tll=FF), [], [na(target=IP6_A), na(tll=B)]),
    Case('mpls', ['OVS_KEY_ATTR_MPLS'],
         e(0x8847) / MPLS(label=100, cos=3, s=1, ttl=62) / IP(src=IP_A, dst=IP_B),
         odp.mpls(odp.lse(100, 3, 1, 62)), ETH + odp.mpls(0xffffffff),
         [e(0x8847, src=C) / MPLS(label=100, cos=3, s=1, ttl=62) / IP(src=IP_C)],
         [e(0x8847) / MPLS(label=101, cos=3, s=1, ttl=62) / IP(src=IP_A, dst=IP_B),
          e(0x8847) / MPLS(label=100, cos=2, s=1, ttl=62) / IP(src=IP_A, dst=IP_B),
          e(0x8847) / MPLS(label=100, cos=3, s=1, ttl=61) / IP(src=IP_A, dst=IP_B)]),
    Case('mpls-label', ['OVS_KEY_ATTR_MPLS'],
         e(0x8847) / MPLS(label=100, ttl=62) / IP(src=IP_A, dst=IP_B),
         odp.mpls(odp.lse(100, 0, 1, 62)), ETH + odp.mpls(0xfffff000),
         [e(0x8847) / MPLS(label=100, cos=5, ttl=1) / IP(src=IP_A, dst=IP_B)],
         [e(0x8847) / MPLS(label=102) / IP(src=IP_A, dst=IP_B)]),
    Case('mpls-three-deep', ['OVS_KEY_ATTR_MPLS'],
         e(0x8847) / MPLS(label=1, s=0, ttl=9) / MPLS(label=2, s=0, ttl=8) /
         MPLS(label=3, s=1, ttl=7) / IP(src=IP_A, dst=IP_B),
         odp.mpls(odp.lse(1, 0, 0, 9), odp.lse(2, 0, 0, 8), odp.lse(3, 0, 1, 7)),
         ETH + odp.mpls(0xffffffff, 0xffffffff, 0xffffffff), [],
         [e(0x8847) / MPLS(label=1, s=0, ttl=9) / MPLS(label=2, s=0, ttl=8) /
          MPLS(label=4, s=1, ttl=7) / IP(src=IP_A, dst=IP_B),
          e(0x8847) / MPLS(label=1, s=0, ttl=9) / MPLS(label=5, s=0, ttl=8) /
          MPLS(label=3, s=1, ttl=7) / IP(src=IP_A, dst=IP_B)]),
    Case('nsh', ['OVS_KEY_ATTR_NSH', 'OVS_NSH_KEY_ATTR_BASE', 'OVS_NSH_KEY_ATTR_MD1'], nsh(),
         odp.nsh(spi=0x112233, si=254, np=1, ttl=63, md1=(1, 2, 3, 4)),
         ETH + odp.nsh(spi=0xffffff, si=255, np=255, mdtype=255, ttl=255, flags=255,
                       md1=[0xffffffff] * 4), [],
         [nsh(spi=0x112234), nsh(si=253), nsh(ttl=62), nsh(context=(1, 2, 3, 5)),
          nsh(context=(9, 2, 3, 4)), nsh(o=1)]),
    Case('nsh-path', ['OVS_KEY_ATTR_NSH'], nsh(),
         odp.nsh(spi=0x112233, si=254, np=1, ttl=63, md1=(1, 2, 3, 4)),
         ETH + odp.nsh(spi=0xffffff, np=0, mdtype=255, md1=[0] * 4),
         [nsh(si=9, ttl=2, context=(5, 6, 7, 8))], [nsh(spi=1)]),
]


@pytest.mark.parametrize('case', [
    pytest.param(c, id=c.name, marks=pytest.mark.covers(*c.covers)) for c in CASES])
def test_packet(kdp, case):
    u = kdp.miss(case.packet)
    kind = ovsnl.Attrs(case.key).all[0][0]
    assert kind in u.key, u
    assert u.key[kind].hex() == ovsnl.Attrs(case.key)[kind].hex(), u
    for name in case.absent:
        assert getattr(uapi, name) not in u.key, u

    mask = odp.in_port(0xffffffff) + odp.recirc_id(0xffffffff) + case.mask
    kdp.dp.put(u.raw_key, odp.output(2), mask)
    for p in (case.packet, *case.hit):
        r = kdp.send(p)
        assert r.out == {2: [bytes(p)]} and not r.upcalls, f'{p!r} did not match: {r}'
    for p in case.miss:
        r = kdp.send(p)
        assert not r.out and [u.kind for u in r.upcalls] == ['miss'], f'{p!r} matched: {r}'

    # the flow is given back as it was put
    f, = kdp.dp.flows()
    assert f.n_packets == 1 + len(case.hit)
    want = ovsnl.Attrs(case.mask)
    for kind, bits in want.all:
        if kind not in (uapi.OVS_KEY_ATTR_ENCAP, uapi.OVS_KEY_ATTR_NSH):
            assert f.mask[kind].hex() == bits.hex(), uapi.name('OVS_KEY_ATTR_', kind)
            masked = bytes(a & b for a, b in zip(u.key[kind], bits))
            got = bytes(a & b for a, b in zip(f.key[kind], bits))
            assert got.hex() == masked.hex(), uapi.name('OVS_KEY_ATTR_', kind)


# ---- what is not in the packet

@pytest.mark.covers('OVS_KEY_ATTR_IN_PORT')
def test_in_port(kdp):
    u = kdp.miss(UDP_AB, port=3)
    assert u.key.u32(uapi.OVS_KEY_ATTR_IN_PORT) == 3
    kdp.dp.put(odp.in_port(3) + odp.eth() + odp.eth_type(0x800) + odp.ipv4(), odp.output(2),
               odp.in_port(0xffffffff) + ETH)
    assert kdp.send(UDP_AB, port=3).out == {2: [bytes(UDP_AB)]}
    r = kdp.send(UDP_AB, port=1)
    assert not r.out and len(r.upcalls) == 1


def second_pass(kdp, packet, actions, id=9):
    """Sends a packet through actions and recirc(id); returns the key it then has."""
    kdp.dp.flush()
    return kdp.again(packet, *actions, id=id)


def check_second_pass(kdp, packet, actions, kind, want, other, bits=None):
    """After 'actions' the key's attribute 'kind' is 'want' (bytes); a flow for that takes the
    packet, and one for 'other' does not."""
    u = second_pass(kdp, packet, actions)
    assert kind in u.key and u.key[kind].hex() == want.hex(), u
    base = b''.join(ovsnl.attr(k, p) for k, p in u.key.all if k != kind)
    bits = bits or b'\xff' * len(want)
    mask = odp.recirc_id(0xffffffff) + ETH + ovsnl.attr(kind, bits)
    for value, taken in ((other, False), (want, True)):
        kdp.dp.put(base + ovsnl.attr(kind, value), odp.output(2), mask)
        r = kdp.send(packet)
        assert (r.out == {2: [bytes(packet)]}) == taken, f'{value.hex()}: {r}'
    f = [f for f in kdp.dp.flows() if kind in f.key and f.key[kind] == want
         and f.key.u32(uapi.OVS_KEY_ATTR_RECIRC_ID)]
    assert len(f) == 1 and f[0].mask[kind].hex() == bits.hex()


@pytest.mark.covers('OVS_KEY_ATTR_PRIORITY')
def test_priority(kdp):
    check_second_pass(kdp, UDP_AB, [odp.set_(odp.priority(0x00010020))], uapi.OVS_KEY_ATTR_PRIORITY,
                      struct.pack('=I', 0x00010020), struct.pack('=I', 0x00010021))


@pytest.mark.covers('OVS_KEY_ATTR_SKB_MARK')
def test_skb_mark(kdp):
    check_second_pass(kdp, UDP_AB, [odp.set_(odp.skb_mark(0xdeadbeef))],
                      uapi.OVS_KEY_ATTR_SKB_MARK,
                      struct.pack('=I', 0xdeadbeef), struct.pack('=I', 0xdeadbee0))


@pytest.mark.covers('OVS_KEY_ATTR_SKB_MARK')
def test_skb_mark_masked(kdp):
    check_second_pass(kdp, UDP_AB, [odp.set_(odp.skb_mark(0x12345678))],
                      uapi.OVS_KEY_ATTR_SKB_MARK, struct.pack('=I', 0x12345678),
                      struct.pack('=I', 0x12345608), struct.pack('=I', 0xf0))


@pytest.mark.covers('OVS_KEY_ATTR_RECIRC_ID')
def test_recirc_id(kdp):
    u = second_pass(kdp, UDP_AB, [], id=0xabcdef01)
    assert u.key.u32(uapi.OVS_KEY_ATTR_RECIRC_ID) == 0xabcdef01
    # the packet is as it was, and so is the rest of the key
    assert u.packet == bytes(UDP_AB)
    assert u.key[uapi.OVS_KEY_ATTR_UDP] == struct.pack('!HH', 1000, 2000)
    assert u.key.u32(uapi.OVS_KEY_ATTR_IN_PORT) == 1
    kdp.dp.put(u.raw_key, odp.output(2))
    assert kdp.send(UDP_AB).out == {2: [bytes(UDP_AB)]}
    # a flow of another pass does not take it
    kdp.dp.flush()
    kdp.dp.put(u.raw_key, odp.output(2))
    r = kdp.send(UDP_AB)
    assert not r.out and r.upcalls[0].key.u32(uapi.OVS_KEY_ATTR_RECIRC_ID) == 0


@pytest.mark.covers('OVS_KEY_ATTR_DP_HASH')
def test_dp_hash(kdp):
    """A hash is the same for the packets of a flow, and spreads flows."""
    mask = odp.in_port(0xffffffff) + odp.recirc_id(0xffffffff) + ETH
    u = kdp.learn(UDP_AB, [odp.hash_(), odp.recirc(9)], mask=mask)
    assert u.key.u32(uapi.OVS_KEY_ATTR_DP_HASH) == 0
    seen = {}
    for port in range(32):
        p = ip() / UDP(sport=1000 + port, dport=2000) / DATA
        hashes = {u.key.u32(uapi.OVS_KEY_ATTR_DP_HASH) for u in kdp.send(p, p).upcalls}
        assert len(hashes) == 1
        seen[port] = hashes.pop()
    assert len(set(seen.values())) > 24 and 0 not in seen.values()
    # one flow takes those whose lowest bit is set
    u = kdp.send(UDP_AB).upcalls[0]
    base = b''.join(ovsnl.attr(k, p) for k, p in u.key.all if k != uapi.OVS_KEY_ATTR_DP_HASH)
    kdp.dp.put(base + odp.dp_hash(1), odp.output(2),
               odp.recirc_id(0xffffffff) + ETH + odp.dp_hash(1))
    for port in range(32):
        p = ip() / UDP(sport=1000 + port, dport=2000) / DATA
        r = kdp.send(p)
        assert bool(r.out) == bool(seen[port] & 1) != bool(r.upcalls), (port, seen[port], r)


# ---- connections

CS = {k: getattr(uapi, 'OVS_CS_F_' + k.upper()) for k in
      ('new', 'established', 'related', 'reply_dir', 'invalid', 'tracked')}


def fresh(port=[20000]):
    """A packet of a connection that was not there before."""
    port[0] += 1
    return ip() / UDP(sport=port[0], dport=2000) / DATA


def ct(*attrs, zone=5):
    return odp.ct(ovsnl.u16(uapi.OVS_CT_ATTR_ZONE, zone), *attrs)


@pytest.mark.covers('OVS_KEY_ATTR_CT_STATE')
def test_ct_state(kdp):
    p = fresh()
    new = struct.pack('=I', CS['new'] | CS['tracked'])
    check_second_pass(kdp, p, [ct()], uapi.OVS_KEY_ATTR_CT_STATE, new,
                      struct.pack('=I', CS['established'] | CS['tracked']),
                      struct.pack('=I', CS['new'] | CS['established'] | CS['tracked']))
    # committed, answered: established, in reply direction
    u = second_pass(kdp, p, [ct(odp.commit())])
    assert u.key.u32(uapi.OVS_KEY_ATTR_CT_STATE) == CS['new'] | CS['tracked']
    udp = p[UDP]
    answer = e(src=B, dst=A) / IP(src=IP_B, dst=IP_A) / UDP(sport=udp.dport, dport=udp.sport) / DATA
    u = second_pass(kdp, answer, [ct()])
    assert u.key.u32(uapi.OVS_KEY_ATTR_CT_STATE) == \
        CS['established'] | CS['tracked'] | CS['reply_dir']
    u = second_pass(kdp, p, [ct()])
    assert u.key.u32(uapi.OVS_KEY_ATTR_CT_STATE) == CS['established'] | CS['tracked']
    # what no connection can be
    u = second_pass(kdp, ip() / TCP(flags='SR') / DATA, [ct()])
    assert u.key.u32(uapi.OVS_KEY_ATTR_CT_STATE) == CS['invalid'] | CS['tracked']


@pytest.mark.covers('OVS_KEY_ATTR_CT_STATE')
def test_ct_state_related(kdp):
    p = fresh()
    second_pass(kdp, p, [ct(odp.commit())])
    error = e(src=C, dst=A) / IP(src=IP_C, dst=IP_A) / ICMP(type=3, code=1) / p[IP]
    u = second_pass(kdp, error, [ct()])
    assert u.key.u32(uapi.OVS_KEY_ATTR_CT_STATE) & (CS['related'] | CS['tracked'] | CS['new']) == \
        CS['related'] | CS['tracked']


@pytest.mark.covers('OVS_KEY_ATTR_CT_ZONE')
def test_ct_zone(kdp):
    check_second_pass(kdp, fresh(), [ct(zone=0x1234)], uapi.OVS_KEY_ATTR_CT_ZONE,
                      struct.pack('=H', 0x1234), struct.pack('=H', 0x1235))


@pytest.mark.covers('OVS_KEY_ATTR_CT_MARK')
def test_ct_mark(kdp):
    mark = ovsnl.attr(uapi.OVS_CT_ATTR_MARK, struct.pack('=II', 0xcafe0042, 0xffffffff))
    check_second_pass(kdp, fresh(), [ct(odp.commit(), mark)], uapi.OVS_KEY_ATTR_CT_MARK,
                      struct.pack('=I', 0xcafe0042), struct.pack('=I', 0xcafe0043))


@pytest.mark.covers('OVS_KEY_ATTR_CT_LABELS')
def test_ct_labels(kdp):
    value = bytes(range(1, 17))
    label = ovsnl.attr(uapi.OVS_CT_ATTR_LABELS, value + b'\xff' * 16)
    check_second_pass(kdp, fresh(), [ct(odp.commit(), label)], uapi.OVS_KEY_ATTR_CT_LABELS,
                      value, bytes(16), b'\xff' * 16)


@pytest.mark.covers('OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4')
def test_ct_original_tuple(kdp):
    """An answer bears the tuple of what it answers."""
    p = fresh()
    sport = p[UDP].sport
    second_pass(kdp, p, [ct(odp.commit())])
    answer = e(src=B, dst=A) / IP(src=IP_B, dst=IP_A) / UDP(sport=2000, dport=sport) / DATA
    u = second_pass(kdp, answer, [ct()])
    kind = uapi.OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4
    want = odp.ip4(IP_A) + odp.ip4(IP_B) + struct.pack('!HHB', sport, 2000, 17)
    assert u.key[kind][:13].hex() == want.hex(), u
    # a match on the port alone
    base = b''.join(ovsnl.attr(k, v) for k, v in u.key.all if k != kind)
    bits = bytes(8) + struct.pack('!HHB', 0xffff, 0, 0xff)
    mask = odp.recirc_id(0xffffffff) + ETH + odp.ct_state(CS['tracked']) + \
        ovsnl.attr(kind, bits + bytes(len(u.key[kind]) - 13))
    for port, taken in ((sport + 1, False), (sport, True)):
        value = want[:8] + struct.pack('!HHB', port, 2000, 17) + u.key[kind][13:]
        kdp.dp.put(base + ovsnl.attr(kind, value), odp.output(2), mask)
        r = kdp.send(answer)
        assert bool(r.out) == taken, r


@pytest.mark.covers('OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6')
def test_ct_original_tuple_of_ipv6(kdp):
    p = ip6() / UDP(sport=fresh()[UDP].sport, dport=2000) / DATA
    sport = p[UDP].sport
    second_pass(kdp, p, [ct(odp.commit())])
    answer = e(src=B, dst=A) / IPv6(src=IP6_B, dst=IP6_A) / UDP(sport=2000, dport=sport) / DATA
    u = second_pass(kdp, answer, [ct()])
    kind = uapi.OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6
    want = odp.ip6(IP6_A) + odp.ip6(IP6_B) + struct.pack('!HHB', sport, 2000, 17)
    assert u.key[kind][:37].hex() == want.hex(), u
    base = b''.join(ovsnl.attr(k, v) for k, v in u.key.all if k != kind)
    bits = b'\xff' * 16 + bytes(16) + struct.pack('!HHB', 0, 0, 0xff)
    mask = odp.recirc_id(0xffffffff) + ETH + odp.ct_state(CS['tracked']) + \
        ovsnl.attr(kind, bits + bytes(len(u.key[kind]) - 37))
    for src, taken in ((IP6_C, False), (IP6_A, True)):
        value = odp.ip6(src) + want[16:] + u.key[kind][37:]
        kdp.dp.put(base + ovsnl.attr(kind, value), odp.output(2), mask)
        r = kdp.send(answer)
        assert bool(r.out) == taken, r
