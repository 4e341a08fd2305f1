// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

static void add(struct query_rows *rows, struct row *row)
{
	if (rows->n == rows->n_allocated)
		rows->rows = x2nrealloc(rows->rows, &rows->n_allocated, sizeof(*rows->rows));
	rows->rows[rows->n++] = row;
}

static void add_if(struct query_rows *rows, struct row *row, const struct condition *cond)
{
	if (row_is_live(row) && condition_matches_all(cond, row_fill(row, cond)))
		add(rows, row);
}

/* The clause that says what 'column' is equal to. */
static const struct clause *equal_clause(const struct condition *cond,
					 const struct column_schema *cs)
{
	for (size_t i = 0; i < cond->n; i++)
		if (cond->clauses[i].fn == COND_EQ && cond->clauses[i].column == cs)
			return &cond->clauses[i];
	return NULL;
}

/* True, and the hash to look for, if 'cond' fixes all columns of 'index'. */
static bool index_serves(const struct index_schema *index, const struct condition *cond,
			 uint32_t *hash)
{
	*hash = 0;
	for (uint32_t i = 0; i < index->n_columns; i++) {
		const struct clause *clause = equal_clause(cond, index->columns[i]);

		if (!clause)
			return false;
		*hash = datum_hash(&clause->arg, &index->columns[i]->type, *hash);
	}
	return true;
}

void query_run(struct db_table *t, const struct condition *cond, struct query_rows *rows)
{
	const struct uuid *uuid = condition_uuid(cond);
	struct row *row;
	uint32_t hash;

	if (uuid) {
		row = row_lookup(t, uuid);
		if (row)
			add_if(rows, row, cond);
		return;
	}
	for (uint32_t i = 0; i < t->schema->n_indexes; i++) {
		if (!index_serves(&t->schema->indexes[i], cond, &hash))
			continue;
		HMAP_FOR_EACH_WITH_HASH(row, index_nodes[i], hash, &t->indexes[i])
			add_if(rows, row, cond);
		return;
	}
	HMAP_FOR_EACH(row, node, &t->rows)
		add_if(rows, row, cond);
}

char *query_from_json(struct db_table *t, const json_t *where, struct symbol_table *symbols,
		      struct query_rows *rows)
{
	struct condition cond;
	char *err = condition_from_json(&cond, t->schema, where, symbols);

	if (err)
		return err;
	query_run(t, &cond, rows);
	condition_uninit(&cond);
	return NULL;
}

void query_rows_uninit(struct query_rows *rows)
{
	free(rows->rows);
	memset(rows, 0, sizeof(*rows));
}

void query_rows_distinct(struct query_rows *rows, const struct column_schema **columns,
			 size_t n_columns)
{
	struct query_set *set;
	size_t n = 0;

	if (rows->n < 2)
		return;
	for (size_t i = 0; i < n_columns; i++)
		if (columns[i]->index == COL_UUID || columns[i]->index == COL_VERSION)
			return;
	set = query_set_create(columns, n_columns);
	for (size_t i = 0; i < rows->n; i++)
		if (query_set_insert_row(set, rows->rows[i]))
			rows->rows[n++] = rows->rows[i];
	rows->n = n;
	query_set_destroy(set);
}

struct query_set {
	struct hmap map; /* 'struct set_node' */
	const struct column_schema **columns;
	size_t n_columns;
};

struct set_node {
	struct hmap_node node;
	const struct row *row;
	bool found;
};

struct query_set *query_set_create(const struct column_schema **columns, size_t n_columns)
{
	struct query_set *set = xzalloc(sizeof(*set));

	hmap_init(&set->map);
	set->columns = columns;
	set->n_columns = n_columns;
	return set;
}

void query_set_destroy(struct query_set *set)
{
	struct set_node *node;

	HMAP_FOR_EACH(node, node, &set->map)
		free(node);
	hmap_uninit(&set->map);
	free(set);
}

bool query_set_insert_row(struct query_set *set, const struct row *row)
{
	struct set_node *node;
	uint32_t hash = 0;

	for (size_t i = 0; i < set->n_columns; i++) {
		struct datum d = row_get(row, set->columns[i]->index);

		hash = datum_hash(&d, &set->columns[i]->type, hash);
	}
	HMAP_FOR_EACH_WITH_HASH(node, node, hash, &set->map) {
		size_t i;

		for (i = 0; i < set->n_columns; i++) {
			struct datum a = row_get(row, set->columns[i]->index);
			struct datum b = row_get(node->row, set->columns[i]->index);

			if (!datum_equal(&a, &b, &set->columns[i]->type))
				break;
		}
		if (i == set->n_columns)
			return false;
	}
	node = xmalloc(sizeof(*node));
	node->row = row;
	node->found = false;
	hmap_insert(&set->map, &node->node, hash);
	return true;
}

enum query_set_found query_set_find(struct query_set *set, const struct db_table *t,
				    const struct datum *columns, const uint64_t *given)
{
	struct set_node *node;
	uint32_t hash = 0;

	for (size_t i = 0; i < set->n_columns; i++) {
		uint32_t c = set->columns[i]->index;

		hash = datum_hash(bitmap_get(given, c) ? &columns[c] : &t->defaults[c],
				  &set->columns[i]->type, hash);
	}
	HMAP_FOR_EACH_WITH_HASH(node, node, hash, &set->map) {
		enum query_set_found result = node->found ? QUERY_SET_AGAIN : QUERY_SET_FIRST;
		size_t i;

		for (i = 0; i < set->n_columns; i++) {
			uint32_t c = set->columns[i]->index;
			struct datum d = row_get(node->row, c);

			if (!datum_equal(&d, bitmap_get(given, c) ? &columns[c] : &t->defaults[c],
					 &set->columns[i]->type))
				break;
		}
		if (i == set->n_columns) {
			node->found = true;
			return result;
		}
	}
	return QUERY_SET_ABSENT;
}
