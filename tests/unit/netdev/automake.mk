# SPDX-License-Identifier: Apache-2.0

# For each test_X.c two lines here,
#	tests/unit/netdev/test_X
# in unit_netdev_tests, and
#	tests_unit_netdev_test_X_SOURCES = tests/unit/netdev/test_X.c
#	tests_unit_netdev_test_X_LDADD = $(CMOCKA_LIBS) $(LIB_...)
unit_netdev_tests = \
	tests/unit/netdev/test_forward \
	tests/unit/netdev/test_linux \
	tests/unit/netdev/test_linux_host \
	tests/unit/netdev/test_netdev \
	tests/unit/netdev/test_netdev_policer \
	tests/unit/netdev/test_tap \
	tests/unit/netdev/test_tx_offload

if HAVE_AFXDP
unit_netdev_tests += tests/unit/netdev/test_afxdp
endif

noinst_HEADERS += tests/unit/netdev/linux_rig.h

tests_unit_netdev_test_afxdp_SOURCES = tests/unit/netdev/linux_rig.c tests/unit/netdev/test_afxdp.c
tests_unit_netdev_test_afxdp_LDADD = $(CMOCKA_LIBS) $(LIB_NETDEV)
tests_unit_netdev_test_forward_SOURCES = tests/unit/netdev/linux_rig.c tests/unit/netdev/test_forward.c
tests_unit_netdev_test_forward_LDADD = $(CMOCKA_LIBS) $(LIB_NETDEV)
tests_unit_netdev_test_linux_SOURCES = tests/unit/netdev/linux_rig.c tests/unit/netdev/test_linux.c
tests_unit_netdev_test_linux_LDADD = $(CMOCKA_LIBS) $(LIB_NETDEV)
tests_unit_netdev_test_linux_host_SOURCES = tests/unit/netdev/linux_rig.c tests/unit/netdev/test_linux_host.c
tests_unit_netdev_test_linux_host_LDADD = $(CMOCKA_LIBS) $(LIB_NETDEV)
tests_unit_netdev_test_netdev_SOURCES = tests/unit/netdev/test_netdev.c
tests_unit_netdev_test_netdev_LDADD = $(CMOCKA_LIBS) $(LIB_NETDEV)
tests_unit_netdev_test_netdev_policer_SOURCES = tests/unit/netdev/test_netdev_policer.c
tests_unit_netdev_test_netdev_policer_LDADD = $(CMOCKA_LIBS) $(LIB_NETDEV)
tests_unit_netdev_test_tap_SOURCES = tests/unit/netdev/linux_rig.c tests/unit/netdev/test_tap.c
tests_unit_netdev_test_tap_LDADD = $(CMOCKA_LIBS) $(LIB_NETDEV)
tests_unit_netdev_test_tx_offload_SOURCES = tests/unit/netdev/test_tx_offload.c
tests_unit_netdev_test_tx_offload_LDADD = $(CMOCKA_LIBS) $(LIB_NETDEV)

check_PROGRAMS += $(unit_netdev_tests)
TESTS += $(unit_netdev_tests)
