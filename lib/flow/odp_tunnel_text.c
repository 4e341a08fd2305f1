// SPDX-License-Identifier: Apache-2.0
/* "tunnel(...)" of keys and of set actions. */
#include <arpa/inet.h>

#include "base/str.h"
#include "base/util.h"
#include "flow/odp_text.h"

const struct odp_flag odp_tunnel_flags[] = {
	{ FLOW_TNL_F_OAM, "oam" },
	{ FLOW_TNL_F_DONT_FRAGMENT, "df" },
	{ FLOW_TNL_F_CSUM, "csum" },
	{ FLOW_TNL_F_KEY, "key" },
	{ 0, NULL },
};
#define ALL_FLAGS (FLOW_TNL_F_OAM | FLOW_TNL_F_DONT_FRAGMENT | FLOW_TNL_F_CSUM | FLOW_TNL_F_KEY)

enum form { DEC, HEX, IP4, IP6 };

/* Numbers of up to 8 octets, and addresses.  A part stands in parentheses of that name. */
static const struct member {
	const char *name;
	const char *part;
	uint16_t ofs;
	uint8_t size;
	uint8_t form;
	bool is_be;
} members[] = {
#define AT(MEMBER) offsetof(struct flow_tnl, MEMBER), sizeof(((struct flow_tnl *)NULL)->MEMBER)
	{ "tun_id", NULL, AT(tun_id), HEX, true },
	{ "src", NULL, AT(ip_src), IP4 },
	{ "dst", NULL, AT(ip_dst), IP4 },
	{ "ipv6_src", NULL, AT(ipv6_src), IP6 },
	{ "ipv6_dst", NULL, AT(ipv6_dst), IP6 },
	{ "tos", NULL, AT(ip_tos), HEX },
	{ "ttl", NULL, AT(ip_ttl), DEC },
	{ "tp_src", NULL, AT(tp_src), DEC, true },
	{ "tp_dst", NULL, AT(tp_dst), DEC, true },
	{ "id", "vxlan(gbp(", AT(gbp_id), DEC, true },
	{ "flags", "vxlan(gbp(", AT(gbp_flags), HEX },
	{ "ver", "erspan(", AT(erspan_ver), DEC },
	{ "idx", "erspan(", AT(erspan_idx), HEX },
	{ "dir", "erspan(", AT(erspan_dir), DEC },
	{ "hwid", "erspan(", AT(erspan_hwid), HEX },
	{ "flags", "gtpu(", AT(gtpu_flags), HEX },
	{ "msgtype", "gtpu(", AT(gtpu_msgtype), DEC },
};

static uint64_t load(const struct member *m, const struct flow_tnl *t)
{
	const uint8_t *p = (const uint8_t *)t + m->ofs;
	uint64_t v = 0;

	if (m->is_be || m->size == 1)
		for (unsigned int i = 0; i < m->size; i++)
			v = v << 8 | p[i];
	else
		v = *(const uint32_t *)p;
	return v;
}

static void store(const struct member *m, struct flow_tnl *t, uint64_t v)
{
	uint8_t *p = (uint8_t *)t + m->ofs;

	if (m->is_be || m->size == 1)
		for (unsigned int i = m->size; i-- > 0; v >>= 8)
			p[i] = v;
	else
		*(uint32_t *)p = v;
}

static bool all_are(const struct member *m, const struct flow_tnl *t, uint8_t octet)
{
	const uint8_t *p = (const uint8_t *)t + m->ofs;

	for (unsigned int i = 0; i < m->size; i++)
		if (p[i] != octet)
			return false;
	return true;
}

static void put_value(const struct member *m, const struct flow_tnl *t, bool is_mask, struct str *s)
{
	const void *p = (const uint8_t *)t + m->ofs;
	char text[INET6_ADDRSTRLEN];

	if (m->form == IP4 || m->form == IP6)
		str_put(s, inet_ntop(m->form == IP4 ? AF_INET : AF_INET6, p, text, sizeof(text)));
	else if (m->size == 8)
		str_printf(s, "0x%llx", (unsigned long long)load(m, t));
	else if (m->form == DEC && !is_mask)
		str_printf(s, "%llu", (unsigned long long)load(m, t));
	else
		str_printf(s, "%#llx", (unsigned long long)load(m, t));
}

/* Whether a member is shown.  An identifier of 0 is one if the key flag says so; addresses of the
 * family that the tunnel does not have are not. */
static bool is_shown(const struct member *m, const struct flow_tnl *t, const struct flow_tnl *mask)
{
	if (m->form == IP4 && !t->ip_dst && all_are(m, t, 0))
		return false;
	if (m->form == IP6 && t->ip_dst && all_are(m, t, 0))
		return false;
	if (mask)
		return !all_are(m, mask, 0);
	if (m->ofs == offsetof(struct flow_tnl, tun_id) && t->flags & FLOW_TNL_F_KEY)
		return true;
	if (m->ofs == offsetof(struct flow_tnl, ip_ttl))
		return true;
	/* What belongs together is shown together. */
	if (m->ofs == offsetof(struct flow_tnl, gbp_id) ||
	    m->ofs == offsetof(struct flow_tnl, gbp_flags))
		return t->gbp_id || t->gbp_flags;
	if (m->ofs == offsetof(struct flow_tnl, erspan_idx))
		return t->erspan_ver == 1;
	if (m->ofs == offsetof(struct flow_tnl, erspan_dir) ||
	    m->ofs == offsetof(struct flow_tnl, erspan_hwid))
		return t->erspan_ver == 2;
	return !all_are(m, t, 0);
}

/* An option in 'opts': class 16, type 8, length 5 (in 4 octets); then its data. */
/* A number of 'n' octets. */
static void put_octets(const uint8_t *p, uint32_t n, struct str *s)
{
	while (n && !*p) {
		p++;
		n--;
	}
	str_put(s, n ? "0x" : "0");
	for (uint32_t i = 0; i < n; i++)
		str_printf(s, i ? "%02x" : "%x", p[i]);
}

static void put_geneve(const struct flow_tnl *t, const struct flow_tnl *mask, struct str *s)
{
	uint32_t len = MIN(t->tun_opts_len, TUN_METADATA_SIZE);

	str_put(s, "geneve(");
	for (uint32_t i = 0; i + 4 <= len;) {
		const uint8_t *o = t->opts + i, *om = mask ? mask->opts + i : NULL;
		uint32_t n = (o[3] & 0x1f) * 4;
		bool exact = true;

		str_printf(s, "{class=%#x", o[0] << 8 | o[1]);
		if (om && (om[0] & om[1]) != 0xff)
			str_printf(s, "/%#x", om[0] << 8 | om[1]);
		str_printf(s, ",type=%#x", o[2]);
		if (om && om[2] != 0xff)
			str_printf(s, "/%#x", om[2]);
		str_printf(s, ",len=%u", n);
		n = MIN(n, len - i - 4);
		for (uint32_t j = 0; om && j < n; j++)
			exact &= om[4 + j] == 0xff;
		if (n) {
			str_putc(s, ',');
			put_octets(o + 4, n, s);
		}
		if (!exact) {
			str_putc(s, '/');
			put_octets(om + 4, n, s);
		}
		str_putc(s, '}');
		i += 4 + n;
	}
	str_put(s, "),");
}

void odp_tunnel_format(const struct flow_tnl *t, const struct flow_tnl *mask, struct str *s)
{
	const char *part = NULL;

	str_put(s, "tunnel(");
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		const struct member *m = &members[i];

		if (!is_shown(m, t, mask))
			continue;
		if (part && part != m->part) {
			str_chomp(s, ',');
			str_put(s, strchr(part, '(')[1] ? "))," : "),");
		}
		if (m->part && part != m->part)
			str_put(s, m->part);
		part = m->part;
		str_printf(s, "%s=", m->name);
		put_value(m, t, false, s);
		if (mask && !all_are(m, mask, 0xff)) {
			str_putc(s, '/');
			put_value(m, mask, true, s);
		}
		str_putc(s, ',');
	}
	if (part) {
		str_chomp(s, ',');
		str_put(s, strchr(part, '(')[1] ? "))," : "),");
	}
	if (t->tun_opts_len && (!mask || mask->tun_opts_len))
		put_geneve(t, mask, s);
	if (!mask || mask->flags & ALL_FLAGS) {
		str_put(s, "flags(");
		/* Without signs it is left to the key whether there is one. */
		odp_flags_format(odp_tunnel_flags, t->flags, mask ? mask->flags : ALL_FLAGS,
				 mask && !mask->tun_id && !(t->flags & FLOW_TNL_F_KEY) ? UINT16_MAX
										       : ALL_FLAGS,
				 s);
		str_put(s, "),");
	}
	str_chomp(s, ',');
	str_putc(s, ')');
}

/* ---- parsing -------------------------------------------------------------------------------- */

static bool parse_value(const struct member *m, struct scan *s, struct flow_tnl *t)
{
	void *p = (uint8_t *)t + m->ofs;
	uint64_t v;

	if (m->form == IP4)
		return scan_ip(s, p);
	if (m->form == IP6)
		return scan_ipv6(s, p);
	if (!scan_uint(s, m->size == 8 ? UINT64_MAX : (UINT64_C(1) << m->size * 8) - 1, &v))
		return false;
	store(m, t, v);
	return true;
}

static bool parse_member(const char *part, struct scan *s, struct flow_tnl *t,
			 struct flow_tnl *mask)
{
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		const struct member *m = &members[i];
		struct scan c = *s;

		if (!streq(m->part ? m->part : "", part ? part : "") || !scan_text(&c, m->name) ||
		    !scan_char(&c, '='))
			continue;
		*s = c;
		if (!parse_value(m, s, t))
			return false;
		if (scan_char(s, '/'))
			return parse_value(m, s, mask);
		memset((uint8_t *)mask + m->ofs, 0xff, m->size);
		return true;
	}
	return false;
}

/* A number with an optional mask; 'max' is the full mask. */
static bool parse_masked(struct scan *s, uint64_t max, uint64_t *v, uint64_t *mask)
{
	*mask = max;
	return scan_uint(s, max, v) && (!scan_char(s, '/') || scan_uint(s, max, mask));
}

/* A number of 'n' octets, hexadecimal behind "0x". */
static bool parse_octets(struct scan *s, uint8_t *out, size_t n)
{
	const char *p = s->p;
	size_t digits;
	uint64_t v;

	memset(out, 0, n);
	if (p[0] != '0' || (p[1] != 'x' && p[1] != 'X')) {
		if (!scan_uint(s, n < 8 ? (UINT64_C(1) << n * 8) - 1 : UINT64_MAX, &v))
			return false;
		for (size_t i = 0; i < n && i < 8; i++)
			out[n - 1 - i] = v >> 8 * i;
		return true;
	}
	for (p += 2; *p == '0'; p++)
		continue;
	digits = strspn(p, "0123456789abcdefABCDEF");
	if (digits > 2 * n || (!digits && p[-1] != '0'))
		return false;
	for (size_t i = 0; i < digits; i++) {
		char c = p[digits - 1 - i];
		uint8_t nibble = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;

		out[n - 1 - i / 2] |= nibble << (i % 2 ? 4 : 0);
	}
	s->p = p + digits;
	return true;
}

static bool parse_geneve(struct scan *s, struct flow_tnl *t, struct flow_tnl *mask)
{
	uint32_t len = 0;

	while (scan_char(s, '{')) {
		uint64_t class, class_mask, type, type_mask, n;

		if (!scan_text(s, "class=") || !parse_masked(s, 0xffff, &class, &class_mask) ||
		    !scan_text(s, ",type=") || !parse_masked(s, 0xff, &type, &type_mask) ||
		    !scan_text(s, ",len=") || !scan_uint(s, 124, &n) || n % 4 ||
		    len + 4 + n > TUN_METADATA_SIZE)
			return false;
		t->opts[len] = class >> 8;
		t->opts[len + 1] = class;
		t->opts[len + 2] = type;
		t->opts[len + 3] = n / 4;
		mask->opts[len] = class_mask >> 8;
		mask->opts[len + 1] = class_mask;
		mask->opts[len + 2] = type_mask;
		mask->opts[len + 3] = 0xff;
		len += 4;
		memset(mask->opts + len, 0xff, n);
		if (n) {
			if (!scan_char(s, ',') || !parse_octets(s, t->opts + len, n))
				return false;
			if (scan_char(s, '/') && !parse_octets(s, mask->opts + len, n))
				return false;
		}
		if (!scan_char(s, '}'))
			return false;
		scan_separators(s);
		len += n;
	}
	t->tun_opts_len = len;
	mask->tun_opts_len = UINT32_MAX;
	return scan_char(s, ')');
}

static bool parse_part(const char *part, struct scan *s, struct flow_tnl *t, struct flow_tnl *mask)
{
	while (scan_separators(s), *s->p != ')')
		if (!parse_member(part, s, t, mask))
			return false;
	return scan_char(s, ')') && (!strchr(part, '(')[1] || scan_char(s, ')'));
}

bool odp_tunnel_parse(struct scan *s, struct flow_tnl *t, struct flow_tnl *mask)
{
	static const char *const parts[] = { "vxlan(gbp(", "erspan(", "gtpu(" };
	uint32_t flags, flags_mask;
	bool signs = false;

	for (;;) {
		size_t i;

		scan_separators(s);
		if (scan_char(s, ')'))
			break;
		if (scan_text(s, "flags(")) {
			signs = *s->p == '+' || *s->p == '-';
			if (!odp_flags_scan(odp_tunnel_flags, s, UINT16_MAX, &flags, &flags_mask) ||
			    !scan_char(s, ')'))
				return false;
			t->flags = flags;
			mask->flags = flags_mask;
			continue;
		}
		if (scan_text(s, "geneve(")) {
			if (!parse_geneve(s, t, mask))
				return false;
			continue;
		}
		for (i = 0; i < ARRAY_SIZE(parts); i++)
			if (scan_text(s, parts[i]))
				break;
		if (i < ARRAY_SIZE(parts) ? !parse_part(parts[i], s, t, mask)
					  : !parse_member(NULL, s, t, mask))
			return false;
	}
	/* Whether there is a key says the key itself, unless flags say otherwise. */
	if (mask->tun_id && !mask->flags) {
		t->flags |= FLOW_TNL_F_KEY;
		mask->flags |= FLOW_TNL_F_KEY;
	} else if (!mask->tun_id && (mask->flags & ALL_FLAGS) == ALL_FLAGS &&
		   !(t->flags & FLOW_TNL_F_KEY) && !signs) {
		mask->flags &= ~FLOW_TNL_F_KEY;
	}
	/* The addresses of the family that is not there are 0, exactly. */
	if (t->ip_dst) {
		memset(&mask->ipv6_src, 0xff, sizeof(mask->ipv6_src));
		memset(&mask->ipv6_dst, 0xff, sizeof(mask->ipv6_dst));
	} else if (flow_tnl_is_set(t)) {
		mask->ip_src = mask->ip_dst = UINT32_MAX;
	}
	return true;
}
