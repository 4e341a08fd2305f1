# SPDX-License-Identifier: Apache-2.0

# test_fuzz.py runs it in the guest.
check_PROGRAMS += tests/kernel/fuzz_netlink
tests_kernel_fuzz_netlink_SOURCES = \
	tests/kernel/fuzz/client.c \
	tests/kernel/fuzz/client.h \
	tests/kernel/fuzz/frames.c \
	tests/kernel/fuzz/frames.h \
	tests/kernel/fuzz/fuzz_netlink.c \
	tests/kernel/fuzz/generate.c \
	tests/kernel/fuzz/generate.h \
	tests/kernel/fuzz/message.c \
	tests/kernel/fuzz/message.h \
	tests/kernel/fuzz/rig.c \
	tests/kernel/fuzz/rig.h

EXTRA_DIST += tests/kernel
