// SPDX-License-Identifier: Apache-2.0
/* Bridges, ports and interfaces by name.  Built from the replica when first asked for, then kept up
 * by the commands that change it, so that a line with a thousand add-port builds it once.
 *
 * A fake bridge is a port of its parent that says so and has a VLAN; other ports of the parent with
 * that VLAN as their tag count as the fake bridge's. */
#include "utilities/ovs-vsctl.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/util.h"

struct vs_bridge *vs_bridge_add(struct vs_model *m, struct ovsrec_bridge *cfg,
				struct ovsrec_port *fake, struct vs_bridge *parent)
{
	struct vs_bridge *br = xzalloc(sizeof(*br));

	br->name = fake ? fake->name : cfg->name;
	br->cfg = cfg;
	br->fake = fake;
	br->parent = parent;
	br->vlan = fake ? fake->tag[0] : 0;
	hmap_insert(&m->bridges, &br->node, hash_string(br->name, 0));
	return br;
}

struct vs_port *vs_port_add(struct vs_model *m, struct vs_bridge *br, struct ovsrec_port *cfg)
{
	struct vs_port *port = xzalloc(sizeof(*port));

	port->name = cfg->name;
	port->cfg = cfg;
	port->bridge = br;
	br->n_ports++;
	hmap_insert(&m->ports, &port->node, hash_string(port->name, 0));
	return port;
}

struct vs_iface *vs_iface_add(struct vs_model *m, struct vs_port *port,
			      struct ovsrec_interface *cfg)
{
	struct vs_iface *iface = xzalloc(sizeof(*iface));

	iface->name = cfg->name;
	iface->cfg = cfg;
	iface->port = port;
	hmap_insert(&m->ifaces, &iface->node, hash_string(iface->name, 0));
	return iface;
}

static bool is_fake(const struct ovsrec_bridge *br, const struct ovsrec_port *port)
{
	return port->fake_bridge && port->n_tag && !streq(port->name, br->name);
}

static struct vs_bridge *child(struct vs_model *m, const struct vs_bridge *parent, int64_t vlan)
{
	struct vs_bridge *br;

	HMAP_FOR_EACH(br, node, &m->bridges) {
		if (br->parent == parent && br->vlan == vlan)
			return br;
	}
	return NULL;
}

static void add_ports(struct vs_model *m, struct vs_bridge *real)
{
	struct vs_bridge *by_vlan[4096] = { NULL };
	const struct ovsrec_bridge *cfg = real->cfg;

	for (size_t i = 0; i < cfg->n_ports; i++) {
		struct ovsrec_port *port = cfg->ports[i];
		struct vs_bridge *fake;

		if (!is_fake(cfg, port))
			continue;
		fake = vs_bridge_add(m, real->cfg, port, real);
		if (fake->vlan >= 0 && fake->vlan < 4096)
			by_vlan[fake->vlan] = fake;
	}
	for (size_t i = 0; i < cfg->n_ports; i++) {
		struct ovsrec_port *cfg_port = cfg->ports[i];
		struct vs_bridge *br = real;
		struct vs_port *port;

		if (is_fake(cfg, cfg_port) || streq(cfg_port->name, cfg->name))
			continue;
		if (cfg_port->n_tag && cfg_port->tag[0] >= 0 && cfg_port->tag[0] < 4096 &&
		    by_vlan[cfg_port->tag[0]])
			br = by_vlan[cfg_port->tag[0]];
		port = vs_port_add(m, br, cfg_port);
		for (size_t j = 0; j < cfg_port->n_interfaces; j++)
			vs_iface_add(m, port, cfg_port->interfaces[j]);
	}
}

static struct vs_iface *find_iface(const struct hmap *map, const char *name)
{
	struct vs_iface *iface;

	HMAP_FOR_EACH_WITH_HASH(iface, node, hash_string(name, 0), map) {
		if (streq(iface->name, name))
			return iface;
	}
	return NULL;
}

/* Interfaces that are there, but in ports that were not fetched. */
static void add_strays(struct vsctl *vs, struct vs_model *m)
{
	struct ovsrec_interface *cfg;

	OVSREC_INTERFACE_FOR_EACH(cfg, vs->idl) {
		struct vs_iface *iface;

		if (!cfg->row.columns || find_iface(&m->ifaces, cfg->name))
			continue;
		iface = xzalloc(sizeof(*iface));
		iface->name = cfg->name;
		iface->cfg = cfg;
		hmap_insert(&m->strays, &iface->node, hash_string(iface->name, 0));
	}
}

static bool has_port_rows(struct vsctl *vs)
{
	const struct ovsrec_port *port;
	const struct ovsrec_interface *iface;

	OVSREC_PORT_FOR_EACH(port, vs->idl) {
		if (port->row.columns)
			return true;
	}
	OVSREC_INTERFACE_FOR_EACH(iface, vs->idl) {
		if (iface->row.columns)
			return true;
	}
	return false;
}

struct vs_model *vs_model_get(struct vsctl *vs)
{
	struct vs_model *m = vs->model;

	if (m)
		return m;
	vs->model = m = xzalloc(sizeof(*m));
	hmap_init(&m->bridges);
	hmap_init(&m->ports);
	hmap_init(&m->ifaces);
	hmap_init(&m->strays);
	for (size_t i = 0; i < vs->ovs->n_bridges; i++)
		add_ports(m, vs_bridge_add(m, vs->ovs->bridges[i], NULL, NULL));
	if (vs->detail < VSCTL_EVERYTHING)
		add_strays(vs, m);
	/* Whose is a port that is there? */
	if (!vs->has_ports && has_port_rows(vs))
		vs->incomplete = true;
	return m;
}

void vs_model_drop(struct vsctl *vs)
{
	struct vs_model *m = vs->model;
	struct vs_bridge *br;
	struct vs_port *port;
	struct vs_iface *iface;

	if (!m)
		return;
	HMAP_FOR_EACH(br, node, &m->bridges)
		free(br);
	HMAP_FOR_EACH(port, node, &m->ports)
		free(port);
	HMAP_FOR_EACH(iface, node, &m->ifaces)
		free(iface);
	HMAP_FOR_EACH(iface, node, &m->strays)
		free(iface);
	hmap_uninit(&m->strays);
	hmap_uninit(&m->bridges);
	hmap_uninit(&m->ports);
	hmap_uninit(&m->ifaces);
	free(m);
	vs->model = NULL;
}

struct vs_bridge *vs_bridge_lookup(struct vsctl *vs, const char *name, char **err)
{
	struct vs_bridge *br;

	HMAP_FOR_EACH_WITH_HASH(br, node, hash_string(name, 0), &vs_model_get(vs)->bridges) {
		if (streq(br->name, name))
			return br;
	}
	if (err)
		*err = xasprintf("no bridge named %s", name);
	return NULL;
}

struct vs_port *vs_port_lookup(struct vsctl *vs, const char *name, char **err)
{
	struct vs_port *port;

	HMAP_FOR_EACH_WITH_HASH(port, node, hash_string(name, 0), &vs_model_get(vs)->ports) {
		if (streq(port->name, name))
			return port;
	}
	if (err)
		*err = xasprintf("no port named %s", name);
	return NULL;
}

struct vs_iface *vs_iface_lookup(struct vsctl *vs, const char *name, char **err)
{
	struct vs_model *m = vs_model_get(vs);
	struct vs_iface *iface = find_iface(&m->ifaces, name);

	/* The interface of a bridge's own port is not one here. */
	if (!iface && find_iface(&m->strays, name) && !vs_bridge_lookup(vs, name, NULL))
		vs->incomplete = true;
	if (!iface && err)
		*err = xasprintf("no interface named %s", name);
	return iface;
}

struct vs_bridge *vs_bridge_child(struct vsctl *vs, const struct vs_bridge *parent, int64_t vlan)
{
	return child(vs_model_get(vs), parent, vlan);
}

void vs_iface_del(struct vsctl *vs, struct vs_iface *iface)
{
	ovsrec_port_update_interfaces_delvalue(iface->port->cfg, iface->cfg);
	ovsrec_interface_del(iface->cfg);
	hmap_remove(&vs->model->ifaces, &iface->node);
	free(iface);
}

static void forget_ifaces(struct vsctl *vs, const struct ovsrec_port *port)
{
	for (size_t i = 0; i < port->n_interfaces; i++) {
		struct ovsrec_interface *cfg = port->interfaces[i];
		struct vs_iface *iface;

		HMAP_FOR_EACH_WITH_HASH(iface, node, hash_string(cfg->name, 0),
					&vs->model->ifaces) {
			if (iface->cfg == cfg) {
				hmap_remove(&vs->model->ifaces, &iface->node);
				free(iface);
				break;
			}
		}
		ovsrec_interface_del(cfg);
	}
}

/* Deletes the rows of a port, which the server would do anyway once nothing refers to them, so
 * that later commands of the line do not find them by name. */
static void del_port_rows(struct vsctl *vs, struct ovsrec_port *cfg)
{
	forget_ifaces(vs, cfg);
	ovsrec_port_del(cfg);
}

void vs_port_del(struct vsctl *vs, struct vs_port *port)
{
	ovsrec_bridge_update_ports_delvalue(port->bridge->cfg, port->cfg);
	del_port_rows(vs, port->cfg);
	port->bridge->n_ports--;
	hmap_remove(&vs->model->ports, &port->node);
	free(port);
}

/* Rows of a root table, which nothing else would delete, and which must have a bridge. */
static void del_collector_sets(struct vsctl *vs, const struct ovsrec_bridge *br)
{
	struct ovsrec_flow_sample_collector_set *set, *next;

	OVSREC_FLOW_SAMPLE_COLLECTOR_SET_FOR_EACH_SAFE(set, next, vs->idl)
	{
		if (set->bridge == br)
			ovsrec_flow_sample_collector_set_del(set);
	}
}

void vs_bridge_del(struct vsctl *vs, struct vs_bridge *br)
{
	struct vs_bridge *other;
	struct vs_port *port;

	/* Its ports, and those of fake bridges in it. */
	HMAP_FOR_EACH(port, node, &vs->model->ports) {
		if (port->bridge != br && port->bridge->parent != br)
			continue;
		if (br->fake)
			ovsrec_bridge_update_ports_delvalue(br->cfg, port->cfg);
		del_port_rows(vs, port->cfg);
		hmap_remove(&vs->model->ports, &port->node);
		free(port);
	}
	HMAP_FOR_EACH(other, node, &vs->model->bridges) {
		if (other->parent != br)
			continue;
		del_port_rows(vs, other->fake);
		hmap_remove(&vs->model->bridges, &other->node);
		free(other);
	}
	if (br->fake) {
		ovsrec_bridge_update_ports_delvalue(br->cfg, br->fake);
		del_port_rows(vs, br->fake);
	} else {
		for (size_t i = 0; i < br->cfg->n_ports; i++) {
			if (streq(br->cfg->ports[i]->name, br->name))
				del_port_rows(vs, br->cfg->ports[i]);
		}
		del_collector_sets(vs, br->cfg);
		ovsrec_open_vswitch_update_bridges_delvalue(vs->ovs, br->cfg);
		ovsrec_bridge_del(br->cfg);
	}
	hmap_remove(&vs->model->bridges, &br->node);
	free(br);
}

char *vs_check_conflict(struct vsctl *vs, const char *name, const char *fmt, ...)
{
	const struct vs_port *port;
	const struct vs_iface *iface;
	char *what, *err = NULL;
	va_list args;

	va_start(args, fmt);
	what = xvasprintf(fmt, args);
	va_end(args);
	if (vs_bridge_lookup(vs, name, NULL))
		err = xasprintf("%s because a bridge named %s already exists", what, name);
	else if ((port = vs_port_lookup(vs, name, NULL)))
		err = xasprintf("%s because a port named %s already exists on bridge %s", what,
				name, port->bridge->name);
	else if ((iface = vs_iface_lookup(vs, name, NULL)))
		err = xasprintf("%s because an interface named %s already exists on bridge %s",
				what, name, iface->port->bridge->name);
	free(what);
	return err;
}

size_t vs_count(const struct idl_row *row, const struct idl_column_class *column)
{
	return idl_read(row, column)->n;
}

struct ovsrec_interface *vs_iface_insert(struct vsctl *vs, const char *name)
{
	struct ovsrec_interface *iface = ovsrec_interface_insert(vs->txn);

	ovsrec_interface_set_name(iface, name);
	vs->new_ifaces = xrealloc(vs->new_ifaces,
				  (vs->n_new_ifaces + 1) * sizeof(vs->new_ifaces[0]));
	vs->new_ifaces[vs->n_new_ifaces++] = iface->row.uuid;
	return iface;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void vs_put_sorted(struct str *s, char **lines, size_t n)
{
	if (n)
		qsort(lines, n, sizeof(lines[0]), compare_lines);
	for (size_t i = 0; i < n; i++) {
		str_printf(s, "%s\n", lines[i]);
		free(lines[i]);
	}
}
