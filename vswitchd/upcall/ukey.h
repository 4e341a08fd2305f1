/* SPDX-License-Identifier: Apache-2.0 */
/* What we remember of each flow installed in a datapath: the effects of its translation, what that
 * depended on, and up to where its statistics were pushed.  Key, mask and actions stay in the
 * datapath, which shows them in each dump.
 * Threads: the table is sharded, look-ups are lock-free inside rcu_enter(); an entry is worked on
 * by who holds it (ukey_hold()). */
#ifndef UPCALL_UKEY_H
#define UPCALL_UKEY_H

#include "base/mutex.h"
#include "base/rcuhash.h"
#include "dpif/dpif.h"
#include "pipeline/effect.h"
#include "upcall/tags.h"

#define UKEY_SHARDS 64
#define UKEY_RATE_MS 500

struct ukey {
	struct rcuhash_node node; /* in its shard, by UFID */
	struct ufid ufid;
	uint64_t created_ms;
	uint32_t in_port;
	bool held; /* atomic */
	bool gone; /* by the holder: taken out of the table */
	uint64_t seq; /* by the holder: configuration that 'effects' belongs to */
	/* By the holder: the last round that found it in the datapath.  Its translation agrees with
	 * all that was touched before that round began. */
	uint64_t round;
	struct effects effects; /* by the holder */
	struct dpif_flow_stats pushed; /* by the holder: statistics that were pushed */
	/* By the holder: packets a second between the last two pushes that were UKEY_RATE_MS apart;
	 * UINT32_MAX if there were none; and the count and time of the last of them. */
	uint32_t pps;
	uint64_t rated_packets, rated_ms;
	struct rcu_item rcu;
};

struct ukey_shard {
	struct mutex lock; /* of the writers of 'table' */
	struct rcuhash table;
} CACHE_ALIGNED;

struct ukeys {
	struct ukey_shard shards[UKEY_SHARDS];
	struct tags *tags;
	size_t n; /* atomic */
	uint32_t *of_port; /* [DPIF_MAX_PORTS], atomic: how many came in there */
	uint32_t n_ports; /* atomic: that have any */
	uint32_t basis; /* of hashes */
};

void ukeys_init(struct ukeys *, struct tags *);
void ukeys_uninit(struct ukeys *); /* no reader or writer is left; frees what it holds */
size_t ukeys_count(const struct ukeys *);
/* Flows of that port, and ports that have any. */
uint32_t ukeys_of_port(const struct ukeys *, uint32_t port);
uint32_t ukeys_n_ports(const struct ukeys *);
/* How many flows each port may have at most so that there are no more than 'limit'; no more than
 * the fullest one has. */
uint32_t ukeys_level(const struct ukeys *, size_t limit);

/* Takes over the content of 'effects'.  Held by the caller. */
struct ukey *ukey_create(const struct ufid *, uint32_t in_port, struct effects *);
void ukey_destroy(struct ukey *); /* one that never was in a table */
/* The caller holds it then, and lets go of it when the flow is in the datapath.  False if the UFID
 * is there already; the ukey is the caller's then.  Sets '*wake' if something that the flow depends
 * on was touched just now: the caller wakes the revalidators. */
bool ukeys_insert(struct ukeys *, struct ukey *, bool *wake);
/* RCU. */
struct ukey *ukeys_lookup(const struct ukeys *, const struct ufid *);
/* By the holder, who lets go of it by this. */
void ukeys_remove(struct ukeys *, struct ukey *);
bool ukey_hold(struct ukey *); /* false: somebody else has it, or it is gone */
void ukey_let_go(struct ukey *);
/* By the holder: swaps in the effects of a new translation, made in the same read section.  '*wake'
 * as above. */
void ukeys_set_effects(struct ukeys *, struct ukey *, struct effects *, bool *wake);
/* By the holder: whether it depends on something that is in the set. */
bool ukey_is_touched(const struct ukey *, const struct tag_set *);
/* Calls 'fn' with each of a shard, those that come or go meanwhile perhaps.  RCU. */
void ukeys_walk(const struct ukeys *, unsigned int shard, void (*fn)(struct ukey *, void *aux),
		void *aux);
/* By the holder: pushes the difference to what was pushed before. */
void ukey_push(struct ukey *, const struct dpif_flow_stats *, uint64_t now_ms);

#endif
