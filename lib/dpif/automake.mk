# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/dpif/libdpif.a
lib_dpif_libdpif_a_SOURCES =

EXTRA_DIST += lib/dpif/README.md
