/* SPDX-License-Identifier: Apache-2.0 */
/* The project's clock.  Everything that waits or ages asks here, so that time can be stopped and
 * warped by 'ovs-appctl time/stop' and 'time/warp' (then every timer runs in simulated time).
 * Threads: any. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/compiler.h"

/* Monotonic (CLOCK_MONOTONIC, or simulated), since an arbitrary start; never 0. */
uint64_t clock_ms(void);
uint64_t clock_us(void);
/* Coarse: at most some milliseconds old, and costs no system call. */
uint64_t clock_coarse_ms(void);
/* Milliseconds since the epoch; moves with simulated time too. */
uint64_t clock_wall_ms(void);
/* Real monotonic time whatever was stopped: for measuring durations and back-off of processes. */
uint64_t clock_real_us(void);

bool clock_is_stopped(void);
void clock_stop(void);
/* Moves simulated time on.  Only after clock_stop(). */
void clock_warp(uint64_t ms);

/* Called (from the thread that warps) after each move of simulated time, so that threads which
 * sleep on a condition with a deadline look again. */
struct clock_listener {
	void (*changed)(struct clock_listener *);
	struct clock_listener *next;
};
/* "changed" must not add or delete listeners, nor wait. */
void clock_listener_add(struct clock_listener *);
void clock_listener_del(struct clock_listener *);

/* strftime() with '#' for the milliseconds ("###": three digits), of 'wall_ms', local time or UTC.
 * At most 1,023 octets: the result is empty if it would be longer. */
char *clock_format(const char *fmt, uint64_t wall_ms, bool utc) MUST_CHECK;

#endif
