/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Microkeys: raw words of a packet's headers and of its metadata, with what is no field of the flow
 * key masked off.  Two packets with equal microkeys have equal flow keys as far as
 * microkey_covers() says, so a flow found for one is the flow of the other.  Nothing is dissected:
 * a few plain shapes of packets have one, all others take the long way.
 *
 * The words of the headers are loaded as they lie there, whatever their alignment: the first starts
 * at the Ethernet destination; behind an in-band tag the count starts again 4 octets later, so that
 * the network header has the same offsets in its words with and without a tag.  Constants are
 * written as the octets stand in the packet.
 */
#ifndef DATAPATH_MICROKEY_H
#define DATAPATH_MICROKEY_H

#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/in.h>
#include <linux/skbuff.h>

#include "flow_key.h"
#include "pkt.h"

#define MICROKEY_HEAD_WORDS 6 /* of an untagged IPv4 packet: what a cache entry holds inline */
#define MICROKEY_TAIL_WORDS 8 /* of all others */
#define MICROKEY_WORDS (MICROKEY_HEAD_WORDS + MICROKEY_TAIL_WORDS)

/* What else is in a microkey, behind the words of the headers and in this order. */
#define MICROKEY_TCP_FLAGS BIT(0)
#define MICROKEY_EXT BIT(1) /* dp_hash, protocol of the accelerated tag */
#define MICROKEY_MARK BIT(2) /* mark and priority of the skb */
#define MICROKEY_CT BIT(3) /* conntrack state, zone, mark */
#define MICROKEY_LABELS BIT(4) /* conntrack labels */
#define MICROKEY_TUNNEL BIT(5) /* IPv4 tunnel without options */

/* Those that are left out unless a mask looks at them. */
#define MICROKEY_NEEDS (MICROKEY_TCP_FLAGS | MICROKEY_MARK | MICROKEY_LABELS)

struct microkey {
	u32 hash;
	u8 flags; /* MICROKEY_* */
	u8 needs; /* that were asked for: a value of 0 adds no word */
	u8 n_words;
	u64 words[MICROKEY_WORDS];
};

/* Octets as they stand in a packet, loaded as one word. */
#define MICROKEY_OCTETS2(x) ((__force u16)cpu_to_be16(x))
#define MICROKEY_OCTETS4(x) ((__force u32)cpu_to_be32(x))
#define MICROKEY_OCTETS8(x) ((__force u64)cpu_to_be64(x))

extern u64 microkey_hash_key[MICROKEY_WORDS];

void microkey_module_init(void); /* draws the key of the hash */

/**
 * microkey_set_hash() - give a parsed packet its hash
 * @skb: packet that is about to be encapsulated: its hash becomes the outer source port
 * @pkt: its metadata
 *
 * Instead of what the kernel would dissect the headers again for.  Of addresses, ports and
 * protocol; packets that are no plain TCP, UDP or SCTP, or have a hash, are left alone.
 */
void microkey_set_hash(struct sk_buff *skb, const struct pkt *pkt);

/* What a mask asks of microkeys: MICROKEY_NEEDS. */
u8 microkey_needs(const struct flow_key *mask);

/* Does @mk determine all fields that the mask looks at? */
bool microkey_covers(const struct microkey *mk, const struct flow_key *mask);

/* Two words mixed so that each bit of the result depends on all of both. */
static inline u64 microkey_mix(u64 a, u64 b)
{
#if defined(CONFIG_ARCH_SUPPORTS_INT128) && defined(__SIZEOF_INT128__)
	unsigned __int128 m = (unsigned __int128)a * b;

	return (u64)m ^ (u64)(m >> 64);
#else
	u64 m = a * (b | 1);

	return m ^ (m >> 32) ^ ((u64)(u32)(a >> 32) * (u32)(b >> 32));
#endif
}

static __always_inline u64 microkey_load(const u8 *p)
{
	return get_unaligned((const u64 *)p);
}

static __always_inline u64 microkey_hash_pair(const u64 *words, unsigned int i)
{
	return microkey_mix(words[i] ^ microkey_hash_key[i],
			    words[i + 1] ^ microkey_hash_key[i + 1]);
}

/* Of a word without another one to make a pair of. */
static __always_inline u64 microkey_hash_last(const u64 *words, unsigned int i)
{
	return microkey_mix(words[i] ^ microkey_hash_key[i], microkey_hash_key[0]);
}

static __always_inline u64 microkey_ct_word(const struct pkt *pkt)
{
	return (u64)pkt->ct_mark << 32 | (u32)pkt->ct_zone << 16 | pkt->has_ct << 8 | pkt->ct_state;
}

/* The offsets of a parsed packet, as key_extract() sets them.  @l4: 0: none. */
static __always_inline void microkey_set_offsets(struct sk_buff *skb, struct pkt *pkt,
						 unsigned int l3, unsigned int l4, __be16 type,
						 u8 proto)
{
	unsigned int data = skb->data - skb->head;

	skb->network_header = data + l3;
	skb->mac_len = l3;
	skb->transport_header = data + (l4 ?: l3);
	pkt->l3_proto = type;
	pkt->l4_proto = proto;
	pkt->is_parsed = true;
}

/*
 * TCP and UDP over IPv4 without options, without a tag in the data; false: none of these.  The
 * checks are those of key_extract(): what it would not parse whole has no microkey.
 * @has_ct: a constant: there is conntrack state, and nothing else that pkt_is_plain() looks at.
 */
static __always_inline bool microkey_extract_ipv4(struct microkey *mk, struct sk_buff *skb,
						  struct pkt *pkt, u8 needs, bool has_ct)
{
	const unsigned int l3 = ETH_HLEN, l4 = ETH_HLEN + 20;
	unsigned int room = skb_headlen(skb), len;
	const u8 *p = skb->data;
	u64 *w = mk->words;
	u64 hash;
	u8 proto;

	if (unlikely(room < l4 + 8))
		return false;
	if (needs & MICROKEY_MARK && unlikely(skb->mark | skb->priority))
		return false;
	/* EtherType, version and length of the header */
	if (unlikely((get_unaligned((const u32 *)(p + 12)) & MICROKEY_OCTETS4(0xffffff00)) !=
		     MICROKEY_OCTETS4(0x08004500)))
		return false;
	if (unlikely(get_unaligned((const u16 *)(p + l3 + 6)) & MICROKEY_OCTETS2(0x3fff)))
		return false; /* a fragment */
	len = get_unaligned_be16(p + l3 + 2);
	proto = p[l3 + 9];
	if (proto == IPPROTO_UDP) {
		if (unlikely(len < 20 + 8) || unlikely(skb_shinfo(skb)->gso_type & SKB_GSO_UDP))
			return false;
	} else if (proto == IPPROTO_TCP) {
		unsigned int hlen;

		if (unlikely(room < l4 + 20) || unlikely(needs & MICROKEY_TCP_FLAGS))
			return false;
		hlen = (p[l4 + 12] >> 2) & 0x3c;
		if (unlikely(hlen < 20) || unlikely(l4 + hlen > room) || unlikely(20 + hlen > len))
			return false;
	} else {
		return false;
	}

	w[0] = (u64)pkt->recirc_id << 32 | pkt->in_port;
	if (skb_vlan_tag_present(skb)) {
		if (unlikely(skb->vlan_proto != htons(ETH_P_8021Q)))
			return false;
		w[0] |= (u64)(skb_vlan_tag_get(skb) | VLAN_CFI_MASK) << 16;
	}
	w[1] = microkey_load(p);
	w[2] = microkey_load(p + 8);
	w[3] = microkey_load(p + 16) & MICROKEY_OCTETS8(0x000000000000ffffULL); /* TTL, protocol */
	w[4] = microkey_load(p + 24) & MICROKEY_OCTETS8(0x0000ffffffffffffULL); /* no checksum */
	w[5] = microkey_load(p + 32) & MICROKEY_OCTETS8(0xffffffffffff0000ULL); /* to the ports */
	hash = microkey_hash_pair(w, 0) ^ microkey_hash_pair(w, 2) ^ microkey_hash_pair(w, 4);
	mk->flags = 0;
	mk->needs = needs;
	mk->n_words = MICROKEY_HEAD_WORDS;
	if (has_ct) {
		w[MICROKEY_HEAD_WORDS] = microkey_ct_word(pkt);
		hash ^= microkey_hash_last(w, MICROKEY_HEAD_WORDS);
		mk->flags = MICROKEY_CT;
		mk->n_words = MICROKEY_HEAD_WORDS + 1;
	}
	mk->hash = hash ^ hash >> 32;
	microkey_set_offsets(skb, pkt, l3, l4, htons(ETH_P_IP), proto);
	return true;
}

/* Those that are not of the commonest shape. */
bool microkey_extract_other(struct microkey *mk, struct sk_buff *skb, struct pkt *pkt, u8 needs);

/**
 * microkey_extract() - the microkey of a packet
 * @mk: where to
 * @skb: packet, data at the Ethernet header; only its linear head is read
 * @pkt: its metadata; if there is a microkey, the offsets in the skb and *pkt become those of
 *	key_extract() at the deepest level
 * @needs: MICROKEY_NEEDS that the masks of the table have
 *
 * Every packet comes by here, hence inline.
 * Return: false: a packet of this shape has none.
 */
static __always_inline bool microkey_extract(struct microkey *mk, struct sk_buff *skb,
					     struct pkt *pkt, u8 needs)
{
	if (likely(pkt_is_plain(pkt)) && likely(microkey_extract_ipv4(mk, skb, pkt, needs, false)))
		return true;
	return microkey_extract_other(mk, skb, pkt, needs);
}

#endif
