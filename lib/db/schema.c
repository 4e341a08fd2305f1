// SPDX-License-Identifier: Apache-2.0
#include "db/schema.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/util.h"
#include "db/error.h"
#include "db/members.h"

bool schema_is_valid_id(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	while (*++s)
		if (!isalnum((unsigned char)*s) && *s != '_')
			return false;
	return true;
}

bool schema_is_valid_version(const char *s)
{
	for (int i = 0; i < 3; i++) {
		if (i && *s++ != '.')
			return false;
		if (!isdigit((unsigned char)*s))
			return false;
		while (isdigit((unsigned char)*s))
			s++;
	}
	return !*s;
}

struct table_schema *schema_table(const struct db_schema *db, const char *name)
{
	struct table_schema *t;

	HMAP_FOR_EACH_WITH_HASH(t, name_node, hash_string(name, 0), &db->tables_by_name)
		if (streq(t->name, name))
			return t;
	return NULL;
}

struct column_schema *table_column(const struct table_schema *table, const char *name)
{
	struct column_schema *c;

	HMAP_FOR_EACH_WITH_HASH(c, name_node, hash_string(name, 0), &table->columns_by_name)
		if (streq(c->name, name))
			return c;
	return NULL;
}

static void column_destroy(struct column_schema *c)
{
	if (!c)
		return;
	free(c->name);
	column_type_uninit(&c->type);
	free(c);
}

static void table_schema_destroy(struct table_schema *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; i < t->n_columns; i++)
		column_destroy(t->columns[i]);
	for (uint32_t i = 0; i < t->n_indexes; i++)
		free(t->indexes[i].columns);
	free(t->columns);
	free(t->indexes);
	hmap_uninit(&t->columns_by_name);
	free(t->name);
	free(t);
}

void schema_destroy(struct db_schema *db)
{
	if (!db)
		return;
	for (uint32_t i = 0; i < db->n_tables; i++)
		table_schema_destroy(db->tables[i]);
	free(db->tables);
	hmap_uninit(&db->tables_by_name);
	free(db->name);
	free(db->version);
	free(db->cksum);
	free(db);
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of the members of 'object', sorted; borrowed from it.  The array is the caller's. */
static const char **sorted_names(const json_t *object)
{
	const char **names = xcalloc(json_object_size(object) + 1, sizeof(*names));
	const char *name;
	json_t *value;
	size_t n = 0;

	json_object_foreach((json_t *)object, name, value)
		names[n++] = name;
	qsort(names, n, sizeof(*names), compare_strings);
	return names;
}

/* ---- columns ---- */

static void add_column(struct table_schema *t, struct column_schema *c)
{
	c->index = t->n_columns;
	t->columns[t->n_columns++] = c;
	hmap_insert(&t->columns_by_name, &c->name_node, hash_string(c->name, 0));
}

static void add_std_column(struct table_schema *t, const char *name, bool ephemeral)
{
	struct column_schema *c = xzalloc(sizeof(*c));

	c->name = xstrdup(name);
	c->ephemeral = ephemeral;
	base_type_init(&c->type.key, ATOM_UUID);
	c->type.n_min = c->type.n_max = 1;
	add_column(t, c);
}

static char *column_from_json(const char *name, const json_t *json, struct column_schema **cp)
{
	const json_t *type, *mutable_, *ephemeral;
	struct column_schema *c;
	struct members m;
	char *error;

	members_init(&m, json, "schema for column %s", name);
	mutable_ = members_get(&m, "mutable", MEMBER_BOOLEAN | MEMBER_OPTIONAL);
	ephemeral = members_get(&m, "ephemeral", MEMBER_BOOLEAN | MEMBER_OPTIONAL);
	type = members_get(&m, "type", MEMBER_STRING | MEMBER_OBJECT);
	error = members_finish(&m);
	if (error)
		return error;
	c = xzalloc(sizeof(*c));
	c->name = xstrdup(name);
	error = column_type_from_json(&c->type, type);
	if (error) {
		column_destroy(c);
		return error;
	}
	/* a weak reference changes by itself when its row goes */
	c->mutable_ = !mutable_ || json_is_true(mutable_) || base_type_is_weak_ref(&c->type.key) ||
		      base_type_is_weak_ref(&c->type.value);
	c->ephemeral = json_is_true(ephemeral);
	*cp = c;
	return NULL;
}

static json_t *column_to_json(const struct column_schema *c)
{
	json_t *json = json_object();

	json_object_set_new(json, "type", column_type_to_json(&c->type));
	if (!c->mutable_)
		json_object_set_new(json, "mutable", json_false());
	if (c->ephemeral)
		json_object_set_new(json, "ephemeral", json_true());
	return json;
}

/* ---- tables ---- */

static char *check_name(const char *name, const json_t *json)
{
	if (*name == '_')
		return db_syntax_error(json, "names beginning with \"_\" are reserved");
	return schema_is_valid_id(name) ? NULL : db_syntax_error(json, "name must be a valid id");
}

static char *columns_from_json(struct table_schema *t, const json_t *columns, const json_t *json)
{
	const char **names = sorted_names(columns);
	size_t n = json_object_size(columns);
	char *error = NULL;

	if (!n)
		error = db_syntax_error(json, "table must have at least one column");
	t->columns = xcalloc(n + N_STD_COLUMNS, sizeof(struct column_schema *));
	add_std_column(t, "_uuid", false);
	add_std_column(t, "_version", true);
	for (size_t i = 0; !error && i < n; i++) {
		struct column_schema *c = NULL;

		error = check_name(names[i], json);
		if (!error)
			error = column_from_json(names[i], json_object_get(columns, names[i]), &c);
		if (!error)
			add_column(t, c);
	}
	free(names);
	return error;
}

static char *index_from_json(struct table_schema *t, struct index_schema *index, const json_t *json,
			     const json_t *table_json)
{
	size_t n = json_array_size(json);

	if (!json_is_array(json) || n > t->n_columns)
		return db_syntax_error(json, "array of distinct column names expected");
	if (!n)
		return db_syntax_error(table_json, "index must have at least one column");
	index->columns = xcalloc(n, sizeof(struct column_schema *));
	for (size_t i = 0; i < n; i++) {
		const char *name = json_string_value(json_array_get(json, i));
		struct column_schema *c;

		if (!name)
			return db_syntax_error(json, "array of distinct column names expected");
		c = table_column(t, name);
		if (!c)
			return db_syntax_error(json, "%s is not a valid column name", name);
		for (uint32_t j = 0; j < index->n_columns; j++)
			if (index->columns[j] == c)
				return db_syntax_error(json,
						       "array of distinct column names expected");
		if (c->ephemeral)
			return db_syntax_error(table_json,
					       "ephemeral columns (such as %s) may not be indexed",
					       name);
		index->columns[index->n_columns++] = c;
	}
	return NULL;
}

static char *indexes_from_json(struct table_schema *t, const json_t *indexes, const json_t *json)
{
	size_t n = json_array_size(indexes);

	if (!n)
		return NULL;
	t->indexes = xcalloc(n, sizeof(*t->indexes));
	for (size_t i = 0; i < n; i++) {
		char *error = index_from_json(t, &t->indexes[t->n_indexes++],
					      json_array_get(indexes, i), json);

		if (error)
			return error;
	}
	return NULL;
}

static char *table_from_json(const char *name, const json_t *json, struct table_schema **tp)
{
	const json_t *columns, *mutable_, *max_rows, *is_root, *indexes;
	struct table_schema *t;
	struct members m;
	int64_t n_rows;
	char *error;

	members_init(&m, json, "table schema for table %s", name);
	columns = members_get(&m, "columns", MEMBER_OBJECT);
	mutable_ = members_get(&m, "mutable", MEMBER_BOOLEAN | MEMBER_OPTIONAL);
	max_rows = members_get(&m, "maxRows", MEMBER_INTEGER | MEMBER_OPTIONAL);
	is_root = members_get(&m, "isRoot", MEMBER_BOOLEAN | MEMBER_OPTIONAL);
	indexes = members_get(&m, "indexes", MEMBER_ARRAY | MEMBER_OPTIONAL);
	error = members_finish(&m);
	if (error)
		return error;
	n_rows = UINT32_MAX;
	if (max_rows)
		json_integral(max_rows, &n_rows);
	if (n_rows <= 0)
		return db_syntax_error(json, "maxRows must be at least 1");

	t = xzalloc(sizeof(*t));
	t->name = xstrdup(name);
	t->mutable_ = !mutable_ || json_is_true(mutable_);
	t->max_rows = (uint32_t)MIN(n_rows, UINT32_MAX);
	t->is_root = json_is_true(is_root);
	hmap_init(&t->columns_by_name);
	error = columns_from_json(t, columns, json);
	if (!error)
		error = indexes_from_json(t, indexes, json);
	if (error)
		table_schema_destroy(t);
	else
		*tp = t;
	return error;
}

static json_t *table_to_json(const struct table_schema *t, bool all_are_roots)
{
	json_t *json = json_object(), *columns = json_object();

	if (!t->mutable_)
		json_object_set_new(json, "mutable", json_false());
	for (uint32_t i = N_STD_COLUMNS; i < t->n_columns; i++)
		json_object_set_new(columns, t->columns[i]->name, column_to_json(t->columns[i]));
	json_object_set_new(json, "columns", columns);
	if (t->max_rows != UINT32_MAX)
		json_object_set_new(json, "maxRows", json_integer(t->max_rows));
	if (t->is_root && !all_are_roots)
		json_object_set_new(json, "isRoot", json_true());
	if (t->n_indexes) {
		json_t *indexes = json_array();

		for (uint32_t i = 0; i < t->n_indexes; i++) {
			json_t *names = json_array();

			for (uint32_t j = 0; j < t->indexes[i].n_columns; j++)
				json_array_append_new(names,
						      json_string(t->indexes[i].columns[j]->name));
			json_array_append_new(indexes, names);
		}
		json_object_set_new(json, "indexes", indexes);
	}
	return json;
}

/* ---- databases ---- */

static char *resolve(const struct db_schema *db, struct base_type *b, const char *column,
		     const char *part)
{
	const struct table_schema *t;

	if (!base_type_is_ref(b))
		return NULL;
	t = schema_table(db, b->uuid.table_name);
	if (!t)
		return db_syntax_error(NULL, "column %s %s refers to undefined table %s", column,
				       part, b->uuid.table_name);
	b->uuid.table_index = t->index;
	return NULL;
}

static char *resolve_all(struct db_schema *db)
{
	for (uint32_t i = 0; i < db->n_tables; i++) {
		struct table_schema *t = db->tables[i];

		for (uint32_t j = 0; j < t->n_columns; j++) {
			struct column_schema *c = t->columns[j];
			char *error = resolve(db, &c->type.key, c->name, "key");

			if (!error)
				error = resolve(db, &c->type.value, c->name, "value");
			if (error)
				return error;
		}
	}
	return NULL;
}

static char *tables_from_json(struct db_schema *db, const json_t *tables, const json_t *json)
{
	const char **names = sorted_names(tables);
	size_t n = json_object_size(tables);
	char *error = NULL;
	bool any_root = false;

	db->tables = xcalloc(n + 1, sizeof(struct table_schema *));
	for (size_t i = 0; !error && i < n; i++) {
		struct table_schema *t = NULL;

		error = check_name(names[i], json);
		if (!error)
			error = table_from_json(names[i], json_object_get(tables, names[i]), &t);
		if (error)
			break;
		t->index = db->n_tables;
		db->tables[db->n_tables++] = t;
		hmap_insert(&db->tables_by_name, &t->name_node, hash_string(t->name, 0));
		any_root |= t->is_root;
	}
	free(names);
	if (!any_root)
		for (uint32_t i = 0; i < db->n_tables; i++)
			db->tables[i]->is_root = true;
	return error ? error : resolve_all(db);
}

char *schema_from_json(const json_t *json, struct db_schema **dbp)
{
	const json_t *name, *version, *cksum, *tables;
	struct db_schema *db;
	struct members m;
	char *error;

	members_init(&m, json, "database schema");
	name = members_get(&m, "name", MEMBER_ID);
	version = members_get(&m, "version", MEMBER_STRING | MEMBER_OPTIONAL);
	cksum = members_get(&m, "cksum", MEMBER_STRING | MEMBER_OPTIONAL);
	tables = members_get(&m, "tables", MEMBER_OBJECT);
	error = members_finish(&m);
	if (error)
		return error;
	if (version && !schema_is_valid_version(json_string_value(version)))
		return db_syntax_error(json, "schema version \"%s\" not in format x.y.z",
				       json_string_value(version));

	db = xzalloc(sizeof(*db));
	db->name = xstrdup(json_string_value(name));
	db->version = xstrdup(version ? json_string_value(version) : "");
	db->cksum = xstrdup(cksum ? json_string_value(cksum) : "");
	hmap_init(&db->tables_by_name);
	error = tables_from_json(db, tables, json);
	if (error)
		schema_destroy(db);
	else
		*dbp = db;
	return error;
}

char *schema_from_file(const char *path, struct db_schema **dbp)
{
	json_error_t e;
	json_t *json = json_load_file(path, 0, &e);
	char *error;

	if (!json) {
		if (e.line < 0)
			return xasprintf("failed to read schema: \"%s\": %s", path, e.text);
		return xasprintf("failed to read schema: \"%s\" could not be read as JSON "
				 "(line %d, column %d: %s)",
				 path, e.line, e.column, e.text);
	}
	error = schema_from_json(json, dbp);
	json_decref(json);
	return db_error_wrap(error, "failed to parse \"%s\" as ovsdb schema", path);
}

json_t *schema_to_json(const struct db_schema *db)
{
	json_t *json = json_object(), *tables = json_object();
	bool all_are_roots = true;

	for (uint32_t i = 0; i < db->n_tables; i++)
		all_are_roots &= db->tables[i]->is_root;
	json_object_set_new(json, "name", json_string(db->name));
	if (*db->version)
		json_object_set_new(json, "version", json_string(db->version));
	if (*db->cksum)
		json_object_set_new(json, "cksum", json_string(db->cksum));
	for (uint32_t i = 0; i < db->n_tables; i++)
		json_object_set_new(tables, db->tables[i]->name,
				    table_to_json(db->tables[i], all_are_roots));
	json_object_set_new(json, "tables", tables);
	return json;
}

struct db_schema *schema_clone(const struct db_schema *db)
{
	json_t *json = schema_to_json(db);
	struct db_schema *copy = NULL;
	char *error = schema_from_json(json, &copy);

	assert(!error);
	(void)error;
	json_decref(json);
	return copy;
}

bool schema_equal(const struct db_schema *a, const struct db_schema *b)
{
	json_t *ja = schema_to_json(a), *jb = schema_to_json(b);
	bool equal = json_equal(ja, jb);

	json_decref(ja);
	json_decref(jb);
	return equal;
}
