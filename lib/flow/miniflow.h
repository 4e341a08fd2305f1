/* SPDX-License-Identifier: Apache-2.0 */
/* Compact flows, inside: maps, words by number, and the hash of words.  For lib/flow and for
 * look-ups that want a member of a packet's key without expanding it. */
#ifndef FLOW_MINIFLOW_H
#define FLOW_MINIFLOW_H

#include "flow/flow.h"

/* Functions that count bits for each packet are compiled twice, with and without the CPU's
 * instruction for it, and the loader takes the right one.  Sanitizers cannot start before such a
 * choice. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) &&       \
	!defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__POPCNT__)
#define POPCNT_CLONES __attribute__((target_clones("popcnt", "default")))
#else
#define POPCNT_CLONES
#endif

static inline bool flowmap_has(const struct flowmap *m, unsigned int word)
{
	return m->bits[word / 64] >> (word % 64) & 1;
}

static inline void flowmap_add(struct flowmap *m, unsigned int word)
{
	m->bits[word / 64] |= UINT64_C(1) << (word % 64);
}

static inline unsigned int flowmap_count(const struct flowmap *m)
{
	return __builtin_popcountll(m->bits[0]) + __builtin_popcountll(m->bits[1]);
}

static inline bool flowmap_equal(const struct flowmap *a, const struct flowmap *b)
{
	return a->bits[0] == b->bits[0] && a->bits[1] == b->bits[1];
}

/* Calls the body with 'word' set to each member of 'map', in ascending order. */
#define FLOWMAP_FOR_EACH(word, map)                                                                \
	for (unsigned int half__ = 0; half__ < 2; half__++)                                        \
		for (uint64_t left__ = (map).bits[half__];                                         \
		     left__ && ((word) = half__ * 64 + __builtin_ctzll(left__), true);             \
		     left__ &= left__ - 1)

/* The place of 'word' among the values, whether or not it is there. */
static inline unsigned int miniflow_rank(const struct miniflow *m, unsigned int word)
{
	uint64_t below = (UINT64_C(1) << (word % 64)) - 1;

	if (word < 64)
		return __builtin_popcountll(m->map.bits[0] & below);
	return __builtin_popcountll(m->map.bits[0]) + __builtin_popcountll(m->map.bits[1] & below);
}

/* Word number 'word' of the flow, 0 if it is not in the map. */
static inline uint64_t miniflow_word(const struct miniflow *m, unsigned int word)
{
	return flowmap_has(&m->map, word) ? m->values[miniflow_rank(m, word)] : 0;
}

/* MINIFLOW_GET(mf, in_port): a member of at most eight octets. */
#define MINIFLOW_GET(MF, MEMBER)                                                                   \
	({                                                                                         \
		__typeof__(((struct flow *)NULL)->MEMBER) v__;                                     \
		uint64_t w__ = miniflow_word(MF, FLOW_U64_OF(MEMBER));                             \
		static_assert(offsetof(struct flow, MEMBER) % 8 + sizeof(v__) <= 8, "in a word");  \
		memcpy(&v__, (const char *)&w__ + offsetof(struct flow, MEMBER) % 8, sizeof(v__)); \
		v__;                                                                               \
	})

static inline uint64_t flow_word(const struct flow *f, unsigned int word)
{
	uint64_t v;

	memcpy(&v, (const char *)f + word * 8, sizeof(v));
	return v;
}

static inline void flow_set_word(struct flow *f, unsigned int word, uint64_t v)
{
	memcpy((char *)f + word * 8, &v, sizeof(v));
}

/* A hash of words: each step folds the 128-bit product with an odd constant, so that every bit of a
 * word reaches the whole state in one multiplication. */
static inline uint64_t flow_hash_add(uint64_t hash, uint64_t word)
{
	__extension__ typedef unsigned __int128 product;
	product m = (product)(word ^ 0x9e3779b97f4a7c15ULL) * (hash ^ 0xd6e8feb86659fd93ULL);

	return (uint64_t)m ^ (uint64_t)(m >> 64) ^ hash;
}

static inline uint32_t flow_hash_finish(uint64_t hash)
{
	hash ^= hash >> 32;
	hash *= 0xff51afd7ed558ccdULL;
	return (uint32_t)(hash >> 32);
}

#endif
