// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/client_monitor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"
#include "db/table.h"

bool client_monitor_timestamp;

struct monitored {
	const struct table_schema *schema;
	const struct column_schema **columns; /* in the order in which they are shown */
	size_t n_columns;
};

struct monitor {
	struct db_schema *schema;
	struct monitored *tables; /* sorted by name */
	size_t n_tables;
};

static void add_column(struct monitored *mt, const struct column_schema *cs)
{
	for (size_t i = 0; i < mt->n_columns; i++)
		if (mt->columns[i] == cs)
			return;
	mt->columns[mt->n_columns++] = cs;
}

/* All columns as they are shown by default: by name, _version behind them. */
static void add_all_columns(struct monitored *mt)
{
	for (uint32_t i = N_STD_COLUMNS; i < mt->schema->n_columns; i++)
		add_column(mt, mt->schema->columns[i]);
	add_column(mt, mt->schema->columns[COL_VERSION]);
}

/* One word of "COLUMN,...", "!initial" and its like included, as one request. */
static json_t *parse_columns(struct client_conn *conn, struct monitored *mt, char *word)
{
	json_t *request = json_object();
	json_t *columns = json_array();
	json_t *select = json_object();
	char *save = NULL;

	for (char *name = strtok_r(word, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		const struct column_schema *cs;

		if (*name == '!') {
			json_object_set_new(select, name + 1, json_false());
			continue;
		}
		cs = table_column(mt->schema, name);
		if (!cs)
			fatal(0, "%s: table \"%s\" in %s does not have a column named \"%s\"",
			      conn->server, mt->schema->name, conn->database, name);
		add_column(mt, cs);
		json_array_append_new(columns, json_string(name));
	}
	if (!json_array_size(columns)) {
		add_all_columns(mt);
		for (size_t i = 0; i < mt->n_columns; i++)
			json_array_append_new(columns, json_string(mt->columns[i]->name));
	}
	json_object_set_new(request, "columns", columns);
	if (json_object_size(select))
		json_object_set(request, "select", select);
	json_decref(select);
	return request;
}

static json_t *table_requests(struct client_conn *conn, struct monitored *mt, char **words, int n,
			      json_t *condition)
{
	json_t *requests = json_array();

	mt->columns = xcalloc(mt->schema->n_columns, sizeof(*mt->columns));
	for (int i = 0; i < n; i++)
		json_array_append_new(requests, parse_columns(conn, mt, words[i]));
	if (!n) {
		json_t *columns = json_array();

		add_all_columns(mt);
		for (size_t i = 0; i < mt->n_columns; i++)
			json_array_append_new(columns, json_string(mt->columns[i]->name));
		json_array_append_new(requests, json_pack("{so}", "columns", columns));
	}
	if (condition)
		for (size_t i = 0; i < json_array_size(requests); i++)
			json_object_set(json_array_get(requests, i), "where", condition);
	return requests;
}

/* ---- what is shown */

static struct table *start_table(const struct monitor *m, const struct monitored *mt)
{
	/* With one table its name would say nothing. */
	struct table *t = table_create(m->n_tables > 1 ? mt->schema->name : NULL);

	table_set_timestamp(t, client_monitor_timestamp);
	table_add_column(t, "row");
	table_add_column(t, "action");
	for (size_t i = 0; i < mt->n_columns; i++)
		table_add_column(t, mt->columns[i]->name);
	return t;
}

/* One line: the columns that 'row' has. */
static void add_line(struct table *t, const struct monitored *mt, const char *uuid,
		     const char *action, const json_t *row)
{
	table_add_row(t);
	table_add_text(t, uuid);
	table_add_text(t, action);
	for (size_t i = 0; i < mt->n_columns; i++) {
		const struct column_schema *cs = mt->columns[i];
		const json_t *value = json_object_get(row, cs->name);
		struct datum d;
		char *err;

		if (!value) {
			table_add_text(t, "");
			continue;
		}
		err = datum_from_json(&d, &cs->type, value, NULL, true);
		if (err)
			fatal(0, "column %s of row %s: %s", cs->name, uuid, err);
		table_add_datum(t, &d, &cs->type);
		datum_uninit(&d, &cs->type);
	}
}

/* A row of an update2 without the columns at their defaults: puts them in. */
static json_t *with_defaults(const struct monitored *mt, const json_t *row)
{
	json_t *full = json_copy((json_t *)(uintptr_t)row);

	for (size_t i = 0; i < mt->n_columns; i++) {
		const struct column_schema *cs = mt->columns[i];
		struct datum d;

		if (json_object_get(row, cs->name))
			continue;
		datum_init_default(&d, &cs->type);
		json_object_set_new(full, cs->name, datum_to_json(&d, &cs->type));
		datum_uninit(&d, &cs->type);
	}
	return full;
}

static void add_update(struct table *t, const struct monitored *mt, const char *uuid,
		       const json_t *update, bool initial)
{
	const json_t *old = json_object_get(update, "old");
	const json_t *new_ = json_object_get(update, "new");

	if (old && new_) {
		add_line(t, mt, uuid, "old", old);
		add_line(t, mt, "", "new", new_);
	} else if (old) {
		add_line(t, mt, uuid, "delete", old);
	} else {
		add_line(t, mt, uuid, initial ? "initial" : "insert", new_);
	}
}

static void add_update2(struct table *t, const struct monitored *mt, const char *uuid,
			const json_t *update)
{
	const char *action;
	json_t *row;

	json_object_foreach((json_t *)(uintptr_t)update, action, row) {
		if (streq(action, "initial") || streq(action, "insert")) {
			json_t *full = with_defaults(mt, row);

			add_line(t, mt, uuid, action, full);
			json_decref(full);
		} else {
			add_line(t, mt, uuid, action, json_is_object(row) ? row : NULL);
		}
	}
}

static void print_updates(const struct monitor *m, const json_t *updates, bool version2,
			  bool initial)
{
	for (size_t i = 0; i < m->n_tables; i++) {
		const struct monitored *mt = &m->tables[i];
		const json_t *rows = json_object_get(updates, mt->schema->name);
		struct str s = STR_INIT;
		const char *uuid;
		struct table *t;
		json_t *update;

		if (!json_object_size(rows))
			continue;
		t = start_table(m, mt);
		json_object_foreach((json_t *)(uintptr_t)rows, uuid, update) {
			if (version2)
				add_update2(t, mt, uuid, update);
			else
				add_update(t, mt, uuid, update, initial);
		}
		table_format(t, &table_style, &s);
		fputs(str_cstr(&s), stdout);
		str_uninit(&s);
		table_destroy(t);
	}
}

static void notified(struct client_conn *conn, const char *method, const json_t *params)
{
	const struct monitor *m = conn->aux;

	if (streq(method, "update") && json_array_size(params) == 2) {
		print_updates(m, json_array_get(params, 1), false, false);
	} else if (streq(method, "update2") && json_array_size(params) == 2) {
		print_updates(m, json_array_get(params, 1), true, false);
	} else if (streq(method, "update3") && json_array_size(params) == 3) {
		printf("\nlast_id: %s", json_string_value(json_array_get(params, 1)));
		putchar('\n');
		print_updates(m, json_array_get(params, 2), true, false);
	} else if (streq(method, "monitor_canceled")) {
		printf("monitor was canceled\n");
		fflush(stdout);
		exit(0);
	}
}

/* ---- the request */

static json_t *make_requests(struct client_conn *conn, struct monitor *m, int n, char *args[],
			     json_t *condition)
{
	json_t *requests = json_object();
	bool all = streq(args[0], "ALL") && !schema_table(m->schema, "ALL");

	m->tables = xcalloc(m->schema->n_tables + 1, sizeof(*m->tables));
	if (all) {
		for (uint32_t i = 0; i < m->schema->n_tables; i++) {
			struct monitored *mt = &m->tables[m->n_tables++];

			mt->schema = m->schema->tables[i];
			json_object_set_new(requests, mt->schema->name,
					    table_requests(conn, mt, NULL, 0, condition));
		}
	} else {
		struct monitored *mt = &m->tables[m->n_tables++];

		mt->schema = schema_table(m->schema, args[0]);
		if (!mt->schema)
			fatal(0, "%s: %s does not have a table named \"%s\"", conn->server,
			      conn->database, args[0]);
		json_object_set_new(requests, mt->schema->name,
				    table_requests(conn, mt, args + 1, n - 1, condition));
	}
	return requests;
}

bool client_monitor(struct client_conn *conn, enum client_monitor_kind kind, int n, char *args[])
{
	const char *last_id = "00000000-0000-0000-0000-000000000000";
	json_t *condition = NULL;
	static struct monitor m; /* lives as long as the program */
	struct uuid uuid;
	json_t *requests;
	json_t *result;

	if (kind == CLIENT_MONITOR_COND_SINCE && n > 0 && uuid_parse(args[0], &uuid)) {
		last_id = args[0];
		n--;
		args++;
	}
	if (kind != CLIENT_MONITOR) {
		json_error_t error;

		if (n < 2)
			return false;
		condition = json_loads(args[0], 0, &error);
		if (!json_is_array(condition))
			fatal(0, "\"%s\": not a condition: %s", args[0],
			      condition ? "array expected" : error.text);
		n--;
		args++;
	}
	if (n < 1)
		return false;
	m.schema = client_conn_schema(conn, conn->database);
	requests = make_requests(conn, &m, n, args, condition);
	json_decref(condition);
	conn->notified = notified;
	conn->aux = &m;
	switch (kind) {
	case CLIENT_MONITOR:
		result = client_conn_call(conn, "monitor",
					  json_pack("[snO]", conn->database, requests), NULL);
		print_updates(&m, result, false, true);
		break;
	case CLIENT_MONITOR_COND:
		result = client_conn_call(conn, "monitor_cond",
					  json_pack("[snO]", conn->database, requests), NULL);
		print_updates(&m, result, true, true);
		break;
	case CLIENT_MONITOR_COND_SINCE:
		result = client_conn_call(conn, "monitor_cond_since",
					  json_pack("[snOs]", conn->database, requests, last_id),
					  NULL);
		printf("found: %s, last_id: %s\n",
		       json_is_true(json_array_get(result, 0)) ? "true" : "false",
		       json_string_value(json_array_get(result, 1)));
		print_updates(&m, json_array_get(result, 2), true, true);
		break;
	default:
		return false;
	}
	json_decref(result);
	json_decref(requests);
	fflush(stdout);
	client_conn_run(conn);
	return true;
}
