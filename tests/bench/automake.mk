# SPDX-License-Identifier: Apache-2.0

EXTRA_DIST += tests/bench

# Not built by 'make': 'make tests/bench/bench_dpif'.
EXTRA_PROGRAMS += tests/bench/bench_dpif
tests_bench_bench_dpif_SOURCES = tests/bench/bench_dpif.c
tests_bench_bench_dpif_LDADD = $(LIB_DPIF)

# 'make tests/bench/bench_netdev'; the rig finds it in BUILDDIR.
EXTRA_PROGRAMS += tests/bench/bench_netdev
tests_bench_bench_netdev_SOURCES = tests/bench/bench_netdev.c
tests_bench_bench_netdev_LDADD = $(LIB_NETDEV)

# 'make tests/bench/bench_flow': nanoseconds of parsing, hashing, look-up.
EXTRA_PROGRAMS += tests/bench/bench_flow
tests_bench_bench_flow_SOURCES = tests/bench/bench_flow.c
tests_bench_bench_flow_LDADD = $(LIB_FLOW)
