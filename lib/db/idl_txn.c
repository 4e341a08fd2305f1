// SPDX-License-Identifier: Apache-2.0
/* Transactions of the replica.
 *
 * A write goes to the row's pending datum, from which the typed member is made until the outcome
 * is known; mutations are kept beside it, so that what is sent is the change and not the column.
 * The request is, in this order: assert (lock), wait (verify), delete, insert, update and
 * mutate, the increment with its select, comment, abort (dry run).  Updates that the transaction
 * causes come before its reply (SPEC 3), so pending values give way to equal ones. */
#include "db/idl_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "rpc/jsonrpc.h"

LOG_MODULE(idl_txn);

struct inserted {
	struct uuid uuid, real;
	size_t op;
	bool known;
};

struct idl_txn {
	struct idl *idl;
	enum idl_txn_status status;
	char *error;
	struct str comment;
	bool dry_run;
	bool conflict; /* a row that was written to is gone */
	struct cds_list_head rows; /* idl_row_txn.node */
	void (*done)(struct idl_txn *, void *aux);
	void *aux;
	int64_t id; /* of the request, -1 before */

	const struct idl_column_class *inc_column; /* NULL: none */
	const struct idl_table_class *inc_table;
	struct uuid inc_uuid;
	int64_t inc_by, inc_value;
	size_t inc_op; /* index of its select */

	struct inserted *inserted;
	size_t n_inserted, inserted_size;
};

const char *idl_txn_status_name(enum idl_txn_status status)
{
	static const char *const names[] = {
		[TXN_UNCOMMITTED] = "uncommitted", [TXN_UNCHANGED] = "unchanged",
		[TXN_INCOMPLETE] = "incomplete",   [TXN_ABORTED] = "aborted",
		[TXN_SUCCESS] = "success",         [TXN_TRY_AGAIN] = "try again",
		[TXN_NOT_LOCKED] = "not locked",   [TXN_ERROR] = "error",
	};

	return names[status];
}

struct idl_txn *idl_txn_create(struct idl *idl)
{
	struct idl_txn *txn = xzalloc(sizeof(*txn));

	assert(!idl->txn);
	txn->idl = idl;
	txn->id = -1;
	CDS_INIT_LIST_HEAD(&txn->rows);
	idl->txn = txn;
	return txn;
}

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

/* The type of partials' 'delete_keys'. */
static struct column_type keys_type(const struct column_type *type)
{
	return (struct column_type){ .key = type->key, .n_max = UINT32_MAX };
}

static void partial_uninit(struct idl_partial *p, const struct column_type *type)
{
	struct column_type keys = keys_type(type);

	datum_uninit(&p->delete_keys, &keys);
	datum_uninit(&p->delete_pairs, type);
	datum_uninit(&p->insert, type);
	memset(p, 0, sizeof(*p));
}

/* Ends the transaction's part in a row.  Typed members of its columns go back to the server's
 * values: at once if 'now', else with the other dirty rows. */
static void part_destroy(struct idl_row_txn *part, bool now)
{
	struct idl_row *row = part->row;
	const struct idl_table_class *c = row->table->class;

	for (uint32_t i = 0; i < c->n_columns; i++) {
		const struct column_type *type = &c->columns[i].type;
		struct datum *pending = row->pending ? row->pending[i] : NULL;

		if (part->partials)
			partial_uninit(&part->partials[i], type);
		if (!pending)
			continue;
		row->pending[i] = NULL;
		if (row->columns && now) {
			idl_typed_unparse(row, i);
			idl_row_drop_arcs(row, i);
			idl_typed_parse(row, i);
		} else if (row->columns) {
			idl_row_make_stale(row, i);
		}
		datum_uninit(pending, type);
		free(pending);
	}
	free(row->pending);
	row->pending = NULL;
	row->in_txn = NULL;
	cds_list_del(&part->node);
	free(part->partials);
	free(part->verify);
	free(part);
}

void idl_txn_row_gone(struct idl_row *row)
{
	row->table->idl->txn->conflict = true;
	part_destroy(row->in_txn, true);
}

/* Takes everything that was written back, and closes the transaction. */
static void txn_close(struct idl_txn *txn, enum idl_txn_status status)
{
	struct idl *idl = txn->idl;
	struct idl_row_txn *part, *next;
	CDS_LIST_HEAD(inserted);

	txn->status = status;
	cds_list_for_each_entry_safe(part, next, &txn->rows, node) {
		struct idl_row *row = part->row;

		if (part->inserted) {
			if (row->node.pprev)
				hmap_remove(&row->table->rows, &row->node);
			idl_row_gone(row);
			idl_row_drop_arcs(row, UINT32_MAX);
			if (row->is_dirty)
				cds_list_del(&row->dirty);
			row->is_dirty = false;
			cds_list_add_tail(&row->tracked, &inserted);
		}
		part_destroy(part, false);
	}
	idl_parse_dirty(idl);
	while (!cds_list_empty(&inserted)) {
		struct idl_row *row = cds_list_first_entry(&inserted, struct idl_row, tracked);

		cds_list_del(&row->tracked);
		idl_row_destroy(row);
	}
	idl->txn = NULL;
}

static enum idl_txn_status txn_finish(struct idl_txn *txn, enum idl_txn_status status)
{
	txn_close(txn, status);
	if (txn->done)
		txn->done(txn, txn->aux);
	return status;
}

void idl_txn_abort(struct idl_txn *txn)
{
	if (txn->idl->txn == txn)
		txn_close(txn, TXN_ABORTED);
}

void idl_txn_destroy(struct idl_txn *txn)
{
	if (!txn)
		return;
	idl_txn_abort(txn);
	free(txn->inserted);
	free(txn->error);
	str_uninit(&txn->comment);
	free(txn);
}

void idl_txn_comment(struct idl_txn *txn, const char *comment)
{
	if (txn->comment.len)
		str_putc(&txn->comment, '\n');
	str_put(&txn->comment, comment);
}

void idl_txn_set_dry_run(struct idl_txn *txn)
{
	txn->dry_run = true;
}

void idl_txn_increment(struct idl_txn *txn, const struct idl_row *row,
		       const struct idl_column_class *column, int64_t n)
{
	assert(!txn->inc_column && row->columns);
	txn->inc_column = column;
	txn->inc_table = row->table->class;
	txn->inc_uuid = row->uuid;
	txn->inc_by = n;
}

int64_t idl_txn_increment_value(const struct idl_txn *txn)
{
	return txn->inc_value;
}

struct idl_txn *idl_txn_of(const struct idl *idl)
{
	return idl->txn;
}

enum idl_txn_status idl_txn_status(const struct idl_txn *txn)
{
	return txn->status;
}

const char *idl_txn_error(const struct idl_txn *txn)
{
	return txn->error;
}

const struct uuid *idl_txn_inserted_uuid(const struct idl_txn *txn, const struct uuid *uuid)
{
	for (size_t i = 0; i < txn->n_inserted; i++) {
		if (txn->inserted[i].known && uuid_equal(&txn->inserted[i].uuid, uuid))
			return &txn->inserted[i].real;
	}
	return NULL;
}

/* ---- writes --------------------------------------------------------------- */

static bool is_known(const struct idl_row *row, uint32_t i)
{
	return !row->columns || row->table->modes[i] & IDL_MONITOR;
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
	    (row->columns && (!row->pending || !row->pending[i]) && is_known(row, i) &&
	     datum_equal(&row->columns[i], d, &c->type))) {
		datum_uninit(d, &c->type);
		return;
	}
	part = part_of(row);
	if (part->partials)
		partial_uninit(&part->partials[i], &c->type);
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
	struct column_type keys = keys_type(type);
	uint32_t i = idl_column_index(row, c);
	struct idl_partial *p;
	bool incremental;

	if (is_writable(row, i) && is_known(row, i))
		datum_subtract(d, idl_read(row, c), type, column_type_is_map(type));
	if (!d->n || !is_writable(row, i)) {
		datum_uninit(d, type);
		return;
	}
	p = partial_of(row, i);
	incremental = is_known(row, i) && idl_row_is_incremental(row, i);
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
	struct column_type keys = keys_type(type);
	bool by_key = !d->values;
	const struct column_type *dt = by_key ? &keys : type;
	uint32_t i = idl_column_index(row, c);
	struct idl_partial *p;
	bool incremental;

	if (is_writable(row, i) && is_known(row, i))
		intersect(d, idl_read(row, c), dt, type);
	if (!d->n || !is_writable(row, i)) {
		datum_uninit(d, dt);
		return;
	}
	p = partial_of(row, i);
	incremental = is_known(row, i) && idl_row_is_incremental(row, i);
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
	struct column_type keys = keys_type(&c->type);
	uint32_t i = idl_column_index(row, c);
	struct datum gone;

	/* "insert" leaves a key that is there alone (RFC 7047 section 5.1), so it goes first. */
	datum_init_empty(&gone);
	for (size_t j = d->n; j-- > 0;) {
		if (is_known(row, i) &&
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

/* ---- the request ------------------------------------------------------------ */

static char *row_name(const struct uuid *uuid)
{
	return xasprintf("row%08x_%04x_%04x_%04x_%04x%08x", UUID_ARGS(uuid));
}

static json_t *uuid_json(const struct uuid *uuid)
{
	char s[UUID_LEN + 1];

	snprintf(s, sizeof(s), UUID_FMT, UUID_ARGS(uuid));
	return json_pack("[ss]", "uuid", s);
}

static json_t *where_uuid(const struct uuid *uuid)
{
	return json_pack("[[sso]]", "_uuid", "==", uuid_json(uuid));
}

static json_t *op_json(const char *op, const struct idl_table_class *c)
{
	return json_pack("{ssss}", "op", op, "table", c->name);
}

/* In the JSON of a column, turns ["uuid", X] of a row inserted here into ["named-uuid", rowX]: the
 * elements of a value are 2-element arrays at most three deep. */
static void name_inserted(const struct idl_txn *txn, const struct base_type *key,
			  const struct base_type *value, json_t *json)
{
	json_t *first = json_array_get(json, 0), *element;
	const char *tag = json_string_value(first);
	size_t i;

	if (tag && !strcmp(tag, "uuid")) {
		for (int which = 0; which < 2; which++) {
			const struct base_type *b = which ? value : key;
			struct idl_table *t = b->type == ATOM_UUID && b->uuid.table_name
						      ? idl_table(txn->idl, b->uuid.table_name)
						      : NULL;
			struct idl_row *row;
			struct uuid uuid;

			if (!t || !uuid_parse(json_string_value(json_array_get(json, 1)), &uuid))
				continue;
			row = idl_row_lookup(t, &uuid);
			if (row && row->in_txn && row->in_txn->inserted &&
			    !row->in_txn->explicit_uuid) {
				char *name = row_name(&uuid);

				json_array_set_new(json, 0, json_string("named-uuid"));
				json_array_set_new(json, 1, json_string(name));
				free(name);
			}
		}
		return;
	}
	json_array_foreach(json, i, element) {
		if (json_is_array(element))
			name_inserted(txn, key, value, element);
	}
}

static json_t *datum_json(const struct idl_txn *txn, const struct datum *d,
			  const struct column_type *type)
{
	json_t *json = datum_to_json(d, type);

	/* Only columns of UUIDs can refer. */
	if (type->key.type == ATOM_UUID || type->value.type == ATOM_UUID)
		name_inserted(txn, &type->key, &type->value, json);
	return json;
}

static void put_waits(struct idl_txn *txn, json_t *ops)
{
	struct idl_row_txn *part;

	cds_list_for_each_entry(part, &txn->rows, node) {
		const struct idl_row *row = part->row;
		const struct idl_table_class *c = row->table->class;
		json_t *columns, *values, *op;

		if (!part->verify || !row->columns)
			continue;
		columns = json_array();
		values = json_object();
		for (size_t i = 0; i < c->n_columns; i++) {
			if (!part->verify[i])
				continue;
			json_array_append_new(columns, json_string(c->columns[i].name));
			json_object_set_new(values, c->columns[i].name,
					    datum_to_json(&row->columns[i], &c->columns[i].type));
		}
		op = op_json("wait", c);
		json_object_set_new(op, "timeout", json_integer(0));
		json_object_set_new(op, "where", where_uuid(&row->uuid));
		json_object_set_new(op, "columns", columns);
		json_object_set_new(op, "until", json_string("=="));
		json_object_set_new(op, "rows", json_pack("[o]", values));
		json_array_append_new(ops, op);
	}
}

static void put_insert(struct idl_txn *txn, struct idl_row_txn *part, json_t *ops)
{
	const struct idl_row *row = part->row;
	const struct idl_table_class *c = row->table->class;
	json_t *op = op_json("insert", c), *values = json_object();
	struct inserted *in;

	if (part->explicit_uuid) {
		char s[UUID_LEN + 1];

		snprintf(s, sizeof(s), UUID_FMT, UUID_ARGS(&row->uuid));
		json_object_set_new(op, "uuid", json_string(s));
	} else {
		char *name = row_name(&row->uuid);

		json_object_set_new(op, "uuid-name", json_string(name));
		free(name);
	}
	for (size_t i = 0; i < c->n_columns; i++) {
		const struct column_type *type = &c->columns[i].type;

		if (row->pending[i] && !datum_is_default(row->pending[i], type))
			json_object_set_new(values, c->columns[i].name,
					    datum_json(txn, row->pending[i], type));
	}
	json_object_set_new(op, "row", values);

	if (txn->n_inserted >= txn->inserted_size)
		txn->inserted = x2nrealloc(txn->inserted, &txn->inserted_size,
					   sizeof(txn->inserted[0]));
	in = &txn->inserted[txn->n_inserted++];
	memset(in, 0, sizeof(*in));
	in->uuid = row->uuid;
	in->op = json_array_size(ops) - 1; /* the first element is the database's name */
	json_array_append_new(ops, op);
}

static void put_mutation(json_t *list, const char *column, const char *mutator, json_t *arg)
{
	json_array_append_new(list, json_pack("[sso]", column, mutator, arg));
}

/* An update and a mutate operation, as far as needed.  Returns true if there was anything. */
static bool put_changes(struct idl_txn *txn, struct idl_row_txn *part, json_t *ops)
{
	struct idl_row *row = part->row;
	const struct idl_table_class *c = row->table->class;
	json_t *values = json_object(), *mutations = json_array();
	bool any;

	for (uint32_t i = 0; row->pending && i < c->n_columns; i++) {
		const struct column_type *type = &c->columns[i].type;
		const char *name = c->columns[i].name;
		const struct idl_partial *p = part->partials ? &part->partials[i] : NULL;

		if (!row->pending[i])
			continue;
		/* Written, and written back again. */
		if (is_known(row, i) && datum_equal(row->pending[i], &row->columns[i], type))
			continue;
		if (!p || !p->used) {
			json_object_set_new(values, name, datum_json(txn, row->pending[i], type));
			continue;
		}
		if (p->delete_keys.n) {
			struct column_type keys = keys_type(type);

			put_mutation(mutations, name, "delete",
				     datum_json(txn, &p->delete_keys, &keys));
		}
		if (p->delete_pairs.n)
			put_mutation(mutations, name, "delete",
				     datum_json(txn, &p->delete_pairs, type));
		if (p->insert.n)
			put_mutation(mutations, name, "insert", datum_json(txn, &p->insert, type));
	}
	any = json_object_size(values) || json_array_size(mutations);
	if (json_object_size(values)) {
		json_t *op = op_json("update", c);

		json_object_set_new(op, "where", where_uuid(&row->uuid));
		json_object_set(op, "row", values);
		json_array_append_new(ops, op);
	}
	if (json_array_size(mutations)) {
		json_t *op = op_json("mutate", c);

		json_object_set_new(op, "where", where_uuid(&row->uuid));
		json_object_set(op, "mutations", mutations);
		json_array_append_new(ops, op);
	}
	json_decref(values);
	json_decref(mutations);
	return any;
}

static void put_increment(struct idl_txn *txn, json_t *ops)
{
	const char *column = txn->inc_column->name;
	json_t *op = op_json("mutate", txn->inc_table);

	json_object_set_new(op, "where", where_uuid(&txn->inc_uuid));
	json_object_set_new(op, "mutations",
			    json_pack("[[ssI]]", column, "+=", (json_int_t)txn->inc_by));
	json_array_append_new(ops, op);

	op = op_json("select", txn->inc_table);
	json_object_set_new(op, "where", where_uuid(&txn->inc_uuid));
	json_object_set_new(op, "columns", json_pack("[s]", column));
	txn->inc_op = json_array_size(ops) - 1;
	json_array_append_new(ops, op);
}

/* The whole request, or NULL if nothing would change. */
static json_t *build_request(struct idl_txn *txn)
{
	struct idl *idl = txn->idl;
	json_t *ops = json_pack("[s]", idl->class->database);
	struct idl_row_txn *part;
	bool any = false;

	if (idl->lock_name)
		json_array_append_new(ops,
				      json_pack("{ssss}", "op", "assert", "lock", idl->lock_name));
	put_waits(txn, ops);
	cds_list_for_each_entry(part, &txn->rows, node) {
		if (part->deleted && !part->inserted) {
			json_t *op = op_json("delete", part->row->table->class);

			json_object_set_new(op, "where", where_uuid(&part->row->uuid));
			json_array_append_new(ops, op);
			any = true;
		}
	}
	cds_list_for_each_entry(part, &txn->rows, node) {
		if (part->deleted)
			continue;
		if (part->inserted) {
			put_insert(txn, part, ops);
			any = true;
		} else {
			any |= put_changes(txn, part, ops);
		}
	}
	if (!any) {
		json_decref(ops);
		txn->inc_column = NULL;
		return NULL;
	}
	if (txn->inc_column)
		put_increment(txn, ops);
	if (txn->comment.len)
		json_array_append_new(ops, json_pack("{ssss}", "op", "comment", "comment",
						     str_cstr(&txn->comment)));
	if (txn->dry_run)
		json_array_append_new(ops, json_pack("{ss}", "op", "abort"));
	return ops;
}

enum idl_txn_status idl_txn_commit(struct idl_txn *txn, void (*done)(struct idl_txn *, void *aux),
				   void *aux)
{
	struct idl *idl = txn->idl;
	json_t *ops;

	assert(idl->txn == txn && txn->status == TXN_UNCOMMITTED);
	txn->done = done;
	txn->aux = aux;
	if (txn->conflict || idl->state != IDL_SYNCED)
		return txn_finish(txn, TXN_TRY_AGAIN);
	if (idl->lock_name && !idl->has_lock)
		return txn_finish(txn, TXN_NOT_LOCKED);
	ops = build_request(txn);
	if (!ops)
		return txn_finish(txn, TXN_UNCHANGED);
	txn->status = TXN_INCOMPLETE;
	txn->id = idl->next_id++;
	if (jsonrpc_send_request(idl->session, "transact", ops, json_integer(txn->id)))
		return txn_finish(txn, TXN_TRY_AGAIN);
	return TXN_INCOMPLETE;
}

/* ---- the reply ---------------------------------------------------------------- */

static enum idl_txn_status fail(struct idl_txn *txn, const json_t *error)
{
	const char *tag = json_string_value(json_object_get(error, "error"));
	char *text;

	if (tag && !strcmp(tag, "timed out"))
		return TXN_TRY_AGAIN;
	if (tag && !strcmp(tag, "not owner"))
		return TXN_NOT_LOCKED;
	text = json_dumps(error, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	free(txn->error);
	txn->error = xstrdup(text ? text : "error without a text");
	free(text);
	return TXN_ERROR;
}

static enum idl_txn_status take_results(struct idl_txn *txn, const json_t *results)
{
	const json_t *element, *value;
	size_t i;

	json_array_foreach(results, i, element) {
		const json_t *error = json_object_get(element, "error");
		const char *tag = json_string_value(error);

		if (!tag)
			continue;
		if (txn->dry_run && !strcmp(tag, "aborted"))
			return TXN_SUCCESS;
		return fail(txn, element);
	}
	for (i = 0; i < txn->n_inserted; i++) {
		struct inserted *in = &txn->inserted[i];
		const char *s;

		value = json_object_get(json_array_get(results, in->op), "uuid");
		s = json_string_value(json_array_get(value, 1));
		in->known = s && uuid_parse(s, &in->real);
	}
	if (txn->inc_column) {
		value = json_object_get(json_array_get(results, txn->inc_op), "rows");
		value = json_object_get(json_array_get(value, 0), txn->inc_column->name);
		if (!json_is_integer(value)) {
			txn->error = xasprintf("the answer tells no value of column %s",
					       txn->inc_column->name);
			return TXN_ERROR;
		}
		txn->inc_value = json_integer_value(value);
	}
	return TXN_SUCCESS;
}

bool idl_txn_reply(struct idl *idl, const struct jsonrpc_msg *msg)
{
	struct idl_txn *txn = idl->txn;
	enum idl_txn_status status;

	if (!txn || txn->status != TXN_INCOMPLETE || !json_is_integer(msg->id) ||
	    json_integer_value(msg->id) != txn->id)
		return false;
	if (msg->type == JSONRPC_ERROR) {
		status = fail(txn, msg->error);
	} else if (json_is_array(msg->result)) {
		status = take_results(txn, msg->result);
	} else {
		txn->error = xstrdup("the answer to the transaction is no array");
		status = TXN_ERROR;
	}
	if (status == TXN_ERROR)
		log_dbg("%s: transaction failed: %s", jsonrpc_session_name(idl->session),
			txn->error);
	txn_finish(txn, status);
	return true;
}

void idl_txn_disconnected(struct idl *idl)
{
	if (idl->txn && idl->txn->status == TXN_INCOMPLETE)
		txn_finish(idl->txn, TXN_TRY_AGAIN);
}
