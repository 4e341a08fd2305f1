// SPDX-License-Identifier: Apache-2.0
/* "show": the configuration as a tree.  What it shows of which table is the table below. */
#include "utilities/ovs-vsctl.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "db/text.h"

#define INDENT 4

/* 'name' is the column that titles a row; NULL: its UUID alone, as for the root. */
static const struct shown {
	const char *table, *name;
	const char *columns[6]; /* values, or rows of other shown tables */
	const char *map, *key; /* a value in a column that is a map, if it is there */
} shown[] = {
	{ "Open_vSwitch", NULL, { "manager_options", "bridges", "ovs_version" } },
	{ "Bridge",
	  "name",
	  { "controller", "fail_mode", "datapath_type", "ports" },
	  "status",
	  "datapath" },
	{ "Port", "name", { "tag", "trunks", "interfaces" } },
	{ "Interface", "name", { "type", "options", "error" } },
	{ "Controller", "target", { "is_connected" } },
	{ "Manager", "target", { "is_connected" } },
};

/* --filter=TABLE(TEXT|TEXT)|TABLE(TEXT): of these tables, rows in whose own lines a text is. */
struct filter {
	const char *text; /* the whole option, NULL: none */
};

static const struct shown *shown_of(const char *table)
{
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		if (streq(shown[i].table, table))
			return &shown[i];
	}
	return NULL;
}

static const struct idl_column_class *find_column(const struct idl_table_class *tc,
						  const char *name)
{
	for (size_t i = 0; i < tc->n_columns; i++) {
		if (streq(tc->columns[i].name, name))
			return &tc->columns[i];
	}
	return NULL;
}

static const struct idl_table_class *find_table(const char *name)
{
	for (size_t i = 0; i < ovsrec_class.n_tables; i++) {
		if (streq(ovsrec_class.tables[i].name, name))
			return &ovsrec_class.tables[i];
	}
	return NULL;
}

void vsctl_show_prepare(struct vsctl_cmd *cmd)
{
	struct vsctl *vs = cmd->vs;

	vsctl_want_all_ports(vs);
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		if (shown[i].name)
			vsctl_want_column(vs, shown[i].table, shown[i].name);
		for (size_t j = 0; shown[i].columns[j]; j++)
			vsctl_want_column(vs, shown[i].table, shown[i].columns[j]);
		if (shown[i].map)
			vsctl_want_column(vs, shown[i].table, shown[i].map);
	}
}

/* One "TABLE(TEXT|TEXT)" of a filter at '*p', which moves behind it and its '|'. */
static bool next_clause(const char **p, const char **table, size_t *table_len, const char **texts,
			size_t *texts_len)
{
	const char *open = strchr(*p, '('), *close = open ? strchr(open, ')') : NULL;

	if (!close || open == *p)
		return false;
	*table = *p;
	*table_len = (size_t)(open - *p);
	*texts = open + 1;
	*texts_len = (size_t)(close - open - 1);
	*p = close + 1 + (close[1] == '|');
	return true;
}

static char *check_filter(const char *filter)
{
	const char *p = filter, *table, *texts;
	size_t table_len, texts_len;

	while (*p) {
		bool known = false;

		if (!next_clause(&p, &table, &table_len, &texts, &texts_len))
			return xasprintf(
				"--filter=%s: expected TABLE(TEXT[|TEXT...])[|TABLE(...)...]",
				filter);
		for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
			known |= strlen(shown[i].table) == table_len &&
				 !strncasecmp(shown[i].table, table, table_len);
		if (!known)
			return xasprintf("--filter=%s: \"show\" shows no table %.*s", filter,
					 (int)table_len, table);
	}
	return NULL;
}

static bool passes(const struct filter *f, const char *row_table, const char *lines)
{
	const char *p = f->text, *table, *texts;
	size_t table_len, texts_len;
	bool mentioned = false, found = false;

	while (p && *p && next_clause(&p, &table, &table_len, &texts, &texts_len)) {
		if (strlen(row_table) != table_len || strncasecmp(row_table, table, table_len))
			continue;
		mentioned = true;
		for (size_t i = 0; i <= texts_len;) {
			size_t len = strcspn(texts + i, "|)");
			char *text = xstrndup(texts + i, len);

			found |= strstr(lines, text) != NULL;
			free(text);
			i += len + 1;
		}
	}
	return !mentioned || found;
}

static void show_row(struct vsctl *vs, const struct idl_row *row, size_t level,
		     const struct filter *, struct str *out);

static void show_column(struct vsctl *vs, const struct idl_row *row,
			const struct idl_column_class *c, size_t level, const struct filter *filter,
			struct str *own, struct str *children)
{
	const struct datum *d = idl_read(row, c);
	const struct base_type *key = &c->type.key;

	if (key->type == ATOM_UUID && key->uuid.table_name && shown_of(key->uuid.table_name)) {
		const struct idl_table_class *tc = find_table(key->uuid.table_name);

		for (size_t i = 0; i < d->n; i++) {
			const struct idl_row *child = idl_row_by_uuid(vs->idl, tc,
								      &d->keys[i].uuid);

			if (child)
				show_row(vs, child, level + 1, filter, children);
		}
		return;
	}
	if (datum_is_default(d, &c->type))
		return;
	str_put_repeat(own, ' ', (level + 1) * INDENT);
	str_printf(own, "%s: ", c->name);
	datum_format(d, &c->type, own);
	str_putc(own, '\n');
}

static void show_value(const struct idl_row *row, const struct idl_column_class *c,
		       const char *name, size_t level, struct str *own)
{
	const struct datum *d = idl_read(row, c);
	union atom key = { .string = atom_string_create(name, strlen(name)) };
	int i = datum_find_key(d, &key, ATOM_STRING);

	atom_uninit(&key, ATOM_STRING);
	if (i < 0)
		return;
	str_put_repeat(own, ' ', (level + 1) * INDENT);
	str_printf(own, "%s: ", name);
	atom_format(&d->values[i], c->type.value.type, own);
	str_putc(own, '\n');
}

/* Values and child rows come in the table's order; a filter looks at the row's own lines. */
static void show_row(struct vsctl *vs, const struct idl_row *row, size_t level,
		     const struct filter *filter, struct str *out)
{
	const struct idl_table_class *tc = idl_row_class(row);
	const struct shown *s = shown_of(tc->name);
	struct str all = STR_INIT, own = STR_INIT;

	str_put_repeat(&all, ' ', level * INDENT);
	if (s->name) {
		const struct idl_column_class *c = find_column(tc, s->name);

		str_printf(&all, "%s ", tc->name);
		datum_format(idl_read(row, c), &c->type, &all);
	} else {
		str_printf(&all, UUID_FMT, UUID_ARGS(&row->uuid));
	}
	str_putc(&all, '\n');
	if (s->map)
		show_value(row, find_column(tc, s->map), s->key, level, &all);
	str_put(&own, str_cstr(&all));
	for (size_t i = 0; s->columns[i]; i++) {
		struct str lines = STR_INIT;

		show_column(vs, row, find_column(tc, s->columns[i]), level, filter, &lines, &all);
		str_put(&all, str_cstr(&lines));
		str_put(&own, str_cstr(&lines));
		str_uninit(&lines);
	}
	if (passes(filter, tc->name, str_cstr(&own)))
		str_put(out, str_cstr(&all));
	str_uninit(&all);
	str_uninit(&own);
}

char *vsctl_show_run(struct vsctl_cmd *cmd)
{
	struct filter filter = { vsctl_option_value(cmd, "--filter") };
	char *err = filter.text ? check_filter(filter.text) : NULL;

	if (!err)
		show_row(cmd->vs, &cmd->vs->ovs->row, 0, &filter, &cmd->out);
	return err;
}
