// SPDX-License-Identifier: Apache-2.0
/* liburcu is a shared library that ThreadSanitizer does not see into.  What a grace period orders
 * is told to it by hand: the end of every read section is a release on 'grace', the end of a grace
 * period the acquire.
 * Deferred items lie on a lock-free stack.  The reclaim thread takes it whole, waits once, and runs
 * the items in the order in which they came. */
#include "base/rcu.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>
#include <urcu/urcu-memb.h>

#include "base/thread.h"
#include "base/util.h"

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
static char grace;
#define GRACE_RELEASE() __tsan_release(&grace)
#define GRACE_ACQUIRE() __tsan_acquire(&grace)
#else
#define GRACE_RELEASE() ((void)0)
#define GRACE_ACQUIRE() ((void)0)
#endif

static __thread bool registered;
static __thread unsigned int n_nested;

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_key; /* its destructor unregisters threads that registered themselves */

static struct rcu_item *deferred; /* atomic; newest first */
static sem_t reclaim_sem;
static pthread_mutex_t reclaim_lock = PTHREAD_MUTEX_INITIALIZER;
static bool reclaim_started; /* atomic; written under reclaim_lock */

static void thread_ends(void *arg)
{
	rcu_unregister_thread_();
}

static void make_key(void)
{
	pthread_key_create(&thread_key, thread_ends);
}

void rcu_register_thread_(void)
{
	if (registered)
		return;
	pthread_once(&key_once, make_key);
	pthread_setspecific(thread_key, &registered);
	urcu_memb_register_thread();
	registered = true;
}

void rcu_unregister_thread_(void)
{
	if (!registered)
		return;
	assert(!n_nested);
	pthread_setspecific(thread_key, NULL);
	urcu_memb_unregister_thread();
	registered = false;
}

void rcu_enter(void)
{
	if (unlikely(!registered))
		rcu_register_thread_();
	if (!n_nested++)
		urcu_memb_read_lock();
}

void rcu_leave(void)
{
	assert(n_nested);
	if (--n_nested)
		return;
	GRACE_RELEASE();
	urcu_memb_read_unlock();
}

void rcu_synchronize(void)
{
	assert(!n_nested);
	urcu_memb_synchronize_rcu();
	GRACE_ACQUIRE();
}

static void *reclaim_main(void *arg)
{
	static const struct timespec gather = { .tv_nsec = 1000000 };

	for (;;) {
		struct rcu_item *list, *item, *fifo = NULL;

		while (sem_wait(&reclaim_sem) && errno == EINTR)
			continue;
		/* Who defers one item defers many: for all of them one grace period, and one
		 * change of threads. */
		nanosleep(&gather, NULL);
		list = __atomic_exchange_n(&deferred, NULL, __ATOMIC_ACQUIRE);
		if (!list)
			continue;
		rcu_synchronize();
		while (list) {
			item = list;
			list = item->next;
			item->next = fifo;
			fifo = item;
		}
		while (fifo) {
			item = fifo;
			fifo = item->next;
			item->cb(item);
		}
	}
	return NULL;
}

static void start_reclaim(void)
{
	pthread_t thread;
	int err;

	pthread_mutex_lock(&reclaim_lock);
	if (!reclaim_started) {
		sem_init(&reclaim_sem, 0, 0);
		err = thread_create(&thread, "urcu", reclaim_main, NULL);
		if (err)
			fatal(err, "cannot start the reclaim thread");
		pthread_detach(thread);
		__atomic_store_n(&reclaim_started, true, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&reclaim_lock);
}

/* Every wake-up after a push finds the item, or a later one that was pushed on top. */
static void wake_reclaim(void)
{
	if (!thread_may_create())
		return; /* thread_forks_done() starts it */
	if (!__atomic_load_n(&reclaim_started, __ATOMIC_ACQUIRE))
		start_reclaim();
	sem_post(&reclaim_sem);
}

void rcu_start_reclaim_(void)
{
	if (__atomic_load_n(&deferred, __ATOMIC_RELAXED))
		wake_reclaim();
}

void rcu_defer(struct rcu_item *item, void (*cb)(struct rcu_item *))
{
	struct rcu_item *head = __atomic_load_n(&deferred, __ATOMIC_RELAXED);

	item->cb = cb;
	do {
		item->next = head;
	} while (!__atomic_compare_exchange_n(&deferred, &head, item, true, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	if (!head)
		wake_reclaim();
}

struct free_item {
	struct rcu_item item;
	void *p;
};

static void free_cb(struct rcu_item *item)
{
	struct free_item *f = CONTAINER_OF(item, struct free_item, item);

	free(f->p);
	free(f);
}

void rcu_free(void *p)
{
	struct free_item *f;

	if (!p)
		return;
	f = xmalloc(sizeof(*f));
	f->p = p;
	rcu_defer(&f->item, free_cb);
}

struct barrier {
	struct rcu_item item;
	sem_t done;
};

static void barrier_cb(struct rcu_item *item)
{
	sem_post(&CONTAINER_OF(item, struct barrier, item)->done);
}

void rcu_barrier_(void)
{
	struct barrier b;

	assert(!n_nested);
	sem_init(&b.done, 0, 0);
	rcu_defer(&b.item, barrier_cb);
	while (sem_wait(&b.done) && errno == EINTR)
		continue;
	sem_destroy(&b.done);
}

void rcu_after_fork(void)
{
	/* The reclaim thread stayed in the parent; what it had taken is the parent's to run, what
	 * was still waiting is run by a new one here. */
	pthread_mutex_init(&reclaim_lock, NULL);
	__atomic_store_n(&reclaim_started, false, __ATOMIC_RELAXED);
	rcu_start_reclaim_();
}
