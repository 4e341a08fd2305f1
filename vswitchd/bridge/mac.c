// SPDX-License-Identifier: Apache-2.0
/* Which Ethernet address a bridge has: other_config:hwaddr, else the lowest of its ports that are
 * real devices, else the local port's own.  Its local port takes it, and the datapath id is made of
 * it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/util.h"
#include "bridge/bridge_impl.h"

LOG_MODULE(bridge_mac);
COUNTER(bridge_mac_chosen);

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
			log_err("bridge %s: cannot set the MAC address of its local port: %s",
				br->name, errno_str(rc));
	}
	memcpy(br->mac, mac, 6);
}

static bool configured_mac(const struct bridge *br, uint8_t mac[6])
{
	const char *s = smap_get(&br->row->other_config, "hwaddr");

	return s && eth_parse(s, mac) && !eth_is_multicast(mac) && !eth_is_zero(mac);
}

/* Asks all ports. */
static void choose(struct bridge *br)
{
	struct iface *best = NULL, *local = local_iface(br);
	uint8_t mac[6], best_mac[6];
	struct netdev_status status;
	struct port *port;

	COUNTER_INC(bridge_mac_chosen);
	br->mac_is_stale = false;
	if (local && eth_is_zero(br->own_mac)) {
		netdev_get_status(local->netdev, &status);
		memcpy(br->own_mac, status.mac, 6);
	}
	HMAP_FOR_EACH(port, node, &br->ports) {
		for (size_t i = 0; i < port->n_ifaces; i++) {
			struct iface *iface = port->ifaces[i];

			if (iface->netdev && may_lend(iface, mac) &&
			    (!best || memcmp(mac, best_mac, 6) < 0)) {
				best = iface;
				memcpy(best_mac, mac, 6);
			}
		}
	}
	if (best)
		set_mac(br, best_mac, best);
	else if (!eth_is_zero(br->own_mac))
		set_mac(br, br->own_mac, NULL);
}

/* The bridge takes another address when the removals and additions that are going on are done. */
static void set_stale(struct bridge *br)
{
	br->mac_is_stale = true;
	br->is_dirty = true;
}

void bridge_mac_iface_added(struct iface *iface)
{
	struct bridge *br = iface->port->bridge;
	uint8_t mac[6];

	/* The local port is to be given the address; another one may lend a lower one. */
	if (streq(iface->name, br->name) ||
	    (may_lend(iface, mac) && (!br->mac_from || memcmp(mac, br->mac, 6) < 0)))
		set_stale(br);
}

void bridge_mac_iface_removed(struct iface *iface)
{
	struct bridge *br = iface->port->bridge;

	if (br->mac_from != iface)
		return;
	br->mac_from = NULL;
	set_stale(br);
}

void bridge_mac_iface_changed(struct iface *iface)
{
	struct bridge *br = iface->port->bridge;
	uint8_t mac[6];
	bool lends = may_lend(iface, mac);

	if (br->has_hwaddr)
		return;
	if (br->mac_from == iface ? lends && eth_equal(mac, br->mac)
				  : !lends || (br->mac_from && memcmp(mac, br->mac, 6) >= 0))
		return;
	set_stale(br);
	bridges_schedule();
}

void bridge_mac_apply(struct bridge *br)
{
	const char *id = smap_get(&br->row->other_config, "datapath-id");
	uint8_t mac[6];
	uint64_t dpid = 0;

	if (configured_mac(br, mac)) {
		br->has_hwaddr = true;
		set_mac(br, mac, NULL);
	} else if (br->mac_is_stale || br->has_hwaddr) {
		br->has_hwaddr = false;
		choose(br);
	}
	if (!id || !str_to_u64(id, 16, &dpid) || !dpid) {
		if (id)
			log_warn("bridge %s: other_config:datapath-id \"%s\" is not a "
				 "hexadecimal number",
				 br->name, id);
		for (size_t i = 0; i < 6; i++)
			dpid = dpid << 8 | br->mac[i];
	}
	ofproto_set_datapath_id(br->ofproto, dpid);
}
