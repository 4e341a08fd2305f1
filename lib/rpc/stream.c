// SPDX-License-Identifier: Apache-2.0
/* What all kinds have in common: the target's kind, the callback, and a plain descriptor's
 * octets. */
#include "rpc/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/util.h"
#include "rpc/stream_impl.h"

COUNTER(stream_open);

static const struct stream_kind *const kinds[] = {
	&stream_kind_unix,
	&stream_kind_tcp,
	&stream_kind_tls,
};

static const char *skip_kind(const char *target, const char *kind)
{
	size_t n = strlen(kind);

	return !strncmp(target, kind, n) && target[n] == ':' ? target + n + 1 : NULL;
}

const struct stream_kind *stream_kind_lookup(const char *target, const char **arg, bool *passive)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		*passive = false;
		*arg = skip_kind(target, kinds[i]->active);
		if (*arg)
			return kinds[i];
		*passive = true;
		*arg = skip_kind(target, kinds[i]->passive);
		if (*arg)
			return kinds[i];
	}
	return NULL;
}

bool stream_target_is_active(const char *target)
{
	const char *arg;
	bool passive;

	return stream_kind_lookup(target, &arg, &passive) && !passive;
}

bool stream_target_is_passive(const char *target)
{
	const char *arg;
	bool passive;

	return stream_kind_lookup(target, &arg, &passive) && passive;
}

static char *unknown_kind(const char *target)
{
	return xasprintf("%s: unknown kind of connection; use unix:FILE, tcp:HOST[:PORT], "
			 "ssl:HOST[:PORT], punix:FILE, ptcp:[PORT][:IP] or pssl:[PORT][:IP]",
			 target);
}

char *stream_target_check(const char *target, uint16_t default_port)
{
	const struct stream_kind *kind;
	const char *arg;
	bool passive;

	kind = stream_kind_lookup(target, &arg, &passive);
	if (!kind)
		return unknown_kind(target);
	return (passive ? kind->check_passive : kind->check_active)(kind, arg, default_port);
}

static void report_work(struct work *w)
{
	stream_report(CONTAINER_OF(w, struct stream, report));
}

void stream_init(struct stream *s, const struct stream_kind *kind, struct loop *loop, char *name,
		 int fd, int state)
{
	memset(s, 0, sizeof(*s));
	s->kind = kind;
	s->loop = loop;
	s->name = name;
	s->fd = fd;
	s->state = state;
	work_init(&s->report, loop, report_work);
}

void stream_report(struct stream *s)
{
	if (s->ready)
		s->ready(s->aux);
}

void stream_report_later(struct stream *s)
{
	work_schedule(&s->report);
}

void stream_fail(struct stream *s, int err, char *why)
{
	s->state = err;
	free(s->error);
	s->error = why;
}

char *stream_open(struct loop *loop, const char *target, uint16_t default_port, uint8_t dscp,
		  void (*ready)(void *aux), void *aux, struct stream **sp)
{
	const struct stream_kind *kind;
	struct stream *s;
	const char *arg;
	bool passive;
	char *err;

	kind = stream_kind_lookup(target, &arg, &passive);
	if (!kind)
		return unknown_kind(target);
	if (passive)
		return xasprintf("%s: listens, but a connection is wanted here", target);
	err = kind->open(kind, loop, target, arg, default_port, dscp, &s);
	if (err)
		return err;
	COUNTER_INC(stream_open);
	s->ready = ready;
	s->aux = aux;
	if (s->state != -EAGAIN)
		stream_report_later(s);
	*sp = s;
	return NULL;
}

void stream_close(struct stream *s)
{
	if (!s)
		return;
	if (s->kind->uninit)
		s->kind->uninit(s);
	work_cancel(&s->report);
	watch_del(&s->watch);
	if (s->fd >= 0)
		close(s->fd);
	free(s->name);
	free(s->peer_id);
	free(s->error);
	free(s);
}

int stream_connect(struct stream *s)
{
	return s->state;
}

ssize_t stream_recv(struct stream *s, void *p, size_t n)
{
	return s->state ? s->state : s->kind->recv(s, p, n);
}

ssize_t stream_sendv(struct stream *s, const struct iovec *iov, int n)
{
	return s->state ? s->state : s->kind->sendv(s, iov, n);
}

ssize_t stream_send(struct stream *s, const void *p, size_t n)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)p, .iov_len = n };

	return stream_sendv(s, &iov, 1);
}

void stream_want(struct stream *s, uint32_t events)
{
	if (s->want == events)
		return;
	s->want = events;
	if (!s->state)
		s->kind->update(s);
}

void stream_set_ready(struct stream *s, void (*ready)(void *aux), void *aux)
{
	s->ready = ready;
	s->aux = aux;
}

const char *stream_name(const struct stream *s)
{
	return s->name;
}

const char *stream_peer_id(const struct stream *s)
{
	return s->peer_id;
}

const char *stream_error(const struct stream *s)
{
	return s->error;
}

/* ---- a plain descriptor ----------------------------------------------- */

static void fd_ready(struct watch *w, uint32_t revents)
{
	stream_report(CONTAINER_OF(w, struct stream, watch));
}

ssize_t stream_fd_recv(struct stream *s, void *p, size_t n)
{
	ssize_t got;

	do {
		got = recv(s->fd, p, n, MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

ssize_t stream_fd_sendv(struct stream *s, const struct iovec *iov, int n)
{
	struct msghdr msg = {
		.msg_iov = (struct iovec *)(uintptr_t)iov,
		.msg_iovlen = (size_t)n,
	};
	ssize_t sent;

	do {
		sent = sendmsg(s->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : sent;
}

void stream_fd_update(struct stream *s)
{
	int err;

	if (s->watch.loop) {
		watch_set_events(&s->watch, s->want);
		return;
	}
	err = watch_add(s->loop, &s->watch, s->fd, s->want, fd_ready);
	if (err) {
		stream_fail(s, err, xasprintf("cannot watch the connection: %s", errno_str(err)));
		stream_report_later(s);
	}
}

struct stream *stream_fd_create(const struct stream_kind *kind, struct loop *loop, char *name,
				int fd, int state)
{
	struct stream *s = xmalloc(sizeof(*s));

	stream_init(s, kind, loop, name, fd, state);
	return s;
}

static const struct stream_kind stream_kind_pair = {
	.recv = stream_fd_recv,
	.sendv = stream_fd_sendv,
	.update = stream_fd_update,
};

int stream_pair(struct loop *loop, struct stream *pair[2])
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds))
		return -errno;
	for (int i = 0; i < 2; i++)
		pair[i] = stream_fd_create(&stream_kind_pair, loop, xasprintf("pair#%d", i), fds[i],
					   0);
	return 0;
}
