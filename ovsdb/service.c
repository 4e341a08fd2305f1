// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/service.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/util.h"
#include "db/error.h"
#include "ovsdb/ops.h"

LOG_MODULE(ovsdb_service);
COUNTER(ovsdb_txn);
COUNTER(ovsdb_flush);

#define BATCH_MAX_REQUESTS 1000
#define BATCH_MAX_SIZE (4 << 20) /* octets for the log */
#define CLIENT_MAX_REQUESTS 2000 /* of one client that wait or are in the batch */
/* octets of those that wait; parsed they take 50 times that */
#define CLIENT_MAX_WAITING_SIZE (2u << 20)

struct request {
	struct cds_list_head node; /* in service.waiting or .batch */
	struct cds_list_head client_node;
	struct service *service;
	struct service_client *client; /* NULL: gone, or the server's own */
	json_t *params, *id;
	size_t waiting_size; /* octets of 'params' while it waits; 0: it never has */
	uint64_t start_ms;
	struct timer timer; /* of a "wait" */
	struct str result; /* JSON text; empty until it has run */
	struct txn *txn; /* committed, in the batch; may be NULL there */
};

struct service {
	struct loop *loop;
	struct db *db;
	struct storage *storage;
	struct monitors monitors;
	struct cds_list_head waiting; /* 'struct request' in "wait" */
	struct cds_list_head batch; /* 'struct request' in the order of execution */
	size_t n_batch;
	bool batch_writes;
	struct work flush, retry;
	struct cds_list_head listeners;
	char *read_only; /* why clients may not write, or NULL */
	char *status; /* of the last write; NULL: ok */
	bool destroying;
};

static void request_destroy(struct request *r)
{
	cds_list_del(&r->node);
	if (r->client) {
		cds_list_del(&r->client_node);
		r->client->n_requests--;
		r->client->waiting_size -= r->waiting_size;
	}
	timer_cancel(&r->timer);
	json_decref(r->params);
	json_decref(r->id);
	str_uninit(&r->result);
	txn_unref(r->txn);
	free(r);
}

/* Sends the result and ends the request. */
static void request_answer(struct request *r)
{
	struct service_client *client = r->client;
	struct str result = r->result;
	json_t *id = r->id;

	r->result = (struct str)STR_INIT;
	r->id = NULL;
	request_destroy(r);
	if (client) {
		client->reply(client, &result, id);
	} else {
		str_uninit(&result);
		json_decref(id);
	}
}

static bool holds_lock(const char *name, void *r_)
{
	const struct request *r = r_;

	return r->client && r->client->holds_lock(r->client, name);
}

static void batch_add(struct request *r)
{
	struct service *s = r->service;

	cds_list_del(&r->node);
	cds_list_add_tail(&r->node, &s->batch);
	s->n_batch++;
	if (r->txn && s->storage)
		storage_add(s->storage, r->txn);
	work_schedule(&s->flush);
}

static void request_refuse(struct request *r, const char *why)
{
	struct service_client *client = r->client;
	char *err = db_error("resources exhausted", NULL, "%s", why);
	json_t *id = r->id;

	r->id = NULL;
	request_destroy(r);
	client->reply_error(client, db_error_to_json(err, "resources exhausted"), id);
	free(err);
}

/* What waits is kept as it came, for as long as the client likes: it is counted.  False if the
 * request is refused. */
static bool may_wait(struct request *r)
{
	if (!r->client || r->waiting_size)
		return true;
	r->waiting_size = json_dumpb(r->params, NULL, 0, JSON_COMPACT);
	r->client->waiting_size += r->waiting_size;
	if (r->client->waiting_size <= CLIENT_MAX_WAITING_SIZE)
		return true;
	request_refuse(r, "too much of this client waits");
	return false;
}

static void request_run(struct request *r)
{
	struct service *s = r->service;
	struct ops_outcome outcome;
	struct ops_request ops = {
		.db = s->db,
		.params = r->params,
		.elapsed_ms = clock_ms() - r->start_ms,
		.read_only = s->read_only,
		.holds_lock = holds_lock,
		.aux = r,
	};

	if (r->client && r->client->read_only && !ops.read_only)
		ops.read_only = "when database server is in read only mode";
	COUNTER_INC(ovsdb_txn);
	ops_run(&ops, &outcome);
	if (!outcome.result.len) {
		if (!may_wait(r))
			return;
		if (!timer_is_set(&r->timer) && outcome.wait_ms != UINT64_MAX)
			timer_set(&r->timer, r->start_ms + outcome.wait_ms);
		return;
	}
	timer_cancel(&r->timer);
	r->result = outcome.result;
	r->txn = outcome.txn;
	if (r->txn || s->n_batch)
		batch_add(r);
	else
		request_answer(r);
}

static void request_timeout(struct timer *timer)
{
	struct request *r = CONTAINER_OF(timer, struct request, timer);

	request_run(r);
}

static void run_waiting(struct service *s)
{
	struct request *r, *next;

	cds_list_for_each_entry_safe(r, next, &s->waiting, node)
		request_run(r);
}

static void retry(struct work *work)
{
	struct service *s = CONTAINER_OF(work, struct service, retry);
	struct service_listener *l, *next;

	run_waiting(s);
	cds_list_for_each_entry_safe(l, next, &s->listeners, node)
		l->changed(l, s);
}

static void compacted(char *err, void *aux)
{
	free(err); /* storage has logged it */
}

static void batch_succeeded(struct service *s)
{
	bool changed = false;

	while (!cds_list_empty(&s->batch)) {
		struct request *r = cds_list_first_entry(&s->batch, struct request, node);

		if (r->txn) {
			txn_settle(r->txn);
			monitors_publish(&s->monitors, r->txn);
			changed = true;
		}
		request_answer(r);
	}
	if (changed && !s->destroying)
		work_schedule(&s->retry);
	if (changed && s->storage && !s->destroying && storage_wants_compaction(s->storage))
		storage_compact(s->storage, s->db, compacted, NULL);
}

static void batch_failed(struct service *s, const char *why)
{
	struct request *r, *prev;
	CDS_LIST_HEAD(readers);

	for (r = cds_list_entry(s->batch.prev, struct request, node); &r->node != &s->batch;
	     r = cds_list_entry(r->node.prev, struct request, node))
		if (r->txn)
			txn_rollback(r->txn);
	while (!cds_list_empty(&s->batch)) {
		r = cds_list_first_entry(&s->batch, struct request, node);
		if (r->txn) {
			ops_add_error(&r->result, why, "I/O error");
			request_answer(r);
		} else if (!r->client) {
			request_destroy(r); /* nobody is left to whom its answer matters */
		} else {
			/* It may have read what is gone now. */
			str_uninit(&r->result);
			cds_list_move(&r->node, &readers);
		}
	}
	for (r = cds_list_entry(readers.prev, struct request, node); &r->node != &readers;
	     r = prev) {
		prev = cds_list_entry(r->node.prev, struct request, node);
		cds_list_move(&r->node, &s->waiting);
		request_run(r);
	}
}

void service_flush(struct service *s)
{
	char *err = NULL;

	work_cancel(&s->flush);
	if (!s->n_batch)
		return;
	s->n_batch = 0;
	COUNTER_INC(ovsdb_flush);
	if (s->storage)
		err = storage_flush(s->storage);
	if (err) {
		char *sentence = db_error("I/O error", NULL, "%s", err);

		if (!s->status || !streq(s->status, err))
			log_err("%s: %s; transactions fail until this is mended", service_name(s),
				err);
		batch_failed(s, sentence);
		free(sentence);
		free(s->status);
		s->status = err;
	} else {
		if (s->status)
			log_info("%s: writing works again", service_name(s));
		free(s->status);
		s->status = NULL;
		batch_succeeded(s);
	}
}

static void flush(struct work *work)
{
	service_flush(CONTAINER_OF(work, struct service, flush));
}

void service_client_init(struct service_client *client)
{
	memset(client, 0, sizeof(*client));
	CDS_INIT_LIST_HEAD(&client->requests);
}

struct service *service_create(struct loop *loop, struct db *db, struct storage *storage)
{
	struct service *s = xzalloc(sizeof(*s));

	s->loop = loop;
	s->db = db;
	s->storage = storage;
	monitors_init(&s->monitors, db);
	CDS_INIT_LIST_HEAD(&s->waiting);
	CDS_INIT_LIST_HEAD(&s->batch);
	CDS_INIT_LIST_HEAD(&s->listeners);
	work_init(&s->flush, loop, flush);
	work_init(&s->retry, loop, retry);
	if (!storage)
		s->read_only = xasprintf("on table in reserved database %s", db->schema->name);
	return s;
}

void service_destroy(struct service *s)
{
	if (!s)
		return;
	s->destroying = true;
	service_flush(s);
	assert(cds_list_empty(&s->waiting) && cds_list_empty(&s->listeners));
	work_cancel(&s->flush);
	work_cancel(&s->retry);
	monitors_uninit(&s->monitors);
	storage_close(s->storage);
	db_destroy(s->db);
	free(s->read_only);
	free(s->status);
	free(s);
}

const char *service_name(const struct service *s)
{
	return s->db->schema->name;
}

struct db *service_db(const struct service *s)
{
	return s->db;
}

struct monitors *service_monitors(const struct service *s)
{
	return (struct monitors *)(uintptr_t)&s->monitors;
}

struct storage *service_storage(const struct service *s)
{
	return s->storage;
}

const char *service_status(const struct service *s)
{
	return s->status ? s->status : "ok";
}

static struct request *request_create(struct service *s, struct service_client *client)
{
	struct request *r = xzalloc(sizeof(*r));

	r->service = s;
	r->client = client;
	r->start_ms = clock_ms();
	timer_init(&r->timer, s->loop, request_timeout);
	cds_list_add_tail(&r->node, &s->waiting);
	if (client) {
		cds_list_add_tail(&r->client_node, &client->requests);
		client->n_requests++;
	}
	return r;
}

void service_transact(struct service *s, struct service_client *client, json_t *params, json_t *id)
{
	struct request *r;

	if (s->n_batch >= BATCH_MAX_REQUESTS ||
	    (s->storage && storage_pending(s->storage) >= BATCH_MAX_SIZE))
		service_flush(s);
	r = request_create(s, client);
	r->params = params;
	r->id = id;
	if (client->n_requests > CLIENT_MAX_REQUESTS)
		request_refuse(r, "too many transactions of this client wait");
	else
		request_run(r);
}

void service_cancel(struct service_client *client, const json_t *id)
{
	struct request *r;

	cds_list_for_each_entry(r, &client->requests, client_node) {
		json_t *request_id = r->id;

		if (r->result.len || !json_equal(request_id, id))
			continue; /* in the batch: too late */
		r->id = NULL;
		request_destroy(r);
		client->reply_error(client, json_string("canceled"), request_id);
		return;
	}
}

void service_forget(struct service_client *client)
{
	struct request *r, *next;

	cds_list_for_each_entry_safe(r, next, &client->requests, client_node) {
		if (!r->result.len) {
			request_destroy(r);
			continue;
		}
		cds_list_del(&r->client_node);
		client->n_requests--;
		client->waiting_size -= r->waiting_size;
		r->client = NULL;
	}
}

void service_forget_service(struct service_client *client, struct service *s)
{
	struct request *r, *next;

	cds_list_for_each_entry_safe(r, next, &client->requests, client_node) {
		json_t *id = r->id;

		if (r->service != s || r->result.len)
			continue;
		r->id = NULL;
		request_destroy(r);
		client->reply_error(client, json_string("canceled"), id);
	}
}

void service_commit(struct service *s, struct txn *txn)
{
	char *err = txn_commit(txn);
	struct request *r;

	if (err) {
		log_warn("%s: a change of the server's own failed: %s", service_name(s), err);
		free(err);
		return;
	}
	if (txn_is_empty(txn)) {
		txn_settle(txn);
		txn_unref(txn);
		return;
	}
	r = request_create(s, NULL);
	r->txn = txn;
	str_put(&r->result, "[]");
	batch_add(r);
}

void service_listener_add(struct service *s, struct service_listener *l)
{
	cds_list_add_tail(&l->node, &s->listeners);
}

void service_listener_del(struct service_listener *l)
{
	cds_list_del(&l->node);
}

void service_compact(struct service *s, storage_done_fn *done, void *aux)
{
	service_flush(s);
	if (!s->storage)
		done(NULL, aux);
	else if (storage_is_compacting(s->storage))
		done(xstrdup("a compaction is running already"), aux);
	else
		storage_compact(s->storage, s->db, done, aux);
}
