// SPDX-License-Identifier: Apache-2.0
/* Which row a RECORD on the command line means: a UUID, @id, a name as the table below says, "." in
 * a table of one row, or the beginning of one UUID. */
#include "utilities/ovs-vsctl.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "db/symbol.h"

/* Row R of 'table' whose 'column' is the record; or, with 'via', the row that column 'via' refers
 * to in the row of 'via_table' so found.  A row without 'column' is for "." only. */
static const struct naming {
	const char *table;
	const char *column;
	const char *via_table, *via;
} namings[] = {
	{ "AutoAttach", "name", "Bridge", "auto_attach" },
	{ "Bridge", "name" },
	{ "Controller", "name", "Bridge", "controller" },
	{ "Flow_Sample_Collector_Set", "id" },
	{ "Flow_Table", "name" },
	{ "IPFIX", "name", "Bridge", "ipfix" },
	{ "Interface", "name" },
	{ "Manager", "target" },
	{ "Mirror", "name" },
	{ "NetFlow", "name", "Bridge", "netflow" },
	{ "Port", "name" },
	{ "QoS", "name", "Port", "qos" },
	{ "sFlow", "name", "Bridge", "sflow" },
};

const struct idl_table_class *vsctl_table_class(const struct table_schema *ts)
{
	for (size_t i = 0; i < ovsrec_class.n_tables; i++) {
		if (streq(ovsrec_class.tables[i].name, ts->name))
			return &ovsrec_class.tables[i];
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

const struct idl_column_class *vsctl_column_class(const struct table_schema *ts,
						  const struct column_schema *cs)
{
	return find_column(vsctl_table_class(ts), cs->name);
}

static const struct naming *naming_of(const char *table)
{
	for (size_t i = 0; i < ARRAY_SIZE(namings); i++) {
		if (streq(namings[i].table, table))
			return &namings[i];
	}
	return NULL;
}

void vsctl_want_record(struct vsctl *vs, const struct table_schema *ts, const char *record)
{
	const struct naming *n = naming_of(ts->name);
	const char *table = vsctl_table_class(ts)->name;
	struct uuid uuid;

	if (n) {
		vsctl_want_column(vs, n->via ? n->via_table : n->table, n->column);
		vsctl_want_row(vs, n->via ? n->via_table : n->table, n->column, record);
	}
	if (n && n->via)
		vsctl_want_column(vs, n->via_table, n->via);
	/* No column of the row itself need be read: "_uuid" comes with any, and one must be asked
	 * for. */
	if (ts->n_columns > N_STD_COLUMNS)
		vsctl_want_column(vs, table, vsctl_table_class(ts)->columns[0].name);
	if (uuid_parse(record, &uuid))
		vsctl_want_row(vs, table, "_uuid", record);
	else if (uuid_prefix_len(record) == strlen(record) && strlen(record) >= 4)
		vsctl_want_all_rows(vs, table);
	else if (streq(record, "."))
		vsctl_want_all_rows(vs, table);
}

/* Looks for the only row that 'column' names.  NULL, with '*many' false, if there is none. */
static struct idl_row *find_by_column(struct vsctl *vs, const struct idl_table_class *tc,
				      const struct idl_column_class *c, const char *record,
				      bool *many)
{
	struct idl_row *row, *best = NULL;
	int64_t number = 0;
	bool is_number = str_to_i64(record, 10, &number);

	*many = false;
	for (row = idl_first(vs->idl, tc); row; row = idl_next(row)) {
		const struct datum *d = idl_read(row, c);
		bool match = false;

		if (d->n == 1 && c->type.key.type == ATOM_STRING)
			match = streq(d->keys[0].string->s, record);
		else if (d->n == 1 && c->type.key.type == ATOM_INTEGER)
			match = is_number && d->keys[0].integer == number;
		if (match) {
			*many = best;
			best = row;
		}
	}
	return best;
}

static char *find_by_name(struct vsctl *vs, const struct idl_table_class *tc, const char *record,
			  struct idl_row **rowp)
{
	const struct naming *n = naming_of(tc->name);
	const struct idl_table_class *vc;
	const struct datum *d;
	struct idl_row *row;
	bool many;

	*rowp = NULL;
	if (!n)
		return NULL;
	vc = tc;
	for (size_t i = 0; n->via && i < ovsrec_class.n_tables; i++) {
		if (streq(ovsrec_class.tables[i].name, n->via_table))
			vc = &ovsrec_class.tables[i];
	}
	row = find_by_column(vs, vc, find_column(vc, n->column), record, &many);
	if (many)
		return xasprintf("multiple rows in %s match \"%s\"", tc->name, record);
	if (row && n->via) {
		d = idl_read(row, find_column(vc, n->via));
		if (d->n > 1)
			return xasprintf("multiple rows in %s match \"%s\"", tc->name, record);
		row = d->n ? idl_row_by_uuid(vs->idl, tc, &d->keys[0].uuid) : NULL;
	}
	*rowp = row;
	return NULL;
}

static struct idl_row *find_by_prefix(struct vsctl *vs, const struct idl_table_class *tc,
				      const char *record, bool *many)
{
	struct idl_row *row, *best = NULL;
	size_t len = strlen(record);

	*many = false;
	if (len < 4 || uuid_prefix_len(record) != len)
		return NULL;
	for (row = idl_first(vs->idl, tc); row; row = idl_next(row)) {
		char s[UUID_LEN + 1];

		snprintf(s, sizeof(s), UUID_FMT, UUID_ARGS(&row->uuid));
		if (!strncasecmp(s, record, len)) {
			*many = best;
			best = row;
		}
	}
	return best;
}

char *vsctl_record_lookup(struct vsctl *vs, const struct table_schema *ts, const char *record,
			  bool must_exist, struct idl_row **rowp)
{
	const struct idl_table_class *tc = vsctl_table_class(ts);
	struct idl_row *row = NULL;
	struct uuid uuid;
	char *err = NULL;
	bool many = false;

	*rowp = NULL;
	if (record[0] == '@') {
		const struct symbol *symbol = symbol_lookup(vs->symbols, record);

		if (symbol)
			row = idl_row_by_uuid(vs->idl, tc, &symbol->uuid);
	}
	if (uuid_parse(record, &uuid))
		row = idl_row_by_uuid(vs->idl, tc, &uuid);
	if (!row && streq(record, ".")) {
		row = idl_first(vs->idl, tc);
		if (row && idl_next(row))
			row = NULL;
	}
	if (!row)
		err = find_by_name(vs, tc, record, &row);
	if (!row && !err)
		row = find_by_prefix(vs, tc, record, &many);
	if (!err && many) {
		row = NULL;
		err = xasprintf("multiple rows in %s match \"%s\"", tc->name, record);
	}
	if (!row && !err && must_exist)
		err = xasprintf("no row \"%s\" in table %s", record, tc->name);
	*rowp = err ? NULL : row;
	return err;
}

void vsctl_format_records_help(struct str *s)
{
	str_put(s, "A RECORD of a table is named by its UUID, by a unique prefix of that, or:\n");
	for (size_t i = 0; i < ovsrec_class.n_tables; i++) {
		const struct idl_table_class *tc = &ovsrec_class.tables[i];
		const struct naming *n = naming_of(tc->name);

		if (n && n->via)
			str_printf(s, "  %s:\n    via \"%s\" of %s with matching \"%s\"\n",
				   tc->name, n->via, n->via_table, n->column);
		else if (n)
			str_printf(s, "  %s:\n    by \"%s\"\n", tc->name, n->column);
		else if (tc->is_singleton)
			str_printf(s, "  %s:\n    as \".\"\n", tc->name);
	}
}
