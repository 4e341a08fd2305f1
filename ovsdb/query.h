/* SPDX-License-Identifier: Apache-2.0 */
/* Finding rows: "where" of operations, by UUID or by an index of the schema where it says enough,
 * else by looking at all rows; and sets of rows seen through some columns. */
#ifndef OVSDB_QUERY_H
#define OVSDB_QUERY_H

#include "ovsdb/db.h"

struct query_rows {
	struct row **rows; /* borrowed: valid until the database changes */
	size_t n, n_allocated;
};
/* Adds the live rows that 'where' selects. */
char *query_from_json(struct db_table *, const json_t *where, struct symbol_table *,
		      struct query_rows *) MUST_CHECK;
void query_run(struct db_table *, const struct condition *, struct query_rows *);
void query_rows_uninit(struct query_rows *);
/* Leaves one row of those that are equal in all of 'columns'. */
void query_rows_distinct(struct query_rows *, const struct column_schema **columns,
			 size_t n_columns);

/* A set of rows, seen through 'columns' (borrowed). */
struct query_set;
struct query_set *query_set_create(const struct column_schema **columns, size_t n_columns);
void query_set_destroy(struct query_set *);
/* False if an equal one is in the set already. */
bool query_set_insert_row(struct query_set *, const struct row *);
enum query_set_found { QUERY_SET_ABSENT, QUERY_SET_FIRST, QUERY_SET_AGAIN };
/* Looks for a row that has 'columns' where bitmap 'given' says so and defaults elsewhere; says
 * whether it was found for the first time. */
enum query_set_found query_set_find(struct query_set *, const struct db_table *,
				    const struct datum *columns, const uint64_t *given);

#endif
