// SPDX-License-Identifier: Apache-2.0
/* NORMAL: the learning switch (IEEE 802.1Q-2018 clause 8).
 * In: the bundle's VLAN rules give the frame its VLAN; the source is learned there.  Out: the
 * bundle that the MAC table names, or, unknown and group addresses, every bundle that carries the
 * VLAN. */
#include <arpa/inet.h>
#include <string.h>

#include "l2/reserved.h"
#include "pipeline/xlate.h"

#define ARP_OP_REQUEST 1
#define ARP_OP_REPLY 2

struct normal {
	struct xlate_ctx *ctx;
	struct xbundle *in;
	const struct xbundle_config *in_config;
	struct vlan_stack tags; /* as it came */
	struct vlan_stack vlan; /* inside the switch */
};

/* RFC 5227 section 1.1: an ARP whose sender speaks of its own address, broadcast. */
static bool is_gratuitous_arp(struct xlate_ctx *ctx)
{
	struct flow_mask *mask = &ctx->out->mask;

	if (ctx->flow.eth_type != htons(ETH_P_ARP) || !eth_is_broadcast(ctx->flow.eth_dst))
		return false;
	mask->masks.ip_proto = 0xff;
	if (ctx->flow.ip_proto == ARP_OP_REPLY)
		return true;
	if (ctx->flow.ip_proto != ARP_OP_REQUEST)
		return false;
	MASK_FIELD(mask, ip_src);
	MASK_FIELD(mask, ip_dst);
	return ctx->flow.ip_src == ctx->flow.ip_dst;
}

static void learn(struct normal *n)
{
	struct xlate_ctx *ctx = n->ctx;
	struct effect *e;

	if (!fdb_may_learn(ctx->bridge->fdb, ctx->flow.eth_src, n->vlan.v[0].vid) ||
	    !xbundle_tryref(n->in)) /* it is being deleted */
		return;
	e = effects_add(&ctx->out->effects, EFFECT_LEARN);
	e->learn.bundle = n->in;
	memcpy(e->learn.mac, ctx->flow.eth_src, 6);
	e->learn.vlan = n->vlan.v[0].vid;
	e->learn.is_grat_arp = is_gratuitous_arp(ctx);
}

/* Whatever is found, that nothing is known included: it holds until the address is touched. */
static const struct fdb_entry *look_up(struct normal *n)
{
	const struct fdb *fdb = n->ctx->bridge->fdb;
	const uint8_t *mac = n->ctx->flow.eth_dst;
	uint16_t vlan = n->vlan.v[0].vid;

	effects_add(&n->ctx->out->effects, EFFECT_LOOKUP)->lookup = fdb_tag(fdb, mac, vlan);
	return fdb_lookup(fdb, mac, vlan);
}

/* Not only the VLAN counts: what goes out has other tags, made of all that came in. */
static void mask_tags(struct xlate_ctx *ctx)
{
	struct flow_mask *mask = &ctx->out->mask;

	for (size_t i = 0; i < FLOW_MAX_VLANS; i++) {
		mask->masks.vlans[i].tci = 0xffff;
		if (!(ctx->flow.vlans[i].tci & htons(VLAN_CFI)))
			break;
		mask->masks.vlans[i].tpid = 0xffff;
	}
}

static bool may_reach(const struct normal *n, const struct xbundle_config *out)
{
	if (!out->port || !vlan_config_includes(&out->vlan, n->vlan.v[0].vid))
		return false;
	if (out->vlan.mode != VLAN_DOT1Q_TUNNEL || !out->vlan.cvlans)
		return true;
	mask_tags(n->ctx);
	return vlan_bitmap_get(out->vlan.cvlans, n->vlan.v[1].vid);
}

static void output(struct normal *n, const struct xbundle_config *out,
		   const struct vlan_stack *stack)
{
	struct xlate_ctx *ctx = n->ctx;
	struct flow_vlan saved[FLOW_MAX_VLANS];

	if (out->vlan.priority_tags != PRIORITY_TAGS_NEVER || !vlan_stack_equal(stack, &n->tags))
		mask_tags(ctx);
	memcpy(saved, ctx->flow.vlans, sizeof(saved));
	vlan_stack_to_flow(stack, &ctx->flow);
	xlate_output(ctx, out->port);
	memcpy(ctx->flow.vlans, saved, sizeof(saved));
}

/* Who is served first: tags are pushed and popped once, not in turns. */
enum turn { AS_IT_CAME, UNTAGGED, TAGGED, N_TURNS };

static enum turn turn_of(const struct normal *n, const struct vlan_stack *out)
{
	if (vlan_stack_equal(out, &n->tags))
		return AS_IT_CAME;
	return vlan_stack_n(out) < vlan_stack_n(&n->vlan) ? UNTAGGED : TAGGED;
}

static void flood(struct normal *n)
{
	const struct xvec *bundles = rcu_load(&n->ctx->bridge->bundles);
	size_t n_bundles = bundles ? __atomic_load_n(&bundles->n, __ATOMIC_ACQUIRE) : 0;
	bool is_protected = false;
	size_t n_reached = 0;

	for (size_t i = 0; i < N_TURNS * n_bundles; i++) {
		struct xbundle *b = bundles->items[i % n_bundles];
		const struct xbundle_config *c = rcu_load(&b->config);
		struct vlan_stack stack;

		if (b == n->in || !c || !may_reach(n, c))
			continue;
		if (c->is_protected && n->in_config->is_protected) {
			is_protected = true;
			continue;
		}
		vlan_output(&c->vlan, &n->vlan, &stack);
		if (turn_of(n, &stack) != i / n_bundles)
			continue;
		output(n, c, &stack);
		n_reached++;
	}
	if (!n_reached)
		xlate_drop(n->ctx, is_protected ? DROP_PROTECTED_PORT : DROP_NO_OUTPUT);
}

static void unicast(struct normal *n, struct xbundle *out)
{
	const struct xbundle_config *c = rcu_load(&out->config);
	struct vlan_stack stack;

	if (out == n->in) {
		xlate_drop(n->ctx, DROP_SAME_PORT);
	} else if (!c || !may_reach(n, c)) {
		xlate_drop(n->ctx, DROP_NO_OUTPUT);
	} else if (c->is_protected && n->in_config->is_protected) {
		xlate_drop(n->ctx, DROP_PROTECTED_PORT);
	} else {
		vlan_output(&c->vlan, &n->vlan, &stack);
		output(n, c, &stack);
	}
}

/* Tags [VLAN 0][VLAN n]: the outer one is a priority tag (802.1Q-2018 6.9.1), and wherever it is
 * taken off the frame would be in VLAN n, which nobody let it into. */
static bool hides_a_vlan(struct normal *n)
{
	const struct flow *flow = &n->ctx->flow;

	if (!n->tags.v[0].tpid || n->tags.v[0].vid)
		return false;
	n->ctx->out->mask.masks.vlans[1].tci |= htons(VLAN_CFI);
	return n->tags.v[1].tpid || flow->eth_type == htons(ETH_P_8021Q) ||
	       flow->eth_type == htons(ETH_P_8021AD);
}

static void normal_xlate(struct xlate_ctx *ctx, const struct act *act)
{
	struct flow_mask *mask = &ctx->out->mask;
	struct normal n = { .ctx = ctx };
	const struct fdb_entry *dst;
	enum drop_reason drop;

	(void)act;
	MASK_FIELD(mask, eth_src);
	MASK_FIELD(mask, eth_dst);
	mask->masks.vlans[0].tci |= htons(VLAN_CFI | VLAN_VID_MASK);
	if (ctx->flow.vlans[0].tci & htons(VLAN_CFI))
		mask->masks.vlans[0].tpid = 0xffff;

	n.in = rcu_load(&ctx->in_port->bundle);
	n.in_config = n.in ? rcu_load(&n.in->config) : NULL;
	if (!n.in_config) {
		xlate_drop(ctx, DROP_UNKNOWN_INPUT_PORT);
		return;
	}
	if (l2_is_reserved(ctx->flow.eth_dst) &&
	    !__atomic_load_n(&ctx->bridge->forward_bpdu, __ATOMIC_RELAXED)) {
		xlate_drop(ctx, DROP_RESERVED_ADDRESS);
		return;
	}
	vlan_stack_from_flow(&n.tags, &ctx->flow);
	if (n.in_config->vlan.mode == VLAN_DOT1Q_TUNNEL)
		mask_tags(ctx);
	drop = vlan_input(&n.in_config->vlan, &n.tags, &n.vlan);
	if (drop == DROP_NONE && n.in_config->vlan.mode != VLAN_DOT1Q_TUNNEL && hides_a_vlan(&n))
		drop = DROP_INVALID_VLAN;
	if (drop != DROP_NONE) {
		xlate_drop(ctx, drop);
		return;
	}
	learn(&n);
	dst = eth_is_multicast(ctx->flow.eth_dst) ? NULL : look_up(&n);
	if (dst)
		unicast(&n, xbundle_from_fdb_port(fdb_entry_port(dst)));
	else
		flood(&n);
}

const struct act_xlate act_xlate_normal = { .xlate = normal_xlate };
