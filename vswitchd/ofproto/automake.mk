# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += vswitchd/ofproto/libofproto.a
vswitchd_ofproto_libofproto_a_SOURCES =

EXTRA_DIST += vswitchd/ofproto/README.md
