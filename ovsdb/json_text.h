/* SPDX-License-Identifier: Apache-2.0 */
/* Values as JSON text without a tree in between: for the log, for snapshots and for updates of
 * monitors, which would otherwise build and drop a tree for each of many rows.  libjansson still
 * writes what needs escapes, and reals.
 * Threads: any; values are read only. */
#ifndef OVSDB_JSON_TEXT_H
#define OVSDB_JSON_TEXT_H

#include <jansson.h>

#include "base/str.h"
#include "db/datum.h"

void json_text_put(struct str *, const json_t *);
void json_text_put_string(struct str *, const char *, size_t len);
void json_text_put_integer(struct str *, int64_t);
/* "550e8400-...", with quotes. */
void json_text_put_uuid(struct str *, const struct uuid *);
void json_text_put_datum(struct str *, const struct datum *, const struct column_type *);

#endif
