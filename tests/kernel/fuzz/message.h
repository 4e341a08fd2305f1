/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of a Netlink message: made, walked, and damaged; and the random numbers for it.
 * Threads: one. */
#ifndef TESTS_KERNEL_FUZZ_MESSAGE_H
#define TESTS_KERNEL_FUZZ_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- random numbers: the same ones after the same seed ---- */

void rnd_seed(uint64_t seed, uint64_t round);
uint32_t rnd(uint32_t n); /* 0 .. n - 1; 0 if n is */
uint32_t rnd_u32(void); /* often one of those that code is wrong about */
bool chance(uint32_t percent);
void rnd_fill(void *, size_t len);

/* ---- messages ---- */

#define MESSAGE_SIZE 65536

/* Attributes, one behind another.  What has no room is left out. */
struct message {
	size_t len;
	uint8_t data[MESSAGE_SIZE];
};

/* An attribute that stands somewhere else. */
struct attr {
	uint16_t type; /* without flags */
	uint16_t len; /* of the payload */
	const uint8_t *data;
};

void put(struct message *, uint16_t type, const void *payload, size_t len);
void put_u8(struct message *, uint16_t type, uint8_t);
void put_u16(struct message *, uint16_t type, uint16_t);
void put_u32(struct message *, uint16_t type, uint32_t);
void put_be16(struct message *, uint16_t type, uint16_t);
void put_flag(struct message *, uint16_t type);
void put_text(struct message *, uint16_t type, const char *);
size_t nest(struct message *, uint16_t type); /* returns what end() wants */
void end(struct message *, size_t start);

/* Takes the attribute at '*at' of 'len' octets and moves on.  Returns false if there is no whole
 * one. */
bool next_attr(const uint8_t *data, size_t len, size_t *at, struct attr *);
bool find_attr(const uint8_t *data, size_t len, uint16_t type, struct attr *);

/* Damages a message in one place: bits, lengths, types, or what attributes there are. */
void mutate(struct message *);

#endif
