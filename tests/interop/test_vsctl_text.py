# SPDX-License-Identifier: Apache-2.0
"""The text of ovs-vsctl: the same command lines, one after the other, by Debian's on Debian's
server, by ours on Debian's, by Debian's on ours and by ours on ours.  No daemon runs: --no-wait
throughout.

UUIDs and the order of rows are chance; everything else must be the same, errors included."""

import pathlib
import re
import shlex
import subprocess
import time

import pytest

from rig import tools as rig_tools
from rig.switch import Switch

TABLE = pathlib.Path(__file__).with_name('vsctl_text')
UUID = re.compile(r'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}')
ROW_ORDER = re.compile(r'(?s)\{"data":.*\}')


def lines(path):
    return [s for line in path.read_text().splitlines()
            if (s := line.strip()) and not s.startswith('#')]


def normal(text):
    """Without what chance decides.  Lines are sorted: rows come in the order of their UUIDs."""
    text = UUID.sub('UUID', text)
    text = re.sub(r'^\S*/ovs-vsctl: ', 'ovs-vsctl: ', text, flags=re.M)
    out = []
    for line in text.splitlines():
        if m := ROW_ORDER.fullmatch(line):
            line = ''.join(sorted(m.group()))
        out.append(line.rstrip(','))
    return sorted(out)


def run_all(daemons, tools, commands):
    """[(line, status, output)] of each command line, on a server of its own."""
    sw = Switch(daemons, tools)
    try:
        # both know the tables of the older schema
        sw.run('ovsdb-tool', 'create', sw.conf_db, rig_tools.debian().schema, tools=daemons)
        sw.start_db()
        result = []
        for line in commands:
            r = sw.run('ovs-vsctl', '--no-wait', '--no-syslog', '-vconsole:off', '-t', '20',
                       *shlex.split(line), tools=tools, check=False)
            result.append((line, r.returncode, normal(r.stdout + r.stderr)))
        return result
    finally:
        sw.stop()


@pytest.fixture(scope='module')
def expected():
    """What Debian's client says on Debian's server."""
    cache = {}

    def get(path):
        if path not in cache:
            cache[path] = run_all(rig_tools.debian(), rig_tools.debian(), lines(path))
        return cache[path]
    return get


@pytest.mark.parametrize('table', sorted(p.name for p in TABLE.glob('*.txt')))
@pytest.mark.parametrize('daemons,tools', [('debian', 'ours'), ('ours', 'debian'),
                                           ('ours', 'ours')])
def test_same_text(table, daemons, tools, expected):
    path = TABLE / table
    got = run_all(rig_tools.by_name(daemons), rig_tools.by_name(tools), lines(path))
    differ = [f'{line}\n  expected {want} {want_text}\n  got      {have} {have_text}'
              for (line, want, want_text), (_, have, have_text) in zip(expected(path), got)
              if (want, want_text) != (have, have_text)]
    assert not differ, '\n'.join(differ)


# Where ours is meant to differ: what Debian's takes for something else, or does not do.
DIFFERENT = [
    # command, status, a part of what is printed
    ('add-br f1 br0 x', 1, 'add-br: vlan must be between 0 and 4095'),
    ('set-controller br0 tcp:', 1, 'host is missing'),
    ('set-manager ssl:', 1, 'host is missing'),
    ('--inactivity-probe=x set-controller br0 tcp:1.2.3.4', 1, 'not a number of milliseconds'),
    ('add-bond br0 bond0 e0 e0', 1, 'interface e0 is named twice'),
    ('add bridge br0 stp_enable true', 1, 'the maximum number is 1'),
    ('--columns=name find port name{in}p0,br0', 0, 'p0'),
    ('del-br br0 --if-exists', 1, 'give "--if-exists del-br"'),
    ('add-zone-tp netdev zone=x icmp_first=1', 1, 'datapath netdev does not exist'),
]


@pytest.fixture
def server(request):
    sw = Switch(rig_tools.by_name(getattr(request, 'param', 'ours')), rig_tools.ours())
    sw.start_db()
    sw.vsctl('--no-wait add-br br0 -- add-port br0 p0')
    yield sw
    sw.stop()


@pytest.mark.parametrize('line,status,text', DIFFERENT)
def test_different_on_purpose(server, line, status, text):
    r = server.vsctl('--no-wait ' + line, check=False)
    assert r.returncode == status
    assert text in r.stdout + r.stderr


on_both = pytest.mark.parametrize('server', ['ours', 'debian'], indirect=True)


@on_both
def test_create_then_attach(server):
    """A row that nothing refers to waits in the spool for the command that refers to it."""
    def ctl(*args, **kwargs):
        return server.run('ovs-vsctl', '--no-wait', *args, **kwargs)

    uuid = ctl('create', 'netflow', 'target="1.2.3.4:5000"').strip()
    assert UUID.fullmatch(uuid)
    assert 'pending' in ctl('list', 'netflow')
    assert (server.dir / 'ovs-vsctl.spool').stat().st_mode & 0o777 == 0o600
    ctl('add', 'bridge', 'br0', 'netflow', uuid)
    assert 'pending' not in ctl('list', 'netflow')
    assert ctl('get', 'bridge', 'br0', 'netflow').strip() == uuid
    assert uuid not in (server.dir / 'ovs-vsctl.spool').read_text()

    port = ctl('get', 'port', 'p0', '_uuid').strip()
    uuid = ctl('create', 'mirror', 'name=mirror', 'select_all=1', f'output_port={port}').strip()
    ctl('add', 'bridge', 'br0', 'mirrors', uuid)
    assert ctl('get', 'mirror', 'mirror', 'output_port').strip() == port
    # A spooled row that refers to another brings both.
    ipfix = ctl('create', 'ipfix', 'targets="1.1.1.1:1"').strip()
    bridge = ctl('get', 'bridge', 'br0', '_uuid').strip()
    ctl('create', 'Flow_Sample_Collector_Set', 'id=1', f'bridge={bridge}', f'ipfix={ipfix}')
    assert ctl('--bare', '--columns=_uuid', 'list', 'ipfix').strip() == ipfix
    # Destroyed before it was used.
    uuid = ctl('create', 'mirror', 'name=m2').strip()
    ctl('destroy', 'mirror', uuid)
    assert uuid not in ctl('list', 'mirror')
    # A damaged spool is no obstacle.
    (server.dir / 'ovs-vsctl.spool').write_text('[{"time":')
    assert ctl('list', 'ipfix')
    assert server.run('ovs-vsctl', '--no-wait', 'add', 'bridge', 'br0', 'mirrors', uuid,
                      check=False).returncode == 1


@on_both
def test_destroy_drops_references(server):
    server.vsctl('--no-wait --id=@n create netflow targets=\\"1.2.3.4:5\\" '
                 '-- set bridge br0 netflow=@n')
    server.vsctl('--no-wait destroy netflow br0')
    assert server.vsctl('list netflow') == ''
    assert server.vsctl('get bridge br0 netflow') == '[]\n'
    server.vsctl('--no-wait destroy port p0')
    assert server.vsctl('list-ports br0') == ''


@on_both
def test_many_at_once(server):
    """A thousand ports in one line, and clients that come at the same time."""
    line = ' '.join(f'-- add-port br0 q{i}' for i in range(1000))
    server.vsctl('--no-wait ' + line)
    assert len(server.vsctl('list-ports br0').split()) == 1001
    assert server.vsctl('--no-wait add-port br0 q77', check=False).stderr.endswith(
        'because a port named q77 already exists on bridge br0\n')
    start = time.monotonic()
    for i in range(20):
        server.vsctl(f'--no-wait add-port br0 r{i}')
        server.vsctl(f'--no-wait --if-exists del-port br0 r{i}')
    # It fetches what it needs: two orders of magnitude in hand for a busy machine.
    assert time.monotonic() - start < 20
    server.vsctl('--no-wait del-br br0')
    assert server.vsctl('list port') == ''


def test_waits_and_says_for_what(server):
    """Nobody raises cur_cfg: it says so, and ends by SIGALRM as it always has."""
    r = server.vsctl('-t 2 add-port br0 p9', check=False)
    assert r.returncode == -14
    assert 'ovs-vswitchd is not running' in r.stderr
    assert server.vsctl('list-ports br0') == 'p0\np9\n'
    r = server.vsctl('-t 1 wait-until bridge br9', check=False)
    assert r.returncode == -14
    r = server.vsctl('--db=unix:/nonexistent.sock show', check=False)
    assert (r.returncode, r.stderr) == (
        1, 'ovs-vsctl: unix:/nonexistent.sock: database connection failed '
           '(No such file or directory)\n')
    # A write of what is there is no change, and waits for nothing.
    server.vsctl('-t 5 set port p0 tag=[]')


def test_daemon_verdict(server):
    """A stand-in for the daemon: an interface that cannot be opened."""
    ctl = subprocess.Popen([server.tools.path('ovs-vsctl'), '-t', '20', 'add-port', 'br0', 'p9'],
                           env=server.env(server.tools), stderr=subprocess.PIPE, text=True)
    for _ in range(200):
        if server.vsctl('--no-wait --if-exists get interface p9 name'):
            break
        time.sleep(0.02)
    server.vsctl('--no-wait', 'set', 'interface', 'p9', 'ofport=-1', 'error="no such thing"')
    cfg = server.vsctl('get open . next_cfg').strip()
    server.vsctl(f'--no-wait set open . cur_cfg={cfg}')
    _, err = ctl.communicate(timeout=20)
    assert ctl.returncode == 65
    assert 'Error detected while setting up \'p9\': no such thing.' in err
