/* SPDX-License-Identifier: Apache-2.0 */
/* A column's content: 'n' keys, sorted and unique, and as many values if it is a map. */
#ifndef DB_DATUM_H
#define DB_DATUM_H

#include "db/type.h"

struct smap;

/* Arrays have room for the next power of two from 'n' on: functions that add rely on it.  A datum
 * over arrays of the caller's own size or storage may be read, sorted and shrunk, but not added
 * to. */
struct datum {
	uint32_t n;
	union atom *keys;
	union atom *values; /* NULL unless a map with n > 0 */
};

void datum_init_empty(struct datum *);
/* One default atom if n_min is 1, else empty. */
void datum_init_default(struct datum *, const struct column_type *);
void datum_clone(struct datum *dst, const struct datum *src, const struct column_type *);
void datum_uninit(struct datum *, const struct column_type *);
void datum_swap(struct datum *, struct datum *);
bool datum_equal(const struct datum *, const struct datum *, const struct column_type *);
int datum_compare(const struct datum *, const struct datum *, const struct column_type *);
uint32_t datum_hash(const struct datum *, const struct column_type *, uint32_t basis);
bool datum_is_default(const struct datum *, const struct column_type *);

/* -1 if absent. */
int datum_find_key(const struct datum *, const union atom *key, enum atom_type);
bool datum_find_pair(const struct datum *, const union atom *key, const union atom *value,
		     const struct column_type *);

/* Building: adds copies in any order, then sorts once.  NULL or a sentence for a duplicate key.
 * Until it is sorted, a datum may only be added to, sorted and uninit. */
void datum_add_unsafe(struct datum *, const union atom *key, const union atom *value,
		      const struct column_type *);
/* Takes the atoms over in place of copying them. */
void datum_add_steal(struct datum *, const union atom *key, const union atom *value,
		     const struct column_type *);
char *datum_sort(struct datum *, const struct column_type *);
void datum_sort_unique(struct datum *, const struct column_type *); /* first of equals stays */
void datum_remove_at(struct datum *, size_t i, const struct column_type *);

/* Sets: 'a' becomes a | b (map: pairs of 'b' with new keys; 'replace': b's value wins), a - b (map:
 * by pair, or by key if 'b' has only keys: 'by_key'). */
void datum_union(struct datum *a, const struct datum *b, const struct column_type *, bool replace);
void datum_subtract(struct datum *a, const struct datum *b, const struct column_type *,
		    bool by_key);
bool datum_includes_all(const struct datum *subset, const struct datum *of,
			const struct column_type *);
bool datum_excludes_all(const struct datum *, const struct datum *, const struct column_type *);
/* The difference of update2, update3 and "_is_diff": symmetric for sets; for maps changed pairs
 * have the new value, removed pairs the old one; of types with at most one element the new value.
 * datum_apply_diff() is its inverse; it does not check the number of elements, datum_check()
 * does. */
void datum_diff(struct datum *diff, const struct datum *old, const struct datum *new_,
		const struct column_type *);
char *datum_apply_diff(struct datum *, const struct datum *diff, const struct column_type *);

/* Number of elements and every atom against the type: NULL or a sentence. */
char *datum_check(const struct datum *, const struct column_type *);
/* RFC 7047 notation.  NULL or a sentence, '*d' is untouched then.  'relaxed': the number of
 * elements is not checked (differences).  Named-uuids mark their symbols as referred to, as the
 * type says. */
char *datum_from_json(struct datum *, const struct column_type *, const json_t *,
		      struct symbol_table *, bool relaxed);
json_t *datum_to_json(const struct datum *, const struct column_type *);
/* A map of string to string as a smap (initialised here) and back. */
void datum_to_smap(const struct datum *, struct smap *);
void datum_from_smap(struct datum *, const struct smap *);
void datum_init_string(struct datum *, const char *);
void datum_init_integer(struct datum *, int64_t);
void datum_init_boolean(struct datum *, bool);

#endif
