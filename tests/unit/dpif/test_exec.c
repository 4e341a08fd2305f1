// SPDX-License-Identifier: Apache-2.0
/* Actions: what goes in by port 1, and what comes out where. */
#include "tests/unit/dpif/fixture.h"

#define MAX_FRAMES 8

struct frames {
	struct {
		uint8_t data[256];
		size_t len;
	} f[MAX_FRAMES];
	unsigned int n;
};

static void keep(const void *data, size_t len, void *frames_)
{
	struct frames *frames = frames_;

	assert_true(frames->n < MAX_FRAMES && len <= sizeof(frames->f[0].data));
	memcpy(frames->f[frames->n].data, data, len);
	frames->f[frames->n++].len = len;
}

/* The frames of a port, each as "KEY", by the parser: what a receiver would see. */
static void describe(struct fixture *fx, unsigned int port, struct str *out)
{
	struct frames frames = { .n = 0 };
	unsigned int i;

	netdev_dummy_walk_transmitted(fx->ports[port], keep, &frames);
	for (i = 0; i < frames.n; i++) {
		struct packet *p = packet_create_data(frames.f[i].data, frames.f[i].len);
		struct flow f;

		packet_md_init(&p->md, 0);
		assert_int_equal(flow_extract(p, &f), DROP_NONE);
		str_printf(out, "%u:%zu", port, frames.f[i].len);
		if (f.vlans[0].tpid)
			str_printf(out, " vlan=%u", ntohs(f.vlans[0].tci) & VLAN_VID_MASK);
		if (f.vlans[1].tpid)
			str_printf(out, "+%u", ntohs(f.vlans[1].tci) & VLAN_VID_MASK);
		if (f.eth_src[5] != 1)
			str_printf(out, " src=%u", f.eth_src[5]);
		if (f.ip_ttl != 64)
			str_printf(out, " ttl=%u", f.ip_ttl);
		str_putc(out, ';');
		packet_release(p);
	}
}

static void test_actions(void **state)
{
	static const struct {
		const char *actions, *expected;
	} cases[] = {
		{ "2", "2:100;" },
		{ "2,3", "2:100;3:100;" },
		{ "2,2", "2:100;2:100;" },
		{ "push_vlan(vid=5,pcp=0),2", "2:104 vlan=5;" },
		{ "2,push_vlan(vid=5,pcp=0),3", "2:100;3:104 vlan=5;" },
		{ "push_vlan(vid=5,pcp=0),push_vlan(tpid=0x88a8,vid=6,pcp=0),2,pop_vlan,3,"
		  "pop_vlan,2",
		  "2:108 vlan=6+5;2:100;3:104 vlan=5;" },
		{ "pop_vlan,2", "2:100;" },
		{ "set(eth(src=02:00:00:00:00:07)),2", "2:100 src=7;" },
		{ "clone(set(eth(src=02:00:00:00:00:07)),2),3", "2:100 src=7;3:100;" },
		{ "3,clone(set(eth(src=02:00:00:00:00:07)),2)", "2:100 src=7;3:100;" },
		{ "trunc(60),2,3", "2:60;3:100;" },
		{ "trunc(60),2", "2:60;" },
		{ "trunc(1000),2", "2:100;" },
		{ "sample(sample=100.0%,actions(2)),3", "2:100;3:100;" },
		{ "sample(sample=0.0%,actions(2)),3", "3:100;" },
		{ "3,sample(sample=100.0%,actions(push_vlan(vid=7,pcp=0),2))",
		  "2:104 vlan=7;3:100;" },
		{ "check_pkt_len(size=100,gt(2),le(3))", "3:100;" },
		{ "check_pkt_len(size=99,gt(2),le(3))", "2:100;" },
		{ "check_pkt_len(size=99,gt(2),le(3)),3", "2:100;3:100;" },
		{ "check_pkt_len(size=99,gt(drop),le(3)),2", "2:100;" },
		{ "meter(5),2", "2:100;" },
		{ "hash(l4(0)),recirc(0x1)", "2:104 vlan=9;" },
		{ "3,recirc(0x1)", "2:104 vlan=9;3:100;" },
		{ "recirc(0x1),3", "2:104 vlan=9;3:100;" },
		{ "recirc(0x2),3", "3:100;" }, /* nothing is there */
		{ "drop", "" },
		{ "dec_ttl(le_1(3)),2", "2:100 ttl=63;" },
		{ "set(ipv4(ttl=1)),dec_ttl(le_1(3)),2", "3:100 ttl=1;" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct str got = STR_INIT;
		struct fixture fx;
		struct dpif_port_stats s;

		fixture_init(&fx, 3);
		put_ok(&fx, "recirc_id(0),in_port(1),eth(),eth_type(0x0800),ipv4(frag=no)",
		       cases[i].actions);
		put_ok(&fx, "recirc_id(0x1),in_port(1),eth(),eth_type(0x0800),ipv4(frag=no)",
		       "push_vlan(vid=9,pcp=0),2");
		inject(&fx, 1, udp_frame(1, 58));
		fixture_drain(&fx);
		describe(&fx, 2, &got);
		describe(&fx, 3, &got);
		if (!streq(str_cstr(&got), cases[i].expected))
			fail_msg("%s: \"%s\", not \"%s\"", cases[i].actions, str_cstr(&got),
				 cases[i].expected);
		s = port_stats(&fx, 1);
		assert_int_equal(s.drops[DROP_BAD_ACTION], 0);
		str_uninit(&got);
		fixture_uninit(&fx);
	}
}

/* Lists that no translation makes are refused; what the datapath does not do is dropped by name. */
static void test_hostile(void **state)
{
	static const struct {
		const char *name;
		uint16_t type, len;
		int error;
	} cases[] = {
		{ "output of two octets", OVS_ACTION_ATTR_OUTPUT, 2, -EINVAL },
		{ "recirc of nothing", OVS_ACTION_ATTR_RECIRC, 0, -EINVAL },
		{ "hash of four octets", OVS_ACTION_ATTR_HASH, 4, -EINVAL },
		{ "trunc of nothing", OVS_ACTION_ATTR_TRUNC, 0, -EINVAL },
		{ "drop of nothing", ODP_ACTION_DROP, 0, -EINVAL },
		{ "set of nothing", OVS_ACTION_ATTR_SET, 0, -EINVAL },
		{ "set of half an attribute", OVS_ACTION_ATTR_SET_MASKED, 2, -EINVAL },
		{ "what nobody knows", 999, 8, -EINVAL },
		{ "ct", OVS_ACTION_ATTR_CT, 0, 0 },
		{ "tunnel pop", ODP_ACTION_TUNNEL_POP, 4, 0 },
	};
	struct odp_buf nested = { .data = NULL };
	size_t starts[40], i;
	struct flow_mask mask;
	struct fixture fx;
	struct flow key;
	struct dpif_op op = { .type = DPIF_OP_PUT };

	fixture_init(&fx, 2);
	put_ok(&fx, "recirc_id(0),in_port(1),eth(),eth_type(0x0800),ipv4(frag=no)", "2");
	assert_null(odp_flow_parse("recirc_id(0),in_port(1),eth(),eth_type(0x0800),ipv4(frag=no)",
				   NULL, &key, &mask));
	op.put.flags = DPIF_PUT_MODIFY;
	op.put.key = &key;
	op.put.mask = &mask;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct odp_buf acts = { .data = NULL };
		uint64_t before = port_stats(&fx, 1).drops[DROP_BAD_ACTION];

		memset(odp_put_room(&acts, cases[i].type, cases[i].len), 0, cases[i].len);
		op.put.actions = acts.data;
		op.put.actions_len = acts.len;
		if (operate(&fx, &op) != cases[i].error)
			fail_msg("%s: %d", cases[i].name, op.error);
		inject(&fx, 1, udp_frame(1, 18));
		fixture_drain(&fx);
		if (!cases[i].error)
			assert_int_equal(port_stats(&fx, 1).drops[DROP_BAD_ACTION], before + 1);
		odp_buf_uninit(&acts);
	}
	for (i = 0; i < ARRAY_SIZE(starts); i++)
		starts[i] = odp_nest_begin(&nested, OVS_ACTION_ATTR_CLONE);
	odp_put_u32(&nested, OVS_ACTION_ATTR_OUTPUT, 2);
	while (i-- > 0)
		odp_nest_end(&nested, starts[i]);
	op.put.actions = nested.data;
	op.put.actions_len = nested.len;
	assert_int_equal(operate(&fx, &op), -EINVAL);
	odp_buf_uninit(&nested);
	fixture_uninit(&fx);
}

/* A callback that nests deeper than there may be. */
static int nesting_upcall(const struct dpif_upcall *u, struct dpif_upcall_reply *reply, void *aux)
{
	size_t starts[40], i;

	for (i = 0; i < ARRAY_SIZE(starts); i++)
		starts[i] = odp_nest_begin(&reply->actions, OVS_ACTION_ATTR_CLONE);
	odp_put_u32(&reply->actions, OVS_ACTION_ATTR_OUTPUT, 2);
	while (i-- > 0)
		odp_nest_end(&reply->actions, starts[i]);
	return 0;
}

static void test_nesting(void **state)
{
	static const struct dpif_upcall_ops ops = { .upcall = nesting_upcall };
	struct fixture fx;

	fixture_init(&fx, 2);
	dpif_set_upcall_ops(fx.dp, &ops, NULL);
	inject(&fx, 1, udp_frame(1, 18));
	fixture_drain(&fx);
	assert_int_equal(port_stats(&fx, 1).drops[DROP_RECURSION_LIMIT], 1);
	assert_int_equal(tx_packets(&fx, 2), 0);
	fixture_uninit(&fx);
}

/* A GSO frame passes whole where it can, in pieces where the port or an action needs them. */
static void test_gso(void **state)
{
	static const struct {
		const char *offloads, *actions;
		unsigned int n_out;
		uint64_t n_octets;
	} cases[] = {
		{ "csum,uso", "2", 1, 42 + 3000 },
		{ "", "2", 3, 3 * 42 + 3000 },
		{ "csum,uso", "trunc(100),2", 3, 300 },
		{ "csum,uso", "check_pkt_len(size=1042,gt(drop),le(2))", 1, 42 + 3000 },
		{ "csum,uso", "check_pkt_len(size=1041,gt(drop),le(2))", 0, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct packet *p = udp_frame(1, 3000);
		struct netdev_stats s;
		struct fixture fx;

		fixture_init(&fx, 1);
		fixture_port_add(&fx, 2, "tx_offloads", cases[i].offloads);
		put_ok(&fx, "in_port(1),eth(),eth_type(0x0800),ipv4(frag=no)", cases[i].actions);
		p->offload.gso = PACKET_GSO_UDP_L4;
		p->offload.gso_size = 1000;
		inject(&fx, 1, p);
		fixture_drain(&fx);
		netdev_get_stats(fx.ports[2], &s);
		if (s.tx_packets != cases[i].n_out || s.tx_bytes != cases[i].n_octets)
			fail_msg("%s: %u frames of %u octets", cases[i].actions,
				 (unsigned int)s.tx_packets, (unsigned int)s.tx_bytes);
		fixture_uninit(&fx);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_gso),
	};

	netdev_dummy_enable("");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
