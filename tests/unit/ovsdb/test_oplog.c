// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/oplog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/unit/db/unit.h"

static char dir[] = "/tmp/oplog-XXXXXX";
static char *path;

static int setup(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	free(log_set_levels("off")); /* each torn tail is a warning */
	path = xasprintf("%s/x.db", dir);
	return 0;
}

static int teardown(void **state)
{
	char *command = xasprintf("rm -rf %s", dir);
	int code = system(command);

	free(command);
	free(path);
	return code;
}

static void write_file(const void *data, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void frame(struct str *s, int n)
{
	json_t *json = json_pack("{si}", "n", n);

	oplog_frame(OPLOG_JSON, json, s);
	json_decref(json);
}

/* Reads all; the records' numbers added up in decimal places, or -1 and '*err'. */
static int read_all(struct oplog *log, char **err)
{
	int sum = 0;

	for (;;) {
		json_t *json;

		*err = oplog_read(log, &json);
		if (*err)
			return -1;
		if (!json)
			return sum;
		sum = sum * 10 + (int)json_integer_value(json_object_get(json, "n"));
		json_decref(json);
	}
}

static void test_frame(void **state)
{
	struct str s = STR_INIT;

	frame(&s, 1);
	assert_string_equal(str_cstr(&s),
			    "OVSDB JSON 8 3ec665b87748ce170b31d14dd979066d1edee9d5\n{\"n\":1}\n");
	str_uninit(&s);
}

/* Every way of cutting a log short leaves the records before the cut. */
static void test_cut(void **state)
{
	struct str s = STR_INIT;
	size_t end[4] = { 0 };

	for (int i = 0; i < 3; i++) {
		frame(&s, i + 1);
		end[i + 1] = s.len;
	}
	for (size_t len = 0; len <= s.len; len++) {
		static const int sums[] = { 0, 1, 12, 123 };
		struct oplog *log;
		struct str more = STR_INIT;
		int n = len == s.len ? 3 : len >= end[2] ? 2 : len >= end[1] ? 1 : 0;
		struct stat st;
		char *err;

		write_file(s.data, len);
		err = oplog_open(path, OPLOG_JSON, true, &log);
		if (err) {
			assert_true(n == 0);
			free(err);
			continue;
		}
		assert_int_equal(read_all(log, &err), n ? sums[n] : -1);
		if (!n) {
			assert_non_null(strstr(err, "no schema"));
			free(err);
			oplog_close(log);
			continue;
		}
		assert_int_equal(oplog_size(log), end[n]);
		frame(&more, 9);
		assert_null(oplog_append(log, &more));
		oplog_close(log);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, end[n] + more.len);
		assert_null(oplog_open(path, OPLOG_JSON, false, &log));
		assert_int_equal(read_all(log, &err), sums[n] * 10 + 9);
		oplog_close(log);
		str_uninit(&more);
	}
	str_uninit(&s);
}

/* A changed octet anywhere but in the last record is damage, not a torn tail: nothing is
 * changed. */
static void test_flip(void **state)
{
	struct str s = STR_INIT;
	size_t last;

	frame(&s, 1);
	frame(&s, 2);
	last = s.len;
	frame(&s, 3);
	for (size_t i = 0; i < s.len; i++) {
		struct oplog *log;
		struct stat st;
		int sum;
		char *err;

		s.data[i] ^= 1;
		write_file(s.data, s.len);
		s.data[i] ^= 1;
		err = oplog_open(path, OPLOG_JSON, true, &log);
		if (err) {
			free(err); /* the first header */
			continue;
		}
		sum = read_all(log, &err);
		if (i >= last) {
			assert_int_equal(sum, 12);
		} else {
			assert_int_equal(sum, -1);
			assert_non_null(strstr(err, "damaged"));
			assert_non_null(strstr(err, "at octet"));
			free(err);
		}
		oplog_close(log);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, s.len);
	}
	str_uninit(&s);
}

static void test_headers(void **state)
{
	static const struct {
		const char *data;
		const char *why;
	} cases[] = {
		{ "", "is empty" },
		{ "x", "not a database" },
		{ "OVSDB", "not a database" },
		{ "OVSDB \n", "malformed" },
		{ "OVSDB JSON\n", "malformed" },
		{ "OVSDB JSON x 0\n", "malformed" },
		{ "OVSDB JSON 5\n", "malformed" },
		{ "OVSDB JSON 0 c3dbf5c8f1fa2dbf0a4bb0ce0f2c5ee9e0c6cd32\n", "malformed" },
		{ "OVSDB JSON 5 c3dbf5\n", "malformed" },
		{ "OVSDB JSON 5 g3dbf5c8f1fa2dbf0a4bb0ce0f2c5ee9e0c6cd32\n", "malformed" },
		{ "OVSDB JSON 4294967296000 c3dbf5c8f1fa2dbf0a4bb0ce0f2c5ee9e0c6cd32\n",
		  "impossible" },
		{ "OVSDB OTHER 5 c3dbf5c8f1fa2dbf0a4bb0ce0f2c5ee9e0c6cd32\n", "kind" },
		{ "OVSDB JSONX 5 c3dbf5c8f1fa2dbf0a4bb0ce0f2c5ee9e0c6cd32\n", "kind" },
		{ "SQLite format 3", "not a database" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct oplog *log;
		char *err;

		write_file(cases[i].data, strlen(cases[i].data));
		err = oplog_open(path, OPLOG_JSON, true, &log);
		assert_non_null(err);
		if (!strstr(err, cases[i].why) || !strstr(err, path))
			fail_msg("'%s': %s", cases[i].data, err);
		free(err);
	}
}

static void test_create(void **state)
{
	struct oplog *log, *other;
	struct str s = STR_INIT;
	char *link_path = xasprintf("%s/link", dir);
	char *err;

	unlink(path);
	frame(&s, 1);
	assert_null(oplog_create(path, OPLOG_JSON, &log));
	/* One process has it at a time, by whatever name. */
	err = oplog_open(path, OPLOG_JSON, true, &other);
	assert_non_null(strstr(err, "open already"));
	free(err);
	assert_null(oplog_append(log, &s));
	assert_int_equal(symlink(path, link_path), 0);
	err = oplog_open(link_path, OPLOG_JSON, true, &other);
	assert_non_null(strstr(err, "open already"));
	free(err);
	oplog_close(log);
	err = oplog_create(path, OPLOG_JSON, &log);
	assert_non_null(strstr(err, "File exists"));
	free(err);
	assert_null(oplog_open(link_path, OPLOG_JSON "|" OPLOG_CLUSTER, true, &log));
	assert_int_equal(read_all(log, &err), 1);
	assert_string_equal(oplog_path(log), path);
	oplog_close(log);
	free(link_path);
	str_uninit(&s);
}

static void test_replace(void **state)
{
	struct oplog *log, *newer;
	struct str s = STR_INIT;
	struct stat st;
	char *err;

	for (int i = 1; i < 5; i++)
		frame(&s, i);
	write_file(s.data, s.len);
	assert_int_equal(chmod(path, 0640), 0);
	assert_null(oplog_open(path, OPLOG_JSON, true, &log));
	assert_int_equal(read_all(log, &err), 1234);
	str_clear(&s);
	frame(&s, 7);
	assert_null(oplog_create_beside(log, ".tmp", &newer));
	assert_null(oplog_append(newer, &s));
	assert_null(oplog_replace(log, newer));
	assert_int_equal(oplog_size(log), s.len);
	assert_null(oplog_append(log, &s));
	assert_null(oplog_create_beside(log, ".tmp", &newer));
	oplog_discard(newer);
	oplog_close(log);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_null(oplog_open(path, OPLOG_JSON, true, &log));
	assert_int_equal(read_all(log, &err), 77);
	oplog_close(log);
	str_uninit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frame),  cmocka_unit_test(test_cut),
		cmocka_unit_test(test_flip),   cmocka_unit_test(test_headers),
		cmocka_unit_test(test_create), cmocka_unit_test(test_replace),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
