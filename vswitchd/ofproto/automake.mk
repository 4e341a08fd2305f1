# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += vswitchd/ofproto/libofproto.a
vswitchd_ofproto_libofproto_a_SOURCES = \
	vswitchd/ofproto/backer.c \
	vswitchd/ofproto/backer.h \
	vswitchd/ofproto/bundle.c \
	vswitchd/ofproto/drop_ctl.c \
	vswitchd/ofproto/fdb_ctl.c \
	vswitchd/ofproto/memory.c \
	vswitchd/ofproto/ofproto.c \
	vswitchd/ofproto/ofproto.h \
	vswitchd/ofproto/ofproto_ctl.c \
	vswitchd/ofproto/ofproto_impl.h \
	vswitchd/ofproto/port.c

EXTRA_DIST += vswitchd/ofproto/README.md
