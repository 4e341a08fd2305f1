// SPDX-License-Identifier: Apache-2.0
/* ovs-appctl as a user starts it, against a server in a child process: what it prints and how it
 * ends.
 * With DEBIAN_OVS (the root of an extracted package) the same rows are tried with Debian's
 * program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/util.h"
#include "rpc/unixctl.h"

static char dir[] = "/tmp/test-appctl.XXXXXX";
static char *program;
static pid_t server, mute;

static void say(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	char *text = xasprintf("%d|%s|%s", argc - 1, argv[1], argc > 2 ? argv[2] : "");

	unixctl_reply(conn, text);
	free(text);
}

static void complain(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	unixctl_reply_error(conn, "no way");
}

static void list(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	if (unixctl_wants_json(conn))
		unixctl_reply_json(conn, json_pack("{s:[i,i]}", "numbers", 1, 2));
	else
		unixctl_reply(conn, "1 2");
}

static void never(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
}

/* Writes the pid file as a daemon does: locked. */
static void lock_pidfile(const char *name)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char *path = xasprintf("%s/%s.pid", dir, name), *text = xasprintf("%d\n", getpid());
	int fd = open(path, O_CREAT | O_WRONLY, 0644);

	if (fcntl(fd, F_SETLK, &lock) || write(fd, text, strlen(text)) < 0)
		_exit(1);
	free(path);
	free(text);
}

static pid_t start(const char *name)
{
	char *path, c;
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		struct loop *loop = loop_create();
		struct unixctl_server *s;

		alarm(60);
		path = xasprintf("%s/%s.%d.ctl", dir, name, getpid());
		free(unixctl_server_create(loop, path, &s));
		unixctl_command_register("say", "WORD [WORD]", 1, 2, say, NULL);
		unixctl_command_register("complain", "", 0, 0, complain, NULL);
		unixctl_command_register("list", "", 0, 0, list, NULL);
		unixctl_command_register("never", "", 0, 0, never, NULL);
		lock_pidfile(name);
		close(fds[1]);
		loop_run(loop);
		_exit(1);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &c, 1), 0);
	close(fds[0]);
	return pid;
}

/* Returns the wait status. */
static int run(const char *args, char **out, char **err)
{
	char *command = xasprintf("cd %s && exec %s %s >out 2>err", dir, program, args);
	char *files[2];
	int status = system(command);

	free(command);
	for (int i = 0; i < 2; i++) {
		char *path = xasprintf("%s/%s", dir, i ? "err" : "out"), buf[4096];
		FILE *f = fopen(path, "r");

		buf[fread(buf, 1, sizeof(buf) - 1, f)] = '\0';
		fclose(f);
		unlink(path);
		free(path);
		files[i] = xstrdup(buf);
	}
	*out = files[0];
	*err = files[1];
	return status;
}

#define ERROR "ovs-appctl: srv: server returned an error\n"

static const struct {
	const char *args;
	int exit_code;
	const char *out;
	const char *err; /* its last lines */
	bool ours; /* Debian's 3.1 does not know it */
} rows[] = {
	/* wrong usage */
	{ "", 1, "", "at least one non-option argument is required (use --help for help)\n" },
	{ "-t srv", 1, "", "at least one non-option argument is required (use --help for help)\n" },
	{ "--bogus", 1, "", "unrecognized option '--bogus'\n" },
	{ "-t", 1, "", "option requires an argument -- 't'\n" },
	{ "-T 0 -t srv list", 1, "", "ovs-appctl: value 0 on -T or --timeout is invalid\n" },
	{ "-T x -t srv list", 1, "", "ovs-appctl: value x on -T or --timeout is invalid\n" },
	{ "-f xml -t srv list", 1, "", "value xml on -f or --format is invalid (text or json)\n",
	  true },
	{ "--pretty -t srv list", 1, "", "--pretty is only for --format json\n", true },
	/* nobody there */
	{ "-t nonesuch list", 1, "", "/nonesuch.pid\" (No such file or directory)\n" },
	{ "-t dead list", 1, "", "/dead.pid\" (No such process)\n" },
	{ "-t /nonexistent/ctl list", 1, "",
	  "ovs-appctl: cannot connect to \"/nonexistent/ctl\" (No such file or directory)\n" },
	/* errors of the server */
	{ "-t srv complain", 2, "", "no way\n" ERROR },
	{ "-t srv nonesuch", 2, "",
	  "\"nonesuch\" is not a valid command (use \"list-commands\" to see a list of valid "
	  "commands)\n" ERROR },
	{ "-t srv say", 2, "", "\"say\" command requires at least 1 arguments\n" ERROR },
	{ "-t srv say 1 2 3", 2, "", "\"say\" command takes at most 2 arguments\n" ERROR },
	/* answers */
	{ "-t srv list", 0, "1 2\n", "" },
	{ "--targ=srv list", 0, "1 2\n", "" },
	{ "-tsrv -T 5 list", 0, "1 2\n", "" },
	{ "-t srv -e list", 0, "1 2\n", "" },
	{ "-t srv say -t --bogus", 0, "2|-t|--bogus\n", "" },
	{ "-t srv -- say --", 0, "1|--|\n", "" },
	{ "-t srv say ''", 0, "1||\n", "" },
	{ "-t srv say 'a\"b\\' \xc3\xa9", 0, "2|a\"b\\|\xc3\xa9\n", "" },
	{ "-f json -t srv list", 0, "{\"numbers\":[1,2]}\n", "", true },
	{ "--format=json --pretty -t srv list", 0, "{\n  \"numbers\": [\n    1,\n    2\n  ]\n}\n",
	  "", true },
	{ "-f json -t srv say x", 0, "\"1|x|\\n\"\n", "", true },
	{ "-f text -t srv list", 0, "1 2\n", "", true },
	{ "-f json -t srv complain", 2, "", "no way\n" ERROR, true },
};

static void check_rows(bool ours)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *out, *err;
		int status;

		if (rows[i].ours && !ours)
			continue;
		status = run(rows[i].args, &out, &err);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != rows[i].exit_code ||
		    strcmp(out, rows[i].out) || !str_has_suffix(err, rows[i].err) ||
		    (!*rows[i].err && *err))
			fail_msg("%s %s: status %#x\nout: %serr: %s", program, rows[i].args, status,
				 out, err);
		free(out);
		free(err);
	}
}

static void our_rows(void **state)
{
	check_rows(true);
}

static void timeout(void **state)
{
	char *out, *err;
	int status;

	status = run("-T 1 -t srv never", &out, &err);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
	assert_string_equal(out, "");
	free(out);
	free(err);
	setenv("OVS_CTL_TIMEOUT", "1", 1);
	status = run("-t mute list", &out, &err);
	unsetenv("OVS_CTL_TIMEOUT");
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
	free(out);
	free(err);
}

static void full_disk(void **state)
{
	char *command = xasprintf("%s -t srv list >/dev/full 2>&1", program);
	int status = system(command);

	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	free(command);
}

static void debian_rows(void **state)
{
	const char *root = getenv("DEBIAN_OVS");
	char *ours = program;

	if (!root)
		skip();
	program = xasprintf("%s/usr/bin/ovs-appctl", root);
	check_rows(false);
	free(program);
	program = ours;
}

static int setup(void **state)
{
	char *path = xasprintf("%s/dead.pid", dir);

	close(open(path, O_CREAT | O_WRONLY, 0644));
	free(path);
	server = start("srv");
	mute = start("mute");
	kill(mute, SIGSTOP);
	return 0;
}

static int teardown(void **state)
{
	char *command = xasprintf("rm -r %s", dir);

	kill(server, SIGKILL);
	kill(mute, SIGKILL);
	waitpid(server, NULL, 0);
	waitpid(mute, NULL, 0);
	assert_int_equal(system(command), 0);
	free(command);
	return 0;
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_rows),
		cmocka_unit_test(timeout),
		cmocka_unit_test(full_disk),
		cmocka_unit_test(debian_rows),
	};
	const char *builddir = getenv("builddir");

	program_init(argc, argv);
	if (!mkdtemp(dir) || setenv("OVS_RUNDIR", dir, 1))
		return 1;
	program = builddir ? xasprintf("%s/utilities/ovs-appctl", builddir)
			   : realpath("utilities/ovs-appctl", NULL);
	if (!program || access(program, X_OK)) {
		fprintf(stderr,
			"utilities/ovs-appctl is not built: start this in the build folder\n");
		return 1;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
