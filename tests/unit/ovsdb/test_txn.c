// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/txn.h"

#include "tests/unit/ovsdb/unit.h"

#define U(N) "'00000000-0000-4000-8000-00000000000" #N "'"
#define REF(N) "['uuid'," U(N) "]"

/* Steps of one story: the operations, what they answer (the part that matters), the rows
 * afterwards. */
struct step {
	const char *ops;
	const char *result; /* part of it */
	const char *rows; /* all of them; NULL: not looked at */
};

static void run_story(const struct step *steps, size_t n)
{
	struct db *db = unit_db();

	for (size_t i = 0; i < n; i++) {
		char *ops = xasprintf("['T',%s]", steps[i].ops);
		char *result = unit_run(db, ops);
		const char *why = unit_inconsistency(db);

		if (!strstr(result, steps[i].result))
			fail_msg("%s: %s", ops, result);
		if (why)
			fail_msg("%s: %s", ops, why);
		if (steps[i].rows) {
			char *rows = unit_dump(db, 0);

			assert_string_equal(rows, steps[i].rows);
			free(rows);
		}
		free(result);
		free(ops);
	}
	db_destroy(db);
}

static void test_references(void **state)
{
	static const struct step steps[] = {
		{ "{'op':'insert','table':'B','row':{'n':'b'},'uuid':" U(1) "}", "uuid", "" },
		{ "{'op':'insert','table':'A','row':{'ref':" REF(1) "}}",
		  "references nonexistent row", "" },
		{ "{'op':'insert','table':'B','row':{'n':'b'},'uuid':" U(
			  1) "},"
			     "{'op':'insert','table':'B','row':{'n':'c',"
			     "'next':" REF(1) "},'uuid':" U(
				     2) "},"
					"{'op':'insert','table':'A','row':{'s':'a','ref':" REF(
						2) "},'uuid':" U(3) "}",
		  "uuid",
		  "A {'_uuid':['uuid'," U(3) "],'ref':['uuid'," U(
			  2) "],'s':'a'}\n"
			     "B {'_uuid':['uuid'," U(
				     1) "],'n':'b'}\n"
					"B {'_uuid':['uuid'," U(2) "],'n':'c','next':['uuid'," U(
						1) "]}\n" },
		{ "{'op':'delete','table':'B','where':[['n','==','b']]}",
		  "1 remaining reference(s)", NULL },
		{ "{'op':'update','table':'A','where':[],'row':{'wref':['set',[" REF(1) "," REF(
			  2) "," REF(9) "]]}}",
		  "count", NULL },
		/* The chain is collected, and the weak references go with it. */
		{ "{'op':'update','table':'A','where':[],'row':{'ref':['set',[]],'i':1}}", "count",
		  "A {'_uuid':['uuid'," U(3) "],'i':1,'s':'a'}\n" },
	};

	run_story(steps, ARRAY_SIZE(steps));
}

static void test_cycles(void **state)
{
	static const struct step steps[] = {
		/* A reference to itself keeps no row. */
		{ "{'op':'insert','table':'B','row':{'next':" REF(1) "},'uuid':" U(1) "}", "uuid",
		  "" },
		/* Two that keep each other stay, until one of them lets go. */
		{ "{'op':'insert','table':'B','row':{'n':'1','next':" REF(2) "},'uuid':" U(
			  1) "},"
			     "{'op':'insert','table':'B','row':{'n':'2','next':" REF(
				     1) "},'uuid':" U(2) "}",
		  "uuid", NULL },
		{ "{'op':'update','table':'B','where':[['n','==','1']],'row':{'next':['set',[]]}}",
		  "count", "" },
		/* With one of them goes the other, which then refers to it no more. */
		{ "{'op':'insert','table':'B','row':{'n':'1','next':" REF(2) "},'uuid':" U(
			  1) "},"
			     "{'op':'insert','table':'B','row':{'n':'2','next':" REF(
				     1) "},'uuid':" U(2) "}",
		  "uuid", NULL },
		{ "{'op':'delete','table':'B','where':[['n','==','1']]}", "count", "" },
		/* References by the values of a map count as often as they stand there. */
		{ "{'op':'insert','table':'B','row':{},'uuid':" U(
			  1) "},{'op':'insert','table':'A','row':"
			     "{'mref':['map',[['a'," REF(1) "],['b'," REF(1) "]]],'ref':" REF(
				     1) "}}",
		  "uuid", NULL },
		{ "{'op':'delete','table':'B','where':[]}", "because of 3 remaining", NULL },
		{ "{'op':'mutate','table':'A','where':[],'mutations':[['mref','delete',"
		  "['set',['a','b']]]]}",
		  "count", NULL },
		{ "{'op':'delete','table':'B','where':[]},{'op':'delete','table':'A','where':[]}",
		  "count", "" },
	};

	run_story(steps, ARRAY_SIZE(steps));
}

static void test_weak_references(void **state)
{
	static const struct step steps[] = {
		{ "{'op':'insert','table':'C','row':{}}", "contained all-zeros UUID", "" },
		{ "{'op':'insert','table':'C','row':{'w':" REF(1) "},'uuid':" U(
			  1) "},"
			     "{'op':'insert','table':'C','row':{'x':2,'w':" REF(1) "},'uuid':" U(
				     2) "}",
		  "uuid", NULL },
		{ "{'op':'delete','table':'C','where':[['_uuid','=='," REF(1) "]]}",
		  "Deletion of 1 weak reference(s)", NULL },
		{ "{'op':'delete','table':'C','where':[['_uuid','=='," REF(
			  1) "]]},"
			     "{'op':'update','table':'C','where':[],'row':{'w':" REF(2) "}}",
		  "count", "C {'_uuid':['uuid'," U(2) "],'w':['uuid'," U(2) "],'x':2}\n" },
		{ "{'op':'delete','table':'C','where':[]}", "count", "" },
	};

	run_story(steps, ARRAY_SIZE(steps));
}

static void test_indexes(void **state)
{
	static const struct step steps[] = {
		{ "{'op':'insert','table':'A','row':{'s':'a'},'uuid':" U(
			  1) "},"
			     "{'op':'insert','table':'A','row':{'s':'b'},'uuid':" U(2) "}",
		  "uuid", NULL },
		{ "{'op':'insert','table':'A','row':{'s':'a'}}", "identical values (a)", NULL },
		{ "{'op':'update','table':'A','where':[['s','==','a']],'row':{'s':'b'}}",
		  "identical values (b)", NULL },
		/* Values may trade places, and be used again within one transaction. */
		{ "{'op':'update','table':'A','where':[['s','==','a']],'row':{'s':'c'}},"
		  "{'op':'update','table':'A','where':[['s','==','b']],'row':{'s':'a'}},"
		  "{'op':'update','table':'A','where':[['s','==','c']],'row':{'s':'b'}},"
		  "{'op':'select','table':'A','where':[['s','==','a']],'columns':['_uuid']}",
		  "{'rows':[{'_uuid':['uuid','00000000-0000-4000-8000-000000000002']}]}", NULL },
		{ "{'op':'delete','table':'A','where':[['s','==','a']]},{'op':'insert',"
		  "'table':'A','row':{'s':'a'},'uuid':" U(
			  3) "},{'op':'delete','table':'A','where':[['s','==','b']]}",
		  "count", "A {'_uuid':['uuid'," U(3) "],'s':'a'}\n" },
		{ "{'op':'update','table':'A','where':[['s','==','a']],'row':{'s':'z'}},"
		  "{'op':'abort'}",
		  "aborted", NULL },
		{ "{'op':'select','table':'A','where':[['s','==','a']],'columns':['s']}",
		  "[{'rows':[{'s':'a'}]}]", NULL },
		{ "{'op':'delete','table':'A','where':[]},{'op':'abort'}", "aborted", NULL },
		{ "{'op':'select','table':'A','where':[['s','==','a']],'columns':['s']}",
		  "[{'rows':[{'s':'a'}]}]", NULL },
	};

	run_story(steps, ARRAY_SIZE(steps));
}

static void test_same_transaction(void **state)
{
	static const struct step steps[] = {
		{ "{'op':'insert','table':'M','row':{'x':1},'uuid':" U(
			  1) "},{'op':'delete','table':'M','where':[]},"
			     "{'op':'insert','table':'M','row':{'x':2},'uuid':" U(1) "}",
		  "uuid", "M {'_uuid':['uuid'," U(1) "],'x':2}\n" },
		{ "{'op':'delete','table':'M','where':[]},{'op':'insert','table':'M',"
		  "'row':{'x':2},'uuid':" U(1) "}",
		  "duplicate uuid", NULL },
		{ "{'op':'insert','table':'M','row':{}},{'op':'insert','table':'M','row':{}}",
		  "contain 3 rows", NULL },
		{ "{'op':'insert','table':'M','row':{}},{'op':'insert','table':'M','row':{}},"
		  "{'op':'delete','table':'M','where':[['x','==',2]]}",
		  "count", NULL },
		/* A name may be used before the insert that makes it. */
		{ "{'op':'insert','table':'A','row':{'s':'n','ref':['named-uuid','b']}},"
		  "{'op':'insert','table':'B','row':{},'uuid-name':'b','uuid':" U(7) "}",
		  "uuid", NULL },
		{ "{'op':'select','table':'A','where':[['ref','includes'," REF(
			  7) "]],'columns':['s']}",
		  "[{'rows':[{'s':'n'}]}]", NULL },
	};

	run_story(steps, ARRAY_SIZE(steps));
}

/* What changes nothing is nothing: no new version, nothing to write. */
static void test_empty(void **state)
{
	static const char *const empty[] = {
		"['T',{'op':'update','table':'A','where':[],'row':{'s':'a','i':0}}]",
		"['T',{'op':'update','table':'A','where':[],'row':{'s':'b'}},"
		"{'op':'update','table':'A','where':[],'row':{'s':'a'}}]",
		"['T',{'op':'mutate','table':'A','where':[],'mutations':[['set','insert',1],"
		"['set','delete',1]]}]",
		"['T',{'op':'update','table':'A','where':[],'row':{'wref':" REF(5) "}}]",
		"['T',{'op':'insert','table':'B','row':{}}]",
		"['T',{'op':'insert','table':'A','row':{'s':'q'}},{'op':'delete','table':'A',"
		"'where':[['s','==','q']]}]",
		"['T',{'op':'comment','comment':'x'}]",
	};
	struct db *db = unit_db();
	char *before;

	free(unit_run(db, "['T',{'op':'insert','table':'A','row':{'s':'a'}}]"));
	before = unit_dump(db, UNIT_VERSION);
	for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
		json_t *params = json_of(empty[i]);
		struct txn *txn;
		char *after;

		free(unit_run_json(db, params, &txn));
		if (txn)
			fail_msg("%s: is not empty", empty[i]);
		after = unit_dump(db, UNIT_VERSION);
		assert_string_equal(before, after);
		assert_null(unit_inconsistency(db));
		free(after);
		json_decref(params);
	}
	free(before);
	db_destroy(db);
}

/* ---- random transactions: rolled back and replayed */

static unsigned int seed;

static unsigned int pick(unsigned int n)
{
	seed = seed * 1103515245 + 12345;
	return seed / 65536 % n;
}

static json_t *some_uuid(unsigned int n)
{
	return json_sprintf("00000000-0000-4000-8000-%012x", pick(n));
}

static json_t *some_refs(void)
{
	json_t *set = json_array();

	for (unsigned int n = pick(3); n; n--) {
		json_t *ref = json_pack("[s,o]", "uuid", some_uuid(8));
		bool dup = false;

		for (size_t i = 0; i < json_array_size(set); i++)
			dup |= json_equal(json_array_get(set, i), ref);
		if (dup)
			json_decref(ref);
		else
			json_array_append_new(set, ref);
	}
	return json_pack("[s,o]", "set", set);
}

static json_t *some_row(unsigned int table)
{
	json_t *row = json_object();

	switch (table) {
	case 0:
		if (pick(2))
			json_object_set_new(row, "s", json_sprintf("%u", pick(200)));
		if (pick(2))
			json_object_set_new(row, "ref", some_refs());
		if (pick(2))
			json_object_set_new(row, "wref", some_refs());
		if (!pick(3))
			json_object_set_new(row, "mref",
					    json_pack("[s,[[s,[s,o]],[s,[s,o]]]]", "map", "a",
						      "uuid", some_uuid(8), "b", "uuid",
						      some_uuid(8)));
		if (!pick(3))
			json_object_set_new(row, "map",
					    json_pack("[s,[[s,o]]]", "map", "k",
						      json_sprintf("%u", pick(3))));
		if (!pick(3))
			json_object_set_new(row, "eph", json_integer(pick(3)));
		break;
	case 1:
		if (pick(2))
			json_object_set_new(row, "n", json_sprintf("%u", pick(200)));
		if (!pick(3))
			json_object_set_new(row, "next", json_pack("[s,o]", "uuid", some_uuid(8)));
		if (!pick(3))
			json_object_set_new(row, "weak", some_refs());
		break;
	case 2:
		json_object_set_new(row, "w", json_pack("[s,o]", "uuid", some_uuid(4)));
		break;
	default:
		json_object_set_new(row, "x", json_integer(pick(3)));
		break;
	}
	return row;
}

static json_t *some_ops(void)
{
	static const char *const tables[] = { "A", "B", "C", "M" };
	json_t *params = json_pack("[s]", "T");

	for (unsigned int n = 1 + pick(3); n; n--) {
		unsigned int t = pick(10);

		t = t < 5 ? 0 : t < 8 ? 1 : t < 9 ? 2 : 3;
		json_t *where = pick(6) ? json_pack("[[s,s,[s,o]]]", "_uuid", "==", "uuid",
						    some_uuid(8))
					: json_array();

		switch (pick(4)) {
		case 0:
		case 1:
			json_array_append_new(params, json_pack("{ss,ss,so,so}", "op", "insert",
								"table", tables[t], "uuid",
								some_uuid(8), "row", some_row(t)));
			json_decref(where);
			break;
		case 2:
			json_array_append_new(params, json_pack("{ss,ss,so,so}", "op", "update",
								"table", tables[t], "where", where,
								"row", some_row(t)));
			break;
		default:
			json_array_append_new(params,
					      json_pack("{ss,ss,so}", "op", "delete", "table",
							tables[t], "where", where));
			break;
		}
	}
	return params;
}

static struct db *reload(const struct str *records)
{
	struct db *db = unit_db();

	for (char *line = records->data, *end; line && *line; line = end + 1) {
		json_t *json;
		char *err;

		end = strchr(line, '\n');
		json = json_loadb(line, (size_t)(end - line), 0, NULL);
		assert_non_null(json);
		err = record_load(db, json);
		if (err)
			fail_msg("%.*s: %s", (int)(end - line), line, err);
		json_decref(json);
	}
	record_load_finish(db);
	return db;
}

static void run_random(unsigned int first_seed, bool diff)
{
	struct db *db = unit_db();
	struct str records = STR_INIT;
	size_t n_committed = 0;

	seed = first_seed;
	for (int i = 0; i < 600; i++) {
		struct txn *batch[4] = { NULL };
		unsigned int n_batch = 1 + pick(4);
		bool roll_back = !pick(3);
		char *before = unit_dump(db, UNIT_VERSION), *after;
		const char *why;

		for (unsigned int j = 0; j < n_batch; j++) {
			json_t *params = some_ops();
			char *unchanged = unit_dump(db, UNIT_VERSION);

			free(unit_run_json(db, params, &batch[j]));
			why = unit_inconsistency(db);
			if (why) {
				char *text = text_of(params);

				fail_msg("seed %u, step %d: %s: %s", first_seed, i, why, text);
			}
			after = unit_dump(db, UNIT_VERSION);
			if (!batch[j])
				assert_string_equal(unchanged, after);
			else if (!roll_back)
				record_format_txn(batch[j], diff, &records);
			n_committed += batch[j] != NULL;
			free(unchanged);
			free(after);
			json_decref(params);
		}
		for (unsigned int j = n_batch; j-- > 0;) {
			if (batch[j] && roll_back)
				txn_rollback(batch[j]);
			else if (batch[j])
				txn_settle(batch[j]);
			txn_unref(batch[j]);
		}
		why = unit_inconsistency(db);
		if (why)
			fail_msg("seed %u, step %d: %s after a roll back", first_seed, i, why);
		if (roll_back) {
			after = unit_dump(db, UNIT_VERSION);
			assert_string_equal(before, after);
			free(after);
		}
		free(before);
	}
	assert_true(n_committed > 200);
	{
		struct db *again = reload(&records);
		char *a = unit_dump(db, UNIT_PERSISTENT);
		char *b = unit_dump(again, UNIT_PERSISTENT);

		assert_null(unit_inconsistency(again));
		assert_string_equal(a, b);
		free(a);
		free(b);
		db_destroy(again);
	}
	str_uninit(&records);
	db_destroy(db);
}

static void test_random(void **state)
{
	for (unsigned int s = 1; s <= 12; s++)
		run_random(s, s % 2);
}

/* A snapshot stays what it was while the database goes on. */
static void test_snapshot(void **state)
{
	struct db *db = unit_db(), *copy;
	struct snapshot *snapshot;
	struct str s = STR_INIT;
	char *before, *after;

	free(unit_run(db,
		      "['T',{'op':'insert','table':'B','row':{'n':'b'},'uuid':" U(
			      1) "},"
				 "{'op':'insert','table':'A','row':{'s':'a\\n\\u00e9','ref':" REF(
					 1) ",'map':['map',[['k','v']]]}}]"));
	before = unit_dump(db, 0);
	snapshot = snapshot_create(db);
	free(unit_run(
		db,
		"['T',{'op':'update','table':'A','where':[],'row':{'s':'z','map':['map',[]]}}]"));
	free(unit_run(db, "['T',{'op':'delete','table':'A','where':[]}]"));
	after = unit_dump(db, 0);
	assert_string_equal(after, "");
	free(after);
	snapshot_format(snapshot, "a \"comment\"", 1, &s);
	copy = reload(&s);
	after = unit_dump(copy, 0);
	assert_string_equal(after, before);
	assert_int_equal(snapshot_n_rows(snapshot), 2);
	snapshot_destroy(snapshot);
	str_uninit(&s);
	free(before);
	free(after);
	db_destroy(copy);
	db_destroy(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_references),       cmocka_unit_test(test_cycles),
		cmocka_unit_test(test_weak_references),  cmocka_unit_test(test_indexes),
		cmocka_unit_test(test_same_transaction), cmocka_unit_test(test_empty),
		cmocka_unit_test(test_random),           cmocka_unit_test(test_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
