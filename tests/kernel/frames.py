# SPDX-License-Identifier: Apache-2.0
"""Frames for tests of a datapath, of few words each."""

import struct

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

A, B, C = '02:00:00:00:00:0a', '02:00:00:00:00:0b', '02:00:00:00:00:0c'
IP_A, IP_B, IP_C = '10.0.0.1', '10.0.0.2', '10.0.0.3'
IP6_A, IP6_B, IP6_C = '2001:db8::1', '2001:db8::2', '2001:db8::3'
DATA = Raw(bytes(range(40)))


def e(type=None, src=A, dst=B):
    return Ether(src=src, dst=dst) if type is None else Ether(src=src, dst=dst, type=type)


def ip(src=IP_A, dst=IP_B, **kwargs):
    return e() / IP(src=src, dst=dst, **kwargs)


def ip6(src=IP6_A, dst=IP6_B, **kwargs):
    return e() / IPv6(src=src, dst=dst, **kwargs)


def udp(sport=1000, dport=2000, **kwargs):
    return UDP(sport=sport, dport=dport, **kwargs) / DATA


def tcp(sport=1000, dport=2000, **kwargs):
    return TCP(sport=sport, dport=dport, **kwargs) / DATA


def arp(**kwargs):
    return e() / ARP(**{'op': 1, 'hwsrc': A, 'psrc': IP_A, 'hwdst': C, 'pdst': IP_B, **kwargs})


def nsh_header(spi=0x112233, si=254, np=1, ttl=63, context=(1, 2, 3, 4), o=0):
    """An NSH header of type 1 (RFC 8300 section 2)."""
    return struct.pack('!HBBI4I', o << 13 | ttl << 6 | 6, 1, np, spi << 8 | si, *context)


def nsh(inner=None, **kwargs):
    inner = IP(src=IP_A, dst=IP_B) / UDP() / DATA if inner is None else inner
    return e(0x894f) / Raw(nsh_header(**kwargs) + bytes(inner))
