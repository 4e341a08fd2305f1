# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/rpc/librpc.a
lib_rpc_librpc_a_SOURCES = \
	lib/rpc/base_ctl.c \
	lib/rpc/coverage_ctl.c \
	lib/rpc/dns.h \
	lib/rpc/dns_gai.c \
	lib/rpc/dns_unbound.c \
	lib/rpc/inet_connect.c \
	lib/rpc/inet_connect.h \
	lib/rpc/inet_target.c \
	lib/rpc/inet_target.h \
	lib/rpc/json_scan.c \
	lib/rpc/json_scan.h \
	lib/rpc/jsonrpc.h \
	lib/rpc/jsonrpc_conn.c \
	lib/rpc/jsonrpc_impl.h \
	lib/rpc/jsonrpc_msg.c \
	lib/rpc/jsonrpc_session.c \
	lib/rpc/jsonrpc_transact.c \
	lib/rpc/listener.c \
	lib/rpc/memory_ctl.c \
	lib/rpc/reconnect.c \
	lib/rpc/reconnect.h \
	lib/rpc/stream.c \
	lib/rpc/stream.h \
	lib/rpc/stream_impl.h \
	lib/rpc/stream_inet.c \
	lib/rpc/stream_inet.h \
	lib/rpc/stream_tcp.c \
	lib/rpc/stream_tls.c \
	lib/rpc/stream_unix.c \
	lib/rpc/time_ctl.c \
	lib/rpc/tls.c \
	lib/rpc/tls.h \
	lib/rpc/tls_impl.h \
	lib/rpc/unix_path.c \
	lib/rpc/unix_path.h \
	lib/rpc/unixctl.c \
	lib/rpc/unixctl.h \
	lib/rpc/unixctl_client.c \
	lib/rpc/unixctl_impl.h \
	lib/rpc/vlog_ctl.c

EXTRA_DIST += lib/rpc/README.md
