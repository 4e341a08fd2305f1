# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += vswitchd/upcall/libupcall.a
vswitchd_upcall_libupcall_a_SOURCES = \
	vswitchd/upcall/revalidator.c \
	vswitchd/upcall/tags.c \
	vswitchd/upcall/tags.h \
	vswitchd/upcall/ukey.c \
	vswitchd/upcall/ukey.h \
	vswitchd/upcall/upcall.c \
	vswitchd/upcall/upcall.h \
	vswitchd/upcall/upcall_ctl.c \
	vswitchd/upcall/upcall_impl.h

EXTRA_DIST += vswitchd/upcall/README.md
