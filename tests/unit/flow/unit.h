/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit tests of this folder share: cmocka with the headers that it wants first, and
 * numbers that are the same in each run. */
#ifndef TESTS_UNIT_FLOW_UNIT_H
#define TESTS_UNIT_FLOW_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* xorshift64* (Marsaglia, Vigna). */
struct random {
	uint64_t state; /* not 0 */
};

static inline uint32_t rnd(struct random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * 0x2545f4914f6cdd1dULL >> 32;
}

static inline uint32_t rnd_below(struct random *r, uint32_t n)
{
	return rnd(r) % n;
}

static inline void rnd_octets(struct random *r, void *p, size_t n)
{
	for (uint8_t *o = p; n--; o++)
		*o = rnd(r);
}

#endif
