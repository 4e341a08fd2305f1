/* SPDX-License-Identifier: Apache-2.0 */
/* Types of columns (RFC 7047 section 3.2): base types with constraints, and column types. */
#ifndef DB_TYPE_H
#define DB_TYPE_H

#include "db/atom.h"

struct datum;

enum ref_kind { REF_NONE, REF_STRONG, REF_WEAK };

struct base_type {
	enum atom_type type;
	struct datum *enum_; /* allowed values, NULL: any */
	union {
		struct {
			int64_t min, max;
		} integer;
		struct {
			double min, max;
		} real;
		struct {
			uint32_t min_len, max_len; /* in characters */
		} string;
		struct {
			char *table_name; /* refTable, NULL: a plain UUID */
			enum ref_kind kind;
			uint32_t table_index; /* of the schema, UINT32_MAX before it is resolved */
		} uuid;
	};
};

struct column_type {
	struct base_type key;
	struct base_type value; /* type ATOM_VOID: not a map */
	uint32_t n_min; /* 0 or 1 */
	uint32_t n_max; /* at least 1; UINT32_MAX: unlimited */
};

static inline bool column_type_is_map(const struct column_type *t)
{
	return t->value.type != ATOM_VOID;
}
static inline bool column_type_is_scalar(const struct column_type *t)
{
	return !column_type_is_map(t) && t->n_min == 1 && t->n_max == 1;
}
static inline bool column_type_is_optional(const struct column_type *t)
{
	return t->n_min == 0 && t->n_max == 1;
}

/* A base type without constraints: { ATOM_INTEGER, ... }. */
void base_type_init(struct base_type *, enum atom_type);
void base_type_uninit(struct base_type *);
void base_type_clone(struct base_type *dst, const struct base_type *src);
/* Checks one atom against the constraints (not references): NULL or a sentence. */
char *base_type_check(const struct base_type *, const union atom *);
bool base_type_is_ref(const struct base_type *);
bool base_type_is_strong_ref(const struct base_type *);
bool base_type_is_weak_ref(const struct base_type *);

/* The type "set of any number of 'type'", without constraints; nothing to uninit. */
struct column_type column_type_set_of(enum atom_type);
void column_type_uninit(struct column_type *);
void column_type_clone(struct column_type *dst, const struct column_type *src);
/* NULL or a sentence (db/error.h), with nothing to uninit.  References are not resolved. */
char *column_type_from_json(struct column_type *, const json_t *);
json_t *column_type_to_json(const struct column_type *);
/* "set of up to 4 strings", as error messages and documentation say it. */
void column_type_format_english(const struct column_type *, struct str *);

#endif
