// SPDX-License-Identifier: GPL-2.0
/*
 * Keys and masks from attributes (OVS_KEY_ATTR_*) and back.
 *
 * One walk parses both.  It takes from the set of attributes those that a key of this kind has;
 * what is left over in the end does not belong there.  A mask is parsed beside the key that it is
 * for: which attributes it may have follows from the key, and a header can be matched only if what
 * says that it is there (EtherType, protocol, ICMPv6 type) is matched exactly.
 */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <net/dst_metadata.h>
#include <net/ndisc.h>

#include "dp.h"
#include "flow_key.h"
#include "key_attr.h"
#include "pkt.h"

#define LEN_NONE 0 /* not understood */
#define LEN_ANY -1 /* checked where it is parsed */

/* clang-format off */
static const struct {
	const char *wrong_len, *twice, *missing, *unexpected;
	int len;
} key_attrs[OVS_KEY_ATTR_MAX + 1] = {
#define ATTR(type, text, length) \
	[OVS_KEY_ATTR_##type] = { \
		text ": wrong length", text ": given twice", text ": missing", \
		text ": not in such a key, or the mask of what it stands on is not exact", length \
	}
	ATTR(UNSPEC, "attribute 0", LEN_NONE),
	ATTR(ENCAP, "encap", LEN_ANY),
	ATTR(PRIORITY, "priority", sizeof(u32)),
	ATTR(IN_PORT, "in_port", sizeof(u32)),
	ATTR(ETHERNET, "ethernet", sizeof(struct ovs_key_ethernet)),
	ATTR(VLAN, "vlan", sizeof(__be16)),
	ATTR(ETHERTYPE, "ethertype", sizeof(__be16)),
	ATTR(IPV4, "ipv4", sizeof(struct ovs_key_ipv4)),
	ATTR(IPV6, "ipv6", sizeof(struct ovs_key_ipv6)),
	ATTR(TCP, "tcp", sizeof(struct ovs_key_tcp)),
	ATTR(UDP, "udp", sizeof(struct ovs_key_udp)),
	ATTR(ICMP, "icmp", sizeof(struct ovs_key_icmp)),
	ATTR(ICMPV6, "icmpv6", sizeof(struct ovs_key_icmpv6)),
	ATTR(ARP, "arp", sizeof(struct ovs_key_arp)),
	ATTR(ND, "nd", sizeof(struct ovs_key_nd)),
	ATTR(SKB_MARK, "skb_mark", sizeof(u32)),
	ATTR(TUNNEL, "tunnel", LEN_ANY),
	ATTR(SCTP, "sctp", sizeof(struct ovs_key_sctp)),
	ATTR(TCP_FLAGS, "tcp_flags", sizeof(__be16)),
	ATTR(DP_HASH, "dp_hash", sizeof(u32)),
	ATTR(RECIRC_ID, "recirc_id", sizeof(u32)),
	ATTR(MPLS, "mpls", LEN_ANY),
	ATTR(CT_STATE, "ct_state", sizeof(u32)),
	ATTR(CT_ZONE, "ct_zone", sizeof(u16)),
	ATTR(CT_MARK, "ct_mark", sizeof(u32)),
	ATTR(CT_LABELS, "ct_labels", sizeof(struct ovs_key_ct_labels)),
	ATTR(CT_ORIG_TUPLE_IPV4, "ct_orig_tuple_ipv4", sizeof(struct ovs_key_ct_tuple_ipv4)),
	ATTR(CT_ORIG_TUPLE_IPV6, "ct_orig_tuple_ipv6", sizeof(struct ovs_key_ct_tuple_ipv6)),
	ATTR(NSH, "nsh", LEN_ANY),
	ATTR(PACKET_TYPE, "packet_type", LEN_NONE), /* userspace's own, as are the next two */
	ATTR(ND_EXTENSIONS, "nd_extensions", LEN_NONE),
	ATTR(TUNNEL_INFO, "tunnel_info", LEN_NONE),
	ATTR(IPV6_EXTHDRS, "ipv6_exthdrs", sizeof(struct ovs_key_ipv6_exthdrs)),
#undef ATTR
};
/* clang-format on */

struct parser {
	const struct nlattr *a[OVS_KEY_ATTR_MAX + 1]; /* those of this level not taken yet */
	const struct nlattr *nest; /* where they are from */
	u64 present; /* bits of all there were, at any level */
	bool has_ethertype; /* on the innermost level */
	const struct flow_key *key; /* of a mask; NULL while a key itself is parsed */
	u64 key_present; /* ... and what its attributes were */
	struct flow_key *out;
	struct netlink_ext_ack *extack;
};

/* The key that decides what belongs there. */
static const struct flow_key *kind(const struct parser *p)
{
	return p->key ?: p->out;
}

static bool is_all_zero(const struct nlattr *a)
{
	return !memchr_inv(nla_data(a), 0, nla_len(a));
}

/*
 * Sorts one level of attributes.  Of a mask those that are all zero say nothing and are passed
 * over, except for the nest of what is in a VLAN.
 */
static int collect(struct parser *p, const struct nlattr *nest)
{
	const struct nlattr *a;
	u64 seen = 0;
	int rem;

	memset(p->a, 0, sizeof(p->a));
	p->nest = nest;
	nla_for_each_nested(a, nest, rem) {
		unsigned int type = nla_type(a);

		if (type > OVS_KEY_ATTR_MAX)
			return key_error(p->extack, a, "unknown key attribute");
		if (seen & BIT_ULL(type))
			return key_error(p->extack, a, key_attrs[type].twice);
		seen |= BIT_ULL(type);
		if (key_attrs[type].len == LEN_NONE)
			return key_error(p->extack, a, key_attrs[type].unexpected);
		if (key_attrs[type].len != LEN_ANY && nla_len(a) != key_attrs[type].len)
			return key_error(p->extack, a, key_attrs[type].wrong_len);
		if (p->key && is_all_zero(a))
			continue;
		p->a[type] = a;
	}
	p->present |= seen;
	if (rem)
		return key_error(p->extack, nest, "key: octets that are no attribute");
	return 0;
}

static const struct nlattr *take(struct parser *p, unsigned int type)
{
	const struct nlattr *a = p->a[type];

	p->a[type] = NULL;
	return a;
}

/* Takes an attribute's payload; NULL if there is none. */
static const void *take_data(struct parser *p, unsigned int type)
{
	const struct nlattr *a = take(p, type);

	return a ? nla_data(a) : NULL;
}

static int end_level(const struct parser *p)
{
	unsigned int type;

	for (type = 0; type <= OVS_KEY_ATTR_MAX; type++)
		if (p->a[type])
			return key_error(p->extack, p->a[type], key_attrs[type].unexpected);
	return 0;
}

static int missing(const struct parser *p, unsigned int type)
{
	return key_error(p->extack, p->nest, key_attrs[type].missing);
}

/* ---- metadata ---------------------------------------------------------- */

static int parse_tunnel(struct parser *p)
{
	const struct nlattr *a = take(p, OVS_KEY_ATTR_TUNNEL);
	struct key_tunnel t = {
		.tun = &p->out->tun,
		.opts = p->out->tun_opts,
	};
	int err;

	if (!a) {
		/* a mask covers that there is no tunnel, not that there is one */
		p->out->tun_proto = p->key && !p->key->tun_proto ? 0xff : 0;
		return 0;
	}
	err = key_tunnel_parse(a, p->key, &t, p->extack);
	if (err)
		return err;
	p->out->tun_opts_len = t.opts_len;
	p->out->tun_proto = t.proto;
	if (!p->key)
		return 0;
	if (!p->key->tun_proto) {
		/* what a tunnel would have must be what it has without one: there is none */
		memset(t.tun, 0, sizeof(*t.tun));
		memset(t.opts, 0, KEY_TUN_OPTS_MAX);
		p->out->tun_opts_len = 0;
		p->out->tun_proto = 0xff;
		return 0;
	}
	if (t.proto && t.proto != p->key->tun_proto)
		return key_error(p->extack, a, "tunnel: mask of another address family");
	if (t.has_opts && t.opts_len != p->key->tun_opts_len)
		return key_error(p->extack, a, "tunnel options: mask of another length");
	p->out->tun_opts_len = t.has_opts ? 0xff : 0;
	p->out->tun_proto = 0xff;
	return 0;
}

static int parse_ct_tuple(struct parser *p)
{
	const struct ovs_key_ct_tuple_ipv4 *v4;
	const struct ovs_key_ct_tuple_ipv6 *v6;
	struct flow_key *out = p->out;

	if (p->a[OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4] && p->a[OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6])
		return key_error(p->extack, p->a[OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6],
				 "ct_orig_tuple_ipv6: there is one of IPv4, too");
	v4 = take_data(p, OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4);
	if (v4) {
		out->ct_orig4.src = v4->ipv4_src;
		out->ct_orig4.dst = v4->ipv4_dst;
		out->ct_orig_src_port = v4->src_port;
		out->ct_orig_dst_port = v4->dst_port;
		out->ct_orig_proto = v4->ipv4_proto;
	}
	v6 = take_data(p, OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6);
	if (v6) {
		memcpy(&out->ct_orig6.src, v6->ipv6_src, sizeof(out->ct_orig6.src));
		memcpy(&out->ct_orig6.dst, v6->ipv6_dst, sizeof(out->ct_orig6.dst));
		out->ct_orig_src_port = v6->src_port;
		out->ct_orig_dst_port = v6->dst_port;
		out->ct_orig_proto = v6->ipv6_proto;
	}
	return 0;
}

/* A tuple of the other family than the packet's would compare addresses with something else. */
static int check_ct_tuple(const struct parser *p, const struct nlattr *const *tuples)
{
	const struct flow_key *key = kind(p);

	if ((tuples[0] && key->eth_type != htons(ETH_P_IP)) ||
	    (tuples[1] && key->eth_type != htons(ETH_P_IPV6)) ||
	    ((tuples[0] || tuples[1]) && p->key && p->out->eth_type != htons(0xffff)))
		return key_error(p->extack, tuples[0] ?: tuples[1],
				 "ct_orig_tuple: of another family than ethertype says");
	return 0;
}

static int parse_ct(struct parser *p)
{
	struct flow_key *out = p->out;
	const struct nlattr *a;

	a = take(p, OVS_KEY_ATTR_CT_STATE);
	if (a) {
		if (nla_get_u32(a) & ~(u32)U8_MAX)
			return key_error(p->extack, a, "ct_state: unknown bits");
		out->ct_state = nla_get_u32(a);
	}
	a = take(p, OVS_KEY_ATTR_CT_ZONE);
	if (a)
		out->ct_zone = nla_get_u16(a);
	a = take(p, OVS_KEY_ATTR_CT_MARK);
	if (a)
		out->ct_mark = nla_get_u32(a);
	a = take(p, OVS_KEY_ATTR_CT_LABELS);
	if (a)
		memcpy(&out->ct_labels, nla_data(a), sizeof(out->ct_labels));
	return parse_ct_tuple(p);
}

/* What a key does not say cannot be masked. */
static int check_metadata(const struct parser *p)
{
	static const u8 types[] = {
		OVS_KEY_ATTR_PRIORITY,  OVS_KEY_ATTR_SKB_MARK,  OVS_KEY_ATTR_DP_HASH,
		OVS_KEY_ATTR_RECIRC_ID, OVS_KEY_ATTR_CT_STATE,  OVS_KEY_ATTR_CT_ZONE,
		OVS_KEY_ATTR_CT_MARK,   OVS_KEY_ATTR_CT_LABELS,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (p->a[types[i]] && !(p->key_present & BIT_ULL(types[i])))
			return key_error(p->extack, p->a[types[i]], key_attrs[types[i]].unexpected);
	return 0;
}

static int parse_metadata(struct parser *p)
{
	struct flow_key *out = p->out;
	const struct nlattr *a;
	int err;

	if (p->key) {
		err = check_metadata(p);
		if (err)
			return err;
	}

	a = take(p, OVS_KEY_ATTR_RECIRC_ID);
	if (a)
		out->recirc_id = nla_get_u32(a);
	a = take(p, OVS_KEY_ATTR_DP_HASH);
	if (a)
		out->dp_hash = nla_get_u32(a);
	a = take(p, OVS_KEY_ATTR_PRIORITY);
	if (a)
		out->priority = nla_get_u32(a);
	a = take(p, OVS_KEY_ATTR_SKB_MARK);
	if (a)
		out->skb_mark = nla_get_u32(a);
	a = take(p, OVS_KEY_ATTR_IN_PORT);
	if (p->key) {
		out->in_port = a ? U32_MAX : 0; /* one port or all */
	} else if (a) {
		if (nla_get_u32(a) >= DP_MAX_PORTS)
			return key_error(p->extack, a, "in_port: number out of range");
		out->in_port = nla_get_u32(a);
	} else {
		out->in_port = DP_MAX_PORTS;
	}
	err = parse_tunnel(p);
	return err ?: parse_ct(p);
}

/* ---- layer 2 ----------------------------------------------------------- */

/*
 * One tag of a key: a type, the tag, and the rest in a nest.  1: there was one; 0: there was none,
 * or it is one that is cut off.
 */
static int parse_key_tag(struct parser *p, struct key_vlan *vlan)
{
	const struct nlattr *type = p->a[OVS_KEY_ATTR_ETHERTYPE];
	const struct nlattr *tag = p->a[OVS_KEY_ATTR_VLAN];
	const struct nlattr *encap = p->a[OVS_KEY_ATTR_ENCAP];
	__be16 tci;
	int err;

	if (!type || !eth_type_vlan(nla_get_be16(type)))
		return 0;
	if (!tag)
		return missing(p, OVS_KEY_ATTR_VLAN);
	if (!encap)
		return missing(p, OVS_KEY_ATTR_ENCAP);
	tci = nla_get_be16(tag);
	if (!(tci & htons(VLAN_CFI_MASK))) {
		if (tci)
			return key_error(p->extack, tag, "vlan: the bit of presence is not set");
		if (nla_len(encap))
			return key_error(p->extack, encap, "encap: a tag that is cut off has none");
		take(p, OVS_KEY_ATTR_VLAN);
		take(p, OVS_KEY_ATTR_ENCAP);
		return 0; /* the tag's type stays as the frame's */
	}
	vlan->tpid = nla_get_be16(type);
	vlan->tci = tci;
	take(p, OVS_KEY_ATTR_ETHERTYPE);
	take(p, OVS_KEY_ATTR_VLAN);
	take(p, OVS_KEY_ATTR_ENCAP);
	err = end_level(p);
	if (!err)
		err = collect(p, encap);
	return err ?: 1;
}

/*
 * The mask of a tag that the key has; 1: go on with what is in it.  A mask that does not mention
 * the tag covers all of it.
 */
static int parse_mask_tag(struct parser *p, struct key_vlan *vlan)
{
	const struct nlattr *type = p->a[OVS_KEY_ATTR_ETHERTYPE];
	const struct nlattr *tag = p->a[OVS_KEY_ATTR_VLAN];
	const struct nlattr *encap = p->a[OVS_KEY_ATTR_ENCAP];
	int err;

	vlan->tci = htons(0xffff);
	vlan->tpid = htons(0xffff);
	if (!tag && !encap)
		return 1;
	if (!tag)
		return missing(p, OVS_KEY_ATTR_VLAN);
	if (!type)
		return missing(p, OVS_KEY_ATTR_ETHERTYPE);
	/* a nest that is empty or all zero is no less there */
	if (!(p->present & BIT_ULL(OVS_KEY_ATTR_ENCAP)))
		return missing(p, OVS_KEY_ATTR_ENCAP);
	if (!(nla_get_be16(tag) & htons(VLAN_CFI_MASK)))
		return key_error(p->extack, tag,
				 "vlan: the mask does not cover the bit of presence");
	if (nla_get_be16(type) != htons(0xffff))
		return key_error(p->extack, type,
				 "ethertype: the mask of a tag's type is not exact");
	vlan->tci = nla_get_be16(tag);
	take(p, OVS_KEY_ATTR_ETHERTYPE);
	take(p, OVS_KEY_ATTR_VLAN);
	take(p, OVS_KEY_ATTR_ENCAP);
	err = end_level(p);
	if (err)
		return err;
	p->present &= ~BIT_ULL(OVS_KEY_ATTR_ENCAP);
	if (!encap) {
		memset(p->a, 0, sizeof(p->a));
		return 1;
	}
	err = collect(p, encap);
	return err ?: 1;
}

/* A key without a tag says that there is none, whatever else it matches. */
static int parse_mask_no_tag(struct parser *p, struct key_vlan *vlan)
{
	/* the rest of a tag that is cut off */
	if (eth_type_vlan(p->key->eth_type)) {
		take(p, OVS_KEY_ATTR_ENCAP);
		take(p, OVS_KEY_ATTR_VLAN);
	}
	vlan->tci = htons(0xffff);
	vlan->tpid = htons(0xffff);
	return 0;
}

static int parse_tag(struct parser *p, const struct key_vlan *key, struct key_vlan *out)
{
	if (!p->key)
		return parse_key_tag(p, out);
	if (!key->tci)
		return parse_mask_no_tag(p, out);
	return parse_mask_tag(p, out);
}

static int parse_ethertype(struct parser *p, bool has_eth)
{
	const struct nlattr *a = take(p, OVS_KEY_ATTR_ETHERTYPE);
	struct flow_key *out = p->out;

	p->has_ethertype = a;
	if (p->key) {
		/* any bit of it means all */
		out->eth_type = a ? htons(0xffff) : 0;
		return 0;
	}
	if (a) {
		if (!eth_proto_is_802_3(nla_get_be16(a)))
			return key_error(p->extack, a, "ethertype: less than 1536");
		out->eth_type = nla_get_be16(a);
	} else if (has_eth) {
		out->eth_type = htons(ETH_P_802_2);
	} else {
		return missing(p, OVS_KEY_ATTR_ETHERTYPE);
	}
	return 0;
}

static int parse_l2(struct parser *p)
{
	const struct ovs_key_ethernet *eth;
	struct flow_key *out = p->out;
	int err;

	if (p->key) {
		out->mac_proto = 0xff;
		if (p->key->mac_proto == KEY_MAC_NONE && p->a[OVS_KEY_ATTR_ETHERNET])
			return end_level(p);
	}
	eth = take_data(p, OVS_KEY_ATTR_ETHERNET);
	if (eth) {
		ether_addr_copy(out->eth_src, eth->eth_src);
		ether_addr_copy(out->eth_dst, eth->eth_dst);
	}
	if (!p->key)
		out->mac_proto = eth ? KEY_MAC_ETHERNET : KEY_MAC_NONE;
	if (kind(p)->mac_proto == KEY_MAC_ETHERNET) {
		err = parse_tag(p, &kind(p)->vlan, &out->vlan);
		if (err > 0)
			err = parse_tag(p, &kind(p)->cvlan, &out->cvlan);
		if (err < 0)
			return err;
	}
	return parse_ethertype(p, eth);
}

/* ---- layer 3 ----------------------------------------------------------- */

static int parse_ipv4(struct parser *p)
{
	const struct nlattr *a = take(p, OVS_KEY_ATTR_IPV4);
	const struct ovs_key_ipv4 *ip;
	struct flow_key *out = p->out;

	if (!a)
		return p->key ? 0 : missing(p, OVS_KEY_ATTR_IPV4);
	ip = nla_data(a);
	if (!p->key && ip->ipv4_frag > OVS_FRAG_TYPE_MAX)
		return key_error(p->extack, a, "ipv4: unknown type of fragment");
	out->ip_proto = ip->ipv4_proto;
	out->ip_tos = ip->ipv4_tos;
	out->ip_ttl = ip->ipv4_ttl;
	out->ip_frag = ip->ipv4_frag;
	out->ipv4.src = ip->ipv4_src;
	out->ipv4.dst = ip->ipv4_dst;
	return 0;
}

static int parse_ipv6(struct parser *p)
{
	const struct nlattr *a = take(p, OVS_KEY_ATTR_IPV6);
	const struct ovs_key_ipv6_exthdrs *exthdrs = take_data(p, OVS_KEY_ATTR_IPV6_EXTHDRS);
	const struct ovs_key_ipv6 *ip;
	struct flow_key *out = p->out;

	if (exthdrs)
		out->ipv6_exthdrs = exthdrs->hdrs;
	if (!a)
		return p->key ? 0 : missing(p, OVS_KEY_ATTR_IPV6);
	ip = nla_data(a);
	if (!p->key && ip->ipv6_frag > OVS_FRAG_TYPE_MAX)
		return key_error(p->extack, a, "ipv6: unknown type of fragment");
	if (!p->key && ip->ipv6_label & ~htonl(0xfffff))
		return key_error(p->extack, a, "ipv6: a flow label has 20 bits");
	out->ip_proto = ip->ipv6_proto;
	out->ip_tos = ip->ipv6_tclass;
	out->ip_ttl = ip->ipv6_hlimit;
	out->ip_frag = ip->ipv6_frag;
	memcpy(&out->ipv6.src, ip->ipv6_src, sizeof(out->ipv6.src));
	memcpy(&out->ipv6.dst, ip->ipv6_dst, sizeof(out->ipv6.dst));
	out->ipv6.label = ip->ipv6_label;
	return 0;
}

static int parse_arp(struct parser *p)
{
	const struct nlattr *a = take(p, OVS_KEY_ATTR_ARP);
	const struct ovs_key_arp *arp;
	struct flow_key *out = p->out;

	if (!a)
		return p->key ? 0 : missing(p, OVS_KEY_ATTR_ARP);
	arp = nla_data(a);
	if (!p->key && arp->arp_op & htons(0xff00))
		return key_error(p->extack, a, "arp: unknown operation");
	out->ip_proto = ntohs(arp->arp_op) & 0xff;
	out->ipv4.src = arp->arp_sip;
	out->ipv4.dst = arp->arp_tip;
	ether_addr_copy(out->ipv4.arp_sha, arp->arp_sha);
	ether_addr_copy(out->ipv4.arp_tha, arp->arp_tha);
	return 0;
}

/* Matched labels are counted: a stack of another depth is another flow. */
static int parse_mpls(struct parser *p)
{
	const struct nlattr *a = take(p, OVS_KEY_ATTR_MPLS);
	unsigned int n;

	if (!a)
		return p->key ? 0 : missing(p, OVS_KEY_ATTR_MPLS);
	n = nla_len(a) / sizeof(struct ovs_key_mpls);
	if (!n || n > KEY_MAX_MPLS || nla_len(a) % sizeof(struct ovs_key_mpls))
		return key_error(p->extack, a, key_attrs[OVS_KEY_ATTR_MPLS].wrong_len);
	if (p->key)
		n = min(n, p->key->mpls.n_lse);
	memcpy(p->out->mpls.lse, nla_data(a), n * sizeof(struct ovs_key_mpls));
	p->out->mpls.n_lse = p->key ? U32_MAX : n;
	return 0;
}

static int parse_nsh(struct parser *p)
{
	const struct nlattr *a = take(p, OVS_KEY_ATTR_NSH);

	if (!a)
		return p->key ? 0 : missing(p, OVS_KEY_ATTR_NSH);
	return key_nsh_parse(a, p->key, &p->out->nsh, p->extack);
}

static int parse_l3(struct parser *p)
{
	switch (kind(p)->eth_type) {
	case htons(ETH_P_IP):
		return parse_ipv4(p);
	case htons(ETH_P_IPV6):
		return parse_ipv6(p);
	case htons(ETH_P_ARP):
	case htons(ETH_P_RARP):
		return parse_arp(p);
	case htons(ETH_P_MPLS_UC):
	case htons(ETH_P_MPLS_MC):
		return parse_mpls(p);
	case htons(ETH_P_NSH):
		return parse_nsh(p);
	}
	return 0;
}

/* ---- layer 4 ----------------------------------------------------------- */

/* With any code the attribute may be there; only with 0 is it a neighbour message (RFC 4861). */
static bool has_nd_type(const struct flow_key *key)
{
	return key->tp_src == htons(NDISC_NEIGHBOUR_SOLICITATION) ||
	       key->tp_src == htons(NDISC_NEIGHBOUR_ADVERTISEMENT);
}

static int parse_nd(struct parser *p)
{
	const struct ovs_key_nd *nd = take_data(p, OVS_KEY_ATTR_ND);
	struct flow_key *out = p->out;

	if (!nd)
		return p->key || out->tp_dst ? 0 : missing(p, OVS_KEY_ATTR_ND);
	memcpy(&out->nd.target, nd->nd_target, sizeof(out->nd.target));
	ether_addr_copy(out->nd.sll, nd->nd_sll);
	ether_addr_copy(out->nd.tll, nd->nd_tll);
	return 0;
}

static int parse_l4(struct parser *p)
{
	unsigned int type = key_l4_attr(kind(p));
	const struct nlattr *a = type ? take(p, type) : NULL;
	struct flow_key *out = p->out;
	const __be16 *ports;
	const u8 *icmp;

	if (!type)
		return 0;
	if (!a && !p->key)
		return missing(p, type);
	if (a && (type == OVS_KEY_ATTR_ICMP || type == OVS_KEY_ATTR_ICMPV6)) {
		icmp = nla_data(a);
		out->tp_src = htons(icmp[0]);
		out->tp_dst = htons(icmp[1]);
	} else if (a) {
		ports = nla_data(a);
		out->tp_src = ports[0];
		out->tp_dst = ports[1];
	}
	if (type == OVS_KEY_ATTR_TCP) {
		a = take(p, OVS_KEY_ATTR_TCP_FLAGS);
		if (a)
			out->tp_flags = nla_get_be16(a);
		else if (!p->key)
			return missing(p, OVS_KEY_ATTR_TCP_FLAGS);
	}
	/* of a mask: an octet of the type is all of it */
	if (type == OVS_KEY_ATTR_ICMPV6 && has_nd_type(kind(p)) &&
	    (!p->key || out->tp_src == htons(0xff)))
		return parse_nd(p);
	return 0;
}

static int parse(struct parser *p, const struct nlattr *nest)
{
	const struct nlattr *tuples[2];
	int err = collect(p, nest);

	if (err)
		return err;
	tuples[0] = p->a[OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4];
	tuples[1] = p->a[OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6];
	err = parse_metadata(p);
	if (err)
		return err;
	err = parse_l2(p);
	if (err)
		return err;
	err = check_ct_tuple(p, tuples);
	if (err)
		return err;
	if (!p->key || p->out->eth_type == htons(0xffff)) {
		err = parse_l3(p);
		if (err)
			return err;
	}
	if (!p->key || p->out->ip_proto == 0xff) {
		err = parse_l4(p);
		if (err)
			return err;
	}
	return end_level(p);
}

/* ---- matches ----------------------------------------------------------- */

int key_match_parse(struct net *net, struct key_match *match, const struct nlattr *key,
		    const struct nlattr *mask, struct netlink_ext_ack *extack)
{
	struct parser p = { .out = match->key, .extack = extack };
	int err;

	memset(match->key, 0, sizeof(*match->key));
	if (match->mask)
		memset(match->mask, 0, sizeof(*match->mask));
	match->range.start = 0;
	match->range.end = 0;
	if (!key)
		return key_error(extack, NULL, "key: missing");
	err = parse(&p, key);
	if (err || !match->mask)
		return err;
	if (mask) {
		p.key = match->key;
		p.key_present = p.present;
		p.present = 0;
		p.out = match->mask;
		err = parse(&p, mask);
		if (err)
			return err;
	} else {
		key_exact_mask(match->key, p.present, p.has_ethertype, match->mask);
	}
	key_mask_range(match->mask, &match->range);
	return 0;
}

/* ---- metadata of an execution ------------------------------------------ */

static int attach_tunnel(const struct nlattr *attr, struct sk_buff *skb, struct pkt *pkt,
			 struct netlink_ext_ack *extack)
{
	struct metadata_dst *dst;
	int err;

	dst = metadata_dst_alloc(KEY_TUN_OPTS_MAX, METADATA_IP_TUNNEL, GFP_KERNEL);
	if (!dst)
		return -ENOMEM;
	/* what has come in, not what is to go out */
	err = key_parse_tunnel_info(attr, &dst->u.tun_info, extack);
	if (err) {
		dst_release(&dst->dst);
		return err;
	}
	dst->u.tun_info.mode &= ~IP_TUNNEL_INFO_TX;
	skb_dst_drop(skb);
	skb_dst_set(skb, &dst->dst);
	pkt->tun = &dst->u.tun_info;
	return 0;
}

static void pkt_set_ct(struct pkt *pkt, const struct flow_key *key)
{
	pkt->ct_state = key->ct_state;
	pkt->ct_zone = key->ct_zone;
	pkt->ct_mark = key->ct_mark;
	pkt->ct_labels = key->ct_labels;
	pkt->ct_orig_proto = key->ct_orig_proto;
	pkt->ct_orig_src_port = key->ct_orig_src_port;
	pkt->ct_orig_dst_port = key->ct_orig_dst_port;
	pkt->ct_orig6.src = key->ct_orig6.src;
	pkt->ct_orig6.dst = key->ct_orig6.dst;
	pkt->has_ct = true;
}

int key_parse_metadata(struct net *net, const struct nlattr *attr, struct sk_buff *skb,
		       struct pkt *pkt, struct netlink_ext_ack *extack)
{
	struct flow_key *key = kzalloc(sizeof(*key), GFP_KERNEL);
	struct parser p = { .out = key, .extack = extack };
	const struct nlattr *tunnel, *type;
	int err;

	if (!key)
		return -ENOMEM;
	err = collect(&p, attr);
	if (err)
		goto out;
	tunnel = take(&p, OVS_KEY_ATTR_TUNNEL);
	err = parse_metadata(&p);
	if (err)
		goto out;
	pkt->mac_proto = KEY_MAC_ETHERNET;
	type = p.a[OVS_KEY_ATTR_ETHERTYPE];
	if (!p.a[OVS_KEY_ATTR_ETHERNET] && type) {
		pkt->mac_proto = KEY_MAC_NONE;
		skb->protocol = nla_get_be16(type);
	}
	if (tunnel) {
		err = attach_tunnel(tunnel, skb, pkt, extack);
		if (err)
			goto out;
	}
	pkt->in_port = key->in_port;
	pkt->recirc_id = key->recirc_id;
	pkt->dp_hash = key->dp_hash;
	skb->mark = key->skb_mark;
	skb->priority = key->priority;
	pkt_set_ct(pkt, key);
out:
	kfree(key);
	return err;
}

/* Sums all that can be there at once, and some of what cannot. */
size_t key_attr_size(void)
{
	size_t size = nla_total_size(0) + key_tunnel_attr_size();
	unsigned int type;

	for (type = 0; type <= OVS_KEY_ATTR_MAX; type++)
		if (key_attrs[type].len > 0)
			size += nla_total_size(key_attrs[type].len);
	size += 2 * (nla_total_size(sizeof(__be16)) * 2 + nla_total_size(0)); /* tags */
	size += nla_total_size(KEY_MAX_MPLS * sizeof(struct ovs_key_mpls));
	size += nla_total_size(nla_total_size(sizeof(struct ovs_nsh_key_base)) +
			       nla_total_size(sizeof(struct ovs_nsh_key_md1)));
	return size;
}

size_t key_attr_len(int type)
{
	if (type < 0 || type > OVS_KEY_ATTR_MAX || key_attrs[type].len <= 0)
		return 0;
	return key_attrs[type].len;
}
