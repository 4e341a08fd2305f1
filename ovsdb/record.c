// SPDX-License-Identifier: Apache-2.0
/* A snapshot holds the content of each row, which is immutable: making one costs a pointer a row,
 * and the database goes on changing meanwhile. */
#include "ovsdb/record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "db/error.h"
#include "ovsdb/json_text.h"

LOG_MODULE(ovsdb_record);

/* Puts what the record says of a row.  False, and nothing put, if that is nothing.  '*overflow'
 * becomes true if a difference has more elements than the column may have. */
static bool put_change(struct str *s, const struct change *c, bool diff, bool *overflow)
{
	const struct db_table *t = c->row->table;
	size_t start = s->len;
	bool first = true;

	if (!c->new_) {
		str_put(s, "null");
		return true;
	}
	str_putc(s, '{');
	for (uint32_t i = N_STD_COLUMNS; i < t->schema->n_columns; i++) {
		const struct column_schema *cs = t->schema->columns[i];
		struct datum new_;

		/* What a new row has at its default is left out. */
		if (cs->ephemeral || !bitmap_get(c->old ? c->changed : c->new_->present, i))
			continue;
		if (!first)
			str_putc(s, ',');
		first = false;
		str_printf(s, "\"%s\":", cs->name);
		new_ = values_get(c->new_, t->schema, i, t->defaults);
		if (c->old && diff && cs->type.n_max > 1) {
			struct datum old = values_get(c->old, t->schema, i, t->defaults);
			struct datum d;

			datum_diff(&d, &old, &new_, &cs->type);
			json_text_put_datum(s, &d, &cs->type);
			*overflow |= d.n > cs->type.n_max;
			datum_uninit(&d, &cs->type);
		} else {
			json_text_put_datum(s, &new_, &cs->type);
		}
	}
	if (c->old && first) {
		str_truncate(s, start); /* ephemeral columns only */
		return false;
	}
	str_putc(s, '}');
	return true;
}

bool record_format_txn(const struct txn *txn, bool diff, struct str *s)
{
	const struct db_table *last = NULL;
	size_t start = s->len;
	bool overflow = false;
	struct change *c;

	str_putc(s, '{');
	TXN_FOR_EACH_CHANGE(c, txn) {
		const struct db_table *t = c->row->table;
		size_t before = s->len;

		if (t != last)
			str_printf(s, "%s\"%s\":{", last ? "}," : "", t->schema->name);
		else
			str_putc(s, ',');
		json_text_put_uuid(s, row_uuid(c->row));
		str_putc(s, ':');
		if (put_change(s, c, diff, &overflow))
			last = t;
		else
			str_truncate(s, before);
	}
	if (!last) {
		str_truncate(s, start);
		return false;
	}
	if (overflow) {
		/* Some servers refuse to read that: this record says values instead. */
		str_truncate(s, start);
		return record_format_txn(txn, false, s);
	}
	str_put(s, "},");
	if (txn->comment.len) {
		str_put(s, "\"_comment\":");
		json_text_put_string(s, txn->comment.data, txn->comment.len);
		str_putc(s, ',');
	}
	if (diff)
		str_put(s, "\"_is_diff\":true,");
	str_printf(s, "\"_date\":%" PRIu64 "}\n", txn->date_ms);
	return true;
}

/* ---- loading */

/* 'row' is the one that 'uuid' names, or NULL.  'columns' and 'changed' are room for the table's
 * columns, zeroed and left so. */
static char *load_row(struct db_table *t, const struct uuid *uuid, struct row *row,
		      const json_t *json, bool diff, struct datum *columns, uint64_t *changed)
{
	struct values *values;
	bool is_new = !row;
	const char *name;
	char *err = NULL;
	json_t *value;

	if (json_is_null(json)) {
		if (!row)
			return xasprintf("it deletes row " UUID_FMT
					 " of table %s, which does not exist",
					 UUID_ARGS(uuid), t->schema->name);
		row_unlink(row);
		return NULL;
	}
	if (!json_is_object(json))
		return db_syntax_error(json, "<row> must be a JSON object or null");
	if (is_new)
		row = row_create(t, uuid);
	json_object_foreach((json_t *)json, name, value) {
		const struct column_schema *cs = table_column(t->schema, name);
		struct datum d;

		if (!cs) {
			err = db_error("unknown column", json, "No column %s in table %s.", name,
				       t->schema->name);
			break;
		}
		if (cs->index < N_STD_COLUMNS)
			continue;
		if (!diff || is_new || cs->type.n_max == 1) {
			err = datum_from_json(&d, &cs->type, value, NULL, false);
		} else {
			struct datum difference, old;

			err = datum_from_json(&difference, &cs->type, value, NULL, true);
			if (!err) {
				old = row_get_values(row, row->values, cs->index);
				datum_clone(&d, &old, &cs->type);
				err = datum_apply_diff(&d, &difference, &cs->type);
				if (!err) /* how many there are is known only now */
					err = datum_check(&d, &cs->type);
				datum_uninit(&difference, &cs->type);
				if (err)
					datum_uninit(&d, &cs->type);
			}
		}
		if (err)
			break;
		bitmap_set(changed, cs->index);
		columns[cs->index] = d;
	}
	if (err) {
		for (uint32_t i = 0; i < t->schema->n_columns; i++)
			if (bitmap_get(changed, i))
				datum_uninit(&columns[i], &t->schema->columns[i]->type);
		if (is_new)
			row_unref(row);
		return err;
	}
	values = values_create(t->schema, row->values, changed, columns);
	memset(changed, 0, t->n_words * sizeof(*changed));
	values_new_version(values);
	values_unref(row->values, t->schema);
	row->values = values;
	if (is_new) {
		row_link(row);
		row_unref(row);
	}
	return NULL;
}

static char *load_rows(struct db_table *t, const json_t *rows, bool diff)
{
	struct datum *columns = xcalloc(t->schema->n_columns, sizeof(*columns));
	uint64_t *changed = xcalloc(t->n_words, sizeof(*changed));
	bool was_empty = hmap_is_empty(&t->rows); /* as for a snapshot: nothing to look up */
	char *err = NULL;
	const char *name;
	json_t *json;

	hmap_reserve(&t->rows, hmap_count(&t->rows) + json_object_size(rows));
	json_object_foreach((json_t *)(uintptr_t)rows, name, json) {
		struct uuid uuid;
		struct row *row;

		if (!uuid_parse(name, &uuid)) {
			err = db_syntax_error(NULL, "\"%s\" is not a valid UUID", name);
			break;
		}
		/* Names of one object differ, but for capitals that a file of others may have. */
		if (was_empty && !strpbrk(name, "ABCDEF"))
			row = NULL;
		else
			row = row_lookup(t, &uuid);
		err = load_row(t, &uuid, row, json, diff, columns, changed);
		if (err)
			break;
	}
	free(columns);
	free(changed);
	return err;
}

char *record_load(struct db *db, const json_t *record)
{
	bool diff = json_is_true(json_object_get(record, "_is_diff"));
	const char *table_name;
	json_t *rows;

	if (!json_is_object(record))
		return db_syntax_error(record, "object expected");
	json_object_foreach((json_t *)record, table_name, rows) {
		struct db_table *t = db_table(db, table_name);
		char *err;

		if (!t) {
			if (table_name[0] == '_')
				continue; /* _date and its like */
			return db_error("unknown table", NULL, "No table named %s.", table_name);
		}
		if (!json_is_object(rows))
			return db_syntax_error(rows, "object expected");
		err = load_rows(t, rows, diff);
		if (err)
			return err;
	}
	return NULL;
}

struct load_walk {
	const struct row *source;
	size_t n_dangling;
};

static void load_count_ref(struct db_table *t, const struct uuid *uuid, void *walk_)
{
	struct load_walk *walk = walk_;
	struct row *target = row_lookup(t, uuid);

	if (!target)
		walk->n_dangling++;
	else if (target != walk->source)
		target->n_strong++;
}

void record_load_finish(struct db *db)
{
	size_t n_dangling = 0;

	for (uint32_t i = 0; i < db->schema->n_tables; i++) {
		struct db_table *t = &db->tables[i];
		struct row *row;

		for (uint32_t j = 0; j < t->schema->n_indexes; j++)
			hmap_reserve(&t->indexes[j], hmap_count(&t->rows));
		HMAP_FOR_EACH(row, node, &t->rows) {
			struct load_walk walk = { row, 0 };

			row_index(row);
			row_add_weak_refs(row, row->values, NULL);
			for (uint32_t w = 0; w < t->n_words; w++)
				for (uint64_t bits = t->strong_columns[w]; bits; bits &= bits - 1) {
					uint32_t c = w * 64 + (uint32_t)__builtin_ctzll(bits);
					struct datum d = row_get_values(row, row->values, c);

					datum_walk_refs(db, &d, &t->schema->columns[c]->type,
							REF_STRONG, load_count_ref, &walk);
				}
			n_dangling += walk.n_dangling;
		}
	}
	if (n_dangling)
		log_warn("database %s: %zu references to rows that do not exist", db->schema->name,
			 n_dangling);
}

/* ---- snapshots */

struct snapshot_row {
	struct uuid uuid;
	struct values *values; /* counted */
};

struct snapshot {
	struct db_schema *schema; /* a copy */
	struct snapshot_row *rows; /* by table */
	size_t n_rows;
	size_t *first; /* by table index, and one more: where its rows begin */
};

struct snapshot *snapshot_create(const struct db *db)
{
	struct snapshot *s = xzalloc(sizeof(*s));
	uint32_t n_tables = db->schema->n_tables;
	size_t n = 0;

	s->schema = schema_clone(db->schema);
	s->first = xcalloc(n_tables + 1, sizeof(*s->first));
	for (uint32_t i = 0; i < n_tables; i++)
		s->n_rows += hmap_count(&db->tables[i].rows);
	s->rows = xcalloc(s->n_rows ? s->n_rows : 1, sizeof(*s->rows));
	for (uint32_t i = 0; i < n_tables; i++) {
		struct row *row;

		s->first[i] = n;
		HMAP_FOR_EACH(row, node, &db->tables[i].rows) {
			s->rows[n].uuid = *row_uuid(row);
			s->rows[n].values = values_ref(row->values);
			n++;
		}
	}
	s->first[n_tables] = n;
	return s;
}

void snapshot_destroy(struct snapshot *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->schema->n_tables; i++)
		for (size_t j = s->first[i]; j < s->first[i + 1]; j++)
			values_unref(s->rows[j].values, s->schema->tables[i]);
	free(s->rows);
	free(s->first);
	schema_destroy(s->schema);
	free(s);
}

size_t snapshot_n_rows(const struct snapshot *s)
{
	return s->n_rows;
}

static void put_row(struct str *s, const struct table_schema *ts, const struct snapshot_row *row)
{
	bool first = true;

	json_text_put_uuid(s, &row->uuid);
	str_put(s, ":{");
	for (uint32_t i = N_STD_COLUMNS; i < ts->n_columns; i++) {
		const struct column_schema *cs = ts->columns[i];
		struct datum d;

		if (cs->ephemeral || !bitmap_get(row->values->present, i))
			continue;
		d = values_get(row->values, ts, i, NULL);
		str_printf(s, "%s\"%s\":", first ? "" : ",", cs->name);
		json_text_put_datum(s, &d, &cs->type);
		first = false;
	}
	str_putc(s, '}');
}

void snapshot_format(const struct snapshot *snapshot, const char *comment, uint64_t date_ms,
		     struct str *s)
{
	str_putc(s, '{');
	for (uint32_t i = 0; i < snapshot->schema->n_tables; i++) {
		const struct table_schema *ts = snapshot->schema->tables[i];

		if (snapshot->first[i] == snapshot->first[i + 1])
			continue;
		str_printf(s, "\"%s\":{", ts->name);
		for (size_t j = snapshot->first[i]; j < snapshot->first[i + 1]; j++) {
			put_row(s, ts, &snapshot->rows[j]);
			str_putc(s, ',');
		}
		str_chomp(s, ',');
		str_put(s, "},");
	}
	if (comment) {
		str_put(s, "\"_comment\":");
		json_text_put_string(s, comment, strlen(comment));
		str_putc(s, ',');
	}
	str_printf(s, "\"_date\":%" PRIu64 "}\n", date_ms);
}
