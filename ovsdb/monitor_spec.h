/* SPDX-License-Identifier: Apache-2.0 */
/* What a client wants to be told: tables, columns, kinds of change, conditions.
 * Clients that want the same share one specification, so that what a transaction means to them is
 * worked out and serialised once.  A specification never changes; a client that changes its
 * conditions moves to another one. */
#ifndef OVSDB_MONITOR_SPEC_H
#define OVSDB_MONITOR_SPEC_H

#include <urcu/list.h>

#include "base/str.h"
#include "ovsdb/txn.h"

/* Of RFC 7047's <table-updates> and of <table-updates2> ("update2" and "update3"). */
enum monitor_format { MONITOR_UPDATES, MONITOR_UPDATES2 };

struct monitor_table;
struct monitor_specs {
	struct db *db;
	struct hmap map; /* 'struct monitor_spec' by key */
};

struct monitor_spec {
	struct hmap_node node;
	char *key;
	uint32_t refs;
	struct monitor_specs *specs;
	enum monitor_format format;
	struct monitor_table **tables; /* by table index, NULL: not monitored */
	struct cds_list_head monitors; /* 'struct monitor' */
};

void monitor_specs_init(struct monitor_specs *, struct db *);
void monitor_specs_uninit(struct monitor_specs *); /* all must have been unreferenced */

/* From the <monitor-requests> of monitor, monitor_cond and monitor_cond_since; 'with_where' for the
 * latter two.  NULL and one reference, or a sentence. */
char *monitor_spec_from_json(struct monitor_specs *, enum monitor_format, bool with_where,
			     const json_t *requests, struct monitor_spec **) MUST_CHECK;
/* 'old' with the conditions of monitor_cond_change.  One more reference. */
char *monitor_spec_change(struct monitor_spec *old, const json_t *requests,
			  struct monitor_spec **) MUST_CHECK;
void monitor_spec_unref(struct monitor_spec *); /* NULL is fine */

/* Each of these adds the JSON text of a <table-updates> or <table-updates2>, "{}" included, and
 * returns true if it is not empty. */
bool monitor_spec_put_initial(const struct monitor_spec *, struct str *);
bool monitor_spec_put_txn(const struct monitor_spec *, const struct txn *, struct str *);
/* The rows that a client that knew 'old' has to be told of to know 'new_': conditions differ. */
bool monitor_spec_put_difference(const struct monitor_spec *old, const struct monitor_spec *new_,
				 struct str *);
/* From one content of some rows to another: 'changes' sorted by table; 'old' or 'new_' NULL where
 * there was no row. */
struct monitor_change {
	const struct row *row;
	const struct values *old, *new_;
};
bool monitor_spec_put_changes(const struct monitor_spec *, const struct monitor_change *, size_t n,
			      struct str *);

#endif
