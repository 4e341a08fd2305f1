/* SPDX-License-Identifier: Apache-2.0 */
/* Datapath actions that rewrite a packet: set, set_masked, push and pop of VLAN tags, MPLS labels, Ethernet.
 * Lengths are checked against the packet, checksums are kept right (or left to the offload that completes them),
 * the offsets of the packet are kept.
 * Threads: any, one at a time for a packet. */
#ifndef FLOW_ODP_EXECUTE_H
#define FLOW_ODP_EXECUTE_H

#include "flow/odp.h"

/* Executes one of OVS_ACTION_ATTR_SET, SET_MASKED, PUSH_VLAN, POP_VLAN, PUSH_MPLS, POP_MPLS, ADD_MPLS, PUSH_ETH,
 * POP_ETH.  DROP_NONE, or why the packet must be dropped: DROP_BAD_ACTION (malformed or unknown),
 * DROP_HEADER_TOO_SHORT, DROP_NO_MEMORY. */
enum drop_reason odp_execute_edit(struct packet *, const struct nlattr *action) MUST_CHECK;

/* Decrements the TTL or hop limit.  False if it is 1 or 0 already (the packet is then as before); true, and nothing
 * done, on what is not IP. */
bool odp_execute_dec_ttl(struct packet *);

#endif
