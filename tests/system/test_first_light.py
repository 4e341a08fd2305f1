# SPDX-License-Identifier: Apache-2.0
"""Guests behind one bridge.

    a (10.0.0.1) --.
    b (10.0.0.2) ---- br0
    c (10.0.0.3) --'
"""

import pytest

from rig.wait import wait_until

pytestmark = pytest.mark.threads


def guests(net, switch, **tags):
    """One guest per keyword; its value is the port's tag, or None."""
    switch.add_br('br0')
    out = []
    for n, (name, tag) in enumerate(tags.items(), 1):
        out.append(net.guest(name, switch, f'10.0.0.{n}/24'))
        switch.add_port('br0', name, *([f'tag={tag}'] if tag else []))
    return out


def test_ping(net, switch):
    a, b, c = guests(net, switch, a=None, b=None, c=None)
    assert a.ping(b, count=3)
    assert b.ping(c)
    assert c.ping(a, size=1400)
    # both guests were learned, in VLAN 0
    table = switch.appctl('fdb/show br0')
    for g in (a, b, c):
        assert any(g.mac in line.split() for line in table.splitlines()), table


def test_access_ports_are_isolated(net, switch):
    a, b, c = guests(net, switch, a=1, b=2, c=1)
    assert a.ping(c)
    assert not a.ping(b, wait=1)
    assert not b.ping(c, wait=1)
    switch.vsctl('set port b tag=1')
    wait_until(lambda: a.ping(b), what='b joins VLAN 1')


def test_deleted_port_stops(net, switch):
    a, b = guests(net, switch, a=None, b=None)
    assert a.ping(b)
    switch.vsctl('del-port br0 b')
    assert not a.ping(b, wait=1)
    switch.add_port('br0', 'b')
    assert wait_until(lambda: a.ping(b))


def test_restart_keeps_forwarding(net, switch):
    a, b = guests(net, switch, a=None, b=None)
    assert a.ping(b)
    switch.restart_vswitchd()
    wait_until(lambda: a.ping(b), what='forwards from what the database says')
