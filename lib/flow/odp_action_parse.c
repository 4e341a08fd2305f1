// SPDX-License-Identifier: Apache-2.0
/* Reads the text of datapath actions.  One function an action; each stands behind "name(" or "name"
 * and takes what follows.  They return false with the cursor at what they did not understand. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "flow/odp_attr.h"
#include "flow/odp_text.h"
#include "packet/headers.h"

struct parser {
	struct scan s;
	const struct odp_names *names;
	struct odp_buf *b;
	unsigned int depth;
};

static bool parse_list(struct parser *);

/* "NAME=number", at most 'max'. */
static bool assignment(struct parser *p, const char *name, uint64_t max, uint64_t *v)
{
	struct scan t = p->s;

	if (!scan_text(&t, name) || !scan_char(&t, '=') || !scan_uint(&t, max, v))
		return false;
	p->s = t;
	return true;
}

/* Several of them in any order, up to the closing parenthesis. */
struct number {
	const char *name;
	uint64_t max;
	uint64_t *v;
};

static bool numbers(struct parser *p, const struct number *n, size_t n_numbers)
{
	for (;;) {
		size_t i;

		scan_separators(&p->s);
		if (scan_char(&p->s, ')'))
			return true;
		for (i = 0; i < n_numbers; i++)
			if (assignment(p, n[i].name, n[i].max, n[i].v))
				break;
		if (i == n_numbers)
			return false;
	}
}

/* ---- userspace ------------------------------------------------------------------------------ */

static bool parse_slow_path(struct parser *p, struct odp_cookie *c)
{
	static const struct odp_flag reasons[] = {
		{ ODP_SLOW_CFM, "cfm" },     { ODP_SLOW_BFD, "bfd" },
		{ ODP_SLOW_LACP, "lacp" },   { ODP_SLOW_STP, "stp" },
		{ ODP_SLOW_LLDP, "lldp" },   { ODP_SLOW_ACTION, "action" },
		{ ODP_SLOW_MATCH, "match" },
	};
	uint64_t v;

	c->type = ODP_COOKIE_SLOW_PATH;
	if (scan_uint(&p->s, 0x7f, &v)) {
		c->slow_path.reasons = v;
		return scan_char(&p->s, ')');
	}
	while (!scan_char(&p->s, ')')) {
		size_t i;

		while (*p->s.p == ',' || *p->s.p == '|' || *p->s.p == ' ')
			p->s.p++;
		for (i = 0; i < ARRAY_SIZE(reasons); i++)
			if (scan_word(&p->s, reasons[i].name))
				break;
		if (i == ARRAY_SIZE(reasons))
			return false;
		c->slow_path.reasons |= reasons[i].bit;
	}
	return true;
}

static bool parse_cookie(struct parser *p, struct odp_cookie *c)
{
	uint64_t v[7] = { 0 };

	if (scan_text(&p->s, "slow_path("))
		return parse_slow_path(p, c);
	if (scan_text(&p->s, "sFlow(")) {
		const struct number n[] = {
			{ "vid", 0xfff, &v[0] },
			{ "pcp", 7, &v[1] },
			{ "output", UINT32_MAX, &v[2] },
		};

		c->type = ODP_COOKIE_SFLOW;
		if (!numbers(p, n, ARRAY_SIZE(n)))
			return false;
		c->sflow.vlan_tci = v[0] | v[1] << VLAN_PCP_SHIFT;
		c->sflow.output = v[2];
		return true;
	}
	if (scan_text(&p->s, "controller(")) {
		const struct number n[] = {
			{ "reason", UINT16_MAX, &v[0] },
			{ "dont_send", 1, &v[1] },
			{ "continuation", 1, &v[2] },
			{ "recirc_id", UINT32_MAX, &v[3] },
			{ "rule_cookie", UINT64_MAX, &v[4] },
			{ "controller_id", UINT16_MAX, &v[5] },
			{ "max_len", UINT16_MAX, &v[6] },
		};

		c->type = ODP_COOKIE_CONTROLLER;
		if (!numbers(p, n, ARRAY_SIZE(n)))
			return false;
		c->controller.reason = v[0];
		c->controller.dont_send = v[1];
		c->controller.continuation = v[2];
		c->controller.recirc_id = v[3];
		c->controller.rule_cookie = v[4];
		c->controller.controller_id = v[5];
		c->controller.max_len = v[6];
		return true;
	}
	if (scan_text(&p->s, "flow_sample(")) {
		const struct number n[] = {
			{ "probability", UINT16_MAX, &v[0] },
			{ "collector_set_id", UINT32_MAX, &v[1] },
			{ "obs_domain_id", UINT32_MAX, &v[2] },
			{ "obs_point_id", UINT32_MAX, &v[3] },
			{ "output_port", UINT32_MAX, &v[4] },
		};
		uint16_t direction = 0;

		c->type = ODP_COOKIE_FLOW_SAMPLE;
		while (!numbers(p, n, ARRAY_SIZE(n))) {
			if (!direction && scan_word(&p->s, "ingress"))
				direction = 1;
			else if (!direction && scan_word(&p->s, "egress"))
				direction = 2;
			else
				return false;
		}
		c->flow_sample.probability = v[0];
		c->flow_sample.collector_set_id = v[1];
		c->flow_sample.obs_domain_id = v[2];
		c->flow_sample.obs_point_id = v[3];
		c->flow_sample.output_port = v[4];
		c->flow_sample.direction = direction;
		return true;
	}
	if (scan_text(&p->s, "ipfix(")) {
		const struct number n[] = { { "output_port", UINT32_MAX, &v[0] } };

		c->type = ODP_COOKIE_IPFIX;
		if (!numbers(p, n, ARRAY_SIZE(n)))
			return false;
		c->ipfix.output_port = v[0];
		return true;
	}
	return false;
}

#define MAX_USERDATA 1024

static bool parse_userspace(struct parser *p)
{
	size_t nest = odp_nest_begin(p->b, OVS_ACTION_ATTR_USERSPACE);
	uint64_t v;

	if (!assignment(p, "pid", UINT32_MAX, &v))
		return false;
	odp_put_u32(p->b, OVS_USERSPACE_ATTR_PID, v);
	for (;;) {
		struct odp_cookie c = { .magic = ODP_COOKIE_MAGIC };
		struct scan before;

		scan_separators(&p->s);
		if (scan_char(&p->s, ')'))
			break;
		before = p->s;
		if (scan_text(&p->s, "userdata(")) {
			uint8_t *octets = xmalloc(MAX_USERDATA);
			size_t len;
			bool ok = scan_hex_octets(&p->s, octets, MAX_USERDATA, &len) &&
				  scan_char(&p->s, ')');

			if (ok)
				odp_put(p->b, OVS_USERSPACE_ATTR_USERDATA, octets, len);
			free(octets);
			if (!ok)
				return false;
		} else if (scan_word(&p->s, "actions")) {
			odp_put_flag(p->b, OVS_USERSPACE_ATTR_ACTIONS);
		} else if (assignment(p, "tunnel_out_port", UINT32_MAX, &v)) {
			odp_put_u32(p->b, OVS_USERSPACE_ATTR_EGRESS_TUN_PORT, v);
		} else if (parse_cookie(p, &c)) {
			odp_put(p->b, OVS_USERSPACE_ATTR_USERDATA, &c, sizeof(c));
		} else {
			if (p->s.p == before.p)
				p->s = before;
			return false;
		}
	}
	odp_nest_end(p->b, nest);
	return true;
}

/* ---- connection tracking -------------------------------------------------------------------- */

/* An address of either family, in brackets or not; returns its octets, 0 if there is none. */
static size_t nat_address(struct parser *p, uint8_t addr[16])
{
	struct in6_addr v6;
	be32 v4;

	if (scan_char(&p->s, '[')) {
		if (!scan_ipv6(&p->s, &v6) || !scan_char(&p->s, ']'))
			return 0;
		memcpy(addr, &v6, 16);
		return 16;
	}
	if (scan_ip(&p->s, &v4)) {
		memcpy(addr, &v4, 4);
		return 4;
	}
	if (scan_ipv6(&p->s, &v6)) {
		memcpy(addr, &v6, 16);
		return 16;
	}
	return 0;
}

static bool parse_nat_range(struct parser *p)
{
	uint8_t min[16], max[16];
	size_t n = nat_address(p, min), m = 0;
	uint64_t port_min = 0, port_max;

	if (!n)
		return false;
	if (scan_char(&p->s, '-')) {
		m = nat_address(p, max);
		if (m != n || memcmp(max, min, n) < 0)
			return false;
	}
	odp_put(p->b, OVS_NAT_ATTR_IP_MIN, min, n);
	if (m)
		odp_put(p->b, OVS_NAT_ATTR_IP_MAX, max, n);
	if (!scan_char(&p->s, ':'))
		return true;
	if (!scan_uint(&p->s, UINT16_MAX, &port_min) || !port_min)
		return false;
	port_max = port_min;
	if (scan_char(&p->s, '-') &&
	    (!scan_uint(&p->s, UINT16_MAX, &port_max) || port_max < port_min))
		return false;
	odp_put_u16(p->b, OVS_NAT_ATTR_PROTO_MIN, port_min);
	if (port_max != port_min)
		odp_put_u16(p->b, OVS_NAT_ATTR_PROTO_MAX, port_max);
	return true;
}

static bool parse_nat(struct parser *p)
{
	size_t nest = odp_nest_begin(p->b, OVS_CT_ATTR_NAT);
	bool has_range = false, src;

	if (scan_char(&p->s, '(')) {
		src = scan_word(&p->s, "src");
		if (!src && !scan_word(&p->s, "dst"))
			return false;
		odp_put_flag(p->b, src ? OVS_NAT_ATTR_SRC : OVS_NAT_ATTR_DST);
		if (scan_char(&p->s, '=')) {
			if (!parse_nat_range(p))
				return false;
			has_range = true;
		}
		for (;;) {
			scan_separators(&p->s);
			if (scan_char(&p->s, ')'))
				break;
			if (!has_range)
				return false;
			if (scan_word(&p->s, "persistent"))
				odp_put_flag(p->b, OVS_NAT_ATTR_PERSISTENT);
			else if (scan_word(&p->s, "hash"))
				odp_put_flag(p->b, OVS_NAT_ATTR_PROTO_HASH);
			else if (scan_word(&p->s, "random"))
				odp_put_flag(p->b, OVS_NAT_ATTR_PROTO_RANDOM);
			else
				return false;
		}
	}
	odp_nest_end(p->b, nest);
	return true;
}

static bool parse_label(struct parser *p)
{
	union odp_attr_value v, m;
	struct flow f, mask;

	memset(&f, 0, sizeof(f));
	memset(&mask, 0xff, sizeof(mask));
	if (!scan_u128(&p->s, &f.ct_label.hi, &f.ct_label.lo))
		return false;
	if (scan_char(&p->s, '/') && !scan_u128(&p->s, &mask.ct_label.hi, &mask.ct_label.lo))
		return false;
	if (!mask.ct_label.hi && !mask.ct_label.lo)
		return true;
	odp_attr_from_flow(OVS_KEY_ATTR_CT_LABELS, &f, false, &v);
	odp_attr_from_flow(OVS_KEY_ATTR_CT_LABELS, &mask, true, &m);
	memcpy(v.u8 + 16, &m, 16);
	odp_put(p->b, OVS_CT_ATTR_LABELS, &v, 32);
	return true;
}

/* A name in the list's text, kept with its NUL as the kernel wants it. */
static bool parse_string(struct parser *p, uint16_t type, size_t size)
{
	char name[32];

	if (!scan_name(&p->s, name, MIN(size, sizeof(name))))
		return false;
	odp_put(p->b, type, name, strlen(name) + 1);
	return true;
}

static bool parse_ct(struct parser *p)
{
	size_t nest = odp_nest_begin(p->b, OVS_ACTION_ATTR_CT);
	uint64_t v;

	if (scan_char(&p->s, '(')) {
		while (scan_separators(&p->s), !scan_char(&p->s, ')')) {
			if (scan_word(&p->s, "commit")) {
				odp_put_flag(p->b, OVS_CT_ATTR_COMMIT);
			} else if (scan_word(&p->s, "force_commit")) {
				odp_put_flag(p->b, OVS_CT_ATTR_FORCE_COMMIT);
			} else if (assignment(p, "zone", UINT16_MAX, &v)) {
				if (v)
					odp_put_u16(p->b, OVS_CT_ATTR_ZONE, v);
			} else if (assignment(p, "mark", UINT32_MAX, &v)) {
				uint32_t mark[2] = { v, UINT32_MAX };

				if (scan_char(&p->s, '/')) {
					if (!scan_uint(&p->s, UINT32_MAX, &v))
						return false;
					mark[1] = v;
				}
				if (mark[1]) /* else it sets nothing */
					odp_put(p->b, OVS_CT_ATTR_MARK, mark, sizeof(mark));
			} else if (scan_text(&p->s, "label=")) {
				if (!parse_label(p))
					return false;
			} else if (scan_text(&p->s, "helper=")) {
				if (!parse_string(p, OVS_CT_ATTR_HELPER, 16))
					return false;
			} else if (scan_text(&p->s, "timeout=")) {
				if (!parse_string(p, OVS_CT_ATTR_TIMEOUT, 32))
					return false;
			} else if (assignment(p, "eventmask", UINT32_MAX, &v)) {
				odp_put_u32(p->b, OVS_CT_ATTR_EVENTMASK, v);
			} else if (scan_word(&p->s, "nat")) {
				if (!parse_nat(p))
					return false;
			} else {
				return false;
			}
		}
	}
	odp_nest_end(p->b, nest);
	return true;
}

/* ---- set ------------------------------------------------------------------------------------ */

static bool parse_set(struct parser *p)
{
	const struct odp_group *g;
	struct flow_mask mask;
	uint32_t v, m;
	struct flow f;
	size_t nest;

	memset(&f, 0, sizeof(f));
	memset(&mask, 0, sizeof(mask));
	if (scan_text(&p->s, "tunnel(")) {
		if (!odp_tunnel_parse(&p->s, &f.tunnel, &mask.masks.tunnel))
			return false;
		nest = odp_nest_begin(p->b, OVS_ACTION_ATTR_SET);
		odp_tunnel_encode(p->b, &f.tunnel, &f.tunnel, false);
		odp_nest_end(p->b, nest);
		return scan_char(&p->s, ')');
	}
	if (scan_text(&p->s, "mpls(")) {
		if (!odp_mpls_parse(&p->s, f.mpls_lse, mask.masks.mpls_lse, 1))
			return false;
		odp_set_encode(p->b, OVS_KEY_ATTR_MPLS, &f, &mask);
		return scan_char(&p->s, ')');
	}
	if (scan_text(&p->s, "tcp_flags(")) {
		if (!odp_flags_scan(odp_tcp_flags, &p->s, TCP_FLAGS_MASK, &v, &m) ||
		    !scan_char(&p->s, ')'))
			return false;
		f.tcp_flags = htons(v);
		mask.masks.tcp_flags = htons(m == TCP_FLAGS_MASK ? 0xffff : m);
		odp_set_encode(p->b, OVS_KEY_ATTR_TCP_FLAGS, &f, &mask);
		return scan_char(&p->s, ')');
	}
	g = odp_group_scan(&p->s);
	if (!g || !odp_group_parse(g, &p->s, p->names, &f, &mask))
		return false;
	if (odp_group_attr(g) == OVS_KEY_ATTR_NSH) {
		nest = odp_nest_begin(p->b, OVS_ACTION_ATTR_SET_MASKED);
		odp_nsh_encode(p->b, OVS_KEY_ATTR_NSH, &f.nsh, &mask.masks.nsh, false);
		odp_nest_end(p->b, nest);
	} else {
		odp_set_encode(p->b, odp_group_attr(g), &f, &mask);
	}
	return scan_char(&p->s, ')');
}

/* ---- headers -------------------------------------------------------------------------------- */

static bool parse_push_vlan(struct parser *p)
{
	uint64_t tpid = ETH_TYPE_VLAN_8021Q, vid = UINT64_MAX, pcp = UINT64_MAX, cfi = 1;
	const struct number n[] = {
		{ "tpid", 0xffff, &tpid },
		{ "vid", 0xfff, &vid },
		{ "pcp", 7, &pcp },
		{ "cfi", 1, &cfi },
	};
	struct ovs_action_push_vlan a;

	if (!numbers(p, n, ARRAY_SIZE(n)) || vid == UINT64_MAX || pcp == UINT64_MAX)
		return false;
	a.vlan_tpid = htons(tpid);
	a.vlan_tci = htons(vid | pcp << VLAN_PCP_SHIFT | (cfi ? VLAN_CFI : 0));
	odp_put(p->b, OVS_ACTION_ATTR_PUSH_VLAN, &a, sizeof(a));
	return true;
}

static bool parse_mpls(struct parser *p, be32 *lse, uint64_t *eth_type, uint64_t *tun_flags)
{
	uint64_t label = 0, tc = 0, ttl = 0, bos = 0;
	const struct number n[] = {
		{ "label", 0xfffff, &label },
		{ "tc", 7, &tc },
		{ "ttl", 255, &ttl },
		{ "bos", 1, &bos },
		{ "eth_type", 0xffff, eth_type },
		{ "tun_flags", 0xffff, tun_flags },
	};

	*eth_type = *tun_flags = 0;
	if (!numbers(p, n, ARRAY_SIZE(n)) || !*eth_type)
		return false;
	*lse = htonl(label << MPLS_LABEL_SHIFT | tc << MPLS_TC_SHIFT | bos << MPLS_BOS_SHIFT | ttl);
	return true;
}

static bool parse_push_mpls(struct parser *p)
{
	struct ovs_action_push_mpls a = { 0 };
	uint64_t type, flags;

	if (!parse_mpls(p, &a.mpls_lse, &type, &flags) || flags)
		return false;
	a.mpls_ethertype = htons(type);
	odp_put(p->b, OVS_ACTION_ATTR_PUSH_MPLS, &a, sizeof(a));
	return true;
}

static bool parse_add_mpls(struct parser *p)
{
	struct ovs_action_add_mpls a = { 0 };
	uint64_t type, flags;

	if (!parse_mpls(p, &a.mpls_lse, &type, &flags))
		return false;
	a.mpls_ethertype = htons(type);
	a.tun_flags = flags;
	odp_put(p->b, OVS_ACTION_ATTR_ADD_MPLS, &a, sizeof(a));
	return true;
}

static bool parse_push_eth(struct parser *p)
{
	struct ovs_action_push_eth a;

	memset(&a, 0, sizeof(a));
	if (!scan_text(&p->s, "src=") || !scan_eth(&p->s, a.addresses.eth_src) ||
	    !scan_text(&p->s, ",dst=") || !scan_eth(&p->s, a.addresses.eth_dst) ||
	    !scan_char(&p->s, ')'))
		return false;
	odp_put(p->b, OVS_ACTION_ATTR_PUSH_ETH, &a, sizeof(a));
	return true;
}

static bool parse_push_nsh(struct parser *p)
{
	uint64_t flags = 0, ttl = 63, mdtype = NSH_MDTYPE1, np = 3, spi = 0, si = 255, c[4] = { 0 };
	const struct number n[] = {
		{ "flags", 3, &flags },      { "ttl", 63, &ttl },
		{ "mdtype", 255, &mdtype },  { "np", 255, &np },
		{ "spi", 0xffffff, &spi },   { "si", 255, &si },
		{ "c1", UINT32_MAX, &c[0] }, { "c2", UINT32_MAX, &c[1] },
		{ "c3", UINT32_MAX, &c[2] }, { "c4", UINT32_MAX, &c[3] },
	};
	struct flow_nsh h = { 0 };
	uint8_t md2[248];
	size_t md2_len = 0, nest;

	while (!numbers(p, n, ARRAY_SIZE(n)))
		if (!scan_text(&p->s, "md2=") ||
		    !scan_hex_octets(&p->s, md2, sizeof(md2), &md2_len) || md2_len % 4)
			return false;
	h.flags = flags;
	h.ttl = ttl;
	h.mdtype = mdtype;
	h.np = np;
	h.path_hdr = htonl(spi << 8 | si);
	if (mdtype == NSH_MDTYPE1)
		for (int i = 0; i < 4; i++)
			h.context[i] = htonl(c[i]);
	nest = p->b->len;
	odp_nsh_encode(p->b, OVS_ACTION_ATTR_PUSH_NSH, &h, NULL, false);
	if (mdtype == NSH_MDTYPE2) {
		odp_put(p->b, OVS_NSH_KEY_ATTR_MD2, md2, md2_len);
		odp_nest_end(p->b, nest);
	}
	return true;
}

static bool parse_hash(struct parser *p)
{
	struct ovs_action_hash a = { 0 };
	uint64_t v;

	if (scan_text(&p->s, "l4("))
		a.hash_alg = OVS_HASH_ALG_L4;
	else if (scan_text(&p->s, "sym_l4("))
		a.hash_alg = ODP_HASH_ALG_SYM_L4;
	else
		return false;
	if (!scan_uint(&p->s, UINT32_MAX, &v) || !scan_text(&p->s, "))"))
		return false;
	a.hash_basis = v;
	odp_put(p->b, OVS_ACTION_ATTR_HASH, &a, sizeof(a));
	return true;
}

/* ---- nested lists --------------------------------------------------------------------------- */

/* A list up to its closing parenthesis, as attribute 'type'. */
static bool nested(struct parser *p, uint16_t type)
{
	size_t nest = odp_nest_begin(p->b, type);

	if (!parse_list(p) || !scan_char(&p->s, ')'))
		return false;
	odp_nest_end(p->b, nest);
	return true;
}

static bool parse_sample(struct parser *p)
{
	size_t nest = odp_nest_begin(p->b, OVS_ACTION_ATTR_SAMPLE);
	double percent;
	char *end;

	if (!scan_text(&p->s, "sample=") || *p->s.p < '0' || *p->s.p > '9')
		return false;
	percent = strtod(p->s.p, &end);
	if (!(percent >= 0 && percent <= 100) || *end != '%')
		return false;
	p->s.p = end + 1;
	odp_put_u32(p->b, OVS_SAMPLE_ATTR_PROBABILITY, floor(UINT32_MAX / 100.0 * percent + 0.5));
	scan_separators(&p->s);
	if (!scan_text(&p->s, "actions(") || !nested(p, OVS_SAMPLE_ATTR_ACTIONS) ||
	    !scan_char(&p->s, ')'))
		return false;
	odp_nest_end(p->b, nest);
	return true;
}

static bool parse_check_pkt_len(struct parser *p)
{
	size_t nest = odp_nest_begin(p->b, OVS_ACTION_ATTR_CHECK_PKT_LEN);
	uint64_t size;

	if (!assignment(p, "size", UINT16_MAX, &size))
		return false;
	odp_put_u16(p->b, OVS_CHECK_PKT_LEN_ATTR_PKT_LEN, size);
	if (!scan_text(&p->s, ",gt(") || !nested(p, OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_GREATER) ||
	    !scan_text(&p->s, ",le(") || !nested(p, OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_LESS_EQUAL) ||
	    !scan_char(&p->s, ')'))
		return false;
	odp_nest_end(p->b, nest);
	return true;
}

static bool parse_clone(struct parser *p)
{
	return nested(p, OVS_ACTION_ATTR_CLONE);
}

static bool parse_dec_ttl(struct parser *p)
{
	size_t nest = odp_nest_begin(p->b, OVS_ACTION_ATTR_DEC_TTL);

	if (!scan_text(&p->s, "le_1(") || !nested(p, OVS_DEC_TTL_ATTR_ACTION) ||
	    !scan_char(&p->s, ')'))
		return false;
	odp_nest_end(p->b, nest);
	return true;
}

static bool parse_psample(struct parser *p)
{
	size_t nest = odp_nest_begin(p->b, ODP_ACTION_PSAMPLE), len;
	uint8_t cookie[16];
	uint64_t group;

	if (!assignment(p, "group", UINT32_MAX, &group))
		return false;
	odp_put_u32(p->b, ODP_PSAMPLE_GROUP, group);
	if (scan_text(&p->s, ",cookie=")) {
		if (!scan_hex_octets(&p->s, cookie, sizeof(cookie), &len))
			return false;
		odp_put(p->b, ODP_PSAMPLE_COOKIE, cookie, len);
	}
	odp_nest_end(p->b, nest);
	return scan_char(&p->s, ')');
}

/* ---- one action ----------------------------------------------------------------------------- */

/* "name(number)" */
static bool parse_number_action(struct parser *p, uint16_t type)
{
	uint64_t v;

	if (!scan_uint(&p->s, UINT32_MAX, &v) || !scan_char(&p->s, ')'))
		return false;
	odp_put_u32(p->b, type, v);
	return true;
}

static bool scan_port(struct parser *p, uint32_t *port)
{
	char name[64];
	uint64_t v;

	if (scan_uint(&p->s, UINT32_MAX, &v)) {
		*port = v;
		return true;
	}
	if (p->names && p->names->port_number) {
		struct scan t = p->s;

		if (scan_name(&t, name, sizeof(name)) &&
		    p->names->port_number(name, port, p->names->aux)) {
			p->s = t;
			return true;
		}
	}
	return false;
}

static bool parse_tnl_pop(struct parser *p)
{
	uint32_t port;

	if (!scan_port(p, &port) || !scan_char(&p->s, ')'))
		return false;
	odp_put_u32(p->b, ODP_ACTION_TUNNEL_POP, port);
	return true;
}

static bool parse_pop_mpls(struct parser *p)
{
	uint64_t type;

	if (!assignment(p, "eth_type", 0xffff, &type) || !scan_char(&p->s, ')'))
		return false;
	odp_put_u16(p->b, OVS_ACTION_ATTR_POP_MPLS, htons(type));
	return true;
}

static const struct {
	const char *name; /* with "(": up to and with it */
	bool (*parse)(struct parser *); /* or: */
	uint16_t number_type; /* "name(number)" */
	uint16_t flag_type; /* the name is all */
} actions[] = {
	{ "userspace(", parse_userspace },
	{ "set(", parse_set },
	{ "push_vlan(", parse_push_vlan },
	{ "push_mpls(", parse_push_mpls },
	{ "pop_mpls(", parse_pop_mpls },
	{ "add_mpls(", parse_add_mpls },
	{ "push_eth(", parse_push_eth },
	{ "push_nsh(", parse_push_nsh },
	{ "hash(", parse_hash },
	{ "sample(", parse_sample },
	{ "clone(", parse_clone },
	{ "check_pkt_len(", parse_check_pkt_len },
	{ "dec_ttl(", parse_dec_ttl },
	{ "psample(", parse_psample },
	{ "tnl_pop(", parse_tnl_pop },
	{ "recirc(", NULL, OVS_ACTION_ATTR_RECIRC },
	{ "meter(", NULL, OVS_ACTION_ATTR_METER },
	{ "trunc(", NULL, OVS_ACTION_ATTR_TRUNC },
	{ "lb_output(", NULL, ODP_ACTION_LB_OUTPUT },
	{ "pop_vlan", NULL, 0, OVS_ACTION_ATTR_POP_VLAN },
	{ "pop_eth", NULL, 0, OVS_ACTION_ATTR_POP_ETH },
	{ "ct_clear", NULL, 0, OVS_ACTION_ATTR_CT_CLEAR },
	{ "ct", parse_ct },
};

/* The end of a word that is an action's whole name. */
static bool scan_action(struct scan *s, const char *name)
{
	return strchr(name, '(') ? scan_text(s, name) : scan_word(s, name);
}

static bool parse_action(struct parser *p)
{
	uint32_t port;

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (!scan_action(&p->s, actions[i].name))
			continue;
		if (actions[i].parse)
			return actions[i].parse(p);
		if (actions[i].number_type)
			return parse_number_action(p, actions[i].number_type);
		odp_put_flag(p->b, actions[i].flag_type);
		return true;
	}
	if (scan_word(&p->s, "pop_nsh")) { /* "pop_nsh()" as well */
		scan_text(&p->s, "()");
		odp_put_flag(p->b, OVS_ACTION_ATTR_POP_NSH);
		return true;
	}
	if (!scan_port(p, &port))
		return false;
	odp_put_u32(p->b, OVS_ACTION_ATTR_OUTPUT, port);
	return true;
}

/* Actions up to the end or a closing parenthesis.  "drop" alone is the empty list. */
static bool parse_list(struct parser *p)
{
	size_t start = p->b->len;
	bool ok = true;

	if (p->depth == ODP_MAX_NESTING)
		return false;
	p->depth++;
	while (ok) {
		scan_separators(&p->s);
		if (!*p->s.p || *p->s.p == ')')
			break;
		if (scan_word(&p->s, "drop")) {
			scan_separators(&p->s);
			ok = p->b->len == start && (!*p->s.p || *p->s.p == ')');
			break;
		}
		ok = parse_action(p);
		if (p->b->len > ODP_MAX_ACTIONS_LEN)
			ok = false;
	}
	p->depth--;
	return ok;
}

char *odp_actions_parse(const char *text, const struct odp_names *names, struct odp_buf *b)
{
	struct parser p = { .s = { text }, .names = names, .b = b };
	size_t start = b->len;
	char *err;

	if (!parse_list(&p) || *p.s.p) {
		err = scan_error(&p.s, "actions",
				 p.depth == ODP_MAX_NESTING     ? "nested too deeply"
				 : b->len > ODP_MAX_ACTIONS_LEN ? "too long"
								: "syntax error");
	} else if (b->overflow) {
		err = xasprintf("actions: too long");
	} else {
		err = b->data ? odp_actions_check(b->data + start, b->len - start) : NULL;
	}
	if (err)
		b->len = start;
	return err;
}
