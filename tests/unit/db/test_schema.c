// SPDX-License-Identifier: Apache-2.0
#include "db/schema.h"

#include <stdio.h>
#include <unistd.h>

#include "db/server_schema.h"
#include "tests/unit/db/unit.h"

static const struct {
	const char *json;
	const char *back; /* NULL: the same */
	const char *error;
} jsons[] = {
	/* hostile */
	{ "[]", NULL, "syntax error: Parsing database schema failed: Object expected." },
	{ "{}", NULL,
	  "syntax '{}': syntax error: Parsing database schema failed: Required 'name' member is "
	  "missing." },
	{ "{'name':'T'}", NULL,
	  "syntax '{'name':'T'}': syntax error: Parsing database schema failed: Required 'tables' "
	  "member is missing." },
	{ "{'name':'9T','tables':{}}", NULL,
	  "syntax '{'name':'9T','tables':{}}': syntax error: Parsing database schema failed: Type "
	  "mismatch for member 'name'." },
	{ "{'name':'T','tables':[]}", NULL,
	  "syntax '{'name':'T','tables':[]}': syntax error: Parsing database schema failed: Type "
	  "mismatch for member 'tables'." },
	{ "{'name':'T','tables':{},'version':'1'}", NULL,
	  "syntax '{'name':'T','tables':{},'version':'1'}': syntax error: schema version '1' not "
	  "in format x.y.z" },
	{ "{'cksum':3,'name':'T','tables':{}}", NULL,
	  "syntax '{'cksum':3,'name':'T','tables':{}}': syntax error: Parsing database schema "
	  "failed: Type mismatch for member 'cksum'." },
	{ "{'foo':1,'name':'T','tables':{}}", NULL,
	  "syntax '{'foo':1,'name':'T','tables':{}}': syntax error: Parsing database schema "
	  "failed: "
	  "Member 'foo' is present but not allowed here." },
	{ "{'name':'T','tables':{'9':{'columns':{}}}}", NULL,
	  "syntax '{'name':'T','tables':{'9':{'columns':{}}}}': syntax error: name must be a valid "
	  "id" },
	{ "{'name':'T','tables':{'_x':{'columns':{}}}}", NULL,
	  "syntax '{'name':'T','tables':{'_x':{'columns':{}}}}': syntax error: names beginning "
	  "with "
	  "'_' are reserved" },
	{ "{'name':'T','tables':{'x':{'columns':{}}}}", NULL,
	  "syntax '{'columns':{}}': syntax error: table must have at least one column" },
	{ "{'name':'T','tables':{'x':{}}}", NULL,
	  "syntax '{}': syntax error: Parsing table schema for table x failed: Required 'columns' "
	  "member is missing." },
	{ "{'name':'T','tables':{'x':3}}", NULL,
	  "syntax error: Parsing table schema for table x failed: Object expected." },
	{ "{'name':'T','tables':{'x':{'columns':{'_a':{'type':'integer'}}}}}", NULL,
	  "syntax '{'columns':{'_a':{'type':'integer'}}}': syntax error: names beginning with '_' "
	  "are reserved" },
	{ "{'name':'T','tables':{'x':{'columns':{'a b':{'type':'integer'}}}}}", NULL,
	  "syntax '{'columns':{'a b':{'type':'integer'}}}': syntax error: name must be a valid "
	  "id" },
	{ "{'name':'T','tables':{'x':{'columns':{'a':{'type':'integer'}},'maxRows':0}}}", NULL,
	  "syntax '{'columns':{'a':{'type':'integer'}},'maxRows':0}': syntax error: maxRows must "
	  "be "
	  "at least 1" },
	{ "{'name':'T','tables':{'x':{'columns':{'a':{'type':'integer'}},'indexes':[[]]}}}", NULL,
	  "syntax '{'columns':{'a':{'type':'integer'}},'indexes':[[]]}': syntax error: index must "
	  "have at least one column" },
	{ "{'name':'T','tables':{'x':{'columns':{'a':{'type':'integer'}},'indexes':['a']}}}", NULL,
	  "syntax ''a'': syntax error: array of distinct column names expected" },
	{ "{'name':'T','tables':{'x':{'columns':{'a':{'type':'integer'}},'indexes':[[3]]}}}", NULL,
	  "syntax '[3]': syntax error: array of distinct column names expected" },
	{ "{'name':'T','tables':{'x':{'columns':{'a':{'type':'integer'}},'indexes':[['b']]}}}",
	  NULL, "syntax '['b']': syntax error: b is not a valid column name" },
	{ "{'name':'T','tables':{'x':{'columns':{'a':{'type':'integer'}},'indexes':[['a','a']]}}}",
	  NULL, "syntax '['a','a']': syntax error: array of distinct column names expected" },
	{ "{'name':'T','tables':{'x':{'columns':{'a':{'type':'integer'}},"
	  "'indexes':[['a','a','a','a','a','a']]}}}",
	  NULL,
	  "syntax '['a','a','a','a','a','a']': syntax error: array of distinct column names "
	  "expected" },
	{ "{'name':'T','tables':{'x':{'columns':{'a':{'ephemeral':true,'type':'integer'}},"
	  "'indexes':[['a']]}}}",
	  NULL,
	  "syntax '{'columns':{'a':{'ephemeral':true,'type':'integer'}},'indexes':[['a']]}': "
	  "syntax "
	  "error: ephemeral columns (such as a) may not be indexed" },
	{ "{'name':'T','tables':{'x':{'columns':{'a':{'ephemeral':3,'type':'integer'}}}}}", NULL,
	  "syntax '{'ephemeral':3,'type':'integer'}': syntax error: Parsing schema for column a "
	  "failed: Type mismatch for member 'ephemeral'." },
	{ "{'name':'T','tables':{'x':{'columns':{'a':{'type':['set']}}}}}", NULL,
	  "syntax '{'type':['set']}': syntax error: Parsing schema for column a failed: Type "
	  "mismatch for member 'type'." },
	{ "{'name':'T','tables':{'x':{'columns':{'a':{}}}}}", NULL,
	  "syntax '{}': syntax error: Parsing schema for column a failed: Required 'type' member "
	  "is "
	  "missing." },
	{ "{'name':'T','tables':{'x':{'columns':{'a':3}}}}", NULL,
	  "syntax error: Parsing schema for column a failed: Object expected." },
	{ "{'name':'T','tables':{'x':{'columns':{'a':{'type':{'key':{'type':'uuid',"
	  "'refTable':'Z'}}}}}}}",
	  NULL, "syntax error: column a key refers to undefined table Z" },
	{ "{'name':'T','tables':{'x':{'columns':{'a':{'type':{'key':'integer','value':{"
	  "'type':'uuid','refTable':'Z'}}}}}}}",
	  NULL, "syntax error: column a value refers to undefined table Z" },
	/* fine */
	{ "{'name':'T','tables':{}}" },
	{ "{'cksum':'1 2','name':'_T','tables':{},'version':'1.22.0'}" },
	{ "{'name':'T','tables':{'x':{'columns':{'a':{'type':'integer'}},'isRoot':false,"
	  "'maxRows':4294967296}}}",
	  "{'name':'T','tables':{'x':{'columns':{'a':{'type':'integer'}}}}}" },
	{ "{'name':'T','tables':{'x':{'columns':{'a':{'type':'integer'}},"
	  "'indexes':[['_uuid'],['a']],"
	  "'isRoot':true,'maxRows':3,'mutable':false},'y':{'columns':{'b':{'ephemeral':true,"
	  "'mutable':false,'type':'integer'}}}}}" },
	/* a weak reference is always mutable */
	{ "{'name':'T','tables':{'x':{'columns':{'a':{'mutable':false,'type':{'key':{"
	  "'refTable':'x','refType':'weak','type':'uuid'},'min':0}}}}}}",
	  "{'name':'T','tables':{'x':{'columns':{'a':{'type':{'key':{'refTable':'x',"
	  "'refType':'weak','type':'uuid'},'min':0}}}}}}" },
};

static void test_json(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(jsons); i++) {
		json_t *json = json_of(jsons[i].json);
		struct db_schema *db, *copy;
		char *error = schema_from_json(json, &db);

		json_decref(json);
		expect_text(error ? xstrdup(error) : NULL, jsons[i].error, jsons[i].json);
		if (!error) {
			copy = schema_clone(db);
			assert_true(schema_equal(db, copy));
			schema_destroy(db);
			expect_text(text_of(schema_to_json(copy)),
				    jsons[i].back ? jsons[i].back : jsons[i].json, "back");
			schema_destroy(copy);
		}
		free(error);
	}
	schema_destroy(NULL);
}

static void test_names(void **state)
{
	static const char *const bad[] = { "",    "9",   "-a",       "a-b",
					   "a b", "a.b", "\xc3\xa9", "a\xc3\xa9" };
	static const char *const good[] = { "a", "_", "_9", "A_9z" };
	static const char *const bad_versions[] = { "",     "1",      "1.2",     ".1.2",
						    "1.2.", "1.2.3.", "1.2.3.4", "a.b.c",
						    "1..2", "-1.2.3", "1.2.3 " };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(schema_is_valid_id(bad[i]));
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(schema_is_valid_id(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad_versions); i++)
		assert_false(schema_is_valid_version(bad_versions[i]));
	assert_true(schema_is_valid_version("8.8.0"));
	assert_true(schema_is_valid_version("0.0.123456789012345678901234567890"));
}

static void test_lookup(void **state)
{
	struct db_schema *db = schema_of(
		"{'name':'T','tables':{'B':{'columns':{'z':{'type':'integer'},"
		"'a':{'type':{'key':{'type':'uuid','refTable':'A'}}}}},"
		"'A':{'columns':{'x':{'type':'string'}},'isRoot':true}}}");
	const struct table_schema *a = schema_table(db, "A"), *b = schema_table(db, "B");

	assert_null(schema_table(db, "a"));
	assert_null(schema_table(db, ""));
	assert_int_equal(a->index, 0);
	assert_int_equal(b->index, 1);
	assert_true(a->is_root);
	assert_false(b->is_root);
	assert_ptr_equal(db->tables[1], b);
	assert_null(table_column(b, "Z"));
	assert_int_equal(b->n_columns, 4);
	assert_int_equal(table_column(b, "_uuid")->index, COL_UUID);
	assert_int_equal(table_column(b, "_version")->index, COL_VERSION);
	assert_false(table_column(b, "_uuid")->mutable_);
	assert_true(table_column(b, "_version")->ephemeral);
	assert_int_equal(table_column(b, "a")->index, 2);
	assert_int_equal(table_column(b, "z")->index, 3);
	assert_int_equal(table_column(b, "a")->type.key.uuid.table_index, 0);
	schema_destroy(db);
}

static void test_unequal(void **state)
{
	static const char *const others[] = {
		"{'name':'U','tables':{'x':{'columns':{'a':{'type':'integer'}}}}}",
		"{'name':'T','tables':{'x':{'columns':{'a':{'type':'real'}}}}}",
		"{'name':'T','tables':{'y':{'columns':{'a':{'type':'integer'}}}}}",
		"{'name':'T','tables':{'x':{'columns':{'a':{'type':'integer'}},"
		"'indexes':[['a']]}}}",
		"{'name':'T','tables':{}}",
	};
	struct db_schema *db = schema_of("{'name':'T','tables':{'x':{'columns':{'a':{"
					 "'type':'integer'}}}}}");

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct db_schema *other = schema_of(others[i]);

		assert_false(schema_equal(db, other));
		schema_destroy(other);
	}
	schema_destroy(db);
}

static void test_bad_files(void **state)
{
	char path[] = "/tmp/schema-XXXXXX";
	int fd = mkstemp(path);
	struct db_schema *db;
	char *error;
	FILE *f;

	assert_true(fd >= 0);
	error = schema_from_file("/nonexistent/schema", &db);
	assert_non_null(strstr(error, "/nonexistent/schema"));
	assert_non_null(strstr(error, "No such file"));
	free(error);
	error = schema_from_file(path, &db); /* empty */
	assert_non_null(strstr(error, "could not be read as JSON"));
	free(error);
	f = fdopen(fd, "w");
	fputs("{\"name\":3}", f);
	fclose(f);
	error = schema_from_file(path, &db);
	assert_non_null(strstr(error, "syntax error: failed to parse \""));
	assert_non_null(
		strstr(error, "as ovsdb schema: Parsing database schema failed: Type mismatch"));
	free(error);
	unlink(path);
}

static struct db_schema *vswitch_schema(void)
{
	const char *srcdir = getenv("srcdir");
	char *path = xasprintf("%s/vswitchd/vswitch.ovsschema", srcdir ? srcdir : ".");
	struct db_schema *db = NULL;
	char *error = schema_from_file(path, &db);

	if (error)
		fail_msg("%s", error);
	free(path);
	return db;
}

/* cksum(1) of the text without the line that has it. */
static uint32_t cksum(const char *text, size_t *len)
{
	uint32_t crc = 0;
	size_t n = 0;

	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		size_t line_len = strcspn(line, "\n") + 1;

		if (str_has_prefix(line, " \"cksum\":"))
			continue;
		for (size_t i = 0; i < line_len; i++, n++) {
			crc ^= (uint32_t)(unsigned char)line[i] << 24;
			for (int b = 0; b < 8; b++)
				crc = crc & 0x80000000 ? crc << 1 ^ 0x04c11db7 : crc << 1;
		}
	}
	*len = n;
	for (; n; n >>= 8) {
		crc ^= (uint32_t)(n & 0xff) << 24;
		for (int b = 0; b < 8; b++)
			crc = crc & 0x80000000 ? crc << 1 ^ 0x04c11db7 : crc << 1;
	}
	return ~crc;
}

static void expect_cksum(const char *text, const char *expected)
{
	size_t len;
	uint32_t crc = cksum(text, &len);
	char *s = xasprintf("%u %zu", crc, len);

	assert_string_equal(s, expected);
	free(s);
}

static void test_server_schema(void **state)
{
	json_t *json = json_loads(server_schema_text, 0, NULL);
	struct db_schema *db;

	assert_non_null(json);
	assert_null(schema_from_json(json, &db));
	assert_string_equal(db->name, "_Server");
	assert_string_equal(db->version, "1.2.0");
	assert_int_equal(schema_table(db, "Database")->n_columns, N_STD_COLUMNS + 8);
	expect_cksum(server_schema_text, db->cksum);
	json_decref(json);
	schema_destroy(db);
}

static void test_vswitch_schema(void **state)
{
	static const struct {
		const char *table, *column, *english;
		bool ephemeral, mutable_;
	} columns[] = {
		{ "Open_vSwitch", "bridges", "set of uuids", false, true },
		{ "Open_vSwitch", "statistics", "map of (string, string) pairs", true, true },
		{ "Bridge", "name", "string", false, false },
		{ "Bridge", "flood_vlans", "set of up to 4096 integers", false, true },
		{ "Bridge", "flow_tables", "map of (integer, uuid) pairs", false, true },
		{ "Port", "interfaces", "set of 1 or more uuids", false, true },
		{ "Port", "protected", "boolean", false, true },
		{ "Interface", "ofport", "set of up to 1 integers", false, true },
		{ "Interface", "statistics", "map of (string, integer) pairs", true, true },
		{ "Interface", "error", "set of up to 1 strings", false, true },
		{ "Flow_Table", "prefixes", "set of up to 4 strings", false, true },
		{ "Mirror", "filter", "set of up to 1 strings", false, true },
		{ "CT_Zone", "limit", "set of up to 1 integers", false, true },
		{ "Manager", "is_connected", "boolean", true, true },
	};
	struct db_schema *db = vswitch_schema();
	char *path = xasprintf("%s/vswitchd/vswitch.ovsschema",
			       getenv("srcdir") ? getenv("srcdir") : ".");
	char text[65536];
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	free(path);
	assert_string_equal(db->name, "Open_vSwitch");
	assert_string_equal(db->version, "8.8.0");
	expect_cksum(text, db->cksum);
	assert_int_equal(db->n_tables, 19);
	for (uint32_t i = 0; i < db->n_tables; i++) {
		const char *name = db->tables[i]->name;
		bool root = streq(name, "Open_vSwitch") || streq(name, "QoS") ||
			    streq(name, "Queue") || streq(name, "Flow_Sample_Collector_Set");
		bool single = streq(name, "Open_vSwitch") || streq(name, "SSL");

		assert_int_equal(db->tables[i]->is_root, root);
		assert_int_equal(db->tables[i]->max_rows, single ? 1 : UINT32_MAX);
	}
	assert_int_equal(schema_table(db, "Flow_Sample_Collector_Set")->indexes[0].n_columns, 2);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		const struct column_schema *c = table_column(schema_table(db, columns[i].table),
							     columns[i].column);
		struct str s = STR_INIT;

		assert_non_null(c);
		column_type_format_english(&c->type, &s);
		assert_string_equal(str_cstr(&s), columns[i].english);
		assert_int_equal(c->ephemeral, columns[i].ephemeral);
		assert_int_equal(c->mutable_, columns[i].mutable_);
		str_uninit(&s);
	}
	schema_destroy(db);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),           cmocka_unit_test(test_names),
		cmocka_unit_test(test_lookup),         cmocka_unit_test(test_unequal),
		cmocka_unit_test(test_bad_files),      cmocka_unit_test(test_server_schema),
		cmocka_unit_test(test_vswitch_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
