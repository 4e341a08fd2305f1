/* SPDX-License-Identifier: Apache-2.0 */
/* The userspace datapath, inside: what its files share.
 *
 *   main thread       ports, workers, configuration
 *   workers           receive to transmit, and their misses
 *   any other thread  flow operations, dumps, execution of a packet (one at a time, in 'outside')
 *
 * All that packets read is published by RCU: a worker holds one read section from the receipt of a
 * batch to the end of its transmission.  So "the batch that was taken is done" and "nobody uses
 * that port any more" are both one grace period. */
#ifndef DPIF_USER_DP_H
#define DPIF_USER_DP_H

#include "base/mutex.h"
#include "dpif/dpif_provider.h"
#include "dpif/user/emc.h"
#include "dpif/user/megaflow.h"

/* Counters have one writer at a time and any number of readers. */
#define CTR_ADD(P, N) __atomic_store_n(P, *(P) + (N), __ATOMIC_RELAXED)
#define CTR_GET(P) __atomic_load_n(P, __ATOMIC_RELAXED)

#define USER_RECIRC_LIMIT 8 /* passes through the tables */
#define USER_NEST_LIMIT 16 /* lists of actions inside one another, per pass */

struct worker;
struct user_dp;

/* ---- Ports (port.c) ---- */

struct port_counters { /* of one port in one slot */
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t upcalls, upcall_errors;
	uint64_t drops[DROP_N_REASONS], tx_drops[DROP_N_REASONS];
};

/* How busy a queue was lately: cycles by 5 s, the worker's to write. */
#define USAGE_INTERVAL_MS 5000
#define USAGE_N 12
struct usage {
	uint64_t interval[USAGE_N]; /* number of the interval that the entry is of */
	uint64_t cycles[USAGE_N];
};

struct port_rxq {
	struct netdev_rxq *up;
	struct user_port *port;
	struct worker *worker; /* main thread; NULL: of no worker now */
	unsigned int index; /* main thread: in worker->rxqs */
	struct mutex lock; /* the three below; a leaf, taken when they change only */
	int epoll_fd; /* as it was put into the worker's epoll set, -1: was not */
	uint32_t serial; /* of that descriptor */
	bool is_parked; /* the worker took it out again: its device is gone */
	struct usage usage;
};

struct user_port {
	struct user_dp *dp;
	struct netdev *netdev; /* a reference (until port_del) and a hold */
	char *name;
	uint32_t port_no;
	struct rcuhash_node name_node;
	uint32_t is_dead; /* atomic: deleted, to be ignored */
	struct port_counters *counters[USER_N_SLOTS]; /* atomic: allocated by a slot's first use */

	/* Main thread. */
	struct netdev_listener listener;
	struct port_rxq **rxqs;
	unsigned int n_rxqs;
	struct rcu_item rcu;
};

int user_port_add(struct dpif *, struct netdev *, uint32_t *port_no);
int user_port_del(struct dpif *, uint32_t port_no);
int user_port_lookup(struct dpif *, const char *name, struct dpif_port *);
int user_port_get(struct dpif *, uint32_t port_no, struct dpif_port *);
void user_port_walk(struct dpif *, bool (*fn)(const struct dpif_port *, void *aux), void *aux);
int user_port_get_stats(struct dpif *, uint32_t port_no, struct dpif_port_stats *);
struct netdev *user_port_netdev(struct dpif *, uint32_t port_no);
void user_port_names_init(struct user_dp *);
void user_ports_del_all(struct user_dp *);
/* Inside rcu_enter(). */
static inline struct user_port *user_port_by_no(struct user_dp *, uint32_t port_no);
/* The counters of a slot, for its thread. */
struct port_counters *user_port_counters(struct user_port *, unsigned int slot);

/* ---- Workers (worker.c) ---- */

struct worker_counters {
	uint64_t n_rx, n_recirc; /* packets */
	uint64_t n_emc_hit, n_mask_hit, n_searched;
	uint64_t n_miss_ok, n_miss_failed; /* upcalls */
	uint64_t upcall_cycles;
	uint64_t n_tx, n_tx_batches;
	uint64_t n_turns, n_busy_turns, n_sleeps, sleep_us;
	uint64_t busy_cycles, idle_cycles;
	uint64_t drops[DROP_N_REASONS]; /* of packets whose input port is gone, or is none */
};

#define OUT_SLOTS 64 /* a power of 2 */
struct out_slot {
	struct user_port *port;
	struct packet_batch batch;
};

/* Room for one pass of a batch through the tables (process.c). */
struct pass;

struct worker {
	struct user_dp *dp;
	unsigned int slot; /* number; USER_N_SLOTS - 1: 'outside' */
	int cpu; /* pinned to it; -1: not */

	/* The thread's own. */
	struct emc emc;
	struct subtable_order order;
	struct pass *passes[USER_RECIRC_LIMIT];
	unsigned int depth, nest; /* of passes; of lists of actions */
	unsigned int n_enclosing; /* executions that this thread is inside of: outermost flushes */
	struct worker *outer; /* 'outside': what its thread was before */
	struct out_slot out[OUT_SLOTS];
	uint64_t out_used; /* bits */
	uint64_t tx_drops[DROP_N_REASONS]; /* scratch, zero between uses */
	uint64_t now_ms;
	uint32_t random;

	/* Written by it, read by anyone. */
	struct worker_counters counters CACHE_ALIGNED;
	struct worker_counters cleared; /* main thread: counters at the last pmd-stats-clear */
	uint64_t cleared_us; /* clock_real_us() then */

	/* Written by the main thread. */
	uint64_t removal CACHE_ALIGNED; /* atomic: counts what was taken out of the epoll set */
	uint32_t stop; /* atomic */
	struct port_rxq **polled; /* RCU: NULL-terminated queues without a descriptor; NULL: none */
	struct port_rxq **rxqs; /* main thread */
	unsigned int n_rxqs, rxqs_size;
	int epoll_fd, wake_fd;
	pthread_t thread;
};

/* The CPU it is pinned to, else its number. */
static inline int worker_core(const struct worker *w)
{
	return w->cpu >= 0 ? w->cpu : (int)w->slot;
}
struct worker *worker_create(struct user_dp *, unsigned int slot, int cpu); /* without a thread */
void worker_destroy(struct worker *);
int worker_start(struct worker *);
void worker_stop(struct worker *); /* its queues were removed; waits for its end */
uint64_t cycles_now(void);
uint64_t cycles_per_second(void);

/* Assignment of queues (assign.c), main thread.  Removal is effective at once; the queue may be
 * freed a grace period later. */
int assign_rxq(struct port_rxq *);
void assign_remove_rxq(struct port_rxq *);
/* After its descriptor changed, or its device came back. */
void assign_renew_rxq(struct port_rxq *);
/* Worker: takes the queue, whose serial was 'serial' when the device was found gone, out of its
 * epoll set. */
void assign_park_rxq(struct worker *, struct port_rxq *, uint32_t serial);
/* As many workers as the configuration and the CPUs now want; queues spread evenly. */
void assign_reconfigure(struct user_dp *);
void assign_stop_all(struct user_dp *);
unsigned int assign_n_wanted(struct user_dp *);

/* ---- Packets (process.c, exec.c, upcall.c, output.c) ---- */

/* Takes the packets, whose metadata is set, through the tables. */
void process_batch(struct worker *, struct packet_batch *);
void process_free(struct worker *);
/* Executes a list of actions on each packet.  With 'steal' it takes the packets, else they stay
 * the caller's and may be changed. */
void exec_actions(struct worker *, struct packet_batch *, bool steal, const void *acts, size_t len);
/* Drops one packet, counted at its input port. */
void drop_packet(struct worker *, struct packet *, enum drop_reason);
void count_drop(struct worker *, const struct packet *, enum drop_reason);
/* A miss: translates, installs, executes.  Takes the packet. */
void upcall_miss(struct worker *, struct packet *, const struct miniflow *, uint32_t hash);
/* A userspace action.  Takes the packet. */
void upcall_action(struct worker *, struct packet *, const void *userdata, size_t userdata_len);
/* Puts a packet, which it takes, behind the others for that port; sent at the latest by
 * output_flush(). */
void output_packet(struct worker *, struct packet *, uint32_t port_no);
void output_flush(struct worker *);

/* ---- The datapath (user.c) ---- */

struct upcall_target {
	struct rcu_item rcu;
	const struct dpif_upcall_ops *ops;
	void *aux;
};

struct user_dp {
	struct dpif up;
	struct megaflow_table flows;
	struct user_port **ports; /* RCU: DPIF_MAX_PORTS, by number */
	struct upcall_target *upcall; /* RCU; NULL: misses are dropped */
	uint32_t upcalls_paused; /* atomic */
	uint32_t emc_inv_prob; /* atomic */
	/* Atomic: what worker_core() says of the last worker of a number. */
	int worker_core[DPIF_MAX_WORKERS];

	/* Main thread writes, under 'lock' what others look up. */
	struct mutex lock;
	struct rcuhash ports_by_name;
	uint64_t port_bitmap[DPIF_MAX_PORTS / 64];
	uint32_t next_port; /* where the search for a free number begins */
	unsigned int n_ports;
	struct odp_names names;

	/* Main thread. */
	struct worker *workers[DPIF_MAX_WORKERS]; /* NULL: no such worker now */
	unsigned int n_workers, n_rxqs;
	unsigned int n_allowed; /* workers that there may be, as the CPUs were last time */
	uint64_t cpu_mask[16]; /* pmd-cpu-mask; all 0: none */
	char *cpu_mask_text;
	struct worker_counters retired; /* of workers that are gone, atomic */
	struct work rebalance;
	struct timer cpu_check;
	bool is_deleted;

	/* What runs in other threads. */
	struct mutex outside_lock;
	struct worker *outside;
};

static inline struct user_dp *user_dp_cast(struct dpif *dp)
{
	return CONTAINER_OF(dp, struct user_dp, up);
}

static inline struct user_port *user_port_by_no(struct user_dp *dp, uint32_t port_no)
{
	struct user_port *port = port_no < DPIF_MAX_PORTS ? rcu_load(&dp->ports[port_no]) : NULL;

	return port && !__atomic_load_n(&port->is_dead, __ATOMIC_RELAXED) ? port : NULL;
}

/* The worker whose code this thread runs, NULL outside of it. */
extern __thread struct worker *worker_current;
/* A context to execute in: the current worker, or 'outside', locked.  Inside rcu_enter(). */
struct worker *worker_acquire(struct user_dp *);
void worker_release(struct worker *); /* flushes the output if it is the outermost */

/* Dumps (dump.c). */
struct dpif_dump *user_dump_create(struct dpif *, bool terse);
struct dpif_dump_thread *user_dump_thread_create(struct dpif_dump *);
size_t user_dump_next(struct dpif_dump_thread *, struct dpif_flow *, size_t max);
void user_dump_thread_destroy(struct dpif_dump_thread *);
int user_dump_destroy(struct dpif_dump *);
/* Fills all of 'out' but the actions.  Inside rcu_enter(). */
void user_flow_get(struct user_dp *, const struct megaflow *, struct dpif_flow *out);
size_t user_append_actions(struct odp_buf *, const struct megaflow_actions *); /* how many octets */

void user_operate(struct dpif *, struct dpif_op **, size_t n);
/* Sums the counters of all workers, those that are gone included. */
void user_sum_counters(struct user_dp *, struct worker_counters *);

#endif
