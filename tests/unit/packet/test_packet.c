// SPDX-License-Identifier: Apache-2.0
/* Packet buffers: room, growth, offsets, ownership. */
#include "packet/packet.h"

#include <stdlib.h>

#include "tests/unit/packet/unit.h"

static int n_released;

static void release_foreign(struct packet *p)
{
	/* the buffer that it came with, not what it has grown to */
	assert_ptr_equal(p->release_aux, p + 1);
	n_released++;
}

static void test_drop_reasons(void **state)
{
	assert_string_equal(drop_reason_name(DROP_NONE), "none");
	assert_string_equal(drop_reason_name(DROP_RUNT), "runt");
	assert_string_equal(drop_reason_name(DROP_NO_MEMORY), "no-memory");
	assert_string_equal(drop_reason_name(DROP_N_REASONS), "unknown");
	for (int i = 0; i < DROP_N_REASONS; i++) {
		assert_true(drop_reason_help(i)[0]);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(drop_reason_name(i), drop_reason_name(j));
	}
}

static void test_too_large(void **state)
{
	assert_null(packet_create(0, SIZE_MAX, 0));
	assert_null(packet_create(SIZE_MAX, 1, 1));
	assert_null(packet_create(1, 1, SIZE_MAX));
	packet_release(NULL);
}

static void test_room(void **state)
{
	struct packet *p = packet_create(4, 10, 2);
	uint8_t *d;

	assert_int_equal(packet_headroom(p), 4);
	assert_int_equal(packet_tailroom(p), 2);
	memcpy(p->data, "0123456789", 10);
	p->l3_ofs = 3;
	p->l4_ofs = 7;
	d = packet_push(p, 4);
	assert_ptr_equal(d, p->base);
	assert_int_equal(p->l3_ofs, 7);
	assert_int_equal(p->l4_ofs, 11);
	assert_int_equal(p->l2_5_ofs, PACKET_NO_OFS);
	memcpy(d, "abcd", 4);
	/* no more headroom: it grows, octets and tailroom stay */
	d = packet_push(p, 1);
	assert_non_null(d);
	*d = 'z';
	assert_int_equal(p->len, 15);
	assert_memory_equal(p->data, "zabcd0123456789", 15);
	assert_int_equal(packet_tailroom(p), 2);
	assert_memory_equal(packet_l3(p), "3456789", 7);
	assert_memory_equal(packet_l4(p), "789", 3);
	assert_int_equal(packet_l4_len(p), 3);
	d = packet_put(p, 100);
	assert_non_null(d);
	memset(d, 'x', 100);
	assert_memory_equal(p->data, "zabcd0123456789xxx", 18);
	assert_null(packet_put(p, SIZE_MAX / 2));
	assert_null(packet_push(p, SIZE_MAX / 2));
	/* pulled past a header, its offset is gone */
	assert_non_null(packet_pull(p, 9));
	assert_int_equal(p->l3_ofs, PACKET_NO_OFS);
	assert_int_equal(p->l4_ofs, 3);
	assert_null(packet_pull(p, 1000));
	packet_release(p);
}

static void test_offload_moves(void **state)
{
	struct packet *p = packet_create_data("0123456789012345678901234567890123456789", 40);

	p->offload.csum_partial = true;
	p->offload.csum_start = 20;
	p->offload.hdr_len = 30;
	packet_push(p, 4);
	assert_int_equal(p->offload.csum_start, 24);
	assert_int_equal(p->offload.hdr_len, 34);
	packet_pull(p, 14);
	assert_int_equal(p->offload.csum_start, 10);
	assert_int_equal(p->offload.hdr_len, 20);
	assert_true(p->offload.csum_partial);
	packet_pull(p, 11); /* what was to be summed is cut off */
	assert_false(p->offload.csum_partial);
	packet_release(p);
}

static void test_foreign(void **state)
{
	static struct {
		struct packet p;
		uint8_t room[64];
	} slot;

	n_released = 0;
	packet_init(&slot.p, slot.room, sizeof(slot.room), 0, 64, release_foreign);
	slot.p.release_aux = slot.room;
	memset(slot.p.data, 7, 64);
	assert_non_null(packet_push(&slot.p, 8));
	assert_non_null(packet_put(&slot.p, 500));
	assert_int_equal(slot.p.data[8], 7);
	packet_release(&slot.p);
	assert_int_equal(n_released, 1);
}

static void test_clone(void **state)
{
	struct packet *p = packet_create(1000, 50, 0), *c;

	memset(p->data, 5, 50);
	p->l2_5_ofs = 1;
	p->l3_ofs = 2;
	p->l4_ofs = 3;
	p->packet_type = 4;
	p->hash = 5;
	p->cutlen = 6;
	p->offload.gso = PACKET_GSO_TCPV4;
	p->offload.gso_size = 8;
	packet_md_init(&p->md, 9);
	p->md.has_tunnel = true;
	memset(&p->md.tunnel, 3, sizeof(p->md.tunnel));
	p->md.pkt_mark = 10;
	c = packet_clone(p);
	packet_release(p);
	assert_int_equal(c->len, 50);
	assert_int_equal(c->data[49], 5);
	assert_int_equal(c->l2_5_ofs, 1);
	assert_int_equal(c->l3_ofs, 2);
	assert_int_equal(c->l4_ofs, 3);
	assert_int_equal(c->packet_type, 4);
	assert_int_equal(c->hash, 5);
	assert_int_equal(c->cutlen, 6);
	assert_int_equal(c->offload.gso, PACKET_GSO_TCPV4);
	assert_int_equal(c->offload.gso_size, 8);
	assert_int_equal(c->md.in_port, 9);
	assert_int_equal(c->md.pkt_mark, 10);
	assert_int_equal(c->md.tunnel.ip_tos, 3);
	assert_true(packet_headroom(c) >= 128);
	packet_release(c);
	/* nothing at all */
	p = packet_create_data(NULL, 0);
	c = packet_clone(p);
	assert_int_equal(c->len, 0);
	packet_release(p);
	packet_release(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drop_reasons), cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_room),         cmocka_unit_test(test_offload_moves),
		cmocka_unit_test(test_foreign),      cmocka_unit_test(test_clone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
