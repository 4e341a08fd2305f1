# SPDX-License-Identifier: Apache-2.0
"""The same actions on our switch and on Debian's: the texts of both are equal.

    p1 (tag 1)  p2 (tag 1)  p3 (trunk) -- br0 == patch == br1 -- p4"""

import re

import pytest

from rig import tools as rig_tools
from rig.switch import DummySwitch
from rig.wait import wait_until


def frame(src, dst='ffffffffffff', kind='88b5', tag=''):
    return f'{dst}0200000000{src:02x}{tag}{kind}' + '00' * 46


ARP = ('ffffffffffff020000000005' '08060001080006040001' '020000000005' '0a000005' '000000000000'
       '0a000005') + '00' * 18
IP = ('020000000001020000000004' '08004500001c000000004011' '0000' '0a0000040a000001'
      '0001003500080000'
      ) + '00' * 18


@pytest.fixture
def make_pair(request):
    yield from _make_pair(request)


@pytest.fixture
def pair(make_pair):
    return make_pair()


def _make_pair(request):
    debian = rig_tools.debian()
    switches = request.node.switches = []

    def make(**kwargs):
        for daemons in (rig_tools.ours(), debian):
            sw = DummySwitch(daemons, debian, **kwargs)
            switches.append(sw)
            sw.start()
            for br in ('br0', 'br1'):
                sw.add_br(br)
            for n, (br, settings) in enumerate((('br0', ['tag=1']), ('br0', ['tag=1']),
                                                ('br0', []), ('br1', [])), 1):
                sw.add_dummy(br, f'p{n}', *settings, ofport_request=n)
            for br, name, peer in (('br0', 'x', 'y'), ('br1', 'y', 'x')):
                sw.add_port(br, name, type='patch', options__peer=peer, ofport_request=9)
        return switches

    yield make
    for sw in switches:
        sw.stop()


def run(switches, *commands):
    for sw in switches:
        for c in commands:
            sw.appctl(*c)
        sw.appctl('revalidator/wait')


def same(switches, *command, edit=lambda text: text):
    ours, debian = (sw.run('ovs-appctl', '-t', 'ovs-vswitchd', *command, check=False)
                    for sw in switches)
    assert ours.returncode == debian.returncode
    assert edit(ours.stdout) == edit(debian.stdout)
    strip = (lambda sw, r: r.stderr.replace(str(sw.dir), 'DIR')
             .replace(f'.{sw.vswitchd.pid}.', '.PID.'))
    assert strip(switches[0], ours) == strip(switches[1], debian)
    return ours.stdout


def flow_set(text):
    """Lines sorted; outputs of a flood come in any order, and so does the tagging that they
    need."""
    out = []
    for line in text.splitlines():
        match, actions = line.split(', actions:')
        outputs = set(re.sub(r'(push_vlan\([^)]*\)|pop_vlan),?', '', actions).split(','))
        out.append((re.sub(r'ufid:\S+', 'ufid', match), sorted(outputs)))
    return sorted(out)


FRAMES = (('p1', frame(1)), ('p2', frame(2, '020000000001')), ('p3', frame(3, tag='81000001')),
          ('p4', frame(4)), ('p1', ARP), ('p4', IP), ('p3', frame(9, tag='81006005')),
          ('p1', frame(1, '0180c2000003')), ('p2', frame(7, tag='81000007')))


def taught(switches):
    run(switches, *(('netdev-dummy/receive', *f) for f in FRAMES))


def test_flows(pair):
    taught(pair)
    assert len(same(pair, 'dpif/dump-flows', 'br0', edit=flow_set).splitlines()) == 7
    same(pair, 'dpif/dump-flows', 'br1', edit=flow_set)
    same(pair, 'dpif/dump-flows', '-m', 'br0', edit=flow_set)
    same(pair, 'dpif/dump-flows', '-m', '--no-names', 'br1', edit=flow_set)
    same(pair, 'dpif/dump-flows', '--names', 'br0', edit=flow_set)
    same(pair, 'dpif/dump-flows', '--no-names', 'br0', edit=flow_set)


def test_flow_counters(pair):
    """A second frame of each, so that packets, bytes and 'used' are there; then time passes."""
    taught(pair)
    taught(pair)
    run(pair, ('time/warp', '1000', '500'))
    same(pair, 'dpif/dump-flows', 'br0', edit=flow_set)


def test_mac_table(pair):
    taught(pair)
    same(pair, 'fdb/show', 'br0', edit=lambda t: sorted(t.splitlines()))
    same(pair, 'fdb/show', 'br1', edit=lambda t: sorted(t.splitlines()))
    run(pair, ('fdb/add', 'br0', 'p2', '1', '02:00:00:00:00:aa'), ('time/warp', '30000', '1000'))
    same(pair, 'fdb/show', 'br0', edit=lambda t: sorted(t.splitlines()))
    same(pair, 'fdb/stats-show', 'br0')
    run(pair, ('netdev-dummy/receive', 'p1', frame(2)))  # a move
    same(pair, 'fdb/stats-show', 'br0')
    same(pair, 'fdb/flush', 'br0')
    same(pair, 'fdb/show', 'br0')
    same(pair, 'fdb/stats-show', 'br0')
    same(pair, 'fdb/stats-clear', 'br0')
    same(pair, 'fdb/stats-show', 'br0')
    run(pair, ('time/warp', '400000', '10000'))
    same(pair, 'fdb/show', 'br0')
    same(pair, 'fdb/del', 'br0', '1', '02:00:00:00:00:aa')
    same(pair, 'fdb/show', 'br0')


def test_lists(pair):
    taught(pair)

    def without_odp(text):
        """Datapath port numbers of the two are chosen differently."""
        return re.sub(r'hit:\d+ missed:\d+', 'hit', re.sub(r'(\d+)/\d+:', r'\1/N:', text))

    same(pair, 'dpif/show', edit=without_odp)
    same(pair, 'dpif/dump-dps', edit=lambda t: sorted(t.splitlines()))
    same(pair, 'ofproto/list', edit=lambda t: sorted(t.splitlines()))


def test_rules(pair):
    """Rules of table 0; table 254 is each one's own."""
    taught(pair)

    def visible(text):
        lines = [x for x in text.splitlines() if not x.startswith('table_id=254')]
        return [re.sub(r'duration=\d+s', 'duration', x) for x in lines]

    assert 'n_packets=' in same(pair, 'bridge/dump-flows', 'br0', edit=visible)


@pytest.mark.parametrize('command', [
    ['fdb/show', 'nobody'], ['fdb/show'], ['fdb/flush', 'nobody'], ['fdb/stats-show', 'nobody'],
    ['fdb/del', 'br0', '1', '02:00:00:00:00:99'], ['dpif/dump-flows', 'nobody'],
    ['bridge/dump-flows', 'nobody'], ['netdev-dummy/receive', 'nobody', 'aa'],
    ['no/such/command'], ['ofproto/list', 'x', 'y'],
], ids=' '.join)
def test_errors(pair, command):
    same(pair, *command)


def test_shape_of_coverage_and_memory(make_pair):
    """Not the counters, which are each one's own, but how a line looks; and names of
    memory/show."""
    pair = make_pair(frozen=False)  # Debian's counts nothing while time stands
    taught(pair)
    line = re.compile(r'\w+ +\d+\.\d/sec +\d+\.\d{3}/sec +\d+\.\d{4}/sec +total: \d+')
    for sw in pair:
        # Debian's collects them about once a second
        wait_until(lambda: sw.appctl('coverage/show').count('\n') > 2)
        head, *lines, last = sw.appctl('coverage/show').splitlines()
        assert re.fullmatch(r'Event coverage, avg rate over last: 5 seconds, last minute, '
            r'last hour,  '
                            r'hash=[0-9a-f]{8}:', head)
        assert lines and all(line.fullmatch(x) for x in lines), lines
        assert re.fullmatch(r'\d+ events never hit', last)

    def names(text):
        return re.sub(r':\d+', '', text)

    same(pair, 'memory/show', edit=names)
