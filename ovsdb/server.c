// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/server.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/util.h"
#include "ovsdb/server_db.h"
#include "ovsdb/session.h"

struct served {
	struct hmap_node node;
	struct service_listener listener;
	struct server *server;
	struct service *service;
};

static void service_changed(struct service_listener *l, struct service *service)
{
	struct server *server = CONTAINER_OF(l, struct served, listener)->server;
	struct server_listener *sl, *next;

	cds_list_for_each_entry_safe(sl, next, &server->listeners, node)
		if (sl->changed)
			sl->changed(sl, service);
}

static void insert(struct server *server, struct service *service)
{
	struct served *served = xzalloc(sizeof(*served));

	served->server = server;
	served->service = service;
	served->listener.changed = service_changed;
	service_listener_add(service, &served->listener);
	hmap_insert(&server->services, &served->node, hash_string(service_name(service), 0));
}

static struct served *lookup(const struct server *server, const char *name)
{
	struct served *served;

	HMAP_FOR_EACH_WITH_HASH(served, node, hash_string(name, 0), &server->services)
		if (streq(service_name(served->service), name))
			return served;
	return NULL;
}

struct server *server_create(struct loop *loop)
{
	struct server *server = xzalloc(sizeof(*server));

	server->loop = loop;
	uuid_generate(&server->id);
	lock_table_init(&server->locks);
	hmap_init(&server->services);
	CDS_INIT_LIST_HEAD(&server->sessions);
	CDS_INIT_LIST_HEAD(&server->listeners);
	server->internal = server_db_create(loop);
	insert(server, server->internal);
	server_db_add(server->internal, server->internal);
	return server;
}

static void remove_served(struct server *server, struct served *served)
{
	hmap_remove(&server->services, &served->node);
	service_listener_del(&served->listener);
	service_destroy(served->service);
	free(served);
}

void server_destroy(struct server *server)
{
	struct served *served;

	if (!server)
		return;
	assert(cds_list_empty(&server->sessions));
	HMAP_FOR_EACH(served, node, &server->services)
		remove_served(server, served);
	hmap_uninit(&server->services);
	lock_table_uninit(&server->locks);
	free(server);
}

void server_add(struct server *server, struct service *service)
{
	struct server_listener *sl, *next;

	insert(server, service);
	server_db_add(server->internal, service);
	session_databases_changed(server, NULL, "database added");
	cds_list_for_each_entry_safe(sl, next, &server->listeners, node)
		if (sl->added)
			sl->added(sl, service);
}

void server_remove(struct server *server, struct service *service)
{
	struct served *served = lookup(server, service_name(service));
	struct server_listener *sl, *next;

	service_flush(service);
	session_databases_changed(server, service, "database removed");
	cds_list_for_each_entry_safe(sl, next, &server->listeners, node)
		if (sl->removed)
			sl->removed(sl, service);
	server_db_remove(server->internal, service);
	remove_served(server, served);
}

struct service *server_lookup(const struct server *server, const char *name)
{
	struct served *served = lookup(server, name);

	return served ? served->service : NULL;
}

static int compare_names(const void *a_, const void *b_)
{
	const struct service *const *a = a_;
	const struct service *const *b = b_;

	return strcmp(service_name(*a), service_name(*b));
}

struct service **server_list(const struct server *server, bool internal, size_t *n)
{
	struct service **list = xcalloc(hmap_count(&server->services), sizeof(struct service *));
	struct served *served;

	*n = 0;
	HMAP_FOR_EACH(served, node, &server->services)
		if (internal || served->service != server->internal)
			list[(*n)++] = served->service;
	qsort(list, *n, sizeof(struct service *), compare_names);
	return list;
}

void server_flush(struct server *server)
{
	struct served *served;

	HMAP_FOR_EACH(served, node, &server->services)
		service_flush(served->service);
}

void server_listener_add(struct server *server, struct server_listener *l)
{
	cds_list_add_tail(&l->node, &server->listeners);
}

void server_listener_del(struct server_listener *l)
{
	cds_list_del(&l->node);
}
