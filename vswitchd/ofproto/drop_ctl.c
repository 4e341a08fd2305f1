// SPDX-License-Identifier: Apache-2.0
/* drop/show: why packets were dropped, by port and reason. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"
#include "ofproto/ofproto_impl.h"
#include "rpc/unixctl.h"

struct drops {
	struct str text;
	json_t *json;
};

static void row(struct drops *d, const struct ofport *p, const char *direction,
		enum drop_reason why, uint64_t n)
{
	str_printf(&d->text, "%-16s %-3s %12" PRIu64 "  %-20s %s\n", ofport_name(p), direction, n,
		   drop_reason_name(why), drop_reason_help(why));
	json_array_append_new(d->json,
			      json_pack("{s:s, s:s, s:s, s:s, s:I}", "bridge", p->ofproto->name,
					"port", ofport_name(p), "direction", direction, "reason",
					drop_reason_name(why), "packets", (json_int_t)n));
}

static void port_drops(struct drops *d, struct ofport *p)
{
	struct dpif_port_stats stats;

	if (ofport_get_dp_stats(p, &stats))
		return; /* a patch port: its packets are counted where they came in */
	for (size_t i = 0; i < DROP_N_REASONS; i++) {
		if (stats.drops[i])
			row(d, p, "rx", i, stats.drops[i]);
	}
	for (size_t i = 0; i < DROP_N_REASONS; i++) {
		if (stats.tx_drops[i])
			row(d, p, "tx", i, stats.tx_drops[i]);
	}
}

static int by_name(const void *a_, const void *b_)
{
	const struct ofport *const *a = a_, *const *b = b_;

	return strcmp(ofport_name(*a), ofport_name(*b));
}

static void drop_show(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct drops d = { STR_INIT, json_array() };
	struct ofport **ports = NULL, *p;
	size_t n = 0, size = 0;
	struct ofproto *o;
	bool found = argc < 2;

	(void)aux;
	HMAP_FOR_EACH(o, node, &ofprotos) {
		HMAP_FOR_EACH(p, node, &o->ports) {
			/* Without an argument all, else one port, or the ports of one bridge. */
			if (argc > 1 && !streq(argv[1], ofport_name(p)) && !streq(argv[1], o->name))
				continue;
			found = true;
			if (n == size)
				ports = x2nrealloc(ports, &size, sizeof(*ports));
			ports[n++] = p;
		}
	}
	if (n)
		qsort(ports, n, sizeof(*ports), by_name);
	str_printf(&d.text, "%-16s %-3s %12s  %-20s %s\n", "port", "dir", "packets", "reason",
		   "meaning");
	for (size_t i = 0; i < n; i++)
		port_drops(&d, ports[i]);
	free(ports);

	if (!found) {
		char *err = xasprintf("%s: no bridge and no port has that name", argv[1]);

		unixctl_reply_error(conn, err);
		free(err);
	} else if (unixctl_wants_json(conn)) {
		unixctl_reply_json(conn, json_incref(d.json));
	} else {
		unixctl_reply(conn, str_cstr(&d.text));
	}
	json_decref(d.json);
	str_uninit(&d.text);
}

void drop_ctl_register(void)
{
	unixctl_command_register("drop/show", "[bridge | port]", 0, 1, drop_show, NULL);
}
