// SPDX-License-Identifier: Apache-2.0
/* rr: UDP request/response latency between two addresses, blocking sockets.
 * rr -s PORT                       server (until killed)
 * rr -c ADDR -p PORT [-t sec] [-l payload]   client: prints n, p50, p90, p99, max in us
 * rr -c ADDR -p PORT -g sec        gap probe: one probe each 1 ms without waiting; prints the
 *                                  longest run of ms without a reply */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}
static int cmp(const void *a, const void *b)
{
	float x = *(float *)a, y = *(float *)b;
	return x < y ? -1 : x > y;
}
int main(int argc, char **argv)
{
	int srv = 0, port = 7007, len = 18, c;
	double dur = 2, gap = 0;
	const char *addr = NULL;
	while ((c = getopt(argc, argv, "s:c:p:t:l:g:")) != -1)
		switch (c) {
		case 's':
			srv = 1;
			port = atoi(optarg);
			break;
		case 'c':
			addr = optarg;
			break;
		case 'p':
			port = atoi(optarg);
			break;
		case 't':
			dur = atof(optarg);
			break;
		case 'l':
			len = atoi(optarg);
			break;
		case 'g':
			gap = atof(optarg);
			break;
		default:
			return 2;
		}
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(port) };
	static char buf[65536];
	if (srv) {
		if (bind(fd, (void *)&sa, sizeof sa)) {
			perror("bind");
			return 1;
		}
		for (;;) {
			struct sockaddr_in f;
			socklen_t fl = sizeof f;
			ssize_t n = recvfrom(fd, buf, sizeof buf, 0, (void *)&f, &fl);
			if (n >= 0)
				sendto(fd, buf, n, 0, (void *)&f, fl);
		}
	}
	if (!addr || inet_pton(AF_INET, addr, &sa.sin_addr) != 1 ||
	    connect(fd, (void *)&sa, sizeof sa)) {
		perror("connect");
		return 2;
	}
	if (gap > 0) {
		double t0 = now(), last = 0, worst = 0, next = t0, first = 0;
		long rx = 0, tx = 0;
		while (now() - t0 < gap) {
			double t = now();
			if (t >= next) {
				double d = t;
				memcpy(buf, &d, 8);
				if (send(fd, buf, 18, MSG_DONTWAIT) > 0)
					tx++;
				next += 0.001;
				if (next < t)
					next = t + 0.001;
			}
			struct pollfd p = { fd, POLLIN, 0 };
			struct timespec ts = { 0, 200000 };
			ppoll(&p, 1, &ts, NULL);
			while (recv(fd, buf, sizeof buf, MSG_DONTWAIT) > 0) {
				t = now();
				rx++;
				if (!first)
					first = t - t0;
				if (last && t - last > worst)
					worst = t - last;
				last = t;
			}
		}
		printf("tx %ld rx %ld first_ms %.1f longest_gap_ms %.1f\n", tx, rx, first * 1e3,
		       worst * 1e3);
		return 0;
	}
	static float v[4000000];
	long n = 0, lost = 0;
	struct timeval tv = { 0, 200000 };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	double t0 = now();
	while (now() - t0 < dur && n < 4000000) {
		double a = now();
		if (send(fd, buf, len, 0) < 0) {
			lost++;
			continue;
		}
		if (recv(fd, buf, sizeof buf, 0) < 0) {
			lost++;
			continue;
		}
		v[n++] = (now() - a) * 1e6;
	}
	if (!n) {
		printf("n 0 lost %ld\n", lost);
		return 1;
	}
	qsort(v, n, sizeof *v, cmp);
	printf("n %ld p50 %.1f p90 %.1f p99 %.1f max %.1f us lost %ld\n", n, v[n / 2],
	       v[n * 9 / 10], v[n * 99 / 100], v[n - 1], lost);
	return 0;
}
