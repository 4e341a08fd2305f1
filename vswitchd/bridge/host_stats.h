/* SPDX-License-Identifier: Apache-2.0 */
/* Load, memory, daemons and file systems of the host, for Open_vSwitch.statistics: read from
 * proc(5) by a thread of its own, because a file system may hang.
 * Threads: main. */
#ifndef BRIDGE_HOST_STATS_H
#define BRIDGE_HOST_STATS_H

#include "base/loop.h"
#include "base/smap.h"

/* Starts reading, unless that goes on already.  'done' is called from the loop with what was found;
 * the map is the caller's to read during the call. */
void host_stats_start(struct loop *, void (*done)(const struct smap *));
/* Waits for a thread that is at work; 'done' is not called any more. */
void host_stats_stop(struct loop *);

#endif
