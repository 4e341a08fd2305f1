// SPDX-License-Identifier: Apache-2.0
/* Commands on conntrack zones of a datapath, and on what it can do. */
#include "utilities/ovs-vsctl.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

static void prepare(struct vsctl_cmd *cmd)
{
	struct vsctl *vs = cmd->vs;

	vsctl_want_column(vs, "Open_vSwitch", "datapaths");
	vsctl_want_column(vs, "Datapath", "ct_zones");
	vsctl_want_column(vs, "Datapath", "capabilities");
	vsctl_want_column(vs, "Datapath", "ct_zone_default_limit");
	vsctl_want_table(vs, "CT_Zone");
	vsctl_want_table(vs, "CT_Timeout_Policy");
}

static struct ovsrec_datapath *find_datapath(struct vsctl_cmd *cmd)
{
	const struct ovsrec_open_vswitch *ovs = cmd->vs->ovs;

	for (size_t i = 0; i < ovs->n_datapaths; i++) {
		if (streq(ovs->key_datapaths[i], cmd->argv[1]))
			return ovs->value_datapaths[i];
	}
	return NULL;
}

static struct ovsrec_datapath *get_datapath(struct vsctl_cmd *cmd, char **err)
{
	struct ovsrec_datapath *dp = find_datapath(cmd);

	if (!dp)
		*err = xasprintf("datapath %s does not exist", cmd->argv[1]);
	return dp;
}

static struct ovsrec_ct_zone *find_zone(const struct ovsrec_datapath *dp, int64_t id)
{
	for (size_t i = 0; i < dp->n_ct_zones; i++) {
		if (dp->key_ct_zones[i] == id)
			return dp->value_ct_zones[i];
	}
	return NULL;
}

static char *parse_zone(const char *arg, int64_t *id)
{
	if (!str_has_prefix(arg, "zone=") || !str_to_i64(arg + 5, 10, id) || *id < 0 ||
	    *id > UINT16_MAX)
		return xasprintf("%s: expected zone=ID with an ID from 0 to 65535", arg);
	return NULL;
}

/* ---- timeout policies ---------------------------------------------------------- */

static struct ovsrec_ct_timeout_policy *insert_policy(struct vsctl_cmd *cmd, char **err)
{
	struct ovsrec_ct_timeout_policy *tp = ovsrec_ct_timeout_policy_insert(cmd->vs->txn);

	for (int i = 3; i < cmd->argc; i++) {
		char *key = xstrdup(cmd->argv[i]), *eq = strchr(key, '=');
		int64_t value;

		if (eq)
			*eq = '\0';
		if (!eq || !str_to_i64(eq + 1, 10, &value) || value < 0)
			*err = xasprintf("%s: expected KEY=SECONDS", cmd->argv[i]);
		else
			ovsrec_ct_timeout_policy_update_timeouts_setkey(tp, key, value);
		free(key);
		if (*err)
			break;
	}
	return tp;
}

static char *run_add_zone_tp(struct vsctl_cmd *cmd)
{
	char *err = NULL;
	struct ovsrec_datapath *dp = get_datapath(cmd, &err);
	struct ovsrec_ct_timeout_policy *tp;
	struct ovsrec_ct_zone *zone;
	int64_t id;

	if (!err)
		err = parse_zone(cmd->argv[2], &id);
	if (err)
		return err;
	zone = find_zone(dp, id);
	if (zone && zone->timeout_policy && !vsctl_option(cmd, "--may-exist"))
		return xasprintf("zone id %lld already exists", (long long)id);
	tp = insert_policy(cmd, &err);
	if (err)
		return err;
	if (!zone) {
		zone = ovsrec_ct_zone_insert(cmd->vs->txn);
		ovsrec_datapath_update_ct_zones_setkey(dp, id, zone);
	}
	ovsrec_ct_zone_set_timeout_policy(zone, tp);
	return NULL;
}

static char *run_del_zone_tp(struct vsctl_cmd *cmd)
{
	char *err = NULL;
	struct ovsrec_datapath *dp = get_datapath(cmd, &err);
	struct ovsrec_ct_zone *zone;
	int64_t id;

	if (!err)
		err = parse_zone(cmd->argv[2], &id);
	if (err)
		return err;
	zone = find_zone(dp, id);
	if (!zone || !zone->timeout_policy)
		return vsctl_option(cmd, "--if-exists")
			       ? NULL
			       : xasprintf("zone id %lld does not exist", (long long)id);
	if (zone->n_limit)
		ovsrec_ct_zone_set_timeout_policy(zone, NULL);
	else
		ovsrec_datapath_update_ct_zones_delkey(dp, id);
	return NULL;
}

static char *run_list_zone_tp(struct vsctl_cmd *cmd)
{
	struct ovsrec_datapath *dp = find_datapath(cmd);

	if (!dp)
		return xasprintf("datapath: %s record not found", cmd->argv[1]);
	for (size_t i = 0; i < dp->n_ct_zones; i++) {
		const struct ovsrec_ct_timeout_policy *tp = dp->value_ct_zones[i]->timeout_policy;

		if (!tp)
			continue;
		str_printf(&cmd->out,
			   "Zone:%lld, Timeout Policies:", (long long)dp->key_ct_zones[i]);
		for (size_t j = 0; j < tp->n_timeouts; j++)
			str_printf(&cmd->out, " %s=%lld", tp->key_timeouts[j],
				   (long long)tp->value_timeouts[j]);
		if (!tp->n_timeouts)
			str_put(&cmd->out, " system default");
		str_putc(&cmd->out, '\n');
	}
	return NULL;
}

/* ---- limits -------------------------------------------------------------------- */

/* True if the server's schema has no limits: an older one. */
static char *check_limits(struct vsctl_cmd *cmd)
{
	if (idl_server_has_column(cmd->vs->idl, "CT_Zone", "limit"))
		return NULL;
	return xasprintf("%s: the database has no zone limits (its schema is too old)",
			 cmd->argv[0]);
}

static char *run_set_zone_limit(struct vsctl_cmd *cmd)
{
	char *err = check_limits(cmd);
	struct ovsrec_datapath *dp = err ? NULL : get_datapath(cmd, &err);
	struct ovsrec_ct_zone *zone;
	int64_t id, limit;

	if (err)
		return err;
	if (!str_to_i64(cmd->argv[3], 10, &limit) || limit < 0 || limit > UINT32_MAX)
		return xasprintf("limit %s is not a number from 0 to 4294967295", cmd->argv[3]);
	if (streq(cmd->argv[2], "default")) {
		ovsrec_datapath_set_ct_zone_default_limit(dp, &limit, 1);
		return NULL;
	}
	err = parse_zone(cmd->argv[2], &id);
	if (err)
		return err;
	zone = find_zone(dp, id);
	if (!zone) {
		zone = ovsrec_ct_zone_insert(cmd->vs->txn);
		ovsrec_datapath_update_ct_zones_setkey(dp, id, zone);
	}
	ovsrec_ct_zone_set_limit(zone, &limit, 1);
	return NULL;
}

static char *run_del_zone_limit(struct vsctl_cmd *cmd)
{
	bool must_exist = !vsctl_option(cmd, "--if-exists");
	char *err = check_limits(cmd);
	struct ovsrec_datapath *dp = err ? NULL : get_datapath(cmd, &err);
	struct ovsrec_ct_zone *zone;
	int64_t id;

	if (err)
		return err;
	if (streq(cmd->argv[2], "default")) {
		if (!dp->n_ct_zone_default_limit && must_exist)
			return xasprintf("datapath %s does not have a default limit", cmd->argv[1]);
		ovsrec_datapath_set_ct_zone_default_limit(dp, NULL, 0);
		return NULL;
	}
	err = parse_zone(cmd->argv[2], &id);
	if (err)
		return err;
	zone = find_zone(dp, id);
	if (!zone || !zone->n_limit)
		return must_exist ? xasprintf("zone id %lld does not have a limit", (long long)id)
				  : NULL;
	if (zone->timeout_policy)
		ovsrec_ct_zone_set_limit(zone, NULL, 0);
	else
		ovsrec_datapath_update_ct_zones_delkey(dp, id);
	return NULL;
}

static char *run_list_zone_limits(struct vsctl_cmd *cmd)
{
	char *err = check_limits(cmd);
	struct ovsrec_datapath *dp = err ? NULL : get_datapath(cmd, &err);

	if (err)
		return err;
	if (dp->n_ct_zone_default_limit)
		str_printf(&cmd->out, "Default, Limit: %lld\n",
			   (long long)dp->ct_zone_default_limit[0]);
	for (size_t i = 0; i < dp->n_ct_zones; i++) {
		const struct ovsrec_ct_zone *zone = dp->value_ct_zones[i];

		if (zone->n_limit)
			str_printf(&cmd->out, "Zone: %lld, Limit: %lld\n",
				   (long long)dp->key_ct_zones[i], (long long)zone->limit[0]);
	}
	return NULL;
}

static char *run_list_dp_cap(struct vsctl_cmd *cmd)
{
	struct ovsrec_datapath *dp = find_datapath(cmd);
	const struct smap_node **sorted;

	if (!dp)
		return xasprintf("datapath \"%s\" record not found", cmd->argv[1]);
	sorted = smap_sort(&dp->capabilities);
	for (size_t i = 0; i < smap_count(&dp->capabilities); i++)
		str_printf(&cmd->out, "%s%s=%s", i ? " " : "", sorted[i]->key, sorted[i]->value);
	str_putc(&cmd->out, '\n');
	free(sorted);
	return NULL;
}

static const struct vsctl_class classes[] = {
	{ "add-zone-tp", 3, INT_MAX, "!DATAPATH !ZONE +KEY=VALUE",
	  "DATAPATH zone=ID KEY=SECONDS...", "add a conntrack timeout policy for a zone",
	  "--may-exist", prepare, run_add_zone_tp, NULL, true },
	{ "del-zone-tp", 2, 2, "!DATAPATH !ZONE", "DATAPATH zone=ID",
	  "delete the timeout policy of a zone", "--if-exists", prepare, run_del_zone_tp, NULL,
	  true },
	{ "list-zone-tp", 1, 1, "!DATAPATH", "DATAPATH", "print timeout policies of all zones", "",
	  prepare, run_list_zone_tp, NULL, false },
	{ "set-zone-limit", 3, 3, "!DATAPATH !ZONE !LIMIT", "DATAPATH zone=ID|default LIMIT",
	  "limit the connections of a zone", "", prepare, run_set_zone_limit, NULL, true },
	{ "del-zone-limit", 2, 2, "!DATAPATH !ZONE", "DATAPATH zone=ID|default",
	  "delete the limit of a zone", "--if-exists", prepare, run_del_zone_limit, NULL, true },
	{ "list-zone-limits", 1, 1, "!DATAPATH", "DATAPATH", "print the limits of all zones", "",
	  prepare, run_list_zone_limits, NULL, false },
	{ "list-dp-cap", 1, 1, "!DATAPATH", "DATAPATH", "print what DATAPATH is capable of", "",
	  prepare, run_list_dp_cap, NULL, false },
};
const struct vsctl_group vsctl_datapath_group = { "Conntrack zone and datapath commands", classes,
						  ARRAY_SIZE(classes) };
