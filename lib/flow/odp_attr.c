// SPDX-License-Identifier: Apache-2.0
#include "flow/odp_attr.h"

#include <errno.h>

#include "packet/headers.h"

static const uint8_t sizes[ODP_KEY_ATTR_MAX + 1] = {
	[OVS_KEY_ATTR_PRIORITY] = 4,
	[OVS_KEY_ATTR_IN_PORT] = 4,
	[OVS_KEY_ATTR_ETHERNET] = sizeof(struct ovs_key_ethernet),
	[OVS_KEY_ATTR_VLAN] = 2,
	[OVS_KEY_ATTR_ETHERTYPE] = 2,
	[OVS_KEY_ATTR_IPV4] = sizeof(struct ovs_key_ipv4),
	[OVS_KEY_ATTR_IPV6] = sizeof(struct ovs_key_ipv6),
	[OVS_KEY_ATTR_TCP] = sizeof(struct ovs_key_tcp),
	[OVS_KEY_ATTR_UDP] = sizeof(struct ovs_key_udp),
	[OVS_KEY_ATTR_ICMP] = sizeof(struct ovs_key_icmp),
	[OVS_KEY_ATTR_ICMPV6] = sizeof(struct ovs_key_icmpv6),
	[OVS_KEY_ATTR_ARP] = sizeof(struct ovs_key_arp),
	[OVS_KEY_ATTR_ND] = sizeof(struct ovs_key_nd),
	[OVS_KEY_ATTR_SKB_MARK] = 4,
	[OVS_KEY_ATTR_SCTP] = sizeof(struct ovs_key_sctp),
	[OVS_KEY_ATTR_TCP_FLAGS] = 2,
	[OVS_KEY_ATTR_DP_HASH] = 4,
	[OVS_KEY_ATTR_RECIRC_ID] = 4,
	[OVS_KEY_ATTR_MPLS] = sizeof(struct ovs_key_mpls),
	[OVS_KEY_ATTR_CT_STATE] = 4,
	[OVS_KEY_ATTR_CT_ZONE] = 2,
	[OVS_KEY_ATTR_CT_MARK] = 4,
	[OVS_KEY_ATTR_CT_LABELS] = sizeof(struct ovs_key_ct_labels),
	[OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4] = sizeof(struct ovs_key_ct_tuple_ipv4),
	[OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6] = sizeof(struct ovs_key_ct_tuple_ipv6),
	[ODP_KEY_ATTR_PACKET_TYPE] = 4,
	[ODP_KEY_ATTR_ND_EXTENSIONS] = sizeof(struct odp_key_nd_extensions),
};

size_t odp_attr_size(uint16_t type)
{
	return type < ARRAY_SIZE(sizes) ? sizes[type] : 0;
}

static uint8_t frag_to_attr(uint8_t frag, bool is_mask)
{
	if (is_mask)
		return frag ? 0xff : 0;
	if (frag & FLOW_FRAG_LATER)
		return OVS_FRAG_TYPE_LATER;
	return frag & FLOW_FRAG_ANY ? OVS_FRAG_TYPE_FIRST : OVS_FRAG_TYPE_NONE;
}

static uint8_t frag_from_attr(uint8_t frag, bool is_mask)
{
	if (is_mask)
		return frag ? 0xff : 0;
	if (frag == OVS_FRAG_TYPE_LATER)
		return FLOW_FRAG_ANY | FLOW_FRAG_LATER;
	return frag == OVS_FRAG_TYPE_FIRST ? FLOW_FRAG_ANY : 0;
}

/* An 8-bit field that stands in 16 bits: a full mask is full in both. */
static be16 widen(uint8_t v, bool is_mask)
{
	return is_mask && v == 0xff ? htons(0xffff) : htons(v);
}

static void label_to_attr(const struct u128 *v, struct ovs_key_ct_labels *a)
{
	uint64_t words[2] = { v->lo, v->hi }; /* the less significant first */

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	words[0] = v->hi;
	words[1] = v->lo;
#endif
	memcpy(a, words, sizeof(words));
}

static void label_from_attr(const struct ovs_key_ct_labels *a, struct u128 *v)
{
	uint64_t words[2];

	memcpy(words, a, sizeof(words));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v->hi = words[0];
	v->lo = words[1];
#else
	v->lo = words[0];
	v->hi = words[1];
#endif
}

void odp_attr_from_flow(uint16_t type, const struct flow *f, bool is_mask, union odp_attr_value *v)
{
	memset(v, 0, sizeof(*v));
	switch (type) {
	case OVS_KEY_ATTR_PRIORITY:
		v->u32 = f->skb_priority;
		break;
	case OVS_KEY_ATTR_IN_PORT:
		v->u32 = f->in_port;
		break;
	case OVS_KEY_ATTR_ETHERNET:
		memcpy(v->eth.eth_src, f->eth_src, 6);
		memcpy(v->eth.eth_dst, f->eth_dst, 6);
		break;
	case OVS_KEY_ATTR_VLAN:
		v->b16 = f->vlans[0].tci;
		break;
	case OVS_KEY_ATTR_ETHERTYPE:
		v->b16 = f->eth_type;
		break;
	case OVS_KEY_ATTR_IPV4:
		v->ipv4.ipv4_src = f->ip_src;
		v->ipv4.ipv4_dst = f->ip_dst;
		v->ipv4.ipv4_proto = f->ip_proto;
		v->ipv4.ipv4_tos = f->ip_tos;
		v->ipv4.ipv4_ttl = f->ip_ttl;
		v->ipv4.ipv4_frag = frag_to_attr(f->ip_frag, is_mask);
		break;
	case OVS_KEY_ATTR_IPV6:
		memcpy(v->ipv6.ipv6_src, &f->ipv6_src, 16);
		memcpy(v->ipv6.ipv6_dst, &f->ipv6_dst, 16);
		v->ipv6.ipv6_label = f->ipv6_label & htonl(IPV6_LABEL_MASK);
		v->ipv6.ipv6_proto = f->ip_proto;
		v->ipv6.ipv6_tclass = f->ip_tos;
		v->ipv6.ipv6_hlimit = f->ip_ttl;
		v->ipv6.ipv6_frag = frag_to_attr(f->ip_frag, is_mask);
		break;
	case OVS_KEY_ATTR_TCP:
	case OVS_KEY_ATTR_UDP:
	case OVS_KEY_ATTR_SCTP:
		v->tcp.tcp_src = f->tp_src;
		v->tcp.tcp_dst = f->tp_dst;
		break;
	case OVS_KEY_ATTR_ICMP:
	case OVS_KEY_ATTR_ICMPV6:
		v->icmp.icmp_type = ntohs(f->tp_src);
		v->icmp.icmp_code = ntohs(f->tp_dst);
		break;
	case OVS_KEY_ATTR_ARP:
		v->arp.arp_sip = f->ip_src;
		v->arp.arp_tip = f->ip_dst;
		v->arp.arp_op = widen(f->ip_proto, is_mask);
		memcpy(v->arp.arp_sha, f->arp_sha, 6);
		memcpy(v->arp.arp_tha, f->arp_tha, 6);
		break;
	case OVS_KEY_ATTR_ND:
		memcpy(v->nd.nd_target, &f->nd_target, 16);
		memcpy(v->nd.nd_sll, f->arp_sha, 6);
		memcpy(v->nd.nd_tll, f->arp_tha, 6);
		break;
	case OVS_KEY_ATTR_SKB_MARK:
		v->u32 = f->pkt_mark;
		break;
	case OVS_KEY_ATTR_TCP_FLAGS:
		v->b16 = f->tcp_flags;
		break;
	case OVS_KEY_ATTR_DP_HASH:
		v->u32 = f->dp_hash;
		break;
	case OVS_KEY_ATTR_RECIRC_ID:
		v->u32 = f->recirc_id;
		break;
	case OVS_KEY_ATTR_MPLS:
		v->mpls[0].mpls_lse = f->mpls_lse[0];
		break;
	case OVS_KEY_ATTR_CT_STATE:
		v->u32 = f->ct_state;
		break;
	case OVS_KEY_ATTR_CT_ZONE:
		v->u16 = f->ct_zone;
		break;
	case OVS_KEY_ATTR_CT_MARK:
		v->u32 = f->ct_mark;
		break;
	case OVS_KEY_ATTR_CT_LABELS:
		label_to_attr(&f->ct_label, &v->labels);
		break;
	case OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4:
		v->tuple4.ipv4_src = f->ct_ip_src;
		v->tuple4.ipv4_dst = f->ct_ip_dst;
		v->tuple4.src_port = f->ct_tp_src;
		v->tuple4.dst_port = f->ct_tp_dst;
		v->tuple4.ipv4_proto = f->ct_nw_proto;
		break;
	case OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6:
		memcpy(v->tuple6.ipv6_src, &f->ct_ipv6_src, 16);
		memcpy(v->tuple6.ipv6_dst, &f->ct_ipv6_dst, 16);
		v->tuple6.src_port = f->ct_tp_src;
		v->tuple6.dst_port = f->ct_tp_dst;
		v->tuple6.ipv6_proto = f->ct_nw_proto;
		break;
	case ODP_KEY_ATTR_PACKET_TYPE:
		v->b32 = f->packet_type;
		break;
	case ODP_KEY_ATTR_ND_EXTENSIONS:
		v->nd_ext.nd_reserved = f->nd_reserved;
		v->nd_ext.nd_options_type = f->nd_options_type;
		break;
	}
}

void odp_attr_to_flow(uint16_t type, const void *payload, bool is_mask, struct flow *f)
{
	union odp_attr_value v;

	memset(&v, 0, sizeof(v));
	memcpy(&v, payload, MIN(odp_attr_size(type), sizeof(v)));
	switch (type) {
	case OVS_KEY_ATTR_PRIORITY:
		f->skb_priority = v.u32;
		break;
	case OVS_KEY_ATTR_IN_PORT:
		f->in_port = v.u32;
		break;
	case OVS_KEY_ATTR_ETHERNET:
		memcpy(f->eth_src, v.eth.eth_src, 6);
		memcpy(f->eth_dst, v.eth.eth_dst, 6);
		break;
	case OVS_KEY_ATTR_VLAN:
		f->vlans[0].tci = v.b16;
		break;
	case OVS_KEY_ATTR_ETHERTYPE:
		f->eth_type = v.b16;
		break;
	case OVS_KEY_ATTR_IPV4:
		f->ip_src = v.ipv4.ipv4_src;
		f->ip_dst = v.ipv4.ipv4_dst;
		f->ip_proto = v.ipv4.ipv4_proto;
		f->ip_tos = v.ipv4.ipv4_tos;
		f->ip_ttl = v.ipv4.ipv4_ttl;
		f->ip_frag = frag_from_attr(v.ipv4.ipv4_frag, is_mask);
		break;
	case OVS_KEY_ATTR_IPV6:
		memcpy(&f->ipv6_src, v.ipv6.ipv6_src, 16);
		memcpy(&f->ipv6_dst, v.ipv6.ipv6_dst, 16);
		f->ipv6_label = v.ipv6.ipv6_label & htonl(IPV6_LABEL_MASK);
		if (is_mask && f->ipv6_label == htonl(IPV6_LABEL_MASK))
			f->ipv6_label = htonl(UINT32_MAX);
		f->ip_proto = v.ipv6.ipv6_proto;
		f->ip_tos = v.ipv6.ipv6_tclass;
		f->ip_ttl = v.ipv6.ipv6_hlimit;
		f->ip_frag = frag_from_attr(v.ipv6.ipv6_frag, is_mask);
		break;
	case OVS_KEY_ATTR_TCP:
	case OVS_KEY_ATTR_UDP:
	case OVS_KEY_ATTR_SCTP:
		f->tp_src = v.tcp.tcp_src;
		f->tp_dst = v.tcp.tcp_dst;
		break;
	case OVS_KEY_ATTR_ICMP:
	case OVS_KEY_ATTR_ICMPV6:
		f->tp_src = widen(v.icmp.icmp_type, is_mask);
		f->tp_dst = widen(v.icmp.icmp_code, is_mask);
		break;
	case OVS_KEY_ATTR_ARP:
		f->ip_src = v.arp.arp_sip;
		f->ip_dst = v.arp.arp_tip;
		/* an opcode of more than 8 bits is not in the key */
		if (is_mask || ntohs(v.arp.arp_op) <= 0xff)
			f->ip_proto = ntohs(v.arp.arp_op);
		memcpy(f->arp_sha, v.arp.arp_sha, 6);
		memcpy(f->arp_tha, v.arp.arp_tha, 6);
		break;
	case OVS_KEY_ATTR_ND:
		memcpy(&f->nd_target, v.nd.nd_target, 16);
		memcpy(f->arp_sha, v.nd.nd_sll, 6);
		memcpy(f->arp_tha, v.nd.nd_tll, 6);
		break;
	case OVS_KEY_ATTR_SKB_MARK:
		f->pkt_mark = v.u32;
		break;
	case OVS_KEY_ATTR_TCP_FLAGS:
		f->tcp_flags = is_mask ? v.b16 : v.b16 & htons(TCP_FLAGS_MASK);
		break;
	case OVS_KEY_ATTR_DP_HASH:
		f->dp_hash = v.u32;
		break;
	case OVS_KEY_ATTR_RECIRC_ID:
		f->recirc_id = v.u32;
		break;
	case OVS_KEY_ATTR_MPLS:
		f->mpls_lse[0] = v.mpls[0].mpls_lse;
		break;
	case OVS_KEY_ATTR_CT_STATE:
		f->ct_state = v.u32;
		break;
	case OVS_KEY_ATTR_CT_ZONE:
		f->ct_zone = v.u16;
		break;
	case OVS_KEY_ATTR_CT_MARK:
		f->ct_mark = v.u32;
		break;
	case OVS_KEY_ATTR_CT_LABELS:
		label_from_attr(&v.labels, &f->ct_label);
		break;
	case OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4:
		f->ct_ip_src = v.tuple4.ipv4_src;
		f->ct_ip_dst = v.tuple4.ipv4_dst;
		f->ct_tp_src = v.tuple4.src_port;
		f->ct_tp_dst = v.tuple4.dst_port;
		f->ct_nw_proto = v.tuple4.ipv4_proto;
		break;
	case OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6:
		memcpy(&f->ct_ipv6_src, v.tuple6.ipv6_src, 16);
		memcpy(&f->ct_ipv6_dst, v.tuple6.ipv6_dst, 16);
		f->ct_tp_src = v.tuple6.src_port;
		f->ct_tp_dst = v.tuple6.dst_port;
		f->ct_nw_proto = v.tuple6.ipv6_proto;
		break;
	case ODP_KEY_ATTR_PACKET_TYPE:
		f->packet_type = v.b32;
		break;
	case ODP_KEY_ATTR_ND_EXTENSIONS:
		f->nd_reserved = v.nd_ext.nd_reserved;
		f->nd_options_type = v.nd_ext.nd_options_type;
		break;
	}
}

void odp_set_encode(struct odp_buf *b, uint16_t type, const struct flow *f,
		    const struct flow_mask *mask)
{
	union odp_attr_value v, m, exact;
	size_t size = odp_attr_size(type), nest;
	struct flow_mask all;
	uint8_t *room;
	bool masked;

	flow_mask_init_exact(&all);
	odp_attr_from_flow(type, &mask->masks, true, &m);
	odp_attr_from_flow(type, &all.masks, true, &exact);
	masked = memcmp(&m, &exact, size);
	odp_attr_from_flow(type, f, false, &v);
	for (size_t i = 0; i < size; i++)
		v.u8[i] &= m.u8[i];
	nest = odp_nest_begin(b, masked ? OVS_ACTION_ATTR_SET_MASKED : OVS_ACTION_ATTR_SET);
	room = odp_put_room(b, type, size * (masked ? 2 : 1));
	memcpy(room, &v, size);
	if (masked)
		memcpy(room + size, &m, size);
	odp_nest_end(b, nest);
}

/* ---- tunnels -------------------------------------------------------------------------------- */

/* As the kernel's struct erspan_metadata: a version, then the index (1) or a timestamp, security
 * group tag and two octets of bit-fields (2), of which direction and hardware id are ours. */
struct erspan_attr {
	int32_t version;
	be32 index_or_timestamp;
	be16 sgt;
	uint8_t hwid_upper; /* in its two lowest bits */
	uint8_t dir_hwid; /* O 1, granularity 2, direction 1 (bit 3), hwid 4 from the top */
};
static_assert(sizeof(struct erspan_attr) == 12, "struct erspan_metadata");

static void put_erspan(struct odp_buf *b, const struct flow_tnl *t, const struct flow_tnl *key,
		       bool is_mask)
{
	struct erspan_attr a = { .version = is_mask ? 0xff : t->erspan_ver };

	if (key->erspan_ver == 1) {
		a.index_or_timestamp = htonl(t->erspan_idx);
	} else {
		a.hwid_upper = t->erspan_hwid >> 4 & 3;
		a.dir_hwid = (t->erspan_hwid & 0xf) << 4 | (t->erspan_dir & 1) << 3;
	}
	odp_put(b, OVS_TUNNEL_KEY_ATTR_ERSPAN_OPTS, &a, sizeof(a));
}

void odp_tunnel_encode(struct odp_buf *b, const struct flow_tnl *t, const struct flow_tnl *key,
		       bool is_mask)
{
	size_t nest = odp_nest_begin(b, OVS_KEY_ATTR_TUNNEL);
	static const struct in6_addr zero;

	if (is_mask ? t->tun_id != 0 : t->tun_id || t->flags & FLOW_TNL_F_KEY)
		odp_put_u64(b, OVS_TUNNEL_KEY_ATTR_ID, t->tun_id);
	if (key->ip_src && t->ip_src)
		odp_put_u32(b, OVS_TUNNEL_KEY_ATTR_IPV4_SRC, t->ip_src);
	if (key->ip_dst && t->ip_dst)
		odp_put_u32(b, OVS_TUNNEL_KEY_ATTR_IPV4_DST, t->ip_dst);
	if (memcmp(&key->ipv6_src, &zero, 16) && memcmp(&t->ipv6_src, &zero, 16))
		odp_put(b, OVS_TUNNEL_KEY_ATTR_IPV6_SRC, &t->ipv6_src, 16);
	if (memcmp(&key->ipv6_dst, &zero, 16) && memcmp(&t->ipv6_dst, &zero, 16))
		odp_put(b, OVS_TUNNEL_KEY_ATTR_IPV6_DST, &t->ipv6_dst, 16);
	if (t->ip_tos)
		odp_put_u8(b, OVS_TUNNEL_KEY_ATTR_TOS, t->ip_tos);
	odp_put_u8(b, OVS_TUNNEL_KEY_ATTR_TTL, t->ip_ttl);
	if (t->flags & FLOW_TNL_F_DONT_FRAGMENT)
		odp_put_flag(b, OVS_TUNNEL_KEY_ATTR_DONT_FRAGMENT);
	if (t->flags & FLOW_TNL_F_CSUM)
		odp_put_flag(b, OVS_TUNNEL_KEY_ATTR_CSUM);
	if (t->flags & FLOW_TNL_F_OAM)
		odp_put_flag(b, OVS_TUNNEL_KEY_ATTR_OAM);
	if (t->tp_src)
		odp_put_u16(b, OVS_TUNNEL_KEY_ATTR_TP_SRC, t->tp_src);
	if (t->tp_dst)
		odp_put_u16(b, OVS_TUNNEL_KEY_ATTR_TP_DST, t->tp_dst);
	if (t->gbp_id || t->gbp_flags) {
		size_t vxlan = odp_nest_begin(b, OVS_TUNNEL_KEY_ATTR_VXLAN_OPTS);

		odp_put_u32(b, OVS_VXLAN_EXT_GBP, (uint32_t)t->gbp_flags << 16 | ntohs(t->gbp_id));
		odp_nest_end(b, vxlan);
	}
	if (key->tun_opts_len)
		odp_put(b, OVS_TUNNEL_KEY_ATTR_GENEVE_OPTS, t->opts,
			MIN(key->tun_opts_len, TUN_METADATA_SIZE));
	if (key->erspan_ver)
		put_erspan(b, t, key, is_mask);
	if (t->gtpu_flags || t->gtpu_msgtype) {
		struct odp_gtpu_opts o = { .flags = t->gtpu_flags, .msgtype = t->gtpu_msgtype };

		odp_put(b, ODP_TUNNEL_KEY_ATTR_GTPU_OPTS, &o, sizeof(o));
	}
	odp_nest_end(b, nest);
}

static int get_vxlan(const struct nlattr *a, struct flow_tnl *t)
{
	const struct nlattr *n;
	int left;

	ODP_FOR_EACH(n, left, nla_data(a), nla_len(a)) {
		if (nla_type(n) == OVS_VXLAN_EXT_GBP) {
			uint32_t v;

			if (nla_len(n) != 4)
				return -EINVAL;
			v = nla_get_u32((struct nlattr *)n);
			t->gbp_id = htons(v);
			t->gbp_flags = v >> 16;
		}
	}
	return 0;
}

static void get_erspan(const struct nlattr *a, bool is_mask, struct flow_tnl *t)
{
	struct erspan_attr e;

	memcpy(&e, nla_data(a), sizeof(e));
	t->erspan_ver = e.version;
	if (is_mask || e.version == 1)
		t->erspan_idx = ntohl(e.index_or_timestamp);
	if (is_mask || e.version == 2) {
		t->erspan_dir = e.dir_hwid >> 3 & 1;
		t->erspan_hwid = (e.hwid_upper & 3) << 4 | e.dir_hwid >> 4;
	}
}

int odp_tunnel_decode(const void *data, size_t len, bool is_mask, struct flow_tnl *t, bool *unknown)
{
	static const uint8_t want[] = {
		[OVS_TUNNEL_KEY_ATTR_ID] = 8,
		[OVS_TUNNEL_KEY_ATTR_IPV4_SRC] = 4,
		[OVS_TUNNEL_KEY_ATTR_IPV4_DST] = 4,
		[OVS_TUNNEL_KEY_ATTR_TOS] = 1,
		[OVS_TUNNEL_KEY_ATTR_TTL] = 1,
		[OVS_TUNNEL_KEY_ATTR_TP_SRC] = 2,
		[OVS_TUNNEL_KEY_ATTR_TP_DST] = 2,
		[OVS_TUNNEL_KEY_ATTR_IPV6_SRC] = 16,
		[OVS_TUNNEL_KEY_ATTR_IPV6_DST] = 16,
		[OVS_TUNNEL_KEY_ATTR_ERSPAN_OPTS] = sizeof(struct erspan_attr),
	};
	struct nlattr *a;
	int left;

	ODP_FOR_EACH(a, left, data, len) {
		const void *p = nla_data(a);
		unsigned int type = nla_type(a);

		if (type < ARRAY_SIZE(want) && want[type] && nla_len(a) != want[type])
			return -EINVAL;
		switch (type) {
		case OVS_TUNNEL_KEY_ATTR_ID:
			memcpy(&t->tun_id, p, 8);
			t->flags |= FLOW_TNL_F_KEY;
			break;
		case OVS_TUNNEL_KEY_ATTR_IPV4_SRC:
			memcpy(&t->ip_src, p, 4);
			break;
		case OVS_TUNNEL_KEY_ATTR_IPV4_DST:
			memcpy(&t->ip_dst, p, 4);
			break;
		case OVS_TUNNEL_KEY_ATTR_IPV6_SRC:
			memcpy(&t->ipv6_src, p, 16);
			break;
		case OVS_TUNNEL_KEY_ATTR_IPV6_DST:
			memcpy(&t->ipv6_dst, p, 16);
			break;
		case OVS_TUNNEL_KEY_ATTR_TOS:
			t->ip_tos = *(const uint8_t *)p;
			break;
		case OVS_TUNNEL_KEY_ATTR_TTL:
			t->ip_ttl = *(const uint8_t *)p;
			break;
		case OVS_TUNNEL_KEY_ATTR_DONT_FRAGMENT:
			t->flags |= FLOW_TNL_F_DONT_FRAGMENT;
			break;
		case OVS_TUNNEL_KEY_ATTR_CSUM:
			t->flags |= FLOW_TNL_F_CSUM;
			break;
		case OVS_TUNNEL_KEY_ATTR_OAM:
			t->flags |= FLOW_TNL_F_OAM;
			break;
		case OVS_TUNNEL_KEY_ATTR_TP_SRC:
			memcpy(&t->tp_src, p, 2);
			break;
		case OVS_TUNNEL_KEY_ATTR_TP_DST:
			memcpy(&t->tp_dst, p, 2);
			break;
		case OVS_TUNNEL_KEY_ATTR_VXLAN_OPTS:
			if (get_vxlan(a, t))
				return -EINVAL;
			break;
		case OVS_TUNNEL_KEY_ATTR_GENEVE_OPTS:
			if (nla_len(a) > TUN_METADATA_SIZE || nla_len(a) % 4)
				return -EINVAL;
			memcpy(t->opts, p, nla_len(a));
			t->tun_opts_len = is_mask ? UINT32_MAX : (uint32_t)nla_len(a);
			break;
		case OVS_TUNNEL_KEY_ATTR_ERSPAN_OPTS:
			get_erspan(a, is_mask, t);
			break;
		case ODP_TUNNEL_KEY_ATTR_GTPU_OPTS:
			if (nla_len(a) != sizeof(struct odp_gtpu_opts))
				return -EINVAL;
			t->gtpu_flags = ((const struct odp_gtpu_opts *)p)->flags;
			t->gtpu_msgtype = ((const struct odp_gtpu_opts *)p)->msgtype;
			break;
		case OVS_TUNNEL_KEY_ATTR_PAD:
			break;
		default:
			*unknown = true;
			break;
		}
	}
	return left > 0 ? -EINVAL : 0;
}

/* ---- NSH ------------------------------------------------------------------------------------ */

void odp_nsh_encode(struct odp_buf *b, uint16_t type, const struct flow_nsh *n,
		    const struct flow_nsh *mask, bool is_mask)
{
	size_t nest = odp_nest_begin(b, type);
	struct ovs_nsh_key_base base[2];
	struct ovs_nsh_key_md1 md1[2];

	memcpy(&base[0], n, sizeof(base[0]));
	memcpy(&md1[0], n->context, sizeof(md1[0]));
	if (mask) {
		memcpy(&base[1], mask, sizeof(base[1]));
		memcpy(&md1[1], mask->context, sizeof(md1[1]));
	}
	static_assert(offsetof(struct flow_nsh, context) == sizeof(base[0]), "the same members");
	odp_put(b, OVS_NSH_KEY_ATTR_BASE, base, sizeof(base[0]) * (mask ? 2 : 1));
	if (is_mask || n->mdtype == NSH_MDTYPE1 || mask)
		odp_put(b, OVS_NSH_KEY_ATTR_MD1, md1, sizeof(md1[0]) * (mask ? 2 : 1));
	odp_nest_end(b, nest);
}

int odp_nsh_decode(const void *data, size_t len, bool is_mask, struct flow_nsh *n,
		   struct flow_nsh *mask)
{
	int times = mask ? 2 : 1;
	struct nlattr *a;
	int left;

	ODP_FOR_EACH(a, left, data, len) {
		const uint8_t *p = nla_data(a);

		switch (nla_type(a)) {
		case OVS_NSH_KEY_ATTR_BASE:
			if (nla_len(a) != (int)sizeof(struct ovs_nsh_key_base) * times)
				return -EINVAL;
			memcpy(n, p, sizeof(struct ovs_nsh_key_base));
			if (mask)
				memcpy(mask, p + sizeof(struct ovs_nsh_key_base),
				       sizeof(struct ovs_nsh_key_base));
			break;
		case OVS_NSH_KEY_ATTR_MD1:
			if (nla_len(a) != (int)sizeof(n->context) * times)
				return -EINVAL;
			memcpy(n->context, p, sizeof(n->context));
			if (mask)
				memcpy(mask->context, p + sizeof(n->context), sizeof(n->context));
			break;
		case OVS_NSH_KEY_ATTR_MD2:
			if (!is_mask && nla_len(a) > 248)
				return -EINVAL;
			break;
		default:
			return -EINVAL;
		}
	}
	return left > 0 ? -EINVAL : 0;
}
