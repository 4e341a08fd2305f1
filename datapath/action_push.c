// SPDX-License-Identifier: GPL-2.0
/*
 * Pushing and popping headers.  Where the kernel has a function for it, that is used; what it wants
 * to find in the skb (offsets, protocol) is put there first.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/mpls.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/mpls.h>
#include <net/nsh.h>

#include "action_ops.h"

static enum drop_reason reason_of(int err)
{
	return err == -ENOMEM ? DROP_NO_MEMORY : DROP_BAD_ACTION;
}

/* Makes skb->protocol and skb->mac_len what kernel functions expect them to be. */
static enum drop_reason prepare(struct sk_buff *skb, struct pkt *pkt)
{
	enum drop_reason err = action_parse(skb, pkt);

	if (unlikely(err))
		return err;
	skb_reset_mac_header(skb);
	skb_reset_mac_len(skb);
	skb->protocol = pkt->l3_proto;
	return DROP_NONE;
}

/* A tag in the metadata goes into the data: something is put in front of the Ethernet header. */
static enum drop_reason push_tag_inside(struct sk_buff *skb)
{
	int err;

	if (likely(!skb_vlan_tag_present(skb)))
		return DROP_NONE;
	err = __vlan_insert_tag(skb, skb->vlan_proto, skb_vlan_tag_get(skb));
	if (unlikely(err))
		return reason_of(err);
	__vlan_hwaccel_clear_tag(skb);
	skb->mac_len += VLAN_HLEN;
	skb_postpush_rcsum(skb, skb->data + 2 * ETH_ALEN, VLAN_HLEN);
	return DROP_NONE;
}

/* What was popped had an Ethernet frame in it; devices need to know where that one's headers
 * are. */
static enum drop_reason start_ethernet(struct sk_buff *skb, struct pkt *pkt)
{
	if (unlikely(!pskb_may_pull(skb, ETH_HLEN)))
		return DROP_HEADER_TOO_SHORT;
	pkt->mac_proto = KEY_MAC_ETHERNET;
	skb->protocol = ((struct ethhdr *)skb->data)->h_proto;
	return action_parse_slow(skb, pkt);
}

/* ---- VLAN ----------------------------------------------------------------------- */

/* The tag that is there goes into the data. */
static noinline enum drop_reason push_second_vlan(struct sk_buff *skb, u32 tpid_tci)
{
	int err;

	skb_reset_mac_header(skb);
	err = skb_vlan_push(skb, htons(tpid_tci >> 16), tpid_tci & 0xffff);
	return unlikely(err) ? reason_of(err) : DROP_NONE;
}

enum drop_reason action_push_vlan(struct sk_buff *skb, struct pkt *pkt, u32 tpid_tci)
{
	if (unlikely(skb_vlan_tag_present(skb)))
		return push_second_vlan(skb, tpid_tci);
	__vlan_hwaccel_put_tag(skb, htons(tpid_tci >> 16), tpid_tci & 0xffff);
	return DROP_NONE;
}

/* The tag is in the data, or there is another one below. */
static noinline enum drop_reason pop_vlan_data(struct sk_buff *skb, struct pkt *pkt)
{
	int err;

	skb_reset_mac_header(skb);
	skb->protocol = eth_hdr(skb)->h_proto;
	err = skb_vlan_pop(skb);
	pkt->is_parsed = false;
	return unlikely(err) ? reason_of(err) : DROP_NONE;
}

enum drop_reason action_pop_vlan(struct sk_buff *skb, struct pkt *pkt)
{
	__be16 proto;

	if (unlikely(!pskb_may_pull(skb, ETH_HLEN)))
		return DROP_HEADER_TOO_SHORT;
	proto = ((struct ethhdr *)skb->data)->h_proto;
	if (unlikely(eth_type_vlan(proto)))
		return pop_vlan_data(skb, pkt);
	__vlan_hwaccel_clear_tag(skb);
	return DROP_NONE;
}

/* ---- MPLS ------------------------------------------------------------------------ */

/* Inner headers are the label's from now on; a tunnel's must be done with. */
static enum drop_reason end_encapsulation(struct sk_buff *skb)
{
	if (likely(!skb->encapsulation))
		return DROP_NONE;
	if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb))
		return DROP_BAD_OFFLOAD;
	skb->encapsulation = 0;
	skb->inner_protocol = 0;
	return DROP_NONE;
}

enum drop_reason action_push_mpls(struct sk_buff *skb, struct pkt *pkt, __be32 lse, __be16 eth_type)
{
	enum drop_reason reason = prepare(skb, pkt);
	int err;

	if (!reason)
		reason = end_encapsulation(skb);
	if (unlikely(reason))
		return reason;
	err = skb_mpls_push(skb, lse, eth_type, skb->mac_len, pkt->mac_proto == KEY_MAC_ETHERNET);
	if (unlikely(err))
		return reason_of(err);
	pkt->l3_proto = eth_type;
	pkt->l4_proto = 0;
	return DROP_NONE;
}

enum drop_reason action_add_mpls(struct sk_buff *skb, struct pkt *pkt, __be32 lse, __be16 eth_type)
{
	enum drop_reason reason = prepare(skb, pkt);
	int err;

	if (!reason)
		reason = end_encapsulation(skb);
	if (!reason)
		reason = push_tag_inside(skb);
	if (unlikely(reason))
		return reason;
	err = skb_mpls_push(skb, lse, eth_type, 0, false);
	if (unlikely(err))
		return reason_of(err);
	pkt->mac_proto = KEY_MAC_NONE;
	pkt->l3_proto = eth_type;
	pkt->l4_proto = 0;
	return DROP_NONE;
}

enum drop_reason action_pop_mpls(struct sk_buff *skb, struct pkt *pkt, __be16 eth_type)
{
	enum drop_reason reason = prepare(skb, pkt);
	int err;

	if (unlikely(reason))
		return reason;
	if (unlikely(!eth_p_mpls(pkt->l3_proto) ||
		     !pskb_may_pull(skb, skb_network_offset(skb) + MPLS_HLEN)))
		return DROP_HEADER_TOO_SHORT;
	err = skb_mpls_pop(skb, eth_type, skb->mac_len, pkt->mac_proto == KEY_MAC_ETHERNET);
	if (unlikely(err))
		return reason_of(err);
	if (eth_type == htons(ETH_P_TEB) && pkt->mac_proto == KEY_MAC_NONE) {
		skb->inner_protocol = 0;
		return start_ethernet(skb, pkt);
	}
	if (!eth_p_mpls(eth_type))
		skb->inner_protocol = 0;
	pkt->is_parsed = false;
	return DROP_NONE;
}

/* ---- Ethernet --------------------------------------------------------------------- */

enum drop_reason action_push_eth(struct sk_buff *skb, struct pkt *pkt, const struct op_set_eth *o)
{
	enum drop_reason reason = prepare(skb, pkt);
	struct ethhdr *eth;

	if (unlikely(reason))
		return reason;
	if (unlikely(pkt->mac_proto != KEY_MAC_NONE))
		return DROP_BAD_ACTION;
	if (unlikely(skb_cow_head(skb, ETH_HLEN)))
		return DROP_NO_MEMORY;
	eth = skb_push(skb, ETH_HLEN);
	put_unaligned(o->value8, (u64 *)eth);
	put_unaligned(o->value4, (u32 *)((u8 *)eth + 8));
	eth->h_proto = skb->protocol;
	skb_postpush_rcsum(skb, eth, ETH_HLEN);
	skb_reset_mac_header(skb);
	skb_reset_mac_len(skb);
	pkt->mac_proto = KEY_MAC_ETHERNET;
	return DROP_NONE;
}

enum drop_reason action_pop_eth(struct sk_buff *skb, struct pkt *pkt)
{
	enum drop_reason reason = prepare(skb, pkt);
	int err;

	if (unlikely(reason))
		return reason;
	err = skb_eth_pop(skb);
	if (unlikely(err))
		return reason_of(err);
	pkt->mac_proto = KEY_MAC_NONE;
	return DROP_NONE;
}

/* ---- NSH --------------------------------------------------------------------------- */

enum drop_reason action_push_nsh(struct sk_buff *skb, struct pkt *pkt, const void *hdr)
{
	enum drop_reason reason = prepare(skb, pkt);
	int err;

	if (!reason)
		reason = push_tag_inside(skb);
	if (unlikely(reason))
		return reason;
	/* an Ethernet frame is told from a bare packet by its mac_len */
	err = nsh_push(skb, hdr);
	if (unlikely(err))
		return reason_of(err);
	pkt->mac_proto = KEY_MAC_NONE;
	pkt->l3_proto = htons(ETH_P_NSH);
	pkt->l4_proto = 0;
	return DROP_NONE;
}

enum drop_reason action_pop_nsh(struct sk_buff *skb, struct pkt *pkt)
{
	enum drop_reason reason = prepare(skb, pkt);
	int err;

	if (unlikely(reason))
		return reason;
	if (unlikely(pkt->mac_proto != KEY_MAC_NONE || pkt->l3_proto != htons(ETH_P_NSH)))
		return DROP_HEADER_TOO_SHORT;
	err = nsh_pop(skb);
	if (unlikely(err))
		return reason_of(err);
	if (skb->protocol == htons(ETH_P_TEB))
		return start_ethernet(skb, pkt);
	pkt->is_parsed = false;
	return DROP_NONE;
}
