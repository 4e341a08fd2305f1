/* SPDX-License-Identifier: Apache-2.0 */
/* A small database with references of every kind, and a check that all that a database derives from
 * its rows (indexes, counts, lists of weak references) is what the rows say.  Unit tests and a fuzz
 * target use it. */
#ifndef TESTS_UNIT_OVSDB_CHECK_DB_H
#define TESTS_UNIT_OVSDB_CHECK_DB_H

#include <jansson.h>
#include <stdlib.h>

#include "base/util.h"
#include "ovsdb/db.h"

static const char unit_schema[] =
	"{'name':'T','tables':{"
	"'A':{'columns':{'s':{'type':'string'},'i':{'type':'integer'},"
	"'set':{'type':{'key':'integer','min':0,'max':'unlimited'}},"
	"'map':{'type':{'key':'string','value':'string','min':0,'max':'unlimited'}},"
	"'eph':{'type':'integer','ephemeral':true},"
	"'ref':{'type':{'key':{'type':'uuid','refTable':'B'},'min':0,'max':'unlimited'}},"
	"'wref':{'type':{'key':{'type':'uuid','refTable':'B','refType':'weak'},'min':0,"
	"'max':'unlimited'}},"
	"'mref':{'type':{'key':'string','value':{'type':'uuid','refTable':'B'},'min':0,"
	"'max':'unlimited'}}"
	"},'indexes':[['s']],'isRoot':true},"
	"'B':{'columns':{'n':{'type':'string'},"
	"'next':{'type':{'key':{'type':'uuid','refTable':'B'},'min':0,'max':1}},"
	"'weak':{'type':{'key':{'type':'uuid','refTable':'A','refType':'weak'},'min':0,"
	"'max':'unlimited'}}"
	"},'indexes':[['n']]},"
	"'C':{'columns':{'x':{'type':'integer'},"
	"'w':{'type':{'key':{'type':'uuid','refTable':'C','refType':'weak'}}}},'isRoot':true},"
	"'M':{'columns':{'x':{'type':'integer'}},'maxRows':2,'isRoot':true}}}";

static inline struct db *unit_db(void)
{
	char *text = xstrdup(unit_schema);
	struct db_schema *schema;
	json_t *json;
	char *err;

	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	json = json_loads(text, 0, NULL);
	free(text);
	err = schema_from_json(json, &schema);
	json_decref(json);
	if (err)
		fatal(0, "%s", err);
	return db_create(schema);
}

static inline void unit_count_ref(struct db_table *t, const struct uuid *uuid, void *row_)
{
	const struct row *const *pair = row_;
	size_t *n = (size_t *)(uintptr_t)pair[1];

	if (row_lookup(t, uuid) == pair[0])
		++*n;
}

/* How often 'source' refers to 'target' by references of 'kind'. */
static inline size_t unit_refs(const struct row *source, const struct row *target,
			       enum ref_kind kind)
{
	const struct db_table *t = source->table;
	size_t n = 0;
	const void *pair[2] = { target, &n };

	for (uint32_t i = N_STD_COLUMNS; i < t->schema->n_columns; i++) {
		struct datum d = row_get_values(source, source->values, i);

		datum_walk_refs(t->db, &d, &t->schema->columns[i]->type, kind, unit_count_ref,
				pair);
	}
	return n;
}

#define UNIT_FOR_EACH_ROW(row, db)                                                                 \
	for (uint32_t t__ = 0; t__ < (db)->schema->n_tables; t__++)                                \
		HMAP_FOR_EACH(row, node, &(db)->tables[t__].rows)

/* NULL, or what is wrong (static). */
static inline const char *unit_inconsistency(const struct db *db)
{
	size_t n_weak = 0;
	struct row *row;
	struct row *other;
	struct weak_ref *ref;

	if (db->open)
		return "a transaction is open";
	UNIT_FOR_EACH_ROW(row, db)
	{
		const struct table_schema *ts = row->table->schema;
		size_t n_strong = 0, n_listed = 0, n_found = 0;

		if (row->change)
			return "a row has a change";
		if (row->refs < 1 || row->values->refs < 1)
			return "a row without references";
		for (uint32_t t = 0; t < db->schema->n_tables; t++)
			HMAP_FOR_EACH(other, node, &db->tables[t].rows) {
				if (other != row)
					n_strong += unit_refs(other, row, REF_STRONG);
				n_found += unit_refs(other, row, REF_WEAK);
			}
		if (n_strong != row->n_strong)
			return "the count of strong references";
		if (!n_strong && !ts->is_root)
			return "a row that should have been collected";
		cds_list_for_each_entry(ref, &row->weak_refs, target_node) {
			if (ref->target != row || !ref->n)
				return "a weak reference in another row's list";
			n_listed += ref->n;
			n_weak++;
		}
		if (n_listed != n_found)
			return "the list of weak references";
		for (uint32_t i = 0; i < ts->n_indexes; i++) {
			size_t n = 0;

			if (row->index_nodes[i].hash != row_index_hash(row, &ts->indexes[i]))
				return "a row in the wrong place of an index";
			HMAP_FOR_EACH_WITH_HASH(other, index_nodes[i], row->index_nodes[i].hash,
						&row->table->indexes[i]) {
				n += other == row;
				if (other != row && row_index_equal(other, row, &ts->indexes[i]))
					return "two rows are the same to an index";
			}
			if (n != 1)
				return "a row that an index does not find";
			if (hmap_count(&row->table->indexes[i]) != hmap_count(&row->table->rows))
				return "the size of an index";
		}
		for (uint32_t i = N_STD_COLUMNS; i < ts->n_columns; i++) {
			struct datum d = row_get(row, i);
			char *err = datum_check(&d, &ts->columns[i]->type);

			if (err) {
				free(err);
				return "a value outside of its type";
			}
			if (bitmap_get(row->values->present, i) &&
			    datum_is_default(&d, &ts->columns[i]->type))
				return "a default that takes room";
		}
		if (hmap_count(&row->table->rows) > ts->max_rows)
			return "too many rows";
	}
	if (n_weak != hmap_count(&db->weak_refs))
		return "the table of weak references";
	return NULL;
}

#endif
