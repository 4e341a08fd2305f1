// SPDX-License-Identifier: Apache-2.0
/* Values as the existing ovs-vsctl reads and prints them; sentences and results are its own where
 * it has one.  In the tables ' stands for " in errors only. */
#include "db/text.h"

#include "db/symbol.h"
#include "tests/unit/db/unit.h"

#define TRUNKS "{'key':{'type':'integer','minInteger':0,'maxInteger':4095},'min':0,'max':4096}"
#define TAG "{'key':{'type':'integer','minInteger':0,'maxInteger':4095},'min':0}"
#define INTEGERS "{'key':'integer','min':0,'max':'unlimited'}"
#define STRING "{'key':'string','min':0}"
#define STRINGS "{'key':'string','min':0,'max':'unlimited'}"
#define MODE "{'key':{'type':'string','enum':['set',['access','trunk']]},'min':0}"
#define IDS "{'key':'string','value':'string','min':0,'max':'unlimited'}"
#define MAPPINGS "{'key':'integer','value':'integer','min':0,'max':'unlimited'}"

static const struct {
	const char *type;
	const char *text;
	const char *error; /* or NULL */
	const char *back;
} values[] = {
	/* hostile */
	{ TRUNKS, "", "use '[]' to specify the empty set" },
	{ TRUNKS, "  ", "use '[]' to specify the empty set" },
	{ TRUNKS, "[1,2", "[1,2: missing ']' at end of data" },
	{ TRUNKS, "1,2]", "1,2]: unexpected ']' parsing set of up to 4096 integers" },
	{ TRUNKS, "[[1]]", "[[1]]: unexpected '[' parsing set of up to 4096 integers" },
	{ TRUNKS, "1,,2", "1,,2: unexpected ',' parsing set of up to 4096 integers" },
	{ TRUNKS, ",1", ",1: unexpected ',' parsing set of up to 4096 integers" },
	{ TRUNKS, "[,]", "[,]: unexpected ',' parsing set of up to 4096 integers" },
	{ TRUNKS, "{1}", "{1}: unexpected '{' parsing set of up to 4096 integers" },
	{ TRUNKS, "1=2", "1=2: unexpected '=' parsing set of up to 4096 integers" },
	{ TRUNKS, "[1]]", "[1]]: trailing garbage after ']'" },
	{ TRUNKS, "[1];", "[1];: trailing garbage after ']'" },
	{ TRUNKS, "1-", "'1-' is not a valid integer or range" },
	{ TRUNKS, "1 - 3", "'-' is not a valid integer or range" },
	{ TRUNKS, "1-3-5", "'1-3-5' is not a valid integer or range" },
	{ TRUNKS, "3-1", "'3-1' is not a valid range. Range end cannot be before start." },
	{ TRUNKS, "0x10", "'0x10' is not a valid integer or range" },
	{ TRUNKS, "1e2", "'1e2' is not a valid integer or range" },
	{ TRUNKS, "1.0", "'1.0' is not a valid integer or range" },
	{ TRUNKS, "a", "'a' is not a valid integer or range" },
	{ TRUNKS, "\"1\"", "''1'' is not a valid integer or range" },
	{ TRUNKS, "99999999999999999999",
	  "'99999999999999999999' is not a valid integer or range" },
	{ TRUNKS, "1-99999999999999999999",
	  "'1-99999999999999999999' is not a valid integer or range" },
	{ TRUNKS, "-1",
	  "constraint violation: -1 is not in the valid range 0 to 4095 (inclusive)" },
	{ TRUNKS, "1-5000",
	  "constraint violation: 5000 is not in the valid range 0 to 4095 (inclusive)" },
	{ TRUNKS, "1-3,2", "1-3,2: set contains duplicate value" },
	{ TRUNKS, "1\\", "1\\: backslash at end of argument" },
	{ TRUNKS, "1\"", "1': quoted string extends past end of argument" },
	{ INTEGERS, "1-4097", "'1-4097': a range may not have more than 4096 values", NULL },
	{ INTEGERS, "0-9223372036854775807",
	  "'0-9223372036854775807': a range may not have more than 4096 values" },
	{ INTEGERS, "-9223372036854775808-9223372036854775807",
	  "'-9223372036854775808-9223372036854775807': a range may not have more than 4096 "
	  "values" },
	{ TAG, "5,6", "5,6: 2 value(s) specified but the maximum number is 1" },
	{ TAG, "1-2", "1-2: 2 value(s) specified but the maximum number is 1" },
	{ TAG, "{}", "{}: unexpected '{' parsing set of up to 1 integers" },
	{ "'integer'", "[]", "[]: 0 value(s) specified but the minimum number is 1" },
	{ "'integer'", "9223372036854775808",
	  "'9223372036854775808' is not a valid integer or range" },
	{ "'boolean'", "TRUE", "'TRUE' is not a valid boolean (use 'true' or 'false')" },
	{ "'boolean'", "\"true\"", "''true'' is not a valid boolean (use 'true' or 'false')" },
	{ "'real'", "nan", "'nan' is not a valid real number" },
	{ "'real'", "inf", "'inf' is not a valid real number" },
	{ "'real'", "1e999", "'1e999' is not a valid real number" },
	{ "'real'", "x", "'x' is not a valid real number" },
	{ "'uuid'", "x", "'x' is not a valid UUID" },
	{ "'uuid'", "@x", "'@x' is not a valid UUID" }, /* no symbols here */
	{ "'uuid'", "01234567-89ab-cdef-0123-456789abcdef0",
	  "'01234567-89ab-cdef-0123-456789abcdef0' is not a valid UUID" },
	{ MODE, "foo",
	  "constraint violation: foo is not one of the allowed values ([access, trunk])" },
	{ STRING, "aa:bb",
	  "aa:bb: unexpected ':' parsing set of up to 1 strings (a value with such characters "
	  "needs "
	  "double quotes)" },
	{ STRING, "a b", "a b: 2 value(s) specified but the maximum number is 1" },
	{ STRING, "\"a", "'a: quoted string extends past end of argument" },
	{ STRING, "\"a\"b", "'a'b: missing quote at end of quoted string" },
	{ STRING, "\"a\"b\"c\"", "'a'b'c': quoted string may not include unescaped '" },
	{ STRING, "\"\\x\"", "'\\x': not a valid quoted string: invalid escape" },
	{ STRING, "\"a\tb\"", "'a\tb': not a valid quoted string: control character 0x9" },
	{ STRING, "\"\\u0000\"", "'\\u0000': a null character is not allowed" },
	{ STRING, "\xff", "\xff: not valid UTF-8" },
	{ IDS, " ", "use '{}' to specify the empty map" },
	{ IDS, "a", "a: syntax error at end of string, expecting '=' and a value" },
	{ IDS, "{a}", "{a}: syntax error at '}' expecting '='" },
	{ IDS, "a:b=c", "a:b=c: syntax error at ':' expecting '='" },
	{ IDS,
	  "a=", "An empty string is not valid as input; use '' to represent the empty string" },
	{ IDS, "a=[b]",
	  "An empty string is not valid as input; use '' to represent the empty string" },
	{ IDS, "=b", "=b: unexpected '=' parsing map of (string, string) pairs" },
	{ IDS, "a=b=c", "a=b=c: unexpected '=' parsing map of (string, string) pairs" },
	{ IDS, "{a=b", "{a=b: missing '}' at end of data" },
	{ IDS, "a=b}", "a=b}: unexpected '}' parsing map of (string, string) pairs" },
	{ IDS, "{a=b}{c=d}", "{a=b}{c=d}: trailing garbage after '}'" },
	{ IDS, "[]", "[]: unexpected '[' parsing map of (string, string) pairs" },
	{ IDS, "a=b,a=c", "a=b,a=c: map contains duplicate key" },
	{ MAPPINGS, "5=x", "'x' is not a valid integer or range" },
	{ MAPPINGS, "5=6-7", "'6-7' is not a valid integer or range" },
	{ MAPPINGS, "5=6,5=7", "5=6,5=7: map contains duplicate key" },
	/* pasted typography */
	{ STRING, "\u201ca\u201d",
	  "\u201ca\u201d: '\u201c' at character 1 is a curly quote: use a plain quote ('); to "
	  "mean the "
	  "character itself, put the value in plain double quotes" },
	{ STRING, "a\u2019",
	  "a\u2019: '\u2019' at character 2 is a curly quote: use a plain quote ('); to mean the "
	  "character itself, put the value in plain double quotes" },
	{ STRING, "\u2014id",
	  "\u2014id: '\u2014' at character 1 is a dash: use a plain '-' (or two); to mean the "
	  "character "
	  "itself, put the value in plain double quotes" },
	{ TRUNKS, "1\u20133",
	  "'1\u20133' is not a valid integer or range ('\u2013' at character 2 is a dash: use a "
	  "plain "
	  "'-' (or two))" },
	/* fine */
	{ TRUNKS, "[]", NULL, "[]" },
	{ TRUNKS, " [ ] ", NULL, "[]" },
	{ TRUNKS, "1", NULL, "[1]" },
	{ TRUNKS, "1,2", NULL, "[1, 2]" },
	{ TRUNKS, "2 1", NULL, "[1, 2]" },
	{ TRUNKS, "[ 1 , 2 ]", NULL, "[1, 2]" },
	{ TRUNKS, "1,", NULL, "[1]" },
	{ TRUNKS, "[1,]", NULL, "[1]" },
	{ TRUNKS, "[1-3, 7]", NULL, "[1, 2, 3, 7]" },
	{ TRUNKS, "1-1", NULL, "[1]" },
	{ TRUNKS, "+1", NULL, "[1]" },
	{ TRUNKS, "010", NULL, "[10]" },
	{ INTEGERS, "-5--3", NULL, "[-5, -4, -3]" },
	{ INTEGERS, "9223372036854775806-9223372036854775807", NULL,
	  "[9223372036854775806, 9223372036854775807]" },
	{ TAG, "5", NULL, "5" },
	{ TAG, "[5]", NULL, "5" },
	{ TAG, "[]", NULL, "[]" },
	{ "'integer'", " 5", NULL, "5" },
	{ "'boolean'", "yes", NULL, "true" },
	{ "'boolean'", "on", NULL, "true" },
	{ "'boolean'", "1", NULL, "true" },
	{ "'boolean'", "[true]", NULL, "true" },
	{ "'boolean'", "on,", NULL, "true" },
	{ "'boolean'", "no", NULL, "false" },
	{ "'boolean'", "off", NULL, "false" },
	{ "'boolean'", "0", NULL, "false" },
	{ "'real'", "1.5", NULL, "1.5" },
	{ "'real'", "-1e300", NULL, "-1e+300" },
	{ "'real'", "5", NULL, "5" },
	{ "'uuid'", "01234567-89AB-cdef-0123-456789abcdef", NULL,
	  "01234567-89ab-cdef-0123-456789abcdef" },
	{ MODE, "trunk", NULL, "trunk" },
	{ MODE, "\"trunk\"", NULL, "trunk" },
	{ STRING, "\"aa:bb\"", NULL, "\"aa:bb\"" },
	{ STRING, "aa\\:bb", NULL, "\"aa:bb\"" },
	{ STRING, "\"\"", NULL, "\"\"" },
	{ STRING, " x ", NULL, "x" },
	{ STRING, "\"a\\nb\\\"c\\u00e9\\/\"", NULL, "\"a\\nb\\\"c\xc3\xa9/\"" },
	{ STRING, "\"\\ud83d\\ude00\"", NULL, "\"\xf0\x9f\x98\x80\"" },
	{ STRING, "\"\u201ca\u201d\"", NULL, "\"\u201ca\u201d\"" }, /* meant */
	{ STRING, "a\u2014b", NULL, "\"a\u2014b\"" },
	{ STRINGS, "a \"b c\",d", NULL, "[a, \"b c\", d]" },
	{ IDS, "{}", NULL, "{}" },
	{ IDS, "a=b", NULL, "{a=b}" },
	{ IDS, "c=d a=b", NULL, "{a=b, c=d}" },
	{ IDS, "{ a = b , c=d, }", NULL, "{a=b, c=d}" },
	{ IDS, "\"a b\"=\"c,d\"", NULL, "{\"a b\"=\"c,d\"}" },
	{ IDS, "a.b=-5", NULL, "{a.b=\"-5\"}" },
	{ IDS, "a=\"\"", NULL, "{a=\"\"}" },
	{ MAPPINGS, "5-7=6", NULL, "{5=6, 6=6, 7=6}" },
};

static void test_values(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct column_type t = type_of(values[i].type);
		struct datum d, again;
		char *error = datum_parse(&d, &t, values[i].text, NULL);

		if (error) {
			expect_text(error, values[i].error, values[i].text);
		} else {
			struct str s = STR_INIT;

			expect_text(NULL, values[i].error, values[i].text);
			datum_format(&d, &t, &s);
			assert_string_equal(str_cstr(&s), values[i].back);
			assert_null(datum_parse(&again, &t, str_cstr(&s), NULL));
			assert_true(datum_equal(&d, &again, &t));
			datum_uninit(&again, &t);
			datum_uninit(&d, &t);
			str_uninit(&s);
		}
		column_type_uninit(&t);
	}
}

/* A value for one key is one atom: punctuation is part of it. */
static void test_atoms(void **state)
{
	static const struct {
		const char *text, *back; /* NULL: an error */
	} cases[] = {
		{ "", NULL },
		{ "\"x", NULL },
		{ "\"", NULL },
		{ "\u201cx", NULL },
		{ "a,b", "\"a,b\"" },
		{ " a ", "\" a \"" },
		{ "[]", "\"[]\"" },
		{ "x=y", "\"x=y\"" },
		{ "true", "\"true\"" },
		{ "false", "\"false\"" },
		{ "true1", "true1" },
		{ "5", "\"5\"" },
		{ "5a", "\"5a\"" },
		{ "_x", "_x" },
		{ "-a", "\"-a\"" },
		{ "a-b.c", "a-b.c" },
		{ "a/b", "\"a/b\"" },
		{ "it's", "\"it's\"" },
		{ "a\\b", "\"a\\\\b\"" },
		{ "a\tb", "\"a\\tb\"" },
		{ "a\037b\013\014\bc\rd\177", "\"a\\u001fb\\u000b\\f\\bc\\rd\177\"" },
		{ "abcdef78-1234-1234-1234-12345678abcd",
		  "\"abcdef78-1234-1234-1234-12345678abcd\"" },
		{ "\"a\"", "a" },
	};
	struct base_type string;

	base_type_init(&string, ATOM_STRING);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		union atom a;
		char *error = atom_parse(&a, &string, cases[i].text, NULL, NULL, NULL);

		if (!cases[i].back) {
			assert_non_null(error);
		} else {
			struct str s = STR_INIT;

			assert_null(error);
			atom_format(&a, ATOM_STRING, &s);
			assert_string_equal(str_cstr(&s), cases[i].back);
			str_uninit(&s);
			atom_uninit(&a, ATOM_STRING);
		}
		free(error);
	}
}

static void test_bare(void **state)
{
	static const struct {
		const char *type, *json, *bare;
	} cases[] = {
		{ "'string'", "'a b'", "a b" },
		{ STRING, "['set',[]]", "" },
		{ TRUNKS, "['set',[1,2]]", "1 2" },
		{ IDS, "['map',[['a b','c'],['d','']]]", "a b=c d=" },
		{ "'boolean'", "true", "true" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct column_type t = type_of(cases[i].type);
		struct datum d = datum_of(cases[i].json, &t);
		struct str s = STR_INIT;

		datum_format_bare(&d, &t, &s);
		assert_string_equal(str_cstr(&s), cases[i].bare);
		str_uninit(&s);
		datum_uninit(&d, &t);
		column_type_uninit(&t);
	}
}

static void test_symbols(void **state)
{
	struct column_type t = type_of(
		"{'key':{'type':'uuid','refTable':'A'},'min':0,'max':'unlimited'}");
	struct symbol_table *symbols = symbol_table_create();
	struct datum d;

	assert_null(datum_parse(&d, &t, "@a,@b", symbols));
	assert_int_equal(d.n, 2);
	assert_true(symbol_lookup(symbols, "@a")->strong_ref);
	assert_false(symbol_lookup(symbols, "@a")->created);
	datum_uninit(&d, &t);
	assert_null(datum_parse(&d, &t, "@a", symbols));
	assert_true(uuid_equal(&d.keys[0].uuid, &symbol_lookup(symbols, "@a")->uuid));
	datum_uninit(&d, &t);
	symbol_table_destroy(symbols);
	column_type_uninit(&t);
}

static void test_typography(void **state)
{
	assert_null(text_typography(""));
	assert_null(text_typography("plain \"'-- \xc3\xa9"));
	expect_text(text_typography("\xc3\xa9x\u2014id"),
		    "'\u2014' at character 3 is a dash: use a plain '-' (or two)", "dash");
	expect_text(text_typography("a\u00a0b"),
		    "'\u00a0' at character 2 is a no-break space: use a plain space", "space");
	expect_text(text_typography("\xe2"), NULL, "half a character");
}

/* ---- names ---- */

static void test_names(void **state)
{
	static const struct {
		const char *name, *match, *error;
	} tables[] = {
		{ "", NULL, "unknown table ''" },
		{ "foo", NULL, "unknown table 'foo'" },
		{ "Ports", NULL, "unknown table 'Ports'" },
		{ "p", "Port", NULL },
		{ "PORT", "Port", NULL },
		{ "open-v", "Open_vSwitch", NULL },
		{ "c", NULL, "'c' matches multiple table names: CT, CT_Zone, Controller" },
		{ "ct", "CT", NULL }, /* whole, though a prefix of another */
		{ "CT-", "CT_Zone", NULL },
		{ "netflow", "NetFlow", NULL },
	}, columns[] = {
		{ "", NULL, "Port does not contain a column whose name matches ''" },
		{ "zz", NULL, "Port does not contain a column whose name matches 'zz'" },
		{ "_uu", NULL, "Port does not contain a column whose name matches '_uu'" },
		{ "_UUID", NULL, "Port does not contain a column whose name matches '_UUID'" },
		{ "tags", NULL, "Port does not contain a column whose name matches 'tags'" },
		{ "_uuid", "_uuid", NULL },
		{ "TAG", "tag", NULL },
		{ "trunk", "trunks", NULL },
		{ "bond-up", "bond_updelay", NULL },
		{ "External-IDs", "external_ids", NULL },
		{ "bond", NULL,
		  "Port contains more than one column whose name matches 'bond': bond_mode, "
		  "bond_updelay" },
	};
	struct db_schema *db = schema_of(
		"{'name':'T','tables':{'CT':{'columns':{'a':{'type':'integer'}}},"
		"'CT_Zone':{'columns':{'a':{'type':'integer'}}},"
		"'Controller':{'columns':{'a':{'type':'integer'}}},"
		"'NetFlow':{'columns':{'a':{'type':'integer'}}},"
		"'Open_vSwitch':{'columns':{'a':{'type':'integer'}}},"
		"'Port':{'columns':{'tag':{'type':'integer'},'trunks':{'type':'integer'},"
		"'bond_mode':{'type':'integer'},'bond_updelay':{'type':'integer'},"
		"'external_ids':{'type':'integer'}}}}}");

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		const struct table_schema *t = NULL;

		expect_text(schema_match_table(db, tables[i].name, &t), tables[i].error,
			    tables[i].name);
		if (tables[i].match)
			assert_string_equal(t->name, tables[i].match);
		else
			assert_null(t);
	}
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		const struct column_schema *c = NULL;

		expect_text(schema_match_column(schema_table(db, "Port"), columns[i].name, &c),
			    columns[i].error, columns[i].name);
		if (columns[i].match)
			assert_string_equal(c->name, columns[i].match);
		else
			assert_null(c);
	}
	schema_destroy(db);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),     cmocka_unit_test(test_atoms),
		cmocka_unit_test(test_bare),       cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_typography), cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
