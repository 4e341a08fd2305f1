/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of unix sockets.  A path too long for sun_path is reached through a descriptor of its
 * folder ("/proc/self/fd/N/NAME"), so that only the last component is limited. */
#ifndef RPC_UNIX_PATH_H
#define RPC_UNIX_PATH_H

#include <sys/socket.h>
#include <sys/un.h>

#include "base/compiler.h"

/* 'dir_fd' must stay open while the address is used; -1 if none is needed. */
struct unix_path {
	struct sockaddr_un sun;
	socklen_t len;
	int dir_fd;
};

/* 0, -ENAMETOOLONG, or what opening the folder says. */
int unix_path_init(struct unix_path *, const char *path);
void unix_path_uninit(struct unix_path *);

#endif
