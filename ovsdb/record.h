/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions as records of the log, both ways (SPEC section 3):
 *
 *	{"_date": ms, "_comment": ..., "_is_diff": true, TABLE: {UUID: {COLUMN: VALUE} or null}}
 *
 * With "_is_diff" a set or map column of a row that existed holds the difference; without, its new
 * value.
 * Ephemeral columns are not in records. */
#ifndef OVSDB_RECORD_H
#define OVSDB_RECORD_H

#include "base/str.h"
#include "ovsdb/txn.h"

/* Adds what a committed transaction has to keep on the disk, as one line of JSON; false, and
 * nothing added, if that is nothing. */
bool record_format_txn(const struct txn *, bool diff, struct str *);

/* Applies one record, as it is, while a database is loaded: references are neither counted nor
 * checked until record_load_finish().  NULL, or a sentence; the database is then to be
 * destroyed. */
char *record_load(struct db *, const json_t *record) MUST_CHECK;
/* Builds indexes, reference counts and lists of weak references. */
void record_load_finish(struct db *);

/* A snapshot: the contents of all rows at one moment, which another thread may write out. */
struct snapshot;
struct snapshot *snapshot_create(const struct db *);
/* In the main thread. */
void snapshot_destroy(struct snapshot *);
/* The JSON of one record with line feed.  Threads: any, one at a time. */
void snapshot_format(const struct snapshot *, const char *comment, uint64_t date_ms, struct str *);
size_t snapshot_n_rows(const struct snapshot *);

#endif
