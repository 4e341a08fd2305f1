// SPDX-License-Identifier: Apache-2.0
/* A session is a reconnect machine, one timer, and what the state needs: nothing (VOID, BACKOFF), a
 * stream on its way (CONNECTING), a connection (ACTIVE, IDLE), and for a passive target a listener
 * all the while.  session_run() does what the machine says; disconnect() is the only way down.
 *
 * The owner may destroy the session in any callback: 'n_entered' counts the functions of this file
 * on the stack that touch it afterwards. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/util.h"
#include "rpc/jsonrpc_impl.h"

LOG_MODULE(reconnect);

#define ECHO_ID "echo" /* of our probes */

struct jsonrpc_session {
	struct loop *loop;
	char *name;
	uint16_t default_port;
	uint8_t dscp;
	bool retry;
	const struct jsonrpc_session_ops *ops;
	void *aux;

	struct reconnect reconnect;
	struct timer timer;
	struct listener *listener; /* of a passive target */
	struct stream *stream; /* while connecting */
	struct jsonrpc_conn *conn; /* while connected */
	bool announce; /* 'connected' is yet to be called */
	bool paused;
	struct jsonrpc_limits limits;
	struct log_rl own_rl;
	struct log_rl *rl; /* 'own_rl', or of an accepted one, its host's */

	unsigned int n_entered;
	bool destroyed;
};

static void session_run(struct jsonrpc_session *);

/* ---- lifetime --------------------------------------------------------- */

static void drop_connection(struct jsonrpc_session *s)
{
	jsonrpc_conn_destroy(s->conn);
	stream_close(s->stream);
	s->conn = NULL;
	s->stream = NULL;
	s->announce = false;
}

static bool leave(struct jsonrpc_session *s)
{
	bool destroyed = s->destroyed;

	if (!--s->n_entered && destroyed) {
		free(s->name);
		free(s);
	}
	return !destroyed;
}

void jsonrpc_session_destroy(struct jsonrpc_session *s)
{
	if (!s)
		return;
	s->n_entered++;
	timer_cancel(&s->timer);
	drop_connection(s);
	listener_close(s->listener);
	s->listener = NULL;
	s->destroyed = true;
	leave(s);
}

static void rearm(struct jsonrpc_session *s)
{
	uint64_t at_ms = reconnect_deadline_ms(&s->reconnect, clock_ms());

	if (s->announce)
		at_ms = clock_ms();
	if (at_ms == UINT64_MAX)
		timer_cancel(&s->timer);
	else
		timer_set(&s->timer, at_ms);
}

/* Unix sockets are not probed: their end is told by the kernel. */
static bool is_local(const char *name)
{
	return str_has_prefix(name, "unix") || str_has_prefix(name, "punix") ||
	       str_has_prefix(name, "pair");
}

/* ---- up and down ------------------------------------------------------ */

/* Attempts at the longest back-off go on, but not in the log.  A session of one attempt is a
 * tool's, which tells its user itself. */
static enum log_level attempt_level(const struct jsonrpc_session *s)
{
	if (!s->retry || s->reconnect.backoff_ms >= s->reconnect.max_backoff_ms)
		return LOG_LVL_DBG;
	return LOG_LVL_INFO;
}

static void log_down(struct jsonrpc_session *s, bool was_up, int err, const char *why)
{
	if (err == EPROTO || err == EMSGSIZE || err == ENOBUFS)
		log_warn_rl(s->rl, "%s: %s, closing the connection", s->name, why);
	else if (was_up)
		log_write(&log_this_module, s->retry ? LOG_LVL_INFO : LOG_LVL_DBG, "%s: %s",
			  s->name, why);
	else
		log_write(&log_this_module, attempt_level(s), "%s: connection attempt failed (%s)",
			  s->name, why);
}

/* 'why' may belong to what is dropped here: it is copied first.  False if the session is gone. */
static bool disconnect(struct jsonrpc_session *s, int err, const char *why)
{
	bool was_up = s->conn && !s->announce, silenced;
	char *copy = xstrdup(why);

	log_down(s, s->conn, err, copy);
	silenced = attempt_level(s) == LOG_LVL_DBG;
	drop_connection(s);
	reconnect_disconnected(&s->reconnect, clock_ms(), err);
	if (!s->retry)
		reconnect_disable(&s->reconnect, clock_ms());
	else if (!silenced && !s->reconnect.passive && attempt_level(s) == LOG_LVL_DBG)
		log_info("%s: goes on trying every %u ms, without a word until it succeeds",
			 s->name, s->reconnect.backoff_ms);
	rearm(s);
	s->n_entered++;
	if (s->ops->disconnected && (was_up || !s->retry))
		s->ops->disconnected(s, copy, s->aux);
	free(copy);
	return leave(s);
}

static void handle_received(void *s_, struct jsonrpc_msg *msg)
{
	struct jsonrpc_session *s = s_;

	if (msg->type == JSONRPC_REQUEST && streq(msg->method, "echo")) {
		jsonrpc_send_reply(s, msg->params, msg->id);
		msg->params = msg->id = NULL;
		return;
	}
	if ((msg->type == JSONRPC_REPLY || msg->type == JSONRPC_ERROR) && json_is_string(msg->id) &&
	    streq(json_string_value(msg->id), ECHO_ID))
		return; /* the answer to a probe: that something came, is all that counts */
	s->ops->received(s, msg, s->aux);
}

static void handle_activity(void *s_)
{
	struct jsonrpc_session *s = s_;

	/* The deadline only moves away: the timer finds out when it fires. */
	reconnect_activity(&s->reconnect, clock_ms());
}

static void handle_closed(void *s_, int err, const char *why)
{
	disconnect(s_, err, why);
}

static void handle_drained(void *s_)
{
	struct jsonrpc_session *s = s_;

	if (s->ops->drained)
		s->ops->drained(s, s->aux);
}

static const struct jsonrpc_conn_ops conn_ops = {
	.received = handle_received,
	.activity = handle_activity,
	.closed = handle_closed,
	.drained = handle_drained,
};

/* The stream is connected.  The owner is told from session_run(). */
static void up(struct jsonrpc_session *s)
{
	s->conn = jsonrpc_conn_create(s->loop, s->stream, &s->limits, &conn_ops, s);
	s->stream = NULL;
	if (s->paused)
		jsonrpc_conn_pause(s->conn, true);
	reconnect_connected(&s->reconnect, clock_ms());
	if (!s->listener)
		log_write(&log_this_module, s->retry ? LOG_LVL_INFO : LOG_LVL_DBG, "%s: connected",
			  s->name);
	s->announce = true;
}

static void stream_ready(void *s_)
{
	struct jsonrpc_session *s = s_;
	int err = stream_connect(s->stream);

	if (err == -EAGAIN)
		return;
	if (err) {
		const char *why = stream_error(s->stream);

		disconnect(s, -err, why ? why : errno_str(err));
		return;
	}
	up(s);
	session_run(s);
}

static bool begin_connecting(struct jsonrpc_session *s)
{
	char *why;
	bool ok;

	log_write(&log_this_module, attempt_level(s), "%s: connecting...", s->name);
	reconnect_connecting(&s->reconnect, clock_ms());
	why = stream_open(s->loop, s->name, s->default_port, s->dscp, stream_ready, s, &s->stream);
	if (!why)
		return true;
	ok = disconnect(s, EINVAL, why);
	free(why);
	return ok;
}

static bool announce(struct jsonrpc_session *s)
{
	s->announce = false;
	s->n_entered++;
	if (s->ops->connected)
		s->ops->connected(s, s->aux);
	return leave(s);
}

static bool give_up(struct jsonrpc_session *s)
{
	char *why;
	bool ok;

	if (s->reconnect.forced)
		return disconnect(s, ECONNABORTED, "connection is made anew");
	if (!s->conn)
		return disconnect(s, ETIMEDOUT, "connection attempt timed out");
	why = xasprintf("no response to inactivity probe after %g seconds",
			s->reconnect.probe_interval_ms / 1000.0);
	ok = disconnect(s, ETIMEDOUT, why);
	free(why);
	return ok;
}

static void probe(struct jsonrpc_session *s)
{
	log_dbg("%s: idle, sending an inactivity probe", s->name);
	jsonrpc_send_request(s, "echo", NULL, json_string(ECHO_ID));
}

/* The last thing a caller does with the session. */
static void session_run(struct jsonrpc_session *s)
{
	for (;;) {
		if (s->announce && !announce(s))
			return;
		switch (reconnect_step(&s->reconnect, clock_ms())) {
		case RECONNECT_NOTHING:
			rearm(s);
			return;
		case RECONNECT_CONNECT:
			if (!begin_connecting(s))
				return;
			break;
		case RECONNECT_DISCONNECT:
			if (!give_up(s))
				return;
			break;
		case RECONNECT_PROBE:
			probe(s);
			break;
		}
	}
}

static void timer_fired(struct timer *t)
{
	session_run(CONTAINER_OF(t, struct jsonrpc_session, timer));
}

/* ---- creation --------------------------------------------------------- */

static struct jsonrpc_session *create(struct loop *loop, const char *name, bool passive,
				      const struct jsonrpc_session_ops *ops, void *aux)
{
	struct jsonrpc_session *s = xzalloc(sizeof(*s));

	s->loop = loop;
	s->name = xstrdup(name);
	s->ops = ops;
	s->aux = aux;
	s->limits.max_message = JSONRPC_MAX_MESSAGE;
	s->rl = &s->own_rl;
	reconnect_init(&s->reconnect, clock_ms());
	s->reconnect.passive = passive;
	if (is_local(name))
		s->reconnect.probe_interval_ms = 0;
	timer_init(&s->timer, loop, timer_fired);
	return s;
}

/* Takes over a stream that was accepted, connected or still shaking hands. */
static void adopt(struct jsonrpc_session *s, struct stream *stream)
{
	s->stream = stream;
	stream_set_ready(stream, stream_ready, s);
	reconnect_connecting(&s->reconnect, clock_ms());
	if (!stream_connect(stream))
		up(s);
	rearm(s);
}

static void accepted(struct stream *stream, void *s_)
{
	struct jsonrpc_session *s = s_;

	if (s->stream || s->conn) {
		log_warn_rl(s->rl, "%s: closing the connection of %s: another one is open", s->name,
			    stream_name(stream));
		stream_close(stream);
		return;
	}
	log_info("%s: accepted %s", s->name, stream_name(stream));
	adopt(s, stream);
}

char *jsonrpc_session_open(struct loop *loop, const char *target, uint16_t default_port, bool retry,
			   const struct jsonrpc_session_ops *ops, void *aux,
			   struct jsonrpc_session **sp)
{
	struct jsonrpc_session *s;
	char *why;

	why = stream_target_check(target, default_port);
	if (why)
		return why;
	s = create(loop, target, stream_target_is_passive(target), ops, aux);
	s->default_port = default_port;
	s->retry = retry;
	if (s->reconnect.passive) {
		why = listener_open(loop, target, default_port, 0, accepted, s, &s->listener);
		if (why) {
			jsonrpc_session_destroy(s);
			return why;
		}
	}
	reconnect_enable(&s->reconnect, clock_ms());
	rearm(s);
	*sp = s;
	return NULL;
}

/* A host that comes again and again, each time with another port, has one bucket for all its
 * sessions (by chance, another host has the same). */
static struct log_rl *rl_of_host(const char *name)
{
	static struct log_rl buckets[64];
	const char *port = strrchr(name, strchr(name, '#') ? '#' : ':');
	size_t n = port ? (size_t)(port - name) : strlen(name);

	return &buckets[hash_bytes(name, n, 0) % ARRAY_SIZE(buckets)];
}

struct jsonrpc_session *jsonrpc_session_accept(struct loop *loop, struct stream *stream,
					       const struct jsonrpc_session_ops *ops, void *aux)
{
	struct jsonrpc_session *s = create(loop, stream_name(stream), true, ops, aux);

	s->limits.throttle = JSONRPC_THROTTLE;
	s->rl = rl_of_host(s->name);
	adopt(s, stream);
	return s;
}

/* ---- settings and queries --------------------------------------------- */

bool jsonrpc_session_is_connected(const struct jsonrpc_session *s)
{
	return s->conn;
}

const char *jsonrpc_session_name(const struct jsonrpc_session *s)
{
	return s->name;
}

const struct reconnect *jsonrpc_session_reconnect(const struct jsonrpc_session *s)
{
	return &s->reconnect;
}

void jsonrpc_session_set_probe_ms(struct jsonrpc_session *s, uint32_t ms)
{
	s->reconnect.probe_interval_ms = ms;
	rearm(s);
}

void jsonrpc_session_set_max_backoff_ms(struct jsonrpc_session *s, uint32_t ms)
{
	s->reconnect.max_backoff_ms = MAX(ms, 100u);
	s->reconnect.backoff_ms = MIN(s->reconnect.backoff_ms, s->reconnect.max_backoff_ms);
	rearm(s);
}

void jsonrpc_session_set_backlog_limit(struct jsonrpc_session *s, size_t octets)
{
	s->limits.backlog = octets;
}

void jsonrpc_session_set_max_message(struct jsonrpc_session *s, size_t octets)
{
	s->limits.max_message = MIN(octets, (size_t)JSONRPC_MAX_MESSAGE);
}

void jsonrpc_session_set_dscp(struct jsonrpc_session *s, uint8_t dscp)
{
	s->dscp = dscp;
}

void jsonrpc_session_force_reconnect(struct jsonrpc_session *s)
{
	reconnect_force(&s->reconnect, clock_ms());
	rearm(s);
}

void jsonrpc_session_pause(struct jsonrpc_session *s, bool paused)
{
	s->paused = paused;
	if (s->conn)
		jsonrpc_conn_pause(s->conn, paused);
}

size_t jsonrpc_session_backlog(const struct jsonrpc_session *s)
{
	return s->conn ? jsonrpc_conn_backlog(s->conn) : 0;
}

const char *jsonrpc_session_peer_id(const struct jsonrpc_session *s)
{
	return s->conn ? stream_peer_id(jsonrpc_conn_stream(s->conn)) : NULL;
}

int jsonrpc_session_port(const struct jsonrpc_session *s)
{
	return s->listener ? listener_port(s->listener) : -1;
}

/* ---- sending ---------------------------------------------------------- */

int jsonrpc_send_text(struct jsonrpc_session *s, struct jsonrpc_text *text)
{
	return s->conn ? jsonrpc_conn_send(s->conn, text) : -ENOTCONN;
}

static int send_json(struct jsonrpc_session *s, json_t *json)
{
	struct jsonrpc_text *text;
	int err;

	if (!s->conn) {
		json_decref(json);
		return -ENOTCONN;
	}
	text = jsonrpc_text_create(json);
	if (!text)
		return -EINVAL;
	err = jsonrpc_conn_send(s->conn, text);
	jsonrpc_text_unref(text);
	return err;
}

int jsonrpc_send_request(struct jsonrpc_session *s, const char *method, json_t *params, json_t *id)
{
	return send_json(s, jsonrpc_call_json(method, params, id));
}

int jsonrpc_send_notify(struct jsonrpc_session *s, const char *method, json_t *params)
{
	return send_json(s, jsonrpc_call_json(method, params, NULL));
}

int jsonrpc_send_reply(struct jsonrpc_session *s, json_t *result, json_t *id)
{
	return send_json(s, jsonrpc_reply_json(result, NULL, id));
}

int jsonrpc_send_error(struct jsonrpc_session *s, json_t *error, json_t *id)
{
	return send_json(s, jsonrpc_reply_json(NULL, error, id));
}
