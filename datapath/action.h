/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Actions: the attribute list from userspace is checked once and compiled into a program, which the
 * packet path runs without looking at an attribute again.
 */
#ifndef DATAPATH_ACTION_H
#define DATAPATH_ACTION_H

#include <linux/rcupdate.h>

#include "pkt.h"

struct net;

#define ACTION_MAX_DEPTH 16 /* of nested lists */
#define ACTION_MAX_RECIRC 8 /* passes of one packet through the table (S: at least 5) */

struct action_prog {
	struct rcu_head rcu;
	u32 n_ops;
	u32 attrs_len;
	void *attrs; /* as they were given: dumps send them back */
	bool output_last; /* the common case, one output and nothing else: see action_run.c */
	u32 output_port; /* ... and where to */
	struct action_op *ops; /* opaque: action_ops.h */
};

/**
 * actions_compile() - check a list of actions and make it a program
 * @dp: datapath that it is for (meters, features); may be changed before the program runs
 * @attrs: nested OVS_ACTION_ATTR_*
 * @key: the flow's key as far as it is known to be matched (key of @match under its mask);
 *	prerequisites of sets and pops are checked against it and simulated along the list
 * @mask: its mask, NULL: exact
 * @extack: names the offending attribute
 * Context: process context.  Nothing outside is bounded by what @attrs claims.
 * Return: the program or ERR_PTR(-errno).
 */
struct action_prog *actions_compile(struct datapath *dp, const struct nlattr *attrs,
				    const struct flow_key *key, const struct flow_key *mask,
				    struct netlink_ext_ack *extack);
/* Releases what it holds (tunnel dsts, ct templates, ...).  _rcu: after a grace period. */
void action_prog_free(struct action_prog *prog);
void action_prog_free_rcu(struct action_prog *prog);
/* OVS_FLOW_ATTR_ACTIONS (or @attr) with the list as it was given. */
int action_prog_put(struct sk_buff *skb, int attr, const struct action_prog *prog);

/**
 * actions_run() - run a program on a packet
 * @prog: of the flow, or of an execution
 * @skb: consumed
 * @pkt: its metadata; changed
 * Context: RCU, BH disabled.  Recirculates by dp_classify(), bounded by ACTION_MAX_RECIRC.
 */
void actions_run(const struct action_prog *prog, struct sk_buff *skb, struct pkt *pkt);

/* Sends to a port: MTU check, GSO, truncation.  Consumes @skb. */
void action_output(struct sk_buff *skb, struct pkt *pkt, u32 port_no);

/* Allocates per-CPU room for deferred lists. */
int actions_module_init(void);
void actions_module_exit(void);

#endif
