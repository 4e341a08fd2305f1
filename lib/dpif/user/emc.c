// SPDX-License-Identifier: Apache-2.0
/* Two ways: an entry is in one of two places, given by two parts of its hash. */
#include "dpif/user/emc.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

static struct emc_entry *place(const struct emc *emc, uint32_t hash, unsigned int way)
{
	return &emc->entries[(way ? hash >> 16 ^ hash << 7 : hash) & (EMC_ENTRIES - 1)];
}

static void clear(struct emc_entry *e)
{
	if (e->flow)
		megaflow_unref(e->flow);
	e->flow = NULL;
}

void emc_uninit(struct emc *emc)
{
	size_t i;

	for (i = 0; emc->entries && i < EMC_ENTRIES; i++)
		clear(&emc->entries[i]);
	free(emc->entries);
	emc->entries = NULL;
}

void emc_purge(struct emc *emc)
{
	size_t i;

	for (i = 0; emc->entries && i < EMC_ENTRIES; i++) {
		struct emc_entry *e = &emc->entries[i];

		if (e->flow && megaflow_is_dead(e->flow))
			clear(e);
	}
}

void emc_prefetch(const struct emc *emc, uint32_t hash)
{
	if (!emc->entries)
		return;
	__builtin_prefetch(place(emc, hash, 0));
	__builtin_prefetch((const char *)place(emc, hash, 0) + CACHE_LINE_SIZE);
	__builtin_prefetch(place(emc, hash, 1));
}

static bool is_key(const struct emc_entry *e, const struct miniflow *key, uint32_t hash)
{
	return e->hash == hash && e->flow && e->map.bits[0] == key->map.bits[0] &&
	       e->map.bits[1] == key->map.bits[1] &&
	       !memcmp(e->words, key->values, e->n_words * sizeof(e->words[0]));
}

struct megaflow *emc_lookup(struct emc *emc, const struct miniflow *key, uint32_t hash)
{
	unsigned int way;

	if (!emc->entries)
		return NULL;
	for (way = 0; way < 2; way++) {
		struct emc_entry *e = place(emc, hash, way);

		if (is_key(e, key, hash) && !megaflow_is_dead(e->flow))
			return e->flow;
	}
	return NULL;
}

void emc_insert(struct emc *emc, const struct miniflow *key, uint32_t hash, struct megaflow *flow,
		uint32_t inv_prob, uint32_t random)
{
	size_t n_words = miniflow_n_values(key);
	struct emc_entry *e = NULL;
	unsigned int way;

	if (!inv_prob || n_words > EMC_KEY_WORDS)
		return;
	if (!emc->entries)
		emc->entries = xzalloc_cacheline(EMC_ENTRIES * sizeof(*emc->entries));
	for (way = 0; way < 2; way++) {
		struct emc_entry *p = place(emc, hash, way);

		/* The key's own place comes before any free one: it must not be there twice. */
		if (is_key(p, key, hash)) {
			e = p;
			break;
		}
		if (!e && (!p->flow || megaflow_is_dead(p->flow)))
			e = p;
	}
	if (!e) {
		if (inv_prob > 1 && random % inv_prob)
			return;
		e = place(emc, hash, random >> 16 & 1);
	}
	if (e->flow != flow) {
		if (!megaflow_try_ref(flow))
			return;
		clear(e);
		e->flow = flow;
	}
	e->hash = hash;
	e->n_words = n_words;
	e->map = key->map;
	memcpy(e->words, key->values, n_words * sizeof(e->words[0]));
}
