// SPDX-License-Identifier: Apache-2.0
/* Ports of type system and the host around them: its own stack, and the process that ends. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "tests/unit/netdev/linux_rig.h"

static uint8_t got[2048];

/* A port on a pair of its own, for each test. */
static struct netdev *port;
static struct netdev_rxq *rxq;
static struct far far;

static int setup(void **state)
{
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
	rig_veth_del("v0");
	return 0;
}

/* ---- The host's own stack ---- */

/* Whether the host answers an ARP request for 10.9.9.1, which is its address on 'far's device. */
static bool answers_arp(void)
{
	static const uint8_t arp[42] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,  0, 0, 0, 0,
					 9,    8,    6,    0,    1,    8,    0,  6, 4, 0, 1,
					 2,    0,    0,    0,    0,    9,    10, 9, 9, 2, 0,
					 0,    0,    0,    0,    0,    10,   9,  9, 1 };
	struct pollfd pfd = { .fd = far.fd, .events = POLLIN };

	far_send(&far, NULL, arp, sizeof(arp));
	while (poll(&pfd, 1, 100) == 1) {
		ssize_t n = far_recv(&far, NULL, got, sizeof(got), NULL);

		if (n >= 42 && got[12] == 8 && got[13] == 6 && got[21] == 2)
			return true;
	}
	return false;
}

/* Frames are kept from the host once the loop has turned and the closers are done. */
static void settle_steal(void)
{
	rig_settle(10);
	netdev_close_barrier();
}

static void test_host_steal(void **state)
{
	struct packet *p;

	rig_sh("ip addr add 10.9.9.1/24 dev v0");
	rig_sh("ip link set v0-far arp off");
	settle_steal();
	assert_false(answers_arp());
	p = rig_recv(rxq); /* the port has it all the same */
	assert_non_null(p);
	assert_int_equal(p->len, 42);
	packet_release(p);

	/* A second program on the hook is not harmed by ours. */
	rig_sh("tc qdisc add dev v0 clsact 2>/dev/null || true");
	rig_sh("tc filter add dev v0 ingress prio 7 protocol all "
	       "bpf bytecode '1,6 0 0 0' flowid 1:1");
	netdev_rxq_close(rxq);
	rig_close(port);
	assert_true(answers_arp());
	rig_sh("tc filter show dev v0 ingress | grep -q 'pref 7'");
	rig_sh("tc filter del dev v0 ingress prio 7");

	port = rig_open("v0", "");
	rxq = netdev_rxq_open(port, 0);
	settle_steal();
	assert_false(answers_arp());
	netdev_rxq_close(rxq);
	rig_close(port);
	/* One that is closed before its turn came leaves nothing either. */
	rig_close(rig_open("v0", ""));
	settle_steal();
	assert_true(answers_arp());
	rig_sh("! tc filter show dev v0 ingress | grep -q .");
	port = rig_open("v0", "");
	rxq = netdev_rxq_open(port, 0);
}

/* ---- Exit ---- */

/* The only child of this process; 0: there is none. */
static pid_t only_child(void)
{
	pid_t pid = 0;
	FILE *f = fopen("/proc/thread-self/children", "r");

	assert_non_null(f);
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	fclose(f);
	return pid;
}

/* Counts descriptors of 'pid' that are sockets, taps, and of other kinds but pipes and BPF
 * links. */
static void count_descriptors(pid_t pid, int *sockets, int *taps, int *others)
{
	char path[64], to[64];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	assert_non_null(dir);
	*sockets = *taps = *others = 0;
	while ((e = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), e->d_name, to, sizeof(to) - 1);

		if (n < 0)
			continue;
		to[n] = '\0';
		if (str_has_prefix(to, "socket:"))
			++*sockets;
		else if (strstr(to, "tun"))
			++*taps;
		else if (!str_has_prefix(to, "pipe:") && !strstr(to, "bpf_link"))
			++*others;
	}
	closedir(dir);
}

/* The child has what takes long to close, and nothing else: no tap, no lock, no listening
 * socket. */
static void test_close_behind(void **state)
{
	int sockets = 0, taps = 0, others = 0, listener = socket(AF_UNIX, SOCK_STREAM, 0);
	struct netdev *tap = rig_open("t9", "internal");
	pid_t child;

	assert_int_equal(only_child(), 0);
	netdev_close_behind();
	child = only_child();
	assert_int_not_equal(child, 0);
	for (int i = 0; i < 200; i++) {
		count_descriptors(child, &sockets, &taps, &others);
		if (!others && !taps)
			break;
		usleep(10000);
	}
	/* A ring and a transmit socket of 'port'; the socket of 'far'. */
	assert_int_equal(sockets, 3);
	assert_int_equal(taps, 0);
	assert_int_equal(others, 0);
	/* It waits for our end, not for a signal of some other kind. */
	assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	rig_close(tap);
	close(listener);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* An argument is a pattern of names of tests to run. */
int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(test_host_steal),
		TEST(test_close_behind),
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
