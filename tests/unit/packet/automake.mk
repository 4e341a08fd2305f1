# SPDX-License-Identifier: Apache-2.0

# For each test_X.c two lines here,
#	tests/unit/packet/test_X
# in unit_packet_tests, and
#	tests_unit_packet_test_X_SOURCES = tests/unit/packet/test_X.c
#	tests_unit_packet_test_X_LDADD = $(CMOCKA_LIBS) $(LIB_...)
unit_packet_tests = \
	tests/unit/packet/test_csum \
	tests/unit/packet/test_packet

noinst_HEADERS += tests/unit/packet/unit.h

tests_unit_packet_test_csum_SOURCES = tests/unit/packet/test_csum.c
tests_unit_packet_test_csum_LDADD = $(CMOCKA_LIBS) $(LIB_PACKET)
tests_unit_packet_test_packet_SOURCES = tests/unit/packet/test_packet.c
tests_unit_packet_test_packet_LDADD = $(CMOCKA_LIBS) $(LIB_PACKET)

check_PROGRAMS += $(unit_packet_tests)
TESTS += $(unit_packet_tests)
