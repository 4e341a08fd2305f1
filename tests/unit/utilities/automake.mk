# SPDX-License-Identifier: Apache-2.0

# For each test_X.c two lines here,
#	tests/unit/utilities/test_X
# in unit_utilities_tests, and
#	tests_unit_utilities_test_X_SOURCES = tests/unit/utilities/test_X.c
#	tests_unit_utilities_test_X_LDADD = $(CMOCKA_LIBS) $(LIB_...)
unit_utilities_tests =

check_PROGRAMS += $(unit_utilities_tests)
TESTS += $(unit_utilities_tests)
