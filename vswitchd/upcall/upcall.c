// SPDX-License-Identifier: Apache-2.0
#include "upcall/upcall.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/util.h"
#include "upcall/upcall_impl.h"

LOG_MODULE(upcall);
COUNTER(upcall_miss);
COUNTER(upcall_action);
COUNTER(upcall_flow_limit_hit);
COUNTER(upcall_flow_limit_share);
COUNTER(upcall_reinstall);
COUNTER(upcall_repeat);

/* A packet may have been on its way here while another of its flow had that installed. */
#define REINSTALL_MIN_MS 1000

/* Of all datapaths; atomic. */
static bool megaflows_disabled, terse_disabled;
static CDS_LIST_HEAD(all_upcalls); /* main thread */

const struct upcall_config upcall_config_default = {
	.flow_limit = 200000,
	.max_idle_ms = 10000,
	.max_revalidator_ms = 500,
	.min_revalidate_pps = 5,
	.offloaded_stats_delay_ms = 2000,
};

uint32_t upcalls_hard_limit(uint32_t flow_limit)
{
	return flow_limit + MIN(flow_limit / 4, UINT32_MAX - flow_limit);
}

/* One port that floods fills the table and has nothing more cached.  Another may go over the limit
 * as long as it has less than its share of the table, until the next round makes room. */
static bool is_room(struct upcalls *u, uint32_t in_port)
{
	uint32_t limit = __atomic_load_n(&u->flow_limit, __ATOMIC_RELAXED);
	size_t n = ukeys_count(&u->ukeys);
	uint32_t n_own, n_ports;

	if (n < limit)
		return true;
	n_own = ukeys_of_port(&u->ukeys, in_port);
	n_ports = ukeys_n_ports(&u->ukeys) + !n_own;
	if (n < upcalls_hard_limit(limit) && n_own < limit / n_ports) {
		COUNTER_INC(upcall_flow_limit_share);
		return true;
	}
	COUNTER_INC(upcall_flow_limit_hit);
	return false;
}

/* A miss of a flow that we remember: if it is not just being installed or removed, somebody else
 * has taken it out of the datapath (dpctl/del-flow).  Held; NULL. */
static struct ukey *lost_one(struct upcalls *u, const struct ufid *ufid)
{
	struct ukey *k = ukeys_lookup(&u->ukeys, ufid);

	if (!k || clock_ms() < k->created_ms + REINSTALL_MIN_MS || !ukey_hold(k))
		return NULL;
	COUNTER_INC(upcall_reinstall);
	k->seq = 0; /* if it is there after all it has other actions perhaps */
	return k;
}

/* Has the flow installed, unless there are too many, or another thread is at the same one.  We hold
 * its ukey until it is in the datapath, so no revalidator takes it for a flow that nobody
 * remembers. */
static void remember(struct upcalls *u, const struct dpif_upcall *upcall,
		     struct dpif_upcall_reply *reply, uint64_t seq, uint64_t round,
		     struct effects *effects)
{
	struct ukey *k;
	bool wake;

	if (!is_room(u, upcall->key->in_port))
		return;
	k = ukey_create(&upcall->ufid, upcall->key->in_port, effects);
	k->seq = seq;
	k->round = round;
	wake = !ukeys_count(&u->ukeys); /* they sleep while there are no flows */
	if (!ukeys_insert(&u->ukeys, k, &wake)) {
		struct ukey *lost = lost_one(u, &upcall->ufid);

		if (lost)
			ukeys_set_effects(&u->ukeys, lost, &k->effects, &wake);
		ukey_destroy(k);
		k = lost;
	}
	reply->install = k != NULL;
	reply->cookie = k;
	if (wake)
		revalidators_wake(u);
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
	uint64_t round = __atomic_load_n(&u->taken, __ATOMIC_ACQUIRE);
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
	if (__atomic_load_n(&megaflows_disabled, __ATOMIC_RELAXED))
		flow_mask_init_for_packet(&reply->mask, upcall->key);
	reply->drop = out.drop;
	effects_packet(&out.effects, upcall->packet->len);
	remember(u, upcall, reply, seq, round, &out.effects);
	xlate_out_uninit(&out);
	return 0;
}

static bool repeat(const struct dpif_upcall *upcall, struct dpif_upcall_reply *reply,
		   uint64_t n_packets, uint64_t n_bytes, void *u_)
{
	struct ukey *k = reply->cookie;

	(void)upcall, (void)u_;
	if (!k)
		return false;
	COUNTER_ADD(upcall_repeat, n_packets);
	effects_credit(&k->effects, n_packets, n_bytes, clock_ms());
	return true;
}

static void installed(const struct dpif_upcall *upcall, struct dpif_upcall_reply *reply, int error,
		      void *u_)
{
	struct upcalls *u = u_;
	struct ukey *k = reply->cookie;

	(void)upcall;
	if (!k)
		return;
	if (error && k->seq) {
		ukeys_remove(&u->ukeys, k);
		return;
	}
	if (!error) {
		/* From 0 on.  What it counted before it was lost, nobody knows. */
		memset(&k->pushed, 0, sizeof(k->pushed));
		k->created_ms = clock_ms();
	}
	ukey_let_go(k);
}

static const struct dpif_upcall_ops ops = {
	.upcall = handle,
	.installed = installed,
	.repeat = repeat,
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

static unsigned int n_revalidators_of(const struct upcall_config *c)
{
	unsigned int n_cpus = thread_n_cpus();

	if (c->n_revalidators)
		return c->n_revalidators;
	return c->n_handlers ? MAX(n_cpus, c->n_handlers + 1) - c->n_handlers : n_cpus / 4 + 1;
}

struct upcalls *upcalls_create(struct loop *loop, struct dpif *dpif, const struct xdp *dp)
{
	struct upcalls *u = xzalloc_cacheline(sizeof(*u));

	u->loop = loop;
	u->dpif = dpif;
	u->dp = dp;
	u->has_attributes = dpif_port_use(dpif_type(dpif)) == NETDEV_USE_VPORT;
	u->seq = 1;
	u->config = upcall_config_default;
	u->flow_limit = MIN(u->config.flow_limit, 10000);
	mutex_init(&u->lock);
	cond_init(&u->wake);
	cond_init(&u->round_begin);
	cond_init(&u->round_end);
	cond_init(&u->round_over);
	CDS_INIT_LIST_HEAD(&u->waiters);
	tags_init(&u->tags);
	ukeys_init(&u->ukeys, &u->tags);
	dpif_set_flow_limit(dpif, upcalls_hard_limit(u->flow_limit));
	dpif_set_upcall_ops(dpif, &ops, u);
	u->settle_post.cb = settle;
	u->clock.changed = clock_changed;
	clock_listener_add(&u->clock);
	cds_list_add_tail(&u->node, &all_upcalls);
	revalidators_start(u, n_revalidators_of(&u->config));
	return u;
}

void upcalls_destroy(struct upcalls *u)
{
	struct upcall_waiter *w, *next;

	if (!u)
		return;
	cds_list_del(&u->node);
	dpif_set_upcall_ops(u->dpif, NULL, NULL);
	if (u->config.restore_wait)
		dpif_upcalls_resume(u->dpif); /* for who comes after us */
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
	rcu_barrier_(); /* nothing of it is left that knows the tags */
	tags_uninit(&u->tags);
	cond_uninit(&u->wake);
	cond_uninit(&u->round_begin);
	cond_uninit(&u->round_end);
	cond_uninit(&u->round_over);
	mutex_uninit(&u->lock);
	free(u);
}

void upcalls_freeze(struct upcalls *u)
{
	dpif_upcalls_pause(u->dpif);
	revalidators_stop(u);
}

void upcalls_set_flow_limit(struct upcalls *u, uint32_t limit)
{
	__atomic_store_n(&u->flow_limit, limit, __ATOMIC_RELAXED);
	dpif_set_flow_limit(u->dpif, upcalls_hard_limit(limit));
}

static void set_restore_wait(struct upcalls *u, bool wait)
{
	log_info("%s@%s: %s", dpif_type(u->dpif), dpif_name(u->dpif),
		 wait ? "flows are being restored; misses are not handled meanwhile"
		      : "flows are restored; misses are handled");
	if (wait) {
		dpif_upcalls_pause(u->dpif);
	} else {
		dpif_upcalls_resume(u->dpif);
		upcalls_revalidate(u);
	}
}

void upcalls_configure(struct upcalls *u, const struct upcall_config *config)
{
	unsigned int n = n_revalidators_of(config);
	bool had_wait;

	mutex_lock(&u->lock);
	had_wait = u->config.restore_wait;
	u->config = *config;
	if (__atomic_load_n(&u->flow_limit, __ATOMIC_RELAXED) > config->flow_limit)
		upcalls_set_flow_limit(u, config->flow_limit);
	cond_signal(&u->wake);
	mutex_unlock(&u->lock);
	if (had_wait != config->restore_wait)
		set_restore_wait(u, config->restore_wait);
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

void upcalls_touch(struct upcalls *u, uint32_t tag)
{
	if (tags_touch(&u->tags, tag))
		__atomic_store_n(&u->touch_wakes, true, __ATOMIC_RELEASE);
}

void upcalls_touched(struct upcalls *u)
{
	if (__atomic_load_n(&u->touch_wakes, __ATOMIC_ACQUIRE) &&
	    __atomic_exchange_n(&u->touch_wakes, false, __ATOMIC_ACQ_REL))
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
	while (paused && u->is_in_round && !u->stop)
		cond_wait(&u->round_over, &u->lock);
	mutex_unlock(&u->lock);
}

void upcalls_set_megaflows(bool enabled)
{
	struct upcalls *u;

	__atomic_store_n(&megaflows_disabled, !enabled, __ATOMIC_RELAXED);
	cds_list_for_each_entry(u, &all_upcalls, node)
		upcalls_purge(u);
}

void upcalls_set_terse(bool enabled)
{
	__atomic_store_n(&terse_disabled, !enabled, __ATOMIC_RELAXED);
}

bool upcalls_is_terse(void)
{
	return !__atomic_load_n(&terse_disabled, __ATOMIC_RELAXED);
}

void upcalls_walk(void (*fn)(struct upcalls *, void *aux), void *aux)
{
	struct cds_list_head *node;

	/* By node: the head of the list is no aligned 'struct upcalls', not even in passing. */
	cds_list_for_each(node, &all_upcalls) fn(CONTAINER_OF(node, struct upcalls, node), aux);
}

static void dump_rules(struct ukey *k, void *json)
{
	struct str ufid = STR_INIT;
	json_t *rules;

	if (!ukey_hold(k))
		return; /* it comes or goes */
	rules = json_array();
	for (size_t i = 0; i < k->effects.n; i++) {
		const struct effect *e = &k->effects.list[i];
		struct str s = STR_INIT;

		if (e->type != EFFECT_RULE)
			continue;
		rule_format(e->rule, clock_ms(), &s);
		json_array_append_new(rules, json_string(str_cstr(&s) + strspn(str_cstr(&s), " ")));
		str_uninit(&s);
	}
	ukey_let_go(k);
	dpif_ufid_format(&k->ufid, &ufid);
	json_array_append_new(json, json_pack("{s:s, s:o}", "ufid",
					      str_cstr(&ufid) + strlen("ufid:"), "rules", rules));
	str_uninit(&ufid);
}

json_t *upcalls_dump_rules(struct upcalls *u, const struct ufid *ufid)
{
	json_t *json = json_array();

	rcu_enter();
	if (ufid) {
		struct ukey *k = ukeys_lookup(&u->ukeys, ufid);

		if (k)
			dump_rules(k, json);
	}
	for (unsigned int i = 0; i < UKEY_SHARDS && !ufid; i++)
		ukeys_walk(&u->ukeys, i, dump_rules, json);
	rcu_leave();
	return json;
}

void upcalls_format(struct upcalls *u, struct str *s)
{
	mutex_lock(&u->lock);
	str_printf(s, "%s@%s:\n", dpif_type(u->dpif), dpif_name(u->dpif));
	str_printf(s, "  flows         : (current %zu) (avg %zu) (max %zu) (limit %" PRIu32 ")\n",
		   ukeys_count(&u->ukeys), u->n_flows_avg, u->n_flows_max,
		   __atomic_load_n(&u->flow_limit, __ATOMIC_RELAXED));
	str_printf(s, "  dump duration : %" PRIu64 "ms\n", u->round_us / 1000);
	str_printf(s, "  ufid enabled : %s\n\n", upcalls_is_terse() ? "true" : "false");
	for (unsigned int i = 0; i < u->n_revalidators; i++)
		str_printf(s, "  %u: (keys %zu)\n", i,
			   __atomic_load_n(&u->revalidators[i].n_keys, __ATOMIC_RELAXED));
	mutex_unlock(&u->lock);
}

json_t *upcalls_to_json(struct upcalls *u)
{
	json_t *json;

	mutex_lock(&u->lock);
	json = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "type",
			 dpif_type(u->dpif), "name", dpif_name(u->dpif), "flows",
			 (json_int_t)ukeys_count(&u->ukeys), "flows-average",
			 (json_int_t)u->n_flows_avg, "flows-max", (json_int_t)u->n_flows_max,
			 "flow-limit",
			 (json_int_t)__atomic_load_n(&u->flow_limit, __ATOMIC_RELAXED),
			 "dump-duration-us", (json_int_t)u->round_us, "revalidators",
			 (json_int_t)u->n_revalidators, "ufid-enabled", upcalls_is_terse());
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
