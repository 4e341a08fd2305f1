// SPDX-License-Identifier: Apache-2.0
#include "pipeline/xlate.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/counter.h"

COUNTER(xlate_actions);
COUNTER(xlate_depth_exceeded);

static const struct act_xlate *const acts[ACT_N_TYPES] = {
	[ACT_OUTPUT] = &act_xlate_output,
	[ACT_NORMAL] = &act_xlate_normal,
};

void xlate_drop(struct xlate_ctx *ctx, enum drop_reason reason)
{
	if (ctx->drop == DROP_NONE)
		ctx->drop = reason;
}

/* Loops end here: what was sent out so far stays sent. */
static bool is_too_deep(struct xlate_ctx *ctx)
{
	if (ctx->depth < XLATE_MAX_DEPTH && ctx->steps < XLATE_MAX_STEPS)
		return false;
	COUNTER_INC(xlate_depth_exceeded);
	xlate_drop(ctx, DROP_TRANSLATION);
	return true;
}

static void xlate_table(struct xlate_ctx *ctx, uint8_t table_id)
{
	const struct xbridge *br = ctx->bridge;
	const struct rule *rule;

	ctx->steps++;
	rule = tables_lookup(br->tables, table_id, tables_version(br->tables), &ctx->flow,
			     &ctx->out->mask);
	if (!rule) {
		xlate_drop(ctx, DROP_TABLE_MISS);
		return;
	}
	effects_add(&ctx->out->effects, EFFECT_RULE)->rule = rule_ref(rule);
	if (!rule->acts->n)
		xlate_drop(ctx, DROP_EXPLICIT);
	for (size_t i = 0; i < rule->acts->n; i++)
		acts[rule->acts->acts[i].type]->xlate(ctx, &rule->acts->acts[i]);
}

/* The packet enters the peer's bridge as if it had come from a cable: without this bridge's
 * metadata. */
static void cross_patch(struct xlate_ctx *ctx, struct xport *out, struct xport *in)
{
	const struct xbridge *bridge = ctx->bridge;
	struct xport *in_port = ctx->in_port;
	struct flow flow = ctx->flow;
	struct effect *e;

	if (is_too_deep(ctx))
		return;
	if (!xport_tryref(out)) /* deleted this moment, as below */
		return;
	if (!xport_tryref(in)) {
		xport_unref(out);
		return;
	}
	e = effects_add(&ctx->out->effects, EFFECT_PATCH);
	e->patch.out = out;
	e->patch.in = in;
	ctx->bridge = in->bridge;
	ctx->in_port = in;
	ctx->flow.in_port = xport_number(in);
	ctx->flow.metadata = 0;
	memset(ctx->flow.regs, 0, sizeof(ctx->flow.regs));
	memset(&ctx->flow.tunnel, 0, sizeof(ctx->flow.tunnel));
	ctx->depth++;
	xlate_table(ctx, 0);
	ctx->depth--;
	ctx->bridge = bridge;
	ctx->in_port = in_port;
	ctx->flow = flow;
}

void xlate_output(struct xlate_ctx *ctx, struct xport *port)
{
	if (!__atomic_load_n(&port->may_forward, __ATOMIC_RELAXED)) {
		xlate_drop(ctx, DROP_PORT_BLOCKED);
		return;
	}
	if (port->is_patch) {
		struct xport *peer = rcu_load(&port->peer);

		if (!peer)
			xlate_drop(ctx, DROP_NO_SUCH_PORT);
		else if (!__atomic_load_n(&peer->may_forward, __ATOMIC_RELAXED))
			xlate_drop(ctx, DROP_PORT_BLOCKED);
		else
			cross_patch(ctx, port, peer);
		return;
	}
	odp_commit(&ctx->flow, &ctx->base, &ctx->out->actions, &ctx->out->mask);
	odp_put_u32(&ctx->out->actions, OVS_ACTION_ATTR_OUTPUT, port->odp_port);
	ctx->n_outputs++;
}

/* What every megaflow matches, so that the datapath's parser and ours mean the same packets. */
static void mask_always(const struct flow *flow, struct flow_mask *mask)
{
	MASK_FIELD(mask, in_port);
	MASK_FIELD(mask, recirc_id);
	MASK_FIELD(mask, packet_type);
	MASK_FIELD(mask, eth_type);
	if (flow->eth_type == htons(ETH_P_IP) || flow->eth_type == htons(ETH_P_IPV6))
		mask->masks.ip_frag |= FLOW_FRAG_ANY | FLOW_FRAG_LATER;
	/* A tagged and an untagged frame never share a flow. */
	mask->masks.vlans[0].tci |= htons(VLAN_CFI);
}

void xlate(const struct xdp *dp, const struct flow *key, struct xlate_out *out)
{
	struct xlate_ctx ctx = { .dp = dp, .out = out };

	COUNTER_INC(xlate_actions);
	flow_mask_init_catchall(&out->mask);
	memset(&out->effects, 0, sizeof(out->effects));
	mask_always(key, &out->mask);

	ctx.in_port = xdp_port(dp, key->in_port);
	if (!ctx.in_port) {
		ctx.drop = DROP_UNKNOWN_INPUT_PORT;
	} else if (!__atomic_load_n(&ctx.in_port->may_forward, __ATOMIC_RELAXED)) {
		ctx.drop = DROP_PORT_BLOCKED;
	} else {
		ctx.flow = *key;
		ctx.flow.in_port = xport_number(ctx.in_port);
		ctx.base = ctx.flow;
		ctx.bridge = ctx.in_port->bridge;
		xlate_table(&ctx, 0);
	}

	out->drop = DROP_NONE;
	if (!ctx.n_outputs) {
		out->drop = ctx.drop != DROP_NONE ? ctx.drop : DROP_NO_OUTPUT;
		odp_buf_clear(&out->actions);
		odp_put_u32(&out->actions, ODP_ACTION_DROP, out->drop);
	} else if (out->actions.len > ODP_MAX_ACTIONS_LEN) {
		out->drop = DROP_TRANSLATION;
		odp_buf_clear(&out->actions);
		odp_put_u32(&out->actions, ODP_ACTION_DROP, out->drop);
	}
}

void xlate_out_uninit(struct xlate_out *out)
{
	effects_uninit(&out->effects);
}
