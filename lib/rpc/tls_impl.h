/* SPDX-License-Identifier: Apache-2.0 */
/* What stream_tls.c takes from the settings. */
#ifndef RPC_TLS_IMPL_H
#define RPC_TLS_IMPL_H

#include <openssl/ssl.h>

#include "base/compiler.h"

/* A context of the files as they are now; the caller frees it with SSL_CTX_free().  NULL or a
 * sentence.  If files have changed and the new ones do not fit, the last good context is given, and
 * the log told. */
char *tls_context(SSL_CTX **) MUST_CHECK;
/* True if the CA certificate is to be taken from the first peer: it was asked for, and the file
 * does not exist. */
bool tls_is_bootstrapping(void);
/* Saves the peer's CA certificate.  NULL or a sentence. */
char *tls_bootstrap(SSL *, const char *peer) MUST_CHECK;
/* --ssl-server-name, or NULL. */
const char *tls_server_name(void);
/* The oldest error of this thread's OpenSSL queue in words, which is emptied; the caller frees. */
char *tls_error_text(void) MUST_CHECK;

#endif
