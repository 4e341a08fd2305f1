// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/util.h"

void history_init(struct history *h)
{
	memset(h, 0, sizeof(*h));
	/* A client that comes back before anything happened, or not much, is found again, too. */
	uuid_generate(&h->base);
	h->last = h->base;
	h->ring = xcalloc(HISTORY_MAX_TXNS, sizeof(struct txn *));
}

static struct txn *nth(const struct history *h, size_t i)
{
	return h->ring[(h->first + i) % HISTORY_MAX_TXNS];
}

static void drop_oldest(struct history *h)
{
	struct txn *txn = nth(h, 0);

	h->base = txn->id;
	h->n_rows -= txn->n_changes;
	txn_unref(txn);
	h->first = (h->first + 1) % HISTORY_MAX_TXNS;
	h->n--;
}

void history_uninit(struct history *h)
{
	while (h->n)
		drop_oldest(h);
	free(h->ring);
}

void history_add(struct history *h, struct txn *txn)
{
	h->last = txn->id;
	while (h->n && (h->n == HISTORY_MAX_TXNS || h->n_rows + txn->n_changes > HISTORY_MAX_ROWS))
		drop_oldest(h);
	if (txn->n_changes > HISTORY_MAX_ROWS) {
		h->base = txn->id;
		return;
	}
	h->ring[(h->first + h->n++) % HISTORY_MAX_TXNS] = txn_ref(txn);
	h->n_rows += txn->n_changes;
}

struct merged {
	struct hmap_node node;
	struct monitor_change change;
	struct uuid uuid;
};

static void merge(struct hmap *map, const struct change *c)
{
	uint32_t hash = uuid_hash(row_uuid(c->row));
	struct merged *m;

	/* By table and UUID: a row that was deleted and inserted again is another one in memory. */
	HMAP_FOR_EACH_WITH_HASH(m, node, hash, map)
		if (m->change.row->table == c->row->table &&
		    uuid_equal(&m->uuid, row_uuid(c->row))) {
			m->change.row = c->row;
			m->change.new_ = c->new_;
			return;
		}
	m = xzalloc(sizeof(*m));
	m->change.row = c->row;
	m->change.old = c->old;
	m->change.new_ = c->new_;
	m->uuid = *row_uuid(c->row);
	hmap_insert(map, &m->node, hash);
}

static int compare_tables(const void *a_, const void *b_)
{
	const struct monitor_change *a = a_;
	const struct monitor_change *b = b_;
	uint32_t ia = a->row->table->schema->index;
	uint32_t ib = b->row->table->schema->index;

	return ia < ib ? -1 : ia > ib;
}

bool history_since(const struct history *h, const struct uuid *id, struct monitor_change **changes,
		   size_t *n)
{
	struct hmap map;
	struct merged *m;
	size_t i;

	*changes = NULL;
	*n = 0;
	i = 0;
	if (!uuid_equal(id, &h->base)) {
		while (i < h->n && !uuid_equal(&nth(h, i)->id, id))
			i++;
		if (i++ == h->n)
			return false;
	}
	hmap_init(&map);
	for (; i < h->n; i++) {
		struct change *c;

		TXN_FOR_EACH_CHANGE(c, nth(h, i))
			merge(&map, c);
	}
	*changes = xcalloc(hmap_count(&map) + 1, sizeof(**changes));
	HMAP_FOR_EACH(m, node, &map) {
		if (m->change.old || m->change.new_)
			(*changes)[(*n)++] = m->change;
		free(m);
	}
	hmap_uninit(&map);
	qsort(*changes, *n, sizeof(**changes), compare_tables);
	return true;
}
