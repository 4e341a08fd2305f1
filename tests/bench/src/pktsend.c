// SPDX-License-Identifier: Apache-2.0
/* pktsend: sends minimum-size (or larger) UDP frames out of an interface: AF_PACKET and sendmmsg.
 * usage: pktsend -i IF [-r pps|0=max] [-t sec] [-n frames] [-f nflows] [-l framelen] [-b batch]
 *                [-d dmac] [-s smac] [-w ms] [-R] [-D] [-S] [-o first]
 * Flows differ in UDP source port, then in the source address.
 * -R: a new UDP source port for every packet (new microflows; with -f N, N addresses too).
 * -D: a new destination MAC address for every packet (new megaflows of a learning switch).
 * -S: a new source MAC address for every packet (new stations).
 * -o: the number of the first of these ports and addresses.
 * -w: sleeps so long between bursts, where it would spin until the next frame is due.
 * Prints: sent <n> sec <t> pps <r> */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef PACKET_QDISC_BYPASS
#define PACKET_QDISC_BYPASS 20
#endif
#define MAXB 256
static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}
static void mac(const char *s, uint8_t *m)
{
	unsigned v[6];
	if (sscanf(s, "%x:%x:%x:%x:%x:%x", v, v + 1, v + 2, v + 3, v + 4, v + 5) != 6) {
		fprintf(stderr, "bad mac %s\n", s);
		exit(2);
	}
	for (int i = 0; i < 6; i++)
		m[i] = v[i];
}
static uint16_t csum(const uint8_t *p, int n)
{
	uint32_t s = 0;
	for (int i = 0; i < n; i += 2)
		s += p[i] << 8 | p[i + 1];
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return htons(~s & 0xffff);
}

int main(int argc, char **argv)
{
	const char *ifn = NULL, *dm = "02:00:00:00:00:bb", *sm = "02:00:00:00:00:aa";
	double rate = 0, dur = 2;
	long nf = 1;
	unsigned long max = -1ul, first = 0;
	int len = 60, batch = 64, rnd = 0, new_dst = 0, new_src = 0, wait_ms = 0, c;
	while ((c = getopt(argc, argv, "i:r:t:n:o:f:l:b:d:s:w:RDS")) != -1)
		switch (c) {
		case 'i':
			ifn = optarg;
			break;
		case 'r':
			rate = atof(optarg);
			break;
		case 't':
			dur = atof(optarg);
			break;
		case 'n':
			max = strtoul(optarg, NULL, 10);
			break;
		case 'o':
			first = strtoul(optarg, NULL, 10);
			break;
		case 'w':
			wait_ms = atoi(optarg);
			break;
		case 'f':
			nf = atol(optarg);
			break;
		case 'l':
			len = atoi(optarg);
			break;
		case 'b':
			batch = atoi(optarg);
			break;
		case 'd':
			dm = optarg;
			break;
		case 's':
			sm = optarg;
			break;
		case 'R':
			rnd = 1;
			break;
		case 'D':
			new_dst = 1;
			break;
		case 'S':
			new_src = 1;
			break;
		default:
			return 2;
		}
	if (!ifn || batch > MAXB || len < 60 || len > 1514)
		return 2;
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0) {
		perror("socket");
		return 1;
	}
	int one = 1, sb = 4 << 20;
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &sb, sizeof sb);
	struct sockaddr_ll sll = { .sll_family = AF_PACKET,
				   .sll_ifindex = if_nametoindex(ifn),
				   .sll_protocol = 0 };
	if (!sll.sll_ifindex || bind(fd, (void *)&sll, sizeof sll)) {
		perror(ifn);
		return 1;
	}

	static uint8_t pk[MAXB][1514];
	static struct mmsghdr mm[MAXB];
	static struct iovec iv[MAXB];
	for (int i = 0; i < batch; i++) {
		uint8_t *p = pk[i];
		mac(dm, p);
		mac(sm, p + 6);
		p[12] = 8;
		p[13] = 0;
		uint8_t *ip = p + 14;
		ip[0] = 0x45;
		ip[2] = (len - 14) >> 8;
		ip[3] = (len - 14);
		ip[8] = 64;
		ip[9] = 17;
		ip[12] = 10;
		ip[13] = 1;
		ip[14] = 0;
		ip[15] = 1;
		ip[16] = 10;
		ip[17] = 2;
		ip[18] = 0;
		ip[19] = 1;
		uint16_t cs = csum(ip, 20);
		memcpy(ip + 10, &cs, 2);
		uint8_t *u = ip + 20;
		u[0] = 10000 >> 8;
		u[1] = 10000 & 255;
		u[2] = 20000 >> 8;
		u[3] = 20000 & 255;
		u[4] = (len - 34) >> 8;
		u[5] = (len - 34); /* UDP checksum 0: none */
		iv[i] = (struct iovec){ p, len };
		mm[i].msg_hdr.msg_iov = &iv[i];
		mm[i].msg_hdr.msg_iovlen = 1;
	}
	unsigned long sent = 0, seq = first, n_dst = first, eagain = 0;
	double t0 = now(), end = t0 + dur;
	uint32_t per = 50000; /* source ports per source address */
	for (;;) {
		double t = now();
		if (t >= end || sent >= max)
			break;
		int n = max - sent < (unsigned long)batch ? (int)(max - sent) : batch;
		if (rate > 0) {
			double due = (t - t0) * rate - sent;
			if (due < 1) {
				if (wait_ms)
					usleep(wait_ms * 1000);
				continue;
			}
			if (due < n)
				n = due;
		}
		if (nf > 1 || rnd)
			for (int i = 0; i < n; i++, seq++) {
				uint32_t f = rnd ? (nf > 1 ? seq % nf : seq) : seq % nf,
					 sp = 10000 + f % per, a = 1 + f / per;
				uint8_t *ip = pk[i] + 14;
				ip[20] = sp >> 8;
				ip[21] = sp;
				if (ip[15] != (a & 255) || ip[14] != (a >> 8 & 255)) {
					ip[15] = a;
					ip[14] = a >> 8;
					ip[10] = ip[11] = 0;
					uint16_t cs = csum(ip, 20);
					memcpy(ip + 10, &cs, 2);
				}
			}
		for (int i = 0; (new_dst || new_src) && i < n; i++, n_dst++) {
			/* 02:d0 and a counter: unicast, never learned; 02:50: learned */
			uint8_t *p = pk[i] + (new_dst ? 0 : 6);
			p[1] = new_dst ? 0xd0 : 0x50;
			p[2] = n_dst >> 24;
			p[3] = n_dst >> 16;
			p[4] = n_dst >> 8;
			p[5] = n_dst;
		}
		int r = sendmmsg(fd, mm, n, 0);
		if (r > 0)
			sent += r;
		else {
			if (errno != ENOBUFS && errno != EAGAIN) {
				perror("sendmmsg");
				return 1;
			}
			eagain++;
		}
	}
	double dt = now() - t0;
	printf("sent %lu sec %.3f pps %.0f nobufs %lu\n", sent, dt, sent / dt, eagain);
	return 0;
}
