/* SPDX-License-Identifier: Apache-2.0 */
/* Where a fuzzer's datapath lives: a network namespace of its own, tap devices t1, t2, t3 to be its
 * ports, and u0, which is none and carries what tunnels send. */
#ifndef TESTS_KERNEL_FUZZ_RIG_H
#define TESTS_KERNEL_FUZZ_RIG_H

#include <stdbool.h>

#include "tests/kernel/fuzz/frames.h"

#define N_TAPS 3

extern const char *const rig_local, *const rig_remote; /* addresses of u0 and behind it */

void rig_create(void);
void rig_reset(void); /* all devices up and whole, whatever was done to them */

/* A new device, which is gone when the file is closed; -1 if something has this name already. */
int rig_open_tap(const char *name);

/* Sends into t1 (0), t2 or t3, or (N_TAPS) u0.  A device that does not want it is no fault. */
void rig_send(unsigned int tap, const struct frame *);
void rig_send_tunnel(struct frame *); /* makes a frame of a tunnel and sends it into u0 */

/* What came out of a tap, without its virtio_net_hdr: its length, or -1 for nothing. */
long rig_receive(unsigned int tap, void *, size_t size);
void rig_drain(void);

/* Down and up, MTU, gone and there again: something that happens to devices. */
void rig_disturb(void);

/* Starts a process that sends frames all the time, or (with false) ends it. */
void rig_noise(bool on, uint64_t seed);
void rig_pause_noise(bool pause);

/* The first line in which the kernel complains since the last call, or NULL. */
const char *rig_complaint(void);

#endif
