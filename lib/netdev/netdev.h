/* SPDX-License-Identifier: Apache-2.0 */
/* Ports: what can send and receive frames, whatever is behind: a Linux device through AF_PACKET, a
 * tap of our own (internal, tap), AF_XDP, dummy, patch (no packets of its own: translation crosses
 * it). One operations table and one file for each kind (netdev_system.c, netdev_tap.c, ...).
 *
 * A netdev is opened once by name and counted.  Status and configuration belong to the main
 * thread; receive queues belong to one worker each; netdev_send() may be called by any worker
 * (with its own queue id). Link changes come as events from rtnetlink through the main loop,
 * nothing is polled. */
#ifndef NETDEV_NETDEV_H
#define NETDEV_NETDEV_H

#include "base/loop.h"
#include "base/smap.h"
#include "packet/packet.h"

struct netdev;
struct netdev_rxq;
struct nl_sock;

enum { NETDEV_UP = 1, NETDEV_PROMISC = 2, NETDEV_LOOPBACK = 4, NETDEV_RUNNING = 8 };

struct netdev_stats { /* UINT64_MAX: the device does not count it */
	uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes;
	uint64_t rx_errors, tx_errors, rx_dropped, tx_dropped;
	uint64_t multicast, collisions;
	uint64_t rx_length_errors, rx_over_errors, rx_crc_errors, rx_frame_errors, rx_fifo_errors,
		rx_missed_errors;
	uint64_t tx_aborted_errors, tx_carrier_errors, tx_fifo_errors, tx_heartbeat_errors,
		tx_window_errors;
};

/* What the database shows of a port; kept up to date by events. */
struct netdev_status {
	uint32_t ifindex; /* 0: none */
	uint32_t flags; /* NETDEV_UP... */
	bool carrier;
	uint64_t n_carrier_resets;
	uint32_t mtu; /* 0: unknown */
	uint8_t mac[6];
	uint64_t speed_bps; /* 0: unknown */
	bool duplex_known, full_duplex;
	uint64_t seq; /* changes whenever anything above did */
};

/* Call once in the main thread before any open: starts listening to rtnetlink (not with
 * 'dummy_only'). */
char *netdev_init(struct loop *, bool dummy_only) MUST_CHECK;
void netdev_uninit(void);
/* --enable-dummy: "" adds type dummy; "override" makes every type dummy; "system" makes type
 * system dummy. */
void netdev_dummy_enable(const char *mode);
bool netdev_dummy_is_enabled(void);
/* Whether 'type' (of a port or a datapath) is dummy under the mode that was enabled. */
bool netdev_dummy_overrides(const char *type);
/* The types that can be opened, NULL-terminated, static. */
const char *const *netdev_types(void);
bool netdev_type_is_patch(const char *type);

/* Who moves a port's packets: we do, by queues of receive and netdev_send(), or a datapath in the
 * kernel.  Then the netdev is its status, statistics and settings alone: it has no queue, no socket
 * and keeps nothing from the host; an internal one is there when the datapath has made it. */
enum netdev_use { NETDEV_USE_PACKETS, NETDEV_USE_VPORT };
/* As netdev_open(), which is for NETDEV_USE_PACKETS. */
char *netdev_open_for(const char *name, const char *type, enum netdev_use,
		      struct netdev **np) MUST_CHECK;
enum netdev_use netdev_get_use(const struct netdev *);
/* Reads the status anew, at once: what changed without an event that was heard already.  Main
 * thread. */
void netdev_refresh(struct netdev *);
/* Opens (or refs) 'name' of 'type' ("" is system).  Creates the device for internal and tap types
 * (found again by name if it persisted).  NULL and '*np', or a sentence for Interface.error. */
char *netdev_open(const char *name, const char *type, struct netdev **np) MUST_CHECK;
/* A hint: system devices 'names' are opened next.  What blocks in that (a receive ring waits for
 * the kernel's RCU) is done for all of them at once; netdev_open() takes it over.  With 'n' 0, what
 * nobody opened is closed.  Main thread. */
void netdev_prepare(const char *const *names, size_t n);
struct netdev *netdev_ref(struct netdev *);
/* The last reference closes it, on a helper thread (closing a ring waits for the kernel's RCU); a
 * device of our own (internal, tap) stays if netdev_keep_on_close(). */
void netdev_unref(struct netdev *);
/* Internal and tap devices are removed on close by default (del-port); at daemon exit without
 * --cleanup they persist: main calls this first. */
void netdev_keep_on_close(bool keep);
/* At exit, before ports are closed: what takes the kernel long to close (packet sockets, each some
 * 17 ms, and programs on devices) is left to a child process, so that this one ends at once and
 * another can start.  The child does nothing else, and ends a second after this process.
 * Nothing happens where it cannot be had.  Main thread. */
void netdev_close_behind(void);
/* Waits until everything that was closed is really gone (exit, tests). */
void netdev_close_barrier(void);

const char *netdev_name(const struct netdev *);
const char *netdev_type(const struct netdev *);
/* The kind that serves it: not what the user said if dummy overrides. */
const char *netdev_class_type(const struct netdev *);
/* Applies Interface.options; unknown keys are ignored. NULL or a sentence. */
char *netdev_set_options(struct netdev *, const struct smap *options);
void netdev_get_options(const struct netdev *, struct smap *options /* initialised */);

/* Main thread. */
void netdev_get_status(const struct netdev *, struct netdev_status *);
/* Interface.status: driver_name... */
void netdev_format_status(const struct netdev *, struct smap *);
int netdev_get_stats(const struct netdev *, struct netdev_stats *); /* the device's own counters */
int netdev_set_mtu(struct netdev *, uint32_t mtu);
int netdev_set_mac(struct netdev *, const uint8_t mac[6]);
int netdev_set_admin_up(struct netdev *, bool up);
/* Applies ingress policing (kbit/s, kbit, kpkt/s, kpkt); the workers police. 0: none. */
int netdev_set_policing(struct netdev *, uint32_t kbps, uint32_t kbit_burst, uint32_t kpps,
			uint32_t kpkt_burst);

/* Events: link, address, MTU changed; device vanished or came back (then the rings are opened anew
 * by the netdev itself and 'rxqs_changed' is set).  Main thread. */
struct netdev_listener {
	void (*changed)(struct netdev_listener *, struct netdev *);
	struct netdev *netdev;
	struct cds_list_head node;
};
void netdev_listen(struct netdev *, struct netdev_listener *);
void netdev_unlisten(struct netdev_listener *);
/* Any device of the host appeared: the bridge retries ports that failed. 'name' is its name. */
struct netdev_appear_listener {
	void (*appeared)(struct netdev_appear_listener *, const char *name);
	struct cds_list_head node;
};
void netdev_appear_listen(struct netdev_appear_listener *);
void netdev_appear_unlisten(struct netdev_appear_listener *);

/* Receive queues. A port without packets of its own (patch) has none. */
unsigned int netdev_n_rxqs(const struct netdev *);
struct netdev_rxq *netdev_rxq_open(struct netdev *, unsigned int queue); /* NULL with errno */
void netdev_rxq_close(struct netdev_rxq *); /* after no worker uses it */
/* Descriptor to epoll for input; -1 for a queue that must be polled. It may change when a device
 * comes back: 'netdev_rxq_serial()' then differs (checked by the worker after an error or
 * EPOLLHUP, and on wake-up). */
int netdev_rxq_fd(const struct netdev_rxq *);
uint32_t netdev_rxq_serial(const struct netdev_rxq *);
/* Up to PACKET_BATCH_MAX packets, which the caller owns. Returns how many, -EAGAIN if there are
 * none, -ENODEV while the device is gone. 'md' is not set except for offloads. */
int netdev_rxq_recv(struct netdev_rxq *, struct packet_batch *);

/* Sends and takes over all packets of the batch. 'queue' is the worker's number; queues are shared
 * (locked inside) when there are more workers than queues. Returns how many packets were refused;
 * these are counted in 'drops[reason]'. Offloads: passes what the device can, completes checksums
 * and segments the rest. */
unsigned int netdev_send(struct netdev *, unsigned int queue, struct packet_batch *,
			 uint64_t drops[DROP_N_REASONS]);
/* Frames that the receive side dropped before they became packets (policed, bad offload
 * header...), added to 'drops'.  Threads: any. */
void netdev_add_rx_drops(const struct netdev *, uint64_t drops[DROP_N_REASONS]);
/* Kicks what netdev_send() left in a ring; a worker calls it once after a batch of its own. */
void netdev_flush(struct netdev *, unsigned int queue);

/* Patch ports carry no packets: translation crosses them, and adds here what it counted (its rx
 * and tx packets and octets).  Threads: any. */
void netdev_patch_add_stats(struct netdev *, uint64_t rx_packets, uint64_t rx_bytes,
			    uint64_t tx_packets, uint64_t tx_bytes);

/* Dummy ports, for netdev-dummy/ commands and tests. */
struct netdev *netdev_dummy_lookup(const char *name); /* a reference, or NULL */
/* Puts a packet, which it takes, into a receive queue.  0, -EINVAL if there is no such queue,
 * -ENOTCONN if no datapath has the port open, -ENOBUFS.  Threads: any. */
int netdev_dummy_inject(struct netdev *, struct packet *, unsigned int queue);
/* Packets that were injected and no worker has taken yet.  Threads: any. */
unsigned int netdev_dummy_n_queued(struct netdev *);
/* Calls 'fn' with the last packets sent, the oldest first, as many as are kept. */
void netdev_dummy_walk_transmitted(struct netdev *,
				   void (*fn)(const void *data, size_t len, void *aux), void *aux);
void netdev_dummy_clear_transmitted(struct netdev *);
/* Calls 'fn' for each open dummy port. */
void netdev_dummy_walk(void (*fn)(struct netdev *, void *aux), void *aux);

#endif
