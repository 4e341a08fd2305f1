// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <xxhash.h>

uint64_t hash_bytes64(const void *p, size_t n, uint64_t basis)
{
	return XXH3_64bits_withSeed(p, n, basis);
}

uint32_t hash_bytes(const void *p, size_t n, uint32_t basis)
{
	return (uint32_t)hash_bytes64(p, n, basis);
}

uint32_t hash_string(const char *s, uint32_t basis)
{
	return hash_bytes(s, strlen(s), basis);
}

uint32_t hash_random_basis(void)
{
	struct timespec now;
	uint32_t v;

	if (getrandom(&v, sizeof(v), GRND_NONBLOCK) == sizeof(v))
		return v;
	/* Early in the boot of the host. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	return hash_pointer(&v, (uint32_t)now.tv_nsec);
}
