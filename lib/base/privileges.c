// SPDX-License-Identifier: Apache-2.0
#include "base/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"

static bool parse_id(const char *s, unsigned int *id)
{
	return str_to_uint(s, 10, id) && *id != UINT32_MAX;
}

static char *parse_user(const char *name, struct identity *id)
{
	struct passwd *pw;

	if (!*name) {
		id->uid = getuid();
		id->gid = getgid();
		return NULL;
	}
	errno = 0;
	pw = getpwnam(name);
	if (!pw && parse_id(name, &id->uid))
		pw = getpwuid(id->uid);
	if (!pw)
		return xasprintf("--user: there is no user \"%s\"", name);
	id->uid = pw->pw_uid;
	id->gid = pw->pw_gid;
	return NULL;
}

char *identity_parse(const char *spec, struct identity *id)
{
	char *user = xstrdup(spec), *colon = strchr(user, ':');
	char *err;

	if (colon)
		*colon = '\0';
	id->own_group = colon && colon[1];
	err = parse_user(user, id);
	if (!err && id->own_group) {
		struct group *gr = getgrnam(colon + 1);

		if (gr)
			id->gid = gr->gr_gid;
		else if (!parse_id(colon + 1, &id->gid))
			err = xasprintf("--user: there is no group \"%s\"", colon + 1);
	}
	free(user);
	return err;
}

char *identity_become(const struct identity *id, const int *caps_kept)
{
	capng_flags_t flags = id->own_group ? CAPNG_DROP_SUPP_GRP : CAPNG_INIT_SUPP_GRP;
	int rc;

	if (geteuid()) {
		if (geteuid() == id->uid && getegid() == id->gid)
			return NULL;
		return xstrdup("--user: only root may become another user");
	}
	/* What root opened already must stay usable: reopening is the new user's. */
	if (log_file_fd() >= 0 && fchown(log_file_fd(), id->uid, id->gid))
		return xasprintf("--user: cannot give away the log file: %s", errno_str(errno));

	capng_clear(CAPNG_SELECT_BOTH);
	for (; caps_kept && *caps_kept >= 0; caps_kept++) {
		if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
				 (unsigned int)*caps_kept))
			return xasprintf("--user: there is no capability %d", *caps_kept);
	}
	rc = capng_change_id((int)id->uid, (int)id->gid, flags | CAPNG_CLEAR_BOUNDING);
	if (rc)
		return xasprintf(
			"--user: cannot become user %u, group %u with the capabilities that "
			"are needed (error %d): %s",
			id->uid, id->gid, rc, errno_str(errno));
	/* Changing the user turned core dumps off. */
	prctl(PR_SET_DUMPABLE, 1);
	return NULL;
}
