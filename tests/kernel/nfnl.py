# SPDX-License-Identifier: Apache-2.0
"""What tests need of the kernel's connection tracking, over nfnetlink: events, timeout policies."""

import socket
import struct

from ovsnl import Attrs, NLM_F_ACK, NLM_F_CREATE, NLM_F_REQUEST, Socket, attr, be16, be32, nest, \
    text, u8

NETLINK_NETFILTER = 12
SUBSYS_CTNETLINK, SUBSYS_TIMEOUT = 1, 8
GROUP_NEW, GROUP_UPDATE, GROUP_DESTROY = 1, 2, 3
CTA_TUPLE_ORIG, CTA_MARK, CTA_ZONE = 1, 8, 18
CTA_TUPLE_PROTO, CTA_PROTO_SRC_PORT = 2, 2
CTA_TIMEOUT_NAME, CTA_TIMEOUT_L3PROTO, CTA_TIMEOUT_L4PROTO, CTA_TIMEOUT_DATA = 1, 2, 3, 4
SOL_NETLINK, NETLINK_ADD_MEMBERSHIP = 270, 1


def _header(family=socket.AF_INET):
    return struct.pack('!BBH', family, 0, 0)


class Events:
    """Events of connections in a switch's namespace."""

    def __init__(self, kdp):
        kdp.ns.run('modprobe nf_conntrack_netlink')
        self.nl = Socket(kdp.ns.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER))
        for group in (GROUP_NEW, GROUP_UPDATE):
            self.nl.sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
        kdp.more.append(self.nl)

    def of(self, zone, port, timeout=0.3):
        """What was told of the connection from this port in this zone: ['mark N', ...]."""
        out = []
        while got := self.nl.recv(timeout):
            for kind, _, _, payload in got:
                a = Attrs(payload[4:])
                proto = a.nest(CTA_TUPLE_ORIG).nest(CTA_TUPLE_PROTO)
                if kind >> 8 == SUBSYS_CTNETLINK and CTA_ZONE in a and a.be16(CTA_ZONE) == zone \
                        and proto.be16(CTA_PROTO_SRC_PORT) == port:
                    out.append(f'mark {a.be32(CTA_MARK) if CTA_MARK in a else None}')
        return out


def add_timeout(kdp, name, proto, timeouts):
    """A policy of seconds per state of a protocol over IPv4."""
    kdp.ns.run('modprobe nfnetlink_cttimeout')
    nl = Socket(kdp.ns.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER))
    kdp.more.append(nl)
    nl.transact(SUBSYS_TIMEOUT << 8, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE,
                _header() + text(CTA_TIMEOUT_NAME, name) +
                be16(CTA_TIMEOUT_L3PROTO, socket.AF_INET) + u8(CTA_TIMEOUT_L4PROTO, proto) +
                nest(CTA_TIMEOUT_DATA | 0x8000, *(be32(k, v) for k, v in timeouts.items())))
