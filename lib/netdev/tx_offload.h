/* SPDX-License-Identifier: Apache-2.0 */
/* In software what a device would have done: cutting a GSO frame into frames (packet/csum.h
 * completes checksums). Nothing in the offload metadata or the headers is trusted: what
 * contradicts the frame is refused.
 * Threads: any, one at a time for a packet. */
#ifndef NETDEV_TX_OFFLOAD_H
#define NETDEV_TX_OFFLOAD_H

#include "packet/packet.h"

/* Cuts a GSO frame.  Calls 'emit' with each frame (which then owns it), whole checksums in all of
 * them.  Takes 'p' if it returns DROP_NONE; else nothing was emitted and 'p' is as before.  Needs
 * the offsets that the parser sets (l3_ofs, l4_ofs). */
enum drop_reason tx_segment(struct packet *p, void (*emit)(struct packet *, void *aux),
			    void *aux) MUST_CHECK;

/* Length of the longest frame that a GSO frame makes; its own length if it is not GSO. */
uint32_t tx_segment_len(const struct packet *);

#endif
