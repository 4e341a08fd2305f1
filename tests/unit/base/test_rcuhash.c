// SPDX-License-Identifier: Apache-2.0
#include "base/rcuhash.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/thread.h"
#include "base/util.h"
#include "tests/unit/base/unit.h"

#define N_READERS 3
#define N_STABLE 200
#define N_VOLATILE 2000
#define WRITES (SANITIZED ? 20000 : 200000)
#define COLLIDING 5 /* this many keys share each hash */

struct item {
	struct rcuhash_node node;
	struct rcu_item rcu;
	uint32_t key;
	uint32_t check; /* ~key while alive */
};

static uint32_t hash_of(uint32_t key)
{
	return hash_u32(key / COLLIDING, 0);
}

static struct item *item_new(uint32_t key)
{
	struct item *it = xzalloc(sizeof(*it));

	it->key = key;
	it->check = ~key;
	return it;
}

static void item_free(struct rcu_item *rcu)
{
	struct item *it = CONTAINER_OF(rcu, struct item, rcu);

	it->check = it->key;
	free(it);
}

static struct item *lookup(const struct rcuhash *h, uint32_t key)
{
	struct item *it;

	RCUHASH_FOR_EACH_WITH_HASH(it, node, hash_of(key), h) {
		if (it->key == key) {
			assert_int_equal(it->check, ~key);
			return it;
		}
	}
	return NULL;
}

static void test_against_model(void **state)
{
	static struct item *model[1000];
	struct rcuhash h;
	size_t n = 0;

	srand(1);
	rcuhash_init(&h);
	for (int step = 0; step < 50000; step++) {
		uint32_t key = (uint32_t)rand() % ARRAY_SIZE(model);
		struct item *it = model[key], *new;

		rcu_enter();
		assert_ptr_equal(lookup(&h, key), it);
		if (!it) {
			model[key] = item_new(key);
			rcuhash_insert(&h, &model[key]->node, hash_of(key));
			n++;
		} else if (rand() % 3) {
			rcuhash_remove(&h, &it->node);
			model[key] = NULL;
			rcu_defer(&it->rcu, item_free);
			n--;
		} else {
			new = item_new(key);
			rcuhash_replace(&h, &it->node, &new->node);
			model[key] = new;
			rcu_defer(&it->rcu, item_free);
		}
		assert_int_equal(rcuhash_count(&h), n);
		rcu_leave();
		if (step % 1000 == 0) {
			struct item *other;
			size_t seen = 0;

			rcu_enter();
			RCUHASH_FOR_EACH(other, node, &h) {
				assert_ptr_equal(model[other->key], other);
				seen++;
			}
			rcu_leave();
			assert_int_equal(seen, n);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(model); i++)
		free(model[i]);
	rcuhash_uninit(&h);
	rcuhash_uninit(NULL);
	rcu_barrier_();
}

static struct rcuhash table;
static bool stop; /* atomic */

/* The stable keys must be found at every moment, by look-up and by walk, and nothing dead ever. */
static void *reader(void *arg)
{
	uint32_t key = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		unsigned int n_stable = 0;
		struct item *it;

		rcu_enter();
		for (int i = 0; i < 50; i++) {
			key = (key + 1) % N_STABLE;
			it = lookup(&table, key);
			assert_non_null(it);
			lookup(&table, N_STABLE + (uint32_t)i * 31);
		}
		rcu_leave();

		rcu_enter();
		RCUHASH_FOR_EACH(it, node, &table) {
			assert_int_equal(it->check, ~it->key);
			n_stable += it->key < N_STABLE;
		}
		rcu_leave();
		assert_int_equal(n_stable, N_STABLE);
	}
	return NULL;
}

static void test_concurrent(void **state)
{
	static struct item *stable[N_STABLE], *others[N_VOLATILE];
	pthread_t threads[N_READERS];

	rcuhash_init(&table);
	for (uint32_t i = 0; i < N_STABLE; i++) {
		stable[i] = item_new(i);
		rcuhash_insert(&table, &stable[i]->node, hash_of(i));
	}
	for (int i = 0; i < N_READERS; i++)
		assert_int_equal(thread_create(&threads[i], "reader", reader, NULL), 0);
	srand(2);
	for (int step = 0; step < WRITES; step++) {
		/* the range widens, so that the table grows several times under the readers */
		uint32_t range = 10 + (uint32_t)((uint64_t)N_VOLATILE * step / WRITES) % N_VOLATILE;
		struct item **slot = &others[(uint32_t)rand() % MIN(range, N_VOLATILE)];

		if (*slot) {
			rcuhash_remove(&table, &(*slot)->node);
			rcu_defer(&(*slot)->rcu, item_free);
			*slot = NULL;
		} else {
			uint32_t key = N_STABLE + (uint32_t)(slot - others);

			*slot = item_new(key);
			rcuhash_insert(&table, &(*slot)->node, hash_of(key));
		}
		if (step % 100 == 0) {
			uint32_t key = (uint32_t)rand() % N_STABLE;
			struct item *new = item_new(key);

			rcuhash_replace(&table, &stable[key]->node, &new->node);
			rcu_defer(&stable[key]->rcu, item_free);
			stable[key] = new;
		}
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < N_READERS; i++)
		thread_join(threads[i]);
	for (uint32_t i = 0; i < N_STABLE; i++)
		free(stable[i]);
	for (size_t i = 0; i < N_VOLATILE; i++)
		free(others[i]);
	rcuhash_uninit(&table);
	rcu_barrier_();
}

/* A reader that entered before a growth and a removal goes on along what it had. */
static void test_cursor_across_growth(void **state)
{
	static struct item *items[512];
	struct rcuhash_cursor cur;
	struct rcuhash_node *n;
	struct rcuhash h;
	unsigned int seen = 0;

	rcuhash_init(&h);
	for (uint32_t i = 0; i < 8; i++) {
		items[i] = item_new(i);
		rcuhash_insert(&h, &items[i]->node, i);
	}
	rcu_barrier_(); /* the next insertion may grow the table */
	rcu_enter();
	n = rcuhash_first(&h, &cur);
	for (uint32_t i = 8; i < ARRAY_SIZE(items); i++) {
		items[i] = item_new(i);
		rcuhash_insert(&h, &items[i]->node, i);
	}
	for (uint32_t i = 0; i < 8; i++) {
		rcuhash_remove(&h, &items[i]->node);
		rcu_defer(&items[i]->rcu, item_free);
	}
	for (; n; n = rcuhash_next(&cur)) {
		const struct item *it = CONTAINER_OF(n, struct item, node);

		assert_int_equal(it->check, ~it->key);
		seen += it->key < 8;
	}
	assert_null(rcuhash_next(&cur));
	rcu_leave();
	assert_int_equal(seen, 8);
	assert_int_equal(rcuhash_count(&h), ARRAY_SIZE(items) - 8);
	for (uint32_t i = 8; i < ARRAY_SIZE(items); i++)
		free(items[i]);
	rcuhash_uninit(&h);
	rcu_barrier_();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_model),
		cmocka_unit_test(test_cursor_across_growth),
		cmocka_unit_test(test_concurrent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
