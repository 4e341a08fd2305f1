/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flows of a datapath: masked keys with actions and statistics, the table of them, and the two
 * per-CPU caches before it.
 *
 * Look-up, cheapest first (flow_lookup()):
 *   1. exact-match cache, per CPU: keyed on raw header words of the packet and its metadata
 *      ("microkey", microkey.c), so nothing is dissected.  A flow goes in only if its mask looks at
 *      nothing that the microkey leaves out.
 *   2. mask cache, per CPU: which mask the packets with this hash matched last.
 *   3. all masks, those with most hits first.
 *
 * Writers hold dp->flow_lock; readers are under RCU with BH disabled.
 */
#ifndef DATAPATH_FLOW_H
#define DATAPATH_FLOW_H

#include <linux/if_vlan.h>
#include <linux/in.h>
#include <linux/mutex.h>
#include <linux/rhashtable.h>
#include <linux/skbuff.h>
#include <linux/u64_stats_sync.h>

#include "flow_key.h"
#include "pkt.h"

struct action_prog;
struct datapath;

#define FLOW_UFID_MAX 16

struct flow_stats { /* of one CPU, which alone writes */
	u64_stats_t n_packets, n_bytes;
	unsigned long used; /* jiffies; 0: never */
	struct u64_stats_sync sync;
	__be16 tcp_flags; /* or of all */
};

struct flow_stats_array { /* [nr_cpu_ids], each made when its CPU counts first */
	DECLARE_FLEX_ARRAY(struct flow_stats __rcu *, of);
};

struct flow_mask {
	struct rcu_head rcu;
	u64 __percpu *n_hits; /* packets that the table, not a cache, found by it */
	u64 n_seen, weight; /* of the last reordering: sum of n_hits; of late */
	u32 n_flows; /* under flow_lock */
	u32 id; /* part of the hash of masked keys: unique in the table */
	struct key_range range;
	u8 level; /* enum key_level that it needs */
	struct flow_key mask;
};

struct flow {
	/* What every packet of the flow reads. */
	struct action_prog __rcu *prog;
	struct flow_stats_array __rcu *stats; /* made when a second CPU comes */
	struct flow_mask *mask;
	struct rhash_head key_node, name_node;
	int stats0_cpu; /* that has stats0; -1: none yet */
	u32 hash; /* of the masked key */
	u32 id; /* place in dumps */
	u16 part; /* of the caches: cache.h */
	u8 n_words; /* of the key, that are allocated */
	u8 ufid_len; /* 0: named by its unmasked key */
	bool dead; /* out of the table; caches still know it for a grace period */
	u8 n_unmasked; /* words of 'unmasked', those behind are 0 */

	struct flow_stats stats0 ____cacheline_aligned_in_smp;
	struct rcu_head rcu;
	u8 ufid[FLOW_UFID_MAX];

	/* Added to the sums of all CPUs: what found no memory to be counted in, less what was
	 * cleared. */
	atomic64_t adj_packets, adj_bytes;
	u64 *unmasked; /* key as it was given, if ufid_len is 0; else NULL */
	struct flow_key key; /* masked; allocated only up to the mask's range end */
};

struct flow_table; /* opaque: table.c */

struct flow_table_stats {
	u64 n_flows, n_masks;
	u64 n_mask_hit, n_cache_hit; /* masks tried; answered by a cache */
};

int flow_module_init(void); /* slab caches */
void flow_module_exit(void);

struct flow_table *flow_table_create(void); /* NULL: no memory */
void flow_table_destroy(struct flow_table *table); /* and its flows; no reader is left */
void flow_table_get_stats(const struct flow_table *table, struct flow_table_stats *stats);
u32 flow_table_mask_cache_size(const struct flow_table *table);
int flow_table_set_mask_cache_size(struct flow_table *table, u32 n); /* 0: off */

/**
 * flow_lookup() - the flow of a packet
 * @table: its datapath's
 * @skb: packet, data at the outermost header
 * @pkt: its metadata; *pkt is_parsed afterwards if a cache or the parser has found the offsets
 * Context: RCU, BH disabled; may reallocate the skb's head.
 * Return: the flow, NULL for a miss, or ERR_PTR() for what cannot be parsed.
 */
struct flow *flow_lookup(struct flow_table *table, struct sk_buff *skb, struct pkt *pkt);

/* Statistics of @cpu, which is this one, made if there are none yet; NULL: no memory. */
struct flow_stats *flow_stats_of_cpu(struct flow *flow, int cpu);

/* Counts a packet of the flow.  BH disabled. */
static inline void flow_count(struct flow *flow, const struct sk_buff *skb, const struct pkt *pkt)
{
	int cpu = smp_processor_id();
	struct flow_stats *stats = &flow->stats0;
	unsigned int len = skb->len;

	if (skb_vlan_tag_present(skb))
		len += VLAN_HLEN;
	if (unlikely(READ_ONCE(flow->stats0_cpu) != cpu)) {
		stats = flow_stats_of_cpu(flow, cpu);
		if (unlikely(!stats)) {
			atomic64_inc(&flow->adj_packets);
			atomic64_add(len, &flow->adj_bytes);
			return;
		}
	}
	u64_stats_update_begin(&stats->sync);
	u64_stats_inc(&stats->n_packets);
	u64_stats_add(&stats->n_bytes, len);
	u64_stats_update_end(&stats->sync);
	WRITE_ONCE(stats->used, jiffies);
	if (pkt->is_parsed && pkt->l4_proto == IPPROTO_TCP) {
		__be16 flags = *(__be16 *)(skb_transport_header(skb) + 12) & htons(0x0fff);

		if (flags & ~stats->tcp_flags)
			WRITE_ONCE(stats->tcp_flags, stats->tcp_flags | flags);
	}
}

/* A flow whose key has @n_words; zeroed but for what says that nothing is counted yet. */
struct flow *flow_alloc(unsigned int n_words);
/* At once, or after a grace period: with its program and statistics. */
void flow_free(struct flow *flow);
void flow_free_rcu(struct flow *flow);

/* Under flow_lock: */
/* The flow without a UFID that was installed with this very unmasked key. */
struct flow *flow_table_find_exact(struct flow_table *table, const struct flow_key *key);
struct flow *flow_table_find_ufid(struct flow_table *table, const u8 *ufid, u8 len);
/* The flow that a packet with this unmasked key would hit. */
struct flow *flow_table_find_key(struct flow_table *table, const struct flow_key *key);
/* Takes a flow with its key, name and program set.  -EEXIST: its name or its masked key is
 * taken. */
int flow_table_insert(struct flow_table *table, struct flow *flow, const struct flow_key *mask,
		      const struct key_range *range);
/* freed after a grace period */
void flow_table_unlink(struct flow_table *table, struct flow *flow);
void flow_table_release(struct flow_table *table, struct flow *flow);
void flow_table_flush(struct flow_table *table);
/* Under RCU: the flow with the lowest id from *@id on, which is set to its; NULL: none below
 * @end. */
struct flow *flow_table_next(const struct flow_table *table, unsigned long *id, unsigned long end);
unsigned long flow_table_end(const struct flow_table *table); /* above the ids of all flows now */

/* Sums of all CPUs. */
void flow_get_stats(const struct flow *flow, struct ovs_flow_stats *stats, unsigned long *used,
		    __be16 *tcp_flags);
void flow_clear_stats(struct flow *flow);

#endif
