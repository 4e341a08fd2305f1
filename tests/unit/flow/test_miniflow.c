// SPDX-License-Identifier: Apache-2.0
/* Compact flows say the same as whole ones: hashes and comparisons, under masks, whatever words are
 * missing; and the small operations on flows and masks. */
#include "flow/miniflow.h"

#include <stdlib.h>

#include "base/util.h"
#include "flow/match.h"
#include "tests/unit/flow/unit.h"

static struct random seed = { 23 };

/* Words here and there, in both halves. */
static void random_words(void *p)
{
	memset(p, 0, sizeof(struct flow));
	for (unsigned int i = rnd_below(&seed, 12); i; i--)
		flow_set_word(p, rnd_below(&seed, FLOW_U64S),
			      rnd_below(&seed, 2) ? rnd(&seed) : (uint64_t)rnd(&seed) << 32);
}

static void test_there_and_back(void **state)
{
	for (int round = 0; round < 5000; round++) {
		struct miniflow_buf a, b;
		struct flow f, g;

		random_words(&f);
		miniflow_from_flow(&a, &f);
		miniflow_expand(&a.mf, &g);
		assert_true(flow_equal(&f, &g));
		assert_int_equal(miniflow_size(&a.mf), 16 + 8 * miniflow_n_values(&a.mf));
		assert_int_equal(miniflow_hash(&a.mf, round), flow_hash(&f, round));
		for (unsigned int i = 0; i < FLOW_U64S; i++)
			assert_int_equal(miniflow_word(&a.mf, i), flow_word(&f, i));
		assert_int_equal(MINIFLOW_GET(&a.mf, in_port), f.in_port);
		assert_int_equal(MINIFLOW_GET(&a.mf, eth_type), f.eth_type);
		assert_int_equal(MINIFLOW_GET(&a.mf, tp_dst), f.tp_dst);
		flow_set_word(&g, rnd_below(&seed, FLOW_U64S), rnd(&seed));
		miniflow_from_flow(&b, &g);
		assert_int_equal(miniflow_equal(&a.mf, &b.mf), flow_equal(&f, &g));
	}
}

/* A flow like 'f' outside some words, now and then one that the mask has. */
static void differ_somewhere(struct flow *g, const struct flow *f, const struct flow_mask *mask)
{
	*g = *f;
	for (unsigned int i = rnd_below(&seed, 4); i; i--) {
		unsigned int word = rnd_below(&seed, FLOW_U64S);

		for (int tries = 0; i == 1 && !flow_word(&mask->masks, word) && tries < 200;
		     tries++)
			word = rnd_below(&seed, FLOW_U64S);
		flow_set_word(g, word,
			      rnd_below(&seed, 2) ? 0 : UINT64_C(1) << rnd_below(&seed, 64));
	}
}

static void test_in_mask(void **state)
{
	unsigned int n_equal = 0, n_different = 0;

	for (int round = 0; round < 20000; round++) {
		struct miniflow_buf f_mini, g_mini, m_mini, masked_mini;
		const struct minimask *m = (const struct minimask *)&m_mini.mf;
		struct flow_mask mask;
		struct flow f, g, masked;
		bool equal;

		random_words(&f);
		random_words(&mask);
		if (rnd_below(
			    &seed,
			    2)) /* words that the flow has, so that there is something in common */
			for (unsigned int i = 0; i < FLOW_U64S; i++)
				if (flow_word(&f, i) && rnd_below(&seed, 2))
					flow_set_word(&mask.masks, i,
						      UINT64_MAX >> rnd_below(&seed, 64));
		differ_somewhere(&g, &f, &mask);
		miniflow_from_flow(&f_mini, &f);
		miniflow_from_flow(&g_mini, &g);
		minimask_from_mask(&m_mini, &mask);
		masked = f;
		flow_apply_mask(&masked, &mask);
		miniflow_from_flow(&masked_mini, &masked);

		equal = flow_equal_in_mask(&f, &g, &mask);
		n_equal += equal;
		n_different += !equal;
		assert_true(miniflow_equal_in_mask(&f_mini.mf, &masked_mini.mf, m));
		assert_int_equal(miniflow_equal_in_mask(&g_mini.mf, &masked_mini.mf, m), equal);
		assert_int_equal(miniflow_hash_in_mask(&f_mini.mf, m, 3),
				 flow_hash_in_mask(&f, &mask, 3));
		assert_int_equal(miniflow_hash_in_mask(&masked_mini.mf, m, 3),
				 miniflow_hash_in_mask(&f_mini.mf, m, 3));
		if (equal)
			assert_int_equal(miniflow_hash_in_mask(&g_mini.mf, m, 3),
					 miniflow_hash_in_mask(&f_mini.mf, m, 3));
	}
	assert_true(n_equal > 1000 && n_different > 1000);
}

/* Hashes spread: of many keys that differ in one field few meet. */
static void test_spread(void **state)
{
	static uint8_t hit[1 << 16];
	unsigned int n_met = 0;

	for (uint32_t i = 0; i < 1 << 14; i++) {
		struct miniflow_buf b;
		struct flow f;
		uint32_t h;

		memset(&f, 0, sizeof(f));
		f.eth_type = htons(0x0800);
		f.ip_src = htonl(0x0a000000 + (i & 127));
		f.tp_dst = htons(i >> 7);
		miniflow_from_flow(&b, &f);
		h = miniflow_hash(&b.mf, 0) & 0xffff;
		n_met += hit[h];
		hit[h] = 1;
	}
	/* 2^14 balls in 2^16 bins: about 1885 meet */
	assert_in_range(n_met, 1600, 2200);
}

static void test_symmetric(void **state)
{
	for (int round = 0; round < 1000; round++) {
		struct flow f, g;

		memset(&f, 0, sizeof(f));
		rnd_octets(&seed, f.eth_src, 6);
		rnd_octets(&seed, f.eth_dst, 6);
		f.eth_type = htons(round % 3 ? 0x0800 : 0x86dd);
		f.ip_proto = round % 2 ? 6 : 17;
		f.ip_src = rnd(&seed);
		f.ip_dst = rnd(&seed);
		rnd_octets(&seed, &f.ipv6_src, 32);
		f.tp_src = rnd(&seed);
		f.tp_dst = rnd(&seed);
		g = f;
		memcpy(g.eth_src, f.eth_dst, 6);
		memcpy(g.eth_dst, f.eth_src, 6);
		g.ip_src = f.ip_dst;
		g.ip_dst = f.ip_src;
		g.ipv6_src = f.ipv6_dst;
		g.ipv6_dst = f.ipv6_src;
		g.tp_src = f.tp_dst;
		g.tp_dst = f.tp_src;
		assert_int_equal(flow_hash_symmetric_l4(&f, 1), flow_hash_symmetric_l4(&g, 1));
		assert_int_equal(flow_hash_symmetric_l3l4(&f, 1, true),
				 flow_hash_symmetric_l3l4(&g, 1, true));
		g.tp_src++;
		/* ports of UDP count only where asked for */
		assert_int_equal(flow_hash_symmetric_l3l4(&f, 1, false) ==
					 flow_hash_symmetric_l3l4(&g, 1, false),
				 f.ip_proto == 17);
		assert_int_not_equal(flow_hash_symmetric_l3l4(&f, 1, true),
				     flow_hash_symmetric_l3l4(&g, 1, true));
		/* an MPLS frame is told by its addresses */
		g = f;
		g.eth_type = f.eth_type = htons(0x8847);
		g.ip_src++;
		assert_int_equal(flow_hash_symmetric_l3l4(&f, 1, true),
				 flow_hash_symmetric_l3l4(&g, 1, true));
	}
}

static void test_5tuple(void **state)
{
	struct miniflow_buf a, b;
	struct flow f, g;

	memset(&f, 0, sizeof(f));
	f.eth_type = htons(0x0800);
	f.ip_proto = 17;
	f.ip_src = 1;
	f.ip_dst = 2;
	f.tp_src = 3;
	f.ip_ttl = 4;
	g = f;
	g.ip_ttl = 5;
	g.in_port = 6;
	miniflow_from_flow(&a, &f);
	miniflow_from_flow(&b, &g);
	assert_int_equal(miniflow_hash_5tuple(&a.mf, 0), miniflow_hash_5tuple(&b.mf, 0));
	g.tp_src = 7;
	miniflow_from_flow(&b, &g);
	assert_int_not_equal(miniflow_hash_5tuple(&a.mf, 0), miniflow_hash_5tuple(&b.mf, 0));
	/* fragments of one datagram go together: the first has ports, the others none */
	f.ip_frag = FLOW_FRAG_ANY;
	g.ip_frag = FLOW_FRAG_ANY | FLOW_FRAG_LATER;
	g.tp_src = 0;
	miniflow_from_flow(&a, &f);
	miniflow_from_flow(&b, &g);
	assert_int_equal(miniflow_hash_5tuple(&a.mf, 0), miniflow_hash_5tuple(&b.mf, 0));
}

static void test_editing(void **state)
{
	struct flow f;

	memset(&f, 0, sizeof(f));
	f.eth_type = htons(0x0800);
	f.ip_ttl = 9;
	f.ip_tos = 0xa0;
	f.tp_dst = 1;
	f.ct_tp_dst = 2;
	assert_int_equal(flow_n_vlans(&f), 0);
	flow_push_vlan(&f, htons(0x8100));
	f.vlans[0].tci |= htons(5);
	flow_push_vlan(&f, htons(0x88a8));
	assert_int_equal(flow_n_vlans(&f), 2);
	assert_int_equal(f.vlans[1].tci, htons(VLAN_CFI | 5));
	flow_pop_vlan(&f);
	assert_int_equal(f.vlans[0].tci, htons(VLAN_CFI | 5));
	flow_pop_vlan(&f);
	flow_pop_vlan(&f);
	assert_int_equal(flow_n_vlans(&f), 0);

	flow_push_mpls(&f, htons(0x8847), NULL);
	assert_int_equal(f.mpls_lse[0], htonl(5 << 9 | 1 << 8 | 9));
	assert_int_equal(f.tp_dst, 0);
	assert_int_equal(f.ct_tp_dst, 2);
	flow_push_mpls(&f, htons(0x8848), NULL);
	assert_int_equal(f.mpls_lse[0], htonl(5 << 9 | 9));
	assert_int_equal(flow_n_mpls(&f), 2);
	flow_pop_mpls(&f, htons(0x8847));
	assert_int_equal(flow_n_mpls(&f), 1);
	flow_pop_mpls(&f, htons(0x0800));
	assert_int_equal(flow_n_mpls(&f), 0);
	assert_int_equal(f.mpls_lse[0], 0);
	assert_int_equal(f.eth_type, htons(0x0800));
}

static void test_masks(void **state)
{
	struct flow_mask a, b;
	struct match m, n;
	struct minimatch x, y;

	flow_mask_init_catchall(&a);
	assert_true(flow_mask_is_catchall(&a));
	MASK_FIELD(&a, ip_proto);
	assert_false(flow_mask_is_catchall(&a));
	flow_mask_init_catchall(&b);
	MASK_FIELD(&b, tp_dst);
	flow_mask_or(&a, &a, &b);
	assert_int_equal(a.masks.tp_dst, 0xffff);
	assert_int_equal(a.masks.ip_proto, 0xff);
	flow_mask_init_exact(&b);
	flow_mask_or(&a, &a, &b);
	assert_memory_equal(&a, &b, sizeof(a));

	assert_null(match_parse(&m, "tcp,nw_src=1.2.3.0/24", NULL));
	m.flow.tp_dst = 5; /* not matched */
	minimatch_init(&x, &m);
	minimatch_clone(&y, &x);
	assert_true(minimatch_equal(&x, &y));
	assert_int_equal(minimatch_hash(&x, 1), minimatch_hash(&y, 1));
	minimatch_uninit(&x);
	minimatch_expand(&y, &n);
	assert_false(match_equal(&m, &n));
	match_normalize(&m);
	assert_true(match_equal(&m, &n));
	assert_int_equal(match_hash(&m, 1), match_hash(&n, 1));
	minimatch_uninit(&y);
}

static void test_eth(void **state)
{
	static const char *const bad[] = { "",
					   "1",
					   "00:00:00:00:00",
					   "00:00:00:00:00:00:00",
					   "00:00:00:00:00:000",
					   "00:00:00:00:00:0g",
					   ":0:0:0:0:0",
					   "00-00-00-00-00-00",
					   "00:00:00:00:00:00 " };
	uint8_t a[6], b[6];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(eth_parse(bad[i], a));
	assert_true(eth_parse("1:2:3:aB:Cd:ef", a));
	assert_true(eth_parse("01:02:03:ab:cd:ef", b));
	assert_true(eth_equal(a, b));
	assert_true(eth_is_multicast(a));
	assert_false(eth_is_broadcast(a));
	assert_true(eth_parse("ff:ff:ff:ff:ff:ff", a));
	assert_true(eth_is_broadcast(a));
	assert_false(eth_is_zero(a));
	memset(a, 0, 6);
	assert_true(eth_is_zero(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_in_mask),
		cmocka_unit_test(test_spread),         cmocka_unit_test(test_symmetric),
		cmocka_unit_test(test_5tuple),         cmocka_unit_test(test_editing),
		cmocka_unit_test(test_masks),          cmocka_unit_test(test_eth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
