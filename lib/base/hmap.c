// SPDX-License-Identifier: Apache-2.0
#include "base/hmap.h"

#include <stdlib.h>

#include "base/util.h"

void hmap_init(struct hmap *m)
{
	*m = (struct hmap){ .buckets = NULL };
}

void hmap_uninit(struct hmap *m)
{
	if (!m)
		return;
	free(m->buckets);
	hmap_init(m);
}

static struct hmap_node **bucket(const struct hmap *m, uint32_t hash)
{
	return &(m->mask ? m->buckets : (struct hmap_node **)&m->one)[hash & m->mask];
}

static void link_node(struct hmap_node **head, struct hmap_node *n)
{
	n->next = *head;
	if (n->next)
		n->next->pprev = &n->next;
	n->pprev = head;
	*head = n;
}

/* The only bucket lies in the struct itself: where the struct moves, its first node must follow. */
static void moved(struct hmap *m)
{
	if (!m->mask && m->one)
		m->one->pprev = &m->one;
}

static void rehash(struct hmap *m, uint32_t mask)
{
	struct hmap new = { .mask = mask, .n = m->n };

	if (mask)
		new.buckets = xcalloc((size_t)mask + 1, sizeof(*new.buckets));
	for (uint32_t i = 0;; i++) {
		struct hmap_node *n = *bucket(m, i), *next;

		for (; n; n = next) {
			next = n->next;
			link_node(bucket(&new, n->hash), n);
		}
		if (i == m->mask)
			break;
	}
	free(m->buckets);
	*m = new;
	moved(m);
}

/* A power of two less one, at least one bucket for each node. */
static uint32_t mask_for(size_t n)
{
	uint32_t mask = 0;

	while (mask < n - (n > 0) && mask < UINT32_MAX / 2)
		mask = mask * 2 + 1;
	return mask;
}

void hmap_reserve(struct hmap *m, size_t n)
{
	if (mask_for(n) > m->mask)
		rehash(m, mask_for(n));
}

void hmap_shrink(struct hmap *m)
{
	if (mask_for(m->n) < m->mask)
		rehash(m, mask_for(m->n));
}

void hmap_insert(struct hmap *m, struct hmap_node *n, uint32_t hash)
{
	if (m->n > m->mask)
		hmap_reserve(m, m->n + 1);
	n->hash = hash;
	link_node(bucket(m, hash), n);
	m->n++;
}

void hmap_remove(struct hmap *m, struct hmap_node *n)
{
	*n->pprev = n->next;
	if (n->next)
		n->next->pprev = n->pprev;
	n->next = NULL;
	n->pprev = NULL;
	m->n--;
}

void hmap_clear(struct hmap *m)
{
	free(m->buckets);
	hmap_init(m);
}

void hmap_swap(struct hmap *a, struct hmap *b)
{
	struct hmap tmp = *a;

	*a = *b;
	*b = tmp;
	moved(a);
	moved(b);
}

static struct hmap_node *first_from(const struct hmap *m, uint64_t i)
{
	for (; i <= m->mask; i++) {
		struct hmap_node *n = *bucket(m, (uint32_t)i);

		if (n)
			return n;
	}
	return NULL;
}

struct hmap_node *hmap_first(const struct hmap *m)
{
	return m->n ? first_from(m, 0) : NULL;
}

struct hmap_node *hmap_next(const struct hmap *m, const struct hmap_node *n)
{
	return n->next ? n->next : first_from(m, (uint64_t)(n->hash & m->mask) + 1);
}
