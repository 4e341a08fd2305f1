// SPDX-License-Identifier: Apache-2.0
/* dpctl verbs that change flows. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dpif/dpctl.h"
#include "dpif/dpif_ctl.h"

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
				.flags = flags | (d->opt.clear ? DPIF_PUT_ZERO_STATS : 0),
				.key = &p.key,
				.mask = &p.mask,
				.ufid = p.has_ufid ? &p.ufid : NULL,
				.actions = acts.data,
				.actions_len = acts.len,
				.stats = d->opt.stats ? &stats : NULL,
			},
		};
		if (operate(dp, &op)) {
			dpctl_error(d, op.error, "updating flow table");
		} else if (d->opt.stats) {
			dpif_flow_stats_format(&stats, &d->out);
			str_putc(&d->out, '\n');
		}
	} else {
		dpctl_error(d, 0, "parsing actions (%s)", err);
		free(err);
	}
	odp_buf_uninit(&acts);
}

static void put_command(struct dpctl *d, unsigned int flags, int argc, const char *argv[])
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, 2);

	if (dp && argc == 3)
		put_flow(d, dp, flags, argv[1], argv[2]);
	else if (dp)
		dpctl_error(d, EINVAL, "a flow and its actions are needed");
	dpif_unref(dp);
}

void dpctl_add_flow(struct dpctl *d, int argc, const char *argv[])
{
	put_command(d, DPIF_PUT_CREATE, argc, argv);
}

static unsigned int mod_flags(const struct dpctl *d)
{
	return DPIF_PUT_MODIFY | (d->opt.may_create ? DPIF_PUT_CREATE : 0);
}

void dpctl_mod_flow(struct dpctl *d, int argc, const char *argv[])
{
	put_command(d, mod_flags(d), argc, argv);
}

static void del_flow(struct dpctl *d, struct dpif *dp, const char *key)
{
	struct dpif_flow_stats stats;
	struct parsed p;
	const char *rest;
	struct dpif_op op = { .type = DPIF_OP_DEL,
			      .del = { .key = &p.key, .ufid = &p.ufid, .stats = &stats } };

	bool only_ufid = dpif_ufid_parse(key, &p.ufid, &rest) > 0 && !*rest;

	if (!only_ufid && !parse_key(d, dp, key, &p))
		return;
	if (only_ufid)
		op.del.key = NULL;
	else if (!p.has_ufid)
		dpif_ufid_of_key(&p.ufid, &p.key);
	if (operate(dp, &op)) {
		dpctl_error(d, op.error, "deleting flow");
		if (op.error == -ENOENT && !only_ufid && !p.has_ufid)
			str_put(&d->errors, "Perhaps you need to specify a UFID?\n");
	} else if (d->opt.stats) {
		dpif_flow_stats_format(&stats, &d->out);
		str_putc(&d->out, '\n');
	}
}

void dpctl_del_flow(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, 1);

	if (dp && argc == 2)
		del_flow(d, dp, argv[1]);
	else if (dp)
		dpctl_error(d, EINVAL, "a flow is needed");
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

static void file_command(struct dpctl *d, struct dpif *dp, enum what what, const char *path)
{
	FILE *f = d->standalone && streq(path, "-") ? stdin : fopen(path, "re");
	size_t size = 0;
	char *s = NULL;

	if (!f) {
		dpctl_error(d, errno, "Opening file \"%s\" failed", path);
		return;
	}
	d->file = path;
	for (d->line = 1; getline(&s, &size, f) >= 0; d->line++) {
		char *start = s + strspn(s, " \t");

		start[strcspn(start, "#\r\n")] = '\0';
		if (*start)
			file_line(d, dp, what, start);
	}
	d->file = NULL;
	free(s);
	if (f != stdin)
		fclose(f);
}

static void put_file(struct dpctl *d, enum what what, int argc, const char *argv[])
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, 1);

	if (dp && argc == 2)
		file_command(d, dp, what, argv[1]);
	else if (dp)
		dpctl_error(d, EINVAL, "a file is needed");
	dpif_unref(dp);
}

void dpctl_add_flows(struct dpctl *d, int argc, const char *argv[])
{
	put_file(d, WHAT_ADD, argc, argv);
}

void dpctl_mod_flows(struct dpctl *d, int argc, const char *argv[])
{
	put_file(d, WHAT_MOD, argc, argv);
}

void dpctl_del_flows(struct dpctl *d, int argc, const char *argv[])
{
	/* One word is a datapath if there is one of that name, else a file. */
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, 1);
	int error;

	if (!dp)
		return;
	if (argc == 2) {
		file_command(d, dp, WHAT_DEL, argv[1]);
	} else {
		error = dpif_flow_flush(dp);
		if (error)
			dpctl_error(d, error, "deleting all flows");
	}
	dpif_unref(dp);
}
