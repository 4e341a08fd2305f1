// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "tests/unit/base/unit.h"

static const struct {
	const char *fmt;
	uint64_t wall_ms;
	const char *text;
} formats[] = {
	{ "", 0, "" },
	{ "#", 1234, "2" },
	{ "###", 1234, "234" },
	{ "##", 1004, "00" },
	{ "#####", 1234, "23400" },
	{ "#-#", 1987, "9-9" },
	{ "%%#", 1234, "%2" },
	{ "%", 1234, "%" },
	{ "%Y-%m-%dT%H:%M:%S.###Z", 0, "1970-01-01T00:00:00.000Z" },
	{ "%Y-%m-%dT%H:%M:%S.###Z", 1709210096007, "2024-02-29T12:34:56.007Z" },
};

static void test_format(void **state)
{
	char *s, *longest;

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		s = clock_format(formats[i].fmt, formats[i].wall_ms, true);
		assert_string_equal(s, formats[i].text);
		free(s);
	}
	longest = xmalloc(5000);
	memset(longest, 'a', 4999);
	longest[4999] = '\0';
	s = clock_format(longest, 0, true);
	assert_string_equal(s, "");
	free(s);
	free(longest);
	/* far outside what a calendar knows */
	s = clock_format("%Y", UINT64_MAX, true);
	assert_non_null(s);
	free(s);
	setenv("TZ", "XYZ-5", 1);
	tzset();
	s = clock_format("%H", 0, false);
	assert_string_equal(s, "05");
	free(s);
}

static void test_real(void **state)
{
	uint64_t ms = clock_ms(), us = clock_us(), real = clock_real_us(), wall = clock_wall_ms();

	assert_false(clock_is_stopped());
	assert_in_range(clock_coarse_ms(), ms > 100 ? ms - 100 : 0, ms + 100);
	usleep(20000);
	assert_in_range(clock_ms() - ms, 19, 5000);
	assert_in_range(clock_us() - us, 19000, 5000000);
	assert_in_range(clock_real_us() - real, 19000, 5000000);
	assert_in_range(clock_wall_ms() - wall, 15, 5000);
}

static unsigned int n_heard;
static uint64_t heard_at;

static void heard(struct clock_listener *l)
{
	n_heard++;
	heard_at = clock_ms();
}

/* Last: time does not start again. */
static void test_stopped(void **state)
{
	struct clock_listener a = { .changed = heard }, b = { .changed = heard };
	uint64_t ms, us, wall, real;

	clock_listener_add(&a);
	clock_listener_add(&b);
	clock_stop();
	clock_stop();
	assert_true(clock_is_stopped());
	ms = clock_ms();
	us = clock_us();
	wall = clock_wall_ms();
	real = clock_real_us();
	usleep(5000);
	assert_int_equal(clock_ms(), ms);
	assert_int_equal(clock_us(), us);
	assert_int_equal(clock_coarse_ms(), ms);
	assert_int_equal(clock_wall_ms(), wall);
	assert_true(clock_real_us() >= real + 5000);
	assert_int_equal(n_heard, 0);

	clock_warp(1000);
	assert_int_equal(n_heard, 2);
	assert_int_equal(heard_at, ms + 1000);
	assert_int_equal(clock_ms(), ms + 1000);
	assert_int_equal(clock_us(), us + 1000000);
	assert_int_equal(clock_coarse_ms(), ms + 1000);
	assert_int_equal(clock_wall_ms(), wall + 1000);
	clock_listener_del(&b);
	clock_listener_del(&b);
	clock_warp(0);
	assert_int_equal(n_heard, 3);
	clock_listener_del(&a);
	clock_warp(1);
	assert_int_equal(n_heard, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_real),
		cmocka_unit_test(test_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
