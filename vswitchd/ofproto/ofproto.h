/* SPDX-License-Identifier: Apache-2.0 */
/* A switch: ports of a datapath, grouped into bundles (a port of the database: one interface or a
 * bond), a MAC table, OpenFlow tables.  bridge/ turns the database into calls of this interface and
 * writes back what it reads here; it says only what is wanted, and each call costs what it changes.
 *
 * Threads: all of it belongs to the main thread.  Workers and revalidators see what it publishes
 * through pipeline/ and upcall/. */
#ifndef OFPROTO_OFPROTO_H
#define OFPROTO_OFPROTO_H

#include "base/loop.h"
#include "base/smap.h"
#include "dpif/dpif.h"
#include "l2/fdb.h"
#include "l2/vlan.h"

struct ofproto;
struct ofport;
struct bundle;

#define OFPP_MAX_NUMBER 0xfeff
#define OFPP_PORT_LOCAL 0xfffe
#define OFPP_PORT_NONE 0xffff

/* Creates the switch 'name' on the datapath of 'type' ("system", "netdev"). NULL and '*op', or a
 * sentence. */
char *ofproto_create(struct loop *, const char *name, const char *datapath_type,
		     struct ofproto **op) MUST_CHECK;
/* Takes its ports off the datapath.  Devices that were made for them go, too, unless
 * netdev_keep_on_close(true). */
void ofproto_destroy(struct ofproto *);
struct ofproto *ofproto_lookup(const char *name); /* may be NULL */
const char *ofproto_name(const struct ofproto *);
const char *ofproto_type(const struct ofproto *);
struct dpif *ofproto_dpif(const struct ofproto *);
/* A switch of no type that did not get the kernel datapath: why; else NULL. */
const char *ofproto_no_kernel(const struct ofproto *);
/* Ends every switch and datapath object; with 'cleanup' datapaths are deleted (exit --cleanup). */
void ofproto_exit(bool cleanup);

/* Bridge-wide settings. */
void ofproto_set_datapath_id(struct ofproto *, uint64_t);
uint64_t ofproto_datapath_id(const struct ofproto *);
void ofproto_set_forward_bpdu(struct ofproto *, bool);
void ofproto_set_mac_table(struct ofproto *, uint32_t aging_s, uint32_t max_entries);
/* VLANs on which nothing is learned and all is flooded: a bitmap of 4096 bits, NULL for none
 * (copied). */
void ofproto_set_flood_vlans(struct ofproto *, const unsigned long *vlans);
struct fdb *ofproto_fdb(const struct ofproto *);

/* Ports.  'requested' is Interface.ofport_request, 0 for none.  Takes a reference on 'netdev'.
 * NULL and '*portp', or a sentence for Interface.error. */
char *ofproto_port_add(struct ofproto *, struct netdev *, uint16_t requested,
		       struct ofport **portp) MUST_CHECK;
void ofproto_port_del(struct ofport *);
uint16_t ofport_number(const struct ofport *);
uint32_t ofport_odp_number(const struct ofport *); /* DPIF_PORT_NONE for a patch port */
struct netdev *ofport_netdev(const struct ofport *);
const char *ofport_name(const struct ofport *);
/* Moves it to another number if that is free.  0, -EBUSY. */
int ofport_set_number(struct ofport *, uint16_t requested);
/* Interface statistics: device, or (patch) what translation counted. */
int ofport_get_stats(struct ofport *, struct netdev_stats *);
int ofport_get_dp_stats(struct ofport *, struct dpif_port_stats *);
/* Options of a patch port changed: looks for its peer again. */
void ofport_peer_changed(struct ofport *);

/* Bundles. */
struct bundle_settings {
	const char *name;
	struct ofport *const *ports;
	size_t n_ports;
	struct vlan_config vlan; /* copied */
	bool protected_;
};
struct bundle *ofproto_bundle_create(struct ofproto *, const struct bundle_settings *);
/* Applies the difference; unchanged settings cost nothing. */
void ofproto_bundle_set(struct bundle *, const struct bundle_settings *);
void ofproto_bundle_destroy(struct bundle *);
const char *bundle_name(const struct bundle *);

/* After a batch of the calls above: publishes, and revalidates what they changed.  'done' is called
 * (from the loop) when one revalidation round has passed at the new version: cur_cfg may be written
 * then. */
void ofproto_commit(void (*done)(void *aux), void *aux);

/* Registers ofproto/list, dpif/show, dpif/dump-flows, bridge/dump-flows, fdb/..., upcall/...,
 * revalidator/... */
void ofproto_register_commands(struct loop *);

#endif
