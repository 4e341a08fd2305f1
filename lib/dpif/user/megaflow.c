// SPDX-License-Identifier: Apache-2.0
/* Numbers: each flow has one, small and reused, its place in an array of chunks that only grows.
 * A dump is a walk over numbers, which several threads share by handing out ranges, and which no
 * insertion or removal disturbs. */
#include "dpif/user/megaflow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/util.h"

#define DEFAULT_LIMIT 200000
#define SORT_INTERVAL_MS 1000

/* Counters have one writer. */
#define BUMP(P, N) __atomic_store_n(P, *(P) + (N), __ATOMIC_RELAXED)
#define GET(P) __atomic_load_n(P, __ATOMIC_RELAXED)

static uint32_t ufid_hash(const struct megaflow_table *table, const struct ufid *ufid)
{
	return hash_u64(ufid->parts[0] ^ ufid->parts[1] * 0x9e3779b97f4a7c15ULL, table->basis);
}

static bool ufid_equal(const struct ufid *a, const struct ufid *b)
{
	return a->parts[0] == b->parts[0] && a->parts[1] == b->parts[1];
}

/* ---- Flows ---- */

static void free_flow(struct rcu_item *item)
{
	struct megaflow *f = CONTAINER_OF(item, struct megaflow, rcu);
	unsigned int i;

	if (f->others) {
		for (i = 0; i < USER_N_SLOTS; i++)
			free(f->others[i]);
		free(f->others);
	}
	free(f->actions);
	free(f);
}

bool megaflow_try_ref(struct megaflow *f)
{
	uint32_t n = GET(&f->n_refs);

	do {
		if (!n)
			return false;
	} while (!__atomic_compare_exchange_n(&f->n_refs, &n, n + 1, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return true;
}

void megaflow_unref(struct megaflow *f)
{
	/* Unlinked, so no new reader finds it; those that have it end within a grace period. */
	if (__atomic_sub_fetch(&f->n_refs, 1, __ATOMIC_ACQ_REL) == 0)
		rcu_defer(&f->rcu, free_flow);
}

static struct megaflow_actions *actions_create(const void *data, size_t len)
{
	struct megaflow_actions *a;

	if (len > ODP_MAX_ACTIONS_LEN)
		return NULL;
	a = malloc(sizeof(*a) + len);
	if (a) {
		a->len = len;
		if (len)
			memcpy(a->data, data, len);
	}
	return a;
}

static void free_actions(struct rcu_item *item)
{
	free(CONTAINER_OF(item, struct megaflow_actions, rcu));
}

/* ---- Statistics ---- */

bool megaflow_claim(struct megaflow *f, unsigned int slot)
{
	int none = -1;

	return __atomic_compare_exchange_n(&f->owner, &none, (int)slot, false, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED);
}

static struct megaflow_counters *counters_of_slot(struct megaflow *f, unsigned int slot)
{
	struct megaflow_counters **others, *c;
	int owner = GET(&f->owner);

	if (likely(owner == (int)slot))
		return &f->own;
	if (owner < 0 && megaflow_claim(f, slot))
		return &f->own;
	others = __atomic_load_n(&f->others, __ATOMIC_ACQUIRE);
	if (!others) {
		struct megaflow_counters **made = xcalloc(USER_N_SLOTS, sizeof(*made));

		if (__atomic_compare_exchange_n(&f->others, &others, made, false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
			others = made;
		else
			free(made);
	}
	c = GET(&others[slot]); /* this slot's, so nobody else writes it */
	if (!c) {
		c = xzalloc_cacheline(sizeof(*c));
		__atomic_store_n(&others[slot], c, __ATOMIC_RELEASE);
	}
	return c;
}

void megaflow_add_stats(struct megaflow *f, unsigned int slot, uint64_t n_packets, uint64_t n_bytes,
			uint16_t tcp_flags, uint64_t now_ms)
{
	struct megaflow_counters *c = counters_of_slot(f, slot);

	BUMP(&c->n_packets, n_packets);
	BUMP(&c->n_bytes, n_bytes);
	if (GET(&c->used_ms) != now_ms)
		__atomic_store_n(&c->used_ms, now_ms, __ATOMIC_RELAXED);
	if (tcp_flags & ~GET(&c->tcp_flags))
		__atomic_store_n(&c->tcp_flags, c->tcp_flags | tcp_flags, __ATOMIC_RELAXED);
}

static void add_counters(struct dpif_flow_stats *s, const struct megaflow_counters *c)
{
	uint64_t used = GET(&c->used_ms);

	s->n_packets += GET(&c->n_packets);
	s->n_bytes += GET(&c->n_bytes);
	s->used_ms = MAX(s->used_ms, used);
	s->tcp_flags |= GET(&c->tcp_flags);
}

void megaflow_get_stats(const struct megaflow *f, struct dpif_flow_stats *s)
{
	struct megaflow_counters **others = __atomic_load_n(&f->others, __ATOMIC_ACQUIRE);
	unsigned int i;

	memset(s, 0, sizeof(*s));
	add_counters(s, &f->own);
	for (i = 0; others && i < USER_N_SLOTS; i++) {
		const struct megaflow_counters *c = __atomic_load_n(&others[i], __ATOMIC_ACQUIRE);

		if (c)
			add_counters(s, c);
	}
}

static void zero_counters(struct megaflow_counters *c)
{
	__atomic_store_n(&c->n_packets, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&c->n_bytes, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&c->used_ms, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&c->tcp_flags, 0, __ATOMIC_RELAXED);
}

/* A worker that counts at this very moment may win: what it had before then stays. */
void megaflow_zero_stats(struct megaflow *f)
{
	struct megaflow_counters **others = __atomic_load_n(&f->others, __ATOMIC_ACQUIRE);
	unsigned int i;

	zero_counters(&f->own);
	for (i = 0; others && i < USER_N_SLOTS; i++) {
		struct megaflow_counters *c = __atomic_load_n(&others[i], __ATOMIC_ACQUIRE);

		if (c)
			zero_counters(c);
	}
}

/* ---- Subtables ---- */

static struct subtable_vec *vec_create(uint32_t n, uint64_t version)
{
	struct subtable_vec *v = xzalloc(sizeof(*v) + n * sizeof(v->t[0]));

	v->n = n;
	v->version = version;
	return v;
}

static void free_vec(struct rcu_item *item)
{
	free(CONTAINER_OF(item, struct subtable_vec, rcu));
}

static void free_subtable(struct rcu_item *item)
{
	struct subtable *t = CONTAINER_OF(item, struct subtable, rcu);

	rcuhash_uninit(&t->flows);
	free(t);
}

static void publish_vec(struct megaflow_table *table, struct subtable_vec *v) REQUIRES(table->lock)
{
	struct subtable_vec *old = rcu_load_locked(&table->subtables);

	rcu_store(&table->subtables, v);
	rcu_defer(&old->rcu, free_vec);
}

static struct subtable *subtable_lookup(struct megaflow_table *table, const struct minimask *mask,
					uint32_t hash) REQUIRES(table->lock)
{
	struct subtable_vec *v = rcu_load_locked(&table->subtables);
	uint32_t i;

	for (i = 0; i < v->n; i++) {
		if (v->t[i]->mask_hash == hash &&
		    miniflow_equal(&v->t[i]->mask.masks, &mask->masks))
			return v->t[i];
	}
	return NULL;
}

static uint32_t free_index(const struct subtable_vec *v)
{
	bool *used = xcalloc(v->n + 1, sizeof(*used));
	uint32_t i;

	for (i = 0; i < v->n; i++) {
		if (v->t[i]->index <= v->n)
			used[v->t[i]->index] = true;
	}
	for (i = 0; used[i]; i++)
		continue;
	free(used);
	return i;
}

static struct subtable *subtable_create(struct megaflow_table *table, const struct minimask *mask,
					uint32_t hash) REQUIRES(table->lock)
{
	struct subtable_vec *old = rcu_load_locked(&table->subtables), *v;
	size_t mask_size = miniflow_size(&mask->masks);
	struct subtable *t = xzalloc(offsetof(struct subtable, mask) + mask_size);

	t->index = free_index(old);
	t->mask_hash = hash;
	rcuhash_init(&t->flows);
	memcpy(&t->mask, mask, mask_size);
	v = vec_create(old->n + 1, old->version + 1);
	memcpy(v->t, old->t, old->n * sizeof(v->t[0]));
	v->t[old->n] = t;
	publish_vec(table, v);
	return t;
}

static void subtable_remove(struct megaflow_table *table, struct subtable *t) REQUIRES(table->lock)
{
	struct subtable_vec *old = rcu_load_locked(&table->subtables), *v;
	uint32_t i, n = 0;

	v = vec_create(old->n - 1, old->version + 1);
	for (i = 0; i < old->n; i++) {
		if (old->t[i] != t)
			v->t[n++] = old->t[i];
	}
	publish_vec(table, v);
	rcu_defer(&t->rcu, free_subtable);
}

/* ---- The table ---- */

void megaflow_table_init(struct megaflow_table *table)
{
	memset(table, 0, sizeof(*table));
	mutex_init(&table->lock);
	table->subtables = vec_create(0, 1);
	rcuhash_init(&table->by_ufid);
	table->basis = hash_random_basis();
	table->limit = DEFAULT_LIMIT;
}

void megaflow_table_uninit(struct megaflow_table *table)
{
	uint32_t i;

	megaflow_flush(table);
	free(table->subtables);
	rcuhash_uninit(&table->by_ufid);
	for (i = 0; i < ARRAY_SIZE(table->chunks); i++)
		free(table->chunks[i]);
	free(table->free_numbers);
	mutex_uninit(&table->lock);
}

size_t megaflow_count(const struct megaflow_table *table)
{
	return rcuhash_count(&table->by_ufid);
}

size_t megaflow_n_masks(const struct megaflow_table *table)
{
	size_t n;

	rcu_enter();
	n = rcu_load(&table->subtables)->n;
	rcu_leave();
	return n;
}

struct megaflow *megaflow_by_ufid(struct megaflow_table *table, const struct ufid *ufid)
{
	struct megaflow *f;

	RCUHASH_FOR_EACH_WITH_HASH(f, ufid_node, ufid_hash(table, ufid), &table->by_ufid) {
		if (ufid_equal(&f->ufid, ufid))
			return f;
	}
	return NULL;
}

struct megaflow *megaflow_by_number(struct megaflow_table *table, uint32_t number)
{
	struct megaflow_chunk *c;

	if (number >= __atomic_load_n(&table->n_numbers, __ATOMIC_ACQUIRE))
		return NULL;
	c = __atomic_load_n(&table->chunks[number / MEGAFLOW_CHUNK], __ATOMIC_ACQUIRE);
	return rcu_load(&c->flows[number % MEGAFLOW_CHUNK]);
}

static int number_alloc(struct megaflow_table *table, uint32_t *number) REQUIRES(table->lock)
{
	struct megaflow_chunk **c;

	if (table->n_free) {
		*number = table->free_numbers[--table->n_free];
		return 0;
	}
	if (table->n_numbers == MEGAFLOW_MAX)
		return -ENOSPC;
	*number = table->n_numbers;
	c = &table->chunks[*number / MEGAFLOW_CHUNK];
	if (!*c)
		__atomic_store_n(c, xzalloc(sizeof(**c)), __ATOMIC_RELEASE);
	__atomic_store_n(&table->n_numbers, *number + 1, __ATOMIC_RELEASE);
	return 0;
}

static void number_free(struct megaflow_table *table, uint32_t number) REQUIRES(table->lock)
{
	if (table->n_free == table->n_free_allocated)
		table->free_numbers = x2nrealloc(table->free_numbers, &table->n_free_allocated,
						 sizeof(*table->free_numbers));
	table->free_numbers[table->n_free++] = number;
}

static struct megaflow *subtable_find(struct subtable *t, const struct miniflow *key, uint32_t hash)
{
	struct megaflow *f;

	RCUHASH_FOR_EACH_WITH_HASH(f, node, hash, &t->flows) {
		if (miniflow_equal_in_mask(key, &f->key, &t->mask))
			return f;
	}
	return NULL;
}

/* The key and the mask of a flow to insert, compact. */
struct insertion {
	struct miniflow_buf mask, key;
};

static int insert_locked(struct megaflow_table *table, struct insertion *in,
			 const struct ufid *ufid, struct megaflow_actions *actions,
			 struct megaflow **flowp) REQUIRES(table->lock)
{
	const struct minimask *mask = (const struct minimask *)&in->mask.mf;
	uint32_t mask_hash = miniflow_hash(&in->mask.mf, 0), hash;
	struct megaflow *f = megaflow_by_ufid(table, ufid);
	size_t key_size = miniflow_size(&in->key.mf);
	struct subtable *t;
	uint32_t number;

	if (f) {
		*flowp = f;
		return -EEXIST;
	}
	hash = miniflow_hash_in_mask(&in->key.mf, mask, table->basis);
	t = subtable_lookup(table, mask, mask_hash);
	f = t ? subtable_find(t, &in->key.mf, hash) : NULL;
	if (f) {
		*flowp = f;
		return -EEXIST;
	}
	if (megaflow_count(table) >= GET(&table->limit) || number_alloc(table, &number))
		return -ENOSPC;
	f = xzalloc_cacheline(offsetof(struct megaflow, key) + key_size);
	f->owner = -1;
	f->actions = actions;
	f->ufid = *ufid;
	f->number = number;
	f->n_refs = 1;
	memcpy(&f->key, &in->key.mf, key_size);
	if (!t)
		t = subtable_create(table, mask, mask_hash);
	f->subtable = t;
	rcuhash_insert(&table->by_ufid, &f->ufid_node, ufid_hash(table, ufid));
	rcu_store(&table->chunks[number / MEGAFLOW_CHUNK]->flows[number % MEGAFLOW_CHUNK], f);
	rcuhash_insert(&t->flows, &f->node, hash);
	__atomic_store_n(&table->n_inserts, table->n_inserts + 1, __ATOMIC_RELEASE);
	*flowp = f;
	return 0;
}

int megaflow_insert(struct megaflow_table *table, const struct flow *key,
		    const struct flow_mask *mask, const struct ufid *ufid, const void *actions_,
		    size_t actions_len, struct megaflow **flowp)
{
	struct megaflow_actions *actions = actions_create(actions_, actions_len);
	struct megaflow *f = NULL;
	struct insertion in;
	int err;

	if (!actions)
		return actions_len > ODP_MAX_ACTIONS_LEN ? -EINVAL : -ENOMEM;
	miniflow_from_flow(&in.key, key);
	minimask_from_mask(&in.mask, mask);
	mutex_lock(&table->lock);
	err = insert_locked(table, &in, ufid, actions, &f);
	mutex_unlock(&table->lock);
	if (err)
		free(actions);
	if (flowp)
		*flowp = f;
	return err;
}

int megaflow_set_actions(struct megaflow_table *table, struct megaflow *f, const void *data,
			 size_t len)
{
	struct megaflow_actions *new = actions_create(data, len), *old;

	if (!new)
		return len > ODP_MAX_ACTIONS_LEN ? -EINVAL : -ENOMEM;
	mutex_lock(&table->lock);
	old = rcu_load_locked(&f->actions);
	rcu_store(&f->actions, new);
	mutex_unlock(&table->lock);
	rcu_defer(&old->rcu, free_actions);
	return 0;
}

static void remove_locked(struct megaflow_table *table, struct megaflow *f) REQUIRES(table->lock)
{
	struct subtable *t = f->subtable;

	rcuhash_remove(&t->flows, &f->node);
	rcuhash_remove(&table->by_ufid, &f->ufid_node);
	rcu_store(&table->chunks[f->number / MEGAFLOW_CHUNK]->flows[f->number % MEGAFLOW_CHUNK],
		  NULL);
	number_free(table, f->number);
	__atomic_store_n(&f->is_dead, 1, __ATOMIC_RELEASE);
	if (!rcuhash_count(&t->flows))
		subtable_remove(table, t);
	megaflow_unref(f);
}

int megaflow_remove(struct megaflow_table *table, struct megaflow *f)
{
	int err = -ENOENT;

	mutex_lock(&table->lock);
	if (!megaflow_is_dead(f)) {
		remove_locked(table, f);
		err = 0;
	}
	mutex_unlock(&table->lock);
	return err;
}

void megaflow_flush(struct megaflow_table *table)
{
	uint32_t i;

	rcu_enter();
	mutex_lock(&table->lock);
	for (i = 0; i < table->n_numbers; i++) {
		struct megaflow *f = megaflow_by_number(table, i);

		if (f)
			remove_locked(table, f);
	}
	mutex_unlock(&table->lock);
	rcu_leave();
}

/* ---- Look-up ---- */

void subtable_order_uninit(struct subtable_order *o)
{
	free(o->ranks);
	free(o->hits);
}

static int compare_ranks(const void *a_, const void *b_)
{
	const struct subtable_rank *a = a_, *b = b_;

	return a->hits < b->hits ? 1 : a->hits > b->hits ? -1 : 0;
}

static void order_sort(struct subtable_order *o, uint64_t now_ms)
{
	uint32_t i;

	if (o->n > 1)
		qsort(o->ranks, o->n, sizeof(*o->ranks), compare_ranks);
	for (i = 0; i < o->n; i++)
		o->ranks[i].hits /= 2; /* old hits fade */
	o->next_sort_ms = now_ms + SORT_INTERVAL_MS;
}

/* Takes over a new vector; hit counts go on.  An index that another subtable has now starts with
 * the hits of its former one, which is wrong for some seconds only. */
static void order_renew(struct subtable_order *o, const struct subtable_vec *v, uint64_t now_ms)
{
	uint32_t i;

	for (i = 0; i < o->n_hits; i++)
		o->hits[i] /= 2;
	/* The subtables of 'ranks' may be gone: only their hits, by place, were kept in 'hits'. */
	if (o->size < v->n) {
		o->size = v->n * 2;
		free(o->ranks);
		o->ranks = xcalloc(o->size, sizeof(*o->ranks));
	}
	for (i = 0; i < v->n; i++) {
		uint32_t index = v->t[i]->index;

		if (index >= o->n_hits) {
			uint32_t n = MAX(index + 1, o->n_hits * 2);

			o->hits = xrealloc(o->hits, n * sizeof(*o->hits));
			memset(o->hits + o->n_hits, 0, (n - o->n_hits) * sizeof(*o->hits));
			o->n_hits = n;
		}
		o->ranks[i] = (struct subtable_rank){ .t = v->t[i], .hits = o->hits[index] };
	}
	o->n = v->n;
	o->version = v->version;
	order_sort(o, now_ms);
}

struct megaflow *megaflow_lookup(struct megaflow_table *table, struct subtable_order *o,
				 const struct miniflow *key, uint64_t now_ms, uint64_t *n_searched)
{
	const struct subtable_vec *v = rcu_load(&table->subtables);
	uint32_t basis = table->basis, i;

	if (unlikely(v->version != o->version))
		order_renew(o, v, now_ms);
	else if (unlikely(now_ms >= o->next_sort_ms))
		order_sort(o, now_ms);
	for (i = 0; i < o->n; i++) {
		struct subtable_rank *r = &o->ranks[i];
		struct megaflow *f;

		f = subtable_find(r->t, key, miniflow_hash_in_mask(key, &r->t->mask, basis));
		if (f) {
			r->hits++;
			o->hits[r->t->index]++;
			*n_searched += i + 1;
			return f;
		}
	}
	*n_searched += o->n;
	return NULL;
}
