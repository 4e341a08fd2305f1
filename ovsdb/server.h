/* SPDX-License-Identifier: Apache-2.0 */
/* What one ovsdb-server process has: databases, sessions, locks, and the database _Server that
 * describes the databases to clients.
 * Threads: the main loop's. */
#ifndef OVSDB_SERVER_H
#define OVSDB_SERVER_H

#include "ovsdb/lock.h"
#include "ovsdb/service.h"

struct session;

struct server {
	struct loop *loop;
	struct uuid id;
	struct lock_table locks;
	struct hmap services; /* 'struct served' by name, _Server included */
	struct service *internal; /* _Server */
	struct cds_list_head sessions; /* 'struct session' */
	size_t n_sessions;
	struct cds_list_head listeners; /* 'struct server_listener' */
};

/* Told of databases that come and go, and of contents that change. */
struct server_listener {
	struct cds_list_head node;
	/* may be NULL, like the others */
	void (*added)(struct server_listener *, struct service *);
	/* just before it is destroyed */
	void (*removed)(struct server_listener *, struct service *);
	void (*changed)(struct server_listener *, struct service *);
};

struct server *server_create(struct loop *);
/* Sessions must be gone. */
void server_destroy(struct server *);

/* Takes the service; its name must not be in use. */
void server_add(struct server *, struct service *);
/* Ends the monitors and requests of that database, then destroys it. */
void server_remove(struct server *, struct service *);
struct service *server_lookup(const struct server *, const char *name); /* may be NULL */
/* All names sorted, _Server too if 'internal'; the caller frees the array. */
struct service **server_list(const struct server *, bool internal, size_t *n);
/* Puts the batches of all databases on the disk. */
void server_flush(struct server *);

void server_listener_add(struct server *, struct server_listener *);
void server_listener_del(struct server_listener *);

#endif
