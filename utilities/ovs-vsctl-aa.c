// SPDX-License-Identifier: Apache-2.0
/* Commands on the Auto Attach mappings of a bridge: service id (I-SID) to VLAN. */
#include "utilities/ovs-vsctl.h"

#include <stdlib.h>

#include "base/util.h"

static void prepare(struct vsctl_cmd *cmd)
{
	vsctl_want_bridges(cmd->vs);
	vsctl_want_column(cmd->vs, "Bridge", "auto_attach");
	vsctl_want_column(cmd->vs, "AutoAttach", "mappings");
}

static char *get_pair(const struct vsctl_cmd *cmd, int64_t *isid, int64_t *vlan)
{
	if (!str_to_i64(cmd->argv[2], 10, isid))
		return xasprintf("Invalid argument %s", cmd->argv[2]);
	if (!str_to_i64(cmd->argv[3], 10, vlan))
		return xasprintf("Invalid argument %s", cmd->argv[3]);
	return NULL;
}

static char *run_add(struct vsctl_cmd *cmd)
{
	char *err = NULL;
	struct vs_bridge *br = vs_bridge_lookup(cmd->vs, cmd->argv[1], &err);
	struct ovsrec_autoattach *aa;
	int64_t isid, vlan;

	if (!err)
		err = get_pair(cmd, &isid, &vlan);
	if (err)
		return err;
	aa = br->cfg->auto_attach;
	if (!aa) {
		aa = ovsrec_autoattach_insert(cmd->vs->txn);
		ovsrec_bridge_verify_auto_attach(br->cfg);
		ovsrec_bridge_set_auto_attach(br->cfg, aa);
	}
	ovsrec_autoattach_update_mappings_setkey(aa, isid, vlan);
	return NULL;
}

static char *run_del(struct vsctl_cmd *cmd)
{
	char *err = NULL;
	struct vs_bridge *br = vs_bridge_lookup(cmd->vs, cmd->argv[1], &err);
	const struct ovsrec_autoattach *aa;
	int64_t isid, vlan;

	if (!err)
		err = get_pair(cmd, &isid, &vlan);
	if (err)
		return err;
	aa = br->cfg->auto_attach;
	for (size_t i = 0; aa && i < aa->n_mappings; i++) {
		if (aa->key_mappings[i] == isid && aa->value_mappings[i] == vlan) {
			ovsrec_autoattach_update_mappings_delkey(br->cfg->auto_attach, isid);
			break;
		}
	}
	return NULL;
}

static char *run_get(struct vsctl_cmd *cmd)
{
	char *err = NULL;
	struct vs_bridge *br = vs_bridge_lookup(cmd->vs, cmd->argv[1], &err);
	const struct ovsrec_autoattach *aa = br ? br->cfg->auto_attach : NULL;

	for (size_t i = 0; aa && i < aa->n_mappings; i++)
		str_printf(&cmd->out, "%lld %lld\n", (long long)aa->key_mappings[i],
			   (long long)aa->value_mappings[i]);
	return err;
}

static const struct vsctl_class classes[] = {
	{ "add-aa-mapping", 3, 3, "!BRIDGE !ARG !ARG", "BRIDGE I-SID VLAN",
	  "add Auto Attach mapping to BRIDGE", "", prepare, run_add, NULL, true },
	{ "del-aa-mapping", 3, 3, "!BRIDGE !ARG !ARG", "BRIDGE I-SID VLAN",
	  "delete Auto Attach mapping from BRIDGE", "", prepare, run_del, NULL, true },
	{ "get-aa-mapping", 1, 1, "!BRIDGE", "BRIDGE", "get Auto Attach mappings from BRIDGE", "",
	  prepare, run_get, NULL, false },
};
const struct vsctl_group vsctl_aa_group = { "Auto Attach commands", classes, ARRAY_SIZE(classes) };
