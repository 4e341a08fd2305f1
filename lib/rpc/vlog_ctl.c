// SPDX-License-Identifier: Apache-2.0
/* The commands of vlog: levels, patterns, file and rate limits of the log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "rpc/unixctl_impl.h"

/* "ok" has no text; frees 'err'. */
static void reply_status(struct unixctl_conn *conn, char *err)
{
	if (err)
		unixctl_reply_error(conn, err);
	else
		unixctl_reply(conn, NULL);
	free(err);
}

static void vlog_set(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	char *err = argc == 1 ? log_set_levels("dbg") : NULL;

	for (int i = 1; i < argc && !err; i++)
		err = log_set_levels(argv[i]);
	reply_status(conn, err);
}

/* The text's lines below its two of heading: "module console syslog file [(rate ...)]". */
static json_t *levels_to_json(char *text)
{
	json_t *json = json_object();
	char *line, *save = NULL, name[64], console[8], syslog[8], file[8];
	int n_line = 0;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		json_t *module;

		if (n_line++ < 2 ||
		    sscanf(line, "%63s %7s %7s %7s", name, console, syslog, file) != 4)
			continue;
		module = json_object();
		json_object_set_new(module, "console", json_string(console));
		json_object_set_new(module, "syslog", json_string(syslog));
		json_object_set_new(module, "file", json_string(file));
		json_object_set_new(module, "rate-limits",
				    json_boolean(!strstr(line, "rate limiting disabled")));
		json_object_set_new(json, name, module);
	}
	return json;
}

/* "DEST prefix format" in columns of fixed width: a prefix has single spaces in it. */
static json_t *patterns_to_json(char *text)
{
	json_t *json = json_object();
	char *line, *save = NULL;
	int n_line = 0;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *name = line, *prefix = strchr(line, ' '), *format;
		json_t *dest;

		if (n_line++ < 2 || !prefix)
			continue;
		*prefix++ = '\0';
		prefix += strspn(prefix, " ");
		format = strstr(prefix, "  ");
		if (!format)
			continue;
		*format++ = '\0';
		format += strspn(format, " ");
		dest = json_object();
		json_object_set_new(dest, "prefix", json_string(prefix));
		json_object_set_new(dest, "format", json_string(format));
		json_object_set_new(json, name, dest);
	}
	return json;
}

static void reply_listing(struct unixctl_conn *conn, void (*format)(struct str *),
			  json_t *(*to_json)(char *text))
{
	struct str s = STR_INIT;

	format(&s);
	if (unixctl_wants_json(conn)) {
		char *text = str_steal(&s);

		unixctl_reply_json(conn, to_json(text));
		free(text);
	} else {
		unixctl_reply(conn, str_cstr(&s));
	}
	str_uninit(&s);
}

static void vlog_list(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	reply_listing(conn, log_format_levels, levels_to_json);
}

static void vlog_list_pattern(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	reply_listing(conn, log_format_patterns, patterns_to_json);
}

static void vlog_reopen(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	reply_status(conn, log_reopen_file());
}

static void vlog_close(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	log_close_file();
	unixctl_reply(conn, NULL);
}

static void set_rate_limits(struct unixctl_conn *conn, int argc, const char *argv[], bool honor)
{
	if (argc == 1)
		log_honor_rate_limits(NULL, honor);
	for (int i = 1; i < argc; i++) {
		if (log_honor_rate_limits(argv[i], honor)) {
			unixctl_reply_error(conn, "unknown module");
			return;
		}
	}
	unixctl_reply(conn, NULL);
}

static void vlog_enable_rate_limit(struct unixctl_conn *conn, int argc, const char *argv[],
				   void *aux)
{
	set_rate_limits(conn, argc, argv, true);
}

static void vlog_disable_rate_limit(struct unixctl_conn *conn, int argc, const char *argv[],
				    void *aux)
{
	set_rate_limits(conn, argc, argv, false);
}

void vlog_ctl_register(void)
{
	unixctl_command_register("vlog/set", "{spec | PATTERN:destination:pattern}", 0, -1,
				 vlog_set, NULL);
	unixctl_command_register("vlog/list", "", 0, 0, vlog_list, NULL);
	unixctl_command_register("vlog/list-pattern", "", 0, 0, vlog_list_pattern, NULL);
	unixctl_command_register("vlog/enable-rate-limit", "[module]...", 0, -1,
				 vlog_enable_rate_limit, NULL);
	unixctl_command_register("vlog/disable-rate-limit", "[module]...", 0, -1,
				 vlog_disable_rate_limit, NULL);
	unixctl_command_register("vlog/close", "", 0, 0, vlog_close, NULL);
	unixctl_command_register("vlog/reopen", "", 0, 0, vlog_reopen, NULL);
}
