// SPDX-License-Identifier: Apache-2.0
/* output: never back where it came from (OpenFlow 1.0 section 3.3: that takes IN_PORT). */
#include "pipeline/xlate.h"

static void output_xlate(struct xlate_ctx *ctx, const struct act *act)
{
	struct xport *port = xbridge_port(ctx->bridge, act->output.port);

	if (!port)
		xlate_drop(ctx, DROP_NO_SUCH_PORT);
	else if (port == ctx->in_port)
		xlate_drop(ctx, DROP_SAME_PORT);
	else
		xlate_output(ctx, port);
}

const struct act_xlate act_xlate_output = { .xlate = output_xlate };
