# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/flow/libflow.a
lib_flow_libflow_a_SOURCES = \
	lib/flow/classifier.c \
	lib/flow/classifier.h \
	lib/flow/extract.c \
	lib/flow/flow.c \
	lib/flow/flow.h \
	lib/flow/match.c \
	lib/flow/match.h \
	lib/flow/miniflow.c \
	lib/flow/miniflow.h \
	lib/flow/odp.h \
	lib/flow/odp_buf.c \
	lib/flow/trie.c \
	lib/flow/trie.h

EXTRA_DIST += lib/flow/README.md
