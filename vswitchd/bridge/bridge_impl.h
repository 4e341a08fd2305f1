/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of bridge/ only. */
#ifndef BRIDGE_BRIDGE_IMPL_H
#define BRIDGE_BRIDGE_IMPL_H

#include "db/vswitch_idl.h"
#include "ofproto/ofproto.h"

struct bridge {
	struct hmap_node node; /* by name */
	char *name;
	const struct ovsrec_bridge *row; /* NULL while it is being removed */
	struct ofproto *ofproto; /* NULL: could not be created, see 'error' */
	char *error;
	char *type; /* of the datapath */
	struct hmap ports; /* by name */
	/* The ports of the row as they were last applied, in the order of the row: those that are
	 * gone are kept by the replica until the next change was gone over. */
	struct ovsrec_port **port_rows;
	size_t n_port_rows;
	struct ovsrec_port **added_rows; /* scratch of the difference */
	size_t n_added_rows;
	uint8_t mac[6]; /* zero: none chosen yet */
	uint8_t own_mac[6]; /* that its local port had at first; zero: not seen yet */
	struct iface *mac_from; /* whose address that is; NULL: configured or made up */
	bool has_hwaddr; /* it is the configured one */
	bool mac_is_stale; /* all ports are to be asked again */
	bool is_dirty; /* the row changed */
	bool is_new;
	bool has_status; /* its status columns are to be written */
	bool is_wanted; /* scratch of the difference */
};

struct port {
	struct hmap_node node; /* in bridge->ports */
	struct hmap_node all_node; /* in all_ports */
	struct cds_list_head dirty; /* in dirty_ports, or by itself */
	char *name;
	struct bridge *bridge;
	const struct ovsrec_port *row;
	struct bundle *bundle; /* NULL: none yet */
	struct iface **ifaces;
	size_t n_ifaces;
};

struct iface {
	struct hmap_node node; /* in all_ifaces, by name */
	struct cds_list_head status_node; /* in dirty_status, or by itself */
	char *name;
	char *type;
	struct port *port;
	const struct ovsrec_interface *row;
	struct netdev *netdev; /* NULL: see 'error' */
	struct ofport *ofport; /* NULL: see 'error' */
	char *error;
	struct netdev_listener listener;
	uint64_t status_seq; /* of netdev_status when it was written last */
	bool is_wanted; /* scratch of the difference */
};

extern struct hmap all_bridges, all_ports, all_ifaces; /* by name */
extern struct idl *idl;
extern struct loop *bridge_loop;

struct bridge *bridge_by_name(const char *);
struct port *port_by_name(const char *);
struct iface *iface_by_name(const char *);
/* In this turn of the loop what is marked as dirty is applied. */
void bridges_schedule(void);

/* port.c */
struct port *port_create(struct bridge *, const struct ovsrec_port *);
void port_destroy(struct port *);
void port_set_dirty(struct port *);
/* Takes interfaces off dirty ports that no longer want them, or want them otherwise. */
void ports_release_ifaces(void);
/* Opens what is missing and applies the settings of dirty ports; the list is empty afterwards. */
void ports_apply(void);

/* iface.c */
struct iface *iface_create(struct port *, const struct ovsrec_interface *);
void iface_destroy(struct iface *);
/* Opens it if it is not open, applies its settings; sets 'error'. */
void iface_apply(struct iface *);
/* Somebody else removed its port from the datapath: it stays out until its settings change. */
void iface_port_removed(struct iface *);
/* It is of another type than its row wants: it must be made anew. */
bool iface_is_stale(const struct iface *, const struct ovsrec_interface *);
uint16_t iface_wanted_ofport(const struct ovsrec_interface *);

/* mac.c: which address a bridge has. */
void bridge_mac_iface_added(struct iface *);
void bridge_mac_iface_removed(struct iface *);
void bridge_mac_iface_changed(struct iface *); /* its address may have */
void bridge_mac_apply(struct bridge *);

/* status.c */
void status_init(void);
void status_uninit(void);
void status_iface_changed(struct iface *);
void status_iface_gone(struct iface *);
void status_bridge_changed(struct bridge *);
/* The configuration 'next_cfg' is in force. */
void status_set_cur_cfg(int64_t next_cfg);
void status_configure(const struct ovsrec_open_vswitch *);

#endif
