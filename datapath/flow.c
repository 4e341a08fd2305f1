// SPDX-License-Identifier: GPL-2.0
/*
 * Flows: memory and statistics.
 *
 * A flow that one CPU alone serves, which is the most common kind, counts in the memory of the flow
 * itself; the first CPU that counts a packet owns that.  Others get theirs when they come.
 */
#include "flow.h"

#include <linux/nodemask.h>
#include <linux/slab.h>

#include "action.h"
#include "microkey.h"

/* Keys end where their mask does: the masks without IPv6 neighbour discovery and without a tunnel
 * are nearly all. */
static const struct {
	const char *name;
	size_t size;
} kinds[] = {
	{ "ovs_flow", offsetof(struct flow, key) + offsetof(struct flow_key, nd) },
	{ "ovs_flow_nd", offsetof(struct flow, key) + offsetof(struct flow_key, tun) },
};
static_assert(KEY_WORDS <= U8_MAX); /* n_words, n_unmasked */
static struct kmem_cache *kind_slabs[ARRAY_SIZE(kinds)];
static struct kmem_cache *stats_slab;

static inline size_t flow_size(unsigned int n_words)
{
	return offsetof(struct flow, key) + n_words * sizeof(u64);
}

/**
 * flow_alloc() - memory for a flow
 * @n_words: words of its key
 * Context: process context.
 * Return: the flow, zeroed, without statistics; NULL: no memory.
 */
struct flow *flow_alloc(unsigned int n_words)
{
	size_t size = flow_size(n_words);
	struct flow *flow = NULL;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (size <= kinds[i].size)
			break;
	if (i < ARRAY_SIZE(kinds))
		flow = kmem_cache_zalloc(kind_slabs[i], GFP_KERNEL);
	else
		flow = kzalloc(size, GFP_KERNEL);
	if (!flow)
		return NULL;
	flow->n_words = n_words;
	flow->stats0_cpu = -1;
	u64_stats_init(&flow->stats0.sync);
	return flow;
}

/**
 * flow_free() - free a flow that no reader can have
 * @flow: the flow, out of every table, or NULL
 * Context: any but hard interrupts.
 */
void flow_free(struct flow *flow)
{
	struct flow_stats_array *array;
	struct flow_stats *stats;
	unsigned int i;
	int cpu;

	if (!flow)
		return;
	action_prog_free(rcu_dereference_protected(flow->prog, true));
	array = rcu_dereference_protected(flow->stats, true);
	if (array) {
		for_each_possible_cpu(cpu) {
			stats = rcu_dereference_protected(array->of[cpu], true);
			if (stats)
				kmem_cache_free(stats_slab, stats);
		}
		kfree(array);
	}
	kfree(flow->unmasked);
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (flow_size(flow->n_words) <= kinds[i].size) {
			kmem_cache_free(kind_slabs[i], flow);
			return;
		}
	kfree(flow);
}

static void flow_free_cb(struct rcu_head *rcu)
{
	flow_free(container_of(rcu, struct flow, rcu));
}

/**
 * flow_free_rcu() - free a flow that readers may still have
 * @flow: the flow, out of every table and forgotten by the caches
 * Context: any.
 */
void flow_free_rcu(struct flow *flow)
{
	call_rcu(&flow->rcu, flow_free_cb);
}

/* ---- statistics ------------------------------------------------------------- */

/**
 * flow_stats_of_cpu() - where this CPU counts the packets of a flow
 * @flow: a flow that this CPU does not own the first statistics of
 * @cpu: this one
 * Context: RCU, BH disabled.
 * Return: the statistics, or NULL if there is no memory now: count in adj_packets and adj_bytes.
 */
struct flow_stats *flow_stats_of_cpu(struct flow *flow, int cpu)
{
	const gfp_t gfp = GFP_ATOMIC | __GFP_NOWARN | __GFP_ZERO | __GFP_NOMEMALLOC;
	struct flow_stats_array *array, *other;
	struct flow_stats *stats;

	if (READ_ONCE(flow->stats0_cpu) == -1 && cmpxchg(&flow->stats0_cpu, -1, cpu) == -1)
		return &flow->stats0;

	array = rcu_dereference(flow->stats);
	if (!array) {
		array = kmalloc(nr_cpu_ids * sizeof(array->of[0]), gfp);
		if (!array)
			return NULL;
		other = unrcu_pointer(cmpxchg(&flow->stats, NULL, RCU_INITIALIZER(array)));
		if (other) {
			kfree(array);
			array = other;
		}
	}
	/* this slot is written by this CPU alone */
	stats = rcu_dereference(array->of[cpu]);
	if (stats)
		return stats;
	stats = kmem_cache_alloc(stats_slab, gfp);
	if (!stats)
		return NULL;
	u64_stats_init(&stats->sync);
	rcu_assign_pointer(array->of[cpu], stats);
	return stats;
}

struct sums {
	u64 n_packets, n_bytes;
	unsigned long used;
	__be16 tcp_flags;
};

static void add_stats(struct sums *sums, const struct flow_stats *stats)
{
	unsigned long used = READ_ONCE(stats->used);
	u64 n_packets, n_bytes;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&stats->sync);
		n_packets = u64_stats_read(&stats->n_packets);
		n_bytes = u64_stats_read(&stats->n_bytes);
	} while (u64_stats_fetch_retry(&stats->sync, start));
	sums->n_packets += n_packets;
	sums->n_bytes += n_bytes;
	sums->tcp_flags |= READ_ONCE(stats->tcp_flags);
	if (used && (!sums->used || time_after(used, sums->used)))
		sums->used = used;
}

/* All statistics that the flow has. */
#define for_each_stats(stats, flow, cpu)                                                           \
	for (cpu = -1, stats = (struct flow_stats *)&(flow)->stats0; stats;                        \
	     stats = next_stats(flow, &cpu))

static struct flow_stats *next_stats(const struct flow *flow, int *cpu)
{
	struct flow_stats_array *array = rcu_dereference(flow->stats);
	struct flow_stats *stats;

	if (!array)
		return NULL;
	while ((*cpu = cpumask_next(*cpu, cpu_possible_mask)) < nr_cpu_ids) {
		stats = rcu_dereference(array->of[*cpu]);
		if (stats)
			return stats;
	}
	return NULL;
}

/**
 * flow_get_stats() - what all CPUs have counted
 * @flow: the flow
 * @stats: where to
 * @used: jiffies of the last packet, 0: none
 * @tcp_flags: or of all
 * Context: RCU, or flow_lock held.
 */
void flow_get_stats(const struct flow *flow, struct ovs_flow_stats *stats, unsigned long *used,
		    __be16 *tcp_flags)
{
	struct flow_stats *s;
	struct sums sums = {};
	int cpu;

	rcu_read_lock();
	for_each_stats(s, flow, cpu)
		add_stats(&sums, s);
	rcu_read_unlock();
	stats->n_packets = sums.n_packets + atomic64_read(&flow->adj_packets);
	stats->n_bytes = sums.n_bytes + atomic64_read(&flow->adj_bytes);
	*used = sums.used;
	*tcp_flags = sums.tcp_flags;
}

/**
 * flow_clear_stats() - start from 0
 * @flow: the flow
 *
 * The counters belong to their CPUs, so what they have is subtracted from now on: no packet that is
 * counted meanwhile is lost.  The time and the flags have no such sum; a packet that is counted
 * just now may leave its own behind.
 * Context: process context, flow_lock held.
 */
void flow_clear_stats(struct flow *flow)
{
	struct ovs_flow_stats stats;
	struct flow_stats *s;
	unsigned long used;
	__be16 tcp_flags;
	int cpu;

	flow_get_stats(flow, &stats, &used, &tcp_flags);
	atomic64_sub(stats.n_packets, &flow->adj_packets);
	atomic64_sub(stats.n_bytes, &flow->adj_bytes);
	rcu_read_lock();
	for_each_stats(s, flow, cpu) {
		WRITE_ONCE(s->used, 0);
		WRITE_ONCE(s->tcp_flags, 0);
	}
	rcu_read_unlock();
}

/* ---- module ----------------------------------------------------------------- */

/**
 * flow_module_init() - slab caches, key of the hashes
 * Context: process context.
 * Return: 0 or -ENOMEM.
 */
int flow_module_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		kind_slabs[i] = kmem_cache_create(kinds[i].name, kinds[i].size, 0,
						  SLAB_HWCACHE_ALIGN, NULL);
		if (!kind_slabs[i])
			goto err;
	}
	stats_slab = kmem_cache_create("ovs_flow_stats", sizeof(struct flow_stats), 0,
				       SLAB_HWCACHE_ALIGN, NULL);
	if (!stats_slab)
		goto err;
	microkey_module_init();
	return 0;
err:
	flow_module_exit();
	return -ENOMEM;
}

/**
 * flow_module_exit() - give the slab caches back
 *
 * The caller has waited for the callbacks of flow_free_rcu() with rcu_barrier().
 * Context: process context.
 */
void flow_module_exit(void)
{
	unsigned int i;

	kmem_cache_destroy(stats_slab);
	stats_slab = NULL;
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		kmem_cache_destroy(kind_slabs[i]);
		kind_slabs[i] = NULL;
	}
}
