# SPDX-License-Identifier: Apache-2.0
"""The family ovs_flow: each command and attribute, and dumps while flows change."""

import os
import struct
import threading
import time

import pytest
from scapy.layers.inet import IP, TCP, UDP

import odp
import ovsnl
import uapi
from frames import DATA, e, ip, udp
from ovsnl import NLM_F_CREATE, NLM_F_ECHO, NLM_F_EXCL, NlError, attr, u32

UDP_AB = ip() / udp()
BASE = odp.recirc_id(0) + odp.in_port(1)
MASK = odp.recirc_id(0xffffffff) + odp.in_port(0xffffffff) + odp.eth_type(0xffff) + \
    odp.ipv4(proto=255)


def key(port):
    return BASE + odp.eth() + odp.eth_type(0x800) + odp.ipv4(proto=17) + odp.udp(dst=port)


MASK_PORT = MASK + odp.udp(dst=0xffff)
K = uapi.OVS_FLOW_ATTR_KEY


def refused(kdp, name, cmd, *attrs, **kwargs):
    with pytest.raises(NlError) as err:
        kdp.dp.flow(cmd, *attrs, **kwargs)
    assert err.value.name == name


@pytest.mark.covers('OVS_FLOW_CMD_NEW', 'OVS_FLOW_CMD_GET', 'OVS_FLOW_CMD_SET', 'OVS_FLOW_CMD_DEL',
                    'OVS_FLOW_ATTR_KEY', 'OVS_FLOW_ATTR_MASK', 'OVS_FLOW_ATTR_ACTIONS')
def test_life(kdp):
    dp = kdp.dp
    dp.put(key(5), odp.output(2), MASK_PORT)
    f = dp.get_flow(key(5))
    assert f.actions == odp.output(2) and f.n_packets == 0 and f.used is None
    assert f.key[uapi.OVS_KEY_ATTR_UDP] == struct.pack('!HH', 0, 5)
    assert f.mask[uapi.OVS_KEY_ATTR_UDP] == struct.pack('!HH', 0, 0xffff)
    # there is one already
    with pytest.raises(NlError) as err:
        dp.put(key(5), odp.output(3), MASK_PORT)
    assert err.value.name == 'EEXIST'
    assert dp.get_flow(key(5)).actions == odp.output(2)
    # new without flags is as good as set
    dp.put(key(5), odp.output(3), MASK_PORT, flags=0)
    assert dp.get_flow(key(5)).actions == odp.output(3)
    f, = dp.flow(uapi.OVS_FLOW_CMD_SET, attr(K, key(5)), attr(uapi.OVS_FLOW_ATTR_MASK, MASK_PORT),
                 attr(uapi.OVS_FLOW_ATTR_ACTIONS, odp.output(1)), flags=NLM_F_ECHO)
    assert f.actions == odp.output(1)
    f, = dp.flow(uapi.OVS_FLOW_CMD_DEL, attr(K, key(5)), flags=NLM_F_ECHO)
    assert f.raw_key
    for cmd in (uapi.OVS_FLOW_CMD_GET, uapi.OVS_FLOW_CMD_DEL):
        refused(kdp, 'ENOENT', cmd, attr(K, key(5)))
    refused(kdp, 'ENOENT', uapi.OVS_FLOW_CMD_SET, attr(K, key(5)),
            attr(uapi.OVS_FLOW_ATTR_MASK, MASK_PORT), attr(uapi.OVS_FLOW_ATTR_ACTIONS))
    assert not dp.flows()


def test_set_without_create(kdp):
    """A put of what is not there makes it only if it says so."""
    with pytest.raises(NlError) as err:
        kdp.dp.flow(uapi.OVS_FLOW_CMD_SET, attr(K, key(5)),
                    attr(uapi.OVS_FLOW_ATTR_MASK, MASK_PORT),
                    attr(uapi.OVS_FLOW_ATTR_ACTIONS, odp.output(1)))
    assert err.value.name == 'ENOENT' and not kdp.dp.flows()


@pytest.mark.covers('OVS_FLOW_ATTR_STATS', 'OVS_FLOW_ATTR_USED', 'OVS_FLOW_ATTR_TCP_FLAGS',
                    'OVS_FLOW_ATTR_CLEAR')
def test_stats(kdp):
    p = ip() / TCP(sport=1, dport=5, flags='S') / DATA
    q = ip() / TCP(sport=1, dport=5, flags='PA') / DATA
    k = BASE + odp.eth() + odp.eth_type(0x800) + odp.ipv4(proto=6) + odp.tcp() + odp.tcp_flags(0)
    kdp.dp.put(k, odp.output(2), MASK)
    before = time.monotonic()
    kdp.send(p, q, p)
    f = kdp.dp.get_flow(k)
    assert (f.n_packets, f.n_bytes) == (3, 3 * len(p))
    assert f.tcp_flags == 0x02 | 0x18
    # milliseconds of the monotonic clock, a tick of which may be some of them
    assert before * 1000 - 50 <= f.used <= time.monotonic() * 1000 + 50
    assert kdp.dp.flows()[0].n_packets == 3
    f, = kdp.dp.flow(uapi.OVS_FLOW_CMD_SET, attr(K, k), attr(uapi.OVS_FLOW_ATTR_CLEAR),
                     flags=NLM_F_ECHO)
    f = kdp.dp.get_flow(k)
    assert (f.n_packets, f.n_bytes, f.tcp_flags, f.used) == (0, 0, 0, None)
    assert f.actions == odp.output(2)
    kdp.send(q)
    f, = kdp.dp.flow(uapi.OVS_FLOW_CMD_DEL, attr(K, k), flags=NLM_F_ECHO)
    assert (f.n_packets, f.tcp_flags) == (1, 0x18)


UFID = bytes(range(16))


@pytest.mark.covers('OVS_FLOW_ATTR_UFID', 'OVS_FLOW_ATTR_UFID_FLAGS', 'OVS_UFID_F_OMIT_KEY',
                    'OVS_UFID_F_OMIT_MASK', 'OVS_UFID_F_OMIT_ACTIONS')
def test_ufid(kdp):
    """A flow by its name: found, changed, removed, and dumped without what need not be told."""
    ufid = attr(uapi.OVS_FLOW_ATTR_UFID, UFID)
    kdp.dp.put(key(5), odp.output(2), MASK_PORT, ufid)
    f, = kdp.dp.flow(uapi.OVS_FLOW_CMD_GET, ufid)
    assert f.ufid == UFID and f.raw_key and f.raw_mask and f.actions == odp.output(2)
    for flags, has in ((1, (False, True, True)), (2, (True, False, True)), (4, (True, True, False)),
                       (7, (False, False, False))):
        want = u32(uapi.OVS_FLOW_ATTR_UFID_FLAGS, flags)
        for f in (kdp.dp.flow(uapi.OVS_FLOW_CMD_GET, ufid, want)[0], kdp.dp.flows(want)[0]):
            assert f.ufid == UFID
            got = (f.raw_key is not None, f.raw_mask is not None, f.actions is not None)
            assert got == has, flags
    # the name alone is not enough where the key is not the same
    with pytest.raises(NlError) as err:
        kdp.dp.put(key(6), odp.output(3), MASK_PORT, ufid)
    assert err.value.name == 'EEXIST'
    f, = kdp.dp.flow(uapi.OVS_FLOW_CMD_SET, ufid, attr(K, key(5)),
                     attr(uapi.OVS_FLOW_ATTR_MASK, MASK_PORT),
                     attr(uapi.OVS_FLOW_ATTR_ACTIONS, odp.output(3)), flags=NLM_F_ECHO)
    f, = kdp.dp.flow(uapi.OVS_FLOW_CMD_GET, ufid)
    assert f.actions == odp.output(3)
    kdp.send(ip() / udp(dport=5))
    f, = kdp.dp.flow(uapi.OVS_FLOW_CMD_DEL, ufid, u32(uapi.OVS_FLOW_ATTR_UFID_FLAGS, 7),
                     flags=NLM_F_ECHO)
    assert f.ufid == UFID and f.raw_key is None and f.n_packets == 1
    refused(kdp, 'ENOENT', uapi.OVS_FLOW_CMD_GET, ufid)


def test_ufid_of_another_length(kdp):
    for length in (1, 8, 16):
        kdp.dp.put(key(length), b'', MASK_PORT, attr(uapi.OVS_FLOW_ATTR_UFID, UFID[:length]))
        f, = kdp.dp.flow(uapi.OVS_FLOW_CMD_GET, attr(uapi.OVS_FLOW_ATTR_UFID, UFID[:length]))
        assert f.ufid == UFID[:length]
    for length in (0, 17):
        # what cannot be a name is none: the key is what counts, if there is one
        with pytest.raises(NlError) as err:
            kdp.dp.flow(uapi.OVS_FLOW_CMD_GET,
                        attr(uapi.OVS_FLOW_ATTR_UFID, (UFID + b'x')[:length]))
        assert err.value.name in ('EINVAL', 'ERANGE')


@pytest.mark.parametrize('masks', [(MASK_PORT, MASK), (MASK, MASK_PORT)], ids=['wider', 'narrower'])
def test_overlap(kdp, masks):
    """A flow whose packets another one takes already is refused: which of them would be open."""
    kdp.dp.put(key(5), odp.output(2), masks[0])
    with pytest.raises(NlError) as err:
        kdp.dp.put(key(5), odp.output(3), masks[1])
    assert err.value.name == 'EEXIST'
    p = ip() / udp(dport=5)
    assert kdp.send(p).out == {2: [bytes(p)]}


@pytest.mark.covers('OVS_FLOW_CMD_DEL')
def test_flush(kdp):
    for i in range(300):
        kdp.dp.put(key(i), b'', MASK_PORT)
    assert len(kdp.dp.flows()) == 300 and kdp.dp.stats()[3] == 300
    kdp.dp.flush()
    assert not kdp.dp.flows() and kdp.dp.stats()[3] == 0


def test_notifications(kdp):
    """Who listens is told of each flow that is made, changed or removed."""
    s = kdp.socket()
    s.family('ovs_flow')
    s.join('ovs_flow', 'ovs_flow')
    kdp.dp.put(key(5), odp.output(2), MASK_PORT)
    kdp.dp.flow(uapi.OVS_FLOW_CMD_SET, attr(K, key(5)), attr(uapi.OVS_FLOW_ATTR_MASK, MASK_PORT),
                attr(uapi.OVS_FLOW_ATTR_ACTIONS, odp.output(3)))
    kdp.dp.flow(uapi.OVS_FLOW_CMD_DEL, attr(K, key(5)))
    told = []
    while got := s.messages(0.3):
        told += [m.cmd for m in got if m.family == 'ovs_flow']
    # a change is told as if it were made anew
    assert told in ([uapi.OVS_FLOW_CMD_NEW, n, uapi.OVS_FLOW_CMD_DEL]
                    for n in (uapi.OVS_FLOW_CMD_NEW, uapi.OVS_FLOW_CMD_SET))


def test_masked_bits_do_not_count(kdp):
    """A key is taken under its mask: bits outside neither match nor tell two flows apart."""
    kdp.dp.put(BASE + odp.eth() + odp.eth_type(0x800) + odp.ipv4(dst='10.0.0.77', proto=17) +
               odp.udp(1, 5), odp.output(2), MASK_PORT)
    p = ip() / udp(dport=5)
    assert kdp.send(p).out == {2: [bytes(p)]}
    with pytest.raises(NlError) as err:
        kdp.dp.put(BASE + odp.eth() + odp.eth_type(0x800) + odp.ipv4(dst='10.0.0.78', proto=17) +
                   odp.udp(2, 5), odp.output(2), MASK_PORT)
    assert err.value.name == 'EEXIST'


@pytest.mark.differs('stock', 'it leaves out flows')
def test_dump_while_flows_change(kdp):
    """A flow that stays is in each dump, however many come and go; none is there twice.

    4,000 stay and 200 go round, so that the table grows and shrinks below the dumps."""
    stay = 4000
    for i in range(stay):
        kdp.dp.put(key(i), odp.output(2), MASK_PORT,
                   attr(uapi.OVS_FLOW_ATTR_UFID, struct.pack('=QQ', 1, i)))
    over = threading.Event()
    fault = []

    def change():
        d = ovsnl.Socket(kdp.make_socket())
        try:
            n = 0
            while not over.is_set():
                port = 10000 + n % 200
                d.request('ovs_flow', uapi.OVS_FLOW_CMD_NEW, kdp.dp.ifindex, attr(K, key(port)),
                          attr(uapi.OVS_FLOW_ATTR_ACTIONS),
                          attr(uapi.OVS_FLOW_ATTR_MASK, MASK_PORT),
                          attr(uapi.OVS_FLOW_ATTR_UFID, struct.pack('=QQ', 2, n)),
                          flags=NLM_F_CREATE | NLM_F_EXCL)
                if n >= 199:
                    d.request('ovs_flow', uapi.OVS_FLOW_CMD_DEL, kdp.dp.ifindex,
                              attr(uapi.OVS_FLOW_ATTR_UFID, struct.pack('=QQ', 2, n - 199)))
                n += 1
        except Exception as x:
            fault.append(x)
        finally:
            d.close()
    t = threading.Thread(target=change)
    t.start()
    try:
        for _ in range(3):
            got = [f.ufid for f in kdp.dp.flows(u32(uapi.OVS_FLOW_ATTR_UFID_FLAGS, 7))]
            kept = [u for u in got if u[:8] == struct.pack('=Q', 1)]
            if not kdp.dp.nl.interrupted:
                assert len(set(kept)) == stay and len(kept) == stay
    finally:
        over.set()
        t.join()
    assert not fault, fault


@pytest.mark.parametrize('flows, masks', [(1000, 1), (1000, 20)])
def test_many_flows(kdp, flows, masks):
    """Each packet takes its own flow, under few masks and many."""
    for i in range(flows):
        bits = (0xffffffff << i % masks) & 0xffffffff
        mask = odp.recirc_id(0xffffffff) + odp.in_port(0xffffffff) + odp.eth_type(0xffff) + \
            odp.ipv4(src=bits, proto=255) + odp.udp(dst=0xffff)
        kdp.dp.put(BASE + odp.eth() + odp.eth_type(0x800) + odp.ipv4(src='10.0.0.0', proto=17) +
                   odp.udp(dst=i), odp.output(2 + i % 2), mask)
    assert struct.unpack('=QIIQQ', kdp.dp.get()[uapi.OVS_DP_ATTR_MEGAFLOW_STATS])[1] == masks
    frame = bytearray(bytes(e() / IP(src='10.0.0.0', dst='10.0.0.2') /
                            UDP(dport=0, chksum=0) / DATA))
    for start in range(0, flows, 100):
        for i in range(start, min(start + 100, flows)):
            frame[36:38] = struct.pack('!H', i)
            kdp.socks[1].send(frame)
            if i % 3 == 0:
                kdp.socks[1].send(frame)
        assert not kdp.settle()
        out, _ = kdp.received()
        for port in (2, 3):
            want = [i for i in range(start, min(start + 100, flows)) if i % 2 == port - 2
                    for _ in range(2 if i % 3 == 0 else 1)]
            assert [struct.unpack_from('!H', f, 36)[0] for f in out[port]] == want
    assert all(f.n_packets in (1, 2) for f in kdp.dp.flows())


def test_change_under_traffic(kdp):
    """New actions hold for the next packet, on the CPU that has the flow in its cache."""
    p = ip() / udp(dport=5)
    kdp.dp.put(key(5), odp.output(2), MASK_PORT)
    for i in range(20):
        port = 2 + i % 2
        kdp.dp.put(key(5), odp.output(port), MASK_PORT, flags=0)
        assert kdp.send(p, p).out == {port: [bytes(p)] * 2}
    kdp.dp.flow(uapi.OVS_FLOW_CMD_DEL, attr(K, key(5)))
    r = kdp.send(p)
    assert not r.out and len(r.upcalls) == 1
    # a more exact flow does not stay hidden behind what was cached
    kdp.dp.put(key(5), odp.output(2), MASK_PORT)
    kdp.send(p)
    kdp.dp.flow(uapi.OVS_FLOW_CMD_DEL, attr(K, key(5)))
    kdp.dp.put(key(5), odp.output(3), MASK)
    assert kdp.send(p).out == {3: [bytes(p)]}
