# SPDX-License-Identifier: Apache-2.0
"""The fixtures themselves: a test that stands on sand proves nothing."""

import pytest

from rig.netns import ip
from rig.switch import Daemon
from rig.wait import wait_until

FRAME = bytes.fromhex('02000000000b02000000000a') + b'\x88\xb5' + bytes(46)
TAGGED = FRAME[:12] + bytes.fromhex('8100a005') + FRAME[12:]


def test_frames_between_namespaces(net):
    """a: eth0 -- eth0 :b"""
    a, b = net.ns('a'), net.ns('b')
    net.veth(a, 'eth0', b, 'eth0')
    tx, rx = a.packet_socket('eth0'), b.packet_socket('eth0')
    tx.send(FRAME)
    assert rx.expect(FRAME[:14]).data == FRAME
    tx.send(TAGGED)
    assert rx.expect(TAGGED[:18]).data == TAGGED, 'the VLAN tag is put back'
    # what a socket sends it does not receive
    tx.expect_none(FRAME[:14])
    with pytest.raises(AssertionError):
        rx.send(FRAME)
        tx.expect_none(FRAME[:14])
    with pytest.raises(AssertionError):
        rx.expect(FRAME[:14], timeout=0.1)


def test_namespaces_are_removed(net):
    name = net.ns('gone').name
    assert name in ip('netns list')
    net.delete()
    assert name not in ip('netns list')


def test_wait_until():
    values = iter([0, 0, 7])
    assert wait_until(lambda: next(values)) == 7
    with pytest.raises(AssertionError, match='the moon'):
        wait_until(lambda: False, timeout=0.05, what='the moon')


def test_crash_is_found(make_switch):
    """stop() must not overlook a daemon that died or reported an error."""
    sw = make_switch(start=False)
    d = Daemon(sw, 'crash', ['/bin/sh', '-c', 'echo "x: runtime error: y" >&2; exit 0'], None)
    d.proc.wait()
    assert 'runtime error' in d.fault()
    d = Daemon(sw, 'segv', ['/bin/sh', '-c', 'kill -SEGV $$'], None)
    d.proc.wait()
    assert 'ended with -11' in d.fault()
    d = Daemon(sw, 'fine', ['/bin/true'], None)
    d.proc.wait()
    assert d.fault() is None
