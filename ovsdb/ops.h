/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of RFC 7047 section 5.2: runs the params of a "transact" request on a database. */
#ifndef OVSDB_OPS_H
#define OVSDB_OPS_H

#include <jansson.h>

#include "txn.h"

struct ops_request {
	struct db *db;
	const json_t *params; /* array: name of the database, then operations */
	uint64_t elapsed_ms; /* since the request came: for "wait" */
	const char *read_only; /* why changes are refused ("on table in ..."), or NULL */
	/* True if the client holds the lock of that name. */
	bool (*holds_lock)(const char *name, void *aux);
	void *aux;
};

struct ops_outcome {
	json_t *result; /* array, the caller's; NULL if the request has to wait */
	struct txn *txn; /* committed, with changes or a comment; the caller's reference; or NULL */
	uint64_t wait_ms; /* if it has to wait: until it times out, counted from the request's arrival;
			   * UINT64_MAX: for ever */
};

void ops_run(const struct ops_request *, struct ops_outcome *);

#endif
