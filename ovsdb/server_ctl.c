// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/server_ctl.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/str.h"
#include "base/util.h"
#include "rpc/unixctl.h"
#include "ovsdb/session.h"

LOG_MODULE(ovsdb_server_ctl);

char *server_ctl_open_db(struct server_ctl *ctl, const char *path)
{
	struct storage *storage;
	struct db *db;
	char *err;

	err = storage_open(ctl->server->loop, path, &ctl->storage, &db, &storage);
	if (err)
		return err;
	if (server_lookup(ctl->server, db->schema->name)) {
		err = xasprintf("%s: a database named %s is served already", path,
				db->schema->name);
		storage_close(storage);
		db_destroy(db);
		return err;
	}
	server_add(ctl->server, service_create(ctl->server->loop, db, storage));
	return NULL;
}

/* ---- lists */

static void reply_list(struct unixctl_conn *conn, const char *const *names, size_t n)
{
	struct str s = STR_INIT;

	if (unixctl_wants_json(conn)) {
		json_t *json = json_array();

		for (size_t i = 0; i < n; i++)
			json_array_append_new(json, json_string(names[i]));
		unixctl_reply_json(conn, json);
		return;
	}
	for (size_t i = 0; i < n; i++)
		str_printf(&s, "%s\n", names[i]);
	unixctl_reply(conn, str_cstr(&s));
	str_uninit(&s);
}

static void list_dbs(struct unixctl_conn *conn, int argc, const char *argv[], void *ctl_)
{
	struct server_ctl *ctl = ctl_;
	size_t n;
	struct service **list = server_list(ctl->server, true, &n);
	const char **names = xcalloc(n + 1, sizeof(*names));

	for (size_t i = 0; i < n; i++)
		names[i] = service_name(list[i]);
	reply_list(conn, names, n);
	free(names);
	free(list);
}

static void list_remotes(struct unixctl_conn *conn, int argc, const char *argv[], void *ctl_)
{
	struct server_ctl *ctl = ctl_;
	size_t n;
	const char **list = remotes_list(ctl->remotes, &n);

	reply_list(conn, list, n);
	free(list);
}

/* ---- databases and remotes */

static void reply_error_free(struct unixctl_conn *conn, char *err)
{
	if (err)
		unixctl_reply_error(conn, err);
	else
		unixctl_reply(conn, NULL);
	free(err);
}

static struct service *lookup(struct server_ctl *ctl, struct unixctl_conn *conn, const char *name)
{
	struct service *service = server_lookup(ctl->server, name);

	if (!service)
		unixctl_reply_error(conn, "Failed to find the database.");
	return service;
}

static void add_db(struct unixctl_conn *conn, int argc, const char *argv[], void *ctl_)
{
	reply_error_free(conn, server_ctl_open_db(ctl_, argv[1]));
}

static void remove_db(struct unixctl_conn *conn, int argc, const char *argv[], void *ctl_)
{
	struct server_ctl *ctl = ctl_;
	struct service *service = lookup(ctl, conn, argv[1]);

	if (!service)
		return;
	if (service == ctl->server->internal) {
		unixctl_reply_error(conn, "Cannot remove reserved database.");
		return;
	}
	server_remove(ctl->server, service);
	unixctl_reply(conn, NULL);
}

static void storage_status(struct unixctl_conn *conn, int argc, const char *argv[], void *ctl_)
{
	struct service *service = lookup(ctl_, conn, argv[1]);
	char *text;

	if (!service)
		return;
	text = xasprintf("status: %s", service_status(service));
	unixctl_reply(conn, text);
	free(text);
}

static void add_remote(struct unixctl_conn *conn, int argc, const char *argv[], void *ctl_)
{
	struct server_ctl *ctl = ctl_;
	char *err = remotes_add(ctl->remotes, argv[1]);

	if (!err) {
		err = remotes_run(ctl->remotes);
		if (err && !strncmp(argv[1], "db:", 3)) {
			/* What a database lists is tried again; the source stays. */
			log_warn("%s", err);
			free(err);
			err = NULL;
		} else if (err) {
			free(remotes_del(ctl->remotes, argv[1]));
		}
	}
	reply_error_free(conn, err);
}

static void remove_remote(struct unixctl_conn *conn, int argc, const char *argv[], void *ctl_)
{
	struct server_ctl *ctl = ctl_;
	char *err = remotes_del(ctl->remotes, argv[1]);

	if (!err)
		err = remotes_run(ctl->remotes);
	reply_error_free(conn, err);
}

static void reconnect(struct unixctl_conn *conn, int argc, const char *argv[], void *ctl_)
{
	struct server_ctl *ctl = ctl_;

	remotes_reconnect(ctl->remotes);
	unixctl_reply(conn, NULL);
}

/* ---- compaction */

struct compaction {
	struct unixctl_conn *conn;
	size_t n_running;
	struct str errors;
};

static void compacted(char *err, void *c_)
{
	struct compaction *c = c_;

	if (err)
		str_printf(&c->errors, "%s%s", c->errors.len ? "\n" : "", err);
	free(err);
	if (--c->n_running)
		return;
	if (c->errors.len)
		unixctl_reply_error(c->conn, str_cstr(&c->errors));
	else
		unixctl_reply(c->conn, NULL);
	str_uninit(&c->errors);
	free(c);
}

static void compact(struct unixctl_conn *conn, int argc, const char *argv[], void *ctl_)
{
	struct server_ctl *ctl = ctl_;
	struct service **list;
	struct compaction *c;
	size_t n;

	if (argc > 1 && !server_lookup(ctl->server, argv[1])) {
		unixctl_reply_error(conn, "no database by that name");
		return;
	}
	c = xzalloc(sizeof(*c));
	c->conn = conn;
	c->n_running = 1;
	list = server_list(ctl->server, false, &n);
	for (size_t i = 0; i < n; i++) {
		if (argc > 1 && !streq(argv[1], service_name(list[i])))
			continue;
		log_info("compacting %s database by user request", service_name(list[i]));
		c->n_running++;
		service_compact(list[i], compacted, c);
	}
	free(list);
	compacted(NULL, c);
}

/* ---- the rest */

static void sync_status(struct unixctl_conn *conn, int argc, const char *argv[], void *ctl_)
{
	unixctl_reply(conn, "state: active");
}

static void perf_counters_show(struct unixctl_conn *conn, int argc, const char *argv[], void *ctl_)
{
	unixctl_reply(conn, "performance counter is not supported on this platform");
}

static void perf_counters_clear(struct unixctl_conn *conn, int argc, const char *argv[], void *ctl_)
{
	unixctl_reply(conn, NULL);
}

static struct {
	struct memory_reporter reporter;
	struct server_ctl *ctl;
} memory;

static void report_memory(struct memory_reporter *reporter, struct str *s)
{
	size_t n;
	struct service **list = server_list(memory.ctl->server, true, &n);
	struct db_counts sum = { 0 };
	size_t n_monitors = 0;

	for (size_t i = 0; i < n; i++) {
		struct db_counts counts;

		db_count(service_db(list[i]), &counts);
		sum.n_atoms += counts.n_atoms;
		sum.n_cells += counts.n_cells;
		sum.n_rows += counts.n_rows;
		sum.n_weak_refs += counts.n_weak_refs;
		n_monitors += service_monitors(list[i])->n;
	}
	free(list);
	memory_report(s, "atoms", sum.n_atoms);
	memory_report(s, "cells", sum.n_cells);
	memory_report(s, "rows", sum.n_rows);
	memory_report(s, "n-weak-refs", sum.n_weak_refs);
	memory_report(s, "monitors", n_monitors);
	memory_report(s, "sessions", memory.ctl->server->n_sessions);
}

void server_ctl_init(struct server_ctl *ctl)
{
	static const struct {
		const char *name, *usage;
		int min, max;
		unixctl_fn *fn;
	} commands[] = {
		{ "ovsdb-server/add-db", "DB", 1, 1, add_db },
		{ "ovsdb-server/add-remote", "REMOTE", 1, 1, add_remote },
		{ "ovsdb-server/compact", "[DB]", 0, 1, compact },
		{ "ovsdb-server/get-db-storage-status", "DB", 1, 1, storage_status },
		{ "ovsdb-server/list-dbs", "", 0, 0, list_dbs },
		{ "ovsdb-server/list-remotes", "", 0, 0, list_remotes },
		{ "ovsdb-server/perf-counters-clear", "", 0, 0, perf_counters_clear },
		{ "ovsdb-server/perf-counters-show", "", 0, 0, perf_counters_show },
		{ "ovsdb-server/reconnect", "", 0, 0, reconnect },
		{ "ovsdb-server/remove-db", "DB", 1, 1, remove_db },
		{ "ovsdb-server/remove-remote", "REMOTE", 1, 1, remove_remote },
		{ "ovsdb-server/sync-status", "", 0, 0, sync_status },
	};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		unixctl_command_register(commands[i].name, commands[i].usage, commands[i].min,
					 commands[i].max, commands[i].fn, ctl);
	memory.ctl = ctl;
	memory.reporter.report = report_memory;
	memory_reporter_add(&memory.reporter);
}

void server_ctl_uninit(struct server_ctl *ctl)
{
	memory_reporter_del(&memory.reporter);
}
