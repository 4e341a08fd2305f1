// SPDX-License-Identifier: Apache-2.0
/* Ports of the database: their VLAN settings, and the interfaces they bundle. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/util.h"
#include "bridge/bridge_impl.h"

LOG_MODULE(port);

static CDS_LIST_HEAD(dirty_ports);

struct port *port_by_name(const char *name)
{
	struct port *port;

	HMAP_FOR_EACH_WITH_HASH(port, all_node, hash_string(name, 0), &all_ports) {
		if (streq(port->name, name))
			return port;
	}
	return NULL;
}

struct port *port_create(struct bridge *br, const struct ovsrec_port *row)
{
	struct port *port = xzalloc(sizeof(*port));

	port->name = xstrdup(row->name);
	port->bridge = br;
	port->row = row;
	CDS_INIT_LIST_HEAD(&port->dirty);
	hmap_insert(&br->ports, &port->node, hash_string(port->name, 0));
	hmap_insert(&all_ports, &port->all_node, hash_string(port->name, 0));
	return port;
}

void port_destroy(struct port *port)
{
	ofproto_bundle_destroy(port->bundle);
	for (size_t i = 0; i < port->n_ifaces; i++)
		iface_destroy(port->ifaces[i]);
	hmap_remove(&port->bridge->ports, &port->node);
	hmap_remove(&all_ports, &port->all_node);
	cds_list_del(&port->dirty);
	free(port->ifaces);
	free(port->name);
	free(port);
}

void port_set_dirty(struct port *port)
{
	if (cds_list_empty(&port->dirty))
		cds_list_add_tail(&port->dirty, &dirty_ports);
}

static void release_ifaces(struct port *port)
{
	size_t n = 0;

	for (size_t i = 0; i < port->n_ifaces; i++)
		port->ifaces[i]->is_wanted = false;
	for (size_t i = 0; i < port->row->n_interfaces; i++) {
		const struct ovsrec_interface *row = port->row->interfaces[i];
		struct iface *iface = iface_by_name(row->name);

		if (iface && iface->port == port && !iface_is_stale(iface, row)) {
			iface->is_wanted = true;
			iface->row = row;
		}
	}
	for (size_t i = 0; i < port->n_ifaces; i++) {
		if (port->ifaces[i]->is_wanted)
			port->ifaces[n++] = port->ifaces[i];
		else
			iface_destroy(port->ifaces[i]);
	}
	port->n_ifaces = n;
}

void ports_release_ifaces(void)
{
	struct port *port;

	cds_list_for_each_entry(port, &dirty_ports, dirty)
		release_ifaces(port);
}

static void vlan_bitmap_from_set(unsigned long *bitmap, const int64_t *vids, size_t n)
{
	memset(bitmap, 0, VLAN_BITMAP_WORDS * sizeof(*bitmap));
	for (size_t i = 0; i < n; i++) {
		if (vids[i] >= 0 && vids[i] < VLAN_N)
			vlan_bitmap_set(bitmap, vids[i]);
	}
}

static enum vlan_mode vlan_mode(const struct ovsrec_port *row, bool has_tag)
{
	static const struct {
		const char *name;
		enum vlan_mode mode;
	} modes[] = {
		{ "access", VLAN_ACCESS },
		{ "trunk", VLAN_TRUNK },
		{ "native-tagged", VLAN_NATIVE_TAGGED },
		{ "native-untagged", VLAN_NATIVE_UNTAGGED },
		{ "dot1q-tunnel", VLAN_DOT1Q_TUNNEL },
	};

	for (size_t i = 0; row->vlan_mode && i < ARRAY_SIZE(modes); i++) {
		if (streq(row->vlan_mode, modes[i].name))
			return modes[i].mode;
	}
	return has_tag ? VLAN_ACCESS : VLAN_TRUNK;
}

static enum priority_tags priority_tags(const struct ovsrec_port *row)
{
	const char *s = smap_get_def(&row->other_config, "priority-tags", "never");

	/* "true" is how releases before 2.10 said if-nonzero. */
	if (streq(s, "if-nonzero") || streq(s, "true"))
		return PRIORITY_TAGS_IF_NONZERO;
	return streq(s, "always") ? PRIORITY_TAGS_ALWAYS : PRIORITY_TAGS_NEVER;
}

static void apply_bundle(struct port *port)
{
	const struct ovsrec_port *row = port->row;
	unsigned long trunks[VLAN_BITMAP_WORDS], cvlans[VLAN_BITMAP_WORDS];
	bool has_tag = row->n_tag && row->tag[0] >= 0 && row->tag[0] < VLAN_N;
	struct bundle_settings s = { .name = port->name, .protected_ = row->protected };
	struct ofport **ports = xcalloc(port->n_ifaces + 1, sizeof(*ports));

	s.ports = ports;
	for (size_t i = 0; i < port->n_ifaces; i++) {
		if (port->ifaces[i]->ofport)
			ports[s.n_ports++] = port->ifaces[i]->ofport;
	}
	s.vlan.mode = vlan_mode(row, has_tag);
	s.vlan.vid = has_tag && s.vlan.mode != VLAN_TRUNK ? row->tag[0] : 0;
	if (row->n_trunks && s.vlan.mode != VLAN_ACCESS && s.vlan.mode != VLAN_DOT1Q_TUNNEL) {
		vlan_bitmap_from_set(trunks, row->trunks, row->n_trunks);
		s.vlan.trunks = trunks;
	}
	if (row->n_cvlans && s.vlan.mode == VLAN_DOT1Q_TUNNEL) {
		vlan_bitmap_from_set(cvlans, row->cvlans, row->n_cvlans);
		s.vlan.cvlans = cvlans;
	}
	s.vlan.priority_tags = priority_tags(row);
	s.vlan.qinq_ethtype = htons(
		streq(smap_get_def(&row->other_config, "qinq-ethtype", "802.1ad"), "802.1q")
			? ETH_P_8021Q
			: ETH_P_8021AD);

	if (port->bundle)
		ofproto_bundle_set(port->bundle, &s);
	else
		port->bundle = ofproto_bundle_create(port->bridge->ofproto, &s);
	free(ports);
}

static void create_ifaces(struct port *port)
{
	struct iface **ifaces = xcalloc(port->row->n_interfaces + 1, sizeof(*ifaces));
	size_t n = 0;

	for (size_t i = 0; i < port->row->n_interfaces; i++) {
		const struct ovsrec_interface *row = port->row->interfaces[i];
		struct iface *iface = iface_by_name(row->name);

		if (!iface)
			iface = iface_create(port, row);
		if (iface->port == port)
			ifaces[n++] = iface;
		else
			log_warn("port %s: interface %s belongs to port %s already", port->name,
				 row->name, iface->port->name);
	}
	free(port->ifaces);
	port->ifaces = ifaces;
	port->n_ifaces = n;
}

/* How much a port has a claim to its OpenFlow number: asked for by the user, had before, none. */
static int claim(const struct port *port)
{
	const struct ovsrec_interface *row = port->n_ifaces ? port->ifaces[0]->row : NULL;

	return !row ? 0 : row->n_ofport_request ? 2 : iface_wanted_ofport(row) ? 1 : 0;
}

/* Ports with a claim to a number come first, so that no other is given it; then by name. */
static int by_claim(const void *a_, const void *b_)
{
	const struct port *const *a = a_, *const *b = b_;
	int diff = claim(*b) - claim(*a);

	return diff ? diff : strcmp((*a)->name, (*b)->name);
}

/* Several devices that are to be opened are opened at once. */
static void prepare_ifaces(struct port **ports, size_t n)
{
	const char **names = NULL;
	size_t n_names = 0, size = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < ports[i]->n_ifaces; j++) {
			const struct iface *iface = ports[i]->ifaces[j];

			struct ofproto *o = ports[i]->bridge->ofproto;

			if (iface->netdev || (*iface->type && !streq(iface->type, "system")) ||
			    !o || dpif_port_use(ofproto_type(o)) != NETDEV_USE_PACKETS)
				continue;
			if (n_names == size)
				names = x2nrealloc(names, &size, sizeof(*names));
			names[n_names++] = iface->name;
		}
	}
	if (n_names > 1)
		netdev_prepare(names, n_names);
	free(names);
}

void ports_apply(void)
{
	struct port *port, *next, **list = NULL;
	size_t n = 0, size = 0;

	cds_list_for_each_entry_safe(port, next, &dirty_ports, dirty) {
		cds_list_del(&port->dirty);
		CDS_INIT_LIST_HEAD(&port->dirty);
		create_ifaces(port);
		if (n == size)
			list = x2nrealloc(list, &size, sizeof(*list));
		list[n++] = port;
	}
	if (n)
		qsort(list, n, sizeof(*list), by_claim);
	prepare_ifaces(list, n);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < list[i]->n_ifaces; j++)
			iface_apply(list[i]->ifaces[j]);
		if (list[i]->bridge->ofproto)
			apply_bundle(list[i]);
	}
	netdev_prepare(NULL, 0);
	free(list);
}
