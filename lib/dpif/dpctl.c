// SPDX-License-Identifier: Apache-2.0
/* dpctl/...: the one table of verbs, and what they share. */
#include "dpif/dpctl.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dpif/dpif_ctl.h"
#include "rpc/unixctl.h"

static dpctl_fn list_commands;

static const struct verb {
	const char *name, *usage;
	int min_args, max_args; /* options counted; -1: any number */
	dpctl_fn *fn;
} verbs[] = {
	{ "add-dp", "dp [iface...]", 1, -1, dpctl_add_dp },
	{ "del-dp", "dp", 1, 1, dpctl_del_dp },
	{ "add-if", "dp iface...", 2, -1, dpctl_add_if },
	{ "del-if", "dp iface...", 2, -1, dpctl_del_if },
	{ "set-if", "dp iface...", 2, -1, dpctl_set_if },
	{ "dump-dps", "", 0, 0, dpctl_dump_dps },
	{ "show", "[-s] [dp...]", 0, -1, dpctl_show },
	{ "dump-flows", "[-m] [--names] [dp] [filter=..] [type=..] [pmd=..]", 0, 6,
	  dpctl_dump_flows },
	{ "add-flow", "[dp] flow actions", 2, 5, dpctl_add_flow },
	{ "mod-flow", "[dp] flow actions", 2, 6, dpctl_mod_flow },
	{ "get-flow", "[dp] ufid", 1, 4, dpctl_get_flow },
	{ "del-flow", "[dp] flow", 1, 3, dpctl_del_flow },
	{ "add-flows", "[dp] file", 1, 4, dpctl_add_flows },
	{ "mod-flows", "[dp] file", 1, 4, dpctl_mod_flows },
	{ "del-flows", "[dp] [file]", 0, 3, dpctl_del_flows },
	{ "list-commands", "", 0, -1, list_commands },
	{ "parse-actions", "actions", 1, 2, dpctl_parse_actions },
};

static void list_commands(struct dpctl *d, int argc, const char *argv[])
{
	size_t i;

	str_put(&d->out, "The available commands are:\n");
	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		str_printf(&d->out, "  dpctl/%-23s %s\n", verbs[i].name, verbs[i].usage);
}

void dpctl_error(struct dpctl *d, int err, const char *fmt, ...)
{
	va_list args;

	str_printf(&d->out, "%s: ", program_name);
	va_start(args, fmt);
	str_vprintf(&d->out, fmt, args);
	va_end(args);
	if (err)
		str_printf(&d->out, " (%s)", errno_str(err));
	str_putc(&d->out, '\n');
	d->failed = true;
}

bool dpif_is_named(const struct dpif *dp, const char *s)
{
	const char *at = strchr(s, '@');
	size_t type_len = at ? (size_t)(at - s) : 0;

	if (!streq(dpif_name(dp), at ? at + 1 : s))
		return false;
	return !at || (strlen(dpif_type(dp)) == type_len && !strncmp(dpif_type(dp), s, type_len));
}

struct search {
	const char *name; /* NULL: any */
	struct dpif *found;
	unsigned int n;
};

static bool search_one(struct dpif *dp, void *search_)
{
	struct search *search = search_;

	if (!search->name || dpif_is_named(dp, search->name)) {
		search->found = dp;
		search->n++;
	}
	return true;
}

struct dpif *dpctl_find(const char *name)
{
	struct search search = { .name = name };

	dpif_walk(search_one, &search);
	return search.n == 1 ? search.found : NULL;
}

struct dpif *dpctl_open(struct dpctl *d, const char *name)
{
	struct search search = { .name = name };
	struct dpif *dp;
	char *err;

	dpif_walk(search_one, &search);
	if (search.n != 1) {
		if (!name && search.n)
			dpctl_error(d, 0, "multiple datapaths, specify one");
		else if (!name)
			dpctl_error(d, 0, "no datapaths exist");
		else
			dpctl_error(d, 0, "opening datapath %s failed (No such device)", name);
		return NULL;
	}
	err = dpif_open(d->loop, dpif_type(search.found), dpif_name(search.found), &dp);
	if (err) {
		dpctl_error(d, 0, "opening datapath %s failed (%s)", name, err);
		free(err);
		return NULL;
	}
	return dp;
}

const struct odp_names *dpctl_names(const struct dpctl *d, struct dpif *dp)
{
	return d->names > 0 || (d->names < 0 && d->more) ? dpif_names(dp) : NULL;
}

/* Takes the options out of 'argv'.  Returns how many words are left; -1 after an option that is
 * none. */
static int parse_options(struct dpctl *d, int argc, const char *argv[], const char *words[])
{
	int i, n = 0;

	for (i = 0; i < argc; i++) {
		const char *s = argv[i];

		if (!i || s[0] != '-' || !s[1]) {
			words[n++] = s;
		} else if (streq(s, "-m") || streq(s, "--more")) {
			d->more = true;
		} else if (streq(s, "-s") || streq(s, "--statistics")) {
			d->stats = true;
		} else if (streq(s, "--clear")) {
			d->clear = true;
		} else if (streq(s, "--may-create")) {
			d->may_create = true;
		} else if (streq(s, "--read-only")) {
			d->read_only = true;
		} else if (streq(s, "--names")) {
			d->names = 1;
		} else if (streq(s, "--no-names")) {
			d->names = 0;
		} else {
			str_printf(&d->out, "Unrecognized option %s", s);
			d->failed = true;
			return -1;
		}
	}
	words[n] = NULL;
	return n;
}

static struct loop *main_loop;

static void run_verb(struct unixctl_conn *conn, int argc, const char *argv[], void *verb_)
{
	struct dpctl d = { .loop = main_loop, .out = STR_INIT, .names = -1 };
	const char **words = xcalloc(argc + 1, sizeof(*words));
	const struct verb *verb = verb_;
	int n = parse_options(&d, argc, argv, words);

	if (n > 0 && n - 1 < verb->min_args) {
		str_printf(&d.out, "\"%s\" command requires at least %d arguments", argv[0],
			   verb->min_args);
		d.failed = true;
	} else if (n > 0) {
		verb->fn(&d, n, words);
	}
	if (d.failed)
		unixctl_reply_error(conn, str_cstr(&d.out));
	else
		unixctl_reply(conn, str_cstr(&d.out));
	str_uninit(&d.out);
	free(words);
}

void dpctl_register_commands(struct loop *loop)
{
	size_t i;

	main_loop = loop;
	for (i = 0; i < ARRAY_SIZE(verbs); i++) {
		char *name = xasprintf("dpctl/%s", verbs[i].name);

		unixctl_command_register(name, verbs[i].usage, verbs[i].min_args, verbs[i].max_args,
					 run_verb, (void *)&verbs[i]);
		free(name);
	}
}

void dpif_register_commands(struct loop *loop)
{
	dpctl_register_commands(loop);
	dpif_user_register_commands();
	if (netdev_dummy_is_enabled())
		netdev_dummy_register_commands();
}
