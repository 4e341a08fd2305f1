/* SPDX-License-Identifier: Apache-2.0 */
/* Tables for people and scripts: --format=table|list|html|csv|json, --data=string|bare|json,
 * --no-headings, --pretty, --max-column-width (SPEC section 2). */
#ifndef DB_TABLE_H
#define DB_TABLE_H

#include "base/options.h"
#include "db/datum.h"

enum table_format { TABLE_TABLE, TABLE_LIST, TABLE_HTML, TABLE_CSV, TABLE_JSON };
enum cell_format { CELL_STRING, CELL_BARE, CELL_JSON };
struct table_style {
	enum table_format format;
	enum cell_format cells;
	bool cells_set; /* by the user */
	bool headings;
	bool pretty;
	unsigned int max_column_width; /* TABLE_TABLE only, in octets; 0: none */
};
extern struct table_style table_style; /* set by the options */
extern const struct option_group table_option_group; /* -f -d --no-headings --pretty --bare ... */

struct table;
/* A table is filled row by row, then formatted.  In JSON format cells are JSON whatever 'cells'
 * says; in the others it chooses between JSON and text for what was added as a datum.  Text is
 * printed as it is, JSON added is printed compact.  Cells that were not added are empty, null in
 * JSON. */
struct table *table_create(const char *caption /* or NULL */);
void table_destroy(struct table *);
void table_set_timestamp(struct table *, bool);
void table_add_column(struct table *, const char *heading); /* before the first row */
void table_add_row(struct table *);
/* Cells are added from left to right in the last row. */
void table_add_text(struct table *, const char *);
void table_add_json(struct table *, json_t *); /* takes the reference */
void table_add_datum(struct table *, const struct datum *, const struct column_type *);
/* Appends the table.  Tables formatted one after the other by this process are separated by an
 * empty line where the format needs it. */
void table_format(struct table *, const struct table_style *, struct str *);

#endif
