# SPDX-License-Identifier: Apache-2.0
"""Completion in bash, as bash asks for it, on a running switch."""

import os
import subprocess

import pytest

from rig.tools import TOP

SCRIPT = TOP / 'utilities' / 'ovs-completion.bash'


@pytest.fixture
def complete(dummy):
    """complete('ovs-vsctl add-p'): what bash would offer there, a list."""
    def run(line):
        function = '_' + line.split()[0].replace('-', '_')
        folders = os.pathsep.join(str(f) for f in dummy.tools.folders)
        r = subprocess.run(['bash', '-c', f'. {SCRIPT}; COMP_LINE=$1 COMP_POINT=${{#1}}; '
                            f'{function} "${{1%% *}}"; printf "%s\\n" "${{COMPREPLY[@]}}"',
                            'bash', line], capture_output=True, text=True, timeout=30,
                           env={**dummy.env(dummy.tools),
                                'PATH': folders + os.pathsep + os.environ['PATH']})
        assert r.returncode == 0, r.stderr
        assert r.stderr == ''
        return r.stdout.split()
    dummy.add_br('br0')
    dummy.add_br('br1')
    dummy.add_dummy('br0', 'p1')
    dummy.add_dummy('br0', 'p2')
    return run


def commands(dummy):
    return sorted(line.split(',')[1]
                  for line in dummy.run('ovs-vsctl', '--commands').splitlines())


def test_vsctl_commands(dummy, complete):
    every = commands(dummy)
    assert len(every) > 40
    assert sorted(complete('ovs-vsctl ')) == every
    assert sorted(complete('ovs-vsctl add-br br9 -- ')) == every
    assert complete('ovs-vsctl add-p') == ['add-port']
    assert sorted(complete('ovs-vsctl -t 5 list-')) == [c for c in every if c.startswith('list-')]


def test_vsctl_options(complete):
    assert complete('ovs-vsctl --dry') == ['--dry-run']
    assert '--timeout=' in complete('ovs-vsctl --ti')
    assert complete('ovs-vsctl --may') == ['--may-exist']
    # those of the program stand before the first command only
    assert complete('ovs-vsctl show -- --dry') == []
    assert complete('ovs-vsctl show -- --if-e') == ['--if-exists']


def test_vsctl_names(complete):
    assert complete('ovs-vsctl del-br ') == ['br0', 'br1']
    assert complete('ovs-vsctl list-ports br0 ') == ['--']
    assert complete('ovs-vsctl add-port b') == ['br0', 'br1']
    assert sorted(complete('ovs-vsctl port-to-br ')) == ['p1', 'p2']
    assert set(complete('ovs-vsctl del-port ')) >= {'br0', 'br1', 'p1', 'p2'}
    assert sorted(complete('ovs-vsctl del-port br0 p')) == ['p1', 'p2']
    assert complete('ovs-vsctl set-fail-mode br0 s') == ['secure', 'standalone']


def test_vsctl_database(dummy, complete):
    assert complete('ovs-vsctl list Brid') == ['Bridge']
    uuid = dummy.get('port', 'p1', '_uuid')
    assert {'p1', 'p2', uuid} <= set(complete('ovs-vsctl get Port '))
    assert complete('ovs-vsctl get Port p1 vlan') == ['vlan_mode']
    assert complete('ovs-vsctl set Port p1 vlan') == ['vlan_mode=']
    assert complete('ovs-vsctl add-port br0 p3 tru') == ['trunks=']
    assert complete('ovs-vsctl get Open_vSwitch . next') == ['next_cfg']


def test_appctl(dummy, complete):
    listed = [line.split()[0] for line in dummy.appctl('list-commands').splitlines()[1:]]
    assert sorted(complete('ovs-appctl ')) == sorted(listed)
    assert complete('ovs-appctl fdb/fl') == ['fdb/flush']
    assert complete('ovs-appctl fdb/show b') == ['br0', 'br1']
    assert complete('ovs-appctl dpif/dump-flows --na') == ['--names']
    assert sorted(complete('ovs-appctl -t ')) == ['ovs-vswitchd', 'ovsdb-server']
    assert 'ovsdb-server/compact' in complete('ovs-appctl -t ovsdb-server ovsdb-server/comp')
    assert complete('ovs-appctl --target=ovsdb') == ['ovsdb-server']
    assert complete('ovs-appctl --pre') == ['--pretty']
