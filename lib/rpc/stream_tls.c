// SPDX-License-Identifier: Apache-2.0
/* ssl:HOST[:PORT] and pssl:[PORT][:IP]: a TCP connection, then a handshake, then records.
 *
 * OpenSSL may need to read in order to write, and the other way round.  So the stream remembers for
 * each direction what the descriptor must become ready for, and asks the loop for what follows from
 * that and the caller's wish.  Octets that OpenSSL has decrypted already do not make the descriptor
 * ready: 'report' stands in for it.
 *
 * When the CA certificate is bootstrapped, the first connection only fetches it: the stream closes
 * it and connects once more, verifying this time. */
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "rpc/inet_connect.h"
#include "rpc/stream_inet.h"
#include "rpc/tls.h"
#include "rpc/tls_impl.h"

#define RECORD_SIZE 16384 /* RFC 8446 section 5.1 */

struct tls_stream {
	struct stream s;
	bool accepted;
	struct inet_target target; /* of a connecting one */
	uint8_t dscp;
	struct inet_connect *connect; /* until the TCP connection is there */
	bool bootstrap; /* this connection only fetches the CA certificate */
	SSL *ssl; /* NULL: no TCP connection yet */
	bool broken; /* OpenSSL said that nothing more can be done with it */
	uint32_t rx_wants, tx_wants; /* EPOLLIN or EPOLLOUT; in a handshake, the former counts */
};

static struct tls_stream *cast(struct stream *s)
{
	return CONTAINER_OF(s, struct tls_stream, s);
}

/* ---- octets of the socket --------------------------------------------- */

/* OpenSSL's own socket BIO raises SIGPIPE. */
static int bio_write(BIO *bio, const char *p, int n)
{
	struct tls_stream *t = BIO_get_data(bio);
	ssize_t sent = send(t->s.fd, p, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);

	BIO_clear_retry_flags(bio);
	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_write(bio);
	return (int)sent;
}

static int bio_read(BIO *bio, char *p, int n)
{
	struct tls_stream *t = BIO_get_data(bio);
	ssize_t got = recv(t->s.fd, p, (size_t)n, MSG_DONTWAIT);

	BIO_clear_retry_flags(bio);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_read(bio);
	if (!got)
		BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
	return (int)got;
}

static long bio_ctrl(BIO *bio, int cmd, long n, void *p)
{
	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_EOF:
		return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
	default:
		return 0;
	}
}

static BIO *bio_create(struct tls_stream *t)
{
	static BIO_METHOD *method;
	BIO *bio;

	if (!method) {
		method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
		if (!method)
			return NULL;
		BIO_meth_set_write(method, bio_write);
		BIO_meth_set_read(method, bio_read);
		BIO_meth_set_ctrl(method, bio_ctrl);
	}
	bio = BIO_new(method);
	if (bio) {
		BIO_set_data(bio, t);
		BIO_set_init(bio, 1);
	}
	return bio;
}

/* ---- what the descriptor must become ready for ------------------------ */

static void tls_watch_ready(struct watch *, uint32_t revents);

static void update(struct stream *s)
{
	struct tls_stream *t = cast(s);
	uint32_t events;
	int err;

	if (s->state == -EAGAIN)
		events = t->rx_wants;
	else
		events = (s->want & EPOLLIN ? t->rx_wants : 0u) |
			 (s->want & EPOLLOUT ? t->tx_wants : 0u);
	if (s->watch.loop) {
		watch_set_events(&s->watch, events);
	} else if (s->fd >= 0) {
		err = watch_add(s->loop, &s->watch, s->fd, events, tls_watch_ready);
		if (err) {
			stream_fail(s, err, NULL);
			stream_report_later(s);
			return;
		}
	}
	if (!s->state && s->want & EPOLLIN && SSL_pending(t->ssl))
		stream_report_later(s);
}

/* What an SSL_*() that returned 'r' means: -EAGAIN ('*wants' says for what to wait), 0 end of
 * stream, or -errno with the stream failed. */
static int judge(struct tls_stream *t, int r, uint32_t *wants)
{
	int saved_errno = errno;
	long verified;
	char *reason;

	switch (SSL_get_error(t->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		*wants = EPOLLIN;
		return -EAGAIN;
	case SSL_ERROR_WANT_WRITE:
		*wants = EPOLLOUT;
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		t->broken = true;
		ERR_clear_error();
		if (!saved_errno || BIO_test_flags(SSL_get_rbio(t->ssl), BIO_FLAGS_IN_EOF))
			return 0;
		stream_fail(&t->s, -saved_errno, NULL);
		return -saved_errno;
	default:
		t->broken = true;
		reason = tls_error_text();
		verified = SSL_get_verify_result(t->ssl);
		if (!t->bootstrap && verified != X509_V_OK)
			stream_fail(&t->s, -EPROTO,
				    xasprintf("TLS: %s: %s", reason,
					      X509_verify_cert_error_string(verified)));
		else
			stream_fail(&t->s, -EPROTO, xasprintf("TLS: %s", reason));
		free(reason);
		return -EPROTO;
	}
}

/* ---- handshake -------------------------------------------------------- */

static char *common_name(SSL *ssl)
{
	X509 *cert = SSL_get_peer_certificate(ssl);
	char name[256];
	int n = -1;

	if (cert) {
		n = X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name,
					      sizeof(name));
		X509_free(cert);
	}
	return n > 0 ? xstrdup(name) : NULL;
}

static void drop_tcp(struct tls_stream *t)
{
	watch_del(&t->s.watch);
	if (t->ssl && !t->s.state && !t->broken) {
		ERR_clear_error();
		SSL_shutdown(t->ssl); /* says good-bye if there is room for it */
	}
	SSL_free(t->ssl);
	ERR_clear_error();
	t->ssl = NULL;
	if (t->s.fd >= 0)
		close(t->s.fd);
	t->s.fd = -1;
}

static void begin_tcp(struct tls_stream *t);

/* The handshake is over. */
static void shaken(struct tls_stream *t)
{
	char *err;

	if (t->bootstrap) {
		err = tls_bootstrap(t->ssl, t->s.name);
		drop_tcp(t);
		if (err)
			stream_fail(&t->s, -EPROTO, err);
		else
			begin_tcp(t);
		return;
	}
	t->s.peer_id = common_name(t->ssl);
	t->s.state = 0;
	t->rx_wants = EPOLLIN;
	t->tx_wants = EPOLLOUT;
	update(&t->s);
}

static void handshake(struct tls_stream *t)
{
	int r;

	ERR_clear_error();
	errno = 0;
	r = SSL_do_handshake(t->ssl);
	if (r == 1) {
		shaken(t);
		return;
	}
	r = judge(t, r, &t->rx_wants);
	if (r == -EAGAIN)
		update(&t->s);
	else if (!r)
		stream_fail(&t->s, -ECONNRESET,
			    xstrdup("connection closed by peer within the TLS handshake"));
}

static void tls_watch_ready(struct watch *w, uint32_t revents)
{
	struct tls_stream *t = CONTAINER_OF(w, struct tls_stream, s.watch);

	if (t->s.state == -EAGAIN) {
		handshake(t);
		if (t->s.state == -EAGAIN)
			return;
	}
	stream_report(&t->s);
}

/* Makes the session on the TCP connection 's.fd'.  NULL or a sentence. */
static char *begin_tls(struct tls_stream *t)
{
	SSL_CTX *ctx;
	BIO *bio;
	char *err;

	/* A server that took its CA from whoever calls first would trust anybody. */
	t->bootstrap = !t->accepted && tls_is_bootstrapping();
	err = tls_context(&ctx);
	if (err)
		return err;
	t->ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	bio = t->ssl ? bio_create(t) : NULL;
	if (!bio)
		return tls_error_text();
	SSL_set_bio(t->ssl, bio, bio);
	if (t->accepted) {
		SSL_set_accept_state(t->ssl);
	} else {
		struct sockaddr_storage ss;
		const char *name = tls_server_name();

		SSL_set_connect_state(t->ssl);
		if (!name && !inet_address_parse(t->target.host, &ss))
			name = t->target.host;
		if (name)
			SSL_set_tlsext_host_name(t->ssl, name);
	}
	if (t->bootstrap)
		SSL_set_verify(t->ssl, SSL_VERIFY_NONE, NULL);
	t->rx_wants = t->accepted ? EPOLLIN : EPOLLOUT;
	update(&t->s);
	return NULL;
}

/* ---- connecting ------------------------------------------------------- */

static void tcp_connected(void *aux, int fd, char *why)
{
	struct tls_stream *t = aux;

	t->connect = NULL;
	if (fd < 0) {
		stream_fail(&t->s, fd, why);
	} else {
		t->s.fd = fd;
		why = begin_tls(t);
		if (why)
			stream_fail(&t->s, -EPROTO, why);
	}
	if (t->s.state != -EAGAIN)
		stream_report(&t->s);
}

static void begin_tcp(struct tls_stream *t)
{
	struct inet_target target = t->target;

	target.host = xstrdup(target.host);
	t->connect = inet_connect_start(t->s.loop, t->s.name, &target, t->dscp, tcp_connected, t);
}

static struct tls_stream *create(struct loop *loop, char *name, int fd)
{
	struct tls_stream *t = xzalloc(sizeof(*t));

	stream_init(&t->s, &stream_kind_tls, loop, name, fd, -EAGAIN);
	return t;
}

static char *open_tls(const struct stream_kind *kind, struct loop *loop, const char *name,
		      const char *arg, uint16_t default_port, uint8_t dscp, struct stream **sp)
{
	struct inet_target target;
	struct tls_stream *t;
	SSL_CTX *ctx;
	char *why, *err;

	err = inet_target_parse(kind->active, arg, default_port, &target);
	if (err)
		return err;
	why = tls_context(&ctx);
	if (why) {
		err = xasprintf("%s: %s", name, why);
		free(why);
		inet_target_uninit(&target);
		return err;
	}
	SSL_CTX_free(ctx);
	t = create(loop, xstrdup(name), -1);
	t->target = target;
	t->dscp = dscp;
	begin_tcp(t);
	*sp = &t->s;
	return NULL;
}

static void uninit(struct stream *s)
{
	struct tls_stream *t = cast(s);

	inet_connect_cancel(t->connect);
	drop_tcp(t);
	inet_target_uninit(&t->target);
}

/* ---- octets of the caller --------------------------------------------- */

static ssize_t tls_recv(struct stream *s, void *p, size_t n)
{
	struct tls_stream *t = cast(s);
	int r;

	ERR_clear_error();
	errno = 0;
	r = SSL_read(t->ssl, p, (int)MIN(n, (size_t)INT32_MAX));
	if (r > 0) {
		t->rx_wants = EPOLLIN;
	} else {
		r = judge(t, r, &t->rx_wants);
		if (r != -EAGAIN)
			return r;
	}
	update(s);
	return r;
}

static ssize_t send_one(struct tls_stream *t, const void *p, size_t n)
{
	int r;

	ERR_clear_error();
	errno = 0;
	r = SSL_write(t->ssl, p, (int)MIN(n, (size_t)INT32_MAX));
	if (r > 0) {
		t->tx_wants = EPOLLOUT;
	} else {
		r = judge(t, r, &t->tx_wants);
		if (!r)
			r = -EPIPE;
		if (r != -EAGAIN)
			return r;
	}
	update(&t->s);
	return r;
}

/* Short pieces share a record. */
static ssize_t tls_sendv(struct stream *s, const struct iovec *iov, int n)
{
	char record[RECORD_SIZE];
	size_t len = 0;

	if (n == 1 || iov[0].iov_len >= sizeof(record))
		return send_one(cast(s), iov[0].iov_base, iov[0].iov_len);
	for (int i = 0; i < n && len < sizeof(record); i++) {
		size_t part = MIN(iov[i].iov_len, sizeof(record) - len);

		memcpy(record + len, iov[i].iov_base, part);
		len += part;
	}
	return send_one(cast(s), record, len);
}

/* ---- listening -------------------------------------------------------- */

static char *listen_tls(const struct stream_kind *kind, struct listener *l, const char *arg,
			uint16_t default_port, uint8_t dscp)
{
	SSL_CTX *ctx;
	char *why, *err;

	why = tls_context(&ctx);
	if (why) {
		err = xasprintf("%s: %s", l->name, why);
		free(why);
		return err;
	}
	SSL_CTX_free(ctx);
	return stream_inet_listen(kind, l, arg, default_port, dscp);
}

static struct stream *accepted(struct listener *l, int fd, const struct sockaddr_storage *peer,
			       char **why)
{
	struct tls_stream *t = create(l->loop, stream_inet_peer_name("ssl", peer), fd);

	t->accepted = true;
	stream_inet_accepted(l, fd);
	*why = begin_tls(t);
	if (*why) {
		t->s.fd = -1; /* remains the listener's */
		stream_close(&t->s);
		return NULL;
	}
	return &t->s;
}

const struct stream_kind stream_kind_tls = {
	.active = "ssl",
	.passive = "pssl",
	.check_active = stream_inet_check_active,
	.check_passive = stream_inet_check_passive,
	.open = open_tls,
	.uninit = uninit,
	.recv = tls_recv,
	.sendv = tls_sendv,
	.update = update,
	.listen = listen_tls,
	.accepted = accepted,
};
