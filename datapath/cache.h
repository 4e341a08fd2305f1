/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The exact-match cache of one CPU: microkey to flow.  Only that CPU reads and writes it, with BH
 * disabled, so it has no lock and no barrier.
 *
 * How a cache forgets a flow without anybody going through it: each flow belongs to one of
 * CACHE_PARTS partitions, each partition has a generation, and an entry counts only as long as it
 * carries the present generation of its flow's partition.  The remover of a flow
 *	1. takes it out of the hash tables and sets flow->dead,
 *	2. increments the generation of its partition,
 *	3. frees it after a grace period.
 * A reader that finds its entry's generation unchanged has not seen step 2, so its read-side
 * section began before the grace period of step 3 ended: the flow lasts until that section is over.
 * Who adds an entry reads the generation first and flow->dead after it; if the generation was the
 * one of step 2 already, so is flow->dead, and nothing is added.  What a removal costs others is
 * the entries of one partition.
 *
 * Generations do not wrap around: a partition that has used up all of them stays at
 * CACHE_GEN_RETIRED, with which nothing is ever added.
 */
#ifndef DATAPATH_CACHE_H
#define DATAPATH_CACHE_H

#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "microkey.h"

struct flow;

#define CACHE_PART_BITS 12
#define CACHE_PARTS (1u << CACHE_PART_BITS)
#define CACHE_GEN_RETIRED U32_MAX
#define CACHE_WAYS 4

struct cache_gens {
	u32 gens[CACHE_PARTS];
};

struct cache_entry {
	u32 tag; /* bits of the hash, flags of the microkey, partition of the flow */
	u32 gen;
	struct flow *flow; /* may be freed already unless 'gen' is its partition's */
	u64 words[MICROKEY_HEAD_WORDS];
};

struct cache_table {
	struct rcu_head rcu;
	u32 mask; /* sets - 1 */
	u64 (*tails)[MICROKEY_TAIL_WORDS]; /* NULL: only short microkeys yet */
	struct cache_entry *entries;
};

struct cache {
	struct cache_table __rcu *table; /* NULL: no packet yet */
	u32 n_evicted; /* live entries, since 'since' */
	unsigned long since; /* jiffies */
	bool want_tails;
	int cpu;
	u32 want_entries; /* at least */
	struct work_struct grow;
};

#define CACHE_TAG_PART (CACHE_PARTS - 1)

bool cache_tail_differs(const struct cache_table *table, const struct cache_entry *e,
			const struct microkey *mk);

static inline u32 cache_tag(const struct microkey *mk)
{
	return (mk->hash & 0xfff00000) | (u32)mk->flags << CACHE_PART_BITS;
}

static __always_inline bool cache_entry_matches(const struct cache_table *table,
						const struct cache_entry *e, u32 tag,
						const struct microkey *mk)
{
	const u64 *a = e->words, *b = mk->words;
	u64 diff;

	/* all short microkeys are of one length, so the unused words of one do not matter */
	if ((e->tag ^ tag) & ~CACHE_TAG_PART)
		return false;
	diff = (a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]) | (a[4] ^ b[4]) |
	       (a[5] ^ b[5]);
	if (diff)
		return false;
	if (likely(mk->n_words <= MICROKEY_HEAD_WORDS))
		return true;
	return !cache_tail_differs(table, e, mk);
}

static inline bool cache_entry_is_live(const struct cache_entry *e, const struct cache_gens *gens)
{
	return e->flow && e->gen == READ_ONCE(gens->gens[e->tag & CACHE_TAG_PART]);
}

static inline struct cache_entry *cache_set(const struct cache_table *table, u32 hash)
{
	return &table->entries[(size_t)(hash & table->mask) * CACHE_WAYS];
}

/* RCU, BH disabled, on the cache's CPU.  NULL: not there. */
static __always_inline struct flow *cache_lookup(const struct cache *cache,
						 const struct cache_gens *gens,
						 const struct microkey *mk)
{
	const struct cache_table *table = rcu_dereference_bh(cache->table);
	const struct cache_entry *e;
	u32 tag = cache_tag(mk);
	unsigned int i;

	if (unlikely(!table))
		return NULL;
	e = cache_set(table, mk->hash);
	for (i = 0; i < CACHE_WAYS; i++, e++)
		if (cache_entry_matches(table, e, tag, mk))
			return likely(cache_entry_is_live(e, gens)) ? e->flow : NULL;
	return NULL;
}

void cache_init(struct cache *cache, int cpu);
void cache_uninit(struct cache *cache); /* no reader is left */

/* RCU, BH disabled, on the cache's CPU.  @n_flows: in the table, to size the cache by. */
void cache_insert(struct cache *cache, const struct cache_gens *gens, const struct microkey *mk,
		  struct flow *flow, u32 n_flows);

/* By who removes a flow, after it is out of the hash tables and before call_rcu(). */
void cache_forget(struct cache_gens *gens, struct flow *flow);

#endif
