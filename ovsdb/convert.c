// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/convert.h"

#include <stdlib.h>

#include "base/util.h"
#include "db/error.h"

static char *convert_row(const struct row *from, struct db_table *to)
{
	const struct table_schema *old = from->table->schema;
	const struct table_schema *new_ = to->schema;
	struct datum *columns = xcalloc(new_->n_columns, sizeof(*columns));
	uint64_t *changed = xcalloc(to->n_words, sizeof(*changed));
	struct values *values;
	struct row *row;

	for (uint32_t i = N_STD_COLUMNS; i < new_->n_columns; i++) {
		const struct column_schema *cs = new_->columns[i];
		const struct column_schema *old_cs = table_column(old, cs->name);
		struct datum d;
		json_t *json;
		char *err;

		if (!old_cs || old_cs->index < N_STD_COLUMNS)
			continue;
		d = row_get_values(from, from->values, old_cs->index);
		json = datum_to_json(&d, &old_cs->type);
		err = datum_from_json(&columns[i], &cs->type, json, NULL, false);
		json_decref(json);
		if (err) {
			for (uint32_t j = 0; j < i; j++)
				if (bitmap_get(changed, j))
					datum_uninit(&columns[j], &new_->columns[j]->type);
			free(columns);
			free(changed);
			return db_error_wrap(err, "column %s of row " UUID_FMT " in table %s",
					     cs->name, UUID_ARGS(row_uuid(from)), old->name);
		}
		bitmap_set(changed, i);
	}
	row = row_create(to, row_uuid(from));
	values = values_create(new_, row->values, changed, columns);
	values->version = from->values->version;
	values_unref(row->values, new_);
	row->values = values;
	row_link(row);
	row_unref(row);
	free(columns);
	free(changed);
	return NULL;
}

char *convert_db(const struct db *old, struct db_schema *schema, struct db **converted)
{
	struct db *db = db_create(schema);

	for (uint32_t i = 0; i < old->schema->n_tables; i++) {
		struct db_table *to = db_table(db, old->schema->tables[i]->name);
		struct row *row;

		if (!to)
			continue;
		HMAP_FOR_EACH(row, node, &old->tables[i].rows) {
			char *err = convert_row(row, to);

			if (err) {
				db_destroy(db);
				return err;
			}
		}
	}
	*converted = db;
	return NULL;
}
