// SPDX-License-Identifier: Apache-2.0
#include "base/hmap.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/util.h"
#include "tests/unit/base/unit.h"

#define N 500

struct item {
	struct hmap_node node;
	int key;
	bool in;
};

static struct item items[N];
/* 0: all in one chain; 1: good; 2: all in the last bucket */
static uint32_t hash_of(int kind, int key)
{
	return kind == 0 ? 0 : kind == 1 ? hash_u32((uint32_t)key, 0) : UINT32_MAX;
}

static void check_all(const struct hmap *m, int kind)
{
	bool seen[N] = { false };
	size_t n = 0, n_in = 0;
	struct item *it;

	HMAP_FOR_EACH(it, node, m) {
		assert_true(it->in);
		assert_false(seen[it->key]);
		seen[it->key] = true;
		n++;
	}
	for (int i = 0; i < N; i++)
		n_in += items[i].in;
	assert_int_equal(n, n_in);
	assert_int_equal(hmap_count(m), n_in);
	assert_int_equal(hmap_is_empty(m), n_in == 0);
	for (int i = 0; i < N; i += 7) {
		bool found = false;

		HMAP_FOR_EACH_WITH_HASH(it, node, hash_of(kind, i), m)
			found |= it->key == i;
		assert_int_equal(found, items[i].in);
	}
}

static void test_random(void **state)
{
	for (int kind = 0; kind < 3; kind++) {
		struct hmap a, b;
		struct hmap *m = &a, *other = &b;

		srand(kind);
		memset(items, 0, sizeof(items));
		for (int i = 0; i < N; i++)
			items[i].key = i;
		hmap_init(&a);
		hmap_init(&b);
		for (int step = 0; step < 20000; step++) {
			struct item *it = &items[rand() % N];

			/* mostly few, so that growing and the single bucket are met often */
			if (it->in) {
				hmap_remove(m, &it->node);
				assert_null(it->node.pprev);
				it->in = false;
			} else if (hmap_count(m) < (step / 2000 % 2 ? 4u : (unsigned int)N)) {
				hmap_insert(m, &it->node, hash_of(kind, it->key));
				it->in = true;
			}
			if (rand() % 50 == 0)
				hmap_shrink(m);
			if (rand() % 50 == 0) {
				hmap_swap(m, other);
				m = m == &a ? &b : &a;
				other = other == &a ? &b : &a;
			}
			if (step % 500 == 0)
				check_all(m, kind);
		}
		check_all(m, kind);
		hmap_uninit(&a);
		hmap_uninit(&b);
	}
}

static void test_remove_in_loop(void **state)
{
	struct hmap m;
	struct item *it, *other;
	int pairs = 0;

	hmap_init(&m);
	for (int i = 0; i < 100; i++) {
		it = xzalloc(sizeof(*it));
		it->key = i;
		hmap_insert(&m, &it->node, (uint32_t)i / 3);
	}
	HMAP_FOR_EACH(it, node, &m) {
		HMAP_FOR_EACH(other, node, &m)
			pairs += it->key == other->key;
	}
	assert_int_equal(pairs, 100);
	HMAP_FOR_EACH(it, node, &m) {
		if (it->key % 2) {
			hmap_remove(&m, &it->node);
			free(it);
		}
	}
	assert_int_equal(hmap_count(&m), 50);
	HMAP_FOR_EACH(it, node, &m) {
		assert_int_equal(it->key % 2, 0);
		free(it);
	}
	/* the nodes are gone: clearing must not look at them */
	hmap_clear(&m);
	assert_true(hmap_is_empty(&m));
	assert_null(hmap_first(&m));
	hmap_uninit(&m);
	hmap_uninit(NULL);
}

static void test_reserve(void **state)
{
	struct hmap m;

	hmap_init(&m);
	hmap_reserve(&m, 0);
	assert_int_equal(m.mask, 0);
	hmap_reserve(&m, 1);
	assert_int_equal(m.mask, 0);
	hmap_reserve(&m, 1000);
	assert_int_equal(m.mask, 1023);
	hmap_reserve(&m, 10);
	assert_int_equal(m.mask, 1023);
	hmap_shrink(&m);
	assert_int_equal(m.mask, 0);
	hmap_uninit(&m);
}

static void test_hash(void **state)
{
	unsigned int used[256] = { 0 };

	assert_int_equal(hash_string("abc", 1), hash_bytes("abc", 3, 1));
	assert_int_not_equal(hash_string("abc", 1), hash_string("abc", 2));
	assert_int_not_equal(hash_string("abc", 1), hash_string("abd", 1));
	assert_int_equal(hash_string("", 0), hash_bytes(NULL, 0, 0));
	/* neighbours must not share low bits */
	for (uint32_t i = 0; i < 25600; i++)
		used[hash_u32(i << 12, 0) & 255]++;
	for (int i = 0; i < 256; i++)
		assert_in_range(used[i], 50, 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_remove_in_loop),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
