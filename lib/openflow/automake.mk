# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/openflow/libopenflow.a
lib_openflow_libopenflow_a_SOURCES = \
	lib/openflow/act.c \
	lib/openflow/act.h \
	lib/openflow/actions/normal.c \
	lib/openflow/actions/output.c

EXTRA_DIST += lib/openflow/README.md
