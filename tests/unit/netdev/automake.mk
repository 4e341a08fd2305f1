# SPDX-License-Identifier: Apache-2.0

# For each test_X.c two lines here,
#	tests/unit/netdev/test_X
# in unit_netdev_tests, and
#	tests_unit_netdev_test_X_SOURCES = tests/unit/netdev/test_X.c
#	tests_unit_netdev_test_X_LDADD = $(CMOCKA_LIBS) $(LIB_...)
unit_netdev_tests =

check_PROGRAMS += $(unit_netdev_tests)
TESTS += $(unit_netdev_tests)
