/* SPDX-License-Identifier: GPL-2.0 */
/* Meters: token buckets that actions refer to by number (OVS_METER_*). */
#ifndef DATAPATH_METER_H
#define DATAPATH_METER_H

#include "pkt.h"

struct meter_table;

struct meter_table *meter_table_create(void);
void meter_table_destroy(struct meter_table *table); /* no reader is left */
/* True: the packet exceeds a band and is to be dropped.  A meter that does not exist drops nothing.
 * RCU, BH disabled. */
bool meter_exceeded(struct datapath *dp, struct sk_buff *skb, u32 meter_id);

#endif
