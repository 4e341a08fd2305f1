// SPDX-License-Identifier: GPL-2.0
/*
 * Rewriting header fields in place, and finding the headers.
 *
 * Checksums follow by the difference of what was changed (RFC 1624), so that a wrong one stays
 * wrong.
 * Where the packet's checksum is still to be completed (CHECKSUM_PARTIAL), the field holds the sum
 * of the pseudo header alone; where the device has summed it up (CHECKSUM_COMPLETE), skb->csum is
 * kept equal to the sum over all octets from skb->data on.
 */
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/mpls.h>
#include <linux/sctp.h>
#include <linux/skbuff.h>
#include <net/checksum.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/mpls.h>
#include <net/nsh.h>
#include <net/sctp/checksum.h>

#include "action_ops.h"

static bool skip_tags(struct sk_buff *skb, __be16 *proto, unsigned int *ofs)
{
	unsigned int n_tags = skb_vlan_tag_present(skb) ? 1 : 0;

	for (; eth_type_vlan(*proto) && n_tags < 2; n_tags++) {
		if (!pskb_may_pull(skb, *ofs + VLAN_HLEN))
			return false;
		*proto = ((struct vlan_hdr *)(skb->data + *ofs))->h_vlan_encapsulated_proto;
		*ofs += VLAN_HLEN;
	}
	return true;
}

/* What LLC and SNAP headers say; a length field otherwise means Ethernet II no longer. */
static __be16 llc_proto(struct sk_buff *skb, unsigned int *ofs)
{
	static const u8 snap[] = { 0xaa, 0xaa, 0x03, 0, 0, 0 };
	__be16 proto;

	if (!pskb_may_pull(skb, *ofs + 8) || memcmp(skb->data + *ofs, snap, sizeof(snap)))
		return htons(ETH_P_802_2);
	proto = *(__be16 *)(skb->data + *ofs + 6);
	if (!eth_proto_is_802_3(proto))
		return htons(ETH_P_802_2);
	*ofs += 8;
	return proto;
}

static u8 find_l4(struct sk_buff *skb, __be16 proto, unsigned int ofs)
{
	__be16 frag;
	u8 next;
	int l4;

	switch (proto) {
	case htons(ETH_P_IP): {
		const struct iphdr *ip;

		if (!pskb_may_pull(skb, ofs + sizeof(*ip)))
			return 0;
		ip = (struct iphdr *)(skb->data + ofs);
		if (ip->ihl < 5)
			return 0;
		skb_set_transport_header(skb, ofs + ip->ihl * 4);
		return ip->frag_off & htons(IP_OFFSET) ? 0 : ip->protocol;
	}
	case htons(ETH_P_IPV6):
		if (!pskb_may_pull(skb, ofs + sizeof(struct ipv6hdr)))
			return 0;
		next = ((struct ipv6hdr *)(skb->data + ofs))->nexthdr;
		l4 = ipv6_skip_exthdr(skb, ofs + sizeof(struct ipv6hdr), &next, &frag);
		if (l4 < 0)
			return 0;
		skb_set_transport_header(skb, l4);
		return frag & htons(IP6_OFFSET) ? 0 : next;
	}
	return 0;
}

enum drop_reason action_parse_slow(struct sk_buff *skb, struct pkt *pkt)
{
	unsigned int ofs = 0;
	__be16 proto;

	skb_reset_mac_header(skb);
	if (pkt->mac_proto == KEY_MAC_ETHERNET) {
		if (!pskb_may_pull(skb, ETH_HLEN))
			return DROP_HEADER_TOO_SHORT;
		proto = eth_hdr(skb)->h_proto;
		ofs = ETH_HLEN;
		if (!skip_tags(skb, &proto, &ofs))
			return DROP_HEADER_TOO_SHORT;
		if (!eth_proto_is_802_3(proto))
			proto = llc_proto(skb, &ofs);
	} else {
		proto = skb->protocol;
	}
	skb_set_network_header(skb, ofs);
	skb_reset_mac_len(skb);
	skb_set_transport_header(skb, ofs);
	pkt->l3_proto = proto;
	pkt->l4_proto = find_l4(skb, proto, ofs);
	pkt->is_parsed = true;
	return DROP_NONE;
}

/* ---- checksums ---------------------------------------------------------------- */

static __wsum diff32(__be32 old, __be32 new)
{
	return csum_sub((__force __wsum) new, (__force __wsum)old);
}

static __wsum diff_addr6(const struct in6_addr *old, const struct in6_addr *new)
{
	__wsum sum = diff32(old->s6_addr32[0], new->s6_addr32[0]);

	sum = csum_add(sum, diff32(old->s6_addr32[1], new->s6_addr32[1]));
	sum = csum_add(sum, diff32(old->s6_addr32[2], new->s6_addr32[2]));
	return csum_add(sum, diff32(old->s6_addr32[3], new->s6_addr32[3]));
}

static void complete_add(struct sk_buff *skb, __wsum diff)
{
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = csum_add(skb->csum, diff);
}

/* Does the checksum field of this transport header hold the pseudo header's sum? */
static bool l4_is_partial(const struct sk_buff *skb)
{
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return false;
	if (likely(skb_checksum_start_offset(skb) == skb_transport_offset(skb)))
		return true;
	/* the outer header of a tunnel: completed for each segment */
	return skb_is_gso(skb) && skb_shinfo(skb)->gso_type & SKB_GSO_UDP_TUNNEL_CSUM;
}

/* Where in the transport header the checksum is that covers addresses; -1: nowhere. */
static int l4_csum_offset(u8 ip_proto, bool is_ipv6)
{
	switch (ip_proto) {
	case IPPROTO_TCP:
		return 16;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
		return 6;
	case IPPROTO_ICMPV6:
		return is_ipv6 ? 2 : -1;
	}
	return -1;
}

static void l4_csum_replace(__sum16 *sum, __wsum diff, bool is_partial, u8 ip_proto)
{
	if (is_partial)
		*sum = ~csum_fold(csum_add(diff, csum_unfold(*sum)));
	else
		*sum = csum_fold(csum_add(diff, ~csum_unfold(*sum)));
	if (ip_proto == IPPROTO_UDP && !*sum) /* that would mean: none */
		*sum = CSUM_MANGLED_0;
}

/* The packet's addresses are about to change by @diff.  *@is_done: a checksum took it up. */
static enum drop_reason l4_addr_changed(struct sk_buff *skb, const struct pkt *pkt, __wsum diff,
					bool is_ipv6, bool *is_done)
{
	int ofs = l4_csum_offset(pkt->l4_proto, is_ipv6);
	bool is_partial;
	__sum16 *sum;

	*is_done = false;
	if (ofs < 0)
		return DROP_NONE;
	if (unlikely(skb_ensure_writable(skb, skb_transport_offset(skb) + ofs + sizeof(*sum))))
		return DROP_HEADER_TOO_SHORT;
	sum = (__sum16 *)(skb_transport_header(skb) + ofs);
	is_partial = l4_is_partial(skb);
	if (pkt->l4_proto == IPPROTO_UDP && !*sum && !is_partial)
		return DROP_NONE;
	l4_csum_replace(sum, diff, is_partial, pkt->l4_proto);
	*is_done = true;
	return DROP_NONE;
}

/* ---- setting ------------------------------------------------------------------- */

/* skb_ensure_writable(), called only where there is something to do. */
static inline int ensure_writable(struct sk_buff *skb, unsigned int len)
{
	if (likely(len <= skb_headlen(skb) && !skb_cloned(skb)))
		return 0;
	return skb_ensure_writable(skb, len);
}

enum drop_reason action_set_eth(struct sk_buff *skb, struct pkt *pkt, const struct op_set_eth *o)
{
	u64 old8, new8;
	u32 old4, new4;

	if (unlikely(ensure_writable(skb, ETH_HLEN)))
		return DROP_HEADER_TOO_SHORT;
	old8 = get_unaligned((u64 *)skb->data);
	old4 = get_unaligned((u32 *)(skb->data + 8));
	new8 = (old8 & ~o->mask8) | o->value8;
	new4 = (old4 & ~o->mask4) | o->value4;
	if (unlikely(skb->ip_summed == CHECKSUM_COMPLETE)) {
		skb->csum = csum_sub(skb->csum, csum_partial(skb->data, 2 * ETH_ALEN, 0));
		put_unaligned(new8, (u64 *)skb->data);
		put_unaligned(new4, (u32 *)(skb->data + 8));
		skb->csum = csum_add(skb->csum, csum_partial(skb->data, 2 * ETH_ALEN, 0));
		return DROP_NONE;
	}
	put_unaligned(new8, (u64 *)skb->data);
	put_unaligned(new4, (u32 *)(skb->data + 8));
	return DROP_NONE;
}

/* *@diff: of the header. */
static enum drop_reason set_addrs4(struct sk_buff *skb, const struct pkt *pkt,
				   const struct op_set_ipv4 *o, __wsum *diff)
{
	struct iphdr *ip = ip_hdr(skb);
	enum drop_reason err;
	__be32 src, dst;
	bool is_done;

	src = (ip->saddr & ~o->src_mask) | o->src;
	dst = (ip->daddr & ~o->dst_mask) | o->dst;
	if (src == ip->saddr && dst == ip->daddr)
		return DROP_NONE;
	*diff = csum_add(diff32(ip->saddr, src), diff32(ip->daddr, dst));
	err = l4_addr_changed(skb, pkt, *diff, false, &is_done);
	if (unlikely(err))
		return err;
	/* the two checksums took it up twice */
	if (is_done)
		complete_add(skb, ~*diff);
	ip = ip_hdr(skb);
	ip->saddr = src;
	ip->daddr = dst;
	skb_clear_hash(skb);
	return DROP_NONE;
}

enum drop_reason action_set_ipv4(struct sk_buff *skb, struct pkt *pkt, const struct op_set_ipv4 *o)
{
	struct iphdr *ip;
	__wsum diff = 0;
	u8 tos, ttl;

	if (unlikely(action_parse(skb, pkt) || pkt->l3_proto != htons(ETH_P_IP) ||
		     ensure_writable(skb, skb_network_offset(skb) + sizeof(*ip))))
		return DROP_HEADER_TOO_SHORT;
	if (o->src_mask | o->dst_mask) {
		enum drop_reason err = set_addrs4(skb, pkt, o, &diff);

		if (unlikely(err))
			return err;
	}
	ip = ip_hdr(skb);
	tos = (ip->tos & ~o->tos_mask) | o->tos;
	ttl = (ip->ttl & ~o->ttl_mask) | o->ttl;
	/* two words of the header, of which each has one octet */
	diff = csum_add(diff, diff32((__force __be32)htons(ip->ttl << 8 | ip->tos),
				     (__force __be32)htons(ttl << 8 | tos)));
	ip->tos = tos;
	ip->ttl = ttl;
	csum_replace_by_diff(&ip->check, diff);
	return DROP_NONE;
}

/* Does a routing header say that the destination is another one yet, which the checksum covers? */
static bool has_segments_left(const struct sk_buff *skb, const struct pkt *pkt)
{
	unsigned int ofs = skb_network_offset(skb);
	int flags = IP6_FH_F_SKIP_RH;

	if (ipv6_hdr(skb)->nexthdr == pkt->l4_proto)
		return false;
	return ipv6_find_hdr(skb, &ofs, NEXTHDR_ROUTING, NULL, &flags) == NEXTHDR_ROUTING;
}

static enum drop_reason set_addr6(struct sk_buff *skb, struct pkt *pkt, bool is_dst,
				  const struct in6_addr *value, const struct in6_addr *mask)
{
	struct ipv6hdr *ip6 = ipv6_hdr(skb);
	struct in6_addr *at = is_dst ? &ip6->daddr : &ip6->saddr, new;
	enum drop_reason err;
	bool is_done = false;
	unsigned int i;
	__wsum diff;

	for (i = 0; i < 4; i++)
		new.s6_addr32[i] = (at->s6_addr32[i] & ~mask->s6_addr32[i]) | value->s6_addr32[i];
	if (ipv6_addr_equal(&new, at))
		return DROP_NONE;
	diff = diff_addr6(at, &new);
	if (!is_dst || !has_segments_left(skb, pkt)) {
		err = l4_addr_changed(skb, pkt, diff, true, &is_done);
		if (unlikely(err))
			return err;
		ip6 = ipv6_hdr(skb);
		at = is_dst ? &ip6->daddr : &ip6->saddr;
	}
	if (!is_done) /* no checksum took it up */
		complete_add(skb, diff);
	*at = new;
	skb_clear_hash(skb);
	return DROP_NONE;
}

enum drop_reason action_set_ipv6(struct sk_buff *skb, struct pkt *pkt, const struct op_set_ipv6 *o)
{
	enum drop_reason err = DROP_NONE;
	struct ipv6hdr *ip6;
	__be32 *flow, new;
	u8 hop_limit;

	if (unlikely(action_parse(skb, pkt) || pkt->l3_proto != htons(ETH_P_IPV6) ||
		     skb_ensure_writable(skb, skb_network_offset(skb) + sizeof(*ip6))))
		return DROP_HEADER_TOO_SHORT;
	if (o->has_src)
		err = set_addr6(skb, pkt, false, &o->src, &o->src_mask);
	if (o->has_dst && !err)
		err = set_addr6(skb, pkt, true, &o->dst, &o->dst_mask);
	if (unlikely(err))
		return err;
	ip6 = ipv6_hdr(skb);
	flow = (__be32 *)ip6;
	new = (*flow & ~o->flow_mask) | o->flow;
	if (new != *flow) {
		complete_add(skb, diff32(*flow, new));
		*flow = new;
		skb_clear_hash(skb);
	}
	hop_limit = (ip6->hop_limit & ~o->hop_limit_mask) | o->hop_limit;
	complete_add(skb, diff32((__force __be32)htons(ip6->hop_limit),
				 (__force __be32)htons(hop_limit)));
	ip6->hop_limit = hop_limit;
	return DROP_NONE;
}

/* Ports are no part of a pseudo header. */
static void set_ports_summed(struct sk_buff *skb, __be32 *ports, __be32 new, unsigned int csum_ofs,
			     u8 ip_proto)
{
	__sum16 *sum = (__sum16 *)((u8 *)ports + csum_ofs);

	if (!l4_is_partial(skb)) {
		__wsum diff = diff32(*ports, new);

		if (ip_proto == IPPROTO_UDP && !*sum)
			complete_add(skb, diff);
		else
			l4_csum_replace(sum, diff, false, ip_proto);
	}
	*ports = new;
}

/* Where the IP packet ends: behind it is padding. */
static unsigned int l3_end(const struct sk_buff *skb, const struct pkt *pkt)
{
	unsigned int end = skb_network_offset(skb);

	if (pkt->l3_proto == htons(ETH_P_IP))
		end += ntohs(ip_hdr(skb)->tot_len);
	else
		end += sizeof(struct ipv6hdr) + ntohs(ipv6_hdr(skb)->payload_len);
	if (end > skb->len || end < skb_transport_offset(skb) + sizeof(struct sctphdr))
		return skb->len;
	return end;
}

/* The header is writable. */
static __le32 sctp_sum(struct sk_buff *skb, unsigned int end)
{
	unsigned int ofs = skb_transport_offset(skb);
	struct sctphdr *sh = sctp_hdr(skb);
	__le32 before = sh->checksum;
	__wsum sum;

	sh->checksum = 0;
	sum = __skb_checksum(skb, ofs, end - ofs, ~(__force __wsum)0, &sctp_csum_ops);
	sh->checksum = before;
	return cpu_to_le32(~(__force u32)sum);
}

/* A CRC is not corrected by differences, but is linear: a wrong one stays wrong by the same
 * bits. */
static void set_ports_sctp(struct sk_buff *skb, const struct pkt *pkt, __be32 *ports, __be32 new)
{
	struct sctphdr *sh = sctp_hdr(skb);
	unsigned int end = l3_end(skb, pkt);
	__le32 wrong;

	if (l4_is_partial(skb)) {
		*ports = new;
		return;
	}
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = csum_sub(skb->csum, csum_partial(sh, sizeof(*sh), 0));
	wrong = sh->checksum ^ sctp_sum(skb, end);
	*ports = new;
	sh->checksum = wrong ^ sctp_sum(skb, end);
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = csum_add(skb->csum, csum_partial(sh, sizeof(*sh), 0));
}

enum drop_reason action_set_ports(struct sk_buff *skb, struct pkt *pkt, u8 ip_proto,
				  const struct op_set_word *o)
{
	unsigned int need = ip_proto == IPPROTO_TCP ? 18 : ip_proto == IPPROTO_UDP ? 8 : 12;
	__be32 *ports, new;

	if (unlikely(action_parse(skb, pkt) || pkt->l4_proto != ip_proto ||
		     skb_ensure_writable(skb, skb_transport_offset(skb) + need)))
		return DROP_HEADER_TOO_SHORT;
	ports = (__be32 *)skb_transport_header(skb);
	new = (*ports & ~o->mask) | o->value;
	if (new == *ports)
		return DROP_NONE;
	switch (ip_proto) {
	case IPPROTO_TCP:
		set_ports_summed(skb, ports, new, 16, IPPROTO_TCP);
		break;
	case IPPROTO_UDP:
		set_ports_summed(skb, ports, new, 6, IPPROTO_UDP);
		break;
	default:
		set_ports_sctp(skb, pkt, ports, new);
	}
	skb_clear_hash(skb);
	return DROP_NONE;
}

enum drop_reason action_set_mpls(struct sk_buff *skb, struct pkt *pkt, const struct op_set_word *o)
{
	__be32 *lse, new;

	if (unlikely(action_parse(skb, pkt) || !eth_p_mpls(pkt->l3_proto) ||
		     skb_ensure_writable(skb, skb_network_offset(skb) + MPLS_HLEN)))
		return DROP_HEADER_TOO_SHORT;
	lse = (__be32 *)skb_network_header(skb);
	new = (*lse & ~o->mask) | o->value;
	complete_add(skb, diff32(*lse, new));
	*lse = new;
	return DROP_NONE;
}

enum drop_reason action_set_nsh(struct sk_buff *skb, struct pkt *pkt, const struct op_set_nsh *o)
{
	const struct ovs_nsh_key_base *value = &o->value.base, *mask = &o->mask.base;
	unsigned int ofs, len, i;
	struct nshhdr *nh;

	if (unlikely(action_parse(skb, pkt) || pkt->l3_proto != htons(ETH_P_NSH)))
		return DROP_HEADER_TOO_SHORT;
	ofs = skb_network_offset(skb);
	if (unlikely(!pskb_may_pull(skb, ofs + NSH_BASE_HDR_LEN)))
		return DROP_HEADER_TOO_SHORT;
	len = nsh_hdr_len(nsh_hdr(skb));
	if (unlikely(len < NSH_BASE_HDR_LEN || skb_ensure_writable(skb, ofs + len)))
		return DROP_HEADER_TOO_SHORT;
	nh = nsh_hdr(skb);
	skb_postpull_rcsum(skb, nh, len);
	nsh_set_flags_and_ttl(nh, (nsh_get_flags(nh) & ~mask->flags) | value->flags,
			      (nsh_get_ttl(nh) & ~mask->ttl) | value->ttl);
	nh->path_hdr = (nh->path_hdr & ~mask->path_hdr) | value->path_hdr;
	if (nh->mdtype == NSH_M_TYPE1 && len >= NSH_M_TYPE1_LEN)
		for (i = 0; i < NSH_MD1_CONTEXT_SIZE; i++)
			nh->md1.context[i] = (nh->md1.context[i] & ~o->mask.context[i]) |
					     o->value.context[i];
	skb_postpush_rcsum(skb, nh, len);
	return DROP_NONE;
}

enum drop_reason action_dec_ttl(struct sk_buff *skb, struct pkt *pkt, bool *expired)
{
	unsigned int ofs;

	*expired = false;
	if (unlikely(action_parse(skb, pkt)))
		return DROP_HEADER_TOO_SHORT;
	ofs = skb_network_offset(skb);
	switch (pkt->l3_proto) {
	case htons(ETH_P_IP):
		if (unlikely(skb_ensure_writable(skb, ofs + sizeof(struct iphdr))))
			return DROP_HEADER_TOO_SHORT;
		if (ip_hdr(skb)->ttl <= 1)
			*expired = true;
		else
			ip_decrease_ttl(ip_hdr(skb));
		return DROP_NONE;
	case htons(ETH_P_IPV6):
		if (unlikely(skb_ensure_writable(skb, ofs + sizeof(struct ipv6hdr))))
			return DROP_HEADER_TOO_SHORT;
		if (ipv6_hdr(skb)->hop_limit <= 1) {
			*expired = true;
		} else {
			ipv6_hdr(skb)->hop_limit--;
			complete_add(skb, ~(__force __wsum)htons(1));
		}
		return DROP_NONE;
	}
	return DROP_NONE; /* has no such field */
}
