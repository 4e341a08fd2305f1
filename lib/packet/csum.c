// SPDX-License-Identifier: Apache-2.0
/* The sum does not care about byte order as long as one sticks to it, so words are added as they
 * lie in memory, 32 bits at a time into 64: no carry is lost before 2^32 words. */
#include "packet/csum.h"

#include "packet/headers.h"

uint64_t csum_add(uint64_t sum, const void *data, size_t n)
{
	const uint8_t *p = data;

	for (; n >= 16; n -= 16, p += 16) {
		uint32_t w[4];

		memcpy(w, p, sizeof(w));
		sum += (uint64_t)w[0] + w[1] + w[2] + w[3];
	}
	for (; n >= 4; n -= 4, p += 4)
		sum += load_be32(p);
	if (n >= 2) {
		sum += load_be16(p);
		p += 2;
		n -= 2;
	}
	if (n) {
		be16 last = 0;

		memcpy(&last, p, 1);
		sum += last;
	}
	return sum;
}

be16 csum_fold(uint64_t sum)
{
	sum = (sum >> 32) + (sum & UINT32_MAX);
	sum = (sum >> 32) + (sum & UINT32_MAX);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (sum >> 16) + (sum & 0xffff);
}

be16 csum(const void *data, size_t n)
{
	return csum_finish(csum_add(0, data, n));
}

uint64_t csum_pseudo_ipv4(be32 src, be32 dst, uint8_t proto, uint32_t len)
{
	return (uint64_t)src + dst + htons(proto) + htonl(len);
}

uint64_t csum_pseudo_ipv6(const void *src, const void *dst, uint8_t proto, uint32_t len)
{
	return csum_add(csum_add(0, src, 16), dst, 16) + htonl(proto) + htonl(len);
}

be16 csum_update_partial(be16 sum, const void *from, const void *to, size_t n)
{
	const uint8_t *f = from, *t = to;
	uint64_t s = sum;

	for (; n >= 2; n -= 2, f += 2, t += 2)
		s += (uint16_t)~load_be16(f) + (uint64_t)load_be16(t);
	return csum_fold(s);
}

be16 csum_update(be16 old_csum, const void *from, const void *to, size_t n)
{
	return ~csum_update_partial(~old_csum, from, to, n);
}

be16 csum_update16(be16 old_csum, be16 from, be16 to)
{
	return csum_update(old_csum, &from, &to, sizeof(from));
}

/* ---- CRC32c --------------------------------------------------------------------------------- */

static uint32_t crc_table[256];

static void __attribute__((constructor)) crc_init(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? c >> 1 ^ 0x82f63b78 : c >> 1; /* the polynomial, reflected */
		crc_table[i] = c;
	}
}

uint32_t crc32c_sctp(const void *data, size_t n)
{
	const uint8_t *p = data;
	uint32_t c = UINT32_MAX;

	while (n--)
		c = c >> 8 ^ crc_table[(c ^ *p++) & 0xff];
	c = ~c;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	c = __builtin_bswap32(c);
#endif
	return c;
}

/* ---- offload -------------------------------------------------------------------------------- */

enum drop_reason packet_csum_complete(struct packet *p)
{
	struct packet_offload *o = &p->offload;
	size_t start = o->csum_start, field = start + o->csum_offset;
	be16 c;

	if (!o->csum_partial)
		return DROP_NONE;
	if (start >= p->len || field + 2 > p->len)
		return DROP_BAD_OFFLOAD;
	c = csum_finish(csum_add(0, p->data + start, p->len - start));
	if (!c)
		c = 0xffff; /* the same number, and for UDP not "no checksum" */
	memcpy(p->data + field, &c, sizeof(c));
	o->csum_partial = false;
	o->csum_valid = true;
	return DROP_NONE;
}
