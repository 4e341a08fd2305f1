// SPDX-License-Identifier: Apache-2.0
/* ovsdb-client: talks to a database server. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/daemon.h"
#include "base/dirs.h"
#include "base/log.h"
#include "base/options.h"
#include "base/str.h"
#include "base/util.h"
#include "ovsdb/client_conn.h"
#include "ovsdb/client_monitor.h"
#include "ovsdb/command.h"
#include "db/table.h"
#include "ovsdb/oplog.h"
#include "ovsdb/record.h"
#include "rpc/tls.h"
#include "ovsdb/storage.h"

#define DEFAULT_DATABASE "Open_vSwitch"

enum {
	WANTS_SERVER = 1 << 0, /* [SERVER] comes first */
	WANTS_DATABASE = 1 << 1, /* then [DATABASE] */
};

static struct client_conn conn; /* of the command that runs */
static const char *current_command;
static bool force;

static NORETURN void syntax_error(void)
{
	fatal(0, "invalid syntax for '%s' (use --help for help)", current_command);
}

static void print_table(struct table *t)
{
	struct str s = STR_INIT;

	table_format(t, &table_style, &s);
	fputs(str_cstr(&s), stdout);
	str_uninit(&s);
	table_destroy(t);
}

static json_t *parse_json(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_DECODE_ANY, &error);

	if (!json)
		fatal(0, "\"%s\": line %d, column %d, byte %d: %s", text, error.line, error.column,
		      error.position, error.text);
	return json;
}

/* ---- what a server has */

static int compare_json_strings(const void *a, const void *b)
{
	return strcmp(json_string_value(*(json_t *const *)a),
		      json_string_value(*(json_t *const *)b));
}

static int cmd_list_dbs(int n, char *args[])
{
	json_t *list = client_conn_call(&conn, "list_dbs", json_array(), NULL);
	size_t n_dbs = json_array_size(list);
	json_t **sorted = xcalloc(n_dbs + 1, sizeof(json_t *));

	for (size_t i = 0; i < n_dbs; i++) {
		sorted[i] = json_array_get(list, i);
		if (!json_is_string(sorted[i]))
			fatal(0, "%s: a database without a name", conn.server);
	}
	qsort(sorted, n_dbs, sizeof(json_t *), compare_json_strings);
	for (size_t i = 0; i < n_dbs; i++)
		puts(json_string_value(sorted[i]));
	free(sorted);
	json_decref(list);
	return 0;
}

static int cmd_get_schema(int n, char *args[])
{
	struct db_schema *schema = client_conn_schema(&conn, conn.database);
	json_t *json = schema_to_json(schema);

	client_print_json(json);
	json_decref(json);
	schema_destroy(schema);
	return 0;
}

static int cmd_get_schema_version(int n, char *args[])
{
	struct db_schema *schema = client_conn_schema(&conn, conn.database);

	puts(schema->version);
	schema_destroy(schema);
	return 0;
}

static int cmd_get_schema_cksum(int n, char *args[])
{
	struct db_schema *schema = client_conn_schema(&conn, conn.database);

	puts(schema->cksum);
	schema_destroy(schema);
	return 0;
}

static int cmd_list_tables(int n, char *args[])
{
	struct db_schema *schema = client_conn_schema(&conn, conn.database);
	struct table *t = table_create(NULL);

	table_add_column(t, "Table");
	for (uint32_t i = 0; i < schema->n_tables; i++) {
		table_add_row(t);
		table_add_text(t, schema->tables[i]->name);
	}
	print_table(t);
	schema_destroy(schema);
	return 0;
}

static int cmd_list_columns(int n, char *args[])
{
	struct db_schema *schema = client_conn_schema(&conn, conn.database);
	struct table *t = table_create(NULL);

	if (!n)
		table_add_column(t, "Table");
	table_add_column(t, "Column");
	table_add_column(t, "Type");
	for (uint32_t i = 0; i < schema->n_tables; i++) {
		const struct table_schema *ts = schema->tables[i];

		if (n && !streq(ts->name, args[0]))
			continue;
		for (uint32_t j = 0; j < ts->n_columns; j++) {
			const struct column_schema *cs = ts->columns[j];

			table_add_row(t);
			if (!n)
				table_add_text(t, ts->name);
			table_add_text(t, cs->name);
			table_add_json(t, column_type_to_json(&cs->type));
		}
	}
	print_table(t);
	schema_destroy(schema);
	return 0;
}

static int cmd_needs_conversion(int n, char *args[])
{
	struct db_schema *want, *have;
	char *err = schema_from_file(args[0], &want);

	if (err)
		fatal(0, "%s", err);
	have = client_conn_schema(&conn, want->name);
	puts(schema_equal(have, want) ? "no" : "yes");
	schema_destroy(have);
	schema_destroy(want);
	return 0;
}

/* ---- transactions */

static json_t *transact(json_t *params)
{
	json_t *result, *error;

	result = client_conn_call(&conn, "transact", params, &error);
	if (error)
		fatal(0, "transaction returned error: %s", client_json_text(error));
	return result;
}

static json_t *parse_transaction(const char *text)
{
	json_t *params = parse_json(text);

	if (!json_is_array(params) || !json_is_string(json_array_get(params, 0)))
		fatal(0, "not a valid OVSDB query");
	return params;
}

static int cmd_transact(int n, char *args[])
{
	json_t *result = transact(parse_transaction(args[0]));

	client_print_json(result);
	json_decref(result);
	return 0;
}

static int cmd_query(int n, char *args[])
{
	json_t *params = parse_transaction(args[0]);
	json_t *result;

	/* The abort at the end makes it read-only; its own result is not shown. */
	json_array_append_new(params, json_pack("{ss}", "op", "abort"));
	result = transact(params);
	if (json_array_size(result))
		json_array_remove(result, json_array_size(result) - 1);
	client_print_json(result);
	json_decref(result);
	return 0;
}

/* ---- dump, backup, restore */

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

static void dump_table(const struct table_schema *ts, const struct column_schema **columns,
		       size_t n_columns, const json_t *result)
{
	const json_t *rows_json = json_object_get(result, "rows");
	size_t n_rows = json_array_size(rows_json);
	struct dump_row *rows = xcalloc(n_rows + 1, sizeof(*rows));
	char *caption = xasprintf("%s table", ts->name);
	struct table *t = table_create(caption);

	if (!rows_json)
		fatal(0, "%s: cannot read table %s: %s", conn.server, ts->name,
		      client_json_text(result));
	for (size_t i = 0; i < n_rows; i++) {
		rows[i].cells = xcalloc(n_columns + 1, sizeof(*rows[i].cells));
		for (size_t j = 0; j < n_columns; j++) {
			const json_t *value = json_object_get(json_array_get(rows_json, i),
							      columns[j]->name);
			char *err = datum_from_json(&rows[i].cells[j], &columns[j]->type, value,
						    NULL, true);

			if (err)
				fatal(0, "%s: table %s: %s", conn.server, ts->name, err);
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
	print_table(t);
}

static int compare_columns(const void *a, const void *b)
{
	return strcmp((*(const struct column_schema *const *)a)->name,
		      (*(const struct column_schema *const *)b)->name);
}

static int cmd_dump(int n, char *args[])
{
	struct db_schema *schema = client_conn_schema(&conn, conn.database);
	json_t *params = json_pack("[s]", conn.database);
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
	results = transact(params);
	for (uint32_t i = 0; i < schema->n_tables; i++) {
		if (columns[i])
			dump_table(schema->tables[i], columns[i], n_columns[i],
				   json_array_get(results, k++));
		free(columns[i]);
	}
	free(columns);
	free(n_columns);
	json_decref(results);
	schema_destroy(schema);
	return 0;
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

static int cmd_backup(int n, char *args[])
{
	struct db_schema *schema = client_conn_schema(&conn, conn.database);
	json_t *params = json_pack("[s]", conn.database);
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
	results = transact(params);
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
	return 0;
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

static int cmd_restore(int n, char *args[])
{
	struct db *db = read_stdin();
	struct db_schema *schema = client_conn_schema(&conn, conn.database);
	json_t *params = json_pack("[s]", conn.database);
	json_t *results;
	size_t i;
	json_t *result;

	if (!schema_equal(db->schema, schema) && !force)
		fatal(0,
		      "the backup has another schema than database %s (%s %s and %s %s); --force "
		      "restores it nevertheless",
		      conn.database, db->schema->name, db->schema->version, schema->name,
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
	results = transact(params);
	json_array_foreach(results, i, result)
		if (json_object_get(result, "error"))
			fatal(0, "the backup could not be restored: %s", client_json_text(result));
	json_decref(results);
	schema_destroy(schema);
	db_destroy(db);
	return 0;
}

/* ---- locks */

static void lock_notified(struct client_conn *c, const char *method, const json_t *params)
{
	if (!streq(method, "locked") && !streq(method, "stolen"))
		return;
	puts(method);
	client_print_json(params);
	fflush(stdout);
}

/* Asks for the lock, and says what becomes of it for as long as it is wanted. */
static int do_lock(const char *method, const char *name)
{
	json_t *result;

	conn.notified = lock_notified;
	result = client_conn_call(&conn, method, json_pack("[s]", name), NULL);
	client_print_json(result);
	json_decref(result);
	fflush(stdout);
	client_conn_run(&conn);
	return 0;
}

static int cmd_lock(int n, char *args[])
{
	return do_lock("lock", args[0]);
}

static int cmd_steal(int n, char *args[])
{
	return do_lock("steal", args[0]);
}

static int cmd_unlock(int n, char *args[])
{
	json_t *result = client_conn_call(&conn, "unlock", json_pack("[s]", args[0]), NULL);

	client_print_json(result);
	json_decref(result);
	return 0;
}

/* ---- monitor, wait */

static int monitor(enum client_monitor_kind kind, int n, char *args[])
{
	if (!client_monitor(&conn, kind, n, args))
		syntax_error();
	return 0;
}

static int cmd_monitor(int n, char *args[])
{
	return monitor(CLIENT_MONITOR, n, args);
}

static int cmd_monitor_cond(int n, char *args[])
{
	return monitor(CLIENT_MONITOR_COND, n, args);
}

static int cmd_monitor_cond_since(int n, char *args[])
{
	return monitor(CLIENT_MONITOR_COND_SINCE, n, args);
}

struct db_wait {
	const char *name, *state;
	bool done;
	bool changed;
};

static void wait_notified(struct client_conn *c, const char *method, const json_t *params)
{
	struct db_wait *w = c->aux;

	if (str_has_prefix(method, "update"))
		w->changed = true;
}

/* Whether table Database of _Server shows the state that is waited for. */
static bool db_state_reached(const struct db_wait *w)
{
	json_t *results = transact(json_pack("[s,{ss,ss,s[[sss]],s[s]}]", "_Server", "op", "select",
					     "table", "Database", "where", "name", "==", w->name,
					     "columns", "connected"));
	json_t *row = json_array_get(json_object_get(json_array_get(results, 0), "rows"), 0);
	bool reached;

	if (streq(w->state, "removed"))
		reached = !row;
	else if (streq(w->state, "added"))
		reached = row != NULL;
	else
		reached = json_is_true(json_object_get(row, "connected"));
	json_decref(results);
	return reached;
}

static int cmd_wait(int n, char *args[])
{
	struct db_wait w = { args[0], args[1], false, false };

	if (!streq(w.state, "added") && !streq(w.state, "connected") && !streq(w.state, "removed"))
		fatal(0, "%s: unknown state", w.state);
	conn.notified = wait_notified;
	conn.aux = &w;
	json_decref(client_conn_call(&conn, "set_db_change_aware", json_pack("[b]", 1), NULL));
	json_decref(client_conn_call(&conn, "monitor",
				     json_pack("[sn{s{}}]", "_Server", "Database"), NULL));
	while (!db_state_reached(&w)) {
		client_conn_wait(&conn, &w.changed);
		w.changed = false;
	}
	return 0;
}

/* ---- the program */

static int cmd_help(int n, char *args[]);
static int cmd_list_commands(int n, char *args[]);

static const struct command commands[] = {
	{ "list-dbs", "[SERVER]", 0, 0, cmd_list_dbs, "list the databases of SERVER",
	  WANTS_SERVER },
	{ "get-schema", "[SERVER] [DATABASE]", 0, 0, cmd_get_schema, "print the schema of DATABASE",
	  WANTS_SERVER | WANTS_DATABASE },
	{ "get-schema-version", "[SERVER] [DATABASE]", 0, 0, cmd_get_schema_version,
	  "print the version of the schema of DATABASE", WANTS_SERVER | WANTS_DATABASE },
	{ "get-schema-cksum", "[SERVER] [DATABASE]", 0, 0, cmd_get_schema_cksum,
	  "print the checksum of the schema of DATABASE", WANTS_SERVER | WANTS_DATABASE },
	{ "list-tables", "[SERVER] [DATABASE]", 0, 0, cmd_list_tables,
	  "list the tables of DATABASE", WANTS_SERVER | WANTS_DATABASE },
	{ "list-columns", "[SERVER] [DATABASE] [TABLE]", 0, 1, cmd_list_columns,
	  "list the columns of TABLE, or of all tables", WANTS_SERVER | WANTS_DATABASE },
	{ "transact", "[SERVER] TRANSACTION", 1, 1, cmd_transact,
	  "run TRANSACTION (the params of a \"transact\" request) and print its results",
	  WANTS_SERVER },
	{ "query", "[SERVER] TRANSACTION", 1, 1, cmd_query, "the same, but change nothing",
	  WANTS_SERVER },
	{ "monitor", "[SERVER] [DATABASE] TABLE [COLUMN,...]...", 1, -1, cmd_monitor,
	  "print the rows of TABLE (ALL: of all tables), and what becomes of them;\n"
	  "    !initial, !insert, !delete, !modify among COLUMNs leave out such changes",
	  WANTS_SERVER | WANTS_DATABASE },
	{ "monitor-cond", "[SERVER] [DATABASE] CONDITION TABLE [COLUMN,...]...", 2, -1,
	  cmd_monitor_cond, "the same of rows that match CONDITION",
	  WANTS_SERVER | WANTS_DATABASE },
	{ "monitor-cond-since", "[SERVER] [DATABASE] [LASTID] CONDITION TABLE [COLUMN,...]...", 2,
	  -1, cmd_monitor_cond_since, "the same, from transaction LASTID on if SERVER remembers it",
	  WANTS_SERVER | WANTS_DATABASE },
	{ "wait", "[SERVER] DATABASE STATE", 2, 2, cmd_wait,
	  "wait until DATABASE is \"added\", \"connected\" or \"removed\"", WANTS_SERVER },
	{ "dump", "[SERVER] [DATABASE] [TABLE [COLUMN]...]", 0, -1, cmd_dump,
	  "print the rows of tables", WANTS_SERVER | WANTS_DATABASE },
	{ "backup", "[SERVER] [DATABASE]", 0, 0, cmd_backup,
	  "write DATABASE to stdout as a database file", WANTS_SERVER | WANTS_DATABASE },
	{ "restore", "[SERVER] [DATABASE]", 0, 0, cmd_restore,
	  "replace the content of DATABASE by the database file on stdin",
	  WANTS_SERVER | WANTS_DATABASE },
	{ "lock", "[SERVER] LOCK", 1, 1, cmd_lock, "wait for LOCK and hold it", WANTS_SERVER },
	{ "steal", "[SERVER] LOCK", 1, 1, cmd_steal, "take LOCK from its owner and hold it",
	  WANTS_SERVER },
	{ "unlock", "[SERVER] LOCK", 1, 1, cmd_unlock, "give up LOCK", WANTS_SERVER },
	{ "needs-conversion", "[SERVER] SCHEMA", 1, 1, cmd_needs_conversion,
	  "print whether the database has another schema than the file SCHEMA", WANTS_SERVER },
	{ "help", "", 0, -1, cmd_help, NULL, 0 },
	{ "list-commands", "", 0, 0, cmd_list_commands, NULL, 0 },
};

static int cmd_list_commands(int n, char *args[])
{
	command_print_list(commands, ARRAY_SIZE(commands));
	return 0;
}

static char *set_timeout(const struct option_row *row, const char *value)
{
	unsigned int seconds;

	if (!str_to_uint(value, 10, &seconds) || !seconds)
		return xasprintf(
			"value %s on -t or --timeout is not a number of seconds, at least 1",
			value);
	alarm(seconds);
	return NULL;
}

static char *set_true(const struct option_row *row, const char *value)
{
	*(bool *)row->aux = true;
	return NULL;
}

static char *accept_option(const struct option_row *row, const char *value)
{
	return NULL;
}

static const struct option_row rows[] = {
	{ "timeout", 't', OPT_REQUIRED, "SECS", "end after SECS seconds", set_timeout, NULL },
	{ "timestamp", 0, OPT_NONE, NULL, "say in \"monitor\" when a change came", set_true,
	  &client_monitor_timestamp },
	{ "force", 0, OPT_NONE, NULL, "restore a backup of another schema", set_true, &force },
	/* A server that is not part of a cluster always leads. */
	{ "leader-only", 0, OPT_NONE, NULL, NULL, accept_option, NULL },
	{ "no-leader-only", 0, OPT_NONE, NULL, NULL, accept_option, NULL },
};

static int parse_options(int argc, char *argv[])
{
	const struct option_group groups[] = {
		OPTION_GROUP("Options of commands", rows),
		table_option_group,
		tls_option_group,
		daemon_option_group,
		log_option_group,
	};
	char *list = command_help(commands, ARRAY_SIZE(commands), false);
	char *usage = xasprintf("%%s: talks to a database server\n"
				"usage: %%s [OPTIONS] COMMAND [ARG...]\n\nCommands:\n%s\n"
				"The default SERVER is unix:%s/db.sock.\n"
				"The default DATABASE is " DEFAULT_DATABASE ".\n",
				list, dir_run());
	int first = options_parse(argc, argv, groups, ARRAY_SIZE(groups), usage, NULL, false);

	free(list);
	free(usage);
	return first;
}

static int cmd_help(int n, char *args[])
{
	char name[] = "ovsdb-client";
	char option[] = "--help";
	char *argv[] = { name, option, NULL };

	parse_options(2, argv);
	return 0;
}

static bool is_target(const char *s)
{
	return stream_target_is_active(s) || stream_target_is_passive(s);
}

int main(int argc, char *argv[])
{
	const struct command *command;
	int code, i;

	program_init(argc, argv);
	free(log_set_levels("console:warn"));
	free(log_set_levels("syslog:off"));
	i = parse_options(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	if (i == argc)
		fatal(0, "missing command name; use --help for help");
	command = command_lookup(commands, ARRAY_SIZE(commands), argv[i]);
	if (!command)
		fatal(0, "unknown command '%s'; use --help for help", argv[i]);
	current_command = argv[i++];
	if (command->flags & WANTS_SERVER) {
		const char *server = i < argc && is_target(argv[i]) ? argv[i++] : NULL;

		daemon_start(NULL);
		client_conn_open(&conn, server ? server : xasprintf("unix:%s/db.sock", dir_run()));
		if (command->flags & WANTS_DATABASE)
			conn.database = xstrdup(i < argc && client_conn_has_db(&conn, argv[i])
							? argv[i++]
							: DEFAULT_DATABASE);
		daemon_ready();
	}
	if (argc - i < command->min_args ||
	    (command->max_args >= 0 && argc - i > command->max_args))
		syntax_error();
	code = command->run(argc - i, argv + i);
	if (fflush(stdout))
		fatal(errno, "write to stdout failed");
	if (conn.rpc)
		client_conn_close(&conn);
	return code;
}
