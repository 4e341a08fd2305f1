// SPDX-License-Identifier: Apache-2.0
/* Methods are a table.  Each returns what to answer: a result, an error, or nothing because it has
 * answered or will. */
#include "ovsdb/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/util.h"
#include "db/error.h"
#include "ovsdb/json_text.h"

LOG_MODULE(ovsdb_session);

struct session_lock {
	struct lock_waiter waiter; /* node 'owner_node' in session.locks */
	struct session *session;
};

/* ---- sending */

static void send_result_text(struct session *s, struct str *result, const json_t *id)
{
	struct str msg = STR_INIT;
	struct jsonrpc_text *text;
	size_t len;

	str_put(&msg, "{\"id\":");
	json_text_put(&msg, id);
	str_put(&msg, ",\"result\":");
	str_put_mem(&msg, result->data, result->len);
	str_put(&msg, ",\"error\":null}");
	str_uninit(result);
	len = msg.len;
	/* A client that asks for a large database may have it. */
	if (len > SESSION_MAX_BACKLOG / 2)
		jsonrpc_session_set_backlog_limit(s->rpc, SESSION_MAX_BACKLOG + 2 * len);
	text = jsonrpc_text_create_raw(str_steal(&msg), len);
	jsonrpc_send_text(s->rpc, text);
	jsonrpc_text_unref(text);
}

static void client_reply(struct service_client *client, struct str *result, json_t *id)
{
	struct session *s = CONTAINER_OF(client, struct session, client);

	send_result_text(s, result, id);
	json_decref(id);
}

static void client_reply_error(struct service_client *client, json_t *error, json_t *id)
{
	struct session *s = CONTAINER_OF(client, struct session, client);

	jsonrpc_send_error(s->rpc, error, id);
}

static void send_text(struct jsonrpc_text *text, void *s_)
{
	struct session *s = s_;

	jsonrpc_send_text(s->rpc, text);
}

static void notify_name(struct session *s, const char *method, const char *name)
{
	jsonrpc_send_notify(s->rpc, method, json_pack("[s]", name));
}

/* ---- locks */

static struct session_lock *lock_find(const struct session *s, const char *name)
{
	struct session_lock *l;

	cds_list_for_each_entry(l, &s->locks, waiter.owner_node)
		if (streq(lock_name(&l->waiter), name))
			return l;
	return NULL;
}

static bool client_holds_lock(struct service_client *client, const char *name)
{
	const struct session *s = CONTAINER_OF(client, struct session, client);
	const struct session_lock *l = lock_find(s, name);

	return l && lock_is_owner(&l->waiter);
}

static void lock_changed(struct lock_waiter *waiter, bool owns, void *l_)
{
	struct session_lock *l = l_;

	l->session->n_locks_lost += !owns;
	notify_name(l->session, owns ? "locked" : "stolen", lock_name(waiter));
}

static void lock_drop(struct session_lock *l)
{
	cds_list_del(&l->waiter.owner_node);
	l->session->n_locks--;
	lock_release(&l->session->server->locks, &l->waiter);
	free(l);
}

/* ---- methods */

struct call {
	struct session *session;
	const char *method;
	json_t *params; /* array; a method may steal it */
	json_t *id;
	json_t *result; /* what to answer, or NULL */
	json_t *error;
	bool answered; /* or will be */
};

static char *no_params(struct call *call)
{
	return db_syntax_error(call->params, "%s request params must begin with <db-name>",
			       call->method);
}

static char *call_service(struct call *call, struct service **service)
{
	const char *name = json_string_value(json_array_get(call->params, 0));

	if (!name)
		return no_params(call);
	*service = server_lookup(call->session->server, name);
	if (!*service)
		return db_error("unknown database", call->params,
				"%s request specifies unknown database %s", call->method, name);
	return NULL;
}

static char *call_list_dbs(struct call *call)
{
	size_t n;
	struct service **list = server_list(call->session->server, true, &n);

	call->result = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(call->result, json_string(service_name(list[i])));
	free(list);
	return NULL;
}

static char *call_get_schema(struct call *call)
{
	struct service *service;
	char *err = call_service(call, &service);

	if (!err)
		call->result = schema_to_json(service_db(service)->schema);
	return err;
}

static char *call_transact(struct call *call)
{
	struct service *service;
	char *err = call_service(call, &service);

	if (err)
		return err;
	call->answered = true;
	service_transact(service, &call->session->client, json_incref(call->params),
			 json_incref(call->id));
	return NULL;
}

static struct monitor *monitor_find(const struct session *s, const json_t *id)
{
	char *text = json_dumps(id, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
	struct monitor *m;

	HMAP_FOR_EACH_WITH_HASH(m, id_node, hash_string(text, 0), &s->monitors)
		if (streq(m->id_text, text)) {
			free(text);
			return m;
		}
	free(text);
	return NULL;
}

static void monitor_insert(struct session *s, struct monitor *m)
{
	hmap_insert(&s->monitors, &m->id_node, hash_string(m->id_text, 0));
}

static void monitor_drop(struct session *s, struct monitor *m)
{
	hmap_remove(&s->monitors, &m->id_node);
	monitor_destroy(m);
}

static char *start_monitor(struct call *call, enum monitor_version version)
{
	struct session *s = call->session;
	size_t n_params = json_array_size(call->params);
	const json_t *id = json_array_get(call->params, 1);
	struct str result = STR_INIT;
	struct service *service;
	struct uuid last;
	struct monitor *m;
	char *err = call_service(call, &service);

	if (err)
		return err;
	if (n_params < 3 || (version == MONITOR_V3 && n_params != 4))
		return db_syntax_error(call->params, "invalid parameters");
	if (version == MONITOR_V3) {
		const char *text = json_string_value(json_array_get(call->params, 3));

		if (!text || !uuid_parse(text, &last))
			return db_syntax_error(json_array_get(call->params, 3),
					       "last-txn-id must be UUID format.");
	}
	if (monitor_find(s, id))
		return db_syntax_error(id, "duplicate monitor ID");
	if (hmap_count(&s->monitors) >= SESSION_MAX_MONITORS)
		return db_error("resources exhausted", NULL, "this session has %d monitors already",
				SESSION_MAX_MONITORS);
	service_flush(service); /* what was not told to others yet must not be in what it gets */
	err = monitor_create(service_monitors(service), version, id,
			     json_array_get(call->params, 2), send_text, s, &m);
	if (err)
		return err;
	monitor_insert(s, m);
	if (version == MONITOR_V3)
		monitor_put_since(m, &last, &result);
	else
		monitor_put_initial(m, &result);
	call->answered = true;
	send_result_text(s, &result, call->id);
	return NULL;
}

static char *call_monitor(struct call *call)
{
	return start_monitor(call, MONITOR_V1);
}

static char *call_monitor_cond(struct call *call)
{
	return start_monitor(call, MONITOR_V2);
}

static char *call_monitor_cond_since(struct call *call)
{
	return start_monitor(call, MONITOR_V3);
}

static char *call_monitor_cond_change(struct call *call)
{
	struct session *s = call->session;
	const json_t *old_id = json_array_get(call->params, 0);
	const json_t *new_id = json_array_get(call->params, 1);
	struct monitor *m;
	char *err;

	if (json_array_size(call->params) != 3)
		return db_syntax_error(call->params, "invalid parameters");
	m = monitor_find(s, old_id);
	if (!m)
		return db_syntax_error(old_id, "unknown monitor session");
	if (!json_equal((json_t *)(uintptr_t)old_id, (json_t *)(uintptr_t)new_id) &&
	    monitor_find(s, new_id))
		return db_syntax_error(new_id, "duplicate monitor ID");
	server_flush(s->server);
	hmap_remove(&s->monitors, &m->id_node);
	err = monitor_change(m, new_id, json_array_get(call->params, 2));
	monitor_insert(s, m);
	if (!err)
		call->result = json_object();
	return err;
}

static char *call_monitor_cancel(struct call *call)
{
	struct monitor *m;

	if (json_array_size(call->params) != 1) {
		call->error = json_string("invalid parameters");
		return NULL;
	}
	m = monitor_find(call->session, json_array_get(call->params, 0));
	if (!m) {
		call->error = json_string("unknown monitor");
		return NULL;
	}
	monitor_drop(call->session, m);
	call->result = json_object();
	return NULL;
}

static char *lock_param(struct call *call, const char **name)
{
	*name = json_string_value(json_array_get(call->params, 0));
	if (json_array_size(call->params) != 1 || !*name || !schema_is_valid_id(*name))
		return db_syntax_error(call->params, "%s request params must be <id>",
				       call->method);
	return NULL;
}

static char *start_lock(struct call *call, bool steal)
{
	struct session *s = call->session;
	struct session_lock *l;
	const char *name;
	char *err = lock_param(call, &name);

	if (err)
		return err;
	if (lock_find(s, name))
		return db_syntax_error(call->params, "must issue \"unlock\" before new \"%s\"",
				       call->method);
	if (s->n_locks >= SESSION_MAX_LOCKS)
		return db_error("resources exhausted", NULL, "this session has %d locks already",
				SESSION_MAX_LOCKS);
	server_flush(s->server);
	l = xzalloc(sizeof(*l));
	l->session = s;
	l->waiter.changed = lock_changed;
	l->waiter.aux = l;
	s->n_locks++;
	cds_list_add_tail(&l->waiter.owner_node, &s->locks);
	call->result = json_object();
	json_object_set_new(call->result, "locked",
			    json_boolean(lock_acquire(&s->server->locks, name, steal, &l->waiter)));
	return NULL;
}

static char *call_lock(struct call *call)
{
	return start_lock(call, false);
}

static char *call_steal(struct call *call)
{
	return start_lock(call, true);
}

static char *call_unlock(struct call *call)
{
	struct session_lock *l;
	const char *name;
	char *err = lock_param(call, &name);

	if (err)
		return err;
	l = lock_find(call->session, name);
	if (!l)
		return db_syntax_error(call->params,
				       "unlock: \"unlock\" without \"lock\" or \"steal\"");
	server_flush(call->session->server);
	lock_drop(l);
	call->result = json_object();
	return NULL;
}

static char *call_get_server_id(struct call *call)
{
	char s[UUID_LEN + 1];

	snprintf(s, sizeof(s), UUID_FMT, UUID_ARGS(&call->session->server->id));
	call->result = json_string(s);
	return NULL;
}

static char *call_set_db_change_aware(struct call *call)
{
	const json_t *aware = json_array_get(call->params, 0);

	if (json_array_size(call->params) != 1 || !json_is_boolean(aware))
		return db_syntax_error(call->params,
				       "set_db_change_aware: true or false parameter expected");
	call->session->db_change_aware = json_is_true(aware);
	call->result = json_object();
	return NULL;
}

static char *call_echo(struct call *call)
{
	call->result = json_incref(call->params);
	return NULL;
}

static const struct method {
	const char *name;
	char *(*call)(struct call *);
} methods[] = {
	{ "transact", call_transact },
	{ "echo", call_echo },
	{ "list_dbs", call_list_dbs },
	{ "get_schema", call_get_schema },
	{ "monitor", call_monitor },
	{ "monitor_cond", call_monitor_cond },
	{ "monitor_cond_since", call_monitor_cond_since },
	{ "monitor_cond_change", call_monitor_cond_change },
	{ "monitor_cancel", call_monitor_cancel },
	{ "lock", call_lock },
	{ "steal", call_steal },
	{ "unlock", call_unlock },
	{ "get_server_id", call_get_server_id },
	{ "set_db_change_aware", call_set_db_change_aware },
};

static void received_request(struct session *s, struct jsonrpc_msg *msg)
{
	struct call call = {
		.session = s, .method = msg->method, .params = msg->params, .id = msg->id
	};
	const struct method *m = NULL;
	char *err;

	for (size_t i = 0; i < ARRAY_SIZE(methods) && !m; i++)
		if (streq(methods[i].name, msg->method))
			m = &methods[i];
	if (!m) {
		call.error = json_string("unknown method");
	} else {
		err = m->call(&call);
		if (err) {
			call.error = db_error_to_json(err, "internal error");
			free(err);
		}
	}
	if (call.error)
		jsonrpc_send_error(s->rpc, call.error, json_incref(msg->id));
	else if (call.result)
		jsonrpc_send_reply(s->rpc, call.result, json_incref(msg->id));
	else
		assert(call.answered);
}

/* ---- the connection */

/* Forgets all that belongs to the connection. */
static void session_reset(struct session *s)
{
	struct session_lock *l, *next;
	struct monitor *m;

	service_forget(&s->client);
	HMAP_FOR_EACH(m, id_node, &s->monitors)
		monitor_drop(s, m);
	cds_list_for_each_entry_safe(l, next, &s->locks, waiter.owner_node)
		lock_drop(l);
	s->db_change_aware = false;
}

static void connected(struct jsonrpc_session *rpc, void *s_)
{
	struct session *s = s_;

	s->rpc = rpc; /* may come before session_accept() has it */
	jsonrpc_session_set_backlog_limit(rpc, SESSION_MAX_BACKLOG);
	if (s->changed)
		s->changed(s, s->aux);
}

static void disconnected(struct jsonrpc_session *rpc, const char *why, void *s_)
{
	struct session *s = s_;

	log_dbg("%s: %s", jsonrpc_session_name(rpc), why);
	session_reset(s);
	if (s->persistent) {
		if (s->changed)
			s->changed(s, s->aux);
	} else {
		work_schedule(&s->reap);
	}
}

static void received(struct jsonrpc_session *rpc, struct jsonrpc_msg *msg, void *s_)
{
	struct session *s = s_;

	if (msg->type == JSONRPC_REQUEST)
		received_request(s, msg);
	else if (msg->type == JSONRPC_NOTIFY && streq(msg->method, "cancel") &&
		 json_array_size(msg->params) == 1)
		service_cancel(&s->client, json_array_get(msg->params, 0));
}

static const struct jsonrpc_session_ops rpc_ops = {
	.connected = connected,
	.disconnected = disconnected,
	.received = received,
};

static void reap(struct work *work)
{
	struct session *s = CONTAINER_OF(work, struct session, reap);

	if (s->changed)
		s->changed(s, s->aux);
	session_destroy(s);
}

static struct session *session_alloc(struct server *server, const struct session_options *options,
				     void (*changed)(struct session *, void *aux), void *aux)
{
	struct session *s = xzalloc(sizeof(*s));

	s->server = server;
	service_client_init(&s->client);
	s->client.read_only = options->read_only;
	s->client.reply = client_reply;
	s->client.reply_error = client_reply_error;
	s->client.holds_lock = client_holds_lock;
	hmap_init(&s->monitors);
	CDS_INIT_LIST_HEAD(&s->locks);
	CDS_INIT_LIST_HEAD(&s->owner_node);
	s->changed = changed;
	s->aux = aux;
	work_init(&s->reap, server->loop, reap);
	cds_list_add_tail(&s->node, &server->sessions);
	server->n_sessions++;
	return s;
}

void session_set_options(struct session *s, const struct session_options *options)
{
	bool local = str_has_prefix(jsonrpc_session_name(s->rpc), "unix");

	s->client.read_only = options->read_only;
	jsonrpc_session_set_probe_ms(s->rpc, options->probe_ms >= 0 ? (uint32_t)options->probe_ms
					     : local                ? 0
								    : SESSION_PROBE_MS);
	if (options->max_backoff_ms > 0)
		jsonrpc_session_set_max_backoff_ms(s->rpc, (uint32_t)options->max_backoff_ms);
	jsonrpc_session_set_dscp(s->rpc, options->dscp);
}

struct session *session_accept(struct server *server, struct stream *stream,
			       const struct session_options *options,
			       void (*changed)(struct session *, void *aux), void *aux)
{
	struct session *s = session_alloc(server, options, changed, aux);

	s->rpc = jsonrpc_session_accept(server->loop, stream, &rpc_ops, s);
	jsonrpc_session_set_backlog_limit(s->rpc, SESSION_MAX_BACKLOG);
	jsonrpc_session_set_max_message(s->rpc, SESSION_MAX_MESSAGE);
	session_set_options(s, options);
	return s;
}

char *session_connect(struct server *server, const char *target,
		      const struct session_options *options,
		      void (*changed)(struct session *, void *aux), void *aux, struct session **sp)
{
	struct session *s = session_alloc(server, options, changed, aux);
	char *err;

	s->persistent = true;
	err = jsonrpc_session_open(server->loop, target, 6640, true, &rpc_ops, s, &s->rpc);
	if (err) {
		session_destroy(s);
		return err;
	}
	session_set_options(s, options);
	*sp = s;
	return NULL;
}

void session_destroy(struct session *s)
{
	if (!s)
		return;
	session_reset(s);
	work_cancel(&s->reap);
	jsonrpc_session_destroy(s->rpc);
	hmap_uninit(&s->monitors);
	cds_list_del(&s->node);
	cds_list_del(&s->owner_node);
	s->server->n_sessions--;
	free(s);
}

void session_force_reconnect(struct session *s)
{
	jsonrpc_session_force_reconnect(s->rpc);
}

size_t session_count_locks(const struct session *s, size_t *n_waiting)
{
	const struct session_lock *l;
	size_t n = 0;

	*n_waiting = 0;
	cds_list_for_each_entry(l, &s->locks, waiter.owner_node) {
		if (lock_is_owner(&l->waiter))
			n++;
		else
			++*n_waiting;
	}
	return n;
}

void session_databases_changed(struct server *server, struct service *going, const char *why)
{
	struct session *s, *next;

	cds_list_for_each_entry_safe(s, next, &server->sessions, node) {
		if (!s->rpc || !jsonrpc_session_is_connected(s->rpc))
			continue;
		if (!s->db_change_aware) {
			session_reset(s);
			log_info("%s: disconnecting: %s", jsonrpc_session_name(s->rpc), why);
			jsonrpc_session_force_reconnect(s->rpc);
			continue;
		}
		if (going) {
			struct monitor *m;

			service_forget_service(&s->client, going);
			HMAP_FOR_EACH(m, id_node, &s->monitors) {
				json_t *id;

				if (m->monitors != service_monitors(going))
					continue;
				id = json_loads(m->id_text, JSON_DECODE_ANY, NULL);
				jsonrpc_send_notify(s->rpc, "monitor_canceled",
						    json_pack("[o]", id));
				monitor_drop(s, m);
			}
		}
	}
}
