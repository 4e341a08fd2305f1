// SPDX-License-Identifier: Apache-2.0
#include "tests/kernel/fuzz/client.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/openvswitch.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 60000

const char *const family_names[N_FAMILIES] = {
	OVS_DATAPATH_FAMILY, OVS_VPORT_FAMILY, OVS_FLOW_FAMILY,
	OVS_PACKET_FAMILY,   OVS_METER_FAMILY, OVS_CT_LIMIT_FAMILY,
};

static uint16_t family_ids[N_FAMILIES];
static uint32_t group_ids[N_FAMILIES]; /* 0: it has none */
static uint8_t buffer[1 << 18];

void die(const char *format, ...)
{
	va_list args;

	fputs("fuzz_netlink: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static void send_request(struct client *c, uint16_t type, const struct request *r, size_t user_len,
			 const struct message *m)
{
	struct {
		struct nlmsghdr nlh;
		struct genlmsghdr genlh;
		uint32_t dp_ifindex;
	} header = {
		.nlh = { .nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN + user_len + m->len,
			 .nlmsg_type = type,
			 .nlmsg_flags = r->flags | NLM_F_REQUEST | NLM_F_ACK,
			 .nlmsg_seq = ++c->seq,
			 .nlmsg_pid = c->pid },
		.genlh = { .cmd = r->cmd, .version = r->version },
		.dp_ifindex = r->dp_ifindex,
	};
	struct iovec iov[] = {
		{ &header, NLMSG_HDRLEN + GENL_HDRLEN + user_len },
		{ (void *)m->data, m->len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	if (sendmsg(c->fd, &msg, 0) < 0)
		die("sending a request: %s", strerror(errno));
}

static struct answer parse(const struct nlmsghdr *nlh)
{
	const uint8_t *p = (const uint8_t *)nlh + NLMSG_HDRLEN;
	size_t user_len = nlh->nlmsg_type == GENL_ID_CTRL ? 0 : sizeof(struct ovs_header);
	struct answer a = { .cmd = p[0] };

	if (nlh->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN + user_len)
		die("an answer of %u octets", nlh->nlmsg_len);
	if (user_len)
		memcpy(&a.dp_ifindex, p + GENL_HDRLEN, sizeof(a.dp_ifindex));
	a.attrs = p + GENL_HDRLEN + user_len;
	a.len = nlh->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN - user_len;
	return a;
}

/* What the kernel sends must be whole. */
static void check(const struct answer *a)
{
	struct attr attr;
	size_t at = 0;

	while (next_attr(a->attrs, a->len, &at, &attr))
		;
	if (at < a->len)
		die("an answer to command %u ends in %zu octets that are no attribute", a->cmd,
		    a->len - at);
}

/* The sentence that an error may bring with it. */
static void keep_reason(struct client *c, const struct nlmsghdr *nlh)
{
	const uint8_t *p = (const uint8_t *)nlh + NLMSG_HDRLEN;
	size_t at = sizeof(struct nlmsgerr), len = nlh->nlmsg_len - NLMSG_HDRLEN;
	struct nlmsgerr error;
	struct attr text;

	c->why[0] = '\0';
	if (len < sizeof(error) || !(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	memcpy(&error, p, sizeof(error));
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		at += NLMSG_ALIGN(error.msg.nlmsg_len) - NLMSG_HDRLEN;
	if (at < len && find_attr(p + at, len - at, NLMSGERR_ATTR_MSG, &text))
		snprintf(c->why, sizeof(c->why), "%.*s", text.len, text.data);
}

/* Returns 1 while there is more to come, 0 or -errno at the end. */
static int take(struct client *c, size_t len, answer_fn *fn, void *aux)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)buffer;
	struct answer a;
	int error;

	for (; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
		if (nlh->nlmsg_seq != c->seq)
			continue;
		if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE) {
			if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(error))
				return 0;
			memcpy(&error, (const uint8_t *)nlh + NLMSG_HDRLEN, sizeof(error));
			if (error)
				keep_reason(c, nlh);
			return error;
		}
		if (nlh->nlmsg_type < NLMSG_MIN_TYPE)
			continue;
		a = parse(nlh);
		check(&a);
		if (fn)
			fn(&a, aux);
	}
	return 1;
}

static int wait_for_answer(struct client *c, answer_fn *fn, void *aux)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	ssize_t n;
	int rc = 1;

	while (rc > 0) {
		if (poll(&p, 1, PATIENCE_MS) <= 0)
			die("no answer within %u s", PATIENCE_MS / 1000);
		n = recv(c->fd, buffer, sizeof(buffer), 0);
		if (n < 0)
			die("reading an answer: %s", strerror(errno));
		rc = take(c, n, fn, aux);
	}
	return rc;
}

int client_ask(struct client *c, const struct request *r, const struct message *m, answer_fn *fn,
	       void *aux)
{
	send_request(c, family_ids[r->family], r, sizeof(struct ovs_header), m);
	return wait_for_answer(c, fn, aux);
}

void client_drain(struct client *c, answer_fn *fn, void *aux)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)buffer;
	struct answer a;
	ssize_t n;

	/* an overrun is no fault: the kernel says so once, and goes on */
	while ((n = recv(c->fd, buffer, sizeof(buffer), MSG_DONTWAIT)) >= 0 || errno == ENOBUFS) {
		if (n < (ssize_t)sizeof(*nlh) || nlh->nlmsg_type < NLMSG_MIN_TYPE)
			continue;
		a = parse(nlh);
		check(&a);
		if (fn)
			fn(&a, aux);
	}
}

/* ---- families ---- */

static void learn_family(const struct answer *a, void *aux)
{
	enum family *family = aux;
	struct attr attr, group, id;
	size_t at = 0;

	if (!find_attr(a->attrs, a->len, CTRL_ATTR_FAMILY_ID, &attr))
		die("a family without an ID");
	memcpy(&family_ids[*family], attr.data, sizeof(uint16_t));
	if (find_attr(a->attrs, a->len, CTRL_ATTR_MCAST_GROUPS, &attr) &&
	    next_attr(attr.data, attr.len, &at, &group) &&
	    find_attr(group.data, group.len, CTRL_ATTR_MCAST_GRP_ID, &id))
		memcpy(&group_ids[*family], id.data, sizeof(uint32_t));
}

void client_open(struct client *c)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(address);
	int on = 1, size = 1 << 20;

	memset(c, 0, sizeof(*c));
	c->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (c->fd < 0 || bind(c->fd, (struct sockaddr *)&address, sizeof(address)) ||
	    getsockname(c->fd, (struct sockaddr *)&address, &len) ||
	    setsockopt(c->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) ||
	    setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)))
		die("opening a Netlink socket: %s", strerror(errno));
	c->pid = address.nl_pid;
	for (enum family family = 0; !family_ids[N_FAMILIES - 1] && family < N_FAMILIES; family++) {
		struct request r = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 };
		static struct message m;

		m.len = 0;
		put_text(&m, CTRL_ATTR_FAMILY_NAME, family_names[family]);
		send_request(c, GENL_ID_CTRL, &r, 0, &m);
		if (wait_for_answer(c, learn_family, &family))
			die("there is no family %s", family_names[family]);
	}
}

void client_join_all(struct client *c)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		if (group_ids[family] && setsockopt(c->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
						    &group_ids[family], sizeof(group_ids[family])))
			die("joining %s: %s", family_names[family], strerror(errno));
	}
}
