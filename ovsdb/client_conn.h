/* SPDX-License-Identifier: Apache-2.0 */
/* ovsdb-client's connection: one session, and calls that wait for their reply.  What fails ends the
 * program with a line on stderr. */
#ifndef OVSDB_CLIENT_CONN_H
#define OVSDB_CLIENT_CONN_H

#include <jansson.h>

#include "base/loop.h"
#include "db/schema.h"
#include "rpc/jsonrpc.h"

struct client_conn {
	struct loop *loop;
	struct jsonrpc_session *rpc;
	const char *server;
	char *database;
	json_t *wait_id; /* of the call whose reply is awaited, or NULL */
	json_t *result, *error; /* its reply */
	int64_t next_id;
	/* What comes besides replies; may be NULL. */
	void (*notified)(struct client_conn *, const char *method, const json_t *params);
	void *aux;
};

void client_conn_open(struct client_conn *, const char *server);
void client_conn_close(struct client_conn *);
/* Returns the result, which the caller unrefs; takes 'params'.  With 'error', an error reply is put
 * there and the result is NULL; without, it ends the program. */
json_t *client_conn_call(struct client_conn *, const char *method, json_t *params, json_t **error);
/* The results of a "transact"; an error reply ends the program. */
json_t *client_conn_transact(struct client_conn *, json_t *params);
/* Handles what comes, for ever or until the server closes the connection, which ends the
 * program. */
void client_conn_run(struct client_conn *);
/* Until 'done' is set by a notification. */
void client_conn_wait(struct client_conn *, const bool *done);
/* The schema of 'database'; the caller destroys it. */
struct db_schema *client_conn_schema(struct client_conn *, const char *database);
bool client_conn_has_db(struct client_conn *, const char *name);
/* With sorted members, as --pretty says; the caller frees the text. */
char *client_json_text(const json_t *);
void client_print_json(const json_t *);
/* As the options say; frees the table. */
struct table;
void client_print_table(struct table *);

#endif
