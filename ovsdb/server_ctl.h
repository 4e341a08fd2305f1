/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of ovsdb-server's control socket (SPEC section 2.4) and its part of memory/show. */
#ifndef OVSDB_SERVER_CTL_H
#define OVSDB_SERVER_CTL_H

#include "ovsdb/remote.h"

struct server_ctl {
	struct server *server;
	struct remotes *remotes;
	struct storage_options storage;
};

/* Opens a database file and serves it.  NULL or a sentence. */
char *server_ctl_open_db(struct server_ctl *, const char *path) MUST_CHECK;
/* Registers the commands; 'ctl' must live as long as the process serves them. */
void server_ctl_init(struct server_ctl *);
void server_ctl_uninit(struct server_ctl *);

#endif
