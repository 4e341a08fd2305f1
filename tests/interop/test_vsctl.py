# SPDX-License-Identifier: Apache-2.0
"""ovs-vsctl of ours and of Debian on the same daemons: what one writes the other reads, and both
print the same text."""

import pytest

from rig import tools as rig_tools

# every one of these must leave both clients with the same output and status
READS = [
    'show',
    'list-br',
    'list-ports br0',
    'list-ifaces br0',
    'port-to-br p1',
    'iface-to-br p2',
    'br-exists br0',
    'br-exists nobody',
    'br-to-vlan br0',
    'br-to-parent br0',
    'list port p1',
    'list bridge br0',
    '--columns=name,tag,trunks list port p1 p2',
    '--format=json --columns=name,tag,other_config list port p1',
    '--format=csv --columns=name,tag,trunks list port p2',
    '--bare --columns=name list bridge',
    '--no-headings --format=table --columns=name,type list interface p1',
    '--columns=name find interface type=dummy',
    '--columns=name find port tag=7',
    'find port tag=8',
    'get port p1 tag',
    'get port p2 trunks',
    'get port p1 other_config',
    'get port p1 other_config:a',
    'get port p1 other_config:none',
    '--if-exists get port p1 other_config:none',
    'get bridge br0 external_ids:who',
    'br-get-external-id br0',
    'br-get-external-id br0 who',
    'get port nobody tag',
    'get nowhere x y',
    'get port p1 nocolumn',
    'frobnicate',
    'add-br br0',
    'del-br nobody',
    'add-port nobody p9',
    'del-port nobody',
    '--timeout=5 wait-until port p1 tag=7',
    'get-fail-mode br0',
    'get-controller br0',
]

# written by either client, and read by both
WRITES = [
    'add-br br0 -- set bridge br0 datapath_type=dummy external_ids:who=me',
    'add-port br0 p1 tag=7 -- set interface p1 type=dummy',
    'add-port br0 p2 trunks=1,2,30 -- set interface p2 type=dummy',
    'set port p1 other_config:a="b c" other_config:d=e',
    'set bridge br0 other_config:mac-aging-time=60',
]


@pytest.fixture(params=['ours', 'debian'])
def any_daemons(request):
    return rig_tools.by_name(request.param)


@pytest.fixture(params=['ours', 'debian'])
def writer(request):
    return rig_tools.by_name(request.param)


def unordered(text):
    """Records of a listing come in an order that neither program promises."""
    return sorted(text.rstrip('\n').split('\n\n'))


def test_same_text(make_dummy, any_daemons, writer):
    clients = {t.name: t for t in (rig_tools.ours(), rig_tools.debian())}
    sw = make_dummy(daemons=any_daemons, tools=writer)
    for line in WRITES:
        sw.vsctl(line)
    differ = []
    for line in READS:
        out = {}
        for name, tools in clients.items():
            r = sw.vsctl(line, tools=tools, check=False)
            out[name] = (r.returncode, unordered(r.stdout), r.stderr)
        if out['our'] != out['debian']:
            differ.append(f'{line}\n  ours:   {out["our"]}\n  debian: {out["debian"]}')
    assert not differ, '\n'.join(differ)
