/* SPDX-License-Identifier: Apache-2.0 */
/* The content of a row at one moment: immutable, counted, and compact.
 *
 *	struct values | bitmap of columns that are not at their default | one cell for each of those
 *
 * A scalar stands in its cell; a set or map is a counted block, which the next content of the row
 * shares as long as that column stays the same.  What is at its default costs nothing.  A
 * transaction makes a new content; the old one lives on while a monitor, the history, or a
 * compaction still looks at it.
 * Threads: the counts belong to the main thread; another thread may read what it holds for it. */
#ifndef OVSDB_VALUES_H
#define OVSDB_VALUES_H

#include "db/schema.h"

struct elems {
	uint32_t refs;
	uint32_t n;
	union atom atoms[]; /* 'n' keys; then, in a map, 'n' values */
};

union cell {
	union atom atom; /* scalar columns */
	struct elems *elems; /* others */
};

struct values {
	uint32_t refs;
	uint32_t n_cells;
	union atom version; /* column _version */
	uint64_t present[]; /* bitmap by column index, then the cells */
};

static inline uint32_t bitmap_words(uint32_t n_bits)
{
	return (n_bits + 63) / 64;
}
static inline bool bitmap_get(const uint64_t *b, uint32_t i)
{
	return b[i / 64] >> (i % 64) & 1;
}
static inline void bitmap_set(uint64_t *b, uint32_t i)
{
	b[i / 64] |= UINT64_C(1) << (i % 64);
}
static inline void bitmap_clear(uint64_t *b, uint32_t i)
{
	b[i / 64] &= ~(UINT64_C(1) << (i % 64));
}
bool bitmap_is_empty(const uint64_t *, uint32_t n_words);
bool bitmap_intersects(const uint64_t *, const uint64_t *, uint32_t n_words);

/* All columns at their defaults. */
struct values *values_create_default(const struct table_schema *);
/* 'base' with the columns of bitmap 'changed' replaced by those of 'columns' (by column index),
 * which are moved from and must not be used again.  The version is that of 'base'. */
struct values *values_create(const struct table_schema *, const struct values *base,
			     const uint64_t *changed, struct datum *columns);
/* Gives 'v' a _version that no other content of this process has, nor, as far as chance goes, of
 * another. */
void values_new_version(struct values *v);
struct values *values_ref(struct values *);
void values_unref(struct values *, const struct table_schema *); /* NULL is fine */

/* A view of a column, borrowed from 'v' or from 'defaults' (by column index; NULL for defaults that
 * the caller does not want: then an absent column is an empty datum).  Never _uuid. */
struct datum values_get(const struct values *, const struct table_schema *, uint32_t column,
			const struct datum *defaults);
/* True if 'column' is the same in both without looking at atoms; false says nothing. */
bool values_is_shared(const struct values *a, const struct values *b, const struct table_schema *,
		      uint32_t column);
/* Octets of memory, roughly, shared blocks included. */
size_t values_size(const struct values *, const struct table_schema *);

#endif
