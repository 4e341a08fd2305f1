// SPDX-License-Identifier: Apache-2.0
#include "db/members.h"

#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "db/error.h"
#include "db/schema.h"

bool json_integral(const json_t *json, int64_t *v)
{
	double d;

	if (json_is_integer(json)) {
		*v = json_integer_value(json);
		return true;
	}
	if (!json_is_real(json))
		return false;
	d = json_real_value(json);
	if (!(d >= -0x1p63 && d < 0x1p63) || d != trunc(d))
		return false;
	*v = (int64_t)d;
	return true;
}

static unsigned int types_of(const json_t *json)
{
	int64_t v;

	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return MEMBER_OBJECT;
	case JSON_ARRAY:
		return MEMBER_ARRAY;
	case JSON_STRING:
		return MEMBER_STRING |
		       (schema_is_valid_id(json_string_value(json)) ? MEMBER_ID : 0);
	case JSON_INTEGER:
		return MEMBER_INTEGER | MEMBER_NUMBER;
	case JSON_REAL:
		return MEMBER_NUMBER | (json_integral(json, &v) ? MEMBER_INTEGER : 0);
	case JSON_TRUE:
	case JSON_FALSE:
		return MEMBER_BOOLEAN;
	case JSON_NULL:
		return MEMBER_NULL;
	}
	return 0;
}

static void PRINTF_FORMAT(2, 3) fail(struct members *m, const char *fmt, ...)
{
	va_list args;
	char *why;

	if (m->error)
		return;
	va_start(args, fmt);
	why = xvasprintf(fmt, args);
	va_end(args);
	m->error = db_syntax_error(json_is_object(m->json) ? m->json : NULL,
				   "Parsing %s failed: %s", m->what, why);
	free(why);
}

void members_init(struct members *m, const json_t *json, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	*m = (struct members){ .json = json, .what = xvasprintf(fmt, args) };
	va_end(args);
	if (!json_is_object(json))
		fail(m, "Object expected.");
}

const json_t *members_get(struct members *m, const char *name, unsigned int types)
{
	const json_t *value;

	if (!json_is_object(m->json))
		return NULL;
	value = json_object_get(m->json, name);
	if (!value) {
		if (!(types & MEMBER_OPTIONAL))
			fail(m, "Required '%s' member is missing.", name);
		return NULL;
	}
	assert(m->n < MEMBERS_MAX);
	m->names[m->n++] = name;
	if (!(types_of(value) & types)) {
		fail(m, "Type mismatch for member '%s'.", name);
		return NULL;
	}
	return value;
}

char *members_finish(struct members *m)
{
	char *error;

	if (!m->error && json_object_size(m->json) > m->n) {
		const char *key;
		json_t *value;

		json_object_foreach((json_t *)m->json, key, value) {
			size_t i;

			for (i = 0; i < m->n && !streq(m->names[i], key); i++)
				;
			if (i == m->n) {
				fail(m, "Member '%s' is present but not allowed here.", key);
				break;
			}
		}
	}
	error = m->error;
	free(m->what);
	*m = (struct members){ NULL };
	return error;
}
