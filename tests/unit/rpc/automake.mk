# SPDX-License-Identifier: Apache-2.0

# For each test_X.c two lines here,
#	tests/unit/rpc/test_X
# in unit_rpc_tests, and
#	tests_unit_rpc_test_X_SOURCES = tests/unit/rpc/test_X.c
#	tests_unit_rpc_test_X_LDADD = $(CMOCKA_LIBS) $(LIB_...)
unit_rpc_tests =

check_PROGRAMS += $(unit_rpc_tests)
TESTS += $(unit_rpc_tests)
