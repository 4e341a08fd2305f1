// SPDX-License-Identifier: Apache-2.0
/* Commands on any table: list find get set add remove clear create destroy wait-until comment. */
#include "ovs-vsctl.h"

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "db/symbol.h"
#include "db/table.h"
#include "db/text.h"

/* Names are matched in prepare() and again in run(): errors of the first end the program before it
 * connects. */
static const struct table_schema *get_table(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts;
	char *err = schema_match_table(cmd->vs->schema, cmd->argv[1], &ts);

	if (err)
		fatal(0, "%s", err);
	return ts;
}

static const char *table_name(const struct table_schema *ts)
{
	return vsctl_table_class(ts)->name; /* lives as long as the program */
}

/* The column that begins 'arg', which may go on with a key, an operator and a value. */
static const struct column_schema *get_column(const struct table_schema *ts, const char *arg,
					      enum text_want want)
{
	struct text_setting s;
	const struct column_schema *c;
	char *err = text_setting_parse_as(ts, arg, want, &s);

	if (err)
		fatal(0, "%s", err);
	c = s.column;
	text_setting_uninit(&s);
	return c;
}

static void want_schema_column(struct vsctl *vs, const struct table_schema *ts,
			       const struct column_schema *c)
{
	if (c->index >= N_STD_COLUMNS)
		vsctl_want_column(vs, table_name(ts), vsctl_column_class(ts, c)->name);
	else /* any will do */
		vsctl_want_column(vs, table_name(ts), vsctl_table_class(ts)->columns[0].name);
}

/* A column's datum; that of _uuid is made in '*tmp', which borrows nothing and needs no uninit. */
static const struct datum *read_column(const struct idl_row *row, const struct table_schema *ts,
				       const struct column_schema *c, struct datum *tmp,
				       union atom *atom)
{
	if (c->index >= N_STD_COLUMNS)
		return idl_read(row, vsctl_column_class(ts, c));
	atom->uuid = row->uuid;
	*tmp = (struct datum){ .n = 1, .keys = atom };
	return tmp;
}

static char *no_version(const struct table_schema *ts, const struct column_schema *c)
{
	if (c->index != COL_VERSION)
		return NULL;
	return xasprintf("%s does not contain a column whose name matches \"%s\"", ts->name,
			 c->name);
}

/* ---- list, find ---------------------------------------------------------------- */

struct columns {
	const struct column_schema **columns;
	size_t n;
};

static void add_column(struct columns *list, const struct column_schema *c)
{
	list->columns = xrealloc(list->columns, (list->n + 1) * sizeof(list->columns[0]));
	list->columns[list->n++] = c;
}

/* Those of --columns, else _uuid and all others by name. */
static struct columns get_columns(struct vsctl_cmd *cmd, const struct table_schema *ts)
{
	const char *option = vsctl_option_value(cmd, "--columns");
	struct columns list = { NULL, 0 };

	if (!option) {
		add_column(&list, ts->columns[COL_UUID]);
		for (size_t i = N_STD_COLUMNS; i < ts->n_columns; i++)
			add_column(&list, ts->columns[i]);
		return list;
	}
	for (const char *p = option; *p;) {
		size_t len = strcspn(p, ", ");

		if (len) {
			char *name = xstrndup(p, len);
			const struct column_schema *c = NULL;
			char *err = schema_match_column(ts, name, &c);

			free(name);
			if (!err)
				err = no_version(ts, c);
			if (err)
				fatal(0, "%s", err);
			add_column(&list, c);
		}
		p += len + (p[len] != '\0');
	}
	if (!list.n)
		fatal(0, "must specify at least one column name");
	return list;
}

static void prepare_columns(struct vsctl_cmd *cmd, const struct table_schema *ts)
{
	struct columns list = get_columns(cmd, ts);

	for (size_t i = 0; i < list.n; i++)
		want_schema_column(cmd->vs, ts, list.columns[i]);
	free(list.columns);
}

static void prepare_list(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = get_table(cmd);

	prepare_columns(cmd, ts);
	if (cmd->argc == 2)
		vsctl_want_all_rows(cmd->vs, table_name(ts));
	for (int i = 2; i < cmd->argc; i++)
		vsctl_want_record(cmd->vs, ts, cmd->argv[i]);
}

/* A column that the server's schema lacks is not shown, unless it was asked for. */
static bool is_listed(struct vsctl_cmd *cmd, const struct table_schema *ts,
		      const struct column_schema *c)
{
	return c->index < N_STD_COLUMNS || vsctl_option(cmd, "--columns") ||
	       idl_server_has_column(cmd->vs->idl, ts->name, c->name);
}

static void start_table(struct vsctl_cmd *cmd, const struct table_schema *ts,
			const struct columns *list)
{
	cmd->table = table_create(NULL);
	for (size_t i = 0; i < list->n; i++) {
		if (is_listed(cmd, ts, list->columns[i]))
			table_add_column(cmd->table, list->columns[i]->name);
	}
}

static void put_row(struct vsctl_cmd *cmd, const struct table_schema *ts,
		    const struct columns *list, const struct idl_row *row)
{
	table_add_row(cmd->table);
	for (size_t i = 0; i < list->n; i++) {
		struct datum tmp;
		union atom atom;

		if (is_listed(cmd, ts, list->columns[i]))
			table_add_datum(cmd->table,
					read_column(row, ts, list->columns[i], &tmp, &atom),
					&list->columns[i]->type);
	}
}

/* What the spool holds of the table looks like the rest, but for its UUID's cell. */
struct put_spooled {
	struct vsctl_cmd *cmd;
	const struct table_schema *ts;
	const struct columns *list;
	const char *record; /* NULL: all */
	bool found;
};

static bool put_spooled_row(const struct vsctl_spooled *row, void *aux)
{
	struct put_spooled *p = aux;
	char uuid[UUID_LEN + 1];

	snprintf(uuid, sizeof(uuid), UUID_FMT, UUID_ARGS(&row->uuid));
	if (p->record && (strlen(p->record) < 4 || !str_has_prefix(uuid, p->record)))
		return true;
	if (idl_row_by_uuid(p->cmd->vs->idl, vsctl_table_class(p->ts), &row->uuid))
		return true;
	p->found = true;
	table_add_row(p->cmd->table);
	for (size_t i = 0; i < p->list->n; i++) {
		const struct column_schema *c = p->list->columns[i];
		const json_t *json = json_object_get(row->columns, c->name);
		struct datum d;
		char *err;

		if (!is_listed(p->cmd, p->ts, c))
			continue;
		if (c->index == COL_UUID) {
			char *text = xasprintf("%s (pending: no row refers to it)", uuid);

			table_add_text(p->cmd->table, text);
			free(text);
			continue;
		}
		err = json ? datum_from_json(&d, &c->type, json, NULL, false) : NULL;
		if (err || !json)
			datum_init_default(&d, &c->type);
		free(err);
		table_add_datum(p->cmd->table, &d, &c->type);
		datum_uninit(&d, &c->type);
	}
	return true;
}

static bool put_spooled(struct vsctl_cmd *cmd, const struct table_schema *ts,
			const struct columns *list, const char *record)
{
	struct put_spooled p = { cmd, ts, list, record, false };

	vsctl_spool_walk(cmd->vs, table_name(ts), put_spooled_row, &p);
	return p.found;
}

static int compare_rows(const void *a, const void *b)
{
	const struct idl_row *const *ra = a, *const *rb = b;

	return uuid_compare(&(*ra)->uuid, &(*rb)->uuid);
}

/* All rows, in the order of their UUIDs; '*n' of them. */
static struct idl_row **sorted_rows(struct vsctl *vs, const struct table_schema *ts, size_t *n)
{
	const struct idl_table_class *tc = vsctl_table_class(ts);
	struct idl_row *row, **rows = NULL;
	size_t size = 0;

	*n = 0;
	for (row = idl_first(vs->idl, tc); row; row = idl_next(row)) {
		if (*n >= size)
			rows = x2nrealloc(rows, &size, sizeof(struct idl_row *));
		rows[(*n)++] = row;
	}
	if (*n)
		qsort(rows, *n, sizeof(struct idl_row *), compare_rows);
	return rows;
}

static char *run_list(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = get_table(cmd);
	struct columns list = get_columns(cmd, ts);
	struct idl_row *row, **rows;
	char *err = NULL;
	size_t n;

	start_table(cmd, ts, &list);
	if (cmd->argc == 2) {
		rows = sorted_rows(cmd->vs, ts, &n);
		for (size_t i = 0; i < n; i++)
			put_row(cmd, ts, &list, rows[i]);
		free(rows);
		put_spooled(cmd, ts, &list, NULL);
	}
	for (int i = 2; i < cmd->argc && !err; i++) {
		err = vsctl_record_lookup(cmd->vs, ts, cmd->argv[i],
					  !vsctl_option(cmd, "--if-exists"), &row);
		if (row) {
			put_row(cmd, ts, &list, row);
		} else if (err && put_spooled(cmd, ts, &list, cmd->argv[i])) {
			free(err);
			err = NULL;
		}
	}
	free(list.columns);
	return err;
}

static void prepare_find(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = get_table(cmd);

	prepare_columns(cmd, ts);
	for (int i = 2; i < cmd->argc; i++)
		want_schema_column(cmd->vs, ts, get_column(ts, cmd->argv[i], TEXT_WANT_RELATION));
	vsctl_want_all_rows(cmd->vs, table_name(ts));
}

/* '*all' tells whether each of the conditions holds for 'row'. */
static char *check_conditions(struct vsctl *vs, const struct table_schema *ts,
			      const struct idl_row *row, char *const conditions[], size_t n,
			      bool *all)
{
	*all = true;
	for (size_t i = 0; i < n && *all; i++) {
		struct text_setting s;
		struct datum tmp;
		union atom atom;
		char *err = text_setting_parse_as(ts, conditions[i], TEXT_WANT_RELATION, &s);

		if (err)
			return err;
		err = no_version(ts, s.column);
		if (!err)
			err = text_setting_matches(&s, read_column(row, ts, s.column, &tmp, &atom),
						   vs->symbols, all);
		text_setting_uninit(&s);
		if (err)
			return err;
	}
	return NULL;
}

static char *run_find(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = get_table(cmd);
	struct columns list = get_columns(cmd, ts);
	struct idl_row **rows;
	char *err = NULL;
	size_t n;

	start_table(cmd, ts, &list);
	rows = sorted_rows(cmd->vs, ts, &n);
	for (size_t i = 0; i < n && !err; i++) {
		bool all;

		err = check_conditions(cmd->vs, ts, rows[i], &cmd->argv[2], (size_t)cmd->argc - 2,
				       &all);
		if (!err && all)
			put_row(cmd, ts, &list, rows[i]);
	}
	free(rows);
	free(list.columns);
	return err;
}

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
	const struct table_schema *ts = get_table(cmd);

	vsctl_want_record(cmd->vs, ts, cmd->argv[2]);
	for (int i = 3; i < cmd->argc; i++)
		want_schema_column(cmd->vs, ts, get_column(ts, cmd->argv[i], TEXT_WANT_NAME));
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
	const struct table_schema *ts = get_table(cmd);
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
		err = no_version(ts, s.column);
		if (!err && !is_listed(cmd, ts, s.column))
			err = xasprintf("the database's table %s has no column %s (its schema is "
					"older)",
					ts->name, s.column->name);
		d = read_column(row, ts, s.column, &tmp, &atom);
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
	const struct table_schema *ts = get_table(cmd);

	vsctl_want_record(cmd->vs, ts, cmd->argv[2]);
	for (int i = 3; i < cmd->argc; i++)
		want_schema_column(cmd->vs, ts, get_column(ts, cmd->argv[i], TEXT_WANT_ASSIGNMENT));
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
	const struct table_schema *ts = get_table(cmd);
	struct idl_row *row;
	char *err = get_row(cmd, ts, &row);

	for (int i = 3; row && i < cmd->argc && !err; i++)
		err = vsctl_set_column(cmd->vs, ts, row, cmd->argv[i], false);
	return err;
}

/* "add" and "remove": one column, then values. */
static void prepare_values(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = get_table(cmd);
	const struct column_schema *c;
	char *err = schema_match_column(ts, cmd->argv[3], &c);

	if (err)
		fatal(0, "%s", err);
	vsctl_want_record(cmd->vs, ts, cmd->argv[2]);
	want_schema_column(cmd->vs, ts, c);
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
	const struct table_schema *ts = get_table(cmd);
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
	const struct table_schema *ts = get_table(cmd);
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
	const struct table_schema *ts = get_table(cmd);

	vsctl_want_record(cmd->vs, ts, cmd->argv[2]);
	for (int i = 3; i < cmd->argc; i++) {
		const struct column_schema *c;
		char *err = schema_match_column(ts, cmd->argv[i], &c);

		if (err)
			fatal(0, "%s", err);
		want_schema_column(cmd->vs, ts, c);
	}
}

static char *run_clear(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = get_table(cmd);
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
	const struct table_schema *ts = get_table(cmd);

	for (int i = 2; i < cmd->argc; i++)
		get_column(ts, cmd->argv[i], TEXT_WANT_ASSIGNMENT);
}

static char *run_create(struct vsctl_cmd *cmd)
{
	struct vsctl *vs = cmd->vs;
	const struct table_schema *ts = get_table(cmd);
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
	const struct table_schema *ts = get_table(cmd);

	if (vsctl_option(cmd, "--all")) {
		if (cmd->argc > 2)
			fatal(0, "--all and records argument should not be specified together");
		vsctl_want_all_rows(cmd->vs, table_name(ts));
		want_schema_column(cmd->vs, ts, ts->columns[COL_UUID]);
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
	const struct table_schema *ts = get_table(cmd);
	bool must_exist = !vsctl_option(cmd, "--if-exists");
	struct idl_row *row, **rows;
	char *err = NULL;
	size_t n;

	vs_model_drop(cmd->vs);
	if (vsctl_option(cmd, "--all")) {
		rows = sorted_rows(cmd->vs, ts, &n);
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
			   vsctl_spool_has(cmd->vs, table_name(ts), &uuid)) {
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
	const struct table_schema *ts = get_table(cmd);

	vsctl_want_record(cmd->vs, ts, cmd->argv[2]);
	for (int i = 3; i < cmd->argc; i++)
		want_schema_column(cmd->vs, ts, get_column(ts, cmd->argv[i], TEXT_WANT_RELATION));
}

static char *run_wait_until(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = get_table(cmd);
	struct idl_row *row;
	bool all = false;
	char *err = vsctl_record_lookup(cmd->vs, ts, cmd->argv[2], false, &row);

	if (!err && row)
		err = check_conditions(cmd->vs, ts, row, &cmd->argv[3], (size_t)cmd->argc - 3,
				       &all);
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
	  "list RECORD (or all records) in TABLE", "--if-exists,--columns=", prepare_list, run_list,
	  NULL, false },
	{ "find", 1, INT_MAX, "!TABLE *COLUMN?:KEY=VALUE", "TABLE [COLUMN[:KEY]OPVALUE]...",
	  "list records satisfying all conditions in TABLE", "--columns=", prepare_find, run_find,
	  NULL, false },
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
