/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flags of a tunnel key by the number of their bit (IP_TUNNEL_*_BIT).  Since 6.10 they are a
 * bitmap; before that they are a __be16 of the bits with the same numbers.
 */
#ifndef DATAPATH_COMPAT_TUNNEL_FLAGS_H
#define DATAPATH_COMPAT_TUNNEL_FLAGS_H

#include <net/ip_tunnels.h>

#include "compat_config.h"

#ifdef HAVE_IP_TUNNEL_FLAGS_BITMAP

static inline bool tun_flag_test(const struct ip_tunnel_key *key, unsigned int bit)
{
	return test_bit(bit, key->tun_flags);
}

static inline void tun_flag_set(struct ip_tunnel_key *key, unsigned int bit)
{
	__set_bit(bit, key->tun_flags);
}

#else

enum {
	IP_TUNNEL_CSUM_BIT = 0,
	IP_TUNNEL_KEY_BIT = 2,
	IP_TUNNEL_DONT_FRAGMENT_BIT = 8,
	IP_TUNNEL_OAM_BIT = 9,
	IP_TUNNEL_CRIT_OPT_BIT = 10,
	IP_TUNNEL_GENEVE_OPT_BIT = 11,
	IP_TUNNEL_VXLAN_OPT_BIT = 12,
	IP_TUNNEL_NOCACHE_BIT = 13,
	IP_TUNNEL_ERSPAN_OPT_BIT = 14,
};

static inline bool tun_flag_test(const struct ip_tunnel_key *key, unsigned int bit)
{
	return key->tun_flags & cpu_to_be16(1U << bit);
}

static inline void tun_flag_set(struct ip_tunnel_key *key, unsigned int bit)
{
	key->tun_flags |= cpu_to_be16(1U << bit);
}

#endif

#endif
