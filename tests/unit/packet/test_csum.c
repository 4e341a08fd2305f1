// SPDX-License-Identifier: Apache-2.0
/* Checksums against sums made the slow way, octet by octet. */
#include "packet/csum.h"

#include <stdlib.h>

#include "packet/headers.h"
#include "tests/unit/packet/unit.h"

/* RFC 1071 as it is written. */
static uint16_t slow_sum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void test_known(void **state)
{
	/* the example of RFC 1071 section 3 */
	static const uint8_t rfc[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	/* RFC 9260: an INIT of no content has this CRC (octets "123456789" have 0xe3069283) */
	static const char digits[] = "123456789";

	assert_int_equal(csum_fold(csum_add(0, rfc, sizeof(rfc))), htons(0xddf2));
	assert_int_equal(csum(rfc, sizeof(rfc)), htons(0x220d));
	assert_int_equal(csum(rfc, 0), 0xffff);
	assert_int_equal(crc32c_sctp(digits, 9), 0xe3069283);
}

static void test_lengths_and_places(void **state)
{
	uint8_t room[600];
	uint64_t seed = 1;

	for (int round = 0; round < 2000; round++) {
		size_t ofs = rnd(&seed) % 16, n = rnd(&seed) % 500,
		       half = (rnd(&seed) % (n + 1)) & ~1u;
		uint8_t fill = rnd(&seed);

		for (size_t i = 0; i < sizeof(room); i++)
			room[i] = round % 3 ? rnd(&seed) : round % 2 ? 0xff : fill;
		assert_int_equal(csum_fold(csum_add(0, room + ofs, n)),
				 htons(slow_sum(room + ofs, n)));
		/* in two parts, the first of even size */
		assert_int_equal(csum_fold(csum_add(csum_add(0, room + ofs, half),
						    room + ofs + half, n - half)),
				 htons(slow_sum(room + ofs, n)));
	}
}

/* 0 and 0xffff are one number. */
static bool same(be16 a, be16 b)
{
	return a == b || (!a && b == 0xffff) || (!b && a == 0xffff);
}

static void test_update(void **state)
{
	uint64_t seed = 2;

	for (int round = 0; round < 20000; round++) {
		uint8_t old[64], new_[64];
		size_t n = 2 + (rnd(&seed) % 32 & ~1u), at = rnd(&seed) % (64 - n) & ~1u;
		be16 before;

		for (size_t i = 0; i < sizeof(old); i++)
			old[i] = round % 5 ? rnd(&seed) : rnd(&seed) % 2 * 255;
		memcpy(new_, old, sizeof(old));
		for (size_t i = 0; i < n; i++)
			new_[at + i] = round % 7 ? rnd(&seed) : rnd(&seed) % 2 * 255;
		before = csum(old, sizeof(old));
		assert_true(same(csum_update(before, old + at, new_ + at, n), csum(new_, 64)));
		/* a checksum that is wrong by some amount stays wrong by it */
		assert_true(same(csum_update(csum_update16(before, 0, htons(5)), old + at,
					     new_ + at, n),
				 csum_update16(csum(new_, 64), 0, htons(5))));
		assert_true(same(csum_update_partial(~before, old + at, new_ + at, n),
				 ~csum(new_, 64)));
	}
}

static void test_pseudo(void **state)
{
	static const uint8_t v4[] = { 10, 0, 0, 1, 10, 0, 0, 2, 0, 17, 0x12, 0x34 };
	uint8_t v6[40] = { 0xfe, 0x80 };
	struct in6_addr src, dst;
	be32 a, b;

	memcpy(&a, v4, 4);
	memcpy(&b, v4 + 4, 4);
	assert_int_equal(csum_fold(csum_pseudo_ipv4(a, b, 17, 0x1234)), htons(slow_sum(v4, 12)));
	v6[15] = 1;
	v6[16] = 0xff;
	v6[31] = 2;
	v6[34] = 0x12;
	v6[35] = 0x34;
	v6[39] = 58;
	memcpy(&src, v6, 16);
	memcpy(&dst, v6 + 16, 16);
	assert_int_equal(csum_fold(csum_pseudo_ipv6(&src, &dst, 58, 0x1234)),
			 htons(slow_sum(v6, 40)));
}

static void test_complete(void **state)
{
	struct packet *p = packet_create(0, 100, 0);
	uint64_t pseudo = csum_pseudo_ipv4(1, 2, 17, 66);
	be16 c = csum_fold(pseudo);

	for (size_t i = 0; i < 100; i++)
		p->data[i] = i * 7;
	memcpy(p->data + 34 + 6, &c, 2);
	assert_int_equal(packet_csum_complete(p), DROP_NONE);
	assert_memory_equal(p->data + 40, &c, 2); /* there was nothing to complete */
	p->offload.csum_partial = true;
	p->offload.csum_start = 34;
	p->offload.csum_offset = 6;
	assert_int_equal(packet_csum_complete(p), DROP_NONE);
	assert_false(p->offload.csum_partial);
	/* a whole datagram and its pseudo header sum up to -0 */
	assert_int_equal(csum_fold(csum_add(pseudo, p->data + 34, 66)), 0xffff);

	p->offload.csum_partial = true;
	p->offload.csum_start = 100;
	p->offload.csum_offset = 0;
	assert_int_equal(packet_csum_complete(p), DROP_BAD_OFFLOAD);
	p->offload.csum_start = 98;
	p->offload.csum_offset = 1;
	assert_int_equal(packet_csum_complete(p), DROP_BAD_OFFLOAD);
	p->offload.csum_start = 0xffff;
	p->offload.csum_offset = 0xffff;
	assert_int_equal(packet_csum_complete(p), DROP_BAD_OFFLOAD);
	packet_release(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),    cmocka_unit_test(test_lengths_and_places),
		cmocka_unit_test(test_update),   cmocka_unit_test(test_pseudo),
		cmocka_unit_test(test_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
