// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/remote.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "ovsdb/db_ref.h"
#include "ovsdb/session.h"

LOG_MODULE(ovsdb_remote);

#define DEFAULT_PORT 6640

struct source {
	struct cds_list_head node; /* in remotes.sources */
	char *text;
};

/* One target, listening or connecting. */
struct remote {
	struct hmap_node node; /* in remotes.map, by target */
	struct remotes *remotes;
	char *target;
	struct session_options options;
	bool wanted; /* while sources are read */
	bool from_row;
	struct listener *listener; /* of a passive target; NULL: could not be opened */
	char *error; /* why not */
	struct cds_list_head sessions; /* 'struct session', by owner_node */
	size_t n_sessions;
	uint64_t connected_ms, disconnected_ms; /* when that last happened; 0: never */
};

struct remotes {
	struct server *server;
	struct cds_list_head sources;
	struct hmap map; /* 'struct remote' */
	struct server_listener listener;
	struct work run;
	struct timer status_timer;
	bool has_rows; /* some source is a table of rows that want a status */
};

static void session_changed(struct session *s, void *remote_)
{
	struct remote *remote = remote_;

	if (jsonrpc_session_is_connected(s->rpc))
		remote->connected_ms = clock_ms();
	else
		remote->disconnected_ms = clock_ms();
	if (!s->persistent && !jsonrpc_session_is_connected(s->rpc))
		remote->n_sessions--;
}

static void accepted(struct stream *stream, void *remote_)
{
	struct remote *remote = remote_;
	struct session *s = session_accept(remote->remotes->server, stream, &remote->options,
					   session_changed, remote);

	cds_list_add_tail(&s->owner_node, &remote->sessions);
	remote->n_sessions++;
	remote->connected_ms = clock_ms();
}

static char *remote_open(struct remote *remote)
{
	struct loop *loop = remote->remotes->server->loop;
	struct session *s;
	char *err;

	if (stream_target_is_passive(remote->target))
		return listener_open(loop, remote->target, DEFAULT_PORT, remote->options.dscp,
				     accepted, remote, &remote->listener);
	err = session_connect(remote->remotes->server, remote->target, &remote->options,
			      session_changed, remote, &s);
	if (err)
		return err;
	cds_list_add_tail(&s->owner_node, &remote->sessions);
	remote->n_sessions++;
	return NULL;
}

static void remote_destroy(struct remote *remote)
{
	struct session *s, *next;

	hmap_remove(&remote->remotes->map, &remote->node);
	cds_list_for_each_entry_safe(s, next, &remote->sessions, owner_node)
		session_destroy(s);
	if (remote->listener)
		listener_close(remote->listener);
	free(remote->target);
	free(remote->error);
	free(remote);
}

static struct remote *lookup(const struct remotes *r, const char *target)
{
	struct remote *remote;

	HMAP_FOR_EACH_WITH_HASH(remote, node, hash_string(target, 0), &r->map)
		if (streq(remote->target, target))
			return remote;
	return NULL;
}

/* Says that 'target' is to be open with these options. */
static struct remote *want(struct remotes *r, const char *target,
			   const struct session_options *options)
{
	struct remote *remote = lookup(r, target);
	struct session *s;

	if (!remote) {
		remote = xzalloc(sizeof(*remote));
		remote->remotes = r;
		remote->target = xstrdup(target);
		CDS_INIT_LIST_HEAD(&remote->sessions);
		hmap_insert(&r->map, &remote->node, hash_string(target, 0));
	}
	remote->wanted = true;
	if (memcmp(&remote->options, options, sizeof(*options))) {
		remote->options = *options;
		cds_list_for_each_entry(s, &remote->sessions, owner_node)
			session_set_options(s, options);
	}
	return remote;
}

static struct session_options default_options(void)
{
	struct session_options options;

	memset(&options, 0, sizeof(options)); /* padding too: they are compared */
	options.probe_ms = options.max_backoff_ms = -1;
	return options;
}

static int bounded(int64_t v)
{
	return v < 0 ? -1 : v > INT32_MAX ? INT32_MAX : (int)v;
}

static void want_row(struct remotes *r, const struct row *row)
{
	const char *target = db_row_string(row, "target");
	struct session_options options = default_options();
	const char *dscp;
	int64_t v;
	int n;

	if (!target)
		return;
	if (db_row_integer(row, "inactivity_probe", &v))
		options.probe_ms = bounded(v);
	if (db_row_integer(row, "max_backoff", &v))
		options.max_backoff_ms = bounded(v);
	options.read_only = db_row_bool(row, "read_only", false);
	dscp = db_row_map_value(row, "other_config", "dscp");
	if (dscp && str_to_int(dscp, 10, &n) && n >= 0 && n < 64)
		options.dscp = (uint8_t)n;
	if (!stream_target_is_active(target) && !stream_target_is_passive(target)) {
		static struct log_rl rl = LOG_RL_INIT(6, 3);

		log_warn_rl(&rl, "table %s: \"%s\" is no target that can be opened",
			    row->table->schema->name, target);
		return;
	}
	want(r, target, &options)->from_row = true;
}

/* Calls 'fn' for the rows that a column of references lists. */
static void walk_rows(const struct db_ref *ref,
		      void (*fn)(struct remotes *, struct row *, struct txn **), struct remotes *r,
		      struct txn **txn)
{
	const struct base_type *key = &ref->column->type.key;
	const struct db_table *target;
	struct row *row;

	if (key->type != ATOM_UUID || key->uuid.kind == REF_NONE)
		return;
	target = &ref->table->db->tables[key->uuid.table_index];
	HMAP_FOR_EACH(row, node, &ref->table->rows) {
		struct datum d = row_get(row, ref->column->index);

		for (uint32_t i = 0; i < d.n; i++) {
			struct row *remote_row = row_lookup(target, &d.keys[i].uuid);

			if (remote_row)
				fn(r, remote_row, txn);
		}
	}
}

static void want_each_row(struct remotes *r, struct row *row, struct txn **txn)
{
	want_row(r, row);
}

static char *parse_source(const struct remotes *r, const char *text, struct db_ref *ref)
{
	char *err = db_ref_parse(r->server, text, ref);

	if (!err && ref->column->type.key.type != ATOM_UUID &&
	    ref->column->type.key.type != ATOM_STRING)
		err = xasprintf("\"%s\": column %s holds neither strings nor references", text,
				ref->column->name);
	return err;
}

static char *run_db_source(struct remotes *r, const char *text)
{
	struct session_options options = default_options();
	struct db_ref ref;
	struct row *row;
	char *err = parse_source(r, text, &ref);

	if (err)
		return err;
	if (ref.column->type.key.type == ATOM_UUID) {
		r->has_rows = true;
		walk_rows(&ref, want_each_row, r, NULL);
		return NULL;
	}
	HMAP_FOR_EACH(row, node, &ref.table->rows) {
		struct datum d = row_get(row, ref.column->index);

		for (uint32_t i = 0; i < d.n; i++)
			if (stream_target_is_active(d.keys[i].string->s) ||
			    stream_target_is_passive(d.keys[i].string->s))
				want(r, d.keys[i].string->s, &options);
	}
	return NULL;
}

static void set_error(struct remote *remote, char *err)
{
	if (err && (!remote->error || !streq(err, remote->error)))
		log_warn("%s: %s", remote->target, err);
	free(remote->error);
	remote->error = err;
}

char *remotes_run(struct remotes *r)
{
	struct session_options options = default_options();
	struct source *source;
	struct remote *remote;
	char *first_error = NULL;

	work_cancel(&r->run);
	r->has_rows = false;
	HMAP_FOR_EACH(remote, node, &r->map)
		remote->wanted = remote->from_row = false;
	cds_list_for_each_entry(source, &r->sources, node) {
		if (db_ref_is(source->text)) {
			char *err = run_db_source(r, source->text);

			if (err && !first_error)
				first_error = err;
			else
				free(err);
		} else {
			want(r, source->text, &options);
		}
	}
	HMAP_FOR_EACH(remote, node, &r->map) {
		char *err;

		if (!remote->wanted) {
			log_info("%s: remote deconfigured", remote->target);
			remote_destroy(remote);
			continue;
		}
		if (remote->listener || !cds_list_empty(&remote->sessions))
			continue;
		err = remote_open(remote);
		if (err && !remote->from_row && !first_error)
			first_error = xstrdup(err);
		set_error(remote, err);
	}
	if (r->has_rows && !timer_is_set(&r->status_timer))
		timer_set_in(&r->status_timer, REMOTE_STATUS_MS / 2);
	return first_error;
}

/* ---- what rows are told */

static void set_seconds(struct smap *status, const char *key, uint64_t since_ms, uint64_t now)
{
	if (since_ms)
		smap_setf(status, key, "%" PRIu64, (now - since_ms) / 1000);
}

static bool remote_status(const struct remote *remote, struct smap *status)
{
	uint64_t now = clock_ms();
	uint64_t up_ms = remote->connected_ms;
	size_t n_held = 0, n_waiting = 0, n_lost = 0;
	bool connected = false;
	const struct session *s;

	if (remote->error)
		smap_set(status, "last_error", remote->error);
	cds_list_for_each_entry(s, &remote->sessions, owner_node) {
		size_t n;

		connected |= jsonrpc_session_is_connected(s->rpc);
		n_held += session_count_locks(s, &n);
		n_waiting += n;
		n_lost += s->n_locks_lost;
		if (s->persistent) {
			const struct reconnect *rc = jsonrpc_session_reconnect(s->rpc);

			smap_set(status, "state", reconnect_state_name(rc->state));
			if (rc->last_error > 0)
				smap_set(status, "last_error", errno_str(rc->last_error));
			else if (rc->last_error < 0)
				smap_set(status, "last_error", "End of file");
		} else {
			smap_set(status, "state", "ACTIVE");
		}
	}
	set_seconds(status, "sec_since_connect", up_ms, now);
	set_seconds(status, "sec_since_disconnect", remote->disconnected_ms, now);
	if (remote->n_sessions > 1)
		smap_setf(status, "n_connections", "%zu", remote->n_sessions);
	if (n_held)
		smap_setf(status, "locks_held", "%zu", n_held);
	if (n_waiting)
		smap_setf(status, "locks_waiting", "%zu", n_waiting);
	if (n_lost)
		smap_setf(status, "locks_lost", "%zu", n_lost);
	if (remote->listener && listener_port(remote->listener) >= 0)
		smap_setf(status, "bound_port", "%d", listener_port(remote->listener));
	return connected;
}

/* Sets 'column' to '*d', which is moved from, if there is such a column of that type and it
 * differs. */
static void set_column(struct row *row, const char *column, enum atom_type type, struct datum *d,
		       struct txn **txn)
{
	const struct column_schema *cs = table_column(row->table->schema, column);
	struct datum old;

	if (cs && cs->type.key.type == type) {
		old = row_get(row, cs->index);
		if (!datum_equal(&old, d, &cs->type)) {
			if (!*txn)
				*txn = txn_open(row->table->db);
			txn_set(row, cs->index, d);
			return;
		}
		datum_uninit(d, &cs->type);
		return;
	}
	free(d->keys);
	free(d->values);
}

static void tell_row(struct remotes *r, struct row *row, struct txn **txn)
{
	const char *target = db_row_string(row, "target");
	const struct remote *remote = target ? lookup(r, target) : NULL;
	const struct column_schema *cs = table_column(row->table->schema, "status");
	struct smap status;
	struct datum d;
	bool connected;

	if (!remote)
		return;
	smap_init(&status);
	connected = remote_status(remote, &status);
	datum_init_boolean(&d, connected);
	set_column(row, "is_connected", ATOM_BOOLEAN, &d, txn);
	if (cs && cs->type.key.type == ATOM_STRING && cs->type.value.type == ATOM_STRING) {
		datum_from_smap(&d, &status);
		set_column(row, "status", ATOM_STRING, &d, txn);
	}
	smap_uninit(&status);
}

static void update_status(struct timer *timer)
{
	struct remotes *r = CONTAINER_OF(timer, struct remotes, status_timer);
	struct source *source;

	if (!r->has_rows)
		return;
	cds_list_for_each_entry(source, &r->sources, node) {
		struct txn *txn = NULL;
		struct db_ref ref;
		char *err;

		if (!db_ref_is(source->text))
			continue;
		err = db_ref_parse(r->server, source->text, &ref);
		if (err) {
			free(err);
			continue;
		}
		walk_rows(&ref, tell_row, r, &txn);
		if (txn)
			service_commit(ref.service, txn);
	}
	timer_set_in(&r->status_timer, REMOTE_STATUS_MS);
}

/* ---- sources */

static void log_and_free(char *err)
{
	static struct log_rl rl = LOG_RL_INIT(6, 3);

	if (err)
		log_warn_rl(&rl, "%s", err);
	free(err);
}

static void run(struct work *work)
{
	log_and_free(remotes_run(CONTAINER_OF(work, struct remotes, run)));
}

static void database_changed(struct server_listener *l, struct service *service)
{
	struct remotes *r = CONTAINER_OF(l, struct remotes, listener);
	struct source *source;

	cds_list_for_each_entry(source, &r->sources, node)
		if (db_ref_is(source->text)) {
			work_schedule(&r->run);
			return;
		}
}

struct remotes *remotes_create(struct server *server)
{
	struct remotes *r = xzalloc(sizeof(*r));

	r->server = server;
	CDS_INIT_LIST_HEAD(&r->sources);
	hmap_init(&r->map);
	work_init(&r->run, server->loop, run);
	timer_init(&r->status_timer, server->loop, update_status);
	r->listener.added = r->listener.changed = database_changed;
	r->listener.removed = database_changed;
	server_listener_add(server, &r->listener);
	return r;
}

static void source_destroy(struct source *source)
{
	cds_list_del(&source->node);
	free(source->text);
	free(source);
}

void remotes_destroy(struct remotes *r)
{
	struct source *source, *next;
	struct remote *remote;

	if (!r)
		return;
	server_listener_del(&r->listener);
	work_cancel(&r->run);
	timer_cancel(&r->status_timer);
	HMAP_FOR_EACH(remote, node, &r->map)
		remote_destroy(remote);
	hmap_uninit(&r->map);
	cds_list_for_each_entry_safe(source, next, &r->sources, node)
		source_destroy(source);
	free(r);
}

static struct source *source_lookup(const struct remotes *r, const char *text)
{
	struct source *source;

	cds_list_for_each_entry(source, &r->sources, node)
		if (streq(source->text, text))
			return source;
	return NULL;
}

char *remotes_add(struct remotes *r, const char *text)
{
	struct source *source;
	struct db_ref ref;
	char *err = NULL;

	if (source_lookup(r, text))
		return NULL;
	if (db_ref_is(text))
		err = parse_source(r, text, &ref);
	else
		err = stream_target_check(text, DEFAULT_PORT);
	if (err)
		return err;
	source = xzalloc(sizeof(*source));
	source->text = xstrdup(text);
	cds_list_add_tail(&source->node, &r->sources);
	work_schedule(&r->run);
	return NULL;
}

char *remotes_del(struct remotes *r, const char *text)
{
	struct source *source = source_lookup(r, text);

	if (!source)
		return xasprintf("no remote named %s", text);
	source_destroy(source);
	work_schedule(&r->run);
	return NULL;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **remotes_list(const struct remotes *r, size_t *n)
{
	const struct source *source;
	const char **list;

	*n = 0;
	cds_list_for_each_entry(source, &r->sources, node)
		++*n;
	list = xcalloc(*n + 1, sizeof(*list));
	*n = 0;
	cds_list_for_each_entry(source, &r->sources, node)
		list[(*n)++] = source->text;
	qsort(list, *n, sizeof(*list), compare_strings);
	return list;
}

void remotes_reconnect(struct remotes *r)
{
	struct session *s, *next;
	struct remote *remote;

	HMAP_FOR_EACH(remote, node, &r->map)
		cds_list_for_each_entry_safe(s, next, &remote->sessions, owner_node)
			session_force_reconnect(s);
}
