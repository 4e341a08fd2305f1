// SPDX-License-Identifier: Apache-2.0
/* ofproto/list, dpif/show, dpif/dump-flows, dpif/dump-dps, bridge/dump-flows */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/util.h"
#include "ofproto/ofproto_impl.h"
#include "rpc/unixctl.h"

static int by_name(const void *a_, const void *b_)
{
	const struct ofproto *const *a = a_, *const *b = b_;

	return strcmp((*a)->name, (*b)->name);
}

/* All bridges by name; the caller frees. */
static struct ofproto **sorted_bridges(size_t *n)
{
	struct ofproto **list = xcalloc(MAX(hmap_count(&ofprotos), 1), sizeof(*list));
	struct ofproto *o;

	*n = 0;
	HMAP_FOR_EACH(o, node, &ofprotos)
		list[(*n)++] = o;
	qsort(list, *n, sizeof(*list), by_name);
	return list;
}

static struct ofproto *find(struct unixctl_conn *conn, const char *name)
{
	struct ofproto *o = ofproto_lookup(name);

	if (!o)
		unixctl_reply_error(conn, "no such bridge");
	return o;
}

static void ofproto_list(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct str s = STR_INIT;
	json_t *json = json_array();
	struct ofproto **list;
	size_t n;

	(void)argc, (void)argv, (void)aux;
	list = sorted_bridges(&n);
	for (size_t i = 0; i < n; i++) {
		str_printf(&s, "%s\n", list[i]->name);
		json_array_append_new(json, json_string(list[i]->name));
	}
	free(list);
	if (unixctl_wants_json(conn)) {
		unixctl_reply_json(conn, json);
	} else {
		json_decref(json);
		unixctl_reply(conn, str_cstr(&s));
	}
	str_uninit(&s);
}

static int port_by_name(const void *a_, const void *b_)
{
	const struct ofport *const *a = a_, *const *b = b_;

	return strcmp(ofport_name(*a), ofport_name(*b));
}

static struct ofport **sorted_ports(const struct ofproto *o, size_t *n)
{
	struct ofport **list = xcalloc(MAX(hmap_count(&o->ports), 1), sizeof(*list));
	struct ofport *p;

	*n = 0;
	HMAP_FOR_EACH(p, node, &o->ports)
		list[(*n)++] = p;
	qsort(list, *n, sizeof(*list), port_by_name);
	return list;
}

static void options_format(const struct smap *options, struct str *s)
{
	const struct smap_node **nodes = smap_sort(options);

	for (size_t i = 0; i < smap_count(options); i++)
		str_printf(s, "%s%s=%s", i ? ", " : ": ", nodes[i]->key, nodes[i]->value);
	free(nodes);
}

static void port_format(const struct ofport *p, struct str *s)
{
	uint32_t odp_port = ofport_odp_number(p);
	struct smap options;

	str_printf(s, "    %s %u/", ofport_name(p), ofport_number(p));
	if (odp_port == DPIF_PORT_NONE)
		str_put(s, "none");
	else
		str_printf(s, "%" PRIu32, odp_port);
	str_printf(s, ": (%s", netdev_type(p->netdev));
	smap_init(&options);
	netdev_get_options(p->netdev, &options);
	options_format(&options, s);
	smap_uninit(&options);
	str_put(s, ")\n");
}

static json_t *port_to_json(const struct ofport *p)
{
	uint32_t odp_port = ofport_odp_number(p);

	return json_pack("{s:s, s:s, s:i, s:o}", "name", ofport_name(p), "type",
			 netdev_type(p->netdev), "ofport", ofport_number(p), "odp-port",
			 odp_port == DPIF_PORT_NONE ? json_null() : json_integer(odp_port));
}

struct show {
	struct str s;
	json_t *json;
};

static void backer_show(struct backer *b, void *show_)
{
	struct show *show = show_;
	struct ofproto **bridges;
	struct dpif_stats stats;
	json_t *json_bridges = json_array();
	size_t n;

	dpif_get_stats(b->dpif, &stats);
	str_printf(&show->s, "%s@%s: hit:%" PRIu64 " missed:%" PRIu64 "\n", dpif_type(b->dpif),
		   dpif_name(b->dpif), stats.n_hit, stats.n_missed);
	bridges = sorted_bridges(&n);
	for (size_t i = 0; i < n; i++) {
		json_t *json_ports = json_array();
		struct ofport **ports;
		size_t n_ports;

		if (bridges[i]->backer != b)
			continue;
		str_printf(&show->s, "  %s:\n", bridges[i]->name);
		if (bridges[i]->no_kernel)
			str_printf(&show->s, "    (not in the kernel: %s)\n",
				   bridges[i]->no_kernel);
		ports = sorted_ports(bridges[i], &n_ports);
		for (size_t j = 0; j < n_ports; j++) {
			port_format(ports[j], &show->s);
			json_array_append_new(json_ports, port_to_json(ports[j]));
		}
		free(ports);
		json_array_append_new(json_bridges,
				      json_pack("{s:s, s:s*, s:o}", "name", bridges[i]->name,
						"no-kernel", bridges[i]->no_kernel, "ports",
						json_ports));
	}
	free(bridges);
	json_array_append_new(show->json,
			      json_pack("{s:s, s:s, s:I, s:I, s:I, s:o}", "type",
					dpif_type(b->dpif), "name", dpif_name(b->dpif), "hit",
					(json_int_t)stats.n_hit, "missed",
					(json_int_t)stats.n_missed, "lost",
					(json_int_t)stats.n_lost, "bridges", json_bridges));
}

static void reply(struct unixctl_conn *conn, struct show *show)
{
	if (unixctl_wants_json(conn)) {
		unixctl_reply_json(conn, show->json);
	} else {
		json_decref(show->json);
		unixctl_reply(conn, str_cstr(&show->s));
	}
	str_uninit(&show->s);
}

static void dpif_show(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct show show = { STR_INIT, json_array() };

	(void)argc, (void)argv, (void)aux;
	backer_walk(backer_show, &show);
	reply(conn, &show);
}

static void show_dp_features(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct ofproto *o = ofproto_lookup(argv[1]);
	const struct smap_node *node;
	struct smap features;
	struct show show = { STR_INIT, NULL };

	(void)argc, (void)aux;
	if (!o) {
		unixctl_reply_error(conn, "no such bridge");
		return;
	}
	show.json = json_object();
	smap_init(&features);
	dpif_get_features(ofproto_dpif(o), &features);
	SMAP_FOR_EACH(node, &features)
		json_object_set_new(show.json, node->key, json_string(node->value));
	smap_uninit(&features);
	dpif_format_features(ofproto_dpif(o), &show.s);
	reply(conn, &show);
}

static void dpif_dump_dps(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct show show = { STR_INIT, json_array() };
	struct ofproto **list;
	size_t n;

	(void)argc, (void)argv, (void)aux;
	list = sorted_bridges(&n);
	for (size_t i = 0; i < n; i++) {
		str_printf(&show.s, "%s@%s\n", ofproto_type(list[i]), list[i]->name);
		json_array_append_new(show.json,
				      json_pack("{s:s, s:s}", "type", ofproto_type(list[i]), "name",
						list[i]->name));
	}
	free(list);
	reply(conn, &show);
}

static void flow_show(const struct dpif *dp, const struct dpif_flow *f,
		      const struct odp_names *names, bool verbose, struct show *show)
{
	struct str key = STR_INIT, acts = STR_INIT, ufid = STR_INIT;

	odp_flow_format(&f->key, &f->mask, dpif_flow_style(dp, verbose), names, &key);
	odp_actions_format(f->actions, f->actions_len, names, &acts);
	dpif_ufid_format(&f->ufid, &ufid);
	/* Almost dpif_flow_format(): this command has a space after the identifier, and no
	 * layer. */
	if (verbose)
		str_printf(&show->s, "%s ", str_cstr(&ufid));
	str_printf(&show->s, "%s, ", str_cstr(&key));
	dpif_flow_stats_format(&f->stats, &show->s);
	str_printf(&show->s, ", actions:%s\n", str_cstr(&acts));
	json_array_append_new(show->json,
			      json_pack("{s:s, s:s, s:I, s:I, s:o, s:s}", "ufid",
					str_cstr(&ufid) + strlen("ufid:"), "match", str_cstr(&key),
					"packets", (json_int_t)f->stats.n_packets, "bytes",
					(json_int_t)f->stats.n_bytes, "used-ms-ago",
					f->stats.used_ms
						? json_integer(clock_ms() - f->stats.used_ms)
						: json_null(),
					"actions", str_cstr(&acts)));
	str_uninit(&key);
	str_uninit(&acts);
	str_uninit(&ufid);
}

#define DUMP_BATCH 50

static void dpif_dump_flows(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	const struct odp_names *names;
	struct show show = { STR_INIT, json_array() };
	bool verbose = false, with_names = false, names_set = false;
	struct dpif_dump_thread *thread;
	struct dpif_flow *flows;
	struct dpif_dump *dump;
	struct ofproto *o;
	size_t n;

	(void)aux;
	for (int i = 1; i < argc - 1; i++) {
		if (streq(argv[i], "-m")) {
			verbose = true;
		} else if (streq(argv[i], "--names") || streq(argv[i], "--no-names")) {
			with_names = streq(argv[i], "--names");
			names_set = true;
		} else {
			char *err = xasprintf(
				"%s: unknown option; -m, --names and --no-names are known",
				argv[i]);

			unixctl_reply_error(conn, err);
			free(err);
			json_decref(show.json);
			return;
		}
	}
	o = find(conn, argv[argc - 1]);
	if (!o) {
		json_decref(show.json);
		return;
	}
	names = (names_set ? with_names : verbose) ? dpif_names(o->backer->dpif) : NULL;
	dump = dpif_dump_create(o->backer->dpif, false);
	thread = dpif_dump_thread_create(dump);
	flows = xmalloc(DUMP_BATCH * sizeof(*flows));
	while ((n = dpif_dump_next(thread, flows, DUMP_BATCH))) {
		rcu_enter();
		for (size_t i = 0; i < n; i++) {
			struct xport *p = xdp_port(o->backer->dp, flows[i].key.in_port);

			if (p && p->bridge == o->xbridge)
				flow_show(o->backer->dpif, &flows[i], names, verbose, &show);
		}
		rcu_leave();
	}
	free(flows);
	dpif_dump_thread_destroy(thread);
	dpif_dump_destroy(dump);
	reply(conn, &show);
}

static void rule_show(struct rule *rule, void *show_)
{
	struct show *show = show_;
	struct rule_stats stats;
	struct str match = STR_INIT, acts = STR_INIT;
	struct match m;

	rule_format(rule, clock_ms(), &show->s);
	str_putc(&show->s, '\n');
	rule_get_stats(rule, &stats);
	minimatch_expand(&rule->cr.match, &m);
	match_format(&m, &match, -1);
	act_list_format(rule->acts, &acts);
	json_array_append_new(show->json,
			      json_pack("{s:i, s:i, s:I, s:I, s:I, s:s, s:s}", "table",
					rule->table_id, "priority", rule->cr.priority,
					"duration-ms", (json_int_t)(clock_ms() - rule->created_ms),
					"n_packets", (json_int_t)stats.n_packets, "n_bytes",
					(json_int_t)stats.n_bytes, "match", str_cstr(&match),
					"actions", str_cstr(&acts)));
	str_uninit(&match);
	str_uninit(&acts);
}

/* bridge/dump-flows alone says it this way. */
static struct ofproto *find_bridge(struct unixctl_conn *conn, const char *name)
{
	struct ofproto *o = ofproto_lookup(name);

	if (!o)
		unixctl_reply_error(conn, "Unknown bridge");
	return o;
}

static void bridge_dump_flows(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct show show = { STR_INIT, NULL };
	struct ofproto *o;

	(void)aux;
	if (argc > 2 && !streq(argv[1], "--offload-stats")) {
		unixctl_reply_error(conn, "the only option is --offload-stats");
		return;
	}
	o = find_bridge(conn, argv[argc - 1]);
	if (!o)
		return;
	show.json = json_array();
	upcalls_push_stats(o->backer->upcalls);
	rcu_enter();
	tables_walk(o->tables, rule_show, &show);
	rcu_leave();
	reply(conn, &show);
}

void ofproto_ctl_register(struct loop *loop)
{
	(void)loop;
	unixctl_command_register("ofproto/list", "", 0, 0, ofproto_list, NULL);
	unixctl_command_register("dpif/show", "", 0, 0, dpif_show, NULL);
	unixctl_command_register("dpif/show-dp-features", "bridge", 1, 1, show_dp_features, NULL);
	unixctl_command_register("dpif/dump-dps", "", 0, 0, dpif_dump_dps, NULL);
	unixctl_command_register("dpif/dump-flows", "[-m] [--names | --no-names] bridge", 1, 3,
				 dpif_dump_flows, NULL);
	unixctl_command_register("bridge/dump-flows", "[--offload-stats] bridge", 1, 2,
				 bridge_dump_flows, NULL);
	upcall_register_commands();
}
