// SPDX-License-Identifier: Apache-2.0
#include "upcall/upcall.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/memory.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/util.h"
#include "upcall/upcall_impl.h"

COUNTER(upcall_miss);
COUNTER(upcall_action);
COUNTER(upcall_flow_limit_hit);

const struct upcall_config upcall_config_default = {
	.flow_limit = 200000,
	.max_idle_ms = 10000,
	.max_revalidator_ms = 500,
};

/* Has the flow installed, unless there are too many, or another thread is at the same one.  We hold
 * its ukey until it is in the datapath, so no revalidator takes it for a flow that nobody
 * remembers. */
static void remember(struct upcalls *u, const struct dpif_upcall *upcall,
		     struct dpif_upcall_reply *reply, uint64_t seq, struct effects *effects)
{
	size_t n = ukeys_count(&u->ukeys);
	struct ukey *k;

	if (n >= __atomic_load_n(&u->flow_limit, __ATOMIC_RELAXED)) {
		COUNTER_INC(upcall_flow_limit_hit);
		return;
	}
	k = ukey_create(&upcall->ufid, seq, effects);
	if (!ukeys_insert(&u->ukeys, k)) {
		ukey_destroy(k);
		return;
	}
	reply->install = true;
	reply->cookie = k;
	if (!n)
		revalidators_wake(u); /* they sleep while there are no flows */
}

static void note_caller(struct upcalls *u, int worker)
{
	uint64_t bit = UINT64_C(1) << worker % 64;

	if (worker < DPIF_MAX_WORKERS &&
	    !(__atomic_load_n(&u->callers[worker / 64], __ATOMIC_RELAXED) & bit))
		__atomic_or_fetch(&u->callers[worker / 64], bit, __ATOMIC_RELAXED);
}

/* A miss: translates, applies the effects for this packet, and has the flow installed.  On a worker
 * or handler. */
static int handle(const struct dpif_upcall *upcall, struct dpif_upcall_reply *reply, void *u_)
{
	struct upcalls *u = u_;
	uint64_t seq = __atomic_load_n(&u->seq, __ATOMIC_ACQUIRE);
	struct xlate_out out = { 0 };

	if (upcall->type != DPIF_UPCALL_MISS) {
		COUNTER_INC(upcall_action);
		return -EINVAL; /* no translation of ours asks for such a thing */
	}
	COUNTER_INC(upcall_miss);
	note_caller(u, upcall->worker);
	out.actions = reply->actions;
	xlate(u->dp, upcall->key, &out);
	reply->actions = out.actions;
	reply->mask = out.mask;
	reply->drop = out.drop;
	effects_packet(&out.effects, upcall->packet->len);
	remember(u, upcall, reply, seq, &out.effects);
	xlate_out_uninit(&out);
	return 0;
}

static void installed(const struct dpif_upcall *upcall, struct dpif_upcall_reply *reply, int error,
		      void *u_)
{
	struct upcalls *u = u_;
	struct ukey *k = reply->cookie;

	(void)upcall;
	if (!k)
		return;
	if (error)
		ukeys_remove(&u->ukeys, k);
	else
		ukey_let_go(k);
}

static const struct dpif_upcall_ops ops = {
	.upcall = handle,
	.installed = installed,
};

/* Waits for a whole round from now on. */
static void round_now(struct upcalls *u) REQUIRES(u->lock)
{
	uint64_t round = u->round_begun + 1;

	u->round_wanted = MAX(u->round_wanted, round);
	cond_signal(&u->wake);
	while (u->round_done < round && !u->stop)
		cond_wait(&u->round_over, &u->lock);
}

/* In the main loop, which time/warp lets settle after each step: what the step made idle is gone,
 * and what was used is known, before the step's timers run.  In simulated time nothing depends on
 * how fast the threads are. */
static void settle(struct post *post)
{
	struct upcalls *u = CONTAINER_OF(post, struct upcalls, settle_post);

	__atomic_store_n(&u->settle_posted, false, __ATOMIC_RELEASE);
	mutex_lock(&u->lock);
	if (ukeys_count(&u->ukeys) && !u->paused)
		round_now(u);
	mutex_unlock(&u->lock);
}

static void clock_changed(struct clock_listener *l)
{
	struct upcalls *u = CONTAINER_OF(l, struct upcalls, clock);

	revalidators_wake(u);
	if (!__atomic_exchange_n(&u->settle_posted, true, __ATOMIC_ACQ_REL))
		loop_post(u->loop, &u->settle_post);
}

static unsigned int default_n_revalidators(void)
{
	return thread_n_cpus() / 4 + 1;
}

struct upcalls *upcalls_create(struct loop *loop, struct dpif *dpif, const struct xdp *dp)
{
	struct upcalls *u = xzalloc_cacheline(sizeof(*u));

	u->loop = loop;
	u->dpif = dpif;
	u->dp = dp;
	u->seq = 1;
	u->config = upcall_config_default;
	u->flow_limit = MIN(u->config.flow_limit, 10000);
	mutex_init(&u->lock);
	cond_init(&u->wake);
	cond_init(&u->round_begin);
	cond_init(&u->round_end);
	cond_init(&u->round_over);
	CDS_INIT_LIST_HEAD(&u->waiters);
	ukeys_init(&u->ukeys);
	dpif_set_flow_limit(dpif, u->flow_limit);
	dpif_set_upcall_ops(dpif, &ops, u);
	u->settle_post.cb = settle;
	u->clock.changed = clock_changed;
	clock_listener_add(&u->clock);
	revalidators_start(u, default_n_revalidators());
	return u;
}

void upcalls_destroy(struct upcalls *u)
{
	struct upcall_waiter *w, *next;

	if (!u)
		return;
	dpif_set_upcall_ops(u->dpif, NULL, NULL);
	clock_listener_del(&u->clock);
	revalidators_stop(u);
	rcu_synchronize(); /* no callback is running any more */
	cds_list_for_each_entry_safe(w, next, &u->waiters, node) {
		cds_list_del_init(&w->node);
		w->done(w);
	}
	loop_post_cancel(u->loop, &u->post);
	loop_post_cancel(u->loop, &u->settle_post);
	ukeys_uninit(&u->ukeys);
	cond_uninit(&u->wake);
	cond_uninit(&u->round_begin);
	cond_uninit(&u->round_end);
	cond_uninit(&u->round_over);
	mutex_uninit(&u->lock);
	free(u);
}

void upcalls_set_flow_limit(struct upcalls *u, uint32_t limit)
{
	__atomic_store_n(&u->flow_limit, limit, __ATOMIC_RELAXED);
	dpif_set_flow_limit(u->dpif, limit);
}

void upcalls_configure(struct upcalls *u, const struct upcall_config *config)
{
	unsigned int n = config->n_revalidators ? config->n_revalidators : default_n_revalidators();

	mutex_lock(&u->lock);
	u->config = *config;
	if (__atomic_load_n(&u->flow_limit, __ATOMIC_RELAXED) > config->flow_limit)
		upcalls_set_flow_limit(u, config->flow_limit);
	cond_signal(&u->wake);
	mutex_unlock(&u->lock);
	if (n != u->n_revalidators) {
		revalidators_stop(u);
		revalidators_start(u, n);
	}
}

void upcalls_revalidate(struct upcalls *u)
{
	__atomic_add_fetch(&u->seq, 1, __ATOMIC_RELEASE);
	if (ukeys_count(&u->ukeys))
		revalidators_wake(u);
}

void upcalls_wait(struct upcalls *u, struct upcall_waiter *w)
{
	mutex_lock(&u->lock);
	w->round = u->round_begun + 1;
	u->round_wanted = w->round;
	cds_list_add_tail(&w->node, &u->waiters);
	cond_signal(&u->wake);
	mutex_unlock(&u->lock);
}

void upcalls_wait_cancel(struct upcall_waiter *w)
{
	cds_list_del_init(&w->node);
}

void upcalls_purge(struct upcalls *u)
{
	mutex_lock(&u->lock);
	u->purge = true;
	round_now(u);
	mutex_unlock(&u->lock);
}

void upcalls_push_stats(struct upcalls *u)
{
	if (!ukeys_count(&u->ukeys))
		return;
	mutex_lock(&u->lock);
	round_now(u);
	mutex_unlock(&u->lock);
}

void upcalls_pause(struct upcalls *u, bool paused)
{
	mutex_lock(&u->lock);
	u->paused = paused;
	cond_signal(&u->wake);
	/* The round that is running may still look at the clock. */
	while (paused && u->round_done < u->round_begun && !u->stop)
		cond_wait(&u->round_over, &u->lock);
	mutex_unlock(&u->lock);
}

void upcalls_format(struct upcalls *u, struct str *s)
{
	mutex_lock(&u->lock);
	str_printf(s, "%s@%s:\n", dpif_type(u->dpif), dpif_name(u->dpif));
	str_printf(s, "  flows         : (current %zu) (avg %zu) (max %zu) (limit %" PRIu32 ")\n",
		   ukeys_count(&u->ukeys), u->n_flows_avg, u->n_flows_max,
		   __atomic_load_n(&u->flow_limit, __ATOMIC_RELAXED));
	str_printf(s, "  dump duration : %" PRIu64 "ms\n", u->round_us / 1000);
	str_put(s, "  ufid enabled : true\n\n");
	for (unsigned int i = 0; i < u->n_revalidators; i++)
		str_printf(s, "  %u: (keys %zu)\n", i,
			   __atomic_load_n(&u->revalidators[i].n_keys, __ATOMIC_RELAXED));
	mutex_unlock(&u->lock);
}

json_t *upcalls_to_json(struct upcalls *u)
{
	json_t *json;

	mutex_lock(&u->lock);
	json = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "type", dpif_type(u->dpif),
			 "name", dpif_name(u->dpif), "flows", (json_int_t)ukeys_count(&u->ukeys),
			 "flows-average", (json_int_t)u->n_flows_avg, "flows-max",
			 (json_int_t)u->n_flows_max, "flow-limit",
			 (json_int_t)__atomic_load_n(&u->flow_limit, __ATOMIC_RELAXED),
			 "dump-duration-us", (json_int_t)u->round_us, "revalidators",
			 (json_int_t)u->n_revalidators);
	mutex_unlock(&u->lock);
	return json;
}

void upcalls_report_memory(struct upcalls *u, struct str *s)
{
	unsigned int n_handlers = 0;

	for (size_t i = 0; i < ARRAY_SIZE(u->callers); i++)
		n_handlers += __builtin_popcountll(
			__atomic_load_n(&u->callers[i], __ATOMIC_RELAXED));
	memory_report(s, "handlers", n_handlers);
	memory_report(s, "revalidators", u->n_revalidators);
	memory_report(s, "udpif keys", ukeys_count(&u->ukeys));
}
