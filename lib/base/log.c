// SPDX-License-Identifier: Apache-2.0
/* Modules register before main(), from constructors, so nothing here needs initialisation.  Levels
 * are kept by module and destination; 'min_level' sums up what the fast check in log_is_on() needs,
 * and is computed anew whenever a level changes or the log file is opened or closed.  A message is
 * formatted without the lock; the line is composed and written under it. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/dirs.h"
#include "base/log_impl.h"
#include "base/str.h"
#include "base/util.h"

LOG_MODULE(vlog);

/* Lines of unlimited length would let a peer's text fill the disk. */
#define MESSAGE_MAX 65536

static const char *const level_names[] = { "OFF", "EMER", "ERR", "WARN", "INFO", "DBG" };
static const char *const dest_names[LOG_N_DESTS] = { "syslog", "console", "file" };
#define SYSLOG_PREFIX "<%B> %D{%h %e %T} %E %A: " /* what stands before syslog lines on the wire */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static struct log_module *modules; /* sorted by name */
static char *patterns[LOG_N_DESTS]; /* NULL: the default */
static int facility = -1; /* -1: the default */
static char *file_name;
static int file_fd = -1; /* atomic for log_file_fd() */

static const char *const default_patterns[LOG_N_DESTS] = {
	[LOG_TO_SYSLOG] = "ovs|%05N|%c%T|%p|%m",
	[LOG_TO_CONSOLE] = "%D{%Y-%m-%dT%H:%M:%SZ}|%05N|%c%T|%p|%m",
	[LOG_TO_FILE] = "%D{%Y-%m-%dT%H:%M:%S.###Z}|%05N|%c%T|%p|%m",
};

static __thread unsigned int serial;

const char *log_level_name(enum log_level l)
{
	return level_names[l];
}

static const char *pattern_of(enum log_dest d)
{
	return patterns[d] ? patterns[d] : default_patterns[d];
}

static void update_min_level(struct log_module *m)
{
	uint8_t min = LOG_LVL_OFF;

	for (int d = 0; d < LOG_N_DESTS; d++) {
		if (d != LOG_TO_FILE || file_fd >= 0)
			min = MAX(min, m->level[d]);
	}
	__atomic_store_n(&m->min_level, min, __ATOMIC_RELAXED);
}

static void update_min_levels(void)
{
	for (struct log_module *m = modules; m; m = m->next)
		update_min_level(m);
}

void log_register(struct log_module *m)
{
	struct log_module **p;

	pthread_mutex_lock(&lock);
	for (int d = 0; d < LOG_N_DESTS; d++)
		m->level[d] = LOG_LVL_INFO;
	m->honor_rate_limits = true;
	for (p = &modules; *p && strcmp((*p)->name, m->name) < 0; p = &(*p)->next)
		continue;
	m->next = *p;
	*p = m;
	update_min_level(m);
	pthread_mutex_unlock(&lock);
}

/* ---- writing ---------------------------------------------------------- */

/* One call for a whole line, so that lines of other processes on the same file stay whole as well.
 * Nobody can be told that the log cannot be written. */
static void write_line(int fd, struct str *line)
{
	size_t done = 0;

	str_putc(line, '\n');
	while (done < line->len) {
		ssize_t n = write(fd, line->data + done, line->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += n;
	}
}

/* Under 'lock'. */
static void write_message(const struct log_module *m, enum log_level level, const char *message)
{
	struct log_line line = {
		.module = m,
		.level = level,
		.message = message,
		.serial = ++serial,
		.wall_ms = clock_wall_ms(),
		.facility = facility < 0 ? LOG_LOCAL0 : facility,
	};
	struct str s = STR_INIT;

	if (m->level[LOG_TO_CONSOLE] >= level) {
		log_expand(&s, pattern_of(LOG_TO_CONSOLE), &line);
		write_line(STDERR_FILENO, &s);
	}
	if (m->level[LOG_TO_SYSLOG] >= level) {
		str_clear(&s);
		log_expand(&s, pattern_of(LOG_TO_SYSLOG), &line);
		log_syslog_send(log_severity(level) | (facility < 0 ? LOG_DAEMON : facility),
				str_cstr(&s));
		log_syslog_send_target(&line);
	}
	if (m->level[LOG_TO_FILE] >= level && file_fd >= 0) {
		str_clear(&s);
		log_expand(&s, pattern_of(LOG_TO_FILE), &line);
		write_line(file_fd, &s);
	}
	str_uninit(&s);
}

void log_write_v(const struct log_module *m, enum log_level level, const char *fmt, va_list args)
{
	int saved_errno = errno;
	struct str message = STR_INIT;

	if (!log_is_on(m, level))
		return; /* and no line's number is used up */
	str_vprintf(&message, fmt, args);
	str_truncate(&message, MESSAGE_MAX);
	pthread_mutex_lock(&lock);
	write_message(m, level, str_cstr(&message));
	pthread_mutex_unlock(&lock);
	str_uninit(&message);
	errno = saved_errno;
}

void log_write(const struct log_module *m, enum log_level level, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_write_v(m, level, fmt, args);
	va_end(args);
}

/* ---- levels ----------------------------------------------------------- */

static struct log_module *module_lookup(const char *name)
{
	struct log_module *m;

	for (m = modules; m; m = m->next) {
		if (!strcasecmp(m->name, name))
			break;
	}
	return m;
}

static int dest_lookup(const char *name)
{
	for (int d = 0; d < LOG_N_DESTS; d++) {
		if (!strcasecmp(dest_names[d], name))
			return d;
	}
	return -1;
}

static int level_lookup(const char *name)
{
	for (size_t l = 0; l < ARRAY_SIZE(level_names); l++) {
		if (!strcasecmp(level_names[l], name))
			return (int)l;
	}
	return -1;
}

/* Several files may log under one name, and programs have several modules of one name then. */
static void set_level(const char *module, int dest, enum log_level level)
{
	for (struct log_module *m = modules; m; m = m->next) {
		if (module && strcasecmp(m->name, module))
			continue;
		for (int d = 0; d < LOG_N_DESTS; d++) {
			if (dest < 0 || d == dest)
				m->level[d] = level;
		}
		update_min_level(m);
	}
}

/* "PATTERN:DEST:PATTERN" from DEST on. */
static char *set_pattern(char *words)
{
	char *name = words + strspn(words, " ,:");
	size_t n = strcspn(name, " ,:");
	const char *pattern = name[n] ? name + n + 1 : "";
	int dest;

	name[n] = '\0';
	if (!n)
		return xstrdup("missing destination");
	dest = dest_lookup(name);
	if (dest < 0 && strcasecmp(name, "ANY"))
		return xasprintf("unknown destination \"%s\"", name);
	for (int d = 0; d < LOG_N_DESTS; d++) {
		if (dest < 0 || d == dest) {
			free(patterns[d]);
			patterns[d] = xstrdup(pattern);
		}
	}
	return NULL;
}

static char *set_words(char *words)
{
	const struct log_module *module = NULL;
	int level = -1, dest = -1;
	char *word, *rest = words;

	while ((word = strsep(&rest, " ,:"))) {
		if (!*word || !strcasecmp(word, "ANY"))
			continue;
		if (!strcasecmp(word, "PATTERN"))
			return set_pattern(rest ? rest : word + strlen(word));
		if (!strcasecmp(word, "FACILITY")) {
			int f;

			do {
				word = strsep(&rest, " ,:");
			} while (word && !*word);
			f = word ? log_facility_lookup(word) : -1;
			if (f < 0)
				return xstrdup("invalid facility");
			facility = f;
			return NULL;
		}
		if (dest_lookup(word) >= 0) {
			if (dest >= 0)
				return xstrdup("cannot specify multiple destinations");
			dest = dest_lookup(word);
		} else if (level_lookup(word) >= 0) {
			if (level >= 0)
				return xstrdup("cannot specify multiple levels");
			level = level_lookup(word);
		} else if (module_lookup(word)) {
			if (module)
				return xstrdup("cannot specify multiple modules");
			module = module_lookup(word);
		} else {
			return xasprintf("no destination, level, or module \"%s\"", word);
		}
	}
	set_level(module ? module->name : NULL, dest, level >= 0 ? level : LOG_LVL_DBG);
	return NULL;
}

char *log_set_levels(const char *spec)
{
	char *words = xstrdup(spec);
	char *err;

	pthread_mutex_lock(&lock);
	err = set_words(words);
	pthread_mutex_unlock(&lock);
	free(words);
	return err;
}

int log_honor_rate_limits(const char *module, bool honor)
{
	int err = module ? -ENOENT : 0;

	pthread_mutex_lock(&lock);
	for (struct log_module *m = modules; m; m = m->next) {
		if (!module || !strcasecmp(m->name, module)) {
			__atomic_store_n(&m->honor_rate_limits, honor, __ATOMIC_RELAXED);
			err = 0;
		}
	}
	pthread_mutex_unlock(&lock);
	return err;
}

/* ---- the file --------------------------------------------------------- */

static char *default_file_name(void)
{
	return xasprintf("%s/%s.log", dir_log(), program_name);
}

static void set_file(int fd)
{
	__atomic_store_n(&file_fd, fd, __ATOMIC_RELAXED);
	update_min_levels();
}

int log_file_fd(void)
{
	return __atomic_load_n(&file_fd, __ATOMIC_RELAXED);
}

char *log_open_file(const char *path)
{
	char *name = path ? xstrdup(path) : default_file_name();
	char *absolute = NULL;
	int fd, old;

	/* --detach changes the directory; reopening must find the same file. */
	if (name[0] != '/') {
		char *cwd = getcwd(NULL, 0);

		if (cwd) {
			absolute = path_in(cwd, name);
			free(cwd);
			free(name);
			name = absolute;
		}
	}
	fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
	if (fd < 0) {
		char *err = xasprintf("failed to open %s for logging: %s", name, errno_str(errno));

		free(name);
		return err;
	}
	pthread_mutex_lock(&lock);
	old = file_fd;
	free(file_name);
	file_name = name;
	set_file(fd);
	pthread_mutex_unlock(&lock);
	if (old >= 0)
		close(old);
	log_info("opened log file %s", name);
	return NULL;
}

char *log_reopen_file(void)
{
	struct stat now, then;
	char *name, *err;
	bool same;

	pthread_mutex_lock(&lock);
	name = xstrdup_nullable(file_name);
	same = name && file_fd >= 0 && !fstat(file_fd, &then) && !stat(name, &now) &&
	       now.st_dev == then.st_dev && now.st_ino == then.st_ino;
	pthread_mutex_unlock(&lock);
	if (!name)
		return xstrdup("Logging to file not configured");
	if (same) {
		free(name);
		return NULL;
	}
	log_info("closing log file");
	err = log_open_file(name);
	free(name);
	return err;
}

void log_close_file(void)
{
	int old;

	if (log_file_fd() < 0)
		return;
	log_info("closing log file");
	pthread_mutex_lock(&lock);
	old = file_fd;
	set_file(-1);
	pthread_mutex_unlock(&lock);
	if (old >= 0)
		close(old);
}

char *log_set_syslog_method(const char *method)
{
	char *err;

	pthread_mutex_lock(&lock);
	err = log_syslog_set_method(method);
	pthread_mutex_unlock(&lock);
	return err;
}

char *log_set_syslog_target(const char *host_port)
{
	char *err;

	pthread_mutex_lock(&lock);
	err = log_syslog_set_target(host_port);
	pthread_mutex_unlock(&lock);
	return err;
}

/* ---- vlog/list -------------------------------------------------------- */

void log_format_levels(struct str *s)
{
	const char *last = "";

	str_put(s, "                 console    syslog    file\n");
	str_put(s, "                 -------    ------    ------\n");
	pthread_mutex_lock(&lock);
	for (const struct log_module *m = modules; m; m = m->next) {
		if (streq(m->name, last))
			continue;
		last = m->name;
		str_printf(s, "%-16s  %4s       %4s       %4s%s\n", m->name,
			   log_level_name(m->level[LOG_TO_CONSOLE]),
			   log_level_name(m->level[LOG_TO_SYSLOG]),
			   log_level_name(m->level[LOG_TO_FILE]),
			   m->honor_rate_limits ? "" : "    (rate limiting disabled)");
	}
	pthread_mutex_unlock(&lock);
}

void log_format_patterns(struct str *s)
{
	pthread_mutex_lock(&lock);
	str_put(s, "         prefix                            format\n");
	str_put(s, "         ------                            ------\n");
	str_printf(s, "%-7s  %-32s  %s\n", "SYSLOG", SYSLOG_PREFIX, pattern_of(LOG_TO_SYSLOG));
	str_printf(s, "%-7s  %-32s  %s\n", "CONSOLE", "none", pattern_of(LOG_TO_CONSOLE));
	str_printf(s, "%-7s  %-32s  %s\n", "FILE", "none", pattern_of(LOG_TO_FILE));
	pthread_mutex_unlock(&lock);
}
