// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "rpc/json_scan.h"
#include "tests/unit/rpc/unit.h"

#define DEPTH 8

static const struct {
	const char *text;
	enum json_scan_result result;
	size_t used; /* the message's end, or where the error is */
} cases[] = {
	/* hostile */
	{ "nonsense", JSON_SCAN_NOT_OBJECT, 0 },
	{ "[]", JSON_SCAN_NOT_OBJECT, 0 },
	{ "  \"a\"", JSON_SCAN_NOT_OBJECT, 2 },
	{ "}", JSON_SCAN_NOT_OBJECT, 0 },
	{ "\xff\xfe", JSON_SCAN_NOT_OBJECT, 0 },
	{ "{[[[[[[[[", JSON_SCAN_TOO_DEEP, 8 },
	{ "{\"[[[[[[[[[[[[[[\":[[[[[[[[", JSON_SCAN_TOO_DEEP, 25 },
	{ "{{{{{{{{{", JSON_SCAN_TOO_DEEP, 8 },
	{ "{\"a", JSON_SCAN_MORE, 3 },
	{ "{\"a\\", JSON_SCAN_MORE, 4 },
	{ "{\"a\\\"}", JSON_SCAN_MORE, 6 },
	{ "{\"\xff\xff\xff\"}", JSON_SCAN_DONE, 7 },
	{ "{]", JSON_SCAN_DONE, 2 }, /* not JSON, but an end: the parser says so */
	{ "{\"}]\\\\\"}", JSON_SCAN_DONE, 8 },
	/* good */
	{ "", JSON_SCAN_MORE, 0 },
	{ " \t\r\n", JSON_SCAN_MORE, 4 },
	{ "{}", JSON_SCAN_DONE, 2 },
	{ " {} {}", JSON_SCAN_DONE, 3 },
	{ "{\"a\":[1,2,{\"b\":\"}\"}]}x", JSON_SCAN_DONE, 21 },
	{ "{[[[[[[[]]]]]]]}", JSON_SCAN_DONE, 16 },
	{ "{\"\\u007d\\\"}\"}", JSON_SCAN_DONE, 13 },
};

/* Feeds pieces [0,a) [a,b) [b,n), stopping at the first that ends it. */
static void feed_pieces(const char *text, size_t a, size_t b, enum json_scan_result wanted,
			size_t wanted_used, uint64_t wanted_weight)
{
	size_t ends[] = { a, b, strlen(text) }, pos = 0, used;
	enum json_scan_result result = JSON_SCAN_MORE;
	struct json_scan scan;

	json_scan_init(&scan, DEPTH);
	for (size_t i = 0; i < ARRAY_SIZE(ends) && result == JSON_SCAN_MORE; i++) {
		result = json_scan_feed(&scan, text + pos, ends[i] - pos, &used);
		pos += used;
	}
	if (result != wanted || pos != wanted_used)
		fail_msg("%s cut at %zu and %zu: result %d at %zu, not %d at %zu", text, a, b,
			 result, pos, wanted, wanted_used);
	assert_int_equal(scan.weight, wanted_weight);
}

static void every_split(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t n = strlen(cases[i].text), used;
		struct json_scan scan;

		json_scan_init(&scan, DEPTH);
		json_scan_feed(&scan, cases[i].text, n, &used);
		for (size_t a = 0; a <= n; a++) {
			for (size_t b = a; b <= n; b++)
				feed_pieces(cases[i].text, a, b, cases[i].result, cases[i].used,
					    scan.weight);
		}
	}
}

static void many_objects(void **state)
{
	static const char text[] = "{\"a\":\"{\\\\\"}{}  {\"b\":[]}\n";
	static const size_t ends[] = { 11, 13, 23 };
	struct json_scan scan;
	size_t pos = 0, used;

	json_scan_init(&scan, DEPTH);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		assert_int_equal(json_scan_feed(&scan, text + pos, strlen(text) - pos, &used),
				 JSON_SCAN_DONE);
		pos += used;
		assert_int_equal(pos, ends[i]);
	}
	assert_int_equal(json_scan_feed(&scan, text + pos, strlen(text) - pos, &used),
			 JSON_SCAN_MORE);
	assert_int_equal(scan.depth, 0);
}

/* A string without end costs nothing but its octets. */
static void endless_string(void **state)
{
	struct json_scan scan;
	char piece[1024];
	size_t used;

	json_scan_init(&scan, DEPTH);
	assert_int_equal(json_scan_feed(&scan, "{\"", 2, &used), JSON_SCAN_MORE);
	memset(piece, '[', sizeof(piece));
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(json_scan_feed(&scan, piece, sizeof(piece), &used),
				 JSON_SCAN_MORE);
		assert_int_equal(used, sizeof(piece));
	}
	assert_int_equal(scan.depth, 1);
	assert_true(scan.weight < 1100000);
}

/* "[[],[],...": far heavier than it is long. */
static void weight_of_small_values(void **state)
{
	const size_t n = 100000;
	char *text = xmalloc(2 + n * 3), *p = text;
	struct json_scan scan;
	size_t used;

	*p++ = '{';
	*p++ = '[';
	for (size_t i = 0; i < n; i++, p += 3)
		memcpy(p, "{},", 3);
	json_scan_init(&scan, DEPTH);
	assert_int_equal(json_scan_feed(&scan, text, (size_t)(p - text), &used), JSON_SCAN_MORE);
	assert_true(scan.weight > n * 300);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_split),
		cmocka_unit_test(endless_string),
		cmocka_unit_test(weight_of_small_values),
		cmocka_unit_test(many_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
