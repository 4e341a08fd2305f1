// SPDX-License-Identifier: Apache-2.0
/* Linux 6.6 and later attach the program by a link (tcx), which is cheaper for each frame, leaves
 * nothing behind, and goes with the process.  Older kernels: a filter on a clsact qdisc, found
 * again after a crash by its handle.  The qdisc stays when the filter goes, since others may have
 * put theirs there.
 *
 * The kernel attaches under its lock of all devices and waits there for its RCU, 14 ms for each
 * device.  So that happens on a closer, one device after the other, once the loop has opened all
 * ports that it was about to open: until then they would wait for that lock. */
#include "netdev/host_steal.h"

#include <errno.h>
#include <stddef.h>

#include "base/log.h"
#include "base/util.h"
#include "netdev/netdev_provider.h"

LOG_MODULE(host_steal);

#ifdef HAVE_LIBBPF
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PRIORITY 1
#define HANDLE 0x0f5 /* ours, so that it is found again after a crash and replaced */

/* BPF_TCX_INGRESS of newer headers. */
#define ATTACH_TCX_INGRESS 46

struct host_steal {
	int ifindex;
	char *name;
	enum { WAITING, ATTACHED_LINK, ATTACHED_FILTER, FAILED } state; /* under 'attach_lock' */
	int link_fd;
	struct cds_list_head node; /* in 'waiting' */
};

static int prog_fd = -1; /* under 'attach_lock' */
static bool is_loaded; /* or failed to be: tried once; under 'attach_lock' */

/* Who attaches or detaches; held while the kernel waits. */
static struct mutex attach_lock = MUTEX_INIT;
static struct mutex waiting_lock = MUTEX_INIT; /* inside 'attach_lock' */
static CDS_LIST_HEAD(waiting); /* under 'waiting_lock' */
static struct work attach_work; /* main thread */
static struct netdev_close_job attach_job;
static bool job_is_queued; /* under 'waiting_lock' */

static int ignore_messages(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level, (void)fmt, (void)args;
	return 0;
}

static void load_program(void)
{
	/* return TC_ACT_SHOT */
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = TC_ACT_SHOT },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	if (is_loaded)
		return;
	is_loaded = true;
	libbpf_set_print(ignore_messages);
	prog_fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "ovs_steal", "Dual BSD/GPL", insns,
				ARRAY_SIZE(insns), NULL);
	if (prog_fd < 0)
		log_warn("cannot load the BPF program that keeps frames of ports from the "
			 "host's own stack: %s",
			 errno_str(errno));
}

static int attach_link(int ifindex)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = prog_fd;
	attr.link_create.target_ifindex = ifindex;
	attr.link_create.attach_type = ATTACH_TCX_INGRESS;
	return syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
}

static int attach_filter(int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = HANDLE, .priority = PRIORITY,
		    .flags = BPF_TC_F_REPLACE, .prog_fd = prog_fd);
	int err = bpf_tc_hook_create(&hook);

	return !err || err == -EEXIST ? bpf_tc_attach(&hook, &opts) : err;
}

static void attach(struct host_steal *s)
{
	int err = 0;

	load_program();
	s->state = FAILED;
	if (prog_fd < 0)
		return;
	s->link_fd = attach_link(s->ifindex);
	if (s->link_fd < 0)
		err = attach_filter(s->ifindex);
	if (!err)
		s->state = s->link_fd < 0 ? ATTACHED_FILTER : ATTACHED_LINK;
	else if (err != -ENODEV) /* it may be gone already */
		log_warn("%s: the host's own stack sees what the port receives, too: %s", s->name,
			 errno_str(err));
}

/* The next that waits; the last time, the job is over. */
static struct host_steal *take_waiting(void)
{
	struct host_steal *s = NULL;

	mutex_lock(&waiting_lock);
	if (cds_list_empty(&waiting)) {
		job_is_queued = false;
	} else {
		s = cds_list_first_entry(&waiting, struct host_steal, node);
		cds_list_del(&s->node);
		CDS_INIT_LIST_HEAD(&s->node);
	}
	mutex_unlock(&waiting_lock);
	return s;
}

static void attach_all(struct netdev_close_job *job)
{
	struct host_steal *s;

	(void)job;
	do {
		mutex_lock(&attach_lock);
		s = take_waiting();
		if (s)
			attach(s);
		mutex_unlock(&attach_lock);
	} while (s);
}

static void submit_job(struct work *w)
{
	bool submit;

	(void)w;
	mutex_lock(&waiting_lock);
	submit = !job_is_queued && !cds_list_empty(&waiting);
	job_is_queued = job_is_queued || submit;
	mutex_unlock(&waiting_lock);
	if (submit)
		netdev_closer_submit(&attach_job);
}

struct host_steal *host_steal_create(struct loop *loop, int ifindex, const char *name)
{
	struct host_steal *s = xzalloc(sizeof(*s));

	s->ifindex = ifindex;
	s->name = xstrdup(name);
	s->state = WAITING;
	s->link_fd = -1;
	mutex_lock(&waiting_lock);
	cds_list_add_tail(&s->node, &waiting);
	mutex_unlock(&waiting_lock);

	attach_job.fn = attach_all;
	if (attach_work.loop != loop)
		work_init(&attach_work, loop, submit_job);
	work_schedule(&attach_work);
	return s;
}

void host_steal_destroy(struct host_steal *s)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = HANDLE, .priority = PRIORITY);

	if (!s)
		return;
	mutex_lock(&waiting_lock);
	cds_list_del(&s->node);
	mutex_unlock(&waiting_lock);

	mutex_lock(&attach_lock); /* it may be under way */
	hook.ifindex = s->ifindex;
	if (s->state == ATTACHED_LINK)
		close(s->link_fd);
	else if (s->state == ATTACHED_FILTER)
		bpf_tc_detach(&hook, &opts); /* the device may be gone already */
	mutex_unlock(&attach_lock);
	free(s->name);
	free(s);
}

#else

struct host_steal *host_steal_create(struct loop *loop, int ifindex, const char *name)
{
	static bool told;

	(void)loop, (void)ifindex, (void)name;
	if (!told) {
		told = true;
		log_info("built without libbpf: the host's own stack sees what ports receive, too");
	}
	return NULL;
}

void host_steal_destroy(struct host_steal *s)
{
	(void)s;
}

#endif
