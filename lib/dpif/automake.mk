# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/dpif/libdpif.a
lib_dpif_libdpif_a_SOURCES = \
	lib/dpif/compose.c \
	lib/dpif/compose.h \
	lib/dpif/ct_text.c \
	lib/dpif/ct_text.h \
	lib/dpif/dpctl.c \
	lib/dpif/dpctl.h \
	lib/dpif/dpctl_actions.c \
	lib/dpif/dpctl_cache.c \
	lib/dpif/dpctl_ct.c \
	lib/dpif/dpctl_ct_limits.c \
	lib/dpif/dpctl_flows.c \
	lib/dpif/dpctl_ipf.c \
	lib/dpif/dpctl_ports.c \
	lib/dpif/dpctl_put.c \
	lib/dpif/dpif.c \
	lib/dpif/dpif.h \
	lib/dpif/dpif_ct.h \
	lib/dpif/dpif_ctl.h \
	lib/dpif/dpif_provider.h \
	lib/dpif/flow_text.c \
	lib/dpif/kernel/actions.c \
	lib/dpif/kernel/ct_limit.c \
	lib/dpif/kernel/ctnetlink.c \
	lib/dpif/kernel/dump.c \
	lib/dpif/kernel/features.c \
	lib/dpif/kernel/flow.c \
	lib/dpif/kernel/handler.c \
	lib/dpif/kernel/handler.h \
	lib/dpif/kernel/kernel.c \
	lib/dpif/kernel/kernel.h \
	lib/dpif/kernel/knl.c \
	lib/dpif/kernel/knl.h \
	lib/dpif/kernel/meter.c \
	lib/dpif/kernel/upcall.c \
	lib/dpif/kernel/upcall_queue.c \
	lib/dpif/kernel/upcall_queue.h \
	lib/dpif/kernel/vport.c \
	lib/dpif/netdev_dummy_ctl.c \
	lib/dpif/user/assign.c \
	lib/dpif/user/dp.h \
	lib/dpif/user/dump.c \
	lib/dpif/user/emc.c \
	lib/dpif/user/emc.h \
	lib/dpif/user/exec.c \
	lib/dpif/user/megaflow.c \
	lib/dpif/user/megaflow.h \
	lib/dpif/user/operate.c \
	lib/dpif/user/output.c \
	lib/dpif/user/port.c \
	lib/dpif/user/process.c \
	lib/dpif/user/spinner.c \
	lib/dpif/user/spinner.h \
	lib/dpif/user/upcall.c \
	lib/dpif/user/user.c \
	lib/dpif/user/user_ctl.c \
	lib/dpif/user/worker.c

EXTRA_DIST += lib/dpif/README.md lib/dpif/kernel/README.md lib/dpif/user/README.md
