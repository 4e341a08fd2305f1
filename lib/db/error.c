// SPDX-License-Identifier: Apache-2.0
/* Where the JSON of a sentence ends is found again by following its strings and brackets, or by
 * where it was cut. */
#include "db/error.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"

#define SYNTAX_MAX 4096 /* octets of JSON that an error repeats */
#define CUT "..." /* follows JSON that is longer */

static const char *const known_tags[] = {
	"syntax error",
	"constraint violation",
	"referential integrity violation",
	"unknown column",
	"unknown table",
	"unknown database",
	"unknown function",
	"unknown mutator",
	"unknown operation",
	"unknown lock",
	"ovsdb error",
	"range error",
	"domain error",
	"duplicate uuid-name",
	"duplicate uuid",
	"resources exhausted",
	"internal error",
	"I/O error",
	"not supported",
	"not allowed",
	"not owner",
	"permission error",
	"timed out",
	"aborted",
	"canceled",
};

static int put_bounded(const char *buf, size_t n, void *str_)
{
	struct str *s = str_;

	str_put_mem(s, buf, n);
	return s->len > SYNTAX_MAX ? -1 : 0;
}

static void put_syntax(struct str *s, const json_t *json)
{
	struct str text = STR_INIT;

	if (json_dump_callback(json, put_bounded, &text,
			       JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY |
				       JSON_REAL_PRECISION(15)) &&
	    text.len > SYNTAX_MAX) {
		size_t n = SYNTAX_MAX;

		while (n > 0 && ((unsigned char)text.data[n] & 0xc0) == 0x80)
			n--;
		str_truncate(&text, n);
		str_put(&text, CUT);
	}
	str_printf(s, "syntax \"%s\": ", str_cstr(&text));
	str_uninit(&text);
}

static char *make(const char *tag, const json_t *syntax, const char *fmt, va_list args)
{
	struct str s = STR_INIT;

	if (syntax)
		put_syntax(&s, syntax);
	str_printf(&s, "%s: ", tag);
	str_vprintf(&s, fmt, args);
	return str_steal(&s);
}

char *db_error(const char *tag, const json_t *syntax, const char *fmt, ...)
{
	va_list args;
	char *error;

	va_start(args, fmt);
	error = make(tag, syntax, fmt, args);
	va_end(args);
	return error;
}

char *db_syntax_error(const json_t *syntax, const char *fmt, ...)
{
	va_list args;
	char *error;

	va_start(args, fmt);
	error = make("syntax error", syntax, fmt, args);
	va_end(args);
	return error;
}

/* Length of the JSON value at 's', as json_dumps() writes it compactly: a quote and the rest
 * follow. */
static size_t json_len(const char *s)
{
	bool in_string = false;
	size_t depth = 0, i;

	for (i = 0; s[i]; i++) {
		if (in_string && s[i] == '\\' && s[i + 1]) {
			i++;
		} else if (s[i] == '"') {
			if (i && !in_string && !depth)
				break; /* after the value */
			in_string = !in_string;
		} else if (!in_string && (s[i] == '[' || s[i] == '{')) {
			depth++;
		} else if (!in_string && depth && (s[i] == ']' || s[i] == '}')) {
			depth--;
		}
	}
	return i;
}

/* Octets of 'sentence' before the tag; the JSON in '*json' and '*len'. */
static size_t skip_syntax(const char *sentence, const char **json, size_t *len)
{
	static const char prefix[] = "syntax \"", cut[] = CUT "\": ";
	size_t n;

	*json = NULL;
	*len = 0;
	if (!str_has_prefix(sentence, prefix))
		return 0;
	sentence += sizeof(prefix) - 1;
	n = json_len(sentence);
	if (n > SYNTAX_MAX || !str_has_prefix(sentence + n, "\": ")) {
		/* up to three octets of a character went with what was cut */
		if (strnlen(sentence, SYNTAX_MAX) < SYNTAX_MAX)
			return 0;
		for (n = SYNTAX_MAX - 3; n <= SYNTAX_MAX; n++)
			if (str_has_prefix(sentence + n, cut))
				break;
		if (n > SYNTAX_MAX)
			return 0;
		n += strlen(CUT);
	}
	*json = sentence;
	*len = n;
	return sizeof(prefix) - 1 + n + 3;
}

/* Length of the known tag that 's' begins with, which ": " or the end follows; else 0. */
static size_t tag_len(const char *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_tags); i++) {
		size_t n = strlen(known_tags[i]);

		if (!strncmp(s, known_tags[i], n) && (!s[n] || (s[n] == ':' && s[n + 1] == ' ')))
			return n;
	}
	return 0;
}

char *db_error_wrap(char *error, const char *fmt, ...)
{
	struct str s = STR_INIT;
	const char *json, *rest;
	size_t n, len;
	va_list args;

	if (!error)
		return NULL;
	n = skip_syntax(error, &json, &len);
	n += tag_len(error + n);
	rest = error + n;
	if (str_has_prefix(rest, ": "))
		rest += 2;
	str_put_mem(&s, error, n);
	if (n)
		str_put(&s, ": ");
	va_start(args, fmt);
	str_vprintf(&s, fmt, args);
	va_end(args);
	if (*rest)
		str_printf(&s, ": %s", rest);
	free(error);
	return str_steal(&s);
}

void db_error_split(const char *sentence, const char *default_tag, struct db_error *e)
{
	const char *json;
	size_t len, n;

	sentence += skip_syntax(sentence, &json, &len);
	e->syntax = json ? xstrndup(json, len) : NULL;
	n = tag_len(sentence);
	e->tag = n ? xstrndup(sentence, n) : xstrdup(default_tag);
	if (n)
		sentence += sentence[n] ? n + 2 : n;
	e->details = *sentence ? xstrdup(sentence) : NULL;
}

void db_error_uninit(struct db_error *e)
{
	free(e->tag);
	free(e->details);
	free(e->syntax);
	*e = (struct db_error){ NULL };
}

json_t *db_error_to_json(const char *sentence, const char *default_tag)
{
	struct db_error e;
	json_t *json = json_object();

	db_error_split(sentence, default_tag, &e);
	json_object_set_new(json, "error", json_string(e.tag));
	if (e.details)
		json_object_set_new(json, "details", json_string(e.details));
	if (e.syntax)
		json_object_set_new(json, "syntax", json_string(e.syntax));
	db_error_uninit(&e);
	return json;
}
