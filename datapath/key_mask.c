// SPDX-License-Identifier: GPL-2.0
/* Which headers a key has, and masks: the exact one, their words, how deep they look. */
#include <linux/etherdevice.h>
#include <net/ndisc.h>

#include "flow_key.h"
#include "key_attr.h"

bool key_is_ip(const struct flow_key *key)
{
	return key->eth_type == htons(ETH_P_IP) || key->eth_type == htons(ETH_P_IPV6);
}

unsigned int key_l4_attr(const struct flow_key *key)
{
	if (!key_is_ip(key) || key->ip_frag == OVS_FRAG_TYPE_LATER)
		return 0;
	switch (key->ip_proto) {
	case IPPROTO_TCP:
		return OVS_KEY_ATTR_TCP;
	case IPPROTO_UDP:
		return OVS_KEY_ATTR_UDP;
	case IPPROTO_SCTP:
		return OVS_KEY_ATTR_SCTP;
	case IPPROTO_ICMP:
		return key->eth_type == htons(ETH_P_IP) ? OVS_KEY_ATTR_ICMP : 0;
	case IPPROTO_ICMPV6:
		return key->eth_type == htons(ETH_P_IPV6) ? OVS_KEY_ATTR_ICMPV6 : 0;
	}
	return 0;
}

bool key_is_nd(const struct flow_key *key)
{
	return key_l4_attr(key) == OVS_KEY_ATTR_ICMPV6 && !key->tp_dst &&
	       (key->tp_src == htons(NDISC_NEIGHBOUR_SOLICITATION) ||
		key->tp_src == htons(NDISC_NEIGHBOUR_ADVERTISEMENT));
}

static void exact_l3(const struct flow_key *key, struct flow_key *mask)
{
	switch (key->eth_type) {
	case htons(ETH_P_IP):
		mask->ip_tos = 0xff;
		mask->ip_ttl = 0xff;
		mask->ip_proto = 0xff;
		mask->ip_frag = 0xff;
		mask->ipv4.src = htonl(U32_MAX);
		mask->ipv4.dst = htonl(U32_MAX);
		break;
	case htons(ETH_P_IPV6):
		mask->ip_tos = 0xff;
		mask->ip_ttl = 0xff;
		mask->ip_proto = 0xff;
		mask->ip_frag = 0xff;
		mask->ipv6_exthdrs = 0xffff;
		memset(&mask->ipv6.src, 0xff, sizeof(mask->ipv6.src));
		memset(&mask->ipv6.dst, 0xff, sizeof(mask->ipv6.dst));
		mask->ipv6.label = htonl(U32_MAX);
		break;
	case htons(ETH_P_ARP):
	case htons(ETH_P_RARP):
		mask->ip_proto = 0xff;
		mask->ipv4.src = htonl(U32_MAX);
		mask->ipv4.dst = htonl(U32_MAX);
		eth_broadcast_addr(mask->ipv4.arp_sha);
		eth_broadcast_addr(mask->ipv4.arp_tha);
		break;
	case htons(ETH_P_MPLS_UC):
	case htons(ETH_P_MPLS_MC):
		mask->mpls.n_lse = U32_MAX;
		memset(mask->mpls.lse, 0xff, sizeof(mask->mpls.lse));
		break;
	case htons(ETH_P_NSH):
		memset(&mask->nsh, 0xff, sizeof(mask->nsh));
		break;
	}
}

static void exact_l4(const struct flow_key *key, struct flow_key *mask)
{
	unsigned int type = key_l4_attr(key);
	bool is_icmp = type == OVS_KEY_ATTR_ICMP || type == OVS_KEY_ATTR_ICMPV6;

	if (!type)
		return;
	mask->tp_src = htons(is_icmp ? 0xff : 0xffff);
	mask->tp_dst = htons(is_icmp ? 0xff : 0xffff);
	if (type == OVS_KEY_ATTR_TCP)
		mask->tp_flags = htons(0xffff);
	if (key_is_nd(key)) {
		memset(&mask->nd.target, 0xff, sizeof(mask->nd.target));
		eth_broadcast_addr(mask->nd.sll);
		eth_broadcast_addr(mask->nd.tll);
	}
}

static void exact_metadata(const struct flow_key *key, u64 present, struct flow_key *mask)
{
	if (present & BIT_ULL(OVS_KEY_ATTR_IN_PORT))
		mask->in_port = U32_MAX;
	if (present & BIT_ULL(OVS_KEY_ATTR_RECIRC_ID))
		mask->recirc_id = U32_MAX;
	if (present & BIT_ULL(OVS_KEY_ATTR_DP_HASH))
		mask->dp_hash = U32_MAX;
	if (present & BIT_ULL(OVS_KEY_ATTR_SKB_MARK))
		mask->skb_mark = U32_MAX;
	if (present & BIT_ULL(OVS_KEY_ATTR_PRIORITY))
		mask->priority = U32_MAX;
	if (present & BIT_ULL(OVS_KEY_ATTR_CT_STATE))
		mask->ct_state = 0xff;
	if (present & BIT_ULL(OVS_KEY_ATTR_CT_ZONE))
		mask->ct_zone = 0xffff;
	if (present & BIT_ULL(OVS_KEY_ATTR_CT_MARK))
		mask->ct_mark = U32_MAX;
	if (present & BIT_ULL(OVS_KEY_ATTR_CT_LABELS))
		memset(&mask->ct_labels, 0xff, sizeof(mask->ct_labels));
	if (present & BIT_ULL(OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4)) {
		mask->ct_orig4.src = htonl(U32_MAX);
		mask->ct_orig4.dst = htonl(U32_MAX);
	}
	if (present & BIT_ULL(OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6))
		memset(&mask->ct_orig6, 0xff, sizeof(mask->ct_orig6));
	if (present &
	    (BIT_ULL(OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4) | BIT_ULL(OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6))) {
		mask->ct_orig_proto = 0xff;
		mask->ct_orig_src_port = htons(0xffff);
		mask->ct_orig_dst_port = htons(0xffff);
	}
	mask->tun_proto = 0xff;
	if (key->tun_proto)
		key_tunnel_exact_mask(key, mask);
}

void key_exact_mask(const struct flow_key *key, u64 present, bool has_ethertype,
		    struct flow_key *mask)
{
	exact_metadata(key, present, mask);
	mask->mac_proto = 0xff;
	if (key->mac_proto == KEY_MAC_ETHERNET) {
		eth_broadcast_addr(mask->eth_dst);
		eth_broadcast_addr(mask->eth_src);
		memset(&mask->vlan, 0xff, sizeof(mask->vlan));
		memset(&mask->cvlan, 0xff, sizeof(mask->cvlan));
	}
	if (!has_ethertype)
		return;
	mask->eth_type = htons(0xffff);
	exact_l3(key, mask);
	if (!(present & BIT_ULL(OVS_KEY_ATTR_IPV6_EXTHDRS)))
		mask->ipv6_exthdrs = 0;
	exact_l4(key, mask);
}

void key_apply_mask(struct flow_key *dst, const struct flow_key *src, const struct flow_key *mask,
		    const struct key_range *range)
{
	const u64 *s = (const u64 *)src, *m = (const u64 *)mask;
	u64 *d = (u64 *)dst;
	unsigned int i;

	for (i = range->start; i < range->end; i++)
		d[i] = s[i] & m[i];
}

void key_mask_range(const struct flow_key *mask, struct key_range *range)
{
	const u64 *m = (const u64 *)mask;
	unsigned int start = 0, end = KEY_WORDS;

	while (end && !m[end - 1])
		end--;
	while (start < end && !m[start])
		start++;
	range->start = start;
	range->end = end;
}

static const struct {
	u16 end; /* offset of the first octet of the next level */
	u8 level;
} level_ends[] = {
	{ offsetof(struct flow_key, eth_dst), KEY_LEVEL_META },
	{ offsetof(struct flow_key, ip_proto), KEY_LEVEL_ETHERNET },
	{ offsetof(struct flow_key, tp_src), KEY_LEVEL_NETWORK },
	{ offsetof(struct flow_key, tun), KEY_LEVEL_TRANSPORT },
};

enum key_level key_level_of_range(const struct key_range *range)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(level_ends) - 1; i++)
		if (range->end * 8 <= level_ends[i].end)
			break;
	return level_ends[i].level;
}

/**
 * key_level_of_mask() - smallest level that a mask needs
 * @mask: the mask; unlike its range, it tells whether it looks at anything between metadata and
 * tunnel
 */
enum key_level key_level_of_mask(const struct flow_key *mask)
{
	const u64 *words = (const u64 *)mask;
	unsigned int i = offsetof(struct flow_key, tun) / 8;
	struct key_range range = { 0 };

	while (i && !words[i - 1])
		i--;
	range.end = i;
	return key_level_of_range(&range);
}
