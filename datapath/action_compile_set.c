// SPDX-License-Identifier: GPL-2.0
/*
 * Set actions, whole and masked: whether the header is there, and what becomes of the words in it.
 */
#include <linux/mpls.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/dst_cache.h>
#include <net/dst_metadata.h>
#include <net/ip_tunnels.h>
#include <net/mpls.h>
#include <net/netlink.h>

#include "action.h"
#include "action_ops.h"
#include "dp.h"
#include "flow_key.h"

#define SET_ERR(B, ATTR, MSG)                                                                      \
	({                                                                                         \
		NL_SET_ERR_MSG_ATTR((B)->extack, ATTR, "actions: set: " MSG);                      \
		-EINVAL;                                                                           \
	})

/* The members of a key attribute, in value and mask. */
#define SET_VALUE(SET, TYPE, MEMBER) (((const TYPE *)(SET)->value)->MEMBER)
#define SET_MASK(SET, TYPE, MEMBER) (((const TYPE *)(SET)->mask)->MEMBER)

struct set {
	const struct nlattr *attr; /* of the key */
	const void *value, *mask;
	bool is_masked;
};

static const u8 all_ones[sizeof(struct ovs_key_ipv6)] = {
	[0 ... sizeof(struct ovs_key_ipv6) - 1] = 0xff,
};

static int emit_operand(struct action_builder *b, enum action_opcode code, const void *operand,
			size_t len)
{
	struct action_op *op = action_emit(b, code, len);

	if (!op)
		return -ENOMEM;
	memcpy((void *)op_operand(op), operand, len);
	return 0;
}

static int set_word(struct action_builder *b, const struct set *set, enum action_opcode code)
{
	struct op_set_word o;

	memcpy(&o.value, set->value, sizeof(o.value));
	memcpy(&o.mask, set->mask, sizeof(o.mask));
	return emit_operand(b, code, &o, sizeof(o));
}

static int set_eth(struct action_builder *b, const struct set *set)
{
	u8 value[2 * ETH_ALEN], mask[2 * ETH_ALEN];
	struct op_set_eth o;

	/* the attribute has the source first */
	memcpy(value, SET_VALUE(set, struct ovs_key_ethernet, eth_dst), ETH_ALEN);
	memcpy(value + ETH_ALEN, SET_VALUE(set, struct ovs_key_ethernet, eth_src), ETH_ALEN);
	memcpy(mask, SET_MASK(set, struct ovs_key_ethernet, eth_dst), ETH_ALEN);
	memcpy(mask + ETH_ALEN, SET_MASK(set, struct ovs_key_ethernet, eth_src), ETH_ALEN);
	memcpy(&o.value8, value, 8);
	memcpy(&o.value4, value + 8, 4);
	memcpy(&o.mask8, mask, 8);
	memcpy(&o.mask4, mask + 8, 4);
	return emit_operand(b, OP_SET_ETH, &o, sizeof(o));
}

static int set_ipv4(struct action_builder *b, const struct set *set, const struct action_sim *sim)
{
	struct ovs_key_ipv4 value, mask;
	struct op_set_ipv4 o;

	if (sim->eth_type != htons(ETH_P_IP))
		return SET_ERR(b, set->attr, "the packet is not known to be IPv4");
	memcpy(&value, set->value, sizeof(value));
	memcpy(&mask, set->mask, sizeof(mask));
	if (set->is_masked ? mask.ipv4_proto || mask.ipv4_frag
			   : value.ipv4_proto != sim->ip_proto || value.ipv4_frag != sim->ip_frag)
		return SET_ERR(b, set->attr, "protocol and fragment type cannot change");
	o = (struct op_set_ipv4){
		.src = value.ipv4_src,
		.src_mask = mask.ipv4_src,
		.dst = value.ipv4_dst,
		.dst_mask = mask.ipv4_dst,
		.tos = value.ipv4_tos,
		.tos_mask = mask.ipv4_tos,
		.ttl = value.ipv4_ttl,
		.ttl_mask = mask.ipv4_ttl,
	};
	return emit_operand(b, OP_SET_IPV4, &o, sizeof(o));
}

static noinline_for_stack int set_ipv6(struct action_builder *b, const struct set *set,
				       const struct action_sim *sim)
{
	struct ovs_key_ipv6 value, mask;
	struct op_set_ipv6 o;

	if (sim->eth_type != htons(ETH_P_IPV6))
		return SET_ERR(b, set->attr, "the packet is not known to be IPv6");
	memcpy(&value, set->value, sizeof(value));
	memcpy(&mask, set->mask, sizeof(mask));
	if (set->is_masked ? mask.ipv6_proto || mask.ipv6_frag
			   : value.ipv6_proto != sim->ip_proto || value.ipv6_frag != sim->ip_frag)
		return SET_ERR(b, set->attr, "protocol and fragment type cannot change");
	if ((value.ipv6_label | (set->is_masked ? mask.ipv6_label : 0)) & ~htonl(0xfffff))
		return SET_ERR(b, set->attr, "a flow label has 20 bits");
	memset(&o, 0, sizeof(o));
	memcpy(&o.src, value.ipv6_src, sizeof(o.src));
	memcpy(&o.src_mask, mask.ipv6_src, sizeof(o.src));
	memcpy(&o.dst, value.ipv6_dst, sizeof(o.dst));
	memcpy(&o.dst_mask, mask.ipv6_dst, sizeof(o.dst));
	o.flow = value.ipv6_label | htonl((u32)value.ipv6_tclass << 20);
	o.flow_mask = (mask.ipv6_label & htonl(0xfffff)) | htonl((u32)mask.ipv6_tclass << 20);
	o.hop_limit = value.ipv6_hlimit;
	o.hop_limit_mask = mask.ipv6_hlimit;
	o.has_src = !ipv6_addr_any(&o.src_mask);
	o.has_dst = !ipv6_addr_any(&o.dst_mask);
	return emit_operand(b, OP_SET_IPV6, &o, sizeof(o));
}

static int set_ports(struct action_builder *b, const struct set *set, const struct action_sim *sim,
		     u8 ip_proto, enum action_opcode code)
{
	if ((sim->eth_type != htons(ETH_P_IP) && sim->eth_type != htons(ETH_P_IPV6)) ||
	    sim->ip_proto != ip_proto)
		return SET_ERR(b, set->attr, "the packet is not known to be of this protocol");
	return set_word(b, set, code);
}

static noinline_for_stack int set_nsh(struct action_builder *b, const struct set *set,
				      const struct action_sim *sim)
{
	struct op_set_nsh o;
	u64 *value = (u64 *)&o.value, *mask = (u64 *)&o.mask;
	unsigned int i;
	int err;

	BUILD_BUG_ON(sizeof(o.value) % sizeof(u64));
	if (sim->eth_type != htons(ETH_P_NSH))
		return SET_ERR(b, set->attr, "the packet is not known to be NSH");
	memset(&o, 0, sizeof(o));
	err = key_parse_nsh(set->attr, &o.value, set->is_masked ? &o.mask : NULL, b->extack);
	if (err)
		return err;
	if (!set->is_masked)
		memset(&o.mask, 0xff, sizeof(o.mask));
	for (i = 0; i < sizeof(o.value) / sizeof(u64); i++)
		value[i] &= mask[i];
	return emit_operand(b, OP_SET_NSH, &o, sizeof(o));
}

static int set_tunnel(struct action_builder *b, const struct nlattr *attr)
{
	struct op_set_tunnel o;
	int err;

	o.dst = metadata_dst_alloc(IP_TUNNEL_OPTS_MAX, METADATA_IP_TUNNEL, GFP_KERNEL);
	if (!o.dst)
		return -ENOMEM;
	err = key_parse_tunnel_info(attr, &o.dst->u.tun_info, b->extack); /* writes all of it */
	/* the route that the tunnel device finds, per CPU */
	if (!err)
		err = dst_cache_init(&o.dst->u.tun_info.dst_cache, GFP_KERNEL);
	if (!err)
		err = emit_operand(b, OP_SET_TUNNEL, &o, sizeof(o));
	if (err)
		dst_release(&o.dst->dst);
	return err;
}

int action_compile_set(struct action_builder *b, const struct nlattr *attr,
		       const struct action_sim *sim, bool is_masked)
{
	struct set set = { .attr = nla_data(attr), .mask = all_ones, .is_masked = is_masked };
	int type, len, i;
	size_t want;

	if (!nla_ok(set.attr, nla_len(attr)) ||
	    NLA_ALIGN(set.attr->nla_len) != NLA_ALIGN(nla_len(attr)))
		return SET_ERR(b, attr, "there is to be one key attribute");
	type = nla_type(set.attr);
	len = nla_len(set.attr);
	set.value = nla_data(set.attr);

	if (type == OVS_KEY_ATTR_TUNNEL) {
		if (is_masked)
			return SET_ERR(b, set.attr, "a tunnel is set as a whole");
		return set_tunnel(b, set.attr);
	}
	if (type == OVS_KEY_ATTR_NSH)
		return set_nsh(b, &set, sim);

	if (is_masked) {
		if (len % 2)
			return SET_ERR(b, set.attr, "value and mask have different sizes");
		len /= 2;
		set.mask = set.value + len;
	}
	want = type == OVS_KEY_ATTR_MPLS ? sizeof(struct ovs_key_mpls) : key_attr_len(type);
	if (!len || (size_t)len != want || (size_t)len > sizeof(all_ones))
		return SET_ERR(b, set.attr, "wrong size, or nothing that can be set");
	for (i = 0; i < len; i++)
		if (((const u8 *)set.value)[i] & ~((const u8 *)set.mask)[i])
			return SET_ERR(b, set.attr, "value has bits that the mask has not");

	switch (type) {
	case OVS_KEY_ATTR_PRIORITY:
		return set_word(b, &set, OP_SET_PRIORITY);
	case OVS_KEY_ATTR_SKB_MARK:
		return set_word(b, &set, OP_SET_MARK);
	case OVS_KEY_ATTR_ETHERNET:
		if (sim->mac_proto != KEY_MAC_ETHERNET)
			return SET_ERR(b, set.attr, "there is no Ethernet header");
		return set_eth(b, &set);
	case OVS_KEY_ATTR_IPV4:
		return set_ipv4(b, &set, sim);
	case OVS_KEY_ATTR_IPV6:
		return set_ipv6(b, &set, sim);
	case OVS_KEY_ATTR_TCP:
		return set_ports(b, &set, sim, IPPROTO_TCP, OP_SET_TCP);
	case OVS_KEY_ATTR_UDP:
		return set_ports(b, &set, sim, IPPROTO_UDP, OP_SET_UDP);
	case OVS_KEY_ATTR_SCTP:
		return set_ports(b, &set, sim, IPPROTO_SCTP, OP_SET_SCTP);
	case OVS_KEY_ATTR_MPLS:
		if (!eth_p_mpls(sim->eth_type))
			return SET_ERR(b, set.attr, "the packet is not known to be MPLS");
		return set_word(b, &set, OP_SET_MPLS);
	}
	return SET_ERR(b, set.attr, "this attribute cannot be set");
}
