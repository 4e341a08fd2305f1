// SPDX-License-Identifier: GPL-2.0
/* Tunnel keys: OVS_TUNNEL_KEY_ATTR_* and what the kernel's tunnel devices take and give. */
#include <linux/erspan.h>
#include <linux/in6.h>
#include <net/geneve.h>
#include <net/ip_tunnels.h>
#include <net/vxlan.h>

#include "compat/tunnel_flags.h"
#include "flow_key.h"
#include "key_attr.h"

#define LEN_ANY -1

/* clang-format off */
static const struct {
	const char *wrong_len, *twice;
	int len; /* of the payload; flags have 0 */
} tunnel_attrs[OVS_TUNNEL_KEY_ATTR_MAX + 1] = {
#define ATTR(type, text, length) \
	[OVS_TUNNEL_KEY_ATTR_##type] = \
		{ "tunnel " text ": wrong length", "tunnel " text ": given twice", length }
	ATTR(ID, "id", sizeof(__be64)),
	ATTR(IPV4_SRC, "ipv4_src", sizeof(__be32)),
	ATTR(IPV4_DST, "ipv4_dst", sizeof(__be32)),
	ATTR(TOS, "tos", 1),
	ATTR(TTL, "ttl", 1),
	ATTR(DONT_FRAGMENT, "dont_fragment", 0),
	ATTR(CSUM, "csum", 0),
	ATTR(OAM, "oam", 0),
	ATTR(GENEVE_OPTS, "geneve_opts", LEN_ANY),
	ATTR(TP_SRC, "tp_src", sizeof(__be16)),
	ATTR(TP_DST, "tp_dst", sizeof(__be16)),
	ATTR(VXLAN_OPTS, "vxlan_opts", LEN_ANY),
	ATTR(IPV6_SRC, "ipv6_src", sizeof(struct in6_addr)),
	ATTR(IPV6_DST, "ipv6_dst", sizeof(struct in6_addr)),
	ATTR(PAD, "pad", 0),
	ATTR(ERSPAN_OPTS, "erspan_opts", LEN_ANY),
	ATTR(IPV4_INFO_BRIDGE, "ipv4_info_bridge", 0),
#undef ATTR
};
/* clang-format on */

static int put_opts(struct key_tunnel *t, const struct nlattr *attr, unsigned int bit,
		    const void *opts, unsigned int len, struct netlink_ext_ack *extack)
{
	if (t->has_opts)
		return key_error(extack, attr, "tunnel options: more than one kind");
	if (len > KEY_TUN_OPTS_MAX)
		return key_error(extack, attr, "tunnel options: too long");
	memcpy(t->opts, opts, len);
	t->opts_len = len;
	t->has_opts = true;
	tun_flag_set(t->tun, bit);
	return 0;
}

static int parse_vxlan_opts(struct key_tunnel *t, const struct nlattr *attr,
			    struct netlink_ext_ack *extack)
{
	struct vxlan_metadata md = { 0 };
	const struct nlattr *a;
	bool has_gbp = false;
	int rem;

	nla_for_each_nested(a, attr, rem) {
		if (nla_type(a) != OVS_VXLAN_EXT_GBP)
			return key_error(extack, a, "tunnel vxlan_opts: unknown extension");
		if (nla_len(a) != sizeof(u32))
			return key_error(extack, a, "tunnel vxlan_opts: gbp: wrong length");
		if (has_gbp)
			return key_error(extack, a, "tunnel vxlan_opts: gbp: given twice");
		has_gbp = true;
		md.gbp = nla_get_u32(a);
	}
	if (rem)
		return key_error(extack, attr, "tunnel vxlan_opts: octets that are no attribute");
	return put_opts(t, attr, IP_TUNNEL_VXLAN_OPT_BIT, &md, sizeof(md), extack);
}

static int parse_attr(struct key_tunnel *t, const struct nlattr *a, struct netlink_ext_ack *extack)
{
	struct ip_tunnel_key *tun = t->tun;

	switch (nla_type(a)) {
	case OVS_TUNNEL_KEY_ATTR_ID:
		tun->tun_id = nla_get_be64(a);
		tun_flag_set(tun, IP_TUNNEL_KEY_BIT);
		break;
	case OVS_TUNNEL_KEY_ATTR_IPV4_SRC:
		tun->u.ipv4.src = nla_get_in_addr(a);
		break;
	case OVS_TUNNEL_KEY_ATTR_IPV4_DST:
		tun->u.ipv4.dst = nla_get_in_addr(a);
		break;
	case OVS_TUNNEL_KEY_ATTR_IPV6_SRC:
		tun->u.ipv6.src = nla_get_in6_addr(a);
		break;
	case OVS_TUNNEL_KEY_ATTR_IPV6_DST:
		tun->u.ipv6.dst = nla_get_in6_addr(a);
		break;
	case OVS_TUNNEL_KEY_ATTR_TOS:
		tun->tos = nla_get_u8(a);
		break;
	case OVS_TUNNEL_KEY_ATTR_TTL:
		tun->ttl = nla_get_u8(a);
		break;
	case OVS_TUNNEL_KEY_ATTR_DONT_FRAGMENT:
		tun_flag_set(tun, IP_TUNNEL_DONT_FRAGMENT_BIT);
		break;
	case OVS_TUNNEL_KEY_ATTR_CSUM:
		tun_flag_set(tun, IP_TUNNEL_CSUM_BIT);
		break;
	case OVS_TUNNEL_KEY_ATTR_OAM:
		tun_flag_set(tun, IP_TUNNEL_OAM_BIT);
		break;
	case OVS_TUNNEL_KEY_ATTR_TP_SRC:
		tun->tp_src = nla_get_be16(a);
		break;
	case OVS_TUNNEL_KEY_ATTR_TP_DST:
		tun->tp_dst = nla_get_be16(a);
		break;
	case OVS_TUNNEL_KEY_ATTR_GENEVE_OPTS:
		if (nla_len(a) % 4)
			return key_error(extack, a,
					 "tunnel geneve_opts: length is no multiple of 4");
		return put_opts(t, a, IP_TUNNEL_GENEVE_OPT_BIT, nla_data(a), nla_len(a), extack);
	case OVS_TUNNEL_KEY_ATTR_VXLAN_OPTS:
		return parse_vxlan_opts(t, a, extack);
	case OVS_TUNNEL_KEY_ATTR_ERSPAN_OPTS:
		if (!nla_len(a) || nla_len(a) > sizeof(struct erspan_metadata))
			return key_error(extack, a, "tunnel erspan_opts: wrong length");
		return put_opts(t, a, IP_TUNNEL_ERSPAN_OPT_BIT, nla_data(a), nla_len(a), extack);
	case OVS_TUNNEL_KEY_ATTR_IPV4_INFO_BRIDGE:
		t->is_bridge = true;
		break;
	}
	return 0;
}

static int check_addresses(const struct nlattr *attr, u32 present, bool is_mask,
			   struct key_tunnel *t, struct netlink_ext_ack *extack)
{
	static const u32 v4 = BIT(OVS_TUNNEL_KEY_ATTR_IPV4_SRC) |
			      BIT(OVS_TUNNEL_KEY_ATTR_IPV4_DST) |
			      BIT(OVS_TUNNEL_KEY_ATTR_IPV4_INFO_BRIDGE);
	static const u32 v6 = BIT(OVS_TUNNEL_KEY_ATTR_IPV6_SRC) | BIT(OVS_TUNNEL_KEY_ATTR_IPV6_DST);

	if (present & v4 && present & v6)
		return key_error(extack, attr, "tunnel: addresses of both IPv4 and IPv6");
	t->proto = present & v4 ? AF_INET : present & v6 ? AF_INET6 : 0;
	if (is_mask)
		return 0;
	switch (t->proto) {
	case AF_INET:
		if (!t->tun->u.ipv4.dst && !t->is_bridge)
			return key_error(extack, attr, "tunnel ipv4_dst: missing or zero");
		break;
	case AF_INET6:
		if (ipv6_addr_any(&t->tun->u.ipv6.dst))
			return key_error(extack, attr, "tunnel ipv6_dst: missing or zero");
		break;
	default:
		return key_error(extack, attr, "tunnel: no address");
	}
	/* it stands for all but the id */
	if (t->is_bridge &&
	    present & ~(BIT(OVS_TUNNEL_KEY_ATTR_IPV4_INFO_BRIDGE) | BIT(OVS_TUNNEL_KEY_ATTR_ID)))
		return key_error(extack, attr, "tunnel ipv4_info_bridge: with more than an id");
	if (!(present & BIT(OVS_TUNNEL_KEY_ATTR_TTL)) && !t->is_bridge)
		return key_error(extack, attr, "tunnel ttl: missing");
	return 0;
}

int key_tunnel_parse(const struct nlattr *attr, bool is_mask, struct key_tunnel *t,
		     struct netlink_ext_ack *extack)
{
	const struct nlattr *a;
	u32 present = 0;
	int rem, err;

	t->opts_len = 0;
	t->proto = 0;
	t->has_opts = false;
	t->is_bridge = false;
	nla_for_each_nested(a, attr, rem) {
		unsigned int type = nla_type(a);

		if (type > OVS_TUNNEL_KEY_ATTR_MAX)
			return key_error(extack, a, "tunnel: unknown attribute");
		if (tunnel_attrs[type].len != LEN_ANY && nla_len(a) != tunnel_attrs[type].len)
			return key_error(extack, a, tunnel_attrs[type].wrong_len);
		if (type == OVS_TUNNEL_KEY_ATTR_PAD)
			continue;
		if (present & BIT(type))
			return key_error(extack, a, tunnel_attrs[type].twice);
		present |= BIT(type);
		err = parse_attr(t, a, extack);
		if (err)
			return err;
	}
	if (rem)
		return key_error(extack, attr, "tunnel: octets that are no attribute");
	return check_addresses(attr, present, is_mask, t, extack);
}

void key_tunnel_exact_mask(const struct flow_key *key, struct flow_key *mask)
{
	static const u8 flags[] = {
		IP_TUNNEL_CSUM_BIT,
		IP_TUNNEL_KEY_BIT,
		IP_TUNNEL_DONT_FRAGMENT_BIT,
		IP_TUNNEL_OAM_BIT,
	};
	static const u8 kinds[] = {
		IP_TUNNEL_GENEVE_OPT_BIT,
		IP_TUNNEL_VXLAN_OPT_BIT,
		IP_TUNNEL_ERSPAN_OPT_BIT,
	};
	struct ip_tunnel_key *tun = &mask->tun;
	unsigned int i;

	memset(&tun->tun_id, 0xff, sizeof(tun->tun_id));
	if (key->tun_proto == AF_INET6)
		memset(&tun->u.ipv6, 0xff, sizeof(tun->u.ipv6));
	else
		memset(&tun->u.ipv4, 0xff, sizeof(tun->u.ipv4));
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		tun_flag_set(tun, flags[i]);
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (tun_flag_test(&key->tun, kinds[i]))
			tun_flag_set(tun, kinds[i]);
	tun->tos = 0xff;
	tun->ttl = 0xff;
	tun->tp_src = htons(0xffff);
	tun->tp_dst = htons(0xffff);
	mask->tun_opts_len = 0xff;
	memset(mask->tun_opts, 0xff, key->tun_opts_len);
}

static int check_geneve_opts(const struct nlattr *attr, struct key_tunnel *t,
			     struct netlink_ext_ack *extack)
{
	unsigned int left = t->opts_len;
	const u8 *p = t->opts;

	while (left) {
		const struct geneve_opt *opt = (const struct geneve_opt *)p;
		unsigned int len;

		if (left < sizeof(*opt))
			return key_error(extack, attr,
					 "tunnel geneve_opts: an option is cut short");
		len = sizeof(*opt) + opt->length * 4;
		if (len > left)
			return key_error(extack, attr,
					 "tunnel geneve_opts: an option is cut short");
		if (opt->type & GENEVE_CRIT_OPT_TYPE)
			tun_flag_set(t->tun, IP_TUNNEL_CRIT_OPT_BIT);
		p += len;
		left -= len;
	}
	return 0;
}

int key_parse_tunnel_info(const struct nlattr *tunnel, struct ip_tunnel_info *info,
			  struct netlink_ext_ack *extack)
{
	struct key_tunnel t = {
		.tun = &info->key,
		.opts = (u8 *)(info + 1),
	};
	int err;

	memset(info, 0, sizeof(*info));
	err = key_tunnel_parse(tunnel, false, &t, extack);
	if (err)
		return err;
	if (tun_flag_test(t.tun, IP_TUNNEL_GENEVE_OPT_BIT)) {
		err = check_geneve_opts(tunnel, &t, extack);
		if (err)
			return err;
	}
	if (tun_flag_test(t.tun, IP_TUNNEL_ERSPAN_OPT_BIT) &&
	    t.opts_len != sizeof(struct erspan_metadata))
		return key_error(extack, tunnel, "tunnel erspan_opts: wrong length");
	info->options_len = t.opts_len;
	info->mode = IP_TUNNEL_INFO_TX;
	if (t.proto == AF_INET6)
		info->mode |= IP_TUNNEL_INFO_IPV6;
	if (t.is_bridge)
		info->mode |= IP_TUNNEL_INFO_BRIDGE;
	return 0;
}

static int put_vxlan_opts(struct sk_buff *skb, const void *opts)
{
	const struct vxlan_metadata *md = opts;
	struct nlattr *nest = nla_nest_start_noflag(skb, OVS_TUNNEL_KEY_ATTR_VXLAN_OPTS);

	if (!nest || nla_put_u32(skb, OVS_VXLAN_EXT_GBP, md->gbp))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_addresses(struct sk_buff *skb, const struct ip_tunnel_key *tun, u8 tun_proto)
{
	if (tun_proto == AF_INET6) {
		if (!ipv6_addr_any(&tun->u.ipv6.src) &&
		    nla_put_in6_addr(skb, OVS_TUNNEL_KEY_ATTR_IPV6_SRC, &tun->u.ipv6.src))
			return -EMSGSIZE;
		if (!ipv6_addr_any(&tun->u.ipv6.dst) &&
		    nla_put_in6_addr(skb, OVS_TUNNEL_KEY_ATTR_IPV6_DST, &tun->u.ipv6.dst))
			return -EMSGSIZE;
		return 0;
	}
	if (tun->u.ipv4.src && nla_put_in_addr(skb, OVS_TUNNEL_KEY_ATTR_IPV4_SRC, tun->u.ipv4.src))
		return -EMSGSIZE;
	if (tun->u.ipv4.dst && nla_put_in_addr(skb, OVS_TUNNEL_KEY_ATTR_IPV4_DST, tun->u.ipv4.dst))
		return -EMSGSIZE;
	return 0;
}

static int put_opts_attr(struct sk_buff *skb, const struct ip_tunnel_key *tun, const void *opts,
			 int opts_len)
{
	if (!opts_len)
		return 0;
	if (tun_flag_test(tun, IP_TUNNEL_GENEVE_OPT_BIT))
		return nla_put(skb, OVS_TUNNEL_KEY_ATTR_GENEVE_OPTS, opts_len, opts);
	if (tun_flag_test(tun, IP_TUNNEL_VXLAN_OPT_BIT) && opts_len >= sizeof(u32))
		return put_vxlan_opts(skb, opts);
	if (tun_flag_test(tun, IP_TUNNEL_ERSPAN_OPT_BIT))
		return nla_put(skb, OVS_TUNNEL_KEY_ATTR_ERSPAN_OPTS, opts_len, opts);
	return 0;
}

int key_put_tunnel(struct sk_buff *skb, int attr, const struct ip_tunnel_key *tun, const void *opts,
		   int opts_len, u8 tun_proto)
{
	struct nlattr *nest = nla_nest_start_noflag(skb, attr);

	if (!nest)
		return -EMSGSIZE;
	if (tun_flag_test(tun, IP_TUNNEL_KEY_BIT) &&
	    nla_put_be64(skb, OVS_TUNNEL_KEY_ATTR_ID, tun->tun_id, OVS_TUNNEL_KEY_ATTR_PAD))
		return -EMSGSIZE;
	if (put_addresses(skb, tun, tun_proto))
		return -EMSGSIZE;
	if ((tun->tos && nla_put_u8(skb, OVS_TUNNEL_KEY_ATTR_TOS, tun->tos)) ||
	    nla_put_u8(skb, OVS_TUNNEL_KEY_ATTR_TTL, tun->ttl) ||
	    (tun_flag_test(tun, IP_TUNNEL_DONT_FRAGMENT_BIT) &&
	     nla_put_flag(skb, OVS_TUNNEL_KEY_ATTR_DONT_FRAGMENT)) ||
	    (tun_flag_test(tun, IP_TUNNEL_CSUM_BIT) &&
	     nla_put_flag(skb, OVS_TUNNEL_KEY_ATTR_CSUM)) ||
	    (tun_flag_test(tun, IP_TUNNEL_OAM_BIT) && nla_put_flag(skb, OVS_TUNNEL_KEY_ATTR_OAM)) ||
	    (tun->tp_src && nla_put_be16(skb, OVS_TUNNEL_KEY_ATTR_TP_SRC, tun->tp_src)) ||
	    (tun->tp_dst && nla_put_be16(skb, OVS_TUNNEL_KEY_ATTR_TP_DST, tun->tp_dst)) ||
	    put_opts_attr(skb, tun, opts, opts_len))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

size_t key_tunnel_attr_size(void)
{
	return nla_total_size(nla_total_size_64bit(sizeof(__be64)) + /* ID */
			      2 * nla_total_size(sizeof(struct in6_addr)) + /* addresses */
			      2 * nla_total_size(1) + /* TOS, TTL */
			      3 * nla_total_size(0) + /* DONT_FRAGMENT, CSUM, OAM */
			      2 * nla_total_size(sizeof(__be16)) + /* ports */
			      nla_total_size(KEY_TUN_OPTS_MAX));
}
