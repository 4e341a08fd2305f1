// SPDX-License-Identifier: Apache-2.0
#include "tests/kernel/fuzz/rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/fuzz/client.h"

#define HAVE_TUN                                                                                   \
	"modprobe -q tun; test -e /dev/net/tun || "                                                \
	"{ mkdir -p /dev/net && mknod /dev/net/tun c 10 200; }"
#define SETUP                                                                                      \
	"ip link set dev lo up && ip addr add 10.9.0.1/24 dev u0 && ip link set dev u0 up && "     \
	"ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:09 dev u0 nud permanent"

const char *const rig_local = "10.9.0.1", *const rig_remote = "10.9.0.2";

static const char *const names[N_TAPS + 1] = { "t1", "t2", "t3", "u0" };
static int taps[N_TAPS + 1];
static int control = -1; /* a socket for ioctl() */
static int kmsg = -1;
static pid_t noise;

int rig_open_tap(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	strcpy(ifr.ifr_name, name);
	if (fd < 0)
		die("opening /dev/net/tun: %s", strerror(errno));
	if (ioctl(fd, TUNSETIFF, &ifr) ||
	    ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void set_up(const char *name, bool up)
{
	struct ifreq ifr = { .ifr_flags = 0 };

	strcpy(ifr.ifr_name, name);
	if (ioctl(control, SIOCGIFFLAGS, &ifr))
		return;
	ifr.ifr_flags = up ? ifr.ifr_flags | IFF_UP : ifr.ifr_flags & ~IFF_UP;
	ioctl(control, SIOCSIFFLAGS, &ifr);
}

static void set_mtu(const char *name, int mtu)
{
	struct ifreq ifr = { .ifr_mtu = mtu };

	strcpy(ifr.ifr_name, name);
	ioctl(control, SIOCSIFMTU, &ifr);
}

void rig_create(void)
{
	if (system(HAVE_TUN))
		die("there are no tap devices");
	if (unshare(CLONE_NEWNET))
		die("making a network namespace: %s", strerror(errno));
	control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (unsigned int i = 0; i <= N_TAPS; i++) {
		taps[i] = rig_open_tap(names[i]);
		if (taps[i] < 0)
			die("making the device %s: %s", names[i], strerror(errno));
	}
	if (system(SETUP))
		die("the underlay cannot be set up");
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0 || lseek(kmsg, 0, SEEK_END))
		die("opening /dev/kmsg: %s", strerror(errno));
	rig_reset();
}

void rig_reset(void)
{
	/* A packet with options that is too long for the underlay makes Linux (6.1) warn of a copy
	 * of its own, in tun_dst_unclone(). */
	for (unsigned int i = 0; i <= N_TAPS; i++) {
		set_mtu(names[i], i < N_TAPS ? 1500 : 65000);
		set_up(names[i], true);
	}
}

void rig_send(unsigned int tap, const struct frame *f)
{
	ssize_t n = write(taps[tap], f->data, f->len);

	(void)n; /* damaged ones are refused, and so are all while a device is down */
}

void rig_send_tunnel(struct frame *f)
{
	struct ifreq ifr = { .ifr_mtu = 0 };

	strcpy(ifr.ifr_name, names[N_TAPS]);
	if (ioctl(control, SIOCGIFHWADDR, &ifr))
		die("the address of %s: %s", ifr.ifr_name, strerror(errno));
	frame_generate_tunnel(f, inet_addr(rig_remote), inet_addr(rig_local),
			      (uint8_t *)ifr.ifr_hwaddr.sa_data);
	rig_send(N_TAPS, f);
}

long rig_receive(unsigned int tap, void *data, size_t size)
{
	static uint8_t octets[1 << 17];
	long n = read(taps[tap], octets, sizeof(octets)) - (long)sizeof(struct virtio_net_hdr);

	if (n < 0)
		return -1;
	memcpy(data, octets + sizeof(struct virtio_net_hdr), (size_t)n < size ? (size_t)n : size);
	return n;
}

void rig_drain(void)
{
	uint8_t octet;

	for (unsigned int i = 0; i <= N_TAPS; i++) {
		while (rig_receive(i, &octet, 1) >= 0)
			;
	}
}

void rig_disturb(void)
{
	static const int mtus[] = { 68, 200, 1280, 1500, 9000 };

	switch (rnd(4)) {
	case 0:
		set_up(names[rnd(N_TAPS + 1)], false);
		break;
	case 1:
		set_mtu(names[rnd(N_TAPS)], mtus[rnd(5)]);
		break;
	default:
		rig_reset();
	}
}

void rig_noise(bool on, uint64_t seed)
{
	static struct frame f;

	if (!on) {
		if (noise > 0) {
			kill(noise, SIGKILL);
			waitpid(noise, NULL, 0);
			noise = 0;
		}
		return;
	}
	noise = fork();
	if (noise < 0)
		die("fork: %s", strerror(errno));
	if (noise)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	rnd_seed(seed, UINT64_MAX);
	for (;;) {
		if (chance(10)) {
			rig_send_tunnel(&f);
		} else {
			frame_generate(&f);
			rig_send(rnd(N_TAPS), &f);
		}
		usleep(200);
	}
}

void rig_pause_noise(bool pause)
{
	int status;

	if (noise <= 0)
		return;
	kill(noise, pause ? SIGSTOP : SIGCONT);
	if (waitpid(noise, &status, pause ? WUNTRACED : WCONTINUED) != noise)
		die("the process that makes noise is gone");
}

const char *rig_complaint(void)
{
	static const char *const words[] = { "BUG:",
					     "WARNING:",
					     "KASAN",
					     "UBSAN",
					     "Call Trace:",
					     "INFO: rcu",
					     "INFO: task",
					     "refcount_t",
					     "general protection",
					     "suspicious RCU",
					     "unregister_netdevice: waiting" };
	static char line[8192];
	ssize_t n;

	while ((n = read(kmsg, line, sizeof(line) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		if (n < 0)
			continue; /* overwritten before it was read */
		line[n] = '\0';
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			if (strstr(line, words[i]))
				return line;
		}
	}
	return NULL;
}
