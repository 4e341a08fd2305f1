// SPDX-License-Identifier: Apache-2.0
/* Helper threads for what blocks.  Closing a packet socket waits for the kernel's RCU, some 17 ms;
 * waits that run at once share a grace period, so many threads are worth it.  Threads start when
 * there is work and end when there is none: an idle switch has none of them.
 *
 * At exit nobody needs to wait: a child that has the same descriptors makes each close() of the
 * parent's a matter of a moment, and lets go of them later.  A tap must be free for the next that
 * opens it, so no descriptor but those named by takes_long() may stay open in the child. */
#include "netdev/netdev_provider.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/thread.h"
#include "base/util.h"

LOG_MODULE(netdev_closer);

#define MAX_THREADS 32

static struct mutex lock = MUTEX_INIT;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct cond idle; /* no job is queued or running */
/* Under 'lock'. */
static struct netdev_close_job *head, **tail = &head;
static unsigned int n_threads, n_pending;

static void init_once(void)
{
	cond_init(&idle);
}

static void finish_job(void)
{
	if (!--n_pending)
		cond_broadcast(&idle);
}

static void *closer_main(void *arg)
{
	mutex_lock(&lock);
	while (head) {
		struct netdev_close_job *job = head;

		head = job->next;
		if (!head)
			tail = &head;
		mutex_unlock(&lock);
		job->fn(job);
		mutex_lock(&lock);
		finish_job();
	}
	n_threads--;
	mutex_unlock(&lock);
	return NULL;
}

void netdev_closer_submit(struct netdev_close_job *job)
{
	bool start;

	pthread_once(&once, init_once);
	job->next = NULL;
	mutex_lock(&lock);
	*tail = job;
	tail = &job->next;
	n_pending++;
	start = n_threads < MAX_THREADS;
	n_threads += start;
	mutex_unlock(&lock);
	if (start) {
		pthread_t thread;
		int err = thread_create(&thread, "closer", closer_main, NULL);

		if (!err) {
			pthread_detach(thread);
			return;
		}
		/* No thread to be had: this one does the work, slowly but surely. */
		log_warn("cannot start a thread that closes ports: %s", errno_str(err));
		closer_main(NULL);
	}
}

void netdev_closer_wait(void)
{
	pthread_once(&once, init_once);
	mutex_lock(&lock);
	while (n_pending)
		cond_wait(&idle, &lock);
	mutex_unlock(&lock);
}

/* ---- Closing behind ---- */

/* The successor opens its own meanwhile, for which it needs the locks that closing takes. */
#define BEHIND_S 1

static bool takes_long(int fd)
{
	static const char bpf[] = "anon_inode:bpf_link";
	socklen_t len = sizeof(int);
	char path[32], to[64];
	int domain;
	ssize_t n;

	if (!getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len))
		return domain == AF_PACKET;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, to, sizeof(to));
	return n == sizeof(bpf) - 1 && !memcmp(to, bpf, n);
}

/* The descriptors that are open, in an array that the caller frees; -1 ends each of them. */
static int list_descriptors(int **keep, int **drop)
{
	size_t n_keep = 0, n_drop = 0, size = 0;
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;

	if (!dir)
		return -errno;
	*keep = *drop = NULL;
	do {
		int fd;

		if (n_keep + n_drop + 2 > size) {
			size = size ? size * 2 : 64;
			*keep = xrealloc(*keep, size * sizeof(**keep));
			*drop = xrealloc(*drop, size * sizeof(**drop));
		}
		e = readdir(dir);
		if (!e || *e->d_name == '.')
			continue;
		fd = atoi(e->d_name);
		if (fd == dirfd(dir))
			continue;
		if (takes_long(fd))
			(*keep)[n_keep++] = fd;
		else
			(*drop)[n_drop++] = fd;
	} while (e);
	(*keep)[n_keep] = (*drop)[n_drop] = -1;
	closedir(dir);
	return n_keep;
}

/* Waits for the end of the parent, whose end of the pipe is closed by that alone.  Other threads'
 * locks may be held for ever here: system calls only. */
static void NORETURN child_main(int fd, const int *drop)
{
	struct timespec delay = { .tv_sec = BEHIND_S };
	char c;

	prctl(PR_SET_NAME, "ovs-closing");
	for (; *drop >= 0; drop++)
		close(*drop);
	while (read(fd, &c, 1) < 0 && errno == EINTR)
		continue;
	while (nanosleep(&delay, &delay) && errno == EINTR)
		continue;
	_exit(0);
}

void netdev_close_behind(void)
{
	sigset_t all, old;
	int *keep = NULL, *drop = NULL, fds[2];
	pid_t pid;

	if (list_descriptors(&keep, &drop) > 0 && !pipe2(fds, O_CLOEXEC)) {
		sigfillset(&all);
		pthread_sigmask(SIG_BLOCK, &all, &old); /* no handler runs in the child */
		pid = fork();
		if (!pid) {
			close(fds[1]);
			child_main(fds[0], drop);
		}
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		if (pid < 0)
			log_warn("cannot leave the closing of ports to a child: %s",
				 errno_str(errno));
		close(fds[0]);
		if (pid < 0)
			close(fds[1]);
	}
	free(keep);
	free(drop);
}
