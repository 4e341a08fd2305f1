/* SPDX-License-Identifier: Apache-2.0 */
/* Destination addresses that a bridge does not forward unless forward-bpdu is set (IEEE 802.1Q-2018
 * table 8-1, and the protocols of other vendors that SPEC 1.1 lists). */
#ifndef L2_RESERVED_H
#define L2_RESERVED_H

#include "base/compiler.h"

bool l2_is_reserved(const uint8_t mac[6]);

#endif
