// SPDX-License-Identifier: Apache-2.0
/* A TCP connection between two namespaces with all offloads on, through two ports and a loop that
 * hands frames from one to the other.
 *
 *	[ client 10.7.0.1 a0-far ]==== a0 -- loop -- b0 ====[ b0-far 10.7.0.2 server ]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rcu.h"
#include "base/util.h"
#include "tests/unit/netdev/linux_rig.h"

#define N_OCTETS (64u << 20)
#define PIECE 65536

/* One end, a process in a namespace of its own. */
struct end {
	pid_t pid;
	int from, to; /* pipes */
};

static void tell(int fd)
{
	if (write(fd, "x", 1) != 1)
		_exit(9);
}

static void await(int fd)
{
	char c;

	if (read(fd, &c, 1) != 1)
		_exit(9);
}

static void fill(uint8_t *piece, uint32_t at)
{
	for (uint32_t i = 0; i < PIECE; i += 4) {
		uint32_t v = (at + i) * 2654435761u;

		memcpy(piece + i, &v, 4);
	}
}

/* Sends, and then receives, the same octets; how the process exits. */
static int client(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(5000) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	static uint8_t piece[PIECE];

	inet_pton(AF_INET, "10.7.0.2", &to.sin_addr);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return 2;
	for (uint32_t at = 0; at < N_OCTETS; at += PIECE) {
		fill(piece, at);
		if (send(fd, piece, PIECE, 0) != PIECE)
			return 3;
	}
	shutdown(fd, SHUT_WR);
	return recv(fd, piece, 1, MSG_WAITALL) == 1 && piece[0] == 'k' ? 0 : 4;
}

static int server(int listen_fd)
{
	static uint8_t piece[PIECE], wanted[PIECE];
	int fd = accept(listen_fd, NULL, NULL);

	for (uint32_t at = 0; at < N_OCTETS; at += PIECE) {
		fill(wanted, at);
		if (recv(fd, piece, PIECE, MSG_WAITALL) != PIECE || memcmp(piece, wanted, PIECE))
			return 5;
	}
	return send(fd, "k", 1, 0) == 1 ? 0 : 6;
}

static int end_main(int from, int to, const char *device, int host)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(5000) };
	char cmd[200];
	int fd;

	if (unshare(CLONE_NEWNET))
		return 7;
	tell(to);
	await(from); /* until the device is here */
	snprintf(cmd, sizeof(cmd), "ip addr add 10.7.0.%d/24 dev %s && ip link set %s up", host,
		 device, device);
	if (system(cmd))
		return 8;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (host == 2 && (bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, 1)))
		return 8;
	tell(to);
	await(from); /* until the other end is ready */
	return host == 2 ? server(fd) : client();
}

static void end_start(struct end *end, const char *device, int host)
{
	int to[2], from[2];

	assert_int_equal(pipe(to) | pipe(from), 0);
	end->pid = fork();
	if (!end->pid)
		_exit(end_main(to[0], from[1], device, host));
	close(to[0]);
	close(from[1]);
	end->to = to[1];
	end->from = from[0];
	await(end->from);
	rig_sh("ip link set %s netns %d", device, (int)end->pid);
	tell(end->to);
	await(end->from);
}

struct counts {
	uint64_t n_frames, n_octets, n_gso, n_refused;
	uint64_t drops[DROP_N_REASONS];
};

static void forward(struct netdev_rxq *from, struct netdev *to, struct counts *c)
{
	struct packet_batch batch;
	int n;

	rcu_enter();
	n = netdev_rxq_recv(from, &batch);
	for (int i = 0; i < n; i++) {
		c->n_frames++;
		c->n_octets += batch.pkts[i]->len;
		c->n_gso += batch.pkts[i]->offload.gso != PACKET_GSO_NONE;
	}
	if (n > 0)
		c->n_refused += netdev_send(to, 0, &batch, c->drops);
	rcu_leave();
}

static void test_tcp(void **state)
{
	const char *type = *state;
	struct netdev *a, *b;
	struct netdev_rxq *a_rxq, *b_rxq;
	struct counts there = { 0 }, back = { 0 };
	struct end client_end, server_end;
	int status[2] = { -1, -1 };
	uint64_t start_us, deadline_us;
	unsigned int n_left = 2;

	rig_veth("a0");
	rig_veth("b0");
	a = rig_open("a0", type);
	b = rig_open("b0", type);
	a_rxq = netdev_rxq_open(a, 0);
	b_rxq = netdev_rxq_open(b, 0);
	end_start(&server_end, "b0-far", 2);
	end_start(&client_end, "a0-far", 1);
	rig_settle(20);
	tell(server_end.to);
	tell(client_end.to);

	start_us = clock_real_us();
	deadline_us = start_us + 60000000;
	while (n_left && clock_real_us() < deadline_us) {
		struct pollfd fds[] = { { .fd = netdev_rxq_fd(a_rxq), .events = POLLIN },
					{ .fd = netdev_rxq_fd(b_rxq), .events = POLLIN } };

		if (poll(fds, 2, 10) > 0) {
			forward(a_rxq, b, &there);
			forward(b_rxq, a, &back);
		} else {
			n_left -= waitpid(client_end.pid, &status[0], WNOHANG) == client_end.pid;
			n_left -= waitpid(server_end.pid, &status[1], WNOHANG) == server_end.pid;
		}
	}
	print_message("%.0f Mbit/s; %llu frames of %llu octets, %llu of them GSO; refused %llu\n",
		      N_OCTETS * 8.0 / (clock_real_us() - start_us),
		      (unsigned long long)there.n_frames,
		      (unsigned long long)(there.n_octets / MAX(there.n_frames, 1)),
		      (unsigned long long)there.n_gso, (unsigned long long)there.n_refused);
	assert_int_equal(n_left, 0);
	assert_int_equal(status[0], 0);
	assert_int_equal(status[1], 0);
	assert_true(there.n_gso > there.n_frames / 2);
	assert_true(there.n_octets / there.n_frames > 10000);
	/* The devices go with the ends, and a last frame may find that out. */
	assert_int_equal(there.n_refused, there.drops[DROP_TX_DOWN]);
	assert_int_equal(back.n_refused, back.drops[DROP_TX_DOWN]);

	close(client_end.to), close(client_end.from);
	close(server_end.to), close(server_end.from);
	netdev_rxq_close(a_rxq);
	netdev_rxq_close(b_rxq);
	netdev_unref(a);
	rig_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_tcp, (void *)"system"),
	};
	int n_failed;

	if (!rig_start())
		return 77;
	n_failed = cmocka_run_group_tests(tests, NULL, NULL);
	rig_stop();
	return n_failed;
}
