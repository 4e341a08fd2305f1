// SPDX-License-Identifier: Apache-2.0
/* Ports of type afxdp, on veth pairs.  Frames of the far side come with whole checksums. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/smap.h"
#include "base/util.h"
#include "tests/unit/netdev/linux_rig.h"

static uint8_t frame[4096], got[4096];

static struct netdev *port;
static struct netdev_rxq *rxq;
static struct far far;

static char *set_option(struct netdev *netdev, const char *key, const char *value)
{
	struct smap options;
	char *err;

	smap_init(&options);
	smap_set(&options, key, value);
	err = netdev_set_options(netdev, &options);
	smap_uninit(&options);
	return err;
}

static void remove_pair(void)
{
	rig_sh("ip link del v0 2>/dev/null || ip link del v0-far 2>/dev/null || true");
	rig_settle(5);
}

/* Opens the port in the mode that the test is for. */
static int setup(void **state)
{
	char *err;

	remove_pair();
	rig_veth("v0");
	port = rig_open("v0", "afxdp");
	err = set_option(port, "xdp-mode", *state);
	if (err)
		fail_msg("%s", err);
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

static void send_and_expect_far(size_t len)
{
	assert_int_equal(rig_send(port, packet_create_data(frame, len), NULL), 0);
	assert_int_equal(far_recv(&far, NULL, got, sizeof(got), NULL), len);
	assert_memory_equal(got, frame, len);
}

static void test_frames(void **state)
{
	static const size_t lens[] = { 14, 60, 64, 999, 1513, 1514 };

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		frame_tcp(frame, lens[i]);
		far_send(&far, NULL, frame, lens[i]);
		expect(frame, lens[i]);
		send_and_expect_far(lens[i]);
	}
	rig_assert_silent(rxq, 50);
}

static void test_tagged(void **state)
{
	static const uint8_t tag[4] = { 0x81, 0x00, 0x20, 0x09 };
	int tci;

	frame_tcp(frame, 1000);
	memmove(frame + 16, frame + 12, 1000 - 12);
	memcpy(frame + 12, tag, 4);
	far_send(&far, NULL, frame, 1004);
	expect(frame, 1004);
	assert_int_equal(rig_send(port, packet_create_data(frame, 1004), NULL), 0);
	assert_int_equal(far_recv(&far, NULL, got, sizeof(got), &tci), 1000);
	assert_int_equal(tci, 0x2009);
}

/* More frames than there are chunks, both ways. */
static void test_many(void **state)
{
	struct netdev_stats s;

	for (unsigned int i = 0; i < 10000; i++) {
		frame_tcp(frame, 100);
		memcpy(frame + 60, &i, 4);
		far_send(&far, NULL, frame, 100);
		expect(frame, 100);
		send_and_expect_far(100);
	}
	assert_int_equal(netdev_get_stats(port, &s), 0);
	assert_int_equal(s.rx_dropped, 0);
	rig_assert_silent(rxq, 20);
}

static void test_overload(void **state)
{
	unsigned int n = 0;
	struct packet *p;

	frame_tcp(frame, 100);
	for (unsigned int i = 0; i < 5000; i++)
		far_send(&far, NULL, frame, 100);
	while ((p = rig_recv(rxq))) {
		n++;
		packet_release(p);
	}
	assert_true(n >= 1024 && n < 5000);
	far_send(&far, NULL, frame, 100);
	expect(frame, 100);
}

static void test_kept_packets(void **state)
{
	struct packet *kept[PACKET_BATCH_MAX];

	for (unsigned int i = 0; i < ARRAY_SIZE(kept); i++) {
		frame_tcp(frame, 100);
		frame[60] = i;
		far_send(&far, NULL, frame, 100);
		kept[i] = rig_recv(rxq);
		assert_non_null(kept[i]);
	}
	/* All are kept: the next one waits. */
	far_send(&far, NULL, frame, 100);
	assert_null(rig_recv(rxq));
	for (unsigned int i = 0; i < ARRAY_SIZE(kept); i++) {
		assert_int_equal(kept[i]->data[60], i);
		packet_release(kept[i]);
	}
	expect(frame, 100);
}

/* The port cannot segment: the layer above does. */
static void test_gso_out(void **state)
{
	static uint8_t large[20000];
	struct packet *p;
	size_t n_octets = 0;

	frame_tcp(large, 14000 + FRAME_TCP_HDR);
	p = packet_create_data(large, 14000 + FRAME_TCP_HDR);
	p->l3_ofs = 14;
	p->l4_ofs = 34;
	p->offload = (struct packet_offload){ .gso = PACKET_GSO_TCPV4,
					      .gso_size = 1400,
					      .csum_partial = true,
					      .csum_start = 34,
					      .csum_offset = 16 };
	assert_int_equal(rig_send(port, p, NULL), 0);
	while (n_octets < 14000) {
		assert_int_equal(far_recv(&far, NULL, got, sizeof(got), NULL),
				 1400 + FRAME_TCP_HDR);
		assert_memory_equal(got + FRAME_TCP_HDR, large + FRAME_TCP_HDR + n_octets, 1400);
		n_octets += 1400;
	}
}

static void test_down_and_up(void **state)
{
	uint64_t drops[DROP_N_REASONS] = { 0 };

	frame_tcp(frame, 64);
	rig_sh("ip link set v0 down");
	rig_settle(20);
	rig_assert_silent(rxq, 50);
	assert_int_equal(rig_send(port, packet_create_data(frame, 64), drops), 1);
	assert_int_equal(drops[DROP_TX_DOWN], 1);
	rig_sh("ip link set v0 up");
	rig_settle(20);
	far_send(&far, NULL, frame, 64);
	expect(frame, 64);
	send_and_expect_far(64);
}

static void test_deleted_and_back(void **state)
{
	uint32_t serial = netdev_rxq_serial(rxq);

	far_close(&far);
	rig_veth_del("v0");
	rig_settle(20);
	rig_assert_silent(rxq, 20);
	rig_veth("v0");
	rig_settle(20);
	assert_int_not_equal(netdev_rxq_serial(rxq), serial);
	far_open(&far, "v0-far");
	frame_tcp(frame, 64);
	far_send(&far, NULL, frame, 64);
	expect(frame, 64);
	send_and_expect_far(64);
}

static void test_mtu(void **state)
{
	assert_int_equal(netdev_set_mtu(port, 3000), 0);
	rig_sh("ip link set v0-far mtu 3000");
	rig_settle(20);
	frame_tcp(frame, 3014);
	far_send(&far, NULL, frame, 3014);
	expect(frame, 3014);
	send_and_expect_far(3014);
}

static void test_options(void **state)
{
	struct smap smap;
	char *err;

	err = set_option(port, "xdp-mode", "fast");
	assert_string_equal(err, "v0: xdp-mode fast is none of best-effort, native-with-zerocopy, "
				 "native, generic");
	free(err);
	err = set_option(port, "xdp-mode", "native-with-zerocopy"); /* veth has none */
	assert_non_null(
		strstr(err, "v0: xdp-mode native-with-zerocopy: no AF_XDP socket for queue 0"));
	free(err);
	err = set_option(port, "n_rxq", "5"); /* the pair has one queue */
	assert_non_null(err);
	free(err);
	/* What was, still is. */
	smap_init(&smap);
	netdev_format_status(port, &smap);
	assert_string_equal(smap_get(&smap, "xdp-mode"), *state);
	smap_clear(&smap);
	netdev_get_options(port, &smap);
	assert_string_equal(smap_get(&smap, "n_rxq"), "1");
	smap_uninit(&smap);
	frame_tcp(frame, 64);
	far_send(&far, NULL, frame, 64);
	expect(frame, 64);
}

#define TEST(name, mode)                                                                           \
	{                                                                                          \
#name " " mode, name, setup, teardown, (void *)(mode)                              \
	}
#define TEST_MODE(mode)                                                                            \
	TEST(test_frames, mode), TEST(test_tagged, mode), TEST(test_many, mode),                   \
		TEST(test_overload, mode), TEST(test_kept_packets, mode),                          \
		TEST(test_gso_out, mode), TEST(test_down_and_up, mode),                            \
		TEST(test_deleted_and_back, mode), TEST(test_mtu, mode), TEST(test_options, mode)

/* An argument is a pattern of names of tests to run. */
int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = { TEST_MODE("native"), TEST_MODE("generic") };
	int n_failed;

	if (!rig_start())
		return 77;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	n_failed = cmocka_run_group_tests(tests, NULL, NULL);
	rig_stop();
	return n_failed;
}
