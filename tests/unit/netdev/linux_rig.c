// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/netdev/linux_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rcu.h"
#include "base/thread.h"
#include "base/util.h"

struct loop *rig_loop;

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (write(fd, text, strlen(text)) < 0)
			print_message("%s: %s\n", path, strerror(errno));
		close(fd);
	}
}

bool rig_start(void)
{
	char *err;

	if (unshare(CLONE_NEWNET)) {
		print_message("skipped: no network namespace to be had: %s\n", strerror(errno));
		return false;
	}
	if (access("/dev/net/tun", R_OK | W_OK)) {
		print_message("skipped: /dev/net/tun: %s\n", strerror(errno));
		return false;
	}
	/* Nothing but the test's own frames. */
	write_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	rcu_register_thread_();
	rig_loop = loop_create();
	err = netdev_init(rig_loop, false);
	if (err) {
		print_message("skipped: %s\n", err);
		free(err);
		return false;
	}
	rig_sh("ip link set lo up");
	return true;
}

void rig_stop(void)
{
	netdev_uninit();
	loop_destroy(rig_loop);
	rcu_unregister_thread_();
}

void rig_sh(const char *fmt, ...)
{
	va_list args;
	char *cmd;
	int status;

	va_start(args, fmt);
	cmd = xvasprintf(fmt, args);
	va_end(args);
	status = system(cmd);
	if (status)
		fail_msg("%s: status %d", cmd, status);
	free(cmd);
}

void rig_veth(const char *name)
{
	rig_sh("ip link add %s type veth peer name %s-far", name, name);
	rig_sh("ip link set %s up && ip link set %s-far up", name, name);
}

void rig_veth_del(const char *name)
{
	rig_sh("ip link del %s", name);
	rig_settle(5);
}

void rig_settle(int ms)
{
	uint64_t until = clock_ms() + ms;

	while (clock_ms() < until)
		loop_turn(rig_loop, until - clock_ms());
}

struct netdev *rig_open(const char *name, const char *type)
{
	struct netdev *netdev = NULL;
	char *err = netdev_open(name, type, &netdev);

	if (err)
		fail_msg("%s", err);
	return netdev;
}

void rig_close(struct netdev *netdev)
{
	netdev_unref(netdev);
	netdev_close_barrier();
}

void far_open(struct far *far, const char *device)
{
	struct sockaddr_ll sll = { .sll_family = AF_PACKET,
				   .sll_protocol = htons(ETH_P_ALL),
				   .sll_ifindex = if_nametoindex(device) };
	int on = 1;

	far->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	assert_true(far->fd >= 0);
	assert_int_equal(setsockopt(far->fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(far->fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(far->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)),
			 0);
	assert_int_equal(bind(far->fd, (struct sockaddr *)&sll, sizeof(sll)), 0);
}

void far_close(struct far *far)
{
	close(far->fd);
}

void far_send(const struct far *far, const struct virtio_net_hdr *vnet, const void *data,
	      size_t len)
{
	static const struct virtio_net_hdr none;
	struct iovec iov[] = { { (void *)(vnet ? vnet : &none), sizeof(none) },
			       { (void *)data, len } };

	assert_int_equal(writev(far->fd, iov, 2), sizeof(none) + len);
}

ssize_t far_recv(const struct far *far, struct virtio_net_hdr *vnet, void *data, size_t size,
		 int *tci)
{
	struct virtio_net_hdr ignored;
	struct iovec iov[] = { { vnet ? vnet : &ignored, sizeof(*vnet) }, { data, size } };
	uint8_t control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct msghdr msg = { .msg_iov = iov,
			      .msg_iovlen = 2,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct pollfd pfd = { .fd = far->fd, .events = POLLIN };
	struct tpacket_auxdata aux;
	ssize_t n;

	if (poll(&pfd, 1, 1000) != 1)
		return -1;
	n = recvmsg(far->fd, &msg, 0);
	if (n < (ssize_t)sizeof(ignored) || msg.msg_controllen < CMSG_LEN(sizeof(aux)))
		return -1;
	memcpy(&aux, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(aux));
	if (tci)
		*tci = aux.tp_status & TP_STATUS_VLAN_VALID ? aux.tp_vlan_tci : -1;
	return n - sizeof(ignored);
}

static struct packet_batch batch;
static unsigned int next; /* of 'batch' to hand out */

void rig_recv_reset(void)
{
	while (next < batch.n)
		packet_release(batch.pkts[next++]);
	next = batch.n = 0;
}

struct packet *rig_recv(struct netdev_rxq *rxq)
{
	uint64_t until = clock_ms() + 1000;

	while (next == batch.n && clock_ms() < until) {
		struct pollfd pfd = { .fd = netdev_rxq_fd(rxq), .events = POLLIN };

		poll(&pfd, 1, 10);
		rcu_enter();
		next = batch.n = 0;
		netdev_rxq_recv(rxq, &batch);
		rcu_leave();
	}
	return next < batch.n ? batch.pkts[next++] : NULL;
}

void rig_assert_silent(struct netdev_rxq *rxq, int ms)
{
	struct pollfd pfd = { .fd = netdev_rxq_fd(rxq), .events = POLLIN };
	uint64_t until = clock_ms() + ms;
	unsigned int n_woken = 0;
	int n;

	assert_int_equal(next, batch.n);
	next = batch.n = 0;

	/* A pending error may wake once. */
	while (clock_ms() < until && n_woken <= 3) {
		n_woken += poll(&pfd, 1, until - clock_ms());
		rcu_enter();
		n = netdev_rxq_recv(rxq, &batch);
		rcu_leave();
		assert_true(n <= 0);
		if (n == -ENODEV)
			return; /* a worker watches no more */
	}
	assert_true(n_woken <= 1);
}

unsigned int rig_send(struct netdev *netdev, struct packet *p, uint64_t drops[DROP_N_REASONS])
{
	struct packet_batch one = { .n = 1, .pkts = { p } };
	uint64_t ignored[DROP_N_REASONS] = { 0 };
	unsigned int n;

	rcu_enter();
	n = netdev_send(netdev, 0, &one, drops ? drops : ignored);
	netdev_flush(netdev, 0);
	rcu_leave();
	return n;
}

void frame_tcp(uint8_t *f, size_t len)
{
	static const uint8_t hdr[FRAME_TCP_HDR] = {
		0x02, 0, 0,    0, 0, 2, 0x02, 0, 0,  0, 0, 1, 0x08, 0x00, /* Ethernet */
		0x45, 0, 0,    0, 0, 1, 0,    0, 64, 6, 0, 0, 10,   0,
		0,    1, 10,   0, 0, 2, /* IPv4 */
		0x10, 0, 0x20, 0, 0, 0, 0,    1, 0,  0, 0, 2, 0x50, 0x10,
		1,    0, 0,    0, 0, 0, /* TCP */
	};
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		f[i] = i < sizeof(hdr) ? hdr[i] : i % 251;
	if (len < sizeof(hdr))
		return;
	f[16] = (len - 14) >> 8;
	f[17] = len - 14;
	for (size_t i = 14; i < 34; i += 2)
		sum += f[i] << 8 | f[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	f[24] = sum >> 8;
	f[25] = sum;
	/* The pseudo header's sum: what a partial checksum starts from. */
	sum = 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 6 + (len - 34);
	sum = (sum & 0xffff) + (sum >> 16);
	f[50] = sum >> 8;
	f[51] = sum;
}
