/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of ofproto/ only. */
#ifndef OFPROTO_OFPROTO_IMPL_H
#define OFPROTO_OFPROTO_IMPL_H

#include "ofproto/backer.h"
#include "ofproto/ofproto.h"

struct ofproto {
	struct hmap_node node; /* by name */
	struct loop *loop;
	char *name;
	struct backer *backer;
	/* why the kernel datapath was not to be had; NULL: it was, or not asked for */
	char *no_kernel;
	struct xbridge *xbridge;
	struct fdb *fdb;
	struct tables *tables; /* xbridge's */
	struct timer fdb_timer;
	struct work fdb_work; /* the table changed: time of the next expiry */
	struct post fdb_post;
	bool fdb_posted; /* atomic */
	uint64_t datapath_id;
	struct hmap ports; /* by name */
	struct hmap bundles; /* by name */
	unsigned long used_numbers[65536 / (8 * sizeof(unsigned long))]; /* of OpenFlow ports */
	uint16_t next_number; /* where the search for a free one begins */
};

struct ofport {
	struct hmap_node node; /* in ofproto->ports, by name */
	struct hmap_node patch_node; /* in the table of patch ports, by bridge-independent name */
	struct ofproto *ofproto;
	struct netdev *netdev; /* counted */
	struct netdev_listener listener;
	struct xport *xport;
	struct bundle *bundle; /* NULL: none yet */
	char *peer_name; /* of a patch port; NULL: none */
	bool is_patch;
};

struct bundle {
	struct hmap_node node; /* in ofproto->bundles, by name */
	struct ofproto *ofproto;
	char *name;
	struct xbundle *xbundle;
	struct ofport **ports;
	size_t n_ports;
	struct vlan_config vlan;
	bool is_protected;
	bool in_flood; /* xbundle is among what floods reach */
};

extern struct hmap ofprotos; /* by name */

struct ofport *ofproto_port_by_name(const struct ofproto *, const char *name); /* may be NULL */
struct bundle *ofproto_bundle_by_name(const struct ofproto *, const char *name); /* may be NULL */
/* What is cached must be looked at again before the commit is done. */
void ofproto_changed(struct ofproto *);
/* A port of the bundle is going away. */
void bundle_forget_port(struct bundle *, struct ofport *);

void ofproto_ctl_register(struct loop *);
void fdb_ctl_register(void);
void ofproto_memory_register(void);
void drop_ctl_register(void);

#endif
