// SPDX-License-Identifier: Apache-2.0
/* A pid file is alive while its process holds an fcntl() lock on it: a file that a crash left
 * behind is seen for what it is, whoever has the pid meanwhile.  Such locks end when the process
 * closes any descriptor of the file, so our own is never opened again. */
#include "base/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/daemon.h"
#include "base/util.h"

#define TRIES_MAX 10

static struct {
	int fd; /* -1: none */
	pid_t pid; /* of the process that took it: forks have the descriptor, not the lock */
	dev_t dev;
	ino_t ino;
} own = { .fd = -1 };

static struct flock whole_file(short type)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET };
}

/* The pid of who has 'fd' locked, 0 if nobody has, or -errno. */
static int lock_owner(int fd)
{
	struct flock lock = whole_file(F_WRLCK);

	if (fcntl(fd, F_GETLK, &lock) < 0)
		return -errno;
	return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

int pidfile_read(const char *path)
{
	struct stat st;
	int fd, pid;

	if (stat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (own.fd >= 0 && own.pid == getpid() && st.st_dev == own.dev && st.st_ino == own.ino)
		return getpid();
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	pid = lock_owner(fd);
	close(fd);
	return pid;
}

static char *running(const char *path, int pid)
{
	return xasprintf("%s: already running as pid %d, aborting (stop it first, or give another "
			 "--pidfile)",
			 path, pid);
}

char *pidfile_check(const char *path)
{
	int pid = pidfile_read(path);

	return pid > 0 && pid != getpid() ? running(path, pid) : NULL;
}

static char *failed(const char *path, const char *what)
{
	return xasprintf("%s: cannot %s pid file: %s", path, what, errno_str(errno));
}

/* Locks 'fd', just opened as 'path'.  Returns NULL with '*again' set if the file was replaced
 * meanwhile. */
static char *lock_opened(const char *path, int fd, struct stat *st, bool *again)
{
	struct flock lock = whole_file(F_WRLCK);
	struct stat now;

	*again = false;
	if (fcntl(fd, F_SETLK, &lock) < 0) {
		int pid = errno == EAGAIN || errno == EACCES ? lock_owner(fd) : -errno;

		if (pid < 0)
			return failed(path, "lock");
		*again = pid == 0;
		return pid > 0 ? running(path, pid) : NULL;
	}
	if (fstat(fd, st))
		return failed(path, "read");
	*again = stat(path, &now) || now.st_dev != st->st_dev || now.st_ino != st->st_ino;
	return NULL;
}

char *pidfile_create(const char *path, bool overwrite)
{
	struct stat st;
	char text[32];
	char *err = NULL;
	bool again;
	int fd = -1, n;

	for (int tries = 0; tries < TRIES_MAX; tries++) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644);
		if (fd < 0)
			return failed(path, "create");
		err = lock_opened(path, fd, &st, &again);
		if (!err && !again)
			break;
		close(fd);
		fd = -1;
		if (err && !overwrite)
			return err;
		free(err);
		err = NULL;
		/* The other daemon keeps its file, which has no name any more. */
		if (overwrite)
			unlink(path);
	}
	if (fd < 0)
		return xasprintf("%s: the pid file is being replaced over and over", path);

	n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)n, 0) != n) {
		err = failed(path, "write");
		close(fd);
		return err;
	}
	if (own.fd >= 0)
		close(own.fd);
	own.fd = fd;
	own.pid = getpid();
	own.dev = st.st_dev;
	own.ino = st.st_ino;
	fatal_unlink_add(path);
	return NULL;
}
