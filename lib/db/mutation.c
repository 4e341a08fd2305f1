// SPDX-License-Identifier: Apache-2.0
#include "db/condition.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"
#include "db/error.h"

static const char *const names[] = {
	[MUT_ADD] = "+=", [MUT_SUB] = "-=",        [MUT_MUL] = "*=",        [MUT_DIV] = "/=",
	[MUT_MOD] = "%=", [MUT_INSERT] = "insert", [MUT_DELETE] = "delete",
};

const char *mutator_name(enum mutator op)
{
	return names[op];
}

static bool parse_name(const char *name, enum mutator *op)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (streq(name, names[i])) {
			*op = (enum mutator)i;
			return true;
		}
	}
	return false;
}

static bool is_map_json(const json_t *json)
{
	const char *tag = json_string_value(json_array_get(json, 0));

	return tag && streq(tag, "map");
}

/* The type of the argument of 'op', in '*t' which is the column's; false if 'op' does not apply to
 * it. */
static bool argument_type(enum mutator op, const json_t *arg, struct column_type *t)
{
	enum atom_type key = t->key.type;

	if (op < MUT_INSERT) {
		if (column_type_is_map(t) || (key != ATOM_INTEGER && key != ATOM_REAL) ||
		    (op == MUT_MOD && key == ATOM_REAL))
			return false;
		base_type_init(&t->key, key); /* the result is checked, not the argument */
		t->n_min = t->n_max = 1;
		return true;
	}
	if (column_type_is_scalar(t))
		return false;
	t->n_min = 0;
	if (op == MUT_DELETE) {
		t->n_max = UINT32_MAX;
		if (!is_map_json(arg))
			base_type_init(&t->value, ATOM_VOID); /* keys alone */
	}
	return true;
}

static char *type_mismatch(const json_t *json, const struct column_schema *c, enum mutator op)
{
	struct str type = STR_INIT;
	char *error;

	column_type_format_english(&c->type, &type);
	error = db_syntax_error(json,
				"Type mismatch: \"%s\" operator may not be applied to column %s of "
				"type %s.",
				names[op], c->name, str_cstr(&type));
	str_uninit(&type);
	return error;
}

static char *mutation_from_json(struct mutation *m, const struct table_schema *t,
				const json_t *json, struct symbol_table *symbols)
{
	const char *column = json_string_value(json_array_get(json, 0));
	const char *op = json_string_value(json_array_get(json, 1));
	const json_t *arg = json_array_get(json, 2);

	if (json_array_size(json) != 3 || !column || !op)
		return db_syntax_error(json, "Parse error in mutation.");
	m->column = table_column(t, column);
	if (!m->column)
		return db_error("unknown column", json, "No column %s in table %s.", column,
				t->name);
	if (!m->column->mutable_)
		return db_error("constraint violation", json,
				"Cannot mutate immutable column %s in table %s.", column, t->name);
	if (!parse_name(op, &m->op))
		return db_error("unknown mutator", NULL, "No mutator named %s.", op);
	m->arg_type = m->column->type;
	if (!argument_type(m->op, arg, &m->arg_type))
		return type_mismatch(json, m->column, m->op);
	return datum_from_json(&m->arg, &m->arg_type, arg, symbols, false);
}

char *mutations_from_json(struct mutation_list *list, const struct table_schema *t,
			  const json_t *json, struct symbol_table *symbols)
{
	struct mutation_list new = { 0 };
	const json_t *element;
	char *error = NULL;
	size_t i;

	if (!json_is_array(json))
		return db_syntax_error(json, "array of mutations expected");
	new.mutations = xcalloc(json_array_size(json) + 1, sizeof(*new.mutations));
	json_array_foreach((json_t *)json, i, element) {
		error = mutation_from_json(&new.mutations[new.n], t, element, symbols);
		if (error)
			break;
		new.n++;
	}
	if (error)
		mutations_uninit(&new);
	else
		*list = new;
	return error;
}

void mutations_uninit(struct mutation_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		datum_uninit(&list->mutations[i].arg, &list->mutations[i].arg_type);
	free(list->mutations);
	*list = (struct mutation_list){ 0 };
}

/* ---- applying ---- */

enum outcome { FINE, OUT_OF_RANGE, DIVIDED_BY_ZERO };

static enum outcome integer_op(enum mutator op, int64_t *x, int64_t y)
{
	switch (op) {
	case MUT_ADD:
		return __builtin_add_overflow(*x, y, x) ? OUT_OF_RANGE : FINE;
	case MUT_SUB:
		return __builtin_sub_overflow(*x, y, x) ? OUT_OF_RANGE : FINE;
	case MUT_MUL:
		return __builtin_mul_overflow(*x, y, x) ? OUT_OF_RANGE : FINE;
	case MUT_DIV:
		if (!y)
			return DIVIDED_BY_ZERO;
		if (y == -1)
			return __builtin_sub_overflow(0, *x, x) ? OUT_OF_RANGE : FINE;
		*x /= y;
		return FINE;
	case MUT_MOD:
		if (!y)
			return DIVIDED_BY_ZERO;
		*x = y == -1 ? 0 : *x % y;
		return FINE;
	case MUT_INSERT:
	case MUT_DELETE:
		break;
	}
	return FINE;
}

static enum outcome real_op(enum mutator op, double *x, double y)
{
	switch (op) {
	case MUT_ADD:
		*x += y;
		break;
	case MUT_SUB:
		*x -= y;
		break;
	case MUT_MUL:
		*x *= y;
		break;
	case MUT_DIV:
		if (y == 0)
			return DIVIDED_BY_ZERO;
		*x /= y;
		break;
	case MUT_MOD:
	case MUT_INSERT:
	case MUT_DELETE:
		break;
	}
	return isfinite(*x) ? FINE : OUT_OF_RANGE;
}

static char *untagged(char *error, const char **tag)
{
	struct db_error e;
	char *details;

	db_error_split(error, "constraint violation", &e);
	free(error);
	*tag = "constraint violation";
	details = e.details;
	e.details = NULL;
	db_error_uninit(&e);
	return details;
}

static char *apply_arithmetic(const struct mutation *m, struct datum *d, const char **tag)
{
	const struct column_type *t = &m->column->type;
	const union atom *y = &m->arg.keys[0];
	char *error;

	for (uint32_t i = 0; i < d->n; i++) {
		enum outcome outcome = t->key.type == ATOM_REAL
					       ? real_op(m->op, &d->keys[i].real, y->real)
					       : integer_op(m->op, &d->keys[i].integer, y->integer);

		if (outcome == DIVIDED_BY_ZERO) {
			*tag = "domain error";
			return xstrdup("Division by zero.");
		}
		if (outcome == OUT_OF_RANGE) {
			*tag = "range error";
			return xasprintf("Result of \"%s\" operation is out of range.",
					 names[m->op]);
		}
		error = base_type_check(&t->key, &d->keys[i]);
		if (error)
			return untagged(error, tag);
	}
	error = datum_sort(d, t);
	if (error) {
		free(error);
		*tag = "constraint violation";
		return xasprintf("Result of \"%s\" operation contains duplicates.", names[m->op]);
	}
	return NULL;
}

static char *apply_set(const struct mutation *m, struct datum *d, const char **tag)
{
	const struct column_type *t = &m->column->type;
	struct str english = STR_INIT;
	char *error;

	if (m->op == MUT_INSERT)
		datum_union(d, &m->arg, t, false);
	else
		datum_subtract(d, &m->arg, t, !column_type_is_map(&m->arg_type));
	if (d->n >= t->n_min && d->n <= t->n_max)
		return NULL;
	*tag = "constraint violation";
	column_type_format_english(t, &english);
	error = xasprintf("Attempted to store %u elements in %s.", d->n, str_cstr(&english));
	str_uninit(&english);
	return error;
}

/* Whether the number of elements may leave its bounds: nothing else about sets can fail. */
static bool set_may_fail(const struct mutation *m, const struct datum *d)
{
	const struct column_type *t = &m->column->type;

	return m->op == MUT_INSERT ? (uint64_t)d->n + m->arg.n > t->n_max
				   : t->n_min && m->arg.n >= d->n;
}

char *mutation_apply(const struct mutation *m, struct datum *columns, const char **tag)
{
	const struct column_type *t = &m->column->type;
	struct datum *d = &columns[m->column->index], copy;
	char *error;

	if (m->op >= MUT_INSERT && !set_may_fail(m, d))
		return apply_set(m, d, tag);
	datum_clone(&copy, d, t);
	error = m->op >= MUT_INSERT ? apply_set(m, &copy, tag) : apply_arithmetic(m, &copy, tag);
	if (!error)
		datum_swap(d, &copy);
	datum_uninit(&copy, t);
	return error;
}
