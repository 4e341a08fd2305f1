// SPDX-License-Identifier: Apache-2.0
/* Types tap and internal: a tap of our own (the kernel's tuntap), with virtio headers and all
 * offloads, so that the host's frames come and go unsegmented and without checksums.
 *
 * The device persists: after a crash or a restart it is found again by name, with its addresses and
 * routes; it is removed with the port, or by exit --cleanup.  It may be moved to another network
 * namespace, or renamed: the descriptor goes on working, only its status is unknown.  If somebody
 * deletes it, it is made anew. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "netdev/large_packet.h"
#include "netdev/linux_link.h"
#include "netdev/vnet_hdr.h"

LOG_MODULE(netdev_tap);

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

#define HEADROOM 128
#define SMALL_ROOM 2048 /* octets of an ordinary frame */

/* What is bound to one incarnation of the device. */
struct tap_file {
	int fd;
	struct rcu_item rcu;
};

struct netdev_tap {
	struct linux_port port;
	struct tap_file *file; /* RCU */
	struct mutex tx_lock; /* one writer at a time keeps a flow's frames in order */
};

/* An ordinary frame is read into one of these, which its release() gives back. */
struct pooled {
	struct packet p;
	bool busy; /* atomic */
	uint8_t room[HEADROOM + SMALL_ROOM];
};

/* A worker reads all its taps into the same memory: one batch is through when the next is read. */
struct pool {
	unsigned int next;
	struct packet *large; /* what does not fit goes on here; NULL until it is needed */
	struct pooled packets[PACKET_BATCH_MAX];
};

static __thread struct pool *thread_pool; /* NULL until this thread first reads */
static pthread_key_t pool_key; /* frees it when the thread ends */
static pthread_once_t pool_once = PTHREAD_ONCE_INIT;

static struct netdev_tap *cast(const struct netdev *netdev)
{
	return (struct netdev_tap *)netdev;
}

static int open_tap(const char *name, int *fdp)
{
	unsigned int offloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	strlcpy_(ifr.ifr_name, name, sizeof(ifr.ifr_name));
	if (vnet_hdr_has_uso())
		offloads |= TUN_F_USO4 | TUN_F_USO6;
	if (ioctl(fd, TUNSETIFF, &ifr) || ioctl(fd, TUNSETOFFLOAD, offloads) ||
	    ioctl(fd, TUNSETPERSIST, 1)) {
		int err = errno;

		close(fd);
		return -err;
	}
	*fdp = fd;
	return 0;
}

static struct tap_file *file_create(int fd)
{
	struct tap_file *file = xzalloc(sizeof(*file));

	file->fd = fd;
	return file;
}

static void file_retired(struct rcu_item *item)
{
	struct tap_file *file = CONTAINER_OF(item, struct tap_file, rcu);

	close(file->fd);
	free(file);
}

/* Makes a device anew that somebody deleted. */
static void recreate(struct netdev_tap *dev)
{
	const char *name = netdev_name(&dev->port.up);
	struct tap_file *old = rcu_load_locked(&dev->file);
	struct linux_link link;
	int fd, err;

	err = open_tap(name, &fd);
	if (err) {
		log_err("%s: somebody deleted the device, and it cannot be made anew: %s", name,
			errno_str(err));
		return;
	}
	log_warn("%s: somebody deleted the device; it was made anew, without its addresses", name);
	rcu_store(&dev->file, file_create(fd));
	rcu_defer(&old->rcu, file_retired);
	netdev_rxq_set_fd(&dev->port.up, 0, fd);
	if (!linux_link_query(name, &link))
		linux_port_update(&dev->port, &link);
}

static void link_changed(struct linux_port *port, const struct linux_link *link)
{
	struct netdev_tap *dev = CONTAINER_OF(port, struct netdev_tap, port);
	struct ifreq ifr = { 0 };

	if (link)
		return;
	if (ioctl(rcu_load_locked(&dev->file)->fd, TUNGETIFF, &ifr))
		recreate(dev);
	else if (streq(ifr.ifr_name, netdev_name(&port->up)))
		log_info("%s: device was moved to another network namespace", ifr.ifr_name);
	else
		log_warn("%s: device has another name now: %s", netdev_name(&port->up),
			 ifr.ifr_name);
}

/* Why a tap of that name is not to be had. */
static char *explain(const char *name, int err)
{
	struct linux_link link;

	if (err == -EINVAL && !linux_link_query(name, &link))
		return xstrdup("there is a device of that name that is no tap");
	if (err == -EBUSY)
		return xstrdup("another process holds the tap of that name");
	return xstrdup(strerror(-err));
}

static char *construct(struct netdev *netdev)
{
	struct netdev_tap *dev = cast(netdev);
	struct linux_link link;
	int fd, err;

	if (strlen(netdev->name) >= IFNAMSIZ)
		return xstrdup(strerror(ENAMETOOLONG));
	err = open_tap(netdev->name, &fd);
	if (err)
		return explain(netdev->name, err);
	err = linux_link_query(netdev->name, &link);
	if (err) {
		ioctl(fd, TUNSETPERSIST, 0);
		close(fd);
		return xstrdup(strerror(-err));
	}
	dev->file = file_create(fd);
	mutex_init(&dev->tx_lock);
	dev->port.link_changed = link_changed;
	dev->port.stats_are_swapped = true;
	linux_port_update(&dev->port, &link);
	netdev->n_rxqs = 1;
	netdev->tx_offloads = NETDEV_TX_CSUM | NETDEV_TX_TSO4 | NETDEV_TX_TSO6 | NETDEV_TX_UFO |
			      (vnet_hdr_has_uso() ? NETDEV_TX_USO : 0);
	return NULL;
}

static void destruct(struct netdev *netdev)
{
	struct netdev_tap *dev = cast(netdev);

	linux_port_uninit(&dev->port);
	if (!netdev->keep)
		ioctl(dev->file->fd, TUNSETPERSIST, 0); /* the device goes with the descriptor */
	file_retired(&dev->file->rcu); /* nobody is left who could read it */
	mutex_uninit(&dev->tx_lock);
}

static struct netdev_rxq *rxq_open(struct netdev *netdev, unsigned int queue)
{
	struct netdev_rxq *rxq = xzalloc(sizeof(*rxq));

	(void)queue;
	rxq->fd = rcu_load_locked(&cast(netdev)->file)->fd;
	return rxq;
}

static void rxq_close(struct netdev_rxq *rxq)
{
	free(rxq);
}

static void pool_free(void *pool_)
{
	struct pool *pool = pool_;

	packet_release(pool->large);
	free(pool);
	thread_pool = NULL;
}

static void pool_init_once(void)
{
	pthread_key_create(&pool_key, pool_free);
}

static struct pool *pool_get(void)
{
	if (unlikely(!thread_pool)) {
		pthread_once(&pool_once, pool_init_once);
		thread_pool = xzalloc(sizeof(*thread_pool));
		pthread_setspecific(pool_key, thread_pool);
	}
	return thread_pool;
}

static void pooled_release(struct packet *p)
{
	__atomic_store_n(&CONTAINER_OF(p, struct pooled, p)->busy, false, __ATOMIC_RELEASE);
}

/* Reads one frame, into a packet of the pool, and on into the large one, which a frame that needs
 * it then takes.  NULL with 0 (dropped, counted) or -errno in '*err'. */
static struct packet *read_one(struct netdev_rxq *rxq, struct pool *pool, int fd, int *err)
{
	struct pooled *pooled = &pool->packets[pool->next];
	size_t room = __atomic_load_n(&pooled->busy, __ATOMIC_ACQUIRE) ? 0 : SMALL_ROOM;
	struct virtio_net_hdr vnet;
	struct iovec iov[3] = { { &vnet, sizeof(vnet) }, { pooled->room + HEADROOM, room } };
	struct packet *p;
	ssize_t n;

	if (!pool->large)
		pool->large = large_packet_create(LARGE_PACKET_MAX);
	if (!pool->large) {
		*err = -ENOMEM;
		return NULL;
	}
	iov[2] = (struct iovec){ pool->large->data + room, LARGE_PACKET_MAX - room };
	n = readv(fd, iov, 3);
	if (n < (ssize_t)sizeof(vnet)) {
		*err = n < 0 ? -errno : -EIO;
		return NULL;
	}
	n -= sizeof(vnet);
	*err = 0;
	if ((size_t)n <= room) {
		pool->next = (pool->next + 1) % ARRAY_SIZE(pool->packets);
		p = &pooled->p;
		packet_init(p, pooled->room, sizeof(pooled->room), HEADROOM, n, pooled_release);
		__atomic_store_n(&pooled->busy, true, __ATOMIC_RELAXED);
	} else {
		p = pool->large;
		pool->large = NULL;
		memcpy(p->data, pooled->room + HEADROOM, room);
		p->len = n;
	}
	if (vnet_hdr_decode(&vnet, p)) {
		packet_release(p);
		netdev_rxq_drop(rxq, DROP_BAD_OFFLOAD, 1);
		return NULL;
	}
	return p;
}

static int rxq_recv(struct netdev_rxq *rxq, struct packet_batch *batch)
{
	int fd = rcu_load(&cast(rxq->netdev)->file)->fd, err = 0;
	struct pool *pool = pool_get();

	batch->n = 0;
	pool->next = 0; /* the last batch is through: the same, warm memory again */
	while (batch->n < PACKET_BATCH_MAX) {
		struct packet *p = read_one(rxq, pool, fd, &err);

		if (p)
			batch->pkts[batch->n++] = p;
		else if (err)
			break;
	}
	if (batch->n)
		return batch->n;
	/* EIO: the device is down.  All else is for ever: somebody deleted it. */
	return err == -EAGAIN || err == -EIO || err == -EINTR || err == -ENOMEM ? -EAGAIN : -ENODEV;
}

static enum drop_reason reason(int err)
{
	switch (err) {
	case EIO: /* administratively down */
	case EBADFD:
		return DROP_TX_DOWN;
	case EAGAIN:
	case ENOBUFS:
	case ENOMEM:
		return DROP_TX_QUEUE_FULL;
	case EMSGSIZE:
		return DROP_MTU_EXCEEDED;
	default:
		return DROP_TX_ERROR;
	}
}

static unsigned int send_batch(struct netdev *netdev, unsigned int queue,
			       struct packet_batch *batch, uint64_t drops[DROP_N_REASONS])
{
	struct netdev_tap *dev = cast(netdev);
	int fd = rcu_load(&dev->file)->fd;
	unsigned int n_dropped = 0;

	(void)queue;
	mutex_lock(&dev->tx_lock);
	for (unsigned int i = 0; i < batch->n; i++) {
		struct packet *p = batch->pkts[i];
		struct virtio_net_hdr vnet;
		struct iovec iov[] = { { &vnet, sizeof(vnet) }, { p->data, p->len } };

		vnet_hdr_encode(p, &vnet);
		while (writev(fd, iov, 2) < 0) {
			if (errno == EINTR)
				continue;
			drops[reason(errno)]++;
			n_dropped++;
			break;
		}
	}
	mutex_unlock(&dev->tx_lock);
	for (unsigned int i = 0; i < batch->n; i++)
		packet_release(batch->pkts[i]);
	batch->n = 0;
	return n_dropped;
}

#define TAP_OPERATIONS                                                                             \
	.size = sizeof(struct netdev_tap), .init = linux_link_init, .uninit = linux_link_uninit,   \
	.needs_system = true, .construct = construct, .destruct = destruct,                        \
	.format_status = linux_port_format_status, .get_stats = linux_port_get_stats,              \
	.set_mtu = linux_port_set_mtu, .set_mac = linux_port_set_mac,                              \
	.set_admin_up = linux_port_set_admin_up, .rxq_open = rxq_open, .rxq_close = rxq_close,     \
	.rxq_recv = rxq_recv, .send = send_batch

const struct netdev_class netdev_tap_class = { .type = "tap",
					       .uses = NETDEV_FOR_ALL,
					       TAP_OPERATIONS };
const struct netdev_class netdev_internal_class = { .type = "internal", TAP_OPERATIONS };
