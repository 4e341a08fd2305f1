# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += vswitchd/tables/libtables.a
vswitchd_tables_libtables_a_SOURCES =

EXTRA_DIST += vswitchd/tables/README.md
