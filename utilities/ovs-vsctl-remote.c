// SPDX-License-Identifier: Apache-2.0
/* Commands on controllers, fail mode, managers and TLS files. */
#include "utilities/ovs-vsctl.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "rpc/stream.h"

#define OPENFLOW_PORT 6653
#define OVSDB_PORT 6640

/* A target that can never work is an error; a kind that we do not know is only doubtful. */
static char *check_targets(char *const targets[], size_t n, uint16_t port)
{
	for (size_t i = 0; i < n; i++) {
		const char *t = targets[i];

		if (stream_target_is_active(t) || stream_target_is_passive(t)) {
			char *err = stream_target_check(t, port);

			if (err)
				return err;
		} else if (!streq(t, "none")) {
			vsctl_warn("target type \"%s\" is possibly erroneous", t);
		}
	}
	return NULL;
}

/* '*probe' is NULL if the option was not given. */
static char *get_probe(const struct vsctl_cmd *cmd, int64_t *value, int64_t **probe)
{
	const char *s = vsctl_option_value(cmd, "--inactivity-probe");

	*probe = NULL;
	if (!s)
		return NULL;
	if (!str_to_i64(s, 10, value) || *value < 0)
		return xasprintf("--inactivity-probe=%s is not a number of milliseconds", s);
	*probe = value;
	return NULL;
}

static void put_targets(struct str *out, char **targets, size_t n)
{
	vs_put_sorted(out, targets, n);
	free(targets);
}

/* ---- controllers --------------------------------------------------------------- */

static void prepare_controller(struct vsctl_cmd *cmd)
{
	vsctl_want_bridges(cmd->vs);
	vsctl_want_column(cmd->vs, "Bridge", "controller");
	vsctl_want_column(cmd->vs, "Bridge", "fail_mode");
	vsctl_want_column(cmd->vs, "Controller", "target");
}

/* Of a fake bridge, its parent: that is whom the controllers control. */
static struct ovsrec_bridge *get_bridge(struct vsctl_cmd *cmd, char **err)
{
	struct vs_bridge *br = vs_bridge_lookup(cmd->vs, cmd->argv[1], err);

	return br ? br->cfg : NULL;
}

static struct ovsrec_bridge *get_real_bridge(struct vsctl_cmd *cmd, char **err)
{
	struct vs_bridge *br = vs_bridge_lookup(cmd->vs, cmd->argv[1], err);

	if (br && br->fake) {
		*err = xasprintf("%s is a fake bridge", br->name);
		return NULL;
	}
	return br ? br->cfg : NULL;
}

static char *run_get_controller(struct vsctl_cmd *cmd)
{
	char *err = NULL;
	struct ovsrec_bridge *br = get_bridge(cmd, &err);
	char **targets;

	if (!br)
		return err;
	targets = xcalloc(br->n_controller + 1, sizeof(*targets));
	for (size_t i = 0; i < br->n_controller; i++)
		targets[i] = xstrdup(br->controller[i]->target);
	put_targets(&cmd->out, targets, br->n_controller);
	return NULL;
}

static void del_controllers(struct ovsrec_bridge *br)
{
	ovsrec_bridge_verify_controller(br);
	for (size_t i = 0; i < br->n_controller; i++)
		ovsrec_controller_del(br->controller[i]);
	ovsrec_bridge_set_controller(br, NULL, 0);
}

static char *run_del_controller(struct vsctl_cmd *cmd)
{
	char *err = NULL;
	struct ovsrec_bridge *br = get_real_bridge(cmd, &err);

	if (br)
		del_controllers(br);
	return err;
}

static char *run_set_controller(struct vsctl_cmd *cmd)
{
	char *err = NULL;
	struct ovsrec_bridge *br = get_real_bridge(cmd, &err);
	size_t n = (size_t)cmd->argc - 2;
	char **targets = &cmd->argv[2];
	struct ovsrec_controller **rows;
	int64_t value, *probe;

	if (!err)
		err = check_targets(targets, n, OPENFLOW_PORT);
	if (!err)
		err = get_probe(cmd, &value, &probe);
	if (err)
		return err;
	del_controllers(br);
	rows = xcalloc(n + 1, sizeof(struct ovsrec_controller *));
	for (size_t i = 0; i < n; i++) {
		rows[i] = ovsrec_controller_insert(cmd->vs->txn);
		ovsrec_controller_set_target(rows[i], targets[i]);
		if (probe)
			ovsrec_controller_set_inactivity_probe(rows[i], probe, 1);
	}
	ovsrec_bridge_set_controller(br, rows, n);
	free(rows);
	return NULL;
}

static char *run_get_fail_mode(struct vsctl_cmd *cmd)
{
	char *err = NULL;
	struct ovsrec_bridge *br = get_bridge(cmd, &err);

	if (br && br->fail_mode)
		str_printf(&cmd->out, "%s\n", br->fail_mode);
	return err;
}

static char *run_del_fail_mode(struct vsctl_cmd *cmd)
{
	char *err = NULL;
	struct ovsrec_bridge *br = get_real_bridge(cmd, &err);

	if (br)
		ovsrec_bridge_set_fail_mode(br, NULL);
	return err;
}

static char *run_set_fail_mode(struct vsctl_cmd *cmd)
{
	char *err = NULL;
	struct ovsrec_bridge *br = get_real_bridge(cmd, &err);
	const char *mode = cmd->argv[2];

	if (!br)
		return err;
	if (!streq(mode, "standalone") && !streq(mode, "secure"))
		return xstrdup("fail-mode must be \"standalone\" or \"secure\"");
	ovsrec_bridge_set_fail_mode(br, mode);
	return NULL;
}

/* ---- managers ------------------------------------------------------------------ */

static void prepare_manager(struct vsctl_cmd *cmd)
{
	vsctl_want_column(cmd->vs, "Open_vSwitch", "manager_options");
	vsctl_want_column(cmd->vs, "Manager", "target");
}

static char *run_get_manager(struct vsctl_cmd *cmd)
{
	struct ovsrec_open_vswitch *ovs = cmd->vs->ovs;
	char **targets = xcalloc(ovs->n_manager_options + 1, sizeof(*targets));

	for (size_t i = 0; i < ovs->n_manager_options; i++)
		targets[i] = xstrdup(ovs->manager_options[i]->target);
	put_targets(&cmd->out, targets, ovs->n_manager_options);
	return NULL;
}

static char *run_del_manager(struct vsctl_cmd *cmd)
{
	struct ovsrec_open_vswitch *ovs = cmd->vs->ovs;

	ovsrec_open_vswitch_verify_manager_options(ovs);
	for (size_t i = 0; i < ovs->n_manager_options; i++)
		ovsrec_manager_del(ovs->manager_options[i]);
	ovsrec_open_vswitch_set_manager_options(ovs, NULL, 0);
	return NULL;
}

static char *run_set_manager(struct vsctl_cmd *cmd)
{
	size_t n = (size_t)cmd->argc - 1;
	char **targets = &cmd->argv[1];
	struct ovsrec_manager **rows;
	int64_t value, *probe;
	char *err = check_targets(targets, n, OVSDB_PORT);

	if (!err)
		err = get_probe(cmd, &value, &probe);
	if (err)
		return err;
	run_del_manager(cmd);
	rows = xcalloc(n, sizeof(struct ovsrec_manager *));
	for (size_t i = 0; i < n; i++) {
		rows[i] = ovsrec_manager_insert(cmd->vs->txn);
		ovsrec_manager_set_target(rows[i], targets[i]);
		if (probe)
			ovsrec_manager_set_inactivity_probe(rows[i], probe, 1);
	}
	ovsrec_open_vswitch_set_manager_options(cmd->vs->ovs, rows, n);
	free(rows);
	return NULL;
}

/* ---- TLS ----------------------------------------------------------------------- */

static void prepare_ssl(struct vsctl_cmd *cmd)
{
	vsctl_want_column(cmd->vs, "Open_vSwitch", "ssl");
	vsctl_want_table(cmd->vs, "SSL");
}

static char *run_get_ssl(struct vsctl_cmd *cmd)
{
	const struct ovsrec_ssl *ssl = cmd->vs->ovs->ssl;

	if (ssl) {
		str_printf(&cmd->out, "Private key: %s\n", ssl->private_key);
		str_printf(&cmd->out, "Certificate: %s\n", ssl->certificate);
		str_printf(&cmd->out, "CA Certificate: %s\n", ssl->ca_cert);
		str_printf(&cmd->out, "Bootstrap: %s\n", ssl->bootstrap_ca_cert ? "true" : "false");
	}
	return NULL;
}

static char *run_del_ssl(struct vsctl_cmd *cmd)
{
	struct ovsrec_open_vswitch *ovs = cmd->vs->ovs;

	ovsrec_open_vswitch_verify_ssl(ovs);
	if (ovs->ssl) {
		ovsrec_ssl_del(ovs->ssl);
		ovsrec_open_vswitch_set_ssl(ovs, NULL);
	}
	return NULL;
}

static char *run_set_ssl(struct vsctl_cmd *cmd)
{
	struct ovsrec_ssl *ssl;

	run_del_ssl(cmd);
	ssl = ovsrec_ssl_insert(cmd->vs->txn);
	ovsrec_ssl_set_private_key(ssl, cmd->argv[1]);
	ovsrec_ssl_set_certificate(ssl, cmd->argv[2]);
	ovsrec_ssl_set_ca_cert(ssl, cmd->argv[3]);
	ovsrec_ssl_set_bootstrap_ca_cert(ssl, vsctl_option(cmd, "--bootstrap"));
	ovsrec_open_vswitch_set_ssl(cmd->vs->ovs, ssl);
	return NULL;
}

static const struct vsctl_class remote_classes[] = {
	{ "get-controller", 1, 1, "!BRIDGE", "BRIDGE", "print the controllers for BRIDGE", "",
	  prepare_controller, run_get_controller, NULL, false },
	{ "del-controller", 1, 1, "!BRIDGE", "BRIDGE", "delete the controllers for BRIDGE", "",
	  prepare_controller, run_del_controller, NULL, true },
	{ "set-controller", 1, INT_MAX, "!BRIDGE +TARGET", "BRIDGE TARGET...",
	  "set the controllers for BRIDGE", "--inactivity-probe=", prepare_controller,
	  run_set_controller, NULL, true },
	{ "get-fail-mode", 1, 1, "!BRIDGE", "BRIDGE", "print the fail-mode for BRIDGE", "",
	  prepare_controller, run_get_fail_mode, NULL, false },
	{ "del-fail-mode", 1, 1, "!BRIDGE", "BRIDGE", "delete the fail-mode for BRIDGE", "",
	  prepare_controller, run_del_fail_mode, NULL, true },
	{ "set-fail-mode", 2, 2, "!BRIDGE !MODE", "BRIDGE MODE",
	  "set the fail-mode for BRIDGE to MODE", "", prepare_controller, run_set_fail_mode, NULL,
	  true },
	{ "get-manager", 0, 0, "", "", "print the managers", "", prepare_manager, run_get_manager,
	  NULL, false },
	{ "del-manager", 0, 0, "", "", "delete the managers", "", prepare_manager, run_del_manager,
	  NULL, true },
	{ "set-manager", 1, INT_MAX, "+TARGET", "TARGET...",
	  "set the list of managers to TARGET...", "--inactivity-probe=", prepare_manager,
	  run_set_manager, NULL, true },
	{ "get-ssl", 0, 0, "", "", "print the SSL configuration", "", prepare_ssl, run_get_ssl,
	  NULL, false },
	{ "del-ssl", 0, 0, "", "", "delete the SSL configuration", "", prepare_ssl, run_del_ssl,
	  NULL, true },
	{ "set-ssl", 3, 3, "!PRIVATE-KEY !CERTIFICATE !CA-CERT", "PRIV-KEY CERT CA-CERT",
	  "set the SSL configuration", "--bootstrap", prepare_ssl, run_set_ssl, NULL, true },
};
const struct vsctl_group vsctl_remote_group = { "Controller, manager and SSL commands",
						remote_classes, ARRAY_SIZE(remote_classes) };
