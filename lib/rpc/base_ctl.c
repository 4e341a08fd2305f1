// SPDX-License-Identifier: Apache-2.0
/* version and exit, and all that every daemon has. */
#include <stdlib.h>

#include "base/util.h"
#include "rpc/unixctl_impl.h"

static void version(struct unixctl_conn *conn, int argc, const char *argv[], void *aux)
{
	char *text = xasprintf("%s (Open vSwitch) %s\n", program_name, PACKAGE_VERSION);
	json_t *json;

	if (unixctl_wants_json(conn)) {
		json = json_object();
		json_object_set_new(json, "program", json_string(program_name));
		json_object_set_new(json, "version", json_string(PACKAGE_VERSION));
		json_object_set_new(json, "release", json_string(OUR_VERSION));
		unixctl_reply_json(conn, json);
	} else {
		unixctl_reply(conn, text);
	}
	free(text);
}

void unixctl_register_base_commands(struct loop *loop, bool with_time)
{
	unixctl_command_register("version", "", 0, 0, version, NULL);
	coverage_ctl_register();
	memory_ctl_register();
	vlog_ctl_register();
	if (with_time)
		time_ctl_register(loop);
}

static void quit_loop(struct unixctl_conn *conn, int argc, const char *argv[], void *loop)
{
	if (argc > 1 && !streq(argv[1], "--cleanup")) {
		unixctl_reply_error(conn, "the only argument is --cleanup");
		return;
	}
	unixctl_reply(conn, NULL);
	loop_quit(loop);
}

void unixctl_register_exit(struct loop *loop, bool with_cleanup, unixctl_fn *fn, void *aux)
{
	unixctl_command_register("exit", with_cleanup ? "[--cleanup]" : "", 0, with_cleanup,
				 fn ? fn : quit_loop, fn ? aux : loop);
}
