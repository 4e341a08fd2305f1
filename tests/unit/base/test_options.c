// SPDX-License-Identifier: Apache-2.0
#include "base/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "tests/unit/base/unit.h"

static char *note(const struct option_row *row, const char *value)
{
	printf("%s=%s;", row->name, value ? value : "-");
	return NULL;
}

static char *refuse(const struct option_row *row, const char *value)
{
	return xasprintf("--%s: \"%s\" is wrong", row->name, value);
}

static const struct option_row rows[] = {
	{ "target", 't', OPT_REQUIRED, "TARGET", "where to go", note },
	{ "timeout", 'T', OPT_REQUIRED, "SECS", "how long to wait, which takes many words", note },
	{ "dry-run", 0, OPT_NONE, NULL, "do nothing", note },
	{ "color", 0, OPT_OPTIONAL, "WHEN", "colours", note },
	{ "a-very-long-name-for-an-option", 0, OPT_REQUIRED, "VALUE", "long", note },
	{ "secret", 0, OPT_NONE, NULL, NULL, note },
	{ "wrong", 0, OPT_REQUIRED, "X", "refuses", refuse },
	{ "oneline", 'o', OPT_NONE, NULL, "takes -o", note },
};

static const struct option_row second_rows[] = {
	{ "version", 0, OPT_NONE, NULL, "own version", note },
	{ "target", 'x', OPT_NONE, NULL, "hidden by the first", note },
};

static const struct option_group groups[] = {
	OPTION_GROUP("Main options", rows),
	OPTION_GROUP("Second options", second_rows),
};

/* Runs options_parse() in a child on the words of 'line'; returns its exit code, 100 if it came
 * back.  '*out' (the caller frees) is what was printed, and then the operands. */
static int run(const char *line, bool posixly, char **out)
{
	struct str s = STR_INIT;
	int fds[2], status;
	char buf[4096];
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		char *words = xasprintf("prog %s", line);
		char *argv[32] = { NULL };
		int argc = 0, i;

		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
			argv[argc++] = w;
		program_name = "prog";
		i = options_parse(argc, argv, groups, ARRAY_SIZE(groups), "usage: %s [OPTIONS]\n",
				  "the end\n", posixly);
		for (; i < argc; i++)
			printf("<%s>", argv[i]);
		fflush(stdout);
		_exit(100);
	}
	close(fds[1]);
	while ((n = read(fds[0], buf, sizeof(buf))) > 0)
		str_put_mem(&s, buf, (size_t)n);
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	*out = str_steal(&s);
	return WEXITSTATUS(status);
}

static const struct parse_case {
	const char *line;
	bool posixly;
	int code;
	const char *out;
} cases[] = {
	{ "--nothing", false, 1, "prog: unrecognized option '--nothing'\n" },
	/* the common row that has -V gave way to one of its name */
	{ "-V", false, 1, "prog: invalid option -- 'V'\n" },
	{ "-q", false, 1, "prog: invalid option -- 'q'\n" },
	{ "--t=1", false, 1,
	  "prog: option '--t=1' is ambiguous; possibilities: '--target' '--timeout'\n" },
	{ "--dry-run=1", false, 1, "prog: option '--dry-run' doesn't allow an argument\n" },
	{ "--target", false, 1, "prog: option '--target' requires an argument\n" },
	{ "-t", false, 1, "prog: option requires an argument -- 't'\n" },
	{ "--wrong=5", false, 1, "prog: --wrong: \"5\" is wrong\n" },
	{ "", false, 100, "" },
	{ "--target=a --timeout 5 -t b -tc", false, 100, "target=a;timeout=5;target=b;target=c;" },
	{ "--dry --col --colo=always --secret", false, 100,
	  "dry-run=-;color=-;color=always;secret=-;" },
	{ "cmd --dry-run x", false, 100, "dry-run=-;<cmd><x>" },
	{ "--dry-run cmd --target x", true, 100, "dry-run=-;<cmd><--target><x>" },
	{ "--dry-run -- --target x", false, 100, "dry-run=-;<--target><x>" },
	{ "-o --version", false, 100, "oneline=-;version=-;" },
	{ "--option --nonsense", false, 0,
	  "--target=ARG\n-t ARG\n--timeout=ARG\n-T ARG\n--dry-run\n--color=[ARG]\n"
	  "--a-very-long-name-for-an-option=ARG\n--secret\n--wrong=ARG\n--oneline\n-o\n--version\n"
	  "--help\n-h\n--option\n" },
	{ "--help", false, 0,
	  "usage: prog [OPTIONS]\n"
	  "\n"
	  "Main options:\n"
	  "  -t, --target=TARGET       where to go\n"
	  "  -T, --timeout=SECS        how long to wait, which takes many words\n"
	  "  --dry-run                 do nothing\n"
	  "  --color[=WHEN]            colours\n"
	  "  --a-very-long-name-for-an-option=VALUE\n"
	  "                            long\n"
	  "  --wrong=X                 refuses\n"
	  "  -o, --oneline             takes -o\n"
	  "\n"
	  "Second options:\n"
	  "  --version                 own version\n"
	  "\n"
	  "Other options:\n"
	  "  -h, --help                display this help message\n"
	  "  --option                  print the list of options\n"
	  "the end\n" },
};

static void test_parse(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct parse_case *c = &cases[i];
		char *out;
		int code = run(c->line, c->posixly, &out);

		print_message("%s\n", c->line);
		assert_string_equal(out, c->out);
		assert_int_equal(code, c->code);
		free(out);
	}
}

static void test_list(void **state)
{
	const struct option_group common[] = { log_option_group, daemon_option_group };
	struct str s = STR_INIT;

	options_format_list(&s, common, ARRAY_SIZE(common));
	assert_non_null(strstr(str_cstr(&s), "--verbose=[ARG]\n-v [ARG]\n--log-file=[ARG]\n"
					     "--syslog-method=ARG\n--syslog-target=ARG\n"));
	assert_non_null(strstr(str_cstr(&s), "--detach\n--no-chdir\n--pidfile=[ARG]\n"
					     "--overwrite-pidfile\n--monitor\n--user=ARG\n"
					     "--no-self-confinement\n"));
	str_uninit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
