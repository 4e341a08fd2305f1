/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions (RFC 7047 section 5.1 <condition>, with true/false and optional scalars) and mutations. */
#ifndef DB_CONDITION_H
#define DB_CONDITION_H

#include "db/schema.h"

enum cond_fn { COND_FALSE, COND_TRUE, COND_EQ, COND_NE, COND_LT, COND_LE, COND_GT, COND_GE, COND_INCLUDES, COND_EXCLUDES };

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
char *condition_from_json(struct condition *, const struct table_schema *, const json_t *,
			  struct symbol_table *);
json_t *condition_to_json(const struct condition *);
void condition_clone(struct condition *dst, const struct condition *src);
void condition_uninit(struct condition *);
bool clause_matches(const struct clause *, const struct datum *columns /* by column index */);
bool condition_matches_all(const struct condition *, const struct datum *columns);
bool condition_matches_any(const struct condition *, const struct datum *columns);
/* The clause "_uuid == x" if there is one, so that a look-up replaces a scan. */
const struct uuid *condition_uuid(const struct condition *);

enum mutator { MUT_ADD, MUT_SUB, MUT_MUL, MUT_DIV, MUT_MOD, MUT_INSERT, MUT_DELETE };
struct mutation {
	enum mutator op;
	const struct column_schema *column;
	struct column_type arg_type; /* set, map or keys of the map to delete */
	struct datum arg;
};
struct mutation_list {
	size_t n;
	struct mutation *mutations;
};
char *mutations_from_json(struct mutation_list *, const struct table_schema *, const json_t *,
			  struct symbol_table *);
void mutations_uninit(struct mutation_list *);
/* Applies to 'columns'; on error says why ("divide by zero", "range error", "constraint violation"):
 * '*tag' is RFC 7047's error, static. */
char *mutation_apply(const struct mutation *, struct datum *columns, const char **tag);

#endif
