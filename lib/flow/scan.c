// SPDX-License-Identifier: Apache-2.0
#include "flow/scan.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "base/util.h"
#include "flow/flow.h"

void scan_space(struct scan *s)
{
	while (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r')
		s->p++;
}

void scan_separators(struct scan *s)
{
	do
		scan_space(s);
	while (scan_char(s, ','));
}

bool scan_char(struct scan *s, char c)
{
	if (*s->p != c)
		return false;
	s->p++;
	return true;
}

bool scan_text(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(s->p, word, n))
		return false;
	s->p += n;
	return true;
}

bool scan_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(s->p, word, n) || isalnum((unsigned char)s->p[n]) || s->p[n] == '_')
		return false;
	s->p += n;
	return true;
}

bool scan_name(struct scan *s, char *out, size_t size)
{
	size_t n = 0;

	while (isalnum((unsigned char)s->p[n]) || (s->p[n] && strchr("._-:", s->p[n])))
		n++;
	if (!n || n >= size)
		return false;
	memcpy(out, s->p, n);
	out[n] = '\0';
	s->p += n;
	return true;
}

bool scan_u128(struct scan *s, uint64_t *hi, uint64_t *lo)
{
	const char *p = s->p;
	uint64_t h = 0, l = 0;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X') && hex_digit_value(p[2]) >= 0) {
		for (p += 2; hex_digit_value(*p) >= 0; p++) {
			if (h >> 60)
				return false;
			h = h << 4 | l >> 60;
			l = l << 4 | hex_digit_value(*p);
		}
	} else {
		if (!isdigit((unsigned char)*p))
			return false;
		for (; isdigit((unsigned char)*p); p++) {
			__extension__ typedef unsigned __int128 wide;
			wide v = (wide)l * 10 + (*p - '0');
			wide w = (wide)h * 10 + (uint64_t)(v >> 64);

			if (w >> 64)
				return false;
			l = v;
			h = w;
		}
	}
	if (isalnum((unsigned char)*p) || *p == '_')
		return false;
	s->p = p;
	*hi = h;
	*lo = l;
	return true;
}

bool scan_uint(struct scan *s, uint64_t max, uint64_t *v)
{
	struct scan t = *s;
	uint64_t hi, lo;

	if (!scan_u128(&t, &hi, &lo) || hi || lo > max)
		return false;
	*s = t;
	*v = lo;
	return true;
}

/* Copies what is made of 'chars' from the front; 0 if it is too long. */
static size_t span(const struct scan *s, const char *chars, char *out, size_t size)
{
	size_t n = strspn(s->p, chars);

	if (!n || n >= size)
		return 0;
	memcpy(out, s->p, n);
	out[n] = '\0';
	return n;
}

bool scan_eth(struct scan *s, uint8_t addr[6])
{
	char text[18];
	size_t n = span(s, "0123456789abcdefABCDEF:", text, sizeof(text));

	if (!n || !eth_parse(text, addr))
		return false;
	s->p += n;
	return true;
}

bool scan_ip(struct scan *s, be32 *ip)
{
	char text[16];
	size_t n = span(s, "0123456789.", text, sizeof(text));
	struct in_addr a;

	if (!n || inet_pton(AF_INET, text, &a) != 1)
		return false;
	*ip = a.s_addr;
	s->p += n;
	return true;
}

bool scan_ipv6(struct scan *s, struct in6_addr *ip)
{
	char text[INET6_ADDRSTRLEN];
	size_t n = span(s, "0123456789abcdefABCDEF:.", text, sizeof(text));

	if (!n || inet_pton(AF_INET6, text, ip) != 1)
		return false;
	s->p += n;
	return true;
}

bool scan_hex_octets(struct scan *s, uint8_t *out, size_t size, size_t *len)
{
	const char *p = s->p;
	size_t n = 0, digits = 0;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
		p += 2;
	while (hex_digit_value(p[digits]) >= 0)
		digits++;
	if (digits % 2 || digits / 2 > size)
		return false;
	for (; n < digits / 2; n++)
		out[n] = hex_digit_value(p[2 * n]) << 4 | hex_digit_value(p[2 * n + 1]);
	s->p = p + digits;
	*len = n;
	return true;
}

char *scan_error(const struct scan *s, const char *text, const char *reason)
{
	if (!*s->p)
		return xasprintf("%s: %s at the end", text, reason);
	return xasprintf("%s: %s at '%.40s'", text, reason, s->p);
}
