# SPDX-License-Identifier: Apache-2.0

# For each test_X.c two lines here,
#	tests/unit/dpif/test_X
# in unit_dpif_tests, and
#	tests_unit_dpif_test_X_SOURCES = tests/unit/dpif/test_X.c
#	tests_unit_dpif_test_X_LDADD = $(CMOCKA_LIBS) $(LIB_...)
unit_dpif_tests = \
	tests/unit/dpif/test_ct_text \
	tests/unit/dpif/test_ctl \
	tests/unit/dpif/test_dpif \
	tests/unit/dpif/test_dpif_threads \
	tests/unit/dpif/test_exec \
	tests/unit/dpif/test_kernel \
	tests/unit/dpif/test_spinner \
	tests/unit/dpif/test_upcall_queue

noinst_HEADERS += tests/unit/dpif/fixture.h
tests_unit_dpif_test_ct_text_SOURCES = tests/unit/dpif/test_ct_text.c
tests_unit_dpif_test_ct_text_LDADD = $(CMOCKA_LIBS) $(LIB_DPIF)
tests_unit_dpif_test_ctl_SOURCES = tests/unit/dpif/test_ctl.c
tests_unit_dpif_test_ctl_LDADD = $(CMOCKA_LIBS) $(LIB_DPIF)
tests_unit_dpif_test_dpif_SOURCES = tests/unit/dpif/test_dpif.c
tests_unit_dpif_test_dpif_LDADD = $(CMOCKA_LIBS) $(LIB_DPIF)
tests_unit_dpif_test_dpif_threads_SOURCES = tests/unit/dpif/test_dpif_threads.c
tests_unit_dpif_test_dpif_threads_LDADD = $(CMOCKA_LIBS) $(LIB_DPIF)
tests_unit_dpif_test_exec_SOURCES = tests/unit/dpif/test_exec.c
tests_unit_dpif_test_exec_LDADD = $(CMOCKA_LIBS) $(LIB_DPIF)
tests_unit_dpif_test_spinner_SOURCES = tests/unit/dpif/test_spinner.c
tests_unit_dpif_test_spinner_LDADD = $(CMOCKA_LIBS) $(LIB_DPIF)
tests_unit_dpif_test_kernel_SOURCES = tests/unit/dpif/test_kernel.c
tests_unit_dpif_test_kernel_LDADD = $(CMOCKA_LIBS) $(LIB_DPIF)
tests_unit_dpif_test_upcall_queue_SOURCES = tests/unit/dpif/test_upcall_queue.c
tests_unit_dpif_test_upcall_queue_LDADD = $(CMOCKA_LIBS) $(LIB_DPIF)

check_PROGRAMS += $(unit_dpif_tests)
TESTS += $(unit_dpif_tests)
