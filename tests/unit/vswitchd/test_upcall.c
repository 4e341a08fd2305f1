// SPDX-License-Identifier: Apache-2.0
/* Misses, cached flows and their revalidation, on the userspace datapath with dummy ports, in
 * simulated time:
 *
 *	p1, p2, p3 -- br0, a learning switch */
#include "upcall/upcall.h"

#include <setjmp.h>

#include "base/counter.h"
#include "tests/unit/dpif/fixture.h"
#include "tests/unit/vswitchd/topology.h"
#include "upcall/ukey.h"

static struct fixture fx;
static struct topology topo;
static struct upcalls *u;

static void touched(uint32_t tag, void *aux)
{
	(void)aux;
	if (u)
		upcalls_touch(u, tag);
}

static void changed(struct fdb *fdb, void *aux)
{
	(void)fdb, (void)aux;
	if (u)
		upcalls_touched(u);
}

static int setup(void **state)
{
	(void)state;
	fixture_init(&fx, 3);
	topology_init(&topo, "br0: p1, p2, p3");
	u = upcalls_create(fx.loop, fx.dp, topo.dp);
	fdb_set_touched_cb(topo.bridges[0]->fdb, touched, NULL);
	fdb_set_changed_cb(topo.bridges[0]->fdb, changed, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fdb_set_touched_cb(topo.bridges[0]->fdb, NULL, NULL);
	fdb_set_changed_cb(topo.bridges[0]->fdb, NULL, NULL);
	rcu_synchronize();
	upcalls_destroy(u);
	fixture_uninit(&fx);
	rcu_barrier_();
	topology_uninit(&topo);
	return 0;
}

static void done(struct upcall_waiter *w)
{
	w->done = NULL;
}

/* A whole round, as the main loop waits for it. */
static void wait_round(void)
{
	struct upcall_waiter w = { .done = done };

	upcalls_wait(u, &w);
	while (w.done)
		loop_turn(fx.loop, 1000);
}

/* What time/warp does. */
static void warp(uint64_t ms)
{
	clock_warp(ms);
	loop_settle(fx.loop);
}

static struct packet *frame(uint8_t src, uint8_t dst, uint16_t tp_src)
{
	struct flow flow;

	memset(&flow, 0, sizeof(flow));
	flow.eth_src[0] = flow.eth_dst[0] = 2;
	flow.eth_src[5] = src;
	flow.eth_dst[5] = dst;
	if (dst == 0xff)
		memset(flow.eth_dst, 0xff, 6);
	flow.eth_type = htons(0x0800);
	flow.ip_src = htonl(0x0a000000 | src);
	flow.ip_dst = htonl(0x0a000000 | dst);
	flow.ip_proto = 17;
	flow.ip_ttl = 64;
	flow.tp_src = htons(tp_src);
	flow.tp_dst = htons(53);
	return compose_packet(&flow, 18);
}

static void send_frames(unsigned int port, uint8_t src, uint8_t dst, unsigned int n)
{
	while (n--) {
		inject(&fx, port, frame(src, dst, 1000));
		fixture_drain(&fx);
	}
}

/* The flow of that source and destination that came in at 'port': its packets, or -1; and its
 * actions. */
static int64_t flow_packets(unsigned int port, uint8_t src, uint8_t dst, struct str *actions)
{
	struct dpif_dump *dump = dpif_dump_create(fx.dp, false);
	struct dpif_dump_thread *thread = dpif_dump_thread_create(dump);
	struct dpif_flow flow;
	int64_t n_packets = -1;

	while (dpif_dump_next(thread, &flow, 1)) {
		if (flow.key.in_port != port || flow.key.eth_src[5] != src ||
		    flow.key.eth_dst[5] != dst)
			continue;
		assert_int_equal(n_packets, -1);
		n_packets = flow.stats.n_packets;
		if (actions)
			odp_actions_format(flow.actions, flow.actions_len, NULL, actions);
	}
	dpif_dump_thread_destroy(thread);
	dpif_dump_destroy(dump);
	return n_packets;
}

static void assert_flow(unsigned int port, uint8_t src, uint8_t dst, int64_t n_packets,
			const char *actions)
{
	struct str s = STR_INIT;

	assert_int_equal(flow_packets(port, src, dst, &s), n_packets);
	if (actions)
		assert_string_equal(str_cstr(&s), actions);
	str_uninit(&s);
}

static uint64_t n_flows(void)
{
	struct dpif_stats stats;

	dpif_get_stats(fx.dp, &stats);
	return stats.n_flows;
}

static void put_rule_stats(struct rule *rule, void *stats)
{
	rule_get_stats(rule, stats);
}

static struct rule_stats rule_stats(void)
{
	struct rule_stats stats = { 0 };

	rcu_enter();
	tables_walk(topo.bridges[0]->tables, put_rule_stats, &stats);
	rcu_leave();
	return stats;
}

/* Port that an address was learned on, "" if it was not. */
static const char *where(uint8_t src)
{
	const uint8_t mac[6] = { 2, 0, 0, 0, 0, src };
	const struct fdb_entry *e;
	const char *name;

	rcu_enter();
	e = fdb_lookup(topo.bridges[0]->fdb, mac, 0);
	name = e ? xbundle_from_fdb_port(fdb_entry_port(e))->name : "";
	rcu_leave();
	return name;
}

static void test_miss_install_hit(void **state)
{
	struct dpif_stats stats;

	(void)state;
	send_frames(1, 1, 0xff, 1);
	assert_flow(1, 1, 0xff, 0, "2,3");
	assert_string_equal(where(1), "p1");
	send_frames(1, 1, 0xff, 4);
	assert_flow(1, 1, 0xff, 4, "2,3");
	dpif_get_stats(fx.dp, &stats);
	assert_int_equal(stats.n_missed, 1);
	assert_int_equal(stats.n_hit, 4);
	assert_int_equal(tx_packets(&fx, 2), 5);
}

/* Each packet is counted by its rule once: the one that missed, those that hit, those of a flow
 * that is deleted. */
static void test_statistics_once(void **state)
{
	struct rule_stats stats;

	(void)state;
	send_frames(1, 1, 0xff, 10);
	upcalls_push_stats(u);
	upcalls_push_stats(u);
	stats = rule_stats();
	assert_int_equal(stats.n_packets, 10);
	assert_int_equal(stats.n_bytes, 10 * 60);
	send_frames(1, 1, 0xff, 5);
	upcalls_purge(u);
	assert_int_equal(n_flows(), 0);
	assert_int_equal(rule_stats().n_packets, 15);
	send_frames(1, 1, 0xff, 3); /* under the same identifier, from 0 again */
	upcalls_push_stats(u);
	assert_int_equal(rule_stats().n_packets, 18);
	/* A correction keeps what the flow has counted. */
	send_frames(2, 2, 1, 4);
	send_frames(3, 1, 0xff, 1);
	wait_round();
	upcalls_push_stats(u);
	assert_int_equal(rule_stats().n_packets, 23);
}

static void test_idle(void **state)
{
	(void)state;
	send_frames(1, 1, 0xff, 1);
	warp(6000);
	send_frames(2, 2, 0xff, 1);
	assert_int_equal(n_flows(), 2);
	warp(6000); /* the first had no second packet */
	assert_int_equal(flow_packets(1, 1, 0xff, NULL), -1);
	assert_int_equal(flow_packets(2, 2, 0xff, NULL), 0);
	for (unsigned int i = 0; i < 5; i++) {
		send_frames(2, 2, 0xff, 1);
		warp(6000);
	}
	assert_int_equal(flow_packets(2, 2, 0xff, NULL), 5);
	warp(60000);
	assert_int_equal(n_flows(), 0);
	/* In simulated time nothing runs by itself. */
	assert_int_equal(rule_stats().n_packets, 7);
}

static void test_max_idle(void **state)
{
	struct upcall_config config = upcall_config_default;

	(void)state;
	config.max_idle_ms = 500;
	upcalls_configure(u, &config);
	send_frames(1, 1, 0xff, 1);
	warp(400);
	assert_int_equal(n_flows(), 1);
	warp(200);
	assert_int_equal(n_flows(), 0);
}

/* A hit keeps the address alive though no frame passes through learning. */
static void test_hits_refresh_addresses(void **state)
{
	(void)state;
	fdb_set_aging(topo.bridges[0]->fdb, 15);
	send_frames(1, 1, 0xff, 1);
	for (unsigned int i = 0; i < 8; i++) {
		warp(5000);
		send_frames(1, 1, 0xff, 1);
		upcalls_push_stats(u);
		fdb_run(topo.bridges[0]->fdb, clock_ms());
		assert_string_equal(where(1), "p1");
	}
	for (unsigned int i = 0; i < 4; i++) {
		warp(5000);
		fdb_run(topo.bridges[0]->fdb, clock_ms());
	}
	assert_string_equal(where(1), "");
}

static void test_move(void **state)
{
	(void)state;
	send_frames(1, 1, 0xff, 1);
	send_frames(2, 2, 1, 1);
	wait_round();
	assert_flow(2, 2, 1, 0, "1");
	warp(10);
	send_frames(3, 1, 0xff, 1); /* the station is at p3 now */
	wait_round();
	assert_string_equal(where(1), "p3");
	assert_flow(2, 2, 1, 0, "3");
	/* It comes back, where its flow still is: no miss tells. */
	warp(10);
	send_frames(1, 1, 0xff, 1);
	assert_flow(1, 1, 0xff, 1, "2,3");
	wait_round(); /* statistics do */
	wait_round(); /* and the flow to it follows */
	assert_string_equal(where(1), "p1");
	assert_flow(2, 2, 1, 0, "1");
}

static void test_flush(void **state)
{
	(void)state;
	send_frames(1, 1, 0xff, 1);
	send_frames(2, 2, 1, 1);
	warp(10);
	fdb_flush(topo.bridges[0]->fdb);
	wait_round();
	assert_string_equal(where(1), "");
	assert_flow(2, 2, 1, 0, "1,3");
	warp(10);
	send_frames(1, 1, 0xff, 1);
	wait_round();
	wait_round();
	assert_string_equal(where(1), "p1");
	assert_flow(2, 2, 1, 0, "1");
}

/* A new configuration: actions change, or the mask does and the flow goes. */
static void test_configuration(void **state)
{
	struct topology_port *p3 = topology_port(&topo, "p3");

	(void)state;
	send_frames(1, 1, 0xff, 3);
	p3->vlan.mode = VLAN_ACCESS;
	p3->vlan.vid = 5;
	topology_publish(p3);
	upcalls_revalidate(u);
	wait_round();
	assert_flow(1, 1, 0xff, 2, "2");
	p3->xport->may_forward = false;
	topology_port(&topo, "p2")->xport->may_forward = false;
	upcalls_revalidate(u);
	wait_round();
	assert_flow(1, 1, 0xff, 2, "drop");
	assert_int_equal(rule_stats().n_packets, 3);
}

static void test_wider_mask_deletes(void **state)
{
	struct tables *t = topo.bridges[0]->tables;
	struct act_list *acts;
	struct match match;
	int priority = 7;

	(void)state;
	send_frames(1, 1, 0xff, 3);
	assert_null(match_parse(&match, "udp,tp_src=1", &priority));
	assert_null(act_list_parse("drop", &acts));
	tables_add(t, rule_create(0, &match, 7, 0, acts));
	tables_publish(t);
	upcalls_revalidate(u);
	wait_round();
	assert_int_equal(n_flows(), 0); /* it covered packets of that port, too */
	send_frames(1, 1, 0xff, 1);
	assert_flow(1, 1, 0xff, 0, "2,3");
}

static void test_flow_limit(void **state)
{
	struct upcall_config config = upcall_config_default;

	(void)state;
	config.flow_limit = 3;
	upcalls_configure(u, &config);
	for (uint8_t i = 1; i <= 10; i++)
		send_frames(1, i, 0xff, 1);
	assert_int_equal(n_flows(), 3);
	assert_int_equal(tx_packets(&fx, 2), 10); /* forwarded all the same */
	config.flow_limit = 2;
	upcalls_configure(u, &config);
	warp(200); /* above the limit flows are idle sooner */
	assert_true(n_flows() <= 2);
}

static void test_pause(void **state)
{
	(void)state;
	send_frames(1, 1, 0xff, 1);
	upcalls_pause(u, true);
	warp(60000);
	assert_int_equal(n_flows(), 1);
	upcalls_pause(u, false);
	warp(1);
	assert_int_equal(n_flows(), 0);
}

/* A datapath that kept its flows over a restart: they are adopted, and corrected. */
static void test_adopts(void **state)
{
	(void)state;
	put_ok(&fx,
	       "recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth(src=02:00:00:00:00:09,"
	       "dst=ff:ff:ff:ff:ff:ff),eth_type(0x0800),ipv4(frag=no)",
	       "3");
	send_frames(1, 9, 0xff, 2);
	wait_round();
	assert_flow(1, 9, 0xff, 2, "2,3");
	assert_int_equal(rule_stats().n_packets, 0); /* what came before is not ours to count */
	send_frames(1, 9, 0xff, 2);
	upcalls_push_stats(u);
	assert_int_equal(rule_stats().n_packets, 2);
	warp(60000);
	assert_int_equal(n_flows(), 0);
}

static void test_many_revalidators(void **state)
{
	struct upcall_config config = upcall_config_default;
	struct str s = STR_INIT;

	(void)state;
	for (unsigned int n = 1; n <= 5; n += 2) {
		config.n_revalidators = n;
		upcalls_configure(u, &config);
		for (uint8_t i = 1; i < 200; i++) {
			inject(&fx, 1 + i % 3, frame(i, 0xff, 1));
			inject(&fx, 1 + i % 3, frame(i, i ^ 1, 1));
		}
		fixture_drain(&fx);
		upcalls_revalidate(u);
		wait_round();
		upcalls_purge(u);
		assert_int_equal(n_flows(), 0);
		assert_int_equal(rule_stats().n_packets, (n / 2 + 1) * 398);
	}
	upcalls_format(u, &s);
	assert_non_null(strstr(str_cstr(&s), "  4: (keys "));
	str_uninit(&s);
}

static uint64_t counter(const char *name)
{
	uint64_t n;

	assert_int_equal(counter_read(name, &n), 0);
	return n;
}

/* Rounds until nothing that was touched is left. */
static void wait_settled(void)
{
	for (unsigned int i = 0; i < 3; i++)
		wait_round();
}

/* Every cached flow does what a translation of now says; returns how many there are. */
static unsigned int assert_all_agree(void)
{
	struct dpif_dump *dump = dpif_dump_create(fx.dp, false);
	struct dpif_dump_thread *thread = dpif_dump_thread_create(dump);
	struct dpif_flow flow;
	unsigned int n = 0;

	while (dpif_dump_next(thread, &flow, 1)) {
		struct xlate_out out = { 0 };

		rcu_enter();
		xlate(topo.dp, &flow.key, &out);
		rcu_leave();
		if (out.actions.len != flow.actions_len ||
		    memcmp(out.actions.data, flow.actions, flow.actions_len)) {
			struct str s = STR_INIT;

			dpif_flow_format(&flow, NULL, false, &s);
			str_put(&s, " but should have ");
			odp_actions_format(out.actions.data, out.actions.len, NULL, &s);
			fail_msg("%s", str_cstr(&s));
		}
		odp_buf_uninit(&out.actions);
		xlate_out_uninit(&out);
		n++;
	}
	dpif_dump_thread_destroy(thread);
	dpif_dump_destroy(dump);
	return n;
}

/* Everything at once: misses, moves, configuration, purges; at the end each packet has been counted
 * once. */
static void test_stress(void **state)
{
	struct upcall_config config = upcall_config_default;
	unsigned int n_sent = 0;

	(void)state;
	config.n_revalidators = 3;
	upcalls_configure(u, &config);
	for (unsigned int round = 0; round < (SANITIZED ? 60 : 200); round++) {
		for (uint8_t i = 1; i <= 20; i++) {
			inject(&fx, 1 + (round / 3 + i) % 3,
			       frame(i, round % 4 ? i ^ 1 : 0xff, round));
			n_sent++;
		}
		if (round % 5 == 0)
			upcalls_revalidate(u);
		if (round % 7 == 0)
			clock_warp(1000);
		if (round % 31 == 0)
			upcalls_purge(u);
		if (round % 11 == 0)
			fdb_flush(topo.bridges[0]->fdb);
		if (round % 53 == 0) {
			config.n_revalidators = 1 + round % 4;
			upcalls_configure(u, &config);
		}
		fixture_drain(&fx);
		loop_turn(fx.loop, 0);
	}
	clock_warp(10); /* statistics may teach once more */
	wait_settled();
	wait_settled();
	assert_all_agree();
	upcalls_purge(u);
	assert_int_equal(n_flows(), 0);
	assert_int_equal(rule_stats().n_packets, n_sent);
}

/* A new address concerns the flows that looked for it, and no others. */
static void test_new_address(void **state)
{
	uint64_t n_before;

	(void)state;
	send_frames(1, 1, 0xff, 1);
	for (uint8_t i = 2; i < 100; i++) {
		inject(&fx, 2, frame(i, 1, 1));
		inject(&fx, 2, frame(i, 200, 1)); /* unknown: flooded */
	}
	fixture_drain(&fx);
	wait_settled();
	assert_int_equal(n_flows(), 1 + 2 * 98);
	n_before = counter("revalidate_flow");
	for (uint8_t i = 150; i < 180; i++)
		send_frames(3, i, 0xff, 1);
	wait_settled();
	/* Tags may collide, but not this often. */
	assert_true(counter("revalidate_flow") < n_before + 10);
	n_before = counter("revalidate_flow");
	send_frames(3, 200, 0xff, 1);
	wait_settled();
	assert_in_range(counter("revalidate_flow") - n_before, 98, 108);
	assert_flow(2, 50, 200, 0, "3");
	assert_flow(2, 50, 1, 0, "1");
	assert_all_agree();
}

/* Whatever stations do, and whatever is done to the table: after a round the cached flows
 * follow. */
static void test_follows_table(void **state)
{
	struct fdb *fdb = topo.bridges[0]->fdb;
	struct upcall_config config = upcall_config_default;
	unsigned int n = 0;

	(void)state;
	srand(7);
	config.n_revalidators = 2;
	upcalls_configure(u, &config);
	fdb_set_max(fdb, 12);
	for (unsigned int i = 0; i < (SANITIZED ? 150 : 500); i++) {
		uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 + rand() % 16 };
		struct xbundle *b = topo.ports[rand() % 3].bundle;

		switch (rand() % 8) {
		case 0:
			fdb_del(fdb, mac, 0);
			break;
		case 1:
			if (rand() % 10 == 0)
				fdb_flush(fdb);
			break;
		case 2:
			if (rand() % 4 == 0)
				fdb_add_static(fdb, mac, 0, &b->fdb_port);
			break;
		case 3:
			fdb_flush_port_learned(fdb, &b->fdb_port);
			break;
		default:
			for (unsigned int j = 0; j < 4; j++)
				inject(&fx, 1 + rand() % 3,
				       frame(1 + rand() % 16, rand() % 3 ? 1 + rand() % 16 : 0xff,
					     1));
		}
		fixture_drain(&fx);
		warp(rand() % 2000);
		wait_settled();
		n += assert_all_agree();
	}
	assert_true(n > 1000);
}

/* One port floods: its flows fill the table, and no more than that; another port's are cached all
 * the same. */
static void test_share(void **state)
{
	struct upcall_config config = upcall_config_default;
	uint64_t n_shared = counter("upcall_flow_limit_share");

	(void)state;
	config.flow_limit = 40;
	upcalls_configure(u, &config);
	for (uint8_t i = 1; i <= 100; i++)
		inject(&fx, 1, frame(i, 0xff, 1));
	fixture_drain(&fx);
	assert_int_equal(n_flows(), 40);
	for (uint8_t i = 101; i <= 120; i++)
		inject(&fx, 2, frame(i, 0xff, 1));
	fixture_drain(&fx);
	assert_int_equal(n_flows(), 50); /* a quarter more */
	assert_int_equal(counter("upcall_flow_limit_share") - n_shared, 10);
	/* The round makes room where most is, which has been idle for a moment. */
	warp(150);
	for (uint8_t i = 101; i <= 120; i++)
		inject(&fx, 2, frame(i, 0xff, 1));
	fixture_drain(&fx);
	for (uint8_t i = 101; i <= 120; i++)
		assert_true(flow_packets(2, i, 0xff, NULL) >= 0);
	assert_true(n_flows() <= 40);
}

/* The same, and every flow of the flood is in use all the while. */
static void test_press(void **state)
{
	struct upcall_config config = upcall_config_default;

	(void)state;
	config.flow_limit = 40;
	upcalls_configure(u, &config);
	for (unsigned int round = 0; round < 6; round++) {
		for (uint8_t i = 1; i <= 60; i++)
			inject(&fx, 1, frame(i, 0xff, 1));
		for (uint8_t i = 101; i <= 112; i++)
			inject(&fx, 2, frame(i, 0xff, 1));
		fixture_drain(&fx);
		assert_true(n_flows() <= 50);
		warp(50);
	}
	for (uint8_t i = 101; i <= 112; i++)
		assert_true(flow_packets(2, i, 0xff, NULL) >= 0);
}

#define KEY(PORT, SRC, DST)                                                                        \
	"recirc_id(0),in_port(" PORT "),packet_type(ns=0,id=0),eth(src=02:00:00:00:00:" SRC        \
	",dst=02:00:00:00:00:" DST "),eth_type(0x0800),ipv4(frag=no)"

/* Rounds in which nothing has changed see identifiers and statistics only; what has to be judged
 * after all is fetched, and a change of the configuration settles within one round. */
static void test_terse(void **state)
{
	uint64_t n_fetched, n_translated;

	(void)state;
	send_frames(1, 1, 0xff, 1);
	for (uint8_t i = 10; i < 50; i++)
		send_frames(2, i, 1, 2);
	wait_settled();
	n_fetched = counter("revalidate_fetched");
	n_translated = counter("revalidate_flow");
	for (uint8_t i = 10; i < 50; i++)
		send_frames(2, i, 1, 1);
	wait_round();
	assert_int_equal(counter("revalidate_fetched"), n_fetched);
	assert_int_equal(counter("revalidate_flow"), n_translated);
	assert_int_equal(rule_stats().n_packets, 1 + 40 * 3);
	/* One station moves: the flow to it, and from it, is fetched. */
	send_frames(3, 10, 11, 1);
	warp(10);
	send_frames(2, 11, 10, 1);
	wait_round();
	assert_flow(2, 11, 10, 0, "3");
	/* Somebody adds a flow that none of ours says: a terse round finds that, too. */
	put_ok(&fx, KEY("1", "77", "66"), "2");
	n_fetched = counter("revalidate_fetched");
	wait_round();
	assert_flow(1, 0x77, 0x66, 0, "2,3");
	assert_true(counter("revalidate_fetched") > n_fetched);
	wait_settled();
	/* Everything anew, in one round. */
	n_translated = counter("revalidate_flow");
	n_fetched = counter("revalidate_fetched");
	topo.ports[2].xport->may_forward = false; /* p3 */
	upcalls_revalidate(u);
	wait_round();
	assert_flow(1, 0x77, 0x66, 0, "2");
	assert_flow(1, 1, 0xff, 0, "2");
	assert_true(counter("revalidate_flow") - n_translated >= n_flows());
	assert_int_equal(counter("revalidate_fetched"), n_fetched); /* these rounds show all */
	assert_all_agree();
	topo.ports[2].xport->may_forward = true;
	/* The same with dumps that show all of a flow at any time. */
	upcalls_set_terse(false);
	upcalls_revalidate(u);
	wait_round();
	wait_round();
	assert_int_equal(counter("revalidate_fetched"), n_fetched);
	assert_flow(1, 1, 0xff, 0, "2,3");
	upcalls_set_terse(true);
	/* What is idle goes, and what it counted is not lost, without ever being shown whole. */
	send_frames(1, 1, 0xff, 5);
	warp(60000);
	assert_int_equal(n_flows(), 0);
	assert_int_equal(counter("revalidate_fetched"), n_fetched);
	assert_int_equal(rule_stats().n_packets, 1 + 40 * 3 + 2 + 5);
}

static void test_megaflows_disabled(void **state)
{
	(void)state;
	upcalls_set_megaflows(false);
	inject(&fx, 1, frame(1, 0xff, 1));
	inject(&fx, 1, frame(1, 0xff, 2));
	fixture_drain(&fx);
	assert_int_equal(n_flows(), 2);
	upcalls_revalidate(u);
	wait_round();
	assert_int_equal(n_flows(), 2);
	upcalls_set_megaflows(true);
	assert_int_equal(n_flows(), 0);
	inject(&fx, 1, frame(1, 0xff, 1));
	inject(&fx, 1, frame(1, 0xff, 2));
	fixture_drain(&fx);
	assert_int_equal(n_flows(), 1);
}

/* While flows are restored nothing is translated, and what is there stays. */
static void test_restore_wait(void **state)
{
	struct upcall_config config = upcall_config_default;

	(void)state;
	config.restore_wait = true;
	upcalls_configure(u, &config);
	send_frames(1, 1, 0xff, 3);
	assert_int_equal(n_flows(), 0);
	assert_string_equal(where(1), "");
	assert_int_equal(tx_packets(&fx, 2), 0);
	put_ok(&fx, KEY("1", "08", "09"), "3");
	wait_round(); /* the configuration need not wait, though */
	warp(60000);
	assert_flow(1, 8, 9, 0, "3");
	send_frames(1, 8, 9, 2);
	config.restore_wait = false;
	upcalls_configure(u, &config);
	wait_round();
	assert_flow(1, 8, 9, 2, "2,3"); /* nobody knows 9 */
	assert_string_equal(where(8), "p1");
	send_frames(1, 1, 0xff, 1);
	assert_string_equal(where(1), "p1");
}

/* A restart: flows that still hold are not touched, as they say themselves where stations are. */
static void test_adopts_what_holds(void **state)
{
	uint64_t n_modified, n_deleted;

	(void)state;
	upcalls_destroy(u);
	u = NULL;
	put_ok(&fx, KEY("1", "08", "09"), "2");
	put_ok(&fx, KEY("2", "09", "08"), "1");
	put_ok(&fx, KEY("3", "0a", "08"), "2"); /* this one never was right */
	/* Neither this, which takes too much. */
	put_ok(&fx, "recirc_id(0),in_port(2),eth_type(0x0800),ipv4(frag=no)", "3");
	send_frames(1, 8, 9, 2);
	send_frames(2, 9, 8, 2);
	warp(10);
	fdb_flush(topo.bridges[0]->fdb); /* as ports that come up do */
	n_modified = counter("revalidate_modified");
	n_deleted = counter("revalidate_deleted");
	u = upcalls_create(fx.loop, fx.dp, topo.dp);
	/* What the first miss brings is no reason to judge: ports are still coming perhaps. */
	send_frames(3, 7, 0xff, 1);
	upcalls_revalidate(u);
	usleep(20000);
	assert_int_equal(counter("revalidate_deleted"), n_deleted);
	wait_round();
	assert_flow(1, 8, 9, 2, "2");
	assert_flow(2, 9, 8, 2, "1");
	assert_flow(3, 10, 8, 0, "1");
	assert_string_equal(where(8), "p1");
	assert_string_equal(where(9), "p2");
	assert_string_equal(where(10), ""); /* it has not been seen */
	assert_int_equal(counter("revalidate_modified") - n_modified, 1);
	assert_int_equal(counter("revalidate_deleted") - n_deleted, 1);
	assert_int_equal(n_flows(), 4);
	assert_int_equal(rule_stats().n_packets, 1);
}

static void del_behind(unsigned int port, uint8_t src, uint8_t dst)
{
	struct packet *p = frame(src, dst, 1000);
	struct ufid ufid;
	struct flow key;
	struct dpif_op op = { .type = DPIF_OP_DEL, .del = { .ufid = &ufid } };

	p->md.in_port = port;
	assert_int_equal(flow_extract(p, &key), DROP_NONE);
	packet_release(p);
	dpif_ufid_of_key(&ufid, &key);
	assert_int_equal(operate(&fx, &op), 0);
}

/* Somebody takes flows out of the datapath: they come back when they are needed, and are forgotten
 * when they are not. */
static void test_deleted_behind(void **state)
{
	uint64_t n_vanished = counter("revalidate_vanished");

	(void)state;
	send_frames(1, 1, 0xff, 4);
	send_frames(2, 2, 0xff, 1);
	wait_round();
	del_behind(1, 1, 0xff);
	del_behind(2, 2, 0xff);
	assert_int_equal(n_flows(), 0);
	clock_warp(1500);
	send_frames(1, 1, 0xff, 4);
	assert_flow(1, 1, 0xff, 3, "2,3");
	wait_settled();
	assert_int_equal(counter("revalidate_vanished") - n_vanished, 1);
	assert_flow(1, 1, 0xff, 3, "2,3");
	assert_int_equal(rule_stats().n_packets, 9);
	send_frames(2, 2, 0xff, 1);
	assert_flow(2, 2, 0xff, 0, "1,3");
}

/* Rounds take long: flows of a packet now and then are not worth a translation. */
static void test_rare(void **state)
{
	struct upcall_config config = upcall_config_default;

	(void)state;
	config.max_revalidator_ms = 1; /* every round is too long */
	upcalls_configure(u, &config);
	wait_round();
	send_frames(1, 1, 0xff, 2);
	send_frames(2, 2, 0xff, 2);
	upcalls_revalidate(u); /* new ones have no rate yet */
	wait_round();
	assert_int_equal(n_flows(), 2);
	warp(1000);
	send_frames(1, 1, 0xff, 4);
	send_frames(2, 2, 0xff, 5);
	warp(1000);
	assert_int_equal(n_flows(), 2);
	upcalls_revalidate(u);
	wait_round();
	assert_int_equal(flow_packets(1, 1, 0xff, NULL), -1);
	assert_int_equal(flow_packets(2, 2, 0xff, NULL), 6);
	assert_int_equal(rule_stats().n_packets, 13);
	/* With 0 each is. */
	config.min_revalidate_pps = 0;
	upcalls_configure(u, &config);
	warp(5000);
	upcalls_revalidate(u);
	wait_round();
	assert_int_equal(flow_packets(2, 2, 0xff, NULL), 6);
}

static void test_rules(void **state)
{
	json_t *json;

	(void)state;
	send_frames(1, 1, 0xff, 1);
	send_frames(1, 2, 0xff, 1);
	json = upcalls_dump_rules(u, NULL);
	assert_int_equal(json_array_size(json), 2);
	assert_non_null(strstr(json_string_value(json_array_get(
				       json_object_get(json_array_get(json, 0), "rules"), 0)),
			       "actions=NORMAL"));
	json_decref(json);
	json = upcalls_dump_rules(u, &(struct ufid){ { 1, 2 } });
	assert_int_equal(json_array_size(json), 0);
	json_decref(json);
}

static void test_tags(void **state)
{
	struct tag_set *set = xzalloc(sizeof(*set));
	struct tags *t = xzalloc(sizeof(*t));

	(void)state;
	tags_init(t);
	/* What nobody uses asks for nothing, but is there for who comes while it is. */
	assert_false(tags_touch(t, 5));
	assert_false(tags_is_wanted(t));
	assert_true(tags_use(t, 5 + TAGS_N));
	assert_true(tags_is_wanted(t));
	assert_false(tags_touch(t, 5)); /* wanted already */
	tags_take(t, set);
	assert_false(tags_is_wanted(t));
	assert_false(set->is_empty);
	assert_true(tag_set_has(set, 5));
	assert_false(tag_set_has(set, 6));
	tags_take(t, set);
	assert_true(set->is_empty);
	assert_false(tag_set_has(set, 5));
	assert_true(tags_touch(t, 5));
	tags_unuse(t, 5);
	tags_take(t, set);
	assert_false(tags_touch(t, 5));
	tags_uninit(t);
	free(t);
	free(set);
}

static void test_waiter_at_destruction(void **state)
{
	struct upcall_waiter w = { .done = done };

	(void)state;
	send_frames(1, 1, 0xff, 1);
	upcalls_wait(u, &w);
	upcalls_destroy(u);
	assert_null(w.done);
	u = upcalls_create(fx.loop, fx.dp, topo.dp);
	send_frames(1, 1, 0xff, 1);
	wait_round();
}

int main(void)
{
#define T(NAME) cmocka_unit_test_setup_teardown(test_##NAME, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(miss_install_hit),
		T(statistics_once),
		T(idle),
		T(max_idle),
		T(hits_refresh_addresses),
		T(move),
		T(flush),
		T(configuration),
		T(wider_mask_deletes),
		T(flow_limit),
		T(pause),
		T(adopts),
		T(many_revalidators),
		T(stress),
		T(new_address),
		T(follows_table),
		T(share),
		T(press),
		T(terse),
		T(megaflows_disabled),
		T(restore_wait),
		T(adopts_what_holds),
		T(deleted_behind),
		T(rare),
		T(rules),
		T(waiter_at_destruction),
		cmocka_unit_test(test_tags),
	};
	struct loop *loop;
	char *err;
	int rc;

	thread_forks_done();
	loop = loop_create();
	netdev_dummy_enable("");
	err = netdev_init(loop, true);
	assert_null(err);
	clock_stop();
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	netdev_uninit();
	loop_destroy(loop);
	return rc;
}
