// SPDX-License-Identifier: Apache-2.0
#include "base/util.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/base/unit.h"

static const struct int_case {
	const char *text;
	int base;
	bool ok;
	int64_t v;
} int_cases[] = {
	{ "", 10, false, 0 },
	{ " 1", 10, false, 0 },
	{ "1 ", 10, false, 0 },
	{ "1\n", 10, false, 0 },
	{ "+1", 10, false, 0 },
	{ "-", 10, false, 0 },
	{ "--1", 10, false, 0 },
	{ "- 1", 10, false, 0 },
	{ "-+1", 10, false, 0 },
	{ "0x", 0, false, 0 },
	{ "1x", 10, false, 0 },
	{ "9223372036854775808", 10, false, 0 },
	{ "-9223372036854775809", 10, false, 0 },
	{ "99999999999999999999999999999", 10, false, 0 },
	{ "9223372036854775807", 10, true, INT64_MAX },
	{ "-9223372036854775808", 10, true, INT64_MIN },
	{ "0", 10, true, 0 },
	{ "-0", 10, true, 0 },
	{ "0x1f", 0, true, 31 },
	{ "ff", 16, true, 255 },
	{ "010", 0, true, 8 },
	{ "010", 10, true, 10 },
};

static void test_str_to_i64(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(int_cases); i++) {
		const struct int_case *c = &int_cases[i];
		int64_t v = 4711;

		print_message("\"%s\"\n", c->text);
		assert_int_equal(str_to_i64(c->text, c->base, &v), c->ok);
		assert_int_equal(v, c->ok ? c->v : 4711);
	}
	assert_false(str_to_i64(NULL, 10, &(int64_t){ 0 }));
}

static void test_narrow(void **state)
{
	unsigned int u = 1;
	uint64_t u64 = 1;
	int i = 1;

	assert_false(str_to_int("2147483648", 10, &i));
	assert_false(str_to_int("-2147483649", 10, &i));
	assert_false(str_to_uint("-1", 10, &u));
	assert_false(str_to_uint("4294967296", 10, &u));
	assert_false(str_to_u64("-1", 10, &u64));
	assert_false(str_to_u64("18446744073709551616", 10, &u64));
	assert_true(i == 1 && u == 1 && u64 == 1);
	assert_true(str_to_int("-2147483648", 10, &i) && i == INT32_MIN);
	assert_true(str_to_uint("4294967295", 10, &u) && u == UINT32_MAX);
	assert_true(str_to_u64("18446744073709551615", 10, &u64) && u64 == UINT64_MAX);
}

static void test_double(void **state)
{
	static const char *const bad[] = { "",     " 1",    "1 ", "nan", "inf",
					   "-inf", "1e999", "e5", "x",   "." };
	double v = 7;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		print_message("\"%s\"\n", bad[i]);
		assert_false(str_to_double(bad[i], &v));
		assert_true(fabs(v - 7) < 1e-9);
	}
	assert_true(str_to_double("-1.5e3", &v) && fabs(v + 1500) < 1e-9);
	assert_true(str_to_double(".25", &v) && fabs(v - .25) < 1e-9);
}

static void test_strlcpy(void **state)
{
	char buf[4] = "xxx";

	strlcpy_(buf, "hello", 1);
	assert_string_equal(buf, "");
	strlcpy_(buf, "hello", sizeof(buf));
	assert_string_equal(buf, "hel");
	strlcpy_(buf, "", sizeof(buf));
	assert_string_equal(buf, "");
	strlcpy_(buf, "abc", sizeof(buf));
	assert_string_equal(buf, "abc");
}

static void test_affixes(void **state)
{
	assert_true(str_has_prefix("abc", "") && str_has_prefix("abc", "abc"));
	assert_false(str_has_prefix("ab", "abc"));
	assert_true(str_has_suffix("abc", "") && str_has_suffix("abc", "bc"));
	assert_false(str_has_suffix("bc", "abc"));
	assert_false(str_has_suffix("", "a"));
}

static void test_alloc(void **state)
{
	size_t n = 0;
	int *a = NULL;
	char *p;

	for (int i = 0; i < 1000; i++) {
		if ((size_t)i == n)
			a = x2nrealloc(a, &n, sizeof(*a));
		a[i] = i;
	}
	assert_int_equal(n, 1024);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(a[i], i);
	free(a);

	p = xzalloc_cacheline(1);
	assert_int_equal((uintptr_t)p % CACHE_LINE_SIZE, 0);
	for (size_t i = 0; i < CACHE_LINE_SIZE; i++)
		assert_int_equal(p[i], 0);
	free(p);
	free(xmalloc(0));
	free(xcalloc(0, 5));
	free(xmemdup(NULL, 0));
	p = xstrndup("abc", 2);
	assert_string_equal(p, "ab");
	free(p);
	p = xstrndup("abc", 20);
	assert_string_equal(p, "abc");
	free(p);
	assert_null(xstrdup_nullable(NULL));
	p = xasprintf("%s-%d", "a", 5);
	assert_string_equal(p, "a-5");
	free(p);
}

static void test_errno_str(void **state)
{
	const char *unknown = errno_str(123456);

	assert_string_equal(errno_str(0), "Success");
	assert_string_equal(errno_str(ENOENT), "No such file or directory");
	assert_string_equal(errno_str(-ENOENT), "No such file or directory");
	assert_string_equal(unknown, "Unknown error 123456");
	assert_non_null(errno_str(INT32_MIN));
}

static void test_fatal(void **state)
{
	char text[256] = "";
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		dup2(fds[1], STDERR_FILENO);
		program_name = "prog";
		fatal(-ENOENT, "%s: cannot open", "file");
	}
	close(fds[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "prog: file: cannot open: No such file or directory\n");
	close(fds[0]);
}

static void test_title(void **state)
{
	/* as the kernel lays it out */
	char room[] = "/usr/sbin/prog\0--option\0x";
	char *argv[] = { room, room + 15, room + 24, NULL };

	program_init(3, argv);
	assert_string_equal(program_name, "prog");
	assert_string_equal(argv[1], "--option");
	program_set_title("%s: %s", program_name, "something much longer than there is room for");
	assert_string_equal(room, "prog: something much long");
	assert_string_equal(argv[0], "/usr/sbin/prog");
	assert_string_equal(argv[2], "x");
	program_set_title("short");
	assert_memory_equal(room, "short\0\0\0\0\0\0\0\0\0", 14);
	program_set_title(NULL);
	assert_memory_equal(room, "/usr/sbin/prog\0--option\0x", sizeof(room));
	for (int i = 0; i < 3; i++)
		free(argv[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_str_to_i64), cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_double),     cmocka_unit_test(test_strlcpy),
		cmocka_unit_test(test_affixes),    cmocka_unit_test(test_alloc),
		cmocka_unit_test(test_errno_str),  cmocka_unit_test(test_fatal),
		cmocka_unit_test(test_title),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
