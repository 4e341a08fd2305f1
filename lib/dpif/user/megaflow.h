/* SPDX-License-Identifier: Apache-2.0 */
/* The masked flow table of a userspace datapath: flows grouped by mask into subtables, each a hash
 * table of the masked keys; and the same flows by unique identifier.
 * Threads: look-ups, statistics and dumps by any number, inside rcu_enter(); insertion, change and
 * removal under the table's lock, which is never taken on a hit. A flow lives until an RCU grace
 * period after its last reference; the table's is one, each entry of an exact-match cache
 * another. */
#ifndef DPIF_USER_MEGAFLOW_H
#define DPIF_USER_MEGAFLOW_H

#include "base/mutex.h"
#include "base/rcuhash.h"
#include "dpif/dpif.h"

/* Workers, and the one context of all other threads. */
#define USER_N_SLOTS (DPIF_MAX_WORKERS + 1)

struct megaflow_actions {
	struct rcu_item rcu;
	uint32_t len;
	uint8_t data[] __attribute__((aligned(8)));
};

/* Written by one worker, relaxed; read by anyone. */
struct megaflow_counters {
	uint64_t n_packets, n_bytes, used_ms;
	uint32_t tcp_flags;
};

struct subtable {
	struct rcu_item rcu;
	uint32_t index; /* smallest that was free: for workers' arrays of hit counts */
	uint32_t mask_hash;
	struct rcuhash flows;
	struct minimask mask; /* and its words */
};

struct megaflow {
	/* What a look-up reads. */
	struct rcuhash_node node; /* in subtable->flows */
	struct megaflow_actions *actions; /* RCU */
	uint32_t is_dead; /* atomic: removed from the table */
	int owner; /* atomic: slot that counts in 'own', -1: none yet */

	/* What packets write: the owner. */
	struct megaflow_counters own CACHE_ALIGNED;

	struct subtable *subtable CACHE_ALIGNED;
	struct megaflow_counters *
		*others; /* atomic: by slot, NULL until a second slot sees the flow */
	struct rcuhash_node ufid_node;
	struct ufid ufid;
	uint32_t number; /* in the table's array, for dumps */
	uint32_t n_refs; /* atomic */
	struct rcu_item rcu;
	struct miniflow key; /* of its first packet, whole: dumps show it; and its words */
};

struct subtable_vec { /* in order of creation; replaced whole */
	struct rcu_item rcu;
	uint64_t version;
	uint32_t n;
	struct subtable *t[];
};

#define MEGAFLOW_CHUNK 1024
#define MEGAFLOW_MAX (1u << 22)
struct megaflow_chunk {
	struct megaflow *flows[MEGAFLOW_CHUNK]; /* RCU; NULL: free number */
};

struct megaflow_table {
	struct mutex lock; /* writers; a leaf */
	struct subtable_vec *subtables; /* RCU */
	struct rcuhash by_ufid;
	uint32_t basis; /* of hashes: senders must not know which flows share a bucket */
	uint64_t n_inserts; /* atomic: whoever missed looks again if it has changed */
	uint32_t limit; /* atomic */
	/* All flows by number. */
	struct megaflow_chunk
		*chunks[MEGAFLOW_MAX / MEGAFLOW_CHUNK]; /* atomic, allocated on demand */
	uint32_t n_numbers; /* atomic: numbers below are, or were, in use */
	uint32_t *free_numbers; /* under 'lock' */
	size_t n_free, n_free_allocated;
};

void megaflow_table_init(struct megaflow_table *);
void megaflow_table_uninit(struct megaflow_table *); /* no worker is left */

/* Inserts a flow of 'key' under 'mask'.  0 and '*flowp' (may be NULL); -EEXIST if the identifier
 * or the masked key is there ('*flowp' is then that one); -ENOSPC if the table is full;
 * -ENOMEM. */
int megaflow_insert(struct megaflow_table *, const struct flow *key, const struct flow_mask *mask,
		    const struct ufid *, const void *actions, size_t actions_len,
		    struct megaflow **flowp);
/* Both inside rcu_enter() until the caller is done with the flow. */
struct megaflow *megaflow_by_ufid(struct megaflow_table *, const struct ufid *);
struct megaflow *megaflow_by_number(struct megaflow_table *, uint32_t number);
int megaflow_set_actions(struct megaflow_table *, struct megaflow *, const void *actions,
			 size_t len);
/* -ENOENT if another thread was first. */
int megaflow_remove(struct megaflow_table *, struct megaflow *);
void megaflow_flush(struct megaflow_table *);
size_t megaflow_count(const struct megaflow_table *);
size_t megaflow_n_masks(const struct megaflow_table *);

/* For exact-match caches.  False if the flow has lost its last reference. */
bool megaflow_try_ref(struct megaflow *);
void megaflow_unref(struct megaflow *);
static inline bool megaflow_is_dead(const struct megaflow *f)
{
	return __atomic_load_n(&f->is_dead, __ATOMIC_RELAXED);
}

/* Makes 'slot' the owner of a flow that has none. */
bool megaflow_claim(struct megaflow *, unsigned int slot);
/* Counts, as 'slot', which one thread has at a time. */
void megaflow_add_stats(struct megaflow *, unsigned int slot, uint64_t n_packets, uint64_t n_bytes,
			uint16_t tcp_flags, uint64_t now_ms);
void megaflow_get_stats(const struct megaflow *, struct dpif_flow_stats *);
void megaflow_zero_stats(struct megaflow *);

/* One worker's order of the subtables, the most often hit first. */
struct subtable_order {
	uint64_t version; /* of the vector that it was made from */
	uint32_t n, size;
	struct subtable_rank {
		struct subtable *t;
		uint64_t hits;
	} * ranks;
	uint64_t *hits; /* by index, kept over changes of the vector */
	uint32_t n_hits;
	uint64_t next_sort_ms;
};
void subtable_order_uninit(struct subtable_order *);
/* The flow that matches 'key', or NULL; adds the number of subtables that were searched.  Inside
 * rcu_enter(). */
struct megaflow *megaflow_lookup(struct megaflow_table *, struct subtable_order *,
				 const struct miniflow *key, uint64_t now_ms, uint64_t *n_searched);

#endif
