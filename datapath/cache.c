// SPDX-License-Identifier: GPL-2.0
/*
 * The exact-match cache: sets of CACHE_WAYS entries, each one cache line for the packets that are
 * most of all traffic.  It starts with nothing, and grows when live entries push each other out,
 * on a workqueue: the new table is empty, and fills as packets come.
 */
#include "cache.h"

#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "flow.h"

#define ENTRIES_MIN 1024
#define ENTRIES_MAX 65536
#define WINDOW (4 * HZ) /* in which evictions are counted */

static_assert(sizeof(struct cache_entry) == 64, "one cache line");

/**
 * cache_tail_differs() - compare the words of a microkey that an entry does not hold inline
 * @table: the table of the entry
 * @e: the entry
 * @mk: a longer microkey
 * Context: RCU, BH disabled, on the cache's CPU.
 * Return: true: they differ.
 */
bool cache_tail_differs(const struct cache_table *table, const struct cache_entry *e,
			const struct microkey *mk)
{
	const u64 *tail;
	unsigned int i;

	if (!table->tails)
		return true;
	tail = table->tails[e - table->entries];
	for (i = MICROKEY_HEAD_WORDS; i < mk->n_words; i++)
		if (tail[i - MICROKEY_HEAD_WORDS] != mk->words[i])
			return true;
	return false;
}

/*
 * What gives @n_flows, each with one microkey, room: at a quarter of the entries one set in three
 * hundred has more than its ways.
 */
static u32 entries_for(u32 n_flows, u32 n_min)
{
	n_min = max(n_min, min_t(u32, n_flows, ENTRIES_MAX / 4) * 4);
	return clamp_t(u32, roundup_pow_of_two(n_min), ENTRIES_MIN, ENTRIES_MAX);
}

/* Counts against the size; more than one in eight of the entries within a window is too much. */
static void note_eviction(struct cache *cache, u32 n_entries, u32 n_flows)
{
	if (time_after(jiffies, cache->since + WINDOW)) {
		cache->since = jiffies;
		cache->n_evicted = 0;
	}
	if (++cache->n_evicted < n_entries / 8 || n_entries >= ENTRIES_MAX)
		return;
	cache->n_evicted = 0;
	WRITE_ONCE(cache->want_entries, entries_for(n_flows, n_entries * 2));
	schedule_work(&cache->grow);
}

/**
 * cache_insert() - remember the flow of a packet
 * @cache: of this CPU
 * @gens: of the flow table
 * @mk: of the packet; it covers the flow's mask
 * @flow: the flow; it may be removed meanwhile
 * @n_flows: in the table, to size the cache by
 * Context: RCU, BH disabled.
 */
void cache_insert(struct cache *cache, const struct cache_gens *gens, const struct microkey *mk,
		  struct flow *flow, u32 n_flows)
{
	struct cache_table *table = rcu_dereference_bh(cache->table);
	struct cache_entry *e, *victim = NULL;
	u32 gen, tag = cache_tag(mk);
	unsigned int i;

	gen = READ_ONCE(gens->gens[flow->part]);
	smp_rmb(); /* pairs with that of cache_forget(): see cache.h */
	if (READ_ONCE(flow->dead) || gen == CACHE_GEN_RETIRED)
		return;
	if (unlikely(!table)) {
		if (!READ_ONCE(cache->want_entries)) {
			WRITE_ONCE(cache->want_entries, entries_for(n_flows, ENTRIES_MIN));
			schedule_work(&cache->grow);
		}
		return;
	}
	if (unlikely(mk->n_words > MICROKEY_HEAD_WORDS && !table->tails)) {
		if (!cache->want_tails) {
			WRITE_ONCE(cache->want_tails, true);
			schedule_work(&cache->grow);
		}
		return;
	}

	e = cache_set(table, mk->hash);
	for (i = 0; i < CACHE_WAYS; i++) {
		if (cache_entry_matches(table, &e[i], tag, mk)) {
			victim = &e[i];
			break;
		}
		if (!victim && !cache_entry_is_live(&e[i], gens))
			victim = &e[i];
	}
	if (!victim) {
		note_eviction(cache, (table->mask + 1) * CACHE_WAYS, n_flows);
		/* who comes by once, a scan for example, does not push all others out */
		if (cache->n_evicted & 3)
			return;
		victim = &e[(cache->n_evicted >> 2) % CACHE_WAYS];
	}
	victim->tag = tag | flow->part;
	victim->gen = gen;
	victim->flow = flow;
	memcpy(victim->words, mk->words, sizeof(victim->words));
	if (mk->n_words > MICROKEY_HEAD_WORDS)
		memcpy(table->tails[victim - table->entries], mk->words + MICROKEY_HEAD_WORDS,
		       (mk->n_words - MICROKEY_HEAD_WORDS) * sizeof(u64));
}

/**
 * cache_forget() - no cache finds a flow any more
 * @gens: of the flow table
 * @flow: out of the hash tables, and freed a grace period after this
 * Context: the flow table's writer.
 */
void cache_forget(struct cache_gens *gens, struct flow *flow)
{
	u32 gen = gens->gens[flow->part];

	WRITE_ONCE(flow->dead, true);
	smp_wmb(); /* pairs with that of cache_insert(): see cache.h */
	if (gen != CACHE_GEN_RETIRED)
		WRITE_ONCE(gens->gens[flow->part], gen + 1);
}

/* ---- size ------------------------------------------------------------------ */

static void table_free(struct cache_table *table)
{
	if (!table)
		return;
	kvfree(table->tails);
	kvfree(table->entries);
	kfree(table);
}

static struct cache_table *table_alloc(u32 n_entries, bool has_tails, int cpu)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN | __GFP_NORETRY;
	int node = cpu_to_node(cpu);
	struct cache_table *table = kzalloc_node(sizeof(*table), GFP_KERNEL, node);

	if (!table)
		return NULL;
	table->mask = n_entries / CACHE_WAYS - 1;
	table->entries = kvmalloc_node(n_entries * sizeof(*table->entries), gfp, node);
	if (has_tails)
		table->tails = kvmalloc_node(n_entries * sizeof(*table->tails), gfp, node);
	if (!table->entries || (has_tails && !table->tails)) {
		table_free(table);
		return NULL;
	}
	return table;
}

static void cache_grow(struct work_struct *work)
{
	struct cache *cache = container_of(work, struct cache, grow);
	bool has_tails = READ_ONCE(cache->want_tails);
	u32 n_entries = READ_ONCE(cache->want_entries);
	struct cache_table *old, *new;

	/* only this work, which does not run twice at a time, writes the pointer */
	old = rcu_dereference_protected(cache->table, true);
	if (old)
		n_entries = max(n_entries, (old->mask + 1) * CACHE_WAYS);
	if (old && n_entries == (old->mask + 1) * CACHE_WAYS && has_tails == !!old->tails)
		return;
	new = table_alloc(n_entries, has_tails, cache->cpu);
	if (!new) {
		/* the next one that finds it too small asks again */
		if (!old)
			WRITE_ONCE(cache->want_entries, 0);
		else if (!old->tails)
			WRITE_ONCE(cache->want_tails, false);
		return;
	}
	rcu_assign_pointer(cache->table, new);
	synchronize_rcu(); /* the CPU may be in the old one */
	table_free(old);
}

/**
 * cache_init() - an empty cache
 * @cache: its memory
 * @cpu: whose it is
 * Context: any.
 */
void cache_init(struct cache *cache, int cpu)
{
	memset(cache, 0, sizeof(*cache));
	cache->cpu = cpu;
	INIT_WORK(&cache->grow, cache_grow);
}

/**
 * cache_uninit() - free what a cache has
 * @cache: nobody reads it any more
 * Context: process context.
 */
void cache_uninit(struct cache *cache)
{
	cancel_work_sync(&cache->grow);
	table_free(rcu_dereference_protected(cache->table, true));
}
