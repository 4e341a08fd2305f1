// SPDX-License-Identifier: Apache-2.0
/* Conditions and mutations, on one row of a table with a column of each kind.  The expected
 * sentences and results are what clients of Debian's server see. */
#include "db/condition.h"

#include "tests/unit/db/unit.h"

#define COLUMNS                                                                                    \
	"'i':{'type':{'key':{'type':'integer','minInteger':1,'maxInteger':10}}},"                  \
	"'i2':{'type':'integer'},'r':{'type':'real'},'b':{'type':'boolean'},"                      \
	"'s':{'type':{'key':{'type':'string','maxLength':4},'min':0}},"                            \
	"'e':{'type':{'key':{'type':'string','enum':['set',['a','b']]},'min':0}},"                 \
	"'oi':{'type':{'key':'integer','min':0}},'oi2':{'type':{'key':'integer','min':0}},"        \
	"'ss':{'type':{'key':'string','min':0,'max':3}},"                                          \
	"'ss1':{'type':{'key':'string','max':'unlimited'}},"                                       \
	"'si':{'type':{'key':'integer','min':0,'max':'unlimited'}},"                               \
	"'m':{'type':{'key':'string','value':'integer','min':0,'max':2}},"                         \
	"'mi':{'type':{'key':'integer','value':'real','min':0,'max':'unlimited'}},"                \
	"'im':{'type':'string','mutable':false},'u':{'type':'uuid'}"

#define ROW                                                                                        \
	"{'i':5,'i2':5,'r':5,'oi':3,'ss':['set',['x','y']],'ss1':'z','si':['set',[1,2,3]],"        \
	"'m':['map',[['k',1]]],'mi':['map',[[1,1.5]]]}"

static struct db_schema *db;
static const struct table_schema *table;

static int set_up(void **state)
{
	db = schema_of("{'name':'T','tables':{'A':{'columns':{" COLUMNS "}}}}");
	table = schema_table(db, "A");
	return 0;
}

static int tear_down(void **state)
{
	schema_destroy(db);
	return 0;
}

static struct datum *row_create(void)
{
	struct datum *row = xcalloc(table->n_columns, sizeof(*row));
	json_t *json = json_of(ROW);

	for (uint32_t i = 0; i < table->n_columns; i++) {
		const struct column_type *t = &table->columns[i]->type;
		json_t *value = json_object_get(json, table->columns[i]->name);

		if (!value)
			datum_init_default(&row[i], t);
		else
			assert_null(datum_from_json(&row[i], t, value, NULL, false));
	}
	json_decref(json);
	return row;
}

static void row_destroy(struct datum *row)
{
	for (uint32_t i = 0; i < table->n_columns; i++)
		datum_uninit(&row[i], &table->columns[i]->type);
	free(row);
}

#define ZERO "['uuid','00000000-0000-0000-0000-000000000000']"

static const struct {
	const char *json;
	const char *error;
	bool all; /* matches */
	const char *back; /* NULL: the same */
} conditions[] = {
	/* hostile */
	{ "null", "syntax 'null': syntax error: array of conditions expected" },
	{ "true", "syntax 'true': syntax error: array of conditions expected" },
	{ "['a']", "syntax ''a'': syntax error: Parse error in condition." },
	{ "[1]", "syntax '1': syntax error: Parse error in condition." },
	{ "[[]]", "syntax '[]': syntax error: Parse error in condition." },
	{ "[['i','==']]", "syntax '['i','==']': syntax error: Parse error in condition." },
	{ "[['i','==',1,2]]", "syntax '['i','==',1,2]': syntax error: Parse error in condition." },
	{ "[[3,'==',1]]", "syntax '[3,'==',1]': syntax error: Parse error in condition." },
	{ "[['i',3,1]]", "syntax '['i',3,1]': syntax error: Parse error in condition." },
	{ "[['i','~',1]]", "unknown function: No function named ~." },
	{ "[['zz','==',1]]", "syntax '['zz','==',1]': unknown column: No column zz in table A." },
	{ "[true,['i','==','x']]", "syntax ''x'': syntax error: expected integer" },
	{ "[['s','<','x']]",
	  "syntax '['s','<','x']': syntax error: Type mismatch: '<' operator may not be applied to "
	  "column s of type set of up to 1 strings." },
	{ "[['si','<',3]]",
	  "syntax '['si','<',3]': syntax error: Type mismatch: '<' operator may not be applied to "
	  "column si of type set of integers." },
	{ "[['b','>=',true]]",
	  "syntax '['b','>=',true]': syntax error: Type mismatch: '>=' operator may not be applied "
	  "to column b of type boolean." },
	{ "[['m','<',3]]",
	  "syntax '['m','<',3]': syntax error: Type mismatch: '<' operator may not be applied to "
	  "column m of type map of up to 2 (string, integer) pairs." },
	{ "[['oi','<',['set',[]]]]",
	  "syntax '['set',[]]': syntax error: set must have exactly one member but 0 are present" },
	{ "[['i','==',100]]",
	  "constraint violation: 100 is not in the valid range 1 to 10 (inclusive)" },
	{ "[['e','==','q']]", "constraint violation: q is not one of the allowed values ([a, b])" },
	{ "[['ss','includes',['set',['a','b','c','d']]]]",
	  "syntax '['set',['a','b','c','d']]': syntax error: set must have 0 to 3 members but 4 "
	  "are "
	  "present" },
	{ "[['i','includes',['set',[5,6]]]]",
	  "syntax '['set',[5,6]]': syntax error: set must have exactly one member but 2 are "
	  "present" },
	{ "[['ss1','==',['set',[]]]]",
	  "syntax '['set',[]]': syntax error: set must have 1 to 4294967295 members but 0 are "
	  "present" },
	{ "[['m','includes','k']]", "syntax ''k'': syntax error: expected ['map', <array>]" },
	/* fine */
	{ "[]", NULL, true },
	{ "[true]", NULL, true },
	{ "[false]", NULL, false },
	{ "[true,false]", NULL, false },
	{ "[['i','true',0]]", NULL, true, "[true]" },
	{ "[['i','==',5]]", NULL, true },
	{ "[['i','!=',5]]", NULL, false },
	{ "[['i','<',5]]", NULL, false },
	{ "[['i','<=',5]]", NULL, true },
	{ "[['i','>',4]]", NULL, true },
	{ "[['i','>=',6]]", NULL, false },
	{ "[['r','<',5.5]]", NULL, true },
	{ "[['i','includes',5]]", NULL, true },
	{ "[['i','excludes',5]]", NULL, false },
	{ "[['i','==',5],['i2','==',6]]", NULL, false },
	{ "[['oi','>',2]]", NULL, true },
	{ "[['oi','==',3]]", NULL, true },
	{ "[['oi2','>',2]]", NULL, false }, /* no value: neither less nor greater */
	{ "[['oi2','<=',2]]", NULL, false },
	{ "[['oi2','==',['set',[]]]]", NULL, true },
	{ "[['oi2','!=',3]]", NULL, true },
	{ "[['oi','excludes',['set',[1,2]]]]", NULL, true },
	{ "[['ss','includes',['set',[]]]]", NULL, true },
	{ "[['ss1','includes',['set',[]]]]", NULL, true },
	{ "[['ss','excludes',['set',['a','b','c','d','e']]]]", NULL, true },
	{ "[['si','includes',['set',[3,1]]]]", NULL, true, "[['si','includes',['set',[1,3]]]]" },
	{ "[['si','includes',['set',[3,4]]]]", NULL, false },
	{ "[['si','excludes',['set',[3,4]]]]", NULL, false },
	{ "[['si','==',['set',[1,2,3]]]]", NULL, true },
	{ "[['m','includes',['map',[['k',1]]]]]", NULL, true },
	{ "[['m','includes',['map',[['k',2]]]]]", NULL, false },
	{ "[['m','excludes',['map',[['k',2]]]]]", NULL, true },
	{ "[['m','excludes',['map',[['k',1]]]]]", NULL, false },
	{ "[['_uuid','=='," ZERO "]]", NULL, true },
};

static void test_conditions(void **state)
{
	struct datum *row = row_create();

	for (size_t i = 0; i < ARRAY_SIZE(conditions); i++) {
		json_t *json = json_of(conditions[i].json);
		struct condition c, copy;
		char *error = condition_from_json(&c, table, json, NULL);

		json_decref(json);
		expect_text(error ? xstrdup(error) : NULL, conditions[i].error, conditions[i].json);
		if (!error) {
			condition_clone(&copy, &c);
			condition_uninit(&c);
			if (condition_matches_all(&copy, row) != conditions[i].all)
				fail_msg("%s", conditions[i].json);
			if (copy.n == 1) /* the same question then */
				assert_int_equal(condition_matches_any(&copy, row),
						 conditions[i].all);
			expect_text(text_of(condition_to_json(&copy)),
				    conditions[i].back ? conditions[i].back : conditions[i].json,
				    "back");
			condition_uninit(&copy);
		}
		free(error);
	}
	row_destroy(row);
}

static void test_any(void **state)
{
	struct datum *row = row_create();
	json_t *json = json_of("[['i','==',1],['i2','==',5]]");
	struct condition c;

	assert_null(condition_from_json(&c, table, json, NULL));
	assert_true(condition_matches_any(&c, row));
	assert_false(condition_matches_all(&c, row));
	condition_uninit(&c);
	assert_false(condition_matches_any(&c, row)); /* empty */
	assert_true(condition_matches_all(&c, row));
	json_decref(json);
	row_destroy(row);
}

static void test_uuid(void **state)
{
	static const struct {
		const char *json;
		bool found;
	} cases[] = {
		{ "[]", false },
		{ "[true]", false },
		{ "[['u','=='," ZERO "]]", false },
		{ "[['_version','=='," ZERO "]]", false },
		{ "[['_uuid','!='," ZERO "]]", false },
		{ "[['_uuid','excludes'," ZERO "]]", false },
		{ "[['_uuid','=='," ZERO "]]", true },
		{ "[['i','==',1],['_uuid','includes'," ZERO "]]", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *json = json_of(cases[i].json);
		struct condition c;

		assert_null(condition_from_json(&c, table, json, NULL));
		assert_int_equal(condition_uuid(&c) != NULL, cases[i].found);
		condition_uninit(&c);
		json_decref(json);
	}
}

static const struct {
	const char *json;
	const char *error; /* from JSON, or "TAG: DETAILS" when applied */
	const char *column, *value; /* afterwards */
} mutations[] = {
	/* hostile */
	{ "null", "syntax 'null': syntax error: array of mutations expected" },
	{ "[['i']]", "syntax '['i']': syntax error: Parse error in mutation." },
	{ "[{}]", "syntax '{}': syntax error: Parse error in mutation." },
	{ "[['zz','+=',3]]", "syntax '['zz','+=',3]': unknown column: No column zz in table A." },
	{ "[['i','foo',3]]", "unknown mutator: No mutator named foo." },
	{ "[['im','insert','k']]",
	  "syntax '['im','insert','k']': constraint violation: Cannot mutate immutable column im "
	  "in "
	  "table A." },
	{ "[['_uuid','insert'," ZERO "]]",
	  "syntax '['_uuid','insert'," ZERO "]': constraint violation: Cannot mutate immutable "
	  "column _uuid in table A." },
	{ "[['i','+=',1.5]]", "syntax '1.5': syntax error: expected integer" },
	{ "[['i','+=',['set',[1,2]]]]",
	  "syntax '['set',[1,2]]': syntax error: set must have exactly one member but 2 are "
	  "present" },
	{ "[['i','+=',100]]",
	  "constraint violation: 105 is not in the valid range 1 to 10 (inclusive)" },
	{ "[['i2','+=',9223372036854775807]]",
	  "range error: Result of '+=' operation is out of range." },
	{ "[['i2','*=',9223372036854775807]]",
	  "range error: Result of '*=' operation is out of range." },
	{ "[['i2','-=',-9223372036854775807]]",
	  "range error: Result of '-=' operation is out of range." },
	{ "[['i2','/=',0]]", "domain error: Division by zero." },
	{ "[['i2','%=',0]]", "domain error: Division by zero." },
	{ "[['r','/=',0]]", "domain error: Division by zero." },
	{ "[['r','*=',1e308],['r','*=',1e308]]",
	  "range error: Result of '*=' operation is out of range." },
	{ "[['r','%=',2]]",
	  "syntax '['r','%=',2]': syntax error: Type mismatch: '%=' operator may not be applied to "
	  "column r of type real." },
	{ "[['ss','+=','a']]",
	  "syntax '['ss','+=','a']': syntax error: Type mismatch: '+=' operator may not be applied "
	  "to column ss of type set of up to 3 strings." },
	{ "[['mi','+=',1]]",
	  "syntax '['mi','+=',1]': syntax error: Type mismatch: '+=' operator may not be applied "
	  "to "
	  "column mi of type map of (integer, real) pairs." },
	{ "[['i','insert',3]]",
	  "syntax '['i','insert',3]': syntax error: Type mismatch: 'insert' operator may not be "
	  "applied to column i of type integer." },
	{ "[['i','delete',5]]",
	  "syntax '['i','delete',5]': syntax error: Type mismatch: 'delete' operator may not be "
	  "applied to column i of type integer." },
	{ "[['si','*=',0]]",
	  "constraint violation: Result of '*=' operation contains duplicates." },
	{ "[['ss1','delete','z']]",
	  "constraint violation: Attempted to store 0 elements in set of 1 or more strings." },
	{ "[['ss','insert',['set',['a','b']]]]",
	  "constraint violation: Attempted to store 4 elements in set of up to 3 strings." },
	{ "[['m','insert',['map',[['h',2],['j',3]]]]]",
	  "constraint violation: Attempted to store 3 elements in map of up to 2 (string, integer) "
	  "pairs." },
	{ "[['m','insert','k']]", "syntax ''k'': syntax error: expected ['map', <array>]" },
	{ "[['m','delete',['map',[['k','x']]]]]", "syntax ''x'': syntax error: expected integer" },
	{ "[['e','delete','q']]",
	  "constraint violation: q is not one of the allowed values ([a, b])" },
	/* fine */
	{ "[]", NULL, "i", "5" },
	{ "[['i','+=',1]]", NULL, "i", "6" },
	{ "[['i','+=',['set',[1]]]]", NULL, "i", "6" },
	{ "[['i','-=',4]]", NULL, "i", "1" },
	{ "[['i2','-=',9223372036854775807]]", NULL, "i2", "-9223372036854775802" },
	{ "[['i2','*=',-3]]", NULL, "i2", "-15" },
	{ "[['i2','/=',2]]", NULL, "i2", "2" },
	{ "[['i2','/=',-1]]", NULL, "i2", "-5" },
	{ "[['i2','%=',2]]", NULL, "i2", "1" },
	{ "[['i2','%=',-1]]", NULL, "i2", "0" },
	{ "[['r','+=',0.25]]", NULL, "r", "5.25" },
	{ "[['r','/=',2]]", NULL, "r", "2.5" },
	{ "[['si','+=',1]]", NULL, "si", "['set',[2,3,4]]" },
	{ "[['si','*=',-1]]", NULL, "si", "['set',[-3,-2,-1]]" },
	{ "[['oi','+=',1]]", NULL, "oi", "4" },
	{ "[['oi2','+=',1]]", NULL, "oi2", "['set',[]]" },
	{ "[['oi2','insert',3]]", NULL, "oi2", "3" },
	{ "[['ss','insert','a']]", NULL, "ss", "['set',['a','x','y']]" },
	{ "[['ss','insert',['set',['x','y','a']]]]", NULL, "ss", "['set',['a','x','y']]" },
	{ "[['ss','delete',['set',['x','q','r','s']]]]", NULL, "ss", "'y'" },
	{ "[['ss1','delete',['set',['a','b']]]]", NULL, "ss1", "'z'" },
	{ "[['ss1','insert','a'],['ss1','delete','z']]", NULL, "ss1", "'a'" },
	{ "[['m','insert',['map',[['k',2],['j',3]]]]]", NULL, "m", "['map',[['j',3],['k',1]]]" },
	{ "[['m','delete','k']]", NULL, "m", "['map',[]]" },
	{ "[['m','delete',['set',['k','j']]]]", NULL, "m", "['map',[]]" },
	{ "[['m','delete',['map',[['k',1]]]]]", NULL, "m", "['map',[]]" },
	{ "[['m','delete',['map',[['k',2]]]]]", NULL, "m", "['map',[['k',1]]]" },
};

static bool row_equal(const struct datum *a, const struct datum *b)
{
	for (uint32_t i = 0; i < table->n_columns; i++)
		if (!datum_equal(&a[i], &b[i], &table->columns[i]->type))
			return false;
	return true;
}

static char *apply(const struct mutation_list *list, struct datum *row)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *tag = NULL;
		struct datum *before = row_create();
		char *error, *both;

		for (uint32_t c = 0; c < table->n_columns; c++) {
			datum_uninit(&before[c], &table->columns[c]->type);
			datum_clone(&before[c], &row[c], &table->columns[c]->type);
		}
		error = mutation_apply(&list->mutations[i], row, &tag);
		if (error)
			assert_true(row_equal(row, before));
		row_destroy(before);
		if (error) {
			assert_non_null(tag);
			both = xasprintf("%s: %s", tag, error);
			free(error);
			return both;
		}
	}
	return NULL;
}

static void test_mutations(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(mutations); i++) {
		json_t *json = json_of(mutations[i].json);
		struct datum *row = row_create();
		struct mutation_list list;
		char *error = mutations_from_json(&list, table, json, NULL);

		json_decref(json);
		if (!error) {
			error = apply(&list, row);
			mutations_uninit(&list);
		}
		expect_text(error ? xstrdup(error) : NULL, mutations[i].error, mutations[i].json);
		if (!error) {
			const struct column_schema *c = table_column(table, mutations[i].column);

			expect_text(text_of(datum_to_json(&row[c->index], &c->type)),
				    mutations[i].value, mutations[i].json);
		}
		free(error);
		row_destroy(row);
	}
}

static void test_lowest_integer(void **state)
{
	static const char *const jsons[] = { "[['i2','/=',-1]]", "[['i2','-=',1]]",
					     "[['i2','*=',-1]]" };
	uint32_t column = table_column(table, "i2")->index;
	struct datum *row = row_create();

	row[column].keys[0].integer = INT64_MIN;
	for (size_t i = 0; i < ARRAY_SIZE(jsons); i++) {
		json_t *json = json_of(jsons[i]);
		struct mutation_list list;
		const char *tag;
		char *error;

		assert_null(mutations_from_json(&list, table, json, NULL));
		error = mutation_apply(&list.mutations[0], row, &tag);
		assert_non_null(error);
		assert_string_equal(tag, "range error");
		assert_int_equal(row[column].keys[0].integer, INT64_MIN);
		free(error);
		mutations_uninit(&list);
		json_decref(json);
	}
	row_destroy(row);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions),     cmocka_unit_test(test_any),
		cmocka_unit_test(test_uuid),           cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_lowest_integer),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
