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

void ukeys_init(struct ukeys *u)
{
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
}

size_t ukeys_count(const struct ukeys *u)
{
	return __atomic_load_n(&u->n, __ATOMIC_RELAXED);
}

struct ukey *ukey_create(const struct ufid *ufid, uint64_t seq, struct effects *effects)
{
	struct ukey *k = xzalloc(sizeof(*k));

	k->ufid = *ufid;
	k->seq = seq;
	k->created_ms = clock_ms();
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

bool ukeys_insert(struct ukeys *u, struct ukey *k)
{
	struct ukey_shard *s = shard(u, &k->ufid);
	bool is_new;

	mutex_lock(&s->lock);
	is_new = !ukeys_lookup(u, &k->ufid);
	if (is_new) {
		rcuhash_insert(&s->table, &k->node, hash(u, &k->ufid));
		__atomic_add_fetch(&u->n, 1, __ATOMIC_RELAXED);
	}
	mutex_unlock(&s->lock);
	return is_new;
}

void ukeys_remove(struct ukeys *u, struct ukey *k)
{
	struct ukey_shard *s = shard(u, &k->ufid);

	mutex_lock(&s->lock);
	k->gone = true;
	rcuhash_remove(&s->table, &k->node);
	__atomic_sub_fetch(&u->n, 1, __ATOMIC_RELAXED);
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

void ukey_push(struct ukey *k, const struct dpif_flow_stats *stats)
{
	/* A flow that was deleted and installed anew under its old UFID starts from 0 again. */
	bool anew = stats->n_packets < k->pushed.n_packets;
	uint64_t n_packets = stats->n_packets - (anew ? 0 : k->pushed.n_packets);
	uint64_t n_bytes = stats->n_bytes - (anew ? 0 : k->pushed.n_bytes);

	if (n_packets)
		effects_credit(&k->effects, n_packets, n_bytes, stats->used_ms);
	k->pushed = *stats;
}
