# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/base/libbase.a
lib_base_libbase_a_SOURCES = \
	lib/base/clock.c \
	lib/base/clock.h \
	lib/base/compiler.h \
	lib/base/counter.c \
	lib/base/counter.h \
	lib/base/daemon.c \
	lib/base/daemon.h \
	lib/base/dirs.c \
	lib/base/dirs.h \
	lib/base/fatal.c \
	lib/base/fatal_impl.h \
	lib/base/hash.c \
	lib/base/hash.h \
	lib/base/hmap.c \
	lib/base/hmap.h \
	lib/base/log.c \
	lib/base/log.h \
	lib/base/log_expand.c \
	lib/base/log_impl.h \
	lib/base/log_options.c \
	lib/base/log_rl.c \
	lib/base/log_syslog.c \
	lib/base/loop.c \
	lib/base/loop.h \
	lib/base/memory.c \
	lib/base/memory.h \
	lib/base/mutex.c \
	lib/base/mutex.h \
	lib/base/options.c \
	lib/base/options.h \
	lib/base/pidfile.c \
	lib/base/pidfile.h \
	lib/base/privileges.c \
	lib/base/privileges.h \
	lib/base/rcu.c \
	lib/base/rcu.h \
	lib/base/rcuhash.c \
	lib/base/rcuhash.h \
	lib/base/smap.c \
	lib/base/smap.h \
	lib/base/str.c \
	lib/base/str.h \
	lib/base/thread.c \
	lib/base/thread.h \
	lib/base/util.c \
	lib/base/util.h

EXTRA_DIST += lib/base/README.md
