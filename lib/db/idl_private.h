/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the replica share with one another, and with nobody else.
 *
 *	idl.c         session: get_schema, monitor, lock, replies, notifications
 *	idl_update.c  what the server says: rows, differences, resynchronisation, tracking
 *	idl_row.c     rows, arcs between them, iteration
 *	idl_typed.c   typed members from datums, datums from typed arguments
 *	idl_txn.c     transactions: their course and outcome
 *	idl_write.c   what they write, seen at once
 *	idl_request.c what they send
 *
 * A row is one allocation: the generated struct, then its datums and bitmaps.  A reference whose
 * row is absent points at a ghost: an 'idl_row' without contents in idl_table.ghosts, which
 * knows who wants it. When the row arrives, they are parsed again. */
#ifndef DB_IDL_PRIVATE_H
#define DB_IDL_PRIVATE_H

#include "base/loop.h"
#include "base/str.h"
#include "db/idl.h"

struct jsonrpc_msg;
struct jsonrpc_session;

#define IDL_IN_SERVER 0x80 /* in idl_table.modes: the server's schema has the column */

struct idl_table {
	struct idl *idl;
	const struct idl_table_class *class;
	struct hmap rows; /* by UUID, with those inserted in the open transaction */
	struct hmap ghosts; /* by UUID */
	uint8_t *modes; /* [n_columns]: IDL_MONITOR, IDL_ALERT, IDL_IN_SERVER */
	struct datum *defaults; /* [n_columns] */
	struct idl_table **key_refs,
		**value_refs; /* [n_columns]: monitored table referred to, NULL none */
	json_t *where; /* NULL: all rows */
	bool monitored, in_server;
	struct cds_list_head tracked; /* idl_row.tracked; deleted ones are owned by it */
};

enum idl_state {
	IDL_DISCONNECTED,
	IDL_GETTING_SCHEMA,
	IDL_WAITING_MONITOR,
	IDL_SYNCED,
	IDL_FAILED, /* 'last_error' says why; asks again when 'retry' fires */
};

struct idl {
	struct loop *loop;
	const struct idl_class *class;
	struct idl_table *tables; /* [class->n_tables] */
	void (*changed)(struct idl *, void *aux);
	void *aux;
	struct work notify; /* calls 'changed' */
	uint64_t seqno;

	char **remotes;
	size_t n_remotes, remote; /* 'remote' is in use */
	struct jsonrpc_session *session;
	struct timer reopen; /* tries the next remote */
	struct timer retry; /* asks again after IDL_FAILED */
	enum idl_state state;
	bool ever_connected, tracking, monitor_is_cond;
	bool once, is_dead; /* idl_create_once() */
	int64_t next_id;
	int64_t request_id, lock_id; /* awaited replies, -1 none */
	struct db_schema *schema;
	char *last_error;
	char *disconnect_reason;

	char *lock_name;
	bool has_lock, lock_contended;

	struct cds_list_head dirty; /* idl_row.dirty: to be parsed again */
	struct cds_list_head dead; /* idl_row.tracked: freed after the parsing */
	struct cds_list_head kept; /* idl_row.tracked: deleted, freed by idl_track_clear() */
	uint32_t generation;

	struct idl_txn *txn;
};

/* 'src' refers to 'dst' in its column 'column'. */
struct idl_arc {
	struct cds_list_head out; /* in src->refs_out */
	struct cds_list_head in; /* in dst->refs_in */
	struct idl_row *src, *dst;
	uint32_t column;
};

/* Mutations of one column, in the order of the request: deletions first. */
struct idl_partial {
	struct datum delete_keys; /* elements of a set, keys of a map */
	struct datum delete_pairs, insert;
	bool used;
};
/* What the open transaction does to one row. */
struct idl_row_txn {
	struct cds_list_head node; /* in idl_txn.rows */
	struct idl_row *row;
	bool inserted, deleted;
	bool explicit_uuid; /* inserted with a UUID of the caller's */
	bool *verify; /* [n_columns], NULL: none */
	struct idl_partial *partials; /* [n_columns], NULL: none */
};

/* A row that the transaction inserts. */
struct idl_inserted {
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

	struct idl_inserted *inserted;
	size_t n_inserted, inserted_size;
};

/* idl_row.c */
static inline uint32_t idl_column_index(const struct idl_row *row, const struct idl_column_class *c)
{
	return (uint32_t)(c - row->table->class->columns);
}
static inline struct idl_table *idl_table_of(const struct idl *idl, const struct idl_table_class *c)
{
	return &idl->tables[c - idl->class->tables];
}
struct idl_row *idl_row_create(struct idl_table *, const struct uuid *, bool committed);
/* Drops everything it holds; nobody may refer to it. */
void idl_row_destroy(struct idl_row *);
struct idl_row *idl_row_lookup(const struct idl_table *,
			       const struct uuid *); /* deleted ones too */
/* The row to point at from a typed member, NULL if it is absent; records the arc if it may come. */
struct idl_row *idl_row_refer(struct idl_row *src, uint32_t column, struct idl_table *,
			      const struct uuid *);
void idl_row_drop_arcs(struct idl_row *src, uint32_t column); /* UINT32_MAX: of all columns */
/* Those who refer to a row learn that it goes, or that it came: large sets of references lose or
 * gain one element, other columns will be parsed again. */
void idl_row_gone(struct idl_row *);
void idl_row_came(struct idl_row *);
/* True if a change of column 'column' may be told by element, by the two functions below. */
bool idl_row_is_incremental(const struct idl_row *, uint32_t column);
void idl_row_add_ref(struct idl_row *, uint32_t column, const struct uuid *);
void idl_row_del_ref(struct idl_row *, uint32_t column, const struct uuid *);
void idl_row_make_stale(struct idl_row *, uint32_t column);
/* Parses stale columns of all dirty rows again, then frees the dead. */
void idl_parse_dirty(struct idl *);

/* idl_typed.c */
void idl_typed_parse(struct idl_row *, uint32_t column);
void idl_typed_unparse(struct idl_row *, uint32_t column);
/* One element of a set of references, which is in the order of the rows' UUIDs. */
void idl_typed_insert(struct idl_row *, uint32_t column, struct idl_row *dst);
void idl_typed_remove(struct idl_row *, uint32_t column, const struct idl_row *dst);

/* idl_update.c */
/* 'updates' is <table-updates2>, or <table-updates> if not 'cond'.  'initial': rows not in it
 * are gone. */
void idl_apply(struct idl *, const json_t *updates, bool cond, bool initial);
void idl_forget_all(struct idl *); /* frees all rows */
void idl_alert(struct idl *); /* 'changed' will be called */

/* idl_write.c */
/* The type of elements of a set, or keys of a map, in any number; borrows from 'type'. */
static inline struct column_type idl_keys_type(const struct column_type *type)
{
	return (struct column_type){ .key = type->key, .n_max = UINT32_MAX };
}
void idl_partial_uninit(struct idl_partial *, const struct column_type *);
/* The replica holds the committed value of the column. */
static inline bool idl_is_known(const struct idl_row *row, uint32_t column)
{
	return !row->columns || row->table->modes[column] & IDL_MONITOR;
}

/* idl_request.c */
/* The parameters of "transact", or NULL if nothing would change. */
json_t *idl_request_build(struct idl_txn *);

/* idl_txn.c */
void idl_txn_row_gone(struct idl_row *); /* the server deleted a row that the transaction touched */
bool idl_txn_reply(struct idl *,
		   const struct jsonrpc_msg *); /* true if it answered the transaction */
void idl_txn_disconnected(struct idl *);

#endif
