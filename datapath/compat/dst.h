/* SPDX-License-Identifier: GPL-2.0 */
/* dst_init() once took the first count of references. */
#ifndef DATAPATH_COMPAT_DST_H
#define DATAPATH_COMPAT_DST_H

#include <net/dst.h>

#include "compat_config.h"

/* A destination without a device, in no count, whose owner has the one reference. */
static inline void compat_dst_init(struct dst_entry *dst, struct dst_ops *ops)
{
#ifdef HAVE_DST_INIT_REF
	dst_init(dst, ops, NULL, 1, DST_OBSOLETE_NONE, DST_NOCOUNT);
#else
	dst_init(dst, ops, NULL, DST_OBSOLETE_NONE, DST_NOCOUNT);
#endif
}

#endif
