/* SPDX-License-Identifier: Apache-2.0 */
/* Takes a JSON object apart by its members' names and types, and refuses those it was not asked
 * for:
 * for schemas, operations and other objects of RFC 7047.
 *
 *	members_init(&m, json, "table schema for table %s", name);
 *	columns = members_get(&m, "columns", MEMBER_OBJECT);
 *	max_rows = members_get(&m, "maxRows", MEMBER_INTEGER | MEMBER_OPTIONAL);
 *	error = members_finish(&m);
 *	if (error)
 *		return error; (columns may be NULL then)
 *
 * Names beginning with '_' or '$' are not special. */
#ifndef DB_MEMBERS_H
#define DB_MEMBERS_H

#include <jansson.h>

#include "base/compiler.h"

enum {
	MEMBER_NULL = 1 << 0,
	MEMBER_BOOLEAN = 1 << 1,
	MEMBER_INTEGER = 1 << 2, /* a number without fraction, in 64 bits: json_integral() */
	MEMBER_NUMBER = 1 << 3, /* any number, integers too */
	MEMBER_STRING = 1 << 4,
	MEMBER_ID = 1 << 5, /* a string that is an <id> */
	MEMBER_ARRAY = 1 << 6,
	MEMBER_OBJECT = 1 << 7,
	MEMBER_ANY = 0xff,
	MEMBER_OPTIONAL = 1 << 8,
};
#define MEMBERS_MAX 24 /* that one object may be asked for */

struct members {
	const json_t *json;
	char *what;
	char *error; /* the first */
	size_t n;
	const char *names[MEMBERS_MAX]; /* asked for and present */
};

/* 'fmt' says what is parsed: "Parsing WHAT failed: ..." */
void members_init(struct members *, const json_t *, const char *fmt, ...) PRINTF_FORMAT(3, 4);
/* The member, borrowed; NULL if it is missing or of another type (an error, unless it is missing
 * and optional). 'name' must live until members_finish(). */
const json_t *members_get(struct members *, const char *name, unsigned int types);
/* NULL, or the first problem in a sentence (db/error.h): "syntax error". */
char *members_finish(struct members *) MUST_CHECK;

/* A JSON number that is an integer of 64 bits, also if written 1.0 or 1e3. */
bool json_integral(const json_t *, int64_t *);

#endif
