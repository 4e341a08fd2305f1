// SPDX-License-Identifier: Apache-2.0
/* Actions on their way into the kernel.  They are its own encoding, but for what only userspace
 * knows: a drop with its reason, which the kernel takes as an action where it has one, and else as
 * the absence of any. */
#include <string.h>

#include "dpif/kernel/kernel.h"

/* The kernel tells "as was asked" (0) from "in error"; the number is shown to who looks. */
static uint32_t kernel_reason(const struct nlattr *a)
{
	uint32_t reason = knl_get_u32(a);

	return reason == DROP_EXPLICIT ? 0 : reason;
}

static void put_action(struct odp_buf *b, const struct kernel_dp *dp, const struct nlattr *a)
{
	if (a->nla_type != ODP_ACTION_DROP)
		odp_put(b, a->nla_type, odp_attr_data(a), odp_attr_len(a));
	else if (dp->features.drop)
		odp_put_u32(b, ODP_ACTION_KERNEL_DROP, kernel_reason(a));
}

void kernel_put_actions(struct odp_buf *b, const struct kernel_dp *dp, uint16_t type,
			const void *acts, size_t len)
{
	size_t nest = odp_nest_begin(b, type);
	const struct nlattr *a;
	int left;

	ODP_FOR_EACH(a, left, acts, len)
		put_action(b, dp, a);
	odp_nest_end(b, nest);
}

bool kernel_actions_agree(const struct dpif *dpif, const void *put, size_t put_len,
			  const void *shown, size_t shown_len)
{
	const struct nlattr *a;
	struct odp_buf b = { 0 };
	bool agree;
	int left;

	if (put_len == shown_len && (!put_len || !memcmp(put, shown, put_len)))
		return true;
	ODP_FOR_EACH(a, left, put, put_len)
		put_action(&b, kernel_dp_cast(dpif), a);
	agree = b.len == shown_len && (!b.len || !memcmp(b.data, shown, shown_len));
	odp_buf_uninit(&b);
	return agree;
}

bool kernel_actions_are_empty(const void *acts, size_t len)
{
	const struct nlattr *a;
	int left;

	ODP_FOR_EACH(a, left, acts, len) {
		if (a->nla_type != ODP_ACTION_DROP)
			return false;
	}
	return true;
}
