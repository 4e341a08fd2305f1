// SPDX-License-Identifier: Apache-2.0
#include "base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"
#include "base/util.h"
#include "tests/unit/base/unit.h"

static struct loop *loop;

static void socket_pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
}

static void put_octet(int fd)
{
	assert_int_equal(write(fd, "x", 1), 1);
}

static void take_octets(int fd)
{
	char buf[100];

	while (read(fd, buf, sizeof(buf)) > 0)
		continue;
}

/* ---- watches ---------------------------------------------------------- */

struct peer {
	struct watch w;
	int fds[2];
	unsigned int n_called;
	uint32_t revents;
};

static void peer_ready(struct watch *w, uint32_t revents)
{
	struct peer *p = CONTAINER_OF(w, struct peer, w);

	p->n_called++;
	p->revents = revents;
	if (revents & EPOLLIN)
		take_octets(w->fd);
}

static void peer_open(struct peer *p, void (*cb)(struct watch *, uint32_t))
{
	socket_pair(p->fds);
	p->n_called = 0;
	assert_int_equal(watch_add(loop, &p->w, p->fds[0], EPOLLIN, cb), 0);
}

static void peer_close(struct peer *p)
{
	watch_del(&p->w);
	watch_del(&p->w);
	close(p->fds[0]);
	close(p->fds[1]);
}

static void test_watch(void **state)
{
	struct peer p;

	peer_open(&p, peer_ready);
	loop_turn(loop, 0);
	assert_int_equal(p.n_called, 0);
	put_octet(p.fds[1]);
	loop_turn(loop, -1);
	assert_int_equal(p.n_called, 1);
	assert_int_equal(p.revents, EPOLLIN);
	watch_set_events(&p.w, EPOLLIN | EPOLLOUT);
	loop_turn(loop, -1);
	assert_int_equal(p.n_called, 2);
	assert_int_equal(p.revents, EPOLLOUT);
	/* paused: neither data nor a hang-up is told, and nothing spins */
	watch_set_events(&p.w, 0);
	put_octet(p.fds[1]);
	shutdown(p.fds[1], SHUT_RDWR);
	loop_turn(loop, 5);
	assert_int_equal(p.n_called, 2);
	watch_set_events(&p.w, EPOLLIN);
	loop_turn(loop, -1);
	assert_int_equal(p.n_called, 3);
	assert_true(p.revents & EPOLLHUP);
	peer_close(&p);
	watch_set_events(&p.w, EPOLLIN); /* not watched: nothing */
}

static void test_watch_errors(void **state)
{
	struct watch w, again;
	int fds[2], file = open("/proc/self/exe", O_RDONLY);

	assert_int_equal(watch_add(loop, &w, -1, EPOLLIN, peer_ready), -EBADF);
	assert_null(w.loop);
	assert_int_equal(watch_add(loop, &w, file, EPOLLIN, peer_ready), -EPERM);
	watch_del(&w);
	socket_pair(fds);
	assert_int_equal(watch_add(loop, &w, fds[0], EPOLLIN, peer_ready), 0);
	assert_int_equal(watch_add(loop, &again, fds[0], EPOLLIN, peer_ready), -EEXIST);
	watch_del(&again);
	watch_del(&w);
	close(fds[0]);
	close(fds[1]);
	close(file);
}

#define N_PEERS 20
static struct peer *peers[N_PEERS];
static unsigned int n_survivors;

/* The first to be called deletes all others; some come back at once on the same memory. */
static void kill_others(struct watch *w, uint32_t revents)
{
	struct peer *self = CONTAINER_OF(w, struct peer, w);

	n_survivors++;
	for (int i = 0; i < N_PEERS; i++) {
		if (peers[i] == self)
			continue;
		peer_close(peers[i]);
		memset(peers[i], 0xee, sizeof(*peers[i]));
		if (i % 2) {
			peer_open(peers[i], kill_others); /* must not see the old one's event */
		} else {
			free(peers[i]);
			peers[i] = NULL;
		}
	}
	take_octets(w->fd);
}

static void test_delete_in_callback(void **state)
{
	for (int i = 0; i < N_PEERS; i++) {
		peers[i] = xzalloc(sizeof(struct peer));
		peer_open(peers[i], kill_others);
		put_octet(peers[i]->fds[1]);
	}
	loop_turn(loop, -1);
	assert_int_equal(n_survivors, 1);
	loop_turn(loop, 0);
	assert_int_equal(n_survivors, 1);
	for (int i = 0; i < N_PEERS; i++) {
		if (peers[i])
			peer_close(peers[i]);
		free(peers[i]);
	}
}

static void delete_self(struct watch *w, uint32_t revents)
{
	struct peer *p = CONTAINER_OF(w, struct peer, w);

	peer_close(p);
	free(p);
	n_survivors = 99;
}

static void test_delete_self(void **state)
{
	struct peer *p = xzalloc(sizeof(*p));

	peer_open(p, delete_self);
	put_octet(p->fds[1]);
	loop_turn(loop, -1);
	assert_int_equal(n_survivors, 99);
}

static struct peer inner, outer;
static unsigned int depth;

static void settles(struct watch *w, uint32_t revents)
{
	struct peer *p = CONTAINER_OF(w, struct peer, w);

	p->n_called++;
	assert_int_equal(depth, 0); /* not entered again */
	depth++;
	loop_settle(loop);
	depth--;
	take_octets(w->fd);
}

/* A command's handler lets the loop settle: what else was due runs then, once, and the handler is
 * not entered again though its descriptor is ready still. */
static void test_nested(void **state)
{
	peer_open(&outer, settles);
	peer_open(&inner, peer_ready);
	put_octet(outer.fds[1]);
	put_octet(inner.fds[1]);
	loop_turn(loop, -1);
	loop_turn(loop, 0);
	assert_int_equal(outer.n_called, 1);
	assert_int_equal(inner.n_called, 1);
	peer_close(&inner);
	peer_close(&outer);
}

/* ---- timers ----------------------------------------------------------- */

#define N_TIMERS 300

struct test_timer {
	struct timer t;
	uint64_t want; /* model: deadline, 0 if not set */
	unsigned int n_fired;
};

static struct test_timer timers[N_TIMERS];
static uint64_t last_fired;

static void fired(struct timer *t_)
{
	struct test_timer *t = CONTAINER_OF(t_, struct test_timer, t);

	assert_false(timer_is_set(t_));
	assert_int_not_equal(t->want, 0);
	assert_true(t->want <= clock_ms());
	assert_true(t->want >= last_fired);
	last_fired = t->want;
	t->want = 0;
	t->n_fired++;
}

/* From here on time is simulated. */
static void test_timers_against_model(void **state)
{
	clock_stop();
	srand(3);
	for (int i = 0; i < N_TIMERS; i++)
		timer_init(&timers[i].t, loop, fired);
	for (int step = 0; step < 20000; step++) {
		struct test_timer *t = &timers[rand() % N_TIMERS];
		uint64_t now = clock_ms();

		switch (rand() % 4) {
		case 0:
		case 1:
			t->want = now + (uint64_t)(rand() % 100);
			timer_set(&t->t, t->want);
			break;
		case 2:
			t->want = 0;
			timer_cancel(&t->t);
			timer_cancel(&t->t);
			break;
		default:
			clock_warp((uint64_t)(rand() % 3));
			last_fired = 0;
			loop_settle(loop);
			now = clock_ms();
			for (int i = 0; i < N_TIMERS; i++) {
				if (timers[i].want)
					assert_true(timers[i].want > now);
			}
			break;
		}
		assert_int_equal(timer_is_set(&t->t), t->want != 0);
	}
	for (int i = 0; i < N_TIMERS; i++) {
		assert_true(timers[i].n_fired > 0);
		timer_cancel(&timers[i].t);
	}
}

static unsigned int n_ticks;

static void rearm_in_past(struct timer *t)
{
	n_ticks++;
	timer_set(t, 1);
}

static char firing_order[16];

static void note_a(struct timer *t)
{
	strcat(firing_order, "a");
}

static void note_b(struct timer *t)
{
	strcat(firing_order, "b");
}

static struct timer timer_a, timer_b;

static void cancels_b(struct timer *t)
{
	strcat(firing_order, "c");
	timer_cancel(&timer_b);
}

static void test_timer_order(void **state)
{
	struct timer t;

	firing_order[0] = '\0';
	/* one that is always due fires once a turn, and lets others through */
	timer_init(&t, loop, rearm_in_past);
	timer_init(&timer_a, loop, note_a);
	timer_init(&timer_b, loop, note_b);
	timer_set(&t, 0);
	timer_set(&timer_b, clock_ms());
	timer_set(&timer_a, clock_ms());
	loop_turn(loop, -1);
	assert_int_equal(n_ticks, 1);
	assert_string_equal(firing_order, "ba");
	loop_turn(loop, -1);
	assert_int_equal(n_ticks, 2);
	timer_cancel(&t);

	firing_order[0] = '\0';
	timer_init(&t, loop, cancels_b);
	timer_set(&t, clock_ms());
	timer_set(&timer_b, clock_ms());
	timer_set(&timer_a, clock_ms());
	loop_turn(loop, -1);
	assert_string_equal(firing_order, "ca");
	timer_set_in(&t, UINT64_MAX);
	assert_int_equal(t.at_ms, UINT64_MAX);
	timer_cancel(&t);
}

static void *warps(void *arg)
{
	usleep(20000);
	clock_warp(10000);
	return NULL;
}

/* In stopped time a deadline does not wake the loop; a move of the clock, from any thread, does. */
static void test_simulated_wait(void **state)
{
	uint64_t real = clock_real_us();
	pthread_t thread;

	firing_order[0] = '\0';
	timer_set_in(&timer_a, 10000);
	loop_turn(loop, 20);
	assert_string_equal(firing_order, "");
	assert_true(clock_real_us() - real >= 19000);
	assert_int_equal(thread_create(&thread, "warps", warps, NULL), 0);
	while (!*firing_order)
		loop_turn(loop, -1);
	assert_string_equal(firing_order, "a");
	thread_join(thread);
}

static void test_real_timer(void **state)
{
	uint64_t start = clock_ms();

	assert_false(clock_is_stopped());
	firing_order[0] = '\0';
	timer_init(&timer_a, loop, note_a);
	timer_set_in(&timer_a, 30);
	while (!*firing_order)
		loop_turn(loop, -1);
	assert_in_range(clock_ms() - start, 30, 5000);
	/* max_wait_ms bounds the wait */
	timer_set_in(&timer_a, 3600000);
	start = clock_ms();
	loop_turn(loop, 10);
	assert_in_range(clock_ms() - start, 9, 5000);
	timer_cancel(&timer_a);
}

/* ---- work, posts, turns ----------------------------------------------- */

static struct work work_a, work_b;
static char work_order[64];

static void work_a_runs(struct work *w)
{
	strcat(work_order, "a");
	if (strlen(work_order) < 5) {
		work_schedule(w);
		work_schedule(w);
	}
	work_cancel(&work_b);
}

static void work_b_runs(struct work *w)
{
	strcat(work_order, "b");
}

static void test_work(void **state)
{
	work_init(&work_a, loop, work_a_runs);
	work_init(&work_b, loop, work_b_runs);
	work_schedule(&work_b);
	work_cancel(&work_b);
	work_cancel(&work_b);
	work_schedule(&work_a);
	work_schedule(&work_b);
	loop_turn(loop, -1);
	assert_string_equal(work_order, "a"); /* b was cancelled by a */
	loop_turn(loop, -1); /* does not sleep */
	assert_string_equal(work_order, "aa");
	loop_settle(loop);
	assert_string_equal(work_order, "aaaaa");
}

#define N_POSTERS 4
#define N_POSTS 2000

struct test_post {
	struct post post;
	int poster, n;
};

static int next_of[N_POSTERS];
static unsigned int n_posts;

static void post_runs(struct post *p_)
{
	struct test_post *p = CONTAINER_OF(p_, struct test_post, post);

	assert_int_equal(p->n, next_of[p->poster]);
	next_of[p->poster]++;
	free(p);
	if (++n_posts == N_POSTERS * N_POSTS)
		loop_quit(loop);
}

static void *poster(void *arg)
{
	for (int i = 0; i < N_POSTS; i++) {
		struct test_post *p = xzalloc(sizeof(*p));

		p->post.cb = post_runs;
		p->poster = (int)(intptr_t)arg;
		p->n = i;
		loop_post(loop, &p->post);
		if (i % 100 == 0)
			loop_wake(loop);
	}
	return NULL;
}

static void test_posts(void **state)
{
	pthread_t threads[N_POSTERS];

	for (intptr_t i = 0; i < N_POSTERS; i++)
		assert_int_equal(thread_create(&threads[i], "poster", poster, (void *)i), 0);
	loop_run(loop);
	for (int i = 0; i < N_POSTERS; i++)
		thread_join(threads[i]);
	assert_int_equal(n_posts, N_POSTERS * N_POSTS);
	loop_quit(loop);
	loop_run(loop); /* asked for before: does not sleep */
}

static unsigned int n_noted;
static struct post posts_of_cancel[4];

static void noting_post(struct post *p)
{
	n_noted++;
	/* The second, taken off the queue already, takes back the third. */
	if (p == &posts_of_cancel[1])
		assert_true(loop_post_cancel(loop, &posts_of_cancel[2]));
}

static void test_post_cancel(void **state)
{
	for (int i = 0; i < 4; i++) {
		posts_of_cancel[i].cb = noting_post;
		assert_false(loop_post_cancel(loop, &posts_of_cancel[i]));
		loop_post(loop, &posts_of_cancel[i]);
	}
	assert_true(loop_post_cancel(loop, &posts_of_cancel[3]));
	assert_false(loop_post_cancel(loop, &posts_of_cancel[3]));
	/* Those left are not forgotten, though nothing is posted any more. */
	loop_turn(loop, -1);
	assert_int_equal(n_noted, 2);
	loop_post(loop, &posts_of_cancel[3]);
	loop_turn(loop, -1);
	assert_int_equal(n_noted, 3);
}

static void alarm_quits(int sig)
{
	loop_quit(loop);
}

/* Asleep, interrupted by a signal whose handler quits; no processor time is used. */
static void test_idle_and_signal(void **state)
{
	struct itimerval in_100_ms = { .it_value = { .tv_usec = 100000 } };
	struct rusage before, after;
	uint64_t real = clock_real_us();
	long used;

	loop_turn(loop, 0);
	signal(SIGALRM, alarm_quits);
	getrusage(RUSAGE_SELF, &before);
	setitimer(ITIMER_REAL, &in_100_ms, NULL);
	loop_run(loop);
	getrusage(RUSAGE_SELF, &after);
	signal(SIGALRM, SIG_DFL);
	assert_true(clock_real_us() - real >= 99000);
	used = (after.ru_utime.tv_usec - before.ru_utime.tv_usec) +
	       1000000 * (after.ru_utime.tv_sec - before.ru_utime.tv_sec);
	assert_true(used < 20000);
}

static void test_destroy(void **state)
{
	struct loop *l = loop_create();
	struct timer t;
	struct work w;

	loop_destroy(NULL);
	timer_init(&t, l, note_a);
	work_init(&w, l, work_b_runs);
	timer_set_in(&t, 1000);
	work_schedule(&w);
	loop_destroy(l);
	assert_false(timer_is_set(&t));
	assert_false(w.scheduled);
}

static void test_no_descriptors(void **state)
{
	struct rlimit old, none;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	errno = 0;
	assert_null(loop_create());
	assert_int_equal(errno, EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_watch_errors),
		cmocka_unit_test(test_delete_in_callback),
		cmocka_unit_test(test_delete_self),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_work),
		cmocka_unit_test(test_posts),
		cmocka_unit_test(test_post_cancel),
		cmocka_unit_test(test_idle_and_signal),
		cmocka_unit_test(test_destroy),
		cmocka_unit_test(test_no_descriptors),
		cmocka_unit_test(test_real_timer),
		cmocka_unit_test(test_timers_against_model),
		cmocka_unit_test(test_timer_order),
		cmocka_unit_test(test_simulated_wait),
	};
	int rc;

	loop = loop_create();
	assert(loop);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	loop_destroy(loop);
	return rc;
}
