/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of connection tracking: a prepared ct action, NAT, limits; not for others. */
#ifndef DATAPATH_CT_ACTION_H
#define DATAPATH_CT_ACTION_H

#include <linux/netfilter/nf_nat.h>
#include <linux/skbuff.h>
#include <net/netfilter/nf_conntrack.h>

#include "conntrack.h"

struct ct_nat {
	bool is_wanted; /* translate what is to be translated */
	bool has_type; /* ... and new connections by @range as @type */
	u8 type; /* enum nf_nat_manip_type */
	struct nf_nat_range2 range;
};

struct ct_action {
	/* Carries zone, helper and timeout policy into the kernel's lookup; NULL: all are the
	 * default. */
	struct nf_conn *tmpl;
	struct nf_conntrack_helper *helper;
	bool has_nat_helper; /* a reference to the helper's NAT part is held */
	bool is_commit, is_force;
	bool has_eventmask, has_timeout;
	u8 family; /* NFPROTO_* of the packets */
	u16 zone;
	u32 eventmask;
	u32 mark, mark_mask;
	bool has_labels;
	struct ovs_key_ct_labels labels, labels_mask;
	struct ct_nat nat;
};

/* ---- nat.c -------------------------------------------------------------- */

#if IS_ENABLED(CONFIG_NF_NAT)
int nat_parse(const struct nlattr *attr, u8 family, struct ct_nat *nat,
	      struct netlink_ext_ack *extack);
/*
 * Translates a packet of a connection; a new one that is committed is bound first.  Data at the
 * network header.  *@flags: OVS_CS_F_SRC_NAT and OVS_CS_F_DST_NAT as they were done.  0, or
 * -EINVAL: drop it.
 */
int nat_execute(struct sk_buff *skb, struct nf_conn *ct, enum ip_conntrack_info ctinfo,
		const struct ct_nat *nat, bool is_commit, u8 *flags);
#endif

/* ---- ct_limit.c --------------------------------------------------------- */

/* True: one more connection would be too much for its zone. */
bool ct_limit_exceeded(struct net *net, const struct sk_buff *skb, u8 family, struct nf_conn *ct);

#endif
