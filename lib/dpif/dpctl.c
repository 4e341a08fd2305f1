// SPDX-License-Identifier: Apache-2.0
/* The one table of verbs and of options, what the verbs share, and dpctl/... of unixctl. */
#include "dpif/dpctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dpif/dpif_ctl.h"
#include "rpc/unixctl.h"

static dpctl_fn list_commands, help;

#define R DPCTL_READS
#define W DPCTL_WRITES
#define T DPCTL_IS_TEXT
const struct dpctl_verb dpctl_verbs[] = {
	{ "add-dp", "dp [iface...]", "make a datapath, with ports", 1, -1, dpctl_add_dp, W },
	{ "del-dp", "dp", "delete a datapath and its ports", 1, 1, dpctl_del_dp, W },
	{ "add-if", "dp iface...", "add devices as ports", 2, -1, dpctl_add_if, W },
	{ "del-if", "dp iface...", "remove ports", 2, -1, dpctl_del_if, W },
	{ "set-if", "dp iface...", "change options of ports", 2, -1, dpctl_set_if, W },
	{ "dump-dps", "", "list the datapaths", 0, 0, dpctl_dump_dps, R },
	{ "show", "[-s] [dp...]", "what each datapath, or those named, has and has done", 0, -1,
	  dpctl_show, R },
	{ "dump-flows", "[-m] [--names] [dp] [filter=..] [type=..] [pmd=..]", "list the flows", 0,
	  4, dpctl_dump_flows, R },
	{ "add-flow", "[dp] flow actions", "add a flow", 2, 3, dpctl_add_flow, W },
	{ "mod-flow", "[dp] flow actions", "change the actions of a flow", 2, 3, dpctl_mod_flow,
	  W },
	{ "get-flow", "[dp] ufid", "show the flow of an identifier", 1, 2, dpctl_get_flow, R },
	{ "del-flow", "[dp] flow", "delete a flow", 1, 2, dpctl_del_flow, W },
	{ "add-flows", "[dp] file", "add the flows of a file", 1, 2, dpctl_add_flows, W },
	{ "mod-flows", "[dp] file", "change the flows of a file", 1, 2, dpctl_mod_flows, W },
	{ "del-flows", "[dp] [file]", "delete the flows of a file, or all", 0, 2, dpctl_del_flows,
	  W },
	{ "offload-stats-show", "[dp]", "how many flows a device handles", 0, 1,
	  dpctl_offload_stats_show, R },
	{ "dump-conntrack", "[-m] [-s] [dp] [zone=N]", "list the tracked connections", 0, 2,
	  dpctl_dump_conntrack, R },
	{ "flush-conntrack", "[dp] [zone=N] [ct-orig-tuple] [ct-reply-tuple]",
	  "forget tracked connections", 0, 4, dpctl_flush_conntrack, W },
	{ "cache-get-size", "[dp]", "show the sizes of caches", 0, 1, dpctl_cache_get_size, R },
	{ "cache-set-size", "dp cache <size>", "set the size of a cache", 3, 3,
	  dpctl_cache_set_size, W },
	{ "ct-stats-show", "[dp] [zone=N]", "count the tracked connections by protocol", 0, 3,
	  dpctl_ct_stats_show, R },
	{ "ct-bkts", "[dp] [gt=N]", "count them by bucket of the table", 0, 2, dpctl_ct_bkts, R },
	{ "ct-set-maxconns", "[dp] maxconns", "set how many there may be", 1, 2,
	  dpctl_ct_set_maxconns, W },
	{ "ct-get-maxconns", "[dp]", "show how many there may be", 0, 1, dpctl_ct_get_maxconns, R },
	{ "ct-get-nconns", "[dp]", "show how many there are", 0, 1, dpctl_ct_get_nconns, R },
	{ "ct-enable-tcp-seq-chk", "[dp]", "check sequence numbers of TCP", 0, 1,
	  dpctl_ct_enable_tcp_seq_chk, W },
	{ "ct-disable-tcp-seq-chk", "[dp]", "do not check them", 0, 1, dpctl_ct_disable_tcp_seq_chk,
	  W },
	{ "ct-get-tcp-seq-chk", "[dp]", "show whether they are checked", 0, 1,
	  dpctl_ct_get_tcp_seq_chk, R },
	{ "ct-set-sweep-interval", "[dp] ms", "set how often expired ones are swept out", 1, 2,
	  dpctl_ct_set_sweep_interval, W },
	{ "ct-get-sweep-interval", "[dp]", "show how often", 0, 1, dpctl_ct_get_sweep_interval, R },
	{ "ct-set-limits", "[dp] [default=L] [zone=N,limit=L]...",
	  "set how many connections zones may have", 1, -1, dpctl_ct_set_limits, W },
	{ "ct-del-limits", "[dp] zone=N1[,N2]...", "let zones have the default again", 1, 2,
	  dpctl_ct_del_limits, W },
	{ "ct-get-limits", "[dp] [zone=N1[,N2]...]", "show the limits and how many there are", 0, 2,
	  dpctl_ct_get_limits, R },
	{ "ipf-set-enabled", "[dp] v4|v6", "reassemble fragments", 1, 2, dpctl_ipf_set_enabled, W },
	{ "ipf-set-disabled", "[dp] v4|v6", "do not reassemble them", 1, 2, dpctl_ipf_set_disabled,
	  W },
	{ "ipf-set-min-frag", "[dp] v4|v6 minfragment",
	  "set the least size of a fragment but the last", 2, 3, dpctl_ipf_set_min_frag, W },
	{ "ipf-set-max-nfrags", "[dp] maxfrags", "set how many may wait", 1, 2,
	  dpctl_ipf_set_max_nfrags, W },
	{ "ipf-get-status", "[dp]", "show what reassembly does and did", 0, 1, dpctl_ipf_get_status,
	  R },
	{ "help", "", "show this", 0, -1, help, DPCTL_IS_TOOL },
	{ "list-commands", "", "list the commands", 0, -1, list_commands, T },
	{ "parse-actions", "actions", "show actions as they are understood", 1, -1,
	  dpctl_parse_actions, T },
	{ "normalize-actions", "actions", "show actions by the tags that a packet has then", 2, -1,
	  dpctl_normalize_actions, T },
};
#undef R
#undef W
#undef T
const size_t dpctl_n_verbs = ARRAY_SIZE(dpctl_verbs);

static void list_commands(struct dpctl *d, int argc, const char *argv[])
{
	const char *prefix = d->standalone ? "" : "dpctl/";

	(void)argc, (void)argv;
	str_put(&d->out, "The available commands are:\n");
	for (size_t i = 0; i < dpctl_n_verbs; i++) {
		if (dpctl_verbs[i].access == DPCTL_IS_TOOL && !d->standalone)
			continue;
		str_printf(&d->out, "  %s%-23s %s\n", prefix, dpctl_verbs[i].name,
			   dpctl_verbs[i].usage);
		dpctl_json_add(d, json_pack("{s:s, s:s}", "name", dpctl_verbs[i].name, "usage",
					    dpctl_verbs[i].usage));
	}
}

static void help(struct dpctl *d, int argc, const char *argv[])
{
	(void)argc, (void)argv;
	d->show_help();
}

/* ---- Options ---- */

struct dpctl_options *dpctl_options_target;

static char *set_stats(const struct option_row *row, const char *value)
{
	dpctl_options_target->stats = true;
	return NULL;
}

static char *set_more(const struct option_row *row, const char *value)
{
	dpctl_options_target->more = true;
	return NULL;
}

static char *set_names(const struct option_row *row, const char *value)
{
	dpctl_options_target->names = streq(row->name, "names");
	return NULL;
}

static char *set_may_create(const struct option_row *row, const char *value)
{
	dpctl_options_target->may_create = true;
	return NULL;
}

static char *set_read_only(const struct option_row *row, const char *value)
{
	dpctl_options_target->read_only = true;
	return NULL;
}

static char *set_clear(const struct option_row *row, const char *value)
{
	dpctl_options_target->clear = true;
	return NULL;
}

static const struct option_row show_rows[] = {
	{ "statistics", 's', OPT_NONE, NULL, "statistics of ports, flows or connections, too",
	  set_stats, NULL },
};
static const struct option_row dump_rows[] = {
	{ "more", 'm', OPT_NONE, NULL, "more of each flow or connection", set_more, NULL },
	{ "names", 0, OPT_NONE, NULL, "names of ports", set_names, NULL },
	{ "no-names", 0, OPT_NONE, NULL, "numbers of ports", set_names, NULL },
};
static const struct option_row mod_rows[] = {
	{ "may-create", 0, OPT_NONE, NULL, "make the flow if it is not there", set_may_create,
	  NULL },
	{ "read-only", 0, OPT_NONE, NULL, "refuse commands that change anything", set_read_only,
	  NULL },
	{ "clear", 0, OPT_NONE, NULL, "its statistics begin at 0 again", set_clear, NULL },
};
const struct option_group dpctl_option_groups[DPCTL_N_OPTION_GROUPS] = {
	OPTION_GROUP("Options of show, mod-flow, del-flow, dump-conntrack", show_rows),
	OPTION_GROUP("Options of dump-flows, get-flow", dump_rows),
	OPTION_GROUP("Options of mod-flow", mod_rows),
};

static const struct option_row *option_lookup(const char *s)
{
	for (size_t i = 0; i < DPCTL_N_OPTION_GROUPS; i++) {
		for (size_t j = 0; j < dpctl_option_groups[i].n_rows; j++) {
			const struct option_row *row = &dpctl_option_groups[i].rows[j];

			if (s[1] == '-' ? streq(s + 2, row->name)
					: row->short_name && s[1] == row->short_name && !s[2])
				return row;
		}
	}
	return NULL;
}

/* ---- What verbs share ---- */

void dpctl_init(struct dpctl *d, struct loop *loop, bool standalone, bool json)
{
	memset(d, 0, sizeof(*d));
	d->loop = loop;
	d->standalone = standalone;
	d->opt = DPCTL_OPTIONS_DEFAULT;
	d->json = json ? json_array() : NULL;
}

void dpctl_uninit(struct dpctl *d)
{
	str_uninit(&d->out);
	str_uninit(&d->errors);
	json_decref(d->json);
}

void dpctl_json_add(struct dpctl *d, json_t *json)
{
	if (d->json)
		json_array_append_new(d->json, json);
	else
		json_decref(json);
}

void dpctl_error(struct dpctl *d, int err, const char *fmt, ...)
{
	va_list args;

	str_printf(&d->errors, "%s: ", program_name);
	if (d->file)
		str_printf(&d->errors, "%s:%u: ", d->file, d->line);
	va_start(args, fmt);
	str_vprintf(&d->errors, fmt, args);
	va_end(args);
	if (err)
		str_printf(&d->errors, " (%s)", errno_str(err));
	str_putc(&d->errors, '\n');
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

/* All datapaths there are: "TYPE@NAME", sorted. */
struct list {
	const char *type;
	char **names;
	size_t n, size;
};

static void list_add(const char *name, void *list_)
{
	struct list *list = list_;

	if (list->n == list->size)
		list->names = x2nrealloc(list->names, &list->size, sizeof(*list->names));
	list->names[list->n++] = xasprintf("%s@%s", list->type, name);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void list_init(struct list *list, bool standalone)
{
	memset(list, 0, sizeof(*list));
	for (const char *const *type = dpif_types(); *type; type++) {
		list->type = *type;
		/* Others live inside of daemons, and those are not this process. */
		if (!standalone || streq(*type, "system"))
			dpif_enumerate(*type, list_add, list);
	}
	if (list->n)
		qsort(list->names, list->n, sizeof(*list->names), compare);
}

static void list_uninit(struct list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->names[i]);
	free(list->names);
}

static struct dpif *open_named(const struct dpctl *d, const char *name, int *err)
{
	const char *at = strchr(name, '@');
	char *type = at ? xstrndup(name, at - name) : xstrdup("system");
	struct dpif *dp = NULL;

	*err = d->standalone && !streq(type, "system")
		       ? -ENODEV
		       : dpif_open_existing(d->loop, type, at ? at + 1 : name, &dp);
	free(type);
	return *err ? NULL : dp;
}

struct dpif *dpctl_find(const struct dpctl *d, const char *name, int *err)
{
	struct dpif *dp = NULL;
	const char *found = NULL;
	struct list list;
	size_t n = 0;

	if (strchr(name, '@'))
		return open_named(d, name, err);
	list_init(&list, d->standalone);
	for (size_t i = 0; i < list.n; i++) {
		if (streq(strchr(list.names[i], '@') + 1, name)) {
			found = list.names[i];
			n++;
		}
	}
	*err = -ENODEV;
	if (n == 1)
		dp = open_named(d, found, err);
	list_uninit(&list);
	return dp;
}

void dpctl_walk(struct dpctl *d, void (*fn)(struct dpctl *, struct dpif *))
{
	struct list list;

	list_init(&list, d->standalone);
	for (size_t i = 0; i < list.n; i++) {
		struct dpif *dp;
		int err;

		dp = open_named(d, list.names[i], &err);
		if (dp)
			fn(d, dp);
		else
			dpctl_error(d, err, "opening datapath %s failed", list.names[i]);
		dpif_unref(dp);
	}
	list_uninit(&list);
}

static struct dpif *open_only(struct dpctl *d)
{
	struct dpif *dp = NULL;
	struct list list;
	int err;

	list_init(&list, d->standalone);
	if (list.n == 1) {
		dp = open_named(d, list.names[0], &err);
		if (!dp)
			dpctl_error(d, err, "opening datapath %s failed", list.names[0]);
	} else {
		dpctl_error(d, 0, "%s",
			    list.n ? "multiple datapaths, specify one" : "no datapaths exist");
	}
	list_uninit(&list);
	return dp;
}

struct dpif *dpctl_take_dp(struct dpctl *d, int *argc, const char ***argv, int max_words)
{
	struct dpif *dp = NULL;
	int err;

	if (*argc > 1 && !strchr((*argv)[1], '=') && !strchr((*argv)[1], '('))
		dp = dpctl_find(d, (*argv)[1], &err);
	if (dp) {
		++*argv;
		--*argc;
	}
	if (dp && *argc - 1 > max_words) {
		dpctl_error(d, EINVAL, "too many arguments");
		dpif_unref(dp);
		return NULL;
	}
	if (!dp && *argc - 1 <= max_words)
		dp = open_only(d);
	if (!dp)
		dpctl_error(d, EINVAL, "datapath not found");
	return dp;
}

const struct odp_names *dpctl_names(const struct dpctl *d, struct dpif *dp)
{
	return d->opt.names > 0 || (d->opt.names < 0 && d->opt.more) ? dpif_names(dp) : NULL;
}

/* ---- Running ---- */

static const struct dpctl_verb *verb_lookup(const struct dpctl *d, const char *name)
{
	for (size_t i = 0; i < dpctl_n_verbs; i++) {
		const struct dpctl_verb *verb = &dpctl_verbs[i];

		if (streq(verb->name, name) && (verb->access != DPCTL_IS_TOOL || d->standalone))
			return &dpctl_verbs[i];
	}
	return NULL;
}

/* Whether there are datapaths at all that ovs-dpctl could reach: without any, it is no answer that
 * the list of them is empty. */
static bool is_in_reach(const struct dpctl *d, const struct dpctl_verb *verb, const char **why)
{
	const char *type;

	if (!d->standalone || verb->access == DPCTL_IS_TEXT || verb->access == DPCTL_IS_TOOL)
		return true;
	*why = dpif_default_type(&type);
	return streq(type, "system");
}

void dpctl_run(struct dpctl *d, int argc, const char *argv[])
{
	const struct dpctl_verb *verb = verb_lookup(d, argv[0]);
	const char *why;

	if (!verb)
		dpctl_error(d, 0, "unknown command '%s'; use --help for help", argv[0]);
	else if (argc - 1 < verb->min_words)
		dpctl_error(d, 0, "'%s' command requires at least %d arguments", argv[0],
			    verb->min_words);
	else if (verb->max_words >= 0 && argc - 1 > verb->max_words)
		dpctl_error(d, 0, "'%s' command takes at most %d arguments", argv[0],
			    verb->max_words);
	else if (verb->access == DPCTL_WRITES && d->opt.read_only)
		dpctl_error(d, 0, "'%s' command does not work in read only mode", argv[0]);
	else if (!is_in_reach(d, verb, &why))
		dpctl_error(d, 0,
			    "no kernel datapath: %s; a daemon's own are reached by "
			    "ovs-appctl dpctl/%s",
			    why, argv[0]);
	else
		verb->fn(d, argc, argv);
}

static struct loop *main_loop;

/* Takes the options out of 'argv'.  Returns how many words are left; -1 after an option that is
 * none, which is in '*bad'. */
static int take_options(struct dpctl *d, int argc, const char *argv[], const char *words[],
			const char **bad)
{
	int n = 0;

	dpctl_options_target = &d->opt;
	for (int i = 0; i < argc; i++) {
		const struct option_row *row;

		if (!i || argv[i][0] != '-' || !argv[i][1]) {
			words[n++] = argv[i];
			continue;
		}
		row = option_lookup(argv[i]);
		if (!row) {
			*bad = argv[i];
			return -1;
		}
		row->set(row, NULL);
	}
	words[n] = NULL;
	return n;
}

/* Whether the verb has a list to answer with. */
static bool has_list(const struct dpctl *d)
{
	return d->json && (json_array_size(d->json) || !d->out.len);
}

static void run_verb(struct unixctl_conn *conn, int argc, const char *argv[], void *verb_)
{
	const char **words = xcalloc(argc + 1, sizeof(*words)), *bad;
	const struct dpctl_verb *verb = verb_;
	struct dpctl d;
	char *text;
	int n;

	dpctl_init(&d, main_loop, false, unixctl_wants_json(conn));
	n = take_options(&d, argc, argv, words, &bad);
	if (n < 0) {
		text = xasprintf("Unrecognized option %s", bad);
		unixctl_reply_error(conn, text);
		free(text);
	} else if (n - 1 < verb->min_words) {
		text = xasprintf("\"%s\" command requires at least %d arguments", argv[0],
				 verb->min_words);
		unixctl_reply_error(conn, text);
		free(text);
	} else {
		words[0] = verb->name;
		dpctl_run(&d, n, words);
		if (d.failed) {
			/* What was done before the failure is said, too. */
			str_put(&d.out, str_cstr(&d.errors));
			unixctl_reply_error(conn, str_cstr(&d.out));
		} else if (has_list(&d) && verb->access != DPCTL_WRITES) {
			unixctl_reply_json(conn, json_incref(d.json));
		} else {
			unixctl_reply(conn, str_cstr(&d.out));
		}
	}
	dpctl_uninit(&d);
	free(words);
}

void dpctl_register_commands(struct loop *loop)
{
	int n_options = 0;

	main_loop = loop;
	for (size_t i = 0; i < DPCTL_N_OPTION_GROUPS; i++)
		n_options += dpctl_option_groups[i].n_rows;
	for (size_t i = 0; i < dpctl_n_verbs; i++) {
		const struct dpctl_verb *verb = &dpctl_verbs[i];
		char *name;

		if (verb->access == DPCTL_IS_TOOL)
			continue;
		name = xasprintf("dpctl/%s", verb->name);
		/* Options stand among the words. */
		unixctl_command_register(name, verb->usage, verb->min_words,
					 verb->max_words < 0 ? -1 : verb->max_words + n_options,
					 run_verb, (void *)verb);
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
