/* SPDX-License-Identifier: Apache-2.0 */
/* The exact-match cache of a worker: whole packet keys, each with the flow that it matched last.
 * Threads: its worker's, inside rcu_enter(). */
#ifndef DPIF_USER_EMC_H
#define DPIF_USER_EMC_H

#include "dpif/user/megaflow.h"

#define EMC_ENTRIES 16384 /* a power of 2 */
#define EMC_KEY_WORDS 28 /* a key with more is not cached */

struct emc_entry {
	struct megaflow *flow; /* a reference, or NULL */
	uint32_t hash;
	uint32_t n_words;
	struct flowmap map;
	uint64_t words[EMC_KEY_WORDS];
};
static_assert(sizeof(struct emc_entry) == 4 * CACHE_LINE_SIZE, "the first two hold a plain key");

struct emc {
	struct emc_entry *entries; /* NULL until the first insertion */
};

void emc_uninit(struct emc *);
/* Asks for the memory that a look-up of 'hash' will read. */
void emc_prefetch(const struct emc *, uint32_t hash);
/* The flow of 'key', whose miniflow_hash() is 'hash'; NULL. */
struct megaflow *emc_lookup(struct emc *, const struct miniflow *key, uint32_t hash);
/* Inserts, over whatever of its two places is of least use: always if one is free, else once in
 * 'inv_prob' times, going by 'random' (0: never at all). */
void emc_insert(struct emc *, const struct miniflow *key, uint32_t hash, struct megaflow *,
		uint32_t inv_prob, uint32_t random);
/* Gives the references to removed flows back. */
void emc_purge(struct emc *);

#endif
