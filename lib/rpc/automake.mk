# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/rpc/librpc.a
lib_rpc_librpc_a_SOURCES =

EXTRA_DIST += lib/rpc/README.md
