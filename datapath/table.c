// SPDX-License-Identifier: GPL-2.0
/*
 * The flow table: one hash table of all masked keys, in whose hash the mask takes part; one of all
 * names; the masks, in an array that readers walk and that a work puts into the order of their hits
 * now and then.
 */
#include <linux/jhash.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/xarray.h>

#include "cache.h"
#include "compat/compiler.h"
#include "flow.h"
#include "microkey.h"

#define MASK_CACHE_SIZE 256
#define MASK_CACHE_SIZE_MAX (PCPU_MIN_UNIT_SIZE / sizeof(struct mask_hint))
#define REORDER_PERIOD (4 * HZ)

struct mask_array {
	struct rcu_head rcu;
	u8 level; /* enum key_level that some of them needs */
	u32 n;
	struct flow_mask *masks[];
};

struct mask_hint { /* packets with this hash matched the mask at this place */
	u32 hash;
	u32 index;
};

struct mask_cache {
	struct rcu_head rcu;
	u32 n; /* power of two */
	struct mask_hint __percpu *hints;
};

struct table_cpu {
	struct cache cache;
	u64_stats_t n_cache_hit; /* by either cache */
	u64_stats_t n_mask_hit; /* masks tried */
	struct u64_stats_sync sync;
};

struct flow_table {
	/* What every packet reads. */
	struct table_cpu __percpu *cpus;
	struct cache_gens *gens;
	struct mask_array __rcu *masks;
	struct mask_cache __rcu *mask_cache; /* NULL: off */
	u32 n_flows;
	u8 needs; /* MICROKEY_NEEDS of all masks */

	struct rhashtable keys ____cacheline_aligned_in_smp;
	struct rhashtable names;
	struct xarray ids; /* flows by id, the lowest that is free: dumps go along it */
	unsigned long id_end; /* above all ids that were ever given */
	u32 last_mask_id; /* under flow_lock */
	u16 last_part; /* same */
	struct mutex masks_lock; /* writers of the array; inside flow_lock */
	struct delayed_work reorder;
};

/* ---- hash tables ------------------------------------------------------------ */

struct key_arg {
	const struct flow_mask *mask;
	const u64 *key; /* not masked yet */
	u32 hash;
};

struct name_arg {
	const void *data;
	u8 ufid_len; /* 0: words of an unmasked key */
	u8 n_words;
};

static u64 hash_seed[2] __read_mostly;

static u32 hash_masked(const u64 *key, const struct flow_mask *mask)
{
	const u64 *m = (const u64 *)&mask->mask;
	unsigned int i;
	u64 hash = hash_seed[0] ^ mask->id;

	for (i = mask->range.start; i < mask->range.end; i++)
		hash = microkey_mix(hash ^ (key[i] & m[i]), hash_seed[1]);
	return hash ^ hash >> 32;
}

static u32 key_arg_hash(const void *data, u32 len, u32 seed)
{
	const struct key_arg *arg = data;

	return jhash_1word(arg->hash, seed);
}

static u32 key_obj_hash(const void *data, u32 len, u32 seed)
{
	const struct flow *flow = data;

	return jhash_1word(flow->hash, seed);
}

static int key_cmp(struct rhashtable_compare_arg *carg, const void *obj)
{
	const struct key_arg *arg = carg->key;
	const struct flow *flow = obj;
	const u64 *have = (const u64 *)&flow->key;
	const u64 *m = (const u64 *)&arg->mask->mask;
	unsigned int i;

	if (flow->hash != arg->hash || flow->mask != arg->mask)
		return 1;
	for (i = arg->mask->range.start; i < arg->mask->range.end; i++)
		if (have[i] != (arg->key[i] & m[i]))
			return 1;
	return 0;
}

static const struct rhashtable_params key_params = {
	.head_offset = offsetof(struct flow, key_node),
	.hashfn = key_arg_hash,
	.obj_hashfn = key_obj_hash,
	.obj_cmpfn = key_cmp,
	.automatic_shrinking = true,
};

static void name_of(const struct flow *flow, struct name_arg *arg)
{
	arg->data = flow->ufid_len ? (const void *)flow->ufid : flow->unmasked;
	arg->ufid_len = flow->ufid_len;
	arg->n_words = flow->n_unmasked;
}

static u32 name_arg_hash(const void *data, u32 len, u32 seed)
{
	const struct name_arg *arg = data;

	return jhash(arg->data, arg->ufid_len ?: arg->n_words * sizeof(u64), seed);
}

static u32 name_obj_hash(const void *data, u32 len, u32 seed)
{
	struct name_arg arg;

	name_of(data, &arg);
	return name_arg_hash(&arg, 0, seed);
}

static int name_cmp(struct rhashtable_compare_arg *carg, const void *obj)
{
	const struct name_arg *arg = carg->key;
	struct name_arg have;

	name_of(obj, &have);
	if (have.ufid_len != arg->ufid_len || (!arg->ufid_len && have.n_words != arg->n_words))
		return 1;
	return memcmp(have.data, arg->data, arg->ufid_len ?: arg->n_words * sizeof(u64));
}

static const struct rhashtable_params name_params = {
	.head_offset = offsetof(struct flow, name_node),
	.hashfn = name_arg_hash,
	.obj_hashfn = name_obj_hash,
	.obj_cmpfn = name_cmp,
	.automatic_shrinking = true,
};

/* ---- masks ------------------------------------------------------------------ */

static struct mask_array *masks_deref(const struct flow_table *table)
{
	return rcu_dereference_protected(table->masks, lockdep_is_held(&table->masks_lock));
}

/* Publishes the array without @del and with @add behind all others; either may be NULL.  Readers go
 * on with the old one, whose masks outlive them. */
static int masks_change(struct flow_table *table, struct flow_mask *add,
			const struct flow_mask *del)
{
	struct mask_array *old = masks_deref(table), *new;
	u8 needs = 0;
	u32 i;

	new = kvmalloc(struct_size(new, masks, old->n + !!add), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	new->n = 0;
	new->level = KEY_LEVEL_META;
	for (i = 0; i < old->n; i++)
		if (old->masks[i] != del)
			new->masks[new->n++] = old->masks[i];
	if (add)
		new->masks[new->n++] = add;
	for (i = 0; i < new->n; i++) {
		new->level = max(new->level, new->masks[i]->level);
		needs |= microkey_needs(&new->masks[i]->mask);
	}
	/* who looks up by the masks with other needs than theirs only finds less in the cache */
	WRITE_ONCE(table->needs, needs);
	rcu_assign_pointer(table->masks, new);
	kvfree_rcu(old, rcu);
	return 0;
}

static int mask_cmp_weight(const void *a, const void *b)
{
	const struct flow_mask *x = *(struct flow_mask *const *)a;
	const struct flow_mask *y = *(struct flow_mask *const *)b;

	return x->weight < y->weight ? 1 : x->weight > y->weight ? -1 : 0;
}

static void masks_reorder(struct work_struct *work)
{
	struct flow_table *table = container_of(to_delayed_work(work), struct flow_table, reorder);
	struct mask_array *old, *new;
	bool is_sorted = true;
	u32 i, n_masks;
	int cpu;

	mutex_lock(&table->masks_lock);
	old = masks_deref(table);
	n_masks = old->n;
	for (i = 0; i < n_masks; i++) {
		struct flow_mask *mask = old->masks[i];
		u64 n = 0;

		for_each_possible_cpu(cpu)
			n += READ_ONCE(*per_cpu_ptr(mask->n_hits, cpu));
		/* half of what was before, and what came since */
		mask->weight = mask->weight / 2 + (n - mask->n_seen);
		mask->n_seen = n;
		if (i && old->masks[i - 1]->weight < mask->weight)
			is_sorted = false;
	}
	if (!is_sorted) {
		new = kvmalloc(struct_size(old, masks, old->n), GFP_KERNEL);
		if (new) {
			memcpy(new, old, struct_size(old, masks, old->n));
			sort(new->masks, new->n, sizeof(new->masks[0]), mask_cmp_weight, NULL);
			rcu_assign_pointer(table->masks, new);
			kvfree_rcu(old, rcu);
		}
	}
	if (n_masks > 1)
		schedule_delayed_work(&table->reorder, REORDER_PERIOD);
	mutex_unlock(&table->masks_lock);
}

static void mask_free(struct flow_mask *mask)
{
	if (!mask)
		return;
	free_percpu(mask->n_hits);
	kfree(mask);
}

static void mask_free_cb(struct rcu_head *rcu)
{
	mask_free(container_of(rcu, struct flow_mask, rcu));
}

/* Takes a reference of a flow to the mask, which is made if the table has none like it. */
static struct flow_mask *mask_ref(struct flow_table *table, const struct flow_key *key,
				  const struct key_range *range)
{
	struct flow_mask *mask;
	struct mask_array *array;
	u32 i;

	mutex_lock(&table->masks_lock);
	array = masks_deref(table);
	for (i = 0; i < array->n; i++) {
		mask = array->masks[i];
		if (mask->range.start == range->start && mask->range.end == range->end &&
		    !memcmp((const u64 *)&mask->mask + range->start,
			    (const u64 *)key + range->start,
			    (range->end - range->start) * sizeof(u64)))
			goto out;
	}

	mask = kzalloc(sizeof(*mask), GFP_KERNEL);
	if (!mask)
		goto err;
	mask->n_hits = alloc_percpu(u64);
	if (!mask->n_hits)
		goto err;
	mask->id = ++table->last_mask_id;
	mask->range = *range;
	memcpy((u64 *)&mask->mask + range->start, (const u64 *)key + range->start,
	       (range->end - range->start) * sizeof(u64));
	mask->level = key_level_of_mask(&mask->mask);
	if (masks_change(table, mask, NULL))
		goto err;
	if (i == 1) /* the second one */
		schedule_delayed_work(&table->reorder, REORDER_PERIOD);
out:
	mask->n_flows++;
	mutex_unlock(&table->masks_lock);
	return mask;
err:
	mutex_unlock(&table->masks_lock);
	mask_free(mask);
	return NULL;
}

static void mask_unref(struct flow_table *table, struct flow_mask *mask)
{
	int err = 0;

	if (--mask->n_flows)
		return;
	mutex_lock(&table->masks_lock);
	err = masks_change(table, NULL, mask);
	mutex_unlock(&table->masks_lock);
	/* without memory for a shorter array it stays, of no use to any packet, until its like is
	 * wanted again or the table goes */
	if (!err)
		call_rcu(&mask->rcu, mask_free_cb);
}

/* ---- look-up ------------------------------------------------------------------ */

static struct flow *lookup_mask(struct flow_table *table, const struct flow_mask *mask,
				const struct flow_key *key)
{
	struct key_arg arg = { .mask = mask, .key = (const u64 *)key };

	arg.hash = hash_masked(arg.key, mask);
	return rhashtable_lookup(&table->keys, &arg, key_params);
}

/* Of what tells flows from each other at most, for packets without a microkey. */
static u32 hash_packet_key(const struct flow_key *key)
{
	const u64 *w = (const u64 *)key;
	unsigned int i;
	u64 hash = hash_seed[1];

	for (i = 0; i < offsetof(struct flow_key, nd) / sizeof(u64); i++)
		hash = microkey_mix(hash ^ w[i], hash_seed[0]);
	return hash ^ hash >> 32;
}

/* All masks, that of the hint first.  *@n_tried: how many. */
static struct flow *lookup_masks(struct flow_table *table, const struct mask_array *masks,
				 const struct flow_key *key, u32 *index, u32 *n_tried)
{
	u32 hint = *index;
	struct flow *flow;
	u32 i;

	*n_tried = 0;
	if (hint < masks->n) {
		++*n_tried;
		flow = lookup_mask(table, masks->masks[hint], key);
		if (flow)
			return flow;
	}
	for (i = 0; i < masks->n; i++) {
		if (i == hint)
			continue;
		++*n_tried;
		flow = lookup_mask(table, masks->masks[i], key);
		if (flow) {
			*index = i;
			return flow;
		}
	}
	return NULL;
}

/* Behind the exact-match cache.  @mk: of the packet, NULL if it has none. */
static noinline struct flow *lookup_slow(struct flow_table *table, struct table_cpu *cpu,
					 struct sk_buff *skb, struct pkt *pkt,
					 const struct microkey *mk)
{
	const struct mask_cache *cache = rcu_dereference_bh(table->mask_cache);
	const struct mask_array *masks = rcu_dereference_bh(table->masks);
	struct mask_hint *hint = NULL;
	struct flow_key key __uninitialized; /* all of it is written, but not here */
	u32 hash = 0, index = U32_MAX, n_tried;
	bool is_hinted = false;
	struct flow *flow;
	int err;

	if (!mk)
		pkt->is_parsed = false;
	err = key_extract(skb, pkt, masks->level, &key);
	if (err)
		return ERR_PTR(err);
	if (cache && masks->n > 1) {
		hash = mk ? mk->hash : hash_packet_key(&key);
		hint = this_cpu_ptr(cache->hints) + (hash & (cache->n - 1));
		is_hinted = hint->hash == hash;
		if (is_hinted)
			index = hint->index;
	}
	flow = lookup_masks(table, masks, &key, &index, &n_tried);
	u64_stats_update_begin(&cpu->sync);
	u64_stats_add(&cpu->n_mask_hit, n_tried);
	if (flow && is_hinted && n_tried == 1)
		u64_stats_inc(&cpu->n_cache_hit);
	u64_stats_update_end(&cpu->sync);
	if (!flow)
		return NULL;
	this_cpu_inc(*flow->mask->n_hits);
	if (hint) {
		hint->hash = hash;
		hint->index = index;
	}
	if (mk && microkey_covers(mk, &flow->mask->mask))
		cache_insert(&cpu->cache, table->gens, mk, flow, READ_ONCE(table->n_flows));
	return flow;
}

/**
 * flow_lookup() - the flow of a packet
 * @table: of its datapath
 * @skb: packet, data at the outermost header
 * @pkt: its metadata
 * Context: RCU, BH disabled.
 * Return: see flow.h.
 */
struct flow *flow_lookup(struct flow_table *table, struct sk_buff *skb, struct pkt *pkt)
{
	struct table_cpu *cpu = this_cpu_ptr(table->cpus);
	struct microkey mk __uninitialized; /* its first n_words are written */
	struct flow *flow;

	if (unlikely(!microkey_extract(&mk, skb, pkt, READ_ONCE(table->needs))))
		return lookup_slow(table, cpu, skb, pkt, NULL);
	flow = cache_lookup(&cpu->cache, table->gens, &mk);
	if (unlikely(!flow))
		return lookup_slow(table, cpu, skb, pkt, &mk);
	u64_stats_update_begin(&cpu->sync);
	u64_stats_inc(&cpu->n_cache_hit);
	u64_stats_update_end(&cpu->sync);
	return flow;
}

/* ---- queries and changes ------------------------------------------------------ */

/* Words of a key up to the last one that is not 0. */
static unsigned int key_words(const struct flow_key *key)
{
	const u64 *w = (const u64 *)key;
	unsigned int n = KEY_WORDS;

	while (n && !w[n - 1])
		n--;
	return n;
}

static struct flow *find_name(struct flow_table *table, const struct name_arg *arg)
{
	struct flow *flow;

	rcu_read_lock();
	flow = rhashtable_lookup(&table->names, arg, name_params);
	rcu_read_unlock();
	return flow;
}

/**
 * flow_table_find_exact() - a flow by the key that it was installed with
 * @table: the table
 * @key: the unmasked key
 * Context: flow_lock held.
 * Return: the flow, which has no UFID, or NULL.
 */
struct flow *flow_table_find_exact(struct flow_table *table, const struct flow_key *key)
{
	struct name_arg arg = { .data = key, .n_words = key_words(key) };

	return find_name(table, &arg);
}

/**
 * flow_table_find_ufid() - a flow by its UFID
 * @table: the table
 * @ufid: the UFID
 * @len: its octets, 1 to FLOW_UFID_MAX
 * Context: flow_lock held.
 * Return: the flow or NULL.
 */
struct flow *flow_table_find_ufid(struct flow_table *table, const u8 *ufid, u8 len)
{
	struct name_arg arg = { .data = ufid, .ufid_len = len };

	return find_name(table, &arg);
}

/**
 * flow_table_find_key() - the flow that a packet with a key would hit
 * @table: the table
 * @key: the unmasked key
 * Context: flow_lock held.
 * Return: the flow or NULL.
 */
struct flow *flow_table_find_key(struct flow_table *table, const struct flow_key *key)
{
	u32 index = U32_MAX, n_tried;
	struct flow *flow;

	rcu_read_lock();
	flow = lookup_masks(table, rcu_dereference(table->masks), key, &index, &n_tried);
	rcu_read_unlock();
	return flow;
}

/**
 * flow_table_insert() - let packets find a flow
 * @table: the table
 * @flow: with masked key, name and program; the table's from now on, unless this fails
 * @mask: its mask
 * @range: the mask's range
 * Context: process context, flow_lock held.
 * Return: 0, -EEXIST, -ENOMEM or another error of the hash tables.
 */
int flow_table_insert(struct flow_table *table, struct flow *flow, const struct flow_key *mask,
		      const struct key_range *range)
{
	struct name_arg name;
	struct key_arg key = { .key = (const u64 *)&flow->key };
	int err;

	flow->mask = mask_ref(table, mask, range);
	if (!flow->mask)
		return -ENOMEM;
	key.mask = flow->mask;
	key.hash = hash_masked(key.key, flow->mask);
	flow->hash = key.hash;
	flow->part = table->last_part++ % CACHE_PARTS;

	err = xa_alloc(&table->ids, &flow->id, NULL, xa_limit_32b, GFP_KERNEL);
	if (err)
		goto err_mask;
	name_of(flow, &name);
	err = rhashtable_lookup_insert_key(&table->names, &name, &flow->name_node, name_params);
	if (err)
		goto err_id;
	err = rhashtable_lookup_insert_key(&table->keys, &key, &flow->key_node, key_params);
	if (err)
		goto err_name;
	xa_store(&table->ids, flow->id, flow, GFP_KERNEL); /* its place is there: no memory */
	if (flow->id >= table->id_end)
		WRITE_ONCE(table->id_end, flow->id + 1UL);
	WRITE_ONCE(table->n_flows, table->n_flows + 1);
	return 0;

err_name:
	rhashtable_remove_fast(&table->names, &flow->name_node, name_params);
err_id:
	xa_erase(&table->ids, flow->id);
err_mask:
	mask_unref(table, flow->mask);
	flow->mask = NULL;
	return err;
}

/**
 * flow_table_unlink() - take a flow out, and leave it to the caller
 * @table: the table
 * @flow: to be given to flow_table_release() under the same flow_lock; packets that have it by now
 *	may still use it
 * Context: process context, flow_lock held.
 */
void flow_table_unlink(struct flow_table *table, struct flow *flow)
{
	/* nobody finds it any more, */
	rhashtable_remove_fast(&table->keys, &flow->key_node, key_params);
	rhashtable_remove_fast(&table->names, &flow->name_node, name_params);
	xa_erase(&table->ids, flow->id);
	WRITE_ONCE(table->n_flows, table->n_flows - 1);
	/* no cache returns it to who has not started yet, */
	cache_forget(table->gens, flow);
}

/**
 * flow_table_release() - free a flow that was taken out
 * @table: the table
 * @flow: freed after a grace period; until then RCU readers may use it
 * Context: process context, flow_lock held; may sleep.
 */
void flow_table_release(struct flow_table *table, struct flow *flow)
{
	mask_unref(table, flow->mask);
	flow_free_rcu(flow);
}

/**
 * flow_table_flush() - take all flows out
 * @table: the table
 * Context: process context, flow_lock held.
 */
void flow_table_flush(struct flow_table *table)
{
	struct flow *flow;
	unsigned long id;

	xa_for_each(&table->ids, id, flow) {
		flow_table_unlink(table, flow);
		flow_table_release(table, flow);
		cond_resched();
	}
}

/**
 * flow_table_next() - walk flows
 * @table: the table
 * @id: from where on; becomes the id of the flow
 * @end: where to stop: who took it from flow_table_end() at the start is not kept by flows that
 * come
 *	as fast as they are walked
 *
 * A flow keeps its id, so a walk that goes on later misses none that was there all the time and
 * meets none twice.
 * Context: RCU.
 * Return: the flow, or NULL at the end.
 */
struct flow *flow_table_next(const struct flow_table *table, unsigned long *id, unsigned long end)
{
	if (*id >= end)
		return NULL;
	return xa_find((struct xarray *)&table->ids, id, end - 1, XA_PRESENT);
}

/**
 * flow_table_end() - a bound of ids
 * @table: the table
 * Context: any.
 * Return: a number above the ids of all flows that are there.
 */
unsigned long flow_table_end(const struct flow_table *table)
{
	return READ_ONCE(table->id_end);
}

/* ---- tables -------------------------------------------------------------------- */

static void mask_cache_free_cb(struct rcu_head *rcu)
{
	struct mask_cache *cache = container_of(rcu, struct mask_cache, rcu);

	free_percpu(cache->hints);
	kfree(cache);
}

/**
 * flow_table_set_mask_cache_size() - resize the mask cache
 * @table: the table
 * @n: entries of each CPU, a power of two; 0: no cache
 * Context: process context, flow_lock held or nobody else has the table.
 * Return: 0, -EINVAL or -ENOMEM.
 */
int flow_table_set_mask_cache_size(struct flow_table *table, u32 n)
{
	struct mask_cache *old, *new = NULL;

	if (n == flow_table_mask_cache_size(table))
		return 0;
	if (n > MASK_CACHE_SIZE_MAX || (n && !is_power_of_2(n)))
		return -EINVAL;
	if (n) {
		new = kzalloc(sizeof(*new), GFP_KERNEL);
		if (!new)
			return -ENOMEM;
		new->n = n;
		new->hints = __alloc_percpu(n * sizeof(struct mask_hint),
					    __alignof__(struct mask_hint));
		if (!new->hints) {
			kfree(new);
			return -ENOMEM;
		}
	}
	old = rcu_replace_pointer(table->mask_cache, new, true);
	if (old)
		call_rcu(&old->rcu, mask_cache_free_cb);
	return 0;
}

/**
 * flow_table_mask_cache_size() - entries of the mask cache of each CPU
 * @table: the table
 * Context: any.
 * Return: the number, 0: off.
 */
u32 flow_table_mask_cache_size(const struct flow_table *table)
{
	const struct mask_cache *cache;
	u32 n;

	rcu_read_lock();
	cache = rcu_dereference(table->mask_cache);
	n = cache ? cache->n : 0;
	rcu_read_unlock();
	return n;
}

/**
 * flow_table_get_stats() - what the table has and what looking up has cost
 * @table: the table
 * @stats: where to
 * Context: any.
 */
void flow_table_get_stats(const struct flow_table *table, struct flow_table_stats *stats)
{
	int cpu;

	memset(stats, 0, sizeof(*stats));
	stats->n_flows = READ_ONCE(table->n_flows);
	rcu_read_lock();
	stats->n_masks = rcu_dereference(table->masks)->n;
	rcu_read_unlock();
	for_each_possible_cpu(cpu) {
		const struct table_cpu *c = per_cpu_ptr(table->cpus, cpu);
		u64 n_cache_hit, n_mask_hit;
		unsigned int start;

		do {
			start = u64_stats_fetch_begin(&c->sync);
			n_cache_hit = u64_stats_read(&c->n_cache_hit);
			n_mask_hit = u64_stats_read(&c->n_mask_hit);
		} while (u64_stats_fetch_retry(&c->sync, start));
		stats->n_cache_hit += n_cache_hit;
		stats->n_mask_hit += n_mask_hit;
	}
}

/**
 * flow_table_create() - make an empty table
 * Context: process context.
 * Return: the table, NULL: no memory.
 */
struct flow_table *flow_table_create(void)
{
	struct flow_table *table = kzalloc(sizeof(*table), GFP_KERNEL);
	struct mask_array *masks;
	int cpu;

	if (!table)
		return NULL;
	get_random_once(hash_seed, sizeof(hash_seed));
	mutex_init(&table->masks_lock);
	xa_init_flags(&table->ids, XA_FLAGS_ALLOC);
	INIT_DELAYED_WORK(&table->reorder, masks_reorder);
	table->gens = kvzalloc(sizeof(*table->gens), GFP_KERNEL);
	if (!table->gens)
		goto err_table;
	masks = kzalloc(sizeof(*masks), GFP_KERNEL);
	if (!masks)
		goto err_gens;
	RCU_INIT_POINTER(table->masks, masks);
	table->cpus = alloc_percpu(struct table_cpu);
	if (!table->cpus)
		goto err_masks;
	for_each_possible_cpu(cpu) {
		struct table_cpu *c = per_cpu_ptr(table->cpus, cpu);

		u64_stats_init(&c->sync);
		cache_init(&c->cache, cpu);
	}
	if (flow_table_set_mask_cache_size(table, MASK_CACHE_SIZE))
		goto err_cpus;
	if (rhashtable_init(&table->keys, &key_params))
		goto err_mask_cache;
	if (rhashtable_init(&table->names, &name_params))
		goto err_keys;
	return table;

err_keys:
	rhashtable_destroy(&table->keys);
err_mask_cache:
	flow_table_set_mask_cache_size(table, 0);
err_cpus:
	free_percpu(table->cpus);
err_masks:
	kfree(masks);
err_gens:
	kvfree(table->gens);
err_table:
	kfree(table);
	return NULL;
}

/**
 * flow_table_destroy() - free a table and its flows
 * @table: no reader is left, or NULL
 * Context: process context.
 */
void flow_table_destroy(struct flow_table *table)
{
	struct mask_array *masks;
	struct flow *flow;
	unsigned long id;
	int cpu;
	u32 i;

	if (!table)
		return;
	cancel_delayed_work_sync(&table->reorder);
	for_each_possible_cpu(cpu)
		cache_uninit(&per_cpu_ptr(table->cpus, cpu)->cache);
	free_percpu(table->cpus);
	rhashtable_destroy(&table->names);
	rhashtable_destroy(&table->keys);
	xa_for_each(&table->ids, id, flow) {
		flow_free(flow);
		cond_resched();
	}
	xa_destroy(&table->ids);
	masks = rcu_dereference_protected(table->masks, true);
	for (i = 0; i < masks->n; i++)
		mask_free(masks->masks[i]);
	kvfree(masks);
	flow_table_set_mask_cache_size(table, 0);
	kvfree(table->gens);
	kfree(table);
}
