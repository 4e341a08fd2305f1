#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# compare.sh ROUNDS SCRIPT ENV_A ENV_B [ENV...]   runs SCRIPT (fwd.sh|ctl.sh|kernel/kdp.sh) on each env in turn, ROUNDS times
# (A B A B ...), then prints per metric: median (min-max) of each and the ratio to the first env.
set -u; here=$(cd "$(dirname "$0")" && pwd)
rounds=$1 script=$2; shift 2
export BENCH_TMP=${BENCH_TMP:-$(mktemp -d "${TMPDIR:-/tmp}"/bench.XXXXXX)}; export RESULTS=${RESULTS:-$BENCH_TMP/results.txt}
[ -n "${KEEP:-}" ] || : > "$RESULTS"
for r in $(seq $rounds); do for e in "$@"; do timeout ${PER_RUN:-600} "$here/$script" "$e" "$(basename "$e" .env)" > "$BENCH_TMP"/log.$(basename "$e" .env).$r 2>&1; done; done
"$here"/report.sh "$RESULTS" "$@"
