// SPDX-License-Identifier: Apache-2.0
/* Which worker has which queues.
 *
 * A new queue goes to the worker that has the fewest; a new worker starts while there are more
 * queues than workers and CPUs to spare.  A queue moves only when the spread has become uneven or
 * the workers themselves change; it is then in no epoll set for one grace period, so that no two
 * workers ever have it at once. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/thread.h"
#include "base/util.h"
#include "dpif/user/dp.h"
#include "netdev/netdev_provider.h"

LOG_MODULE(dpif_assign);

static void wake(struct worker *w)
{
	uint64_t one = 1;

	if (write(w->wake_fd, &one, sizeof(one)) < 0)
		assert(errno == EAGAIN);
}

struct polled_list {
	struct rcu_item rcu;
	struct port_rxq *rxqs[];
};

static struct rcu_item *polled_item(struct port_rxq **list)
{
	return &CONTAINER_OF(list, struct polled_list, rxqs)->rcu;
}

static void free_polled(struct rcu_item *item)
{
	free(CONTAINER_OF(item, struct polled_list, rcu));
}

/* Publishes the worker's queues that have no descriptor. */
static void publish_polled(struct worker *w)
{
	struct port_rxq **old = rcu_load_locked(&w->polled), **new = NULL;
	unsigned int i, n = 0;

	for (i = 0; i < w->n_rxqs; i++)
		n += w->rxqs[i]->epoll_fd < 0;
	if (!n && !old)
		return;
	if (n) {
		struct polled_list *list = xzalloc(sizeof(*list) + (n + 1) * sizeof(list->rxqs[0]));

		new = list->rxqs;
		for (i = n = 0; i < w->n_rxqs; i++) {
			if (w->rxqs[i]->epoll_fd < 0)
				new[n++] = w->rxqs[i];
		}
	}
	rcu_store(&w->polled, new);
	if (old)
		rcu_defer(polled_item(old), free_polled);
	wake(w);
}

/* ---- One queue ---- */

static void set_add(struct worker *w, struct port_rxq *rxq)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = rxq };
	int fd;

	mutex_lock(&rxq->lock);
	rxq->serial = netdev_rxq_serial(rxq->up);
	fd = netdev_rxq_fd(rxq->up);
	if (fd >= 0 && epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &ev))
		log_err("%s: cannot wait for packets of queue %u: %s", rxq->port->name,
			rxq->up->queue, errno_str(errno));
	rxq->epoll_fd = fd;
	rxq->is_parked = false;
	mutex_unlock(&rxq->lock);
}

/* The worker looks at no event from before any more. */
static void set_del(struct worker *w, struct port_rxq *rxq)
{
	mutex_lock(&rxq->lock);
	if (rxq->epoll_fd >= 0 && !rxq->is_parked)
		epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, rxq->epoll_fd, NULL);
	rxq->epoll_fd = -1;
	rxq->is_parked = false;
	mutex_unlock(&rxq->lock);
	__atomic_add_fetch(&w->removal, 1, __ATOMIC_RELEASE);
}

/* A device that is gone reports an error for ever, so its descriptor must leave the set.  If the
 * main thread has given the queue another one meanwhile, the error was the old one's. */
void assign_park_rxq(struct worker *w, struct port_rxq *rxq, uint32_t serial)
{
	mutex_lock(&rxq->lock);
	if (rxq->serial == serial && rxq->epoll_fd >= 0 && !rxq->is_parked) {
		epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, rxq->epoll_fd, NULL);
		rxq->is_parked = true;
	}
	mutex_unlock(&rxq->lock);
}

static bool needs_renewal(struct port_rxq *rxq)
{
	bool needs;

	mutex_lock(&rxq->lock);
	needs = rxq->is_parked || rxq->serial != netdev_rxq_serial(rxq->up);
	mutex_unlock(&rxq->lock);
	return needs;
}

static void attach(struct worker *w, struct port_rxq *rxq)
{
	if (w->n_rxqs == w->rxqs_size) {
		w->rxqs_size = w->rxqs_size ? w->rxqs_size * 2 : 16;
		w->rxqs = xrealloc(w->rxqs, w->rxqs_size * sizeof(*w->rxqs));
	}
	rxq->worker = w;
	rxq->index = w->n_rxqs;
	w->rxqs[w->n_rxqs++] = rxq;
	set_add(w, rxq);
	if (rxq->epoll_fd < 0)
		publish_polled(w);
}

static void detach(struct port_rxq *rxq)
{
	struct worker *w = rxq->worker;
	bool was_polled = rxq->epoll_fd < 0;

	set_del(w, rxq);
	w->rxqs[rxq->index] = w->rxqs[--w->n_rxqs];
	w->rxqs[rxq->index]->index = rxq->index;
	rxq->worker = NULL;
	if (was_polled)
		publish_polled(w);
}

/* ---- Workers ---- */

static bool has_cpu_mask(const struct user_dp *dp)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dp->cpu_mask); i++) {
		if (dp->cpu_mask[i])
			return true;
	}
	return false;
}

/* The CPU number 'n' of the mask, counted from 0; -1 if there are fewer. */
static int mask_cpu(const struct user_dp *dp, unsigned int n)
{
	unsigned int cpu;

	for (cpu = 0; cpu < ARRAY_SIZE(dp->cpu_mask) * 64; cpu++) {
		if (dp->cpu_mask[cpu / 64] >> (cpu % 64) & 1 && !n--)
			return cpu;
	}
	return -1;
}

static unsigned int n_mask_cpus(const struct user_dp *dp)
{
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(dp->cpu_mask); i++)
		n += __builtin_popcountll(dp->cpu_mask[i]);
	return n;
}

/* As many as there may be, whatever the number of queues. */
static unsigned int n_allowed(const struct user_dp *dp)
{
	unsigned int n = has_cpu_mask(dp) ? n_mask_cpus(dp) : thread_n_cpus() - 1;

	return MIN(MAX(n, 1), DPIF_MAX_WORKERS);
}

unsigned int assign_n_wanted(struct user_dp *dp)
{
	return MIN(n_allowed(dp), MAX(dp->n_rxqs, 1));
}

static struct worker *start_worker(struct user_dp *dp)
{
	unsigned int slot = 0;
	struct worker *w;
	int err;

	while (dp->workers[slot])
		slot++;
	w = worker_create(dp, slot, has_cpu_mask(dp) ? mask_cpu(dp, slot) : -1);
	err = worker_start(w);
	if (err) {
		log_err("%s: cannot start a worker: %s", dp->up.name, errno_str(err));
		worker_destroy(w);
		return NULL;
	}
	dp->workers[slot] = w;
	__atomic_store_n(&dp->worker_core[slot], worker_core(w), __ATOMIC_RELAXED);
	dp->n_workers++;
	return w;
}

static void retire(struct user_dp *dp, const struct worker *w)
{
	const uint64_t *from = (const uint64_t *)&w->counters;
	uint64_t *to = (uint64_t *)&dp->retired;
	size_t i;

	for (i = 0; i < sizeof(dp->retired) / sizeof(*to); i++)
		CTR_ADD(&to[i], CTR_GET(&from[i]));
}

static struct worker *least_loaded(struct user_dp *dp, struct worker **most)
{
	struct worker *least = NULL;
	unsigned int i;

	*most = NULL;
	for (i = 0; i < DPIF_MAX_WORKERS; i++) {
		struct worker *w = dp->workers[i];

		if (!w)
			continue;
		if (!least || w->n_rxqs < least->n_rxqs)
			least = w;
		if (!*most || w->n_rxqs > (*most)->n_rxqs)
			*most = w;
	}
	return least;
}

int assign_rxq(struct port_rxq *rxq)
{
	struct user_dp *dp = rxq->port->dp;
	struct worker *w, *most;

	dp->n_rxqs++;
	w = least_loaded(dp, &most);
	if (!w || (w->n_rxqs && dp->n_workers < dp->n_allowed)) {
		struct worker *new = start_worker(dp);

		w = new ? new : w;
	}
	if (!w) {
		dp->n_rxqs--;
		return -EAGAIN;
	}
	attach(w, rxq);
	return 0;
}

void assign_remove_rxq(struct port_rxq *rxq)
{
	struct user_dp *dp = rxq->port->dp;

	if (!rxq->worker)
		return;
	detach(rxq);
	dp->n_rxqs--;
	work_schedule(&dp->rebalance);
}

void assign_renew_rxq(struct port_rxq *rxq)
{
	struct worker *w = rxq->worker;
	bool was_polled = rxq->epoll_fd < 0;

	if (!w || !needs_renewal(rxq))
		return;
	set_del(w, rxq);
	set_add(w, rxq);
	if (was_polled || rxq->epoll_fd < 0)
		publish_polled(w);
}

/* Moves queues from the workers with most to those with least, until they differ by one at most. */
static void even_out(struct user_dp *dp)
{
	struct port_rxq **moved = NULL;
	size_t i, n = 0, size = 0;
	struct worker *least, *most;
	unsigned int share = DIV_ROUND_UP(dp->n_rxqs, MAX(dp->n_workers, 1));

	least = least_loaded(dp, &most);
	if (!least || most->n_rxqs - least->n_rxqs < 2)
		return;
	for (i = 0; i < DPIF_MAX_WORKERS; i++) {
		struct worker *w = dp->workers[i];

		while (w && w->n_rxqs > share) {
			if (n == size)
				moved = x2nrealloc(moved, &size, sizeof(*moved));
			moved[n] = w->rxqs[w->n_rxqs - 1];
			detach(moved[n++]);
		}
	}
	if (n)
		rcu_synchronize(); /* once for all: their old workers are done with them */
	for (i = 0; i < n; i++)
		attach(least_loaded(dp, &most), moved[i]);
	free(moved);
}

static void stop_workers(struct user_dp *dp)
{
	unsigned int i;

	for (i = 0; i < DPIF_MAX_WORKERS; i++) {
		struct worker *w = dp->workers[i];

		if (!w)
			continue;
		worker_stop(w);
		retire(dp, w);
		dp->workers[i] = NULL;
		dp->n_workers--;
		w->n_rxqs = 0;
		if (w->polled) {
			rcu_defer(polled_item(w->polled), free_polled);
			w->polled = NULL;
		}
		worker_destroy(w);
	}
}

void assign_stop_all(struct user_dp *dp)
{
	unsigned int i;

	for (i = 0; i < DPIF_MAX_WORKERS; i++)
		assert(!dp->workers[i] || !dp->workers[i]->n_rxqs);
	stop_workers(dp);
}

/* All queues leave, all workers end, and others start: the CPUs are others. */
static void restart(struct user_dp *dp)
{
	unsigned int i, j, n = 0, n_workers = assign_n_wanted(dp);
	struct port_rxq **all = xcalloc(dp->n_rxqs + 1, sizeof(*all));
	struct worker *most;

	for (i = 0; i < DPIF_MAX_WORKERS; i++) {
		struct worker *w = dp->workers[i];

		for (j = 0; w && j < w->n_rxqs; j++) {
			all[n++] = w->rxqs[j];
			set_del(w, w->rxqs[j]);
		}
	}
	stop_workers(dp);
	for (i = 0; i < n_workers; i++)
		start_worker(dp);
	for (i = 0; i < n; i++) {
		struct worker *w = least_loaded(dp, &most);

		all[i]->worker = NULL;
		if (w)
			attach(w, all[i]);
	}
	free(all);
}

/* Whether the workers are on the CPUs that the mask says. */
static bool is_as_configured(struct user_dp *dp)
{
	unsigned int i;

	for (i = 0; i < DPIF_MAX_WORKERS; i++) {
		const struct worker *w = dp->workers[i];

		if (w && w->cpu != (has_cpu_mask(dp) ? mask_cpu(dp, i) : -1))
			return false;
	}
	return dp->n_workers <= dp->n_allowed;
}

void assign_reconfigure(struct user_dp *dp)
{
	dp->n_allowed = n_allowed(dp);
	if (!dp->n_workers)
		return; /* the first port starts one */
	if (!is_as_configured(dp)) {
		log_info("%s: restarting workers: %u wanted", dp->up.name, assign_n_wanted(dp));
		restart(dp);
		return;
	}
	while (dp->n_workers < assign_n_wanted(dp)) {
		if (!start_worker(dp))
			break;
	}
	even_out(dp);
}
