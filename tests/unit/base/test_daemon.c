// SPDX-License-Identifier: Apache-2.0
/* The program runs itself as the daemon: "test_daemon SCRIPT [OPTIONS]", where SCRIPT says what the
 * daemon does; without arguments it runs the tests. */
#include "base/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/options.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/util.h"
#include "tests/unit/base/unit.h"

LOG_MODULE(test_daemon);

/* ---- the daemon ------------------------------------------------------- */

static void *crashes(void *arg)
{
	abort();
	return NULL;
}

static int daemon_main(int argc, char *argv[])
{
	const struct option_group groups[] = { log_option_group, daemon_option_group };
	static const int caps[] = { CAP_NET_ADMIN, CAP_NET_RAW, -1 };
	const char *script;
	struct loop *loop;
	pthread_t t;

	program_init(argc, argv);
	script = argv[1];
	options_parse(argc - 1, argv + 1, groups, ARRAY_SIZE(groups), "", NULL, false);
	daemon_start(caps);
	if (streq(script, "fail"))
		fatal(ENOSPC, "conf.db: cannot open");
	if (streq(script, "exit3"))
		exit(3);
	if (streq(script, "abort-early"))
		abort();
	if (streq(script, "leave-file")) {
		int fd = open("made", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

		close(fd);
		fatal_unlink_add("made");
		fd = open("kept", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		close(fd);
		fatal_unlink_add("kept");
		fatal_unlink_del("kept");
		fatal_unlink_del("never added");
		if (!fork())
			exit(0); /* a fork's end does not remove our files */
		while (wait(NULL) > 0)
			continue;
	}
	loop = loop_create();
	fatal_signals_quit_loop(loop);
	daemon_ready();
	log_info("ready, working");
	if (streq(script, "crash-in-thread"))
		thread_create(&t, "breaker", crashes, NULL);
	if (streq(script, "hang")) {
		for (;;)
			pause();
	}
	loop_run(loop);
	log_info("leaving in order");
	fatal_signals_quit_loop(NULL);
	loop_destroy(loop);
	log_close_file();
	return 0;
}

/* ---- helpers ---------------------------------------------------------- */

static char dir[] = "/tmp/test_daemon.XXXXXX";
static char self[] = "testd"; /* as which the daemon is started */

static char *in_dir(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

/* Starts "test_daemon LINE" with its output in '*out' (the caller frees; NULL: not wanted).
 * Returns the exit status of the command. */
static int start(const char *line, char **out)
{
	char *words = xstrdup(line), *argv[32] = { self }, buf[4096], *log = in_dir("output");
	struct str s = STR_INIT;
	int argc = 1, status, fd;
	ssize_t n;
	pid_t pid;

	for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	/* A file: a pipe that the daemon failed to close would hang the test. */
	fd = open(log, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		str_put_mem(&s, buf, (size_t)n);
	close(fd);
	if (out)
		*out = str_steal(&s);
	str_uninit(&s);
	free(words);
	free(log);
	return status;
}

static char *read_text(const char *name)
{
	char *path = name[0] == '/' ? xstrdup(name) : in_dir(name), buf[65536];
	struct str s = STR_INIT;
	int fd = open(path, O_RDONLY);
	ssize_t n;

	free(path);
	if (fd < 0)
		return NULL;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		str_put_mem(&s, buf, (size_t)n);
	close(fd);
	return str_steal(&s);
}

static bool exists(const char *name)
{
	char *path = in_dir(name);
	bool yes = !access(path, F_OK);

	free(path);
	return yes;
}

static void remove_file(const char *name)
{
	char *path = in_dir(name);

	unlink(path);
	free(path);
}

static pid_t pid_in_file(const char *name)
{
	char *text = read_text(name);
	pid_t pid = text ? atoi(text) : 0;

	free(text);
	return pid;
}

static pid_t live_pid(void)
{
	char *path = in_dir("testd.pid");
	int pid = pidfile_read(path);

	free(path);
	return pid;
}

static bool is_alive(pid_t pid)
{
	char *path = xasprintf("/proc/%ld/stat", (long)pid), *text = read_text(path);
	bool alive = text && !strstr(text, ") Z ");

	free(path);
	free(text);
	return alive;
}

/* Waits up to 20 s until 'what' holds. */
#define EVENTUALLY(what)                                                                           \
	do {                                                                                       \
		for (int i__ = 0; i__ < 2000 && !(what); i__++)                                    \
			usleep(10000);                                                             \
		assert_true(what);                                                                 \
	} while (0)

static bool log_has(const char *text)
{
	char *log = read_text("log");
	bool has = log && strstr(log, text);

	free(log);
	return has;
}

static pid_t parent_of(pid_t pid)
{
	char *path = xasprintf("/proc/%ld/stat", (long)pid), *text = read_text(path);
	int parent = 0;

	assert_non_null(text);
	assert_int_equal(sscanf(strrchr(text, ')'), ") %*c %d", &parent), 1);
	free(path);
	free(text);
	return parent;
}

static char *title_of(pid_t pid)
{
	char *path = xasprintf("/proc/%ld/cmdline", (long)pid), *text = read_text(path);

	free(path);
	return text;
}

static void expect_exit(int status, int code)
{
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), code);
}

static void stop(pid_t pid)
{
	assert_true(pid > 1);
	assert_int_equal(kill(pid, SIGTERM), 0);
	EVENTUALLY(!is_alive(pid));
}

static char *with_log(const char *line)
{
	return xasprintf("%s --log-file=%s/log", line, dir);
}

/* ---- tests ------------------------------------------------------------ */

static void test_errors_before_ready(void **state)
{
	static const struct {
		const char *line;
		int code;
		const char *out;
	} cases[] = {
		{ "fail --detach --pidfile", 1,
		  "testd: conf.db: cannot open: No space left on device\n" },
		{ "fail --detach --pidfile --monitor", 1,
		  "testd: conf.db: cannot open: No space left on device\n" },
		{ "fail --monitor --pidfile", 1,
		  "testd: conf.db: cannot open: No space left on device\n" },
		{ "exit3 --detach", 3, "" },
		{ "exit3 --detach --monitor --pidfile", 3, "" },
		{ "run --detach --pidfile=/nonexist/x.pid", 1,
		  "testd: /nonexist/x.pid: cannot create pid file: No such file or directory\n" },
		{ "run --detach --user=no_such_user_here", 1,
		  "testd: --user: there is no user \"no_such_user_here\"\n" },
		{ "run --user=:no_such_group_here", 1,
		  "testd: --user: there is no group \"no_such_group_here\"\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *out;
		int status = start(cases[i].line, &out);

		print_message("%s\n", cases[i].line);
		assert_string_equal(out, cases[i].out);
		expect_exit(status, cases[i].code);
		assert_false(exists("testd.pid"));
		free(out);
	}
}

static void test_abort_before_ready(void **state)
{
	static const char *const lines[] = { "abort-early --detach --pidfile",
					     "abort-early --detach --monitor --pidfile" };

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char *out;

		expect_exit(start(lines[i], &out), 1);
		assert_non_null(
			strstr(out,
			       "testd: the daemon died before it was ready, killed (Aborted)\n"));
		assert_int_equal(live_pid(), 0);
		free(out);
	}
	remove_file("testd.pid");
}

static void test_detach(void **state)
{
	char *line = with_log("run --detach --pidfile"), *out, *cwd, *want, *path;
	char target[256];
	ssize_t n;
	pid_t pid;

	expect_exit(start(line, &out), 0);
	free(line);
	want = xasprintf("|vlog|INFO|opened log file %s/log\n", dir);
	assert_true(str_has_suffix(out, want));
	free(want);
	free(out);
	/* the command has left: the daemon is ready, its pid file in place */
	pid = pid_in_file("testd.pid");
	assert_int_equal(live_pid(), pid);
	assert_true(is_alive(pid));
	EVENTUALLY(log_has("|test_daemon|INFO|ready, working\n"));
	cwd = xasprintf("/proc/%ld/cwd", (long)pid);
	n = readlink(cwd, target, sizeof(target));
	assert_true(n == 1 && target[0] == '/');
	free(cwd);
	for (int i = 0; i < 3; i++) {
		path = xasprintf("/proc/%ld/fd/%d", (long)pid, i);
		n = readlink(path, target, sizeof(target) - 1);
		assert_true(n > 0);
		target[n] = '\0';
		assert_string_equal(target, "/dev/null");
		free(path);
	}
	assert_int_equal(getsid(pid), pid);

	/* a second one: one line, and the first stays */
	expect_exit(start("run --detach --pidfile", &out), 1);
	want = xasprintf(
		"testd: %s/testd.pid: already running as pid %ld, aborting (stop it first, "
		"or give another --pidfile)\n",
		dir, (long)pid);
	assert_string_equal(out, want);
	free(want);
	free(out);
	assert_int_equal(live_pid(), pid);

	/* one with its own file runs beside it */
	expect_exit(start("run --detach --pidfile=second.pid", NULL), 0);
	stop(pid_in_file("second.pid"));
	assert_false(exists("second.pid"));

	stop(pid);
	assert_true(log_has("|test_daemon|INFO|leaving in order\n"));
	assert_false(exists("testd.pid"));
	remove_file("log");
}

static void test_no_chdir(void **state)
{
	char target[256], *cwd, *here = getcwd(NULL, 0);
	ssize_t n;
	pid_t pid;

	expect_exit(start("run --detach --pidfile --no-chdir --no-self-confinement", NULL), 0);
	pid = pid_in_file("testd.pid");
	cwd = xasprintf("/proc/%ld/cwd", (long)pid);
	n = readlink(cwd, target, sizeof(target) - 1);
	assert_true(n > 0);
	target[n] = '\0';
	assert_string_equal(target, here);
	free(cwd);
	free(here);
	stop(pid);
}

static void test_stale_pidfile(void **state)
{
	char *path = in_dir("testd.pid");
	FILE *f = fopen(path, "w");
	pid_t pid;

	fprintf(f, "%ld\nmore than a pid, and longer than the new one\n", (long)getppid());
	fclose(f);
	assert_int_equal(pidfile_read(path), 0);
	expect_exit(start("run --detach --pidfile", NULL), 0);
	pid = live_pid();
	assert_int_equal(pid_in_file("testd.pid"), pid);
	kill(pid, SIGKILL);
	EVENTUALLY(live_pid() == 0);
	assert_true(exists("testd.pid"));
	expect_exit(start("run --detach --pidfile", NULL), 0);
	stop(live_pid());
	assert_int_equal(pidfile_read("/nonexistent/x"), 0);
	free(path);
}

static void test_overwrite_pidfile(void **state)
{
	pid_t first, second;

	expect_exit(start("run --detach --pidfile", NULL), 0);
	first = live_pid();
	expect_exit(start("run --detach --pidfile --overwrite-pidfile", NULL), 0);
	second = live_pid();
	assert_int_not_equal(first, second);
	assert_int_equal(pid_in_file("testd.pid"), second);
	assert_true(is_alive(first));
	stop(second);
	stop(first);
}

static void test_fatal_signals(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGALRM };
	char *here = getcwd(NULL, 0);

	assert_int_equal(chdir(dir), 0);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		pid_t pid;

		expect_exit(start("leave-file --detach --pidfile", NULL), 0);
		assert_true(exists("made") && exists("kept"));
		pid = live_pid();
		kill(pid, signals[i]);
		EVENTUALLY(!is_alive(pid));
		assert_false(exists("made"));
		assert_false(exists("testd.pid"));
		assert_true(exists("kept"));
		remove_file("kept");
	}
	assert_int_equal(chdir(here), 0);
	free(here);
}

/* The first TERM asks, the second does not wait for a loop that hangs. */
static void test_second_signal(void **state)
{
	pid_t pid;

	expect_exit(start("hang --detach --pidfile", NULL), 0);
	pid = live_pid();
	kill(pid, SIGTERM);
	usleep(100000);
	assert_true(is_alive(pid));
	stop(pid);
	assert_false(exists("testd.pid"));
}

static void test_monitor(void **state)
{
	char *line = with_log("run --detach --monitor --pidfile"), *title, *want;
	pid_t pid, monitor, second, third;
	uint64_t real;

	expect_exit(start(line, NULL), 0);
	free(line);
	pid = live_pid();
	monitor = parent_of(pid);
	assert_true(monitor > 1);
	want = xasprintf("testd: monitoring pid %ld (healthy)", (long)pid);
	title = title_of(monitor);
	assert_string_equal(title, want);
	free(title);
	free(want);

	/* the first crash: at once */
	real = clock_real_us();
	kill(pid, SIGABRT);
	EVENTUALLY((second = live_pid()) > 0 && second != pid);
	assert_true(clock_real_us() - real < 900000 || SANITIZED);
	assert_int_equal(parent_of(second), monitor);
	want = xasprintf("|daemon(monitor)|ERR|1 crashes: pid %ld died, killed (Aborted)",
			 (long)pid);
	assert_true(log_has(want));
	free(want);
	title = title_of(second);
	assert_string_equal(title, self); /* the daemon's own again */
	free(title);
	EVENTUALLY(pid_in_file("testd.pid") == second);

	/* the second, soon after: a second later */
	real = clock_real_us();
	usleep(200000); /* it is ready now */
	kill(second, SIGABRT);
	EVENTUALLY((third = live_pid()) > 0 && third != second);
	assert_true(clock_real_us() - real >= 1000000);
	assert_true(log_has("restarting in 1 s\n"));
	want = xasprintf("testd: monitoring pid %ld (2 crashes: pid %ld died, killed (Aborted)",
			 (long)third, (long)second);
	title = title_of(monitor);
	/* the title has the room of the command line, which may be short */
	assert_memory_equal(title, want, MIN(strlen(title), strlen(want)));
	free(title);
	free(want);

	/* an orderly end is the monitor's too */
	usleep(200000);
	stop(third);
	EVENTUALLY(!is_alive(monitor));
	assert_true(log_has("died, exit status 0, exiting\n"));
	assert_false(exists("testd.pid"));
	remove_file("log");
}

/* Who stops the monitor means the daemon. */
static void test_stop_monitor(void **state)
{
	pid_t pid, monitor;

	expect_exit(start("run --detach --monitor --pidfile", NULL), 0);
	pid = live_pid();
	monitor = parent_of(pid);
	stop(monitor);
	EVENTUALLY(!is_alive(pid));
	assert_false(exists("testd.pid"));
}

static void test_killed_is_no_crash(void **state)
{
	pid_t pid, monitor;

	expect_exit(start("run --detach --monitor --pidfile", NULL), 0);
	pid = live_pid();
	monitor = parent_of(pid);
	kill(pid, SIGKILL);
	EVENTUALLY(!is_alive(monitor));
	assert_int_equal(live_pid(), 0);
	remove_file("testd.pid");
}

static void test_backtrace(void **state)
{
	unsigned int n_frames = 0;
	char *line, *log, *p;

	if (SANITIZED)
		skip();
	line = with_log("crash-in-thread --detach --pidfile");
	expect_exit(start(line, NULL), 0);
	free(line);
	EVENTUALLY(live_pid() == 0);
	log = read_text("log");
	p = strstr(log, "|00000|backtrace|EMER|testd crashed: SIGABRT (aborted), thread breaker, "
			"backtrace:\n");
	assert_non_null(p);
	/* the time is that of the line before it, about */
	while (p > log && p[-1] != '\n')
		p--;
	assert_memory_equal(p, log, 14); /* YYYY-MM-DDTHH: */
	for (p = strchr(p, '\n'); p && p[1]; p = strchr(p + 1, '\n'))
		n_frames++;
	assert_true(n_frames >= 4);
	free(log);
	remove_file("log");
	remove_file("testd.pid");
}

static unsigned long long status_field(pid_t pid, const char *name, int base)
{
	char *path = xasprintf("/proc/%ld/status", (long)pid), *text = read_text(path);
	char *p = strstr(text, name);
	unsigned long long v;

	assert_non_null(p);
	v = strtoull(p + strlen(name), NULL, base);
	free(path);
	free(text);
	return v;
}

static void test_user(void **state)
{
	const unsigned long long want = 1ull << CAP_NET_ADMIN | 1ull << CAP_NET_RAW;
	struct passwd *nobody = getpwnam("nobody");
	char *line;
	pid_t pid;

	if (geteuid() || !nobody) {
		print_message("needs root and a user \"nobody\"\n");
		skip();
	}
	assert_int_equal(chmod(dir, 0777), 0);
	line = with_log("run --detach --monitor --pidfile --user=nobody");
	expect_exit(start(line, NULL), 0);
	free(line);
	pid = live_pid();
	assert_true(pid > 0);
	assert_int_equal(status_field(pid, "\nUid:\t", 10), nobody->pw_uid);
	assert_int_equal(status_field(pid, "\nGid:\t", 10), nobody->pw_gid);
	assert_int_equal(status_field(pid, "\nCapEff:\t", 16), want);
	assert_int_equal(status_field(pid, "\nCapPrm:\t", 16), want);
	assert_int_equal(status_field(pid, "\nCapBnd:\t", 16), 0);
	EVENTUALLY(log_has("|test_daemon|INFO|ready, working\n"));
	stop(pid);
	assert_false(exists("testd.pid"));
	remove_file("log");

	/* another group, and numbers */
	line = xasprintf("run --detach --pidfile --user=%u:0", (unsigned int)nobody->pw_uid);
	expect_exit(start(line, NULL), 0);
	free(line);
	pid = live_pid();
	assert_int_equal(status_field(pid, "\nUid:\t", 10), nobody->pw_uid);
	assert_int_equal(status_field(pid, "\nGid:\t", 10), 0);
	stop(pid);

	/* a directory that the user may not write: said so */
	{
		char *out;

		assert_int_equal(chmod(dir, 0755), 0);
		expect_exit(start("run --detach --pidfile --user=nobody", &out), 1);
		assert_non_null(
			strstr(out, "testd.pid: cannot create pid file: Permission denied\n"));
		free(out);
	}
}

/* Many at once: one wins, whatever the order, and nothing of the others is left. */
static void test_race(void **state)
{
	enum { N = 8 };

	for (int round = 0; round < 5; round++) {
		pid_t pids[N];
		int n_ok = 0;

		fflush(NULL);
		for (int i = 0; i < N; i++) {
			pids[i] = fork();
			if (!pids[i]) {
				char *argv[] = { self, (char *)"run", (char *)"--detach",
						 (char *)"--pidfile", NULL };
				int null = open("/dev/null", O_WRONLY);

				dup2(null, STDERR_FILENO);
				execv("/proc/self/exe", argv);
				_exit(127);
			}
		}
		for (int i = 0; i < N; i++) {
			int status;

			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
			n_ok += WEXITSTATUS(status) == 0;
		}
		assert_int_equal(n_ok, 1);
		assert_true(live_pid() > 0);
		assert_int_equal(live_pid(), pid_in_file("testd.pid"));
		if (round % 2) { /* the next round starts from a stale file */
			kill(live_pid(), SIGKILL);
			EVENTUALLY(live_pid() == 0);
		} else {
			stop(live_pid());
		}
	}
	remove_file("testd.pid");
}

static int setup(void **state)
{
	const struct rlimit no_core = { 0, 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	assert_non_null(mkdtemp(dir));
	setenv("OVS_RUNDIR", dir, 1);
	setenv("OVS_LOGDIR", dir, 1);
	setenv("OVS_SYSLOG_METHOD", "null", 1);
	return 0;
}

static int teardown(void **state)
{
	remove_file("output");
	return rmdir(dir);
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors_before_ready),
		cmocka_unit_test(test_abort_before_ready),
		cmocka_unit_test(test_detach),
		cmocka_unit_test(test_no_chdir),
		cmocka_unit_test(test_stale_pidfile),
		cmocka_unit_test(test_overwrite_pidfile),
		cmocka_unit_test(test_fatal_signals),
		cmocka_unit_test(test_second_signal),
		cmocka_unit_test(test_monitor),
		cmocka_unit_test(test_stop_monitor),
		cmocka_unit_test(test_killed_is_no_crash),
		cmocka_unit_test(test_backtrace),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_race),
	};

	if (argc > 1)
		return daemon_main(argc, argv);
	return cmocka_run_group_tests(tests, setup, teardown);
}
