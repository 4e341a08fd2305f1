// SPDX-License-Identifier: Apache-2.0
/* A thread's block of counters is written by that thread alone; readers add the blocks up.  When a
 * thread ends its block is added to that of the dead. */
#include "base/counter.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/util.h"

#define SAMPLE_MS 5000
#define N_MINUTE 12 /* samples of 5 s */
#define N_HOUR 60 /* samples of a minute */

struct block {
	struct block *next;
	uint64_t *words; /* each written by its thread, relaxed */
};

/* The growth of one counter in the last samples; rings. */
struct history {
	uint64_t last; /* total at the last sample */
	uint32_t minute[N_MINUTE];
	uint32_t hour[N_HOUR];
};

__thread uint64_t *counter_block;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static struct counter *counters;
static unsigned int n_counters;
static struct block *blocks;
static uint64_t dead[COUNTERS_MAX];
static struct history history[COUNTERS_MAX];
static uint64_t last_sample_ms;
static unsigned int minute_pos, hour_pos;

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t block_key;

static void thread_ends(void *block_)
{
	struct block *block = block_, **p;
	unsigned int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < COUNTERS_MAX; i++)
		dead[i] += block->words[i];
	for (p = &blocks; *p != block; p = &(*p)->next)
		continue;
	*p = block->next;
	pthread_mutex_unlock(&lock);
	counter_block = NULL;
	free(block->words);
	free(block);
}

static void make_key(void)
{
	pthread_key_create(&block_key, thread_ends);
}

void counter_register(struct counter *c)
{
	struct counter **p;

	pthread_mutex_lock(&lock);
	if (n_counters >= COUNTERS_MAX) {
		fprintf(stderr, "more than %d counters\n", COUNTERS_MAX);
		abort();
	}
	c->index = n_counters++;
	for (p = &counters; *p && strcmp((*p)->name, c->name) < 0; p = &(*p)->next)
		continue;
	c->next = *p;
	*p = c;
	pthread_mutex_unlock(&lock);
}

uint64_t *counter_block_get(void)
{
	struct block *block;

	if (counter_block)
		return counter_block;
	pthread_once(&key_once, make_key);
	block = xmalloc(sizeof(*block));
	block->words = xzalloc_cacheline(COUNTERS_MAX * sizeof(uint64_t));
	pthread_mutex_lock(&lock);
	block->next = blocks;
	blocks = block;
	pthread_mutex_unlock(&lock);
	pthread_setspecific(block_key, block);
	counter_block = block->words;
	return counter_block;
}

/* With 'lock'. */
static uint64_t total_of(const struct counter *c)
{
	uint64_t total = dead[c->index];
	const struct block *b;

	for (b = blocks; b; b = b->next)
		total += __atomic_load_n(&b->words[c->index], __ATOMIC_RELAXED);
	return total;
}

int counter_read(const char *name, uint64_t *total)
{
	const struct counter *c;
	int err = -ENOENT;

	pthread_mutex_lock(&lock);
	/* One name may stand in several files: it is one counter to the user. */
	for (c = counters; c; c = c->next) {
		if (streq(c->name, name)) {
			*total = (err ? 0 : *total) + total_of(c);
			err = 0;
		}
	}
	pthread_mutex_unlock(&lock);
	return err;
}

/* One step of 5 s; with 'lock'. */
static void sample(bool grew)
{
	struct counter *c;

	for (c = counters; c; c = c->next) {
		struct history *h = &history[c->index];
		uint64_t total = grew ? total_of(c) : h->last;
		uint64_t n = total - h->last;

		h->minute[minute_pos % N_MINUTE] = (uint32_t)MIN(n, (uint64_t)UINT32_MAX);
		h->last = total;
		if (minute_pos % N_MINUTE == N_MINUTE - 1) {
			uint64_t sum = 0;

			for (unsigned int i = 0; i < N_MINUTE; i++)
				sum += h->minute[i];
			h->hour[hour_pos % N_HOUR] = (uint32_t)MIN(sum, (uint64_t)UINT32_MAX);
		}
	}
	if (minute_pos % N_MINUTE == N_MINUTE - 1)
		hour_pos++;
	minute_pos++;
}

void counters_run(void)
{
	uint64_t now = clock_ms(), n, limit = N_MINUTE * N_HOUR;

	pthread_mutex_lock(&lock);
	if (!last_sample_ms) {
		last_sample_ms = now;
		for (struct counter *c = counters; c; c = c->next)
			history[c->index].last = 0;
	}
	n = (now - last_sample_ms) / SAMPLE_MS;
	last_sample_ms += n * SAMPLE_MS;
	/* After a long sleep the samples of which nothing is known count as empty, but the last. */
	for (n = MIN(n, limit); n; n--)
		sample(n == 1);
	pthread_mutex_unlock(&lock);
}

static double sum_of(const uint32_t *samples, unsigned int n)
{
	double sum = 0;

	for (unsigned int i = 0; i < n; i++)
		sum += samples[i];
	return sum;
}

void counters_format(struct str *s)
{
	unsigned int n_never = 0;
	uint32_t hash = 0;
	struct str lines = STR_INIT;
	const struct counter *c, *same;

	pthread_mutex_lock(&lock);
	for (c = counters; c; c = same) {
		double s5 = 0, minute = 0, hour = 0;
		uint64_t total = 0;

		for (same = c; same && streq(same->name, c->name); same = same->next) {
			const struct history *h = &history[same->index];

			total += total_of(same);
			s5 += h->minute[(minute_pos + N_MINUTE - 1) % N_MINUTE] / 5.0;
			minute += sum_of(h->minute, N_MINUTE) / 60;
			hour += sum_of(h->hour, N_HOUR) / 3600;
		}
		if (!total) {
			n_never++;
			continue;
		}
		hash = hash_string(c->name, hash);
		str_printf(&lines, "%-24s %5.1f/sec %9.3f/sec %13.4f/sec   total: %" PRIu64 "\n",
			   c->name, s5, minute, hour, total);
	}
	pthread_mutex_unlock(&lock);
	str_printf(s,
		   "Event coverage, avg rate over last: 5 seconds, last minute, last hour,  "
		   "hash=%08" PRIx32 ":\n",
		   hash);
	str_put(s, str_cstr(&lines));
	str_printf(s, "%u events never hit\n", n_never);
	str_uninit(&lines);
}
