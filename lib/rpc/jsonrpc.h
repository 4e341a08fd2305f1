/* SPDX-License-Identifier: Apache-2.0 */
/* JSON-RPC 1.0 over a stream (RFC 7047 section 4): messages framed by a bounded scanner, parsed by
 * libjansson.  A session keeps the connection: back-off, probes ("echo" is answered and sent here).
 * Limits, visible: JSONRPC_MAX_MESSAGE octets, JSONRPC_MAX_WEIGHT of memory and JSONRPC_MAX_DEPTH
 * of nesting for a message received (beyond: the connection is closed with one warning); 'backlog
 * limit' octets queued for a peer that does not read; JSONRPC_THROTTLE octets queued for the peer
 * of an accepted connection, beyond which nothing more is read from it.
 * Threads: a session belongs to its loop's thread. */
#ifndef RPC_JSONRPC_H
#define RPC_JSONRPC_H

#include <jansson.h>

#include "rpc/reconnect.h"
#include "rpc/stream.h"

#define JSONRPC_MAX_MESSAGE (512u << 20)
#define JSONRPC_MAX_WEIGHT (2048ull << 20) /* of the parsed message, estimated */
#define JSONRPC_MAX_DEPTH 128
#define JSONRPC_THROTTLE (16u << 20)
#define JSONRPC_MESSAGES_PER_TURN 50 /* of one session; the others come first then */

enum jsonrpc_type { JSONRPC_REQUEST, JSONRPC_NOTIFY, JSONRPC_REPLY, JSONRPC_ERROR };

/* A message; members not used by its type are NULL.  Owned references. */
struct jsonrpc_msg {
	enum jsonrpc_type type;
	char *method;
	json_t *params; /* array */
	json_t *result, *error, *id;
};
void jsonrpc_msg_uninit(struct jsonrpc_msg *);
/* Makes a message of a JSON object, whose reference stays the caller's.  NULL or a sentence. */
char *jsonrpc_msg_from_json(json_t *, struct jsonrpc_msg *) MUST_CHECK;

struct jsonrpc_session;
struct jsonrpc_session_ops {
	/* A (re)connection is up, an accepted one included.  May be NULL. */
	void (*connected)(struct jsonrpc_session *, void *aux);
	/* The connection is gone; 'why' is a short sentence.  Without 'retry', also if it never
	 * came up; with it, attempts that fail are only logged.  May destroy the session.  May be
	 * NULL. */
	void (*disconnected)(struct jsonrpc_session *, const char *why, void *aux);
	/* A message came (never an echo).  May steal members (set them to NULL), may destroy the
	 * session. */
	void (*received)(struct jsonrpc_session *, struct jsonrpc_msg *, void *aux);
	/* Everything queued was handed to the kernel.  May be NULL. */
	void (*drained)(struct jsonrpc_session *, void *aux);
};

/* Keeps a connection to 'target' (connects again for ever, if 'retry'; an active or a passive
 * target).  NULL or a sentence for a bad target. */
char *jsonrpc_session_open(struct loop *, const char *target, uint16_t default_port, bool retry,
			   const struct jsonrpc_session_ops *, void *aux,
			   struct jsonrpc_session **) MUST_CHECK;
/* Takes over an accepted stream; is over when the connection is. */
struct jsonrpc_session *jsonrpc_session_accept(struct loop *, struct stream *,
					       const struct jsonrpc_session_ops *, void *aux);
void jsonrpc_session_destroy(struct jsonrpc_session *);

bool jsonrpc_session_is_connected(const struct jsonrpc_session *);
const char *jsonrpc_session_name(const struct jsonrpc_session *);
const struct reconnect *jsonrpc_session_reconnect(const struct jsonrpc_session *);
void jsonrpc_session_set_probe_ms(struct jsonrpc_session *, uint32_t ms);
void jsonrpc_session_set_max_backoff_ms(struct jsonrpc_session *, uint32_t ms);
void jsonrpc_session_set_backlog_limit(struct jsonrpc_session *, size_t octets); /* 0: none */
/* Of received messages, at most JSONRPC_MAX_MESSAGE (the default). */
void jsonrpc_session_set_max_message(struct jsonrpc_session *, size_t octets);
/* Of the next connection; of an accepted one, the listener's. */
void jsonrpc_session_set_dscp(struct jsonrpc_session *, uint8_t dscp);
void jsonrpc_session_force_reconnect(struct jsonrpc_session *);
/* Stops reading from the peer while true: back-pressure. */
void jsonrpc_session_pause(struct jsonrpc_session *, bool);
size_t jsonrpc_session_backlog(const struct jsonrpc_session *); /* octets not yet sent */
/* The TLS peer's common name, or NULL. */
const char *jsonrpc_session_peer_id(const struct jsonrpc_session *);
/* The port that a passive session is bound to, else -1. */
int jsonrpc_session_port(const struct jsonrpc_session *);

/* Sends take over the references given, also when they fail.  They queue, and try at once (within
 * 'received': when it has returned); -ENOTCONN when down, -EINVAL for what has no text.
 * No callback is called within a send. */
int jsonrpc_send_request(struct jsonrpc_session *, const char *method, json_t *params, json_t *id);
int jsonrpc_send_notify(struct jsonrpc_session *, const char *method, json_t *params);
int jsonrpc_send_reply(struct jsonrpc_session *, json_t *result, json_t *id);
int jsonrpc_send_error(struct jsonrpc_session *, json_t *error, json_t *id);
/* A serialised message that several sessions share: 'text' is copied once, counted. */
struct jsonrpc_text;
struct jsonrpc_text *jsonrpc_text_create(json_t *message); /* takes the reference */
/* The same of a message that the caller serialised: 'text' is malloc()ed JSON of 'len' octets and
 * is taken over. */
struct jsonrpc_text *jsonrpc_text_create_raw(char *text, size_t len);
void jsonrpc_text_unref(struct jsonrpc_text *);
int jsonrpc_send_text(struct jsonrpc_session *, struct jsonrpc_text *);

/* A blocking exchange for command-line tools: connects, sends one request, waits for its reply
 * (other messages are dropped) at most 'timeout_ms' (0: for ever).  '*reply' is the reply or error
 * message, which the caller uninits.  NULL, or the reason in words, without the target's name, for
 * the caller to put after it. */
char *jsonrpc_transact(const char *target, uint16_t default_port, const char *method,
		       json_t *params, uint32_t timeout_ms, struct jsonrpc_msg *reply) MUST_CHECK;

#endif
