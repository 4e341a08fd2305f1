// SPDX-License-Identifier: GPL-2.0
/*
 * Action lists are checked against what the kernel's own module accepts, and compiled.  What the
 * headers look like is simulated along the list (struct action_sim); where a pop leaves headers
 * that nobody has parsed yet, nothing that needs one is accepted until the packet recirculates.
 *
 * Where a list ends, the packet is either its own to consume (a list in last position, or one that
 * runs on a clone) or is needed by what follows.  In the latter case it must be "pure": it changes
 * neither the packet nor what is known of it, and is run in place.
 */
#include "action.h"

#include <linux/if_vlan.h>
#include <linux/mpls.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/dst_metadata.h>
#include <net/mpls.h>
#include <net/netlink.h>
#include <net/nsh.h>
#include <net/psample.h>
#include <net/tun_proto.h>

#include "action_ops.h"
#include "compat/openvswitch.h"
#include "conntrack.h"
#include "dp.h"

#define LIST_SLOTS 16 /* that are allocated at first */

#define ACTION_ERR(B, ATTR, ERR, MSG)                                                              \
	({                                                                                         \
		NL_SET_ERR_MSG_ATTR((B)->extack, ATTR, "actions: " MSG);                           \
		ERR;                                                                               \
	})

struct action_op *action_emit(struct action_builder *b, enum action_opcode code, size_t len)
{
	u32 n_slots = 1;
	struct action_op *op;

	if (len > sizeof(op->operand))
		n_slots += DIV_ROUND_UP(len - sizeof(op->operand), OP_SLOT);
	if (b->n + n_slots > b->room) {
		u32 room = max_t(u32, b->n + n_slots, b->room ? 2 * b->room : LIST_SLOTS);
		struct action_op *ops = kvcalloc(room, OP_SLOT, GFP_KERNEL);

		if (!ops)
			return NULL;
		if (b->n)
			memcpy(ops, b->ops, b->n * OP_SLOT);
		kvfree(b->ops);
		b->ops = ops;
		b->room = room;
	}
	op = &b->ops[b->n];
	op->code = code;
	op->n_slots = n_slots;
	b->n += n_slots;
	return op;
}

static int emit_arg(struct action_builder *b, enum action_opcode code, u32 arg)
{
	struct action_op *op = action_emit(b, code, 0);

	if (!op)
		return -ENOMEM;
	op->arg = arg;
	return 0;
}

/* A jump whose target comes later: where it is, or -ENOMEM. */
static int emit_jump(struct action_builder *b, enum action_opcode code, u32 arg)
{
	u32 at = b->n;
	int err = emit_arg(b, code, arg);

	return err ? err : (int)at;
}

static void jump_here(struct action_builder *b, int at)
{
	struct op_jump jump = { .slot = b->n };

	memcpy(b->ops[at].operand, &jump, sizeof(jump));
}

/* ---- lists ------------------------------------------------------------------ */

/* Does what follows in the list around see the packet as it was?  Nested lists take care of it
 * themselves. */
static bool list_is_pure(const struct nlattr *list)
{
	const struct nlattr *a;
	int left;

	nla_for_each_nested(a, list, left) {
		switch (nla_type(a)) {
		case OVS_ACTION_ATTR_OUTPUT:
		case OVS_ACTION_ATTR_RECIRC:
		case OVS_ACTION_ATTR_SAMPLE:
		case OVS_ACTION_ATTR_CLONE:
		case OVS_ACTION_ATTR_CHECK_PKT_LEN:
		case OVS_ACTION_ATTR_PSAMPLE:
			break;
		case OVS_ACTION_ATTR_USERSPACE:
			if (nla_find_nested(a, OVS_USERSPACE_ATTR_EGRESS_TUN_PORT))
				return false;
			break;
		default:
			return false;
		}
	}
	return true;
}

static int compile_list(struct action_builder *b, const struct nlattr *list, struct action_sim sim,
			unsigned int depth, bool is_last);

/* A nested list that does not change what the list around it sees. */
static int compile_nested(struct action_builder *b, const struct nlattr *list,
			  const struct action_sim *sim, unsigned int depth, bool is_last)
{
	int at, err;

	if (depth >= ACTION_MAX_DEPTH)
		return ACTION_ERR(b, list, -EOVERFLOW, "nested too deep");
	if (is_last || list_is_pure(list))
		return compile_list(b, list, *sim, depth + 1, is_last);
	at = emit_jump(b, OP_CLONE, 0);
	if (at < 0)
		return at;
	err = compile_list(b, list, *sim, depth + 1, true);
	if (!err)
		jump_here(b, at);
	return err;
}

/* Sorts the attributes of a nest: each at most once, each of a known type. */
static int collect(struct action_builder *b, const struct nlattr *nest, const struct nlattr **tb,
		   int max)
{
	const struct nlattr *a;
	int left;

	memset(tb, 0, sizeof(tb[0]) * (max + 1));
	nla_for_each_nested(a, nest, left) {
		int type = nla_type(a);

		if (!type || type > max)
			return ACTION_ERR(b, a, -EINVAL, "unknown attribute in a nest");
		if (tb[type])
			return ACTION_ERR(b, a, -EINVAL, "an attribute is there twice");
		tb[type] = a;
	}
	if (left)
		return ACTION_ERR(b, nest, -EINVAL, "stray octets in a nest");
	return 0;
}

static noinline_for_stack int compile_sample(struct action_builder *b, const struct nlattr *attr,
					     const struct action_sim *sim, unsigned int depth,
					     bool is_last)
{
	const struct nlattr *tb[OVS_SAMPLE_ATTR_ACTIONS + 1], *prob;
	u32 probability_around = b->probability;
	int at, err;

	err = collect(b, attr, tb, OVS_SAMPLE_ATTR_ACTIONS);
	if (err)
		return err;
	prob = tb[OVS_SAMPLE_ATTR_PROBABILITY];
	if (!prob || nla_len(prob) != sizeof(u32))
		return ACTION_ERR(b, attr, -EINVAL, "sample: no probability");
	if (!tb[OVS_SAMPLE_ATTR_ACTIONS])
		return ACTION_ERR(b, attr, -EINVAL, "sample: no actions");
	at = emit_jump(b, OP_SAMPLE, nla_get_u32(prob));
	if (at < 0)
		return at;
	b->probability = nla_get_u32(prob);
	err = compile_nested(b, tb[OVS_SAMPLE_ATTR_ACTIONS], sim, depth, is_last);
	b->probability = probability_around;
	if (!err)
		jump_here(b, at);
	return err;
}

static noinline_for_stack int compile_check_len(struct action_builder *b, const struct nlattr *attr,
						const struct action_sim *sim, unsigned int depth,
						bool is_last)
{
	const struct nlattr *tb[OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_LESS_EQUAL + 1], *len, *gt, *le;
	int at, over = 0, err;

	err = collect(b, attr, tb, OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_LESS_EQUAL);
	if (err)
		return err;
	len = tb[OVS_CHECK_PKT_LEN_ATTR_PKT_LEN];
	gt = tb[OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_GREATER];
	le = tb[OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_LESS_EQUAL];
	if (!len || nla_len(len) != sizeof(u16) || !nla_get_u16(len))
		return ACTION_ERR(b, attr, -EINVAL, "check_pkt_len: no length");
	if (!gt || !le)
		return ACTION_ERR(b, attr, -EINVAL, "check_pkt_len: both lists are needed");
	at = emit_jump(b, OP_CHECK_LEN, nla_get_u16(len));
	if (at < 0)
		return at;
	err = compile_nested(b, gt, sim, depth, is_last);
	if (err)
		return err;
	if (!is_last) {
		over = emit_jump(b, OP_JUMP, 0);
		if (over < 0)
			return over;
	}
	jump_here(b, at);
	err = compile_nested(b, le, sim, depth, is_last);
	if (!err && !is_last)
		jump_here(b, over);
	return err;
}

static noinline_for_stack int compile_dec_ttl(struct action_builder *b, const struct nlattr *attr,
					      const struct action_sim *sim, unsigned int depth)
{
	const struct nlattr *tb[OVS_DEC_TTL_ATTR_MAX + 1], *list;
	int at, err;

	err = collect(b, attr, tb, OVS_DEC_TTL_ATTR_MAX);
	if (err)
		return err;
	list = tb[OVS_DEC_TTL_ATTR_ACTION];
	if (!list)
		return ACTION_ERR(b, attr, -EINVAL, "dec_ttl: no actions");
	at = emit_jump(b, OP_DEC_TTL, 0);
	if (at < 0)
		return at;
	/* an expired packet goes no further than this list */
	err = compile_nested(b, list, sim, depth, true);
	if (!err)
		jump_here(b, at);
	return err;
}

/* ---- single actions ------------------------------------------------------------ */

static noinline_for_stack int compile_userspace(struct action_builder *b, const struct nlattr *attr)
{
	const struct nlattr *tb[OVS_USERSPACE_ATTR_MAX + 1], *a;
	struct op_userspace operand = { 0 };
	struct action_op *op;
	int err;

	err = collect(b, attr, tb, OVS_USERSPACE_ATTR_MAX);
	if (err)
		return err;
	a = tb[OVS_USERSPACE_ATTR_PID];
	if (!a || nla_len(a) != sizeof(u32) || !nla_get_u32(a))
		return ACTION_ERR(b, attr, -EINVAL, "userspace: no port ID");
	op = action_emit(b, OP_USERSPACE, sizeof(operand));
	if (!op)
		return -ENOMEM;
	op->arg = nla_get_u32(a);
	a = tb[OVS_USERSPACE_ATTR_USERDATA];
	if (a) {
		op->flags |= OP_USERSPACE_USERDATA;
		operand.userdata_ofs = (const u8 *)a - (const u8 *)b->attrs;
	}
	a = tb[OVS_USERSPACE_ATTR_EGRESS_TUN_PORT];
	if (a) {
		if (nla_len(a) != sizeof(u32))
			return ACTION_ERR(b, a, -EINVAL, "userspace: no tunnel port");
		op->flags |= OP_USERSPACE_EGRESS;
		operand.egress_port = nla_get_u32(a);
	}
	if (tb[OVS_USERSPACE_ATTR_ACTIONS])
		op->flags |= OP_USERSPACE_ACTIONS;
	memcpy(op->operand, &operand, sizeof(operand));
	return 0;
}

static int compile_hash(struct action_builder *b, const struct nlattr *attr)
{
	struct ovs_action_hash hash;
	struct action_op *op;

	memcpy(&hash, nla_data(attr), sizeof(hash));
	if (hash.hash_alg != OVS_HASH_ALG_L4 && hash.hash_alg != OVS_HASH_ALG_SYM_L4)
		return ACTION_ERR(b, attr, -EINVAL, "hash: unknown algorithm");
	op = action_emit(b, OP_HASH, 0);
	if (!op)
		return -ENOMEM;
	op->flags = hash.hash_alg;
	op->arg = hash.hash_basis;
	return 0;
}

static int compile_ct(struct action_builder *b, const struct nlattr *attr)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	struct op_ct operand;
	struct action_op *op;

	operand.ct = ct_action_create(b->dp->net, attr, b->key, b->mask, b->extack);
	if (IS_ERR(operand.ct))
		return PTR_ERR(operand.ct);
	op = action_emit(b, OP_CT, sizeof(operand));
	if (!op) {
		ct_action_destroy(operand.ct);
		return -ENOMEM;
	}
	memcpy(op->operand, &operand, sizeof(operand));
	return 0;
#else
	return ACTION_ERR(b, attr, -EOPNOTSUPP, "this kernel has no connection tracking");
#endif
}

static int compile_push_vlan(struct action_builder *b, const struct nlattr *attr,
			     struct action_sim *sim)
{
	struct ovs_action_push_vlan vlan;

	memcpy(&vlan, nla_data(attr), sizeof(vlan));
	if (sim->mac_proto != KEY_MAC_ETHERNET)
		return ACTION_ERR(b, attr, -EINVAL, "push_vlan: no Ethernet header");
	if (!eth_type_vlan(vlan.vlan_tpid))
		return ACTION_ERR(b, attr, -EINVAL, "push_vlan: no type of a VLAN tag");
	if (!(vlan.vlan_tci & htons(VLAN_CFI_MASK)))
		return ACTION_ERR(b, attr, -EINVAL, "push_vlan: the CFI bit is not set");
	sim->has_vlan = true;
	return emit_arg(b, OP_PUSH_VLAN,
			(u32)ntohs(vlan.vlan_tpid) << 16 | (ntohs(vlan.vlan_tci) & ~VLAN_CFI_MASK));
}

/* Labels go between the tags and what these types stand for. */
static bool may_push_mpls(const struct action_sim *sim)
{
	if (sim->has_vlan)
		return false;
	switch (sim->eth_type) {
	case htons(ETH_P_IP):
	case htons(ETH_P_IPV6):
	case htons(ETH_P_ARP):
	case htons(ETH_P_RARP):
		return true;
	}
	return eth_p_mpls(sim->eth_type);
}

static int compile_push_mpls(struct action_builder *b, const struct nlattr *attr,
			     struct action_sim *sim)
{
	bool in_front = false;
	struct ovs_action_add_mpls mpls;
	struct op_set_word operand;
	struct action_op *op;

	BUILD_BUG_ON(offsetof(struct ovs_action_add_mpls, mpls_ethertype) !=
		     offsetof(struct ovs_action_push_mpls, mpls_ethertype));
	if (nla_type(attr) == OVS_ACTION_ATTR_ADD_MPLS) {
		memcpy(&mpls, nla_data(attr), sizeof(mpls));
		in_front = !(mpls.tun_flags & OVS_MPLS_L3_TUNNEL_FLAG_MASK);
	} else {
		memcpy(&mpls, nla_data(attr), sizeof(struct ovs_action_push_mpls));
	}
	if (!eth_p_mpls(mpls.mpls_ethertype))
		return ACTION_ERR(b, attr, -EINVAL, "push_mpls: no type of MPLS");
	if (!in_front && !may_push_mpls(sim))
		return ACTION_ERR(b, attr, -EINVAL, "push_mpls: not in front of such a packet");
	if (in_front && sim->mac_proto == KEY_MAC_ETHERNET) {
		sim->mac_proto = KEY_MAC_NONE;
		sim->n_mpls = 0;
	}
	sim->eth_type = mpls.mpls_ethertype;
	sim->n_mpls = min(sim->n_mpls + 1, U8_MAX);

	op = action_emit(b, in_front ? OP_ADD_MPLS : OP_PUSH_MPLS, sizeof(operand));
	if (!op)
		return -ENOMEM;
	op->arg = (__force u32)mpls.mpls_ethertype;
	operand.value = mpls.mpls_lse;
	operand.mask = htonl(U32_MAX);
	memcpy(op->operand, &operand, sizeof(operand));
	return 0;
}

static int compile_pop_mpls(struct action_builder *b, const struct nlattr *attr,
			    struct action_sim *sim)
{
	__be16 eth_type = nla_get_be16(attr);

	if (sim->has_vlan || !eth_p_mpls(sim->eth_type))
		return ACTION_ERR(b, attr, -EINVAL, "pop_mpls: no label is known to be there");
	if (eth_type == htons(ETH_P_TEB) && sim->mac_proto == KEY_MAC_ETHERNET)
		return ACTION_ERR(b, attr, -EINVAL, "pop_mpls: there is an Ethernet header");
	/* what is below the last label that was parsed is not known */
	if (eth_p_mpls(eth_type) && sim->n_mpls > 1) {
		sim->eth_type = eth_type;
		sim->n_mpls--;
	} else {
		sim->eth_type = 0;
		sim->n_mpls = 0;
	}
	return emit_arg(b, OP_POP_MPLS, (__force u32)eth_type);
}

static int compile_push_eth(struct action_builder *b, const struct nlattr *attr,
			    struct action_sim *sim)
{
	const struct ovs_action_push_eth *eth = nla_data(attr);
	struct op_set_eth operand;
	u8 hdr[2 * ETH_ALEN];
	struct action_op *op;

	if (sim->mac_proto != KEY_MAC_NONE)
		return ACTION_ERR(b, attr, -EINVAL, "push_eth: there is an Ethernet header");
	sim->mac_proto = KEY_MAC_ETHERNET;
	op = action_emit(b, OP_PUSH_ETH, sizeof(operand));
	if (!op)
		return -ENOMEM;
	memcpy(hdr, eth->addresses.eth_dst, ETH_ALEN);
	memcpy(hdr + ETH_ALEN, eth->addresses.eth_src, ETH_ALEN);
	memset(&operand, 0xff, sizeof(operand));
	memcpy(&operand.value8, hdr, 8);
	memcpy(&operand.value4, hdr + 8, 4);
	memcpy((void *)op_operand(op), &operand, sizeof(operand));
	return 0;
}

static noinline_for_stack int compile_push_nsh(struct action_builder *b, const struct nlattr *attr,
					       struct action_sim *sim)
{
	const struct nlattr *nsh = nla_data(attr);
	u8 hdr[NSH_HDR_MAX_LEN];
	struct action_op *op;
	int len;

	if (!nla_ok(nsh, nla_len(attr)) || nla_type(nsh) != OVS_KEY_ATTR_NSH ||
	    NLA_ALIGN(nsh->nla_len) != NLA_ALIGN(nla_len(attr)))
		return ACTION_ERR(b, attr, -EINVAL, "push_nsh: there is to be one NSH attribute");
	if (sim->mac_proto == KEY_MAC_NONE && !tun_p_from_eth_p(sim->eth_type))
		return ACTION_ERR(b, attr, -EINVAL, "push_nsh: NSH has no number for the packet");
	len = key_parse_nsh_hdr(nsh, hdr, sizeof(hdr), b->extack);
	if (len < 0)
		return len;
	op = action_emit(b, OP_PUSH_NSH, len);
	if (!op)
		return -ENOMEM;
	memcpy((void *)op_operand(op), hdr, len);
	/* the type stays that of what is below, as in the kernel's own module */
	sim->mac_proto = KEY_MAC_NONE;
	return 0;
}

#if IS_ENABLED(CONFIG_PSAMPLE)
static noinline_for_stack int compile_psample(struct action_builder *b, const struct nlattr *attr)
{
	const struct nlattr *tb[OVS_PSAMPLE_ATTR_COOKIE + 1], *a;
	struct op_psample operand = { .probability = b->probability };
	struct action_op *op;
	int err;

	err = collect(b, attr, tb, OVS_PSAMPLE_ATTR_COOKIE);
	if (err)
		return err;
	a = tb[OVS_PSAMPLE_ATTR_COOKIE];
	if (a) {
		if (!COMPAT_PSAMPLE_HAS_COOKIE)
			return ACTION_ERR(b, a, -EOPNOTSUPP,
					  "psample: this kernel passes no cookie on");
		if (!nla_len(a) || nla_len(a) > OVS_PSAMPLE_COOKIE_MAX_SIZE)
			return ACTION_ERR(b, a, -EINVAL, "psample: the cookie has a wrong size");
		operand.cookie_ofs = (const u8 *)nla_data(a) - (const u8 *)b->attrs;
		operand.cookie_len = nla_len(a);
	}
	a = tb[OVS_PSAMPLE_ATTR_GROUP];
	if (!a || nla_len(a) != sizeof(u32))
		return ACTION_ERR(b, attr, -EINVAL, "psample: no group");
	operand.group = psample_group_get(b->dp->net, nla_get_u32(a));
	if (!operand.group)
		return -ENOMEM;
	op = action_emit(b, OP_PSAMPLE, sizeof(operand));
	if (!op) {
		psample_group_put(operand.group);
		return -ENOMEM;
	}
	memcpy((void *)op_operand(op), &operand, sizeof(operand));
	return 0;
}
#endif

/* Payload octets, where they are fixed. */
static bool has_right_len(const struct nlattr *attr)
{
	int len = nla_len(attr);

	switch (nla_type(attr)) {
	case OVS_ACTION_ATTR_OUTPUT:
	case OVS_ACTION_ATTR_RECIRC:
	case OVS_ACTION_ATTR_METER:
	case OVS_ACTION_ATTR_DROP:
		return len == sizeof(u32);
	case OVS_ACTION_ATTR_TRUNC:
		return len == sizeof(struct ovs_action_trunc);
	case OVS_ACTION_ATTR_POP_VLAN:
	case OVS_ACTION_ATTR_POP_ETH:
	case OVS_ACTION_ATTR_POP_NSH:
	case OVS_ACTION_ATTR_CT_CLEAR:
		return len == 0;
	case OVS_ACTION_ATTR_PUSH_VLAN:
		return len == sizeof(struct ovs_action_push_vlan);
	case OVS_ACTION_ATTR_PUSH_MPLS:
		return len == sizeof(struct ovs_action_push_mpls);
	case OVS_ACTION_ATTR_ADD_MPLS:
		return len == sizeof(struct ovs_action_add_mpls);
	case OVS_ACTION_ATTR_POP_MPLS:
		return len == sizeof(__be16);
	case OVS_ACTION_ATTR_HASH:
		return len == sizeof(struct ovs_action_hash);
	case OVS_ACTION_ATTR_PUSH_ETH:
		return len == sizeof(struct ovs_action_push_eth);
	}
	return true;
}

/* @is_end: no action follows in this list; @is_last: the packet is the list's to consume. */
static int compile_action(struct action_builder *b, const struct nlattr *attr,
			  struct action_sim *sim, unsigned int depth, bool is_end, bool is_last)
{
	u32 arg;

	if (!has_right_len(attr))
		return ACTION_ERR(b, attr, -EINVAL, "an action has a wrong size");
	switch (nla_type(attr)) {
	case OVS_ACTION_ATTR_OUTPUT:
		arg = nla_get_u32(attr);
		if (arg >= DP_MAX_PORTS)
			return ACTION_ERR(b, attr, -EINVAL, "output: no number of a port");
		return emit_arg(b, is_end && is_last ? OP_OUTPUT_LAST : OP_OUTPUT, arg);
	case OVS_ACTION_ATTR_TRUNC:
		arg = nla_get_u32(attr);
		if (arg < ETH_HLEN)
			return ACTION_ERR(b, attr, -EINVAL, "trunc: shorter than a header");
		return emit_arg(b, OP_TRUNC, arg);
	case OVS_ACTION_ATTR_USERSPACE:
		return compile_userspace(b, attr);
	case OVS_ACTION_ATTR_SET:
		return action_compile_set(b, attr, sim, false);
	case OVS_ACTION_ATTR_SET_MASKED:
		return action_compile_set(b, attr, sim, true);
	case OVS_ACTION_ATTR_PUSH_VLAN:
		return compile_push_vlan(b, attr, sim);
	case OVS_ACTION_ATTR_POP_VLAN:
		if (sim->mac_proto != KEY_MAC_ETHERNET)
			return ACTION_ERR(b, attr, -EINVAL, "pop_vlan: no Ethernet header");
		sim->has_vlan = false;
		return emit_arg(b, OP_POP_VLAN, 0);
	case OVS_ACTION_ATTR_RECIRC:
		return emit_arg(b, is_end && is_last ? OP_RECIRC_LAST : OP_RECIRC,
				nla_get_u32(attr));
	case OVS_ACTION_ATTR_HASH:
		return compile_hash(b, attr);
	case OVS_ACTION_ATTR_PUSH_MPLS:
	case OVS_ACTION_ATTR_ADD_MPLS:
		return compile_push_mpls(b, attr, sim);
	case OVS_ACTION_ATTR_POP_MPLS:
		return compile_pop_mpls(b, attr, sim);
	case OVS_ACTION_ATTR_PUSH_ETH:
		return compile_push_eth(b, attr, sim);
	case OVS_ACTION_ATTR_POP_ETH:
		if (sim->mac_proto != KEY_MAC_ETHERNET)
			return ACTION_ERR(b, attr, -EINVAL, "pop_eth: no Ethernet header");
		if (sim->has_vlan)
			return ACTION_ERR(b, attr, -EINVAL, "pop_eth: there is a VLAN tag");
		sim->mac_proto = KEY_MAC_NONE;
		return emit_arg(b, OP_POP_ETH, 0);
	case OVS_ACTION_ATTR_PUSH_NSH:
		return compile_push_nsh(b, attr, sim);
	case OVS_ACTION_ATTR_POP_NSH:
		if (sim->eth_type != htons(ETH_P_NSH))
			return ACTION_ERR(b, attr, -EINVAL, "pop_nsh: no NSH header");
		sim->mac_proto = b->key->nsh.base.np == TUN_P_ETHERNET ? KEY_MAC_ETHERNET
								       : KEY_MAC_NONE;
		return emit_arg(b, OP_POP_NSH, 0);
	case OVS_ACTION_ATTR_METER:
		return emit_arg(b, OP_METER, nla_get_u32(attr));
	case OVS_ACTION_ATTR_CT:
		return compile_ct(b, attr);
	case OVS_ACTION_ATTR_CT_CLEAR:
		return emit_arg(b, OP_CT_CLEAR, 0);
	case OVS_ACTION_ATTR_SAMPLE:
		return compile_sample(b, attr, sim, depth, is_end && is_last);
	case OVS_ACTION_ATTR_CLONE:
		return compile_nested(b, attr, sim, depth, is_end && is_last);
	case OVS_ACTION_ATTR_CHECK_PKT_LEN:
		return compile_check_len(b, attr, sim, depth, is_end && is_last);
	case OVS_ACTION_ATTR_DEC_TTL:
		return compile_dec_ttl(b, attr, sim, depth);
	case OVS_ACTION_ATTR_DROP:
		if (!is_end)
			return ACTION_ERR(b, attr, -EINVAL, "drop: actions follow");
		return emit_arg(b, OP_DROP, nla_get_u32(attr) ? DROP_TRANSLATION : DROP_EXPLICIT);
#if IS_ENABLED(CONFIG_PSAMPLE)
	case OVS_ACTION_ATTR_PSAMPLE:
		return compile_psample(b, attr);
#endif
	}
	return ACTION_ERR(b, attr, -EINVAL, "unknown action");
}

static int compile_list(struct action_builder *b, const struct nlattr *list, struct action_sim sim,
			unsigned int depth, bool is_last)
{
	bool is_open = true; /* the packet gets here */
	const struct nlattr *a;
	int left, err;

	nla_for_each_nested(a, list, left) {
		bool is_end = left - NLA_ALIGN(a->nla_len) < NLA_HDRLEN;
		u32 at = b->n;

		err = compile_action(b, a, &sim, depth, is_end, is_last);
		if (err)
			return err;
		if (!is_end)
			continue;
		switch (nla_type(a)) {
		case OVS_ACTION_ATTR_OUTPUT:
		case OVS_ACTION_ATTR_RECIRC:
		case OVS_ACTION_ATTR_DROP:
			is_open = false;
			break;
		case OVS_ACTION_ATTR_CLONE: /* its list has taken the packet's last step */
			is_open = b->n == at;
			break;
		}
	}
	if (left)
		return ACTION_ERR(b, list, -EINVAL, "stray octets behind the last action");
	if (!is_last || !is_open)
		return 0;
	return emit_arg(b, OP_END, 0);
}

/* ---- programs --------------------------------------------------------------------- */

/* Releases what the ops hold. */
static void ops_release(const struct action_op *ops, u32 n)
{
	u32 i;

	for (i = 0; i < n; i += ops[i].n_slots) {
		const void *operand = op_operand(&ops[i]);

		switch (ops[i].code) {
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
		case OP_CT:
			ct_action_destroy(((const struct op_ct *)operand)->ct);
			break;
#endif
		case OP_SET_TUNNEL:
			dst_release(&((const struct op_set_tunnel *)operand)->dst->dst);
			break;
#if IS_ENABLED(CONFIG_PSAMPLE)
		case OP_PSAMPLE:
			psample_group_put(((const struct op_psample *)operand)->group);
			break;
#endif
		}
	}
}

static void sim_init(struct action_sim *sim, const struct flow_key *key)
{
	memset(sim, 0, sizeof(*sim));
	sim->eth_type = key->eth_type;
	sim->mac_proto = key->mac_proto;
	sim->has_vlan = key->vlan.tci & htons(VLAN_CFI_MASK);
	if (eth_p_mpls(key->eth_type)) {
		sim->n_mpls = clamp_t(u32, key->mpls.n_lse, 1, KEY_MAX_MPLS);
	} else {
		sim->ip_proto = key->ip_proto;
		sim->ip_frag = key->ip_frag;
	}
}

struct action_prog *actions_compile(struct datapath *dp, const struct nlattr *attrs,
				    const struct flow_key *key, const struct flow_key *mask,
				    struct netlink_ext_ack *extack)
{
	struct action_builder b = {
		.dp = dp,
		.extack = extack,
		.key = key,
		.mask = mask,
		.attrs = nla_data(attrs),
		.probability = U32_MAX,
	};
	u32 len = nla_len(attrs);
	struct action_prog *prog;
	struct action_sim sim;
	int err;

	sim_init(&sim, key);
	err = len ? compile_list(&b, attrs, sim, 0, true) : emit_arg(&b, OP_DROP, DROP_EXPLICIT);
	if (err)
		goto err_release;

	err = -ENOMEM;
	prog = kvmalloc(sizeof(*prog) + b.n * OP_SLOT + len, GFP_KERNEL);
	if (!prog)
		goto err_release;
	prog->n_ops = b.n;
	prog->ops = (struct action_op *)(prog + 1);
	memcpy(prog->ops, b.ops, b.n * OP_SLOT);
	prog->attrs_len = len;
	prog->attrs = prog->ops + b.n;
	memcpy(prog->attrs, b.attrs, len);
	prog->output_last = b.ops[0].code == OP_OUTPUT_LAST;
	prog->output_port = b.ops[0].arg;
	kvfree(b.ops);
	return prog;

err_release:
	ops_release(b.ops, b.n);
	kvfree(b.ops);
	return ERR_PTR(err);
}

void action_prog_free(struct action_prog *prog)
{
	if (!prog)
		return;
	ops_release(prog->ops, prog->n_ops);
	kvfree(prog);
}

static void free_rcu_cb(struct rcu_head *rcu)
{
	action_prog_free(container_of(rcu, struct action_prog, rcu));
}

void action_prog_free_rcu(struct action_prog *prog)
{
	if (prog)
		call_rcu(&prog->rcu, free_rcu_cb);
}

int action_prog_put(struct sk_buff *skb, int attr, const struct action_prog *prog)
{
	return nla_put(skb, attr | NLA_F_NESTED, prog->attrs_len, prog->attrs);
}
