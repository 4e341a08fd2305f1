// SPDX-License-Identifier: Apache-2.0
/* unix:FILE and punix:FILE.  A relative FILE is in RUNDIR.
 *
 * connect() of a unix socket never waits, but it fails with EAGAIN while the listener's queue is
 * full, and nothing says when it is not: it is then tried again from a timer. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/daemon.h"
#include "base/dirs.h"
#include "base/log.h"
#include "base/util.h"
#include "rpc/stream_impl.h"
#include "rpc/unix_path.h"

LOG_MODULE(stream_unix);

#define RETRY_MS 10
#define BACKLOG 128
#define SOCKET_MODE 0770

struct unix_stream {
	struct stream s;
	char *path; /* while connecting, else NULL */
	struct timer retry;
};

static char *check(const struct stream_kind *kind, const char *name, const char *arg)
{
	size_t n = strlen(arg);

	if (!n)
		return xasprintf("%s:: file is missing; give %s:FILE", name, name);
	if (arg[n - 1] == '/')
		return xasprintf("%s:%s: names a folder; give %s:FILE", name, arg, name);
	return NULL;
}

static char *check_active(const struct stream_kind *kind, const char *arg, uint16_t default_port)
{
	return check(kind, kind->active, arg);
}

static char *check_passive(const struct stream_kind *kind, const char *arg, uint16_t default_port)
{
	return check(kind, kind->passive, arg);
}

/* A connected descriptor, or -errno. */
static int connect_fd(const char *path)
{
	struct unix_path up;
	int err, fd;

	err = unix_path_init(&up, path);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		err = -errno;
	} else if (connect(fd, (struct sockaddr *)&up.sun, up.len)) {
		err = -errno;
		close(fd);
	}
	unix_path_uninit(&up);
	return err ? err : fd;
}

static void try_connect(struct unix_stream *u)
{
	int fd = connect_fd(u->path);

	if (fd == -EAGAIN) {
		timer_set_in(&u->retry, RETRY_MS);
		return;
	}
	if (fd < 0) {
		stream_fail(&u->s, fd, NULL);
		return;
	}
	u->s.fd = fd;
	u->s.state = 0;
	stream_fd_update(&u->s);
}

static void retry_connect(struct timer *t)
{
	struct unix_stream *u = CONTAINER_OF(t, struct unix_stream, retry);

	try_connect(u);
	if (u->s.state != -EAGAIN)
		stream_report(&u->s);
}

static struct unix_stream *create(struct loop *loop, char *name, int fd, int state)
{
	struct unix_stream *u = xzalloc(sizeof(*u));

	stream_init(&u->s, &stream_kind_unix, loop, name, fd, state);
	timer_init(&u->retry, loop, retry_connect);
	return u;
}

static char *open_unix(const struct stream_kind *kind, struct loop *loop, const char *name,
		       const char *arg, uint16_t default_port, uint8_t dscp, struct stream **sp)
{
	char *err = check(kind, kind->active, arg);
	struct unix_stream *u;

	if (err)
		return err;
	u = create(loop, xstrdup(name), -1, -EAGAIN);
	u->path = path_in(dir_run(), arg);
	try_connect(u);
	*sp = &u->s;
	return NULL;
}

static void uninit(struct stream *s)
{
	struct unix_stream *u = CONTAINER_OF(s, struct unix_stream, s);

	timer_cancel(&u->retry);
	free(u->path);
}

/* ---- listening -------------------------------------------------------- */

/* True if 'path' is a socket at which nobody listens any more. */
static bool is_stale(const char *path)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) || !S_ISSOCK(st.st_mode))
		return false;
	fd = connect_fd(path);
	if (fd >= 0)
		close(fd);
	return fd == -ECONNREFUSED;
}

static int bind_fd(int fd, const char *path)
{
	struct unix_path up;
	int err;

	err = unix_path_init(&up, path);
	if (err)
		return err;
	/* The mode of the descriptor is what bind() gives the file, less the umask. */
	if (fchmod(fd, SOCKET_MODE) || bind(fd, (struct sockaddr *)&up.sun, up.len))
		err = -errno;
	unix_path_uninit(&up);
	return err;
}

static char *listen_unix(const struct stream_kind *kind, struct listener *l, const char *arg,
			 uint16_t default_port, uint8_t dscp)
{
	char *path, *why = check(kind, kind->passive, arg);
	struct stat st;
	int err, fd;

	if (why)
		return why;
	path = path_in(dir_run(), arg);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		why = xasprintf("%s: cannot make a socket: %s", l->name, errno_str(errno));
		goto out;
	}
	err = bind_fd(fd, path);
	if (err == -EADDRINUSE && is_stale(path)) {
		log_dbg("%s: removing the socket of a process that is gone", path);
		if (!unlink(path) || errno == ENOENT)
			err = bind_fd(fd, path);
	}
	if (err == -EADDRINUSE) {
		why = xasprintf(
			"%s: another process listens there, or it is not a socket; stop that "
			"process, or remove the file",
			l->name);
	} else if (err) {
		why = xasprintf("%s: cannot bind: %s", l->name, errno_str(err));
	} else if (listen(fd, BACKLOG)) {
		why = xasprintf("%s: cannot listen: %s", l->name, errno_str(errno));
		unlink(path);
	}
	if (why)
		goto out;
	if (!lstat(path, &st)) {
		l->dev = st.st_dev;
		l->ino = st.st_ino;
	}
	fatal_unlink_add(path);
	l->path = path;
	l->fd = fd;
	return NULL;
out:
	if (fd >= 0)
		close(fd);
	free(path);
	return why;
}

static struct stream *accepted(struct listener *l, int fd, const struct sockaddr_storage *peer,
			       char **why)
{
	static unsigned int n; /* touched by several loops at worst: numbers may then repeat */
	unsigned int id = __atomic_fetch_add(&n, 1, __ATOMIC_RELAXED);

	return &create(l->loop, xasprintf("unix#%u", id), fd, 0)->s;
}

const struct stream_kind stream_kind_unix = {
	.active = "unix",
	.passive = "punix",
	.check_active = check_active,
	.check_passive = check_passive,
	.open = open_unix,
	.uninit = uninit,
	.recv = stream_fd_recv,
	.sendv = stream_fd_sendv,
	.update = stream_fd_update,
	.listen = listen_unix,
	.accepted = accepted,
};
