# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += vswitchd/bridge/libbridge.a
vswitchd_bridge_libbridge_a_SOURCES =

EXTRA_DIST += vswitchd/bridge/README.md
