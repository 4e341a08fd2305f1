// SPDX-License-Identifier: Apache-2.0
/* tcp:HOST[:PORT] and ptcp:[PORT][:IP]. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/util.h"
#include "rpc/inet_connect.h"
#include "rpc/stream_inet.h"

struct tcp_stream {
	struct stream s;
	struct inet_connect *connect; /* while connecting, else NULL */
};

static struct tcp_stream *create(struct loop *loop, char *name, int fd, int state)
{
	struct tcp_stream *t = xzalloc(sizeof(*t));

	stream_init(&t->s, &stream_kind_tcp, loop, name, fd, state);
	return t;
}

static void connected(void *aux, int fd, char *why)
{
	struct tcp_stream *t = aux;

	t->connect = NULL;
	if (fd < 0) {
		stream_fail(&t->s, fd, why);
	} else {
		t->s.fd = fd;
		t->s.state = 0;
		stream_fd_update(&t->s);
	}
	stream_report(&t->s);
}

static char *open_tcp(const struct stream_kind *kind, struct loop *loop, const char *name,
		      const char *arg, uint16_t default_port, uint8_t dscp, struct stream **sp)
{
	struct inet_target target;
	struct tcp_stream *t;
	char *err;

	err = inet_target_parse(kind->active, arg, default_port, &target);
	if (err)
		return err;
	t = create(loop, xstrdup(name), -1, -EAGAIN);
	t->connect = inet_connect_start(loop, name, &target, dscp, connected, t);
	*sp = &t->s;
	return NULL;
}

static void uninit(struct stream *s)
{
	inet_connect_cancel(CONTAINER_OF(s, struct tcp_stream, s)->connect);
}

static struct stream *accepted(struct listener *l, int fd, const struct sockaddr_storage *peer,
			       char **why)
{
	stream_inet_accepted(l, fd);
	return &create(l->loop, stream_inet_peer_name("tcp", peer), fd, 0)->s;
}

const struct stream_kind stream_kind_tcp = {
	.active = "tcp",
	.passive = "ptcp",
	.check_active = stream_inet_check_active,
	.check_passive = stream_inet_check_passive,
	.open = open_tcp,
	.uninit = uninit,
	.recv = stream_fd_recv,
	.sendv = stream_fd_sendv,
	.update = stream_fd_update,
	.listen = stream_inet_listen,
	.accepted = accepted,
};
