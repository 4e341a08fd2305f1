// SPDX-License-Identifier: Apache-2.0
/* The plain groups of a key's text, one table. */
#include "flow/odp_text.h"

#include <arpa/inet.h>

#include "base/str.h"
#include "flow/odp_attr.h"

enum form { DEC, HEX, NSH_HEX, HEX128, ETH_TYPE, MAC, IP4, IP6, FRAG, PORT };

struct member {
	const char *name; /* NULL if the group has only it */
	uint8_t form;
	uint8_t size; /* of the member of struct flow */
	uint16_t ofs;
	uint8_t shift, n_bits; /* of a number; all of it if n_bits is 0 */
	bool is_be;
	bool padded; /* a full mask is full in the bits around it, too */
	const char *alias;
};

struct odp_group {
	const char *name;
	uint16_t attr;
	uint16_t n;
	const struct member *members;
};

#define AT(MEMBER) sizeof(((struct flow *)NULL)->MEMBER), offsetof(struct flow, MEMBER)

static const struct member eth[] = {
	{ "src", MAC, AT(eth_src) },
	{ "dst", MAC, AT(eth_dst) },
};
static const struct member ipv4[] = {
	{ "src", IP4, AT(ip_src) }, { "dst", IP4, AT(ip_dst) }, { "proto", DEC, AT(ip_proto) },
	{ "tos", HEX, AT(ip_tos) }, { "ttl", DEC, AT(ip_ttl) }, { "frag", FRAG, AT(ip_frag) },
};
static const struct member ipv6[] = {
	{ "src", IP6, AT(ipv6_src) },
	{ "dst", IP6, AT(ipv6_dst) },
	{ "label", HEX, AT(ipv6_label), 0, 20, true, true },
	{ "proto", DEC, AT(ip_proto) },
	{ "tclass", HEX, AT(ip_tos) },
	{ "hlimit", DEC, AT(ip_ttl) },
	{ "frag", FRAG, AT(ip_frag) },
};
static const struct member ports[] = {
	{ "src", DEC, AT(tp_src), 0, 0, true },
	{ "dst", DEC, AT(tp_dst), 0, 0, true },
};
static const struct member icmp[] = {
	{ "type", DEC, AT(tp_src), 0, 8, true, true },
	{ "code", DEC, AT(tp_dst), 0, 8, true, true },
};
static const struct member arp[] = {
	{ "sip", IP4, AT(ip_src) },  { "tip", IP4, AT(ip_dst) },  { "op", DEC, AT(ip_proto) },
	{ "sha", MAC, AT(arp_sha) }, { "tha", MAC, AT(arp_tha) },
};
static const struct member nd[] = {
	{ "target", IP6, AT(nd_target) },
	{ "sll", MAC, AT(arp_sha) },
	{ "tll", MAC, AT(arp_tha) },
};
static const struct member nd_ext[] = {
	{ "nd_reserved", HEX, AT(nd_reserved), 0, 0, true },
	{ "nd_options_type", DEC, AT(nd_options_type) },
};
static const struct member ct_tuple4[] = {
	{ "src", IP4, AT(ct_ip_src) },
	{ "dst", IP4, AT(ct_ip_dst) },
	{ "proto", DEC, AT(ct_nw_proto) },
	{ "tp_src", DEC, AT(ct_tp_src), 0, 0, true },
	{ "tp_dst", DEC, AT(ct_tp_dst), 0, 0, true },
};
static const struct member ct_tuple6[] = {
	{ "src", IP6, AT(ct_ipv6_src) },
	{ "dst", IP6, AT(ct_ipv6_dst) },
	{ "proto", DEC, AT(ct_nw_proto) },
	{ "src_port", DEC, AT(ct_tp_src), 0, 0, true, false, "tp_src" },
	{ "dst_port", DEC, AT(ct_tp_dst), 0, 0, true, false, "tp_dst" },
};
static const struct member packet_type[] = {
	{ "ns", DEC, AT(packet_type), 16, 16, true },
	{ "id", HEX, AT(packet_type), 0, 16, true },
};
static const struct member nsh[] = {
	{ "flags", DEC, AT(nsh.flags) },
	{ "ttl", DEC, AT(nsh.ttl) },
	{ "mdtype", DEC, AT(nsh.mdtype) },
	{ "np", DEC, AT(nsh.np) },
	{ "spi", NSH_HEX, AT(nsh.path_hdr), 8, 24, true },
	{ "si", DEC, AT(nsh.path_hdr), 0, 8, true },
	{ "c1", NSH_HEX, AT(nsh.context[0]), 0, 0, true },
	{ "c2", NSH_HEX, AT(nsh.context[1]), 0, 0, true },
	{ "c3", NSH_HEX, AT(nsh.context[2]), 0, 0, true },
	{ "c4", NSH_HEX, AT(nsh.context[3]), 0, 0, true },
};
static const struct member skb_priority[] = { { NULL, HEX, AT(skb_priority) } };
static const struct member skb_mark[] = { { NULL, HEX, AT(pkt_mark) } };
static const struct member ct_zone[] = { { NULL, HEX, AT(ct_zone) } };
static const struct member ct_mark[] = { { NULL, HEX, AT(ct_mark) } };
static const struct member ct_label[] = { { NULL, HEX128, AT(ct_label) } };
static const struct member recirc_id[] = { { NULL, HEX, AT(recirc_id) } };
static const struct member dp_hash[] = { { NULL, HEX, AT(dp_hash) } };
static const struct member in_port[] = { { NULL, PORT, AT(in_port) } };
static const struct member eth_type[] = { { NULL, ETH_TYPE, AT(eth_type), 0, 0, true } };

#define GROUP(NAME, ATTR, MEMBERS)                                                                 \
	{                                                                                          \
		NAME, ATTR, ARRAY_SIZE(MEMBERS), MEMBERS                                           \
	}
static const struct odp_group groups[] = {
	GROUP("skb_priority", OVS_KEY_ATTR_PRIORITY, skb_priority),
	GROUP("skb_mark", OVS_KEY_ATTR_SKB_MARK, skb_mark),
	GROUP("ct_zone", OVS_KEY_ATTR_CT_ZONE, ct_zone),
	GROUP("ct_mark", OVS_KEY_ATTR_CT_MARK, ct_mark),
	GROUP("ct_label", OVS_KEY_ATTR_CT_LABELS, ct_label),
	GROUP("ct_tuple4", OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4, ct_tuple4),
	GROUP("ct_tuple6", OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6, ct_tuple6),
	GROUP("recirc_id", OVS_KEY_ATTR_RECIRC_ID, recirc_id),
	GROUP("dp_hash", OVS_KEY_ATTR_DP_HASH, dp_hash),
	GROUP("in_port", OVS_KEY_ATTR_IN_PORT, in_port),
	GROUP("packet_type", ODP_KEY_ATTR_PACKET_TYPE, packet_type),
	GROUP("eth_type", OVS_KEY_ATTR_ETHERTYPE, eth_type),
	GROUP("eth", OVS_KEY_ATTR_ETHERNET, eth),
	GROUP("ipv4", OVS_KEY_ATTR_IPV4, ipv4),
	GROUP("ipv6", OVS_KEY_ATTR_IPV6, ipv6),
	GROUP("tcp", OVS_KEY_ATTR_TCP, ports),
	GROUP("udp", OVS_KEY_ATTR_UDP, ports),
	GROUP("sctp", OVS_KEY_ATTR_SCTP, ports),
	GROUP("icmp", OVS_KEY_ATTR_ICMP, icmp),
	GROUP("icmpv6", OVS_KEY_ATTR_ICMPV6, icmp),
	GROUP("arp", OVS_KEY_ATTR_ARP, arp),
	GROUP("nd", OVS_KEY_ATTR_ND, nd),
	GROUP("nd_ext", ODP_KEY_ATTR_ND_EXTENSIONS, nd_ext),
	GROUP("nsh", OVS_KEY_ATTR_NSH, nsh),
};

static const char *const frags[] = { "no", "first", "later" };

const struct odp_group *odp_group_of_attr(uint16_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (groups[i].attr == type)
			return &groups[i];
	return NULL;
}

const struct odp_group *odp_group_scan(struct scan *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		struct scan t = *s;

		if (scan_text(&t, groups[i].name) && scan_char(&t, '(')) {
			*s = t;
			return &groups[i];
		}
	}
	return NULL;
}

uint16_t odp_group_attr(const struct odp_group *g)
{
	return g->attr;
}

/* ---- numbers in struct flow ----------------------------------------------------------------- */

static uint64_t ones(unsigned int n_bits)
{
	return n_bits >= 64 ? UINT64_MAX : (UINT64_C(1) << n_bits) - 1;
}

static unsigned int bits_of(const struct member *m)
{
	return m->n_bits ? m->n_bits : m->size * 8u;
}

static uint64_t load(const struct member *m, const struct flow *f)
{
	const uint8_t *p = (const uint8_t *)f + m->ofs;
	uint64_t v = 0;

	if (m->is_be || m->size == 1) {
		for (unsigned int i = 0; i < m->size; i++)
			v = v << 8 | p[i];
	} else if (m->size == 2) {
		v = *(const uint16_t *)p;
	} else {
		v = *(const uint32_t *)p;
	}
	return v;
}

static void store(const struct member *m, struct flow *f, uint64_t v)
{
	uint8_t *p = (uint8_t *)f + m->ofs;

	if (m->is_be || m->size == 1) {
		for (unsigned int i = m->size; i-- > 0; v >>= 8)
			p[i] = v;
	} else if (m->size == 2) {
		*(uint16_t *)p = v;
	} else {
		*(uint32_t *)p = v;
	}
}

static uint64_t get_number(const struct member *m, const struct flow *f)
{
	return load(m, f) >> m->shift & ones(bits_of(m));
}

static void set_number(const struct member *m, struct flow *f, uint64_t v, bool is_mask)
{
	uint64_t all = ones(bits_of(m)) << m->shift;

	if (is_mask && m->padded && v == ones(bits_of(m)))
		store(m, f, UINT64_MAX);
	else
		store(m, f, (load(m, f) & ~all) | (v << m->shift & all));
}

/* ---- formatting ----------------------------------------------------------------------------- */

enum coverage { NOTHING, PART, ALL };

static enum coverage coverage(const struct member *m, const struct flow_mask *mask)
{
	const uint8_t *p;
	uint8_t and_ = 0xff, or_ = 0;

	if (!mask)
		return ALL;
	if (m->form == FRAG) /* three values, no bits */
		return mask->masks.ip_frag ? ALL : NOTHING;
	if (m->n_bits) {
		uint64_t v = get_number(m, &mask->masks);

		return !v ? NOTHING : v == ones(m->n_bits) ? ALL : PART;
	}
	p = (const uint8_t *)&mask->masks + m->ofs;
	for (unsigned int i = 0; i < m->size; i++) {
		and_ &= p[i];
		or_ |= p[i];
	}
	return and_ == 0xff ? ALL : or_ ? PART : NOTHING;
}

static void put_u128(struct str *s, const struct u128 *v)
{
	if (v->hi)
		str_printf(s, "0x%llx%016llx", (unsigned long long)v->hi,
			   (unsigned long long)v->lo);
	else
		str_printf(s, "%#llx", (unsigned long long)v->lo);
}

static void put_value(const struct member *m, const struct flow *f, bool is_mask, struct str *s)
{
	const void *p = (const uint8_t *)f + m->ofs;
	char text[INET6_ADDRSTRLEN];

	switch ((enum form)m->form) {
	case DEC:
	case PORT:
		str_printf(s, is_mask ? "%#llx" : "%llu", (unsigned long long)get_number(m, f));
		break;
	case HEX:
		str_printf(s, "%#llx", (unsigned long long)get_number(m, f));
		break;
	case NSH_HEX: /* 0 has its prefix, too */
		str_printf(s, "0x%llx", (unsigned long long)get_number(m, f));
		break;
	case HEX128:
		put_u128(s, p);
		break;
	case ETH_TYPE:
		str_printf(s, "0x%04x", (unsigned int)get_number(m, f));
		break;
	case MAC:
		str_printf(s, ETH_FMT, ETH_ARGS((const uint8_t *)p));
		break;
	case IP4:
		str_put(s, inet_ntop(AF_INET, p, text, sizeof(text)));
		break;
	case IP6:
		str_put(s, inet_ntop(AF_INET6, p, text, sizeof(text)));
		break;
	case FRAG:
		if (is_mask)
			str_printf(s, "%#x", f->ip_frag);
		else
			str_put(s, frags[f->ip_frag & FLOW_FRAG_LATER ? 2
					 : f->ip_frag & FLOW_FRAG_ANY ? 1
								      : 0]);
		break;
	}
}

bool odp_group_format(const struct odp_group *g, const struct flow *f, const struct flow_mask *mask,
		      bool verbose, const struct odp_names *names, struct str *s)
{
	size_t start = s->len;
	bool any = false;

	str_put(s, g->name);
	str_putc(s, '(');
	for (unsigned int i = 0; i < g->n; i++) {
		const struct member *m = &g->members[i];
		enum coverage c = coverage(m, mask);
		const char *name = NULL;

		if (c == NOTHING && !verbose)
			continue;
		if (any)
			str_putc(s, ',');
		any = true;
		if (m->name)
			str_printf(s, "%s=", m->name);
		if (m->form == PORT && names && names->port_name)
			name = names->port_name(f->in_port, names->aux);
		if (name)
			str_put(s, name);
		else
			put_value(m, f, false, s);
		if (c != ALL) {
			str_putc(s, '/');
			put_value(m, &mask->masks, true, s);
		}
	}
	str_putc(s, ')');
	if (!any)
		str_truncate(s, start);
	return any;
}

/* ---- parsing -------------------------------------------------------------------------------- */

static bool parse_frag(struct scan *s, struct flow *f)
{
	static const uint8_t values[] = { 0, FLOW_FRAG_ANY, FLOW_FRAG_ANY | FLOW_FRAG_LATER };

	for (size_t i = 0; i < ARRAY_SIZE(frags); i++)
		if (scan_word(s, frags[i])) {
			f->ip_frag = values[i];
			return true;
		}
	return false;
}

static bool parse_port(struct scan *s, const struct odp_names *names, struct flow *f)
{
	char name[64];
	uint64_t v;

	if (scan_uint(s, UINT32_MAX, &v)) {
		f->in_port = v;
		return true;
	}
	if (!names || !names->port_number)
		return false;
	return scan_name(s, name, sizeof(name)) &&
	       names->port_number(name, &f->in_port, names->aux);
}

static bool parse_value(const struct member *m, struct scan *s, bool is_mask,
			const struct odp_names *names, struct flow *f)
{
	void *p = (uint8_t *)f + m->ofs;
	struct u128 *v128;
	uint64_t v;

	switch ((enum form)m->form) {
	case PORT:
		if (!is_mask)
			return parse_port(s, names, f);
		/* fallthrough */
	case DEC:
	case HEX:
	case NSH_HEX:
	case ETH_TYPE:
		if (!scan_uint(s, ones(bits_of(m)), &v))
			return false;
		set_number(m, f, v, is_mask);
		return true;
	case HEX128:
		v128 = p;
		return scan_u128(s, &v128->hi, &v128->lo);
	case MAC:
		return scan_eth(s, p);
	case IP4:
		return scan_ip(s, p);
	case IP6:
		return scan_ipv6(s, p);
	case FRAG:
		if (!is_mask)
			return parse_frag(s, f);
		if (!scan_uint(s, 0xff, &v))
			return false;
		f->ip_frag = v ? 0xff : 0;
		return true;
	}
	return false;
}

static void fill_mask(const struct member *m, struct flow_mask *mask)
{
	if (m->n_bits)
		set_number(m, &mask->masks, ones(m->n_bits), true);
	else
		memset((uint8_t *)&mask->masks + m->ofs, 0xff, m->size);
}

static const struct member *scan_member(const struct odp_group *g, struct scan *s)
{
	for (unsigned int i = 0; i < g->n; i++) {
		struct scan t = *s;
		const struct member *m = &g->members[i];

		if ((scan_text(&t, m->name) && scan_char(&t, '=')) ||
		    (t = *s, m->alias && scan_text(&t, m->alias) && scan_char(&t, '='))) {
			*s = t;
			return m;
		}
	}
	return NULL;
}

bool odp_group_parse(const struct odp_group *g, struct scan *s, const struct odp_names *names,
		     struct flow *f, struct flow_mask *mask)
{
	bool single = !g->members[0].name;

	for (;;) {
		const struct member *m;

		scan_separators(s);
		if (!single && scan_char(s, ')'))
			return true;
		m = single ? g->members : scan_member(g, s);
		if (!m || !parse_value(m, s, false, names, f))
			return false;
		if (scan_char(s, '/')) {
			if (!parse_value(m, s, true, names, &mask->masks))
				return false;
		} else {
			fill_mask(m, mask);
		}
		if (single)
			return scan_char(s, ')');
		scan_space(s);
		if (*s->p != ',' && *s->p != ')')
			return false;
	}
}
