/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions on a database in memory.
 *
 *	open -> commit -> (durable) settle -> kept by the history as long as it likes
 *	     \         \-> rollback, when the log could not be written
 *	      \-> abort
 *
 * While a transaction is open, row_get(), the tables and the indexes show what it did.  Commit
 * makes the deferred checks of RFC 7047 (references, garbage collection, weak references, maxRows,
 * unique indexes), then gives each changed row a new content and a new _version.  A committed
 * transaction holds both contents of each row that it changed: from that it can be rolled back,
 * written to the log, and shown to monitors.  The cost is that of the rows changed and of those
 * they refer to.
 * At most one transaction of a database is open at a time; committed ones are rolled back in the
 * reverse order of their commits. */
#ifndef OVSDB_TXN_H
#define OVSDB_TXN_H

#include <urcu/list.h>

#include "base/str.h"
#include "ovsdb/db.h"

/* What a transaction does to one row.  Neither inserted nor deleted: modified. */
struct change {
	struct cds_list_head node; /* in txn.changes, or in txn.touched */
	struct row *row; /* counted */
	struct values *old; /* NULL: inserted.  Counted, like 'new_'; both set by commit */
	struct values *new_; /* NULL: deleted */
	struct datum *columns; /* by column, valid where 'changed'; while open */
	struct change *gc_next; /* work list of the garbage collection */
	int64_t n_strong; /* change of row->n_strong */
	bool inserted, deleted;
	uint64_t changed[]; /* bitmap of columns; if modified also after commit */
};

struct txn {
	struct db *db;
	uint32_t refs;
	struct uuid id; /* what monitor_cond_since calls it, set by commit */
	uint64_t date_ms; /* wall clock, set by commit */
	/* 'struct change'; after commit those of a table stand together */
	struct cds_list_head changes;
	struct cds_list_head touched; /* after commit: those where only 'n_strong' changed */
	size_t n_changes; /* after commit */
	struct str comment; /* of "comment" operations, lines separated by line feeds */
};

struct txn *txn_open(struct db *);
/* One reference is the opener's. */
struct txn *txn_ref(struct txn *);
void txn_unref(struct txn *);

/* Only with an open transaction of the row's database. */
struct row *txn_insert(struct db_table *, const struct uuid *); /* must not exist */
/* A row that this transaction inserted is gone at once, with its memory; others when it commits. */
void txn_delete(struct row *);
/* Sets a column (never _uuid or _version); moves from '*value'. */
void txn_set(struct row *, uint32_t column, struct datum *value);

/* Undoes everything; the transaction is over. */
void txn_abort(struct txn *);
/* Returns NULL, or a sentence in the form of db/error.h; the transaction is then aborted. */
char *txn_commit(struct txn *) MUST_CHECK;
/* True if a committed transaction changed nothing. */
static inline bool txn_is_empty(const struct txn *txn)
{
	return !txn->n_changes;
}
/* Undoes a committed transaction. */
void txn_rollback(struct txn *);
/* It will not be rolled back any more: frees what only that would need. */
void txn_settle(struct txn *);

#define TXN_FOR_EACH_CHANGE(change, txn) cds_list_for_each_entry(change, &(txn)->changes, node)

/* For commit.c: the change of 'row' in the open transaction, made if need be. */
struct change *txn_touch(struct row *);
/* Deletes the row when the transaction commits, whoever inserted it. */
void txn_mark_deleted(struct change *);
/* Makes the deferred checks and changes (commit.c).  NULL or a sentence. */
char *txn_check(struct txn *) MUST_CHECK;

#endif
