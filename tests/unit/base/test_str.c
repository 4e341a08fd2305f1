// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/base/unit.h"

static void test_empty(void **state)
{
	struct str s = STR_INIT;
	char *p;

	assert_string_equal(str_cstr(&s), "");
	str_clear(&s);
	str_truncate(&s, 5);
	str_chomp(&s, ',');
	str_put(&s, "");
	str_put_mem(&s, NULL, 0);
	str_put_repeat(&s, 'x', 0);
	assert_string_equal(str_cstr(&s), "");
	p = str_steal(&s);
	assert_string_equal(p, "");
	free(p);
	assert_null(s.data);
	p = str_steal(&s);
	assert_string_equal(p, "");
	free(p);
	str_uninit(&s);
	str_uninit(NULL);
}

static void test_grow(void **state)
{
	struct str s = STR_INIT;

	for (int i = 0; i < 5000; i++) {
		str_printf(&s, "%d,", i % 10);
		assert_int_equal(s.len, (size_t)(i + 1) * 2);
		assert_int_equal(s.data[s.len], '\0');
		assert_true(s.size > s.len);
	}
	str_truncate(&s, 4);
	str_truncate(&s, 400);
	assert_string_equal(str_cstr(&s), "0,1,");
	str_chomp(&s, 'x');
	str_chomp(&s, ',');
	assert_string_equal(str_cstr(&s), "0,1");
	str_put_repeat(&s, '-', 3);
	str_putc(&s, '>');
	assert_string_equal(str_cstr(&s), "0,1--->");
	str_uninit(&s);
}

/* Around every size at which the room runs out, formatting must not cut. */
static void test_printf_edges(void **state)
{
	for (int n = 0; n < 300; n++) {
		struct str s = STR_INIT;

		str_put_repeat(&s, 'a', n);
		str_printf(&s, "%s", "0123456789");
		assert_int_equal(s.len, n + 10);
		assert_string_equal(str_cstr(&s) + n, "0123456789");
		str_uninit(&s);
	}
}

static void test_nul_inside(void **state)
{
	struct str s = STR_INIT;

	str_put_mem(&s, "a\0b", 3);
	str_put(&s, "c");
	assert_int_equal(s.len, 4);
	assert_memory_equal(s.data, "a\0bc", 5);
	str_uninit(&s);
}

static void test_hexdump(void **state)
{
	struct str s = STR_INIT;

	str_put_hexdump(&s, "0123456789abcdefXY\x01", 19);
	assert_string_equal(
		str_cstr(&s),
		"00000000  30 31 32 33 34 35 36 37-38 39 61 62 63 64 65 66 |0123456789abcdef|\n"
		"00000010  58 59 01                                        |XY.             |\n");
	str_clear(&s);
	str_put_hexdump(&s, "", 0);
	assert_string_equal(str_cstr(&s), "");
	str_uninit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),        cmocka_unit_test(test_grow),
		cmocka_unit_test(test_printf_edges), cmocka_unit_test(test_nul_inside),
		cmocka_unit_test(test_hexdump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
