/* SPDX-License-Identifier: Apache-2.0 */
/* The sending side of a packet socket: one sendmmsg() for a batch, with virtio headers.
 * Threads: any, each with its queue; a queue has a lock. */
#ifndef NETDEV_PACKET_TX_H
#define NETDEV_PACKET_TX_H

#include "netdev/netdev_provider.h"

struct packet_tx;

/* A socket that sends to 'ifindex'.  NULL with errno. */
struct packet_tx *packet_tx_create(int ifindex);
void packet_tx_destroy(struct packet_tx *); /* may block for some ms */
/* As netdev_send(). */
unsigned int packet_tx_send(struct packet_tx *, struct packet_batch *,
			    uint64_t drops[DROP_N_REASONS]);

#endif
