/* SPDX-License-Identifier: Apache-2.0 */
/* Side effects of a translation: what is to happen each time packets take this way (counters,
 * learning), kept in a list beside the cached flow, so that statistics and revalidation replay them
 * without translating again.
 * Each effect holds a reference on what it names.
 * Threads: a list belongs to one thread at a time. */
#ifndef PIPELINE_EFFECT_H
#define PIPELINE_EFFECT_H

#include "pipeline/topology.h"

enum effect_type {
	EFFECT_RULE, /* a rule was matched */
	EFFECT_LEARN, /* a source address is behind a bundle */
	EFFECT_PATCH, /* crossed from a patch port to its peer */
	EFFECT_LOOKUP, /* not done but depended upon: what the MAC table said of an address */
};

struct effect {
	enum effect_type type;
	union {
		struct rule *rule;
		struct {
			struct xbundle *bundle;
			uint8_t mac[6];
			uint16_t vlan;
			bool is_grat_arp;
		} learn;
		struct {
			struct xport *out, *in;
		} patch;
		uint32_t lookup; /* fdb_tag() */
	};
};

struct effects {
	size_t n, size;
	struct effect *list;
};

struct effect *effects_add(struct effects *, enum effect_type);
void effects_uninit(struct effects *); /* drops the references */
void effects_swap(struct effects *, struct effects *);

/* Packets took this way, the last at 'used_ms': counts, and tells the MAC table (fdb_refresh()). */
void effects_credit(const struct effects *, uint64_t n_packets, uint64_t n_bytes, uint64_t used_ms);
/* Tells the MAC table alone, of a flow that is older than this (fdb_recall()). */
void effects_teach(const struct effects *, uint64_t used_ms);
/* Credits one packet that is being handled, which teaches the MAC table, too. */
void effects_packet(const struct effects *, uint64_t n_bytes);

#endif
