// SPDX-License-Identifier: Apache-2.0
/* Types afxdp and afxdp-nonpmd: a device of the host through AF_XDP sockets, one for each of its
 * receive queues.
 *
 * A socket has a memory of chunks (umem), half of them for receiving: a received frame is used
 * where it lies and its chunk goes back to the fill ring when the packet was released; the other
 * half for sending, into which frames are copied, since they come from another port's memory.  A
 * BPF program of a few instructions on the device's XDP hook hands each queue's frames to its
 * socket; it is attached by a link and goes with the process.
 *
 * No offloads: checksums are completed and GSO frames segmented before they come here.  What a
 * sender on the same host left for its device to do (partial checksums of a veth's far end) is not
 * marked in what we receive, so it has to do without: ethtool -K DEVICE tx off.
 *
 * The kernel lets one socket at a time have a queue, so that a change of options closes first and
 * opens then. */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <xdp/xsk.h>

#include "base/log.h"
#include "base/util.h"
#include "netdev/linux_link.h"

LOG_MODULE(netdev_afxdp);

#define MAX_QUEUES 16
#define N_CHUNKS 2048 /* for each direction of a queue; a power of two, as rings are */
#define SMALL_CHUNK 2048
#define LARGE_CHUNK 4096
#define KERNEL_HEADROOM 256 /* in front of a received frame */
#define BUSY_TRIES 100
#define BUSY_WAIT_US 2000
#define TX_KICKS 8 /* the kernel sends some 32 frames for each */

/* From the best to what works everywhere. */
enum mode { MODE_ZEROCOPY, MODE_NATIVE, MODE_GENERIC, N_MODES };
static const struct mode_row {
	const char *name;
	uint32_t xdp_flags;
	uint16_t bind_flags;
} modes[N_MODES] = {
	[MODE_ZEROCOPY] = { "native-with-zerocopy", XDP_FLAGS_DRV_MODE, XDP_ZEROCOPY },
	[MODE_NATIVE] = { "native", XDP_FLAGS_DRV_MODE, XDP_COPY },
	[MODE_GENERIC] = { "generic", XDP_FLAGS_SKB_MODE, XDP_COPY },
};
#define BEST_EFFORT "best-effort"

/* A frame in its chunk of the receiving half. */
struct chunk_packet {
	struct packet p;
	uint64_t addr;
	bool is_out; /* the worker's: 'addr' is to be given back */
	bool busy; /* atomic: not released yet */
};

struct xdp_queue {
	struct xsk_umem *umem;
	uint8_t *area;
	size_t area_size;
	uint32_t chunk_size;
	struct xsk_socket *xsk;
	/* The receiving worker's. */
	struct xsk_ring_prod fill;
	struct xsk_ring_cons rx;
	struct chunk_packet packets[PACKET_BATCH_MAX];
	/* Senders'. */
	struct mutex tx_lock;
	struct xsk_ring_prod tx GUARDED;
	struct xsk_ring_cons done GUARDED;
	uint64_t tx_free[N_CHUNKS] GUARDED;
	unsigned int n_tx_free GUARDED;
};

/* All that is bound to one incarnation of the device; published by RCU. */
struct xdp_sockets {
	unsigned int n_queues; /* 0: the device is gone, or nothing is open yet */
	struct xdp_queue *queues[MAX_QUEUES];
	int silent_fd; /* stands for the queues then */
	int map_fd, prog_fd, link_fd;
	enum mode mode;
	struct netdev_close_job job;
	struct rcu_item rcu;
};

struct netdev_afxdp {
	struct linux_port port;
	struct xdp_sockets *sockets; /* RCU */
	int ifindex; /* that they are bound to */
	uint32_t mtu;
	bool is_up; /* atomic, relaxed */
	/* Options. */
	int wanted_mode; /* enum mode, or N_MODES: the best that works */
	unsigned int n_wanted;
};

static struct netdev_afxdp *cast(const struct netdev *netdev)
{
	return (struct netdev_afxdp *)netdev;
}

/* ---- One queue ---- */

static void queue_destroy(struct xdp_queue *q)
{
	if (!q)
		return;
	xsk_socket__delete(q->xsk);
	if (q->umem)
		xsk_umem__delete(q->umem);
	if (q->area)
		munmap(q->area, q->area_size);
	mutex_uninit(&q->tx_lock);
	free(q);
}

static void queue_fill_all(struct xdp_queue *q)
{
	uint32_t idx;

	if (xsk_ring_prod__reserve(&q->fill, N_CHUNKS, &idx) != N_CHUNKS)
		return;
	for (uint32_t i = 0; i < N_CHUNKS; i++)
		*xsk_ring_prod__fill_addr(&q->fill, idx + i) = (uint64_t)i * q->chunk_size;
	xsk_ring_prod__submit(&q->fill, N_CHUNKS);
}

static int queue_create(const char *device, unsigned int n, uint32_t mtu, enum mode mode,
			struct xdp_queue **qp)
{
	struct xsk_umem_config umem_config = { .fill_size = N_CHUNKS, .comp_size = N_CHUNKS };
	struct xsk_socket_config config = { .rx_size = N_CHUNKS,
					    .tx_size = N_CHUNKS,
					    .libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
					    .xdp_flags = modes[mode].xdp_flags,
					    .bind_flags = modes[mode].bind_flags |
							  XDP_USE_NEED_WAKEUP };
	struct xdp_queue *q = xzalloc(sizeof(*q));
	int err;

	mutex_init(&q->tx_lock);
	q->chunk_size = mtu + 14 + 8 + KERNEL_HEADROOM <= SMALL_CHUNK ? SMALL_CHUNK : LARGE_CHUNK;
	umem_config.frame_size = q->chunk_size;
	q->area_size = 2ULL * N_CHUNKS * q->chunk_size;
	q->area = mmap(NULL, q->area_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);
	if (q->area == MAP_FAILED) {
		q->area = NULL;
		err = -errno;
		goto fail;
	}
	err = xsk_umem__create(&q->umem, q->area, q->area_size, &q->fill, &q->done, &umem_config);
	if (err)
		goto fail;
	/* The kernel gives up the queue of a closed socket when it has time. */
	for (int i = 0; i < BUSY_TRIES; i++) {
		err = xsk_socket__create(&q->xsk, device, n, q->umem, &q->rx, &q->tx, &config);
		if (err != -EBUSY)
			break;
		usleep(BUSY_WAIT_US);
	}
	if (err)
		goto fail;
	queue_fill_all(q);
	for (unsigned int i = 0; i < N_CHUNKS; i++)
		q->tx_free[q->n_tx_free++] = (uint64_t)(N_CHUNKS + i) * q->chunk_size;
	*qp = q;
	return 0;
fail:
	queue_destroy(q);
	return err;
}

/* Chunks whose packets were released go back to the kernel. */
static void queue_refill(struct xdp_queue *q)
{
	for (unsigned int i = 0; i < PACKET_BATCH_MAX; i++) {
		struct chunk_packet *cp = &q->packets[i];
		uint32_t idx;

		if (!cp->is_out || __atomic_load_n(&cp->busy, __ATOMIC_ACQUIRE))
			continue;
		/* The ring has room for all chunks. */
		if (xsk_ring_prod__reserve(&q->fill, 1, &idx) != 1)
			break;
		*xsk_ring_prod__fill_addr(&q->fill, idx) = cp->addr;
		xsk_ring_prod__submit(&q->fill, 1);
		cp->is_out = false;
	}
	if (xsk_ring_prod__needs_wakeup(&q->fill))
		recvfrom(xsk_socket__fd(q->xsk), NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

static void chunk_release(struct packet *p)
{
	__atomic_store_n(&CONTAINER_OF(p, struct chunk_packet, p)->busy, false, __ATOMIC_RELEASE);
}

static int queue_recv(struct xdp_queue *q, struct packet_batch *batch)
{
	uint32_t idx = 0, n, n_free = 0;
	uint8_t free_packets[PACKET_BATCH_MAX];

	batch->n = 0;
	queue_refill(q);
	for (unsigned int i = 0; i < PACKET_BATCH_MAX; i++) {
		if (!q->packets[i].is_out)
			free_packets[n_free++] = i;
	}
	/* Somebody keeps all of them: they wait in the ring. */
	n = n_free ? xsk_ring_cons__peek(&q->rx, n_free, &idx) : 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&q->rx, idx + i);
		struct chunk_packet *cp = &q->packets[free_packets[i]];
		uint64_t start = desc->addr & ~(uint64_t)(q->chunk_size - 1);

		packet_init(&cp->p, q->area + start, q->chunk_size, desc->addr - start, desc->len,
			    chunk_release);
		cp->addr = start;
		cp->is_out = true;
		__atomic_store_n(&cp->busy, true, __ATOMIC_RELAXED);
		batch->pkts[batch->n++] = &cp->p;
	}
	if (!n)
		return -EAGAIN;
	xsk_ring_cons__release(&q->rx, n);
	return batch->n;
}

static void queue_reap(struct xdp_queue *q) REQUIRES(q->tx_lock)
{
	uint32_t idx, n = xsk_ring_cons__peek(&q->done, N_CHUNKS, &idx);

	for (uint32_t i = 0; i < n; i++)
		q->tx_free[q->n_tx_free++] = *xsk_ring_cons__comp_addr(&q->done, idx + i);
	if (n)
		xsk_ring_cons__release(&q->done, n);
}

static void queue_kick(struct xdp_queue *q) REQUIRES(q->tx_lock)
{
	for (int i = 0; i < TX_KICKS && xsk_ring_prod__needs_wakeup(&q->tx); i++) {
		if (sendto(xsk_socket__fd(q->xsk), NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0 ||
		    (errno != EAGAIN && errno != EBUSY))
			break;
	}
}

static unsigned int queue_send(struct xdp_queue *q, struct packet_batch *batch,
			       uint64_t drops[DROP_N_REASONS])
{
	unsigned int n_dropped = 0, n_queued = 0;
	uint32_t idx;

	mutex_lock(&q->tx_lock);
	queue_reap(q);
	for (unsigned int i = 0; i < batch->n; i++) {
		struct packet *p = batch->pkts[i];
		struct xdp_desc *desc;

		if (p->len > q->chunk_size || p->len < 14) {
			drops[p->len < 14 ? DROP_TX_ERROR : DROP_MTU_EXCEEDED]++;
			n_dropped++;
			continue;
		}
		if (!q->n_tx_free || xsk_ring_prod__reserve(&q->tx, 1, &idx) != 1) {
			drops[DROP_TX_QUEUE_FULL]++;
			n_dropped++;
			continue;
		}
		desc = xsk_ring_prod__tx_desc(&q->tx, idx);
		desc->addr = q->tx_free[--q->n_tx_free];
		desc->len = p->len;
		desc->options = 0;
		memcpy(q->area + desc->addr, p->data, p->len);
		n_queued++;
	}
	if (n_queued)
		xsk_ring_prod__submit(&q->tx, n_queued);
	queue_kick(q);
	mutex_unlock(&q->tx_lock);
	return n_dropped;
}

/* ---- The sockets of a device ---- */

static void sockets_close(struct xdp_sockets *s)
{
	if (!s)
		return;
	if (s->link_fd >= 0) {
		bpf_link_detach(s->link_fd); /* at once; close() does it when the kernel has time */
		close(s->link_fd);
	}
	for (unsigned int i = 0; i < MAX_QUEUES; i++)
		queue_destroy(s->queues[i]);
	if (s->prog_fd >= 0)
		close(s->prog_fd);
	if (s->map_fd >= 0)
		close(s->map_fd);
	if (s->silent_fd >= 0)
		close(s->silent_fd);
	free(s);
}

static struct xdp_sockets *sockets_alloc(void)
{
	struct xdp_sockets *s = xzalloc(sizeof(*s));

	s->map_fd = s->prog_fd = s->link_fd = s->silent_fd = -1;
	return s;
}

static struct xdp_sockets *sockets_open_silent(void)
{
	struct xdp_sockets *s = sockets_alloc();

	s->silent_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return s;
}

/* return bpf_redirect_map(&map, ctx->rx_queue_index, XDP_PASS) */
static int load_program(int map_fd)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W,
		  .dst_reg = BPF_REG_2,
		  .src_reg = BPF_REG_1,
		  .off = offsetof(struct xdp_md, rx_queue_index) },
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map_fd },
		{ .imm = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "ovs_afxdp", "Dual BSD/GPL", insns,
			       ARRAY_SIZE(insns), NULL);

	return fd < 0 ? -errno : fd;
}

static int attach_program(int prog_fd, int ifindex, enum mode mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = modes[mode].xdp_flags);
	int fd = bpf_link_create(prog_fd, ifindex, BPF_XDP, &opts);

	return fd < 0 ? -errno : fd;
}

/* Opens all in one mode.  NULL, or a sentence. */
static char *sockets_open_mode(const char *device, int ifindex, uint32_t mtu, unsigned int n,
			       enum mode mode, struct xdp_sockets **sp)
{
	struct xdp_sockets *s = sockets_alloc();
	char *err = NULL;
	int e;

	s->mode = mode;
	s->map_fd = bpf_map_create(BPF_MAP_TYPE_XSKMAP, "ovs_afxdp", 4, 4, MAX_QUEUES, NULL);
	if (s->map_fd < 0) {
		err = xasprintf("no map of AF_XDP sockets: %s", errno_str(errno));
		goto fail;
	}
	s->prog_fd = load_program(s->map_fd);
	if (s->prog_fd < 0) {
		err = xasprintf("the kernel refuses the XDP program: %s", errno_str(s->prog_fd));
		goto fail;
	}
	s->link_fd = attach_program(s->prog_fd, ifindex, mode);
	if (s->link_fd < 0) {
		err = xasprintf("xdp-mode %s: the device takes no XDP program: %s",
				modes[mode].name, errno_str(s->link_fd));
		goto fail;
	}
	for (unsigned int i = 0; i < n; i++) {
		int fd;

		e = queue_create(device, i, mtu, mode, &s->queues[i]);
		if (e) {
			err = xasprintf("xdp-mode %s: no AF_XDP socket for queue %u: %s",
					modes[mode].name, i, errno_str(e));
			goto fail;
		}
		fd = xsk_socket__fd(s->queues[i]->xsk);
		if (bpf_map_update_elem(s->map_fd, &i, &fd, 0)) {
			err = xasprintf("xdp-mode %s: queue %u: %s", modes[mode].name, i,
					errno_str(errno));
			goto fail;
		}
		s->n_queues++;
	}
	*sp = s;
	return NULL;
fail:
	sockets_close(s);
	return err;
}

static char *sockets_open(const struct netdev_afxdp *dev, const char *device, int ifindex,
			  uint32_t mtu, struct xdp_sockets **sp)
{
	char *err = NULL;

	for (int mode = 0; mode < N_MODES; mode++) {
		if (dev->wanted_mode != N_MODES && dev->wanted_mode != mode)
			continue;
		free(err);
		err = sockets_open_mode(device, ifindex, mtu, dev->n_wanted, mode, sp);
		if (!err)
			break;
		log_dbg("%s: %s", device, err);
	}
	return err;
}

static void sockets_close_job(struct netdev_close_job *job)
{
	sockets_close(CONTAINER_OF(job, struct xdp_sockets, job));
}

static void sockets_retired(struct rcu_item *item)
{
	struct xdp_sockets *s = CONTAINER_OF(item, struct xdp_sockets, rcu);

	s->job.fn = sockets_close_job;
	netdev_closer_submit(&s->job);
}

static int sockets_fd(const struct xdp_sockets *s, unsigned int queue)
{
	return queue < s->n_queues ? xsk_socket__fd(s->queues[queue]->xsk) : s->silent_fd;
}

/* Publishes 'new_' and returns the old ones, which workers may still have. */
static struct xdp_sockets *sockets_replace(struct netdev_afxdp *dev, struct xdp_sockets *new_)
{
	struct xdp_sockets *old = rcu_load_locked(&dev->sockets);

	rcu_store(&dev->sockets, new_);
	for (unsigned int i = 0; i < MAX_QUEUES; i++)
		netdev_rxq_set_fd(&dev->port.up, i, sockets_fd(new_, i));
	return old;
}

/* Closes what is open, waits, and opens what is wanted.  NULL, or a sentence: then nothing is
 * open. */
static char *reopen(struct netdev_afxdp *dev, int ifindex, uint32_t mtu)
{
	struct xdp_sockets *s = NULL;
	char *err;

	if (rcu_load_locked(&dev->sockets)->n_queues) {
		struct xdp_sockets *old = sockets_replace(dev, sockets_open_silent());

		rcu_synchronize(); /* no worker has a queue any more: another socket may have it */
		sockets_close(old);
	}
	dev->ifindex = 0;
	err = sockets_open(dev, netdev_name(&dev->port.up), ifindex, mtu, &s);
	if (err)
		return err;
	rcu_defer(&sockets_replace(dev, s)->rcu, sockets_retired);
	dev->ifindex = ifindex;
	dev->mtu = mtu;
	dev->port.up.n_rxqs = s->n_queues;
	log_info("%s: %u AF_XDP sockets, xdp-mode %s", netdev_name(&dev->port.up), s->n_queues,
		 modes[s->mode].name);
	return NULL;
}

/* ---- Operations ---- */

static void link_changed(struct linux_port *port, const struct linux_link *link)
{
	struct netdev_afxdp *dev = CONTAINER_OF(port, struct netdev_afxdp, port);
	char *err;

	__atomic_store_n(&dev->is_up, port->up.status.flags & NETDEV_UP, __ATOMIC_RELAXED);
	if (!link) {
		dev->ifindex = 0;
		rcu_defer(&sockets_replace(dev, sockets_open_silent())->rcu, sockets_retired);
		return;
	}
	if (link->ifindex == dev->ifindex && link->mtu == dev->mtu)
		return;
	err = reopen(dev, link->ifindex, link->mtu);
	if (err) {
		log_err("%s: %s", netdev_name(&port->up), err);
		free(err);
	}
}

static char *construct(struct netdev *netdev)
{
	struct netdev_afxdp *dev = cast(netdev);
	struct linux_link link;
	char *why;
	int err = linux_link_query(netdev->name, &link);

	if (err)
		return xstrdup(strerror(-err));
	dev->port.link_changed = link_changed;
	dev->wanted_mode = N_MODES;
	dev->n_wanted = 1;
	rcu_store(&dev->sockets, sockets_open_silent());
	linux_port_update(&dev->port, &link);
	dev->is_up = link.flags & IFF_UP;
	why = reopen(dev, link.ifindex, link.mtu);
	if (why) {
		linux_port_uninit(&dev->port);
		sockets_close(dev->sockets);
	}
	return why;
}

static void destruct(struct netdev *netdev)
{
	struct netdev_afxdp *dev = cast(netdev);

	linux_port_uninit(&dev->port);
	sockets_close(rcu_load_locked(&dev->sockets));
}

static char *set_options(struct netdev *netdev, const struct smap *options)
{
	struct netdev_afxdp *dev = cast(netdev);
	const char *name = smap_get_def(options, "xdp-mode", BEST_EFFORT);
	unsigned int n = smap_get_int(options, "n_rxq", 1, 1, MAX_QUEUES), old_n = dev->n_wanted;
	int mode = 0, old_mode = dev->wanted_mode;
	const struct xdp_sockets *s;
	char *err;

	while (mode < N_MODES && !streq(modes[mode].name, name))
		mode++;
	if (mode == N_MODES && !streq(name, BEST_EFFORT))
		return xasprintf("%s: xdp-mode %s is none of " BEST_EFFORT
				 ", native-with-zerocopy, native, generic",
				 netdev->name, name);
	if (mode == old_mode && n == old_n)
		return NULL;
	dev->wanted_mode = mode;
	dev->n_wanted = n;
	if (!netdev->status.ifindex)
		return NULL; /* when the device is back */
	s = rcu_load_locked(&dev->sockets);
	if (n == s->n_queues && (int)s->mode == mode)
		return NULL; /* the best that worked is what is wanted now */
	err = reopen(dev, netdev->status.ifindex, netdev->status.mtu);
	if (err) {
		char *old_err, *sentence = xasprintf("%s: %s", netdev->name, err);

		free(err);
		dev->wanted_mode = old_mode;
		dev->n_wanted = old_n;
		old_err = reopen(dev, netdev->status.ifindex, netdev->status.mtu);
		if (old_err)
			log_err("%s: %s", netdev->name, old_err);
		free(old_err);
		err = sentence;
	}
	netdev_changed(netdev);
	return err;
}

static void get_options(const struct netdev *netdev, struct smap *options)
{
	const struct netdev_afxdp *dev = cast(netdev);

	smap_setf(options, "n_rxq", "%u", dev->n_wanted);
	smap_set(options, "xdp-mode",
		 dev->wanted_mode == N_MODES ? BEST_EFFORT : modes[dev->wanted_mode].name);
}

static void format_status(const struct netdev *netdev, struct smap *status)
{
	const struct xdp_sockets *s = rcu_load_locked(&cast(netdev)->sockets);

	linux_port_format_status(netdev, status);
	if (s->n_queues)
		smap_set(status, "xdp-mode", modes[s->mode].name);
}

static int get_stats(const struct netdev *netdev, struct netdev_stats *stats)
{
	struct netdev_afxdp *dev = cast(netdev);
	const struct xdp_sockets *s = rcu_load_locked(&dev->sockets);
	uint64_t n_dropped = 0;
	int err = linux_port_get_stats(netdev, stats);

	for (unsigned int i = 0; i < s->n_queues; i++) {
		struct xdp_statistics xs = { 0 };
		socklen_t len = sizeof(xs);

		if (!getsockopt(xsk_socket__fd(s->queues[i]->xsk), SOL_XDP, XDP_STATISTICS, &xs,
				&len))
			n_dropped += xs.rx_dropped + xs.rx_ring_full;
	}
	stats->rx_dropped += n_dropped;
	return err;
}

static struct netdev_rxq *rxq_open(struct netdev *netdev, unsigned int queue)
{
	struct netdev_rxq *rxq = xzalloc(sizeof(*rxq));

	rxq->fd = sockets_fd(rcu_load_locked(&cast(netdev)->sockets), queue);
	return rxq;
}

static void rxq_close(struct netdev_rxq *rxq)
{
	free(rxq);
}

static int rxq_recv(struct netdev_rxq *rxq, struct packet_batch *batch)
{
	struct xdp_sockets *s = rcu_load(&cast(rxq->netdev)->sockets);

	return rxq->queue < s->n_queues ? queue_recv(s->queues[rxq->queue], batch) : -ENODEV;
}

static unsigned int send_batch(struct netdev *netdev, unsigned int queue,
			       struct packet_batch *batch, uint64_t drops[DROP_N_REASONS])
{
	struct netdev_afxdp *dev = cast(netdev);
	struct xdp_sockets *s = rcu_load(&dev->sockets);
	unsigned int n_dropped = batch->n;

	if (s->n_queues && __atomic_load_n(&dev->is_up, __ATOMIC_RELAXED))
		n_dropped = queue_send(s->queues[queue % s->n_queues], batch, drops);
	else
		drops[DROP_TX_DOWN] += batch->n;
	for (unsigned int i = 0; i < batch->n; i++)
		packet_release(batch->pkts[i]);
	batch->n = 0;
	return n_dropped;
}

#define AFXDP_OPERATIONS                                                                           \
	.size = sizeof(struct netdev_afxdp), .init = linux_link_init, .uninit = linux_link_uninit, \
	.needs_system = true, .construct = construct, .destruct = destruct,                        \
	.set_options = set_options, .get_options = get_options, .format_status = format_status,    \
	.get_stats = get_stats, .set_mtu = linux_port_set_mtu, .set_mac = linux_port_set_mac,      \
	.set_admin_up = linux_port_set_admin_up, .rxq_open = rxq_open, .rxq_close = rxq_close,     \
	.rxq_recv = rxq_recv, .send = send_batch

const struct netdev_class netdev_afxdp_class = { .type = "afxdp", AFXDP_OPERATIONS };
const struct netdev_class netdev_afxdp_nonpmd_class = { .type = "afxdp-nonpmd", AFXDP_OPERATIONS };
