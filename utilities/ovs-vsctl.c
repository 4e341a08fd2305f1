// SPDX-License-Identifier: Apache-2.0
/* ovs-vsctl: reads and changes the configuration of the switch, which is a database.
 *
 * Options of the first command may stand among the global ones ("ovs-vsctl --may-exist add-br x"),
 * so the options of all commands are known to the option parser; what it meets of them is handed to
 * the first command, which says whether it has such an option. */
#include "utilities/ovs-vsctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dirs.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/options.h"
#include "base/util.h"
#include "db/table.h"
#include "rpc/tls.h"

static struct vsctl vsctl;
static struct smap first_options; /* of the first command */

static char *set_db(const struct option_row *row, const char *value)
{
	vsctl.db = value;
	return NULL;
}

static char *set_flag(const struct option_row *row, const char *value)
{
	*(bool *)row->aux = true;
	return NULL;
}

static char *set_timeout(const struct option_row *row, const char *value)
{
	if (!str_to_uint(value, 10, &vsctl.timeout_s) || !vsctl.timeout_s ||
	    vsctl.timeout_s > INT32_MAX / 1000)
		return xasprintf("value %s on -t or --timeout is invalid", value);
	return NULL;
}

static char *set_nothing(const struct option_row *row, const char *value)
{
	return NULL; /* a standalone server has no leader, and remotes are tried in their order */
}

static char *set_first_option(const struct option_row *row, const char *value)
{
	char *name = xasprintf("--%s", row->name);

	smap_set(&first_options, name, value);
	free(name);
	return NULL;
}

static char *print_commands(const struct option_row *row, const char *value)
{
	struct str s = STR_INIT;

	vsctl_format_commands(&s);
	fputs(str_cstr(&s), stdout);
	str_uninit(&s);
	exit(fflush(stdout) ? 1 : 0);
}

static char *print_version(const struct option_row *row, const char *value)
{
	program_print_version();
	printf("DB Schema %s\n", ovsrec_class.version);
	exit(fflush(stdout) ? 1 : 0);
}

static char *print_options(const struct option_row *row, const char *value);

static const struct option_row global_rows[] = {
	{ "db", 0, OPT_REQUIRED, "DATABASE", "connect to DATABASE (default: unix:RUNDIR/db.sock)",
	  set_db },
	{ "no-wait", 0, OPT_NONE, NULL, "do not wait for ovs-vswitchd to reconfigure", set_flag,
	  &vsctl.no_wait },
	{ "no-syslog", 0, OPT_NONE, NULL, "do not log the command line to syslog", set_flag,
	  &vsctl.no_syslog },
	{ "dry-run", 0, OPT_NONE, NULL, "do not commit changes to database", set_flag,
	  &vsctl.dry_run },
	{ "oneline", 0, OPT_NONE, NULL, "print exactly one line of output per command", set_flag,
	  &vsctl.oneline },
	{ "timeout", 't', OPT_REQUIRED, "SECS", "wait at most SECS seconds for ovs-vswitchd",
	  set_timeout },
	{ "retry", 0, OPT_NONE, NULL, "keep trying to connect to server forever", set_flag,
	  &vsctl.retry },
	{ "commands", 0, OPT_NONE, NULL, "list the commands for completion", print_commands },
	{ "options", 0, OPT_NONE, NULL, "list the options for completion", print_options },
	{ "leader-only", 0, OPT_NONE, NULL, "accepted for a clustered database", set_nothing },
	{ "no-leader-only", 0, OPT_NONE, NULL, "accepted for a clustered database", set_nothing },
	{ "shuffle-remotes", 0, OPT_NONE, NULL, "accepted for a clustered database", set_nothing },
	{ "no-shuffle-remotes", 0, OPT_NONE, NULL, "accepted for a clustered database",
	  set_nothing },
	{ "version", 'V', OPT_NONE, NULL, "display version information", print_version },
};

/* Groups, with room for the one that the commands' options make. */
static struct option_group groups[] = {
	OPTION_GROUP("Options", global_rows), { NULL }, { NULL }, { NULL }, { NULL },
};
#define N_SHOWN_GROUPS 4 /* without the commands' */

static char *print_options(const struct option_row *row, const char *value)
{
	struct str s = STR_INIT;

	options_format_list(&s, groups, N_SHOWN_GROUPS);
	fputs(str_cstr(&s), stdout);
	str_uninit(&s);
	exit(fflush(stdout) ? 1 : 0);
}

static bool has_row(const struct option_row *rows, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		if (strlen(rows[i].name) == len && !strncmp(rows[i].name, name, len))
			return true;
	}
	return false;
}

/* One hidden row for each option that some command has.  It lives as long as the program. */
static struct option_group command_options(void)
{
	struct option_row *rows = NULL;
	size_t n = 0, size = 0;

	for (size_t g = 0; g < vsctl_n_groups; g++) {
		for (size_t i = 0; i < vsctl_groups[g]->n; i++) {
			const char *p = vsctl_groups[g]->classes[i].options;

			for (; *p; p += strcspn(p, ","), p += *p == ',') {
				size_t len = strcspn(p, ",="), skip = strlen("--");

				if (has_row(rows, n, p + skip, len - skip))
					continue;
				if (n >= size)
					rows = x2nrealloc(rows, &size, sizeof(*rows));
				rows[n++] = (struct option_row){
					.name = xstrndup(p + skip, len - skip),
					.arg = p[len] == '=' ? OPT_REQUIRED : OPT_NONE,
					.set = set_first_option,
				};
			}
		}
	}
	return (struct option_group){ "Options of commands", rows, n };
}

static char *make_usage(void)
{
	struct str s = STR_INIT;

	str_put(&s, "%s: ovs-vswitchd management utility\n"
		    "usage: %s [OPTIONS] COMMAND [ARG...] [-- [OPTIONS] COMMAND [ARG...]]...\n");
	vsctl_format_help(&s);
	str_putc(&s, '\n');
	vsctl_format_records_help(&s);
	return str_steal(&s);
}

/* The command line for the log and the history of the database, quoted for a shell. */
static char *quote_args(int argc, char *argv[])
{
	struct str s = STR_INIT;

	for (int i = 0; i < argc; i++) {
		bool plain = *argv[i];

		for (const char *p = argv[i]; *p; p++)
			plain &= (unsigned char)*p > ' ' && !strchr("\"'\\$`", *p) && *p != 0x7f;
		if (i)
			str_putc(&s, ' ');
		if (plain) {
			str_put(&s, i ? argv[i] : program_name);
			continue;
		}
		str_putc(&s, '"');
		for (const char *p = argv[i]; *p; p++) {
			if (strchr("\"\\$`", *p))
				str_putc(&s, '\\');
			str_putc(&s, *p == '\n' ? ' ' : *p);
		}
		str_putc(&s, '"');
	}
	return str_steal(&s);
}

/* NULL, or a sentence. */
static char *read_environment(void)
{
	const char *timeout = getenv("OVS_CTL_TIMEOUT");

	if (timeout && *timeout &&
	    (!str_to_uint(timeout, 10, &vsctl.timeout_s) || vsctl.timeout_s > INT32_MAX / 1000))
		return xasprintf("value %s of OVS_CTL_TIMEOUT is not a number of seconds", timeout);
	return NULL;
}

int main(int argc, char *argv[])
{
	char *default_db, *usage, *err;
	int first, code;

	program_init(argc, argv);
	smap_init(&first_options);
	groups[1] = table_option_group;
	groups[2] = log_option_group;
	groups[3] = tls_option_group;
	groups[N_SHOWN_GROUPS] = command_options();
	default_db = xasprintf("unix:%s/db.sock", dir_run());
	vsctl.db = default_db;
	vsctl.called_as = quote_args(argc, argv);
	err = read_environment();
	if (err)
		fatal(0, "%s", err);
	table_style.format = TABLE_LIST;
	/* A person sees warnings; the log has who called us. */
	err = log_set_levels("console:warn");
	free(err);
	usage = make_usage();
	first = options_parse(argc, argv, groups, ARRAY_SIZE(groups), usage, NULL, true);
	free(usage);
	if (vsctl.no_syslog) {
		err = log_set_levels("vsctl:syslog:warn");
		free(err);
	}
	vsctl_parse_commands(&vsctl, argc - first, argv + first, &first_options);

	vsctl.loop = loop_create();
	if (!vsctl.loop)
		fatal(errno, "cannot create an event loop");
	code = vsctl_run(&vsctl);
	loop_destroy(vsctl.loop);

	for (size_t i = 0; i < groups[N_SHOWN_GROUPS].n_rows; i++)
		free((char *)groups[N_SHOWN_GROUPS].rows[i].name);
	free((struct option_row *)groups[N_SHOWN_GROUPS].rows);
	for (size_t i = 0; i < vsctl.n_commands; i++) {
		str_uninit(&vsctl.commands[i].out);
		smap_uninit(&vsctl.commands[i].options);
	}
	free(vsctl.commands);
	free(vsctl.called_as);
	free(default_db);
	smap_uninit(&first_options);
	return fflush(stdout) ? 1 : code;
}
