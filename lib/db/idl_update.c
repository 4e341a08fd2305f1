// SPDX-License-Identifier: Apache-2.0
/* Applies what the server says to the rows: first all datums of a message, then the typed
 * members of the rows that it touched, so that references within a message need no order.
 *
 * After a reconnect the initial contents are compared with the rows that are held: only a column
 * that differs counts as changed, and rows of an older generation are gone. */
#include "db/idl_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "rpc/jsonrpc.h"

LOG_MODULE(idl);

static struct log_rl syntax_rl = LOG_RL_INIT(10, 10);

static const struct idl_column_class *find_column(const struct idl_table *t, const char *name)
{
	size_t lo = 0, hi = t->class->n_columns;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int cmp = strcmp(name, t->class->columns[mid].name);

		if (!cmp)
			return &t->class->columns[mid];
		if (cmp < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

void idl_alert(struct idl *idl)
{
	idl->seqno++;
	work_schedule(&idl->notify);
}

static bool is_alerting(const struct idl_table *t)
{
	for (size_t i = 0; i < t->class->n_columns; i++) {
		if (t->modes[i] & IDL_ALERT)
			return true;
	}
	return false;
}

/* Enters a row into its table's list of changed rows. */
static void track(struct idl_row *row, uint8_t change)
{
	struct idl *idl = row->table->idl;

	idl_alert(idl);
	if (!idl->tracking)
		return;
	row->change |= change;
	if (!row->is_tracked) {
		row->is_tracked = true;
		cds_list_add_tail(&row->tracked, &row->table->tracked);
	}
}

static void column_changed(struct idl_row *row, uint32_t i)
{
	if (!(row->table->modes[i] & IDL_ALERT))
		return;
	row->changed[i / 64] |= UINT64_C(1) << (i % 64);
	track(row, IDL_MODIFIED);
}

/* Takes 'json' for column 'i'; says in the log what is wrong with it. */
static bool parse_column(struct idl_row *row, uint32_t i, const json_t *json, bool diff,
			 struct datum *d)
{
	const struct idl_table *t = row->table;
	const struct idl_column_class *c = &t->class->columns[i];
	char *err = datum_from_json(d, &c->type, json, NULL, diff);

	if (!err)
		return true;
	log_warn_rl(&syntax_rl, "%s: the server sent a bad value for column %s of table %s: %s",
		    jsonrpc_session_name(t->idl->session), c->name, t->class->name, err);
	free(err);
	return false;
}

/* Sets column 'i' to 'd', which is taken over; 'fresh' rows have no older contents to compare. */
static void set_column(struct idl_row *row, uint32_t i, struct datum *d, bool fresh)
{
	const struct column_type *type = &row->table->class->columns[i].type;

	if (!datum_equal(&row->columns[i], d, type)) {
		/* The typed members borrow strings of the old datum only until they are parsed
		 * again, and nobody looks in between. */
		datum_swap(&row->columns[i], d);
		if (!fresh) {
			idl_row_make_stale(row, i);
			column_changed(row, i);
		}
	}
	datum_uninit(d, type);
}

static struct idl_row *insert_row(struct idl_table *t, const struct uuid *uuid)
{
	struct idl_row *row = idl_row_create(t, uuid, true);

	hmap_insert(&t->rows, &row->node, uuid_hash(uuid));
	idl_row_came(row);
	idl_row_make_stale(row, 0); /* a new row parses all its columns */
	if (is_alerting(t))
		track(row, IDL_INSERTED);
	return row;
}

/* Puts a new or complete row; monitored columns that 'json' leaves out have their default. */
static void put_row(struct idl_table *t, const struct uuid *uuid, const json_t *json)
{
	struct idl_row *row = idl_row_lookup(t, uuid);
	bool fresh = !row;

	if (row && !row->columns) {
		/* A row of the open transaction, inserted with this UUID: the server's takes its
		 * place; the other one lives on until the transaction ends. */
		hmap_remove(&t->rows, &row->node);
		idl_row_gone(row);
		row = NULL;
		fresh = true;
	}
	if (fresh)
		row = insert_row(t, uuid);
	row->generation = t->idl->generation;
	for (uint32_t i = 0; i < t->class->n_columns; i++) {
		const struct idl_column_class *c = &t->class->columns[i];
		const json_t *value;
		struct datum d;

		if (!(t->modes[i] & IDL_MONITOR))
			continue;
		value = json_object_get(json, c->name);
		if (value && parse_column(row, i, value, false, &d)) {
			set_column(row, i, &d, fresh);
		} else if (!fresh && !value) {
			datum_clone(&d, &t->defaults[i], &c->type);
			set_column(row, i, &d, fresh);
		}
	}
}

/* References of a large set are told one by one, unless the typed member shows something else. */
static void apply_refs(struct idl_row *row, uint32_t i, const struct datum *diff)
{
	for (size_t j = 0; j < diff->n; j++) {
		const struct uuid *uuid = &diff->keys[j].uuid;

		if (datum_find_key(&row->columns[i], &diff->keys[j], ATOM_UUID) >= 0)
			idl_row_del_ref(row, i, uuid);
		else
			idl_row_add_ref(row, i, uuid);
	}
}

static void apply_diff(struct idl_row *row, uint32_t i, const struct datum *diff)
{
	const struct idl_table *t = row->table;
	const struct idl_column_class *c = &t->class->columns[i];
	char *err;

	if (c->type.n_max > 1 && (!row->pending || !row->pending[i]) &&
	    idl_row_is_incremental(row, i))
		apply_refs(row, i, diff);
	else
		idl_row_make_stale(row, i);
	err = datum_apply_diff(&row->columns[i], diff, &c->type);
	if (err) {
		log_warn_rl(&syntax_rl,
			    "%s: difference for column %s of table %s does not apply: %s",
			    jsonrpc_session_name(t->idl->session), c->name, t->class->name, err);
		free(err);
	}
	column_changed(row, i);
}

/* 'json' holds the changed columns: their differences if 'diff', else their new values. */
static void modify_row(struct idl_row *row, const json_t *json, bool diff)
{
	struct idl_table *t = row->table;
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)json, name, value) {
		const struct idl_column_class *c = find_column(t, name);
		uint32_t i = c ? idl_column_index(row, c) : 0;
		struct datum d;

		if (!c || !(t->modes[i] & IDL_MONITOR))
			continue;
		if (!parse_column(row, i, value, diff, &d))
			continue;
		if (!diff) {
			set_column(row, i, &d, false);
			continue;
		}
		apply_diff(row, i, &d);
		datum_uninit(&d, &c->type);
	}
}

static void delete_row(struct idl_row *row)
{
	struct idl_table *t = row->table;
	struct idl *idl = t->idl;
	bool unseen = row->change & IDL_INSERTED;

	hmap_remove(&t->rows, &row->node);
	if (row->in_txn)
		idl_txn_row_gone(row);
	idl_row_gone(row);
	idl_row_drop_arcs(row, UINT32_MAX);
	if (row->is_dirty) {
		cds_list_del(&row->dirty);
		row->is_dirty = false;
	}
	if (is_alerting(t))
		idl_alert(idl);
	if (idl->tracking && is_alerting(t) && !unseen) {
		track(row, IDL_DELETED);
		return;
	}
	if (row->is_tracked)
		cds_list_del(&row->tracked);
	row->is_tracked = false;
	/* A deleted row that is told of may point at this one. */
	cds_list_add_tail(&row->tracked, idl->tracking ? &idl->kept : &idl->dead);
}

/* <row-update2> */
static const char *apply_cond(struct idl_table *t, const struct uuid *uuid, const json_t *update)
{
	struct idl_row *row = idl_row_lookup(t, uuid);
	const json_t *part;

	if ((part = json_object_get(update, "initial")) ||
	    (part = json_object_get(update, "insert"))) {
		put_row(t, uuid, part);
	} else if (json_object_get(update, "delete")) {
		if (!row || !row->columns)
			return "delete of a row that is not here";
		delete_row(row);
	} else if ((part = json_object_get(update, "modify"))) {
		if (!row || !row->columns)
			return "modification of a row that is not here";
		modify_row(row, part, true);
	} else {
		return "not a row update";
	}
	return NULL;
}

/* <row-update> of RFC 7047 section 4.1.6 */
static const char *apply_plain(struct idl_table *t, const struct uuid *uuid, const json_t *update)
{
	struct idl_row *row = idl_row_lookup(t, uuid);
	const json_t *old = json_object_get(update, "old");
	const json_t *new_ = json_object_get(update, "new");

	if (!old && !new_)
		return "not a row update";
	if (row && !row->columns)
		row = NULL;
	if (!new_) {
		if (!row)
			return "delete of a row that is not here";
		delete_row(row);
	} else if (!old || !row) {
		put_row(t, uuid, new_);
	} else {
		modify_row(row, new_, false);
	}
	return NULL;
}

/* Rows that the initial contents did not bring. */
static void delete_older_generation(struct idl *idl)
{
	for (size_t i = 0; i < idl->class->n_tables; i++) {
		struct idl_row *row;

		HMAP_FOR_EACH(row, node, &idl->tables[i].rows) {
			if (row->columns && row->generation != idl->generation)
				delete_row(row);
		}
	}
}

void idl_apply(struct idl *idl, const json_t *updates, bool cond, bool initial)
{
	const char *table_name, *id;
	json_t *rows, *update;

	if (initial)
		idl->generation++;
	json_object_foreach((json_t *)updates, table_name, rows) {
		struct idl_table *t = idl_table(idl, table_name);

		if (!t || !t->monitored)
			continue;
		json_object_foreach(rows, id, update) {
			const char *problem = "not a UUID";
			struct uuid uuid;

			if (uuid_parse(id, &uuid))
				problem = cond ? apply_cond(t, &uuid, update)
					       : apply_plain(t, &uuid, update);
			if (problem)
				log_warn_rl(&syntax_rl, "%s: update of row %s in table %s: %s",
					    jsonrpc_session_name(idl->session), id, table_name,
					    problem);
		}
	}
	if (initial)
		delete_older_generation(idl);
	idl_parse_dirty(idl);
}

void idl_track(struct idl *idl)
{
	idl->tracking = true;
}

static void destroy_list(struct cds_list_head *rows)
{
	struct idl_row *row, *next;

	cds_list_for_each_entry_safe(row, next, rows, tracked) {
		cds_list_del(&row->tracked);
		idl_row_destroy(row);
	}
}

void idl_track_clear(struct idl *idl)
{
	for (size_t i = 0; i < idl->class->n_tables; i++) {
		struct idl_table *t = &idl->tables[i];
		size_t words = DIV_ROUND_UP(MAX(t->class->n_columns, 1), 64);
		struct idl_row *row, *next;

		cds_list_for_each_entry_safe(row, next, &t->tracked, tracked) {
			cds_list_del(&row->tracked);
			row->is_tracked = false;
			if (row->change & IDL_DELETED) {
				idl_row_destroy(row);
				continue;
			}
			row->change = 0;
			memset(row->changed, 0, words * sizeof(uint64_t));
		}
	}
	destroy_list(&idl->kept);
}

void idl_forget_all(struct idl *idl)
{
	idl_track_clear(idl);
	for (size_t i = 0; i < idl->class->n_tables; i++) {
		struct idl_row *row;

		/* Before any row goes, so that no arc points at freed memory. */
		HMAP_FOR_EACH(row, node, &idl->tables[i].rows)
			idl_row_drop_arcs(row, UINT32_MAX);
	}
	for (size_t i = 0; i < idl->class->n_tables; i++) {
		struct idl_row *row;

		HMAP_FOR_EACH(row, node, &idl->tables[i].rows) {
			hmap_remove(&idl->tables[i].rows, &row->node);
			idl_row_destroy(row);
		}
	}
}
