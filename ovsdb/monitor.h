/* SPDX-License-Identifier: Apache-2.0 */
/* A client's monitor: what it is told, under which id, and where it is sent.
 * Created by monitor, monitor_cond or monitor_cond_since; fed by monitors_publish(). */
#ifndef OVSDB_MONITOR_H
#define OVSDB_MONITOR_H

#include "ovsdb/history.h"
#include "ovsdb/monitor_spec.h"
#include "rpc/jsonrpc.h"

enum monitor_version { MONITOR_V1 = 1, MONITOR_V2, MONITOR_V3 }; /* update, update2, update3 */

/* All monitors of one database, and what they need of its past. */
struct monitors {
	struct monitor_specs specs;
	struct history history;
	size_t n;
};

struct monitor {
	struct cds_list_head node; /* in spec->monitors */
	struct hmap_node id_node; /* for the client: by 'id_text' */
	struct monitors *monitors;
	struct monitor_spec *spec;
	enum monitor_version version;
	char *id_text; /* JSON */
	void (*send)(struct jsonrpc_text *, void *aux); /* takes a reference of its own */
	void *aux;
};

void monitors_init(struct monitors *, struct db *);
void monitors_uninit(struct monitors *); /* all monitors must be gone */
/* Tells everybody about a transaction that is durable, and keeps it in the history. */
void monitors_publish(struct monitors *, struct txn *);

/* NULL, or a sentence.  'id' is only read. */
char *monitor_create(struct monitors *, enum monitor_version, const json_t *id,
		     const json_t *requests, void (*send)(struct jsonrpc_text *, void *aux),
		     void *aux, struct monitor **) MUST_CHECK;
void monitor_destroy(struct monitor *);
/* monitor_cond_change: sends the update that it causes.  'id' is the monitor's from now on. */
char *monitor_change(struct monitor *, const json_t *id, const json_t *requests) MUST_CHECK;

/* Add the result of the request that made the monitor; 'last' is monitor_cond_since's transaction
 * id. */
void monitor_put_initial(const struct monitor *, struct str *);
void monitor_put_since(const struct monitor *, const struct uuid *last, struct str *);

#endif
