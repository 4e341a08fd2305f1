# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/netdev/libnetdev.a
lib_netdev_libnetdev_a_SOURCES =

EXTRA_DIST += lib/netdev/README.md
