/* SPDX-License-Identifier: Apache-2.0 */
/* ovsdb-tool show-log: the records of a database file in words. */
#ifndef OVSDB_SHOW_LOG_H
#define OVSDB_SHOW_LOG_H

/* Prints to stdout.  'detail' 0: a line for each record; 1: and for each row; 2: and for each
 * column.
 * NULL, or a sentence about the record that could not be read. */
char *show_log(const char *path, int detail);

#endif
