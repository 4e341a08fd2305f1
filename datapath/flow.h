/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flows of a datapath: masked keys with actions and statistics, the table of them, and the two per-CPU
 * caches before it.
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

#include <linux/mutex.h>
#include <linux/rhashtable.h>
#include <linux/u64_stats_sync.h>

#include "flow_key.h"
#include "pkt.h"

struct action_prog;
struct datapath;

#define FLOW_UFID_MAX 16

struct flow_stats {
	u64_stats_t n_packets, n_bytes;
	unsigned long used; /* jiffies; 0: never */
	struct u64_stats_sync sync;
	__be16 tcp_flags; /* or of all */
} ____cacheline_aligned_in_smp;

struct flow_mask {
	struct rcu_head rcu;
	struct list_head node; /* in the table; under flow_lock */
	u32 n_flows; /* under flow_lock */
	u32 id; /* part of the hash of masked keys: unique in the table */
	struct key_range range;
	u8 level; /* enum key_level that it needs */
	bool is_cacheable; /* a microkey covers it */
	struct flow_key mask;
};

struct flow {
	struct rcu_head rcu;
	struct rhash_head key_node, ufid_node;
	struct flow_mask *mask;
	struct action_prog __rcu *prog;
	u32 hash; /* of the masked key */
	u8 ufid_len; /* 0: named by its unmasked key */
	bool dead; /* out of the table; caches still know it for a grace period */
	u8 ufid[FLOW_UFID_MAX];
	struct flow_key *unmasked; /* as it was given, if ufid_len is 0; else NULL */
	struct flow_stats __rcu **stats; /* [nr_cpu_ids], allocated on first use */
	struct flow_stats stats0; /* of the CPU that came first */
	int stats0_cpu; /* -1: none yet */
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
/* Counts a packet of the flow.  BH disabled. */
void flow_count(struct flow *flow, const struct sk_buff *skb, const struct pkt *pkt);

/* Under flow_lock: */
struct flow *flow_table_find_exact(struct flow_table *table, const struct key_match *match);
struct flow *flow_table_find_ufid(struct flow_table *table, const u8 *ufid, u8 len);
/* The flow that a packet with this unmasked key would hit. */
struct flow *flow_table_find_key(struct flow_table *table, const struct flow_key *key);
int flow_table_insert(struct flow_table *table, struct flow *flow, const struct flow_key *mask,
		      const struct key_range *range);
void flow_table_remove(struct flow_table *table, struct flow *flow); /* freed after a grace period */
void flow_table_flush(struct flow_table *table);

/* Sums of all CPUs. */
void flow_get_stats(const struct flow *flow, struct ovs_flow_stats *stats, unsigned long *used,
		    __be16 *tcp_flags);
void flow_clear_stats(struct flow *flow);

#endif
