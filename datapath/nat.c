// SPDX-License-Identifier: GPL-2.0
/* NAT of the ct action, by the kernel's nf_nat. */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/netfilter.h>
#include <net/ipv6.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_nat.h>

#include "ct_action.h"
#include "key_attr.h"

#if IS_ENABLED(CONFIG_NF_NAT)

/* clang-format off */
static const struct {
	const char *wrong_len, *twice;
	u8 min_len, max_len;
} nat_attrs[OVS_NAT_ATTR_MAX + 1] = {
#define ATTR(type, text, min, max) \
	[OVS_NAT_ATTR_##type] = { \
		"ct nat " text ": wrong length", "ct nat " text ": given twice", min, max \
	}
	ATTR(SRC, "src", 0, 0),
	ATTR(DST, "dst", 0, 0),
	ATTR(IP_MIN, "ip_min", sizeof(struct in_addr), sizeof(struct in6_addr)),
	ATTR(IP_MAX, "ip_max", sizeof(struct in_addr), sizeof(struct in6_addr)),
	ATTR(PROTO_MIN, "proto_min", sizeof(u16), sizeof(u16)),
	ATTR(PROTO_MAX, "proto_max", sizeof(u16), sizeof(u16)),
	ATTR(PERSISTENT, "persistent", 0, 0),
	ATTR(PROTO_HASH, "proto_hash", 0, 0),
	ATTR(PROTO_RANDOM, "proto_random", 0, 0),
#undef ATTR
};
/* clang-format on */

static int parse_addr(const struct nlattr *a, u8 family, union nf_inet_addr *addr,
		      struct netlink_ext_ack *extack)
{
	size_t len = family == NFPROTO_IPV6 ? sizeof(addr->in6) : sizeof(addr->in);

	if (nla_len(a) != len)
		return key_error(extack, a, "ct nat: an address of another family");
	memcpy(addr, nla_data(a), len);
	return 0;
}

static int parse_attr(const struct nlattr *a, u8 family, struct ct_nat *nat,
		      struct netlink_ext_ack *extack)
{
	struct nf_nat_range2 *range = &nat->range;

	switch (nla_type(a)) {
	case OVS_NAT_ATTR_SRC:
	case OVS_NAT_ATTR_DST:
		if (nat->has_type)
			return key_error(extack, a, "ct nat: both src and dst");
		nat->has_type = true;
		nat->type = nla_type(a) == OVS_NAT_ATTR_SRC ? NF_NAT_MANIP_SRC : NF_NAT_MANIP_DST;
		break;
	case OVS_NAT_ATTR_IP_MIN:
		range->flags |= NF_NAT_RANGE_MAP_IPS;
		return parse_addr(a, family, &range->min_addr, extack);
	case OVS_NAT_ATTR_IP_MAX:
		range->flags |= NF_NAT_RANGE_MAP_IPS;
		return parse_addr(a, family, &range->max_addr, extack);
	case OVS_NAT_ATTR_PROTO_MIN:
		range->flags |= NF_NAT_RANGE_PROTO_SPECIFIED;
		range->min_proto.all = htons(nla_get_u16(a));
		break;
	case OVS_NAT_ATTR_PROTO_MAX:
		range->flags |= NF_NAT_RANGE_PROTO_SPECIFIED;
		range->max_proto.all = htons(nla_get_u16(a));
		break;
	case OVS_NAT_ATTR_PERSISTENT:
		range->flags |= NF_NAT_RANGE_PERSISTENT;
		break;
	case OVS_NAT_ATTR_PROTO_HASH:
		range->flags |= NF_NAT_RANGE_PROTO_RANDOM;
		break;
	case OVS_NAT_ATTR_PROTO_RANDOM:
		range->flags |= NF_NAT_RANGE_PROTO_RANDOM_FULLY;
		break;
	}
	return 0;
}

int nat_parse(const struct nlattr *attr, u8 family, struct ct_nat *nat,
	      struct netlink_ext_ack *extack)
{
	struct nf_nat_range2 *range = &nat->range;
	const struct nlattr *a;
	u32 present = 0;
	int rem, err;

	nla_for_each_nested(a, attr, rem) {
		unsigned int type = nla_type(a);

		if (!type || type > OVS_NAT_ATTR_MAX)
			return key_error(extack, a, "ct nat: unknown attribute");
		if (nla_len(a) < nat_attrs[type].min_len || nla_len(a) > nat_attrs[type].max_len)
			return key_error(extack, a, nat_attrs[type].wrong_len);
		if (present & BIT(type))
			return key_error(extack, a, nat_attrs[type].twice);
		present |= BIT(type);
		err = parse_attr(a, family, nat, extack);
		if (err)
			return err;
	}
	if (rem)
		return key_error(extack, attr, "ct nat: octets that are no attribute");
	nat->is_wanted = true;
	if (!nat->has_type && present)
		return key_error(extack, attr, "ct nat: a range, but neither src nor dst");
	/* only one end is given: a range of one */
	if (!(present & BIT(OVS_NAT_ATTR_IP_MAX)))
		range->max_addr = range->min_addr;
	else if (!(present & BIT(OVS_NAT_ATTR_IP_MIN)))
		return key_error(extack, attr, "ct nat ip_min: missing");
	if (!(present & BIT(OVS_NAT_ATTR_PROTO_MAX)))
		range->max_proto.all = range->min_proto.all;
	else if (!(present & BIT(OVS_NAT_ATTR_PROTO_MIN)))
		return key_error(extack, attr, "ct nat proto_min: missing");
	return 0;
}

/* The hook whose translation is of that kind: nf_nat asks for hooks. */
static unsigned int hook_of(enum nf_nat_manip_type type)
{
	return type == NF_NAT_MANIP_SRC ? NF_INET_LOCAL_IN : NF_INET_LOCAL_OUT;
}

/* What a connection that is not in the table yet will be translated to. */
static unsigned int bind(struct nf_conn *ct, const struct ct_nat *nat)
{
	unsigned int verdict;

	if (nat->has_type && !nf_nat_initialized(ct, nat->type)) {
		if (nat->range.flags & (NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED))
			verdict = nf_nat_setup_info(ct, &nat->range, nat->type);
		else
			verdict = nf_nat_alloc_null_binding(ct, hook_of(nat->type));
		if (verdict != NF_ACCEPT)
			return verdict;
	}
	/* two connections to one address behind it may need different source ports */
	if (test_bit(IPS_DST_NAT_BIT, &ct->status) && !nf_nat_initialized(ct, NF_NAT_MANIP_SRC))
		return nf_nat_alloc_null_binding(ct, hook_of(NF_NAT_MANIP_SRC));
	return NF_ACCEPT;
}

/* 0: it is none; 1: it is one and was translated; or -EINVAL. */
static int translate_icmp_error(struct sk_buff *skb, struct nf_conn *ct,
				enum ip_conntrack_info ctinfo, enum nf_nat_manip_type type)
{
	__be16 frag_off;
	u8 proto;
	int len;

	if (nf_ct_l3num(ct) == NFPROTO_IPV4) {
		if (ip_hdr(skb)->protocol != IPPROTO_ICMP)
			return 0;
		return nf_nat_icmp_reply_translation(skb, ct, ctinfo, hook_of(type)) ? 1 : -EINVAL;
	}
	if (!IS_ENABLED(CONFIG_IPV6))
		return 0;
	proto = ipv6_hdr(skb)->nexthdr;
	len = ipv6_skip_exthdr(skb, sizeof(struct ipv6hdr), &proto, &frag_off);
	if (len < 0 || proto != IPPROTO_ICMPV6)
		return 0;
	return nf_nat_icmpv6_reply_translation(skb, ct, ctinfo, hook_of(type), len) ? 1 : -EINVAL;
}

static int translate(struct sk_buff *skb, struct nf_conn *ct, enum ip_conntrack_info ctinfo,
		     enum nf_nat_manip_type type)
{
	int ret;

	if (ctinfo == IP_CT_RELATED || ctinfo == IP_CT_RELATED_REPLY) {
		ret = translate_icmp_error(skb, ct, ctinfo, type);
		if (ret)
			return ret < 0 ? ret : 0;
	}
	return nf_nat_packet(ct, ctinfo, hook_of(type), skb) == NF_ACCEPT ? 0 : -EINVAL;
}

int nat_execute(struct sk_buff *skb, struct nf_conn *ct, enum ip_conntrack_info ctinfo,
		const struct ct_nat *nat, bool is_commit, u8 *flags)
{
	static const u8 types[] = { NF_NAT_MANIP_DST, NF_NAT_MANIP_SRC };
	bool is_reply = CTINFO2DIR(ctinfo) == IP_CT_DIR_REPLY;
	unsigned int i;
	int err;

	*flags = 0;
	if (!nf_ct_is_confirmed(ct)) {
		if (!is_commit)
			return 0;
		if (bind(ct, nat) != NF_ACCEPT)
			return -EINVAL;
	}
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		/* replies are translated back */
		bool is_src = (types[i] == NF_NAT_MANIP_SRC) != is_reply;

		if (!(READ_ONCE(ct->status) & (is_src ? IPS_SRC_NAT : IPS_DST_NAT)))
			continue;
		err = translate(skb, ct, ctinfo, types[i]);
		if (err)
			return err;
		*flags |= types[i] == NF_NAT_MANIP_SRC ? OVS_CS_F_SRC_NAT : OVS_CS_F_DST_NAT;
	}
	return 0;
}

#endif
