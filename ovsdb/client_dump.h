/* SPDX-License-Identifier: Apache-2.0 */
/* ovsdb-client dump, backup and restore: the whole content of 'conn->database'.  What fails ends
 * the program with a line on stderr. */
#ifndef OVSDB_CLIENT_DUMP_H
#define OVSDB_CLIENT_DUMP_H

#include "ovsdb/client_conn.h"

/* Prints tables; 'args': nothing, or TABLE [COLUMN]... */
void client_dump(struct client_conn *, int n, char *args[]);
/* Writes the database to stdout as a database file. */
void client_backup(struct client_conn *);
/* Puts what the database file on stdin has in the place of all rows, in one transaction; with
 * 'force' also if its schema is another one. */
void client_restore(struct client_conn *, bool force);

#endif
