/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel datapath as a provider, inside: what its files share.
 *
 *   main thread       ports, notifications, settings
 *   handlers          misses and userspace actions: one socket each
 *   any other thread  flow operations, dumps, meters: a socket of the pool each
 *
 * The kernel's state is the truth; of ports there is a table here, which notifications keep up, and
 * which is read again when some were lost. */
#ifndef DPIF_KERNEL_KERNEL_H
#define DPIF_KERNEL_KERNEL_H

#include "base/mutex.h"
#include "base/rcuhash.h"
#include "dpif/dpif_provider.h"
#include "dpif/kernel/knl.h"

/* Newer than the oldest kernel header that this is built with. */
#define KERNEL_VPORT_ATTR_UPCALL_STATS 10
enum { KERNEL_VPORT_UPCALL_SUCCESS, KERNEL_VPORT_UPCALL_FAIL };

#define KERNEL_CPU_CHECK_INTERVAL_MS 10000

struct kernel_dp;

/* ---- Ports (vport.c) ---- */

struct kernel_port {
	struct kernel_dp *dp;
	char *name;
	uint32_t port_no;
	uint32_t type; /* enum ovs_vport_type */
	struct rcuhash_node name_node, no_node;
	/* Atomic counters of the handlers. */
	uint64_t n_upcalls, n_upcall_errors, n_unfair;

	/* Main thread. */
	struct netdev *netdev; /* a reference; NULL: nobody has added it here */
	struct netdev_listener listener;
	bool is_attached; /* the kernel has it: false while its device is gone */
	bool is_stale; /* was there at the opening, and nobody has added it since */
	struct rcu_item rcu;
};

int kernel_port_add(struct dpif *, struct netdev *, uint32_t *port_no);
int kernel_port_del(struct dpif *, uint32_t port_no);
int kernel_port_lookup(struct dpif *, const char *name, struct dpif_port *);
int kernel_port_get(struct dpif *, uint32_t port_no, struct dpif_port *);
void kernel_port_walk(struct dpif *, bool (*fn)(const struct dpif_port *, void *aux), void *aux);
int kernel_port_get_stats(struct dpif *, uint32_t port_no, struct dpif_port_stats *);
struct netdev *kernel_port_netdev(struct dpif *, uint32_t port_no);
void kernel_ports_remove_stale(struct dpif *);
/* Reads the table from the kernel; listens to changes with a loop.  0 or -errno. */
int kernel_ports_init(struct kernel_dp *, struct loop *);
void kernel_ports_uninit(struct kernel_dp *);
/* Every port is told anew where its misses go. */
void kernel_ports_set_pids(struct kernel_dp *);
/* Inside rcu_enter(). */
struct kernel_port *kernel_port_by_no(struct kernel_dp *, uint32_t port_no);

/* ---- What the kernel can (features.c) ---- */

struct kernel_features {
	bool ufid, recirc, masked_set, trunc, clone, check_pkt_len, dec_ttl, drop, psample;
	bool ct_state, ct_state_nat, ct_zone, ct_mark, ct_label, ct_orig_tuple, ct_orig_tuple6;
	bool ct_eventmask, ct_clear, ct_timeout, ct_zero_snat, add_mpls, nd_ext;
	unsigned int max_vlans, max_mpls, sample_nesting, max_hash_alg;
};
void kernel_features_probe(struct kernel_dp *);
void kernel_get_features(struct dpif *, struct smap *);

/* ---- Flows (flow.c, dump.c, actions.c) ---- */

/* Puts the nest 'type' with the actions as this kernel knows them. */
void kernel_put_actions(struct odp_buf *, const struct kernel_dp *, uint16_t type, const void *acts,
			size_t len);
bool kernel_actions_agree(const struct dpif *, const void *put, size_t put_len, const void *shown,
			  size_t shown_len);
/* Whether nothing is left of them in the kernel. */
bool kernel_actions_are_empty(const void *acts, size_t len);

/* That only the identifier and statistics of a flow are wanted. */
#define KERNEL_UFID_OMIT_ALL (OVS_UFID_F_OMIT_KEY | OVS_UFID_F_OMIT_MASK | OVS_UFID_F_OMIT_ACTIONS)
/* Adds the request to put a flow. */
struct knl_request *kernel_flow_put(struct knl_train *, const struct kernel_dp *,
				    const struct dpif_op *);
/* Adds the request to execute actions on a packet; 'key' is what the kernel had sent with it, or
 * NULL: that of the operation.  'mru' and 'hash' are attributes or NULL. */
struct knl_request *kernel_execute(struct knl_train *, const struct kernel_dp *,
				   const struct dpif_op *, const struct nlattr *key,
				   const struct nlattr *mru, const struct nlattr *hash);
/* The time, once for many flows. */
struct kernel_now {
	uint64_t ms; /* clock_ms() */
	uint64_t real_ms;
};
struct kernel_now kernel_now(void);
/* Decodes what the kernel shows of a flow; what it points to is in 'attrs'.  False if the key is
 * not to be understood, or if there is nothing to know the flow by. */
bool kernel_flow_decode(const struct kernel_dp *, const void *attrs, size_t len, struct kernel_now,
			struct dpif_flow *);
void kernel_operate(struct dpif *, struct dpif_op **, size_t n);
int kernel_flow_flush(struct dpif *);

struct dpif_dump *kernel_dump_create(struct dpif *, bool terse);
struct dpif_dump_thread *kernel_dump_thread_create(struct dpif_dump *);
size_t kernel_dump_next(struct dpif_dump_thread *, struct dpif_flow *, size_t max);
void kernel_dump_thread_destroy(struct dpif_dump_thread *);
int kernel_dump_destroy(struct dpif_dump *);

/* ---- Misses (handler.c) ---- */

struct handler;
struct upcall_target {
	const struct dpif_upcall_ops *ops;
	void *aux;
};
/* Main thread. */
void kernel_set_upcall_ops(struct dpif *, const struct dpif_upcall_ops *, void *aux);
void kernel_upcalls_pause(struct dpif *);
void kernel_upcalls_resume(struct dpif *);
uint32_t kernel_upcall_pid(struct dpif *, uint32_t port_no);
/* The configuration has been applied: misses may come. */
void handlers_release(struct kernel_dp *);
/* As many handlers as CPUs, or as the settings want. */
void handlers_reconfigure(struct kernel_dp *);
void handlers_stop(struct kernel_dp *);
/* Where the sockets of all handlers go into 'pids', of DPIF_MAX_WORKERS; returns how many. */
unsigned int kernel_handler_pids(const struct kernel_dp *, uint32_t *pids);

/* ---- The rest (meter.c, ct_limit.c, ctnetlink.c) ---- */

void kernel_meter_get_features(struct dpif *, struct dpif_meter_features *);
int kernel_meter_set(struct dpif *, uint32_t id, const struct dpif_meter *);
int kernel_meter_get(struct dpif *, uint32_t id, struct dpif_meter *);
int kernel_meter_del(struct dpif *, uint32_t id, struct dpif_meter *last);
int kernel_ct_dump(struct dpif *, int zone, bool (*fn)(const struct dpif_ct_entry *, void *aux),
		   void *aux);
int kernel_ct_flush(struct dpif *, int zone, const struct dpif_ct_tuple *);
int kernel_ct_limits_set(struct dpif *, const struct dpif_ct_limit *, size_t n);
int kernel_ct_limits_get(struct dpif *, const uint16_t *zones, size_t n_zones,
			 struct dpif_ct_limit **limits, size_t *n);
int kernel_ct_limits_del(struct dpif *, const int32_t *zones, size_t n);

/* ---- The datapath (kernel.c) ---- */

struct kernel_dp {
	struct dpif up;
	int ifindex; /* of its local port: its name in requests */
	bool is_plain; /* opened by a tool */
	bool is_deleted;
	uint32_t user_features; /* OVS_DP_F_* that the kernel agreed to */
	struct kernel_features features;
	struct knl_pool pool;

	/* Main thread writes, under 'lock' what others look up. */
	struct mutex lock;
	struct rcuhash ports_by_name, ports_by_no;
	bool may_have_stale; /* ports that were there at the opening */
	bool is_held; /* was there at the opening, and the configuration has not been applied yet */
	uint32_t next_port; /* where the search for a free number begins */
	struct odp_names names;
	struct knl_sock notify;
	struct watch notify_watch;

	/* Handlers: main thread, but for what handler.c says. */
	struct upcall_target *upcall; /* RCU; NULL: misses are dropped */
	uint32_t upcalls_paused; /* atomic */
	uint32_t upcall_pid; /* atomic: what kernel_upcall_pid() says */
	struct handler **handlers;
	unsigned int n_handlers;
	unsigned int n_wanted; /* other_config:n-handler-threads; 0: by the CPUs */
	struct timer cpu_check;
	/* Atomic. */
	uint64_t n_unfair; /* misses of ports that had enough of them waiting */
	uint64_t n_overrun; /* times that a socket of a handler was full */
};

static inline struct kernel_dp *kernel_dp_cast(const struct dpif *dp)
{
	return CONTAINER_OF((struct dpif *)dp, struct kernel_dp, up);
}

/* What DP_CMD_* tells of a datapath; -ENODEV. */
struct kernel_dp_info {
	char name[64];
	int ifindex;
	uint32_t user_features;
	bool has_megaflow_stats, has_cache_size;
	struct ovs_dp_stats stats;
	struct ovs_dp_megaflow_stats megaflow_stats;
	uint32_t cache_size;
};
int kernel_dp_query(struct kernel_dp *, struct kernel_dp_info *);
/* Sets features and, with 'n_pids', the sockets by CPU.  0 or -errno. */
int kernel_dp_set(struct kernel_dp *, uint32_t user_features, const uint32_t *pids, size_t n_pids);

#endif
