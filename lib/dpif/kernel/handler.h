/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers: threads that take misses and userspace actions from the kernel.  Inside
 * lib/dpif/kernel. */
#ifndef DPIF_KERNEL_HANDLER_H
#define DPIF_KERNEL_HANDLER_H

#include "dpif/kernel/kernel.h"
#include "dpif/kernel/upcall_queue.h"

#define HANDLER_BATCH 64 /* messages that are translated before anything is sent */

struct upcall_batch;

struct handler {
	struct kernel_dp *dp;
	unsigned int index; /* below DPIF_MAX_WORKERS */
	struct knl_sock sock; /* where the kernel sends misses to */
	struct knl_sock *requests; /* for flows and executions */
	struct upcall_queue queue;
	struct upcall_batch *batch;
	struct mmsghdr *msgs;
	struct iovec *iovs;
	struct upcall_item **items; /* that the next messages are read into */
	unsigned int n_used; /* of these, to be replaced */
	uint64_t shared_until_ms; /* several ports had misses a moment ago */
	uint8_t *overflow; /* the rest of messages that are longer */
	int stop_fd; /* eventfd */
	pthread_t thread;
};

/* Translates and executes up to HANDLER_BATCH messages of the queue (upcall.c). */
void upcall_batch_run(struct handler *);
struct upcall_batch *upcall_batch_create(void);
void upcall_batch_destroy(struct upcall_batch *);

#endif
