/* SPDX-License-Identifier: Apache-2.0 */
/* What the kinds of streams share: the operations table and the common part of a stream.
 * Only stream*.c and listener.c include it. */
#ifndef RPC_STREAM_IMPL_H
#define RPC_STREAM_IMPL_H

#include <sys/socket.h>

#include "base/log.h"
#include "rpc/stream.h"

struct stream_kind {
	const char *active; /* "tcp" */
	const char *passive; /* "ptcp" */
	/* 'arg' is the target after the colon.  NULL or a sentence. */
	char *(*check_active)(const struct stream_kind *, const char *arg, uint16_t default_port);
	char *(*check_passive)(const struct stream_kind *, const char *arg, uint16_t default_port);
	/* Makes a stream (stream_create()) whose 'state' says how far it is.  Failures to connect
	 * are told through 'state', in the loop; a sentence is for what cannot even be tried. */
	char *(*open)(const struct stream_kind *, struct loop *, const char *name, const char *arg,
		      uint16_t default_port, uint8_t dscp, struct stream **);
	/* Releases what the kind added; the common part, the descriptor included, is
	 * stream_close()'s. */
	void (*uninit)(struct stream *);
	ssize_t (*recv)(struct stream *, void *, size_t);
	ssize_t (*sendv)(struct stream *, const struct iovec *, int n);
	/* 'want' has changed, or the stream has just connected. */
	void (*update)(struct stream *);

	/* Binds and listens: sets l->fd, and l->port or l->path. */
	char *(*listen)(const struct stream_kind *, struct listener *, const char *arg,
			uint16_t default_port, uint8_t dscp);
	/* Makes a stream of an accepted descriptor, which it owns then; NULL: '*why' says why
	 * not. */
	struct stream *(*accepted)(struct listener *, int fd, const struct sockaddr_storage *peer,
				   char **why);
};

extern const struct stream_kind stream_kind_unix, stream_kind_tcp, stream_kind_tls;

struct stream {
	const struct stream_kind *kind;
	struct loop *loop;
	char *name;
	char *peer_id; /* or NULL */
	char *error; /* or NULL */
	void (*ready)(void *aux);
	void *aux;
	uint32_t want; /* EPOLLIN, EPOLLOUT of the caller */
	int state; /* 0 connected, -EAGAIN on the way, -errno failed */
	int fd; /* -1: none yet */
	struct watch watch; /* of 'fd' */
	struct work report; /* calls 'ready' where no descriptor does */
};

struct listener {
	const struct stream_kind *kind;
	struct loop *loop;
	char *name;
	char *path; /* of a unix socket, else NULL */
	dev_t dev; /* of 'path', so that only our own socket is unlinked */
	ino_t ino;
	uint8_t dscp;
	int port; /* -1: none */
	int fd;
	struct watch watch;
	struct timer pause; /* out of descriptors: not accepting for a while */
	void (*accepted)(struct stream *, void *aux);
	void *aux;
	struct log_rl rl;
	unsigned int n_accepting; /* depth of callbacks on the stack */
	bool closed; /* freed when the last of them returns */
};

/* Splits "KIND:ARG".  NULL if no kind is named so; '*passive' says which of its two names it
 * was. */
const struct stream_kind *stream_kind_lookup(const char *target, const char **arg, bool *passive);

/* 's' is the start of the kind's own struct.  Takes over 'fd' (or -1) and 'name'. */
void stream_init(struct stream *, const struct stream_kind *, struct loop *, char *name, int fd,
		 int state);
/* Calls 'ready' now: only from the loop, and as the last thing done. */
void stream_report(struct stream *);
/* Calls 'ready' in this or the next turn. */
void stream_report_later(struct stream *);
/* Failed with 'err' (negative): 'why' is taken over, NULL if 'err' says all. */
void stream_fail(struct stream *, int err, char *why);

/* For kinds that are nothing but a descriptor. */
ssize_t stream_fd_recv(struct stream *, void *, size_t);
ssize_t stream_fd_sendv(struct stream *, const struct iovec *, int n);
void stream_fd_update(struct stream *);
struct stream *stream_fd_create(const struct stream_kind *, struct loop *, char *name, int fd,
				int state);

#endif
