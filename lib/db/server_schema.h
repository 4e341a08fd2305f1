/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of "_Server", the database in which a server describes the databases that it
 * serves. */
#ifndef DB_SERVER_SCHEMA_H
#define DB_SERVER_SCHEMA_H

/* JSON, for schema_from_json(). */
extern const char server_schema_text[];

#endif
