/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON-RPC connection: octets of a connected stream to messages and back.  The session
 * (jsonrpc_session.c) makes and ends connections, this knows nothing but the one it has.
 * Only jsonrpc*.c include it. */
#ifndef RPC_JSONRPC_IMPL_H
#define RPC_JSONRPC_IMPL_H

#include "rpc/jsonrpc.h"

struct jsonrpc_text {
	unsigned int n_refs;
	char *data;
	size_t len;
};
struct jsonrpc_text *jsonrpc_text_ref(struct jsonrpc_text *);
/* Take over the references; NULL stands for null (of 'params': for no parameters). */
json_t *jsonrpc_call_json(const char *method, json_t *params, json_t *id);
json_t *jsonrpc_reply_json(json_t *result, json_t *error, json_t *id);

struct jsonrpc_conn;
/* Every one of them may destroy the connection. */
struct jsonrpc_conn_ops {
	void (*received)(void *aux, struct jsonrpc_msg *);
	/* Octets came or went: the peer lives. */
	void (*activity)(void *aux);
	/* Nothing more will come or go: the owner destroys it.  'err' is an errno or
	 * RECONNECT_EOF. */
	void (*closed)(void *aux, int err, const char *why);
	void (*drained)(void *aux); /* may be NULL */
};

struct jsonrpc_limits {
	size_t max_message;
	size_t backlog; /* 0: none */
	size_t throttle; /* 0: none */
};

/* Takes over the stream, which is connected.  'limits' stays the owner's, and may change. */
struct jsonrpc_conn *jsonrpc_conn_create(struct loop *, struct stream *,
					 const struct jsonrpc_limits *limits,
					 const struct jsonrpc_conn_ops *, void *aux);
void jsonrpc_conn_destroy(struct jsonrpc_conn *);
/* Takes a reference of its own. 0, or -ENOTCONN when it is about to be closed. */
int jsonrpc_conn_send(struct jsonrpc_conn *, struct jsonrpc_text *);
void jsonrpc_conn_pause(struct jsonrpc_conn *, bool);
size_t jsonrpc_conn_backlog(const struct jsonrpc_conn *);
const struct stream *jsonrpc_conn_stream(const struct jsonrpc_conn *);

#endif
