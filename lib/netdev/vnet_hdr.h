/* SPDX-License-Identifier: Apache-2.0 */
/* struct virtio_net_hdr (linux/virtio_net.h, VIRTIO 1.2 section 5.1.6), the form in which the
 * kernel's taps and packet sockets hand over offloads, to and from 'struct packet_offload'.  Host
 * byte order, as the kernel has it here.
 * Threads: any. */
#ifndef NETDEV_VNET_HDR_H
#define NETDEV_VNET_HDR_H

#include <linux/virtio_net.h>

#include "packet/packet.h"

/* Fills p->offload.  0, or -EBADMSG if the header contradicts the frame ('p' has its final
 * length). */
int vnet_hdr_decode(const struct virtio_net_hdr *, struct packet *p);
void vnet_hdr_encode(const struct packet *, struct virtio_net_hdr *);

/* UDP segmentation (VIRTIO_NET_HDR_GSO_UDP_L4) is understood by this kernel: 6.2 and later.  Found
 * out once, with a tap of no name. */
bool vnet_hdr_has_uso(void);

#endif
