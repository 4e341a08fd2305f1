// SPDX-License-Identifier: Apache-2.0
/* The text of a whole flow key.  What is shown, and in which order, follows from the key's own
 * types, as the attributes do; what a mask leaves out is not shown unless 'verbose'.
 *
 * Read back, a key with Ethernet addresses and no vlan() is one of an untagged packet, exactly; one
 * without eth_type() is of a frame without EtherType, exactly; one without recirc_id() has 0 there,
 * exactly. */
#include "base/str.h"
#include "base/util.h"
#include "flow/odp_attr.h"
#include "flow/odp_text.h"
#include "packet/headers.h"

const struct odp_flag odp_tcp_flags[] = {
	{ 0x001, "fin" }, { 0x002, "syn" },   { 0x004, "rst" },   { 0x008, "psh" },
	{ 0x010, "ack" }, { 0x020, "urg" },   { 0x040, "ece" },   { 0x080, "cwr" },
	{ 0x100, "ns" },  { 0x200, "[200]" }, { 0x400, "[400]" }, { 0x800, "[800]" },
	{ 0, NULL },
};

const struct odp_flag odp_ct_states[] = {
	{ OVS_CS_F_NEW, "new" },       { OVS_CS_F_ESTABLISHED, "est" }, { OVS_CS_F_RELATED, "rel" },
	{ OVS_CS_F_REPLY_DIR, "rpl" }, { OVS_CS_F_INVALID, "inv" },     { OVS_CS_F_TRACKED, "trk" },
	{ OVS_CS_F_SRC_NAT, "snat" },  { OVS_CS_F_DST_NAT, "dnat" },    { 0, NULL },
};

/* ---- flag words ----------------------------------------------------------------------------- */

void odp_flags_format(const struct odp_flag *flags, uint32_t v, uint32_t mask, uint32_t all,
		      struct str *s)
{
	bool signs = (mask & all) != all;
	size_t start = s->len;

	for (; flags->bit; flags++) {
		if (signs ? !(mask & flags->bit) : !(v & flags->bit))
			continue;
		if (signs)
			str_putc(s, v & flags->bit ? '+' : '-');
		else if (s->len > start)
			str_putc(s, '|');
		str_put(s, flags->name);
	}
	if (s->len == start && !signs)
		str_putc(s, '0');
}

static bool scan_flag(const struct odp_flag *flags, struct scan *s, uint32_t *bit)
{
	for (; flags->bit; flags++)
		if (flags->name[0] == '[' ? scan_text(s, flags->name) : scan_word(s, flags->name)) {
			*bit = flags->bit;
			return true;
		}
	return false;
}

bool odp_flags_scan(const struct odp_flag *flags, struct scan *s, uint32_t all, uint32_t *v,
		    uint32_t *mask)
{
	uint64_t number;
	uint32_t bit;

	*v = 0;
	*mask = all;
	if (*s->p == ')')
		return true;
	if (scan_uint(s, all, &number)) {
		*v = number;
		if (scan_char(s, '/')) {
			if (!scan_uint(s, UINT32_MAX, &number))
				return false;
			*mask = number & all;
		}
		return true;
	}
	if (*s->p == '+' || *s->p == '-') {
		*mask = 0;
		while (*s->p == '+' || *s->p == '-') {
			bool set = *s->p++ == '+';

			if (!scan_flag(flags, s, &bit) || *mask & bit)
				return false;
			*mask |= bit;
			*v |= set ? bit : 0;
		}
		return true;
	}
	do {
		if (!scan_flag(flags, s, &bit))
			return false;
		*v |= bit;
	} while (scan_char(s, '|'));
	return true;
}

/* ---- MPLS, VLAN ----------------------------------------------------------------------------- */

static const struct lse_part {
	const char *name;
	uint32_t bits;
	uint8_t shift;
	const char *mask_prefix;
} lse_parts[] = {
	{ "label", MPLS_LABEL_MASK, MPLS_LABEL_SHIFT, "/0x" },
	{ "tc", MPLS_TC_MASK, MPLS_TC_SHIFT, "/" },
	{ "ttl", MPLS_TTL_MASK, 0, "/0x" },
	{ "bos", MPLS_BOS_MASK, MPLS_BOS_SHIFT, "/" },
};

void odp_mpls_format(const be32 *lse, const be32 *mask, unsigned int n, struct str *s)
{
	str_put(s, "mpls(");
	for (unsigned int i = 0; i < n; i++) {
		uint32_t v = ntohl(lse[i]), m = mask ? ntohl(mask[i]) : UINT32_MAX;

		for (size_t j = 0; j < ARRAY_SIZE(lse_parts); j++) {
			const struct lse_part *p = &lse_parts[j];

			if (i || j)
				str_putc(s, ',');
			str_printf(s, "%s=%u", p->name, (v & p->bits) >> p->shift);
			if (m != UINT32_MAX)
				str_printf(s, "%s%x", p->mask_prefix, (m & p->bits) >> p->shift);
		}
	}
	str_putc(s, ')');
}

bool odp_mpls_parse(struct scan *s, be32 *lse, be32 *mask, unsigned int max)
{
	unsigned int n = 0;
	uint32_t v = 0, m = 0;
	bool any = false;

	for (;;) {
		const struct lse_part *p = NULL;
		uint64_t number, bits;

		scan_separators(s);
		if (*s->p == ')')
			break;
		for (size_t j = 0; j < ARRAY_SIZE(lse_parts); j++) {
			struct scan t = *s;

			if (scan_text(&t, lse_parts[j].name) && scan_char(&t, '=')) {
				p = &lse_parts[j];
				*s = t;
				break;
			}
		}
		if (!p)
			return false;
		if (p == lse_parts && any) { /* another label: the next entry */
			if (n >= max)
				return false;
			lse[n] = htonl(v);
			mask[n++] = htonl(m);
			v = m = 0;
		}
		any = true;
		bits = p->bits >> p->shift;
		if (!scan_uint(s, bits, &number))
			return false;
		v |= number << p->shift;
		/* masks of one bit or three may be printed without 0x; they read the same */
		if (scan_char(s, '/') && !scan_uint(s, bits, &bits))
			return false;
		m |= bits << p->shift;
	}
	if (any) {
		if (n >= max)
			return false;
		lse[n] = htonl(v);
		mask[n] = htonl(m);
	}
	return scan_char(s, ')');
}

void odp_tci_format(be16 tci, struct str *s)
{
	uint16_t v = ntohs(tci);

	str_printf(s, "vid=%u,pcp=%u", v & VLAN_VID_MASK, v >> VLAN_PCP_SHIFT);
	if (!(v & VLAN_CFI))
		str_put(s, ",cfi=0");
}

static void put_vlan(be16 tci, be16 mask, bool verbose, struct str *s)
{
	uint16_t v = ntohs(tci), m = ntohs(mask);
	bool cfi = v & VLAN_CFI || !(m & VLAN_CFI);

	str_put(s, "vlan(");
	if ((m | v) & VLAN_VID_MASK || verbose) {
		str_printf(s, "vid=%u", v & VLAN_VID_MASK);
		if ((m & VLAN_VID_MASK) != VLAN_VID_MASK)
			str_printf(s, "/0x%x", m & VLAN_VID_MASK);
		str_putc(s, ',');
	}
	if ((m | v) & VLAN_PCP_MASK || verbose) {
		str_printf(s, "pcp=%u", v >> VLAN_PCP_SHIFT);
		if ((m & VLAN_PCP_MASK) != VLAN_PCP_MASK)
			str_printf(s, "/0x%x", m >> VLAN_PCP_SHIFT);
		str_putc(s, ',');
	}
	if (!cfi)
		str_put(s, "cfi=0");
	str_chomp(s, ',');
	str_putc(s, ')');
}

static bool parse_vlan(struct scan *s, struct flow_vlan *vlan, struct flow_vlan *mask)
{
	uint16_t v = VLAN_CFI, m = VLAN_CFI;

	for (;;) {
		uint64_t number, bits;
		unsigned int shift = 0;

		scan_separators(s);
		if (scan_char(s, ')'))
			break;
		if (scan_text(s, "vid=")) {
			bits = VLAN_VID_MASK;
		} else if (scan_text(s, "pcp=")) {
			bits = 7;
			shift = VLAN_PCP_SHIFT;
		} else if (scan_text(s, "cfi=")) {
			if (!scan_uint(s, 1, &number))
				return false;
			if (!number)
				v &= ~VLAN_CFI;
			continue;
		} else {
			return false;
		}
		if (!scan_uint(s, bits, &number))
			return false;
		v |= number << shift;
		if (scan_char(s, '/') && !scan_uint(s, bits, &bits))
			return false;
		m |= bits << shift;
	}
	vlan->tci = htons(v);
	mask->tci = htons(m);
	return true;
}

/* ---- formatting ----------------------------------------------------------------------------- */

struct formatter {
	const struct flow *f;
	const struct flow_mask *mask; /* may be NULL */
	bool verbose, as_kernel;
	const struct odp_names *names;
	struct str *s;
};

static bool put_group(const struct formatter *o, uint16_t attr)
{
	if (!odp_group_format(odp_group_of_attr(attr), o->f, o->mask, o->verbose, o->names, o->s))
		return false;
	str_putc(o->s, ',');
	return true;
}

static void put_ct_state(const struct formatter *o)
{
	uint32_t v = o->f->ct_state, m = o->mask ? o->mask->masks.ct_state : 0xff;

	if (!m && !o->verbose)
		return;
	str_put(o->s, "ct_state(");
	if (o->verbose && o->mask)
		str_printf(o->s, "%#x/%#x", v, m);
	else if (!o->mask)
		odp_flags_format(odp_ct_states, v, 0xff, 0xff, o->s);
	else /* signs, even if all are matched */
		odp_flags_format(odp_ct_states, v, m, 0x100, o->s);
	str_put(o->s, "),");
}

static void put_tunnel(const struct formatter *o)
{
	const struct flow *f = o->f;
	static const struct flow_tnl none;

	if (!flow_tnl_is_set(&f->tunnel) ||
	    (o->mask && !o->verbose && !memcmp(&o->mask->masks.tunnel, &none, sizeof(none))))
		return;
	odp_tunnel_format(&f->tunnel, o->mask ? &o->mask->masks.tunnel : NULL, o->s);
	str_putc(o->s, ',');
}

static void put_in_port(const struct formatter *o)
{
	if (o->f->in_port != FLOW_PORT_NONE || o->mask)
		put_group(o, OVS_KEY_ATTR_IN_PORT);
}

static void put_ct(const struct formatter *o)
{
	const struct flow *f = o->f;

	put_ct_state(o);
	put_group(o, OVS_KEY_ATTR_CT_ZONE);
	put_group(o, OVS_KEY_ATTR_CT_MARK);
	put_group(o, OVS_KEY_ATTR_CT_LABELS);
	if (!f->ct_nw_proto)
		return;
	if (f->eth_type == htons(ETH_TYPE_IP))
		put_group(o, OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4);
	else if (f->eth_type == htons(ETH_TYPE_IPV6))
		put_group(o, OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6);
}

static void put_metadata(const struct formatter *o)
{
	if (o->as_kernel) {
		put_group(o, OVS_KEY_ATTR_RECIRC_ID);
		put_group(o, OVS_KEY_ATTR_DP_HASH);
		put_group(o, OVS_KEY_ATTR_PRIORITY);
		put_tunnel(o);
		put_in_port(o);
		put_group(o, OVS_KEY_ATTR_SKB_MARK);
		put_ct(o);
		if (o->f->packet_type)
			put_group(o, ODP_KEY_ATTR_PACKET_TYPE);
	} else {
		put_group(o, OVS_KEY_ATTR_PRIORITY);
		put_tunnel(o);
		put_group(o, OVS_KEY_ATTR_SKB_MARK);
		put_ct(o);
		put_group(o, OVS_KEY_ATTR_RECIRC_ID);
		put_group(o, OVS_KEY_ATTR_DP_HASH);
		put_in_port(o);
		put_group(o, ODP_KEY_ATTR_PACKET_TYPE);
	}
}

static void put_eth_type(const struct formatter *o, be16 type, be16 mask)
{
	if (type == htons(FLOW_ETH_TYPE_NONE) && mask == htons(0xffff)) {
		if (o->mask && !flow_n_vlans(o->f))
			str_put(o->s, "eth_type(0/0xffff),");
		return;
	}
	str_printf(o->s, "eth_type(0x%04x", ntohs(type));
	if (mask != htons(0xffff))
		str_printf(o->s, "/0x%04x", ntohs(mask));
	str_put(o->s, "),");
}

static void put_l4(const struct formatter *o)
{
	const struct flow *f = o->f;
	bool v6 = f->eth_type == htons(ETH_TYPE_IPV6);
	uint16_t flags_mask = o->mask ? ntohs(o->mask->masks.tcp_flags) : 0xffff;

	if (f->ip_frag & FLOW_FRAG_LATER)
		return;
	switch (f->ip_proto) {
	case IPPROTO_TCP:
		put_group(o, OVS_KEY_ATTR_TCP);
		if (flags_mask) {
			str_put(o->s, "tcp_flags(");
			odp_flags_format(odp_tcp_flags, ntohs(f->tcp_flags), flags_mask,
					 TCP_FLAGS_MASK, o->s);
			str_put(o->s, "),");
		}
		break;
	case IPPROTO_UDP:
		put_group(o, OVS_KEY_ATTR_UDP);
		break;
	case IPPROTO_SCTP:
		put_group(o, OVS_KEY_ATTR_SCTP);
		break;
	case IPPROTO_ICMP:
		if (!v6)
			put_group(o, OVS_KEY_ATTR_ICMP);
		break;
	case IPPROTO_ICMPV6:
		if (!v6)
			break;
		put_group(o, OVS_KEY_ATTR_ICMPV6);
		if (!f->tp_dst &&
		    (f->tp_src == htons(ND_SOLICIT) || f->tp_src == htons(ND_ADVERT))) {
			put_group(o, OVS_KEY_ATTR_ND);
			if (o->mask ? o->mask->masks.nd_reserved || o->mask->masks.nd_options_type
				    : f->nd_reserved || f->nd_options_type)
				put_group(o, ODP_KEY_ATTR_ND_EXTENSIONS);
		}
		break;
	}
}

static void put_l3(const struct formatter *o)
{
	static const be32 zero[FLOW_MAX_MPLS];
	const struct flow *f = o->f;

	switch (ntohs(f->eth_type)) {
	case ETH_TYPE_IP:
		put_group(o, OVS_KEY_ATTR_IPV4);
		put_l4(o);
		break;
	case ETH_TYPE_IPV6:
		put_group(o, OVS_KEY_ATTR_IPV6);
		put_l4(o);
		break;
	case ETH_TYPE_ARP:
	case ETH_TYPE_RARP:
		put_group(o, OVS_KEY_ATTR_ARP);
		break;
	case ETH_TYPE_MPLS:
	case ETH_TYPE_MPLS_MCAST:
		if (o->mask && !o->verbose && !memcmp(o->mask->masks.mpls_lse, zero, sizeof(zero)))
			break;
		odp_mpls_format(f->mpls_lse, o->mask ? o->mask->masks.mpls_lse : NULL,
				MAX(flow_n_mpls(f), 1u), o->s);
		str_putc(o->s, ',');
		break;
	case ETH_TYPE_NSH:
		put_group(o, OVS_KEY_ATTR_NSH);
		break;
	}
}

void odp_flow_format(const struct flow *f, const struct flow_mask *mask, unsigned int style,
		     const struct odp_names *names, struct str *s)
{
	bool verbose = style & ODP_STYLE_VERBOSE;
	struct formatter o = { f, mask, verbose, style & ODP_STYLE_KERNEL, names, s };
	unsigned int n_vlans = flow_n_vlans(f);

	put_metadata(&o);
	if (!f->packet_type && !put_group(&o, OVS_KEY_ATTR_ETHERNET))
		str_put(s, "eth(),");
	for (unsigned int i = 0; i < n_vlans; i++) {
		be16 tpid = mask ? mask->masks.vlans[i].tpid : htons(0xffff);
		be16 tci = mask ? mask->masks.vlans[i].tci : htons(0xffff);

		put_eth_type(&o, f->vlans[i].tpid, tpid);
		put_vlan(f->vlans[i].tci, tci, verbose, s);
		str_put(s, ",encap(");
	}
	put_eth_type(&o, f->eth_type, mask ? mask->masks.eth_type : htons(0xffff));
	if (n_vlans < FLOW_MAX_VLANS && eth_type_is_vlan(f->eth_type))
		str_put(s, "vlan(vid=0,pcp=0,cfi=0),encap()");
	put_l3(&o);
	str_chomp(s, ',');
	while (n_vlans--)
		str_putc(s, ')');
}

/* ---- parsing -------------------------------------------------------------------------------- */

struct parser {
	struct scan s;
	const struct odp_names *names;
	struct flow *f;
	struct flow_mask *mask;
	unsigned int n_vlans, n_open;
	bool has_eth, has_eth_type, has_recirc_id, has_packet_type;
	bool is_cut; /* vlan(..,cfi=0): a tag that is not whole, whose type is the EtherType */
};

static bool parse_tag(struct parser *p)
{
	struct flow_vlan *v = &p->f->vlans[p->n_vlans], *m = &p->mask->masks.vlans[p->n_vlans];

	if (p->n_vlans == FLOW_MAX_VLANS || p->n_vlans > p->n_open || p->is_cut ||
	    !parse_vlan(&p->s, v, m))
		return false;
	if (!(v->tci & htons(VLAN_CFI))) {
		p->is_cut = p->has_eth_type && !v->tci;
		m->tci = 0;
		return p->is_cut;
	}
	if (p->has_eth_type) {
		v->tpid = p->f->eth_type;
		m->tpid = p->mask->masks.eth_type;
	} else {
		v->tpid = htons(ETH_TYPE_VLAN_8021Q);
		m->tpid = htons(0xffff);
	}
	p->f->eth_type = p->mask->masks.eth_type = 0;
	p->has_eth_type = false;
	p->n_vlans++;
	return true;
}

static bool parse_flags(struct scan *s, const struct odp_flag *flags, uint32_t all, uint32_t *v,
			uint32_t *mask)
{
	return odp_flags_scan(flags, s, all, v, mask) && scan_char(s, ')');
}

/* One "name(...)"; false with the cursor at what is wrong. */
static bool parse_one(struct parser *p)
{
	const struct odp_group *g;
	uint32_t v, m;
	uint16_t attr;

	if (scan_text(&p->s, "tunnel("))
		return odp_tunnel_parse(&p->s, &p->f->tunnel, &p->mask->masks.tunnel);
	if (scan_text(&p->s, "vlan("))
		return parse_tag(p);
	if (scan_text(&p->s, "mpls("))
		return odp_mpls_parse(&p->s, p->f->mpls_lse, p->mask->masks.mpls_lse,
				      FLOW_MAX_MPLS);
	if (p->is_cut && scan_text(&p->s, "encap()"))
		return true;
	if (scan_text(&p->s, "encap(")) {
		if (p->n_open >= p->n_vlans)
			return false;
		p->n_open++;
		return true;
	}
	if (scan_text(&p->s, "tcp_flags(")) {
		if (!parse_flags(&p->s, odp_tcp_flags, TCP_FLAGS_MASK, &v, &m))
			return false;
		p->f->tcp_flags = htons(v);
		p->mask->masks.tcp_flags = htons(m == TCP_FLAGS_MASK ? 0xffff : m);
		return true;
	}
	if (scan_text(&p->s, "ct_state(")) {
		if (!parse_flags(&p->s, odp_ct_states, 0xff, &v, &m))
			return false;
		p->f->ct_state = v;
		p->mask->masks.ct_state = m;
		return true;
	}
	if (scan_text(&p->s, "ufid:")) { /* that of a dump; the flow's own follows from its key */
		char ufid[64];

		return scan_name(&p->s, ufid, sizeof(ufid));
	}
	g = odp_group_scan(&p->s);
	if (!g || !odp_group_parse(g, &p->s, p->names, p->f, p->mask))
		return false;
	attr = odp_group_attr(g);
	if (attr == OVS_KEY_ATTR_ETHERTYPE && !p->f->eth_type)
		p->f->eth_type = htons(FLOW_ETH_TYPE_NONE); /* "eth_type(0/0xffff)" */
	p->has_eth |= attr == OVS_KEY_ATTR_ETHERNET;
	p->has_eth_type |= attr == OVS_KEY_ATTR_ETHERTYPE;
	p->has_recirc_id |= attr == OVS_KEY_ATTR_RECIRC_ID;
	p->has_packet_type |= attr == ODP_KEY_ATTR_PACKET_TYPE;
	return true;
}

static void finish(struct parser *p)
{
	struct flow *f = p->f;
	struct flow_mask *mask = p->mask;

	if (!p->has_recirc_id)
		MASK_FIELD(mask, recirc_id);
	if (!p->has_eth && !p->has_packet_type && p->has_eth_type) {
		f->packet_type = htonl(1u << 16 | ntohs(f->eth_type));
		MASK_FIELD(mask, packet_type);
	}
	if (p->has_eth || p->n_vlans) {
		for (unsigned int i = p->n_vlans; i < FLOW_MAX_VLANS; i++)
			memset(&mask->masks.vlans[i], 0xff, sizeof(mask->masks.vlans[i]));
		if (!p->has_eth_type) {
			f->eth_type = htons(FLOW_ETH_TYPE_NONE);
			MASK_FIELD(mask, eth_type);
		}
	}
}

char *odp_flow_parse(const char *text, const struct odp_names *names, struct flow *f,
		     struct flow_mask *mask)
{
	struct parser p = { .s = { text }, .names = names, .f = f, .mask = mask };

	memset(f, 0, sizeof(*f));
	memset(mask, 0, sizeof(*mask));
	for (;;) {
		struct scan before;

		scan_separators(&p.s);
		if (p.n_open && scan_char(&p.s, ')')) {
			p.n_open--;
			continue;
		}
		if (!*p.s.p)
			break;
		before = p.s;
		if (!parse_one(&p))
			return scan_error(p.s.p == before.p ? &before : &p.s, "flow key",
					  p.s.p == before.p ? "unknown field" : "syntax error");
	}
	if (p.n_open)
		return scan_error(&p.s, "flow key", "encap( is not closed");
	finish(&p);
	return NULL;
}
