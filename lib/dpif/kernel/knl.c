// SPDX-License-Identifier: Apache-2.0
#include "dpif/kernel/knl.h"

#include <errno.h>
#include <linux/openvswitch.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/log.h"
#include "base/util.h"

LOG_MODULE(netlink);

#define REQUEST_RCVBUF (2 << 20)
/* What is sent before answers are read, besides a message that is longer by itself. */
#define TRAIN_MAX_LEN (128 << 10)
/* What goes in one message of a sendmmsg(): for more than a page the kernel maps memory each time,
 * which costs more than the next message. */
#define SEND_MAX_LEN 3700
#define SEND_MAX_N 64
#define KNL_ROOM_MIN 4096 /* for answers, at first */

static const struct {
	const char *name;
	uint8_t version;
	bool is_needed;
} families[KNL_N_FAMILIES] = {
	[KNL_DATAPATH] = { OVS_DATAPATH_FAMILY, OVS_DATAPATH_VERSION, true },
	[KNL_VPORT] = { OVS_VPORT_FAMILY, OVS_VPORT_VERSION, true },
	[KNL_FLOW] = { OVS_FLOW_FAMILY, OVS_FLOW_VERSION, true },
	[KNL_PACKET] = { OVS_PACKET_FAMILY, OVS_PACKET_VERSION, true },
	[KNL_METER] = { OVS_METER_FAMILY, OVS_METER_VERSION, false },
	[KNL_CT_LIMIT] = { OVS_CT_LIMIT_FAMILY, OVS_CT_LIMIT_VERSION, false },
};
static uint16_t family_ids[KNL_N_FAMILIES]; /* 0: not there.  Written once, before any use */
static uint32_t groups[KNL_N_FAMILIES];

static struct log_rl rl; /* of requests that fail: our own doing, or a person's at dpctl */

struct knl_frame {
	struct nlmsghdr nl;
	struct genlmsghdr genl;
	struct ovs_header ovs;
};
static_assert(sizeof(struct knl_frame) == 24, "no padding");

/* ---- Families ---- */

static char *resolve(struct nl_sock *nl)
{
	for (unsigned int i = 0; i < KNL_N_FAMILIES; i++) {
		int id = genl_ctrl_resolve(nl, families[i].name);
		int group = id < 0 ? id
				   : genl_ctrl_resolve_grp(nl, families[i].name, families[i].name);

		if (id < 0 && families[i].is_needed)
			return xasprintf("the kernel has no Generic Netlink family %s (is its "
					 "module openvswitch there?)",
					 families[i].name);
		family_ids[i] = id < 0 ? 0 : id;
		groups[i] = group < 0 ? 0 : group;
	}
	return NULL;
}

char *knl_families_resolve(void)
{
	struct nl_sock *nl = nl_socket_alloc();
	int err = nl ? genl_connect(nl) : -NLE_NOMEM;
	char *text = err < 0 ? xasprintf("no Generic Netlink: %s", nl_geterror(err)) : resolve(nl);

	nl_socket_free(nl);
	return text;
}

bool knl_family_is_there(enum knl_family f)
{
	return family_ids[f];
}

uint32_t knl_group(enum knl_family f)
{
	return groups[f];
}

/* ---- Sockets ---- */

int knl_sock_open(struct knl_sock *s, int rcvbuf_size)
{
	int on = 1;

	memset(s, 0, sizeof(*s));
	s->fd = -1;
	s->nl = nl_socket_alloc();
	if (!s->nl)
		return -ENOMEM;
	if (genl_connect(s->nl) < 0) {
		int err = errno ? errno : ENOBUFS;

		nl_socket_free(s->nl);
		s->nl = NULL;
		return -err;
	}
	s->fd = nl_socket_get_fd(s->nl);
	s->port_id = nl_socket_get_local_port(s->nl);
	/* Without the right to force it, what may be had. */
	if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf_size, sizeof(rcvbuf_size)))
		setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf_size, sizeof(rcvbuf_size));
	rcvbuf_size = 2 * TRAIN_MAX_LEN + (256 << 10);
	if (setsockopt(s->fd, SOL_SOCKET, SO_SNDBUFFORCE, &rcvbuf_size, sizeof(rcvbuf_size)))
		setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &rcvbuf_size, sizeof(rcvbuf_size));
	s->room = xmalloc(KNL_RECV_SIZE);
	setsockopt(s->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(s->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return 0;
}

void knl_sock_close(struct knl_sock *s)
{
	if (s->nl)
		nl_socket_free(s->nl);
	free(s->room);
	s->room = NULL;
	s->nl = NULL;
	s->fd = -1;
}

/* ---- Messages ---- */

size_t knl_msg_begin(struct odp_buf *b, enum knl_family f, uint8_t cmd, uint16_t flags,
		     int dp_ifindex)
{
	struct knl_frame frame = {
		.nl.nlmsg_type = family_ids[f],
		.nl.nlmsg_flags = NLM_F_REQUEST | flags,
		.genl.cmd = cmd,
		.genl.version = families[f].version,
		.ovs.dp_ifindex = dp_ifindex,
	};
	size_t start = b->len;

	/* The buffer grows by attributes: the frame stands in the place of one. */
	odp_put_room(b, 0, sizeof(frame) - NLA_HDRLEN);
	memcpy(b->data + start, &frame, sizeof(frame));
	return start;
}

void knl_msg_end(struct odp_buf *b, size_t start)
{
	((struct nlmsghdr *)(b->data + start))->nlmsg_len = b->len - start;
}

int knl_send(struct knl_sock *s, struct odp_buf *b)
{
	struct nlmsghdr *h = (struct nlmsghdr *)b->data;

	h->nlmsg_seq = ++s->seq;
	for (;;) {
		ssize_t n = send(s->fd, b->data, b->len, 0);

		if (n >= 0)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

/* The kernel's own words, from behind the header of an error. */
static void get_extack(const struct nlmsghdr *h, char *text, size_t size)
{
	size_t skip = NLMSG_HDRLEN + sizeof(struct nlmsgerr);
	const struct nlattr *a[NLMSGERR_ATTR_MAX + 1];

	*text = '\0';
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS) || h->nlmsg_len <= skip)
		return;
	/* The request's payload follows unless the kernel left it out. */
	if (!(h->nlmsg_flags & NLM_F_CAPPED)) {
		const struct nlmsgerr *e = nlmsg_data(h);

		if (e->msg.nlmsg_len < sizeof(e->msg))
			return;
		skip += NLMSG_ALIGN(e->msg.nlmsg_len - sizeof(e->msg));
	}
	if (h->nlmsg_len <= skip)
		return;
	knl_parse((const uint8_t *)h + skip, h->nlmsg_len - skip, a, NLMSGERR_ATTR_MAX);
	knl_get_string(a[NLMSGERR_ATTR_MSG], text, size);
}

/* A message that is whole and has the headers of our families behind it. */
static bool is_frame(const struct nlmsghdr *h)
{
	return h->nlmsg_len >= sizeof(struct knl_frame);
}

int knl_read(struct knl_reader *r, uint32_t seq, uint8_t *cmd, int *dp_ifindex, const void **attrs,
	     size_t *attrs_len)
{
	while (r->len >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)r->data;
		const struct knl_frame *f = (const struct knl_frame *)h;
		size_t whole = NLMSG_ALIGN((size_t)h->nlmsg_len);

		if (h->nlmsg_len < sizeof(*h) || h->nlmsg_len > r->len)
			return -EPROTO;
		r->data += MIN(whole, r->len);
		r->len -= MIN(whole, r->len);
		if (seq && h->nlmsg_seq != seq)
			continue; /* an answer that came too late for who had asked */
		if (h->nlmsg_type == NLMSG_DONE) {
			int err = 0;

			if (h->nlmsg_len >= sizeof(*h) + sizeof(err))
				memcpy(&err, nlmsg_data(h), sizeof(err));
			return err < 0 ? err : -ENODATA;
		}
		if (h->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *e = nlmsg_data(h);

			if (h->nlmsg_len < sizeof(*h) + sizeof(*e))
				return -EPROTO;
			if (e->error)
				return e->error < 0 ? e->error : -EPROTO;
			continue;
		}
		if (h->nlmsg_type < NLMSG_MIN_TYPE || !is_frame(h))
			continue;
		*cmd = f->genl.cmd;
		*dp_ifindex = f->ovs.dp_ifindex;
		*attrs = f + 1;
		*attrs_len = h->nlmsg_len - sizeof(*f);
		return 1;
	}
	return 0;
}

bool knl_is_end_of_dump(const void *data, size_t len, uint32_t seq)
{
	const struct nlmsghdr *h = data;
	int left = len;

	for (; nlmsg_ok(h, left); h = nlmsg_next((struct nlmsghdr *)h, &left)) {
		if (h->nlmsg_seq == seq &&
		    (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR))
			return true;
	}
	return false;
}

void knl_parse(const void *attrs, size_t len, const struct nlattr **a, unsigned int max)
{
	const struct nlattr *nla;
	int left;

	memset(a, 0, (max + 1) * sizeof(const struct nlattr *));
	ODP_FOR_EACH(nla, left, attrs, len) {
		unsigned int type = odp_attr_type(nla);

		if (type <= max)
			a[type] = nla;
	}
}

void knl_get(const struct nlattr *a, void *to, size_t size)
{
	size_t n = a ? MIN((size_t)odp_attr_len(a), size) : 0;

	memset(to, 0, size);
	if (n)
		memcpy(to, odp_attr_data(a), n);
}

uint32_t knl_get_u32(const struct nlattr *a)
{
	uint32_t v = 0;

	if (a && odp_attr_len(a) >= (int)sizeof(v))
		memcpy(&v, odp_attr_data(a), sizeof(v));
	return v;
}

uint64_t knl_get_u64(const struct nlattr *a)
{
	uint64_t v = 0;

	if (a && odp_attr_len(a) >= (int)sizeof(v))
		memcpy(&v, odp_attr_data(a), sizeof(v));
	return v;
}

void knl_get_string(const struct nlattr *a, char *to, size_t size)
{
	size_t n = a ? strnlen(odp_attr_data(a), odp_attr_len(a)) : 0;

	n = MIN(n, size - 1);
	if (n)
		memcpy(to, odp_attr_data(a), n);
	to[n] = '\0';
}

/* ---- Trains ---- */

void knl_train_init(struct knl_train *t)
{
	memset(t, 0, sizeof(*t));
}

void knl_train_uninit(struct knl_train *t)
{
	odp_buf_uninit(&t->msgs);
	free(t->requests);
	free(t->replies);
	memset(t, 0, sizeof(*t));
}

void knl_train_clear(struct knl_train *t)
{
	odp_buf_clear(&t->msgs);
	t->n = 0;
	t->replies_len = 0;
}

struct knl_request *knl_train_add(struct knl_train *t)
{
	struct knl_request *r;

	if (t->n == t->size)
		t->requests = x2nrealloc(t->requests, &t->size, sizeof(*t->requests));
	r = &t->requests[t->n++];
	memset(r, 0, sizeof(*r));
	r->end = t->msgs.len;
	return r;
}

static void keep_reply(struct knl_train *t, struct knl_request *r, const struct nlmsghdr *h)
{
	const struct knl_frame *f = (const struct knl_frame *)h;
	size_t len = h->nlmsg_len - sizeof(*f);

	if (t->replies_size - t->replies_len < NLMSG_ALIGN(len)) {
		t->replies_size = MAX(2 * t->replies_size, t->replies_len + len + KNL_ROOM_MIN);
		t->replies = xrealloc(t->replies, t->replies_size);
	}
	if (len)
		memcpy(t->replies + t->replies_len, f + 1, len);
	r->reply = t->replies_len + 1;
	r->attrs_len = len;
	r->dp_ifindex = f->ovs.dp_ifindex;
	t->replies_len += NLMSG_ALIGN(len);
}

static void take_error(struct knl_request *r, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = nlmsg_data(h);
	const struct knl_frame *f;
	char text[256];

	if (h->nlmsg_len < NLMSG_HDRLEN + sizeof(*e) || e->error >= 0)
		return;
	r->error = e->error;
	/* What is there already, or is not, is the caller's everyday business. */
	if (r->is_probe || e->error == -EEXIST || e->error == -ENOENT || e->error == -ENODEV)
		return;
	get_extack(h, text, sizeof(text));
	f = (const struct knl_frame *)&e->msg;
	if (*text)
		log_warn_rl(&rl, "request of type %u: %s (%s)", f->nl.nlmsg_type,
			    errno_str(e->error), text);
	else
		log_dbg("request of type %u: %s", f->nl.nlmsg_type, errno_str(e->error));
}

/* Reads what is there.  The requests have the numbers from 'first_seq' on.  Returns false when
 * there was nothing. */
static bool read_answers(struct knl_train *t, struct knl_sock *s, uint32_t first_seq, size_t first,
			 size_t n)
{
	ssize_t len = recv(s->fd, s->room, KNL_RECV_SIZE, MSG_DONTWAIT);
	const struct nlmsghdr *h = (const struct nlmsghdr *)s->room;
	int left = len;

	if (len < 0) {
		if (errno == ENOBUFS)
			log_warn_rl(&rl, "answers of the kernel were lost");
		return errno == EINTR || errno == ENOBUFS;
	}
	for (; nlmsg_ok(h, left); h = nlmsg_next((struct nlmsghdr *)h, &left)) {
		uint32_t i = h->nlmsg_seq - first_seq;

		if (i >= n)
			continue;
		if (h->nlmsg_type == NLMSG_ERROR)
			take_error(&t->requests[first + i], h);
		else if (h->nlmsg_type >= NLMSG_MIN_TYPE && is_frame(h))
			keep_reply(t, &t->requests[first + i], h);
	}
	return true;
}

/* Sends requests [first, end), the first of which stands at octet 'from', in as few messages as the
 * kernel takes well; returns the octet behind what could be sent, and '*err'. */
static size_t send_all(struct knl_train *t, struct knl_sock *s, size_t first, size_t end,
		       size_t from, int *err)
{
	while (first < end) {
		struct mmsghdr msgs[SEND_MAX_N];
		struct iovec iovs[SEND_MAX_N];
		size_t ends[SEND_MAX_N], i = first, at = from;
		unsigned int n = 0;
		int sent;

		while (i < end && n < SEND_MAX_N) {
			size_t start = at;

			do
				at = t->requests[i++].end;
			while (i < end && t->requests[i].end - start <= SEND_MAX_LEN);
			iovs[n] = (struct iovec){ t->msgs.data + start, at - start };
			msgs[n].msg_hdr = (struct msghdr){ .msg_iov = &iovs[n], .msg_iovlen = 1 };
			ends[n++] = i;
		}
		/* One alone without what sendmmsg() adds. */
		sent = n == 1 ? send(s->fd, iovs[0].iov_base, iovs[0].iov_len, 0) >= 0 ? 1 : -1
			      : sendmmsg(s->fd, msgs, n, 0);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0) {
			*err = sent ? -errno : -EIO;
			return from;
		}
		first = ends[sent - 1];
		from = t->requests[first - 1].end;
	}
	return from;
}

/* Runs requests [first, end), the first of which stands at octet 'from'. */
static void run_part(struct knl_train *t, struct knl_sock *s, size_t first, size_t end, size_t from)
{
	uint32_t first_seq = s->seq + 1;
	size_t at = from;
	int err = 0;

	for (size_t i = first; i < end; i++) {
		((struct nlmsghdr *)(t->msgs.data + at))->nlmsg_seq = ++s->seq;
		at = t->requests[i].end;
	}
	from = send_all(t, s, first, end, from, &err);
	if (err)
		log_err_rl(&rl, "cannot send to the kernel: %s", errno_str(err));
	for (size_t i = first; i < end; i++)
		t->requests[i].error = t->requests[i].end > from ? err : 0;
	while (read_answers(t, s, first_seq, first, end - first))
		;
}

void knl_train_run(struct knl_train *t, struct knl_sock *s)
{
	size_t first = 0, from = 0, i;

	for (i = 0; i < t->n; i++) {
		size_t end = t->requests[i].end;

		if (i + 1 == t->n || t->requests[i + 1].end - from > TRAIN_MAX_LEN) {
			run_part(t, s, first, i + 1, from);
			first = i + 1;
			from = end;
		}
	}
	/* Only now does the room stay where it is. */
	for (i = 0; i < t->n; i++) {
		if (t->requests[i].reply)
			t->requests[i].attrs = t->replies + t->requests[i].reply - 1;
	}
}

/* ---- Dumps ---- */

int knl_dump(struct knl_sock *s, struct odp_buf *b,
	     bool (*fn)(int dp_ifindex, const void *attrs, size_t len, void *aux), void *aux)
{
	bool go_on = true;
	int err = knl_send(s, b);

	while (!err) {
		ssize_t n = recv(s->fd, s->room, KNL_RECV_SIZE, 0);
		struct knl_reader r = { .data = s->room, .len = n < 0 ? 0 : n };
		const void *attrs;
		size_t len;
		int ifindex;
		uint8_t cmd;

		if (n < 0 && errno != EINTR)
			err = -errno;
		while (!err && (err = knl_read(&r, s->seq, &cmd, &ifindex, &attrs, &len)) > 0) {
			err = 0;
			go_on = go_on && fn(ifindex, attrs, len, aux);
		}
	}
	return err == -ENODATA ? 0 : err;
}

/* ---- Pools ---- */

void knl_pool_init(struct knl_pool *p)
{
	mutex_init(&p->lock);
	p->free = NULL;
}

void knl_pool_uninit(struct knl_pool *p)
{
	while (p->free) {
		struct knl_sock *s = p->free;

		p->free = s->next;
		knl_sock_close(s);
		free(s);
	}
	mutex_uninit(&p->lock);
}

struct knl_sock *knl_pool_get(struct knl_pool *p)
{
	struct knl_sock *s;
	int err;

	mutex_lock(&p->lock);
	s = p->free;
	if (s)
		p->free = s->next;
	mutex_unlock(&p->lock);
	if (s)
		return s;
	s = xzalloc(sizeof(*s));
	err = knl_sock_open(s, REQUEST_RCVBUF);
	if (err) {
		free(s);
		errno = -err;
		return NULL;
	}
	return s;
}

void knl_pool_put(struct knl_pool *p, struct knl_sock *s)
{
	if (!s)
		return;
	mutex_lock(&p->lock);
	s->next = p->free;
	p->free = s;
	mutex_unlock(&p->lock);
}

int knl_call(struct knl_pool *p, struct knl_train *t)
{
	struct knl_sock *s = knl_pool_get(p);

	if (!s)
		return -errno;
	knl_train_run(t, s);
	knl_pool_put(p, s);
	return t->n ? t->requests[t->n - 1].error : 0;
}
