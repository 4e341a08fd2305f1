/* SPDX-License-Identifier: Apache-2.0 */
/* Upcalls that wait to be handled: a queue for each port, taken from in turn, so that a port which
 * floods has its own packets dropped and not those of a quiet one.
 * Threads: one at a time; the counters of drops may be read by others. */
#ifndef DPIF_KERNEL_UPCALL_QUEUE_H
#define DPIF_KERNEL_UPCALL_QUEUE_H

#include "base/hmap.h"

#define UPCALL_QUEUE_PORT_MAX 512 /* messages of one port */
#define UPCALL_QUEUE_MAX 8192 /* of all */
#define UPCALL_ITEM_ROOM 2048 /* a message that is longer has room of its own */

/* One message of the kernel. */
struct upcall_item {
	struct upcall_item *next;
	uint8_t *data; /* 'room', or on the heap */
	size_t len;
	uint8_t room[UPCALL_ITEM_ROOM] __attribute__((aligned(8)));
};

struct upcall_queue {
	struct hmap ports; /* struct port_queue, those that have been heard of */
	struct port_queue *turn; /* a ring of those that have items, the next one first; NULL */
	size_t n; /* items */
	unsigned int n_busy; /* ports that have items */
	struct upcall_item *spare; /* taken from and given back to */
	size_t n_spare;
};

void upcall_queue_init(struct upcall_queue *);
void upcall_queue_uninit(struct upcall_queue *);
/* An item to be filled. */
struct upcall_item *upcall_item_get(struct upcall_queue *);
void upcall_item_put(struct upcall_queue *, struct upcall_item *);
/* Appends to the port's queue.  False if that, or all of it, is full: the item stays the
 * caller's. */
bool upcall_queue_push(struct upcall_queue *, uint32_t port_no, struct upcall_item *);
/* The next one, of the port whose turn it is; NULL if there is none. */
struct upcall_item *upcall_queue_pop(struct upcall_queue *);

#endif
