// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/client_conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"
#include "db/error.h"
#include "db/table.h"

#define DEFAULT_PORT 6640

static void disconnected(struct jsonrpc_session *rpc, const char *why, void *conn_)
{
	struct client_conn *conn = conn_;

	fatal(0, "%s: %s", conn->server, why);
}

static void received(struct jsonrpc_session *rpc, struct jsonrpc_msg *msg, void *conn_)
{
	struct client_conn *conn = conn_;

	switch (msg->type) {
	case JSONRPC_REPLY:
	case JSONRPC_ERROR:
		if (!conn->wait_id || !json_equal(conn->wait_id, msg->id))
			return;
		json_decref(conn->wait_id);
		conn->wait_id = NULL;
		conn->result = msg->type == JSONRPC_REPLY ? json_incref(msg->result) : NULL;
		conn->error = msg->type == JSONRPC_ERROR ? json_incref(msg->error) : NULL;
		return;
	case JSONRPC_NOTIFY:
		if (conn->notified)
			conn->notified(conn, msg->method, msg->params);
		return;
	case JSONRPC_REQUEST:
		jsonrpc_send_error(rpc, json_string("unknown method"), json_incref(msg->id));
		return;
	}
}

static const struct jsonrpc_session_ops ops = {
	.disconnected = disconnected,
	.received = received,
};

void client_conn_open(struct client_conn *conn, const char *server)
{
	char *err;

	memset(conn, 0, sizeof(*conn));
	conn->server = server;
	conn->loop = loop_create();
	if (!conn->loop)
		fatal(errno, "cannot create the event loop");
	err = jsonrpc_session_open(conn->loop, server, DEFAULT_PORT, false, &ops, conn, &conn->rpc);
	if (err)
		fatal(0, "%s", err);
	jsonrpc_session_set_probe_ms(conn->rpc, 0);
	while (!jsonrpc_session_is_connected(conn->rpc))
		loop_turn(conn->loop, -1);
}

void client_conn_close(struct client_conn *conn)
{
	jsonrpc_session_destroy(conn->rpc);
	loop_destroy(conn->loop);
	free(conn->database);
}

json_t *client_conn_call(struct client_conn *conn, const char *method, json_t *params,
			 json_t **error)
{
	json_t *result;

	conn->wait_id = json_integer(conn->next_id++);
	jsonrpc_send_request(conn->rpc, method, params, json_incref(conn->wait_id));
	while (conn->wait_id)
		loop_turn(conn->loop, -1);
	if (conn->error) {
		if (error) {
			*error = conn->error;
			conn->error = NULL;
			return NULL;
		}
		fatal(0, "%s: %s request returned error: %s", conn->server, method,
		      client_json_text(conn->error));
	}
	result = conn->result;
	conn->result = NULL;
	if (error)
		*error = NULL;
	return result;
}

json_t *client_conn_transact(struct client_conn *conn, json_t *params)
{
	json_t *result, *error;

	result = client_conn_call(conn, "transact", params, &error);
	if (error)
		fatal(0, "transaction returned error: %s", client_json_text(error));
	return result;
}

void client_conn_run(struct client_conn *conn)
{
	for (;;) {
		loop_turn(conn->loop, -1);
		if (fflush(stdout))
			fatal(errno, "write to stdout failed");
	}
}

void client_conn_wait(struct client_conn *conn, const bool *done)
{
	while (!*done)
		loop_turn(conn->loop, -1);
}

struct db_schema *client_conn_schema(struct client_conn *conn, const char *database)
{
	json_t *json = client_conn_call(conn, "get_schema", json_pack("[s]", database), NULL);
	struct db_schema *schema;
	char *err = schema_from_json(json, &schema);

	json_decref(json);
	if (err)
		fatal(0, "%s: the schema of %s: %s", conn->server, database, err);
	return schema;
}

bool client_conn_has_db(struct client_conn *conn, const char *name)
{
	json_t *list = client_conn_call(conn, "list_dbs", json_array(), NULL);
	bool found = false;
	size_t i;
	json_t *json;

	json_array_foreach(list, i, json)
		found |= json_is_string(json) && streq(json_string_value(json), name);
	json_decref(list);
	return found;
}

char *client_json_text(const json_t *json)
{
	return json_dumps(json, (table_style.pretty ? JSON_INDENT(2) : JSON_COMPACT) |
					JSON_SORT_KEYS | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
}

void client_print_json(const json_t *json)
{
	char *text = client_json_text(json);

	puts(text);
	free(text);
}

void client_print_table(struct table *t)
{
	struct str s = STR_INIT;

	table_format(t, &table_style, &s);
	fputs(str_cstr(&s), stdout);
	str_uninit(&s);
	table_destroy(t);
}
