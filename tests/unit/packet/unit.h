/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit tests of this folder share: cmocka with the headers that it wants first, and
 * numbers that are the same in each run. */
#ifndef TESTS_UNIT_PACKET_UNIT_H
#define TESTS_UNIT_PACKET_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static inline uint32_t rnd(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL; /* Knuth's MMIX */
	return *state >> 33;
}

#endif
