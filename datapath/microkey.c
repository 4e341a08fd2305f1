// SPDX-License-Identifier: GPL-2.0
/*
 * Microkeys, from the packet's linear head.
 *
 * The words of the headers are loaded as they lie there, whatever their alignment: w[1] starts at
 * the Ethernet destination; behind an in-band tag the count starts again 4 octets later, so that
 * the network header has the same offsets in its words with and without a tag.  All masks below are
 * written as the octets stand in the packet.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/in.h>
#include <linux/random.h>
#include <linux/skbuff.h>
#include <net/ip_tunnels.h>

#include "microkey.h"

/* Ethernet header, and so on: offsets from where the words start. */
#define L3 ETH_HLEN
#define L4_V4 (L3 + 20)
#define L4_V6 (L3 + 40)

#define TCP_HLEN_MIN 20
#define UDP_HLEN 8
#define SCTP_HLEN 12
#define ICMP_HLEN 8
#define ARP_HLEN 28

static u64 hash_key[MICROKEY_WORDS] __ro_after_init;

static __always_inline u64 load(const u8 *p)
{
	return get_unaligned((const u64 *)p);
}

/* Length of the L4 header that starts at @l4, or 0 if the packet's shape is none of ours. */
static __always_inline unsigned int l4_len(const u8 *l4, u8 proto, unsigned int room)
{
	unsigned int len;

	switch (proto) {
	case IPPROTO_TCP:
		if (room < TCP_HLEN_MIN)
			return 0;
		len = (l4[12] >> 4) * 4;
		return len >= TCP_HLEN_MIN && len <= room ? len : 0;
	case IPPROTO_UDP:
		return room >= UDP_HLEN ? UDP_HLEN : 0;
	case IPPROTO_SCTP:
		return room >= SCTP_HLEN ? SCTP_HLEN : 0;
	default:
		return 0;
	}
}

static __always_inline bool is_ufo(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->gso_type & SKB_GSO_UDP;
}

/* The metadata that most packets do not have.  False: no room. */
static noinline bool add_extra(struct microkey *mk, unsigned int n, const struct sk_buff *skb,
			       const struct pkt *pkt, u8 needs)
{
	u64 *w = mk->words;

	if (pkt->dp_hash || (skb_vlan_tag_present(skb) && skb->vlan_proto != htons(ETH_P_8021Q))) {
		if (n >= MICROKEY_WORDS)
			return false;
		mk->flags |= MICROKEY_EXT;
		w[n++] = (u64)pkt->dp_hash << 32 |
			 (skb_vlan_tag_present(skb) ? (__force u16)skb->vlan_proto : 0);
	}
	if ((needs & MICROKEY_MARK) && (skb->mark | skb->priority)) {
		if (n >= MICROKEY_WORDS)
			return false;
		mk->flags |= MICROKEY_MARK;
		w[n++] = (u64)skb->mark << 32 | skb->priority;
	}
	if (pkt->ct_state | pkt->ct_zone | pkt->ct_mark | pkt->has_ct) {
		if (n >= MICROKEY_WORDS)
			return false;
		mk->flags |= MICROKEY_CT;
		w[n++] = (u64)pkt->ct_mark << 32 | (u32)pkt->ct_zone << 16 | pkt->has_ct << 8 |
			 pkt->ct_state;
		if (needs & MICROKEY_LABELS && pkt->has_ct) {
			if (n + 2 > MICROKEY_WORDS)
				return false;
			mk->flags |= MICROKEY_LABELS;
			memcpy(&w[n], &pkt->ct_labels, sizeof(pkt->ct_labels));
			n += 2;
		}
	}
	if (pkt->tun) {
		const struct ip_tunnel_key *tun = &pkt->tun->key;
		size_t tail = round_down(offsetof(struct ip_tunnel_key, tun_flags), 8);
		/* its last octets may be padding that nobody has written */
		struct ip_tunnel_key copy = {};

		BUILD_BUG_ON(sizeof(copy) % 8 || offsetof(struct ip_tunnel_key, u.ipv4.dst) != 12 ||
			     offsetof(struct ip_tunnel_key, u.ipv6) + sizeof(copy.u.ipv6) !=
				     offsetof(struct ip_tunnel_key, tun_flags));
		if (ip_tunnel_info_af(pkt->tun) != AF_INET || pkt->tun->options_len ||
		    n + 2 + (sizeof(copy) - tail) / 8 > MICROKEY_WORDS)
			return false;
		mk->flags |= MICROKEY_TUNNEL;
		memcpy(&copy, tun, offsetofend(struct ip_tunnel_key, flow_flags));
		copy.tp_src = 0;
		memcpy(&w[n], &copy, 16);
		memcpy(&w[n + 2], (const u8 *)&copy + tail, sizeof(copy) - tail);
		n += 2 + (sizeof(copy) - tail) / 8;
	}
	mk->n_words = n;
	return true;
}

bool microkey_extract(struct microkey *mk, struct sk_buff *skb, struct pkt *pkt, u8 needs)
{
	const u8 *base = skb->data;
	const u8 *p = base;
	unsigned int room = skb_headlen(skb);
	unsigned int n = 1, len, i, l4;
	u64 *w = mk->words;
	__be16 type;
	u64 hash;
	u8 proto;

	if (unlikely(room < L3 + ARP_HLEN) || unlikely(pkt->mac_proto != KEY_MAC_ETHERNET) ||
	    unlikely(pkt->in_port > U16_MAX))
		return false;
	w[0] = (u64)pkt->recirc_id << 32 | pkt->in_port;
	if (skb_vlan_tag_present(skb))
		w[0] |= (u64)(skb_vlan_tag_get(skb) | VLAN_CFI_MASK) << 16;
	mk->flags = 0;
	mk->needs = needs;
	w[n++] = load(p);
	w[n++] = load(p + 8);
	type = *(const __be16 *)(p + 12);
	if (eth_type_vlan(type)) {
		p += VLAN_HLEN;
		room -= VLAN_HLEN;
		w[n++] = load(p + 8);
		type = *(const __be16 *)(p + 12);
	}

	if (likely(type == htons(ETH_P_IP))) {
		if (p[L3] != 0x45 || room < L4_V4 + UDP_HLEN)
			return false;
		w[n] = load(p + 16);
		if (w[n] & cpu_to_be64(0x000000003fff0000ULL)) /* a fragment */
			return false;
		proto = p[L3 + 9];
		len = ntohs(*(const __be16 *)(p + L3 + 2));
		if (unlikely(len < 20))
			return false;
		len = min(len + L3, room) - L4_V4; /* of L4, in the head */
		w[n++] &= cpu_to_be64(0x000000000000ffffULL); /* TTL, protocol */
		w[n++] = load(p + 24) & cpu_to_be64(0x0000ffffffffffffULL); /* no checksum */
		w[n] = load(p + 32);
		if (proto == IPPROTO_ICMP) {
			if (len < ICMP_HLEN)
				return false;
			w[n++] &= cpu_to_be64(0xffffffff00000000ULL);
		} else {
			if (!l4_len(p + L4_V4, proto, len))
				return false;
			if (proto == IPPROTO_UDP && is_ufo(skb))
				return false;
			w[n++] &= cpu_to_be64(0xffffffffffff0000ULL);
		}
		l4 = L4_V4;
	} else if (type == htons(ETH_P_IPV6)) {
		if ((p[L3] & 0xf0) != 0x60 || room < L4_V6 + UDP_HLEN)
			return false;
		proto = p[L3 + 6];
		len = ntohs(*(const __be16 *)(p + L3 + 4));
		if (unlikely(!len)) /* a jumbogram */
			return false;
		len = min(len + L4_V6, room) - L4_V6;
		w[n++] = load(p + 16) & cpu_to_be64(0xffff0000ffffffffULL); /* no length */
		w[n++] = load(p + 24);
		w[n++] = load(p + 32);
		w[n++] = load(p + 40);
		if (proto == IPPROTO_ICMPV6) {
			u8 icmp = p[L4_V6];

			/* those of neighbour discovery have fields of their own */
			if (len < ICMP_HLEN || icmp == 135 || icmp == 136)
				return false;
			w[n++] = load(p + 48);
		} else {
			if (!l4_len(p + L4_V6, proto, len))
				return false;
			if (proto == IPPROTO_UDP && is_ufo(skb))
				return false;
			w[n++] = load(p + 48);
			w[n++] = get_unaligned((const u16 *)(p + 56));
		}
		l4 = L4_V6;
	} else if (type == htons(ETH_P_ARP)) {
		static const u8 fixed[] = { 0, 1, 8, 0, ETH_ALEN, 4 };

		if (room < L3 + ARP_HLEN || memcmp(p + L3, fixed, sizeof(fixed)) || p[L3 + 6])
			return false;
		proto = 0;
		w[n++] = load(p + 16);
		w[n++] = load(p + 24);
		w[n++] = load(p + 32);
		w[n++] = get_unaligned((const u16 *)(p + 40));
		l4 = L3; /* none */
	} else {
		return false;
	}

	if (needs & MICROKEY_TCP_FLAGS) {
		mk->flags |= MICROKEY_TCP_FLAGS;
		if (proto == IPPROTO_TCP)
			w[n++] = get_unaligned((const u16 *)(p + l4 + 12)) & cpu_to_be16(0x0fff);
	}
	mk->n_words = n;
	if (unlikely(pkt->dp_hash | pkt->ct_state | pkt->ct_zone | pkt->ct_mark | pkt->has_ct) ||
	    unlikely(pkt->tun) || unlikely(needs & MICROKEY_MARK) ||
	    (skb_vlan_tag_present(skb) && skb->vlan_proto != htons(ETH_P_8021Q)))
		if (!add_extra(mk, n, skb, pkt, needs))
			return false;

	hash = mk->flags;
	for (i = 0, n = mk->n_words; i + 1 < n; i += 2)
		hash ^= microkey_mix(w[i] ^ hash_key[i], w[i + 1] ^ hash_key[i + 1]);
	if (n & 1)
		hash ^= microkey_mix(w[n - 1] ^ hash_key[n - 1], hash_key[0]);
	mk->hash = hash ^ hash >> 32;

	skb_set_network_header(skb, p - base + L3);
	skb->mac_len = p - base + L3;
	if (l4 != L3)
		skb_set_transport_header(skb, p - base + l4);
	pkt->l3_proto = type;
	pkt->l4_proto = proto;
	pkt->is_parsed = true;
	return true;
}

u8 microkey_needs(const struct flow_key *mask)
{
	u8 needs = 0;

	if (mask->tp_flags)
		needs |= MICROKEY_TCP_FLAGS;
	if (mask->skb_mark | mask->priority)
		needs |= MICROKEY_MARK;
	if (memchr_inv(&mask->ct_labels, 0, sizeof(mask->ct_labels)))
		needs |= MICROKEY_LABELS;
	return needs;
}

/*
 * All fields are in the words or, for the shape of the packet, always 0, with these exceptions.  A
 * need that was looked at and found 0 sets no flag, but is known all the same.
 */
bool microkey_covers(const struct microkey *mk, const struct flow_key *mask)
{
	if (microkey_needs(mask) & ~mk->needs)
		return false;
	if (mk->flags & MICROKEY_CT) {
		if (mask->ct_orig_proto || mask->ct_orig_src_port || mask->ct_orig_dst_port ||
		    memchr_inv(&mask->ct_orig6, 0, sizeof(mask->ct_orig6)))
			return false;
	}
	if (mk->flags & MICROKEY_TUNNEL) {
		if (mask->tun.tp_src ||
		    memchr_inv((const u8 *)&mask->tun.u + 8, 0, sizeof(mask->tun.u) - 8))
			return false;
	}
	return true;
}

void microkey_module_init(void)
{
	get_random_bytes(hash_key, sizeof(hash_key));
}
