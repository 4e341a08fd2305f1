# SPDX-License-Identifier: Apache-2.0
"""kill -9 of either daemon at random moments under load: nothing that was acknowledged is lost, the
database opens, and forwarding resumes.

    a --.
         br0     a pings b without a pause; a client writes to the database without a pause
    b --'
"""

import os
import random
import signal
import threading
import time

import pytest

from rig.switch import CommandError
from rig.wait import wait_until


class Writer(threading.Thread):
    """Counts up in the database, one transaction a time; 'acked' is the last that was answered,
    'tried' the last that was sent."""

    def __init__(self, switch):
        super().__init__(daemon=True)
        self.switch = switch
        self.acked = self.tried = 0
        self.done = False

    def run(self):
        while not self.done:
            self.tried += 1
            try:
                self.switch.vsctl('--no-wait', '--timeout=5', 'set', 'bridge', 'br0',
                                  f'external_ids:n={self.tried}', '--', 'set', 'port', 'a',
                                  f'external_ids:n={self.tried}')
                self.acked = self.tried
            except CommandError:
                time.sleep(0.01)  # the server is away


def written(switch):
    """What the database holds: the same in both rows, as they change in one transaction."""
    out = {switch.get(table, record, 'external_ids:n').strip('"')
           for table, record in (('bridge', 'br0'), ('port', 'a'))}
    assert len(out) == 1, f'half a transaction: {out}'
    return int(out.pop())


def kill_at_random(net, switch, which, rounds):
    seed = int(os.environ.get('SEED', random.randrange(1 << 32)))
    print(f'SEED={seed} repeats the moments')
    rng = random.Random(seed)
    switch.add_br('br0')
    a = net.guest('a', switch, '10.0.0.1/24')
    b = net.guest('b', switch, '10.0.0.2/24')
    switch.add_port('br0', 'a')
    switch.add_port('br0', 'b')
    assert a.ping(b)
    a.ns.popen(['ping', '-q', '-f', b.ip], stdout=-3)  # DEVNULL
    for n in range(rounds):
        writer = Writer(switch)
        writer.tried = writer.acked = written(switch) if n else 0
        writer.start()
        wait_until(lambda: writer.acked > 0, what='the first answer')
        time.sleep(rng.uniform(0, 0.3))
        if which == 'ovsdb-server':
            switch.end(switch.db, signal.SIGKILL)
            writer.done = True
            writer.join()
            switch.start_db()
        else:
            switch.end(switch.vswitchd, signal.SIGKILL)
            switch.start_vswitchd()
            writer.done = True
            writer.join()
        now = written(switch)
        assert writer.acked <= now <= writer.tried, f'round {n}: {now} is in the database, ' \
            f'{writer.acked} was acknowledged, {writer.tried} was sent'
        wait_until(lambda: a.ping(b, wait=1), timeout=10, what=f"round {n}: they meet")
    # and it still takes configuration
    switch.vsctl('set port b tag=9')
    wait_until(lambda: not a.ping(b, wait=1), what='the tag takes effect')


@pytest.mark.parametrize('which', ['ovsdb-server', 'ovs-vswitchd'])
def test_kill(net, switch, which):
    kill_at_random(net, switch, which, 5)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize('which', ['ovsdb-server', 'ovs-vswitchd'])
def test_kill_often(net, switch, which):
    kill_at_random(net, switch, which, 50)
