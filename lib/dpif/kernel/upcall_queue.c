// SPDX-License-Identifier: Apache-2.0
#include "dpif/kernel/upcall_queue.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/util.h"

#define MAX_SPARE 256
#define MAX_IDLE_PORTS 1024 /* queues of ports that were heard of; beyond, empty ones go */

struct port_queue {
	struct hmap_node node;
	uint32_t port_no;
	struct upcall_item *first, *last;
	unsigned int n;
	struct port_queue *next, *prev; /* in the ring, while there are items */
};

void upcall_queue_init(struct upcall_queue *q)
{
	*q = (struct upcall_queue){ .n = 0 };
	hmap_init(&q->ports);
}

static void item_free(struct upcall_item *item)
{
	if (item->data != item->room)
		free(item->data);
	free(item);
}

void upcall_queue_uninit(struct upcall_queue *q)
{
	struct upcall_item *item;
	struct port_queue *p;

	while ((item = upcall_queue_pop(q)))
		item_free(item);
	while ((item = q->spare)) {
		q->spare = item->next;
		item_free(item);
	}
	HMAP_FOR_EACH(p, node, &q->ports) {
		hmap_remove(&q->ports, &p->node);
		free(p);
	}
	hmap_uninit(&q->ports);
}

struct upcall_item *upcall_item_get(struct upcall_queue *q)
{
	struct upcall_item *item = q->spare;

	if (item) {
		q->spare = item->next;
		q->n_spare--;
	} else {
		item = xmalloc(sizeof(*item));
	}
	item->data = item->room;
	item->len = 0;
	item->next = NULL;
	return item;
}

void upcall_item_put(struct upcall_queue *q, struct upcall_item *item)
{
	if (q->n_spare >= MAX_SPARE) {
		item_free(item);
		return;
	}
	if (item->data != item->room)
		free(item->data);
	item->data = item->room;
	item->next = q->spare;
	q->spare = item;
	q->n_spare++;
}

static void ring_insert(struct upcall_queue *q, struct port_queue *p)
{
	q->n_busy++;
	if (!q->turn) {
		q->turn = p->next = p->prev = p;
		return;
	}
	/* Behind all others: before the one whose turn it is. */
	p->next = q->turn;
	p->prev = q->turn->prev;
	p->prev->next = p->next->prev = p;
}

static void ring_remove(struct upcall_queue *q, struct port_queue *p)
{
	q->n_busy--;
	if (p->next == p) {
		q->turn = NULL;
		return;
	}
	p->prev->next = p->next;
	p->next->prev = p->prev;
	if (q->turn == p)
		q->turn = p->next;
}

static void forget_idle(struct upcall_queue *q)
{
	struct port_queue *p;

	HMAP_FOR_EACH(p, node, &q->ports) {
		if (!p->n) {
			hmap_remove(&q->ports, &p->node);
			free(p);
		}
	}
}

static struct port_queue *port_queue(struct upcall_queue *q, uint32_t port_no)
{
	uint32_t hash = hash_u32(port_no, 0);
	struct port_queue *p;

	HMAP_FOR_EACH_WITH_HASH(p, node, hash, &q->ports) {
		if (p->port_no == port_no)
			return p;
	}
	if (hmap_count(&q->ports) >= MAX_IDLE_PORTS)
		forget_idle(q);
	p = xzalloc(sizeof(*p));
	p->port_no = port_no;
	hmap_insert(&q->ports, &p->node, hash);
	return p;
}

bool upcall_queue_push(struct upcall_queue *q, uint32_t port_no, struct upcall_item *item)
{
	struct port_queue *p = port_queue(q, port_no);

	if (p->n >= UPCALL_QUEUE_PORT_MAX || q->n >= UPCALL_QUEUE_MAX)
		return false;
	item->next = NULL;
	if (p->n++) {
		p->last->next = item;
	} else {
		p->first = item;
		ring_insert(q, p);
	}
	p->last = item;
	q->n++;
	return true;
}

struct upcall_item *upcall_queue_pop(struct upcall_queue *q)
{
	struct port_queue *p = q->turn;
	struct upcall_item *item;

	if (!p)
		return NULL;
	item = p->first;
	p->first = item->next;
	q->n--;
	q->turn = p->next;
	if (!--p->n)
		ring_remove(q, p);
	item->next = NULL;
	return item;
}
