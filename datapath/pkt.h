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
	/* Most packets have all of this 0, which microkey.h sees at one glance: no holes. */
	struct_group(
		rare, u32 dp_hash __aligned(8); u8 mac_proto; /* enum key_mac_proto */
		u8 ct_state; /* OVS_CS_F_*, 0: not tracked since the last ct_clear */
		u16 ct_zone; u32 ct_mark;
		bool has_ct; /* labels and original tuple below are valid */
		u8 pad[3];
		/* Tunnel that it came out of, or NULL; owned by the skb's dst as long as that is
		 * not replaced. */
		const struct ip_tunnel_info *tun;);
	u16 mru; /* of the fragments that were reassembled, 0 */
	u8 depth; /* of nested lists that run now */
	u8 recirc_depth;
	u32 trunc_len; /* octets that the next output sends; U32_MAX: all */
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
	memset(&pkt->rare, 0, sizeof(pkt->rare)); /* KEY_MAC_ETHERNET is 0 */
	pkt->mru = 0;
	pkt->depth = 0;
	pkt->recirc_depth = 0;
	pkt->trunc_len = U32_MAX;
	pkt->probe = false;
	pkt->is_parsed = false;
}

/* True: an Ethernet frame without tunnel, conntrack state and hash. */
static inline bool pkt_is_plain(const struct pkt *pkt)
{
	u64 words[2];

	static_assert(offsetof(struct pkt, tun) == offsetof(struct pkt, rare) + sizeof(words));
	memcpy(words, &pkt->rare, sizeof(words));
	return !(words[0] | words[1] | (unsigned long)pkt->tun);
}

/* The same, but for conntrack state. */
static inline bool pkt_is_plain_but_ct(const struct pkt *pkt)
{
	return !(pkt->dp_hash | pkt->mac_proto | (unsigned long)pkt->tun);
}

#endif
