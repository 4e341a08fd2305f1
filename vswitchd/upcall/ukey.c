// SPDX-License-Identifier: Apache-2.0
#include "upcall/ukey.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/util.h"

static struct ukey_shard *shard(const struct ukeys *u, const struct ufid *ufid)
{
	return (struct ukey_shard *)&u->shards[ufid->parts[0] % UKEY_SHARDS];
}

/* A UFID is a hash already, but one that senders of packets can compute. */
static uint32_t hash(const struct ukeys *u, const struct ufid *ufid)
{
	return hash_u64(ufid->parts[1], u->basis);
}

void ukeys_init(struct ukeys *u, struct tags *tags)
{
	u->tags = tags;
	u->of_port = xcalloc(DPIF_MAX_PORTS, sizeof(*u->of_port));
	u->n_ports = 0;
	for (size_t i = 0; i < UKEY_SHARDS; i++) {
		mutex_init(&u->shards[i].lock);
		rcuhash_init(&u->shards[i].table);
	}
	u->n = 0;
	u->basis = hash_random_basis();
}

static void ukey_free(struct rcu_item *item)
{
	ukey_destroy(CONTAINER_OF(item, struct ukey, rcu));
}

void ukeys_uninit(struct ukeys *u)
{
	struct ukey *k;

	for (size_t i = 0; i < UKEY_SHARDS; i++) {
		struct ukey_shard *s = &u->shards[i];

		mutex_lock(&s->lock);
		rcu_enter(); /* the walk steps from entries that it removed */
		RCUHASH_FOR_EACH(k, node, &s->table) {
			rcuhash_remove(&s->table, &k->node);
			rcu_defer(&k->rcu, ukey_free);
		}
		rcu_leave();
		mutex_unlock(&s->lock);
		rcuhash_uninit(&s->table);
		mutex_uninit(&s->lock);
	}
	free(u->of_port);
}

size_t ukeys_count(const struct ukeys *u)
{
	return __atomic_load_n(&u->n, __ATOMIC_RELAXED);
}

/* Ports. */

static uint32_t *port_count(const struct ukeys *u, uint32_t port)
{
	return &u->of_port[port % DPIF_MAX_PORTS];
}

static void port_add(struct ukeys *u, uint32_t port)
{
	if (!__atomic_fetch_add(port_count(u, port), 1, __ATOMIC_RELAXED))
		__atomic_fetch_add(&u->n_ports, 1, __ATOMIC_RELAXED);
}

static void port_sub(struct ukeys *u, uint32_t port)
{
	if (__atomic_fetch_sub(port_count(u, port), 1, __ATOMIC_RELAXED) == 1)
		__atomic_fetch_sub(&u->n_ports, 1, __ATOMIC_RELAXED);
}

uint32_t ukeys_of_port(const struct ukeys *u, uint32_t port)
{
	return __atomic_load_n(port_count(u, port), __ATOMIC_RELAXED);
}

uint32_t ukeys_n_ports(const struct ukeys *u)
{
	return __atomic_load_n(&u->n_ports, __ATOMIC_RELAXED);
}

uint32_t ukeys_level(const struct ukeys *u, size_t limit)
{
	size_t n_max = ukeys_n_ports(u) + 64, n = 0; /* a port more or less does not matter */
	uint32_t *counts = xmalloc(n_max * sizeof(*counts));
	uint32_t low = 0, high = UINT32_MAX, most = 0;

	for (size_t i = 0; i < DPIF_MAX_PORTS && n < n_max; i++) {
		counts[n] = ukeys_of_port(u, i);
		n += counts[n] != 0;
	}
	/* The largest level at which min(count, level), added up, is within the limit. */
	while (low < high) {
		uint32_t level = low + (high - low) / 2 + 1;
		uint64_t sum = 0;

		for (size_t i = 0; i < n; i++)
			sum += MIN(counts[i], level);
		if (sum <= limit)
			low = level;
		else
			high = level - 1;
	}
	for (size_t i = 0; i < n; i++)
		most = MAX(most, counts[i]);
	free(counts);
	return MIN(low, most);
}

/* Tags. */

static void use_tags(struct ukeys *u, const struct effects *e, bool *wake)
{
	for (size_t i = 0; i < e->n; i++) {
		if (e->list[i].type == EFFECT_LOOKUP && tags_use(u->tags, e->list[i].lookup))
			*wake = true;
	}
}

static void unuse_tags(struct ukeys *u, const struct effects *e)
{
	for (size_t i = 0; i < e->n; i++) {
		if (e->list[i].type == EFFECT_LOOKUP)
			tags_unuse(u->tags, e->list[i].lookup);
	}
}

void ukeys_set_effects(struct ukeys *u, struct ukey *k, struct effects *effects, bool *wake)
{
	use_tags(u, effects, wake);
	unuse_tags(u, &k->effects);
	effects_swap(&k->effects, effects);
}

bool ukey_is_touched(const struct ukey *k, const struct tag_set *set)
{
	if (set->is_empty)
		return false;
	for (size_t i = 0; i < k->effects.n; i++) {
		const struct effect *e = &k->effects.list[i];

		if (e->type == EFFECT_LOOKUP && tag_set_has(set, e->lookup))
			return true;
	}
	return false;
}

struct ukey *ukey_create(const struct ufid *ufid, uint32_t in_port, struct effects *effects)
{
	struct ukey *k = xzalloc(sizeof(*k));

	k->ufid = *ufid;
	k->in_port = in_port;
	k->created_ms = k->rated_ms = clock_ms();
	k->pps = UINT32_MAX;
	k->held = true;
	effects_swap(&k->effects, effects);
	return k;
}

void ukey_destroy(struct ukey *k)
{
	if (!k)
		return;
	effects_uninit(&k->effects);
	free(k);
}

struct ukey *ukeys_lookup(const struct ukeys *u, const struct ufid *ufid)
{
	struct ukey *k;

	RCUHASH_FOR_EACH_WITH_HASH(k, node, hash(u, ufid), &shard(u, ufid)->table) {
		if (!memcmp(&k->ufid, ufid, sizeof(*ufid)))
			return k;
	}
	return NULL;
}

bool ukeys_insert(struct ukeys *u, struct ukey *k, bool *wake)
{
	struct ukey_shard *s = shard(u, &k->ufid);
	bool is_new;

	mutex_lock(&s->lock);
	is_new = !ukeys_lookup(u, &k->ufid);
	if (is_new) {
		rcuhash_insert(&s->table, &k->node, hash(u, &k->ufid));
		__atomic_add_fetch(&u->n, 1, __ATOMIC_RELAXED);
		port_add(u, k->in_port);
	}
	mutex_unlock(&s->lock);
	if (is_new)
		use_tags(u, &k->effects, wake);
	return is_new;
}

void ukeys_remove(struct ukeys *u, struct ukey *k)
{
	struct ukey_shard *s = shard(u, &k->ufid);

	mutex_lock(&s->lock);
	k->gone = true;
	rcuhash_remove(&s->table, &k->node);
	__atomic_sub_fetch(&u->n, 1, __ATOMIC_RELAXED);
	port_sub(u, k->in_port);
	unuse_tags(u, &k->effects);
	mutex_unlock(&s->lock);
	/* Others may have looked it up and be at ukey_hold(): RCU, and they see 'gone'. */
	ukey_let_go(k);
	rcu_defer(&k->rcu, ukey_free);
}

bool ukey_hold(struct ukey *k)
{
	if (__atomic_exchange_n(&k->held, true, __ATOMIC_ACQUIRE))
		return false;
	if (k->gone) {
		ukey_let_go(k);
		return false;
	}
	return true;
}

void ukey_let_go(struct ukey *k)
{
	__atomic_store_n(&k->held, false, __ATOMIC_RELEASE);
}

static void rate(struct ukey *k, bool anew, uint64_t now_ms)
{
	uint64_t n;

	if (anew)
		k->rated_packets = 0;
	n = k->pushed.n_packets - k->rated_packets;
	if (now_ms < k->rated_ms + UKEY_RATE_MS)
		return;
	k->pps = MIN(n * 1000 / (now_ms - k->rated_ms), UINT32_MAX - 1);
	k->rated_packets = k->pushed.n_packets;
	k->rated_ms = now_ms;
}

void ukey_push(struct ukey *k, const struct dpif_flow_stats *stats, uint64_t now_ms)
{
	/* A flow that was deleted and installed anew under its old UFID starts from 0 again. */
	bool anew = stats->n_packets < k->pushed.n_packets;
	uint64_t n_packets = stats->n_packets - (anew ? 0 : k->pushed.n_packets);
	uint64_t n_bytes = stats->n_bytes - (anew ? 0 : k->pushed.n_bytes);

	if (n_packets)
		effects_credit(&k->effects, n_packets, n_bytes, stats->used_ms);
	k->pushed = *stats;
	rate(k, anew, now_ms);
}

void ukeys_walk(const struct ukeys *u, unsigned int shard_, void (*fn)(struct ukey *, void *aux),
		void *aux)
{
	struct ukey *k;

	RCUHASH_FOR_EACH(k, node, &u->shards[shard_].table)
		fn(k, aux);
}
