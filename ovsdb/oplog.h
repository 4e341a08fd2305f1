/* SPDX-License-Identifier: Apache-2.0 */
/* The database log: a file of records that is only ever appended to (SPEC section 3).
 *
 *	OVSDB MAGIC LEN SHA1\n
 *	LEN octets of JSON that end in a line feed
 *
 * LEN and SHA1 cover the JSON with its line feed.  MAGIC is JSON for a database of one server.
 *
 * A crash may leave half a record at the end: opening for writing cuts it off with one warning.  A
 * bad record that valid ones follow is something else (a disk fault, an editor): then nothing is
 * cut and the file does not open.
 *
 * Opening for writing takes the lock file '.NAME.~lock~' beside the file; symbolic links are
 * followed first, so that two names of one file share their lock.
 * Threads: none of its own. */
#ifndef OVSDB_OPLOG_H
#define OVSDB_OPLOG_H

#include <jansson.h>
#include <sys/types.h>

#include "base/compiler.h"

struct str;

#define OPLOG_JSON "JSON" /* magic of a standalone database */
#define OPLOG_CLUSTER "CLUSTER"

struct oplog;

/* Opens an existing log; 'magic' is one word or several separated by '|', the first record decides.
 * Returns NULL, or a sentence ('*logp' is then untouched). */
char *oplog_open(const char *path, const char *magic, bool writable,
		 struct oplog **logp) MUST_CHECK;
/* Makes a new log, durable with its first record once oplog_append() has returned.  A file of that
 * name must not exist. */
char *oplog_create(const char *path, const char *magic, struct oplog **logp) MUST_CHECK;
/* Also gives up the lock.  NULL is fine. */
void oplog_close(struct oplog *);

/* Reads the next record into '*record' (NULL at the end of the log), which the caller unrefs.
 * Returns a sentence that names file and offset if the log is damaged; see above for what is
 * damage. */
char *oplog_read(struct oplog *, json_t **record) MUST_CHECK;
/* The same without parsing: '*text' is valid until the log is closed or written to. */
char *oplog_read_text(struct oplog *, const char **text, size_t *len) MUST_CHECK;
/* For a caller that found the record just read to be nonsense: the sentence to fail with, 'why'
 * (which it frees) put behind file and offset. */
char *oplog_bad_record(const struct oplog *, char *why);

/* Adds one framed record to 'batch'. */
void oplog_frame(const char *magic, const json_t *record, struct str *batch);
void oplog_frame_text(const char *magic, const char *json, size_t len, struct str *batch);

/* Appends framed records in one write and waits until they are on the disk.  All records must have
 * been read.  On failure the file is what it was before the call, and a later call may succeed. */
char *oplog_append(struct oplog *, const struct str *batch) MUST_CHECK;

/* Puts 'newer', a complete log at the path of 'log' plus 'suffix', in the place of 'log', which
 * takes over its descriptor; 'newer' is closed.  On failure 'log' is as before. */
char *oplog_replace(struct oplog *log, struct oplog *newer) MUST_CHECK;
/* Opens the file that oplog_replace() will put into place; left-overs of that name are removed. */
char *oplog_create_beside(const struct oplog *, const char *suffix,
			  struct oplog **newer) MUST_CHECK;
/* Closes 'newer' and removes its file. */
void oplog_discard(struct oplog *newer);

const char *oplog_path(const struct oplog *);
const char *oplog_magic(const struct oplog *);
off_t oplog_size(const struct oplog *); /* octets of complete records */
/* Offset of the record read last. */
off_t oplog_record_offset(const struct oplog *);

#endif
