/* SPDX-License-Identifier: Apache-2.0 */
/* Good messages, or nearly: what a client of a datapath may say, with values at random.
 * Keys come from the datapath itself, in upcalls; what is made of them here mostly fits to them. */
#ifndef TESTS_KERNEL_FUZZ_GENERATE_H
#define TESTS_KERNEL_FUZZ_GENERATE_H

#include "tests/kernel/fuzz/message.h"

#define N_PORTS 8 /* numbers 0 .. 7 may be ports */

/* What the messages may name. */
struct world {
	uint32_t pids[2]; /* of sockets that take upcalls */
	uint32_t underlay; /* an IPv4 address behind tunnels, in network order */
};

/* A key: the contents of OVS_FLOW_ATTR_KEY or OVS_PACKET_ATTR_KEY. */
struct key {
	uint16_t len;
	uint8_t data[1024];
};

void generate_key(struct message *, uint16_t type, const struct key *); /* changed a little */
void generate_mask(struct message *, uint16_t type, const struct key *);
void generate_actions(struct message *, uint16_t type, const struct key *, const struct world *);
void generate_datapath(struct message *, const struct world *);
void generate_vport(struct message *, const struct world *);
void generate_meter(struct message *);
void generate_ct_limit(struct message *);

#endif
