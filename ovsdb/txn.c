// SPDX-License-Identifier: Apache-2.0
/* While a transaction is open: an inserted row is in its table with the content 'empty', a deleted
 * row is still there but in no index, and a modified row has its new columns in its change. */
#include "ovsdb/txn.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"

struct txn *txn_open(struct db *db)
{
	struct txn *txn = xzalloc(sizeof(*txn));

	assert(!db->open);
	txn->db = db;
	txn->refs = 1;
	CDS_INIT_LIST_HEAD(&txn->changes);
	CDS_INIT_LIST_HEAD(&txn->touched);
	db->open = txn;
	return txn;
}

struct txn *txn_ref(struct txn *txn)
{
	txn->refs++;
	return txn;
}

static void change_drop_columns(struct change *c)
{
	const struct db_table *t = c->row->table;

	if (!c->columns)
		return;
	for (uint32_t w = 0; w < t->n_words; w++)
		for (uint64_t bits = c->changed[w]; bits; bits &= bits - 1) {
			uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(bits);

			datum_uninit(&c->columns[i], &t->schema->columns[i]->type);
		}
	free(c->columns);
	c->columns = NULL;
}

static void change_destroy(struct change *c)
{
	cds_list_del(&c->node);
	values_unref(c->old, c->row->table->schema);
	values_unref(c->new_, c->row->table->schema);
	row_unref(c->row);
	free(c);
}

static void destroy_list(struct cds_list_head *list)
{
	struct change *c, *next;

	cds_list_for_each_entry_safe(c, next, list, node)
		change_destroy(c);
}

void txn_unref(struct txn *txn)
{
	if (!txn || --txn->refs)
		return;
	assert(txn->db == NULL || txn->db->open != txn);
	destroy_list(&txn->changes);
	destroy_list(&txn->touched);
	str_uninit(&txn->comment);
	free(txn);
}

struct change *txn_touch(struct row *row)
{
	struct txn *txn = row->table->db->open;
	struct change *c = row->change;

	assert(txn);
	if (!c) {
		c = xzalloc(sizeof(*c) + row->table->n_words * sizeof(uint64_t));
		c->row = row;
		row_ref(row);
		cds_list_add_tail(&c->node, &txn->changes);
		row->change = c;
	}
	return c;
}

struct row *txn_insert(struct db_table *t, const struct uuid *uuid)
{
	struct row *row = row_create(t, uuid);

	row_link(row);
	txn_touch(row)->inserted = true;
	row_index(row);
	row_unref(row);
	return row;
}

void txn_mark_deleted(struct change *c)
{
	row_unindex(c->row);
	change_drop_columns(c);
	memset(c->changed, 0, c->row->table->n_words * sizeof(uint64_t));
	c->deleted = true;
}

void txn_delete(struct row *row)
{
	struct change *c = txn_touch(row);

	txn_mark_deleted(c);
	if (c->inserted) {
		row->change = NULL;
		row_unlink(row);
		change_destroy(c);
	}
}

void txn_set(struct row *row, uint32_t column, struct datum *value)
{
	struct change *c = txn_touch(row);
	const struct db_table *t = row->table;

	assert(!c->deleted && column >= N_STD_COLUMNS);
	if (!c->columns)
		c->columns = xcalloc(t->schema->n_columns, sizeof(*c->columns));
	if (bitmap_get(c->changed, column))
		datum_uninit(&c->columns[column], &t->schema->columns[column]->type);
	bitmap_set(c->changed, column);
	c->columns[column] = *value;
	memset(value, 0, sizeof(*value));
	if (bitmap_get(t->index_columns, column))
		row_reindex_column(row, column);
}

void txn_abort(struct txn *txn)
{
	struct change *c, *next;

	assert(txn->db->open == txn);
	cds_list_for_each_entry_safe(c, next, &txn->changes, node) {
		struct row *row = c->row;
		bool in_index = !c->deleted;

		change_drop_columns(c);
		row->change = NULL;
		if (c->inserted) {
			row_unindex(row);
			row_unlink(row);
		} else if (!in_index) {
			row_index(row);
		} else {
			row_reindex(row, c->changed);
		}
		change_destroy(c);
	}
	txn->db->open = NULL;
	txn_unref(txn);
}

/* Forgets columns that were set to what they were. */
static void drop_equal_columns(struct change *c)
{
	struct row *row = c->row;
	const struct db_table *t = row->table;

	for (uint32_t w = 0; w < t->n_words; w++)
		for (uint64_t bits = c->changed[w]; bits; bits &= bits - 1) {
			uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(bits);
			const struct column_type *type = &t->schema->columns[i]->type;
			struct datum old = row_get_values(row, row->values, i);

			if (!datum_equal(&old, &c->columns[i], type))
				continue;
			datum_uninit(&c->columns[i], type);
			bitmap_clear(c->changed, i);
		}
}

static bool change_has_content(const struct change *c)
{
	if (c->inserted)
		return !c->deleted;
	return c->deleted || !bitmap_is_empty(c->changed, c->row->table->n_words);
}

/* Makes the two contents of a change. */
static void change_finish(struct change *c)
{
	struct row *row = c->row;
	const struct table_schema *ts = row->table->schema;

	if (!c->inserted)
		c->old = values_ref(row->values);
	if (!c->deleted) {
		c->new_ = values_create(ts, row->values, c->changed, c->columns);
		values_new_version(c->new_);
		free(c->columns);
		c->columns = NULL;
	} else {
		change_drop_columns(c);
	}
}

/* Puts one content of the changed rows in the place of the other. */
static void switch_contents(struct txn *txn, bool forward)
{
	struct change *c;

	cds_list_for_each_entry(c, &txn->changes, node) {
		const struct values *from = forward ? c->old : c->new_;

		if (from)
			row_del_weak_refs(c->row, from, c->old && c->new_ ? c->changed : NULL);
	}
	cds_list_for_each_entry(c, &txn->changes, node) {
		struct row *row = c->row;
		struct values *to = forward ? c->new_ : c->old;
		bool was_linked = forward ? c->inserted || c->old : c->new_ != NULL;

		row->n_strong = (uint32_t)(row->n_strong + (forward ? c->n_strong : -c->n_strong));
		if (to) {
			values_unref(row->values, row->table->schema);
			row->values = values_ref(to);
			if (!was_linked)
				row_link(row);
		} else if (was_linked) {
			row_unlink(row);
		}
	}
	cds_list_for_each_entry(c, &txn->touched, node)
		c->row->n_strong = (uint32_t)(c->row->n_strong +
					      (forward ? c->n_strong : -c->n_strong));
	cds_list_for_each_entry(c, &txn->changes, node) {
		const struct values *to = forward ? c->new_ : c->old;

		if (to)
			row_add_weak_refs(c->row, to, c->old && c->new_ ? c->changed : NULL);
	}
}

static int compare_tables(const void *a_, const void *b_)
{
	const struct change *const *a = a_;
	const struct change *const *b = b_;
	uint32_t ia = (*a)->row->table->schema->index;
	uint32_t ib = (*b)->row->table->schema->index;

	return ia < ib ? -1 : ia > ib;
}

/* Puts the changes of each table together. */
static void sort_changes(struct txn *txn)
{
	struct change **list, *c;
	bool sorted = true;
	uint32_t last = 0;
	size_t n = 0;

	cds_list_for_each_entry(c, &txn->changes, node) {
		sorted &= c->row->table->schema->index >= last;
		last = c->row->table->schema->index;
	}
	if (sorted)
		return;
	list = xcalloc(txn->n_changes, sizeof(struct change *));
	cds_list_for_each_entry(c, &txn->changes, node)
		list[n++] = c;
	qsort(list, n, sizeof(struct change *), compare_tables);
	CDS_INIT_LIST_HEAD(&txn->changes);
	for (size_t i = 0; i < n; i++)
		cds_list_add_tail(&list[i]->node, &txn->changes);
	free(list);
}

char *txn_commit(struct txn *txn)
{
	struct change *c, *next;
	char *err;

	assert(txn->db->open == txn);
	cds_list_for_each_entry(c, &txn->changes, node)
		if (!c->inserted && !c->deleted && c->columns)
			drop_equal_columns(c);
	err = txn_check(txn);
	if (err) {
		txn_abort(txn);
		return err;
	}
	/* The check may have put columns back to what they were. */
	cds_list_for_each_entry_safe(c, next, &txn->changes, node) {
		if (!c->inserted && !c->deleted && c->columns)
			drop_equal_columns(c);
		if (change_has_content(c)) {
			txn->n_changes++;
			continue;
		}
		change_drop_columns(c);
		c->row->change = NULL;
		if (c->inserted) { /* and deleted again */
			row_unlink(c->row);
			change_destroy(c);
		} else if (c->n_strong) {
			cds_list_move(&c->node, &txn->touched);
		} else {
			change_destroy(c);
		}
	}
	cds_list_for_each_entry(c, &txn->changes, node) {
		change_finish(c);
		c->row->change = NULL;
	}
	sort_changes(txn);
	switch_contents(txn, true);
	uuid_generate(&txn->id);
	txn->date_ms = clock_wall_ms();
	txn->db->open = NULL;
	return NULL;
}

void txn_rollback(struct txn *txn)
{
	struct change *c;

	assert(!txn->db->open);
	cds_list_for_each_entry(c, &txn->changes, node)
		if (c->new_)
			row_unindex(c->row);
	switch_contents(txn, false);
	cds_list_for_each_entry(c, &txn->changes, node)
		if (c->old)
			row_index(c->row);
}

void txn_settle(struct txn *txn)
{
	destroy_list(&txn->touched);
}
