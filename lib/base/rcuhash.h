/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table with lock-free readers and one writer at a time: intrusive nodes in chains, a bucket
 * array that is replaced whole when it grows.  The reason for it beside liburcu's lfhash: readers
 * need one load per chain link, no helping, and ThreadSanitizer sees every access.
 * Readers: inside rcu_enter(), the writer's own iterations included; a node found stays valid until
 * rcu_leave().  Growth keeps the old chains whole beside the new ones (each node carries two
 * links), so no reader misses a node that is there all the while.
 * Writers: the caller's lock.  A removed node is freed through rcu_defer(), and may be inserted
 * again only after a grace period. */
#ifndef BASE_RCUHASH_H
#define BASE_RCUHASH_H

#include "base/rcu.h"

struct rcuhash_node {
	struct rcuhash_node *next[2]; /* RCU; one set of links for each generation of buckets */
	uint32_t hash;
};

struct rcuhash_buckets;
struct rcuhash {
	struct rcuhash_buckets *b; /* RCU */
	size_t n; /* written under the caller's lock, read by anyone with a relaxed load */
};

void rcuhash_init(struct rcuhash *);
void rcuhash_uninit(struct rcuhash *); /* no reader is left; nodes are the caller's */
void rcuhash_insert(struct rcuhash *, struct rcuhash_node *, uint32_t hash);
void rcuhash_remove(struct rcuhash *, struct rcuhash_node *);
/* Puts 'new' (same hash) where 'old' is, so that readers see one or the other. */
void rcuhash_replace(struct rcuhash *, struct rcuhash_node *old, struct rcuhash_node *new_);
size_t rcuhash_count(const struct rcuhash *);

/* A cursor over a chain or over all nodes. */
struct rcuhash_cursor {
	const struct rcuhash_buckets *b;
	struct rcuhash_node *node;
	uint32_t bucket;
	uint32_t hash;
};
struct rcuhash_node *rcuhash_first_with_hash(const struct rcuhash *, struct rcuhash_cursor *,
					     uint32_t hash);
struct rcuhash_node *rcuhash_next_with_hash(struct rcuhash_cursor *);
struct rcuhash_node *rcuhash_first(const struct rcuhash *, struct rcuhash_cursor *);
/* The node after the current one, which the writer may have removed meanwhile (but not freed). */
struct rcuhash_node *rcuhash_next(struct rcuhash_cursor *);

#define RCUHASH_FOR_EACH_WITH_HASH(var, member, h, table)                                          \
	RCUHASH_FOR_EACH_WITH_HASH__(var, member, h, table, CONCAT(cur_, __LINE__),                \
				     CONCAT(once_, __LINE__), CONCAT(node_, __LINE__))
#define RCUHASH_FOR_EACH_WITH_HASH__(var, member, h, table, cur, once, nd)                         \
	for (struct rcuhash_cursor cur, *once = &cur; once; once = NULL)                           \
		for (struct rcuhash_node *nd = rcuhash_first_with_hash(table, &cur, h);            \
		     nd && ((var) = CONTAINER_OF(nd, __typeof__(*(var)), member), true);           \
		     nd = rcuhash_next_with_hash(&cur))
#define RCUHASH_FOR_EACH(var, member, table)                                                       \
	RCUHASH_FOR_EACH__(var, member, table, CONCAT(cur_, __LINE__), CONCAT(once_, __LINE__),    \
			   CONCAT(node_, __LINE__))
#define RCUHASH_FOR_EACH__(var, member, table, cur, once, nd)                                      \
	for (struct rcuhash_cursor cur, *once = &cur; once; once = NULL)                           \
		for (struct rcuhash_node *nd = rcuhash_first(table, &cur);                         \
		     nd && ((var) = CONTAINER_OF(nd, __typeof__(*(var)), member), true);           \
		     nd = rcuhash_next(&cur))

#endif
