/* SPDX-License-Identifier: Apache-2.0 */
/* VLANs of a port: which VLAN a frame that comes in belongs to, and how a frame of a VLAN goes out
 * (IEEE 802.1Q-2018 6.9, and Port.vlan_mode of the database).
 * Pure functions of a configuration and a frame's tags.
 * Threads: any; a 'struct vlan_config' is constant while it is shared. */
#ifndef L2_VLAN_H
#define L2_VLAN_H

#include "flow/flow.h"

#define VLAN_N 4096
#define VLAN_BITMAP_WORDS (VLAN_N / (8 * sizeof(unsigned long)))

enum vlan_mode {
	VLAN_ACCESS,
	VLAN_TRUNK,
	VLAN_NATIVE_TAGGED,
	VLAN_NATIVE_UNTAGGED,
	VLAN_DOT1Q_TUNNEL
};
enum priority_tags { PRIORITY_TAGS_NEVER, PRIORITY_TAGS_IF_NONZERO, PRIORITY_TAGS_ALWAYS };

struct vlan_config {
	enum vlan_mode mode;
	uint16_t vid; /* access, native or service VLAN; 0 for a trunk */
	const unsigned long *trunks; /* bitmap of 4096, NULL: all; trunk and native modes */
	const unsigned long *cvlans; /* dot1q-tunnel: customer VLANs, NULL: all */
	enum priority_tags priority_tags;
	be16 qinq_ethtype; /* of the service tag: 0x88a8 or 0x8100 */
};

static inline bool vlan_bitmap_get(const unsigned long *b, uint16_t vid)
{
	return b[vid / (8 * sizeof(*b))] >> vid % (8 * sizeof(*b)) & 1;
}
static inline void vlan_bitmap_set(unsigned long *b, uint16_t vid)
{
	b[vid / (8 * sizeof(*b))] |= 1UL << vid % (8 * sizeof(*b));
}
unsigned long *vlan_bitmap_clone(const unsigned long *); /* NULL for NULL; free() */
bool vlan_bitmap_equal(const unsigned long *, const unsigned long *);

void vlan_config_clone(struct vlan_config *dst, const struct vlan_config *src);
void vlan_config_uninit(struct vlan_config *); /* of a clone */
bool vlan_config_equal(const struct vlan_config *, const struct vlan_config *);
bool vlan_config_includes(const struct vlan_config *, uint16_t vid); /* may carry 'vid' */

/* A tag, in host order. */
struct vlan_tag {
	uint16_t tpid; /* 0: none */
	uint16_t vid;
	uint16_t pcp; /* in place: bits 13 to 15 */
};
/* The tags of a frame inside the switch: v[0] is the VLAN it is switched in (the service tag of a
 * dot1q-tunnel), v[1] a customer tag behind it. */
struct vlan_stack {
	struct vlan_tag v[FLOW_MAX_VLANS];
};
void vlan_stack_from_flow(struct vlan_stack *, const struct flow *);
unsigned int vlan_stack_n(const struct vlan_stack *); /* tags */
bool vlan_stack_equal(const struct vlan_stack *, const struct vlan_stack *);
void vlan_stack_to_flow(const struct vlan_stack *, struct flow *);

/* Takes a frame with tags 'x' from the port into the switch: '*in' has its VLAN in v[0] afterwards.
 * DROP_NONE, DROP_INVALID_VLAN, DROP_TAGGED_ON_ACCESS, or DROP_TRANSLATION where a tunnel's tag
 * finds no place (its verdict hangs on all tags, that of other modes on the outer one). */
enum drop_reason vlan_input(const struct vlan_config *, const struct vlan_stack *x,
			    struct vlan_stack *in);
/* What leaves the port for a frame of the switch with tags 'in'.  Only if vlan_config_includes()
 * its VLAN and, for a dot1q-tunnel, its customer VLAN. */
void vlan_output(const struct vlan_config *, const struct vlan_stack *in, struct vlan_stack *out);

#endif
