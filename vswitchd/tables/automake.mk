# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += vswitchd/tables/libtables.a
vswitchd_tables_libtables_a_SOURCES = \
	vswitchd/tables/rule.c \
	vswitchd/tables/rule.h \
	vswitchd/tables/tables.c \
	vswitchd/tables/tables.h

EXTRA_DIST += vswitchd/tables/README.md
