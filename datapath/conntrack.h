/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connection tracking by the kernel's own conntrack and NAT (conntrack.c, nat.c), limits per zone
 * (ct_limit.c).
 */
#ifndef DATAPATH_CONNTRACK_H
#define DATAPATH_CONNTRACK_H

#include "pkt.h"

struct ct_action; /* what a ct action needs at run time; opaque */
struct net;

#if IS_ENABLED(CONFIG_NF_CONNTRACK)
/**
 * ct_action_create() - check and prepare OVS_ACTION_ATTR_CT
 * Return: the prepared action or ERR_PTR().
 */
struct ct_action *ct_action_create(struct net *net, const struct nlattr *attr,
				   const struct flow_key *key, const struct flow_key *mask,
				   struct netlink_ext_ack *extack);
void ct_action_destroy(struct ct_action *ct);
/**
 * ct_execute() - track the packet, commit, translate
 * @skb: data at the Ethernet header before and after
 * Return: 0 with @pkt's ct members set; -EINPROGRESS: the skb was taken (a fragment that waits for
 *	the others); another -errno: the skb was freed or is to be dropped by the caller as
 *	*@consumed says.
 */
int ct_execute(struct sk_buff *skb, struct pkt *pkt, const struct ct_action *ct, bool *consumed);
int ct_clear(struct sk_buff *skb, struct pkt *pkt);
/* Conntrack metadata that the skb already carries on reception. */
void ct_fill(const struct sk_buff *skb, struct pkt *pkt);
int ct_limit_net_init(struct net *net);
void ct_limit_net_exit(struct net *net);
int ct_net_init(struct net *net);
void ct_net_exit(struct net *net);
#endif

#endif
