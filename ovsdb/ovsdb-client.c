// SPDX-License-Identifier: Apache-2.0
/* ovsdb-client: talks to a database server. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/daemon.h"
#include "base/dirs.h"
#include "base/log.h"
#include "base/options.h"
#include "base/str.h"
#include "base/util.h"
#include "ovsdb/client_conn.h"
#include "ovsdb/client_dump.h"
#include "ovsdb/client_monitor.h"
#include "ovsdb/command.h"
#include "db/table.h"
#include "rpc/tls.h"

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
	client_print_table(t);
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
	client_print_table(t);
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

static json_t *parse_transaction(const char *text)
{
	json_t *params = parse_json(text);

	if (!json_is_array(params) || !json_is_string(json_array_get(params, 0)))
		fatal(0, "not a valid OVSDB query");
	return params;
}

static int cmd_transact(int n, char *args[])
{
	json_t *result = client_conn_transact(&conn, parse_transaction(args[0]));

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
	result = client_conn_transact(&conn, params);
	if (json_array_size(result))
		json_array_remove(result, json_array_size(result) - 1);
	client_print_json(result);
	json_decref(result);
	return 0;
}

/* ---- dump, backup, restore */

static int cmd_dump(int n, char *args[])
{
	client_dump(&conn, n, args);
	return 0;
}

static int cmd_backup(int n, char *args[])
{
	client_backup(&conn);
	return 0;
}

static int cmd_restore(int n, char *args[])
{
	client_restore(&conn, force);
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
	json_t *results = client_conn_transact(&conn, json_pack("[s,{ss,ss,s[[sss]],s[s]}]",
								"_Server", "op", "select", "table",
								"Database", "where", "name", "==",
								w->name, "columns", "connected"));
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
