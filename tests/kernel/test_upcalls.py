# SPDX-License-Identifier: Apache-2.0
"""What goes up to userspace, to whom, and that nobody can keep others from being heard; packets to
execute, and the counters of drops."""

import errno
import fcntl
import os
import re
import socket
import struct
import subprocess
import time

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether
from scapy.packet import Raw

import odp
import ovsnl
import uapi
from frames import A, B, DATA, e, ip
from ovsnl import Attrs, NlError, Upcall, attr, u16, u32
from rig import netns

PER_CPU = uapi.OVS_DP_F_DISPATCH_UPCALL_PER_CPU
PIDS = uapi.OVS_DP_F_VPORT_PIDS
PACKET_VNET_HDR = 15
HASH_SW, HASH_L4 = 1 << 32, 1 << 33
# of include/drop_reason.h and include/ovs_drop_nl.h
DROP_CMD_GET, DROP_PORT_NO, DROP_NAME, DROP_RX, DROP_TX = 1, 1, 2, 3, 4

try:
    with open('/sys/module/openvswitch/taint') as f:
        OURS = 'O' in f.read()
except OSError:
    OURS = False


def drop_reasons():
    """{name: number} of include/drop_reason.h."""
    here = os.path.dirname(os.path.abspath(__file__))
    out = {}
    with open(os.path.join(here, '../../include/drop_reason.h')) as f:
        for line in f:
            if line.startswith('\tR('):
                out[line[3:line.index(',')]] = len(out)
    return out


def drops(dp):
    """{port: (rx {reason: n}, tx {reason: n})}"""
    names = {v: k for k, v in drop_reasons().items()}
    out = {}
    for m in dp.nl.request('ovs_drop', DROP_CMD_GET, dp.ifindex, flags=ovsnl.NLM_F_DUMP):
        nests = []
        for kind in (DROP_RX, DROP_TX):
            nests.append({names[k]: struct.unpack('=Q', v)[0]
                          for k, v in m.attrs.nest(kind).all if k})
        out[m.attrs.u32(DROP_PORT_NO)] = tuple(nests)
    return out


def port_pids(kdp, port, *pids):
    kdp.dp.nl.request('ovs_vport', uapi.OVS_VPORT_CMD_SET, kdp.dp.ifindex,
                      u32(uapi.OVS_VPORT_ATTR_PORT_NO, port),
                      attr(uapi.OVS_VPORT_ATTR_UPCALL_PID, struct.pack(f'={len(pids)}I', *pids)))


@pytest.fixture(autouse=True)
def as_before(kdp):
    yield
    kdp.dp.set(u32(uapi.OVS_DP_ATTR_USER_FEATURES, PIDS | uapi.OVS_DP_F_UNALIGNED))
    for n in kdp.PORTS:
        port_pids(kdp, n, kdp.dp.up.pid)


def udp(n, size=10):
    """A frame of flow n."""
    return bytes(Ether(src=A, dst=B) / IP(src='10.0.0.1', dst='10.0.0.2') / UDP(
        sport=n, dport=0, chksum=0) / Raw(bytes(size)))


def flows(n):
    """Frames of flows 0 .. n - 1; quicker than udp()."""
    p = udp(0)
    return [p[:34] + struct.pack('!H', i) + p[36:] for i in range(n)]


# ---- what is in a message

@pytest.mark.covers('OVS_PACKET_CMD_MISS', 'OVS_PACKET_ATTR_PACKET', 'OVS_PACKET_ATTR_KEY',
                    'OVS_PACKET_ATTR_HASH')
@pytest.mark.parametrize('unaligned', [False, True])
def test_miss(kdp, unaligned):
    kdp.dp.set(u32(uapi.OVS_DP_ATTR_USER_FEATURES,
                   PIDS | (uapi.OVS_DP_F_UNALIGNED if unaligned else 0)))
    for size in range(60, 68):
        p = bytes(e(0x88b6) / Raw(bytes(range(1, size - 13))))
        kdp.socks[1].send(p)
        data = kdp.dp.up.sock.recv(1 << 16)
        length, = struct.unpack_from('=I', data)
        # the last attribute may be without its padding, if that was asked for
        assert len(data) == length
        if not unaligned:
            assert length % 4 == 0
        u = Upcall(ovsnl.Message('ovs_packet', data[16:]))
        assert u.kind == 'miss' and u.packet == p
        assert u.key.u32(uapi.OVS_KEY_ATTR_IN_PORT) == 1
        assert len(u.attrs[uapi.OVS_PACKET_ATTR_HASH]) == 8
        for a in ('USERDATA', 'ACTIONS', 'EGRESS_TUN_KEY', 'MRU', 'LEN'):
            assert getattr(uapi, f'OVS_PACKET_ATTR_{a}') not in u.attrs
        assert not any(data[length:])


@pytest.mark.parametrize('tags', [
    Dot1Q(vlan=5, prio=3), Dot1AD(vlan=6), Dot1AD(vlan=7) / Dot1Q(vlan=8),
    Dot1Q(vlan=1) / Dot1Q(vlan=2)])
def test_tags(kdp, tags):
    """The packet is told as it is on the wire."""
    p = Ether(src=A, dst=B) / tags / IP(src='1.1.1.1', dst='2.2.2.2') / UDP(sport=1, dport=2) / DATA
    u = kdp.miss(p)
    vlan = tags.layers()[0]
    assert u.key.be16(uapi.OVS_KEY_ATTR_ETHERTYPE) == (0x88a8 if vlan is Dot1AD else 0x8100)
    assert u.key.be16(uapi.OVS_KEY_ATTR_VLAN) & 0xfff == tags.vlan


def checksum_ok(frame):
    """Whether the IPv4 and UDP or TCP checksums of a frame are right."""
    p = Ether(frame)
    l4 = UDP if UDP in p else TCP
    want = p[IP].chksum, p[l4].chksum
    del p[IP].chksum, p[l4].chksum
    p = Ether(bytes(p))
    return (p[IP].chksum, p[l4].chksum) == want


def far_address(kdp, n=1):
    kdp.far.ip(f'addr replace 10.9.{n}.1/24 dev q{n}')
    kdp.far.ip(f'neigh replace 10.9.{n}.2 lladdr {B} dev q{n}')


def test_partial_checksum(kdp):
    """A checksum that its sender left to the device is in the packet that goes up."""
    far_address(kdp)
    s = kdp.far.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for n in (1, 100, 1400):
        s.sendto(bytes(range(1, 11)) * (n // 10 + 1), ('10.9.1.2', 999))
        u = kdp.dp.upcall(match=lambda u: UDP in Ether(u.packet))
        assert checksum_ok(u.packet), u.packet.hex()
    # behind a tag as well
    kdp.far.ip('link add link q1 name q1.5 type vlan id 5')
    try:
        kdp.far.ip('addr add 10.8.1.1/24 dev q1.5')
        kdp.far.ip('link set q1.5 up')
        kdp.far.ip(f'neigh replace 10.8.1.2 lladdr {B} dev q1.5')
        s.sendto(DATA.load, ('10.8.1.2', 999))
        u = kdp.dp.upcall(match=lambda u: UDP in Ether(u.packet))
        assert Dot1Q in Ether(u.packet) and checksum_ok(u.packet), u.packet.hex()
    finally:
        kdp.far.ip('link del q1.5')


@pytest.mark.parametrize('tag', [None, 5])
def test_segments(kdp, tag):
    """A packet to be segmented goes up in segments, each right by itself."""
    s = kdp.far.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.setsockopt(netns.SOL_PACKET, PACKET_VNET_HDR, 1)
    s.bind(('q1', 0))
    n, mss = 5, 1000
    data = os.urandom(n * mss - 100)
    eth = Ether(src=A, dst=B) / Dot1Q(vlan=tag) if tag else Ether(src=A, dst=B)
    p = eth / IP(src='10.0.0.1', dst='10.0.0.2', id=7) / TCP(sport=1, dport=2, seq=1000, flags='PA')
    p = bytes(p / Raw(data))
    at = 14 + (4 if tag else 0)
    # the checksum field has the sum of the pseudo-header
    pseudo = p[at + 12:at + 20] + struct.pack('!HH', 6, 20 + len(data))
    total = sum(struct.unpack('!6H', pseudo))
    total = (total & 0xffff) + (total >> 16)
    p = p[:at + 36] + struct.pack('!H', (total & 0xffff) + (total >> 16)) + p[at + 38:]
    vnet = struct.pack('=BBHHHH', 1, 1, at + 40, mss, at + 20, 16)  # partial, TCPv4
    s.send(vnet + p)
    got = kdp.dp.upcalls()
    assert len(got) == n, got
    seq, out = 1000, b''
    for u in got:
        f = Ether(u.packet)
        assert f[TCP].seq == seq and checksum_ok(u.packet) and (Dot1Q in f) == bool(tag)
        seq += len(f[TCP].payload)
        out += bytes(f[TCP].payload)
    assert out == data
    assert 'P' not in Ether(got[0].packet)[TCP].flags and 'P' in Ether(got[-1].packet)[TCP].flags


@pytest.mark.covers('OVS_PACKET_CMD_ACTION', 'OVS_PACKET_ATTR_USERDATA', 'OVS_PACKET_ATTR_ACTIONS',
                    'OVS_PACKET_ATTR_LEN')
def test_action(kdp):
    cookie = bytes(range(17))
    actions = odp.output(2) + odp.output(3)
    p = udp(1, 400)
    r = kdp.run(p, odp.userspace(kdp.dp.up.pid, cookie, attr(uapi.OVS_USERSPACE_ATTR_ACTIONS)),
                odp.trunc(100), odp.userspace(kdp.dp.up.pid), odp.output(2))
    a, b = r.upcalls
    assert a.kind == 'action' and a.userdata == cookie and a.packet == p
    assert uapi.OVS_PACKET_ATTR_LEN not in a.attrs
    # the flow's actions come along
    kinds = [k for k, _ in Attrs(a.attrs[uapi.OVS_PACKET_ATTR_ACTIONS]).all]
    assert kinds == [uapi.OVS_ACTION_ATTR_USERSPACE, uapi.OVS_ACTION_ATTR_TRUNC,
                     uapi.OVS_ACTION_ATTR_USERSPACE, uapi.OVS_ACTION_ATTR_OUTPUT], actions
    assert b.kind == 'action' and b.userdata is None and b.packet == p[:100]
    assert b.attrs.u32(uapi.OVS_PACKET_ATTR_LEN) == len(p)
    assert uapi.OVS_PACKET_ATTR_ACTIONS not in b.attrs


def test_udp_to_be_fragmented(kdp):
    """Of a datagram whose fragments are still to be made they come up; the rest of the actions sees
    the datagram."""
    subprocess.run(['modprobe', 'tun'], check=True)
    tap = os.open('/dev/net/tun', os.O_RDWR)
    try:
        # TUNSETIFF: IFF_TAP, IFF_NO_PI, IFF_VNET_HDR
        fcntl.ioctl(tap, 0x400454ca, struct.pack('16sH22x', b't9', 0x2 | 0x1000 | 0x4000))
        subprocess.run(['ip', 'link', 'set', 't9', 'netns', kdp.ns.name], check=True)
        kdp.ns.ip('link set t9 up')
        kdp.dp.add_port('t9', number=9)
        p = bytes(ip() / UDP(sport=1, dport=2, chksum=0) / Raw(os.urandom(3000)))
        # the checksum is left to the device, VIRTIO_NET_HDR_GSO_UDP
        frame = struct.pack('=BBHHHH', 1, 3, 42, 1000, 34, 6) + p
        os.write(tap, frame)
        ups = kdp.dp.upcalls(1)
        assert len(ups) == 4 and {u.kind for u in ups} == {'miss'}
        kdp.dp.put(ups[0].raw_key, odp.userspace(kdp.dp.up.pid, b'x') +
                   odp.set_(odp.udp(7, 8)) + odp.output(2))
        os.write(tap, frame)
        assert [u.kind for u in kdp.dp.upcalls(1)] == ['action'] * 4
        out = kdp.received()[0][2]
        assert len(out) > 1 and out[0][34:38] == bytes.fromhex('00070008')
    finally:
        os.close(tap)


# ---- who gets it

def test_port_pids(kdp):
    """The flows of a port are spread over its receivers, and each has one."""
    socks = [kdp.socket() for _ in range(3)]
    port_pids(kdp, 1, *[s.pid for s in socks])
    frames = flows(60)
    for _ in range(2):
        kdp.socks[1].send(*frames)
    time.sleep(0.3)
    where = {}
    for i, s in enumerate(socks):
        got = kdp.dp.upcalls(0.05, s)
        assert len(got) > 10, [i, len(got)]
        for u in got:
            where.setdefault(u.packet, []).append(i)
    assert sorted(where) == sorted(frames)
    for who in where.values():
        assert len(who) == 2 and who[0] == who[1]
    # one is enough, and another port's are others
    port_pids(kdp, 1, socks[2].pid)
    kdp.socks[1].send(*frames)
    kdp.socks[2].send(frames[0])
    time.sleep(0.3)
    assert [len(kdp.dp.upcalls(0.05, s)) for s in socks] == [0, 0, 60]
    assert [u.key.u32(uapi.OVS_KEY_ATTR_IN_PORT) for u in kdp.dp.upcalls(0.05)] == [2]


@pytest.mark.covers('OVS_DP_ATTR_PER_CPU_PIDS')
def test_per_cpu(kdp):
    socks = [kdp.socket() for _ in range(2)]
    n_cpus = os.cpu_count()
    features = u32(uapi.OVS_DP_ATTR_USER_FEATURES, PIDS | PER_CPU | uapi.OVS_DP_F_UNALIGNED)
    p = udp(1)
    cpu0 = [socks[0].pid] + [socks[1].pid] * (n_cpus - 1)
    kdp.dp.set(features, attr(uapi.OVS_DP_ATTR_PER_CPU_PIDS, struct.pack(f'={n_cpus}I', *cpu0)))
    kdp.socks[1].send(p)
    assert kdp.dp.upcall(sock=socks[0]).packet == p
    # with fewer than there are CPUs, all get one
    kdp.dp.set(features, attr(uapi.OVS_DP_ATTR_PER_CPU_PIDS, struct.pack('=I', socks[1].pid)))
    for cpu in range(n_cpus):
        os.sched_setaffinity(0, {cpu})
        kdp.socks[1].send(p)
        assert kdp.dp.upcall(sock=socks[1]).packet == p
    os.sched_setaffinity(0, {0})
    # what an action asks for does not count
    u = kdp.dp.upcalls(0)
    assert not u
    kdp.dp.put(kdp_key(p, kdp, socks[1]), odp.userspace(kdp.dp.up.pid, b'abcd'))
    kdp.socks[1].send(p)
    got = kdp.dp.upcall(sock=socks[1])
    assert got.kind == 'action' and got.userdata == b'abcd'
    assert not kdp.dp.upcalls(0.05)


def kdp_key(p, kdp, sock):
    """The key that a packet comes up with."""
    kdp.socks[1].send(p)
    return kdp.dp.upcall(sock=sock).raw_key


def upcall_stats(kdp, port):
    nest = kdp.dp.port(port).nest(10)  # OVS_VPORT_ATTR_UPCALL_STATS
    return nest.u64(0), nest.u64(1)


def test_nobody_there(kdp):
    """Without a receiver, or with one that is gone, packets are lost and counted."""
    lost = kdp.dp.stats()[2]
    gone = kdp.socket()
    pid = gone.pid
    gone.close()
    before = upcall_stats(kdp, 2) if OURS else None
    for i, pids in enumerate(([0], [pid]), 1):
        port_pids(kdp, 2, *pids)
        kdp.socks[2].send(*flows(10))
        kdp.settle()
        time.sleep(0.1)
        assert kdp.dp.stats()[2] == lost + 10 * i
    if OURS:
        assert upcall_stats(kdp, 2) == (before[0], before[1] + 20)
        assert drops(kdp.dp)[2][0]['UPCALL_ERROR'] >= 20


# ---- what there is no room for

def small(kdp, size):
    """A receiver with a small queue."""
    s = kdp.socket()
    s.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size // 2)
    return s


def heard(s):
    """The next messages; the kernel says once that some were lost."""
    try:
        return s.messages(0.05)
    except OSError as error:
        assert error.errno == errno.ENOBUFS
        return s.messages(0.05)


def test_full_queue(kdp):
    """What a receiver has no room for is counted, and packets that need none of it pass."""
    s = small(kdp, 100000)
    port_pids(kdp, 2, s.pid)
    before = upcall_stats(kdp, 2) if OURS else None
    queued = drops(kdp.dp).get(2, [{}])[0].get('UPCALL_QUEUE_FULL', 0) if OURS else 0
    hit, missed, lost, _ = kdp.dp.stats()
    kdp.learn(e(0x88b6) / DATA, [odp.output(3)])
    kdp.socks[2].send(*flows(2000))
    assert 3 in kdp.send(e(0x88b6) / DATA).out
    time.sleep(0.2)
    _, missed2, lost2, _ = kdp.dp.stats()
    assert missed2 - missed >= 2000
    got = []
    while ms := heard(s):
        got += ms
    assert 20 < len(got) < 1000
    assert lost2 - lost == 2000 - len(got)
    if OURS:
        ok, fail = upcall_stats(kdp, 2)
        assert (ok - before[0], fail - before[1]) == (len(got), 2000 - len(got))
        assert drops(kdp.dp)[2][0]['UPCALL_QUEUE_FULL'] - queued == 2000 - len(got)
    # and it is heard again
    kdp.socks[2].send(udp(3000))
    assert kdp.dp.upcall(sock=s).packet == udp(3000)


@pytest.mark.differs('stock', 'a port that floods takes the whole queue')
@pytest.mark.parametrize('per_cpu', [False, True])
def test_fair(kdp, per_cpu):
    """A port that floods leaves room for others, though nobody reads; another flood, too."""
    s = small(kdp, 200000)
    if per_cpu:
        kdp.dp.set(u32(uapi.OVS_DP_ATTR_USER_FEATURES, PIDS | PER_CPU),
                   attr(uapi.OVS_DP_ATTR_PER_CPU_PIDS, struct.pack('=I', s.pid)))
    else:
        for n in kdp.PORTS:
            port_pids(kdp, n, s.pid)
    flood = flows(3000)
    kdp.socks[1].send(*flood)
    kdp.socks[2].send(*flood[:1500])
    quiet = flows(10)
    for p in quiet:
        kdp.socks[3].send(p)
        time.sleep(0.005)
    time.sleep(0.2)
    got = {1: [], 2: [], 3: []}
    while ms := s.messages(0.05):
        for m in ms:
            u = Upcall(m)
            got[u.key.u32(uapi.OVS_KEY_ATTR_IN_PORT)].append(u.packet)
    assert got[3] == quiet, {k: len(v) for k, v in got.items()}
    assert len(got[1]) > 40 and len(got[2]) > 15, {k: len(v) for k, v in got.items()}


@pytest.mark.differs('stock', 'a port that floods takes the whole queue')
def test_flood_alone(kdp):
    """A port alone gets what the receiver can take: it is never kept idle."""
    s = small(kdp, 400000)
    port_pids(kdp, 1, s.pid)
    frames = flows(100)
    n = n_sent = 0
    end = time.monotonic() + 5
    while time.monotonic() < end:
        kdp.socks[1].send(*frames)
        n_sent += len(frames)
        got = s.messages(0.2)
        assert got, 'nothing to read though there is a flood'
        while got:
            n += len(got)
            got = s.messages(0)
    assert n > n_sent * 0.9, (n, n_sent)


# ---- packets to execute

EXECUTE = uapi.OVS_PACKET_CMD_EXECUTE


@pytest.mark.covers('OVS_PACKET_ATTR_PROBE', 'OVS_PACKET_ATTR_HASH')
def test_execute(kdp):
    p = udp(1)
    for key in (odp.in_port(1), odp.in_port(60000), odp.in_port(1) + odp.priority(3) +
                odp.skb_mark(7) + odp.recirc_id(5)):
        kdp.dp.execute(p, key, odp.output(2))
        kdp.settle()
        assert kdp.received()[0] == {2: [p]}
    kdp.dp.execute(p, odp.in_port(2) + odp.skb_mark(9),
                   odp.userspace(kdp.dp.up.pid, b'1234'),
                   attr(uapi.OVS_PACKET_ATTR_HASH, struct.pack('=Q', 0x1234567 | HASH_L4)))
    u = kdp.dp.upcall()
    assert u.kind == 'action' and u.packet == p
    assert u.key.u32(uapi.OVS_KEY_ATTR_SKB_MARK) == 9
    assert u.key.u32(uapi.OVS_KEY_ATTR_IN_PORT) == 2
    assert u.attrs.u64(uapi.OVS_PACKET_ATTR_HASH) == 0x1234567 | HASH_L4
    kdp.dp.execute(p, odp.in_port(1), odp.recirc(0x55), attr(uapi.OVS_PACKET_ATTR_PROBE))
    u = kdp.dp.upcall()
    assert u.kind == 'miss' and u.key.u32(uapi.OVS_KEY_ATTR_RECIRC_ID) == 0x55
    # no actions: a drop
    kdp.dp.execute(p, odp.in_port(1), b'')
    kdp.settle()
    assert not kdp.received()[0]


def test_execute_tags(kdp):
    for tags in (Dot1Q(vlan=5), Dot1AD(vlan=5) / Dot1Q(vlan=6)):
        p = bytes(Ether(src=A, dst=B) / tags / IP(src='1.1.1.1', dst='2.2.2.2') / UDP() / DATA)
        kdp.dp.execute(p, odp.in_port(1), odp.output(2) + odp.pop_vlan() + odp.output(3))
        kdp.settle()
        out = kdp.received()[0]
        assert out == {2: [p], 3: [p[:12] + p[16:]]}


def test_execute_large(kdp):
    """As long as a message may be, more than any page has."""
    kdp.ns.ip('link set p2 mtu 40000')
    kdp.far.ip('link set q2 mtu 40000')
    try:
        p = bytes(e(0x88b6) / Raw(os.urandom(30000)))
        kdp.dp.execute(p, odp.in_port(1), odp.output(2) + odp.userspace(kdp.dp.up.pid))
        assert kdp.dp.upcall().packet == p
        assert kdp.received()[0] == {2: [p]}
    finally:
        kdp.ns.ip('link set p2 mtu 1500')
        kdp.far.ip('link set q2 mtu 1500')


@pytest.mark.differs('stock', 'it believes whatever it is told')
def test_execute_small_mru(kdp):
    """Fragments as small as they can be; smaller ones would have no end."""
    p = bytes(ip() / UDP() / Raw(os.urandom(72)))
    for mru, n in ((28, 10), (27, 0), (20, 0), (1, 0)):
        kdp.dp.execute(p, odp.in_port(1), odp.output(2), u16(uapi.OVS_PACKET_ATTR_MRU, mru))
        kdp.settle()
        assert len(kdp.received()[0].get(2, [])) == n, mru
    # a header that says that it is longer than the packet
    kdp.dp.execute(p[:14] + b'\x4f' + p[15:44], odp.in_port(1), odp.output(2),
                   u16(uapi.OVS_PACKET_ATTR_MRU, 21))
    kdp.settle()
    assert not kdp.received()[0]


def test_longer_than_an_attribute(kdp):
    """It cannot go up; cut short, what it says would be read as attributes of the message."""
    for ns, dev in ((kdp.ns, 'p1'), (kdp.far, 'q1')):
        ns.ip(f'link set {dev} mtu 65535')
    try:
        p = bytes(e(0x88b6) / Raw(bytes(65531 - 14)))
        assert kdp.miss(p).packet == p
        forged = attr(uapi.OVS_PACKET_ATTR_KEY, u32(uapi.OVS_KEY_ATTR_IN_PORT, 3))
        r = kdp.send(bytes(4) + forged + p[4 + len(forged):] + bytes(9))
        assert not r.upcalls and not r.out
    finally:
        for ns, dev in ((kdp.ns, 'p1'), (kdp.far, 'q1')):
            ns.ip(f'link set {dev} mtu 1500')


def test_execute_refused(kdp):
    p = attr(uapi.OVS_PACKET_ATTR_PACKET, udp(1))
    k = attr(uapi.OVS_PACKET_ATTR_KEY, odp.in_port(1))
    a = attr(uapi.OVS_PACKET_ATTR_ACTIONS, odp.output(2))
    nl = kdp.dp.nl

    def refuse(error, word, *attrs, dp=kdp.dp.ifindex):
        with pytest.raises(NlError) as e:
            nl.request('ovs_packet', EXECUTE, dp, *attrs)
        assert e.value.name == error, e.value
        if OURS:
            assert word in e.value.msg, e.value

    refuse('EINVAL', 'OVS_PACKET_ATTR_PACKET', k, a)
    refuse('EINVAL', 'OVS_PACKET_ATTR_KEY', p, a)
    refuse('EINVAL', 'OVS_PACKET_ATTR_ACTIONS', p, k)
    refuse('ENODEV', 'dp_ifindex', p, k, a, dp=9999)
    with pytest.raises(NlError):
        nl.request('ovs_packet', EXECUTE, kdp.dp.ifindex, k, a,
                   attr(uapi.OVS_PACKET_ATTR_PACKET, bytes(13)))
    with pytest.raises(NlError):
        nl.request('ovs_packet', EXECUTE, kdp.dp.ifindex, p, k,
                   attr(uapi.OVS_PACKET_ATTR_ACTIONS, attr(99)))
    kdp.settle()
    assert not kdp.received()[0]


# ---- drops

@pytest.mark.differs('stock', 'it has no such family')
def test_drop_counters(kdp):
    before = drops(kdp.dp)
    assert set(before) == {0, 1, 2, 3}
    p = udp(1, 1200)
    kdp.learn(p, [odp.output(77)])
    kdp.socks[1].send(*[p] * 5)
    kdp.settle()
    after = drops(kdp.dp)
    grown = {(n, way, k): v - before[n][i].get(k, 0)
             for n, both in after.items() for i, way in enumerate(('rx', 'tx'))
             for k, v in both[i].items() if v != before[n][i].get(k, 0)}
    assert grown == {(1, 'rx', 'NO_SUCH_PORT'): 5}, grown
    m, = kdp.dp.nl.request('ovs_drop', DROP_CMD_GET, kdp.dp.ifindex, u32(DROP_PORT_NO, 1))
    assert m.attrs.text(DROP_NAME) == 'p1'
    for attrs, error in (((), 'EINVAL'), ((u32(DROP_PORT_NO, 999),), 'ENODEV')):
        with pytest.raises(NlError) as e:
            kdp.dp.nl.request('ovs_drop', DROP_CMD_GET, kdp.dp.ifindex, *attrs)
        assert e.value.name == error


@pytest.mark.differs('stock', 'its tracepoints have other names')
def test_trace(kdp):
    base = '/sys/kernel/tracing/'
    if not os.path.exists(base + 'events/openvswitch/upcall'):
        pytest.skip('no tracefs')

    def write(name, text):
        with open(base + name, 'w') as f:
            f.write(text)

    write('trace', '')
    write('events/openvswitch/upcall/enable', '1')
    write('events/openvswitch/action/enable', '1')
    try:
        kdp.run(udp(1), odp.trunc(40), odp.output(2))
        kdp.run(udp(2), odp.output(3))
    finally:
        write('events/openvswitch/upcall/enable', '0')
        write('events/openvswitch/action/enable', '0')
    with open(base + 'trace') as f:
        text = f.read()
    assert f'upcall: dp={kdp.dp.ifindex} in_port=1 ' in text and 'cmd=miss' in text
    ops = re.findall(rf'action: dp={kdp.dp.ifindex} in_port=1 .* op=(\w+) arg=(\d+)', text)
    assert ops == [('TRUNC', '40'), ('OUTPUT_LAST', '2'), ('OUTPUT_LAST', '3')], text
