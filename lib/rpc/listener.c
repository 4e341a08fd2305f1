// SPDX-License-Identifier: Apache-2.0
/* Accepting: some connections a turn, so that a flood of them leaves room for the rest; none for a
 * moment when descriptors have run out (the kernel would report the listener ready for ever). */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/daemon.h"
#include "base/log.h"
#include "base/util.h"
#include "rpc/stream_impl.h"

LOG_MODULE(stream);
COUNTER(pstream_open);

#define ACCEPTS_PER_TURN 16
#define PAUSE_MS 100

static void release(struct listener *l)
{
	if (l->closed && !l->n_accepting)
		free(l);
}

static void accept_failed(struct listener *l, int err)
{
	log_warn_rl(&l->rl, "%s: cannot accept a connection: %s", l->name, errno_str(err));
	watch_set_events(&l->watch, 0);
	timer_set_in(&l->pause, PAUSE_MS);
}

static void pause_over(struct timer *t)
{
	struct listener *l = CONTAINER_OF(t, struct listener, pause);

	watch_set_events(&l->watch, EPOLLIN);
}

/* Returns false if there is nothing more to accept now. */
static bool accept_one(struct listener *l)
{
	struct sockaddr_storage peer = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(peer);
	struct stream *s;
	char *why = NULL;
	int fd;

	fd = accept4(l->fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		switch (errno) {
		case EAGAIN:
			return false;
		case EMFILE:
		case ENFILE:
		case ENOBUFS:
		case ENOMEM:
			accept_failed(l, errno);
			return false;
		default: /* that one connection is gone already */
			return true;
		}
	}
	s = l->kind->accepted(l, fd, &peer, &why);
	if (!s) {
		log_warn_rl(&l->rl, "%s: refused a connection: %s", l->name, why);
		free(why);
		close(fd);
		return true;
	}
	if (!s->state)
		s->kind->update(s);
	l->accepted(s, l->aux);
	return true;
}

static void listener_ready(struct watch *w, uint32_t revents)
{
	struct listener *l = CONTAINER_OF(w, struct listener, watch);

	l->n_accepting++;
	for (int i = 0; i < ACCEPTS_PER_TURN && !l->closed; i++) {
		if (!accept_one(l))
			break;
	}
	l->n_accepting--;
	release(l);
}

char *listener_open(struct loop *loop, const char *target, uint16_t default_port, uint8_t dscp,
		    void (*cb)(struct stream *, void *aux), void *aux, struct listener **lp)
{
	const struct stream_kind *kind;
	struct listener *l;
	const char *arg;
	bool passive;
	char *why;
	int err;

	kind = stream_kind_lookup(target, &arg, &passive);
	if (!kind || !passive)
		return xasprintf("%s: cannot listen there; use punix:FILE, ptcp:[PORT][:IP] or "
				 "pssl:[PORT][:IP]",
				 target);
	l = xzalloc(sizeof(*l));
	l->kind = kind;
	l->loop = loop;
	l->name = xstrdup(target);
	l->dscp = dscp;
	l->port = -1;
	l->fd = -1;
	l->accepted = cb;
	l->aux = aux;
	timer_init(&l->pause, loop, pause_over);
	why = kind->listen(kind, l, arg, default_port, dscp);
	if (why)
		goto fail;
	err = watch_add(loop, &l->watch, l->fd, EPOLLIN, listener_ready);
	if (err) {
		why = xasprintf("%s: cannot watch the socket: %s", target, errno_str(err));
		goto fail;
	}
	COUNTER_INC(pstream_open);
	*lp = l;
	return NULL;
fail:
	listener_close(l);
	return why;
}

/* Removes the socket, unless somebody else has put his own there. */
static void unlink_path(struct listener *l)
{
	struct stat st;

	fatal_unlink_del(l->path);
	if (!lstat(l->path, &st) && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
}

void listener_close(struct listener *l)
{
	if (!l)
		return;
	timer_cancel(&l->pause);
	watch_del(&l->watch);
	if (l->path)
		unlink_path(l);
	if (l->fd >= 0)
		close(l->fd);
	free(l->path);
	free(l->name);
	l->path = l->name = NULL;
	l->closed = true;
	release(l);
}

const char *listener_name(const struct listener *l)
{
	return l->name;
}

int listener_port(const struct listener *l)
{
	return l->port;
}
