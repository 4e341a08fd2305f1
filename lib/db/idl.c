// SPDX-License-Identifier: Apache-2.0
/* The session of a replica.  On each connection: get_schema, which says what columns there are
 * to ask for; then monitor_cond, or monitor where the server does not know that one; then
 * updates.  The lock is asked for at the same time.  What fails for good (no such database) is
 * asked again every second, over the same connection, since a server may be given its databases
 * later. */
#include "db/idl_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "rpc/jsonrpc.h"

LOG_MODULE(idl);

#define OVSDB_PORT 6640
#define RETRY_MS 1000
#define MONITOR_ID "idl"

/* ---- what is monitored -------------------------------------------------------- */

static const struct idl_column_class *class_column(const struct idl_table_class *c,
						   const char *name)
{
	for (size_t i = 0; i < c->n_columns; i++) {
		if (!strcmp(c->columns[i].name, name))
			return &c->columns[i];
	}
	return NULL;
}

void idl_add_table(struct idl *idl, const char *table, unsigned int mode)
{
	struct idl_table *t = idl_table(idl, table);

	assert(t);
	for (size_t i = 0; i < t->class->n_columns; i++)
		t->modes[i] |= mode | IDL_MONITOR;
	t->monitored = true;
}

void idl_add_column(struct idl *idl, const char *table, const char *column, unsigned int mode)
{
	struct idl_table *t = idl_table(idl, table);
	const struct idl_column_class *c = t ? class_column(t->class, column) : NULL;

	assert(c);
	t->modes[c - t->class->columns] |= mode | IDL_MONITOR;
	t->monitored = true;
}

void idl_add_all(struct idl *idl, unsigned int mode)
{
	for (size_t i = 0; i < idl->class->n_tables; i++)
		idl_add_table(idl, idl->class->tables[i].name, mode);
}

void idl_set_condition(struct idl *idl, const char *table, json_t *where)
{
	struct idl_table *t = idl_table(idl, table);

	assert(t);
	json_decref(t->where);
	t->where = where;
}

/* ---- requests ----------------------------------------------------------------- */

static int64_t request(struct idl *idl, const char *method, json_t *params)
{
	int64_t id = idl->next_id++;

	return jsonrpc_send_request(idl->session, method, params, json_integer(id)) ? -1 : id;
}

static void get_schema(struct idl *idl)
{
	idl->state = IDL_GETTING_SCHEMA;
	idl->request_id = request(idl, "get_schema", json_pack("[s]", idl->class->database));
}

static void fail(struct idl *idl, char *why)
{
	if (!idl->last_error || strcmp(idl->last_error, why))
		log_warn("%s: %s", jsonrpc_session_name(idl->session), why);
	free(idl->last_error);
	idl->last_error = why;
	idl->state = IDL_FAILED;
	timer_set_in(&idl->retry, RETRY_MS);
	idl_alert(idl);
}

static void retry(struct timer *timer)
{
	struct idl *idl = CONTAINER_OF(timer, struct idl, retry);

	if (idl->state == IDL_FAILED)
		get_schema(idl);
}

static json_t *monitor_requests(const struct idl *idl)
{
	json_t *tables = json_object();

	for (size_t i = 0; i < idl->class->n_tables; i++) {
		const struct idl_table *t = &idl->tables[i];
		json_t *columns, *one;

		if (!t->monitored || !t->in_server)
			continue;
		columns = json_array();
		for (size_t j = 0; j < t->class->n_columns; j++) {
			if (t->modes[j] & IDL_MONITOR && t->modes[j] & IDL_IN_SERVER)
				json_array_append_new(columns,
						      json_string(t->class->columns[j].name));
		}
		one = json_pack("{so}", "columns", columns);
		if (t->where && idl->monitor_is_cond)
			json_object_set(one, "where", t->where);
		json_object_set_new(tables, t->class->name, json_pack("[o]", one));
	}
	return tables;
}

static void monitor(struct idl *idl, bool cond)
{
	idl->monitor_is_cond = cond;
	idl->state = IDL_WAITING_MONITOR;
	idl->request_id = request(idl, cond ? "monitor_cond" : "monitor",
				  json_pack("[sso]", idl->class->database, MONITOR_ID,
					    monitor_requests(idl)));
}

/* ---- answers ------------------------------------------------------------------ */

/* Which of the class's columns the server has. */
static void take_schema(struct idl *idl)
{
	for (size_t i = 0; i < idl->class->n_tables; i++) {
		struct idl_table *t = &idl->tables[i];
		const struct table_schema *ts = schema_table(idl->schema, t->class->name);

		t->in_server = ts;
		if (!ts && t->monitored)
			log_info("%s: database %s has no table %s", idl->remotes[idl->remote],
				 idl->class->database, t->class->name);
		for (size_t j = 0; j < t->class->n_columns; j++) {
			const char *name = t->class->columns[j].name;

			t->modes[j] &= ~IDL_IN_SERVER;
			if (ts && table_column(ts, name))
				t->modes[j] |= IDL_IN_SERVER;
			else if (ts && t->modes[j] & IDL_MONITOR)
				log_dbg("%s: table %s has no column %s: its default is used",
					idl->remotes[idl->remote], t->class->name, name);
		}
	}
}

static char *error_text(const struct jsonrpc_msg *msg)
{
	const char *tag = json_string_value(msg->error);
	char *text, *copy;

	if (!tag)
		tag = json_string_value(json_object_get(msg->error, "error"));
	if (tag)
		return xstrdup(tag);
	text = json_dumps(msg->error, JSON_COMPACT | JSON_ENCODE_ANY);
	copy = xstrdup(text ? text : "unknown error");
	free(text);
	return copy;
}

static void schema_reply(struct idl *idl, const struct jsonrpc_msg *msg)
{
	struct db_schema *schema;
	char *err;

	if (msg->type == JSONRPC_ERROR) {
		char *text = error_text(msg);

		fail(idl, xasprintf("cannot get the schema of database %s: %s",
				    idl->class->database, text));
		free(text);
		return;
	}
	err = schema_from_json(msg->result, &schema);
	if (err) {
		fail(idl, xasprintf("bad schema: %s", err));
		free(err);
		return;
	}
	schema_destroy(idl->schema);
	idl->schema = schema;
	take_schema(idl);
	monitor(idl, true);
}

static void monitor_reply(struct idl *idl, const struct jsonrpc_msg *msg)
{
	if (msg->type == JSONRPC_ERROR) {
		char *text = error_text(msg);

		if (idl->monitor_is_cond && !strcmp(text, "unknown method"))
			monitor(idl, false);
		else
			fail(idl, xasprintf("cannot monitor database %s: %s", idl->class->database,
					    text));
		free(text);
		return;
	}
	idl->state = IDL_SYNCED;
	idl->ever_connected = true;
	free(idl->last_error);
	idl->last_error = NULL;
	idl_apply(idl, msg->result, idl->monitor_is_cond, true);
	idl_alert(idl);
}

static void lock_reply(struct idl *idl, const struct jsonrpc_msg *msg)
{
	idl->has_lock = json_is_true(json_object_get(msg->result, "locked"));
	idl->lock_contended = !idl->has_lock;
	if (msg->type == JSONRPC_ERROR) {
		char *text = error_text(msg);

		log_warn("%s: cannot lock %s: %s", jsonrpc_session_name(idl->session),
			 idl->lock_name, text);
		free(text);
	}
	idl_alert(idl);
}

static void lock_notify(struct idl *idl, const json_t *params, bool locked)
{
	const char *name = json_string_value(json_array_get(params, 0));

	if (!name || !idl->lock_name || strcmp(name, idl->lock_name))
		return;
	idl->has_lock = locked;
	idl->lock_contended = !locked;
	idl_alert(idl);
}

static void notification(struct idl *idl, const struct jsonrpc_msg *msg)
{
	bool update = !strcmp(msg->method, "update"), update2 = !strcmp(msg->method, "update2");

	if (update || update2) {
		const char *id = json_string_value(json_array_get(msg->params, 0));

		/* Nothing comes before the monitor's answer, and only in its form. */
		if (id && !strcmp(id, MONITOR_ID) && idl->state == IDL_SYNCED &&
		    update2 == idl->monitor_is_cond)
			idl_apply(idl, json_array_get(msg->params, 1), update2, false);
	} else if (!strcmp(msg->method, "locked") || !strcmp(msg->method, "stolen")) {
		lock_notify(idl, msg->params, !strcmp(msg->method, "locked"));
	}
}

static void received(struct jsonrpc_session *session, struct jsonrpc_msg *msg, void *aux)
{
	struct idl *idl = aux;
	int64_t id;

	switch (msg->type) {
	case JSONRPC_NOTIFY:
		notification(idl, msg);
		return;
	case JSONRPC_REQUEST:
		jsonrpc_send_error(session, json_pack("{ss}", "error", "unknown method"),
				   json_incref(msg->id));
		return;
	case JSONRPC_REPLY:
	case JSONRPC_ERROR:
		break;
	}
	if (idl_txn_reply(idl, msg) || !json_is_integer(msg->id))
		return;
	id = json_integer_value(msg->id);
	if (id == idl->request_id) {
		idl->request_id = -1;
		if (idl->state == IDL_GETTING_SCHEMA)
			schema_reply(idl, msg);
		else if (idl->state == IDL_WAITING_MONITOR)
			monitor_reply(idl, msg);
	} else if (id == idl->lock_id) {
		idl->lock_id = -1;
		lock_reply(idl, msg);
	}
}

/* ---- the connection ------------------------------------------------------------- */

static void ask_lock(struct idl *idl)
{
	if (idl->lock_name && jsonrpc_session_is_connected(idl->session))
		idl->lock_id = request(idl, "lock", json_pack("[s]", idl->lock_name));
}

static void connected(struct jsonrpc_session *session, void *aux)
{
	struct idl *idl = aux;

	get_schema(idl);
	ask_lock(idl);
	idl_alert(idl);
}

static void disconnected(struct jsonrpc_session *session, const char *why, void *aux)
{
	struct idl *idl = aux;

	free(idl->disconnect_reason);
	idl->disconnect_reason = xstrdup_nullable(why);
	idl->state = IDL_DISCONNECTED;
	idl->request_id = idl->lock_id = -1;
	idl->has_lock = idl->lock_contended = false;
	timer_cancel(&idl->retry);
	if (idl->remote + 1 < idl->n_remotes)
		timer_set_in(&idl->reopen, 0);
	else if (idl->once)
		idl->is_dead = true;
	else if (idl->n_remotes > 1)
		timer_set_in(&idl->reopen, RETRY_MS);
	idl_alert(idl);
	idl_txn_disconnected(idl);
}

static const struct jsonrpc_session_ops session_ops = {
	.connected = connected,
	.disconnected = disconnected,
	.received = received,
};

static char *open_session(struct idl *idl, size_t remote)
{
	struct jsonrpc_session *session;
	bool retry = !idl->once && idl->n_remotes == 1;
	char *err;

	err = jsonrpc_session_open(idl->loop, idl->remotes[remote], OVSDB_PORT, retry, &session_ops,
				   idl, &session);
	if (err)
		return err;
	jsonrpc_session_destroy(idl->session);
	idl->session = session;
	idl->remote = remote;
	return NULL;
}

/* Leaves a remote that is gone for the next one; after a whole round there was a pause. */
static void reopen(struct timer *timer)
{
	struct idl *idl = CONTAINER_OF(timer, struct idl, reopen);
	char *err = open_session(idl, (idl->remote + 1) % idl->n_remotes);

	if (err) { /* it was checked when it was given, so it is memory or descriptors */
		log_warn("%s", err);
		free(err);
		timer_set_in(&idl->reopen, RETRY_MS);
	}
}

static void notify(struct work *work)
{
	struct idl *idl = CONTAINER_OF(work, struct idl, notify);

	if (idl->changed)
		idl->changed(idl, idl->aux);
}

/* Cuts "unix:A,tcp:B:C" before each part that begins like a target. */
static void split_remotes(struct idl *idl, const char *remote)
{
	const char *start = remote, *p = remote;

	for (;;) {
		const char *comma = strchr(p, ',');

		if (comma && !stream_target_is_active(comma + 1)) {
			p = comma + 1;
			continue;
		}
		idl->remotes = xrealloc(idl->remotes,
					(idl->n_remotes + 1) * sizeof(idl->remotes[0]));
		idl->remotes[idl->n_remotes++] = comma ? xstrndup(start, (size_t)(comma - start))
						       : xstrdup(start);
		if (!comma)
			return;
		start = p = comma + 1;
	}
}

static void table_init(struct idl *idl, struct idl_table *t, const struct idl_table_class *c)
{
	t->idl = idl;
	t->class = c;
	hmap_init(&t->rows);
	hmap_init(&t->ghosts);
	CDS_INIT_LIST_HEAD(&t->tracked);
	t->modes = xcalloc(c->n_columns, sizeof(t->modes[0]));
	t->defaults = xcalloc(c->n_columns, sizeof(t->defaults[0]));
	t->key_refs = xcalloc(c->n_columns, sizeof(t->key_refs[0]));
	t->value_refs = xcalloc(c->n_columns, sizeof(t->value_refs[0]));
	for (size_t i = 0; i < c->n_columns; i++) {
		const struct column_type *type = &c->columns[i].type;

		datum_init_default(&t->defaults[i], type);
		if (type->key.type == ATOM_UUID && type->key.uuid.table_name)
			t->key_refs[i] = idl_table(idl, type->key.uuid.table_name);
		if (type->value.type == ATOM_UUID && type->value.uuid.table_name)
			t->value_refs[i] = idl_table(idl, type->value.uuid.table_name);
	}
}

static void table_uninit(struct idl_table *t)
{
	for (size_t i = 0; i < t->class->n_columns; i++)
		datum_uninit(&t->defaults[i], &t->class->columns[i].type);
	json_decref(t->where);
	free(t->modes);
	free(t->defaults);
	free(t->key_refs);
	free(t->value_refs);
	hmap_uninit(&t->rows);
	hmap_uninit(&t->ghosts);
}

static char *create(struct loop *loop, const char *remote, const struct idl_class *class, bool once,
		    void (*changed)(struct idl *, void *aux), void *aux, struct idl **idlp)
{
	struct idl *idl = xzalloc(sizeof(*idl));
	char *err = NULL;

	idl->loop = loop;
	idl->once = once;
	idl->class = class;
	idl->changed = changed;
	idl->aux = aux;
	idl->request_id = idl->lock_id = -1;
	work_init(&idl->notify, loop, notify);
	timer_init(&idl->reopen, loop, reopen);
	timer_init(&idl->retry, loop, retry);
	CDS_INIT_LIST_HEAD(&idl->dirty);
	CDS_INIT_LIST_HEAD(&idl->dead);
	CDS_INIT_LIST_HEAD(&idl->kept);
	idl->tables = xcalloc(class->n_tables, sizeof(idl->tables[0]));
	for (size_t i = 0; i < class->n_tables; i++)
		table_init(idl, &idl->tables[i], &class->tables[i]);
	split_remotes(idl, remote);
	for (size_t i = 1; !err && i < idl->n_remotes; i++)
		err = stream_target_check(idl->remotes[i], OVSDB_PORT);
	if (!err)
		err = open_session(idl, 0);
	if (err) {
		idl_destroy(idl);
		return err;
	}
	*idlp = idl;
	return NULL;
}

char *idl_create(struct loop *loop, const char *remote, const struct idl_class *class,
		 void (*changed)(struct idl *, void *aux), void *aux, struct idl **idlp)
{
	return create(loop, remote, class, false, changed, aux, idlp);
}

char *idl_create_once(struct loop *loop, const char *remote, const struct idl_class *class,
		      void (*changed)(struct idl *, void *aux), void *aux, struct idl **idlp)
{
	return create(loop, remote, class, true, changed, aux, idlp);
}

void idl_destroy(struct idl *idl)
{
	if (!idl)
		return;
	if (idl->txn)
		idl_txn_abort(idl->txn);
	jsonrpc_session_destroy(idl->session);
	work_cancel(&idl->notify);
	timer_cancel(&idl->reopen);
	timer_cancel(&idl->retry);
	idl_forget_all(idl);
	for (size_t i = 0; i < idl->class->n_tables; i++)
		table_uninit(&idl->tables[i]);
	for (size_t i = 0; i < idl->n_remotes; i++)
		free(idl->remotes[i]);
	free(idl->remotes);
	free(idl->tables);
	schema_destroy(idl->schema);
	free(idl->lock_name);
	free(idl->last_error);
	free(idl->disconnect_reason);
	free(idl);
}

/* ---- queries -------------------------------------------------------------------- */

bool idl_has_ever_connected(const struct idl *idl)
{
	return idl->ever_connected;
}

bool idl_is_synced(const struct idl *idl)
{
	return idl->state == IDL_SYNCED;
}

uint64_t idl_seqno(const struct idl *idl)
{
	return idl->seqno;
}

struct jsonrpc_session *idl_session(struct idl *idl)
{
	return idl->session;
}

const char *idl_last_error(const struct idl *idl)
{
	return idl->last_error;
}

const char *idl_disconnect_reason(const struct idl *idl)
{
	return idl->disconnect_reason;
}

bool idl_is_dead(const struct idl *idl)
{
	return idl->is_dead;
}

const struct db_schema *idl_server_schema(const struct idl *idl)
{
	return idl->schema;
}

bool idl_server_has_column(const struct idl *idl, const char *table, const char *column)
{
	const struct idl_table *t = idl_table(idl, table);
	const struct idl_column_class *c = t ? class_column(t->class, column) : NULL;

	return c && t->modes[c - t->class->columns] & IDL_IN_SERVER;
}

void idl_set_lock(struct idl *idl, const char *name)
{
	assert(!idl->lock_name);
	idl->lock_name = xstrdup(name);
	ask_lock(idl);
}

bool idl_has_lock(const struct idl *idl)
{
	return idl->has_lock;
}

bool idl_is_lock_contended(const struct idl *idl)
{
	return idl->lock_contended;
}

struct db_schema *idl_class_schema(const struct idl_class *class)
{
	json_t *tables = json_object(), *json;
	struct db_schema *schema;
	char *err;

	for (size_t i = 0; i < class->n_tables; i++) {
		const struct idl_table_class *tc = &class->tables[i];
		json_t *columns = json_object(), *table;

		for (size_t j = 0; j < tc->n_columns; j++) {
			const struct idl_column_class *c = &tc->columns[j];

			json_object_set_new(columns, c->name,
					    json_pack("{sosb}", "type",
						      column_type_to_json(&c->type), "mutable",
						      c->mutable_));
		}
		table = json_pack("{sosb}", "columns", columns, "isRoot", tc->is_root);
		if (tc->is_singleton)
			json_object_set_new(table, "maxRows", json_integer(1));
		json_object_set_new(tables, tc->name, table);
	}
	json = json_pack("{sssssO}", "name", class->database, "version", class->version, "tables",
			 tables);
	err = schema_from_json(json, &schema);
	if (err)
		fatal(0, "schema of this program is wrong: %s", err); /* idlgen.py wrote it */
	json_decref(json);
	json_decref(tables);
	return schema;
}
