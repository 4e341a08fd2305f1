# SPDX-License-Identifier: Apache-2.0
"""Datapaths and their ports: requests, answers, notifications and refusals, and what becomes of
them when devices, namespaces and owners go."""

import errno
import os
import re
import socket
import struct
import subprocess
import threading
import time

import pytest

import odp
import ovsnl
import uapi
from ovsnl import (NLM_F_DUMP, NLM_F_ECHO, Datapath, NlError, Upcall, attr, nest, text, u16,
                   u32)
from rig import netns

NEW, DEL, GET, SET = (uapi.OVS_VPORT_CMD_NEW, uapi.OVS_VPORT_CMD_DEL, uapi.OVS_VPORT_CMD_GET,
                      uapi.OVS_VPORT_CMD_SET)
NETDEV, INTERNAL = uapi.OVS_VPORT_TYPE_NETDEV, uapi.OVS_VPORT_TYPE_INTERNAL
FEATURES = uapi.OVS_DP_F_UNALIGNED | uapi.OVS_DP_F_VPORT_PIDS


class Sw:
    """A namespace with one datapath, 'dp0'."""

    def __init__(self, net):
        self.net = net
        self.ns = net.ns('sw')
        self.dp = self.datapath('dp0')
        self.nl = self.dp.nl

    def make_socket(self):
        return self.ns.socket(socket.AF_NETLINK, socket.SOCK_RAW, ovsnl.NETLINK_GENERIC)

    def datapath(self, name, features=None):
        return Datapath(name, self.make_socket, features)

    def listener(self, family):
        """A socket that hears the family's notifications."""
        s = ovsnl.Socket(self.make_socket())
        s.join(family, family)
        return s

    def veth(self, *names):
        for name in names:
            self.ns.ip(f'link add {name} type veth peer name {name}x')
            self.ns.ip(f'link set {name} up')
            self.ns.ip(f'link set {name}x up')

    def link(self, dev):
        return self.ns.ip('-d', 'link', 'show', 'dev', dev)

    def has(self, dev):
        return bool(self.ns.ip('link', 'show', 'dev', dev, check=False))


@pytest.fixture
def sw():
    net = netns.Net()
    try:
        yield Sw(net)
    finally:
        net.delete()


def refuse(error, word, call, *args, **kwargs):
    """The request is refused with this error, and (by ours) with a sentence that has this word."""
    with pytest.raises(NlError) as e:
        call(*args, **kwargs)
    assert e.value.errno == getattr(errno, error), e.value
    if word and OURS:
        assert word in e.value.msg, e.value.msg


try:
    with open('/sys/module/openvswitch/taint') as f:
        OURS = 'O' in f.read()
except OSError:
    OURS = False


def wait_for(what, timeout=5):
    end = time.monotonic() + timeout
    while not what():
        assert time.monotonic() < end, 'it did not come about'
        time.sleep(0.02)


def notes(s, timeout=2, n=1):
    """The next n notifications."""
    out = []
    end = time.monotonic() + timeout
    while len(out) < n and (left := end - time.monotonic()) > 0:
        out += s.messages(left)
    assert len(out) == n, f'{len(out)} notifications'
    return out


# ---- datapaths

def dp_new(nl, name, *more, pid=0, version=None):
    return nl.request('ovs_datapath', uapi.OVS_DP_CMD_NEW, 0, text(uapi.OVS_DP_ATTR_NAME, name),
                      u32(uapi.OVS_DP_ATTR_UPCALL_PID, pid), *more, flags=NLM_F_ECHO,
                      version=version)


@pytest.mark.covers('OVS_DP_ATTR_NAME', 'OVS_DP_ATTR_UPCALL_PID', 'OVS_DP_ATTR_USER_FEATURES',
                    'OVS_DP_ATTR_STATS', 'OVS_DP_ATTR_MEGAFLOW_STATS')
def test_datapath_new_get_del(sw):
    heard = sw.listener('ovs_datapath')
    m, = dp_new(sw.nl, 'dp1', u32(uapi.OVS_DP_ATTR_USER_FEATURES, FEATURES))
    assert m.cmd == uapi.OVS_DP_CMD_NEW and m.attrs.text(uapi.OVS_DP_ATTR_NAME) == 'dp1'
    assert m.attrs.u32(uapi.OVS_DP_ATTR_USER_FEATURES) == FEATURES
    assert m.attrs[uapi.OVS_DP_ATTR_STATS] == bytes(32)
    assert len(m.attrs[uapi.OVS_DP_ATTR_MEGAFLOW_STATS]) == 32
    assert m.dp_ifindex == int(sw.ns.run('cat /sys/class/net/dp1/ifindex').stdout)
    assert notes(heard)[0].dp_ifindex == m.dp_ifindex
    by_name, = sw.nl.request('ovs_datapath', uapi.OVS_DP_CMD_GET, 0,
                             text(uapi.OVS_DP_ATTR_NAME, 'dp1'))
    assert by_name.dp_ifindex == m.dp_ifindex and by_name.attrs == m.attrs
    names = {a.attrs.text(uapi.OVS_DP_ATTR_NAME)
             for a in sw.nl.request('ovs_datapath', uapi.OVS_DP_CMD_GET, 0, flags=NLM_F_DUMP)}
    assert names == {'dp0', 'dp1'}
    sw.nl.request('ovs_datapath', uapi.OVS_DP_CMD_DEL, 0, text(uapi.OVS_DP_ATTR_NAME, 'dp1'))
    gone = notes(heard)[0]
    assert gone.cmd == uapi.OVS_DP_CMD_DEL and gone.dp_ifindex == m.dp_ifindex
    assert not sw.has('dp1')
    refuse('ENODEV', 'OVS_DP_ATTR_NAME', sw.nl.request, 'ovs_datapath', uapi.OVS_DP_CMD_GET, 0,
           text(uapi.OVS_DP_ATTR_NAME, 'dp1'))


def test_datapath_refused(sw):
    sw.veth('v0')
    refuse('EEXIST', '', dp_new, sw.nl, 'dp0')
    refuse('EEXIST', '', dp_new, sw.nl, 'v0')
    refuse('EINVAL', 'OVS_DP_ATTR_NAME', sw.nl.request, 'ovs_datapath', uapi.OVS_DP_CMD_NEW, 0,
           u32(uapi.OVS_DP_ATTR_UPCALL_PID, 0))
    refuse('EINVAL', 'OVS_DP_ATTR_UPCALL_PID', sw.nl.request, 'ovs_datapath', uapi.OVS_DP_CMD_NEW,
           0, text(uapi.OVS_DP_ATTR_NAME, 'dp1'))
    refuse('EOPNOTSUPP', 'OVS_DP_ATTR_USER_FEATURES', dp_new, sw.nl, 'dp1',
           u32(uapi.OVS_DP_ATTR_USER_FEATURES, 1 << 30))
    refuse('ENODEV', 'dp_ifindex', sw.nl.request, 'ovs_datapath', uapi.OVS_DP_CMD_GET, 9999)
    lo = 1
    refuse('ENODEV', 'dp_ifindex', sw.nl.request, 'ovs_datapath', uapi.OVS_DP_CMD_DEL, lo)
    with pytest.raises(NlError):
        dp_new(sw.nl, 'a-name-that-is-too-long')
    assert not sw.has('dp1')
    assert sw.dp.ports() == {'dp0': 0}


def test_datapath_features(sw):
    a, = sw.dp.set(u32(uapi.OVS_DP_ATTR_USER_FEATURES, uapi.OVS_DP_F_UNALIGNED))
    assert a.cmd == uapi.OVS_DP_CMD_SET
    assert a.attrs.u32(uapi.OVS_DP_ATTR_USER_FEATURES) == uapi.OVS_DP_F_UNALIGNED
    refuse('EOPNOTSUPP', 'OVS_DP_ATTR_USER_FEATURES', sw.dp.set,
           u32(uapi.OVS_DP_ATTR_USER_FEATURES, 0xff000001))
    assert sw.dp.get().u32(uapi.OVS_DP_ATTR_USER_FEATURES) == uapi.OVS_DP_F_UNALIGNED
    # a client of version 1 knows no features and must not get what they change
    refuse('EEXIST', '', dp_new, sw.nl, 'dp0', version=1)
    assert sw.dp.get().u32(uapi.OVS_DP_ATTR_USER_FEATURES) == 0


@pytest.mark.covers('OVS_DP_ATTR_PER_CPU_PIDS')
def test_datapath_per_cpu_pids(sw):
    pids = struct.pack('=3I', 11, 22, 33)
    # not without the feature
    sw.dp.set(attr(uapi.OVS_DP_ATTR_PER_CPU_PIDS, pids))
    assert uapi.OVS_DP_ATTR_PER_CPU_PIDS not in sw.dp.get()
    sw.dp.set(u32(uapi.OVS_DP_ATTR_USER_FEATURES, uapi.OVS_DP_F_DISPATCH_UPCALL_PER_CPU),
              attr(uapi.OVS_DP_ATTR_PER_CPU_PIDS, pids))
    n_cpus = int(re.match(r'0(?:-(\d+))?', open('/sys/devices/system/cpu/possible').read()).group(1)
                 or 0) + 1
    got = sw.dp.get()[uapi.OVS_DP_ATTR_PER_CPU_PIDS]
    assert got in (pids, pids[:4 * n_cpus])
    refuse('EINVAL', 'whole number', sw.dp.set,
           u32(uapi.OVS_DP_ATTR_USER_FEATURES, uapi.OVS_DP_F_DISPATCH_UPCALL_PER_CPU),
           attr(uapi.OVS_DP_ATTR_PER_CPU_PIDS, bytes(6)))


@pytest.mark.covers('OVS_DP_ATTR_MASKS_CACHE_SIZE')
def test_datapath_mask_cache(sw):
    assert sw.dp.get().u32(uapi.OVS_DP_ATTR_MASKS_CACHE_SIZE) == 256
    for n in (0, 1024, 256):
        a, = sw.dp.set(u32(uapi.OVS_DP_ATTR_MASKS_CACHE_SIZE, n))
        assert a.attrs.u32(uapi.OVS_DP_ATTR_MASKS_CACHE_SIZE) == n


@pytest.mark.covers('OVS_DP_ATTR_IFINDEX')
def test_datapath_ifindex(sw):
    m, = dp_new(sw.nl, 'dp1', u32(uapi.OVS_DP_ATTR_IFINDEX, 4711))
    assert m.dp_ifindex == 4711
    refuse('EEXIST', '', dp_new, sw.nl, 'dp2', u32(uapi.OVS_DP_ATTR_IFINDEX, 4711))
    with pytest.raises(NlError):
        dp_new(sw.nl, 'dp2', u32(uapi.OVS_DP_ATTR_IFINDEX, 1 << 31))
    assert not sw.has('dp2')


def test_datapath_device(sw):
    out = sw.link('dp0')
    assert 'openvswitch' in out and 'promiscuity 1' in out
    assert 'driver: openvswitch' in sw.ns.run('ethtool -i dp0').stdout
    # it goes with its datapath only, and stays where that is
    assert not sw.ns.ip('link', 'del', 'dp0', check=False) and sw.has('dp0')
    other = sw.net.ns('other')
    sw.ns.ip('link', 'set', 'dp0', 'netns', other.name, check=False)
    assert sw.has('dp0')
    sw.ns.ip('link set dp0 name dp9')
    assert sw.dp.get().text(uapi.OVS_DP_ATTR_NAME) == 'dp9'
    assert sw.dp.ports() == {'dp9': 0}


def test_needs_capability(sw):
    """Whoever may not administrate the namespace may look, and change nothing."""
    script = f'''
import os, sys
sys.path[:0] = {[os.path.dirname(ovsnl.__file__)]!r}
import ovsnl, uapi
os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
s = ovsnl.Socket()
m, = s.request('ovs_datapath', uapi.OVS_DP_CMD_GET, {sw.dp.ifindex})
assert m.attrs.text(uapi.OVS_DP_ATTR_NAME) == 'dp0'
assert len(s.request('ovs_vport', uapi.OVS_VPORT_CMD_GET, {sw.dp.ifindex}, flags=0x300)) == 1
n = 0
for family, cmds in (('ovs_datapath', (1, 2, 4)), ('ovs_vport', (1, 2, 4)), ('ovs_flow', (1, 2, 4)),
                     ('ovs_packet', (3,)), ('ovs_meter', (2, 3)), ('ovs_ct_limit', (1, 2))):
    for cmd in cmds:
        try:
            s.request(family, cmd, {sw.dp.ifindex})
        except ovsnl.NlError as e:
            assert e.name == 'EPERM', (family, cmd, e)
            n += 1
print(n)
'''
    r = sw.ns.run(['python3', '-c', script])
    assert r.stdout == '14\n', r.stderr


# ---- ports

@pytest.mark.covers('OVS_VPORT_ATTR_PORT_NO', 'OVS_VPORT_ATTR_TYPE', 'OVS_VPORT_ATTR_NAME',
                    'OVS_VPORT_ATTR_UPCALL_PID', 'OVS_VPORT_ATTR_STATS', 'OVS_VPORT_ATTR_IFINDEX')
def test_port_new_get_set_del(sw):
    heard = sw.listener('ovs_vport')
    sw.veth('v0')
    number = sw.dp.add_port('v0')
    assert number == 1
    assert notes(heard)[0].attrs.text(uapi.OVS_VPORT_ATTR_NAME) == 'v0'
    a = sw.dp.port(1)
    assert a.text(uapi.OVS_VPORT_ATTR_NAME) == 'v0' and a.u32(uapi.OVS_VPORT_ATTR_TYPE) == NETDEV
    assert a[uapi.OVS_VPORT_ATTR_UPCALL_PID] == struct.pack('=I', sw.dp.up.pid)
    assert a.u32(uapi.OVS_VPORT_ATTR_IFINDEX) == int(
        sw.ns.run('cat /sys/class/net/v0/ifindex').stdout)
    assert uapi.OVS_VPORT_ATTR_NETNSID not in a
    assert len(a[uapi.OVS_VPORT_ATTR_STATS]) == 64
    assert sw.dp.port(name='v0').all == a.all
    out = sw.link('v0')
    assert 'master dp0' in out and 'promiscuity 1' in out

    pids = struct.pack('=2I', 5, 6)
    m, = sw.nl.request('ovs_vport', SET, sw.dp.ifindex, u32(uapi.OVS_VPORT_ATTR_PORT_NO, 1),
                       attr(uapi.OVS_VPORT_ATTR_UPCALL_PID, pids), flags=NLM_F_ECHO)
    assert m.cmd == SET and m.attrs[uapi.OVS_VPORT_ATTR_UPCALL_PID] == pids
    assert notes(heard)[0].cmd == SET
    refuse('EINVAL', 'OVS_VPORT_ATTR_TYPE', sw.nl.request, 'ovs_vport', SET, sw.dp.ifindex,
           u32(uapi.OVS_VPORT_ATTR_PORT_NO, 1), u32(uapi.OVS_VPORT_ATTR_TYPE, INTERNAL))
    refuse('EINVAL', 'whole number', sw.nl.request, 'ovs_vport', SET, sw.dp.ifindex,
           u32(uapi.OVS_VPORT_ATTR_PORT_NO, 1), attr(uapi.OVS_VPORT_ATTR_UPCALL_PID, bytes(3)))
    # without the feature, there is one
    sw.dp.set(u32(uapi.OVS_DP_ATTR_USER_FEATURES, 0))
    assert sw.dp.port(1)[uapi.OVS_VPORT_ATTR_UPCALL_PID] == pids[:4]

    sw.dp.del_port(1)
    m = notes(heard)[0]
    assert m.cmd == DEL and m.attrs.u32(uapi.OVS_VPORT_ATTR_PORT_NO) == 1
    out = sw.link('v0')
    assert 'master' not in out and 'promiscuity 0' in out
    refuse('ENODEV', 'OVS_VPORT_ATTR_PORT_NO', sw.dp.port, 1)


def test_port_numbers(sw):
    sw.veth('v0', 'v1', 'v2')
    assert sw.dp.add_port('v0', number=2) == 2
    assert sw.dp.add_port('v1') == 1
    assert sw.dp.add_port('v2', number=0) == 3, '0 is any'
    sw.dp.del_port(1)
    assert sw.dp.add_port('v1', number=65534) == 65534
    sw.dp.del_port(3)
    refuse('EBUSY', 'OVS_VPORT_ATTR_PORT_NO', sw.dp.add_port, 'v2', number=2)
    refuse('EFBIG', 'OVS_VPORT_ATTR_PORT_NO', sw.dp.add_port, 'v2', number=65535)
    refuse('EFBIG', 'OVS_VPORT_ATTR_PORT_NO', sw.dp.port, 65535)
    assert sw.dp.ports() == {'dp0': 0, 'v0': 2, 'v1': 65534}


def test_port_refused(sw):
    sw.veth('v0', 'v1', 'v2')
    sw.ns.ip('link add br9 type bridge')
    sw.ns.ip('link set v1 master br9')
    sw.dp.add_port('v0')
    other = sw.datapath('dp1')
    other.add_port('v2')
    refuse('EEXIST', 'OVS_VPORT_ATTR_NAME', sw.dp.add_port, 'v0')
    refuse('EBUSY', '', sw.dp.add_port, 'v1')
    refuse('EBUSY', '', sw.dp.add_port, 'v2')
    refuse('EINVAL', 'OVS_VPORT_ATTR_NAME', sw.dp.add_port, 'lo')
    refuse('EINVAL', 'OVS_VPORT_ATTR_NAME', sw.dp.add_port, 'dp0')
    refuse('EINVAL', 'OVS_VPORT_ATTR_NAME', sw.dp.add_port, 'dp1')
    refuse('ENODEV', 'OVS_VPORT_ATTR_NAME', sw.dp.add_port, 'none')
    refuse('EAFNOSUPPORT', 'OVS_VPORT_ATTR_TYPE', sw.dp.add_port, 'i0', 77)
    refuse('EEXIST', '', sw.dp.add_port, 'br9', INTERNAL)
    refuse('EOPNOTSUPP', 'OVS_VPORT_ATTR_IFINDEX', sw.dp.add_port, 'br9', NETDEV, None,
           u32(uapi.OVS_VPORT_ATTR_IFINDEX, 9))
    refuse('EINVAL', 'local port', sw.dp.del_port, 0)
    ok = [text(uapi.OVS_VPORT_ATTR_NAME, 'i0'), u32(uapi.OVS_VPORT_ATTR_TYPE, INTERNAL),
          u32(uapi.OVS_VPORT_ATTR_UPCALL_PID, 0)]
    for i, name in enumerate(('NAME', 'TYPE', 'UPCALL_PID')):
        refuse('EINVAL', f'OVS_VPORT_ATTR_{name}', sw.nl.request, 'ovs_vport', NEW, sw.dp.ifindex,
               *ok[:i], *ok[i + 1:])
    refuse('ENODEV', 'dp_ifindex', sw.nl.request, 'ovs_vport', NEW, 9999, *ok)
    refuse('EINVAL', 'OVS_VPORT_ATTR_NAME', sw.nl.request, 'ovs_vport', GET, sw.dp.ifindex)
    # a name of another datapath's
    refuse('ENODEV', 'OVS_VPORT_ATTR_NAME', sw.dp.port, name='v2')
    assert sw.dp.ports() == {'dp0': 0, 'v0': 1}
    assert 'promiscuity 0' in sw.link('br9') and 'master br9' in sw.link('v1')


def test_port_bare_device(sw):
    """A device without Ethernet headers is taken if it carries metadata, and no other."""
    sw.ns.ip('link add d0 type dummy')
    subprocess.run(['modprobe', 'tun'])
    sw.ns.ip('tuntap add dev t0 mode tun')
    sw.dp.add_port('t0')
    sw.ns.ip('link add gre9 type gre local 127.0.0.1 remote 127.0.0.2')
    refuse('EINVAL', 'OVS_VPORT_ATTR_NAME', sw.dp.add_port, 'gre9')


def test_internal_port(sw):
    assert sw.dp.add_port('i0', INTERNAL) == 1
    out = sw.link('i0')
    assert 'openvswitch' in out and 'mtu 1500' in out and 'qdisc noop' in out
    sw.ns.ip('link set i0 up')
    assert 'noqueue' in sw.link('i0')
    for mtu in (68, 9000, 65535):
        sw.ns.ip(f'link set i0 mtu {mtu}')
        assert f'mtu {mtu} ' in sw.link('i0')
    with pytest.raises(RuntimeError):
        sw.ns.ip('link set i0 mtu 67')
    sw.ns.ip('link set i0 address 02:00:00:00:00:99')
    out = sw.ns.run('ethtool -k i0').stdout
    for feature in ('tx-checksumming', 'scatter-gather', 'tcp-segmentation-offload',
                    'tx-vlan-offload'):
        assert f'{feature}: on' in out, out
    assert not sw.ns.ip('link', 'del', 'i0', check=False) and sw.has('i0')
    sw.dp.del_port(1)
    assert not sw.has('i0')
    assert sw.dp.add_port('i0', INTERNAL, None, u32(uapi.OVS_VPORT_ATTR_IFINDEX, 5000)) == 1
    assert sw.dp.port(1).u32(uapi.OVS_VPORT_ATTR_IFINDEX) == 5000


def test_internal_ports_carry_packets(sw):
    """Host to datapath and back, with counters on both ends of each."""
    far = {}
    for n, name in enumerate(('i1', 'i2'), 1):
        sw.dp.add_port(name, INTERNAL, n)
        far[n] = sw.net.ns(name)
        sw.ns.ip('link', 'set', name, 'netns', far[n].name)
        far[n].ip(f'addr add 10.1.0.{n}/24 dev {name}')
        far[n].ip(f'link set {name} up')
        if hasattr(uapi, 'OVS_VPORT_ATTR_NETNSID'):
            assert uapi.OVS_VPORT_ATTR_NETNSID in sw.dp.port(n)
    for a, b in ((1, 2), (2, 1)):
        for t in (0x800, 0x806):
            key = odp.in_port(a) + odp.eth() + odp.eth_type(t)
            key += odp.ipv4() if t == 0x800 else odp.arp()
            sw.dp.put(key, odp.output(b),
                      odp.in_port(0xffffffff) + odp.eth() + odp.eth_type(0xffff))
    assert far[1].ping('10.1.0.2', count=20)
    assert far[1].ping('10.1.0.2', size=1400)

    def counters(n):
        rx, tx = struct.unpack_from('=QQ', sw.dp.port(n)[uapi.OVS_VPORT_ATTR_STATS])
        return rx, tx, far[n].stats(f'i{n}')

    for n in (1, 2):
        # a neighbour may be asked again between one look and the other
        wait_for(lambda n=n: (lambda rx, tx, dev: dev['rx_packets'] == rx and
                              dev['tx_packets'] == tx)(*counters(n)))
        rx, tx, dev = counters(n)
        assert rx >= 21 and tx >= 21
        # octets with the Ethernet header on the way out, and in
        assert dev['tx_bytes'] >= 20 * 98 + 1442
        assert dev['rx_bytes'] >= 20 * 84 + 1428
    # what is for a port that is down is lost
    far[2].ip('link set i2 down')
    assert not far[1].ping('10.1.0.2', wait=1)


# ---- tunnels

def tunnel_options(port, *more):
    return nest(uapi.OVS_VPORT_ATTR_OPTIONS, u16(uapi.OVS_TUNNEL_ATTR_DST_PORT, port), *more)


@pytest.mark.covers('OVS_VPORT_ATTR_OPTIONS', 'OVS_TUNNEL_ATTR_DST_PORT',
                    'OVS_TUNNEL_ATTR_EXTENSION', 'OVS_VXLAN_EXT_GBP')
def test_tunnel_ports(sw):
    vxlan, geneve, gre = (uapi.OVS_VPORT_TYPE_VXLAN, uapi.OVS_VPORT_TYPE_GENEVE,
                          uapi.OVS_VPORT_TYPE_GRE)
    gbp = nest(uapi.OVS_TUNNEL_ATTR_EXTENSION, attr(uapi.OVS_VXLAN_EXT_GBP))
    sw.dp.add_port('vx', vxlan, None, tunnel_options(4789))
    sw.dp.add_port('vg', vxlan, None, tunnel_options(4790, gbp))
    sw.dp.add_port('gn', geneve, None, tunnel_options(6081))
    sw.dp.add_port('gr', gre)
    for name, words in (('vx', ('vxlan', 'external', 'dstport 4789')),
                        ('vg', ('vxlan', 'external', 'dstport 4790', 'gbp')),
                        ('gn', ('geneve', 'external', 'dstport 6081')),
                        ('gr', ('gretap', 'external'))):
        out = sw.link(name)
        assert all(w in out for w in words) and 'UP' in out and 'master dp0' in out, out
    assert 'gbp' not in sw.link('vx')
    options = sw.dp.port(name='vg').nest(uapi.OVS_VPORT_ATTR_OPTIONS)
    assert options.u16(uapi.OVS_TUNNEL_ATTR_DST_PORT) == 4790
    assert uapi.OVS_VXLAN_EXT_GBP in options.nest(uapi.OVS_TUNNEL_ATTR_EXTENSION)
    assert sw.dp.port(name='gn').nest(uapi.OVS_VPORT_ATTR_OPTIONS).u16(
        uapi.OVS_TUNNEL_ATTR_DST_PORT) == 6081
    assert uapi.OVS_VPORT_ATTR_OPTIONS not in sw.dp.port(name='gr')
    refuse('EINVAL', 'OVS_VPORT_ATTR_OPTIONS', sw.dp.add_port, 'vy', vxlan)
    refuse('EINVAL', 'OVS_TUNNEL_ATTR_DST_PORT', sw.dp.add_port, 'vy', vxlan, None,
           nest(uapi.OVS_VPORT_ATTR_OPTIONS))
    refuse('EEXIST', '', sw.dp.add_port, 'vy', vxlan, None, tunnel_options(4789))
    refuse('EOPNOTSUPP', 'OVS_VPORT_ATTR_OPTIONS', sw.nl.request, 'ovs_vport', SET, sw.dp.ifindex,
           text(uapi.OVS_VPORT_ATTR_NAME, 'vx'), tunnel_options(4791))
    # the device goes with the port, and the port with the device
    sw.dp.del_port(sw.dp.ports()['vx'])
    assert not sw.has('vx')
    heard = sw.listener('ovs_vport')
    sw.ns.ip('link del gn')
    assert notes(heard)[0].attrs.text(uapi.OVS_VPORT_ATTR_NAME) == 'gn'
    assert set(sw.dp.ports()) == {'dp0', 'vg', 'gr'}
    # and they can be made again
    sw.dp.add_port('vx', vxlan, None, tunnel_options(4789))
    sw.dp.add_port('gn', geneve, None, tunnel_options(6081))
    sw.dp.delete()
    for name in ('vx', 'vg', 'gn', 'gr'):
        assert not sw.has(name)


# ---- what goes by itself

def test_device_deleted(sw):
    heard = sw.listener('ovs_vport')
    sw.veth('v0', 'v1')
    sw.dp.add_port('v0')
    sw.dp.add_port('v1')
    notes(heard, n=2)
    sw.ns.ip('link del v0')
    m = notes(heard)[0]
    assert m.cmd == DEL and m.attrs.text(uapi.OVS_VPORT_ATTR_NAME) == 'v0'
    assert m.attrs.u32(uapi.OVS_VPORT_ATTR_PORT_NO) == 1 and m.dp_ifindex == sw.dp.ifindex
    assert sw.dp.ports() == {'dp0': 0, 'v1': 2}


def test_device_leaves(sw):
    heard = sw.listener('ovs_vport')
    sw.veth('v0')
    sw.dp.add_port('v0')
    notes(heard)
    other = sw.net.ns('other')
    sw.ns.ip('link', 'set', 'v0', 'netns', other.name)
    assert notes(heard)[0].cmd == DEL
    assert sw.dp.ports() == {'dp0': 0}
    out = other.ip('-d link show dev v0')
    assert 'master' not in out and 'promiscuity 0' in out
    # nothing of it is left: it can come back
    other.ip('link', 'set', 'v0', 'netns', sw.ns.name)
    assert sw.dp.add_port('v0') == 1


def test_device_renamed(sw):
    sw.veth('v0')
    sw.dp.add_port('v0')
    sw.ns.ip('link set v0 down')
    sw.ns.ip('link set v0 name w0')
    assert sw.dp.ports() == {'dp0': 0, 'w0': 1}
    if OURS:  # the kernel's own remembers the first name
        assert sw.dp.port(name='w0').u32(uapi.OVS_VPORT_ATTR_PORT_NO) == 1
        refuse('ENODEV', 'OVS_VPORT_ATTR_NAME', sw.dp.port, name='v0')


def test_internal_port_moved(sw):
    """It stays a port in another namespace, found by name in ours, and goes with that namespace."""
    sw.dp.add_port('i0', INTERNAL)
    other = netns.Netns('other')
    sw.ns.ip('link', 'set', 'i0', 'netns', other.name)
    a = sw.dp.port(name='i0')
    assert a.u32(uapi.OVS_VPORT_ATTR_PORT_NO) == 1 and uapi.OVS_VPORT_ATTR_NETNSID in a
    other.ip('link set i0 name eth0')
    assert sw.dp.ports() == {'dp0': 0, 'eth0': 1}
    if OURS:  # the kernel's own believes what a packet is marked with there
        other.ip('link set eth0 up')
        with other.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 7)
            s.sendto(bytes(12) + b'\x88\xb6' + bytes(50), ('eth0', 0))
        marks = []
        wait_for(lambda: marks.extend(
            u.key.u32(uapi.OVS_KEY_ATTR_SKB_MARK) for u in map(Upcall, sw.dp.up.messages(0))
            if u.packet[12:14] == b'\x88\xb6') or marks, 10)
        assert marks == [0]
    heard = sw.listener('ovs_vport')
    other.delete()
    if OURS:  # the kernel's own says nothing
        assert notes(heard, timeout=10)[0].attrs.u32(uapi.OVS_VPORT_ATTR_PORT_NO) == 1
    wait_for(lambda: sw.dp.ports() == {'dp0': 0}, 10)
    assert sw.dp.add_port('i0', INTERNAL) == 1


def test_namespace_deleted():
    """All datapaths of a namespace go with it; their devices' far ends are back in ours."""
    net = netns.Net()
    far = net.ns('far')
    try:
        for _ in range(5):
            ns = netns.Netns('sw')
            sw = Sw.__new__(Sw)
            sw.net, sw.ns = net, ns
            for name in ('dp0', 'dp1'):
                dp = sw.datapath(name)
                net.veth(far, f'{name}f', ns, f'{name}n')
                dp.add_port(f'{name}n')
                dp.add_port(f'{name}i', INTERNAL)
                dp.close()
            ns.delete()
            wait_for(lambda: 'dp0f' not in far.ip('link') and 'dp1f' not in far.ip('link'), 10)
    finally:
        net.delete()


def test_flows_of_a_port_that_is_gone(sw):
    """A flow may send to a port that is not there: the packet is dropped, and another port of the
    number gets the next."""
    far = sw.net.ns('far')
    for n in (1, 2):
        sw.net.veth(far, f'q{n}', sw.ns, f'p{n}')
        sw.dp.add_port(f'p{n}', number=n)
    q1, q2 = far.packet_socket('q1'), far.packet_socket('q2')
    sw.dp.put(odp.in_port(1) + odp.eth() + odp.eth_type(0x88b6), odp.output(2),
              odp.in_port(0xffffffff) + odp.eth() + odp.eth_type(0xffff))
    frame = bytes.fromhex('02000000000b02000000000a88b6') + bytes(50)
    q1.send(frame)
    q2.expect(frame)
    sw.dp.del_port(2)
    q1.send(frame)
    q2.expect_none(frame)
    sw.dp.add_port('p2', number=2)
    q1.send(frame)
    q2.expect(frame)


# ---- many, and under change

def test_dump_under_change(sw):
    """A dump takes several messages; a port that is there all the time is in it once."""
    stay = {}
    for i in range(1, 121):
        stay[f's{i}'] = sw.dp.add_port(f's{i}', INTERNAL, 2 * i)
    stop = threading.Event()
    dp = Datapath.__new__(Datapath)
    dp.nl, dp.ifindex, dp.up = ovsnl.Socket(sw.make_socket()), sw.dp.ifindex, sw.dp.up
    failed = []

    def churn():
        i = 0
        try:
            while not stop.is_set():
                i = (i + 7) % 119 + 1
                dp.add_port('churn', INTERNAL, 2 * i + 1)
                dp.del_port(2 * i + 1)
        except OSError as e:
            failed.append(e)

    t = threading.Thread(target=churn)
    t.start()
    try:
        for _ in range(15):
            names = [m.attrs.text(uapi.OVS_VPORT_ATTR_NAME)
                     for m in sw.nl.request('ovs_vport', GET, sw.dp.ifindex, flags=NLM_F_DUMP,
                                            timeout=20)]
            for name in stay:
                assert names.count(name) == 1
            assert names.count('dp0') == 1
    finally:
        stop.set()
        t.join()
    assert not failed
    sw.dp.delete()


def test_ports_come_and_go_under_traffic(sw):
    far = sw.net.ns('far')
    for n in (1, 2):
        sw.net.veth(far, f'q{n}', sw.ns, f'p{n}')
        sw.dp.add_port(f'p{n}', number=n)
    mask = odp.in_port(0xffffffff) + odp.eth() + odp.eth_type(0xffff)
    for a, b in ((1, 2), (2, 1)):
        sw.dp.put(odp.in_port(a) + odp.eth() + odp.eth_type(0x88b6),
                  odp.output(b) + odp.output(3) + odp.output(0), mask)
    frame = bytes.fromhex('02000000000b02000000000a88b6') + bytes(50)
    socks = [far.packet_socket(f'q{n}') for n in (1, 2)]
    sw.ns.ip('link set dp0 up')
    stop = threading.Event()

    def flood(s):
        while not stop.is_set():
            try:
                s.send(*[frame] * 50)
            except OSError:
                time.sleep(0.001)  # its device is gone

    threads = [threading.Thread(target=flood, args=(s,)) for s in socks]
    for t in threads:
        t.start()
    try:
        for i in range(12):
            sw.dp.add_port('i3', INTERNAL, 3)
            sw.ns.ip('link set i3 up')
            sw.dp.del_port(3)
            sw.dp.del_port(2)
            sw.dp.add_port('p2', number=2)
            sw.veth('v3')
            sw.dp.add_port('v3', number=3)
            sw.ns.ip('link del v3')
            wait_for(lambda: 3 not in sw.dp.ports().values())
        hit = sw.dp.stats()[0]
        far.ip('link del q1')
        wait_for(lambda: 1 not in sw.dp.ports().values())
        assert hit > 500
        sw.dp.delete()
    finally:
        stop.set()
        for t in threads:
            t.join()


def test_bind_to_two_at_once(sw):
    """Two clients that want one device: one gets it."""
    sw.veth('v0')
    dps = [sw.dp, sw.datapath('dp1')]
    for _ in range(20):
        got = []

        def add(dp):
            try:
                got.append((dp, dp.add_port('v0')))
            except NlError as e:
                assert e.name == 'EBUSY', e

        threads = [threading.Thread(target=add, args=(dp,)) for dp in dps]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert len(got) == 1
        got[0][0].del_port(got[0][1])


# ---- the module

def module_path():
    """The file that our module was loaded from, or None."""
    try:
        with open('/run/guest/job') as f:
            found = re.search(r'MODULE=(/\S+)', f.read())
    except OSError:
        return None
    return found.group(1) if found else None


def test_module_removed_under_traffic(sw):
    """Not as long as there is a port, and at once when the last one has gone."""
    path = module_path()
    if not path:
        pytest.skip('the file of the module is not known')
    far = sw.net.ns('far')
    for n in (1, 2):
        sw.net.veth(far, f'q{n}', sw.ns, f'p{n}')
    socks = [far.packet_socket(f'q{n}') for n in (1, 2)]
    frame = bytes.fromhex('02000000000b02000000000a88b6') + bytes(50)
    stop = threading.Event()

    def flood(s):
        while not stop.is_set():
            s.send(*[frame] * 50)

    threads = [threading.Thread(target=flood, args=(s,)) for s in socks]
    for t in threads:
        t.start()
    try:
        for i in range(5):
            if i:
                sw.dp = sw.datapath('dp0')
            for n in (1, 2):
                sw.dp.add_port(f'p{n}', number=n)
            sw.dp.add_port('i0', INTERNAL)
            sw.dp.add_port('vx', uapi.OVS_VPORT_TYPE_VXLAN, None, tunnel_options(4789))
            for a, b in ((1, 2), (2, 1)):
                sw.dp.put(odp.in_port(a) + odp.eth() + odp.eth_type(0x88b6), odp.output(b),
                          odp.in_port(0xffffffff) + odp.eth() + odp.eth_type(0xffff))
            wait_for(lambda: sw.dp.stats()[0] > 50)
            r = subprocess.run(['rmmod', 'openvswitch'], capture_output=True, text=True)
            assert r.returncode and 'in use' in r.stderr
            sw.dp.delete()
            subprocess.run(['rmmod', 'openvswitch'], check=True)
            assert not sw.has('dp0') and not sw.has('i0') and not sw.has('vx')
            out = sw.link('p1')
            assert 'master' not in out and 'promiscuity 0' in out
            subprocess.run(['insmod', path], check=True)
    finally:
        stop.set()
        for t in threads:
            t.join()
        if not os.path.exists('/sys/module/openvswitch'):
            subprocess.run(['insmod', path], check=True)
