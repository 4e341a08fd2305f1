// SPDX-License-Identifier: Apache-2.0
/* A value is a list of tokens between punctuation: text_token().  Which punctuation may follow
 * depends on the type only, so nothing nests. */
#include "db/text.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"
#include "db/symbol.h"

/* ---- printing ---- */

static void put_quoted(struct str *s, const char *p)
{
	str_putc(s, '"');
	for (; *p; p++) {
		switch (*p) {
		case '"':
			str_put(s, "\\\"");
			break;
		case '\\':
			str_put(s, "\\\\");
			break;
		case '\b':
			str_put(s, "\\b");
			break;
		case '\f':
			str_put(s, "\\f");
			break;
		case '\n':
			str_put(s, "\\n");
			break;
		case '\r':
			str_put(s, "\\r");
			break;
		case '\t':
			str_put(s, "\\t");
			break;
		default:
			if ((unsigned char)*p < 0x20)
				str_printf(s, "\\u%04x", (unsigned int)*p);
			else
				str_putc(s, *p);
		}
	}
	str_putc(s, '"');
}

/* What would be read as something else, or not as one word, is quoted. */
static bool needs_quotes(const char *s)
{
	struct uuid uuid;

	if (!isalpha((unsigned char)*s) && *s != '_')
		return true;
	for (const char *p = s; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_-.", *p))
			return true;
	return streq(s, "true") || streq(s, "false") || uuid_parse(s, &uuid);
}

void atom_format_bare(const union atom *a, enum atom_type type, struct str *s)
{
	switch (type) {
	case ATOM_VOID:
		break;
	case ATOM_INTEGER:
		str_printf(s, "%" PRId64, a->integer);
		break;
	case ATOM_REAL:
		str_printf(s, "%.*g", DBL_DIG, a->real);
		break;
	case ATOM_BOOLEAN:
		str_put(s, a->boolean ? "true" : "false");
		break;
	case ATOM_STRING:
		str_put(s, a->string->s);
		break;
	case ATOM_UUID:
		str_printf(s, UUID_FMT, UUID_ARGS(&a->uuid));
		break;
	}
}

void atom_format(const union atom *a, enum atom_type type, struct str *s)
{
	if (type == ATOM_STRING && needs_quotes(a->string->s))
		put_quoted(s, a->string->s);
	else
		atom_format_bare(a, type, s);
}

void datum_format(const struct datum *d, const struct column_type *t, struct str *s)
{
	bool is_map = column_type_is_map(t);
	bool enclosed = is_map || t->n_max > 1 || !d->n;

	if (enclosed)
		str_putc(s, is_map ? '{' : '[');
	for (uint32_t i = 0; i < d->n; i++) {
		if (i)
			str_put(s, ", ");
		atom_format(&d->keys[i], t->key.type, s);
		if (is_map) {
			str_putc(s, '=');
			atom_format(&d->values[i], t->value.type, s);
		}
	}
	if (enclosed)
		str_putc(s, is_map ? '}' : ']');
}

void datum_format_bare(const struct datum *d, const struct column_type *t, struct str *s)
{
	for (uint32_t i = 0; i < d->n; i++) {
		if (i)
			str_putc(s, ' ');
		atom_format_bare(&d->keys[i], t->key.type, s);
		if (column_type_is_map(t)) {
			str_putc(s, '=');
			atom_format_bare(&d->values[i], t->value.type, s);
		}
	}
}

/* ---- pasted typography ---- */

static const struct oddity {
	const char *utf8;
	const char *what;
	bool is_quote;
} oddities[] = {
	{ "\u201c", "a curly quote: use a plain quote (\")", true },
	{ "\u201d", "a curly quote: use a plain quote (\")", true },
	{ "\u201e", "a curly quote: use a plain quote (\")", true },
	{ "\u00ab", "an angle quote: use a plain quote (\")", true },
	{ "\u00bb", "an angle quote: use a plain quote (\")", true },
	{ "\u2018", "a curly quote: use a plain quote (')", true },
	{ "\u2019", "a curly quote: use a plain quote (')", true },
	{ "\u2013", "a dash: use a plain '-' (or two)", false },
	{ "\u2014", "a dash: use a plain '-' (or two)", false },
	{ "\u2212", "a minus sign: use a plain '-'", false },
	{ "\u00a0", "a no-break space: use a plain space", false },
	{ "\u200b", "an invisible space: leave it out", false },
};

static const struct oddity *oddity_at(const char *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(oddities); i++)
		if (str_has_prefix(s, oddities[i].utf8))
			return &oddities[i];
	return NULL;
}

char *text_typography(const char *arg)
{
	unsigned int n_chars = 0;

	for (const char *p = arg; *p; p++) {
		const struct oddity *o = oddity_at(p);

		n_chars += ((unsigned char)*p & 0xc0) != 0x80;
		if (o)
			return xasprintf("\"%s\" at character %u is %s", o->utf8, n_chars, o->what);
	}
	return NULL;
}

/* A word that begins like a quotation or an option, or ends like a quotation, was pasted. */
static char *check_word(const char *word)
{
	const struct oddity *first = oddity_at(word);
	size_t len = strlen(word);
	char *hint, *error;

	if (!first) {
		const struct oddity *last = NULL;

		if (len >= 3)
			last = oddity_at(word + len - 3);
		if (!last || !last->is_quote || strlen(last->utf8) != 3)
			return NULL;
	}
	hint = text_typography(word);
	error = xasprintf("%s: %s; to mean the character itself, put the value in plain double "
			  "quotes",
			  word, hint);
	free(hint);
	return error;
}

/* Adds to 'error' what is odd about 'text', if anything is. */
static char *hinted(char *error, const char *text)
{
	char *hint, *both;

	if (!error)
		return NULL;
	hint = text_typography(text);
	if (!hint || strstr(error, hint)) {
		free(hint);
		return error;
	}
	both = xasprintf("%s (%s)", error, hint);
	free(hint);
	free(error);
	return both;
}

/* ---- atoms ---- */

#define PUNCTUATION ":=, []{}!<>"

char *text_token(const char **pp, char **token)
{
	const char *start = *pp, *p;
	struct str s = STR_INIT;
	const char *problem = NULL;
	bool in_quotes = false;

	for (p = start; *p; p++) {
		if (*p == '\\') {
			if (in_quotes)
				str_putc(&s, *p);
			if (!*++p) {
				problem = "backslash at end of argument";
				break;
			}
		} else if (*p == '"') {
			in_quotes = !in_quotes;
		} else if (!in_quotes && (strchr(PUNCTUATION, *p) || isspace((unsigned char)*p))) {
			break;
		}
		str_putc(&s, *p);
	}
	if (!problem && in_quotes)
		problem = "quoted string extends past end of argument";
	if (problem) {
		str_uninit(&s);
		return xasprintf("%s: %s", start, problem);
	}
	*pp = p;
	*token = str_steal(&s);
	return NULL;
}

static char *parse_quoted(struct atom_string **sp, const char *s)
{
	size_t len = strlen(s);
	json_error_t e;
	json_t *json;
	char *error = NULL;

	if (len < 2 || s[len - 1] != '"')
		return xasprintf("%s: missing quote at end of quoted string", s);
	for (size_t i = 1; i < len - 1; i++) {
		if (s[i] == '\\' && i + 2 < len)
			i++;
		else if (s[i] == '"')
			return xasprintf("%s: quoted string may not include unescaped \"", s);
	}
	json = json_loadb(s, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
	if (!json) {
		char *near = strstr(e.text, " near ");

		return xasprintf("%s: not a valid quoted string: %.*s", s,
				 near ? (int)(near - e.text) : -1, e.text);
	}
	if (strlen(json_string_value(json)) == json_string_length(json))
		*sp = atom_string_create(json_string_value(json), json_string_length(json));
	else
		error = xasprintf("%s: a null character is not allowed", s);
	json_decref(json);
	return error;
}

static char *parse_string(struct atom_string **sp, const char *s)
{
	json_t *utf8;
	char *error;

	if (!*s)
		return xstrdup("An empty string is not valid as input; use \"\" to represent the "
			       "empty string");
	if (*s == '"')
		return parse_quoted(sp, s);
	error = check_word(s);
	if (error)
		return error;
	utf8 = json_string(s);
	if (!utf8)
		return xasprintf("%s: not valid UTF-8", s);
	json_decref(utf8);
	*sp = atom_string_create(s, strlen(s));
	return NULL;
}

/* A decimal integer at 's': the end of it, or NULL. */
static const char *scan_integer(const char *s, int64_t *v)
{
	char *end;

	if (isspace((unsigned char)*s))
		return NULL;
	errno = 0;
	*v = strtoll(s, &end, 10);
	return errno || end == s ? NULL : end;
}

static char *parse_integer(int64_t *first, int64_t *last, const char *s, bool *is_range)
{
	const char *end = scan_integer(s, first);

	if (end && is_range && *end == '-') {
		end = scan_integer(end + 1, last);
		*is_range = true;
	}
	if (!end || *end)
		return xasprintf("\"%s\" is not a valid integer or range", s);
	if (is_range && *is_range) {
		if (*last < *first)
			return xasprintf("\"%s\" is not a valid range. Range end cannot be before "
					 "start.",
					 s);
	}
	return NULL;
}

static char *parse_boolean(bool *v, const char *s)
{
	static const char *const words[][2] = {
		{ "false", "true" },
		{ "no", "yes" },
		{ "off", "on" },
		{ "0", "1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		for (int b = 0; b < 2; b++) {
			if (streq(s, words[i][b])) {
				*v = b;
				return NULL;
			}
		}
	}
	return xasprintf("\"%s\" is not a valid boolean (use \"true\" or \"false\")", s);
}

static char *parse_uuid(struct uuid *u, const struct base_type *b, const char *s,
			struct symbol_table *symbols)
{
	struct symbol *symbol;

	if (uuid_parse(s, u))
		return NULL;
	if (*s != '@' || !symbols)
		return xasprintf("\"%s\" is not a valid UUID", s);
	symbol = symbol_insert(symbols, s);
	symbol->strong_ref |= base_type_is_strong_ref(b);
	symbol->weak_ref |= base_type_is_weak_ref(b);
	*u = symbol->uuid;
	return NULL;
}

char *atom_parse(union atom *atom, const struct base_type *b, const char *s,
		 struct symbol_table *symbols, union atom *range_end, bool *is_range)
{
	union atom a, end;
	bool range = false;
	char *error = NULL;

	memset(&a, 0, sizeof(a));
	memset(&end, 0, sizeof(end));
	switch (b->type) {
	case ATOM_VOID:
		error = xasprintf("\"%s\": no value is expected here", s);
		break;
	case ATOM_INTEGER:
		error = parse_integer(&a.integer, &end.integer, s, range_end ? &range : NULL);
		break;
	case ATOM_REAL:
		if (!str_to_double(s, &a.real) || !isfinite(a.real))
			error = xasprintf("\"%s\" is not a valid real number", s);
		break;
	case ATOM_BOOLEAN:
		error = parse_boolean(&a.boolean, s);
		break;
	case ATOM_STRING:
		error = parse_string(&a.string, s);
		break;
	case ATOM_UUID:
		error = parse_uuid(&a.uuid, b, s, symbols);
		break;
	}
	if (error)
		return b->type == ATOM_STRING ? error : hinted(error, s);
	error = base_type_check(b, &a);
	if (!error && range)
		error = base_type_check(b, &end);
	/* after the check: the sentence about the type's own limits says more */
	if (!error && range && (uint64_t)end.integer - (uint64_t)a.integer >= TEXT_RANGE_MAX)
		error = xasprintf("\"%s\": a range may not have more than %d values", s,
				  TEXT_RANGE_MAX);
	if (error) {
		atom_uninit(&a, b->type);
		return error;
	}
	*atom = a;
	if (range_end) {
		*range_end = end;
		*is_range = range;
	}
	return NULL;
}

/* ---- sets and maps ---- */

struct parser {
	const char *all; /* for error messages */
	const char *p;
	const struct column_type *type;
	struct symbol_table *symbols;
};

static void skip_spaces(struct parser *ps)
{
	while (isspace((unsigned char)*ps->p))
		ps->p++;
}

static bool at_token(const struct parser *ps)
{
	return *ps->p && !strchr(PUNCTUATION, *ps->p) && !isspace((unsigned char)*ps->p);
}

static char *parse_token(struct parser *ps, const struct base_type *b, union atom *atom,
			 union atom *range_end, bool *is_range)
{
	char *token, *error;

	error = text_token(&ps->p, &token);
	if (error)
		return error;
	error = atom_parse(atom, b, token, ps->symbols, range_end, is_range);
	free(token);
	return error;
}

static char *unexpected(const struct parser *ps)
{
	struct str type = STR_INIT;
	char *error;

	column_type_format_english(ps->type, &type);
	error = xasprintf("%s: unexpected \"%c\" parsing %s%s", ps->all, *ps->p, str_cstr(&type),
			  *ps->p == ':' ? " (a value with such characters needs double quotes)"
					: "");
	str_uninit(&type);
	return error;
}

static char *parse_key(struct parser *ps, union atom *key, union atom *end, bool *is_range)
{
	skip_spaces(ps);
	if (!at_token(ps))
		return unexpected(ps);
	return parse_token(ps, &ps->type->key, key, end, is_range);
}

static char *parse_value(struct parser *ps, union atom *value)
{
	skip_spaces(ps);
	if (!*ps->p)
		return xasprintf("%s: syntax error at end of string, expecting \"=\" and a value",
				 ps->all);
	if (*ps->p != '=')
		return xasprintf("%s: syntax error at \"%c\" expecting \"=\"", ps->all, *ps->p);
	ps->p++;
	skip_spaces(ps);
	return parse_token(ps, &ps->type->value, value, NULL, NULL);
}

/* One element, or as many as a range says. */
static char *parse_element(struct parser *ps, struct datum *d)
{
	const struct column_type *t = ps->type;
	bool is_map = column_type_is_map(t), is_range = false;
	union atom key, end, value;
	char *error;

	error = parse_key(ps, &key, &end, &is_range);
	if (error)
		return error;
	if (is_map) {
		error = parse_value(ps, &value);
		if (error) {
			atom_uninit(&key, t->key.type);
			return error;
		}
	}
	for (int64_t last = is_range ? end.integer : 0;; key.integer++) {
		datum_add_unsafe(d, &key, is_map ? &value : NULL, t);
		if (!is_range || key.integer == last)
			break;
	}
	atom_uninit(&key, t->key.type);
	if (is_map)
		atom_uninit(&value, t->value.type);
	return NULL;
}

static char *parse_elements(struct parser *ps, struct datum *d)
{
	char open = column_type_is_map(ps->type) ? '{' : '[';
	char close = column_type_is_map(ps->type) ? '}' : ']';
	bool enclosed;

	skip_spaces(ps);
	enclosed = *ps->p == open;
	ps->p += enclosed;
	if (!enclosed && !*ps->p)
		return xasprintf("use \"%c%c\" to specify the empty %s", open, close,
				 open == '{' ? "map" : "set");
	for (;;) {
		char *error;

		skip_spaces(ps);
		if (!*ps->p || (enclosed && *ps->p == close))
			break;
		error = parse_element(ps, d);
		if (error)
			return error;
		skip_spaces(ps);
		if (*ps->p == ',')
			ps->p++;
	}
	if (!enclosed)
		return NULL;
	if (*ps->p != close)
		return xasprintf("%s: missing \"%c\" at end of data", ps->all, close);
	ps->p++;
	skip_spaces(ps);
	return *ps->p ? xasprintf("%s: trailing garbage after \"%c\"", ps->all, close) : NULL;
}

static char *check_number(const struct parser *ps, const struct datum *d)
{
	const struct column_type *t = ps->type;
	const char *what = column_type_is_map(t) ? "pair" : "value";

	if (d->n < t->n_min)
		return xasprintf("%s: %u %s(s) specified but the minimum number is %u", ps->all,
				 d->n, what, t->n_min);
	if (d->n > t->n_max)
		return xasprintf("%s: %u %s(s) specified but the maximum number is %u", ps->all,
				 d->n, what, t->n_max);
	return NULL;
}

char *datum_parse(struct datum *d, const struct column_type *t, const char *s,
		  struct symbol_table *symbols)
{
	struct parser ps = { .all = s, .p = s, .type = t, .symbols = symbols };
	struct datum new;
	uint32_t n;
	char *error;

	datum_init_empty(&new);
	error = hinted(parse_elements(&ps, &new), s);
	if (!error)
		error = check_number(&ps, &new);
	if (!error) {
		n = new.n;
		datum_sort_unique(&new, t);
		if (new.n != n)
			error = xasprintf("%s: %s", s,
					  column_type_is_map(t) ? "map contains duplicate key"
								: "set contains duplicate value");
	}
	if (error)
		datum_uninit(&new, t);
	else
		*d = new;
	return error;
}
