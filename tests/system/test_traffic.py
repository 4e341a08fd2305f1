# SPDX-License-Identifier: Apache-2.0
"""Real transfers between two guests, whose offloads are left on: partial checksums and GSO frames
arrive at the switch and must leave right.

    a --- br0 --- b"""

import json
import os
import shutil
import socket
import subprocess

import pytest

from rig.wait import wait_until

SO_RCVBUFFORCE = 33


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


def iperf(a, b, addr, *args):
    """The end report of one transfer from a to b."""
    server = b.ns.popen(['iperf3', '-s', '-1'], stdout=subprocess.DEVNULL)
    wait_until(lambda: ':5201 ' in b.ns.run('ss -Hltn').stdout, what='iperf3 listens')
    r = a.ns.run(['iperf3', '-J', '-c', addr, *args], timeout=60)
    server.wait(20)
    return json.loads(r.stdout)['end']


@pytest.mark.parametrize('family', ['ip', 'ip6'])
@pytest.mark.parametrize('reverse', [False, True])
def test_tcp(pair, family, reverse):
    a, b = pair
    n = 24 << 20  # a stream that stands still after a loss does not end in time
    end = iperf(a, b, getattr(b, family), '-n', n, *(['-R'] if reverse else []))
    assert end['sum_received']['bytes'] > n / 2, end  # the rest is on its way when it is told


@pytest.mark.parametrize('family', ['ip', 'ip6'])
@pytest.mark.parametrize('length', [64, 1400, 8000])
def test_udp(pair, family, length):
    """Bursts of datagrams, each after the last has arrived.  8000 octets are fragments."""
    a, b = pair
    kind = socket.AF_INET if family == 'ip' else socket.AF_INET6
    tx, rx = (g.ns.socket(kind, socket.SOCK_DGRAM) for g in pair)
    rx.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
    rx.bind((getattr(b, family), 5000))
    rx.settimeout(10)
    for n in range(100):
        burst = [bytes([n, i]) + os.urandom(length - 2) for i in range(min(16, 25000 // length))]
        for data in burst:
            tx.sendto(data, (getattr(b, family), 5000))
        # the first may be overtaken while its flow is being made
        assert sorted(rx.recv(65536) for _ in burst) == sorted(burst)


def test_no_bad_checksum_arrives(pair):
    """What b counts as bad is what the switch has spoiled."""
    a, b = pair
    for addr in (b.ip, b.ip6):
        iperf(a, b, addr, '-n', 8 << 20)
        iperf(a, b, addr, '-u', '-b', '20M', '-l', 1000, '-n', 2 << 20)
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
