// SPDX-License-Identifier: Apache-2.0
/* Policing in simulated time: what a sender that never stops gets through. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "netdev/netdev_provider.h"
#include "tests/unit/base/unit.h"

/* Offers a packet of 'len' octets each millisecond for 'ms'; returns how many passed. */
static unsigned int offer(struct netdev_policer *p, uint32_t len, unsigned int per_ms,
			  unsigned int ms)
{
	unsigned int i, passed = 0;

	while (ms--) {
		struct packet_batch batch = { .n = 0 };

		for (i = 0; i < per_ms; i++)
			batch.pkts[batch.n++] = packet_create(0, len, 0);
		assert_int_equal(netdev_policer_run(p, &batch) + batch.n, per_ms);
		passed += batch.n;
		for (i = 0; i < batch.n; i++)
			packet_release(batch.pkts[i]);
		clock_warp(1);
	}
	return passed;
}

static void test_rates(void **state)
{
	static const struct {
		const char *name;
		uint32_t kbps, kbit_burst, kpps, kpkt_burst;
		uint32_t len, per_ms, ms;
		unsigned int min, max;
	} cases[] = {
		/* 1,000 octets are 8 kbit: 10 s at 1 Mbit/s are 1,250 of them, the burst 12.5
		 * more. */
		{ "bits", 1000, 100, 0, 0, 1000, 10, 10000, 1250, 1270 },
		{ "default burst", 1000, 0, 0, 0, 1000, 10, 10000, 2245, 2255 },
		{ "packets", 0, 0, 1, 1, 60, 10, 10000, 10990, 11010 },
		{ "both, bits bind", 1000, 100, 100, 1, 1000, 10, 10000, 1250, 1270 },
		{ "a frame above the burst", 1000, 8, 0, 0, 60000, 1, 10000, 20, 23 },
		{ "below the rate", 100000, 1000, 0, 0, 1000, 1, 1000, 1000, 1000 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct netdev_policer p;
		unsigned int passed;

		netdev_policer_init(&p);
		assert_false(p.on);
		netdev_policer_set(&p, cases[i].kbps, cases[i].kbit_burst, cases[i].kpps,
				   cases[i].kpkt_burst);
		assert_true(p.on);
		passed = offer(&p, cases[i].len, cases[i].per_ms, cases[i].ms);
		if (passed < cases[i].min || passed > cases[i].max)
			fail_msg("%s: %u passed, not %u to %u", cases[i].name, passed, cases[i].min,
				 cases[i].max);
		netdev_policer_set(&p, 0, 0, 0, 0);
		assert_false(p.on);
		netdev_policer_uninit(&p);
	}
}

/* A long silence fills the bucket to the brim and no further, whatever the product of rate and
 * time. */
static void test_silence(void **state)
{
	struct netdev_policer p;

	netdev_policer_init(&p);
	netdev_policer_set(&p, UINT32_MAX, 80, 0, 0);
	offer(&p, 1000, 40, 1);
	clock_warp(UINT32_MAX);
	/* 80 kbit: ten of 8 kbit. */
	assert_in_range(offer(&p, 1000, 40, 1), 10, 11);
	netdev_policer_uninit(&p);
}

/* To set a limit again, the same or another, is no way to more than it allows. */
static void test_set_again(void **state)
{
	struct netdev_policer p;

	netdev_policer_init(&p);
	netdev_policer_set(&p, 1000, 80, 1, 0);
	/* 80 kbit are ten of 8 kbit; the last may be owed for. */
	assert_in_range(offer(&p, 1000, 40, 1), 10, 11);
	netdev_policer_set(&p, 1000, 80, 1, 0);
	assert_in_range(offer(&p, 1000, 40, 1), 0, 1);
	netdev_policer_set(&p, 1000, 800, 1, 0);
	assert_in_range(offer(&p, 1000, 40, 1), 0, 1);
	/* Nor is a full bucket larger than the burst that it now has. */
	clock_warp(10000);
	netdev_policer_set(&p, 1000, 80, 0, 0);
	assert_in_range(offer(&p, 1000, 40, 1), 10, 11);
	/* One that is taken away and comes back is new. */
	netdev_policer_set(&p, 0, 0, 1, 0);
	netdev_policer_set(&p, 1000, 80, 1, 0);
	assert_in_range(offer(&p, 1000, 40, 1), 10, 11);
	netdev_policer_uninit(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_set_again),
	};

	clock_stop();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
