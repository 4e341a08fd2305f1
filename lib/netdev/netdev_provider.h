/* SPDX-License-Identifier: Apache-2.0 */
/* What a kind of port implements, and what the core (netdev.c) gives it.  One file for each kind,
 * which defines 'const struct netdev_class netdev_X_class' and is listed in netdev_classes.c.
 *
 * Who calls what:
 *   main thread   init, uninit, construct, set_options, get_options, format_status,
 *                 get_stats, set_*, rxq_open
 *   workers       rxq_recv, send, flush: inside rcu_enter(), one worker for each receive queue;
 *                 send and flush by several at once, so each transmit queue has its lock
 *   closer        rxq_close, destruct: when no worker and no RCU reader is left; they may block
 *
 * Life: netdev_open() allocates class->size zeroed octets, fills the base and calls construct().
 * Users ref and unref.  Who may touch the device without being the main thread (receive queues,
 * the datapath's published port tables) holds it besides, netdev_hold(): at the last unref the
 * name is free for the eye (no lookup finds it), at the last release the closer destructs it.
 * netdev_open() of a name that is being closed waits. */
#ifndef NETDEV_NETDEV_PROVIDER_H
#define NETDEV_NETDEV_PROVIDER_H

#include "base/hmap.h"
#include "base/mutex.h"
#include "base/rcu.h"
#include "netdev/netdev.h"

/* What the device itself can do with frames it is given (netdev.tx_offloads); the core completes
 * checksums and segments where the bit is missing, so that send() sees only what the device
 * takes. */
enum {
	NETDEV_TX_CSUM = 1, /* completes a partial checksum */
	NETDEV_TX_TSO4 = 2,
	NETDEV_TX_TSO6 = 4,
	NETDEV_TX_USO = 8, /* PACKET_GSO_UDP_L4 */
	NETDEV_TX_UFO = 16, /* PACKET_GSO_UDP */
};

/* Ingress policing: token buckets, run in the worker after each receive.  See netdev_policer.c. */
struct netdev_policer {
	uint32_t on; /* relaxed; the rest is under 'lock' */
	struct mutex lock;
	uint64_t bps, bit_burst; /* 0: no limit */
	uint64_t pps, packet_burst;
	int64_t bit_tokens, packet_tokens; /* scaled by 1,000,000; below 0: a debt */
	uint64_t last_us;
};

struct netdev {
	const struct netdev_class *class;
	char *name;
	char *type; /* as the user said it; with dummy override the class is another */
	struct smap options; /* the last that were accepted */

	/* Main thread.  The provider writes 'status' and calls netdev_changed(). */
	struct netdev_status status;
	unsigned int n_rxqs; /* the provider's; 0: nothing is received */
	struct cds_list_head listeners;

	/* Read by workers, relaxed. */
	uint32_t tx_offloads; /* NETDEV_TX_* */
	uint32_t tx_max_len; /* longest frame without GSO (MTU, Ethernet, one tag); 0: no check */
	struct netdev_policer policer;

	/* The core's, under its lock. */
	struct hmap_node node;
	struct cds_list_head rxqs;
	unsigned int n_refs, n_holds;
	bool closing;
	bool keep; /* for destruct(): netdev_keep_on_close(), so leave the device in place */
	uint64_t rx_drops[DROP_N_REASONS]; /* of queues that are closed */
	struct rcu_item rcu;
};

struct netdev_rxq {
	struct netdev *netdev;
	unsigned int queue;
	int fd; /* relaxed atomic; -1: to be polled */
	uint32_t serial; /* atomic, incremented (release) after 'fd' changed */
	/* Frames that never became packets (bad offload header, too long, policed): the worker's,
	 * relaxed. */
	uint64_t drops[DROP_N_REASONS];
	struct cds_list_head node; /* in netdev->rxqs, the core's */
};

enum {
	NETDEV_FOR_PACKETS = 1 << NETDEV_USE_PACKETS,
	NETDEV_FOR_VPORT = 1 << NETDEV_USE_VPORT,
	NETDEV_FOR_ALL = NETDEV_FOR_PACKETS | NETDEV_FOR_VPORT,
};

struct netdev_class {
	const char *type;
	/* NETDEV_FOR_..., 0: NETDEV_FOR_PACKETS.  Two classes may share a type if their uses
	 * differ. */
	uint8_t uses;
	size_t size; /* of the provider's struct, which starts with struct netdev */

	/* Once, from netdev_init(), before anything is opened (not for Linux kinds with
	 * 'dummy_only').  Several classes may share one; it is then called for each.  May be
	 * NULL.  NULL or a sentence. */
	char *(*init)(struct loop *);
	void (*uninit)(void);
	bool needs_system; /* a Linux device is behind it: not opened with 'dummy_only' */

	/* These are opened next: does on several threads what blocks; with 'n' 0, forgets what
	 * nobody opened.
	 * May be NULL. */
	void (*prepare)(const char *const *names, size_t n);

	/* Opens or creates the device, sets status, n_rxqs, tx_*.  NULL or a sentence (without the
	 * name; the core frees the struct, destruct is not called). */
	char *(*construct)(struct netdev *);
	/* Frees what construct made; netdev->keep says whether a device of our own stays.
	 * Closer. */
	void (*destruct)(struct netdev *);

	/* May be NULL: options are stored only.  NULL or a sentence. */
	char *(*set_options)(struct netdev *, const struct smap *);
	/* May be NULL: the stored ones. */
	void (*get_options)(const struct netdev *, struct smap *);
	void (*format_status)(const struct netdev *, struct smap *); /* may be NULL */
	/* May be NULL.  All are UINT64_MAX before. */
	int (*get_stats)(const struct netdev *, struct netdev_stats *);
	/* 0 or -errno; NULL: -EOPNOTSUPP.  They change 'status' at once or through the event that
	 * follows. */
	int (*set_mtu)(struct netdev *, uint32_t mtu);
	int (*set_mac)(struct netdev *, const uint8_t mac[6]);
	int (*set_admin_up)(struct netdev *, bool up);
	void (*refresh)(struct netdev *); /* may be NULL */

	/* Allocates a struct that starts with struct netdev_rxq (zeroed) and sets 'fd'; the core
	 * sets the rest. NULL with errno. */
	struct netdev_rxq *(*rxq_open)(struct netdev *, unsigned int queue);
	void (*rxq_close)(struct netdev_rxq *); /* frees it.  Closer */
	int (*rxq_recv)(struct netdev_rxq *, struct packet_batch *);

	/* As netdev_send(); offloads are already what the device can. */
	unsigned int (*send)(struct netdev *, unsigned int queue, struct packet_batch *,
			     uint64_t drops[DROP_N_REASONS]);
	void (*flush)(struct netdev *, unsigned int queue); /* may be NULL */
};

/* NULL-terminated, in netdev_classes.c: the one list of kinds. */
extern const struct netdev_class *const netdev_classes[];

/* The provider changed 'status' (or its rings: serial, n_rxqs): increments status.seq and tells
 * the listeners. Main thread. */
void netdev_changed(struct netdev *);
/* A device of the host appeared.  Main thread. */
void netdev_appeared(const char *name);
/* Calls 'fn' for each open netdev of 'class' (NULL: of all); for events that concern several.
 * Main thread. */
void netdev_walk(const struct netdev_class *class, void (*fn)(struct netdev *, void *aux),
		 void *aux);
/* An open netdev by name, without a reference; NULL if there is none.  Main thread. */
struct netdev *netdev_lookup(const char *name);

/* Keeps the device usable beyond the last unref.  Threads: any. */
void netdev_hold(struct netdev *);
void netdev_release(struct netdev *);

/* Counts a frame that was dropped before it became a packet.  The queue's worker. */
static inline void netdev_rxq_drop(struct netdev_rxq *rxq, enum drop_reason why, uint64_t n)
{
	__atomic_store_n(&rxq->drops[why], rxq->drops[why] + n, __ATOMIC_RELAXED);
}
/* The queue, where it is open, has another descriptor from now on (the old one stays open until an
 * RCU grace period is over).  Main thread, which calls netdev_changed() afterwards. */
void netdev_rxq_set_fd(struct netdev *, unsigned int queue, int fd);

/* The closer: runs 'fn' on one of some helper threads, for what blocks (close() of a packet socket
 * waits for the kernel's RCU), many in parallel.  netdev_close_barrier() waits for them too.
 * Threads: any. */
struct netdev_close_job {
	void (*fn)(struct netdev_close_job *); /* frees the job */
	struct netdev_close_job *next;
};
void netdev_closer_submit(struct netdev_close_job *);
void netdev_closer_wait(void); /* until all that were submitted have run */

void netdev_policer_init(struct netdev_policer *);
void netdev_policer_uninit(struct netdev_policer *);
/* Units as netdev_set_policing(); a rate 0 is no limit, a burst 0 the default (8,000 kbit, 16
 * kpkt).  What is in the bucket of a limit that there was stays in it. */
void netdev_policer_set(struct netdev_policer *, uint32_t kbps, uint32_t kbit_burst, uint32_t kpps,
			uint32_t kpkt_burst);
/* Releases what exceeds the rates and closes the gaps; returns how many. */
unsigned int netdev_policer_run(struct netdev_policer *, struct packet_batch *);

#endif
