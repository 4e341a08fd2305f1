// SPDX-License-Identifier: Apache-2.0
/* Upcalls wait by port, and ports take turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dpif/kernel/upcall_queue.h"

static bool push(struct upcall_queue *q, uint32_t port_no, uint8_t mark)
{
	struct upcall_item *item = upcall_item_get(q);

	item->data[0] = mark;
	item->len = 1;
	if (upcall_queue_push(q, port_no, item))
		return true;
	upcall_item_put(q, item);
	return false;
}

/* The mark of the next item, -1: there is none. */
static int pop(struct upcall_queue *q)
{
	struct upcall_item *item = upcall_queue_pop(q);
	int mark = item ? item->data[0] : -1;

	if (item)
		upcall_item_put(q, item);
	return mark;
}

static void test_order_and_turns(void **state)
{
	struct upcall_queue q;

	(void)state;
	upcall_queue_init(&q);
	assert_int_equal(pop(&q), -1);
	/* 1 1 1 2 2 3 come in one burst. */
	for (uint8_t i = 10; i < 13; i++)
		assert_true(push(&q, 1, i));
	for (uint8_t i = 20; i < 22; i++)
		assert_true(push(&q, 2, i));
	assert_true(push(&q, UINT32_MAX, 30));
	assert_int_equal(q.n, 6);
	static const int want[] = { 10, 20, 30, 11, 21, 12, -1 };
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_int_equal(pop(&q), want[i]);
	/* A port that was empty stands behind the others again. */
	assert_true(push(&q, 2, 22));
	assert_true(push(&q, 1, 13));
	assert_int_equal(pop(&q), 22);
	assert_true(push(&q, 2, 23));
	assert_int_equal(pop(&q), 13);
	assert_int_equal(pop(&q), 23);
	upcall_queue_uninit(&q);
}

static void test_flood_leaves_the_quiet_alone(void **state)
{
	unsigned int n_refused = 0;
	struct upcall_queue q;

	(void)state;
	upcall_queue_init(&q);
	for (int i = 0; i < 10 * UPCALL_QUEUE_PORT_MAX; i++)
		n_refused += !push(&q, 1, 1);
	assert_int_equal(n_refused, 9 * UPCALL_QUEUE_PORT_MAX);
	assert_true(push(&q, 2, 2));
	assert_int_equal(pop(&q), 1);
	assert_int_equal(pop(&q), 2);
	/* What was taken makes room. */
	assert_true(push(&q, 1, 1));
	assert_false(push(&q, 1, 1));
	upcall_queue_uninit(&q);
}

static void test_limit_of_all(void **state)
{
	unsigned int n = 0;
	struct upcall_queue q;

	(void)state;
	upcall_queue_init(&q);
	for (uint32_t port = 0; port < UPCALL_QUEUE_MAX + 100; port++)
		n += push(&q, port, 1);
	assert_int_equal(n, UPCALL_QUEUE_MAX);
	/* Queues of ports that are idle do not pile up. */
	while (pop(&q) >= 0)
		;
	for (uint32_t port = 0; port < 100000; port++) {
		assert_true(push(&q, port, 1));
		assert_int_equal(pop(&q), 1);
	}
	assert_true(hmap_count(&q.ports) < 2 * UPCALL_QUEUE_MAX);
	upcall_queue_uninit(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_turns),
		cmocka_unit_test(test_flood_leaves_the_quiet_alone),
		cmocka_unit_test(test_limit_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
