// SPDX-License-Identifier: Apache-2.0
/* ovs-appctl: sends a command to a running daemon and prints the answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/options.h"
#include "base/util.h"
#include "rpc/unixctl.h"

static const char *target = "ovs-vswitchd";
static unsigned int timeout_s; /* 0: none */
static bool json_format, pretty;

static char *set_target(const struct option_row *row, const char *value)
{
	target = value;
	return NULL;
}

static char *set_timeout(const struct option_row *row, const char *value)
{
	if (!str_to_uint(value, 10, &timeout_s) || !timeout_s)
		return xasprintf("value %s on -T or --timeout is invalid", value);
	return NULL;
}

static char *set_format(const struct option_row *row, const char *value)
{
	json_format = streq(value, "json");
	if (!json_format && !streq(value, "text"))
		return xasprintf("value %s on -f or --format is invalid (text or json)", value);
	return NULL;
}

static char *set_pretty(const struct option_row *row, const char *value)
{
	pretty = true;
	return NULL;
}

static char *set_nothing(const struct option_row *row, const char *value)
{
	return NULL;
}

static const struct option_row rows[] = {
	{ "target", 't', OPT_REQUIRED, "TARGET",
	  "daemon's name, or absolute path of its control socket", set_target },
	{ "timeout", 'T', OPT_REQUIRED, "SECS", "wait at most SECS seconds for the answer",
	  set_timeout },
	{ "format", 'f', OPT_REQUIRED, "FMT", "answer as text (the default) or json", set_format },
	{ "pretty", 0, OPT_NONE, NULL, "indent JSON", set_pretty },
	{ "execute", 'e', OPT_NONE, NULL, NULL, set_nothing }, /* of old scripts */
};

static const char usage[] =
	"ovs-appctl, for querying and controlling a running daemon\n"
	"usage: %s [OPTIONS] COMMAND [ARG...]\n"
	"Common commands:\n"
	"  list-commands             list the commands of the target\n"
	"  version                   print the version of the target\n"
	"  vlog/list                 list the levels of the log\n"
	"  vlog/list-pattern         list the patterns of the log\n"
	"  vlog/set [SPEC]...        set levels: a module, a destination (syslog, console, file)\n"
	"                            and a level (off, emer, err, warn, info, dbg), each optional\n"
	"  vlog/reopen               open the log file again, after it was rotated\n";

static void put(FILE *f, const char *text)
{
	size_t n = strlen(text);

	fputs(text, f);
	if (n && text[n - 1] != '\n')
		putc('\n', f);
}

static void print_json(const json_t *json)
{
	char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15) |
					      (pretty ? JSON_INDENT(2) : JSON_COMPACT));

	put(stdout, text ? text : "null");
	free(text);
}

static void start_timeout(void)
{
	const char *env = getenv("OVS_CTL_TIMEOUT");
	unsigned int n;

	if (!timeout_s && env && str_to_uint(env, 10, &n))
		timeout_s = n;
	if (timeout_s)
		alarm(timeout_s); /* as scripts know it: the process dies of SIGALRM */
}

int main(int argc, char *argv[])
{
	struct option_group own = OPTION_GROUP("Options", rows);
	json_t *result = NULL;
	char *error = NULL, *why;
	int i;

	program_init(argc, argv);
	i = options_parse(argc, argv, (const struct option_group[]){ own, log_option_group }, 2,
			  usage, NULL, true);
	if (i >= argc)
		fatal(0, "at least one non-option argument is required (use --help for help)");
	if (pretty && !json_format)
		fatal(0, "--pretty is only for --format json");
	start_timeout();

	why = unixctl_transact(target, argv[i], argc - i - 1, argv + i + 1, json_format, 0, &result,
			       &error);
	if (why)
		fatal(0, "%s", why);
	if (error) {
		put(stderr, error);
		fprintf(stderr, "%s: %s: server returned an error\n", program_name, target);
		free(error);
		return 2;
	}
	if (json_format)
		print_json(result);
	else if (json_is_string(result))
		put(stdout, json_string_value(result));
	else
		print_json(result);
	json_decref(result);
	if (fflush(stdout) || ferror(stdout))
		fatal(0, "cannot write the answer");
	return 0;
}
