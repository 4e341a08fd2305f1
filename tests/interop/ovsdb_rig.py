# SPDX-License-Identifier: Apache-2.0
"""A database server under test, and a client that speaks raw JSON-RPC to it."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

from rig.switch import REPORTS
from rig.wait import wait_until

A_COLUMNS = {
    'i': {'type': 'integer'},
    's': {'type': 'string'},
    'b': {'type': 'boolean'},
    'r': {'type': 'real'},
    'oi': {'type': {'key': 'integer', 'min': 0, 'max': 1}},
    'rng': {
        'type': {'key': {'type': 'integer', 'minInteger': 1, 'maxInteger': 10}, 'min': 0, 'max': 1}
    },
    'en': {
        'type': {
            'key': {'type': 'string', 'enum': ['set', ['red', 'green', 'blue']]},
            'min': 0,
            'max': 1,
        }
    },
    'iset': {'type': {'key': 'integer', 'min': 0, 'max': 'unlimited'}},
    's3': {'type': {'key': 'string', 'min': 1, 'max': 3}},
    'm': {'type': {'key': 'string', 'value': 'string', 'min': 0, 'max': 'unlimited'}},
    'mi': {'type': {'key': 'integer', 'value': 'integer', 'min': 0, 'max': 2}},
    'im': {'type': 'string', 'mutable': False},
    'eph': {'type': 'integer', 'ephemeral': True},
    'ref': {'type': {'key': {'type': 'uuid', 'refTable': 'B'}, 'min': 0, 'max': 'unlimited'}},
    'mref': {
        'type': {
            'key': 'string',
            'value': {'type': 'uuid', 'refTable': 'B'},
            'min': 0,
            'max': 'unlimited',
        }
    },
}
W_COLUMNS = {
    'k': {'type': 'integer'},
    'wref': {
        'type': {
            'key': {'type': 'uuid', 'refTable': 'B', 'refType': 'weak'},
            'min': 0,
            'max': 'unlimited',
        }
    },
    'mw': {
        'type': {
            'key': {'type': 'uuid', 'refTable': 'B', 'refType': 'weak'},
            'value': 'integer',
            'min': 0,
            'max': 'unlimited',
        }
    },
}
SCHEMA = {
    'name': 'T',
    'version': '1.2.3',
    'cksum': '1 2',
    'tables': {
        'A': {'columns': A_COLUMNS, 'indexes': [['s']], 'isRoot': True},
        'B': {
            'columns': {
                'n': {'type': 'string'},
                'c': {'type': {'key': {'type': 'uuid', 'refTable': 'B'}, 'min': 0, 'max': 1}},
            },
            'indexes': [['n']],
        },
        'C': {
            'columns': {
                'x': {'type': 'integer'},
                'y': {'type': 'integer'},
                'w1': {
                    'type': {
                        'key': {'type': 'uuid', 'refTable': 'C', 'refType': 'weak'},
                        'min': 1,
                        'max': 1,
                    }
                },
            },
            'indexes': [['x', 'y']],
            'isRoot': True,
        },
        'W': {'columns': W_COLUMNS, 'isRoot': True},
        'M': {'columns': {'x': {'type': 'integer'}}, 'maxRows': 3, 'isRoot': True},
    },
}


class Client:
    """One connection.  Notifications that came while waiting for a reply are in 'notes'."""

    def __init__(self, path, timeout=20):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(timeout)
        self.sock.connect(str(path))
        self.buf = ''
        self.id = 0
        self.notes = []
        self.decoder = json.JSONDecoder()

    def close(self):
        self.sock.close()

    def send(self, obj):
        self.sock.sendall(json.dumps(obj).encode())

    def recv(self):
        while True:
            buf = self.buf.lstrip()
            if buf:
                try:
                    obj, end = self.decoder.raw_decode(buf)
                    self.buf = buf[end:]
                    return obj
                except ValueError:
                    pass
            data = self.sock.recv(1 << 20)
            if not data:
                raise EOFError
            self.buf += data.decode()

    def start(self, method, *params):
        self.id += 1
        self.send({'method': method, 'params': list(params), 'id': self.id})
        return self.id

    def finish(self, id_):
        while True:
            obj = self.recv()
            if obj.get('id') == id_ and 'method' not in obj:
                return obj
            self.notes.append(obj)

    def call(self, method, *params):
        return self.finish(self.start(method, *params))

    def result(self, method, *params):
        reply = self.call(method, *params)
        assert not reply.get('error'), reply
        return reply['result']

    def transact(self, *ops, db='T'):
        return self.result('transact', db, *ops)

    def take_notes(self):
        notes, self.notes = self.notes, []
        return notes


class Server:
    """An ovsdb-server of 'tools' on a file of 'schema', in a folder of its own."""

    def __init__(self, tools, schema=SCHEMA, args=(), create_with=None, dir_=None):
        self.tools = tools
        self.dir = pathlib.Path(dir_ or tempfile.mkdtemp(prefix='ovst-'))
        self.file = self.dir / 'x.db'
        self.sock = self.dir / 'sock'
        self.args = list(args)
        self.err = self.dir / 'stderr'
        self.proc = None
        if not self.file.exists():
            if isinstance(schema, dict):
                path = self.dir / 'schema'
                path.write_text(json.dumps(schema))
                schema = path
            self.run('ovsdb-tool', 'create', self.file, schema, tools=create_with)

    def env(self, tools=None):
        d = str(self.dir)
        return {
            **os.environ,
            **(tools or self.tools).env,
            'OVS_RUNDIR': d,
            'OVS_LOGDIR': d,
            'OVS_DBDIR': d,
        }

    def run(self, program, *args, tools=None, check=True, timeout=30, stdin=None):
        tools = tools or self.tools
        r = subprocess.run(
            [tools.path(program), *map(str, args)],
            env=self.env(tools),
            text=True,
            capture_output=True,
            timeout=timeout,
            input=stdin,
        )
        assert not any(s in r.stderr for s in REPORTS), r.stderr
        if check:
            assert r.returncode == 0, f'{program} {args}: {r.stdout}{r.stderr}'
            return r.stdout
        return r

    def argv(self):
        return [
            self.tools.path('ovsdb-server'),
            f'--remote=punix:{self.sock}',
            f'--unixctl={self.dir}/ctl',
            '-vconsole:info',
            '-vsyslog:off',
            *self.args,
            str(self.file),
        ]

    def start(self, wrap=()):
        self.sock.unlink(missing_ok=True)
        with open(self.err, 'ab') as err:
            self.proc = subprocess.Popen(
                [*wrap, *self.argv()], env=self.env(), stdout=err, stderr=err
            )

        def ready():
            assert self.proc.poll() is None, self.stderr()
            try:
                self.client().close()
                return True
            except OSError:
                return False

        try:
            wait_until(ready, 20, 'the server listens')
        except AssertionError:
            raise AssertionError(self.stderr())
        return self

    def client(self):
        return Client(self.sock)

    def appctl(self, *args, **kwargs):
        return self.run('ovs-appctl', '-t', f'{self.dir}/ctl', *args, **kwargs)

    def stderr(self):
        return self.err.read_text(errors='replace') if self.err.exists() else ''

    def kill(self, sig=signal.SIGKILL):
        if self.proc and self.proc.poll() is None:
            self.proc.send_signal(sig)
        status = self.proc.wait(30)
        self.proc = None
        return status

    def stop(self, keep=False):
        """Ends the server; fails if it had crashed or a sanitizer found something."""
        status = 0
        if self.proc:
            alive = self.proc.poll() is None
            status = self.kill(signal.SIGTERM)
            assert alive or status == 0, f'ended with {status}: {self.stderr()[-3000:]}'
        text = self.stderr()
        if not keep:
            shutil.rmtree(self.dir, ignore_errors=True)
        assert not any(s in text for s in REPORTS), text[-6000:]
        assert status in (0, -signal.SIGTERM), f'ended with {status}: {text[-3000:]}'

    def dump(self, tables=('A', 'B', 'C', 'M', 'W'), db='T', client=None):
        """All rows by table, without _version, as comparable text."""
        c = client or self.client()
        out = {}
        for t in tables:
            rows = c.transact({'op': 'select', 'table': t, 'where': []}, db=db)[0]['rows']
            for r in rows:
                r.pop('_version')
            out[t] = sorted(json.dumps(r, sort_keys=True) for r in rows)
        if not client:
            c.close()
        return out
