# SPDX-License-Identifier: Apache-2.0

unit_base_tests = \
	tests/unit/base/test_clock \
	tests/unit/base/test_counter \
	tests/unit/base/test_daemon \
	tests/unit/base/test_dirs \
	tests/unit/base/test_hmap \
	tests/unit/base/test_log \
	tests/unit/base/test_loop \
	tests/unit/base/test_mutex \
	tests/unit/base/test_options \
	tests/unit/base/test_rcu \
	tests/unit/base/test_rcuhash \
	tests/unit/base/test_smap \
	tests/unit/base/test_str \
	tests/unit/base/test_thread \
	tests/unit/base/test_util

noinst_HEADERS += tests/unit/base/unit.h

tests_unit_base_test_clock_SOURCES = tests/unit/base/test_clock.c
tests_unit_base_test_clock_LDADD = $(CMOCKA_LIBS) $(LIB_BASE)
tests_unit_base_test_counter_SOURCES = tests/unit/base/test_counter.c
tests_unit_base_test_counter_LDADD = $(CMOCKA_LIBS) $(LIB_BASE)
tests_unit_base_test_daemon_SOURCES = tests/unit/base/test_daemon.c
tests_unit_base_test_daemon_LDADD = $(CMOCKA_LIBS) $(LIB_BASE)
tests_unit_base_test_dirs_SOURCES = tests/unit/base/test_dirs.c
tests_unit_base_test_dirs_LDADD = $(CMOCKA_LIBS) $(LIB_BASE)
tests_unit_base_test_hmap_SOURCES = tests/unit/base/test_hmap.c
tests_unit_base_test_hmap_LDADD = $(CMOCKA_LIBS) $(LIB_BASE)
tests_unit_base_test_log_SOURCES = tests/unit/base/test_log.c
tests_unit_base_test_log_LDADD = $(CMOCKA_LIBS) $(LIB_BASE)
tests_unit_base_test_loop_SOURCES = tests/unit/base/test_loop.c
tests_unit_base_test_loop_LDADD = $(CMOCKA_LIBS) $(LIB_BASE)
tests_unit_base_test_mutex_SOURCES = tests/unit/base/test_mutex.c
tests_unit_base_test_mutex_LDADD = $(CMOCKA_LIBS) $(LIB_BASE)
tests_unit_base_test_options_SOURCES = tests/unit/base/test_options.c
tests_unit_base_test_options_LDADD = $(CMOCKA_LIBS) $(LIB_BASE)
tests_unit_base_test_rcu_SOURCES = tests/unit/base/test_rcu.c
tests_unit_base_test_rcu_LDADD = $(CMOCKA_LIBS) $(LIB_BASE)
tests_unit_base_test_rcuhash_SOURCES = tests/unit/base/test_rcuhash.c
tests_unit_base_test_rcuhash_LDADD = $(CMOCKA_LIBS) $(LIB_BASE)
tests_unit_base_test_smap_SOURCES = tests/unit/base/test_smap.c
tests_unit_base_test_smap_LDADD = $(CMOCKA_LIBS) $(LIB_BASE)
tests_unit_base_test_str_SOURCES = tests/unit/base/test_str.c
tests_unit_base_test_str_LDADD = $(CMOCKA_LIBS) $(LIB_BASE)
tests_unit_base_test_thread_SOURCES = tests/unit/base/test_thread.c
tests_unit_base_test_thread_LDADD = $(CMOCKA_LIBS) $(LIB_BASE)
tests_unit_base_test_util_SOURCES = tests/unit/base/test_util.c
tests_unit_base_test_util_LDADD = $(CMOCKA_LIBS) $(LIB_BASE)

check_PROGRAMS += $(unit_base_tests)
TESTS += $(unit_base_tests)
