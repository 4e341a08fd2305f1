/* SPDX-License-Identifier: Apache-2.0 */
/* Database schemas (RFC 7047 section 3.2). */
#ifndef DB_SCHEMA_H
#define DB_SCHEMA_H

#include "base/smap.h"
#include "db/datum.h"

struct column_schema {
	struct hmap_node name_node;
	char *name;
	uint32_t index; /* position in the table; 0 is _uuid, 1 is _version, then by name */
	bool mutable_;
	bool ephemeral; /* persistent otherwise */
	struct column_type type;
};
#define COL_UUID 0
#define COL_VERSION 1
#define N_STD_COLUMNS 2

struct index_schema {
	uint32_t n_columns;
	struct column_schema **columns;
};

struct table_schema {
	struct hmap_node name_node;
	char *name;
	uint32_t index; /* position in the schema, by name */
	bool mutable_;
	bool is_root; /* as the schema says, or all tables if none says so */
	uint32_t max_rows; /* UINT32_MAX: unlimited */
	uint32_t n_columns;
	struct column_schema **columns; /* by index */
	struct hmap columns_by_name;
	uint32_t n_indexes;
	struct index_schema *indexes;
};

struct db_schema {
	char *name;
	char *version; /* may be "" */
	char *cksum; /* may be "" */
	uint32_t n_tables;
	struct table_schema **tables;
	struct hmap tables_by_name;
};

char *schema_from_json(const json_t *, struct db_schema **) MUST_CHECK;
char *schema_from_file(const char *path, struct db_schema **) MUST_CHECK;
json_t *schema_to_json(const struct db_schema *);
void schema_destroy(struct db_schema *);
struct db_schema *schema_clone(const struct db_schema *);
bool schema_equal(const struct db_schema *, const struct db_schema *);
struct table_schema *schema_table(const struct db_schema *, const char *name); /* may be NULL */
struct column_schema *table_column(const struct table_schema *, const char *name); /* may be NULL */
/* RFC 7047 <id>: a letter or '_', then letters, digits, '_'. */
bool schema_is_valid_id(const char *);
bool schema_is_valid_version(const char *); /* x.y.z */

#endif
