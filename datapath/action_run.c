// SPDX-License-Identifier: GPL-2.0
/*
 * Programs are run by one loop without recursion: where a packet is cloned, the original with what
 * is known of it waits in a frame until the clone has been consumed, and goes on then.  Frames are
 * per CPU.  A packet that recirculates goes on with the program of the flow that it hits next.
 *
 * Sending to a device may lead back to here (a tunnel whose packets leave through an internal
 * port): such a run puts its frames on top and takes all of them off before it returns;
 * action_depth bounds how often that happens on one stack.
 */
#include <linux/jhash.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/skbuff.h>
#include <net/dst_metadata.h>
#include <net/psample.h>

#include "../include/drop_reason.h"
#include "action.h"
#include "action_ops.h"
#include "compat/gso.h"
#include "compat/openvswitch.h"
#include "conntrack.h"
#include "dp.h"
#include "meter.h"
#include "microkey.h"
#include "trace.h"

#define MAX_REENTRY 5 /* runs within runs on one stack */
#define MAX_FRAMES 64 /* packets that wait on one CPU */
#define MAX_PASSES 256 /* look-ups that one packet and its clones cause */

struct action_frame {
	const struct action_prog *prog;
	const struct action_op *op; /* to go on with */
	struct sk_buff *skb; /* or several, linked by ->next */
	struct pkt pkt;
};

struct action_frames {
	unsigned int n;
	struct action_frame frames[MAX_FRAMES];
};

/* A run of a program and of those that its packets recirculate to. */
struct run {
	struct action_frames *stack; /* NULL: no frame was needed yet */
	unsigned int base; /* first frame of this run */
	unsigned int n_passes;
	struct dst_entry *rx_dst; /* holds what pkt->tun points to, if the skb no longer does */
};

static DEFINE_PER_CPU(unsigned int, action_depth);
static struct action_frames __percpu *action_frames;

/* ---- frames ------------------------------------------------------------------ */

static bool frame_push(struct run *run, const struct action_prog *prog, const struct action_op *op,
		       struct sk_buff *skb, const struct pkt *pkt)
{
	struct action_frame *frame;

	if (!run->stack) {
		run->stack = this_cpu_ptr(action_frames);
		run->base = run->stack->n;
	}
	if (unlikely(run->stack->n >= MAX_FRAMES))
		return false;
	frame = &run->stack->frames[run->stack->n++];
	frame->prog = prog;
	frame->op = op;
	frame->skb = skb;
	frame->pkt = *pkt;
	return true;
}

/* The next packet that waits; NULL: none of this run. */
static struct sk_buff *frame_pop(struct run *run, const struct action_prog **prog,
				 const struct action_op **op, struct pkt *pkt)
{
	struct action_frame *frame;
	struct sk_buff *skb;

	if (!run->stack || run->stack->n == run->base)
		return NULL;
	frame = &run->stack->frames[run->stack->n - 1];
	*prog = frame->prog;
	*op = frame->op;
	*pkt = frame->pkt;
	skb = frame->skb;
	frame->skb = skb->next;
	skb_mark_not_on_list(skb);
	if (!frame->skb)
		run->stack->n--;
	return skb;
}

/* ---- single ops ----------------------------------------------------------------- */

/*
 * What the packet's tunnel and the device that completes it make together.  The packet itself goes
 * on with what it has: pkt->tun may point into it.  (dev_fill_metadata_dst() replaces that, and
 * copies options in a way that a fortified kernel complains of.)
 */
static struct metadata_dst *egress_tunnel(struct dp_port *port, struct sk_buff *skb)
{
	const struct net_device_ops *ops = port->dev->netdev_ops;
	struct ip_tunnel_info *from = skb_tunnel_info(skb), *to;
	unsigned long refdst = skb->_skb_refdst;
	struct metadata_dst *dst;
	int err;

	if (!ops->ndo_fill_metadata_dst || !skb_metadata_dst(skb) || !from)
		return NULL;
	dst = metadata_dst_alloc(from->options_len, METADATA_IP_TUNNEL, GFP_ATOMIC);
	if (!dst)
		return NULL;
	to = &dst->u.tun_info;
	*to = *from;
#ifdef CONFIG_DST_CACHE
	to->dst_cache.cache = NULL;
#endif
	memcpy(ip_tunnel_info_opts(to), ip_tunnel_info_opts(from), from->options_len);

	skb->_skb_refdst = 0;
	skb_dst_set(skb, &dst->dst);
	err = ops->ndo_fill_metadata_dst(port->dev, skb);
	skb->_skb_refdst = refdst;
	if (err) {
		dst_release(&dst->dst);
		return NULL;
	}
	return dst;
}

static noinline void run_userspace(const struct action_prog *prog, const struct action_op *op,
				   struct sk_buff *skb, struct pkt *pkt)
{
	const struct op_userspace *o = op_operand(op);
	struct upcall_info info = {
		.cmd = OVS_PACKET_CMD_ACTION,
		.portid = op->arg,
	};
	struct metadata_dst *egress = NULL;
	struct dp_port *port;

	if (op->flags & OP_USERSPACE_USERDATA)
		info.userdata = prog->attrs + o->userdata_ofs;
	if (op->flags & OP_USERSPACE_ACTIONS) {
		info.actions = prog->attrs;
		info.actions_len = prog->attrs_len;
	}
	if (op->flags & OP_USERSPACE_EGRESS) {
		port = dp_port_lookup(pkt->dp, o->egress_port);
		if (port)
			egress = egress_tunnel(port, skb);
		if (egress)
			info.egress_tun = &egress->u.tun_info;
	}
	dp_upcall(skb, pkt, &info);
	if (egress)
		dst_release(&egress->dst);
	pkt->trunc_len = U32_MAX;
}

static noinline void run_set_tunnel(struct run *run, const struct op_set_tunnel *o,
				    struct sk_buff *skb, struct pkt *pkt)
{
	/* a look-up to come still matches the tunnel that the packet came out of */
	if (pkt->tun && !run->rx_dst && skb_tunnel_info(skb) == pkt->tun) {
		run->rx_dst = skb_dst(skb);
		dst_hold(run->rx_dst);
	}
	skb_dst_drop(skb);
	dst_hold(&o->dst->dst);
	skb_dst_set(skb, &o->dst->dst);
	microkey_set_hash(skb, pkt);
}

static noinline enum drop_reason run_hash(const struct action_op *op, struct sk_buff *skb,
					  struct pkt *pkt)
{
	u32 hash;

	if (unlikely(action_parse(skb, pkt)))
		return DROP_HEADER_TOO_SHORT;
	if (op->flags == OVS_HASH_ALG_SYM_L4)
		hash = __skb_get_hash_symmetric(skb);
	else
		hash = skb_get_hash(skb);
	hash = jhash_1word(hash, op->arg);
	pkt->dp_hash = hash ? hash : 1;
	return DROP_NONE;
}

static noinline bool is_longer(struct sk_buff *skb, const struct pkt *pkt, u32 max)
{
	u32 len = skb->len;

	/* as it was received: in fragments */
	if (pkt->mru)
		len = min_t(u32, len, pkt->mru + skb->mac_len);
	if (likely(len <= max))
		return false;
	return !skb_is_gso(skb) || !skb_gso_validate_mac_len(skb, max);
}

#if IS_ENABLED(CONFIG_PSAMPLE)
static noinline void run_psample(const struct action_prog *prog, const struct action_op *op,
				 struct sk_buff *skb, struct pkt *pkt)
{
	const struct op_psample *o = op_operand(op);
	struct psample_metadata md = { 0 };
	u32 rate;

	md.in_ifindex = pkt->port ? pkt->port->dev->ifindex : 0;
	md.trunc_size = min(skb->len, pkt->trunc_len);
	rate = compat_psample_rate(&md, o->probability,
				   o->cookie_len ? prog->attrs + o->cookie_ofs : NULL,
				   o->cookie_len);
	psample_sample_packet(o->group, skb, rate, &md);
	pkt->trunc_len = U32_MAX;
}
#endif

/* ---- the loop --------------------------------------------------------------------- */

/* The packet to go on with: it, or the first of its segments while the others wait. */
static noinline struct sk_buff *run_segment(struct run *run, const struct action_prog *prog,
					    const struct action_op *op, struct sk_buff *skb,
					    struct pkt *pkt)
{
	struct sk_buff *segs;

	if (unlikely(action_parse(skb, pkt))) {
		dp_drop(skb, pkt, DROP_HEADER_TOO_SHORT);
		return NULL;
	}
	segs = skb_gso_segment(skb, NETIF_F_SG);
	if (IS_ERR_OR_NULL(segs)) {
		dp_drop(skb, pkt, DROP_NO_SEGMENTATION);
		return NULL;
	}
	consume_skb(skb);
	skb = segs;
	if (segs->next && !frame_push(run, prog, op, segs->next, pkt)) {
		kfree_skb_list(segs->next);
		dp_count_drop(pkt, U32_MAX, DROP_RECURSION_LIMIT);
	}
	skb_mark_not_on_list(skb);
	return skb;
}

static const struct action_op *jump(const struct action_prog *prog, const struct action_op *op)
{
	return prog->ops + ((const struct op_jump *)op_operand(op))->slot;
}

static noinline void run_prog(const struct action_prog *prog, struct sk_buff *skb, struct pkt *pkt)
{
	struct run run = { 0 };
	const struct action_op *op = prog->ops;
	enum drop_reason reason;
	struct sk_buff *clone;

	for (;;) {
		const void *operand = op_operand(op);

		trace_action(skb, pkt, op->code, op->arg);
		reason = DROP_NONE;
		switch (op->code) {
		case OP_END:
			consume_skb(skb);
			goto consumed;
		case OP_OUTPUT_LAST:
			action_output(skb, pkt, op->arg);
			goto consumed;
		case OP_OUTPUT:
			clone = skb_clone(skb, GFP_ATOMIC);
			if (likely(clone))
				action_output(clone, pkt, op->arg);
			else
				dp_count_drop(pkt, U32_MAX, DROP_NO_MEMORY);
			pkt->trunc_len = U32_MAX;
			break;
		case OP_SET_ETH:
			reason = action_set_eth(skb, pkt, operand);
			break;
		case OP_SET_IPV4:
			reason = action_set_ipv4(skb, pkt, operand);
			break;
		case OP_SET_IPV6:
			reason = action_set_ipv6(skb, pkt, operand);
			break;
		case OP_SET_TCP:
			reason = action_set_ports(skb, pkt, IPPROTO_TCP, operand);
			break;
		case OP_SET_UDP:
			reason = action_set_ports(skb, pkt, IPPROTO_UDP, operand);
			break;
		case OP_SET_SCTP:
			reason = action_set_ports(skb, pkt, IPPROTO_SCTP, operand);
			break;
		case OP_SET_MARK: {
			const struct op_set_word *o = operand;

			skb->mark = (skb->mark & ~(__force u32)o->mask) | (__force u32)o->value;
			break;
		}
		case OP_SET_PRIORITY: {
			const struct op_set_word *o = operand;

			skb->priority = (skb->priority & ~(__force u32)o->mask) |
					(__force u32)o->value;
			break;
		}
		case OP_SET_MPLS:
			reason = action_set_mpls(skb, pkt, operand);
			break;
		case OP_SET_NSH:
			reason = action_set_nsh(skb, pkt, operand);
			break;
		case OP_SET_TUNNEL:
			run_set_tunnel(&run, operand, skb, pkt);
			break;
		case OP_PUSH_VLAN:
			reason = action_push_vlan(skb, pkt, op->arg);
			break;
		case OP_POP_VLAN:
			reason = action_pop_vlan(skb, pkt);
			break;
		case OP_RECIRC:
			clone = skb_clone(skb, GFP_ATOMIC);
			if (unlikely(!clone)) {
				dp_count_drop(pkt, U32_MAX, DROP_NO_MEMORY);
				break;
			}
			if (unlikely(!frame_push(&run, prog, op + op->n_slots, skb, pkt))) {
				dp_drop(clone, pkt, DROP_RECURSION_LIMIT);
				break;
			}
			skb = clone;
			fallthrough;
		case OP_RECIRC_LAST:
			if (unlikely(pkt->recirc_depth >= ACTION_MAX_RECIRC ||
				     run.n_passes >= MAX_PASSES)) {
				reason = DROP_RECURSION_LIMIT;
				break;
			}
			run.n_passes++;
			pkt->recirc_depth++;
			pkt->recirc_id = op->arg;
			prog = dp_classify(skb, pkt);
			if (unlikely(!prog))
				goto consumed;
			op = prog->ops;
			continue;
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
		case OP_CT: {
			bool is_consumed = false;
			int err;

			err = ct_execute(skb, pkt, ((const struct op_ct *)operand)->ct,
					 &is_consumed);
			if (unlikely(err)) {
				if (is_consumed || err == -EINPROGRESS)
					goto consumed;
				reason = DROP_CONNTRACK;
			}
			break;
		}
		case OP_CT_CLEAR:
			if (unlikely(ct_clear(skb, pkt)))
				reason = DROP_CONNTRACK;
			break;
#endif
		case OP_HASH:
			reason = run_hash(op, skb, pkt);
			break;
		case OP_METER:
			if (meter_exceeded(pkt->dp, skb, op->arg))
				reason = DROP_METER;
			break;
		case OP_TRUNC:
			pkt->trunc_len = op->arg;
			break;
		case OP_USERSPACE:
			run_userspace(prog, op, skb, pkt);
			break;
		case OP_SAMPLE:
			if (op->arg != U32_MAX && (!op->arg || get_random_u32() > op->arg)) {
				op = jump(prog, op);
				continue;
			}
			break;
		case OP_CHECK_LEN:
			if (!is_longer(skb, pkt, op->arg)) {
				op = jump(prog, op);
				continue;
			}
			break;
		case OP_DEC_TTL: {
			bool expired;

			reason = action_dec_ttl(skb, pkt, &expired);
			if (!reason && !expired) {
				op = jump(prog, op);
				continue;
			}
			break;
		}
		case OP_JUMP:
			op = jump(prog, op);
			continue;
		case OP_CLONE:
			clone = skb_clone(skb, GFP_ATOMIC);
			if (unlikely(!clone)) {
				dp_count_drop(pkt, U32_MAX, DROP_NO_MEMORY);
				op = jump(prog, op);
				continue;
			}
			if (unlikely(!frame_push(&run, prog, jump(prog, op), skb, pkt))) {
				dp_drop(clone, pkt, DROP_RECURSION_LIMIT);
				op = jump(prog, op);
				continue;
			}
			skb = clone;
			break;
		case OP_PUSH_MPLS:
			if (unlikely(skb_is_gso(skb) && skb->encapsulation)) {
				skb = run_segment(&run, prog, op, skb, pkt);
				if (!skb)
					goto consumed;
			}
			reason = action_push_mpls(skb, pkt,
						  ((const struct op_set_word *)operand)->value,
						  (__force __be16)op->arg);
			break;
		case OP_ADD_MPLS:
			if (unlikely(skb_is_gso(skb))) {
				skb = run_segment(&run, prog, op, skb, pkt);
				if (!skb)
					goto consumed;
			}
			reason = action_add_mpls(skb, pkt,
						 ((const struct op_set_word *)operand)->value,
						 (__force __be16)op->arg);
			break;
		case OP_POP_MPLS:
			reason = action_pop_mpls(skb, pkt, (__force __be16)op->arg);
			break;
		case OP_PUSH_ETH:
			reason = action_push_eth(skb, pkt, operand);
			break;
		case OP_POP_ETH:
			reason = action_pop_eth(skb, pkt);
			break;
		case OP_PUSH_NSH:
			reason = action_push_nsh(skb, pkt, operand);
			break;
		case OP_POP_NSH:
			reason = action_pop_nsh(skb, pkt);
			break;
#if IS_ENABLED(CONFIG_PSAMPLE)
		case OP_PSAMPLE:
			run_psample(prog, op, skb, pkt);
			break;
#endif
		case OP_DROP:
			reason = op->arg;
			break;
		}
		if (likely(!reason)) {
			op += op->n_slots;
			continue;
		}
		dp_drop(skb, pkt, reason);
consumed:
		skb = frame_pop(&run, &prog, &op, pkt);
		if (!skb)
			break;
	}
	if (unlikely(run.rx_dst))
		dst_release(run.rx_dst);
}

void actions_run(const struct action_prog *prog, struct sk_buff *skb, struct pkt *pkt)
{
	if (unlikely(__this_cpu_inc_return(action_depth) > MAX_REENTRY))
		dp_drop(skb, pkt, DROP_RECURSION_LIMIT);
	else if (prog->output_last && !trace_action_enabled())
		action_output(skb, pkt, prog->output_port);
	else
		run_prog(prog, skb, pkt);
	__this_cpu_dec(action_depth);
}

int actions_module_init(void)
{
	action_frames = alloc_percpu(struct action_frames);
	return action_frames ? 0 : -ENOMEM;
}

void actions_module_exit(void)
{
	free_percpu(action_frames);
}
