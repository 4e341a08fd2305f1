// SPDX-License-Identifier: Apache-2.0
/* pktblast: a faster UDP sender: XDP live frames (BPF_PROG_TEST_RUN, BPF_F_TEST_XDP_LIVE_FRAMES)
 * transmitted by XDP_TX out of an interface.  On veth the peer must run NAPI (an XDP program, or
 * gro on).  Needs root, Linux >= 5.18.
 * usage: pktblast -i IF [-r pps|0=max] [-t sec] [-f nflows] [-l framelen]
 * nflows is a power of two; they differ by random UDP source port. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#ifndef BPF_F_TEST_XDP_LIVE_FRAMES
#define BPF_F_TEST_XDP_LIVE_FRAMES (1U << 1)
#endif
static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}
#define I(c, d, s, o, i)                                                                           \
	((struct bpf_insn){ .code = c, .dst_reg = d, .src_reg = s, .off = o, .imm = i })
int main(int argc, char **argv)
{
	const char *ifn = NULL;
	double rate = 0, dur = 2;
	long nf = 1;
	int len = 60, c;
	while ((c = getopt(argc, argv, "i:r:t:f:l:")) != -1)
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
		case 'f':
			nf = atol(optarg);
			break;
		case 'l':
			len = atoi(optarg);
			break;
		default:
			return 2;
		}
	if (!ifn)
		return 2;
	long fm = 1;
	while (fm < nf)
		fm <<= 1; /* round up to a power of two */
	struct bpf_insn one[] = { I(0xb7, 0, 0, 0, 3), I(0x95, 0, 0, 0, 0) };
	struct bpf_insn many[] = {
		I(0xbf, 6, 1, 0, 0), /* r6 = ctx */
		I(0x85, 0, 0, 0, 7), /* r0 = prandom */
		I(0x57, 0, 0, 0, fm - 1), I(0x07, 0, 0, 0, 10000),
		I(0xdc, 0, 0, 0, 16), /* r0 = htons(r0) */
		I(0x61, 2, 6, 0, 0),      I(0x61, 3, 6, 4, 0), /* data, data_end */
		I(0xbf, 4, 2, 0, 0),      I(0x07, 4, 0, 0, 60),
		I(0x2d, 4, 3, 1, 0), /* short frame: skip the write */
		I(0x6b, 2, 0, 34, 0), /* UDP source port */
		I(0xb7, 0, 0, 0, 3),      I(0x95, 0, 0, 0, 0)
	};
	static char log[65536];
	union bpf_attr a;
	memset(&a, 0, sizeof a);
	a.prog_type = BPF_PROG_TYPE_XDP;
	a.insns = (uintptr_t)(nf > 1 ? many : one);
	a.insn_cnt = nf > 1 ? sizeof many / sizeof *many : 2;
	a.license = (uintptr_t) "Dual BSD/GPL";
	a.log_buf = (uintptr_t)log;
	a.log_size = sizeof log;
	a.log_level = 1;
	int fd = syscall(__NR_bpf, BPF_PROG_LOAD, &a, sizeof a);
	if (fd < 0) {
		perror("prog load");
		fputs(log, stderr);
		return 1;
	}
	uint8_t p[1514] = { 2, 0, 0, 0, 0, 0xbb, 2, 0, 0, 0, 0, 0xaa, 8, 0 };
	uint8_t *ip = p + 14;
	ip[0] = 0x45;
	ip[2] = (len - 14) >> 8;
	ip[3] = len - 14;
	ip[8] = 64;
	ip[9] = 17;
	memcpy(ip + 12, "\x0a\x01\x00\x01\x0a\x02\x00\x01", 8);
	uint32_t s = 0;
	for (int i = 0; i < 20; i += 2)
		s += ip[i] << 8 | ip[i + 1];
	while (s >> 16)
		s = (s & 65535) + (s >> 16);
	ip[10] = (~s >> 8) & 255;
	ip[11] = ~s & 255;
	p[34] = 10000 >> 8;
	p[35] = 10000 & 255;
	p[36] = 20000 >> 8;
	p[37] = 20000 & 255;
	p[38] = (len - 34) >> 8;
	p[39] = len - 34;
	struct xdp_md ctx = { .data_end = len, .ingress_ifindex = if_nametoindex(ifn) };
	unsigned long sent = 0;
	double t0 = now(), t;
	while ((t = now()) < t0 + dur) {
		long n = 1 << 18;
		if (rate > 0) {
			double due = (t - t0) * rate - sent;
			if (due < 1)
				continue;
			if (due < n)
				n = due;
		}
		memset(&a, 0, sizeof a);
		a.test.prog_fd = fd;
		a.test.data_in = (uintptr_t)p;
		a.test.data_size_in = len;
		a.test.ctx_in = (uintptr_t)&ctx;
		a.test.ctx_size_in = sizeof ctx;
		a.test.repeat = n;
		a.test.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
		a.test.batch_size = 64;
		if (syscall(__NR_bpf, BPF_PROG_TEST_RUN, &a, sizeof a)) {
			if (errno == EINTR)
				continue;
			perror("test_run");
			return 1;
		}
		sent += n;
	}
	t = now() - t0;
	printf("sent %lu sec %.3f pps %.0f\n", sent, t, sent / t);
	return 0;
}
