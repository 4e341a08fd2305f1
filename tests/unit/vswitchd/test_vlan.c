// SPDX-License-Identifier: Apache-2.0
#include "l2/vlan.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static unsigned long trunks_5_6[VLAN_BITMAP_WORDS], cvlans_7[VLAN_BITMAP_WORDS];

/* A tag as in the tables below: 0 for none, else VID; the PCP is 3 (in place) where PCP3 is
 * added. */
#define PCP3 0x10000
#define S_TAG 0x20000
#define PRIO 0x40000 /* a tag with VID 0 */

static struct vlan_tag tag(int t)
{
	struct vlan_tag v = { 0 };

	if (t) {
		v.tpid = t & S_TAG ? 0x88a8 : 0x8100;
		v.vid = t & VLAN_VID_MASK;
		v.pcp = t & PCP3 ? 3 << VLAN_PCP_SHIFT : 0;
	}
	return v;
}

static struct vlan_stack stack(int outer, int inner)
{
	struct vlan_stack s = { { tag(outer), tag(inner) } };

	return s;
}

static void assert_stack(const struct vlan_stack *s, int outer, int inner, const char *name)
{
	struct vlan_stack want = stack(outer, inner);

	if (memcmp(s, &want, sizeof(want)))
		fail_msg("%s: got %04x/%u/%04x %04x/%u/%04x", name, s->v[0].tpid, s->v[0].vid,
			 s->v[0].pcp, s->v[1].tpid, s->v[1].vid, s->v[1].pcp);
}

static struct vlan_config config(enum vlan_mode mode, uint16_t vid, const unsigned long *trunks)
{
	struct vlan_config c = { .mode = mode, .vid = vid, .trunks = trunks };

	c.qinq_ethtype = htons(0x88a8);
	return c;
}

static void test_input(void **state)
{
	static const struct {
		const char *name;
		enum vlan_mode mode;
		uint16_t vid;
		bool trunks;
		int outer, inner; /* as received */
		enum drop_reason drop;
		int in_outer, in_inner; /* inside the switch */
	} cases[] = {
		{ "access: tagged", VLAN_ACCESS, 9, false, 5, 0, DROP_TAGGED_ON_ACCESS, 0, 0 },
		{ "access: its own tag", VLAN_ACCESS, 9, false, 9, 0, DROP_TAGGED_ON_ACCESS, 0, 0 },
		{ "access: untagged", VLAN_ACCESS, 9, false, 0, 0, DROP_NONE, 9, 0 },
		{ "access: priority tag", VLAN_ACCESS, 9, false, PRIO | PCP3, 0, DROP_NONE,
		  9 | PCP3, 0 },
		{ "trunk: VLAN not in it", VLAN_TRUNK, 0, true, 9, 0, DROP_INVALID_VLAN, 0, 0 },
		{ "trunk: untagged is VLAN 0", VLAN_TRUNK, 0, true, 0, 0, DROP_INVALID_VLAN, 0, 0 },
		{ "trunk: all", VLAN_TRUNK, 0, false, 9 | PCP3, 0, DROP_NONE, 9 | PCP3, 0 },
		{ "trunk: all, untagged", VLAN_TRUNK, 0, false, 0, 0, DROP_NONE, 0, 0 },
		{ "trunk: in it", VLAN_TRUNK, 0, true, 5, 0, DROP_NONE, 5, 0 },
		{ "trunk: two tags", VLAN_TRUNK, 0, true, 5, 99, DROP_NONE, 5, 99 },
		{ "native: untagged", VLAN_NATIVE_TAGGED, 9, true, 0, 0, DROP_NONE, 9, 0 },
		{ "native: tagged with it", VLAN_NATIVE_UNTAGGED, 9, true, 9, 0, DROP_NONE, 9, 0 },
		{ "native: a trunk VLAN", VLAN_NATIVE_UNTAGGED, 9, true, 6, 0, DROP_NONE, 6, 0 },
		{ "native: another", VLAN_NATIVE_UNTAGGED, 9, true, 8, 0, DROP_INVALID_VLAN, 0, 0 },
		{ "tunnel: tagged", VLAN_DOT1Q_TUNNEL, 9, false, 5 | PCP3, 0, DROP_NONE,
		  9 | S_TAG | PCP3, 5 | PCP3 },
		{ "tunnel: untagged", VLAN_DOT1Q_TUNNEL, 9, false, 0, 0, DROP_NONE, 9 | S_TAG, 0 },
		{ "tunnel: two tags", VLAN_DOT1Q_TUNNEL, 9, false, 5, 6, DROP_TRANSLATION, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vlan_config c = config(cases[i].mode, cases[i].vid,
					      cases[i].trunks ? trunks_5_6 : NULL);
		struct vlan_stack x = stack(cases[i].outer, cases[i].inner), in;
		enum drop_reason drop = vlan_input(&c, &x, &in);

		if (drop != cases[i].drop)
			fail_msg("%s: %s", cases[i].name, drop_reason_name(drop));
		if (!drop)
			assert_stack(&in, cases[i].in_outer, cases[i].in_inner, cases[i].name);
	}
}

static void test_cvlans(void **state)
{
	struct vlan_config c = config(VLAN_DOT1Q_TUNNEL, 9, NULL);
	struct vlan_stack x = stack(5, 0), in;

	(void)state;
	c.cvlans = cvlans_7;
	assert_int_equal(vlan_input(&c, &x, &in), DROP_INVALID_VLAN);
	x = stack(7, 0);
	assert_int_equal(vlan_input(&c, &x, &in), DROP_NONE);
}

static void test_output(void **state)
{
	static const struct {
		const char *name;
		enum vlan_mode mode;
		uint16_t vid;
		enum priority_tags priority_tags;
		int in_outer, in_inner; /* inside the switch */
		int outer, inner; /* as sent */
	} cases[] = {
		{ "access", VLAN_ACCESS, 9, PRIORITY_TAGS_NEVER, 9 | PCP3, 0, 0, 0 },
		{ "access: priority", VLAN_ACCESS, 9, PRIORITY_TAGS_IF_NONZERO, 9 | PCP3, 0,
		  PRIO | PCP3, 0 },
		{ "access: no priority", VLAN_ACCESS, 9, PRIORITY_TAGS_IF_NONZERO, 9, 0, 0, 0 },
		{ "access: always", VLAN_ACCESS, 9, PRIORITY_TAGS_ALWAYS, 9, 0, PRIO, 0 },
		{ "trunk", VLAN_TRUNK, 0, PRIORITY_TAGS_NEVER, 9 | PCP3, 0, 9 | PCP3, 0 },
		{ "trunk: VLAN 0", VLAN_TRUNK, 0, PRIORITY_TAGS_NEVER, 0, 0, 0, 0 },
		{ "native tagged", VLAN_NATIVE_TAGGED, 9, PRIORITY_TAGS_NEVER, 9, 0, 9, 0 },
		{ "native untagged", VLAN_NATIVE_UNTAGGED, 9, PRIORITY_TAGS_NEVER, 9, 0, 0, 0 },
		{ "native untagged: other", VLAN_NATIVE_UNTAGGED, 9, PRIORITY_TAGS_NEVER, 5, 0, 5,
		  0 },
		{ "tunnel", VLAN_DOT1Q_TUNNEL, 9, PRIORITY_TAGS_NEVER, 9 | S_TAG, 5, 5, 0 },
		{ "tunnel: customer untagged", VLAN_DOT1Q_TUNNEL, 9, PRIORITY_TAGS_NEVER, 9 | S_TAG,
		  0, 0, 0 },
		{ "service tag to a trunk", VLAN_TRUNK, 0, PRIORITY_TAGS_NEVER, 9 | S_TAG, 5,
		  9 | S_TAG, 5 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vlan_config c = config(cases[i].mode, cases[i].vid, NULL);
		struct vlan_stack in = stack(cases[i].in_outer, cases[i].in_inner), out;

		c.priority_tags = cases[i].priority_tags;
		vlan_output(&c, &in, &out);
		assert_stack(&out, cases[i].outer, cases[i].inner, cases[i].name);
	}
}

static void test_includes(void **state)
{
	struct vlan_config access = config(VLAN_ACCESS, 9, trunks_5_6);
	struct vlan_config trunk = config(VLAN_TRUNK, 0, trunks_5_6);
	struct vlan_config native = config(VLAN_NATIVE_TAGGED, 9, trunks_5_6);

	(void)state;
	assert_true(vlan_config_includes(&access, 9));
	assert_false(vlan_config_includes(&access, 5));
	assert_true(vlan_config_includes(&trunk, 5));
	assert_false(vlan_config_includes(&trunk, 9));
	assert_false(vlan_config_includes(&trunk, 4095));
	assert_true(vlan_config_includes(&native, 9));
	assert_true(vlan_config_includes(&native, 6));
	assert_false(vlan_config_includes(&native, 7));
}

static void test_config_clone(void **state)
{
	struct vlan_config a = config(VLAN_TRUNK, 0, trunks_5_6), b;

	(void)state;
	vlan_config_clone(&b, &a);
	assert_true(vlan_config_equal(&a, &b));
	vlan_bitmap_set((unsigned long *)b.trunks, 100);
	assert_false(vlan_config_equal(&a, &b));
	vlan_config_uninit(&b);
}

static void test_flow_round_trip(void **state)
{
	struct vlan_stack s = stack(9 | S_TAG | PCP3, 5), back;
	struct flow flow = { 0 };

	(void)state;
	vlan_stack_to_flow(&s, &flow);
	assert_int_equal(flow.vlans[0].tpid, htons(0x88a8));
	assert_int_equal(flow.vlans[0].tci, htons(VLAN_CFI | 3 << VLAN_PCP_SHIFT | 9));
	vlan_stack_from_flow(&back, &flow);
	assert_memory_equal(&s, &back, sizeof(s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_input),        cmocka_unit_test(test_cvlans),
		cmocka_unit_test(test_output),       cmocka_unit_test(test_includes),
		cmocka_unit_test(test_config_clone), cmocka_unit_test(test_flow_round_trip),
	};

	vlan_bitmap_set(trunks_5_6, 5);
	vlan_bitmap_set(trunks_5_6, 6);
	vlan_bitmap_set(cvlans_7, 7);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
