// SPDX-License-Identifier: Apache-2.0
#include "db/type.h"

#include "db/datum.h"
#include "tests/unit/db/unit.h"

static const struct {
	const char *json;
	const char *back; /* NULL: the same */
	const char *error;
} jsons[] = {
	/* hostile */
	{ "null", NULL, "syntax error: Parsing ovsdb type failed: Object expected." },
	{ "[]", NULL, "syntax error: Parsing ovsdb type failed: Object expected." },
	{ "'foo'", NULL, "syntax ''foo'': syntax error: 'foo' is not an atomic-type" },
	{ "'void'", NULL, "syntax ''void'': syntax error: 'void' is not an atomic-type" },
	{ "{}", NULL,
	  "syntax '{}': syntax error: Parsing ovsdb type failed: Required 'key' member is "
	  "missing." },
	{ "{'key':3}", NULL,
	  "syntax '{'key':3}': syntax error: Parsing ovsdb type failed: Type mismatch for member "
	  "'key'." },
	{ "{'key':'void'}", NULL, "syntax ''void'': syntax error: 'void' is not an atomic-type" },
	{ "{'key':'integer','value':'void'}", NULL,
	  "syntax ''void'': syntax error: 'void' is not an atomic-type" },
	{ "{'key':'integer','value':{'type':'string','minLength':-1}}", NULL,
	  "syntax '-1': syntax error: minLength out of valid range 0 to 4294967295" },
	{ "{'key':'integer','min':2}", NULL,
	  "syntax '{'key':'integer','min':2}': syntax error: ovsdb type fails constraint checks" },
	{ "{'key':'integer','min':-1}", NULL, "syntax '-1': syntax error: bad min or max value" },
	{ "{'key':'integer','max':0}", NULL,
	  "syntax '{'key':'integer','max':0}': syntax error: ovsdb type fails constraint checks" },
	{ "{'key':'integer','max':'x'}", NULL, "syntax ''x'': syntax error: bad min or max value" },
	{ "{'key':'integer','max':4294967296}", NULL,
	  "syntax '4294967296': syntax error: bad min or max value" },
	{ "{'key':'integer','max':2.5}", NULL,
	  "syntax '{'key':'integer','max':2.5}': syntax error: Parsing ovsdb type failed: Type "
	  "mismatch for member 'max'." },
	{ "{'foo':1,'key':'integer'}", NULL,
	  "syntax '{'foo':1,'key':'integer'}': syntax error: Parsing ovsdb type failed: Member "
	  "'foo' is present but not allowed here." },
	{ "{'key':{'minReal':1,'type':'integer'}}", NULL,
	  "syntax '{'minReal':1,'type':'integer'}': syntax error: Parsing ovsdb type failed: "
	  "Member 'minReal' is present but not allowed here." },
	{ "{'key':{'maxInteger':2,'minInteger':3,'type':'integer'}}", NULL,
	  "syntax '{'maxInteger':2,'minInteger':3,'type':'integer'}': syntax error: minInteger "
	  "exceeds maxInteger" },
	{ "{'key':{'maxReal':0,'minReal':1,'type':'real'}}", NULL,
	  "syntax '{'maxReal':0,'minReal':1,'type':'real'}': syntax error: minReal exceeds "
	  "maxReal" },
	{ "{'key':{'maxLength':2,'minLength':3,'type':'string'}}", NULL,
	  "syntax '{'maxLength':2,'minLength':3,'type':'string'}': syntax error: minLength "
	  "exceeds maxLength" },
	{ "{'key':{'enum':['set',[]],'type':'string'}}", NULL,
	  "syntax '['set',[]]': syntax error: set must have 1 to 4294967295 members but 0 are "
	  "present" },
	{ "{'key':{'enum':['set',['a','a']],'type':'string'}}", NULL,
	  "ovsdb error: set contains duplicate" },
	{ "{'key':{'enum':['map',[]],'type':'string'}}", NULL,
	  "syntax '['map',[]]': syntax error: expected string" },
	{ "{'key':{'enum':['named-uuid','a'],'type':'uuid'}}", NULL,
	  "syntax '['named-uuid','a']': syntax error: expected ['uuid', <string>]" },
	{ "{'key':{'enum':'a','maxLength':3,'type':'string'}}", NULL,
	  "syntax '{'enum':'a','maxLength':3,'type':'string'}': syntax error: Parsing ovsdb type "
	  "failed: Member 'maxLength' is present but not allowed here." },
	{ "{'key':{'refTable':'B','refType':'foo','type':'uuid'}}", NULL,
	  "syntax '{'refTable':'B','refType':'foo','type':'uuid'}': syntax error: refType must be "
	  "'strong' or 'weak' (not 'foo')" },
	{ "{'key':{'refType':'weak','type':'uuid'}}", NULL,
	  "syntax '{'refType':'weak','type':'uuid'}': syntax error: Parsing ovsdb type failed: "
	  "Member 'refType' is present but not allowed here." },
	{ "{'key':{'refTable':'9','type':'uuid'}}", NULL,
	  "syntax '{'refTable':'9','type':'uuid'}': syntax error: Parsing ovsdb type failed: Type "
	  "mismatch for member 'refTable'." },
	{ "{'key':{'minInteger':3}}", NULL,
	  "syntax '{'minInteger':3}': syntax error: Parsing ovsdb type failed: Required 'type' "
	  "member is missing." },
	/* fine */
	{ "'integer'" },
	{ "{'key':'integer'}", "'integer'" },
	{ "{'key':{'type':'integer'},'min':1,'max':1}", "'integer'" },
	{ "{'key':'integer','max':'unlimited','min':0}" },
	{ "{'key':'integer','max':3}" },
	{ "{'key':'integer','min':0}" },
	{ "{'key':{'minInteger':1.0,'type':'integer'}}",
	  "{'key':{'minInteger':1,'type':'integer'}}" },
	{ "{'key':{'maxInteger':10,'minInteger':-5,'type':'integer'}}" },
	{ "{'key':{'maxReal':10.5,'minReal':-5.25,'type':'real'}}" },
	{ "{'key':{'maxLength':10,'minLength':1,'type':'string'}}" },
	{ "{'key':{'enum':['set',['b','a']],'type':'string'}}",
	  "{'key':{'enum':['set',['a','b']],'type':'string'}}" },
	{ "{'key':{'enum':true,'type':'boolean'}}" },
	{ "{'key':{'refTable':'B','type':'uuid'}}" },
	{ "{'key':{'refTable':'B','refType':'strong','type':'uuid'}}",
	  "{'key':{'refTable':'B','type':'uuid'}}" },
	{ "{'key':{'refTable':'B','refType':'weak','type':'uuid'},'min':0}" },
	{ "{'key':'string','max':'unlimited','min':0,'value':{'refTable':'B','type':'uuid'}}" },
};

static void test_json(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(jsons); i++) {
		json_t *json = json_of(jsons[i].json);
		struct column_type t, copy;
		char *error = column_type_from_json(&t, json);

		json_decref(json);
		expect_text(error ? xstrdup(error) : NULL, jsons[i].error, jsons[i].json);
		if (!error) {
			column_type_clone(&copy, &t);
			column_type_uninit(&t);
			expect_text(text_of(column_type_to_json(&copy)),
				    jsons[i].back ? jsons[i].back : jsons[i].json, "back");
			column_type_uninit(&copy);
		}
		free(error);
	}
}

static const struct {
	const char *type;
	const char *value;
	const char *error;
} checks[] = {
	{ "{'key':{'type':'integer','minInteger':1,'maxInteger':10}}", "11",
	  "constraint violation: 11 is not in the valid range 1 to 10 (inclusive)" },
	{ "{'key':{'type':'integer','minInteger':1,'maxInteger':10}}", "0",
	  "constraint violation: 0 is not in the valid range 1 to 10 (inclusive)" },
	{ "{'key':{'type':'integer','minInteger':1}}", "0",
	  "constraint violation: 0 is less than minimum allowed value 1" },
	{ "{'key':{'type':'integer','maxInteger':1}}", "2",
	  "constraint violation: 2 is greater than maximum allowed value 1" },
	{ "{'key':{'type':'integer','maxInteger':1}}", "-9223372036854775808", NULL },
	{ "{'key':{'type':'real','minReal':1.5,'maxReal':10}}", "1",
	  "constraint violation: 1 is not in the valid range 1.5 to 10 (inclusive)" },
	{ "{'key':{'type':'real','minReal':1.5}}", "1",
	  "constraint violation: 1 is less than minimum allowed value 1.5" },
	{ "{'key':{'type':'real','maxReal':10.25}}", "11.5",
	  "constraint violation: 11.5 is greater than maximum allowed value 10.25" },
	{ "{'key':{'type':'real','maxReal':10.25}}", "10.25", NULL },
	{ "{'key':{'type':'string','minLength':2}}", "'x'",
	  "constraint violation: 'x' length 1 is less than minimum allowed length 2" },
	{ "{'key':{'type':'string','maxLength':4}}", "'abcde'",
	  "constraint violation: 'abcde' length 5 is greater than maximum allowed length 4" },
	{ "{'key':{'type':'string','maxLength':4}}", "'\xc3\xa9\xc3\xa9\xc3\xa9'", NULL },
	{ "{'key':{'type':'string','enum':['set',['a','b','c d']]}}", "'q'",
	  "constraint violation: q is not one of the allowed values ([a, b, 'c d'])" },
	{ "{'key':{'type':'integer','enum':['set',[1,2]]}}", "5",
	  "constraint violation: 5 is not one of the allowed values ([1, 2])" },
	{ "{'key':{'type':'integer','enum':['set',[1,2]]}}", "2", NULL },
	{ "{'key':{'type':'boolean','enum':true}}", "false",
	  "constraint violation: false is not one of the allowed values ([true])" },
};

static void test_check(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		struct column_type t = type_of(checks[i].type);
		json_t *json = json_of(checks[i].value);
		union atom a;

		assert_null(atom_from_json(&a, t.key.type, json, NULL));
		expect_text(base_type_check(&t.key, &a), checks[i].error, checks[i].value);
		atom_uninit(&a, t.key.type);
		json_decref(json);
		column_type_uninit(&t);
	}
}

static const struct {
	const char *type;
	const char *english;
} english[] = {
	{ "'integer'", "integer" },
	{ "{'key':{'type':'real','minReal':1.5}}", "real" },
	{ "{'key':'string','min':0,'max':3}", "set of up to 3 strings" },
	{ "{'key':'string','min':0}", "set of up to 1 strings" },
	{ "{'key':'string','max':'unlimited'}", "set of 1 or more strings" },
	{ "{'key':'integer','min':0,'max':'unlimited'}", "set of integers" },
	{ "{'key':'integer','max':3}", "set of 1 to 3 integers" },
	{ "{'key':'string','value':'integer','min':0,'max':2}",
	  "map of up to 2 (string, integer) pairs" },
	{ "{'key':'integer','value':'real','min':0,'max':'unlimited'}",
	  "map of (integer, real) pairs" },
};

static void test_english(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(english); i++) {
		struct column_type t = type_of(english[i].type);
		struct str s = STR_INIT;

		column_type_format_english(&t, &s);
		assert_string_equal(str_cstr(&s), english[i].english);
		str_uninit(&s);
		column_type_uninit(&t);
	}
}

static void test_references(void **state)
{
	struct column_type strong = type_of("{'key':{'type':'uuid','refTable':'B'}}");
	struct column_type weak = type_of(
		"{'key':{'type':'uuid','refTable':'B','refType':'weak'}}");
	struct column_type plain = type_of("'uuid'"), string = type_of("'string'");

	assert_true(base_type_is_ref(&strong.key) && base_type_is_strong_ref(&strong.key));
	assert_false(base_type_is_weak_ref(&strong.key));
	assert_true(base_type_is_ref(&weak.key) && base_type_is_weak_ref(&weak.key));
	assert_false(base_type_is_strong_ref(&weak.key));
	assert_false(base_type_is_ref(&plain.key));
	assert_false(base_type_is_ref(&string.key)); /* whose length limit is there instead */
	assert_false(base_type_is_ref(&strong.value));
	column_type_uninit(&strong);
	column_type_uninit(&weak);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_english),
		cmocka_unit_test(test_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
