# SPDX-License-Identifier: Apache-2.0

# For each test_X.c two lines here,
#	tests/unit/dpif/test_X
# in unit_dpif_tests, and
#	tests_unit_dpif_test_X_SOURCES = tests/unit/dpif/test_X.c
#	tests_unit_dpif_test_X_LDADD = $(CMOCKA_LIBS) $(LIB_...)
unit_dpif_tests =

check_PROGRAMS += $(unit_dpif_tests)
TESTS += $(unit_dpif_tests)
