# SPDX-License-Identifier: Apache-2.0

unit_ovsdb_tests = \
	tests/unit/ovsdb/test_oplog \
	tests/unit/ovsdb/test_txn

noinst_HEADERS += tests/unit/ovsdb/check_db.h tests/unit/ovsdb/unit.h
tests_unit_ovsdb_test_oplog_SOURCES = tests/unit/ovsdb/test_oplog.c
tests_unit_ovsdb_test_oplog_LDADD = $(CMOCKA_LIBS) $(LIB_OVSDB)
tests_unit_ovsdb_test_txn_SOURCES = tests/unit/ovsdb/test_txn.c
tests_unit_ovsdb_test_txn_LDADD = $(CMOCKA_LIBS) $(LIB_OVSDB)

check_PROGRAMS += $(unit_ovsdb_tests)
TESTS += $(unit_ovsdb_tests)
