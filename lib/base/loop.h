/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop: descriptors (epoll), timers (a heap on base/clock.h), deferred work, and posts
 * from other threads.  Callbacks run one after the other; any of them may delete any watch, timer
 * or work, its own included.  Nothing is polled: an idle loop makes no system call.
 * Threads: a loop belongs to the thread that runs it; only loop_post(), loop_wake() and loop_quit()
 * may be called from others. */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <sys/epoll.h>
#include <urcu/list.h>

#include "base/compiler.h"

struct loop;

struct watch {
	int fd;
	uint32_t events; /* level-triggered; 0: paused, not even errors are told */
	void (*cb)(struct watch *, uint32_t revents);
	struct loop *loop; /* NULL while not watched */
};

struct timer {
	void (*cb)(struct timer *);
	struct loop *loop;
	uint64_t at_ms; /* clock_ms() at which it fires */
	size_t heap_index; /* SIZE_MAX while not set */
	uint64_t seq; /* order of arming: timers of one instant fire in it */
};

struct work {
	void (*cb)(struct work *);
	struct loop *loop;
	struct cds_list_head node;
	bool scheduled;
};

/* A post is queued by any thread and freed, or reused, by its callback in the loop's thread. */
struct post {
	void (*cb)(struct post *);
	struct post *next;
};

/* NULL with errno set if the kernel gives no descriptor. */
struct loop *loop_create(void);
void loop_destroy(struct loop *);

/* Starts watching 'fd', which stays the caller's.  0 or -errno. */
int watch_add(struct loop *, struct watch *, int fd, uint32_t events,
	      void (*cb)(struct watch *, uint32_t revents));
void watch_set_events(struct watch *, uint32_t events);
void watch_del(struct watch *); /* nothing happens if it is not watched; before close(fd) */

void timer_init(struct timer *, struct loop *, void (*cb)(struct timer *));
/* (Re)arms; a time in the past fires in the next turn. */
void timer_set(struct timer *, uint64_t at_ms);
void timer_set_in(struct timer *, uint64_t delay_ms);
void timer_cancel(struct timer *);
static inline bool timer_is_set(const struct timer *t)
{
	return t->heap_index != SIZE_MAX;
}

/* Work runs once per work_schedule(), in this or the next turn, before the loop sleeps: the place
 * for "apply what this turn's events changed". */
void work_init(struct work *, struct loop *, void (*cb)(struct work *));
void work_schedule(struct work *);
void work_cancel(struct work *);

void loop_post(struct loop *, struct post *); /* Threads: any */
/* Takes a post back if it is queued; before it is freed.  Returns whether it was. */
bool loop_post_cancel(struct loop *, struct post *);
void loop_wake(struct loop *); /* Threads: any; async-signal-safe */

/* One turn: waits at most 'max_wait_ms' (-1: until something happens), runs what is due. */
void loop_turn(struct loop *, int max_wait_ms);
/* Turns until loop_quit(). */
void loop_run(struct loop *);
void loop_quit(struct loop *); /* Threads: any; async-signal-safe */
/* Turns without waiting until nothing is due: how simulated time settles (base/clock.h).  May be
 * called from a callback, which is not entered again meanwhile. */
void loop_settle(struct loop *);

#endif
