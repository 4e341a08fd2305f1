/* SPDX-License-Identifier: Apache-2.0 */
/* The last transactions of a database, so that a client that was away for a moment is told what it
 * missed (monitor_cond_since) instead of everything.  Bounded in transactions and in rows. */
#ifndef OVSDB_HISTORY_H
#define OVSDB_HISTORY_H

#include "ovsdb/monitor_spec.h"

#define HISTORY_MAX_TXNS 1000
#define HISTORY_MAX_ROWS 10000

struct history {
	struct txn **ring; /* HISTORY_MAX_TXNS */
	size_t first, n;
	size_t n_rows; /* changes in all of them */
	struct uuid base; /* what came before the oldest in the ring */
	struct uuid last; /* the newest; 'base' before there is one */
};
void history_init(struct history *);
void history_uninit(struct history *);
/* Takes one more reference. */
void history_add(struct history *, struct txn *);
/* The transactions after 'id' as one change for each row, sorted by table; the caller frees the
 * array, whose rows live as long as the history is unchanged.  False if 'id' is not known. */
bool history_since(const struct history *, const struct uuid *id, struct monitor_change **,
		   size_t *n) MUST_CHECK;

#endif
