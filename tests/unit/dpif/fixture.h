/* SPDX-License-Identifier: Apache-2.0 */
/* A dummy datapath with ports p1, p2..., whose misses go to a function of the test's. */
#ifndef TESTS_UNIT_DPIF_FIXTURE_H
#define TESTS_UNIT_DPIF_FIXTURE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/rcu.h"
#include "base/thread.h"
#include "base/util.h"
#include "dpif/compose.h"
#include "dpif/dpif.h"
#include "tests/unit/base/unit.h"

#define FIXTURE_MAX_PORTS 16

struct fixture {
	struct loop *loop;
	struct dpif *dp;
	struct netdev *ports[FIXTURE_MAX_PORTS + 1]; /* by number */
};

static inline void fixture_port_add(struct fixture *fx, unsigned int n, const char *option,
				    const char *value)
{
	struct smap options;
	uint32_t port_no = DPIF_PORT_NONE;
	char name[16], *err;

	snprintf(name, sizeof(name), "p%u", n);
	err = netdev_open(name, "dummy", &fx->ports[n]);
	assert_null(err);
	smap_init(&options);
	if (option)
		smap_set(&options, option, value);
	err = netdev_set_options(fx->ports[n], &options);
	assert_null(err);
	smap_uninit(&options);
	assert_int_equal(dpif_port_add(fx->dp, fx->ports[n], &port_no), 0);
	assert_int_equal(port_no, n);
}

static inline void fixture_port_del(struct fixture *fx, unsigned int n)
{
	assert_int_equal(dpif_port_del(fx->dp, n), 0);
	netdev_unref(fx->ports[n]);
	fx->ports[n] = NULL;
}

static inline void fixture_init(struct fixture *fx, unsigned int n_ports)
{
	unsigned int i;
	char *err;

	memset(fx, 0, sizeof(*fx));
	fx->loop = loop_create();
	err = dpif_open(fx->loop, "dummy", "test", &fx->dp);
	assert_null(err);
	for (i = 1; i <= n_ports; i++)
		fixture_port_add(fx, i, NULL, NULL);
}

static inline void fixture_uninit(struct fixture *fx)
{
	unsigned int i;

	dpif_unref(fx->dp);
	for (i = 0; i <= FIXTURE_MAX_PORTS; i++)
		netdev_unref(fx->ports[i]);
	netdev_close_barrier();
	loop_destroy(fx->loop);
	rcu_barrier_();
}

/* Waits until what was injected is through. */
static inline void fixture_drain(struct fixture *fx)
{
	uint64_t deadline = clock_real_us() + 20000000;
	unsigned int i;

	for (i = 1; i <= FIXTURE_MAX_PORTS; i++) {
		while (fx->ports[i] && netdev_dummy_n_queued(fx->ports[i])) {
			assert_true(clock_real_us() < deadline);
			usleep(10);
		}
	}
	rcu_synchronize();
}

/* A UDP frame of that source port, on port 'n', not waited for. */
static inline struct packet *udp_frame(uint16_t tp_src, uint32_t payload)
{
	struct flow flow;

	memset(&flow, 0, sizeof(flow));
	memcpy(flow.eth_dst, (uint8_t[]){ 2, 0, 0, 0, 0, 2 }, 6);
	memcpy(flow.eth_src, (uint8_t[]){ 2, 0, 0, 0, 0, 1 }, 6);
	flow.eth_type = htons(0x0800);
	flow.ip_src = htonl(0x0a000001);
	flow.ip_dst = htonl(0x0a000002);
	flow.ip_proto = IPPROTO_UDP;
	flow.ip_ttl = 64;
	flow.tp_src = htons(tp_src);
	flow.tp_dst = htons(53);
	return compose_packet(&flow, payload);
}

static inline void inject(struct fixture *fx, unsigned int n, struct packet *p)
{
	assert_int_equal(netdev_dummy_inject(fx->ports[n], p, 0), 0);
}

static inline int operate(struct fixture *fx, struct dpif_op *op)
{
	dpif_operate(fx->dp, &op, 1);
	return op->error;
}

/* Puts a flow from text; its error. */
static inline int put(struct fixture *fx, unsigned int flags, const char *key, const char *actions)
{
	struct odp_buf acts = { .data = NULL };
	struct flow_mask mask;
	struct flow flow;
	struct dpif_op op = { .type = DPIF_OP_PUT };
	char *err;
	int error;

	err = odp_flow_parse(key, dpif_names(fx->dp), &flow, &mask);
	if (err)
		fail_msg("%s", err);
	err = odp_actions_parse(actions, dpif_names(fx->dp), &acts);
	if (err)
		fail_msg("%s: %s", actions, err);
	op.put.flags = flags;
	op.put.key = &flow;
	op.put.mask = &mask;
	op.put.actions = acts.data;
	op.put.actions_len = acts.len;
	error = operate(fx, &op);
	odp_buf_uninit(&acts);
	return error;
}

static inline void put_ok(struct fixture *fx, const char *key, const char *actions)
{
	assert_int_equal(put(fx, DPIF_PUT_CREATE, key, actions), 0);
}

static inline struct dpif_port_stats port_stats(struct fixture *fx, unsigned int n)
{
	struct dpif_port_stats s;

	assert_int_equal(dpif_port_get_stats(fx->dp, n, &s), 0);
	return s;
}

static inline void count_frame(const void *data, size_t len, void *n)
{
	++*(unsigned int *)n;
}

/* How many frames the port has sent (64 at most are remembered). */
static inline unsigned int n_sent(struct fixture *fx, unsigned int n)
{
	unsigned int count = 0;

	netdev_dummy_walk_transmitted(fx->ports[n], count_frame, &count);
	return count;
}

static inline uint64_t tx_packets(struct fixture *fx, unsigned int n)
{
	struct netdev_stats s;

	assert_int_equal(netdev_get_stats(fx->ports[n], &s), 0);
	return s.tx_packets;
}

#endif
