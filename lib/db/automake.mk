# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/db/libdb.a
lib_db_libdb_a_SOURCES = \
	lib/db/atom.c \
	lib/db/atom.h \
	lib/db/condition.c \
	lib/db/condition.h \
	lib/db/datum.c \
	lib/db/datum.h \
	lib/db/error.c \
	lib/db/error.h \
	lib/db/members.c \
	lib/db/members.h \
	lib/db/mutation.c \
	lib/db/schema.c \
	lib/db/schema.h \
	lib/db/server_schema.c \
	lib/db/server_schema.h \
	lib/db/symbol.c \
	lib/db/symbol.h \
	lib/db/table.c \
	lib/db/table.h \
	lib/db/text.c \
	lib/db/text.h \
	lib/db/text_match.c \
	lib/db/text_setting.c \
	lib/db/type.c \
	lib/db/type.h \
	lib/db/uuid.c

EXTRA_DIST += lib/db/README.md

include lib/db/idl.mk
