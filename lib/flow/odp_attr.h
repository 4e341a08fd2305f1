/* SPDX-License-Identifier: Apache-2.0 */
/* Single key attributes and the members of struct flow they stand for.  Used by the codec of keys,
 * by set actions and by their text; inside lib/flow. */
#ifndef FLOW_ODP_ATTR_H
#define FLOW_ODP_ATTR_H

#include "flow/odp.h"

/* Kernel headers differ in what they name after NSH; these are the numbers. */
#define ODP_KEY_ATTR_PACKET_TYPE 29
#define ODP_KEY_ATTR_ND_EXTENSIONS 30
#define ODP_KEY_ATTR_MAX 32
static_assert(OVS_KEY_ATTR_NSH == 28, "numbers after it are ours");

struct odp_key_nd_extensions {
	be32 nd_reserved;
	uint8_t nd_options_type;
	uint8_t pad[3];
};

/* Userspace-only attribute of a tunnel key. */
#define ODP_TUNNEL_KEY_ATTR_GTPU_OPTS 0x1000
struct odp_gtpu_opts {
	uint8_t flags, msgtype;
	uint8_t pad[2];
};

union odp_attr_value {
	uint8_t u8[sizeof(struct ovs_key_ct_tuple_ipv6) + 4];
	uint16_t u16;
	be16 b16;
	uint32_t u32;
	be32 b32;
	struct ovs_key_ethernet eth;
	struct ovs_key_ipv4 ipv4;
	struct ovs_key_ipv6 ipv6;
	struct ovs_key_tcp tcp; /* UDP and SCTP look the same */
	struct ovs_key_icmp icmp; /* ICMPv6, too */
	struct ovs_key_arp arp;
	struct ovs_key_nd nd;
	struct ovs_key_mpls mpls[FLOW_MAX_MPLS];
	struct ovs_key_ct_labels labels;
	struct ovs_key_ct_tuple_ipv4 tuple4;
	struct ovs_key_ct_tuple_ipv6 tuple6;
	struct odp_key_nd_extensions nd_ext;
};

/* Octets of the attribute, 0 if it has no fixed size (nested) or is unknown; MPLS: of one entry. */
size_t odp_attr_size(uint16_t type);
/* The attribute's members of a flow, or of a mask, as payload, and back.  VLAN is the outermost
 * tag, MPLS the outermost entry. */
void odp_attr_from_flow(uint16_t type, const struct flow *, bool is_mask, union odp_attr_value *);
void odp_attr_to_flow(uint16_t type, const void *payload, bool is_mask, struct flow *);

/* Puts an action that sets what 'mask' covers of the attribute: SET if that is all of it, else
 * SET_MASKED. */
void odp_set_encode(struct odp_buf *, uint16_t type, const struct flow *, const struct flow_mask *);

/* Tunnel and NSH keys, which are nests. 'key' tells how many octets of options there are, as a mask
 * does not; for a key it is the same pointer. */
void odp_tunnel_encode(struct odp_buf *, const struct flow_tnl *, const struct flow_tnl *key,
		       bool is_mask);
/* 0, or -EINVAL; *unknown is set if there are attributes that were not understood. */
int odp_tunnel_decode(const void *, size_t len, bool is_mask, struct flow_tnl *, bool *unknown);
void odp_nsh_encode(struct odp_buf *, uint16_t type, const struct flow_nsh *,
		    const struct flow_nsh *mask, bool is_mask);
/* 'mask' may be NULL; else each attribute holds value and mask. 'is_mask' as above. */
int odp_nsh_decode(const void *, size_t len, bool is_mask, struct flow_nsh *,
		   struct flow_nsh *mask);

#endif
