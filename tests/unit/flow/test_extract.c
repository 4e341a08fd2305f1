// SPDX-License-Identifier: Apache-2.0
/* The packet parser against a table of frames, and against a slow parser that asks for octets one
 * at a time: all frames, cut at every place, and with octets changed.  Each frame lies at the end
 * of its own piece of memory, so that AddressSanitizer sees a read past it. */
#include "flow/flow.h"

#include <stdlib.h>

#include "base/str.h"
#include "base/util.h"
#include "flow/miniflow.h"
#include "flow/odp.h"
#include "tests/unit/flow/frames.h"
#include "tests/unit/flow/unit.h"

static void release_heap(struct packet *p)
{
	free(p->release_aux);
	free(p);
}

/* A packet whose last octet is the last one of its memory. */
static struct packet *tight_packet(const uint8_t *octets, size_t n)
{
	struct packet *p = xmalloc(sizeof(*p));
	uint8_t *room = xmalloc(n + 1);

	memcpy(room + 1, octets, n);
	packet_init(p, room, n + 1, 1, n, release_heap);
	p->release_aux = room;
	p->md.in_port = 7;
	return p;
}

/* ---- a slow parser
 * ----------------------------------------------------------------------------- */

struct octets {
	const uint8_t *p;
	size_t n; /* how many there are, wherever the parser stands */
};

static bool have(const struct octets *o, size_t at, size_t n)
{
	return at <= o->n && n <= o->n - at;
}

static unsigned int u8(const struct octets *o, size_t at)
{
	assert_true(have(o, at, 1));
	return o->p[at];
}

static unsigned int u16(const struct octets *o, size_t at)
{
	return u8(o, at) << 8 | u8(o, at + 1);
}

static uint32_t u32(const struct octets *o, size_t at)
{
	return (uint32_t)u16(o, at) << 16 | u16(o, at + 2);
}

static void slow_nd(const struct octets *o, size_t at, struct flow *f)
{
	size_t option = at + 24;
	unsigned int n_sll = 0, n_tll = 0;
	uint8_t zero[6] = { 0 };

	f->nd_reserved = htonl(u32(o, at + 4));
	memcpy(&f->nd_target, o->p + at + 8, 16);
	while (have(o, option, 8)) {
		unsigned int type = u8(o, option), len = u8(o, option + 1) * 8;

		if (len == 0 || !have(o, option, len))
			break;
		if (type == 1 && len == 8 && u8(o, at) == 135) {
			n_sll += memcmp(f->arp_sha, zero, 6) != 0;
			memcpy(f->arp_sha, o->p + option + 2, 6);
			f->nd_options_type = 1;
		}
		if (type == 2 && len == 8 && u8(o, at) == 136) {
			n_tll += memcmp(f->arp_tha, zero, 6) != 0;
			memcpy(f->arp_tha, o->p + option + 2, 6);
			f->nd_options_type = 2;
		}
		option += len;
	}
	if (n_sll || n_tll) {
		f->nd_reserved = 0;
		f->nd_options_type = 0;
		memset(&f->nd_target, 0, 16);
		memset(f->arp_sha, 0, 6);
		memset(f->arp_tha, 0, 6);
	}
}

static void slow_l4(const struct octets *o, size_t at, unsigned int proto, bool v6, struct flow *f)
{
	if (proto == 6 && have(o, at, 20)) {
		unsigned int len = (u8(o, at + 12) >> 4) * 4;

		if (len < 20 || !have(o, at, len))
			return;
		f->tcp_flags = htons(u16(o, at + 12) & 0xfff);
	}
	if ((proto == 6 && have(o, at, 20)) || (proto == 17 && have(o, at, 8)) ||
	    (proto == 132 && have(o, at, 12))) {
		f->tp_src = htons(u16(o, at));
		f->tp_dst = htons(u16(o, at + 2));
	}
	if (((proto == 1 || proto == 2) && !v6 && have(o, at, 8)) ||
	    (proto == 58 && v6 && have(o, at, 8))) {
		f->tp_src = htons(u8(o, at));
		f->tp_dst = htons(u8(o, at + 1));
		if (proto == 2)
			f->igmp_group = htonl(u32(o, at + 4));
		if (proto == 58 && (u8(o, at) == 135 || u8(o, at) == 136) && u8(o, at + 1) == 0 &&
		    have(o, at, 24))
			slow_nd(o, at, f);
	}
}

static void slow_ipv4(struct octets o, size_t at, struct flow *f)
{
	unsigned int header, total;

	if (!have(&o, at, 20))
		return;
	header = (u8(&o, at) & 15) * 4;
	if (header < 20 || !have(&o, at, header))
		return;
	total = u16(&o, at + 2);
	if (total >= header && at + total < o.n)
		o.n = at + total;
	f->ip_tos = u8(&o, at + 1);
	f->ip_ttl = u8(&o, at + 8);
	f->ip_proto = u8(&o, at + 9);
	f->ip_src = htonl(u32(&o, at + 12));
	f->ip_dst = htonl(u32(&o, at + 16));
	if (u16(&o, at + 6) & 0x3fff)
		f->ip_frag = FLOW_FRAG_ANY;
	if (u16(&o, at + 6) & 0x1fff)
		f->ip_frag |= FLOW_FRAG_LATER;
	else
		slow_l4(&o, at + header, f->ip_proto, false, f);
}

static void slow_ipv6(struct octets o, size_t at, struct flow *f)
{
	struct flow before = *f;
	unsigned int next, payload;

	if (!have(&o, at, 40))
		return;
	payload = u16(&o, at + 4);
	if (payload && at + 40 + payload < o.n)
		o.n = at + 40 + payload;
	f->ipv6_label = htonl(u32(&o, at) & 0xfffff);
	f->ip_tos = u32(&o, at) >> 20 & 0xff;
	f->ip_ttl = u8(&o, at + 7);
	memcpy(&f->ipv6_src, o.p + at + 8, 16);
	memcpy(&f->ipv6_dst, o.p + at + 24, 16);
	next = u8(&o, at + 6);
	at += 40;
	while (next == 0 || next == 43 || next == 60 || next == 51 || next == 44) {
		size_t len;

		if (!have(&o, at, 8)) {
			*f = before;
			return;
		}
		len = next == 44   ? 8
		      : next == 51 ? (u8(&o, at + 1) + 2) * 4
				   : (u8(&o, at + 1) + 1) * 8;
		if (!have(&o, at, len)) {
			*f = before;
			return;
		}
		if (next == 44) {
			if (u16(&o, at + 2) & 0xfff9)
				f->ip_frag = FLOW_FRAG_ANY;
			if (u16(&o, at + 2) & 0xfff8)
				f->ip_frag |= FLOW_FRAG_LATER;
		}
		if (f->ip_frag & FLOW_FRAG_LATER)
			break;
		next = u8(&o, at);
		at += len;
	}
	f->ip_proto = next;
	if (!(f->ip_frag & FLOW_FRAG_LATER))
		slow_l4(&o, at, next, true, f);
}

static bool slow_parse(const struct octets *o, struct flow *f)
{
	unsigned int type, n_vlans = 0, n_lse = 0;
	size_t at = 14;

	memset(f, 0, sizeof(*f));
	f->in_port = 7;
	if (!have(o, 0, 14))
		return false;
	memcpy(f->eth_dst, o->p, 6);
	memcpy(f->eth_src, o->p + 6, 6);
	type = u16(o, 12);
	while ((type == 0x8100 || type == 0x88a8) && n_vlans < FLOW_MAX_VLANS && have(o, at, 4)) {
		f->vlans[n_vlans].tpid = htons(type);
		f->vlans[n_vlans++].tci = htons(u16(o, at) | 0x1000);
		type = u16(o, at + 2);
		at += 4;
	}
	if (type < 0x600) {
		type = 0x5ff;
		if (have(o, at, 8) && u32(o, at) == 0xaaaa0300 && u16(o, at + 4) == 0) {
			if (u16(o, at + 6) >= 0x600)
				type = u16(o, at + 6);
			at += 8;
		}
	}
	f->eth_type = htons(type);
	if (type == 0x8847 || type == 0x8848) {
		for (; n_lse < FLOW_MAX_MPLS && have(o, at, 4); at += 4) {
			f->mpls_lse[n_lse++] = htonl(u32(o, at));
			if (u8(o, at + 2) & 1)
				break;
		}
	} else if (type == 0x800) {
		slow_ipv4(*o, at, f);
	} else if (type == 0x86dd) {
		slow_ipv6(*o, at, f);
	} else if ((type == 0x806 || type == 0x8035) && have(o, at, 28)) {
		if (u32(o, at) == 0x00010800 && u16(o, at + 4) == 0x0604) {
			f->ip_proto = u16(o, at + 6) <= 255 ? u16(o, at + 6) : 0;
			memcpy(f->arp_sha, o->p + at + 8, 6);
			f->ip_src = htonl(u32(o, at + 14));
			memcpy(f->arp_tha, o->p + at + 18, 6);
			f->ip_dst = htonl(u32(o, at + 24));
		}
	} else if (type == 0x894f && have(o, at, 8)) {
		unsigned int len = (u8(o, at + 1) & 0x3f) * 4, md = u8(o, at + 2);

		if (u8(o, at) >> 6 || len < 8 || !have(o, at, len) || (md == 1 && len != 24))
			return true;
		f->nsh.flags = u8(o, at) >> 4 & 3;
		f->nsh.ttl = u16(o, at) >> 6 & 0x3f;
		f->nsh.mdtype = md;
		f->nsh.np = u8(o, at + 3);
		f->nsh.path_hdr = htonl(u32(o, at + 4));
		for (unsigned int i = 0; md == 1 && i < 4; i++)
			f->nsh.context[i] = htonl(u32(o, at + 8 + 4 * i));
	}
	return true;
}

/* ---- the tests
 * --------------------------------------------------------------------------------- */

static const char *describe(const struct flow *f)
{
	static struct str s;

	str_clear(&s);
	odp_flow_format(f, NULL, false, NULL, &s);
	return str_cstr(&s);
}

static void check_offset(uint16_t ofs, size_t n)
{
	assert_true(ofs == PACKET_NO_OFS || ofs <= n);
}

static void check_against_slow(const char *name, const uint8_t *octets, size_t n)
{
	struct octets o = { octets, n };
	struct miniflow_buf b, again;
	struct packet *p = tight_packet(octets, n);
	enum drop_reason r = miniflow_extract(p, &b);
	struct flow want, got;

	if (!slow_parse(&o, &want)) {
		assert_int_equal(r, DROP_RUNT);
		packet_release(p);
		return;
	}
	assert_int_equal(r, DROP_NONE);
	miniflow_expand(&b.mf, &got);
	if (!flow_equal(&want, &got)) {
		char *text = xstrdup(describe(&want));

		fail_msg("%s, %zu octets:\n  got  %s\n  want %s", name, n, describe(&got), text);
	}
	/* no word of it is 0, so that it is the compact form */
	miniflow_from_flow(&again, &got);
	assert_true(miniflow_equal(&b.mf, &again.mf));
	assert_int_equal(miniflow_hash(&b.mf, 5), flow_hash(&got, 5));
	check_offset(p->l2_5_ofs, n);
	check_offset(p->l3_ofs, n);
	check_offset(p->l4_ofs, n);
	packet_release(p);
}

static void test_cut_everywhere(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
		uint8_t octets[FRAME_MAX];
		size_t n = frame_octets(frames[i].hex, octets);

		for (size_t cut = 0; cut <= n; cut++)
			check_against_slow(frames[i].name, octets, cut);
	}
}

static void test_changed(void **state)
{
	struct random r = { 3 };

	for (int round = 0; round < (SANITIZED ? 200 : 2000); round++)
		for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
			uint8_t octets[FRAME_MAX];
			size_t n = frame_octets(frames[i].hex, octets);
			unsigned int changes = rnd_below(&r, 4);

			while (changes--)
				octets[rnd_below(&r, n)] = rnd_below(&r, 2) ? rnd(&r)
									    : rnd_below(&r, 8);
			check_against_slow(frames[i].name, octets,
					   rnd_below(&r, 3) ? n : rnd_below(&r, n + 1));
		}
}

static void test_keys(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
		uint8_t octets[FRAME_MAX];
		size_t n = frame_octets(frames[i].hex, octets);
		struct packet *p = tight_packet(octets, n);
		const char *text;
		struct flow f;

		assert_int_equal(flow_extract(p, &f), DROP_NONE);
		text = strstr(describe(&f), "eth(");
		if (strcmp(text, frames[i].key))
			fail_msg("%s:\n  got  %s\n  want %s", frames[i].name, text, frames[i].key);
		packet_release(p);
	}
}

/* Where L2.5, L3 and L4 start. */
static void test_offsets(void **state)
{
	static const struct {
		const char *frame;
		uint16_t l2_5, l3, l4;
	} table[] = {
		{ "tcp", PACKET_NO_OFS, 14, 34 },
		{ "ip options", PACKET_NO_OFS, 14, 38 },
		{ "later fragment", PACKET_NO_OFS, 14, PACKET_NO_OFS },
		{ "vlan", PACKET_NO_OFS, 18, 38 },
		{ "two tags", PACKET_NO_OFS, 22, PACKET_NO_OFS },
		{ "mpls", 14, 18, PACKET_NO_OFS },
		{ "mpls stack of four", 14, 30, PACKET_NO_OFS },
		{ "authentication header", PACKET_NO_OFS, 14, 70 },
		{ "snap", PACKET_NO_OFS, 22, 42 },
		{ "arp", PACKET_NO_OFS, 14, PACKET_NO_OFS },
		{ "ip header length below 5", PACKET_NO_OFS, 14, PACKET_NO_OFS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		bool found = false;

		for (size_t j = 0; j < ARRAY_SIZE(frames); j++) {
			uint8_t octets[FRAME_MAX];
			struct miniflow_buf b;
			struct packet *p;

			if (strcmp(frames[j].name, table[i].frame))
				continue;
			found = true;
			p = tight_packet(octets, frame_octets(frames[j].hex, octets));
			assert_int_equal(miniflow_extract(p, &b), DROP_NONE);
			assert_int_equal(p->l2_5_ofs, table[i].l2_5);
			assert_int_equal(p->l3_ofs, table[i].l3);
			assert_int_equal(p->l4_ofs, table[i].l4);
			packet_release(p);
		}
		assert_true(found);
	}
}

static void test_metadata(void **state)
{
	uint8_t octets[FRAME_MAX];
	size_t n = frame_octets(frames[1].hex, octets);
	struct packet *p = tight_packet(octets, n);
	struct packet_md md;
	struct flow f, g;

	p->md.skb_priority = 1;
	p->md.pkt_mark = 2;
	p->md.recirc_id = 3;
	p->md.dp_hash = 4;
	p->md.ct_mark = 5; /* not tracked: not in the key */
	memset(&p->md.tunnel, 0xee, sizeof(p->md.tunnel)); /* not there either */
	assert_int_equal(flow_extract(p, &f), DROP_NONE);
	assert_int_equal(f.skb_priority, 1);
	assert_int_equal(f.pkt_mark, 2);
	assert_int_equal(f.recirc_id, 3);
	assert_int_equal(f.dp_hash, 4);
	assert_int_equal(f.in_port, 7);
	assert_int_equal(f.ct_mark, 0);
	assert_false(flow_tnl_is_set(&f.tunnel));

	memset(&p->md.tunnel, 0, sizeof(p->md.tunnel));
	p->md.has_tunnel = true;
	p->md.tunnel.ip_dst = htonl(0x01020304);
	p->md.tunnel.tun_id = 9;
	p->md.tunnel.tun_opts_len = 4;
	p->md.tunnel.opts[0] = 1;
	p->md.ct_state = 0x21;
	p->md.ct_zone = 6;
	p->md.ct_label.hi = 7;
	p->md.ct_label.lo = 8;
	p->md.ct_nw_proto = 6;
	p->md.ct_ip_src = htonl(0x05060708);
	p->md.ct_tp_dst = htons(99);
	assert_int_equal(flow_extract(p, &f), DROP_NONE);
	assert_memory_equal(&f.tunnel, &p->md.tunnel, sizeof(f.tunnel));
	assert_int_equal(f.ct_state, 0x21);
	assert_int_equal(f.ct_zone, 6);
	assert_int_equal(f.ct_mark, 5);
	assert_int_equal(f.ct_label.hi, 7);
	assert_int_equal(f.ct_label.lo, 8);
	assert_int_equal(f.ct_ip_src, htonl(0x05060708));
	assert_int_equal(f.ct_tp_dst, htons(99));
	assert_int_equal(f.tp_dst, htons(80));
	/* and back */
	flow_to_packet_md(&f, &md);
	p->md = md;
	assert_int_equal(flow_extract(p, &g), DROP_NONE);
	assert_true(flow_equal(&f, &g));
	packet_release(p);
}

static void test_packet_types(void **state)
{
	uint8_t octets[FRAME_MAX];
	size_t n = frame_octets(frames[1].hex, octets);
	struct packet *p = tight_packet(octets + 14, n - 14);
	struct flow f;

	p->packet_type = htonl(1 << 16 | 0x800);
	assert_int_equal(flow_extract(p, &f), DROP_NONE);
	assert_int_equal(f.packet_type, htonl(1 << 16 | 0x800));
	assert_int_equal(f.eth_type, htons(0x800));
	assert_int_equal(f.tp_dst, htons(80));
	assert_int_equal(p->l3_ofs, 0);
	assert_int_equal(p->l4_ofs, 20);
	packet_release(p);
	/* one octet is no runt without Ethernet header */
	p = tight_packet(octets + 14, 0);
	p->packet_type = htonl(1 << 16 | 0x86dd);
	assert_int_equal(flow_extract(p, &f), DROP_NONE);
	packet_release(p);
}

static void test_vlan_limit(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
		uint8_t octets[FRAME_MAX];
		struct packet *p;
		struct flow f;

		if (strcmp(frames[i].name, "two tags"))
			continue;
		p = tight_packet(octets, frame_octets(frames[i].hex, octets));
		flow_set_vlan_limit(1);
		assert_int_equal(flow_extract(p, &f), DROP_NONE);
		assert_int_equal(flow_n_vlans(&f), 1);
		assert_int_equal(f.eth_type, htons(0x8100));
		flow_set_vlan_limit(0);
		assert_int_equal(flow_extract(p, &f), DROP_NONE);
		assert_int_equal(flow_n_vlans(&f), 2);
		packet_release(p);
	}
}

/* A long frame: offsets have 16 bits. */
static void test_giant(void **state)
{
	size_t n = 200000;
	uint8_t *octets = calloc(1, n);
	struct packet *p;
	struct flow f;

	memset(octets, 0, n);
	octets[12] = 0x88;
	octets[13] = 0x47; /* an endless stack of labels */
	p = tight_packet(octets, n);
	assert_int_equal(flow_extract(p, &f), DROP_NONE);
	check_offset(p->l3_ofs, n);
	assert_true(p->l3_ofs > 65000); /* did not begin anew at 0 */
	packet_release(p);
	free(octets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_everywhere), cmocka_unit_test(test_changed),
		cmocka_unit_test(test_keys),           cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_metadata),       cmocka_unit_test(test_packet_types),
		cmocka_unit_test(test_vlan_limit),     cmocka_unit_test(test_giant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
