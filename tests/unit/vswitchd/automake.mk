# SPDX-License-Identifier: Apache-2.0

unit_vswitchd_tests = \
	tests/unit/vswitchd/test_fdb \
	tests/unit/vswitchd/test_tables \
	tests/unit/vswitchd/test_upcall \
	tests/unit/vswitchd/test_vlan \
	tests/unit/vswitchd/test_xlate

noinst_HEADERS += tests/unit/vswitchd/topology.h

tests_unit_vswitchd_test_fdb_SOURCES = tests/unit/vswitchd/test_fdb.c
tests_unit_vswitchd_test_fdb_LDADD = $(CMOCKA_LIBS) vswitchd/l2/libl2.a $(LIB_FLOW)
tests_unit_vswitchd_test_tables_SOURCES = tests/unit/vswitchd/test_tables.c
tests_unit_vswitchd_test_tables_LDADD = $(CMOCKA_LIBS) $(LIB_VSWITCHD_TABLES)
tests_unit_vswitchd_test_upcall_SOURCES = tests/unit/vswitchd/test_upcall.c
tests_unit_vswitchd_test_upcall_LDADD = $(CMOCKA_LIBS) $(LIB_VSWITCHD_UPCALL)
tests_unit_vswitchd_test_vlan_SOURCES = tests/unit/vswitchd/test_vlan.c
tests_unit_vswitchd_test_vlan_LDADD = $(CMOCKA_LIBS) vswitchd/l2/libl2.a $(LIB_FLOW)
tests_unit_vswitchd_test_xlate_SOURCES = tests/unit/vswitchd/test_xlate.c
tests_unit_vswitchd_test_xlate_LDADD = $(CMOCKA_LIBS) $(LIB_VSWITCHD_PIPELINE)

check_PROGRAMS += $(unit_vswitchd_tests)
TESTS += $(unit_vswitchd_tests)
