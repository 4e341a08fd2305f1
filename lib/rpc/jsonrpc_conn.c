// SPDX-License-Identifier: Apache-2.0
/* Receiving: octets are read into one buffer, which grows only by what really came; the scanner
 * walks over them once and cuts messages off, which jansson parses.  At most
 * JSONRPC_MESSAGES_PER_TURN messages are handed up in a turn of the loop; the rest waits for the
 * next, in which everybody else has his share, and the descriptor is not read meanwhile.
 *
 * Sending: a queue of texts, flushed by one sendmsg() for many.  While a received message is being
 * handled, nothing is flushed, so that the replies to a batch go out together.
 *
 * An owner may destroy the connection in any callback.  'n_entered' counts the functions of this
 * file on the stack that touch it after a callback; the last one frees it. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "rpc/json_scan.h"
#include "rpc/jsonrpc_impl.h"

LOG_MODULE(jsonrpc);

#define READ_SIZE 4096 /* room made for a read, at least */
#define READS_PER_TURN 32
#define BUFFER_KEPT 65536 /* a larger buffer is given back when it is empty */
#define IOVS_PER_SEND 64

struct unsent {
	struct unsent *next;
	struct jsonrpc_text *text;
};

struct jsonrpc_conn {
	struct loop *loop;
	struct stream *stream;
	const struct jsonrpc_limits *limits;
	const struct jsonrpc_conn_ops *ops;
	void *aux;
	unsigned int n_entered;
	bool destroyed;
	bool paused; /* by the owner */

	char *buf;
	size_t buf_len, buf_size;
	size_t scanned; /* octets of 'buf' that the scanner has seen; a message begins at 0 */
	struct json_scan scan;
	struct work more; /* 'buf' may hold whole messages, for which no descriptor will wake us */

	struct unsent *head, **tail;
	size_t head_sent; /* octets of the first text that are gone */
	size_t backlog; /* octets left to send */
	struct work drained;
	struct work failed;
	int error; /* why it is to be closed; 0: it is not */
	char *why;
};

/* ---- lifetime --------------------------------------------------------- */

static void release(struct jsonrpc_conn *c)
{
	if (!c->destroyed || c->n_entered)
		return;
	free(c->buf);
	free(c->why);
	free(c);
}

void jsonrpc_conn_destroy(struct jsonrpc_conn *c)
{
	struct unsent *u, *next;

	if (!c)
		return;
	work_cancel(&c->more);
	work_cancel(&c->drained);
	work_cancel(&c->failed);
	stream_close(c->stream);
	c->stream = NULL;
	for (u = c->head; u; u = next) {
		next = u->next;
		jsonrpc_text_unref(u->text);
		free(u);
	}
	c->head = NULL;
	c->destroyed = true;
	release(c);
}

/* To be closed: 'why' is taken over.  The owner is told from the loop, never from within a send. */
static void fail(struct jsonrpc_conn *c, int err, char *why)
{
	if (c->error) {
		free(why);
		return;
	}
	c->error = err;
	c->why = why;
	stream_want(c->stream, 0);
	work_cancel(&c->more);
	work_schedule(&c->failed);
}

static void fail_stream(struct jsonrpc_conn *c, int err)
{
	const char *why = stream_error(c->stream);

	fail(c, -err, xstrdup(why ? why : errno_str(err)));
}

static void failed_work(struct work *w)
{
	struct jsonrpc_conn *c = CONTAINER_OF(w, struct jsonrpc_conn, failed);

	c->n_entered++;
	c->ops->closed(c->aux, c->error, c->why);
	c->n_entered--;
	release(c);
}

static bool is_over(const struct jsonrpc_conn *c)
{
	return c->destroyed || c->error;
}

static bool may_read(const struct jsonrpc_conn *c)
{
	return !c->paused && !(c->limits->throttle && c->backlog > c->limits->throttle);
}

static void update_want(struct jsonrpc_conn *c)
{
	if (is_over(c))
		return;
	stream_want(c->stream,
		    (may_read(c) && !c->more.scheduled ? EPOLLIN : 0u) | (c->head ? EPOLLOUT : 0u));
}

/* ---- sending ---------------------------------------------------------- */

static void forget_sent(struct jsonrpc_conn *c, size_t n)
{
	c->backlog -= n;
	n += c->head_sent;
	while (c->head && n >= c->head->text->len) {
		struct unsent *u = c->head;

		n -= u->text->len;
		c->head = u->next;
		jsonrpc_text_unref(u->text);
		free(u);
	}
	c->head_sent = n;
	if (!c->head)
		c->tail = &c->head;
}

static ssize_t send_some(struct jsonrpc_conn *c)
{
	struct iovec iov[IOVS_PER_SEND];
	int n = 0;

	for (const struct unsent *u = c->head; u && n < IOVS_PER_SEND; u = u->next) {
		size_t ofs = n ? 0 : c->head_sent;

		iov[n++] = (struct iovec){ u->text->data + ofs, u->text->len - ofs };
	}
	return stream_sendv(c->stream, iov, n);
}

/* Hands to the kernel what it takes.  True if any octet went. */
static bool flush(struct jsonrpc_conn *c)
{
	bool progress = false;

	while (c->head && !c->error) {
		ssize_t n = send_some(c);

		if (n == -EAGAIN)
			break;
		if (n < 0) {
			fail_stream(c, (int)n);
			break;
		}
		progress = true;
		forget_sent(c, (size_t)n);
	}
	if (progress && !c->head && c->ops->drained)
		work_schedule(&c->drained);
	return progress;
}

static void drained_work(struct work *w)
{
	struct jsonrpc_conn *c = CONTAINER_OF(w, struct jsonrpc_conn, drained);

	if (!c->head && !c->error)
		c->ops->drained(c->aux);
}

int jsonrpc_conn_send(struct jsonrpc_conn *c, struct jsonrpc_text *text)
{
	bool was_empty = !c->head;
	struct unsent *u;

	if (c->error)
		return -ENOTCONN;
	log_dbg("%s: sent %s", stream_name(c->stream), text->data);
	u = xmalloc(sizeof(*u));
	*u = (struct unsent){ .text = jsonrpc_text_ref(text) };
	*c->tail = u;
	c->tail = &u->next;
	c->backlog += text->len;
	if (was_empty && !c->n_entered)
		flush(c);
	if (c->limits->backlog && c->backlog > c->limits->backlog)
		fail(c, ENOBUFS,
		     xasprintf("it does not read: %zu octets wait for it (limit %zu)", c->backlog,
			       c->limits->backlog));
	if (!c->n_entered)
		update_want(c);
	return 0;
}

/* ---- receiving -------------------------------------------------------- */

static void log_message(const struct jsonrpc_conn *c, const json_t *json)
{
	char *text;

	if (!log_is_on(&log_this_module, LOG_LVL_DBG))
		return;
	text = json_dumps(json, JSON_COMPACT);
	log_dbg("%s: received %s", stream_name(c->stream), text ? text : "?");
	free(text);
}

/* jansson quotes what the peer sent, and the sentence goes to the log. */
static void make_printable(char *s)
{
	for (; *s; s++) {
		if (!isprint((unsigned char)*s))
			*s = '?';
	}
}

static void parse(struct jsonrpc_conn *c, const char *text, size_t len)
{
	struct jsonrpc_msg msg;
	json_error_t error;
	json_t *json;
	char *why;

	json = json_loadb(text, len, 0, &error);
	if (!json) {
		why = xasprintf("received bad JSON: %s, at octet %d", error.text, error.position);
		make_printable(why);
		fail(c, EPROTO, why);
		return;
	}
	log_message(c, json);
	why = jsonrpc_msg_from_json(json, &msg);
	json_decref(json);
	if (why) {
		fail(c, EPROTO, xasprintf("received a bad JSON-RPC message: %s", why));
		free(why);
		return;
	}
	c->ops->received(c->aux, &msg);
	jsonrpc_msg_uninit(&msg);
}

static void scan_failed(struct jsonrpc_conn *c, enum json_scan_result result)
{
	if (result == JSON_SCAN_TOO_DEEP)
		fail(c, EPROTO,
		     xasprintf("received a message nested more than %d deep", JSONRPC_MAX_DEPTH));
	else
		fail(c, EPROTO, xstrdup("received what is not a JSON object"));
}

/* Hands up messages of the buffer, at most '*budget'. */
static void dispatch(struct jsonrpc_conn *c, unsigned int *budget)
{
	size_t start = 0, used;

	while (!is_over(c) && *budget && may_read(c) && c->scanned < c->buf_len) {
		enum json_scan_result result;
		bool blank = !c->scan.depth;

		result = json_scan_feed(&c->scan, c->buf + c->scanned, c->buf_len - c->scanned,
					&used);
		c->scanned += used;
		if (c->scan.weight > JSONRPC_MAX_WEIGHT) {
			fail(c, EMSGSIZE,
			     xasprintf("received a message that would take more than %llu MB",
				       JSONRPC_MAX_WEIGHT >> 20));
		} else if (result == JSON_SCAN_DONE) {
			(*budget)--;
			parse(c, c->buf + start, c->scanned - start);
			start = c->scanned;
		} else if (result != JSON_SCAN_MORE) {
			scan_failed(c, result);
		} else if (blank && !c->scan.depth) {
			start = c->scanned; /* nothing but white space */
		}
	}
	if (c->destroyed || !start)
		return;
	memmove(c->buf, c->buf + start, c->buf_len - start);
	c->buf_len -= start;
	c->scanned -= start;
	if (!c->buf_len && c->buf_size > BUFFER_KEPT) {
		free(c->buf);
		c->buf = NULL;
		c->buf_size = 0;
	}
}

/* Makes room for a read.  Sizes come from the peer: they are bounded, and may fail. */
static bool make_room(struct jsonrpc_conn *c)
{
	size_t limit = c->limits->max_message + READ_SIZE;
	size_t size;
	char *buf;

	if (c->buf_len > c->limits->max_message) {
		fail(c, EMSGSIZE,
		     xasprintf("received a message of more than %zu octets",
			       c->limits->max_message));
		return false;
	}
	if (c->buf_size - c->buf_len >= READ_SIZE)
		return true;
	size = MIN(MAX(c->buf_size * 2, (size_t)READ_SIZE * 2), limit);
	buf = realloc(c->buf, size);
	if (!buf) {
		fail(c, ENOMEM, xasprintf("no memory for a message of %zu octets", size));
		return false;
	}
	c->buf = buf;
	c->buf_size = size;
	return true;
}

/* Reads once.  False if there is nothing more to read now. */
static bool receive(struct jsonrpc_conn *c)
{
	ssize_t n;

	if (!make_room(c))
		return false;
	n = stream_recv(c->stream, c->buf + c->buf_len, c->buf_size - c->buf_len);
	if (n > 0) {
		c->buf_len += (size_t)n;
		return true;
	}
	if (!n)
		fail(c, RECONNECT_EOF, xstrdup("connection closed by peer"));
	else if (n != -EAGAIN)
		fail_stream(c, (int)n);
	return false;
}

static void run(struct jsonrpc_conn *c)
{
	unsigned int budget = JSONRPC_MESSAGES_PER_TURN;
	bool activity = false;

	if (c->n_entered) /* called from a turn inside a callback of ours */
		return;
	c->n_entered++;
	dispatch(c, &budget);
	for (int i = 0; i < READS_PER_TURN && budget && !is_over(c) && may_read(c); i++) {
		size_t room_left;

		if (!receive(c))
			break;
		activity = true;
		room_left = c->buf_size - c->buf_len;
		dispatch(c, &budget);
		if (room_left) /* a short read: the socket is empty */
			break;
	}
	if (!is_over(c))
		activity |= flush(c);
	if (activity && !c->destroyed)
		c->ops->activity(c->aux);
	c->n_entered--;
	if (!is_over(c)) {
		if (c->scanned < c->buf_len && may_read(c))
			work_schedule(&c->more);
		update_want(c);
	}
	release(c);
}

static void stream_ready(void *c)
{
	run(c);
}

static void more_work(struct work *w)
{
	run(CONTAINER_OF(w, struct jsonrpc_conn, more));
}

struct jsonrpc_conn *jsonrpc_conn_create(struct loop *loop, struct stream *stream,
					 const struct jsonrpc_limits *limits,
					 const struct jsonrpc_conn_ops *ops, void *aux)
{
	struct jsonrpc_conn *c = xzalloc(sizeof(*c));

	c->loop = loop;
	c->stream = stream;
	c->limits = limits;
	c->ops = ops;
	c->aux = aux;
	c->tail = &c->head;
	json_scan_init(&c->scan, JSONRPC_MAX_DEPTH);
	work_init(&c->more, loop, more_work);
	work_init(&c->drained, loop, drained_work);
	work_init(&c->failed, loop, failed_work);
	stream_set_ready(stream, stream_ready, c);
	update_want(c);
	return c;
}

void jsonrpc_conn_pause(struct jsonrpc_conn *c, bool paused)
{
	c->paused = paused;
	if (is_over(c) || c->n_entered)
		return;
	if (!paused && c->scanned < c->buf_len)
		work_schedule(&c->more);
	update_want(c);
}

size_t jsonrpc_conn_backlog(const struct jsonrpc_conn *c)
{
	return c->backlog;
}

const struct stream *jsonrpc_conn_stream(const struct jsonrpc_conn *c)
{
	return c->stream;
}
