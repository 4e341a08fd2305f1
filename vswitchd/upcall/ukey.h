/* SPDX-License-Identifier: Apache-2.0 */
/* What we remember of each flow installed in a datapath: the effects of its translation, and up to
 * where its statistics were pushed.  Key, mask and actions stay in the datapath, which shows them
 * in each dump.
 * Threads: the table is sharded, look-ups are lock-free inside rcu_enter(); an entry is worked on
 * by who holds it (ukey_hold()). */
#ifndef UPCALL_UKEY_H
#define UPCALL_UKEY_H

#include "base/mutex.h"
#include "base/rcuhash.h"
#include "dpif/dpif.h"
#include "pipeline/effect.h"

#define UKEY_SHARDS 64

struct ukey {
	struct rcuhash_node node; /* in its shard, by UFID */
	struct ufid ufid;
	uint64_t created_ms;
	bool held; /* atomic */
	bool gone; /* by the holder: taken out of the table */
	uint64_t seq; /* by the holder: configuration that 'effects' belongs to */
	struct effects effects; /* by the holder */
	struct dpif_flow_stats pushed; /* by the holder: statistics that were pushed */
	struct rcu_item rcu;
};

struct ukey_shard {
	struct mutex lock; /* of the writers of 'table' */
	struct rcuhash table;
} CACHE_ALIGNED;

struct ukeys {
	struct ukey_shard shards[UKEY_SHARDS];
	size_t n; /* atomic */
	uint32_t basis; /* of hashes */
};

void ukeys_init(struct ukeys *);
void ukeys_uninit(struct ukeys *); /* no reader or writer is left; frees what it holds */
size_t ukeys_count(const struct ukeys *);

/* Takes over the content of 'effects'.  Held by the caller. */
struct ukey *ukey_create(const struct ufid *, uint64_t seq, struct effects *);
void ukey_destroy(struct ukey *); /* one that never was in a table */
/* The caller holds it then, and lets go of it when the flow is in the datapath.  False if the UFID
 * is there already; the ukey is the caller's then. */
bool ukeys_insert(struct ukeys *, struct ukey *);
/* RCU. */
struct ukey *ukeys_lookup(const struct ukeys *, const struct ufid *);
/* By the holder, who lets go of it by this. */
void ukeys_remove(struct ukeys *, struct ukey *);
bool ukey_hold(struct ukey *); /* false: somebody else has it, or it is gone */
void ukey_let_go(struct ukey *);
/* By the holder: pushes the difference to what was pushed before. */
void ukey_push(struct ukey *, const struct dpif_flow_stats *);

#endif
