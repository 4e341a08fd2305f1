// SPDX-License-Identifier: Apache-2.0
#include "flow/odp.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

void odp_buf_init_stack(struct odp_buf *b, void *room, size_t size)
{
	b->data = b->stack_room = room;
	b->len = 0;
	b->size = size;
	b->overflow = false;
}

void odp_buf_uninit(struct odp_buf *b)
{
	if (b->data != b->stack_room)
		free(b->data);
	memset(b, 0, sizeof(*b));
}

void odp_buf_clear(struct odp_buf *b)
{
	b->len = 0;
	b->overflow = false;
}

/* Room for 'n' more octets, zeroed, at the end. */
static uint8_t *extend(struct odp_buf *b, size_t n)
{
	uint8_t *p;

	if (b->size - b->len < n) {
		size_t size = MAX(b->size * 2, ROUND_UP(b->len + n, 256));

		if (b->data == b->stack_room) {
			p = xmalloc(size);
			if (b->len)
				memcpy(p, b->data, b->len);
			b->data = p;
		} else {
			b->data = xrealloc(b->data, size);
		}
		b->size = size;
	}
	p = b->data + b->len;
	b->len += n;
	memset(p, 0, n);
	return p;
}

void *odp_put_room(struct odp_buf *b, uint16_t type, size_t len)
{
	struct nlattr *a = (struct nlattr *)extend(b, NLA_HDRLEN + NLA_ALIGN(len));

	assert(len <= UINT16_MAX - NLA_HDRLEN);
	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	return a + 1;
}

void odp_put(struct odp_buf *b, uint16_t type, const void *data, size_t len)
{
	void *p = odp_put_room(b, type, len);

	if (len)
		memcpy(p, data, len);
}

void odp_put_flag(struct odp_buf *b, uint16_t type)
{
	odp_put_room(b, type, 0);
}

void odp_put_u8(struct odp_buf *b, uint16_t type, uint8_t v)
{
	odp_put(b, type, &v, sizeof(v));
}

void odp_put_u16(struct odp_buf *b, uint16_t type, uint16_t v)
{
	odp_put(b, type, &v, sizeof(v));
}

void odp_put_u32(struct odp_buf *b, uint16_t type, uint32_t v)
{
	odp_put(b, type, &v, sizeof(v));
}

void odp_put_u64(struct odp_buf *b, uint16_t type, uint64_t v)
{
	odp_put(b, type, &v, sizeof(v));
}

size_t odp_nest_begin(struct odp_buf *b, uint16_t type)
{
	size_t start = b->len;

	odp_put_room(b, type, 0);
	return start;
}

/* The length of a nest has 16 bits. */
void odp_nest_end(struct odp_buf *b, size_t start)
{
	size_t len = b->len - start;

	if (len > UINT16_MAX) {
		b->overflow = true;
		len = NLA_HDRLEN;
		b->len = start + len;
	}
	((struct nlattr *)(b->data + start))->nla_len = len;
}

void odp_nest_cancel(struct odp_buf *b, size_t start)
{
	b->len = start;
}
