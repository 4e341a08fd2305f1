# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/flow/libflow.a
lib_flow_libflow_a_SOURCES = \
	lib/flow/classifier.c \
	lib/flow/classifier.h \
	lib/flow/extract.c \
	lib/flow/field_table.h \
	lib/flow/field_text.c \
	lib/flow/fields.c \
	lib/flow/fields.h \
	lib/flow/flow.c \
	lib/flow/flow.h \
	lib/flow/match.c \
	lib/flow/match.h \
	lib/flow/match_text.c \
	lib/flow/miniflow.c \
	lib/flow/miniflow.h \
	lib/flow/odp.h \
	lib/flow/odp_action_check.c \
	lib/flow/odp_action_format.c \
	lib/flow/odp_action_parse.c \
	lib/flow/odp_attr.c \
	lib/flow/odp_attr.h \
	lib/flow/odp_buf.c \
	lib/flow/odp_commit.c \
	lib/flow/odp_execute.c \
	lib/flow/odp_execute.h \
	lib/flow/odp_group.c \
	lib/flow/odp_key.c \
	lib/flow/odp_key_text.c \
	lib/flow/odp_text.h \
	lib/flow/odp_tunnel_text.c \
	lib/flow/scan.c \
	lib/flow/scan.h \
	lib/flow/trie.c \
	lib/flow/trie.h \
	lib/flow/ufid.c

EXTRA_DIST += lib/flow/README.md
