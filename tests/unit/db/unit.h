/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test of this folder includes: cmocka with the headers that it wants first, and
 * values made from JSON text in which ' stands for ". */
#ifndef TESTS_UNIT_DB_UNIT_H
#define TESTS_UNIT_DB_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"
#include "db/schema.h"

static inline json_t *json_of(const char *text)
{
	char *s = xstrdup(text);
	json_t *json;
	json_error_t e;

	for (char *p = s; *p; p++)
		if (*p == '\'')
			*p = '"';
	json = json_loads(s, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
	if (!json)
		fail_msg("%s: %s", s, e.text);
	free(s);
	return json;
}

/* Compact, sorted, with ' for "; the caller frees it.  Takes the reference. */
static inline char *text_of(json_t *json)
{
	char *s = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY |
					   JSON_REAL_PRECISION(15));

	assert_non_null(s);
	for (char *p = s; *p; p++)
		if (*p == '"')
			*p = '\'';
	json_decref(json);
	return s;
}

/* Compares and frees 's', in which " is shown as '. */
static inline void expect_text(char *s, const char *expected, const char *what)
{
	for (char *p = s; p && *p; p++)
		if (*p == '"')
			*p = '\'';
	if (!s || !expected ? s || expected : !streq(s, expected))
		fail_msg("%s: expected %s, got %s", what, expected ? expected : "no error",
			 s ? s : "no error");
	free(s);
}

static inline struct column_type type_of(const char *text)
{
	struct column_type t;
	json_t *json = json_of(text);
	char *error = column_type_from_json(&t, json);

	if (error)
		fail_msg("%s: %s", text, error);
	json_decref(json);
	return t;
}

static inline struct datum datum_of(const char *text, const struct column_type *t)
{
	struct datum d;
	json_t *json = json_of(text);
	char *error = datum_from_json(&d, t, json, NULL, true);

	if (error)
		fail_msg("%s: %s", text, error);
	json_decref(json);
	return d;
}

static inline struct db_schema *schema_of(const char *text)
{
	struct db_schema *db;
	json_t *json = json_of(text);
	char *error = schema_from_json(json, &db);

	if (error)
		fail_msg("%s: %s", text, error);
	json_decref(json);
	return db;
}

#endif
