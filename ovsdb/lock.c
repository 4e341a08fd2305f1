// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/lock.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/util.h"

struct lock {
	struct hmap_node node;
	char *name;
	struct cds_list_head waiters; /* 'struct lock_waiter'; the first owns the lock */
};

void lock_table_init(struct lock_table *t)
{
	hmap_init(&t->locks);
}

void lock_table_uninit(struct lock_table *t)
{
	assert(hmap_is_empty(&t->locks));
	hmap_uninit(&t->locks);
}

static struct lock *lookup(struct lock_table *t, const char *name, uint32_t hash)
{
	struct lock *lock;

	HMAP_FOR_EACH_WITH_HASH(lock, node, hash, &t->locks)
		if (streq(lock->name, name))
			return lock;
	return NULL;
}

static struct lock_waiter *owner(const struct lock *lock)
{
	return cds_list_first_entry(&lock->waiters, struct lock_waiter, node);
}

bool lock_acquire(struct lock_table *t, const char *name, bool steal, struct lock_waiter *w)
{
	uint32_t hash = hash_string(name, 0);
	struct lock *lock = lookup(t, name, hash);
	struct lock_waiter *victim;

	if (!lock) {
		lock = xmalloc(sizeof(*lock));
		lock->name = xstrdup(name);
		CDS_INIT_LIST_HEAD(&lock->waiters);
		hmap_insert(&t->locks, &lock->node, hash);
	}
	w->lock = lock;
	victim = steal && !cds_list_empty(&lock->waiters) ? owner(lock) : NULL;
	if (steal)
		cds_list_add(&w->node, &lock->waiters);
	else
		cds_list_add_tail(&w->node, &lock->waiters);
	if (victim) {
		victim->n_lost++;
		victim->changed(victim, false, victim->aux);
	}
	return owner(lock) == w;
}

void lock_release(struct lock_table *t, struct lock_waiter *w)
{
	struct lock *lock = w->lock;
	bool owned = owner(lock) == w;

	cds_list_del(&w->node);
	w->lock = NULL;
	if (cds_list_empty(&lock->waiters)) {
		hmap_remove(&t->locks, &lock->node);
		free(lock->name);
		free(lock);
	} else if (owned) {
		w = owner(lock);
		w->changed(w, true, w->aux);
	}
}

bool lock_is_owner(const struct lock_waiter *w)
{
	return owner(w->lock) == w;
}

const char *lock_name(const struct lock_waiter *w)
{
	return w->lock->name;
}
