// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/values.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

bool bitmap_is_empty(const uint64_t *b, uint32_t n_words)
{
	for (uint32_t i = 0; i < n_words; i++)
		if (b[i])
			return false;
	return true;
}

bool bitmap_intersects(const uint64_t *a, const uint64_t *b, uint32_t n_words)
{
	for (uint32_t i = 0; i < n_words; i++)
		if (a[i] & b[i])
			return true;
	return false;
}

static union cell *cells(const struct values *v, const struct table_schema *ts)
{
	return (union cell *)(uintptr_t)(v->present + bitmap_words(ts->n_columns));
}

/* Number of cells before that of 'column'. */
static uint32_t rank(const struct values *v, uint32_t column)
{
	uint32_t n = 0;

	for (uint32_t w = 0; w < column / 64; w++)
		n += (uint32_t)__builtin_popcountll(v->present[w]);
	if (column % 64)
		n += (uint32_t)__builtin_popcountll(v->present[column / 64] << (64 - column % 64));
	return n;
}

static struct values *alloc(const struct table_schema *ts, uint32_t n_cells)
{
	uint32_t n_words = bitmap_words(ts->n_columns);
	struct values *v = xmalloc(sizeof(*v) + n_words * sizeof(uint64_t) +
				   n_cells * sizeof(union cell));

	v->refs = 1;
	v->n_cells = n_cells;
	memset(v->present, 0, n_words * sizeof(uint64_t));
	return v;
}

struct values *values_create_default(const struct table_schema *ts)
{
	struct values *v = alloc(ts, 0);

	memset(&v->version, 0, sizeof(v->version));
	return v;
}

static struct elems *elems_from_datum(struct datum *d, bool is_map)
{
	struct elems *e = xmalloc(sizeof(*e) +
				  (size_t)d->n * (is_map ? 2 : 1) * sizeof(union atom));

	e->refs = 1;
	e->n = d->n;
	if (!d->n)
		return e; /* its keys may be NULL, which memcpy() must not see */
	memcpy(e->atoms, d->keys, d->n * sizeof(union atom));
	if (is_map)
		memcpy(e->atoms + d->n, d->values, d->n * sizeof(union atom));
	return e;
}

/* Moves the atoms of 'd' into '*cell'. */
static void cell_take(union cell *cell, struct datum *d, const struct column_type *type)
{
	if (column_type_is_scalar(type)) {
		assert(d->n == 1);
		cell->atom = d->keys[0];
	} else {
		cell->elems = elems_from_datum(d, column_type_is_map(type));
	}
	free(d->keys);
	free(d->values);
	memset(d, 0, sizeof(*d));
}

static void cell_copy(union cell *dst, const union cell *src, const struct column_type *type)
{
	if (column_type_is_scalar(type)) {
		atom_clone(&dst->atom, &src->atom, type->key.type);
	} else {
		dst->elems = src->elems;
		dst->elems->refs++;
	}
}

static void cell_drop(union cell *cell, const struct column_type *type)
{
	struct elems *e;

	if (column_type_is_scalar(type)) {
		atom_uninit(&cell->atom, type->key.type);
		return;
	}
	e = cell->elems;
	if (--e->refs)
		return;
	if (type->key.type == ATOM_STRING)
		for (uint32_t i = 0; i < e->n; i++)
			atom_uninit(&e->atoms[i], ATOM_STRING);
	if (type->value.type == ATOM_STRING)
		for (uint32_t i = 0; i < e->n; i++)
			atom_uninit(&e->atoms[e->n + i], ATOM_STRING);
	free(e);
}

struct values *values_create(const struct table_schema *ts, const struct values *base,
			     const uint64_t *changed, struct datum *columns)
{
	uint32_t n_words = bitmap_words(ts->n_columns);
	const union cell *from = cells(base, ts);
	uint32_t n_max = base->n_cells;
	struct values *v;
	union cell *to;

	for (uint32_t w = 0; w < n_words; w++)
		n_max += (uint32_t)__builtin_popcountll(changed[w] & ~base->present[w]);
	v = alloc(ts, n_max);
	v->version = base->version;
	v->n_cells = 0;
	for (uint32_t w = 0; w < n_words; w++) {
		v->present[w] = base->present[w] & ~changed[w];
		for (uint64_t bits = changed[w]; bits; bits &= bits - 1) {
			uint32_t c = w * 64 + (uint32_t)__builtin_ctzll(bits);

			if (datum_is_default(&columns[c], &ts->columns[c]->type))
				datum_uninit(&columns[c], &ts->columns[c]->type);
			else
				bitmap_set(v->present, c);
		}
		v->n_cells += (uint32_t)__builtin_popcountll(v->present[w]);
	}
	if (v->n_cells < n_max)
		v = xrealloc(v, sizeof(*v) + n_words * sizeof(uint64_t) +
					v->n_cells * sizeof(union cell));
	to = cells(v, ts);
	for (uint32_t w = 0; w < n_words; w++) {
		for (uint64_t bits = v->present[w] | base->present[w]; bits; bits &= bits - 1) {
			uint32_t c = w * 64 + (uint32_t)__builtin_ctzll(bits);
			const struct column_type *type = &ts->columns[c]->type;

			if (bitmap_get(v->present, c)) {
				if (bitmap_get(changed, c))
					cell_take(to, &columns[c], type);
				else
					cell_copy(to, from, type);
				to++;
			}
			from += bitmap_get(base->present, c);
		}
	}
	return v;
}

/* Mixing is one to one, so the counter makes each version differ; the random start makes processes
 * differ.  A system call for each would be a good part of a transaction. */
void values_new_version(struct values *v)
{
	static struct uuid base;
	static uint64_t counter;
	uint64_t x;

	if (!counter) {
		uuid_generate(&base);
		counter = (uint64_t)base.parts[0] << 32 | base.parts[1];
	}
	/* odd: goes through all values; splitmix64 from here */
	x = counter += 0x9e3779b97f4a7c15ULL;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	x ^= x >> 31;
	v->version.uuid.parts[0] = (uint32_t)(x >> 32);
	v->version.uuid.parts[1] = base.parts[1];
	v->version.uuid.parts[2] = base.parts[2];
	v->version.uuid.parts[3] = (uint32_t)x;
}

struct values *values_ref(struct values *v)
{
	v->refs++;
	return v;
}

void values_unref(struct values *v, const struct table_schema *ts)
{
	union cell *cell;

	if (!v || --v->refs)
		return;
	cell = cells(v, ts);
	for (uint32_t w = 0; w < bitmap_words(ts->n_columns); w++)
		for (uint64_t bits = v->present[w]; bits; bits &= bits - 1)
			cell_drop(cell++,
				  &ts->columns[w * 64 + (uint32_t)__builtin_ctzll(bits)]->type);
	free(v);
}

struct datum values_get(const struct values *v, const struct table_schema *ts, uint32_t column,
			const struct datum *defaults)
{
	const struct column_type *type = &ts->columns[column]->type;
	struct datum d = { 0 };
	union cell *cell;

	if (column == COL_VERSION) {
		d.n = 1;
		d.keys = (union atom *)(uintptr_t)&v->version;
		return d;
	}
	if (!bitmap_get(v->present, column))
		return defaults ? defaults[column] : d;
	cell = cells(v, ts) + rank(v, column);
	if (column_type_is_scalar(type)) {
		d.n = 1;
		d.keys = &cell->atom;
	} else {
		d.n = cell->elems->n;
		d.keys = cell->elems->atoms;
		if (column_type_is_map(type))
			d.values = cell->elems->atoms + d.n;
	}
	return d;
}

bool values_is_shared(const struct values *a, const struct values *b, const struct table_schema *ts,
		      uint32_t column)
{
	if (a == b)
		return true;
	if (column == COL_VERSION ||
	    bitmap_get(a->present, column) != bitmap_get(b->present, column))
		return false;
	if (!bitmap_get(a->present, column))
		return true;
	return !column_type_is_scalar(&ts->columns[column]->type) &&
	       cells(a, ts)[rank(a, column)].elems == cells(b, ts)[rank(b, column)].elems;
}

size_t values_size(const struct values *v, const struct table_schema *ts)
{
	size_t size = sizeof(*v) + bitmap_words(ts->n_columns) * sizeof(uint64_t) +
		      v->n_cells * sizeof(union cell);
	const union cell *cell = cells(v, ts);

	for (uint32_t w = 0; w < bitmap_words(ts->n_columns); w++)
		for (uint64_t bits = v->present[w]; bits; bits &= bits - 1, cell++) {
			const struct column_type *type =
				&ts->columns[w * 64 + (uint32_t)__builtin_ctzll(bits)]->type;

			if (!column_type_is_scalar(type))
				size += sizeof(struct elems) +
					cell->elems->n * (type->value.type != ATOM_VOID ? 2u : 1u) *
						sizeof(union atom);
		}
	return size;
}
