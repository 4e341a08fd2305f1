// SPDX-License-Identifier: Apache-2.0
/* Matches as text, driven by the field table.  What does not follow from a row stands here: the
 * keyword that names EtherType and protocol ("tcp6"), VLAN tags in their three notations, and old
 * names that mean one field or another as the protocol says (nw_src, tp_src). */
#include <stdlib.h>

#include "base/str.h"
#include "base/util.h"
#include "flow/fields.h"
#include "flow/scan.h"
#include "packet/headers.h"

#define DEFAULT_PRIORITY 32768

/* ---- keywords ------------------------------------------------------------------------------- */

static const struct keyword {
	const char *name;
	uint16_t eth_type;
	uint8_t ip_proto;
} keywords[] = {
	{ "ip", ETH_TYPE_IP },
	{ "ipv4", ETH_TYPE_IP },
	{ "icmp", ETH_TYPE_IP, IPPROTO_ICMP },
	{ "tcp", ETH_TYPE_IP, IPPROTO_TCP },
	{ "udp", ETH_TYPE_IP, IPPROTO_UDP },
	{ "sctp", ETH_TYPE_IP, IPPROTO_SCTP },
	{ "ipv6", ETH_TYPE_IPV6 },
	{ "ip6", ETH_TYPE_IPV6 },
	{ "icmp6", ETH_TYPE_IPV6, IPPROTO_ICMPV6 },
	{ "tcp6", ETH_TYPE_IPV6, IPPROTO_TCP },
	{ "udp6", ETH_TYPE_IPV6, IPPROTO_UDP },
	{ "sctp6", ETH_TYPE_IPV6, IPPROTO_SCTP },
	{ "arp", ETH_TYPE_ARP },
	{ "rarp", ETH_TYPE_RARP },
	{ "mpls", ETH_TYPE_MPLS },
	{ "mplsm", ETH_TYPE_MPLS_MCAST },
};

/* The keyword that says most; '*has_proto': the protocol, too. */
static const struct keyword *keyword_of(const struct match *m, bool *has_proto)
{
	const struct keyword *best = NULL;

	*has_proto = false;
	if (m->mask.masks.eth_type != htons(0xffff) || m->flow.packet_type)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
		const struct keyword *k = &keywords[i];

		if (htons(k->eth_type) != m->flow.eth_type)
			continue;
		if (!best && !k->ip_proto)
			best = k;
		if (k->ip_proto && m->mask.masks.ip_proto == 0xff &&
		    k->ip_proto == m->flow.ip_proto) {
			*has_proto = true;
			return k;
		}
	}
	return best;
}

/* ---- formatting ----------------------------------------------------------------------------- */

static void put_vlans(const struct match *m, struct str *s)
{
	for (unsigned int i = 0; i < FLOW_MAX_VLANS; i++) {
		uint16_t tci = ntohs(m->flow.vlans[i].tci),
			 mask = ntohs(m->mask.masks.vlans[i].tci);
		uint16_t vid = mask & VLAN_VID_MASK, pcp = mask & VLAN_PCP_MASK;
		const char *n = i ? "1" : "";

		static_assert(FLOW_MAX_VLANS == 2, "names of tags");
		if (!mask)
			continue;
		if (mask & tci & VLAN_CFI && (vid || pcp) && (!vid || vid == VLAN_VID_MASK) &&
		    (!pcp || pcp == VLAN_PCP_MASK)) {
			if (vid)
				str_printf(s, "dl_vlan%s=%u,", n, tci & VLAN_VID_MASK);
			if (pcp)
				str_printf(s, "dl_vlan_pcp%s=%u,", n, tci >> VLAN_PCP_SHIFT);
		} else if (mask == 0xffff) {
			str_printf(s, "vlan_tci%s=0x%04x,", n, tci);
		} else {
			str_printf(s, "vlan_tci%s=0x%04x/0x%04x,", n, tci & mask, mask);
		}
	}
}

static void put_inner_mpls(const struct match *m, struct str *s)
{
	for (unsigned int i = 1; i < FLOW_MAX_MPLS; i++) {
		uint32_t v = ntohl(m->flow.mpls_lse[i]), mask = ntohl(m->mask.masks.mpls_lse[i]);

		if (mask == UINT32_MAX)
			str_printf(s, "mpls_lse%u=%u,", i, v);
		else if (mask)
			str_printf(s, "mpls_lse%u=%#x/%#x,", i, v, mask);
	}
}

static void put_field(const struct field *f, const struct match *m, struct str *s)
{
	uint8_t v[FIELD_MAX_OCTETS], mask[FIELD_MAX_OCTETS];
	uint8_t any = 0;

	field_get_mask(f, &m->mask, mask);
	for (unsigned int i = 0; i < f->n_octets; i++)
		any |= mask[i];
	if (!any || !field_prereqs_matched(f, m))
		return;
	field_get(f, &m->flow, v);
	for (unsigned int i = 0; i < f->n_octets; i++)
		v[i] &= mask[i];
	str_printf(s, "%s=", f->text);
	field_format(f, v, mask, s);
	str_putc(s, ',');
}

static void put_packet_type(const struct match *m, struct str *s)
{
	uint32_t type = ntohl(m->flow.packet_type);

	if (!m->mask.masks.packet_type)
		return;
	if (type)
		str_printf(s, "packet_type=(%u,%#x),", type >> 16, type & 0xffff);
	else
		str_put(s, "eth,");
}

void match_format(const struct match *m, struct str *s, int priority)
{
	bool has_proto;
	const struct keyword *keyword = keyword_of(m, &has_proto);

	if (priority >= 0 && priority != DEFAULT_PRIORITY)
		str_printf(s, "priority=%d,", priority);
	for (size_t i = 0; i < n_fields; i++) {
		const struct field *f = &fields[i];

		if (streq(f->name, "packet_type")) {
			put_packet_type(m, s);
			if (keyword)
				str_printf(s, "%s,", keyword->name);
		} else if (streq(f->name, "vlan_tci")) {
			put_vlans(m, s);
		} else if (f->text && !(keyword && streq(f->name, "eth_type")) &&
			   !(m->flow.packet_type && streq(f->name, "eth_type")) &&
			   !(has_proto && streq(f->name, "nw_proto"))) {
			put_field(f, m, s);
		}
		if (streq(f->name, "mpls_bos"))
			put_inner_mpls(m, s);
	}
	str_chomp(s, ',');
}

/* ---- parsing -------------------------------------------------------------------------------- */

/* Names that mean one of several fields: the first whose prerequisites the match has. */
static const struct {
	const char *name;
	const char *fields[4];
} choices[] = {
	{ "nw_src", { "ip_src", "arp_spa" } },
	{ "nw_dst", { "ip_dst", "arp_tpa" } },
	{ "nw_proto", { "nw_proto", "arp_op" } },
	{ "ip_proto", { "nw_proto", "arp_op" } },
	{ "tp_src", { "tcp_src", "udp_src", "sctp_src" } },
	{ "tp_dst", { "tcp_dst", "udp_dst", "sctp_dst" } },
	{ "icmp_type", { "icmp_type", "icmpv6_type" } },
	{ "icmp_code", { "icmp_code", "icmpv6_code" } },
};

static const struct field *resolve(const char *name, const struct match *m)
{
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		if (!streq(choices[i].name, name))
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(choices[i].fields) && choices[i].fields[j]; j++) {
			const struct field *f = field_lookup(choices[i].fields[j]);

			if (field_prereqs_matched(f, m))
				return f;
		}
		return field_lookup(choices[i].fields[0]);
	}
	return field_lookup(name);
}

/* What must be known before other fields can be told apart comes first. */
static int pass_of(const char *name)
{
	static const char *const first[] = { "eth_type", "dl_type", "packet_type", "eth" };
	static const char *const second[] = { "nw_proto", "ip_proto", "ct_state", "nw_frag",
					      "ip_frag" };
	static const char *const third[] = { "icmp_type", "icmp_code", "icmpv6_type",
					     "icmpv6_code" };

	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++)
		if (streq(keywords[i].name, name))
			return 0;
	for (size_t i = 0; i < ARRAY_SIZE(first); i++)
		if (streq(first[i], name))
			return 0;
	for (size_t i = 0; i < ARRAY_SIZE(second); i++)
		if (streq(second[i], name))
			return 1;
	for (size_t i = 0; i < ARRAY_SIZE(third); i++)
		if (streq(third[i], name))
			return 2;
	return 3;
}
#define N_PASSES 4

static bool parse_keyword(const char *name, struct match *m)
{
	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
		if (!streq(keywords[i].name, name))
			continue;
		m->flow.eth_type = htons(keywords[i].eth_type);
		MASK_FIELD(&m->mask, eth_type);
		if (keywords[i].ip_proto) {
			m->flow.ip_proto = keywords[i].ip_proto;
			MASK_FIELD(&m->mask, ip_proto);
		}
		return true;
	}
	if (!streq(name, "eth"))
		return false;
	m->flow.packet_type = 0;
	MASK_FIELD(&m->mask, packet_type);
	return true;
}

/* The old notations of a tag: dl_vlan (0xffff: none), dl_vlan_pcp; NULL or a sentence. */
static char *parse_old_vlan(const char *name, const char *value, struct match *m, bool *done)
{
	be16 *tci = &m->flow.vlans[0].tci, *mask = &m->mask.masks.vlans[0].tci;
	bool is_pcp = streq(name, "dl_vlan_pcp");
	unsigned int v;

	*done = is_pcp || streq(name, "dl_vlan");
	if (!*done)
		return NULL;
	if (!str_to_uint(value, 0, &v) || v > (is_pcp ? 7u : 0xffffu) ||
	    (!is_pcp && v > VLAN_VID_MASK && v != 0xffff))
		return xasprintf("%s: not a valid value for %s", value, name);
	if (is_pcp) {
		*tci |= htons(VLAN_CFI | v << VLAN_PCP_SHIFT);
		*mask |= htons(VLAN_CFI | VLAN_PCP_MASK);
	} else if (v == 0xffff) {
		*tci = 0;
		*mask = htons(0xffff);
	} else {
		*tci |= htons(VLAN_CFI | v);
		*mask |= htons(VLAN_CFI | VLAN_VID_MASK);
	}
	return NULL;
}

/* Without the CFI bit there is no tag, whatever else is said of it. */
static void normalize_tci(struct match *m)
{
	be16 tci = m->flow.vlans[0].tci, mask = m->mask.masks.vlans[0].tci;

	if (mask & htons(VLAN_CFI) && !(tci & htons(VLAN_CFI)) && mask & ~htons(VLAN_CFI)) {
		m->flow.vlans[0].tci = 0;
		m->mask.masks.vlans[0].tci = htons(0xffff);
	}
}

static char *parse_setting(const char *name, const char *value, struct match *m, int *priority)
{
	uint8_t v[FIELD_MAX_OCTETS], mask[FIELD_MAX_OCTETS];
	const struct field *f;
	unsigned int number;
	char *err;
	bool done;

	if (priority && streq(name, "priority")) {
		if (!str_to_uint(value, 0, &number) || number > UINT16_MAX)
			return xasprintf("%s: not a valid priority", value);
		*priority = number;
		return NULL;
	}
	err = parse_old_vlan(name, value, m, &done);
	if (done)
		return err;
	f = resolve(name, m);
	if (!f)
		return xasprintf("unknown keyword %s", name);
	/* an old habit of nw_tos: the two bits of ECN are not looked at */
	if (streq(f->name, "nw_tos")) {
		if (!str_to_uint(value, 0, &number) || number > 0xff)
			return xasprintf("%s: not a valid value for nw_tos", value);
		m->flow.ip_tos = (m->flow.ip_tos & 3) | (number & 0xfc);
		m->mask.masks.ip_tos |= 0xfc;
		return field_prereqs_matched(f, m)
			       ? NULL
			       : xasprintf("prerequisites not met for setting %s", name);
	}
	err = field_parse(f, value, v, mask);
	if (err)
		return err;
	if (!field_prereqs_matched(f, m) && f->prereq != FIELD_NEEDS_VLAN_VID)
		return xasprintf("prerequisites not met for setting %s", name);
	field_match(f, m, v, mask);
	if (streq(f->name, "packet_type") && m->flow.packet_type) {
		/* the type inside is the EtherType, if it is of that namespace */
		if (ntohl(m->flow.packet_type) >> 16 == 1) {
			m->flow.eth_type = htons(ntohl(m->flow.packet_type));
			MASK_FIELD(&m->mask, eth_type);
		}
	}
	if (streq(f->name, "vlan_pcp")) {
		m->flow.vlans[0].tci |= htons(VLAN_CFI);
		m->mask.masks.vlans[0].tci |= htons(VLAN_CFI);
	}
	return NULL;
}

/* A packet without Ethernet header has the EtherType that its packet type names, or none. */
static bool contradicts(const struct match *m)
{
	uint32_t type = ntohl(m->flow.packet_type);

	return type && m->mask.masks.eth_type &&
	       (type >> 16 != 1 || htons(type) != m->flow.eth_type);
}

/* Takes "name" or "name=value" off; the value may hold commas in parentheses.  False at the end. */
static bool next_word(char **p, char **name, char **value)
{
	unsigned int depth = 0;
	char *s = *p;

	s += strspn(s, ", \t\r\n");
	if (!*s)
		return false;
	*name = s;
	*value = NULL;
	for (; *s && (depth || !strchr(", \t\r\n", *s)); s++) {
		if (*s == '(')
			depth++;
		else if (*s == ')' && depth)
			depth--;
		else if (*s == '=' && !*value) {
			*s = '\0';
			*value = s + 1;
		}
	}
	if (*s)
		*s++ = '\0';
	*p = s;
	return true;
}

static char *parse_pass(struct match *m, const char *text, int pass, int *priority)
{
	char *copy = xstrdup(text), *p = copy, *name, *value, *err = NULL;

	while (!err && next_word(&p, &name, &value)) {
		if (pass_of(name) != pass)
			continue;
		if (!value) {
			if (!parse_keyword(name, m))
				err = xasprintf("field %s missing value", name);
		} else {
			err = parse_setting(name, value, m, priority);
		}
	}
	free(copy);
	return err;
}

char *match_parse(struct match *m, const char *text, int *priority)
{
	char *err = NULL;

	match_init_catchall(m);
	for (int pass = 0; !err && pass < N_PASSES; pass++)
		err = parse_pass(m, text, pass, priority);
	normalize_tci(m);
	if (!err && contradicts(m))
		err = xasprintf("packet_type and EtherType contradict each other");
	return err;
}
