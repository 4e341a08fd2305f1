# SPDX-License-Identifier: Apache-2.0

unit_rpc_tests = \
	tests/unit/rpc/test_json_scan \
	tests/unit/rpc/test_jsonrpc \
	tests/unit/rpc/test_reconnect \
	tests/unit/rpc/test_stream \
	tests/unit/rpc/test_tls \
	tests/unit/rpc/test_unixctl

noinst_HEADERS += tests/unit/rpc/unit.h

tests_unit_rpc_test_json_scan_SOURCES = tests/unit/rpc/test_json_scan.c
tests_unit_rpc_test_json_scan_LDADD = $(CMOCKA_LIBS) $(LIB_RPC)
tests_unit_rpc_test_jsonrpc_SOURCES = tests/unit/rpc/test_jsonrpc.c
tests_unit_rpc_test_jsonrpc_LDADD = $(CMOCKA_LIBS) $(LIB_RPC)
tests_unit_rpc_test_reconnect_SOURCES = tests/unit/rpc/test_reconnect.c
tests_unit_rpc_test_reconnect_LDADD = $(CMOCKA_LIBS) $(LIB_RPC)
tests_unit_rpc_test_stream_SOURCES = tests/unit/rpc/test_stream.c
tests_unit_rpc_test_stream_LDADD = $(CMOCKA_LIBS) $(LIB_RPC)
tests_unit_rpc_test_tls_SOURCES = tests/unit/rpc/test_tls.c
tests_unit_rpc_test_tls_LDADD = $(CMOCKA_LIBS) $(LIB_RPC)
tests_unit_rpc_test_unixctl_SOURCES = tests/unit/rpc/test_unixctl.c
tests_unit_rpc_test_unixctl_LDADD = $(CMOCKA_LIBS) $(LIB_RPC)

check_PROGRAMS += $(unit_rpc_tests)
TESTS += $(unit_rpc_tests)
