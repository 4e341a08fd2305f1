/* SPDX-License-Identifier: Apache-2.0 */
/* What translation sees of the configuration: datapaths, bridges, bundles, ports, published by RCU.
 * ofproto/ makes and changes these objects (main thread); workers and revalidators read them inside
 * rcu_enter().
 * An object that cached translations name is counted, and is freed by RCU after the last reference.
 *
 *	xdp --- ports by datapath number ---> xport ---> xbundle ---> xbridge ---> tables, MAC table
 */
#ifndef PIPELINE_TOPOLOGY_H
#define PIPELINE_TOPOLOGY_H

#include "base/rcuhash.h"
#include "l2/fdb.h"
#include "l2/vlan.h"
#include "tables/tables.h"

struct xbundle;
struct xport;

struct xdp {
	struct rcuhash ports; /* of 'struct xport' by odp_port; main writes */
};

/* A vector that readers walk while the writer appends; removal publishes a copy. */
struct xvec {
	size_t n; /* atomic */
	size_t size;
	void *items[];
};

struct xbridge {
	char *name;
	struct xdp *dp;
	struct tables *tables;
	struct fdb *fdb;
	bool forward_bpdu; /* atomic */
	struct xvec *bundles; /* RCU: what a flood walks */
	struct rcuhash ports; /* by OpenFlow number; main writes */
	unsigned int refs; /* atomic */
	struct rcu_item rcu;
};

struct xbundle_config { /* constant; replaced whole */
	struct vlan_config vlan;
	bool is_protected;
	struct xport *port; /* the one that a flood or unicast uses; NULL: nothing can be sent */
	struct rcu_item rcu;
};

struct xbundle {
	struct fdb_port fdb_port; /* what the MAC table learns */
	struct xbridge *bridge; /* counted */
	char *name;
	struct xbundle_config *config; /* RCU */
	unsigned int refs; /* atomic */
	struct rcu_item rcu;
};

struct xport {
	struct rcuhash_node odp_node; /* in xdp->ports; not for patch ports */
	struct rcuhash_node ofp_node; /* in xbridge->ports */
	struct xbridge *bridge; /* counted */
	char *name;
	uint32_t odp_port; /* DPIF_PORT_NONE: patch */
	uint16_t ofp_port; /* atomic */
	bool is_patch;
	struct xbundle *bundle; /* RCU */
	struct xport *peer; /* RCU: the other end of a patch, NULL: none */
	bool may_forward; /* atomic: administratively up and not blocked */
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes; /* of a patch port; relaxed atomics */
	unsigned int refs; /* atomic */
	struct rcu_item rcu;
};

struct xdp *xdp_create(void);
void xdp_destroy(struct xdp *); /* holds no ports any more */

struct xbridge *xbridge_create(struct xdp *, const char *name, struct tables *, struct fdb *);
void xbridge_unref(struct xbridge *);
/* Appends to, or removes from, what floods reach. */
void xbridge_add_bundle(struct xbridge *, struct xbundle *);
void xbridge_del_bundle(struct xbridge *, struct xbundle *);
/* Removes all at once: deleting a bridge with many ports. */
void xbridge_clear_bundles(struct xbridge *);

struct xbundle *xbundle_create(struct xbridge *, const char *name);
struct xbundle *xbundle_ref(struct xbundle *);
/* For readers, to whom an object may stand out that has lost its last reference already: NULL
 * then. */
struct xbundle *xbundle_tryref(struct xbundle *);
void xbundle_unref(struct xbundle *);
/* Publishes new settings (VLANs are copied). */
void xbundle_configure(struct xbundle *, const struct vlan_config *, bool is_protected,
		       struct xport *);

struct xport *xport_create(struct xbridge *, const char *name, uint32_t odp_port, uint16_t ofp_port,
			   bool is_patch);
struct xport *xport_ref(struct xport *);
struct xport *xport_tryref(struct xport *); /* as for bundles */
void xport_unref(struct xport *);
/* Takes it out of the look-ups; the creator's reference stays. */
void xport_withdraw(struct xport *);
void xport_renumber(struct xport *, uint16_t ofp_port);

/* RCU. */
struct xport *xdp_port(const struct xdp *, uint32_t odp_port);
struct xport *xbridge_port(const struct xbridge *, uint16_t ofp_port);

static inline uint16_t xport_number(const struct xport *p)
{
	return __atomic_load_n(&p->ofp_port, __ATOMIC_RELAXED);
}
static inline struct xbundle *xbundle_from_fdb_port(struct fdb_port *p)
{
	return CONTAINER_OF(p, struct xbundle, fdb_port);
}

#endif
