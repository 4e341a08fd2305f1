// SPDX-License-Identifier: GPL-2.0
/* Microkeys of the less common shapes of packets, and what microkeys are good for. */
#include "microkey.h"

#include <linux/ipv6.h>
#include <linux/random.h>
#include <net/ip_tunnels.h>
#include <net/ndisc.h>

/* Offsets from where the words start. */
#define L3 ETH_HLEN
#define L4_V4 (L3 + 20)
#define L4_V6 (L3 + 40)

#define TCP_HLEN_MIN 20
#define UDP_HLEN 8
#define SCTP_HLEN 12
#define ICMP_HLEN 8
#define ARP_HLEN 28
#define HEADERS_MAX (L4_V6 + VLAN_HLEN + 60) /* of any shape */

u64 microkey_hash_key[MICROKEY_WORDS] __read_mostly;
/* Apart from the other one: what is hashed by this can be seen outside, as source ports of
 * tunnels. */
static u64 port_key[6] __read_mostly;

/* Is this transport header, of which @room octets are linear, one that key_extract() accepts? */
static bool l4_is_whole(const struct sk_buff *skb, const u8 *l4, u8 proto, unsigned int room)
{
	unsigned int len;

	switch (proto) {
	case IPPROTO_TCP:
		if (room < TCP_HLEN_MIN)
			return false;
		len = (l4[12] >> 4) * 4;
		return len >= TCP_HLEN_MIN && len <= room;
	case IPPROTO_UDP:
		return room >= UDP_HLEN && !(skb_shinfo(skb)->gso_type & SKB_GSO_UDP);
	case IPPROTO_SCTP:
		return room >= SCTP_HLEN;
	default:
		return false;
	}
}

/*
 * Each of these appends the words of a network header and what is behind it, where @p + L3 is and
 * @room octets from @p on are linear.  False: no microkey.
 */

static bool add_ipv4(struct microkey *mk, const struct sk_buff *skb, const u8 *p, unsigned int room)
{
	u64 *w = mk->words + mk->n_words;
	u8 proto = p[L3 + 9];
	unsigned int len;

	if (room < L4_V4 + UDP_HLEN || p[L3] != 0x45)
		return false;
	w[0] = microkey_load(p + 16);
	if (w[0] & MICROKEY_OCTETS8(0x000000003fff0000ULL)) /* a fragment */
		return false;
	w[0] &= MICROKEY_OCTETS8(0x000000000000ffffULL); /* TTL, protocol */
	w[1] = microkey_load(p + 24) & MICROKEY_OCTETS8(0x0000ffffffffffffULL); /* no checksum */
	w[2] = microkey_load(p + 32);
	len = get_unaligned_be16(p + L3 + 2);
	if (len < 20)
		return false;
	len = min(len + L3, room) - L4_V4;
	if (proto == IPPROTO_ICMP) {
		if (len < ICMP_HLEN)
			return false;
		w[2] &= MICROKEY_OCTETS8(0xffffffff00000000ULL);
	} else {
		if (!l4_is_whole(skb, p + L4_V4, proto, len))
			return false;
		w[2] &= MICROKEY_OCTETS8(0xffffffffffff0000ULL);
	}
	mk->n_words += 3;
	return true;
}

static bool add_ipv6(struct microkey *mk, const struct sk_buff *skb, const u8 *p, unsigned int room)
{
	u64 *w = mk->words + mk->n_words;
	u8 proto = p[L3 + 6];
	unsigned int len;

	if (room < L4_V6 + UDP_HLEN || (p[L3] & 0xf0) != 0x60)
		return false;
	len = get_unaligned_be16(p + L3 + 4);
	if (!len) /* a jumbogram */
		return false;
	len = min(len + L4_V6, room) - L4_V6;
	w[0] = microkey_load(p + 16) & MICROKEY_OCTETS8(0xffff0000ffffffffULL); /* no length */
	w[1] = microkey_load(p + 24);
	w[2] = microkey_load(p + 32);
	w[3] = microkey_load(p + 40);
	w[4] = microkey_load(p + 48); /* to the source port, or ICMP's type and code */
	mk->n_words += 5;
	if (proto == IPPROTO_ICMPV6)
		/* those of neighbour discovery have fields of their own */
		return len >= ICMP_HLEN && p[L4_V6] != NDISC_NEIGHBOUR_SOLICITATION &&
		       p[L4_V6] != NDISC_NEIGHBOUR_ADVERTISEMENT;
	if (!l4_is_whole(skb, p + L4_V6, proto, len))
		return false;
	w[5] = get_unaligned((const u16 *)(p + 56));
	mk->n_words++;
	return true;
}

static bool add_arp(struct microkey *mk, const u8 *p, unsigned int room)
{
	static const u8 fixed[] = { 0, 1, 8, 0, ETH_ALEN, 4, 0 }; /* and a small operation */
	u64 *w = mk->words + mk->n_words;

	if (room < L3 + ARP_HLEN || memcmp(p + L3, fixed, sizeof(fixed)))
		return false;
	w[0] = microkey_load(p + 16);
	w[1] = microkey_load(p + 24);
	w[2] = microkey_load(p + 32);
	w[3] = get_unaligned((const u16 *)(p + 40));
	mk->n_words += 4;
	return true;
}

static bool add_tunnel(struct microkey *mk, const struct ip_tunnel_info *info)
{
	/* of the addresses only IPv4's count, and the port that tells flows from each other is not
	 * of interest: with it, each flow inside would need its own entry */
	const size_t tail = round_down(offsetof(struct ip_tunnel_key, tun_flags), 8);
	struct ip_tunnel_key copy = {};
	u64 *w = mk->words + mk->n_words;
	unsigned int n = 2 + (sizeof(copy) - tail) / 8;

	BUILD_BUG_ON(sizeof(copy) % 8);
	BUILD_BUG_ON(offsetofend(struct ip_tunnel_key, u.ipv4) != 16);
	BUILD_BUG_ON(offsetofend(struct ip_tunnel_key, u) !=
		     offsetof(struct ip_tunnel_key, tun_flags));
	if (ip_tunnel_info_af(info) != AF_INET || info->options_len ||
	    mk->n_words + n > MICROKEY_WORDS)
		return false;
	copy.tun_id = info->key.tun_id;
	copy.u.ipv4 = info->key.u.ipv4;
	memcpy(&copy.tun_flags, &info->key.tun_flags, sizeof(copy.tun_flags));
	copy.tos = info->key.tos;
	copy.ttl = info->key.ttl;
	copy.tp_dst = info->key.tp_dst;
	memcpy(w, &copy, 16);
	memcpy(w + 2, (const u8 *)&copy + tail, sizeof(copy) - tail);
	mk->n_words += n;
	mk->flags |= MICROKEY_TUNNEL;
	return true;
}

/* The metadata that most packets do not have.  False: no microkey. */
static bool add_rare(struct microkey *mk, const struct sk_buff *skb, const struct pkt *pkt)
{
	bool has_8021ad = skb_vlan_tag_present(skb) && skb->vlan_proto != htons(ETH_P_8021Q);
	u64 *w = mk->words;

	if (pkt->dp_hash || has_8021ad) {
		if (mk->n_words >= MICROKEY_WORDS)
			return false;
		w[mk->n_words++] = (u64)pkt->dp_hash << 32 |
				   (has_8021ad ? (__force u16)skb->vlan_proto : 0);
		mk->flags |= MICROKEY_EXT;
	}
	if (mk->needs & MICROKEY_MARK && skb->mark | skb->priority) {
		if (mk->n_words >= MICROKEY_WORDS)
			return false;
		w[mk->n_words++] = (u64)skb->mark << 32 | skb->priority;
		mk->flags |= MICROKEY_MARK;
	}
	if (pkt->ct_state | pkt->ct_zone | pkt->ct_mark | pkt->has_ct) {
		if (mk->n_words >= MICROKEY_WORDS)
			return false;
		w[mk->n_words++] = microkey_ct_word(pkt);
		mk->flags |= MICROKEY_CT;
	}
	if (mk->needs & MICROKEY_LABELS && pkt->has_ct) {
		BUILD_BUG_ON(sizeof(pkt->ct_labels) != 16);
		if (mk->n_words + 2 > MICROKEY_WORDS)
			return false;
		memcpy(&w[mk->n_words], &pkt->ct_labels, sizeof(pkt->ct_labels));
		mk->n_words += 2;
		mk->flags |= MICROKEY_LABELS;
	}
	return !pkt->tun || add_tunnel(mk, pkt->tun);
}

/**
 * microkey_extract_other() - the microkey of a packet of any shape that has one
 * @mk: where to
 * @skb: packet
 * @pkt: its metadata
 * @needs: MICROKEY_NEEDS
 *
 * See microkey_extract(), whose packets get the same from this function.
 * Context: BH disabled; may make more of the headers linear.
 * Return: false: it has none.
 */
bool microkey_extract_other(struct microkey *mk, struct sk_buff *skb, struct pkt *pkt, u8 needs)
{
	unsigned int room = skb_headlen(skb), l4 = 0, n;
	u64 *w = mk->words;
	u64 hash = 0;
	const u8 *p;
	__be16 type;
	u8 proto = 0;

	/* of what conntrack has seen, most are of the commonest shape too */
	if (pkt_is_plain_but_ct(pkt) && !pkt_is_plain(pkt) && !(needs & MICROKEY_LABELS) &&
	    microkey_extract_ipv4(mk, skb, pkt, needs, true))
		return true;
	/* what is in a list of fragments keeps its boundaries: SCTP's receivers and GSO go by
	 * them */
	if (room < HEADERS_MAX && skb->data_len && !skb_has_frag_list(skb)) {
		if (!pskb_may_pull(skb, min(skb->len, HEADERS_MAX)))
			return false;
		room = skb_headlen(skb);
	}
	if (room < L3 + ARP_HLEN || pkt->mac_proto != KEY_MAC_ETHERNET || pkt->in_port > U16_MAX)
		return false;
	p = skb->data;
	mk->flags = 0;
	mk->needs = needs;
	w[0] = (u64)pkt->recirc_id << 32 | pkt->in_port;
	if (skb_vlan_tag_present(skb))
		w[0] |= (u64)(skb_vlan_tag_get(skb) | VLAN_CFI_MASK) << 16;
	w[1] = microkey_load(p);
	w[2] = microkey_load(p + 8);
	mk->n_words = 3;
	type = get_unaligned((const __be16 *)(p + 12));
	if (eth_type_vlan(type)) {
		p += VLAN_HLEN;
		room -= VLAN_HLEN;
		w[mk->n_words++] = microkey_load(p + 8);
		type = get_unaligned((const __be16 *)(p + 12));
	}
	if (type == htons(ETH_P_IP)) {
		if (!add_ipv4(mk, skb, p, room))
			return false;
		proto = p[L3 + 9];
		l4 = L4_V4;
	} else if (type == htons(ETH_P_IPV6)) {
		if (!add_ipv6(mk, skb, p, room))
			return false;
		proto = p[L3 + 6];
		l4 = L4_V6;
	} else if (type != htons(ETH_P_ARP) || !add_arp(mk, p, room)) {
		return false;
	}
	if (needs & MICROKEY_TCP_FLAGS && proto == IPPROTO_TCP) {
		w[mk->n_words++] = get_unaligned((const u16 *)(p + l4 + 12)) &
				   MICROKEY_OCTETS2(0x0fff);
		mk->flags |= MICROKEY_TCP_FLAGS;
	}
	if (!add_rare(mk, skb, pkt))
		return false;

	for (n = 0; n + 1 < mk->n_words; n += 2)
		hash ^= microkey_hash_pair(w, n);
	if (n < mk->n_words)
		hash ^= microkey_hash_last(w, n);
	mk->hash = hash ^ hash >> 32;
	n = p - skb->data;
	microkey_set_offsets(skb, pkt, n + L3, l4 ? n + l4 : 0, type, proto);
	return true;
}

/**
 * microkey_needs() - what a mask asks of microkeys
 * @mask: the mask
 * Return: MICROKEY_NEEDS.
 */
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

/**
 * microkey_covers() - does a microkey determine all fields that a mask looks at?
 * @mk: the microkey
 * @mask: the mask
 *
 * All fields are in the words or, for the shape of the packet, always 0, with these exceptions.  A
 * need that was looked at and found 0 adds no word, but is known all the same.
 */
bool microkey_covers(const struct microkey *mk, const struct flow_key *mask)
{
	if (microkey_needs(mask) & ~mk->needs)
		return false;
	if (mk->flags & MICROKEY_CT &&
	    (mask->ct_orig_proto || mask->ct_orig_src_port || mask->ct_orig_dst_port ||
	     memchr_inv(&mask->ct_orig6, 0, sizeof(mask->ct_orig6))))
		return false;
	if (mk->flags & MICROKEY_TUNNEL &&
	    (mask->tun.tp_src || memchr_inv((const u8 *)&mask->tun.u + sizeof(mask->tun.u.ipv4), 0,
					    sizeof(mask->tun.u) - sizeof(mask->tun.u.ipv4))))
		return false;
	return true;
}

/* See microkey.h. */
void microkey_set_hash(struct sk_buff *skb, const struct pkt *pkt)
{
	const u8 *l3 = skb_network_header(skb);
	unsigned int l3_len = skb_transport_offset(skb) - skb_network_offset(skb);
	u64 hash;

	if (skb->l4_hash || skb->sw_hash || !pkt->is_parsed ||
	    (pkt->l4_proto != IPPROTO_TCP && pkt->l4_proto != IPPROTO_UDP &&
	     pkt->l4_proto != IPPROTO_SCTP))
		return;
	hash = (u64)get_unaligned((const u32 *)skb_transport_header(skb)) << 8 | pkt->l4_proto;
	hash = microkey_mix(hash ^ port_key[0], port_key[1]);
	/* of fragments all are to get the same */
	if (pkt->l3_proto == htons(ETH_P_IP)) {
		if (get_unaligned((const u16 *)(l3 + 6)) & MICROKEY_OCTETS2(0x3fff))
			return;
		hash = microkey_mix(hash ^ microkey_load(l3 + 12), port_key[2]);
	} else {
		if (l3_len != sizeof(struct ipv6hdr))
			return;
		hash ^= microkey_mix(microkey_load(l3 + 8) ^ port_key[2],
				     microkey_load(l3 + 16) ^ port_key[3]);
		hash ^= microkey_mix(microkey_load(l3 + 24) ^ port_key[4],
				     microkey_load(l3 + 32) ^ port_key[5]);
	}
	__skb_set_sw_hash(skb, hash ^ hash >> 32, true);
}

/**
 * microkey_module_init() - draw the keys of the hashes
 *
 * They are not known outside, so that nobody can send packets that all fall into one set.
 * Context: process context.
 */
void microkey_module_init(void)
{
	get_random_bytes(microkey_hash_key, sizeof(microkey_hash_key));
	get_random_bytes(port_key, sizeof(port_key));
}
