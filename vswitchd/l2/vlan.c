// SPDX-License-Identifier: Apache-2.0
#include "l2/vlan.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

unsigned long *vlan_bitmap_clone(const unsigned long *b)
{
	return b ? xmemdup(b, VLAN_BITMAP_WORDS * sizeof(*b)) : NULL;
}

bool vlan_bitmap_equal(const unsigned long *a, const unsigned long *b)
{
	return a == b || (a && b && !memcmp(a, b, VLAN_BITMAP_WORDS * sizeof(*a)));
}

void vlan_config_clone(struct vlan_config *dst, const struct vlan_config *src)
{
	*dst = *src;
	dst->trunks = vlan_bitmap_clone(src->trunks);
	dst->cvlans = vlan_bitmap_clone(src->cvlans);
}

void vlan_config_uninit(struct vlan_config *c)
{
	free((void *)c->trunks);
	free((void *)c->cvlans);
}

bool vlan_config_equal(const struct vlan_config *a, const struct vlan_config *b)
{
	return a->mode == b->mode && a->vid == b->vid && a->priority_tags == b->priority_tags &&
	       a->qinq_ethtype == b->qinq_ethtype && vlan_bitmap_equal(a->trunks, b->trunks) &&
	       vlan_bitmap_equal(a->cvlans, b->cvlans);
}

bool vlan_config_includes(const struct vlan_config *c, uint16_t vid)
{
	switch (c->mode) {
	case VLAN_ACCESS:
	case VLAN_DOT1Q_TUNNEL:
		return vid == c->vid;
	case VLAN_NATIVE_TAGGED:
	case VLAN_NATIVE_UNTAGGED:
		if (vid == c->vid)
			return true;
		break;
	case VLAN_TRUNK:
		break;
	}
	return !c->trunks || vlan_bitmap_get(c->trunks, vid);
}

void vlan_stack_from_flow(struct vlan_stack *s, const struct flow *flow)
{
	for (size_t i = 0; i < FLOW_MAX_VLANS; i++) {
		uint16_t tci = ntohs(flow->vlans[i].tci);

		if (tci & VLAN_CFI) {
			s->v[i].tpid = ntohs(flow->vlans[i].tpid);
			s->v[i].vid = tci & VLAN_VID_MASK;
			s->v[i].pcp = tci & VLAN_PCP_MASK;
		} else {
			memset(&s->v[i], 0, sizeof(s->v[i]));
		}
	}
}

unsigned int vlan_stack_n(const struct vlan_stack *s)
{
	unsigned int n = 0;

	while (n < FLOW_MAX_VLANS && s->v[n].tpid)
		n++;
	return n;
}

bool vlan_stack_equal(const struct vlan_stack *a, const struct vlan_stack *b)
{
	return !memcmp(a, b, sizeof(*a));
}

void vlan_stack_to_flow(const struct vlan_stack *s, struct flow *flow)
{
	for (size_t i = 0; i < FLOW_MAX_VLANS; i++) {
		const struct vlan_tag *t = &s->v[i];

		flow->vlans[i].tpid = htons(t->tpid);
		flow->vlans[i].tci = t->tpid ? htons(VLAN_CFI | t->pcp | t->vid) : 0;
	}
}

/* Puts the VLAN 'vid' in front of the tags 'x', with the priority of 'x' if that is a priority tag
 * or has one. */
static void classify(struct vlan_stack *in, const struct vlan_stack *x, uint16_t vid, uint16_t tpid)
{
	/* An untagged frame, or one whose tag has VLAN 0 and so is a priority tag only (802.1Q
	 * 6.9.1). */
	*in = *x;
	in->v[0].tpid = tpid;
	in->v[0].vid = vid;
	in->v[0].pcp = x->v[0].tpid ? x->v[0].pcp : 0;
}

static void push(struct vlan_stack *in, const struct vlan_stack *x, uint16_t vid, uint16_t tpid)
{
	in->v[0].tpid = tpid;
	in->v[0].vid = vid;
	in->v[0].pcp = x->v[0].pcp;
	in->v[1] = x->v[0];
}

enum drop_reason vlan_input(const struct vlan_config *c, const struct vlan_stack *x,
			    struct vlan_stack *in)
{
	uint16_t vid = x->v[0].tpid ? x->v[0].vid : 0;

	switch (c->mode) {
	case VLAN_ACCESS:
		if (vid)
			return DROP_TAGGED_ON_ACCESS;
		classify(in, x, c->vid, ETH_P_8021Q);
		return DROP_NONE;

	case VLAN_NATIVE_TAGGED:
	case VLAN_NATIVE_UNTAGGED:
		if (!vid) {
			classify(in, x, c->vid, ETH_P_8021Q);
			return DROP_NONE;
		}
		break;

	case VLAN_TRUNK:
		if (!x->v[0].tpid) {
			memset(in, 0, sizeof(*in));
			return vlan_config_includes(c, 0) ? DROP_NONE : DROP_INVALID_VLAN;
		}
		break;

	case VLAN_DOT1Q_TUNNEL:
		if (c->cvlans && !vlan_bitmap_get(c->cvlans, vid))
			return DROP_INVALID_VLAN;
		/* One more would be more than a flow can say: the innermost would be lost on the
		 * way. */
		if (vlan_stack_n(x) == FLOW_MAX_VLANS)
			return DROP_TRANSLATION;
		if (x->v[0].tpid)
			push(in, x, c->vid, ntohs(c->qinq_ethtype));
		else
			classify(in, x, c->vid, ntohs(c->qinq_ethtype));
		return DROP_NONE;
	}

	if (!vlan_config_includes(c, vid))
		return DROP_INVALID_VLAN;
	*in = *x;
	return DROP_NONE;
}

void vlan_output(const struct vlan_config *c, const struct vlan_stack *in, struct vlan_stack *out)
{
	bool untag = false;

	switch (c->mode) {
	case VLAN_ACCESS:
	case VLAN_DOT1Q_TUNNEL:
		untag = true;
		break;
	case VLAN_NATIVE_UNTAGGED:
		untag = in->v[0].vid == c->vid;
		break;
	case VLAN_TRUNK:
	case VLAN_NATIVE_TAGGED:
		break;
	}

	if (c->mode == VLAN_DOT1Q_TUNNEL) {
		out->v[0] = in->v[1];
		memset(&out->v[1], 0, sizeof(out->v[1]));
		return;
	}
	*out = *in;
	if (!untag && in->v[0].vid) {
		if (!out->v[0].tpid)
			out->v[0].tpid = ETH_P_8021Q;
		return;
	}
	if (in->v[1].tpid) { /* only the outer tag is the switch's */
		out->v[0] = in->v[1];
		memset(&out->v[1], 0, sizeof(out->v[1]));
		return;
	}
	if (c->priority_tags == PRIORITY_TAGS_ALWAYS ||
	    (c->priority_tags == PRIORITY_TAGS_IF_NONZERO && in->v[0].pcp)) {
		out->v[0].tpid = ETH_P_8021Q;
		out->v[0].vid = 0;
	} else {
		memset(&out->v[0], 0, sizeof(out->v[0]));
	}
}
