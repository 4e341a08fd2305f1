# SPDX-License-Identifier: Apache-2.0

# For each test_X.c two lines here,
#	tests/unit/base/test_X
# in unit_base_tests, and
#	tests_unit_base_test_X_SOURCES = tests/unit/base/test_X.c
#	tests_unit_base_test_X_LDADD = $(CMOCKA_LIBS) $(LIB_...)
unit_base_tests =

check_PROGRAMS += $(unit_base_tests)
TESTS += $(unit_base_tests)
