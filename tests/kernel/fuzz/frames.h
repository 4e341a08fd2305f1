/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of few hosts and many protocols, some of them damaged. */
#ifndef TESTS_KERNEL_FUZZ_FRAMES_H
#define TESTS_KERNEL_FUZZ_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_SIZE 16384

struct frame {
	size_t len;
	uint8_t data[FRAME_SIZE];
};

/* A struct virtio_net_hdr and a frame behind it, as a tap device with IFF_VNET_HDR takes them. */
void frame_generate(struct frame *);

/* The same, from 'remote' to 'local' (network order) with an Ethernet frame in a tunnel, for the
 * device with the address 'mac'. */
void frame_generate_tunnel(struct frame *, uint32_t remote, uint32_t local, const uint8_t mac[6]);

#endif
