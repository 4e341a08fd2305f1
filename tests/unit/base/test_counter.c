// SPDX-License-Identifier: Apache-2.0
#include "base/counter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/str.h"
#include "base/thread.h"
#include "tests/unit/base/unit.h"

#define N_THREADS 8
#define N_EACH 10000

COUNTER(test_event);
COUNTER(another_event);
COUNTER(never_event);

static void *count(void *arg)
{
	for (int i = 0; i < N_EACH; i++)
		COUNTER_INC(test_event);
	COUNTER_ADD(another_event, 5);
	return NULL;
}

static uint64_t read_counter(const char *name)
{
	uint64_t total = 0;

	assert_int_equal(counter_read(name, &total), 0);
	return total;
}

static void test_threads(void **state)
{
	pthread_t threads[N_THREADS];
	uint64_t total = 9, last = 0;

	assert_int_equal(counter_read("no such", &total), -ENOENT);
	assert_int_equal(total, 9);
	assert_int_equal(read_counter("test_event"), 0);
	for (int i = 0; i < N_THREADS; i++)
		assert_int_equal(thread_create(&threads[i], "count", count, NULL), 0);
	for (int i = 0; i < 100; i++) {
		total = read_counter("test_event");
		assert_true(total >= last); /* also while threads end */
		last = total;
	}
	count(NULL);
	for (int i = 0; i < N_THREADS; i++)
		thread_join(threads[i]);
	assert_int_equal(read_counter("test_event"), (N_THREADS + 1) * N_EACH);
	assert_int_equal(read_counter("another_event"), (N_THREADS + 1) * 5);
}

static void test_rates(void **state)
{
	struct str s = STR_INIT;
	const char *line;

	clock_stop();
	counters_run();
	clock_warp(5000);
	counters_run();
	COUNTER_ADD(test_event, 50);
	clock_warp(5000);
	counters_run();
	counters_format(&s);
	assert_ptr_equal(strstr(str_cstr(&s),
				"Event coverage, avg rate over last: 5 seconds, last minute, last "
				"hour,  hash="),
			 str_cstr(&s));
	line = strstr(str_cstr(&s), "test_event ");
	assert_non_null(line);
	assert_ptr_equal(strstr(line, "test_event                10.0/sec  1500.833/sec       "
				      "25.0139/sec   total: 90050\n"),
			 NULL); /* the hour holds whole minutes only */
	assert_ptr_equal(strstr(line, "test_event                10.0/sec  1500.833/sec        "
				      "0.0000/sec   total: 90050\n"),
			 line);
	assert_non_null(strstr(str_cstr(&s), "\n1 events never hit\n"));
	assert_null(strstr(str_cstr(&s), "never_event"));

	str_clear(&s);
	for (int i = 0; i < 12; i++) {
		clock_warp(5000);
		counters_run();
	}
	counters_format(&s);
	line = strstr(str_cstr(&s), "test_event ");
	assert_ptr_equal(strstr(line, "test_event                 0.0/sec     0.000/sec       "
				      "25.0139/sec   total: 90050\n"),
			 line);
	/* a week asleep */
	clock_warp(7 * 86400 * 1000ull);
	counters_run();
	str_clear(&s);
	counters_format(&s);
	line = strstr(str_cstr(&s), "test_event ");
	assert_ptr_equal(strstr(line, "test_event                 0.0/sec     0.000/sec        "
				      "0.0000/sec   total: 90050\n"),
			 line);
	str_uninit(&s);
}

static void report_two(struct memory_reporter *r, struct str *s)
{
	memory_report(s, "ports", 3);
	memory_report(s, "flows", 10);
}

static void report_one(struct memory_reporter *r, struct str *s)
{
	memory_report(s, "ports", 4);
	memory_report(s, "a name: odd", UINT64_MAX);
}

static void test_memory(void **state)
{
	struct memory_reporter two = { .report = report_two }, one = { .report = report_one };
	struct str s = STR_INIT;

	memory_format(&s);
	assert_string_equal(str_cstr(&s), "\n");
	str_clear(&s);
	memory_reporter_add(&two);
	memory_reporter_add(&one);
	memory_format(&s);
	assert_string_equal(str_cstr(&s), "a name: odd:18446744073709551615 flows:10 ports:7\n");
	str_clear(&s);
	memory_reporter_del(&one);
	memory_reporter_del(&one);
	memory_format(&s);
	assert_string_equal(str_cstr(&s), "flows:10 ports:3\n");
	memory_reporter_del(&two);
	str_uninit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
