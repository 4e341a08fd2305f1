# SPDX-License-Identifier: Apache-2.0
"""Actions on what the kernel has not finished: checksums that are left to the device, packets of
many segments, fragments.  Real sockets on both sides; who receives counts what is wrong.

Modes: 'offloaded': nothing is ever completed, packets of 64 KB go all the way; 'completed': the
last device completes and cuts, so that what the actions left is what is verified; 'plain': hosts
send complete frames; 'aggregated': such frames are put together on reception."""

import os
import subprocess

import pytest

import hosts
import odp
import ovsnl
import uapi
from rig import netns

MODES = {'offloaded': dict(hosts=True, last_hop=True),
         'completed': dict(hosts=True, last_hop=False),
         'plain': dict(hosts=False, last_hop=False),
         'aggregated': dict(hosts=False, last_hop=False, gro=True)}


@pytest.fixture(scope='module')
def pair():
    subprocess.run(['modprobe', 'sctp'], check=True)
    net = netns.Net()
    try:
        h = hosts.Hosts(net)
        yield h
        h.delete()
    finally:
        net.delete()


@pytest.fixture(scope='module', params=list(MODES))
def offloads(request, pair):
    pair.offloads(**MODES[request.param])
    return request.param


@pytest.fixture
def mode(pair, offloads):
    pair.flush()
    before = pair.errors()
    yield offloads
    after = pair.errors()
    assert after == before, f'wrong checksums: {before} -> {after}'


def traffic(pair, alias=False, ports=(5000, 5000), sctp=True, fragments=True, size=1 << 20):
    for version in (4, 6):
        assert pair.ping(version, alias)
        pair.transfer('tcp', version, size, alias, ports)
        pair.datagrams(version, (1, 2, 100, 1400), None, alias, ports)
        if pair.has_udp_gso:
            pair.datagrams(version, (1401, 50000), 1400, alias, ports)
        if fragments:
            pair.datagrams(version, (3000, 20001), None, alias, ports)
            assert pair.ping(version, alias, 4000)
        if sctp:
            pair.transfer('sctp', version, size // 8, alias, ports)


def plain(pair, name):
    """The datapath that has nothing to do."""
    pair.put_all(name, 1, odp.output(2))
    pair.put_all(name, 2, odp.output(1))


def both(pair, *actions):
    """A: all IP packets in both directions go through these; B: nothing."""
    for in_port, to in ((1, 2), (2, 1)):
        pair.put_ip('A', in_port, lambda *_: [*actions, odp.output(to)])
    plain(pair, 'B')


def test_plain(pair, mode):
    plain(pair, 'A')
    plain(pair, 'B')
    traffic(pair)


FF2 = 0xffff
ONES4, ONES6 = '255.255.255.255', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'


def translate(to, number):
    """Addresses and ports of both sides change on the way to host 'to'."""
    def make(proto, version, frag):
        alias4, alias6 = hosts.ALIAS4, hosts.ALIAS6
        if version == 4:
            out = [odp.set_masked(odp.ipv4(alias4[3 - to], hosts.IP4[to]), odp.ipv4(ONES4, ONES4))]
        else:
            out = [odp.set_masked(odp.ipv6(alias6[3 - to], hosts.IP6[to]), odp.ipv6(ONES6, ONES6))]
        if frag != 2 and proto in ('tcp', 'udp', 'sctp'):
            # 6000 at h2 is 5000 at h1
            key = getattr(odp, proto)
            out.append(odp.set_masked(key(dst=6000), key(dst=0xffff)) if to == 2 else
                       odp.set_masked(key(src=5000), key(src=0xffff)))
        return out + [odp.output(number)]
    return make


@pytest.mark.covers('OVS_ACTION_ATTR_SET_MASKED')
def test_translate(pair, mode):
    """Addresses and ports of every protocol, in every kind of packet."""
    pair.put_ip('A', 1, translate(2, 2))
    pair.put_ip('A', 2, translate(1, 1))
    plain(pair, 'B')
    # the kernel's own module spoils checksums of SCTP that are not complete yet
    traffic(pair, alias=True, ports=(5000, 6000), sctp=os.environ.get('GUEST_MODULE') != 'stock')


@pytest.mark.covers('OVS_ACTION_ATTR_SET_MASKED')
def test_traffic_class(pair, mode):
    def make(to):
        return lambda proto, version, frag: [
            odp.set_masked(odp.ipv4(tos=0xb8, ttl=33), odp.ipv4(tos=0xfc, ttl=255))
            if version == 4 else
            odp.set_masked(odp.ipv6(tclass=0xb8, hlimit=33, label=0x12345),
                           odp.ipv6(tclass=0xfc, hlimit=255, label=0xfffff)), odp.output(to)]
    pair.put_ip('A', 1, make(2))
    pair.put_ip('A', 2, make(1))
    plain(pair, 'B')
    traffic(pair)


@pytest.mark.covers('OVS_ACTION_ATTR_DEC_TTL')
def test_dec_ttl(pair, mode):
    both(pair, odp.dec_ttl())
    traffic(pair)


@pytest.mark.covers('OVS_ACTION_ATTR_PUSH_VLAN', 'OVS_ACTION_ATTR_POP_VLAN')
@pytest.mark.parametrize('n', [1, 2])
def test_vlan(pair, mode, n):
    push = odp.push_vlan(0x1005) + odp.push_vlan(0x1006, 0x88a8) * (n - 1)

    def tagged(inner, tci, outer_tci):
        inner = odp.eth_type(tci or 0x8100) + odp.vlan(tci or 0x1005) + odp.encap(inner)
        if n == 1:
            return inner
        return odp.eth_type(outer_tci or 0x88a8) + odp.vlan(outer_tci or 0x1006) + odp.encap(inner)

    for first, second, in_port, to in (('A', 'B', 1, 2), ('B', 'A', 2, 1)):
        pair.put_all(first, in_port, push, odp.output(to))
        for inner in (odp.eth_type(0x800) + odp.ipv4(), odp.eth_type(0x86dd) + odp.ipv6()):
            pair.put(second, in_port, tagged(inner, None, None),
                     tagged(odp.eth_type(FF2), FF2, FF2), odp.pop_vlan() * n, odp.output(to))
    traffic(pair, sctp=False)


@pytest.mark.covers('OVS_ACTION_ATTR_PUSH_VLAN', 'OVS_ACTION_ATTR_POP_VLAN')
def test_three_vlans(pair, mode):
    both(pair, odp.push_vlan(0x1005) * 3, odp.pop_vlan() * 3)
    traffic(pair, sctp=False)


@pytest.mark.covers('OVS_ACTION_ATTR_PUSH_MPLS', 'OVS_ACTION_ATTR_POP_MPLS')
@pytest.mark.parametrize('n', [1, 2])
def test_mpls(pair, mode, n):
    """In one label IPv4 comes, in another IPv6."""
    push = {4: odp.push_mpls(odp.lse(44)), 6: odp.push_mpls(odp.lse(66))}
    for first, second, in_port, to in (('A', 'B', 1, 2), ('B', 'A', 2, 1)):
        pair.put_ip(first, in_port, lambda proto, version, frag: [
            push[version], push[version][:4] + bytes.fromhex('00042040') + push[version][8:]
            if n == 2 else b'', odp.output(to)])
        for label, eth_type in ((44, 0x800), (66, 0x86dd)):
            lses = [odp.lse(label)] if n == 1 else [odp.lse(66, s=0, ttl=64), odp.lse(label)]
            key = odp.eth_type(0x8847) + odp.mpls(*lses)
            mask = odp.eth_type(FF2) + \
                odp.mpls(*[0xfffff100 if i == n - 1 else 0 for i in range(n)])
            pops = odp.pop_mpls(0x8847) * (n - 1) + odp.pop_mpls(eth_type)
            pair.put(second, in_port, key, mask, pops, odp.output(to))
    traffic(pair)


@pytest.mark.covers('OVS_ACTION_ATTR_ADD_MPLS')
@pytest.mark.differs('stock', 'packets of many segments are lost')
def test_mpls_before_ethernet(pair, mode):
    for first, second, in_port, to in (('A', 'B', 1, 2), ('B', 'A', 2, 1)):
        pair.put_ip(first, in_port, lambda *_: [odp.add_mpls(odp.lse(16)),
                                                odp.push_eth(hosts.MAC[1], hosts.MAC[2]),
                                                odp.output(to)])
        pair.put(second, in_port, odp.eth_type(0x8847) + odp.mpls(odp.lse(16)), odp.eth_type(FF2),
                 odp.pop_eth(), odp.pop_mpls(0x6558), odp.output(to))
    traffic(pair)


@pytest.mark.covers('OVS_ACTION_ATTR_PUSH_NSH', 'OVS_ACTION_ATTR_POP_NSH')
@pytest.mark.differs('stock', 'datagrams of many segments are lost')
def test_nsh(pair, mode):
    push = odp.push_nsh(spi=5, si=6, np=3, ttl=63, md1=(1, 2, 3, 4))
    for first, second, in_port, to in (('A', 'B', 1, 2), ('B', 'A', 2, 1)):
        pair.put_ip(first, in_port, lambda *_: [push, odp.push_eth(hosts.MAC[1], hosts.MAC[2]),
                                                odp.output(to)])
        pair.put(second, in_port, odp.eth_type(0x894f) + odp.nsh(spi=5, si=6, np=3, ttl=63,
                                                                 md1=(1, 2, 3, 4)),
                 odp.eth_type(FF2) + odp.nsh(np=255, mdtype=0, md1=(0,) * 4), odp.pop_eth(),
                 odp.pop_nsh(), odp.output(to))
    traffic(pair, fragments=False)


@pytest.mark.covers('OVS_ACTION_ATTR_CLONE', 'OVS_ACTION_ATTR_SAMPLE',
                    'OVS_ACTION_ATTR_CHECK_PKT_LEN',
                    'OVS_ACTION_ATTR_TRUNC', 'OVS_ACTION_ATTR_USERSPACE')
def test_copies(pair, mode):
    """What is done to copies does not show."""
    spoil = odp.set_masked(odp.eth(src='02:ff:ff:ff:ff:ff'), odp.eth(src='ff:ff:ff:ff:ff:ff')) + \
        odp.dec_ttl() + odp.push_vlan(0x1fff) + odp.output(3)
    both(pair, odp.clone(spoil), odp.trunc(64), odp.output(3), odp.sample(0x40000000, spoil),
         odp.check_pkt_len(2000, [spoil], [odp.push_mpls(odp.lse(1)), odp.output(3)]),
         odp.trunc(100), odp.userspace(pair.dps['A'].up.pid, b'x'), odp.output(3))
    traffic(pair, size=1 << 18)


@pytest.mark.covers('OVS_ACTION_ATTR_RECIRC', 'OVS_ACTION_ATTR_HASH')
def test_recirculated(pair, mode):
    for in_port, to in ((1, 2), (2, 1)):
        pair.put_ip('A', in_port, lambda *_: [odp.hash_(5), odp.dec_ttl(), odp.recirc(1)])
        key = odp.in_port(in_port) + odp.eth()
        mask = odp.in_port(0xffffffff) + odp.recirc_id(0xffffffff)
        pair.dps['A'].put(key + odp.recirc_id(1), odp.recirc(3) + odp.recirc(2), mask)
        pair.dps['A'].put(key + odp.recirc_id(2), odp.clone(odp.dec_ttl(), odp.recirc(3)) +
                          odp.output(to), mask)
        pair.dps['A'].put(key + odp.recirc_id(3), odp.dec_ttl() + odp.output(3), mask)
    plain(pair, 'B')
    traffic(pair)


@pytest.mark.covers('OVS_ACTION_ATTR_CT')
def test_tracked(pair, mode):
    """Fragments are put together to be tracked, and leave as fragments."""
    for in_port, to in ((1, 2), (2, 1)):
        pair.put_ip('A', in_port, lambda *_: [odp.ct(odp.commit()), odp.output(to)])
    plain(pair, 'B')
    traffic(pair)


@pytest.mark.covers('OVS_ACTION_ATTR_TRUNC', 'OVS_ACTION_ATTR_CHECK_PKT_LEN')
def test_lengths(pair, mode):
    """check_pkt_len looks at what will be on the wire: no packet of these is longer than 1514."""
    both(pair, odp.check_pkt_len(1514, [odp.trunc(14)], []),
         odp.check_pkt_len(1514, [odp.output(3)], []))
    s = pair.sink.packet_socket('s0')
    traffic(pair, sctp=False)
    assert not s.recv(0.1)
