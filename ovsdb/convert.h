/* SPDX-License-Identifier: Apache-2.0 */
/* Moving the content of a database to another schema: columns of the same name keep their values,
 * new ones have defaults, others are dropped. */
#ifndef OVSDB_CONVERT_H
#define OVSDB_CONVERT_H

#include "ovsdb/db.h"

/* Makes '*converted' of 'old', which may be a database that record_load_finish() was not called on
 * yet (then nor was it for the new one).  Takes 'schema', also on failure.  NULL, or a sentence
 * that names the row and column that do not fit. */
char *convert_db(const struct db *old, struct db_schema *schema, struct db **converted) MUST_CHECK;

#endif
