# SPDX-License-Identifier: Apache-2.0
"""Connections: the ct action with each of its attributes, and NAT.

    port 1 (client side) -- ct, pass 2 -- port 2 (server side)"""

import random
import struct

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Raw

import nfnl
import odp
import ovsnl
import uapi
from frames import A, B, C, DATA, IP6_A, IP6_B, IP6_C, IP_A, IP_B, IP_C, e, ip, ip6
from kdp import same
from ovsnl import attr, nest, u16, u32

CS = {k: getattr(uapi, 'OVS_CS_F_' + k.upper()) for k in
      ('new', 'established', 'related', 'reply_dir', 'invalid', 'tracked', 'src_nat', 'dst_nat')}
SERVER_IP = '10.0.0.99'
_ports = iter(range(10000, 60000))
_zones = iter(range(100, 60000))


def state(*words):
    return sum(CS[w] for w in words)


@pytest.fixture
def zone():
    """A zone without connections."""
    return next(_zones)


def ct(zone, *attrs):
    return odp.ct(u16(uapi.OVS_CT_ATTR_ZONE, zone), *attrs)


def mark(value, mask=0xffffffff):
    return attr(uapi.OVS_CT_ATTR_MARK, struct.pack('=II', value, mask))


def labels(value, mask=b'\xff' * 16):
    return attr(uapi.OVS_CT_ATTR_LABELS, value + mask)


def via_ct(kdp, zone, there=(), back=(), ethertype=0x0800):
    """Port 1 -> ct(there) -> port 2, and port 2 -> ct(back) -> port 1."""
    base = odp.eth() + odp.eth_type(ethertype) + (odp.ipv4() if ethertype == 0x800 else odp.ipv6())
    mask = odp.in_port(0xffffffff) + odp.recirc_id(0xffffffff) + odp.eth_type(0xffff)
    for port, to, attrs in ((1, 2, there), (2, 1, back)):
        kdp.dp.put(odp.in_port(port) + odp.recirc_id(0) + base, ct(zone, *attrs) + odp.recirc(port),
                   mask)
        kdp.dp.put(odp.in_port(port) + odp.recirc_id(port) + base, odp.output(to), mask)


def second_pass(kdp, packet, *actions, port=1):
    kdp.dp.flush()
    return kdp.again(packet, *actions, id=9, port=port)


def entries(kdp, zone):
    """Lines of the connection table, of one zone."""
    kdp.ns.run(['sh', '-c', 'test -e /proc/net/nf_conntrack'])
    lines = kdp.ns.run('cat /proc/net/nf_conntrack').stdout.splitlines()
    return [line for line in lines if f' zone={zone} ' in line + ' ']


def client(**kwargs):
    port = next(_ports)
    return ip(**kwargs) / UDP(sport=port, dport=2000) / DATA


def answer(p):
    """What the other side answers to a frame that it received."""
    p = Ether(bytes(p))
    back = Ether(src=p.dst, dst=p.src)
    if IP in p:
        back /= IP(src=p[IP].dst, dst=p[IP].src)
    else:
        back /= IPv6(src=p[IPv6].dst, dst=p[IPv6].src)
    if UDP in p:
        return back / UDP(sport=p[UDP].dport, dport=p[UDP].sport) / DATA
    if TCP in p:
        return back / TCP(sport=p[TCP].dport, dport=p[TCP].sport, flags='SA', seq=7000,
                          ack=p[TCP].seq + 1)
    if ICMP in p:
        return back / ICMP(type=0, id=p[ICMP].id, seq=p[ICMP].seq) / DATA
    return back / ICMPv6EchoReply(id=p[ICMPv6EchoRequest].id, seq=p[ICMPv6EchoRequest].seq) / DATA


# ---- tracking

@pytest.mark.covers('OVS_ACTION_ATTR_CT', 'OVS_CT_ATTR_COMMIT', 'OVS_CT_ATTR_ZONE')
def test_commit(kdp, zone):
    """Without commit, nothing is remembered; zones do not know of each other."""
    p = client()
    for _ in range(2):
        u = second_pass(kdp, p, ct(zone))
        assert u.key.u32(uapi.OVS_KEY_ATTR_CT_STATE) == state('new', 'tracked')
    assert not entries(kdp, zone)
    second_pass(kdp, p, ct(zone, odp.commit()))
    line, = entries(kdp, zone)
    assert f'src={IP_A} dst={IP_B} sport={p[UDP].sport} dport=2000' in line and 'UNREPLIED' in line
    u = second_pass(kdp, answer(p), ct(zone))
    assert u.key.u32(uapi.OVS_KEY_ATTR_CT_STATE) == state('established', 'reply_dir', 'tracked')
    u = second_pass(kdp, answer(p), ct(next(_zones)))
    assert u.key.u32(uapi.OVS_KEY_ATTR_CT_STATE) == state('new', 'tracked')


@pytest.mark.covers('OVS_ACTION_ATTR_CT')
def test_tcp_states(kdp, zone):
    """A handshake, and what does not belong to it."""
    def packet(a, b, flags, seq, ack=0):
        return e() / IP(src=a[0], dst=b[0]) / \
            TCP(sport=a[1], dport=b[1], flags=flags, seq=seq, ack=ack)

    c, s = (IP_A, next(_ports)), (IP_B, 80)
    for p, port, want in (
            (packet(c, s, 'S', 100), 1, state('new', 'tracked')),
            (packet(s, c, 'SA', 500, 101), 2, state('established', 'reply_dir', 'tracked')),
            (packet(c, s, 'A', 101, 501), 1, state('established', 'tracked')),
            (packet(s, c, 'SR', 501, 101), 2, state('invalid', 'tracked')),
            (packet(c, s, 'FA', 101, 501), 1, state('established', 'tracked'))):
        u = second_pass(kdp, p, ct(zone, odp.commit()), port=port)
        assert u.key.u32(uapi.OVS_KEY_ATTR_CT_STATE) == want, p.summary()
    assert 'CLOSE' in entries(kdp, zone)[0] or 'FIN_WAIT' in entries(kdp, zone)[0]


@pytest.mark.covers('OVS_ACTION_ATTR_CT')
def test_icmp_and_ipv6(kdp, zone):
    for p in (ip() / ICMP(id=next(_ports)) / DATA,
              ip6() / ICMPv6EchoRequest(id=next(_ports)) / DATA,
              ip6() / UDP(sport=next(_ports), dport=53) / DATA):
        u = second_pass(kdp, p, ct(zone, odp.commit()))
        assert u.key.u32(uapi.OVS_KEY_ATTR_CT_STATE) == state('new', 'tracked'), p.summary()
        u = second_pass(kdp, answer(p), ct(zone), port=2)
        assert u.key.u32(uapi.OVS_KEY_ATTR_CT_STATE) == \
            state('established', 'reply_dir', 'tracked'), p.summary()


@pytest.mark.covers('OVS_ACTION_ATTR_CT_CLEAR')
def test_clear(kdp, zone):
    """What was tracked is not any more: neither in the key, nor for another zone."""
    p = client()
    second_pass(kdp, p, ct(zone, odp.commit(), mark(7)))
    u = second_pass(kdp, p, ct(zone), odp.ct_clear())
    for kind in (uapi.OVS_KEY_ATTR_CT_STATE, uapi.OVS_KEY_ATTR_CT_ZONE, uapi.OVS_KEY_ATTR_CT_MARK):
        assert not any(u.key.get(kind, b''))
    u = second_pass(kdp, p, ct(zone), odp.ct_clear(), ct(zone))
    assert u.key.u32(uapi.OVS_KEY_ATTR_CT_MARK) == 7
    assert kdp.through(client(), ct(zone), odp.ct_clear())


@pytest.mark.covers('OVS_ACTION_ATTR_CT_CLEAR')
def test_clear_without_connection(kdp):
    p = client()
    same(kdp.through(p, odp.ct_clear()), p)
    same(kdp.through(e(0x88b6) / DATA, odp.ct_clear()), e(0x88b6) / DATA)


@pytest.mark.covers('OVS_CT_ATTR_MARK')
def test_mark(kdp, zone):
    """Set under a mask, kept by the connection, shown by its table."""
    p = client()
    u = second_pass(kdp, p, ct(zone, odp.commit(), mark(0x1234)))
    assert u.key.u32(uapi.OVS_KEY_ATTR_CT_MARK) == 0x1234
    u = second_pass(kdp, p, ct(zone, odp.commit(), mark(0xab00, 0xff00)))
    assert u.key.u32(uapi.OVS_KEY_ATTR_CT_MARK) == 0xab34
    u = second_pass(kdp, answer(p), ct(zone))
    assert u.key.u32(uapi.OVS_KEY_ATTR_CT_MARK) == 0xab34
    assert f'mark={0xab34} ' in entries(kdp, zone)[0]


def test_state_behind_caches(kdp, zone):
    """The second pass of a connection's packets is cached by what is known of it."""
    base = odp.in_port(1) + odp.eth() + odp.eth_type(0x800) + odp.ipv4()
    mask = odp.in_port(0xffffffff) + odp.recirc_id(0xffffffff) + odp.eth_type(0xffff)
    p = client()

    def second(state_bits, value, to):
        kdp.dp.put(base + odp.recirc_id(1) + odp.ct_state(state_bits) + odp.ct_mark(value),
                   odp.output(to), mask + odp.ct_state(0xff) + odp.ct_mark(0xffffffff))

    def goes_to(port):
        for _ in range(5):
            assert list(kdp.send(p).out) == [port]

    def change(packet, *attrs):
        kdp.dp.execute(packet, base, ct(zone, *attrs))

    kdp.dp.put(base + odp.recirc_id(0), ct(zone) + odp.recirc(1), mask)
    second(state('new', 'tracked'), 0, 2)
    second(state('established', 'tracked'), 1, 3)
    second(state('established', 'tracked'), 2, 2)
    goes_to(2)
    change(p, odp.commit(), mark(1))
    change(answer(p))
    goes_to(3)
    change(p, odp.commit(), mark(2))
    goes_to(2)
    change(p, odp.commit(), mark(1))
    goes_to(3)


@pytest.mark.covers('OVS_CT_ATTR_LABELS')
def test_labels(kdp, zone):
    p = client()
    one = bytes(range(16))
    u = second_pass(kdp, p, ct(zone, odp.commit(), labels(one)))
    assert u.key[uapi.OVS_KEY_ATTR_CT_LABELS] == one
    bits = bytes(8) + b'\x0f' * 8
    u = second_pass(kdp, p, ct(zone, odp.commit(), labels(bytes(8) + b'\x0a' * 8, bits)))
    want = one[:8] + bytes(b & 0xf0 | 0x0a for b in one[8:])
    assert u.key[uapi.OVS_KEY_ATTR_CT_LABELS] == want
    u = second_pass(kdp, answer(p), ct(zone))
    assert u.key[uapi.OVS_KEY_ATTR_CT_LABELS] == want


@pytest.mark.covers('OVS_CT_ATTR_FORCE_COMMIT')
def test_force_commit(kdp, zone):
    """A connection is made anew if it was begun by the other side."""
    p = client()
    second_pass(kdp, p, ct(zone, odp.commit()))
    u = second_pass(kdp, answer(p), ct(zone, attr(uapi.OVS_CT_ATTR_FORCE_COMMIT)))
    assert u.key.u32(uapi.OVS_KEY_ATTR_CT_STATE) == state('new', 'tracked')
    line, = entries(kdp, zone)
    assert line.index(f'src={IP_B}') < line.index(f'src={IP_A}')


@pytest.mark.covers('OVS_CT_ATTR_EVENTMASK')
def test_event_mask(kdp, zone):
    """Only the events asked for are told: IPCT_NEW (0), IPCT_MARK (7)."""
    events = nfnl.Events(kdp)
    told = {}
    for name, bits in (('all', None), ('none', 0), ('mark', 1 << 7)):
        p = client()
        more = [] if bits is None else [u32(uapi.OVS_CT_ATTR_EVENTMASK, bits)]
        second_pass(kdp, p, ct(zone, odp.commit(), mark(1), *more))
        second_pass(kdp, p, ct(zone, odp.commit(), mark(2), *more))
        told[name] = events.of(zone, p[UDP].sport)
    assert told['all'] and not told['none'] and 'mark 2' in told['mark'][-1]
    assert len(told['mark']) <= len(told['all'])


@pytest.mark.covers('OVS_CT_ATTR_HELPER')
def test_helper(kdp, zone):
    """An FTP server announces a port: the connection to it is related, and bears the mark."""
    ftp = text_attr('ftp')
    c, s = (IP_A, next(_ports)), (IP_B, 21)

    def packet(a, b, flags, seq, ack=0, data=b''):
        return e() / IP(src=a[0], dst=b[0]) / \
            TCP(sport=a[1], dport=b[1], flags=flags, seq=seq, ack=ack) / Raw(data)
    greeting = b'220 ready\r\n'
    entering = b'227 Entering Passive Mode (10,0,0,2,78,32)\r\n'
    for p, port in ((packet(c, s, 'S', 100), 1), (packet(s, c, 'SA', 500, 101), 2),
                    (packet(c, s, 'A', 101, 501), 1),
                    (packet(s, c, 'PA', 501, 101, greeting), 2),
                    (packet(c, s, 'PA', 101, 512, b'PASV\r\n'), 1),
                    (packet(s, c, 'PA', 512, 107, entering), 2)):
        second_pass(kdp, p, ct(zone, odp.commit(), mark(0x77), ftp), port=port)
    data = packet((IP_A, next(_ports)), (IP_B, 78 * 256 + 32), 'S', 1)
    u = second_pass(kdp, data, ct(zone))
    assert u.key.u32(uapi.OVS_KEY_ATTR_CT_STATE) == state('new', 'related', 'tracked')
    assert u.key.u32(uapi.OVS_KEY_ATTR_CT_MARK) == 0x77
    other = packet((IP_A, next(_ports)), (IP_B, 78 * 256 + 33), 'S', 1)
    assert second_pass(kdp, other, ct(zone)).key.u32(uapi.OVS_KEY_ATTR_CT_STATE) == \
        state('new', 'tracked')


def text_attr(helper):
    return ovsnl.text(uapi.OVS_CT_ATTR_HELPER, helper)


def test_unknown_helper(kdp, zone):
    u = kdp.miss(client())
    with pytest.raises(ovsnl.NlError) as err:
        kdp.dp.put(u.raw_key, ct(zone, odp.commit(), text_attr('no-such-helper')))
    assert err.value.name == 'EINVAL'


@pytest.mark.covers('OVS_CT_ATTR_TIMEOUT')
def test_timeout_policy(kdp, zone):
    """A connection lives as long as its policy says."""
    nfnl.add_timeout(kdp, 'short', 17, {1: 3333, 2: 4444})
    policy = ovsnl.text(uapi.OVS_CT_ATTR_TIMEOUT, 'short')
    p = client()
    second_pass(kdp, p, ct(zone, odp.commit(), policy))
    left = int(entries(kdp, zone)[0].split()[4])
    assert 3300 < left <= 3333
    second_pass(kdp, client(), ct(zone, odp.commit()))
    assert min(int(line.split()[4]) for line in entries(kdp, zone)) < 300


# ---- fragments

@pytest.mark.covers('OVS_ACTION_ATTR_CT')
@pytest.mark.parametrize('make', ['ipv4', 'ipv6'])
def test_fragments(kdp, zone, make):
    """They are put together, tracked as one packet, and leave in pieces as large as they came."""
    from scapy.layers.inet import fragment
    from scapy.layers.inet6 import IPv6ExtHdrFragment, fragment6
    port = next(_ports)
    load = Raw(random.Random(1).randbytes(2000))
    if make == 'ipv4':
        whole = ip(id=port) / UDP(sport=port, dport=7) / load
        pieces = [p.__class__(bytes(p)) for p in fragment(whole, fragsize=800)]
        via_ct(kdp, zone, [odp.commit()])
    else:
        whole = IPv6(src=IP6_A, dst=IP6_B) / IPv6ExtHdrFragment(id=port) / \
            UDP(sport=port, dport=7) / load
        pieces = [e() / p for p in fragment6(whole, 848)]
        via_ct(kdp, zone, [odp.commit()], ethertype=0x86dd)
    assert len(pieces) == 3
    r = kdp.send(*pieces)
    # the first pass of each piece, and then the pieces of the whole
    got = r.out[2]
    assert len(got) == 3 and max(map(len, got)) <= max(map(len, map(bytes, pieces)))
    assert not r.upcalls
    offset = 34 if make == 'ipv4' else 62
    assert b''.join(g[offset:] for g in got) == b''.join(bytes(p)[offset:] for p in pieces)
    assert f'sport={port}' in entries(kdp, zone)[0]


# ---- NAT

def nat(kind, ip_min=None, ip_max=None, low=None, high=None, flags=()):
    a = [attr(getattr(uapi, 'OVS_NAT_ATTR_' + kind))]
    packed = (lambda x: odp.ip6(x) if ':' in x else odp.ip4(x))
    if ip_min:
        a.append(attr(uapi.OVS_NAT_ATTR_IP_MIN, packed(ip_min)))
    if ip_max:
        a.append(attr(uapi.OVS_NAT_ATTR_IP_MAX, packed(ip_max)))
    if low is not None:
        a.append(u16(uapi.OVS_NAT_ATTR_PROTO_MIN, low))
    if high is not None:
        a.append(u16(uapi.OVS_NAT_ATTR_PROTO_MAX, high))
    for f in flags:
        a.append(attr(getattr(uapi, 'OVS_NAT_ATTR_' + f)))
    return odp.nat(*a)


def one(r, port):
    assert list(r.out) == [port] and len(r.out[port]) == 1, r
    return r.out[port][0]


def expect(frame, src, sport, dst, dport):
    """Addresses and ports of a frame, and that its checksums are right."""
    p = Ether(frame)
    l3 = p[IP] if IP in p else p[IPv6]
    l4 = l3[UDP] if UDP in l3 else l3[TCP]
    assert (l3.src, l3.dst) == (src, dst)
    assert sport is None or l4.sport in (sport if isinstance(sport, range) else (sport,)), l4.sport
    assert dport is None or l4.dport == dport, l4.dport
    fresh = p.copy()
    if IP in fresh:
        del fresh[IP].chksum
    l4 = fresh[UDP] if UDP in fresh else fresh[TCP]
    del l4.chksum
    same(frame, fresh)
    return p


@pytest.mark.covers('OVS_CT_ATTR_NAT', 'OVS_NAT_ATTR_SRC', 'OVS_NAT_ATTR_IP_MIN',
                    'OVS_NAT_ATTR_PROTO_MIN', 'OVS_NAT_ATTR_PROTO_MAX')
@pytest.mark.parametrize('proto', [UDP, TCP])
def test_source_nat(kdp, zone, proto):
    """There with another source, back to the true one."""
    via_ct(kdp, zone, [odp.commit(), nat('SRC', '10.1.1.5', low=5000, high=5009)], [odp.nat()])
    p = ip() / proto(sport=next(_ports), dport=2000) / DATA
    out = expect(one(kdp.send(p), 2), '10.1.1.5', range(5000, 5010), IP_B, 2000)
    back = answer(out)
    expect(one(kdp.send(back, port=2), 1), IP_B, 2000, IP_A, p[proto].sport)
    # and the next packet of the connection, as the first one
    again = expect(one(kdp.send(p), 2), '10.1.1.5', out[proto].sport, IP_B, 2000)
    assert again[proto].sport == out[proto].sport
    u = second_pass(kdp, p, ct(zone, odp.nat()))
    assert u.key.u32(uapi.OVS_KEY_ATTR_CT_STATE) == state('established', 'tracked', 'src_nat')
    # the key has what is in the packet now
    kind = uapi.OVS_KEY_ATTR_UDP if proto is UDP else uapi.OVS_KEY_ATTR_TCP
    assert u.key[kind] == struct.pack('!HH', out[proto].sport, 2000)
    assert u.key[uapi.OVS_KEY_ATTR_IPV4][:4] == odp.ip4('10.1.1.5')


@pytest.mark.covers('OVS_NAT_ATTR_DST')
def test_destination_nat(kdp, zone):
    via_ct(kdp, zone, [odp.commit(), nat('DST', SERVER_IP, low=8080)], [odp.nat()])
    p = client()
    out = expect(one(kdp.send(p), 2), IP_A, p[UDP].sport, SERVER_IP, 8080)
    expect(one(kdp.send(answer(out), port=2), 1), IP_B, 2000, IP_A, p[UDP].sport)
    u = second_pass(kdp, p, ct(zone, odp.nat()))
    assert u.key.u32(uapi.OVS_KEY_ATTR_CT_STATE) & ~CS['src_nat'] == \
        state('established', 'tracked', 'dst_nat')


@pytest.mark.covers('OVS_NAT_ATTR_IP_MIN', 'OVS_NAT_ATTR_IP_MAX')
def test_source_nat_of_a_range(kdp, zone):
    """Clients are spread over the addresses, and none gets another one."""
    via_ct(kdp, zone, [odp.commit(), nat('SRC', '10.1.1.5', '10.1.1.8')])
    seen = set()
    for i in range(24):
        p = client(src=f'10.0.1.{i}')
        out = Ether(one(kdp.send(p), 2))
        expect(bytes(out), out[IP].src, p[UDP].sport, IP_B, 2000)
        seen.add(out[IP].src)
    assert len(seen) > 1 and seen <= {f'10.1.1.{i}' for i in range(5, 9)}


@pytest.mark.covers('OVS_NAT_ATTR_PERSISTENT')
def test_persistent(kdp, zone):
    """A client has the same address whomever it talks to."""
    via_ct(kdp, zone, [odp.commit(), nat('SRC', '10.1.1.1', '10.1.1.200', flags=['PERSISTENT'])])
    seen = {Ether(one(kdp.send(ip(dst=f'10.0.2.{i}') / UDP(sport=next(_ports), dport=9) / DATA),
                      2))[IP].src for i in range(12)}
    assert len(seen) == 1
    kdp.dp.flush()
    via_ct(kdp, next(_zones), [odp.commit(), nat('SRC', '10.1.1.1', '10.1.1.200')])
    seen = {Ether(one(kdp.send(ip(dst=f'10.0.2.{i}') / UDP(sport=next(_ports), dport=9) / DATA),
                      2))[IP].src for i in range(12)}
    assert len(seen) > 1


@pytest.mark.covers('OVS_NAT_ATTR_PROTO_HASH', 'OVS_NAT_ATTR_PROTO_RANDOM')
@pytest.mark.parametrize('flag', ['PROTO_HASH', 'PROTO_RANDOM'])
def test_random_ports(kdp, zone, flag):
    """Ports that nobody asked for, from the range."""
    via_ct(kdp, zone, [odp.commit(), nat('SRC', '10.1.1.5', low=3000, high=3999, flags=[flag])],
           [odp.nat()])
    ports = []
    for _ in range(12):
        p = client()
        out = expect(one(kdp.send(p), 2), '10.1.1.5', range(3000, 4000), IP_B, 2000)
        ports.append(out[UDP].sport)
        expect(one(kdp.send(answer(out), port=2), 1), IP_B, 2000, IP_A, p[UDP].sport)
    steps = {b - a for a, b in zip(ports, ports[1:])}
    assert len(set(ports)) > 6 and len(steps) > 3, ports


@pytest.mark.covers('OVS_CT_ATTR_NAT')
def test_nat_of_ipv6(kdp, zone):
    via_ct(kdp, zone, [odp.commit(), nat('SRC', '2001:db8:1::5', low=6000, high=6009)], [odp.nat()],
           ethertype=0x86dd)
    p = ip6() / UDP(sport=next(_ports), dport=2000) / DATA
    out = expect(one(kdp.send(p), 2), '2001:db8:1::5', range(6000, 6010), IP6_B, 2000)
    expect(one(kdp.send(answer(out), port=2), 1), IP6_B, 2000, IP6_A, p[UDP].sport)


@pytest.mark.covers('OVS_CT_ATTR_NAT')
def test_nat_of_icmp_error(kdp, zone):
    """The packet that an error quotes is translated with it."""
    via_ct(kdp, zone, [odp.commit(), nat('SRC', '10.1.1.5', low=5000, high=5000)], [odp.nat()])
    p = client()
    out = Ether(one(kdp.send(p), 2))
    error = e(src=C, dst=A) / IP(src=IP_C, dst='10.1.1.5') / ICMP(type=3, code=1) / out[IP]
    back = Ether(one(kdp.send(error, port=2), 1))
    assert back[IP].dst == IP_A
    quoted = IP(bytes(back[ICMP].payload))
    assert (quoted.src, quoted[UDP].sport) == (IP_A, p[UDP].sport)


@pytest.mark.covers('OVS_CT_ATTR_NAT')
def test_nat_twice_in_a_pass(kdp, zone):
    """Two zones, one behind the other."""
    other = next(_zones)
    p = client()
    u = second_pass(kdp, p, ct(zone, odp.commit(), nat('SRC', '10.1.1.5', low=5000)),
                    ct(other, odp.commit(), nat('DST', SERVER_IP, low=8080)))
    expect(u.packet, '10.1.1.5', 5000, SERVER_IP, 8080)


# ---- limits

@pytest.mark.covers('OVS_CT_LIMIT_CMD_SET', 'OVS_CT_LIMIT_CMD_GET', 'OVS_CT_LIMIT_CMD_DEL',
                    'OVS_CT_LIMIT_ATTR_ZONE_LIMIT')
def test_limits(kdp, zone):
    """A zone has as many connections as it may; packets of more are dropped."""
    dp = kdp.dp
    default = uapi.OVS_ZONE_LIMIT_DEFAULT_ZONE
    dp.ct_limit(uapi.OVS_CT_LIMIT_CMD_SET, (default, 50), (zone, 3))
    try:
        got = dp.ct_limit(uapi.OVS_CT_LIMIT_CMD_GET)
        assert got[zone] == (3, 0) and got[default][0] == 50
        via_ct(kdp, zone, [odp.commit()])
        passed = [bool(kdp.send(client()).out) for _ in range(6)]
        assert passed == [True] * 3 + [False] * 3
        assert dp.ct_limit(uapi.OVS_CT_LIMIT_CMD_GET, (zone, 0)) == {zone: (3, 3)}
        assert len(entries(kdp, zone)) == 3
        # a zone without a limit of its own has the default one
        other = next(_zones)
        assert dp.ct_limit(uapi.OVS_CT_LIMIT_CMD_GET, (other, 0))[other][0] == 50
        dp.ct_limit(uapi.OVS_CT_LIMIT_CMD_DEL, (zone, 0))
        assert dp.ct_limit(uapi.OVS_CT_LIMIT_CMD_GET, (zone, 0))[zone][0] == 50
        assert zone not in dp.ct_limit(uapi.OVS_CT_LIMIT_CMD_GET)
    finally:
        dp.ct_limit(uapi.OVS_CT_LIMIT_CMD_SET, (default, 0))
        dp.ct_limit(uapi.OVS_CT_LIMIT_CMD_DEL, (zone, 0))
