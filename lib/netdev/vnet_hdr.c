// SPDX-License-Identifier: Apache-2.0
#include "netdev/vnet_hdr.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/util.h"

/* Since Linux 6.2; the headers of 6.1 lack them. */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

int vnet_hdr_decode(const struct virtio_net_hdr *h, struct packet *p)
{
	struct packet_offload *o = &p->offload;
	uint8_t gso = h->gso_type & ~VIRTIO_NET_HDR_GSO_ECN;

	memset(o, 0, sizeof(*o));
	if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if ((uint32_t)h->csum_start + h->csum_offset + 2 > p->len)
			return -EBADMSG;
		o->csum_partial = true;
		o->csum_start = h->csum_start;
		o->csum_offset = h->csum_offset;
	} else if (h->flags & VIRTIO_NET_HDR_F_DATA_VALID) {
		o->csum_valid = true;
	}
	switch (gso) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return 0;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		o->gso = PACKET_GSO_TCPV4;
		break;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		o->gso = PACKET_GSO_TCPV6;
		break;
	case VIRTIO_NET_HDR_GSO_UDP:
		o->gso = PACKET_GSO_UDP;
		break;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		o->gso = PACKET_GSO_UDP_L4;
		break;
	default:
		return -EBADMSG;
	}
	if (!h->gso_size)
		return -EBADMSG;
	o->gso_size = h->gso_size;
	o->hdr_len = h->hdr_len;
	o->gso_ecn = h->gso_type & VIRTIO_NET_HDR_GSO_ECN;
	return 0;
}

/* Octets of headers of a GSO frame.  The kernel makes its first buffer that large, so it must not
 * be more; what came with the frame is how much of it the kernel had in one piece, which may be
 * all. */
static uint16_t headers_len(const struct packet *p)
{
	const struct packet_offload *o = &p->offload;
	uint32_t len = o->hdr_len;

	if (o->csum_partial && o->csum_start + 20u <= p->len)
		len = o->csum_start + (o->gso == PACKET_GSO_TCPV4 || o->gso == PACKET_GSO_TCPV6
					       ? (p->data[o->csum_start + 12] >> 4) * 4
					       : 8);
	return MIN(len, p->len);
}

void vnet_hdr_encode(const struct packet *p, struct virtio_net_hdr *h)
{
	static const uint8_t gso_types[] = {
		[PACKET_GSO_NONE] = VIRTIO_NET_HDR_GSO_NONE,
		[PACKET_GSO_TCPV4] = VIRTIO_NET_HDR_GSO_TCPV4,
		[PACKET_GSO_TCPV6] = VIRTIO_NET_HDR_GSO_TCPV6,
		[PACKET_GSO_UDP] = VIRTIO_NET_HDR_GSO_UDP,
		[PACKET_GSO_UDP_L4] = VIRTIO_NET_HDR_GSO_UDP_L4,
	};
	const struct packet_offload *o = &p->offload;

	memset(h, 0, sizeof(*h));
	if (o->csum_partial) {
		h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h->csum_start = o->csum_start;
		h->csum_offset = o->csum_offset;
	}
	if (o->gso) {
		h->gso_type = gso_types[o->gso] | (o->gso_ecn ? VIRTIO_NET_HDR_GSO_ECN : 0);
		h->gso_size = o->gso_size;
		h->hdr_len = headers_len(p);
	}
}

static bool has_uso;

static void probe_uso(void)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	has_uso = !ioctl(fd, TUNSETIFF, &ifr) &&
		  !ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_USO4 | TUN_F_USO6);
	close(fd);
}

bool vnet_hdr_has_uso(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, probe_uso);
	return has_uso;
}
