// SPDX-License-Identifier: Apache-2.0
#include "db/datum.h"

#include <time.h>

#include "base/smap.h"
#include "db/symbol.h"
#include "tests/unit/db/unit.h"

#define SET "{'key':'integer','min':0,'max':'unlimited'}"
#define MAP "{'key':'string','value':'integer','min':0,'max':'unlimited'}"

static const struct {
	const char *type;
	const char *json;
	const char *back; /* NULL: the same */
	const char *error;
} jsons[] = {
	/* hostile */
	{ "'integer'", "['set',[]]", NULL,
	  "syntax '['set',[]]': syntax error: set must have exactly one member but 0 are present" },
	{ "'integer'", "['set',[1,2]]", NULL,
	  "syntax '['set',[1,2]]': syntax error: set must have exactly one member but 2 are "
	  "present" },
	{ "{'key':'string','min':0,'max':3}", "['set',['a','b','c','d']]", NULL,
	  "syntax '['set',['a','b','c','d']]': syntax error: set must have 0 to 3 members but 4 "
	  "are present" },
	{ "{'key':'string','max':'unlimited'}", "['set',[]]", NULL,
	  "syntax '['set',[]]': syntax error: set must have 1 to 4294967295 members but 0 are "
	  "present" },
	{ SET, "['set',[1,2,1]]", NULL, "ovsdb error: set contains duplicate" },
	{ SET, "['set',[1,'2']]", NULL, "syntax ''2'': syntax error: expected integer" },
	{ SET, "['set']", NULL, "syntax '['set']': syntax error: expected ['set', <array>]" },
	{ SET, "['set',3]", NULL, "syntax '['set',3]': syntax error: expected ['set', <array>]" },
	{ SET, "['set',[],[]]", NULL,
	  "syntax '['set',[],[]]': syntax error: expected ['set', <array>]" },
	{ SET, "['map',[]]", NULL, "syntax '['map',[]]': syntax error: expected integer" },
	{ SET, "['set',[['set',[1]]]]", NULL,
	  "syntax '['set',[1]]': syntax error: expected integer" },
	{ SET, "{}", NULL, "syntax '{}': syntax error: expected integer" },
	{ SET, "null", NULL, "syntax 'null': syntax error: expected integer" },
	{ MAP, "null", NULL, "syntax 'null': syntax error: expected ['map', <array>]" },
	{ MAP, "['map']", NULL, "syntax '['map']': syntax error: expected ['map', <array>]" },
	{ MAP, "['map',{}]", NULL, "syntax '['map',{}]': syntax error: expected ['map', <array>]" },
	{ MAP, "['set',[]]", NULL, "syntax '['set',[]]': syntax error: expected ['map', <array>]" },
	{ MAP, "['map',[['a']]]", NULL, "syntax '['a']': syntax error: expected 2-element array" },
	{ MAP, "['map',['a']]", NULL, "syntax ''a'': syntax error: expected 2-element array" },
	{ MAP, "['map',[['a',1,2]]]", NULL,
	  "syntax '['a',1,2]': syntax error: expected 2-element array" },
	{ MAP, "['map',[['a','x']]]", NULL, "syntax ''x'': syntax error: expected integer" },
	{ MAP, "['map',[[1,1]]]", NULL, "syntax '1': syntax error: expected string" },
	{ MAP, "['map',[['b',1],['a',2],['b',1]]]", NULL,
	  "ovsdb error: map contains duplicate key" },
	{ "{'key':'string','value':'integer','min':0,'max':2}", "['map',[['a',1],['b',2],['c',3]]]",
	  NULL,
	  "syntax '['map',[['a',1],['b',2],['c',3]]]': syntax error: map must have 0 to 2 members "
	  "but 3 are present" },
	{ "{'key':'integer','value':{'type':'integer','maxInteger':3},'min':0,'max':'unlimited'}",
	  "['map',[[9,1],[8,4]]]", NULL,
	  "constraint violation: 4 is greater than maximum allowed value 3" },
	{ "{'key':'string','value':'integer'}", "['map',[]]", NULL,
	  "syntax '['map',[]]': syntax error: map must have exactly one member but 0 are present" },
	/* fine */
	{ "'integer'", "['set',[5]]", "5" },
	{ SET, "['set',[]]" },
	{ SET, "7" },
	{ SET, "['set',[7]]", "7" },
	{ SET, "['set',[3,1,2,-9]]", "['set',[-9,1,2,3]]" },
	{ MAP, "['map',[]]" },
	{ MAP, "['map',[['b',1],['a',2]]]", "['map',[['a',2],['b',1]]]" },
};

static void test_json(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(jsons); i++) {
		struct column_type t = type_of(jsons[i].type);
		json_t *json = json_of(jsons[i].json);
		struct datum d;
		char *error = datum_from_json(&d, &t, json, NULL, false);

		json_decref(json);
		expect_text(error ? xstrdup(error) : NULL, jsons[i].error, jsons[i].json);
		if (!error) {
			expect_text(text_of(datum_to_json(&d, &t)),
				    jsons[i].back ? jsons[i].back : jsons[i].json, "back");
			datum_uninit(&d, &t);
		}
		free(error);
		column_type_uninit(&t);
	}
}

static void test_relaxed(void **state)
{
	struct column_type t = type_of("'integer'");
	struct datum d = datum_of("['set',[1,2]]", &t);

	expect_text(datum_check(&d, &t),
		    "constraint violation: Attempted to store 2 elements in integer.", "check");
	datum_uninit(&d, &t);
}

static void test_symbols_know_the_kind(void **state)
{
	struct column_type t = type_of(
		"{'key':{'type':'uuid','refTable':'B'},'value':{'type':'uuid',"
		"'refTable':'B','refType':'weak'},'min':0,'max':'unlimited'}");
	struct symbol_table *symbols = symbol_table_create();
	json_t *json = json_of("['map',[[['named-uuid','a'],['named-uuid','b']]]]");
	struct datum d;

	assert_null(datum_from_json(&d, &t, json, symbols, false));
	assert_true(symbol_lookup(symbols, "a")->strong_ref);
	assert_false(symbol_lookup(symbols, "a")->weak_ref);
	assert_false(symbol_lookup(symbols, "b")->strong_ref);
	assert_true(symbol_lookup(symbols, "b")->weak_ref);
	datum_uninit(&d, &t);
	json_decref(json);
	symbol_table_destroy(symbols);
	column_type_uninit(&t);
}

static void test_defaults(void **state)
{
	static const struct {
		const char *type, *json;
	} cases[] = {
		{ "'integer'", "0" },
		{ "'real'", "0" },
		{ "'boolean'", "false" },
		{ "'string'", "''" },
		{ "'uuid'", "['uuid','00000000-0000-0000-0000-000000000000']" },
		{ SET, "['set',[]]" },
		{ MAP, "['map',[]]" },
		{ "{'key':'integer','max':3}", "0" },
		{ "{'key':'string','value':'integer'}", "['map',[['',0]]]" },
		/* the default of a type may break its own limits */
		{ "{'key':{'type':'integer','minInteger':5}}", "0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct column_type t = type_of(cases[i].type);
		struct datum d;

		datum_init_default(&d, &t);
		assert_true(datum_is_default(&d, &t));
		expect_text(text_of(datum_to_json(&d, &t)), cases[i].json, cases[i].type);
		datum_uninit(&d, &t);
		column_type_uninit(&t);
	}
}

static void test_is_default(void **state)
{
	static const struct {
		const char *type, *json;
	} cases[] = {
		{ "'integer'", "1" },
		{ "'string'", "' '" },
		{ SET, "0" },
		{ MAP, "['map',[['',0]]]" },
		{ "{'key':'integer','max':3}", "['set',[0,1]]" },
		{ "{'key':'string','value':'integer'}", "['map',[['',1]]]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct column_type t = type_of(cases[i].type);
		struct datum d = datum_of(cases[i].json, &t);

		assert_false(datum_is_default(&d, &t));
		datum_uninit(&d, &t);
		column_type_uninit(&t);
	}
}

/* ---- set operations against a model: 'n' small keys, each absent or with a value ---- */

#define N_KEYS 12
struct model {
	int value[N_KEYS]; /* 0: absent */
};

static unsigned int seed = 1;

static unsigned int rnd(unsigned int n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static struct model random_model(bool is_map)
{
	struct model m = { { 0 } };
	unsigned int density = 1 + rnd(6);

	for (int k = 0; k < N_KEYS; k++)
		if (!rnd(density))
			m.value[k] = is_map ? 1 + (int)rnd(3) : 1;
	return m;
}

/* String keys, so that leaks and double frees show. */
static struct datum datum_of_model(const struct model *m, const struct column_type *t)
{
	struct datum d;
	unsigned int start = rnd(N_KEYS);

	datum_init_empty(&d);
	for (unsigned int i = 0; i < N_KEYS; i++) { /* not in order */
		unsigned int k = (start + i * 5) % N_KEYS;
		char name[2] = { (char)('a' + k), '\0' };
		union atom key, value;

		if (!m->value[k])
			continue;
		key.string = atom_string_create(name, 1);
		value.integer = m->value[k];
		datum_add_unsafe(&d, &key, column_type_is_map(t) ? &value : NULL, t);
		atom_uninit(&key, ATOM_STRING);
	}
	assert_null(datum_sort(&d, t));
	return d;
}

static void expect_model(const struct datum *d, const struct model *m, const struct column_type *t)
{
	struct datum want = datum_of_model(m, t);

	assert_true(datum_equal(d, &want, t));
	assert_int_equal(datum_hash(d, t, 3), datum_hash(&want, t, 3));
	datum_uninit(&want, t);
}

static void one_round(const struct column_type *t)
{
	bool is_map = column_type_is_map(t), includes = true, excludes = true;
	struct model a = random_model(is_map), b = random_model(is_map), m;
	struct datum da = datum_of_model(&a, t), db = datum_of_model(&b, t), d, diff, keys;
	struct column_type key_type = column_type_set_of(ATOM_STRING);
	char *error;

	for (int k = 0; k < N_KEYS; k++) {
		includes &= !b.value[k] || a.value[k] == b.value[k];
		excludes &= !b.value[k] || a.value[k] != b.value[k];
	}
	assert_int_equal(datum_includes_all(&db, &da, t), includes);
	assert_int_equal(datum_excludes_all(&db, &da, t), excludes);
	assert_int_equal(datum_excludes_all(&da, &db, t), excludes);

	for (int replace = 0; replace < 2; replace++) {
		datum_clone(&d, &da, t);
		datum_union(&d, &db, t, replace);
		m = a;
		for (int k = 0; k < N_KEYS; k++)
			if (b.value[k] && (replace || !m.value[k]))
				m.value[k] = b.value[k];
		expect_model(&d, &m, t);
		datum_uninit(&d, t);
	}

	datum_clone(&d, &da, t);
	datum_subtract(&d, &db, t, false);
	m = a;
	for (int k = 0; k < N_KEYS; k++)
		if (a.value[k] == b.value[k])
			m.value[k] = 0;
	expect_model(&d, &m, t);
	datum_uninit(&d, t);

	datum_clone(&keys, &db, &key_type); /* keys alone */
	datum_clone(&d, &da, t);
	datum_subtract(&d, &keys, t, true);
	m = a;
	for (int k = 0; k < N_KEYS; k++)
		if (b.value[k])
			m.value[k] = 0;
	expect_model(&d, &m, t);
	datum_uninit(&d, t);
	datum_uninit(&keys, &key_type);

	/* differences: what update2 sends, and its inverse both ways */
	datum_diff(&diff, &da, &db, t);
	for (int k = 0; k < N_KEYS; k++)
		m.value[k] = a.value[k] == b.value[k] ? 0 : b.value[k] ? b.value[k] : a.value[k];
	expect_model(&diff, &m, t);
	datum_clone(&d, &da, t);
	error = datum_apply_diff(&d, &diff, t);
	assert_null(error);
	assert_true(datum_equal(&d, &db, t));
	assert_int_equal(datum_compare(&d, &db, t), 0);
	assert_int_equal(datum_compare(&da, &db, t), -datum_compare(&db, &da, t));
	datum_uninit(&diff, t);
	datum_uninit(&d, t);

	/* look-ups, and removal one by one */
	for (uint32_t i = 0; i < da.n; i++)
		assert_int_equal(datum_find_key(&da, &da.keys[i], t->key.type), i);
	for (uint32_t i = 0; i < db.n; i++) {
		char c = db.keys[i].string->s[0];

		assert_int_equal(datum_find_key(&da, &db.keys[i], t->key.type) >= 0,
				 a.value[c - 'a'] != 0);
		if (is_map)
			assert_int_equal(datum_find_pair(&da, &db.keys[i], &db.values[i], t),
					 a.value[c - 'a'] == b.value[c - 'a']);
	}
	while (da.n) {
		uint32_t i = rnd(da.n);

		a.value[da.keys[i].string->s[0] - 'a'] = 0;
		datum_remove_at(&da, i, t);
		expect_model(&da, &a, t);
	}
	datum_uninit(&da, t);
	datum_uninit(&db, t);
}

static void test_operations(void **state)
{
	static const char *const types[] = { "{'key':'string','min':0,'max':'unlimited'}", MAP };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct column_type t = type_of(types[i]);

		for (int round = 0; round < 3000; round++)
			one_round(&t);
		column_type_uninit(&t);
	}
}

static void test_diff_of_single_values(void **state)
{
	static const struct {
		const char *type, *old, *new_, *diff;
	} cases[] = {
		{ "'integer'", "3", "5", "5" },
		{ "{'key':'integer','min':0}", "3", "5", "5" },
		{ "{'key':'integer','min':0}", "3", "['set',[]]", "['set',[]]" },
		{ "{'key':'string','value':'integer','min':0}", "['map',[['a',1]]]",
		  "['map',[['b',1]]]", "['map',[['b',1]]]" },
		{ "{'key':'integer','max':3}", "0", "7", "['set',[0,7]]" },
		{ MAP, "['map',[['a',1],['b',2]]]", "['map',[['a',2],['c',3]]]",
		  "['map',[['a',2],['b',2],['c',3]]]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct column_type t = type_of(cases[i].type);
		struct datum old = datum_of(cases[i].old, &t), new_ = datum_of(cases[i].new_, &t),
			     diff;

		datum_diff(&diff, &old, &new_, &t);
		expect_text(text_of(datum_to_json(&diff, &t)), cases[i].diff, cases[i].new_);
		assert_null(datum_apply_diff(&old, &diff, &t));
		assert_true(datum_equal(&old, &new_, &t));
		datum_uninit(&old, &t);
		datum_uninit(&new_, &t);
		datum_uninit(&diff, &t);
		column_type_uninit(&t);
	}
}

static void test_hostile_diff(void **state)
{
	struct column_type t = type_of("{'key':'integer','min':0}");
	struct datum d = datum_of("3", &t), diff = datum_of("['set',[1,2]]", &t);
	char *error = datum_apply_diff(&d, &diff, &t);

	assert_non_null(error);
	free(error);
	expect_text(text_of(datum_to_json(&d, &t)), "3", "as before");
	datum_uninit(&d, &t);
	datum_uninit(&diff, &t);
}

static void test_duplicates(void **state)
{
	struct column_type t = type_of(MAP);
	struct datum d;

	datum_init_empty(&d);
	for (int i = 0; i < 100; i++) {
		union atom key = { .string = atom_string_create(i % 2 ? "b" : "a", 1) };
		union atom value = { .integer = i };

		datum_add_steal(&d, &key, &value, &t);
	}
	datum_sort_unique(&d, &t); /* of equal keys the first stays */
	expect_text(text_of(datum_to_json(&d, &t)), "['map',[['a',0],['b',1]]]", "unique");
	datum_uninit(&d, &t);
}

/* 200,000 elements in the worst orders: seconds if something were quadratic. */
static void test_large(void **state)
{
	struct column_type t = type_of(SET);
	enum { N = 200000 };
	struct datum d, odd, copy;
	clock_t start = clock();

	datum_init_empty(&d);
	datum_init_empty(&odd);
	for (int64_t i = N; i-- > 0;) {
		union atom key = { .integer = i * 2 };

		datum_add_unsafe(&d, &key, NULL, &t);
		key.integer++;
		datum_add_unsafe(&odd, &key, NULL, &t);
	}
	assert_null(datum_sort(&d, &t));
	assert_null(datum_sort(&odd, &t));
	datum_clone(&copy, &d, &t);
	datum_union(&d, &odd, &t, false);
	assert_int_equal(d.n, 2 * N);
	for (uint32_t i = 0; i < d.n; i++)
		assert_int_equal(d.keys[i].integer, i);
	datum_subtract(&d, &odd, &t, false);
	assert_true(datum_equal(&d, &copy, &t));
	assert_true((clock() - start) / CLOCKS_PER_SEC < 20);
	datum_uninit(&d, &t);
	datum_uninit(&odd, &t);
	datum_uninit(&copy, &t);
}

static void test_smap(void **state)
{
	struct column_type t = type_of(
		"{'key':'string','value':'string','min':0,'max':'unlimited'}");
	struct datum d, back;
	struct smap map, map2;

	smap_init(&map);
	datum_from_smap(&d, &map);
	assert_int_equal(d.n, 0);
	smap_set(&map, "b", "2");
	smap_set(&map, "a", "");
	smap_set(&map, "", "x");
	datum_from_smap(&d, &map);
	expect_text(text_of(datum_to_json(&d, &t)), "['map',[['','x'],['a',''],['b','2']]]",
		    "smap");
	datum_to_smap(&d, &map2);
	assert_true(smap_equal(&map, &map2));
	datum_from_smap(&back, &map2);
	assert_true(datum_equal(&d, &back, &t));
	datum_uninit(&d, &t);
	datum_uninit(&back, &t);
	smap_uninit(&map);
	smap_uninit(&map2);
}

static void test_conveniences(void **state)
{
	struct column_type s = type_of("'string'"), i = type_of("'integer'"),
			   b = type_of("'boolean'");
	struct datum d;

	datum_init_string(&d, "x");
	expect_text(text_of(datum_to_json(&d, &s)), "'x'", "string");
	datum_uninit(&d, &s);
	datum_init_integer(&d, -5);
	expect_text(text_of(datum_to_json(&d, &i)), "-5", "integer");
	datum_add_unsafe(&d, &(union atom){ .integer = 6 }, NULL, &i); /* they may grow */
	assert_int_equal(d.n, 2);
	datum_uninit(&d, &i);
	datum_init_boolean(&d, true);
	expect_text(text_of(datum_to_json(&d, &b)), "true", "boolean");
	datum_uninit(&d, &b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_relaxed),
		cmocka_unit_test(test_symbols_know_the_kind),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_is_default),
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_diff_of_single_values),
		cmocka_unit_test(test_hostile_diff),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_smap),
		cmocka_unit_test(test_conveniences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
