/* SPDX-License-Identifier: Apache-2.0 */
/* Event counters, shown by 'coverage/show' and 'coverage/read-counter': one per thread without a
 * shared cache line, added up when asked for.  The per-second, per-minute and per-hour rates come
 * from samples taken every 5 s by counters_run() (from the main loop's timer).
 *
 *	COUNTER(netdev_received);
 *	COUNTER_ADD(netdev_received, n);
 */
#ifndef BASE_COUNTER_H
#define BASE_COUNTER_H

#include "base/compiler.h"

struct str;

struct counter {
	const char *name;
	unsigned int index; /* of the thread's block, given by counter_register() */
	struct counter *next;
};
#define COUNTERS_MAX 512
extern __thread uint64_t *counter_block; /* COUNTERS_MAX words, NULL before the first use */

void counter_register(struct counter *);
uint64_t *counter_block_get(void);

#define COUNTER(NAME)                                                                              \
	static struct counter counter_##NAME = { .name = #NAME };                                  \
	static void __attribute__((constructor)) counter_register_##NAME(void)                     \
	{                                                                                          \
		counter_register(&counter_##NAME);                                                 \
	}                                                                                          \
	static_assert(true, "swallow the semicolon")

#define COUNTER_ADD(NAME, N)                                                                       \
	do {                                                                                       \
		uint64_t *block__ = counter_block ? counter_block : counter_block_get();           \
		uint64_t *p__ = &block__[counter_##NAME.index];                                    \
		__atomic_store_n(p__, *p__ + (N), __ATOMIC_RELAXED);                               \
	} while (0)
#define COUNTER_INC(NAME) COUNTER_ADD(NAME, 1)

/* The total over all threads, ended ones included.  -ENOENT if there is no such counter. */
int counter_read(const char *name, uint64_t *total);
void counters_run(void);
/* coverage/show */
void counters_format(struct str *);

#endif
