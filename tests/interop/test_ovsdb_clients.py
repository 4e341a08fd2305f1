# SPDX-License-Identifier: Apache-2.0
"""Clients that others wrote on our server, and our ovsdb-client and ovsdb-tool beside Debian's on
both servers."""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from ovsdb_rig import SCHEMA, Server
from rig import tools
from rig.tools import Missing, debian_root
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


# ---- python


def python(server, code, *args, timeout=60, needs=()):
    """Runs 'code' with Debian's python modules; it gets 'remote' and the arguments in 'args'."""
    env = {**os.environ, 'PYTHONPATH': str(debian_root() / 'usr/lib/python3/dist-packages')}
    for module in needs:
        if subprocess.run(
            ['/usr/bin/python3', '-c', f'import {module}'], env=env, capture_output=True
        ).returncode:
            raise Missing(f'python3-{module} is not installed')
    head = f'import sys\nremote = "unix:{server.sock}"\nargs = sys.argv[1:]\n'
    return subprocess.Popen(
        ['/usr/bin/python3', '-c', head + textwrap.dedent(code), *args],
        env=env,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def finish(proc):
    out, _ = proc.communicate(timeout=60)
    assert proc.returncode == 0, out
    return out


IDL = '''
    import ovs.db.idl, ovs.poller, ovs.vlog, time
    helper = ovs.db.idl.SchemaHelper(args[0])
    helper.register_all()
    idl = ovs.db.idl.Idl(remote, helper)

    def run_until(condition, seconds=20):
        end = time.time() + seconds
        while not condition():
            assert time.time() < end, "not in time"
            idl.run()
            if condition():
                break
            poller = ovs.poller.Poller()
            idl.wait(poller)
            poller.timer_wait(200)
            poller.block()
    run_until(lambda: idl.change_seqno)
'''


def test_python_idl(make):
    s = make().start()
    out = finish(
        python(
            s,
            IDL
            + '''
    def commit(fn):
        txn = ovs.db.idl.Transaction(idl)
        fn(txn)
        status = txn.commit_block()
        assert status in (txn.SUCCESS, txn.UNCHANGED), (status, txn.get_error())
        return txn
    def setup(txn):
        for i in range(5):
            a = txn.insert(idl.tables["A"])
            a.s = f"row{i}"
            a.i = i
            a.m = {"k": str(i)}
            b = txn.insert(idl.tables["B"])
            b.n = f"b{i}"
            a.ref = [b]
    commit(setup)
    run_until(lambda: len(idl.tables["A"].rows) == 5 and len(idl.tables["B"].rows) == 5)
    def change(txn):
        for a in idl.tables["A"].rows.values():
            a.verify("i")
            a.i = a.i + 10
            a.addvalue("iset", a.i)
            a.setkey("m", "new", "v")
            a.delkey("m", "k")
    commit(change)
    run_until(lambda: sorted(a.i for a in idl.tables["A"].rows.values()) == [10, 11, 12, 13, 14])
    for a in idl.tables["A"].rows.values():
        assert a.m == {"new": "v"} and a.ref[0].n.startswith("b")
    # conditions
    idl.cond_change("A", [["i", "==", 12]])
    run_until(lambda: [a.i for a in idl.tables["A"].rows.values()] == [12])
    idl.cond_change("A", [["i", ">", 12]])
    run_until(lambda: sorted(a.i for a in idl.tables["A"].rows.values()) == [13, 14])
    idl.cond_change("A", [True])
    run_until(lambda: len(idl.tables["A"].rows) == 5)
    commit(lambda txn: [a.delete() for a in list(idl.tables["A"].rows.values())])
    run_until(lambda: not idl.tables["A"].rows and not idl.tables["B"].rows)
    print("ok")
    ''',
            str(s.dir / 'schema'),
        )
    )
    assert out.endswith('ok\n')


def test_python_idl_reconnects(make):
    """A replica finds its way after the server was killed, and a lock is asked for again."""
    s = make().start()
    p = python(
        s,
        IDL
        + '''
    idl.set_lock("l")
    run_until(lambda: idl.has_lock)
    print("locked", flush=True)
    sys.stdin.readline()
    run_until(lambda: [a.s for a in idl.tables["A"].rows.values()] == ["after"])
    run_until(lambda: idl.has_lock)
    print("ok")
    ''',
        str(s.dir / 'schema'),
    )
    assert p.stdout.readline() == 'locked\n'
    assert s.client().transact({'op': 'assert', 'lock': 'l'})[0]['error'] == 'not owner'
    s.kill(signal.SIGKILL)
    s.start()
    s.client().transact({'op': 'insert', 'table': 'A', 'row': {'s': 'after'}})
    p.stdin.write('\n')
    p.stdin.flush()
    assert finish(p).endswith('ok\n')


def test_ovsdbapp(make):
    s = make(schema=tools.ours().schema).start()
    c = s.client()
    c.transact({'op': 'insert', 'table': 'Open_vSwitch', 'row': {}}, db='Open_vSwitch')
    stop = threading.Event()

    def switch():  # cur_cfg follows next_cfg, as ovs-vswitchd has it
        w = s.client()
        while not stop.is_set():
            n = w.transact(
                {'op': 'select', 'table': 'Open_vSwitch', 'where': [], 'columns': ['next_cfg']},
                db='Open_vSwitch',
            )[0]['rows'][0]['next_cfg']
            w.transact(
                {'op': 'update', 'table': 'Open_vSwitch', 'where': [], 'row': {'cur_cfg': n}},
                db='Open_vSwitch',
            )
            stop.wait(0.05)

    t = threading.Thread(target=switch)
    t.start()
    try:
        out = finish(
            python(
                s,
                '''
        from ovsdbapp.backend.ovs_idl import connection, idlutils, event
        from ovsdbapp.schema.open_vswitch import impl_idl
        idl = connection.OvsdbIdl.from_server(remote, "Open_vSwitch")
        conn = connection.Connection(idl=idl, timeout=10)
        api = impl_idl.OvsdbIdl(conn)
        api.add_br("br0").execute(check_error=True)
        api.add_br("br0", may_exist=True).execute(check_error=True)
        with api.transaction(check_error=True) as txn:
            txn.add(api.add_port("br0", "p1", may_exist=True))
            txn.add(api.db_set("Interface", "p1", ("external_ids", {"iface-id": "x"}),
                               ("type", "internal")))
        assert api.list_ports("br0").execute(check_error=True) == ["p1"]
        ids = api.db_get("Interface", "p1", "external_ids").execute(check_error=True)
        assert ids == {"iface-id": "x"}
        rows = api.db_find("Interface", ("type", "=", "internal")).execute(check_error=True)
        assert "p1" in [r["name"] for r in rows], rows
        api.db_clear("Interface", "p1", "external_ids").execute(check_error=True)
        api.set_controller("br0", ["tcp:127.0.0.1:6653"]).execute(check_error=True)
        assert api.get_controller("br0").execute(check_error=True) == ["tcp:127.0.0.1:6653"]
        api.del_port("p1").execute(check_error=True)
        api.del_br("br0").execute(check_error=True)
        assert api.list_br().execute(check_error=True) == []
        print("ok")
        ''',
                needs=['ovsdbapp'],
            )
        )
    finally:
        stop.set()
        t.join()
    assert out.endswith('ok\n')


# ---- our tools beside Debian's

UUID = re.compile(r'[0-9a-f]{8}-[0-9a-f-]{27}')
SHORT = re.compile(r'(row |\()[0-9a-f]{8}\b')
DATE = re.compile(r'20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d\d\d')


def canonical(text):
    text = DATE.sub('DATE', SHORT.sub(r'\1U', UUID.sub('UUID', text)))
    text = re.sub(r'ovsdb-tool [34]\.\d\.0', 'ovsdb-tool VERSION', text)
    return re.sub(r' +$', '', text, flags=re.M)


def filled(s):
    c = s.client()
    b = '00000000-0000-4000-8000-00000000000b'
    c.transact(
        {
            'op': 'insert',
            'table': 'A',
            'row': {
                's': 'one',
                's3': 'x',
                'i': 7,
                'iset': ['set', [1, 2]],
                'm': ['map', [['k', 'a b']]],
                'ref': ['uuid', b],
            },
        },
        {'op': 'insert', 'table': 'B', 'uuid': b, 'row': {'n': 'bee'}},
        {'op': 'comment', 'comment': 'first'},
    )
    c.transact(
        {
            'op': 'insert',
            'table': 'A',
            'row': {'s': 'two', 's3': ['set', ['x', 'y']], 'r': 1.5, 'en': 'red'},
        }
    )
    return c


CLIENT = [
    'list-dbs',
    'get-schema-version T',
    'get-schema-cksum T',
    'list-columns T B',
    'dump T',
    'dump T A s i iset m',
    'dump T A s r en -f csv',
    'dump T A s i -f list',
    'dump T A s i -f html',
    'dump T A s -f json',
    'dump T A s m -d bare',
    'dump T A s iset -d json',
    'dump T A s --no-headings',
    'dump T Z',
    'dump T A zz',
    'transact ["T",{"op":"select","table":"A","where":[["s","==","one"]]}]',
    'transact ["T",{"op":"nosuch"}]',
    'transact ["Z"]',
    'query ["T",{"op":"delete","table":"A","where":[]}]',
    'query {}',
    'monitor T Z',
    'monitor T A zz',
    'nosuch',
    'needs-conversion {dir}/schema',
    'wait T connected',
    'wait T foo',
    'get-schema T extra',
]


@pytest.mark.parametrize(
    'server_tools', [tools.ours, tools.debian], ids=['our server', "Debian's server"]
)
def test_client_output(make, server_tools):
    s = make(tools=server_tools()).start()
    filled(s)
    for line in CLIENT:
        words = line.replace('{dir}', str(s.dir)).split()
        results = []
        for t in (tools.debian(), tools.ours()):
            r = s.run('ovsdb-client', words[0], f'unix:{s.sock}', *words[1:], tools=t, check=False)
            err = [x for x in r.stderr.splitlines() if x.startswith('ovsdb-client: ')]
            out = r.stdout
            if words[0] == 'list-columns':  # in the order of a hash table
                out = sorted(line.split()[0] for line in out.splitlines()[2:])
            elif words[0] == 'transact' and r.returncode == 0:
                out = json.loads(out)
                for x in out:
                    for row in x.get('rows', []):
                        row.pop('_version', None)
            else:  # tables are in the order of a hash table
                out = sorted(canonical(out).strip().split('\n\n'))
            results.append((r.returncode, out, canonical('\n'.join(err))))
        assert results[0] == results[1], line


MONITOR = [
    'monitor T A s,i,iset',
    'monitor T A s,!initial',
    'monitor T A !modify',
    'monitor T ALL',
    'monitor-cond T [["i",">",5]] A s,i',
    'monitor-cond-since T [["s","==","two"]] A s',
]


@pytest.mark.parametrize('line', MONITOR)
def test_monitor_output(make, line):
    s = make().start()
    c = filled(s)
    procs = []
    for t in (tools.debian(), tools.ours()):
        words = line.split()
        procs.append(
            subprocess.Popen(
                [t.path('ovsdb-client'), words[0], f'unix:{s.sock}', *words[1:]],
                text=True,
                env=s.env(t),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        )
        wait_until(lambda: f'monitors:{len(procs)}' in s.appctl('memory/show'))
    c.transact(
        {
            'op': 'update',
            'table': 'A',
            'where': [['s', '==', 'one']],
            'row': {'i': 3, 'iset': ['set', [2, 3]]},
        }
    )
    c.transact({'op': 'insert', 'table': 'A', 'row': {'s': 'three', 's3': 'x', 'i': 9}})
    c.transact({'op': 'delete', 'table': 'A', 'where': [['s', '==', 'three']]})
    c.transact({'op': 'delete', 'table': 'A', 'where': [['s', '==', 'one']]})
    outs = []
    for p in procs:
        # The last update has arrived when one that comes after it has.
        s.client().result('echo')
        wait_until(lambda: 'monitors:' in s.appctl('memory/show'))
        try:
            p.wait(0.7)
        except subprocess.TimeoutExpired:
            p.send_signal(signal.SIGTERM)
        outs.append(canonical(p.communicate(timeout=10)[0]))
    outs = [re.sub('last_id: .*', 'last_id', o) for o in outs]
    # The rows that were there come in no order.
    assert sorted(outs[0].splitlines()) == sorted(outs[1].splitlines())


def test_backup_and_restore(make):
    for t in (tools.ours(), tools.debian()):
        s = make().start()
        c = filled(s)

        def content(server):
            return sorted(re.sub(UUID, 'U', r) for rows in server.dump().values() for r in rows)

        before = content(s)
        backup = s.run('ovsdb-client', 'backup', f'unix:{s.sock}', 'T', tools=t)
        c.transact(
            {'op': 'delete', 'table': 'A', 'where': []}, {'op': 'insert', 'table': 'M', 'row': {}}
        )
        s.run('ovsdb-client', 'restore', f'unix:{s.sock}', 'T', stdin=backup)
        assert content(s) == before
        r = s.run('ovsdb-client', 'restore', f'unix:{s.sock}', 'T', stdin='junk', check=False)
        assert r.returncode == 1 and 'no backup' in r.stderr
        bad = make(schema={**SCHEMA, 'version': '9.0.0'}).start()
        r = bad.run('ovsdb-client', 'restore', f'unix:{bad.sock}', 'T', stdin=backup, check=False)
        assert r.returncode == 1 and '--force' in r.stderr
        bad.run('ovsdb-client', '--force', 'restore', f'unix:{bad.sock}', 'T', stdin=backup)
        assert content(bad) == before


def test_lock_commands(make):
    s = make().start()

    def start(*words):
        return subprocess.Popen(
            [s.tools.path('ovsdb-client'), words[0], f'unix:{s.sock}', *words[1:]],
            text=True,
            env=s.env(),
            stdout=subprocess.PIPE,
        )

    a = start('lock', 'l')
    assert a.stdout.readline() == '{"locked":true}\n'
    b = start('lock', 'l')
    assert b.stdout.readline() == '{"locked":false}\n'
    c = start('steal', 'l')
    assert c.stdout.readline() == '{"locked":true}\n'
    assert (a.stdout.readline(), a.stdout.readline()) == ('stolen\n', '["l"]\n')
    for p in (c, a):
        p.terminate()
        p.wait()
    assert (b.stdout.readline(), b.stdout.readline()) == ('locked\n', '["l"]\n')
    b.terminate()
    b.wait()


TOOL = [
    'create a.db schema',
    'create a.db schema',
    'db-name a.db',
    'db-version a.db',
    'db-cksum a.db',
    'schema-name schema',
    'schema-version schema',
    'schema-cksum schema',
    'db-is-standalone a.db',
    'db-is-clustered a.db',
    'query a.db ["T",{"op":"select","table":"A","where":[]}]',
    'transact a.db ["T",{"op":"insert","table":"M","row":{"x":1}},'
    '{"op":"comment","comment":"hello"}]',
    'transact a.db ["T",{"op":"insert","table":"A","row":{"s":"b","s3":"x","iset":["set",[1,2]]}}]',
    'transact a.db ["T",{"op":"mutate","table":"A","where":[],"mutations":[["iset","insert",5]]}]',
    'query a.db ["X",{"op":"abort"}]',
    'query a.db {}',
    'transact a.db ["T",{"op":"delete","table":"M","where":[]}]',
    'show-log a.db',
    '-m show-log a.db',
    'show-log a.db -m',
    '-mm show-log a.db',
    'needs-conversion a.db schema',
    'needs-conversion a.db schema2',
    'compare-versions 1.2.3 < 1.2.4',
    'compare-versions 1.2.3 > 1.2.4',
    'compare-versions 1.10.0 >= 1.9.9',
    'compare-versions 1.2.3 eq 1.2.4',
    'compare-versions 1.2 == 1',
    'compact a.db',
    'show-log a.db',
    'compact a.db b.db',
    'convert a.db schema2',
    'db-version a.db',
    'convert a.db schema c.db',
    'nosuch',
    '',
    'db-name x y',
    'query c.db ["T",{"op":"select","table":"A","where":[],"columns":["s","iset"]}]',
]


def test_tool_output(make, tmp_path):
    """The same commands in two folders."""
    outs = []
    for t in (tools.debian(), tools.ours()):
        d = tmp_path / t.name
        d.mkdir()
        (d / 'schema').write_text(json.dumps(SCHEMA))
        (d / 'schema2').write_text(json.dumps({**SCHEMA, 'version': '1.2.4'}))
        out = []
        for line in TOOL:
            r = subprocess.run(
                [t.path('ovsdb-tool'), *line.split()],
                cwd=d,
                capture_output=True,
                text=True,
                env={**os.environ, **t.env},
                timeout=20,
            )
            text = (
                r.stdout
                if 'row' not in r.stdout or 'log' not in line
                else sorted(r.stdout.splitlines())
            )
            text = canonical(text) if isinstance(text, str) else [canonical(x) for x in text]
            out.append((line, r.returncode, text, bool(r.stderr)))
        outs.append(out)
    for a, b in zip(*outs):
        assert a == b
