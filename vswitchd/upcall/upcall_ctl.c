// SPDX-License-Identifier: Apache-2.0
/* upcall/... and revalidator/..., each for all datapaths. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"
#include "dpif/dpif_ctl.h"
#include "rpc/unixctl.h"
#include "upcall/upcall.h"

struct show {
	struct str s;
	json_t *json;
	const struct ufid *ufid;
};

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

static void show_one(struct upcalls *u, void *show_)
{
	struct show *show = show_;

	upcalls_format(u, &show->s);
	json_array_append_new(show->json, upcalls_to_json(u));
}

static void upcall_show(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct show show = { .s = STR_INIT, .json = json_array() };

	(void)argc, (void)argv, (void)aux;
	upcalls_walk(show_one, &show);
	reply(conn, &show);
}

static void set_limit_one(struct upcalls *u, void *limit)
{
	upcalls_set_flow_limit(u, *(unsigned int *)limit);
}

static void set_flow_limit(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	unsigned int limit;
	char *text;

	(void)argc, (void)aux;
	if (!str_to_uint(argv[1], 10, &limit)) {
		text = xasprintf("%s is not a number of flows", argv[1]);
		unixctl_reply_error(conn, text);
	} else {
		upcalls_walk(set_limit_one, &limit);
		text = xasprintf("set flow_limit to %u", limit);
		unixctl_reply(conn, text);
	}
	free(text);
}

static void set_megaflows(struct unixctl_conn *conn, int argc, const char *argv[], void *enable)
{
	(void)argc, (void)argv;
	upcalls_set_megaflows(enable != NULL);
	unixctl_reply(conn, enable ? "megaflows enabled" : "megaflows disabled");
}

static void set_ufid(struct unixctl_conn *conn, int argc, const char *argv[], void *enable)
{
	(void)argc, (void)argv;
	upcalls_set_terse(enable != NULL);
	unixctl_reply(conn, enable ? "Datapath dumping tersely using UFID enabled for supported "
				     "datapaths"
				   : "Datapath dumping tersely using UFID disabled");
}

static void dump_rules_one(struct upcalls *u, void *show_)
{
	struct show *show = show_;
	json_t *flows = upcalls_dump_rules(u, show->ufid), *flow, *rule;
	size_t i, j;

	json_array_foreach(flows, i, flow) {
		str_printf(&show->s, "ufid:%s\n", json_string_value(json_object_get(flow, "ufid")));
		json_array_foreach(json_object_get(flow, "rules"), j, rule)
			str_printf(&show->s, "  %s\n", json_string_value(rule));
	}
	json_array_extend(show->json, flows);
	json_decref(flows);
}

static void dump_ufid_rules(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct show show = { .s = STR_INIT };
	struct ufid ufid;

	(void)aux;
	if (argc > 1) {
		const char *rest;

		if (dpif_ufid_parse(argv[1], &ufid, &rest) <= 0 || *rest) {
			unixctl_reply_error(conn, "the flow is named by ufid:XXXXXXXX-...");
			return;
		}
		show.ufid = &ufid;
	}
	show.json = json_array();
	upcalls_walk(dump_rules_one, &show);
	reply(conn, &show);
}

static void purge_one(struct upcalls *u, void *aux)
{
	(void)aux;
	upcalls_purge(u);
}

static void revalidator_purge(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	(void)argc, (void)argv, (void)aux;
	upcalls_walk(purge_one, NULL);
	unixctl_reply(conn, NULL);
}

/* Somebody waits for a round of each datapath. */
struct wait {
	struct unixctl_conn *conn;
	unsigned int n;
};

struct wait_one {
	struct upcall_waiter waiter;
	struct wait *wait;
};

static void wait_part_done(struct wait *wait)
{
	if (--wait->n)
		return;
	unixctl_reply(wait->conn, NULL);
	free(wait);
}

static void round_done(struct upcall_waiter *w_)
{
	struct wait_one *w = CONTAINER_OF(w_, struct wait_one, waiter);
	struct wait *wait = w->wait;

	free(w);
	wait_part_done(wait);
}

static void wait_one(struct upcalls *u, void *wait)
{
	struct wait_one *w = xzalloc(sizeof(*w));

	w->waiter.done = round_done;
	w->wait = wait;
	w->wait->n++;
	upcalls_wait(u, &w->waiter);
}

static void revalidator_wait(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct wait *wait = xzalloc(sizeof(*wait));

	(void)argc, (void)argv, (void)aux;
	wait->conn = conn;
	wait->n = 1;
	upcalls_walk(wait_one, wait);
	wait_part_done(wait);
}

static void pause_one(struct upcalls *u, void *paused)
{
	upcalls_pause(u, paused != NULL);
}

static void revalidator_pause(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	(void)argc, (void)argv;
	upcalls_walk(pause_one, aux);
	unixctl_reply(conn, NULL);
}

void upcall_register_commands(void)
{
	static char yes;

	unixctl_command_register("upcall/show", "", 0, 0, upcall_show, NULL);
	unixctl_command_register("upcall/set-flow-limit", "flow-limit-number", 1, 1, set_flow_limit,
				 NULL);
	unixctl_command_register("upcall/enable-megaflows", "", 0, 0, set_megaflows, &yes);
	unixctl_command_register("upcall/disable-megaflows", "", 0, 0, set_megaflows, NULL);
	unixctl_command_register("upcall/enable-ufid", "", 0, 0, set_ufid, &yes);
	unixctl_command_register("upcall/disable-ufid", "", 0, 0, set_ufid, NULL);
	unixctl_command_register("upcall/dump-ufid-rules", "[ufid]", 0, 1, dump_ufid_rules, NULL);
	unixctl_command_register("revalidator/wait", "", 0, 0, revalidator_wait, NULL);
	unixctl_command_register("revalidator/purge", "", 0, 0, revalidator_purge, NULL);
	unixctl_command_register("revalidator/pause", "", 0, 0, revalidator_pause, &yes);
	unixctl_command_register("revalidator/resume", "", 0, 0, revalidator_pause, NULL);
}
