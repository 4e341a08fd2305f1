// SPDX-License-Identifier: Apache-2.0
/* Commands on the switch as a whole and on bridges. */
#include "utilities/ovs-vsctl.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

#define FAKE_PREFIX "fake-bridge-" /* of external_ids that a port keeps for a fake bridge */

static void prepare_bridges(struct vsctl_cmd *cmd)
{
	vsctl_want_bridges(cmd->vs);
}

static void prepare_nothing(struct vsctl_cmd *cmd)
{
}

static char *run_init(struct vsctl_cmd *cmd)
{
	return NULL; /* the row is there by now */
}

static void prepare_emer_reset(struct vsctl_cmd *cmd)
{
	struct vsctl *vs = cmd->vs;

	vsctl_want_all_ports(vs);
	vsctl_want_table(vs, "Open_vSwitch");
	vsctl_want_table(vs, "Bridge");
	vsctl_want_column(vs, "Port", "other_config");
	vsctl_want_column(vs, "Interface", "ingress_policing_rate");
	vsctl_want_column(vs, "Interface", "ingress_policing_burst");
}

static char *run_emer_reset(struct vsctl_cmd *cmd)
{
	struct vsctl *vs = cmd->vs;
	struct ovsrec_bridge *br;
	struct ovsrec_port *port;
	struct ovsrec_interface *iface;
	struct smap empty;

	ovsrec_open_vswitch_set_manager_options(vs->ovs, NULL, 0);
	ovsrec_open_vswitch_set_ssl(vs->ovs, NULL);
	OVSREC_BRIDGE_FOR_EACH(br, vs->idl) {
		const char *hwaddr = smap_get(&br->other_config, "hwaddr");
		struct smap keep;

		ovsrec_bridge_set_controller(br, NULL, 0);
		ovsrec_bridge_set_fail_mode(br, NULL);
		ovsrec_bridge_set_mirrors(br, NULL, 0);
		ovsrec_bridge_set_netflow(br, NULL);
		ovsrec_bridge_set_sflow(br, NULL);
		ovsrec_bridge_set_ipfix(br, NULL);
		ovsrec_bridge_set_flood_vlans(br, NULL, 0);
		/* The bridge keeps its MAC address, which its guests know it by. */
		smap_init(&keep);
		if (hwaddr)
			smap_set(&keep, "hwaddr", hwaddr);
		ovsrec_bridge_set_other_config(br, &keep);
		smap_uninit(&keep);
	}
	smap_init(&empty);
	OVSREC_PORT_FOR_EACH(port, vs->idl)
		ovsrec_port_set_other_config(port, &empty);
	smap_uninit(&empty);
	OVSREC_INTERFACE_FOR_EACH(iface, vs->idl) {
		ovsrec_interface_set_ingress_policing_rate(iface, 0);
		ovsrec_interface_set_ingress_policing_burst(iface, 0);
	}
	return NULL;
}

static void prepare_add_br(struct vsctl_cmd *cmd)
{
	vsctl_want_new_port(cmd->vs, cmd->argv[1]);
}

/* The words of a --may-exist line, for its errors. */
static char *quote_may_exist(const struct vsctl_cmd *cmd)
{
	struct str s = STR_INIT;

	str_put(&s, "\"--may-exist");
	for (int i = 0; i < cmd->argc; i++)
		str_printf(&s, " %s", cmd->argv[i]);
	str_put(&s, "\" but");
	return str_steal(&s);
}

static char *check_existing(const struct vsctl_cmd *cmd, const struct vs_bridge *br,
			    const char *parent, int64_t vlan)
{
	char *line = quote_may_exist(cmd), *err = NULL;

	if (!parent && br->fake)
		err = xasprintf("%s %s is a VLAN bridge for VLAN %lld", line, br->name,
				(long long)br->vlan);
	else if (parent && !br->fake)
		err = xasprintf("%s %s is not a VLAN bridge", line, br->name);
	else if (parent && !streq(br->parent->name, parent))
		err = xasprintf("%s %s has the wrong parent %s", line, br->name, br->parent->name);
	else if (parent && br->vlan != vlan)
		err = xasprintf("%s %s is a VLAN bridge for the wrong VLAN %lld", line, br->name,
				(long long)br->vlan);
	free(line);
	return err;
}

/* The port and interface that bear a bridge's name. */
static struct ovsrec_port *insert_local_port(struct vsctl *vs, const char *name)
{
	struct ovsrec_interface *iface = vs_iface_insert(vs, name);
	struct ovsrec_port *port = ovsrec_port_insert(vs->txn);

	ovsrec_interface_set_type(iface, "internal");
	ovsrec_port_set_name(port, name);
	ovsrec_port_set_interfaces(port, &iface, 1);
	return port;
}

static char *add_fake_bridge(struct vsctl *vs, const char *name, const char *parent_name,
			     int64_t vlan)
{
	struct vs_bridge *parent = vs_bridge_lookup(vs, parent_name, NULL), *other;
	struct ovsrec_port *port;

	if (parent && parent->fake)
		return xstrdup("cannot create bridge with fake bridge as parent");
	if (!parent)
		return xasprintf("parent bridge %s does not exist", parent_name);
	other = vs_bridge_child(vs, parent, vlan);
	if (other)
		return xasprintf("bridge %s already has a child VLAN bridge %s on VLAN %lld",
				 parent_name, other->name, (long long)vlan);
	port = insert_local_port(vs, name);
	ovsrec_port_set_fake_bridge(port, true);
	ovsrec_port_set_tag(port, &vlan, 1);
	ovsrec_bridge_verify_name(parent->cfg);
	ovsrec_bridge_update_ports_addvalue(parent->cfg, port);
	vs_bridge_add(vs->model, parent->cfg, port, parent);
	return NULL;
}

static char *run_add_br(struct vsctl_cmd *cmd)
{
	struct vsctl *vs = cmd->vs;
	const char *name = cmd->argv[1];
	const char *parent = cmd->argc > 2 ? cmd->argv[2] : NULL;
	struct vs_bridge *br;
	struct ovsrec_bridge *cfg;
	struct ovsrec_port *port;
	int64_t vlan = 0;
	char *err;

	if (cmd->argc == 3)
		return xstrdup("'add-br' command takes exactly 1 or 3 arguments");
	if (parent && (!str_to_i64(cmd->argv[3], 10, &vlan) || vlan < 0 || vlan > 4095))
		return xstrdup("add-br: vlan must be between 0 and 4095");
	br = vs_bridge_lookup(vs, name, NULL);
	if (br && vsctl_option(cmd, "--may-exist"))
		return check_existing(cmd, br, parent, vlan);
	err = vs_check_conflict(vs, name, "cannot create a bridge named %s", name);
	if (err)
		return err;
	if (parent)
		return add_fake_bridge(vs, name, parent, vlan);
	port = insert_local_port(vs, name);
	cfg = ovsrec_bridge_insert(vs->txn);
	ovsrec_bridge_set_name(cfg, name);
	ovsrec_bridge_set_ports(cfg, &port, 1);
	ovsrec_open_vswitch_update_bridges_addvalue(vs->ovs, cfg);
	vs_bridge_add(vs->model, cfg, NULL, NULL);
	return NULL;
}

static void prepare_del_br(struct vsctl_cmd *cmd)
{
	vsctl_want_bridges(cmd->vs);
	vsctl_want_column(cmd->vs, "Flow_Sample_Collector_Set", "bridge");
}

static char *run_del_br(struct vsctl_cmd *cmd)
{
	struct vsctl *vs = cmd->vs;
	char *err = NULL;
	struct vs_bridge *br = vs_bridge_lookup(vs, cmd->argv[1], &err);

	if (!br && vsctl_option(cmd, "--if-exists")) {
		free(err);
		return NULL;
	}
	if (!br)
		return err;
	/* Which ports have the VLAN of a fake bridge must be known. */
	if (br->fake && vs->detail < VSCTL_EVERYTHING)
		vs->incomplete = true;
	else
		vs_bridge_del(vs, br);
	return NULL;
}

static char *run_list_br(struct vsctl_cmd *cmd)
{
	struct vs_model *m = vs_model_get(cmd->vs);
	char **lines = xcalloc(hmap_count(&m->bridges) + 1, sizeof(*lines));
	bool real = vsctl_option(cmd, "--real"), fake = vsctl_option(cmd, "--fake");
	struct vs_bridge *br;
	size_t n = 0;

	HMAP_FOR_EACH(br, node, &m->bridges) {
		if (real == fake || (br->fake ? fake : real))
			lines[n++] = xstrdup(br->name);
	}
	vs_put_sorted(&cmd->out, lines, n);
	free(lines);
	return NULL;
}

static char *run_br_exists(struct vsctl_cmd *cmd)
{
	if (!vs_bridge_lookup(cmd->vs, cmd->argv[1], NULL))
		cmd->vs->exit_code = 2;
	return NULL;
}

static char *run_br_to_vlan(struct vsctl_cmd *cmd)
{
	char *err = NULL;
	struct vs_bridge *br = vs_bridge_lookup(cmd->vs, cmd->argv[1], &err);

	if (br)
		str_printf(&cmd->out, "%lld\n", (long long)br->vlan);
	return err;
}

static char *run_br_to_parent(struct vsctl_cmd *cmd)
{
	char *err = NULL;
	struct vs_bridge *br = vs_bridge_lookup(cmd->vs, cmd->argv[1], &err);

	if (br)
		str_printf(&cmd->out, "%s\n", br->parent ? br->parent->name : br->name);
	return err;
}

static void prepare_external_id(struct vsctl_cmd *cmd)
{
	vsctl_want_bridges(cmd->vs);
	vsctl_want_column(cmd->vs, "Bridge", "external_ids");
	vsctl_want_column(cmd->vs, "Port", "external_ids");
}

static char *run_br_set_external_id(struct vsctl_cmd *cmd)
{
	char *err = NULL;
	struct vs_bridge *br = vs_bridge_lookup(cmd->vs, cmd->argv[1], &err);
	const char *value = cmd->argc > 3 ? cmd->argv[3] : NULL;
	char *key;

	if (!br)
		return err;
	key = xasprintf("%s%s", br->fake ? FAKE_PREFIX : "", cmd->argv[2]);
	if (br->fake && value)
		ovsrec_port_update_external_ids_setkey(br->fake, key, value);
	else if (br->fake)
		ovsrec_port_update_external_ids_delkey(br->fake, key);
	else if (value)
		ovsrec_bridge_update_external_ids_setkey(br->cfg, key, value);
	else
		ovsrec_bridge_update_external_ids_delkey(br->cfg, key);
	free(key);
	return NULL;
}

static char *run_br_get_external_id(struct vsctl_cmd *cmd)
{
	char *err = NULL;
	struct vs_bridge *br = vs_bridge_lookup(cmd->vs, cmd->argv[1], &err);
	const char *wanted = cmd->argc > 2 ? cmd->argv[2] : NULL;
	const char *prefix = br && br->fake ? FAKE_PREFIX : "";
	const struct smap_node **sorted;
	const struct smap *ids;

	if (!br)
		return err;
	ids = br->fake ? &br->fake->external_ids : &br->cfg->external_ids;
	sorted = smap_sort(ids);
	for (size_t i = 0; i < smap_count(ids); i++) {
		const char *key = sorted[i]->key;

		if (!str_has_prefix(key, prefix))
			continue;
		key += strlen(prefix);
		if (!wanted)
			str_printf(&cmd->out, "%s=%s\n", key, sorted[i]->value);
		else if (streq(key, wanted))
			str_printf(&cmd->out, "%s\n", sorted[i]->value);
	}
	free(sorted);
	return NULL;
}

static const struct vsctl_class switch_classes[] = {
	{ "init", 0, 0, "", "", "initialize database, if not yet initialized", "", prepare_nothing,
	  run_init, NULL, true },
	{ "show", 0, 0, "", "", "print overview of database contents",
	  "--filter=", vsctl_show_prepare, vsctl_show_run, NULL, false },
	{ "emer-reset", 0, 0, "", "", "reset configuration to clean state", "", prepare_emer_reset,
	  run_emer_reset, NULL, true },
};
const struct vsctl_group vsctl_switch_group = { "Open vSwitch commands", switch_classes,
						ARRAY_SIZE(switch_classes) };

static const struct vsctl_class bridge_classes[] = {
	{ "add-br", 1, 3, "!NEW-BRIDGE ?PARENT ?NEW-VLAN", "BRIDGE [PARENT VLAN]",
	  "create bridge BRIDGE, or fake bridge BRIDGE in PARENT on VLAN", "--may-exist",
	  prepare_add_br, run_add_br, NULL, true },
	{ "del-br", 1, 1, "!BRIDGE", "BRIDGE", "delete BRIDGE and all of its ports", "--if-exists",
	  prepare_del_br, run_del_br, NULL, true },
	{ "list-br", 0, 0, "", "", "print the names of all the bridges", "--real,--fake",
	  prepare_bridges, run_list_br, NULL, false },
	{ "br-exists", 1, 1, "!BRIDGE", "BRIDGE", "exit 2 if BRIDGE does not exist", "",
	  prepare_bridges, run_br_exists, NULL, false },
	{ "br-to-vlan", 1, 1, "!BRIDGE", "BRIDGE", "print the VLAN which BRIDGE is on", "",
	  prepare_bridges, run_br_to_vlan, NULL, false },
	{ "br-to-parent", 1, 1, "!BRIDGE", "BRIDGE", "print the parent of BRIDGE", "",
	  prepare_bridges, run_br_to_parent, NULL, false },
	{ "br-set-external-id", 2, 3, "!BRIDGE !KEY ?VALUE", "BRIDGE KEY [VALUE]",
	  "set KEY on BRIDGE to VALUE, or unset it", "", prepare_external_id,
	  run_br_set_external_id, NULL, true },
	{ "br-get-external-id", 1, 2, "!BRIDGE ?KEY", "BRIDGE [KEY]",
	  "print value of KEY on BRIDGE, or all pairs", "", prepare_external_id,
	  run_br_get_external_id, NULL, false },
};
const struct vsctl_group vsctl_bridge_group = { "Bridge commands", bridge_classes,
						ARRAY_SIZE(bridge_classes) };
