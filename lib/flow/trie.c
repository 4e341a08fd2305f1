// SPDX-License-Identifier: Apache-2.0
#include "flow/trie.h"

#include <string.h>

#include "base/rcu.h"
#include "base/util.h"

struct trie_node {
	struct trie_key key; /* bits behind 'n_bits' are 0 */
	unsigned int n_bits;
	unsigned int n_rules; /* atomic; 0 for a fork */
	struct trie_node *edges[2]; /* RCU; by the bit behind the prefix */
};

static unsigned int bit_at(const struct trie_key *k, unsigned int n)
{
	return k->words[n / 64] >> (63 - n % 64) & 1;
}

/* Leading bits that 'a' and 'b' share, at most 'max'. */
static unsigned int common_bits(const struct trie_key *a, const struct trie_key *b,
				unsigned int max)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(a->words) && n < max; i++) {
		uint64_t diff = a->words[i] ^ b->words[i];

		if (diff) {
			n += __builtin_clzll(diff);
			break;
		}
		n += 64;
	}
	return MIN(n, max);
}

static struct trie_node *node_create(const struct trie_key *key, unsigned int n_bits,
				     unsigned int n_rules)
{
	struct trie_node *n = xzalloc(sizeof(*n));

	for (unsigned int i = 0; i < ARRAY_SIZE(key->words); i++) {
		unsigned int end = (i + 1) * 64;

		if (n_bits >= end)
			n->key.words[i] = key->words[i];
		else if (n_bits > end - 64)
			n->key.words[i] = key->words[i] & (UINT64_MAX << (end - n_bits));
	}
	n->n_bits = n_bits;
	n->n_rules = n_rules;
	return n;
}

void trie_insert(struct trie *t, const struct trie_key *key, unsigned int n_bits)
{
	struct trie_node **slot = &t->root;
	struct trie_node *n, *new_, *fork_;
	unsigned int common;

	for (;;) {
		n = rcu_load_locked(slot);
		if (!n) {
			rcu_store(slot, node_create(key, n_bits, 1));
			return;
		}
		common = common_bits(&n->key, key, MIN(n->n_bits, n_bits));
		if (common < n->n_bits)
			break;
		if (n->n_bits == n_bits) {
			__atomic_store_n(&n->n_rules, n->n_rules + 1, __ATOMIC_RELAXED);
			return;
		}
		slot = &n->edges[bit_at(key, n->n_bits)];
	}
	new_ = node_create(key, n_bits, 1);
	if (common == n_bits) {
		new_->edges[bit_at(&n->key, common)] = n;
	} else {
		fork_ = node_create(key, common, 0);
		fork_->edges[bit_at(&n->key, common)] = n;
		fork_->edges[bit_at(key, common)] = new_;
		new_ = fork_;
	}
	rcu_store(slot, new_);
}

void trie_remove(struct trie *t, const struct trie_key *key, unsigned int n_bits)
{
	struct trie_node **slot = &t->root, **parent_slot = NULL;
	struct trie_node *n, *parent = NULL, *child;

	for (;;) {
		n = rcu_load_locked(slot);
		assert(n && n->n_bits <= n_bits);
		if (n->n_bits == n_bits)
			break;
		parent = n;
		parent_slot = slot;
		slot = &n->edges[bit_at(key, n->n_bits)];
	}
	assert(n->n_rules);
	__atomic_store_n(&n->n_rules, n->n_rules - 1, __ATOMIC_RELAXED);
	if (n->n_rules || (n->edges[0] && n->edges[1]))
		return;
	child = n->edges[0] ? n->edges[0] : n->edges[1];
	if (!child && parent && !parent->n_rules) {
		/* The fork above has one way left: its other child takes its place. */
		rcu_store(parent_slot, parent->edges[slot == &parent->edges[0]]);
		rcu_free(parent);
	} else {
		rcu_store(slot, child);
	}
	rcu_free(n);
}

void trie_lookup(const struct trie *t, const struct trie_key *value, struct trie_answer *a)
{
	struct trie_node *n = rcu_load(&t->root);

	memset(a, 0, sizeof(*a));
	while (n) {
		unsigned int common = common_bits(&n->key, value, n->n_bits);
		struct trie_node *next, *other;
		unsigned int bit;

		if (common < n->n_bits) {
			a->n_bits = common + 1;
			return;
		}
		a->n_bits = common;
		if (n->n_bits && __atomic_load_n(&n->n_rules, __ATOMIC_RELAXED))
			a->lengths[(n->n_bits - 1) / 64] |= UINT64_C(1) << ((n->n_bits - 1) % 64);
		if (n->n_bits == TRIE_MAX_BITS)
			return;
		bit = bit_at(value, n->n_bits);
		next = rcu_load(&n->edges[bit]);
		other = rcu_load(&n->edges[!bit]);
		if (!next) {
			if (other)
				a->n_bits++;
			return;
		}
		n = next;
	}
}

/* Recursion is as deep as the trie, TRIE_MAX_BITS at most. */
static void free_subtree(struct trie_node *n)
{
	if (!n)
		return;
	free_subtree(n->edges[0]);
	free_subtree(n->edges[1]);
	rcu_free(n);
}

void trie_uninit(struct trie *t)
{
	free_subtree(rcu_load_locked(&t->root));
}
