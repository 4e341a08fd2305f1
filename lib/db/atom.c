// SPDX-License-Identifier: Apache-2.0
#include "db/atom.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/util.h"
#include "db/error.h"
#include "db/members.h"
#include "db/schema.h"
#include "db/symbol.h"

static const char *const type_names[ATOM_N_TYPES] = {
	[ATOM_VOID] = "void",       [ATOM_INTEGER] = "integer", [ATOM_REAL] = "real",
	[ATOM_BOOLEAN] = "boolean", [ATOM_STRING] = "string",   [ATOM_UUID] = "uuid",
};

/* Empty strings are most strings, so they cost nothing. */
static struct {
	struct atom_string head;
	char nul;
} empty_string = { .head = { .refs = ATOM_STRING_STATIC } };

const char *atom_type_name(enum atom_type type)
{
	return (unsigned int)type < ATOM_N_TYPES ? type_names[type] : "void";
}

bool atom_type_parse(const char *name, enum atom_type *type)
{
	for (int i = ATOM_INTEGER; i < ATOM_N_TYPES; i++) {
		if (streq(name, type_names[i])) {
			*type = (enum atom_type)i;
			return true;
		}
	}
	return false;
}

struct atom_string *atom_string_create(const char *s, size_t len)
{
	struct atom_string *as;

	if (!len)
		return &empty_string.head;
	assert(len < UINT32_MAX);
	as = xmalloc(sizeof(*as) + len + 1);
	as->refs = 1;
	as->len = (uint32_t)len;
	memcpy(as->s, s, len);
	as->s[len] = '\0';
	return as;
}

struct atom_string *atom_string_ref(struct atom_string *as)
{
	if (as->refs != ATOM_STRING_STATIC)
		as->refs++; /* arriving at ATOM_STRING_STATIC it is never freed: a leak, no more */
	return as;
}

void atom_string_unref(struct atom_string *as)
{
	if (as && as->refs != ATOM_STRING_STATIC && !--as->refs)
		free(as);
}

void atom_init_default(union atom *a, enum atom_type type)
{
	memset(a, 0, sizeof(*a));
	if (type == ATOM_STRING)
		a->string = &empty_string.head;
}

void atom_clone(union atom *dst, const union atom *src, enum atom_type type)
{
	*dst = *src;
	if (type == ATOM_STRING)
		atom_string_ref(dst->string);
}

void atom_uninit(union atom *a, enum atom_type type)
{
	if (type == ATOM_STRING)
		atom_string_unref(a->string);
}

int atom_compare(const union atom *a, const union atom *b, enum atom_type type)
{
	switch (type) {
	case ATOM_VOID:
		return 0;
	case ATOM_INTEGER:
		return a->integer < b->integer ? -1 : a->integer > b->integer;
	case ATOM_REAL:
		return a->real < b->real ? -1 : a->real > b->real;
	case ATOM_BOOLEAN:
		return a->boolean - b->boolean;
	case ATOM_STRING:
		return a->string == b->string ? 0 : strcmp(a->string->s, b->string->s);
	case ATOM_UUID:
		return uuid_compare(&a->uuid, &b->uuid);
	}
	return 0;
}

uint32_t atom_hash(const union atom *a, enum atom_type type, uint32_t basis)
{
	uint64_t bits = 0;
	double real;

	switch (type) {
	case ATOM_VOID:
		break;
	case ATOM_INTEGER:
		bits = (uint64_t)a->integer;
		break;
	case ATOM_REAL:
		real = a->real == 0 ? 0 : a->real; /* -0 equals 0 */
		memcpy(&bits, &real, sizeof(bits));
		break;
	case ATOM_BOOLEAN:
		bits = a->boolean;
		break;
	case ATOM_STRING:
		return hash_bytes(a->string->s, a->string->len, basis);
	case ATOM_UUID:
		return hash_u32(uuid_hash(&a->uuid), basis);
	}
	return hash_u64(bits, basis);
}

static char *uuid_from_json(struct uuid *u, const json_t *json, struct symbol_table *symbols,
			    struct symbol **symbol)
{
	const char *kind, *s;

	if (json_array_size(json) != 2 || !json_is_string(json_array_get(json, 0)) ||
	    !json_is_string(json_array_get(json, 1)))
		return db_syntax_error(json, "expected [\"uuid\", <string>]");
	kind = json_string_value(json_array_get(json, 0));
	s = json_string_value(json_array_get(json, 1));
	if (streq(kind, "uuid")) {
		if (!uuid_parse(s, u))
			return db_syntax_error(json, "\"%s\" is not a valid UUID", s);
		return NULL;
	}
	if (!streq(kind, "named-uuid") || !symbols)
		return db_syntax_error(json, "expected [\"uuid\", <string>]");
	if (!schema_is_valid_id(s))
		return db_syntax_error(json, "named-uuid string is not a valid <id>");
	*symbol = symbol_insert(symbols, s);
	*u = (*symbol)->uuid;
	return NULL;
}

char *atom_from_json_symbol(union atom *a, enum atom_type type, const json_t *json,
			    struct symbol_table *symbols, struct symbol **symbol)
{
	union atom v;

	memset(&v, 0, sizeof(v));
	*symbol = NULL;
	switch (type) {
	case ATOM_VOID:
		break;
	case ATOM_INTEGER:
		if (!json_integral(json, &v.integer))
			goto mismatch;
		*a = v;
		return NULL;
	case ATOM_REAL:
		if (!json_is_number(json) || !isfinite(json_number_value(json)))
			goto mismatch;
		v.real = json_number_value(json);
		*a = v;
		return NULL;
	case ATOM_BOOLEAN:
		if (!json_is_boolean(json))
			goto mismatch;
		v.boolean = json_is_true(json);
		*a = v;
		return NULL;
	case ATOM_STRING: {
		const char *s = json_string_value(json);
		size_t len = json_string_length(json);

		if (!s || len >= UINT32_MAX)
			goto mismatch;
		if (memchr(s, '\0', len))
			return db_syntax_error(json, "null characters are not allowed in strings");
		v.string = atom_string_create(s, len);
		*a = v;
		return NULL;
	}
	case ATOM_UUID: {
		char *error = uuid_from_json(&v.uuid, json, symbols, symbol);

		if (!error)
			*a = v;
		return error;
	}
	}
mismatch:
	return db_syntax_error(json, "expected %s", atom_type_name(type));
}

char *atom_from_json(union atom *a, enum atom_type type, const json_t *json,
		     struct symbol_table *symbols)
{
	struct symbol *symbol;

	return atom_from_json_symbol(a, type, json, symbols, &symbol);
}

/* A real without fraction is written as an integer: 5, not 5.0. */
static json_t *real_to_json(double real)
{
	assert(isfinite(real));
	if (real == trunc(real) && fabs(real) < 1e15)
		return json_integer((json_int_t)real);
	return json_real(real);
}

/* What did not come as JSON may be no UTF-8: it must not make the whole message unprintable. */
static json_t *string_to_json(const struct atom_string *as)
{
	json_t *json = json_stringn(as->s, as->len);
	char *ascii;

	if (json)
		return json;
	ascii = xmemdup(as->s, as->len);
	for (size_t i = 0; i < as->len; i++)
		if ((unsigned char)ascii[i] >= 0x80)
			ascii[i] = '?';
	json = json_stringn_nocheck(ascii, as->len);
	free(ascii);
	return json;
}

json_t *atom_to_json(const union atom *a, enum atom_type type)
{
	switch (type) {
	case ATOM_VOID:
		break;
	case ATOM_INTEGER:
		return json_integer(a->integer);
	case ATOM_REAL:
		return real_to_json(a->real);
	case ATOM_BOOLEAN:
		return json_boolean(a->boolean);
	case ATOM_STRING:
		return string_to_json(a->string);
	case ATOM_UUID: {
		char s[UUID_LEN + 1];

		snprintf(s, sizeof(s), UUID_FMT, UUID_ARGS(&a->uuid));
		return json_pack("[ss]", "uuid", s);
	}
	}
	return json_null();
}
