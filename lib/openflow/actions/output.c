// SPDX-License-Identifier: Apache-2.0
/* output: to one port (OpenFlow 1.0 section 5.3, ofp_action_output). */
#include "base/str.h"
#include "base/util.h"
#include "openflow/act.h"

static void output_format(const struct act *act, struct str *s)
{
	str_printf(s, "output:%u", act->output.port);
}

static char *output_parse(struct act *act, const char *arg)
{
	unsigned int port;

	if (!str_to_uint(arg, 10, &port) || port > UINT16_MAX)
		return xasprintf("output: \"%s\" is not a port number", arg);
	act->output.port = port;
	return NULL;
}

const struct act_class act_output = {
	.name = "output",
	.format = output_format,
	.parse = output_parse,
};
