# SPDX-License-Identifier: Apache-2.0
"""What a datapath refuses, and that it says why: an error, and an extended acknowledgement.

Nothing that is refused may leave anything behind, and the datapath goes on as before."""

import struct

import pytest

import odp
import ovsnl
import uapi
from frames import A, B, ip, udp
from ovsnl import NlError, attr, nest, u16, u32

UDP_AB = ip() / udp()
ETH = odp.eth(A, B)
ETH_IP4 = odp.in_port(1) + ETH + odp.eth_type(0x800)
IP4 = ETH_IP4 + odp.ipv4('10.0.0.1', '10.0.0.2', 17, 0, 64)
KEY = IP4 + odp.udp(1, 2)
ETH_IP6 = odp.in_port(1) + ETH + odp.eth_type(0x86dd)
VLAN = odp.in_port(1) + ETH + odp.eth_type(0x8100)
ARP = odp.in_port(1) + ETH + odp.eth_type(0x806)
MPLS = odp.in_port(1) + ETH + odp.eth_type(0x8847)
K = uapi.OVS_KEY_ATTR_ETHERNET
EINVAL, ERANGE = 'EINVAL', 'ERANGE'


def deep(n, make):
    a = odp.output(2)
    for _ in range(n):
        a = make(a)
    return a


# name, key, mask, error (or a tuple of them)
KEYS = [
    ('no-ethernet', odp.in_port(1) + odp.eth_type(0x800) + odp.tcp(), None, EINVAL),
    ('short-ethernet', odp.in_port(1) + attr(K, bytes(11)), None, EINVAL),
    ('long-ethernet', odp.in_port(1) + attr(K, bytes(13)), None, EINVAL),
    ('twice', odp.in_port(1) + odp.in_port(2) + ETH + odp.eth_type(0x88b6), None, EINVAL),
    ('unknown', KEY + u32(60, 1), None, EINVAL),
    ('port-out-of-range', odp.in_port(0x10000) + ETH + odp.eth_type(0x88b6), None, EINVAL),
    ('ethertype-of-802.3', odp.in_port(1) + ETH + odp.eth_type(0x5ff), None, EINVAL),
    ('ipv4-without-ethertype', odp.in_port(1) + ETH + odp.ipv4(), None, EINVAL),
    ('ipv4-under-ipv6', ETH_IP6 + odp.ipv4(), None, EINVAL),
    ('ipv4-missing', ETH_IP4, None, EINVAL),
    ('ipv4-fragment-type', ETH_IP4 + odp.ipv4(frag=3), None, EINVAL),
    ('ipv6-fragment-type', ETH_IP6 + odp.ipv6(frag=9), None, EINVAL),
    ('ipv6-label', ETH_IP6 + odp.ipv6(label=0x100000), None, EINVAL),
    ('udp-missing', IP4, None, EINVAL),
    ('tcp-under-udp', IP4 + odp.tcp(1, 2), None, EINVAL),
    ('udp-of-fragment', ETH_IP4 + odp.ipv4(proto=17, frag=2) +
     odp.udp(1, 2), None, EINVAL),
    ('short-udp', IP4 + attr(uapi.OVS_KEY_ATTR_UDP, bytes(3)), None, EINVAL),
    ('short-arp', ARP + attr(uapi.OVS_KEY_ATTR_ARP, bytes(20)), None, EINVAL),
    ('arp-missing', ARP, None, EINVAL),
    ('nd-missing', ETH_IP6 + odp.ipv6(proto=58) +
     odp.icmpv6(135), None, EINVAL),
    ('vlan-without-cfi', VLAN + odp.vlan(5) + odp.encap(odp.eth_type(0x88b6)), None, EINVAL),
    ('vlan-without-encap', VLAN + odp.vlan(0x1005), None, EINVAL),
    ('vlans-three-deep', VLAN + odp.vlan(0x1005) + odp.encap(
        odp.eth_type(0x8100) + odp.vlan(0x1006) + odp.encap(
            odp.eth_type(0x8100) + odp.vlan(0x1007) + odp.encap(odp.eth_type(0x88b6)))),
     None, EINVAL),
    ('mpls-four-deep', MPLS + odp.mpls(1, 2, 3, 4), None, EINVAL),
    ('mpls-of-three-octets', MPLS + attr(uapi.OVS_KEY_ATTR_MPLS, bytes(3)), None, EINVAL),
    ('ct-state-unknown', KEY + odp.ct_state(0x80000000), None, EINVAL),
    ('tunnel-without-ttl', KEY + odp.tun(id=1, dst='10.0.0.1'), None, EINVAL),
    ('tunnel-of-two-families', KEY + odp.tun(id=1, dst='10.0.0.1', dst6='::1', ttl=3),
     None, EINVAL),
    ('tunnel-unknown', KEY + nest(uapi.OVS_KEY_ATTR_TUNNEL, u32(50, 1)), None, EINVAL),
    ('tunnel-options-cut', KEY + odp.tun(id=1, dst='10.0.0.1', ttl=3, geneve=bytes(3)),
     None, EINVAL),
    ('tunnel-options-too-long', KEY + odp.tun(id=1, dst='10.0.0.1', ttl=3, geneve=bytes(260)),
     None, EINVAL),
    ('mask-of-what-is-not-there', KEY, odp.tcp(0xffff), EINVAL),
    ('mask-with-wild-ethertype', KEY,
     odp.eth_type(0) + odp.ipv4(proto=255) + odp.udp(0xffff), EINVAL),
    ('mask-with-wild-protocol', KEY, odp.eth_type(0xffff) + odp.udp(0xffff), EINVAL),
    ('mask-short', KEY, attr(K, bytes(4)), EINVAL),
    ('mask-of-no-vlan', KEY, odp.eth_type(0xffff) + odp.vlan(0xffff) + odp.encap(), EINVAL),
    ('nsh-cut', odp.in_port(1) + ETH + odp.eth_type(0x894f) +
     nest(uapi.OVS_KEY_ATTR_NSH, attr(uapi.OVS_NSH_KEY_ATTR_BASE, bytes(4))), None, EINVAL),
]


@pytest.fixture
def bystander(kdp):
    """A flow that is there before and must be after."""
    kdp.dp.put(odp.in_port(2) + ETH + odp.eth_type(0x88b6), odp.output(1))
    yield kdp
    assert len(kdp.dp.flows()) == 1


def refused(kdp, key, actions, mask, errors):
    with pytest.raises(NlError) as err:
        kdp.dp.put(key, actions, mask)
    assert err.value.name in (errors if isinstance(errors, tuple) else (errors,)), err.value
    return err.value


@pytest.mark.parametrize('key, mask, errors', [k[1:] for k in KEYS], ids=[k[0] for k in KEYS])
def test_key(bystander, key, mask, errors):
    refused(bystander, key, odp.output(2), mask, errors)


@pytest.mark.differs('stock', 'most of its refusals have no sentence')
@pytest.mark.parametrize('key, mask, errors', [k[1:] for k in KEYS], ids=[k[0] for k in KEYS])
def test_key_sentence(bystander, key, mask, errors):
    assert refused(bystander, key, odp.output(2), mask, errors).msg


OUT = odp.output(2)
ACTIONS = [
    ('unknown', u32(70, 1), EINVAL),
    ('output-short', u16(uapi.OVS_ACTION_ATTR_OUTPUT, 2), EINVAL),
    ('output-out-of-range', odp.output(65536), EINVAL),
    ('userspace-without-pid', nest(uapi.OVS_ACTION_ATTR_USERSPACE), EINVAL),
    ('set-of-nothing', nest(uapi.OVS_ACTION_ATTR_SET), EINVAL),
    ('set-of-two', odp.set_(odp.skb_mark(1) + odp.priority(1)), EINVAL),
    ('set-unknown', odp.set_(u32(60, 1)), EINVAL),
    ('set-in-port', odp.set_(odp.in_port(1)), EINVAL),
    ('set-ethertype', odp.set_(odp.eth_type(0x800)), EINVAL),
    ('set-ipv6-of-ipv4', odp.set_(odp.ipv6()), EINVAL),
    ('set-tcp-of-udp', odp.set_(odp.tcp(1, 2)), EINVAL),
    ('set-protocol', odp.set_(odp.ipv4('10.0.0.1', '10.0.0.2', 6, 0, 64)), EINVAL),
    ('set-fragment', odp.set_(odp.ipv4('10.0.0.1', '10.0.0.2', 17, 0, 64, 1)), EINVAL),
    ('set-mpls-of-ipv4', odp.set_(odp.mpls(1)), EINVAL),
    ('set-masked-short', nest(uapi.OVS_ACTION_ATTR_SET_MASKED, odp.skb_mark(1)), EINVAL),
    ('set-masked-value-outside',
     nest(uapi.OVS_ACTION_ATTR_SET_MASKED,
          attr(uapi.OVS_KEY_ATTR_SKB_MARK, b'\xff' * 4 + bytes(4))), EINVAL),
    ('set-masked-protocol', odp.set_masked(odp.ipv4(proto=6), odp.ipv4(proto=255)), EINVAL),
    ('set-masked-tunnel',
     nest(uapi.OVS_ACTION_ATTR_SET_MASKED, odp.tun(id=1, dst='10.0.0.1', ttl=1)), EINVAL),
    ('set-tunnel-without-ttl', odp.set_(odp.tun(id=1, dst='10.0.0.1')), EINVAL),
    ('push-vlan-tpid', odp.push_vlan(0x1005, 0x9100), EINVAL),
    ('push-vlan-without-cfi', odp.push_vlan(5), EINVAL),
    ('push-mpls-type', odp.push_mpls(1, 0x0800), EINVAL),
    ('pop-mpls-of-none', odp.pop_mpls(0x800), EINVAL),
    ('add-mpls-type', odp.add_mpls(1, 0x0800), EINVAL),
    ('push-eth-on-ethernet', odp.push_eth(A, B), EINVAL),
    ('pop-eth-twice', odp.pop_eth() + odp.pop_eth(), EINVAL),
    ('pop-nsh-of-none', odp.pop_nsh(), EINVAL),
    ('sample-without-probability', nest(uapi.OVS_ACTION_ATTR_SAMPLE,
                                        nest(uapi.OVS_SAMPLE_ATTR_ACTIONS, OUT)), EINVAL),
    ('sample-of-nonsense', odp.sample(5, u32(70, 1)), EINVAL),
    ('trunc-short', odp.trunc(13), EINVAL),
    ('hash-algorithm', odp.hash_(0, 99), EINVAL),
    ('check-pkt-len-without-length', nest(uapi.OVS_ACTION_ATTR_CHECK_PKT_LEN), EINVAL),
    ('check-pkt-len-of-nonsense', odp.check_pkt_len(5, [u32(70, 1)], []), EINVAL),
    ('ct-unknown', odp.ct(u32(50, 1)), EINVAL),
    ('ct-zone-long', odp.ct(u32(uapi.OVS_CT_ATTR_ZONE, 1)), EINVAL),
    ('ct-mark-without-commit', odp.ct(attr(uapi.OVS_CT_ATTR_MARK, struct.pack('=II', 1, 1))),
     EINVAL),
    ('ct-labels-without-commit',
     odp.ct(attr(uapi.OVS_CT_ATTR_LABELS, bytes(15) + b'\1' + bytes(15) + b'\1')), EINVAL),
    ('ct-nat-both-ways', odp.ct(odp.commit(), odp.nat(attr(uapi.OVS_NAT_ATTR_SRC),
                                                      attr(uapi.OVS_NAT_ATTR_DST))),
     (EINVAL, ERANGE)),
    ('ct-nat-address-of-nothing',
     odp.ct(odp.commit(), odp.nat(attr(uapi.OVS_NAT_ATTR_IP_MIN, bytes(4)))), EINVAL),
    ('cut', odp.output(2)[:6], EINVAL),
]


@pytest.mark.parametrize('actions, errors', [a[1:] for a in ACTIONS], ids=[a[0] for a in ACTIONS])
def test_actions(bystander, actions, errors):
    refused(bystander, KEY, actions, None, errors)


@pytest.mark.differs('stock', 'most of its refusals have no sentence')
@pytest.mark.parametrize('actions, errors', [a[1:] for a in ACTIONS], ids=[a[0] for a in ACTIONS])
def test_actions_sentence(bystander, actions, errors):
    assert refused(bystander, KEY, actions, None, errors).msg


@pytest.mark.parametrize('make', [odp.clone, lambda a: odp.sample(9, a),
                                  lambda a: odp.check_pkt_len(9, [a], [])],
                         ids=['clone', 'sample', 'check-pkt-len'])
def test_depth(bystander, make):
    """Actions in actions: some, but not without end."""
    kdp = bystander
    kdp.dp.put(KEY, deep(3, make))
    kdp.dp.flow(uapi.OVS_FLOW_CMD_DEL, attr(uapi.OVS_FLOW_ATTR_KEY, KEY))
    refused(kdp, KEY, deep(100, make), None, ('EINVAL', 'EOVERFLOW', 'EMSGSIZE', 'ELOOP'))


def test_size(bystander):
    """A list may be as long as an attribute; a dump, which has no room for it, leaves it out."""
    kdp = bystander
    u = kdp.miss(UDP_AB)
    kdp.dp.put(u.raw_key, odp.output(2) * 1000)
    before = kdp.far.stats('q2')['rx_packets']
    kdp.send(UDP_AB)
    assert kdp.far.stats('q2')['rx_packets'] - before == 1000
    kdp.dp.flow(uapi.OVS_FLOW_CMD_DEL, attr(uapi.OVS_FLOW_ATTR_KEY, u.raw_key))
    kdp.dp.put(KEY, odp.output(2) * 7000)
    assert kdp.dp.get_flow(KEY).actions == odp.output(2) * 7000
    dumped = {f.raw_key: f.actions for f in kdp.dp.flows()}
    assert len(dumped) == 2 and None in dumped.values()
    kdp.dp.flow(uapi.OVS_FLOW_CMD_DEL, attr(uapi.OVS_FLOW_ATTR_KEY, KEY))


def test_messages_cut_short(bystander):
    """Every prefix of a good message is refused or does what it says, and nothing else happens."""
    kdp = bystander
    body = attr(uapi.OVS_FLOW_ATTR_KEY, KEY) + attr(uapi.OVS_FLOW_ATTR_ACTIONS, odp.output(2)) + \
        attr(uapi.OVS_FLOW_ATTR_MASK, odp.eth_type(0xffff) + odp.ipv4(proto=255))
    taken = []
    for n in range(len(body)):
        try:
            kdp.dp.flow(uapi.OVS_FLOW_CMD_NEW, body[:n],
                        flags=ovsnl.NLM_F_CREATE | ovsnl.NLM_F_EXCL)
        except NlError as err:
            assert err.name in ('EINVAL', 'ERANGE', 'EEXIST'), (n, err)
        else:
            taken.append(n)
            kdp.dp.flow(uapi.OVS_FLOW_CMD_DEL, attr(uapi.OVS_FLOW_ATTR_KEY, KEY))
    # whole but for the mask: what follows is no attribute until its length is there
    whole = len(attr(uapi.OVS_FLOW_ATTR_KEY, KEY) + attr(uapi.OVS_FLOW_ATTR_ACTIONS, odp.output(2)))
    assert taken == list(range(whole, len(body)))


@pytest.mark.parametrize('family', [
    'ovs_datapath', 'ovs_vport', 'ovs_flow', 'ovs_packet', 'ovs_meter', 'ovs_ct_limit'])
def test_unknown_command(kdp, family):
    for cmd in (0, 77):
        with pytest.raises(NlError) as err:
            kdp.dp.nl.request(family, cmd, kdp.dp.ifindex)
        assert err.value.name in ('EOPNOTSUPP', 'EINVAL')


@pytest.mark.parametrize('family, cmd', [
    ('ovs_vport', 'OVS_VPORT_CMD_GET'), ('ovs_flow', 'OVS_FLOW_CMD_GET'),
    ('ovs_meter', 'OVS_METER_CMD_GET')])  # ct limits are the namespace's
def test_no_such_datapath(kdp, family, cmd):
    with pytest.raises(NlError) as err:
        kdp.dp.nl.request(family, getattr(uapi, cmd), 99999)
    assert err.value.name in ('ENODEV', 'EINVAL')
