// SPDX-License-Identifier: Apache-2.0
#include "flow/odp_attr.h"
#include "packet/headers.h"

/* Members of struct flow that a set action of an attribute can change. */
struct span {
	uint16_t ofs, size;
};
#define SPAN(MEMBER)                                                                               \
	{                                                                                          \
		offsetof(struct flow, MEMBER), sizeof(((struct flow *)NULL)->MEMBER)               \
	}

static const struct span eth[] = { SPAN(eth_src), SPAN(eth_dst) };
static const struct span ipv4[] = { SPAN(ip_src), SPAN(ip_dst), SPAN(ip_tos), SPAN(ip_ttl) };
static const struct span ipv6[] = { SPAN(ipv6_src), SPAN(ipv6_dst), SPAN(ipv6_label), SPAN(ip_tos),
				    SPAN(ip_ttl) };
static const struct span arp[] = { SPAN(ip_src), SPAN(ip_dst), SPAN(ip_proto), SPAN(arp_sha),
				   SPAN(arp_tha) };
static const struct span ports[] = { SPAN(tp_src), SPAN(tp_dst) };
static const struct span nd[] = { SPAN(nd_target), SPAN(arp_sha), SPAN(arp_tha) };
static const struct span nd_ext[] = { SPAN(nd_reserved), SPAN(nd_options_type) };
static const struct span nsh[] = { SPAN(nsh.flags), SPAN(nsh.ttl), SPAN(nsh.path_hdr),
				   SPAN(nsh.context) };
static const struct span priority[] = { SPAN(skb_priority) };
static const struct span mark[] = { SPAN(pkt_mark) };

struct committer {
	const struct flow *flow;
	struct flow *base;
	struct odp_buf *acts;
	struct flow_mask *mask;
};

/* What of a changed member is set: the bits that the megaflow matches, if the change is within
 * them, so that the rest of the member passes as it came; else all of it, which the megaflow then
 * must match. */
static void choose_mask(const struct committer *c, const struct span *s, struct flow_mask *set)
{
	const uint8_t *a = (const uint8_t *)c->flow + s->ofs,
		      *b = (const uint8_t *)c->base + s->ofs;
	uint8_t *m = (uint8_t *)&c->mask->masks + s->ofs;
	bool covered = true;

	for (unsigned int i = 0; i < s->size; i++)
		covered &= !((a[i] ^ b[i]) & ~m[i]);
	if (!covered)
		memset(m, 0xff, s->size);
	memcpy((uint8_t *)&set->masks + s->ofs, m, s->size);
}

static void commit(const struct committer *c, uint16_t type, const struct span *spans, size_t n)
{
	struct flow_mask set;
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		const struct span *s = &spans[i];

		if (!memcmp((const uint8_t *)c->flow + s->ofs, (uint8_t *)c->base + s->ofs,
			    s->size))
			continue;
		if (!any)
			flow_mask_init_catchall(&set);
		any = true;
		choose_mask(c, s, &set);
	}
	if (!any)
		return;
	if (type == OVS_KEY_ATTR_NSH) {
		size_t nest = odp_nest_begin(c->acts, OVS_ACTION_ATTR_SET_MASKED);
		struct flow f = *c->flow;

		flow_apply_mask(&f, &set);
		odp_nsh_encode(c->acts, type, &f.nsh, &set.masks.nsh, false);
		odp_nest_end(c->acts, nest);
	} else {
		odp_set_encode(c->acts, type, c->flow, &set);
	}
}
#define COMMIT(C, TYPE, SPANS) commit(C, TYPE, SPANS, ARRAY_SIZE(SPANS))

static void commit_l3_l4(const struct committer *c)
{
	const struct flow *f = c->flow;
	bool v6 = false;

	switch (ntohs(f->eth_type)) {
	case ETH_TYPE_IP:
		COMMIT(c, OVS_KEY_ATTR_IPV4, ipv4);
		break;
	case ETH_TYPE_IPV6:
		COMMIT(c, OVS_KEY_ATTR_IPV6, ipv6);
		v6 = true;
		break;
	case ETH_TYPE_ARP:
	case ETH_TYPE_RARP:
		COMMIT(c, OVS_KEY_ATTR_ARP, arp);
		return;
	case ETH_TYPE_NSH:
		COMMIT(c, OVS_KEY_ATTR_NSH, nsh);
		return;
	default:
		return;
	}
	if (f->ip_frag & FLOW_FRAG_LATER)
		return;
	switch (f->ip_proto) {
	case IPPROTO_TCP:
		COMMIT(c, OVS_KEY_ATTR_TCP, ports);
		break;
	case IPPROTO_UDP:
		COMMIT(c, OVS_KEY_ATTR_UDP, ports);
		break;
	case IPPROTO_SCTP:
		COMMIT(c, OVS_KEY_ATTR_SCTP, ports);
		break;
	case IPPROTO_ICMP:
		if (!v6)
			COMMIT(c, OVS_KEY_ATTR_ICMP, ports);
		break;
	case IPPROTO_ICMPV6:
		if (!v6)
			break;
		COMMIT(c, OVS_KEY_ATTR_ICMPV6, ports);
		if (f->tp_src == htons(ND_SOLICIT) || f->tp_src == htons(ND_ADVERT)) {
			COMMIT(c, OVS_KEY_ATTR_ND, nd);
			COMMIT(c, ODP_KEY_ATTR_ND_EXTENSIONS, nd_ext);
		}
		break;
	}
}

/* ---- MPLS ----------------------------------------------------------------------------------- */

static void pop_mpls(const struct committer *c, unsigned int n, be16 last_type)
{
	while (n--)
		odp_put_u16(c->acts, OVS_ACTION_ATTR_POP_MPLS, n ? c->base->eth_type : last_type);
}

static void push_mpls(const struct committer *c, unsigned int n)
{
	while (n--) {
		struct ovs_action_push_mpls a = { .mpls_lse = c->flow->mpls_lse[n],
						  .mpls_ethertype = c->flow->eth_type };

		odp_put(c->acts, OVS_ACTION_ATTR_PUSH_MPLS, &a, sizeof(a));
	}
}

/* Entries that both stacks have at the bottom stay; where all differ, the lowest is rewritten in
 * place, so that what lies under the stack need not be known. */
static void commit_mpls(const struct committer *c)
{
	unsigned int n_base = flow_n_mpls(c->base), n_flow = flow_n_mpls(c->flow), same = 0;
	const be32 *from = c->base->mpls_lse, *to = c->flow->mpls_lse;
	struct flow_mask set;
	struct flow lowest;

	if (!n_base && !n_flow)
		return;
	if (!memcmp(from, to, sizeof(c->flow->mpls_lse)) && c->base->eth_type == c->flow->eth_type)
		return;
	if (n_base)
		memset(c->mask->masks.mpls_lse, 0xff, n_base * sizeof(from[0]));
	while (same < MIN(n_base, n_flow) && from[n_base - 1 - same] == to[n_flow - 1 - same])
		same++;
	if (same < MIN(n_base, n_flow)) {
		pop_mpls(c, n_base - same - 1, c->base->eth_type);
		flow_mask_init_catchall(&set);
		MASK_FIELD(&set, mpls_lse[0]);
		memset(&lowest, 0, sizeof(lowest));
		lowest.mpls_lse[0] = to[n_flow - 1 - same];
		odp_set_encode(c->acts, OVS_KEY_ATTR_MPLS, &lowest, &set);
		push_mpls(c, n_flow - same - 1);
	} else {
		pop_mpls(c, n_base - same, c->flow->eth_type);
		push_mpls(c, n_flow - same);
	}
}

/* ---- VLAN ----------------------------------------------------------------------------------- */

static void commit_vlans(const struct committer *c)
{
	unsigned int n_base = flow_n_vlans(c->base), n_flow = flow_n_vlans(c->flow), same = 0;
	const struct flow_vlan *from = c->base->vlans, *to = c->flow->vlans;

	if (!memcmp(from, to, sizeof(c->flow->vlans)))
		return;
	MASK_FIELD(c->mask, vlans);
	while (same < MIN(n_base, n_flow) &&
	       !memcmp(&from[n_base - 1 - same], &to[n_flow - 1 - same], sizeof(from[0])))
		same++;
	for (unsigned int i = same; i < n_base; i++)
		odp_put_flag(c->acts, OVS_ACTION_ATTR_POP_VLAN);
	for (unsigned int i = n_flow - same; i-- > 0;) {
		struct ovs_action_push_vlan a = { to[i].tpid, to[i].tci };

		odp_put(c->acts, OVS_ACTION_ATTR_PUSH_VLAN, &a, sizeof(a));
	}
}

/* ---- Ethernet and NSH headers --------------------------------------------------------------- */

/* Pushes and pops that change what kind of packet it is; the base's header is then the flow's. */
static void commit_encap(const struct committer *c)
{
	const struct flow *f = c->flow;
	struct flow *base = c->base;
	bool nsh_base = base->eth_type == htons(ETH_TYPE_NSH);
	bool nsh_flow = f->eth_type == htons(ETH_TYPE_NSH);

	if (base->packet_type == f->packet_type && nsh_base == nsh_flow)
		return;
	if (!base->packet_type && nsh_base && !nsh_flow) {
		odp_put_flag(c->acts, OVS_ACTION_ATTR_POP_ETH);
		base->packet_type = htonl(1u << 16 | ETH_TYPE_NSH);
	}
	if (nsh_flow && !nsh_base)
		odp_nsh_encode(c->acts, OVS_ACTION_ATTR_PUSH_NSH, &f->nsh, NULL, false);
	else if (nsh_base && !nsh_flow)
		odp_put_flag(c->acts, OVS_ACTION_ATTR_POP_NSH);
	else if (!base->packet_type && f->packet_type)
		odp_put_flag(c->acts, OVS_ACTION_ATTR_POP_ETH);
	if (!f->packet_type && (base->packet_type || (nsh_flow && !nsh_base))) {
		struct ovs_action_push_eth a;

		memset(&a, 0, sizeof(a));
		memcpy(a.addresses.eth_src, f->eth_src, 6);
		memcpy(a.addresses.eth_dst, f->eth_dst, 6);
		odp_put(c->acts, OVS_ACTION_ATTR_PUSH_ETH, &a, sizeof(a));
		memcpy(base->eth_src, f->eth_src, 6);
		memcpy(base->eth_dst, f->eth_dst, 6);
		memset(base->vlans, 0, sizeof(base->vlans));
	}
	base->packet_type = f->packet_type;
	base->eth_type = f->eth_type;
	base->nsh = f->nsh;
}

void odp_commit(const struct flow *flow, struct flow *base, struct odp_buf *acts,
		struct flow_mask *mask)
{
	struct committer c = { flow, base, acts, mask };
	struct flow_tnl tunnel;

	if (flow_equal(flow, base))
		return;
	commit_encap(&c);
	if (!flow->packet_type)
		COMMIT(&c, OVS_KEY_ATTR_ETHERNET, eth);
	if (flow->eth_type == base->eth_type)
		commit_l3_l4(&c);
	commit_mpls(&c);
	commit_vlans(&c);
	COMMIT(&c, OVS_KEY_ATTR_PRIORITY, priority);
	COMMIT(&c, OVS_KEY_ATTR_SKB_MARK, mark);
	tunnel = base->tunnel;
	*base = *flow;
	base->tunnel = tunnel;
}

void odp_commit_tunnel(const struct flow *flow, struct flow *base, struct odp_buf *acts)
{
	size_t nest;

	if (!flow_tnl_is_set(&flow->tunnel) ||
	    !memcmp(&flow->tunnel, &base->tunnel, sizeof(flow->tunnel)))
		return;
	nest = odp_nest_begin(acts, OVS_ACTION_ATTR_SET);
	odp_tunnel_encode(acts, &flow->tunnel, &flow->tunnel, false);
	odp_nest_end(acts, nest);
	base->tunnel = flow->tunnel;
}
