// SPDX-License-Identifier: Apache-2.0
/* The text of datapath actions.  The list may come from outside: attributes that are too short for
 * their type are shown as "bad ..." and never read past. */
#include <arpa/inet.h>

#include "base/str.h"
#include "flow/odp_attr.h"
#include "flow/odp_text.h"
#include "packet/headers.h"

struct printer {
	const struct odp_names *names;
	struct str *s;
	unsigned int depth;
};

static void put_list(struct printer *, const void *data, size_t len);

static void put_port(struct printer *o, uint32_t port)
{
	const char *name = NULL;

	if (o->names && o->names->port_name)
		name = o->names->port_name(port, o->names->aux);
	if (name)
		str_put(o->s, name);
	else
		str_printf(o->s, "%u", port);
}

static void put_hex(struct str *s, const void *data, size_t n)
{
	const uint8_t *p = data;

	while (n--)
		str_printf(s, "%02x", *p++);
}

/* ---- userspace ------------------------------------------------------------------------------ */

static const struct odp_flag slow_reasons[] = {
	{ ODP_SLOW_CFM, "cfm" },     { ODP_SLOW_BFD, "bfd" },
	{ ODP_SLOW_LACP, "lacp" },   { ODP_SLOW_STP, "stp" },
	{ ODP_SLOW_LLDP, "lldp" },   { ODP_SLOW_ACTION, "action" },
	{ ODP_SLOW_MATCH, "match" }, { 0, NULL },
};

static void put_slow_path(uint32_t reasons, struct str *s)
{
	const struct odp_flag *f;
	size_t start;

	str_put(s, ",slow_path(");
	start = s->len;
	for (f = slow_reasons; f->bit; f++)
		if (reasons & f->bit)
			str_printf(s, "%s%s", s->len > start ? "," : "", f->name);
	str_put(s, s->len > start ? ")" : "0)");
}

/* False if the octets are no cookie of ours. */
static bool put_cookie(const struct nlattr *a, struct str *s)
{
	static const char *const directions[] = { "", ",ingress", ",egress" };
	struct odp_cookie c;

	if (nla_len(a) != sizeof(c))
		return false;
	memcpy(&c, nla_data(a), sizeof(c));
	if (c.magic != ODP_COOKIE_MAGIC)
		return false;
	switch (c.type) {
	case ODP_COOKIE_SLOW_PATH:
		put_slow_path(c.slow_path.reasons, s);
		return true;
	case ODP_COOKIE_SFLOW:
		str_printf(s, ",sFlow(vid=%u,pcp=%u,output=%u)", c.sflow.vlan_tci & VLAN_VID_MASK,
			   (c.sflow.vlan_tci & 0xffff) >> VLAN_PCP_SHIFT, c.sflow.output);
		return true;
	case ODP_COOKIE_CONTROLLER:
		str_printf(s,
			   ",controller(reason=%u,dont_send=%u,continuation=%u,recirc_id=%u,"
			   "rule_cookie=%#llx,controller_id=%u,max_len=%u)",
			   c.controller.reason, c.controller.dont_send, c.controller.continuation,
			   c.controller.recirc_id, (unsigned long long)c.controller.rule_cookie,
			   c.controller.controller_id, c.controller.max_len);
		return true;
	case ODP_COOKIE_FLOW_SAMPLE:
		str_printf(s,
			   ",flow_sample(probability=%u,collector_set_id=%u,obs_domain_id=%u,"
			   "obs_point_id=%u,output_port=%u%s)",
			   c.flow_sample.probability, c.flow_sample.collector_set_id,
			   c.flow_sample.obs_domain_id, c.flow_sample.obs_point_id,
			   c.flow_sample.output_port,
			   c.flow_sample.direction < ARRAY_SIZE(directions)
				   ? directions[c.flow_sample.direction]
				   : "");
		return true;
	case ODP_COOKIE_IPFIX:
		str_printf(s, ",ipfix(output_port=%u)", c.ipfix.output_port);
		return true;
	}
	return false;
}

static void put_userspace(struct printer *o, const struct nlattr *a)
{
	const struct nlattr *n, *pid = NULL, *userdata = NULL, *tunnel = NULL;
	bool actions = false;
	int left;

	ODP_FOR_EACH(n, left, nla_data(a), nla_len(a)) {
		switch (nla_type(n)) {
		case OVS_USERSPACE_ATTR_PID:
			pid = nla_len(n) == 4 ? n : NULL;
			break;
		case OVS_USERSPACE_ATTR_USERDATA:
			userdata = n;
			break;
		case OVS_USERSPACE_ATTR_EGRESS_TUN_PORT:
			tunnel = nla_len(n) == 4 ? n : NULL;
			break;
		case OVS_USERSPACE_ATTR_ACTIONS:
			actions = true;
			break;
		}
	}
	str_printf(o->s, "userspace(pid=%u", pid ? nla_get_u32((struct nlattr *)pid) : 0);
	if (userdata && !put_cookie(userdata, o->s)) {
		str_put(o->s, ",userdata(");
		put_hex(o->s, nla_data(userdata), nla_len(userdata));
		str_putc(o->s, ')');
	}
	if (actions)
		str_put(o->s, ",actions");
	if (tunnel)
		str_printf(o->s, ",tunnel_out_port=%u", nla_get_u32((struct nlattr *)tunnel));
	str_putc(o->s, ')');
}

/* ---- connection tracking -------------------------------------------------------------------- */

static void put_address(struct str *s, const struct nlattr *a, bool brackets)
{
	char text[INET6_ADDRSTRLEN];

	if (nla_len(a) == 4)
		str_put(s, inet_ntop(AF_INET, nla_data(a), text, sizeof(text)));
	else if (nla_len(a) == 16)
		str_printf(s, brackets ? "[%s]" : "%s",
			   inet_ntop(AF_INET6, nla_data(a), text, sizeof(text)));
	else
		str_put(s, "bad address");
}

static uint16_t get_port(const struct nlattr *a)
{
	uint16_t v = 0;

	if (a && nla_len(a) == 2)
		memcpy(&v, nla_data(a), 2);
	return v;
}

static void put_nat(struct str *s, const struct nlattr *a)
{
	const struct nlattr *at[OVS_NAT_ATTR_MAX + 1] = { NULL }, *n;
	const struct nlattr *ip_min, *ip_max;
	uint16_t port_min, port_max;
	int left;

	ODP_FOR_EACH(n, left, nla_data(a), nla_len(a))
		if (nla_type(n) <= OVS_NAT_ATTR_MAX)
			at[nla_type(n)] = n;
	str_put(s, "nat");
	if (!at[OVS_NAT_ATTR_SRC] && !at[OVS_NAT_ATTR_DST])
		return;
	ip_min = at[OVS_NAT_ATTR_IP_MIN];
	ip_max = at[OVS_NAT_ATTR_IP_MAX];
	port_min = get_port(at[OVS_NAT_ATTR_PROTO_MIN]);
	port_max = get_port(at[OVS_NAT_ATTR_PROTO_MAX]);
	str_put(s, at[OVS_NAT_ATTR_SRC] ? "(src" : "(dst");
	if (ip_min) {
		str_putc(s, '=');
		put_address(s, ip_min, port_min);
		if (ip_max && (nla_len(ip_max) != nla_len(ip_min) ||
			       memcmp(nla_data(ip_max), nla_data(ip_min), nla_len(ip_min)))) {
			str_putc(s, '-');
			put_address(s, ip_max, port_min);
		}
		if (port_min) {
			str_printf(s, ":%u", port_min);
			if (port_max && port_max != port_min)
				str_printf(s, "-%u", port_max);
		}
		if (at[OVS_NAT_ATTR_PERSISTENT])
			str_put(s, ",persistent");
		if (at[OVS_NAT_ATTR_PROTO_HASH])
			str_put(s, ",hash");
		if (at[OVS_NAT_ATTR_PROTO_RANDOM])
			str_put(s, ",random");
	}
	str_putc(s, ')');
}

static void put_u128(struct str *s, const uint8_t *label)
{
	struct flow f;

	odp_attr_to_flow(OVS_KEY_ATTR_CT_LABELS, label, false, &f);
	if (f.ct_label.hi)
		str_printf(s, "0x%llx%016llx", (unsigned long long)f.ct_label.hi,
			   (unsigned long long)f.ct_label.lo);
	else
		str_printf(s, "%#llx", (unsigned long long)f.ct_label.lo);
}

static void put_ct(struct str *s, const struct nlattr *a)
{
	const struct nlattr *at[OVS_CT_ATTR_MAX + 1] = { NULL }, *n;
	size_t start = s->len;
	uint32_t mark[2];
	int left;

	ODP_FOR_EACH(n, left, nla_data(a), nla_len(a))
		if (nla_type(n) <= OVS_CT_ATTR_MAX)
			at[nla_type(n)] = n;
	str_put(s, "ct(");
	if (at[OVS_CT_ATTR_COMMIT])
		str_put(s, "commit,");
	if (at[OVS_CT_ATTR_FORCE_COMMIT])
		str_put(s, "force_commit,");
	if (get_port(at[OVS_CT_ATTR_ZONE]))
		str_printf(s, "zone=%u,", get_port(at[OVS_CT_ATTR_ZONE]));
	n = at[OVS_CT_ATTR_MARK];
	if (n && nla_len(n) == sizeof(mark)) {
		memcpy(mark, nla_data(n), sizeof(mark));
		str_printf(s, "mark=%#x/%#x,", mark[0], mark[1]);
	}
	n = at[OVS_CT_ATTR_LABELS];
	if (n && nla_len(n) == 32) {
		const uint8_t *label = nla_data(n);
		bool exact = true;

		for (int i = 16; i < 32; i++)
			exact &= label[i] == 0xff;
		str_put(s, "label=");
		put_u128(s, label);
		if (!exact) {
			str_putc(s, '/');
			put_u128(s, label + 16);
		}
		str_putc(s, ',');
	}
	n = at[OVS_CT_ATTR_HELPER];
	if (n)
		str_printf(s, "helper=%.*s,", nla_len(n), (const char *)nla_data(n));
	n = at[OVS_CT_ATTR_TIMEOUT];
	if (n)
		str_printf(s, "timeout=%.*s,", nla_len(n), (const char *)nla_data(n));
	n = at[OVS_CT_ATTR_EVENTMASK];
	if (n && nla_len(n) == 4)
		str_printf(s, "eventmask=%#x,", nla_get_u32((struct nlattr *)n));
	if (at[OVS_CT_ATTR_NAT]) {
		put_nat(s, at[OVS_CT_ATTR_NAT]);
		str_putc(s, ',');
	}
	if (s->len == start + 3) {
		str_chomp(s, '(');
	} else {
		str_chomp(s, ',');
		str_putc(s, ')');
	}
}

/* ---- set ------------------------------------------------------------------------------------ */

static void put_nsh_parts(struct str *s, const struct flow *f, const struct flow_mask *mask)
{
	odp_group_format(odp_group_of_attr(OVS_KEY_ATTR_NSH), f, mask, false, NULL, s);
}

static void put_set(struct printer *o, const struct nlattr *a, bool masked)
{
	const struct nlattr *n = nla_data(a);
	struct flow_mask mask;
	struct flow f;
	uint16_t type;
	size_t size;
	bool unknown;

	if (!nla_ok(n, nla_len(a))) {
		str_put(o->s, "bad set");
		return;
	}
	type = nla_type(n);
	size = odp_attr_size(type);
	memset(&f, 0, sizeof(f));
	memset(&mask, 0, sizeof(mask));
	str_put(o->s, "set(");
	if (type == OVS_KEY_ATTR_TUNNEL) {
		odp_tunnel_decode(nla_data(n), nla_len(n), false, &f.tunnel, &unknown);
		odp_tunnel_format(&f.tunnel, NULL, o->s);
	} else if (type == OVS_KEY_ATTR_NSH) {
		odp_nsh_decode(nla_data(n), nla_len(n), false, &f.nsh,
			       masked ? &mask.masks.nsh : NULL);
		put_nsh_parts(o->s, &f, masked ? &mask : NULL);
	} else if (!size || (size_t)nla_len(n) != size * (masked ? 2 : 1)) {
		str_printf(o->s, "bad key%u", type);
	} else {
		const uint8_t *p = nla_data(n);
		const struct odp_group *g = odp_group_of_attr(type);
		uint32_t m = 0xffff;

		odp_attr_to_flow(type, p, false, &f);
		if (masked)
			odp_attr_to_flow(type, p + size, true, &mask.masks);
		if (type == OVS_KEY_ATTR_MPLS) {
			odp_mpls_format(f.mpls_lse, masked ? mask.masks.mpls_lse : NULL, 1, o->s);
		} else if (type == OVS_KEY_ATTR_TCP_FLAGS) {
			if (masked)
				m = ntohs(mask.masks.tcp_flags);
			str_put(o->s, "tcp_flags(");
			odp_flags_format(odp_tcp_flags, ntohs(f.tcp_flags), m, TCP_FLAGS_MASK,
					 o->s);
			str_putc(o->s, ')');
		} else if (!g) {
			str_printf(o->s, "key%u(", type);
			put_hex(o->s, p, nla_len(n));
			str_putc(o->s, ')');
		} else if (!odp_group_format(g, &f, masked ? &mask : NULL, false, o->names, o->s)) {
			/* masks that cover nothing: the name alone */
			odp_group_format(g, &f, NULL, false, NULL, o->s);
			while (o->s->len && o->s->data[o->s->len - 1] != '(')
				str_truncate(o->s, o->s->len - 1);
			str_putc(o->s, ')');
		}
	}
	str_putc(o->s, ')');
}

/* ---- headers -------------------------------------------------------------------------------- */

static void put_lse(struct str *s, be32 lse)
{
	uint32_t v = ntohl(lse);

	str_printf(s, "label=%u,tc=%u,ttl=%u,bos=%u", v >> MPLS_LABEL_SHIFT,
		   (v & MPLS_TC_MASK) >> MPLS_TC_SHIFT, v & MPLS_TTL_MASK,
		   (v & MPLS_BOS_MASK) >> MPLS_BOS_SHIFT);
}

static void put_push_nsh(struct str *s, const struct nlattr *a)
{
	const struct nlattr *n;
	struct flow_nsh h = { 0 };
	int left;

	odp_nsh_decode(nla_data(a), nla_len(a), false, &h, NULL);
	str_printf(s, "push_nsh(flags=%u,ttl=%u,mdtype=%u,np=%u,spi=%#x,si=%u", h.flags, h.ttl,
		   h.mdtype, h.np, ntohl(h.path_hdr) >> 8, ntohl(h.path_hdr) & 0xff);
	if (h.mdtype == NSH_MDTYPE1)
		for (int i = 0; i < 4; i++)
			str_printf(s, ",c%d=0x%x", i + 1, ntohl(h.context[i]));
	ODP_FOR_EACH(n, left, nla_data(a), nla_len(a))
		if (nla_type(n) == OVS_NSH_KEY_ATTR_MD2 && nla_len(n)) {
			str_put(s, ",md2=0x");
			put_hex(s, nla_data(n), nla_len(n));
		}
	str_putc(s, ')');
}

/* ---- nested lists --------------------------------------------------------------------------- */

static const struct nlattr *find(const struct nlattr *a, unsigned int type)
{
	const struct nlattr *n;
	int left;

	ODP_FOR_EACH(n, left, nla_data(a), nla_len(a))
		if (nla_type(n) == (int)type)
			return n;
	return NULL;
}

static uint32_t get_u32(const struct nlattr *a)
{
	return a && nla_len(a) == 4 ? nla_get_u32((struct nlattr *)a) : 0;
}

static void put_nested(struct printer *o, const char *open, const struct nlattr *list)
{
	str_put(o->s, open);
	if (list)
		put_list(o, nla_data(list), nla_len(list));
	else
		str_put(o->s, "drop");
	str_putc(o->s, ')');
}

static void put_sample(struct printer *o, const struct nlattr *a)
{
	uint32_t probability = get_u32(find(a, OVS_SAMPLE_ATTR_PROBABILITY));

	str_printf(o->s, "sample(sample=%.1f%%,", 100.0 * probability / UINT32_MAX);
	put_nested(o, "actions(", find(a, OVS_SAMPLE_ATTR_ACTIONS));
	str_putc(o->s, ')');
}

static void put_check_pkt_len(struct printer *o, const struct nlattr *a)
{
	str_printf(o->s, "check_pkt_len(size=%u,",
		   get_port(find(a, OVS_CHECK_PKT_LEN_ATTR_PKT_LEN)));
	put_nested(o, "gt(", find(a, OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_GREATER));
	put_nested(o, ",le(", find(a, OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_LESS_EQUAL));
	str_putc(o->s, ')');
}

static void put_psample(struct str *s, const struct nlattr *a)
{
	const struct nlattr *cookie = find(a, ODP_PSAMPLE_COOKIE);

	str_printf(s, "psample(group=%u", get_u32(find(a, ODP_PSAMPLE_GROUP)));
	if (cookie) {
		str_put(s, ",cookie=");
		put_hex(s, nla_data(cookie), nla_len(cookie));
	}
	str_putc(s, ')');
}

/* ---- one action ----------------------------------------------------------------------------- */

static size_t fixed_size(int type)
{
	switch (type) {
	case OVS_ACTION_ATTR_OUTPUT:
	case OVS_ACTION_ATTR_RECIRC:
	case OVS_ACTION_ATTR_METER:
	case OVS_ACTION_ATTR_TRUNC:
	case ODP_ACTION_TUNNEL_POP:
	case ODP_ACTION_LB_OUTPUT:
	case ODP_ACTION_DROP:
	case ODP_ACTION_KERNEL_DROP:
		return 4;
	case OVS_ACTION_ATTR_PUSH_VLAN:
		return sizeof(struct ovs_action_push_vlan);
	case OVS_ACTION_ATTR_HASH:
		return sizeof(struct ovs_action_hash);
	case OVS_ACTION_ATTR_PUSH_MPLS:
		return sizeof(struct ovs_action_push_mpls);
	case OVS_ACTION_ATTR_ADD_MPLS:
		return sizeof(struct ovs_action_add_mpls);
	case OVS_ACTION_ATTR_POP_MPLS:
		return 2;
	case OVS_ACTION_ATTR_PUSH_ETH:
		return sizeof(struct ovs_action_push_eth);
	}
	return 0;
}

static void put_fixed(struct printer *o, int type, const void *p)
{
	struct str *s = o->s;
	union {
		uint32_t u32;
		be16 b16;
		struct ovs_action_push_vlan vlan;
		struct ovs_action_hash hash;
		struct ovs_action_push_mpls push_mpls;
		struct ovs_action_add_mpls add_mpls;
		struct ovs_action_push_eth eth;
	} v;

	memcpy(&v, p, fixed_size(type));
	switch (type) {
	case OVS_ACTION_ATTR_OUTPUT:
		put_port(o, v.u32);
		break;
	case OVS_ACTION_ATTR_RECIRC:
		str_printf(s, "recirc(%#x)", v.u32);
		break;
	case OVS_ACTION_ATTR_METER:
		str_printf(s, "meter(%u)", v.u32);
		break;
	case OVS_ACTION_ATTR_TRUNC:
		str_printf(s, "trunc(%u)", v.u32);
		break;
	case ODP_ACTION_TUNNEL_POP:
		str_put(s, "tnl_pop(");
		put_port(o, v.u32);
		str_putc(s, ')');
		break;
	case ODP_ACTION_LB_OUTPUT:
		str_printf(s, "lb_output(%u)", v.u32);
		break;
	case ODP_ACTION_DROP:
	case ODP_ACTION_KERNEL_DROP:
		str_put(s, "drop");
		break;
	case OVS_ACTION_ATTR_PUSH_VLAN:
		str_put(s, "push_vlan(");
		if (v.vlan.vlan_tpid != htons(ETH_TYPE_VLAN_8021Q))
			str_printf(s, "tpid=0x%04x,", ntohs(v.vlan.vlan_tpid));
		odp_tci_format(v.vlan.vlan_tci, s);
		str_putc(s, ')');
		break;
	case OVS_ACTION_ATTR_HASH:
		if (v.hash.hash_alg == OVS_HASH_ALG_L4)
			str_printf(s, "hash(l4(%u))", v.hash.hash_basis);
		else if (v.hash.hash_alg == ODP_HASH_ALG_SYM_L4)
			str_printf(s, "hash(sym_l4(%u))", v.hash.hash_basis);
		else
			str_printf(s, "hash(alg%u(%u))", v.hash.hash_alg, v.hash.hash_basis);
		break;
	case OVS_ACTION_ATTR_PUSH_MPLS:
		str_put(s, "push_mpls(");
		put_lse(s, v.push_mpls.mpls_lse);
		str_printf(s, ",eth_type=0x%x)", ntohs(v.push_mpls.mpls_ethertype));
		break;
	case OVS_ACTION_ATTR_ADD_MPLS:
		str_put(s, "add_mpls(");
		put_lse(s, v.add_mpls.mpls_lse);
		if (v.add_mpls.tun_flags)
			str_printf(s, ",tun_flags=%u", v.add_mpls.tun_flags);
		str_printf(s, ",eth_type=0x%x)", ntohs(v.add_mpls.mpls_ethertype));
		break;
	case OVS_ACTION_ATTR_POP_MPLS:
		str_printf(s, "pop_mpls(eth_type=0x%x)", ntohs(v.b16));
		break;
	case OVS_ACTION_ATTR_PUSH_ETH:
		str_printf(s, "push_eth(src=" ETH_FMT ",dst=" ETH_FMT ")",
			   ETH_ARGS(v.eth.addresses.eth_src), ETH_ARGS(v.eth.addresses.eth_dst));
		break;
	}
}

static void put_action(struct printer *o, const struct nlattr *a)
{
	int type = nla_type(a);
	size_t size = fixed_size(type);

	if (size) {
		if ((size_t)nla_len(a) == size)
			put_fixed(o, type, nla_data(a));
		else
			str_printf(o->s, "bad action%d", type);
		return;
	}
	switch (type) {
	case OVS_ACTION_ATTR_USERSPACE:
		put_userspace(o, a);
		break;
	case OVS_ACTION_ATTR_SET:
		put_set(o, a, false);
		break;
	case OVS_ACTION_ATTR_SET_MASKED:
		put_set(o, a, true);
		break;
	case OVS_ACTION_ATTR_POP_VLAN:
		str_put(o->s, "pop_vlan");
		break;
	case OVS_ACTION_ATTR_POP_ETH:
		str_put(o->s, "pop_eth");
		break;
	case OVS_ACTION_ATTR_POP_NSH:
		str_put(o->s, "pop_nsh()");
		break;
	case OVS_ACTION_ATTR_CT_CLEAR:
		str_put(o->s, "ct_clear");
		break;
	case OVS_ACTION_ATTR_PUSH_NSH:
		put_push_nsh(o->s, a);
		break;
	case OVS_ACTION_ATTR_CT:
		put_ct(o->s, a);
		break;
	case OVS_ACTION_ATTR_SAMPLE:
		put_sample(o, a);
		break;
	case OVS_ACTION_ATTR_CLONE:
		put_nested(o, "clone(", a);
		break;
	case OVS_ACTION_ATTR_CHECK_PKT_LEN:
		put_check_pkt_len(o, a);
		break;
	case OVS_ACTION_ATTR_DEC_TTL:
		put_nested(o, "dec_ttl(le_1(", find(a, OVS_DEC_TTL_ATTR_ACTION));
		str_putc(o->s, ')');
		break;
	case ODP_ACTION_PSAMPLE:
		put_psample(o->s, a);
		break;
	default:
		str_printf(o->s, "action%d(", type);
		put_hex(o->s, nla_data(a), nla_len(a));
		str_putc(o->s, ')');
		break;
	}
}

static void put_list(struct printer *o, const void *data, size_t len)
{
	const struct nlattr *a;
	bool any = false;
	int left;

	if (o->depth == ODP_MAX_NESTING) {
		str_put(o->s, "...");
		return;
	}
	o->depth++;
	ODP_FOR_EACH(a, left, data, len) {
		if (any)
			str_putc(o->s, ',');
		any = true;
		put_action(o, a);
	}
	if (left > 0)
		str_printf(o->s, "%sbad %d octets", any ? "," : "", left);
	else if (!any)
		str_put(o->s, "drop");
	o->depth--;
}

void odp_actions_format(const void *acts, size_t len, const struct odp_names *names, struct str *s)
{
	struct printer o = { .names = names, .s = s };

	put_list(&o, acts, len);
}
