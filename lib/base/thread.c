// SPDX-License-Identifier: Apache-2.0
#include "base/thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fatal_impl.h"
#include "base/rcu.h"
#include "base/str.h"
#include "base/util.h"

/* Sanitizers put red zones and shadow frames on the stack. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_SIZE (8 * THREAD_STACK_SIZE)
#else
#define STACK_SIZE THREAD_STACK_SIZE
#endif

struct start {
	char name[32];
	void *(*fn)(void *);
	void *arg;
};

static __thread char this_name[32];
static bool forks_pending;
static unsigned int n_created; /* atomic */

const char *thread_name(void)
{
	return this_name;
}

void thread_set_log_name(const char *name)
{
	strlcpy_(this_name, name, sizeof(this_name));
}

void thread_set_name(const char *name)
{
	char shown[16];

	thread_set_log_name(name);
	strlcpy_(shown, name, sizeof(shown));
	pthread_setname_np(pthread_self(), shown);
}

static void *thread_main(void *start_)
{
	struct start start = *(struct start *)start_;
	void *result, *crash_stack;

	free(start_);
	crash_stack = fatal_thread_start();
	thread_set_name(start.name);
	rcu_register_thread_();
	result = start.fn(start.arg);
	rcu_unregister_thread_();
	fatal_thread_end(crash_stack);
	return result;
}

int thread_create(pthread_t *thread, const char *name, void *(*fn)(void *), void *arg)
{
	struct start *start;
	sigset_t all, old;
	pthread_attr_t attr;
	int err;

	assert(!forks_pending);
	start = xzalloc(sizeof(*start));
	strlcpy_(start->name, name, sizeof(start->name));
	start->fn = fn;
	start->arg = arg;

	sigfillset(&all);
	/* A crash is handled where it happens. */
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGABRT);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	err = pthread_create(thread, &attr, thread_main, start);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (err) {
		free(start);
		return -err;
	}
	__atomic_add_fetch(&n_created, 1, __ATOMIC_RELAXED);
	return 0;
}

void thread_join(pthread_t thread)
{
	int err = pthread_join(thread, NULL);

	assert(!err);
	(void)err;
}

static unsigned int n_allowed_cpus(void)
{
	unsigned int n = 0, room;

	/* The kernel's mask may be wider than cpu_set_t. */
	for (room = 1024; room <= 1024 * 64; room *= 4) {
		size_t size = CPU_ALLOC_SIZE(room);
		cpu_set_t *set = xzalloc(size);
		int ok = !sched_getaffinity(0, size, set);

		if (ok)
			n = (unsigned int)CPU_COUNT_S(size, set);
		free(set);
		if (ok || errno != EINVAL)
			break;
	}
	return MAX(n, 1U);
}

static bool read_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");
	bool ok;

	if (!f)
		return false;
	ok = fgets(line, (int)size, f) != NULL;
	fclose(f);
	return ok;
}

/* Lowers '*cpus' to the quota of one control group, rounded up. */
static void apply_quota(const char *dir, bool v2, unsigned int *cpus)
{
	char *path = xasprintf("%s/%s", dir, v2 ? "cpu.max" : "cpu.cfs_quota_us");
	char line[64];
	long long quota = -1, period = 0;

	if (read_line(path, line, sizeof(line))) {
		if (v2) {
			/* "max" in place of the quota: no limit, and nothing is converted */
			if (sscanf(line, "%lld %lld", &quota, &period) != 2)
				quota = -1;
		} else {
			quota = atoll(line);
			free(path);
			path = xasprintf("%s/cpu.cfs_period_us", dir);
			if (read_line(path, line, sizeof(line)))
				period = atoll(line);
		}
	}
	if (quota > 0 && period > 0 && DIV_ROUND_UP(quota, period) < *cpus)
		*cpus = (unsigned int)DIV_ROUND_UP(quota, period);
	free(path);
}

/* Applies the quotas of our control group and of those above it. */
static void apply_cgroups(unsigned int *cpus)
{
	char line[4096];
	FILE *f = fopen("/proc/self/cgroup", "re");

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		bool v2 = str_has_prefix(line, "0::/");
		char *group, *dir, *root;

		line[strcspn(line, "\n")] = '\0';
		if (!v2 && !strstr(line, ":cpu,") && !strstr(line, ":cpu:") &&
		    !strstr(line, ",cpu:"))
			continue;
		group = strrchr(line, ':') + 1;
		root = xstrdup(v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu");
		dir = xasprintf("%s%s", root, group);
		while (strlen(dir) >= strlen(root)) {
			apply_quota(dir, v2, cpus);
			*strrchr(dir, '/') = '\0';
		}
		free(dir);
		free(root);
	}
	fclose(f);
}

unsigned int thread_n_cpus(void)
{
	unsigned int cpus = n_allowed_cpus();

	apply_cgroups(&cpus);
	return MAX(cpus, 1U);
}

void thread_forks_pending(void)
{
	assert(!__atomic_load_n(&n_created, __ATOMIC_RELAXED));
	forks_pending = true;
}

void thread_forks_done(void)
{
	forks_pending = false;
	rcu_start_reclaim_();
}

bool thread_may_create(void)
{
	return !forks_pending;
}
