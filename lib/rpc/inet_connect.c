// SPDX-License-Identifier: Apache-2.0
#include "rpc/inet_connect.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "rpc/dns.h"

LOG_MODULE(stream_tcp);

#define HEAD_START_MS 250 /* RFC 8305 section 5 */

/* The defaults moved: OVSDB from 6632 to 6640, OpenFlow from 6633 to 6653. */
static const struct {
	uint16_t now, before;
} moved_ports[] = {
	{ 6640, 6632 },
	{ 6653, 6633 },
};

struct attempt {
	struct inet_connect *c;
	int fd; /* -1: over, or not begun */
	struct watch watch;
};

struct inet_connect {
	struct loop *loop;
	char *name;
	struct inet_target target;
	uint8_t dscp;
	struct dns_query *query;
	struct dns_result addresses;
	struct attempt attempts[DNS_MAX_ADDRESSES]; /* one for each address */
	unsigned int n_begun, n_pending;
	struct timer next; /* the head start is over */
	struct work begin; /* begins, or goes on with the old port, outside the caller's stack */
	uint16_t port;
	int error; /* of the last attempt that failed */
	bool all_refused;
	void (*done)(void *aux, int fd, char *why);
	void *aux;
};

static void destroy(struct inet_connect *c)
{
	dns_cancel(c->query);
	timer_cancel(&c->next);
	work_cancel(&c->begin);
	for (unsigned int i = 0; i < c->n_begun; i++) {
		watch_del(&c->attempts[i].watch);
		if (c->attempts[i].fd >= 0)
			close(c->attempts[i].fd);
	}
	inet_target_uninit(&c->target);
	free(c->name);
	free(c);
}

static void finish(struct inet_connect *c, int fd, char *why)
{
	void (*done)(void *aux, int fd, char *why) = c->done;
	void *aux = c->aux;

	destroy(c);
	done(aux, fd, why);
}

static uint16_t old_port(uint16_t port)
{
	for (size_t i = 0; i < ARRAY_SIZE(moved_ports); i++) {
		if (moved_ports[i].now == port)
			return moved_ports[i].before;
	}
	return 0;
}

static void all_failed(struct inet_connect *c)
{
	uint16_t before = c->target.port_given ? 0 : old_port(c->target.port);

	if (before && c->port != before && c->all_refused) {
		log_dbg("%s: port %u refuses, trying %u, the default of old", c->name, c->port,
			before);
		c->port = before;
		c->n_begun = 0;
		work_schedule(&c->begin);
		return;
	}
	finish(c, c->error,
	       before && c->port == before
		       ? xasprintf("%s, on port %u and on %u, the default of old",
				   errno_str(c->error), c->target.port, before)
		       : NULL);
}

static void attempt_failed(struct attempt *a, int err)
{
	struct inet_connect *c = a->c;

	watch_del(&a->watch);
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
	c->error = err;
	if (err != -ECONNREFUSED)
		c->all_refused = false;
}

static void attempt_succeeded(struct attempt *a)
{
	struct inet_connect *c = a->c;
	int one = 1, fd = a->fd;

	watch_del(&a->watch);
	a->fd = -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (c->port != c->target.port)
		log_info("%s: port %u refused, but the default of old, %u, answers; name the port "
			 "in the target to keep it",
			 c->name, c->target.port, c->port);
	finish(c, fd, NULL);
}

/* A connection to a free port of one's own host may meet itself. */
static bool met_itself(int fd)
{
	struct sockaddr_storage a, b;
	socklen_t a_len = sizeof(a), b_len = sizeof(b);

	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	return !getsockname(fd, (struct sockaddr *)&a, &a_len) &&
	       !getpeername(fd, (struct sockaddr *)&b, &b_len) && a_len == b_len &&
	       !memcmp(&a, &b, a_len);
}

static void try_next(struct inet_connect *c);

static void attempt_ready(struct watch *w, uint32_t revents)
{
	struct attempt *a = CONTAINER_OF(w, struct attempt, watch);
	struct inet_connect *c = a->c;
	socklen_t len = sizeof(int);
	int err = 0;

	if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	if (!err && !(revents & EPOLLOUT))
		return;
	if (!err && met_itself(a->fd))
		err = ECONNREFUSED;
	if (!err) {
		attempt_succeeded(a);
		return;
	}
	attempt_failed(a, -err);
	c->n_pending--;
	try_next(c);
}

/* 0 if on the way (or connected: the descriptor is then ready at once), or -errno. */
static int attempt_begin(struct attempt *a)
{
	struct inet_connect *c = a->c;
	struct sockaddr_storage ss = c->addresses.addresses[a - c->attempts];

	a->fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (a->fd < 0)
		return -errno;
	if (c->dscp)
		inet_set_dscp(a->fd, c->dscp);
	inet_address_set_port(&ss, c->port);
	if (connect(a->fd, (struct sockaddr *)&ss, inet_address_len(&ss)) && errno != EINPROGRESS)
		return -errno;
	return watch_add(c->loop, &a->watch, a->fd, EPOLLOUT, attempt_ready);
}

/* Begins the next attempt that gets under way; ends the whole when none is left. */
static void try_next(struct inet_connect *c)
{
	timer_cancel(&c->next);
	while (c->n_begun < c->addresses.n) {
		struct attempt *a = &c->attempts[c->n_begun++];
		int err;

		*a = (struct attempt){ .c = c, .fd = -1 };
		err = attempt_begin(a);
		if (!err) {
			c->n_pending++;
			if (c->n_begun < c->addresses.n)
				timer_set_in(&c->next, HEAD_START_MS);
			return;
		}
		attempt_failed(a, err);
	}
	if (!c->n_pending)
		all_failed(c);
}

static void head_start_over(struct timer *t)
{
	try_next(CONTAINER_OF(t, struct inet_connect, next));
}

static void begin_work(struct work *w)
{
	struct inet_connect *c = CONTAINER_OF(w, struct inet_connect, begin);

	c->all_refused = true;
	try_next(c);
}

static void resolved(void *aux, const struct dns_result *result)
{
	struct inet_connect *c = aux;

	c->query = NULL;
	if (!result->n) {
		finish(c, -EHOSTUNREACH,
		       xasprintf("cannot resolve \"%s\": %s", c->target.host, result->why));
		return;
	}
	c->addresses = *result;
	work_schedule(&c->begin);
}

struct inet_connect *inet_connect_start(struct loop *loop, const char *name, struct inet_target *t,
					uint8_t dscp, void (*done)(void *aux, int fd, char *why),
					void *aux)
{
	struct inet_connect *c = xzalloc(sizeof(*c));

	c->loop = loop;
	c->name = xstrdup(name);
	c->target = *t;
	*t = (struct inet_target){ .host = NULL };
	c->dscp = dscp;
	c->port = c->target.port;
	c->done = done;
	c->aux = aux;
	timer_init(&c->next, loop, head_start_over);
	work_init(&c->begin, loop, begin_work);
	if (inet_address_parse(c->target.host, &c->addresses.addresses[0])) {
		c->addresses.n = 1;
		work_schedule(&c->begin);
	} else {
		c->query = dns_resolve(loop, c->target.host, resolved, c);
	}
	return c;
}

void inet_connect_cancel(struct inet_connect *c)
{
	if (c)
		destroy(c);
}
