// SPDX-License-Identifier: Apache-2.0
/* Why V2: a V3 block holds a lone frame for about a millisecond.  Why not recvmmsg(): the ring
 * costs no system call per batch, and the frame is not copied a second time.
 *
 * A packet's memory is its slot; release() gives the slot back to the kernel, which goes on only to
 * a slot that it owns.  Workers run each batch to completion, so slots come back in the order they
 * went out, or nearly.  Who keeps a packet for longer than its batch must clone it. */
#include "netdev/packet_ring.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/util.h"
#include "netdev/large_packet.h"
#include "netdev/vnet_hdr.h"

#define BLOCK_SIZE 65536
#define RESERVE 96 /* headroom in a slot, beside what the kernel's own header leaves */
#define OVERHEAD 256 /* of a slot: its header, sockaddr_ll, reserve, virtio header, a tag */
#define MIN_SLOT 2048
#define MAX_SLOT 16384
#define SOCKET_BUFFER (16 << 20) /* of copies of large frames */

/* All rings together take at most about this; each port gets less the more there are. */
#define BUDGET_OCTETS (128ULL << 20)
#define MAX_RING_OCTETS (4U << 20)
#define MIN_RING_OCTETS (128U << 10)

static uint64_t octets_used; /* atomic */

struct slot_packet {
	struct packet p;
	struct tpacket2_hdr *hdr;
	bool busy; /* atomic: not released yet */
};

struct packet_ring {
	int fd;
	uint8_t *map;
	size_t map_size;
	uint32_t slot_size, n_slots;
	uint32_t next; /* slot to look at */
	uint32_t next_packet; /* of 'packets' */
	struct slot_packet packets[PACKET_BATCH_MAX];
};

static uint32_t ring_octets(void)
{
	uint64_t used = __atomic_load_n(&octets_used, __ATOMIC_RELAXED);
	uint64_t left = used < BUDGET_OCTETS ? BUDGET_OCTETS - used : 0;
	/* A part of what is left: the first ports get much, a thousandth still gets something. */
	uint64_t want = MIN(MAX(left / 32, MIN_RING_OCTETS), MAX_RING_OCTETS);

	return ROUND_UP(want, BLOCK_SIZE);
}

static uint32_t slot_size_for(uint32_t mtu)
{
	uint32_t size = MIN_SLOT;

	while (size < mtu + OVERHEAD && size < MAX_SLOT)
		size *= 2;
	return size;
}

static int set(int fd, int option, int value)
{
	return setsockopt(fd, SOL_PACKET, option, &value, sizeof(value));
}

static int setup(struct packet_ring *r, int ifindex, uint32_t mtu)
{
	struct packet_mreq mreq = { .mr_ifindex = ifindex, .mr_type = PACKET_MR_PROMISC };
	struct sockaddr_ll sll = { .sll_family = AF_PACKET,
				   .sll_protocol = htons(ETH_P_ALL),
				   .sll_ifindex = ifindex };
	int rcvbuf = SOCKET_BUFFER;
	struct tpacket_req req;

	/* Without a protocol nothing arrives until all is set up and bound. */
	r->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->fd < 0)
		return -errno;
	if (set(r->fd, PACKET_VERSION, TPACKET_V2) || set(r->fd, PACKET_VNET_HDR, 1) ||
	    set(r->fd, PACKET_RESERVE, RESERVE) || set(r->fd, PACKET_COPY_THRESH, 1) ||
	    set(r->fd, PACKET_IGNORE_OUTGOING, 1))
		return -errno;
	setsockopt(r->fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf));

	r->slot_size = slot_size_for(mtu);
	r->map_size = ring_octets();
	req.tp_block_size = BLOCK_SIZE;
	req.tp_block_nr = r->map_size / BLOCK_SIZE;
	req.tp_frame_size = r->slot_size;
	req.tp_frame_nr = r->map_size / r->slot_size;
	if (setsockopt(r->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		return -errno;
	r->n_slots = req.tp_frame_nr;
	r->map = mmap(NULL, r->map_size, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	if (r->map == MAP_FAILED) {
		r->map = NULL;
		return -errno;
	}
	__atomic_add_fetch(&octets_used, r->map_size, __ATOMIC_RELAXED);

	if (bind(r->fd, (struct sockaddr *)&sll, sizeof(sll)) ||
	    setsockopt(r->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq, sizeof(mreq)))
		return -errno;
	return 0;
}

struct packet_ring *packet_ring_create(int ifindex, uint32_t mtu)
{
	struct packet_ring *r = xzalloc(sizeof(*r));
	int err;

	r->fd = -1;
	err = setup(r, ifindex, mtu);
	if (err) {
		packet_ring_destroy(r);
		errno = -err;
		return NULL;
	}
	return r;
}

void packet_ring_destroy(struct packet_ring *r)
{
	if (!r)
		return;
	if (r->map) {
		munmap(r->map, r->map_size);
		__atomic_sub_fetch(&octets_used, r->map_size, __ATOMIC_RELAXED);
	}
	if (r->fd >= 0)
		close(r->fd);
	free(r);
}

int packet_ring_fd(const struct packet_ring *r)
{
	return r->fd;
}

bool packet_ring_fits(const struct packet_ring *r, uint32_t mtu)
{
	return slot_size_for(mtu) == r->slot_size;
}

uint32_t packet_ring_take_drops(struct packet_ring *r)
{
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);

	/* Reading resets them. */
	return getsockopt(r->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) ? 0 : stats.tp_drops;
}

static void give_back(struct tpacket2_hdr *h)
{
	__atomic_store_n(&h->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
}

static void slot_release(struct packet *p)
{
	struct slot_packet *sp = CONTAINER_OF(p, struct slot_packet, p);

	give_back(sp->hdr);
	__atomic_store_n(&sp->busy, false, __ATOMIC_RELEASE);
}

/* Puts a tag back that the kernel took off: it stands in the auxiliary data only. */
static bool put_tag(struct packet *p, uint16_t tpid, uint16_t tci)
{
	uint8_t *data;

	data = packet_push(p, 4);
	if (!data || p->len < 2 * ETH_ALEN + 4)
		return false;
	memmove(data, data + 4, 2 * ETH_ALEN);
	data[12] = tpid >> 8;
	data[13] = tpid;
	data[14] = tci >> 8;
	data[15] = tci;
	return true;
}

/* The frame of a slot as a packet: in place, or copied while somebody still has an earlier packet
 * of ours. */
static struct packet *from_slot(struct packet_ring *r, struct tpacket2_hdr *h, int *err)
{
	struct slot_packet *sp = &r->packets[r->next_packet];
	uint8_t *slot = (uint8_t *)h;
	size_t header = TPACKET_ALIGN(sizeof(*h));
	struct virtio_net_hdr vnet;
	struct packet *p;

	/* The virtio header stands just in front of the frame, in what becomes headroom. */
	memcpy(&vnet, slot + h->tp_mac - sizeof(vnet), sizeof(vnet));
	if (likely(!__atomic_load_n(&sp->busy, __ATOMIC_ACQUIRE))) {
		r->next_packet = (r->next_packet + 1) % ARRAY_SIZE(r->packets);
		p = &sp->p;
		packet_init(p, slot + header, r->slot_size - header, h->tp_mac - header,
			    h->tp_snaplen, slot_release);
		sp->hdr = h;
		__atomic_store_n(&sp->busy, true, __ATOMIC_RELAXED);
	} else {
		p = packet_create_data(slot + h->tp_mac, h->tp_snaplen);
		give_back(h);
		if (!p) {
			*err = ENOMEM;
			return NULL;
		}
	}
	if (vnet_hdr_decode(&vnet, p)) {
		packet_release(p);
		*err = EBADMSG;
		return NULL;
	}
	return p;
}

/* The next frame that was too large for its slot, 'len' octets, from the socket's queue. */
static struct packet *from_socket(struct packet_ring *r, size_t len, int *err)
{
	struct packet *p = large_packet_create(len);
	struct virtio_net_hdr vnet;
	struct iovec iov[] = { { &vnet, sizeof(vnet) }, { p ? p->data : NULL, p ? len : 0 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = p ? 2 : 1 };
	ssize_t n;

	/* An error of the socket (the device went down) is told first, and the frame is still
	 * there. */
	do {
		n = recvmsg(r->fd, &msg, MSG_DONTWAIT | MSG_TRUNC);
	} while (n < 0 && (errno == ENETDOWN || errno == EINTR));
	if (!p)
		*err = len > LARGE_PACKET_MAX ? EMSGSIZE : ENOMEM;
	else if (n < 0)
		*err = errno;
	else if ((size_t)n != sizeof(vnet) + len || vnet_hdr_decode(&vnet, p))
		*err = EBADMSG;
	else
		return p;
	packet_release(p);
	return NULL;
}

static enum drop_reason reason(int err)
{
	switch (err) {
	case EMSGSIZE:
		return DROP_GIANT;
	case EBADMSG:
	case EINVAL:
		return DROP_BAD_OFFLOAD;
	default:
		return DROP_NO_MEMORY;
	}
}

static struct packet *receive_one(struct packet_ring *r, struct netdev_rxq *rxq,
				  struct tpacket2_hdr *h, uint32_t status)
{
	uint16_t tpid = status & TP_STATUS_VLAN_TPID_VALID ? h->tp_vlan_tpid : ETH_P_8021Q;
	uint16_t tci = h->tp_vlan_tci;
	struct packet *p = NULL;
	int err = ENOBUFS;

	if (status & TP_STATUS_COPY) {
		p = from_socket(r, h->tp_len, &err);
		give_back(h);
	} else if (h->tp_snaplen < h->tp_len) {
		give_back(h); /* larger than a slot, and there was no memory for a copy */
	} else {
		p = from_slot(r, h, &err);
	}
	if (unlikely(!p)) {
		netdev_rxq_drop(rxq, reason(err), 1);
		return NULL;
	}
	if (status & TP_STATUS_VLAN_VALID && !put_tag(p, tpid, tci)) {
		packet_release(p);
		netdev_rxq_drop(rxq, DROP_NO_MEMORY, 1);
		return NULL;
	}
	return p;
}

int packet_ring_recv(struct packet_ring *r, struct netdev_rxq *rxq, struct packet_batch *batch)
{
	unsigned int seen = 0;

	batch->n = 0;
	r->next_packet = 0; /* the last batch is through: the same, warm structs again */
	while (batch->n < PACKET_BATCH_MAX) {
		struct tpacket2_hdr *h = (void *)(r->map + (size_t)r->next * r->slot_size);
		uint32_t status = __atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE);
		struct packet *p;

		if (!(status & TP_STATUS_USER))
			break;
		seen++;
		r->next = r->next + 1 == r->n_slots ? 0 : r->next + 1;
		p = receive_one(r, rxq, h, status);
		if (p)
			batch->pkts[batch->n++] = p;
	}
	if (batch->n)
		return batch->n;
	if (!seen) {
		/* Woken for nothing: an error is pending (the device went down), which is read to
		 * clear it. */
		int err = 0;
		socklen_t len = sizeof(err);

		getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	}
	return -EAGAIN;
}
