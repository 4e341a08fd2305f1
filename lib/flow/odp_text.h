/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the text of keys that set actions have in common with flows; inside lib/flow. */
#ifndef FLOW_ODP_TEXT_H
#define FLOW_ODP_TEXT_H

#include "flow/odp.h"
#include "flow/scan.h"

struct str;

/* A named group of members, "ipv4(src=..,..)" or "recirc_id(..)", which is one key attribute. */
struct odp_group;
const struct odp_group *odp_group_of_attr(uint16_t type);
/* Takes "NAME(" off the front if it is a group's. */
const struct odp_group *odp_group_scan(struct scan *);
uint16_t odp_group_attr(const struct odp_group *);
/* 'mask' NULL: all of it, exact.  Without 'verbose' members that the mask leaves out are not shown;
 * returns false, and puts nothing, if that is all of them. */
bool odp_group_format(const struct odp_group *, const struct flow *, const struct flow_mask *,
		      bool verbose, const struct odp_names *, struct str *);
/* The rest after "NAME(" up to and with its ")".  Members not named are left alone.  False on an
 * error, with the cursor at it. */
bool odp_group_parse(const struct odp_group *, struct scan *, const struct odp_names *,
		     struct flow *, struct flow_mask *);

/* Flag words: "syn|ack", "0", or "+syn-ack" under a mask that is not all of 'all'. */
struct odp_flag {
	uint32_t bit;
	const char *name;
};
extern const struct odp_flag odp_tcp_flags[], odp_ct_states[], odp_tunnel_flags[]; /* end: bit 0 */
void odp_flags_format(const struct odp_flag *, uint32_t v, uint32_t mask, uint32_t all,
		      struct str *);
bool odp_flags_scan(const struct odp_flag *, struct scan *, uint32_t all, uint32_t *v,
		    uint32_t *mask);

/* "tunnel(...)": 'mask' NULL shows what is not 0. */
void odp_tunnel_format(const struct flow_tnl *, const struct flow_tnl *mask, struct str *);
bool odp_tunnel_parse(struct scan *, struct flow_tnl *, struct flow_tnl *mask);
/* "mpls(label=..,tc=..,ttl=..,bos=..)" of 'n' entries; the parser takes at most 'max'. */
void odp_mpls_format(const be32 *lse, const be32 *mask, unsigned int n, struct str *);
bool odp_mpls_parse(struct scan *, be32 *lse, be32 *mask, unsigned int max);
/* "vid=1,pcp=0[,cfi=0]" without a mask, for actions. */
void odp_tci_format(be16 tci, struct str *);

#endif
