// SPDX-License-Identifier: Apache-2.0
#include "base/thread.h"

#include <sched.h>
#include <signal.h>
#include <string.h>

#include "base/rcu.h"
#include "base/util.h"
#include "tests/unit/base/unit.h"

static void *look(void *arg)
{
	char shown[16];
	sigset_t blocked;

	assert_string_equal(thread_name(), "a name that is longer than 15");
	assert_int_equal(pthread_getname_np(pthread_self(), shown, sizeof(shown)), 0);
	assert_string_equal(shown, "a name that is ");
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	assert_true(sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGHUP));
	assert_false(sigismember(&blocked, SIGSEGV) || sigismember(&blocked, SIGABRT));
	rcu_enter();
	rcu_leave();
	*(int *)arg = 1;
	return NULL;
}

static void test_create(void **state)
{
	pthread_t t;
	sigset_t before, after;
	int ran = 0;

	pthread_sigmask(SIG_SETMASK, NULL, &before);
	assert_int_equal(thread_create(&t, "a name that is longer than 15", look, &ran), 0);
	thread_join(t);
	assert_int_equal(ran, 1);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int i = 1; i < 32; i++)
		assert_int_equal(sigismember(&before, i), sigismember(&after, i));
	assert_string_equal(thread_name(), "");
}

static void test_n_cpus(void **state)
{
	cpu_set_t old, one;
	unsigned int n = thread_n_cpus();
	int cpu = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(old), &old), 0);
	assert_in_range(n, 1, CPU_COUNT(&old));
	while (!CPU_ISSET(cpu, &old))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(thread_n_cpus(), 1);
	assert_int_equal(sched_setaffinity(0, sizeof(old), &old), 0);
	assert_int_equal(thread_n_cpus(), n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_n_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
