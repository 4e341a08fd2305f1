// SPDX-License-Identifier: Apache-2.0
/* One request and its reply, for command-line tools: a session on a loop of its own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"
#include "rpc/jsonrpc.h"

struct exchange {
	struct loop *loop;
	const char *method;
	json_t *params; /* until sent */
	struct jsonrpc_msg *reply;
	struct timer timeout;
	uint32_t timeout_ms;
	bool over;
	char *why; /* it failed, if over */
};

static void finish(struct exchange *x, char *why)
{
	if (x->over) {
		free(why);
		return;
	}
	x->over = true;
	x->why = why;
}

static void connected(struct jsonrpc_session *s, void *x_)
{
	struct exchange *x = x_;
	int err;

	err = jsonrpc_send_request(s, x->method, x->params, json_integer(0));
	x->params = NULL;
	if (err)
		finish(x, xstrdup(errno_str(err)));
}

static void disconnected(struct jsonrpc_session *s, const char *why, void *x)
{
	finish(x, xstrdup(why));
}

static void received(struct jsonrpc_session *s, struct jsonrpc_msg *msg, void *x_)
{
	struct exchange *x = x_;

	if (x->over || (msg->type != JSONRPC_REPLY && msg->type != JSONRPC_ERROR))
		return;
	if (!json_is_integer(msg->id) || json_integer_value(msg->id))
		return;
	*x->reply = *msg;
	memset(msg, 0, sizeof(*msg));
	finish(x, NULL);
}

static void timed_out(struct timer *t)
{
	struct exchange *x = CONTAINER_OF(t, struct exchange, timeout);

	finish(x, xasprintf("no reply within %u ms", x->timeout_ms));
}

char *jsonrpc_transact(const char *target, uint16_t default_port, const char *method,
		       json_t *params, uint32_t timeout_ms, struct jsonrpc_msg *reply)
{
	static const struct jsonrpc_session_ops ops = {
		.connected = connected,
		.disconnected = disconnected,
		.received = received,
	};
	struct exchange x = {
		.method = method,
		.params = params,
		.reply = reply,
		.timeout_ms = timeout_ms,
	};
	struct jsonrpc_session *s;
	char *why;

	x.loop = loop_create();
	if (!x.loop) {
		json_decref(params);
		return xasprintf("cannot wait for a reply: %s", errno_str(errno));
	}
	why = jsonrpc_session_open(x.loop, target, default_port, false, &ops, &x, &s);
	if (!why) {
		timer_init(&x.timeout, x.loop, timed_out);
		if (timeout_ms)
			timer_set_in(&x.timeout, timeout_ms);
		while (!x.over)
			loop_turn(x.loop, -1);
		timer_cancel(&x.timeout);
		jsonrpc_session_destroy(s);
		why = x.why;
	}
	json_decref(x.params);
	loop_destroy(x.loop);
	return why;
}
