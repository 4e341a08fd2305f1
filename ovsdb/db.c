// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/db.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/util.h"
#include "ovsdb/txn.h"

static bool type_has_ref(const struct column_type *type, enum ref_kind kind)
{
	return (type->key.type == ATOM_UUID && type->key.uuid.kind == kind) ||
	       (type->value.type == ATOM_UUID && type->value.uuid.kind == kind);
}

static void table_init(struct db_table *t, struct db *db, const struct table_schema *ts)
{
	t->db = db;
	t->schema = ts;
	t->n_words = bitmap_words(ts->n_columns);
	hmap_init(&t->rows);
	t->indexes = xcalloc(ts->n_indexes ? ts->n_indexes : 1, sizeof(*t->indexes));
	t->defaults = xcalloc(ts->n_columns, sizeof(*t->defaults));
	t->scratch = xcalloc(ts->n_columns, sizeof(*t->scratch));
	t->strong_columns = xcalloc(t->n_words, sizeof(uint64_t));
	t->weak_columns = xcalloc(t->n_words, sizeof(uint64_t));
	t->index_columns = xcalloc(t->n_words, sizeof(uint64_t));
	for (uint32_t i = 0; i < ts->n_columns; i++) {
		const struct column_type *type = &ts->columns[i]->type;

		datum_init_default(&t->defaults[i], type);
		if (i < N_STD_COLUMNS)
			continue;
		if (type_has_ref(type, REF_STRONG))
			bitmap_set(t->strong_columns, i);
		if (type_has_ref(type, REF_WEAK))
			bitmap_set(t->weak_columns, i);
	}
	for (uint32_t i = 0; i < ts->n_indexes; i++) {
		hmap_init(&t->indexes[i]);
		for (uint32_t j = 0; j < ts->indexes[i].n_columns; j++)
			bitmap_set(t->index_columns, ts->indexes[i].columns[j]->index);
	}
	t->empty = values_create_default(ts);
}

static void table_uninit(struct db_table *t)
{
	struct row *row;

	HMAP_FOR_EACH(row, node, &t->rows) {
		row_unindex(row);
		row_unlink(row);
	}
	hmap_uninit(&t->rows);
	for (uint32_t i = 0; i < t->schema->n_indexes; i++)
		hmap_uninit(&t->indexes[i]);
	for (uint32_t i = 0; i < t->schema->n_columns; i++)
		datum_uninit(&t->defaults[i], &t->schema->columns[i]->type);
	values_unref(t->empty, t->schema);
	free(t->indexes);
	free(t->defaults);
	free(t->scratch);
	free(t->strong_columns);
	free(t->weak_columns);
	free(t->index_columns);
}

struct db *db_create(struct db_schema *schema)
{
	struct db *db = xzalloc(sizeof(*db));

	db->schema = schema;
	hmap_init(&db->weak_refs);
	db->tables = xcalloc(schema->n_tables ? schema->n_tables : 1, sizeof(*db->tables));
	for (uint32_t i = 0; i < schema->n_tables; i++)
		table_init(&db->tables[i], db, schema->tables[i]);
	return db;
}

void db_destroy(struct db *db)
{
	struct weak_ref *ref;

	if (!db)
		return;
	assert(!db->open);
	HMAP_FOR_EACH(ref, node, &db->weak_refs)
		free(ref);
	hmap_uninit(&db->weak_refs);
	for (uint32_t i = 0; i < db->schema->n_tables; i++)
		table_uninit(&db->tables[i]);
	free(db->tables);
	schema_destroy(db->schema);
	free(db);
}

struct db_table *db_table(const struct db *db, const char *name)
{
	const struct table_schema *ts = schema_table(db->schema, name);

	return ts ? &db->tables[ts->index] : NULL;
}

void db_count(const struct db *db, struct db_counts *counts)
{
	memset(counts, 0, sizeof(*counts));
	counts->n_weak_refs = hmap_count(&db->weak_refs);
	for (uint32_t i = 0; i < db->schema->n_tables; i++) {
		const struct db_table *t = &db->tables[i];
		struct row *row;

		counts->n_rows += hmap_count(&t->rows);
		HMAP_FOR_EACH(row, node, &t->rows) {
			counts->n_cells += row->values->n_cells;
			for (uint32_t c = N_STD_COLUMNS; c < t->schema->n_columns; c++) {
				struct datum d = values_get(row->values, t->schema, c, NULL);

				counts->n_atoms += d.n * (d.values ? 2 : 1);
			}
		}
	}
}

struct row *row_lookup(const struct db_table *t, const struct uuid *uuid)
{
	struct row *row;

	HMAP_FOR_EACH_WITH_HASH(row, node, uuid_hash(uuid), &t->rows)
		if (uuid_equal(row_uuid(row), uuid))
			return row;
	return NULL;
}

bool row_is_live(const struct row *row)
{
	return !row->change || !row->change->deleted;
}

struct datum row_get_values(const struct row *row, const struct values *values, uint32_t column)
{
	if (column == COL_UUID)
		return (struct datum){ 1, (union atom *)(uintptr_t)&row->uuid, NULL };
	return values_get(values, row->table->schema, column, row->table->defaults);
}

struct datum row_get(const struct row *row, uint32_t column)
{
	const struct change *c = row->change;

	if (c && c->columns && bitmap_get(c->changed, column))
		return c->columns[column];
	return row_get_values(row, row->values, column);
}

const struct datum *row_fill(const struct row *row, const struct condition *cond)
{
	struct datum *scratch = row->table->scratch;

	for (size_t i = 0; i < cond->n; i++)
		if (cond->clauses[i].column) {
			uint32_t c = cond->clauses[i].column->index;

			scratch[c] = row_get(row, c);
		}
	return scratch;
}

const struct datum *row_fill_values(const struct row *row, const struct values *values,
				    const struct condition *cond)
{
	struct datum *scratch = row->table->scratch;

	for (size_t i = 0; i < cond->n; i++)
		if (cond->clauses[i].column) {
			uint32_t c = cond->clauses[i].column->index;

			scratch[c] = row_get_values(row, values, c);
		}
	return scratch;
}

struct row *row_create(struct db_table *t, const struct uuid *uuid)
{
	struct row *row = xzalloc(sizeof(*row) +
				  t->schema->n_indexes * sizeof(row->index_nodes[0]));

	row->uuid.uuid = *uuid;
	row->table = t;
	row->values = values_ref(t->empty);
	row->refs = 1;
	CDS_INIT_LIST_HEAD(&row->weak_refs);
	return row;
}

void row_ref(struct row *row)
{
	row->refs++;
}

void row_unref(struct row *row)
{
	if (--row->refs)
		return;
	values_unref(row->values, row->table->schema);
	free(row);
}

void row_link(struct row *row)
{
	row_ref(row);
	hmap_insert(&row->table->rows, &row->node, uuid_hash(row_uuid(row)));
}

void row_unlink(struct row *row)
{
	hmap_remove(&row->table->rows, &row->node);
	row_unref(row);
}

uint32_t row_index_hash(const struct row *row, const struct index_schema *index)
{
	uint32_t hash = 0;

	for (uint32_t i = 0; i < index->n_columns; i++) {
		struct datum d = row_get(row, index->columns[i]->index);

		hash = datum_hash(&d, &index->columns[i]->type, hash);
	}
	return hash;
}

bool row_index_equal(const struct row *a, const struct row *b, const struct index_schema *index)
{
	for (uint32_t i = 0; i < index->n_columns; i++) {
		struct datum da = row_get(a, index->columns[i]->index);
		struct datum db = row_get(b, index->columns[i]->index);

		if (!datum_equal(&da, &db, &index->columns[i]->type))
			return false;
	}
	return true;
}

static void index_insert(struct row *row, uint32_t i)
{
	hmap_insert(&row->table->indexes[i], &row->index_nodes[i],
		    row_index_hash(row, &row->table->schema->indexes[i]));
}

static void index_remove(struct row *row, uint32_t i)
{
	if (row->index_nodes[i].pprev)
		hmap_remove(&row->table->indexes[i], &row->index_nodes[i]);
}

void row_index(struct row *row)
{
	for (uint32_t i = 0; i < row->table->schema->n_indexes; i++)
		index_insert(row, i);
}

void row_unindex(struct row *row)
{
	for (uint32_t i = 0; i < row->table->schema->n_indexes; i++)
		index_remove(row, i);
}

void row_reindex(struct row *row, const uint64_t *columns)
{
	const struct table_schema *ts = row->table->schema;

	for (uint32_t i = 0; i < ts->n_indexes; i++)
		for (uint32_t j = 0; j < ts->indexes[i].n_columns; j++)
			if (bitmap_get(columns, ts->indexes[i].columns[j]->index)) {
				index_remove(row, i);
				index_insert(row, i);
				break;
			}
}

void row_reindex_column(struct row *row, uint32_t column)
{
	const struct table_schema *ts = row->table->schema;

	for (uint32_t i = 0; i < ts->n_indexes; i++)
		for (uint32_t j = 0; j < ts->indexes[i].n_columns; j++)
			if (ts->indexes[i].columns[j]->index == column) {
				index_remove(row, i);
				index_insert(row, i);
			}
}

void datum_walk_refs(const struct db *db, const struct datum *d, const struct column_type *type,
		     enum ref_kind kind,
		     void (*fn)(struct db_table *, const struct uuid *, void *aux), void *aux)
{
	if (type->key.type == ATOM_UUID && type->key.uuid.kind == kind)
		for (uint32_t i = 0; i < d->n; i++)
			fn(&db->tables[type->key.uuid.table_index], &d->keys[i].uuid, aux);
	if (type->value.type == ATOM_UUID && type->value.uuid.kind == kind)
		for (uint32_t i = 0; i < d->n; i++)
			fn(&db->tables[type->value.uuid.table_index], &d->values[i].uuid, aux);
}

static uint32_t weak_ref_hash(const struct row *source, const struct row *target, uint32_t column)
{
	return hash_pointer(target, hash_pointer(source, column));
}

static struct weak_ref *weak_ref_lookup(const struct db *db, const struct row *source,
					const struct row *target, uint32_t column)
{
	struct weak_ref *ref;

	HMAP_FOR_EACH_WITH_HASH(ref, node, weak_ref_hash(source, target, column), &db->weak_refs)
		if (ref->source == source && ref->target == target && ref->column == column)
			return ref;
	return NULL;
}

struct weak_walk {
	struct row *source;
	uint32_t column;
};

static void weak_ref_add(struct db_table *t, const struct uuid *uuid, void *walk_)
{
	const struct weak_walk *walk = walk_;
	struct row *target = row_lookup(t, uuid);
	struct weak_ref *ref;

	if (!target)
		return;
	ref = weak_ref_lookup(t->db, walk->source, target, walk->column);
	if (ref) {
		ref->n++;
		return;
	}
	ref = xmalloc(sizeof(*ref));
	ref->source = walk->source;
	ref->target = target;
	ref->column = walk->column;
	ref->n = 1;
	cds_list_add_tail(&ref->target_node, &target->weak_refs);
	hmap_insert(&t->db->weak_refs, &ref->node,
		    weak_ref_hash(walk->source, target, walk->column));
}

static void weak_ref_del(struct db_table *t, const struct uuid *uuid, void *walk_)
{
	const struct weak_walk *walk = walk_;
	struct row *target = row_lookup(t, uuid);
	struct weak_ref *ref;

	ref = target ? weak_ref_lookup(t->db, walk->source, target, walk->column) : NULL;
	if (!ref || --ref->n)
		return;
	cds_list_del(&ref->target_node);
	hmap_remove(&t->db->weak_refs, &ref->node);
	free(ref);
}

static void walk_weak(struct row *row, const struct values *values, const uint64_t *columns,
		      void (*fn)(struct db_table *, const struct uuid *, void *))
{
	struct db_table *t = row->table;

	for (uint32_t w = 0; w < t->n_words; w++)
		for (uint64_t bits = t->weak_columns[w] & (columns ? columns[w] : UINT64_MAX); bits;
		     bits &= bits - 1) {
			struct weak_walk walk = { row, w * 64 + (uint32_t)__builtin_ctzll(bits) };
			struct datum d = values_get(values, t->schema, walk.column, NULL);

			datum_walk_refs(t->db, &d, &t->schema->columns[walk.column]->type, REF_WEAK,
					fn, &walk);
		}
}

void row_add_weak_refs(struct row *row, const struct values *values, const uint64_t *columns)
{
	walk_weak(row, values, columns, weak_ref_add);
}

void row_del_weak_refs(struct row *row, const struct values *values, const uint64_t *columns)
{
	walk_weak(row, values, columns, weak_ref_del);
}
