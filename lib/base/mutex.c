// SPDX-License-Identifier: Apache-2.0
/* In simulated time a deadline cannot be given to the kernel.  cond_wait_until() then sleeps
 * without one, and is on a list of sleepers that a move of the clock wakes.  To be sure that a
 * sleeper really sleeps the clock takes its mutex for a moment; it only tries, because sleepers
 * take the list's lock while they hold their mutex. */
#include "base/mutex.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <urcu/list.h>

#include "base/clock.h"
#include "base/util.h"

/* How long the clock insists on a sleeper's mutex before it signals without: a caller that warps
 * while it holds that very mutex would wait for itself. */
#define WAKE_INSIST_US 200000

struct sleeper {
	struct cds_list_head node; /* guarded by sleepers_lock */
	struct cond *cond;
	struct mutex *mutex;
	bool woken; /* guarded by sleepers_lock */
};

static pthread_mutex_t sleepers_lock = PTHREAD_MUTEX_INITIALIZER; /* after every struct mutex */
static CDS_LIST_HEAD(sleepers);

static void check(int err, const char *what)
{
	if (err) {
		fprintf(stderr, "%s: %s: %s\n", program_name, what, errno_str(err));
		abort();
	}
}

void mutex_init(struct mutex *m)
{
	check(pthread_mutex_init(&m->m, NULL), "pthread_mutex_init");
}

void mutex_uninit(struct mutex *m)
{
	check(pthread_mutex_destroy(&m->m), "pthread_mutex_destroy");
}

void mutex_lock(struct mutex *m) NO_THREAD_SAFETY_ANALYSIS
{
	check(pthread_mutex_lock(&m->m), "pthread_mutex_lock");
}

bool mutex_trylock(struct mutex *m) NO_THREAD_SAFETY_ANALYSIS
{
	int err = pthread_mutex_trylock(&m->m);

	if (err == EBUSY)
		return false;
	check(err, "pthread_mutex_trylock");
	return true;
}

void mutex_unlock(struct mutex *m) NO_THREAD_SAFETY_ANALYSIS
{
	check(pthread_mutex_unlock(&m->m), "pthread_mutex_unlock");
}

void cond_init(struct cond *c)
{
	pthread_condattr_t attr;

	check(pthread_condattr_init(&attr), "pthread_condattr_init");
	check(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC), "pthread_condattr_setclock");
	check(pthread_cond_init(&c->c, &attr), "pthread_cond_init");
	pthread_condattr_destroy(&attr);
}

void cond_uninit(struct cond *c)
{
	check(pthread_cond_destroy(&c->c), "pthread_cond_destroy");
}

void cond_wait(struct cond *c, struct mutex *m)
{
	check(pthread_cond_wait(&c->c, &m->m), "pthread_cond_wait");
}

/* One pass over the sleepers; returns whether one is left whose mutex was taken. */
static bool wake_sleepers(bool insist)
{
	struct sleeper *s;
	bool left = false;

	pthread_mutex_lock(&sleepers_lock);
	cds_list_for_each_entry(s, &sleepers, node) {
		bool locked;

		if (s->woken)
			continue;
		locked = !pthread_mutex_trylock(&s->mutex->m);
		if (locked || !insist) {
			pthread_cond_broadcast(&s->cond->c);
			s->woken = true;
		} else {
			left = true;
		}
		if (locked)
			pthread_mutex_unlock(&s->mutex->m);
	}
	pthread_mutex_unlock(&sleepers_lock);
	return left;
}

static void clock_moved(struct clock_listener *l)
{
	uint64_t until = clock_real_us() + WAKE_INSIST_US;

	while (wake_sleepers(clock_real_us() < until))
		sched_yield();
}

static void __attribute__((constructor)) listen_to_clock(void)
{
	static struct clock_listener listener = { .changed = clock_moved };

	clock_listener_add(&listener);
}

static void wait_simulated(struct cond *c, struct mutex *m, uint64_t at_ms)
{
	struct sleeper s = { .cond = c, .mutex = m };
	bool due;

	pthread_mutex_lock(&sleepers_lock);
	due = clock_ms() >= at_ms;
	if (!due)
		cds_list_add(&s.node, &sleepers);
	pthread_mutex_unlock(&sleepers_lock);
	if (due)
		return;
	check(pthread_cond_wait(&c->c, &m->m), "pthread_cond_wait");
	pthread_mutex_lock(&sleepers_lock);
	cds_list_del(&s.node);
	pthread_mutex_unlock(&sleepers_lock);
}

void cond_wait_until(struct cond *c, struct mutex *m, uint64_t at_ms)
{
	struct timespec ts;
	int err;

	if (clock_is_stopped()) {
		wait_simulated(c, m, at_ms);
		return;
	}
	if (at_ms / 1000 > INT32_MAX) {
		cond_wait(c, m);
		return;
	}
	ts.tv_sec = (time_t)(at_ms / 1000);
	ts.tv_nsec = (long)(at_ms % 1000) * 1000000;
	err = pthread_cond_timedwait(&c->c, &m->m, &ts);
	if (err != ETIMEDOUT)
		check(err, "pthread_cond_timedwait");
}

void cond_signal(struct cond *c)
{
	check(pthread_cond_signal(&c->c), "pthread_cond_signal");
}

void cond_broadcast(struct cond *c)
{
	check(pthread_cond_broadcast(&c->c), "pthread_cond_broadcast");
}
