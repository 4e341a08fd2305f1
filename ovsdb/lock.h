/* SPDX-License-Identifier: Apache-2.0 */
/* Advisory locks (RFC 7047 sections 4.1.8 to 4.1.10): a queue of clients for each name, of which
 * the first owns the lock.  One that is stolen goes back to its old owner first. */
#ifndef OVSDB_LOCK_H
#define OVSDB_LOCK_H

#include <urcu/list.h>

#include "base/hmap.h"

struct lock_table {
	struct hmap locks; /* 'struct lock' by name */
};

struct lock;
/* One client's wish for one lock. */
struct lock_waiter {
	struct cds_list_head node; /* in lock.waiters */
	struct cds_list_head owner_node; /* for the client's own list */
	struct lock *lock;
	/* It owns the lock now, or does not any more. */
	void (*changed)(struct lock_waiter *, bool owns, void *aux);
	void *aux;
	uint32_t n_lost; /* how often it was stolen */
};

void lock_table_init(struct lock_table *);
void lock_table_uninit(struct lock_table *); /* nobody may wait any more */
/* Queues; 'steal': at the front.  Returns true if the lock is owned at once ('changed' is not
 * called for that). */
bool lock_acquire(struct lock_table *, const char *name, bool steal, struct lock_waiter *);
void lock_release(struct lock_table *, struct lock_waiter *);
bool lock_is_owner(const struct lock_waiter *);
const char *lock_name(const struct lock_waiter *);

#endif
