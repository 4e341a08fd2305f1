// SPDX-License-Identifier: Apache-2.0
/* One pass of a batch through the tables.
 *
 * First every packet is looked up: exact-match cache, then the masked flow table.  Those of one
 * flow are gathered in a group, so that its actions are walked and its counters written once for
 * all of them.  Misses come last, one after the other: a miss that follows finds the flow that an
 * earlier one installed. */
#include "dpif/user/dp.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "flow/miniflow.h"

struct group {
	struct megaflow *flow;
	uint64_t n_bytes;
	uint16_t tcp_flags;
	struct packet_batch batch;
};

#define GROUP_INDEX_SIZE 128 /* a power of 2, twice the groups */
#define GROUP_NONE UINT8_MAX

struct pass {
	struct miniflow_buf keys[PACKET_BATCH_MAX];
	uint32_t hashes[PACKET_BATCH_MAX];
	struct packet *missed[PACKET_BATCH_MAX];
	uint8_t missed_key[PACKET_BATCH_MAX]; /* its index in 'keys' */
	unsigned int n_missed;
	struct group groups[PACKET_BATCH_MAX];
	unsigned int n_groups;
	uint8_t index[GROUP_INDEX_SIZE]; /* group by hash of the flow's address, open addressing */
};

void process_free(struct worker *w)
{
	int i;

	for (i = 0; i < USER_RECIRC_LIMIT; i++)
		free(w->passes[i]);
}

void count_drop(struct worker *w, const struct packet *p, enum drop_reason why)
{
	struct user_port *port = user_port_by_no(w->dp, p->md.in_port);

	if (port)
		CTR_ADD(&user_port_counters(port, w->slot)->drops[why], 1);
	else
		CTR_ADD(&w->counters.drops[why], 1);
}

void drop_packet(struct worker *w, struct packet *p, enum drop_reason why)
{
	count_drop(w, p, why);
	packet_release(p);
}

static struct group *group_of(struct pass *pass, struct megaflow *flow)
{
	uint32_t i = (uint32_t)((uintptr_t)flow >> 6) * 0x9e3779b1u >> 16;
	struct group *g;

	for (;; i++) {
		uint8_t *slot = &pass->index[i & (GROUP_INDEX_SIZE - 1)];

		if (*slot == GROUP_NONE) {
			*slot = pass->n_groups;
			g = &pass->groups[pass->n_groups++];
			g->flow = flow;
			g->n_bytes = 0;
			g->tcp_flags = 0;
			g->batch.n = 0;
			return g;
		}
		g = &pass->groups[*slot];
		if (g->flow == flow)
			return g;
	}
}

static void group_add(struct pass *pass, struct megaflow *flow, struct packet *p,
		      const struct miniflow *key)
{
	struct group *g = group_of(pass, flow);

	g->n_bytes += p->len;
	if (flowmap_has(&key->map, FLOW_U64_OF(tcp_flags)))
		g->tcp_flags |= ntohs(MINIFLOW_GET(key, tcp_flags));
	g->batch.pkts[g->batch.n++] = p;
}

static void groups_clear(struct pass *pass)
{
	pass->n_groups = 0;
	memset(pass->index, GROUP_NONE, sizeof(pass->index));
}

static void groups_execute(struct worker *w, struct pass *pass)
{
	unsigned int i;

	for (i = 0; i < pass->n_groups; i++) {
		struct group *g = &pass->groups[i];
		const struct megaflow_actions *acts = rcu_load(&g->flow->actions);

		megaflow_add_stats(g->flow, w->slot, g->batch.n, g->n_bytes, g->tcp_flags,
				   w->now_ms);
		exec_actions(w, &g->batch, true, acts->data, acts->len);
	}
	if (pass->n_groups)
		groups_clear(pass);
}

static struct megaflow *table_lookup(struct worker *w, const struct miniflow *key, uint32_t hash)
{
	uint64_t n_searched = 0;
	struct megaflow *flow;

	flow = megaflow_lookup(&w->dp->flows, &w->order, key, w->now_ms, &n_searched);
	if (flow) {
		CTR_ADD(&w->counters.n_mask_hit, 1);
		CTR_ADD(&w->counters.n_searched, n_searched);
		emc_insert(&w->emc, key, hash, flow, CTR_GET(&w->dp->emc_inv_prob),
			   w->random = w->random * 1664525 + 1013904223);
	}
	return flow;
}

/* Parses all; the memory that the look-ups need is on its way meanwhile.  Drops runts from the
 * batch. */
static void extract_all(struct worker *w, struct pass *pass, struct packet_batch *batch)
{
	unsigned int i, n = 0;

	for (i = 0; i < batch->n; i++) {
		struct packet *p = batch->pkts[i];
		enum drop_reason why;

		if (i + 1 < batch->n)
			__builtin_prefetch(batch->pkts[i + 1]->data);
		why = miniflow_extract(p, &pass->keys[n]);
		if (unlikely(why)) {
			drop_packet(w, p, why);
			continue;
		}
		pass->hashes[n] = miniflow_hash(&pass->keys[n].mf, 0);
		emc_prefetch(&w->emc, pass->hashes[n]);
		batch->pkts[n++] = p;
	}
	batch->n = n;
}

/* Fills groups and misses. */
static void lookup_all(struct worker *w, struct pass *pass, const struct packet_batch *batch)
{
	unsigned int i, n_emc_hit = 0;

	for (i = 0; i < batch->n; i++) {
		const struct miniflow *key = &pass->keys[i].mf;
		struct packet *p = batch->pkts[i];
		struct megaflow *flow = emc_lookup(&w->emc, key, pass->hashes[i]);

		if (flow)
			n_emc_hit++;
		else
			flow = table_lookup(w, key, pass->hashes[i]);
		if (flow) {
			group_add(pass, flow, p, key);
		} else {
			pass->missed_key[pass->n_missed] = i;
			pass->missed[pass->n_missed++] = p;
		}
	}
	CTR_ADD(&w->counters.n_emc_hit, n_emc_hit);
}

static void handle_misses(struct worker *w, struct pass *pass, uint64_t n_inserts)
{
	unsigned int i;

	for (i = 0; i < pass->n_missed; i++) {
		struct packet *p = pass->missed[i];
		unsigned int k = pass->missed_key[i];
		const struct miniflow *key = &pass->keys[k].mf;
		struct megaflow *flow = NULL;

		if (__atomic_load_n(&w->dp->flows.n_inserts, __ATOMIC_ACQUIRE) != n_inserts)
			flow = table_lookup(w, key, pass->hashes[k]);
		if (flow)
			group_add(pass, flow, p, key);
		else
			upcall_miss(w, p, key, pass->hashes[k]);
	}
	groups_execute(w, pass);
}

void process_batch(struct worker *w, struct packet_batch *batch)
{
	unsigned int nest = w->nest;
	struct pass *pass;
	uint64_t n_inserts;
	uint32_t i;

	if (unlikely(w->depth == USER_RECIRC_LIMIT)) {
		for (i = 0; i < batch->n; i++)
			drop_packet(w, batch->pkts[i], DROP_RECURSION_LIMIT);
		return;
	}
	pass = w->passes[w->depth];
	if (unlikely(!pass)) {
		pass = w->passes[w->depth] = xzalloc_cacheline(sizeof(*pass));
		groups_clear(pass);
	}
	w->depth++;
	w->nest = 0;
	pass->n_missed = 0;
	n_inserts = __atomic_load_n(&w->dp->flows.n_inserts, __ATOMIC_ACQUIRE);
	extract_all(w, pass, batch);
	lookup_all(w, pass, batch);
	groups_execute(w, pass);
	if (pass->n_missed)
		handle_misses(w, pass, n_inserts);
	w->nest = nest;
	w->depth--;
}
