/* SPDX-License-Identifier: Apache-2.0 */
/* Becoming another user with few capabilities (--user).  For base/daemon.c. */
#ifndef BASE_PRIVILEGES_H
#define BASE_PRIVILEGES_H

#include "base/compiler.h"

struct identity {
	unsigned int uid, gid;
	bool own_group; /* a group was named: the user's other groups are not taken */
};

/* Parses "USER", "USER:GROUP" or ":GROUP", names or numbers, into '*id'.  NULL or a sentence. */
char *identity_parse(const char *spec, struct identity *id) MUST_CHECK;
/* Becomes 'id', keeping the capabilities in 'caps_kept' (CAP_*, ended by -1; NULL: none), for good.
 * Nothing happens if the process is that user already.  NULL or a sentence; the process should end
 * then.  Before any thread is started. */
char *identity_become(const struct identity *id, const int *caps_kept) MUST_CHECK;

#endif
