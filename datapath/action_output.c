// SPDX-License-Identifier: GPL-2.0
/*
 * Sending to a port.  The plain case is checked for with a few compares; everything else
 * (truncation, frames that are longer than the MTU, fragments) takes the long way.
 */
#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "../include/drop_reason.h"
#include "action.h"
#include "action_frag.h"
#include "action_ops.h"
#include "compat/gso.h"
#include "dp.h"

static void output_drop(struct sk_buff *skb, const struct pkt *pkt, const struct dp_port *port,
			enum drop_reason reason)
{
	dp_count_drop(pkt, port->port_no, reason);
	kfree_skb(skb);
}

/* Longest frame without a tag in the data. */
static unsigned int max_len(const struct net_device *dev)
{
	return READ_ONCE(dev->mtu) + (dev->type == ARPHRD_ETHER ? ETH_HLEN : 0);
}

static bool exceeds_mtu(const struct sk_buff *skb, const struct net_device *dev)
{
	unsigned int max = max_len(dev);

	if (dev->type == ARPHRD_ETHER && !skb_vlan_tag_present(skb) &&
	    eth_type_vlan(((const struct ethhdr *)skb->data)->h_proto))
		max += VLAN_HLEN;
	if (skb->len <= max)
		return false;
	return !skb_is_gso(skb) || !skb_gso_validate_network_len(skb, READ_ONCE(dev->mtu));
}

static void output_send(struct sk_buff *skb, const struct pkt *pkt, struct dp_port *port)
{
	/* no device sends by a sum that another one took; an internal port receives by it */
	if (!port->ops->send)
		skb_forward_csum(skb);
	skb_clear_tstamp(skb);
	dp_port_send(port, skb, pkt->mac_proto);
}

/* Cuts a packet that is none of GSO; frees it if that fails. */
static bool output_trim(struct sk_buff *skb, const struct pkt *pkt, const struct dp_port *port)
{
	if (skb->len <= pkt->trunc_len)
		return true;
	/* what remains is to be as it was in the whole packet */
	if (skb->ip_summed == CHECKSUM_PARTIAL && skb_csum_hwoffload_help(skb, 0))
		goto err;
	skb->ip_summed = CHECKSUM_NONE;
	if (pskb_trim(skb, pkt->trunc_len))
		goto err;
	return true;
err:
	output_drop(skb, pkt, port, DROP_NO_MEMORY);
	return false;
}

/* Each segment of a GSO packet is cut. */
static void output_trim_segments(struct sk_buff *skb, const struct pkt *pkt, struct dp_port *port)
{
	struct sk_buff *segs, *next;

	segs = skb_gso_segment(skb, NETIF_F_SG);
	if (IS_ERR_OR_NULL(segs)) {
		output_drop(skb, pkt, port, DROP_NO_SEGMENTATION);
		return;
	}
	consume_skb(skb);
	skb_list_walk_safe(segs, skb, next)
	{
		skb_mark_not_on_list(skb);
		if (!output_trim(skb, pkt, port))
			continue;
		if (exceeds_mtu(skb, port->dev))
			output_drop(skb, pkt, port, DROP_MTU_EXCEEDED);
		else
			output_send(skb, pkt, port);
	}
}

static noinline void output_slow(struct sk_buff *skb, struct pkt *pkt, struct dp_port *port)
{
	unsigned int hdrs;

	if (pkt->trunc_len < skb->len) {
		if (!skb_is_gso(skb)) {
			if (!output_trim(skb, pkt, port))
				return;
		} else if (!skb_gso_validate_mac_len(skb, pkt->trunc_len)) {
			output_trim_segments(skb, pkt, port);
			return;
		}
	} else if (pkt->mru && !action_parse(skb, pkt)) {
		hdrs = skb_network_offset(skb);
		if (skb->len > pkt->mru + hdrs && pkt->mru <= READ_ONCE(port->dev->mtu)) {
			skb_clear_tstamp(skb);
			action_send_fragments(skb, pkt, port);
			return;
		}
	}
	if (unlikely(exceeds_mtu(skb, port->dev)))
		output_drop(skb, pkt, port, DROP_MTU_EXCEEDED);
	else
		output_send(skb, pkt, port);
}

void action_output(struct sk_buff *skb, struct pkt *pkt, u32 port_no)
{
	struct dp_port *port = dp_port_lookup(pkt->dp, port_no);
	struct net_device *dev;

	if (unlikely(!port)) {
		dp_drop(skb, pkt, DROP_NO_SUCH_PORT);
		return;
	}
	dev = port->dev;
	if (unlikely(!netif_running(dev) || !netif_carrier_ok(dev))) {
		output_drop(skb, pkt, port, DROP_TX_DOWN);
		return;
	}
	if (unlikely(!(port->mac_protos & BIT(pkt->mac_proto)))) {
		output_drop(skb, pkt, port, DROP_TX_ERROR);
		return;
	}
	if (unlikely(pkt->trunc_len < skb->len || pkt->mru || skb->len > max_len(dev))) {
		output_slow(skb, pkt, port);
		return;
	}
	output_send(skb, pkt, port);
}
