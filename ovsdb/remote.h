/* SPDX-License-Identifier: Apache-2.0 */
/* Where clients come from: targets given on the command line or by ovsdb-server/add-remote, and
 * targets that a column of a database lists (db:DB,TABLE,COLUMN: strings, or references to rows
 * with a column "target").
 * Such rows also say how often to probe, and are told how their connection fares (is_connected,
 * status). */
#ifndef OVSDB_REMOTE_H
#define OVSDB_REMOTE_H

#include "ovsdb/server.h"

#define REMOTE_STATUS_MS 5000 /* how often is_connected and status are brought up to date */

struct remotes;

struct remotes *remotes_create(struct server *);
void remotes_destroy(struct remotes *);
/* Adds a source: a target or "db:...".  Already there: nothing happens.  NULL or a sentence. */
char *remotes_add(struct remotes *, const char *source) MUST_CHECK;
char *remotes_del(struct remotes *, const char *source) MUST_CHECK;
/* Opens and closes what the sources say now.  NULL, or a sentence about the first target of the
 * command line that cannot be opened. */
char *remotes_run(struct remotes *) MUST_CHECK;
/* The sources, sorted; the caller frees the array. */
const char **remotes_list(const struct remotes *, size_t *n);
/* Ends all connections; those that we make are made again. */
void remotes_reconnect(struct remotes *);

#endif
