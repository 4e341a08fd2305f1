# SPDX-License-Identifier: Apache-2.0
"""The database turned into switches, on dummy ports in simulated time: what is asked for, what is
written back, what stays when a daemon restarts, and what a change costs."""

import os
import re
import subprocess

import pytest

from rig.wait import wait_until


def frame(src, dst='ffffffffffff', kind='88b5'):
    return f'{dst}0200000000{src:02x}{kind}' + '00' * 46


def counter(sw, name):
    r = sw.appctl('coverage/read-counter', name, check=False)
    return int(r.stdout) if r.returncode == 0 else 0


def ofports(sw, br):
    """{name: OpenFlow port number} of dpif/show."""
    out, current = {}, None
    for line in sw.appctl('dpif/show').splitlines():
        if m := re.fullmatch(r'  (\S+):', line):
            current = m[1]
        elif (m := re.match(r'    (\S+) (\d+)/', line)) and current == br:
            out[m[1]] = int(m[2])
    return out


def flows(sw, br):
    """{match: actions}, after every flow agrees with the configuration."""
    sw.appctl('revalidator/wait')
    out = {}
    for line in sw.appctl('dpif/dump-flows', br).splitlines():
        match, rest = line.split(', packets:', 1)
        out[match] = rest.split('actions:', 1)[1]
    return out


def ports_of(sw, br, *names):
    sw.add_br(br)
    for n in names:
        sw.add_dummy(br, n)


def test_kernel_is_missed(switch):
    """A bridge that names no type works without a kernel datapath, and tells why it has none; one
    whose type there is not says that."""
    if switch.daemons.name != 'our' or os.path.exists('/sys/module/openvswitch'):
        pytest.skip('there is a kernel datapath')
    switch.vsctl('add-br br0 -- add-br br1 -- set bridge br1 datapath_type=netdev')
    reason, = re.findall(r'br0:\n    \(not in the kernel: (.+)\)\n', switch.appctl('dpif/show'))
    assert f'datapath: "netdev (not in the kernel: {reason})"' in switch.vsctl('show')
    assert switch.vsctl('get bridge br1 status').strip() == '{}'
    assert switch.vsctl('show').count('not in the kernel') == 1
    assert switch.vsctl('set bridge br0 datapath_type=nonsense', check=False).returncode == 0
    wait_until(lambda: re.search(r'datapath: "none \(.*nonsense.*\)"', switch.vsctl('show')))
    switch.vsctl('set bridge br0 datapath_type=netdev')
    wait_until(lambda: switch.vsctl('get bridge br0 status').strip() == '{}')


# ---- numbers

def test_ofport_request(dummy):
    dummy.add_br('br0')
    dummy.add_dummy('br0', 'p1', ofport_request=5)
    dummy.add_dummy('br0', 'p2')
    dummy.add_dummy('br0', 'p3', ofport_request=5)  # taken
    got = ofports(dummy, 'br0')
    assert got['p1'] == 5 and got['br0'] == 65534
    assert len(set(got.values())) == 4
    dummy.vsctl('set interface p2 ofport_request=77')
    assert ofports(dummy, 'br0')['p2'] == 77
    assert dummy.get('interface', 'p2', 'ofport') == '77'
    # in use: it stays what it is
    dummy.vsctl('set interface p2 ofport_request=5')
    assert ofports(dummy, 'br0')['p2'] == 77


def test_ofport_stays_over_restart(dummy):
    ports_of(dummy, 'br0', 'p1', 'p2', 'p3')
    dummy.vsctl('del-port br0 p1')
    dummy.add_dummy('br0', 'p4')
    before = ofports(dummy, 'br0')
    dummy.restart_vswitchd()
    assert wait_until(lambda: ofports(dummy, 'br0') == before)


def test_request_goes_before_possession(dummy):
    """Of a number that one port had and another asks for, the second gets it after a restart."""
    ports_of(dummy, 'br0', 'a1', 'b2')
    had = ofports(dummy, 'br0')['a1']
    dummy.vsctl(f'set interface b2 ofport_request={had}')
    assert ofports(dummy, 'br0')['a1'] == had
    dummy.restart_vswitchd()
    wait_until(lambda: ofports(dummy, 'br0').get('b2') == had)
    assert ofports(dummy, 'br0')['a1'] != had


# ---- changes

def test_cur_cfg(dummy):
    """ovs-vsctl returns when what it wrote is in force: dpif/show has it, at once."""
    dummy.add_br('br0')
    for n in range(1, 6):
        dummy.add_dummy('br0', f'p{n}')
        assert f'p{n}' in ofports(dummy, 'br0')
        assert dummy.get('interface', f'p{n}', 'ofport') == str(ofports(dummy, 'br0')[f'p{n}'])
        dummy.vsctl(f'del-port p{n}')
        assert f'p{n}' not in ofports(dummy, 'br0')
    assert dummy.get('open_vswitch', '.', 'cur_cfg') == dummy.get('open_vswitch', '.', 'next_cfg')


def test_cached_flows_follow(dummy):
    """When ovs-vsctl returns, no cached flow is of the old configuration."""
    ports_of(dummy, 'br0', 'p1', 'p2', 'p3')
    dummy.receive('p1', frame(1))
    match = next(iter(flows(dummy, 'br0')))

    def actions():
        lines = dummy.appctl('dpif/dump-flows br0').splitlines()
        return {x.split(', packets:')[0]: x.split('actions:')[1] for x in lines}[match]

    assert set(actions().split(',')) == {'2', '3', '100'}
    dummy.vsctl('set port p2 tag=9')
    assert set(actions().split(',')) == {'3', '100'}
    dummy.vsctl('del-port p3')
    assert actions() == '100'
    dummy.vsctl('clear port p2 tag')
    assert set(actions().split(',')) == {'2', '100'}
    dummy.appctl('netdev-dummy/set-admin-state br0 down')
    assert wait_until(lambda: flows(dummy, 'br0')[match] == '2')


def test_move_within_one_transaction(dummy):
    """A port goes from one bridge to another, and is replaced by one of its name."""
    dummy.add_br('br0')
    dummy.add_br('br1')
    dummy.add_dummy('br0', 'p1')
    dummy.vsctl('del-port br0 p1 -- add-port br1 p1 -- set interface p1 type=dummy')
    assert 'p1' not in ofports(dummy, 'br0') and 'p1' in ofports(dummy, 'br1')
    dummy.receive('p1', frame(1))
    assert len(flows(dummy, 'br1')) == 1
    dummy.vsctl('del-port br1 p1 -- add-port br1 p1 tag=3 -- set interface p1 type=dummy')
    assert 'p1' in ofports(dummy, 'br1')
    dummy.receive('p1', frame(2))
    assert ' 3  02:00:00:00:00:02' in dummy.appctl('fdb/show br1')


def test_port_of_two_bridges(dummy):
    """The first bridge has it, until it gives it up."""
    dummy.add_br('br0')
    dummy.add_br('br1')
    dummy.add_dummy('br0', 'p1')
    dummy.add_dummy('br1', 'p2')
    uuid = dummy.get('port', 'p1', '_uuid')
    dummy.vsctl(f'add bridge br1 ports {uuid}')
    assert 'p1' in ofports(dummy, 'br0') and 'p1' not in ofports(dummy, 'br1')
    dummy.vsctl('del-port p2')
    assert 'p1' in ofports(dummy, 'br0') and 'p1' not in ofports(dummy, 'br1')
    dummy.vsctl(f'remove bridge br0 ports {uuid} -- set bridge br1 other_config:x=y')
    assert 'p1' not in ofports(dummy, 'br0') and 'p1' in ofports(dummy, 'br1')
    dummy.vsctl('del-port p1')
    assert 'p1' not in ofports(dummy, 'br1')


def test_bridge_is_made_anew(dummy):
    ports_of(dummy, 'br0', 'p1', 'p2')
    dummy.receive('p1', frame(1))
    dummy.vsctl('del-br br0')
    assert dummy.appctl('ofproto/list') == ''
    assert dummy.appctl('dpif/show') == ''
    ports_of(dummy, 'br0', 'p1', 'p2')
    assert dummy.appctl('fdb/show br0').count('\n') == 1
    # and in one transaction
    dummy.vsctl('del-br br0 -- add-br br0 -- set bridge br0 datapath_type=dummy '
                '-- add-port br0 p2 -- set interface p2 type=dummy')
    assert set(ofports(dummy, 'br0')) == {'br0', 'p2'}


def test_datapath_type_changes(dummy):
    """Another type is another datapath; the ports keep their numbers."""
    ports_of(dummy, 'br0', 'p1', 'p2')
    before = ofports(dummy, 'br0')
    dummy.vsctl('set bridge br0 datapath_type=nonsense')
    assert dummy.appctl('ofproto/list') == ''
    assert dummy.get('interface', 'p1', 'ofport') == '-1'
    assert dummy.get('interface', 'p1', 'error') != '[]'
    assert 'br0' in dummy.log() and 'nonsense' in dummy.log()
    dummy.vsctl('set bridge br0 datapath_type=dummy')
    assert set(ofports(dummy, 'br0')) == set(before)
    assert dummy.get('interface', 'p1', 'error') == '[]'
    dummy.receive('p1', frame(1))
    assert len(flows(dummy, 'br0')) == 1


def test_patch_ports(dummy):
    """p1 -- br0 == br1 -- p2; the peers find each other in any order, and lose each other."""
    ports_of(dummy, 'br0', 'p1')
    ports_of(dummy, 'br1', 'p2')
    for br, name, peer in (('br0', 'to1', 'to0'), ('br1', 'to0', 'to1')):
        dummy.add_port(br, name, type='patch', options__peer=peer)
    dummy.receive('p1', frame(1))
    assert set(next(iter(flows(dummy, 'br0').values())).split(',')) == {'2', '100', '101'}
    assert '02:00:00:00:00:01' in dummy.appctl('fdb/show br1')
    dummy.vsctl('set interface to0 options:peer=nobody')
    assert next(iter(flows(dummy, 'br0').values())) == '100'
    dummy.vsctl('set interface to0 options:peer=to1')
    assert set(next(iter(flows(dummy, 'br0').values())).split(',')) == {'2', '100', '101'}
    dummy.vsctl('del-br br1')
    assert next(iter(flows(dummy, 'br0').values())) == '100'


def test_fake_bridge(dummy):
    ports_of(dummy, 'br0', 'p1')
    dummy.vsctl('add-br fake br0 7')
    dummy.vsctl('add-port fake p2 -- set interface p2 type=dummy')
    assert dummy.vsctl('list-ports fake').split() == ['p2']
    dummy.receive('p2', frame(1))
    assert '    7  02:00:00:00:00:01' in dummy.appctl('fdb/show br0')
    dummy.vsctl('del-br fake')
    assert set(ofports(dummy, 'br0')) == {'br0', 'p1'}


# ---- what is written back

def test_absent_port(dummy):
    """A device that is not there is an error of its interface; the others work."""
    dummy.add_br('br0')
    r = dummy.vsctl('add-port br0 nosuchdev0 -- add-port br0 p1 -- set interface p1 type=dummy',
                    check=False)
    assert 'nosuchdev0' in r.stderr
    assert dummy.get('interface', 'nosuchdev0', 'ofport') == '-1'
    assert 'nosuchdev0' in dummy.get('interface', 'nosuchdev0', 'error')
    assert 'p1' in ofports(dummy, 'br0')
    dummy.vsctl('set interface nosuchdev0 type=dummy')
    assert dummy.get('interface', 'nosuchdev0', 'error') == '[]'
    assert 'nosuchdev0' in ofports(dummy, 'br0')


def test_absent_port_appears(net, switch):
    switch.add_br('br0')
    switch.vsctl('add-port br0 late0', check=False)
    assert switch.get('interface', 'late0', 'ofport') == '-1'
    net.veth(switch.ns, 'late0', net.ns('far'), 'late0')
    wait_until(lambda: int(switch.get('interface', 'late0', 'ofport')) > 0)
    assert switch.get('interface', 'late0', 'error') == '[]'


def test_status(dummy):
    ports_of(dummy, 'br0', 'p1', 'p2')
    dummy.vsctl('set', 'interface', 'p1', 'mtu_request=1400', 'mac="02:00:00:00:00:77"')
    wait_until(lambda: dummy.get('interface', 'p1', 'mtu') == '1400')
    assert dummy.get('interface', 'p1', 'mac_in_use') == '"02:00:00:00:00:77"'
    assert dummy.get('interface', 'p1', 'admin_state') == 'up'
    dummy.appctl('netdev-dummy/set-admin-state p1 down')
    wait_until(lambda: dummy.get('interface', 'p1', 'admin_state') == 'down')
    dummy.vsctl('set', 'interface', 'p1', 'mac="01:00:00:00:00:77"', check=False)
    assert '01:00:00:00:00:77' in dummy.get('interface', 'p1', 'error')
    dummy.vsctl('clear interface p1 mac')
    assert dummy.get('interface', 'p1', 'error') == '[]'
    # the bridge has the lowest address of its ports, and its datapath id is made of it
    mac = dummy.get('interface', 'br0', 'mac_in_use').strip('"')
    assert dummy.get('bridge', 'br0', 'datapath_id').strip('"') == '0000' + mac.replace(':', '')
    dummy.vsctl('set', 'bridge', 'br0', 'other_config:hwaddr="02:aa:bb:cc:dd:ee"')
    wait_until(lambda: dummy.get('interface', 'br0', 'mac_in_use') == '"02:aa:bb:cc:dd:ee"')
    assert dummy.get('bridge', 'br0', 'datapath_id') == '"000002aabbccddee"'
    dummy.vsctl('set bridge br0 other_config:datapath-id=00000000000000ff')
    wait_until(lambda: dummy.get('bridge', 'br0', 'datapath_id') == '"00000000000000ff"')


def test_statistics(dummy):
    ports_of(dummy, 'br0', 'p1', 'p2')
    for _ in range(3):
        dummy.receive('p1', frame(1))
    dummy.warp(5000)
    wait_until(lambda: 'rx_packets=3' in dummy.get('interface', 'p1', 'statistics'))
    assert 'tx_packets=3' in dummy.get('interface', 'p2', 'statistics')
    assert dummy.appctl('bridge/dump-flows br0').count('n_packets=3, n_bytes=180, ') >= 1


# ---- restarts

def test_database_restarts(dummy):
    """The switch goes on as it was: its flows and addresses stay, no port is opened anew."""
    ports_of(dummy, 'br0', 'p1', 'p2')
    dummy.receive('p1', frame(1))
    before, numbers = flows(dummy, 'br0'), ofports(dummy, 'br0')
    added = dummy.log().count('added interface')
    dummy.restart_db()
    dummy.warp(3000, 500)
    wait_until(lambda: dummy.vsctl('--timeout=5 set port p2 tag=1', check=False).returncode == 0)
    dummy.vsctl('clear port p2 tag')
    assert dummy.log().count('added interface') == added
    assert 'deleted interface' not in dummy.log()
    assert flows(dummy, 'br0') == before and ofports(dummy, 'br0') == numbers
    assert '02:00:00:00:00:01' in dummy.appctl('fdb/show br0')


@pytest.mark.parametrize('how', ['exit', 'exit --cleanup'])
def test_exit(dummy, how):
    ports_of(dummy, 'br0', 'p1', 'p2')
    dummy.receive('p1', frame(1))
    dummy.appctl(how)
    dummy.vswitchd.proc.wait(20)
    assert dummy.vswitchd.proc.returncode == 0
    dummy.start_vswitchd()
    wait_until(lambda: set(ofports(dummy, 'br0')) == {'br0', 'p1', 'p2'})


def test_second_daemon(dummy):
    """It waits for the first to go, and then takes over."""
    ports_of(dummy, 'br0', 'p1')
    first = dummy.vswitchd
    log = dummy.dir / 'second.log'
    ctl = dummy.dir / 'second.ctl'
    argv = [dummy.daemons.path('ovs-vswitchd'), dummy.remote, '--enable-dummy', f'--unixctl={ctl}',
            f'--pidfile={dummy.dir}/second.pid', f'--log-file={log}', '-vconsole:off']
    second = subprocess.Popen(argv, env=dummy.env(dummy.daemons))
    try:
        wait_until(lambda: log.exists() and 'another ovs-vswitchd process is running'
                   in log.read_text())
        assert dummy.appctl('ofproto/list', target=str(ctl)) == ''
        dummy.add_dummy('br0', 'p2')  # the first still serves
        first.kill()
        wait_until(lambda: dummy.appctl('ofproto/list', target=str(ctl)) == 'br0\n')
        dummy.appctl('exit', target=str(ctl))
        assert second.wait(20) == 0
    finally:
        second.kill()
        second.wait()
    dummy.start_vswitchd()


# ---- cost

@pytest.mark.timeout(300)
def test_thousand_ports(dummy):
    """Work is counted, not timed: the 1,000th port costs what the 100th did."""
    names = ('iface_applied', 'bridge_mac_chosen', 'bridge_reconfigure', 'bridge_port_differs')

    def cost_of(command):
        before = [counter(dummy, n) for n in names]
        dummy.vsctl(command)
        wait_until(lambda: dummy.get('open_vswitch', '.', 'cur_cfg') ==
                   dummy.get('open_vswitch', '.', 'next_cfg'))
        return [counter(dummy, n) - b for n, b in zip(names, before)]

    def add(first, last):
        dummy.vsctl(*' '.join(f'-- add-port br0 p{n} -- set interface p{n} type=dummy'
                              for n in range(first, last)).split()[1:])

    dummy.add_br('br0')
    add(1, 100)
    few = cost_of('add-port br0 p100 -- set interface p100 type=dummy')
    few_del = cost_of('del-port p100')
    add(100, 1000)
    many = cost_of('add-port br0 p1000 -- set interface p1000 type=dummy')
    many_del = cost_of('del-port p1000')
    assert len(ofports(dummy, 'br0')) == 1000
    assert few[0] == many[0] == 1
    assert few_del[:2] == many_del[:2] == [0, 0]
    assert many[1] == few[1] <= 1
    assert many[2] <= few[2] + 1
    assert few[3] == many[3] == few_del[3] == many_del[3] == 1
    dummy.vsctl('del-br br0')
    assert dummy.appctl('dpif/show') == ''


# ---- the host

def test_host_statistics(dummy):
    """cpu, load, memory, daemons and file systems while they are asked for, and only then."""
    assert dummy.get('open', '.', 'statistics') == '{}'
    dummy.vsctl('set open . other_config:enable-statistics=true')

    def stats():
        dummy.warp(5000)
        text = dummy.get('open', '.', 'statistics')
        return dict(re.findall(r'"?([\w-]+)"?="([^"]*)"', text))

    got = wait_until(lambda: stats() or None)
    assert int(got['cpu']) >= 1
    total, used, cached, swap, swap_used = map(int, got['memory'].split(','))
    assert total > used > 0 and total > cached and swap >= swap_used
    assert len([float(x) for x in got['load_average'].split(',')]) == 3
    vsz, rss, cpu, crashes, since_first, since = map(
        int, got['process_ovs-vswitchd'].split(','))
    assert vsz > rss > 0 and crashes == 0 and since == since_first >= 0
    assert 'process_ovsdb-server' in got
    dummy.vsctl('set open . other_config:enable-statistics=false')
    wait_until(lambda: dummy.get('open', '.', 'statistics') == '{}')


def test_datapath_row(dummy):
    """A row that a user made for a type of datapath is filled in."""
    dummy.add_br('br0')
    kind = dummy.get('bridge', 'br0', 'datapath_type').strip('"') or 'netdev'
    dummy.vsctl('--id=@dp create Datapath datapath_version=0 -- '
                f'set open . datapaths:{kind}=@dp')
    row = dummy.vsctl('get open . datapaths').split('=')[1].strip('}\n')
    wait_until(lambda: dummy.get('datapath', row, 'datapath_version') == '"<built-in>"')
    assert 'ufid="true"' in dummy.get('datapath', row, 'capabilities')
