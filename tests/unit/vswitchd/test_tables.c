// SPDX-License-Identifier: Apache-2.0
/* Tables in versions: what a look-up of a version sees while a batch is made, published, and
 * forgotten. */
#include "tables/tables.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/util.h"
#include "tests/unit/base/unit.h"

static struct rule *make(uint8_t table_id, const char *match_text, const char *acts_text,
			 uint64_t cookie)
{
	struct act_list *acts;
	struct match match;
	int priority = 0x8000;
	char *err;

	err = match_parse(&match, match_text, &priority);
	if (err)
		fail_msg("%s: %s", match_text, err);
	err = act_list_parse(acts_text, &acts);
	if (err)
		fail_msg("%s: %s", acts_text, err);
	return rule_create(table_id, &match, priority, cookie, acts);
}

/* Cookie of the rule that a packet to this IPv4 address meets at 'version'; 0: none. */
static uint64_t met(const struct tables *t, uint8_t table_id, cls_version version, uint32_t ip_dst)
{
	const struct rule *rule;
	struct flow_mask mask;
	struct flow flow;
	uint64_t cookie;

	memset(&flow, 0, sizeof(flow));
	flow.eth_type = htons(0x0800);
	flow.ip_dst = htonl(ip_dst);
	flow_mask_init_catchall(&mask);
	rcu_enter();
	rule = tables_lookup(t, table_id, version, &flow, &mask);
	cookie = rule ? rule->cookie : 0;
	rcu_leave();
	return cookie;
}

static uint64_t now(const struct tables *t, uint32_t ip_dst)
{
	return met(t, 0, tables_version(t), ip_dst);
}

static void test_empty(void **state)
{
	struct tables *t = tables_create();

	(void)state;
	tables_destroy(NULL);
	assert_int_equal(now(t, 1), 0);
	assert_int_equal(met(t, 253, tables_version(t), 1), 0);
	assert_false(tables_publish(t));
	assert_int_equal(tables_n_rules(t), 0);
	tables_destroy(t);
	rcu_barrier_();
}

static void test_batch_is_one_instant(void **state)
{
	struct tables *t = tables_create();
	cls_version before = tables_version(t), between;
	struct rule *low, *high;

	(void)state;
	low = make(0, "priority=1,ip", "NORMAL", 1);
	high = make(0, "priority=9,ip,nw_dst=10.0.0.1", "output:1", 2);
	tables_add(t, low);
	tables_add(t, high);
	assert_int_equal(tables_version(t), before);
	assert_int_equal(now(t, 0x0a000001), 0);
	assert_true(tables_publish(t));
	assert_false(tables_publish(t));
	assert_int_equal(now(t, 0x0a000001), 2);
	assert_int_equal(now(t, 0x0a000002), 1);
	/* A translation that began before goes on at its version. */
	assert_int_equal(met(t, 0, before, 0x0a000001), 0);

	/* A rule goes and another comes: no version sees none or both. */
	between = tables_version(t);
	rcu_enter(); /* keeps what is hidden */
	tables_del(t, high);
	tables_add(t, make(0, "priority=9,ip,nw_dst=10.0.0.1", "drop", 3));
	assert_int_equal(now(t, 0x0a000001), 2);
	assert_true(tables_publish(t));
	assert_int_equal(now(t, 0x0a000001), 3);
	assert_int_equal(met(t, 0, between, 0x0a000001), 2);
	rcu_leave();
	assert_int_equal(tables_n_rules(t), 2);
	tables_destroy(t);
	rcu_barrier_();
}

static void test_same_match_is_replaced(void **state)
{
	struct tables *t = tables_create();
	struct rule *old = make(0, "priority=5,ip", "NORMAL", 1);

	(void)state;
	rule_ref(old);
	tables_add(t, old);
	tables_publish(t);
	tables_add(t, make(0, "priority=5,ip", "drop", 2));
	tables_add(t, make(0, "priority=6,ip,nw_dst=1.2.3.4", "drop", 3));
	/* twice in one batch */
	tables_add(t, make(0, "priority=6,ip,nw_dst=1.2.3.4", "NORMAL", 4));
	tables_publish(t);
	assert_int_equal(now(t, 1), 2);
	assert_int_equal(now(t, 0x01020304), 4);
	assert_int_equal(tables_n_rules(t), 2);
	rcu_barrier_();
	/* The table has let go of the old one; ours is the last reference. */
	assert_int_equal(__atomic_load_n(&old->refs, __ATOMIC_RELAXED), 1);
	rule_unref(old);
	tables_destroy(t);
	rcu_barrier_();
}

static void test_tables_are_apart(void **state)
{
	struct tables *t = tables_create();

	(void)state;
	tables_add(t, make(0, "ip", "NORMAL", 1));
	tables_add(t, make(254, "ip", "drop", 2));
	tables_publish(t);
	assert_int_equal(met(t, 0, tables_version(t), 1), 1);
	assert_int_equal(met(t, 1, tables_version(t), 1), 0);
	assert_int_equal(met(t, 254, tables_version(t), 1), 2);
	tables_destroy(t);
	rcu_barrier_();
}

static void put_cookie(struct rule *rule, void *s)
{
	str_printf(s, "%d ", (int)rule->cookie);
}

static void test_walk(void **state)
{
	struct tables *t = tables_create();
	struct str s = STR_INIT;

	(void)state;
	tables_add(t, make(3, "priority=1,ip", "drop", 5));
	tables_add(t, make(0, "priority=1,arp", "drop", 2));
	tables_add(t, make(0, "priority=7,ip", "drop", 1));
	tables_add(t, make(0, "priority=0", "drop", 3));
	tables_publish(t);
	tables_add(t, make(0, "priority=100,ip", "drop", 9)); /* not published */
	rcu_enter();
	tables_walk(t, put_cookie, &s);
	rcu_leave();
	assert_string_equal(str_cstr(&s), "1 2 3 5 ");
	str_uninit(&s);
	tables_destroy(t); /* with an open batch */
	rcu_barrier_();
}

static void test_counters_and_text(void **state)
{
	struct rule *rule = make(0, "priority=10,ip,nw_dst=10.0.0.0/8", "output:1,output:2", 0);
	struct rule_stats stats;
	struct str s = STR_INIT;

	(void)state;
	rule_get_stats(rule, &stats);
	assert_int_equal(stats.used_ms, rule->created_ms);
	clock_warp(2500);
	rule_credit(rule, 3, 300, clock_ms());
	rule_credit(rule, 1, 60, clock_ms() - 1000); /* late news of an earlier packet */
	rule_get_stats(rule, &stats);
	assert_int_equal(stats.n_packets, 4);
	assert_int_equal(stats.n_bytes, 360);
	assert_int_equal(stats.used_ms, clock_ms());
	rule_format(rule, clock_ms(), &s);
	assert_string_equal(str_cstr(&s),
			    "duration=2s, n_packets=4, n_bytes=360, "
			    "priority=10,ip,nw_dst=10.0.0.0/8,actions=output:1,output:2");
	str_uninit(&s);
	rule_unref(rule);
	rcu_barrier_();
}

/* Readers look for two rules of which each version has exactly one, while the writer swaps them. */
static struct tables *shared;
static bool stop;

static void *reader(void *failures_)
{
	unsigned int *failures = failures_;
	struct flow_mask mask;
	struct flow flow;

	memset(&flow, 0, sizeof(flow));
	flow.eth_type = htons(0x0800);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		cls_version version;
		const struct rule *a, *b;

		rcu_enter();
		version = tables_version(shared);
		flow_mask_init_catchall(&mask);
		a = tables_lookup(shared, 0, version, &flow, &mask);
		b = tables_lookup(shared, 1, version, &flow, &mask);
		if (!a == !b || (a && a->acts->n != 1) || (b && b->acts->n != 1))
			++*failures;
		rcu_leave();
	}
	return NULL;
}

static void test_threads(void **state)
{
	unsigned int failures[2] = { 0, 0 };
	struct rule *rule = make(0, "ip", "NORMAL", 1);
	pthread_t threads[2];

	(void)state;
	shared = tables_create();
	tables_add(shared, rule);
	tables_publish(shared);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(thread_create(&threads[i], "reader", reader, &failures[i]), 0);
	for (unsigned int i = 0; i < 3000; i++) {
		struct rule *other = make(!rule->table_id, "ip", "NORMAL", i);

		tables_del(shared, rule);
		tables_add(shared, other);
		tables_publish(shared);
		rule = other;
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < 2; i++)
		thread_join(threads[i]);
	assert_int_equal(failures[0] + failures[1], 0);
	tables_destroy(shared);
	rcu_barrier_();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_batch_is_one_instant),
		cmocka_unit_test(test_same_match_is_replaced),
		cmocka_unit_test(test_tables_are_apart),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_counters_and_text),
		cmocka_unit_test(test_threads),
	};

	thread_forks_done();
	clock_stop();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
