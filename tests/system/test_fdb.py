# SPDX-License-Identifier: Apache-2.0
"""The MAC table, on dummy ports in simulated time.

    p1 (tag 1)  p2 (tag 1)  p3 (trunk) -- br0"""

import pytest

from rig.wait import wait_until


def mac(n):
    return f'02:00:00:00:{n >> 8:02x}:{n & 255:02x}'


def frame(src, dst='ff:ff:ff:ff:ff:ff', vlan=None, kind='88b5', payload=46):
    tag = f'8100{vlan:04x}' if vlan is not None else ''
    return dst.replace(':', '') + src.replace(':', '') + tag + kind + '00' * payload


def gratuitous_arp(src, ip):
    """An ARP request for one's own address."""
    s = src.replace(':', '')
    return 'ffffffffffff' + s + '08060001080006040001' + s + ip + '000000000000' + ip + '00' * 18


class Fdb:
    def __init__(self, dummy):
        self.sw = dummy
        dummy.add_br('br0')
        for n, settings in enumerate((['tag=1'], ['tag=1'], []), 1):
            dummy.add_dummy('br0', f'p{n}', *settings, ofport_request=n)

    def table(self):
        """{(vlan, mac): (port, age)}; a static entry's age is text."""
        rows = [line.split() for line in self.sw.appctl('fdb/show br0').splitlines()[1:]]
        return {(int(r[1]), r[2]): (r[0], int(r[3]) if r[3].isdigit() else r[3]) for r in rows}

    def learned(self, vlan, address, port):
        return wait_until(lambda: self.table().get((vlan, address), (None,))[0] == port,
                          what=f'{address} is learned on port {port}')


@pytest.fixture
def fdb(dummy):
    return Fdb(dummy)


def test_header(fdb):
    assert fdb.sw.appctl('fdb/show br0') == ' port  VLAN  MAC                Age\n'


def test_learns_per_vlan(fdb):
    fdb.sw.receive('p1', frame(mac(1)))
    fdb.sw.receive('p3', frame(mac(1), vlan=7))
    fdb.learned(1, mac(1), '1')
    fdb.learned(7, mac(1), '3')


def test_row_text(fdb):
    fdb.sw.receive('p2', frame(mac(0x123)))
    fdb.learned(1, mac(0x123), '2')
    fdb.sw.warp(3000)
    assert fdb.sw.appctl('fdb/show br0').splitlines()[1] == '    2     1  02:00:00:00:01:23    3'


def test_multicast_source_is_not_learned(fdb):
    fdb.sw.receive('p1', frame('03:00:00:00:00:01'))
    fdb.sw.receive('p1', frame(mac(1)))
    fdb.learned(1, mac(1), '1')
    assert len(fdb.table()) == 1


def test_ageing(fdb):
    fdb.sw.vsctl('set bridge br0 other_config:mac-aging-time=60')
    fdb.sw.receive('p1', frame(mac(1)))
    fdb.learned(1, mac(1), '1')
    fdb.sw.warp(40000)
    fdb.sw.receive('p1', frame(mac(2)))
    fdb.learned(1, mac(2), '1')
    assert (1, mac(1)) in fdb.table()
    fdb.sw.warp(21000)
    wait_until(lambda: (1, mac(1)) not in fdb.table(), what='the old entry goes')
    assert (1, mac(2)) in fdb.table()


def test_moves(fdb):
    fdb.sw.receive('p1', frame(mac(1)))
    fdb.learned(1, mac(1), '1')
    fdb.sw.receive('p2', frame(mac(1)))
    fdb.learned(1, mac(1), '2')
    assert len(fdb.table()) == 1


def test_size_limit(fdb):
    fdb.sw.vsctl('set bridge br0 other_config:mac-table-size=10')
    for n in range(1, 31):
        fdb.sw.receive('p1', frame(mac(n)))
    wait_until(lambda: (1, mac(30)) in fdb.table())
    assert len(fdb.table()) <= 10


def test_eviction_is_fair(fdb):
    """A port that learns much does not take the entries of one that learns little."""
    fdb.sw.vsctl('set bridge br0 other_config:mac-table-size=10')
    fdb.sw.receive('p2', frame(mac(0x200)))
    fdb.learned(1, mac(0x200), '2')
    for n in range(1, 31):
        fdb.sw.receive('p1', frame(mac(n)))
    wait_until(lambda: (1, mac(30)) in fdb.table())
    assert fdb.table()[1, mac(0x200)][0] == '2'


def test_flush(fdb):
    for n in range(1, 4):
        fdb.sw.receive('p1', frame(mac(n)))
    fdb.learned(1, mac(3), '1')
    assert fdb.sw.appctl('fdb/flush br0').strip() == 'table successfully flushed'
    assert fdb.table() == {}


def test_static(fdb):
    fdb.sw.appctl('fdb/add', 'br0', 'p2', 1, mac(1))
    assert fdb.sw.appctl('fdb/show br0').splitlines()[1] == '    2     1  02:00:00:00:00:01  static'
    # neither a frame from elsewhere nor time moves it
    fdb.sw.receive('p1', frame(mac(1)))
    fdb.sw.receive('p1', frame(mac(2)))
    fdb.learned(1, mac(2), '1')
    fdb.sw.warp(400000)
    wait_until(lambda: (1, mac(2)) not in fdb.table())
    assert fdb.table() == {(1, mac(1)): ('2', 'static')}
    fdb.sw.appctl('fdb/del', 'br0', 1, mac(1))
    assert fdb.table() == {}


def test_port_goes(fdb):
    fdb.sw.receive('p1', frame(mac(1)))
    fdb.sw.receive('p2', frame(mac(2)))
    fdb.learned(1, mac(2), '2')
    fdb.sw.vsctl('del-port br0 p1')
    wait_until(lambda: set(fdb.table()) == {(1, mac(2))}, what='entries of the port go with it')


def test_gratuitous_arp_is_learned(fdb):
    fdb.sw.receive('p1', gratuitous_arp(mac(5), '0a000005'))
    fdb.learned(1, mac(5), '1')


def test_no_such_bridge(fdb):
    r = fdb.sw.appctl('fdb/show nobody', check=False)
    assert (r.returncode, r.stdout) == (2, '')
    assert r.stderr.splitlines()[0] == 'no such bridge'
