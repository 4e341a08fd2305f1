// SPDX-License-Identifier: Apache-2.0
/* The syntax part is compact JSON, in which no '"' that is not escaped is followed by ": ": that is
 * how its end is found again. */
#include "db/error.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"

#define SYNTAX_MAX 4096 /* octets of JSON that an error repeats */

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
		str_put(&text, "...");
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

/* Octets of 'sentence' before the tag; the JSON in '*json' and '*json_len'. */
static size_t skip_syntax(const char *sentence, const char **json, size_t *json_len)
{
	static const char prefix[] = "syntax \"";
	const char *start, *p;

	*json = NULL;
	*json_len = 0;
	if (strncmp(sentence, prefix, sizeof(prefix) - 1))
		return 0;
	start = sentence + sizeof(prefix) - 1;
	for (p = start; (p = strstr(p, "\": ")) != NULL; p++) {
		size_t n_backslashes = 0;

		while (p - n_backslashes > start && p[-1 - (ptrdiff_t)n_backslashes] == '\\')
			n_backslashes++;
		if (n_backslashes % 2 == 0) {
			*json = start;
			*json_len = (size_t)(p - start);
			return (size_t)(p + 3 - sentence);
		}
	}
	return 0;
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
	size_t n, json_len;
	va_list args;

	if (!error)
		return NULL;
	n = skip_syntax(error, &json, &json_len);
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
	size_t json_len, n;

	sentence += skip_syntax(sentence, &json, &json_len);
	e->syntax = json ? xstrndup(json, json_len) : NULL;
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
