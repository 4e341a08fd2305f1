// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "rpc/reconnect.h"
#include "tests/unit/rpc/unit.h"

#define T0 1000000u

/* Steps at 'at_ms' must do nothing until 'deadline', then 'action'. */
static void expect_at(struct reconnect *r, uint64_t deadline, enum reconnect_action action)
{
	assert_int_equal(reconnect_deadline_ms(r, r->state_since_ms), deadline);
	assert_int_equal(reconnect_step(r, deadline - 1), RECONNECT_NOTHING);
	assert_int_equal(reconnect_step(r, deadline), action);
}

static void backoff_doubles(void **state)
{
	static const uint32_t wanted_ms[] = { 1000, 2000, 4000, 8000, 8000, 8000 };
	struct reconnect r;
	uint64_t now = T0;

	reconnect_init(&r, now);
	assert_int_equal(r.state, RECONNECT_VOID);
	assert_int_equal(reconnect_deadline_ms(&r, now), UINT64_MAX);
	assert_int_equal(reconnect_step(&r, now + 1000000), RECONNECT_NOTHING);
	reconnect_enable(&r, now);
	assert_int_equal(reconnect_step(&r, now), RECONNECT_CONNECT);
	for (size_t i = 0; i < ARRAY_SIZE(wanted_ms); i++) {
		reconnect_connecting(&r, now);
		assert_int_equal(r.state, RECONNECT_CONNECTING);
		reconnect_disconnected(&r, now, ECONNREFUSED);
		assert_int_equal(r.state, RECONNECT_BACKOFF);
		assert_int_equal(r.backoff_ms, wanted_ms[i]);
		assert_int_equal(r.last_error, ECONNREFUSED);
		expect_at(&r, now + wanted_ms[i], RECONNECT_CONNECT);
		now += wanted_ms[i];
	}
	assert_int_equal(r.n_attempts, ARRAY_SIZE(wanted_ms));
	assert_int_equal(r.n_connections, 0);
	assert_int_equal(r.last_disconnected_ms, 0);
}

static void connecting_times_out(void **state)
{
	struct reconnect r;

	reconnect_init(&r, T0);
	reconnect_enable(&r, T0);
	reconnect_connecting(&r, T0);
	expect_at(&r, T0 + 1000, RECONNECT_DISCONNECT);
	reconnect_disconnected(&r, T0 + 1000, ETIMEDOUT);
	reconnect_connecting(&r, T0 + 2000);
	reconnect_disconnected(&r, T0 + 2000, ETIMEDOUT);
	assert_int_equal(r.backoff_ms, 2000);
	reconnect_connecting(&r, T0 + 4000);
	expect_at(&r, T0 + 6000, RECONNECT_DISCONNECT);
}

static void good_connection_restarts_backoff(void **state)
{
	struct reconnect r;
	uint64_t now = T0;

	reconnect_init(&r, now);
	reconnect_enable(&r, now);
	for (int i = 0; i < 3; i++) {
		reconnect_connecting(&r, now);
		reconnect_disconnected(&r, now, ECONNREFUSED);
	}
	assert_int_equal(r.backoff_ms, 4000);
	/* Up for less than twice the back-off: it counts as one more failure. */
	reconnect_connecting(&r, now);
	reconnect_connected(&r, now);
	now += 7999;
	reconnect_disconnected(&r, now, RECONNECT_EOF);
	assert_int_equal(r.backoff_ms, 8000);
	assert_int_equal(r.last_disconnected_ms, now);
	reconnect_connecting(&r, now);
	reconnect_connected(&r, now);
	now += 16000;
	reconnect_disconnected(&r, now, RECONNECT_EOF);
	assert_int_equal(r.backoff_ms, 1000);
	assert_int_equal(r.n_connections, 2);
}

static void probes(void **state)
{
	struct reconnect r;

	reconnect_init(&r, T0);
	reconnect_enable(&r, T0);
	reconnect_connecting(&r, T0);
	reconnect_connected(&r, T0);
	assert_int_equal(r.state, RECONNECT_ACTIVE);
	expect_at(&r, T0 + 5000, RECONNECT_PROBE);
	assert_int_equal(r.state, RECONNECT_IDLE);
	reconnect_activity(&r, T0 + 5100);
	assert_int_equal(r.state, RECONNECT_ACTIVE);
	assert_int_equal(reconnect_deadline_ms(&r, T0 + 5100), T0 + 10100);
	reconnect_activity(&r, T0 + 9000);
	expect_at(&r, T0 + 14000, RECONNECT_PROBE);
	expect_at(&r, T0 + 19000, RECONNECT_DISCONNECT);
	reconnect_disconnected(&r, T0 + 19000, ETIMEDOUT);
	assert_int_equal(r.state, RECONNECT_BACKOFF);

	r.probe_interval_ms = 0;
	reconnect_connecting(&r, T0 + 20000);
	reconnect_connected(&r, T0 + 20000);
	assert_int_equal(reconnect_deadline_ms(&r, T0 + 20000), UINT64_MAX);
	assert_int_equal(reconnect_step(&r, T0 + 99999999), RECONNECT_NOTHING);
}

static void force(void **state)
{
	static const enum reconnect_state states[] = {
		RECONNECT_CONNECTING,
		RECONNECT_ACTIVE,
		RECONNECT_IDLE,
	};
	struct reconnect r;

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		reconnect_init(&r, T0);
		reconnect_enable(&r, T0);
		reconnect_connecting(&r, T0);
		if (states[i] != RECONNECT_CONNECTING)
			reconnect_connected(&r, T0);
		if (states[i] == RECONNECT_IDLE)
			reconnect_step(&r, T0 + 5000);
		assert_int_equal(r.state, states[i]);
		reconnect_force(&r, T0 + 5001);
		assert_int_equal(reconnect_step(&r, T0 + 5001), RECONNECT_DISCONNECT);
		reconnect_disconnected(&r, T0 + 5001, ECONNABORTED);
		assert_int_equal(reconnect_step(&r, T0 + 5001), RECONNECT_CONNECT);
		assert_false(r.forced);
	}
	reconnect_connecting(&r, T0);
	reconnect_disconnected(&r, T0, ECONNREFUSED);
	assert_int_equal(reconnect_step(&r, T0), RECONNECT_NOTHING);
	reconnect_force(&r, T0);
	assert_int_equal(reconnect_step(&r, T0), RECONNECT_CONNECT);
	reconnect_disable(&r, T0);
	reconnect_force(&r, T0);
	assert_int_equal(reconnect_step(&r, T0), RECONNECT_NOTHING);
}

static void passive(void **state)
{
	struct reconnect r;

	reconnect_init(&r, T0);
	r.passive = true;
	reconnect_enable(&r, T0);
	assert_int_equal(reconnect_step(&r, T0 + 100000), RECONNECT_NOTHING);
	reconnect_connecting(&r, T0);
	expect_at(&r, T0 + RECONNECT_PASSIVE_TIMEOUT_MS, RECONNECT_DISCONNECT);
	reconnect_connected(&r, T0);
	expect_at(&r, T0 + 5000, RECONNECT_PROBE);
	reconnect_disconnected(&r, T0 + 6000, RECONNECT_EOF);
	assert_int_equal(r.state, RECONNECT_VOID);
	assert_int_equal(reconnect_deadline_ms(&r, T0), UINT64_MAX);
}

/* Whatever the order of events, a step at the deadline does something, or there is none. */
static void random_walk(void **state)
{
	struct reconnect r;
	uint64_t now = T0;
	uint32_t x = 12345;

	reconnect_init(&r, now);
	for (int i = 0; i < 200000; i++) {
		x = x * 1664525 + 1013904223;
		now += x >> 20 & 0x7ff;
		switch (x >> 16 & 15) {
		case 0:
			reconnect_enable(&r, now);
			break;
		case 1:
			reconnect_disable(&r, now);
			break;
		case 2:
			reconnect_force(&r, now);
			break;
		case 3:
			if (r.state == RECONNECT_BACKOFF)
				reconnect_connecting(&r, now);
			break;
		case 4:
		case 5:
			if (r.state == RECONNECT_CONNECTING)
				reconnect_connected(&r, now);
			break;
		case 6:
			reconnect_disconnected(&r, now, EPIPE);
			break;
		case 7:
			reconnect_activity(&r, now);
			break;
		default: {
			uint64_t at = reconnect_deadline_ms(&r, now);

			if (at == UINT64_MAX)
				break;
			now = MAX(now, at);
			switch (reconnect_step(&r, now)) {
			case RECONNECT_NOTHING:
				fail_msg("nothing to do at the deadline in %s",
					 reconnect_state_name(r.state));
				break;
			case RECONNECT_CONNECT:
				reconnect_connecting(&r, now);
				break;
			case RECONNECT_DISCONNECT:
				reconnect_disconnected(&r, now, ETIMEDOUT);
				break;
			case RECONNECT_PROBE:
				break;
			}
		}
		}
		assert_true(r.backoff_ms <= r.max_backoff_ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_walk),
		cmocka_unit_test(backoff_doubles),
		cmocka_unit_test(connecting_times_out),
		cmocka_unit_test(good_connection_restarts_backoff),
		cmocka_unit_test(probes),
		cmocka_unit_test(force),
		cmocka_unit_test(passive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
