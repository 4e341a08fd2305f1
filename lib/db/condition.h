/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions (RFC 7047 section 5.1 <condition>, with true/false and optional scalars) and
 * mutations. */
#ifndef DB_CONDITION_H
#define DB_CONDITION_H

#include "db/schema.h"

enum cond_fn {
	COND_FALSE,
	COND_TRUE,
	COND_EQ,
	COND_NE,
	COND_LT,
	COND_LE,
	COND_GT,
	COND_GE,
	COND_INCLUDES,
	COND_EXCLUDES
};

struct clause {
	enum cond_fn fn;
	const struct column_schema *column; /* NULL for true, false */
	struct datum arg;
};
/* A conjunction; monitors' "where" is a disjunction: the caller says which when it evaluates. */
struct condition {
	size_t n;
	struct clause *clauses;
};
/* NULL or a sentence (db/error.h), with nothing to uninit.  The condition borrows from the
 * schema. */
char *condition_from_json(struct condition *, const struct table_schema *, const json_t *,
			  struct symbol_table *);
json_t *condition_to_json(const struct condition *);
void condition_clone(struct condition *dst, const struct condition *src);
void condition_uninit(struct condition *);
bool clause_matches(const struct clause *, const struct datum *columns /* by column index */);
/* An empty condition matches all rows by the first, none by the second. */
bool condition_matches_all(const struct condition *, const struct datum *columns);
bool condition_matches_any(const struct condition *, const struct datum *columns);
/* The clause "_uuid == x" if there is one, so that a look-up replaces a scan. */
const struct uuid *condition_uuid(const struct condition *);

/* The names as in JSON: "==", "includes"; "+=", "insert". */
const char *cond_fn_name(enum cond_fn);

enum mutator { MUT_ADD, MUT_SUB, MUT_MUL, MUT_DIV, MUT_MOD, MUT_INSERT, MUT_DELETE };
struct mutation {
	enum mutator op;
	const struct column_schema *column;
	/* set, map or keys of the map to delete; borrowed from the schema */
	struct column_type arg_type;
	struct datum arg;
};
struct mutation_list {
	size_t n;
	struct mutation *mutations;
};
const char *mutator_name(enum mutator);
/* As condition_from_json(). */
char *mutations_from_json(struct mutation_list *, const struct table_schema *, const json_t *,
			  struct symbol_table *);
void mutations_uninit(struct mutation_list *);
/* Applies to 'columns' (by column index).  NULL, or a sentence without a tag, and the columns as
 * they were; '*tag' is RFC 7047's error then, static: "domain error", "range error", "constraint
 * violation". */
char *mutation_apply(const struct mutation *, struct datum *columns, const char **tag);

#endif
