/* SPDX-License-Identifier: Apache-2.0 */
/* A cursor over text that somebody typed: takes words, numbers and addresses off its front.  Each
 * function moves the cursor only if it succeeds.  Inside lib/flow. */
#ifndef FLOW_SCAN_H
#define FLOW_SCAN_H

#include <netinet/in.h>

#include "base/compiler.h"

struct scan {
	const char *p;
};

void scan_space(struct scan *); /* skips blanks */
void scan_separators(struct scan *); /* skips blanks and commas */
bool scan_char(struct scan *, char);
/* The text 'word' exactly as it stands there. */
bool scan_text(struct scan *, const char *word);
/* 'word' that does not go on with a letter, digit or '_'. */
bool scan_word(struct scan *, const char *word);
/* Letters, digits and any of ". _ - :" up to 'size' - 1 of them. */
bool scan_name(struct scan *, char *out, size_t size);
/* Decimal, or hexadecimal with 0x, at most 'max'. */
bool scan_uint(struct scan *, uint64_t max, uint64_t *);
/* Up to 128 bits, as above. */
bool scan_u128(struct scan *, uint64_t *hi, uint64_t *lo);
bool scan_eth(struct scan *, uint8_t addr[6]);
bool scan_ip(struct scan *, be32 *);
bool scan_ipv6(struct scan *, struct in6_addr *);
/* Pairs of hex digits, with or without 0x before them; at most 'size' octets. */
bool scan_hex_octets(struct scan *, uint8_t *out, size_t size, size_t *len);
/* "TEXT: REASON at 'REST'", of which a bounded part of the rest is shown. */
char *scan_error(const struct scan *, const char *text, const char *reason) MUST_CHECK;

#endif
