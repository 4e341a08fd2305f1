// SPDX-License-Identifier: Apache-2.0
/* TLS between two sessions of one process, with certificates made here.  The settings belong to the
 * process: both ends use the same key and certificate, unless a test changes files in between. */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "rpc/jsonrpc.h"
#include "rpc/tls.h"
#include "tests/unit/rpc/unit.h"

static char dir[] = "/tmp/test-tls.XXXXXX";
static struct loop *loop;

/* ---- certificates ----------------------------------------------------- */

struct identity {
	EVP_PKEY *key;
	X509 *cert;
};

static struct identity ca, other_ca, host, stranger, renewed;

/* 'issuer' NULL: signs itself, a CA. */
static struct identity make_identity(const char *name, const struct identity *issuer, long serial)
{
	struct identity id = { .key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256") };
	X509_NAME *subject;

	id.cert = X509_new();
	X509_set_version(id.cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(id.cert), serial);
	X509_gmtime_adj(X509_getm_notBefore(id.cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(id.cert), 3600);
	X509_set_pubkey(id.cert, id.key);
	subject = X509_get_subject_name(id.cert);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1,
				   -1, 0);
	X509_set_issuer_name(id.cert, issuer ? X509_get_subject_name(issuer->cert) : subject);
	if (!issuer) {
		X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
							  "critical,CA:TRUE");

		X509_add_ext(id.cert, ext, -1);
		X509_EXTENSION_free(ext);
	}
	assert_true(X509_sign(id.cert, issuer ? issuer->key : id.key, EVP_sha256()) > 0);
	return id;
}

static void identity_uninit(struct identity *id)
{
	EVP_PKEY_free(id->key);
	X509_free(id->cert);
}

static char *file(const char *name)
{
	static char paths[8][128];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void write_cert(const char *name, const struct identity *id)
{
	FILE *f;

	unlink(file(name));
	f = fopen(file(name), "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, id->cert), 1);
	fclose(f);
}

static void write_key(const char *name, const struct identity *id, const char *password)
{
	FILE *f;

	unlink(file(name));
	f = fopen(file(name), "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, id->key, password ? EVP_aes_128_cbc() : NULL, NULL,
					      0, NULL, (void *)(uintptr_t)password),
			 1);
	fclose(f);
}

/* ---- two sides -------------------------------------------------------- */

struct side {
	struct jsonrpc_session *session;
	unsigned int n_connected, n_received, n_disconnected;
	char *why, *peer_id;
	json_t *params; /* of the last message */
};

static struct side client, server;
static struct listener *listener;
static char *target;

static void connected(struct jsonrpc_session *s, void *side_)
{
	struct side *side = side_;

	side->n_connected++;
	free(side->peer_id);
	side->peer_id = xstrdup_nullable(jsonrpc_session_peer_id(s));
}

static void disconnected(struct jsonrpc_session *s, const char *why, void *side_)
{
	struct side *side = side_;

	side->n_disconnected++;
	free(side->why);
	side->why = xstrdup(why);
	side->session = NULL;
	jsonrpc_session_destroy(s);
}

static void received(struct jsonrpc_session *s, struct jsonrpc_msg *m, void *side_)
{
	struct side *side = side_;

	side->n_received++;
	json_decref(side->params);
	side->params = json_incref(m->params ? m->params : m->result);
	if (m->type == JSONRPC_REQUEST)
		jsonrpc_send_reply(s, json_incref(m->params), json_incref(m->id));
}

static const struct jsonrpc_session_ops ops = {
	.connected = connected,
	.disconnected = disconnected,
	.received = received,
};

static void side_clear(struct side *side)
{
	jsonrpc_session_destroy(side->session);
	free(side->why);
	free(side->peer_id);
	json_decref(side->params);
	memset(side, 0, sizeof(*side));
}

static void accepted(struct stream *s, void *aux)
{
	side_clear(&server);
	server.session = jsonrpc_session_accept(loop, s, &ops, &server);
}

static void use(const char *key, const char *cert, const char *ca_cert, bool bootstrap)
{
	char *err = tls_set_files(file(key), file(cert), ca_cert ? file(ca_cert) : "none",
				  bootstrap);

	if (err)
		fail_msg("%s", err);
}

static int setup(void **state)
{
	char *err;

	loop = loop_create();
	use("key.pem", "cert.pem", "ca.pem", false);
	err = listener_open(loop, "pssl:0:127.0.0.1", 0, 0, accepted, NULL, &listener);
	if (err)
		fail_msg("%s", err);
	target = xasprintf("ssl:127.0.0.1:%d", listener_port(listener));
	return 0;
}

static int teardown(void **state)
{
	char *err;

	side_clear(&client);
	side_clear(&server);
	listener_close(listener);
	loop_destroy(loop);
	free(target);
	/* What a test has changed. */
	write_key("key.pem", &host, NULL);
	write_cert("cert.pem", &host);
	write_cert("ca.pem", &ca);
	err = tls_set_protocols(NULL, NULL, NULL);
	assert_null(err);
	return 0;
}

static void open_client(void)
{
	char *err = jsonrpc_session_open(loop, target, 0, false, &ops, &client, &client.session);

	if (err)
		fail_msg("%s", err);
}

static void expect_connected(void)
{
	open_client();
	TURN_UNTIL(loop, (client.n_connected && server.n_connected) || client.n_disconnected);
	if (client.n_disconnected)
		fail_msg("%s", client.why);
}

/* ---- hostile or wrong peers ------------------------------------------- */

static void raw_ready(void *n)
{
	++*(unsigned int *)n;
}

/* Octets that are no TLS, among them what a plain client would say. */
static void garbage(void **state)
{
	static const char *const texts[] = {
		"{\"id\":0,\"method\":\"echo\",\"params\":[]}",
		"GET / HTTP/1.0\r\n\r\n",
		"\x80\x2e\x01\x7f\x02 what looks like a hello of SSL 2, and is as long",
		"\x16\x03\x01\xff\xff\x01",
		"\x16\x03\x01\x0f\xff\x01",
	};
	char *tcp = xasprintf("tcp:%s", target + strlen("ssl:"));

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct stream *raw;
		unsigned int n = 0;
		char buf[64];

		assert_null(stream_open(loop, tcp, 0, 0, raw_ready, &n, &raw));
		TURN_UNTIL(loop, !stream_connect(raw) && server.session);
		assert_true(stream_send(raw, texts[i], strlen(texts[i])) > 0);
		if (texts[i][3] == 0x0f) { /* the start of a record that never ends */
			for (int j = 0; j < 5; j++)
				loop_turn(loop, 1);
			assert_int_equal(server.n_disconnected, 0);
			stream_close(raw);
			TURN_UNTIL(loop, server.n_disconnected);
			ASSERT_CONTAINS(server.why, "within the TLS handshake");
			side_clear(&server);
			continue;
		}
		TURN_UNTIL(loop, server.n_disconnected);
		ASSERT_CONTAINS(server.why, "TLS: ");
		stream_want(raw, EPOLLIN);
		for (ssize_t r = 1; r;) { /* an alert perhaps, then the end */
			r = stream_recv(raw, buf, sizeof(buf));
			if (r == -EAGAIN)
				loop_turn(loop, 10);
			else if (r == -ECONNRESET)
				break;
			else
				assert_true(r >= 0);
		}
		stream_close(raw);
		side_clear(&server);
	}
	free(tcp);
}

/* Signed by somebody else: refused by whoever verifies, here both. */
static void stranger_refused(void **state)
{
	open_client();
	write_key("key.pem", &stranger, NULL); /* before the handshake: both are strangers now */
	write_cert("cert.pem", &stranger);
	TURN_UNTIL(loop, client.n_disconnected);
	ASSERT_CONTAINS(client.why, "TLS: certificate verify failed: ");
	assert_int_equal(client.n_connected, 0);
	TURN_UNTIL(loop, server.n_disconnected);
	assert_int_equal(server.n_connected, 0);
}

/* The server verifies, the client has nothing to show: OpenSSL's own client. */
static void no_certificate(void **state)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	char *tcp = xasprintf("tcp:%s", target + strlen("ssl:"));
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	SSL *ssl = SSL_new(ctx);
	struct stream *raw;
	unsigned int n = 0;
	char buf[4096];

	SSL_set_bio(ssl, in, out);
	SSL_set_connect_state(ssl);
	assert_null(stream_open(loop, tcp, 0, 0, raw_ready, &n, &raw));
	TURN_UNTIL(loop, !stream_connect(raw) && server.session);
	stream_want(raw, EPOLLIN);
	while (!server.n_disconnected) {
		ssize_t r;
		int len;

		SSL_do_handshake(ssl);
		while ((len = BIO_read(out, buf, sizeof(buf))) > 0)
			assert_int_equal(stream_send(raw, buf, (size_t)len), len);
		loop_turn(loop, 10);
		r = stream_recv(raw, buf, sizeof(buf));
		if (r > 0)
			BIO_write(in, buf, (int)r);
	}
	ASSERT_CONTAINS(server.why, "peer did not return a certificate");
	assert_int_equal(server.n_connected, 0);
	stream_close(raw);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	free(tcp);
}

/* A peer that never says anything does not stay for ever. */
static void silent(void **state)
{
	char *tcp = xasprintf("tcp:%s", target + strlen("ssl:"));
	struct stream *raw;
	unsigned int n = 0;

	clock_stop();
	assert_null(stream_open(loop, tcp, 0, 0, raw_ready, &n, &raw));
	TURN_UNTIL(loop, !stream_connect(raw) && server.session);
	clock_warp(RECONNECT_PASSIVE_TIMEOUT_MS);
	TURN_UNTIL(loop, server.n_disconnected);
	ASSERT_CONTAINS(server.why, "timed out");
	stream_close(raw);
	free(tcp);
}

/* ---- good peers ------------------------------------------------------- */

static void exchange(void **state)
{
	json_t *big = json_array();
	char *text = xmalloc(100001);

	expect_connected();
	assert_string_equal(client.peer_id, "host");
	assert_string_equal(server.peer_id, "host");
	jsonrpc_send_request(client.session, "m", json_pack("[s]", "hello"), json_integer(1));
	TURN_UNTIL(loop, client.n_received);
	assert_string_equal(json_string_value(json_array_get(client.params, 0)), "hello");

	/* Far more than the socket holds, in both directions, with small ones in between. */
	memset(text, 'x', 100000);
	text[100000] = '\0';
	for (int i = 0; i < 100; i++)
		json_array_append_new(big, json_string(text));
	free(text);
	for (int i = 0; i < 3; i++) {
		jsonrpc_send_request(client.session, "big", json_incref(big), json_integer(2));
		for (int j = 0; j < 100; j++)
			jsonrpc_send_request(client.session, "small", NULL, json_integer(j));
	}
	jsonrpc_send_request(client.session, "big", json_incref(big), json_integer(3));
	TURN_UNTIL(loop, client.n_received == 1 + 3 * 101 + 1);
	assert_true(json_equal(client.params, big));
	json_decref(big);
	assert_int_equal(client.n_disconnected + server.n_disconnected, 0);

	/* An orderly end. */
	jsonrpc_session_destroy(client.session);
	client.session = NULL;
	TURN_UNTIL(loop, server.n_disconnected);
	assert_string_equal(server.why, "connection closed by peer");
}

static void no_verification(void **state)
{
	use("key.pem", "cert.pem", NULL, false);
	expect_connected();
}

static void protocols(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} cases[] = {
		{ "SSLv3", "not a TLS protocol" },
		{ "TLSv1", "leaves no TLS protocol" },
		{ "TLSv1.1,TLSv1", "leaves no TLS protocol" },
		{ "-TLSv1.2 -TLSv1.3", "leaves no TLS protocol" },
		{ "", "leaves no TLS protocol" },
		{ "TLSv1.2", NULL },
		{ "TLSv1.3", NULL },
		{ "TLSv1.2,TLSv1.3", NULL },
		{ "TLSv1.2+", NULL },
		{ "TLSv1,TLSv1.2", NULL },
		{ "-TLSv1.2", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *err = tls_set_protocols(cases[i].text, NULL, NULL);

		if (cases[i].error) {
			ASSERT_CONTAINS(err, cases[i].error);
			free(err);
			continue;
		}
		if (err)
			fail_msg("%s", err);
		expect_connected();
		side_clear(&client);
		side_clear(&server);
	}
}

static void bad_ciphers(void **state)
{
	struct stream *s;
	char *err = tls_set_protocols(NULL, "NONESUCH", NULL);

	assert_null(err);
	/* The context of before serves on; the log tells. */
	expect_connected();
	side_clear(&client);
	/* With no context of before there is an error. */
	err = tls_set_files(NULL, NULL, NULL, false);
	assert_null(err);
	assert_false(tls_is_configured());
	err = tls_set_files(file("key.pem"), file("cert.pem"), file("ca.pem"), false);
	ASSERT_CONTAINS(err, "\"NONESUCH\" is not a list of ciphers");
	free(err);
	err = stream_open(loop, target, 0, 0, NULL, NULL, &s);
	ASSERT_CONTAINS(err, "is not a list of ciphers");
	free(err);
}

static void bad_files(void **state)
{
	static const struct {
		const char *key, *cert, *ca, *error;
	} cases[] = {
		{ "key.pem", "none.pem", "ca.pem", "none.pem: cannot use the certificate" },
		{ "none.pem", "cert.pem", "ca.pem", "none.pem: cannot use the private key" },
		{ "stranger-key.pem", "cert.pem", "ca.pem", "does not belong to the certificate" },
		{ "key.pem", "cert.pem", "none.pem", "none.pem: cannot use the CA certificate" },
		{ "key.pem", "cert.pem", "key.pem", "key.pem: cannot use the CA certificate" },
		{ "cert.pem", "cert.pem", "ca.pem", "cert.pem: cannot use the private key" },
		{ "locked-key.pem", "cert.pem", "ca.pem", "cannot use the private key" },
	};

	write_key("stranger-key.pem", &stranger, NULL);
	write_key("locked-key.pem", &host, "password");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *err = tls_set_files(file(cases[i].key), file(cases[i].cert),
					  file(cases[i].ca), false);

		ASSERT_CONTAINS(err, cases[i].error);
		free(err);
	}
}

/* New files are used by new connections; until they fit together, the old ones. */
static void files_change(void **state)
{
	expect_connected();
	side_clear(&client);
	write_cert("cert.pem", &renewed);
	expect_connected();
	assert_string_equal(client.peer_id, "host");
	side_clear(&client);
	write_key("key.pem", &renewed, NULL);
	expect_connected();
	assert_string_equal(client.peer_id, "renewed");
}

/* ---- bootstrapping: the server is another process --------------------- */

static void set_peer_ca_cert(const char *name)
{
	for (size_t i = 0; i < tls_option_group.n_rows; i++) {
		const struct option_row *row = &tls_option_group.rows[i];

		if (streq(row->name, "peer-ca-cert"))
			assert_null(row->set(row, name));
	}
}

struct server_files {
	const char *ca; /* NULL: none */
	const char *peer_ca; /* NULL: none */
	bool bootstrap;
};

/* Serves echoes until it is killed; writes its port into 'fd'. */
static void serve(const struct server_files *files, int fd)
{
	int port;

	alarm(60);
	use("key.pem", "cert.pem", files->ca, files->bootstrap);
	if (files->peer_ca)
		set_peer_ca_cert(file(files->peer_ca));
	free(listener_open(loop, "pssl:0:127.0.0.1", 0, 0, accepted, NULL, &listener));
	port = listener_port(listener);
	if (write(fd, &port, sizeof(port)) == sizeof(port))
		loop_run(loop);
	_exit(1);
}

static pid_t start_server(const struct server_files *files)
{
	int fds[2], port;
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (!child) {
		/* The epoll set of the parent is shared: a loop of its own. */
		loop = loop_create();
		listener = NULL;
		serve(files, fds[1]);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &port, sizeof(port)), sizeof(port));
	close(fds[0]);
	free(target);
	target = xasprintf("ssl:127.0.0.1:%d", port);
	return child;
}

static void stop_server(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void expect_saved(const struct identity *id)
{
	struct stat st;
	X509 *saved;
	FILE *f;

	assert_int_equal(stat(file("boot.pem"), &st), 0);
	assert_int_equal(st.st_mode & 0222, 0);
	f = fopen(file("boot.pem"), "r");
	saved = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	assert_non_null(saved);
	assert_int_equal(X509_cmp(saved, id->cert), 0);
	X509_free(saved);
}

static void expect_client_connected(void)
{
	open_client();
	TURN_UNTIL(loop, client.n_connected || client.n_disconnected);
	if (client.n_disconnected)
		fail_msg("%s", client.why);
	jsonrpc_send_request(client.session, "m", NULL, json_integer(1));
	TURN_UNTIL(loop, client.n_received || client.n_disconnected);
	assert_int_equal(client.n_received, 1);
	side_clear(&client);
}

static void bootstrap(void **state)
{
	static const struct server_files servers[] = {
		{ "ca.pem", NULL, false }, /* it verifies by that CA, and sends it */
		{ NULL, "ca.pem", false }, /* --peer-ca-cert */
	};

	for (size_t i = 0; i < ARRAY_SIZE(servers); i++) {
		pid_t child = start_server(&servers[i]);

		unlink(file("boot.pem"));
		use("key.pem", "cert.pem", "boot.pem", true);
		expect_client_connected();
		expect_saved(&ca);
		expect_client_connected();
		stop_server(child);
	}
	unlink(file("boot.pem"));
}

/* What was saved counts from then on. */
static void bootstrap_then_impostor(void **state)
{
	const struct server_files files = { "other.pem", NULL, false };
	pid_t child;

	write_cert("boot.pem", &ca);
	write_key("key.pem", &stranger, NULL);
	write_cert("cert.pem", &stranger);
	write_cert("other.pem", &other_ca);
	child = start_server(&files);
	use("key.pem", "cert.pem", "boot.pem", true);
	open_client();
	TURN_UNTIL(loop, client.n_disconnected);
	ASSERT_CONTAINS(client.why, "certificate verify failed");
	stop_server(child);
	unlink(file("boot.pem"));
}

static void bootstrap_without_ca(void **state)
{
	const struct server_files files = { NULL, NULL, false };
	pid_t child = start_server(&files);

	use("key.pem", "cert.pem", "boot.pem", true);
	open_client();
	TURN_UNTIL(loop, client.n_disconnected);
	ASSERT_CONTAINS(client.why, "does not send its CA certificate");
	assert_int_equal(access(file("boot.pem"), F_OK), -1);
	stop_server(child);
}

/* A server takes no CA from whoever connects. */
static void bootstrap_passive(void **state)
{
	const struct server_files files = { "server-boot.pem", NULL, true };
	pid_t child = start_server(&files);

	open_client();
	/* With TLS 1.3 the client is done before the server has looked at its certificate. */
	TURN_UNTIL(loop, client.n_disconnected);
	assert_int_equal(access(file("server-boot.pem"), F_OK), -1);
	stop_server(child);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(garbage),
		TEST(stranger_refused),
		TEST(no_certificate),
		TEST(exchange),
		TEST(no_verification),
		TEST(protocols),
		TEST(bad_files),
		TEST(bad_ciphers),
		TEST(files_change),
		TEST(bootstrap),
		TEST(bootstrap_then_impostor),
		TEST(bootstrap_without_ca),
		TEST(bootstrap_passive),
		TEST(silent), /* the last: it stops time */
	};
	static const char *const files[] = {
		"key.pem", "cert.pem", "ca.pem", "other.pem", "stranger-key.pem", "locked-key.pem",
	};
	int failed;

	if (!mkdtemp(dir))
		return 1;
	ca = make_identity("ca", NULL, 1);
	other_ca = make_identity("other ca", NULL, 2);
	host = make_identity("host", &ca, 3);
	stranger = make_identity("stranger", &other_ca, 4);
	renewed = make_identity("renewed", &ca, 5);
	write_key("key.pem", &host, NULL);
	write_cert("cert.pem", &host);
	write_cert("ca.pem", &ca);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	identity_uninit(&ca);
	identity_uninit(&other_ca);
	identity_uninit(&host);
	identity_uninit(&stranger);
	identity_uninit(&renewed);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		unlink(file(files[i]));
	rmdir(dir);
	return failed;
}
