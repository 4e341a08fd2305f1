/* SPDX-License-Identifier: Apache-2.0 */
/* The receive side of a packet socket (packet(7)): a TPACKET_V2 ring with virtio headers.  Frames
 * that fit a slot are used where they lie, with room in front for a tag to be put back or pushed;
 * larger ones (GSO) come by recvmsg().
 *
 * Threads: created by main; one worker receives; freed by a closer when no worker uses it. */
#ifndef NETDEV_PACKET_RING_H
#define NETDEV_PACKET_RING_H

#include "netdev/netdev_provider.h"

struct packet_ring;

/* Opens a promiscuous receive socket on 'ifindex' for frames up to 'mtu'.  NULL with errno. */
struct packet_ring *packet_ring_create(int ifindex, uint32_t mtu);
void packet_ring_destroy(struct packet_ring *); /* blocks for some ms: the kernel's RCU */
int packet_ring_fd(const struct packet_ring *);
/* Whether one created for 'mtu' would have slots of the same size. */
bool packet_ring_fits(const struct packet_ring *, uint32_t mtu);
/* As netdev_rxq_recv(); counts in 'rxq' what never becomes a packet. */
int packet_ring_recv(struct packet_ring *, struct netdev_rxq *rxq, struct packet_batch *);
/* Frames that found the ring full since the last call. */
uint32_t packet_ring_take_drops(struct packet_ring *);

#endif
