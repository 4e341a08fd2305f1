// SPDX-License-Identifier: Apache-2.0
/* What a packet costs in the userspace datapath itself, without a device: dummy ports on both
 * sides, packets injected beforehand, one worker.
 *
 * 	tests/bench/bench_dpif [PACKETS] */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/rcu.h"
#include "base/util.h"
#include "dpif/compose.h"
#include "dpif/dpif.h"
#include "dpif/user/dp.h"

static struct loop *loop;
static struct dpif *dp;
static struct netdev *p1, *p2;
static uint32_t n_misses; /* atomic */

static void check(char *err)
{
	if (err)
		fatal(0, "%s", err);
}

static struct netdev *port(const char *name)
{
	uint32_t port_no = DPIF_PORT_NONE;
	struct netdev *netdev;

	check(netdev_open(name, "dummy", &netdev));
	if (dpif_port_add(dp, netdev, &port_no))
		fatal(0, "%s: cannot be added", name);
	return netdev;
}

static struct packet *frame(uint32_t i)
{
	struct flow flow;

	memset(&flow, 0, sizeof(flow));
	memcpy(flow.eth_dst, (uint8_t[]){ 2, 0, 0, 0, 0, 2 }, 6);
	memcpy(flow.eth_src, (uint8_t[]){ 2, 0, 0, 0, 0, 1 }, 6);
	flow.eth_type = htons(0x0800);
	flow.ip_src = htonl(0x0a000001 + (i >> 16));
	flow.ip_dst = htonl(0x0a000002);
	flow.ip_proto = IPPROTO_UDP;
	flow.ip_ttl = 64;
	flow.tp_src = htons(i & 0xffff);
	flow.tp_dst = htons(53);
	return compose_packet(&flow, 18);
}

/* Every UDP source port is a megaflow, if 'exact'. */
static int on_upcall(const struct dpif_upcall *u, struct dpif_upcall_reply *reply, void *exact)
{
	__atomic_store_n(&n_misses, n_misses + 1, __ATOMIC_RELAXED);
	odp_put_u32(&reply->actions, OVS_ACTION_ATTR_OUTPUT, 2);
	MASK_FIELD(&reply->mask, recirc_id);
	MASK_FIELD(&reply->mask, in_port);
	MASK_FIELD(&reply->mask, eth_type);
	if (*(bool *)exact) {
		MASK_FIELD(&reply->mask, ip_src);
		MASK_FIELD(&reply->mask, tp_src);
	}
	reply->install = true;
	return 0;
}

/* Sends 'n' packets of 'n_flows' microflows; prints what the worker's own clock says of its
 * batches. */
static void run(const char *name, uint32_t n, uint32_t n_flows, bool exact, const char *inv_prob)
{
	static const struct dpif_upcall_ops ops = { .upcall = on_upcall };
	static bool upcall_exact;
	struct worker_counters before, after;
	struct smap config;
	double ns;
	uint32_t i;

	upcall_exact = exact;
	smap_init(&config);
	smap_set(&config, "emc-insert-inv-prob", inv_prob);
	dpif_set_config(dp, &config);
	smap_uninit(&config);
	dpif_set_upcall_ops(dp, &ops, &upcall_exact);
	dpif_flow_flush(dp);
	n_misses = 0;
	user_sum_counters(user_dp_cast(dp), &before);
	for (i = 0; i < n; i++) {
		while (netdev_dummy_inject(p1, frame(i % n_flows), 0))
			usleep(1000); /* full */
	}
	while (netdev_dummy_n_queued(p1))
		usleep(100);
	rcu_synchronize();
	user_sum_counters(user_dp_cast(dp), &after);
	ns = (after.busy_cycles - before.busy_cycles) * 1e9 / cycles_per_second();
	printf("%-28s %8.1f ns/packet  %6.2f Mpps  %4.1f packets/batch  cache hits %5.1f %%  "
	       "misses %" PRIu32 "\n",
	       name, ns / n, n * 1e3 / ns, (double)n / (after.n_busy_turns - before.n_busy_turns),
	       100.0 * (after.n_emc_hit - before.n_emc_hit) / n, n_misses);
}

int main(int argc, char *argv[])
{
	unsigned int n = 1000000;

	program_init(argc, argv);
	if (argc > 1 && (!str_to_uint(argv[1], 10, &n) || !n))
		fatal(0, "%s: not a number of packets", argv[1]);
	netdev_dummy_enable("");
	loop = loop_create();
	check(dpif_open(loop, "dummy", "bench", &dp));
	p1 = port("p1");
	p2 = port("p2");
	dpif_set_flow_limit(dp, 2000000);
	run("cache hit, 1 flow", n, 1, false, "100");
	run("cache hit, 1,000 flows", n, 1000, false, "100");
	run("cache hit, 10,000 flows", n, 10000, false, "100");
	run("table hit, 1 mask", n, 1000, false, "0");
	run("table hit, 10,000 megaflows", n, 10000, true, "0");
	run("miss", MIN(n, 500000), 500000, true, "100");
	netdev_unref(p1);
	netdev_unref(p2);
	dpif_unref(dp);
	netdev_close_barrier();
	loop_destroy(loop);
	return 0;
}
