/* SPDX-License-Identifier: Apache-2.0 */
/* The pid file of a daemon: made, locked, and removed at the end.  For base/daemon.c;
 * pidfile_read() is in base/daemon.h. */
#ifndef BASE_PIDFILE_H
#define BASE_PIDFILE_H

#include "base/compiler.h"

/* NULL, or a sentence if a live process other than this one holds 'path'. */
char *pidfile_check(const char *path) MUST_CHECK;
/* Makes 'path' this process' pid file, in place of one that nobody holds, or with 'overwrite' of
 * any.  NULL or a sentence. */
char *pidfile_create(const char *path, bool overwrite) MUST_CHECK;

#endif
