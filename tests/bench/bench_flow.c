// SPDX-License-Identifier: Apache-2.0
/* bench_flow [SECONDS]: nanoseconds for what is done to each packet: parsing, hashing, comparing,
 * and the classifier's look-up.  One thread; frames of several flows, so that branches are not all
 * foreseen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rcu.h"
#include "base/thread.h"
#include "base/util.h"
#include "flow/classifier.h"
#include "flow/odp.h"
#include "flow/odp_execute.h"

#define N_FLOWS 1024

static double seconds = 0.5;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

struct bench {
	struct packet *pkts[N_FLOWS];
	struct miniflow_buf keys[N_FLOWS];
	struct flow flows[N_FLOWS];
	struct minimask *mask;
	struct miniflow_buf masked[N_FLOWS];
	struct classifier *cls;
	struct odp_buf acts;
};

static uint64_t sink; /* so that nothing is optimised away */

static void run(const char *name, struct bench *b, void (*fn)(struct bench *, unsigned int i))
{
	double best = 1e9, end = now() + seconds;

	do {
		double start = now();

		for (unsigned int round = 0; round < 16; round++)
			for (unsigned int i = 0; i < N_FLOWS; i++)
				fn(b, i);
		start = (now() - start) / (16 * N_FLOWS);
		best = MIN(best, start);
	} while (now() < end);
	printf("%-44s %7.1f ns\n", name, best * 1e9);
}

/* 'kind' 0 TCP, 1 UDP, 2 TCP behind a tag, 3 TCP over IPv6. */
static struct packet *make(unsigned int i, int kind)
{
	uint8_t f[96] = { 0 };
	size_t l3 = 14, l4;

	f[5] = 2;
	f[11] = 1;
	f[12] = 0x08;
	if (kind == 2) {
		f[12] = 0x81;
		f[15] = 5;
		f[16] = 0x08;
		l3 = 18;
	}
	if (kind == 3) {
		f[12] = 0x86;
		f[13] = 0xdd;
		f[l3] = 0x60;
		f[l3 + 5] = 28;
		f[l3 + 6] = 6;
		f[l3 + 7] = 64;
		f[l3 + 8] = f[l3 + 24] = 0xfe;
		f[l3 + 23] = i;
		f[l3 + 39] = 9;
		l4 = l3 + 40;
	} else {
		f[l3] = 0x45;
		f[l3 + 3] = 46;
		f[l3 + 6] = 0x40;
		f[l3 + 8] = 64;
		f[l3 + 9] = kind == 1 ? 17 : 6;
		f[l3 + 12] = f[l3 + 16] = 10;
		f[l3 + 14] = i >> 8;
		f[l3 + 15] = i;
		f[l3 + 19] = 9;
		l4 = l3 + 20;
	}
	f[l4] = i >> 4;
	f[l4 + 1] = i;
	f[l4 + 3] = 80;
	f[l4 + 12] = 0x50;
	f[l4 + 13] = 0x10;
	return packet_create_data(f, MAX(l4 + 26, 60u));
}

static void extract(struct bench *b, unsigned int i)
{
	sink += miniflow_extract(b->pkts[i], &b->keys[i]);
}

static void extract_flow(struct bench *b, unsigned int i)
{
	sink += flow_extract(b->pkts[i], &b->flows[i]);
}

static void hash(struct bench *b, unsigned int i)
{
	sink += miniflow_hash(&b->keys[i].mf, 0);
}

static void hash_5tuple(struct bench *b, unsigned int i)
{
	sink += miniflow_hash_5tuple(&b->keys[i].mf, 0);
}

static void equal(struct bench *b, unsigned int i)
{
	sink += miniflow_equal(&b->keys[i].mf, &b->keys[(i + 1) % N_FLOWS].mf);
}

static void hash_in_mask(struct bench *b, unsigned int i)
{
	sink += miniflow_hash_in_mask(&b->keys[i].mf, b->mask, 0);
}

static void equal_in_mask(struct bench *b, unsigned int i)
{
	sink += miniflow_equal_in_mask(&b->keys[i].mf, &b->masked[i].mf, b->mask);
}

static void lookup(struct bench *b, unsigned int i)
{
	struct flow_mask mask;

	flow_mask_init_catchall(&mask);
	sink += (uintptr_t)classifier_lookup(b->cls, 1, &b->flows[i], &mask);
}

static void rewrite(struct bench *b, unsigned int i)
{
	const struct nlattr *a;
	int left;

	ODP_FOR_EACH(a, left, b->acts.data, b->acts.len)
		sink += odp_execute_header(b->pkts[i], a);
}

static void packets(struct bench *b, const char *kind_name, int kind)
{
	char name[64];

	for (unsigned int i = 0; i < N_FLOWS; i++) {
		if (b->pkts[i])
			packet_release(b->pkts[i]);
		b->pkts[i] = make(i, kind < 0 ? (int)(i * 2654435761u >> 16) % 4 : kind);
		packet_md_init(&b->pkts[i]->md, i % 4);
	}
	snprintf(name, sizeof(name), "parse, %s", kind_name);
	run(name, b, extract);
}

static void add_rules(struct bench *b, unsigned int n_shapes)
{
	for (unsigned int shape = 0; shape < n_shapes; shape++)
		for (unsigned int i = 0; i < 64; i++) {
			struct cls_rule *r = xzalloc(sizeof(*r));
			struct match m;

			match_init_catchall(&m);
			m.flow.eth_type = htons(0x0800);
			MASK_FIELD(&m.mask, eth_type);
			m.flow.ip_src = htonl(0x0a000000 | i << 4);
			m.mask.masks.ip_src = htonl(UINT32_MAX << (4 + shape % 8));
			if (shape & 1)
				MASK_FIELD(&m.mask, in_port);
			if (shape & 2)
				MASK_FIELD(&m.mask, ip_proto);
			if (shape & 8) {
				m.flow.tp_dst = htons(1000 + i);
				MASK_FIELD(&m.mask, tp_dst);
			}
			cls_rule_init(r, &m, 1 + shape * 64 + i);
			classifier_insert(b->cls, r, 1);
		}
}

int main(int argc, char *argv[])
{
	struct bench *b = xzalloc(sizeof(*b));
	struct flow_mask mask;
	struct cls_rule all;
	struct match any;
	char *err;

	if (argc > 1)
		seconds = atof(argv[1]);
	rcu_register_thread_();
	thread_forks_done();
	packets(b, "UDP over IPv4", 1);
	packets(b, "TCP over IPv4 behind a tag", 2);
	packets(b, "TCP over IPv6", 3);
	packets(b, "a mix of the four", -1);
	packets(b, "TCP over IPv4", 0);
	run("parse into struct flow", b, extract_flow);
	run("hash of a key", b, hash);
	run("hash of a 5-tuple", b, hash_5tuple);
	run("comparison of two keys that differ", b, equal);

	/* the megaflow of a learning switch */
	flow_mask_init_catchall(&mask);
	MASK_FIELD(&mask, in_port);
	MASK_FIELD(&mask, recirc_id);
	MASK_FIELD(&mask, packet_type);
	MASK_FIELD(&mask, eth_src);
	MASK_FIELD(&mask, eth_dst);
	MASK_FIELD(&mask, eth_type);
	MASK_FIELD(&mask, vlans[0]);
	MASK_FIELD(&mask, ip_frag);
	b->mask = minimask_create(&mask);
	for (unsigned int i = 0; i < N_FLOWS; i++) {
		struct flow f = b->flows[i];

		flow_apply_mask(&f, &mask);
		miniflow_from_flow(&b->masked[i], &f);
	}
	run("hash under a mask of 5 words", b, hash_in_mask);
	run("comparison under a mask of 5 words", b, equal_in_mask);

	rcu_enter();
	b->cls = classifier_create();
	match_init_catchall(&any);
	cls_rule_init(&all, &any, 0);
	classifier_insert(b->cls, &all, 1);
	run("classifier, one rule for all", b, lookup);
	add_rules(b, 4);
	run("classifier, 257 rules of 5 shapes", b, lookup);
	add_rules(b, 16);
	run("classifier, 1281 rules of 17 shapes", b, lookup);
	rcu_leave();

	err = odp_actions_parse("set(eth(src=00:00:00:00:00:09)),set(ipv4(src=9.9.9.9,ttl=5)),"
				"set(tcp(src=9)),push_vlan(vid=5,pcp=0),pop_vlan",
				NULL, &b->acts);
	if (err)
		fatal(0, "%s", err);
	run("three sets, a push and a pop of a tag", b, rewrite);
	return sink == 1; /* never, but the compiler cannot know */
}
