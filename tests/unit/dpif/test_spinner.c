// SPDX-License-Identifier: Apache-2.0
#include "dpif/user/spinner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

#define SPAN 1000

/* What arrives over and over again: 'n' packets each time, from the queues of the string in turn
 * (a digit is a queue, '*' is several at once), 'gap' after the last. */
static const struct pattern {
	const char *name;
	const char *queues;
	unsigned int n;
	uint64_t gap;
	bool spins;
} patterns[] = {
	{ "a slow stream", "1", 1, 5 * SPAN, false },
	{ "a fast stream", "1", 1, SPAN / 10, false },
	{ "a fast stream in batches", "1", 32, SPAN / 10, false },
	{ "question and answer", "12", 1, SPAN / 2, true },
	{ "with a wake-up between them", "12", 1, SPAN + SPAN / 4, true },
	{ "an answer that takes long", "12", 1, 2 * SPAN, false },
	{ "large batches both ways", "12", 32, SPAN / 2, false },
	{ "two streams by chance", "11212221", 1, SPAN / 10, false },
	{ "one question in three is answered", "1112", 1, SPAN / 10, false },
	{ "three that talk in a ring", "123", 2, SPAN / 2, true },
	{ "several queues at once", "*", 2, SPAN / 10, false },
	{ "several after one", "1*", 2, SPAN / 10, false },
};

static void test_patterns(void **state)
{
	static const char queues[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		const struct pattern *p = &patterns[i];
		uint64_t now = 1000 * SPAN;
		struct spinner s;

		spinner_init(&s, SPAN);
		assert_false(spinner_is_on(&s, now));
		for (unsigned int k = 0; k < 100; k++) {
			char q = p->queues[k % strlen(p->queues)];

			now += p->gap;
			spinner_worked(&s, now, p->n, q == '*' ? NULL : &queues[(uint8_t)q]);
			if (k >= 20 && spinner_is_on(&s, now) != p->spins)
				fail_msg("%s: %s", p->name, p->spins ? "sleeps" : "spins");
		}
	}
}

static void talk(struct spinner *s, uint64_t *now)
{
	for (int i = 0; i < 20; i++)
		spinner_worked(s, *now += SPAN / 2, 1, i % 2 ? "a" : "b");
}

static void test_ends(void **state)
{
	uint64_t now = 1000 * SPAN;
	struct spinner s;

	(void)state;
	spinner_init(&s, SPAN);
	talk(&s, &now);
	/* It does not wait for ever. */
	assert_true(spinner_is_on(&s, now + SPAN - 1));
	assert_false(spinner_is_on(&s, now + SPAN));

	/* A few that are no answers end it, a few that are begin it again. */
	for (int i = 0; i < 4; i++)
		spinner_worked(&s, now += SPAN / 2, 1, "b");
	assert_false(spinner_is_on(&s, now));
	talk(&s, &now);
	assert_true(spinner_is_on(&s, now));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
