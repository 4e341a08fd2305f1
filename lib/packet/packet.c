// SPDX-License-Identifier: Apache-2.0
/* A heap packet is one allocation, the struct and then the buffer.  When a packet outgrows its
 * buffer, the octets move to a new one in 'grown'; the first buffer stays where it is until the
 * release function gives it back, because it may be a slot of a ring that is not ours to resize. */
#include "packet/packet.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_HEADROOM 128
#define DEFAULT_TAILROOM 64
#define PACKET_MAX (16 * 1024 * 1024)

static void release_heap(struct packet *p)
{
	free(p);
}

/* Everything but the tunnel, which is the bulk of it and valid only with 'has_tunnel'. */
void packet_md_init(struct packet_md *md, uint32_t in_port)
{
	memset(md, 0, offsetof(struct packet_md, tunnel));
	md->in_port = in_port;
}

void packet_init(struct packet *p, void *base, size_t size, size_t headroom, size_t len,
		 void (*release)(struct packet *))
{
	p->base = base;
	p->size = size;
	p->data = p->base + headroom;
	p->len = len;
	p->l2_5_ofs = p->l3_ofs = p->l4_ofs = PACKET_NO_OFS;
	p->packet_type = 0;
	p->hash = 0;
	p->cutlen = 0;
	memset(&p->offload, 0, sizeof(p->offload));
	p->release = release;
	p->release_aux = NULL;
	p->grown = NULL;
	packet_md_init(&p->md, UINT32_MAX);
}

struct packet *packet_create(size_t headroom, size_t len, size_t tailroom)
{
	size_t size = headroom + len + tailroom;
	struct packet *p;

	if (headroom > PACKET_MAX || len > PACKET_MAX || tailroom > PACKET_MAX)
		return NULL;
	p = malloc(sizeof(*p) + size);
	if (!p)
		return NULL;
	packet_init(p, p + 1, size, headroom, len, release_heap);
	return p;
}

struct packet *packet_create_data(const void *data, size_t len)
{
	struct packet *p = packet_create(DEFAULT_HEADROOM, len, DEFAULT_TAILROOM);

	if (p && len)
		memcpy(p->data, data, len);
	return p;
}

struct packet *packet_clone(const struct packet *p)
{
	size_t headroom = packet_headroom(p);
	struct packet *c;

	if (headroom < DEFAULT_HEADROOM)
		headroom = DEFAULT_HEADROOM;
	if (headroom > 4 * DEFAULT_HEADROOM)
		headroom = 4 * DEFAULT_HEADROOM;
	c = packet_create(headroom, p->len, DEFAULT_TAILROOM);
	if (!c)
		return NULL;
	memcpy(c->data, p->data, p->len);
	c->l2_5_ofs = p->l2_5_ofs;
	c->l3_ofs = p->l3_ofs;
	c->l4_ofs = p->l4_ofs;
	c->packet_type = p->packet_type;
	c->hash = p->hash;
	c->cutlen = p->cutlen;
	c->offload = p->offload;
	memcpy(&c->md, &p->md,
	       p->md.has_tunnel ? sizeof(c->md) : offsetof(struct packet_md, tunnel));
	return c;
}

void packet_release(struct packet *p)
{
	if (!p)
		return;
	free(p->grown);
	p->grown = NULL;
	p->release(p);
}

/* Moves the octets to a buffer with at least this room around them. */
static bool grow(struct packet *p, size_t headroom, size_t tailroom)
{
	size_t size = headroom + p->len + tailroom;
	uint8_t *base;

	if (headroom > PACKET_MAX || tailroom > PACKET_MAX || size > PACKET_MAX)
		return false;
	base = malloc(size);
	if (!base)
		return false;
	memcpy(base + headroom, p->data, p->len);
	free(p->grown);
	p->grown = p->base = base;
	p->size = size;
	p->data = base + headroom;
	return true;
}

static uint16_t ofs_add(uint16_t ofs, size_t n)
{
	if (ofs == PACKET_NO_OFS)
		return ofs;
	return ofs + n < PACKET_NO_OFS ? ofs + n : PACKET_NO_OFS;
}

void *packet_push(struct packet *p, size_t n)
{
	if (packet_headroom(p) < n && !grow(p, n + DEFAULT_HEADROOM, packet_tailroom(p)))
		return NULL;
	p->data -= n;
	p->len += n;
	p->l2_5_ofs = ofs_add(p->l2_5_ofs, n);
	p->l3_ofs = ofs_add(p->l3_ofs, n);
	p->l4_ofs = ofs_add(p->l4_ofs, n);
	if (p->offload.csum_partial || p->offload.gso) {
		p->offload.csum_start = ofs_add(p->offload.csum_start, n);
		p->offload.hdr_len = ofs_add(p->offload.hdr_len, n);
	}
	return p->data;
}

static uint16_t ofs_sub(uint16_t ofs, size_t n)
{
	return ofs != PACKET_NO_OFS && ofs >= n ? ofs - n : PACKET_NO_OFS;
}

void *packet_pull(struct packet *p, size_t n)
{
	if (n > p->len)
		return NULL;
	p->data += n;
	p->len -= n;
	p->l2_5_ofs = ofs_sub(p->l2_5_ofs, n);
	p->l3_ofs = ofs_sub(p->l3_ofs, n);
	p->l4_ofs = ofs_sub(p->l4_ofs, n);
	if (p->offload.csum_partial || p->offload.gso) {
		if (p->offload.csum_start < n) { /* the offload was for what is gone */
			memset(&p->offload, 0, sizeof(p->offload));
		} else {
			p->offload.csum_start -= n;
			p->offload.hdr_len = p->offload.hdr_len > n ? p->offload.hdr_len - n : 0;
		}
	}
	return p->data;
}

void *packet_put(struct packet *p, size_t n)
{
	void *end;

	if (packet_tailroom(p) < n && !grow(p, packet_headroom(p), n + DEFAULT_TAILROOM))
		return NULL;
	end = p->data + p->len;
	p->len += n;
	return end;
}
