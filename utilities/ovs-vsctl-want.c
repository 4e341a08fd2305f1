// SPDX-License-Identifier: Apache-2.0
/* What an invocation fetches.  Columns of small tables come with all rows.  Of Port and Interface,
 * which may have thousands, only the rows that the commands name are asked for (and the ports that
 * are fake bridges), so that adding a port costs the same on a big switch as on a small one.  Where
 * that turns out not to be enough, the commands run again with more (enum vsctl_detail). */
#include "utilities/ovs-vsctl.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

struct vsctl_want {
	const char *table;
	json_t *where; /* clauses, any of which lets a row in */
	bool all;
};

static const char *const big_tables[] = { "Port", "Interface" };

static bool is_big(const char *table)
{
	for (size_t i = 0; i < ARRAY_SIZE(big_tables); i++) {
		if (streq(table, big_tables[i]))
			return true;
	}
	return false;
}

static struct vsctl_want *want_of(struct vsctl *vs, const char *table)
{
	struct vsctl_want *w;

	for (size_t i = 0; i < vs->n_wants; i++) {
		if (streq(vs->wants[i].table, table))
			return &vs->wants[i];
	}
	vs->wants = xrealloc(vs->wants, (vs->n_wants + 1) * sizeof(vs->wants[0]));
	w = &vs->wants[vs->n_wants++];
	*w = (struct vsctl_want){ .table = table, .where = json_array() };
	return w;
}

void vsctl_want_column(struct vsctl *vs, const char *table, const char *column)
{
	idl_add_column(vs->idl, table, column, IDL_MONITOR | IDL_ALERT);
	vs->has_ports |= streq(table, "Bridge") && streq(column, "ports");
	if (is_big(table))
		want_of(vs, table);
}

void vsctl_want_table(struct vsctl *vs, const char *table)
{
	idl_add_table(vs->idl, table, IDL_MONITOR | IDL_ALERT);
	vs->has_ports |= streq(table, "Bridge");
	if (is_big(table))
		want_of(vs, table);
}

void vsctl_want_all_rows(struct vsctl *vs, const char *table)
{
	if (is_big(table))
		want_of(vs, table)->all = true;
}

void vsctl_want_row(struct vsctl *vs, const char *table, const char *column, const char *value)
{
	json_t *json;

	if (!is_big(table))
		return;
	json = streq(column, "_uuid") ? json_pack("[ss]", "uuid", value) : json_string(value);
	if (json) /* not UTF-8: no row has it */
		json_array_append_new(want_of(vs, table)->where,
				      json_pack("[sso]", column, "==", json));
}

static void want_names(struct vsctl *vs)
{
	struct vsctl_want *w;

	vsctl_want_column(vs, "Open_vSwitch", "bridges");
	vsctl_want_column(vs, "Bridge", "name");
	vsctl_want_column(vs, "Port", "name");
	vsctl_want_column(vs, "Port", "tag");
	vsctl_want_column(vs, "Port", "fake_bridge");
	vsctl_want_column(vs, "Port", "interfaces");
	vsctl_want_column(vs, "Interface", "name");
	w = want_of(vs, "Port");
	if (!json_array_size(w->where))
		json_array_append_new(w->where, json_pack("[ssb]", "fake_bridge", "==", 1));
	if (vs->detail > VSCTL_NAMES)
		vsctl_want_column(vs, "Bridge", "ports");
}

void vsctl_want_bridges(struct vsctl *vs)
{
	want_names(vs);
	vsctl_want_column(vs, "Bridge", "ports");
}

void vsctl_want_new_port(struct vsctl *vs, const char *name)
{
	want_names(vs);
	vsctl_want_row(vs, "Port", "name", name);
	vsctl_want_row(vs, "Interface", "name", name);
}

void vsctl_want_iface(struct vsctl *vs, const char *name)
{
	vsctl_want_bridges(vs);
	vsctl_want_row(vs, "Interface", "name", name);
}

void vsctl_want_port(struct vsctl *vs, const char *name)
{
	vsctl_want_iface(vs, name);
	vsctl_want_row(vs, "Port", "name", name);
}

void vsctl_want_all_ports(struct vsctl *vs)
{
	vsctl_want_bridges(vs);
	vsctl_want_all_rows(vs, "Port");
	vsctl_want_all_rows(vs, "Interface");
}

void vsctl_want_apply(struct vsctl *vs)
{
	for (size_t i = 0; i < vs->n_wants; i++) {
		struct vsctl_want *w = &vs->wants[i];

		if (vs->detail == VSCTL_EVERYTHING || w->all)
			continue;
		/* No clause lets every row in, so one that lets none in is needed. */
		if (!json_array_size(w->where))
			json_array_append_new(w->where, json_false());
		idl_set_condition(vs->idl, w->table, json_incref(w->where));
	}
}

void vsctl_want_clear(struct vsctl *vs)
{
	for (size_t i = 0; i < vs->n_wants; i++)
		json_decref(vs->wants[i].where);
	free(vs->wants);
	vs->wants = NULL;
	vs->n_wants = 0;
	vs->has_ports = false;
}
