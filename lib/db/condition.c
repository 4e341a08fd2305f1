// SPDX-License-Identifier: Apache-2.0
#include "db/condition.h"

#include <stdlib.h>

#include "base/str.h"
#include "base/util.h"
#include "db/error.h"

static const char *const fn_names[] = {
	[COND_FALSE] = "false",
	[COND_TRUE] = "true",
	[COND_EQ] = "==",
	[COND_NE] = "!=",
	[COND_LT] = "<",
	[COND_LE] = "<=",
	[COND_GT] = ">",
	[COND_GE] = ">=",
	[COND_INCLUDES] = "includes",
	[COND_EXCLUDES] = "excludes",
};

const char *cond_fn_name(enum cond_fn fn)
{
	return fn_names[fn];
}

static bool parse_fn(const char *name, enum cond_fn *fn)
{
	for (size_t i = 0; i < ARRAY_SIZE(fn_names); i++) {
		if (streq(name, fn_names[i])) {
			*fn = (enum cond_fn)i;
			return true;
		}
	}
	return false;
}

static bool is_order(enum cond_fn fn)
{
	return fn >= COND_LT && fn <= COND_GE;
}

/* The type that the argument of 'fn' has: '*t' is the column's, borrowed. */
static bool argument_type(enum cond_fn fn, struct column_type *t)
{
	if (is_order(fn)) {
		if (column_type_is_map(t) || t->n_max != 1 ||
		    (t->key.type != ATOM_INTEGER && t->key.type != ATOM_REAL))
			return false;
		t->n_min = 1;
	} else if (!column_type_is_scalar(t)) {
		if (fn == COND_INCLUDES || fn == COND_EXCLUDES)
			t->n_min = 0;
		if (fn == COND_EXCLUDES)
			t->n_max = UINT32_MAX;
	}
	return true;
}

static char *type_mismatch(const json_t *json, const struct column_schema *c, enum cond_fn fn)
{
	struct str type = STR_INIT;
	char *error;

	column_type_format_english(&c->type, &type);
	error = db_syntax_error(json,
				"Type mismatch: \"%s\" operator may not be applied to column %s of "
				"type %s.",
				fn_names[fn], c->name, str_cstr(&type));
	str_uninit(&type);
	return error;
}

static char *clause_from_json(struct clause *clause, const struct table_schema *t,
			      const json_t *json, struct symbol_table *symbols)
{
	const char *column, *fn;
	struct column_type type;

	*clause = (struct clause){ .fn = COND_FALSE };
	if (json_is_boolean(json)) {
		clause->fn = json_is_true(json) ? COND_TRUE : COND_FALSE;
		return NULL;
	}
	column = json_string_value(json_array_get(json, 0));
	fn = json_string_value(json_array_get(json, 1));
	if (json_array_size(json) != 3 || !column || !fn)
		return db_syntax_error(json, "Parse error in condition.");
	clause->column = table_column(t, column);
	if (!clause->column)
		return db_error("unknown column", json, "No column %s in table %s.", column,
				t->name);
	if (!parse_fn(fn, &clause->fn))
		return db_error("unknown function", NULL, "No function named %s.", fn);
	if (clause->fn <= COND_TRUE) {
		clause->column = NULL; /* the argument says nothing */
		return NULL;
	}
	type = clause->column->type;
	if (!argument_type(clause->fn, &type))
		return type_mismatch(json, clause->column, clause->fn);
	return datum_from_json(&clause->arg, &type, json_array_get(json, 2), symbols, false);
}

char *condition_from_json(struct condition *cond, const struct table_schema *t, const json_t *json,
			  struct symbol_table *symbols)
{
	struct condition new = { 0 };
	const json_t *element;
	char *error = NULL;
	size_t i;

	if (!json_is_array(json))
		return db_syntax_error(json, "array of conditions expected");
	new.clauses = xcalloc(json_array_size(json) + 1, sizeof(*new.clauses));
	json_array_foreach((json_t *)json, i, element) {
		error = clause_from_json(&new.clauses[new.n], t, element, symbols);
		if (error)
			break;
		new.n++;
	}
	if (error)
		condition_uninit(&new);
	else
		*cond = new;
	return error;
}

static json_t *clause_to_json(const struct clause *c)
{
	if (!c->column)
		return json_boolean(c->fn == COND_TRUE);
	return json_pack("[sso]", c->column->name, fn_names[c->fn],
			 datum_to_json(&c->arg, &c->column->type));
}

json_t *condition_to_json(const struct condition *cond)
{
	json_t *json = json_array();

	for (size_t i = 0; i < cond->n; i++)
		json_array_append_new(json, clause_to_json(&cond->clauses[i]));
	return json;
}

void condition_clone(struct condition *dst, const struct condition *src)
{
	dst->n = src->n;
	dst->clauses = xcalloc(src->n + 1, sizeof(*dst->clauses));
	for (size_t i = 0; i < src->n; i++) {
		dst->clauses[i] = src->clauses[i];
		if (src->clauses[i].column)
			datum_clone(&dst->clauses[i].arg, &src->clauses[i].arg,
				    &src->clauses[i].column->type);
	}
}

void condition_uninit(struct condition *cond)
{
	for (size_t i = 0; i < cond->n; i++)
		if (cond->clauses[i].column)
			datum_uninit(&cond->clauses[i].arg, &cond->clauses[i].column->type);
	free(cond->clauses);
	*cond = (struct condition){ 0 };
}

static bool order_holds(enum cond_fn fn, int cmp)
{
	switch (fn) {
	case COND_LT:
		return cmp < 0;
	case COND_LE:
		return cmp <= 0;
	case COND_GT:
		return cmp > 0;
	default:
		return cmp >= 0;
	}
}

bool clause_matches(const struct clause *c, const struct datum *columns)
{
	const struct column_type *t;
	const struct datum *d;

	if (!c->column)
		return c->fn == COND_TRUE;
	t = &c->column->type;
	d = &columns[c->column->index];
	switch (c->fn) {
	case COND_EQ:
		return datum_equal(d, &c->arg, t);
	case COND_NE:
		return !datum_equal(d, &c->arg, t);
	case COND_INCLUDES:
		return datum_includes_all(&c->arg, d, t);
	case COND_EXCLUDES:
		return datum_excludes_all(&c->arg, d, t);
	case COND_LT:
	case COND_LE:
	case COND_GT:
	case COND_GE:
		/* an optional column without a value is neither less nor greater */
		return d->n == 1 &&
		       order_holds(c->fn, atom_compare(&d->keys[0], &c->arg.keys[0], t->key.type));
	case COND_FALSE:
	case COND_TRUE:
		break;
	}
	return c->fn == COND_TRUE;
}

bool condition_matches_all(const struct condition *cond, const struct datum *columns)
{
	for (size_t i = 0; i < cond->n; i++)
		if (!clause_matches(&cond->clauses[i], columns))
			return false;
	return true;
}

bool condition_matches_any(const struct condition *cond, const struct datum *columns)
{
	for (size_t i = 0; i < cond->n; i++)
		if (clause_matches(&cond->clauses[i], columns))
			return true;
	return false;
}

const struct uuid *condition_uuid(const struct condition *cond)
{
	for (size_t i = 0; i < cond->n; i++) {
		const struct clause *c = &cond->clauses[i];

		if (c->column && c->column->index == COL_UUID &&
		    (c->fn == COND_EQ || c->fn == COND_INCLUDES))
			return &c->arg.keys[0].uuid;
	}
	return NULL;
}
