/* SPDX-License-Identifier: Apache-2.0 */
/* The database _Server: a row of table Database for each database that is served (SPEC section
 * 3). */
#ifndef OVSDB_SERVER_DB_H
#define OVSDB_SERVER_DB_H

#include "ovsdb/service.h"

struct service *server_db_create(struct loop *);
void server_db_add(struct service *server_db, const struct service *);
void server_db_remove(struct service *server_db, const struct service *);

#endif
