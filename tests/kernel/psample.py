# SPDX-License-Identifier: Apache-2.0
"""Samples of packets as the kernel's psample hands them out (linux/psample.h)."""

import ovsnl

IIFINDEX, OIFINDEX, ORIGSIZE, SAMPLE_GROUP, GROUP_SEQ, SAMPLE_RATE, DATA = range(7)
USER_COOKIE = 15


class Sample:
    def __init__(self, attrs):
        self.group = attrs.u32(SAMPLE_GROUP)
        self.size = attrs.u32(ORIGSIZE)
        self.sequence = attrs.u32(GROUP_SEQ)
        self.data = attrs[DATA]
        self.cookie = attrs.get(USER_COOKIE)


class Psample:
    """Samples come to 'sock', an ovsnl.Socket, from now on."""

    def __init__(self, sock):
        self.sock = sock
        self.id = sock.family('psample')[0]
        sock.join('psample', 'packets')
        self.waiting = []

    def recv(self, timeout=3):
        while not self.waiting:
            got = [p for kind, _, _, p in self.sock.recv(timeout) if kind == self.id]
            assert got, 'no sample came'
            # a plain Generic Netlink header stands before these
            self.waiting += [Sample(ovsnl.Attrs(p[4:])) for p in got]
        return self.waiting.pop(0)
