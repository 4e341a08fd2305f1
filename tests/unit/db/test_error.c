// SPDX-License-Identifier: Apache-2.0
#include "db/error.h"

#include "tests/unit/db/unit.h"

/* JSON that an error complains of must come back whole, whatever is in it. */
static void test_round_trip(void **state)
{
	static const char *const jsons[] = {
		"null",
		"'x'",
		"'\\\\'",
		"'\\': '",
		"'a\\': syntax error: b'",
		"['\\\\\\': ',{'a':': '}]",
		"{'a':{'b':'\\\\\\\\'}}",
		"': x: y'",
		"['x',': syntax error: y']",
		"{': ':': '}",
		"-1",
		"true",
		"'\\u0000'",
		"''",
		"[]",
		"'\xe2\x80\x9d'",
	};

	for (size_t i = 0; i < ARRAY_SIZE(jsons); i++) {
		json_t *json = json_of(jsons[i]);
		char *dump = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
		char *error = db_error("unknown column", json, "No column \"%s\": x.", "syntax \"");
		struct db_error e;

		db_error_split(error, "bad", &e);
		assert_string_equal(e.tag, "unknown column");
		assert_string_equal(e.details, "No column \"syntax \"\": x.");
		assert_string_equal(e.syntax, dump);
		db_error_uninit(&e);
		free(error);
		free(dump);
		json_decref(json);
	}
}

static void test_split(void **state)
{
	static const struct {
		const char *sentence, *tag, *details, *syntax;
	} cases[] = {
		{ "", "bad", NULL, NULL },
		{ "no tag", "bad", "no tag", NULL },
		{ "unknown columns: x", "bad", "unknown columns: x", NULL },
		{ "unknown column", "unknown column", NULL, NULL },
		{ "unknown column:x", "bad", "unknown column:x", NULL },
		{ "duplicate uuid-name: x", "duplicate uuid-name", "x", NULL },
		{ "duplicate uuid: x", "duplicate uuid", "x", NULL },
		{ "syntax \"", "bad", "syntax '", NULL },
		{ "syntax \"x", "bad", "syntax 'x", NULL },
		{ "syntax \"\": ", "bad", "syntax '': ", NULL },
		{ "syntax \"]\": x", "bad", "x", "]" },
		{ "syntax \"[\": x", "bad", "syntax '[': x", NULL },
		{ "syntax \"1\\", "bad", "syntax '1\\", NULL },
		{ "syntax \"1\": range error: y", "range error", "y", "1" },
		{ "syntax \"\"a\\\": \"\": range error: y", "range error", "y", "\"a\\\": \"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct db_error e;

		db_error_split(cases[i].sentence, "bad", &e);
		assert_string_equal(e.tag, cases[i].tag);
		expect_text(e.details, cases[i].details, cases[i].sentence);
		if (cases[i].syntax)
			assert_string_equal(e.syntax, cases[i].syntax);
		else
			assert_null(e.syntax);
		e.details = NULL;
		db_error_uninit(&e);
	}
}

static void test_long_syntax_is_cut(void **state)
{
	/* three-octet characters: the cut must not leave half of one */
	struct str text = STR_INIT;
	struct db_error e;
	json_t *json, *copy;
	char *error;

	for (int shift = 0; shift < 3; shift++) {
		str_clear(&text);
		str_put_repeat(&text, 'x', (size_t)shift);
		for (int i = 0; i < 100000; i++)
			str_put(&text, "\u65e5");
		json = json_string(str_cstr(&text));
		error = db_syntax_error(json, "too long");
		db_error_split(error, "bad", &e);
		assert_string_equal(e.tag, "syntax error");
		assert_string_equal(e.details, "too long");
		assert_true(strlen(e.syntax) < 5000);
		copy = json_string(e.syntax);
		assert_non_null(copy); /* still UTF-8 */
		json_decref(copy);
		json_decref(json);
		db_error_uninit(&e);
		free(error);
	}
	str_uninit(&text);
}

static void test_wrap(void **state)
{
	json_t *json = json_of("['x']");

	assert_null(db_error_wrap(NULL, "f"));
	expect_text(db_error_wrap(db_syntax_error(json, "bad"), "in \"%s\"", "f"),
		    "syntax '['x']': syntax error: in 'f': bad", "syntax");
	expect_text(db_error_wrap(xstrdup("plain"), "f"), "f: plain", "plain");
	expect_text(db_error_wrap(xstrdup("range error"), "f"), "range error: f", "tag alone");
	json_decref(json);
}

static void test_to_json(void **state)
{
	expect_text(text_of(db_error_to_json("x", "constraint violation")),
		    "{'details':'x','error':'constraint violation'}", "default");
	expect_text(text_of(db_error_to_json("syntax \"3\": syntax error: expected string", "y")),
		    "{'details':'expected string','error':'syntax error','syntax':'3'}", "syntax");
	expect_text(text_of(db_error_to_json("aborted", "y")), "{'error':'aborted'}", "tag");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_long_syntax_is_cut),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_to_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
