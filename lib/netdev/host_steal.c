// SPDX-License-Identifier: Apache-2.0
/* Linux 6.6 and later attach the program by a link (tcx), which is cheaper for each frame, leaves
 * nothing behind, and goes with the process.  Older kernels: a filter on a clsact qdisc, found
 * again after a crash by its handle.  The qdisc stays when the filter goes, since others may have
 * put theirs there. */
#include "netdev/host_steal.h"

#include <errno.h>
#include <stddef.h>

#include "base/log.h"
#include "base/util.h"

LOG_MODULE(host_steal);

#ifdef HAVE_LIBBPF
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <pthread.h>
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
	int link_fd; /* -1: a filter */
};

static int prog_fd = -1;

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

struct host_steal *host_steal_create(int ifindex, const char *name)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct host_steal *s;
	int link_fd, err;

	pthread_once(&once, load_program);
	if (prog_fd < 0)
		return NULL;
	link_fd = attach_link(ifindex);
	err = link_fd < 0 ? attach_filter(ifindex) : 0;
	if (err) {
		log_warn("%s: the host's own stack sees what the port receives, too: %s", name,
			 errno_str(err));
		return NULL;
	}
	s = xzalloc(sizeof(*s));
	s->ifindex = ifindex;
	s->link_fd = link_fd;
	return s;
}

void host_steal_destroy(struct host_steal *s)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = HANDLE, .priority = PRIORITY);

	if (!s)
		return;
	hook.ifindex = s->ifindex;
	if (s->link_fd >= 0)
		close(s->link_fd);
	else
		bpf_tc_detach(&hook, &opts); /* the device may be gone already */
	free(s);
}

#else

struct host_steal *host_steal_create(int ifindex, const char *name)
{
	static bool told;

	(void)ifindex, (void)name;
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
