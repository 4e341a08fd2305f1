// SPDX-License-Identifier: Apache-2.0
/* What the daemon writes back.  Interfaces and bridges whose status may have changed are listed;
 * one transaction at a time writes them all, and only what differs from the replica goes to the
 * server.  Statistics are written every stats-update-interval. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"
#include "bridge/bridge_impl.h"
#include "bridge/host_stats.h"
#include "ofproto/backer.h"

LOG_MODULE(status);

#define DEFAULT_STATS_INTERVAL_MS 5000
#define RETRY_MS 1000
#define DATAPATH_ID_LEN 16

static CDS_LIST_HEAD(dirty_ifaces);
static struct work work;
static struct timer stats_timer, retry_timer;
static struct idl_txn *txn;
static uint64_t stats_interval_ms = DEFAULT_STATS_INTERVAL_MS;
static bool bridges_dirty, stats_due;
static bool host_stats_wanted; /* other_config:enable-statistics */
static struct smap host_stats;
static bool host_stats_dirty; /* 'host_stats' is to be written */
static bool datapaths_dirty;
static int64_t cfg_wanted; /* cur_cfg to be written */
static bool cfg_dirty;

void status_iface_changed(struct iface *iface)
{
	if (cds_list_empty(&iface->status_node))
		cds_list_add_tail(&iface->status_node, &dirty_ifaces);
	work_schedule(&work);
}

void status_iface_gone(struct iface *iface)
{
	cds_list_del(&iface->status_node);
	CDS_INIT_LIST_HEAD(&iface->status_node);
}

void status_bridge_changed(struct bridge *br)
{
	br->has_status = true;
	bridges_dirty = true;
	work_schedule(&work);
}

void status_set_cur_cfg(int64_t next_cfg)
{
	cfg_wanted = next_cfg;
	cfg_dirty = true;
	work_schedule(&work);
}

static void write_stats(const struct iface *iface, struct ovsrec_interface *row)
{
	struct {
		const char *key;
		uint64_t value;
	} const *p;
	struct netdev_stats d;
	struct dpif_port_stats dp;
	const char *keys[32 + DROP_N_REASONS];
	char drop_keys[DROP_N_REASONS][48];
	int64_t values[ARRAY_SIZE(keys)];
	size_t n = 0;

	if (!iface->ofport || ofport_get_stats(iface->ofport, &d))
		return;
	const typeof(*p) all[] = {
		{ "collisions", d.collisions },
		{ "rx_bytes", d.rx_bytes },
		{ "rx_crc_err", d.rx_crc_errors },
		{ "rx_dropped", d.rx_dropped },
		{ "rx_errors", d.rx_errors },
		{ "rx_frame_err", d.rx_frame_errors },
		{ "rx_missed_errors", d.rx_missed_errors },
		{ "rx_over_err", d.rx_over_errors },
		{ "rx_packets", d.rx_packets },
		{ "tx_bytes", d.tx_bytes },
		{ "tx_dropped", d.tx_dropped },
		{ "tx_errors", d.tx_errors },
		{ "tx_packets", d.tx_packets },
	};

	for (p = all; p < all + ARRAY_SIZE(all); p++) {
		if (p->value == UINT64_MAX)
			continue;
		keys[n] = p->key;
		values[n++] = p->value;
	}
	if (!ofport_get_dp_stats(iface->ofport, &dp)) {
		keys[n] = "upcall_errors";
		values[n++] = dp.upcall_errors;
		keys[n] = "upcall_packets";
		values[n++] = dp.upcalls;
		/* Why packets that came in here were dropped: only reasons that happened. */
		for (size_t i = 0; i < DROP_N_REASONS; i++) {
			if (!dp.drops[i])
				continue;
			snprintf(drop_keys[i], sizeof(drop_keys[i]), "drop_%s",
				 drop_reason_name(i));
			keys[n] = drop_keys[i];
			values[n++] = dp.drops[i];
		}
	}
	ovsrec_interface_set_statistics(row, keys, values, n);
}

static void write_nothing(struct ovsrec_interface *row)
{
	const int64_t failed = -1;

	ovsrec_interface_set_ofport(row, &failed, 1);
	ovsrec_interface_set_admin_state(row, NULL);
	ovsrec_interface_set_link_state(row, NULL);
	ovsrec_interface_set_mac_in_use(row, NULL);
	ovsrec_interface_set_duplex(row, NULL);
	ovsrec_interface_set_link_speed(row, NULL, 0);
	ovsrec_interface_set_link_resets(row, NULL, 0);
	ovsrec_interface_set_mtu(row, NULL, 0);
	ovsrec_interface_set_ifindex(row, NULL, 0);
	ovsrec_interface_set_status(row, &(const struct smap){ 0 });
	ovsrec_interface_set_statistics(row, NULL, NULL, 0);
}

static void write_iface(struct iface *iface)
{
	struct ovsrec_interface *row = (struct ovsrec_interface *)iface->row;
	int64_t ofport, resets, speed, mtu, ifindex;
	struct netdev_status s;
	struct smap status;
	char mac[18];

	if (ovsrec_interface_is_deleted(row))
		return;
	ovsrec_interface_set_error(row, iface->error);
	if (!iface->ofport) {
		write_nothing(row);
		return;
	}
	netdev_get_status(iface->netdev, &s);
	ofport = ofport_number(iface->ofport);
	resets = s.n_carrier_resets;
	speed = s.speed_bps;
	mtu = s.mtu;
	ifindex = s.ifindex;
	snprintf(mac, sizeof(mac), ETH_FMT, ETH_ARGS(s.mac));
	ovsrec_interface_set_ofport(row, &ofport, 1);
	ovsrec_interface_set_admin_state(row, s.flags & NETDEV_UP ? "up" : "down");
	ovsrec_interface_set_link_state(row, s.carrier ? "up" : "down");
	ovsrec_interface_set_mac_in_use(row, eth_is_zero(s.mac) ? NULL : mac);
	ovsrec_interface_set_duplex(row, !s.duplex_known ? NULL : s.full_duplex ? "full" : "half");
	ovsrec_interface_set_link_speed(row, &speed, s.speed_bps ? 1 : 0);
	ovsrec_interface_set_link_resets(row, &resets, 1);
	ovsrec_interface_set_mtu(row, &mtu, s.mtu ? 1 : 0);
	ovsrec_interface_set_ifindex(row, &ifindex, 1);
	smap_init(&status);
	netdev_format_status(iface->netdev, &status);
	ovsrec_interface_set_status(row, &status);
	smap_uninit(&status);
	write_stats(iface, row);
}

static void write_bridge(struct bridge *br)
{
	struct ovsrec_bridge *row = (struct ovsrec_bridge *)br->row;
	char id[DATAPATH_ID_LEN + 1];
	struct smap status;

	if (!row || ovsrec_bridge_is_deleted(row))
		return;
	smap_init(&status);
	if (br->ofproto) {
		snprintf(id, sizeof(id), "%016" PRIx64, ofproto_datapath_id(br->ofproto));
		ovsrec_bridge_set_datapath_id(row, id);
		ovsrec_bridge_set_datapath_version(row, dpif_version(ofproto_dpif(br->ofproto)));
		if (ofproto_no_kernel(br->ofproto))
			smap_setf(&status, "datapath", "%s (not in the kernel: %s)",
				  ofproto_type(br->ofproto), ofproto_no_kernel(br->ofproto));
	} else if (br->error) {
		smap_setf(&status, "datapath", "none (%s)", br->error);
	}
	ovsrec_bridge_set_status(row, &status);
	smap_uninit(&status);
}

static void write_types(struct ovsrec_open_vswitch *ovs)
{
	const char *const *dp_types = dpif_types(), *const *if_types = netdev_types();
	size_t n_dp = 0, n_if = 0;

	while (dp_types[n_dp])
		n_dp++;
	while (if_types[n_if])
		n_if++;
	ovsrec_open_vswitch_set_datapath_types(ovs, dp_types, n_dp);
	ovsrec_open_vswitch_set_iface_types(ovs, if_types, n_if);
	ovsrec_open_vswitch_set_dpdk_initialized(ovs, false);
}

/* The backer that works for datapaths of a type, for backer_walk(). */
static void write_datapath(struct backer *b, void *ovs_)
{
	const struct ovsrec_open_vswitch *ovs = ovs_;

	for (size_t i = 0; i < ovs->n_datapaths; i++) {
		struct ovsrec_datapath *row = (struct ovsrec_datapath *)ovs->value_datapaths[i];
		struct smap features;

		if (!streq(ovs->key_datapaths[i], dpif_type(b->dpif)))
			continue;
		smap_init(&features);
		dpif_get_features(b->dpif, &features);
		ovsrec_datapath_set_datapath_version(row, dpif_version(b->dpif));
		ovsrec_datapath_set_capabilities(row, &features);
		smap_uninit(&features);
	}
}

static void host_stats_done(const struct smap *found)
{
	smap_uninit(&host_stats);
	smap_clone(&host_stats, found);
	host_stats_dirty = true;
	work_schedule(&work);
}

static void done(struct idl_txn *t, void *aux)
{
	enum idl_txn_status status = idl_txn_status(t);

	(void)aux;
	switch (status) {
	case TXN_SUCCESS:
	case TXN_UNCHANGED:
		break;
	case TXN_ERROR:
		log_err("cannot write status to the database: %s", idl_txn_error(t));
		/* fall through */
	default:
		/* The database moved on, or is away: everything is written anew, a little later. */
		for (struct hmap_node *n = hmap_first(&all_ifaces); n;
		     n = hmap_next(&all_ifaces, n)) {
			struct iface *iface = CONTAINER_OF(n, struct iface, node);

			if (cds_list_empty(&iface->status_node))
				cds_list_add_tail(&iface->status_node, &dirty_ifaces);
		}
		for (struct hmap_node *n = hmap_first(&all_bridges); n;
		     n = hmap_next(&all_bridges, n))
			CONTAINER_OF(n, struct bridge, node)->has_status = true;
		bridges_dirty = cfg_dirty = datapaths_dirty = true;
		timer_set_in(&retry_timer, RETRY_MS);
		break;
	}
	txn = NULL;
	idl_txn_destroy(t);
	work_schedule(&work); /* what became dirty meanwhile */
}

static void run(struct work *w)
{
	struct ovsrec_open_vswitch *ovs;
	struct iface *iface, *next;
	struct bridge *br;

	(void)w;
	if (txn || timer_is_set(&retry_timer) || !idl_is_synced(idl) || !idl_has_lock(idl))
		return;
	if (cds_list_empty(&dirty_ifaces) && !bridges_dirty && !stats_due && !cfg_dirty &&
	    !host_stats_dirty && !datapaths_dirty)
		return;
	ovs = (struct ovsrec_open_vswitch *)ovsrec_open_vswitch_first(idl);
	if (!ovs)
		return;

	txn = idl_txn_create(idl);
	cds_list_for_each_entry_safe(iface, next, &dirty_ifaces, status_node) {
		cds_list_del(&iface->status_node);
		CDS_INIT_LIST_HEAD(&iface->status_node);
		write_iface(iface);
	}
	if (bridges_dirty) {
		HMAP_FOR_EACH(br, node, &all_bridges) {
			if (br->has_status)
				write_bridge(br);
			br->has_status = false;
		}
		bridges_dirty = false;
	}
	if (stats_due) {
		HMAP_FOR_EACH(iface, node, &all_ifaces) {
			struct ovsrec_interface *row = (struct ovsrec_interface *)iface->row;

			if (!ovsrec_interface_is_deleted(row))
				write_stats(iface, row);
		}
		stats_due = false;
	}
	write_types(ovs);
	if (datapaths_dirty)
		backer_walk(write_datapath, ovs);
	if (host_stats_dirty)
		ovsrec_open_vswitch_set_statistics(ovs, &host_stats);
	datapaths_dirty = host_stats_dirty = false;
	if (cfg_dirty)
		ovsrec_open_vswitch_set_cur_cfg(ovs, cfg_wanted);
	cfg_dirty = false;
	idl_txn_commit(txn, done, NULL);
}

static void stats_tick(struct timer *t)
{
	stats_due = !hmap_is_empty(&all_ifaces);
	if (host_stats_wanted)
		host_stats_start(bridge_loop, host_stats_done);
	work_schedule(&work);
	timer_set_in(t, stats_interval_ms);
}

static void retry(struct timer *t)
{
	(void)t;
	work_schedule(&work);
}

void status_configure(const struct ovsrec_open_vswitch *ovs)
{
	uint64_t ms = smap_get_int(&ovs->other_config, "stats-update-interval",
				   DEFAULT_STATS_INTERVAL_MS, DEFAULT_STATS_INTERVAL_MS, INT32_MAX);

	if (ms != stats_interval_ms) {
		stats_interval_ms = ms;
		timer_set_in(&stats_timer, ms);
	}
	host_stats_wanted = smap_get_bool(&ovs->other_config, "enable-statistics", false);
	if (!host_stats_wanted && (smap_count(&host_stats) || smap_count(&ovs->statistics)))
		host_stats_done(&(const struct smap){ 0 });
	datapaths_dirty = true;
	work_schedule(&work);
}

void status_init(void)
{
	smap_init(&host_stats);
	work_init(&work, bridge_loop, run);
	timer_init(&stats_timer, bridge_loop, stats_tick);
	timer_init(&retry_timer, bridge_loop, retry);
	timer_set_in(&stats_timer, stats_interval_ms);
}

void status_uninit(void)
{
	work_cancel(&work);
	timer_cancel(&stats_timer);
	timer_cancel(&retry_timer);
	host_stats_stop(bridge_loop);
	smap_uninit(&host_stats);
	if (txn) {
		idl_txn_destroy(txn);
		txn = NULL;
	}
}
