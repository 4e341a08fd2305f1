// SPDX-License-Identifier: Apache-2.0
/* Values of fields as text, by the form that their row names. */
#include <arpa/inet.h>

#include "base/str.h"
#include "base/util.h"
#include "flow/fields.h"
#include "flow/odp_text.h"
#include "packet/headers.h"

static const struct {
	uint16_t number;
	const char *name;
} ports[] = {
	{ 0xfff7, "UNSET" }, { 0xfff8, "IN_PORT" }, { 0xfff9, "TABLE" },      { 0xfffa, "NORMAL" },
	{ 0xfffb, "FLOOD" }, { 0xfffc, "ALL" },     { 0xfffd, "CONTROLLER" }, { 0xfffe, "LOCAL" },
	{ 0xffff, "ANY" },   { 0xffff, "NONE" },
};

static const struct odp_flag tun_flags[] = { { FLOW_TNL_F_OAM, "oam" }, { 0, NULL } };

/* no, yes, first, later, not_later: values and masks of two bits */
static const struct {
	const char *name;
	uint8_t value, mask;
} frags[] = {
	{ "no", 0, 3 },    { "yes", 1, 1 },       { "first", 1, 3 },
	{ "later", 3, 3 }, { "not_later", 0, 2 },
};

/* The flag words of a form, and all bits of them. */
static const struct odp_flag *flags_of(const struct field *f, uint32_t *all)
{
	switch (f->form) {
	case FIELD_TCP_FLAGS:
		*all = 0xfff;
		return odp_tcp_flags;
	case FIELD_CT_STATE:
		*all = 0xff;
		return odp_ct_states;
	case FIELD_TUN_FLAGS:
		*all = FLOW_TNL_F_OAM;
		return tun_flags;
	}
	return NULL;
}

static bool is_all(const struct field *f, const uint8_t *mask)
{
	uint8_t all[FIELD_MAX_OCTETS];

	if (!mask)
		return true;
	field_ones(f, all);
	return !memcmp(mask, all, f->n_octets);
}

/* ---- parsing -------------------------------------------------------------------------------- */

static bool parse_number(const struct field *f, struct scan *s, uint8_t *v)
{
	uint64_t number, hi;

	if (f->n_octets > 16)
		return false;
	if (f->n_octets > 8) {
		if (!scan_u128(s, &hi, &number))
			return false;
		store_be(v, 8, hi);
		store_be(v + 8, 8, number);
		return true;
	}
	if (!scan_uint(s, f->n_bits >= 64 ? UINT64_MAX : (UINT64_C(1) << f->n_bits) - 1, &number))
		return false;
	store_be(v, f->n_octets, number);
	return true;
}

static bool parse_port(const struct field *f, struct scan *s, uint8_t *v)
{
	struct scan t = *s;
	uint64_t number;
	char name[16];

	if (scan_uint(s, UINT32_MAX, &number)) {
		if (f->n_octets == 2 && number > 0xffff) {
			if (number < 0xffffff00u) {
				*s = t;
				return false;
			}
			number &= 0xffff;
		} else if (f->n_octets == 4 && number >= 0xff00 && number <= 0xffff) {
			number |= 0xffff0000u;
		}
		store_be(v, f->n_octets, number);
		return true;
	}
	if (!scan_name(&t, name, sizeof(name)))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		if (!strcasecmp(ports[i].name, name)) {
			*s = t;
			store_be(v, f->n_octets,
				 f->n_octets == 4 ? 0xffff0000u | ports[i].number
						  : ports[i].number);
			return true;
		}
	return false;
}

static bool parse_frag(struct scan *s, uint8_t *v, uint8_t *mask)
{
	for (size_t i = 0; i < ARRAY_SIZE(frags); i++)
		if (scan_word(s, frags[i].name)) {
			*v = frags[i].value;
			*mask = frags[i].mask;
			return true;
		}
	return false;
}

static bool parse_packet_type(struct scan *s, uint8_t *v)
{
	uint64_t ns, id;

	if (!scan_char(s, '(') || !scan_uint(s, 0xffff, &ns) || !scan_char(s, ','))
		return false;
	scan_space(s);
	if (!scan_uint(s, 0xffff, &id) || !scan_char(s, ')'))
		return false;
	store_be(v, 4, ns << 16 | id);
	return true;
}

static bool parse_value(const struct field *f, struct scan *s, uint8_t *v)
{
	struct in6_addr v6;
	be32 v4;

	switch ((enum field_form)f->form) {
	case FIELD_ETH:
		return scan_eth(s, v);
	case FIELD_IPV4:
		if (!scan_ip(s, &v4))
			return false;
		memcpy(v, &v4, 4);
		return true;
	case FIELD_IPV6:
		if (!scan_ipv6(s, &v6))
			return false;
		memcpy(v, &v6, 16);
		return true;
	case FIELD_PORT:
		return parse_port(f, s, v);
	case FIELD_PACKET_TYPE:
		return parse_packet_type(s, v);
	default:
		return parse_number(f, s, v);
	}
}

/* "/24" as well as "/255.255.255.0"; "/64" as well as "/ffff::". */
static bool parse_mask(const struct field *f, struct scan *s, uint8_t *mask)
{
	uint64_t n;

	if ((f->form == FIELD_IPV4 || f->form == FIELD_IPV6) && scan_uint(s, f->n_bits, &n)) {
		memset(mask, 0, f->n_octets);
		for (unsigned int i = 0; i < n; i++)
			mask[i / 8] |= 0x80 >> i % 8;
		return true;
	}
	return parse_value(f, s, mask);
}

static bool parse(const struct field *f, struct scan *s, uint8_t *v, uint8_t *mask)
{
	uint32_t all, bits, bits_mask;
	const struct odp_flag *flags = flags_of(f, &all);

	if (f->form == FIELD_FRAG && parse_frag(s, v, mask))
		return true;
	if (flags) {
		if (!odp_flags_scan(flags, s, all, &bits, &bits_mask))
			return false;
		store_be(v, f->n_octets, bits);
		if (bits_mask != all)
			store_be(mask, f->n_octets, bits_mask);
		return true;
	}
	return parse_value(f, s, v) && (!scan_char(s, '/') || parse_mask(f, s, mask));
}

char *field_parse(const struct field *f, const char *text, uint8_t *v, uint8_t *mask)
{
	struct scan s = { text };

	memset(v, 0, f->n_octets);
	field_ones(f, mask);
	if (!field_is_mapped(f))
		return xasprintf("%s: no tunnel option is mapped to it", f->name);
	if (!parse(f, &s, v, mask) || *s.p)
		return xasprintf("%s: '%s' is not a valid value for %s", text, *s.p ? s.p : text,
				 f->name);
	if (!f->is_maskable && !is_all(f, mask)) {
		bool any = false;

		for (unsigned int i = 0; i < f->n_octets; i++)
			any |= mask[i];
		if (any)
			return xasprintf("%s: %s cannot be matched in part", text, f->name);
	}
	for (unsigned int i = 0; i < f->n_octets; i++)
		v[i] &= mask[i];
	return NULL;
}

/* ---- formatting ----------------------------------------------------------------------------- */

static void put_number(const struct field *f, const uint8_t *v, bool hex, struct str *s)
{
	unsigned int n = f->n_octets, skip = 0;

	if (n > 8) {
		while (skip < n && !v[skip])
			skip++;
		if (skip == n) {
			str_putc(s, '0');
			return;
		}
		str_printf(s, "0x%x", v[skip]);
		while (++skip < n)
			str_printf(s, "%02x", v[skip]);
		return;
	}
	if (f->hex_digits)
		str_printf(s, "0x%0*llx", f->hex_digits, (unsigned long long)load_be(v, n));
	else
		str_printf(s, hex ? "%#llx" : "%llu",
			   (unsigned long long)load_be(v, n) << f->text_shift);
}

/* The length of a prefix mask, or -1. */
static int prefix_of(const uint8_t *mask, unsigned int n_bits)
{
	unsigned int n = 0;

	while (n < n_bits && mask[n / 8] & 0x80 >> n % 8)
		n++;
	for (unsigned int i = n; i < n_bits; i++)
		if (mask[i / 8] & 0x80 >> i % 8)
			return -1;
	return n;
}

static void put_address(const struct field *f, const uint8_t *v, const uint8_t *mask, struct str *s)
{
	int family = f->form == FIELD_IPV4 ? AF_INET : AF_INET6;
	char text[INET6_ADDRSTRLEN];
	int n;

	str_put(s, inet_ntop(family, v, text, sizeof(text)));
	if (is_all(f, mask))
		return;
	n = prefix_of(mask, f->n_bits);
	if (n >= 0)
		str_printf(s, "/%d", n);
	else
		str_printf(s, "/%s", inet_ntop(family, mask, text, sizeof(text)));
}

static void put_port(const struct field *f, const uint8_t *v, struct str *s)
{
	uint32_t number = load_be(v, f->n_octets);

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		if (number ==
		    (f->n_octets == 4 ? 0xffff0000u | ports[i].number : ports[i].number)) {
			str_put(s, ports[i].name);
			return;
		}
	str_printf(s, "%u", number);
}

void field_format(const struct field *f, const uint8_t *v, const uint8_t *mask, struct str *s)
{
	uint32_t all;
	const struct odp_flag *flags = flags_of(f, &all);
	bool exact = is_all(f, mask);

	if (flags) {
		uint32_t m = exact ? all : load_be(mask, f->n_octets);

		/* one flag alone is always shown with its sign */
		odp_flags_format(flags, load_be(v, f->n_octets), m,
				 f->n_bits == 1 ? all << 1 | all : all, s);
		return;
	}
	switch ((enum field_form)f->form) {
	case FIELD_ETH:
		str_printf(s, ETH_FMT, ETH_ARGS(v));
		if (!exact)
			str_printf(s, "/" ETH_FMT, ETH_ARGS(mask));
		return;
	case FIELD_IPV4:
	case FIELD_IPV6:
		put_address(f, v, mask, s);
		return;
	case FIELD_PORT:
		put_port(f, v, s);
		return;
	case FIELD_FRAG:
		for (size_t i = 0; i < ARRAY_SIZE(frags); i++)
			if (frags[i].value == *v && frags[i].mask == (mask ? *mask : 3)) {
				str_put(s, frags[i].name);
				return;
			}
		break;
	case FIELD_PACKET_TYPE:
		str_printf(s, "(%u,%#x)", (unsigned int)load_be(v, 2),
			   (unsigned int)load_be(v + 2, 2));
		return;
	default:
		break;
	}
	put_number(f, v, f->form == FIELD_HEXADECIMAL || !exact, s);
	if (!exact) {
		str_putc(s, '/');
		put_number(f, mask, true, s);
	}
}
