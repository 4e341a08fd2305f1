# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += vswitchd/bridge/libbridge.a
vswitchd_bridge_libbridge_a_SOURCES = \
	vswitchd/bridge/bridge.c \
	vswitchd/bridge/bridge.h \
	vswitchd/bridge/bridge_impl.h \
	vswitchd/bridge/host_stats.c \
	vswitchd/bridge/host_stats.h \
	vswitchd/bridge/iface.c \
	vswitchd/bridge/mac.c \
	vswitchd/bridge/port.c \
	vswitchd/bridge/status.c

EXTRA_DIST += vswitchd/bridge/README.md
