# SPDX-License-Identifier: Apache-2.0
"""The README's first command, the tour through what it made, and that "stop" leaves nothing."""

import os
import pathlib
import re
import subprocess

import pytest

from rig import tools as rig_tools
from rig.netns import ip

QUICKSTART = rig_tools.TOP / 'utilities' / 'quickstart'
RUN = pathlib.Path('/run/ovs-quickstart')


def quickstart(*args):
    return subprocess.run([str(QUICKSTART), *args], capture_output=True, text=True, timeout=600,
                          env={**os.environ, **rig_tools.SANITIZERS,
                               'BUILDDIR': str(rig_tools.BUILD)})


def tour():
    """The command lines of the README's tour, up to those that fetch something."""
    text = (rig_tools.TOP / 'README.md').read_text()
    text = text.split('\n## A tour\n')[1].split('\n**Beside')[0]
    return re.findall(r'^    (\S.*)$', text, re.M)


def expected_status(line):
    if 'exit status' in line:
        return int(line.split('exit status')[1])
    return 1 if 'cut off' in line else 0


@pytest.mark.timeout(600)
def test_quickstart(daemons):
    if daemons.name != 'our':
        pytest.skip('quickstart starts our daemons only')
    if os.geteuid() != 0:
        pytest.skip('network namespaces need root')
    if RUN.exists():
        pytest.skip('a quickstart is running on this machine')
    links = ip('-o', 'link')
    try:
        r = quickstart()
        assert r.returncode == 0, r.stdout + r.stderr
        assert '3 received, 0% packet loss' in r.stdout
        assert 'Bridge br0' in r.stdout
        assert 'actions:' in r.stdout, 'datapath flows are shown'
        assert len(r.stdout.rsplit('\n\n', 1)[1].splitlines()) == 3, 'three lines say what is next'
        for n in (1, 2):
            link = ip('-n', f'quick-guest{n}', '-o', 'link', 'show', 'dev', 'eth0')
            assert link.split('ether ')[1][:17] in r.stdout, 'the MAC table is shown'

        # the tour, each line in a shell of its own
        lines = tour()
        assert lines[0].split()[:2] == ['.', f'{RUN}/env'] and len(lines) > 20
        for line in lines[1:]:
            r = subprocess.run(['bash', '-c', f'{lines[0]}\n{line}'], capture_output=True,
                               text=True, timeout=30)
            assert r.returncode == expected_status(line), f'{line}\n{r.stdout}{r.stderr}'
            if 'dump-flows' in line or 'show' in line:
                assert r.stdout

        # once more: it is running, and says so
        r = quickstart('start')
        assert r.returncode == 0, r.stdout + r.stderr
        assert 'the switch is running' in r.stdout
        assert quickstart('status').returncode == 0
    finally:
        r = quickstart('stop')
    assert r.returncode == 0, r.stdout + r.stderr
    assert quickstart('status').returncode == 3
    assert not RUN.exists()
    assert 'quick-' not in ip('netns', 'list')
    assert ip('-o', 'link') == links
