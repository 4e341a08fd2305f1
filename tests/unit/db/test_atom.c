// SPDX-License-Identifier: Apache-2.0
#include "db/atom.h"

#include <math.h>
#include <stdio.h>

#include "db/symbol.h"
#include "tests/unit/db/unit.h"

/* ---- UUIDs ---- */

static void test_uuid_parse(void **state)
{
	static const struct {
		const char *s;
		size_t prefix_len;
		bool ok;
	} cases[] = {
		{ "", 0, false },
		{ "-", 0, false },
		{ "0123", 4, false },
		{ "0123456", 7, false },
		{ "012345678", 8, false },
		{ "01234567-", 9, false },
		{ "01234567-89ab-cdef-0123-456789abcdef", 36, true },
		{ "01234567-89AB-CDEF-0123-456789ABCDEF", 36, true },
		{ "01234567-89ab-cdef-0123-456789abcdef0", 36, false },
		{ "01234567-89ab-cdef-0123-456789abcdef-", 36, false },
		{ "01234567-89ab-cdef-0123-456789abcdeg", 35, false },
		{ "01234567_89ab-cdef-0123-456789abcdef", 8, false },
		{ "0123456789ab-cdef-0123-456789abcdef", 8, false },
		{ "01234567--9ab-cdef-0123-456789abcdef", 9, false },
		{ " 1234567-89ab-cdef-0123-456789abcdef", 0, false },
		{ "+1234567-89ab-cdef-0123-456789abcdef", 0, false },
		{ "{1234567-89ab-cdef-0123-456789abcdef}", 0, false },
		{ "br0", 1, false },
		{ "\xc3\xa9", 0, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct uuid u = { { 1, 2, 3, 4 } };

		assert_int_equal(uuid_prefix_len(cases[i].s), cases[i].prefix_len);
		assert_int_equal(uuid_parse(cases[i].s, &u), cases[i].ok);
		if (cases[i].ok) {
			assert_int_equal(u.parts[0], 0x01234567);
			assert_int_equal(u.parts[1], 0x89abcdef);
			assert_int_equal(u.parts[2], 0x01234567);
			assert_int_equal(u.parts[3], 0x89abcdef);
		} else {
			assert_int_equal(u.parts[3], 4); /* untouched */
		}
	}
}

static void test_uuid_generate(void **state)
{
	struct uuid a, b, c, zero;
	char text[UUID_LEN + 1];

	uuid_zero(&zero);
	assert_true(uuid_is_zero(&zero));
	for (int i = 0; i < 100; i++) {
		uuid_generate(&a);
		uuid_generate(&b);
		assert_false(uuid_is_zero(&a));
		assert_false(uuid_equal(&a, &b));
		assert_int_equal(uuid_compare(&a, &b), -uuid_compare(&b, &a));
		snprintf(text, sizeof(text), UUID_FMT, UUID_ARGS(&a));
		assert_int_equal(strlen(text), UUID_LEN);
		assert_int_equal(text[14], '4'); /* version */
		assert_non_null(strchr("89ab", text[19])); /* variant */
		assert_true(uuid_parse(text, &c));
		assert_true(uuid_equal(&a, &c));
		assert_int_equal(uuid_hash(&a), uuid_hash(&c));
	}
}

/* ---- JSON ---- */

#define U "['uuid','01234567-89ab-cdef-0123-456789abcdef']"

static const struct {
	enum atom_type type;
	const char *json;
	const char *back; /* NULL: the same */
	const char *error;
} jsons[] = {
	/* hostile */
	{ ATOM_INTEGER, "null", NULL, "syntax 'null': syntax error: expected integer" },
	{ ATOM_INTEGER, "1.5", NULL, "syntax '1.5': syntax error: expected integer" },
	{ ATOM_INTEGER, "1e300", NULL, "syntax '1e300': syntax error: expected integer" },
	{ ATOM_INTEGER, "9223372036854775808.0", NULL,
	  "syntax '9.22337203685478e18': syntax error: expected integer" },
	{ ATOM_INTEGER, "'1'", NULL, "syntax ''1'': syntax error: expected integer" },
	{ ATOM_INTEGER, "true", NULL, "syntax 'true': syntax error: expected integer" },
	{ ATOM_INTEGER, "[[[[]]]]", NULL, "syntax '[[[[]]]]': syntax error: expected integer" },
	{ ATOM_REAL, "'x'", NULL, "syntax ''x'': syntax error: expected real" },
	{ ATOM_REAL, "[]", NULL, "syntax '[]': syntax error: expected real" },
	{ ATOM_BOOLEAN, "0", NULL, "syntax '0': syntax error: expected boolean" },
	{ ATOM_BOOLEAN, "'true'", NULL, "syntax ''true'': syntax error: expected boolean" },
	{ ATOM_STRING, "3", NULL, "syntax '3': syntax error: expected string" },
	{ ATOM_STRING, "{'a':1}", NULL, "syntax '{'a':1}': syntax error: expected string" },
	{ ATOM_STRING, "'a\\u0000b'", NULL,
	  "syntax ''a\\u0000b'': syntax error: null characters are not allowed in strings" },
	{ ATOM_UUID, "'x'", NULL, "syntax ''x'': syntax error: expected ['uuid', <string>]" },
	{ ATOM_UUID, "[]", NULL, "syntax '[]': syntax error: expected ['uuid', <string>]" },
	{ ATOM_UUID, "['uuid']", NULL,
	  "syntax '['uuid']': syntax error: expected ['uuid', <string>]" },
	{ ATOM_UUID, "['uuid',3]", NULL,
	  "syntax '['uuid',3]': syntax error: expected ['uuid', <string>]" },
	{ ATOM_UUID, "['uuid','x']", NULL,
	  "syntax '['uuid','x']': syntax error: 'x' is not a valid UUID" },
	{ ATOM_UUID, "['foo','x']", NULL,
	  "syntax '['foo','x']': syntax error: expected ['uuid', <string>]" },
	{ ATOM_UUID, "['uuid','x','y']", NULL,
	  "syntax '['uuid','x','y']': syntax error: expected ['uuid', <string>]" },
	{ ATOM_UUID, "['named-uuid','x']", NULL,
	  "syntax '['named-uuid','x']': syntax error: expected ['uuid', <string>]" },
	{ ATOM_VOID, "1", NULL, "syntax '1': syntax error: expected void" },
	/* fine */
	{ ATOM_INTEGER, "0" },
	{ ATOM_INTEGER, "-9223372036854775808" },
	{ ATOM_INTEGER, "9223372036854775807" },
	{ ATOM_INTEGER, "5.0", "5" },
	{ ATOM_INTEGER, "1e3", "1000" },
	{ ATOM_REAL, "0" },
	{ ATOM_REAL, "5.0", "5" },
	{ ATOM_REAL, "-0.0", "0" },
	{ ATOM_REAL, "1.25" },
	{ ATOM_REAL, "-1e300" },
	{ ATOM_BOOLEAN, "true" },
	{ ATOM_BOOLEAN, "false" },
	{ ATOM_STRING, "''" },
	{ ATOM_STRING, "'\xe6\x97\xa5 \\n \\\\'" },
	{ ATOM_UUID, U },
};

static void test_json(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(jsons); i++) {
		json_t *json = json_of(jsons[i].json);
		union atom a;
		char *error = atom_from_json(&a, jsons[i].type, json, NULL);

		json_decref(json);
		expect_text(error ? xstrdup(error) : NULL, jsons[i].error, jsons[i].json);
		if (!error) {
			expect_text(text_of(atom_to_json(&a, jsons[i].type)),
				    jsons[i].back ? jsons[i].back : jsons[i].json, "back");
			atom_uninit(&a, jsons[i].type);
		}
		free(error);
	}
}

static void test_named_uuid(void **state)
{
	static const char *const bad[] = { "['named-uuid','']", "['named-uuid','a b']",
					   "['named-uuid','9a']", "['named-uuid','\xc3\xa9']" };
	struct symbol_table *symbols = symbol_table_create();
	struct symbol *s;
	union atom a, b;
	json_t *json;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char *error;

		json = json_of(bad[i]);
		error = atom_from_json(&a, ATOM_UUID, json, symbols);
		assert_non_null(error);
		assert_non_null(strstr(error, "named-uuid string is not a valid <id>"));
		free(error);
		json_decref(json);
	}
	json = json_of("['named-uuid','a']");
	assert_null(atom_from_json_symbol(&a, ATOM_UUID, json, symbols, &s));
	assert_string_equal(s->name, "a");
	assert_false(s->created || s->strong_ref || s->weak_ref);
	assert_null(atom_from_json(&b, ATOM_UUID, json, symbols));
	assert_true(uuid_equal(&a.uuid, &b.uuid));
	assert_ptr_equal(symbol_lookup(symbols, "a"), s);
	assert_null(symbol_lookup(symbols, "b"));
	assert_ptr_not_equal(symbol_insert(symbols, "b"), s);
	json_decref(json);
	symbol_table_destroy(symbols);
	symbol_table_destroy(NULL);
}

static bool collect(struct symbol *s, void *aux)
{
	str_put(aux, s->name);
	return !streq(s->name, "n31");
}

static void test_symbols_in_order(void **state)
{
	struct symbol_table *symbols = symbol_table_create();
	struct str got = STR_INIT, want = STR_INIT;

	for (int round = 0; round < 2; round++) { /* the second finds what the first made */
		for (int i = 0; i < 100; i++) {
			char name[16];

			snprintf(name, sizeof(name), "n%d", i);
			assert_string_equal(symbol_insert(symbols, name)->name, name);
			if (!round && i < 32)
				str_put(&want, name);
		}
	}
	symbol_table_walk(symbols, collect, &got);
	assert_string_equal(str_cstr(&got), str_cstr(&want));
	str_uninit(&got);
	str_uninit(&want);
	symbol_table_destroy(symbols);
}

/* What the daemon stores need not have come as JSON. */
static void test_bad_utf8_is_printable(void **state)
{
	union atom a = { .string = atom_string_create("a\xff\xc3", 3) };

	expect_text(text_of(atom_to_json(&a, ATOM_STRING)),
		    "'a?"
		    "?'",
		    "bad UTF-8");
	atom_uninit(&a, ATOM_STRING);
}

static void test_strings_are_shared(void **state)
{
	struct atom_string *s = atom_string_create("abc", 3);
	union atom a = { .string = s }, b, empty;

	atom_clone(&b, &a, ATOM_STRING);
	assert_ptr_equal(b.string, s);
	assert_int_equal(s->refs, 2);
	atom_uninit(&b, ATOM_STRING);
	assert_int_equal(s->refs, 1);
	atom_uninit(&a, ATOM_STRING);

	atom_init_default(&empty, ATOM_STRING);
	assert_ptr_equal(empty.string, atom_string_create("", 0));
	for (int i = 0; i < 3; i++)
		atom_uninit(&empty, ATOM_STRING); /* never freed */
	assert_string_equal(empty.string->s, "");
	atom_string_unref(NULL);
}

static void test_order(void **state)
{
	static const struct {
		enum atom_type type;
		const char *ascending[6];
	} cases[] = {
		{ ATOM_INTEGER,
		  { "-9223372036854775808", "-1", "0", "1", "9223372036854775807", NULL } },
		{ ATOM_REAL, { "-1e308", "-0.5", "0", "1e-300", "1e308", NULL } },
		{ ATOM_BOOLEAN, { "false", "true", NULL } },
		{ ATOM_STRING, { "''", "'A'", "'a'", "'aa'", "'\xc3\xa9'", NULL } },
		{ ATOM_UUID,
		  { "['uuid','00000000-0000-0000-0000-000000000000']",
		    "['uuid','00000000-0000-0000-0000-000000000001']",
		    "['uuid','00000000-0000-0000-ffff-000000000001']",
		    "['uuid','ffffffff-0000-0000-0000-000000000000']", NULL } },
	};

	for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
		enum atom_type type = cases[c].type;

		for (int i = 0; cases[c].ascending[i]; i++) {
			for (int j = 0; cases[c].ascending[j]; j++) {
				json_t *ji = json_of(cases[c].ascending[i]);
				json_t *jj = json_of(cases[c].ascending[j]);
				union atom a, b;
				int cmp;

				assert_null(atom_from_json(&a, type, ji, NULL));
				assert_null(atom_from_json(&b, type, jj, NULL));
				cmp = atom_compare(&a, &b, type);
				assert_int_equal(cmp < 0 ? -1 : cmp > 0, i < j ? -1 : i > j);
				if (i == j)
					assert_int_equal(atom_hash(&a, type, 7),
							 atom_hash(&b, type, 7));
				else
					assert_int_not_equal(atom_hash(&a, type, 7),
							     atom_hash(&b, type, 7));
				atom_uninit(&a, type);
				atom_uninit(&b, type);
				json_decref(ji);
				json_decref(jj);
			}
		}
	}
	assert_int_equal(atom_hash(&(union atom){ .real = -0.0 }, ATOM_REAL, 0),
			 atom_hash(&(union atom){ .real = 0.0 }, ATOM_REAL, 0));
}

static void test_type_names(void **state)
{
	enum atom_type type = ATOM_VOID;

	assert_false(atom_type_parse("void", &type));
	assert_false(atom_type_parse("", &type));
	assert_false(atom_type_parse("Integer", &type));
	for (int i = ATOM_INTEGER; i < ATOM_N_TYPES; i++) {
		assert_true(atom_type_parse(atom_type_name((enum atom_type)i), &type));
		assert_int_equal(type, i);
	}
	assert_string_equal(atom_type_name((enum atom_type)99), "void");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uuid_parse),
		cmocka_unit_test(test_uuid_generate),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_named_uuid),
		cmocka_unit_test(test_symbols_in_order),
		cmocka_unit_test(test_bad_utf8_is_printable),
		cmocka_unit_test(test_strings_are_shared),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_type_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
