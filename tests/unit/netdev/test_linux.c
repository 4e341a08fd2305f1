// SPDX-License-Identifier: Apache-2.0
/* Ports of type system, on veth pairs. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/rcu.h"
#include "base/smap.h"
#include "base/util.h"
#include "netdev/large_packet.h"
#include "netdev/linux_link.h"
#include "tests/unit/netdev/linux_rig.h"

#define MAX_FRAME 70000

static uint8_t frame[MAX_FRAME], got[MAX_FRAME];

/* A port on a pair of its own, for each test. */
static struct netdev *port;
static struct netdev_rxq *rxq;
static struct far far;

static void remove_pair(void)
{
	rig_sh("ip link del v0 2>/dev/null || ip link del v0-far 2>/dev/null || true");
	rig_settle(5);
}

static int setup(void **state)
{
	remove_pair();
	rig_veth("v0");
	port = rig_open("v0", "");
	rxq = netdev_rxq_open(port, 0);
	assert_non_null(rxq);
	far_open(&far, "v0-far");
	rig_settle(5);
	return 0;
}

static int teardown(void **state)
{
	rig_recv_reset();
	netdev_rxq_close(rxq);
	rig_close(port);
	far_close(&far);
	remove_pair();
	return 0;
}

static void expect(const void *data, size_t len)
{
	struct packet *p = rig_recv(rxq);

	assert_non_null(p);
	assert_int_equal(p->len, len);
	assert_memory_equal(p->data, data, len);
	packet_release(p);
}

static void expect_far(const void *data, size_t len)
{
	assert_int_equal(far_recv(&far, NULL, got, sizeof(got), NULL), len);
	assert_memory_equal(got, data, len);
}

static uint64_t rx_drops(enum drop_reason why)
{
	uint64_t drops[DROP_N_REASONS] = { 0 };

	netdev_add_rx_drops(port, drops);
	return drops[why];
}

static struct packet *packet_of_frame(size_t len)
{
	return packet_create_data(frame, len);
}

/* ---- Opening ---- */

static void assert_open_fails(const char *name, const char *type, const char *why)
{
	struct netdev *netdev = NULL;
	char *err = netdev_open(name, type, &netdev);

	assert_string_equal(err, why);
	assert_null(netdev);
	free(err);
}

static void test_open_errors(void **state)
{
	rig_sh("ip link property add dev v0 altname othername");
	assert_open_fails("nosuch", "", "could not open network device nosuch (No such device)");
	assert_open_fails("othername", "system",
			  "could not open network device othername (No such device)");
	assert_open_fails(
		"averyveryverylongname", "",
		"could not open network device averyveryverylongname (File name too long)");
	assert_open_fails("", "", "could not open network device  (No such device)");
	assert_open_fails("v0", "tap",
			  "could not open network device v0 (already open as type system)");
}

static void test_status(void **state)
{
	struct netdev_status s;
	struct smap smap;

	netdev_get_status(port, &s);
	assert_int_not_equal(s.ifindex, 0);
	assert_int_equal(s.mtu, 1500);
	assert_int_equal(s.speed_bps, 10000000000);
	assert_true(s.duplex_known && s.full_duplex && s.carrier);
	assert_true(s.flags & NETDEV_UP && s.flags & NETDEV_RUNNING);
	assert_int_equal(s.n_carrier_resets, 0);
	smap_init(&smap);
	netdev_format_status(port, &smap);
	assert_string_equal(smap_get(&smap, "driver_name"), "veth");
	smap_uninit(&smap);
}

/* ---- Frames ---- */

static void test_small_frames_in(void **state)
{
	static const size_t lens[] = { 14, 15, 42, 60, 64, 999, 1513, 1514 };

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		frame_tcp(frame, lens[i]);
		far_send(&far, NULL, frame, lens[i]);
		expect(frame, lens[i]);
	}
	rig_assert_silent(rxq, 50);
}

static void test_small_frames_out(void **state)
{
	static const size_t lens[] = { 14, 15, 42, 60, 64, 999, 1513, 1514 };

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		frame_tcp(frame, lens[i]);
		assert_int_equal(rig_send(port, packet_of_frame(lens[i]), NULL), 0);
		expect_far(frame, lens[i]);
	}
	rig_assert_silent(rxq, 20); /* what we send does not come back */
}

static void test_batch(void **state)
{
	struct packet_batch batch = { .n = PACKET_BATCH_MAX };
	uint64_t drops[DROP_N_REASONS] = { 0 };

	frame_tcp(frame, 100);
	for (unsigned int i = 0; i < batch.n; i++) {
		frame[60] = i;
		batch.pkts[i] = packet_of_frame(100);
	}
	assert_int_equal(netdev_send(port, 1, &batch, drops), 0);
	for (unsigned int i = 0; i < PACKET_BATCH_MAX; i++) {
		frame[60] = i;
		expect_far(frame, 100);
		far_send(&far, NULL, frame, 100);
	}
	for (unsigned int i = 0; i < PACKET_BATCH_MAX; i++) {
		frame[60] = i;
		expect(frame, 100);
	}
}

/* A frame the device refuses does not take the others of its batch along. */
static void test_refused(void **state)
{
	struct packet_batch batch = { .n = 4 };
	uint64_t drops[DROP_N_REASONS] = { 0 };

	frame_tcp(frame, 2000);
	batch.pkts[0] = packet_of_frame(100);
	batch.pkts[1] = packet_of_frame(1600);
	batch.pkts[2] = packet_of_frame(10);
	batch.pkts[3] = packet_of_frame(200);
	assert_int_equal(netdev_send(port, 0, &batch, drops), 2);
	assert_int_equal(drops[DROP_MTU_EXCEEDED], 1);
	assert_int_equal(drops[DROP_TX_ERROR], 1);
	expect_far(frame, 100);
	expect_far(frame, 200);
}

/* Puts 'n_tags' behind the addresses of 'frame', whose length is returned. */
static size_t put_tags(size_t len, const uint16_t (*tags)[2], size_t n_tags)
{
	memmove(frame + 12 + 4 * n_tags, frame + 12, len - 12);
	for (size_t i = 0; i < n_tags; i++) {
		uint16_t tag[2] = { htons(tags[i][0]), htons(tags[i][1]) };

		memcpy(frame + 12 + 4 * i, tag, 4);
	}
	return len + 4 * n_tags;
}

static void test_tags_in(void **state)
{
	static const struct {
		size_t n;
		uint16_t tags[3][2];
	} cases[] = {
		{ 1, { { 0x8100, 5 } } },
		{ 1, { { 0x8100, 0 } } },
		{ 1, { { 0x8100, 0xffff } } },
		{ 1, { { 0x88a8, 0x6123 } } },
		{ 2, { { 0x88a8, 7 }, { 0x8100, 8 } } },
		{ 2, { { 0x8100, 7 }, { 0x8100, 0 } } },
		{ 3, { { 0x8100, 7 }, { 0x8100, 8 }, { 0x88a8, 9 } } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len;

		frame_tcp(frame, 1514);
		/* The far side may send four octets more than the MTU behind 0x8100 only. */
		len = 1514 - 4 * cases[i].n + (cases[i].tags[0][0] == 0x8100 ? 4 : 0);
		len = put_tags(len, cases[i].tags, cases[i].n);
		far_send(&far, NULL, frame, len);
		expect(frame, len);
	}
}

static void test_tags_out(void **state)
{
	static const uint16_t tags[2][2] = { { 0x8100, 0x2005 }, { 0x8100, 6 } };
	size_t len;
	int tci;

	frame_tcp(frame, 1514);
	len = put_tags(1514, tags, 1);
	assert_int_equal(rig_send(port, packet_of_frame(len), NULL), 0);
	assert_int_equal(far_recv(&far, NULL, got, sizeof(got), &tci), 1514);
	assert_int_equal(tci, 0x2005);

	frame_tcp(frame, 500);
	len = put_tags(500, tags, 2);
	assert_int_equal(rig_send(port, packet_of_frame(len), NULL), 0);
	assert_int_equal(far_recv(&far, NULL, got, sizeof(got), &tci), 504);
	assert_int_equal(tci, 0x2005);
}

/* ---- Offloads ---- */

static const struct virtio_net_hdr partial = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					       .csum_start = 34,
					       .csum_offset = 16 };
static const struct virtio_net_hdr gso = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					   .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
					   .hdr_len = FRAME_TCP_HDR,
					   .gso_size = 1400,
					   .csum_start = 34,
					   .csum_offset = 16 };

static void test_partial_csum(void **state)
{
	struct virtio_net_hdr h;
	struct packet *p;

	frame_tcp(frame, 300);
	far_send(&far, &partial, frame, 300);
	p = rig_recv(rxq);
	assert_non_null(p);
	assert_true(p->offload.csum_partial);
	assert_int_equal(p->offload.csum_start, 34);
	assert_int_equal(p->offload.csum_offset, 16);
	assert_int_equal(p->offload.gso, PACKET_GSO_NONE);

	assert_int_equal(rig_send(port, p, NULL), 0);
	assert_int_equal(far_recv(&far, &h, got, sizeof(got), NULL), 300);
	assert_int_equal(h.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(h.csum_start, 34);
	assert_int_equal(h.csum_offset, 16);
	assert_memory_equal(got, frame, 300);
}

static void test_partial_csum_behind_tag(void **state)
{
	static const uint16_t tag[1][2] = { { 0x8100, 77 } };
	struct virtio_net_hdr h = partial;
	struct packet *p;
	int tci;

	frame_tcp(frame, 300);
	put_tags(300, tag, 1);
	h.csum_start += 4;
	far_send(&far, &h, frame, 304);
	p = rig_recv(rxq);
	assert_non_null(p);
	assert_int_equal(p->len, 304);
	assert_memory_equal(p->data, frame, 304);
	assert_true(p->offload.csum_partial);
	assert_int_equal(p->offload.csum_start, 38);

	assert_int_equal(rig_send(port, p, NULL), 0);
	assert_int_equal(far_recv(&far, &h, got, sizeof(got), &tci), 300);
	assert_int_equal(tci, 77);
	assert_int_equal(h.csum_start, 34);
}

/* A bad header of the far side cannot come through the kernel; one of ours is refused by it. */
static void test_bad_offload_out(void **state)
{
	uint64_t drops[DROP_N_REASONS] = { 0 };
	struct packet *p;

	frame_tcp(frame, 100);
	p = packet_of_frame(100);
	p->offload = (struct packet_offload){ .csum_partial = true,
					      .csum_start = 99,
					      .csum_offset = 16 };
	assert_int_equal(rig_send(port, p, drops), 1);
	p = packet_of_frame(100);
	p->offload = (struct packet_offload){ .gso = PACKET_GSO_TCPV4, .gso_size = 0 };
	rig_send(port, p, drops);
	assert_true(drops[DROP_TX_ERROR] >= 1);
}

static void check_gso(size_t len)
{
	struct virtio_net_hdr h;
	struct packet *p;

	frame_tcp(frame, len);
	far_send(&far, &gso, frame, len);
	p = rig_recv(rxq);
	assert_non_null(p);
	assert_int_equal(p->len, len);
	assert_memory_equal(p->data, frame, len);
	assert_int_equal(p->offload.gso, PACKET_GSO_TCPV4);
	assert_int_equal(p->offload.gso_size, 1400);
	assert_true(p->offload.csum_partial);

	assert_int_equal(rig_send(port, p, NULL), 0);
	assert_int_equal(far_recv(&far, &h, got, sizeof(got), NULL), len);
	assert_int_equal(h.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(h.gso_size, 1400);
	assert_memory_equal(got, frame, len);
}

static void test_gso(void **state)
{
	check_gso(1700); /* fits a slot */
	check_gso(2500);
	check_gso(20000);
	check_gso(65535);
	rig_assert_silent(rxq, 20);
}

static void test_gso_behind_tag(void **state)
{
	static const uint16_t tag[1][2] = { { 0x8100, 78 } };
	struct virtio_net_hdr h = gso;
	struct packet *p;
	int tci;

	frame_tcp(frame, 30000);
	put_tags(30000, tag, 1);
	h.csum_start += 4;
	h.hdr_len += 4;
	far_send(&far, &h, frame, 30004);
	p = rig_recv(rxq);
	assert_non_null(p);
	assert_int_equal(p->len, 30004);
	assert_memory_equal(p->data, frame, 30004);
	assert_int_equal(p->offload.csum_start, 38);
	assert_int_equal(rig_send(port, p, NULL), 0);
	assert_int_equal(far_recv(&far, &h, got, sizeof(got), &tci), 30000);
	assert_int_equal(tci, 78);
	assert_int_equal(h.gso_size, 1400);
}

/* Two tags: no device segments behind them, the kernel does it in software. */
static void test_gso_behind_two_tags(void **state)
{
	static const uint16_t tags[2][2] = { { 0x88a8, 78 }, { 0x8100, 79 } };
	size_t n_octets = 0;
	struct packet *p;

	frame_tcp(frame, 14000 + FRAME_TCP_HDR);
	p = packet_of_frame(put_tags(14000 + FRAME_TCP_HDR, tags, 2));
	p->offload = (struct packet_offload){ .gso = PACKET_GSO_TCPV4,
					      .gso_size = 1400,
					      .hdr_len = FRAME_TCP_HDR + 8,
					      .csum_partial = true,
					      .csum_start = 42,
					      .csum_offset = 16 };
	assert_int_equal(rig_send(port, p, NULL), 0);
	while (n_octets < 14000) {
		ssize_t n = far_recv(&far, NULL, got, sizeof(got), NULL);

		assert_true(n > FRAME_TCP_HDR + 4);
		n_octets += n - FRAME_TCP_HDR - 4;
	}
	assert_int_equal(n_octets, 14000);
}

/* Slots and the queue of large frames keep step, also when an error of the socket comes between. */
static void test_large_and_small_in_order(void **state)
{
	for (unsigned int round = 0; round < 20; round++) {
		unsigned int n = 3 + round;

		for (unsigned int i = 0; i < n; i++) {
			size_t len = i % 3 ? 3000 + i * 700 : 100 + i;

			frame_tcp(frame, len);
			frame[60] = round;
			frame[61] = i;
			far_send(&far, i % 3 ? &gso : NULL, frame, len);
		}
		if (round % 2) {
			rig_sh("ip link set v0 down");
			rig_sh("ip link set v0 up");
		}
		for (unsigned int i = 0; i < n; i++) {
			size_t len = i % 3 ? 3000 + i * 700 : 100 + i;

			frame_tcp(frame, len);
			frame[60] = round;
			frame[61] = i;
			expect(frame, len);
		}
		rig_assert_silent(rxq, 5);
	}
}

/* A packet that somebody keeps does not hold up the others. */
static void test_kept_packets(void **state)
{
	struct packet *kept[2 * PACKET_BATCH_MAX];

	for (unsigned int i = 0; i < ARRAY_SIZE(kept); i++) {
		frame_tcp(frame, 100);
		frame[60] = i;
		far_send(&far, NULL, frame, 100);
		kept[i] = rig_recv(rxq);
		assert_non_null(kept[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(kept); i++) {
		assert_int_equal(kept[i]->data[60], i);
		packet_release(kept[i]);
	}
	rig_assert_silent(rxq, 20);
}

/* Room in front for tags and tunnels without moving the frame. */
static void test_headroom(void **state)
{
	struct packet *p;

	frame_tcp(frame, 1514);
	far_send(&far, NULL, frame, 1514);
	p = rig_recv(rxq);
	assert_non_null(p);
	assert_true(packet_headroom(p) >= 64);
	assert_non_null(packet_push(p, 64));
	assert_null(p->grown);
	assert_non_null(packet_push(p, 5000));
	assert_non_null(p->grown);
	assert_memory_equal(p->data + 5064, frame, 1514);
	packet_release(p);
	far_send(&far, NULL, frame, 1514);
	expect(frame, 1514);
}

/* ---- Large MTU ---- */

static void test_jumbo(void **state)
{
	uint32_t serial = netdev_rxq_serial(rxq);
	int fd = netdev_rxq_fd(rxq);

	rig_sh("ip link set v0 mtu 9000 && ip link set v0-far mtu 9000");
	/* Not heard of yet: frames beyond a slot. */
	frame_tcp(frame, 9014);
	far_send(&far, NULL, frame, 9014);
	expect(frame, 9014);
	rig_settle(20);
	assert_int_not_equal(netdev_rxq_serial(rxq), serial);
	assert_int_not_equal(netdev_rxq_fd(rxq), fd);
	far_send(&far, NULL, frame, 9014);
	expect(frame, 9014);
	assert_int_equal(rig_send(port, packet_of_frame(9014), NULL), 0);
	expect_far(frame, 9014);

	serial = netdev_rxq_serial(rxq);
	assert_int_equal(netdev_set_mtu(port, 65535), 0);
	rig_sh("ip link set v0-far mtu 65535");
	frame_tcp(frame, 65549);
	far_send(&far, NULL, frame, 65549);
	expect(frame, 65549);
	assert_int_equal(rig_send(port, packet_of_frame(65549), NULL), 0);
	expect_far(frame, 65549);
	rig_assert_silent(rxq, 20);
}

/* ---- Overload ---- */

static void test_ring_full(void **state)
{
	struct netdev_stats before, after;
	unsigned int n_sent = 20000, n_received = 0;
	struct packet *p;

	netdev_get_stats(port, &before);
	frame_tcp(frame, 64);
	for (unsigned int i = 0; i < n_sent; i++)
		far_send(&far, NULL, frame, 64);
	while ((p = rig_recv(rxq))) {
		n_received++;
		packet_release(p);
	}
	assert_true(n_received > 100 && n_received < n_sent);
	rig_settle(600); /* statistics may be half a second old */
	netdev_get_stats(port, &after);
	assert_int_equal(after.rx_packets - before.rx_packets, n_sent);
	assert_int_equal(after.rx_dropped - before.rx_dropped + n_received, n_sent);
	far_send(&far, NULL, frame, 64);
	expect(frame, 64);
}

/* No memory left for copies of large frames. */
static void test_large_overload(void **state)
{
	unsigned int n_sent = 1500, n_received = 0;
	struct packet *p;

	frame_tcp(frame, 65000);
	for (unsigned int i = 0; i < n_sent; i++)
		far_send(&far, &gso, frame, 65000);
	while ((p = rig_recv(rxq))) {
		assert_int_equal(p->len, 65000);
		n_received++;
		packet_release(p);
	}
	assert_true(n_received > 50 && n_received < n_sent);
	assert_int_equal(n_received + rx_drops(DROP_NO_MEMORY), n_sent);
	far_send(&far, &gso, frame, 65000);
	expect(frame, 65000);
	rig_assert_silent(rxq, 20);
}

/* ---- Changes ---- */

struct heard {
	struct netdev_listener l;
	unsigned int n;
	struct netdev_status last;
};

static void heard_changed(struct netdev_listener *l, struct netdev *netdev)
{
	struct heard *heard = CONTAINER_OF(l, struct heard, l);

	heard->n++;
	netdev_get_status(netdev, &heard->last);
}

static void test_down_and_up(void **state)
{
	struct heard heard = { .l.changed = heard_changed };
	uint64_t drops[DROP_N_REASONS] = { 0 };

	netdev_listen(port, &heard.l);
	rig_sh("ip link set v0 down");
	rig_settle(20);
	assert_true(heard.n > 0);
	assert_false(heard.last.flags & NETDEV_UP);
	assert_false(heard.last.carrier);
	rig_assert_silent(rxq, 50);
	frame_tcp(frame, 64);
	assert_int_equal(rig_send(port, packet_of_frame(64), drops), 1);
	assert_int_equal(drops[DROP_TX_DOWN], 1);

	heard.n = 0;
	rig_sh("ip link set v0 up");
	rig_settle(20);
	assert_true(heard.n > 0);
	assert_true(heard.last.flags & NETDEV_UP);
	assert_true(heard.last.carrier);
	assert_true(heard.last.n_carrier_resets >= 2);
	far_send(&far, NULL, frame, 64);
	expect(frame, 64);
	assert_int_equal(rig_send(port, packet_of_frame(64), NULL), 0);
	expect_far(frame, 64);

	/* Nothing happens: nothing is heard. */
	heard.n = 0;
	rig_settle(100);
	assert_int_equal(heard.n, 0);
	netdev_unlisten(&heard.l);
}

static void test_opened_while_down(void **state)
{
	struct netdev_rxq *other_rxq;
	struct netdev *other;
	struct far other_far;
	struct packet *p;

	rig_veth("v1");
	rig_sh("ip link set v1 down");
	other = rig_open("v1", "");
	other_rxq = netdev_rxq_open(other, 0);
	rig_assert_silent(other_rxq, 20);
	rig_sh("ip link set v1 up");
	rig_settle(10);
	far_open(&other_far, "v1-far");
	frame_tcp(frame, 64);
	far_send(&other_far, NULL, frame, 64);
	p = rig_recv(other_rxq);
	assert_non_null(p);
	packet_release(p);
	far_close(&other_far);
	netdev_rxq_close(other_rxq);
	rig_close(other);
	rig_veth_del("v1");
}

static void expect_dead(void)
{
	uint64_t drops[DROP_N_REASONS] = { 0 };
	struct netdev_status s;

	netdev_get_status(port, &s);
	assert_int_equal(s.ifindex, 0);
	assert_int_equal(s.flags, 0);
	assert_false(s.carrier);
	rig_assert_silent(rxq, 20);
	frame_tcp(frame, 64);
	assert_int_equal(rig_send(port, packet_of_frame(64), drops), 1);
	assert_int_equal(drops[DROP_TX_DOWN], 1);
	assert_int_equal(netdev_set_mtu(port, 1400), -ENODEV);
}

static void expect_alive(void)
{
	frame_tcp(frame, 64);
	far_send(&far, NULL, frame, 64);
	expect(frame, 64);
	assert_int_equal(rig_send(port, packet_of_frame(64), NULL), 0);
	expect_far(frame, 64);
}

/* The device is up, its cable is out. */
static void test_no_carrier(void **state)
{
	uint64_t drops[DROP_N_REASONS] = { 0 };
	struct netdev_status s;

	rig_sh("ip link set v0-far down");
	/* The kernel tells such things once a second only. */
	for (int i = 0; i < 200; i++) {
		rig_settle(10);
		netdev_get_status(port, &s);
		if (!s.carrier)
			break;
	}
	assert_false(s.carrier);
	frame_tcp(frame, 64);
	assert_int_equal(rig_send(port, packet_of_frame(64), drops), 1);
	assert_int_equal(drops[DROP_TX_DOWN], 1);
	assert_int_equal(drops[DROP_TX_QUEUE_FULL], 0);
	rig_sh("ip link set v0-far up");
	far_close(&far); /* it would tell the error that was first */
	far_open(&far, "v0-far");
	for (int i = 0; i < 200; i++) {
		rig_settle(10);
		if (!rig_send(port, packet_of_frame(64), NULL))
			break;
	}
	expect_far(frame, 64);
}

/* A device that is back while no descriptor is to be had is opened when there are some again, with
 * no event of its own. */
static void test_retry(void **state)
{
	struct rlimit old, none = { .rlim_cur = 3 };
	uint32_t serial;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none.rlim_max = old.rlim_max;
	far_close(&far);
	rig_veth_del("v0");
	rig_settle(20);
	expect_dead();
	serial = netdev_rxq_serial(rxq);
	rig_veth("v0");
	setrlimit(RLIMIT_NOFILE, &none);
	rig_settle(20);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_int_equal(netdev_rxq_serial(rxq), serial);
	for (int i = 0; i < 20 && netdev_rxq_serial(rxq) == serial; i++)
		rig_settle(100);
	assert_int_not_equal(netdev_rxq_serial(rxq), serial);
	far_open(&far, "v0-far");
	expect_alive();
}

static void test_deleted_and_back(void **state)
{
	struct heard heard = { .l.changed = heard_changed };

	netdev_listen(port, &heard.l);
	for (int i = 0; i < 3; i++) {
		uint32_t serial = netdev_rxq_serial(rxq);

		far_close(&far);
		rig_veth_del("v0");
		rig_settle(20);
		assert_true(heard.n > 0);
		expect_dead();

		heard.n = 0;
		rig_veth("v0");
		rig_settle(20);
		assert_true(heard.n > 0);
		assert_true(heard.last.ifindex && heard.last.carrier);
		assert_int_not_equal(netdev_rxq_serial(rxq), serial);
		far_open(&far, "v0-far");
		expect_alive();
	}
	netdev_unlisten(&heard.l);
}

/* Gone and back before the loop turns. */
static void test_replaced_at_once(void **state)
{
	uint32_t serial = netdev_rxq_serial(rxq);

	far_close(&far);
	rig_sh("ip link del v0");
	rig_veth("v0");
	rig_settle(20);
	assert_int_not_equal(netdev_rxq_serial(rxq), serial);
	far_open(&far, "v0-far");
	expect_alive();
}

static void test_renamed(void **state)
{
	rig_sh("ip link set v0 down && ip link set v0 name w0 && ip link set w0 up");
	rig_settle(20);
	expect_dead();
	frame_tcp(frame, 64);
	far_send(&far, NULL, frame, 64);
	rig_assert_silent(rxq, 20);

	rig_sh("ip link set w0 down && ip link set w0 name v0 && ip link set v0 up");
	rig_settle(20);
	expect_alive();
}

/* The name goes to another device, whose own port was open already. */
static void test_names_swapped(void **state)
{
	struct netdev *other;
	struct netdev_status a, b, a2, b2;

	rig_veth("v1");
	other = rig_open("v1", "");
	rig_settle(10);
	netdev_get_status(port, &a);
	netdev_get_status(other, &b);
	rig_sh("ip link set v0 down && ip link set v1 down && ip link set v0 name tmp &&"
	       "ip link set v1 name v0 && ip link set tmp name v1 &&"
	       "ip link set v0 up && ip link set v1 up");
	rig_settle(20);
	netdev_get_status(port, &a2);
	netdev_get_status(other, &b2);
	assert_int_equal(a2.ifindex, b.ifindex);
	assert_int_equal(b2.ifindex, a.ifindex);
	far_close(&far);
	far_open(&far, "v1-far");
	expect_alive();
	rig_close(other);
	rig_veth_del("v1");
}

static void test_setters(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 0x77 }, group[6] = { 1 };
	struct heard heard = { .l.changed = heard_changed };
	struct netdev_status s;

	netdev_listen(port, &heard.l);
	assert_int_equal(netdev_set_mtu(port, 1400), 0);
	netdev_get_status(port, &s);
	assert_int_equal(s.mtu, 1400);
	assert_int_equal(heard.last.mtu, 1400);
	assert_int_equal(netdev_set_mtu(port, 1), -EINVAL);
	assert_int_equal(netdev_set_mtu(port, 1000000), -EINVAL);

	assert_int_equal(netdev_set_mac(port, mac), 0);
	netdev_get_status(port, &s);
	assert_memory_equal(s.mac, mac, 6);
	assert_int_equal(netdev_set_mac(port, group), -EADDRNOTAVAIL);

	assert_int_equal(netdev_set_admin_up(port, false), 0);
	netdev_get_status(port, &s);
	assert_false(s.flags & NETDEV_UP);
	assert_int_equal(netdev_set_admin_up(port, true), 0);
	netdev_get_status(port, &s);
	assert_true(s.flags & NETDEV_UP);
	netdev_unlisten(&heard.l);
	rig_settle(5);
	expect_alive();
}

/* ---- Statistics ---- */

static void test_stats(void **state)
{
	struct netdev_stats s;

	frame_tcp(frame, 100);
	for (int i = 0; i < 7; i++)
		far_send(&far, NULL, frame, 100);
	for (int i = 0; i < 7; i++)
		expect(frame, 100);
	for (int i = 0; i < 3; i++)
		rig_send(port, packet_of_frame(100), NULL);
	assert_int_equal(netdev_get_stats(port, &s), 0);
	assert_int_equal(s.rx_packets, 7);
	assert_int_equal(s.rx_bytes, 700);
	assert_int_equal(s.tx_packets, 3);
	assert_int_equal(s.tx_bytes, 300);
	assert_int_equal(s.rx_dropped, 0);
}

#define N_MANY 20

static void test_stats_of_many(void **state)
{
	struct netdev *many[N_MANY];
	struct netdev_stats s;
	struct far fars[N_MANY];
	char name[16], far_name[24];

	for (int i = 0; i < N_MANY; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		snprintf(far_name, sizeof(far_name), "%s-far", name);
		rig_veth(name);
		many[i] = rig_open(name, "");
		far_open(&fars[i], far_name);
		frame_tcp(frame, 100);
		for (int j = 0; j <= i; j++)
			far_send(&fars[i], NULL, frame, 100);
	}
	for (int i = 0; i < N_MANY; i++) {
		assert_int_equal(netdev_get_stats(many[i], &s), 0);
		assert_int_equal(s.rx_packets, i + 1);
		assert_int_equal(s.rx_bytes, (i + 1) * 100);
	}
	for (int i = 0; i < N_MANY; i++) {
		netdev_unref(many[i]);
		far_close(&fars[i]);
		rig_sh("ip link del m%d", i);
	}
	netdev_close_barrier();
	rig_settle(20);
}

/* ---- Other devices ---- */

struct appeared {
	struct netdev_appear_listener l;
	unsigned int n;
};

static void appeared_cb(struct netdev_appear_listener *l, const char *name)
{
	CONTAINER_OF(l, struct appeared, l)->n += streq(name, "fresh");
}

static void test_appear(void **state)
{
	struct appeared a = { .l.appeared = appeared_cb };

	netdev_appear_listen(&a.l);
	rig_sh("ip link add fresh type veth peer name other");
	rig_settle(20);
	assert_true(a.n >= 1);
	rig_sh("ip link del fresh");
	a.n = 0;
	rig_settle(20);
	assert_int_equal(a.n, 0);
	netdev_appear_unlisten(&a.l);
}

/* ---- Large packets ---- */

static void test_large_packets(void **state)
{
	struct packet *p[40], *again;

	assert_null(large_packet_create(LARGE_PACKET_MAX + 1));
	for (size_t i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = large_packet_create(LARGE_PACKET_MAX - i);
		assert_non_null(p[i]);
		assert_int_equal(p[i]->len, LARGE_PACKET_MAX - i);
		memset(p[i]->data, i, p[i]->len);
	}
	for (size_t i = 0; i < ARRAY_SIZE(p); i++) {
		assert_int_equal(p[i]->data[0], i);
		assert_int_equal(p[i]->data[p[i]->len - 1], i);
		packet_release(p[i]);
	}
	again = large_packet_create(1);
	assert_int_equal(packet_headroom(again), LARGE_PACKET_HEADROOM);
	packet_release(again);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* An argument is a pattern of names of tests to run. */
int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(test_open_errors),
		TEST(test_status),
		TEST(test_small_frames_in),
		TEST(test_small_frames_out),
		TEST(test_batch),
		TEST(test_refused),
		TEST(test_tags_in),
		TEST(test_tags_out),
		TEST(test_partial_csum),
		TEST(test_partial_csum_behind_tag),
		TEST(test_bad_offload_out),
		TEST(test_gso),
		TEST(test_gso_behind_tag),
		TEST(test_gso_behind_two_tags),
		TEST(test_large_and_small_in_order),
		TEST(test_kept_packets),
		TEST(test_headroom),
		TEST(test_jumbo),
		TEST(test_ring_full),
		TEST(test_large_overload),
		TEST(test_down_and_up),
		TEST(test_opened_while_down),
		TEST(test_no_carrier),
		TEST(test_retry),
		TEST(test_deleted_and_back),
		TEST(test_replaced_at_once),
		TEST(test_renamed),
		TEST(test_names_swapped),
		TEST(test_setters),
		TEST(test_stats),
		TEST(test_stats_of_many),
		TEST(test_appear),
		cmocka_unit_test(test_large_packets),
	};
	int n_failed;

	if (!rig_start())
		return 77;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	n_failed = cmocka_run_group_tests(tests, NULL, NULL);
	rig_stop();
	return n_failed;
}
