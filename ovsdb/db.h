/* SPDX-License-Identifier: Apache-2.0 */
/* A database in memory: tables of rows, indexed.  It knows nothing of files, clients or JSON-RPC.
 *
 * Rows are found by UUID and by the schema's indexes; how many strong references a row has is
 * counted in it, and the weak ones hang on it in a list, so that a transaction costs what it
 * changes.
 * Rows are changed by transactions only (txn.h), or while a log is read (record.h).
 * Threads: none of its own. */
#ifndef OVSDB_DB_H
#define OVSDB_DB_H

#include <urcu/list.h>

#include "base/hmap.h"
#include "db/condition.h"
#include "ovsdb/values.h"

struct change;
struct txn;

struct db_table {
	struct db *db;
	const struct table_schema *schema;
	uint32_t n_words; /* of a bitmap of columns */
	struct hmap rows; /* 'struct row' by UUID; with an open transaction also what it deleted */
	/* 'struct row' by schema->indexes[i]; as the open transaction sees it */
	struct hmap *indexes;
	struct datum *defaults; /* by column */
	struct values *empty; /* all defaults, version zero */
	struct datum *scratch; /* by column: views for conditions, see row_fill() */
	uint64_t *strong_columns, *weak_columns; /* bitmaps of columns with references */
	uint64_t *index_columns; /* bitmap of columns of any index */
	uint32_t n_added, n_removed; /* by the open transaction */
	uint64_t touched_serial; /* of the last transaction that changed rows: see txn_serial() */
};

struct row {
	struct hmap_node node; /* in db_table.rows */
	union atom uuid; /* column _uuid */
	struct db_table *table;
	struct values *values; /* as committed; of an inserted row the table's 'empty' until then */
	struct change *change; /* of the open transaction, or NULL */
	struct cds_list_head weak_refs; /* 'struct weak_ref' to this row */
	uint32_t refs; /* of the memory: 1 for the table, 1 for each change */
	uint32_t n_strong; /* committed strong references from other rows */
	struct hmap_node index_nodes[]; /* in db_table.indexes[i], of deleted rows in none */
};

struct db {
	struct db_schema *schema;
	struct db_table *tables; /* by table index */
	struct txn *open; /* at most one at a time */
	struct hmap weak_refs; /* 'struct weak_ref' by (source, column, target) */
	size_t n_atoms; /* not kept exactly: see db_count() */
};

/* Takes 'schema', which must have been checked (schema_from_json()). */
struct db *db_create(struct db_schema *schema);
void db_destroy(struct db *);
struct db_table *db_table(const struct db *, const char *name); /* may be NULL */
static inline struct db_table *db_table_by_schema(const struct db *db,
						  const struct table_schema *ts)
{
	return &db->tables[ts->index];
}
struct db_counts {
	size_t n_rows, n_cells, n_atoms, n_weak_refs;
};
void db_count(const struct db *, struct db_counts *);

/* May be one that the open transaction deleted: row_is_live(). */
struct row *row_lookup(const struct db_table *, const struct uuid *);
static inline const struct uuid *row_uuid(const struct row *row)
{
	return &row->uuid.uuid;
}
/* False for what the open transaction has deleted. */
bool row_is_live(const struct row *);
/* The column as the open transaction sees it; borrowed until the row changes. */
struct datum row_get(const struct row *, uint32_t column);
/* The same as last committed. */
struct datum row_get_values(const struct row *, const struct values *, uint32_t column);
/* Puts views of the columns that 'condition' mentions into the table's 'scratch', and returns
 * that. */
const struct datum *row_fill(const struct row *, const struct condition *);
const struct datum *row_fill_values(const struct row *, const struct values *,
				    const struct condition *);

/* For txn.c and record.c.
 * A row that is in no table yet; one reference. */
struct row *row_create(struct db_table *, const struct uuid *);
void row_ref(struct row *);
void row_unref(struct row *);
void row_link(struct row *); /* takes a reference, puts it into 'rows' */
void row_unlink(struct row *);
/* Puts the row into the indexes as it is now; out of them. */
void row_index(struct row *);
void row_unindex(struct row *);
/* Puts the row into its new place in the indexes that have one of 'columns', or 'column'. */
void row_reindex(struct row *, const uint64_t *columns);
void row_reindex_column(struct row *, uint32_t column);
uint32_t row_index_hash(const struct row *, const struct index_schema *);
bool row_index_equal(const struct row *, const struct row *, const struct index_schema *);

struct weak_ref {
	struct hmap_node node; /* in db.weak_refs */
	struct cds_list_head target_node; /* in target->weak_refs */
	struct row *source, *target;
	uint32_t column; /* of the source */
	uint32_t n; /* how often: a map may name a row twice */
};
/* Adds or removes what a content of 'row' refers to weakly in the columns of bitmap 'columns'
 * (NULL: all).
 * Targets that do not exist are skipped. */
void row_add_weak_refs(struct row *, const struct values *, const uint64_t *columns);
void row_del_weak_refs(struct row *, const struct values *, const uint64_t *columns);

/* Calls 'fn' for each reference of 'kind' in a datum: the table referred to, and the UUID. */
void datum_walk_refs(const struct db *, const struct datum *, const struct column_type *,
		     enum ref_kind kind,
		     void (*fn)(struct db_table *, const struct uuid *, void *aux), void *aux);

#endif
