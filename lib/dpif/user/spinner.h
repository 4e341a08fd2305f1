/* SPDX-License-Identifier: Apache-2.0 */
/* When a worker spins for the next packet in place of sleeping.
 *
 * A sleep and its wake-up cost some microseconds of time and of CPU.  Spinning saves them where the
 * next packet comes soon because of the last one: a request went out, and its answer is awaited.
 * That shows: packets come one at a time, by turns from two queues, each soon after the last.  A
 * stream that comes from one queue gains nothing, however fast it is: while the worker wakes up,
 * more of it gathers, to be taken in one batch.  Spinning between its packets would take a whole
 * CPU, from the sender if they share it.
 *
 * Reads no clock, makes no system call.  Threads: one at a time for each 'struct spinner'. */
#ifndef DPIF_USER_SPINNER_H
#define DPIF_USER_SPINNER_H

#include <stdbool.h>
#include <stdint.h>

#define SPIN_US 50 /* longest wait for an answer */

struct spinner {
	uint64_t span; /* cycles of SPIN_US */
	uint64_t since; /* the clock at the last packets */
	const void *queue; /* that they came from, if it was one; never followed */
	int credit; /* grows with each answer that came in time */
};

void spinner_init(struct spinner *, uint64_t span);
/* At 'now' a batch of 'n' packets, not 0, is done that came from 'queue' (NULL: several). */
void spinner_worked(struct spinner *, uint64_t now, unsigned int n, const void *queue);
/* Whether to look again at once, rather than to sleep. */
bool spinner_is_on(const struct spinner *, uint64_t now);

#endif
