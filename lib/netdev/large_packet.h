/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers for frames of up to 64 KB (GSO), which each thread keeps some of: the one released last,
 * still warm in the caches, is used next.  From the heap each would cost its page faults anew.
 * Threads: any; a packet may be released in another thread than it was made in. */
#ifndef NETDEV_LARGE_PACKET_H
#define NETDEV_LARGE_PACKET_H

#include "packet/packet.h"

#define LARGE_PACKET_HEADROOM 128
#define LARGE_PACKET_MAX (65536 + 64) /* octets of a frame */

/* A packet of 'len' octets, not set; NULL if it is longer than LARGE_PACKET_MAX, or memory is
 * out. */
struct packet *large_packet_create(size_t len);

#endif
