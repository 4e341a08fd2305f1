// SPDX-License-Identifier: Apache-2.0
#include "pipeline/effect.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"

struct effect *effects_add(struct effects *e, enum effect_type type)
{
	struct effect *effect;

	if (!e->size) {
		e->size = 4; /* a rule, a source and a destination, and one to spare */
		e->list = xmalloc(e->size * sizeof(*e->list));
	} else if (e->n == e->size) {
		e->list = x2nrealloc(e->list, &e->size, sizeof(*e->list));
	}
	effect = &e->list[e->n++];
	memset(effect, 0, sizeof(*effect));
	effect->type = type;
	return effect;
}

void effects_uninit(struct effects *e)
{
	for (size_t i = 0; i < e->n; i++) {
		struct effect *effect = &e->list[i];

		switch (effect->type) {
		case EFFECT_RULE:
			rule_unref(effect->rule);
			break;
		case EFFECT_LEARN:
			xbundle_unref(effect->learn.bundle);
			break;
		case EFFECT_PATCH:
			xport_unref(effect->patch.out);
			xport_unref(effect->patch.in);
			break;
		case EFFECT_LOOKUP:
			break;
		}
	}
	free(e->list);
	memset(e, 0, sizeof(*e));
}

void effects_swap(struct effects *a, struct effects *b)
{
	struct effects tmp = *a;

	*a = *b;
	*b = tmp;
}

static void add(uint64_t *counter, uint64_t n)
{
	__atomic_add_fetch(counter, n, __ATOMIC_RELAXED);
}

static void learn_credit(const struct effect *effect, uint64_t used_ms, bool recall)
{
	struct xbundle *b = effect->learn.bundle;
	const struct xbundle_config *c;

	rcu_enter();
	c = rcu_load(&b->config);
	/* The port may have left the VLAN since. */
	if (c && vlan_config_includes(&c->vlan, effect->learn.vlan)) {
		if (recall)
			fdb_recall(b->bridge->fdb, effect->learn.mac, effect->learn.vlan,
				   &b->fdb_port, false, used_ms);
		else
			fdb_refresh(b->bridge->fdb, effect->learn.mac, effect->learn.vlan,
				    &b->fdb_port, false, effect->learn.is_grat_arp, used_ms);
	}
	rcu_leave();
}

static void patch_credit(const struct effect *effect, uint64_t n_packets, uint64_t n_bytes)
{
	add(&effect->patch.out->tx_packets, n_packets);
	add(&effect->patch.out->tx_bytes, n_bytes);
	add(&effect->patch.in->rx_packets, n_packets);
	add(&effect->patch.in->rx_bytes, n_bytes);
}

void effects_credit(const struct effects *e, uint64_t n_packets, uint64_t n_bytes, uint64_t used_ms)
{
	for (size_t i = 0; i < e->n; i++) {
		const struct effect *effect = &e->list[i];

		switch (effect->type) {
		case EFFECT_RULE:
			rule_credit(effect->rule, n_packets, n_bytes, used_ms);
			break;
		case EFFECT_LEARN:
			learn_credit(effect, used_ms, false);
			break;
		case EFFECT_PATCH:
			patch_credit(effect, n_packets, n_bytes);
			break;
		case EFFECT_LOOKUP:
			break;
		}
	}
}

void effects_teach(const struct effects *e, uint64_t used_ms)
{
	for (size_t i = 0; i < e->n; i++) {
		if (e->list[i].type == EFFECT_LEARN)
			learn_credit(&e->list[i], used_ms, true);
	}
}

void effects_packet(const struct effects *e, uint64_t n_bytes)
{
	uint64_t now_ms = clock_ms();

	for (size_t i = 0; i < e->n; i++) {
		const struct effect *effect = &e->list[i];

		switch (effect->type) {
		case EFFECT_RULE:
			rule_credit(effect->rule, 1, n_bytes, now_ms);
			break;
		case EFFECT_LEARN: {
			struct xbundle *b = effect->learn.bundle;
			struct fdb *fdb = b->bridge->fdb;

			if (fdb_learn_is_needed(fdb, effect->learn.mac, effect->learn.vlan,
						&b->fdb_port, false, effect->learn.is_grat_arp))
				fdb_learn(fdb, effect->learn.mac, effect->learn.vlan, &b->fdb_port,
					  false, effect->learn.is_grat_arp);
			break;
		}
		case EFFECT_PATCH:
			patch_credit(effect, 1, n_bytes);
			break;
		case EFFECT_LOOKUP:
			break;
		}
	}
}
