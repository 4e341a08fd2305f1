# SPDX-License-Identifier: Apache-2.0

# For each test_X.c two lines here,
#	tests/unit/utilities/test_X
# in unit_utilities_tests, and
#	tests_unit_utilities_test_X_SOURCES = tests/unit/utilities/test_X.c
#	tests_unit_utilities_test_X_LDADD = $(CMOCKA_LIBS) $(LIB_...)
unit_utilities_tests = \
	tests/unit/utilities/test_ovs_appctl

tests_unit_utilities_test_ovs_appctl_SOURCES = tests/unit/utilities/test_ovs_appctl.c
tests_unit_utilities_test_ovs_appctl_LDADD = $(CMOCKA_LIBS) $(LIB_RPC)
EXTRA_tests_unit_utilities_test_ovs_appctl_DEPENDENCIES = utilities/ovs-appctl

check_PROGRAMS += $(unit_utilities_tests)
TESTS += $(unit_utilities_tests)
