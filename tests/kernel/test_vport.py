# SPDX-License-Identifier: Apache-2.0
"""The family ovs_vport: each command, attribute and kind of port."""

import struct

import pytest

import odp
import ovsnl
import uapi
from frames import B, C, DATA, IP_A, e, ip, udp
from ovsnl import NLM_F_DUMP, NLM_F_ECHO, NlError, attr, nest, text, u16, u32
from rig.wait import wait_until

UDP_AB = ip() / udp()
NETDEV, INTERNAL = uapi.OVS_VPORT_TYPE_NETDEV, uapi.OVS_VPORT_TYPE_INTERNAL


def stats(attrs):
    names = 'rx_packets tx_packets rx_bytes tx_bytes rx_errors tx_errors rx_dropped tx_dropped'
    return dict(zip(names.split(), struct.unpack('=8Q', attrs[uapi.OVS_VPORT_ATTR_STATS])))


def request(kdp, cmd, *attrs, flags=NLM_F_ECHO):
    return kdp.dp.nl.request('ovs_vport', cmd, kdp.dp.ifindex, *attrs, flags=flags)


def dummy(kdp, name):
    return kdp.link('name', name, 'type', 'dummy')


@pytest.mark.covers('OVS_VPORT_CMD_NEW', 'OVS_VPORT_CMD_GET', 'OVS_VPORT_CMD_DEL',
                    'OVS_VPORT_ATTR_PORT_NO',
                    'OVS_VPORT_ATTR_TYPE', 'OVS_VPORT_ATTR_NAME', 'OVS_VPORT_ATTR_IFINDEX',
                    'OVS_VPORT_TYPE_NETDEV')
def test_life(kdp):
    dummy(kdp, 'du0')
    n = kdp.dp.add_port('du0')
    assert n not in (0, 1, 2, 3)
    for a in (kdp.dp.port(n), kdp.dp.port(name='du0')):
        assert a.text(uapi.OVS_VPORT_ATTR_NAME) == 'du0'
        assert a.u32(uapi.OVS_VPORT_ATTR_PORT_NO) == n
        assert a.u32(uapi.OVS_VPORT_ATTR_TYPE) == NETDEV
        assert str(a.u32(uapi.OVS_VPORT_ATTR_IFINDEX)) == \
            kdp.ns.run('cat /sys/class/net/du0/ifindex').stdout.strip()
        assert a.u32(uapi.OVS_VPORT_ATTR_UPCALL_PID) == kdp.dp.up.pid
    assert kdp.dp.ports() == {'kdp0': 0, 'p1': 1, 'p2': 2, 'p3': 3, 'du0': n}
    assert 'ovs-system' in kdp.ns.ip('-d link show du0') or 'kdp0' in kdp.ns.ip('-d link show du0')
    assert 'promiscuity 1' in kdp.ns.ip('-d link show du0')
    kdp.dp.del_port(n)
    assert 'promiscuity 0' in kdp.ns.ip('-d link show du0')
    assert 'master' not in kdp.ns.ip('link show du0')
    with pytest.raises(NlError) as err:
        kdp.dp.port(n)
    assert err.value.name == 'ENODEV'
    with pytest.raises(NlError) as err:
        kdp.dp.port(name='du0')
    assert err.value.name == 'ENODEV'


def test_number_of_ones_own(kdp):
    dummy(kdp, 'du0')
    assert kdp.dp.add_port('du0', number=65534) == 65534
    kdp.dp.del_port(65534)


def test_not_added(kdp):
    dummy(kdp, 'du0')
    kdp.link('name', 'br9', 'type', 'bridge')
    dummy(kdp, 'du9')
    kdp.ns.ip('link set dev du9 master br9')
    for name, kind, more, want in (
            ('nobody', NETDEV, (), 'ENODEV'),
            ('lo', NETDEV, (), 'EINVAL'),
            ('p1', NETDEV, (), ('EEXIST', 'EBUSY')),
            ('du9', NETDEV, (), 'EBUSY'),
            ('kdp0', NETDEV, (), 'EINVAL'),
            ('kdp0', INTERNAL, (), 'EEXIST'),
            ('du0', NETDEV, (u32(uapi.OVS_VPORT_ATTR_PORT_NO, 2),), 'EBUSY'),
            ('du0', NETDEV, (u32(uapi.OVS_VPORT_ATTR_PORT_NO, 65536),), 'EFBIG'),
            ('du0', 77, (), 'EAFNOSUPPORT'),
            ('gn0', uapi.OVS_VPORT_TYPE_GENEVE, (), 'EINVAL')):
        with pytest.raises(NlError) as err:
            kdp.dp.add_port(name, kind, None, *more)
        want = want if isinstance(want, tuple) else (want,)
        assert err.value.name in want, (name, kind)
    assert set(kdp.dp.ports()) == {'kdp0', 'p1', 'p2', 'p3'}
    for attrs in ((text(uapi.OVS_VPORT_ATTR_NAME, 'du0'),),
                  (u32(uapi.OVS_VPORT_ATTR_TYPE, NETDEV),)):
        with pytest.raises(NlError) as err:
            request(kdp, uapi.OVS_VPORT_CMD_NEW, *attrs)
        assert err.value.name == 'EINVAL'


def test_local_port_stays(kdp):
    with pytest.raises(NlError) as err:
        kdp.dp.del_port(0)
    assert err.value.name == 'EINVAL'
    assert 'kdp0' in kdp.dp.ports()


@pytest.mark.covers('OVS_VPORT_ATTR_STATS')
def test_stats(kdp):
    before = {n: stats(kdp.dp.port(n)) for n in (1, 2)}
    kdp.learn(UDP_AB, [odp.output(2)])
    kdp.send(*[UDP_AB] * 4)
    after = {n: stats(kdp.dp.port(n)) for n in (1, 2)}
    # learn() and send() send a marker each, and learn() the packet once more
    assert after[1]['rx_packets'] - before[1]['rx_packets'] == 4 + 3
    assert after[2]['tx_packets'] - before[2]['tx_packets'] == 4
    assert after[2]['tx_bytes'] - before[2]['tx_bytes'] == 4 * len(UDP_AB)


@pytest.mark.covers('OVS_VPORT_CMD_SET')
def test_set(kdp):
    """Who gets the misses may change; what a port is may not."""
    other = kdp.socket()
    which = u32(uapi.OVS_VPORT_ATTR_PORT_NO, 3)
    m, = request(kdp, uapi.OVS_VPORT_CMD_SET, which, u32(uapi.OVS_VPORT_ATTR_UPCALL_PID, other.pid))
    assert m.attrs.u32(uapi.OVS_VPORT_ATTR_UPCALL_PID) == other.pid
    try:
        kdp.socks[3].send(UDP_AB)
        assert kdp.dp.upcall(sock=other).packet == bytes(UDP_AB)
    finally:
        request(kdp, uapi.OVS_VPORT_CMD_SET, which,
                u32(uapi.OVS_VPORT_ATTR_UPCALL_PID, kdp.dp.up.pid))
    with pytest.raises(NlError) as err:
        request(kdp, uapi.OVS_VPORT_CMD_SET, which, u32(uapi.OVS_VPORT_ATTR_TYPE, INTERNAL))
    assert err.value.name == 'EINVAL'
    with pytest.raises(NlError) as err:
        request(kdp, uapi.OVS_VPORT_CMD_SET, u32(uapi.OVS_VPORT_ATTR_PORT_NO, 99))
    assert err.value.name == 'ENODEV'


@pytest.mark.covers('OVS_VPORT_ATTR_UPCALL_STATS', 'OVS_VPORT_UPCALL_ATTR_SUCCESS',
                    'OVS_VPORT_UPCALL_ATTR_FAIL')
def test_upcall_stats(kdp):
    def counts():
        a = kdp.dp.port(3).nest(uapi.OVS_VPORT_ATTR_UPCALL_STATS)
        return a.u64(uapi.OVS_VPORT_UPCALL_ATTR_SUCCESS), a.u64(uapi.OVS_VPORT_UPCALL_ATTR_FAIL)
    good, bad = counts()
    kdp.miss(UDP_AB, port=3)  # and its marker
    assert counts() == (good + 2, bad)
    gone = ovsnl.Socket(kdp.make_socket())
    gone.close()
    which = u32(uapi.OVS_VPORT_ATTR_PORT_NO, 3)
    request(kdp, uapi.OVS_VPORT_CMD_SET, which, u32(uapi.OVS_VPORT_ATTR_UPCALL_PID, gone.pid))
    try:
        kdp.socks[3].send(UDP_AB)
        kdp.settle(1)
    finally:
        request(kdp, uapi.OVS_VPORT_CMD_SET, which,
                u32(uapi.OVS_VPORT_ATTR_UPCALL_PID, kdp.dp.up.pid))
    assert counts() == (good + 2, bad + 1)


def told(s, what):
    out = []
    while got := s.messages(0.3):
        out += [m for m in got if m.family == 'ovs_vport' and
                m.attrs.text(uapi.OVS_VPORT_ATTR_NAME) == what]
    return [m.cmd for m in out]


def test_notifications(kdp):
    s = kdp.socket()
    s.family('ovs_vport')
    s.join('ovs_vport', 'ovs_vport')
    dummy(kdp, 'du0')
    n = kdp.dp.add_port('du0')
    request(kdp, uapi.OVS_VPORT_CMD_SET, u32(uapi.OVS_VPORT_ATTR_PORT_NO, n),
            u32(uapi.OVS_VPORT_ATTR_UPCALL_PID, 0))
    kdp.dp.del_port(n)
    got = told(s, 'du0')
    assert got[0] == uapi.OVS_VPORT_CMD_NEW and got[-1] == uapi.OVS_VPORT_CMD_DEL and len(got) == 3


@pytest.mark.covers('OVS_VPORT_CMD_DEL')
@pytest.mark.parametrize('how', ['deleted', 'moved'])
def test_device_goes(kdp, how):
    """A device that goes takes its port along, and the datapath says so."""
    s = kdp.socket()
    s.family('ovs_vport')
    s.join('ovs_vport', 'ovs_vport')
    dummy(kdp, 'du0')
    n = kdp.dp.add_port('du0')
    kdp.learn(UDP_AB, [odp.output(n), odp.output(2)])
    if how == 'deleted':
        kdp.ns.ip('link del dev du0')
    else:
        kdp.ns.ip(f'link set dev du0 netns {kdp.far.name}')
    wait_until(lambda: 'du0' not in kdp.dp.ports())
    assert told(s, 'du0') == [uapi.OVS_VPORT_CMD_NEW, uapi.OVS_VPORT_CMD_DEL]
    assert kdp.send(UDP_AB).out == {2: [bytes(UDP_AB)]}
    # and its number is free
    dummy(kdp, 'du1')
    assert kdp.dp.add_port('du1', number=n) == n
    if how == 'moved':
        kdp.far.ip('link del dev du0')


@pytest.mark.covers('OVS_VPORT_TYPE_INTERNAL')
def test_internal(kdp):
    """A network device of the datapath's: what is sent there comes in at the port, and back."""
    n = kdp.dp.add_port('int0', INTERNAL)
    kdp.ns.ip('link set dev int0 address 02:00:00:00:00:77 up')
    # the namespace's own packet, by a socket on the device
    s = kdp.ns.packet_socket('int0')
    try:
        s.send(UDP_AB)
        u = kdp.dp.upcall()
        assert u.key.u32(uapi.OVS_KEY_ATTR_IN_PORT) == n and u.packet == bytes(UDP_AB)
        before = kdp.ns.stats('int0')
        kdp.learn(UDP_AB, [odp.output(n)])
        kdp.send(UDP_AB)
        s.expect(UDP_AB)
        after = kdp.ns.stats('int0')
        assert after['rx_packets'] - before['rx_packets'] == 1
        # with the header of Ethernet or without
        assert after['rx_bytes'] - before['rx_bytes'] in (len(UDP_AB), len(UDP_AB) - 14)
    finally:
        s.close()
    kdp.ns.ip('link set dev int0 mtu 9000')
    assert 'openvswitch' in kdp.ns.run('ethtool -i int0').stdout
    # it cannot be deleted but through the datapath
    assert kdp.ns.run('ip link del dev int0', check=False).returncode
    kdp.dp.del_port(n)
    assert 'int0' not in kdp.ns.ip('link')


@pytest.mark.covers('OVS_VPORT_TYPE_INTERNAL')
def test_internal_device_talks(kdp):
    """ARP and ping between the stack behind an internal port and a host behind port 2."""
    kdp.ns.ip('addr add 10.7.0.1/24 dev kdp0')
    kdp.ns.ip('link set dev kdp0 up')
    kdp.far.ip('addr add 10.7.0.2/24 dev q2')
    for a, b in ((0, 2), (2, 0)):
        kdp.dp.put(odp.in_port(a) + odp.eth() + odp.eth_type(0x800) + odp.ipv4(), odp.output(b),
                   odp.in_port(0xffffffff))
    try:
        assert kdp.ns.ping('10.7.0.2', count=3)
        assert kdp.far.ping('10.7.0.1', count=3, size=1400)
    finally:
        kdp.far.ip('addr del 10.7.0.2/24 dev q2')
        kdp.ns.ip('addr del 10.7.0.1/24 dev kdp0')
        kdp.ns.ip('link set dev kdp0 down')


@pytest.mark.covers('OVS_VPORT_TYPE_INTERNAL', 'OVS_VPORT_ATTR_NETNSID')
def test_internal_in_another_namespace(kdp):
    """An internal device may live elsewhere; its port stays, and says where."""
    n = kdp.dp.add_port('int0', INTERNAL)
    kdp.ns.ip(f'link set dev int0 netns {kdp.far.name}')
    kdp.far.ip('link set dev int0 up')
    a = kdp.dp.port(n)
    assert a.text(uapi.OVS_VPORT_ATTR_NAME) == 'int0' and uapi.OVS_VPORT_ATTR_NETNSID in a
    s = kdp.far.packet_socket('int0')
    try:
        kdp.learn(UDP_AB, [odp.output(n)])
        kdp.send(UDP_AB)
        s.expect(UDP_AB)
    finally:
        s.close()
        kdp.dp.del_port(n)
    assert 'int0' not in kdp.far.ip('link')


@pytest.mark.covers('OVS_VPORT_ATTR_OPTIONS')
@pytest.mark.parametrize('kind, name', [(uapi.OVS_VPORT_TYPE_VXLAN, 'vxlan'),
                                        (uapi.OVS_VPORT_TYPE_GENEVE, 'geneve'),
                                        (uapi.OVS_VPORT_TYPE_GRE, 'gre')])
def test_tunnel(kdp, kind, name):
    """Tunnel ports are devices, which come and go with them, and tell their options."""
    options = [] if name == 'gre' else \
        [nest(uapi.OVS_VPORT_ATTR_OPTIONS, u16(uapi.OVS_TUNNEL_ATTR_DST_PORT, 5555))]
    n = kdp.dp.add_port('tun0', kind, None, *options)
    a = kdp.dp.port(n)
    assert a.u32(uapi.OVS_VPORT_ATTR_TYPE) == kind
    if options:
        assert a.nest(uapi.OVS_VPORT_ATTR_OPTIONS).u16(uapi.OVS_TUNNEL_ATTR_DST_PORT) == 5555
    assert 'tun0' in kdp.ns.ip('link')
    kdp.dp.del_port(n)
    wait_until(lambda: 'tun0' not in kdp.ns.ip('link'))


def test_many(kdp):
    """Two hundred ports, in one dump of several messages."""
    names = [f'i{n}' for n in range(200)]
    numbers = {name: kdp.dp.add_port(name, INTERNAL) for name in names}
    assert len(set(numbers.values())) == 200
    got = kdp.dp.ports()
    assert {k: v for k, v in got.items() if k in numbers} == numbers
    for n in numbers.values():
        kdp.dp.del_port(n)
    assert set(kdp.dp.ports()) == {'kdp0', 'p1', 'p2', 'p3'}


def test_loop(kdp):
    """A datapath's device cannot be a port of another one."""
    d = ovsnl.Datapath('kdp8', kdp.make_socket)
    try:
        with pytest.raises(NlError) as err:
            kdp.dp.add_port('kdp8')
        assert err.value.name in ('EINVAL', 'ELOOP')
    finally:
        d.delete()
        d.close()
