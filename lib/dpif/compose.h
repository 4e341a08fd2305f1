/* SPDX-License-Identifier: Apache-2.0 */
/* A frame that has a given key: for netdev-dummy/receive and traces. */
#ifndef DPIF_COMPOSE_H
#define DPIF_COMPOSE_H

#include "flow/flow.h"

#define COMPOSE_PAYLOAD_LEN 64

/* A packet whose key is 'flow', as far as a frame can have it, with right lengths and checksums,
 * and 'payload_len' octets behind the last header.  The caller owns it.  NULL if memory is out. */
struct packet *compose_packet(const struct flow *, size_t payload_len);

#endif
