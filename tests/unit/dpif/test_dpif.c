// SPDX-License-Identifier: Apache-2.0
/* The userspace datapath with dummy ports: flows, misses, statistics, drops, ports, dumps. */
#include "dpif/dpctl.h"
#include "tests/unit/dpif/fixture.h"

#define UDP_FLOW "in_port(1),eth(),eth_type(0x0800),ipv4(proto=17,frag=no),udp()"

/* ---- Misses of the tests ---- */

struct misses {
	uint32_t n; /* atomic */
	uint32_t n_installed, n_exists; /* atomic */
	uint32_t output;
	bool install;
	int error;
	enum drop_reason drop;
	bool by_port; /* one megaflow for each UDP source port */
	const void *userdata; /* of the last userspace action */
	size_t userdata_len;
	enum dpif_upcall_type type;
};

static int on_upcall(const struct dpif_upcall *u, struct dpif_upcall_reply *reply, void *m_)
{
	struct misses *m = m_;

	__atomic_add_fetch(&m->n, 1, __ATOMIC_RELAXED);
	assert_int_equal(u->key->in_port, 1);
	if (u->type == DPIF_UPCALL_ACTION) {
		m->userdata_len = u->userdata_len;
		m->type = u->type;
	}
	if (m->error)
		return m->error;
	if (m->output)
		odp_put_u32(&reply->actions, OVS_ACTION_ATTR_OUTPUT, m->output);
	reply->drop = m->drop;
	MASK_FIELD(&reply->mask, recirc_id);
	MASK_FIELD(&reply->mask, in_port);
	MASK_FIELD(&reply->mask, eth_type);
	if (m->by_port)
		MASK_FIELD(&reply->mask, tp_src);
	reply->install = m->install;
	reply->cookie = m;
	return 0;
}

static void on_installed(const struct dpif_upcall *u, struct dpif_upcall_reply *reply, int error,
			 void *m_)
{
	struct misses *m = m_;

	assert_ptr_equal(reply->cookie, m);
	assert_true(!error || error == -EEXIST);
	__atomic_add_fetch(error ? &m->n_exists : &m->n_installed, 1, __ATOMIC_RELAXED);
}

static const struct dpif_upcall_ops upcall_ops = { .upcall = on_upcall, .installed = on_installed };

static struct dpif_stats dp_stats(struct fixture *fx)
{
	struct dpif_stats s;

	dpif_get_stats(fx->dp, &s);
	return s;
}

/* ---- Tests ---- */

static void test_forward(void **state)
{
	struct dpif_port_stats s1, s2;
	struct dpif_stats s;
	struct fixture fx;
	unsigned int i;

	fixture_init(&fx, 3);
	put_ok(&fx, UDP_FLOW, "2,3");
	for (i = 0; i < 200; i++)
		inject(&fx, 1, udp_frame(1000 + i % 4, 18));
	fixture_drain(&fx);
	assert_int_equal(tx_packets(&fx, 2), 200);
	assert_int_equal(tx_packets(&fx, 3), 200);
	s1 = port_stats(&fx, 1);
	s2 = port_stats(&fx, 2);
	assert_int_equal(s1.rx_packets, 200);
	assert_int_equal(s1.rx_bytes, 200 * 60);
	assert_int_equal(s1.upcalls, 0);
	assert_int_equal(s2.tx_packets, 200);
	assert_int_equal(s2.tx_bytes, 200 * 60);
	s = dp_stats(&fx);
	assert_int_equal(s.n_hit, 200);
	assert_int_equal(s.n_missed + s.n_lost, 0);
	assert_int_equal(s.n_flows, 1);
	assert_int_equal(s.n_masks, 1);
	assert_int_equal(s.n_cache_hit, 196); /* all but the first of each microflow */
	fixture_uninit(&fx);
}

static void test_miss(void **state)
{
	struct misses m = { .output = 2, .install = true };
	struct dpif_port_stats s1;
	struct fixture fx;
	unsigned int i;

	fixture_init(&fx, 2);
	dpif_set_upcall_ops(fx.dp, &upcall_ops, &m);
	for (i = 0; i < 300; i++)
		inject(&fx, 1, udp_frame(1000 + i, 18));
	fixture_drain(&fx);
	assert_int_equal(m.n, 1); /* the others of the batch, and all that follow, find its flow */
	assert_int_equal(m.n_installed, 1);
	assert_int_equal(tx_packets(&fx, 2), 300);
	assert_int_equal(dp_stats(&fx).n_missed, 1);
	assert_int_equal(dp_stats(&fx).n_hit, 299);
	s1 = port_stats(&fx, 1);
	assert_int_equal(s1.upcalls, 1);
	assert_int_equal(s1.upcall_errors, 0);

	/* Without installation each one comes up. */
	dpif_flow_flush(fx.dp);
	assert_int_equal(dp_stats(&fx).n_flows, 0);
	m.install = false;
	for (i = 0; i < 10; i++)
		inject(&fx, 1, udp_frame(1000, 18));
	fixture_drain(&fx);
	assert_int_equal(m.n, 11);
	assert_int_equal(m.n_installed, 1);
	assert_int_equal(tx_packets(&fx, 2), 310);
	fixture_uninit(&fx);
}

static void test_many_microflows(void **state)
{
	struct misses m = { .output = 2, .install = true, .by_port = true };
	struct fixture fx;
	unsigned int i, round;

	fixture_init(&fx, 2);
	dpif_set_upcall_ops(fx.dp, &upcall_ops, &m);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 3000; i++)
			inject(&fx, 1, udp_frame(i, 18));
		fixture_drain(&fx);
	}
	assert_int_equal(m.n, 3000);
	assert_int_equal(dp_stats(&fx).n_flows, 3000);
	assert_int_equal(dp_stats(&fx).n_masks, 1);
	assert_int_equal(tx_packets(&fx, 2), 6000);

	/* The limit stops installation, not forwarding. */
	dpif_flow_flush(fx.dp);
	dpif_set_flow_limit(fx.dp, 100);
	m.n_installed = m.n_exists = 0;
	dpif_set_upcall_ops(fx.dp, &(struct dpif_upcall_ops){ .upcall = on_upcall }, &m);
	for (i = 0; i < 200; i++)
		inject(&fx, 1, udp_frame(i, 18));
	fixture_drain(&fx);
	assert_int_equal(dp_stats(&fx).n_flows, 100);
	assert_int_equal(tx_packets(&fx, 2), 6200);
	fixture_uninit(&fx);
}

/* Each reason, at its port. */
static void test_drops(void **state)
{
	static const struct {
		const char *key, *actions; /* NULL: a miss */
		struct misses m;
		enum drop_reason why;
		bool at_output; /* at port 2, else at port 1 */
	} cases[] = {
		{ UDP_FLOW, "drop", { .n = 0 }, DROP_EXPLICIT, false },
		{ UDP_FLOW, "77", { .n = 0 }, DROP_NO_SUCH_PORT, false },
		{ UDP_FLOW, "ct_clear,2", { .n = 0 }, DROP_BAD_ACTION, false },
		{ "in_port(1),recirc_id(0/0),eth(),eth_type(0x0800),ipv4(frag=no)",
		  "recirc(0x7)",
		  { .n = 0 },
		  DROP_RECURSION_LIMIT,
		  false },
		{ UDP_FLOW, "set(eth(src=02:00:00:00:00:09))", { .n = 0 }, DROP_EXPLICIT, false },
		{ UDP_FLOW, "2", { .n = 0 }, DROP_TX_DOWN, true },
		{ NULL, NULL, { .error = -EINVAL }, DROP_UPCALL_ERROR, false },
		{ NULL, NULL, { .drop = DROP_TABLE_MISS }, DROP_TABLE_MISS, false },
		{ NULL, NULL, { .install = true }, DROP_EXPLICIT, false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct misses m = cases[i].m;
		struct dpif_port_stats s;
		struct fixture fx;
		uint64_t n;

		fixture_init(&fx, 2);
		dpif_set_upcall_ops(fx.dp, &upcall_ops, &m);
		if (cases[i].key)
			put_ok(&fx, cases[i].key, cases[i].actions);
		if (cases[i].at_output)
			netdev_set_admin_up(fx.ports[2], false);
		inject(&fx, 1, udp_frame(1, 18));
		inject(&fx, 1, udp_frame(1, 18));
		fixture_drain(&fx);
		s = port_stats(&fx, cases[i].at_output ? 2 : 1);
		n = cases[i].at_output ? s.tx_drops[cases[i].why] : s.drops[cases[i].why];
		if (n != 2)
			fail_msg("%s: %s: %u", cases[i].actions ? cases[i].actions : "miss",
				 drop_reason_name(cases[i].why), (unsigned int)n);
		fixture_uninit(&fx);
	}
}

static void test_malformed(void **state)
{
	struct fixture fx;
	struct dpif_port_stats s;
	int len;

	fixture_init(&fx, 2);
	for (len = 0; len < 14; len++)
		inject(&fx, 1, packet_create_data("01234567890123456789", len));
	netdev_set_admin_up(fx.ports[1], false);
	fixture_drain(&fx);
	netdev_set_admin_up(fx.ports[1], true);
	s = port_stats(&fx, 1);
	assert_int_equal(s.drops[DROP_RUNT] + s.drops[DROP_PORT_DOWN], 14);
	/* No function for misses at all. */
	inject(&fx, 1, udp_frame(1, 18));
	fixture_drain(&fx);
	s = port_stats(&fx, 1);
	assert_int_equal(s.drops[DROP_UPCALL_ERROR], 1);
	assert_int_equal(dp_stats(&fx).n_lost, 1);
	fixture_uninit(&fx);
}

static void test_userspace_action(void **state)
{
	struct misses m = { .install = true };
	struct fixture fx;

	fixture_init(&fx, 3);
	dpif_set_upcall_ops(fx.dp, &upcall_ops, &m);
	put_ok(&fx, UDP_FLOW, "userspace(pid=0,userdata(0102030405)),2");
	inject(&fx, 1, udp_frame(1, 18));
	fixture_drain(&fx);
	assert_int_equal(m.n, 1);
	assert_int_equal(m.type, DPIF_UPCALL_ACTION);
	assert_int_equal(m.userdata_len, 5);
	assert_int_equal(dp_stats(&fx).n_flows, 1); /* nothing is installed for an action */
	assert_int_equal(tx_packets(&fx, 2), 1);
	m.output = 3;
	inject(&fx, 1, udp_frame(1, 18));
	fixture_drain(&fx);
	assert_int_equal(tx_packets(&fx, 2), 2);
	assert_int_equal(tx_packets(&fx, 3), 1); /* what the callback said */
	fixture_uninit(&fx);
}

static void test_flow_operations(void **state)
{
	struct odp_buf acts = { .data = NULL };
	struct dpif_flow_stats stats;
	struct flow_mask mask;
	struct dpif_flow got;
	struct fixture fx;
	struct ufid ufid = { { 1, 2 } };
	struct flow key;
	struct dpif_op op;
	struct str text = STR_INIT;

	fixture_init(&fx, 3);
	put_ok(&fx, UDP_FLOW, "2");
	assert_int_equal(put(&fx, DPIF_PUT_CREATE, UDP_FLOW, "3"), -EEXIST);
	assert_int_equal(put(&fx, DPIF_PUT_MODIFY, "in_port(2),eth()", "3"), -ENOENT);
	inject(&fx, 1, udp_frame(1, 18));
	fixture_drain(&fx);
	assert_int_equal(put(&fx, DPIF_PUT_MODIFY, UDP_FLOW, "3"), 0);
	inject(&fx, 1, udp_frame(1, 18));
	fixture_drain(&fx);
	assert_int_equal(tx_packets(&fx, 2), 1);
	assert_int_equal(tx_packets(&fx, 3), 1);

	assert_null(odp_flow_parse(UDP_FLOW, NULL, &key, &mask));
	op = (struct dpif_op){ .type = DPIF_OP_GET,
			       .get = { .key = &key, .actions = &acts, .flow = &got } };
	assert_int_equal(operate(&fx, &op), 0);
	assert_int_equal(got.stats.n_packets, 2);
	assert_int_equal(got.stats.n_bytes, 120);
	assert_true(got.stats.used_ms > 0);
	odp_actions_format(got.actions, got.actions_len, NULL, &text);
	assert_string_equal(str_cstr(&text), "3");
	assert_memory_equal(&got.mask, &mask, sizeof(mask));
	assert_true(flow_equal(&got.key, &key));

	/* The same packets under another identifier: no. */
	op = (struct dpif_op){
		.type = DPIF_OP_PUT,
		.put = { .flags = DPIF_PUT_CREATE, .key = &key, .mask = &mask, .ufid = &ufid }
	};
	assert_int_equal(operate(&fx, &op), -EEXIST);
	/* More octets of actions than there may be. */
	op.put.flags = DPIF_PUT_MODIFY;
	op.put.ufid = NULL;
	op.put.actions_len = ODP_MAX_ACTIONS_LEN + 1;
	assert_int_equal(operate(&fx, &op), -EINVAL);

	assert_int_equal(put(&fx, DPIF_PUT_MODIFY | DPIF_PUT_ZERO_STATS, UDP_FLOW, "2"), 0);
	op = (struct dpif_op){ .type = DPIF_OP_DEL, .del = { .key = &key, .stats = &stats } };
	assert_int_equal(operate(&fx, &op), 0);
	assert_int_equal(stats.n_packets, 0);
	assert_int_equal(operate(&fx, &op), -ENOENT);
	inject(&fx, 1, udp_frame(1, 18)); /* the cache does not go on with a flow that is gone */
	fixture_drain(&fx);
	assert_int_equal(tx_packets(&fx, 2), 1);
	odp_buf_uninit(&acts);
	str_uninit(&text);
	fixture_uninit(&fx);
}

/* A flow of more masks than one, and which of them matches. */
static void test_masks(void **state)
{
	struct fixture fx;
	unsigned int i;

	fixture_init(&fx, 4);
	put_ok(&fx, "in_port(1),eth(),eth_type(0x0800),ipv4(proto=17,frag=no),udp(src=1)", "2");
	put_ok(&fx, "in_port(1),eth(),eth_type(0x0800),ipv4(proto=17,frag=no),udp(src=2,dst=53)",
	       "3");
	put_ok(&fx,
	       "in_port(1),eth(),eth_type(0x0800),ipv4(proto=17,frag=no),udp(src=0x100/0xff00)",
	       "4");
	assert_int_equal(dp_stats(&fx).n_masks, 3);
	for (i = 0; i < 256; i++) {
		inject(&fx, 1, udp_frame(1, 18));
		inject(&fx, 1, udp_frame(2, 18));
		inject(&fx, 1, udp_frame(0x100 + i, 18));
	}
	fixture_drain(&fx);
	assert_int_equal(tx_packets(&fx, 2), 256);
	assert_int_equal(tx_packets(&fx, 3), 256);
	assert_int_equal(tx_packets(&fx, 4), 256);
	dpif_flow_flush(fx.dp);
	assert_int_equal(dp_stats(&fx).n_masks, 0);
	fixture_uninit(&fx);
}

static void test_execute(void **state)
{
	struct packet *p = udp_frame(1, 18), *same = udp_frame(1, 18);
	struct odp_buf acts = { .data = NULL };
	struct flow key;
	struct dpif_op op;
	struct fixture fx;

	fixture_init(&fx, 2);
	memset(&key, 0, sizeof(key));
	key.in_port = DPIF_PORT_NONE;
	odp_put_u32(&acts, OVS_ACTION_ATTR_OUTPUT, 1);
	odp_put_u32(&acts, OVS_ACTION_ATTR_OUTPUT, 2);
	op = (struct dpif_op){ .type = DPIF_OP_EXECUTE,
			       .execute = { .key = &key,
					    .actions = acts.data,
					    .actions_len = acts.len,
					    .packet = p } };
	assert_int_equal(operate(&fx, &op), 0);
	assert_int_equal(tx_packets(&fx, 1), 1);
	assert_int_equal(tx_packets(&fx, 2), 1);
	/* It is still the caller's. */
	assert_int_equal(p->len, same->len);
	assert_memory_equal(p->data, same->data, p->len);
	packet_release(p);
	packet_release(same);
	odp_buf_uninit(&acts);
	fixture_uninit(&fx);
}

static void test_pause(void **state)
{
	struct misses m = { .output = 2 };
	struct fixture fx;

	fixture_init(&fx, 2);
	dpif_set_upcall_ops(fx.dp, &upcall_ops, &m);
	dpif_upcalls_pause(fx.dp);
	inject(&fx, 1, udp_frame(1, 18));
	fixture_drain(&fx);
	assert_int_equal(m.n, 0);
	dpif_upcalls_resume(fx.dp);
	inject(&fx, 1, udp_frame(1, 18));
	fixture_drain(&fx);
	assert_int_equal(m.n, 1);
	fixture_uninit(&fx);
}

static bool count_port(const struct dpif_port *port, void *n_)
{
	uint32_t *n = n_;

	assert_true(port->port_no > *n); /* in order */
	*n = port->port_no;
	return true;
}

static void test_ports(void **state)
{
	struct dpif_port port;
	struct fixture fx;
	struct netdev *extra;
	uint32_t no, last = 0;
	char *err;

	fixture_init(&fx, 3);
	no = DPIF_PORT_NONE;
	assert_int_equal(dpif_port_add(fx.dp, fx.ports[1], &no), -EEXIST);
	err = netdev_open("eth", "dummy", &extra);
	assert_null(err);
	no = 2;
	assert_int_equal(dpif_port_add(fx.dp, extra, &no), -EBUSY);
	no = DPIF_MAX_PORTS;
	assert_int_equal(dpif_port_add(fx.dp, extra, &no), -EINVAL);
	no = DPIF_PORT_NONE;
	assert_int_equal(dpif_port_add(fx.dp, extra, &no), 0);
	assert_int_equal(no, 4); /* the first that is free */
	assert_int_equal(dpif_port_lookup(fx.dp, "eth", &port), 0);
	assert_int_equal(port.port_no, 4);
	assert_string_equal(port.type, "dummy");
	dpif_port_uninit(&port);
	assert_int_equal(dpif_port_lookup(fx.dp, "nope", &port), -ENODEV);
	assert_int_equal(dpif_port_get(fx.dp, 4, &port), 0);
	assert_string_equal(port.name, "eth");
	dpif_port_uninit(&port);
	dpif_port_walk(fx.dp, count_port, &last);
	assert_int_equal(last, 4);
	assert_int_equal(dpif_port_del(fx.dp, 2), 0);
	assert_int_equal(dpif_port_del(fx.dp, 2), -ENOENT);
	assert_int_equal(dpif_port_del(fx.dp, 99999), -ENOENT);
	no = 2;
	assert_int_equal(dpif_port_add(fx.dp, fx.ports[2], &no), 0);
	netdev_unref(extra); /* the datapath has its own reference */
	assert_int_equal(dpif_port_del(fx.dp, 4), 0);
	assert_null(netdev_dummy_lookup("eth"));
	/* Flows of the port that had it may be there still: 4 is free, but not taken. */
	err = netdev_open("other", "dummy", &extra);
	assert_null(err);
	no = DPIF_PORT_NONE;
	assert_int_equal(dpif_port_add(fx.dp, extra, &no), 0);
	assert_int_equal(no, 5);
	netdev_unref(extra);
	assert_int_equal(dpif_port_del(fx.dp, 5), 0);
	fixture_uninit(&fx);
}

/* Queues that come and go with an option. */
static void test_rxq_count(void **state)
{
	struct fixture fx;
	struct smap options;
	unsigned int i;
	char *err;

	fixture_init(&fx, 2);
	put_ok(&fx, UDP_FLOW, "2");
	smap_init(&options);
	smap_set(&options, "n_rxq", "3");
	err = netdev_set_options(fx.ports[1], &options);
	assert_null(err);
	for (i = 0; i < 3; i++)
		assert_int_equal(netdev_dummy_inject(fx.ports[1], udp_frame(i, 18), i), 0);
	fixture_drain(&fx);
	assert_int_equal(tx_packets(&fx, 2), 3);
	smap_set(&options, "n_rxq", "1");
	err = netdev_set_options(fx.ports[1], &options);
	assert_null(err);
	netdev_close_barrier();
	assert_int_equal(netdev_dummy_inject(fx.ports[1], udp_frame(0, 18), 2), -EINVAL);
	inject(&fx, 1, udp_frame(0, 18));
	fixture_drain(&fx);
	assert_int_equal(tx_packets(&fx, 2), 4);
	smap_uninit(&options);
	fixture_uninit(&fx);
}

static void test_dump(void **state)
{
	struct misses m = { .output = 2, .install = true, .by_port = true };
	struct dpif_dump_thread *t[2];
	struct dpif_flow flows[7];
	struct dpif_dump *dump;
	struct fixture fx;
	bool seen[500] = { false };
	unsigned int i, n, turn = 0, total = 0, n_over = 0;

	fixture_init(&fx, 2);
	dpif_set_upcall_ops(fx.dp, &upcall_ops, &m);
	for (i = 0; i < ARRAY_SIZE(seen); i++)
		inject(&fx, 1, udp_frame(i, 18));
	fixture_drain(&fx);
	dump = dpif_dump_create(fx.dp, false);
	t[0] = dpif_dump_thread_create(dump);
	t[1] = dpif_dump_thread_create(dump);
	while (n_over < 2) {
		n = dpif_dump_next(t[turn++ % 2], flows, ARRAY_SIZE(flows));
		n_over = n ? 0 : n_over + 1;
		for (i = 0; i < n; i++) {
			uint16_t port = ntohs(flows[i].key.tp_src);

			assert_true(port < ARRAY_SIZE(seen) && !seen[port]);
			seen[port] = true;
			assert_int_equal(flows[i].actions_len, 8);
			assert_int_equal(flows[i].pmd_id, 0);
		}
		total += n;
	}
	assert_int_equal(total, ARRAY_SIZE(seen));
	dpif_dump_thread_destroy(t[0]);
	dpif_dump_thread_destroy(t[1]);
	assert_int_equal(dpif_dump_destroy(dump), 0);
	fixture_uninit(&fx);
}

static void test_thousand_ports(void **state)
{
	enum { N = 1000 };
	struct netdev **netdevs = xcalloc(N, sizeof(*netdevs));
	struct fixture fx;
	uint32_t no;
	int i;

	fixture_init(&fx, 0);
	for (i = 0; i < N; i++) {
		char *name = xasprintf("port%d", i + 1), *err;

		err = netdev_open(name, "dummy", &netdevs[i]);
		assert_null(err);
		free(name);
	}
	for (i = 0; i < N; i++) {
		no = DPIF_PORT_NONE;
		assert_int_equal(dpif_port_add(fx.dp, netdevs[i], &no), 0);
		assert_int_equal(no, i + 1);
	}
	assert_int_equal(dpif_delete(fx.dp), 0);
	for (i = 0; i < N; i++)
		netdev_unref(netdevs[i]);
	fixture_uninit(&fx);
	free(netdevs);
}

/* ---- Text ---- */

static char *run(dpctl_fn *fn, struct loop *loop, bool more, const char *a, const char *b,
		 const char *c)
{
	const char *argv[] = { "dpctl/x", a, b, c, NULL };
	struct dpctl d;
	char *text;
	int argc = 1;

	dpctl_init(&d, loop, false, false);
	d.opt.more = more;
	while (argv[argc])
		argc++;
	fn(&d, argc, argv);
	str_put(&d.out, str_cstr(&d.errors));
	text = str_steal(&d.out);
	dpctl_uninit(&d);
	return text;
}

static void assert_text(char *text, const char *expected)
{
	assert_string_equal(text, expected);
	free(text);
}

static void test_dpctl(void **state)
{
	struct fixture fx;
	char *text, *ufid;

	fixture_init(&fx, 2);
	assert_text(run(dpctl_dump_dps, fx.loop, false, NULL, NULL, NULL), "dummy@test\n");
	assert_text(run(dpctl_show, fx.loop, false, NULL, NULL, NULL),
		    "dummy@test:\n"
		    "  lookups: hit:0 missed:0 lost:0\n"
		    "  flows: 0\n"
		    "  port 1: p1 (dummy)\n"
		    "  port 2: p2 (dummy)\n");
	text = run(dpctl_show, fx.loop, false, "nope", NULL, NULL);
	assert_non_null(strstr(text, "opening datapath nope failed (No such device)\n"));
	free(text);
	assert_text(run(dpctl_add_flow, fx.loop, false,
			"in_port(p1),eth(),eth_type(0x0800),ipv4(frag=no)", "p2", NULL),
		    "");
	text = run(dpctl_add_flow, fx.loop, false,
		   "in_port(1),eth(),eth_type(0x0800),ipv4(frag=no)", "2", NULL);
	assert_non_null(strstr(text, "updating flow table (File exists)\n"));
	free(text);
	assert_text(run(dpctl_dump_flows, fx.loop, false, NULL, NULL, NULL),
		    "flow-dump from the main thread:\n"
		    "recirc_id(0),in_port(1),eth(),eth_type(0x0800),ipv4(frag=no), "
		    "packets:0, bytes:0, used:never, actions:2\n");
	assert_text(run(dpctl_dump_flows, fx.loop, false, "test", "filter=arp", NULL), "");
	text = run(dpctl_dump_flows, fx.loop, true, "filter=ip", NULL, NULL);
	ufid = strstr(text, "ufid:");
	assert_non_null(ufid);
	assert_non_null(strstr(text, "in_port(p1)"));
	assert_non_null(strstr(text, ", dp:ovs, actions:p2\n"));
	ufid[41] = '\0'; /* "ufid:" and 36 characters */
	assert_text(run(dpctl_get_flow, fx.loop, false, ufid, NULL, NULL),
		    "recirc_id(0),in_port(1),eth(),eth_type(0x0800),ipv4(frag=no), "
		    "packets:0, bytes:0, used:never, actions:2\n");
	assert_text(run(dpctl_del_flow, fx.loop, false, ufid, NULL, NULL), "");
	free(text);
	text = run(dpctl_get_flow, fx.loop, false, "ufid:zz", NULL, NULL);
	assert_non_null(strstr(text, "parsing flow ufid (Invalid argument)\n"));
	free(text);
	text = run(dpctl_del_if, fx.loop, false, "dummy@test", "p9", NULL);
	assert_non_null(strstr(text, "no port named p9\n"));
	free(text);
	assert_text(run(dpctl_add_if, fx.loop, false, "dummy@test", "p7,type=dummy,port_no=44",
			NULL),
		    "");
	assert_text(run(dpctl_add_dp, fx.loop, false, "dummy@other", "q1,type=dummy", NULL), "");
	assert_text(run(dpctl_dump_dps, fx.loop, false, NULL, NULL, NULL),
		    "dummy@other\ndummy@test\n");
	text = run(dpctl_dump_flows, fx.loop, false, NULL, NULL, NULL);
	assert_non_null(strstr(text, "multiple datapaths, specify one\n"));
	free(text);
	assert_text(run(dpctl_del_dp, fx.loop, false, "dummy@other", NULL, NULL), "");
	assert_text(run(dpctl_show, fx.loop, false, "test", NULL, NULL),
		    "dummy@test:\n"
		    "  lookups: hit:0 missed:0 lost:0\n"
		    "  flows: 0\n"
		    "  port 1: p1 (dummy)\n"
		    "  port 2: p2 (dummy)\n"
		    "  port 44: p7 (dummy)\n");
	fixture_uninit(&fx);
}

static void test_dpctl_file(void **state)
{
	char path[] = "/tmp/test_dpif.XXXXXX";
	char *text, *unknown, *absent;
	struct fixture fx;
	FILE *f = fdopen(mkstemp(path), "w");

	fixture_init(&fx, 2);
	assert_non_null(f);
	fputs("# a comment\n"
	      "in_port(p1),eth(),eth_type(0x0800),ipv4() p2\n"
	      "\n"
	      "bogus line\n"
	      "delete in_port(9),eth(),eth_type(0x0806),arp()\n",
	      f);
	fclose(f);
	text = run(dpctl_add_flows, fx.loop, false, path, NULL, NULL);
	unknown = xasprintf("%s:4: parsing flow key (", path);
	absent = xasprintf("%s:5: deleting flow (No such file or directory)\n", path);
	assert_non_null(strstr(text, unknown));
	assert_non_null(strstr(text, absent));
	assert_null(strstr(text, ":2: "));
	free(unknown);
	free(absent);
	free(text);
	unlink(path);
	fixture_uninit(&fx);
}

static char *run_tool(struct loop *loop, const char *verb, const char *word)
{
	const char *argv[] = { verb, word, NULL };
	struct dpctl d;
	char *text;

	dpctl_init(&d, loop, true, false);
	dpctl_run(&d, word ? 2 : 1, argv);
	assert_int_equal(d.failed, d.errors.len > 0);
	str_put(&d.out, str_cstr(&d.errors));
	text = str_steal(&d.out);
	dpctl_uninit(&d);
	return text;
}

/* Last of all: nothing enables the kernel's datapath again. */
static void test_no_kernel(void **state)
{
	static const char *const verbs[] = { "show", "dump-dps", "dump-flows", "ct-get-limits" };
	struct fixture fx;
	char *text;

	fixture_init(&fx, 1);
	dpif_disable_system();
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		char *expected = xasprintf(
			"%s: no kernel datapath: the kernel's is disabled (--disable-system); "
			"a daemon's own are reached by ovs-appctl dpctl/%s\n",
			program_name, verbs[i]);

		assert_text(run_tool(fx.loop, verbs[i], NULL), expected);
		free(expected);
	}
	text = run_tool(fx.loop, "add-dp", "dp0");
	assert_non_null(strstr(text, "no kernel datapath: "));
	free(text);
	assert_text(run_tool(fx.loop, "parse-actions", "1,2"), "1,2\n");
	text = run_tool(fx.loop, "list-commands", NULL);
	assert_non_null(strstr(text, "  dump-flows "));
	free(text);
	fixture_uninit(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forward),
		cmocka_unit_test(test_miss),
		cmocka_unit_test(test_many_microflows),
		cmocka_unit_test(test_drops),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_userspace_action),
		cmocka_unit_test(test_flow_operations),
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_execute),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_rxq_count),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_thousand_ports),
		cmocka_unit_test(test_dpctl),
		cmocka_unit_test(test_dpctl_file),
		cmocka_unit_test(test_no_kernel),
	};

	netdev_dummy_enable("");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
