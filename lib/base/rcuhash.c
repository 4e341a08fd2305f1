// SPDX-License-Identifier: Apache-2.0
/* Growth.  The writer links all nodes into a new, larger bucket array by the set of links which the
 * current array does not use, then publishes the array.  Readers of the old array go on along the
 * old links, which nobody touches until a grace period has passed; only then may the table grow
 * again, because that writes those links.  Until then it is merely somewhat full.
 *
 * A node removed after the growth is taken off the new chains only: a reader that still has the old
 * array began before the removal, so it may see the node, and rcu_defer() waits for that reader. */
#include "base/rcuhash.h"

#include <stdlib.h>

#include "base/util.h"

#define MIN_BUCKETS 4

struct rcuhash_buckets {
	struct rcu_item item;
	struct rcuhash_buckets *successor; /* while this is an old array that waits to be freed */
	unsigned int n_refs; /* atomic: the table, and the predecessor that waits to be freed */
	bool may_grow; /* atomic: the predecessor is gone */
	uint8_t links; /* which of the nodes' links this array uses */
	uint32_t mask;
	struct rcuhash_node *heads[]; /* RCU */
};

static struct rcuhash_buckets *buckets_create(uint32_t n, uint8_t links)
{
	struct rcuhash_buckets *b = xzalloc(sizeof(*b) + n * sizeof(b->heads[0]));

	b->n_refs = 1;
	b->mask = n - 1;
	b->links = links;
	return b;
}

static void buckets_unref(struct rcuhash_buckets *b)
{
	if (__atomic_sub_fetch(&b->n_refs, 1, __ATOMIC_ACQ_REL) == 0)
		free(b);
}

static void old_is_unused(struct rcu_item *item)
{
	struct rcuhash_buckets *old = CONTAINER_OF(item, struct rcuhash_buckets, item);

	__atomic_store_n(&old->successor->may_grow, true, __ATOMIC_RELEASE);
	buckets_unref(old->successor);
	buckets_unref(old);
}

void rcuhash_init(struct rcuhash *h)
{
	struct rcuhash_buckets *b = buckets_create(MIN_BUCKETS, 0);

	b->may_grow = true;
	h->b = b;
	h->n = 0;
}

void rcuhash_uninit(struct rcuhash *h)
{
	if (!h || !h->b)
		return;
	buckets_unref(h->b);
	h->b = NULL;
	h->n = 0;
}

static void grow(struct rcuhash *h)
{
	struct rcuhash_buckets *old = h->b, *new;
	uint8_t links = !old->links;
	uint32_t i;

	new = buckets_create((old->mask + 1) * 2, links);
	for (i = 0; i <= old->mask; i++) {
		struct rcuhash_node *n;

		for (n = old->heads[i]; n; n = n->next[old->links]) {
			struct rcuhash_node **head = &new->heads[n->hash & new->mask];

			rcu_store(&n->next[links], *head);
			*head = n;
		}
	}
	new->n_refs = 2;
	old->successor = new;
	rcu_store(&h->b, new);
	rcu_defer(&old->item, old_is_unused);
}

static void set_n(struct rcuhash *h, size_t n)
{
	__atomic_store_n(&h->n, n, __ATOMIC_RELAXED);
}

void rcuhash_insert(struct rcuhash *h, struct rcuhash_node *n, uint32_t hash)
{
	struct rcuhash_buckets *b = h->b;
	struct rcuhash_node **head;

	if (h->n > b->mask && b->mask < UINT32_MAX / 4 &&
	    __atomic_load_n(&b->may_grow, __ATOMIC_ACQUIRE)) {
		grow(h);
		b = h->b;
	}
	n->hash = hash;
	head = &b->heads[hash & b->mask];
	n->next[b->links] = *head;
	n->next[!b->links] = NULL;
	rcu_store(head, n);
	set_n(h, h->n + 1);
}

/* Where the link to 'n' is. */
static struct rcuhash_node **link_to(struct rcuhash_buckets *b, const struct rcuhash_node *n)
{
	struct rcuhash_node **p = &b->heads[n->hash & b->mask];

	while (*p != n) {
		assert(*p);
		p = &(*p)->next[b->links];
	}
	return p;
}

void rcuhash_remove(struct rcuhash *h, struct rcuhash_node *n)
{
	/* The node keeps its own link: a reader that stands on it goes on from there. */
	rcu_store(link_to(h->b, n), n->next[h->b->links]);
	set_n(h, h->n - 1);
}

void rcuhash_replace(struct rcuhash *h, struct rcuhash_node *old, struct rcuhash_node *new_)
{
	struct rcuhash_buckets *b = h->b;

	new_->hash = old->hash;
	new_->next[b->links] = old->next[b->links];
	new_->next[!b->links] = NULL;
	rcu_store(link_to(b, old), new_);
}

size_t rcuhash_count(const struct rcuhash *h)
{
	return __atomic_load_n(&h->n, __ATOMIC_RELAXED);
}

static struct rcuhash_node *skip_other_hashes(struct rcuhash_cursor *c, struct rcuhash_node *n)
{
	while (n && n->hash != c->hash)
		n = rcu_load(&n->next[c->b->links]);
	return c->node = n;
}

struct rcuhash_node *rcuhash_first_with_hash(const struct rcuhash *h, struct rcuhash_cursor *c,
					     uint32_t hash)
{
	c->b = rcu_load(&h->b);
	c->hash = hash;
	c->bucket = hash & c->b->mask;
	return skip_other_hashes(c, rcu_load(&c->b->heads[c->bucket]));
}

struct rcuhash_node *rcuhash_next_with_hash(struct rcuhash_cursor *c)
{
	return skip_other_hashes(c, rcu_load(&c->node->next[c->b->links]));
}

/* The first node in the cursor's bucket or in those behind it. */
static struct rcuhash_node *first_from_bucket(struct rcuhash_cursor *c)
{
	for (; c->bucket <= c->b->mask; c->bucket++) {
		c->node = rcu_load(&c->b->heads[c->bucket]);
		if (c->node)
			return c->node;
	}
	return c->node = NULL;
}

struct rcuhash_node *rcuhash_first(const struct rcuhash *h, struct rcuhash_cursor *c)
{
	c->b = rcu_load(&h->b);
	c->hash = 0;
	c->bucket = 0;
	return first_from_bucket(c);
}

struct rcuhash_node *rcuhash_next(struct rcuhash_cursor *c)
{
	if (!c->node)
		return NULL;
	c->node = rcu_load(&c->node->next[c->b->links]);
	if (c->node)
		return c->node;
	c->bucket++;
	return first_from_bucket(c);
}
