/* SPDX-License-Identifier: Apache-2.0 */
/* One datapath shared by the bridges of a type: "netdev" has ovs-netdev, "system" ovs-system.
 * Threads: main. */
#ifndef OFPROTO_BACKER_H
#define OFPROTO_BACKER_H

#include "base/hmap.h"
#include "pipeline/topology.h"
#include "upcall/upcall.h"

struct backer {
	struct hmap_node node; /* by type */
	struct dpif *dpif;
	struct xdp *dp;
	struct upcalls *upcalls;
	unsigned int refs;
	bool need_revalidate; /* since the last ofproto_commit() */
};

/* The datapath of 'type' ("": system, or netdev where there is no kernel datapath), opened by the
 * first bridge.  NULL or a sentence.  '*no_kernel' is the caller's: why there is no kernel
 * datapath, if that was the reason to take another, else NULL. */
char *backer_ref(struct loop *, const char *type, struct backer **, char **no_kernel);
/* The last one closes the datapath; its ports and flows are gone then. */
void backer_unref(struct backer *);
/* The configuration has been applied: ports that an earlier daemon left in a datapath, and that are
 * not in it, go. */
void backer_remove_stale_ports(void);
/* The daemon is going, and the flows of a datapath that outlives it go on forwarding: nothing of
 * the teardown that follows must show in them. */
void backers_freeze(void);
void backer_walk(void (*fn)(struct backer *, void *aux), void *aux);
/* Settings for those there are and those to come. */
void backer_configure(const struct upcall_config *, const struct smap *other_config);
/* How many VLAN tags a key has: flow_set_vlan_limit().  Flows with other keys go. */
void backer_set_vlan_limit(unsigned int);

#endif
