# SPDX-License-Identifier: Apache-2.0

unit_db_tests = \
	tests/unit/db/test_atom \
	tests/unit/db/test_condition \
	tests/unit/db/test_datum \
	tests/unit/db/test_error \
	tests/unit/db/test_idl \
	tests/unit/db/test_schema \
	tests/unit/db/test_table \
	tests/unit/db/test_text \
	tests/unit/db/test_text_setting \
	tests/unit/db/test_type

noinst_HEADERS += tests/unit/db/unit.h
tests_unit_db_test_atom_SOURCES = tests/unit/db/test_atom.c
tests_unit_db_test_atom_LDADD = $(CMOCKA_LIBS) $(LIB_DB)
tests_unit_db_test_condition_SOURCES = tests/unit/db/test_condition.c
tests_unit_db_test_condition_LDADD = $(CMOCKA_LIBS) $(LIB_DB)
tests_unit_db_test_datum_SOURCES = tests/unit/db/test_datum.c
tests_unit_db_test_datum_LDADD = $(CMOCKA_LIBS) $(LIB_DB)
tests_unit_db_test_error_SOURCES = tests/unit/db/test_error.c
tests_unit_db_test_error_LDADD = $(CMOCKA_LIBS) $(LIB_DB)
tests_unit_db_test_idl_SOURCES = tests/unit/db/test_idl.c
tests_unit_db_test_idl_LDADD = $(CMOCKA_LIBS) $(LIB_DB)
$(tests_unit_db_test_idl_OBJECTS): | lib/db/vswitch_idl.h
tests_unit_db_test_schema_SOURCES = tests/unit/db/test_schema.c
tests_unit_db_test_schema_LDADD = $(CMOCKA_LIBS) $(LIB_DB)
tests_unit_db_test_table_SOURCES = tests/unit/db/test_table.c
tests_unit_db_test_table_LDADD = $(CMOCKA_LIBS) $(LIB_DB)
tests_unit_db_test_text_SOURCES = tests/unit/db/test_text.c
tests_unit_db_test_text_LDADD = $(CMOCKA_LIBS) $(LIB_DB)
tests_unit_db_test_text_setting_SOURCES = tests/unit/db/test_text_setting.c
tests_unit_db_test_text_setting_LDADD = $(CMOCKA_LIBS) $(LIB_DB)
tests_unit_db_test_type_SOURCES = tests/unit/db/test_type.c
tests_unit_db_test_type_LDADD = $(CMOCKA_LIBS) $(LIB_DB)

check_PROGRAMS += $(unit_db_tests)
TESTS += $(unit_db_tests)
