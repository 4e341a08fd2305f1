// SPDX-License-Identifier: Apache-2.0
/* Whole flows and masks, word by word, and the editing of a key by actions that add or take off
 * headers. */
#include "flow/flow.h"

#include <stdio.h>

#include "flow/miniflow.h"
#include "packet/headers.h"

/* ---- whole words ---------------------------------------------------------------------------- */

bool flow_equal(const struct flow *a, const struct flow *b)
{
	return !memcmp(a, b, sizeof(*a));
}

bool flow_equal_in_mask(const struct flow *a, const struct flow *b, const struct flow_mask *mask)
{
	for (unsigned int i = 0; i < FLOW_U64S; i++)
		if ((flow_word(a, i) ^ flow_word(b, i)) & flow_word(&mask->masks, i))
			return false;
	return true;
}

void flow_apply_mask(struct flow *f, const struct flow_mask *mask)
{
	for (unsigned int i = 0; i < FLOW_U64S; i++)
		flow_set_word(f, i, flow_word(f, i) & flow_word(&mask->masks, i));
}

void flow_mask_init_catchall(struct flow_mask *m)
{
	memset(m, 0, sizeof(*m));
}

void flow_mask_init_exact(struct flow_mask *m)
{
	memset(m, 0xff, sizeof(*m));
}

void flow_mask_or(struct flow_mask *dst, const struct flow_mask *a, const struct flow_mask *b)
{
	for (unsigned int i = 0; i < FLOW_U64S; i++)
		flow_set_word(&dst->masks, i, flow_word(&a->masks, i) | flow_word(&b->masks, i));
}

bool flow_mask_is_catchall(const struct flow_mask *m)
{
	for (unsigned int i = 0; i < FLOW_U64S; i++)
		if (flow_word(&m->masks, i))
			return false;
	return true;
}

/* ---- what a packet of a type can have ------------------------------------------------------- */

static void mask_tunnel(struct flow_mask *m, const struct flow_tnl *t)
{
	MASK_FIELD(m, tunnel.ip_src);
	MASK_FIELD(m, tunnel.ip_dst);
	MASK_FIELD(m, tunnel.ipv6_src);
	MASK_FIELD(m, tunnel.ipv6_dst);
	if (!flow_tnl_is_set(t))
		return;
	MASK_FIELD(m, tunnel.tun_id);
	MASK_FIELD(m, tunnel.flags);
	MASK_FIELD(m, tunnel.ip_tos);
	MASK_FIELD(m, tunnel.ip_ttl);
	MASK_FIELD(m, tunnel.tp_src);
	MASK_FIELD(m, tunnel.tp_dst);
	MASK_FIELD(m, tunnel.gbp_id);
	MASK_FIELD(m, tunnel.gbp_flags);
	MASK_FIELD(m, tunnel.erspan_ver);
	MASK_FIELD(m, tunnel.erspan_idx);
	MASK_FIELD(m, tunnel.erspan_dir);
	MASK_FIELD(m, tunnel.erspan_hwid);
	MASK_FIELD(m, tunnel.gtpu_flags);
	MASK_FIELD(m, tunnel.gtpu_msgtype);
	MASK_FIELD(m, tunnel.tun_opts_len);
	if (t->tun_opts_len)
		memset(m->masks.tunnel.opts, 0xff, MIN(t->tun_opts_len, TUN_METADATA_SIZE));
}

static void mask_ct(struct flow_mask *m, const struct flow *f)
{
	MASK_FIELD(m, ct_state);
	MASK_FIELD(m, ct_zone);
	MASK_FIELD(m, ct_mark);
	MASK_FIELD(m, ct_label);
	if (!f->ct_state)
		return;
	MASK_FIELD(m, ct_nw_proto);
	if (!f->ct_nw_proto)
		return;
	MASK_FIELD(m, ct_tp_src);
	MASK_FIELD(m, ct_tp_dst);
	if (f->eth_type == htons(ETH_TYPE_IP)) {
		MASK_FIELD(m, ct_ip_src);
		MASK_FIELD(m, ct_ip_dst);
	} else if (f->eth_type == htons(ETH_TYPE_IPV6)) {
		MASK_FIELD(m, ct_ipv6_src);
		MASK_FIELD(m, ct_ipv6_dst);
	}
}

static void mask_l4(struct flow_mask *m, const struct flow *f, bool v6)
{
	if (f->ip_frag & FLOW_FRAG_LATER)
		return;
	switch (f->ip_proto) {
	case IPPROTO_TCP:
		MASK_FIELD(m, tcp_flags);
		/* fallthrough */
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		MASK_FIELD(m, tp_src);
		MASK_FIELD(m, tp_dst);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_IGMP:
		if (v6)
			break;
		MASK_FIELD(m, tp_src);
		MASK_FIELD(m, tp_dst);
		if (f->ip_proto == IPPROTO_IGMP)
			MASK_FIELD(m, igmp_group);
		break;
	case IPPROTO_ICMPV6:
		if (!v6)
			break;
		MASK_FIELD(m, tp_src);
		MASK_FIELD(m, tp_dst);
		if (!f->tp_dst &&
		    (f->tp_src == htons(ND_SOLICIT) || f->tp_src == htons(ND_ADVERT))) {
			MASK_FIELD(m, nd_target);
			MASK_FIELD(m, arp_sha);
			MASK_FIELD(m, arp_tha);
			MASK_FIELD(m, nd_reserved);
			MASK_FIELD(m, nd_options_type);
		}
		break;
	}
}

void flow_mask_init_for_packet(struct flow_mask *m, const struct flow *f)
{
	flow_mask_init_catchall(m);
	mask_tunnel(m, &f->tunnel);
	MASK_FIELD(m, metadata);
	MASK_FIELD(m, regs);
	MASK_FIELD(m, conj_id);
	MASK_FIELD(m, actset_output);
	MASK_FIELD(m, skb_priority);
	MASK_FIELD(m, pkt_mark);
	MASK_FIELD(m, dp_hash);
	MASK_FIELD(m, in_port);
	MASK_FIELD(m, recirc_id);
	MASK_FIELD(m, packet_type);
	mask_ct(m, f);
	MASK_FIELD(m, eth_dst);
	MASK_FIELD(m, eth_src);
	MASK_FIELD(m, eth_type);
	MASK_FIELD(m, vlans);
	switch (ntohs(f->eth_type)) {
	case ETH_TYPE_IP:
		MASK_FIELD(m, ip_src);
		MASK_FIELD(m, ip_dst);
		break;
	case ETH_TYPE_IPV6:
		MASK_FIELD(m, ipv6_src);
		MASK_FIELD(m, ipv6_dst);
		MASK_FIELD(m, ipv6_label);
		break;
	case ETH_TYPE_ARP:
	case ETH_TYPE_RARP:
		MASK_FIELD(m, ip_src);
		MASK_FIELD(m, ip_dst);
		MASK_FIELD(m, ip_proto);
		MASK_FIELD(m, arp_sha);
		MASK_FIELD(m, arp_tha);
		return;
	case ETH_TYPE_MPLS:
	case ETH_TYPE_MPLS_MCAST:
		memset(m->masks.mpls_lse, 0xff, 4 * MAX(flow_n_mpls(f), 1u));
		return;
	case ETH_TYPE_NSH:
		MASK_FIELD(m, nsh);
		return;
	default:
		return;
	}
	MASK_FIELD(m, ip_frag);
	MASK_FIELD(m, ip_tos);
	MASK_FIELD(m, ip_ttl);
	MASK_FIELD(m, ip_proto);
	mask_l4(m, f, f->eth_type == htons(ETH_TYPE_IPV6));
}

/* ---- symmetric hashes ----------------------------------------------------------------------- */

static uint64_t xor_mac(const uint8_t a[6], const uint8_t b[6])
{
	uint64_t v = 0;

	for (int i = 0; i < 6; i++)
		v = v << 8 | (a[i] ^ b[i]);
	return v;
}

static bool hash_xor_l3(const struct flow *f, uint64_t *hash)
{
	if (f->eth_type == htons(ETH_TYPE_IP)) {
		*hash = flow_hash_add(*hash, f->ip_src ^ f->ip_dst);
		return true;
	}
	if (f->eth_type == htons(ETH_TYPE_IPV6)) {
		*hash = flow_hash_add(*hash, load_u64(&f->ipv6_src) ^ load_u64(&f->ipv6_dst));
		*hash = flow_hash_add(*hash, load_u64(f->ipv6_src.s6_addr + 8) ^
						     load_u64(f->ipv6_dst.s6_addr + 8));
		return true;
	}
	return false;
}

static bool has_symmetric_ports(const struct flow *f, bool with_udp)
{
	return !(f->ip_frag & FLOW_FRAG_ANY) &&
	       (f->ip_proto == IPPROTO_TCP || f->ip_proto == IPPROTO_SCTP ||
		(with_udp && f->ip_proto == IPPROTO_UDP));
}

uint32_t flow_hash_symmetric_l4(const struct flow *f, uint32_t basis)
{
	uint64_t hash = flow_hash_add(basis, xor_mac(f->eth_src, f->eth_dst));
	uint16_t vlan = 0;

	for (int i = 0; i < FLOW_MAX_VLANS; i++)
		vlan ^= f->vlans[i].tci & htons(VLAN_VID_MASK);
	hash = flow_hash_add(hash, (uint64_t)f->eth_type << 16 | vlan);
	if (hash_xor_l3(f, &hash)) {
		hash = flow_hash_add(hash, f->ip_proto);
		if (has_symmetric_ports(f, false))
			hash = flow_hash_add(hash, f->tp_src ^ f->tp_dst);
	}
	return flow_hash_finish(hash);
}

uint32_t flow_hash_symmetric_l3l4(const struct flow *f, uint32_t basis, bool with_udp)
{
	uint64_t hash = basis;

	if (!hash_xor_l3(f, &hash)) {
		hash = flow_hash_add(hash, xor_mac(f->eth_src, f->eth_dst));
		return flow_hash_finish(hash);
	}
	hash = flow_hash_add(hash, f->ip_proto);
	if (has_symmetric_ports(f, with_udp))
		hash = flow_hash_add(hash, f->tp_src ^ f->tp_dst);
	return flow_hash_finish(hash);
}

/* ---- editing -------------------------------------------------------------------------------- */

unsigned int flow_n_vlans(const struct flow *f)
{
	unsigned int n = 0;

	while (n < FLOW_MAX_VLANS && f->vlans[n].tci & htons(VLAN_CFI))
		n++;
	return n;
}

void flow_push_vlan(struct flow *f, be16 tpid)
{
	memmove(&f->vlans[1], &f->vlans[0], sizeof(f->vlans) - sizeof(f->vlans[0]));
	f->vlans[0].tpid = tpid;
	f->vlans[0].tci = htons(VLAN_CFI);
}

void flow_pop_vlan(struct flow *f)
{
	memmove(&f->vlans[0], &f->vlans[1], sizeof(f->vlans) - sizeof(f->vlans[0]));
	memset(&f->vlans[FLOW_MAX_VLANS - 1], 0, sizeof(f->vlans[0]));
}

unsigned int flow_n_mpls(const struct flow *f)
{
	unsigned int n = 0;

	if (!eth_type_is_mpls(f->eth_type))
		return 0;
	while (n < FLOW_MAX_MPLS && f->mpls_lse[n])
		if (f->mpls_lse[n++] & htonl(MPLS_BOS_MASK))
			break;
	return n;
}

/* What stands behind an MPLS stack is not part of the key. */
static void clear_l3(struct flow *f)
{
	size_t from = FLOW_U64_OF(ip_src) * 8;
	be32 ct_ip[2] = { f->ct_ip_src, f->ct_ip_dst };
	struct in6_addr ct_ipv6[2] = { f->ct_ipv6_src, f->ct_ipv6_dst };
	be16 ct_tp[2] = { f->ct_tp_src, f->ct_tp_dst };

	memset((char *)f + from, 0, sizeof(*f) - from);
	f->ct_ip_src = ct_ip[0];
	f->ct_ip_dst = ct_ip[1];
	f->ct_ipv6_src = ct_ipv6[0];
	f->ct_ipv6_dst = ct_ipv6[1];
	f->ct_tp_src = ct_tp[0];
	f->ct_tp_dst = ct_tp[1];
}

void flow_push_mpls(struct flow *f, be16 eth_type, struct flow_mask *mask)
{
	unsigned int n = flow_n_mpls(f);
	uint32_t lse;

	if (n) {
		if (mask)
			MASK_FIELD(mask, mpls_lse[0]);
		lse = ntohl(f->mpls_lse[0]) & ~MPLS_BOS_MASK;
		memmove(&f->mpls_lse[1], &f->mpls_lse[0],
			sizeof(f->mpls_lse) - sizeof(f->mpls_lse[0]));
	} else {
		uint8_t tc = 0, ttl = 64;
		bool v6 = f->eth_type == htons(ETH_TYPE_IPV6);

		if (v6 || f->eth_type == htons(ETH_TYPE_IP)) {
			if (mask) {
				MASK_FIELD(mask, ip_tos);
				MASK_FIELD(mask, ip_ttl);
			}
			tc = f->ip_tos >> 5;
			ttl = f->ip_ttl ? f->ip_ttl : 64;
		}
		/* explicit null of the version, RFC 3032 section 2.1 */
		lse = (v6 ? 2u : 0u) << MPLS_LABEL_SHIFT | tc << MPLS_TC_SHIFT | MPLS_BOS_MASK |
		      ttl;
		memset(f->mpls_lse, 0, sizeof(f->mpls_lse));
		clear_l3(f);
	}
	f->mpls_lse[0] = htonl(lse);
	f->eth_type = eth_type;
}

void flow_pop_mpls(struct flow *f, be16 eth_type)
{
	if (!eth_type_is_mpls(f->eth_type))
		return;
	memmove(&f->mpls_lse[0], &f->mpls_lse[1], sizeof(f->mpls_lse) - sizeof(f->mpls_lse[0]));
	f->mpls_lse[FLOW_MAX_MPLS - 1] = 0;
	if (!eth_type_is_mpls(eth_type))
		memset(f->mpls_lse, 0, sizeof(f->mpls_lse));
	f->eth_type = eth_type;
}

void flow_to_packet_md(const struct flow *f, struct packet_md *md)
{
	packet_md_init(md, f->in_port);
	md->recirc_id = f->recirc_id;
	md->dp_hash = f->dp_hash;
	md->skb_priority = f->skb_priority;
	md->pkt_mark = f->pkt_mark;
	md->ct_state = f->ct_state;
	md->ct_nw_proto = f->ct_nw_proto;
	md->ct_zone = f->ct_zone;
	md->ct_mark = f->ct_mark;
	md->ct_label = f->ct_label;
	md->ct_ip_src = f->ct_ip_src;
	md->ct_ip_dst = f->ct_ip_dst;
	md->ct_ipv6_src = f->ct_ipv6_src;
	md->ct_ipv6_dst = f->ct_ipv6_dst;
	md->ct_tp_src = f->ct_tp_src;
	md->ct_tp_dst = f->ct_tp_dst;
	md->has_tunnel = flow_tnl_is_set(&f->tunnel);
	if (md->has_tunnel)
		md->tunnel = f->tunnel;
}

/* ---- Ethernet addresses --------------------------------------------------------------------- */

bool eth_is_broadcast(const uint8_t a[6])
{
	return (a[0] & a[1] & a[2] & a[3] & a[4] & a[5]) == 0xff;
}

bool eth_is_zero(const uint8_t a[6])
{
	return !(a[0] | a[1] | a[2] | a[3] | a[4] | a[5]);
}

bool eth_equal(const uint8_t a[6], const uint8_t b[6])
{
	return !memcmp(a, b, 6);
}

bool eth_parse(const char *s, uint8_t a[6])
{
	uint8_t v[6];

	for (int i = 0; i < 6; i++) {
		unsigned int octet = 0;
		int digits = 0;

		for (; digits < 2; digits++, s++) {
			if (*s >= '0' && *s <= '9')
				octet = octet << 4 | (*s - '0');
			else if (*s >= 'a' && *s <= 'f')
				octet = octet << 4 | (*s - 'a' + 10);
			else if (*s >= 'A' && *s <= 'F')
				octet = octet << 4 | (*s - 'A' + 10);
			else
				break;
		}
		if (!digits || *s != (i < 5 ? ':' : '\0'))
			return false;
		v[i] = octet;
		s++;
	}
	memcpy(a, v, 6);
	return true;
}
