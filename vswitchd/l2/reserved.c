// SPDX-License-Identifier: Apache-2.0
#include "l2/reserved.h"

static uint64_t to_u64(const uint8_t mac[6])
{
	return (uint64_t)mac[0] << 40 | (uint64_t)mac[1] << 32 | (uint64_t)mac[2] << 24 |
	       (uint64_t)mac[3] << 16 | (uint64_t)mac[4] << 8 | mac[5];
}

#define EXACT 0xffffffffffffULL
#define LAST_NIBBLE_ANY 0xfffffffffff0ULL

static const struct {
	uint64_t value, mask;
} reserved[] = {
	{ 0x0180c2000000ULL, LAST_NIBBLE_ANY }, /* STP, pause, LACP, 802.1X, LLDP, ... */
	{ 0x00e02b000000ULL, EXACT }, /* Extreme Discovery Protocol */
	{ 0x00e02b000004ULL, EXACT }, /* Ethernet Automatic Protection Switching */
	{ 0x00e02b000006ULL, EXACT }, /* the same */
	{ 0x01000c000000ULL, EXACT }, /* ISL */
	{ 0x01000cccccc0ULL, LAST_NIBBLE_ANY }, /* CDP, VTP, PVST+, DTP, PAgP, UDLD, ... */
	{ 0x01000ccdcdcdULL, EXACT }, /* STP Uplink Fast */
};

bool l2_is_reserved(const uint8_t mac[6])
{
	uint64_t v = to_u64(mac);

	/* All but a handful of frames leave here. */
	if (mac[0] != 0x01 && mac[0] != 0x00)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		if ((v & reserved[i].mask) == reserved[i].value)
			return true;
	}
	return false;
}
