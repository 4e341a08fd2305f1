// SPDX-License-Identifier: Apache-2.0
#include "db/type.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"
#include "db/datum.h"
#include "db/error.h"
#include "db/members.h"
#include "db/text.h"

void base_type_init(struct base_type *b, enum atom_type type)
{
	memset(b, 0, sizeof(*b));
	b->type = type;
	switch (type) {
	case ATOM_VOID:
	case ATOM_BOOLEAN:
		break;
	case ATOM_INTEGER:
		b->integer.min = INT64_MIN;
		b->integer.max = INT64_MAX;
		break;
	case ATOM_REAL:
		b->real.min = -DBL_MAX;
		b->real.max = DBL_MAX;
		break;
	case ATOM_STRING:
		b->string.max_len = UINT32_MAX;
		break;
	case ATOM_UUID:
		b->uuid.table_index = UINT32_MAX;
		break;
	}
}

void base_type_uninit(struct base_type *b)
{
	if (b->enum_) {
		struct column_type type = column_type_set_of(b->type);

		datum_uninit(b->enum_, &type);
		free(b->enum_);
	}
	if (b->type == ATOM_UUID)
		free(b->uuid.table_name);
	memset(b, 0, sizeof(*b));
}

void base_type_clone(struct base_type *dst, const struct base_type *src)
{
	*dst = *src;
	if (src->enum_) {
		struct column_type type = column_type_set_of(src->type);

		dst->enum_ = xmalloc(sizeof(*dst->enum_));
		datum_clone(dst->enum_, src->enum_, &type);
	}
	if (src->type == ATOM_UUID)
		dst->uuid.table_name = xstrdup_nullable(src->uuid.table_name);
}

static char *check_enum(const struct base_type *b, const union atom *a)
{
	struct column_type type = column_type_set_of(b->type);
	struct str value = STR_INIT, allowed = STR_INIT;
	char *error;

	if (datum_find_key(b->enum_, a, b->type) >= 0)
		return NULL;
	atom_format(a, b->type, &value);
	datum_format(b->enum_, &type, &allowed);
	error = db_error("constraint violation", NULL, "%s is not one of the allowed values (%s)",
			 str_cstr(&value), str_cstr(&allowed));
	str_uninit(&value);
	str_uninit(&allowed);
	return error;
}

static char *check_integer(const struct base_type *b, int64_t v)
{
	long long int value = v, min = b->integer.min, max = b->integer.max;

	if (value >= min && value <= max)
		return NULL;
	if (min != INT64_MIN && max != INT64_MAX)
		return db_error("constraint violation", NULL,
				"%lld is not in the valid range %lld to %lld (inclusive)", value,
				min, max);
	return value < min
		       ? db_error("constraint violation", NULL,
				  "%lld is less than minimum allowed value %lld", value, min)
		       : db_error("constraint violation", NULL,
				  "%lld is greater than maximum allowed value %lld", value, max);
}

static char *check_real(const struct base_type *b, double v)
{
	double min = b->real.min, max = b->real.max;

	if (v >= min && v <= max)
		return NULL;
	if (min != -DBL_MAX && max != DBL_MAX)
		return db_error("constraint violation", NULL,
				"%.*g is not in the valid range %.*g to %.*g (inclusive)", DBL_DIG,
				v, DBL_DIG, min, DBL_DIG, max);
	return v < min ? db_error("constraint violation", NULL,
				  "%.*g is less than minimum allowed value %.*g", DBL_DIG, v,
				  DBL_DIG, min)
		       : db_error("constraint violation", NULL,
				  "%.*g is greater than maximum allowed value %.*g", DBL_DIG, v,
				  DBL_DIG, max);
}

static char *check_string(const struct base_type *b, const struct atom_string *as)
{
	uint32_t n_chars = 0;

	if (!b->string.min_len && b->string.max_len == UINT32_MAX)
		return NULL;
	for (uint32_t i = 0; i < as->len; i++)
		n_chars += ((unsigned char)as->s[i] & 0xc0) != 0x80;
	if (n_chars < b->string.min_len)
		return db_error("constraint violation", NULL,
				"\"%s\" length %u is less than minimum allowed length %u", as->s,
				n_chars, b->string.min_len);
	if (n_chars > b->string.max_len)
		return db_error("constraint violation", NULL,
				"\"%s\" length %u is greater than maximum allowed length %u", as->s,
				n_chars, b->string.max_len);
	return NULL;
}

char *base_type_check(const struct base_type *b, const union atom *a)
{
	if (b->enum_)
		return check_enum(b, a);
	switch (b->type) {
	case ATOM_INTEGER:
		return check_integer(b, a->integer);
	case ATOM_REAL:
		return check_real(b, a->real);
	case ATOM_STRING:
		return check_string(b, a->string);
	case ATOM_VOID:
	case ATOM_BOOLEAN:
	case ATOM_UUID:
		break;
	}
	return NULL;
}

bool base_type_is_ref(const struct base_type *b)
{
	return b->type == ATOM_UUID && b->uuid.table_name;
}

bool base_type_is_strong_ref(const struct base_type *b)
{
	return base_type_is_ref(b) && b->uuid.kind == REF_STRONG;
}

bool base_type_is_weak_ref(const struct base_type *b)
{
	return base_type_is_ref(b) && b->uuid.kind == REF_WEAK;
}

struct column_type column_type_set_of(enum atom_type type)
{
	struct column_type t = { .n_min = 0, .n_max = UINT32_MAX };

	base_type_init(&t.key, type);
	return t;
}

void column_type_uninit(struct column_type *t)
{
	base_type_uninit(&t->key);
	base_type_uninit(&t->value);
}

void column_type_clone(struct column_type *dst, const struct column_type *src)
{
	base_type_clone(&dst->key, &src->key);
	base_type_clone(&dst->value, &src->value);
	dst->n_min = src->n_min;
	dst->n_max = src->n_max;
}

/* ---- JSON ---- */

static char *integer_constraints(struct base_type *b, struct members *m)
{
	const json_t *min = members_get(m, "minInteger", MEMBER_INTEGER | MEMBER_OPTIONAL);
	const json_t *max = members_get(m, "maxInteger", MEMBER_INTEGER | MEMBER_OPTIONAL);

	if (min)
		json_integral(min, &b->integer.min);
	if (max)
		json_integral(max, &b->integer.max);
	return b->integer.min <= b->integer.max
		       ? NULL
		       : db_syntax_error(m->json, "minInteger exceeds maxInteger");
}

static char *real_constraints(struct base_type *b, struct members *m)
{
	const json_t *min = members_get(m, "minReal", MEMBER_NUMBER | MEMBER_OPTIONAL);
	const json_t *max = members_get(m, "maxReal", MEMBER_NUMBER | MEMBER_OPTIONAL);

	if (min)
		b->real.min = json_number_value(min);
	if (max)
		b->real.max = json_number_value(max);
	return b->real.min <= b->real.max ? NULL
					  : db_syntax_error(m->json, "minReal exceeds maxReal");
}

static char *length_constraint(uint32_t *len, const json_t *json, const char *name)
{
	int64_t v;

	if (!json)
		return NULL;
	if (!json_integral(json, &v) || v < 0 || v > UINT32_MAX)
		return db_syntax_error(json, "%s out of valid range 0 to %u", name, UINT32_MAX);
	*len = (uint32_t)v;
	return NULL;
}

static char *string_constraints(struct base_type *b, struct members *m)
{
	const json_t *min = members_get(m, "minLength", MEMBER_INTEGER | MEMBER_OPTIONAL);
	const json_t *max = members_get(m, "maxLength", MEMBER_INTEGER | MEMBER_OPTIONAL);
	char *error;

	error = length_constraint(&b->string.min_len, min, "minLength");
	if (!error)
		error = length_constraint(&b->string.max_len, max, "maxLength");
	if (!error && b->string.min_len > b->string.max_len)
		error = db_syntax_error(m->json, "minLength exceeds maxLength");
	return error;
}

static char *reference(struct base_type *b, struct members *m)
{
	const json_t *table = members_get(m, "refTable", MEMBER_ID | MEMBER_OPTIONAL);
	const json_t *kind;

	if (!table)
		return NULL;
	b->uuid.table_name = xstrdup(json_string_value(table));
	b->uuid.kind = REF_STRONG;
	/* MEMBER_STRING rather than a list of words, for the better sentence below */
	kind = members_get(m, "refType", MEMBER_STRING | MEMBER_OPTIONAL);
	if (!kind || streq(json_string_value(kind), "strong"))
		return NULL;
	if (!streq(json_string_value(kind), "weak"))
		return db_syntax_error(m->json,
				       "refType must be \"strong\" or \"weak\" (not \"%s\")",
				       json_string_value(kind));
	b->uuid.kind = REF_WEAK;
	return NULL;
}

static char *enumeration(struct base_type *b, const json_t *json)
{
	struct column_type type = column_type_set_of(b->type);
	struct datum d;
	char *error;

	type.n_min = 1;
	error = datum_from_json(&d, &type, json, NULL, false);
	if (!error)
		b->enum_ = xmemdup(&d, sizeof(d));
	return error;
}

static char *type_from_name(struct base_type *b, const json_t *json)
{
	enum atom_type type;

	if (!atom_type_parse(json_string_value(json), &type))
		return db_syntax_error(json, "\"%s\" is not an atomic-type",
				       json_string_value(json));
	base_type_init(b, type);
	return NULL;
}

static char *base_from_object(struct base_type *b, const json_t *json)
{
	struct members m;
	const json_t *name, *values;
	char *error = NULL, *other;

	members_init(&m, json, "ovsdb type");
	name = members_get(&m, "type", MEMBER_STRING);
	if (name)
		error = type_from_name(b, name);
	values = members_get(&m, "enum", MEMBER_ANY | MEMBER_OPTIONAL);
	if (!name || error) {
		/* what else is there cannot be judged without a type */
	} else if (values) {
		error = enumeration(b, values);
	} else if (b->type == ATOM_INTEGER) {
		error = integer_constraints(b, &m);
	} else if (b->type == ATOM_REAL) {
		error = real_constraints(b, &m);
	} else if (b->type == ATOM_STRING) {
		error = string_constraints(b, &m);
	} else if (b->type == ATOM_UUID) {
		error = reference(b, &m);
	}
	other = members_finish(&m);
	if (!error)
		return other;
	free(other);
	return error;
}

static char *base_from_json(struct base_type *b, const json_t *json)
{
	char *error;

	base_type_init(b, ATOM_VOID);
	error = json_is_string(json) ? type_from_name(b, json) : base_from_object(b, json);
	if (error)
		base_type_uninit(b);
	return error;
}

static char *n_from_json(const json_t *json, uint32_t *n)
{
	int64_t v;

	if (!json)
		return NULL;
	if (json_is_string(json) && streq(json_string_value(json), "unlimited")) {
		*n = UINT32_MAX;
		return NULL;
	}
	if (!json_integral(json, &v) || v < 0 || v >= UINT32_MAX)
		return db_syntax_error(json, "bad min or max value");
	*n = (uint32_t)v;
	return NULL;
}

char *column_type_from_json(struct column_type *t, const json_t *json)
{
	struct column_type new = { .n_min = 1, .n_max = 1 };
	const json_t *key, *value, *min, *max;
	struct members m;
	char *error;

	if (json_is_string(json)) {
		error = base_from_json(&new.key, json);
		if (!error)
			*t = new;
		return error;
	}
	members_init(&m, json, "ovsdb type");
	key = members_get(&m, "key", MEMBER_STRING | MEMBER_OBJECT);
	value = members_get(&m, "value", MEMBER_STRING | MEMBER_OBJECT | MEMBER_OPTIONAL);
	min = members_get(&m, "min", MEMBER_INTEGER | MEMBER_OPTIONAL);
	max = members_get(&m, "max", MEMBER_INTEGER | MEMBER_STRING | MEMBER_OPTIONAL);
	error = members_finish(&m);
	if (error)
		return error;
	error = base_from_json(&new.key, key);
	if (!error && value)
		error = base_from_json(&new.value, value);
	if (!error)
		error = n_from_json(min, &new.n_min);
	if (!error)
		error = n_from_json(max, &new.n_max);
	if (!error && (new.n_min > 1 || !new.n_max || new.n_min > new.n_max))
		error = db_syntax_error(json, "ovsdb type fails constraint checks");
	if (error)
		column_type_uninit(&new);
	else
		*t = new;
	return error;
}

static json_t *base_to_json(const struct base_type *b)
{
	json_t *json = json_object();

	json_object_set_new(json, "type", json_string(atom_type_name(b->type)));
	if (b->enum_) {
		struct column_type type = column_type_set_of(b->type);

		json_object_set_new(json, "enum", datum_to_json(b->enum_, &type));
	}
	switch (b->type) {
	case ATOM_INTEGER:
		if (b->integer.min != INT64_MIN)
			json_object_set_new(json, "minInteger", json_integer(b->integer.min));
		if (b->integer.max != INT64_MAX)
			json_object_set_new(json, "maxInteger", json_integer(b->integer.max));
		break;
	case ATOM_REAL:
		if (b->real.min != -DBL_MAX)
			json_object_set_new(json, "minReal", json_real(b->real.min));
		if (b->real.max != DBL_MAX)
			json_object_set_new(json, "maxReal", json_real(b->real.max));
		break;
	case ATOM_STRING:
		if (b->string.min_len)
			json_object_set_new(json, "minLength", json_integer(b->string.min_len));
		if (b->string.max_len != UINT32_MAX)
			json_object_set_new(json, "maxLength", json_integer(b->string.max_len));
		break;
	case ATOM_UUID:
		if (!b->uuid.table_name)
			break;
		json_object_set_new(json, "refTable", json_string(b->uuid.table_name));
		if (b->uuid.kind == REF_WEAK)
			json_object_set_new(json, "refType", json_string("weak"));
		break;
	case ATOM_VOID:
	case ATOM_BOOLEAN:
		break;
	}
	if (json_object_size(json) == 1) {
		json_decref(json);
		return json_string(atom_type_name(b->type));
	}
	return json;
}

json_t *column_type_to_json(const struct column_type *t)
{
	json_t *key = base_to_json(&t->key), *json;

	if (!column_type_is_map(t) && t->n_min == 1 && t->n_max == 1 && json_is_string(key))
		return key;
	json = json_object();
	json_object_set_new(json, "key", key);
	if (column_type_is_map(t))
		json_object_set_new(json, "value", base_to_json(&t->value));
	if (t->n_min != 1)
		json_object_set_new(json, "min", json_integer(t->n_min));
	if (t->n_max == UINT32_MAX)
		json_object_set_new(json, "max", json_string("unlimited"));
	else if (t->n_max != 1)
		json_object_set_new(json, "max", json_integer(t->n_max));
	return json;
}

void column_type_format_english(const struct column_type *t, struct str *s)
{
	const char *key = atom_type_name(t->key.type);

	if (column_type_is_scalar(t)) {
		str_put(s, key);
		return;
	}
	str_put(s, column_type_is_map(t) ? "map of " : "set of ");
	if (t->n_max == UINT32_MAX) {
		if (t->n_min)
			str_printf(s, "%u or more ", t->n_min);
	} else if (t->n_min) {
		str_printf(s, "%u to %u ", t->n_min, t->n_max);
	} else {
		str_printf(s, "up to %u ", t->n_max);
	}
	if (column_type_is_map(t))
		str_printf(s, "(%s, %s) pairs", key, atom_type_name(t->value.type));
	else
		str_printf(s, "%ss", key);
}
