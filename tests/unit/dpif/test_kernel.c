// SPDX-License-Identifier: Apache-2.0
/* The kernel provider without a kernel: a socket pair stands for Netlink, and what the kernel would
 * answer is put into it before it is asked (it answers inside sendmsg()). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/util.h"
#include "dpif/kernel/handler.h"

#define IFINDEX 7

struct frame {
	struct nlmsghdr nl;
	struct genlmsghdr genl;
	struct ovs_header ovs;
};

struct fixture {
	struct kernel_dp dp;
	struct knl_sock *sock; /* the provider's end, in the pool */
	int kernel_fd;
	struct odp_buf answer;
};

static int setup(void **state)
{
	struct fixture *f = xzalloc(sizeof(*f));
	int fds[2], size = 1 << 20;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	f->kernel_fd = fds[1];
	f->sock = xzalloc(sizeof(*f->sock));
	f->sock->fd = fds[0];
	f->sock->room = xmalloc(KNL_RECV_SIZE);
	f->dp.ifindex = IFINDEX;
	knl_pool_init(&f->dp.pool);
	knl_pool_put(&f->dp.pool, f->sock);
	rcuhash_init(&f->dp.ports_by_name);
	rcuhash_init(&f->dp.ports_by_no);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close(f->sock->fd);
	close(f->kernel_fd);
	knl_pool_uninit(&f->dp.pool);
	rcuhash_uninit(&f->dp.ports_by_name);
	rcuhash_uninit(&f->dp.ports_by_no);
	odp_buf_uninit(&f->answer);
	free(f);
	return 0;
}

/* ---- The kernel's side ---- */

static size_t msg_begin(struct odp_buf *b, uint16_t type, uint8_t cmd, uint32_t seq, int ifindex)
{
	struct frame frame = { .nl.nlmsg_type = type,
			       .nl.nlmsg_seq = seq,
			       .genl.cmd = cmd,
			       .ovs.dp_ifindex = ifindex };
	size_t start = b->len;

	odp_put_room(b, 0, sizeof(frame) - NLA_HDRLEN);
	memcpy(b->data + start, &frame, sizeof(frame));
	return start;
}

static void msg_end(struct odp_buf *b, size_t start)
{
	((struct nlmsghdr *)(b->data + start))->nlmsg_len = b->len - start;
}

static void put_error(struct odp_buf *b, uint32_t seq, int error)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
	} m = { .h = { .nlmsg_len = sizeof(m), .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = seq },
		.e.error = error };
	size_t start = b->len;

	odp_put_room(b, 0, sizeof(m) - NLA_HDRLEN);
	memcpy(b->data + start, &m, sizeof(m));
}

static void put_done(struct odp_buf *b, uint32_t seq)
{
	struct {
		struct nlmsghdr h;
		int error;
	} m = { .h = { .nlmsg_len = sizeof(m), .nlmsg_type = NLMSG_DONE, .nlmsg_seq = seq } };
	size_t start = b->len;

	odp_put_room(b, 0, sizeof(m) - NLA_HDRLEN);
	memcpy(b->data + start, &m, sizeof(m));
}

static void answer(struct fixture *f)
{
	assert_int_equal(send(f->kernel_fd, f->answer.data, f->answer.len, 0), f->answer.len);
	odp_buf_clear(&f->answer);
}

/* What was asked, as (command, octets) of each message in 'cmds'; returns how many. */
static size_t asked(struct fixture *f, uint8_t *cmds, size_t size, uint8_t *room, size_t room_size)
{
	ssize_t n = recv(f->kernel_fd, room, room_size, MSG_DONTWAIT);
	size_t at = 0, count = 0;

	while (n > 0 && at < (size_t)n) {
		struct frame *frame = (struct frame *)(room + at);

		assert_true(count < size);
		assert_int_equal(frame->ovs.dp_ifindex, IFINDEX);
		cmds[count++] = frame->genl.cmd;
		at += NLMSG_ALIGN(frame->nl.nlmsg_len);
	}
	return count;
}

/* ---- Flows ---- */

static void tcp_flow(struct flow *key, struct flow_mask *mask, uint16_t port)
{
	memset(key, 0, sizeof(*key));
	memset(mask, 0, sizeof(*mask));
	key->in_port = 3;
	memcpy(key->eth_src, "\x02\0\0\0\0\1", 6);
	memcpy(key->eth_dst, "\x02\0\0\0\0\2", 6);
	key->vlans[0].tpid = htons(0x8100);
	key->vlans[0].tci = htons(0x1000 | 42);
	key->eth_type = htons(0x0800);
	key->ip_src = htonl(0x0a000001);
	key->ip_dst = htonl(0x0a000002);
	key->ip_proto = IPPROTO_TCP;
	key->ip_ttl = 64;
	key->tp_src = htons(1000);
	key->tp_dst = htons(port);
	MASK_FIELD(mask, in_port);
	MASK_FIELD(mask, recirc_id);
	MASK_FIELD(mask, packet_type);
	MASK_FIELD(mask, eth_dst);
	MASK_FIELD(mask, eth_type);
	MASK_FIELD(mask, vlans[0]);
	MASK_FIELD(mask, ip_proto);
	MASK_FIELD(mask, tp_dst);
}

static void put_nest(struct odp_buf *b, uint16_t type, const struct odp_buf *content)
{
	odp_put(b, type, content->data, content->len);
}

/* A flow as the kernel shows it. */
static void put_flow_with(struct odp_buf *b, uint32_t seq, uint16_t port, const struct ufid *ufid,
			  size_t n_actions)
{
	struct odp_buf k = { 0 }, m = { 0 }, a = { 0 };
	struct ovs_flow_stats stats = { .n_packets = 5, .n_bytes = 500 };
	struct flow_mask mask;
	struct flow key;
	size_t start = msg_begin(b, 30, OVS_FLOW_CMD_NEW, seq, IFINDEX);

	tcp_flow(&key, &mask, port);
	odp_key_encode(&k, &key);
	odp_mask_encode(&m, &key, &mask);
	for (size_t i = 0; i < n_actions; i++)
		odp_put_u32(&a, OVS_ACTION_ATTR_OUTPUT, 4);
	put_nest(b, OVS_FLOW_ATTR_KEY, &k);
	put_nest(b, OVS_FLOW_ATTR_MASK, &m);
	if (n_actions)
		put_nest(b, OVS_FLOW_ATTR_ACTIONS, &a);
	odp_put(b, OVS_FLOW_ATTR_STATS, &stats, sizeof(stats));
	odp_put_u8(b, OVS_FLOW_ATTR_TCP_FLAGS, 0x12);
	odp_put_u64(b, OVS_FLOW_ATTR_USED, 1);
	if (ufid)
		odp_put(b, OVS_FLOW_ATTR_UFID, ufid, sizeof(*ufid));
	msg_end(b, start);
	odp_buf_uninit(&k);
	odp_buf_uninit(&m);
	odp_buf_uninit(&a);
}

static void put_flow(struct odp_buf *b, uint32_t seq, uint16_t port, const struct ufid *ufid)
{
	put_flow_with(b, seq, port, ufid, 1);
}

/* ---- Tests ---- */

static void test_hostile_buffers(void **state)
{
	static const struct {
		const char *name;
		uint32_t len; /* of the header */
		uint16_t type;
		size_t given;
		int want;
	} cases[] = {
		{ "nothing", 0, 30, 0, 0 },
		{ "half a header", 24, 30, 8, 0 },
		{ "length 0", 0, 30, 24, -EPROTO },
		{ "length of less than the header", 15, 30, 24, -EPROTO },
		{ "length beyond the buffer", 25, 30, 24, -EPROTO },
		{ "length of 4 GB", UINT32_MAX, 30, 24, -EPROTO },
		{ "no room for our headers", 16, 30, 16, 0 },
		{ "an error without its number", 16, NLMSG_ERROR, 16, -EPROTO },
		{ "end without a number", 16, NLMSG_DONE, 16, -ENODATA },
		{ "a message", 24, 30, 24, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t *data = xzalloc(cases[i].given + 1); /* so that a step too far is seen */
		struct nlmsghdr h = { .nlmsg_len = cases[i].len, .nlmsg_type = cases[i].type };
		struct knl_reader r = { .data = data, .len = cases[i].given };
		const void *attrs;
		size_t len;
		uint8_t cmd;
		int ifindex;

		memcpy(data, &h, MIN(sizeof(h), cases[i].given));
		if (knl_read(&r, 0, &cmd, &ifindex, &attrs, &len) != cases[i].want)
			fail_msg("%s", cases[i].name);
		free(data);
	}
}

static void test_train(void **state)
{
	struct fixture *f = *state;
	struct dpif_flow_stats stats = { 0 };
	struct ufid ufid = { { 1, 2 } };
	struct flow_mask mask;
	struct flow key;
	struct dpif_op put = {
		.type = DPIF_OP_PUT,
		.put = { .flags = DPIF_PUT_CREATE, .key = &key, .mask = &mask, .ufid = &ufid }
	};
	struct dpif_op bad = put;
	struct dpif_op del = { .type = DPIF_OP_DEL, .del = { .ufid = &ufid, .stats = &stats } };
	struct dpif_op gone = { .type = DPIF_OP_DEL, .del = { .ufid = &ufid } };
	struct dpif_op *ops[] = { &put, &bad, &del, &gone };
	uint8_t cmds[8], room[8192];

	tcp_flow(&key, &mask, 80);
	put_error(&f->answer, 99, -EIO); /* to somebody else's request */
	put_error(&f->answer, 2, -EEXIST);
	put_flow(&f->answer, 3, 80, &ufid);
	answer(f);
	put_error(&f->answer, 4, -ENOENT); /* in a buffer of its own */
	answer(f);
	kernel_operate(&f->dp.up, ops, ARRAY_SIZE(ops));
	assert_int_equal(put.error, 0);
	assert_int_equal(bad.error, -EEXIST);
	assert_int_equal(del.error, 0);
	assert_int_equal(gone.error, -ENOENT);
	assert_int_equal(stats.n_packets, 5);
	assert_int_equal(stats.n_bytes, 500);
	assert_int_equal(stats.tcp_flags, 0x12);
	/* All in one message of the socket. */
	assert_int_equal(asked(f, cmds, ARRAY_SIZE(cmds), room, sizeof(room)), 4);
	assert_int_equal(cmds[0], OVS_FLOW_CMD_NEW);
	assert_int_equal(cmds[2], OVS_FLOW_CMD_DEL);
	assert_int_equal(asked(f, cmds, ARRAY_SIZE(cmds), room, sizeof(room)), 0);
}

/* Many requests go in several messages of less than a page; each is told its own outcome. */
static void test_long_train(void **state)
{
	enum { N = 60 };
	struct fixture *f = *state;
	struct flow_mask mask;
	struct flow keys[N];
	struct dpif_op list[N], *ops[N];
	uint8_t cmds[N], room[8192];
	size_t n, n_asked = 0, n_messages = 0;

	for (unsigned int i = 0; i < N; i++) {
		tcp_flow(&keys[i], &mask, i);
		list[i] = (struct dpif_op){
			.type = DPIF_OP_PUT,
			.put = { .flags = DPIF_PUT_CREATE, .key = &keys[i], .mask = &mask }
		};
		ops[i] = &list[i];
	}
	put_error(&f->answer, 1, -EIO);
	put_error(&f->answer, 30, -EEXIST);
	answer(f);
	put_error(&f->answer, N, -ENOSPC);
	answer(f);
	kernel_operate(&f->dp.up, ops, N);
	for (unsigned int i = 0; i < N; i++)
		assert_int_equal(list[i].error, i == 0       ? -EIO
						: i == 29    ? -EEXIST
						: i == N - 1 ? -ENOSPC
							     : 0);
	while ((n = asked(f, cmds, ARRAY_SIZE(cmds), room, sizeof(room)))) {
		size_t at = 0;

		for (size_t i = 0; i < n; i++) {
			const struct frame *frame = (struct frame *)(room + at);

			assert_int_equal(frame->nl.nlmsg_seq, ++n_asked);
			at += NLMSG_ALIGN(frame->nl.nlmsg_len);
		}
		assert_true(at < 4096);
		n_messages++;
	}
	assert_int_equal(n_asked, N);
	assert_in_range(n_messages, 2, N / 3);
}

/* What is left out of a request is what the flow does not match on, and 0: the rest comes back. */
static void test_short_keys(void **state)
{
	static const struct {
		const char *name;
		uint32_t key_mark, mask_mark, key_ct, mask_ct;
		bool has_mark, has_ct;
	} cases[] = {
		{ "nothing", 0, 0, 0, 0, false, false },
		{ "a mark that is matched", 5, UINT32_MAX, 0, 0, true, false },
		{ "a mark of 0 that is matched", 0, 1, 0, 0, true, false },
		{ "a mark that is not matched", 5, 0, 0, 0, true, false },
		{ "a state of 0", 0, 0, 0, 0xff, false, true },
		{ "both", 1, 3, 0x21, 0xff, true, true },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct nlattr *a[OVS_FLOW_ATTR_MAX + 1], *k[OVS_KEY_ATTR_MAX + 1];
		struct dpif_flow *flow = xzalloc(sizeof(*flow));
		struct flow_mask mask;
		struct flow key;
		struct ufid ufid = { { 1, 2 } };
		struct dpif_op put = { .type = DPIF_OP_PUT,
				       .put = { .flags = DPIF_PUT_CREATE,
						.key = &key,
						.mask = &mask,
						.ufid = &ufid } };
		struct dpif_op *ops[] = { &put };
		uint8_t cmds[8], room[8192];
		size_t len;

		tcp_flow(&key, &mask, 80);
		key.pkt_mark = cases[i].key_mark;
		mask.masks.pkt_mark = cases[i].mask_mark;
		key.ct_state = cases[i].key_ct;
		mask.masks.ct_state = cases[i].mask_ct;
		kernel_operate(&f->dp.up, ops, 1);
		assert_int_equal(asked(f, cmds, ARRAY_SIZE(cmds), room, sizeof(room)), 1);
		len = ((struct nlmsghdr *)room)->nlmsg_len - sizeof(struct frame);
		knl_parse(room + sizeof(struct frame), len, a, OVS_FLOW_ATTR_MAX);
		for (unsigned int t = OVS_FLOW_ATTR_KEY; t;
		     t = t == OVS_FLOW_ATTR_KEY ? OVS_FLOW_ATTR_MASK : 0) {
			knl_parse(odp_attr_data(a[t]), odp_attr_len(a[t]), k, OVS_KEY_ATTR_MAX);
			if (!k[OVS_KEY_ATTR_SKB_MARK] == cases[i].has_mark ||
			    !k[OVS_KEY_ATTR_CT_STATE] == cases[i].has_ct)
				fail_msg("%s", cases[i].name);
			assert_null(k[OVS_KEY_ATTR_PRIORITY]);
			assert_non_null(k[OVS_KEY_ATTR_RECIRC_ID]);
		}
		assert_true(kernel_flow_decode(&f->dp, room + sizeof(struct frame), len,
					       kernel_now(), flow));
		assert_true(flow_equal(&flow->key, &key));
		assert_int_equal(flow->mask.masks.pkt_mark, mask.masks.pkt_mark);
		assert_int_equal(flow->mask.masks.ct_state, mask.masks.ct_state);
		free(flow);
	}
}

/* A flow that has no identifier is deleted by its key. */
static void test_del_by_key(void **state)
{
	struct fixture *f = *state;
	struct ufid ufid = { { 1, 2 } };
	struct flow_mask mask;
	struct flow key;
	struct dpif_op del = { .type = DPIF_OP_DEL, .del = { .ufid = &ufid, .key = &key } };
	struct dpif_op *ops[] = { &del };
	const struct nlattr *a[OVS_FLOW_ATTR_MAX + 1];
	uint8_t cmds[8], room[8192];

	tcp_flow(&key, &mask, 80);
	put_error(&f->answer, 1, -ENOENT);
	answer(f);
	kernel_operate(&f->dp.up, ops, 1);
	assert_int_equal(del.error, 0);
	assert_int_equal(asked(f, cmds, ARRAY_SIZE(cmds), room, sizeof(room)), 1);
	assert_int_equal(asked(f, cmds, ARRAY_SIZE(cmds), room, sizeof(room)), 1);
	knl_parse(room + sizeof(struct frame),
		  ((struct nlmsghdr *)room)->nlmsg_len - sizeof(struct frame), a,
		  OVS_FLOW_ATTR_MAX);
	assert_null(a[OVS_FLOW_ATTR_UFID]);
	assert_non_null(a[OVS_FLOW_ATTR_KEY]);
}

static void test_dump(void **state)
{
	struct fixture *f = *state;
	struct dpif_flow *flows = xcalloc(4, sizeof(*flows));
	struct dpif_dump_thread *t[2];
	struct flow_mask mask;
	struct dpif_dump *dump;
	size_t n_flows[2] = { 0, 0 };
	struct flow key;
	size_t n;

	/* Two buffers; a flow of another datapath and one that is cut among them; then the end. */
	for (uint16_t i = 0; i < 6; i++) {
		struct ufid ufid = { { i, 0 } };

		put_flow(&f->answer, 1, i, &ufid);
		if (i == 2) {
			msg_end(&f->answer,
				msg_begin(&f->answer, 30, OVS_FLOW_CMD_NEW, 1, IFINDEX + 1));
			msg_end(&f->answer,
				msg_begin(&f->answer, 30, OVS_FLOW_CMD_NEW, 1, IFINDEX));
			answer(f);
		}
	}
	answer(f);
	put_done(&f->answer, 1);
	answer(f);
	dump = kernel_dump_create(&f->dp.up, false);
	dump->dpif = &f->dp.up;
	for (int i = 0; i < 2; i++) {
		t[i] = kernel_dump_thread_create(dump);
		t[i]->dump = dump;
	}
	tcp_flow(&key, &mask, 0);
	flow_apply_mask(&key, &mask);
	for (int i = 0; i < 2; i++) {
		/* The first thread takes the first buffer only: it asks once. */
		n = kernel_dump_next(t[i], flows, 4);
		n_flows[i] += n;
		for (size_t j = 0; j < n; j++) {
			struct flow masked = flows[j].key;

			assert_true(flows[j].ufid_present);
			assert_int_equal(ntohs(flows[j].key.tp_dst), flows[j].ufid.parts[0]);
			assert_int_equal(flows[j].stats.n_packets, 5);
			assert_int_equal(flows[j].actions_len, 8);
			assert_int_equal(flows[j].mask.masks.tp_dst, 0xffff);
			assert_int_equal(flows[j].mask.masks.ip_src, 0);
			assert_int_equal(flows[j].mask.masks.vlans[0].tci, 0xffff);
			masked.tp_dst = 0;
			flow_apply_mask(&masked, &mask);
			assert_true(flow_equal(&masked, &key));
		}
	}
	assert_int_equal(n_flows[0], 3);
	assert_int_equal(n_flows[1], 3);
	assert_int_equal(kernel_dump_next(t[0], flows, 4), 0);
	assert_int_equal(kernel_dump_next(t[1], flows, 4), 0);
	for (int i = 0; i < 2; i++)
		kernel_dump_thread_destroy(t[i]);
	assert_int_equal(kernel_dump_destroy(dump), 0);
	free(flows);
}

/* A flow that a dump shows without its actions, which are too long for it, is fetched; one that has
 * gone by then is left out. */
static void test_dump_long(void **state)
{
	const size_t n_actions = 8190; /* no attribute is longer */
	struct fixture *f = *state;
	struct dpif_flow *flows = xcalloc(4, sizeof(*flows));
	struct knl_sock *s = xzalloc(sizeof(*s));
	struct dpif_dump_thread *t;
	struct dpif_dump *dump;
	int fds[2], kernel_fd = f->kernel_fd;

	put_flow_with(&f->answer, 1, 10, &(struct ufid){ { 10, 0 } }, 0);
	answer(f);
	put_flow_with(&f->answer, 1, 11, &(struct ufid){ { 11, 0 } }, 0);
	put_flow(&f->answer, 1, 12, &(struct ufid){ { 12, 0 } });
	put_done(&f->answer, 1);
	answer(f);
	dump = kernel_dump_create(&f->dp.up, false);
	dump->dpif = &f->dp.up;
	t = kernel_dump_thread_create(dump);
	t->dump = dump;

	/* The dump has the one socket: the flows are asked for by another. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &(int){ 1 << 20 }, sizeof(int));
	s->fd = fds[0];
	s->room = xmalloc(KNL_RECV_SIZE);
	knl_pool_put(&f->dp.pool, s);
	f->kernel_fd = fds[1];
	put_flow_with(&f->answer, 1, 10, &(struct ufid){ { 10, 0 } }, n_actions);
	assert_true(f->answer.len > 65536);
	answer(f);
	assert_int_equal(kernel_dump_next(t, flows, 4), 1);
	assert_int_equal(flows[0].ufid.parts[0], 10);
	assert_int_equal(flows[0].actions_len, n_actions * 8);
	put_error(&f->answer, 2, -ENOENT);
	answer(f);
	assert_int_equal(kernel_dump_next(t, flows, 4), 1);
	assert_int_equal(flows[0].ufid.parts[0], 12);
	assert_int_equal(flows[0].actions_len, 8);
	assert_int_equal(kernel_dump_next(t, flows, 4), 0);

	f->kernel_fd = kernel_fd;
	kernel_dump_thread_destroy(t);
	assert_int_equal(kernel_dump_destroy(dump), 0);
	close(fds[0]);
	close(fds[1]);
	free(flows);
}

/* What a terse dump may show: an identifier alone; a key where there is none; all of a flow, from a
 * kernel that does not know how to leave something out; nothing at all. */
static void test_terse_dump(void **state)
{
	struct fixture *f = *state;
	struct ovs_flow_stats stats = { .n_packets = 7, .n_bytes = 700 };
	struct dpif_flow *flows = xcalloc(8, sizeof(*flows));
	struct ufid ufid = { { 11, 12 } }, whole = { { 21, 22 } }, computed;
	struct odp_buf k = { 0 };
	struct dpif_dump_thread *t;
	struct dpif_dump *dump;
	struct flow_mask mask;
	struct flow key;
	uint8_t cmds[4], room[8192];
	const struct nlattr *a[OVS_FLOW_ATTR_MAX + 1];
	size_t start;

	tcp_flow(&key, &mask, 80);
	odp_key_encode(&k, &key);
	dpif_ufid_of_key(&computed, &key);
	start = msg_begin(&f->answer, 30, OVS_FLOW_CMD_NEW, 1, IFINDEX);
	odp_put(&f->answer, OVS_FLOW_ATTR_UFID, &ufid, sizeof(ufid));
	odp_put(&f->answer, OVS_FLOW_ATTR_STATS, &stats, sizeof(stats));
	msg_end(&f->answer, start);
	start = msg_begin(&f->answer, 30, OVS_FLOW_CMD_NEW, 1, IFINDEX);
	put_nest(&f->answer, OVS_FLOW_ATTR_KEY, &k);
	msg_end(&f->answer, start);
	start = msg_begin(&f->answer, 30, OVS_FLOW_CMD_NEW, 1, IFINDEX);
	odp_put(&f->answer, OVS_FLOW_ATTR_STATS, &stats, sizeof(stats));
	msg_end(&f->answer, start);
	put_flow(&f->answer, 1, 81, &whole);
	answer(f);
	put_done(&f->answer, 1);
	answer(f);
	dump = kernel_dump_create(&f->dp.up, true);
	dump->dpif = &f->dp.up;
	t = kernel_dump_thread_create(dump);
	t->dump = dump;
	assert_int_equal(kernel_dump_next(t, flows, 8), 3);
	assert_true(flows[0].lacks_key && flows[0].lacks_rest && flows[0].ufid_present);
	assert_memory_equal(&flows[0].ufid, &ufid, sizeof(ufid));
	assert_int_equal(flows[0].stats.n_packets, 7);
	assert_true(!flows[1].lacks_key && flows[1].lacks_rest && !flows[1].ufid_present);
	assert_memory_equal(&flows[1].ufid, &computed, sizeof(computed));
	assert_true(!flows[2].lacks_key && !flows[2].lacks_rest && flows[2].ufid_present);
	assert_memory_equal(&flows[2].ufid, &whole, sizeof(whole));
	assert_int_equal(flows[2].actions_len, 8);
	assert_int_equal(kernel_dump_next(t, flows, 8), 0);
	kernel_dump_thread_destroy(t);
	assert_int_equal(kernel_dump_destroy(dump), 0);
	/* That was asked for. */
	assert_int_equal(asked(f, cmds, ARRAY_SIZE(cmds), room, sizeof(room)), 1);
	knl_parse(room + sizeof(struct frame),
		  ((struct nlmsghdr *)room)->nlmsg_len - sizeof(struct frame), a,
		  OVS_FLOW_ATTR_MAX);
	assert_int_equal(knl_get_u32(a[OVS_FLOW_ATTR_UFID_FLAGS]), KERNEL_UFID_OMIT_ALL);
	odp_buf_uninit(&k);
	free(flows);
}

/* A flow that comes back from the kernel matches on no less than what was put. */
static void test_mask_comes_back(void **state)
{
	struct fixture *f = *state;
	struct odp_buf k = { 0 }, m = { 0 }, b = { 0 };
	struct dpif_flow *flow = xzalloc(sizeof(*flow));
	const uint64_t *was, *now;
	struct flow_mask mask;
	struct flow key;

	tcp_flow(&key, &mask, 80);
	memset(key.vlans, 0, sizeof(key.vlans)); /* matched: that there is none */
	MASK_FIELD(&mask, ip_frag);
	odp_key_encode(&k, &key);
	odp_mask_encode(&m, &key, &mask);
	put_nest(&b, OVS_FLOW_ATTR_KEY, &k);
	put_nest(&b, OVS_FLOW_ATTR_MASK, &m);
	assert_true(kernel_flow_decode(&f->dp, b.data, b.len, kernel_now(), flow));
	was = (const uint64_t *)&mask.masks;
	now = (const uint64_t *)&flow->mask.masks;
	for (size_t i = 0; i < FLOW_U64S; i++) {
		if (was[i] & ~now[i])
			fail_msg("word %zu", i);
	}
	odp_buf_uninit(&k);
	odp_buf_uninit(&m);
	odp_buf_uninit(&b);
	free(flow);
}

static void test_actions_agree(void **state)
{
	struct fixture *f = *state;
	struct odp_buf out = { 0 }, drop = { 0 }, kernel_drop = { 0 };

	odp_put_u32(&out, OVS_ACTION_ATTR_OUTPUT, 4);
	odp_put_u32(&drop, ODP_ACTION_DROP, DROP_EXPLICIT);
	odp_put_u32(&kernel_drop, ODP_ACTION_KERNEL_DROP, 0);
	assert_true(kernel_actions_agree(&f->dp.up, out.data, out.len, out.data, out.len));
	assert_false(kernel_actions_agree(&f->dp.up, out.data, out.len, NULL, 0));
	assert_true(kernel_actions_agree(&f->dp.up, drop.data, drop.len, NULL, 0));
	assert_true(kernel_actions_agree(&f->dp.up, NULL, 0, NULL, 0));
	f->dp.features.drop = true;
	assert_false(kernel_actions_agree(&f->dp.up, drop.data, drop.len, NULL, 0));
	assert_true(kernel_actions_agree(&f->dp.up, drop.data, drop.len, kernel_drop.data,
					 kernel_drop.len));
	odp_buf_uninit(&out);
	odp_buf_uninit(&drop);
	odp_buf_uninit(&kernel_drop);
}

/* ---- Upcalls ---- */

struct calls {
	unsigned int n_upcalls, n_repeats, n_installed;
	int errors[4];
	uint64_t repeated_bytes;
};

static int upcall(const struct dpif_upcall *u, struct dpif_upcall_reply *reply, void *calls_)
{
	struct calls *calls = calls_;

	calls->n_upcalls++;
	if (u->key->tp_dst == htons(666))
		return -EINVAL;
	odp_put_u32(&reply->actions, OVS_ACTION_ATTR_OUTPUT, 4);
	MASK_FIELD(&reply->mask, in_port);
	reply->install = u->type == DPIF_UPCALL_MISS;
	return 0;
}

static void installed(const struct dpif_upcall *u, struct dpif_upcall_reply *reply, int error,
		      void *calls_)
{
	struct calls *calls = calls_;

	(void)u, (void)reply;
	calls->errors[calls->n_installed++] = error;
}

static bool repeat(const struct dpif_upcall *u, struct dpif_upcall_reply *reply, uint64_t n_packets,
		   uint64_t n_bytes, void *calls_)
{
	struct calls *calls = calls_;

	(void)u, (void)reply;
	calls->n_repeats += n_packets;
	calls->repeated_bytes += n_bytes;
	return true;
}

static void push_upcall(struct handler *h, uint8_t cmd, uint16_t port, bool has_unknown)
{
	struct upcall_item *item = upcall_item_get(&h->queue);
	struct odp_buf b = { 0 }, k = { 0 };
	size_t start = msg_begin(&b, 31, cmd, 0, IFINDEX);
	uint8_t packet[60] = { 2 };
	struct flow_mask mask;
	struct flow key;

	tcp_flow(&key, &mask, port);
	odp_put(&b, OVS_PACKET_ATTR_PACKET, packet, sizeof(packet));
	odp_key_encode(&k, &key);
	if (has_unknown)
		odp_put_u32(&k, 60, 1); /* a field of a kernel to come */
	put_nest(&b, OVS_PACKET_ATTR_KEY, &k);
	msg_end(&b, start);
	assert_true(b.len <= UPCALL_ITEM_ROOM);
	memcpy(item->data, b.data, b.len);
	item->len = b.len;
	assert_true(upcall_queue_push(&h->queue, key.in_port, item));
	odp_buf_uninit(&b);
	odp_buf_uninit(&k);
}

/* A batch as large as it gets, of flows of which each comes several times: one translation each. */
static void test_repeats(void **state)
{
	static const struct dpif_upcall_ops ops = { .upcall = upcall, .repeat = repeat };
	struct fixture *f = *state;
	struct calls calls = { .n_upcalls = 0 };
	struct upcall_target target = { &ops, &calls };
	struct handler *h = xzalloc(sizeof(*h));

	h->dp = &f->dp;
	h->requests = f->sock;
	h->batch = upcall_batch_create();
	upcall_queue_init(&h->queue);
	f->dp.upcall = &target;
	for (unsigned int n_flows = 1; n_flows <= HANDLER_BATCH; n_flows *= 2) {
		memset(&calls, 0, sizeof(calls));
		for (unsigned int i = 0; i < HANDLER_BATCH; i++)
			push_upcall(h, OVS_PACKET_CMD_MISS, 1000 + i % n_flows, false);
		upcall_batch_run(h);
		assert_int_equal(h->queue.n, 0);
		assert_int_equal(calls.n_upcalls, n_flows);
		assert_int_equal(calls.n_repeats, HANDLER_BATCH - n_flows);
	}
	upcall_queue_uninit(&h->queue);
	upcall_batch_destroy(h->batch);
	free(h);
}

static void test_upcalls(void **state)
{
	static const struct dpif_upcall_ops ops = { .upcall = upcall,
						    .installed = installed,
						    .repeat = repeat };
	struct fixture *f = *state;
	struct calls calls = { .n_upcalls = 0 };
	struct upcall_target target = { &ops, &calls };
	struct handler *h = xzalloc(sizeof(*h));
	uint8_t cmds[16], *room = xmalloc(65536);
	static const uint8_t want[] = {
		OVS_FLOW_CMD_NEW,       OVS_PACKET_CMD_EXECUTE, /* 80 */
		OVS_PACKET_CMD_EXECUTE, /* 80 again */
		OVS_FLOW_CMD_NEW,       OVS_PACKET_CMD_EXECUTE, /* 81 */
		OVS_PACKET_CMD_EXECUTE, /* 80 once more */
		OVS_PACKET_CMD_EXECUTE, /* 82 with what we do not know: not installed */
		OVS_PACKET_CMD_EXECUTE, /* 83, for an action */
	};

	h->dp = &f->dp;
	h->requests = f->sock;
	h->batch = upcall_batch_create();
	upcall_queue_init(&h->queue);
	f->dp.upcall = &target;
	push_upcall(h, OVS_PACKET_CMD_MISS, 80, false);
	push_upcall(h, OVS_PACKET_CMD_MISS, 80, false);
	push_upcall(h, OVS_PACKET_CMD_MISS, 81, false);
	push_upcall(h, OVS_PACKET_CMD_MISS, 80, false);
	push_upcall(h, OVS_PACKET_CMD_MISS, 666, false);
	push_upcall(h, OVS_PACKET_CMD_MISS, 82, true);
	push_upcall(h, OVS_PACKET_CMD_ACTION, 83, false);
	push_upcall(h, OVS_PACKET_CMD_EXECUTE, 84, false); /* nothing that comes up */
	put_error(&f->answer, 4, -EEXIST); /* the flow of 81 */
	answer(f);
	upcall_batch_run(h);
	assert_int_equal(calls.n_upcalls, 5);
	assert_int_equal(calls.n_repeats, 2);
	assert_int_equal(calls.repeated_bytes, 120);
	assert_int_equal(calls.n_installed, 3);
	assert_int_equal(calls.errors[0], 0);
	assert_int_equal(calls.errors[1], -EEXIST);
	assert_int_equal(calls.errors[2], -EOPNOTSUPP);
	assert_int_equal(asked(f, cmds, ARRAY_SIZE(cmds), room, 65536), ARRAY_SIZE(want));
	assert_memory_equal(cmds, want, sizeof(want));

	/* While they are paused, misses are lost. */
	f->dp.upcalls_paused = 1;
	push_upcall(h, OVS_PACKET_CMD_MISS, 80, false);
	upcall_batch_run(h);
	assert_int_equal(calls.n_upcalls, 5);
	assert_int_equal(h->queue.n, 0);

	upcall_queue_uninit(&h->queue);
	upcall_batch_destroy(h->batch);
	free(h);
	free(room);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_hostile_buffers), TEST(test_train),
		TEST(test_del_by_key),      TEST(test_dump),
		TEST(test_actions_agree),   TEST(test_mask_comes_back),
		TEST(test_upcalls),         TEST(test_long_train),
		TEST(test_short_keys),      TEST(test_terse_dump),
		TEST(test_repeats),         TEST(test_dump_long),
	};

	rcu_register_thread_();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
