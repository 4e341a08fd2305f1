// SPDX-License-Identifier: Apache-2.0
/* ovsdb-load: a load generator for a server that speaks RFC 7047 on a unix socket.
 * usage: ovsdb-load -u SOCK -d DB [-n txns] [-k rows/txn] [-w window] [-m monitors] [-b base]
 *                   [-o insert|update|read] [-T sec]
 * -m opens that many further connections, each monitoring table T, drained by one thread.
 * -W just waits until SOCK answers list_dbs and prints the seconds that took (with -n 0).
 * Prints: txns <n> sec <t> tps <r> p50_us p99_us updates <n> update_lag_ms <ms> */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
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
struct conn {
	int fd, depth, instr, esc;
	long msgs;
};
static int dial(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un su = { .sun_family = AF_UNIX };
	snprintf(su.sun_path, sizeof su.sun_path, "%s", path);
	if (connect(fd, (void *)&su, sizeof su)) {
		close(fd);
		return -1;
	}
	return fd;
}
static void feed(struct conn *c, const char *b, ssize_t n) /* count whole top-level JSON objects */
{
	for (ssize_t i = 0; i < n; i++) {
		char ch = b[i];
		if (c->instr) {
			if (c->esc)
				c->esc = 0;
			else if (ch == '\\')
				c->esc = 1;
			else if (ch == '"')
				c->instr = 0;
			continue;
		}
		if (ch == '"')
			c->instr = 1;
		else if (ch == '{' || ch == '[')
			c->depth++;
		else if ((ch == '}' || ch == ']') && !--c->depth)
			c->msgs++;
	}
}
static void put(int fd, const char *b, size_t n)
{
	while (n) {
		ssize_t r = write(fd, b, n);
		if (r < 0) {
			if (errno == EINTR)
				continue;
			perror("write");
			exit(1);
		}
		b += r;
		n -= r;
	}
}
static int nerr;
static char errtxt[400];
static void take(struct conn *c)
{
	static char b[1 << 20];
	ssize_t r = read(c->fd, b, sizeof b - 1);
	if (r <= 0) {
		fprintf(stderr, "server closed\n");
		exit(1);
	}
	b[r] = 0;
	char *e = strstr(b, "\"error\":\"");
	if (e) {
		nerr++;
		if (!errtxt[0])
			snprintf(errtxt, sizeof errtxt, "%.300s", e);
	}
	feed(c, b, r);
}
static struct conn *mon;
static int nmon;
static volatile int stop;
static volatile double lastup;
static void *drain(void *x)
{
	(void)x;
	struct pollfd *p = calloc(nmon, sizeof *p);
	static char b[1 << 18];
	for (int i = 0; i < nmon; i++) {
		p[i].fd = mon[i].fd;
		p[i].events = POLLIN;
	}
	while (!stop) {
		if (poll(p, nmon, 20) <= 0)
			continue;
		for (int i = 0; i < nmon; i++)
			if (p[i].revents) {
				ssize_t r = read(p[i].fd, b, sizeof b);
				if (r <= 0) {
					p[i].fd = -1;
					continue;
				}
				feed(&mon[i], b, r);
				lastup = now();
			}
	}
	return NULL;
}
int main(int argc, char **argv)
{
	const char *sock = NULL, *db = "Bench", *op = "insert";
	long n = 1000, k = 1, w = 1, base = 0;
	int m = 0, c, waitonly = 0;
	double T = 1e9;
	while ((c = getopt(argc, argv, "u:d:n:k:w:m:b:o:T:W")) != -1)
		switch (c) {
		case 'u':
			sock = optarg;
			break;
		case 'd':
			db = optarg;
			break;
		case 'n':
			n = atol(optarg);
			break;
		case 'k':
			k = atol(optarg);
			break;
		case 'w':
			w = atol(optarg);
			break;
		case 'm':
			m = atoi(optarg);
			break;
		case 'b':
			base = atol(optarg);
			break;
		case 'o':
			op = optarg;
			break;
		case 'T':
			T = atof(optarg);
			break;
		case 'W':
			waitonly = 1;
			break;
		default:
			return 2;
		}
	if (!sock)
		return 2;
	if (waitonly) {
		double t0 = now();
		struct conn q = { 0 };
		while ((q.fd = dial(sock)) < 0) {
			if (now() - t0 > 300)
				return 1;
			usleep(500);
		}
		char b[200];
		int l = snprintf(b, sizeof b,
				 "{\"method\":\"transact\",\"params\":[\"%s\",{\"op\":\"comment\","
				 "\"comment\":\"hi\"}],\"id\":1}",
				 db);
		put(q.fd, b, l);
		while (!q.msgs)
			take(&q);
		printf("ready_ms %.1f\n", (now() - t0) * 1e3);
		return 0;
	}
	struct conn q = { .fd = dial(sock) };
	if (q.fd < 0) {
		perror(sock);
		return 1;
	}
	nmon = m;
	mon = calloc(m + 1, sizeof *mon);
	pthread_t th;
	double tm0 = now();
	for (int i = 0; i < m; i++) {
		char b[300];
		mon[i].fd = dial(sock);
		if (mon[i].fd < 0) {
			perror("dial");
			return 1;
		}
		int l = snprintf(
			b, sizeof b,
			"{\"method\":\"monitor\",\"params\":[\"%s\",null,{\"T\":[{\"columns\":["
			"\"name\",\"n\",\"tags\"]}]}],\"id\":0}",
			db);
		put(mon[i].fd, b, l);
		while (!mon[i].msgs)
			take(&mon[i]);
		mon[i].msgs = 0;
	}
	double tmon = now() - tm0;
	if (m)
		pthread_create(&th, NULL, drain, NULL);
	char *b = malloc(300 * (k + 1));
	float *lat = malloc(sizeof *lat * (n + 1));
	double *at = malloc(sizeof *at * (n + 1));
	double t0 = now();
	long s = 0, done = 0;
	while (done < n && now() - t0 < T) {
		while (s < n && s - done < w) {
			size_t l = sprintf(b, "{\"method\":\"transact\",\"params\":[\"%s\"", db);
			for (long j = 0; j < k; j++) {
				long id = base + s * k + j;
				if (!strcmp(op, "insert"))
					l += sprintf(
						b + l,
						",{\"op\":\"insert\",\"table\":\"T\",\"row\":{"
						"\"name\":\"row-%ld\",\"n\":%ld,\"tags\":[\"map\",["
						"[\"owner\",\"tenant-%ld\"],[\"zone\",\"%ld\"]]]}}",
						id, id, id % 97, id % 7);
				else if (!strcmp(op, "update"))
					l += sprintf(
						b + l,
						",{\"op\":\"update\",\"table\":\"T\",\"where\":["
						"[\"name\",\"==\",\"row-%ld\"]],"
						"\"row\":{\"n\":%ld}}",
						id, id + (long)(now() * 1e6));
				else
					l += sprintf(
						b + l,
						",{\"op\":\"select\",\"table\":\"T\",\"where\":"
						"[[\"name\",\"==\",\"row-%ld\"]],"
						"\"columns\":[\"n\"]}",
						id);
			}
			l += sprintf(b + l, "],\"id\":%ld}", s + 1);
			at[s++] = now();
			put(q.fd, b, l);
		}
		long before = q.msgs;
		take(&q);
		double t = now();
		for (long i = before; i < q.msgs && done < s; i++, done++)
			lat[done] = (t - at[done]) * 1e6;
	}
	double dt = now() - t0, tend = now();
	long up = 0;
	if (m) {
		double g = now();
		while (now() - g < 10) {
			up = 0;
			for (int i = 0; i < m; i++)
				up += mon[i].msgs;
			if (up >= done * m || now() - (lastup > 0 ? lastup : g) > 2)
				break;
			usleep(1000);
		}
		stop = 1;
		pthread_join(th, NULL);
	}
	qsort(lat, done, sizeof *lat, cmp);
	printf("txns %ld rows/txn %ld sec %.3f tps %.0f p50_us %.0f p99_us %.0f errors %d", done, k,
	       dt, done / dt, lat[done / 2], lat[done * 99 / 100], nerr);
	if (m)
		printf(" monitors %d setup_ms %.0f updates %ld update_lag_ms %.1f", m, tmon * 1e3,
		       up, lastup > tend ? (lastup - tend) * 1e3 : 0.0);
	printf("\n");
	if (nerr)
		fprintf(stderr, "%s\n", errtxt);
	return 0;
}
