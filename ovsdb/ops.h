/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of RFC 7047 section 5.2: runs the params of a "transact" request on a database. */
#ifndef OVSDB_OPS_H
#define OVSDB_OPS_H

#include <jansson.h>

#include "base/str.h"
#include "ovsdb/txn.h"

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
	/* JSON text of an array, the caller's; empty if the request has to wait */
	struct str result;
	struct txn *txn; /* committed, with changes; the caller's reference; or NULL */
	/* If it has to wait: until it times out, counted from the request's arrival; UINT64_MAX:
	 * for ever. */
	uint64_t wait_ms;
};

void ops_run(const struct ops_request *, struct ops_outcome *);
/* Adds one more member to a result: an error, in the form of db/error.h. */
void ops_add_error(struct str *result, const char *err, const char *default_tag);

#endif
