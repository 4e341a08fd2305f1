// SPDX-License-Identifier: Apache-2.0
#include "rpc/stream_inet.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/util.h"
#include "rpc/inet_target.h"

#define BACKLOG 128

char *stream_inet_check_active(const struct stream_kind *kind, const char *arg,
			       uint16_t default_port)
{
	struct inet_target t;
	char *err;

	err = inet_target_parse(kind->active, arg, default_port, &t);
	if (!err)
		inet_target_uninit(&t);
	return err;
}

char *stream_inet_check_passive(const struct stream_kind *kind, const char *arg,
				uint16_t default_port)
{
	struct sockaddr_storage ss;
	socklen_t len;

	return inet_target_parse_passive(kind->passive, arg, default_port, &ss, &len);
}

char *stream_inet_listen(const struct stream_kind *kind, struct listener *l, const char *arg,
			 uint16_t default_port, uint8_t dscp)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd, one = 1;
	char *err;

	err = inet_target_parse_passive(kind->passive, arg, default_port, &ss, &len);
	if (err)
		return err;
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return xasprintf("%s: cannot make a socket: %s", l->name, errno_str(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (dscp)
		inet_set_dscp(fd, dscp);
	if (bind(fd, (struct sockaddr *)&ss, len)) {
		err = xasprintf("%s: cannot bind: %s", l->name, errno_str(errno));
		goto fail;
	}
	if (listen(fd, BACKLOG)) {
		err = xasprintf("%s: cannot listen: %s", l->name, errno_str(errno));
		goto fail;
	}
	len = sizeof(ss);
	if (!getsockname(fd, (struct sockaddr *)&ss, &len))
		l->port = inet_address_port(&ss);
	l->fd = fd;
	return NULL;
fail:
	close(fd);
	return err;
}

void stream_inet_accepted(const struct listener *l, int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (l->dscp)
		inet_set_dscp(fd, l->dscp);
}

char *stream_inet_peer_name(const char *kind, const struct sockaddr_storage *peer)
{
	char *address = inet_address_format(peer);
	char *name = xasprintf("%s:%s", kind, address);

	free(address);
	return name;
}
