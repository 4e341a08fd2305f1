// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own fragmentation works on IP packets with a route.  So what is in front of the
 * network header is taken off and kept, the packet gets a route that says nothing but the MTU, and
 * each fragment has its headers and its tunnel put back before it is sent.
 */
#include "action_frag.h"

#include <linux/if_vlan.h>
#include <linux/mpls.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/ip6_fib.h>
#include <net/ipv6.h>
#include <net/ipv6_stubs.h>
#include <net/mpls.h>
#include <net/route.h>

#include "../include/drop_reason.h"
#include "compat/dst.h"
#include "dp.h"
#include "pkt.h"

#define L2_MAX_LEN 64 /* Ethernet, tags and labels */

struct frag_job { /* of one packet, on the stack of who sends it */
	struct dp_port *port;
	struct dst_entry *dst; /* what the packet had */
	u16 l2_len;
	u16 network_ofs;
	u16 vlan_tci;
	__be16 vlan_proto, protocol, inner_protocol;
	bool vlan_present;
	u8 mac_proto;
	u8 l2[L2_MAX_LEN];
};

/* The innermost job of this CPU: sending a fragment may lead to another switch and another job. */
static DEFINE_PER_CPU(struct frag_job *, frag_job);

static unsigned int frag_dst_mtu(const struct dst_entry *dst)
{
	return dst->dev->mtu;
}

static struct dst_ops frag_dst_ops = {
	.family = AF_UNSPEC,
	.mtu = frag_dst_mtu,
};

static int frag_send(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	const struct frag_job *job = this_cpu_read(frag_job);

	skb_dst_drop(skb);
	if (unlikely(skb_cow_head(skb, job->l2_len))) {
		kfree_skb(skb);
		return -ENOMEM;
	}
	if (job->dst) {
		dst_hold(job->dst);
		skb_dst_set(skb, job->dst);
	}
	if (job->inner_protocol) {
		skb_reset_inner_network_header(skb);
		skb_set_inner_protocol(skb, job->inner_protocol);
	}
	memcpy(skb_push(skb, job->l2_len), job->l2, job->l2_len);
	skb_postpush_rcsum(skb, skb->data, job->l2_len);
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, job->network_ofs);
	skb_reset_mac_len(skb);
	skb->protocol = job->protocol;
	if (job->vlan_present)
		__vlan_hwaccel_put_tag(skb, job->vlan_proto, job->vlan_tci);
	else
		__vlan_hwaccel_clear_tag(skb);
	dp_port_send(job->port, skb, job->mac_proto);
	return 0;
}

static bool is_whole_ip4(struct sk_buff *skb)
{
	return pskb_may_pull(skb, sizeof(struct iphdr)) && ip_hdr(skb)->ihl >= 5 &&
	       pskb_may_pull(skb, ip_hdrlen(skb));
}

static noinline_for_stack void frag4(struct sk_buff *skb, u16 mru, struct dp_port *port)
{
	struct rtable rt = { 0 };

	compat_dst_init(&rt.dst, &frag_dst_ops);
	rt.dst.dev = port->dev;
	skb_dst_set_noref(skb, &rt.dst);
	memset(IPCB(skb), 0, sizeof(struct inet_skb_parm));
	IPCB(skb)->frag_max_size = mru;
	ip_do_fragment(dev_net(port->dev), skb->sk, skb, frag_send);
}

#if IS_ENABLED(CONFIG_IPV6)
static noinline_for_stack void frag6(struct sk_buff *skb, u16 mru, struct dp_port *port)
{
	struct rt6_info rt = { 0 };

	compat_dst_init(&rt.dst, &frag_dst_ops);
	rt.dst.dev = port->dev;
	skb_dst_set_noref(skb, &rt.dst);
	memset(IP6CB(skb), 0, sizeof(struct inet6_skb_parm));
	IP6CB(skb)->frag_max_size = mru;
	ipv6_stub->ipv6_fragment(dev_net(port->dev), skb->sk, skb, frag_send);
}
#endif

void action_send_fragments(struct sk_buff *skb, struct pkt *pkt, struct dp_port *port)
{
	struct frag_job job = {
		.port = port,
		.network_ofs = skb_network_offset(skb),
		.vlan_present = skb_vlan_tag_present(skb),
		.vlan_proto = skb->vlan_proto,
		.vlan_tci = skb_vlan_tag_get(skb),
		.protocol = skb->protocol,
		.mac_proto = pkt->mac_proto,
	};
	__be16 proto = pkt->l3_proto;
	struct frag_job *around;

	if (eth_p_mpls(proto)) {
		proto = job.inner_protocol = skb->inner_protocol;
		skb->network_header = skb->inner_network_header;
	}
	job.l2_len = skb_network_offset(skb);
	if (unlikely(job.l2_len > sizeof(job.l2) || skb_network_offset(skb) < 0)) {
		dp_count_drop(pkt, port->port_no, DROP_MTU_EXCEEDED);
		kfree_skb(skb);
		return;
	}
	memcpy(job.l2, skb->data, job.l2_len);
	__skb_pull(skb, job.l2_len);
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	job.dst = skb_dst(skb);
	if (job.dst) {
		dst_hold(job.dst);
		skb_dst_drop(skb);
	}

	around = this_cpu_read(frag_job);
	this_cpu_write(frag_job, &job);
	/* IP itself never comes with another header, or with fragments without room for data */
	if (proto == htons(ETH_P_IP) && is_whole_ip4(skb) && pkt->mru >= ip_hdrlen(skb) + 8) {
		frag4(skb, pkt->mru, port);
#if IS_ENABLED(CONFIG_IPV6)
	} else if (proto == htons(ETH_P_IPV6) && pskb_may_pull(skb, sizeof(struct ipv6hdr))) {
		frag6(skb, pkt->mru, port);
#endif
	} else {
		dp_count_drop(pkt, port->port_no, DROP_MTU_EXCEEDED);
		kfree_skb(skb);
	}
	this_cpu_write(frag_job, around);
	dst_release(job.dst);
}
