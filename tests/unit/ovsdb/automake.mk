# SPDX-License-Identifier: Apache-2.0

# For each test_X.c two lines here,
#	tests/unit/ovsdb/test_X
# in unit_ovsdb_tests, and
#	tests_unit_ovsdb_test_X_SOURCES = tests/unit/ovsdb/test_X.c
#	tests_unit_ovsdb_test_X_LDADD = $(CMOCKA_LIBS) $(LIB_...)
unit_ovsdb_tests =

check_PROGRAMS += $(unit_ovsdb_tests)
TESTS += $(unit_ovsdb_tests)
