// SPDX-License-Identifier: Apache-2.0
/* Types system and internal on a kernel datapath, which moves their packets: what is left is the
 * device's status, statistics and settings.  No socket is opened on it, nothing is kept from the
 * host.
 *
 * An internal device is made (and removed) by the datapath, after the netdev was opened; whoever
 * had it made says netdev_refresh().  A tap has one class for both uses (netdev_tap.c): somebody
 * must hold its descriptor. */
#include <errno.h>
#include <linux/if.h>
#include <string.h>

#include "base/util.h"
#include "netdev/linux_link.h"

struct netdev_vport {
	struct linux_port port;
};

static void link_changed(struct linux_port *port, const struct linux_link *link)
{
	/* The status says it all; the datapath hears of it as a listener. */
	(void)port, (void)link;
}

static char *construct_system(struct netdev *netdev)
{
	struct linux_port *port = (struct linux_port *)netdev;
	struct linux_link link;
	int err = linux_link_query(netdev->name, &link);

	if (err)
		return xstrdup(errno_str(err));
	port->link_changed = link_changed;
	linux_port_update(port, &link);
	return NULL;
}

static char *construct_internal(struct netdev *netdev)
{
	struct linux_port *port = (struct linux_port *)netdev;
	struct linux_link link;
	int err;

	if (strlen(netdev->name) >= IFNAMSIZ)
		return xstrdup(errno_str(ENAMETOOLONG));
	port->link_changed = link_changed;
	/* What the host sends is what the switch receives. */
	port->stats_are_swapped = true;
	err = linux_link_query(netdev->name, &link);
	if (!err)
		linux_port_update(port, &link);
	return NULL;
}

static void destruct(struct netdev *netdev)
{
	linux_port_uninit((struct linux_port *)netdev);
}

#define VPORT_OPERATIONS                                                                           \
	.uses = NETDEV_FOR_VPORT, .size = sizeof(struct netdev_vport), .init = linux_link_init,    \
	.uninit = linux_link_uninit, .needs_system = true, .destruct = destruct,                   \
	.format_status = linux_port_format_status, .get_stats = linux_port_get_stats,              \
	.set_mtu = linux_port_set_mtu, .set_mac = linux_port_set_mac,                              \
	.set_admin_up = linux_port_set_admin_up, .refresh = linux_port_refresh

const struct netdev_class netdev_vport_system_class = { .type = "system",
							.construct = construct_system,
							VPORT_OPERATIONS };
const struct netdev_class netdev_vport_internal_class = { .type = "internal",
							  .construct = construct_internal,
							  VPORT_OPERATIONS };
