// SPDX-License-Identifier: Apache-2.0
/* A server in a child process, the client here. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "rpc/stream.h"
#include "rpc/unixctl.h"
#include "tests/unit/rpc/unit.h"

static char dir[] = "/tmp/test-unixctl.XXXXXX";
static char *path;
static pid_t child;

/* ---- the server ------------------------------------------------------- */

static void say(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	char *text;

	assert_null(argv[argc]);
	text = xasprintf("%s %d %s", argv[0], argc, argv[argc - 1]);
	unixctl_reply(conn, text);
	free(text);
}

static void complain(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	unixctl_reply_error(conn, argc > 1 ? argv[1] : NULL);
}

static void not_utf8(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	unixctl_reply(conn, "a\xff"
			    "b");
}

static struct {
	struct timer timer;
	struct unixctl_conn *conn;
} late;

static void late_answer(struct timer *t)
{
	unixctl_reply(late.conn, "late");
}

static void answer_late(struct unixctl_conn *conn, int argc, const char *argv[], void *loop)
{
	late.conn = conn;
	timer_init(&late.timer, loop, late_answer);
	timer_set_in(&late.timer, 50);
}

static struct {
	struct timer timer;
	unsigned int n;
} ticks;

static void tick(struct timer *t)
{
	ticks.n++;
	timer_set_in(t, 10);
}

static void count_ticks(struct unixctl_conn *conn, int argc, const char *argv[], void *loop)
{
	char *text;

	if (!ticks.timer.cb) {
		timer_init(&ticks.timer, loop, tick);
		timer_set_in(&ticks.timer, 10);
	}
	text = xasprintf("%u", ticks.n);
	unixctl_reply(conn, text);
	free(text);
}

static int serve(void)
{
	struct unixctl_server *server;
	struct loop *loop = loop_create();
	char *err = unixctl_server_create(loop, path, &server);

	if (err) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	unixctl_register_base_commands(loop, true);
	unixctl_register_exit(loop, true, NULL, NULL);
	unixctl_command_register("say", "WORD [WORD]", 1, 2, say, NULL);
	unixctl_command_register("complain", "", 0, 1, complain, NULL);
	unixctl_command_register("late", "", 0, 0, answer_late, loop);
	unixctl_command_register("ticks", "", 0, 0, count_ticks, loop);
	unixctl_command_register("not-utf8", "", 0, 0, not_utf8, NULL);
	loop_run(loop);
	unixctl_server_destroy(server);
	loop_destroy(loop);
	return 0;
}

static int start_server(void **state)
{
	path = xasprintf("%s/ctl", dir);
	child = fork();
	if (!child) {
		alarm(60);
		exit(serve());
	}
	while (access(path, F_OK))
		usleep(1000);
	return 0;
}

/* ---- the client ------------------------------------------------------- */

static char *ask(bool json, char **error, const char *command, const char *a, const char *b)
{
	char *argv[] = { (char *)(uintptr_t)a, (char *)(uintptr_t)b }, *why, *text;
	int argc = a ? b ? 2 : 1 : 0;
	json_t *result = NULL;

	*error = NULL;
	why = unixctl_transact(path, command, argc, argv, json, 10000, &result, error);
	if (why)
		fail_msg("%s", why);
	if (json)
		text = json_dumps(result, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
	else
		text = xstrdup_nullable(json_string_value(result));
	json_decref(result);
	return text;
}

static void expect(const char *wanted, const char *command, const char *a, const char *b)
{
	char *error, *text = ask(false, &error, command, a, b);

	if (error)
		fail_msg("%s: %s", command, error);
	assert_string_equal(text, wanted);
	free(text);
}

static void expect_error(const char *wanted, const char *command, const char *a, const char *b)
{
	char *error, *text = ask(false, &error, command, a, b);

	assert_null(text);
	assert_string_equal(error, wanted);
	free(error);
}

static void expect_json(const char *wanted, const char *command, const char *a)
{
	char *error, *text = ask(true, &error, command, a, NULL);

	if (error)
		fail_msg("%s: %s", command, error);
	ASSERT_CONTAINS(text, wanted);
	free(text);
}

static void wrong_calls(void **state)
{
	expect_error("\"foo\" is not a valid command (use \"list-commands\" to see a list of valid "
		     "commands)\n",
		     "foo", NULL, NULL);
	expect_error("\"say\" command requires at least 1 arguments\n", "say", NULL, NULL);
	expect_error("\"version\" command takes at most 0 arguments\n", "version", "x", NULL);
	expect_error("bad\n", "complain", "bad", NULL);
	expect_error("bad\n", "complain", "bad\n", NULL);
	expect_error("", "complain", NULL, NULL);
	expect_error("unknown option \"--color\"\n", "set-options", "--color", NULL);
	expect_error("give --format json or --format text\n", "set-options", "--format", "xml");
	expect_error("No such counter\n", "coverage/read-counter", "nonesuch", NULL);
	expect_error("unknown module\n", "vlog/enable-rate-limit", "nonesuch", NULL);
	expect_error("invalid MSECS\n", "time/warp", "0", NULL);
	expect_error("invalid MSECS\n", "time/warp", "-5", NULL);
	expect_error("invalid MSECS\n", "time/warp", "10", "x");
}

static void answers(void **state)
{
	expect("say 2 a\n", "say", "a", NULL);
	expect("say 3 \xc3\xa9\n\n", "say", "a", "\xc3\xa9\n\n");
	expect("late\n", "late", NULL, NULL);
	expect("a?b\n", "not-utf8", NULL, NULL);
}

static void list_commands(void **state)
{
	char *error, *text = ask(false, &error, "list-commands", NULL, NULL);

	assert_int_equal(strncmp(text, "The available commands are:\n  complain                \n",
				 strlen("The available commands are:\n")),
			 0);
	ASSERT_CONTAINS(text, "\n  complain                \n");
	ASSERT_CONTAINS(text, "\n  exit                    [--cleanup]\n");
	ASSERT_CONTAINS(text, "\n  say                     WORD [WORD]\n");
	ASSERT_CONTAINS(text, "\n  set-options             [--format text|json]\n");
	ASSERT_CONTAINS(text, "\n  vlog/disable-rate-limit [module]...\n");
	free(text);
}

static void base_commands(void **state)
{
	char *error, *text;

	expect("test_unixctl (Open vSwitch) " PACKAGE_VERSION "\n", "version", NULL, NULL);
	expect("", "vlog/set", "unixctl:file:dbg", NULL);
	text = ask(false, &error, "vlog/list", NULL, NULL);
	ASSERT_CONTAINS(text, "                 console    syslog    file\n");
	ASSERT_CONTAINS(text, "\nunixctl ");
	free(text);
	expect_json("{\"console\":\"", "vlog/list", NULL);
	expect_json("\"file\":\"DBG\"", "vlog/list", NULL);
	expect("", "vlog/disable-rate-limit", "unixctl", NULL);
	expect_json("\"rate-limits\":false", "vlog/list", NULL);
	expect_json("\"CONSOLE\":{\"format\":\"%D{", "vlog/list-pattern", NULL);
	expect_json("\"prefix\":\"<%B> %D{%h %e %T} %E %A:\"", "vlog/list-pattern", NULL);
	text = ask(false, &error, "coverage/show", NULL, NULL);
	ASSERT_CONTAINS(text, "Event coverage, avg rate over last: 5 seconds, last minute, last "
			      "hour,  hash=");
	ASSERT_CONTAINS(text, " events never hit\n");
	free(text);
	expect_json("\"never-hit\":", "coverage/show", NULL);
	text = ask(false, &error, "memory/show", NULL, NULL);
	assert_true(text[strlen(text) - 1] == '\n');
	free(text);
	expect("", "set-options", "--format", "json");
}

static void json_answers(void **state)
{
	expect_json("\"say 2 a\\n\"", "say", "a"); /* text becomes a JSON string */
	expect_json("\"say\":\"WORD [WORD]\"", "list-commands", NULL);
	expect_json("\"version\":\"" PACKAGE_VERSION "\"", "version", NULL);
	expect_json("\"\"", "vlog/set", "err");
}

static void nobody(void **state)
{
	json_t *result;
	char *error, *why;

	why = unixctl_transact("/nonexistent/ctl", "version", 0, NULL, false, 0, &result, &error);
	assert_string_equal(why,
			    "cannot connect to \"/nonexistent/ctl\" (No such file or directory)");
	free(why);
	why = unixctl_transact("nonesuch", "version", 0, NULL, false, 0, &result, &error);
	ASSERT_CONTAINS(why, "cannot read pidfile \"");
	ASSERT_CONTAINS(why, "/nonesuch.pid\" (No such file or directory)");
	free(why);
}

static void client_gone(void **state)
{
	struct loop *loop = loop_create();
	char *target = xasprintf("unix:%s", path);
	struct stream *s;

	/* It asks and leaves before the answer: the server lives. */
	assert_null(stream_open(loop, target, 0, 0, NULL, NULL, &s));
	TURN_UNTIL(loop, !stream_connect(s));
	assert_true(stream_send(s, "{\"id\":0,\"method\":\"late\",\"params\":[]}", 37) == 37);
	stream_close(s);
	loop_destroy(loop);
	usleep(100000);
	expect("say 2 b\n", "say", "b", NULL);
	free(target);
}

/* The last: time stands still from here on. */
static void simulated_time(void **state)
{
	expect_error("time is not stopped: run time/stop first\n", "time/warp", "100", NULL);
	expect("", "time/stop", NULL, NULL);
	expect("0\n", "ticks", NULL, NULL);
	expect("warped\n", "time/warp", "100", NULL);
	expect("1\n", "ticks", NULL, NULL); /* one step: the timer saw one moment */
	expect("warped\n", "time/warp", "1000", "10");
	expect("101\n", "ticks", NULL, NULL);
	expect("warped\n", "time/warp", "1000000", "100");
}

static void exits(void **state)
{
	int status;

	expect_error("the only argument is --cleanup\n", "exit", "x", NULL);
	expect("", "exit", "--cleanup", NULL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(access(path, F_OK), -1);
	free(path);
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_calls),   cmocka_unit_test(nobody),
		cmocka_unit_test(answers),       cmocka_unit_test(list_commands),
		cmocka_unit_test(base_commands), cmocka_unit_test(json_answers),
		cmocka_unit_test(client_gone),   cmocka_unit_test(simulated_time),
		cmocka_unit_test(exits),
	};
	int failed;

	program_init(argc, argv);
	if (!mkdtemp(dir) || setenv("OVS_RUNDIR", dir, 1))
		return 1;
	failed = cmocka_run_group_tests(tests, start_server, NULL);
	rmdir(dir);
	return failed;
}
