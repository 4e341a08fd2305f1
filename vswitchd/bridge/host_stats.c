// SPDX-License-Identifier: Apache-2.0
#include "bridge/host_stats.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/daemon.h"
#include "base/dirs.h"
#include "base/log.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/util.h"

LOG_MODULE(host_stats);

#define MAX_FILE_SYSTEMS 100
#define MAX_DAEMONS 100
#define PROC_LEN 4096 /* octets read of a file of proc(5) */

static struct {
	pthread_t thread;
	bool is_running; /* main thread */
	struct loop *loop;
	void (*done)(const struct smap *);
	struct smap found; /* the thread's until the post */
	struct post post;
} job;

/* The start of a file, NUL-terminated.  False if it cannot be read. */
static bool read_file(const char *path, char text[PROC_LEN + 1])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, PROC_LEN);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return true;
}

static void put_cpu_and_load(struct smap *s)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	double load[3];

	if (n > 0)
		smap_setf(s, "cpu", "%ld", n);
	if (getloadavg(load, 3) == 3)
		smap_setf(s, "load_average", "%.2f,%.2f,%.2f", load[0], load[1], load[2]);
}

static uint64_t meminfo_kb(const char *text, const char *name)
{
	const char *p = strstr(text, name);

	return p ? strtoull(p + strlen(name), NULL, 10) : 0;
}

static void put_memory(struct smap *s)
{
	char text[PROC_LEN + 1];
	uint64_t total, cached, swap;

	if (!read_file("/proc/meminfo", text))
		return;
	total = meminfo_kb(text, "MemTotal:");
	cached = meminfo_kb(text, "Buffers:") + meminfo_kb(text, "\nCached:");
	swap = meminfo_kb(text, "SwapTotal:");
	smap_setf(s, "memory", "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, total,
		  total - meminfo_kb(text, "MemFree:"), cached, swap,
		  swap - meminfo_kb(text, "SwapFree:"));
}

struct process {
	unsigned long vsz_kb, rss_kb, cpu_ms, age_ms;
	pid_t parent;
};

/* Reads /proc/PID/stat (proc(5)), from behind the name, which may hold anything. */
static bool read_process(pid_t pid, struct process *p)
{
	char path[64], text[PROC_LEN + 1], *rest;
	unsigned long user, system, vsz;
	unsigned long long start;
	long rss, hz = sysconf(_SC_CLK_TCK);
	double up_s;
	int parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (!read_file(path, text) || !(rest = strrchr(text, ')')) ||
	    sscanf(rest + 1,
		   " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d "
		   "%llu %lu %ld",
		   &parent, &user, &system, &start, &vsz, &rss) != 6 ||
	    !read_file("/proc/uptime", text) || sscanf(text, "%lf", &up_s) != 1)
		return false;
	p->parent = parent;
	p->vsz_kb = vsz / 1024;
	p->rss_kb = rss * (sysconf(_SC_PAGESIZE) / 1024);
	p->cpu_ms = (user + system) * 1000 / hz;
	p->age_ms = up_s * 1000 - start * 1000.0 / hz;
	return true;
}

/* What the --monitor parent says in its title, "NAME: monitoring pid N (3 crashes: ...)"; false if
 * 'pid' is no such parent. */
static bool read_monitor(pid_t pid, unsigned int *n_crashes)
{
	char path[64], text[PROC_LEN + 1], *p;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	if (!read_file(path, text) || !(p = strstr(text, ": monitoring pid ")))
		return false;
	p = strchr(p, '(');
	if (!p || sscanf(p, "(%u crashes", n_crashes) != 1)
		*n_crashes = 0;
	return true;
}

static void put_daemon(struct smap *s, const char *name, pid_t pid)
{
	struct process p, parent;
	unsigned int n_crashes = 0;
	unsigned long first_age_ms;

	if (!read_process(pid, &p))
		return;
	first_age_ms = p.age_ms;
	if (read_monitor(p.parent, &n_crashes) && read_process(p.parent, &parent))
		first_age_ms = parent.age_ms;
	smap_setf(s, name, "%lu,%lu,%lu,%u,%lu,%lu", p.vsz_kb, p.rss_kb, p.cpu_ms, n_crashes,
		  first_age_ms, p.age_ms);
}

/* A daemon is what holds the lock of a pid file in the run directory. */
static void put_daemons(struct smap *s)
{
	DIR *dir = opendir(dir_run());
	struct dirent *entry;
	unsigned int n = 0;

	if (!dir)
		return;
	while (n < MAX_DAEMONS && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);
		char *path, *key;
		int pid;

		if (len <= 4 || !streq(entry->d_name + len - 4, ".pid"))
			continue;
		path = path_in(dir_run(), entry->d_name);
		pid = pidfile_read(path);
		free(path);
		if (pid <= 0)
			continue;
		key = xasprintf("process_%.*s", (int)len - 4, entry->d_name);
		put_daemon(s, key, pid);
		free(key);
		n++;
	}
	closedir(dir);
}

/* Local and writable, and with content on a device: others are no disk that could fill up, or may
 * hang for a server that is away. */
static bool is_local_disk(const struct mntent *m)
{
	return m->mnt_fsname[0] == '/' && !hasmntopt(m, MNTOPT_RO) &&
	       !streq(m->mnt_type, "iso9660");
}

static void put_file_systems(struct smap *s)
{
	FILE *mounts = setmntent("/proc/mounts", "re");
	struct str list = STR_INIT;
	char text[PROC_LEN];
	struct mntent m;
	unsigned int n = 0;

	if (!mounts)
		return;
	while (n < MAX_FILE_SYSTEMS && getmntent_r(mounts, &m, text, sizeof(text))) {
		struct statvfs vfs;
		uint64_t unit;

		if (!is_local_disk(&m) || statvfs(m.mnt_dir, &vfs) || !vfs.f_blocks)
			continue;
		unit = vfs.f_frsize ? vfs.f_frsize : vfs.f_bsize;
		for (char *p = m.mnt_dir; *p; p++) {
			if (*p == ' ' || *p == ',')
				*p = '_';
		}
		str_printf(&list, "%s%s,%" PRIu64 ",%" PRIu64, n++ ? " " : "", m.mnt_dir,
			   unit * vfs.f_blocks / 1024, unit * (vfs.f_blocks - vfs.f_bfree) / 1024);
	}
	endmntent(mounts);
	if (n)
		smap_set(s, "file_systems", str_cstr(&list));
	str_uninit(&list);
}

static void *collect(void *aux)
{
	(void)aux;
	put_cpu_and_load(&job.found);
	put_memory(&job.found);
	put_daemons(&job.found);
	put_file_systems(&job.found);
	loop_post(job.loop, &job.post);
	return NULL;
}

static void finish(void)
{
	thread_join(job.thread);
	job.is_running = false;
}

static void collected(struct post *post)
{
	(void)post;
	finish();
	job.done(&job.found);
	smap_uninit(&job.found);
}

void host_stats_start(struct loop *loop, void (*done)(const struct smap *))
{
	int err;

	if (job.is_running)
		return;
	job.loop = loop;
	job.done = done;
	job.post.cb = collected;
	smap_init(&job.found);
	err = thread_create(&job.thread, "host_stats", collect, NULL);
	if (err) {
		smap_uninit(&job.found);
		log_warn("cannot start the thread that reads the host's statistics: %s",
			 errno_str(-err));
		return;
	}
	job.is_running = true;
}

void host_stats_stop(struct loop *loop)
{
	if (!job.is_running)
		return;
	finish();
	loop_post_cancel(loop, &job.post);
	smap_uninit(&job.found);
}
