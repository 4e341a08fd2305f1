# SPDX-License-Identifier: Apache-2.0
"""The families ovs_datapath and ovs_packet: each command and attribute, and what is refused."""

import os
import socket
import struct

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Dot1Q
from scapy.packet import Raw

import odp
import ovsnl
import uapi
from frames import DATA, e, ip, udp
from kdp import same
from ovsnl import NLM_F_DUMP, NLM_F_ECHO, NlError, attr, text, u16, u32

UDP_AB = ip() / udp()
UNALIGNED, VPORT_PIDS = uapi.OVS_DP_F_UNALIGNED, uapi.OVS_DP_F_VPORT_PIDS


@pytest.fixture
def make(kdp):
    """Makes datapaths, which go with the test."""
    made = []

    def create(name, features=None):
        d = ovsnl.Datapath(name, kdp.make_socket, features)
        made.append(d)
        return d
    yield create
    for d in made:
        try:
            d.delete()
        except NlError:
            pass
        d.close()


def new(nl, *attrs, **kwargs):
    return nl.request('ovs_datapath', uapi.OVS_DP_CMD_NEW, 0, *attrs, flags=NLM_F_ECHO, **kwargs)


@pytest.mark.covers('OVS_DP_CMD_NEW', 'OVS_DP_CMD_GET', 'OVS_DP_CMD_DEL', 'OVS_DP_ATTR_NAME',
                    'OVS_DP_ATTR_UPCALL_PID')
def test_life(kdp, make):
    """Made with a device of its name; found by number and by name; gone with its device."""
    d = make('kdp1')
    a = d.get()
    assert a.text(uapi.OVS_DP_ATTR_NAME) == 'kdp1'
    assert kdp.ns.run('cat /sys/class/net/kdp1/ifindex').stdout.strip() == str(d.ifindex)
    m, = kdp.dp.nl.request('ovs_datapath', uapi.OVS_DP_CMD_GET, 0,
                           text(uapi.OVS_DP_ATTR_NAME, 'kdp1'))
    assert m.dp_ifindex == d.ifindex
    everyone = kdp.dp.nl.request('ovs_datapath', uapi.OVS_DP_CMD_GET, 0, flags=NLM_F_DUMP)
    assert {m.attrs.text(uapi.OVS_DP_ATTR_NAME) for m in everyone} == {'kdp0', 'kdp1'}
    d.delete()
    with pytest.raises(NlError) as err:
        d.get()
    assert err.value.name == 'ENODEV'
    assert kdp.ns.run('cat /sys/class/net/kdp1/ifindex', check=False).returncode
    with pytest.raises(NlError) as err:
        d.delete()
    assert err.value.name == 'ENODEV'


def test_not_made(kdp, make):
    nl = kdp.dp.nl
    pid = u32(uapi.OVS_DP_ATTR_UPCALL_PID, 0)
    for attrs, want in (((pid,), 'EINVAL'), ((text(uapi.OVS_DP_ATTR_NAME, 'kdp2'),), 'EINVAL'),
                        ((text(uapi.OVS_DP_ATTR_NAME, 'kdp0'), pid), 'EEXIST'),
                        ((text(uapi.OVS_DP_ATTR_NAME, 'x' * 16), pid), ('ERANGE', 'EINVAL')),
                        ((text(uapi.OVS_DP_ATTR_NAME, 'kdp2'), pid,
                          u32(uapi.OVS_DP_ATTR_USER_FEATURES, 1 << 30)), 'EOPNOTSUPP')):
        with pytest.raises(NlError) as err:
            new(nl, *attrs)
        assert err.value.name in want if isinstance(want, tuple) else err.value.name == want, attrs
        assert 'kdp2' not in kdp.ns.ip('link')


@pytest.mark.covers('OVS_DP_ATTR_STATS')
def test_stats(kdp):
    hit, missed, lost, _ = kdp.dp.stats()
    kdp.learn(UDP_AB, [odp.output(2)])
    kdp.send(*[UDP_AB] * 5)
    got = kdp.dp.stats()
    # the markers of learn() and send() miss, too
    assert got == (hit + 5, missed + 3, lost, 1)


@pytest.mark.covers('OVS_DP_ATTR_STATS')
def test_lost(kdp):
    """A miss that nobody listens to is counted as lost."""
    lost = kdp.dp.stats()[2]
    kdp.dp.nl.request('ovs_vport', uapi.OVS_VPORT_CMD_SET, kdp.dp.ifindex,
                      u32(uapi.OVS_VPORT_ATTR_PORT_NO, 3), u32(uapi.OVS_VPORT_ATTR_UPCALL_PID, 0))
    try:
        kdp.socks[3].send(UDP_AB)
        kdp.settle(1)
    finally:
        kdp.dp.nl.request('ovs_vport', uapi.OVS_VPORT_CMD_SET, kdp.dp.ifindex,
                          u32(uapi.OVS_VPORT_ATTR_PORT_NO, 3),
                          u32(uapi.OVS_VPORT_ATTR_UPCALL_PID, kdp.dp.up.pid))
    assert kdp.dp.stats()[2] == lost + 1


@pytest.mark.covers('OVS_DP_ATTR_MEGAFLOW_STATS')
def test_megaflow_stats(kdp):
    def masks():
        return struct.unpack('=QIIQQ', kdp.dp.get()[uapi.OVS_DP_ATTR_MEGAFLOW_STATS])[1]
    assert masks() == 0
    mask = odp.in_port(0xffffffff) + odp.eth_type(0xffff)
    base = odp.eth() + odp.recirc_id(0)
    for i in range(4):
        kdp.dp.put(odp.in_port(i) + base + odp.eth_type(0x88b6), b'', mask)
    assert masks() == 1
    kdp.dp.put(odp.in_port(1) + base + odp.eth_type(0x88b7), b'', mask + odp.recirc_id(0xffffffff))
    assert masks() == 2
    kdp.dp.flush()
    assert masks() == 0


@pytest.mark.covers('OVS_DP_CMD_SET', 'OVS_DP_ATTR_USER_FEATURES')
def test_features(kdp, make):
    d = make('kdp1', UNALIGNED)
    assert d.get().u32(uapi.OVS_DP_ATTR_USER_FEATURES) == UNALIGNED
    d.set(u32(uapi.OVS_DP_ATTR_USER_FEATURES, UNALIGNED | VPORT_PIDS))
    assert d.get().u32(uapi.OVS_DP_ATTR_USER_FEATURES) == UNALIGNED | VPORT_PIDS
    with pytest.raises(NlError) as err:
        d.set(u32(uapi.OVS_DP_ATTR_USER_FEATURES, 1 << 30))
    assert err.value.name == 'EOPNOTSUPP'
    assert d.get().u32(uapi.OVS_DP_ATTR_USER_FEATURES) == UNALIGNED | VPORT_PIDS


@pytest.mark.covers('OVS_DP_ATTR_MASKS_CACHE_SIZE')
def test_masks_cache_size(kdp, make):
    d = make('kdp1')
    assert d.get().u32(uapi.OVS_DP_ATTR_MASKS_CACHE_SIZE) == 256
    for size in (0, 4096, 256):
        d.set(u32(uapi.OVS_DP_ATTR_MASKS_CACHE_SIZE, size))
        assert d.get().u32(uapi.OVS_DP_ATTR_MASKS_CACHE_SIZE) == size
    with pytest.raises(NlError) as err:
        d.set(u32(uapi.OVS_DP_ATTR_MASKS_CACHE_SIZE, 0xffffffff))
    assert err.value.name in ('EINVAL', 'ERANGE')


@pytest.mark.covers('OVS_DP_F_DISPATCH_UPCALL_PER_CPU', 'OVS_DP_ATTR_PER_CPU_PIDS')
def test_upcalls_per_cpu(kdp):
    """The socket that belongs to the CPU gets the miss, whatever the port says."""
    cpus = os.cpu_count()
    socks = [kdp.socket() for _ in range(cpus)]
    kdp.dp.set(u32(uapi.OVS_DP_ATTR_USER_FEATURES,
                   UNALIGNED | uapi.OVS_DP_F_DISPATCH_UPCALL_PER_CPU),
               attr(uapi.OVS_DP_ATTR_PER_CPU_PIDS,
                    struct.pack(f'={cpus}I', *(s.pid for s in socks))))
    try:
        for cpu in range(cpus):
            os.sched_setaffinity(0, {cpu})
            kdp.socks[1].send(UDP_AB)
            u = kdp.dp.upcall(sock=socks[cpu])
            assert u.kind == 'miss' and u.packet == bytes(UDP_AB)
        assert not kdp.dp.upcalls(0.05)
    finally:
        os.sched_setaffinity(0, {0})
        kdp.dp.set(u32(uapi.OVS_DP_ATTR_USER_FEATURES, UNALIGNED | VPORT_PIDS))
    assert kdp.miss(UDP_AB)


@pytest.mark.covers('OVS_DP_F_VPORT_PIDS', 'OVS_VPORT_ATTR_UPCALL_PID')
@pytest.mark.differs('stock', 'it refuses more sockets than one')
def test_upcalls_per_port(kdp):
    """Flows are spread over the sockets of a port, and a flow stays with its socket."""
    socks = [kdp.socket() for _ in range(3)]
    which = u32(uapi.OVS_VPORT_ATTR_PORT_NO, 3)
    try:
        kdp.dp.nl.request('ovs_vport', uapi.OVS_VPORT_CMD_SET, kdp.dp.ifindex, which,
                          attr(uapi.OVS_VPORT_ATTR_UPCALL_PID,
                               struct.pack('=3I', *(s.pid for s in socks))))
        assert kdp.dp.port(3)[uapi.OVS_VPORT_ATTR_UPCALL_PID] == \
            struct.pack('=3I', *(s.pid for s in socks))
        for i in range(24):
            kdp.socks[3].send(*[ip() / udp(sport=i)] * 2)
        kdp.settle(1)
        got = [{u.packet for u in kdp.dp.upcalls(0.1, s)} for s in socks]
        assert sum(map(len, got)) == 24 and sum(map(bool, got)) > 1
        assert len(set.union(*got)) == 24
    finally:
        kdp.dp.nl.request('ovs_vport', uapi.OVS_VPORT_CMD_SET, kdp.dp.ifindex, which,
                          u32(uapi.OVS_VPORT_ATTR_UPCALL_PID, kdp.dp.up.pid))


@pytest.mark.covers('OVS_DP_F_TC_RECIRC_SHARING')
def test_recirc_sharing(kdp, make):
    """A feature of the kernel's own, for offloads of tc: taken, or refused as not supported."""
    d = make('kdp1')
    want = UNALIGNED | uapi.OVS_DP_F_TC_RECIRC_SHARING
    try:
        d.set(u32(uapi.OVS_DP_ATTR_USER_FEATURES, want))
    except NlError as err:
        assert err.name == 'EOPNOTSUPP'
    else:
        assert d.get().u32(uapi.OVS_DP_ATTR_USER_FEATURES) == want


@pytest.mark.covers('OVS_DP_ATTR_IFINDEX')
def test_wanted_ifindex(kdp, make):
    m, = new(kdp.dp.nl, text(uapi.OVS_DP_ATTR_NAME, 'kdp1'), u32(uapi.OVS_DP_ATTR_UPCALL_PID, 0),
             u32(uapi.OVS_DP_ATTR_USER_FEATURES, UNALIGNED), u32(uapi.OVS_DP_ATTR_IFINDEX, 4321))
    assert m.dp_ifindex == 4321
    kdp.dp.nl.request('ovs_datapath', uapi.OVS_DP_CMD_DEL, 4321)


def test_notifications(kdp, make):
    s = kdp.socket()
    s.join('ovs_datapath', 'ovs_datapath')
    d = make('kdp1')
    d.set(u32(uapi.OVS_DP_ATTR_USER_FEATURES, UNALIGNED))
    d.delete()
    told = []
    while got := s.messages(0.3):
        told += [(m.cmd, m.attrs.text(uapi.OVS_DP_ATTR_NAME)) for m in got]
    # a change is told as if it were made anew
    assert [t for t in told if t[1] == 'kdp1'] in (
        [(c, 'kdp1') for c in (uapi.OVS_DP_CMD_NEW, n, uapi.OVS_DP_CMD_DEL)]
        for n in (uapi.OVS_DP_CMD_NEW, uapi.OVS_DP_CMD_SET))


def test_namespaces(kdp):
    """A datapath is seen in its own namespace only, and goes with it."""
    from rig import netns
    other = netns.Net()
    try:
        ns = other.ns('other')
        d = ovsnl.Datapath('kdp0', lambda: ns.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16))
        everyone = d.nl.request('ovs_datapath', uapi.OVS_DP_CMD_GET, 0, flags=NLM_F_DUMP)
        assert len(everyone) == 1
        d.close()
    finally:
        other.delete()
    assert len(kdp.dp.nl.request('ovs_datapath', uapi.OVS_DP_CMD_GET, 0, flags=NLM_F_DUMP)) == 1


def test_without_privilege(kdp):
    """What changes anything needs CAP_NET_ADMIN; reading does not."""
    code = ('import os, sys; sys.path.insert(0, "tests/kernel"); import ovsnl, uapi\n'
            's = ovsnl.Socket()\n'
            'os.setgid(65534); os.setuid(65534)\n'
            's.family("ovs_datapath")\n'
            's = ovsnl.Socket()\n'
            'r = s.request("ovs_datapath", uapi.OVS_DP_CMD_GET, 0, flags=ovsnl.NLM_F_DUMP)\n'
            'assert len(r) == 1\n'
            'try:\n'
            '    s.request("ovs_datapath", uapi.OVS_DP_CMD_DEL, r[0].dp_ifindex)\n'
            'except ovsnl.NlError as e:\n'
            '    print(e.name)\n')
    assert kdp.ns.run(['/usr/bin/python3', '-c', code]).stdout == 'EPERM\n'


# ---- packets

@pytest.mark.covers('OVS_PACKET_CMD_EXECUTE', 'OVS_PACKET_ATTR_PACKET', 'OVS_PACKET_ATTR_KEY',
                    'OVS_PACKET_ATTR_ACTIONS')
def test_execute(kdp):
    kdp.dp.execute(UDP_AB, odp.in_port(1) + odp.eth() + odp.eth_type(0x800) + odp.ipv4(),
                   odp.push_vlan(0x1005) + odp.output(2))
    out, _ = kdp.received()
    assert list(out) == [2]
    same(out[2][0], e() / Dot1Q(vlan=5) / UDP_AB[IP])


@pytest.mark.covers('OVS_PACKET_CMD_EXECUTE')
def test_execute_with_metadata(kdp):
    """What is not in the packet comes from the key: here it is seen by a second pass."""
    kdp.dp.execute(UDP_AB, odp.in_port(2) + odp.skb_mark(7) + odp.priority(9) + odp.eth() +
                   odp.eth_type(0x800) + odp.ipv4(), odp.recirc(0x55))
    u, = kdp.settle()
    assert u.key.u32(uapi.OVS_KEY_ATTR_IN_PORT) == 2
    assert u.key.u32(uapi.OVS_KEY_ATTR_SKB_MARK) == 7
    assert u.key.u32(uapi.OVS_KEY_ATTR_PRIORITY) == 9
    assert u.key.u32(uapi.OVS_KEY_ATTR_RECIRC_ID) == 0x55
    assert u.key[uapi.OVS_KEY_ATTR_UDP] == struct.pack('!HH', 1000, 2000)


@pytest.mark.covers('OVS_PACKET_ATTR_HASH')
def test_hash_comes_back(kdp):
    """The hash of a packet goes up with it, and down again: both passes see the same."""
    def dp_hash(u):
        return u.key.u32(uapi.OVS_KEY_ATTR_DP_HASH)
    want = dp_hash(kdp.again(UDP_AB, odp.hash_(5)))
    kdp.dp.flush()
    u, = kdp.send(UDP_AB).upcalls
    if uapi.OVS_PACKET_ATTR_HASH not in u.attrs:
        # only what was hashed by a device, or in another pass
        u, = kdp.run(UDP_AB, odp.hash_(0), odp.recirc(3)).upcalls
    value = u.attrs[uapi.OVS_PACKET_ATTR_HASH]
    assert len(value) == 8
    kdp.dp.flush()
    kdp.dp.execute(UDP_AB, odp.in_port(1) + odp.eth() + odp.eth_type(0x800) + odp.ipv4(),
                   odp.hash_(5) + odp.recirc(4), attr(uapi.OVS_PACKET_ATTR_HASH, value))
    u, = kdp.settle()
    assert dp_hash(u) == want


@pytest.mark.covers('OVS_PACKET_ATTR_MRU')
def test_execute_fragments(kdp):
    """A packet that was put together leaves in pieces no larger than it came in."""
    big = ip() / UDP(dport=9) / Raw(bytes(2000))
    kdp.dp.execute(big, odp.in_port(1) + odp.eth() + odp.eth_type(0x800) + odp.ipv4(),
                   odp.output(2),
                   u16(uapi.OVS_PACKET_ATTR_MRU, 820))
    out, _ = kdp.received()
    assert len(out[2]) == 3 and all(len(f) <= 14 + 820 for f in out[2])


@pytest.mark.covers('OVS_PACKET_ATTR_PROBE', 'OVS_FLOW_ATTR_PROBE')
def test_probe(kdp):
    """Trying what is refused makes the kernel's log no longer."""
    def log():
        return os.popen('dmesg').read()
    before = log()
    for _ in range(3):
        with pytest.raises(NlError):
            kdp.dp.put(odp.in_port(1) + attr(99, b'x'), b'', None, attr(uapi.OVS_FLOW_ATTR_PROBE))
        with pytest.raises(NlError):
            kdp.dp.execute(UDP_AB, odp.in_port(1) + attr(99, b'x'), b'',
                           attr(uapi.OVS_PACKET_ATTR_PROBE))
    assert log() == before
    # and a probe that is taken leaves no flow
    kdp.dp.put(odp.in_port(1) + odp.eth() + odp.eth_type(0x88b6), b'', None,
               attr(uapi.OVS_FLOW_ATTR_PROBE))


def test_execute_refused(kdp):
    key = odp.in_port(1) + odp.eth() + odp.eth_type(0x88b6)
    packet = bytes(e(0x88b6) / DATA)
    nl = kdp.dp.nl
    for attrs in ([], [attr(uapi.OVS_PACKET_ATTR_PACKET, packet)],
                  [attr(uapi.OVS_PACKET_ATTR_PACKET, packet), attr(uapi.OVS_PACKET_ATTR_KEY, key)],
                  [attr(uapi.OVS_PACKET_ATTR_PACKET, packet[:13]),
                   attr(uapi.OVS_PACKET_ATTR_KEY, key),
                   attr(uapi.OVS_PACKET_ATTR_ACTIONS)],
                  [attr(uapi.OVS_PACKET_ATTR_PACKET, packet), attr(uapi.OVS_PACKET_ATTR_KEY, key),
                   attr(uapi.OVS_PACKET_ATTR_ACTIONS, u16(uapi.OVS_ACTION_ATTR_OUTPUT, 1))]):
        with pytest.raises(NlError) as err:
            nl.request('ovs_packet', uapi.OVS_PACKET_CMD_EXECUTE, kdp.dp.ifindex, *attrs)
        assert err.value.name in ('EINVAL', 'ERANGE')
    with pytest.raises(NlError) as err:
        nl.request('ovs_packet', uapi.OVS_PACKET_CMD_EXECUTE, 99999,
                   attr(uapi.OVS_PACKET_ATTR_PACKET, packet), attr(uapi.OVS_PACKET_ATTR_KEY, key),
                   attr(uapi.OVS_PACKET_ATTR_ACTIONS))
    assert err.value.name == 'ENODEV'
