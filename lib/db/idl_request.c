// SPDX-License-Identifier: Apache-2.0
/* A transaction as JSON (RFC 7047 section 4.1.3), in this order: assert (lock), wait (verify),
 * delete, insert, update and mutate, the increment with its select, comment, abort (dry run). */
#include "db/idl_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

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
	struct idl_inserted *in;

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
		if (idl_is_known(row, i) && datum_equal(row->pending[i], &row->columns[i], type))
			continue;
		if (!p || !p->used) {
			json_object_set_new(values, name, datum_json(txn, row->pending[i], type));
			continue;
		}
		if (p->delete_keys.n) {
			struct column_type keys = idl_keys_type(type);

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

json_t *idl_request_build(struct idl_txn *txn)
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
