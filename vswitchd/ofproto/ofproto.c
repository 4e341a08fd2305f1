// SPDX-License-Identifier: Apache-2.0
#include "ofproto/ofproto.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/util.h"
#include "ofproto/ofproto_impl.h"

LOG_MODULE(ofproto);

struct hmap ofprotos;
static bool initialized;

static void fdb_run_timer(struct ofproto *o)
{
	uint64_t next_ms = fdb_run(o->fdb, clock_ms());

	if (next_ms == UINT64_MAX)
		timer_cancel(&o->fdb_timer);
	else
		timer_set(&o->fdb_timer, MAX(next_ms, clock_ms() + 1000));
}

static void fdb_timer_cb(struct timer *t)
{
	fdb_run_timer(CONTAINER_OF(t, struct ofproto, fdb_timer));
}

static void fdb_work_cb(struct work *w)
{
	struct ofproto *o = CONTAINER_OF(w, struct ofproto, fdb_work);

	/* Ageing starts with the first entry; after that the timer keeps itself up. */
	if (!timer_is_set(&o->fdb_timer))
		fdb_run_timer(o);
}

static void fdb_post_cb(struct post *p)
{
	struct ofproto *o = CONTAINER_OF(p, struct ofproto, fdb_post);

	__atomic_store_n(&o->fdb_posted, false, __ATOMIC_RELEASE);
	work_schedule(&o->fdb_work);
}

/* Any thread: an address is new, moved or gone. */
static void fdb_changed(struct fdb *fdb, void *o_)
{
	struct ofproto *o = o_;

	(void)fdb;
	upcalls_touched(o->backer->upcalls);
	if (!__atomic_exchange_n(&o->fdb_posted, true, __ATOMIC_ACQ_REL))
		loop_post(o->loop, &o->fdb_post);
}

/* Any thread: so are the flows that looked it up. */
static void fdb_touched(uint32_t tag, void *o_)
{
	struct ofproto *o = o_;

	upcalls_touch(o->backer->upcalls, tag);
}

/* The rule that a switch without a controller has: priority 0, NORMAL. */
static void add_default_rule(struct ofproto *o)
{
	const struct act normal = { .type = ACT_NORMAL };
	struct match match;

	match_init_catchall(&match);
	tables_add(o->tables, rule_create(0, &match, 0, 0, act_list_create(&normal, 1)));
	tables_publish(o->tables);
}

char *ofproto_create(struct loop *loop, const char *name, const char *datapath_type,
		     struct ofproto **op)
{
	struct ofproto *o = xzalloc(sizeof(*o));
	char *err;

	if (!initialized) {
		initialized = true;
		hmap_init(&ofprotos);
	}
	err = backer_ref(loop, datapath_type, &o->backer, &o->no_kernel);
	if (err) {
		free(o);
		return err;
	}
	o->loop = loop;
	o->name = xstrdup(name);
	o->fdb = fdb_create();
	o->tables = tables_create();
	o->xbridge = xbridge_create(o->backer->dp, name, o->tables, o->fdb);
	timer_init(&o->fdb_timer, loop, fdb_timer_cb);
	work_init(&o->fdb_work, loop, fdb_work_cb);
	o->fdb_post.cb = fdb_post_cb;
	hmap_init(&o->ports);
	hmap_init(&o->bundles);
	o->next_number = 1;
	fdb_set_changed_cb(o->fdb, fdb_changed, o);
	fdb_set_touched_cb(o->fdb, fdb_touched, o);
	add_default_rule(o);
	hmap_insert(&ofprotos, &o->node, hash_string(name, 0));
	ofproto_changed(o);
	*op = o;
	return NULL;
}

void ofproto_destroy(struct ofproto *o)
{
	struct bundle *b;
	struct ofport *p;

	if (!o)
		return;
	hmap_remove(&ofprotos, &o->node);
	xbridge_clear_bundles(o->xbridge);
	HMAP_FOR_EACH(b, node, &o->bundles) {
		b->in_flood = false;
		ofproto_bundle_destroy(b);
	}
	HMAP_FOR_EACH(p, node, &o->ports)
		ofproto_port_del(p);
	fdb_set_changed_cb(o->fdb, NULL, NULL);
	fdb_set_touched_cb(o->fdb, NULL, NULL);
	rcu_synchronize(); /* no worker is inside them any more */
	loop_post_cancel(o->loop, &o->fdb_post);
	timer_cancel(&o->fdb_timer);
	work_cancel(&o->fdb_work);
	upcalls_revalidate(o->backer->upcalls);
	fdb_unref(o->fdb);
	xbridge_unref(o->xbridge);
	backer_unref(o->backer);
	hmap_uninit(&o->ports);
	hmap_uninit(&o->bundles);
	free(o->no_kernel);
	free(o->name);
	free(o);
}

void ofproto_exit(bool cleanup)
{
	struct ofproto *o;

	netdev_keep_on_close(!cleanup);
	dpif_keep_on_close(!cleanup);
	if (!initialized)
		return;
	HMAP_FOR_EACH(o, node, &ofprotos)
		ofproto_destroy(o);
	netdev_close_barrier();
}

struct ofproto *ofproto_lookup(const char *name)
{
	struct ofproto *o;

	if (!initialized)
		return NULL;
	HMAP_FOR_EACH_WITH_HASH(o, node, hash_string(name, 0), &ofprotos) {
		if (streq(o->name, name))
			return o;
	}
	return NULL;
}

const char *ofproto_name(const struct ofproto *o)
{
	return o->name;
}

const char *ofproto_type(const struct ofproto *o)
{
	return dpif_type(o->backer->dpif);
}

struct dpif *ofproto_dpif(const struct ofproto *o)
{
	return o->backer->dpif;
}

const char *ofproto_no_kernel(const struct ofproto *o)
{
	return o->no_kernel;
}

struct fdb *ofproto_fdb(const struct ofproto *o)
{
	return o->fdb;
}

void ofproto_changed(struct ofproto *o)
{
	o->backer->need_revalidate = true;
}

void ofproto_set_datapath_id(struct ofproto *o, uint64_t id)
{
	o->datapath_id = id;
}

uint64_t ofproto_datapath_id(const struct ofproto *o)
{
	return o->datapath_id;
}

void ofproto_set_forward_bpdu(struct ofproto *o, bool forward)
{
	if (__atomic_load_n(&o->xbridge->forward_bpdu, __ATOMIC_RELAXED) == forward)
		return;
	__atomic_store_n(&o->xbridge->forward_bpdu, forward, __ATOMIC_RELAXED);
	ofproto_changed(o);
}

void ofproto_set_mac_table(struct ofproto *o, uint32_t aging_s, uint32_t max_entries)
{
	struct fdb_stats now;

	fdb_get_stats(o->fdb, &now);
	if (now.aging_s != aging_s) {
		fdb_set_aging(o->fdb, aging_s);
		timer_cancel(&o->fdb_timer);
		work_schedule(&o->fdb_work);
	}
	if (now.max != max_entries)
		fdb_set_max(o->fdb, max_entries);
}

void ofproto_set_flood_vlans(struct ofproto *o, const unsigned long *vlans)
{
	uint64_t seq = fdb_change_seq(o->fdb);

	fdb_set_flood_vlans(o->fdb, vlans);
	if (fdb_change_seq(o->fdb) != seq)
		ofproto_changed(o);
}

/* Commits.  They end in the order in which they were made, though a later one may have less to wait
 * for. */

struct commit {
	struct cds_list_head node; /* in 'commits' */
	void (*done)(void *aux);
	void *aux;
	unsigned int n_waiting;
};
static CDS_LIST_HEAD(commits);

struct commit_waiter {
	struct upcall_waiter waiter;
	struct commit *commit;
};

static void commit_part_done(struct commit *c)
{
	c->n_waiting--;
	while (!cds_list_empty(&commits)) {
		c = cds_list_first_entry(&commits, struct commit, node);
		if (c->n_waiting)
			break;
		cds_list_del(&c->node);
		c->done(c->aux);
		free(c);
	}
}

static void round_done(struct upcall_waiter *w_)
{
	struct commit_waiter *w = CONTAINER_OF(w_, struct commit_waiter, waiter);
	struct commit *c = w->commit;

	free(w);
	commit_part_done(c);
}

static void commit_backer(struct backer *b, void *c_)
{
	struct commit *c = c_;
	struct commit_waiter *w;

	if (!b->need_revalidate)
		return;
	b->need_revalidate = false;
	upcalls_revalidate(b->upcalls);
	w = xzalloc(sizeof(*w));
	w->waiter.done = round_done;
	w->commit = c;
	c->n_waiting++;
	upcalls_wait(b->upcalls, &w->waiter);
}

void ofproto_commit(void (*done)(void *aux), void *aux)
{
	struct commit *c = xzalloc(sizeof(*c));

	c->done = done;
	c->aux = aux;
	c->n_waiting = 1;
	cds_list_add_tail(&c->node, &commits);
	backer_walk(commit_backer, c);
	commit_part_done(c);
}

void ofproto_register_commands(struct loop *loop)
{
	if (!initialized) {
		initialized = true;
		hmap_init(&ofprotos);
	}
	ofproto_ctl_register(loop);
	fdb_ctl_register();
	ofproto_memory_register();
	drop_ctl_register();
}
