# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/netdev/libnetdev.a
lib_netdev_libnetdev_a_SOURCES = \
	lib/netdev/host_steal.c \
	lib/netdev/host_steal.h \
	lib/netdev/large_packet.c \
	lib/netdev/large_packet.h \
	lib/netdev/linux_link.c \
	lib/netdev/linux_link.h \
	lib/netdev/netdev.c \
	lib/netdev/netdev.h \
	lib/netdev/netdev_classes.c \
	lib/netdev/netdev_closer.c \
	lib/netdev/netdev_dummy.c \
	lib/netdev/netdev_patch.c \
	lib/netdev/netdev_policer.c \
	lib/netdev/netdev_provider.h \
	lib/netdev/netdev_system.c \
	lib/netdev/netdev_tap.c \
	lib/netdev/netdev_vport.c \
	lib/netdev/packet_ring.c \
	lib/netdev/packet_ring.h \
	lib/netdev/packet_tx.c \
	lib/netdev/packet_tx.h \
	lib/netdev/pcap_file.c \
	lib/netdev/pcap_file.h \
	lib/netdev/tx_offload.c \
	lib/netdev/tx_offload.h \
	lib/netdev/vnet_hdr.c \
	lib/netdev/vnet_hdr.h

if HAVE_AFXDP
lib_netdev_libnetdev_a_SOURCES += lib/netdev/netdev_afxdp.c
endif

EXTRA_DIST += lib/netdev/README.md
