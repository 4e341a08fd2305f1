/* SPDX-License-Identifier: Apache-2.0 */
/* Byte streams that do not block: unix, TCP and TLS, connecting and listening.
 * Targets (SPEC section 3): unix:FILE tcp:HOST[:PORT] ssl:HOST[:PORT]; punix:FILE ptcp:[PORT][:IP]
 * pssl:[PORT][:IP].  IPv6 in brackets, %scope; names are resolved without blocking.
 * One operations table and one file for each kind (stream_unix.c, stream_tcp.c, stream_tls.c).
 * Threads: a stream belongs to the thread whose loop it was given. */
#ifndef RPC_STREAM_H
#define RPC_STREAM_H

#include <sys/types.h>
#include <sys/uio.h>

#include "base/loop.h"

struct stream;
struct listener;

/* True if 'target' names an active (connecting) or a passive (listening) stream kind. */
bool stream_target_is_active(const char *target);
bool stream_target_is_passive(const char *target);
/* Checks the syntax only: NULL, or a sentence ("tcp:: host is missing; ..."). */
char *stream_target_check(const char *target, uint16_t default_port);

/* Starts connecting.  'ready' is called when the stream connected, failed, or can move octets.
 * Returns NULL, or a sentence; '*sp' is then untouched. */
char *stream_open(struct loop *, const char *target, uint16_t default_port, uint8_t dscp,
		  void (*ready)(void *aux), void *aux, struct stream **sp) MUST_CHECK;
void stream_close(struct stream *);
/* 0 connected, -EAGAIN still on the way, -errno failed. */
int stream_connect(struct stream *);
/* Octets moved, 0 end of stream (recv), -EAGAIN, -errno.  After -EAGAIN the next send must begin
 * with the same octets, and have at least as many (TLS has them sealed already); a queue does so by
 * itself. */
ssize_t stream_recv(struct stream *, void *, size_t);
ssize_t stream_send(struct stream *, const void *, size_t);
ssize_t stream_sendv(struct stream *, const struct iovec *, int n);
/* What 'ready' is wanted for: EPOLLIN and EPOLLOUT as the caller means them (TLS maps them). */
void stream_want(struct stream *, uint32_t events);
/* Changes who is called. */
void stream_set_ready(struct stream *, void (*ready)(void *aux), void *aux);
const char *stream_name(
	const struct stream *); /* target, or "unix#3", "tcp:10.0.0.1:4711" of a peer */
const char *stream_peer_id(
	const struct stream *); /* common name of the TLS peer's certificate, or NULL */
/* The reason in words of the last failure, NULL if errno says all; owned by the stream. */
const char *stream_error(const struct stream *);
/* A pair of connected streams over a socketpair, for tests. */
int stream_pair(struct loop *, struct stream *pair[2]);

/* Listens; 'accepted' gets each new connection, which it owns.  NULL or a sentence. */
char *listener_open(struct loop *, const char *target, uint16_t default_port, uint8_t dscp,
		    void (*accepted)(struct stream *, void *aux), void *aux,
		    struct listener **lp) MUST_CHECK;
void listener_close(struct listener *); /* unlinks the unix socket */
const char *listener_name(const struct listener *);
int listener_port(const struct listener *); /* TCP and TLS: the bound port; else -1 */

#endif
