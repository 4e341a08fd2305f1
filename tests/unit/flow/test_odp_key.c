// SPDX-License-Identifier: Apache-2.0
/* Keys and masks as attributes and as text: there and back for random ones, and what comes from
 * outside: octets changed, cut, repeated. */
#include "flow/odp.h"

#include <stdlib.h>

#include "base/str.h"
#include "base/util.h"
#include "flow/odp_attr.h"
#include "tests/unit/flow/frames.h"
#include "tests/unit/flow/unit.h"

static struct random seed = { 17 };

static void maybe(void *member, size_t n)
{
	if (!rnd_below(&seed, 3))
		rnd_octets(&seed, member, n);
}
#define MAYBE(MEMBER) maybe(&(MEMBER), sizeof(MEMBER))

/* A key that a packet could have. */
static void random_key(struct flow *f)
{
	uint8_t octets[FRAME_MAX];
	const struct frame *frame = &frames[rnd_below(&seed, ARRAY_SIZE(frames))];
	size_t n = frame_octets(frame->hex, octets);
	struct packet *p;

	for (unsigned int i = rnd_below(&seed, 3); i; i--)
		octets[rnd_below(&seed, n)] = rnd(&seed);
	p = packet_create_data(octets, n);
	p->md.in_port = rnd_below(&seed, 4);
	p->md.recirc_id = rnd_below(&seed, 2) * 5;
	MAYBE(p->md.dp_hash);
	MAYBE(p->md.skb_priority);
	MAYBE(p->md.pkt_mark);
	if (!rnd_below(&seed, 3)) {
		p->md.ct_state = 0x20 | rnd_below(&seed, 256);
		MAYBE(p->md.ct_zone);
		MAYBE(p->md.ct_mark);
		MAYBE(p->md.ct_label);
		p->md.ct_nw_proto = rnd_below(&seed, 2) * 6;
		if (p->md.ct_nw_proto) {
			MAYBE(p->md.ct_tp_src);
			MAYBE(p->md.ct_ip_src);
			MAYBE(p->md.ct_ipv6_dst);
		}
	}
	if (!rnd_below(&seed, 3)) {
		struct flow_tnl *t = &p->md.tunnel;

		memset(t, 0, sizeof(*t));
		p->md.has_tunnel = true;
		if (rnd_below(&seed, 2)) {
			t->ip_dst = htonl(1 + rnd(&seed) / 2);
			MAYBE(t->ip_src);
		} else {
			t->ipv6_dst.s6_addr[0] = 0xfe;
			MAYBE(t->ipv6_src);
		}
		t->flags = rnd_below(&seed, 16);
		if (t->flags & FLOW_TNL_F_KEY)
			MAYBE(t->tun_id);
		MAYBE(t->ip_tos);
		MAYBE(t->ip_ttl);
		MAYBE(t->tp_src);
		MAYBE(t->tp_dst);
		switch (rnd_below(&seed, 5)) {
		case 0:
			MAYBE(t->gbp_id);
			MAYBE(t->gbp_flags);
			break;
		case 1:
			t->erspan_ver = 1;
			t->erspan_idx = rnd_below(&seed, 1 << 20);
			break;
		case 2:
			t->erspan_ver = 2;
			t->erspan_dir = rnd_below(&seed, 2);
			t->erspan_hwid = rnd_below(&seed, 64);
			break;
		case 3:
			MAYBE(t->gtpu_flags);
			MAYBE(t->gtpu_msgtype);
			break;
		case 4:
			/* two options, of 4 octets and of none */
			t->tun_opts_len = 12;
			rnd_octets(&seed, t->opts, 12);
			t->opts[3] = 1;
			t->opts[11] = 0;
			break;
		}
	}
	if (flow_extract(p, f))
		fail();
	packet_release(p);
}

static const char *describe(const struct flow *f, const struct flow_mask *m)
{
	static struct str s;

	str_clear(&s);
	odp_flow_format(f, m, true, NULL, &s);
	return str_cstr(&s);
}

/* What attributes have no place for. */
static void forget(struct flow *f)
{
	f->igmp_group = 0;
	f->nd_reserved = 0;
	f->nd_options_type = 0;
	if (f->eth_type == htons(0x0800) && f->ip_proto == IPPROTO_IGMP)
		f->tp_src = f->tp_dst = 0;
	if (!f->ct_nw_proto || (f->eth_type != htons(0x0800) && f->eth_type != htons(0x86dd))) {
		f->ct_nw_proto = 0;
		f->ct_tp_src = f->ct_tp_dst = 0;
	}
	if (f->eth_type != htons(0x0800) || !f->ct_nw_proto)
		f->ct_ip_src = f->ct_ip_dst = 0;
	if (f->eth_type != htons(0x86dd) || !f->ct_nw_proto) {
		memset(&f->ct_ipv6_src, 0, 16);
		memset(&f->ct_ipv6_dst, 0, 16);
	}
}

static void test_round_trip(void **state)
{
	for (int round = 0; round < (SANITIZED ? 5000 : 40000); round++) {
		struct odp_buf b = { 0 }, m = { 0 };
		struct flow_mask mask, got_mask;
		struct flow f, got;
		char *err = NULL;

		random_key(&f);
		odp_key_encode(&b, &f);
		if (odp_key_decode(b.data, b.len, &got, &err) != ODP_FIT_PERFECT)
			fail_msg("%s: %s", describe(&f, NULL), err ? err : "not perfect");
		forget(&f);
		if (!flow_equal(&f, &got)) {
			char *text = xstrdup(describe(&f, NULL));

			fail_msg("got  %s\nwant %s", describe(&got, NULL), text);
		}
		/* the mask of a packet, as the kernel gets it */
		flow_mask_init_for_packet(&mask, &f);
		odp_mask_encode(&m, &f, &mask);
		assert_int_equal(odp_mask_decode(m.data, m.len, &f, &got_mask, &err),
				 ODP_FIT_PERFECT);
		/* encoded again it is the same */
		odp_buf_clear(&b);
		odp_mask_encode(&b, &f, &got_mask);
		assert_int_equal(b.len, m.len);
		assert_memory_equal(b.data, m.data, b.len);
		/* what it matches it still matches */
		assert_int_equal(got_mask.masks.eth_type, 0xffff);
		assert_int_equal(got_mask.masks.in_port, UINT32_MAX);
		assert_memory_equal(&got_mask.masks.ip_src, &mask.masks.ip_src, 8);
		assert_memory_equal(&got_mask.masks.ipv6_src, &mask.masks.ipv6_src, 32);
		assert_int_equal(got_mask.masks.tp_src && f.ip_proto != 2,
				 mask.masks.tp_src && f.ip_proto != 2);
		odp_buf_uninit(&b);
		odp_buf_uninit(&m);
	}
}

/* A mask as translation could leave it for this key. */
static void random_mask(const struct flow *f, struct flow_mask *mask)
{
	struct flow_mask full, random;

	flow_mask_init_for_packet(&full, f);
	rnd_octets(&seed, &random, sizeof(random));
	for (size_t i = 0; i < sizeof(full); i++) {
		uint8_t *m = (uint8_t *)mask + i;
		const uint8_t *a = (const uint8_t *)&full + i, *b = (const uint8_t *)&random + i;

		*m = rnd_below(&seed, 3) ? *a : rnd_below(&seed, 2) ? 0 : *a & *b;
	}
	/* what text takes for granted */
	MASK_FIELD(mask, recirc_id);
	MASK_FIELD(mask, eth_type);
	MASK_FIELD(mask, packet_type);
	for (unsigned int i = 0; i < FLOW_MAX_VLANS; i++) {
		MASK_FIELD(mask, vlans[i].tpid);
		if (i >= flow_n_vlans(f))
			MASK_FIELD(mask, vlans[i].tci);
		else
			mask->masks.vlans[i].tci |= htons(VLAN_CFI);
	}
	mask->masks.ip_frag = full.masks.ip_frag;
	if (full.masks.ipv6_label && ntohl(mask->masks.ipv6_label) != UINT32_MAX)
		mask->masks.ipv6_label &= htonl(0x7ffff);
	if (ntohs(mask->masks.tcp_flags) != 0xffff)
		mask->masks.tcp_flags &= htons(0x7ff);
	memset(&mask->masks.metadata, 0, sizeof(mask->masks.metadata));
	memset(mask->masks.regs, 0, sizeof(mask->masks.regs));
	mask->masks.conj_id = mask->masks.actset_output = 0;
	mask->masks.igmp_group = 0;
	if (f->ip_proto == IPPROTO_IGMP || f->ip_proto == IPPROTO_ICMP ||
	    f->ip_proto == IPPROTO_ICMPV6) {
		mask->masks.tp_src = f->ip_proto == IPPROTO_IGMP ? 0 : full.masks.tp_src;
		mask->masks.tp_dst = f->ip_proto == IPPROTO_IGMP ? 0 : full.masks.tp_dst;
	}
	if (!f->ct_nw_proto || (f->eth_type != htons(0x0800) && f->eth_type != htons(0x86dd))) {
		mask->masks.ct_nw_proto = 0;
		mask->masks.ct_tp_src = mask->masks.ct_tp_dst = 0;
	}
	mask->masks.tunnel = full.masks.tunnel;
	if (!flow_tnl_is_set(&f->tunnel)) {
		memset(&mask->masks.tunnel, 0, sizeof(mask->masks.tunnel));
	} else {
		struct flow_tnl *t = &mask->masks.tunnel;

		if (rnd_below(&seed, 2))
			t->ip_tos = 0;
		if (rnd_below(&seed, 2))
			t->tun_id &= htobe64(0xff00);
		t->flags = rnd_below(&seed, 2) ? 0xffff : 0;
		if (!t->flags)
			t->tun_id = 0; /* else the key flag comes with it */
		t->metadata_present = 0;
		if (!f->tunnel.tun_opts_len)
			t->tun_opts_len = 0;
		if (f->tunnel.ip_dst && !f->tunnel.ip_src)
			t->ip_src = 0; /* an address of 0 is not shown */
	}
}

/* The text of the parsed text is the text; masks and values agree. */
static void test_text_round_trip(void **state)
{
	for (int round = 0; round < (SANITIZED ? 5000 : 40000); round++) {
		struct flow_mask mask, mask2;
		struct flow f, f2;
		char *text, *err;

		random_key(&f);
		random_mask(&f, &mask);
		text = xstrdup(describe(&f, &mask));
		err = odp_flow_parse(text, NULL, &f2, &mask2);
		if (err)
			fail_msg("%s: %s", text, err);
		if (strcmp(describe(&f2, &mask2), text))
			fail_msg("\n%s\n%s", text, describe(&f2, &mask2));
		if (!flow_equal(&mask.masks, &mask2.masks)) {
			for (size_t i = 0; i < sizeof(mask); i++)
				if (((uint8_t *)&mask)[i] != ((uint8_t *)&mask2)[i])
					fail_msg("%s: octet %zu of the mask is %x, not %x", text, i,
						 ((uint8_t *)&mask2)[i], ((uint8_t *)&mask)[i]);
		}
		assert_true(flow_equal_in_mask(&f, &f2, &mask));
		free(text);
	}
}

/* ---- from outside
 * ------------------------------------------------------------------------------ */

static void test_changed(void **state)
{
	unsigned int n_errors = 0, n_fit = 0;

	for (int round = 0; round < (SANITIZED ? 20000 : 200000); round++) {
		struct odp_buf b = { 0 };
		struct flow_mask mask;
		struct flow f, got;
		char *err = NULL;
		uint8_t *octets;
		size_t n;

		random_key(&f);
		odp_key_encode(&b, &f);
		n = rnd_below(&seed, 4) ? b.len : rnd_below(&seed, b.len + 1);
		octets = xmalloc(n + 1);
		memcpy(octets, b.data, n);
		for (unsigned int i = rnd_below(&seed, 4); i && n; i--)
			octets[rnd_below(&seed, n)] = rnd_below(&seed, 2) ? rnd(&seed)
									  : rnd_below(&seed, 40);
		if (odp_key_decode(octets, n, &got, &err) == ODP_FIT_ERROR) {
			assert_non_null(err);
			n_errors++;
		} else {
			assert_null(err);
			n_fit++;
			describe(&got, NULL);
		}
		free(err);
		if (odp_mask_decode(octets, n, &f, &mask, NULL) != ODP_FIT_ERROR)
			describe(&f, &mask);
		free(octets);
		odp_buf_uninit(&b);
	}
	assert_true(n_errors > 100 && n_fit > 100);
}

static void put_eth(struct odp_buf *b)
{
	struct ovs_key_ethernet eth = { { 0 }, { 0 } };

	odp_put(b, OVS_KEY_ATTR_ETHERNET, &eth, sizeof(eth));
}

static enum odp_fitness decode(const struct odp_buf *b, struct flow *f, const char *want_error)
{
	char *err;
	enum odp_fitness fit = odp_key_decode(b->data, b->len, f, &err);

	if (want_error) {
		assert_int_equal(fit, ODP_FIT_ERROR);
		if (!strstr(err, want_error))
			fail_msg("%s", err);
	} else if (err) {
		fail_msg("%s", err);
	}
	free(err);
	return fit;
}

static void test_fitness(void **state)
{
	struct ovs_key_ipv4 ip = { .ipv4_proto = IPPROTO_TCP };
	struct ovs_key_tcp tcp = { 1, 2 };
	be32 lses[5] = { 0 };
	struct odp_buf b = { 0 };
	struct flow f;
	size_t nest, nests[2];

	decode(&b, &f, "neither Ethernet");

	put_eth(&b);
	assert_int_equal(decode(&b, &f, NULL), ODP_FIT_PERFECT);
	assert_int_equal(f.eth_type, htons(0x05ff));
	assert_int_equal(f.in_port, FLOW_PORT_NONE);

	/* IPv4 without its header, then without TCP's, then whole, then with more than that */
	odp_put_u16(&b, OVS_KEY_ATTR_ETHERTYPE, htons(0x0800));
	assert_int_equal(decode(&b, &f, NULL), ODP_FIT_TOO_LITTLE);
	odp_put(&b, OVS_KEY_ATTR_IPV4, &ip, sizeof(ip));
	assert_int_equal(decode(&b, &f, NULL), ODP_FIT_TOO_LITTLE);
	odp_put(&b, OVS_KEY_ATTR_TCP, &tcp, sizeof(tcp));
	assert_int_equal(decode(&b, &f, NULL), ODP_FIT_PERFECT);
	odp_put(&b, OVS_KEY_ATTR_UDP, &tcp, sizeof(tcp));
	assert_int_equal(decode(&b, &f, NULL), ODP_FIT_TOO_MUCH);
	odp_put(&b, 60, &tcp, sizeof(tcp));
	assert_int_equal(decode(&b, &f, NULL), ODP_FIT_TOO_MUCH);
	put_eth(&b);
	decode(&b, &f, "attribute 4 is there twice");

	odp_buf_clear(&b);
	odp_put_u16(&b, OVS_KEY_ATTR_RECIRC_ID, 0);
	decode(&b, &f, "attribute 20 has 2 octets instead of 4");

	/* more labels than a key holds */
	odp_buf_clear(&b);
	put_eth(&b);
	odp_put_u16(&b, OVS_KEY_ATTR_ETHERTYPE, htons(0x8847));
	odp_put(&b, OVS_KEY_ATTR_MPLS, lses, 20);
	assert_int_equal(decode(&b, &f, NULL), ODP_FIT_TOO_MUCH);
	b.len -= 24;
	odp_put(&b, OVS_KEY_ATTR_MPLS, lses, 6);
	decode(&b, &f, "MPLS attribute of 6 octets");

	/* tags */
	odp_buf_clear(&b);
	put_eth(&b);
	odp_put_u16(&b, OVS_KEY_ATTR_ETHERTYPE, htons(0x0800));
	odp_put_u16(&b, OVS_KEY_ATTR_VLAN, htons(VLAN_CFI));
	decode(&b, &f, "a VLAN tag behind EtherType 0x0800");
	odp_buf_clear(&b);
	put_eth(&b);
	odp_put_u16(&b, OVS_KEY_ATTR_ETHERTYPE, htons(0x8100));
	odp_put_u16(&b, OVS_KEY_ATTR_VLAN, htons(VLAN_CFI | 1));
	decode(&b, &f, "a VLAN tag with nothing behind it");
	nest = odp_nest_begin(&b, OVS_KEY_ATTR_ENCAP);
	for (int i = 0; i < 2; i++) {
		odp_put_u16(&b, OVS_KEY_ATTR_ETHERTYPE, htons(0x8100));
		odp_put_u16(&b, OVS_KEY_ATTR_VLAN, htons(VLAN_CFI | 1));
		nests[i] = odp_nest_begin(&b, OVS_KEY_ATTR_ENCAP);
	}
	odp_nest_end(&b, nests[1]);
	odp_nest_end(&b, nests[0]);
	odp_nest_end(&b, nest);
	decode(&b, &f, "more than 2 VLAN tags");
	b.len = nest;
	b.len -= 8;
	odp_put_u16(&b, OVS_KEY_ATTR_VLAN, htons(1));
	decode(&b, &f, "a VLAN tag without CFI bit");
	b.len -= 8;
	odp_put_u16(&b, OVS_KEY_ATTR_VLAN, 0);
	odp_nest_end(&b, odp_nest_begin(&b, OVS_KEY_ATTR_ENCAP));
	assert_int_equal(decode(&b, &f, NULL), ODP_FIT_PERFECT);
	assert_int_equal(f.eth_type, htons(0x8100));
	assert_int_equal(flow_n_vlans(&f), 0);

	/* no Ethernet header */
	odp_buf_clear(&b);
	odp_put_u16(&b, OVS_KEY_ATTR_ETHERTYPE, htons(0x0806));
	assert_int_equal(decode(&b, &f, NULL), ODP_FIT_TOO_LITTLE);
	assert_int_equal(f.packet_type, htonl(1 << 16 | 0x0806));
	odp_buf_uninit(&b);
}

static void test_nest_too_long(void **state)
{
	struct odp_buf b = { 0 };
	size_t nest = odp_nest_begin(&b, OVS_ACTION_ATTR_CLONE);
	char *err;

	for (int i = 0; i < 9000; i++)
		odp_put_u32(&b, OVS_ACTION_ATTR_OUTPUT, i);
	odp_nest_end(&b, nest);
	assert_true(b.overflow);
	assert_int_equal(b.len, nest + 4);
	odp_buf_clear(&b);
	for (int i = 0; i < 9000; i++)
		odp_put_u32(&b, OVS_ACTION_ATTR_OUTPUT, i);
	err = odp_actions_check(b.data, b.len);
	assert_non_null(err);
	free(err);
	odp_buf_uninit(&b);
}

static void test_stack_room(void **state)
{
	uint32_t room[8];
	struct odp_buf b;

	odp_buf_init_stack(&b, room, sizeof(room));
	odp_put_u32(&b, 1, 5);
	assert_ptr_equal(b.data, room);
	for (int i = 0; i < 100; i++)
		odp_put_u32(&b, 1, 5);
	assert_ptr_not_equal(b.data, room);
	assert_int_equal(room[1], 5);
	assert_int_equal(b.len, 101 * 8);
	assert_null(odp_actions_check(b.data, b.len));
	odp_buf_uninit(&b);
}

static void test_ufid(void **state)
{
	struct flow_mask mask;
	struct ufid a, b;
	struct flow f;

	random_key(&f);
	flow_mask_init_for_packet(&mask, &f);
	ufid_of_flow(&a, &f, &mask);
	f.regs[7] = 3; /* matched: metadata is, in a microflow */
	ufid_of_flow(&b, &f, &mask);
	assert_memory_not_equal(&a, &b, sizeof(a));
	memset(&mask.masks.regs[7], 0, 4);
	ufid_of_flow(&a, &f, &mask);
	f.regs[7] = 4; /* not matched */
	ufid_of_flow(&b, &f, &mask);
	assert_memory_equal(&a, &b, sizeof(a));
	mask.masks.regs[7] = 8; /* the mask itself counts */
	ufid_of_flow(&b, &f, &mask);
	assert_memory_not_equal(&a, &b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fitness),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_nest_too_long),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_text_round_trip),
		cmocka_unit_test(test_stack_room),
		cmocka_unit_test(test_ufid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
