// SPDX-License-Identifier: Apache-2.0
/* COLUMN[:KEY] OP VALUE; what matches is what "find" of the existing ovs-vsctl finds. */
#include "db/text.h"

#include "tests/unit/db/unit.h"

static struct db_schema *db;
static const struct table_schema *port;

static int set_up(void **state)
{
	db = schema_of(
		"{'name':'T','tables':{'Port':{'columns':{"
		"'tag':{'type':{'key':{'type':'integer','maxInteger':4095},'min':0}},"
		"'mac':{'type':{'key':'string','min':0}},"
		"'trunks':{'type':{'key':'integer','min':0,'max':4096}},"
		"'bond_updelay':{'type':'integer'},'fake':{'type':'boolean'},"
		"'numbers':{'type':{'key':'integer','value':'integer','min':0,'max':'unlimited'}},"
		"'external_ids':{'type':{'key':'string','value':'string','min':0,"
		"'max':'unlimited'}}}}}}");
	port = schema_table(db, "Port");
	return 0;
}

static int tear_down(void **state)
{
	schema_destroy(db);
	return 0;
}

#define NO_OP                                                                                      \
	": argument does not end in '=', '!=', '<', '>', '<=', '>=', '{=}', '{!=}', '{<}', "       \
	"'{>}', '{<=}', '{>=}', '{in}', or '{not-in}' followed by a value."

static const struct {
	enum text_want want;
	const char *arg;
	const char *error;
	const char *column, *key;
	enum text_op op;
	const char *value;
} settings[] = {
	/* hostile */
	{ TEXT_WANT_NAME, "", ": missing column name" },
	{ TEXT_WANT_NAME, ":a", ":a: missing column name" },
	{ TEXT_WANT_NAME, "zz", "Port does not contain a column whose name matches 'zz'" },
	{ TEXT_WANT_NAME, "\u2014tag",
	  "Port does not contain a column whose name matches '\u2014tag' ('\u2014' at character 1 "
	  "is a "
	  "dash: use a plain '-' (or two))" },
	{ TEXT_WANT_NAME, "external_ids:",
	  "An empty string is not valid as input; use '' to represent the empty string" },
	{ TEXT_WANT_NAME, "external_ids:k:l",
	  "external_ids:k:l: trailing garbage ':l' in argument" },
	{ TEXT_WANT_NAME, "external_ids:a b",
	  "external_ids:a b: trailing garbage ' b' in argument" },
	{ TEXT_WANT_NAME, "external_ids,tag",
	  "external_ids,tag: trailing garbage ',tag' in argument" },
	{ TEXT_WANT_NAME, "external_ids:\"a", "'a: quoted string extends past end of argument" },
	{ TEXT_WANT_NAME, "external_ids:\\", "\\: backslash at end of argument" },
	{ TEXT_WANT_NAME, "tag:5", "cannot specify key to get for non-map column tag" },
	{ TEXT_WANT_ASSIGNMENT, "tag", "tag: argument does not end in '=' followed by a value." },
	{ TEXT_WANT_ASSIGNMENT, "tag=", "tag=: argument does not end in '=' followed by a value." },
	{ TEXT_WANT_ASSIGNMENT, "tag!=5",
	  "tag!=5: argument does not end in '=' followed by a value." },
	{ TEXT_WANT_ASSIGNMENT, "tag =5",
	  "tag =5: argument does not end in '=' followed by a value." },
	{ TEXT_WANT_ASSIGNMENT, "tag:3=5", "cannot specify key to set for non-map column tag" },
	{ TEXT_WANT_ASSIGNMENT, "external_ids:=x",
	  "An empty string is not valid as input; use '' to represent the empty string" },
	{ TEXT_WANT_RELATION, "tag", "tag" NO_OP },
	{ TEXT_WANT_RELATION, "tag{foo}5", "tag{foo}5" NO_OP },
	{ TEXT_WANT_RELATION, "tag{= }5", "tag{= }5" NO_OP },
	{ TEXT_WANT_RELATION, "tag<", "tag<" NO_OP },
	{ TEXT_WANT_RELATION, "external_ids:a{", "external_ids:a{" NO_OP },
	{ TEXT_WANT_RELATION, "tag:5=3", "cannot specify key to check for non-map column tag" },
	/* fine */
	{ TEXT_WANT_NAME, "TAG", NULL, "tag" },
	{ TEXT_WANT_NAME, "ext:c.d", NULL, "external_ids", "c.d" },
	{ TEXT_WANT_NAME, "ext:\"k:l\"", NULL, "external_ids", "k:l" },
	{ TEXT_WANT_NAME, "ext:k\\:l", NULL, "external_ids", "k:l" },
	{ TEXT_WANT_NAME, "ext:\"\"", NULL, "external_ids", "" },
	{ TEXT_WANT_ASSIGNMENT, "tag==5", NULL, "tag", NULL, TEXT_EQ, "=5" },
	{ TEXT_WANT_ASSIGNMENT, "ext:x+=3", NULL, "external_ids", "x+", TEXT_EQ, "3" },
	{ TEXT_WANT_ASSIGNMENT, "ext:\"a b\"=c d, e", NULL, "external_ids", "a b", TEXT_EQ,
	  "c d, e" },
	{ TEXT_WANT_RELATION, "tag<=5", NULL, "tag", NULL, TEXT_LE, "5" },
	{ TEXT_WANT_RELATION, "tag<>5", NULL, "tag", NULL, TEXT_LT, ">5" },
	{ TEXT_WANT_RELATION, "tag>=", NULL, "tag", NULL, TEXT_GT, "=" },
	{ TEXT_WANT_RELATION, "tag{!=}5", NULL, "tag", NULL, TEXT_SET_NE, "5" },
	{ TEXT_WANT_RELATION, "tag{not-in}5", NULL, "tag", NULL, TEXT_NOT_IN, "5" },
};

static void expect_setting(const struct text_setting *s, size_t i)
{
	assert_string_equal(s->column->name, settings[i].column);
	expect_text(xstrdup_nullable(s->key), settings[i].key, settings[i].arg);
	expect_text(xstrdup_nullable(s->value), settings[i].value, settings[i].arg);
	assert_int_equal(s->op, settings[i].op);
}

static void test_parse(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		struct text_setting s;
		char *error = text_setting_parse_as(port, settings[i].arg, settings[i].want, &s);

		expect_text(error, settings[i].error, settings[i].arg);
		if (settings[i].error)
			continue;
		expect_setting(&s, i);
		text_setting_uninit(&s);
		/* the same by the function that takes what comes */
		assert_null(text_setting_parse(port, settings[i].arg,
					       settings[i].want == TEXT_WANT_RELATION, &s));
		expect_setting(&s, i);
		text_setting_uninit(&s);
	}
}

static void test_parse_garbage(void **state)
{
	static const char *const args[] = { "",       ":",    "zz",     "tag{", "tag ",
					    "tag!=5", "ext:", "ext:\"", "tag=" };

	for (size_t i = 0; i < ARRAY_SIZE(args); i++) {
		struct text_setting s;
		char *error = text_setting_parse(port, args[i], false, &s);

		assert_non_null(error);
		free(error);
	}
}

/* The row: tag 5, trunks 1 2 3, no mac, bond_updelay 7, external_ids a=b c.d=e k:l=m n=12, numbers
 * 1=2. */
static const struct {
	const char *arg;
	bool matches;
} matches[] = {
	{ "tag=5", true },
	{ "tag=6", false },
	{ "tag!=5", false },
	{ "tag!=6", true },
	{ "tag<6", true },
	{ "tag<5", false },
	{ "tag<=5", true },
	{ "tag>4", true },
	{ "tag>=6", false },
	{ "tag=[]", false },
	{ "tag!=[]", true },
	{ "trunks=1", false },
	{ "trunks=3,2,1", true },
	{ "trunks=1-3", true },
	{ "trunks!=1", true },
	{ "trunks<5", false }, /* fewer elements are less */
	{ "trunks>0", true },
	{ "trunks>=1", true },
	{ "trunks{=}1,2,3", true },
	{ "trunks{!=}1", true },
	{ "trunks{<}1,2,3,4", true },
	{ "trunks{<}1,2,3", false },
	{ "trunks{<=}1,2,3", true },
	{ "trunks{>}1", true },
	{ "trunks{>}1,2,3", false },
	{ "trunks{>}4", false },
	{ "trunks{>=}[1, 2]", true },
	{ "trunks{>}[]", true },
	{ "trunks{<}[]", false },
	{ "trunks{in}1,2,3,4", true },
	{ "trunks{in}1,2", false },
	{ "trunks{not-in}1,2", false },
	{ "trunks{not-in}5,6", true },
	{ "tag{in}5,6", true },
	{ "tag{in}6,7", false },
	{ "tag{not-in}6,7", true },
	{ "mac=[]", true },
	{ "mac!=[]", false },
	{ "mac<x", true },
	{ "mac=x", false },
	{ "mac{not-in}x", true },
	{ "mac{<=}x", true },
	{ "mac{>=}x", false },
	{ "bond_updelay=7", true },
	{ "bond_updelay{in}7,8", true },
	{ "bond_updelay<8", true },
	{ "fake=0", true },
	{ "fake<true", true },
	{ "external_ids:a=b", true },
	{ "external_ids:a!=b", false },
	{ "external_ids:a!=c", true },
	{ "external_ids:a<c", true },
	{ "external_ids:a=[b]", true },
	{ "external_ids:a=b,c", false },
	{ "external_ids:a{in}b,c", true },
	{ "external_ids:\"k:l\"=m", true },
	{ "external_ids:n<13", true }, /* strings */
	{ "external_ids:n>2", false },
	{ "external_ids:zz=1", false }, /* absent: only the set operators match */
	{ "external_ids:zz!=1", false },
	{ "external_ids:zz=[]", false },
	{ "external_ids:zz{=}[]", true },
	{ "external_ids:zz{in}b", true },
	{ "external_ids:zz{not-in}b", true },
	{ "external_ids=a=b", false },
	{ "external_ids{>=}a=b", true },
	{ "external_ids{>=}a=c", false },
	{ "external_ids{in}a=b", false },
	{ "external_ids>=a=b", true },
	{ "external_ids={}", false },
	{ "external_ids{in}a=b,n=12,c.d=e,\"k:l\"=m,x=y", true },
	{ "numbers:1=2", true },
	{ "numbers:2=2", false },
};

static struct datum datum_of_column(const struct column_schema *c)
{
	static const struct {
		const char *column, *json;
	} row[] = {
		{ "tag", "5" },
		{ "trunks", "['set',[1,2,3]]" },
		{ "mac", "['set',[]]" },
		{ "bond_updelay", "7" },
		{ "fake", "false" },
		{ "external_ids", "['map',[['a','b'],['c.d','e'],['k:l','m'],['n','12']]]" },
		{ "numbers", "['map',[[1,2]]]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		if (streq(row[i].column, c->name))
			return datum_of(row[i].json, &c->type);
	fail_msg("%s", c->name);
	return (struct datum){ 0 };
}

static void test_matches(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(matches); i++) {
		struct text_setting s;
		struct datum d;
		bool yes;

		assert_null(text_setting_parse_as(port, matches[i].arg, TEXT_WANT_RELATION, &s));
		d = datum_of_column(s.column);
		assert_null(text_setting_matches(&s, &d, NULL, &yes));
		if (yes != matches[i].matches)
			fail_msg("%s", matches[i].arg);
		datum_uninit(&d, &s.column->type);
		text_setting_uninit(&s);
	}
}

static void test_bad_values(void **state)
{
	static const struct {
		const char *arg, *error;
	} cases[] = {
		{ "tag=x", "'x' is not a valid integer or range" },
		{ "tag=5000",
		  "constraint violation: 5000 is greater than maximum allowed value 4095" },
		{ "tag=5,6", "5,6: 2 value(s) specified but the maximum number is 1" },
		{ "bond_updelay=[]", "[]: 0 value(s) specified but the minimum number is 1" },
		{ "numbers:x=3", "'x' is not a valid integer or range" },
		{ "numbers:3=x", "'x' is not a valid integer or range" },
		{ "external_ids{in}a",
		  "a: syntax error at end of string, expecting '=' and a value" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct text_setting s;
		struct datum d;
		bool yes;

		assert_null(text_setting_parse_as(port, cases[i].arg, TEXT_WANT_RELATION, &s));
		d = datum_of_column(s.column);
		expect_text(text_setting_matches(&s, &d, NULL, &yes), cases[i].error, cases[i].arg);
		datum_uninit(&d, &s.column->type);
		text_setting_uninit(&s);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_garbage),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_bad_values),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
