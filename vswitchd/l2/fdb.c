// SPDX-License-Identifier: Apache-2.0
/* How it works: entries stand in an RCU hash by (VLAN, address), and in a list of their port, least
 * recently used first.  A use only stores a time stamp; the list is put right lazily, when its head
 * is looked at for ageing or eviction (an entry used since it was filed goes to the tail), so each
 * use costs O(1) and no lock.
 * For ageing they stand, besides, in a wheel of time slots, in the same lazy way.
 * The ports form a heap by number of entries: when the table is full, the port on top, the one that
 * has most, gives up its oldest learned entry, so one guest that makes up addresses evicts its
 * own. */

#include "l2/fdb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/hash.h"
#include "base/util.h"
#include "l2/vlan.h"

#define FDB_USED_GRANULARITY_MS 1000
#define WHEEL_SLOTS 512U
#define WHEEL_SLOT_MS 8192U
static_assert(WHEEL_SLOTS * WHEEL_SLOT_MS / 1000 > FDB_MAX_AGING_S + WHEEL_SLOT_MS / 1000,
	      "an entry is due within one turn of the wheel");

COUNTER(mac_learning_learned);
COUNTER(mac_learning_expired);
COUNTER(mac_learning_evicted);
COUNTER(mac_learning_moved);

struct fdb {
	unsigned int refs; /* atomic */
	struct mutex lock; /* writers; the last in the order of locks */
	struct rcuhash table; /* written under 'lock' */
	unsigned long *flood_vlans; /* RCU */
	uint64_t aging_ms; /* relaxed */
	/* relaxed: when something was flushed or deleted; frames before that do not count */
	uint64_t removed_ms;
	uint32_t max GUARDED;
	uint32_t n_static GUARDED;
	struct fdb_port **heap GUARDED; /* ports that have entries; the fullest first */
	size_t n_heap GUARDED, heap_size GUARDED;
	/* learned entries, by when they were due when filed */
	struct cds_list_head wheel[WHEEL_SLOTS] GUARDED;
	uint64_t wheel_slot GUARDED; /* all before it are empty */
	uint64_t seq; /* atomic */
	struct fdb_stats stats GUARDED;
	uint32_t basis;
	void (*changed)(struct fdb *, void *aux); /* atomic; written after 'changed_aux' */
	void *changed_aux; /* atomic; stays when 'changed' is cleared */
	void (*touched)(uint32_t tag, void *aux); /* atomic; as 'changed' */
	void *touched_aux; /* atomic */
};

struct flood_bitmap_free {
	struct rcu_item rcu;
	unsigned long *bitmap;
};

static uint64_t mac_to_u64(const uint8_t mac[6])
{
	return (uint64_t)mac[0] << 40 | (uint64_t)mac[1] << 32 | (uint64_t)mac[2] << 24 |
	       (uint64_t)mac[3] << 16 | (uint64_t)mac[4] << 8 | mac[5];
}

static uint32_t fdb_hash(const struct fdb *fdb, const uint8_t mac[6], uint16_t vlan)
{
	return hash_u64(mac_to_u64(mac) | (uint64_t)vlan << 48, fdb->basis);
}

static uint64_t used_get(const struct fdb_entry *e)
{
	return __atomic_load_n(&e->used_ms, __ATOMIC_RELAXED);
}

static void used_set(struct fdb_entry *e, uint64_t now_ms)
{
	__atomic_store_n(&e->used_ms, now_ms, __ATOMIC_RELAXED);
}

/* The heap of ports. */

static void heap_place(struct fdb *fdb, struct fdb_port *port, size_t i)
{
	fdb->heap[i] = port;
	port->heap_index = i;
}

static void heap_up(struct fdb *fdb, struct fdb_port *port, size_t i)
{
	while (i && fdb->heap[(i - 1) / 2]->n_entries < port->n_entries) {
		heap_place(fdb, fdb->heap[(i - 1) / 2], i);
		i = (i - 1) / 2;
	}
	heap_place(fdb, port, i);
}

static void heap_down(struct fdb *fdb, struct fdb_port *port, size_t i)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < fdb->n_heap &&
		    fdb->heap[child + 1]->n_entries > fdb->heap[child]->n_entries)
			child++;
		if (child >= fdb->n_heap || fdb->heap[child]->n_entries <= port->n_entries)
			break;
		heap_place(fdb, fdb->heap[child], i);
		i = child;
	}
	heap_place(fdb, port, i);
}

static void port_file(struct fdb *fdb, struct fdb_port *port, struct fdb_entry *e)
{
	cds_list_add_tail(&e->lru, &port->entries);
	e->lru_ms = used_get(e);
	port->n_entries++;
	if (port->heap_index == UINT32_MAX) {
		if (fdb->n_heap == fdb->heap_size)
			fdb->heap = x2nrealloc(fdb->heap, &fdb->heap_size, sizeof(*fdb->heap));
		fdb->n_heap++;
		heap_up(fdb, port, fdb->n_heap - 1);
	} else {
		heap_up(fdb, port, port->heap_index);
	}
}

static void port_unfile(struct fdb *fdb, struct fdb_port *port, struct fdb_entry *e)
{
	size_t i = port->heap_index;

	cds_list_del(&e->lru);
	port->n_entries--;
	if (port->n_entries) {
		heap_down(fdb, port, i);
		return;
	}
	port->heap_index = UINT32_MAX;
	fdb->n_heap--;
	if (i < fdb->n_heap) {
		struct fdb_port *last = fdb->heap[fdb->n_heap];

		heap_down(fdb, last, i);
		heap_up(fdb, last, last->heap_index);
	}
}

void fdb_port_init(struct fdb_port *port)
{
	CDS_INIT_LIST_HEAD(&port->entries);
	port->n_entries = 0;
	port->heap_index = UINT32_MAX;
	port->is_gone = false;
}

/* The table. */

struct fdb *fdb_create(void)
{
	struct fdb *fdb = xzalloc(sizeof(*fdb));

	fdb->refs = 1;
	mutex_init(&fdb->lock);
	rcuhash_init(&fdb->table);
	fdb->aging_ms = FDB_DEFAULT_AGING_S * 1000;
	fdb->max = FDB_DEFAULT_MAX;
	fdb->seq = 1;
	for (size_t i = 0; i < WHEEL_SLOTS; i++)
		CDS_INIT_LIST_HEAD(&fdb->wheel[i]);
	fdb->wheel_slot = clock_ms() / WHEEL_SLOT_MS;
	fdb->basis = hash_random_basis();
	return fdb;
}

struct fdb *fdb_ref(struct fdb *fdb)
{
	__atomic_add_fetch(&fdb->refs, 1, __ATOMIC_RELAXED);
	return fdb;
}

static void entry_free(struct rcu_item *item)
{
	free(CONTAINER_OF(item, struct fdb_entry, rcu));
}

static void bump(struct fdb *fdb)
{
	__atomic_add_fetch(&fdb->seq, 1, __ATOMIC_RELEASE);
}

/* After the entry was changed: whoever is told sees it so. */
static void touch(struct fdb *fdb, const struct fdb_entry *e)
{
	void (*touched)(uint32_t, void *) = __atomic_load_n(&fdb->touched, __ATOMIC_ACQUIRE);

	bump(fdb);
	if (touched)
		touched(fdb_tag(fdb, e->mac, e->vlan),
			__atomic_load_n(&fdb->touched_aux, __ATOMIC_RELAXED));
}

static void tell(struct fdb *fdb)
{
	void (*changed)(struct fdb *, void *) = __atomic_load_n(&fdb->changed, __ATOMIC_ACQUIRE);

	if (changed)
		changed(fdb, __atomic_load_n(&fdb->changed_aux, __ATOMIC_RELAXED));
}

/* The wheel: entries by when they fall due.  A use does not move an entry; it is looked at when its
 * slot's time comes, and filed anew. */

static uint64_t entry_due_ms(const struct fdb *fdb, const struct fdb_entry *e)
{
	return used_get(e) + __atomic_load_n(&fdb->aging_ms, __ATOMIC_RELAXED);
}

static void wheel_put(struct fdb *fdb, struct fdb_entry *e) REQUIRES(fdb->lock)
{
	uint64_t slot = MAX(entry_due_ms(fdb, e) / WHEEL_SLOT_MS, fdb->wheel_slot);

	cds_list_add_tail(&e->due, &fdb->wheel[slot % WHEEL_SLOTS]);
}

static void wheel_refile(struct fdb *fdb) REQUIRES(fdb->lock)
{
	struct fdb_entry *e, *next;
	CDS_LIST_HEAD(all);

	for (size_t i = 0; i < WHEEL_SLOTS; i++) {
		cds_list_splice(&fdb->wheel[i], &all);
		CDS_INIT_LIST_HEAD(&fdb->wheel[i]);
	}
	cds_list_for_each_entry_safe(e, next, &all, due)
		wheel_put(fdb, e);
}

/* Unlink; rcu_defer() waits; entry_free() frees: look-ups hold rcu_enter(), and the port's list is
 * the writer's. */
static void entry_remove(struct fdb *fdb, struct fdb_entry *e) REQUIRES(fdb->lock)
{
	rcuhash_remove(&fdb->table, &e->node);
	port_unfile(fdb, e->port, e);
	if (e->is_static)
		fdb->n_static--;
	else
		cds_list_del(&e->due);
	touch(fdb, e);
	rcu_defer(&e->rcu, entry_free);
}

void fdb_unref(struct fdb *fdb)
{
	struct fdb_entry *e;

	if (!fdb || __atomic_sub_fetch(&fdb->refs, 1, __ATOMIC_ACQ_REL))
		return;
	mutex_lock(&fdb->lock);
	rcu_enter(); /* the walk steps from entries that it removed */
	RCUHASH_FOR_EACH(e, node, &fdb->table)
		entry_remove(fdb, e);
	rcu_leave();
	mutex_unlock(&fdb->lock);
	rcu_synchronize();
	rcuhash_uninit(&fdb->table);
	free(fdb->flood_vlans);
	free(fdb->heap);
	mutex_uninit(&fdb->lock);
	free(fdb);
}

static struct fdb_entry *lookup(const struct fdb *fdb, const uint8_t mac[6], uint16_t vlan)
{
	struct fdb_entry *e;

	RCUHASH_FOR_EACH_WITH_HASH(e, node, fdb_hash(fdb, mac, vlan), &fdb->table) {
		if (e->vlan == vlan && eth_equal(e->mac, mac))
			return e;
	}
	return NULL;
}

const struct fdb_entry *fdb_lookup(const struct fdb *fdb, const uint8_t mac[6], uint16_t vlan)
{
	const unsigned long *flood = rcu_load(&fdb->flood_vlans);

	if (flood && vlan_bitmap_get(flood, vlan))
		return NULL;
	return lookup(fdb, mac, vlan);
}

struct fdb_port *fdb_entry_port(const struct fdb_entry *e)
{
	return __atomic_load_n(&e->port, __ATOMIC_ACQUIRE);
}

/* The head of the port's list that really is its least recently used learned entry; NULL if all are
 * static. */
static struct fdb_entry *port_oldest(struct fdb_port *port)
{
	/* Once round, and then the one that was first again. */
	for (size_t i = 0; port->n_entries && i <= port->n_entries; i++) {
		struct fdb_entry *e = cds_list_first_entry(&port->entries, struct fdb_entry, lru);

		if (!e->is_static && used_get(e) <= e->lru_ms)
			return e;
		e->lru_ms = used_get(e);
		cds_list_del(&e->lru);
		cds_list_add_tail(&e->lru, &port->entries);
	}
	return NULL;
}

static bool evict_one(struct fdb *fdb) REQUIRES(fdb->lock)
{
	/* The fullest port may hold static entries only: then the others are asked, from the
	 * top. */
	for (size_t i = 0; i < fdb->n_heap; i++) {
		struct fdb_entry *e = port_oldest(fdb->heap[i]);

		if (e) {
			entry_remove(fdb, e);
			fdb->stats.n_evicted++;
			COUNTER_INC(mac_learning_evicted);
			return true;
		}
	}
	return false;
}

static struct fdb_entry *entry_insert(struct fdb *fdb, const uint8_t mac[6], uint16_t vlan,
				      struct fdb_port *port, bool is_static) REQUIRES(fdb->lock)
{
	struct fdb_entry *e;

	while (rcuhash_count(&fdb->table) >= fdb->max) {
		if (!evict_one(fdb))
			return NULL;
	}
	e = xzalloc(sizeof(*e));
	memcpy(e->mac, mac, 6);
	e->vlan = vlan;
	e->is_static = is_static;
	e->port = port;
	e->used_ms = clock_ms();
	port_file(fdb, port, e);
	if (is_static)
		fdb->n_static++;
	else
		wheel_put(fdb, e);
	rcuhash_insert(&fdb->table, &e->node, fdb_hash(fdb, mac, vlan));
	touch(fdb, e);
	return e;
}

static void entry_move(struct fdb *fdb, struct fdb_entry *e, struct fdb_port *port)
	REQUIRES(fdb->lock)
{
	port_unfile(fdb, e->port, e);
	__atomic_store_n(&e->port, port, __ATOMIC_RELEASE);
	used_set(e, clock_ms());
	port_file(fdb, port, e);
	touch(fdb, e);
}

bool fdb_may_learn(const struct fdb *fdb, const uint8_t mac[6], uint16_t vlan)
{
	const unsigned long *flood = rcu_load(&fdb->flood_vlans);

	return !eth_is_multicast(mac) && !eth_is_zero(mac) &&
	       !(flood && vlan_bitmap_get(flood, vlan));
}

bool fdb_learn_is_needed(const struct fdb *fdb, const uint8_t mac[6], uint16_t vlan,
			 const struct fdb_port *port, bool is_bond, bool is_grat_arp)
{
	struct fdb_entry *e;

	if (!fdb_may_learn(fdb, mac, vlan))
		return false;
	e = lookup(fdb, mac, vlan);
	if (!e)
		return true;
	if (e->is_static)
		return false;
	if (fdb_entry_port(e) != port || (is_grat_arp && !is_bond))
		return true;
	if (clock_ms() >= used_get(e) + FDB_USED_GRANULARITY_MS)
		used_set(e, clock_ms());
	return false;
}

enum fdb_learn_result fdb_learn(struct fdb *fdb, const uint8_t mac[6], uint16_t vlan,
				struct fdb_port *port, bool is_bond, bool is_grat_arp)
{
	enum fdb_learn_result result = FDB_KNOWN;
	uint64_t now_ms = clock_ms();
	struct fdb_entry *e;

	if (!fdb_may_learn(fdb, mac, vlan))
		return FDB_REFUSED;
	mutex_lock(&fdb->lock);
	e = lookup(fdb, mac, vlan);
	if (port->is_gone || (e && e->is_static)) {
		result = FDB_REFUSED;
	} else if (e && is_grat_arp && is_bond && now_ms < e->grat_arp_lock_ms) {
		/* Our own gratuitous ARP, which the switch behind the bond flooded back. */
		result = FDB_REFUSED;
	} else if (!e) {
		e = entry_insert(fdb, mac, vlan, port, false);
		result = e ? FDB_NEW : FDB_REFUSED;
		if (e) {
			fdb->stats.n_learned++;
			COUNTER_INC(mac_learning_learned);
		}
	} else if (e->port != port) {
		entry_move(fdb, e, port);
		fdb->stats.n_moved++;
		COUNTER_INC(mac_learning_moved);
		result = FDB_MOVED;
	} else {
		used_set(e, now_ms);
	}
	if (e && result != FDB_REFUSED && is_grat_arp && !is_bond)
		e->grat_arp_lock_ms = now_ms + FDB_GRAT_ARP_LOCK_S * 1000;
	mutex_unlock(&fdb->lock);
	if (result == FDB_NEW || result == FDB_MOVED)
		tell(fdb);
	return result;
}

void fdb_refresh(struct fdb *fdb, const uint8_t mac[6], uint16_t vlan, struct fdb_port *port,
		 bool is_bond, bool is_grat_arp, uint64_t used_ms)
{
	struct fdb_entry *e = lookup(fdb, mac, vlan);
	uint64_t newest_ms = e ? used_get(e) : __atomic_load_n(&fdb->removed_ms, __ATOMIC_RELAXED);
	uint64_t aging_ms = __atomic_load_n(&fdb->aging_ms, __ATOMIC_RELAXED);

	if (used_ms <= newest_ms || used_ms + aging_ms <= clock_ms())
		return;
	if (e && (e->is_static || fdb_entry_port(e) == port))
		used_set(e, used_ms);
	else
		fdb_learn(fdb, mac, vlan, port, is_bond, is_grat_arp);
}

void fdb_recall(struct fdb *fdb, const uint8_t mac[6], uint16_t vlan, struct fdb_port *port,
		bool is_bond, uint64_t used_ms)
{
	struct fdb_entry *e = lookup(fdb, mac, vlan);
	uint64_t aging_ms = __atomic_load_n(&fdb->aging_ms, __ATOMIC_RELAXED);

	if ((e && used_ms <= used_get(e)) || used_ms + aging_ms <= clock_ms())
		return;
	if (!e || (!e->is_static && fdb_entry_port(e) != port)) {
		fdb_learn(fdb, mac, vlan, port, is_bond, false);
		e = lookup(fdb, mac, vlan);
	}
	/* Of two ports that it was seen on the later one has it. */
	if (e && fdb_entry_port(e) == port)
		used_set(e, used_ms);
}

int fdb_add_static(struct fdb *fdb, const uint8_t mac[6], uint16_t vlan, struct fdb_port *port)
{
	struct fdb_entry *e;
	int err = 0;

	if (eth_is_multicast(mac))
		return -EINVAL;
	mutex_lock(&fdb->lock);
	e = lookup(fdb, mac, vlan);
	if (e) {
		if (!e->is_static) {
			fdb->n_static++;
			cds_list_del(&e->due);
		}
		e->is_static = true;
		if (e->port != port)
			entry_move(fdb, e, port);
	} else if (!entry_insert(fdb, mac, vlan, port, true)) {
		err = -ENOSPC;
	}
	mutex_unlock(&fdb->lock);
	if (!err)
		tell(fdb);
	return err;
}

/* Statistics that come in later tell of frames before this. */
static void forget_the_past(struct fdb *fdb)
{
	__atomic_store_n(&fdb->removed_ms, clock_ms(), __ATOMIC_RELAXED);
}

int fdb_del(struct fdb *fdb, const uint8_t mac[6], uint16_t vlan)
{
	struct fdb_entry *e;

	mutex_lock(&fdb->lock);
	e = lookup(fdb, mac, vlan);
	if (e) {
		forget_the_past(fdb);
		entry_remove(fdb, e);
	}
	mutex_unlock(&fdb->lock);
	if (e)
		tell(fdb);
	return e ? 0 : -ENOENT;
}

void fdb_flush(struct fdb *fdb)
{
	struct fdb_entry *e;

	mutex_lock(&fdb->lock);
	forget_the_past(fdb);
	rcu_enter(); /* the walk steps from entries that it removed */
	RCUHASH_FOR_EACH(e, node, &fdb->table) {
		if (!e->is_static)
			entry_remove(fdb, e);
	}
	rcu_leave();
	mutex_unlock(&fdb->lock);
	tell(fdb);
}

static bool flush_port(struct fdb *fdb, struct fdb_port *port, bool static_too) REQUIRES(fdb->lock)
{
	struct fdb_entry *e, *next;
	bool any = false;

	forget_the_past(fdb);
	cds_list_for_each_entry_safe(e, next, &port->entries, lru) {
		if (e->is_static && !static_too)
			continue;
		entry_remove(fdb, e);
		any = true;
	}
	return any;
}

void fdb_flush_port_learned(struct fdb *fdb, struct fdb_port *port)
{
	bool any;

	mutex_lock(&fdb->lock);
	any = flush_port(fdb, port, false);
	mutex_unlock(&fdb->lock);
	if (any)
		tell(fdb);
}

void fdb_flush_port(struct fdb *fdb, struct fdb_port *port)
{
	bool any;

	mutex_lock(&fdb->lock);
	port->is_gone = true;
	any = flush_port(fdb, port, true);
	mutex_unlock(&fdb->lock);
	if (any)
		tell(fdb);
}

/* Expires what is due of a slot; entries that were used meanwhile go to another. */
static bool run_slot(struct fdb *fdb, uint64_t slot, uint64_t now_ms, uint64_t *next_ms)
	REQUIRES(fdb->lock)
{
	struct fdb_entry *e, *next;
	CDS_LIST_HEAD(list);
	bool any = false;

	cds_list_splice(&fdb->wheel[slot % WHEEL_SLOTS], &list);
	CDS_INIT_LIST_HEAD(&fdb->wheel[slot % WHEEL_SLOTS]);
	cds_list_for_each_entry_safe(e, next, &list, due) {
		uint64_t due_ms = entry_due_ms(fdb, e);

		if (due_ms <= now_ms) {
			entry_remove(fdb, e);
			fdb->stats.n_expired++;
			COUNTER_INC(mac_learning_expired);
			any = true;
			continue;
		}
		cds_list_del(&e->due);
		wheel_put(fdb, e);
		if (due_ms / WHEEL_SLOT_MS <= now_ms / WHEEL_SLOT_MS)
			*next_ms = MIN(*next_ms, due_ms);
	}
	return any;
}

uint64_t fdb_run(struct fdb *fdb, uint64_t now_ms)
{
	uint64_t now_slot = now_ms / WHEEL_SLOT_MS, next_ms = UINT64_MAX;
	bool any = false;

	mutex_lock(&fdb->lock);
	/* Slots whose time has begun; the last of them may hold entries that are due later in
	 * it. */
	for (uint64_t slot = MAX(fdb->wheel_slot, now_slot - MIN(now_slot, WHEEL_SLOTS - 1));
	     slot <= now_slot; slot++)
		any |= run_slot(fdb, slot, now_ms, &next_ms);
	fdb->wheel_slot = now_slot;
	for (uint64_t slot = now_slot + 1; next_ms == UINT64_MAX && slot < now_slot + WHEEL_SLOTS;
	     slot++) {
		if (!cds_list_empty(&fdb->wheel[slot % WHEEL_SLOTS]))
			next_ms = slot * WHEEL_SLOT_MS;
	}
	mutex_unlock(&fdb->lock);
	if (any)
		tell(fdb);
	return next_ms;
}

void fdb_set_aging(struct fdb *fdb, uint32_t aging_s)
{
	mutex_lock(&fdb->lock);
	__atomic_store_n(&fdb->aging_ms, (uint64_t)MIN(aging_s, FDB_MAX_AGING_S) * 1000,
			 __ATOMIC_RELAXED);
	wheel_refile(fdb);
	mutex_unlock(&fdb->lock);
	fdb_run(fdb, clock_ms());
}

void fdb_set_max(struct fdb *fdb, uint32_t max)
{
	bool any = false;

	mutex_lock(&fdb->lock);
	fdb->max = MAX(max, FDB_MIN_MAX);
	while (rcuhash_count(&fdb->table) > fdb->max && evict_one(fdb))
		any = true;
	mutex_unlock(&fdb->lock);
	if (any)
		tell(fdb);
}

static void flood_bitmap_free(struct rcu_item *item)
{
	struct flood_bitmap_free *f = CONTAINER_OF(item, struct flood_bitmap_free, rcu);

	free(f->bitmap);
	free(f);
}

void fdb_set_flood_vlans(struct fdb *fdb, const unsigned long *vlans)
{
	struct fdb_entry *e;
	unsigned long *old;

	mutex_lock(&fdb->lock);
	old = rcu_load_locked(&fdb->flood_vlans);
	if (vlan_bitmap_equal(old, vlans)) {
		mutex_unlock(&fdb->lock);
		return;
	}
	rcu_store(&fdb->flood_vlans, vlan_bitmap_clone(vlans));
	rcu_enter();
	RCUHASH_FOR_EACH(e, node, &fdb->table) {
		if (vlans && vlan_bitmap_get(vlans, e->vlan) && !e->is_static)
			entry_remove(fdb, e);
	}
	rcu_leave();
	bump(fdb);
	mutex_unlock(&fdb->lock);
	if (old) {
		struct flood_bitmap_free *f = xmalloc(sizeof(*f));

		f->bitmap = old;
		rcu_defer(&f->rcu, flood_bitmap_free);
	}
	tell(fdb);
}

void fdb_get_stats(const struct fdb *fdb_, struct fdb_stats *stats)
{
	struct fdb *fdb = (struct fdb *)fdb_;

	mutex_lock(&fdb->lock);
	*stats = fdb->stats;
	stats->n = rcuhash_count(&fdb->table);
	stats->max = fdb->max;
	stats->n_static = fdb->n_static;
	stats->aging_s = __atomic_load_n(&fdb->aging_ms, __ATOMIC_RELAXED) / 1000;
	mutex_unlock(&fdb->lock);
}

void fdb_clear_stats(struct fdb *fdb)
{
	mutex_lock(&fdb->lock);
	memset(&fdb->stats, 0, sizeof(fdb->stats));
	mutex_unlock(&fdb->lock);
}

uint64_t fdb_change_seq(const struct fdb *fdb)
{
	return __atomic_load_n(&fdb->seq, __ATOMIC_ACQUIRE);
}

void fdb_set_changed_cb(struct fdb *fdb, void (*changed)(struct fdb *, void *aux), void *aux)
{
	if (changed)
		__atomic_store_n(&fdb->changed_aux, aux, __ATOMIC_RELAXED);
	__atomic_store_n(&fdb->changed, changed, __ATOMIC_RELEASE);
}

uint32_t fdb_tag(const struct fdb *fdb, const uint8_t mac[6], uint16_t vlan)
{
	return fdb_hash(fdb, mac, vlan);
}

void fdb_set_touched_cb(struct fdb *fdb, void (*touched)(uint32_t tag, void *aux), void *aux)
{
	if (touched)
		__atomic_store_n(&fdb->touched_aux, aux, __ATOMIC_RELAXED);
	__atomic_store_n(&fdb->touched, touched, __ATOMIC_RELEASE);
}

void fdb_walk(const struct fdb *fdb, void (*fn)(const struct fdb_entry *, void *aux), void *aux)
{
	struct fdb_entry *e;

	RCUHASH_FOR_EACH(e, node, &fdb->table)
		fn(e, aux);
}
