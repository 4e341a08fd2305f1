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

/* What a pass over the datapath's flows goes by; constant while it is under way. */
struct pass {
	uint64_t round; /* its number */
	uint64_t seq; /* of the configuration that flows must agree with */
	struct tag_set touched; /* as must those that depend on one of these */
	struct upcall_config config;
	bool purges; /* every flow goes */
	bool teaches; /* nothing is judged, but flows that nobody remembers are learned from */
	bool is_terse; /* the dump shows identifiers and statistics only, where it can */
	bool is_slow; /* rare flows are not worth a translation */
	/* The table is full: ports that have so many flows give up what is idle, early. */
	bool is_full;
	uint32_t level;
	/* It is over-full, and that did not help: those that have more give up others, too. */
	bool presses;
};

struct upcalls {
	struct cds_list_head node; /* among all; main thread */
	struct loop *loop;
	struct dpif *dpif;
	const struct xdp *dp;
	bool has_attributes; /* flows are stored and shown as attributes: the kernel's */
	struct tags tags;
	struct ukeys ukeys;
	uint64_t seq; /* atomic: bumped by each change of what translations depend on */
	uint64_t taken; /* atomic: the last round that has taken what was touched */
	bool touch_wakes; /* atomic: upcalls_touched() must wake the leader */
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
	bool is_in_round GUARDED; /* one that is broken off is never done */
	bool has_taught GUARDED; /* the pass that teaches is over */
	uint64_t round_begun GUARDED, round_done GUARDED; /* numbers of rounds */
	uint64_t round_wanted GUARDED; /* somebody waits for this one to be done */
	uint64_t pass_begun GUARDED; /* number of passes: a round may have two */
	unsigned int n_working GUARDED; /* followers not yet through */
	struct dpif_dump *dump GUARDED; /* of the pass */
	struct pass pass; /* constant during a pass */
	unsigned int n_full GUARDED; /* rounds in a row that found the table over-full */
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
/* How many flows the datapath may have: above the limit a quarter is for ports that have less than
 * their share. */
uint32_t upcalls_hard_limit(uint32_t flow_limit);
bool upcalls_is_terse(void); /* upcalls_set_terse() */

#endif
