/* SPDX-License-Identifier: GPL-2.0 */
/* What network devices say of themselves by bits, and said by features before. */
#ifndef COMPAT_NETDEVICE_H
#define COMPAT_NETDEVICE_H

#include <linux/netdevice.h>

#include "compat_config.h"

/* Its transmit function may run on many CPUs at once. */
static inline void compat_netdev_set_lltx(struct net_device *dev)
{
#ifdef HAVE_NET_DEVICE_LLTX
	dev->lltx = true;
#else
	dev->features |= NETIF_F_LLTX;
#endif
}

/* It stays in its namespace. */
static inline void compat_netdev_set_netns_immutable(struct net_device *dev)
{
#ifdef HAVE_NET_DEVICE_NETNS_IMMUTABLE
	dev->netns_immutable = true;
#else
	dev->features |= NETIF_F_NETNS_LOCAL;
#endif
}

#endif
