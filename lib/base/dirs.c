// SPDX-License-Identifier: Apache-2.0
#include "base/dirs.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/util.h"

static struct {
	char *run, *log, *db, *sysconf, *pkgdata, *bin;
} dirs;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* An empty variable counts as unset, so that "OVS_RUNDIR= program" does not name "/". */
static char *from_env(const char *name, const char *fallback)
{
	const char *v = getenv(name);

	return xstrdup(v && *v ? v : fallback);
}

static void read_env(void)
{
	const char *sysconf = getenv("OVS_SYSCONFDIR");

	dirs.run = from_env("OVS_RUNDIR", RUNDIR);
	dirs.log = from_env("OVS_LOGDIR", LOGDIR);
	dirs.sysconf = from_env("OVS_SYSCONFDIR", SYSCONFDIR);
	dirs.pkgdata = from_env("OVS_PKGDATADIR", PKGDATADIR);
	dirs.bin = from_env("OVS_BINDIR", BINDIR);
	if (sysconf && *sysconf) {
		char *db = xasprintf("%s/openvswitch", sysconf);

		dirs.db = from_env("OVS_DBDIR", db);
		free(db);
	} else {
		dirs.db = from_env("OVS_DBDIR", DBDIR);
	}
}

const char *dir_run(void)
{
	pthread_once(&once, read_env);
	return dirs.run;
}

const char *dir_log(void)
{
	pthread_once(&once, read_env);
	return dirs.log;
}

const char *dir_db(void)
{
	pthread_once(&once, read_env);
	return dirs.db;
}

const char *dir_sysconf(void)
{
	pthread_once(&once, read_env);
	return dirs.sysconf;
}

const char *dir_pkgdata(void)
{
	pthread_once(&once, read_env);
	return dirs.pkgdata;
}

const char *dir_bin(void)
{
	pthread_once(&once, read_env);
	return dirs.bin;
}

char *path_in(const char *dir, const char *name)
{
	return name[0] == '/' ? xstrdup(name) : xasprintf("%s/%s", dir, name);
}
