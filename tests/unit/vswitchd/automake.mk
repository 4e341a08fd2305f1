# SPDX-License-Identifier: Apache-2.0

# For each test_X.c two lines here,
#	tests/unit/vswitchd/test_X
# in unit_vswitchd_tests, and
#	tests_unit_vswitchd_test_X_SOURCES = tests/unit/vswitchd/test_X.c
#	tests_unit_vswitchd_test_X_LDADD = $(CMOCKA_LIBS) $(LIB_...)
unit_vswitchd_tests =

check_PROGRAMS += $(unit_vswitchd_tests)
TESTS += $(unit_vswitchd_tests)
