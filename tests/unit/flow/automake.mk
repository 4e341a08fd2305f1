# SPDX-License-Identifier: Apache-2.0

# For each test_X.c two lines here,
#	tests/unit/flow/test_X
# in unit_flow_tests, and
#	tests_unit_flow_test_X_SOURCES = tests/unit/flow/test_X.c
#	tests_unit_flow_test_X_LDADD = $(CMOCKA_LIBS) $(LIB_...)
unit_flow_tests = \
	tests/unit/flow/test_classifier \
	tests/unit/flow/test_execute \
	tests/unit/flow/test_extract \
	tests/unit/flow/test_fields \
	tests/unit/flow/test_miniflow \
	tests/unit/flow/test_odp_key \
	tests/unit/flow/test_odp_text

noinst_HEADERS += \
	tests/unit/flow/frames.h \
	tests/unit/flow/unit.h

tests_unit_flow_test_classifier_SOURCES = tests/unit/flow/test_classifier.c
tests_unit_flow_test_classifier_LDADD = $(CMOCKA_LIBS) $(LIB_FLOW)
tests_unit_flow_test_execute_SOURCES = tests/unit/flow/test_execute.c
tests_unit_flow_test_execute_LDADD = $(CMOCKA_LIBS) $(LIB_FLOW)
tests_unit_flow_test_extract_SOURCES = tests/unit/flow/test_extract.c
tests_unit_flow_test_extract_LDADD = $(CMOCKA_LIBS) $(LIB_FLOW)
tests_unit_flow_test_fields_SOURCES = tests/unit/flow/test_fields.c
tests_unit_flow_test_fields_LDADD = $(CMOCKA_LIBS) $(LIB_FLOW)
tests_unit_flow_test_miniflow_SOURCES = tests/unit/flow/test_miniflow.c
tests_unit_flow_test_miniflow_LDADD = $(CMOCKA_LIBS) $(LIB_FLOW)
tests_unit_flow_test_odp_key_SOURCES = tests/unit/flow/test_odp_key.c
tests_unit_flow_test_odp_key_LDADD = $(CMOCKA_LIBS) $(LIB_FLOW)
tests_unit_flow_test_odp_text_SOURCES = tests/unit/flow/test_odp_text.c
tests_unit_flow_test_odp_text_LDADD = $(CMOCKA_LIBS) $(LIB_FLOW)

check_PROGRAMS += $(unit_flow_tests)
TESTS += $(unit_flow_tests)
