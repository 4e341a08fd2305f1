/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints: what goes up to userspace, and what is done with packets. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM openvswitch

#if !defined(DATAPATH_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define DATAPATH_TRACE_H

#include <linux/if_vlan.h>
#include <linux/tracepoint.h>

#include "action_ops.h"
#include "dp.h"

/* clang-format off */
/* A packet goes up, or would have: @err as dp_upcall() returns it. */
TRACE_EVENT(upcall,
	TP_PROTO(const struct sk_buff *skb, const struct pkt *pkt, u8 cmd, u32 portid, int err),
	TP_ARGS(skb, pkt, cmd, portid, err),
	TP_STRUCT__entry(
		__field(const void *, skbaddr)
		__field(int, dp_ifindex)
		__field(u32, in_port)
		__field(u32, recirc_id)
		__field(u32, portid)
		__field(unsigned int, len)
		__field(unsigned int, gso_size)
		__field(u16, protocol)
		__field(u16, vlan_tci)
		__field(u8, cmd)
		__field(u8, ip_summed)
		__field(u8, ct_state)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->skbaddr = skb;
		__entry->dp_ifindex = dp_ifindex(pkt->dp);
		__entry->in_port = pkt->in_port;
		__entry->recirc_id = pkt->recirc_id;
		__entry->portid = portid;
		__entry->len = skb->len;
		__entry->gso_size = skb_shinfo(skb)->gso_size;
		__entry->protocol = ntohs(skb->protocol);
		__entry->vlan_tci = skb_vlan_tag_present(skb) ? skb_vlan_tag_get(skb) : 0;
		__entry->cmd = cmd;
		__entry->ip_summed = skb->ip_summed;
		__entry->ct_state = pkt->ct_state;
		__entry->err = err;
	),
	TP_printk("dp=%d in_port=%u recirc_id=%#x skbaddr=%p len=%u gso_size=%u protocol=0x%04x "
		  "vlan_tci=0x%04x ip_summed=%u ct_state=0x%02x cmd=%s portid=%u err=%d",
		  __entry->dp_ifindex, __entry->in_port, __entry->recirc_id, __entry->skbaddr,
		  __entry->len, __entry->gso_size, __entry->protocol, __entry->vlan_tci,
		  __entry->ip_summed, __entry->ct_state,
		  __entry->cmd == OVS_PACKET_CMD_MISS ? "miss" : "action", __entry->portid,
		  __entry->err)
);

#define TRACE_OPS(R) \
	R(END) R(OUTPUT_LAST) R(OUTPUT) R(SET_ETH) \
	R(SET_IPV4) R(SET_IPV6) R(SET_TCP) R(SET_UDP) \
	R(SET_SCTP) R(SET_MARK) R(SET_PRIORITY) R(SET_MPLS) \
	R(SET_NSH) R(SET_TUNNEL) R(PUSH_VLAN) R(POP_VLAN) \
	R(RECIRC_LAST) R(RECIRC) R(CT) R(CT_CLEAR) \
	R(HASH) R(METER) R(TRUNC) R(USERSPACE) \
	R(SAMPLE) R(CHECK_LEN) R(DEC_TTL) R(JUMP) \
	R(CLONE) R(PUSH_MPLS) R(ADD_MPLS) R(POP_MPLS) \
	R(PUSH_ETH) R(POP_ETH) R(PUSH_NSH) R(POP_NSH) \
	R(PSAMPLE) R(DROP)

#define TRACE_OP_ENUM(NAME) TRACE_DEFINE_ENUM(OP_##NAME);
TRACE_OPS(TRACE_OP_ENUM)
#undef TRACE_OP_ENUM
#define TRACE_OP_NAME(NAME) { OP_##NAME, #NAME },

/* An op of a compiled program is about to run; @op: enum action_opcode, @arg: as it says there. */
TRACE_EVENT(action,
	TP_PROTO(const struct sk_buff *skb, const struct pkt *pkt, u8 op, u32 arg),
	TP_ARGS(skb, pkt, op, arg),
	TP_STRUCT__entry(
		__field(const void *, skbaddr)
		__field(int, dp_ifindex)
		__field(u32, in_port)
		__field(u32, recirc_id)
		__field(u32, arg)
		__field(unsigned int, len)
		__field(unsigned int, gso_size)
		__field(u16, protocol)
		__field(u16, vlan_tci)
		__field(u8, op)
		__field(u8, ip_summed)
	),
	TP_fast_assign(
		__entry->skbaddr = skb;
		__entry->dp_ifindex = dp_ifindex(pkt->dp);
		__entry->in_port = pkt->in_port;
		__entry->recirc_id = pkt->recirc_id;
		__entry->arg = arg;
		__entry->len = skb->len;
		__entry->gso_size = skb_shinfo(skb)->gso_size;
		__entry->protocol = ntohs(skb->protocol);
		__entry->vlan_tci = skb_vlan_tag_present(skb) ? skb_vlan_tag_get(skb) : 0;
		__entry->op = op;
		__entry->ip_summed = skb->ip_summed;
	),
	TP_printk("dp=%d in_port=%u recirc_id=%#x skbaddr=%p len=%u gso_size=%u protocol=0x%04x "
		  "vlan_tci=0x%04x ip_summed=%u op=%s arg=%u",
		  __entry->dp_ifindex, __entry->in_port, __entry->recirc_id, __entry->skbaddr,
		  __entry->len, __entry->gso_size, __entry->protocol, __entry->vlan_tci,
		  __entry->ip_summed,
		  __print_symbolic(__entry->op, TRACE_OPS(TRACE_OP_NAME) { 255, "?" }),
		  __entry->arg)
);
/* clang-format on */

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
