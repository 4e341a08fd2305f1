# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/packet/libpacket.a
lib_packet_libpacket_a_SOURCES =

EXTRA_DIST += lib/packet/README.md
