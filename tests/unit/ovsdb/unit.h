/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test of this folder includes: cmocka, JSON with ' for ", and transactions as
 * text. */
#ifndef TESTS_UNIT_OVSDB_UNIT_H
#define TESTS_UNIT_OVSDB_UNIT_H

#include "tests/unit/db/unit.h"

#include "ovsdb/ops.h"
#include "ovsdb/record.h"
#include "tests/unit/ovsdb/check_db.h"

static inline int unit_compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

enum { UNIT_VERSION = 1 << 0, UNIT_PERSISTENT = 1 << 1 };

/* All rows as sorted text; with _version, or without ephemeral columns.  The caller frees it. */
static inline char *unit_dump(const struct db *db, unsigned int flags)
{
	char **lines = NULL;
	size_t n = 0, n_allocated = 0;
	struct str s = STR_INIT;
	struct row *row;

	UNIT_FOR_EACH_ROW(row, db)
	{
		json_t *json = json_object();

		for (uint32_t i = 0; i < row->table->schema->n_columns; i++) {
			const struct column_schema *cs = row->table->schema->columns[i];
			struct datum d = row_get(row, i);

			if ((i != COL_VERSION || flags & UNIT_VERSION) &&
			    !(cs->ephemeral && flags & UNIT_PERSISTENT && i >= N_STD_COLUMNS) &&
			    (i < N_STD_COLUMNS || !datum_is_default(&d, &cs->type)))
				json_object_set_new(json, cs->name, datum_to_json(&d, &cs->type));
		}
		if (n == n_allocated)
			lines = x2nrealloc(lines, &n_allocated, sizeof(*lines));
		char *text = text_of(json);

		lines[n++] = xasprintf("%s %s\n", row->table->schema->name, text);
		free(text);
	}
	if (n)
		qsort(lines, n, sizeof(*lines), unit_compare_strings);
	for (size_t i = 0; i < n; i++) {
		str_put(&s, lines[i]);
		free(lines[i]);
	}
	free(lines);
	return str_steal(&s);
}

/* Runs operations given as text (an array with the database's name first); the result's text, which
 * the caller frees.  '*txn' gets what was committed, or NULL. */
static inline char *unit_run_json(struct db *db, const json_t *params, struct txn **txn)
{
	struct ops_request request = { .db = db, .params = params };
	struct ops_outcome outcome;
	json_t *result;

	ops_run(&request, &outcome);
	*txn = outcome.txn;
	if (!outcome.result.len)
		return xstrdup("waits");
	result = json_loadb(outcome.result.data, outcome.result.len, 0, NULL);
	assert_non_null(result);
	str_uninit(&outcome.result);
	return text_of(result);
}

static inline char *unit_run(struct db *db, const char *ops)
{
	json_t *params = json_of(ops);
	struct txn *txn;
	char *text = unit_run_json(db, params, &txn);

	json_decref(params);
	if (txn)
		txn_settle(txn);
	txn_unref(txn);
	return text;
}

#endif
