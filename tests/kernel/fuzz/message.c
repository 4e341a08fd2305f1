// SPDX-License-Identifier: Apache-2.0
#include "tests/kernel/fuzz/message.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <string.h>

#define MAX_DEPTH 8

/* ---- random numbers ---- */

static uint64_t state; /* splitmix64 */

static uint64_t rnd_u64(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void rnd_seed(uint64_t seed, uint64_t round)
{
	state = seed;
	state = rnd_u64() ^ round;
}

uint32_t rnd(uint32_t n)
{
	return n ? (rnd_u64() >> 32) % n : 0;
}

uint32_t rnd_u32(void)
{
	static const uint32_t odd[] = {
		0,     1,      2,      3,      4,       7,       0x7f,       0x80,       0xff,
		0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0xfffff, 0x7fffffff, 0x80000000, UINT32_MAX
	};

	return chance(50) ? odd[rnd(sizeof(odd) / sizeof(odd[0]))] : (uint32_t)rnd_u64();
}

bool chance(uint32_t percent)
{
	return rnd(100) < percent;
}

void rnd_fill(void *p, size_t len)
{
	uint8_t *octets = p;

	for (size_t i = 0; i < len; i++)
		octets[i] = rnd_u64() >> 56;
}

/* ---- attributes ---- */

void put(struct message *m, uint16_t type, const void *payload, size_t len)
{
	struct nlattr a = { .nla_len = NLA_HDRLEN + len, .nla_type = type };
	size_t total = NLA_HDRLEN + NLA_ALIGN(len);

	if (NLA_HDRLEN + len > UINT16_MAX || total > sizeof(m->data) - m->len)
		return;
	memset(m->data + m->len, 0, total);
	memcpy(m->data + m->len, &a, sizeof(a));
	if (len)
		memcpy(m->data + m->len + NLA_HDRLEN, payload, len);
	m->len += total;
}

void put_u8(struct message *m, uint16_t type, uint8_t value)
{
	put(m, type, &value, sizeof(value));
}

void put_u16(struct message *m, uint16_t type, uint16_t value)
{
	put(m, type, &value, sizeof(value));
}

void put_u32(struct message *m, uint16_t type, uint32_t value)
{
	put(m, type, &value, sizeof(value));
}

void put_be16(struct message *m, uint16_t type, uint16_t value)
{
	put_u16(m, type, htons(value));
}

void put_flag(struct message *m, uint16_t type)
{
	put(m, type, NULL, 0);
}

void put_text(struct message *m, uint16_t type, const char *text)
{
	put(m, type, text, strlen(text) + 1);
}

size_t nest(struct message *m, uint16_t type)
{
	size_t start = m->len;

	put(m, type, NULL, 0);
	return start;
}

void end(struct message *m, size_t start)
{
	struct nlattr a;
	size_t len = m->len - start;

	if (len < NLA_HDRLEN)
		return; /* there was no room for it */
	if (len > UINT16_MAX) {
		m->len = start;
		return;
	}
	memcpy(&a, m->data + start, sizeof(a));
	a.nla_len = len;
	memcpy(m->data + start, &a, sizeof(a));
}

bool next_attr(const uint8_t *data, size_t len, size_t *at, struct attr *attr)
{
	struct nlattr a;

	if (*at + sizeof(a) > len)
		return false;
	memcpy(&a, data + *at, sizeof(a));
	if (a.nla_len < sizeof(a) || a.nla_len > len - *at)
		return false;
	attr->type = a.nla_type & NLA_TYPE_MASK;
	attr->len = a.nla_len - sizeof(a);
	attr->data = data + *at + sizeof(a);
	*at += NLA_ALIGN(a.nla_len);
	return true;
}

bool find_attr(const uint8_t *data, size_t len, uint16_t type, struct attr *attr)
{
	for (size_t at = 0; next_attr(data, len, &at, attr);) {
		if (attr->type == type)
			return true;
	}
	return false;
}

/* ---- damage ---- */

/* The attribute that is to be damaged and those around it: where their headers are. */
struct place {
	size_t at[MAX_DEPTH];
	unsigned int n;
};

static bool is_list(const uint8_t *data, size_t len)
{
	struct attr a;
	size_t at = 0;

	while (next_attr(data, len, &at, &a)) {
		if (a.type > 64)
			return false;
	}
	return len && at >= len;
}

static bool choose(const struct message *m, struct place *place)
{
	size_t from = 0, len = m->len;

	place->n = 0;
	for (;;) {
		size_t at = 0, chosen = 0;
		unsigned int n = 0;
		struct attr a, of = { 0 };

		for (size_t start = at; next_attr(m->data + from, len, &at, &a); start = at) {
			if (!rnd(++n)) {
				chosen = start;
				of = a;
			}
		}
		if (!n)
			return place->n;
		place->at[place->n++] = from + chosen;
		if (place->n == MAX_DEPTH || chance(25) || !is_list(of.data, of.len))
			return true;
		from += chosen + NLA_HDRLEN;
		len = of.len;
	}
}

static struct nlattr header(const struct message *m, size_t at)
{
	struct nlattr a;

	memcpy(&a, m->data + at, sizeof(a));
	return a;
}

static void set_header(struct message *m, size_t at, struct nlattr a)
{
	memcpy(m->data + at, &a, sizeof(a));
}

/* Replaces 'old' octets at 'at' by 'new' others, and all around it gets as much longer. */
static bool splice(struct message *m, const struct place *place, size_t at, size_t old,
		   const void *with, size_t new)
{
	uint8_t copy[4096];

	if (at > m->len)
		return false;
	if (at + old > m->len)
		old = m->len - at;
	if (new > sizeof(copy) || m->len - old + new > sizeof(m->data))
		return false;
	if (new)
		memcpy(copy, with, new);
	memmove(m->data + at + new, m->data + at + old, m->len - at - old);
	if (new)
		memcpy(m->data + at, copy, new);
	m->len = m->len - old + new;
	for (unsigned int i = 0; i + 1 < place->n; i++) {
		struct nlattr a = header(m, place->at[i]);

		a.nla_len += new - old;
		set_header(m, place->at[i], a);
	}
	return true;
}

static void mutate_payload(struct message *m, size_t at, size_t len)
{
	uint8_t *p = m->data + at;
	uint32_t value;

	if (!len)
		return;
	switch (rnd(5)) {
	case 0:
		p[rnd(len)] ^= 1 << rnd(8);
		break;
	case 1:
		p[rnd(len)] = rnd_u32();
		break;
	case 2:
		memset(p, chance(50) ? 0xff : 0, len);
		break;
	case 3:
		value = chance(50) ? rnd_u32() : htonl(rnd_u32());
		memcpy(p, &value, len < sizeof(value) ? len : sizeof(value));
		break;
	default:
		rnd_fill(p, len);
	}
}

static void mutate_length(struct message *m, const struct place *place, size_t at)
{
	static const uint16_t lengths[] = { 0, 1, 3, 4, 5, 8, 0x7fff, 0xffff };
	struct nlattr a = header(m, at);
	static const uint8_t zeros[64];
	size_t total = NLA_ALIGN(a.nla_len);

	switch (rnd(4)) {
	case 0: /* a lie */
		a.nla_len = lengths[rnd(sizeof(lengths) / sizeof(lengths[0]))];
		set_header(m, at, a);
		break;
	case 1:
		a.nla_len += (int)rnd(9) - 4;
		set_header(m, at, a);
		break;
	case 2: /* shorter, and all around it too */
		if (a.nla_len <= NLA_HDRLEN)
			break;
		a.nla_len -= 1 + rnd(a.nla_len - NLA_HDRLEN);
		if (splice(m, place, at + NLA_ALIGN(a.nla_len), total - NLA_ALIGN(a.nla_len), NULL,
			   0))
			set_header(m, at, a);
		break;
	default: /* longer */
		a.nla_len += 1 + rnd(32);
		if (splice(m, place, at + total, 0, zeros, NLA_ALIGN(a.nla_len) - total))
			set_header(m, at, a);
	}
}

void mutate(struct message *m)
{
	struct place place, other;
	struct nlattr a;
	size_t at, from;

	if (!choose(m, &place))
		return;
	at = place.at[place.n - 1];
	a = header(m, at);
	switch (rnd(12)) {
	case 0:
	case 1:
	case 2:
	case 3:
		mutate_payload(m, at + NLA_HDRLEN, a.nla_len - NLA_HDRLEN);
		break;
	case 4:
		mutate_length(m, &place, at);
		break;
	case 5: /* another type */
		a.nla_type = chance(80) ? rnd(36) : rnd_u32();
		set_header(m, at, a);
		break;
	case 6:
		a.nla_type ^= chance(80) ? NLA_F_NESTED : NLA_F_NET_BYTEORDER;
		set_header(m, at, a);
		break;
	case 7: /* gone */
	case 8:
		splice(m, &place, at, NLA_ALIGN(a.nla_len), NULL, 0);
		break;
	case 9: /* twice, or another one in its place */
	case 10:
		if (choose(m, &other)) {
			from = other.at[other.n - 1];
			splice(m, &place, at, chance(50) ? NLA_ALIGN(a.nla_len) : 0, m->data + from,
			       NLA_ALIGN(header(m, from).nla_len));
		}
		break;
	default: /* cut, or more behind it */
		if (chance(50)) {
			m->len = rnd(m->len);
		} else if (m->len + 64 < sizeof(m->data)) {
			rnd_fill(m->data + m->len, 64);
			m->len += 1 + rnd(64);
		}
	}
}
