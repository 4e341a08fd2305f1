// SPDX-License-Identifier: Apache-2.0
/* Connections of the kernel's tracker, over its own Netlink.  It is one for the namespace: the
 * datapath is not asked.
 *
 * Only a flush of everything is one request; a zone's connections are deleted one by one, in
 * trains, since a kernel that does not know of flushing by zone would flush all. */
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/util.h"
#include "dpif/dpif_ct.h"
#include "dpif/kernel/kernel.h"

#define RECV_SIZE 65536
#define RCVBUF (4 << 20)
#define TRAIN_MAX_LEN (64 << 10)

struct ct_sock {
	struct nl_sock *nl;
	int fd;
	uint32_t seq;
	uint8_t *room;
};

static void ct_close(struct ct_sock *s)
{
	nl_socket_free(s->nl);
	free(s->room);
}

static int ct_open(struct ct_sock *s)
{
	int size = RCVBUF;

	memset(s, 0, sizeof(*s));
	s->nl = nl_socket_alloc();
	if (!s->nl || nl_connect(s->nl, NETLINK_NETFILTER) < 0) {
		nl_socket_free(s->nl);
		return -EPROTONOSUPPORT;
	}
	s->fd = nl_socket_get_fd(s->nl);
	s->room = xmalloc(RECV_SIZE);
	setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return 0;
}

struct ct_frame {
	struct nlmsghdr nl;
	struct nfgenmsg nf;
};
static_assert(sizeof(struct ct_frame) == 20, "no padding");

static size_t ct_begin(struct odp_buf *b, uint8_t cmd, uint16_t flags, uint8_t family)
{
	struct ct_frame frame = {
		.nl.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | cmd,
		.nl.nlmsg_flags = NLM_F_REQUEST | flags,
		.nf.nfgen_family = family,
		.nf.version = NFNETLINK_V0,
	};
	size_t start = b->len;

	odp_put_room(b, 0, sizeof(frame) - NLA_HDRLEN);
	memcpy(b->data + start, &frame, sizeof(frame));
	return start;
}

static void ct_end(struct odp_buf *b, struct ct_sock *s, size_t start)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(b->data + start);

	h->nlmsg_len = b->len - start;
	h->nlmsg_seq = ++s->seq;
}

/* Sends what is in 'b', and reads acknowledgements or a dump up to the last one of them. 'fn' may
 * be NULL. */
static int ct_transact(struct ct_sock *s, const struct odp_buf *b,
		       bool (*fn)(const struct nlmsghdr *, void *aux), void *aux)
{
	bool go_on = true, is_over = false;
	int err = 0;

	while (send(s->fd, b->data, b->len, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	while (!is_over) {
		ssize_t n = recv(s->fd, s->room, RECV_SIZE, 0);
		const struct nlmsghdr *h = (const struct nlmsghdr *)s->room;
		int left = n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		for (; nlmsg_ok(h, left); h = nlmsg_next((struct nlmsghdr *)h, &left)) {
			if (h->nlmsg_type == NLMSG_ERROR) {
				const struct nlmsgerr *e = nlmsg_data(h);

				if (nlmsg_datalen(h) < (int)sizeof(*e))
					return -EPROTO;
				err = err ? err : e->error;
				is_over = is_over || h->nlmsg_seq == s->seq;
			} else if (h->nlmsg_type == NLMSG_DONE) {
				is_over = true;
			} else if (go_on && fn && h->nlmsg_len >= sizeof(struct ct_frame)) {
				go_on = fn(h, aux);
			}
		}
	}
	return err;
}

/* ---- Decoding ---- */

static bool parse_tuple(const struct nlattr *nest, struct dpif_ct_tuple *out)
{
	const struct nlattr *t[CTA_TUPLE_MAX + 1], *ip[CTA_IP_MAX + 1], *l4[CTA_PROTO_MAX + 1];

	memset(out, 0, sizeof(*out));
	if (!nest)
		return false;
	knl_parse(nla_data(nest), nla_len(nest), t, CTA_TUPLE_MAX);
	if (!t[CTA_TUPLE_IP] || !t[CTA_TUPLE_PROTO])
		return false;
	knl_parse(nla_data(t[CTA_TUPLE_IP]), nla_len(t[CTA_TUPLE_IP]), ip, CTA_IP_MAX);
	knl_parse(nla_data(t[CTA_TUPLE_PROTO]), nla_len(t[CTA_TUPLE_PROTO]), l4, CTA_PROTO_MAX);
	out->is_v6 = ip[CTA_IP_V6_SRC];
	knl_get(ip[out->is_v6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC], &out->src, out->is_v6 ? 16 : 4);
	knl_get(ip[out->is_v6 ? CTA_IP_V6_DST : CTA_IP_V4_DST], &out->dst, out->is_v6 ? 16 : 4);
	knl_get(l4[CTA_PROTO_NUM], &out->proto, 1);
	if (out->proto == IPPROTO_ICMP) {
		knl_get(l4[CTA_PROTO_ICMP_ID], &out->icmp.id, 2);
		knl_get(l4[CTA_PROTO_ICMP_TYPE], &out->icmp.type, 1);
		knl_get(l4[CTA_PROTO_ICMP_CODE], &out->icmp.code, 1);
	} else if (out->proto == IPPROTO_ICMPV6) {
		knl_get(l4[CTA_PROTO_ICMPV6_ID], &out->icmp.id, 2);
		knl_get(l4[CTA_PROTO_ICMPV6_TYPE], &out->icmp.type, 1);
		knl_get(l4[CTA_PROTO_ICMPV6_CODE], &out->icmp.code, 1);
	} else {
		knl_get(l4[CTA_PROTO_SRC_PORT], &out->port.src, 2);
		knl_get(l4[CTA_PROTO_DST_PORT], &out->port.dst, 2);
	}
	return true;
}

static uint32_t get_be32(const struct nlattr *a)
{
	return ntohl(knl_get_u32(a));
}

static void parse_counters(const struct nlattr *nest, struct dpif_ct_counters *out)
{
	const struct nlattr *c[CTA_COUNTERS_MAX + 1];

	knl_parse(nla_data(nest), nla_len(nest), c, CTA_COUNTERS_MAX);
	out->n_packets = be64toh(knl_get_u64(c[CTA_COUNTERS_PACKETS]));
	out->n_bytes = be64toh(knl_get_u64(c[CTA_COUNTERS_BYTES]));
}

static void parse_protoinfo(const struct nlattr *nest, struct dpif_ct_entry *e)
{
	const struct nlattr *p[CTA_PROTOINFO_MAX + 1], *t[CTA_PROTOINFO_TCP_MAX + 1];
	const struct nlattr *s[CTA_PROTOINFO_SCTP_MAX + 1];

	knl_parse(nla_data(nest), nla_len(nest), p, CTA_PROTOINFO_MAX);
	if (p[CTA_PROTOINFO_TCP]) {
		knl_parse(nla_data(p[CTA_PROTOINFO_TCP]), nla_len(p[CTA_PROTOINFO_TCP]), t,
			  CTA_PROTOINFO_TCP_MAX);
		e->has_tcp = true;
		knl_get(t[CTA_PROTOINFO_TCP_STATE], &e->tcp_state, 1);
		knl_get(t[CTA_PROTOINFO_TCP_WSCALE_ORIGINAL], &e->tcp_wscale_orig, 1);
		knl_get(t[CTA_PROTOINFO_TCP_WSCALE_REPLY], &e->tcp_wscale_reply, 1);
		knl_get(t[CTA_PROTOINFO_TCP_FLAGS_ORIGINAL], &e->tcp_flags_orig, 1);
		knl_get(t[CTA_PROTOINFO_TCP_FLAGS_REPLY], &e->tcp_flags_reply, 1);
	} else if (p[CTA_PROTOINFO_SCTP]) {
		knl_parse(nla_data(p[CTA_PROTOINFO_SCTP]), nla_len(p[CTA_PROTOINFO_SCTP]), s,
			  CTA_PROTOINFO_SCTP_MAX);
		e->has_sctp = true;
		knl_get(s[CTA_PROTOINFO_SCTP_STATE], &e->sctp_state, 1);
		knl_get(s[CTA_PROTOINFO_SCTP_VTAG_ORIGINAL], &e->sctp_vtag_orig, 4);
		knl_get(s[CTA_PROTOINFO_SCTP_VTAG_REPLY], &e->sctp_vtag_reply, 4);
	}
}

static void parse_help(const struct nlattr *nest, struct dpif_ct_entry *e)
{
	const struct nlattr *h[CTA_HELP_MAX + 1];

	knl_parse(nla_data(nest), nla_len(nest), h, CTA_HELP_MAX);
	knl_get_string(h[CTA_HELP_NAME], e->helper, sizeof(e->helper));
}

static void parse_timestamps(const struct nlattr *nest, struct dpif_ct_entry *e)
{
	const struct nlattr *t[CTA_TIMESTAMP_MAX + 1];

	knl_parse(nla_data(nest), nla_len(nest), t, CTA_TIMESTAMP_MAX);
	e->has_timestamps = true;
	e->start_ns = be64toh(knl_get_u64(t[CTA_TIMESTAMP_START]));
	e->stop_ns = be64toh(knl_get_u64(t[CTA_TIMESTAMP_STOP]));
}

/* The less significant 64 bits come first, in host order. */
static void parse_label(const struct nlattr *a, struct u128 *label)
{
	uint64_t words[2];

	knl_get(a, words, sizeof(words));
	label->lo = words[0];
	label->hi = words[1];
}

static bool parse_entry(const struct nlmsghdr *h, const struct nlattr **a, struct dpif_ct_entry *e)
{
	const struct ct_frame *f = (const struct ct_frame *)h;
	uint16_t zone;

	memset(e, 0, sizeof(*e));
	knl_parse(f + 1, h->nlmsg_len - sizeof(*f), a, CTA_MAX);
	if (!parse_tuple(a[CTA_TUPLE_ORIG], &e->orig) ||
	    !parse_tuple(a[CTA_TUPLE_REPLY], &e->reply))
		return false;
	e->has_master = parse_tuple(a[CTA_TUPLE_MASTER], &e->master);
	knl_get(a[CTA_ZONE], &zone, sizeof(zone));
	e->zone = ntohs(zone);
	e->id = get_be32(a[CTA_ID]);
	e->status = get_be32(a[CTA_STATUS]);
	e->mark = get_be32(a[CTA_MARK]);
	e->has_timeout = a[CTA_TIMEOUT];
	e->timeout_s = get_be32(a[CTA_TIMEOUT]);
	e->has_counters = a[CTA_COUNTERS_ORIG] && a[CTA_COUNTERS_REPLY];
	if (e->has_counters) {
		parse_counters(a[CTA_COUNTERS_ORIG], &e->orig_counters);
		parse_counters(a[CTA_COUNTERS_REPLY], &e->reply_counters);
	}
	e->has_label = a[CTA_LABELS];
	parse_label(a[CTA_LABELS], &e->label);
	if (a[CTA_PROTOINFO])
		parse_protoinfo(a[CTA_PROTOINFO], e);
	if (a[CTA_HELP])
		parse_help(a[CTA_HELP], e);
	if (a[CTA_TIMESTAMP])
		parse_timestamps(a[CTA_TIMESTAMP], e);
	return true;
}

/* ---- Dump ---- */

struct ct_walk {
	int zone;
	bool (*fn)(const struct dpif_ct_entry *, void *aux);
	void *aux;
};

static bool walk_one(const struct nlmsghdr *h, void *walk_)
{
	const struct ct_walk *walk = walk_;
	const struct nlattr *a[CTA_MAX + 1];
	struct dpif_ct_entry e;

	if (!parse_entry(h, a, &e) || (walk->zone != DPIF_CT_ZONE_ANY && e.zone != walk->zone))
		return true;
	return walk->fn(&e, walk->aux);
}

static int ct_dump(struct ct_sock *s, bool (*fn)(const struct nlmsghdr *, void *aux), void *aux)
{
	struct odp_buf b = { 0 };
	int err;

	ct_end(&b, s, ct_begin(&b, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC));
	err = ct_transact(s, &b, fn, aux);
	odp_buf_uninit(&b);
	return err;
}

int kernel_ct_dump(struct dpif *dpif, int zone, bool (*fn)(const struct dpif_ct_entry *, void *aux),
		   void *aux)
{
	struct ct_walk walk = { zone, fn, aux };
	struct ct_sock s;
	int err = ct_open(&s);

	(void)dpif;
	if (err)
		return err;
	err = ct_dump(&s, walk_one, &walk);
	ct_close(&s);
	return err;
}

/* ---- Flush ---- */

static int flush_all(struct ct_sock *s)
{
	struct odp_buf b = { 0 };
	int err;

	ct_end(&b, s, ct_begin(&b, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, AF_UNSPEC));
	err = ct_transact(s, &b, NULL, NULL);
	odp_buf_uninit(&b);
	return err;
}

static void put_zone(struct odp_buf *b, int zone)
{
	odp_put_u16(b, CTA_ZONE, htons(zone));
}

static void put_tuple(struct odp_buf *b, uint16_t type, const struct dpif_ct_tuple *t)
{
	size_t tuple = odp_nest_begin(b, type | NLA_F_NESTED);
	size_t ip = odp_nest_begin(b, CTA_TUPLE_IP | NLA_F_NESTED), l4;

	odp_put(b, t->is_v6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, &t->src, t->is_v6 ? 16 : 4);
	odp_put(b, t->is_v6 ? CTA_IP_V6_DST : CTA_IP_V4_DST, &t->dst, t->is_v6 ? 16 : 4);
	odp_nest_end(b, ip);
	l4 = odp_nest_begin(b, CTA_TUPLE_PROTO | NLA_F_NESTED);
	odp_put_u8(b, CTA_PROTO_NUM, t->proto);
	if (t->proto == IPPROTO_ICMP) {
		odp_put_u16(b, CTA_PROTO_ICMP_ID, t->icmp.id);
		odp_put_u8(b, CTA_PROTO_ICMP_TYPE, t->icmp.type);
		odp_put_u8(b, CTA_PROTO_ICMP_CODE, t->icmp.code);
	} else if (t->proto == IPPROTO_ICMPV6) {
		odp_put_u16(b, CTA_PROTO_ICMPV6_ID, t->icmp.id);
		odp_put_u8(b, CTA_PROTO_ICMPV6_TYPE, t->icmp.type);
		odp_put_u8(b, CTA_PROTO_ICMPV6_CODE, t->icmp.code);
	} else {
		odp_put_u16(b, CTA_PROTO_SRC_PORT, t->port.src);
		odp_put_u16(b, CTA_PROTO_DST_PORT, t->port.dst);
	}
	odp_nest_end(b, l4);
	odp_nest_end(b, tuple);
}

static int flush_tuple(struct ct_sock *s, int zone, const struct dpif_ct_tuple *t, uint16_t type)
{
	struct odp_buf b = { 0 };
	size_t start = ct_begin(&b, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, t->is_v6 ? AF_INET6 : AF_INET);
	int err;

	put_tuple(&b, type, t);
	put_zone(&b, zone);
	ct_end(&b, s, start);
	err = ct_transact(s, &b, NULL, NULL);
	odp_buf_uninit(&b);
	return err;
}

/* Requests to delete what a dump shows. */
struct ct_collect {
	struct ct_sock *s;
	int zone;
	struct odp_buf *trains; /* of about TRAIN_MAX_LEN each */
	size_t n, size;
};

static bool collect_one(const struct nlmsghdr *h, void *c_)
{
	const struct ct_frame *f = (const struct ct_frame *)h;
	const struct nlattr *a[CTA_MAX + 1];
	struct ct_collect *c = c_;
	struct dpif_ct_entry e;
	struct odp_buf *b;
	size_t start;

	if (!parse_entry(h, a, &e) || e.zone != c->zone)
		return true;
	if (!c->n || c->trains[c->n - 1].len > TRAIN_MAX_LEN) {
		if (c->n == c->size)
			c->trains = x2nrealloc(c->trains, &c->size, sizeof(*c->trains));
		memset(&c->trains[c->n++], 0, sizeof(*c->trains));
	}
	b = &c->trains[c->n - 1];
	start = ct_begin(b, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, f->nf.nfgen_family);
	odp_put(b, CTA_TUPLE_ORIG | NLA_F_NESTED, nla_data(a[CTA_TUPLE_ORIG]),
		nla_len(a[CTA_TUPLE_ORIG]));
	put_zone(b, c->zone);
	/* Not one that took its place meanwhile. */
	if (a[CTA_ID])
		odp_put(b, CTA_ID, nla_data(a[CTA_ID]), nla_len(a[CTA_ID]));
	/* Numbered when it is sent: until then the dump is the last request. */
	((struct nlmsghdr *)(b->data + start))->nlmsg_len = b->len - start;
	return true;
}

static int flush_zone(struct ct_sock *s, int zone)
{
	struct ct_collect c = { .s = s, .zone = zone };
	int err = ct_dump(s, collect_one, &c);

	for (size_t i = 0; i < c.n; i++) {
		struct odp_buf *b = &c.trains[i];
		int rc = 0;

		for (size_t at = 0; at < b->len;) {
			struct nlmsghdr *h = (struct nlmsghdr *)(b->data + at);

			h->nlmsg_seq = ++s->seq;
			at += NLMSG_ALIGN(h->nlmsg_len);
		}
		if (!err)
			rc = ct_transact(s, b, NULL, NULL);
		if (rc != -ENOENT && !err) /* it ended by itself */
			err = rc;
		odp_buf_uninit(b);
	}
	free(c.trains);
	return err;
}

int kernel_ct_flush(struct dpif *dpif, int zone, const struct dpif_ct_tuple *tuple)
{
	struct ct_sock s;
	int err = ct_open(&s);

	(void)dpif;
	if (err)
		return err;
	if (tuple) {
		zone = zone == DPIF_CT_ZONE_ANY ? 0 : zone;
		err = flush_tuple(&s, zone, tuple, CTA_TUPLE_ORIG);
		if (err == -ENOENT)
			err = flush_tuple(&s, zone, tuple, CTA_TUPLE_REPLY);
	} else if (zone == DPIF_CT_ZONE_ANY) {
		err = flush_all(&s);
	} else {
		err = flush_zone(&s, zone);
	}
	ct_close(&s);
	return err;
}
