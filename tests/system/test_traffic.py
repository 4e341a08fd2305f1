# SPDX-License-Identifier: Apache-2.0
"""Real transfers between two guests, whose offloads are left on: partial checksums and GSO frames
arrive at the switch and must leave right.

    a --- br0 --- b"""

import json
import shutil
import subprocess

import pytest

from rig.wait import wait_until


@pytest.fixture
def pair(net, switch, daemons):
    if not shutil.which('iperf3'):
        pytest.skip('iperf3 is not installed')
    switch.add_br('br0')
    guests = [net.guest(name, switch, f'10.0.0.{n}/24', addr6=f'fd00::{n}/64')
              for n, name in enumerate('ab', 1)]
    for g in guests:
        if daemons.name == 'debian':  # cannot carry partial checksums
            g.ns.run('ethtool -K eth0 tx off')
        switch.add_port('br0', g.port)
    a, b = guests
    wait_until(lambda: a.ping(b) and a.ns.ping(b.ip6), what='both families reach over')
    return a, b


def iperf(a, b, addr, *args, seconds=2):
    """The end report of one transfer from a to b."""
    server = b.ns.popen(['iperf3', '-s', '-1'], stdout=subprocess.DEVNULL)
    wait_until(lambda: ':5201 ' in b.ns.run('ss -Hltn').stdout, what='iperf3 listens')
    r = a.ns.run(['iperf3', '-J', '-t', seconds, '-c', addr, *args], timeout=60)
    server.wait(20)
    return json.loads(r.stdout)['end']


@pytest.mark.parametrize('family', ['ip', 'ip6'])
@pytest.mark.parametrize('reverse', [False, True])
def test_tcp(pair, family, reverse):
    a, b = pair
    end = iperf(a, b, getattr(b, family), *(['-R'] if reverse else []))
    assert end['sum_received']['bits_per_second'] > 50e6, end['sum_received']


@pytest.mark.parametrize('family', ['ip', 'ip6'])
@pytest.mark.parametrize('length', [64, 1400, 8000])
def test_udp(pair, family, length):
    """8000 octets are fragments."""
    a, b = pair
    end = iperf(a, b, getattr(b, family), '-u', '-b', '20M', '-l', length)
    assert end['sum']['packets'] > 0
    assert end['sum']['lost_percent'] < 5, end['sum']


def test_no_bad_checksum_arrives(pair):
    """What b counts as bad is what the switch has spoiled."""
    a, b = pair
    for addr in (b.ip, b.ip6):
        iperf(a, b, addr, seconds=1)
        iperf(a, b, addr, '-u', '-b', '20M', '-l', 1000, seconds=1)
    rows = b.ns.run(['cat', '/proc/net/snmp', '/proc/net/snmp6']).stdout.splitlines()
    bad = {}
    for head, values in zip(rows, rows[1:]):
        h, v = head.split(), values.split()
        if h[0] == v[0] and h[0] in ('Tcp:', 'Udp:') and not h[1].lstrip('-').isdigit():
            bad.update({h[0] + k: int(n) for k, n in zip(h[1:], v[1:]) if k == 'InCsumErrors'})
    for row in rows:
        key, *value = row.split()
        if key.endswith('InCsumErrors'):
            bad[key] = int(value[0])
    assert 'Tcp:InCsumErrors' in bad and 'Udp6InCsumErrors' in bad
    assert not any(bad.values()), bad
