// SPDX-License-Identifier: GPL-2.0
/*
 * The key of a packet.
 *
 * The rules are those of userspace (lib/flow/extract.c): a header that is cut short or contradicts
 * itself ends the parse of its layer, its fields stay 0 and the packet goes on.  Lengths inside IP
 * headers only ever shorten what is looked at.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/mpls.h>
#include <linux/sctp.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/ndisc.h>
#include <net/nsh.h>

#include "compat/tunnel_flags.h"
#include "dp.h"
#include "flow_key.h"
#include "pkt.h"

/* Bits of ipv6_exthdrs: those of OpenFlow. */
enum {
	EXTHDR_NONEXT = 1 << 0,
	EXTHDR_ESP = 1 << 1,
	EXTHDR_AUTH = 1 << 2,
	EXTHDR_DEST = 1 << 3,
	EXTHDR_FRAG = 1 << 4,
	EXTHDR_ROUTER = 1 << 5,
	EXTHDR_HOP = 1 << 6,
	EXTHDR_UNREP = 1 << 7, /* one is there more often than it may be */
	EXTHDR_UNSEQ = 1 << 8, /* not in the preferred order */
};

/* What is left of a frame: octets [ofs, end) from skb->data on. */
struct cursor {
	struct sk_buff *skb;
	unsigned int ofs, end;
};

static unsigned int left(const struct cursor *c)
{
	return c->end - c->ofs;
}

/*
 * Makes the next @len octets linear.  0 and *@p; -EINVAL if there are not as many; -ENOMEM.
 * Pointers from before are void.
 */
static int peek(const struct cursor *c, unsigned int len, const void **p)
{
	if (unlikely(left(c) < len))
		return -EINVAL;
	if (unlikely(!pskb_may_pull(c->skb, c->ofs + len)))
		return -ENOMEM;
	*p = c->skb->data + c->ofs;
	return 0;
}

static void extract_metadata(const struct sk_buff *skb, const struct pkt *pkt, struct flow_key *key)
{
	key->in_port = pkt->in_port;
	key->recirc_id = pkt->recirc_id;
	key->dp_hash = pkt->dp_hash;
	key->skb_mark = skb->mark;
	key->priority = skb->priority;
	key->mac_proto = pkt->mac_proto;
	key->ct_state = pkt->ct_state;
	key->ct_zone = pkt->ct_zone;
	key->ct_mark = pkt->ct_mark;
	if (pkt->has_ct) {
		key->ct_labels = pkt->ct_labels;
		key->ct_orig_proto = pkt->ct_orig_proto;
		if (pkt->ct_orig_proto) {
			key->ct_orig_src_port = pkt->ct_orig_src_port;
			key->ct_orig_dst_port = pkt->ct_orig_dst_port;
			key->ct_orig6.src = pkt->ct_orig6.src;
			key->ct_orig6.dst = pkt->ct_orig6.dst;
		}
	}
}

/* Member by member: what else the device left in its key, padding included, is not ours to
 * match. */
static void extract_tunnel(const struct ip_tunnel_info *info, struct flow_key *key)
{
	const struct ip_tunnel_key *tun = &info->key;

	key->tun_proto = ip_tunnel_info_af(info);
	key->tun.tun_id = tun->tun_id;
	if (key->tun_proto == AF_INET6) {
		key->tun.u.ipv6.src = tun->u.ipv6.src;
		key->tun.u.ipv6.dst = tun->u.ipv6.dst;
	} else {
		key->tun.u.ipv4.src = tun->u.ipv4.src;
		key->tun.u.ipv4.dst = tun->u.ipv4.dst;
	}
	memcpy(&key->tun.tun_flags, &tun->tun_flags, sizeof(tun->tun_flags));
	key->tun.tos = tun->tos;
	key->tun.ttl = tun->ttl;
	key->tun.tp_src = tun->tp_src;
	key->tun.tp_dst = tun->tp_dst;
	if (info->options_len) {
		key->tun_opts_len = info->options_len;
		memcpy(key->tun_opts, info + 1, info->options_len);
	}
}

/* The EtherType after a length field: that of a SNAP header, or ETH_P_802_2. */
static int parse_llc(struct cursor *c, __be16 *type)
{
	static const u8 snap[6] = { 0xaa, 0xaa, 3 };
	const u8 *p;
	int err = peek(c, 8, (const void **)&p);

	*type = htons(ETH_P_802_2);
	if (err)
		return err == -EINVAL ? 0 : err;
	if (memcmp(p, snap, sizeof(snap)))
		return 0;
	c->ofs += 8;
	if (eth_proto_is_802_3(*(const __be16 *)(p + 6)))
		*type = *(const __be16 *)(p + 6);
	return 0;
}

/* Takes a tag off if the type says that there is one and the frame holds it and the type behind. */
static int parse_vlan(struct cursor *c, __be16 *type, struct key_vlan *vlan)
{
	const struct vlan_hdr *h;
	int err;

	if (likely(!eth_type_vlan(*type)))
		return 0;
	err = peek(c, sizeof(*h), (const void **)&h);
	if (err)
		return err == -EINVAL ? 0 : err;
	vlan->tpid = *type;
	vlan->tci = h->h_vlan_TCI | htons(VLAN_CFI_MASK);
	*type = h->h_vlan_encapsulated_proto;
	c->ofs += sizeof(*h);
	return 0;
}

static int extract_ethernet(struct cursor *c, const struct pkt *pkt, struct flow_key *key)
{
	struct sk_buff *skb = c->skb;
	const struct ethhdr *eth;
	struct key_vlan *next = &key->vlan;
	__be16 type;
	int err;

	if (skb_vlan_tag_present(skb)) {
		key->vlan.tpid = skb->vlan_proto;
		key->vlan.tci = htons(skb_vlan_tag_get(skb) | VLAN_CFI_MASK);
		next = &key->cvlan;
	}
	if (pkt->mac_proto == KEY_MAC_NONE) {
		key->eth_type = skb->protocol;
		return 0;
	}
	err = peek(c, ETH_HLEN, (const void **)&eth);
	if (unlikely(err))
		return err;
	ether_addr_copy(key->eth_dst, eth->h_dest);
	ether_addr_copy(key->eth_src, eth->h_source);
	type = eth->h_proto;
	c->ofs += ETH_HLEN;
	if (eth_type_vlan(type)) {
		err = parse_vlan(c, &type, next);
		if (!err && next == &key->vlan && key->vlan.tci)
			err = parse_vlan(c, &type, &key->cvlan);
		if (err)
			return err;
	}
	if (unlikely(!eth_proto_is_802_3(type))) {
		err = parse_llc(c, &type);
		if (err)
			return err;
	}
	key->eth_type = type;
	return 0;
}

static int extract_mpls(struct cursor *c, struct flow_key *key)
{
	while (left(c) >= sizeof(struct mpls_label)) {
		const __be32 *lse;
		int err = peek(c, sizeof(struct mpls_label), (const void **)&lse);

		if (err)
			return err;
		c->ofs += sizeof(struct mpls_label);
		if (key->mpls.n_lse < KEY_MAX_MPLS)
			key->mpls.lse[key->mpls.n_lse++] = *lse;
		if (*lse & htonl(MPLS_LS_S_MASK))
			break;
	}
	skb_set_inner_network_header(c->skb, c->ofs);
	return 0;
}

static int extract_arp(const struct cursor *c, struct flow_key *key)
{
	struct arp_ethernet {
		struct arphdr h;
		u8 sha[ETH_ALEN];
		__be32 spa;
		u8 tha[ETH_ALEN];
		__be32 tpa;
	} __packed;
	const struct arp_ethernet *arp;
	int err = peek(c, sizeof(*arp), (const void **)&arp);

	if (err)
		return err;
	if (arp->h.ar_hrd != htons(ARPHRD_ETHER) || arp->h.ar_pro != htons(ETH_P_IP) ||
	    arp->h.ar_hln != ETH_ALEN || arp->h.ar_pln != 4)
		return -EINVAL;
	if (ntohs(arp->h.ar_op) <= 0xff)
		key->ip_proto = ntohs(arp->h.ar_op);
	key->ipv4.src = arp->spa;
	key->ipv4.dst = arp->tpa;
	ether_addr_copy(key->ipv4.arp_sha, arp->sha);
	ether_addr_copy(key->ipv4.arp_tha, arp->tha);
	return 0;
}

static int extract_nsh(const struct cursor *c, struct flow_key *key)
{
	const struct nshhdr *nsh;
	unsigned int len;
	int err = peek(c, NSH_BASE_HDR_LEN, (const void **)&nsh);

	if (err)
		return err;
	len = nsh_hdr_len(nsh);
	if (nsh_get_ver(nsh) || len < NSH_BASE_HDR_LEN)
		return -EINVAL;
	err = peek(c, len, (const void **)&nsh);
	if (err)
		return err;
	if (nsh->mdtype == NSH_M_TYPE1) {
		if (len != NSH_M_TYPE1_LEN)
			return -EINVAL;
		memcpy(key->nsh.context, nsh->md1.context, sizeof(key->nsh.context));
	}
	key->nsh.base.flags = nsh_get_flags(nsh);
	key->nsh.base.ttl = nsh_get_ttl(nsh);
	key->nsh.base.mdtype = nsh->mdtype;
	key->nsh.base.np = nsh->np;
	key->nsh.base.path_hdr = nsh->path_hdr;
	return 0;
}

static bool is_udp_gso(const struct sk_buff *skb)
{
	return skb_is_gso(skb) && skb_shinfo(skb)->gso_type & SKB_GSO_UDP;
}

static int extract_ipv4(struct cursor *c, struct flow_key *key)
{
	const struct iphdr *ip;
	unsigned int len, total;
	int err = peek(c, sizeof(*ip), (const void **)&ip);

	if (unlikely(err))
		return err;
	len = ip->ihl * 4;
	if (unlikely(len < sizeof(*ip)))
		return -EINVAL;
	err = peek(c, len, (const void **)&ip);
	if (unlikely(err))
		return err;
	total = ntohs(ip->tot_len);
	if (total >= len && total < left(c))
		c->end = c->ofs + total;
	c->ofs += len;

	key->ipv4.src = ip->saddr;
	key->ipv4.dst = ip->daddr;
	key->ip_proto = ip->protocol;
	key->ip_tos = ip->tos;
	key->ip_ttl = ip->ttl;
	if (unlikely(ip->frag_off & htons(IP_OFFSET)))
		key->ip_frag = OVS_FRAG_TYPE_LATER;
	else if (unlikely(ip->frag_off & htons(IP_MF) || is_udp_gso(c->skb)))
		key->ip_frag = OVS_FRAG_TYPE_FIRST;
	return 0;
}

/*
 * Notes an extension header: its bit, and whether it stands in the order of RFC 8200 and is the
 * first of its kind (of destination options, the second).  Those behind a routing header are told
 * as out of order.
 */
static void note_exthdr(u8 type, u16 *bits, unsigned int *n_dest, int *rank)
{
	static const struct {
		u8 type, rank;
		u16 bit;
	} kinds[] = {
		{ IPPROTO_HOPOPTS, 1, EXTHDR_HOP },    { IPPROTO_DSTOPTS, 2, EXTHDR_DEST },
		{ IPPROTO_ROUTING, 3, EXTHDR_ROUTER }, { IPPROTO_FRAGMENT, 4, EXTHDR_FRAG },
		{ IPPROTO_AH, 5, EXTHDR_AUTH },        { IPPROTO_ESP, 6, EXTHDR_ESP },
		{ IPPROTO_NONE, 7, EXTHDR_NONEXT },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].type == type)
			break;
	if (i == ARRAY_SIZE(kinds))
		return;
	if (kinds[i].bit == EXTHDR_DEST ? ++*n_dest > 2 : *bits & kinds[i].bit)
		*bits |= EXTHDR_UNREP | EXTHDR_UNSEQ;
	if (kinds[i].rank < *rank)
		*bits |= EXTHDR_UNSEQ;
	/* only in front it is one for every hop */
	if (kinds[i].bit != EXTHDR_HOP || !*rank)
		*bits |= kinds[i].bit;
	*rank = kinds[i].rank;
}

/* Walks extension headers, from @proto on, to the one that is none. */
static int skip_exthdrs(struct cursor *c, u8 *proto, u8 *frag, u16 *bits)
{
	unsigned int n_dest = 0;
	int rank = 0;

	for (;;) {
		const struct ipv6_opt_hdr *h;
		const struct frag_hdr *fh;
		unsigned int len;
		int err;

		note_exthdr(*proto, bits, &n_dest, &rank);
		switch (*proto) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
		case IPPROTO_AH:
			err = peek(c, 8, (const void **)&h);
			if (err)
				return err;
			len = *proto == IPPROTO_AH ? ipv6_authlen(h) : ipv6_optlen(h);
			if (len > left(c))
				return -EINVAL;
			*proto = h->nexthdr;
			c->ofs += len;
			break;
		case IPPROTO_FRAGMENT:
			err = peek(c, sizeof(*fh), (const void **)&fh);
			if (err)
				return err;
			if (fh->frag_off & htons(IP6_OFFSET)) {
				/* its protocol stays that of fragments */
				*frag = OVS_FRAG_TYPE_LATER;
				return 0;
			}
			/* an atomic fragment is the whole packet (RFC 6946) */
			if (fh->frag_off & htons(IP6_MF))
				*frag = OVS_FRAG_TYPE_FIRST;
			*proto = fh->nexthdr;
			c->ofs += sizeof(*fh);
			break;
		default:
			return 0;
		}
	}
}

static int extract_ipv6(struct cursor *c, struct flow_key *key)
{
	const struct ipv6hdr *ip;
	u8 proto, frag = OVS_FRAG_TYPE_NONE;
	u16 exthdrs = 0;
	unsigned int len, start = c->ofs;
	int err = peek(c, sizeof(*ip), (const void **)&ip);

	if (unlikely(err))
		return err;
	len = ntohs(ip->payload_len);
	proto = ip->nexthdr;
	c->ofs += sizeof(*ip);
	if (len && len < left(c)) /* 0: a jumbogram */
		c->end = c->ofs + len;
	err = skip_exthdrs(c, &proto, &frag, &exthdrs);
	if (unlikely(err))
		return err;
	ip = (const struct ipv6hdr *)(c->skb->data + start);
	if (unlikely(is_udp_gso(c->skb)) && frag == OVS_FRAG_TYPE_NONE)
		frag = OVS_FRAG_TYPE_FIRST;

	key->ipv6.src = ip->saddr;
	key->ipv6.dst = ip->daddr;
	key->ipv6.label = ip6_flowlabel(ip);
	key->ip_tos = ipv6_get_dsfield(ip);
	key->ip_ttl = ip->hop_limit;
	key->ip_proto = proto;
	key->ip_frag = frag;
	key->ipv6_exthdrs = exthdrs;
	return 0;
}

/*
 * Neighbour solicitation and advertisement.  An option of no length ends the list, one that runs
 * over the end makes the rest void, a second address of one kind makes the whole message void.
 */
static int extract_nd(struct cursor c, struct flow_key *key)
{
	bool is_ns = key->tp_src == htons(NDISC_NEIGHBOUR_SOLICITATION);
	const struct nd_msg *nd;
	int err = peek(&c, sizeof(*nd), (const void **)&nd);

	if (err)
		return err == -EINVAL ? 0 : err;
	key->nd.target = nd->target;
	c.ofs += sizeof(*nd);
	while (left(&c) >= 8) {
		const struct nd_opt_hdr *opt;
		unsigned int len;
		u8 *addr;

		err = peek(&c, 8, (const void **)&opt);
		if (err)
			return err;
		len = opt->nd_opt_len * 8;
		if (!len || len > left(&c))
			break;
		addr = NULL;
		if (len == 8 && is_ns && opt->nd_opt_type == ND_OPT_SOURCE_LL_ADDR)
			addr = key->nd.sll;
		else if (len == 8 && !is_ns && opt->nd_opt_type == ND_OPT_TARGET_LL_ADDR)
			addr = key->nd.tll;
		if (addr) {
			if (!is_zero_ether_addr(addr)) {
				memset(&key->nd, 0, sizeof(key->nd));
				break;
			}
			memcpy(addr, opt + 1, ETH_ALEN);
		}
		c.ofs += len;
	}
	return 0;
}

/* At the L4 header of a packet that is no later fragment; -EINVAL: there is none. */
static int extract_l4(struct cursor *c, struct flow_key *key)
{
	bool v6 = key->eth_type == htons(ETH_P_IPV6);
	const __be16 *ports;
	const struct tcphdr *tcp;
	const struct icmphdr *icmp;
	int err;

	switch (key->ip_proto) {
	case IPPROTO_TCP:
		err = peek(c, sizeof(*tcp), (const void **)&tcp);
		if (unlikely(err))
			return err;
		if (unlikely(tcp->doff * 4 < sizeof(*tcp) || tcp->doff * 4 > left(c)))
			return -EINVAL;
		key->tp_src = tcp->source;
		key->tp_dst = tcp->dest;
		key->tp_flags = ((const __be16 *)tcp)[6] & htons(0x0fff);
		return 0;
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		err = peek(c,
			   key->ip_proto == IPPROTO_UDP ? sizeof(struct udphdr)
							: sizeof(struct sctphdr),
			   (const void **)&ports);
		if (unlikely(err))
			return err;
		key->tp_src = ports[0];
		key->tp_dst = ports[1];
		return 0;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (v6 != (key->ip_proto == IPPROTO_ICMPV6))
			return -EINVAL;
		err = peek(c, sizeof(*icmp), (const void **)&icmp);
		if (unlikely(err))
			return err;
		key->tp_src = htons(icmp->type);
		key->tp_dst = htons(icmp->code);
		if (v6 && !icmp->code &&
		    (icmp->type == NDISC_NEIGHBOUR_SOLICITATION ||
		     icmp->type == NDISC_NEIGHBOUR_ADVERTISEMENT))
			return extract_nd(*c, key);
		return 0;
	}
	return -EINVAL;
}

/* The network header and, if wanted, what is behind it.  -EINVAL: it ends here. */
static int extract_network(struct cursor *c, enum key_level level, struct flow_key *key)
{
	int err;

	switch (key->eth_type) {
	case htons(ETH_P_IP):
		err = extract_ipv4(c, key);
		break;
	case htons(ETH_P_IPV6):
		err = extract_ipv6(c, key);
		break;
	case htons(ETH_P_ARP):
	case htons(ETH_P_RARP):
		return extract_arp(c, key);
	case htons(ETH_P_MPLS_UC):
	case htons(ETH_P_MPLS_MC):
		return extract_mpls(c, key);
	case htons(ETH_P_NSH):
		return extract_nsh(c, key);
	default:
		return 0;
	}
	if (unlikely(err))
		return err;
	skb_set_transport_header(c->skb, c->ofs);
	if (level < KEY_LEVEL_TRANSPORT || key->ip_frag == OVS_FRAG_TYPE_LATER)
		return -EINVAL;
	return extract_l4(c, key);
}

/* See flow_key.h.  pkt->is_parsed becomes true only if @level goes down to the transport header. */
int key_extract(struct sk_buff *skb, struct pkt *pkt, enum key_level level, struct flow_key *key)
{
	struct cursor c = { .skb = skb, .end = skb->len };
	bool is_ip;
	int err;

	memset(key, 0, sizeof(*key));
	extract_metadata(skb, pkt, key);
	if (pkt->tun)
		extract_tunnel(pkt->tun, key);
	if (level < KEY_LEVEL_ETHERNET)
		return 0;

	skb_reset_mac_header(skb);
	err = extract_ethernet(&c, pkt, key);
	if (unlikely(err))
		return err;
	skb->mac_len = c.ofs;
	skb_set_network_header(skb, c.ofs);
	if (level < KEY_LEVEL_NETWORK)
		return 0;

	skb_set_transport_header(skb, c.ofs);
	err = extract_network(&c, level, key);
	if (err == -ENOMEM)
		return err;
	if (level < KEY_LEVEL_TRANSPORT)
		return 0;
	is_ip = key->eth_type == htons(ETH_P_IP) || key->eth_type == htons(ETH_P_IPV6);
	pkt->l3_proto = key->eth_type;
	pkt->l4_proto = is_ip && !err ? key->ip_proto : 0;
	pkt->is_parsed = true;
	return 0;
}
