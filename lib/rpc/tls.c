// SPDX-License-Identifier: Apache-2.0
/* The settings of TLS, and the OpenSSL context made of them.
 *
 * One context serves both sides.  It is made when the first connection needs it, and anew when a
 * file has changed since (size, time, inode); connections that exist keep theirs. */
#include "rpc/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "rpc/tls_impl.h"

LOG_MODULE(stream_ssl);

enum file { KEY, CERTIFICATE, CA_CERT, PEER_CA_CERT, N_FILES };

static const char *const file_options[N_FILES] = {
	"-p/--private-key",
	"-c/--certificate",
	"-C/--ca-cert",
	"--peer-ca-cert",
};

struct stamp {
	bool exists;
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
};

static struct {
	char *files[N_FILES]; /* NULL: not given */
	bool bootstrap; /* the CA certificate */
	uint32_t protocols; /* bit 0: 1.2, bit 1: 1.3; 0: default */
	char *ciphers, *ciphersuites; /* NULL: OpenSSL's */
	char *server_name;

	bool changed; /* a setting, since 'ctx' was made */
	SSL_CTX *ctx; /* NULL: none yet */
	struct stamp stamps[N_FILES]; /* of the files when they were last tried */
} tls;

char *tls_error_text(void)
{
	unsigned long err = ERR_get_error();
	const char *reason = ERR_reason_error_string(err);
	char *text = reason ? xstrdup(reason) : xasprintf("error %#lx", err);

	ERR_clear_error();
	return text;
}

static bool is_none(const char *name)
{
	return name && streq(name, "none");
}

/* ---- the context ------------------------------------------------------ */

static int no_password(char *buf, int size, int rwflag, void *aux)
{
	return 0; /* instead of asking at the terminal */
}

static char *load_error(enum file file, const char *what)
{
	char *reason = tls_error_text();
	char *err = xasprintf("%s: %s: %s", tls.files[file], what, reason);

	free(reason);
	return err;
}

static char *load_key_and_certificate(SSL_CTX *ctx)
{
	SSL_CTX_set_default_passwd_cb(ctx, no_password);
	if (SSL_CTX_use_certificate_chain_file(ctx, tls.files[CERTIFICATE]) != 1)
		return load_error(CERTIFICATE, "cannot use the certificate");
	if (SSL_CTX_use_PrivateKey_file(ctx, tls.files[KEY], SSL_FILETYPE_PEM) == 1 &&
	    SSL_CTX_check_private_key(ctx) == 1)
		return NULL;
	if (ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH)
		return load_error(KEY, "the private key does not belong to the certificate");
	return load_error(KEY, "cannot use the private key");
}

/* Certificates sent to peers beside our own, so that they can bootstrap. */
static char *load_peer_ca(SSL_CTX *ctx)
{
	const char *name = tls.files[PEER_CA_CERT];
	unsigned int n = 0;
	X509 *cert;
	FILE *f;

	if (!name || is_none(name))
		return NULL;
	f = fopen(name, "re");
	if (!f)
		return xasprintf("%s: cannot open: %s", name, errno_str(errno));
	while ((cert = PEM_read_X509(f, NULL, no_password, NULL))) {
		if (SSL_CTX_add_extra_chain_cert(ctx, cert) != 1) {
			X509_free(cert);
			break;
		}
		n++;
	}
	ERR_clear_error();
	fclose(f);
	return n ? NULL : xasprintf("%s: holds no certificate", name);
}

static char *load_ca(SSL_CTX *ctx)
{
	const char *name = tls.files[CA_CERT];
	STACK_OF(X509_NAME) * names;

	if (is_none(name)) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
		return NULL;
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	if (tls_is_bootstrapping())
		return NULL;
	if (SSL_CTX_load_verify_locations(ctx, name, NULL) != 1)
		return load_error(CA_CERT, "cannot use the CA certificate");
	names = SSL_load_client_CA_file(name);
	if (!names)
		return load_error(CA_CERT, "cannot use the CA certificate");
	SSL_CTX_set_client_CA_list(ctx, names);
	return NULL;
}

static char *set_protocols(SSL_CTX *ctx)
{
	uint32_t p = tls.protocols;

	SSL_CTX_set_min_proto_version(ctx, p == 2 ? TLS1_3_VERSION : TLS1_2_VERSION);
	if (p == 1)
		SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	if (tls.ciphers && SSL_CTX_set_cipher_list(ctx, tls.ciphers) != 1) {
		ERR_clear_error();
		return xasprintf("\"%s\" is not a list of ciphers", tls.ciphers);
	}
	if (tls.ciphersuites && SSL_CTX_set_ciphersuites(ctx, tls.ciphersuites) != 1) {
		ERR_clear_error();
		return xasprintf("\"%s\" is not a list of cipher suites", tls.ciphersuites);
	}
	return NULL;
}

static char *make_context(SSL_CTX **ctxp)
{
	SSL_CTX *ctx;
	char *err;

	for (enum file f = KEY; f <= CA_CERT; f++) {
		if (!tls.files[f])
			return xasprintf("TLS needs a private key, a certificate and a CA "
					 "certificate: %s is not set",
					 file_options[f]);
	}
	ERR_clear_error();
	ctx = SSL_CTX_new(TLS_method());
	if (!ctx)
		return tls_error_text();
	SSL_CTX_set_options(ctx,
			    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
#ifdef SSL_OP_IGNORE_UNEXPECTED_EOF
	/* Messages end by themselves: a peer that just closes has cut nothing off. */
	SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
#endif
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	err = set_protocols(ctx);
	if (!err)
		err = load_key_and_certificate(ctx);
	if (!err)
		err = load_peer_ca(ctx);
	if (!err)
		err = load_ca(ctx);
	if (err) {
		SSL_CTX_free(ctx);
		return err;
	}
	*ctxp = ctx;
	return NULL;
}

static struct stamp stamp_of(const char *name)
{
	struct stamp stamp;
	struct stat st;

	memset(&stamp, 0, sizeof(stamp)); /* padding too: stamps are compared whole */
	if (name && !stat(name, &st)) {
		stamp.exists = true;
		stamp.dev = st.st_dev;
		stamp.ino = st.st_ino;
		stamp.size = st.st_size;
		stamp.mtime = st.st_mtim;
	}
	return stamp;
}

/* Whether a setting or a file is another one than when this was last asked. */
static bool has_changed(void)
{
	bool changed = tls.changed;

	for (enum file f = 0; f < N_FILES; f++) {
		struct stamp stamp = stamp_of(tls.files[f]);

		if (memcmp(&stamp, &tls.stamps[f], sizeof(stamp))) {
			tls.stamps[f] = stamp;
			changed = true;
		}
	}
	tls.changed = false;
	return changed;
}

char *tls_context(SSL_CTX **ctxp)
{
	bool changed = has_changed();
	SSL_CTX *new;
	char *err;

	if (changed || !tls.ctx) {
		err = make_context(&new);
		if (!err) {
			if (tls.ctx)
				log_info("TLS settings or files have changed: using the new ones");
			SSL_CTX_free(tls.ctx);
			tls.ctx = new;
		} else if (!tls.ctx) {
			return err;
		} else {
			log_warn("%s; new connections go on with the files read before", err);
			free(err);
		}
	}
	SSL_CTX_up_ref(tls.ctx);
	*ctxp = tls.ctx;
	return NULL;
}

/* ---- bootstrapping ---------------------------------------------------- */

bool tls_is_bootstrapping(void)
{
	return tls.bootstrap && tls.files[CA_CERT] && access(tls.files[CA_CERT], F_OK) &&
	       errno == ENOENT;
}

static char *save_certificate(X509 *cert, const char *name)
{
	int fd = open(name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444);
	bool ok;
	FILE *f;

	if (fd < 0)
		return errno == EEXIST ? NULL /* another process was first: that one counts */
				       : xasprintf("%s: cannot create: %s", name, errno_str(errno));
	f = fdopen(fd, "w");
	if (!f) {
		close(fd);
		unlink(name);
		return xasprintf("%s: cannot write: %s", name, errno_str(errno));
	}
	ok = PEM_write_X509(f, cert) == 1;
	if (fclose(f) || !ok) {
		unlink(name);
		return xasprintf("%s: cannot write: %s", name, errno_str(errno));
	}
	return NULL;
}

char *tls_bootstrap(SSL *ssl, const char *peer)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
	X509 *last = chain ? sk_X509_value(chain, sk_X509_num(chain) - 1) : NULL;
	char *err;

	if (!last || X509_check_issued(last, last) != X509_V_OK)
		return xstrdup("the peer does not send its CA certificate, so it cannot be "
			       "bootstrapped; give the peer --peer-ca-cert, or copy the file here");
	err = save_certificate(last, tls.files[CA_CERT]);
	if (!err)
		log_info("%s: saved the CA certificate of %s; from now on peers are verified "
			 "against it",
			 tls.files[CA_CERT], peer);
	return err;
}

const char *tls_server_name(void)
{
	return tls.server_name;
}

/* ---- settings --------------------------------------------------------- */

static void set_string(char **p, const char *value)
{
	if (*p && value && streq(*p, value))
		return;
	if (!*p && !value)
		return;
	free(*p);
	*p = xstrdup_nullable(value);
	tls.changed = true;
}

bool tls_is_configured(void)
{
	return tls.files[KEY] && tls.files[CERTIFICATE];
}

char *tls_set_files(const char *private_key, const char *certificate, const char *ca_cert,
		    bool bootstrap_ca_cert)
{
	SSL_CTX *ctx;
	char *err;

	set_string(&tls.files[KEY], private_key);
	set_string(&tls.files[CERTIFICATE], certificate);
	set_string(&tls.files[CA_CERT], ca_cert);
	tls.changed |= tls.bootstrap != bootstrap_ca_cert;
	tls.bootstrap = bootstrap_ca_cert;
	if (!private_key && !certificate && !ca_cert) {
		SSL_CTX_free(tls.ctx);
		tls.ctx = NULL;
		return NULL;
	}
	if (!tls.changed)
		return NULL;
	err = make_context(&ctx);
	if (!err)
		SSL_CTX_free(ctx);
	return err;
}

/* "TLSv1.2,TLSv1.3"; "TLSv1.2+" is that and later ones, "-TLSv1.2" takes one away. */
static char *parse_protocols(const char *text, uint32_t *maskp)
{
	static const char *const names[] = { "TLSv1.2", "TLSv1.3" };
	char *copy = xstrdup(text), *save = NULL, *word, *err = NULL;
	uint32_t mask = 0;

	for (word = strtok_r(copy, ", \t", &save); word; word = strtok_r(NULL, ", \t", &save)) {
		bool take_away = *word == '-', later = str_has_suffix(word, "+");
		const char *name = word + take_away;
		size_t i;

		if (later)
			word[strlen(word) - 1] = '\0';
		if (!strcasecmp(name, "TLSv1") || !strcasecmp(name, "TLSv1.1")) {
			if (later)
				mask = 3;
			else if (!take_away)
				log_warn("%s is not secure, and not supported any more", name);
			continue;
		}
		for (i = 0; i < ARRAY_SIZE(names) && strcasecmp(name, names[i]); i++)
			;
		if (i == ARRAY_SIZE(names)) {
			err = xasprintf("\"%s\" is not a TLS protocol (TLSv1.2, TLSv1.3)", name);
			break;
		}
		if (take_away)
			mask = (mask ? mask : 3) & ~(1u << i);
		else
			mask |= later ? 3u & ~((1u << i) - 1) : 1u << i;
	}
	if (!err && !mask)
		err = xasprintf("\"%s\" leaves no TLS protocol to use", text);
	free(copy);
	if (!err)
		*maskp = mask;
	return err;
}

char *tls_set_protocols(const char *protocols, const char *ciphers, const char *ciphersuites)
{
	uint32_t mask = 0;
	char *err = NULL;

	if (protocols)
		err = parse_protocols(protocols, &mask);
	if (err)
		return err;
	tls.changed |= mask != tls.protocols;
	tls.protocols = mask;
	set_string(&tls.ciphers, ciphers);
	set_string(&tls.ciphersuites, ciphersuites);
	return NULL;
}

/* ---- options ---------------------------------------------------------- */

static char *option_string(const struct option_row *row, const char *value)
{
	set_string(row->aux, value);
	return NULL;
}

static char *option_ca_cert(const struct option_row *row, const char *value)
{
	set_string(&tls.files[CA_CERT], value);
	tls.bootstrap = false;
	return NULL;
}

static char *option_bootstrap(const struct option_row *row, const char *value)
{
	set_string(&tls.files[CA_CERT], value);
	tls.bootstrap = true;
	return NULL;
}

static char *option_protocols(const struct option_row *row, const char *value)
{
	return parse_protocols(value, &tls.protocols);
}

static const struct option_row rows[] = {
	{ "private-key", 'p', OPT_REQUIRED, "FILE", "our private key", option_string,
	  &tls.files[KEY] },
	{ "certificate", 'c', OPT_REQUIRED, "FILE", "certificate for the private key",
	  option_string, &tls.files[CERTIFICATE] },
	{ "ca-cert", 'C', OPT_REQUIRED, "FILE", "CA certificate that verifies peers",
	  option_ca_cert },
	{ "bootstrap-ca-cert", 0, OPT_REQUIRED, "FILE",
	  "like --ca-cert, but taken from the first peer if FILE is missing", option_bootstrap },
	{ "peer-ca-cert", 0, OPT_REQUIRED, "FILE", "CA certificates to send to peers",
	  option_string, &tls.files[PEER_CA_CERT] },
	{ "ssl-protocols", 0, OPT_REQUIRED, "PROTOS", "TLS protocols to use (TLSv1.2,TLSv1.3)",
	  option_protocols },
	{ "ssl-ciphers", 0, OPT_REQUIRED, "CIPHERS", "ciphers of TLS 1.2, as OpenSSL names them",
	  option_string, &tls.ciphers },
	{ "ssl-ciphersuites", 0, OPT_REQUIRED, "SUITES",
	  "cipher suites of TLS 1.3, as OpenSSL names them", option_string, &tls.ciphersuites },
	{ "ssl-server-name", 0, OPT_REQUIRED, "NAME",
	  "server name to ask for (SNI) instead of the target's", option_string, &tls.server_name },
};
const struct option_group tls_option_group = OPTION_GROUP("TLS options", rows);
