// SPDX-License-Identifier: Apache-2.0
/* JSON from a peer or a file: [SCHEMA, TABLE, WHERE, MUTATIONS, ROW] with any of it wrong.  What is
 * accepted must print to JSON that is accepted and equal; conditions and mutations are applied to
 * the row. */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "db/condition.h"
#include "db/error.h"
#include "db/symbol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An error can be taken apart and sent. */
static bool failed(char *error)
{
	json_t *json;
	char *text;

	if (!error)
		return false;
	json = db_error_to_json(error, "constraint violation");
	text = json_dumps(json, JSON_COMPACT);
	if (!text || !json_object_get(json, "error"))
		abort();
	free(text);
	json_decref(json);
	free(error);
	return true;
}

static struct datum *row_from_json(const struct table_schema *t, const json_t *json,
				   struct symbol_table *symbols)
{
	struct datum *row = xcalloc(t->n_columns, sizeof(*row)), again, diff, d;

	for (uint32_t i = 0; i < t->n_columns; i++) {
		const struct column_type *type = &t->columns[i]->type;
		const json_t *value = json_object_get(json, t->columns[i]->name);
		json_t *back;

		datum_init_default(&row[i], type);
		if (!value || failed(datum_from_json(&d, type, value, symbols, false)))
			continue;
		back = datum_to_json(&d, type);
		if (failed(datum_from_json(&again, type, back, NULL, false)) ||
		    !datum_equal(&d, &again, type))
			abort();
		json_decref(back);
		datum_uninit(&again, type);
		datum_diff(&diff, &row[i], &d, type);
		if (failed(datum_apply_diff(&row[i], &diff, type)) ||
		    !datum_equal(&row[i], &d, type))
			abort();
		datum_uninit(&diff, type);
		datum_uninit(&d, type);
	}
	return row;
}

static void try_where(const struct table_schema *t, const json_t *json, const struct datum *row,
		      struct symbol_table *symbols)
{
	struct condition c, again;
	json_t *back;

	if (failed(condition_from_json(&c, t, json, symbols)))
		return;
	back = condition_to_json(&c);
	if (failed(condition_from_json(&again, t, back, NULL)))
		abort();
	if (condition_matches_all(&c, row) != condition_matches_all(&again, row) ||
	    condition_matches_any(&c, row) != condition_matches_any(&again, row))
		abort();
	condition_uuid(&c);
	json_decref(back);
	condition_uninit(&again);
	condition_uninit(&c);
}

static void try_mutations(const struct table_schema *t, const json_t *json, struct datum *row,
			  struct symbol_table *symbols)
{
	struct mutation_list list;

	if (failed(mutations_from_json(&list, t, json, symbols)))
		return;
	for (size_t i = 0; i < list.n; i++) {
		const struct column_schema *c = list.mutations[i].column;
		const char *tag = NULL;
		bool was_fine = !failed(datum_check(&row[c->index], &c->type));

		if (failed(mutation_apply(&list.mutations[i], row, &tag))) {
			if (!tag)
				abort();
		} else if (was_fine && failed(datum_check(&row[c->index], &c->type))) {
			abort();
		}
	}
	mutations_uninit(&list);
}

static void try_table(const struct db_schema *db, const json_t *json)
{
	const char *name = json_string_value(json_array_get(json, 1));
	const struct table_schema *t = name ? schema_table(db, name) : NULL;
	struct symbol_table *symbols;
	struct datum *row;

	if (!t)
		return;
	symbols = symbol_table_create();
	row = row_from_json(t, json_array_get(json, 4), symbols);
	if (json_array_get(json, 2))
		try_where(t, json_array_get(json, 2), row, symbols);
	if (json_array_get(json, 3))
		try_mutations(t, json_array_get(json, 3), row, symbols);
	for (uint32_t i = 0; i < t->n_columns; i++)
		datum_uninit(&row[i], &t->columns[i]->type);
	free(row);
	symbol_table_destroy(symbols);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *json = json_loadb((const char *)data, size, 0, NULL);
	struct db_schema *db, *copy;

	if (!json)
		return 0;
	if (json_array_get(json, 0) && !failed(schema_from_json(json_array_get(json, 0), &db))) {
		copy = schema_clone(db);
		if (!schema_equal(db, copy))
			abort();
		try_table(copy, json);
		schema_destroy(copy);
		schema_destroy(db);
	}
	json_decref(json);
	return 0;
}
