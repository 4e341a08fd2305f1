// SPDX-License-Identifier: Apache-2.0
/* Rows and the arcs between them.
 *
 * What makes a row stale, and what does not: a column that changed is parsed again, and so is a
 * column that refers to a row which came or went.  Nothing else is touched, so that an update costs
 * what it changed. */
#include "db/idl_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

#define BITS 64

static size_t bitmap_words(const struct idl_table *t)
{
	return DIV_ROUND_UP(MAX(t->class->n_columns, 1), BITS);
}

struct idl_row *idl_row_create(struct idl_table *t, const struct uuid *uuid, bool committed)
{
	size_t n = t->class->n_columns, words = bitmap_words(t);
	size_t head = ROUND_UP(t->class->row_size, sizeof(uint64_t));
	size_t columns_size = committed ? n * sizeof(struct datum) : 0;
	char *p = xzalloc(head + columns_size + 2 * words * sizeof(uint64_t));
	struct idl_row *row = (struct idl_row *)p;

	row->uuid = *uuid;
	row->table = t;
	row->stale = (uint64_t *)(p + head + columns_size);
	row->changed = row->stale + words;
	CDS_INIT_LIST_HEAD(&row->refs_out);
	CDS_INIT_LIST_HEAD(&row->refs_in);
	CDS_INIT_LIST_HEAD(&row->dirty);
	CDS_INIT_LIST_HEAD(&row->tracked);
	if (committed) {
		row->columns = (struct datum *)(p + head);
		for (size_t i = 0; i < n; i++)
			datum_clone(&row->columns[i], &t->defaults[i], &t->class->columns[i].type);
	}
	return row;
}

void idl_row_destroy(struct idl_row *row)
{
	const struct idl_table_class *c = row->table->class;

	idl_row_drop_arcs(row, UINT32_MAX);
	for (size_t i = 0; i < c->n_columns; i++) {
		if (row->parsed)
			idl_typed_unparse(row, i);
		if (row->columns)
			datum_uninit(&row->columns[i], &c->columns[i].type);
	}
	if (row->is_dirty)
		cds_list_del(&row->dirty);
	free(row);
}

static struct idl_row *find(const struct hmap *map, const struct uuid *uuid)
{
	struct idl_row *row;

	HMAP_FOR_EACH_WITH_HASH(row, node, uuid_hash(uuid), map) {
		if (uuid_equal(&row->uuid, uuid))
			return row;
	}
	return NULL;
}

struct idl_row *idl_row_lookup(const struct idl_table *t, const struct uuid *uuid)
{
	return find(&t->rows, uuid);
}

static bool is_visible(const struct idl_row *row)
{
	return !row->in_txn || !row->in_txn->deleted;
}

/* A ghost has a table and a UUID, nothing else. */
static struct idl_row *ghost_get(struct idl_table *t, const struct uuid *uuid)
{
	struct idl_row *g = find(&t->ghosts, uuid);

	if (!g) {
		g = xzalloc(sizeof(*g));
		g->uuid = *uuid;
		g->table = t;
		g->is_ghost = true;
		CDS_INIT_LIST_HEAD(&g->refs_out);
		CDS_INIT_LIST_HEAD(&g->refs_in);
		hmap_insert(&t->ghosts, &g->node, uuid_hash(uuid));
	}
	return g;
}

struct idl_row *idl_row_refer(struct idl_row *src, uint32_t column, struct idl_table *t,
			      const struct uuid *uuid)
{
	struct idl_row *dst = find(&t->rows, uuid);
	struct idl_arc *arc;

	if (!dst && !t->monitored)
		return NULL;
	arc = xmalloc(sizeof(*arc));
	arc->src = src;
	arc->dst = dst ? dst : ghost_get(t, uuid);
	arc->column = column;
	cds_list_add_tail(&arc->out, &src->refs_out);
	cds_list_add_tail(&arc->in, &arc->dst->refs_in);
	return dst;
}

static void arc_destroy(struct idl_arc *arc)
{
	struct idl_row *dst = arc->dst;

	cds_list_del(&arc->out);
	cds_list_del(&arc->in);
	free(arc);
	if (dst->is_ghost && cds_list_empty(&dst->refs_in)) {
		hmap_remove(&dst->table->ghosts, &dst->node);
		free(dst);
	}
}

void idl_row_drop_arcs(struct idl_row *src, uint32_t column)
{
	struct idl_arc *arc, *next;

	cds_list_for_each_entry_safe(arc, next, &src->refs_out, out) {
		if (column == UINT32_MAX || arc->column == column)
			arc_destroy(arc);
	}
}

void idl_row_make_stale(struct idl_row *row, uint32_t column)
{
	row->stale[column / BITS] |= UINT64_C(1) << (column % BITS);
	if (!row->is_dirty) {
		row->is_dirty = true;
		cds_list_add_tail(&row->dirty, &row->table->idl->dirty);
	}
}

static void track_reference(struct idl_row *src, uint32_t column)
{
	struct idl_table *t = src->table;

	if (!(t->modes[column] & IDL_ALERT))
		return;
	idl_alert(t->idl);
	if (!t->idl->tracking || !src->columns)
		return;
	src->change |= IDL_REF_CHANGED;
	if (!src->is_tracked) {
		src->is_tracked = true;
		cds_list_add_tail(&src->tracked, &t->tracked);
	}
}

bool idl_row_is_incremental(const struct idl_row *row, uint32_t column)
{
	const struct idl_column_class *c = &row->table->class->columns[column];

	return row->parsed && c->shape == IDL_SET && row->table->key_refs[column] &&
	       !(row->stale[column / BITS] & UINT64_C(1) << (column % BITS));
}

void idl_row_add_ref(struct idl_row *src, uint32_t column, const struct uuid *uuid)
{
	struct idl_row *dst = idl_row_refer(src, column, src->table->key_refs[column], uuid);

	if (dst)
		idl_typed_insert(src, column, dst);
}

void idl_row_del_ref(struct idl_row *src, uint32_t column, const struct uuid *uuid)
{
	struct idl_table *t = src->table->key_refs[column];
	struct idl_row *dst = find(&t->rows, uuid);
	struct idl_arc *arc, *next;

	if (dst)
		idl_typed_remove(src, column, dst);
	else
		dst = find(&t->ghosts, uuid);
	if (!dst)
		return;
	/* Few refer to one row, while one row may refer to many. */
	cds_list_for_each_entry_safe(arc, next, &dst->refs_in, in) {
		if (arc->src == src && arc->column == column) {
			arc_destroy(arc);
			return;
		}
	}
}

/* Points an arc at another row of the same UUID. */
static void arc_move(struct idl_arc *arc, struct idl_row *dst)
{
	cds_list_del(&arc->in);
	arc->dst = dst;
	cds_list_add_tail(&arc->in, &dst->refs_in);
}

void idl_row_gone(struct idl_row *row)
{
	struct idl_arc *arc, *next;

	cds_list_for_each_entry_safe(arc, next, &row->refs_in, in) {
		struct idl_row *src = arc->src;

		track_reference(src, arc->column);
		if (!idl_row_is_incremental(src, arc->column)) {
			idl_row_make_stale(src, arc->column);
			continue;
		}
		idl_typed_remove(src, arc->column, row);
		if (row->table->monitored)
			arc_move(arc, ghost_get(row->table, &row->uuid));
		else
			arc_destroy(arc);
	}
}

void idl_row_came(struct idl_row *row)
{
	struct idl_row *ghost = find(&row->table->ghosts, &row->uuid);
	struct idl_arc *arc, *next;

	if (!ghost)
		return;
	cds_list_for_each_entry_safe(arc, next, &ghost->refs_in, in) {
		struct idl_row *src = arc->src;

		track_reference(src, arc->column);
		if (idl_row_is_incremental(src, arc->column)) {
			idl_typed_insert(src, arc->column, row);
			arc_move(arc, row);
		} else {
			idl_row_make_stale(src, arc->column);
		}
	}
	if (cds_list_empty(&ghost->refs_in)) {
		hmap_remove(&row->table->ghosts, &ghost->node);
		free(ghost);
	}
}

static void parse_row(struct idl_row *row)
{
	size_t n = row->table->class->n_columns;

	for (size_t i = 0; i < n; i++) {
		bool stale = row->stale[i / BITS] & UINT64_C(1) << (i % BITS);

		if (row->parsed && !stale)
			continue;
		if (row->parsed)
			idl_typed_unparse(row, i);
		idl_row_drop_arcs(row, i);
		idl_typed_parse(row, i);
	}
	memset(row->stale, 0, bitmap_words(row->table) * sizeof(uint64_t));
	row->parsed = true;
}

void idl_parse_dirty(struct idl *idl)
{
	struct idl_row *row, *next;

	while (!cds_list_empty(&idl->dirty)) {
		row = cds_list_first_entry(&idl->dirty, struct idl_row, dirty);
		cds_list_del(&row->dirty);
		row->is_dirty = false;
		parse_row(row);
	}
	/* Nobody points at them any more. */
	cds_list_for_each_entry_safe(row, next, &idl->dead, tracked) {
		cds_list_del(&row->tracked);
		idl_row_destroy(row);
	}
}

struct idl_table *idl_table(const struct idl *idl, const char *name)
{
	for (size_t i = 0; i < idl->class->n_tables; i++) {
		if (!strcmp(idl->class->tables[i].name, name))
			return &idl->tables[i];
	}
	return NULL;
}

const struct idl_table_class *idl_row_class(const struct idl_row *row)
{
	return row->table->class;
}

static struct idl_row *visible_from(const struct idl_table *t, struct hmap_node *node)
{
	for (; node; node = hmap_next(&t->rows, node)) {
		struct idl_row *row = CONTAINER_OF(node, struct idl_row, node);

		if (is_visible(row))
			return row;
	}
	return NULL;
}

struct idl_row *idl_first(const struct idl *idl, const struct idl_table_class *class)
{
	const struct idl_table *t = idl_table_of(idl, class);

	return visible_from(t, hmap_first(&t->rows));
}

struct idl_row *idl_next(const struct idl_row *row)
{
	return visible_from(row->table, hmap_next(&row->table->rows, &row->node));
}

struct idl_row *idl_row_by_uuid(const struct idl *idl, const struct idl_table_class *class,
				const struct uuid *uuid)
{
	struct idl_row *row = find(&idl_table_of(idl, class)->rows, uuid);

	return row && is_visible(row) ? row : NULL;
}

struct idl_row *idl_tracked_first(const struct idl *idl, const struct idl_table_class *class)
{
	const struct idl_table *t = idl_table_of(idl, class);

	return t->tracked.next == &t->tracked
		       ? NULL
		       : cds_list_entry(t->tracked.next, struct idl_row, tracked);
}

struct idl_row *idl_tracked_next(const struct idl_row *row)
{
	return row->tracked.next == &row->table->tracked
		       ? NULL
		       : cds_list_entry(row->tracked.next, struct idl_row, tracked);
}

bool idl_is_updated(const struct idl_row *row, const struct idl_column_class *column)
{
	uint32_t i = idl_column_index(row, column);

	return row->changed[i / BITS] & UINT64_C(1) << (i % BITS);
}

const struct datum *idl_read(const struct idl_row *row, const struct idl_column_class *column)
{
	uint32_t i = idl_column_index(row, column);

	if (row->pending && row->pending[i])
		return row->pending[i];
	return row->columns ? &row->columns[i] : &row->table->defaults[i];
}
