# SPDX-License-Identifier: Apache-2.0
"""Actions on packets whose sum a device has taken (CHECKSUM_COMPLETE): it must follow every change
of theirs until an internal port receives by it.  A small module (complete/) plays the device."""

import os
import pathlib
import subprocess

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrRouting
from scapy.layers.l2 import Dot1Q

import odp
import uapi
from frames import C, DATA, IP6_C, IP_C, e, ip, ip6, tcp, udp
from kdp import same
from rig import tools
from test_actions import CASES, UDP_AB

HERE = pathlib.Path(__file__).parent
ROUTED = ip6() / IPv6ExtHdrRouting(addresses=[IP6_C], segleft=1)
MORE = {
    'ipv6-without-checksum': (ip6(nh=59) / DATA,
                              [odp.set_masked(odp.ipv6(src=IP6_C), odp.ipv6(src='ffff::'))]),
    'ipv6-towards-a-router': (ROUTED / udp(),
                              [odp.set_masked(odp.ipv6(dst=IP6_C), odp.ipv6(dst='::ffff'))]),
    'ipv4-of-tagged': (e() / Dot1Q(vlan=5) / (ip() / tcp())['IP'],
                       [odp.set_masked(odp.ipv4(src=IP_C), odp.ipv4(src='255.255.255.255')),
                        odp.set_masked(odp.eth(dst=C), odp.eth(dst='ff:ff:ff:ff:ff:ff'))]),
    'third-vlan': (UDP_AB, [odp.push_vlan(0x1005) * 3, odp.pop_vlan()]),
    'mpls-there-and-back': (UDP_AB, [odp.push_mpls(odp.lse(5)), odp.pop_mpls(0x800)]),
}


@pytest.fixture(scope='module')
def complete(_kdp, tmp_path_factory):
    """Frames that come in on p1 are summed up; reads the counters of those that leave on i9."""
    build = tools.BUILD / f'kmod-{os.uname().release}/complete'
    if not (build / 'complete.ko').exists():
        build = tmp_path_factory.mktemp('complete')
        for name in ('Kbuild', 'complete.c'):
            (build / name).write_bytes((HERE / 'complete' / name).read_bytes())
        kbuild = os.environ.get('KBUILD') or f'/lib/modules/{os.uname().release}/build'
        r = subprocess.run(['make', '-C', kbuild, f'M={build}', 'modules'], capture_output=True,
                           text=True)
        assert not r.returncode, r.stdout + r.stderr
    _kdp.reset()
    number = _kdp.dp.add_port('i9', uapi.OVS_VPORT_TYPE_INTERNAL, 9)
    _kdp.ns.ip('link set dev i9 up')
    subprocess.run(['insmod', build / 'complete.ko', 'from=p1', 'to=i9'], check=True)

    def counters():
        base = pathlib.Path('/sys/module/complete/parameters')
        return [int((base / name).read_text()) for name in ('n_right', 'n_wrong', 'n_none')]

    yield counters
    subprocess.run(['rmmod', 'complete'], check=True)
    _kdp.dp.del_port(number)


def check(kdp, complete, packet, actions):
    kdp.dp.flush()
    while kdp.dp.up.messages(0):
        pass
    u = kdp.miss(packet)
    kdp.dp.put(u.raw_key, b''.join(actions) + odp.output(9))
    before = complete()
    assert not kdp.send(packet).upcalls
    after = complete()
    assert [b - a for a, b in zip(before, after)] == [1, 0, 0]


@pytest.mark.parametrize('case', [pytest.param(c, id=c.name, marks=c.marks) for c in CASES
                                  if 'sctp' not in c.name])
def test_sum(_kdp, complete, case):
    check(_kdp, complete, case.packet, case.actions)


@pytest.mark.parametrize('name', MORE)
def test_more(_kdp, complete, name):
    check(_kdp, complete, *MORE[name])


@pytest.mark.parametrize('case', [pytest.param(c, id=c.name) for c in CASES if 'sctp' in c.name])
def test_sctp(_kdp, complete, case):
    check(_kdp, complete, case.packet, case.actions)
