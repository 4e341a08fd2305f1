// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/util.h"
#include "tests/unit/base/unit.h"

LOG_MODULE(test_log);

/* A second module, as another file would have it. */
static struct log_module other = { .name = "other-one" };

static char dir[] = "/tmp/test_log.XXXXXX";
static char *path;

static void set(const char *spec)
{
	char *err = log_set_levels(spec);

	assert_null(err);
}

static char *read_file(const char *name)
{
	struct str s = STR_INIT;
	char buf[4096];
	ssize_t n;
	int fd = open(name, O_RDONLY);

	assert_true(fd >= 0);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		str_put_mem(&s, buf, (size_t)n);
	close(fd);
	return str_steal(&s);
}

static void empty_file(void)
{
	assert_int_equal(truncate(path, 0), 0);
}

/* What the log file holds since empty_file(). */
static void expect(const char *text)
{
	char *got = read_file(path);

	assert_string_equal(got, text);
	free(got);
	empty_file();
}

static void expect_levels(const struct log_module *m, const char *levels)
{
	static const char letters[] = "-emwid"; /* off emer err warn info dbg */
	char got[4] = { letters[m->level[LOG_TO_SYSLOG]], letters[m->level[LOG_TO_CONSOLE]],
			letters[m->level[LOG_TO_FILE]] };

	for (int i = 0; i < 3; i++)
		got[i] = got[i] == 'm' ? 'r' : got[i];
	assert_string_equal(got, levels);
}

static const struct spec_case {
	const char *spec;
	const char *err; /* NULL: accepted */
	const char *test_log, *other; /* levels at syslog, console, file; before: "iii" */
} specs[] = {
	{ "nomodule", "no destination, level, or module \"nomodule\"" },
	{ "file:bar", "no destination, level, or module \"bar\"" },
	{ "test_log:dbg:bar", "no destination, level, or module \"bar\"" },
	{ "test_log:other-one:dbg", "cannot specify multiple modules" },
	{ "file:console:dbg", "cannot specify multiple destinations" },
	{ "dbg:info", "cannot specify multiple levels" },
	{ "PATTERN", "missing destination" },
	{ "PATTERN:", "missing destination" },
	{ "PATTERN:nowhere:x", "unknown destination \"nowhere\"" },
	{ "FACILITY", "invalid facility" },
	{ "FACILITY:", "invalid facility" },
	{ "FACILITY:nobody", "invalid facility" },
	{ "", NULL, "ddd", "ddd" },
	{ " ,:: ", NULL, "ddd", "ddd" },
	{ "ANY", NULL, "ddd", "ddd" },
	{ "warn", NULL, "www", "www" },
	{ "file", NULL, "iid", "iid" },
	{ "file:off", NULL, "ii-", "ii-" },
	{ "test_log", NULL, "ddd", "iii" },
	{ "test_log:syslog:err", NULL, "rii", "iii" },
	{ "err,syslog test_log", NULL, "rii", "iii" },
	{ "ANY:console:EMER", NULL, "iei", "iei" },
	{ "any,FILE,Dbg", NULL, "iid", "iid" },
	{ "OTHER-ONE:emer", NULL, "iii", "eee" },
};

static void test_specs(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		const struct spec_case *c = &specs[i];
		char *err;

		print_message("\"%s\"\n", c->spec);
		set("info");
		err = log_set_levels(c->spec);
		if (c->err) {
			assert_non_null(err);
			assert_string_equal(err, c->err);
			free(err);
			expect_levels(&log_this_module, "iii");
			expect_levels(&other, "iii");
		} else {
			assert_null(err);
			expect_levels(&log_this_module, c->test_log);
			expect_levels(&other, c->other);
		}
	}
	set("off");
}

static int n_evaluated;

static int evaluated(void)
{
	return ++n_evaluated;
}

static void test_off_costs_nothing(void **state)
{
	set("off");
	log_emer("%d", evaluated());
	log_dbg("%d", evaluated());
	assert_int_equal(n_evaluated, 0);
	assert_false(log_is_on(&log_this_module, LOG_LVL_EMER));

	set("file:warn");
	log_info("%d", evaluated());
	assert_int_equal(n_evaluated, 0);
	log_warn("%d", evaluated());
	assert_int_equal(n_evaluated, 1);
	/* without a file its level does not count */
	log_close_file();
	assert_false(log_is_on(&log_this_module, LOG_LVL_WARN));
	assert_null(log_open_file(path));
	empty_file();
}

static const struct pattern_case {
	const char *pattern, *text; /* the line is log_info("hello") of test_log, its number 7 */
} patterns[] = {
	{ "", "" },
	{ "%", "" },
	{ "a%5", "a" },
	{ "%-0", "" },
	{ "%q%%", "q%" },
	{ "%m", "hello" },
	{ "%c|%p|%A", "test_log|INFO|tester" },
	{ "[%10m]", "[     hello]" },
	{ "[%-10m]", "[hello     ]" },
	{ "[%010m]", "[00000hello]" },
	{ "[%-010m]", "[hello     ]" },
	{ "[%2m]", "[hello]" },
	{ "%B", "133" },
	{ "%n", "\n" },
	{ "%t%T%T{x}", "main{x}" },
	{ "%D{%Y", "" },
	{ "%d{}", "" },
	{ "%D{x}%m", "xhello" },
	{ "%C", "C" },
};

static void test_patterns(void **state)
{
	set("file:info");
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		char *spec = xasprintf("PATTERN:file:%s", patterns[i].pattern);
		char *text = xasprintf("%s\n", patterns[i].text);

		print_message("%s\n", patterns[i].pattern);
		set(spec);
		log_info("hello");
		if (streq(patterns[i].pattern, "%D{%Y")) {
			char *got = read_file(path);

			assert_int_equal(strlen(got), 5); /* the year */
			free(got);
			empty_file();
		} else {
			expect(text);
		}
		free(spec);
		free(text);
	}
	/* an absurd width is bounded */
	set("PATTERN:file:%99999999999m");
	log_info("hello");
	{
		char *got = read_file(path);

		assert_in_range(strlen(got), 100, 5000);
		free(got);
		empty_file();
	}
	set("PATTERN:file:%P|%E|%N|%r");
	log_info("hello");
	{
		char host[256], *got = read_file(path);
		unsigned int serial;
		long pid;
		int end = 0;

		gethostname(host, sizeof(host));
		assert_int_equal(sscanf(got, "%ld|%n", &pid, &end), 1);
		assert_int_equal(pid, getpid());
		assert_true(str_has_prefix(got + end, host));
		assert_int_equal(sscanf(got + end + strlen(host), "|%u|", &serial), 1);
		assert_true(serial > 10);
		free(got);
		empty_file();
	}
	/* a message is not a pattern */
	set("PATTERN:file:%m");
	log_info("%s", "%n%s%%");
	expect("%n%s%%\n");
	log_info("two\nlines");
	expect("two\nlines\n");
}

static void test_default_line(void **state)
{
	int year, month, day, hour, min, sec, ms, end = 0;
	unsigned int serial;
	char *got;

	set("PATTERN:file:%D{%Y-%m-%dT%H:%M:%S.###Z}|%05N|%c%T|%p|%m");
	set("file:dbg");
	log_dbg("what %s", "happened");
	got = read_file(path);
	assert_int_equal(sscanf(got, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ|%5u|%n", &year, &month, &day,
				&hour, &min, &sec, &ms, &serial, &end),
			 8);
	assert_int_equal(end, 24 + 1 + 5 + 1);
	assert_string_equal(got + end, "test_log|DBG|what happened\n");
	free(got);
	empty_file();
}

static void test_huge_message(void **state)
{
	char *big = xmalloc(1000001), *got;

	memset(big, 'x', 1000000);
	big[1000000] = '\0';
	set("PATTERN:file:%m");
	log_info("%s", big);
	got = read_file(path);
	assert_int_equal(strlen(got), 65537);
	free(got);
	free(big);
	empty_file();
}

static void test_list(void **state)
{
	struct str s = STR_INIT;

	set("info");
	set("console:off");
	set("test_log:file:dbg");
	assert_int_equal(log_honor_rate_limits("nobody", false), -ENOENT);
	assert_int_equal(log_honor_rate_limits("OTHER-ONE", false), 0);
	log_format_levels(&s);
	assert_string_equal(
		str_cstr(&s),
		"                 console    syslog    file\n"
		"                 -------    ------    ------\n"
		"other-one          OFF       INFO       INFO    (rate limiting disabled)\n"
		"test_log           OFF       INFO        DBG\n"
		"vlog               OFF       INFO       INFO\n");
	assert_int_equal(log_honor_rate_limits(NULL, true), 0);
	assert_true(other.honor_rate_limits);
	str_clear(&s);
	set("PATTERN:ANY:%m");
	set("PATTERN:console:%p");
	log_format_patterns(&s);
	assert_string_equal(str_cstr(&s), "         prefix                            format\n"
					  "         ------                            ------\n"
					  "SYSLOG   <%B> %D{%h %e %T} %E %A:          %m\n"
					  "CONSOLE  none                              %p\n"
					  "FILE     none                              %m\n");
	str_uninit(&s);
	set("off");
}

static void test_file(void **state)
{
	char *missing = xasprintf("%s/no/such.log", dir), *moved = xasprintf("%s.1", path);
	char *err = log_open_file(missing);
	char *want = xasprintf("failed to open %s for logging: No such file or directory", missing);
	char *got;
	struct stat st;

	assert_non_null(err);
	assert_string_equal(err, want);
	free(err);
	free(want);
	free(missing);

	/* the old one is still in use */
	set("PATTERN:file:%m");
	set("file:info");
	log_info("before");
	expect("before\n");

	/* reopening the same file does nothing, after a rotation it makes a new one */
	assert_null(log_reopen_file());
	expect("");
	assert_int_equal(rename(path, moved), 0);
	log_info("into the old");
	assert_null(log_reopen_file());
	log_info("into the new");
	got = read_file(moved);
	assert_string_equal(got, "into the old\nclosing log file\n");
	free(got);
	got = read_file(path);
	want = xasprintf("opened log file %s\ninto the new\n", path);
	assert_string_equal(got, want);
	free(got);
	free(want);
	empty_file();

	/* O_APPEND: a file cut from outside is not written at the old offset */
	log_info("first line, somewhat long");
	empty_file();
	log_info("x");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 2);
	assert_int_equal(st.st_mode & 0777 & ~0640, 0);
	empty_file();

	log_close_file();
	log_close_file();
	expect("closing log file\n");
	log_info("nowhere");
	assert_int_equal(log_file_fd(), -1);
	err = log_reopen_file();
	assert_null(err); /* vlog/close, then vlog/reopen: as before */
	log_info("again");
	got = read_file(path);
	assert_non_null(strstr(got, "again\n"));
	free(got);
	empty_file();
	unlink(moved);
	free(moved);
}

static void test_relative_file(void **state)
{
	char *err, *got, *cwd = getcwd(NULL, 0);

	assert_int_equal(chdir(dir), 0);
	err = log_open_file("relative.log");
	assert_null(err);
	assert_int_equal(chdir(cwd), 0);
	free(cwd);
	assert_int_equal(unlinkat(AT_FDCWD, path, 0), 0);
	got = xasprintf("%s/relative.log", dir);
	assert_int_equal(unlink(got), 0);
	assert_null(log_reopen_file());
	assert_int_equal(unlink(got), 0);
	free(got);
	assert_null(log_open_file(path));
	empty_file();
}

static unsigned int log_burst(struct log_rl *rl, unsigned int n)
{
	unsigned int lines = 0;
	char *got;

	for (unsigned int i = 0; i < n; i++)
		log_info_rl(rl, "line");
	got = read_file(path);
	for (const char *p = got; (p = strchr(p, '\n')); p++)
		lines++;
	free(got);
	return lines;
}

/* In stopped time (the last tests). */
static void test_rate_limit(void **state)
{
	struct log_rl zero = { 0 }, slow = LOG_RL_INIT(1, 3),
		      huge = LOG_RL_INIT(UINT32_MAX, UINT32_MAX);
	char *got;

	clock_stop();
	empty_file();
	set("PATTERN:file:%m");
	set("off");
	set("file:info");
	assert_int_equal(log_burst(&zero, 200), 60);
	empty_file();
	assert_int_equal(zero.n_dropped, 140);
	clock_warp(500);
	assert_int_equal(log_burst(&zero, 1), 0);
	clock_warp(1500);
	log_info_rl(&zero, "after");
	expect("Dropped 141 log messages in last 2 seconds (most recently, 1 seconds ago) due to "
	       "excessive rate\nafter\n");
	clock_warp(3600 * 1000);
	assert_int_equal(log_burst(&zero, 200), 60);
	empty_file();

	assert_int_equal(log_burst(&slow, 10), 3);
	empty_file();
	clock_warp(59999);
	assert_int_equal(log_burst(&slow, 1), 0);
	clock_warp(1);
	assert_int_equal(log_burst(&slow, 1), 2); /* with the count of what was dropped */
	empty_file();

	assert_int_equal(log_burst(&huge, 1000), 1000);
	empty_file();

	/* a module whose limits are off, and one whose level is */
	log_honor_rate_limits("test_log", false);
	assert_int_equal(log_burst(&slow, 100), 100);
	log_honor_rate_limits("test_log", true);
	empty_file();
	set("file:warn");
	slow.n_dropped = 0;
	assert_int_equal(log_burst(&slow, 100), 0);
	assert_int_equal(slow.n_dropped, 0);
	got = read_file(path);
	free(got);
	set("off");
}

#define N_THREADS 4
#define N_LINES 500

static struct log_rl shared_rl = LOG_RL_INIT(100, 100);

static void *writer(void *arg)
{
	for (int i = 0; i < N_LINES; i++) {
		log_info("%s %s", (const char *)arg, "abcdefghijklmnopqrstuvwxyz");
		log_info_rl(&shared_rl, "limited");
	}
	return NULL;
}

/* Lines of several threads, while others change levels and patterns and reopen the file. */
static void test_threads(void **state)
{
	static char names[N_THREADS][4];
	pthread_t threads[N_THREADS];
	unsigned int n = 0, n_limited = 0;
	char *got, *line, *save = NULL;

	empty_file();
	set("file:info");
	set("PATTERN:file:<%t|%m>");
	for (int i = 0; i < N_THREADS; i++) {
		snprintf(names[i], sizeof(names[i]), "w%d", i);
		assert_int_equal(thread_create(&threads[i], names[i], writer, names[i]), 0);
	}
	for (int i = 0; i < 200; i++) {
		set("other-one:dbg");
		set("PATTERN:console:%m");
		assert_null(log_reopen_file());
	}
	for (int i = 0; i < N_THREADS; i++)
		thread_join(threads[i]);
	got = read_file(path);
	for (line = strtok_r(got, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char name[4];

		assert_int_equal(sscanf(line, "<%3[^|]|", name), 1);
		if (strstr(line, "limited>")) {
			n_limited++;
			continue;
		}
		char *want = xasprintf("<%s|%s abcdefghijklmnopqrstuvwxyz>", name, name);

		assert_string_equal(line, want);
		free(want);
		n++;
	}
	assert_int_equal(n, N_THREADS * N_LINES);
	assert_int_equal(n_limited, 100);
	assert_int_equal(shared_rl.n_dropped, N_THREADS * N_LINES - 100);
	free(got);
	empty_file();
	set("off");
}

static void receive(int fd, const char *want)
{
	char buf[2000];
	ssize_t n = recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);

	if (!want) {
		assert_true(n < 0 && errno == EAGAIN);
		return;
	}
	assert_true(n >= 0);
	buf[n] = '\0';
	assert_string_equal(buf, want);
}

static int listen_unix(const struct sockaddr_un *un)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)un, sizeof(*un)), 0);
	return fd;
}

static void test_syslog(void **state)
{
	static const char *const bad[] = { "",
					   "what",
					   "unix:",
					   "udp:",
					   "udp:localhost.invalid:1",
					   "udp:127.0.0.1:x",
					   "udp:127.0.0.1:99999",
					   "null:" };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char *method, *err;
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		print_message("%s\n", bad[i]);
		err = log_set_syslog_method(bad[i]);
		assert_non_null(err);
		free(err);
	}
	method = xasprintf("unix:%0200d", 1);
	err = log_set_syslog_method(method);
	assert_non_null(err);
	free(err);
	free(method);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s/syslog", dir);
	method = xasprintf("unix:%s", un.sun_path);
	assert_null(log_set_syslog_method(method));
	free(method);
	set("syslog:dbg");
	set("PATTERN:syslog:ovs|%p|%m");
	log_info("nobody listens yet");
	fd = listen_unix(&un);
	log_emer("1");
	log_err("2");
	log_warn("3");
	log_info("4");
	log_dbg("5");
	receive(fd, "<25>ovs|EMER|1");
	receive(fd, "<27>ovs|ERR|2");
	receive(fd, "<28>ovs|WARN|3");
	receive(fd, "<29>ovs|INFO|4");
	receive(fd, "<31>ovs|DBG|5");
	log_info("two\n\nlines\n");
	receive(fd, "<29>ovs|INFO|two");
	receive(fd, "<29>lines");
	receive(fd, NULL);
	set("FACILITY:LOCAL7");
	log_info("x");
	receive(fd, "<189>ovs|INFO|x");
	set("FACILITY:daemon");

	/* the system's daemon is restarted */
	close(fd);
	log_info("lost");
	unlink(un.sun_path);
	fd = listen_unix(&un);
	log_info("back");
	receive(fd, "<29>ovs|INFO|back");
	/* it hangs: we do not */
	for (int i = 0; i < 10000; i++)
		log_info("much");
	close(fd);
	unlink(un.sun_path);
	assert_null(log_set_syslog_method("null"));
	log_info("nothing happens");
	set("off");
}

static void test_syslog_udp(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char buf[2000], host[256], *spec, *want;
	ssize_t n;

	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	spec = xasprintf("udp:127.0.0.1:%d", ntohs(in.sin_port));
	assert_null(log_set_syslog_method(spec));
	set("syslog:info");
	log_info("by udp");
	receive(fd, "<29>ovs|INFO|by udp");

	assert_null(log_set_syslog_method("null"));
	assert_null(log_set_syslog_target(spec + 4));
	log_warn("remote");
	n = recv(fd, buf, sizeof(buf) - 1, 0);
	assert_true(n > 0);
	buf[n] = '\0';
	gethostname(host, sizeof(host));
	/* RFC 5424: PRI VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG */
	assert_true(str_has_prefix(buf, "<28>1 20"));
	want = xasprintf("Z %s tester %ld test_log - \xef\xbb\xbfremote", host, (long)getpid());
	assert_true(str_has_suffix(buf, want));
	free(want);
	free(spec);
	set("off");
	close(fd);
}

static int setup(void **state)
{
	program_name = "tester";
	log_register(&other);
	assert_null(log_set_syslog_method("null"));
	assert_non_null(mkdtemp(dir));
	path = xasprintf("%s/log", dir);
	set("off");
	assert_null(log_open_file(path));
	set("PATTERN:console:");
	return 0;
}

static int teardown(void **state)
{
	log_close_file();
	unlink(path);
	free(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_specs),        cmocka_unit_test(test_off_costs_nothing),
		cmocka_unit_test(test_patterns),     cmocka_unit_test(test_default_line),
		cmocka_unit_test(test_huge_message), cmocka_unit_test(test_list),
		cmocka_unit_test(test_file),         cmocka_unit_test(test_relative_file),
		cmocka_unit_test(test_syslog),       cmocka_unit_test(test_syslog_udp),
		cmocka_unit_test(test_rate_limit),   cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
