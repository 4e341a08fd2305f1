// SPDX-License-Identifier: Apache-2.0
#include "netdev/packet_tx.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/util.h"
#include "netdev/vnet_hdr.h"

#define SOCKET_BUFFER (4 << 20)

struct packet_tx {
	struct mutex lock; /* several workers may share a queue */
	int fd;
};

struct packet_tx *packet_tx_create(int ifindex, bool bypass)
{
	/* Protocol 0: this socket receives nothing. */
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_ifindex = ifindex };
	struct packet_tx *tx = xzalloc(sizeof(*tx));
	int on = 1, sndbuf = SOCKET_BUFFER, err;

	mutex_init(&tx->lock);
	tx->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (tx->fd < 0 || setsockopt(tx->fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) ||
	    bind(tx->fd, (struct sockaddr *)&sll, sizeof(sll))) {
		err = errno;
		packet_tx_destroy(tx);
		errno = err;
		return NULL;
	}
	if (bypass)
		setsockopt(tx->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	setsockopt(tx->fd, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf));
	return tx;
}

void packet_tx_destroy(struct packet_tx *tx)
{
	if (!tx)
		return;
	if (tx->fd >= 0)
		close(tx->fd);
	mutex_uninit(&tx->lock);
	free(tx);
}

static enum drop_reason reason(int err)
{
	switch (err) {
	case ENETDOWN:
	case ENXIO:
	case ENODEV:
		return DROP_TX_DOWN;
	case EMSGSIZE:
		return DROP_MTU_EXCEEDED;
	case ENOBUFS:
	case EAGAIN:
	case ENOMEM:
		return DROP_TX_QUEUE_FULL;
	default:
		return DROP_TX_ERROR;
	}
}

unsigned int packet_tx_send(struct packet_tx *tx, struct packet_batch *batch,
			    uint64_t drops[DROP_N_REASONS])
{
	struct virtio_net_hdr vnet[PACKET_BATCH_MAX];
	struct iovec iov[PACKET_BATCH_MAX][2];
	struct mmsghdr msgs[PACKET_BATCH_MAX];
	unsigned int n_dropped = 0, done = 0, n = batch->n;

	for (unsigned int i = 0; i < n; i++) {
		struct packet *p = batch->pkts[i];

		vnet_hdr_encode(p, &vnet[i]);
		iov[i][0] = (struct iovec){ &vnet[i], sizeof(vnet[i]) };
		iov[i][1] = (struct iovec){ p->data, p->len };
		msgs[i].msg_hdr = (struct msghdr){ .msg_iov = iov[i], .msg_iovlen = 2 };
	}
	mutex_lock(&tx->lock);
	while (done < n) {
		int sent = sendmmsg(tx->fd, msgs + done, n - done, MSG_DONTWAIT);

		if (sent > 0) {
			done += sent;
			continue;
		}
		if (sent < 0 && errno == EINTR)
			continue;
		/* The first of the rest was refused; the others may pass. */
		drops[reason(sent < 0 ? errno : EIO)]++;
		n_dropped++;
		done++;
	}
	mutex_unlock(&tx->lock);
	for (unsigned int i = 0; i < n; i++)
		packet_release(batch->pkts[i]);
	batch->n = 0;
	return n_dropped;
}
