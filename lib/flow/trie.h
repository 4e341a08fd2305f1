/* SPDX-License-Identifier: Apache-2.0 */
/* A trie of bit prefixes with lock-free readers: which lengths of the prefixes in it a value has,
 * and how many leading bits of the value that answer depends on.
 *
 *	                 (10.0.0.0/8)
 *	              0 /            \ 1
 *	    (10.1.0.0/16)             (10.192.0.0/10, of no rule: a fork)
 *	                             0 /      \ 1
 *
 * Each node holds its whole prefix, so that one stored pointer puts a node in or takes it out.
 * Readers: inside rcu_enter().  Writers: the caller's lock. */
#ifndef FLOW_TRIE_H
#define FLOW_TRIE_H

#include "base/compiler.h"

#define TRIE_MAX_BITS 128

struct trie_key { /* the first bit is the most significant of words[0] */
	uint64_t words[TRIE_MAX_BITS / 64];
};

struct trie {
	struct trie_node *root; /* RCU */
};

struct trie_answer {
	uint64_t lengths[TRIE_MAX_BITS /
			 64]; /* bit n - 1: the value has a prefix of n bits in the trie */
	unsigned int n_bits; /* leading bits of the value that were looked at */
};

static inline bool trie_has_length(const struct trie_answer *a, unsigned int n)
{
	return a->lengths[(n - 1) / 64] >> ((n - 1) % 64) & 1;
}

/* A prefix of 1 to TRIE_MAX_BITS bits; inserted twice, it must be removed twice. */
void trie_insert(struct trie *, const struct trie_key *, unsigned int n_bits);
/* The prefix must be there. */
void trie_remove(struct trie *, const struct trie_key *, unsigned int n_bits);
void trie_lookup(const struct trie *, const struct trie_key *, struct trie_answer *);
/* Frees all nodes by RCU.  Readers that are in the trie finish as if nothing had happened; no
 * others may come. */
void trie_uninit(struct trie *);

#endif
