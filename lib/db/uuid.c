// SPDX-License-Identifier: Apache-2.0
#include "db/atom.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/util.h"

void uuid_generate(struct uuid *u)
{
	size_t done = 0;

	while (done < sizeof(*u)) {
		ssize_t n = getrandom((char *)u + done, sizeof(*u) - done, 0);

		if (n > 0)
			done += (size_t)n;
		else if (errno != EINTR)
			fatal(errno, "cannot get random numbers");
	}
	u->parts[1] = (u->parts[1] & 0xffff0fff) | 0x00004000; /* version 4 */
	u->parts[2] = (u->parts[2] & 0x3fffffff) | 0x80000000; /* variant of RFC 4122 */
}

void uuid_zero(struct uuid *u)
{
	memset(u, 0, sizeof(*u));
}

bool uuid_is_zero(const struct uuid *u)
{
	return !(u->parts[0] | u->parts[1] | u->parts[2] | u->parts[3]);
}

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return !memcmp(a, b, sizeof(*a));
}

int uuid_compare(const struct uuid *a, const struct uuid *b)
{
	for (int i = 0; i < 4; i++)
		if (a->parts[i] != b->parts[i])
			return a->parts[i] < b->parts[i] ? -1 : 1;
	return 0;
}

uint32_t uuid_hash(const struct uuid *u)
{
	return hash_u64((uint64_t)u->parts[0] << 32 | u->parts[1],
			hash_u64((uint64_t)u->parts[2] << 32 | u->parts[3], 0));
}

static bool is_dash_at(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

size_t uuid_prefix_len(const char *s)
{
	size_t i;

	for (i = 0; i < UUID_LEN; i++)
		if (is_dash_at(i) ? s[i] != '-' : hex_digit_value(s[i]) < 0)
			break;
	return i;
}

bool uuid_parse(const char *s, struct uuid *u)
{
	struct uuid v = { { 0 } };
	unsigned int n_digits = 0;

	if (uuid_prefix_len(s) != UUID_LEN || s[UUID_LEN])
		return false;
	for (size_t i = 0; i < UUID_LEN; i++) {
		if (is_dash_at(i))
			continue;
		v.parts[n_digits / 8] <<= 4;
		v.parts[n_digits / 8] |= (uint32_t)hex_digit_value(s[i]);
		n_digits++;
	}
	*u = v;
	return true;
}
