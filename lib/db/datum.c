// SPDX-License-Identifier: Apache-2.0
/* Sorted arrays of atoms.  Building appends and sorts once; set operations walk one side and search
 * the other, so that adding a little to much costs little more than moving the memory. */
#include "db/datum.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/smap.h"
#include "base/str.h"
#include "base/util.h"
#include "db/error.h"
#include "db/symbol.h"

/* Elements that an array of 'n' has room for: see 'struct datum'. */
static size_t capacity(size_t n)
{
	size_t c = 1;

	if (!n)
		return 0;
	while (c < n)
		c *= 2;
	return c;
}

static void allocate(struct datum *d, size_t n, const struct column_type *t)
{
	assert(n < UINT32_MAX);
	d->n = 0;
	d->keys = n ? xmalloc(capacity(n) * sizeof(*d->keys)) : NULL;
	d->values = n && column_type_is_map(t) ? xmalloc(capacity(n) * sizeof(*d->values)) : NULL;
}

/* Makes room for 'n' elements, those present included. */
static void grow(struct datum *d, size_t n, const struct column_type *t)
{
	size_t c = capacity(n);

	if (c <= capacity(d->n))
		return;
	assert(n < UINT32_MAX);
	d->keys = xrealloc(d->keys, c * sizeof(*d->keys));
	if (column_type_is_map(t))
		d->values = xrealloc(d->values, c * sizeof(*d->values));
}

void datum_init_empty(struct datum *d)
{
	*d = (struct datum){ .n = 0 };
}

void datum_init_default(struct datum *d, const struct column_type *t)
{
	allocate(d, t->n_min, t);
	for (; d->n < t->n_min; d->n++) {
		atom_init_default(&d->keys[d->n], t->key.type);
		if (d->values)
			atom_init_default(&d->values[d->n], t->value.type);
	}
}

void datum_clone(struct datum *dst, const struct datum *src, const struct column_type *t)
{
	struct datum d;

	allocate(&d, src->n, t);
	for (; d.n < src->n; d.n++) {
		atom_clone(&d.keys[d.n], &src->keys[d.n], t->key.type);
		if (d.values)
			atom_clone(&d.values[d.n], &src->values[d.n], t->value.type);
	}
	*dst = d;
}

void datum_uninit(struct datum *d, const struct column_type *t)
{
	for (uint32_t i = 0; i < d->n; i++) {
		atom_uninit(&d->keys[i], t->key.type);
		if (d->values)
			atom_uninit(&d->values[i], t->value.type);
	}
	free(d->keys);
	free(d->values);
	datum_init_empty(d);
}

void datum_swap(struct datum *a, struct datum *b)
{
	struct datum tmp = *a;

	*a = *b;
	*b = tmp;
}

static int compare_array(const union atom *a, const union atom *b, uint32_t n, enum atom_type type)
{
	for (uint32_t i = 0; i < n; i++) {
		int cmp = atom_compare(&a[i], &b[i], type);

		if (cmp)
			return cmp;
	}
	return 0;
}

int datum_compare(const struct datum *a, const struct datum *b, const struct column_type *t)
{
	int cmp;

	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	cmp = compare_array(a->keys, b->keys, a->n, t->key.type);
	if (!cmp && column_type_is_map(t))
		cmp = compare_array(a->values, b->values, a->n, t->value.type);
	return cmp;
}

bool datum_equal(const struct datum *a, const struct datum *b, const struct column_type *t)
{
	return a->n == b->n && !datum_compare(a, b, t);
}

uint32_t datum_hash(const struct datum *d, const struct column_type *t, uint32_t basis)
{
	basis = hash_u32(d->n, basis);
	for (uint32_t i = 0; i < d->n; i++) {
		basis = atom_hash(&d->keys[i], t->key.type, basis);
		if (column_type_is_map(t))
			basis = atom_hash(&d->values[i], t->value.type, basis);
	}
	return basis;
}

static bool is_default_atom(const union atom *a, enum atom_type type)
{
	union atom zero;

	atom_init_default(&zero, type);
	return !atom_compare(a, &zero, type);
}

bool datum_is_default(const struct datum *d, const struct column_type *t)
{
	if (d->n != t->n_min)
		return false;
	for (uint32_t i = 0; i < d->n; i++)
		if (!is_default_atom(&d->keys[i], t->key.type) ||
		    (d->values && !is_default_atom(&d->values[i], t->value.type)))
			return false;
	return true;
}

/* The first of the elements from 'from' on whose key is not less than 'key'; '*found': it is
 * equal. */
static uint32_t lower_bound(const struct datum *d, uint32_t from, const union atom *key,
			    enum atom_type type, bool *found)
{
	uint32_t lo = from, hi = d->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int cmp = atom_compare(&d->keys[mid], key, type);

		if (!cmp) {
			*found = true;
			return mid;
		}
		if (cmp < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*found = false;
	return lo;
}

int datum_find_key(const struct datum *d, const union atom *key, enum atom_type type)
{
	bool found;
	uint32_t i = lower_bound(d, 0, key, type, &found);

	return found ? (int)i : -1;
}

bool datum_find_pair(const struct datum *d, const union atom *key, const union atom *value,
		     const struct column_type *t)
{
	int i = datum_find_key(d, key, t->key.type);

	return i >= 0 && !atom_compare(&d->values[i], value, t->value.type);
}

/* ---- building ---- */

void datum_add_steal(struct datum *d, const union atom *key, const union atom *value,
		     const struct column_type *t)
{
	grow(d, (size_t)d->n + 1, t);
	d->keys[d->n] = *key;
	if (d->values)
		d->values[d->n] = *value;
	d->n++;
}

void datum_add_unsafe(struct datum *d, const union atom *key, const union atom *value,
		      const struct column_type *t)
{
	union atom k, v;

	atom_clone(&k, key, t->key.type);
	if (column_type_is_map(t))
		atom_clone(&v, value, t->value.type);
	datum_add_steal(d, &k, &v, t);
}

struct pair {
	union atom key, value;
	uint32_t index;
};

static int compare_pairs(const void *a_, const void *b_, void *type_)
{
	const struct pair *a = a_, *b = b_;
	const enum atom_type *type = type_;
	int cmp = atom_compare(&a->key, &b->key, *type);

	return cmp ? cmp : a->index < b->index ? -1 : 1;
}

static int compare_keys(const void *a, const void *b, void *type_)
{
	const enum atom_type *type = type_;

	return atom_compare(a, b, *type);
}

/* Sorts by key, equal keys in the order in which they came. */
static void sort(struct datum *d, const struct column_type *t)
{
	enum atom_type type = t->key.type;
	struct pair *pairs;
	uint32_t i;

	for (i = 1; i < d->n; i++)
		if (atom_compare(&d->keys[i - 1], &d->keys[i], type) > 0)
			break;
	if (i >= d->n)
		return;
	if (!d->values) {
		qsort_r(d->keys, d->n, sizeof(*d->keys), compare_keys, &type);
		return;
	}
	pairs = xcalloc(d->n, sizeof(*pairs));
	for (i = 0; i < d->n; i++)
		pairs[i] = (struct pair){ d->keys[i], d->values[i], i };
	qsort_r(pairs, d->n, sizeof(*pairs), compare_pairs, &type);
	for (i = 0; i < d->n; i++) {
		d->keys[i] = pairs[i].key;
		d->values[i] = pairs[i].value;
	}
	free(pairs);
}

/* Drops all but the first of equal keys; true if there were any. */
static bool drop_duplicates(struct datum *d, const struct column_type *t)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < d->n; i++) {
		if (n && !atom_compare(&d->keys[n - 1], &d->keys[i], t->key.type)) {
			atom_uninit(&d->keys[i], t->key.type);
			if (d->values)
				atom_uninit(&d->values[i], t->value.type);
			continue;
		}
		d->keys[n] = d->keys[i];
		if (d->values)
			d->values[n] = d->values[i];
		n++;
	}
	if (n == d->n)
		return false;
	d->n = n;
	return true;
}

char *datum_sort(struct datum *d, const struct column_type *t)
{
	sort(d, t);
	if (!drop_duplicates(d, t))
		return NULL;
	return db_error("ovsdb error", NULL, "%s",
			column_type_is_map(t) ? "map contains duplicate key"
					      : "set contains duplicate");
}

void datum_sort_unique(struct datum *d, const struct column_type *t)
{
	sort(d, t);
	drop_duplicates(d, t);
}

void datum_remove_at(struct datum *d, size_t i, const struct column_type *t)
{
	size_t n_after = d->n - i - 1;

	atom_uninit(&d->keys[i], t->key.type);
	memmove(&d->keys[i], &d->keys[i + 1], n_after * sizeof(*d->keys));
	if (d->values) {
		atom_uninit(&d->values[i], t->value.type);
		memmove(&d->values[i], &d->values[i + 1], n_after * sizeof(*d->values));
	}
	d->n--;
	if (!d->n) {
		free(d->keys);
		free(d->values);
		datum_init_empty(d);
	}
}

/* ---- set operations ---- */

static void set_value(struct datum *d, uint32_t i, const union atom *value,
		      const struct column_type *t)
{
	atom_uninit(&d->values[i], t->value.type);
	atom_clone(&d->values[i], value, t->value.type);
}

/* Moves the elements [from, to) up by 'by'. */
static void shift(struct datum *d, uint32_t from, uint32_t to, uint32_t by)
{
	memmove(&d->keys[from + by], &d->keys[from], (to - from) * sizeof(*d->keys));
	if (d->values)
		memmove(&d->values[from + by], &d->values[from], (to - from) * sizeof(*d->values));
}

/* Inserts copies of the 'n_new' elements 'which[]' of 'b', ascending, before the elements at
 * 'before[]'. */
static void insert_many(struct datum *a, const struct datum *b, const uint32_t *which,
			const uint32_t *before, uint32_t n_new, const struct column_type *t)
{
	uint32_t end = a->n;

	grow(a, (size_t)a->n + n_new, t);
	a->n += n_new;
	for (uint32_t i = n_new; i-- > 0;) {
		uint32_t at = before[i] + i;

		shift(a, before[i], end, i + 1);
		end = before[i];
		atom_clone(&a->keys[at], &b->keys[which[i]], t->key.type);
		if (a->values)
			atom_clone(&a->values[at], &b->values[which[i]], t->value.type);
	}
}

void datum_union(struct datum *a, const struct datum *b, const struct column_type *t, bool replace)
{
	uint32_t *which, *before, n_new = 0, at = 0;

	if (!b->n)
		return;
	which = xcalloc(b->n, 2 * sizeof(*which));
	before = which + b->n;
	for (uint32_t i = 0; i < b->n; i++) {
		bool found;

		at = lower_bound(a, at, &b->keys[i], t->key.type, &found);
		if (!found) {
			which[n_new] = i;
			before[n_new++] = at;
		} else if (replace && a->values) {
			set_value(a, at, &b->values[i], t);
		}
	}
	if (n_new)
		insert_many(a, b, which, before, n_new, t);
	free(which);
}

/* Removes the elements 'which[]', ascending. */
static void remove_many(struct datum *d, const uint32_t *which, uint32_t n,
			const struct column_type *t)
{
	uint32_t to;

	if (!n)
		return;
	to = which[0];
	for (uint32_t i = 0; i < n; i++) {
		uint32_t from = which[i] + 1;
		uint32_t n_keep = (i + 1 < n ? which[i + 1] : d->n) - from;

		atom_uninit(&d->keys[which[i]], t->key.type);
		memmove(&d->keys[to], &d->keys[from], n_keep * sizeof(*d->keys));
		if (d->values) {
			atom_uninit(&d->values[which[i]], t->value.type);
			memmove(&d->values[to], &d->values[from], n_keep * sizeof(*d->values));
		}
		to += n_keep;
	}
	d->n -= n;
	if (!d->n) {
		free(d->keys);
		free(d->values);
		datum_init_empty(d);
	}
}

void datum_subtract(struct datum *a, const struct datum *b, const struct column_type *t,
		    bool by_key)
{
	uint32_t *which, n = 0, at = 0;

	if (!a->n || !b->n)
		return;
	which = xcalloc(b->n, sizeof(*which));
	for (uint32_t i = 0; i < b->n; i++) {
		bool found;

		at = lower_bound(a, at, &b->keys[i], t->key.type, &found);
		if (found && (by_key || !a->values ||
			      !atom_compare(&a->values[at], &b->values[i], t->value.type)))
			which[n++] = at;
	}
	remove_many(a, which, n, t);
	free(which);
}

/* How many elements of 'a' are in 'b': pairs if it is a map. */
static uint32_t count_common(const struct datum *a, const struct datum *b,
			     const struct column_type *t, bool until_first, bool until_missing)
{
	uint32_t n = 0, at = 0;

	for (uint32_t i = 0; i < a->n; i++) {
		bool found;

		at = lower_bound(b, at, &a->keys[i], t->key.type, &found);
		if (found && column_type_is_map(t))
			found = !atom_compare(&b->values[at], &a->values[i], t->value.type);
		n += found;
		if (found ? until_first : until_missing)
			break;
	}
	return n;
}

bool datum_includes_all(const struct datum *subset, const struct datum *of,
			const struct column_type *t)
{
	return subset->n <= of->n && count_common(subset, of, t, false, true) == subset->n;
}

bool datum_excludes_all(const struct datum *a, const struct datum *b, const struct column_type *t)
{
	return a->n <= b->n ? !count_common(a, b, t, true, false)
			    : !count_common(b, a, t, true, false);
}

static void append(struct datum *d, const struct datum *from, uint32_t i,
		   const struct column_type *t)
{
	datum_add_unsafe(d, &from->keys[i], from->values ? &from->values[i] : NULL, t);
}

void datum_diff(struct datum *diff, const struct datum *old, const struct datum *new_,
		const struct column_type *t)
{
	struct datum d;
	uint32_t i = 0, j = 0;

	if (t->n_max == 1) {
		datum_clone(diff, new_, t);
		return;
	}
	datum_init_empty(&d);
	while (i < old->n || j < new_->n) {
		int cmp = i == old->n    ? 1
			  : j == new_->n ? -1
					 : atom_compare(&old->keys[i], &new_->keys[j], t->key.type);

		if (cmp < 0) {
			append(&d, old, i++, t);
		} else if (cmp > 0) {
			append(&d, new_, j++, t);
		} else {
			if (column_type_is_map(t) &&
			    atom_compare(&old->values[i], &new_->values[j], t->value.type))
				append(&d, new_, j, t);
			i++;
			j++;
		}
	}
	*diff = d;
}

char *datum_apply_diff(struct datum *d, const struct datum *diff, const struct column_type *t)
{
	uint32_t *gone, n_gone = 0, *which, *before, n_new = 0, at = 0;

	if (t->n_max == 1) {
		struct datum new;

		if (diff->n > 1)
			return db_error("ovsdb error", NULL,
					"difference with %u elements for a column of at most one",
					diff->n);
		datum_clone(&new, diff, t);
		datum_swap(d, &new);
		datum_uninit(&new, t);
		return NULL;
	}
	if (!diff->n)
		return NULL;
	which = xcalloc(diff->n, 3 * sizeof(*which));
	before = which + diff->n;
	gone = before + diff->n;
	for (uint32_t i = 0; i < diff->n; i++) {
		bool found;

		at = lower_bound(d, at, &diff->keys[i], t->key.type, &found);
		if (!found) {
			which[n_new] = i;
			before[n_new++] = at - n_gone; /* as it will be after the removals */
		} else if (!d->values ||
			   !atom_compare(&d->values[at], &diff->values[i], t->value.type)) {
			gone[n_gone++] = at;
		} else {
			set_value(d, at, &diff->values[i], t);
		}
	}
	remove_many(d, gone, n_gone, t);
	if (n_new)
		insert_many(d, diff, which, before, n_new, t);
	free(which);
	return NULL;
}

/* ---- checks and JSON ---- */

char *datum_check(const struct datum *d, const struct column_type *t)
{
	char *error = NULL;

	if (d->n < t->n_min || d->n > t->n_max) {
		struct str s = STR_INIT;

		column_type_format_english(t, &s);
		error = db_error("constraint violation", NULL,
				 "Attempted to store %u elements in %s.", d->n, str_cstr(&s));
		str_uninit(&s);
	}
	for (uint32_t i = 0; !error && i < d->n; i++) {
		error = base_type_check(&t->key, &d->keys[i]);
		if (!error && column_type_is_map(t))
			error = base_type_check(&t->value, &d->values[i]);
	}
	return error;
}

static char *element_from_json(union atom *a, const struct base_type *b, const json_t *json,
			       struct symbol_table *symbols)
{
	struct symbol *symbol;
	char *error;

	error = atom_from_json_symbol(a, b->type, json, symbols, &symbol);
	if (error)
		return error;
	error = base_type_check(b, a);
	if (error) {
		atom_uninit(a, b->type);
		return error;
	}
	if (symbol) {
		symbol->strong_ref |= base_type_is_strong_ref(b);
		symbol->weak_ref |= base_type_is_weak_ref(b);
	}
	return NULL;
}

/* Appends where there is room already. */
static void put(struct datum *d, const union atom *key, const union atom *value)
{
	d->keys[d->n] = *key;
	if (d->values)
		d->values[d->n] = *value;
	d->n++;
}

static char *pair_from_json(struct datum *d, const struct column_type *t, const json_t *json,
			    struct symbol_table *symbols)
{
	union atom key, value;
	char *error;

	if (json_array_size(json) != 2)
		return db_syntax_error(json, "expected 2-element array");
	error = element_from_json(&key, &t->key, json_array_get(json, 0), symbols);
	if (error)
		return error;
	error = element_from_json(&value, &t->value, json_array_get(json, 1), symbols);
	if (error) {
		atom_uninit(&key, t->key.type);
		return error;
	}
	put(d, &key, &value);
	return NULL;
}

static bool is_tagged(const json_t *json, const char *tag)
{
	const char *s = json_string_value(json_array_get(json, 0));

	return json_is_array(json) && s && streq(s, tag);
}

static char *check_n(const struct column_type *t, const json_t *json, size_t n, bool relaxed)
{
	const char *what = column_type_is_map(t) ? "map" : "set";

	if (n >= UINT32_MAX)
		return db_syntax_error(NULL, "%s has too many members", what);
	if (relaxed || (n >= t->n_min && n <= t->n_max))
		return NULL;
	if (t->n_min == 1 && t->n_max == 1)
		return db_syntax_error(json, "%s must have exactly one member but %zu are present",
				       what, n);
	return db_syntax_error(json, "%s must have %u to %u members but %zu are present", what,
			       t->n_min, t->n_max, n);
}

char *datum_from_json(struct datum *d, const struct column_type *t, const json_t *json,
		      struct symbol_table *symbols, bool relaxed)
{
	bool is_map = column_type_is_map(t);
	struct datum new;
	json_t *elements, *element;
	union atom atom;
	char *error;
	size_t i;

	datum_init_empty(&new);
	if (!is_map && !is_tagged(json, "set")) {
		error = element_from_json(&atom, &t->key, json, symbols);
		if (error)
			return error;
		allocate(&new, 1, t);
		put(&new, &atom, NULL);
		*d = new;
		return NULL;
	}
	elements = json_array_get(json, 1);
	if ((is_map && !is_tagged(json, "map")) || json_array_size(json) != 2 ||
	    !json_is_array(elements))
		return db_syntax_error(json, "expected [\"%s\", <array>]", is_map ? "map" : "set");
	error = check_n(t, json, json_array_size(elements), relaxed);
	if (error)
		return error;
	allocate(&new, json_array_size(elements), t);
	json_array_foreach(elements, i, element) {
		if (is_map) {
			error = pair_from_json(&new, t, element, symbols);
		} else {
			error = element_from_json(&atom, &t->key, element, symbols);
			if (!error)
				put(&new, &atom, NULL);
		}
		if (error)
			break;
	}
	if (!error)
		error = datum_sort(&new, t);
	if (error)
		datum_uninit(&new, t);
	else
		*d = new;
	return error;
}

json_t *datum_to_json(const struct datum *d, const struct column_type *t)
{
	bool is_map = column_type_is_map(t);
	json_t *elements;

	if (!is_map && d->n == 1)
		return atom_to_json(&d->keys[0], t->key.type);
	elements = json_array();
	for (uint32_t i = 0; i < d->n; i++) {
		json_t *key = atom_to_json(&d->keys[i], t->key.type);

		json_array_append_new(elements,
				      is_map ? json_pack("[oo]", key,
							 atom_to_json(&d->values[i], t->value.type))
					     : key);
	}
	return json_pack("[so]", is_map ? "map" : "set", elements);
}

/* ---- conveniences ---- */

void datum_to_smap(const struct datum *d, struct smap *map)
{
	smap_init(map);
	for (uint32_t i = 0; i < d->n; i++)
		smap_set(map, d->keys[i].string->s, d->values[i].string->s);
}

static struct atom_string *string_of(const char *s)
{
	return atom_string_create(s, strlen(s));
}

void datum_from_smap(struct datum *d, const struct smap *map)
{
	struct column_type t = column_type_set_of(ATOM_STRING);
	const struct smap_node **nodes = smap_sort(map);
	size_t n = smap_count(map);

	base_type_init(&t.value, ATOM_STRING);
	allocate(d, n, &t);
	for (; d->n < n; d->n++) {
		const char *value = nodes[d->n]->value;

		d->keys[d->n].string = string_of(nodes[d->n]->key);
		d->values[d->n].string = string_of(value ? value : "");
	}
	free(nodes);
	datum_sort_unique(d, &t);
}

static void init_one(struct datum *d, union atom atom)
{
	*d = (struct datum){ .n = 1, .keys = xmemdup(&atom, sizeof(atom)) };
}

void datum_init_string(struct datum *d, const char *s)
{
	init_one(d, (union atom){ .string = string_of(s) });
}

void datum_init_integer(struct datum *d, int64_t v)
{
	init_one(d, (union atom){ .integer = v });
}

void datum_init_boolean(struct datum *d, bool v)
{
	init_one(d, (union atom){ .boolean = v });
}
