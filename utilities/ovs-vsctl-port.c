// SPDX-License-Identifier: Apache-2.0
/* Commands on ports, bonds and interfaces. */
#include "utilities/ovs-vsctl.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

static void prepare_all_ports(struct vsctl_cmd *cmd)
{
	vsctl_want_all_ports(cmd->vs);
}

static char *list_ports(struct vsctl_cmd *cmd, bool ifaces)
{
	char *err = NULL;
	struct vs_bridge *br = vs_bridge_lookup(cmd->vs, cmd->argv[1], &err);
	struct vs_model *m = vs_model_get(cmd->vs);
	struct vs_port *port;
	char **lines;
	size_t n = 0, size = 0;

	if (!br)
		return err;
	lines = NULL;
	HMAP_FOR_EACH(port, node, &m->ports) {
		size_t n_names = ifaces ? port->cfg->n_interfaces : 1;

		for (size_t i = 0; port->bridge == br && i < n_names; i++) {
			const char *name = ifaces ? port->cfg->interfaces[i]->name : port->name;

			if (n >= size)
				lines = x2nrealloc(lines, &size, sizeof(*lines));
			if (!streq(name, br->name))
				lines[n++] = xstrdup(name);
		}
	}
	vs_put_sorted(&cmd->out, lines, n);
	free(lines);
	return NULL;
}

static char *run_list_ports(struct vsctl_cmd *cmd)
{
	return list_ports(cmd, false);
}

static char *run_list_ifaces(struct vsctl_cmd *cmd)
{
	return list_ports(cmd, true);
}

/* ---- add-port, add-bond ----------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *join(const char *const names[], size_t n)
{
	struct str s = STR_INIT;

	for (size_t i = 0; i < n; i++)
		str_printf(&s, "%s%s", i ? ", " : "", names[i]);
	return str_steal(&s);
}

/* The command as errors of --may-exist quote it: the operands that name things, not settings. */
static char *quote_may_exist(const char *command, const char *bridge, const char *port,
			     char *const ifaces[], size_t n)
{
	struct str s = STR_INIT;

	str_printf(&s, "\"--may-exist %s %s %s", command, bridge, port);
	for (size_t i = 0; n > 1 && i < n; i++)
		str_printf(&s, " %s", ifaces[i]);
	str_put(&s, "\" but");
	return str_steal(&s);
}

static char *check_existing(struct vsctl_cmd *cmd, const struct vs_port *port, const char *bridge,
			    char *const ifaces[], size_t n)
{
	struct ovsrec_port *cfg = port->cfg;
	char *err = NULL, *line = quote_may_exist(cmd->argv[0], bridge, port->name, ifaces, n);
	const char **want, **have;
	bool same;

	if (!streq(port->bridge->name, bridge)) {
		err = xasprintf("%s %s is actually attached to bridge %s", line, port->name,
				port->bridge->name);
		free(line);
		return err;
	}
	if (vs_count(&cfg->row, &ovsrec_port_col_interfaces) != cfg->n_interfaces) {
		cmd->vs->incomplete = true;
		free(line);
		return NULL;
	}
	want = xcalloc(n, sizeof(*want));
	have = xcalloc(cfg->n_interfaces + 1, sizeof(*have));
	for (size_t i = 0; i < n; i++)
		want[i] = ifaces[i];
	for (size_t i = 0; i < cfg->n_interfaces; i++)
		have[i] = cfg->interfaces[i]->name;
	qsort(want, n, sizeof(*want), compare_names);
	if (cfg->n_interfaces)
		qsort(have, cfg->n_interfaces, sizeof(*have), compare_names);
	same = cfg->n_interfaces == n;
	for (size_t i = 0; same && i < n; i++)
		same = streq(want[i], have[i]);
	if (!same) {
		char *names = join(have, cfg->n_interfaces);

		err = xasprintf("%s %s actually has interface(s) %s", line, port->name, names);
		free(names);
	}
	free(want);
	free(have);
	free(line);
	return err;
}

static char *apply_settings(struct vsctl *vs, struct ovsrec_port *port, char *const settings[],
			    size_t n)
{
	const struct table_schema *ts = schema_table(vs->schema, "Port");
	char *err = NULL;

	for (size_t i = 0; i < n && !err; i++)
		err = vsctl_set_column(vs, ts, &port->row, settings[i], false);
	return err;
}

static char *add_port(struct vsctl_cmd *cmd, const char *bridge, const char *name,
		      char *const ifaces[], size_t n, bool fake_iface, char *const settings[],
		      size_t n_settings)
{
	struct vsctl *vs = cmd->vs;
	char *err = NULL;
	struct vs_bridge *br;
	struct vs_port *port;
	struct ovsrec_port *cfg;
	struct ovsrec_interface **rows;

	port = vs_port_lookup(vs, name, NULL);
	if (port && vsctl_option(cmd, "--may-exist"))
		return check_existing(cmd, port, bridge, ifaces, n);
	err = vs_check_conflict(vs, name, "cannot create a port named %s", name);
	for (size_t i = 0; i < n && !err; i++)
		err = vs_check_conflict(vs, ifaces[i], "cannot create an interface named %s",
					ifaces[i]);
	for (size_t i = 0; i < n && !err; i++) {
		for (size_t j = 0; j < i && !err; j++) {
			if (streq(ifaces[i], ifaces[j]))
				err = xasprintf("%s: interface %s is named twice", cmd->argv[0],
						ifaces[i]);
		}
	}
	if (err || vs->incomplete)
		return err;
	br = vs_bridge_lookup(vs, bridge, &err);
	if (!br)
		return err;

	cfg = ovsrec_port_insert(vs->txn);
	rows = xcalloc(n, sizeof(struct ovsrec_interface *));
	for (size_t i = 0; i < n; i++)
		rows[i] = vs_iface_insert(vs, ifaces[i]);
	ovsrec_port_set_name(cfg, name);
	ovsrec_port_set_interfaces(cfg, rows, n);
	ovsrec_port_set_bond_fake_iface(cfg, fake_iface);
	if (br->fake)
		ovsrec_port_set_tag(cfg, &br->vlan, 1);
	err = apply_settings(vs, cfg, settings, n_settings);
	/* A bridge that somebody deletes meanwhile must not swallow the port in silence. */
	ovsrec_bridge_verify_name(br->cfg);
	ovsrec_bridge_update_ports_addvalue(br->cfg, cfg);
	port = vs_port_add(vs->model, br, cfg);
	for (size_t i = 0; i < n; i++)
		vs_iface_add(vs->model, port, rows[i]);
	free(rows);
	return err;
}

static void prepare_add_port(struct vsctl_cmd *cmd)
{
	vsctl_want_new_port(cmd->vs, cmd->argv[2]);
}

static char *run_add_port(struct vsctl_cmd *cmd)
{
	return add_port(cmd, cmd->argv[1], cmd->argv[2], &cmd->argv[2], 1, false, &cmd->argv[3],
			(size_t)cmd->argc - 3);
}

/* Interfaces come first, then settings: the first word with a '='. */
static size_t count_bond_ifaces(const struct vsctl_cmd *cmd)
{
	size_t n = 0;

	for (int i = 3; i < cmd->argc && !strchr(cmd->argv[i], '='); i++)
		n++;
	return n;
}

static void prepare_add_bond(struct vsctl_cmd *cmd)
{
	size_t n = count_bond_ifaces(cmd);

	vsctl_want_new_port(cmd->vs, cmd->argv[2]);
	for (size_t i = 0; i < n; i++)
		vsctl_want_new_port(cmd->vs, cmd->argv[3 + i]);
}

static char *run_add_bond(struct vsctl_cmd *cmd)
{
	size_t n = count_bond_ifaces(cmd);

	if (n < 2)
		return xasprintf("add-bond requires at least 2 interfaces, but only "
				 "%zu were specified",
				 n);
	return add_port(cmd, cmd->argv[1], cmd->argv[2], &cmd->argv[3], n,
			vsctl_option(cmd, "--fake-iface"), &cmd->argv[3 + n],
			(size_t)cmd->argc - 3 - n);
}

/* ---- del-port -------------------------------------------------------------- */

static void prepare_del_port(struct vsctl_cmd *cmd)
{
	vsctl_want_port(cmd->vs, cmd->argv[cmd->argc - 1]);
}

/* Why 'port' is not of 'bridge'. */
static char *wrong_bridge(const struct vs_port *port, const struct vs_bridge *bridge)
{
	const char *kin = NULL;

	if (port->bridge->parent == bridge)
		kin = "child";
	else if (bridge->parent && port->bridge == bridge->parent && port->bridge->fake)
		kin = "parent";
	return kin ? xasprintf("bridge %s does not have a port %s (although its %s bridge %s does)",
			       bridge->name, port->name, kin, port->bridge->name)
		   : xasprintf("bridge %s does not have a port %s", bridge->name, port->name);
}

static char *run_del_port(struct vsctl_cmd *cmd)
{
	struct vsctl *vs = cmd->vs;
	const char *name = cmd->argv[cmd->argc - 1];
	bool must_exist = !vsctl_option(cmd, "--if-exists");
	bool with_iface = vsctl_option(cmd, "--with-iface");
	struct vs_bridge *br = NULL;
	struct vs_port *port;
	struct vs_iface *iface;
	char *err = NULL;

	if (vs_bridge_lookup(vs, name, NULL)) {
		if (!must_exist)
			return NULL;
		return xasprintf("cannot delete port %s because it is the local port for bridge %s "
				 "(deleting this port requires deleting the entire bridge)",
				 name, name);
	}
	if (cmd->argc > 2) {
		br = vs_bridge_lookup(vs, cmd->argv[1], &err);
		if (!br)
			return err;
	}
	port = vs_port_lookup(vs, name, NULL);
	if (!port && with_iface) {
		iface = vs_iface_lookup(vs, name, NULL);
		port = iface ? iface->port : NULL;
	}
	if (!port)
		return !must_exist  ? NULL
		       : with_iface ? xasprintf("no port or interface named %s", name)
				    : xasprintf("no port named %s", name);
	if (br && port->bridge != br) {
		if (!streq(port->name, name)) /* found by its interface */
			return xasprintf("bridge %s does not have a port %s", br->name, name);
		return wrong_bridge(port, br);
	}
	vs_port_del(vs, port);
	return NULL;
}

/* ---- queries --------------------------------------------------------------- */

static void prepare_one_port(struct vsctl_cmd *cmd)
{
	vsctl_want_port(cmd->vs, cmd->argv[1]);
}

static char *run_port_to_br(struct vsctl_cmd *cmd)
{
	char *err = NULL;
	struct vs_port *port = vs_port_lookup(cmd->vs, cmd->argv[1], &err);

	if (port)
		str_printf(&cmd->out, "%s\n", port->bridge->name);
	return err;
}

static char *run_iface_to_br(struct vsctl_cmd *cmd)
{
	char *err = NULL;
	struct vs_iface *iface = vs_iface_lookup(cmd->vs, cmd->argv[1], &err);

	if (iface)
		str_printf(&cmd->out, "%s\n", iface->port->bridge->name);
	return err;
}

/* ---- members of bonds -------------------------------------------------------- */

static void prepare_add_bond_iface(struct vsctl_cmd *cmd)
{
	vsctl_want_port(cmd->vs, cmd->argv[1]);
	vsctl_want_port(cmd->vs, cmd->argv[2]);
}

static char *run_add_bond_iface(struct vsctl_cmd *cmd)
{
	struct vsctl *vs = cmd->vs;
	const char *name = cmd->argv[2];
	char *err = NULL;
	struct vs_port *port = vs_port_lookup(vs, cmd->argv[1], &err);
	struct ovsrec_interface *cfg;
	struct vs_iface *iface;

	if (!port)
		return err;
	iface = vs_iface_lookup(vs, name, NULL);
	if (iface && vsctl_option(cmd, "--may-exist")) {
		if (iface->port == port)
			return NULL;
		return xasprintf("\"--may-exist %s %s %s\" but %s is actually attached to port %s",
				 cmd->argv[0], cmd->argv[1], name, name, iface->port->name);
	}
	err = vs_check_conflict(vs, name, "cannot create an interface named %s", name);
	if (err || vs->incomplete)
		return err;
	cfg = vs_iface_insert(vs, name);
	ovsrec_port_verify_name(port->cfg);
	ovsrec_port_update_interfaces_addvalue(port->cfg, cfg);
	vs_iface_add(vs->model, port, cfg);
	return NULL;
}

static void prepare_del_bond_iface(struct vsctl_cmd *cmd)
{
	for (int i = 1; i < cmd->argc; i++)
		vsctl_want_port(cmd->vs, cmd->argv[i]);
}

static char *run_del_bond_iface(struct vsctl_cmd *cmd)
{
	struct vsctl *vs = cmd->vs;
	const char *name = cmd->argv[cmd->argc - 1];
	struct vs_port *port = NULL;
	struct vs_iface *iface;
	char *err = NULL;

	if (cmd->argc > 2) {
		port = vs_port_lookup(vs, cmd->argv[1], &err);
		if (!port)
			return err;
	}
	iface = vs_iface_lookup(vs, name, &err);
	if (!iface) {
		if (!vsctl_option(cmd, "--if-exists"))
			return err;
		free(err);
		return NULL;
	}
	if (port && iface->port != port)
		return xasprintf("port %s does not have an interface %s", port->name, name);
	port = iface->port;
	if (vs_count(&port->cfg->row, &ovsrec_port_col_interfaces) < 2)
		return xasprintf("cannot delete last interface from port %s", port->name);
	vs_iface_del(vs, iface);
	return NULL;
}

static const struct vsctl_class port_classes[] = {
	{ "list-ports", 1, 1, "!BRIDGE", "BRIDGE", "print the names of all the ports on BRIDGE", "",
	  prepare_all_ports, run_list_ports, NULL, false },
	{ "add-port", 2, INT_MAX, "!BRIDGE !NEW-PORT *COLUMN?:KEY=VALUE",
	  "BRIDGE PORT [COLUMN[:KEY]=VALUE]...", "add network device PORT to BRIDGE", "--may-exist",
	  prepare_add_port, run_add_port, NULL, true },
	{ "del-port", 1, 2, "?BRIDGE !PORT|IFACE", "[BRIDGE] PORT",
	  "delete PORT (which may be bonded) from BRIDGE", "--if-exists,--with-iface",
	  prepare_del_port, run_del_port, NULL, true },
	{ "port-to-br", 1, 1, "!PORT", "PORT", "print name of bridge that contains PORT", "",
	  prepare_one_port, run_port_to_br, NULL, false },
	{ "list-ifaces", 1, 1, "!BRIDGE", "BRIDGE", "print the names of all interfaces on BRIDGE",
	  "", prepare_all_ports, run_list_ifaces, NULL, false },
	{ "iface-to-br", 1, 1, "!IFACE", "IFACE", "print name of bridge that contains IFACE", "",
	  prepare_one_port, run_iface_to_br, NULL, false },
	{ "add-bond", 4, INT_MAX, "!BRIDGE !BOND +IFACE *COLUMN?:KEY=VALUE",
	  "BRIDGE PORT IFACE IFACE... [COLUMN[:KEY]=VALUE]...",
	  "add bonded port PORT in BRIDGE from IFACES", "--may-exist,--fake-iface",
	  prepare_add_bond, run_add_bond, NULL, true },
	{ "add-bond-iface", 2, 2, "!BOND !IFACE", "BOND IFACE", "add interface IFACE to port BOND",
	  "--may-exist", prepare_add_bond_iface, run_add_bond_iface, NULL, true },
	{ "del-bond-iface", 1, 2, "?BOND !IFACE", "[BOND] IFACE",
	  "delete interface IFACE from its port", "--if-exists", prepare_del_bond_iface,
	  run_del_bond_iface, NULL, true },
};
const struct vsctl_group vsctl_port_group = { "Port, interface and bond commands", port_classes,
					      ARRAY_SIZE(port_classes) };
