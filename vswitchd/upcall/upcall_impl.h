/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of upcall/ only. */
#ifndef UPCALL_UPCALL_IMPL_H
#define UPCALL_UPCALL_IMPL_H

#include "base/clock.h"
#include "base/mutex.h"
#include "upcall/ukey.h"
#include "upcall/upcall.h"

struct revalidator {
	struct upcalls *u;
	pthread_t thread;
	unsigned int index;
	size_t n_keys; /* seen in the last round */
};

struct upcalls {
	struct loop *loop;
	struct dpif *dpif;
	const struct xdp *dp;
	struct ukeys ukeys;
	uint64_t seq; /* atomic: bumped by each change of what translations depend on */
	uint32_t flow_limit; /* atomic: adapts, at most config.flow_limit */
	/* atomic: bitmap of workers that have brought a miss */
	uint64_t callers[DPIF_MAX_WORKERS / 64];

	struct mutex lock; /* guards what follows */
	struct cond wake; /* the leader sleeps here */
	struct cond round_begin, round_end; /* followers and leader meet here */
	struct cond round_over; /* who waits for a round without the loop */
	struct upcall_config config GUARDED;
	struct revalidator *revalidators; /* [n]; the first is the leader */
	unsigned int n_revalidators;
	bool stop GUARDED, paused GUARDED;
	bool purge GUARDED;
	uint64_t round_begun GUARDED, round_done GUARDED; /* numbers of rounds */
	uint64_t round_wanted GUARDED; /* somebody waits for this one to be done */
	unsigned int n_working GUARDED; /* followers not yet through */
	struct dpif_dump *dump GUARDED; /* of the round */
	bool round_purges; /* constant during a round, as is 'round_seq' */
	uint64_t round_seq;
	uint64_t round_us GUARDED; /* how long the last one took */
	size_t n_flows_avg GUARDED, n_flows_max GUARDED;
	struct clock_listener clock;
	/* Main thread. */
	struct cds_list_head waiters;
	struct post post;
	bool posted; /* atomic */
	struct post settle_post; /* simulated time has moved */
	bool settle_posted; /* atomic */
};

void revalidators_start(struct upcalls *, unsigned int n);
void revalidators_stop(struct upcalls *);
/* The leader is told that there is something to do. */
void revalidators_wake(struct upcalls *);

#endif
