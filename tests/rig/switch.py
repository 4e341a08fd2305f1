# SPDX-License-Identifier: Apache-2.0
"""A switch under test: ovsdb-server and ovs-vswitchd in a private run directory.

The daemons run in the foreground as children of the test, so that their end, its status and what
they wrote to stderr are seen.  stop() asks them to exit and fails if one had crashed, was killed
by a sanitizer, or does not go away."""

import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

from .wait import wait_until

REPORTS = ('AddressSanitizer', 'LeakSanitizer', 'ThreadSanitizer', 'runtime error:',
           'Assertion ', 'stack smashing')


class CommandError(AssertionError):
    """A tool failed: 'status', 'stdout' and 'stderr' say how."""

    def __init__(self, argv, r):
        self.status, self.stdout, self.stderr = r.returncode, r.stdout, r.stderr
        super().__init__(f"{' '.join(argv)}: exit {r.returncode}\n{r.stdout}{r.stderr}")


class Daemon:
    """One running daemon."""

    def __init__(self, switch, name, argv, ns):
        self.name = name
        self.switch = switch
        self.err = switch.dir / f'{name}.stderr'
        if ns:
            argv = ns.wrap(argv)
        with open(self.err, 'ab') as err:
            self.proc = subprocess.Popen(argv, env=switch.env(switch.daemons), stdout=err,
                                         stderr=err, stdin=subprocess.DEVNULL)

    @property
    def pid(self):
        return self.proc.pid

    def alive(self):
        return self.proc.poll() is None

    def wait_ready(self, timeout=20):
        """Until the pid file and the control socket are there."""
        def ready():
            if not self.alive():
                raise RuntimeError(f'{self.name} ended with {self.proc.returncode}:\n'
                                   f'{self.stderr()}')
            return (self.switch.dir / f'{self.name}.{self.pid}.ctl').exists() and \
                (self.switch.dir / f'{self.name}.pid').exists()
        wait_until(ready, timeout, f'{self.name} is ready')

    def stderr(self):
        return self.err.read_text(errors='replace')

    def kill(self, sig=signal.SIGKILL):
        """Kills it; the status that follows is no fault."""
        if self.alive():
            self.proc.send_signal(sig)
        try:
            self.proc.wait(30)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
            raise AssertionError(f'{self.name} did not end within 30 s of signal {sig}')

    def fault(self):
        """What went wrong with it, or None."""
        text = self.stderr()
        if any(r in text for r in REPORTS):
            return f'{self.name}: {text[-6000:]}'
        if not self.alive() and self.proc.returncode not in (0, -signal.SIGTERM, -signal.SIGKILL):
            return f'{self.name} ended with {self.proc.returncode}: {text[-3000:]}'
        return None


class Switch:
    """One switch.

    daemons, tools: Tools of the daemons, and of the commands that vsctl() and the others run.
    ns: the Netns that ovs-vswitchd runs in (None: the one of the test).
    dp: datapath_type of bridges made by add_br().
    args, db_args: more arguments of ovs-vswitchd and ovsdb-server."""

    def __init__(self, daemons, tools, ns=None, dp='netdev', args=(), db_args=()):
        self.daemons, self.tools, self.ns, self.dp = daemons, tools, ns, dp
        self.args, self.db_args = list(args), list(db_args)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix='ovst-'))
        self.db = self.vswitchd = None
        self.faults = []

    # ---- daemons

    def env(self, tools):
        d = str(self.dir)
        return {**os.environ, **tools.env, 'OVS_RUNDIR': d, 'OVS_LOGDIR': d, 'OVS_DBDIR': d,
                'OVS_SYSCONFDIR': d, 'OVS_PKGDATADIR': str(tools.schema.parent),
                'OVS_BINDIR': str(tools.folders[0])}

    @property
    def remote(self):
        return f'unix:{self.dir}/db.sock'

    @property
    def conf_db(self):
        return self.dir / 'conf.db'

    def create_db(self):
        self.run('ovsdb-tool', 'create', self.conf_db, self.daemons.schema, tools=self.daemons)

    def start_db(self):
        if not self.conf_db.exists():
            self.create_db()
        argv = [self.daemons.path('ovsdb-server'), f'--remote=p{self.remote}', '--pidfile',
                '--log-file', '-vconsole:off', *self.db_args, str(self.conf_db)]
        self.db = Daemon(self, 'ovsdb-server', argv, self.ns)
        self.db.wait_ready()
        wait_until(lambda: (self.dir / 'db.sock').exists(), what='db.sock is there')

    def start_vswitchd(self, wait=True):
        if self.daemons.name == 'debian':
            # 3.1 handles no miss if it is started in the first seconds after the boot
            wait_until(lambda: time.clock_gettime(time.CLOCK_BOOTTIME) > 15, timeout=20,
                       what='the machine is up for 15 s')
        argv = [self.daemons.path('ovs-vswitchd'), self.remote, '--pidfile', '--log-file',
                '-vconsole:off', *self.args]
        self.vswitchd = Daemon(self, 'ovs-vswitchd', argv, self.ns)
        if wait:
            self.vswitchd.wait_ready()

    def start(self):
        for p in ('ovsdb-server', 'ovs-vswitchd'):
            self.daemons.path(p)
        for p in ('ovs-vsctl', 'ovs-appctl'):
            self.tools.path(p)
        self.start_db()
        self.vsctl('--no-wait', 'init')
        self.start_vswitchd()
        return self

    def restart_vswitchd(self, sig=signal.SIGTERM):
        self.end(self.vswitchd, sig)
        self.start_vswitchd()

    def restart_db(self, sig=signal.SIGTERM):
        self.end(self.db, sig)
        self.start_db()

    def end(self, daemon, sig):
        """Ends a daemon by a signal; after SIGKILL its files are left as they are."""
        daemon.kill(sig)
        if fault := daemon.fault():
            self.faults.append(fault)

    def check(self):
        """Fails if a daemon has crashed or reported an error of memory or threads."""
        faults = self.faults + [f for d in (self.vswitchd, self.db) if d and (f := d.fault())]
        assert not faults, '\n'.join(faults)

    def stop(self, check=True):
        """Stops both daemons and removes the run directory; fails on what check() finds."""
        for d in (self.vswitchd, self.db):
            if not d or not d.alive():
                continue
            try:
                args = ['--cleanup'] if d is self.vswitchd else []
                self.run('ovs-appctl', '-t', f'{self.dir}/{d.name}.{d.pid}.ctl', '-T', '20',
                         'exit', *args)
                d.proc.wait(30)
            except (AssertionError, subprocess.TimeoutExpired) as e:
                d.kill()
                self.faults.append(f'{d.name} did not exit when asked to: {e}')
        try:
            if check:
                self.check()
        finally:
            if not os.environ.get('KEEP'):
                shutil.rmtree(self.dir, ignore_errors=True)

    # ---- commands

    def run(self, program, *args, check=True, timeout=30, stdin=None, tools=None):
        """Runs a tool on this switch.  One argument is split as a shell would.

        Returns stdout; with check=False the CompletedProcess."""
        tools = tools or self.tools
        if len(args) == 1:
            args = shlex.split(str(args[0]))
        argv = [tools.path(program), *map(str, args)]
        full = self.ns.wrap(argv) if self.ns else argv
        r = subprocess.run(full, env=self.env(tools), capture_output=True, text=True,
                           errors='replace', timeout=timeout, input=stdin)
        if not check:
            return r
        if r.returncode or any(s in r.stderr for s in REPORTS):
            raise CommandError(argv, r)
        return r.stdout

    def vsctl(self, *args, **kwargs):
        if len(args) == 1:
            args = shlex.split(args[0])
        return self.run('ovs-vsctl', f'--db={self.remote}', '--timeout=20', *args, **kwargs)

    def appctl(self, *args, target='ovs-vswitchd', **kwargs):
        if len(args) == 1:
            args = shlex.split(args[0])
        return self.run('ovs-appctl', '-t', target, '-T', '20', *args, **kwargs)

    def ofctl(self, *args, **kwargs):
        return self.run('ovs-ofctl', *args, **kwargs)

    def client(self, *args, **kwargs):
        """ovsdb-client; the remote comes after the command's name, as its syntax wants."""
        if len(args) == 1:
            args = shlex.split(args[0])
        return self.run('ovsdb-client', args[0], self.remote, *args[1:], **kwargs)

    def add_br(self, br, *options):
        """Adds a bridge of this switch's datapath type; options as 'COLUMN=VALUE' words."""
        self.vsctl('add-br', br, '--', 'set', 'bridge', br, f'datapath_type={self.dp}', *options)

    def add_port(self, br, port, *settings, **interface):
        """Adds a port; settings of Port as 'tag=1', of Interface as keywords (type='internal')."""
        words = ['add-port', br, port, *settings]
        if interface:
            words += ['--', 'set', 'interface', port,
                      *(f"{k.replace('__', ':')}={v}" for k, v in interface.items())]
        self.vsctl(*words)

    def get(self, table, record, column):
        return self.vsctl('get', table, record, column).strip()

    # ---- logs

    def log(self, name='ovs-vswitchd'):
        path = self.dir / f'{name}.log'
        return path.read_text(errors='replace') if path.exists() else ''

    def tails(self, lines=40):
        """The ends of all logs, for the report of a failed test."""
        out = []
        for path in sorted(self.dir.glob('*.log')) + sorted(self.dir.glob('*.stderr')):
            text = path.read_text(errors='replace').splitlines()[-lines:]
            if text:
                out.append(f'-- {path.name}\n' + '\n'.join(text))
        return '\n'.join(out)


class DummySwitch(Switch):
    """A switch of dummy ports in simulated time: no privilege, no network, no waiting.

    Time stands still from start_vswitchd() on (unless frozen=False) and moves by warp()."""

    def __init__(self, daemons, tools, frozen=True, args=(), **kwargs):
        super().__init__(daemons, tools, dp='dummy', args=['--enable-dummy', *args], **kwargs)
        self.frozen = frozen

    def start_vswitchd(self, wait=True):
        super().start_vswitchd(wait)
        if wait and self.frozen:
            self.appctl('time/stop')

    def warp(self, ms, step=None):
        """Lets 'ms' milliseconds pass, in steps of 'step' if given."""
        self.appctl('time/warp', ms, *([step] if step else []))

    def add_dummy(self, br, port, *settings, **interface):
        self.add_port(br, port, *settings, type='dummy', **interface)

    def receive(self, port, *frames):
        """Frames (bytes, hex, scapy packets, or flow text) come in on a dummy port."""
        words = [f if isinstance(f, str) else bytes(f).hex() for f in frames]
        return self.appctl('netdev-dummy/receive', port, *words)
