/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Microkeys: raw words of a packet's headers and of its metadata, with what is no field of the flow
 * key masked off.  Two packets with equal microkeys have equal flow keys as far as
 * microkey_covers() says, so a flow found for one is the flow of the other.  Nothing is dissected:
 * a few plain shapes of packets have one, all others take the long way.
 */
#ifndef DATAPATH_MICROKEY_H
#define DATAPATH_MICROKEY_H

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

void microkey_module_init(void); /* draws the key of the hash */

/**
 * microkey_extract() - the microkey of a packet
 * @mk: where to
 * @skb: packet, data at the Ethernet header; only its linear head is read
 * @pkt: its metadata; if there is a microkey, the offsets in the skb and *pkt become those of
 *	key_extract() at the deepest level
 * @needs: MICROKEY_NEEDS that the masks of the table have
 * Return: false: a packet of this shape has none.
 */
bool microkey_extract(struct microkey *mk, struct sk_buff *skb, struct pkt *pkt, u8 needs);

/* What a mask asks of microkeys: MICROKEY_NEEDS. */
u8 microkey_needs(const struct flow_key *mask);

/* Does @mk determine all fields that the mask looks at? */
bool microkey_covers(const struct microkey *mk, const struct flow_key *mask);

/* Two keys of 64 bits mixed so that each bit of the result depends on all of both. */
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

#endif
