/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why a packet is freed, in the kernel's terms: from 6.4 on by our own names, as the reasons of the
 * subsystem that the kernel has for this module; before, by the nearest of its general ones.
 */
#ifndef COMPAT_DROP_REASON_H
#define COMPAT_DROP_REASON_H

#include <linux/skbuff.h>

#include "../../include/drop_reason.h"
#include "compat_config.h"

#ifdef HAVE_DROP_REASONS_SUBSYS

#include <net/dropreason.h>

static inline enum skb_drop_reason compat_drop_reason(enum drop_reason reason)
{
	return (SKB_DROP_REASON_SUBSYS_OPENVSWITCH << SKB_DROP_REASON_SUBSYS_SHIFT) + reason;
}

static inline const struct drop_reason_list *compat_drop_reason_list(void)
{
#define COMPAT_DROP_NAME(NAME, TEXT, HELP) "OVS_" #NAME,
	static const char *const names[] = { DROP_REASONS(COMPAT_DROP_NAME) };
#undef COMPAT_DROP_NAME
	static const struct drop_reason_list list = {
		.reasons = names,
		.n_reasons = ARRAY_SIZE(names),
	};

	return &list;
}

static inline void compat_drop_reasons_register(void)
{
	drop_reasons_register_subsys(SKB_DROP_REASON_SUBSYS_OPENVSWITCH, compat_drop_reason_list());
}

static inline void compat_drop_reasons_unregister(void)
{
	drop_reasons_unregister_subsys(SKB_DROP_REASON_SUBSYS_OPENVSWITCH);
}

#else

static inline enum skb_drop_reason compat_drop_reason(enum drop_reason reason)
{
	switch (reason) {
	case DROP_RUNT:
		return SKB_DROP_REASON_PKT_TOO_SMALL;
	case DROP_GIANT:
	case DROP_MTU_EXCEEDED:
		return SKB_DROP_REASON_PKT_TOO_BIG;
	case DROP_TRUNCATED:
	case DROP_HEADER_TOO_SHORT:
		return SKB_DROP_REASON_HDR_TRUNC;
	case DROP_TX_QUEUE_FULL:
		return SKB_DROP_REASON_FULL_RING;
	case DROP_PORT_DOWN:
	case DROP_TX_DOWN:
		return SKB_DROP_REASON_DEV_READY;
	case DROP_NO_SEGMENTATION:
		return SKB_DROP_REASON_SKB_GSO_SEG;
	case DROP_NO_MEMORY:
		return SKB_DROP_REASON_NOMEM;
	default:
		return SKB_DROP_REASON_NOT_SPECIFIED;
	}
}

static inline void compat_drop_reasons_register(void)
{
}

static inline void compat_drop_reasons_unregister(void)
{
}

#endif

#endif
