// SPDX-License-Identifier: Apache-2.0
/* fdb/show, fdb/flush, fdb/add, fdb/del, fdb/stats-show, fdb/stats-clear. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/util.h"
#include "ofproto/ofproto_impl.h"
#include "rpc/unixctl.h"

static struct ofproto *find(struct unixctl_conn *conn, const char *name)
{
	struct ofproto *o = ofproto_lookup(name);

	if (!o)
		unixctl_reply_error(conn, "no such bridge");
	return o;
}

struct row {
	uint8_t mac[6];
	uint16_t vlan;
	uint16_t port;
	bool is_static;
	uint64_t age_s;
};
struct rows {
	struct row *rows;
	size_t n, size;
};

static void collect(const struct fdb_entry *e, void *rows_)
{
	struct rows *rows = rows_;
	struct xbundle *b = xbundle_from_fdb_port(fdb_entry_port(e));
	const struct xbundle_config *c = rcu_load(&b->config);
	uint64_t used_ms = __atomic_load_n(&e->used_ms, __ATOMIC_RELAXED);
	struct row *row;

	if (rows->n == rows->size)
		rows->rows = x2nrealloc(rows->rows, &rows->size, sizeof(*rows->rows));
	row = &rows->rows[rows->n++];
	memcpy(row->mac, e->mac, 6);
	row->vlan = e->vlan;
	row->port = c && c->port ? xport_number(c->port) : OFPP_PORT_NONE;
	row->is_static = e->is_static;
	row->age_s = (clock_ms() - MIN(used_ms, clock_ms())) / 1000;
}

static int by_age(const void *a_, const void *b_)
{
	const struct row *a = a_, *b = b_;

	if (a->age_s != b->age_s)
		return a->age_s < b->age_s ? 1 : -1;
	return memcmp(a->mac, b->mac, 6);
}

static void port_text(uint16_t port, char buf[16])
{
	if (port == OFPP_PORT_LOCAL)
		strcpy(buf, "LOCAL");
	else if (port == OFPP_PORT_NONE)
		strcpy(buf, "?");
	else
		snprintf(buf, 16, "%u", port);
}

static void fdb_show(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct rows rows = { NULL, 0, 0 };
	struct str s = STR_INIT;
	json_t *json = json_array();

	(void)aux;
	for (int i = 1; i < argc; i++) {
		struct ofproto *o = find(conn, argv[i]);

		if (!o)
			goto out;
		rows.n = 0;
		rcu_enter();
		fdb_walk(o->fdb, collect, &rows);
		rcu_leave();
		if (rows.n)
			qsort(rows.rows, rows.n, sizeof(*rows.rows), by_age);
		str_put(&s, " port  VLAN  MAC                Age\n");
		for (size_t j = 0; j < rows.n; j++) {
			const struct row *r = &rows.rows[j];
			char port[16], mac[18];

			port_text(r->port, port);
			snprintf(mac, sizeof(mac), ETH_FMT, ETH_ARGS(r->mac));
			str_printf(&s, "%5s  %4u  %s  ", port, r->vlan, mac);
			if (r->is_static)
				str_put(&s, "static\n");
			else
				str_printf(&s, "%3" PRIu64 "\n", r->age_s);
			json_array_append_new(json,
					      json_pack("{s:s, s:s, s:i, s:s, s:b, s:I}", "bridge",
							o->name, "port", port, "vlan", r->vlan,
							"mac", mac, "static", r->is_static, "age",
							(json_int_t)r->age_s));
		}
	}
	if (unixctl_wants_json(conn))
		unixctl_reply_json(conn, json_incref(json));
	else
		unixctl_reply(conn, str_cstr(&s));
out:
	json_decref(json);
	str_uninit(&s);
	free(rows.rows);
}

/* Does 'fn' to the table of the bridge that is named, or to all. */
static void each(struct unixctl_conn *conn, int argc, const char *argv[], void (*fn)(struct fdb *),
		 const char *done)
{
	struct ofproto *o;

	if (argc > 1) {
		o = find(conn, argv[1]);
		if (!o)
			return;
		fn(o->fdb);
	} else {
		HMAP_FOR_EACH(o, node, &ofprotos)
			fn(o->fdb);
	}
	unixctl_reply(conn, done);
}

static void fdb_flush_cmd(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	(void)aux;
	each(conn, argc, argv, fdb_flush, "table successfully flushed");
}

static void fdb_stats_show(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct ofproto *o = find(conn, argv[1]);
	struct fdb_stats stats;
	struct str s = STR_INIT;

	(void)argc, (void)aux;
	if (!o)
		return;
	fdb_get_stats(o->fdb, &stats);
	if (unixctl_wants_json(conn)) {
		unixctl_reply_json(conn,
				   json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "bridge",
					     o->name, "current", (json_int_t)stats.n, "maximum",
					     (json_int_t)stats.max, "static",
					     (json_int_t)stats.n_static, "learned",
					     (json_int_t)stats.n_learned, "expired",
					     (json_int_t)stats.n_expired, "evicted",
					     (json_int_t)stats.n_evicted, "moved",
					     (json_int_t)stats.n_moved));
		return;
	}
	str_printf(&s, "Statistics for bridge \"%s\":\n", o->name);
	str_printf(&s, "  Current/maximum MAC entries in the table: %" PRIu32 "/%" PRIu32 "\n",
		   stats.n, stats.max);
	str_printf(&s, "  Current static MAC entries in the table : %" PRIu32 "\n", stats.n_static);
	str_printf(&s, "  Total number of learned MAC entries     : %" PRIu64 "\n",
		   stats.n_learned);
	str_printf(&s, "  Total number of expired MAC entries     : %" PRIu64 "\n",
		   stats.n_expired);
	str_printf(&s, "  Total number of evicted MAC entries     : %" PRIu64 "\n",
		   stats.n_evicted);
	str_printf(&s, "  Total number of port moved MAC entries  : %" PRIu64 "\n", stats.n_moved);
	unixctl_reply(conn, str_cstr(&s));
	str_uninit(&s);
}

static void fdb_stats_clear(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	(void)aux;
	each(conn, argc, argv, fdb_clear_stats, "statistics successfully cleared");
}

/* VLAN and address of fdb/add and fdb/del; answers with an error if they are not. */
static bool parse(struct unixctl_conn *conn, const char *vlan_text, const char *mac_text,
		  uint16_t *vlan, uint8_t mac[6])
{
	unsigned int v;
	char *err = NULL;

	if (!str_to_uint(vlan_text, 10, &v) || v >= VLAN_N)
		err = xasprintf("%s: a VLAN is a number from 0 to 4095", vlan_text);
	else if (!eth_parse(mac_text, mac))
		err = xasprintf("%s: an Ethernet address looks like 02:00:00:00:00:01", mac_text);
	if (err) {
		unixctl_reply_error(conn, err);
		free(err);
		return false;
	}
	*vlan = v;
	return true;
}

static void fdb_add(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct ofproto *o = find(conn, argv[1]);
	struct ofport *p;
	uint8_t mac[6];
	uint16_t vlan;
	int err;

	(void)argc, (void)aux;
	if (!o || !parse(conn, argv[3], argv[4], &vlan, mac))
		return;
	p = ofproto_port_by_name(o, argv[2]);
	if (!p || !p->bundle) {
		char *text = xasprintf("%s: bridge %s has no such port", argv[2], o->name);

		unixctl_reply_error(conn, text);
		free(text);
		return;
	}
	err = fdb_add_static(o->fdb, mac, vlan, &p->bundle->xbundle->fdb_port);
	if (err)
		unixctl_reply_error(conn, err == -EINVAL
						  ? "a group address has no place in the MAC table"
						  : "the MAC table is full of static entries");
	else
		unixctl_reply(conn, NULL);
}

static void fdb_del_cmd(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct ofproto *o = find(conn, argv[1]);
	const struct fdb_entry *e;
	uint8_t mac[6];
	uint16_t vlan;
	bool is_static;

	(void)argc, (void)aux;
	if (!o || !parse(conn, argv[2], argv[3], &vlan, mac))
		return;
	rcu_enter();
	e = fdb_lookup(o->fdb, mac, vlan);
	is_static = e && e->is_static;
	rcu_leave();
	if (is_static && !fdb_del(o->fdb, mac, vlan))
		unixctl_reply(conn, NULL);
	else
		unixctl_reply_error(conn, "could not find static mac entry");
}

void fdb_ctl_register(void)
{
	unixctl_command_register("fdb/show", "bridge", 1, -1, fdb_show, NULL);
	unixctl_command_register("fdb/flush", "[bridge]", 0, 1, fdb_flush_cmd, NULL);
	unixctl_command_register("fdb/stats-show", "bridge", 1, 1, fdb_stats_show, NULL);
	unixctl_command_register("fdb/stats-clear", "[bridge]", 0, 1, fdb_stats_clear, NULL);
	unixctl_command_register("fdb/add", "bridge port vlan mac", 4, 4, fdb_add, NULL);
	unixctl_command_register("fdb/del", "bridge vlan mac", 3, 3, fdb_del_cmd, NULL);
}
