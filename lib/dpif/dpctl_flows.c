// SPDX-License-Identifier: Apache-2.0
/* dpctl verbs that look at flows. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
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

static void parse_types(struct dpctl *d, const char *s, struct dump *dump)
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
}

static void parse_dump_arg(struct dpctl *d, const char *arg, struct dump *dump)
{
	char *err;

	if (str_has_prefix(arg, "filter=")) {
		err = match_parse(&dump->filter, arg + 7, NULL);
		if (err)
			dpctl_error(d, 0, "Failed to parse filter (%s)", err);
		free(err);
		dump->has_filter = true;
	} else if (str_has_prefix(arg, "type=") && d->standalone) {
		dpctl_error(d, 0,
			    "Invalid argument 'type'. Use 'ovs-appctl dpctl/dump-flows' instead.");
	} else if (str_has_prefix(arg, "type=")) {
		parse_types(d, arg + 5, dump);
	} else if (str_has_prefix(arg, "pmd=")) {
		if (!str_to_int(arg + 4, 10, &dump->pmd) || dump->pmd < -1)
			dpctl_error(d, EINVAL, "Failed to parse pmd (%s)", arg + 4);
	} else {
		dpctl_error(d, EINVAL, "datapath not found");
	}
}

json_t *dpctl_flow_to_json(const struct dpif *dp, const struct dpif_flow *f,
			   const struct odp_names *names)
{
	struct str key = STR_INIT, acts = STR_INIT, ufid = STR_INIT;
	json_t *json;

	odp_flow_format(&f->key, &f->mask, dpif_flow_style(dp, false), names, &key);
	odp_actions_format(f->actions, f->actions_len, names, &acts);
	dpif_ufid_format(&f->ufid, &ufid);
	json = json_pack("{s:s, s:s, s:I, s:I, s:o, s:i, s:b, s:s}", "ufid",
			 str_cstr(&ufid) + strlen("ufid:"), "match", str_cstr(&key), "packets",
			 (json_int_t)f->stats.n_packets, "bytes", (json_int_t)f->stats.n_bytes,
			 "used-ms-ago",
			 f->stats.used_ms ? json_integer(clock_ms() - f->stats.used_ms)
					  : json_null(),
			 "tcp-flags", f->stats.tcp_flags, "offloaded", f->offloaded, "actions",
			 str_cstr(&acts));
	if (f->dp_layer)
		json_object_set_new(json, "dp", json_string(f->dp_layer));
	str_uninit(&key);
	str_uninit(&acts);
	str_uninit(&ufid);
	return json;
}

static void put_flow(struct dpctl *d, struct dpif *dp, const struct dpif_flow *flow,
		     struct str *out)
{
	const struct odp_names *names = dpctl_names(d, dp);

	if (d->json) {
		dpctl_json_add(d, dpctl_flow_to_json(dp, flow, names));
		return;
	}
	dpif_flow_format(flow, names, dpif_flow_style(dp, d->opt.more), out);
	str_putc(out, '\n');
}

/* Flows of a datapath with workers stand together by worker, each under a heading. */
struct section {
	int pmd;
	struct str text;
};

struct sections {
	struct section *list;
	size_t n, size;
};

static struct str *section_of(struct sections *s, int pmd)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->list[i].pmd == pmd)
			return &s->list[i].text;
	}
	if (s->n == s->size)
		s->list = x2nrealloc(s->list, &s->size, sizeof(*s->list));
	s->list[s->n] = (struct section){ .pmd = pmd, .text = STR_INIT };
	return &s->list[s->n++].text;
}

static int compare_sections(const void *a_, const void *b_)
{
	const struct section *a = a_, *b = b_;

	return a->pmd < b->pmd ? -1 : a->pmd > b->pmd;
}

static void put_sections(struct sections *s, bool has_workers, struct str *out)
{
	if (s->n)
		qsort(s->list, s->n, sizeof(*s->list), compare_sections);
	for (size_t i = 0; i < s->n; i++) {
		struct section *section = &s->list[i];

		if (has_workers && section->pmd < 0)
			str_put(out, "flow-dump from the main thread:\n");
		else if (has_workers)
			str_printf(out, "flow-dump from pmd on cpu core: %d\n", section->pmd);
		str_put(out, str_cstr(&section->text));
		str_uninit(&section->text);
	}
	free(s->list);
}

static void dump_flows(struct dpctl *d, struct dpif *dp, const struct dump *dump)
{
	bool has_workers = dpif_port_use(dpif_type(dp)) == NETDEV_USE_PACKETS;
	struct dpif_flow *flows = xcalloc(DUMP_BATCH, sizeof(*flows));
	struct dpif_dump *all = dpif_dump_create(dp, false);
	struct dpif_dump_thread *t = dpif_dump_thread_create(all);
	struct sections sections = { .n = 0 };
	size_t i, n;
	int error;

	while ((n = dpif_dump_next(t, flows, DUMP_BATCH))) {
		for (i = 0; i < n; i++) {
			if (dump->none || (dump->pmd != -2 && flows[i].pmd_id != dump->pmd) ||
			    !filter_allows(dump, &flows[i]))
				continue;
			put_flow(d, dp, &flows[i], section_of(&sections, flows[i].pmd_id));
		}
	}
	put_sections(&sections, has_workers, &d->out);
	dpif_dump_thread_destroy(t);
	error = dpif_dump_destroy(all);
	if (error)
		dpctl_error(d, error, "Failed to dump flows from datapath");
	free(flows);
}

void dpctl_dump_flows(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, 3);
	struct dump dump = { .pmd = -2 };

	for (int i = 1; dp && i < argc && !d->failed; i++)
		parse_dump_arg(d, argv[i], &dump);
	if (dp && !d->failed)
		dump_flows(d, dp, &dump);
	dpif_unref(dp);
}

void dpctl_get_flow(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, 1);
	struct odp_buf acts = { .data = NULL };
	const char *rest;
	struct dpif_flow flow;
	struct ufid ufid;
	struct dpif_op op = { .type = DPIF_OP_GET,
			      .get = { .ufid = &ufid, .actions = &acts, .flow = &flow } };
	struct dpif_op *ops = &op;

	if (!dp)
		return;
	if (argc < 2 || dpif_ufid_parse(argv[1], &ufid, &rest) <= 0) {
		dpctl_error(d, EINVAL, "parsing flow ufid");
	} else {
		dpif_operate(dp, &ops, 1);
		if (op.error)
			dpctl_error(d, op.error, "getting flow");
		else
			put_flow(d, dp, &flow, &d->out);
	}
	odp_buf_uninit(&acts);
	dpif_unref(dp);
}

void dpctl_offload_stats_show(struct dpctl *d, int argc, const char *argv[])
{
	struct dpif *dp = dpctl_take_dp(d, &argc, &argv, 0);
	uint64_t n;
	int err;

	if (!dp)
		return;
	err = dpif_get_n_offloaded(dp, &n);
	if (err) {
		dpctl_error(d, err, "retrieving offload statistics");
	} else {
		str_printf(&d->out, "HW Offload stats:\n   Total Enqueued offloads: %" PRIu64 "\n",
			   n);
		dpctl_json_add(d, json_pack("{s:I}", "offloaded", (json_int_t)n));
	}
	dpif_unref(dp);
}
