/* SPDX-License-Identifier: Apache-2.0 */
/* Errors about values, types, schemas, conditions: sentences that still know what RFC 7047 calls
 * them.
 *
 * Functions of this folder that return 'char *' return NULL or one sentence of this shape, which
 * the caller frees and may print as it stands:
 *
 *	[syntax "JSON": ]TAG: DETAILS
 *
 *	constraint violation: 5000 is not in the valid range 0 to 4095 (inclusive)
 *	syntax "[\"uuid\",3]": syntax error: expected ["uuid", <string>]
 *
 * A server splits it into the members of its <error> (RFC 7047 section 5.2): db_error_to_json()
 * does all of it.  A sentence from elsewhere, without a tag, gets the default that the caller
 * names.
 * Tags in use: "syntax error" (JSON of the wrong form, too many or too few elements), "constraint
 * violation" (range, length, enumeration, immutable column), "unknown column", "unknown function",
 * "unknown mutator", "unknown table", "ovsdb error" (duplicates), "range error", "domain error". */
#ifndef DB_ERROR_H
#define DB_ERROR_H

#include <jansson.h>

#include "base/compiler.h"

struct db_error {
	char *tag; /* never NULL */
	char *details; /* NULL if there are none */
	char *syntax; /* the JSON complained of, compact; NULL if none */
};

/* Makes a sentence.  'syntax' may be NULL; what is printed of it is cut to a few kilobytes. */
char *db_error(const char *tag, const json_t *syntax, const char *fmt, ...)
	PRINTF_FORMAT(3, 4) MUST_CHECK;
/* The same with the tag "syntax error". */
char *db_syntax_error(const json_t *syntax, const char *fmt, ...) PRINTF_FORMAT(2, 3) MUST_CHECK;
/* Puts 'fmt' and ": " between the tag and the details of 'error', which it frees.  NULL for
 * NULL. */
char *db_error_wrap(char *error, const char *fmt, ...) PRINTF_FORMAT(2, 3) MUST_CHECK;

/* Takes a sentence apart; the result is the caller's to uninit. */
void db_error_split(const char *sentence, const char *default_tag, struct db_error *);
void db_error_uninit(struct db_error *);
/* {"error": TAG, "details": ..., "syntax": ...}, members that are absent left out. */
json_t *db_error_to_json(const char *sentence, const char *default_tag);

#endif
