# SPDX-License-Identifier: Apache-2.0
"""Command lines of articles and how-tos about Open vSwitch, some older than its release 1.0, as
their readers type them.  Two things differ: files are in a directory of the test, and bridges
get datapath_type=netdev where packets are to flow without a kernel datapath."""

import os
import pathlib
import re
import signal
import subprocess
import tempfile

import pytest

from rig.wait import wait_until

UUID = r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'


@pytest.fixture
def place(tools, daemons):
    """A prefix such as /usr/local, empty, and how to run programs there: place(line) runs a line
    of the shell, place.start(line) leaves it running in the foreground."""
    if daemons.name != 'our' or tools.name != 'our':
        pytest.skip('what only this implementation takes')

    class Place:
        def __init__(self, root):
            self.root = root
            self.etc, self.run = root / 'etc', root / 'var/run/openvswitch'
            self.etc.mkdir()
            self.run.mkdir(parents=True)
            folders = os.pathsep.join(map(str, tools.folders))
            self.env = {**os.environ, **tools.env, 'OVS_RUNDIR': str(self.run),
                        'OVS_LOGDIR': str(self.run), 'OVS_DBDIR': str(self.etc),
                        'PATH': folders + os.pathsep + os.environ['PATH']}
            self.procs = []

        def __call__(self, line, status=0):
            r = subprocess.run(['bash', '-c', line], cwd=self.root, env=self.env, text=True,
                               capture_output=True, timeout=30)
            assert r.returncode == status, f'{line}: exit {r.returncode}\n{r.stdout}{r.stderr}'
            return r.stdout + r.stderr

        def start(self, line):
            err = open(self.root / f'{len(self.procs)}.log', 'w+')
            p = subprocess.Popen(line.split(), cwd=self.root, env=self.env, stdout=err, stderr=err,
                                 stdin=subprocess.DEVNULL)
            self.procs.append((p, err))
            return p

        def log(self, n):
            return (self.root / f'{n}.log').read_text()

        def stop(self):
            for p, err in reversed(self.procs):
                if p.poll() is None:
                    p.send_signal(signal.SIGTERM)
                status = p.wait(20)
                err.close()
                assert status in (0, -signal.SIGTERM), self.log(self.procs.index((p, err)))

    with tempfile.TemporaryDirectory(prefix='ovst-') as d:
        p = Place(pathlib.Path(d))
        try:
            yield p
        finally:
            p.stop()


def test_start_by_hand(place, tools):
    """Making the database, and starting the two daemons, as written in 2010."""
    create = f'ovsdb-tool create etc/ovs-vswitchd.conf.db {tools.schema}'
    place(create)
    before = (place.etc / 'ovs-vswitchd.conf.db').read_bytes()
    assert before
    assert 'exists' in place(create, status=1)
    assert (place.etc / 'ovs-vswitchd.conf.db').read_bytes() == before

    server = place.start('ovsdb-server etc/ovs-vswitchd.conf.db'
                         f' --remote=punix:{place.run}/db.sock'
                         ' --remote=db:Open_vSwitch,managers'
                         ' --private-key=db:SSL,private_key'
                         ' --certificate=db:SSL,certificate'
                         ' --bootstrap-ca-cert=db:SSL,ca_cert')
    wait_until(lambda: (place.run / 'db.sock').exists() or server.poll() is not None)
    assert server.poll() is None, place.log(0)
    place('ovs-vsctl --no-wait init')
    # the old words still do what they did
    place('ovs-vsctl --no-wait set-manager ptcp:0:127.0.0.1')
    port = wait_until(lambda: re.search(r'bound_port="(\d+)"',
                                        place('ovs-vsctl get manager ptcp\\:0\\:127.0.0.1 status')))
    assert 'Open_vSwitch' in place(f'ovsdb-client list-dbs tcp:127.0.0.1:{port.group(1)}')
    # and there is a hint at the new ones
    assert 'manager_options' in place.log(0)

    place('ovs-vsctl --no-wait add-br br0 -- set bridge br0 datapath_type=dummy')
    switch = place.start(f'ovs-vswitchd unix:{place.run}/db.sock --enable-dummy')
    place('ovs-vsctl --timeout=20 wait-until bridge br0 datapath_id!=[]')
    assert switch.poll() is None, 'it stays in the foreground'
    assert place('ovs-vsctl get interface br0 ofport') == '65534\n'


def test_database_socket_is_optional(place, tools):
    place(f'ovsdb-tool create etc/conf.db {tools.schema}')
    place.start(f'ovsdb-server --remote=punix:{place.run}/db.sock')
    wait_until(lambda: (place.run / 'db.sock').exists())
    place('ovs-vsctl --no-wait add-br br0 -- set bridge br0 datapath_type=dummy')
    place.start('ovs-vswitchd --enable-dummy')
    place('ovs-vsctl --timeout=20 wait-until bridge br0 datapath_id!=[]')


def test_list_ports(dummy):
    dummy.add_br('extern0')
    dummy.add_dummy('extern0', 'vnet0')
    dummy.add_dummy('extern0', 'eth0')
    assert dummy.vsctl('list-ports extern0') == 'eth0\nvnet0\n'


def test_netflow_in_two_commands(dummy):
    """Made first and attached afterwards; removed with destroy."""
    dummy.add_br('extern0')
    uuid = dummy.vsctl('create netflow target="192.168.0.2\\:5000"').strip()
    assert re.fullmatch(UUID, uuid)
    dummy.vsctl(f'add bridge extern0 netflow {uuid}')
    assert dummy.get('bridge', 'extern0', 'netflow') == uuid
    assert re.search(r'^targets +: \["192.168.0.2:5000"\]$', dummy.vsctl('list netflow'), re.M)
    assert f'netflow             : {uuid}\n' in dummy.vsctl('list bridge')
    dummy.vsctl(f'destroy netflow {uuid}')
    assert dummy.vsctl('list netflow') == ''
    assert dummy.get('bridge', 'extern0', 'netflow') == '[]'


def test_mirror_in_three_commands(dummy):
    dummy.add_br('extern0')
    dummy.add_dummy('extern0', 'vnet0')
    port = re.search(rf'^_uuid +: ({UUID})$', dummy.vsctl('list port vnet0'), re.M).group(1)
    uuid = dummy.vsctl(f'create mirror name=mirror select_all=1 output_port={port}').strip()
    dummy.vsctl(f'add bridge extern0 mirrors {uuid}')
    assert dummy.get('mirror', 'mirror', 'select_all') == 'true'
    assert dummy.get('mirror', 'mirror', 'output_port') == port
    assert dummy.get('bridge', 'extern0', 'mirrors') == f'[{uuid}]'


def test_sflow(dummy):
    """With @sflow in one command, and removed from its bridge."""
    dummy.add_br('br0')
    uuid = dummy.vsctl('--', '--id=@sflow', 'create', 'sflow', 'agent=eth1',
                       'target="10.0.0.1:6343"', 'header=128', 'sampling=64', 'polling=10',
                       '--', 'set', 'bridge', 'br0', 'sflow=@sflow').strip()
    assert dummy.get('bridge', 'br0', 'sflow') == uuid
    dummy.vsctl(f'remove bridge br0 sflow {uuid}')
    assert dummy.vsctl('list sflow') == ''


def test_abbreviations(dummy):
    """Tables and columns by the beginning of their names, in any case, with - for _."""
    dummy.add_br('br0')
    dummy.add_dummy('br0', 'p1')
    dummy.vsctl('set port p1 trunk=1,2')
    assert dummy.get('PORT', 'p1', 'Trunk') == '[1, 2]'
    dummy.vsctl('set Inter p1 ingress-policing-rate=1000')
    assert dummy.get('interface', 'p1', 'ingress_policing_rate') == '1000'
    for word, value in (('1', 'true'), ('0', 'false'), ('yes', 'true'), ('off', 'false')):
        dummy.vsctl(f'set port p1 protected={word}')
        assert dummy.get('port', 'p1', 'protected') == value
    r = dummy.vsctl('get interface p1 ingress_policing', check=False)
    assert r.returncode == 1 and r.stderr.count('\n') == 1 and 'ingress_policing' in r.stderr


def test_port_twice(dummy):
    """The how-to adds tap0 twice: the second is an error, and the first stays as it was."""
    dummy.add_br('br0')
    dummy.vsctl('add-port br0 tap0 tag=1 -- set interface tap0 type=dummy')
    r = dummy.vsctl('add-port br0 tap0 tag=2', check=False)
    assert r.returncode == 1
    assert 'already exists on bridge' in r.stderr
    assert dummy.get('port', 'tap0', 'tag') == '1'


def test_controller_without_host(dummy):
    dummy.add_br('of-switch')
    r = dummy.vsctl('set-controller of-switch tcp:', check=False)
    assert r.returncode == 1
    assert r.stderr.count('\n') == 1 and 'tcp:' in r.stderr
    assert dummy.vsctl('get-controller of-switch') == ''


def test_without_a_datapath_type(switch, daemons):
    """As the articles have it: the kernel datapath, and without one the bridge works all the
    same."""
    if daemons.name == 'debian' and not os.path.exists('/sys/module/openvswitch'):
        pytest.skip('3.1 makes no bridge then')
    switch.vsctl('add-br', 'br0')
    assert switch.get('interface', 'br0', 'error') == '[]'
    type_ = 'system' if 'system' in switch.get('open', '.', 'datapath_types') else 'netdev'
    assert f'{type_}@ovs-{type_}:' in switch.appctl('dpif/show')
    if daemons.name == 'debian':
        return  # 3.1 says nothing of a type that there is not
    # a type that is asked for by name is never replaced by another
    r = switch.vsctl('add-br', 'br1', '--', 'set', 'bridge', 'br1', 'datapath_type=nonsense',
                     check=False)
    assert r.returncode == 65
    assert "'br1'" in r.stderr and 'nonsense' in r.stderr


def test_tap_and_nic(net, switch):
    """A tap device of a guest and a network card on one bridge."""
    switch.ns.ip('tuntap add dev tap0 mode tap')
    lan = net.guest('em1', switch, '10.0.0.2/24')
    switch.add_br('ovs-switch')
    switch.vsctl('add-port ovs-switch tap0')
    switch.vsctl('add-port ovs-switch em1')
    switch.ns.ip('link set dev ovs-switch up')
    switch.ns.ip('addr add 10.0.0.1/24 dev ovs-switch')
    assert 'state' in switch.ns.ip('link show dev ovs-switch')
    assert switch.get('interface', 'tap0', 'ofport') == '1'
    assert switch.get('interface', 'em1', 'ofport') == '2'
    # the host reaches its network through the bridge's own port
    wait_until(lambda: switch.ns.ping(lan.ip))


def test_vlans_on_two_hosts(net, make_switch):
    """
        VM1 tap0 tag=1 --.                                  .-- tap0 tag=1 VM3
                          br0 (host1) eth0 ---- eth0 (host2) br0
        VM2 tap1 tag=2 --'                                  '-- tap1 tag=2 VM4
    """
    hosts = [make_switch(), make_switch()]
    net.veth(hosts[0].ns, 'eth0', hosts[1].ns, 'eth0')
    vms = []
    for n, host in enumerate(hosts):
        host.add_br('br0')
        host.vsctl('add-port br0 eth0')
        for vlan in (1, 2):
            vms.append(net.guest(f'tap{vlan - 1}', host, f'10.0.0.{len(vms) + 1}/24'))
            host.vsctl(f'add-port br0 tap{vlan - 1} tag={vlan}')
    vm1, vm2, vm3, vm4 = vms
    wait_until(lambda: vm1.ping(vm3))
    wait_until(lambda: vm2.ping(vm4))
    for a, b in ((vm1, vm2), (vm1, vm4), (vm2, vm3), (vm3, vm4)):
        assert not a.ping(b, wait=1)
    # the trunk carries both VLANs, tagged
    for host in hosts:
        table = {tuple(line.split()[1:3]) for line in host.appctl('fdb/show br0').splitlines()[1:]}
        assert {('1', vm1.mac), ('1', vm3.mac), ('2', vm2.mac), ('2', vm4.mac)} <= table
