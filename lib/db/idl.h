/* SPDX-License-Identifier: Apache-2.0 */
/* The client replica ("IDL"): an in-memory copy of the tables and columns asked for, kept up by
 * a monitor, and transactions against it.
 *
 * A generator (lib/db/idlgen.py) makes from a schema one header with a struct of typed columns
 * for each table and one table-driven .c file: struct ovsrec_bridge { struct idl_row row; ... }
 * with members named after the columns (keywords and clashes get a '_'):
 *	scalar              int64_t/double/bool/char *
 *	optional integer    int64_t *x; size_t n_x (0 or 1); optional string: char *x or NULL
 *	set                 T *x; size_t n_x
 *	map string->string  struct smap x
 *	other map           K *key_x; V *value_x; size_t n_x
 *	reference           struct ovsrec_T * (missing rows left out)
 * and functions ovsrec_T_insert(txn), ovsrec_T_set_COL(row, ...), ovsrec_T_del(row),
 * ovsrec_T_verify_COL(row), ovsrec_T_first(idl), ovsrec_T_next(row), macro
 * OVSREC_T_FOR_EACH(row, idl), change tracking OVSREC_T_FOR_EACH_TRACKED,
 * ovsrec_T_is_new/is_deleted/is_updated(row, column), ovsrec_T_update_COL_addvalue/delvalue
 * (sets), ovsrec_T_update_COL_setkey/delkey (maps), with columns ovsrec_T_col_COL
 * ('struct idl_column_class').
 *
 * After a reconnect the replica keeps its rows until the new monitor's answer has come, and then
 * tells only the differences: a restart of the server does not flap the configuration.
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
struct idl_row_txn;

/* How the typed member of a column looks; the letters are those of the list above. */
enum idl_shape {
	IDL_SCALAR, /* T x */
	IDL_OPTIONAL, /* pointer x, NULL if the column is empty: strings and references */
	IDL_SET, /* T *x, size_t n_x */
	IDL_SMAP, /* struct smap x */
	IDL_MAP, /* K *key_x, V *value_x, size_t n_x */
};

/* What the generator writes, constant.  Offsets are from the start of the row. */
struct idl_column_class {
	const char *name;
	struct column_type type; /* initialised from a literal; refTable by name */
	bool mutable_;
	enum idl_shape shape;
	size_t offset; /* of x, or key_x */
	size_t value_offset; /* of value_x: IDL_MAP */
	size_t n_offset; /* of n_x: IDL_SET, IDL_MAP */
};
struct idl_table_class {
	const char *name;
	const struct idl_column_class *columns; /* sorted by name */
	size_t n_columns;
	size_t row_size;
	bool is_root;
	bool is_singleton; /* at most one row, and it is a root: "." on command lines */
};
struct idl_class {
	const char *database;
	const char *version;
	const struct idl_table_class *tables; /* sorted by name */
	size_t n_tables;
};
/* The same as a schema, for db/text.h.  Owned by the caller. */
struct db_schema *idl_class_schema(const struct idl_class *);

struct idl_row {
	struct hmap_node node; /* in the table by UUID; not in it once deleted */
	struct uuid uuid;
	struct idl_table *table;
	/* [n_columns], as the server has them; NULL for a row inserted and not committed */
	struct datum *columns;
	struct datum **pending; /* [n_columns], written in the open transaction; NULL: none */
	struct idl_row_txn *in_txn; /* the open transaction's part in this row; NULL: none */
	struct cds_list_head refs_out, refs_in; /* 'struct idl_arc' */
	struct cds_list_head dirty; /* in the replica's list of rows to parse again */
	struct cds_list_head tracked; /* in the table's list of changed rows */
	uint64_t *stale; /* bitmap of columns whose typed members are to be made again */
	uint64_t *changed; /* bitmap of IDL_ALERT columns changed since tracking was cleared */
	uint32_t generation; /* of the last initial contents that held this row */
	uint8_t change; /* enum idl_change bits since tracking was cleared */
	bool parsed;
	bool is_dirty, is_tracked, is_ghost;
};
enum idl_change {
	IDL_INSERTED = 1,
	IDL_MODIFIED = 2,
	IDL_DELETED = 4, /* kept, with its last contents, until idl_track_clear() */
	IDL_REF_CHANGED = 8, /* gained or lost a row that it refers to; the typed members say so */
};

/* Opens a session to 'remote', which is kept up; a comma-separated list is tried in turn.  What
 * is to be monitored is said with idl_add_*() before the loop turns.  'changed' is called once
 * per turn of the loop in which an IDL_ALERT column or a row changed, or the connection's state
 * or the lock did. */
char *idl_create(struct loop *, const char *remote, const struct idl_class *,
		 void (*changed)(struct idl *, void *aux), void *aux, struct idl **) MUST_CHECK;
/* The same for one connection: each remote is tried once, and when it is gone it is gone. */
char *idl_create_once(struct loop *, const char *remote, const struct idl_class *,
		      void (*changed)(struct idl *, void *aux), void *aux,
		      struct idl **) MUST_CHECK;
void idl_destroy(struct idl *);

/* IDL_ALERT: its changes call 'changed', bump the seqno and are tracked.  Leave it out for the
 * columns that the program writes itself.  A table whose every column is without IDL_ALERT is
 * silent altogether. */
enum { IDL_MONITOR = 1, IDL_ALERT = 2 };
void idl_add_table(struct idl *, const char *table, unsigned int mode); /* all columns of it */
void idl_add_column(struct idl *, const char *table, const char *column, unsigned int mode);
void idl_add_all(struct idl *, unsigned int mode);
/* Only rows for which 'where' (RFC 7047 <condition>s, or true; taken over) holds are
 * replicated.  A server without monitor_cond sends all. */
void idl_set_condition(struct idl *, const char *table, json_t *where);
void idl_track(struct idl *); /* change tracking on for everything monitored */
void idl_track_clear(struct idl *); /* forget what changed; deleted rows are freed now */

bool idl_has_ever_connected(const struct idl *);
bool idl_is_synced(const struct idl *); /* connected, and the initial contents have come */
uint64_t idl_seqno(const struct idl *);
struct jsonrpc_session *idl_session(struct idl *);
const char *idl_last_error(const struct idl *); /* NULL or a sentence: why it cannot monitor */
/* Why the last connection went, or did not come up; NULL if none did. */
const char *idl_disconnect_reason(const struct idl *);
bool idl_is_dead(const struct idl *); /* made by idl_create_once(), and its connection is gone */
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
struct idl_row *idl_row_by_uuid(const struct idl *, const struct idl_table_class *,
				const struct uuid *);
struct idl_row *idl_tracked_first(const struct idl *, const struct idl_table_class *);
struct idl_row *idl_tracked_next(const struct idl_row *);
bool idl_is_updated(const struct idl_row *, const struct idl_column_class *);
/* The class of the row's table. */
const struct idl_table_class *idl_row_class(const struct idl_row *);
/* What a reader of the open transaction sees: pending, else committed, else the default. */
const struct datum *idl_read(const struct idl_row *, const struct idl_column_class *);

/* Transactions: one at a time for each replica.  Writes are seen at once by typed members. */
enum idl_txn_status {
	TXN_UNCOMMITTED,
	TXN_UNCHANGED,
	TXN_INCOMPLETE,
	TXN_ABORTED,
	TXN_SUCCESS,
	TXN_TRY_AGAIN,
	TXN_NOT_LOCKED,
	TXN_ERROR
};
const char *idl_txn_status_name(enum idl_txn_status);
struct idl_txn *idl_txn_create(struct idl *);
void idl_txn_destroy(struct idl_txn *); /* aborts it if it is open */
void idl_txn_abort(struct idl_txn *);
void idl_txn_comment(struct idl_txn *, const char *);
void idl_txn_set_dry_run(struct idl_txn *);
/* Sends it.  The outcome comes by 'done' (may be NULL), from the loop, if TXN_INCOMPLETE is
 * returned; any other status is returned at once and 'done' has been called with it before
 * that.  By then the pending values are gone and the server's have come; 'done' may destroy the
 * transaction and open another. Until then the transaction stays open, typed members show what
 * it wrote, and it takes no more writes. */
enum idl_txn_status idl_txn_commit(struct idl_txn *, void (*done)(struct idl_txn *, void *aux),
				   void *aux);
enum idl_txn_status idl_txn_status(const struct idl_txn *);
const char *idl_txn_error(const struct idl_txn *); /* the sentence for TXN_ERROR */
/* UUID that the server gave to the row inserted here as 'uuid'; NULL before success or if there
 * is none. */
const struct uuid *idl_txn_inserted_uuid(const struct idl_txn *, const struct uuid *);
/* Adds 'n' to an integer column, atomically, if the transaction changes anything else, and tells
 * its value after success. */
void idl_txn_increment(struct idl_txn *, const struct idl_row *, const struct idl_column_class *,
		       int64_t n);
int64_t idl_txn_increment_value(const struct idl_txn *);
struct idl_txn *idl_txn_of(const struct idl *); /* the open one, may be NULL */

void idl_write(struct idl_row *, const struct idl_column_class *, struct datum * /* taken over */);
void idl_delete(struct idl_row *);
/* A row with the UUID given (the server must know insert with "uuid", SPEC 3), or NULL: the
 * server chooses it.  The row object lives until the outcome is known; the committed row is
 * another one. */
struct idl_row *idl_insert(struct idl_txn *, const struct idl_table_class *, const struct uuid *);
/* The same with a UUID that only this transaction uses; the server chooses the row's. */
struct idl_row *idl_insert_named(struct idl_txn *, const struct idl_table_class *,
				 const struct uuid *);
/* Takes 'row' out of every column that refers to it, as far as the replica knows. */
void idl_drop_references(struct idl_row *);
/* The commit fails with TXN_TRY_AGAIN if the column has another value by then. */
void idl_verify(struct idl_row *, const struct idl_column_class *);
/* Partial updates: mutate operations, so that their cost is the change's. */
void idl_mutate_insert(struct idl_row *, const struct idl_column_class *,
		       struct datum * /* taken over */);
/* Of a map: the pairs given, or the keys if 'arg' has no values. */
void idl_mutate_delete(struct idl_row *, const struct idl_column_class *,
		       struct datum * /* taken over */);
/* Of a map: the pairs take the place of those with the same keys. */
void idl_mutate_set(struct idl_row *, const struct idl_column_class *,
		    struct datum * /* taken over */);

/* What the generated functions call.  Arrays hold what the typed members hold: int64_t, double,
 * bool, char *, struct uuid, or pointers to rows. */
void idl_set_set(struct idl_row *, const struct idl_column_class *, const void *elements, size_t n);
void idl_set_map(struct idl_row *, const struct idl_column_class *, const void *keys,
		 const void *values, size_t n);
void idl_set_smap(struct idl_row *, const struct idl_column_class *, const struct smap *);
void idl_add_value(struct idl_row *, const struct idl_column_class *, const void *element);
void idl_del_value(struct idl_row *, const struct idl_column_class *, const void *element);
void idl_set_key(struct idl_row *, const struct idl_column_class *, const void *key,
		 const void *value);
void idl_del_key(struct idl_row *, const struct idl_column_class *, const void *key);

#endif
