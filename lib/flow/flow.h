/* SPDX-License-Identifier: Apache-2.0 */
/* The flow key: every field that may be matched, laid out in 64-bit words so that a miniflow
 * (bitmap and packed words) of it is what is hashed, compared and stored.  A mask has the same
 * layout. Words stand in the order of the stages of a staged look-up: metadata, L2, L3, L4. Members
 * are in network byte order where their type says be*, else in host order. */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include <linux/if_ether.h>
#include <string.h>

#include "packet/packet.h"

#define FLOW_N_REGS 32
#define FLOW_MAX_VLANS 2
#define FLOW_MAX_MPLS 3

struct flow_vlan {
	be16 tpid; /* 0: no such tag */
	be16 tci; /* VLAN_CFI set if present */
};
#define VLAN_CFI 0x1000
#define VLAN_VID_MASK 0x0fff
#define VLAN_PCP_MASK 0xe000
#define VLAN_PCP_SHIFT 13

struct flow_nsh {
	uint8_t flags, ttl, mdtype, np;
	be32 path_hdr; /* spi and si */
	be32 context[4];
};

struct flow {
	/* Metadata stage.  What few flows have comes first, so that all words of a plain flow fall
	 * into the second half of the flowmap. */
	struct flow_tnl tunnel;
	be64 metadata;
	uint32_t regs[FLOW_N_REGS];
	uint32_t conj_id;
	uint32_t actset_output;
	uint32_t skb_priority;
	uint32_t pkt_mark;
	struct u128 ct_label;
	uint32_t dp_hash;
	uint32_t in_port; /* datapath port in lib/ (odp); OpenFlow port inside vswitchd/pipeline */
	uint32_t recirc_id;
	be32 packet_type;
	uint8_t ct_state;
	uint8_t ct_nw_proto;
	uint16_t ct_zone;
	uint32_t ct_mark;
	/* L2 stage. */
	uint8_t eth_dst[6];
	uint8_t eth_src[6];
	be16 eth_type; /* innermost after VLANs; 0x05ff for 802.2 frames without SNAP */
	uint8_t pad1[2];
	struct flow_vlan vlans[FLOW_MAX_VLANS]; /* outermost first */
	be32 mpls_lse[FLOW_MAX_MPLS]; /* outermost first */
	uint32_t pad2;
	/* L3 stage. */
	be32 ip_src, ip_dst; /* also ARP's */
	be32 ct_ip_src, ct_ip_dst;
	struct in6_addr ipv6_src, ipv6_dst;
	struct in6_addr ct_ipv6_src, ct_ipv6_dst;
	be32 ipv6_label;
	uint8_t ip_frag; /* FLOW_FRAG_* */
	uint8_t ip_tos;
	uint8_t ip_ttl;
	uint8_t ip_proto; /* also the low octet of ARP's opcode */
	struct in6_addr nd_target;
	uint8_t arp_sha[6]; /* or nd_sll */
	uint8_t arp_tha[6]; /* or nd_tll */
	be16 tcp_flags; /* 12 bits; stands here, with the L3 words, because of its size */
	uint8_t nd_options_type;
	uint8_t pad3;
	struct flow_nsh nsh;
	/* L4 stage. */
	be32 nd_reserved;
	be32 igmp_group;
	be16 tp_src, tp_dst; /* TCP, UDP, SCTP ports; ICMP type and code */
	be16 ct_tp_src, ct_tp_dst;
};
static_assert(sizeof(struct flow) % 8 == 0, "whole words");
#define FLOW_U64S (sizeof(struct flow) / 8)
static_assert(FLOW_U64S <= 128, "a flowmap has 128 bits");
/* The word that a member stands in. */
#define FLOW_U64_OF(MEMBER) (offsetof(struct flow, MEMBER) / 8)
static_assert(FLOW_U64_OF(dp_hash) == 64, "the second half of the flowmap");

/* Stages of a look-up: words below the end of the stage, from the end of the one before. */
enum flow_stage { FLOW_STAGE_METADATA, FLOW_STAGE_L2, FLOW_STAGE_L3, FLOW_STAGE_L4, FLOW_N_STAGES };
#define FLOW_STAGE_ENDS                                                                            \
	{                                                                                          \
		FLOW_U64_OF(eth_dst), FLOW_U64_OF(ip_src), FLOW_U64_OF(nd_reserved), FLOW_U64S     \
	}

#define FLOW_FRAG_ANY 1
#define FLOW_FRAG_LATER 2
#define FLOW_ETH_TYPE_NONE 0x05ff
#define FLOW_PORT_NONE UINT32_MAX

/* Masks: 1 bits are matched.  Same layout; 'masks' is what the code calls it. */
struct flow_mask {
	struct flow masks;
};

struct flowmap {
	uint64_t bits[2];
};

/* A compact flow: the words whose bit is set in 'map', in order.  In a flow made by any function
 * here a word that is 0 is left out, so that equal flows are equal octet by octet. */
struct miniflow {
	struct flowmap map;
	uint64_t values[]; /* miniflow_n_values() of them */
};
struct miniflow_buf { /* room for any flow, and a word of slack */
	struct miniflow mf;
	uint64_t room[FLOW_U64S + 1];
};
/* A mask, compact, too. */
struct minimask {
	struct miniflow masks;
};

/* Parses 'p' (data, len, md, packet_type), sets its l*_ofs, fills the key; never reads past the
 * end: what is cut or malformed is left out of the key as the kernel's parser does.  Returns
 * DROP_NONE, or DROP_RUNT. */
enum drop_reason miniflow_extract(struct packet *, struct miniflow_buf *);
enum drop_reason flow_extract(struct packet *, struct flow *);

size_t miniflow_n_values(const struct miniflow *);
size_t miniflow_size(const struct miniflow *); /* octets */
void miniflow_expand(const struct miniflow *, struct flow *);
void miniflow_from_flow(struct miniflow_buf *, const struct flow *); /* non-zero words */
void minimask_from_mask(struct miniflow_buf *, const struct flow_mask *);
void minimask_expand(const struct minimask *, struct flow_mask *);
bool miniflow_equal(const struct miniflow *, const struct miniflow *);
uint32_t miniflow_hash(const struct miniflow *, uint32_t basis);
/* Hash and comparison of only what 'mask' covers. */
uint32_t miniflow_hash_in_mask(const struct miniflow *, const struct minimask *, uint32_t basis);
bool miniflow_equal_in_mask(const struct miniflow *key, const struct miniflow *masked,
			    const struct minimask *mask);
/* 5-tuple hash of a packet's key: addresses, protocol, and ports unless it is a fragment; Ethernet
 * addresses and type of what is not IP. */
uint32_t miniflow_hash_5tuple(const struct miniflow *, uint32_t basis);
/* The same for both directions; ports of TCP and SCTP, in the second of UDP, too, if 'with_udp'. */
uint32_t flow_hash_symmetric_l4(const struct flow *, uint32_t basis);
uint32_t flow_hash_symmetric_l3l4(const struct flow *, uint32_t basis, bool with_udp);

bool flow_equal(const struct flow *, const struct flow *);
bool flow_equal_in_mask(const struct flow *, const struct flow *, const struct flow_mask *);
uint32_t flow_hash(const struct flow *, uint32_t basis);
uint32_t flow_hash_in_mask(const struct flow *, const struct flow_mask *, uint32_t basis);
void flow_apply_mask(struct flow *, const struct flow_mask *);

void flow_mask_init_catchall(struct flow_mask *);
void flow_mask_init_exact(struct flow_mask *); /* all ones */
/* Exact on what a packet of this flow's type can have: the mask of a microflow. */
void flow_mask_init_for_packet(struct flow_mask *, const struct flow *);
void flow_mask_or(struct flow_mask *dst, const struct flow_mask *a, const struct flow_mask *b);
bool flow_mask_is_catchall(const struct flow_mask *);

/* Marks a member of 'masks' as matched, whole or with bits. */
#define MASK_FIELD(MASK, MEMBER) memset(&(MASK)->masks.MEMBER, 0xff, sizeof((MASK)->masks.MEMBER))

/* VLAN editing of a key, as push/pop actions change it. */
unsigned int flow_n_vlans(const struct flow *);
void flow_push_vlan(struct flow *, be16 tpid);
void flow_pop_vlan(struct flow *);
/* How many VLAN tags the parser takes off (other_config:vlan-limit): 1 to FLOW_MAX_VLANS, which 0
 * and what is larger mean, too.  FLOW_MAX_VLANS at the start.  Threads: any. */
void flow_set_vlan_limit(unsigned int);
/* MPLS editing.  'eth_type' is the one that the packet has afterwards; pushing copies TTL and
 * traffic class of the outer label or the IP header and clears what stands behind the stack,
 * popping shifts. */
unsigned int flow_n_mpls(const struct flow *);
void flow_push_mpls(struct flow *, be16 eth_type, struct flow_mask *);
void flow_pop_mpls(struct flow *, be16 eth_type);
/* Metadata from and to a packet. */
void flow_to_packet_md(const struct flow *, struct packet_md *);

static inline bool eth_is_multicast(const uint8_t a[6])
{
	return a[0] & 1;
}
bool eth_is_broadcast(const uint8_t a[6]);
bool eth_is_zero(const uint8_t a[6]);
bool eth_equal(const uint8_t a[6], const uint8_t b[6]);
#define ETH_FMT "%02x:%02x:%02x:%02x:%02x:%02x"
#define ETH_ARGS(A) (A)[0], (A)[1], (A)[2], (A)[3], (A)[4], (A)[5]
bool eth_parse(const char *, uint8_t a[6]);

#endif
