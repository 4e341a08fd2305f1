/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Why a packet was dropped: one enumeration from parser to egress, the same in the kernel module,
 * the userspace datapath and translation.  Numbers are only ever appended.
 * DROP_REASONS(R) calls R(NAME, "text-name", "explanation"). */
#ifndef INCLUDE_DROP_REASON_H
#define INCLUDE_DROP_REASON_H

#define DROP_REASONS(R)                                                                            \
	R(NONE, "none", "not dropped")                                                             \
	/* Parser: malformed frames. */                                                            \
	R(RUNT, "runt", "shorter than an Ethernet header")                                         \
	R(GIANT, "giant", "longer than the largest frame a port can hold")                         \
	R(BAD_OFFLOAD, "bad-offload", "offload metadata contradicts the frame")                    \
	/* Ingress and tables. */                                                                  \
	R(PORT_DOWN, "port-down", "the ingress port is administratively down")                     \
	R(UPCALL_QUEUE_FULL, "upcall-queue-full", "the port's upcall queue is full")               \
	R(UPCALL_ERROR, "upcall-error", "the miss could not be translated")                        \
	R(FLOW_TABLE_FULL, "flow-table-full", "no room for another datapath flow")                 \
	R(TABLE_MISS, "table-miss", "no OpenFlow rule matched")                                    \
	R(EXPLICIT, "explicit", "a rule or flow says drop")                                        \
	R(TRANSLATION, "translation", "translation failed or hit a limit")                         \
	/* L2: NORMAL. */                                                                          \
	R(UNKNOWN_INPUT_PORT, "unknown-input-port", "the ingress port belongs to no bridge port")  \
	R(RESERVED_ADDRESS, "reserved-address", "a reserved destination; see forward-bpdu")        \
	R(INVALID_VLAN, "invalid-vlan", "the ingress port does not carry this VLAN")               \
	R(TAGGED_ON_ACCESS, "tagged-on-access", "a tagged frame on an access port")                \
	R(PROTECTED_PORT, "protected-port", "from one protected port to another")                  \
	R(SAME_PORT, "same-port", "the destination is behind the ingress port")                    \
	R(NO_OUTPUT, "no-output", "no other port carries this VLAN")                               \
	R(MIRROR_OUTPUT_PORT, "mirror-output-port", "received on a port reserved for a mirror")    \
	R(PORT_BLOCKED, "port-blocked", "the port does not forward (spanning tree, bond, config)") \
	R(MULTICAST_SOURCE, "multicast-source", "the source address is a group address")           \
	/* Actions. */                                                                             \
	R(RECURSION_LIMIT, "recursion-limit", "recirculation or nesting is too deep")              \
	R(METER, "meter", "exceeded a meter or policing rate")                                     \
	R(TRUNCATED, "truncated", "an action needs octets that the frame lacks")                   \
	R(BAD_ACTION, "bad-action", "an action could not be executed")                             \
	R(HEADER_TOO_SHORT, "header-too-short", "a header to change is missing or short")          \
	R(CONNTRACK, "conntrack", "connection tracking refused the packet")                        \
	R(TUNNEL, "tunnel", "encapsulation or decapsulation failed")                               \
	/* Egress. */                                                                              \
	R(NO_SUCH_PORT, "no-such-port", "the output port does not exist")                          \
	R(MTU_EXCEEDED, "mtu-exceeded", "longer than the egress port's MTU")                       \
	R(TX_QUEUE_FULL, "tx-queue-full", "the egress queue or ring is full")                      \
	R(TX_ERROR, "tx-error", "the egress device refused the frame")                             \
	R(TX_DOWN, "tx-down", "the egress device is down")                                         \
	R(NO_SEGMENTATION, "no-segmentation", "a GSO frame that cannot pass nor be segmented")     \
	R(NO_MEMORY, "no-memory", "no packet buffer")

enum drop_reason {
#define DROP_REASON_ENUM(NAME, TEXT, HELP) DROP_##NAME,
	DROP_REASONS(DROP_REASON_ENUM)
#undef DROP_REASON_ENUM
		DROP_N_REASONS
};

#endif
