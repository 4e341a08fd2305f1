// SPDX-License-Identifier: Apache-2.0
/* NORMAL: what a learning switch would do (OpenFlow 1.0 section 3.3, OFPP_NORMAL). */
#include "base/str.h"
#include "base/util.h"
#include "openflow/act.h"

static void normal_format(const struct act *act, struct str *s)
{
	(void)act;
	str_put(s, "NORMAL");
}

static char *normal_parse(struct act *act, const char *arg)
{
	(void)act;
	return *arg ? xasprintf("NORMAL takes no argument, not \"%s\"", arg) : NULL;
}

const struct act_class act_normal = {
	.name = "NORMAL",
	.format = normal_format,
	.parse = normal_parse,
};
