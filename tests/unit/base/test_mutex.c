// SPDX-License-Identifier: Apache-2.0
#include "base/mutex.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"
#include "tests/unit/base/unit.h"

#define N_SLEEPERS 8

static struct mutex lock = MUTEX_INIT;
static struct cond cond;
static unsigned int n_awake; /* guarded by lock */
static uint64_t deadline;

static void test_trylock(void **state)
{
	struct mutex m;

	mutex_init(&m);
	assert_true(mutex_trylock(&m));
	assert_false(mutex_trylock(&m));
	mutex_unlock(&m);
	mutex_lock(&m);
	mutex_unlock(&m);
	mutex_uninit(&m);
}

static void test_real_deadline(void **state)
{
	uint64_t start = clock_ms();

	mutex_lock(&lock);
	cond_wait_until(&cond, &lock, start - 1); /* in the past: at once */
	cond_wait_until(&cond, &lock, 0);
	while (clock_ms() < start + 30)
		cond_wait_until(&cond, &lock, start + 30);
	mutex_unlock(&lock);
	assert_in_range(clock_ms() - start, 30, 5000);
}

static void *sleeper(void *arg)
{
	mutex_lock(&lock);
	while (clock_ms() < deadline)
		cond_wait_until(&cond, &lock, deadline);
	n_awake++;
	mutex_unlock(&lock);
	return NULL;
}

static unsigned int awake(void)
{
	unsigned int n;

	mutex_lock(&lock);
	n = n_awake;
	mutex_unlock(&lock);
	return n;
}

static void start_sleepers(pthread_t threads[N_SLEEPERS], void *(*fn)(void *))
{
	mutex_lock(&lock);
	n_awake = 0;
	mutex_unlock(&lock);
	for (int i = 0; i < N_SLEEPERS; i++)
		assert_int_equal(thread_create(&threads[i], "sleeper", fn, NULL), 0);
}

/* Each round ends only if no sleeper misses the move of the clock, however it falls between the
 * sleeper's look at the clock and its sleep. */
static void test_simulated_deadline(void **state)
{
	pthread_t threads[N_SLEEPERS];

	clock_stop();
	for (int round = 0; round < 200; round++) {
		deadline = clock_ms() + 1000;
		start_sleepers(threads, sleeper);
		clock_warp(999);
		if (round % 10 == 0)
			assert_int_equal(awake(), 0);
		clock_warp(1);
		for (int i = 0; i < N_SLEEPERS; i++)
			thread_join(threads[i]);
		assert_int_equal(awake(), N_SLEEPERS);
	}
}

static bool told; /* guarded by lock */

static void *waits_to_be_told(void *arg)
{
	mutex_lock(&lock);
	while (!told)
		cond_wait_until(&cond, &lock, UINT64_MAX);
	n_awake++;
	mutex_unlock(&lock);
	return NULL;
}

static void test_signal_in_simulated_time(void **state)
{
	pthread_t threads[N_SLEEPERS];

	start_sleepers(threads, waits_to_be_told);
	for (int i = 0; i < 100; i++)
		clock_warp(1000);
	usleep(2000);
	mutex_lock(&lock);
	assert_int_equal(n_awake, 0);
	told = true;
	cond_broadcast(&cond);
	mutex_unlock(&lock);
	for (int i = 0; i < N_SLEEPERS; i++)
		thread_join(threads[i]);
	assert_int_equal(awake(), N_SLEEPERS);
}

/* Who warps under the sleepers' lock is slow, but not stuck. */
static void test_warp_under_lock(void **state)
{
	pthread_t threads[N_SLEEPERS];

	deadline = clock_ms() + 1000;
	start_sleepers(threads, sleeper);
	usleep(10000);
	mutex_lock(&lock);
	clock_warp(1000);
	mutex_unlock(&lock);
	for (int i = 0; i < N_SLEEPERS; i++)
		thread_join(threads[i]);
	assert_int_equal(awake(), N_SLEEPERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trylock),
		cmocka_unit_test(test_real_deadline),
		cmocka_unit_test(test_simulated_deadline),
		cmocka_unit_test(test_signal_in_simulated_time),
		cmocka_unit_test(test_warp_under_lock),
	};

	cond_init(&cond);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
