// SPDX-License-Identifier: Apache-2.0
/* Ports of types internal and tap.  A packet socket on the device itself plays the host: what it
 * sends, the port receives. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rcu.h"
#include "base/smap.h"
#include "base/util.h"
#include "netdev/linux_link.h"
#include "tests/unit/netdev/linux_rig.h"

#define MAX_FRAME 70000

static uint8_t frame[MAX_FRAME], got[MAX_FRAME];

static struct netdev *port;
static struct netdev_rxq *rxq;
static struct far host;

static int setup(void **state)
{
	rig_sh("ip link del t0 2>/dev/null || true");
	port = rig_open("t0", "internal");
	rxq = netdev_rxq_open(port, 0);
	assert_non_null(rxq);
	rig_sh("ip addr add 10.8.0.1/24 dev t0 && ip link set t0 up");
	rig_sh("ip neigh add 10.8.0.2 lladdr 02:00:00:00:00:02 dev t0");
	far_open(&host, "t0");
	rig_settle(5);
	return 0;
}

static int teardown(void **state)
{
	rig_recv_reset();
	netdev_rxq_close(rxq);
	rig_close(port);
	far_close(&host);
	netdev_keep_on_close(false);
	rig_settle(5);
	return 0;
}

static void reopen(void)
{
	rig_recv_reset();
	netdev_rxq_close(rxq);
	rig_close(port);
	port = rig_open("t0", "internal");
	rxq = netdev_rxq_open(port, 0);
}

static void expect(const void *data, size_t len)
{
	struct packet *p = rig_recv(rxq);

	assert_non_null(p);
	assert_int_equal(p->len, len);
	assert_memory_equal(p->data, data, len);
	packet_release(p);
}

static void test_frames(void **state)
{
	static const size_t lens[] = { 14, 15, 60, 64, 1500, 1514 };

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		frame_tcp(frame, lens[i]);
		far_send(&host, NULL, frame, lens[i]);
		expect(frame, lens[i]);
		assert_int_equal(rig_send(port, packet_create_data(frame, lens[i]), NULL), 0);
		assert_int_equal(far_recv(&host, NULL, got, sizeof(got), NULL), lens[i]);
		assert_memory_equal(got, frame, lens[i]);
	}
	rig_assert_silent(rxq, 50);
}

static void test_tags(void **state)
{
	static const uint8_t tag[4] = { 0x81, 0x00, 0x00, 0x09 };
	int tci;

	frame_tcp(frame, 1514);
	memmove(frame + 16, frame + 12, 1502);
	memcpy(frame + 12, tag, 4);
	far_send(&host, NULL, frame, 1518);
	expect(frame, 1518);
	assert_int_equal(rig_send(port, packet_create_data(frame, 1518), NULL), 0);
	assert_int_equal(far_recv(&host, NULL, got, sizeof(got), &tci), 1514);
	assert_int_equal(tci, 9);
}

static void check_gso(size_t len)
{
	static const struct virtio_net_hdr gso = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
						   .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
						   .hdr_len = FRAME_TCP_HDR,
						   .gso_size = 1400,
						   .csum_start = 34,
						   .csum_offset = 16 };
	struct virtio_net_hdr h;
	struct packet *p;

	frame_tcp(frame, len);
	far_send(&host, &gso, frame, len);
	p = rig_recv(rxq);
	assert_non_null(p);
	assert_int_equal(p->len, len);
	assert_memory_equal(p->data, frame, len);
	assert_int_equal(p->offload.gso, PACKET_GSO_TCPV4);
	assert_int_equal(p->offload.gso_size, 1400);
	assert_true(p->offload.csum_partial);
	assert_int_equal(p->offload.csum_start, 34);
	assert_int_equal(rig_send(port, p, NULL), 0);
	assert_int_equal(far_recv(&host, &h, got, sizeof(got), NULL), len);
	assert_memory_equal(got, frame, len);
	assert_int_equal(h.gso_size, 1400);
}

static void test_gso(void **state)
{
	check_gso(1600);
	check_gso(2048);
	check_gso(2049);
	check_gso(65535);
	for (size_t len = 3000; len < 60000; len += 7777)
		check_gso(len);
	rig_assert_silent(rxq, 20);
}

/* All packets of the pool are in use. */
static void test_kept_packets(void **state)
{
	struct packet *kept[2 * PACKET_BATCH_MAX];

	for (unsigned int i = 0; i < ARRAY_SIZE(kept); i++) {
		frame_tcp(frame, 100);
		frame[60] = i;
		far_send(&host, NULL, frame, 100);
		kept[i] = rig_recv(rxq);
		assert_non_null(kept[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(kept); i++) {
		assert_int_equal(kept[i]->len, 100);
		assert_int_equal(kept[i]->data[60], i);
		assert_memory_equal(kept[i]->data + 61, frame + 61, 39);
		packet_release(kept[i]);
	}
}

/* From whoever has 10.8.0.1 on the device. */
static void expect_arp_reply(void)
{
	static const uint8_t arp[42] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,  0, 0, 0, 0,
					 2,    8,    6,    0,    1,    8,    0,  6, 4, 0, 1,
					 2,    0,    0,    0,    0,    2,    10, 8, 0, 2, 0,
					 0,    0,    0,    0,    0,    10,   8,  0, 1 };
	bool is_reply = false;
	struct packet *p;

	assert_int_equal(rig_send(port, packet_create_data(arp, sizeof(arp)), NULL), 0);
	while (!is_reply && (p = rig_recv(rxq))) {
		is_reply = p->len == 42 && p->data[12] == 8 && p->data[13] == 6 && p->data[21] == 2;
		packet_release(p);
	}
	assert_true(is_reply);
}

/* The port is an interface of the host, whose stack answers and sends through it. */
static void test_host_stack(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct packet *p;

	expect_arp_reply();
	inet_pton(AF_INET, "10.8.0.2", &to.sin_addr);
	assert_int_equal(sendto(fd, "hello", 5, 0, (struct sockaddr *)&to, sizeof(to)), 5);
	p = rig_recv(rxq);
	assert_non_null(p);
	assert_int_equal(p->len, 14 + 20 + 8 + 5);
	assert_memory_equal(p->data + 42, "hello", 5);
	assert_true(p->offload.csum_partial); /* the host leaves that to the device */
	packet_release(p);
	close(fd);
}

static void test_down(void **state)
{
	uint64_t drops[DROP_N_REASONS] = { 0 };
	struct netdev_status s;

	rig_sh("ip link set t0 down");
	rig_settle(10);
	netdev_get_status(port, &s);
	assert_false(s.flags & NETDEV_UP);
	rig_assert_silent(rxq, 50);
	frame_tcp(frame, 100);
	assert_int_equal(rig_send(port, packet_create_data(frame, 100), drops), 1);
	assert_int_equal(drops[DROP_TX_DOWN], 1);
	rig_sh("ip link set t0 up");
	rig_settle(10);
	netdev_get_status(port, &s);
	assert_true(s.flags & NETDEV_UP);
	far_close(&host); /* it has an error pending */
	far_open(&host, "t0");
	far_send(&host, NULL, frame, 100);
	expect(frame, 100);
}

/* Somebody deletes the device of a port: it comes back at once, though without its addresses. */
static void test_deleted(void **state)
{
	uint32_t serial = netdev_rxq_serial(rxq);
	uint64_t drops[DROP_N_REASONS] = { 0 };
	struct netdev_status s;

	rig_sh("ip link del t0");
	rig_assert_silent(rxq, 50);
	frame_tcp(frame, 100);
	assert_int_equal(rig_send(port, packet_create_data(frame, 100), drops), 1);
	assert_int_equal(drops[DROP_TX_DOWN], 1);

	rig_settle(20);
	netdev_get_status(port, &s);
	assert_int_not_equal(s.ifindex, 0);
	assert_int_not_equal(netdev_rxq_serial(rxq), serial);
	rig_sh("ip link set t0 up");
	far_close(&host);
	far_open(&host, "t0");
	far_send(&host, NULL, frame, 100);
	expect(frame, 100);
	assert_int_equal(rig_send(port, packet_create_data(frame, 100), NULL), 0);
	assert_int_equal(far_recv(&host, NULL, got, sizeof(got), NULL), 100);
}

/* A container gets the device: the descriptor goes on working. */
static void test_moved(void **state)
{
	int to_child[2], from_child[2], status;
	uint8_t octet = 0;
	pid_t pid;

	assert_int_equal(pipe(to_child) | pipe(from_child), 0);
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNET) || write(from_child[1], "u", 1) != 1 ||
		    read(to_child[0], &octet, 1) != 1 ||
		    system("ip addr add 10.8.0.1/24 dev t0 && ip link set t0 up"))
			_exit(1);
		if (write(from_child[1], "r", 1) != 1 || read(to_child[0], &octet, 1) != 1)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(read(from_child[0], &octet, 1), 1);
	rig_sh("ip link set t0 netns %d", (int)pid);
	rig_settle(20);
	assert_int_equal(write(to_child[1], "m", 1), 1);
	assert_int_equal(read(from_child[0], &octet, 1), 1);
	expect_arp_reply();
	assert_int_equal(write(to_child[1], "q", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(to_child[0]), close(to_child[1]), close(from_child[0]), close(from_child[1]);
}

static void test_removed_with_port(void **state)
{
	rig_recv_reset();
	netdev_rxq_close(rxq);
	rig_close(port);
	rig_sh("! ip link show t0 >/dev/null 2>&1");
	port = rig_open("t0", "internal");
	rxq = netdev_rxq_open(port, 0);
}

static void test_kept_and_found(void **state)
{
	struct netdev_status before, after;

	netdev_get_status(port, &before);
	netdev_keep_on_close(true);
	reopen();
	netdev_get_status(port, &after);
	assert_int_equal(before.ifindex, after.ifindex);
	assert_memory_equal(before.mac, after.mac, 6);
	rig_sh("ip addr show dev t0 | grep -q 10.8.0.1/24");
	assert_true(after.flags & NETDEV_UP);
	frame_tcp(frame, 100);
	far_send(&host, NULL, frame, 100);
	expect(frame, 100);
	netdev_keep_on_close(false);
	reopen();
	netdev_get_status(port, &after);
	assert_int_not_equal(before.ifindex, after.ifindex);
}

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
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, .ifr_name = "t9" };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	rig_veth("v0");
	assert_open_fails("v0", "internal",
			  "could not open network device v0 "
			  "(there is a device of that name that is no tap)");
	assert_open_fails("lo", "tap",
			  "could not open network device lo "
			  "(there is a device of that name that is no tap)");
	rig_veth_del("v0");
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	assert_open_fails("t9", "tap",
			  "could not open network device t9 "
			  "(another process holds the tap of that name)");
	close(fd);
	assert_open_fails("averyveryverylongname", "internal",
			  "could not open network device averyveryverylongname "
			  "(File name too long)");
	assert_open_fails("a/b", "internal",
			  "could not open network device a/b (Invalid argument)");
}

static void test_stats_are_the_ports(void **state)
{
	struct netdev_stats s;

	frame_tcp(frame, 100);
	for (int i = 0; i < 3; i++) {
		far_send(&host, NULL, frame, 100);
		expect(frame, 100);
	}
	for (int i = 0; i < 5; i++)
		rig_send(port, packet_create_data(frame, 200), NULL);
	assert_int_equal(netdev_get_stats(port, &s), 0);
	assert_int_equal(s.rx_packets, 3);
	assert_int_equal(s.rx_bytes, 300);
	assert_int_equal(s.tx_packets, 5);
	assert_int_equal(s.tx_bytes, 1000);
}

static void test_status(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 0x78 };
	struct netdev_status s;
	struct smap smap;

	assert_int_equal(netdev_set_mtu(port, 9000), 0);
	assert_int_equal(netdev_set_mac(port, mac), 0);
	netdev_get_status(port, &s);
	assert_int_equal(s.mtu, 9000);
	assert_memory_equal(s.mac, mac, 6);
	smap_init(&smap);
	netdev_format_status(port, &smap);
	assert_string_equal(smap_get(&smap, "driver_name"), "tun");
	smap_uninit(&smap);
	frame_tcp(frame, 9014);
	far_send(&host, NULL, frame, 9014);
	expect(frame, 9014);
	assert_int_equal(rig_send(port, packet_create_data(frame, 9014), NULL), 0);
	assert_int_equal(far_recv(&host, NULL, got, sizeof(got), NULL), 9014);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* An argument is a pattern of names of tests to run. */
int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(test_frames),         TEST(test_tags),        TEST(test_gso),
		TEST(test_kept_packets),   TEST(test_host_stack),  TEST(test_down),
		TEST(test_deleted),        TEST(test_moved),       TEST(test_removed_with_port),
		TEST(test_kept_and_found), TEST(test_open_errors), TEST(test_stats_are_the_ports),
		TEST(test_status),
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
