# SPDX-License-Identifier: Apache-2.0
"""Misses and cached flows, on dummy ports in simulated time.

    p1  p2  p3 -- br0"""

import json
import re

import pytest

from rig.wait import wait_until


def frame(src, dst=0xff, kind='88b5'):
    to = 'ff' * 6 if dst == 0xff else f'0200000000{dst:02x}'
    return f'{to}0200000000{src:02x}{kind}' + '00' * 46


@pytest.fixture
def sw(dummy):
    dummy.add_br('br0')
    for n in (1, 2, 3):
        dummy.add_dummy('br0', f'p{n}', ofport_request=n)
    return dummy


def receive(sw, port, *frames):
    for f in frames:
        sw.appctl(f'netdev-dummy/receive {port} {f}')


def n_flows(sw):
    return int(re.search(r'\(current (\d+)\)', sw.appctl('upcall/show')).group(1))


def flows(sw):
    return [line for line in sw.appctl('dpctl/dump-flows').splitlines()
            if not line.startswith('flow-dump')]


def counter(sw, name):
    return int(sw.appctl(f'coverage/read-counter {name}'))


def config(sw, **settings):
    for key, value in settings.items():
        key = key.replace('_', '-')
        if value is None:
            sw.vsctl('remove', 'open_vswitch', '.', 'other_config', key)
        else:
            sw.vsctl('set', 'open_vswitch', '.', f'other_config:{key}={value}')


def test_texts(sw):
    assert sw.appctl('upcall/disable-megaflows').strip() == 'megaflows disabled'
    receive(sw, 'p1', frame(1, kind='0800' + '45'), frame(1, kind='0806'))
    assert sw.appctl('upcall/enable-megaflows').strip() == 'megaflows enabled'
    assert not flows(sw)
    assert (sw.appctl('upcall/disable-ufid').strip() ==
            'Datapath dumping tersely using UFID disabled')
    assert 'ufid enabled : false' in sw.appctl('upcall/show')
    assert (sw.appctl('upcall/enable-ufid').strip() ==
            'Datapath dumping tersely using UFID enabled for supported datapaths')
    assert 'ufid enabled : true' in sw.appctl('upcall/show')
    assert sw.appctl('upcall/set-flow-limit 5').strip() == 'set flow_limit to 5'
    assert '(limit 5)' in sw.appctl('upcall/show')


def test_new_address_disturbs_no_other_flow(sw):
    receive(sw, 'p1', frame(1))
    receive(sw, 'p2', *(frame(n, 1) for n in range(2, 40)), *(frame(n, 200) for n in range(2, 40)))
    sw.appctl('revalidator/wait')
    before = counter(sw, 'revalidate_flow')
    receive(sw, 'p3', *(frame(n) for n in range(100, 130)))
    sw.appctl('time/warp 1000 500')
    assert counter(sw, 'revalidate_flow') < before + 10
    # 38 flows wanted this one
    receive(sw, 'p3', frame(200))
    sw.appctl('time/warp 1000 500')
    assert 38 <= counter(sw, 'revalidate_flow') - before < 58
    to_200 = [f for f in flows(sw) if 'dst=02:00:00:00:00:c8' in f]
    assert len(to_200) == 38
    assert {f.split('actions:')[1] for f in to_200} == {re.search(
        r'port (\d+): p3', sw.appctl('dpctl/show')).group(1)}


def test_flow_limit_is_shared(sw):
    """A port that floods keeps no other out."""
    config(sw, flow_limit=40)
    receive(sw, 'p1', *(frame(n) for n in range(1, 80)))
    assert n_flows(sw) == 40
    receive(sw, 'p2', *(frame(n) for n in range(100, 108)))
    assert n_flows(sw) == 48
    sw.appctl('time/warp 300 100')
    assert n_flows(sw) <= 40
    receive(sw, 'p2', *(frame(n) for n in range(100, 108)))
    assert len([f for f in flows(sw)
                if re.search(r'src=02:00:00:00:00:6[4-9ab]', f)]) == 8


def test_max_idle(sw):
    config(sw, max_idle=2000)
    receive(sw, 'p1', frame(1))
    sw.appctl('time/warp 1500 500')
    assert n_flows(sw) == 1
    sw.appctl('time/warp 1000 500')
    assert n_flows(sw) == 0


def test_restore_wait(sw):
    """Misses are lost until the flows are said to be restored; configuration does not wait."""
    config(sw, flow_restore_wait='true')
    receive(sw, 'p1', frame(1))
    sw.appctl('dpctl/add-flow in_port(1),eth(),eth_type(0x88b6) 2')
    sw.appctl('time/warp 30000 1000')
    assert len(flows(sw)) == 1
    assert len(sw.appctl('fdb/show br0').splitlines()) == 1
    sw.appctl('revalidator/purge')  # waits, too
    sw.appctl('revalidator/pause')
    sw.appctl('revalidator/resume')
    assert len(flows(sw)) == 1
    sw.add_dummy('br0', 'p4')
    sw.restart_vswitchd()
    sw.appctl('time/stop')
    receive(sw, 'p1', frame(1))
    assert not flows(sw)
    config(sw, flow_restore_wait=None)
    receive(sw, 'p1', frame(1))
    assert len(flows(sw)) == 1
    wait_until(lambda: len(sw.appctl('fdb/show br0').splitlines()) == 2, what='it is learned')


def test_dump_ufid_rules(sw):
    receive(sw, 'p1', frame(1), frame(2))
    text = sw.appctl('upcall/dump-ufid-rules')
    ufids = re.findall(r'^(ufid:\S+)$', text, re.M)
    assert len(ufids) == 2 and text.count('actions=NORMAL') == 2
    dumped = sw.appctl('dpctl/dump-flows -m')
    for ufid in ufids:
        assert ufid in dumped
        assert sw.appctl('upcall/dump-ufid-rules', ufid).count('ufid:') == 1
    listed = json.loads(sw.run('ovs-appctl', '--format=json', '-t', 'ovs-vswitchd',
                               'upcall/dump-ufid-rules'))
    assert {f'ufid:{f["ufid"]}' for f in listed} == set(ufids)


def test_flow_deleted_behind(sw):
    receive(sw, 'p1', frame(1), frame(1))
    sw.appctl('dpctl/del-flows')
    assert not flows(sw)
    sw.appctl('time/warp 1500 500')
    receive(sw, 'p1', frame(1), frame(1))
    assert [f for f in flows(sw) if 'packets:1,' in f]


def test_port_removed_behind(sw):
    """A bridge notices that a command took its port away; new settings bring it back."""
    dp = sw.appctl('dpctl/dump-dps').strip()
    sw.appctl('dpctl/del-if', dp, 'p2')
    assert 'p2' not in sw.appctl('dpif/show') and 'p2' not in sw.appctl('dpctl/show')
    wait_until(lambda: 'removed from the datapath' in sw.vsctl('get', 'interface', 'p2', 'error'),
               what='the error is in the database')
    assert sw.vsctl('get', 'interface', 'p2', 'ofport').strip() == '-1'
    receive(sw, 'p1', frame(1))
    number = re.search(r'port (\d+): p3', sw.appctl('dpctl/show')).group(1)
    assert [f.split('actions:')[1] for f in flows(sw)] in ([number], [f'100,{number}'])
    sw.vsctl('set', 'interface', 'p2', 'external_ids:x=1', '--', 'set', 'interface', 'p2',
             'ofport_request=7')
    wait_until(lambda: 'p2 7/' in sw.appctl('dpif/show'), what='the port is back')
    assert sw.vsctl('get', 'interface', 'p2', 'error').strip() == '[]'
