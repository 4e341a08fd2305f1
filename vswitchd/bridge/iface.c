// SPDX-License-Identifier: Apache-2.0
/* Interfaces of the database: one netdev each, and its port of the switch. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/util.h"
#include "bridge/bridge_impl.h"

LOG_MODULE(iface);
COUNTER(iface_applied);

struct iface *iface_by_name(const char *name)
{
	struct iface *iface;

	HMAP_FOR_EACH_WITH_HASH(iface, node, hash_string(name, 0), &all_ifaces) {
		if (streq(iface->name, name))
			return iface;
	}
	return NULL;
}

/* The local port of a bridge is internal whatever the row says. */
static const char *wanted_type(const struct bridge *br, const struct ovsrec_interface *row)
{
	return streq(br->name, row->name) ? "internal" : row->type;
}

struct iface *iface_create(struct port *port, const struct ovsrec_interface *row)
{
	struct iface *iface = xzalloc(sizeof(*iface));

	iface->name = xstrdup(row->name);
	iface->type = xstrdup(wanted_type(port->bridge, row));
	iface->port = port;
	iface->row = row;
	CDS_INIT_LIST_HEAD(&iface->status_node);
	hmap_insert(&all_ifaces, &iface->node, hash_string(iface->name, 0));
	return iface;
}

static void close_netdev(struct iface *iface)
{
	if (!iface->netdev)
		return;
	bridge_mac_iface_removed(iface);
	netdev_unlisten(&iface->listener);
	ofproto_port_del(iface->ofport);
	iface->ofport = NULL;
	netdev_unref(iface->netdev);
	iface->netdev = NULL;
}

void iface_destroy(struct iface *iface)
{
	status_iface_gone(iface);
	close_netdev(iface);
	hmap_remove(&all_ifaces, &iface->node);
	free(iface->error);
	free(iface->type);
	free(iface->name);
	free(iface);
}

bool iface_is_stale(const struct iface *iface, const struct ovsrec_interface *row)
{
	return !streq(iface->type, wanted_type(iface->port->bridge, row));
}

uint16_t iface_wanted_ofport(const struct ovsrec_interface *row)
{
	if (row->n_ofport_request)
		return row->ofport_request[0];
	/* What it had before a restart, so that flows which name it stay right. */
	if (row->n_ofport && row->ofport[0] > 0 && row->ofport[0] <= OFPP_MAX_NUMBER)
		return row->ofport[0];
	return 0;
}

static void netdev_changed(struct netdev_listener *l, struct netdev *netdev)
{
	struct iface *iface = CONTAINER_OF(l, struct iface, listener);

	(void)netdev;
	status_iface_changed(iface);
	bridge_mac_iface_changed(iface);
}

static void set_error(struct iface *iface, char *error)
{
	if (error && (!iface->error || !streq(iface->error, error)))
		log_warn("%s: %s", iface->name, error);
	free(iface->error);
	iface->error = error;
}

void iface_port_removed(struct iface *iface)
{
	close_netdev(iface);
	set_error(iface, xstrdup("its port was removed from the datapath by a command"));
	status_iface_changed(iface);
}

static char *open_netdev(struct iface *iface)
{
	struct bridge *br = iface->port->bridge;
	char *err;

	if (!br->ofproto)
		return xstrdup(br->error ? br->error : "its bridge could not be created");
	err = netdev_open_for(iface->name,
			      dpif_port_open_type(ofproto_type(br->ofproto), iface->type),
			      dpif_port_use(ofproto_type(br->ofproto)), &iface->netdev);
	if (err)
		return err;
	err = netdev_set_options(iface->netdev, &iface->row->options);
	if (!err)
		err = ofproto_port_add(br->ofproto, iface->netdev, iface_wanted_ofport(iface->row),
				       &iface->ofport);
	if (err) {
		netdev_unref(iface->netdev);
		iface->netdev = NULL;
		return err;
	}
	iface->listener.changed = netdev_changed;
	netdev_listen(iface->netdev, &iface->listener);
	bridge_mac_iface_added(iface);
	return NULL;
}

static char *apply_settings(struct iface *iface)
{
	const struct ovsrec_interface *row = iface->row;
	struct netdev_status status;
	uint8_t mac[6];
	char *err;
	int rc;

	err = netdev_set_options(iface->netdev, &row->options);
	if (err)
		return err;
	ofport_peer_changed(iface->ofport);
	if (row->n_ofport_request && row->ofport_request[0] != ofport_number(iface->ofport) &&
	    ofport_set_number(iface->ofport, row->ofport_request[0]))
		log_warn("%s: port number %d is taken; it stays %u", iface->name,
			 (int)row->ofport_request[0], ofport_number(iface->ofport));

	netdev_get_status(iface->netdev, &status);
	if (row->n_mtu_request && row->mtu_request[0] != status.mtu) {
		rc = netdev_set_mtu(iface->netdev, row->mtu_request[0]);
		if (rc)
			return xasprintf("cannot set MTU %d: %s", (int)row->mtu_request[0],
					 errno_str(rc));
	}
	if (row->mac && !streq(iface->name, iface->port->bridge->name)) {
		if (!eth_parse(row->mac, mac) || eth_is_multicast(mac))
			return xasprintf("\"%s\" is not a MAC address that a port can have",
					 row->mac);
		rc = eth_equal(mac, status.mac) ? 0 : netdev_set_mac(iface->netdev, mac);
		if (rc)
			return xasprintf("cannot set MAC address %s: %s", row->mac, errno_str(rc));
	}
	rc = netdev_set_policing(iface->netdev, row->ingress_policing_rate,
				 row->ingress_policing_burst, row->ingress_policing_kpkts_rate,
				 row->ingress_policing_kpkts_burst);
	if (rc)
		return xasprintf("cannot police what comes in: %s", errno_str(rc));
	return NULL;
}

void iface_apply(struct iface *iface)
{
	char *err = NULL;

	COUNTER_INC(iface_applied);
	if (!iface->netdev)
		err = open_netdev(iface);
	if (!err)
		err = apply_settings(iface);
	set_error(iface, err);
	status_iface_changed(iface);
}
