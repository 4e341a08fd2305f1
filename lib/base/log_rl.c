// SPDX-License-Identifier: Apache-2.0
/* The token bucket.  Its lock is one word in the bucket, held for some instructions: lines that are
 * dropped at a high rate by several threads meet at their own port or peer only. */
#include <sched.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log_impl.h"
#include "base/str.h"
#include "base/util.h"

#define LINE_COST 60000u /* a line per minute is one credit per millisecond */
#define RATE_DEFAULT 60u
#define BURST_MAX_DEFAULT 60u

static void bucket_lock(struct log_rl *rl)
{
	for (unsigned int spins = 0; __atomic_exchange_n(&rl->locked, 1, __ATOMIC_ACQUIRE);
	     spins++) {
		if (spins >= 100)
			sched_yield();
	}
}

static void bucket_unlock(struct log_rl *rl)
{
	__atomic_store_n(&rl->locked, 0, __ATOMIC_RELEASE);
}

/* Takes a line's worth out of the bucket.  If there was enough and lines were dropped before, says
 * so in '*dropped', which the caller frees. */
static bool take(struct log_rl *rl, char **dropped)
{
	uint64_t per_minute = rl->per_minute ? rl->per_minute : RATE_DEFAULT;
	uint64_t burst = rl->burst ? rl->burst : MIN(per_minute, (uint64_t)BURST_MAX_DEFAULT);
	uint64_t full = burst * LINE_COST;
	uint64_t now = clock_ms(), elapsed;
	bool ok;

	bucket_lock(rl);
	if (!rl->last_ms)
		rl->credit = full;
	elapsed = rl->last_ms && now > rl->last_ms ? now - rl->last_ms : 0;
	rl->last_ms = now;
	if (elapsed >= full / per_minute)
		rl->credit = full;
	else
		rl->credit = MIN(rl->credit + elapsed * per_minute, full);

	ok = rl->credit >= LINE_COST;
	if (!ok) {
		if (!rl->n_dropped++)
			rl->first_dropped_ms = now;
		rl->last_dropped_ms = now;
	} else {
		rl->credit -= LINE_COST;
		if (rl->n_dropped) {
			*dropped = xasprintf("Dropped %u log messages in last %u seconds (most "
					     "recently, %u seconds ago) due to excessive rate",
					     rl->n_dropped,
					     (unsigned int)((now - rl->first_dropped_ms) / 1000),
					     (unsigned int)((now - rl->last_dropped_ms) / 1000));
			rl->n_dropped = 0;
		}
	}
	bucket_unlock(rl);
	return ok;
}

void log_write_rl(const struct log_module *m, enum log_level level, struct log_rl *rl,
		  const char *fmt, ...)
{
	char *dropped = NULL;
	va_list args;

	if (__atomic_load_n(&m->honor_rate_limits, __ATOMIC_RELAXED) && !take(rl, &dropped))
		return;
	if (dropped) {
		log_write(m, level, "%s", dropped);
		free(dropped);
	}
	va_start(args, fmt);
	log_write_v(m, level, fmt, args);
	va_end(args);
}
