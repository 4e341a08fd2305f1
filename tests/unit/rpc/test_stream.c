// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/util.h"
#include "rpc/stream.h"
#include "tests/unit/rpc/unit.h"

static char dir[] = "/tmp/test-stream.XXXXXX";
static struct loop *loop;

static const struct {
	const char *target;
	const char *error; /* part of the sentence, NULL: it is right */
} targets[] = {
	{ "", "unknown kind" },
	{ "tcp", "unknown kind" },
	{ "foo:bar", "unknown kind" },
	{ "TCP:a", "unknown kind" },
	{ "tcp:", "host is missing" },
	{ "tcp::80", "host is missing" },
	{ "tcp:[]:80", "host is missing" },
	{ "tcp:[::1", "\"]\" is missing" },
	{ "tcp:[::1]80", "unexpected" },
	{ "tcp:::1", "in brackets" },
	{ "tcp:::1:80", "in brackets" },
	{ "tcp:a:b", "not a port number" },
	{ "tcp:a:0", "not a port number" },
	{ "tcp:a:65536", "not a port number" },
	{ "tcp:a:-1", "not a port number" },
	{ "tcp:a b", "not a host name" },
	{ "ssl:", "host is missing" },
	{ "ptcp:x", "not a port number" },
	{ "ptcp:65536", "not a port number" },
	{ "ptcp:1:localhost", "not an IP address" },
	{ "ptcp:1:[::1]x", "not an IP address" },
	{ "ptcp:127.0.0.1", "not a port number" },
	{ "unix:", "file is missing" },
	{ "unix:a/", "names a folder" },
	{ "punix:", "file is missing" },
	{ "tcp:a", NULL },
	{ "tcp:a:", NULL },
	{ "tcp:a.example:65535", NULL },
	{ "tcp:[::1]", NULL },
	{ "tcp:[fe80::1%lo]:80", NULL },
	{ "ssl:1.2.3.4:1", NULL },
	{ "ptcp:", NULL },
	{ "ptcp:0", NULL },
	{ "ptcp::127.0.0.1", NULL },
	{ "ptcp:1:[::1]", NULL },
	{ "pssl:1:127.0.0.1", NULL },
	{ "unix:a", NULL },
	{ "punix:/a", NULL },
};

static void check_targets(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		char *err = stream_target_check(targets[i].target, 6640);

		if (targets[i].error)
			ASSERT_CONTAINS(err, targets[i].error);
		else if (err)
			fail_msg("%s", err);
		free(err);
	}
	assert_true(stream_target_is_active("tcp:"));
	assert_false(stream_target_is_passive("tcp:"));
	assert_true(stream_target_is_passive("pssl:"));
	assert_false(stream_target_is_active("pssl:"));
	assert_false(stream_target_is_active("tcpx:"));
}

static void port_is_needed(void **state)
{
	char *err = stream_target_check("tcp:a", 0);

	ASSERT_CONTAINS(err, "port is missing");
	free(err);
}

/* ---- two ends --------------------------------------------------------- */

struct end {
	struct stream *s;
	unsigned int n_ready;
};

static void end_ready(void *end)
{
	((struct end *)end)->n_ready++;
}

static struct end client, server;

static void accept_server(struct stream *s, void *aux)
{
	/* The last one counts: who wants to listen in our place connects first, to see if we
	 * live. */
	stream_close(server.s);
	server.s = s;
	stream_set_ready(s, end_ready, &server);
}

static struct listener *must_listen(const char *target)
{
	struct listener *l;
	char *err = listener_open(loop, target, 0, 0, accept_server, NULL, &l);

	if (err)
		fail_msg("%s", err);
	return l;
}

static void must_open(const char *target, uint16_t default_port)
{
	char *err = stream_open(loop, target, default_port, 0, end_ready, &client, &client.s);

	if (err)
		fail_msg("%s", err);
}

static int setup(void **state)
{
	loop = loop_create();
	client = server = (struct end){ NULL, 0 };
	return 0;
}

static int teardown(void **state)
{
	stream_close(client.s);
	stream_close(server.s);
	loop_destroy(loop);
	return 0;
}

/* Octets go over, more than the kernel buffers; then the end is seen. */
static void converse(struct end *a, struct end *b)
{
	const size_t n = 3000000;
	size_t sent = 0, got = 0;
	char buf[60000];

	while (got < n) {
		ssize_t r;

		if (sent < n) {
			memset(buf, (int)(sent % 251), sizeof(buf));
			r = stream_send(a->s, buf, MIN(n - sent, sizeof(buf)));
			assert_true(r > 0 || r == -EAGAIN);
			sent += r > 0 ? (size_t)r : 0;
			stream_want(a->s, EPOLLOUT);
		}
		stream_want(b->s, EPOLLIN);
		r = stream_recv(b->s, buf, sizeof(buf));
		assert_true(r > 0 || r == -EAGAIN);
		if (r > 0)
			got += (size_t)r;
		else
			loop_turn(loop, 1000);
	}
	assert_int_equal(stream_recv(b->s, buf, sizeof(buf)), -EAGAIN);
	stream_want(a->s, 0);
	b->n_ready = 0;
	stream_close(a->s);
	a->s = NULL;
	TURN_UNTIL(loop, b->n_ready);
	assert_int_equal(stream_recv(b->s, buf, sizeof(buf)), 0);
}

static void connect_both(void)
{
	assert_true(stream_connect(client.s) == 0 || stream_connect(client.s) == -EAGAIN);
	TURN_UNTIL(loop, server.s && !stream_connect(client.s) && client.n_ready);
}

static void pair(void **state)
{
	struct stream *s[2];

	assert_int_equal(stream_pair(loop, s), 0);
	client.s = s[0];
	server.s = s[1];
	stream_set_ready(s[0], end_ready, &client);
	stream_set_ready(s[1], end_ready, &server);
	converse(&client, &server);
}

static void unix_sockets(void **state)
{
	char *target = xasprintf("punix:%s/a", dir);
	struct listener *l = must_listen(target);
	mode_t mask = umask(0);
	struct stat st;

	umask(mask);
	assert_int_equal(stat(target + 6, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | (0770 & ~mask));
	assert_int_equal(listener_port(l), -1);
	must_open(target + 1, 0);
	connect_both();
	assert_string_equal(stream_name(client.s), target + 1);
	ASSERT_CONTAINS(stream_name(server.s), "unix#");
	converse(&server, &client);
	listener_close(l);
	assert_int_equal(access(target + 6, F_OK), -1);
	free(target);
}

/* 200 octets of folder do not fit into an address. */
static void unix_long_path(void **state)
{
	char *path, *target, *sub = xasprintf("%s/%0200d", dir, 1);
	struct listener *l;

	assert_int_equal(mkdir(sub, 0700), 0);
	path = xasprintf("%s/sock", sub);
	target = xasprintf("punix:%s", path);
	l = must_listen(target);
	assert_int_equal(access(path, F_OK), 0);
	must_open(target + 1, 0);
	connect_both();
	listener_close(l);
	assert_int_equal(access(path, F_OK), -1);
	rmdir(sub);
	free(sub);
	free(path);
	free(target);
}

static void unix_name_too_long(void **state)
{
	char *target = xasprintf("punix:%s/%0120d", dir, 1);
	struct listener *l;
	char *err = listener_open(loop, target, 0, 0, accept_server, NULL, &l);

	ASSERT_CONTAINS(err, "too long");
	free(err);
	must_open(target + 1, 0);
	assert_int_equal(stream_connect(client.s), -ENAMETOOLONG);
	free(target);
}

static void unix_stale(void **state)
{
	char *path = xasprintf("%s/stale", dir), *target = xasprintf("punix:%s", path), *err;
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct listener *l, *second;

	strcpy(sun.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	close(fd);
	assert_int_equal(access(path, F_OK), 0);
	l = must_listen(target); /* nobody listened there */

	err = listener_open(loop, target, 0, 0, accept_server, NULL, &second);
	ASSERT_CONTAINS(err, "another process listens");
	free(err);
	must_open(target + 1, 0); /* the first one is undisturbed */
	connect_both();

	/* A successor's socket survives our end. */
	unlink(path);
	second = must_listen(target);
	listener_close(l);
	assert_int_equal(access(path, F_OK), 0);
	listener_close(second);
	assert_int_equal(access(path, F_OK), -1);
	free(path);
	free(target);
}

static void unix_not_a_socket(void **state)
{
	char *path = xasprintf("%s/file", dir), *target = xasprintf("punix:%s", path), *err;
	struct listener *l;

	close(open(path, O_CREAT | O_WRONLY, 0600));
	err = listener_open(loop, target, 0, 0, accept_server, NULL, &l);
	ASSERT_CONTAINS(err, "not a socket");
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	free(err);
	free(path);
	free(target);
}

static void unix_nobody(void **state)
{
	char *target = xasprintf("unix:%s/nobody", dir);

	must_open(target, 0);
	TURN_UNTIL(loop, client.n_ready);
	assert_int_equal(stream_connect(client.s), -ENOENT);
	assert_int_equal(stream_recv(client.s, target, 1), -ENOENT);
	free(target);
}

/* The queue of the listener is full: connecting goes on once there is room. */
static void unix_full_queue(void **state)
{
	char *path = xasprintf("%s/full", dir), *target = xasprintf("unix:%s", path);
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), other = socket(AF_UNIX, SOCK_STREAM, 0);
	int a, b;

	strcpy(sun.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(connect(other, (struct sockaddr *)&sun, sizeof(sun)), 0);
	must_open(target, 0);
	assert_int_equal(stream_connect(client.s), -EAGAIN);
	for (int i = 0; i < 3; i++)
		loop_turn(loop, 5);
	assert_int_equal(stream_connect(client.s), -EAGAIN);
	a = accept(fd, NULL, NULL);
	TURN_UNTIL(loop, client.n_ready);
	assert_int_equal(stream_connect(client.s), 0);
	b = accept(fd, NULL, NULL);
	assert_true(b >= 0);
	close(a);
	close(b);
	close(fd);
	close(other);
	unlink(path);
	free(path);
	free(target);
}

static void tcp(const char *passive, const char *host, const char *peer)
{
	struct listener *l = must_listen(passive);
	char *target = xasprintf("tcp:%s:%d", host, listener_port(l));

	assert_true(listener_port(l) > 0);
	must_open(target, 0);
	connect_both();
	assert_string_equal(stream_name(client.s), target);
	ASSERT_CONTAINS(stream_name(server.s), peer);
	assert_null(stream_peer_id(server.s));
	converse(&client, &server);
	listener_close(l);
	free(target);
}

static void tcp4(void **state)
{
	tcp("ptcp:0:127.0.0.1", "127.0.0.1", "tcp:127.0.0.1:");
}

static void tcp6(void **state)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int err = fd < 0 || bind(fd, (struct sockaddr *)&sin6, sizeof(sin6));

	close(fd);
	if (err)
		skip();
	tcp("ptcp:0:[::1]", "[::1]", "tcp:[::1]:");
}

/* A name: from /etc/hosts, or known to the resolver itself. */
static void tcp_name(void **state)
{
	tcp("ptcp:0:127.0.0.1", "localhost", "tcp:127.0.0.1:");
}

static void tcp_refused(void **state)
{
	struct listener *l = must_listen("ptcp:0:127.0.0.1");
	char *target = xasprintf("tcp:127.0.0.1:%d", listener_port(l));

	listener_close(l);
	must_open(target, 0);
	TURN_UNTIL(loop, client.n_ready);
	assert_int_equal(stream_connect(client.s), -ECONNREFUSED);
	free(target);
}

/* The default of old is tried when the target names no port and the new default refuses. */
static void tcp_old_port(void **state)
{
	struct listener *l;
	char *err = listener_open(loop, "ptcp:6633:127.0.0.9", 0, 0, accept_server, NULL, &l);

	if (err) {
		free(err);
		skip();
	}
	must_open("tcp:127.0.0.9", 6653);
	connect_both();
	stream_close(client.s);
	client = (struct end){ NULL, 0 };
	must_open("tcp:127.0.0.9:6653", 6653);
	TURN_UNTIL(loop, client.n_ready);
	assert_int_equal(stream_connect(client.s), -ECONNREFUSED);
	stream_close(client.s);
	listener_close(l);

	client = (struct end){ NULL, 0 };
	must_open("tcp:127.0.0.9", 6653);
	TURN_UNTIL(loop, client.n_ready);
	assert_int_equal(stream_connect(client.s), -ECONNREFUSED);
	ASSERT_CONTAINS(stream_error(client.s), "6633");
}

static void tcp_no_such_name(void **state)
{
	/* RFC 6761 section 6.4: never resolves; without any name server it fails just the same. */
	must_open("tcp:no-such-host.invalid:1", 0);
	TURN_UNTIL(loop, client.n_ready);
	assert_int_equal(stream_connect(client.s), -EHOSTUNREACH);
	ASSERT_CONTAINS(stream_error(client.s), "cannot resolve \"no-such-host.invalid\"");
}

/* A query under way is given up, with its loop right behind. */
static void tcp_cancelled_name(void **state)
{
	must_open("tcp:no-such-host.invalid:1", 0);
	loop_turn(loop, 0);
	stream_close(client.s);
	client.s = NULL;
}

static void port_in_use(void **state)
{
	struct listener *l = must_listen("ptcp:0:127.0.0.1"), *second;
	char *target = xasprintf("ptcp:%d:127.0.0.1", listener_port(l));
	char *err = listener_open(loop, target, 0, 0, accept_server, NULL, &second);

	ASSERT_CONTAINS(err, "in use");
	free(err);
	free(target);
	listener_close(l);
}

/* The peer is gone while nothing is wanted of the stream: the loop must not spin. */
static void hangup_unwanted(void **state)
{
	struct stream *s[2];

	assert_int_equal(stream_pair(loop, s), 0);
	client.s = s[0];
	stream_set_ready(s[0], end_ready, &client);
	stream_want(s[0], EPOLLIN);
	stream_want(s[0], 0);
	stream_close(s[1]);
	for (int i = 0; i < 5; i++)
		loop_turn(loop, 1);
	assert_int_equal(client.n_ready, 0);
	stream_want(s[0], EPOLLIN);
	TURN_UNTIL(loop, client.n_ready);
}

static struct listener *closed_by_callback;

static void accept_and_close(struct stream *s, void *aux)
{
	stream_close(s);
	listener_close(closed_by_callback);
	closed_by_callback = NULL;
}

static void listener_closed_in_callback(void **state)
{
	char *target = xasprintf("punix:%s/cb", dir);
	struct stream *second;
	char *err;

	err = listener_open(loop, target, 0, 0, accept_and_close, NULL, &closed_by_callback);
	assert_null(err);
	must_open(target + 1, 0);
	err = stream_open(loop, target + 1, 0, 0, end_ready, &server, &second);
	assert_null(err);
	server.s = second;
	TURN_UNTIL(loop, !closed_by_callback);
	free(target);
}

static void no_tls_without_files(void **state)
{
	struct listener *l;
	char *err = stream_open(loop, "ssl:127.0.0.1:1", 0, 0, end_ready, &client, &client.s);

	ASSERT_CONTAINS(err, "--private-key is not set");
	free(err);
	err = listener_open(loop, "pssl:0:127.0.0.1", 0, 0, accept_server, NULL, &l);
	ASSERT_CONTAINS(err, "--private-key is not set");
	free(err);
	client.s = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_targets),
		cmocka_unit_test(port_is_needed),
		cmocka_unit_test_setup_teardown(pair, setup, teardown),
		cmocka_unit_test_setup_teardown(hangup_unwanted, setup, teardown),
		cmocka_unit_test_setup_teardown(listener_closed_in_callback, setup, teardown),
		cmocka_unit_test_setup_teardown(unix_sockets, setup, teardown),
		cmocka_unit_test_setup_teardown(unix_long_path, setup, teardown),
		cmocka_unit_test_setup_teardown(unix_name_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(unix_stale, setup, teardown),
		cmocka_unit_test_setup_teardown(unix_not_a_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(unix_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(unix_full_queue, setup, teardown),
		cmocka_unit_test_setup_teardown(tcp4, setup, teardown),
		cmocka_unit_test_setup_teardown(tcp6, setup, teardown),
		cmocka_unit_test_setup_teardown(tcp_name, setup, teardown),
		cmocka_unit_test_setup_teardown(tcp_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(tcp_old_port, setup, teardown),
		cmocka_unit_test_setup_teardown(tcp_no_such_name, setup, teardown),
		cmocka_unit_test_setup_teardown(tcp_cancelled_name, setup, teardown),
		cmocka_unit_test_setup_teardown(port_in_use, setup, teardown),
		cmocka_unit_test_setup_teardown(no_tls_without_files, setup, teardown),
	};
	int failed;

	if (!mkdtemp(dir))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	return failed;
}
