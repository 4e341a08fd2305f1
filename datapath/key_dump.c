// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes (OVS_KEY_ATTR_*) from keys and masks.  Which there are follows from the key; a mask
 * has those of the key that it is for.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>

#include "dp.h"
#include "flow_key.h"
#include "key_attr.h"

static int put_ct_tuple(struct sk_buff *skb, const struct flow_key *key, const struct flow_key *v)
{
	/* without gaps: these would leak what is on the stack */
	struct ovs_key_ct_tuple_ipv4 v4;
	struct ovs_key_ct_tuple_ipv6 v6;

	if (!key->ct_orig_proto)
		return 0;
	if (key->eth_type == htons(ETH_P_IP)) {
		memset(&v4, 0, sizeof(v4));
		v4.ipv4_src = v->ct_orig4.src;
		v4.ipv4_dst = v->ct_orig4.dst;
		v4.src_port = v->ct_orig_src_port;
		v4.dst_port = v->ct_orig_dst_port;
		v4.ipv4_proto = v->ct_orig_proto;
		return nla_put(skb, OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4, sizeof(v4), &v4);
	}
	if (key->eth_type == htons(ETH_P_IPV6)) {
		memset(&v6, 0, sizeof(v6));
		memcpy(v6.ipv6_src, &v->ct_orig6.src, sizeof(v6.ipv6_src));
		memcpy(v6.ipv6_dst, &v->ct_orig6.dst, sizeof(v6.ipv6_dst));
		v6.src_port = v->ct_orig_src_port;
		v6.dst_port = v->ct_orig_dst_port;
		v6.ipv6_proto = v->ct_orig_proto;
		return nla_put(skb, OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6, sizeof(v6), &v6);
	}
	return 0;
}

static int put_metadata(struct sk_buff *skb, const struct flow_key *key, const struct flow_key *v)
{
	if (nla_put_u32(skb, OVS_KEY_ATTR_RECIRC_ID, v->recirc_id) ||
	    nla_put_u32(skb, OVS_KEY_ATTR_DP_HASH, v->dp_hash) ||
	    nla_put_u32(skb, OVS_KEY_ATTR_PRIORITY, v->priority))
		return -EMSGSIZE;
	if (key->tun_proto && key_put_tunnel(skb, OVS_KEY_ATTR_TUNNEL, &v->tun, v->tun_opts,
					     key->tun_opts_len, key->tun_proto))
		return -EMSGSIZE;
	if ((key->in_port != DP_MAX_PORTS || key != v) &&
	    nla_put_u32(skb, OVS_KEY_ATTR_IN_PORT, v->in_port))
		return -EMSGSIZE;
	if (nla_put_u32(skb, OVS_KEY_ATTR_SKB_MARK, v->skb_mark) ||
	    nla_put_u32(skb, OVS_KEY_ATTR_CT_STATE, v->ct_state) ||
	    nla_put_u16(skb, OVS_KEY_ATTR_CT_ZONE, v->ct_zone) ||
	    nla_put_u32(skb, OVS_KEY_ATTR_CT_MARK, v->ct_mark) ||
	    nla_put(skb, OVS_KEY_ATTR_CT_LABELS, sizeof(v->ct_labels), &v->ct_labels))
		return -EMSGSIZE;
	return put_ct_tuple(skb, key, v);
}

/* A tag and the start of the nest behind it. */
static int put_tag(struct sk_buff *skb, const struct key_vlan *vlan, struct nlattr **encap)
{
	if (nla_put_be16(skb, OVS_KEY_ATTR_ETHERTYPE, vlan->tpid) ||
	    nla_put_be16(skb, OVS_KEY_ATTR_VLAN, vlan->tci))
		return -EMSGSIZE;
	*encap = nla_nest_start_noflag(skb, OVS_KEY_ATTR_ENCAP);
	return *encap ? 0 : -EMSGSIZE;
}

static int put_ip(struct sk_buff *skb, const struct flow_key *key, const struct flow_key *v)
{
	struct ovs_key_ipv4 v4;
	struct ovs_key_ipv6 v6;
	struct ovs_key_ipv6_exthdrs exthdrs;

	if (key->eth_type == htons(ETH_P_IP)) {
		v4.ipv4_src = v->ipv4.src;
		v4.ipv4_dst = v->ipv4.dst;
		v4.ipv4_proto = v->ip_proto;
		v4.ipv4_tos = v->ip_tos;
		v4.ipv4_ttl = v->ip_ttl;
		v4.ipv4_frag = v->ip_frag;
		return nla_put(skb, OVS_KEY_ATTR_IPV4, sizeof(v4), &v4);
	}
	memcpy(v6.ipv6_src, &v->ipv6.src, sizeof(v6.ipv6_src));
	memcpy(v6.ipv6_dst, &v->ipv6.dst, sizeof(v6.ipv6_dst));
	v6.ipv6_label = v->ipv6.label;
	v6.ipv6_proto = v->ip_proto;
	v6.ipv6_tclass = v->ip_tos;
	v6.ipv6_hlimit = v->ip_ttl;
	v6.ipv6_frag = v->ip_frag;
	if (nla_put(skb, OVS_KEY_ATTR_IPV6, sizeof(v6), &v6))
		return -EMSGSIZE;
	exthdrs.hdrs = v->ipv6_exthdrs;
	return nla_put(skb, OVS_KEY_ATTR_IPV6_EXTHDRS, sizeof(exthdrs), &exthdrs);
}

static int put_arp(struct sk_buff *skb, const struct flow_key *v)
{
	struct ovs_key_arp arp;

	memset(&arp, 0, sizeof(arp));
	arp.arp_sip = v->ipv4.src;
	arp.arp_tip = v->ipv4.dst;
	arp.arp_op = htons(v->ip_proto);
	ether_addr_copy(arp.arp_sha, v->ipv4.arp_sha);
	ether_addr_copy(arp.arp_tha, v->ipv4.arp_tha);
	return nla_put(skb, OVS_KEY_ATTR_ARP, sizeof(arp), &arp);
}

static int put_l3(struct sk_buff *skb, const struct flow_key *key, const struct flow_key *v)
{
	switch (key->eth_type) {
	case htons(ETH_P_IP):
	case htons(ETH_P_IPV6):
		return put_ip(skb, key, v);
	case htons(ETH_P_ARP):
	case htons(ETH_P_RARP):
		return put_arp(skb, v);
	case htons(ETH_P_MPLS_UC):
	case htons(ETH_P_MPLS_MC):
		/* a key that is masked may have lost their number */
		return nla_put(skb, OVS_KEY_ATTR_MPLS,
			       clamp_t(u32, key->mpls.n_lse, 1, KEY_MAX_MPLS) *
				       sizeof(struct ovs_key_mpls),
			       v->mpls.lse);
	case htons(ETH_P_NSH):
		return key_nsh_put(skb, &key->nsh, &v->nsh);
	}
	return 0;
}

static int put_nd(struct sk_buff *skb, const struct flow_key *v)
{
	struct ovs_key_nd nd;

	memcpy(nd.nd_target, &v->nd.target, sizeof(nd.nd_target));
	ether_addr_copy(nd.nd_sll, v->nd.sll);
	ether_addr_copy(nd.nd_tll, v->nd.tll);
	return nla_put(skb, OVS_KEY_ATTR_ND, sizeof(nd), &nd);
}

static int put_l4(struct sk_buff *skb, const struct flow_key *key, const struct flow_key *v)
{
	unsigned int type = key_l4_attr(key);
	u8 icmp[2] = { ntohs(v->tp_src), ntohs(v->tp_dst) };
	__be16 ports[2] = { v->tp_src, v->tp_dst };

	switch (type) {
	case OVS_KEY_ATTR_TCP:
		if (nla_put(skb, type, sizeof(ports), ports))
			return -EMSGSIZE;
		return nla_put_be16(skb, OVS_KEY_ATTR_TCP_FLAGS, v->tp_flags);
	case OVS_KEY_ATTR_UDP:
	case OVS_KEY_ATTR_SCTP:
		return nla_put(skb, type, sizeof(ports), ports);
	case OVS_KEY_ATTR_ICMP:
	case OVS_KEY_ATTR_ICMPV6:
		if (nla_put(skb, type, sizeof(icmp), icmp))
			return -EMSGSIZE;
		return key_is_nd(key) ? put_nd(skb, v) : 0;
	}
	return 0;
}

static int put_l2_and_up(struct sk_buff *skb, const struct flow_key *key, const struct flow_key *v)
{
	struct nlattr *encap[2] = { NULL, NULL };
	struct ovs_key_ethernet eth;
	bool is_mask = key != v;

	if (key->mac_proto == KEY_MAC_ETHERNET) {
		ether_addr_copy(eth.eth_src, v->eth_src);
		ether_addr_copy(eth.eth_dst, v->eth_dst);
		if (nla_put(skb, OVS_KEY_ATTR_ETHERNET, sizeof(eth), &eth))
			return -EMSGSIZE;
		if (key->vlan.tci && put_tag(skb, &v->vlan, &encap[0]))
			return -EMSGSIZE;
		if (key->cvlan.tci && put_tag(skb, &v->cvlan, &encap[1]))
			return -EMSGSIZE;
	}
	/* A frame without EtherType has no such attribute; its mask says that this counts. */
	if ((key->eth_type != htons(ETH_P_802_2) || is_mask) &&
	    nla_put_be16(skb, OVS_KEY_ATTR_ETHERTYPE, v->eth_type))
		return -EMSGSIZE;
	if (eth_type_vlan(key->eth_type) && !key->cvlan.tci) {
		/* a tag that is cut off: its type, and nothing behind it */
		struct nlattr *none;

		if (nla_put_be16(skb, OVS_KEY_ATTR_VLAN, is_mask ? htons(0xffff) : 0))
			return -EMSGSIZE;
		none = nla_nest_start_noflag(skb, OVS_KEY_ATTR_ENCAP);
		if (!none)
			return -EMSGSIZE;
		nla_nest_end(skb, none);
	}
	if (put_l3(skb, key, v) || put_l4(skb, key, v))
		return -EMSGSIZE;
	if (encap[1])
		nla_nest_end(skb, encap[1]);
	if (encap[0])
		nla_nest_end(skb, encap[0]);
	return 0;
}

int flow_key_put(struct sk_buff *skb, int attr, const struct flow_key *key,
		 const struct flow_key *value)
{
	struct nlattr *nest = nla_nest_start_noflag(skb, attr);

	if (!nest)
		return -EMSGSIZE;
	if (put_metadata(skb, key, value) || put_l2_and_up(skb, key, value)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}
