/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the datapath knows of a packet beside its octets.  It lives on the stack of the receive path
 * (or in a deferred-action slot) and travels with the skb by pointer; skb->cb is not used.
 */
#ifndef DATAPATH_PKT_H
#define DATAPATH_PKT_H

#include "flow_key.h"

struct datapath;
struct dp_port;
struct ip_tunnel_info;

struct pkt {
	struct datapath *dp;
	struct dp_port *port; /* where it came in; NULL for an execution without one */
	u32 in_port;
	u32 recirc_id;
	u32 dp_hash;
	u8 mac_proto; /* enum key_mac_proto */
	u8 ct_state; /* OVS_CS_F_*, 0: not tracked since the last ct_clear */
	u16 ct_zone;
	u32 ct_mark;
	u16 mru; /* of the fragments that were reassembled, 0 */
	u8 depth; /* of nested lists that run now */
	u8 recirc_depth;
	u32 trunc_len; /* octets that the next output sends; U32_MAX: all */
	bool has_ct; /* labels and original tuple below are valid */
	bool probe; /* a feature probe: no logging */
	u8 ct_orig_proto;
	__be16 ct_orig_src_port, ct_orig_dst_port;
	struct ovs_key_ct_labels ct_labels;
	union {
		struct {
			__be32 src, dst;
		} ct_orig4;
		struct {
			struct in6_addr src, dst;
		} ct_orig6;
	};
	/* Tunnel that it came out of, or NULL; owned by the skb's dst as long as that is not replaced. */
	const struct ip_tunnel_info *tun;
	/* Parsed: valid until an action changes the headers. */
	bool is_parsed; /* the offsets in the skb are right */
	__be16 l3_proto; /* after VLAN tags, if is_parsed */
	u8 l4_proto; /* 0: none, a later fragment, or not parsed */
};

static inline void pkt_init(struct pkt *pkt, struct datapath *dp, struct dp_port *port, u32 in_port)
{
	/* ct_labels and the tuple are read only with has_ct set */
	pkt->dp = dp;
	pkt->port = port;
	pkt->in_port = in_port;
	pkt->recirc_id = 0;
	pkt->dp_hash = 0;
	pkt->mac_proto = KEY_MAC_ETHERNET;
	pkt->ct_state = 0;
	pkt->ct_zone = 0;
	pkt->ct_mark = 0;
	pkt->mru = 0;
	pkt->depth = 0;
	pkt->recirc_depth = 0;
	pkt->trunc_len = U32_MAX;
	pkt->has_ct = false;
	pkt->probe = false;
	pkt->tun = NULL;
	pkt->is_parsed = false;
}

#endif
