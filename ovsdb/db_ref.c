// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/db_ref.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"

LOG_MODULE(ovsdb_config);

/* Splits "a,b,c" in place; returns the number of words, at most 4. */
static size_t split(char *s, char *words[4])
{
	size_t n = 0;

	for (char *p = s; p && n < 4; n++) {
		words[n] = p;
		p = strchr(p, ',');
		if (p)
			*p++ = '\0';
	}
	return n;
}

static struct service *only_database(const struct server *server)
{
	size_t n;
	struct service **list = server_list(server, false, &n);
	struct service *service = n == 1 ? list[0] : NULL;

	free(list);
	return service;
}

static char *parse_words(const struct server *server, const char *spec, char *words[4], size_t n,
			 struct db_ref *ref)
{
	const char *table, *column;

	if (n == 3) {
		ref->service = server_lookup(server, words[0]);
		if (!ref->service)
			return xasprintf("\"%s\": no database named %s", spec, words[0]);
	} else if (n == 2 && *words[0] && *words[1]) {
		ref->service = only_database(server);
		if (!ref->service)
			return xasprintf(
				"\"%s\": the form db:TABLE,COLUMN needs exactly one database to "
				"be served; say db:DB,TABLE,COLUMN",
				spec);
	} else {
		return xasprintf("\"%s\": invalid syntax, expected db:DB,TABLE,COLUMN", spec);
	}
	table = words[n - 2];
	column = words[n - 1];
	ref->table = db_table(service_db(ref->service), table);
	if (!ref->table)
		return xasprintf("\"%s\": no table named %s", spec, table);
	ref->column = table_column(ref->table->schema, column);
	if (!ref->column && streq(table, "Open_vSwitch") && streq(column, "managers"))
		ref->column = table_column(ref->table->schema, "manager_options");
	if (!ref->column)
		return xasprintf("\"%s\": table \"%s\" has no column \"%s\"", spec, table, column);
	if (n == 2 || !streq(ref->column->name, column))
		log_warn("\"%s\" is an old form: say \"db:%s,%s,%s\" instead", spec,
			 service_name(ref->service), table, ref->column->name);
	return NULL;
}

char *db_ref_parse(const struct server *server, const char *spec, struct db_ref *ref)
{
	char *copy = xstrdup(spec + strlen("db:"));
	char *words[4];
	char *err = parse_words(server, spec, words, split(copy, words), ref);

	free(copy);
	return err;
}

static const char *first_string(const struct datum *d)
{
	for (uint32_t i = 0; i < d->n; i++)
		if (d->keys[i].string->len)
			return d->keys[i].string->s;
	return NULL;
}

const char *db_ref_string(const struct db_ref *ref)
{
	const struct base_type *key = &ref->column->type.key;
	struct row *row;

	HMAP_FOR_EACH(row, node, &ref->table->rows) {
		struct datum d = row_get(row, ref->column->index);
		const char *s = NULL;

		if (key->type == ATOM_STRING)
			s = first_string(&d);
		if (s)
			return s;
	}
	return NULL;
}

static bool get(const struct row *row, const char *column, enum atom_type type, bool map,
		struct datum *d)
{
	const struct column_schema *cs = table_column(row->table->schema, column);

	if (!cs || cs->type.key.type != type || column_type_is_map(&cs->type) != map ||
	    (map && cs->type.value.type != ATOM_STRING))
		return false;
	*d = row_get(row, cs->index);
	return d->n > 0;
}

const char *db_row_string(const struct row *row, const char *column)
{
	struct datum d;

	return get(row, column, ATOM_STRING, false, &d) ? d.keys[0].string->s : NULL;
}

bool db_row_integer(const struct row *row, const char *column, int64_t *v)
{
	struct datum d;

	if (!get(row, column, ATOM_INTEGER, false, &d))
		return false;
	*v = d.keys[0].integer;
	return true;
}

bool db_row_bool(const struct row *row, const char *column, bool def)
{
	struct datum d;

	return get(row, column, ATOM_BOOLEAN, false, &d) ? d.keys[0].boolean : def;
}

const char *db_row_map_value(const struct row *row, const char *column, const char *key)
{
	struct datum d;

	if (!get(row, column, ATOM_STRING, true, &d))
		return NULL;
	for (uint32_t i = 0; i < d.n; i++)
		if (streq(d.keys[i].string->s, key))
			return d.values[i].string->s;
	return NULL;
}
