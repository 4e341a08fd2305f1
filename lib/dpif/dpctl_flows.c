// SPDX-License-Identifier: Apache-2.0
/* dpctl verbs about flows. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dpif/dpctl.h"
#include "dpif/dpif_ctl.h"

#define DUMP_BATCH 16

/* ---- dump-flows ---- */

struct dump {
	struct match filter;
	bool has_filter;
	bool none; /* the types that were asked for are none of this datapath's */
	int pmd; /* -2: all */
};

/* Whether a packet could match both the flow and the filter. */
static bool filter_allows(const struct dump *dump, const struct dpif_flow *f)
{
	struct flow_mask both;
	uint64_t *b = (uint64_t *)&both;
	size_t i;

	if (!dump->has_filter)
		return true;
	both = f->mask;
	for (i = 0; i < FLOW_U64S; i++) {
		uint64_t word;

		memcpy(&word, (const char *)&dump->filter.mask + i * 8, 8);
		b[i] &= word;
	}
	return flow_equal_in_mask(&f->key, &dump->filter.flow, &both);
}

static bool parse_types(struct dpctl *d, const char *s, struct dump *dump)
{
	static const struct {
		const char *name;
		bool ours;
	} types[] = {
		{ "ovs", true },        { "tc", false },           { "dpdk", false },
		{ "offloaded", false }, { "non-offloaded", true }, { "partially-offloaded", false },
		{ "all", true },
	};
	char *copy = xstrdup(s), *save = NULL, *word;
	size_t i;

	dump->none = true;
	for (word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		for (i = 0; i < ARRAY_SIZE(types) && !streq(types[i].name, word); i++)
			continue;
		if (i == ARRAY_SIZE(types)) {
			dpctl_error(d, EINVAL, "Failed to parse type (%s)", s);
			break;
		}
		dump->none &= !types[i].ours;
	}
	free(copy);
	return !d->failed;
}

static bool parse_dump_arg(struct dpctl *d, const char *arg, struct dump *dump, const char **name)
{
	char *err;

	if (str_has_prefix(arg, "filter=")) {
		err = match_parse(&dump->filter, arg + 7, NULL);
		if (err)
			dpctl_error(d, 0, "Failed to parse filter (%s)", err);
		free(err);
		dump->has_filter = true;
	} else if (str_has_prefix(arg, "type=")) {
		return parse_types(d, arg + 5, dump);
	} else if (str_has_prefix(arg, "pmd=")) {
		if (!str_to_int(arg + 4, 10, &dump->pmd) || dump->pmd < -1)
			dpctl_error(d, EINVAL, "Failed to parse pmd (%s)", arg + 4);
	} else if (*name || !dpctl_find(arg)) {
		dpctl_error(d, EINVAL, "datapath not found");
	} else {
		*name = arg;
	}
	return !d->failed;
}

static void dump_flows(struct dpctl *d, struct dpif *dp, const struct dump *dump)
{
	struct dpif_flow *flows = xcalloc(DUMP_BATCH, sizeof(*flows));
	struct dpif_dump *all = dpif_dump_create(dp);
	struct dpif_dump_thread *t = dpif_dump_thread_create(all);
	size_t i, n;
	int error;

	while ((n = dpif_dump_next(t, flows, DUMP_BATCH))) {
		for (i = 0; i < n; i++) {
			if (dump->none || (dump->pmd != -2 && flows[i].pmd_id != dump->pmd) ||
			    !filter_allows(dump, &flows[i]))
				continue;
			dpif_flow_format(&flows[i], dpctl_names(d, dp), d->more, &d->out);
			str_putc(&d->out, '\n');
		}
	}
	dpif_dump_thread_destroy(t);
	error = dpif_dump_destroy(all);
	if (error)
		dpctl_error(d, error, "Failed to dump flows from datapath");
	free(flows);
}

void dpctl_dump_flows(struct dpctl *d, int argc, const char *argv[])
{
	struct dump dump = { .pmd = -2 };
	const char *name = NULL;
	struct dpif *dp;
	int i;

	for (i = 1; i < argc; i++) {
		if (!parse_dump_arg(d, argv[i], &dump, &name))
			return;
	}
	dp = dpctl_open(d, name);
	if (dp)
		dump_flows(d, dp, &dump);
	dpif_unref(dp);
}

/* ---- One flow ---- */

static int operate(struct dpif *dp, struct dpif_op *op)
{
	dpif_operate(dp, &op, 1);
	return op->error;
}

/* A flow in text: identifier, key, mask. */
struct parsed {
	struct ufid ufid;
	bool has_ufid;
	struct flow key;
	struct flow_mask mask;
};

static bool parse_key(struct dpctl *d, struct dpif *dp, const char *s, struct parsed *p)
{
	int r = dpif_ufid_parse(s, &p->ufid, &s);
	char *err;

	if (r < 0) {
		dpctl_error(d, EINVAL, "parsing flow ufid");
		return false;
	}
	p->has_ufid = r > 0;
	err = odp_flow_parse(s, dpif_names(dp), &p->key, &p->mask);
	if (err)
		dpctl_error(d, EINVAL, "parsing flow key (%s)", err);
	free(err);
	return !err;
}

static void put_flow(struct dpctl *d, struct dpif *dp, unsigned int flags, const char *key,
		     const char *actions)
{
	struct odp_buf acts = { .data = NULL };
	struct dpif_flow_stats stats;
	struct dpif_op op;
	struct parsed p;
	char *err;

	if (!parse_key(d, dp, key, &p))
		return;
	err = odp_actions_parse(actions, dpif_names(dp), &acts);
	if (!err) {
		op = (struct dpif_op){
			.type = DPIF_OP_PUT,
			.put = {
				.flags = flags | (d->clear ? DPIF_PUT_ZERO_STATS : 0),
				.key = &p.key,
				.mask = &p.mask,
				.ufid = p.has_ufid ? &p.ufid : NULL,
				.actions = acts.data,
				.actions_len = acts.len,
				.stats = d->stats ? &stats : NULL,
			},
		};
		if (operate(dp, &op)) {
			dpctl_error(d, op.error, "updating flow table");
		} else if (d->stats) {
			dpif_flow_stats_format(&stats, &d->out);
			str_putc(&d->out, '\n');
		}
	} else {
		dpctl_error(d, 0, "parsing actions (%s)", err);
		free(err);
	}
	odp_buf_uninit(&acts);
}

/* The datapath of "[dp] a b": named if there are that many words. */
static struct dpif *open_for(struct dpctl *d, int argc, const char *argv[], int n_with_dp)
{
	return dpctl_open(d, argc == n_with_dp ? argv[1] : NULL);
}

static void put_command(struct dpctl *d, unsigned int flags, int argc, const char *argv[])
{
	struct dpif *dp = open_for(d, argc, argv, 4);

	if (dp)
		put_flow(d, dp, flags, argv[argc - 2], argv[argc - 1]);
	dpif_unref(dp);
}

void dpctl_add_flow(struct dpctl *d, int argc, const char *argv[])
{
	put_command(d, DPIF_PUT_CREATE, argc, argv);
}

static unsigned int mod_flags(const struct dpctl *d)
{
	return DPIF_PUT_MODIFY | (d->may_create ? DPIF_PUT_CREATE : 0);
}

void dpctl_mod_flow(struct dpctl *d, int argc, const char *argv[])
{
	put_command(d, mod_flags(d), argc, argv);
}

void dpctl_get_flow(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = open_for(d, argc, argv, 3);
	struct odp_buf acts = { .data = NULL };
	const char *rest;
	struct dpif_flow flow;
	struct ufid ufid;
	struct dpif_op op = { .type = DPIF_OP_GET,
			      .get = { .ufid = &ufid, .actions = &acts, .flow = &flow } };

	if (!dp)
		return;
	if (dpif_ufid_parse(argv[argc - 1], &ufid, &rest) <= 0) {
		dpctl_error(d, EINVAL, "parsing flow ufid");
	} else if (operate(dp, &op)) {
		dpctl_error(d, op.error, "getting flow");
	} else {
		dpif_flow_format(&flow, dpctl_names(d, dp), d->more, &d->out);
		str_putc(&d->out, '\n');
	}
	odp_buf_uninit(&acts);
	dpif_unref(dp);
}

static void del_flow(struct dpctl *d, struct dpif *dp, const char *key)
{
	struct dpif_flow_stats stats;
	struct parsed p;
	const char *rest;
	struct dpif_op op = { .type = DPIF_OP_DEL, .del = { .key = &p.key, .stats = &stats } };

	if (dpif_ufid_parse(key, &p.ufid, &rest) > 0 && !*rest) {
		op.del.ufid = &p.ufid;
	} else if (!parse_key(d, dp, key, &p)) {
		return;
	} else if (p.has_ufid) {
		op.del.ufid = &p.ufid;
	}
	if (operate(dp, &op)) {
		dpctl_error(d, op.error, "deleting flow");
		if (op.error == -ENOENT && !op.del.ufid)
			str_put(&d->out, "Perhaps you need to specify a UFID?\n");
	} else if (d->stats) {
		dpif_flow_stats_format(&stats, &d->out);
		str_putc(&d->out, '\n');
	}
}

void dpctl_del_flow(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = open_for(d, argc, argv, 3);

	if (dp)
		del_flow(d, dp, argv[argc - 1]);
	dpif_unref(dp);
}

/* ---- Many flows ---- */

enum what { WHAT_ADD, WHAT_MOD, WHAT_DEL };

/* "[add|modify|delete] KEY[,] [actions:]ACTIONS", the form that dump-flows prints included. */
static void file_line(struct dpctl *d, struct dpif *dp, enum what what, char *s)
{
	static const struct {
		const char *word;
		enum what what;
	} words[] = {
		{ "add ", WHAT_ADD },    { "add,", WHAT_ADD },    { "modify ", WHAT_MOD },
		{ "modify,", WHAT_MOD }, { "delete ", WHAT_DEL }, { "delete,", WHAT_DEL },
	};
	unsigned int depth = 0;
	char *end, *actions;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (str_has_prefix(s, words[i].word)) {
			what = words[i].what;
			s += strlen(words[i].word);
			break;
		}
	}
	s += strspn(s, " \t");
	/* A key ends at the first blank outside of parentheses and of "ufid:..., ". */
	end = str_has_prefix(s, "ufid:") ? s + strcspn(s, " \t") : s;
	for (end += strspn(end, " \t"); *end && (depth || !isspace((unsigned char)*end)); end++)
		depth += *end == '(' ? 1 : *end == ')' && depth ? -1u : 0;
	actions = end;
	while (end > s && (end[-1] == ',' || isspace((unsigned char)end[-1])))
		end--;
	if (*actions)
		actions++;
	if (end < actions)
		*end = '\0';
	if (what == WHAT_DEL) {
		del_flow(d, dp, s);
		return;
	}
	/* Statistics of a dump stand between. */
	if (strstr(actions, "actions:"))
		actions = strstr(actions, "actions:") + strlen("actions:");
	actions += strspn(actions, " \t");
	put_flow(d, dp, what == WHAT_ADD ? DPIF_PUT_CREATE : mod_flags(d), s, actions);
}

static void file_command(struct dpctl *d, enum what what, int argc, const char *argv[])
{
	struct dpif *dp = open_for(d, argc, argv, 3);
	const char *path = argv[argc - 1];
	size_t size = 0;
	char *s = NULL;
	FILE *f;

	if (!dp)
		return;
	f = fopen(path, "re");
	if (!f) {
		dpctl_error(d, errno, "Opening file \"%s\" failed", path);
		dpif_unref(dp);
		return;
	}
	while (getline(&s, &size, f) >= 0) {
		char *start = s + strspn(s, " \t");

		start[strcspn(start, "#\r\n")] = '\0';
		if (*start)
			file_line(d, dp, what, start);
	}
	free(s);
	fclose(f);
	dpif_unref(dp);
}

void dpctl_add_flows(struct dpctl *d, int argc, const char *argv[])
{
	file_command(d, WHAT_ADD, argc, argv);
}

void dpctl_mod_flows(struct dpctl *d, int argc, const char *argv[])
{
	file_command(d, WHAT_MOD, argc, argv);
}

void dpctl_del_flows(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp;
	int error;

	/* One word is a datapath if there is one of that name, else a file. */
	if (argc == 3 || (argc == 2 && !dpctl_find(argv[1]))) {
		file_command(d, WHAT_DEL, argc, argv);
		return;
	}
	dp = dpctl_open(d, argc == 2 ? argv[1] : NULL);
	if (!dp)
		return;
	error = dpif_flow_flush(dp);
	if (error)
		dpctl_error(d, error, "deleting all flows");
	dpif_unref(dp);
}

void dpctl_parse_actions(struct dpctl *d, int argc, const char *argv[])
{
	int i;

	for (i = 1; i < argc; i++) {
		struct odp_buf acts = { .data = NULL };
		char *err = odp_actions_parse(argv[i], NULL, &acts);

		if (err) {
			dpctl_error(d, 0, "odp_actions_from_string (%s)", err);
			free(err);
		} else {
			odp_actions_format(acts.data, acts.len, NULL, &d->out);
			str_putc(&d->out, '\n');
		}
		odp_buf_uninit(&acts);
	}
}
