/* SPDX-License-Identifier: Apache-2.0 */
/* The datapath interface: ports, flows (key, mask, actions), misses.  Two providers: kernel/
 * (Generic Netlink) and user/ (worker threads in this process).  Narrow on purpose: a third one
 * (eBPF) must fit.
 *
 * Keys: 'struct flow' with in_port a datapath port number.  Actions: the attribute stream of
 * flow/odp.h.
 * Threads: opening, ports and callbacks: main.  Flow operations and dumps: any thread.  The upcall
 * callback runs on workers or handlers, several at once, inside rcu_enter(). */
#ifndef DPIF_DPIF_H
#define DPIF_DPIF_H

#include "base/loop.h"
#include "base/smap.h"
#include "base/str.h"
#include "flow/odp.h"
#include "netdev/netdev.h"

struct dpif;

#define DPIF_PORT_LOCAL 0
#define DPIF_PORT_NONE UINT32_MAX
#define DPIF_MAX_PORTS 65536
/* Workers are numbered from 0.  Executions from other threads go by this number, one at a time. */
#define DPIF_MAX_WORKERS 64

struct dpif_stats { /* of the datapath: dpctl/show */
	uint64_t n_hit, n_missed, n_lost;
	uint64_t n_flows;
	uint64_t n_mask_hit;
	uint32_t n_masks;
	uint64_t n_cache_hit;
	bool has_masks, has_cache;
	/* Misses that were thrown away here, before translation, because their port had enough of
	 * them waiting (the kernel's own losses are 'n_lost'). */
	uint64_t n_upcalls_unfair;
};

struct dpif_flow_stats {
	uint64_t n_packets, n_bytes;
	uint64_t used_ms; /* clock_ms() of the last packet; 0: never */
	uint16_t tcp_flags;
};

struct dpif_port {
	char *name, *type;
	uint32_t port_no;
};

/* Per-port counters of the datapath itself (the device's are netdev_get_stats()). */
struct dpif_port_stats {
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t upcalls, upcall_errors;
	uint64_t drops[DROP_N_REASONS]; /* packets received here and dropped, by reason */
	uint64_t tx_drops[DROP_N_REASONS]; /* packets meant for this port and dropped */
};

/* Reads the counters of port 'port_no'.  0 or -ENOENT. */
int dpif_port_get_stats(struct dpif *, uint32_t port_no, struct dpif_port_stats *);

/* "netdev", "system", ...: those that can be opened here; NULL-terminated, static. */
const char *const *dpif_types(void);
/* Opens the datapath 'name' of 'type' ("" is system), creating it if it is not there; counted: one
 * object for each datapath.  The userspace one is called "ovs-netdev" by convention.  NULL or a
 * sentence. */
char *dpif_open(struct loop *, const char *type, const char *name, struct dpif **dp) MUST_CHECK;
/* For tools: opens one that is there (-ENODEV), or makes one that is not (-EEXIST).  A kernel
 * datapath is then looked at and changed, but nothing is taken over that belongs to a daemon.  0 or
 * -errno. */
int dpif_open_existing(struct loop *, const char *type, const char *name, struct dpif **dp);
int dpif_create(struct loop *, const char *type, const char *name, struct dpif **dp);
/* The datapaths of 'type' that there are, opened here or not (the kernel's: all of the
 * namespace).  0 or -errno. */
int dpif_enumerate(const char *type, void (*fn)(const char *name, void *aux), void *aux);
void dpif_unref(struct dpif *);
/* An open datapath, without a reference; NULL. */
struct dpif *dpif_lookup(const char *type, const char *name);
/* It stays, without a reference of anybody, until dpif_delete() (dpctl/add-dp). */
void dpif_set_created(struct dpif *);
/* Deletes it, ports and all (exit --cleanup). */
int dpif_delete(struct dpif *);
const char *dpif_name(const struct dpif *);
const char *dpif_type(const struct dpif *);
const char *dpif_version(const struct dpif *); /* Bridge.datapath_version: "<built-in>" */
/* What is in a kernel datapath stays there when it is closed: ports, flows (a daemon that ends, to
 * be started again). */
void dpif_keep_on_close(bool keep);
/* The configuration has been applied for the first time: ports that an earlier daemon left in the
 * datapath, and that nobody added since it was opened, are removed.  A datapath that was there
 * before tells its misses from now on only: before, what is configured in part would be taken for
 * all, and good flows spoiled. */
void dpif_remove_stale_ports(struct dpif *);
/* Every open datapath, for dpif/dump-dps. */
void dpif_walk(bool (*fn)(struct dpif *, void *aux), void *aux);

/* The type to open a port with that the user called 'port_type' on a datapath of type 'dp_type':
 * internal ports of dummy datapaths are dummies. */
const char *dpif_port_open_type(const char *dp_type, const char *port_type);
/* How to open the ports of a datapath of 'dp_type': a kernel datapath moves their packets
 * itself. */
enum netdev_use dpif_port_use(const char *dp_type);

/* Takes a reference on the netdev.  '*port_no' asks for a number (DPIF_PORT_NONE: any).  0 or
 * -errno. */
int dpif_port_add(struct dpif *, struct netdev *, uint32_t *port_no);
/* No packet is taken from, or meant for, the port from the return on (what a worker has in hand
 * that moment may still pass); its descriptors close on a helper thread. */
int dpif_port_del(struct dpif *, uint32_t port_no);
int dpif_port_lookup(struct dpif *, const char *name,
		     struct dpif_port *); /* free with dpif_port_uninit() */
int dpif_port_get(struct dpif *, uint32_t port_no, struct dpif_port *);
void dpif_port_uninit(struct dpif_port *);
void dpif_port_walk(struct dpif *, bool (*fn)(const struct dpif_port *, void *aux), void *aux);
/* The device behind a port, without a reference; NULL.  Main thread. */
struct netdev *dpif_port_netdev(struct dpif *, uint32_t port_no);
/* Names for odp text.  Threads: any, inside rcu_enter() unless it is the main thread. */
const struct odp_names *dpif_names(struct dpif *);

/* Flows. */
enum dpif_put_flags {
	DPIF_PUT_CREATE = 1,
	DPIF_PUT_MODIFY = 2,
	DPIF_PUT_ZERO_STATS = 4,
	DPIF_PUT_PROBE = 8 /* a question: nothing is logged, nobody is told */
};
enum dpif_op_type { DPIF_OP_PUT, DPIF_OP_DEL, DPIF_OP_GET, DPIF_OP_EXECUTE };

/* A flow as it came out of the datapath.  'key', 'mask' and 'actions' belong to the dump or the
 * caller's room.  A terse dump may leave out what DPIF_OP_GET shows: then that is not set. */
struct dpif_flow {
	bool lacks_key; /* 'key'; there is an identifier then */
	bool lacks_rest; /* 'mask' and 'actions' */
	struct flow key;
	struct flow_mask mask;
	struct ufid ufid;
	bool ufid_present;
	const void *actions;
	size_t actions_len;
	struct dpif_flow_stats stats;
	int pmd_id; /* core of the worker that saw it first (its number if not pinned); -1: none */
	const char *dp_layer; /* "ovs" */
	bool offloaded;
};

/* ODP_STYLE_* of the flows of a datapath. */
unsigned int dpif_flow_style(const struct dpif *, bool verbose);
/* Text as dump-flows shows it.  Verbose: identifier, all fields, layer.  'names' may be NULL. */
void dpif_flow_format(const struct dpif_flow *, const struct odp_names *, unsigned int style,
		      struct str *);
/* "packets:N, bytes:N, used:S or never[, flags:...]" */
void dpif_flow_stats_format(const struct dpif_flow_stats *, struct str *);
void dpif_ufid_format(const struct ufid *, struct str *); /* "ufid:..." */
/* The identifier of a flow that was given none, and of the flow that a miss installs: of the key
 * alone, so that the same key finds it again whatever its mask was. */
void dpif_ufid_of_key(struct ufid *, const struct flow *key);

struct dpif_op {
	enum dpif_op_type type;
	int error; /* outcome */
	union {
		struct {
			unsigned int flags;
			const struct flow *key;
			const struct flow_mask *mask; /* NULL: exact */
			const struct ufid *ufid; /* NULL: dpif_ufid_of_key() */
			const void *actions;
			size_t actions_len;
			struct dpif_flow_stats
				*stats; /* NULL, or where the old statistics go (modify) */
		} put;
		struct {
			const struct flow *key; /* used if 'ufid' is NULL, as for put */
			const struct ufid *ufid;
			/* NULL, or the final statistics: waits for those who count, so not inside
			 * rcu_enter() */
			struct dpif_flow_stats *stats;
		} del;
		struct {
			const struct flow *key;
			const struct ufid *ufid;
			struct odp_buf *actions; /* appended */
			struct dpif_flow *flow;
		} get;
		struct {
			const struct flow *key; /* metadata of the packet */
			const void *actions;
			size_t actions_len;
			struct packet *packet; /* stays the caller's, may be changed */
			bool needs_help;
		} execute;
	};
};
/* Does all of them, in order, in as few system calls as there can be. */
void dpif_operate(struct dpif *, struct dpif_op **, size_t n);
int dpif_flow_flush(struct dpif *);
/* Whether a flow that was put with the actions 'put' shows the actions 'shown' in a dump: a kernel
 * has no name for drops. */
bool dpif_actions_agree(const struct dpif *, const void *put, size_t put_len, const void *shown,
			size_t shown_len);

/* Dumps: several threads may share one dump, each with a thread state. */
struct dpif_dump;
struct dpif_dump_thread;
/* Terse: identifiers and statistics are enough, the datapath may save itself the rest. */
struct dpif_dump *dpif_dump_create(struct dpif *, bool terse);
struct dpif_dump_thread *dpif_dump_thread_create(struct dpif_dump *);
/* Fills up to 'max' flows; 0: the dump is over.  What they point to is valid until the next
 * call. */
size_t dpif_dump_next(struct dpif_dump_thread *, struct dpif_flow *, size_t max);
void dpif_dump_thread_destroy(struct dpif_dump_thread *);
int dpif_dump_destroy(struct dpif_dump *); /* 0, or the first error */

/* Misses and userspace actions. */
enum dpif_upcall_type { DPIF_UPCALL_MISS, DPIF_UPCALL_ACTION };
struct dpif_upcall {
	enum dpif_upcall_type type;
	struct packet *packet; /* the callback may read and change it; stays the datapath's */
	const struct flow *key;
	struct ufid ufid;
	const void *userdata; /* of the userspace action: struct slow-path cookie and so on */
	size_t userdata_len;
	int worker; /* number of the calling worker, for per-thread state; DPIF_MAX_WORKERS: none */
	uint32_t in_port; /* datapath port it came in by; the key has it too, unless it was lost */
	/* Action: the actions beside the userdata, if the datapath sent them; the egress tunnel. */
	const void *actions;
	size_t actions_len;
	const struct flow_tnl *egress_tunnel; /* NULL: none */
	uint32_t mru; /* largest fragment of a packet that was reassembled; 0: was not */
};
struct dpif_upcall_reply {
	struct odp_buf actions; /* to execute on the packet now, and to install */
	struct flow_mask mask; /* of the megaflow to install */
	bool install;
	struct odp_buf
		install_actions; /* if not empty, installed in place of 'actions' (slow path) */
	enum drop_reason drop; /* why, if there are no actions */
	void *cookie; /* handed to 'installed' */
};
struct dpif_upcall_ops {
	/* Translates.  0, or -errno: the packet is dropped (DROP_UPCALL_ERROR). */
	int (*upcall)(const struct dpif_upcall *, struct dpif_upcall_reply *, void *aux);
	/* After the installation: 'error' 0, -EEXIST (another thread was first) or another.  May
	 * be NULL. */
	void (*installed)(const struct dpif_upcall *, struct dpif_upcall_reply *, int error,
			  void *aux);
	/* Between the two: 'n_packets' more packets of this very flow came with the one that was
	 * translated and get its actions; they are counted.  False if it cannot be (the
	 * translation was about that packet alone, nobody remembers the flow): each is translated
	 * then.  May be NULL. */
	bool (*repeat)(const struct dpif_upcall *, struct dpif_upcall_reply *, uint64_t n_packets,
		       uint64_t n_bytes, void *aux);
};
/* Before ports are added.  'ops' NULL: misses are dropped. */
void dpif_set_upcall_ops(struct dpif *, const struct dpif_upcall_ops *, void *aux);
/* Stops and restarts the delivery of misses: no callback is running when pause returns, and misses
 * are lost until resume.  Not inside rcu_enter(). */
void dpif_upcalls_pause(struct dpif *);
void dpif_upcalls_resume(struct dpif *);
/* What a userspace action on packets of 'port_no' carries as OVS_USERSPACE_ATTR_PID: UINT32_MAX
 * where the datapath goes by CPU, 0 where there is none.  Threads: any. */
uint32_t dpif_upcall_pid(struct dpif *, uint32_t port_no);

void dpif_get_stats(struct dpif *, struct dpif_stats *);
void dpif_set_flow_limit(struct dpif *, uint32_t n);
/* other_config of the Open_vSwitch row: pmd-cpu-mask, emc-insert-inv-prob, ... */
void dpif_set_config(struct dpif *, const struct smap *);
/* Features for Datapath.capabilities (SPEC 1.1), names and values. */
void dpif_get_features(struct dpif *, struct smap *);
/* The same as dpif/show-dp-features prints them. */
void dpif_format_features(struct dpif *, struct str *);
/* Why datapaths of no named type are of the type that they are: a sentence for the log and
 * dpif/show, static; '*type' is "system" or "netdev". */
const char *dpif_default_type(const char **type);
/* Never use the kernel's (--disable-system).  Before anything is opened. */
void dpif_disable_system(void);

/* Of the kernel's cache of masks, in entries.  0, -EOPNOTSUPP, -errno. */
int dpif_cache_get_size(struct dpif *, uint32_t *n);
int dpif_cache_set_size(struct dpif *, uint32_t n);

/* Meters.  0, -EOPNOTSUPP, -ENOENT, -errno. */
#define DPIF_METER_BANDS_MAX 16
struct dpif_meter_features {
	uint32_t n_max; /* meters are numbered from 0 */
	uint32_t n_bands_max; /* of one */
	bool has_drop, has_dscp_remark;
};
struct dpif_meter_band {
	uint32_t type; /* OVS_METER_BAND_TYPE_* */
	uint32_t rate, burst; /* kbit/s or packets/s; 'burst' kbit or packets */
	uint64_t n_packets, n_bytes; /* get, del */
};
struct dpif_meter {
	bool is_kbps;
	uint32_t n_bands;
	struct dpif_meter_band bands[DPIF_METER_BANDS_MAX];
	uint64_t n_packets, n_bytes; /* get, del: that came to it */
	uint64_t used_ms; /* clock_ms() of the last packet, 0 never */
};
void dpif_meter_get_features(struct dpif *, struct dpif_meter_features *);
int dpif_meter_set(struct dpif *, uint32_t id, const struct dpif_meter *);
int dpif_meter_get(struct dpif *, uint32_t id, struct dpif_meter *);
int dpif_meter_del(struct dpif *, uint32_t id, struct dpif_meter *last /* may be NULL */);

/* Connection tracking (dpif_ct.h has what an entry is). */
struct dpif_ct_entry;
struct dpif_ct_tuple;
#define DPIF_CT_ZONE_ANY (-1)
/* Calls 'fn', which returns whether to go on, for each connection of 'zone' (or any). */
int dpif_ct_dump(struct dpif *, int zone, bool (*fn)(const struct dpif_ct_entry *, void *aux),
		 void *aux);
/* Removes all of 'zone' (or any), or the one that has 'tuple' as original or reply (not NULL; zone
 * 0 if any): -ENOENT if there is none. */
int dpif_ct_flush(struct dpif *, int zone, const struct dpif_ct_tuple *tuple);
/* Limits of connections by zone; zone -1 is the default of the others. */
struct dpif_ct_limit {
	int32_t zone;
	uint32_t limit; /* 0: none */
	uint32_t count; /* get */
};
int dpif_ct_limits_set(struct dpif *, const struct dpif_ct_limit *, size_t n);
/* With 'n_zones' 0 all that are set, the default first; else the default and those asked for.  The
 * caller frees '*limits'. */
int dpif_ct_limits_get(struct dpif *, const uint16_t *zones, size_t n_zones,
		       struct dpif_ct_limit **limits, size_t *n);
int dpif_ct_limits_del(struct dpif *, const int32_t *zones, size_t n);
/* Of the connection tracker as a whole. */
int dpif_ct_set_maxconns(struct dpif *, uint32_t);
int dpif_ct_get_maxconns(struct dpif *, uint32_t *);
int dpif_ct_get_nconns(struct dpif *, uint32_t *);
int dpif_ct_set_tcp_seq_chk(struct dpif *, bool);
int dpif_ct_get_tcp_seq_chk(struct dpif *, bool *);
/* How often what has expired is swept out. */
int dpif_ct_set_sweep_interval(struct dpif *, uint32_t ms);
int dpif_ct_get_sweep_interval(struct dpif *, uint32_t *ms);
/* Connections in each bucket of its table; the caller frees '*counts'. */
int dpif_ct_get_buckets(struct dpif *, uint32_t **counts, size_t *n);
/* Reassembly of fragments before the connection tracker. */
struct dpif_ipf_family {
	bool enabled;
	uint32_t min_frag; /* octets of a fragment that is not the last one */
	uint64_t n_accepted, n_completed, n_expired, n_too_small, n_overlapped, n_purged;
};
struct dpif_ipf_status {
	uint32_t n_frags, n_frags_max;
	struct dpif_ipf_family v4, v6;
};
int dpif_ipf_set_enabled(struct dpif *, bool v6, bool enabled);
int dpif_ipf_set_min_frag(struct dpif *, bool v6, uint32_t octets); /* -EPERM: too small */
int dpif_ipf_set_max_nfrags(struct dpif *, uint32_t); /* -EPERM: too many */
int dpif_ipf_get_status(struct dpif *, struct dpif_ipf_status *);
/* Appends a line for each list of fragments that waits for the rest. */
int dpif_ipf_format_lists(struct dpif *, struct str *);
/* Flows that a device handles. */
int dpif_get_n_offloaded(struct dpif *, uint64_t *n);

/* Text of the commands dpif-netdev/pmd-*-show (existing form). */
void dpif_user_format_pmd_perf(struct str *);
void dpif_user_format_pmd_stats(struct str *);
void dpif_user_format_rxqs(struct str *);
/* Registers dpctl/..., netdev-dummy/..., dpif-netdev/... with unixctl. */
void dpif_register_commands(struct loop *);

#endif
