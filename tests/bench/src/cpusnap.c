// SPDX-License-Identifier: Apache-2.0
/* cpusnap [-p PID] SECONDS IF...: over the window, print rx/tx packet deltas of each IF,
 * CPU ns used by PID (all threads, from /proc/PID/task/N/schedstat), by softirq and by the whole
 * system, per /proc/stat. */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}
static unsigned long long rd(const char *f)
{
	FILE *p = fopen(f, "r");
	unsigned long long v = 0;
	if (p) {
		if (fscanf(p, "%llu", &v) != 1)
			v = 0;
		fclose(p);
	}
	return v;
}
static unsigned long long st(const char *i, const char *c)
{
	char b[256];
	snprintf(b, sizeof b, "/sys/class/net/%s/statistics/%s", i, c);
	return rd(b);
}
static unsigned long long cpu(int pid)
{
	char b[128];
	unsigned long long s = 0;
	snprintf(b, sizeof b, "/proc/%d/task", pid);
	DIR *d = opendir(b);
	if (!d)
		return 0;
	struct dirent *e;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.') {
			char f[400];
			snprintf(f, sizeof f, "%s/%s/schedstat", b, e->d_name);
			s += rd(f);
		}
	closedir(d);
	return s;
}
static void sysst(unsigned long long v[10])
{
	FILE *p = fopen("/proc/stat", "r");
	memset(v, 0, 10 * sizeof *v);
	if (p) {
		if (fscanf(p, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", v, v + 1, v + 2, v + 3,
			   v + 4, v + 5, v + 6, v + 7) < 8) {
		}
		fclose(p);
	}
}
int main(int argc, char **argv)
{
	int pid = 0, c;
	while ((c = getopt(argc, argv, "p:")) != -1)
		if (c == 'p')
			pid = atoi(optarg);
	if (optind >= argc)
		return 2;
	double sec = atof(argv[optind++]);
	int n = argc - optind;
	unsigned long long a[64][6], b[64][6], c0 = 0, c1, s0[10], s1[10];
	static const char *cn[] = { "rx_packets", "tx_packets", "rx_bytes",
				    "tx_bytes",   "rx_dropped", "tx_dropped" };
	if (pid)
		c0 = cpu(pid);
	sysst(s0);
	double t0 = now();
	for (int i = 0; i < n; i++)
		for (int k = 0; k < 6; k++)
			a[i][k] = st(argv[optind + i], cn[k]);
	usleep(sec * 1e6);
	for (int i = 0; i < n; i++)
		for (int k = 0; k < 6; k++)
			b[i][k] = st(argv[optind + i], cn[k]);
	double dt = now() - t0;
	sysst(s1);
	c1 = pid ? cpu(pid) : 0;
	printf("sec %.3f", dt);
	for (int i = 0; i < n; i++)
		printf(" %s rxpps %.0f txpps %.0f rxMbps %.0f rxdrop %llu txdrop %llu",
		       argv[optind + i], (b[i][0] - a[i][0]) / dt, (b[i][1] - a[i][1]) / dt,
		       (b[i][2] - a[i][2]) * 8e-6 / dt, b[i][4] - a[i][4], b[i][5] - a[i][5]);
	if (pid)
		printf(" cpu_ns %llu cpu_pct %.1f", c1 - c0, (c1 - c0) / dt / 1e7);
	printf(" user %.2f sys %.2f softirq %.2f steal %.2f\n", (s1[0] - s0[0]) * .01 / dt,
	       (s1[2] - s0[2]) * .01 / dt, (s1[6] - s0[6]) * .01 / dt, (s1[7] - s0[7]) * .01 / dt);
	return 0;
}
