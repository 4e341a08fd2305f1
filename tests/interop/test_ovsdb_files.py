# SPDX-License-Identifier: Apache-2.0
"""Database files: durability, torn tails, damage, locks, full and read-only disks, compaction."""

import hashlib
import json
import os
import random
import re
import signal
import subprocess
import threading
import time

import pytest

from ovsdb_rig import SCHEMA, Server
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
    faults = []
    for s in servers:
        try:
            s.stop()
        except AssertionError as e:
            faults.append(str(e))
    assert not faults, '\n'.join(faults)


def insert(x, uuid=None):
    return {
        'op': 'insert',
        'table': 'C',
        'uuid-name': 'r',
        'row': {'x': x, 'y': 0, 'w1': ['named-uuid', 'r']},
        **({'uuid': uuid} if uuid else {}),
    }


def xs(server):
    c = server.client()
    rows = c.transact({'op': 'select', 'table': 'C', 'where': [], 'columns': ['x']})[0]['rows']
    c.close()
    return {r['x'] for r in rows}


def record(obj):
    text = (json.dumps(obj) + '\n').encode()
    return b'OVSDB JSON %d %s\n' % (len(text), hashlib.sha1(text).hexdigest().encode()) + text


# ---- kill -9


def acknowledged_until_killed(server, first, delay, clients=4):
    """Inserts from several connections until the server is killed; returns what was
    acknowledged."""
    done = [set() for _ in range(clients)]

    def work(i):
        try:
            c = server.client()
            for n in range(1000000):
                x = first + n * clients + i
                result = c.transact(insert(x))
                assert len(result) == 1, result
                done[i].add(x)
        except (OSError, EOFError):
            pass

    threads = [threading.Thread(target=work, args=(i,)) for i in range(clients)]
    for t in threads:
        t.start()
    time.sleep(delay)
    server.kill(signal.SIGKILL)
    for t in threads:
        t.join()
    return set().union(*done)


def kill_loop(server, n, compact):
    r = random.Random(1)
    acknowledged = set()
    for i in range(n):
        server.start()
        assert xs(server) >= acknowledged, 'acknowledged transactions are lost'
        if compact and i % 2:
            threading.Timer(
                r.uniform(0, 0.1), lambda: server.appctl('ovsdb-server/compact', check=False)
            ).start()
        acknowledged |= acknowledged_until_killed(server, i * 1000000, r.uniform(0.02, 0.25))
    server.start()
    assert xs(server) >= acknowledged
    assert len(acknowledged) > n * 10
    # Debian's server reads what is left, too.
    server.kill(signal.SIGTERM)
    server.tools = tools.debian()
    server.start()
    assert xs(server) >= acknowledged


def test_kill(make):
    kill_loop(make(), 10, compact=False)


def test_kill_while_compacting(make):
    kill_loop(make(), 6, compact=True)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_kill_often(make):
    kill_loop(make(), 100, compact=True)


# ---- damage


def filled(make, n=5, **kwargs):
    s = make(**kwargs).start()
    c = s.client()
    for x in range(n):
        assert len(c.transact(insert(x))) == 1
    c.close()
    s.kill(signal.SIGTERM)
    return s


@pytest.mark.parametrize(
    'tail',
    [
        b'O',
        b'OVSDB JSON 50 ',
        b'OVSDB JSON 99 ' + b'0' * 40 + b'\n{"C":',
        b'\0' * 300,
        record({'_date': 1})[:-3],
        b'garbage\n' * 10,
    ],
    ids=['octet', 'header', 'body', 'zeros', 'short', 'garbage'],
)
def test_torn_tail(make, tail):
    s = filled(make)
    good = s.file.read_bytes()
    s.file.write_bytes(good + tail)
    s.start()
    assert xs(s) == set(range(5))
    assert s.stderr().count('cut short') == 1
    assert len(s.client().transact(insert(99))) == 1
    s.kill()
    assert s.file.read_bytes().startswith(good + b'OVSDB JSON ')
    s.start()
    assert xs(s) == {*range(5), 99}


def refuses(s):
    """Starting fails with one line; returns it."""
    before = s.file.read_bytes()
    r = subprocess.run(s.argv(), env=s.env(), capture_output=True, text=True, timeout=20)
    lines = [line for line in r.stderr.splitlines() if 'ovsdb-server: ' in line]
    assert r.returncode == 1 and len(lines) == 1, r.stderr
    assert s.file.read_bytes() == before
    return lines[0]


def test_damage_in_the_middle(make):
    s = filled(make)
    data = bytearray(s.file.read_bytes())
    at = data.index(b'"x":2')
    data[at + 4] = ord('7')
    s.file.write_bytes(data)
    line = refuses(s)
    start = data.rindex(b'OVSDB JSON', 0, at)
    assert f'{s.file}: the record at octet {start} is damaged' in line and 'truncate' in line
    # What it says to do works.
    s.file.write_bytes(data[:start])
    s.start()
    assert xs(s) == {0, 1}


@pytest.mark.parametrize(
    'rec, why',
    [
        ({'Z': {}}, 'No table named Z'),
        ({'C': {'00000000-0000-0000-0000-000000000001': {'zz': 1}}}, 'No column zz'),
        ({'C': {'00000000-0000-0000-0000-000000000001': {'x': 'a'}}}, 'expected integer'),
        ({'C': {'nouuid': {}}}, 'nouuid'),
        ({'C': {'00000000-0000-0000-0000-000000000001': None}}, 'does not exist'),
        ({'C': 5}, 'object expected'),
        ([1], 'object'),
    ],
)
def test_record_that_makes_no_sense(make, rec, why):
    s = filled(make)
    s.file.write_bytes(s.file.read_bytes() + record(rec))
    assert why in refuses(s)


@pytest.mark.parametrize(
    'data, why',
    [
        (b'', 'is empty'),
        (b'junk', 'is not a database file'),
        (record({'name': 'T'}), 'tables'),
        (record(SCHEMA)[:-5], 'no schema'),
        (b'OVSDB CLUSTER 3 ' + b'0' * 40 + b'\n{}\n', 'CLUSTER'),
        (b'OVSDB JSON 99999999999999999999 ' + b'0' * 40 + b'\n{}\n', 'impossible length'),
    ],
)
def test_no_database(make, data, why):
    s = make()
    s.file.write_bytes(data)
    assert why in refuses(s)


def test_missing_file(make):
    s = make()
    s.file.unlink()
    r = subprocess.run(s.argv(), env=s.env(), capture_output=True, text=True, timeout=20)
    assert r.returncode == 1 and 'No such file' in r.stderr


def test_second_server(make):
    s = make().start()
    line = refuses(s)
    assert f'process {s.proc.pid} has the database open' in line
    link = s.dir / 'link.db'  # another name of the same file
    link.symlink_to(s.file)
    r = s.run('ovsdb-tool', 'transact', link, json.dumps(['T', insert(1)]), check=False)
    assert r.returncode == 1 and f'process {s.proc.pid}' in r.stderr
    assert json.loads(s.run('ovsdb-tool', 'query', link, json.dumps(['T']))) == []
    # Debian's server keeps ours out, and the reverse.
    deb = Server(tools.debian(), dir_=s.dir)
    r = subprocess.run(
        [deb.tools.path('ovsdb-server'), str(s.file)],
        env=deb.env(),
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert r.returncode == 1 and 'lock' in r.stderr
    s.kill(signal.SIGTERM)
    deb.start()
    assert f'process {deb.proc.pid} has the database open' in refuses(s)
    deb.kill()


# ---- a disk that is full or fails


def test_full_disk(make):
    """RLIMIT_FSIZE is the full disk: transactions that do not fit fail, nothing else does."""
    s = filled(make)
    size = s.file.stat().st_size
    wrap = [
        '/usr/bin/python3',
        '-c',
        f'''
import os, resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 3000}, {size + 3000}))
os.execv(sys.argv[1], sys.argv[1:])''',
    ]
    s.start(wrap=wrap)
    c, watcher = s.client(), s.client()
    watcher.result('monitor', 'T', 'm', {'C': {'columns': ['x']}, 'A': {'columns': ['m']}})
    big = {'op': 'insert', 'table': 'A', 'row': {'s': 'big', 'm': ['map', [['k', 'v' * 4000]]]}}
    weak = c.transact(
        {'op': 'select', 'table': 'C', 'where': [['x', '==', 3]], 'columns': ['_uuid']}
    )
    three = weak[0]['rows'][0]['_uuid']
    for attempt in range(3):
        result = c.transact(big, {'op': 'delete', 'table': 'C', 'where': [['x', '==', 3]]})
        assert result[-1]['error'] == 'I/O error' and len(result) == 3, result
        assert 'File too large' in result[-1]['details']
        assert xs(s) == set(range(5)), 'memory was rolled back'
        assert c.transact({'op': 'select', 'table': 'A', 'where': []})[0]['rows'] == []
        # A small one fits, and works with what the failed one had touched.
        assert len(c.transact(insert(100 + attempt))) == 1
        assert (
            len(c.transact({'op': 'delete', 'table': 'C', 'where': [['x', '==', 100 + attempt]]}))
            == 1
        )
    assert s.appctl('ovsdb-server/get-db-storage-status', 'T') == 'status: ok\n'
    c.transact(big)
    assert 'cannot write' in s.appctl('ovsdb-server/get-db-storage-status', 'T')
    watcher.result('echo')
    assert all(
        'A' not in n['params'][1] for n in watcher.take_notes()
    ), 'monitors hear of what is durable only'
    again = c.transact(
        insert(200),
        {'op': 'select', 'table': 'C', 'where': [['_uuid', '==', three]], 'columns': ['w1', 'x']},
    )
    assert again[1]['rows'] == [{'w1': three, 'x': 3}]
    s.kill(signal.SIGTERM)
    s.start()
    assert xs(s) == {*range(5), 200}
    assert 'cut short' not in s.stderr()


def test_batch_fails_as_a_whole(make):
    """Requests of one turn of the loop share their fate, and readers among them see what is
    left."""
    s = make()
    size = s.file.stat().st_size
    s.start(
        wrap=[
            '/usr/bin/python3',
            '-c',
            f'''
import os, resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 400}, {size + 400}))
os.execv(sys.argv[1], sys.argv[1:])''',
        ]
    )
    c = s.client()
    text = ''
    for i in range(20):
        text += json.dumps({'method': 'transact', 'id': 2 * i, 'params': ['T', insert(i + 1)]})
        text += json.dumps(
            {
                'method': 'transact',
                'id': 2 * i + 1,
                'params': ['T', {'op': 'select', 'table': 'C', 'where': [], 'columns': ['x']}],
            }
        )
    c.sock.sendall(text.encode())
    replies = [c.recv() for _ in range(40)]
    assert sorted(r['id'] for r in replies) == list(range(40))
    ok = {r['id'] // 2 + 1 for r in replies if r['id'] % 2 == 0 and len(r['result']) == 1}
    failed = [r for r in replies if r['id'] % 2 == 0 and len(r['result']) == 2]
    assert failed and all(r['result'][1]['error'] == 'I/O error' for r in failed)
    assert xs(s) == ok
    for r in replies:
        if r['id'] % 2:
            assert {x['x'] for x in r['result'][0]['rows']} <= ok
    s.kill()
    s.start()
    assert xs(s) == ok


def test_read_only(make):
    """A server that may read but not write its file does not start; ovsdb-tool query reads it."""
    if os.geteuid() != 0:
        pytest.skip('becoming another user needs root')
    s = filled(make)
    s.dir.chmod(0o755)
    s.file.chmod(0o644)
    for p in s.dir.glob('.*~lock~'):
        p.unlink()

    def demote():
        os.setgid(65534)
        os.setuid(65534)

    r = subprocess.run(
        s.argv(), env=s.env(), capture_output=True, text=True, timeout=20, preexec_fn=demote
    )
    lines = [line for line in r.stderr.splitlines() if line.startswith('ovsdb-server: ')]
    assert r.returncode == 1 and len(lines) == 1 and 'Permission denied' in lines[0], r.stderr
    r = subprocess.run(
        [s.tools.path('ovsdb-tool'), 'query', str(s.file), '["T",{"op":"comment","comment":"x"}]'],
        env=s.env(),
        capture_output=True,
        text=True,
        timeout=20,
        preexec_fn=demote,
    )
    assert r.stdout == '[{}]\n', r.stderr


# ---- compaction


def test_compaction_beside_service(make):
    s = make().start()
    c = s.client()
    for x in range(0, 20000, 500):
        c.transact(
            *[
                {
                    'op': 'insert',
                    'table': 'A',
                    'row': {'s': f's{n}', 'i': n, 'm': ['map', [['k', f'{n}']]]},
                }
                for n in range(x, x + 500)
            ]
        )
    for i in range(20):
        c.transact({'op': 'update', 'table': 'A', 'where': [], 'row': {'r': i}})
    before = s.file.stat().st_size
    done = []
    t = threading.Thread(target=lambda: done.append(s.appctl('ovsdb-server/compact')))
    t.start()
    n = 0
    while not done:  # transactions go on, and are kept
        assert len(c.transact(insert(n))) == 1
        n += 1
    t.join()
    assert s.file.stat().st_size < before / 2
    dump = s.dump()
    assert xs(s) == set(range(n))
    s.kill()
    s.start()
    assert s.dump() == dump
    s.kill()
    s.tools = tools.debian()
    s.start()
    assert s.dump() == dump
    assert not list(s.dir.glob('*.tmp'))


def test_left_over_of_a_compaction(make):
    s = filled(make)
    (s.dir / 'x.db.tmp').write_text('half')
    s.start()
    s.appctl('ovsdb-server/compact')
    s.kill()
    s.start()
    assert xs(s) == set(range(5))


def test_exit_while_compacting(make):
    s = make().start()
    c = s.client()
    c.transact(*[{'op': 'insert', 'table': 'A', 'row': {'s': f's{n}'}} for n in range(20000)])
    t = threading.Thread(target=lambda: s.appctl('ovsdb-server/compact', check=False))
    t.start()
    time.sleep(0.005)
    assert s.kill(signal.SIGTERM) in (0, -signal.SIGTERM)
    t.join()
    s.start()
    assert len(s.dump()['A']) == 20000


# ---- formats


def test_plain_records(make):
    """--disable-file-column-diff writes what servers before 2.15 read; both kinds may stand in
    one file."""
    s = make(args=['--disable-file-column-diff']).start()
    c = s.client()
    c.transact({'op': 'insert', 'table': 'A', 'row': {'s': 'a', 'iset': ['set', [1, 2]]}})
    c.transact({'op': 'mutate', 'table': 'A', 'where': [], 'mutations': [['iset', 'insert', 3]]})
    s.kill(signal.SIGTERM)
    assert (
        b'"iset":["set",[1,2,3]]' in s.file.read_bytes() and b'_is_diff' not in s.file.read_bytes()
    )
    s.args = []
    s.start()
    c = s.client()
    c.transact({'op': 'mutate', 'table': 'A', 'where': [], 'mutations': [['iset', 'insert', 4]]})
    s.kill(signal.SIGTERM)
    assert re.search(rb'"iset":4\}.*"_is_diff":true', s.file.read_bytes())
    for t in (tools.debian(), tools.ours()):
        s.tools = t
        s.start()
        assert json.loads(s.dump()['A'][0])['iset'] == ['set', [1, 2, 3, 4]]
        s.kill(signal.SIGTERM)


def test_what_is_written(make):
    s = make().start()
    c = s.client()
    c.transact(
        {
            'op': 'insert',
            'table': 'A',
            'uuid': '00000000-0000-4000-8000-000000000001',
            'row': {'s': 'a', 'i': 0, 'eph': 7, 'r': 1.5},
        },
        {'op': 'comment', 'comment': 'one'},
        {'op': 'comment', 'comment': 'two'},
    )
    size = s.file.stat().st_size
    for op in (
        {'op': 'update', 'table': 'A', 'where': [], 'row': {'eph': 8}},
        {'op': 'update', 'table': 'A', 'where': [], 'row': {'s': 'a'}},
        {'op': 'comment', 'comment': 'x'},
    ):
        c.transact(op)
        assert s.file.stat().st_size == size, 'nothing to keep'
    c.transact(
        {
            'op': 'insert',
            'table': 'B',
            'uuid': '00000000-0000-4000-8000-000000000002',
            'row': {'n': 'b'},
        },
        {
            'op': 'update',
            'table': 'A',
            'where': [],
            'row': {'ref': ['uuid', '00000000-0000-4000-8000-000000000002']},
        },
    )
    c.transact({'op': 'delete', 'table': 'A', 'where': []})
    s.kill(signal.SIGTERM)
    records = [json.loads(line) for line in s.file.read_text().splitlines()[1::2]][1:]
    assert all(abs(r.pop('_date') / 1000 - time.time()) < 60 for r in records)
    a, b = '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'
    assert records == [
        {'A': {a: {'s': 'a', 'r': 1.5}}, '_comment': 'one\ntwo', '_is_diff': True},
        {'A': {a: {'ref': ['uuid', b]}}, 'B': {b: {'n': 'b'}}, '_is_diff': True},
        {'A': {a: None}, 'B': {b: None}, '_is_diff': True},  # what is collected is said
    ]


def test_conversion_record(make):
    """A schema in the middle of a log (of later servers) converts what came before."""
    s = filled(make)
    schema = json.loads(json.dumps(SCHEMA))
    schema['version'] = '2.0.0'
    schema['tables']['C']['columns']['z'] = {'type': 'integer'}
    del schema['tables']['M']
    s.file.write_bytes(
        s.file.read_bytes()
        + record(schema)
        + record(
            {
                'C': {
                    '00000000-0000-4000-8000-000000000009': {
                        'x': 9,
                        'z': 1,
                        'w1': ['uuid', '00000000-0000-4000-8000-000000000009'],
                    }
                }
            }
        )
    )
    s.start()
    assert xs(s) == {*range(5), 9}
    assert s.run('ovsdb-tool', 'db-version', s.file) == '2.0.0\n'
    wait_until(
        lambda: s.run('ovsdb-client', 'get-schema-version', f'unix:{s.sock}', 'T') == '2.0.0\n'
    )
