/* SPDX-License-Identifier: Apache-2.0 */
/* Linux devices over rtnetlink: what they are, events when that changes, and changing it.
 * One socket hears the link events of the namespace; nothing is polled.  After an overrun
 * everything is read again.  Statistics come from one dump for all ports when there are many, at
 * most twice a second.
 * Threads: main. */
#ifndef NETDEV_LINUX_LINK_H
#define NETDEV_LINUX_LINK_H

#include <linux/if_link.h>

#include "netdev/netdev_provider.h"

struct linux_link {
	int ifindex;
	unsigned int flags; /* IFF_* */
	bool carrier;
	uint32_t carrier_changes;
	uint32_t mtu;
	uint8_t mac[6];
	char name[16];
	struct rtnl_link_stats64 stats;
};

/* The part that ports with a Linux device behind them share; a provider's struct begins with it. */
struct linux_port {
	struct netdev up;
	/* The device is new, came back under its name, changed, or ('link' NULL) is gone.  Called
	 * after 'up.status' was filled, before the listeners are told. */
	void (*link_changed)(struct linux_port *, const struct linux_link *link);
	bool stats_are_swapped; /* a tap of ours: what the host sends is what we receive */
	bool was_there; /* some time */
	uint32_t carrier_changes_base; /* at the time of opening */
	bool carrier_base_known;
	struct hmap_node by_ifindex; /* where status.ifindex leads to the port */
	struct rtnl_link_stats64 stats;
	uint64_t stats_ms; /* clock_real_us() / 1000 of 'stats', 0: never read */
	uint64_t n_ring_drops; /* frames that found the receive ring full */
};

/* Listens; counted, one linux_link_uninit() for each. */
char *linux_link_init(struct loop *);
void linux_link_uninit(void);
struct loop *linux_link_loop(void); /* that linux_link_init() was given */

/* 0 or -ENODEV, -errno. */
int linux_link_query(const char *name, struct linux_link *);
int linux_link_set_mtu(int ifindex, uint32_t mtu);
int linux_link_set_mac(int ifindex, const uint8_t mac[6]);
int linux_link_set_up(int ifindex, bool up);

/* Fills port->up.status; speed and duplex by ethtool. */
void linux_port_update(struct linux_port *, const struct linux_link *);
/* For destruct().  Threads: any. */
void linux_port_uninit(struct linux_port *);

/* netdev_class operations that are the same for all kinds. */
int linux_port_get_stats(const struct netdev *, struct netdev_stats *);
int linux_port_set_mtu(struct netdev *, uint32_t mtu);
int linux_port_set_mac(struct netdev *, const uint8_t mac[6]);
int linux_port_set_admin_up(struct netdev *, bool up);
void linux_port_format_status(const struct netdev *, struct smap *);
void linux_port_refresh(struct netdev *);

#endif
