/* SPDX-License-Identifier: GPL-2.0 */
/* linux/openvswitch.h and net/psample.h with what came into them after 6.1. */
#ifndef DATAPATH_COMPAT_OPENVSWITCH_H
#define DATAPATH_COMPAT_OPENVSWITCH_H

#include <linux/openvswitch.h>
#include <net/psample.h>

#include "compat_config.h"

#ifndef HAVE_OVS_VPORT_UPCALL_STATS
#define OVS_VPORT_ATTR_UPCALL_STATS 10

enum ovs_vport_upcall_attr {
	OVS_VPORT_UPCALL_ATTR_SUCCESS,
	OVS_VPORT_UPCALL_ATTR_FAIL,
	__OVS_VPORT_UPCALL_ATTR_MAX
};

#define OVS_VPORT_UPCALL_ATTR_MAX (__OVS_VPORT_UPCALL_ATTR_MAX - 1)
#endif

#ifndef HAVE_HASH_ALG_SYM_L4
#define OVS_HASH_ALG_SYM_L4 1
#endif

#ifndef HAVE_ACTION_ATTR_DROP
#define OVS_ACTION_ATTR_DROP 24
#endif

#ifndef HAVE_ACTION_ATTR_PSAMPLE
#define OVS_ACTION_ATTR_PSAMPLE 25
#define OVS_PSAMPLE_ATTR_GROUP 1
#define OVS_PSAMPLE_ATTR_COOKIE 2
#define OVS_PSAMPLE_COOKIE_MAX_SIZE 16
#endif

/* Where it has none, a sample has no cookie, and its rate is one packet in so many. */
#ifdef HAVE_PSAMPLE_COOKIE
#define COMPAT_PSAMPLE_HAS_COOKIE true
#else
#define COMPAT_PSAMPLE_HAS_COOKIE false
#endif

static inline u32 compat_psample_rate(struct psample_metadata *md, u32 probability,
				      const u8 *cookie, u32 cookie_len)
{
#ifdef HAVE_PSAMPLE_COOKIE
	md->user_cookie = cookie;
	md->user_cookie_len = cookie_len;
	md->rate_as_probability = 1;
	return probability;
#else
	return probability ? U32_MAX / probability : 0;
#endif
}

#endif
