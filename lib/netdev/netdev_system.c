// SPDX-License-Identifier: Apache-2.0
/* Type system: a device of the host (NIC, veth, somebody else's tap) through packet sockets.
 *
 * The sockets belong to a device by index.  When it goes (or has another name), a descriptor that
 * is silent takes their place; when a device of that name comes (back), new ones are opened and
 * published.  The old ones are closed after the workers are through with them.  A change of the MTU
 * that needs other slots works the same way.
 *
 * A packet socket copies: the host's own stack sees each frame as well.  A BPF program on the
 * device's ingress hook, which lies behind the packet sockets, drops them there (host_steal.c). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "netdev/host_steal.h"
#include "netdev/linux_link.h"
#include "netdev/packet_ring.h"
#include "netdev/packet_tx.h"
#include "netdev/vnet_hdr.h"

LOG_MODULE(netdev_system);

#define N_TX_QUEUES 16 /* workers beyond share them */

/* What is bound to one incarnation of the device; published by RCU. */
struct sockets {
	struct packet_ring *ring; /* NULL, as 'tx', while the device is gone */
	/* atomic; those behind the first are opened on first use */
	struct packet_tx *tx[N_TX_QUEUES];
	struct mutex tx_open_lock; /* who opens one */
	int ifindex;
	int silent_fd; /* stands for the ring then: an event that never comes */
	struct netdev_close_job job;
	struct rcu_item rcu;
};

struct netdev_system {
	struct linux_port port;
	struct sockets *sockets; /* RCU */
	struct host_steal *steal;
	int ifindex; /* that 'sockets' are bound to; 0: none */
	uint32_t has_carrier; /* atomic */
	bool must_retry; /* the device is there, and could not be opened */
};

static struct netdev_system *cast(const struct netdev *netdev)
{
	return (struct netdev_system *)netdev;
}

struct tx_close {
	struct netdev_close_job job;
	struct packet_tx *tx;
};

static void tx_close_job(struct netdev_close_job *job)
{
	struct tx_close *c = CONTAINER_OF(job, struct tx_close, job);

	packet_tx_destroy(c->tx);
	free(c);
}

/* Each close waits for a grace period of the kernel's RCU: the sockets share one, on several
 * threads. */
static void sockets_close(struct sockets *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < N_TX_QUEUES; i++) {
		struct tx_close *c;

		if (!s->tx[i])
			continue;
		c = xzalloc(sizeof(*c));
		c->job.fn = tx_close_job;
		c->tx = s->tx[i];
		netdev_closer_submit(&c->job);
	}
	packet_ring_destroy(s->ring);
	if (s->silent_fd >= 0)
		close(s->silent_fd);
	mutex_uninit(&s->tx_open_lock);
	free(s);
}

static void sockets_close_job(struct netdev_close_job *job)
{
	sockets_close(CONTAINER_OF(job, struct sockets, job));
}

static void sockets_retired(struct rcu_item *item)
{
	struct sockets *s = CONTAINER_OF(item, struct sockets, rcu);

	s->job.fn = sockets_close_job;
	netdev_closer_submit(&s->job);
}

static int sockets_fd(const struct sockets *s)
{
	return s->ring ? packet_ring_fd(s->ring) : s->silent_fd;
}

static struct sockets *sockets_alloc(void)
{
	struct sockets *s = xzalloc(sizeof(*s));

	s->silent_fd = -1;
	mutex_init(&s->tx_open_lock);
	return s;
}

/* In place of those of a device that is gone. */
static struct sockets *sockets_open_silent(void)
{
	struct sockets *s = sockets_alloc();

	s->silent_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return s;
}

static int sockets_open(const struct linux_link *link, struct sockets **sp)
{
	struct sockets *s = sockets_alloc();
	int err;

	s->ifindex = link->ifindex;
	s->ring = packet_ring_create(link->ifindex, link->mtu);
	err = s->ring ? 0 : -errno;
	if (!err) {
		s->tx[0] = packet_tx_create(link->ifindex);
		err = s->tx[0] ? 0 : -errno;
	}
	if (err) {
		sockets_close(s);
		return err;
	}
	*sp = s;
	return 0;
}

/* Unlink, wait, close: workers hold rcu_enter() while they use a socket. */
static void sockets_replace(struct netdev_system *dev, struct sockets *new_)
{
	struct sockets *old = rcu_load_locked(&dev->sockets);

	rcu_store(&dev->sockets, new_);
	netdev_rxq_set_fd(&dev->port.up, 0, sockets_fd(new_));
	rcu_defer(&old->rcu, sockets_retired);
}

/* Retries: a device that is there and could not be opened (no memory for its ring, no descriptor)
 * tells no event when it could be. */

#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 10000

static struct timer retry_timer;
static const struct netdev_class *retry_class; /* the one below */
static uint64_t retry_ms; /* the wait that is under way; 0: none */

static int open_anew(struct netdev_system *dev, const struct linux_link *link)
{
	struct sockets *s;
	int err;

	err = sockets_open(link, &s);
	if (err) {
		if (!dev->must_retry)
			log_err("%s: cannot open the device anew: %s; trying on",
				netdev_name(&dev->port.up), errno_str(err));
		dev->must_retry = true;
		return err;
	}
	if (dev->must_retry)
		log_info("%s: device is open again", netdev_name(&dev->port.up));
	dev->must_retry = false;
	if (link->ifindex != dev->ifindex) {
		host_steal_destroy(dev->steal); /* of a former device, if its end was not told */
		dev->steal = host_steal_create(linux_link_loop(), link->ifindex,
					       netdev_name(&dev->port.up));
	}
	dev->ifindex = link->ifindex;
	sockets_replace(dev, s);
	return 0;
}

static void retry_one(struct netdev *netdev, void *failed)
{
	struct netdev_system *dev = cast(netdev);
	struct linux_link link;

	if (!dev->must_retry || linux_link_query(netdev_name(netdev), &link))
		return; /* when it is gone, that is told */
	if (open_anew(dev, &link))
		*(bool *)failed = true;
	else
		netdev_changed(netdev);
}

static void retry_all(struct timer *t)
{
	bool failed = false;

	netdev_walk(retry_class, retry_one, &failed);
	retry_ms = failed ? MIN(retry_ms * 2, RETRY_MAX_MS) : 0;
	if (failed)
		timer_set_in(t, retry_ms);
}

static void retry_later(const struct netdev_system *dev)
{
	struct loop *loop = linux_link_loop();

	retry_class = dev->port.up.class;
	if (retry_timer.loop != loop)
		timer_init(&retry_timer, loop, retry_all);
	if (timer_is_set(&retry_timer))
		return;
	retry_ms = RETRY_MIN_MS;
	timer_set_in(&retry_timer, retry_ms);
}

static void link_changed(struct linux_port *port, const struct linux_link *link)
{
	struct netdev_system *dev = CONTAINER_OF(port, struct netdev_system, port);

	__atomic_store_n(&dev->has_carrier, link && link->carrier, __ATOMIC_RELAXED);
	if (!link) {
		dev->ifindex = 0;
		dev->must_retry = false;
		sockets_replace(dev, sockets_open_silent());
		host_steal_destroy(dev->steal);
		dev->steal = NULL;
		return;
	}
	if (link->ifindex == dev->ifindex &&
	    packet_ring_fits(rcu_load_locked(&dev->sockets)->ring, link->mtu))
		return;
	if (open_anew(dev, link))
		retry_later(dev);
}

/* Preparing: a ring waits for a grace period of the kernel's RCU when it is set up, some 10 ms.
 * The ports of one change are opened on several threads, so that they wait once. */

struct prepared {
	struct netdev_close_job job;
	struct cds_list_head node; /* in 'prepared' */
	struct linux_link link;
	struct sockets *sockets; /* NULL: could not be opened, construct() will find out why */
};

static CDS_LIST_HEAD(prepared); /* main thread, while no job runs */

static struct mutex prepare_lock = MUTEX_INIT;
static struct cond prepare_done; /* 'n_prepare_jobs' is 0; initialised by the first prepare() */
static unsigned int n_prepare_jobs; /* under 'prepare_lock': not run yet */

static void prepare_job(struct netdev_close_job *job)
{
	struct prepared *p = CONTAINER_OF(job, struct prepared, job);

	if (sockets_open(&p->link, &p->sockets))
		p->sockets = NULL;
	mutex_lock(&prepare_lock);
	if (!--n_prepare_jobs)
		cond_signal(&prepare_done);
	mutex_unlock(&prepare_lock);
}

static void prepare_submit(struct prepared *p)
{
	static bool is_init;

	if (!is_init) {
		is_init = true;
		cond_init(&prepare_done);
	}
	p->job.fn = prepare_job;
	cds_list_add_tail(&p->node, &prepared);
	mutex_lock(&prepare_lock);
	n_prepare_jobs++;
	mutex_unlock(&prepare_lock);
	netdev_closer_submit(&p->job);
}

/* Not for the other jobs of the closers, of which there may be many. */
static void prepare_wait(void)
{
	mutex_lock(&prepare_lock);
	while (n_prepare_jobs)
		cond_wait(&prepare_done, &prepare_lock);
	mutex_unlock(&prepare_lock);
}

static void prepare(const char *const *names, size_t n)
{
	struct prepared *p, *next;

	/* What the last call prepared and nobody took. */
	cds_list_for_each_entry_safe(p, next, &prepared, node) {
		cds_list_del(&p->node);
		sockets_close(p->sockets);
		free(p);
	}
	for (size_t i = 0; i < n; i++) {
		p = xzalloc(sizeof(*p));
		if (linux_link_query(names[i], &p->link)) {
			free(p);
			continue;
		}
		prepare_submit(p);
	}
	prepare_wait();
}

/* The sockets that were prepared for this device, if any; the caller owns them. */
static struct sockets *take_prepared(const struct linux_link *link)
{
	struct prepared *p;

	cds_list_for_each_entry(p, &prepared, node) {
		struct sockets *s = p->sockets;

		if (p->link.ifindex != link->ifindex || p->link.mtu != link->mtu)
			continue;
		cds_list_del(&p->node);
		free(p);
		return s;
	}
	return NULL;
}

static char *construct(struct netdev *netdev)
{
	struct netdev_system *dev = cast(netdev);
	struct linux_link link;
	struct sockets *s = NULL;
	int err;

	err = linux_link_query(netdev->name, &link);
	if (!err)
		s = take_prepared(&link);
	if (!err && !s)
		err = sockets_open(&link, &s);
	if (err)
		return xstrdup(strerror(-err));
	dev->port.link_changed = link_changed;
	dev->ifindex = link.ifindex;
	dev->has_carrier = link.carrier;
	dev->sockets = s;
	dev->steal = host_steal_create(linux_link_loop(), link.ifindex, netdev->name);
	linux_port_update(&dev->port, &link);
	netdev->n_rxqs = 1;
	netdev->tx_offloads = NETDEV_TX_CSUM | NETDEV_TX_TSO4 | NETDEV_TX_TSO6 | NETDEV_TX_UFO |
			      (vnet_hdr_has_uso() ? NETDEV_TX_USO : 0);
	return NULL;
}

static void destruct(struct netdev *netdev)
{
	struct netdev_system *dev = cast(netdev);

	linux_port_uninit(&dev->port);
	host_steal_destroy(dev->steal);
	sockets_close(rcu_load_locked(&dev->sockets));
}

static int get_stats(const struct netdev *netdev, struct netdev_stats *stats)
{
	struct netdev_system *dev = cast(netdev);
	struct sockets *s = rcu_load_locked(&dev->sockets);

	if (s->ring)
		dev->port.n_ring_drops += packet_ring_take_drops(s->ring);
	return linux_port_get_stats(netdev, stats);
}

static struct netdev_rxq *rxq_open(struct netdev *netdev, unsigned int queue)
{
	struct netdev_rxq *rxq = xzalloc(sizeof(*rxq));

	(void)queue;
	rxq->fd = sockets_fd(rcu_load_locked(&cast(netdev)->sockets));
	return rxq;
}

static void rxq_close(struct netdev_rxq *rxq)
{
	free(rxq);
}

static int rxq_recv(struct netdev_rxq *rxq, struct packet_batch *batch)
{
	struct sockets *s = rcu_load(&cast(rxq->netdev)->sockets);

	return s->ring ? packet_ring_recv(s->ring, rxq, batch) : -ENODEV;
}

/* One more socket costs its share of the kernel's RCU waits at the end: not before it is needed. */
static struct packet_tx *get_tx(struct sockets *s, unsigned int i)
{
	struct packet_tx *tx = __atomic_load_n(&s->tx[i], __ATOMIC_ACQUIRE);

	if (likely(tx))
		return tx;
	mutex_lock(&s->tx_open_lock);
	tx = __atomic_load_n(&s->tx[i], __ATOMIC_RELAXED);
	if (!tx) {
		tx = packet_tx_create(s->ifindex);
		__atomic_store_n(&s->tx[i], tx, __ATOMIC_RELEASE);
	}
	mutex_unlock(&s->tx_open_lock);
	return tx ? tx : s->tx[0];
}

static unsigned int send_batch(struct netdev *netdev, unsigned int queue,
			       struct packet_batch *batch, uint64_t drops[DROP_N_REASONS])
{
	struct netdev_system *dev = cast(netdev);
	struct sockets *s = rcu_load(&dev->sockets);
	unsigned int n = batch->n;

	/* Without a carrier the kernel would take the frames, and lose them in silence. */
	if (likely(s->ring && __atomic_load_n(&dev->has_carrier, __ATOMIC_RELAXED)))
		return packet_tx_send(get_tx(s, queue % N_TX_QUEUES), batch, drops);
	for (unsigned int i = 0; i < n; i++)
		packet_release(batch->pkts[i]);
	batch->n = 0;
	drops[DROP_TX_DOWN] += n;
	return n;
}

const struct netdev_class netdev_system_class = {
	.type = "system",
	.size = sizeof(struct netdev_system),
	.init = linux_link_init,
	.uninit = linux_link_uninit,
	.needs_system = true,
	.prepare = prepare,
	.construct = construct,
	.destruct = destruct,
	.format_status = linux_port_format_status,
	.get_stats = get_stats,
	.set_mtu = linux_port_set_mtu,
	.set_mac = linux_port_set_mac,
	.set_admin_up = linux_port_set_admin_up,
	.rxq_open = rxq_open,
	.rxq_close = rxq_close,
	.rxq_recv = rxq_recv,
	.send = send_batch,
};
