# SPDX-License-Identifier: Apache-2.0

EXTRA_DIST += vswitchd/README.md

dist_pkgdata_DATA += vswitchd/vswitch.ovsschema
