// SPDX-License-Identifier: Apache-2.0
#include "packet/packet.h"

static const char *const names[] = {
#define DROP_REASON_NAME(NAME, TEXT, HELP) TEXT,
	DROP_REASONS(DROP_REASON_NAME)
#undef DROP_REASON_NAME
};

static const char *const helps[] = {
#define DROP_REASON_HELP(NAME, TEXT, HELP) HELP,
	DROP_REASONS(DROP_REASON_HELP)
#undef DROP_REASON_HELP
};

const char *drop_reason_name(enum drop_reason r)
{
	return (unsigned int)r < ARRAY_SIZE(names) ? names[r] : "unknown";
}

const char *drop_reason_help(enum drop_reason r)
{
	return (unsigned int)r < ARRAY_SIZE(helps) ? helps[r]
						   : "a reason this program does not know";
}
