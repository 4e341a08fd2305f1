// SPDX-License-Identifier: Apache-2.0
/* Transactions of the replica: their course and outcome.  Updates that a transaction causes come
 * before its reply (SPEC 3), so pending values give way to equal ones. */
#include "db/idl_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "rpc/jsonrpc.h"

LOG_MODULE(idl_txn);

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
			idl_partial_uninit(&part->partials[i], type);
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
	ops = idl_request_build(txn);
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
		struct idl_inserted *in = &txn->inserted[i];
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
