// SPDX-License-Identifier: Apache-2.0
/* How it works: a round is one dump of the datapath's flows, shared by all revalidators.  The
 * leader (the first) starts a round when something changed, when somebody waits for one, or
 * max-revalidator after the last one while there are flows; without flows and changes nothing runs.
 * A round begins with rcu_synchronize(), so that each miss which was translated by an older
 * configuration has been installed before the dump passes over it.
 *
 * A flow is translated anew if the configuration has changed since (its 'seq'), or if something it
 * looked up in a MAC table was touched (tags.h), or if a round has missed it.  That few are is the
 * rule, so a dump is terse and brings statistics; what has to be translated or is not known is then
 * fetched, a batch at a time.  When the configuration has changed, or much was touched, the dump
 * shows whole flows.  The first round over a datapath with flows of an earlier life has two passes:
 * in the first they teach the MAC tables what they know, in the second they are judged like any
 * other.
 *
 * When the table is full, the ports that have most give up what was idle for a moment; if it is
 * over-full, they give up what is in use, too. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/util.h"
#include "upcall/upcall_impl.h"

LOG_MODULE(upcall);
static struct log_rl change_rl = LOG_RL_INIT(600, 600);
COUNTER(revalidate_flow);
COUNTER(revalidate_deleted);
COUNTER(revalidate_modified);
COUNTER(revalidate_idle);
COUNTER(revalidate_full);
COUNTER(revalidate_rare);
COUNTER(revalidate_adopted);
COUNTER(revalidate_vanished);
COUNTER(revalidate_fetched);

#define DUMP_BATCH 50
#define OVER_LIMIT_IDLE_MS 100
#define MIN_FLOW_LIMIT 1000
#define LONG_ROUND_MS 1000
#define MAX_PAUSE_MS 250
/* Fetching a flow costs more than having it shown in a dump: one in so many at most. */
#define FETCH_RATIO 4

/* Deletions and corrections of one dump batch, sent together. */
struct ops {
	size_t n;
	struct op {
		struct dpif_op op;
		struct dpif_flow_stats stats;
		struct ukey *ukey; /* held; removed after a deletion */
		struct odp_buf actions;
		struct flow_mask mask;
	} ops[DUMP_BATCH];
};

/* Flows of a terse dump batch that have to be seen whole. */
struct fetches {
	size_t n;
	struct fetch {
		struct dpif_op op;
		struct ukey *ukey; /* held, or NULL: nobody remembers it */
		struct ufid ufid;
		struct dpif_flow *flow; /* of the batch */
		struct odp_buf actions; /* of the flow */
	} list[DUMP_BATCH];
};

/* What a revalidator works with. */
struct batch {
	struct dpif_flow flows[DUMP_BATCH];
	struct ops ops;
	struct fetches fetches;
};

static struct op *ops_add(struct ops *ops, enum dpif_op_type type, struct ukey *ukey)
{
	struct op *op = &ops->ops[ops->n++];

	memset(&op->op, 0, sizeof(op->op));
	memset(&op->actions, 0, sizeof(op->actions));
	op->op.type = type;
	op->ukey = ukey;
	return op;
}

static void ops_del(struct ops *ops, struct ukey *ukey, const struct dpif_flow *flow)
{
	struct op *op = ops_add(ops, DPIF_OP_DEL, ukey);

	op->op.del.key = flow->lacks_key ? NULL : &flow->key;
	op->op.del.ufid = &flow->ufid;
	op->op.del.stats = &op->stats;
	memset(&op->stats, 0, sizeof(op->stats));
}

static void ops_flush(struct upcalls *u, struct ops *ops)
{
	struct dpif_op *list[DUMP_BATCH];

	for (size_t i = 0; i < ops->n; i++)
		list[i] = &ops->ops[i].op;
	if (ops->n)
		dpif_operate(u->dpif, list, ops->n);
	for (size_t i = 0; i < ops->n; i++) {
		struct op *op = &ops->ops[i];

		if (op->op.type == DPIF_OP_DEL) {
			if (!op->op.error)
				ukey_push(op->ukey, &op->stats, clock_ms());
			ukeys_remove(&u->ukeys, op->ukey);
		} else {
			if (op->op.error)
				/* its actions are the old ones: again in the next round */
				op->ukey->seq = 0;
			ukey_let_go(op->ukey);
		}
		odp_buf_uninit(&op->actions);
	}
	ops->n = 0;
}

/* Every bit of 'narrow' is in 'wide', too: a flow installed with 'wide' covers only packets that
 * agree. */
static bool mask_covers(const struct flow_mask *wide, const struct flow_mask *narrow)
{
	const uint64_t *w = (const uint64_t *)&wide->masks, *n = (const uint64_t *)&narrow->masks;

	for (size_t i = 0; i < FLOW_U64S; i++) {
		if (n[i] & ~w[i])
			return false;
	}
	return true;
}

/* Whether the flow covers only packets that the translation holds for.  A mask that went through
 * the kernel's attributes has lost what these say by being there: that there is no tag, for one. */
static bool is_narrow_enough(const struct upcalls *u, const struct dpif_flow *flow,
			     const struct flow_mask *mask)
{
	struct odp_buf attrs = { 0 };
	struct flow_mask shown;
	char *err = NULL;
	bool ok;

	if (mask_covers(&flow->mask, mask))
		return true;
	if (!u->has_attributes)
		return false;
	odp_mask_encode(&attrs, &flow->key, mask);
	ok = odp_mask_decode(attrs.data, attrs.len, &flow->key, &shown, &err) != ODP_FIT_ERROR &&
	     mask_covers(&flow->mask, &shown);
	free(err);
	odp_buf_uninit(&attrs);
	return ok;
}

static void log_change(const struct upcalls *u, const struct dpif_flow *flow,
		       const struct odp_buf *acts, bool deleted)
{
	struct str s = STR_INIT;

	dpif_flow_format(flow, NULL, dpif_flow_style(u->dpif, false), &s);
	str_put(&s, deleted ? ": deleted, now matched more finely: " : ": now ");
	odp_actions_format(acts->data, acts->len, NULL, &s);
	log_dbg_rl(&change_rl, "%s@%s: %s", dpif_type(u->dpif), dpif_name(u->dpif), str_cstr(&s));
	str_uninit(&s);
}

/* Translates the flow anew.  Takes over 'k', which is held. */
static void retranslate(struct upcalls *u, struct ops *ops, struct ukey *k,
			const struct dpif_flow *flow)
{
	struct xlate_out out = { 0 };
	bool wake = false;

	COUNTER_INC(revalidate_flow);
	xlate(u->dp, &flow->key, &out);
	if (!is_narrow_enough(u, flow, &out.mask)) {
		COUNTER_INC(revalidate_deleted);
		if (log_is_on(&log_this_module, LOG_LVL_DBG))
			log_change(u, flow, &out.actions, true);
		ops_del(ops, k, flow);
		odp_buf_uninit(&out.actions);
	} else if (!dpif_actions_agree(u->dpif, out.actions.data, out.actions.len, flow->actions,
				       flow->actions_len)) {
		struct op *op = ops_add(ops, DPIF_OP_PUT, k);

		COUNTER_INC(revalidate_modified);
		if (log_is_on(&log_this_module, LOG_LVL_DBG))
			log_change(u, flow, &out.actions, false);
		op->actions = out.actions;
		op->mask = flow->mask;
		op->op.put.flags = DPIF_PUT_MODIFY;
		op->op.put.key = &flow->key;
		op->op.put.mask = &op->mask;
		op->op.put.ufid = &flow->ufid;
		op->op.put.actions = op->actions.data;
		op->op.put.actions_len = op->actions.len;
		ukeys_set_effects(&u->ukeys, k, &out.effects, &wake);
		k->seq = u->pass.seq;
	} else {
		ukeys_set_effects(&u->ukeys, k, &out.effects, &wake);
		k->seq = u->pass.seq;
		ukey_let_go(k);
		odp_buf_uninit(&out.actions);
	}
	xlate_out_uninit(&out);
	/* A touch since the round began: tags_is_wanted() tells the leader, which is awake. */
	(void)wake;
}

/* A flow nobody remembers (a restart over a datapath that kept its flows): from now on we do. */
static struct ukey *adopt(struct upcalls *u, const struct dpif_flow *flow)
{
	struct effects none = { 0 };
	struct ukey *k = ukey_create(&flow->ufid, flow->key.in_port, &none);
	bool wake = false;

	k->pushed = flow->stats;
	if (ukeys_insert(&u->ukeys, k, &wake)) {
		COUNTER_INC(revalidate_adopted);
		return k;
	}
	ukey_destroy(k); /* another dump was faster, or it has gone and just comes again */
	return NULL;
}

/* What a flow of an earlier life says of stations. */
static void teach(struct upcalls *u, const struct dpif_flow *flow)
{
	struct xlate_out out = { 0 };

	if (!flow->stats.used_ms || ukeys_lookup(&u->ukeys, &flow->ufid))
		return;
	xlate(u->dp, &flow->key, &out);
	effects_teach(&out.effects, flow->stats.used_ms);
	odp_buf_uninit(&out.actions);
	xlate_out_uninit(&out);
}

static bool is_stale(const struct ukey *k, const struct pass *p)
{
	if (k->seq != p->seq)
		return true;
	if (k->round >= p->round) /* translated since this round began */
		return false;
	return k->round + 1 != p->round || ukey_is_touched(k, &p->touched);
}

/* Whether its packets are not worth a translation, as there is no time for all. */
static bool is_rare(const struct ukey *k, const struct pass *p)
{
	/* Those of before the last restart, and new ones, are not known well enough. */
	return p->is_slow && k->seq && k->pps < p->config.min_revalidate_pps;
}

/* Whether it has to make room. */
static bool is_too_much(struct upcalls *u, const struct ukey *k, uint64_t idle_ms)
{
	const struct pass *p = &u->pass;
	uint32_t n_own = ukeys_of_port(&u->ukeys, k->in_port);

	if (!p->is_full || n_own < p->level)
		return false;
	if (idle_ms > OVER_LIMIT_IDLE_MS)
		return true;
	return p->presses && n_own > p->level &&
	       ukeys_count(&u->ukeys) > __atomic_load_n(&u->flow_limit, __ATOMIC_RELAXED);
}

/* 'k' is held, or NULL. */
static void fetches_add(struct fetches *fetches, struct ukey *k, struct dpif_flow *flow)
{
	struct fetch *f = &fetches->list[fetches->n++];

	f->ukey = k;
	f->flow = flow;
	f->ufid = flow->ufid;
}

static void revalidate(struct upcalls *u, struct batch *b, struct dpif_flow *flow, uint64_t now_ms)
{
	struct ukey *k = ukeys_lookup(&u->ukeys, &flow->ufid);
	bool is_whole = !flow->lacks_key && !flow->lacks_rest;
	const struct pass *p = &u->pass;
	uint64_t used_ms, idle_ms, max_idle_ms = p->config.max_idle_ms;
	struct ops *ops = &b->ops;

	if (!k && !is_whole) {
		fetches_add(&b->fetches, NULL, flow);
		return;
	}
	if (k ? !ukey_hold(k) : !(k = adopt(u, flow)))
		return;
	ukey_push(k, &flow->stats, now_ms);
	used_ms = MAX(flow->stats.used_ms, k->created_ms);
	idle_ms = now_ms - MIN(now_ms, used_ms);
	if (flow->offloaded)
		max_idle_ms += p->config.offloaded_stats_delay_ms;
	if (p->purges || idle_ms > max_idle_ms) {
		COUNTER_INC(revalidate_idle);
		ops_del(ops, k, flow);
	} else if (is_too_much(u, k, idle_ms)) {
		COUNTER_INC(revalidate_full);
		ops_del(ops, k, flow);
	} else if (!is_stale(k, p)) {
		k->round = MAX(k->round, p->round);
		ukey_let_go(k);
	} else if (is_rare(k, p)) {
		COUNTER_INC(revalidate_rare);
		ops_del(ops, k, flow);
	} else if (!is_whole) {
		fetches_add(&b->fetches, k, flow);
	} else {
		k->round = MAX(k->round, p->round);
		retranslate(u, ops, k, flow);
	}
}

/* The flow could not be fetched: it has gone since, or the datapath cannot tell. */
static void fetch_failed(struct upcalls *u, struct fetch *f)
{
	if (!f->ukey)
		return;
	if (f->op.error == -ENOENT) {
		COUNTER_INC(revalidate_vanished);
		ukeys_remove(&u->ukeys, f->ukey);
	} else {
		ukey_let_go(f->ukey); /* stale still: again in the next round */
	}
}

/* Fetches the whole of what was put aside, and goes on with that. */
static void fetches_run(struct upcalls *u, struct batch *b, uint64_t now_ms)
{
	struct fetches *fetches = &b->fetches;
	struct dpif_op *list[DUMP_BATCH];
	size_t n = fetches->n;

	if (!n)
		return;
	COUNTER_ADD(revalidate_fetched, n);
	for (size_t i = 0; i < n; i++) {
		struct fetch *f = &fetches->list[i];

		odp_buf_clear(&f->actions);
		f->op = (struct dpif_op){ .type = DPIF_OP_GET,
					  .get = { .key = f->flow->lacks_key ? NULL : &f->flow->key,
						   .ufid = &f->ufid,
						   .actions = &f->actions,
						   .flow = f->flow } };
		list[i] = &f->op;
	}
	dpif_operate(u->dpif, list, n);
	fetches->n = 0;
	rcu_enter();
	for (size_t i = 0; i < n; i++) {
		struct fetch *f = &fetches->list[i];

		if (f->op.error)
			continue;
		if (!f->ukey) {
			revalidate(u, b, f->flow, now_ms); /* whole: puts nothing aside */
		} else {
			f->ukey->round = MAX(f->ukey->round, u->pass.round);
			retranslate(u, &b->ops, f->ukey, f->flow);
		}
	}
	rcu_leave();
	for (size_t i = 0; i < n; i++) {
		if (fetches->list[i].op.error)
			fetch_failed(u, &fetches->list[i]);
	}
}

static void work(struct revalidator *r, struct dpif_dump *dump)
{
	struct upcalls *u = r->u;
	struct dpif_dump_thread *thread = dpif_dump_thread_create(dump);
	struct batch *b = xzalloc(sizeof(*b));
	size_t n;

	__atomic_store_n(&r->n_keys, 0, __ATOMIC_RELAXED);
	while ((n = dpif_dump_next(thread, b->flows, DUMP_BATCH))) {
		uint64_t now_ms = clock_ms();

		/* upcall/show reads it */
		__atomic_store_n(&r->n_keys, r->n_keys + n, __ATOMIC_RELAXED);
		rcu_enter();
		for (size_t i = 0; i < n; i++) {
			if (u->pass.teaches)
				teach(u, &b->flows[i]);
			else
				revalidate(u, b, &b->flows[i], now_ms);
		}
		rcu_leave();
		fetches_run(u, b, now_ms);
		/* what it names is held; deletions wait for a grace period */
		ops_flush(u, &b->ops);
	}
	dpif_dump_thread_destroy(thread);
	for (size_t i = 0; i < ARRAY_SIZE(b->fetches.list); i++)
		odp_buf_uninit(&b->fetches.list[i].actions);
	free(b);
}

/* Flows that somebody else took out of the datapath: no dump shows them any more. */

struct missing {
	struct upcalls *u;
	struct ukey *list[DUMP_BATCH];
	size_t n;
};

static void find_missing(struct ukey *k, void *missing_)
{
	struct missing *m = missing_;

	if (m->n == ARRAY_SIZE(m->list) || !ukey_hold(k))
		return;
	/* One round may have begun before it was installed. */
	if (k->round + 1 < m->u->pass.round)
		m->list[m->n++] = k;
	else
		ukey_let_go(k);
}

static void sweep(struct upcalls *u, size_t n_dumped)
{
	struct missing m = { .u = u };

	if (u->pass.teaches || n_dumped >= ukeys_count(&u->ukeys))
		return;
	for (unsigned int i = 0; i < UKEY_SHARDS; i++) {
		rcu_enter();
		ukeys_walk(&u->ukeys, i, find_missing, &m);
		rcu_leave();
		if (m.n < ARRAY_SIZE(m.list) && i + 1 < UKEY_SHARDS)
			continue;
		for (size_t j = 0; j < m.n; j++) {
			struct odp_buf actions = { 0 };
			struct dpif_flow flow;
			struct dpif_op op = { .type = DPIF_OP_GET,
					      .get = { .ufid = &m.list[j]->ufid,
						       .actions = &actions,
						       .flow = &flow } };
			struct dpif_op *ops = &op;

			/* Held: nobody else frees it. */
			dpif_operate(u->dpif, &ops, 1);
			if (op.error == -ENOENT) {
				COUNTER_INC(revalidate_vanished);
				ukeys_remove(&u->ukeys, m.list[j]);
			} else {
				ukey_let_go(m.list[j]);
			}
			odp_buf_uninit(&actions);
		}
		m.n = 0;
	}
}

/* Long rounds shrink the limit in proportion, short ones let it grow slowly: the caches hold what
 * one round can walk in about a second. */
static void adapt_flow_limit(struct upcalls *u, size_t n_flows) REQUIRES(u->lock)
{
	uint64_t ms = MAX(u->round_us / 1000, 1);
	uint64_t limit = __atomic_load_n(&u->flow_limit, __ATOMIC_RELAXED);

	if (ms > LONG_ROUND_MS)
		limit = limit * LONG_ROUND_MS / ms;
	else if (n_flows * LONG_ROUND_MS / ms > limit)
		limit += 1000;
	limit = MIN(MAX(limit, MIN_FLOW_LIMIT), u->config.flow_limit);
	__atomic_store_n(&u->flow_limit, limit, __ATOMIC_RELAXED);
	dpif_set_flow_limit(u->dpif, upcalls_hard_limit(limit));
	u->n_flows_avg = (u->n_flows_avg + n_flows) / 2;
	u->n_flows_max = MAX(u->n_flows_max, n_flows);
}

/* In the main loop: tells the waiters whose round is over. */
static void tell_waiters(struct post *post)
{
	struct upcalls *u = CONTAINER_OF(post, struct upcalls, post);
	struct upcall_waiter *w, *next;
	uint64_t done;

	__atomic_store_n(&u->posted, false, __ATOMIC_RELEASE);
	mutex_lock(&u->lock);
	done = u->round_done;
	mutex_unlock(&u->lock);
	cds_list_for_each_entry_safe(w, next, &u->waiters, node) {
		if (w->round > done)
			continue;
		cds_list_del_init(&w->node);
		w->done(w);
	}
}

/* What this pass goes by.  The order matters: see tags.h. */
static void pass_init(struct upcalls *u, bool teaches) REQUIRES(u->lock)
{
	uint32_t limit = __atomic_load_n(&u->flow_limit, __ATOMIC_RELAXED);
	struct pass *p = &u->pass;
	size_t n = ukeys_count(&u->ukeys);
	uint64_t seq_before = p->teaches ? 0 : p->seq;

	p->round = u->round_begun;
	p->config = u->config;
	p->purges = u->purge && !teaches;
	p->teaches = teaches;
	p->is_slow = u->round_us / 1000 >= u->config.max_revalidator_ms / 2;
	p->is_full = n >= limit;
	/* Room for a quarter of new ones. */
	p->level = p->is_full ? ukeys_level(&u->ukeys, limit - limit / 4) : UINT32_MAX;
	u->n_full = n > limit ? u->n_full + 1 : 0;
	p->presses = u->n_full > 1;
	if (p->purges)
		u->purge = false;
	p->seq = __atomic_load_n(&u->seq, __ATOMIC_ACQUIRE);
	if (!teaches) {
		tags_take(&u->tags, &p->touched);
		__atomic_store_n(&u->taken, p->round, __ATOMIC_RELEASE);
		p->is_terse = upcalls_is_terse() && p->seq == seq_before &&
			      p->touched.n_users <= n / FETCH_RATIO;
	} else {
		p->is_terse = false;
	}
}

/* Returns how many flows there are. */
static size_t run_pass(struct upcalls *u, bool teaches) REQUIRES(u->lock)
{
	size_t n_flows = 0;

	pass_init(u, teaches);
	mutex_unlock(&u->lock);

	rcu_synchronize();

	mutex_lock(&u->lock);
	if (u->stop)
		return 0;
	u->pass_begun++;
	u->dump = dpif_dump_create(u->dpif, u->pass.is_terse);
	u->n_working = u->n_revalidators - 1;
	cond_broadcast(&u->round_begin);
	mutex_unlock(&u->lock);

	work(&u->revalidators[0], u->dump);

	mutex_lock(&u->lock);
	while (u->n_working)
		cond_wait(&u->round_end, &u->lock);
	dpif_dump_destroy(u->dump);
	u->dump = NULL;
	for (unsigned int i = 0; i < u->n_revalidators; i++)
		n_flows += u->revalidators[i].n_keys;
	mutex_unlock(&u->lock);
	sweep(u, n_flows);
	mutex_lock(&u->lock);
	return n_flows;
}

static void do_round(struct upcalls *u) REQUIRES(u->lock)
{
	uint64_t begin_us = clock_real_us();
	size_t n_flows = 0;

	u->round_begun++;
	if (!u->config.restore_wait) {
		if (!u->has_taught) {
			run_pass(u, true);
			u->has_taught = !u->stop;
		}
		if (!u->stop)
			n_flows = run_pass(u, false);
		if (u->stop)
			return;
		u->round_us = clock_real_us() - begin_us;
		adapt_flow_limit(u, n_flows);
	}
	u->round_done = u->round_begun;
	if (u->round_done >= u->round_wanted && u->round_wanted &&
	    !__atomic_exchange_n(&u->posted, true, __ATOMIC_ACQ_REL))
		loop_post(u->loop, &u->post);
}

static void run_round(struct upcalls *u) REQUIRES(u->lock)
{
	u->is_in_round = true;
	do_round(u);
	u->is_in_round = false;
	cond_broadcast(&u->round_over);
}

static void *leader_main(void *leader_)
{
	struct revalidator *leader = leader_;
	struct upcalls *u = leader->u;
	uint64_t seq_done = 0, due_ms = 0, not_before_ms = 0;

	mutex_lock(&u->lock);
	while (!u->stop) {
		/* Before the first request the configuration is not whole: flows of an earlier life
		 * would be taken for wrong. */
		bool is_idle = u->paused || !u->round_wanted || u->config.restore_wait ||
			       !ukeys_count(&u->ukeys);
		bool is_wanted = u->round_wanted > u->round_done ||
				 (u->purge && !u->config.restore_wait);
		bool is_changed = __atomic_load_n(&u->seq, __ATOMIC_ACQUIRE) != seq_done ||
				  tags_is_wanted(&u->tags);
		uint64_t at_ms = is_changed ? not_before_ms : due_ms;

		if (!is_wanted && is_idle) {
			cond_wait(&u->wake, &u->lock);
			continue;
		}
		if (!is_wanted && clock_ms() < at_ms && !(is_changed && clock_is_stopped())) {
			cond_wait_until(&u->wake, &u->lock, at_ms);
			continue;
		}
		seq_done = __atomic_load_n(&u->seq, __ATOMIC_ACQUIRE);
		run_round(u);
		due_ms = clock_ms() + u->config.max_revalidator_ms;
		/* Changes that stream in (a flood of new addresses) get half of this thread's time
		 * at most. */
		not_before_ms = clock_ms() + MIN(MAX(u->round_us / 1000, 1), MAX_PAUSE_MS);
	}
	mutex_unlock(&u->lock);
	return NULL;
}

static void *follower_main(void *follower_)
{
	struct revalidator *r = follower_;
	struct upcalls *u = r->u;
	uint64_t pass = 0;

	mutex_lock(&u->lock);
	for (;;) {
		/* A pass that was begun is ended, even if all are to stop. */
		while (!u->stop && (!u->dump || u->pass_begun == pass))
			cond_wait(&u->round_begin, &u->lock);
		if (!u->dump || u->pass_begun == pass)
			break;
		pass = u->pass_begun;

		struct dpif_dump *dump = u->dump;

		mutex_unlock(&u->lock);
		work(r, dump);
		mutex_lock(&u->lock);
		if (!--u->n_working)
			cond_signal(&u->round_end);
	}
	mutex_unlock(&u->lock);
	return NULL;
}

void revalidators_wake(struct upcalls *u)
{
	mutex_lock(&u->lock);
	cond_signal(&u->wake);
	mutex_unlock(&u->lock);
}

void revalidators_start(struct upcalls *u, unsigned int n)
{
	u->stop = false;
	u->post.cb = tell_waiters;
	u->n_revalidators = n;
	u->revalidators = xcalloc(n, sizeof(*u->revalidators));
	for (unsigned int i = 0; i < n; i++) {
		struct revalidator *r = &u->revalidators[i];
		char name[16];
		int err;

		r->u = u;
		r->index = i;
		snprintf(name, sizeof(name), "revalidator%u", i);
		err = thread_create(&r->thread, name, i ? follower_main : leader_main, r);
		if (err)
			fatal(-err, "cannot start a revalidator thread");
	}
}

void revalidators_stop(struct upcalls *u)
{
	mutex_lock(&u->lock);
	u->stop = true;
	cond_broadcast(&u->wake);
	cond_broadcast(&u->round_begin);
	mutex_unlock(&u->lock);
	for (unsigned int i = 0; i < u->n_revalidators; i++)
		thread_join(u->revalidators[i].thread);
	free(u->revalidators);
	u->revalidators = NULL;
	u->n_revalidators = 0;
}
