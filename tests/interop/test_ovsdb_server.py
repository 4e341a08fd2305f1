# SPDX-License-Identifier: Apache-2.0
"""What a server does for its clients and to them: monitors, locks, waits, remotes, databases that
come and go,
peers that mean harm."""

import json
import os
import resource
import signal
import socket
import subprocess
import time

import pytest

from ovsdb_rig import SCHEMA, Client, Server
from rig import tools
from rig.wait import wait_until


@pytest.fixture
def make():
    servers = []

    def create(*args, **kwargs):
        s = Server(kwargs.pop('tools', None) or tools.ours(), *args, **kwargs)
        servers.append(s)
        return s

    yield create
    for s in servers:
        s.stop()


@pytest.fixture
def server(make):
    return make().start()


def row(x, uuid=None):
    return {
        'op': 'insert',
        'table': 'C',
        'uuid-name': 'r',
        'row': {'x': x, 'y': 0, 'w1': ['named-uuid', 'r']},
        **({'uuid': uuid} if uuid else {}),
    }


# ---- monitors


def test_monitor_since(server):
    """A client that comes back is told what it missed, as one change for each row."""
    c = server.client()
    found, last, updates = c.result(
        'monitor_cond_since',
        'T',
        'm',
        {'C': [{'columns': ['x']}]},
        '00000000-0000-0000-0000-000000000000',
    )
    assert (found, updates) == (False, {})
    a, b, d = (f'00000000-0000-4000-8000-00000000000{i}' for i in range(3))
    ids = []
    for ops in (
        [row(1, a)],
        [row(2, b)],
        [row(3, d)],
        [{'op': 'update', 'table': 'C', 'where': [['x', '==', 1]], 'row': {'x': 10}}],
        [{'op': 'update', 'table': 'C', 'where': [['x', '==', 10]], 'row': {'x': 11}}],
        [{'op': 'delete', 'table': 'C', 'where': [['x', '==', 2]]}],
    ):
        c.transact(*ops)
        (note,) = c.take_notes()
        assert note['method'] == 'update3' and note['params'][0] == 'm'
        ids.append(note['params'][1])
    assert len(set(ids)) == 6
    other = server.client()
    for n, (since, want) in enumerate(
        [
            (last, {a: {'insert': {'x': 11}}, d: {'insert': {'x': 3}}}),
            (ids[0], {a: {'modify': {'x': 11}}, d: {'insert': {'x': 3}}}),
            (ids[2], {a: {'modify': {'x': 11}}, b: {'delete': None}}),
            (ids[5], None),
        ]
    ):
        result = other.result(
            'monitor_cond_since', 'T', f'm{n}', {'C': [{'columns': ['x']}]}, since
        )
        assert result == [True, ids[5], {'C': want} if want else {}]
    # A condition holds for the old row and the new one.
    result = other.result(
        'monitor_cond_since',
        'T',
        'c',
        {'C': [{'columns': ['x'], 'where': [['x', '>', 10]]}]},
        ids[2],
    )
    assert result == [True, ids[5], {'C': {a: {'insert': {'x': 11}}}}]
    result = other.result('monitor_cond_since', 'T', 'u', {'C': [{'columns': ['x']}]}, a)
    assert result[0] is False and set(result[2]['C']) == {a, d}


def test_update_precedes_reply(server):
    c = server.client()
    c.result('monitor', 'T', 'm', {'C': {}})
    c.result('monitor_cond', 'T', 'n', {'C': [{}]})
    for x in range(50):
        c.transact(row(x))
        assert len(c.take_notes()) == 2


def test_shared_monitors(server):
    """Clients with the same wishes and different ids, or the reverse, each get their own."""
    clients = [server.client() for _ in range(30)]
    for i, c in enumerate(clients):
        c.result(
            'monitor_cond',
            'T',
            ['id', i % 7],
            {'C': [{'columns': ['x'], 'where': [['x', '==', i % 3]]}]},
        )
    writer = server.client()
    for x in range(3):
        writer.transact(row(x))
    for i, c in enumerate(clients):
        c.result('echo')
        (note,) = c.take_notes()
        assert note['params'][0] == ['id', i % 7]
        ((insert,),) = (list(t.values()) for t in note['params'][1].values())
        assert insert == {'insert': {'x': i % 3} if i % 3 else {}}
        if i % 2:
            c.result('monitor_cancel', ['id', i % 7])
        else:
            c.close()
    writer.transact(row(10))
    assert 'monitors:0' in server.appctl('memory/show')


# ---- locks, waits


def test_locks(server):
    a, b, c = (server.client() for _ in range(3))
    assert a.result('lock', 'l') == {'locked': True}
    assert b.result('lock', 'l') == {'locked': False}
    owned = {'op': 'assert', 'lock': 'l'}
    assert a.transact(owned) == [{}]
    assert b.transact(owned)[0]['error'] == 'not owner'
    assert c.result('steal', 'l') == {'locked': True}
    a.result('echo')
    assert a.take_notes() == [{'id': None, 'method': 'stolen', 'params': ['l']}]
    assert a.transact(owned)[0]['error'] == 'not owner'
    c.close()  # the lock goes back to a, then to b
    assert a.recv() == {'id': None, 'method': 'locked', 'params': ['l']}
    a.result('unlock', 'l')
    assert b.recv() == {'id': None, 'method': 'locked', 'params': ['l']}


def test_wait(server):
    c, d = server.client(), server.client()
    wait = {
        'op': 'wait',
        'table': 'C',
        'where': [['x', '==', 5]],
        'columns': ['x'],
        'until': '==',
        'rows': [{'x': 5}],
    }
    ids = [
        c.start('transact', 'T', {**wait, 'timeout': t} if t else wait, row(6))
        for t in (None, 60000)
    ]
    short = c.call('transact', 'T', {**wait, 'timeout': 50})
    assert short['result'][0]['error'] == 'timed out' and 'after 5' in short['result'][0]['details']
    c.send({'method': 'cancel', 'params': [ids[0]], 'id': None})
    assert c.finish(ids[0])['error'] == 'canceled'
    d.transact(row(4))
    d.transact(row(5))
    assert len(c.finish(ids[1])['result']) == 2
    # One that waits is forgotten with its client.
    e = server.client()
    e.start('transact', 'T', {**wait, 'where': [['x', '==', 77]], 'rows': [{'x': 77}]}, row(78))
    e.result('echo')
    e.close()
    d.transact(row(77))
    d.result('echo')
    assert d.transact({'op': 'select', 'table': 'C', 'where': [['x', '==', 78]]}) == [{'rows': []}]


# ---- databases that come and go


def test_databases(make, server):
    other = make(schema={**SCHEMA, 'name': 'U'})
    old, aware, waiting = server.client(), server.client(), server.client()
    for c in (aware, waiting):
        c.result('set_db_change_aware', True)
    aware.result(
        'monitor', '_Server', 's', {'Database': {'columns': ['name', 'model', 'connected']}}
    )
    server.appctl('ovsdb-server/add-db', other.file)
    with pytest.raises((EOFError, OSError)):
        old.result('echo')  # it would not understand
    aware.result('echo')
    (note,) = aware.take_notes()
    assert list(note['params'][1]['Database'].values())[0]['new'] == {
        'name': 'U',
        'model': 'standalone',
        'connected': True,
    }
    assert aware.result('list_dbs') == ['T', 'U', '_Server']
    aware.result('monitor', 'U', ['u', 1], {'C': {}})
    pending = waiting.start(
        'transact',
        'U',
        {'op': 'wait', 'table': 'C', 'where': [], 'columns': ['x'], 'until': '!=', 'rows': []},
    )
    waiting.result('echo')
    server.appctl('ovsdb-server/remove-db', 'U')
    assert waiting.finish(pending)['error'] == 'canceled'
    aware.result('echo')
    notes = aware.take_notes()
    assert {'id': None, 'method': 'monitor_canceled', 'params': [['u', 1]]} in notes
    assert aware.call('transact', 'U')['error']['error'] == 'unknown database'
    # The file is free again.
    other.start()


def test_server_db_is_read_only(server):
    c = server.client()
    for op in (
        {'op': 'delete', 'where': []},
        {'op': 'insert', 'row': {}},
        {'op': 'update', 'where': [], 'row': {}},
        {'op': 'mutate', 'where': [], 'mutations': []},
    ):
        result = c.transact({**op, 'table': 'Database'}, db='_Server')
        assert result[0] == {
            'error': 'not allowed',
            'details': f'{op["op"]} operation not allowed on table in reserved database _Server',
        }


# ---- remotes


def vswitch(make, **kwargs):
    return make(schema=tools.ours().schema, **kwargs)


def tcp_ok(port):
    try:
        socket.create_connection(('127.0.0.1', port), 1).close()
        return True
    except OSError:
        return False


@pytest.mark.parametrize(
    'form',
    [
        'db:Open_vSwitch,Open_vSwitch,manager_options',
        'db:Open_vSwitch,managers',
        'db:Open_vSwitch,manager_options',
        'db:Open_vSwitch,Open_vSwitch,managers',
    ],
)
def test_remotes_of_a_database(make, form):
    s = vswitch(make, args=[f'--remote={form}']).start()
    assert ('is an old form' in s.stderr()) == (form.count(',') != 2 or form.endswith('managers'))
    c = s.client()

    def manager(target, **more):
        c.transact(
            {
                'op': 'insert',
                'table': 'Manager',
                'uuid-name': 'm',
                'row': {'target': target, **more},
            },
            {
                'op': 'mutate',
                'table': 'Open_vSwitch',
                'where': [],
                'mutations': [['manager_options', 'insert', ['named-uuid', 'm']]],
            },
            db='Open_vSwitch',
        )

    def status(target):
        r = c.transact(
            {
                'op': 'select',
                'table': 'Manager',
                'where': [['target', '==', target]],
                'columns': ['status', 'is_connected'],
            },
            db='Open_vSwitch',
        )[0]['rows'][0]
        return r['is_connected'], dict(r['status'][1])

    c.transact({'op': 'insert', 'table': 'Open_vSwitch', 'row': {}}, db='Open_vSwitch')
    manager('ptcp:0:127.0.0.1')
    port = int(wait_until(lambda: status('ptcp:0:127.0.0.1')[1].get('bound_port'), 15))
    peer = socket.create_connection(('127.0.0.1', port))
    peer.sendall(b'{"method":"lock","params":["l"],"id":1}')
    wait_until(lambda: status('ptcp:0:127.0.0.1')[0], 15)
    assert status('ptcp:0:127.0.0.1')[1]['locks_held'] == '1'
    # One that the server connects to.
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(s.dir / 'active'))
    sock.listen(1)
    manager(f'unix:{s.dir}/active')
    conn, _ = sock.accept()
    conn.sendall(b'{"method":"list_dbs","params":[],"id":1}')
    assert b'Open_vSwitch' in conn.recv(4096)
    wait_until(lambda: status(f'unix:{s.dir}/active')[1].get('state') == 'ACTIVE', 15)
    # What is no target does no harm.
    manager('nonsense:1')
    # Gone from the database, gone from the network.
    c.transact(
        {
            'op': 'update',
            'table': 'Open_vSwitch',
            'where': [],
            'row': {'manager_options': ['set', []]},
        },
        db='Open_vSwitch',
    )
    wait_until(lambda: not tcp_ok(port))
    assert conn.recv(4096) == b''
    assert peer.recv(4096) and peer.recv(4096) == b''
    c.result('echo')


def test_remote_commands(server):
    extra = f'punix:{server.dir}/extra'
    assert server.appctl('ovsdb-server/list-remotes').split() == [f'punix:{server.sock}']
    server.appctl('ovsdb-server/add-remote', extra)
    Client(server.dir / 'extra').result('echo')
    assert extra in server.appctl('ovsdb-server/list-remotes').split()
    for bad, why in (
        ('foo', 'unknown kind'),
        ('db:X,Y,Z', 'no database named X'),
        ('db:T,Q,Z', 'no table named Q'),
        ('db:T,A,zz', 'has no column "zz"'),
        ('db:T', 'invalid syntax'),
        ('db:T,A,i', 'neither'),
    ):
        r = server.appctl('ovsdb-server/add-remote', bad, check=False)
        assert r.returncode == 2 and why in r.stderr
    server.appctl('ovsdb-server/remove-remote', extra)
    assert not (server.dir / 'extra').exists()


def test_two_part_form_needs_one_database(make):
    other = make(schema={**SCHEMA, 'name': 'U'})
    s = make(args=['--remote=db:A,s', str(other.file)])
    r = subprocess.run(s.argv(), env=s.env(), capture_output=True, text=True, timeout=20)
    assert r.returncode == 1 and 'exactly one database' in r.stderr


def test_tls_files_of_a_database(make):
    pki = [
        f'--{o}=db:SSL,{c}'
        for o, c in (
            ('private-key', 'private_key'),
            ('certificate', 'certificate'),
            ('bootstrap-ca-cert', 'ca_cert'),
        )
    ]
    s = vswitch(make, args=[*pki, '--remote=db:Open_vSwitch,managers']).start()
    c = s.client()
    key, cert = s.dir / 'key.pem', s.dir / 'cert.pem'
    subprocess.run(
        [
            'openssl',
            'req',
            '-x509',
            '-newkey',
            'rsa:2048',
            '-nodes',
            '-subj',
            '/CN=t',
            '-days',
            '2',
            '-keyout',
            key,
            '-out',
            cert,
        ],
        check=True,
        capture_output=True,
    )
    c.transact(
        {
            'op': 'insert',
            'table': 'Open_vSwitch',
            'row': {'ssl': ['named-uuid', 's'], 'manager_options': ['named-uuid', 'm']},
        },
        {
            'op': 'insert',
            'table': 'SSL',
            'uuid-name': 's',
            'row': {'private_key': str(key), 'certificate': str(cert), 'ca_cert': str(cert)},
        },
        {
            'op': 'insert',
            'table': 'Manager',
            'uuid-name': 'm',
            'row': {'target': 'pssl:0:127.0.0.1'},
        },
        db='Open_vSwitch',
    )

    def port():
        r = c.transact(
            {'op': 'select', 'table': 'Manager', 'where': [], 'columns': ['status']},
            db='Open_vSwitch',
        )[0]['rows'][0]
        return dict(r['status'][1]).get('bound_port')

    p = wait_until(port, 15)
    out = subprocess.run(
        [
            s.tools.path('ovsdb-client'),
            '-p',
            key,
            '-c',
            cert,
            '-C',
            cert,
            'list-dbs',
            f'ssl:127.0.0.1:{p}',
        ],
        env=s.env(),
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert out.stdout.split() == ['Open_vSwitch', '_Server'], out.stderr


def test_run(make):
    s = make()
    for command, code in (
        ('exit 0', 0),
        ('exit 3', 1),
        (f'{s.tools.path("ovsdb-client")} list-dbs unix:{s.sock}', 0),
    ):
        r = subprocess.run(
            [*s.argv(), f'--run={command}'], env=s.env(), capture_output=True, text=True, timeout=20
        )
        assert r.returncode == code, r.stderr
        assert ('child exited, exit status 3' in r.stderr) == (code == 1)
    assert r.stdout.split() == ['T', '_Server']


def test_detach(make):
    """The parent of --detach leaves when clients can connect; what is wrong at the start is its
    error."""
    s = make()
    argv = [*s.argv(), '--detach', '--pidfile', '--no-chdir']
    subprocess.run(argv, env=s.env(), check=True, timeout=20)
    assert s.client().result('list_dbs') == ['T', '_Server']
    pid = int((s.dir / 'ovsdb-server.pid').read_text())
    again = subprocess.run(
        [*argv, '--overwrite-pidfile'], env=s.env(), capture_output=True, text=True, timeout=20
    )
    assert again.returncode == 1 and f'process {pid} has the database open' in again.stderr
    s.appctl('exit')
    wait_until(lambda: not os.path.exists(f'/proc/{pid}'))
    assert not (s.dir / 'ovsdb-server.pid').exists()


# ---- peers that mean harm

HOSTILE = {
    'garbage': b'\x00\xff\xfe garbage',
    'no object': b'[1,2,3]',
    'deep': b'{"id":' + b'[' * 100000,
    'deep params': b'{"id":1,"method":"transact","params":["T",'
    + b'[' * 5000
    + b']' * 5000
    + b']}',
    'bad utf-8': b'{"id":1,"method":"echo","params":["\xff\xfe"]}',
    'nul': b'{"id":1,"method":"echo","params":["a\\u0000b"]}',
    'no method': b'{"id":1,"params":[]}',
    'reply': b'{"id":1,"result":{},"error":null}',
    'numbers': b'{"id":1,"method":"transact","params":["T",{"op":"insert","table":"A",'
        b'"row":{"i":1e999}}]}',
    'method': b'{"id":1,"method":7,"params":[]}',
    'params': b'{"id":1,"method":"transact","params":{"a":1}}',
    'null id': b'{"id":null,"method":"transact","params":["T"]}',
    'odd ids': b'{"id":{"a":[1]},"method":"monitor","params":["T",{"b":2},{"A":{}}]}',
    'conditions': b'{"id":1,"method":"monitor_cond","params":["T",1,{"A":[{"where":[[[]]]}]}]}',
    'names': b'{"id":1,"method":"lock","params":["' + b'x' * 1000000 + b'"]}',
    'cancel': b'{"id":null,"method":"cancel","params":[[[[1]]]]}',
}


@pytest.mark.parametrize('name', HOSTILE)
def test_hostile_message(server, name):
    good = server.client()
    bad = socket.socket(socket.AF_UNIX)
    bad.settimeout(10)
    bad.connect(str(server.sock))
    try:
        bad.sendall(HOSTILE[name])
        bad.shutdown(socket.SHUT_WR)
        while bad.recv(65536):
            pass
    except OSError:
        pass
    assert good.transact(row(1))[0]['uuid']
    assert server.proc.poll() is None


def memory_kb(server):
    """Resident; less what AddressSanitizer keeps of freed memory, if it is there."""
    with open(f'/proc/{server.proc.pid}/maps') as f:
        if 'libasan' in f.read():
            return 0
    with open(f'/proc/{server.proc.pid}/status') as f:
        return int(next(line for line in f if line.startswith('VmRSS')).split()[1])


def test_endless_string(server):
    """A message without an end is given up at its limit, with bounded memory, and others go on
    meanwhile."""
    good = server.client()
    bad = socket.socket(socket.AF_UNIX)
    bad.connect(str(server.sock))
    bad.settimeout(20)
    sent = 0
    chunk = b'x' * (1 << 20)
    try:
        bad.sendall(b'{"id":"')
        while sent < 600:
            bad.sendall(chunk)
            sent += 1
            if sent % 50 == 0:
                good.transact(row(sent))
    except OSError:
        pass
    assert sent <= 520
    assert good.transact(row(1000))[0]['uuid']
    wait_until(lambda: memory_kb(server) < 200000)


def test_client_that_never_reads(server):
    """A monitor whose client does not read is cut off, with a line in the log; others do not
    wait."""
    server.appctl('vlog/set', 'console:info')
    deaf = server.client()
    deaf.result('monitor', 'T', 'm', {'A': {}})
    c = server.client()
    c.transact({'op': 'insert', 'table': 'A', 'row': {'s': 'a'}})
    value = 'x' * 1000000
    start = time.monotonic()
    for i in range(150):
        assert (
            'error'
            not in c.transact(
                {
                    'op': 'update',
                    'table': 'A',
                    'where': [],
                    'row': {'m': ['map', [['k', f'{i}{value}']]]},
                }
            )[0]
        )
        if 'monitors:0' in server.appctl('memory/show'):
            break
    else:
        raise AssertionError('it was not cut off')
    assert i < 80, 'the limit is 64 MB'
    assert time.monotonic() - start < 60
    assert server.proc.poll() is None


def test_requests_without_reading(server):
    """One that sends and never reads gets no more attention than its replies take room."""
    bad = socket.socket(socket.AF_UNIX)
    bad.connect(str(server.sock))
    bad.setblocking(False)
    text = json.dumps({'method': 'get_schema', 'params': ['T'], 'id': 1}).encode() * 1000
    end = time.monotonic() + 3
    while time.monotonic() < end:
        try:
            bad.send(text)
        except BlockingIOError:
            time.sleep(0.01)
        except OSError:
            break
    assert memory_kb(server) < 300000
    assert server.client().transact(row(1))[0]['uuid']


def test_many_waiting_requests(server):
    c = server.client()
    wait = {'op': 'wait', 'table': 'C', 'where': [], 'columns': ['x'], 'until': '!=', 'rows': []}
    ids = [c.start('transact', 'T', wait) for _ in range(3000)]
    refused = [c.finish(i) for i in ids[2000:]]
    assert all(r['error']['error'] == 'resources exhausted' for r in refused)
    server.client().transact(row(1))
    assert all(c.finish(i)['result'] == [{}] for i in ids[:2000])


def test_large_waiting_requests(server):
    """What waits is kept, and takes much more memory than its text."""
    c = server.client()
    wait = {
        'op': 'wait',
        'table': 'C',
        'where': [],
        'columns': ['x'],
        'until': '==',
        'rows': [{'x': i} for i in range(50000)],
    }
    ids = [c.start('transact', 'T', wait) for _ in range(40)]
    refused = [c.finish(i) for i in ids[3:]]
    assert all(r['error']['error'] == 'resources exhausted' for r in refused)
    assert memory_kb(server) < 300000
    c.send({'method': 'cancel', 'params': [ids[0]], 'id': None})
    assert c.finish(ids[0])['error'] == 'canceled'
    again = c.start('transact', 'T', dict(wait, timeout=1))
    assert c.finish(again)['result'][0]['error'] == 'timed out'


def test_select_over_and_over(server):
    """A short request cannot ask for an answer without end."""
    c = server.client()
    c.transact(
        *(
            {
                'op': 'insert',
                'table': 'C',
                'uuid-name': f'r{i}',
                'row': {'x': i, 'w1': ['named-uuid', f'r{i}']},
            }
            for i in range(2000)
        )
    )
    select = {'op': 'select', 'table': 'C', 'where': []}
    result = c.transact(*[select] * 5)
    assert all(len(r['rows']) == 2000 for r in result)
    bad = socket.socket(socket.AF_UNIX)
    bad.settimeout(60)
    bad.connect(str(server.sock))
    bad.sendall(
        json.dumps({'method': 'transact', 'params': ['T'] + [select] * 20000, 'id': 1}).encode()
    )
    last, size = b'', 0
    while b'"error":null' not in last and b'"error": null' not in last:
        data = bad.recv(1 << 20)
        assert data
        size += len(data)
        last = (last + data)[-200:]
        assert size < 300 << 20
    bad.close()
    assert memory_kb(server) < 600000
    assert c.transact(row(1))[0]['uuid']


def test_many_monitors_and_locks(server):
    c = server.client()
    errors = [c.call('monitor', 'T', i, {'A': {}}).get('error') for i in range(1100)]
    assert not any(errors[:1000]) and all(
        e['error'] == 'resources exhausted' for e in errors[1000:]
    )
    errors = [c.call('lock', f'l{i}').get('error') for i in range(1100)]
    assert not any(errors[:1000]) and all(errors[1000:])


def test_many_connections(make):
    """Beyond the descriptors there are, new clients wait; those that are connected do not
    suffer."""
    s = make()
    s.start(wrap=['prlimit', '--nofile=100'])
    good = s.client()
    others = []
    try:
        for _ in range(150):
            k = socket.socket(socket.AF_UNIX)
            k.settimeout(1)
            k.connect(str(s.sock))
            others.append(k)
    except OSError:
        pass
    for x in range(5):
        assert good.transact(row(x))[0]['uuid']
    for k in others:
        k.close()
    wait_until(lambda: s.client().result('echo') == [])


def test_idle(server):
    """A server with clients and monitors that has nothing to do does nothing."""
    clients = [server.client() for _ in range(20)]
    for c in clients:
        c.result('monitor', 'T', 'm', {'A': {}})

    def ticks():
        with open(f'/proc/{server.proc.pid}/stat') as f:
            fields = f.read().rsplit(')', 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def switches():
        with open(f'/proc/{server.proc.pid}/status') as f:
            return sum(int(line.split()[1]) for line in f if 'ctxt_switches' in line)

    t, n = ticks(), switches()
    time.sleep(3)
    assert ticks() - t <= 1 and switches() - n < 10
