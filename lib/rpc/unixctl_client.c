// SPDX-License-Identifier: Apache-2.0
/* The client of a control socket: blocking, for command-line tools. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/daemon.h"
#include "base/dirs.h"
#include "base/util.h"
#include "rpc/jsonrpc.h"
#include "rpc/unixctl.h"

/* RUNDIR/NAME.PID.ctl of the daemon 'name'. */
static char *path_of_daemon(const char *name, char **path)
{
	char *pidfile = xasprintf("%s/%s.pid", dir_run(), name), *err = NULL;
	int pid = pidfile_read(pidfile);

	if (!pid) /* the file is missing, or its process */
		pid = access(pidfile, F_OK) ? -errno : -ESRCH;
	if (pid > 0)
		*path = xasprintf("%s/%s.%d.ctl", dir_run(), name, pid);
	else
		err = xasprintf("cannot read pidfile \"%s\" (%s)", pidfile, errno_str(pid));
	free(pidfile);
	return err;
}

struct dialogue {
	struct loop *loop;
	const char *path, *target;
	const char *command;
	json_t *params;
	bool json, options_sent;
	bool connected, over;
	json_t *result;
	char *error;
	char *why; /* it failed */
	struct timer timeout;
};

static void finish(struct dialogue *d, char *why)
{
	if (d->over)
		free(why);
	else
		d->why = why;
	d->over = true;
}

static void send_next(struct dialogue *d, struct jsonrpc_session *s)
{
	if (d->json && !d->options_sent) {
		d->options_sent = true;
		jsonrpc_send_request(s, "set-options", json_pack("[ss]", "--format", "json"),
				     json_integer(0));
	} else {
		jsonrpc_send_request(s, d->command, json_incref(d->params), json_integer(0));
		d->json = false;
	}
}

static void connected(struct jsonrpc_session *s, void *d_)
{
	struct dialogue *d = d_;

	d->connected = true;
	send_next(d, s);
}

static void disconnected(struct jsonrpc_session *s, const char *why, void *d_)
{
	struct dialogue *d = d_;
	bool eof = jsonrpc_session_reconnect(s)->last_error == RECONNECT_EOF;

	if (d->connected)
		finish(d, xasprintf("%s: transaction error (%s)", d->target,
				    eof ? "End of file" : why));
	else
		finish(d, xasprintf("cannot connect to \"%s\" (%s)", d->path, why));
}

static void received(struct jsonrpc_session *s, struct jsonrpc_msg *msg, void *d_)
{
	struct dialogue *d = d_;

	if (d->over || (msg->type != JSONRPC_REPLY && msg->type != JSONRPC_ERROR))
		return;
	if (!json_is_integer(msg->id) || json_integer_value(msg->id))
		return;
	if (msg->type == JSONRPC_ERROR) {
		if (!json_is_string(msg->error)) {
			finish(d, xasprintf("%s: transaction error (the error is not a string)",
					    d->target));
			return;
		}
		d->error = xstrdup(json_string_value(msg->error));
		finish(d, NULL);
	} else if (d->json) {
		send_next(d, s);
	} else {
		d->result = msg->result;
		msg->result = NULL;
		finish(d, NULL);
	}
}

static void timed_out(struct timer *t)
{
	struct dialogue *d = CONTAINER_OF(t, struct dialogue, timeout);

	finish(d, xasprintf("%s: no answer in time", d->target));
}

static char *run(struct dialogue *d, uint32_t timeout_ms)
{
	static const struct jsonrpc_session_ops ops = {
		.connected = connected,
		.disconnected = disconnected,
		.received = received,
	};
	char *remote = xasprintf("unix:%s", d->path), *why;
	struct jsonrpc_session *s;

	d->loop = loop_create();
	if (!d->loop) {
		free(remote);
		return xasprintf("cannot wait for a reply: %s", errno_str(errno));
	}
	why = jsonrpc_session_open(d->loop, remote, 0, false, &ops, d, &s);
	if (!why) {
		timer_init(&d->timeout, d->loop, timed_out);
		if (timeout_ms)
			timer_set_in(&d->timeout, timeout_ms);
		while (!d->over)
			loop_turn(d->loop, -1);
		timer_cancel(&d->timeout);
		jsonrpc_session_destroy(s);
		why = d->why;
	}
	loop_destroy(d->loop);
	free(remote);
	return why;
}

char *unixctl_transact(const char *target, const char *command, int argc, char *argv[], bool json,
		       uint32_t timeout_ms, json_t **result, char **error)
{
	struct dialogue d = { .target = target, .command = command, .json = json };
	char *path = NULL, *why;

	if (*target == '/')
		path = xstrdup(target);
	else
		why = path_of_daemon(target, &path);
	if (!path)
		return why;
	d.path = path;
	d.params = json_array();
	for (int i = 0; i < argc; i++) {
		if (json_array_append_new(d.params, json_string(argv[i]))) {
			why = xasprintf("argument \"%s\" is not UTF-8", argv[i]);
			goto out;
		}
	}
	why = run(&d, timeout_ms);
	if (!why) {
		*result = d.result;
		*error = d.error;
	}
out:
	json_decref(d.params);
	free(path);
	return why;
}
