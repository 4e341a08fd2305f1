/* SPDX-License-Identifier: Apache-2.0 */
/* TLS settings of the process (OpenSSL): -p/--private-key -c/--certificate -C/--ca-cert
 * --bootstrap-ca-cert --peer-ca-cert --ssl-protocols --ssl-ciphers --ssl-ciphersuites
 * --ssl-server-name.  TLS 1.2 and later.  Files are read again when they change. */
#ifndef RPC_TLS_H
#define RPC_TLS_H

#include "base/options.h"

extern const struct option_group tls_option_group;

/* Sets files at run time (the SSL table); NULL leaves that one unset.  NULL or a sentence. */
char *tls_set_files(const char *private_key, const char *certificate, const char *ca_cert,
		    bool bootstrap_ca_cert);
char *tls_set_protocols(const char *protocols, const char *ciphers, const char *ciphersuites);
/* True if a key and a certificate are set, so that ssl: and pssl: can be opened. */
bool tls_is_configured(void);

#endif
