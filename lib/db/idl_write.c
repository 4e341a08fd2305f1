// SPDX-License-Identifier: Apache-2.0
/* Writes of a transaction.  A write goes to the row's pending datum, from which the typed member is
 * made until the outcome is known; mutations are kept beside it, so that what is sent is the change
 * and not the column. */
#include "db/idl_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

static struct idl_row_txn *part_of(struct idl_row *row)
{
	struct idl_txn *txn = row->table->idl->txn;

	assert(txn && txn->status == TXN_UNCOMMITTED);
	if (!row->in_txn) {
		row->in_txn = xzalloc(sizeof(*row->in_txn));
		row->in_txn->row = row;
		cds_list_add_tail(&row->in_txn->node, &txn->rows);
	}
	if (!row->pending)
		row->pending = xcalloc(row->table->class->n_columns, sizeof(row->pending[0]));
	return row->in_txn;
}

void idl_partial_uninit(struct idl_partial *p, const struct column_type *type)
{
	struct column_type keys = idl_keys_type(type);

	datum_uninit(&p->delete_keys, &keys);
	datum_uninit(&p->delete_pairs, type);
	datum_uninit(&p->insert, type);
	memset(p, 0, sizeof(*p));
}

static bool is_writable(const struct idl_row *row, uint32_t i)
{
	const struct idl_table *t = row->table;

	if (row->in_txn && row->in_txn->deleted)
		return false;
	return !t->idl->schema || t->modes[i] & IDL_IN_SERVER;
}

static void reparse(struct idl_row *row, uint32_t i)
{
	idl_typed_unparse(row, i);
	idl_row_drop_arcs(row, i);
	idl_typed_parse(row, i);
}

void idl_write(struct idl_row *row, const struct idl_column_class *c, struct datum *d)
{
	uint32_t i = idl_column_index(row, c);
	struct idl_row_txn *part;

	if (!is_writable(row, i) ||
	    (row->columns && (!row->pending || !row->pending[i]) && idl_is_known(row, i) &&
	     datum_equal(&row->columns[i], d, &c->type))) {
		datum_uninit(d, &c->type);
		return;
	}
	part = part_of(row);
	if (part->partials)
		idl_partial_uninit(&part->partials[i], &c->type);
	if (!row->pending[i]) {
		row->pending[i] = xzalloc(sizeof(*row->pending[i]));
	}
	datum_swap(row->pending[i], d);
	reparse(row, i);
	datum_uninit(d, &c->type);
}

/* The pending datum of column 'i', made from what is read now if there was none. */
static struct datum *pending_copy(struct idl_row *row, uint32_t i)
{
	const struct idl_column_class *c = &row->table->class->columns[i];

	if (!row->pending[i]) {
		const struct datum *now = idl_read(row, c);
		struct datum *copy = xmalloc(sizeof(*copy));

		datum_clone(copy, now, &c->type);
		row->pending[i] = copy;
	}
	return row->pending[i];
}

/* Where mutations of column 'i' are kept; NULL if the whole column is written anyway. */
static struct idl_partial *partial_of(struct idl_row *row, uint32_t i)
{
	struct idl_row_txn *part = part_of(row);
	struct idl_partial *p;

	if (part->inserted)
		return NULL;
	if (!part->partials)
		part->partials = xcalloc(row->table->class->n_columns, sizeof(part->partials[0]));
	p = &part->partials[i];
	if (row->pending[i] && !p->used)
		return NULL;
	p->used = true;
	return p;
}

void idl_mutate_insert(struct idl_row *row, const struct idl_column_class *c, struct datum *d)
{
	const struct column_type *type = &c->type;
	struct column_type keys = idl_keys_type(type);
	uint32_t i = idl_column_index(row, c);
	struct idl_partial *p;
	bool incremental;

	if (is_writable(row, i) && idl_is_known(row, i))
		datum_subtract(d, idl_read(row, c), type, column_type_is_map(type));
	if (!d->n || !is_writable(row, i)) {
		datum_uninit(d, type);
		return;
	}
	p = partial_of(row, i);
	incremental = idl_is_known(row, i) && idl_row_is_incremental(row, i);
	datum_union(pending_copy(row, i), d, type, false);
	if (p) {
		if (!column_type_is_map(type))
			datum_subtract(&p->delete_keys, d, &keys, true);
		datum_union(&p->insert, d, type, false);
	}
	/* A row that refers to a thousand others need not look at them all to gain one. */
	for (size_t j = 0; incremental && j < d->n; j++)
		idl_row_add_ref(row, i, &d->keys[j].uuid);
	if (!incremental)
		reparse(row, i);
	datum_uninit(d, type);
}

/* Leaves in 'd' only what is in 'of'. */
static void intersect(struct datum *d, const struct datum *of, const struct column_type *dt,
		      const struct column_type *type)
{
	for (size_t i = d->n; i-- > 0;) {
		bool found = column_type_is_map(dt)
				     ? datum_find_pair(of, &d->keys[i], &d->values[i], type)
				     : datum_find_key(of, &d->keys[i], type->key.type) >= 0;

		if (!found)
			datum_remove_at(d, i, dt);
	}
}

void idl_mutate_delete(struct idl_row *row, const struct idl_column_class *c, struct datum *d)
{
	const struct column_type *type = &c->type;
	struct column_type keys = idl_keys_type(type);
	bool by_key = !d->values;
	const struct column_type *dt = by_key ? &keys : type;
	uint32_t i = idl_column_index(row, c);
	struct idl_partial *p;
	bool incremental;

	if (is_writable(row, i) && idl_is_known(row, i))
		intersect(d, idl_read(row, c), dt, type);
	if (!d->n || !is_writable(row, i)) {
		datum_uninit(d, dt);
		return;
	}
	p = partial_of(row, i);
	incremental = idl_is_known(row, i) && idl_row_is_incremental(row, i);
	datum_subtract(pending_copy(row, i), d, type, by_key);
	if (p) {
		datum_subtract(&p->insert, d, type, by_key);
		if (by_key)
			datum_union(&p->delete_keys, d, &keys, false);
		else
			datum_union(&p->delete_pairs, d, type, true);
	}
	for (size_t j = 0; incremental && j < d->n; j++)
		idl_row_del_ref(row, i, &d->keys[j].uuid);
	if (!incremental)
		reparse(row, i);
	datum_uninit(d, dt);
}

void idl_mutate_set(struct idl_row *row, const struct idl_column_class *c, struct datum *d)
{
	struct column_type keys = idl_keys_type(&c->type);
	uint32_t i = idl_column_index(row, c);
	struct datum gone;

	/* "insert" leaves a key that is there alone (RFC 7047 section 5.1), so it goes first. */
	datum_init_empty(&gone);
	for (size_t j = d->n; j-- > 0;) {
		if (idl_is_known(row, i) &&
		    datum_find_pair(idl_read(row, c), &d->keys[j], &d->values[j], &c->type))
			datum_remove_at(d, j, &c->type);
		else
			datum_add_unsafe(&gone, &d->keys[j], NULL, &keys);
	}
	datum_sort_unique(&gone, &keys);
	idl_mutate_delete(row, c, &gone);
	idl_mutate_insert(row, c, d);
}

void idl_delete(struct idl_row *row)
{
	struct idl_row_txn *part = part_of(row);

	part->deleted = true;
	/* A row that was inserted here is no longer found, and nothing is sent for it. */
	if (part->inserted && row->node.pprev)
		hmap_remove(&row->table->rows, &row->node);
}

static struct idl_row *insert(struct idl_txn *txn, const struct idl_table_class *class,
			      const struct uuid *uuid, bool explicit_uuid)
{
	struct idl_table *t = idl_table_of(txn->idl, class);
	struct idl_row_txn *part;
	struct idl_row *row;

	assert(txn->idl->txn == txn);
	row = idl_row_create(t, uuid, false);
	part = part_of(row);
	part->inserted = true;
	part->explicit_uuid = explicit_uuid;
	hmap_insert(&t->rows, &row->node, uuid_hash(&row->uuid));
	idl_row_came(row);
	idl_row_make_stale(row, 0);
	idl_parse_dirty(txn->idl);
	return row;
}

struct idl_row *idl_insert(struct idl_txn *txn, const struct idl_table_class *class,
			   const struct uuid *uuid)
{
	struct uuid random;

	if (uuid)
		return insert(txn, class, uuid, true);
	uuid_generate(&random);
	return insert(txn, class, &random, false);
}

struct idl_row *idl_insert_named(struct idl_txn *txn, const struct idl_table_class *class,
				 const struct uuid *uuid)
{
	return insert(txn, class, uuid, false);
}

/* Takes 'uuid' out of column 'i' of 'row': elements, keys or values. */
static void drop_reference(struct idl_row *row, uint32_t i, const struct uuid *uuid)
{
	const struct idl_column_class *c = &row->table->class->columns[i];
	const struct column_type *type = &c->type;
	struct datum d;

	datum_clone(&d, idl_read(row, c), type);
	for (size_t j = d.n; j-- > 0;) {
		bool hit = (row->table->key_refs[i] && uuid_equal(&d.keys[j].uuid, uuid)) ||
			   (row->table->value_refs[i] && uuid_equal(&d.values[j].uuid, uuid));

		if (!hit)
			datum_remove_at(&d, j, type);
	}
	idl_mutate_delete(row, c, &d);
}

void idl_drop_references(struct idl_row *dst)
{
	struct idl_arc *arc;
	struct {
		struct idl_row *row;
		uint32_t column;
	} * from;
	size_t n = 0;

	/* Dropping parses columns again, which makes the list anew. */
	cds_list_for_each_entry(arc, &dst->refs_in, in)
		n++;
	from = xcalloc(n ? n : 1, sizeof(*from));
	n = 0;
	cds_list_for_each_entry(arc, &dst->refs_in, in) {
		from[n].row = arc->src;
		from[n++].column = arc->column;
	}
	for (size_t i = 0; i < n; i++)
		drop_reference(from[i].row, from[i].column, &dst->uuid);
	free(from);
}

void idl_verify(struct idl_row *row, const struct idl_column_class *c)
{
	uint32_t i = idl_column_index(row, c);
	struct idl_row_txn *part;

	if (!row->columns || !(row->table->modes[i] & IDL_MONITOR) ||
	    !(row->table->modes[i] & IDL_IN_SERVER))
		return;
	part = part_of(row);
	if (!part->verify)
		part->verify = xcalloc(row->table->class->n_columns, sizeof(bool));
	part->verify[i] = true;
}
