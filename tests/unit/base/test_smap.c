// SPDX-License-Identifier: Apache-2.0
#include "base/smap.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/base/unit.h"

static void test_set_get(void **state)
{
	const struct smap_node **sorted;
	struct smap_node *n;
	struct smap m, copy;
	size_t count = 0;

	smap_init(&m);
	assert_null(smap_sort(&m));
	assert_null(smap_get(&m, "a"));
	assert_false(smap_del(&m, "a"));
	smap_set(&m, "b", "1");
	smap_set(&m, "a", "old");
	smap_set(&m, "a", "new");
	smap_setf(&m, "c", "%d", 3);
	smap_set(&m, "", "empty key");
	smap_set(&m, "none", NULL);
	assert_int_equal(smap_count(&m), 5);
	assert_string_equal(smap_get(&m, "a"), "new");
	assert_string_equal(smap_get(&m, "c"), "3");
	assert_string_equal(smap_get(&m, ""), "empty key");
	assert_null(smap_get(&m, "none"));
	assert_true(smap_has(&m, "none"));
	assert_false(smap_has(&m, "nothing"));
	assert_string_equal(smap_get_def(&m, "x", "def"), "def");

	sorted = smap_sort(&m);
	assert_string_equal(sorted[0]->key, "");
	assert_string_equal(sorted[1]->key, "a");
	assert_string_equal(sorted[4]->key, "none");
	free(sorted);

	smap_clone(&copy, &m);
	assert_true(smap_equal(&copy, &m));
	smap_set(&copy, "none", "");
	assert_false(smap_equal(&copy, &m));
	smap_set(&copy, "none", NULL);
	assert_true(smap_equal(&copy, &m));
	assert_true(smap_del(&copy, "b"));
	assert_false(smap_equal(&copy, &m));
	smap_set(&copy, "B", "1");
	assert_false(smap_equal(&copy, &m));
	SMAP_FOR_EACH(n, &m)
		count++;
	assert_int_equal(count, 5);
	smap_clear(&copy);
	assert_int_equal(smap_count(&copy), 0);
	smap_uninit(&copy);
	smap_uninit(&m);
	smap_uninit(NULL);
}

static void test_typed(void **state)
{
	static const struct {
		const char *value;
		int64_t v; /* default -1, range 0..100 */
	} ints[] = {
		{ "", -1 },    { "x", -1 }, { "101", -1 },  { "-1", -1 },   { "5 ", -1 },
		{ "5.0", -1 }, { "0", 0 },  { "100", 100 }, { "0x10", 16 },
	};
	struct smap m;

	smap_init(&m);
	for (size_t i = 0; i < ARRAY_SIZE(ints); i++) {
		smap_set(&m, "k", ints[i].value);
		assert_int_equal(smap_get_int(&m, "k", -1, 0, 100), ints[i].v);
	}
	assert_int_equal(smap_get_int(&m, "absent", 7, 0, 100), 7);

	smap_set(&m, "k", "yes");
	assert_true(smap_get_bool(&m, "k", true));
	assert_false(smap_get_bool(&m, "k", false));
	smap_set(&m, "k", "TRUE");
	assert_true(smap_get_bool(&m, "k", false));
	smap_set(&m, "k", "false");
	assert_false(smap_get_bool(&m, "k", true));
	assert_true(smap_get_bool(&m, "absent", true));
	smap_uninit(&m);
}

static void test_many(void **state)
{
	struct smap m;
	char key[32];

	smap_init(&m);
	for (int i = 0; i < 10000; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		smap_setf(&m, key, "%d", i);
	}
	for (int i = 0; i < 10000; i += 3) {
		snprintf(key, sizeof(key), "key%d", i);
		assert_int_equal(smap_get_int(&m, key, -1, 0, 10000), i);
		assert_true(smap_del(&m, key));
		assert_false(smap_has(&m, key));
	}
	assert_int_equal(smap_count(&m), 6666);
	smap_uninit(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_get),
		cmocka_unit_test(test_typed),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
