// SPDX-License-Identifier: Apache-2.0
/* coverage/show and coverage/read-counter. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/str.h"
#include "base/util.h"
#include "rpc/unixctl_impl.h"

/* One object for each line of the text, so that both say the same. */
static json_t *lines_to_json(char *text)
{
	json_t *json = json_object(), *events = json_object();
	char *line, *save = NULL, name[128];
	double s5, minute, hour;
	unsigned int n_never;
	uint64_t total;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		json_t *event;

		if (sscanf(line, "%u events never hit", &n_never) == 1) {
			json_object_set_new(json, "never-hit", json_integer(n_never));
			continue;
		}
		if (sscanf(line, "%127s %lf/sec %lf/sec %lf/sec total: %" SCNu64, name, &s5,
			   &minute, &hour, &total) != 5)
			continue;
		event = json_object();
		json_object_set_new(event, "rate-5s", json_real(s5));
		json_object_set_new(event, "rate-1m", json_real(minute));
		json_object_set_new(event, "rate-1h", json_real(hour));
		json_object_set_new(event, "total", json_integer((json_int_t)total));
		json_object_set_new(events, name, event);
	}
	json_object_set_new(json, "events", events);
	return json;
}

static void coverage_show(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	struct str s = STR_INIT;

	counters_format(&s);
	if (unixctl_wants_json(conn)) {
		char *text = str_steal(&s);

		unixctl_reply_json(conn, lines_to_json(text));
		free(text);
	} else {
		unixctl_reply(conn, str_cstr(&s));
	}
	str_uninit(&s);
}

static void coverage_read_counter(struct unixctl_conn *conn, int argc, const char *argv[],
				  void *aux)
{
	uint64_t total;
	char *text;

	if (counter_read(argv[1], &total)) {
		unixctl_reply_error(conn, "No such counter");
		return;
	}
	if (unixctl_wants_json(conn)) {
		unixctl_reply_json(conn, json_integer((json_int_t)total));
		return;
	}
	text = xasprintf("%" PRIu64, total);
	unixctl_reply(conn, text);
	free(text);
}

void coverage_ctl_register(void)
{
	unixctl_command_register("coverage/show", "", 0, 0, coverage_show, NULL);
	unixctl_command_register("coverage/read-counter", "COUNTER", 1, 1, coverage_read_counter,
				 NULL);
}
