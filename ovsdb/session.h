/* SPDX-License-Identifier: Apache-2.0 */
/* A client's session: the methods of RFC 7047 section 4 and their extensions (SPEC section 3) over
 * one JSON-RPC connection.  Requests, monitors and locks die with the connection.
 * A peer that does not read is cut off when SESSION_MAX_BACKLOG octets wait for it (more, if one
 * reply to it was larger); one that asks for too much gets an error. */
#ifndef OVSDB_SESSION_H
#define OVSDB_SESSION_H

#include "rpc/jsonrpc.h"
#include "ovsdb/server.h"

#define SESSION_MAX_BACKLOG (64u << 20)
#define SESSION_MAX_MESSAGE (64u << 20) /* octets of one message of a client that came to us */
#define SESSION_MAX_MONITORS 1000
#define SESSION_MAX_LOCKS 1000
#define SESSION_PROBE_MS 5000 /* over TCP and TLS; unix sockets are not probed */

struct session_options {
	bool read_only;
	int probe_ms; /* -1: the default */
	int max_backoff_ms; /* -1: the default */
	uint8_t dscp;
};

struct session {
	struct cds_list_head node; /* in server.sessions */
	struct cds_list_head owner_node; /* for the owner's list */
	struct server *server;
	struct jsonrpc_session *rpc;
	struct service_client client;
	struct hmap monitors; /* 'struct monitor' by id */
	struct cds_list_head locks; /* 'struct session_lock' */
	size_t n_locks;
	uint32_t n_locks_lost;
	bool db_change_aware;
	bool persistent; /* connects again by itself */
	/* The connection came up or went; a session that is not persistent is destroyed after the
	 * latter. */
	void (*changed)(struct session *, void *aux);
	void *aux;
	struct work reap;
};

/* Serves an accepted connection. */
struct session *session_accept(struct server *, struct stream *, const struct session_options *,
			       void (*changed)(struct session *, void *aux), void *aux);
/* Connects to a client that waits for that ("ssl:HOST", "unix:FILE"), again and again.  NULL or a
 * sentence. */
char *session_connect(struct server *, const char *target, const struct session_options *,
		      void (*changed)(struct session *, void *aux), void *aux,
		      struct session **) MUST_CHECK;
void session_set_options(struct session *, const struct session_options *);
void session_destroy(struct session *);
void session_force_reconnect(struct session *);
size_t session_count_locks(const struct session *, size_t *n_waiting);

/* A database was added, or 'going' is about to be removed: ends what sessions have there, and the
 * sessions that did not say that they understand such a change. */
void session_databases_changed(struct server *, struct service *going, const char *why);

#endif
