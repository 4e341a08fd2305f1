// SPDX-License-Identifier: Apache-2.0
/* The classifier against a list that is searched from end to end; whether its masks are sound and
 * narrow; readers against a writer. */
#include "flow/classifier.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/thread.h"
#include "base/util.h"
#include "flow/fields.h"
#include "tests/unit/flow/unit.h"

struct rule {
	struct cls_rule cr;
	struct rcu_item rcu;
	struct match match;
	bool removed;
};

static struct rule *rule_create(const struct match *m, int priority)
{
	struct rule *r = xzalloc(sizeof(*r));

	r->match = *m;
	cls_rule_init(&r->cr, m, priority);
	return r;
}

static void rule_free(struct rcu_item *item)
{
	struct rule *r = CONTAINER_OF(item, struct rule, rcu);

	cls_rule_uninit(&r->cr);
	free(r);
}

static struct rule *add(struct classifier *cls, const char *match, int priority)
{
	struct match m;
	struct rule *r;

	assert_null(match_parse(&m, match, NULL));
	r = rule_create(&m, priority);
	classifier_insert(cls, &r->cr, 1);
	return r;
}

static bool collect(struct cls_rule *r, void *aux)
{
	struct classifier *cls = aux;

	classifier_remove(cls, r);
	rcu_defer(&CONTAINER_OF(r, struct rule, cr)->rcu, rule_free);
	return true;
}

static void destroy(struct classifier *cls)
{
	classifier_walk(cls, CLS_VERSION_MAX, NULL, collect, cls);
	assert_int_equal(classifier_count(cls), 0);
	classifier_destroy(cls);
	rcu_barrier_();
}

static const struct cls_rule *lookup(const struct classifier *cls, cls_version v,
				     const struct flow *f, struct flow_mask *mask)
{
	const struct cls_rule *r;

	rcu_enter();
	r = classifier_lookup(cls, v, f, mask);
	rcu_leave();
	return r;
}

/* ---- against a list
 * --------------------------------------------------------------------------- */

/* Few values for each field, so that flows and rules meet. */
static void random_flow(struct random *r, struct flow *f)
{
	memset(f, 0, sizeof(*f));
	f->in_port = rnd_below(r, 3);
	f->metadata = rnd_below(r, 2);
	f->regs[3] = rnd_below(r, 2);
	f->eth_dst[5] = rnd_below(r, 3);
	f->eth_src[0] = rnd_below(r, 2);
	f->vlans[0].tci = rnd_below(r, 2) ? htons(VLAN_CFI | rnd_below(r, 3)) : 0;
	f->eth_type = htons(rnd_below(r, 3) ? 0x0800 : 0x86dd);
	if (f->eth_type == htons(0x0800)) {
		f->ip_src = htonl(0x0a000000 | rnd_below(r, 2) << 16 | rnd_below(r, 4) << 6);
		f->ip_dst = htonl(rnd_below(r, 2) << 31 | rnd_below(r, 4));
	} else {
		f->ipv6_src.s6_addr[0] = 0xfe;
		f->ipv6_src.s6_addr[15] = rnd_below(r, 4);
		f->ipv6_dst.s6_addr[7] = rnd_below(r, 4);
	}
	f->ip_proto = rnd_below(r, 2) ? 6 : 17;
	f->tp_src = htons(rnd_below(r, 4) << (rnd_below(r, 2) * 8));
	f->tp_dst = htons(rnd_below(r, 8));
}

static be32 prefix32(unsigned int n)
{
	return n ? htonl(UINT32_MAX << (32 - n)) : 0;
}

static void random_match(struct random *r, struct match *m)
{
	static const unsigned int lens[] = { 0, 1, 8, 16, 24, 26, 32 };

	match_init_catchall(m);
	random_flow(r, &m->flow);
	if (!rnd_below(r, 3))
		MASK_FIELD(&m->mask, in_port);
	if (!rnd_below(r, 6))
		MASK_FIELD(&m->mask, metadata);
	if (!rnd_below(r, 8))
		m->mask.masks.regs[3] = 1;
	if (!rnd_below(r, 4))
		MASK_FIELD(&m->mask, eth_dst);
	if (!rnd_below(r, 6))
		m->mask.masks.eth_src[0] = 1;
	if (!rnd_below(r, 4))
		m->mask.masks.vlans[0].tci = htons(0x1fff);
	if (rnd_below(r, 3)) {
		MASK_FIELD(&m->mask, eth_type);
		if (m->flow.eth_type == htons(0x0800)) {
			m->mask.masks.ip_src = prefix32(lens[rnd_below(r, ARRAY_SIZE(lens))]);
			m->mask.masks.ip_dst = prefix32(lens[rnd_below(r, ARRAY_SIZE(lens))]);
			if (!rnd_below(r, 16))
				m->mask.masks.ip_src = htonl(0x00ff00ff);
		} else {
			memset(&m->mask.masks.ipv6_src, 0xff, rnd_below(r, 2) * 16);
			memset(&m->mask.masks.ipv6_dst, 0xff, rnd_below(r, 3) * 8);
		}
		if (rnd_below(r, 2)) {
			MASK_FIELD(&m->mask, ip_proto);
			if (!rnd_below(r, 3))
				MASK_FIELD(&m->mask, tp_dst);
			if (!rnd_below(r, 3))
				m->mask.masks.tp_src = htons(rnd_below(r, 2) ? 0xffff : 0xff00);
		}
	}
	match_normalize(m);
}

/* The highest priority that matches, INT32_MIN for none. */
static int reference(struct rule **rules, size_t n, cls_version v, const struct flow *f)
{
	int best = INT32_MIN;

	for (size_t i = 0; i < n; i++)
		if (!rules[i]->removed && cls_rule_visible(&rules[i]->cr, v) &&
		    rules[i]->cr.priority > best &&
		    flow_equal_in_mask(f, &rules[i]->match.flow, &rules[i]->match.mask))
			best = rules[i]->cr.priority;
	return best;
}

/* 'f' with other bits wherever 'mask' has none. */
static void perturb(struct random *r, struct flow *f, const struct flow_mask *mask)
{
	struct flow other;

	if (rnd_below(r, 2))
		random_flow(r, &other);
	else
		rnd_octets(r, &other, sizeof(other));
	for (size_t i = 0; i < sizeof(other); i++) {
		uint8_t m = ((const uint8_t *)mask)[i];

		((uint8_t *)f)[i] = (((uint8_t *)f)[i] & m) | (((uint8_t *)&other)[i] & ~m);
	}
}

static void check_lookup(struct random *r, const struct classifier *cls, struct rule **rules,
			 size_t n, cls_version v)
{
	struct flow_mask mask;
	const struct cls_rule *got;
	struct flow f;
	int want;

	random_flow(r, &f);
	want = reference(rules, n, v, &f);
	flow_mask_init_catchall(&mask);
	got = lookup(cls, v, &f, &mask);
	assert_int_equal(got ? got->priority : INT32_MIN, want);
	if (got) {
		assert_true(cls_rule_visible(got, v));
		assert_true(flow_equal_in_mask(&f, &CONTAINER_OF(got, struct rule, cr)->match.flow,
					       &CONTAINER_OF(got, struct rule, cr)->match.mask));
	}
	assert_ptr_equal(lookup(cls, v, &f, NULL), got);
	for (int i = 0; i < 6; i++) {
		struct flow like = f;

		perturb(r, &like, &mask);
		assert_true(flow_equal_in_mask(&f, &like, &mask));
		assert_ptr_equal(lookup(cls, v, &like, NULL), got);
	}
}

#define MAX_RULES 4096

static void test_against_list(void **state)
{
	static struct rule *rules[MAX_RULES];
	struct random r = { 42 };

	for (int round = 0; round < (SANITIZED ? 20 : 60); round++) {
		struct classifier *cls = classifier_create();
		unsigned int n_priorities = round % 3 ? 1000 : 4;
		cls_version v = CLS_VERSION_MIN;
		size_t n = 0;

		for (int step = 0; step < 150; step++) {
			struct match m;
			struct rule *rule;
			struct cls_rule *old;
			uint32_t what = rnd_below(&r, 10);
			size_t i;

			if (what < 6 || !n) {
				random_match(&r, &m);
				rule = rule_create(&m, rnd_below(&r, n_priorities));
				rcu_enter();
				old = classifier_find(cls, &m, rule->cr.priority, v + 1);
				rcu_leave();
				if (old)
					cls_rule_hide(old, v + 1);
				classifier_insert(cls, &rule->cr, v + 1);
				rules[n++] = rule;
				assert_ptr_equal(classifier_find(cls, &m, rule->cr.priority, v + 1),
						 &rule->cr);
				v++;
			} else if (what < 8) {
				i = rnd_below(&r, n);
				if (!rules[i]->removed && cls_rule_visible(&rules[i]->cr, v)) {
					cls_rule_hide(&rules[i]->cr, v + 1);
					if (rnd_below(&r, 2))
						v++;
					else
						cls_rule_restore(&rules[i]->cr);
				}
			} else {
				i = rnd_below(&r, n);
				if (!rules[i]->removed && !cls_rule_visible(&rules[i]->cr, v)) {
					classifier_remove(cls, &rules[i]->cr);
					rules[i]->removed = true;
				}
			}
			if (step == 100 && round % 4 == 0) {
				const struct field *f[] = { field_lookup("ip_dst"),
							    field_lookup("eth_dst"),
							    field_lookup("ipv6_dst") };

				assert_int_equal(classifier_set_prefix_fields(cls, f,
									      round % 8 ? 3 : 0),
						 0);
			}
			for (int l = 0; l < 6; l++)
				check_lookup(&r, cls, rules, n, v);
		}
		for (size_t i = 0; i < n; i++) {
			if (!rules[i]->removed)
				classifier_remove(cls, &rules[i]->cr);
			rcu_defer(&rules[i]->rcu, rule_free);
		}
		assert_int_equal(classifier_count(cls), 0);
		classifier_destroy(cls);
		rcu_barrier_();
	}
}

/* ---- versions
 * ---------------------------------------------------------------------------------- */

static void test_versions(void **state)
{
	struct classifier *cls = classifier_create();
	struct rule *a, *b;
	struct match m;
	struct flow f;

	match_init_catchall(&m);
	memset(&f, 0, sizeof(f));
	a = rule_create(&m, 5);
	classifier_insert(cls, &a->cr, 3);
	assert_null(lookup(cls, 2, &f, NULL));
	assert_ptr_equal(lookup(cls, 3, &f, NULL), &a->cr);
	cls_rule_hide(&a->cr, 7);
	b = rule_create(&m, 5);
	classifier_insert(cls, &b->cr, 7);
	assert_ptr_equal(lookup(cls, 6, &f, NULL), &a->cr);
	assert_ptr_equal(lookup(cls, 7, &f, NULL), &b->cr);
	assert_ptr_equal(classifier_find(cls, &m, 5, 6), &a->cr);
	assert_ptr_equal(classifier_find(cls, &m, 5, 7), &b->cr);
	assert_null(classifier_find(cls, &m, 4, 7));
	classifier_remove(cls, &b->cr);
	rcu_defer(&b->rcu, rule_free);
	cls_rule_restore(&a->cr);
	assert_ptr_equal(lookup(cls, 7, &f, NULL), &a->cr);
	destroy(cls);
}

/* ---- narrow masks
 * ------------------------------------------------------------------------------ */

static void flow_of(const char *match, struct flow *f)
{
	struct match m;

	assert_null(match_parse(&m, match, NULL));
	*f = m.flow;
}

static void test_narrow(void **state)
{
	struct classifier *cls = classifier_create();
	struct flow_mask mask;
	struct flow f;
	struct rule *all = add(cls, "", 0);

	/* nothing but a rule for all: nothing matters */
	flow_of("tcp,in_port=1,nw_src=10.0.0.1,tp_dst=80", &f);
	flow_mask_init_catchall(&mask);
	assert_ptr_equal(lookup(cls, 1, &f, &mask), &all->cr);
	assert_true(flow_mask_is_catchall(&mask));

	/* a subtable that the first stage refuses adds that stage alone */
	add(cls, "in_port=2,tcp,nw_src=10.0.0.1,tp_dst=80", 10);
	flow_mask_init_catchall(&mask);
	assert_ptr_equal(lookup(cls, 1, &f, &mask), &all->cr);
	assert_int_equal(mask.masks.in_port, UINT32_MAX);
	assert_int_equal(mask.masks.eth_type, 0);
	assert_int_equal(mask.masks.ip_src, 0);
	assert_int_equal(mask.masks.tp_dst, 0);
	destroy(cls);

	/* the trie refuses with the first bits that differ */
	cls = classifier_create();
	all = add(cls, "", 0);
	add(cls, "ip,nw_dst=10.0.0.0/8", 10);
	add(cls, "ip,nw_dst=10.1.0.0/16", 20);
	flow_of("ip,nw_dst=192.168.0.1", &f);
	flow_mask_init_catchall(&mask);
	assert_ptr_equal(lookup(cls, 1, &f, &mask), &all->cr);
	assert_int_equal(mask.masks.ip_dst, htonl(0x80000000));
	flow_of("ip,nw_dst=10.2.0.1", &f);
	flow_mask_init_catchall(&mask);
	assert_int_equal(lookup(cls, 1, &f, &mask)->priority, 10);
	/* 10.1/16 is refused by bit 15 (00000001 against 00000010) */
	assert_int_equal(mask.masks.ip_dst, htonl(0xffff0000 & ~0x10000u));
	flow_of("ip,nw_dst=11.2.0.1", &f);
	flow_mask_init_catchall(&mask);
	assert_ptr_equal(lookup(cls, 1, &f, &mask), &all->cr);
	assert_int_equal(mask.masks.ip_dst, htonl(0xff000000));
	destroy(cls);

	/* ports: the bits that tell them from those of the rules */
	cls = classifier_create();
	all = add(cls, "", 0);
	add(cls, "tcp,tp_dst=80", 10);
	add(cls, "tcp,tp_dst=443", 10);
	flow_of("tcp,tp_src=1234,tp_dst=32768", &f);
	flow_mask_init_catchall(&mask);
	assert_ptr_equal(lookup(cls, 1, &f, &mask), &all->cr);
	assert_int_equal(mask.masks.tp_dst, htons(0x8000));
	assert_int_equal(mask.masks.tp_src, 0);
	destroy(cls);
}

/* ---- walking
 * ------------------------------------------------------------------------------------ */

struct seen {
	unsigned int n, stop_at;
};

static bool count(struct cls_rule *r, void *aux)
{
	struct seen *s = aux;

	return ++s->n != s->stop_at;
}

static void test_walk(void **state)
{
	struct classifier *cls = classifier_create();
	struct seen seen = { 0, 0 };
	struct match m;

	add(cls, "tcp,tp_dst=80", 1);
	add(cls, "tcp,tp_dst=81", 2);
	add(cls, "tcp,nw_src=1.1.1.1", 3);
	add(cls, "udp", 4);
	add(cls, "", 5);
	classifier_walk(cls, 1, NULL, count, &seen);
	assert_int_equal(seen.n, 5);
	assert_null(match_parse(&m, "tcp", NULL));
	seen = (struct seen){ 0, 0 };
	classifier_walk(cls, 1, &m, count, &seen);
	assert_int_equal(seen.n, 3);
	assert_null(match_parse(&m, "tcp,tp_dst=80", NULL));
	seen = (struct seen){ 0, 0 };
	classifier_walk(cls, 1, &m, count, &seen);
	assert_int_equal(seen.n, 1);
	seen = (struct seen){ 0, 2 };
	classifier_walk(cls, CLS_VERSION_MAX, NULL, count, &seen);
	assert_int_equal(seen.n, 2);
	seen = (struct seen){ 0, 0 };
	classifier_walk(cls, 0, NULL, count, &seen);
	assert_int_equal(seen.n, 0);
	destroy(cls);
}

static void test_prefix_fields(void **state)
{
	struct classifier *cls = classifier_create();
	const struct field *f[5] = { field_lookup("ip_src"), field_lookup("ip_dst"),
				     field_lookup("ipv6_src"), field_lookup("ipv6_dst"),
				     field_lookup("eth_src") };

	assert_int_equal(classifier_set_prefix_fields(cls, f, 5), -E2BIG);
	f[0] = field_lookup("reg0");
	assert_int_equal(classifier_set_prefix_fields(cls, f, 1), -EINVAL);
	f[0] = field_lookup("vlan_vid");
	assert_int_equal(classifier_set_prefix_fields(cls, f, 1), -EINVAL);
	assert_int_equal(classifier_set_prefix_fields(cls, f + 1, 4), 0);
	destroy(cls);
}

/* ---- readers and a writer
 * ------------------------------------------------------------------------ */

#define N_READERS 3
#define N_KEYS 16
#define N_CHANGES (SANITIZED ? 3000 : 20000)

/* For each key one rule is visible in each version; around it rules of all shapes come and go. */
struct shared {
	struct classifier *cls;
	cls_version version; /* atomic */
	bool stop; /* atomic */
	uint64_t n_lookups; /* atomic */
};

static void key_match(unsigned int key, struct match *m)
{
	match_init_catchall(m);
	m->flow.in_port = key;
	MASK_FIELD(&m->mask, in_port);
	m->flow.eth_type = htons(0x0800);
	MASK_FIELD(&m->mask, eth_type);
	m->flow.ip_dst = htonl(0x0a000000 | key << 8);
	m->mask.masks.ip_dst = htonl(0xffffff00);
}

static void *read_rules(void *aux)
{
	struct shared *s = aux;
	struct random r = { (uintptr_t)&r | 1 };
	uint64_t n = 0;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		rcu_enter();
		for (int i = 0; i < 16; i++) {
			const struct cls_rule *rule;
			struct flow_mask mask;
			struct match m;
			cls_version v;

			key_match(rnd_below(&r, N_KEYS), &m);
			m.flow.tp_dst = htons(rnd_below(&r, 4));
			v = __atomic_load_n(&s->version, __ATOMIC_ACQUIRE);
			flow_mask_init_catchall(&mask);
			rule = classifier_lookup(s->cls, v, &m.flow, &mask);
			/* no assertion of cmocka's in other threads */
			if (!rule || !cls_rule_visible(rule, v) || rule->priority != 100)
				abort();
			n++;
		}
		rcu_leave();
	}
	__atomic_add_fetch(&s->n_lookups, n, __ATOMIC_RELAXED);
	return NULL;
}

static void test_concurrent(void **state)
{
	static struct rule *keys[N_KEYS], *others[64];
	struct shared s = { classifier_create(), CLS_VERSION_MIN, false, 0 };
	pthread_t readers[N_READERS];
	struct random r = { 7 };
	struct rule *doomed[64];
	unsigned int n_doomed = 0;
	struct match m;

	for (unsigned int i = 0; i < N_KEYS; i++) {
		key_match(i, &m);
		keys[i] = rule_create(&m, 100);
		classifier_insert(s.cls, &keys[i]->cr, s.version);
	}
	for (int i = 0; i < N_READERS; i++)
		assert_int_equal(thread_create(&readers[i], "reader", read_rules, &s), 0);
	for (int i = 0; i < N_CHANGES; i++) {
		unsigned int k = rnd_below(&r, N_KEYS), o = rnd_below(&r, ARRAY_SIZE(others));
		struct rule *new_;

		/* one rule follows another of the same match at one version */
		key_match(k, &m);
		new_ = rule_create(&m, 100);
		classifier_insert(s.cls, &new_->cr, s.version + 1);
		cls_rule_hide(&keys[k]->cr, s.version + 1);
		__atomic_store_n(&s.version, s.version + 1, __ATOMIC_RELEASE);
		doomed[n_doomed++] = keys[k];
		keys[k] = new_;
		/* rules of less priority come and go at once */
		if (others[o]) {
			classifier_remove(s.cls, &others[o]->cr);
			rcu_defer(&others[o]->rcu, rule_free);
			others[o] = NULL;
		} else {
			random_match(&r, &m);
			others[o] = rule_create(&m, rnd_below(&r, 100));
			classifier_insert(s.cls, &others[o]->cr, s.version);
		}
		if (n_doomed == ARRAY_SIZE(doomed)) {
			rcu_synchronize(); /* nobody looks at older versions any more */
			while (n_doomed) {
				struct rule *d = doomed[--n_doomed];

				classifier_remove(s.cls, &d->cr);
				rcu_defer(&d->rcu, rule_free);
			}
		}
		if (i % 512 == 0) {
			const struct field *f[] = { field_lookup("ip_dst"),
						    field_lookup("ip_src") };

			classifier_set_prefix_fields(s.cls, f, i % 1024 ? 2 : 1);
		}
	}
	__atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < N_READERS; i++)
		thread_join(readers[i]);
	assert_true(s.n_lookups > 0);
	destroy(s.cls);
}

static int setup(void **state)
{
	rcu_register_thread_();
	thread_forks_done();
	return 0;
}

static int teardown(void **state)
{
	rcu_barrier_();
	rcu_unregister_thread_();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_list),  cmocka_unit_test(test_versions),
		cmocka_unit_test(test_narrow),        cmocka_unit_test(test_walk),
		cmocka_unit_test(test_prefix_fields), cmocka_unit_test(test_concurrent),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
