// SPDX-License-Identifier: Apache-2.0
/* How it works: each turn of the loop in which the replica changed ends in reconfigure().  It goes
 * over the rows that changed and marks our objects of the same name; removals come first (a name,
 * number or device may move from one bridge to another within one transaction), then additions,
 * then the settings of what is marked. */
#include "bridge/bridge.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/util.h"
#include "bridge/bridge_impl.h"
#include "dpif/dpif_ctl.h"
#include "ofproto/backer.h"
#include "rpc/jsonrpc.h"

LOG_MODULE(bridge);
COUNTER(bridge_reconfigure);
COUNTER(bridge_port_differs);

#define READY_WITHOUT_DATABASE_MS 5000

struct hmap all_bridges, all_ports, all_ifaces;
struct idl *idl;
struct loop *bridge_loop;

static struct work reconfigure_work;
static struct timer ready_timer;
static void (*ready_cb)(void);
static struct netdev_appear_listener appear_listener;
static struct dpctl_listener dpctl_listener;
static struct memory_reporter memory_reporter;
static bool warned_lock;

struct bridge *bridge_by_name(const char *name)
{
	struct bridge *br;

	HMAP_FOR_EACH_WITH_HASH(br, node, hash_string(name, 0), &all_bridges) {
		if (streq(br->name, name))
			return br;
	}
	return NULL;
}

static struct bridge *bridge_create(const struct ovsrec_bridge *row)
{
	struct bridge *br = xzalloc(sizeof(*br));

	br->name = xstrdup(row->name);
	br->row = row;
	br->type = xstrdup(row->datapath_type);
	hmap_init(&br->ports);
	hmap_insert(&all_bridges, &br->node, hash_string(br->name, 0));
	br->is_new = br->mac_is_stale = true;
	return br;
}

static void bridge_open(struct bridge *br)
{
	free(br->error);
	br->error = ofproto_create(bridge_loop, br->name, br->type, &br->ofproto);
	if (br->error)
		log_err("bridge %s: cannot be created: %s", br->name, br->error);
	status_bridge_changed(br);
}

static void bridge_destroy(struct bridge *br)
{
	struct port *port;

	hmap_remove(&all_bridges, &br->node);
	if (br->ofproto) {
		/* The switch goes with all its ports at once: no flood list is rewritten for each
		 * of them. */
		struct ofproto *o = br->ofproto;

		HMAP_FOR_EACH(port, node, &br->ports) {
			port->bundle = NULL;
			for (size_t i = 0; i < port->n_ifaces; i++)
				port->ifaces[i]->ofport = NULL;
		}
		br->ofproto = NULL;
		ofproto_destroy(o);
	}
	HMAP_FOR_EACH(port, node, &br->ports)
		port_destroy(port);
	hmap_uninit(&br->ports);
	free(br->port_rows);
	free(br->name);
	free(br->type);
	free(br->error);
	free(br);
}

/* A row in place of another: a port of that name is there, and goes on. */
static void bridge_adopt_port(struct bridge *br, const struct ovsrec_port *row)
{
	struct port *port = port_by_name(row->name);

	if (port && port->bridge == br && port->row != row) {
		port->row = row;
		port_set_dirty(port);
	}
}

static void bridge_remove_port(struct bridge *br, const struct ovsrec_port *row)
{
	struct port *port = port_by_name(row->name);

	if (port && port->bridge == br && port->row == row)
		port_destroy(port);
}

/* Goes over what differs between the rows that were applied and those that the bridge has now, both
 * in the order of their UUIDs, and removes the ports that it does not name any more.  What is new
 * is left in 'added_rows'. */
static void bridge_remove_ports(struct bridge *br)
{
	struct ovsrec_port **old = br->port_rows, **now = br->row->ports;
	struct ovsrec_port **removed = xcalloc(br->n_port_rows + 1, sizeof(*removed));
	size_t n_old = br->n_port_rows, n_now = br->row->n_ports, i = 0, j = 0, n_removed = 0;

	br->added_rows = xcalloc(n_now + 1, sizeof(*br->added_rows));
	br->n_added_rows = 0;
	while (i < n_old || j < n_now) {
		int diff;

		if (i < n_old && j < n_now && old[i] == now[j]) {
			i++, j++;
			continue;
		}
		COUNTER_INC(bridge_port_differs);
		diff = i == n_old   ? 1
		       : j == n_now ? -1
				    : uuid_compare(&old[i]->row.uuid, &now[j]->row.uuid);
		if (diff <= 0)
			removed[n_removed++] = old[i++];
		if (diff >= 0)
			br->added_rows[br->n_added_rows++] = now[j++];
	}
	for (i = 0; i < br->n_added_rows; i++)
		bridge_adopt_port(br, br->added_rows[i]);
	for (i = 0; i < n_removed; i++)
		bridge_remove_port(br, removed[i]);
	free(removed);
}

static void bridge_add_ports(struct bridge *br)
{
	const struct ovsrec_bridge *row = br->row;
	size_t n_refused = 0, skipped = 0;

	for (size_t i = 0; i < br->n_added_rows; i++) {
		const struct port *port = port_by_name(br->added_rows[i]->name);

		if (!port)
			port_set_dirty(port_create(br, br->added_rows[i]));
		else if (port->bridge != br)
			br->added_rows[n_refused++] = br->added_rows[i];
	}
	/* A port that another bridge has as well is not known, so that it is new to the next change
	 * again. */
	br->port_rows = xrealloc(br->port_rows, (row->n_ports + 1) * sizeof(*br->port_rows));
	br->n_port_rows = 0;
	for (size_t i = 0; i < row->n_ports; i++) {
		if (skipped < n_refused && br->added_rows[skipped] == row->ports[i])
			skipped++;
		else
			br->port_rows[br->n_port_rows++] = row->ports[i];
	}
	free(br->added_rows);
	br->added_rows = NULL;
}

static void bridge_apply(struct bridge *br)
{
	const struct smap *config = &br->row->other_config;
	unsigned long flood_vlans[VLAN_BITMAP_WORDS] = { 0 };

	if (!br->ofproto)
		return;
	for (size_t i = 0; i < br->row->n_flood_vlans; i++)
		vlan_bitmap_set(flood_vlans, br->row->flood_vlans[i] & VLAN_VID_MASK);
	ofproto_set_flood_vlans(br->ofproto, br->row->n_flood_vlans ? flood_vlans : NULL);
	ofproto_set_forward_bpdu(br->ofproto, smap_get_bool(config, "forward-bpdu", false));
	ofproto_set_mac_table(br->ofproto,
			      smap_get_int(config, "mac-aging-time", FDB_DEFAULT_AGING_S, 15, 3600),
			      smap_get_int(config, "mac-table-size", FDB_DEFAULT_MAX, FDB_MIN_MAX,
					   1000000));
	bridge_mac_apply(br);
	status_bridge_changed(br);
}

/* The bridges of the row: removes, and makes, what is not as it says. */
static void update_bridges(const struct ovsrec_open_vswitch *ovs)
{
	struct bridge *br;

	HMAP_FOR_EACH(br, node, &all_bridges)
		br->is_wanted = false;
	for (size_t i = 0; ovs && i < ovs->n_bridges; i++) {
		br = bridge_by_name(ovs->bridges[i]->name);
		/* Another datapath type is another switch. */
		if (br && streq(br->type, ovs->bridges[i]->datapath_type)) {
			br->is_wanted = true;
			if (br->row != ovs->bridges[i]) {
				br->row = ovs->bridges[i];
				br->is_dirty = true;
			}
		}
	}
	HMAP_FOR_EACH(br, node, &all_bridges) {
		if (!br->is_wanted) {
			log_info("bridge %s: deleted", br->name);
			bridge_destroy(br);
		}
	}
	for (size_t i = 0; ovs && i < ovs->n_bridges; i++) {
		if (!bridge_by_name(ovs->bridges[i]->name))
			bridge_create(ovs->bridges[i]);
	}
}

static void mark_changed_rows(void)
{
	const struct ovsrec_interface *iface_row;
	const struct ovsrec_bridge *bridge_row;
	const struct ovsrec_port *port_row;

	OVSREC_BRIDGE_FOR_EACH_TRACKED(bridge_row, idl) {
		struct bridge *br = bridge_by_name(bridge_row->name);

		if (br && br->row == bridge_row)
			br->is_dirty = true;
	}
	OVSREC_PORT_FOR_EACH_TRACKED(port_row, idl) {
		struct port *port = port_by_name(port_row->name);

		if (port && port->row == port_row)
			port_set_dirty(port);
	}
	OVSREC_INTERFACE_FOR_EACH_TRACKED(iface_row, idl) {
		struct iface *iface = iface_by_name(iface_row->name);

		if (iface && iface->row == iface_row)
			port_set_dirty(iface->port);
	}
}

static void configure_datapaths(const struct ovsrec_open_vswitch *ovs)
{
	struct upcall_config config = upcall_config_default;
	const struct smap *c = &ovs->other_config;

	config.flow_limit = smap_get_int(c, "flow-limit", config.flow_limit, 0, UINT32_MAX);
	config.max_idle_ms = smap_get_int(c, "max-idle", config.max_idle_ms, 500, UINT32_MAX);
	config.max_revalidator_ms = smap_get_int(c, "max-revalidator", config.max_revalidator_ms,
						 100, UINT32_MAX);
	config.min_revalidate_pps = smap_get_int(c, "min-revalidate-pps", config.min_revalidate_pps,
						 0, UINT32_MAX);
	config.offloaded_stats_delay_ms = smap_get_int(c, "offloaded-stats-delay",
						       config.offloaded_stats_delay_ms, 0,
						       UINT32_MAX);
	config.n_handlers = smap_get_int(c, "n-handler-threads", 0, 0, 64);
	config.n_revalidators = smap_get_int(c, "n-revalidator-threads", 0, 0, 64);
	config.restore_wait = smap_get_bool(c, "flow-restore-wait", false);
	backer_configure(&config, c);
	backer_set_vlan_limit(smap_get_int(c, "vlan-limit", 1, 0, INT32_MAX));
}

static void say_ready(void)
{
	void (*cb)(void) = ready_cb;

	ready_cb = NULL;
	timer_cancel(&ready_timer);
	if (cb)
		cb();
}

static void in_force(void *cfg_)
{
	int64_t *cfg = cfg_;

	status_set_cur_cfg(*cfg);
	free(cfg);
	say_ready();
}

static void reconfigure(struct work *w)
{
	const struct ovsrec_open_vswitch *ovs = ovsrec_open_vswitch_first(idl);
	struct bridge *br;
	int64_t *cfg;

	(void)w;
	if (!idl_is_synced(idl))
		return;
	if (!idl_has_lock(idl)) {
		if (idl_is_lock_contended(idl) && !warned_lock) {
			warned_lock = true;
			log_err("another ovs-vswitchd process is running, disabling this process "
				"(pid %d) until it goes away",
				(int)getpid());
		}
		return;
	}
	warned_lock = false;
	COUNTER_INC(bridge_reconfigure);

	if (ovs)
		configure_datapaths(ovs);
	update_bridges(ovs);
	mark_changed_rows();
	HMAP_FOR_EACH(br, node, &all_bridges) {
		if (br->is_dirty || br->is_new)
			bridge_remove_ports(br);
	}
	ports_release_ifaces();
	HMAP_FOR_EACH(br, node, &all_bridges) {
		if (br->is_new)
			bridge_open(br);
		if (br->is_dirty || br->is_new)
			bridge_add_ports(br);
	}
	ports_apply();
	backer_remove_stale_ports();
	HMAP_FOR_EACH(br, node, &all_bridges) {
		if (br->is_dirty || br->is_new)
			bridge_apply(br);
		br->is_dirty = br->is_new = false;
	}
	idl_track_clear(idl);
	if (ovs)
		status_configure(ovs);

	cfg = xmalloc(sizeof(*cfg));
	*cfg = ovs ? ovs->next_cfg : 0;
	ofproto_commit(in_force, cfg);
}

void bridges_schedule(void)
{
	work_schedule(&reconfigure_work);
}

static void idl_changed(struct idl *idl_, void *aux)
{
	(void)idl_, (void)aux;
	bridges_schedule();
}

/* A device of the host appeared: a port that waits for it is tried again. */
static void appeared(struct netdev_appear_listener *l, const char *name)
{
	struct iface *iface = iface_by_name(name);

	(void)l;
	if (iface && iface->error) {
		port_set_dirty(iface->port);
		bridges_schedule();
	}
}

/* dpctl/del-if, dpctl/del-dp. */
static void port_removed(struct dpctl_listener *l, struct dpif *dp, uint32_t port_no)
{
	struct iface *iface;

	(void)l;
	HMAP_FOR_EACH(iface, node, &all_ifaces) {
		struct ofproto *o = iface->port->bridge->ofproto;

		if (iface->ofport && o && ofproto_dpif(o) == dp &&
		    ofport_odp_number(iface->ofport) == port_no) {
			iface_port_removed(iface);
			bridges_schedule();
			return;
		}
	}
}

static void ready_timeout(struct timer *t)
{
	(void)t;
	log_warn("%s: no answer from the database yet; serving anyway, and trying on",
		 jsonrpc_session_name(idl_session(idl)));
	say_ready();
}

/* Cells are what a row has for each column that its table has. */
static void report_memory(struct memory_reporter *r, struct str *s)
{
	uint64_t n = 0;

	(void)r;
	for (size_t i = 0; i < ovsrec_class.n_tables; i++) {
		const struct idl_table_class *table = &ovsrec_class.tables[i];

		for (struct idl_row *row = idl_first(idl, table); row; row = idl_next(row))
			n += table->n_columns;
	}
	memory_report(s, "idl-cells-Open_vSwitch", n);
}

static void add_columns(void)
{
	static const struct {
		const char *table, *column;
	} written[] = {
		{ "Open_vSwitch", "cur_cfg" },
		{ "Open_vSwitch", "datapath_types" },
		{ "Open_vSwitch", "iface_types" },
		{ "Open_vSwitch", "dpdk_initialized" },
		{ "Open_vSwitch", "ovs_version" },
		{ "Open_vSwitch", "statistics" },
		{ "Datapath", "capabilities" },
		{ "Datapath", "datapath_version" },
		{ "Bridge", "datapath_id" },
		{ "Bridge", "datapath_version" },
		{ "Interface", "admin_state" },
		{ "Interface", "duplex" },
		{ "Interface", "error" },
		{ "Interface", "ifindex" },
		{ "Interface", "link_resets" },
		{ "Interface", "link_speed" },
		{ "Interface", "link_state" },
		{ "Interface", "mac_in_use" },
		{ "Interface", "mtu" },
		{ "Interface", "ofport" },
		{ "Interface", "statistics" },
		{ "Interface", "status" },
	};
	static const struct {
		const char *table, *column;
	} read[] = {
		{ "Open_vSwitch", "bridges" },
		{ "Open_vSwitch", "datapaths" },
		{ "Open_vSwitch", "next_cfg" },
		{ "Open_vSwitch", "other_config" },
		{ "Bridge", "datapath_type" },
		{ "Bridge", "flood_vlans" },
		{ "Bridge", "name" },
		{ "Bridge", "other_config" },
		{ "Bridge", "ports" },
		{ "Port", "cvlans" },
		{ "Port", "interfaces" },
		{ "Port", "name" },
		{ "Port", "other_config" },
		{ "Port", "protected" },
		{ "Port", "tag" },
		{ "Port", "trunks" },
		{ "Port", "vlan_mode" },
		{ "Interface", "ingress_policing_burst" },
		{ "Interface", "ingress_policing_kpkts_burst" },
		{ "Interface", "ingress_policing_kpkts_rate" },
		{ "Interface", "ingress_policing_rate" },
		{ "Interface", "mac" },
		{ "Interface", "mtu_request" },
		{ "Interface", "name" },
		{ "Interface", "ofport_request" },
		{ "Interface", "options" },
		{ "Interface", "other_config" },
		{ "Interface", "type" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(read); i++)
		idl_add_column(idl, read[i].table, read[i].column, IDL_MONITOR | IDL_ALERT);
	for (size_t i = 0; i < ARRAY_SIZE(written); i++)
		idl_add_column(idl, written[i].table, written[i].column, IDL_MONITOR);
	idl_track(idl);
}

char *bridges_start(struct loop *loop, const char *remote, void (*ready)(void))
{
	char *err;

	bridge_loop = loop;
	ready_cb = ready;
	hmap_init(&all_bridges);
	hmap_init(&all_ports);
	hmap_init(&all_ifaces);
	work_init(&reconfigure_work, loop, reconfigure);
	timer_init(&ready_timer, loop, ready_timeout);
	err = idl_create(loop, remote, &ovsrec_class, idl_changed, NULL, &idl);
	if (err)
		return err;
	add_columns();
	idl_set_lock(idl, "ovs_vswitchd");
	status_init();
	appear_listener.appeared = appeared;
	netdev_appear_listen(&appear_listener);
	dpctl_listener.port_removed = port_removed;
	dpctl_listen(&dpctl_listener);
	memory_reporter.report = report_memory;
	memory_reporter_add(&memory_reporter);
	timer_set_in(&ready_timer, READY_WITHOUT_DATABASE_MS);
	return NULL;
}

void bridges_stop(bool cleanup)
{
	struct bridge *br;

	netdev_keep_on_close(!cleanup);
	dpif_keep_on_close(!cleanup);
	netdev_appear_unlisten(&appear_listener);
	dpctl_unlisten(&dpctl_listener);
	memory_reporter_del(&memory_reporter);
	work_cancel(&reconfigure_work);
	timer_cancel(&ready_timer);
	status_uninit();
	if (!cleanup)
		backers_freeze();
	HMAP_FOR_EACH(br, node, &all_bridges)
		bridge_destroy(br);
	ofproto_exit(cleanup);
	idl_destroy(idl);
	hmap_uninit(&all_bridges);
	hmap_uninit(&all_ports);
	hmap_uninit(&all_ifaces);
}
