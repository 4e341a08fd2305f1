/* SPDX-License-Identifier: Apache-2.0 */
/* OVSDB values (RFC 7047 section 5.1): an atom is one integer, real, boolean, string or UUID.
 * A datum is what a column holds: a set of atoms, or a map, sorted and without duplicates; a scalar
 * is a set of one.  Strings are shared and counted, so that copies of rows cost little.
 * Threads: a value belongs to one thread; string counts are not atomic. */
#ifndef DB_ATOM_H
#define DB_ATOM_H

#include <jansson.h>

#include "base/compiler.h"

struct str;

struct uuid {
	uint32_t parts[4]; /* host order, as printed from left to right */
};
#define UUID_LEN 36
#define UUID_FMT "%08x-%04x-%04x-%04x-%04x%08x"
#define UUID_ARGS(U)                                                                               \
	(U)->parts[0], (U)->parts[1] >> 16, (U)->parts[1] & 0xffff, (U)->parts[2] >> 16,           \
		(U)->parts[2] & 0xffff, (U)->parts[3]
void uuid_generate(struct uuid *); /* RFC 4122 version 4 */
void uuid_zero(struct uuid *);
bool uuid_is_zero(const struct uuid *);
bool uuid_equal(const struct uuid *, const struct uuid *);
int uuid_compare(const struct uuid *, const struct uuid *);
uint32_t uuid_hash(const struct uuid *);
bool uuid_parse(const char *, struct uuid *); /* the whole string */
/* How many octets of 's' could begin a UUID (SPEC 2.1: a unique prefix of 4 or more hex digits). */
size_t uuid_prefix_len(const char *s);

enum atom_type { ATOM_VOID, ATOM_INTEGER, ATOM_REAL, ATOM_BOOLEAN, ATOM_STRING, ATOM_UUID };
#define ATOM_N_TYPES 6

struct atom_string {
	uint32_t refs; /* ATOM_STRING_STATIC: never counted, never freed */
	uint32_t len;
	char s[]; /* NUL-terminated UTF-8 without NULs inside */
};

#define ATOM_STRING_STATIC UINT32_MAX

union atom {
	int64_t integer;
	double real;
	bool boolean;
	struct atom_string *string; /* counted */
	struct uuid uuid;
};

const char *atom_type_name(enum atom_type);
bool atom_type_parse(const char *, enum atom_type *);
struct atom_string *atom_string_create(const char *, size_t len);
struct atom_string *atom_string_ref(struct atom_string *);
void atom_string_unref(struct atom_string *);

void atom_init_default(union atom *, enum atom_type);
void atom_clone(union atom *, const union atom *, enum atom_type);
void atom_uninit(union atom *, enum atom_type);
int atom_compare(const union atom *, const union atom *, enum atom_type); /* total order */
uint32_t atom_hash(const union atom *, enum atom_type, uint32_t basis);

/* Symbols: "named-uuid" of a transaction, and @names of ovs-vsctl. */
struct symbol_table;

struct symbol;

/* JSON both ways.  NULL or a sentence (db/error.h), '*a' is untouched then.  'symbols' NULL:
 * named-uuid is an error. */
char *atom_from_json(union atom *, enum atom_type, const json_t *, struct symbol_table *symbols);
/* The same, and tells the symbol that a named-uuid named, NULL for any other atom. */
char *atom_from_json_symbol(union atom *, enum atom_type, const json_t *, struct symbol_table *,
			    struct symbol **);
json_t *atom_to_json(const union atom *, enum atom_type);

#endif
