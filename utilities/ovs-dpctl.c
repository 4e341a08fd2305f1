// SPDX-License-Identifier: Apache-2.0
/* ovs-dpctl: the commands dpctl/... for datapaths that live outside of daemons, the kernel's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/options.h"
#include "base/rcu.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/util.h"
#include "dpif/dpctl.h"

static unsigned int timeout_s; /* 0: none */
static bool json_format, pretty;

static char *set_timeout(const struct option_row *row, const char *value)
{
	if (!str_to_uint(value, 10, &timeout_s) || !timeout_s)
		return xasprintf("value %s on -t or --timeout is invalid", value);
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

static const struct option_row rows[] = {
	{ "timeout", 't', OPT_REQUIRED, "SECS", "give up after SECS seconds", set_timeout, NULL },
	{ "format", 'f', OPT_REQUIRED, "FMT", "listings as text (the default) or json", set_format,
	  NULL },
	{ "pretty", 0, OPT_NONE, NULL, "indent JSON", set_pretty, NULL },
};
static const struct option_group own = OPTION_GROUP("Other options", rows);

static char *make_usage(void)
{
	struct str s = STR_INIT;

	str_put(&s, "ovs-dpctl, for datapaths of the kernel\n"
		    "usage: %s [OPTIONS] COMMAND [ARG...]\n");
	for (size_t i = 0; i < dpctl_n_verbs; i++) {
		const struct dpctl_verb *v = &dpctl_verbs[i];
		size_t start = s.len;

		str_printf(&s, "  %s %s", v->name, v->usage);
		if (s.len - start < 40)
			str_put_repeat(&s, ' ', 40 - (s.len - start));
		str_printf(&s, " %s\n", v->help);
	}
	str_put(&s, "Behind an iface may stand options: ,type=T ,port_no=N ,KEY=VALUE.\n"
		    "dp may be left out where it is in brackets, if there is only one.\n");
	return str_steal(&s);
}

static int parse(int argc, char *argv[], struct dpctl_options *opt)
{
	struct option_group groups[DPCTL_N_OPTION_GROUPS + 2];
	char *usage = make_usage();
	size_t n = 0;
	int first;

	for (; n < DPCTL_N_OPTION_GROUPS; n++)
		groups[n] = dpctl_option_groups[n];
	groups[n++] = own;
	groups[n++] = log_option_group;
	dpctl_options_target = opt;
	first = options_parse(argc, argv, groups, n, usage, NULL, false);
	free(usage);
	return first;
}

static void show_help(void)
{
	struct dpctl_options none;
	char *argv[] = { (char *)program_name, (char *)"--help", NULL };

	parse(2, argv, &none); /* exits */
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

static void print(const struct dpctl *d)
{
	/* What changes something has text only. */
	if (d->json && !d->failed && (json_array_size(d->json) || !d->out.len)) {
		char *text = json_dumps(d->json, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15) |
							 (pretty ? JSON_INDENT(2) : JSON_COMPACT));

		puts(text ? text : "null");
		free(text);
	} else {
		fputs(str_cstr(&d->out), stdout);
	}
	if (fflush(stdout) || ferror(stdout))
		fatal(0, "cannot write the answer");
	fputs(str_cstr(&d->errors), stderr);
}

int main(int argc, char *argv[])
{
	struct dpctl_options opt = DPCTL_OPTIONS_DEFAULT;
	struct loop *loop;
	struct dpctl d;
	char *err;
	int i, rc;

	program_init(argc, argv);
	i = parse(argc, argv, &opt);
	if (i >= argc)
		fatal(0, "missing command name; use --help for help");
	if (pretty && !json_format)
		fatal(0, "--pretty is only for --format json");
	start_timeout();
	thread_forks_done();
	loop = loop_create();
	err = loop ? netdev_init(loop, false) : xstrdup("cannot create the event loop");
	if (err)
		fatal(0, "%s", err);

	dpctl_init(&d, loop, true, json_format);
	d.opt = opt;
	d.show_help = show_help;
	dpctl_run(&d, argc - i, (const char **)argv + i);
	print(&d);
	rc = d.failed;
	dpctl_uninit(&d);
	netdev_uninit();
	loop_destroy(loop);
	rcu_barrier_();
	return rc;
}
