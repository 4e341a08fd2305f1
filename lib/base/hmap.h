/* SPDX-License-Identifier: Apache-2.0 */
/* An intrusive hash map: nodes are embedded, chains are doubly linked, so removal needs no look-up
 * and costs O(1).  It grows by itself and never shrinks while in use; hmap_shrink() does.
 * The caller compares keys.
 * Threads: none of its own; concurrent readers need base/rcuhash.h instead. */
#ifndef BASE_HMAP_H
#define BASE_HMAP_H

#include "base/compiler.h"

struct hmap_node {
	struct hmap_node *next;
	struct hmap_node **pprev; /* NULL while in no map */
	uint32_t hash;
};

struct hmap {
	struct hmap_node **buckets;
	struct hmap_node *one; /* the only bucket while 'mask' is 0 */
	uint32_t mask;
	size_t n;
};

void hmap_init(struct hmap *);
/* Frees the buckets; the nodes are the caller's. */
void hmap_uninit(struct hmap *);
void hmap_reserve(struct hmap *, size_t n);
void hmap_shrink(struct hmap *);
void hmap_insert(struct hmap *, struct hmap_node *, uint32_t hash);
void hmap_remove(struct hmap *, struct hmap_node *);
/* Removes all nodes without touching them one by one (they may be freed already). */
void hmap_clear(struct hmap *);
void hmap_swap(struct hmap *, struct hmap *);

static inline size_t hmap_count(const struct hmap *m)
{
	return m->n;
}

static inline bool hmap_is_empty(const struct hmap *m)
{
	return m->n == 0;
}

static inline struct hmap_node *hmap_next_with_hash__(struct hmap_node *n, uint32_t hash)
{
	while (n && n->hash != hash)
		n = n->next;
	return n;
}

static inline struct hmap_node *hmap_first_with_hash(const struct hmap *m, uint32_t hash)
{
	return hmap_next_with_hash__((m->mask ? m->buckets
					      : (struct hmap_node **)&m->one)[hash & m->mask],
				     hash);
}

static inline struct hmap_node *hmap_next_with_hash(const struct hmap_node *n)
{
	return hmap_next_with_hash__(n->next, n->hash);
}

struct hmap_node *hmap_first(const struct hmap *);
struct hmap_node *hmap_next(const struct hmap *, const struct hmap_node *);

/* Iterates over the nodes with 'h'.  'var' is a pointer to the embedding struct; the current node
 * must stay in the map until the next step. */
#define HMAP_FOR_EACH_WITH_HASH(var, member, h, map)                                               \
	HMAP_FOR_EACH_WITH_HASH__(var, member, h, map, CONCAT(node_, __LINE__))
#define HMAP_FOR_EACH_WITH_HASH__(var, member, h, map, node)                                       \
	for (struct hmap_node *node = hmap_first_with_hash(map, h);                                \
	     node && ((var) = CONTAINER_OF(node, __typeof__(*(var)), member), true);               \
	     node = hmap_next_with_hash(node))

/* Iterates over all nodes, in no order; the current one may be removed and freed. */
#define HMAP_FOR_EACH(var, member, map)                                                            \
	HMAP_FOR_EACH__(var, member, map, CONCAT(node_, __LINE__), CONCAT(next_, __LINE__))
#define HMAP_FOR_EACH__(var, member, map, node, nextn)                                             \
	for (struct hmap_node *node = hmap_first(map), *nextn;                                     \
	     node && ((var) = CONTAINER_OF(node, __typeof__(*(var)), member),                      \
		     nextn = hmap_next(map, node), true);                                          \
	     node = nextn)

#endif
