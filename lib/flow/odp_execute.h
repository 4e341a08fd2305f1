/* SPDX-License-Identifier: Apache-2.0 */
/* Actions that change a packet's headers, executed on the packet.  What sends, copies or counts
 * packets is the datapath's own.  The list has passed odp_actions_check(); the packet has been
 * parsed since headers were last pushed or popped, as far as the action needs it. */
#ifndef FLOW_ODP_EXECUTE_H
#define FLOW_ODP_EXECUTE_H

#include "flow/odp.h"

/* SET (or SET_MASKED): 'set' is the payload of the action, that is, the one key attribute in it. */
enum drop_reason odp_execute_set(struct packet *, const struct nlattr *set, bool masked);
/* Whether odp_execute_header() does this type of action. */
bool odp_is_header_action(uint16_t type);
/* SET, SET_MASKED, PUSH_VLAN, POP_VLAN, PUSH_MPLS, POP_MPLS, ADD_MPLS, PUSH_ETH, POP_ETH, PUSH_NSH,
 * POP_NSH. */
enum drop_reason odp_execute_header(struct packet *, const struct nlattr *action);

#endif
