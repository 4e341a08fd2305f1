/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Datapaths, their ports, upcalls.
 *
 * Locks: dp_lock (mutex, global) guards the list of datapaths and all ports; dp->flow_lock, taken
 * inside dp_lock if both are needed, guards the flow table's writers.  rtnl, where needed, is taken
 * inside dp_lock... never the other way round: the netdevice notifier only detaches the device
 * (which only rtnl guards) and queues work for the rest.
 * Packets run under RCU with BH disabled.
 *
 * A datapath that was found lives on as long as dp_lock, RCU or a reference (dp_get()) is held.
 * With nothing but a reference its owner may have gone: whoever writes to the flow table under
 * flow_lock looks at dp->dead first.
 */
#ifndef DATAPATH_DP_H
#define DATAPATH_DP_H

#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/u64_stats_sync.h>
#include <linux/xarray.h>
#include <net/genetlink.h>
#include <net/netns/generic.h>

#include "../include/drop_reason.h"
#include "flow.h"
#include "pkt.h"

#define DP_MAX_PORTS 65535 /* numbers 0 .. DP_MAX_PORTS - 1 */
#define DP_FEATURES (OVS_DP_F_UNALIGNED | OVS_DP_F_VPORT_PIDS | OVS_DP_F_DISPATCH_UPCALL_PER_CPU)

struct dp_stats_percpu {
	u64_stats_t n_hit, n_missed, n_lost;
	struct u64_stats_sync sync;
};

struct dp_pids { /* of per-CPU dispatch, or of a port */
	struct rcu_head rcu;
	u32 n;
	u32 pids[];
};

struct ct_limit_info;
struct meter_table;
struct upcall_queue;

struct dp_port_array {
	struct rcu_head rcu;
	u32 n;
	struct dp_port __rcu *of[]; /* [n] */
};

struct datapath {
	struct rcu_head rcu;
	struct list_head node; /* in the namespace; dp_lock, RCU */
	struct net *net; /* without a reference: it takes its datapaths with it */
	struct flow_table *table;
	struct mutex flow_lock;
	struct dp_port_array __rcu *port_array; /* by number, for packets; dp_lock */
	struct xarray ports; /* the same, to walk and to find free numbers: struct dp_port, RCU */
	struct dp_stats_percpu __percpu *stats;
	struct dp_pids __rcu *pids; /* per-CPU dispatch */
	u32 user_features;
	struct meter_table *meters; /* meter.h */
	struct upcall_queue *queues; /* upcall.c */
	struct dp_port *local; /* port OVSP_LOCAL; as long as it is not dead */
	int ifindex; /* of its device, which never leaves the namespace */
	u32 n_ports; /* dp_lock */
	int headroom; /* that devices get for what their frames may grow by; rtnl */
	bool dead; /* out of its namespace; changes under dp_lock and flow_lock */
	refcount_t refs;
	struct rcu_work free_work;
};

struct dp_net { /* of one network namespace */
	struct list_head dps;
	struct list_head node; /* among all namespaces; dp_lock */
	struct net *net;
	struct ct_limit_info *ct_limits;
	bool has_connlabels; /* see ct_action.c */
};
extern unsigned int dp_net_id;
extern struct mutex dp_lock;

static inline struct dp_net *dp_net(const struct net *net)
{
	return net_generic(net, dp_net_id);
}

/* Families; registered by main.c. */
extern struct genl_family dp_datapath_family, dp_vport_family, dp_flow_family, dp_packet_family,
	dp_meter_family, dp_ct_limit_family, dp_drop_family;

/* The datapath of a request: dp_lock held, or RCU. */
struct datapath *dp_lookup(struct net *net, int dp_ifindex);
/* The same with a reference, needing no lock; dp_put() may be called from anywhere. */
struct datapath *dp_get(struct net *net, int dp_ifindex);
void dp_put(struct datapath *dp);
/* NULL: no memory; with one reference, in no namespace yet. */
struct datapath *dp_create(struct net *net);
/* dp_lock held: makes it visible; its local port is there. */
void dp_publish(struct datapath *dp);

static inline int dp_ifindex(const struct datapath *dp)
{
	return dp->ifindex;
}

const char *dp_name(const struct datapath *dp); /* of one that is not dead: dp_lock or RCU */

/* ---- ports ------------------------------------------------------------ */

struct dp_port_ops { /* a kind of port; one file each, port_KIND.c */
	struct list_head node;
	enum ovs_vport_type type;
	struct module *owner;
	/* Has the modules loaded that it needs, or NULL.  Without a lock: to load one may wait for
	 * namespaces that go, which wait for dp_lock. */
	void (*load)(void);
	/* Makes or takes the device.  dp_lock held. */
	int (*create)(struct dp_port *port, const char *name, u32 desired_ifindex,
		      const struct nlattr *options, struct netlink_ext_ack *extack);
	/* Gives it back; no packet comes in once a grace period is over.  dp_lock held. */
	void (*destroy)(struct dp_port *port);
	int (*set_options)(struct dp_port *port, const struct nlattr *options,
			   struct netlink_ext_ack *extack);
	int (*get_options)(const struct dp_port *port, struct sk_buff *skb);
	/* Consumes the skb, whose device is set; NULL: dev_queue_xmit(). */
	void (*send)(struct dp_port *port, struct sk_buff *skb);
};

struct dp_port_drops { /* on one CPU, changed by this_cpu_inc() */
	u64 rx[DROP_N_REASONS], tx[DROP_N_REASONS];
	u64 n_upcalls, n_upcall_fails;
};

#define UPCALL_N_QUEUES 16 /* of receivers' queues that are told apart */

struct dp_port_upcalls { /* what it has in one receiver's queue: see upcall.c */
	u32 epoch;
	u32 n_bytes;
};

struct dp_port {
	/* What every packet reads. */
	struct datapath *dp;
	struct net_device *dev;
	const struct dp_port_ops *ops;
	u32 port_no;
	u8 mac_protos; /* BIT(enum key_mac_proto): what may be sent to it */
	struct dp_pids __rcu *pids;
	struct dp_port_drops __percpu *drops;

	struct rcu_head rcu;
	netdevice_tracker dev_tracker;
	bool is_attached; /* the device knows of it; rtnl */
	struct dp_port_upcalls upcalls[UPCALL_N_QUEUES];
	void *priv; /* of the kind */
};

static inline struct dp_port *dp_port_lookup(const struct datapath *dp, u32 port_no)
{ /* RCU or dp_lock */
	const struct dp_port_array *array = rcu_dereference_raw(dp->port_array);

	return likely(array && port_no < array->n) ? rcu_dereference_raw(array->of[port_no]) : NULL;
}

struct dp_port_params {
	const char *name;
	enum ovs_vport_type type;
	u32 port_no; /* U32_MAX: the first that is free */
	u32 desired_ifindex; /* 0: any */
	const struct nlattr *options, *pids; /* attributes or NULL */
};

/* Before dp_port_add(), without a lock: what a port of the kind needs. */
void dp_port_load(enum ovs_vport_type type);
/* dp_lock held. */
struct dp_port *dp_port_add(struct datapath *dp, const struct dp_port_params *params,
			    struct netlink_ext_ack *extack);
void dp_port_del(struct dp_port *port);
/* By device name in this namespace: of @dp, or NULL: of any datapath there.  dp_lock or RCU. */
struct dp_port *dp_port_find(struct net *net, const struct datapath *dp, const char *name);
/* The port that a device is, or NULL.  RCU, rtnl or dp_lock. */
struct dp_port *dp_port_of_dev(const struct net_device *dev);
int dp_port_ops_register(struct dp_port_ops *ops);
void dp_port_ops_unregister(struct dp_port_ops *ops);

/*
 * By the receive handlers: @skb has its Ethernet header pushed back (data at it), or is a bare
 * layer 3 packet as @mac_proto says; consumed.  From here on an outermost VLAN tag is in the skb's
 * metadata (skb_vlan_tag_present()), never in the data, and skb->protocol is what follows it.
 */
void dp_port_receive(struct dp_port *port, struct sk_buff *skb, const struct ip_tunnel_info *tun,
		     enum key_mac_proto mac_proto);

/*
 * Hands @skb to the port's device, consuming it.  The caller has checked the MTU and that
 * port->mac_protos has BIT(@mac_proto), and has set skb->protocol.
 */
void dp_port_send(struct dp_port *port, struct sk_buff *skb, enum key_mac_proto mac_proto);

extern struct dp_port_ops port_netdev_ops, port_internal_ops, port_gre_ops, port_vxlan_ops,
	port_geneve_ops;

/* port_netdev.c; also for the devices of port_tunnel.c.  rtnl held. */
int port_netdev_attach(struct dp_port *port, struct net_device *dev,
		       struct netlink_ext_ack *extack);
void port_netdev_detach(struct dp_port *port);
/* The port whose device this is, and it is no internal one; NULL.  RCU or rtnl. */
struct dp_port *port_netdev_of_dev(const struct net_device *dev);

/* port_internal.c */
struct dp_port *port_internal_of_dev(const struct net_device *dev);
int port_internal_module_init(void);
void port_internal_module_exit(void);

/* ---- packets ---------------------------------------------------------- */

/* Looks the packet up and runs its flow's actions, or sends it up; again with another
 * pkt->recirc_id when it recirculates.  Consumes @skb.  RCU, BH disabled. */
void dp_process(struct sk_buff *skb, struct pkt *pkt);
/*
 * The first half of dp_process(), which actions_run() calls for a packet that recirculates: the
 * program of the flow that it hits, counted, or NULL: it missed and went up, or was dropped; @skb
 * is consumed.
 * dp_process() is this and then actions_run().
 */
const struct action_prog *dp_classify(struct sk_buff *skb, struct pkt *pkt);

/* Moves the outermost VLAN tag from the data to the metadata; NULL: the skb is freed. */
struct sk_buff *dp_untag(struct sk_buff *skb);

/* Frees @skb and counts why, with the kernel's own drop reason beside ours. */
void dp_drop(struct sk_buff *skb, const struct pkt *pkt, enum drop_reason reason);
/* Counts only. @port_no: the output port it was for, or U32_MAX. */
void dp_count_drop(const struct pkt *pkt, u32 port_no, enum drop_reason reason);

/* ---- upcalls (upcall.c) ------------------------------------------------ */

struct upcall_info {
	u8 cmd; /* OVS_PACKET_CMD_MISS or _ACTION */
	u32 portid; /* of the action; 0: the port's or CPU's own */
	const struct nlattr *userdata;
	const void *actions; /* attributes to send along, or NULL */
	u32 actions_len;
	const struct ip_tunnel_info *egress_tun;
	const struct flow_key *key; /* NULL: made from the packet */
};

/* Sends (a copy of) the packet up; @skb stays the caller's.  GSO packets are segmented, at most
 * pkt->trunc_len octets of each are sent.  0, or -errno: it was counted as lost. */
int dp_upcall(struct sk_buff *skb, struct pkt *pkt, const struct upcall_info *info);

struct upcall_queue *upcall_queues_create(void);
void upcall_queues_destroy(struct upcall_queue *queues);

/* The port IDs of a message: checked, copied.  ERR_PTR() or NULL: none. */
struct dp_pids *dp_pids_create(const struct nlattr *attr, struct netlink_ext_ack *extack);

/* ---- control plane ------------------------------------------------------ */

/* Whether a request has the attribute; says so if not. */
#define DP_REQUIRE(info, attr)                                                                     \
	({                                                                                         \
		bool _has = (info)->attrs[attr];                                                   \
		if (!_has)                                                                         \
			NL_SET_ERR_MSG((info)->extack, #attr " is missing");                       \
		_has;                                                                              \
	})

/* Takes vports along whose devices went away; on the module's workqueue. */
extern struct workqueue_struct *dp_wq;
void dp_detached_work(struct work_struct *work);
/* dp_lock held: out of its namespace with all ports; freed when the last reference goes. */
void dp_destroy(struct datapath *dp);
/* vport_cmd.c: tells the multicast group that @port goes, before it does.  dp_lock held. */
void vport_notify_del(struct dp_port *port);
/* drop.c */
int drop_module_init(void);
void drop_module_exit(void);

#endif
