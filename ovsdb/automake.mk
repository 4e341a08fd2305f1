# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += ovsdb/libovsdb.a
ovsdb_libovsdb_a_SOURCES = \
	ovsdb/command.c \
	ovsdb/command.h \
	ovsdb/commit.c \
	ovsdb/convert.c \
	ovsdb/convert.h \
	ovsdb/db.c \
	ovsdb/db.h \
	ovsdb/db_ref.c \
	ovsdb/db_ref.h \
	ovsdb/history.c \
	ovsdb/history.h \
	ovsdb/json_text.c \
	ovsdb/json_text.h \
	ovsdb/lock.c \
	ovsdb/lock.h \
	ovsdb/monitor.c \
	ovsdb/monitor.h \
	ovsdb/monitor_spec.c \
	ovsdb/monitor_spec.h \
	ovsdb/oplog.c \
	ovsdb/oplog.h \
	ovsdb/ops.c \
	ovsdb/ops.h \
	ovsdb/query.c \
	ovsdb/query.h \
	ovsdb/record.c \
	ovsdb/record.h \
	ovsdb/remote.c \
	ovsdb/remote.h \
	ovsdb/server.c \
	ovsdb/server.h \
	ovsdb/server_ctl.c \
	ovsdb/server_ctl.h \
	ovsdb/server_db.c \
	ovsdb/server_db.h \
	ovsdb/service.c \
	ovsdb/service.h \
	ovsdb/session.c \
	ovsdb/session.h \
	ovsdb/show_log.c \
	ovsdb/show_log.h \
	ovsdb/storage.c \
	ovsdb/storage.h \
	ovsdb/tls_config.c \
	ovsdb/tls_config.h \
	ovsdb/txn.c \
	ovsdb/txn.h \
	ovsdb/values.c \
	ovsdb/values.h

sbin_PROGRAMS += ovsdb/ovsdb-server
ovsdb_ovsdb_server_SOURCES = ovsdb/ovsdb-server.c
ovsdb_ovsdb_server_LDADD = $(LIB_OVSDB) $(MIMALLOC_LIBS)

bin_PROGRAMS += ovsdb/ovsdb-client ovsdb/ovsdb-tool
ovsdb_ovsdb_client_SOURCES = \
	ovsdb/client_conn.c \
	ovsdb/client_conn.h \
	ovsdb/client_dump.c \
	ovsdb/client_dump.h \
	ovsdb/client_monitor.c \
	ovsdb/client_monitor.h \
	ovsdb/ovsdb-client.c
ovsdb_ovsdb_client_LDADD = $(LIB_OVSDB)
ovsdb_ovsdb_tool_SOURCES = ovsdb/ovsdb-tool.c
ovsdb_ovsdb_tool_LDADD = $(LIB_OVSDB)

man_pages += ovsdb/ovsdb-client.1 ovsdb/ovsdb-server.1 ovsdb/ovsdb-tool.1

EXTRA_DIST += ovsdb/README.md
