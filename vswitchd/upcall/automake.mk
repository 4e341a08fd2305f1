# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += vswitchd/upcall/libupcall.a
vswitchd_upcall_libupcall_a_SOURCES =

EXTRA_DIST += vswitchd/upcall/README.md
