// SPDX-License-Identifier: Apache-2.0
/* Handler threads.  Each has one socket; the kernel sends to that of the CPU where a packet missed
 * (or, before 5.15, to one chosen by the packet's hash).  A handler reads its socket into queues by
 * port, and handles a batch of them, taken from the ports in turn.
 *
 * While misses come from one port alone it reads no more than it handles: what is too much is
 * dropped by the kernel, for a tenth of what it costs to bring it here.  While there are several
 * ports it first empties its socket: what is too much is dropped here, off the port that sends it,
 * and not by the kernel, which cannot tell (ours can).  A port that was silent is first heard when
 * its turn in the socket comes.
 *
 * The upcall operations are published by RCU, and every callback runs in a read section that found
 * 'upcalls_paused' unset: after one grace period nobody is inside. */
#include "dpif/kernel/handler.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "base/util.h"
#include "packet/headers.h"

LOG_MODULE(dpif_handler);

#define UPCALL_RCVBUF (4 << 20)
#define REQUEST_RCVBUF (1 << 20)
#define RECV_BATCH 64
#define RECV_ROUNDS 16 /* of RECV_BATCH messages, before some are handled */
#define SHARED_MS 1000 /* so long after the last time that several ports had something */
#define OVERFLOW_SIZE (68 << 10) /* of a message, behind what its item has room for */

static struct log_rl rl;

/* ---- Receiving ---- */

static const struct nlattr *find_attr(const void *attrs, size_t len, unsigned int type)
{
	const struct nlattr *a;
	int left;

	ODP_FOR_EACH(a, left, attrs, len) {
		if (odp_attr_type(a) == type)
			return a;
	}
	return NULL;
}

static uint32_t port_of_message(const struct upcall_item *item)
{
	struct knl_reader r = { .data = item->data, .len = item->len };
	const struct nlattr *key, *port;
	const void *attrs;
	int ifindex;
	uint8_t cmd;
	size_t len;

	if (knl_read(&r, 0, &cmd, &ifindex, &attrs, &len) <= 0)
		return DPIF_PORT_NONE;
	key = find_attr(attrs, len, OVS_PACKET_ATTR_KEY);
	if (!key)
		return DPIF_PORT_NONE;
	port = find_attr(odp_attr_data(key), odp_attr_len(key), OVS_KEY_ATTR_IN_PORT);
	return port ? knl_get_u32(port) : DPIF_PORT_NONE;
}

static void count_unfair(struct kernel_dp *dp, uint32_t port_no)
{
	struct kernel_port *port;

	__atomic_add_fetch(&dp->n_unfair, 1, __ATOMIC_RELAXED);
	rcu_enter();
	port = kernel_port_by_no(dp, port_no);
	if (port) {
		__atomic_add_fetch(&port->n_unfair, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&port->n_upcall_errors, 1, __ATOMIC_RELAXED);
	}
	rcu_leave();
}

/* The message of slot 'i', of 'len' octets, into the queue of its port. */
static void enqueue(struct handler *h, unsigned int i, size_t len)
{
	struct upcall_item *item = h->items[i];
	uint32_t port_no;

	if (h->msgs[i].msg_hdr.msg_flags & MSG_TRUNC || !len)
		return; /* longer than any packet: the slot is used again */
	item->len = len;
	if (len > UPCALL_ITEM_ROOM) {
		item->data = malloc(len);
		if (!item->data) {
			item->data = item->room;
			return;
		}
		memcpy(item->data, item->room, UPCALL_ITEM_ROOM);
		memcpy(item->data + UPCALL_ITEM_ROOM, h->overflow + i * OVERFLOW_SIZE,
		       len - UPCALL_ITEM_ROOM);
	}
	port_no = port_of_message(item);
	h->items[i] = NULL;
	h->n_used++;
	if (!upcall_queue_push(&h->queue, port_no, item)) {
		upcall_item_put(&h->queue, item);
		count_unfair(h->dp, port_no);
	}
}

/* A slot of the next call. */
static void prepare(struct handler *h, unsigned int i)
{
	h->items[i] = upcall_item_get(&h->queue);
	h->iovs[2 * i] = (struct iovec){ h->items[i]->room, UPCALL_ITEM_ROOM };
	h->iovs[2 * i + 1] = (struct iovec){ h->overflow + i * OVERFLOW_SIZE, OVERFLOW_SIZE };
	h->msgs[i].msg_hdr = (struct msghdr){ .msg_iov = &h->iovs[2 * i], .msg_iovlen = 2 };
}

/* Reads with one call; returns how many messages there were. */
static int receive(struct handler *h)
{
	int n;

	/* The others are as they were. */
	for (unsigned int i = 0; h->n_used && i < RECV_BATCH; i++) {
		if (!h->items[i]) {
			prepare(h, i);
			h->n_used--;
		}
	}
	n = recvmmsg(h->sock.fd, h->msgs, RECV_BATCH, MSG_DONTWAIT, NULL);
	if (n < 0) {
		if (errno == ENOBUFS) {
			/* The kernel counts what it lost: 'lost' of the datapath. */
			__atomic_add_fetch(&h->dp->n_overrun, 1, __ATOMIC_RELAXED);
			log_warn_rl(&rl,
				    "%s: handler %u: misses come faster than they can be "
				    "read; some were lost",
				    h->dp->up.name, h->index);
			return 1; /* what is there is to be read */
		}
		return 0;
	}
	for (int i = 0; i < n; i++)
		enqueue(h, i, h->msgs[i].msg_len);
	return n;
}

/* How often to read before something is handled. */
static unsigned int n_rounds(struct handler *h)
{
	if (h->queue.n_busy > 1)
		h->shared_until_ms = clock_ms() + SHARED_MS;
	if (h->shared_until_ms && h->shared_until_ms > clock_ms())
		return RECV_ROUNDS;
	h->shared_until_ms = 0;
	/* What came in one burst of one port waits where there is most room. */
	return h->queue.n < HANDLER_BATCH;
}

static void *handler_main(void *h_)
{
	struct handler *h = h_;
	struct pollfd fds[2] = { { .fd = h->sock.fd, .events = POLLIN },
				 { .fd = h->stop_fd, .events = POLLIN } };

	for (;;) {
		int n = RECV_BATCH;

		if (!h->queue.n && poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents)
			break;
		for (unsigned int i = 0; i < n_rounds(h) && n == RECV_BATCH; i++)
			n = receive(h);
		if (h->queue.n)
			upcall_batch_run(h);
		/* While there is work, nobody sleeps: the order to stop is looked for here. */
		if (h->queue.n && poll(&fds[1], 1, 0) > 0)
			break;
	}
	return NULL;
}

/* ---- Life of a handler ---- */

static void handler_destroy(struct handler *h)
{
	if (!h)
		return;
	knl_sock_close(&h->sock);
	knl_pool_put(&h->dp->pool, h->requests);
	for (unsigned int i = 0; i < RECV_BATCH; i++) {
		if (h->items[i])
			upcall_item_put(&h->queue, h->items[i]);
	}
	upcall_queue_uninit(&h->queue);
	upcall_batch_destroy(h->batch);
	if (h->stop_fd >= 0)
		close(h->stop_fd);
	free(h->items);
	free(h->msgs);
	free(h->iovs);
	free(h->overflow);
	free(h);
}

static struct handler *handler_create(struct kernel_dp *dp, unsigned int index)
{
	struct handler *h = xzalloc(sizeof(*h));
	int err;

	h->dp = dp;
	h->index = index;
	h->items = xcalloc(RECV_BATCH, sizeof(struct upcall_item *));
	h->n_used = RECV_BATCH;
	h->msgs = xcalloc(RECV_BATCH, sizeof(*h->msgs));
	h->iovs = xcalloc(2 * RECV_BATCH, sizeof(*h->iovs));
	/* Touched only where long messages come. */
	h->overflow = xmalloc(RECV_BATCH * OVERFLOW_SIZE);
	h->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	h->batch = upcall_batch_create();
	upcall_queue_init(&h->queue);
	err = knl_sock_open(&h->sock, UPCALL_RCVBUF);
	h->requests = knl_pool_get(&dp->pool);
	if (err || !h->requests || h->stop_fd < 0) {
		handler_destroy(h);
		return NULL;
	}
	return h;
}

static bool handler_start(struct handler *h)
{
	char name[16];

	snprintf(name, sizeof(name), "handler%u", h->index);
	return !thread_create(&h->thread, name, handler_main, h);
}

/* ---- All of them ---- */

unsigned int kernel_handler_pids(const struct kernel_dp *dp, uint32_t *pids)
{
	for (unsigned int i = 0; i < dp->n_handlers; i++)
		pids[i] = dp->handlers[i]->sock.port_id;
	return dp->n_handlers;
}

void handlers_stop(struct kernel_dp *dp)
{
	uint64_t one = 1;
	unsigned int i;

	for (i = 0; i < dp->n_handlers; i++) {
		if (write(dp->handlers[i]->stop_fd, &one, sizeof(one)) != sizeof(one))
			log_err("handler %u cannot be told to stop", i);
	}
	for (i = 0; i < dp->n_handlers; i++) {
		thread_join(dp->handlers[i]->thread);
		handler_destroy(dp->handlers[i]);
	}
	free(dp->handlers);
	dp->handlers = NULL;
	dp->n_handlers = 0;
}

static unsigned int n_wanted(const struct kernel_dp *dp)
{
	unsigned int n = dp->n_wanted ? dp->n_wanted : thread_n_cpus();

	return MIN(MAX(n, 1), DPIF_MAX_WORKERS);
}

/* Tells the kernel where misses go: by CPU where it can, else by port. */
static void publish_pids(struct kernel_dp *dp)
{
	uint32_t base = OVS_DP_F_UNALIGNED | OVS_DP_F_VPORT_PIDS, pids[DPIF_MAX_WORKERS];
	long n_cpus = sysconf(_SC_NPROCESSORS_CONF);
	uint32_t *by_cpu;
	unsigned int n = kernel_handler_pids(dp, pids);
	int err;

	if (!n || dp->is_held)
		return;
	n_cpus = MAX(n_cpus, 1);
	by_cpu = xcalloc(n_cpus, sizeof(*by_cpu));
	for (long i = 0; i < n_cpus; i++)
		by_cpu[i] = pids[i % n];
	err = kernel_dp_set(dp, base | OVS_DP_F_DISPATCH_UPCALL_PER_CPU, by_cpu, n_cpus);
	free(by_cpu);
	if (err || !(dp->user_features & OVS_DP_F_DISPATCH_UPCALL_PER_CPU)) {
		log_info("%s: the kernel cannot send misses by CPU: by port", dp->up.name);
		err = kernel_dp_set(dp, base, NULL, 0);
		if (err)
			log_err("%s: cannot set features of the datapath: %s", dp->up.name,
				errno_str(err));
	}
	/* In actions, by port, the first one serves all. */
	__atomic_store_n(&dp->upcall_pid,
			 dp->user_features & OVS_DP_F_DISPATCH_UPCALL_PER_CPU ? UINT32_MAX
									      : pids[0],
			 __ATOMIC_RELAXED);
	kernel_ports_set_pids(dp);
}

static void start_all(struct kernel_dp *dp)
{
	unsigned int i, n = n_wanted(dp);

	dp->handlers = xcalloc(n, sizeof(struct handler *));
	for (i = 0; i < n; i++) {
		struct handler *h = handler_create(dp, i);

		if (!h || !handler_start(h)) {
			log_err("%s: cannot start handler %u", dp->up.name, i);
			handler_destroy(h);
			break;
		}
		dp->handlers[i] = h;
		dp->n_handlers = i + 1;
	}
	log_info("%s: %u handlers of misses", dp->up.name, dp->n_handlers);
	publish_pids(dp);
}

void handlers_release(struct kernel_dp *dp)
{
	if (!dp->is_held)
		return;
	dp->is_held = false;
	publish_pids(dp);
}

void handlers_reconfigure(struct kernel_dp *dp)
{
	if (!dp->upcall || dp->n_handlers == n_wanted(dp))
		return;
	/* What is in the old sockets is lost; the flows stay. */
	handlers_stop(dp);
	start_all(dp);
}

void kernel_set_upcall_ops(struct dpif *dpif, const struct dpif_upcall_ops *ops, void *aux)
{
	struct kernel_dp *dp = kernel_dp_cast(dpif);
	struct upcall_target *old = rcu_load_locked(&dp->upcall), *new = NULL;

	if (ops) {
		new = xzalloc(sizeof(*new));
		new->ops = ops;
		new->aux = aux;
	}
	rcu_store(&dp->upcall, new);
	if (old)
		rcu_free(old);
	if (!new) {
		timer_cancel(&dp->cpu_check);
		handlers_stop(dp);
	} else if (!dp->n_handlers) {
		start_all(dp);
		timer_set_in(&dp->cpu_check, KERNEL_CPU_CHECK_INTERVAL_MS);
	}
}

void kernel_upcalls_pause(struct dpif *dpif)
{
	__atomic_store_n(&kernel_dp_cast(dpif)->upcalls_paused, 1, __ATOMIC_RELAXED);
	rcu_synchronize();
}

void kernel_upcalls_resume(struct dpif *dpif)
{
	__atomic_store_n(&kernel_dp_cast(dpif)->upcalls_paused, 0, __ATOMIC_RELAXED);
}

uint32_t kernel_upcall_pid(struct dpif *dpif, uint32_t port_no)
{
	(void)port_no;
	return __atomic_load_n(&kernel_dp_cast(dpif)->upcall_pid, __ATOMIC_RELAXED);
}
