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

void cache_init(struct cache *cache, int cpu);
void cache_uninit(struct cache *cache); /* no reader is left */

/* RCU, BH disabled, on the cache's CPU.  NULL: not there. */
struct flow *cache_lookup(const struct cache *cache, const struct cache_gens *gens,
			  const struct microkey *mk);
/* Same context.  @n_flows: in the table, to size the cache by. */
void cache_insert(struct cache *cache, const struct cache_gens *gens, const struct microkey *mk,
		  struct flow *flow, u32 n_flows);

/* By who removes a flow, after it is out of the hash tables and before call_rcu(). */
void cache_forget(struct cache_gens *gens, struct flow *flow);

#endif
