/* SPDX-License-Identifier: Apache-2.0 */
/* Generic Netlink sockets, and the few sane requests by which a fuzzer sets its datapath up and
 * sees that it lives.  What goes wrong here is fatal: one line, and the program ends. */
#ifndef TESTS_KERNEL_FUZZ_CLIENT_H
#define TESTS_KERNEL_FUZZ_CLIENT_H

#include "tests/kernel/fuzz/message.h"

enum family {
	FAMILY_DATAPATH,
	FAMILY_VPORT,
	FAMILY_FLOW,
	FAMILY_PACKET,
	FAMILY_METER,
	FAMILY_CT_LIMIT,
	N_FAMILIES
};

extern const char *const family_names[N_FAMILIES];

struct client {
	int fd;
	uint32_t pid, seq;
	char why[128]; /* the kernel's sentence about the last refusal, or "" */
};

/* A message of a datapath's family. */
struct answer {
	uint8_t cmd;
	uint32_t dp_ifindex;
	const uint8_t *attrs;
	size_t len;
};

typedef void answer_fn(const struct answer *, void *aux);

void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

void client_open(struct client *);
void client_join_all(struct client *); /* all multicast groups of the families */

/* The header of a request; NLM_F_REQUEST and NLM_F_ACK are added. */
struct request {
	enum family family;
	uint8_t cmd, version;
	uint16_t flags;
	uint32_t dp_ifindex;
};

/* Sends attributes and reads until the kernel has said all; 'fn' (may be NULL) gets what comes
 * before the acknowledgement.  Returns 0 or -errno as the kernel says. */
int client_ask(struct client *, const struct request *, const struct message *, answer_fn *,
	       void *aux);

/* Reads what has come unasked, without waiting. */
void client_drain(struct client *, answer_fn *, void *aux);

#endif
