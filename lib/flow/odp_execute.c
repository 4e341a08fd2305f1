// SPDX-License-Identifier: Apache-2.0
#include "flow/odp_execute.h"

#include "flow/odp_attr.h"
#include "packet/headers.h"
#include "packet/rewrite.h"

/* A key attribute's payload, and the mask behind it if there is one. */
struct set {
	const uint8_t *value, *mask;
};

static uint8_t blend8(uint8_t old, uint8_t value, uint8_t mask)
{
	return (old & ~mask) | value;
}

/* 'old' becomes what the attribute says at 'ofs'. */
static void blend(const struct set *s, size_t ofs, void *old, size_t n)
{
	uint8_t *o = old;

	if (!s->mask) {
		memcpy(o, s->value + ofs, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		o[i] = blend8(o[i], s->value[ofs + i] & s->mask[ofs + i], s->mask[ofs + i]);
}
#define BLEND(S, TYPE, MEMBER, OLD) blend(S, offsetof(TYPE, MEMBER), &(OLD), sizeof(OLD))

static enum drop_reason set_eth(struct packet *p, const struct set *s)
{
	struct eth_hdr *h = packet_eth(p);

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	blend(s, offsetof(struct ovs_key_ethernet, eth_src), h->src, 6);
	blend(s, offsetof(struct ovs_key_ethernet, eth_dst), h->dst, 6);
	return DROP_NONE;
}

static enum drop_reason set_ipv4(struct packet *p, const struct set *s)
{
	struct ipv4_hdr *h = packet_ipv4(p);
	be32 src, dst;
	uint8_t tos, ttl;

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	src = h->src;
	dst = h->dst;
	tos = h->tos;
	ttl = h->ttl;
	BLEND(s, struct ovs_key_ipv4, ipv4_src, src);
	BLEND(s, struct ovs_key_ipv4, ipv4_dst, dst);
	BLEND(s, struct ovs_key_ipv4, ipv4_tos, tos);
	BLEND(s, struct ovs_key_ipv4, ipv4_ttl, ttl);
	return packet_set_ipv4(p, src, dst, tos, ttl);
}

static enum drop_reason set_ipv6(struct packet *p, const struct set *s)
{
	struct ipv6_hdr *h = packet_ipv6(p);
	struct in6_addr src, dst;
	uint8_t tclass, hlimit;
	be32 label;

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	src = h->src;
	dst = h->dst;
	label = h->flow & htonl(IPV6_LABEL_MASK);
	tclass = ntohl(h->flow) >> IPV6_TCLASS_SHIFT;
	hlimit = h->hop_limit;
	BLEND(s, struct ovs_key_ipv6, ipv6_src, src);
	BLEND(s, struct ovs_key_ipv6, ipv6_dst, dst);
	BLEND(s, struct ovs_key_ipv6, ipv6_label, label);
	BLEND(s, struct ovs_key_ipv6, ipv6_tclass, tclass);
	BLEND(s, struct ovs_key_ipv6, ipv6_hlimit, hlimit);
	return packet_set_ipv6(p, &src, &dst, label, tclass, hlimit);
}

static enum drop_reason set_ports(struct packet *p, uint16_t type, const struct set *s)
{
	be16 ports[2];
	uint8_t *h = packet_l4_header(p, sizeof(ports));

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	static_assert(sizeof(struct ovs_key_tcp) == sizeof(ports), "two ports");
	memcpy(ports, h, sizeof(ports));
	BLEND(s, struct ovs_key_tcp, tcp_src, ports[0]);
	BLEND(s, struct ovs_key_tcp, tcp_dst, ports[1]);
	if (type == OVS_KEY_ATTR_TCP)
		return packet_set_tcp(p, ports[0], ports[1]);
	if (type == OVS_KEY_ATTR_UDP)
		return packet_set_udp(p, ports[0], ports[1]);
	return packet_set_sctp(p, ports[0], ports[1]);
}

static enum drop_reason set_icmp(struct packet *p, const struct set *s)
{
	struct icmp_hdr *h = packet_l4_header(p, sizeof(*h));
	uint8_t type, code;

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	type = h->type;
	code = h->code;
	BLEND(s, struct ovs_key_icmp, icmp_type, type);
	BLEND(s, struct ovs_key_icmp, icmp_code, code);
	return packet_set_icmp(p, type, code);
}

static enum drop_reason set_arp(struct packet *p, const struct set *s)
{
	struct arp_hdr *a = packet_arp(p), h;

	if (!a)
		return DROP_HEADER_TOO_SHORT;
	h = *a;
	blend(s, offsetof(struct ovs_key_arp, arp_op), &h.op, 2);
	blend(s, offsetof(struct ovs_key_arp, arp_sip), &h.spa, 4);
	blend(s, offsetof(struct ovs_key_arp, arp_tip), &h.tpa, 4);
	blend(s, offsetof(struct ovs_key_arp, arp_sha), h.sha, 6);
	blend(s, offsetof(struct ovs_key_arp, arp_tha), h.tha, 6);
	return packet_set_arp(p, h.op, h.spa, h.tpa, h.sha, h.tha);
}

static enum drop_reason set_nd(struct packet *p, const struct set *s)
{
	struct nd_hdr *h = packet_l4_header(p, sizeof(*h));
	uint8_t sll[6] = { 0 }, tll[6] = { 0 };
	struct in6_addr target;

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	target = h->target;
	BLEND(s, struct ovs_key_nd, nd_target, target);
	/* Link-layer addresses are set whole: in part they need what an option holds. */
	BLEND(s, struct ovs_key_nd, nd_sll, sll);
	BLEND(s, struct ovs_key_nd, nd_tll, tll);
	return packet_set_nd(p, &target, sll, tll);
}

static enum drop_reason set_nd_ext(struct packet *p, const struct set *s)
{
	struct nd_hdr *h = packet_l4_header(p, sizeof(*h));
	uint8_t options_type = 0;
	be32 reserved;

	if (!h)
		return DROP_HEADER_TOO_SHORT;
	reserved = h->reserved;
	BLEND(s, struct odp_key_nd_extensions, nd_reserved, reserved);
	BLEND(s, struct odp_key_nd_extensions, nd_options_type, options_type);
	return packet_set_nd_ext(p, reserved, options_type);
}

static enum drop_reason set_mpls(struct packet *p, const struct set *s)
{
	be32 lse;

	if (p->l2_5_ofs == PACKET_NO_OFS || p->l2_5_ofs + sizeof(lse) > p->len)
		return DROP_HEADER_TOO_SHORT;
	lse = load_be32(p->data + p->l2_5_ofs);
	BLEND(s, struct ovs_key_mpls, mpls_lse, lse);
	return packet_set_mpls(p, lse);
}

static enum drop_reason set_tunnel(struct packet *p, const struct nlattr *a)
{
	bool unknown = false;

	memset(&p->md.tunnel, 0, sizeof(p->md.tunnel));
	p->md.has_tunnel = !odp_tunnel_decode(nla_data(a), nla_len(a), false, &p->md.tunnel,
					      &unknown);
	return p->md.has_tunnel ? DROP_NONE : DROP_BAD_ACTION;
}

static enum drop_reason set_nsh(struct packet *p, const struct nlattr *a, bool masked)
{
	struct flow_nsh value, mask;
	struct nsh_hdr h;
	uint8_t *d = packet_l3(p);
	uint16_t bits;
	size_t left;

	if (!d || p->l3_ofs + sizeof(h) > p->len)
		return DROP_HEADER_TOO_SHORT;
	left = p->len - p->l3_ofs;
	memset(&value, 0, sizeof(value));
	memset(&mask, masked ? 0 : 0xff, sizeof(mask));
	if (odp_nsh_decode(nla_data(a), nla_len(a), false, &value, masked ? &mask : NULL))
		return DROP_BAD_ACTION;
	memcpy(&h, d, sizeof(h));
	bits = ntohs(h.ver_flags_len);
	bits = (bits & 0xc03f) |
	       (blend8(bits >> 12 & 3, value.flags & mask.flags, mask.flags) & 3) << 12 |
	       (blend8(bits >> 6 & 0x3f, value.ttl & mask.ttl, mask.ttl) & 0x3f) << 6;
	h.ver_flags_len = htons(bits);
	h.path_hdr = (h.path_hdr & ~mask.path_hdr) | (value.path_hdr & mask.path_hdr);
	memcpy(d, &h, sizeof(h));
	if (h.mdtype == NSH_MDTYPE1 && left >= NSH_MD1_LEN)
		for (unsigned int i = 0; i < 4; i++) {
			be32 c = load_be32(d + sizeof(h) + 4 * i);

			c = (c & ~mask.context[i]) | (value.context[i] & mask.context[i]);
			memcpy(d + sizeof(h) + 4 * i, &c, sizeof(c));
		}
	return DROP_NONE;
}

enum drop_reason odp_execute_set(struct packet *p, const struct nlattr *a, bool masked)
{
	uint16_t type = nla_type(a);
	struct set s = { nla_data(a), NULL };

	if (masked)
		s.mask = s.value + nla_len(a) / 2;
	switch (type) {
	case OVS_KEY_ATTR_PRIORITY:
		blend(&s, 0, &p->md.skb_priority, 4);
		return DROP_NONE;
	case OVS_KEY_ATTR_SKB_MARK:
		blend(&s, 0, &p->md.pkt_mark, 4);
		return DROP_NONE;
	case OVS_KEY_ATTR_TUNNEL:
		return set_tunnel(p, a);
	case OVS_KEY_ATTR_ETHERNET:
		return set_eth(p, &s);
	case OVS_KEY_ATTR_IPV4:
		p->hash = 0;
		return set_ipv4(p, &s);
	case OVS_KEY_ATTR_IPV6:
		p->hash = 0;
		return set_ipv6(p, &s);
	case OVS_KEY_ATTR_TCP:
	case OVS_KEY_ATTR_UDP:
	case OVS_KEY_ATTR_SCTP:
		return set_ports(p, type, &s);
	case OVS_KEY_ATTR_ICMP:
	case OVS_KEY_ATTR_ICMPV6:
		return set_icmp(p, &s);
	case OVS_KEY_ATTR_ARP:
		return set_arp(p, &s);
	case OVS_KEY_ATTR_ND:
		return set_nd(p, &s);
	case ODP_KEY_ATTR_ND_EXTENSIONS:
		return set_nd_ext(p, &s);
	case OVS_KEY_ATTR_MPLS:
		return set_mpls(p, &s);
	case OVS_KEY_ATTR_NSH:
		return set_nsh(p, a, masked);
	}
	return DROP_BAD_ACTION;
}

/* ---- pushes and pops ------------------------------------------------------------------------ */

static enum drop_reason push_nsh(struct packet *p, const struct nlattr *action)
{
	uint8_t room[sizeof(struct nsh_hdr) + 248];
	struct flow_nsh n = { 0 };
	struct nsh_hdr h;
	const struct nlattr *a;
	size_t len = sizeof(h);
	int left;

	if (odp_nsh_decode(nla_data(action), nla_len(action), false, &n, NULL))
		return DROP_BAD_ACTION;
	if (n.mdtype == NSH_MDTYPE1) {
		memcpy(room + len, n.context, sizeof(n.context));
		len += sizeof(n.context);
	} else {
		ODP_FOR_EACH(a, left, nla_data(action), nla_len(action)) {
			if (nla_type(a) == OVS_NSH_KEY_ATTR_MD2 && nla_len(a) % 4 == 0 &&
			    nla_len(a) <= 244) {
				memcpy(room + len, nla_data(a), nla_len(a));
				len += nla_len(a);
				break;
			}
		}
	}
	h.ver_flags_len = htons((n.flags & 3) << 12 | (n.ttl & 0x3f) << 6 | len / 4);
	h.mdtype = n.mdtype;
	h.np = n.np;
	h.path_hdr = n.path_hdr;
	memcpy(room, &h, sizeof(h));
	return packet_push_nsh(p, room, len);
}

bool odp_is_header_action(uint16_t type)
{
	switch (type) {
	case OVS_ACTION_ATTR_SET:
	case OVS_ACTION_ATTR_SET_MASKED:
	case OVS_ACTION_ATTR_PUSH_VLAN:
	case OVS_ACTION_ATTR_POP_VLAN:
	case OVS_ACTION_ATTR_PUSH_MPLS:
	case OVS_ACTION_ATTR_POP_MPLS:
	case OVS_ACTION_ATTR_ADD_MPLS:
	case OVS_ACTION_ATTR_PUSH_ETH:
	case OVS_ACTION_ATTR_POP_ETH:
	case OVS_ACTION_ATTR_PUSH_NSH:
	case OVS_ACTION_ATTR_POP_NSH:
		return true;
	}
	return false;
}

/* In front of all: the packet is then one of MPLS, without Ethernet header. */
static enum drop_reason add_mpls_outermost(struct packet *p, be32 lse, be16 eth_type)
{
	uint8_t *d = packet_push(p, sizeof(lse));

	if (!d)
		return DROP_NO_MEMORY;
	memcpy(d, &lse, sizeof(lse));
	p->packet_type = htonl(1u << 16 | ntohs(eth_type));
	p->l2_5_ofs = 0;
	p->l3_ofs = sizeof(lse);
	p->l4_ofs = PACKET_NO_OFS;
	return DROP_NONE;
}

enum drop_reason odp_execute_header(struct packet *p, const struct nlattr *action)
{
	const void *data = nla_data(action);
	union {
		struct ovs_action_push_vlan vlan;
		struct ovs_action_push_mpls push_mpls;
		struct ovs_action_add_mpls add_mpls;
		struct ovs_action_push_eth eth;
	} a;

	switch (nla_type(action)) {
	case OVS_ACTION_ATTR_SET:
		return odp_execute_set(p, data, false);
	case OVS_ACTION_ATTR_SET_MASKED:
		return odp_execute_set(p, data, true);
	case OVS_ACTION_ATTR_PUSH_VLAN:
		memcpy(&a.vlan, data, sizeof(a.vlan));
		return packet_push_vlan(p, a.vlan.vlan_tpid, a.vlan.vlan_tci);
	case OVS_ACTION_ATTR_POP_VLAN:
		return packet_pop_vlan(p);
	case OVS_ACTION_ATTR_PUSH_MPLS:
		memcpy(&a.push_mpls, data, sizeof(a.push_mpls));
		return packet_push_mpls(p, a.push_mpls.mpls_lse, a.push_mpls.mpls_ethertype);
	case OVS_ACTION_ATTR_ADD_MPLS:
		memcpy(&a.add_mpls, data, sizeof(a.add_mpls));
		if (a.add_mpls.tun_flags & OVS_MPLS_L3_TUNNEL_FLAG_MASK)
			return packet_push_mpls(p, a.add_mpls.mpls_lse, a.add_mpls.mpls_ethertype);
		return add_mpls_outermost(p, a.add_mpls.mpls_lse, a.add_mpls.mpls_ethertype);
	case OVS_ACTION_ATTR_POP_MPLS:
		return packet_pop_mpls(p, load_be16(data));
	case OVS_ACTION_ATTR_PUSH_ETH:
		memcpy(&a.eth, data, sizeof(a.eth));
		return packet_push_eth(p, a.eth.addresses.eth_dst, a.eth.addresses.eth_src);
	case OVS_ACTION_ATTR_POP_ETH:
		return packet_pop_eth(p);
	case OVS_ACTION_ATTR_PUSH_NSH:
		return push_nsh(p, action);
	case OVS_ACTION_ATTR_POP_NSH:
		return packet_pop_nsh(p);
	}
	return DROP_BAD_ACTION;
}
