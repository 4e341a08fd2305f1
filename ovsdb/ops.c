// SPDX-License-Identifier: Apache-2.0
/* Each operation is a function that puts its result, as JSON text, or returns a sentence
 * (db/error.h).  One that fails ends the transaction; the results of those behind it are null.
 * Results are text from the start because a tree of them would cost more than the operations. */
#include "ovsdb/ops.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "db/error.h"
#include "db/members.h"
#include "db/symbol.h"
#include "ovsdb/json_text.h"
#include "ovsdb/query.h"

/* Values that the "select"s of a transaction may return, whatever the size of the database. */
#define SELECT_FREE_CELLS 1000000

struct op {
	const struct ops_request *request;
	struct txn *txn;
	struct symbol_table *symbols;
	const json_t *json;
	struct members m;
	struct str *result; /* where the operation puts its object when nothing can fail any more */
	uint64_t wait_ms; /* 0 unless this operation has to wait */
	uint64_t n_cells; /* that were selected so far */
};

static struct db_table *op_table(struct op *op)
{
	const json_t *name = members_get(&op->m, "table", MEMBER_ID);
	struct db_table *t;

	if (!name)
		return NULL;
	t = db_table(op->request->db, json_string_value(name));
	if (!t && !op->m.error)
		op->m.error = db_syntax_error(op->json, "Parsing %s failed: No table named %s.",
					      op->m.what, json_string_value(name));
	return t;
}

/* What a <row> says, in columns of 'columns' (by column index, zeroed by the caller) and the bitmap
 * 'given'.  The caller releases both with row_json_uninit(), also after an error. */
struct row_json {
	const struct db_table *table;
	struct datum *columns;
	uint64_t *given;
};

static void row_json_uninit(struct row_json *r)
{
	for (uint32_t w = 0; w < r->table->n_words; w++)
		for (uint64_t bits = r->given[w]; bits; bits &= bits - 1) {
			uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(bits);

			datum_uninit(&r->columns[i], &r->table->schema->columns[i]->type);
		}
	free(r->columns);
	free(r->given);
}

static char *row_json_init(struct row_json *r, const struct db_table *t, const json_t *json,
			   struct symbol_table *symbols)
{
	const char *name;
	json_t *value;

	r->table = t;
	r->columns = xcalloc(t->schema->n_columns, sizeof(*r->columns));
	r->given = xcalloc(t->n_words, sizeof(*r->given));
	if (!json_is_object(json))
		return db_syntax_error(json, "row must be JSON object");
	json_object_foreach((json_t *)json, name, value) {
		const struct column_schema *cs = table_column(t->schema, name);
		char *err;

		if (!cs)
			return db_error("unknown column", json, "No column %s in table %s.", name,
					t->schema->name);
		err = datum_from_json(&r->columns[cs->index], &cs->type, value, symbols, false);
		if (err)
			return err;
		bitmap_set(r->given, cs->index);
	}
	return NULL;
}

/* Sets what the row says, except for the columns that nobody sets. */
static void row_json_apply(struct row_json *r, struct row *row)
{
	for (uint32_t w = 0; w < r->table->n_words; w++)
		for (uint64_t bits = r->given[w]; bits; bits &= bits - 1) {
			uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(bits);
			struct datum d;

			if (i < N_STD_COLUMNS)
				continue;
			datum_clone(&d, &r->columns[i], &r->table->schema->columns[i]->type);
			txn_set(row, i, &d);
		}
}

static char *op_insert(struct op *op)
{
	struct db_table *t = op_table(op);
	const json_t *uuid_json = members_get(&op->m, "uuid", MEMBER_STRING | MEMBER_OPTIONAL);
	const json_t *name_json = members_get(&op->m, "uuid-name", MEMBER_ID | MEMBER_OPTIONAL);
	const json_t *row_json = members_get(&op->m, "row", MEMBER_OBJECT);
	char *err = members_finish(&op->m);
	struct row_json r;
	struct uuid uuid;
	struct row *row;

	if (err)
		return err;
	if (uuid_json) {
		if (!uuid_parse(json_string_value(uuid_json), &uuid))
			return db_syntax_error(uuid_json, "bad uuid");
		if (row_lookup(t, &uuid))
			return db_error(
				"duplicate uuid", uuid_json,
				"This UUID would duplicate a UUID already present within the table "
				"or deleted within the same transaction.");
	} else {
		uuid_generate(&uuid);
	}
	if (name_json) {
		struct symbol *symbol = symbol_insert(op->symbols, json_string_value(name_json));

		if (symbol->created)
			return db_error(
				"duplicate uuid-name", name_json,
				"This \"uuid-name\" appeared on an earlier \"insert\" operation.");
		if (uuid_json)
			symbol->uuid = uuid;
		else
			uuid = symbol->uuid;
		symbol->created = true;
	}
	err = row_json_init(&r, t, row_json, op->symbols);
	if (!err) {
		row = txn_insert(t, &uuid);
		for (uint32_t w = 0; w < t->n_words; w++)
			for (uint64_t bits = r.given[w]; bits; bits &= bits - 1) {
				uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(bits);

				if (i < N_STD_COLUMNS)
					continue;
				txn_set(row, i, &r.columns[i]);
				bitmap_clear(r.given, i);
			}
		str_put(op->result, "{\"uuid\":[\"uuid\",");
		json_text_put_uuid(op->result, &uuid);
		str_put(op->result, "]}");
	}
	row_json_uninit(&r);
	return err;
}

/* "columns": NULL stands for all. */
static char *columns_from_json(const struct db_table *t, const json_t *json,
			       const struct column_schema ***columns, size_t *n_columns)
{
	size_t n = json ? json_array_size(json) : t->schema->n_columns;
	const struct column_schema **list = xcalloc(n ? n : 1, sizeof(*list));
	uint64_t *seen = xcalloc(t->n_words, sizeof(*seen));
	char *err = NULL;

	for (size_t i = 0; i < n && !err; i++) {
		const char *name;

		if (!json) {
			list[i] = t->schema->columns[i];
			continue;
		}
		name = json_string_value(json_array_get(json, i));
		list[i] = name ? table_column(t->schema, name) : NULL;
		if (!name || (list[i] && bitmap_get(seen, list[i]->index)))
			err = db_syntax_error(json, "array of distinct column names expected");
		else if (!list[i])
			err = db_syntax_error(json, "%s is not a valid column name", name);
		else
			bitmap_set(seen, list[i]->index);
	}
	free(seen);
	if (err) {
		free(list);
		return err;
	}
	*columns = list;
	*n_columns = n;
	return NULL;
}

static void put_row(struct str *s, const struct row *row, const struct column_schema **columns,
		    size_t n_columns)
{
	str_putc(s, '{');
	for (size_t i = 0; i < n_columns; i++) {
		struct datum d = row_get(row, columns[i]->index);

		str_put(s, i ? ",\"" : "\"");
		str_put(s, columns[i]->name);
		str_put(s, "\":");
		json_text_put_datum(s, &d, &columns[i]->type);
	}
	str_putc(s, '}');
}

/* A short request must not make an endless answer: all of the database fits in twice, not a
 * thousand times. */
static bool is_too_much(const struct op *op)
{
	const struct db *db = op->request->db;
	uint64_t n = 0;

	if (op->n_cells <= SELECT_FREE_CELLS)
		return false;
	for (uint32_t i = 0; i < db->schema->n_tables; i++)
		n += hmap_count(&db->tables[i].rows) * (uint64_t)db->tables[i].schema->n_columns;
	return op->n_cells > 2 * n;
}

static char *op_select(struct op *op)
{
	struct db_table *t = op_table(op);
	const json_t *where = members_get(&op->m, "where", MEMBER_ARRAY);
	const json_t *columns_json = members_get(&op->m, "columns", MEMBER_ARRAY | MEMBER_OPTIONAL);
	const struct column_schema **columns;
	struct query_rows rows = { 0 };
	size_t n_columns;
	char *err = members_finish(&op->m);

	if (err)
		return err;
	err = query_from_json(t, where, op->symbols, &rows);
	if (err)
		return err;
	err = columns_from_json(t, columns_json, &columns, &n_columns);
	if (err) {
		query_rows_uninit(&rows);
		return err;
	}
	query_rows_distinct(&rows, columns, n_columns);
	op->n_cells += rows.n * n_columns;
	if (is_too_much(op)) {
		query_rows_uninit(&rows);
		free(columns);
		return db_error("resources exhausted", NULL,
				"the transaction selects the database several times over");
	}
	str_put(op->result, "{\"rows\":[");
	for (size_t i = 0; i < rows.n; i++) {
		if (i)
			str_putc(op->result, ',');
		put_row(op->result, rows.rows[i], columns, n_columns);
	}
	str_put(op->result, "]}");
	query_rows_uninit(&rows);
	free(columns);
	return NULL;
}

static void put_count(struct op *op, size_t n)
{
	str_put(op->result, "{\"count\":");
	json_text_put_integer(op->result, (int64_t)n);
	str_putc(op->result, '}');
}

static char *op_update(struct op *op)
{
	struct db_table *t = op_table(op);
	const json_t *where = members_get(&op->m, "where", MEMBER_ARRAY);
	const json_t *row_json = members_get(&op->m, "row", MEMBER_OBJECT);
	struct query_rows rows = { 0 };
	char *err = members_finish(&op->m);
	struct row_json r;

	if (err)
		return err;
	err = row_json_init(&r, t, row_json, op->symbols);
	for (uint32_t i = 0; !err && i < t->schema->n_columns; i++)
		if (bitmap_get(r.given, i) && !t->schema->columns[i]->mutable_)
			err = db_error("constraint violation", op->json,
				       "Cannot update immutable column %s in table %s.",
				       t->schema->columns[i]->name, t->schema->name);
	if (!err)
		err = query_from_json(t, where, op->symbols, &rows);
	if (!err) {
		for (size_t i = 0; i < rows.n; i++)
			row_json_apply(&r, rows.rows[i]);
		put_count(op, rows.n);
	}
	query_rows_uninit(&rows);
	row_json_uninit(&r);
	return err;
}

/* Applies one mutation to one row. */
static char *mutate_row(struct row *row, const struct mutation *mutation)
{
	const struct column_schema *cs = mutation->column;
	struct datum *scratch = row->table->scratch;
	struct datum old = row_get(row, cs->index);
	const char *tag = "constraint violation";
	char *err;

	datum_clone(&scratch[cs->index], &old, &cs->type);
	err = mutation_apply(mutation, scratch, &tag);
	if (err) {
		char *tagged;
		struct db_error e;

		datum_uninit(&scratch[cs->index], &cs->type);
		db_error_split(err, tag, &e);
		tagged = db_error(e.tag, NULL, "%s", e.details ? e.details : "");
		db_error_uninit(&e);
		free(err);
		return tagged;
	}
	txn_set(row, cs->index, &scratch[cs->index]);
	return NULL;
}

static char *op_mutate(struct op *op)
{
	struct db_table *t = op_table(op);
	const json_t *where = members_get(&op->m, "where", MEMBER_ARRAY);
	const json_t *mutations_json = members_get(&op->m, "mutations", MEMBER_ARRAY);
	struct mutation_list mutations = { 0 };
	struct query_rows rows = { 0 };
	char *err = members_finish(&op->m);

	if (err)
		return err;
	err = mutations_from_json(&mutations, t->schema, mutations_json, op->symbols);
	if (err)
		return err;
	err = query_from_json(t, where, op->symbols, &rows);
	for (size_t i = 0; !err && i < rows.n; i++)
		for (size_t j = 0; !err && j < mutations.n; j++)
			err = mutate_row(rows.rows[i], &mutations.mutations[j]);
	if (!err)
		put_count(op, rows.n);
	query_rows_uninit(&rows);
	mutations_uninit(&mutations);
	return err;
}

static char *op_delete(struct op *op)
{
	struct db_table *t = op_table(op);
	const json_t *where = members_get(&op->m, "where", MEMBER_ARRAY);
	struct query_rows rows = { 0 };
	char *err = members_finish(&op->m);

	if (err)
		return err;
	err = query_from_json(t, where, op->symbols, &rows);
	if (err)
		return err;
	for (size_t i = 0; i < rows.n; i++)
		txn_delete(rows.rows[i]);
	put_count(op, rows.n);
	query_rows_uninit(&rows);
	return NULL;
}

/* Whether 'rows', projected on 'columns', are the rows that 'expected' says. */
static char *rows_are(struct op *op, struct db_table *t, struct query_rows *rows,
		      const struct column_schema **columns, size_t n_columns,
		      const json_t *expected, bool *equal)
{
	struct query_set *set = query_set_create(columns, n_columns);
	size_t n_found = 0;
	char *err = NULL;
	size_t i;
	json_t *json;

	query_rows_distinct(rows, columns, n_columns);
	for (i = 0; i < rows->n; i++)
		query_set_insert_row(set, rows->rows[i]);
	*equal = true;
	json_array_foreach(expected, i, json) {
		struct row_json r;

		err = row_json_init(&r, t, json, op->symbols);
		if (err) {
			row_json_uninit(&r);
			break;
		}
		switch (query_set_find(set, t, r.columns, r.given)) {
		case QUERY_SET_ABSENT:
			*equal = false;
			break;
		case QUERY_SET_FIRST:
			n_found++;
			break;
		case QUERY_SET_AGAIN:
			break;
		}
		row_json_uninit(&r);
	}
	if (n_found != rows->n)
		*equal = false;
	query_set_destroy(set);
	return err;
}

static char *op_wait(struct op *op)
{
	const json_t *timeout_json = members_get(&op->m, "timeout",
						 MEMBER_NUMBER | MEMBER_INTEGER | MEMBER_OPTIONAL);
	struct db_table *t = op_table(op);
	const json_t *where = members_get(&op->m, "where", MEMBER_ARRAY);
	const json_t *columns_json = members_get(&op->m, "columns", MEMBER_ARRAY | MEMBER_OPTIONAL);
	const json_t *until = members_get(&op->m, "until", MEMBER_STRING);
	const json_t *expected = members_get(&op->m, "rows", MEMBER_ARRAY);
	const struct column_schema **columns;
	struct query_rows rows = { 0 };
	int64_t timeout = -1;
	size_t n_columns;
	char *err = members_finish(&op->m);
	bool equal = false;
	bool want_equal;

	if (err)
		return err;
	if (timeout_json) {
		double d = json_number_value(timeout_json);

		if (d < 0)
			return db_syntax_error(timeout_json, "timeout must be nonnegative");
		timeout = d < 1e15 ? (int64_t)d : (int64_t)1e15;
	}
	want_equal = streq(json_string_value(until), "==");
	if (!want_equal && !streq(json_string_value(until), "!="))
		return db_syntax_error(until, "\"until\" must be \"==\" or \"!=\"");
	err = query_from_json(t, where, op->symbols, &rows);
	if (err)
		return err;
	err = columns_from_json(t, columns_json, &columns, &n_columns);
	if (!err) {
		err = rows_are(op, t, &rows, columns, n_columns, expected, &equal);
		free(columns);
	}
	query_rows_uninit(&rows);
	if (err || equal == want_equal)
		return err;
	if (!timeout)
		return db_error("timed out", NULL, "\"where\" clause test failed");
	if (timeout > 0 && op->request->elapsed_ms >= (uint64_t)timeout)
		return db_error("timed out", NULL, "\"wait\" timed out after %" PRIu64 " ms",
				op->request->elapsed_ms);
	op->wait_ms = timeout > 0 ? (uint64_t)timeout : UINT64_MAX;
	return NULL;
}

static char *op_commit(struct op *op)
{
	/* Every transaction is durable before it is answered. */
	members_get(&op->m, "durable", MEMBER_BOOLEAN);
	return members_finish(&op->m);
}

static char *op_abort(struct op *op)
{
	char *err = members_finish(&op->m);

	return err ? err : db_error("aborted", NULL, "aborted by request");
}

static char *op_comment(struct op *op)
{
	const json_t *comment = members_get(&op->m, "comment", MEMBER_STRING);
	char *err = members_finish(&op->m);

	if (err)
		return err;
	if (op->txn->comment.len)
		str_putc(&op->txn->comment, '\n');
	str_put(&op->txn->comment, json_string_value(comment));
	return NULL;
}

static char *op_assert(struct op *op)
{
	const json_t *lock = members_get(&op->m, "lock", MEMBER_ID);
	char *err = members_finish(&op->m);
	const struct ops_request *rq = op->request;

	if (err)
		return err;
	if (!rq->holds_lock || !rq->holds_lock(json_string_value(lock), rq->aux))
		return db_error("not owner", NULL, "Asserted lock %s not held.",
				json_string_value(lock));
	return NULL;
}

static const struct op_kind {
	const char *name;
	char *(*run)(struct op *);
	bool writes;
} op_kinds[] = {
	{ "insert", op_insert, true },    { "select", op_select, false },
	{ "update", op_update, true },    { "mutate", op_mutate, true },
	{ "delete", op_delete, true },    { "wait", op_wait, false },
	{ "commit", op_commit, false },   { "abort", op_abort, false },
	{ "comment", op_comment, false }, { "assert", op_assert, false },
};

static char *op_run(struct op *op, size_t i, size_t n)
{
	const struct op_kind *kind = NULL;
	const json_t *name;

	members_init(&op->m, op->json, "ovsdb operation %zu of %zu", i, n);
	name = members_get(&op->m, "op", MEMBER_ID);
	if (!name)
		return members_finish(&op->m);
	for (size_t j = 0; j < ARRAY_SIZE(op_kinds) && !kind; j++)
		if (streq(op_kinds[j].name, json_string_value(name)))
			kind = &op_kinds[j];
	if (!kind) {
		op->m.error = db_syntax_error(op->json, "Parsing %s failed: No operation \"%s\"",
					      op->m.what, json_string_value(name));
		return members_finish(&op->m);
	}
	if (kind->writes && op->request->read_only) {
		free(members_finish(&op->m));
		return db_error("not allowed", NULL, "%s operation not allowed %s", kind->name,
				op->request->read_only);
	}
	return kind->run(op);
}

/* An insert that has both "uuid" and "uuid-name" gives the name that UUID also for the operations
 * before it. */
static void preset_symbols(const json_t *params, struct symbol_table *symbols)
{
	size_t n = json_array_size(params);

	for (size_t i = 1; i < n; i++) {
		const json_t *op = json_array_get(params, i);
		const char *uuid_text = json_string_value(json_object_get(op, "uuid"));
		const char *name = json_string_value(json_object_get(op, "uuid-name"));
		struct uuid uuid;

		if (uuid_text && name && uuid_parse(uuid_text, &uuid) && schema_is_valid_id(name) &&
		    !symbol_lookup(symbols, name))
			symbol_insert(symbols, name)->uuid = uuid;
	}
}

static void put_error(struct str *s, const char *err, const char *default_tag)
{
	json_t *json = db_error_to_json(err, default_tag);

	json_text_put(s, json);
	json_decref(json);
}

void ops_add_error(struct str *result, const char *err, const char *default_tag)
{
	str_chomp(result, ']');
	str_putc(result, ',');
	put_error(result, err, default_tag);
	str_putc(result, ']');
}

void ops_run(const struct ops_request *request, struct ops_outcome *outcome)
{
	size_t n = json_array_size(request->params) - 1;
	struct op op = { .request = request, .result = &outcome->result };
	bool failed = false;
	char *err;
	size_t i;

	memset(outcome, 0, sizeof(*outcome));
	op.txn = txn_open(request->db);
	op.symbols = symbol_table_create();
	preset_symbols(request->params, op.symbols);
	str_putc(op.result, '[');
	for (i = 1; i <= n && !failed && !op.wait_ms; i++) {
		size_t start;

		if (i > 1)
			str_putc(op.result, ',');
		start = op.result->len;
		op.json = json_array_get(request->params, i);
		err = op_run(&op, i, n);
		if (err)
			put_error(op.result, err, "internal error");
		else if (op.result->len == start)
			str_put(op.result, "{}");
		failed = err != NULL;
		free(err);
	}
	symbol_table_destroy(op.symbols);
	if (op.wait_ms) {
		txn_abort(op.txn);
		str_uninit(op.result);
		outcome->wait_ms = op.wait_ms;
		return;
	}
	for (; i <= n; i++)
		str_put(op.result, ",null");
	str_putc(op.result, ']');
	if (failed) {
		txn_abort(op.txn);
		return;
	}
	err = txn_commit(op.txn);
	if (err) {
		ops_add_error(op.result, err, "internal error");
		free(err);
		return;
	}
	if (txn_is_empty(op.txn)) {
		txn_settle(op.txn);
		txn_unref(op.txn);
	} else {
		outcome->txn = op.txn;
	}
}
