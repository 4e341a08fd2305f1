/* SPDX-License-Identifier: GPL-2.0 */
/* Packets that conntrack has put together leave as fragments again. */
#ifndef DATAPATH_ACTION_FRAG_H
#define DATAPATH_ACTION_FRAG_H

#include <linux/types.h>

struct dp_port;
struct pkt;
struct sk_buff;

/**
 * action_send_fragments() - cut a packet into fragments of pkt->mru octets and send them
 * @skb: an IPv4 or IPv6 packet, perhaps behind MPLS labels; consumed
 * @pkt: its metadata, parsed
 * @port: that they go to; its MTU is at least pkt->mru
 * Context: RCU, BH disabled.
 */
void action_send_fragments(struct sk_buff *skb, struct pkt *pkt, struct dp_port *port);

#endif
