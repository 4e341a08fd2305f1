# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += vswitchd/l2/libl2.a
vswitchd_l2_libl2_a_SOURCES =

EXTRA_DIST += vswitchd/l2/README.md
