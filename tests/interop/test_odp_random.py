# SPDX-License-Identifier: Apache-2.0
"""Random datapath flows and actions: both switches read them, and show the same.  What Debian's
does not take (3.1 prints some actions that it cannot read), ours reads and shows so that it reads
the same again."""

import random
import re
import subprocess

import pytest

from odp_text import Source
from rig import tools as rig_tools
from rig.switch import DummySwitch


def parse(tools, actions):
    """What each is shown as; None: refused."""
    out = []
    for a in actions:
        r = subprocess.run([tools.path('ovs-dpctl'), 'parse-actions', a], capture_output=True,
                           text=True, env=tools.env, timeout=20)
        text = r.stdout.strip()
        out.append(text if text and not r.returncode else None)
    return out


@pytest.mark.parametrize('seed', range(3))
def test_actions(seed):
    debian = rig_tools.debian()
    source = Source(random.Random(seed))
    actions = [source.action() for _ in range(80)]
    ours = parse(rig_tools.ours(), actions)
    theirs = parse(debian, actions)
    assert [a for a, o in zip(actions, ours) if o is None] == []
    assert parse(rig_tools.ours(), ours) == ours
    both = [(o, t) for o, t in zip(ours, theirs) if t is not None]
    assert len(both) > 40
    assert [o for o, _ in both] == [t for _, t in both]


@pytest.fixture
def pair():
    debian = rig_tools.debian()
    switches = [DummySwitch(daemons, debian) for daemons in (rig_tools.ours(), debian)]
    try:
        for sw in switches:
            sw.start()
            sw.add_br('br0')
            for n in (1, 2):
                sw.add_dummy('br0', f'p{n}', ofport_request=n)
            sw.appctl('revalidator/pause')
        yield switches
    finally:
        for sw in switches:
            if sw.vswitchd and sw.vswitchd.alive():
                sw.appctl('revalidator/resume')  # Debian's cannot end otherwise
            sw.stop()


def add_one(sw, flow):
    """What the one flow is shown as, briefly and in full; None: refused."""
    command = 'ovs-appctl', '-t', 'ovs-vswitchd'
    r = sw.run(*command, 'dpctl/add-flow', flow, '1', check=False)
    if r.returncode:
        return None
    shown = [sw.appctl('dpctl/dump-flows', *more) for more in ((), ('-m', '--no-names'))]
    sw.appctl('dpctl/del-flows')
    for i, text in enumerate(shown):
        heading, line = text.splitlines()
        assert heading == 'flow-dump from the main thread:'
        shown[i] = re.sub(r'^ufid:\S+, ', '', line.split(', packets:')[0])
    return shown


@pytest.mark.timeout(240)
@pytest.mark.parametrize('seed', range(2))
def test_flows(pair, seed):
    ours, debian = pair
    source = Source(random.Random(seed))
    n_both = 0
    for _ in range(60):
        flow = source.flow()
        a, b = add_one(ours, flow), add_one(debian, flow)
        assert a, flow
        again = add_one(ours, a[0])
        assert again == a, flow
        if b is not None:
            n_both += 1
            assert a == b, flow
    assert n_both > 30
