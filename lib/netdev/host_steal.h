/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps what a port receives from the host's own stack: a BPF program of two instructions on the
 * device's ingress hook, which lies behind the packet sockets, drops it there.  It goes with the
 * port.
 * Without libbpf (an option of configure) or the right to load it, nothing happens but a line in
 * the log, once.
 * Threads: created by main, destroyed by main or a closer. */
#ifndef NETDEV_HOST_STEAL_H
#define NETDEV_HOST_STEAL_H

struct host_steal;
struct loop;

/* It takes effect soon after the next turn of the loop, on a closer.  May return NULL. */
struct host_steal *host_steal_create(struct loop *, int ifindex, const char *name);
/* At once; may wait for some 20 ms. */
void host_steal_destroy(struct host_steal *);

#endif
