// SPDX-License-Identifier: Apache-2.0
/* memory/show. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/str.h"
#include "base/util.h"
#include "rpc/unixctl_impl.h"

static json_t *pairs_to_json(char *text)
{
	json_t *json = json_object();
	char *pair, *save = NULL;
	uint64_t n;

	for (pair = strtok_r(text, " \n", &save); pair; pair = strtok_r(NULL, " \n", &save)) {
		char *colon = strrchr(pair, ':');

		if (!colon || !str_to_u64(colon + 1, 10, &n))
			continue;
		*colon = '\0';
		json_object_set_new(json, pair, json_integer((json_int_t)n));
	}
	return json;
}

static void memory_show(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct str s = STR_INIT;

	memory_format(&s);
	if (unixctl_wants_json(conn)) {
		char *text = str_steal(&s);

		unixctl_reply_json(conn, pairs_to_json(text));
		free(text);
	} else {
		unixctl_reply(conn, str_cstr(&s));
	}
	str_uninit(&s);
}

void memory_ctl_register(void)
{
	unixctl_command_register("memory/show", "", 0, 0, memory_show, NULL);
}
