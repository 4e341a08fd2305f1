/* SPDX-License-Identifier: GPL-2.0 */
/* Generic Netlink: 6.6 hides the user header of a request behind a function. */
#ifndef COMPAT_GENETLINK_H
#define COMPAT_GENETLINK_H

#include <net/genetlink.h>

#include "compat_config.h"

#ifndef HAVE_GENL_INFO_USERHDR
static inline void *genl_info_userhdr(const struct genl_info *info)
{
	return info->userhdr;
}
#endif

#endif
