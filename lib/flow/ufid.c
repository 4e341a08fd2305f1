// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"
#include "flow/miniflow.h"
#include "flow/odp.h"

/* Over what the flow's packets have in common, and what they have to have in common. */
void ufid_of_flow(struct ufid *u, const struct flow *f, const struct flow_mask *mask)
{
	struct flow masked = *f;
	struct miniflow_buf b;

	flow_apply_mask(&masked, mask);
	miniflow_from_flow(&b, &masked);
	u->parts[0] = hash_bytes64(&b.mf, miniflow_size(&b.mf), 0);
	u->parts[1] = hash_bytes64(&b.mf, miniflow_size(&b.mf), 1);
	minimask_from_mask(&b, mask);
	u->parts[0] = hash_bytes64(&b.mf, miniflow_size(&b.mf), u->parts[0]);
	u->parts[1] = hash_bytes64(&b.mf, miniflow_size(&b.mf), u->parts[1]);
}
