/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of ports with Linux devices share: a network namespace of the test's own, in which
 * everything happens, veth pairs, and packet sockets at their far ends that speak virtio headers.
 *
 *	netdev under test -- NAME ==== NAME-far -- struct far */
#ifndef TESTS_UNIT_NETDEV_LINUX_RIG_H
#define TESTS_UNIT_NETDEV_LINUX_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/virtio_net.h>

#include "netdev/netdev_provider.h"

extern struct loop *rig_loop;

/* Enters a new network namespace and starts the netdev layer in it.  False, after saying why, if
 * that is not permitted here. */
bool rig_start(void);
void rig_stop(void);

/* Runs a command of the shell, which must succeed. */
void rig_sh(const char *fmt, ...) PRINTF_FORMAT(1, 2);
/* Makes and removes the pair NAME, NAME-far, up. */
void rig_veth(const char *name);
void rig_veth_del(const char *name);
/* Turns the loop until nothing comes for 'ms'. */
void rig_settle(int ms);

struct netdev *rig_open(const char *name, const char *type);
void rig_close(struct netdev *);

/* A packet socket. */
struct far {
	int fd;
};
void far_open(struct far *, const char *device);
void far_close(struct far *);
void far_send(const struct far *, const struct virtio_net_hdr *, const void *, size_t len);
/* Octets of the next frame within a second, or -1; 'tci': of the tag the kernel took off, or -1. */
ssize_t far_recv(const struct far *, struct virtio_net_hdr *, void *, size_t size, int *tci);

/* The next frame of 'rxq' within a second; NULL if none comes.  Others of its batch come next. */
struct packet *rig_recv(struct netdev_rxq *);
/* Gives back what rig_recv() has not handed out; before its queue is closed. */
void rig_recv_reset(void);
/* Nothing comes within 'ms', and the descriptor is not ready either, a call to receive apart. */
void rig_assert_silent(struct netdev_rxq *, int ms);
/* Sends one packet, which it takes; how many were refused. */
unsigned int rig_send(struct netdev *, struct packet *, uint64_t drops[DROP_N_REASONS]);

/* An Ethernet frame of 'len' octets, with IPv4 and TCP headers and octets that count up. */
void frame_tcp(uint8_t *, size_t len);
#define FRAME_TCP_HDR (14 + 20 + 20)

#endif
