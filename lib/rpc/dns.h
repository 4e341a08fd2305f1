/* SPDX-License-Identifier: Apache-2.0 */
/* Names to addresses without blocking the loop: by libunbound where it was built in, else by
 * getaddrinfo_a().  OVS_RESOLV_CONF and OVS_UNBOUND_CONF name the resolver's files (libunbound).
 * Threads: a query belongs to its loop's thread. */
#ifndef RPC_DNS_H
#define RPC_DNS_H

#include <sys/socket.h>

#include "base/loop.h"

#define DNS_MAX_ADDRESSES 16

struct dns_result {
	unsigned int n; /* 0: failed */
	struct sockaddr_storage addresses[DNS_MAX_ADDRESSES]; /* ports are 0 */
	const char *why; /* if n is 0: "no such name" */
};

struct dns_query;
/* Calls 'done' once, from the loop, and is over then.  'done' never runs inside dns_resolve(). */
struct dns_query *dns_resolve(struct loop *, const char *name,
			      void (*done)(void *aux, const struct dns_result *), void *aux);
/* 'done' is not called any more.  NULL is allowed. */
void dns_cancel(struct dns_query *);
#endif
