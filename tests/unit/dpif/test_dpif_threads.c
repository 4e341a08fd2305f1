// SPDX-License-Identifier: Apache-2.0
/* Traffic on two workers while ports, flows, workers and dumps come and go.  Made for
 * ThreadSanitizer. */
#include "tests/unit/dpif/fixture.h"

#define N_PORTS 4
#define ROUNDS (SANITIZED ? 60 : 300)

static uint32_t stop; /* atomic */

/* Misses: one megaflow for each source port, out by the next port. */
static int on_upcall(const struct dpif_upcall *u, struct dpif_upcall_reply *reply, void *aux)
{
	assert_in_range(u->worker, 0, DPIF_MAX_WORKERS - 1);
	odp_put_u32(&reply->actions, OVS_ACTION_ATTR_OUTPUT, u->key->in_port % N_PORTS + 1);
	MASK_FIELD(&reply->mask, recirc_id);
	MASK_FIELD(&reply->mask, in_port);
	MASK_FIELD(&reply->mask, eth_type);
	if (ntohs(u->key->tp_src) & 1)
		MASK_FIELD(&reply->mask, tp_src);
	else
		memset(&reply->mask.masks.tp_src, 0x0f, 1);
	reply->install = true;
	return 0;
}

static const struct dpif_upcall_ops ops = { .upcall = on_upcall };

/* Frames for one port for as long as the test goes on; the port has its own reference here. */
static void *sender(void *netdev)
{
	uint16_t i = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		if (netdev_dummy_n_queued(netdev) > 256)
			usleep(100);
		else
			netdev_dummy_inject(netdev, udp_frame(i++ % 200, 18), 0);
	}
	return NULL;
}

static void *dumper(void *dp)
{
	struct dpif_flow *flows = xcalloc(8, sizeof(*flows));

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		struct dpif_dump *dump = dpif_dump_create(dp, false);
		struct dpif_dump_thread *t = dpif_dump_thread_create(dump);
		struct dpif_flow_stats stats;
		size_t i, n;

		while ((n = dpif_dump_next(t, flows, 8))) {
			for (i = 0; i < n; i++) {
				struct dpif_op op = { .type = DPIF_OP_DEL,
						      .del = { .ufid = &flows[i].ufid,
							       .stats = &stats } };
				struct dpif_op *ops_[] = { &op };

				assert_int_equal(flows[i].actions_len % 4, 0);
				if (i % 3 == 0)
					dpif_operate(dp, ops_, 1);
			}
		}
		dpif_dump_thread_destroy(t);
		dpif_dump_destroy(dump);
	}
	free(flows);
	return NULL;
}

static void *executor(void *dp)
{
	struct odp_buf acts = { .data = NULL };
	struct packet *p = udp_frame(1, 18);
	struct flow key;

	memset(&key, 0, sizeof(key));
	key.in_port = DPIF_PORT_NONE;
	odp_put_u32(&acts, OVS_ACTION_ATTR_OUTPUT, 2);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		struct dpif_op op = { .type = DPIF_OP_EXECUTE,
				      .execute = { .key = &key,
						   .actions = acts.data,
						   .actions_len = acts.len,
						   .packet = p } };
		struct dpif_op *ops_[] = { &op };

		dpif_operate(dp, ops_, 1);
		usleep(50);
	}
	odp_buf_uninit(&acts);
	packet_release(p);
	return NULL;
}

static void set_cpu_mask(struct fixture *fx, const char *mask)
{
	struct smap config;

	smap_init(&config);
	smap_set(&config, "pmd-cpu-mask", mask);
	dpif_set_config(fx->dp, &config);
	smap_uninit(&config);
}

static void test_all_at_once(void **state)
{
	/* Some of these CPUs may not be there: their workers run anywhere. */
	static const char *const masks[] = { "3", "1", "7", "" };
	struct fixture fx;
	pthread_t threads[5];
	struct dpif_stats s;
	struct dpif_port_stats ps;
	unsigned int i, n = 0;

	fixture_init(&fx, N_PORTS);
	set_cpu_mask(&fx, "3");
	dpif_set_upcall_ops(fx.dp, &ops, NULL);
	assert_int_equal(thread_create(&threads[n++], "send1", sender, fx.ports[1]), 0);
	assert_int_equal(thread_create(&threads[n++], "send2", sender, fx.ports[2]), 0);
	assert_int_equal(thread_create(&threads[n++], "dump1", dumper, fx.dp), 0);
	assert_int_equal(thread_create(&threads[n++], "dump2", dumper, fx.dp), 0);
	assert_int_equal(thread_create(&threads[n++], "exec", executor, fx.dp), 0);
	for (i = 0; i < ROUNDS; i++) {
		uint32_t no = 3;

		assert_int_equal(dpif_port_del(fx.dp, 3), 0);
		loop_turn(fx.loop, 0);
		if (i % 2)
			usleep(200);
		assert_int_equal(dpif_port_add(fx.dp, fx.ports[3], &no), 0);
		/* The port that has traffic, too. */
		if (i % 8 == 3) {
			no = 2;
			assert_int_equal(dpif_port_del(fx.dp, 2), 0);
			assert_int_equal(dpif_port_add(fx.dp, fx.ports[2], &no), 0);
		}
		if (i % 16 == 5)
			set_cpu_mask(&fx, masks[i / 16 % ARRAY_SIZE(masks)]);
		if (i % 16 == 9)
			dpif_flow_flush(fx.dp);
		if (i % 16 == 13) {
			dpif_upcalls_pause(fx.dp);
			dpif_upcalls_resume(fx.dp);
		}
		dpif_get_stats(fx.dp, &s);
		assert_int_equal(dpif_port_get_stats(fx.dp, 1, &ps), 0);
		usleep(500);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (i = 0; i < n; i++)
		thread_join(threads[i]);
	fixture_drain(&fx);
	dpif_get_stats(fx.dp, &s);
	assert_true(s.n_hit > 100);
	assert_true(s.n_missed > 10);
	assert_true(tx_packets(&fx, 2) > 100);
	fixture_uninit(&fx);
}

/* Each packet that goes in comes out, whichever worker has the queue meanwhile. */
static void test_moves_lose_nothing(void **state)
{
	static const char *const masks[] = { "3", "1" };
	struct fixture fx;
	unsigned int i, j, n = 0;

	fixture_init(&fx, 3);
	put_ok(&fx, "in_port(1),eth(),eth_type(0x0800),ipv4(frag=no)", "3");
	put_ok(&fx, "in_port(2),eth(),eth_type(0x0800),ipv4(frag=no)", "3");
	for (i = 0; i < 40; i++) {
		for (j = 0; j < 50; j++, n += 2) {
			inject(&fx, 1, udp_frame(j, 18));
			inject(&fx, 2, udp_frame(j, 18));
		}
		set_cpu_mask(&fx, masks[i % 2]);
	}
	fixture_drain(&fx);
	assert_int_equal(tx_packets(&fx, 3), n);
	assert_int_equal(port_stats(&fx, 3).tx_packets, n);
	fixture_uninit(&fx);
}

/* What several workers counted of one flow is added up. */
static void test_shared_flow(void **state)
{
	struct dpif_dump_thread *t;
	struct dpif_dump *dump;
	struct dpif_flow flow;
	struct fixture fx;
	unsigned int i;

	fixture_init(&fx, 3);
	set_cpu_mask(&fx, "3");
	put_ok(&fx, "in_port(0/0),eth(),eth_type(0x0800),ipv4(frag=no)", "3");
	for (i = 0; i < 1000; i++) {
		inject(&fx, 1, udp_frame(1, 18));
		inject(&fx, 2, udp_frame(1, 18));
	}
	fixture_drain(&fx);
	dump = dpif_dump_create(fx.dp, false);
	t = dpif_dump_thread_create(dump);
	assert_int_equal(dpif_dump_next(t, &flow, 1), 1);
	assert_int_equal(flow.stats.n_packets, 2000);
	assert_int_equal(flow.stats.n_bytes, 2000 * 60);
	dpif_dump_thread_destroy(t);
	dpif_dump_destroy(dump);
	fixture_uninit(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_moves_lose_nothing),
		cmocka_unit_test(test_shared_flow),
	};

	netdev_dummy_enable("");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
