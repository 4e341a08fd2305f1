/* SPDX-License-Identifier: Apache-2.0 */
/* "db:DB,TABLE,COLUMN": a place in a database that holds a setting of the server itself, such as
 * its remotes or its TLS files.  The form of before 2.0, "db:TABLE,COLUMN", is taken where just one
 * database is served, and column "managers" of Open_vSwitch stands for its successor
 * "manager_options"; both with a hint. */
#ifndef OVSDB_DB_REF_H
#define OVSDB_DB_REF_H

#include "ovsdb/server.h"

struct db_ref {
	struct service *service;
	struct db_table *table;
	const struct column_schema *column;
};

static inline bool db_ref_is(const char *spec)
{
	return spec && spec[0] == 'd' && spec[1] == 'b' && spec[2] == ':';
}
/* NULL or a sentence. */
char *db_ref_parse(const struct server *, const char *spec, struct db_ref *) MUST_CHECK;
/* The first string that is not empty in that column of any row; NULL if there is none.  Borrowed
 * from the database. */
const char *db_ref_string(const struct db_ref *);

/* Columns of a row by name, for tables whose columns differ from schema to schema: NULL or the
 * default if there is no such column, or it is empty or of another type. */
const char *db_row_string(const struct row *, const char *column);
bool db_row_integer(const struct row *, const char *column, int64_t *);
bool db_row_bool(const struct row *, const char *column, bool def);
const char *db_row_map_value(const struct row *, const char *column, const char *key);

#endif
