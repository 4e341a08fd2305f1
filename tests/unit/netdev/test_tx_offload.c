// SPDX-License-Identifier: Apache-2.0
/* Segmentation in software, against sums taken another way. */
#include "netdev/tx_offload.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "packet/csum.h"
#include "packet/headers.h"
#include "tests/unit/base/unit.h"

#define MAX_SEGS 100

struct collected {
	struct packet *segs[MAX_SEGS];
	unsigned int n;
};

static void collect(struct packet *p, void *c_)
{
	struct collected *c = c_;

	assert_true(c->n < MAX_SEGS);
	c->segs[c->n++] = p;
}

static void uncollect(struct collected *c)
{
	while (c->n)
		packet_release(c->segs[--c->n]);
}

static uint32_t add16(uint32_t sum, const uint8_t *d, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		sum += i % 2 ? d[i] : d[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Whether the sum over pseudo-header and L4 is all ones, as a receiver checks it. */
static bool l4_is_right(const struct packet *p, bool v6, uint8_t proto, size_t l3, size_t l4)
{
	uint32_t sum = proto + (p->len - l4);

	sum = add16(sum, p->data + l3 + (v6 ? 8 : 12), v6 ? 32 : 8);
	return fold(add16(sum, p->data + l4, p->len - l4)) == 0xffff;
}

/* Ethernet, 'tag' octets of VLAN, IP, L4, payload 0, 1, 2...; partial checksum. */
static struct packet *make(bool v6, uint8_t proto, size_t tag, size_t payload, uint8_t gso,
			   uint16_t mss)
{
	size_t l3 = 14 + tag, l4 = l3 + (v6 ? 40 : 20), l4_len = proto == IPPROTO_TCP ? 32 : 8, i;
	struct packet *p = packet_create(0, l4 + l4_len + payload, 0);
	uint32_t pseudo;
	be16 partial;

	memset(p->data, 0, l4 + l4_len);
	for (i = 0; i < payload; i++)
		p->data[l4 + l4_len + i] = i;
	p->data[l3] = v6 ? 0x60 : 0x45;
	if (v6) {
		p->data[l3 + 6] = proto;
		memset(p->data + l3 + 8, 0x20, 32);
	} else {
		p->data[l3 + 4] = 0xff; /* id: 0xfffe, so that it wraps */
		p->data[l3 + 5] = 0xfe;
		p->data[l3 + 9] = proto;
		memset(p->data + l3 + 12, 10, 8);
	}
	if (proto == IPPROTO_TCP) {
		memset(p->data + l4 + 4, 0xff, 4); /* sequence number */
		p->data[l4 + 12] = 8 << 4;
		p->data[l4 + 13] = TCP_FIN | TCP_PSH | TCP_ACK | TCP_CWR;
	}
	p->l3_ofs = l3;
	p->l4_ofs = l4;
	p->offload.gso = gso;
	p->offload.gso_size = mss;
	p->offload.csum_partial = true;
	p->offload.csum_start = l4;
	p->offload.csum_offset = proto == IPPROTO_TCP ? 16 : 6;
	pseudo = add16(proto + (p->len - l4), p->data + l3 + (v6 ? 8 : 12), v6 ? 32 : 8);
	partial = htons(fold(pseudo));
	memcpy(p->data + l4 + p->offload.csum_offset, &partial, 2);
	return p;
}

static void check_payload(const struct packet *s, size_t hdr, uint32_t *ofs)
{
	size_t i;

	for (i = hdr; i < s->len; i++)
		assert_int_equal(s->data[i], (*ofs)++ & 0xff);
}

static void test_segment(void **state)
{
	static const struct {
		bool v6;
		uint8_t proto, gso;
		size_t tag, payload;
		uint16_t mss;
		unsigned int n;
	} cases[] = {
		{ false, IPPROTO_TCP, PACKET_GSO_TCPV4, 0, 5000, 1448, 4 },
		{ false, IPPROTO_TCP, PACKET_GSO_TCPV4, 4, 2896, 1448, 2 },
		{ true, IPPROTO_TCP, PACKET_GSO_TCPV6, 0, 3001, 1000, 4 },
		{ true, IPPROTO_UDP, PACKET_GSO_UDP_L4, 4, 3000, 1000, 3 },
		{ false, IPPROTO_UDP, PACKET_GSO_UDP_L4, 0, 10, 3, 4 },
		{ false, IPPROTO_TCP, PACKET_GSO_TCPV4, 0, 100, 1448, 1 },
	};
	size_t c;

	for (c = 0; c < ARRAY_SIZE(cases); c++) {
		bool tcp = cases[c].proto == IPPROTO_TCP;
		struct packet *p = make(cases[c].v6, cases[c].proto, cases[c].tag, cases[c].payload,
					cases[c].gso, cases[c].mss);
		size_t l3 = p->l3_ofs, l4 = p->l4_ofs, hdr = l4 + (tcp ? 32 : 8);
		struct collected out = { .n = 0 };
		uint32_t ofs = 0;
		unsigned int i;

		assert_int_equal(tx_segment_len(p), MIN(p->len, hdr + cases[c].mss));
		assert_int_equal(tx_segment(p, collect, &out), DROP_NONE);
		assert_int_equal(out.n, cases[c].n);
		for (i = 0; i < out.n; i++) {
			struct packet *s = out.segs[i];
			uint32_t at = ofs;
			bool last = i == out.n - 1;

			assert_int_equal(s->offload.gso, PACKET_GSO_NONE);
			assert_false(s->offload.csum_partial);
			assert_true(l4_is_right(s, cases[c].v6, cases[c].proto, l3, l4));
			check_payload(s, hdr, &ofs);
			if (cases[c].v6) {
				assert_int_equal(ntohs(load_be16(s->data + l3 + 4)),
						 s->len - l3 - 40);
			} else {
				assert_int_equal(ntohs(load_be16(s->data + l3 + 2)), s->len - l3);
				assert_int_equal(ntohs(load_be16(s->data + l3 + 4)),
						 (0xfffe + i) & 0xffff);
				assert_int_equal(fold(add16(0, s->data + l3, 20)), 0xffff);
			}
			if (tcp) {
				assert_int_equal(ntohl(load_be32(s->data + l4 + 4)),
						 (uint32_t)(0xffffffff + at));
				assert_int_equal(s->data[l4 + 13],
						 TCP_ACK | (last ? TCP_FIN | TCP_PSH : 0) |
							 (i ? 0 : TCP_CWR));
			} else {
				assert_int_equal(ntohs(load_be16(s->data + l4 + 4)), s->len - l4);
			}
		}
		assert_int_equal(ofs, cases[c].payload);
		uncollect(&out);
	}
}

/* A large datagram becomes IPv4 fragments, whose checksum is the datagram's. */
static void test_fragment(void **state)
{
	struct packet *p = make(false, IPPROTO_UDP, 0, 3000, PACKET_GSO_UDP, 1483);
	size_t l3 = p->l3_ofs, l4 = p->l4_ofs;
	struct collected out = { .n = 0 };
	struct packet *whole = packet_clone(p);
	uint32_t ofs = 0;
	unsigned int i;

	whole->offload.gso = PACKET_GSO_NONE;
	assert_int_equal(packet_csum_complete(whole), DROP_NONE);
	assert_int_equal(tx_segment(p, collect, &out), DROP_NONE);
	assert_int_equal(out.n, 3);
	for (i = 0; i < out.n; i++) {
		const struct packet *s = out.segs[i];
		uint16_t frag = ntohs(load_be16(s->data + l3 + 6));

		assert_int_equal((frag & IPV4_OFFSET_MASK) * 8, ofs);
		assert_int_equal(!!(frag & IPV4_MF), i < 2);
		assert_int_equal(ntohs(load_be16(s->data + l3 + 4)), 0xfffe);
		assert_int_equal(fold(add16(0, s->data + l3, 20)), 0xffff);
		assert_memory_equal(s->data + l4, whole->data + l4 + ofs, s->len - l4);
		ofs += s->len - l4;
	}
	assert_int_equal(ofs, 3008);
	packet_release(whole);
	uncollect(&out);
}

static void test_segment_hostile(void **state)
{
	static const struct {
		const char *name;
		uint8_t gso;
		uint16_t mss;
		int l3, l4, csum_start; /* -1: as they are */
		int doff; /* -1, or the octet of TCP's data offset */
		int payload;
		enum drop_reason why;
	} cases[] = {
		{ "no size", PACKET_GSO_TCPV4, 0, -1, -1, -1, -1, 3000, DROP_BAD_OFFLOAD },
		{ "wrong family", PACKET_GSO_TCPV6, 1000, -1, -1, -1, -1, 3000, DROP_BAD_OFFLOAD },
		{ "no L3", PACKET_GSO_TCPV4, 1000, PACKET_NO_OFS, -1, -1, -1, 3000,
		  DROP_BAD_OFFLOAD },
		{ "L3 at the end", PACKET_GSO_TCPV4, 1000, 3060, -1, -1, -1, 3000,
		  DROP_BAD_OFFLOAD },
		{ "L4 at the end", PACKET_GSO_TCPV4, 1000, -1, -1, 3060, -1, 3000,
		  DROP_BAD_OFFLOAD },
		{ "L4 behind the end", PACKET_GSO_TCPV4, 1000, -1, -1, 65000, -1, 3000,
		  DROP_BAD_OFFLOAD },
		{ "L4 before L3", PACKET_GSO_TCPV4, 1000, -1, -1, 2, -1, 3000, DROP_BAD_OFFLOAD },
		{ "TCP header too short", PACKET_GSO_TCPV4, 1000, -1, -1, -1, 0x10, 3000,
		  DROP_BAD_OFFLOAD },
		{ "TCP header too long", PACKET_GSO_TCPV4, 1000, -1, -1, -1, 0xf0, 4,
		  DROP_BAD_OFFLOAD },
		{ "too many", PACKET_GSO_TCPV4, 1, -1, -1, -1, -1, 3000, DROP_BAD_OFFLOAD },
		{ "fragments of nothing", PACKET_GSO_UDP, 7, -1, -1, -1, -1, 3000,
		  DROP_NO_SEGMENTATION },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct packet *p = make(false, IPPROTO_TCP, 0, cases[i].payload, cases[i].gso,
					cases[i].mss);
		struct collected out = { .n = 0 };
		enum drop_reason why;

		if (cases[i].doff >= 0)
			p->data[p->l4_ofs + 12] = cases[i].doff;
		if (cases[i].l3 >= 0)
			p->l3_ofs = cases[i].l3;
		if (cases[i].csum_start >= 0)
			p->offload.csum_start = cases[i].csum_start;
		tx_segment_len(p);
		why = tx_segment(p, collect, &out);
		if (why != cases[i].why)
			fail_msg("%s: %s", cases[i].name, drop_reason_name(why));
		assert_int_equal(out.n, 0);
		packet_release(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_segment),
		cmocka_unit_test(test_fragment),
		cmocka_unit_test(test_segment_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
