# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/packet/libpacket.a
lib_packet_libpacket_a_SOURCES = \
	lib/packet/csum.c \
	lib/packet/csum.h \
	lib/packet/drop_reason.c \
	lib/packet/headers.h \
	lib/packet/packet.c \
	lib/packet/packet.h \
	lib/packet/rewrite.c \
	lib/packet/rewrite.h

EXTRA_DIST += lib/packet/README.md
