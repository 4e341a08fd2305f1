// SPDX-License-Identifier: Apache-2.0
/* The switch daemon: options, what is brought up in which order, and the main loop. */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/daemon.h"
#include "base/dirs.h"
#include "base/log.h"
#include "base/options.h"
#include "base/rcu.h"
#include "base/thread.h"
#include "base/util.h"
#include "bridge/bridge.h"
#include "dpif/dpif.h"
#include "netdev/netdev.h"
#include "ofproto/ofproto.h"
#include "rpc/tls.h"
#include "rpc/unixctl.h"

LOG_MODULE(vswitchd);

#define COUNTER_INTERVAL_MS 5000

static struct loop *loop;
static const char *unixctl_path;
static const char *dummy_mode; /* NULL: not enabled */
static bool mlockall_wanted, cleanup;

static char *set_unixctl(const struct option_row *row, const char *value)
{
	(void)row;
	unixctl_path = value;
	return NULL;
}

static char *set_mlockall(const struct option_row *row, const char *value)
{
	(void)row, (void)value;
	mlockall_wanted = true;
	return NULL;
}

static char *set_dummy(const struct option_row *row, const char *value)
{
	(void)row;
	if (value && *value && !streq(value, "override") && !streq(value, "system"))
		return xasprintf("--enable-dummy=%s: only \"override\" and \"system\" are known",
				 value);
	dummy_mode = value ? value : "";
	return NULL;
}

static char *accept_option(const struct option_row *row, const char *value)
{
	/* There is no kernel datapath nor route table in this build that could be switched off. */
	(void)row, (void)value;
	return NULL;
}

static char *disable_system(const struct option_row *row, const char *value)
{
	(void)row, (void)value;
	dpif_disable_system();
	return NULL;
}

static char *reject_dpdk(const struct option_row *row, const char *value)
{
	(void)row, (void)value;
	return xstrdup("--dpdk: DPDK is configured in the database (other_config:dpdk-init), "
		       "and this build has none");
}

static const struct option_row rows[] = {
	{ "mlockall", 0, OPT_NONE, NULL, "lock all memory, so that none is paged out", set_mlockall,
	  NULL },
	{ "unixctl", 0, OPT_REQUIRED, "SOCKET", "name of the control socket; \"none\": no socket",
	  set_unixctl, NULL },
	{ "disable-system", 0, OPT_NONE, NULL, "do not use the kernel datapath", disable_system,
	  NULL },
	{ "disable-system-route", 0, OPT_NONE, NULL, "do not use the kernel's route table",
	  accept_option, NULL },
	{ "enable-dummy", 0, OPT_OPTIONAL, "MODE",
	  "ports and datapaths for tests; MODE \"override\": all, \"system\": those of the host",
	  set_dummy, NULL },
	{ "dpdk", 0, OPT_OPTIONAL, NULL, NULL, reject_dpdk, NULL },
	{ "hw-rawio-access", 0, OPT_NONE, NULL, "keep CAP_SYS_RAWIO", accept_option, NULL },
};

static void ready(void)
{
	daemon_ready();
}

static void exit_cmd(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	(void)aux;
	for (int i = 1; i < argc; i++)
		cleanup = cleanup || streq(argv[i], "--cleanup");
	unixctl_reply(conn, NULL);
	loop_quit(loop);
}

static void count(struct timer *t)
{
	counters_run();
	timer_set_in(t, COUNTER_INTERVAL_MS);
}

static void check(char *err)
{
	if (err)
		fatal(0, "%s", err);
}

int main(int argc, char *argv[])
{
	static const struct option_group own = OPTION_GROUP("Switch options", rows);
	const struct option_group groups[] = { own, daemon_option_group, log_option_group,
					       tls_option_group };
	static const int caps[] = { CAP_NET_ADMIN,    CAP_NET_RAW,  CAP_NET_BROADCAST,
				    CAP_SYS_RESOURCE, CAP_IPC_LOCK, -1 };
	struct unixctl_server *unixctl;
	struct timer counter_timer;
	char *remote;
	int first;

	program_init(argc, argv);
	first = options_parse(argc, argv, groups, ARRAY_SIZE(groups),
			      "usage: %s [OPTIONS] [DATABASE]\n"
			      "where DATABASE is a socket on which ovsdb-server listens\n"
			      "  (default: unix:RUNDIR/db.sock)\n",
			      NULL, false);
	if (argc - first > 1)
		fatal(0, "at most one operand, the database socket; use --help for usage");
	remote = first < argc ? xstrdup(argv[first]) : xasprintf("unix:%s/db.sock", dir_run());

	daemon_start(caps);
	fatal_signals_init();
	thread_forks_done();
	if (mlockall_wanted)
		check(daemon_mlockall());

	log_info("%s (Open vSwitch) " PACKAGE_VERSION, program_name);
	loop = loop_create();
	if (!loop)
		fatal(errno, "cannot create the event loop");
	fatal_signals_quit_loop(loop);
	check(unixctl_server_create(loop, unixctl_path, &unixctl));
	unixctl_register_base_commands(loop, dummy_mode != NULL);
	unixctl_register_exit(loop, true, exit_cmd, NULL);

	if (dummy_mode)
		netdev_dummy_enable(dummy_mode);
	check(netdev_init(loop, dummy_mode && streq(dummy_mode, "override")));
	dpif_register_commands(loop);
	ofproto_register_commands(loop);
	check(bridges_start(loop, remote, ready));
	timer_init(&counter_timer, loop, count);
	timer_set_in(&counter_timer, COUNTER_INTERVAL_MS);

	loop_run(loop);

	log_info("exiting%s", cleanup ? ", removing ports and datapaths" : "");
	timer_cancel(&counter_timer);
	netdev_close_behind();
	bridges_stop(cleanup);
	unixctl_server_destroy(unixctl);
	netdev_uninit();
	loop_destroy(loop);
	rcu_barrier_();
	free(remote);
	return 0;
}
