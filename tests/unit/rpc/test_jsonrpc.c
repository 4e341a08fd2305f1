// SPDX-License-Identifier: Apache-2.0
/* A session against a peer that writes octets, and against another session. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "base/util.h"
#include "rpc/jsonrpc.h"
#include "tests/unit/rpc/unit.h"

static struct loop *loop;

/* One side: what its session told. */
struct side {
	struct jsonrpc_session *session;
	unsigned int n_connected, n_received, n_drained, n_disconnected;
	struct str log; /* of messages received */
	char *why;
	bool destroy_on_message, pause_on_message, reply;
	unsigned int pause_after;
};

static struct side a, b;
static struct stream *raw; /* the other end, when it is not a session */
static struct str raw_got;

static void raw_ready(void *aux)
{
	char buf[4096];
	ssize_t n;

	while ((n = stream_recv(raw, buf, sizeof(buf))) > 0)
		str_put_mem(&raw_got, buf, (size_t)n);
	if (n != -EAGAIN) {
		stream_close(raw);
		raw = NULL;
	}
}

static void connected(struct jsonrpc_session *s, void *side_)
{
	struct side *side = side_;

	side->n_connected++;
}

static void disconnected(struct jsonrpc_session *s, const char *why, void *side_)
{
	struct side *side = side_;

	side->n_disconnected++;
	free(side->why);
	side->why = xstrdup(why);
	/* An accepted session is over with its connection. */
	if (jsonrpc_session_reconnect(s)->passive &&
	    !stream_target_is_passive(jsonrpc_session_name(s))) {
		jsonrpc_session_destroy(s);
		side->session = NULL;
	}
}

static void log_msg(struct side *side, const struct jsonrpc_msg *m)
{
	static const char *const names[] = { "request", "notify", "reply", "error" };
	json_t *parts[] = { m->id, m->params, m->result, m->error };

	str_printf(&side->log, "%s", names[m->type]);
	if (m->method)
		str_printf(&side->log, " %s", m->method);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		char *text = json_dumps(parts[i], JSON_COMPACT | JSON_ENCODE_ANY);

		str_printf(&side->log, " %s", text ? text : "-");
		free(text);
	}
	str_putc(&side->log, '\n');
}

static void received(struct jsonrpc_session *s, struct jsonrpc_msg *m, void *side_)
{
	struct side *side = side_;

	side->n_received++;
	if (side->n_received <= 100)
		log_msg(side, m);
	if (side->reply && m->type == JSONRPC_REQUEST) {
		jsonrpc_send_reply(s, m->params, m->id);
		m->params = m->id = NULL;
	}
	if (side->pause_on_message || side->n_received == side->pause_after)
		jsonrpc_session_pause(s, true);
	if (side->destroy_on_message) {
		side->session = NULL;
		jsonrpc_session_destroy(s);
	}
}

static void drained(struct jsonrpc_session *s, void *side_)
{
	((struct side *)side_)->n_drained++;
}

static const struct jsonrpc_session_ops ops = {
	.connected = connected,
	.disconnected = disconnected,
	.received = received,
	.drained = drained,
};

static void side_clear(struct side *side)
{
	jsonrpc_session_destroy(side->session);
	str_uninit(&side->log);
	free(side->why);
	memset(side, 0, sizeof(*side));
}

/* 'a' is an accepted session, 'raw' its peer. */
static int setup_raw(void **state)
{
	struct stream *s[2];

	loop = loop_create();
	assert_int_equal(stream_pair(loop, s), 0);
	a.session = jsonrpc_session_accept(loop, s[0], &ops, &a);
	raw = s[1];
	stream_set_ready(raw, raw_ready, NULL);
	stream_want(raw, EPOLLIN);
	return 0;
}

static int setup_two(void **state)
{
	struct stream *s[2];

	loop = loop_create();
	assert_int_equal(stream_pair(loop, s), 0);
	a.session = jsonrpc_session_accept(loop, s[0], &ops, &a);
	b.session = jsonrpc_session_accept(loop, s[1], &ops, &b);
	return 0;
}

static int teardown(void **state)
{
	side_clear(&a);
	side_clear(&b);
	stream_close(raw);
	raw = NULL;
	str_uninit(&raw_got);
	loop_destroy(loop);
	return 0;
}

static void write_raw(const char *text, size_t n)
{
	while (n && raw) {
		ssize_t sent = stream_send(raw, text, n);

		if (sent > 0) {
			text += sent;
			n -= (size_t)sent;
		} else {
			assert_true(sent == -EAGAIN || sent == -EPIPE || sent == -ECONNRESET);
			loop_turn(loop, 1);
		}
	}
}

static void write_text(const char *text)
{
	write_raw(text, strlen(text));
}

/* ---- hostile peers ---------------------------------------------------- */

static const struct {
	const char *text;
	const char *why;
} bad_messages[] = {
	{ "nonsense", "not a JSON object" },
	{ "[]", "not a JSON object" },
	{ "{\"a\":}", "bad JSON" },
	{ "{]", "bad JSON" },
	{ "{\"\xff\":1}", "bad JSON" },
	{ "{\"id\":1,\"method\":\"\xed\xa0\x80\",\"params\":[]}", "bad JSON" },
	{ "{\"id\":1,\"method\":\"\\u0000\",\"params\":[]}", "bad JSON" },
	{ "{\"id\":1,\"method\":\"\\ud800\",\"params\":[]}", "bad JSON" },
	{ "{\"id\":99999999999999999999999,\"method\":\"m\",\"params\":[]}", "bad JSON" },
	{ "{\"id\":1e999,\"method\":\"m\",\"params\":[]}", "bad JSON" },
	{ "{}", "neither \"method\" nor \"id\"" },
	{ "{\"id\":null}", "neither \"method\" nor \"id\"" },
	{ "{\"id\":1}", "neither \"result\" nor \"error\"" },
	{ "{\"id\":1,\"method\":1,\"params\":[]}", "\"method\" is not a string" },
	{ "{\"id\":1,\"method\":\"m\"}", "\"params\" is not an array" },
	{ "{\"id\":1,\"method\":\"m\",\"params\":{}}", "\"params\" is not an array" },
	{ "{\"id\":1,\"method\":\"m\",\"params\":[],\"result\":1}", "a request has" },
	{ "{\"id\":1,\"result\":1,\"error\":1}", "both \"result\" and \"error\"" },
	{ "{\"id\":null,\"result\":1,\"error\":null}", "neither \"method\" nor \"id\"" },
};

static void bad_message(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_messages); i++) {
		setup_raw(NULL);
		write_text(bad_messages[i].text);
		TURN_UNTIL(loop, a.n_disconnected);
		ASSERT_CONTAINS(a.why, bad_messages[i].why);
		assert_int_equal(a.n_received, 0);
		TURN_UNTIL(loop, !raw); /* the peer sees the end */
		teardown(NULL);
	}
}

/* Brackets by the hundred thousand: closed before any parser saw them. */
static void depth_bomb(void **state)
{
	static const char *const bombs[] = { "[", "{\"a\":" };

	for (size_t i = 0; i < ARRAY_SIZE(bombs); i++) {
		struct str s = STR_INIT;

		setup_raw(NULL);
		str_put(&s, "{\"a\":");
		for (int n = 0; n < 100000; n++)
			str_put(&s, bombs[i]);
		write_raw(str_cstr(&s), s.len);
		TURN_UNTIL(loop, a.n_disconnected);
		ASSERT_CONTAINS(a.why, "nested more than 128 deep");
		str_uninit(&s);
		teardown(NULL);
	}
}

static void deepest_allowed(void **state)
{
	struct str s = STR_INIT;

	str_put(&s, "{\"id\":1,\"method\":\"m\",\"params\":");
	str_put_repeat(&s, '[', JSONRPC_MAX_DEPTH - 1);
	str_put_repeat(&s, ']', JSONRPC_MAX_DEPTH - 1);
	str_putc(&s, '}');
	write_raw(str_cstr(&s), s.len);
	TURN_UNTIL(loop, a.n_received);
	str_uninit(&s);
}

static void endless_message(void **state)
{
	char piece[10000];

	jsonrpc_session_set_max_message(a.session, 1000000);
	memset(piece, 'x', sizeof(piece));
	write_text("{\"method\":\"");
	for (int i = 0; i < 1000 && !a.n_disconnected; i++)
		write_raw(piece, sizeof(piece));
	TURN_UNTIL(loop, a.n_disconnected);
	ASSERT_CONTAINS(a.why, "more than 1000000 octets");
}

/* White space for ever is no message, and takes no memory. */
static void endless_space(void **state)
{
	char piece[10000];

	jsonrpc_session_set_max_message(a.session, 100000);
	memset(piece, ' ', sizeof(piece));
	for (int i = 0; i < 100; i++)
		write_raw(piece, sizeof(piece));
	write_text("{\"id\":1,\"method\":\"m\",\"params\":[]}");
	TURN_UNTIL(loop, a.n_received);
	assert_int_equal(a.n_disconnected, 0);
}

/* A peer that asks for echoes and never reads: nothing more is read from it. */
static void never_reads(void **state)
{
	static char request[100000];
	size_t n = (size_t)snprintf(request, sizeof(request),
				    "{\"id\":1,\"method\":\"echo\",\"params\":[\"%090000d\"]}", 1);
	size_t total = 0;

	stream_want(raw, 0);
	for (int idle = 0; idle < 20;) {
		ssize_t sent = stream_send(raw, request + total % n, n - total % n);

		if (sent > 0) {
			total += (size_t)sent;
			idle = 0;
			assert_true(total < 100u << 20);
		} else {
			assert_int_equal(sent, -EAGAIN);
			loop_turn(loop, 1);
			idle++;
		}
	}
	assert_true(jsonrpc_session_backlog(a.session) > JSONRPC_THROTTLE);
	assert_true(jsonrpc_session_backlog(a.session) < JSONRPC_THROTTLE + (1u << 20));
	assert_int_equal(a.n_disconnected, 0);
	/* It reads after all: everything goes on. */
	stream_want(raw, EPOLLIN);
	TURN_UNTIL(loop, !jsonrpc_session_backlog(a.session));
	TURN_UNTIL(loop, raw_got.len >= total / n * (n - 10));
}

static void backlog_limit(void **state)
{
	json_t *params = json_pack("[s]", "0123456789");
	int n = 0;

	stream_want(raw, 0);
	jsonrpc_session_set_backlog_limit(a.session, 100000);
	while (!jsonrpc_send_notify(a.session, "n", json_incref(params)))
		assert_true(++n < 1000000);
	assert_int_equal(a.n_disconnected, 0); /* never within a send */
	TURN_UNTIL(loop, a.n_disconnected);
	ASSERT_CONTAINS(a.why, "limit 100000");
	json_decref(params);
}

/* Two peers: one floods, the other asks once; the flood does not delay the answer. */
static void fairness(void **state)
{
	static const char request[] = "{\"id\":1,\"method\":\"m\",\"params\":[]}";
	struct stream *s[2];
	struct str flood = STR_INIT;

	assert_int_equal(stream_pair(loop, s), 0);
	b.session = jsonrpc_session_accept(loop, s[0], &ops, &b);
	for (int i = 0; i < 3000; i++)
		str_put(&flood, request);
	write_raw(str_cstr(&flood), flood.len);
	assert_int_equal(stream_send(s[1], request, strlen(request)), strlen(request));
	/* A turn has one share for what the descriptor tells and one for what was left over. */
	loop_turn(loop, 100);
	assert_in_range(a.n_received, 1, 2 * JSONRPC_MESSAGES_PER_TURN);
	assert_int_equal(b.n_received, 1);
	loop_turn(loop, 100);
	assert_in_range(a.n_received, JSONRPC_MESSAGES_PER_TURN + 1, 4 * JSONRPC_MESSAGES_PER_TURN);
	TURN_UNTIL(loop, a.n_received == 3000);
	str_uninit(&flood);
	stream_close(s[1]);
}

/* ---- good peers ------------------------------------------------------- */

static const char dialogue[] =
	" {\"id\":1,\"method\":\"m\",\"params\":[1,\"\xc3\xa9\",2.5]}\n"
	"{\"id\":null,\"method\":\"n\",\"params\":[{\"a\":1,\"a\":2}]}"
	"{\"method\":\"o\",\"params\":[]}{\"id\":\"x\",\"result\":null,\"error\":null}"
	"{\"id\":[2],\"result\":{\"}\":\"\\\"\"},\"error\":null}{\"id\":3,\"error\":\"bad\"}"
	"{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"p\",\"params\":[]}";
static const char dialogue_log[] = "request m 1 [1,\"\xc3\xa9\",2.5] - -\n"
				   "notify n - [{\"a\":2}] - -\n"
				   "notify o - [] - -\n"
				   "reply \"x\" - null -\n"
				   "reply [2] - {\"}\":\"\\\"\"} -\n"
				   "error 3 - - \"bad\"\n"
				   "request p 4 [] - -\n";

static void every_split(void **state)
{
	for (size_t i = 0; i <= strlen(dialogue); i++) {
		setup_raw(NULL);
		write_raw(dialogue, i);
		loop_turn(loop, 0);
		write_text(dialogue + i);
		TURN_UNTIL(loop, a.n_received == 7);
		assert_string_equal(str_cstr(&a.log), dialogue_log);
		teardown(NULL);
	}
}

static void octet_by_octet(void **state)
{
	for (size_t i = 0; i < strlen(dialogue); i++) {
		write_raw(dialogue + i, 1);
		loop_turn(loop, 100);
	}
	assert_string_equal(str_cstr(&a.log), dialogue_log);
}

static void text_sent(void **state)
{
	json_t *real = json_real(0.1), *third = json_real(1.0 / 3);

	jsonrpc_send_request(a.session, "m", json_pack("[i,o,o]", 1, real, third), json_integer(7));
	jsonrpc_send_notify(a.session, "n", NULL);
	jsonrpc_send_reply(a.session, NULL, json_string("i"));
	jsonrpc_send_error(a.session, json_string("e\n"), json_integer(1));
	TURN_UNTIL(loop, a.n_drained);
	loop_turn(loop, 0);
	assert_string_equal(str_cstr(&raw_got),
			    "{\"id\":7,\"method\":\"m\",\"params\":[1,0.1,0.333333333333333]}"
			    "{\"id\":null,\"method\":\"n\",\"params\":[]}"
			    "{\"id\":\"i\",\"result\":null,\"error\":null}"
			    "{\"id\":1,\"result\":null,\"error\":\"e\\n\"}");
}

static void echo(void **state)
{
	write_text("{\"id\":\"echo\",\"method\":\"echo\",\"params\":[1]}");
	TURN_UNTIL(loop, raw_got.len);
	assert_string_equal(str_cstr(&raw_got), "{\"id\":\"echo\",\"result\":[1],\"error\":null}");
	assert_int_equal(a.n_received, 0);
	write_text("{\"id\":\"echo\",\"result\":[],\"error\":null}");
	for (int i = 0; i < 5; i++)
		loop_turn(loop, 1);
	assert_int_equal(a.n_received, 0);
	assert_int_equal(a.n_connected, 1);
}

static void destroyed_in_callback(void **state)
{
	a.destroy_on_message = true;
	write_text("{\"id\":1,\"method\":\"m\",\"params\":[]}"
		   "{\"id\":1,\"method\":\"m\",\"params\":[]}");
	TURN_UNTIL(loop, a.n_received);
	TURN_UNTIL(loop, !raw);
	assert_int_equal(a.n_received, 1);
	assert_int_equal(a.n_disconnected, 0);
}

static void paused(void **state)
{
	a.pause_on_message = true;
	write_text(dialogue);
	for (unsigned int i = 1; i <= 7; i++) {
		TURN_UNTIL(loop, a.n_received == i);
		for (int j = 0; j < 5; j++)
			loop_turn(loop, 0);
		assert_int_equal(a.n_received, i);
		jsonrpc_session_pause(a.session, false);
	}
	assert_string_equal(str_cstr(&a.log), dialogue_log);
}

/* What was sent before the end is still received. */
static void last_words(void **state)
{
	write_text(dialogue);
	stream_close(raw);
	raw = NULL;
	TURN_UNTIL(loop, a.n_disconnected);
	assert_string_equal(str_cstr(&a.log), dialogue_log);
	assert_string_equal(a.why, "connection closed by peer");
}

static void many_both_ways(void **state)
{
	const unsigned int n = 20000;
	json_t *params = json_pack("[s]", "some text that is not too short to fill buffers");

	a.reply = b.reply = true;
	for (unsigned int i = 0; i < n; i++) {
		jsonrpc_send_request(a.session, "x", json_incref(params), json_integer(i));
		jsonrpc_send_request(b.session, "y", json_incref(params), json_integer(i));
	}
	TURN_UNTIL(loop, a.n_received == 2 * n && b.n_received == 2 * n);
	assert_int_equal(jsonrpc_session_backlog(a.session), 0);
	assert_true(a.n_drained > 0);
	json_decref(params);
}

static void shared_text(void **state)
{
	struct jsonrpc_text *text = jsonrpc_text_create(
		json_pack("{s:n,s:s,s:[s]}", "id", "method", "update", "params", "p"));

	jsonrpc_send_text(a.session, text);
	jsonrpc_send_text(b.session, text);
	jsonrpc_text_unref(text);
	TURN_UNTIL(loop, a.n_received && b.n_received);
	assert_string_equal(str_cstr(&a.log), "notify update - [\"p\"] - -\n");
	assert_string_equal(str_cstr(&b.log), str_cstr(&a.log));
}

/* ---- keeping a connection --------------------------------------------- */

static char dir[] = "/tmp/test-jsonrpc.XXXXXX";

static void accept_b(struct stream *s, void *aux)
{
	assert_null(b.session);
	b.session = jsonrpc_session_accept(loop, s, &ops, &b);
}

static struct listener *listen_at(const char *target)
{
	struct listener *l;
	char *err = listener_open(loop, target, 0, 0, accept_b, NULL, &l);

	if (err)
		fail_msg("%s", err);
	return l;
}

static void open_a(const char *target, bool retry)
{
	char *err = jsonrpc_session_open(loop, target, 6640, retry, &ops, &a, &a.session);

	if (err)
		fail_msg("%s", err);
}

static int setup_loop(void **state)
{
	loop = loop_create();
	return 0;
}

static void open_bad_target(void **state)
{
	char *err = jsonrpc_session_open(loop, "tcp:", 6640, true, &ops, &a, &a.session);

	ASSERT_CONTAINS(err, "host is missing");
	free(err);
}

static void no_retry(void **state)
{
	char *target = xasprintf("unix:%s/nobody", dir);

	open_a(target, false);
	TURN_UNTIL(loop, a.n_disconnected);
	assert_string_equal(a.why, "No such file or directory");
	assert_int_equal(jsonrpc_session_reconnect(a.session)->state, RECONNECT_VOID);
	assert_int_equal(jsonrpc_session_reconnect(a.session)->last_error, ENOENT);
	assert_int_equal(jsonrpc_send_notify(a.session, "n", NULL), -ENOTCONN);
	free(target);
}

static void passive_session(void **state)
{
	char *target = xasprintf("punix:%s/passive", dir), *err;

	open_a(target, true);
	for (int i = 0; i < 2; i++) {
		err = jsonrpc_session_open(loop, target + 1, 6640, false, &ops, &b, &b.session);
		assert_null(err);
		TURN_UNTIL(loop, a.n_connected == (unsigned int)i + 1 && b.n_connected);
		jsonrpc_send_notify(a.session, "n", NULL);
		TURN_UNTIL(loop, b.n_received);
		side_clear(&b);
		TURN_UNTIL(loop, a.n_disconnected == (unsigned int)i + 1);
		assert_non_null(a.session);
	}
	free(target);
}

/* From here on in simulated time. */
static void warp(uint64_t ms)
{
	clock_warp(ms);
	loop_settle(loop);
}

static void comes_back(void **state)
{
	char *target = xasprintf("punix:%s/back", dir);
	const struct reconnect *r;
	struct listener *l;

	open_a(target + 1, true);
	r = jsonrpc_session_reconnect(a.session);
	loop_settle(loop);
	assert_int_equal(r->state, RECONNECT_BACKOFF);
	assert_int_equal(r->n_attempts, 1);
	assert_int_equal(a.n_disconnected, 0); /* with 'retry', failed attempts are not told */
	warp(999);
	assert_int_equal(r->n_attempts, 1);
	l = listen_at(target);
	warp(1);
	assert_int_equal(r->n_attempts, 2);
	assert_int_equal(a.n_connected, 1);
	assert_true(jsonrpc_session_is_connected(a.session));
	/* No probes over unix sockets. */
	warp(100000);
	assert_int_equal(r->state, RECONNECT_ACTIVE);

	jsonrpc_session_destroy(b.session);
	b.session = NULL;
	loop_settle(loop);
	assert_int_equal(a.n_disconnected, 1);
	assert_string_equal(a.why, "connection closed by peer");
	assert_int_equal(r->last_error, RECONNECT_EOF);
	warp(1000);
	assert_int_equal(a.n_connected, 2);

	jsonrpc_session_destroy(b.session);
	b.session = NULL;
	jsonrpc_session_force_reconnect(a.session);
	loop_settle(loop);
	assert_int_equal(a.n_connected, 3);
	assert_non_null(b.session);
	listener_close(l);
	free(target);
}

static void probed(void **state)
{
	jsonrpc_session_set_probe_ms(a.session, 5000);
	loop_settle(loop);
	warp(5000);
	assert_string_equal(str_cstr(&raw_got),
			    "{\"id\":\"echo\",\"method\":\"echo\",\"params\":[]}");
	warp(4000);
	write_text("{\"id\":\"echo\",\"result\":[],\"error\":null}");
	loop_settle(loop);
	warp(4999);
	assert_int_equal(a.n_disconnected, 0);
	str_clear(&raw_got);
	warp(1);
	assert_true(raw_got.len > 0);
	warp(4999);
	assert_int_equal(a.n_disconnected, 0);
	warp(1);
	assert_int_equal(a.n_disconnected, 1);
	ASSERT_CONTAINS(a.why, "no response to inactivity probe after 5 seconds");
}

static void stop_time(void)
{
	clock_stop();
}

static int setup_raw_stopped(void **state)
{
	stop_time();
	return setup_raw(state);
}

static int setup_loop_stopped(void **state)
{
	stop_time();
	return setup_loop(state);
}

#define TEST(NAME, SETUP) cmocka_unit_test_setup_teardown(NAME, SETUP, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_message),
		cmocka_unit_test(depth_bomb),
		TEST(deepest_allowed, setup_raw),
		TEST(endless_message, setup_raw),
		TEST(endless_space, setup_raw),
		TEST(never_reads, setup_raw),
		TEST(backlog_limit, setup_raw),
		TEST(fairness, setup_raw),
		cmocka_unit_test(every_split),
		TEST(octet_by_octet, setup_raw),
		TEST(text_sent, setup_raw),
		TEST(echo, setup_raw),
		TEST(destroyed_in_callback, setup_raw),
		TEST(paused, setup_raw),
		TEST(last_words, setup_raw),
		TEST(many_both_ways, setup_two),
		TEST(shared_text, setup_two),
		TEST(open_bad_target, setup_loop),
		TEST(no_retry, setup_loop),
		TEST(passive_session, setup_loop),
		TEST(comes_back, setup_loop_stopped),
		TEST(probed, setup_raw_stopped),
	};
	int failed;

	if (!mkdtemp(dir))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	return failed;
}
