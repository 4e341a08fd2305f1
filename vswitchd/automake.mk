# SPDX-License-Identifier: Apache-2.0

sbin_PROGRAMS += vswitchd/ovs-vswitchd
vswitchd_ovs_vswitchd_SOURCES = vswitchd/main.c
vswitchd_ovs_vswitchd_LDADD = $(LIB_VSWITCHD_BRIDGE)

EXTRA_DIST += vswitchd/README.md

dist_pkgdata_DATA += vswitchd/vswitch.ovsschema
