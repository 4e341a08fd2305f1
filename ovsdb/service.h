/* SPDX-License-Identifier: Apache-2.0 */
/* A database being served: the rows in memory, their file, the monitors, and the transactions that
 * clients asked for.
 *
 * A request runs at once.  What it changed is committed in memory, and waits in a batch with its
 * reply; at the end of the loop's turn the batch goes to the disk in one write, monitors are told,
 * and then the replies leave, in order.  If the disk fails, the whole batch is rolled back and its
 * clients get an error.
 * A request that only reads is answered at once unless something is in the batch, which it may have
 * seen.
 * Threads: the main loop's. */
#ifndef OVSDB_SERVICE_H
#define OVSDB_SERVICE_H

#include <jansson.h>

#include "base/loop.h"
#include "ovsdb/monitor.h"
#include "ovsdb/storage.h"

struct service;
struct request;

/* Who asked.  The client outlives its requests: service_cancel() in time. */
struct service_client {
	struct cds_list_head requests; /* 'struct request' */
	size_t n_requests;
	size_t waiting_size; /* octets of those that have had to wait */
	bool read_only;
	/* 'result' is JSON text, which is taken, as 'id' is. */
	void (*reply)(struct service_client *, struct str *result, json_t *id);
	void (*reply_error)(struct service_client *, json_t *error, json_t *id);
	bool (*holds_lock)(struct service_client *, const char *name);
};
void service_client_init(struct service_client *);

/* Takes 'db' and 'storage' (NULL: kept in memory only, and clients may not write). */
struct service *service_create(struct loop *, struct db *db, struct storage *storage);
void service_destroy(struct service *); /* flushes; requests and monitors must be gone */

const char *service_name(const struct service *);
struct db *service_db(const struct service *);
struct monitors *service_monitors(const struct service *);
struct storage *service_storage(const struct service *); /* may be NULL */
/* "ok", or why the last write failed. */
const char *service_status(const struct service *);

/* Runs the params of a "transact"; takes both references.  A client that has too many requests
 * waiting, or too much in them, gets an error. */
void service_transact(struct service *, struct service_client *, json_t *params, json_t *id);
/* Ends the waiting request 'id' of 'client' with the error "canceled". */
void service_cancel(struct service_client *, const json_t *id);
/* Forgets all requests of a client that is gone; what they changed stays. */
void service_forget(struct service_client *);
/* Ends those that wait for this database with an error: it is going away. */
void service_forget_service(struct service_client *, struct service *);
/* Puts the batch on the disk and sends its replies. */
void service_flush(struct service *);

/* Changes that the server itself makes: open a transaction on service_db() and give it here,
 * committed or aborted with a log line. */
void service_commit(struct service *, struct txn *);

/* Called after each batch that changed something, in a turn of its own. */
struct service_listener {
	struct cds_list_head node;
	void (*changed)(struct service_listener *, struct service *);
};
void service_listener_add(struct service *, struct service_listener *);
void service_listener_del(struct service_listener *);

void service_compact(struct service *, storage_done_fn *done, void *aux);

#endif
