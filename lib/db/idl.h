/* SPDX-License-Identifier: Apache-2.0 */
/* The client replica ("IDL"): an in-memory copy of the tables and columns asked for, kept up by a monitor,
 * and transactions against it.
 *
 * A generator (lib/db/idlgen.py) makes from a schema one header with a struct of typed columns for each
 * table and one table-driven .c file: struct ovsrec_bridge { struct idl_row row; ... } with members
 * named after the columns (keywords and clashes get a '_'):
 *	scalar              int64_t/double/bool/char *
 *	optional integer    int64_t *x; size_t n_x (0 or 1); optional string: char *x or NULL
 *	set                 T *x; size_t n_x
 *	map string->string  struct smap x
 *	other map           K *key_x; V *value_x; size_t n_x
 *	reference           struct ovsrec_T * (missing rows left out)
 * and functions ovsrec_T_insert(txn), ovsrec_T_set_COL(row, ...), ovsrec_T_del(row),
 * ovsrec_T_verify_COL(row), ovsrec_T_first(idl), ovsrec_T_next(row), macro OVSREC_T_FOR_EACH(row, idl),
 * change tracking OVSREC_T_FOR_EACH_TRACKED, ovsrec_T_is_new/is_deleted/is_updated(row, column),
 * ovsrec_T_update_COL_addvalue/delvalue (sets), ovsrec_T_update_COL_setkey/delkey (maps),
 * with columns ovsrec_T_col_COL ('struct idl_column').
 *
 * After a reconnect the replica keeps its rows until the new monitor's answer has come, and then tells
 * only the differences: a restart of the server does not flap the configuration.
 * Threads: all of it belongs to the loop's thread. */
#ifndef DB_IDL_H
#define DB_IDL_H

#include <urcu/list.h>

#include "base/hmap.h"
#include "db/schema.h"

struct idl;
struct idl_txn;
struct jsonrpc_session;
struct loop;
struct idl_table_class;
struct idl_table;
struct idl_row;

/* What the generator writes, constant. */
struct idl_column_class {
	const char *name;
	struct column_type type; /* initialised from a literal; refTable by name */
	bool mutable_;
	/* Fill and empty the typed member(s) from the datum. */
	void (*parse)(struct idl_row *, const struct datum *);
	void (*unparse)(struct idl_row *);
};
struct idl_table_class {
	const char *name;
	const struct idl_column_class *columns;
	size_t n_columns;
	size_t row_size;
	bool is_root;
	bool is_singleton;
	void (*row_init)(struct idl_row *);
};
struct idl_class {
	const char *database;
	const struct idl_table_class *tables;
	size_t n_tables;
};

struct idl_row {
	struct hmap_node node; /* in the table by UUID; not in it once deleted */
	struct uuid uuid;
	struct idl_table *table;
	struct datum *columns; /* [n_columns], as the server has them; NULL for a row inserted and not committed */
	struct datum **pending; /* [n_columns], written in the open transaction; NULL: none */
	struct cds_list_head refs_out, refs_in; /* arcs between rows */
	struct cds_list_head tracked; /* in the table's list of changed rows */
	uint64_t *changed; /* bitmap of columns changed since tracking was cleared */
	uint8_t change; /* enum idl_change bits */
	bool parsed;
};
enum idl_change { IDL_INSERTED = 1, IDL_MODIFIED = 2, IDL_DELETED = 4, IDL_REF_CHANGED = 8 };

/* Opens a session to 'remote'.  Nothing is monitored until columns are added with idl_add_*().  'changed' is
 * called once per turn of the loop in which the replica changed (or the connection's state did). */
char *idl_create(struct loop *, const char *remote, const struct idl_class *,
		 void (*changed)(struct idl *, void *aux), void *aux, struct idl **) MUST_CHECK;
void idl_destroy(struct idl *);

enum { IDL_MONITOR = 1, IDL_ALERT = 2 }; /* IDL_ALERT: its changes call 'changed' and bump the seqno */
void idl_add_table(struct idl *, const char *table, unsigned int mode); /* all columns of it */
void idl_add_column(struct idl *, const char *table, const char *column, unsigned int mode);
void idl_add_all(struct idl *, unsigned int mode);
void idl_track(struct idl *); /* change tracking on for everything monitored */
void idl_track_clear(struct idl *); /* forget what changed; deleted rows are freed now */

bool idl_has_ever_connected(const struct idl *);
bool idl_is_synced(const struct idl *); /* connected, and the initial contents have come */
uint64_t idl_seqno(const struct idl *);
struct jsonrpc_session *idl_session(struct idl *);
const char *idl_last_error(const struct idl *); /* NULL or a sentence: why it cannot monitor */
/* The schema that the server sent. NULL before. */
const struct db_schema *idl_server_schema(const struct idl *);
/* Columns of the class that the server's schema lacks are read as defaults and not written. */
bool idl_server_has_column(const struct idl *, const char *table, const char *column);

/* Asks for the lock of RFC 7047 section 4.1.8 for as long as the session lives. */
void idl_set_lock(struct idl *, const char *name);
bool idl_has_lock(const struct idl *);
bool idl_is_lock_contended(const struct idl *);

/* Rows, generic. */
struct idl_table *idl_table(const struct idl *, const char *name);
struct idl_row *idl_first(const struct idl *, const struct idl_table_class *);
struct idl_row *idl_next(const struct idl_row *);
struct idl_row *idl_row_by_uuid(const struct idl *, const struct idl_table_class *, const struct uuid *);
struct idl_row *idl_tracked_first(const struct idl *, const struct idl_table_class *);
struct idl_row *idl_tracked_next(const struct idl_row *);
/* What a reader of the open transaction sees: pending, else committed, else the default. */
const struct datum *idl_read(const struct idl_row *, const struct idl_column_class *);

/* Transactions: one at a time for each replica.  Writes are seen at once by typed members. */
enum idl_txn_status { TXN_UNCOMMITTED, TXN_UNCHANGED, TXN_INCOMPLETE, TXN_ABORTED, TXN_SUCCESS, TXN_TRY_AGAIN, TXN_NOT_LOCKED, TXN_ERROR };
const char *idl_txn_status_name(enum idl_txn_status);
struct idl_txn *idl_txn_create(struct idl *);
void idl_txn_destroy(struct idl_txn *); /* aborts it if it is open */
void idl_txn_abort(struct idl_txn *);
void idl_txn_comment(struct idl_txn *, const char *);
void idl_txn_set_dry_run(struct idl_txn *);
/* Sends it; the outcome comes by 'done' from the loop, at once for UNCHANGED.  Returns the status so far. */
enum idl_txn_status idl_txn_commit(struct idl_txn *, void (*done)(struct idl_txn *, void *aux), void *aux);
enum idl_txn_status idl_txn_status(const struct idl_txn *);
const char *idl_txn_error(const struct idl_txn *); /* the sentence for TXN_ERROR */
/* UUID that the server gave to a row inserted with 'uuid' in this transaction; NULL if unknown. */
const struct uuid *idl_txn_inserted_uuid(const struct idl_txn *, const struct uuid *);
/* Adds 1 (or 'n') to an integer column, atomically, and tells its value after success. */
void idl_txn_increment(struct idl_txn *, const struct idl_row *, const struct idl_column_class *, int64_t n);
int64_t idl_txn_increment_value(const struct idl_txn *);
struct idl_txn *idl_txn_of(const struct idl *); /* the open one, may be NULL */

void idl_write(struct idl_row *, const struct idl_column_class *, struct datum * /* taken over */);
void idl_delete(struct idl_row *);
struct idl_row *idl_insert(struct idl_txn *, const struct idl_table_class *, const struct uuid * /* or NULL: random */);
/* The commit fails with TXN_TRY_AGAIN if the column has another value by then. */
void idl_verify(struct idl_row *, const struct idl_column_class *);
/* Partial updates: mutate operations, so that their cost is the change's. */
void idl_mutate_insert(struct idl_row *, const struct idl_column_class *, struct datum * /* taken over */);
void idl_mutate_delete(struct idl_row *, const struct idl_column_class *, struct datum * /* taken over */);

#endif
