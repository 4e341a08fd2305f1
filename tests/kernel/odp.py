# SPDX-License-Identifier: Apache-2.0
"""Flow keys and actions as Netlink attributes: each function makes one, as bytes to be joined.

Numbers are as a person writes them; octets are in the order that <linux/openvswitch.h> says."""

import ipaddress
import struct

import uapi
from ovsnl import Attrs, attr, be16, be32, be64, nest, u8, u16, u32
NLA_F_NESTED = 0x8000


def mac(a):
    return bytes.fromhex(a.replace(':', '')) if isinstance(a, str) else bytes(a)


def ip4(a):
    return ipaddress.IPv4Address(a).packed


def ip6(a):
    return ipaddress.IPv6Address(a).packed


# ---- keys

def in_port(n):
    return u32(uapi.OVS_KEY_ATTR_IN_PORT, n)


def priority(n):
    return u32(uapi.OVS_KEY_ATTR_PRIORITY, n)


def skb_mark(n):
    return u32(uapi.OVS_KEY_ATTR_SKB_MARK, n)


def recirc_id(n):
    return u32(uapi.OVS_KEY_ATTR_RECIRC_ID, n)


def dp_hash(n):
    return u32(uapi.OVS_KEY_ATTR_DP_HASH, n)


def eth(src=bytes(6), dst=bytes(6)):
    return attr(uapi.OVS_KEY_ATTR_ETHERNET, mac(src) + mac(dst))


def eth_type(t):
    return be16(uapi.OVS_KEY_ATTR_ETHERTYPE, t)


def vlan(tci):
    return be16(uapi.OVS_KEY_ATTR_VLAN, tci)


def encap(*attrs):
    return nest(uapi.OVS_KEY_ATTR_ENCAP, *attrs)


def mpls(*lses):
    return attr(uapi.OVS_KEY_ATTR_MPLS, b''.join(struct.pack('!I', lse) for lse in lses))


def lse(label, tc=0, s=1, ttl=64):
    return label << 12 | tc << 9 | s << 8 | ttl


def ipv4(src='0.0.0.0', dst='0.0.0.0', proto=0, tos=0, ttl=0, frag=0):
    return attr(uapi.OVS_KEY_ATTR_IPV4, ip4(src) + ip4(dst) + bytes([proto, tos, ttl, frag]))


def ipv6(src='::', dst='::', label=0, proto=0, tclass=0, hlimit=0, frag=0):
    return attr(uapi.OVS_KEY_ATTR_IPV6, ip6(src) + ip6(dst) +
                struct.pack('!IBBBB', label, proto, tclass, hlimit, frag))


def ipv6_exthdrs(bits):
    return u16(uapi.OVS_KEY_ATTR_IPV6_EXTHDRS, bits)


def tcp(src=0, dst=0):
    return attr(uapi.OVS_KEY_ATTR_TCP, struct.pack('!HH', src, dst))


def tcp_flags(flags):
    return be16(uapi.OVS_KEY_ATTR_TCP_FLAGS, flags)


def udp(src=0, dst=0):
    return attr(uapi.OVS_KEY_ATTR_UDP, struct.pack('!HH', src, dst))


def sctp(src=0, dst=0):
    return attr(uapi.OVS_KEY_ATTR_SCTP, struct.pack('!HH', src, dst))


def icmp(type=0, code=0):
    return attr(uapi.OVS_KEY_ATTR_ICMP, bytes([type, code]))


def icmpv6(type=0, code=0):
    return attr(uapi.OVS_KEY_ATTR_ICMPV6, bytes([type, code]))


def arp(sip='0.0.0.0', tip='0.0.0.0', op=0, sha=bytes(6), tha=bytes(6)):
    return attr(uapi.OVS_KEY_ATTR_ARP, ip4(sip) + ip4(tip) + struct.pack('!H', op) + mac(sha) +
                mac(tha) + bytes(2))


def nd(target='::', sll=bytes(6), tll=bytes(6)):
    return attr(uapi.OVS_KEY_ATTR_ND, ip6(target) + mac(sll) + mac(tll))


def nsh(spi=0, si=0, np=0, ttl=0, flags=0, md1=None, mdtype=1, md2=None):
    """An NSH key or header: base, and the four words of type 1 or the octets of type 2."""
    base = struct.pack('!BBBBI', flags, ttl, mdtype, np, spi << 8 | si)
    attrs = [attr(uapi.OVS_NSH_KEY_ATTR_BASE, base)]
    if md1 is not None:
        attrs.append(attr(uapi.OVS_NSH_KEY_ATTR_MD1, struct.pack('!4I', *md1)))
    if md2 is not None:
        attrs.append(attr(uapi.OVS_NSH_KEY_ATTR_MD2, md2))
    return nest(uapi.OVS_KEY_ATTR_NSH, *attrs)


def ct_state(bits):
    return u32(uapi.OVS_KEY_ATTR_CT_STATE, bits)


def ct_zone(n):
    return u16(uapi.OVS_KEY_ATTR_CT_ZONE, n)


def ct_mark(n):
    return u32(uapi.OVS_KEY_ATTR_CT_MARK, n)


def ct_labels(octets):
    return attr(uapi.OVS_KEY_ATTR_CT_LABELS, octets)


# ---- tunnels

def tun(id=None, src=None, dst=None, src6=None, dst6=None, tos=None, ttl=None, df=False,
        csum=False, oam=False, tp_src=None, tp_dst=None, geneve=None, gbp=None, erspan=None,
        bridge=False, kind=None):
    """A tunnel key, as a match or for set(); what is None or False is left out."""
    a = []
    if id is not None:
        a.append(be64(uapi.OVS_TUNNEL_KEY_ATTR_ID, id))
    for value, k, pack in ((src, 'IPV4_SRC', ip4), (dst, 'IPV4_DST', ip4),
                           (src6, 'IPV6_SRC', ip6), (dst6, 'IPV6_DST', ip6)):
        if value is not None:
            a.append(attr(getattr(uapi, 'OVS_TUNNEL_KEY_ATTR_' + k), pack(value)))
    for value, k in ((tos, 'TOS'), (ttl, 'TTL')):
        if value is not None:
            a.append(u8(getattr(uapi, 'OVS_TUNNEL_KEY_ATTR_' + k), value))
    for value, k in ((df, 'DONT_FRAGMENT'), (csum, 'CSUM'), (oam, 'OAM'),
                     (bridge, 'IPV4_INFO_BRIDGE')):
        if value:
            a.append(attr(getattr(uapi, 'OVS_TUNNEL_KEY_ATTR_' + k)))
    for value, k in ((tp_src, 'TP_SRC'), (tp_dst, 'TP_DST')):
        if value is not None:
            a.append(be16(getattr(uapi, 'OVS_TUNNEL_KEY_ATTR_' + k), value))
    if geneve is not None:
        a.append(attr(uapi.OVS_TUNNEL_KEY_ATTR_GENEVE_OPTS, geneve))
    if gbp is not None:
        a.append(nest(uapi.OVS_TUNNEL_KEY_ATTR_VXLAN_OPTS, u32(uapi.OVS_VXLAN_EXT_GBP, gbp)))
    if erspan is not None:
        a.append(attr(uapi.OVS_TUNNEL_KEY_ATTR_ERSPAN_OPTS, erspan))
    return nest(uapi.OVS_KEY_ATTR_TUNNEL if kind is None else kind, *a)


# ---- whole keys

def ones(kind, payload):
    """A mask that is exact for an attribute of a key, nests and all."""
    if kind == uapi.OVS_KEY_ATTR_ENCAP:
        return nest(kind, *(ones(k, p) for k, p in Attrs(payload).all))
    if kind in (uapi.OVS_KEY_ATTR_TUNNEL, uapi.OVS_KEY_ATTR_NSH):
        out = []
        for k, p in Attrs(payload).all:
            if kind == uapi.OVS_KEY_ATTR_TUNNEL and k == uapi.OVS_TUNNEL_KEY_ATTR_VXLAN_OPTS:
                out.append(nest(k, *(attr(k2, b'\xff' * len(p2)) for k2, p2 in Attrs(p).all)))
            else:
                out.append(attr(k, b'\xff' * len(p)))
        return nest(kind, *out)
    return attr(kind, b'\xff' * len(payload))


def exact(raw_key, *kinds):
    """A mask that is exact for these attributes of a key (all, if none is named)."""
    return b''.join(ones(k, p) for k, p in Attrs(raw_key).all if not kinds or k in kinds)


# ---- actions

def output(n):
    return u32(uapi.OVS_ACTION_ATTR_OUTPUT, n)


def userspace(pid, userdata=None, *more):
    a = [u32(uapi.OVS_USERSPACE_ATTR_PID, pid)]
    if userdata is not None:
        a.append(attr(uapi.OVS_USERSPACE_ATTR_USERDATA, userdata))
    return nest(uapi.OVS_ACTION_ATTR_USERSPACE, *a, *more)


def set_(key):
    return nest(uapi.OVS_ACTION_ATTR_SET, key)


def set_masked(key, mask):
    """Both attributes of the same kind; the value is cut to the mask, as it must be.  In NSH, each
    attribute in the nest is a value and its mask."""
    def both(k, m):
        (kind, value), (same, bits) = k, m
        assert kind == same and len(value) == len(bits)
        if kind == uapi.OVS_KEY_ATTR_NSH and not nested:
            nested.append(1)
            return nest(kind, *(both(*pair) for pair in zip(Attrs(value).all, Attrs(bits).all)))
        return attr(kind, bytes(v & b for v, b in zip(value, bits)) + bits)

    nested = []
    return nest(uapi.OVS_ACTION_ATTR_SET_MASKED, both(Attrs(key).all[0], Attrs(mask).all[0]))


def push_vlan(tci, tpid=0x8100):
    return attr(uapi.OVS_ACTION_ATTR_PUSH_VLAN, struct.pack('!HH', tpid, tci))


def pop_vlan():
    return attr(uapi.OVS_ACTION_ATTR_POP_VLAN)


def sample(probability, *actions):
    return nest(uapi.OVS_ACTION_ATTR_SAMPLE, u32(uapi.OVS_SAMPLE_ATTR_PROBABILITY, probability),
                nest(uapi.OVS_SAMPLE_ATTR_ACTIONS, *actions))


def recirc(n):
    return u32(uapi.OVS_ACTION_ATTR_RECIRC, n)


def hash_(basis=0, alg=None):
    alg = uapi.OVS_HASH_ALG_L4 if alg is None else alg
    return attr(uapi.OVS_ACTION_ATTR_HASH, struct.pack('=II', alg, basis))


def push_mpls(entry, ethertype=0x8847):
    return attr(uapi.OVS_ACTION_ATTR_PUSH_MPLS, struct.pack('!IH', entry, ethertype) + bytes(2))


def pop_mpls(ethertype):
    return be16(uapi.OVS_ACTION_ATTR_POP_MPLS, ethertype)


def add_mpls(entry, ethertype=0x8847, l3=False):
    return attr(uapi.OVS_ACTION_ATTR_ADD_MPLS, struct.pack('!IH', entry, ethertype) +
                struct.pack('=H', uapi.OVS_MPLS_L3_TUNNEL_FLAG_MASK if l3 else 0))


def trunc(n):
    return u32(uapi.OVS_ACTION_ATTR_TRUNC, n)


def push_eth(src, dst):
    return attr(uapi.OVS_ACTION_ATTR_PUSH_ETH, mac(src) + mac(dst))


def pop_eth():
    return attr(uapi.OVS_ACTION_ATTR_POP_ETH)


def push_nsh(**kwargs):
    return nest(uapi.OVS_ACTION_ATTR_PUSH_NSH, nsh(**kwargs))


def pop_nsh():
    return attr(uapi.OVS_ACTION_ATTR_POP_NSH)


def ct_clear():
    return attr(uapi.OVS_ACTION_ATTR_CT_CLEAR)


def ct(*attrs):
    return nest(uapi.OVS_ACTION_ATTR_CT, *attrs)


def commit():
    return attr(uapi.OVS_CT_ATTR_COMMIT)


def nat(*attrs):
    return nest(uapi.OVS_CT_ATTR_NAT, *attrs)


def meter(n):
    return u32(uapi.OVS_ACTION_ATTR_METER, n)


def clone(*actions):
    return nest(uapi.OVS_ACTION_ATTR_CLONE, *actions)


def check_pkt_len(length, greater, less_equal):
    """'greater' and 'less_equal' are lists of actions."""
    return nest(uapi.OVS_ACTION_ATTR_CHECK_PKT_LEN,
                u16(uapi.OVS_CHECK_PKT_LEN_ATTR_PKT_LEN, length),
                nest(uapi.OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_GREATER, *greater),
                nest(uapi.OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_LESS_EQUAL, *less_equal))


def dec_ttl(*exceeded):
    return nest(uapi.OVS_ACTION_ATTR_DEC_TTL, nest(uapi.OVS_DEC_TTL_ATTR_ACTION, *exceeded))


def drop(reason):
    return u32(uapi.OVS_ACTION_ATTR_DROP, reason)


def psample(group, cookie=None):
    a = [u32(uapi.OVS_PSAMPLE_ATTR_GROUP, group)]
    if cookie is not None:
        a.append(attr(uapi.OVS_PSAMPLE_ATTR_COOKIE, cookie))
    # unlike all older ones, it must say that it is a nest
    return nest(uapi.OVS_ACTION_ATTR_PSAMPLE | NLA_F_NESTED, *a)


def sorted_(actions):
    """Actions in a form in which those compare equal that mean the same: the members of a nest are
    in order of their kinds."""
    lists = {uapi.OVS_ACTION_ATTR_CHECK_PKT_LEN}
    return [(k, sorted(Attrs(p).all) if k in lists else p) for k, p in Attrs(actions).all]
