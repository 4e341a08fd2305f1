/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Datapaths, their ports, upcalls.
 *
 * Locks: dp_lock (mutex, global) guards the list of datapaths and all ports; dp->flow_lock, taken inside
 * dp_lock if both are needed, guards the flow table's writers.  rtnl, where needed, is taken inside
 * dp_lock... never the other way round: the netdevice notifier only queues work.
 * Packets run under RCU with BH disabled.
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
#define DP_FEATURES                                                                                \
	(OVS_DP_F_UNALIGNED | OVS_DP_F_VPORT_PIDS | OVS_DP_F_DISPATCH_UPCALL_PER_CPU)

struct dp_stats_percpu {
	u64_stats_t n_hit, n_missed, n_lost;
	struct u64_stats_sync sync;
};

struct dp_pids { /* of per-CPU dispatch, or of a port */
	struct rcu_head rcu;
	u32 n;
	u32 pids[];
};

struct meter_table;
struct ct_limit_info;

struct datapath {
	struct rcu_head rcu;
	struct list_head node; /* in the namespace; dp_lock */
	struct net *net;
	netns_tracker ns_tracker;
	struct flow_table *table;
	struct mutex flow_lock;
	struct xarray ports; /* by number: struct dp_port, RCU */
	struct dp_stats_percpu __percpu *stats;
	struct dp_pids __rcu *pids; /* per-CPU dispatch */
	u32 user_features;
	struct meter_table *meters; /* meter.h */
	refcount_t refs;
};

struct dp_net { /* of one network namespace */
	struct list_head dps;
	struct ct_limit_info *ct_limits;
};
extern unsigned int dp_net_id;
extern struct mutex dp_lock;

static inline struct dp_net *dp_net(const struct net *net)
{
	return net_generic(net, dp_net_id);
}

/* Families; registered by main.c. */
extern struct genl_family dp_datapath_family, dp_vport_family, dp_flow_family, dp_packet_family,
	dp_meter_family, dp_ct_limit_family;

/* The datapath of a request: dp_lock held, or RCU. */
struct datapath *dp_lookup(struct net *net, int dp_ifindex);
int dp_ifindex(const struct datapath *dp); /* of its local port */
const char *dp_name(const struct datapath *dp);

/* ---- ports ------------------------------------------------------------ */

struct dp_port_ops { /* a kind of port; one file each, port_KIND.c */
	struct list_head node;
	enum ovs_vport_type type;
	struct module *owner;
	/* Makes or takes the device.  dp_lock held. */
	int (*create)(struct dp_port *port, const char *name, u32 desired_ifindex,
		      const struct nlattr *options, struct netlink_ext_ack *extack);
	/* Gives it back; no packet comes in afterwards.  dp_lock held. */
	void (*destroy)(struct dp_port *port);
	int (*set_options)(struct dp_port *port, const struct nlattr *options);
	int (*get_options)(const struct dp_port *port, struct sk_buff *skb);
	/* Consumes the skb; NULL: dev_queue_xmit(). */
	void (*send)(struct dp_port *port, struct sk_buff *skb);
};

struct dp_port_drops {
	u64 rx[DROP_N_REASONS], tx[DROP_N_REASONS];
};

struct dp_port {
	/* What every packet reads. */
	struct datapath *dp;
	struct net_device *dev;
	const struct dp_port_ops *ops;
	u32 port_no;
	struct dp_pids __rcu *pids;
	struct dp_port_drops __percpu *drops;

	struct rcu_head rcu;
	struct hlist_node dev_node;
	netdevice_tracker dev_tracker;
	u64_stats_t n_upcalls, n_upcall_fails; /* under upcall.c's per-port bucket lock */
	void *priv; /* of the kind */
};

struct dp_port *dp_port_lookup(const struct datapath *dp, u32 port_no); /* RCU or dp_lock */
int dp_port_ops_register(struct dp_port_ops *ops);
void dp_port_ops_unregister(struct dp_port_ops *ops);
/* By the receive handlers: @skb has its Ethernet header pushed back (data at it); consumed. */
void dp_port_receive(struct dp_port *port, struct sk_buff *skb,
		     const struct ip_tunnel_info *tun);

extern struct dp_port_ops port_netdev_ops, port_internal_ops;

/* ---- packets ---------------------------------------------------------- */

/* Looks the packet up and runs its flow's actions, or sends it up.  Consumes @skb.  RCU, BH disabled. */
void dp_process(struct sk_buff *skb, struct pkt *pkt);

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

#endif
