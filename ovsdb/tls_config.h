/* SPDX-License-Identifier: Apache-2.0 */
/* The server's TLS files: --private-key, --certificate, --ca-cert, --bootstrap-ca-cert, each a file
 * or a place in a database ("db:DB,TABLE,COLUMN"), which is read again when the database
 * changes. */
#ifndef OVSDB_TLS_CONFIG_H
#define OVSDB_TLS_CONFIG_H

#include "base/options.h"
#include "ovsdb/server.h"

/* Comes before tls_option_group, whose rows of these names it hides. */
extern const struct option_group tls_config_option_group;

struct tls_config;
/* Reads the settings; afterwards it follows the databases.  NULL or a sentence. */
char *tls_config_create(struct server *, struct tls_config **) MUST_CHECK;
void tls_config_destroy(struct tls_config *);

#endif
