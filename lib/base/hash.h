/* SPDX-License-Identifier: Apache-2.0 */
/* Hash functions: xxHash for octets, a cheap mixer for words.  Not stable across hosts or
 * versions. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/compiler.h"

uint32_t hash_bytes(const void *, size_t n, uint32_t basis);
uint32_t hash_string(const char *, uint32_t basis);
uint64_t hash_bytes64(const void *, size_t n, uint64_t basis);
/* A basis that nobody can guess, for tables whose keys come from outside: somebody who knows the
 * hashes could put all of them in one bucket. */
uint32_t hash_random_basis(void);

/* Mixes all bits of 'v' with 'basis' (the 64-bit finaliser of MurmurHash3, public domain). */
static inline uint32_t hash_u64(uint64_t v, uint32_t basis)
{
	v ^= (uint64_t)basis << 32 | basis;
	v ^= v >> 33;
	v *= 0xff51afd7ed558ccdULL;
	v ^= v >> 33;
	v *= 0xc4ceb9fe1a85ec53ULL;
	v ^= v >> 33;
	return (uint32_t)v;
}

static inline uint32_t hash_u32(uint32_t v, uint32_t basis)
{
	return hash_u64(v, basis);
}

static inline uint32_t hash_pointer(const void *p, uint32_t basis)
{
	return hash_u64((uintptr_t)p, basis);
}

#endif
