// SPDX-License-Identifier: Apache-2.0
#include "rpc/unix_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"

static int set_path(struct unix_path *up, const char *path)
{
	size_t n = strlen(path);

	if (n >= sizeof(up->sun.sun_path))
		return -ENAMETOOLONG;
	memcpy(up->sun.sun_path, path, n + 1);
	up->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	return 0;
}

int unix_path_init(struct unix_path *up, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir, *proc;
	int err;

	memset(up, 0, sizeof(*up));
	up->sun.sun_family = AF_UNIX;
	up->dir_fd = -1;
	if (!*path)
		return -ENOENT;
	if (!set_path(up, path))
		return 0;
	if (!slash || strlen(path) >= 4096)
		return -ENAMETOOLONG;

	dir = xstrndup(path, (size_t)(slash - path) + 1);
	up->dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	err = up->dir_fd < 0 ? -errno : 0;
	free(dir);
	if (err)
		return err;
	proc = xasprintf("/proc/self/fd/%d/%s", up->dir_fd, slash + 1);
	err = set_path(up, proc);
	free(proc);
	if (err)
		unix_path_uninit(up);
	return err;
}

void unix_path_uninit(struct unix_path *up)
{
	if (up->dir_fd >= 0)
		close(up->dir_fd);
	up->dir_fd = -1;
}
