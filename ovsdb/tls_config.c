// SPDX-License-Identifier: Apache-2.0
#include "ovsdb/tls_config.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "ovsdb/db_ref.h"
#include "rpc/tls.h"

LOG_MODULE(ovsdb_tls);

enum { PRIVATE_KEY, CERTIFICATE, CA_CERT, N_FILES };

static char *specs[N_FILES]; /* of the command line */
static bool bootstrap;

static char *set_file(const struct option_row *row, const char *value)
{
	char **spec = row->aux;

	free(*spec);
	*spec = xstrdup(value);
	return NULL;
}

static char *set_bootstrap(const struct option_row *row, const char *value)
{
	bootstrap = true;
	return set_file(row, value);
}

static const struct option_row rows[] = {
	{ "private-key", 'p', OPT_REQUIRED, "FILE|db:...", "file with the private key", set_file,
	  &specs[PRIVATE_KEY] },
	{ "certificate", 'c', OPT_REQUIRED, "FILE|db:...", "file with the certificate for it",
	  set_file, &specs[CERTIFICATE] },
	{ "ca-cert", 'C', OPT_REQUIRED, "FILE|db:...",
	  "file with the certificate of the peers' authority", set_file, &specs[CA_CERT] },
	{ "bootstrap-ca-cert", 0, OPT_REQUIRED, "FILE|db:...",
	  "the same; if absent, what the first peer presents is kept there", set_bootstrap,
	  &specs[CA_CERT] },
};
const struct option_group tls_config_option_group =
	OPTION_GROUP("TLS options, each a file or a place in a database", rows);

struct tls_config {
	struct server *server;
	struct server_listener listener;
	char *current[N_FILES];
};

static const char *resolve(const struct server *server, const char *spec, char **err)
{
	struct db_ref ref;

	if (!db_ref_is(spec))
		return spec;
	if (!*err)
		*err = db_ref_parse(server, spec, &ref);
	return *err ? NULL : db_ref_string(&ref);
}

static bool same(const char *a, const char *b)
{
	return a && b ? streq(a, b) : a == b;
}

static char *apply(struct tls_config *c)
{
	const char *files[N_FILES];
	bool changed = false;
	char *err = NULL;

	for (int i = 0; i < N_FILES; i++) {
		files[i] = resolve(c->server, specs[i], &err);
		changed |= !same(files[i], c->current[i]);
	}
	if (err || !changed)
		return err;
	for (int i = 0; i < N_FILES; i++) {
		free(c->current[i]);
		c->current[i] = xstrdup_nullable(files[i]);
	}
	return tls_set_files(files[PRIVATE_KEY], files[CERTIFICATE], files[CA_CERT], bootstrap);
}

static void database_changed(struct server_listener *l, struct service *service)
{
	char *err = apply(CONTAINER_OF(l, struct tls_config, listener));

	if (err)
		log_warn("%s", err);
	free(err);
}

char *tls_config_create(struct server *server, struct tls_config **cp)
{
	struct tls_config *c = xzalloc(sizeof(*c));
	char *err;

	c->server = server;
	err = apply(c);
	c->listener.added = c->listener.changed = database_changed;
	server_listener_add(server, &c->listener);
	if (err) {
		tls_config_destroy(c);
		return err;
	}
	*cp = c;
	return NULL;
}

void tls_config_destroy(struct tls_config *c)
{
	if (!c)
		return;
	server_listener_del(&c->listener);
	for (int i = 0; i < N_FILES; i++) {
		free(c->current[i]);
		free(specs[i]);
		specs[i] = NULL;
	}
	free(c);
}
