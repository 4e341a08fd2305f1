# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += vswitchd/l2/libl2.a
vswitchd_l2_libl2_a_SOURCES = \
	vswitchd/l2/fdb.c \
	vswitchd/l2/fdb.h \
	vswitchd/l2/reserved.c \
	vswitchd/l2/reserved.h \
	vswitchd/l2/vlan.c \
	vswitchd/l2/vlan.h

EXTRA_DIST += vswitchd/l2/README.md
