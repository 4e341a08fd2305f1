// SPDX-License-Identifier: Apache-2.0
/* A wrong turn costs more than a right one earns: traffic that comes from two queues by chance does
 * not look like questions and answers for long. */
#include "dpif/user/spinner.h"

#include "base/util.h"

#define MAX_PACKETS 2 /* in a question or an answer */
#define CREDIT_MAX 8
#define CREDIT_SPIN 4
#define CREDIT_LOSS 2

void spinner_init(struct spinner *s, uint64_t span)
{
	*s = (struct spinner){ .span = span };
}

void spinner_worked(struct spinner *s, uint64_t now, unsigned int n, const void *queue)
{
	/* To be woken takes time as well, which a spin would have saved. */
	bool in_time = now - s->since < s->span + s->span / 2;
	bool is_answer = queue && s->queue && queue != s->queue && n <= MAX_PACKETS;

	if (is_answer && in_time)
		s->credit = MIN(s->credit + 1, CREDIT_MAX);
	else
		s->credit = MAX(s->credit - CREDIT_LOSS, 0);
	s->queue = queue;
	s->since = now;
}

bool spinner_is_on(const struct spinner *s, uint64_t now)
{
	return s->credit >= CREDIT_SPIN && now - s->since < s->span;
}
