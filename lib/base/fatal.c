// SPDX-License-Identifier: Apache-2.0
/* What a process leaves behind when it ends by a signal: no sockets, no pid file, and after a crash
 * a backtrace.  All that runs in a handler here is async-signal-safe.
 *
 * The list of files is guarded by a spin lock that is only ever taken with all signals blocked, so
 * a handler never waits for the thread that it interrupted.
 *
 * Under sanitizers their own handlers report crashes. */
#include "base/daemon.h"

#include <errno.h>
#include <execinfo.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fatal_impl.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/thread.h"
#include "base/util.h"

#define N_FRAMES 64
#define ALT_STACK_SIZE (64 * 1024)

static const int ending[] = { SIGHUP, SIGINT, SIGTERM, SIGALRM };
static const int crashing[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };

struct unlink_file {
	struct unlink_file *next;
	pid_t pid; /* who added it */
	char path[]; /* absolute */
};

static struct unlink_file *files; /* guarded by files_lock */
static bool files_lock; /* atomic */
static bool at_exit_set;
static struct loop *loop_to_quit; /* atomic */

static void lock_files(sigset_t *saved)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, saved);
	while (__atomic_exchange_n(&files_lock, true, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void unlock_files(const sigset_t *saved)
{
	__atomic_store_n(&files_lock, false, __ATOMIC_RELEASE);
	pthread_sigmask(SIG_SETMASK, saved, NULL);
}

static void unlink_files(void)
{
	const struct unlink_file *f;
	pid_t self = getpid();
	sigset_t saved;

	lock_files(&saved);
	for (f = files; f; f = f->next) {
		if (f->pid == self)
			unlink(f->path);
	}
	unlock_files(&saved);
}

void fatal_unlink_add(const char *path)
{
	struct unlink_file *f;
	char *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0);
	size_t size = (cwd ? strlen(cwd) + 1 : 0) + strlen(path) + 1;
	sigset_t saved;

	f = xmalloc(sizeof(*f) + size);
	f->pid = getpid();
	f->path[0] = '\0';
	if (cwd) {
		strcpy(f->path, cwd);
		strcat(f->path, "/");
	}
	strcat(f->path, path);
	free(cwd);

	lock_files(&saved);
	f->next = files;
	files = f;
	unlock_files(&saved);
	if (!at_exit_set) {
		at_exit_set = true;
		atexit(unlink_files);
	}
}

void fatal_unlink_del(const char *path)
{
	struct unlink_file **p, *f = NULL;
	char *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0);
	char *absolute = cwd ? xasprintf("%s/%s", cwd, path) : xstrdup(path);
	sigset_t saved;

	lock_files(&saved);
	for (p = &files; *p; p = &(*p)->next) {
		if (streq((*p)->path, absolute) && (*p)->pid == getpid()) {
			f = *p;
			*p = f->next;
			break;
		}
	}
	unlock_files(&saved);
	free(f);
	free(absolute);
	free(cwd);
}

/* The default action of 'signal', with everything that depends on it: exit status, core. */
static void die_of(int signal_)
{
	sigset_t set;

	signal(signal_, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, signal_);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	raise(signal_);
	_exit(1);
}

static void end(int signal_)
{
	struct loop *loop = NULL;

	if (signal_ == SIGTERM || signal_ == SIGINT)
		loop = __atomic_exchange_n(&loop_to_quit, NULL, __ATOMIC_ACQ_REL);
	if (loop) {
		loop_quit(loop); /* a second signal does not wait for the loop */
		return;
	}
	unlink_files();
	die_of(signal_);
}

/* ---- crashes ---------------------------------------------------------- */

/* Text built without the C library's formatting, which may allocate or lock. */
struct text {
	char buf[256];
	size_t len;
};

static void put(struct text *t, const char *s)
{
	while (*s && t->len < sizeof(t->buf))
		t->buf[t->len++] = *s++;
}

static void put_number(struct text *t, uint64_t v, unsigned int base, unsigned int width)
{
	char digits[65];
	char *p = &digits[64];

	*p = '\0';
	do {
		*--p = "0123456789abcdef"[v % base];
		v /= base;
	} while (v || &digits[64] - p < (ptrdiff_t)width);
	put(t, p);
}

/* The time as in the log's lines; the proleptic Gregorian calendar from days since 1970. */
static void put_time(struct text *t)
{
	struct timespec ts;
	uint64_t days, seconds, era, doe, yoe, doy, mp;

	clock_gettime(CLOCK_REALTIME, &ts);
	seconds = (uint64_t)ts.tv_sec % 86400;
	/* years begin in March here, so that the leap day is the last */
	days = (uint64_t)ts.tv_sec / 86400 + 719468;
	era = days / 146097;
	doe = days % 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	put_number(t, era * 400 + yoe + (mp >= 10), 10, 4);
	put(t, "-");
	put_number(t, mp < 10 ? mp + 3 : mp - 9, 10, 2);
	put(t, "-");
	put_number(t, doy - (153 * mp + 2) / 5 + 1, 10, 2);
	put(t, "T");
	put_number(t, seconds / 3600, 10, 2);
	put(t, ":");
	put_number(t, seconds / 60 % 60, 10, 2);
	put(t, ":");
	put_number(t, seconds % 60, 10, 2);
	put(t, ".");
	put_number(t, (uint64_t)ts.tv_nsec / 1000000, 10, 3);
	put(t, "Z");
}

static const char *crash_name(int signal_)
{
	switch (signal_) {
	case SIGSEGV:
		return "SIGSEGV (segmentation fault)";
	case SIGBUS:
		return "SIGBUS (bus error)";
	case SIGILL:
		return "SIGILL (illegal instruction)";
	case SIGFPE:
		return "SIGFPE (arithmetic exception)";
	default:
		return "SIGABRT (aborted)";
	}
}

static void crash(int signal_, siginfo_t *info, void *context)
{
	static int
		crashed; /* atomic; a crash in here, or meanwhile of a second thread, is not told */
	void *frames[N_FRAMES];
	struct text t = { .len = 0 };
	int fds[] = { STDERR_FILENO, log_file_fd() };
	int n;

	if (__atomic_exchange_n(&crashed, 1, __ATOMIC_ACQ_REL))
		die_of(signal_);
	put_time(&t);
	put(&t, "|00000|backtrace|EMER|");
	put(&t, program_name);
	put(&t, " crashed: ");
	put(&t, crash_name(signal_));
	if (signal_ != SIGABRT) {
		put(&t, " at address 0x");
		put_number(&t, (uintptr_t)info->si_addr, 16, 1);
	}
	put(&t, ", thread ");
	put(&t, *thread_name() ? thread_name() : "main");
	put(&t, ", backtrace:\n");
	n = backtrace(frames, N_FRAMES);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		ssize_t len;

		if (fds[i] < 0)
			continue;
		len = write(fds[i], t.buf, t.len);
		(void)len;
		backtrace_symbols_fd(frames, n, fds[i]);
	}
	die_of(signal_);
}

void *fatal_thread_start(void)
{
	stack_t ss = { .ss_size = ALT_STACK_SIZE };

	if (FATAL_SANITIZED)
		return NULL;
	ss.ss_sp = xmalloc(ss.ss_size);
	sigaltstack(&ss, NULL);
	return ss.ss_sp;
}

void fatal_thread_end(void *stack)
{
	const stack_t ss = { .ss_flags = SS_DISABLE };

	if (stack)
		sigaltstack(&ss, NULL);
	free(stack);
}

static void catch_crashes(void)
{
	static void *main_stack; /* for good */
	struct sigaction sa = { .sa_sigaction = crash, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	void *frame;

	if (!main_stack)
		main_stack = fatal_thread_start();
	/* The first call loads the unwinder, which a handler must not. */
	backtrace(&frame, 1);
	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(crashing); i++)
		sigaction(crashing[i], &sa, NULL);
}

void fatal_signals_init(void)
{
	struct sigaction sa = { .sa_handler = end };

	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		sigaddset(&sa.sa_mask, ending[i]);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		struct sigaction old;

		/* nohup(1) and the like want their setting kept */
		if (!sigaction(ending[i], NULL, &old) && old.sa_handler == SIG_IGN)
			continue;
		sigaction(ending[i], &sa, NULL);
	}
	if (!FATAL_SANITIZED)
		catch_crashes();
}

void fatal_signals_quit_loop(struct loop *loop)
{
	__atomic_store_n(&loop_to_quit, loop, __ATOMIC_RELEASE);
}
