// SPDX-License-Identifier: Apache-2.0
/* Which Ethernet address a bridge has: other_config:hwaddr, else the lowest of its ports that are real devices, else
 * the local port's own.  Its local port takes it, and the datapath id is made of it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "bridge/bridge_impl.h"

LOG_MODULE(bridge_mac);

static struct iface *local_iface(const struct bridge *br)
{
	struct iface *iface = iface_by_name(br->name);

	return iface && iface->port->bridge == br && iface->netdev ? iface : NULL;
}

/* Devices that we made, and patch ports, lend no address: it would change with them. */
static bool may_lend(const struct iface *iface, uint8_t mac[6])
{
	const char *type = netdev_type(iface->netdev);
	struct netdev_status status;

	if (str_has_suffix(type, "internal") || streq(type, "tap") || netdev_type_is_patch(type) ||
	    streq(iface->name, iface->port->bridge->name))
		return false;
	netdev_get_status(iface->netdev, &status);
	memcpy(mac, status.mac, 6);
	return !eth_is_zero(mac) && !eth_is_multicast(mac);
}

static void set_mac(struct bridge *br, const uint8_t mac[6], struct iface *from)
{
	struct iface *local = local_iface(br);
	struct netdev_status status;
	int rc;

	br->mac_from = from;
	if (local) {
		netdev_get_status(local->netdev, &status);
		rc = eth_equal(status.mac, mac) ? 0 : netdev_set_mac(local->netdev, mac);
		if (rc)
			log_err("bridge %s: cannot set the MAC address of its local port: %s", br->name,
				errno_str(rc));
	}
	if (!eth_equal(br->mac, mac)) {
		memcpy(br->mac, mac, 6);
		br->is_dirty = true; /* the datapath id follows: bridge_mac_apply() */
	}
}

static bool configured_mac(const struct bridge *br, uint8_t mac[6])
{
	const char *s = smap_get(&br->row->other_config, "hwaddr");

	return s && eth_parse(s, mac) && !eth_is_multicast(mac) && !eth_is_zero(mac);
}

static void choose(struct bridge *br)
{
	struct iface *best = NULL, *local = local_iface(br);
	uint8_t mac[6], best_mac[6];
	struct netdev_status status;
	struct port *port;

	if (configured_mac(br, mac)) {
		set_mac(br, mac, NULL);
		return;
	}
	HMAP_FOR_EACH (port, node, &br->ports) {
		for (size_t i = 0; i < port->n_ifaces; i++) {
			struct iface *iface = port->ifaces[i];

			if (iface->netdev && may_lend(iface, mac) &&
			    (!best || memcmp(mac, best_mac, 6) < 0)) {
				best = iface;
				memcpy(best_mac, mac, 6);
			}
		}
	}
	if (best) {
		set_mac(br, best_mac, best);
	} else if (local) {
		netdev_get_status(local->netdev, &status);
		if (!eth_is_zero(status.mac))
			set_mac(br, status.mac, NULL);
	}
}

void bridge_mac_iface_added(struct iface *iface)
{
	struct bridge *br = iface->port->bridge;
	uint8_t mac[6];

	if (br->is_new || !br->row)
		return; /* bridge_mac_apply() will look at all of them, once */
	if (streq(iface->name, br->name)) {
		choose(br);
	} else if (!configured_mac(br, mac) && may_lend(iface, mac) &&
		   (!br->mac_from || memcmp(mac, br->mac, 6) < 0)) {
		set_mac(br, mac, iface);
	}
}

void bridge_mac_iface_removed(struct iface *iface)
{
	struct bridge *br = iface->port->bridge;

	if (br->mac_from != iface)
		return;
	br->mac_from = NULL;
	br->is_dirty = true; /* bridge_mac_apply() chooses anew when all is removed and added */
}

void bridge_mac_apply(struct bridge *br)
{
	const char *id = smap_get(&br->row->other_config, "datapath-id");
	uint64_t dpid = 0;

	choose(br);
	if (!id || !str_to_u64(id, 16, &dpid) || !dpid) {
		if (id)
			log_warn("bridge %s: other_config:datapath-id \"%s\" is not a hexadecimal number",
				 br->name, id);
		for (size_t i = 0; i < 6; i++)
			dpid = dpid << 8 | br->mac[i];
	}
	ofproto_set_datapath_id(br->ofproto, dpid);
}
