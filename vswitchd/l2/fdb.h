/* SPDX-License-Identifier: Apache-2.0 */
/* The MAC table (forwarding database) of a bridge: (VLAN, address) -> port, with ageing, a limit,
 * fair eviction (the oldest entry of the port that has most), moves, gratuitous-ARP locks, static
 * entries.
 * "Port" is an opaque 'struct fdb_port' that its owner embeds.
 *
 * Threads: look-ups are lock-free, inside rcu_enter(); one writer lock for each table is taken on a
 * new or moved entry.  "Used" is a relaxed store at most once a second. */
#ifndef L2_FDB_H
#define L2_FDB_H

#include <urcu/list.h>

#include "base/mutex.h"
#include "base/rcuhash.h"
#include "flow/flow.h"

#define FDB_DEFAULT_AGING_S 300
#define FDB_MAX_AGING_S 3600
#define FDB_DEFAULT_MAX 8192
#define FDB_MIN_MAX 10
#define FDB_GRAT_ARP_LOCK_S 5

struct fdb;

struct fdb_port {
	struct cds_list_head entries; /* least recently used first; guarded by the table's lock */
	uint32_t n_entries; /* the same */
	/* the same: place among the ports by n_entries, UINT32_MAX if it has none */
	uint32_t heap_index;
	bool is_gone; /* the same: set by fdb_flush_port(), nothing is learned there any more */
};
void fdb_port_init(struct fdb_port *);

struct fdb_entry {
	struct rcuhash_node node;
	uint8_t mac[6];
	uint16_t vlan;
	bool is_static;
	struct fdb_port *port; /* atomic pointer; valid while the entry is, see fdb_flush_port() */
	uint64_t used_ms; /* relaxed: clock_ms() of the last frame from here */
	uint64_t grat_arp_lock_ms; /* until when gratuitous ARPs do not move it; under the lock */
	struct cds_list_head lru; /* in the port's list; under the lock, as is 'lru_ms' */
	/* in the wheel of what ages; under the lock, not for static ones */
	struct cds_list_head due;
	uint64_t lru_ms; /* 'used_ms' when it was put there: a later use moves it lazily */
	struct rcu_item rcu;
};

struct fdb_stats {
	uint64_t n_learned, n_expired, n_evicted, n_moved;
	uint32_t n, max, n_static;
	uint32_t aging_s;
};

struct fdb *fdb_create(void);
struct fdb *fdb_ref(struct fdb *);
void fdb_unref(struct fdb *);
/* at most FDB_MAX_AGING_S, 15 and more are sensible; expires at once */
void fdb_set_aging(struct fdb *, uint32_t aging_s);
void fdb_set_max(struct fdb *, uint32_t max);
/* VLANs that are flooded and not learned, NULL: none (copied). */
void fdb_set_flood_vlans(struct fdb *, const unsigned long *);
bool fdb_may_learn(const struct fdb *, const uint8_t mac[6], uint16_t vlan);

/* NULL if unknown.  RCU. */
const struct fdb_entry *fdb_lookup(const struct fdb *, const uint8_t mac[6], uint16_t vlan);
struct fdb_port *fdb_entry_port(const struct fdb_entry *);

enum fdb_learn_result { FDB_KNOWN, FDB_NEW, FDB_MOVED, FDB_REFUSED };
/* A frame with this source came in at 'port'.  'is_bond': frames reflected by the peer's flooding
 * must not move the address here; a gratuitous ARP ('is_grat_arp') does, and locks entries of other
 * ports against bonds for FDB_GRAT_ARP_LOCK_S.  Would it change the table?  Lock-free. */
bool fdb_learn_is_needed(const struct fdb *, const uint8_t mac[6], uint16_t vlan,
			 const struct fdb_port *, bool is_bond, bool is_grat_arp);
enum fdb_learn_result fdb_learn(struct fdb *, const uint8_t mac[6], uint16_t vlan,
				struct fdb_port *, bool is_bond, bool is_grat_arp);
/* A cached flow from this source was used at 'used_ms': keeps the entry alive; makes it anew or
 * moves it here, as a frame would, if the table has seen nothing later of that address: cached
 * flows pass no frames through fdb_learn(), and a station that returns to a port where its flow is
 * still cached, or whose entry was flushed or evicted, is known only by this. */
void fdb_refresh(struct fdb *, const uint8_t mac[6], uint16_t vlan, struct fdb_port *, bool is_bond,
		 bool is_grat_arp, uint64_t used_ms);

/* The same of a flow that was cached before this table was: what was flushed or deleted here tells
 * nothing about it. */
void fdb_recall(struct fdb *, const uint8_t mac[6], uint16_t vlan, struct fdb_port *, bool is_bond,
		uint64_t used_ms);

/* Static entries neither move nor age.  0, or -EINVAL for a group address. */
int fdb_add_static(struct fdb *, const uint8_t mac[6], uint16_t vlan, struct fdb_port *);
int fdb_del(struct fdb *, const uint8_t mac[6], uint16_t vlan); /* any kind; -ENOENT */
void fdb_flush(struct fdb *); /* learned ones */
/* All of a port, static ones too, and for good: before the port goes away.  Cached flows that still
 * name it teach the table nothing afterwards. */
void fdb_flush_port(struct fdb *, struct fdb_port *);
/* What was learned there; static entries stay, and so does the port. */
void fdb_flush_port_learned(struct fdb *, struct fdb_port *);
/* Expires what is due; returns when to call again (UINT64_MAX: nothing ages). */
uint64_t fdb_run(struct fdb *, uint64_t now_ms);
void fdb_get_stats(const struct fdb *, struct fdb_stats *);
void fdb_clear_stats(struct fdb *);
/* Changes whenever an entry is added, moved or removed: cached flows must be revalidated then. */
uint64_t fdb_change_seq(const struct fdb *);
/* Called (any thread, outside the lock) after such a change. */
void fdb_set_changed_cb(struct fdb *, void (*)(struct fdb *, void *aux), void *aux);
/* What the result of a look-up depends on besides flood VLANs: a hash, the same for few other
 * addresses of this table or another. */
uint32_t fdb_tag(const struct fdb *, const uint8_t mac[6], uint16_t vlan);
/* Called (any thread, under the lock: it must not wait) with the tag of each entry that was added,
 * moved or removed: who looked it up before may have seen what was.  Flood VLANs have no tag. */
void fdb_set_touched_cb(struct fdb *, void (*)(uint32_t tag, void *aux), void *aux);
/* Under RCU, in no order. */
void fdb_walk(const struct fdb *, void (*fn)(const struct fdb_entry *, void *aux), void *aux);

#endif
