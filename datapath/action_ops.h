/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a compiled program consists of; shared by the action_*.c files and nobody else.
 *
 * A program is an array of slots.  An op takes one slot and as many more as its operand needs; the
 * next op stands behind it.  Nested lists are inline: ops that choose between lists jump.  A list
 * whose changes must not be seen by what comes after it runs on a clone of the packet (OP_CLONE);
 * what the clone does, up to the op that consumes it, comes first, then the rest of the list.
 *
 * What consumes the packet ends the walk: OP_END, OP_OUTPUT_LAST, OP_RECIRC_LAST, OP_DROP.
 */
#ifndef DATAPATH_ACTION_OPS_H
#define DATAPATH_ACTION_OPS_H

#include <linux/in6.h>
#include <linux/skbuff.h>

#include "../include/drop_reason.h"
#include "action.h"
#include "pkt.h"

struct metadata_dst;
struct psample_group;
struct ct_action;

enum action_opcode {
	OP_END, /* done with the packet */
	OP_OUTPUT_LAST, /* arg: port */
	OP_OUTPUT, /* arg: port */
	OP_SET_ETH, /* operand: struct op_set_eth */
	OP_SET_IPV4, /* operand: struct op_set_ipv4 */
	OP_SET_IPV6, /* operand: struct op_set_ipv6 */
	OP_SET_TCP, /* operand: struct op_set_word: both ports */
	OP_SET_UDP,
	OP_SET_SCTP,
	OP_SET_MARK, /* operand: struct op_set_word */
	OP_SET_PRIORITY,
	OP_SET_MPLS,
	OP_SET_NSH, /* operand: struct op_set_nsh */
	OP_SET_TUNNEL, /* operand: struct op_set_tunnel */
	OP_PUSH_VLAN, /* arg: TPID << 16 | TCI without the CFI bit, host order */
	OP_POP_VLAN,
	OP_RECIRC_LAST, /* arg: recirc_id */
	OP_RECIRC, /* arg: recirc_id */
	OP_CT, /* operand: struct op_ct */
	OP_CT_CLEAR,
	OP_HASH, /* arg: basis; flags: the algorithm */
	OP_METER, /* arg: its number */
	OP_TRUNC, /* arg: octets */
	OP_USERSPACE, /* arg: port ID; operand: struct op_userspace */
	OP_SAMPLE, /* arg: probability; operand: struct op_jump, where to if not */
	OP_CHECK_LEN, /* arg: octets; operand: struct op_jump, where to if it is no longer */
	OP_DEC_TTL, /* operand: struct op_jump, where to unless it has expired */
	OP_JUMP, /* operand: struct op_jump */
	OP_CLONE, /* operand: struct op_jump, where the packet itself goes on */
	OP_PUSH_MPLS, /* arg: eth_type; operand: struct op_set_word */
	OP_ADD_MPLS, /* the same, in front of all */
	OP_POP_MPLS, /* arg: eth_type, network order */
	OP_PUSH_ETH, /* operand: struct op_set_eth, addresses only */
	OP_POP_ETH,
	OP_PUSH_NSH, /* operand: the header */
	OP_POP_NSH,
	OP_PSAMPLE, /* operand: struct op_psample */
	OP_DROP, /* arg: enum drop_reason */
};

struct action_op {
	u8 code; /* enum action_opcode */
	u8 flags; /* of the op */
	u16 n_slots; /* with the operand */
	u32 arg;
	u8 operand[8]; /* ... and on in the next slots; aligned to 8 octets */
} __aligned(8);

#define OP_SLOT sizeof(struct action_op)

/* Values have no bit set that their mask has not. */
struct op_set_word {
	__be32 value, mask;
};

struct op_set_eth { /* as on the wire: destination, source */
	u64 value8, mask8;
	u32 value4, mask4;
};

struct op_set_ipv4 {
	__be32 src, src_mask, dst, dst_mask;
	u8 tos, tos_mask, ttl, ttl_mask;
};

struct op_set_ipv6 {
	struct in6_addr src, src_mask, dst, dst_mask;
	__be32 flow, flow_mask; /* traffic class and label */
	u8 hop_limit, hop_limit_mask;
	bool has_src, has_dst; /* their masks are not zero */
};

struct op_set_nsh {
	struct key_nsh value, mask;
};

struct op_set_tunnel {
	struct metadata_dst *dst;
};

struct op_ct {
	struct ct_action *ct;
};

struct op_jump {
	u32 slot; /* from the start of the program */
};

#define OP_USERSPACE_USERDATA BIT(0)
#define OP_USERSPACE_EGRESS BIT(1)
#define OP_USERSPACE_ACTIONS BIT(2)
struct op_userspace {
	u32 userdata_ofs; /* of the attribute in prog->attrs */
	u32 egress_port;
};

struct op_psample {
	struct psample_group *group;
	u32 probability; /* of the sample around it */
	u32 cookie_ofs, cookie_len; /* in prog->attrs */
};

static inline const void *op_operand(const struct action_op *op)
{
	return (const u8 *)op + offsetof(struct action_op, operand);
}

/* ---- building (action_compile.c) -------------------------------------------- */

/* What is known of the packet at this place in the list. */
struct action_sim {
	__be16 eth_type; /* 0: nothing */
	u8 ip_proto;
	u8 ip_frag;
	u8 mac_proto;
	bool has_vlan;
	u8 n_mpls; /* labels known to be there */
};

struct action_builder {
	struct datapath *dp;
	struct netlink_ext_ack *extack;
	const struct flow_key *key, *mask;
	const void *attrs; /* payload of the whole list: offsets count from here */
	struct action_op *ops;
	u32 n, room; /* slots */
	u32 probability; /* of the innermost sample around */
};

/* Appends an op with an operand of @len octets, which are zeroed; valid until the next one.  NULL:
 * no memory. */
struct action_op *action_emit(struct action_builder *b, enum action_opcode code, size_t len);

/* OVS_ACTION_ATTR_SET and _SET_MASKED: action_compile_set.c. */
int action_compile_set(struct action_builder *b, const struct nlattr *attr,
		       const struct action_sim *sim, bool is_masked);

/* ---- running ------------------------------------------------------------------ */

/*
 * All of these change *@skb's headers and return DROP_NONE, or why the packet, which stays the
 * caller's, is to be dropped.
 */

/* Finds the headers: offsets in the skb, pkt->l3_proto, pkt->l4_proto. */
enum drop_reason action_parse_slow(struct sk_buff *skb, struct pkt *pkt);

static inline enum drop_reason action_parse(struct sk_buff *skb, struct pkt *pkt)
{
	return likely(pkt->is_parsed) ? DROP_NONE : action_parse_slow(skb, pkt);
}

enum drop_reason action_set_eth(struct sk_buff *skb, struct pkt *pkt, const struct op_set_eth *o);
enum drop_reason action_set_ipv4(struct sk_buff *skb, struct pkt *pkt, const struct op_set_ipv4 *o);
enum drop_reason action_set_ipv6(struct sk_buff *skb, struct pkt *pkt, const struct op_set_ipv6 *o);
enum drop_reason action_set_ports(struct sk_buff *skb, struct pkt *pkt, u8 ip_proto,
				  const struct op_set_word *o);
enum drop_reason action_set_mpls(struct sk_buff *skb, struct pkt *pkt, const struct op_set_word *o);
enum drop_reason action_set_nsh(struct sk_buff *skb, struct pkt *pkt, const struct op_set_nsh *o);
/* *@expired: it has no hop left and is unchanged. */
enum drop_reason action_dec_ttl(struct sk_buff *skb, struct pkt *pkt, bool *expired);

enum drop_reason action_push_vlan(struct sk_buff *skb, struct pkt *pkt, u32 tpid_tci);
enum drop_reason action_pop_vlan(struct sk_buff *skb, struct pkt *pkt);
enum drop_reason action_push_mpls(struct sk_buff *skb, struct pkt *pkt, __be32 lse,
				  __be16 eth_type);
/* In front of all; not for GSO packets. */
enum drop_reason action_add_mpls(struct sk_buff *skb, struct pkt *pkt, __be32 lse, __be16 eth_type);
enum drop_reason action_pop_mpls(struct sk_buff *skb, struct pkt *pkt, __be16 eth_type);
enum drop_reason action_push_eth(struct sk_buff *skb, struct pkt *pkt, const struct op_set_eth *o);
enum drop_reason action_pop_eth(struct sk_buff *skb, struct pkt *pkt);
enum drop_reason action_push_nsh(struct sk_buff *skb, struct pkt *pkt, const void *hdr);
enum drop_reason action_pop_nsh(struct sk_buff *skb, struct pkt *pkt);

#endif
