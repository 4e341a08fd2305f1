// SPDX-License-Identifier: Apache-2.0
/* A hash of a flow is one over its non-zero words and their numbers, so that it is the same whether
 * the flow is whole or compact.  A hash under a mask is one over every word of the mask in turn,
 * those that the flow lacks included: it needs no numbers, because the words are the mask's. */
#include "flow/miniflow.h"

POPCNT_CLONES size_t miniflow_n_values(const struct miniflow *m)
{
	return flowmap_count(&m->map);
}

size_t miniflow_size(const struct miniflow *m)
{
	return sizeof(*m) + miniflow_n_values(m) * sizeof(m->values[0]);
}

void miniflow_expand(const struct miniflow *m, struct flow *f)
{
	const uint64_t *v = m->values;
	unsigned int word;

	memset(f, 0, sizeof(*f));
	FLOWMAP_FOR_EACH(word, m->map)
		flow_set_word(f, word, *v++);
}

void miniflow_from_flow(struct miniflow_buf *b, const struct flow *f)
{
	uint64_t *v = b->mf.values;

	b->mf.map = (struct flowmap){ { 0, 0 } };
	for (unsigned int word = 0; word < FLOW_U64S; word++) {
		uint64_t w = flow_word(f, word);

		if (w) {
			*v++ = w;
			flowmap_add(&b->mf.map, word);
		}
	}
}

void minimask_from_mask(struct miniflow_buf *b, const struct flow_mask *mask)
{
	miniflow_from_flow(b, &mask->masks);
}

void minimask_expand(const struct minimask *m, struct flow_mask *mask)
{
	miniflow_expand(&m->masks, &mask->masks);
}

bool miniflow_equal(const struct miniflow *a, const struct miniflow *b)
{
	return flowmap_equal(&a->map, &b->map) &&
	       !memcmp(a->values, b->values, miniflow_n_values(a) * sizeof(a->values[0]));
}

POPCNT_CLONES uint32_t miniflow_hash(const struct miniflow *m, uint32_t basis)
{
	unsigned int n = flowmap_count(&m->map);
	uint64_t hash = flow_hash_add(basis, m->map.bits[0]);

	hash = flow_hash_add(hash, m->map.bits[1]);
	for (unsigned int i = 0; i < n; i++)
		hash = flow_hash_add(hash, m->values[i]);
	return flow_hash_finish(hash);
}

uint32_t flow_hash(const struct flow *f, uint32_t basis)
{
	struct flowmap map = { { 0, 0 } };
	unsigned int word;
	uint64_t hash;

	for (word = 0; word < FLOW_U64S; word++)
		if (flow_word(f, word))
			flowmap_add(&map, word);
	hash = flow_hash_add(basis, map.bits[0]);
	hash = flow_hash_add(hash, map.bits[1]);
	FLOWMAP_FOR_EACH(word, map)
		hash = flow_hash_add(hash, flow_word(f, word));
	return flow_hash_finish(hash);
}

POPCNT_CLONES uint32_t miniflow_hash_in_mask(const struct miniflow *key,
					     const struct minimask *mask, uint32_t basis)
{
	const uint64_t *m = mask->masks.values;
	const uint64_t *v = key->values;
	uint64_t hash = basis;

	for (unsigned int half = 0; half < 2; half++) {
		uint64_t have = key->map.bits[half];

		for (uint64_t left = mask->masks.map.bits[half]; left; left &= left - 1) {
			uint64_t bit = left & -left;
			uint64_t w = 0;

			if (have & bit)
				w = v[__builtin_popcountll(have & (bit - 1))];
			hash = flow_hash_add(hash, w & *m++);
		}
		v += __builtin_popcountll(have);
	}
	return flow_hash_finish(hash);
}

uint32_t flow_hash_in_mask(const struct flow *f, const struct flow_mask *mask, uint32_t basis)
{
	uint64_t hash = basis;

	for (unsigned int word = 0; word < FLOW_U64S; word++) {
		uint64_t m = flow_word(&mask->masks, word);

		if (m)
			hash = flow_hash_add(hash, flow_word(f, word) & m);
	}
	return flow_hash_finish(hash);
}

POPCNT_CLONES bool miniflow_equal_in_mask(const struct miniflow *key, const struct miniflow *masked,
					  const struct minimask *mask)
{
	const uint64_t *m = mask->masks.values;
	const uint64_t *v = key->values;
	const uint64_t *w = masked->values;

	for (unsigned int half = 0; half < 2; half++) {
		uint64_t have = key->map.bits[half];
		uint64_t want = masked->map.bits[half];

		for (uint64_t left = mask->masks.map.bits[half]; left; left &= left - 1) {
			uint64_t bit = left & -left;
			uint64_t a = 0, b = 0;

			if (have & bit)
				a = v[__builtin_popcountll(have & (bit - 1))];
			if (want & bit)
				b = w[__builtin_popcountll(want & (bit - 1))];
			if ((a ^ b) & *m++)
				return false;
		}
		v += __builtin_popcountll(have);
		w += __builtin_popcountll(want);
	}
	return true;
}

/* The words that tell one transport connection from another, with the ports only where every packet
 * of the connection has them: not in fragments. */
POPCNT_CLONES uint32_t miniflow_hash_5tuple(const struct miniflow *m, uint32_t basis)
{
	uint64_t hash = basis;
	uint8_t frag = MINIFLOW_GET(m, ip_frag);
	be16 eth_type = MINIFLOW_GET(m, eth_type);

	if (eth_type == htons(ETH_P_IP)) {
		hash = flow_hash_add(hash, miniflow_word(m, FLOW_U64_OF(ip_src)));
	} else if (eth_type == htons(ETH_P_IPV6)) {
		for (unsigned int i = 0; i < 4; i++)
			hash = flow_hash_add(hash, miniflow_word(m, FLOW_U64_OF(ipv6_src) + i));
	} else {
		hash = flow_hash_add(hash, miniflow_word(m, FLOW_U64_OF(eth_dst)));
		hash = flow_hash_add(hash, miniflow_word(m, FLOW_U64_OF(eth_src) + 1));
		return flow_hash_finish(hash);
	}
	hash = flow_hash_add(hash, MINIFLOW_GET(m, ip_proto));
	if (!frag) {
		be16 ports[2] = { MINIFLOW_GET(m, tp_src), MINIFLOW_GET(m, tp_dst) };
		uint32_t both;

		memcpy(&both, ports, sizeof(both));
		hash = flow_hash_add(hash, both);
	}
	return flow_hash_finish(hash);
}
