// SPDX-License-Identifier: Apache-2.0
/* Worker threads: wait for input, take a batch, bring it to its end.
 *
 * A worker holds no list of its queues: they stand in its epoll set, which the main thread edits
 * under its feet. epoll_wait() runs outside of any read section, so an event may speak of a queue
 * that is gone by the time it is looked at.  'removal' tells: the main thread takes the descriptor
 * out of the set, counts 'removal' up, and frees a grace period later.  A worker that finds the
 * count, inside its read section, as it was before epoll_wait() knows that all queues it was told
 * of will stay until the section's end; else it asks again (level-triggered events come back).
 *
 * A worker that awaits an answer spins before it sleeps (spinner.h), and yields meanwhile: it may
 * be this CPU that whoever is to answer wants to run on. */
#include "dpif/user/dp.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "base/util.h"
#include "dpif/user/spinner.h"

LOG_MODULE(dpif_user);

#define MAX_EVENTS 64
/* Removed flows are given back by a cache at most this often. */
#define PURGE_INTERVAL_MS 2000

__thread struct worker *worker_current;

/* ---- Cycles ---- */

uint64_t cycles_now(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t v;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(v));
	return v;
#else
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
#endif
}

static uint64_t first_cycles, first_us; /* written once, before any worker starts */

static void cycles_start(void)
{
	if (!first_us) {
		first_us = clock_real_us();
		first_cycles = cycles_now();
	}
}

uint64_t cycles_per_second(void)
{
	uint64_t us = clock_real_us() - first_us;

	/* A longer base is a better measurement. */
	if (us < 1000) {
		usleep(1000);
		us = clock_real_us() - first_us;
	}
	return (uint64_t)((double)(cycles_now() - first_cycles) * 1e6 / us);
}

/* ---- The thread ---- */

static void add_usage(struct usage *u, uint64_t now_ms, uint64_t cycles)
{
	uint64_t interval = now_ms / USAGE_INTERVAL_MS;
	unsigned int i = interval % USAGE_N;

	if (CTR_GET(&u->interval[i]) != interval) {
		__atomic_store_n(&u->cycles[i], 0, __ATOMIC_RELAXED);
		__atomic_store_n(&u->interval[i], interval, __ATOMIC_RELAXED);
	}
	CTR_ADD(&u->cycles[i], cycles);
}

static void count_received(struct worker *w, struct user_port *port, struct packet_batch *batch)
{
	struct port_counters *c = user_port_counters(port, w->slot);
	uint64_t bytes = 0;
	uint32_t i;

	for (i = 0; i < batch->n; i++) {
		packet_md_init(&batch->pkts[i]->md, port->port_no);
		bytes += batch->pkts[i]->len;
	}
	CTR_ADD(&c->rx_packets, batch->n);
	CTR_ADD(&c->rx_bytes, bytes);
	CTR_ADD(&w->counters.n_rx, batch->n);
}

/* Takes one batch.  How many packets that were. */
static unsigned int run_rxq(struct worker *w, struct port_rxq *rxq)
{
	struct packet_batch batch;
	uint64_t start, cycles;
	uint32_t serial;
	int n;

	if (__atomic_load_n(&rxq->port->is_dead, __ATOMIC_RELAXED))
		return 0;
	start = cycles_now();
	serial = netdev_rxq_serial(rxq->up);
	batch.n = 0;
	n = netdev_rxq_recv(rxq->up, &batch);
	if (unlikely(n == -ENODEV))
		assign_park_rxq(w, rxq, serial);
	if (n <= 0)
		return 0;
	w->now_ms = clock_coarse_ms();
	count_received(w, rxq->port, &batch);
	process_batch(w, &batch);
	output_flush(w);
	cycles = cycles_now() - start;
	add_usage(&rxq->usage, w->now_ms, cycles);
	CTR_ADD(&w->counters.busy_cycles, cycles);
	return n;
}

static void purge_removed(struct worker *w, uint64_t *next_purge_ms)
{
	uint64_t now_ms = clock_coarse_ms();

	if (now_ms < *next_purge_ms)
		return;
	*next_purge_ms = now_ms + PURGE_INTERVAL_MS;
	emc_purge(&w->emc);
}

/* What one turn brought. */
struct turn {
	unsigned int n; /* packets */
	const struct port_rxq *rxq; /* that they came from, NULL if several */
};

static void turn_run_rxq(struct turn *t, struct worker *w, struct port_rxq *rxq)
{
	unsigned int n = run_rxq(w, rxq);

	if (!n)
		return;
	t->rxq = t->n ? NULL : rxq;
	t->n += n;
}

static struct turn run_events(struct worker *w, const struct epoll_event *events, int n_events)
{
	struct port_rxq *const *polled = rcu_load(&w->polled);
	struct turn t = { 0 };
	int i;

	for (i = 0; i < n_events; i++) {
		if (events[i].data.ptr) {
			turn_run_rxq(&t, w, events[i].data.ptr);
		} else {
			uint64_t v;

			if (read(w->wake_fd, &v, sizeof(v)) < 0)
				assert(errno == EAGAIN);
		}
	}
	for (; polled && *polled; polled++)
		turn_run_rxq(&t, w, *polled);
	return t;
}

static void count_turn(struct worker *w, unsigned int n, uint64_t waited)
{
	CTR_ADD(&w->counters.n_turns, 1);
	if (n)
		CTR_ADD(&w->counters.n_busy_turns, 1);
	CTR_ADD(&w->counters.idle_cycles, waited);
}

static void count_sleep(struct worker *w, uint64_t us)
{
	CTR_ADD(&w->counters.n_sleeps, 1);
	CTR_ADD(&w->counters.sleep_us, us);
}

static void *worker_main(void *w_)
{
	uint64_t cycles_per_us = MAX(cycles_per_second() / 1000000, 1);
	struct epoll_event events[MAX_EVENTS];
	struct worker *w = w_;
	uint64_t next_purge_ms = 0;
	struct spinner spinner;
	int timeout = -1;

	worker_current = w;
	spinner_init(&spinner, cycles_per_us * SPIN_US);
	while (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE)) {
		uint64_t removal = __atomic_load_n(&w->removal, __ATOMIC_ACQUIRE);
		uint64_t start = cycles_now(), waited;
		bool slept = timeout < 0, again;
		struct turn turn = { 0 };
		int n_events;

		n_events = epoll_wait(w->epoll_fd, events, MAX_EVENTS, timeout);
		waited = cycles_now() - start;
		rcu_enter();
		again = __atomic_load_n(&w->removal, __ATOMIC_ACQUIRE) != removal;
		if (likely(!again))
			turn = run_events(w, events, n_events);
		again = again || rcu_load(&w->polled);
		purge_removed(w, &next_purge_ms);
		rcu_leave();

		count_turn(w, turn.n, waited);
		if (slept)
			count_sleep(w, waited / cycles_per_us);
		if (turn.n)
			spinner_worked(&spinner, cycles_now(), turn.n, turn.rxq);
		else if (!slept && !again)
			sched_yield();
		timeout = again || spinner_is_on(&spinner, cycles_now()) ? 0 : -1;
	}
	worker_current = NULL;
	return NULL;
}

/* ---- Life ---- */

struct worker *worker_create(struct user_dp *dp, unsigned int slot, int cpu)
{
	struct worker *w = xzalloc_cacheline(sizeof(*w));

	cycles_start();
	w->dp = dp;
	w->slot = slot;
	w->cpu = cpu;
	w->random = slot + 1;
	w->epoll_fd = w->wake_fd = -1;
	w->cleared_us = clock_real_us();
	return w;
}

void worker_destroy(struct worker *w)
{
	if (!w)
		return;
	emc_uninit(&w->emc);
	subtable_order_uninit(&w->order);
	process_free(w);
	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
	if (w->wake_fd >= 0)
		close(w->wake_fd);
	free(w->rxqs);
	free(w);
}

static void pin(struct worker *w)
{
	cpu_set_t cpus;
	int err;

	CPU_ZERO(&cpus);
	CPU_SET(w->cpu, &cpus);
	err = pthread_setaffinity_np(w->thread, sizeof(cpus), &cpus);
	if (err)
		log_warn("worker %u cannot run on CPU %d (pmd-cpu-mask): %s", w->slot, w->cpu,
			 errno_str(err));
}

int worker_start(struct worker *w)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };
	char name[16];
	int err;

	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->epoll_fd < 0 || w->wake_fd < 0 ||
	    epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->wake_fd, &ev))
		return -errno;
	snprintf(name, sizeof(name), "worker%u", w->slot);
	err = thread_create(&w->thread, name, worker_main, w);
	if (!err && w->cpu >= 0)
		pin(w);
	return err;
}

void worker_stop(struct worker *w)
{
	uint64_t one = 1;

	__atomic_store_n(&w->stop, 1, __ATOMIC_RELEASE);
	if (write(w->wake_fd, &one, sizeof(one)) < 0)
		assert(errno == EAGAIN);
	thread_join(w->thread);
}

/* ---- Execution in other threads ---- */

/* The lock is held from the one to the other, if it is 'outside' that was acquired. */
struct worker *worker_acquire(struct user_dp *dp) NO_THREAD_SAFETY_ANALYSIS
{
	struct worker *w = worker_current;

	if (!w || w->dp != dp) {
		w = dp->outside;
		if (worker_current != w) {
			mutex_lock(&dp->outside_lock);
			w->outer = worker_current;
			worker_current = w;
		}
	}
	w->now_ms = clock_coarse_ms();
	w->n_enclosing++;
	return w;
}

void worker_release(struct worker *w) NO_THREAD_SAFETY_ANALYSIS
{
	if (--w->n_enclosing)
		return;
	/* A worker flushes at the end of its batch. */
	if (w != w->dp->outside)
		return;
	output_flush(w);
	worker_current = w->outer;
	mutex_unlock(&w->dp->outside_lock);
}
