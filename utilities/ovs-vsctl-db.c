// SPDX-License-Identifier: Apache-2.0
/* Commands on any table: get set add remove clear create destroy wait-until comment, and the table
 * of them all with list and find. */
#include "utilities/ovs-vsctl.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "db/symbol.h"
#include "db/text.h"

/* ---- get ----------------------------------------------------------------------- */

static char *check_symbol_name(const char *id)
{
	if (id[0] != '@')
		return xasprintf("row id \"%s\" does not begin with \"@\"", id);
	return NULL;
}

/* Makes '@name' stand for a row.  '*symbol' is it. */
static char *create_symbol(struct vsctl *vs, const char *id, bool *is_new, struct symbol **symbol)
{
	char *err = check_symbol_name(id);

	if (err)
		return err;
	*is_new = !symbol_lookup(vs->symbols, id);
	*symbol = symbol_insert(vs->symbols, id);
	if ((*symbol)->created)
		return xasprintf("row id \"%s\" may only be specified on one --id option", id);
	(*symbol)->created = true;
	return NULL;
}

static void prepare_get(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = vsctl_db_get_table(cmd);

	vsctl_want_record(cmd->vs, ts, cmd->argv[2]);
	for (int i = 3; i < cmd->argc; i++)
		vsctl_db_want_schema_column(cmd->vs, ts,
					    vsctl_db_get_column(ts, cmd->argv[i], TEXT_WANT_NAME));
}

/* The value of one key of a map. */
static char *put_key(struct vsctl_cmd *cmd, const struct table_schema *ts,
		     const struct text_setting *s, const struct datum *d)
{
	const struct column_type *type = &s->column->type;
	union atom key;
	char *err = NULL;
	int i;

	if (type->key.type == ATOM_STRING)
		key.string = atom_string_create(s->key, strlen(s->key));
	else
		err = atom_parse(&key, &type->key, s->key, cmd->vs->symbols, NULL, NULL);
	if (err)
		return err;
	i = datum_find_key(d, &key, type->key.type);
	atom_uninit(&key, type->key.type);
	if (i >= 0)
		atom_format(&d->values[i], type->value.type, &cmd->out);
	else if (!vsctl_option(cmd, "--if-exists"))
		return xasprintf("no key \"%s\" in %s record \"%s\" column %s", s->key, ts->name,
				 cmd->argv[2], s->column->name);
	str_putc(&cmd->out, '\n');
	return NULL;
}

static char *run_get(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = vsctl_db_get_table(cmd);
	const char *id = vsctl_option_value(cmd, "--id");
	bool must_exist = !vsctl_option(cmd, "--if-exists");
	struct symbol *symbol;
	struct idl_row *row;
	bool is_new;
	char *err;

	if (id && !must_exist)
		return xstrdup("--if-exists and --id may not be specified together");
	err = vsctl_record_lookup(cmd->vs, ts, cmd->argv[2], must_exist, &row);
	if (err || !row)
		return err;
	if (id) {
		err = create_symbol(cmd->vs, id, &is_new, &symbol);
		if (err)
			return err;
		if (!is_new)
			return xasprintf("row id \"%s\" specified on \"get\" command was used "
					 "before it was defined",
					 id);
		symbol->uuid = row->uuid;
		/* It is a row of the database: nothing has to refer to it. */
		symbol->strong_ref = true;
	}
	for (int i = 3; i < cmd->argc && !err; i++) {
		const struct datum *d;
		struct text_setting s;
		struct datum tmp;
		union atom atom;

		err = text_setting_parse_as(ts, cmd->argv[i], TEXT_WANT_NAME, &s);
		if (err)
			break;
		err = vsctl_db_no_version(ts, s.column);
		if (!err && !vsctl_db_is_listed(cmd, ts, s.column))
			err = xasprintf("the database's table %s has no column %s (its schema is "
					"older)",
					ts->name, s.column->name);
		d = vsctl_db_read_column(row, ts, s.column, &tmp, &atom);
		if (!err && s.key) {
			err = put_key(cmd, ts, &s, d);
		} else if (!err) {
			datum_format(d, &s.column->type, &cmd->out);
			str_putc(&cmd->out, '\n');
		}
		text_setting_uninit(&s);
	}
	return err;
}

/* ---- set, add, remove, clear ----------------------------------------------------- */

static void prepare_set(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = vsctl_db_get_table(cmd);

	vsctl_want_record(cmd->vs, ts, cmd->argv[2]);
	for (int i = 3; i < cmd->argc; i++)
		vsctl_db_want_schema_column(cmd->vs, ts,
					    vsctl_db_get_column(ts, cmd->argv[i],
								TEXT_WANT_ASSIGNMENT));
}

/* The row to change.  What the model of bridges and ports knew may be wrong afterwards. */
static char *get_row(struct vsctl_cmd *cmd, const struct table_schema *ts, struct idl_row **row)
{
	vs_model_drop(cmd->vs);
	return vsctl_record_lookup(cmd->vs, ts, cmd->argv[2], !vsctl_option(cmd, "--if-exists"),
				   row);
}

static char *run_set(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = vsctl_db_get_table(cmd);
	struct idl_row *row;
	char *err = get_row(cmd, ts, &row);

	for (int i = 3; row && i < cmd->argc && !err; i++)
		err = vsctl_set_column(cmd->vs, ts, row, cmd->argv[i], false);
	return err;
}

/* "add" and "remove": one column, then values. */
static void prepare_values(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = vsctl_db_get_table(cmd);
	const struct column_schema *c;
	char *err = schema_match_column(ts, cmd->argv[3], &c);

	if (err)
		fatal(0, "%s", err);
	vsctl_want_record(cmd->vs, ts, cmd->argv[2]);
	vsctl_db_want_schema_column(cmd->vs, ts, c);
}

static char *get_column_to_change(struct vsctl_cmd *cmd, const struct table_schema *ts,
				  const char *name, const struct column_schema **c)
{
	char *err = schema_match_column(ts, name, c);

	if (!err)
		err = vsctl_check_mutable(ts, *c);
	if (!err && !idl_server_has_column(cmd->vs->idl, ts->name, (*c)->name))
		err = xasprintf("the database's table %s has no column %s (its schema is older)",
				ts->name, (*c)->name);
	return err;
}

/* The column's type for any number of elements; borrows from it. */
static struct column_type any_number(const struct column_type *type)
{
	struct column_type t = *type;

	t.n_min = 0;
	t.n_max = UINT32_MAX;
	return t;
}

static char *too_many(const struct table_schema *ts, const struct column_schema *c, size_t n)
{
	return xasprintf("\"add\" operation would put %zu values in column %s of table %s but the "
			 "maximum number is %u",
			 n, c->name, ts->name, c->type.n_max);
}

static char *run_add(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = vsctl_db_get_table(cmd);
	const struct idl_column_class *cc;
	const struct column_schema *c;
	struct column_type type;
	struct idl_row *row;
	char *err = get_row(cmd, ts, &row);

	if (err || !row)
		return err;
	err = get_column_to_change(cmd, ts, cmd->argv[3], &c);
	if (err)
		return err;
	cc = vsctl_column_class(ts, c);
	type = any_number(&c->type);
	if (column_type_is_scalar(&c->type))
		return too_many(ts, c, (size_t)cmd->argc - 4 + 1);
	for (int i = 4; i < cmd->argc; i++) {
		struct datum d;

		err = vsctl_parse_value(cmd->vs, c, &type, cmd->argv[i], &d);
		if (err)
			return err;
		if (column_type_is_map(&type))
			idl_mutate_set(row, cc, &d);
		else
			idl_mutate_insert(row, cc, &d);
	}
	if (idl_read(row, cc)->n > c->type.n_max)
		return too_many(ts, c, idl_read(row, cc)->n);
	return NULL;
}

static char *run_remove(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = vsctl_db_get_table(cmd);
	const struct idl_column_class *cc;
	const struct column_schema *c;
	struct column_type type, keys;
	struct idl_row *row;
	char *err = get_row(cmd, ts, &row);

	if (err || !row)
		return err;
	err = get_column_to_change(cmd, ts, cmd->argv[3], &c);
	if (err)
		return err;
	cc = vsctl_column_class(ts, c);
	type = any_number(&c->type);
	keys = type;
	memset(&keys.value, 0, sizeof(keys.value));
	for (int i = 4; i < cmd->argc; i++) {
		struct datum d;

		/* Of a map, pairs or keys. */
		err = datum_parse(&d, &type, cmd->argv[i], cmd->vs->symbols);
		if (err && column_type_is_map(&type)) {
			free(err);
			err = datum_parse(&d, &keys, cmd->argv[i], cmd->vs->symbols);
		}
		if (err)
			return err;
		idl_mutate_delete(row, cc, &d);
	}
	if (idl_read(row, cc)->n < c->type.n_min)
		return xasprintf(
			"\"remove\" operation would put %u values in column %s of table %s "
			"but the minimum number is %u",
			idl_read(row, cc)->n, c->name, ts->name, c->type.n_min);
	return NULL;
}

static void prepare_clear(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = vsctl_db_get_table(cmd);

	vsctl_want_record(cmd->vs, ts, cmd->argv[2]);
	for (int i = 3; i < cmd->argc; i++) {
		const struct column_schema *c;
		char *err = schema_match_column(ts, cmd->argv[i], &c);

		if (err)
			fatal(0, "%s", err);
		vsctl_db_want_schema_column(cmd->vs, ts, c);
	}
}

static char *run_clear(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = vsctl_db_get_table(cmd);
	struct idl_row *row;
	char *err = get_row(cmd, ts, &row);

	for (int i = 3; row && i < cmd->argc && !err; i++) {
		const struct column_schema *c;
		struct datum d;

		err = get_column_to_change(cmd, ts, cmd->argv[i], &c);
		if (err)
			break;
		if (c->type.n_min > 0)
			return xasprintf("\"clear\" operation cannot be applied to column %s of "
					 "table %s, which is not allowed to be empty",
					 c->name, ts->name);
		datum_init_empty(&d);
		idl_write(row, vsctl_column_class(ts, c), &d);
	}
	return err;
}

/* ---- create, destroy --------------------------------------------------------------- */

static void prepare_create(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = vsctl_db_get_table(cmd);

	for (int i = 2; i < cmd->argc; i++)
		vsctl_db_get_column(ts, cmd->argv[i], TEXT_WANT_ASSIGNMENT);
}

static char *run_create(struct vsctl_cmd *cmd)
{
	struct vsctl *vs = cmd->vs;
	const struct table_schema *ts = vsctl_db_get_table(cmd);
	const struct idl_table_class *tc = vsctl_table_class(ts);
	const char *id = vsctl_option_value(cmd, "--id");
	struct symbol *symbol = NULL;
	struct idl_row *row;
	struct uuid uuid;
	char *err = NULL;
	bool is_new;

	vs_model_drop(vs);
	if (id && uuid_parse(id, &uuid)) {
		row = idl_insert(vs->txn, tc, &uuid);
	} else if (id) {
		err = create_symbol(vs, id, &is_new, &symbol);
		if (err)
			return err;
		row = idl_insert_named(vs->txn, tc, &symbol->uuid);
	} else {
		row = idl_insert(vs->txn, tc, NULL);
	}
	for (int i = 2; i < cmd->argc && !err; i++)
		err = vsctl_set_column(vs, ts, row, cmd->argv[i], true);
	cmd->created = xrealloc(cmd->created, (cmd->n_created + 1) * sizeof(cmd->created[0]));
	cmd->created[cmd->n_created++] = row->uuid;
	if (!err)
		vsctl_note_created(vs, ts, row, symbol);
	return err;
}

static void finish_create(struct vsctl_cmd *cmd)
{
	for (size_t i = 0; i < cmd->n_created; i++) {
		const struct uuid *uuid = idl_txn_inserted_uuid(cmd->vs->txn, &cmd->created[i]);

		/* A dry run has no other. */
		if (!uuid)
			uuid = &cmd->created[i];
		str_printf(&cmd->out, UUID_FMT "\n", UUID_ARGS(uuid));
	}
}

static bool refers_to(const struct column_type *type, const char *table)
{
	return (type->key.type == ATOM_UUID && type->key.uuid.table_name &&
		streq(type->key.uuid.table_name, table)) ||
	       (type->value.type == ATOM_UUID && type->value.uuid.table_name &&
		streq(type->value.uuid.table_name, table));
}

static void prepare_destroy(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = vsctl_db_get_table(cmd);

	if (vsctl_option(cmd, "--all")) {
		if (cmd->argc > 2)
			fatal(0, "--all and records argument should not be specified together");
		vsctl_want_all_rows(cmd->vs, vsctl_db_table_name(ts));
		vsctl_db_want_schema_column(cmd->vs, ts, ts->columns[COL_UUID]);
	}
	for (int i = 2; i < cmd->argc; i++)
		vsctl_want_record(cmd->vs, ts, cmd->argv[i]);
	if (ts->is_root)
		return;
	/* Whoever refers to such a row lets go of it. */
	for (size_t i = 0; i < ovsrec_class.n_tables; i++) {
		const struct idl_table_class *tc = &ovsrec_class.tables[i];

		for (size_t j = 0; j < tc->n_columns; j++) {
			if (refers_to(&tc->columns[j].type, ts->name)) {
				vsctl_want_column(cmd->vs, tc->name, tc->columns[j].name);
				vsctl_want_all_rows(cmd->vs, tc->name);
			}
		}
	}
}

static void destroy_row(const struct table_schema *ts, struct idl_row *row)
{
	if (!ts->is_root)
		idl_drop_references(row);
	idl_delete(row);
}

static char *run_destroy(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = vsctl_db_get_table(cmd);
	bool must_exist = !vsctl_option(cmd, "--if-exists");
	struct idl_row *row, **rows;
	char *err = NULL;
	size_t n;

	vs_model_drop(cmd->vs);
	if (vsctl_option(cmd, "--all")) {
		rows = vsctl_db_sorted_rows(cmd->vs, ts, &n);
		for (size_t i = 0; i < n; i++)
			destroy_row(ts, rows[i]);
		free(rows);
	}
	for (int i = 2; i < cmd->argc && !err; i++) {
		struct uuid uuid;

		err = vsctl_record_lookup(cmd->vs, ts, cmd->argv[i], must_exist, &row);
		if (row) {
			destroy_row(ts, row);
		} else if (uuid_parse(cmd->argv[i], &uuid) &&
			   vsctl_spool_has(cmd->vs, vsctl_db_table_name(ts), &uuid)) {
			vsctl_spool_del(cmd->vs, &uuid);
			free(err);
			err = NULL;
		}
	}
	return err;
}

/* ---- wait-until, comment ------------------------------------------------------------ */

static void prepare_wait_until(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = vsctl_db_get_table(cmd);

	vsctl_want_record(cmd->vs, ts, cmd->argv[2]);
	for (int i = 3; i < cmd->argc; i++)
		vsctl_db_want_schema_column(cmd->vs, ts,
					    vsctl_db_get_column(ts, cmd->argv[i],
								TEXT_WANT_RELATION));
}

static char *run_wait_until(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = vsctl_db_get_table(cmd);
	struct idl_row *row;
	bool all = false;
	char *err = vsctl_record_lookup(cmd->vs, ts, cmd->argv[2], false, &row);

	if (!err && row)
		err = vsctl_db_check_conditions(cmd->vs, ts, row, &cmd->argv[3],
						(size_t)cmd->argc - 3, &all);
	if (!err && !all)
		cmd->vs->try_again = true;
	return err;
}

static void prepare_comment(struct vsctl_cmd *cmd)
{
}

static char *run_comment(struct vsctl_cmd *cmd)
{
	struct str s = STR_INIT;

	for (int i = 1; i < cmd->argc; i++)
		str_printf(&s, "%s%s", i > 1 ? " " : "", cmd->argv[i]);
	if (cmd->argc > 1)
		idl_txn_comment(cmd->vs->txn, str_cstr(&s));
	str_uninit(&s);
	return NULL;
}

static const struct vsctl_class database_classes[] = {
	{ "list", 1, INT_MAX, "!TABLE *RECORD", "TABLE [RECORD]...",
	  "list RECORD (or all records) in TABLE", "--if-exists,--columns=", vsctl_prepare_list,
	  vsctl_run_list, NULL, false },
	{ "find", 1, INT_MAX, "!TABLE *COLUMN?:KEY=VALUE", "TABLE [COLUMN[:KEY]OPVALUE]...",
	  "list records satisfying all conditions in TABLE", "--columns=", vsctl_prepare_find,
	  vsctl_run_find, NULL, false },
	{ "get", 2, INT_MAX, "!TABLE !RECORD *COLUMN?:KEY", "TABLE RECORD [COLUMN[:KEY]]...",
	  "print values of COLUMNs in RECORD in TABLE", "--if-exists,--id=", prepare_get, run_get,
	  NULL, false },
	{ "set", 3, INT_MAX, "!TABLE !RECORD +COLUMN?:KEY=VALUE",
	  "TABLE RECORD COLUMN[:KEY]=VALUE...", "set COLUMN values in RECORD in TABLE",
	  "--if-exists", prepare_set, run_set, NULL, true },
	{ "add", 4, INT_MAX, "!TABLE !RECORD !COLUMN +?KEY=VALUE",
	  "TABLE RECORD COLUMN [KEY=]VALUE...", "add (KEY=)VALUE to COLUMN in RECORD in TABLE",
	  "--if-exists", prepare_values, run_add, NULL, true },
	{ "remove", 4, INT_MAX, "!TABLE !RECORD !COLUMN +KEY|VALUE|KEY=VALUE",
	  "TABLE RECORD COLUMN KEY|VALUE|KEY=VALUE...", "remove values from COLUMN", "--if-exists",
	  prepare_values, run_remove, NULL, true },
	{ "clear", 3, INT_MAX, "!TABLE !RECORD +COLUMN", "TABLE RECORD COLUMN...",
	  "clear values from COLUMN in RECORD in TABLE", "--if-exists", prepare_clear, run_clear,
	  NULL, true },
	{ "create", 2, INT_MAX, "!TABLE +COLUMN?:KEY=VALUE", "TABLE COLUMN[:KEY]=VALUE...",
	  "create and initialize new record", "--id=", prepare_create, run_create, finish_create,
	  true },
	{ "destroy", 1, INT_MAX, "!TABLE *RECORD", "TABLE RECORD...",
	  "delete RECORD from TABLE, and what refers to it lets go", "--if-exists,--all",
	  prepare_destroy, run_destroy, NULL, true },
	{ "wait-until", 2, INT_MAX, "!TABLE !RECORD *COLUMN?:KEY=VALUE",
	  "TABLE RECORD [COLUMN[:KEY]OPVALUE]...", "wait until RECORD satisfies all conditions", "",
	  prepare_wait_until, run_wait_until, NULL, false },
	{ "comment", 0, INT_MAX, "*ARG", "[ARG]...", "add a comment to the transaction", "",
	  prepare_comment, run_comment, NULL, true },
};
const struct vsctl_group vsctl_database_group = { "Database commands", database_classes,
						  ARRAY_SIZE(database_classes) };
