/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test of this folder includes: cmocka with the headers that it wants first, and a
 * loop that is turned until something is true. */
#ifndef TESTS_UNIT_RPC_UNIT_H
#define TESTS_UNIT_RPC_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/loop.h"

#define PATIENCE_MS 20000

/* Turns 'loop' until 'condition' holds; fails the test when that takes too long. */
#define TURN_UNTIL(loop, condition)                                                                \
	do {                                                                                       \
		uint64_t end__ = clock_real_us() + PATIENCE_MS * 1000;                             \
		while (!(condition)) {                                                             \
			if (clock_real_us() > end__)                                               \
				fail_msg("waited in vain for: %s", #condition);                    \
			loop_turn(loop, 20);                                                       \
		}                                                                                  \
	} while (0)

#define ASSERT_CONTAINS(text, part)                                                                \
	do {                                                                                       \
		const char *text__ = (text);                                                       \
		if (!text__ || !strstr(text__, part))                                              \
			fail_msg("\"%s\" does not contain \"%s\"", text__, part);                  \
	} while (0)

#endif
