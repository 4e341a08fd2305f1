// SPDX-License-Identifier: Apache-2.0
/* ovsdb-server: serves databases over JSON-RPC. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/daemon.h"
#include "base/dirs.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/options.h"
#include "base/util.h"
#include "ovsdb/remote.h"
#include "rpc/tls.h"
#include "rpc/unixctl.h"
#include "ovsdb/server_ctl.h"
#include "ovsdb/session.h"
#include "ovsdb/tls_config.h"

LOG_MODULE(ovsdb_server);

static const char usage[] =
	"%s: serves databases to clients of the OVSDB protocol (RFC 7047)\n"
	"usage: %s [OPTIONS] [DATABASE...]\n"
	"where each DATABASE is a database file in ovsdb format (default: DBDIR/conf.db).\n";

static const char **remote_args;
static size_t n_remote_args, n_allocated_remotes;
static const char *run_command;
static const char *unixctl_path;
static bool no_dbs, no_column_diff;

static char *set_remote(const struct option_row *row, const char *value)
{
	if (n_remote_args == n_allocated_remotes)
		remote_args = x2nrealloc(remote_args, &n_allocated_remotes, sizeof(*remote_args));
	remote_args[n_remote_args++] = value;
	return NULL;
}

static char *set_string(const struct option_row *row, const char *value)
{
	*(const char **)row->aux = value;
	return NULL;
}

static char *set_true(const struct option_row *row, const char *value)
{
	*(bool *)row->aux = true;
	return NULL;
}

static const struct option_row rows[] = {
	{ "remote", 0, OPT_REQUIRED, "REMOTE", "connect or listen to REMOTE, or db:DB,TABLE,COLUMN",
	  set_remote, NULL },
	{ "run", 0, OPT_REQUIRED, "COMMAND", "run COMMAND as a child, and end when it ends",
	  set_string, &run_command },
	{ "no-dbs", 0, OPT_NONE, NULL, "start without a database", set_true, &no_dbs },
	{ "unixctl", 0, OPT_REQUIRED, "SOCKET", "override the name of the control socket",
	  set_string, &unixctl_path },
	{ "disable-file-column-diff", 0, OPT_NONE, NULL,
	  "write files that servers before 2.15 can read", set_true, &no_column_diff },
};

/* ---- --run */

static struct child {
	pid_t pid;
	int pidfd;
	struct watch watch;
	struct loop *loop;
	int status; /* of waitpid() */
	bool ended;
} child;

static void child_ended(struct watch *watch, uint32_t revents)
{
	if (waitpid(child.pid, &child.status, WNOHANG) != child.pid)
		return;
	child.ended = true;
	watch_del(watch);
	close(child.pidfd);
	loop_quit(child.loop);
}

static void child_start(struct loop *loop)
{
	int error;

	child.loop = loop;
	child.pid = fork();
	if (child.pid < 0)
		fatal(errno, "cannot start '%s'", run_command);
	if (!child.pid) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		signal(SIGPIPE, SIG_DFL);
		execl("/bin/sh", "sh", "-c", run_command, (char *)NULL);
		_exit(127);
	}
	child.pidfd = (int)syscall(SYS_pidfd_open, child.pid, 0);
	if (child.pidfd < 0)
		fatal(errno, "cannot watch '%s'", run_command);
	error = watch_add(loop, &child.watch, child.pidfd, EPOLLIN, child_ended);
	if (error)
		fatal(-error, "cannot watch '%s'", run_command);
}

/* The exit code of this process: an error of the child is ours. */
static int child_exit_code(void)
{
	if (!child.ended)
		return 0;
	if (WIFEXITED(child.status) && !WEXITSTATUS(child.status))
		return 0;
	if (WIFSIGNALED(child.status))
		fatal(0, "%s: child exited, killed (signal %d)", run_command,
		      WTERMSIG(child.status));
	fatal(0, "%s: child exited, exit status %d", run_command, WEXITSTATUS(child.status));
}

/* ---- start and end */

static struct timer counters_timer;

static void run_counters(struct timer *timer)
{
	counters_run();
	timer_set_in(timer, 5000);
}

static void open_databases(struct server_ctl *ctl, int argc, char *argv[], int first)
{
	char *err;

	if (no_dbs && first < argc)
		fatal(0, "--no-dbs was given, and database files too");
	if (first == argc && !no_dbs) {
		char *path = path_in(dir_db(), "conf.db");

		err = server_ctl_open_db(ctl, path);
		if (err)
			fatal(0, "%s", err);
		free(path);
	}
	for (int i = first; i < argc; i++) {
		err = server_ctl_open_db(ctl, argv[i]);
		if (err)
			fatal(0, "%s", err);
	}
}

int main(int argc, char *argv[])
{
	const struct option_group groups[] = {
		OPTION_GROUP("Database options", rows),
		tls_config_option_group,
		tls_option_group,
		daemon_option_group,
		log_option_group,
	};
	struct server_ctl ctl = { NULL };
	struct unixctl_server *unixctl;
	struct tls_config *tls;
	struct loop *loop;
	int first;
	char *err;

	program_init(argc, argv);
	first = options_parse(argc, argv, groups, ARRAY_SIZE(groups), usage, NULL, false);
	signal(SIGPIPE, SIG_IGN);
	daemon_start(NULL);

	loop = loop_create();
	if (!loop)
		fatal(errno, "cannot create the event loop");
	ctl.server = server_create(loop);
	ctl.storage.no_column_diff = no_column_diff;
	open_databases(&ctl, argc, argv, first);
	err = tls_config_create(ctl.server, &tls);
	if (err)
		fatal(0, "%s", err);
	ctl.remotes = remotes_create(ctl.server);
	for (size_t i = 0; i < n_remote_args; i++) {
		err = remotes_add(ctl.remotes, remote_args[i]);
		if (err)
			fatal(0, "%s", err);
	}
	err = remotes_run(ctl.remotes);
	if (err)
		fatal(0, "%s", err);
	unixctl_register_base_commands(loop, false);
	unixctl_register_exit(loop, false, NULL, NULL);
	server_ctl_init(&ctl);
	err = unixctl_server_create(loop, unixctl_path, &unixctl);
	if (err)
		fatal(0, "%s", err);
	if (run_command)
		child_start(loop);
	timer_init(&counters_timer, loop, run_counters);
	timer_set_in(&counters_timer, 5000);
	fatal_signals_quit_loop(loop);
	log_info("%s (Open vSwitch) %s", program_name, PACKAGE_VERSION);
	daemon_ready();

	loop_run(loop);

	server_flush(ctl.server);
	fatal_signals_quit_loop(NULL);
	timer_cancel(&counters_timer);
	server_ctl_uninit(&ctl);
	remotes_destroy(ctl.remotes);
	tls_config_destroy(tls);
	server_destroy(ctl.server);
	unixctl_server_destroy(unixctl);
	loop_turn(loop, 0); /* posts of a compaction that was cut short */
	loop_destroy(loop);
	free(remote_args);
	return child_exit_code();
}
