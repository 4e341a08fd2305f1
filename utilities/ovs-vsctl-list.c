// SPDX-License-Identifier: Apache-2.0
/* "list" and "find": rows as tables.  Rows of the spool are listed with the others. */
#include "utilities/ovs-vsctl.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "db/table.h"
#include "db/text.h"

const struct table_schema *vsctl_db_get_table(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts;
	char *err = schema_match_table(cmd->vs->schema, cmd->argv[1], &ts);

	if (err)
		fatal(0, "%s", err);
	return ts;
}

const char *vsctl_db_table_name(const struct table_schema *ts)
{
	return vsctl_table_class(ts)->name; /* lives as long as the program */
}

const struct column_schema *vsctl_db_get_column(const struct table_schema *ts, const char *arg,
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

void vsctl_db_want_schema_column(struct vsctl *vs, const struct table_schema *ts,
				 const struct column_schema *c)
{
	if (c->index >= N_STD_COLUMNS)
		vsctl_want_column(vs, vsctl_db_table_name(ts), vsctl_column_class(ts, c)->name);
	else /* any will do */
		vsctl_want_column(vs, vsctl_db_table_name(ts),
				  vsctl_table_class(ts)->columns[0].name);
}

const struct datum *vsctl_db_read_column(const struct idl_row *row, const struct table_schema *ts,
					 const struct column_schema *c, struct datum *tmp,
					 union atom *atom)
{
	if (c->index >= N_STD_COLUMNS)
		return idl_read(row, vsctl_column_class(ts, c));
	atom->uuid = row->uuid;
	*tmp = (struct datum){ .n = 1, .keys = atom };
	return tmp;
}

char *vsctl_db_no_version(const struct table_schema *ts, const struct column_schema *c)
{
	if (c->index != COL_VERSION)
		return NULL;
	return xasprintf("%s does not contain a column whose name matches \"%s\"", ts->name,
			 c->name);
}

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
				err = vsctl_db_no_version(ts, c);
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
		vsctl_db_want_schema_column(cmd->vs, ts, list.columns[i]);
	free(list.columns);
}

void vsctl_prepare_list(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = vsctl_db_get_table(cmd);

	prepare_columns(cmd, ts);
	if (cmd->argc == 2)
		vsctl_want_all_rows(cmd->vs, vsctl_db_table_name(ts));
	for (int i = 2; i < cmd->argc; i++)
		vsctl_want_record(cmd->vs, ts, cmd->argv[i]);
}

bool vsctl_db_is_listed(struct vsctl_cmd *cmd, const struct table_schema *ts,
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
		if (vsctl_db_is_listed(cmd, ts, list->columns[i]))
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

		if (vsctl_db_is_listed(cmd, ts, list->columns[i]))
			table_add_datum(cmd->table,
					vsctl_db_read_column(row, ts, list->columns[i], &tmp,
							     &atom),
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

		if (!vsctl_db_is_listed(p->cmd, p->ts, c))
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

	vsctl_spool_walk(cmd->vs, vsctl_db_table_name(ts), put_spooled_row, &p);
	return p.found;
}

static int compare_rows(const void *a, const void *b)
{
	const struct idl_row *const *ra = a, *const *rb = b;

	return uuid_compare(&(*ra)->uuid, &(*rb)->uuid);
}

struct idl_row **vsctl_db_sorted_rows(struct vsctl *vs, const struct table_schema *ts, size_t *n)
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

char *vsctl_run_list(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = vsctl_db_get_table(cmd);
	struct columns list = get_columns(cmd, ts);
	struct idl_row *row, **rows;
	char *err = NULL;
	size_t n;

	start_table(cmd, ts, &list);
	if (cmd->argc == 2) {
		rows = vsctl_db_sorted_rows(cmd->vs, ts, &n);
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

void vsctl_prepare_find(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = vsctl_db_get_table(cmd);

	prepare_columns(cmd, ts);
	for (int i = 2; i < cmd->argc; i++)
		vsctl_db_want_schema_column(cmd->vs, ts,
					    vsctl_db_get_column(ts, cmd->argv[i],
								TEXT_WANT_RELATION));
	vsctl_want_all_rows(cmd->vs, vsctl_db_table_name(ts));
}

char *vsctl_db_check_conditions(struct vsctl *vs, const struct table_schema *ts,
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
		err = vsctl_db_no_version(ts, s.column);
		if (!err)
			err = text_setting_matches(&s,
						   vsctl_db_read_column(row, ts, s.column, &tmp,
									&atom),
						   vs->symbols, all);
		text_setting_uninit(&s);
		if (err)
			return err;
	}
	return NULL;
}

char *vsctl_run_find(struct vsctl_cmd *cmd)
{
	const struct table_schema *ts = vsctl_db_get_table(cmd);
	struct columns list = get_columns(cmd, ts);
	struct idl_row **rows;
	char *err = NULL;
	size_t n;

	start_table(cmd, ts, &list);
	rows = vsctl_db_sorted_rows(cmd->vs, ts, &n);
	for (size_t i = 0; i < n && !err; i++) {
		bool all;

		err = vsctl_db_check_conditions(cmd->vs, ts, rows[i], &cmd->argv[2],
						(size_t)cmd->argc - 2, &all);
		if (!err && all)
			put_row(cmd, ts, &list, rows[i]);
	}
	free(rows);
	free(list.columns);
	return err;
}
