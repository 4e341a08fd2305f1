/* SPDX-License-Identifier: Apache-2.0 */
/* From a host name to a connected TCP socket: names are resolved, addresses tried one after the
 * other (each gets a head start on the next, none holds the rest up: RFC 8305), and the port that
 * was the default until 2013 is tried once where the target names no port and the new one refuses.
 * Threads: its loop's. */
#ifndef RPC_INET_CONNECT_H
#define RPC_INET_CONNECT_H

#include "base/loop.h"
#include "rpc/inet_target.h"

struct inet_connect;
/* Calls 'done' once, from the loop: with a connected descriptor, or -errno and a sentence which it
 * frees.  Takes over the target's content; 'name' is for the log. */
struct inet_connect *inet_connect_start(struct loop *, const char *name, struct inet_target *,
					uint8_t dscp, void (*done)(void *aux, int fd, char *why),
					void *aux);
/* NULL is allowed.  Not after 'done'. */
void inet_connect_cancel(struct inet_connect *);

#endif
