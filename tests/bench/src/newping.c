// SPDX-License-Identifier: Apache-2.0
/* newping: how long the first frame of a new station takes from one interface to another, which are
 * in network namespaces of their own.
 * usage: newping -s NETNS:IF -d NETNS:IF [-n probes] [-r per second] [-o first]
 * Each probe has a source MAC address of its own (02:c0 and a number) and goes to the address of
 * the second interface, which sends one frame before, so that a switch knows it.
 * Prints: n <probes> lost <n> p50 <us> p90 <us> p99 <us> max <us> */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PROTO 0x88b6
#define LEN 60
static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}
static int cmp(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}
static int open_at(char *where, uint8_t *mac)
{
	char path[128], *colon = strchr(where, ':');
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_protocol = htons(PROTO) };
	struct ifreq ifr = { 0 };
	if (!colon)
		exit(2);
	*colon = '\0';
	snprintf(path, sizeof path, "/run/netns/%s", where);
	int ns = open(path, O_RDONLY), fd;
	if (ns < 0 || setns(ns, CLONE_NEWNET)) {
		perror(path);
		exit(1);
	}
	close(ns);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	sll.sll_ifindex = if_nametoindex(colon + 1);
	snprintf(ifr.ifr_name, sizeof ifr.ifr_name, "%s", colon + 1);
	if (fd < 0 || !sll.sll_ifindex || bind(fd, (void *)&sll, sizeof sll) ||
	    ioctl(fd, SIOCGIFHWADDR, &ifr)) {
		perror(colon + 1);
		exit(1);
	}
	memcpy(mac, ifr.ifr_hwaddr.sa_data, 6);
	return fd;
}
int main(int argc, char **argv)
{
	uint8_t src_mac[6], dst_mac[6], p[2048] = { 0 };
	char *src = NULL, *dst = NULL;
	uint32_t n = 100, first = 0;
	double rate = 20;
	int c;
	while ((c = getopt(argc, argv, "s:d:n:r:o:")) != -1)
		switch (c) {
		case 's':
			src = optarg;
			break;
		case 'd':
			dst = optarg;
			break;
		case 'n':
			n = atoi(optarg);
			break;
		case 'r':
			rate = atof(optarg);
			break;
		case 'o':
			first = atoi(optarg);
			break;
		default:
			return 2;
		}
	if (!src || !dst || !n || rate <= 0)
		return 2;
	int tx = open_at(src, src_mac), rx = open_at(dst, dst_mac);
	double *sent = calloc(n, sizeof *sent), *took = calloc(n, sizeof *took);
	memset(p, 0xff, 6);
	memcpy(p + 6, dst_mac, 6);
	p[12] = PROTO >> 8;
	p[13] = PROTO & 255;
	if (send(rx, p, LEN, 0) < 0)
		perror("send");
	usleep(300000);
	double t0 = now();
	uint32_t i = 0, got = 0;
	while (i < n || now() < sent[n - 1] + 2) {
		double t = now();
		if (i < n && t >= t0 + i / rate) {
			uint8_t smac[6] = { 2, 0xc0 };
			uint32_t seq = htonl(first + i);
			memcpy(smac + 2, &seq, 4);
			memcpy(p, dst_mac, 6);
			memcpy(p + 6, smac, 6);
			seq = htonl(i);
			memcpy(p + 14, &seq, 4);
			sent[i++] = now();
			if (send(tx, p, LEN, 0) < 0)
				perror("send");
		}
		double wait = i < n ? t0 + i / rate - now() : 0.1;
		struct pollfd fd = { .fd = rx, .events = POLLIN };
		struct timespec ts = { 0, wait > 0 ? (wait < 0.9 ? wait : 0.9) * 1e9 : 0 };
		if (ppoll(&fd, 1, &ts, NULL) <= 0)
			continue;
		uint8_t r[2048];
		uint32_t seq;
		if (recv(rx, r, sizeof r, 0) < LEN || r[6] != 2 || r[7] != 0xc0)
			continue;
		memcpy(&seq, r + 14, 4);
		seq = ntohl(seq);
		if (seq < i && !took[seq]) {
			took[seq] = (now() - sent[seq]) * 1e6;
			got++;
		}
		if (got == n)
			break;
	}
	qsort(took, n, sizeof *took, cmp); /* those that were lost come first */
	double *v = took + (n - got);
	printf("n %u lost %u p50 %.0f p90 %.0f p99 %.0f max %.0f\n", n, n - got,
	       got ? v[got / 2] : 0, got ? v[got * 9 / 10] : 0, got ? v[got * 99 / 100] : 0,
	       got ? v[got - 1] : 0);
	return 0;
}
