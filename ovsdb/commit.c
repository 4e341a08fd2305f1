// SPDX-License-Identifier: Apache-2.0
/* The deferred part of a transaction (RFC 7047 sections 3.2 and 5.2), in this order:
 *
 *  1. each strong reference that a change adds or takes away is counted at the row referred to;
 *  2. rows of non-root tables that nobody else refers to go, and what they referred to with them;
 *  3. a deleted row that is still referred to is an error;
 *  4. weak references to rows that are gone, or never were, are taken out;
 *  5. maxRows;
 *  6. unique indexes. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "db/error.h"
#include "db/text.h"
#include "ovsdb/txn.h"

#define INTEGRITY "referential integrity violation"
#define CONSTRAINT "constraint violation"

struct ref_walk {
	struct row *source;
	uint32_t column;
	int delta;
	struct change **gc; /* what became garbage is pushed here; NULL: it is looked for later */
	char *error;
};

static bool is_garbage(const struct change *c)
{
	return !c->deleted && !c->row->table->schema->is_root &&
	       c->row->n_strong + c->n_strong <= 0;
}

static void count_ref(struct db_table *t, const struct uuid *uuid, void *walk_)
{
	struct ref_walk *walk = walk_;
	struct row *target = row_lookup(t, uuid);
	struct change *c;

	if (walk->error)
		return;
	if (!target || (walk->delta > 0 && target->change && target->change->inserted &&
			target->change->deleted)) {
		if (walk->delta > 0)
			walk->error =
				db_error(INTEGRITY, NULL,
					 "Table %s column %s row " UUID_FMT
					 " references nonexistent row " UUID_FMT " in table %s.",
					 walk->source->table->schema->name,
					 walk->source->table->schema->columns[walk->column]->name,
					 UUID_ARGS(row_uuid(walk->source)), UUID_ARGS(uuid),
					 t->schema->name);
		return;
	}
	if (target == walk->source)
		return; /* a row does not keep itself */
	c = txn_touch(target);
	c->n_strong += walk->delta;
	if (walk->gc && is_garbage(c)) {
		c->gc_next = *walk->gc;
		*walk->gc = c;
	}
}

/* Counts the references in one column of 'row', as it was ('committed') or as it is now. */
static char *count_column(struct row *row, uint32_t column, bool committed, int delta,
			  struct change **gc)
{
	struct ref_walk walk = { row, column, delta, gc, NULL };
	struct datum d = committed ? row_get_values(row, row->values, column)
				   : row_get(row, column);

	datum_walk_refs(row->table->db, &d, &row->table->schema->columns[column]->type, REF_STRONG,
			count_ref, &walk);
	return walk.error;
}

static char *count_strong_refs(struct txn *txn)
{
	struct change *c;

	/* Rows that are touched on the way are appended, and have nothing to count. */
	cds_list_for_each_entry(c, &txn->changes, node) {
		const struct db_table *t = c->row->table;

		if (c->inserted && c->deleted)
			continue;
		for (uint32_t w = 0; w < t->n_words; w++) {
			uint64_t bits = t->strong_columns[w];

			if (!c->inserted && !c->deleted)
				bits &= c->changed[w];
			for (; bits; bits &= bits - 1) {
				uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(bits);
				char *err;

				if (!c->inserted)
					free(count_column(c->row, i, true, -1, NULL));
				if (c->deleted)
					continue;
				err = count_column(c->row, i, false, 1, NULL);
				if (err)
					return err;
			}
		}
	}
	return NULL;
}

static void collect_garbage(struct txn *txn)
{
	struct change *gc = NULL;
	struct change *c;

	cds_list_for_each_entry(c, &txn->changes, node)
		if ((c->inserted || c->n_strong < 0) && is_garbage(c)) {
			c->gc_next = gc;
			gc = c;
		}
	while (gc) {
		const struct db_table *t;

		c = gc;
		gc = c->gc_next;
		if (c->deleted)
			continue; /* was pushed twice */
		t = c->row->table;
		for (uint32_t w = 0; w < t->n_words; w++)
			for (uint64_t bits = t->strong_columns[w]; bits; bits &= bits - 1)
				free(count_column(c->row, w * 64 + (uint32_t)__builtin_ctzll(bits),
						  false, -1, &gc));
		txn_mark_deleted(c);
	}
}

static char *check_deleted(struct txn *txn)
{
	struct change *c;

	cds_list_for_each_entry(c, &txn->changes, node) {
		int64_t n = c->row->n_strong + c->n_strong;

		if (c->deleted && n > 0)
			return db_error(INTEGRITY, NULL,
					"cannot delete %s row " UUID_FMT " because of %" PRId64
					" remaining reference(s)",
					c->row->table->schema->name, UUID_ARGS(row_uuid(c->row)),
					n);
	}
	return NULL;
}

static bool is_dangling(const struct db *db, const struct base_type *base, const union atom *atom)
{
	const struct row *target;

	if (base->type != ATOM_UUID || base->uuid.kind != REF_WEAK)
		return false;
	target = row_lookup(&db->tables[base->uuid.table_index], &atom->uuid);
	return !target || !row_is_live(target);
}

/* Takes dangling weak references out of a column of a live row. */
static char *clean_weak_column(struct row *row, uint32_t column)
{
	const struct db_table *t = row->table;
	const struct column_schema *cs = t->schema->columns[column];
	struct datum d = row_get(row, column);
	bool zero = false;
	uint32_t n = 0;
	struct datum clean;

	for (uint32_t i = 0; i < d.n; i++)
		n += is_dangling(t->db, &cs->type.key, &d.keys[i]) ||
		     (d.values && is_dangling(t->db, &cs->type.value, &d.values[i]));
	if (!n)
		return NULL;
	datum_clone(&clean, &d, &cs->type);
	for (uint32_t i = clean.n; i-- > 0;) {
		bool bad_key = is_dangling(t->db, &cs->type.key, &clean.keys[i]);
		bool bad_value = clean.values &&
				 is_dangling(t->db, &cs->type.value, &clean.values[i]);

		zero |= (bad_key && uuid_is_zero(&clean.keys[i].uuid)) ||
			(bad_value && uuid_is_zero(&clean.values[i].uuid));
		if (bad_key || bad_value)
			datum_remove_at(&clean, i, &cs->type);
	}
	if (clean.n < cs->type.n_min) {
		datum_uninit(&clean, &cs->type);
		if (zero && row->change && row->change->inserted)
			return db_error(
				CONSTRAINT, NULL,
				"Weak reference column \"%s\" in \"%s\" row " UUID_FMT
				" (inserted within this transaction) contained all-zeros UUID "
				"(probably as the default value for this column) but deleting "
				"this value caused a constraint volation because this column "
				"is not allowed to be empty.",
				cs->name, t->schema->name, UUID_ARGS(row_uuid(row)));
		return db_error(
			CONSTRAINT, NULL,
			"Deletion of %" PRIu32 " weak reference(s) to deleted (or never-existing) "
			"rows from column \"%s\" in \"%s\" row " UUID_FMT
			" %scaused this column to become empty, but constraints on this column "
			"disallow an empty column.",
			n, cs->name, t->schema->name, UUID_ARGS(row_uuid(row)),
			row->change && row->change->inserted ? "(inserted within this transaction) "
							     : "");
	}
	txn_set(row, column, &clean);
	return NULL;
}

static char *clean_weak_refs(struct txn *txn)
{
	struct change *c;

	cds_list_for_each_entry(c, &txn->changes, node) {
		const struct db_table *t = c->row->table;
		struct weak_ref *ref;
		char *err;

		if (c->deleted) {
			cds_list_for_each_entry(ref, &c->row->weak_refs, target_node) {
				if (!row_is_live(ref->source))
					continue;
				err = clean_weak_column(ref->source, ref->column);
				if (err)
					return err;
			}
			continue;
		}
		for (uint32_t w = 0; w < t->n_words; w++) {
			uint64_t bits = t->weak_columns[w] &
					(c->inserted ? UINT64_MAX : c->changed[w]);

			for (; bits; bits &= bits - 1) {
				err = clean_weak_column(c->row,
							w * 64 + (uint32_t)__builtin_ctzll(bits));
				if (err)
					return err;
			}
		}
	}
	return NULL;
}

static char *check_max_rows(struct txn *txn)
{
	struct change *c;

	cds_list_for_each_entry(c, &txn->changes, node)
		c->row->table->n_added = c->row->table->n_removed = 0;
	cds_list_for_each_entry(c, &txn->changes, node) {
		c->row->table->n_added += c->inserted;
		c->row->table->n_removed += c->deleted;
	}
	cds_list_for_each_entry(c, &txn->changes, node) {
		const struct db_table *t = c->row->table;
		size_t n = hmap_count(&t->rows) - t->n_removed;

		if (t->n_added && n > t->schema->max_rows)
			return db_error(
				CONSTRAINT, NULL,
				"transaction causes \"%s\" table to contain %zu rows, greater than "
				"the schema-defined limit of %" PRIu32 " row(s)",
				t->schema->name, n, t->schema->max_rows);
	}
	return NULL;
}

/* Puts "a", "a and b", "a, b, and c". */
static void put_joiner(struct str *s, uint32_t i, uint32_t n)
{
	if (!i)
		return;
	str_put(s, n == 2 ? " and " : i == n - 1 ? ", and " : ", ");
}

static void put_index_values(struct str *s, const struct row *row, const struct index_schema *index,
			     bool committed)
{
	for (uint32_t i = 0; i < index->n_columns; i++) {
		const struct column_schema *cs = index->columns[i];
		struct datum d = committed ? row_get_values(row, row->values, cs->index)
					   : row_get(row, cs->index);

		put_joiner(s, i, index->n_columns);
		datum_format(&d, &cs->type, s);
	}
}

static bool index_is_changed(const struct change *c, const struct index_schema *index)
{
	for (uint32_t i = 0; i < index->n_columns; i++)
		if (bitmap_get(c->changed, index->columns[i]->index))
			return true;
	return false;
}

static void put_row_origin(struct str *s, const struct row *row, const struct index_schema *index)
{
	const struct change *c = row->change;

	str_printf(s, UUID_FMT ", ", UUID_ARGS(row_uuid(row)));
	if (c && c->inserted) {
		str_put(s, "was inserted by this transaction.");
	} else if (!c || bitmap_is_empty(c->changed, row->table->n_words)) {
		str_put(s, "existed in the database before this transaction and was not modified "
			   "by the transaction.");
	} else if (!index_is_changed(c, index)) {
		str_put(s, "existed in the database before this transaction, which modified some "
			   "of the row's columns but not any columns in this index.");
	} else {
		str_put(s, "had the following index values before the transaction: ");
		put_index_values(s, row, index, true);
		str_putc(s, '.');
	}
}

static char *duplicate_error(const struct row *a, const struct row *b,
			     const struct index_schema *index)
{
	struct str s = STR_INIT;
	char *err;

	str_printf(&s,
		   "Transaction causes multiple rows in \"%s\" table to have identical values (",
		   a->table->schema->name);
	put_index_values(&s, a, index, false);
	str_printf(&s, ") for index on column%s ", index->n_columns == 1 ? "" : "s");
	for (uint32_t i = 0; i < index->n_columns; i++) {
		put_joiner(&s, i, index->n_columns);
		str_printf(&s, "\"%s\"", index->columns[i]->name);
	}
	str_put(&s, ".  First row, with UUID ");
	put_row_origin(&s, a, index);
	str_put(&s, "  Second row, with UUID ");
	put_row_origin(&s, b, index);
	err = db_error(CONSTRAINT, NULL, "%s", str_cstr(&s));
	str_uninit(&s);
	return err;
}

static char *check_indexes(struct txn *txn)
{
	struct change *c;

	cds_list_for_each_entry(c, &txn->changes, node) {
		const struct db_table *t = c->row->table;
		const struct row *row = c->row;
		const struct row *other;

		if (c->deleted ||
		    (!c->inserted && !bitmap_intersects(c->changed, t->index_columns, t->n_words)))
			continue;
		for (uint32_t i = 0; i < t->schema->n_indexes; i++)
			HMAP_FOR_EACH_WITH_HASH(other, index_nodes[i], row->index_nodes[i].hash,
						&t->indexes[i])
				if (other != row &&
				    row_index_equal(row, other, &t->schema->indexes[i]))
					return duplicate_error(row, other, &t->schema->indexes[i]);
	}
	return NULL;
}

char *txn_check(struct txn *txn)
{
	char *err = count_strong_refs(txn);

	if (err)
		return err;
	collect_garbage(txn);
	err = check_deleted(txn);
	if (!err)
		err = clean_weak_refs(txn);
	if (!err)
		err = check_max_rows(txn);
	if (!err)
		err = check_indexes(txn);
	return err;
}
