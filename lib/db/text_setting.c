// SPDX-License-Identifier: Apache-2.0
#include "db/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"

/* In the order in which error messages list them. */
static const struct operator
{
	const char *text;
	enum text_op op;
}
operators[] = {
	{ "=", TEXT_EQ },       { "!=", TEXT_NE },           { "<", TEXT_LT },
	{ ">", TEXT_GT },       { "<=", TEXT_LE },           { ">=", TEXT_GE },
	{ "{=}", TEXT_SET_EQ }, { "{!=}", TEXT_SET_NE },     { "{<}", TEXT_SET_LT },
	{ "{>}", TEXT_SET_GT }, { "{<=}", TEXT_SET_LE },     { "{>=}", TEXT_SET_GE },
	{ "{in}", TEXT_IN },    { "{not-in}", TEXT_NOT_IN },
};

/* The longest operator at 's' that a value follows; '*len' is 0 if there is none. */
static enum text_op operator_at(const char *s, bool with_relations, size_t *len)
{
	enum text_op op = TEXT_OP_NONE;

	*len = 0;
	for (size_t i = 0; i < (with_relations ? ARRAY_SIZE(operators) : 1); i++) {
		size_t n = strlen(operators[i].text);

		if (n > *len && !strncmp(s, operators[i].text, n) && s[n]) {
			*len = n;
			op = operators[i].op;
		}
	}
	return op;
}

/* Replaces the key as it was written by what it means. */
static char *unquote_key(struct text_setting *s)
{
	struct base_type string;
	union atom atom;
	char *error;

	if (!s->key)
		return NULL;
	base_type_init(&string, ATOM_STRING);
	error = atom_parse(&atom, &string, s->key, NULL, NULL, NULL);
	if (error)
		return error;
	free(s->key);
	s->key = xstrdup(atom.string->s);
	atom_uninit(&atom, ATOM_STRING);
	return NULL;
}

static char *with_typography(char *error, const char *arg)
{
	char *hint = text_typography(arg), *both;

	if (!hint)
		return error;
	both = xasprintf("%s (%s)", error, hint);
	free(error);
	free(hint);
	return both;
}

/* Takes COLUMN[:KEY] off 'arg', the key as it is written; the rest is at '*restp'. */
static char *parse_name(const struct table_schema *t, const char *arg, struct text_setting *s,
			const char **restp)
{
	char *name, *error;

	*s = (struct text_setting){ .op = TEXT_OP_NONE };
	*restp = arg;
	error = text_token(restp, &name);
	if (error)
		return error;
	if (!*name)
		error = xasprintf("%s: missing column name", arg);
	else
		error = schema_match_column(t, name, &s->column);
	if (error)
		error = with_typography(error, name);
	free(name);
	if (error || **restp != ':')
		return error;
	++*restp;
	return text_token(restp, &s->key);
}

static char *expected_operator(const char *arg, bool with_relations)
{
	struct str s = STR_INIT;

	str_printf(&s, "%s: argument does not end in ", arg);
	if (!with_relations) {
		str_put(&s, "\"=\"");
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(operators); i++)
			str_printf(&s, "%s%s\"%s\"", i ? ", " : "",
				   i + 1 == ARRAY_SIZE(operators) ? "or " : "", operators[i].text);
	}
	str_put(&s, " followed by a value.");
	return with_typography(str_steal(&s), arg);
}

static char *parse_operation(const char *arg, const char *rest, bool with_relations,
			     struct text_setting *s)
{
	size_t len;

	s->op = operator_at(rest, with_relations, &len);
	if (!len)
		return expected_operator(arg, with_relations);
	s->value = xstrdup(rest + len);
	return NULL;
}

char *text_setting_parse(const struct table_schema *t, const char *arg, bool with_relations,
			 struct text_setting *s)
{
	const char *rest;
	char *error = parse_name(t, arg, s, &rest);

	if (!error && *rest)
		error = parse_operation(arg, rest, with_relations, s);
	if (!error)
		error = unquote_key(s);
	if (error)
		text_setting_uninit(s);
	return error;
}

char *text_setting_parse_as(const struct table_schema *t, const char *arg, enum text_want want,
			    struct text_setting *s)
{
	static const char *const verbs[] = { "get", "set", "check" };
	const char *rest;
	char *error = parse_name(t, arg, s, &rest);

	if (!error && want == TEXT_WANT_NAME && *rest)
		error = xasprintf("%s: trailing garbage \"%s\" in argument", arg, rest);
	else if (!error && want != TEXT_WANT_NAME)
		error = parse_operation(arg, rest, want == TEXT_WANT_RELATION, s);
	if (!error && s->key && !column_type_is_map(&s->column->type))
		error = xasprintf("cannot specify key to %s for non-map column %s", verbs[want],
				  s->column->name);
	if (!error)
		error = unquote_key(s);
	if (error)
		text_setting_uninit(s);
	return error;
}

void text_setting_uninit(struct text_setting *s)
{
	free(s->key);
	free(s->value);
	*s = (struct text_setting){ .op = TEXT_OP_NONE };
}

static bool is_set_op(enum text_op op)
{
	return op >= TEXT_SET_EQ;
}

static bool holds(enum text_op op, const struct datum *a, const struct datum *b,
		  const struct column_type *t)
{
	int cmp = is_set_op(op) ? 0 : datum_compare(a, b, t);

	switch (op) {
	case TEXT_OP_NONE:
		return false;
	case TEXT_EQ:
		return cmp == 0;
	case TEXT_NE:
		return cmp != 0;
	case TEXT_LT:
		return cmp < 0;
	case TEXT_GT:
		return cmp > 0;
	case TEXT_LE:
		return cmp <= 0;
	case TEXT_GE:
		return cmp >= 0;
	case TEXT_SET_EQ:
		return datum_equal(a, b, t);
	case TEXT_SET_NE:
		return !datum_equal(a, b, t);
	case TEXT_SET_LT:
		return a->n < b->n && datum_includes_all(a, b, t);
	case TEXT_SET_GT:
		return a->n > b->n && datum_includes_all(b, a, t);
	case TEXT_SET_LE:
	case TEXT_IN:
		return datum_includes_all(a, b, t);
	case TEXT_SET_GE:
		return datum_includes_all(b, a, t);
	case TEXT_NOT_IN:
		return datum_excludes_all(a, b, t);
	}
	return false;
}

/* The value of key 's->key' as a set: empty if the key is absent. */
static char *value_of_key(const struct text_setting *s, const struct datum *map,
			  struct symbol_table *symbols, struct datum *value)
{
	const struct column_type *t = &s->column->type;
	union atom key;
	char *error;
	int i;

	if (t->key.type == ATOM_STRING) {
		key.string = atom_string_create(s->key, strlen(s->key));
	} else {
		error = atom_parse(&key, &t->key, s->key, symbols, NULL, NULL);
		if (error)
			return error;
	}
	i = datum_find_key(map, &key, t->key.type);
	atom_uninit(&key, t->key.type);
	datum_init_empty(value);
	if (i >= 0)
		*value = (struct datum){ .n = 1, .keys = &map->values[i] };
	return NULL;
}

char *text_setting_matches(const struct text_setting *s, const struct datum *d,
			   struct symbol_table *symbols, bool *matches)
{
	struct column_type type = s->column->type;
	struct datum value = *d, arg;
	char *error;

	if (s->key) {
		if (!column_type_is_map(&type))
			return xasprintf("cannot specify key to check for non-map column %s",
					 s->column->name);
		error = value_of_key(s, d, symbols, &value);
		if (error)
			return error;
		type.key = type.value;
		base_type_init(&type.value, ATOM_VOID);
	}
	if (s->key || is_set_op(s->op)) {
		type.n_min = 0;
		type.n_max = UINT32_MAX;
	}
	error = datum_parse(&arg, &type, s->value, symbols);
	if (error)
		return error;
	*matches = (value.n || !s->key || is_set_op(s->op)) && holds(s->op, &value, &arg, &type);
	datum_uninit(&arg, &type);
	return NULL;
}
