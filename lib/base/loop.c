// SPDX-License-Identifier: Apache-2.0
/* A turn: descriptors, posts, timers, work, in this order.
 *
 * Deletion.  epoll hands out pointers to watches.  A watch that is deleted while a batch of events
 * is being dispatched is struck from the rest of that batch, so no pointer outlives its watch.
 * Callbacks may run a turn themselves (loop_settle() does, called from a command); batches then
 * nest, and a watch whose callback is running is not entered a second time.
 *
 * Timers are a 4-ary heap ordered by (deadline, order of arming).  A timer armed by a timer's
 * callback gets a deadline not before this turn's and a later place, so it fires in the next
 * turn. */
#include "base/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/util.h"

#define N_EVENTS 64
#define SETTLE_TURNS_MAX 1000 /* against two callbacks that wake each other for ever */

/* The events of one turn, on its stack. */
struct batch {
	struct batch *outer;
	struct watch *running; /* whose callback runs; NULL if that deleted the watch */
	int n;
	struct epoll_event events[N_EVENTS];
};

struct loop {
	int epoll_fd;
	int event_fd; /* written by loop_post(), loop_wake() and moves of the clock */
	struct watch event_watch;
	struct batch *batches; /* innermost first */
	bool quit; /* atomic */

	struct timer **heap;
	size_t n_timers, heap_size;
	uint64_t timer_seq;
	uint64_t firing_ms; /* the turn's time while its timers fire, else 0 */

	struct cds_list_head works;
	struct post *posts; /* atomic; newest first */
	struct post *taken, **taken_tail; /* off 'posts'; oldest first, not yet run */
	struct clock_listener clock_listener;
};

void loop_wake(struct loop *l)
{
	const uint64_t one = 1;
	int saved_errno = errno;
	ssize_t n = write(l->event_fd, &one, sizeof(one));

	(void)n; /* it can fail only because it is set already */
	errno = saved_errno;
}

static void event_fd_ready(struct watch *w, uint32_t revents)
{
	uint64_t n;
	ssize_t len = read(w->fd, &n, sizeof(n));

	(void)len;
}

static void clock_moved(struct clock_listener *listener)
{
	loop_wake(CONTAINER_OF(listener, struct loop, clock_listener));
}

struct loop *loop_create(void)
{
	struct loop *l = xzalloc(sizeof(*l));
	int err;

	CDS_INIT_LIST_HEAD(&l->works);
	l->taken_tail = &l->taken;
	l->event_fd = -1;
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0)
		goto fail;
	l->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->event_fd < 0)
		goto fail;
	err = watch_add(l, &l->event_watch, l->event_fd, EPOLLIN, event_fd_ready);
	if (err) {
		errno = -err;
		goto fail;
	}
	l->clock_listener.changed = clock_moved;
	clock_listener_add(&l->clock_listener);
	return l;
fail:
	err = errno;
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	if (l->event_fd >= 0)
		close(l->event_fd);
	free(l);
	errno = err;
	return NULL;
}

void loop_destroy(struct loop *l)
{
	if (!l)
		return;
	assert(!l->batches);
	clock_listener_del(&l->clock_listener);
	while (l->n_timers)
		timer_cancel(l->heap[l->n_timers - 1]);
	while (!cds_list_empty(&l->works))
		work_cancel(cds_list_first_entry(&l->works, struct work, node));
	close(l->epoll_fd);
	close(l->event_fd);
	free(l->heap);
	free(l);
}

/* ---- descriptors ------------------------------------------------------ */

/* epoll reports errors and hang-ups even to who waits for nothing: such a watch is taken out. */
static int epoll_change(struct watch *w, uint32_t old, uint32_t new)
{
	struct epoll_event ev = { .events = new, .data.ptr = w };
	int op = !new ? EPOLL_CTL_DEL : old ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (old == new)
		return 0;
	return epoll_ctl(w->loop->epoll_fd, op, w->fd, &ev) ? -errno : 0;
}

int watch_add(struct loop *l, struct watch *w, int fd, uint32_t events,
	      void (*cb)(struct watch *, uint32_t revents))
{
	int err;

	*w = (struct watch){ .fd = fd, .events = events, .cb = cb, .loop = l };
	err = epoll_change(w, 0, events);
	if (err)
		w->loop = NULL;
	return err;
}

void watch_set_events(struct watch *w, uint32_t events)
{
	if (!w->loop || w->events == events)
		return;
	epoll_change(w, w->events, events);
	w->events = events;
}

void watch_del(struct watch *w)
{
	struct batch *b;

	if (!w->loop)
		return;
	epoll_change(w, w->events, 0);
	for (b = w->loop->batches; b; b = b->outer) {
		for (int i = 0; i < b->n; i++) {
			if (b->events[i].data.ptr == w)
				b->events[i].data.ptr = NULL;
		}
		if (b->running == w)
			b->running = NULL;
	}
	w->loop = NULL;
}

/* Whether 'w' may be entered now; takes it off the batches of outer turns, for which it is done. */
static bool watch_claim(struct batch *inner, const struct watch *w)
{
	struct batch *b;

	for (b = inner->outer; b; b = b->outer) {
		if (b->running == w)
			return false;
	}
	for (b = inner->outer; b; b = b->outer) {
		for (int i = 0; i < b->n; i++) {
			if (b->events[i].data.ptr == w)
				b->events[i].data.ptr = NULL;
		}
	}
	return true;
}

static unsigned int run_watches(struct loop *l, int wait_ms)
{
	struct batch b;
	unsigned int n_run = 0;

	b.n = epoll_wait(l->epoll_fd, b.events, N_EVENTS, wait_ms);
	b.running = NULL;
	b.outer = l->batches;
	l->batches = &b;
	for (int i = 0; i < b.n; i++) {
		struct watch *w = b.events[i].data.ptr;
		uint32_t revents = b.events[i].events;

		b.events[i].data.ptr = NULL;
		if (!w || !watch_claim(&b, w))
			continue;
		/* What an earlier callback no longer asks for is not told. */
		revents &= w->events | EPOLLERR | EPOLLHUP;
		if (!w->events || !revents)
			continue;
		b.running = w;
		n_run += w != &l->event_watch;
		w->cb(w, revents);
		b.running = NULL;
	}
	l->batches = b.outer;
	return n_run;
}

/* ---- timers ----------------------------------------------------------- */

static bool fires_before(const struct timer *a, const struct timer *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->seq < b->seq;
}

static void heap_put(struct loop *l, size_t i, struct timer *t)
{
	l->heap[i] = t;
	t->heap_index = i;
}

static void heap_up(struct loop *l, size_t i, struct timer *t)
{
	while (i && fires_before(t, l->heap[(i - 1) / 4])) {
		heap_put(l, i, l->heap[(i - 1) / 4]);
		i = (i - 1) / 4;
	}
	heap_put(l, i, t);
}

static void heap_down(struct loop *l, size_t i, struct timer *t)
{
	for (;;) {
		size_t first = i * 4 + 1, best = first, child;

		if (first >= l->n_timers)
			break;
		for (child = first + 1; child < MIN(first + 4, l->n_timers); child++) {
			if (fires_before(l->heap[child], l->heap[best]))
				best = child;
		}
		if (!fires_before(l->heap[best], t))
			break;
		heap_put(l, i, l->heap[best]);
		i = best;
	}
	heap_put(l, i, t);
}

/* Puts 't', which is new or has changed, to its place from 'i' on. */
static void heap_fix(struct loop *l, size_t i, struct timer *t)
{
	if (i && fires_before(t, l->heap[(i - 1) / 4]))
		heap_up(l, i, t);
	else
		heap_down(l, i, t);
}

void timer_init(struct timer *t, struct loop *l, void (*cb)(struct timer *))
{
	*t = (struct timer){ .cb = cb, .loop = l, .heap_index = SIZE_MAX };
}

void timer_set(struct timer *t, uint64_t at_ms)
{
	struct loop *l = t->loop;
	size_t i = t->heap_index;

	if (i != SIZE_MAX && t->at_ms == at_ms && !l->firing_ms)
		return;
	t->at_ms = MAX(at_ms, l->firing_ms);
	t->seq = l->timer_seq++;
	if (i == SIZE_MAX) {
		if (l->n_timers == l->heap_size)
			l->heap = x2nrealloc(l->heap, &l->heap_size, sizeof(struct timer *));
		i = l->n_timers++;
	}
	heap_fix(l, i, t);
}

void timer_set_in(struct timer *t, uint64_t delay_ms)
{
	uint64_t now = clock_ms();

	timer_set(t, delay_ms > UINT64_MAX - now ? UINT64_MAX : now + delay_ms);
}

void timer_cancel(struct timer *t)
{
	struct loop *l = t->loop;
	size_t i = t->heap_index;
	struct timer *last;

	if (!l || i == SIZE_MAX)
		return;
	last = l->heap[--l->n_timers];
	if (last != t)
		heap_fix(l, i, last);
	t->heap_index = SIZE_MAX;
}

static unsigned int run_timers(struct loop *l)
{
	uint64_t outer_firing_ms = l->firing_ms;
	uint64_t seq = l->timer_seq;
	unsigned int n_run = 0;

	if (!l->n_timers)
		return 0;
	l->firing_ms = clock_ms();
	while (l->n_timers) {
		struct timer *t = l->heap[0];

		if (t->at_ms > l->firing_ms || t->seq >= seq)
			break;
		timer_cancel(t);
		n_run++;
		t->cb(t);
	}
	l->firing_ms = outer_firing_ms;
	return n_run;
}

/* How long epoll may sleep for the timers' sake; -1 is for ever. */
static int timer_wait_ms(const struct loop *l)
{
	uint64_t now, at;

	if (!l->n_timers)
		return -1;
	at = l->heap[0]->at_ms;
	now = clock_ms();
	if (at <= now)
		return 0;
	if (clock_is_stopped())
		return -1; /* a move of the clock wakes us */
	return (int)MIN(at - now, (uint64_t)INT32_MAX);
}

/* ---- work and posts --------------------------------------------------- */

void work_init(struct work *w, struct loop *l, void (*cb)(struct work *))
{
	*w = (struct work){ .cb = cb, .loop = l };
}

void work_schedule(struct work *w)
{
	if (w->scheduled)
		return;
	w->scheduled = true;
	cds_list_add_tail(&w->node, &w->loop->works);
}

void work_cancel(struct work *w)
{
	if (!w->scheduled)
		return;
	w->scheduled = false;
	cds_list_del(&w->node);
}

static unsigned int run_works(struct loop *l)
{
	CDS_LIST_HEAD(now);
	unsigned int n_run = 0;

	/* What is scheduled meanwhile waits for the next turn. */
	cds_list_splice(&l->works, &now);
	CDS_INIT_LIST_HEAD(&l->works);
	while (!cds_list_empty(&now)) {
		struct work *w = cds_list_first_entry(&now, struct work, node);

		work_cancel(w);
		n_run++;
		w->cb(w);
	}
	return n_run;
}

void loop_post(struct loop *l, struct post *p)
{
	struct post *head = __atomic_load_n(&l->posts, __ATOMIC_RELAXED);

	do {
		p->next = head;
	} while (!__atomic_compare_exchange_n(&l->posts, &head, p, true, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	/* Whoever found the stack empty wakes; the others' posts go with that one. */
	if (!head)
		loop_wake(l);
}

/* Moves what was posted so far to the end of 'taken'. */
static void take_posts(struct loop *l)
{
	struct post *p, *next, *fifo = NULL, **tail = NULL;

	if (!__atomic_load_n(&l->posts, __ATOMIC_RELAXED))
		return;
	for (p = __atomic_exchange_n(&l->posts, NULL, __ATOMIC_ACQUIRE); p; p = next) {
		next = p->next;
		p->next = fifo;
		if (!fifo)
			tail = &p->next;
		fifo = p;
	}
	if (!fifo)
		return;
	*l->taken_tail = fifo;
	l->taken_tail = tail;
}

static struct post *pop_taken(struct loop *l)
{
	struct post *p = l->taken;

	if (p) {
		l->taken = p->next;
		if (!l->taken)
			l->taken_tail = &l->taken;
	}
	return p;
}

bool loop_post_cancel(struct loop *l, struct post *post)
{
	struct post **p;

	take_posts(l);
	for (p = &l->taken; *p; p = &(*p)->next) {
		if (*p != post)
			continue;
		*p = post->next;
		if (l->taken_tail == &post->next)
			l->taken_tail = p;
		return true;
	}
	return false;
}

static unsigned int run_posts(struct loop *l)
{
	unsigned int n_run = 0;
	struct post *p;

	take_posts(l);
	/* A callback may cancel others, or run a turn that takes them from here. */
	while ((p = pop_taken(l))) {
		n_run++;
		p->cb(p);
	}
	return n_run;
}

/* ---- turns ------------------------------------------------------------ */

/* Returns how many callbacks ran. */
static unsigned int turn(struct loop *l, int max_wait_ms)
{
	int wait_ms = timer_wait_ms(l);
	unsigned int n_run;

	if (max_wait_ms >= 0 && (wait_ms < 0 || wait_ms > max_wait_ms))
		wait_ms = max_wait_ms;
	if (!cds_list_empty(&l->works) || l->taken ||
	    __atomic_load_n(&l->posts, __ATOMIC_RELAXED) ||
	    __atomic_load_n(&l->quit, __ATOMIC_RELAXED))
		wait_ms = 0;
	n_run = run_watches(l, wait_ms);
	n_run += run_posts(l);
	n_run += run_timers(l);
	n_run += run_works(l);
	return n_run;
}

void loop_turn(struct loop *l, int max_wait_ms)
{
	turn(l, max_wait_ms);
}

void loop_run(struct loop *l)
{
	while (!__atomic_load_n(&l->quit, __ATOMIC_ACQUIRE))
		turn(l, -1);
	__atomic_store_n(&l->quit, false, __ATOMIC_RELAXED);
}

void loop_quit(struct loop *l)
{
	__atomic_store_n(&l->quit, true, __ATOMIC_RELEASE);
	loop_wake(l);
}

void loop_settle(struct loop *l)
{
	for (unsigned int i = 0; i < SETTLE_TURNS_MAX; i++) {
		if (!turn(l, 0))
			break;
	}
}
