/* SPDX-License-Identifier: Apache-2.0 */
/* RCU: liburcu's memb flavour, with loads and stores on __atomic so that ThreadSanitizer sees the
 * ordering (the 0.13 headers make correct programs report races).
 * A thread that reads calls rcu_register_thread_() first (base/thread.h does) and holds
 * rcu_read_lock() for one batch or upcall.  What is freed later goes through rcu_defer(), which one
 * reclaim thread runs after a grace period.
 * Removal is three steps in sight of each other: unlink, rcu_defer() (or rcu_synchronize()),
 * free. */
#ifndef BASE_RCU_H
#define BASE_RCU_H

#include "base/compiler.h"

void rcu_register_thread_(void);
void rcu_unregister_thread_(void);
/* Nestable. */
void rcu_enter(void);
void rcu_leave(void);
/* Waits until every read section that was open has ended.  Not inside one. */
void rcu_synchronize(void);

struct rcu_item {
	struct rcu_item *next;
	void (*cb)(struct rcu_item *);
};
/* Calls 'cb' on the reclaim thread after a grace period. Threads: any; does not block. */
void rcu_defer(struct rcu_item *, void (*cb)(struct rcu_item *));
/* free() after a grace period. */
void rcu_free(void *);
/* Waits until everything deferred so far has run (tests, exit, deleting a datapath). */
void rcu_barrier_(void);
/* After fork() in the child, before any thread starts. */
void rcu_after_fork(void);
/* Starts the reclaim thread if frees wait for it since before the forks (thread_forks_done()). */
void rcu_start_reclaim_(void);

/* Loads a pointer that rcu_store() publishes; valid until rcu_leave(). */
#define rcu_load(pp) __atomic_load_n(pp, __ATOMIC_CONSUME)
#define rcu_store(pp, v) __atomic_store_n(pp, v, __ATOMIC_RELEASE)
/* For the writer, under its lock. */
#define rcu_load_locked(pp) __atomic_load_n(pp, __ATOMIC_RELAXED)

#endif
