// SPDX-License-Identifier: Apache-2.0
/* Values from the command line onto rows. */
#include "utilities/ovs-vsctl.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "db/text.h"

/* Brings back the spooled rows that one side of 'd' refers to. */
static char *unspool(struct vsctl *vs, const struct base_type *b, const union atom *atoms, size_t n)
{
	char *err = NULL;

	if (b->type != ATOM_UUID || !b->uuid.table_name)
		return NULL;
	for (size_t i = 0; i < n && !err; i++)
		err = vsctl_spool_insert(vs, b->uuid.table_name, &atoms[i].uuid);
	return err;
}

char *vsctl_parse_value(struct vsctl *vs, const struct column_schema *cs,
			const struct column_type *type, const char *text, struct datum *d)
{
	char *err = datum_parse(d, type, text, vs->symbols);

	if (err)
		return err;
	err = unspool(vs, &type->key, d->keys, d->n);
	if (!err && column_type_is_map(type))
		err = unspool(vs, &type->value, d->values, d->n);
	if (err)
		datum_uninit(d, type);
	return err;
}

char *vsctl_check_mutable(const struct table_schema *ts, const struct column_schema *cs)
{
	if (!cs->mutable_ || cs->index < N_STD_COLUMNS)
		return xasprintf("cannot modify read-only column %s in table %s", cs->name,
				 ts->name);
	return NULL;
}

/* The pair KEY=VALUE of a map. */
static char *parse_pair(struct vsctl *vs, const struct text_setting *s, struct datum *d)
{
	const struct column_type *type = &s->column->type;
	union atom key, value;
	char *err;

	if (type->key.type == ATOM_STRING) {
		key.string = atom_string_create(s->key, strlen(s->key));
		err = base_type_check(&type->key, &key);
	} else {
		err = atom_parse(&key, &type->key, s->key, vs->symbols, NULL, NULL);
		if (err)
			return err;
	}
	if (!err)
		err = atom_parse(&value, &type->value, s->value, vs->symbols, NULL, NULL);
	if (err) {
		atom_uninit(&key, type->key.type);
		return err;
	}
	datum_init_empty(d);
	datum_add_steal(d, &key, &value, type);
	datum_sort_unique(d, type);
	err = unspool(vs, &type->key, d->keys, d->n);
	if (!err)
		err = unspool(vs, &type->value, d->values, d->n);
	if (err)
		datum_uninit(d, type);
	return err;
}

char *vsctl_set_column(struct vsctl *vs, const struct table_schema *ts, struct idl_row *row,
		       const char *arg, bool fresh)
{
	struct text_setting s;
	const struct idl_column_class *c;
	struct datum d;
	char *err;

	err = text_setting_parse_as(ts, arg, TEXT_WANT_ASSIGNMENT, &s);
	if (err)
		return err;
	c = vsctl_column_class(ts, s.column);
	if (s.column->index < N_STD_COLUMNS || (!fresh && row->columns))
		err = vsctl_check_mutable(ts, s.column);
	if (!err && !idl_server_has_column(vs->idl, ts->name, s.column->name))
		err = xasprintf("the database's table %s has no column %s (its schema is older)",
				ts->name, s.column->name);
	if (!err && s.key) {
		err = parse_pair(vs, &s, &d);
		if (!err)
			idl_mutate_set(row, c, &d);
	} else if (!err) {
		err = vsctl_parse_value(vs, s.column, &s.column->type, s.value, &d);
		if (!err)
			idl_write(row, c, &d);
	}
	text_setting_uninit(&s);
	return err;
}
