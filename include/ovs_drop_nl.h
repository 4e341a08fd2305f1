/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Generic Netlink family of our kernel datapath's drop counters.  A request has a struct ovs_header
 * (linux/openvswitch.h) with the datapath's ifindex.
 *
 *	GET (dump, or one port with OVS_DROP_ATTR_PORT_NO) ->
 *		OVS_DROP_ATTR_PORT_NO	u32
 *		OVS_DROP_ATTR_NAME	string: its device
 *		OVS_DROP_ATTR_RX	nest: received on the port, and dropped
 *		OVS_DROP_ATTR_TX	nest: dropped as they were to leave by the port
 *			[enum drop_reason]	u64: packets
 *
 * Counters that are 0 are left out.
 */
#ifndef INCLUDE_OVS_DROP_NL_H
#define INCLUDE_OVS_DROP_NL_H

#define OVS_DROP_FAMILY "ovs_drop"
#define OVS_DROP_VERSION 1

enum ovs_drop_cmd {
	OVS_DROP_CMD_UNSPEC,
	OVS_DROP_CMD_GET,
};

enum ovs_drop_attr {
	OVS_DROP_ATTR_UNSPEC,
	OVS_DROP_ATTR_PORT_NO,
	OVS_DROP_ATTR_NAME,
	OVS_DROP_ATTR_RX,
	OVS_DROP_ATTR_TX,
	OVS_DROP_N_ATTRS
};

#define OVS_DROP_ATTR_MAX (OVS_DROP_N_ATTRS - 1)

#endif
