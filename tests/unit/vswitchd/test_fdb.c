// SPDX-License-Identifier: Apache-2.0
#include "l2/fdb.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/thread.h"

static struct fdb *fdb;
static struct fdb_port ports[3];

static int setup(void **state)
{
	(void)state;
	fdb = fdb_create();
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		fdb_port_init(&ports[i]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fdb_unref(fdb);
	rcu_barrier_();
	return 0;
}

static const uint8_t *mac(uint32_t n)
{
	static __thread uint8_t m[6];

	m[0] = 2;
	m[2] = n >> 24;
	m[3] = n >> 16;
	m[4] = n >> 8;
	m[5] = n;
	return m;
}

static struct fdb_port *where(uint32_t n, uint16_t vlan)
{
	const struct fdb_entry *e;
	struct fdb_port *p;

	rcu_enter();
	e = fdb_lookup(fdb, mac(n), vlan);
	p = e ? fdb_entry_port(e) : NULL;
	rcu_leave();
	return p;
}

static void test_refuses(void **state)
{
	static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0, 1 }, zero[6];

	(void)state;
	assert_int_equal(fdb_learn(fdb, group, 1, &ports[0], false, false), FDB_REFUSED);
	assert_int_equal(fdb_learn(fdb, zero, 1, &ports[0], false, false), FDB_REFUSED);
	assert_int_equal(fdb_add_static(fdb, group, 1, &ports[0]), -EINVAL);
	assert_int_equal(fdb_del(fdb, mac(1), 1), -ENOENT);
}

static void test_learns_and_moves(void **state)
{
	struct fdb_stats stats;
	uint64_t seq = fdb_change_seq(fdb);

	(void)state;
	assert_true(fdb_learn_is_needed(fdb, mac(1), 1, &ports[0], false, false));
	assert_int_equal(fdb_learn(fdb, mac(1), 1, &ports[0], false, false), FDB_NEW);
	assert_true(fdb_change_seq(fdb) > seq);
	assert_false(fdb_learn_is_needed(fdb, mac(1), 1, &ports[0], false, false));
	assert_ptr_equal(where(1, 1), &ports[0]);
	assert_null(where(1, 2)); /* each VLAN is its own */
	assert_int_equal(fdb_learn(fdb, mac(1), 1, &ports[1], false, false), FDB_MOVED);
	assert_ptr_equal(where(1, 1), &ports[1]);
	fdb_get_stats(fdb, &stats);
	assert_int_equal(stats.n_learned, 1);
	assert_int_equal(stats.n_moved, 1);
	assert_int_equal(stats.n, 1);
}

static void test_static(void **state)
{
	(void)state;
	assert_int_equal(fdb_add_static(fdb, mac(1), 1, &ports[0]), 0);
	assert_int_equal(fdb_learn(fdb, mac(1), 1, &ports[1], false, false), FDB_REFUSED);
	fdb_flush(fdb);
	assert_ptr_equal(where(1, 1), &ports[0]);
	clock_warp(4000 * 1000);
	fdb_run(fdb, clock_ms());
	assert_ptr_equal(where(1, 1), &ports[0]);
	assert_int_equal(fdb_del(fdb, mac(1), 1), 0);
	assert_null(where(1, 1));
}

static void test_ages(void **state)
{
	struct fdb_stats stats;

	(void)state;
	fdb_set_aging(fdb, 15);
	fdb_learn(fdb, mac(1), 1, &ports[0], false, false);
	fdb_learn(fdb, mac(2), 1, &ports[0], false, false);
	clock_warp(10 * 1000);
	fdb_refresh(fdb, mac(2), 1, &ports[0], false, false, clock_ms());
	clock_warp(6 * 1000);
	assert_in_range(fdb_run(fdb, clock_ms()), clock_ms() + 1, clock_ms() + 9 * 1000);
	assert_null(where(1, 1));
	assert_ptr_equal(where(2, 1), &ports[0]);
	fdb_get_stats(fdb, &stats);
	assert_int_equal(stats.n_expired, 1);
}

/* What statistics of cached flows say of a source, and what the table makes of it. */
static void test_refresh(void **state)
{
	uint64_t before_ms, flushed_ms;

	(void)state;
	before_ms = clock_ms();
	clock_warp(1000);
	fdb_learn(fdb, mac(1), 1, &ports[0], false, false);
	/* A flow of another port that was used before that is no news; later, it is a move. */
	fdb_refresh(fdb, mac(1), 1, &ports[1], false, false, before_ms);
	assert_ptr_equal(where(1, 1), &ports[0]);
	clock_warp(1);
	fdb_refresh(fdb, mac(1), 1, &ports[1], false, false, clock_ms());
	assert_ptr_equal(where(1, 1), &ports[1]);

	/* What was flushed comes back with the next use, and not by an old one. */
	clock_warp(1);
	fdb_flush(fdb);
	flushed_ms = clock_ms();
	fdb_refresh(fdb, mac(1), 1, &ports[1], false, false, flushed_ms);
	assert_null(where(1, 1));
	clock_warp(1);
	fdb_refresh(fdb, mac(1), 1, &ports[1], false, false, clock_ms());
	assert_ptr_equal(where(1, 1), &ports[1]);

	/* A static entry stays; a port that is gone learns nothing; what is too old already,
	 * neither. */
	fdb_add_static(fdb, mac(2), 1, &ports[0]);
	clock_warp(1);
	fdb_refresh(fdb, mac(2), 1, &ports[1], false, false, clock_ms());
	assert_ptr_equal(where(2, 1), &ports[0]);
	fdb_flush_port(fdb, &ports[1]);
	clock_warp(1);
	fdb_refresh(fdb, mac(3), 1, &ports[1], false, false, clock_ms());
	assert_null(where(3, 1));
	before_ms = clock_ms();
	clock_warp(FDB_DEFAULT_AGING_S * 1000);
	fdb_refresh(fdb, mac(4), 1, &ports[0], false, false, before_ms);
	assert_null(where(4, 1));
}

/* Ports whose entries fall due together and apart, in every order of the heap. */
static void test_expires_on_many_ports(void **state)
{
	static struct fdb_port many[64];
	unsigned int seed = 1, n_left;

	(void)state;
	fdb_set_aging(fdb, 15);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		fdb_port_init(&many[i]);
	for (unsigned int round = 0; round < 50; round++) {
		struct fdb_stats stats;

		for (uint32_t i = 0; i < 500; i++) {
			seed = seed * 1103515245 + 12345;
			fdb_learn(fdb, mac(i), 1, &many[seed >> 16 & 63], false, false);
			if (seed >> 24 & 1)
				clock_warp(7);
		}
		clock_warp(13500);
		fdb_run(fdb, clock_ms());
		n_left = 0;
		for (uint32_t i = 0; i < 500; i++) {
			const struct fdb_entry *e;

			rcu_enter();
			e = fdb_lookup(fdb, mac(i), 1);
			if (e) {
				n_left++;
				assert_true(e->used_ms + 15000 > clock_ms());
			}
			rcu_leave();
		}
		fdb_get_stats(fdb, &stats);
		assert_int_equal(stats.n, n_left);
		assert_in_range(n_left, 1, 499);
	}
	fdb_flush(fdb);
}

/* One port that makes up addresses evicts its own: the other's stay. */
static void test_evicts_fairly(void **state)
{
	struct fdb_stats stats;

	(void)state;
	fdb_set_max(fdb, 100);
	for (uint32_t i = 0; i < 20; i++)
		fdb_learn(fdb, mac(i), 1, &ports[0], false, false);
	for (uint32_t i = 1000; i < 2000; i++) {
		clock_warp(1);
		fdb_learn(fdb, mac(i), 1, &ports[1], false, false);
	}
	for (uint32_t i = 0; i < 20; i++)
		assert_ptr_equal(where(i, 1), &ports[0]);
	fdb_get_stats(fdb, &stats);
	assert_int_equal(stats.n, 100);
	assert_int_equal(stats.n_evicted, 920);
	/* The oldest went: the newest 80 are there. */
	assert_null(where(1919, 1));
	for (uint32_t i = 1920; i < 2000; i++)
		assert_ptr_equal(where(i, 1), &ports[1]);
}

/* Least recently used, not least recently learned. */
static void test_evicts_least_recently_used(void **state)
{
	(void)state;
	fdb_set_max(fdb, 10);
	for (uint32_t i = 0; i < 10; i++) {
		clock_warp(1000);
		fdb_learn(fdb, mac(i), 1, &ports[0], false, false);
	}
	clock_warp(1000);
	fdb_refresh(fdb, mac(0), 1, &ports[0], false, false, clock_ms());
	fdb_learn(fdb, mac(10), 1, &ports[0], false, false);
	assert_ptr_equal(where(0, 1), &ports[0]);
	assert_null(where(1, 1));
}

static void test_full_of_static(void **state)
{
	(void)state;
	fdb_set_max(fdb, 10);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(fdb_add_static(fdb, mac(i), 1, &ports[0]), 0);
	assert_int_equal(fdb_add_static(fdb, mac(10), 1, &ports[0]), -ENOSPC);
	assert_int_equal(fdb_learn(fdb, mac(11), 1, &ports[1], false, false), FDB_REFUSED);
}

static void test_grat_arp_lock(void **state)
{
	(void)state;
	/* Learned from a gratuitous ARP on an ordinary port: a bond may not take it for 5 s by
	 * another. */
	fdb_learn(fdb, mac(1), 1, &ports[0], false, true);
	assert_int_equal(fdb_learn(fdb, mac(1), 1, &ports[1], true, true), FDB_REFUSED);
	clock_warp(FDB_GRAT_ARP_LOCK_S * 1000);
	assert_int_equal(fdb_learn(fdb, mac(1), 1, &ports[1], true, true), FDB_MOVED);
}

static void test_flood_vlans(void **state)
{
	unsigned long vlans[4096 / (8 * sizeof(unsigned long))] = { 0 };

	(void)state;
	fdb_learn(fdb, mac(1), 5, &ports[0], false, false);
	vlans[5 / 64] |= 1UL << 5;
	fdb_set_flood_vlans(fdb, vlans);
	assert_null(where(1, 5));
	assert_int_equal(fdb_learn(fdb, mac(1), 5, &ports[0], false, false), FDB_REFUSED);
	fdb_set_flood_vlans(fdb, NULL);
	assert_int_equal(fdb_learn(fdb, mac(1), 5, &ports[0], false, false), FDB_NEW);
}

static void test_flush_port(void **state)
{
	(void)state;
	fdb_learn(fdb, mac(1), 1, &ports[0], false, false);
	fdb_learn(fdb, mac(2), 1, &ports[1], false, false);
	fdb_add_static(fdb, mac(3), 1, &ports[0]);
	fdb_flush_port_learned(fdb, &ports[0]);
	assert_null(where(1, 1));
	assert_ptr_equal(where(3, 1), &ports[0]);
	fdb_flush_port(fdb, &ports[0]);
	assert_null(where(3, 1));
	assert_ptr_equal(where(2, 1), &ports[1]);
	/* A cached flow that still names the port teaches nothing. */
	assert_int_equal(fdb_learn(fdb, mac(1), 1, &ports[0], false, false), FDB_REFUSED);
}

/* Readers, learners and a flusher at once: for ThreadSanitizer, and no entry is lost for good. */
static bool stop;

static void *learner(void *port)
{
	for (uint32_t i = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) {
		rcu_enter();
		if (fdb_learn_is_needed(fdb, mac(i % 300), 1, port, false, false))
			fdb_learn(fdb, mac(i % 300), 1, port, false, false);
		fdb_lookup(fdb, mac(i % 500), 1);
		rcu_leave();
	}
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[2];

	(void)state;
	stop = false;
	fdb_set_max(fdb, 200);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(thread_create(&threads[i], "learner", learner, &ports[i]), 0);
	for (size_t i = 0; i < 200; i++) {
		fdb_flush(fdb);
		fdb_run(fdb, clock_ms());
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < 2; i++)
		thread_join(threads[i]);
	fdb_flush(fdb);
	assert_int_equal(ports[0].n_entries + ports[1].n_entries, 0);
}

int main(void)
{
#define T(NAME) cmocka_unit_test_setup_teardown(test_##NAME, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(refuses),        T(learns_and_moves),
		T(static),         T(ages),
		T(refresh),        T(expires_on_many_ports),
		T(evicts_fairly),  T(evicts_least_recently_used),
		T(full_of_static), T(grat_arp_lock),
		T(flood_vlans),    T(flush_port),
		T(threads),
	};

	thread_forks_done();
	clock_stop();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
