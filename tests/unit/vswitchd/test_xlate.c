// SPDX-License-Identifier: Apache-2.0
/* Translation by NORMAL: which actions a frame gets, what its megaflow matches, what it teaches. */
#include "pipeline/xlate.h"

#include "base/clock.h"
#include "base/thread.h"
#include "tests/unit/vswitchd/topology.h"

#define ETH(SRC, DST) "eth(src=02:00:00:00:00:" #SRC ",dst=02:00:00:00:00:" #DST ")"
#define BCAST(SRC) "eth(src=02:00:00:00:00:" #SRC ",dst=ff:ff:ff:ff:ff:ff)"
#define TO(SRC, DST) "eth(src=02:00:00:00:00:" #SRC ",dst=" DST ")"
#define TYPE "eth_type(0x88b5)"
#define TAG(VID) "eth_type(0x8100),vlan(vid=" #VID ",pcp=0),encap(" TYPE ")"
#define PTAG(VID, PCP) "eth_type(0x8100),vlan(vid=" #VID ",pcp=" #PCP "),encap(" TYPE ")"
#define STAG(VID, INNER) "eth_type(0x88a8),vlan(vid=" #VID ",pcp=0),encap(" INNER ")"
#define IN(PORT) "recirc_id(0),in_port(" #PORT "),packet_type(ns=0,id=0),"

/* Translates 'key' and, if 'teach', applies its effects.  Texts of the megaflow and its actions;
 * the drop. */
static enum drop_reason translate(struct topology *t, const char *key, bool teach,
				  struct str *match, struct str *actions)
{
	struct xlate_out out = { 0 };
	struct flow_mask unused;
	struct flow flow;
	enum drop_reason drop;
	char *err;

	err = odp_flow_parse(key, NULL, &flow, &unused);
	if (err)
		fail_msg("%s: %s", key, err);
	rcu_enter();
	xlate(t->dp, &flow, &out);
	if (teach)
		effects_packet(&out.effects, 60);
	rcu_leave();
	if (match)
		odp_flow_format(&flow, &out.mask, false, NULL, match);
	if (actions)
		odp_actions_format(out.actions.data, out.actions.len, NULL, actions);
	drop = out.drop;
	xlate_out_uninit(&out);
	odp_buf_uninit(&out.actions);
	return drop;
}

struct row {
	const char *name;
	const char *topology;
	const char *taught; /* frames that came before: keys, separated by blanks */
	const char *key;
	const char *actions;
	enum drop_reason drop;
};

#define MODES                                                                                      \
	"br0: p1 access=10, p2 trunks=10/20, p3 native-tagged=10 trunks=20, "                      \
	"p4 native-untagged=10 trunks=20, p5, p6 access=20"

static const struct row rows[] = {
	/* What comes in badly. */
	{ "a port nobody knows", "br0: p1, p2", NULL, IN(9) BCAST(1) "," TYPE, "drop",
	  DROP_UNKNOWN_INPUT_PORT },
	{ "a port that is down", "br0: p1 down, p2", NULL, IN(1) BCAST(1) "," TYPE, "drop",
	  DROP_PORT_BLOCKED },
	{ "nobody else there", "br0: p1", NULL, IN(1) BCAST(1) "," TYPE, "drop", DROP_NO_OUTPUT },
	{ "the only other port is down", "br0: p1, p2 down", NULL, IN(1) BCAST(1) "," TYPE, "drop",
	  DROP_PORT_BLOCKED },

	/* Learning. */
	{ "flood", "br0: p1, p2, p3", NULL, IN(1) ETH(01, 02) "," TYPE, "2,3", DROP_NONE },
	{ "known", "br0: p1, p2, p3", IN(2) BCAST(02) "," TYPE, IN(1) ETH(01, 02) "," TYPE, "2",
	  DROP_NONE },
	{ "known here", "br0: p1, p2", IN(1) BCAST(02) "," TYPE, IN(1) ETH(01, 02) "," TYPE, "drop",
	  DROP_SAME_PORT },
	{ "known in another VLAN", "br0: p1, p2, p3", IN(2) BCAST(02) "," TAG(7),
	  IN(1) ETH(01, 02) "," TAG(8), "2,3", DROP_NONE },
	{ "moved", "br0: p1, p2, p3", IN(2) BCAST(02) "," TYPE " " IN(3) BCAST(02) "," TYPE,
	  IN(1) ETH(01, 02) "," TYPE, "3", DROP_NONE },
	{ "a group source is not learned", "br0: p1, p2, p3",
	  IN(2) "eth(src=03:00:00:00:00:02,dst=ff:ff:ff:ff:ff:ff)," TYPE,
	  IN(1) TO(01, "03:00:00:00:00:02") "," TYPE, "2,3", DROP_NONE },
	{ "known on a port that is down", "br0: p1, p2 down, p3", NULL, IN(1) ETH(01, 02) "," TYPE,
	  "3", DROP_NONE },

	/* VLANs in, VLANs out. */
	{ "access, untagged", MODES, NULL, IN(1) BCAST(01) "," TYPE,
	  "4,push_vlan(vid=10,pcp=0),2,3,5", DROP_NONE },
	{ "access, tagged", MODES, NULL, IN(1) BCAST(01) "," TAG(10), "drop",
	  DROP_TAGGED_ON_ACCESS },
	{ "access, priority tag", MODES, NULL, IN(1) BCAST(01) "," PTAG(0, 3),
	  "pop_vlan,4,push_vlan(vid=10,pcp=3),2,3,5", DROP_NONE },
	{ "access, a tag behind a priority tag", MODES, NULL,
	  IN(1) BCAST(01) ",eth_type(0x8100),vlan(vid=0,pcp=3),encap(" TAG(20) ")", "drop",
	  DROP_INVALID_VLAN },
	{ "trunk, a tag behind a priority tag", MODES, NULL,
	  IN(2) BCAST(01) ",eth_type(0x8100),vlan(vid=0,pcp=3),encap(" TAG(30) ")", "drop",
	  DROP_INVALID_VLAN },
	{ "trunk, its VLAN", MODES, NULL, IN(2) BCAST(01) "," TAG(10), "3,5,pop_vlan,1,4",
	  DROP_NONE },
	{ "trunk, another VLAN", MODES, NULL, IN(2) BCAST(01) "," TAG(30), "drop",
	  DROP_INVALID_VLAN },
	{ "trunk, untagged", MODES, NULL, IN(2) BCAST(01) "," TYPE, "drop", DROP_INVALID_VLAN },
	{ "trunk of all, untagged", "br0: p1, p2, p3 trunks=0/5, p4 access=1", NULL,
	  IN(1) BCAST(01) "," TYPE, "2,3", DROP_NONE },
	{ "trunk of all, a VLAN nobody has", "br0: p1, p2 trunks=5", NULL,
	  IN(1) BCAST(01) "," TAG(6), "drop", DROP_NO_OUTPUT },
	{ "native-tagged, untagged", MODES, NULL, IN(3) BCAST(01) "," TYPE,
	  "1,4,push_vlan(vid=10,pcp=0),2,5", DROP_NONE },
	{ "native-tagged, tagged with it", MODES, NULL, IN(3) BCAST(01) "," TAG(10),
	  "2,5,pop_vlan,1,4", DROP_NONE },
	{ "native-tagged, a trunked VLAN", MODES, NULL, IN(3) BCAST(01) "," TAG(20),
	  "2,4,5,pop_vlan,6", DROP_NONE },
	{ "native-tagged, another VLAN", MODES, NULL, IN(3) BCAST(01) "," TAG(30), "drop",
	  DROP_INVALID_VLAN },
	{ "native-untagged, untagged", MODES, NULL, IN(4) BCAST(01) "," TYPE,
	  "1,push_vlan(vid=10,pcp=0),2,3,5", DROP_NONE },
	{ "unicast to an access port", MODES, IN(1) BCAST(02) "," TYPE,
	  IN(5) ETH(01, 02) "," PTAG(10, 5), "pop_vlan,1", DROP_NONE },
	{ "unicast to a trunk", MODES, IN(2) BCAST(02) "," TAG(10), IN(1) ETH(01, 02) "," TYPE,
	  "push_vlan(vid=10,pcp=0),2", DROP_NONE },
	{ "priority tags if nonzero, zero", "br0: p1, p2 access=10 prio=if-nonzero", NULL,
	  IN(1) BCAST(01) "," PTAG(10, 0), "pop_vlan,2", DROP_NONE },
	{ "priority tags if nonzero, 4", "br0: p1, p2 access=10 prio=if-nonzero", NULL,
	  IN(1) BCAST(01) "," PTAG(10, 4), "pop_vlan,push_vlan(vid=0,pcp=4),2", DROP_NONE },
	{ "priority tags always", "br0: p1, p2 access=10 prio=always", NULL,
	  IN(1) BCAST(01) "," PTAG(10, 0), "pop_vlan,push_vlan(vid=0,pcp=0),2", DROP_NONE },

	/* 802.1ad. */
	{ "tunnel, customer tag", "br0: p1 tunnel=100, p2 tunnel=100, p3 trunks=100", NULL,
	  IN(1) BCAST(01) "," TAG(5), "2,push_vlan(tpid=0x88a8,vid=100,pcp=0),3", DROP_NONE },
	{ "tunnel, untagged", "br0: p1 tunnel=100, p2 tunnel=100, p3 trunks=100", NULL,
	  IN(1) BCAST(01) "," TYPE, "2,push_vlan(tpid=0x88a8,vid=100,pcp=0),3", DROP_NONE },
	{ "tunnel, 802.1Q service tag", "br0: p1 tunnel=100 qinq=802.1q, p3 trunks=100", NULL,
	  IN(1) BCAST(01) "," TAG(5), "push_vlan(vid=100,pcp=0),3", DROP_NONE },
	{ "tunnel, of its customer VLANs", "br0: p1 tunnel=100 cvlans=5/6, p2", NULL,
	  IN(1) BCAST(01) "," TAG(6), "push_vlan(tpid=0x88a8,vid=100,pcp=0),2", DROP_NONE },
	{ "tunnel, another customer VLAN", "br0: p1 tunnel=100 cvlans=5/6, p2", NULL,
	  IN(1) BCAST(01) "," TAG(7), "drop", DROP_INVALID_VLAN },
	{ "out of a tunnel", "br0: p1, p2 tunnel=100, p3 tunnel=100 cvlans=6, p4 tunnel=200", NULL,
	  IN(1) BCAST(01) "," STAG(100, TAG(5)), "pop_vlan,2", DROP_NONE },
	{ "out of two tunnels", "br0: p1, p2 tunnel=100, p3 tunnel=100 cvlans=6, p4 tunnel=200",
	  NULL, IN(1) BCAST(01) "," STAG(100, TAG(6)), "pop_vlan,2,3", DROP_NONE },

	/* Addresses that stay. */
	{ "a reserved address", "br0: p1, p2", NULL, IN(1) TO(01, "01:80:c2:00:00:0e") "," TYPE,
	  "drop", DROP_RESERVED_ADDRESS },
	{ "a neighbour of it", "br0: p1, p2", NULL, IN(1) TO(01, "01:80:c2:00:00:10") "," TYPE, "2",
	  DROP_NONE },

	/* Protected ports. */
	{ "protected to all", "br0: p1 protected, p2 protected, p3", NULL, IN(1) BCAST(01) "," TYPE,
	  "3", DROP_NONE },
	{ "protected to protected only", "br0: p1 protected, p2 protected", NULL,
	  IN(1) BCAST(01) "," TYPE, "drop", DROP_PROTECTED_PORT },
	{ "protected, known", "br0: p1 protected, p2 protected, p3", IN(2) BCAST(02) "," TYPE,
	  IN(1) ETH(01, 02) "," TYPE, "drop", DROP_PROTECTED_PORT },
	{ "to protected", "br0: p1 protected, p2 protected, p3", NULL, IN(3) BCAST(01) "," TYPE,
	  "1,2", DROP_NONE },

	/* Patch ports. */
	{ "across", "br0: p1, x patch=y; br1: y patch=x, p2, p3", NULL, IN(1) BCAST(01) "," TYPE,
	  "2,3", DROP_NONE },
	{ "across, known there", "br0: p1, x patch=y; br1: y patch=x, p2, p3",
	  IN(3) BCAST(02) "," TYPE, IN(1) ETH(01, 02) "," TYPE, "3", DROP_NONE },
	{ "a VLAN of either side",
	  "br0: p1 access=10, p4, x patch=y; br1: y patch=x access=7, p2 access=7, p3", NULL,
	  IN(1) BCAST(01) "," TYPE, "push_vlan(vid=10,pcp=0),4", DROP_NONE },
	{ "untagged on the wire between",
	  "br0: p1 access=10, x patch=y access=10; br1: y patch=x access=7, p3", NULL,
	  IN(1) BCAST(01) "," TYPE, "push_vlan(vid=7,pcp=0),3", DROP_NONE },
	{ "tags are put back behind the patch",
	  "br0: p1, x patch=y access=5, p9; br1: y patch=x, p2", NULL, IN(1) BCAST(01) "," TAG(5),
	  "9,pop_vlan,2", DROP_NONE },
	{ "the peer is down", "br0: p1, x patch=y; br1: y patch=x down, p2", NULL,
	  IN(1) BCAST(01) "," TYPE, "drop", DROP_PORT_BLOCKED },
	{ "three in a row", "br0: p1, a patch=b; br1: b patch=a, c patch=d; br2: d patch=c, p2",
	  NULL, IN(1) BCAST(01) "," TYPE, "2", DROP_NONE },
};

static void test_rows(void **state)
{
	unsigned int n_failed = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		struct str match = STR_INIT, actions = STR_INIT;
		struct topology t;
		enum drop_reason drop;
		char *taught = r->taught ? xstrdup(r->taught) : NULL, *save, *key;

		topology_init(&t, r->topology);
		for (key = taught ? strtok_r(taught, " ", &save) : NULL; key;
		     key = strtok_r(NULL, " ", &save))
			translate(&t, key, true, NULL, NULL);
		drop = translate(&t, r->key, false, &match, &actions);
		if (!streq(str_cstr(&actions), r->actions) || drop != r->drop) {
			print_error("%s: %s\n  %s (%s)\n  not %s (%s)\n", r->name, r->key,
				    str_cstr(&actions), drop_reason_name(drop), r->actions,
				    drop_reason_name(r->drop));
			n_failed++;
		}
		free(taught);
		str_uninit(&match);
		str_uninit(&actions);
		topology_uninit(&t);
	}
	assert_int_equal(n_failed, 0);
}

/* What a megaflow matches: these texts are the existing switch's. */
static const struct {
	const char *key, *match;
} masks[] = {
	{ IN(1) ETH(01, 02) ",eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2,proto=6,tos=0,"
			    "ttl=64,frag=no),tcp(src=1,dst=2),tcp_flags(0)",
	  IN(1) ETH(01, 02) ",eth_type(0x0800),ipv4(frag=no)" },
	{ IN(1) ETH(01, 02) ",eth_type(0x86dd),ipv6(src=::1,dst=::2,label=0,proto=17,tclass=0,"
			    "hlimit=1,frag=no),udp(src=1,dst=2)",
	  IN(1) ETH(01, 02) ",eth_type(0x86dd),ipv6(frag=no)" },
	{ IN(1) ETH(01, 02) "," TYPE, IN(1) ETH(01, 02) "," TYPE },
	/* The priority counts where a tag is made of it. */
	{ IN(1) ETH(01, 02) "," PTAG(9, 2),
	  IN(1) ETH(01, 02) ",eth_type(0x8100),vlan(vid=9,pcp=2/0x0),encap(" TYPE ")" },
	{ IN(4) ETH(01, 02) "," PTAG(7, 2), IN(4) ETH(01, 02) "," PTAG(7, 2) },
	/* A VLAN that is not let in is all that counts. */
	{ IN(3) ETH(01, 02) "," PTAG(9, 2),
	  IN(3) ETH(01, 02) ",eth_type(0x8100),vlan(vid=9,pcp=2/0x0),encap(" TYPE ")" },
	/* A broadcast ARP is looked into, whether it is gratuitous; another is not. */
	{ IN(1) BCAST(01) ",eth_type(0x0806),arp(sip=10.0.0.1,tip=10.0.0.2,op=1,"
			  "sha=02:00:00:00:00:01,tha=00:00:00:00:00:00)",
	  IN(1) BCAST(01) ",eth_type(0x0806),arp(sip=10.0.0.1,tip=10.0.0.2,op=1)" },
	{ IN(1) BCAST(01) ",eth_type(0x0806),arp(sip=10.0.0.1,tip=10.0.0.2,op=2,"
			  "sha=02:00:00:00:00:01,tha=00:00:00:00:00:00)",
	  IN(1) BCAST(01) ",eth_type(0x0806),arp(op=2)" },
	{ IN(1) ETH(01, 02) ",eth_type(0x0806),arp(sip=10.0.0.1,tip=10.0.0.2,op=1,"
			    "sha=02:00:00:00:00:01,tha=00:00:00:00:00:00)",
	  IN(1) ETH(01, 02) ",eth_type(0x0806)" },
};

static void test_masks(void **state)
{
	struct topology t;

	(void)state;
	topology_init(&t, "br0: p1, p2, p3 access=1; br1: p4, p5 access=7");
	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		struct str match = STR_INIT;

		translate(&t, masks[i].key, false, &match, NULL);
		assert_string_equal(str_cstr(&match), masks[i].match);
		str_uninit(&match);
	}
	topology_uninit(&t);
}

/* Two packets that one megaflow covers are translated alike: keys at random, each bit that is not
 * matched changed. */
static void test_mask_is_enough(void **state)
{
	uint32_t seed = 7;
	struct topology t;

	(void)state;
	topology_init(&t, MODES
		      ", x patch=y; br1: y patch=x native-untagged=20, p7 tunnel=20 cvlans=3, p8");
	for (unsigned int round = 0; round < 3000; round++) {
		struct xlate_out out = { 0 }, out2 = { 0 };
		uint64_t words[FLOW_U64S];
		const uint64_t *mask = (const uint64_t *)&out.mask.masks;
		struct flow flow, flow2;
		uint8_t *octets = (uint8_t *)&flow2;

		memset(&flow, 0, sizeof(flow));
		seed = seed * 1664525 + 1013904223;
		flow.in_port = 1 + (seed >> 8) % 8;
		flow.eth_src[0] = flow.eth_dst[0] = 2;
		flow.eth_src[5] = 1 + (seed >> 12) % 3;
		flow.eth_dst[5] = 1 + (seed >> 14) % 5;
		if (seed >> 16 & 1)
			memset(flow.eth_dst, 0xff, 6);
		flow.eth_type = htons(seed >> 17 & 1 ? 0x0806 : 0x0800);
		flow.ip_proto = 1 + (seed >> 18 & 1);
		flow.ip_src = htonl(1 + (seed >> 19 & 1));
		flow.ip_dst = htonl(1 + (seed >> 20 & 1));
		if (seed >> 21 & 1) {
			flow.vlans[0].tpid = htons(0x8100);
			flow.vlans[0].tci = htons(0x1000 | ((seed >> 22 & 3) * 10) |
						  (seed >> 24 & 1) << 13);
			if (seed >> 25 & 1) {
				flow.vlans[1].tpid = htons(0x8100);
				flow.vlans[1].tci = htons(0x1000 | (seed >> 26 & 3));
			}
		}
		rcu_enter();
		xlate(t.dp, &flow, &out);
		/* The same in what is matched, anything else in the rest. */
		memcpy(words, &flow, sizeof(words));
		for (size_t i = 0; i < sizeof(flow); i++) {
			seed = seed * 1664525 + 1013904223;
			octets[i] = seed >> 24;
		}
		for (size_t i = 0; i < FLOW_U64S; i++) {
			uint64_t w;

			memcpy(&w, octets + 8 * i, 8);
			w = (words[i] & mask[i]) | (w & ~mask[i]);
			memcpy(octets + 8 * i, &w, 8);
		}
		/* No packet has a tag behind none, nor a TPID without a tag. */
		for (size_t i = 0; i < FLOW_MAX_VLANS; i++) {
			if (!(flow2.vlans[i].tci & htons(VLAN_CFI)) ||
			    (i && !flow2.vlans[i - 1].tpid))
				memset(&flow2.vlans[i], 0, sizeof(flow2.vlans[i]));
		}
		xlate(t.dp, &flow2, &out2);
		if (round % 4 == 0)
			effects_packet(&out.effects, 60);
		rcu_leave();
		if (out.drop != out2.drop || out.effects.n != out2.effects.n ||
		    out.actions.len != out2.actions.len ||
		    memcmp(out.actions.data, out2.actions.data, out.actions.len)) {
			struct str s = STR_INIT;

			odp_flow_format(&flow, &out.mask, false, NULL, &s);
			str_put(&s, " -> ");
			odp_actions_format(out.actions.data, out.actions.len, NULL, &s);
			str_put(&s, "\nbut ");
			odp_flow_format(&flow2, NULL, false, NULL, &s);
			str_put(&s, " -> ");
			odp_actions_format(out2.actions.data, out2.actions.len, NULL, &s);
			fail_msg("%s", str_cstr(&s));
		}
		xlate_out_uninit(&out);
		xlate_out_uninit(&out2);
		odp_buf_uninit(&out.actions);
		odp_buf_uninit(&out2.actions);
	}
	topology_uninit(&t);
}

static void test_forward_bpdu(void **state)
{
	static const char key[] = IN(1) TO(01, "01:80:c2:00:00:00") "," TYPE;
	struct str actions = STR_INIT;
	struct topology t;

	(void)state;
	topology_init(&t, "br0: p1, p2");
	assert_int_equal(translate(&t, key, false, NULL, NULL), DROP_RESERVED_ADDRESS);
	t.bridges[0]->forward_bpdu = true;
	assert_int_equal(translate(&t, key, false, NULL, &actions), DROP_NONE);
	assert_string_equal(str_cstr(&actions), "2");
	str_uninit(&actions);
	topology_uninit(&t);
}

static void test_flood_vlans(void **state)
{
	unsigned long vlans[VLAN_BITMAP_WORDS] = { 0 };
	struct str actions = STR_INIT;
	struct topology t;

	(void)state;
	topology_init(&t, "br0: p1, p2, p3");
	vlan_bitmap_set(vlans, 7);
	fdb_set_flood_vlans(t.bridges[0]->fdb, vlans);
	for (int vid = 7; vid <= 8; vid++) {
		char *key = xasprintf(IN(2) BCAST(
					      02) ",eth_type(0x8100),vlan(vid=%d,pcp=0),encap(" TYPE
						  ")",
				      vid);

		translate(&t, key, true, NULL, NULL);
		free(key);
	}
	translate(&t, IN(1) ETH(01, 02) "," TAG(7), false, NULL, &actions);
	str_putc(&actions, ';');
	translate(&t, IN(1) ETH(01, 02) "," TAG(8), false, NULL, &actions);
	assert_string_equal(str_cstr(&actions), "2,3;2");
	str_uninit(&actions);
	topology_uninit(&t);
}

/* Loops of patch ports end, and cost bounded work; so do chains longer than the limit. */
static void test_loops(void **state)
{
	static const char *const loops[] = {
		"br0: p1, x1 patch=y1, x2 patch=y2; br1: y1 patch=x1, y2 patch=x2, p2",
		/* Every frame is doubled at each crossing. */
		"br0: p1, x1 patch=y1, x2 patch=y2, x3 patch=y3, x4 patch=y4;"
		"br1: y1 patch=x1, y2 patch=x2, y3 patch=x3, y4 patch=x4, p2",
		/* One bridge, wired to itself. */
		"br0: p1, p2, x patch=y, y patch=x",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(loops); i++) {
		struct xlate_out out = { 0 };
		struct topology t;
		struct flow flow;
		struct flow_mask mask;

		topology_init(&t, loops[i]);
		assert_null(odp_flow_parse(IN(1) BCAST(01) "," TYPE, NULL, &flow, &mask));
		rcu_enter();
		xlate(t.dp, &flow, &out);
		effects_packet(&out.effects, 60);
		rcu_leave();
		assert_in_range(out.effects.n, 3, 3 * XLATE_MAX_STEPS);
		assert_true(out.actions.len <= ODP_MAX_ACTIONS_LEN);
		xlate_out_uninit(&out);
		odp_buf_uninit(&out.actions);
		topology_uninit(&t);
	}
}

/* A chain of bridges: p1 - br0 - br1 - ... - p2, one crossing each. */
static void test_depth(void **state)
{
	(void)state;
	for (unsigned int n = 2; n <= 9; n++) {
		struct str text = STR_INIT, actions = STR_INIT;
		struct topology t;

		for (unsigned int i = 0; i < n; i++) {
			str_printf(&text, "br%u: ", i);
			str_printf(&text, i ? "y%u patch=x%u, " : "p1, ", i, i - 1);
			if (i + 1 < n)
				str_printf(&text, "x%u patch=y%u; ", i, i + 1);
			else
				str_put(&text, "p2");
		}
		topology_init(&t, str_cstr(&text));
		assert_int_equal(translate(&t, IN(1) BCAST(01) "," TYPE, false, NULL, &actions),
				 DROP_NONE);
		assert_string_equal(str_cstr(&actions), "2");
		str_uninit(&text);
		str_uninit(&actions);
		topology_uninit(&t);
	}
}

static void test_effects(void **state)
{
	struct xlate_out out = { 0 };
	struct rule_stats stats;
	struct flow_mask mask;
	struct topology t;
	struct xport *x, *y;
	struct flow flow;
	uint64_t seq;

	(void)state;
	topology_init(&t, "br0: p1, x patch=y; br1: y patch=x, p2");
	x = topology_port(&t, "x")->xport;
	y = topology_port(&t, "y")->xport;
	assert_null(odp_flow_parse(IN(1) BCAST(01) "," TYPE, NULL, &flow, &mask));
	rcu_enter();
	xlate(t.dp, &flow, &out);
	effects_packet(&out.effects, 100);
	rcu_leave();
	effects_credit(&out.effects, 10, 1000, clock_ms());
	assert_int_equal(x->tx_packets, 11);
	assert_int_equal(x->rx_packets, 0);
	assert_int_equal(y->rx_packets, 11);
	assert_int_equal(y->rx_bytes, 1100);
	for (size_t i = 0, n = 0; i < out.effects.n; i++) {
		if (out.effects.list[i].type != EFFECT_RULE)
			continue;
		rule_get_stats(out.effects.list[i].rule, &stats);
		assert_int_equal(stats.n_packets, 11);
		assert_int_equal(stats.n_bytes, 1100);
		assert_true(++n <= 2);
	}

	/* Both bridges have learned; the flow keeps that up, until its port has left the VLAN. */
	seq = fdb_change_seq(t.bridges[0]->fdb);
	clock_warp(1000);
	fdb_flush(t.bridges[0]->fdb);
	clock_warp(1000);
	effects_credit(&out.effects, 1, 60, clock_ms());
	assert_int_equal(fdb_change_seq(t.bridges[0]->fdb), seq + 2);
	fdb_flush(t.bridges[0]->fdb);
	clock_warp(1000);
	topology_port(&t, "p1")->vlan.mode = VLAN_ACCESS;
	topology_port(&t, "p1")->vlan.vid = 9;
	topology_publish(topology_port(&t, "p1"));
	effects_credit(&out.effects, 1, 60, clock_ms());
	rcu_enter();
	assert_null(fdb_lookup(t.bridges[0]->fdb, flow.eth_src, 0));
	rcu_leave();
	xlate_out_uninit(&out);
	odp_buf_uninit(&out.actions);
	topology_uninit(&t);
}

/* Workers translate and remember effects while ports, which these name, come and go. */
static struct topology *shared;
static bool stop;

static void *translator(void *port_)
{
	unsigned int port = (unsigned int)(intptr_t)port_;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		struct effects kept[16];

		for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
			struct xlate_out out = { 0 };
			struct flow flow;

			memset(&flow, 0, sizeof(flow));
			flow.in_port = i % 2 ? port : 1;
			flow.eth_src[5] = i;
			memset(flow.eth_dst, 0xff, 6);
			flow.eth_type = htons(0x88b5);
			rcu_enter();
			xlate(shared->dp, &flow, &out);
			effects_packet(&out.effects, 60);
			rcu_leave();
			kept[i] = (struct effects){ 0 };
			effects_swap(&kept[i], &out.effects);
			odp_buf_uninit(&out.actions);
		}
		for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
			effects_credit(&kept[i], 1, 60, clock_ms());
			effects_uninit(&kept[i]);
		}
	}
	return NULL;
}

static void test_threads(void **state)
{
	static const struct vlan_config trunk = { .mode = VLAN_TRUNK };
	struct xbridge *br0, *br1;
	struct topology t;
	pthread_t threads[2];

	(void)state;
	topology_init(&t, "br0: p1; br1: p2");
	shared = &t;
	br0 = topology_bridge(&t, "br0");
	br1 = topology_bridge(&t, "br1");
	for (intptr_t i = 0; i < 2; i++)
		assert_int_equal(thread_create(&threads[i], "translator", translator,
					       (void *)(i + 7)),
				 0);
	for (unsigned int round = 0; round < 600; round++) {
		struct xport *p = xport_create(br0, "p", 7 + round % 2, 10, false);
		struct xport *x = xport_create(br0, "x", DPIF_PORT_NONE, 11, true);
		struct xport *y = xport_create(br1, "y", DPIF_PORT_NONE, 11, true);
		struct xport *all[] = { p, x, y };
		struct xbundle *bundles[3];

		for (size_t i = 0; i < 3; i++) {
			bundles[i] = xbundle_create(all[i]->bridge, "b");
			xbundle_configure(bundles[i], &trunk, false, all[i]);
			rcu_store(&all[i]->bundle, xbundle_ref(bundles[i]));
			xbridge_add_bundle(all[i]->bridge, bundles[i]);
		}
		rcu_store(&x->peer, y);
		rcu_store(&y->peer, x);
		if (round % 8 == 0)
			rcu_synchronize();
		for (size_t i = 0; i < 3; i++) {
			struct xbundle *b = rcu_load_locked(&all[i]->bundle);

			rcu_store(&all[i]->bundle, NULL);
			xbundle_unref(b);
			xbridge_del_bundle(all[i]->bridge, bundles[i]);
			fdb_flush_port(all[i]->bridge->fdb, &bundles[i]->fdb_port);
			xbundle_unref(bundles[i]);
			xport_withdraw(all[i]);
			xport_unref(all[i]);
		}
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < 2; i++)
		thread_join(threads[i]);
	topology_uninit(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),           cmocka_unit_test(test_masks),
		cmocka_unit_test(test_mask_is_enough), cmocka_unit_test(test_forward_bpdu),
		cmocka_unit_test(test_flood_vlans),    cmocka_unit_test(test_loops),
		cmocka_unit_test(test_depth),          cmocka_unit_test(test_effects),
		cmocka_unit_test(test_threads),
	};

	thread_forks_done();
	clock_stop();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
