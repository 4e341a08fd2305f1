// SPDX-License-Identifier: Apache-2.0
#include "base/rcu.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/thread.h"
#include "base/util.h"
#include "tests/unit/base/unit.h"

#define N_READERS 3
#define ROUNDS (SANITIZED ? 3000 : 20000)

struct thing {
	struct rcu_item item;
	uint64_t a, b;
};

static struct thing *current_thing; /* RCU */
static bool stop; /* atomic */
static unsigned int n_freed; /* atomic */

static void thing_free(struct rcu_item *item)
{
	struct thing *t = CONTAINER_OF(item, struct thing, item);

	t->a = t->b = UINT64_MAX; /* a reader that is left would see it */
	free(t);
	__atomic_add_fetch(&n_freed, 1, __ATOMIC_RELAXED);
}

static void *reader(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		rcu_enter();
		for (int i = 0; i < 10; i++) {
			const struct thing *t = rcu_load(&current_thing);

			rcu_enter();
			assert_int_equal(t->a + 1, t->b);
			rcu_leave();
		}
		rcu_leave();
	}
	return NULL;
}

static struct thing *thing_new(uint64_t v)
{
	struct thing *t = xzalloc(sizeof(*t));

	t->a = v;
	t->b = v + 1;
	return t;
}

/* Two readers registered by thread_create(), one that registers itself. */
static void test_readers_and_writer(void **state)
{
	pthread_t threads[N_READERS];
	unsigned int freed_before = n_freed;

	current_thing = thing_new(0);
	for (int i = 0; i < N_READERS - 1; i++)
		assert_int_equal(thread_create(&threads[i], "reader", reader, NULL), 0);
	assert_int_equal(pthread_create(&threads[N_READERS - 1], NULL, reader, NULL), 0);
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		struct thing *old = rcu_load_locked(&current_thing);

		rcu_store(&current_thing, thing_new(i));
		if (i % 100) {
			rcu_defer(&old->item, thing_free);
		} else {
			rcu_synchronize();
			thing_free(&old->item);
		}
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < N_READERS; i++)
		pthread_join(threads[i], NULL);
	rcu_barrier_();
	assert_int_equal(n_freed - freed_before, ROUNDS);
	free(current_thing);
	rcu_free(xmalloc(100));
	rcu_free(NULL);
	rcu_barrier_();
}

static unsigned int order[1000];
static unsigned int n_order;

struct numbered {
	struct rcu_item item;
	unsigned int n;
};

static void note(struct rcu_item *item)
{
	struct numbered *n = CONTAINER_OF(item, struct numbered, item);

	order[n_order++] = n->n;
	free(n);
}

static void test_order(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(order); i++) {
		struct numbered *n = xzalloc(sizeof(*n));

		n->n = i;
		rcu_defer(&n->item, note);
		if (i % 100 == 0)
			usleep(1000);
	}
	rcu_barrier_();
	assert_int_equal(n_order, ARRAY_SIZE(order));
	for (unsigned int i = 0; i < ARRAY_SIZE(order); i++)
		assert_int_equal(order[i], i);
}

static bool ran; /* atomic */

static void set_ran(struct rcu_item *item)
{
	__atomic_store_n(&ran, true, __ATOMIC_RELEASE);
}

/* A deferred callback waits for the section that was open; the caller of rcu_defer() does not. */
static void test_waits_for_section(void **state)
{
	struct rcu_item item;

	rcu_enter();
	rcu_defer(&item, set_ran);
	usleep(30000);
	assert_false(__atomic_load_n(&ran, __ATOMIC_ACQUIRE));
	rcu_leave();
	rcu_barrier_();
	assert_true(__atomic_load_n(&ran, __ATOMIC_ACQUIRE));
}

static void requeue(struct rcu_item *item)
{
	rcu_defer(item, set_ran);
}

static void test_defer_from_callback(void **state)
{
	struct rcu_item item;

	ran = false;
	rcu_defer(&item, requeue);
	rcu_barrier_();
	rcu_barrier_();
	assert_true(__atomic_load_n(&ran, __ATOMIC_ACQUIRE));
}

/* First, while there is no thread: what was deferred before the forks runs after them. */
static void test_forks(void **state)
{
	struct rcu_item *item = xzalloc(sizeof(*item));
	int status;
	pid_t pid;

	thread_forks_pending();
	rcu_defer(item, set_ran);
	usleep(10000);
	assert_false(__atomic_load_n(&ran, __ATOMIC_ACQUIRE));
	pid = fork();
	if (!pid) {
		rcu_after_fork();
		thread_forks_done();
		rcu_barrier_();
		_exit(__atomic_load_n(&ran, __ATOMIC_ACQUIRE) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(__atomic_load_n(&ran, __ATOMIC_ACQUIRE));
	thread_forks_done();
	rcu_barrier_();
	assert_true(__atomic_load_n(&ran, __ATOMIC_ACQUIRE));
	ran = false;
	free(item);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forks),
		cmocka_unit_test(test_readers_and_writer),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_waits_for_section),
		cmocka_unit_test(test_defer_from_callback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
