// SPDX-License-Identifier: Apache-2.0
/* Processes, with --detach and --monitor:
 *
 *	the command  --fork-->  the monitor  --fork-->  the daemon
 *	waits, then             restarts it             serves
 *	ends
 *
 * A pipe leads from each child to its parent.  A byte on it says that the daemon serves; its end
 * without one, that the child died first, and then its exit status is the parent's too.  Messages
 * need no carrying: the child has its parent's stderr until it is ready.
 *
 * The pid file is the daemon's, taken before its set-up: two daemons never set up the same
 * files. */
#include "base/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/dirs.h"
#include "base/log.h"
#include "base/options.h"
#include "base/pidfile.h"
#include "base/privileges.h"
#include "base/rcu.h"
#include "base/thread.h"
#include "base/util.h"

LOG_MODULE(daemon);

/* A daemon that ran this long before it crashed is restarted at once; others wait, longer each
 * time. */
#define STABLE_US 10000000u
#define BACKOFF_MAX_S 60u

static bool want_detach, want_chdir = true, want_monitor, want_overwrite;
static char *pidfile; /* absolute; NULL: none wanted */
static char *user_spec;

static bool detached, left_stdio;
static int ready_fd = -1; /* the child's end of the pipe to the parent */

/* ---- options ---------------------------------------------------------- */

static char *set_flag(const struct option_row *row, const char *value)
{
	*(bool *)row->aux = true;
	if (row->aux == &want_detach || row->aux == &want_monitor)
		thread_forks_pending();
	return NULL;
}

static char *set_no_chdir(const struct option_row *row, const char *value)
{
	want_chdir = false;
	return NULL;
}

static char *set_pidfile(const struct option_row *row, const char *value)
{
	char *def = xasprintf("%s.pid", program_name);

	free(pidfile);
	pidfile = path_in(dir_run(), value && *value ? value : def);
	free(def);
	return NULL;
}

static char *set_user(const struct option_row *row, const char *value)
{
	struct identity id;
	char *err = identity_parse(value, &id);

	if (!err) {
		free(user_spec);
		user_spec = xstrdup(value);
	}
	return err;
}

/* We confine nothing, so there is nothing to leave out. */
static char *set_no_self_confinement(const struct option_row *row, const char *value)
{
	return NULL;
}

static const struct option_row rows[] = {
	{ "detach", 0, OPT_NONE, NULL, "run in the background", set_flag, &want_detach },
	{ "no-chdir", 0, OPT_NONE, NULL, "with --detach, stay in this directory", set_no_chdir },
	{ "pidfile", 0, OPT_OPTIONAL, "FILE",
	  "write the pid to FILE (default: PROGRAM.pid in the run directory)", set_pidfile },
	{ "overwrite-pidfile", 0, OPT_NONE, NULL, "with --pidfile, start even if one is running",
	  set_flag, &want_overwrite },
	{ "monitor", 0, OPT_NONE, NULL, "restart the daemon if it crashes", set_flag,
	  &want_monitor },
	{ "user", 0, OPT_REQUIRED, "USER[:GROUP]",
	  "run as this user, with the capabilities that are needed", set_user },
	{ "no-self-confinement", 0, OPT_NONE, NULL,
	  "accepted; this program confines itself in no way", set_no_self_confinement },
};

const struct option_group daemon_option_group = OPTION_GROUP("Daemon options", rows);

/* ---- processes -------------------------------------------------------- */

static const char *signal_text(int status)
{
	const char *s = sigdescr_np(WTERMSIG(status));

	return s ? s : "unknown signal";
}

/* Forks.  In the child returns 0 with 'ready_fd' set; in the parent the child's pid with
 * '*from_child' set to the other end. */
static pid_t fork_with_pipe(int *from_child)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		fatal(errno, "cannot make a pipe");
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		fatal(errno, "cannot fork");
	if (!pid) {
		close(fds[0]);
		if (ready_fd >= 0)
			close(ready_fd);
		ready_fd = fds[1];
		rcu_after_fork();
		return 0;
	}
	close(fds[1]);
	*from_child = fds[0];
	return pid;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			fatal(errno, "cannot wait for pid %ld", (long)pid);
	}
	return status;
}

/* Waits until the child says that it serves; false if it died before. */
static bool wait_ready(int from_child)
{
	ssize_t n;
	char c;

	do {
		n = read(from_child, &c, 1);
	} while (n < 0 && errno == EINTR);
	close(from_child);
	return n == 1;
}

/* Ends this process as its child ended, which never was ready. */
static NORETURN void end_like(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status))
		exit(WEXITSTATUS(status)); /* it has said why */
	if (WIFSIGNALED(status))
		fatal(0, "the daemon died before it was ready, killed (%s)", signal_text(status));
	fatal(0, "the daemon ended before it was ready");
}

static void tell_ready(void)
{
	ssize_t n;

	if (ready_fd < 0)
		return;
	do {
		n = write(ready_fd, "", 1);
	} while (n < 0 && errno == EINTR);
	close(ready_fd);
	ready_fd = -1;
}

/* Leaves the terminal and the directory that the command was given in. */
static void leave_stdio(void)
{
	char *err;
	int fd;

	if (!detached || left_stdio)
		return;
	left_stdio = true;
	err = log_set_levels("console:off");
	assert(!err);
	free(err);
	if (want_chdir && chdir("/"))
		log_warn("cannot change to the root directory: %s", errno_str(errno));
	fflush(NULL);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		dup2(fd, i);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* ---- the monitor ------------------------------------------------------ */

static volatile sig_atomic_t monitored_pid;

/* Who ends the monitor means the daemon. */
static void pass_on(int signal_)
{
	if (monitored_pid > 0)
		kill(monitored_pid, signal_);
	else
		_exit(1);
}

static const int passed_on[] = { SIGHUP, SIGINT, SIGTERM };

static void set_handlers(void (*handler)(int))
{
	struct sigaction sa = { .sa_handler = handler };

	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++)
		sigaction(passed_on[i], &sa, NULL);
}

static bool is_crash(int status)
{
	static const int crashes[] = { SIGABRT, SIGALRM, SIGBUS, SIGFPE,  SIGILL,
				       SIGPIPE, SIGSEGV, SIGSYS, SIGXCPU, SIGXFSZ };

	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++) {
		if (WIFSIGNALED(status) && WTERMSIG(status) == crashes[i])
			return true;
	}
	return false;
}

static char *describe(pid_t pid, int status)
{
	if (WIFEXITED(status))
		return xasprintf("pid %ld died, exit status %d", (long)pid, WEXITSTATUS(status));
	return xasprintf("pid %ld died, killed (%s)%s", (long)pid, signal_text(status),
			 WCOREDUMP(status) ? ", core dumped" : "");
}

/* One core says what there is to say; a daemon that crashes again and again must not fill the
 * disk. */
static void no_more_cores(void)
{
	struct rlimit limit = { 0, 0 };

	if (!getrlimit(RLIMIT_CORE, &limit) && limit.rlim_cur) {
		limit.rlim_cur = 0;
		setrlimit(RLIMIT_CORE, &limit);
	}
}

static void sleep_s(unsigned int seconds)
{
	struct timespec left = { .tv_sec = seconds };

	while (nanosleep(&left, &left) && errno == EINTR)
		continue;
}

/* Tells of a crash, and waits before the next start if they come fast. */
static void back_off(const char *what, uint64_t ran_us, unsigned int *seconds)
{
	if (ran_us >= STABLE_US)
		*seconds = 0;
	if (*seconds)
		log_err("%s, restarting in %u s", what, *seconds);
	else
		log_err("%s, restarting", what);
	sleep_s(*seconds);
	*seconds = *seconds ? MIN(*seconds * 2, BACKOFF_MAX_S) : 1;
}

/* Starts the daemon and watches it.  Returns in each daemon it starts; the monitor never
 * returns. */
static void monitor(void)
{
	unsigned int n_crashes = 0, backoff_s = 0;
	char *state = xstrdup("healthy"), *death;

	thread_set_log_name("monitor");
	for (;;) {
		uint64_t started_us = clock_real_us();
		int from_child, status;
		pid_t pid;

		set_handlers(SIG_DFL);
		pid = fork_with_pipe(&from_child);
		if (!pid) {
			free(state);
			program_set_title(NULL);
			thread_set_log_name("");
			return;
		}
		monitored_pid = pid;
		set_handlers(pass_on);
		program_set_title("%s: monitoring pid %ld (%s)", program_name, (long)pid, state);
		free(state);
		if (wait_ready(from_child)) {
			tell_ready();
			leave_stdio();
		} else if (!n_crashes) {
			end_like(wait_for(pid));
		}

		status = wait_for(pid);
		monitored_pid = 0;
		death = describe(pid, status);
		if (!is_crash(status)) {
			log_info("%s, exiting", death);
			free(death);
			exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
		}
		if (WCOREDUMP(status))
			no_more_cores();
		state = xasprintf("%u crashes: %s", ++n_crashes, death);
		free(death);
		back_off(state, clock_real_us() - started_us, &backoff_s);
	}
}

/* ---- public ----------------------------------------------------------- */

static void or_die(char *err)
{
	if (err)
		fatal(0, "%s", err);
}

void daemon_start(const int *caps_kept)
{
	struct identity id;
	int from_child;
	pid_t pid;

	if (pidfile && !want_overwrite)
		or_die(pidfile_check(pidfile));
	if (want_detach) {
		pid = fork_with_pipe(&from_child);
		if (pid) {
			if (!wait_ready(from_child))
				end_like(wait_for(pid));
			exit(0);
		}
		setsid();
		detached = true;
	}
	if (user_spec) {
		or_die(identity_parse(user_spec, &id));
		or_die(identity_become(&id, caps_kept));
	}
	if (want_monitor)
		monitor();
	thread_forks_done();
	fatal_signals_init();
	if (pidfile)
		or_die(pidfile_create(pidfile, want_overwrite));
}

void daemon_ready(void)
{
	leave_stdio();
	tell_ready();
}

bool daemon_is_detached(void)
{
	return detached;
}

const char *daemon_pidfile(void)
{
	return pidfile;
}

char *daemon_mlockall(void)
{
	if (!mlockall(MCL_CURRENT | MCL_FUTURE))
		return NULL;
	return xasprintf(
		"cannot lock memory: %s (is the limit on locked memory, ulimit -l, too low?)",
		errno_str(errno));
}
