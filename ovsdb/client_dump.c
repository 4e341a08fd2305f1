// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/client_dump.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/util.h"
#include "db/table.h"
#include "ovsdb/oplog.h"
#include "ovsdb/storage.h"

static json_t *select_rows(const struct table_schema *ts, const struct column_schema **columns,
			   size_t n)
{
	json_t *names = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(names, json_string(columns[i]->name));
	return json_pack("{ss,ss,s[],so}", "op", "select", "table", ts->name, "where", "columns",
			 names);
}

struct dump_row {
	struct datum *cells;
};
static const struct column_schema **dump_columns; /* of the table being sorted */
static size_t n_dump_columns;

static int compare_rows(const void *a_, const void *b_)
{
	const struct dump_row *a = a_;
	const struct dump_row *b = b_;

	/* By _uuid only what is the same otherwise. */
	for (int std = 0; std < 2; std++)
		for (size_t i = 0; i < n_dump_columns; i++) {
			int diff;

			if ((dump_columns[i]->index < N_STD_COLUMNS) != std)
				continue;
			diff = datum_compare(&a->cells[i], &b->cells[i], &dump_columns[i]->type);
			if (diff)
				return diff;
		}
	return 0;
}

static void dump_table(const struct client_conn *conn, const struct table_schema *ts,
		       const struct column_schema **columns, size_t n_columns, const json_t *result)
{
	const json_t *rows_json = json_object_get(result, "rows");
	size_t n_rows = json_array_size(rows_json);
	struct dump_row *rows = xcalloc(n_rows + 1, sizeof(*rows));
	char *caption = xasprintf("%s table", ts->name);
	struct table *t = table_create(caption);

	if (!rows_json)
		fatal(0, "%s: cannot read table %s: %s", conn->server, ts->name,
		      client_json_text(result));
	for (size_t i = 0; i < n_rows; i++) {
		rows[i].cells = xcalloc(n_columns + 1, sizeof(*rows[i].cells));
		for (size_t j = 0; j < n_columns; j++) {
			const json_t *value = json_object_get(json_array_get(rows_json, i),
							      columns[j]->name);
			char *err = datum_from_json(&rows[i].cells[j], &columns[j]->type, value,
						    NULL, true);

			if (err)
				fatal(0, "%s: table %s: %s", conn->server, ts->name, err);
		}
	}
	dump_columns = columns;
	n_dump_columns = n_columns;
	qsort(rows, n_rows, sizeof(*rows), compare_rows);
	for (size_t j = 0; j < n_columns; j++)
		table_add_column(t, columns[j]->name);
	for (size_t i = 0; i < n_rows; i++) {
		table_add_row(t);
		for (size_t j = 0; j < n_columns; j++) {
			table_add_datum(t, &rows[i].cells[j], &columns[j]->type);
			datum_uninit(&rows[i].cells[j], &columns[j]->type);
		}
		free(rows[i].cells);
	}
	free(rows);
	free(caption);
	client_print_table(t);
}

static int compare_columns(const void *a, const void *b)
{
	return strcmp((*(const struct column_schema *const *)a)->name,
		      (*(const struct column_schema *const *)b)->name);
}

void client_dump(struct client_conn *conn, int n, char *args[])
{
	struct db_schema *schema = client_conn_schema(conn, conn->database);
	json_t *params = json_pack("[s]", conn->database);
	const struct column_schema ***columns = xcalloc(schema->n_tables + 1, sizeof(*columns));
	size_t *n_columns = xcalloc(schema->n_tables + 1, sizeof(*n_columns));
	json_t *results;
	size_t k = 0;

	if (n && !schema_table(schema, args[0]))
		fatal(0, "No table \"%s\" found.", args[0]);
	for (uint32_t i = 0; i < schema->n_tables; i++) {
		const struct table_schema *ts = schema->tables[i];

		if (n && !streq(ts->name, args[0]))
			continue;
		columns[i] = xcalloc(ts->n_columns + (size_t)n, sizeof(**columns));
		for (int j = 1; j < n; j++) {
			columns[i][n_columns[i]] = table_column(ts, args[j]);
			if (!columns[i][n_columns[i]++])
				fatal(0, "Table \"%s\" has no column %s.", ts->name, args[j]);
		}
		for (uint32_t j = 0; n < 2 && j < ts->n_columns; j++)
			if (j != COL_VERSION)
				columns[i][n_columns[i]++] = ts->columns[j];
		qsort(columns[i], n_columns[i], sizeof(*columns[i]), compare_columns);
		json_array_append_new(params, select_rows(ts, columns[i], n_columns[i]));
	}
	results = client_conn_transact(conn, params);
	for (uint32_t i = 0; i < schema->n_tables; i++) {
		if (columns[i])
			dump_table(conn, schema->tables[i], columns[i], n_columns[i],
				   json_array_get(results, k++));
		free(columns[i]);
	}
	free(columns);
	free(n_columns);
	json_decref(results);
	schema_destroy(schema);
}

/* The record that holds all rows, from the results of one select of each table. */
static json_t *backup_record(const struct db_schema *schema, const json_t *results)
{
	json_t *record = json_pack("{sI,ss}", "_date", (json_int_t)clock_wall_ms(), "_comment",
				   "produced by \"ovsdb-client backup\"");

	for (uint32_t i = 0; i < schema->n_tables; i++) {
		const struct table_schema *ts = schema->tables[i];
		json_t *rows = json_object_get(json_array_get(results, i), "rows");
		json_t *table = json_object();
		size_t j;
		json_t *row;

		json_array_foreach(rows, j, row) {
			json_t *uuid = json_array_get(json_object_get(row, "_uuid"), 1);
			json_t *out = json_object();

			for (uint32_t c = N_STD_COLUMNS; c < ts->n_columns; c++) {
				const struct column_schema *cs = ts->columns[c];
				json_t *value = json_object_get(row, cs->name);
				struct datum d;

				if (cs->ephemeral ||
				    datum_from_json(&d, &cs->type, value, NULL, true))
					continue;
				if (!datum_is_default(&d, &cs->type))
					json_object_set(out, cs->name, value);
				datum_uninit(&d, &cs->type);
			}
			json_object_set_new(table, json_string_value(uuid), out);
		}
		if (json_object_size(table))
			json_object_set_new(record, ts->name, table);
		else
			json_decref(table);
	}
	return record;
}

void client_backup(struct client_conn *conn)
{
	struct db_schema *schema = client_conn_schema(conn, conn->database);
	json_t *params = json_pack("[s]", conn->database);
	struct str text = STR_INIT;
	json_t *json, *results;

	if (isatty(STDOUT_FILENO))
		fatal(0, "not writing a backup to a terminal; direct stdout to a file");
	for (uint32_t i = 0; i < schema->n_tables; i++) {
		const struct table_schema *ts = schema->tables[i];

		json_array_append_new(params,
				      select_rows(ts, (const struct column_schema **)ts->columns,
						  ts->n_columns));
	}
	results = client_conn_transact(conn, params);
	json = schema_to_json(schema);
	oplog_frame(OPLOG_JSON, json, &text);
	json_decref(json);
	json = backup_record(schema, results);
	oplog_frame(OPLOG_JSON, json, &text);
	json_decref(json);
	fwrite(text.data, 1, text.len, stdout);
	str_uninit(&text);
	json_decref(results);
	schema_destroy(schema);
}

/* Reads a database from stdin, which may be a pipe. */
static struct db *read_stdin(void)
{
	int fd = memfd_create("backup", MFD_CLOEXEC);
	struct db *db;
	char buf[65536];
	ssize_t len;
	char *path;
	char *err;

	if (fd < 0)
		fatal(errno, "cannot keep what stdin brings");
	while ((len = read(STDIN_FILENO, buf, sizeof(buf))) > 0)
		if (write(fd, buf, (size_t)len) != len)
			fatal(errno, "cannot keep what stdin brings");
	if (len < 0)
		fatal(errno, "cannot read stdin");
	path = xasprintf("/proc/self/fd/%d", fd);
	err = storage_read(path, &db);
	if (err)
		fatal(0, "what came from stdin is no backup: %s", err);
	close(fd);
	free(path);
	return db;
}

/* Rows get new UUIDs, and references follow them: "named-uuid". */
static void rename_uuids(json_t *value)
{
	json_t *tag = json_array_get(value, 0);
	size_t i;
	json_t *item;

	if (json_array_size(value) == 2 && json_is_string(tag) &&
	    streq(json_string_value(tag), "uuid")) {
		char name[UUID_LEN + 8];
		size_t n = 0;

		n += (size_t)snprintf(name, sizeof(name), "row%s",
				      json_string_value(json_array_get(value, 1)));
		for (size_t j = 0; j < n; j++)
			if (name[j] == '-')
				name[j] = '_';
		json_array_set_new(value, 0, json_string("named-uuid"));
		json_array_set_new(value, 1, json_string(name));
		return;
	}
	if (json_is_array(value))
		json_array_foreach(value, i, item)
			rename_uuids(item);
}

static json_t *restore_row(const struct row *row)
{
	const struct table_schema *ts = row->table->schema;
	char name[UUID_LEN + 8];
	json_t *json = json_object();

	snprintf(name, sizeof(name), "row" UUID_FMT, UUID_ARGS(row_uuid(row)));
	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	for (uint32_t i = N_STD_COLUMNS; i < ts->n_columns; i++) {
		const struct column_schema *cs = ts->columns[i];
		bool refs = (cs->type.key.type == ATOM_UUID &&
			     cs->type.key.uuid.kind != REF_NONE) ||
			    (cs->type.value.type == ATOM_UUID &&
			     cs->type.value.uuid.kind != REF_NONE);
		struct datum d = row_get(row, i);
		json_t *value;

		if (datum_is_default(&d, &cs->type))
			continue;
		value = datum_to_json(&d, &cs->type);
		if (refs)
			rename_uuids(value);
		json_object_set_new(json, cs->name, value);
	}
	return json_pack("{ss,ss,ss,so}", "op", "insert", "table", ts->name, "uuid-name", name,
			 "row", json);
}

void client_restore(struct client_conn *conn, bool force)
{
	struct db *db = read_stdin();
	struct db_schema *schema = client_conn_schema(conn, conn->database);
	json_t *params = json_pack("[s]", conn->database);
	json_t *results;
	size_t i;
	json_t *result;

	if (!schema_equal(db->schema, schema) && !force)
		fatal(0,
		      "the backup has another schema than database %s (%s %s and %s %s); --force "
		      "restores it nevertheless",
		      conn->database, db->schema->name, db->schema->version, schema->name,
		      schema->version);
	for (uint32_t j = 0; j < schema->n_tables; j++)
		json_array_append_new(params, json_pack("{ss,ss,s[]}", "op", "delete", "table",
							schema->tables[j]->name, "where"));
	for (uint32_t j = 0; j < db->schema->n_tables; j++) {
		struct row *row;

		HMAP_FOR_EACH(row, node, &db->tables[j].rows)
			json_array_append_new(params, restore_row(row));
	}
	json_array_append_new(params, json_pack("{ss,ss}", "op", "comment", "comment",
						"ovsdb-client restore"));
	results = client_conn_transact(conn, params);
	json_array_foreach(results, i, result)
		if (json_object_get(result, "error"))
			fatal(0, "the backup could not be restored: %s", client_json_text(result));
	json_decref(results);
	schema_destroy(schema);
	db_destroy(db);
}
