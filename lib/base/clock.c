// SPDX-License-Identifier: Apache-2.0
/* Simulated time is one word, the microseconds on the monotonic clock; the wall clock follows at
 * the distance it had when time was stopped.  Time never starts again in a process: what was armed
 * in simulated time would fire at once. */
#include "base/clock.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/str.h"

static bool stopped; /* set once, after the two below */
static uint64_t simulated_us; /* atomic */
static int64_t wall_ofs_us; /* wall less monotonic; constant once stopped */

static pthread_mutex_t listeners_lock = PTHREAD_MUTEX_INITIALIZER;
static struct clock_listener *listeners; /* guarded by listeners_lock */

static uint64_t read_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

bool clock_is_stopped(void)
{
	return __atomic_load_n(&stopped, __ATOMIC_ACQUIRE);
}

static inline uint64_t now_us(clockid_t id)
{
	if (unlikely(clock_is_stopped()))
		return __atomic_load_n(&simulated_us, __ATOMIC_ACQUIRE);
	return read_us(id);
}

uint64_t clock_ms(void)
{
	return MAX(now_us(CLOCK_MONOTONIC) / 1000, (uint64_t)1);
}

uint64_t clock_us(void)
{
	return MAX(now_us(CLOCK_MONOTONIC), (uint64_t)1);
}

uint64_t clock_coarse_ms(void)
{
	return MAX(now_us(CLOCK_MONOTONIC_COARSE) / 1000, (uint64_t)1);
}

uint64_t clock_wall_ms(void)
{
	if (unlikely(clock_is_stopped()))
		return (__atomic_load_n(&simulated_us, __ATOMIC_ACQUIRE) + wall_ofs_us) / 1000;
	return read_us(CLOCK_REALTIME) / 1000;
}

uint64_t clock_real_us(void)
{
	return MAX(read_us(CLOCK_MONOTONIC), (uint64_t)1);
}

void clock_stop(void)
{
	uint64_t now;

	pthread_mutex_lock(&listeners_lock);
	if (!clock_is_stopped()) {
		now = read_us(CLOCK_MONOTONIC);
		wall_ofs_us = (int64_t)(read_us(CLOCK_REALTIME) - now);
		__atomic_store_n(&simulated_us, now, __ATOMIC_RELAXED);
		__atomic_store_n(&stopped, true, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&listeners_lock);
}

void clock_warp(uint64_t ms)
{
	struct clock_listener *l;

	assert(clock_is_stopped());
	pthread_mutex_lock(&listeners_lock);
	__atomic_add_fetch(&simulated_us, ms * 1000, __ATOMIC_RELEASE);
	for (l = listeners; l; l = l->next)
		l->changed(l);
	pthread_mutex_unlock(&listeners_lock);
}

void clock_listener_add(struct clock_listener *l)
{
	pthread_mutex_lock(&listeners_lock);
	l->next = listeners;
	listeners = l;
	pthread_mutex_unlock(&listeners_lock);
}

void clock_listener_del(struct clock_listener *l)
{
	struct clock_listener **p;

	pthread_mutex_lock(&listeners_lock);
	for (p = &listeners; *p; p = &(*p)->next) {
		if (*p == l) {
			*p = l->next;
			break;
		}
	}
	pthread_mutex_unlock(&listeners_lock);
}

/* Puts 'fmt' into 's' with each run of '#' replaced by that many digits of the milliseconds. */
static void put_subseconds(struct str *s, const char *fmt, unsigned int ms)
{
	const char digits[] = { '0' + ms / 100 % 10, '0' + ms / 10 % 10, '0' + ms % 10 };
	size_t run = 0;

	for (; *fmt; fmt++) {
		if (fmt[0] == '%' && fmt[1]) { /* "%#Z" has a flag of strftime(), "%%#" ours */
			str_put_mem(s, fmt, 2);
			fmt++;
			run = 0;
		} else if (*fmt == '#') {
			str_putc(s, run < sizeof(digits) ? digits[run] : '0');
			run++;
		} else {
			str_putc(s, *fmt);
			run = 0;
		}
	}
}

char *clock_format(const char *fmt, uint64_t wall_ms, bool utc)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct str f = STR_INIT, out = STR_INIT;
	struct tm tm;
	char buf[1024];
	size_t n;

	if (!(utc ? gmtime_r(&seconds, &tm) : localtime_r(&seconds, &tm)))
		memset(&tm, 0, sizeof(tm));
	put_subseconds(&f, fmt, (unsigned int)(wall_ms % 1000));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the pattern is the user's */
	n = strftime(buf, sizeof(buf), str_cstr(&f), &tm);
#pragma GCC diagnostic pop
	str_put_mem(&out, buf, n);
	str_uninit(&f);
	return str_steal(&out);
}
