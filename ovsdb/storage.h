/* SPDX-License-Identifier: Apache-2.0 */
/* Where a served database is kept: the log file of a standalone database.
 *
 * Committed transactions are added to a batch; storage_flush() writes all of it at once and waits
 * for the disk, so that what many clients did in one turn of the loop costs one fsync.
 *
 * Compaction runs beside service: a helper thread writes a snapshot to a new file, and the main
 * thread then adds what was committed meanwhile and puts the file in place.
 * Threads: the main loop's. */
#ifndef OVSDB_STORAGE_H
#define OVSDB_STORAGE_H

#include "base/loop.h"
#include "ovsdb/txn.h"

struct storage;

struct storage_options {
	/* --disable-file-column-diff: files that servers before 2.15 can read */
	bool no_column_diff;
};

/* Reads the database of 'path' into '*dbp' and goes on to write there.  NULL or a sentence.
 * 'loop' may be NULL: then there is no storage_compact(), but storage_compact_now(). */
char *storage_open(struct loop *, const char *path, const struct storage_options *, struct db **dbp,
		   struct storage **) MUST_CHECK;
/* Reads a database that may be in use elsewhere; nothing can be written. */
char *storage_read(const char *path, struct db **dbp) MUST_CHECK;
/* Makes a file with an empty database of 'schema'. */
char *storage_create_file(const char *path, const struct db_schema *) MUST_CHECK;
/* Ends a running compaction without effect. */
void storage_close(struct storage *);

/* Adds a committed transaction to the batch.  False if it needs no disk. */
bool storage_add(struct storage *, const struct txn *);
/* Octets in the batch. */
size_t storage_pending(const struct storage *);
/* Writes the batch.  On failure none of it is in the file; in both cases the batch is empty
 * then. */
char *storage_flush(struct storage *) MUST_CHECK;

/* Starts a compaction; 'done' is called once, with NULL or a sentence that it frees.  The batch
 * must be empty.  'db' is the database that was opened with it. */
typedef void storage_done_fn(char *err, void *aux);
void storage_compact(struct storage *, const struct db *, storage_done_fn *done, void *aux);
bool storage_is_compacting(const struct storage *);
/* The rule of SPEC section 3: time for a compaction by itself? */
bool storage_wants_compaction(const struct storage *);
char *storage_compact_now(struct storage *, const struct db *) MUST_CHECK;

const char *storage_path(const struct storage *);
void storage_set_column_diff(struct storage *, bool);

#endif
