// SPDX-License-Identifier: Apache-2.0
/* ovsdb-tool: works on database files without a server. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/dirs.h"
#include "base/log.h"
#include "base/options.h"
#include "base/util.h"
#include "ovsdb/command.h"
#include "ovsdb/convert.h"
#include "db/error.h"
#include "ovsdb/oplog.h"
#include "ovsdb/ops.h"
#include "ovsdb/record.h"
#include "ovsdb/show_log.h"
#include "ovsdb/storage.h"

static int show_log_detail;

static void check(char *err)
{
	if (err)
		fatal(0, "%s", err);
}

/* Argument 'i', or the default. */
static const char *db_arg(int n, char *args[], int i)
{
	return n > i ? args[i] : path_in(dir_db(), "conf.db");
}

static const char *schema_arg(int n, char *args[], int i)
{
	return n > i ? args[i] : path_in(dir_pkgdata(), "vswitch.ovsschema");
}

static struct db_schema *read_schema(const char *path)
{
	struct db_schema *schema;

	check(schema_from_file(path, &schema));
	return schema;
}

/* The schema that a database file begins with, or was last converted to. */
static struct db_schema *read_db_schema(const char *path)
{
	struct db_schema *schema;
	struct db *db;

	check(storage_read(path, &db));
	schema = schema_clone(db->schema);
	db_destroy(db);
	return schema;
}

static int cmd_create(int n, char *args[])
{
	struct db_schema *schema = read_schema(schema_arg(n, args, 1));

	check(storage_create_file(db_arg(n, args, 0), schema));
	schema_destroy(schema);
	return 0;
}

/* ---- writing a whole database */

static void put_snapshot(const struct db *db, const char *comment, struct str *batch)
{
	struct snapshot *snapshot = snapshot_create(db);
	json_t *schema = schema_to_json(db->schema);
	struct str json = STR_INIT;

	oplog_frame(OPLOG_JSON, schema, batch);
	json_decref(schema);
	snapshot_format(snapshot, comment, clock_wall_ms(), &json);
	oplog_frame_text(OPLOG_JSON, json.data, json.len, batch);
	str_uninit(&json);
	snapshot_destroy(snapshot);
}

/* Writes 'db' to 'dst', or in the place of the file 'src' if 'dst' is NULL.  'src' is locked. */
static void write_db(const char *src, const char *dst, const char *verb,
		     char *(*change)(const struct db *, void *aux, struct db **), void *aux)
{
	char *comment = xasprintf("%s by ovsdb-tool %s", verb, PACKAGE_VERSION);
	struct str batch = STR_INIT;
	struct oplog *log, *out;
	struct db *db, *changed;

	/* The lock keeps a server out from the reading to the writing. */
	check(oplog_open(src, OPLOG_JSON, true, &log));
	check(storage_read(src, &db));
	changed = db;
	if (change)
		check(change(db, aux, &changed));
	put_snapshot(changed, comment, &batch);
	if (dst) {
		check(oplog_create(dst, OPLOG_JSON, &out));
		check(oplog_append(out, &batch));
		oplog_close(out);
	} else {
		check(oplog_create_beside(log, ".tmp", &out));
		check(oplog_append(out, &batch));
		check(oplog_replace(log, out));
	}
	oplog_close(log);
	str_uninit(&batch);
	if (changed != db)
		db_destroy(changed);
	db_destroy(db);
	free(comment);
}

static int cmd_compact(int n, char *args[])
{
	write_db(db_arg(n, args, 0), n > 1 ? args[1] : NULL, "compacted", NULL, NULL);
	return 0;
}

static char *convert(const struct db *db, void *schema, struct db **converted)
{
	return convert_db(db, schema, converted);
}

static int cmd_convert(int n, char *args[])
{
	write_db(db_arg(n, args, 0), n > 2 ? args[2] : NULL, "converted", convert,
		 read_schema(schema_arg(n, args, 1)));
	return 0;
}

static int cmd_needs_conversion(int n, char *args[])
{
	struct db_schema *have = read_db_schema(db_arg(n, args, 0));
	struct db_schema *want = read_schema(schema_arg(n, args, 1));

	puts(schema_equal(have, want) ? "no" : "yes");
	schema_destroy(have);
	schema_destroy(want);
	return 0;
}

/* ---- facts of files */

enum fact { FACT_NAME, FACT_VERSION, FACT_CKSUM };

static int print_fact(struct db_schema *schema, enum fact fact)
{
	puts(fact == FACT_NAME      ? schema->name
	     : fact == FACT_VERSION ? schema->version
				    : schema->cksum);
	schema_destroy(schema);
	return 0;
}

static int cmd_db_name(int n, char *args[])
{
	return print_fact(read_db_schema(db_arg(n, args, 0)), FACT_NAME);
}

static int cmd_db_version(int n, char *args[])
{
	return print_fact(read_db_schema(db_arg(n, args, 0)), FACT_VERSION);
}

static int cmd_db_cksum(int n, char *args[])
{
	return print_fact(read_db_schema(db_arg(n, args, 0)), FACT_CKSUM);
}

static int cmd_schema_name(int n, char *args[])
{
	return print_fact(read_schema(schema_arg(n, args, 0)), FACT_NAME);
}

static int cmd_schema_version(int n, char *args[])
{
	return print_fact(read_schema(schema_arg(n, args, 0)), FACT_VERSION);
}

static int cmd_schema_cksum(int n, char *args[])
{
	return print_fact(read_schema(schema_arg(n, args, 0)), FACT_CKSUM);
}

static bool has_magic(const char *path, const char *magic)
{
	struct oplog *log;
	bool has;

	check(oplog_open(path, OPLOG_JSON "|" OPLOG_CLUSTER, false, &log));
	has = streq(oplog_magic(log), magic);
	oplog_close(log);
	return has;
}

static int cmd_db_is_standalone(int n, char *args[])
{
	return has_magic(args[0], OPLOG_JSON) ? 0 : 2;
}

static int cmd_db_is_clustered(int n, char *args[])
{
	return has_magic(args[0], OPLOG_CLUSTER) ? 0 : 2;
}

static void parse_version(const char *s, unsigned int v[3])
{
	int end = 0;

	if (!schema_is_valid_version(s) ||
	    sscanf(s, "%u.%u.%u%n", &v[0], &v[1], &v[2], &end) != 3 || s[end])
		fatal(0, "%s: not an OVSDB version number in format x.y.z", s);
}

static int cmd_compare_versions(int n, char *args[])
{
	static const struct {
		const char *name;
		bool lt, eq, gt;
	} ops[] = {
		{ "<", true, false, false },  { "<=", true, true, false },
		{ "==", false, true, false }, { "!=", true, false, true },
		{ ">=", false, true, true },  { ">", false, false, true },
	};
	unsigned int a[3], b[3];
	int diff = 0;

	parse_version(args[0], a);
	parse_version(args[2], b);
	for (int i = 0; i < 3 && !diff; i++)
		diff = a[i] < b[i] ? -1 : a[i] > b[i];
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		if (streq(ops[i].name, args[1]))
			return (diff < 0 ? ops[i].lt : diff > 0 ? ops[i].gt : ops[i].eq) ? 0 : 2;
	fatal(0, "%s: not a relational operator", args[1]);
}

/* ---- transactions */

static json_t *parse_json(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_DECODE_ANY, &error);

	if (!json)
		fatal(0, "\"%s\": line %d, column %d, byte %d: %s", text, error.line, error.column,
		      error.position, error.text);
	return json;
}

static json_t *params_error(const json_t *params, const char *why)
{
	char *err = db_syntax_error(params, "%s", why);
	json_t *json = db_error_to_json(err, "syntax error");

	free(err);
	return json;
}

/* Runs a transaction; what it committed goes to 'storage' if there is one. */
static json_t *run_txn(struct db *db, struct storage *storage, const json_t *params)
{
	struct ops_request request = { .db = db, .params = params };
	struct ops_outcome outcome;
	uint64_t start_ms = clock_ms();
	const char *name;
	json_t *result;

	if (!json_is_array(params))
		return params_error(params, "array expected");
	name = json_string_value(json_array_get(params, 0));
	if (!name || !streq(name, db->schema->name))
		return params_error(params, "database name expected as first parameter");
	for (;;) {
		request.elapsed_ms = clock_ms() - start_ms;
		ops_run(&request, &outcome);
		if (outcome.result.len)
			break;
		/* Nobody else changes the file: a "wait" can only time out. */
		if (outcome.wait_ms == UINT64_MAX)
			fatal(0, "the transaction waits for ever");
		usleep((useconds_t)MIN(outcome.wait_ms - request.elapsed_ms, 100u) * 1000);
	}
	if (outcome.txn) {
		if (storage) {
			storage_add(storage, outcome.txn);
			check(storage_flush(storage));
		}
		txn_unref(outcome.txn);
	}
	result = json_loadb(outcome.result.data, outcome.result.len, 0, NULL);
	str_uninit(&outcome.result);
	return result;
}

static int transact(int n, char *args[], bool read_only)
{
	const char *path = db_arg(n - 1, args, 0);
	json_t *params = parse_json(args[n - 1]);
	struct storage *storage = NULL;
	json_t *result;
	struct db *db;
	char *text;

	if (read_only)
		check(storage_read(path, &db));
	else
		check(storage_open(NULL, path, NULL, &db, &storage));
	result = run_txn(db, storage, params);
	json_decref(params);
	text = json_dumps(result, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));
	puts(text);
	free(text);
	json_decref(result);
	storage_close(storage);
	db_destroy(db);
	return 0;
}

static int cmd_query(int n, char *args[])
{
	return transact(n, args, true);
}

static int cmd_transact(int n, char *args[])
{
	return transact(n, args, false);
}

static int cmd_show_log(int n, char *args[])
{
	check(show_log(db_arg(n, args, 0), show_log_detail));
	return 0;
}

/* ---- the program */

static int cmd_help(int n, char *args[]);
static int cmd_list_commands(int n, char *args[]);

static const struct command commands[] = {
	{ "create", "[DB [SCHEMA]]", 0, 2, cmd_create, "make DB with the given SCHEMA" },
	{ "compact", "[DB [DST]]", 0, 2, cmd_compact, "drop what is outdated in DB (copy to DST)" },
	{ "convert", "[DB [SCHEMA [DST]]]", 0, 3, cmd_convert,
	  "move DB to another SCHEMA (copy to DST)" },
	{ "needs-conversion", "[DB [SCHEMA]]", 0, 2, cmd_needs_conversion,
	  "print whether DB has another schema than SCHEMA" },
	{ "db-name", "[DB]", 0, 1, cmd_db_name, "print the name of DB's schema" },
	{ "db-version", "[DB]", 0, 1, cmd_db_version, "print the version of DB's schema" },
	{ "db-cksum", "[DB]", 0, 1, cmd_db_cksum, "print the checksum of DB's schema" },
	{ "db-is-clustered", "DB", 1, 1, cmd_db_is_clustered,
	  "exit with 0 if DB is of a cluster, else 2" },
	{ "db-is-standalone", "DB", 1, 1, cmd_db_is_standalone,
	  "exit with 0 if DB is of one server, else 2" },
	{ "schema-name", "[SCHEMA]", 0, 1, cmd_schema_name, "print SCHEMA's name" },
	{ "schema-version", "[SCHEMA]", 0, 1, cmd_schema_version, "print SCHEMA's version" },
	{ "schema-cksum", "[SCHEMA]", 0, 1, cmd_schema_cksum, "print SCHEMA's checksum" },
	{ "query", "[DB] TRNS", 1, 2, cmd_query, "run a transaction on DB without keeping it" },
	{ "transact", "[DB] TRNS", 1, 2, cmd_transact, "run a transaction on DB" },
	{ "show-log", "[DB]", 0, 1, cmd_show_log,
	  "print DB's records (-m: and rows, -mm: and columns)" },
	{ "compare-versions", "A OP B", 3, 3, cmd_compare_versions,
	  "exit with 0 if \"A OP B\" is true of versions, else 2" },
	{ "help", "", 0, -1, cmd_help, NULL },
	{ "list-commands", "", 0, 0, cmd_list_commands, NULL },
};

static int cmd_list_commands(int n, char *args[])
{
	command_print_list(commands, ARRAY_SIZE(commands));
	return 0;
}

static char *more(const struct option_row *row, const char *value)
{
	show_log_detail++;
	return NULL;
}

static const struct option_row rows[] = {
	{ "more", 'm', OPT_NONE, NULL, "more detail in show-log", more, NULL },
};

static int parse_options(int argc, char *argv[])
{
	const struct option_group groups[] = {
		OPTION_GROUP("Options of commands", rows),
		log_option_group,
	};
	char *list = command_help(commands, ARRAY_SIZE(commands), true);
	char *usage = xasprintf("%%s: manages database files\n"
				"usage: %%s [OPTIONS] COMMAND [ARG...]\n%s"
				"The default DB is %s/conf.db.\n"
				"The default SCHEMA is %s/vswitch.ovsschema.\n",
				list, dir_db(), dir_pkgdata());
	int first = options_parse(argc, argv, groups, ARRAY_SIZE(groups), usage, NULL, false);

	free(list);
	free(usage);
	return first;
}

static int cmd_help(int n, char *args[])
{
	char name[] = "ovsdb-tool";
	char option[] = "--help";
	char *argv[] = { name, option, NULL };

	parse_options(2, argv);
	return 0;
}

int main(int argc, char *argv[])
{
	int first, code;

	program_init(argc, argv);
	/* What a command says goes to stderr by itself. */
	free(log_set_levels("console:warn"));
	free(log_set_levels("syslog:off"));
	first = parse_options(argc, argv);
	code = command_run(commands, ARRAY_SIZE(commands), argc - first, argv + first);
	if (fflush(stdout))
		fatal(errno, "write to stdout failed");
	return code;
}
