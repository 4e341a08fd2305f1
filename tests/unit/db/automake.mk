# SPDX-License-Identifier: Apache-2.0

# For each test_X.c two lines here,
#	tests/unit/db/test_X
# in unit_db_tests, and
#	tests_unit_db_test_X_SOURCES = tests/unit/db/test_X.c
#	tests_unit_db_test_X_LDADD = $(CMOCKA_LIBS) $(LIB_...)
unit_db_tests =

check_PROGRAMS += $(unit_db_tests)
TESTS += $(unit_db_tests)
