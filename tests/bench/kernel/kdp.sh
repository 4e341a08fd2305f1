#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Kernel-datapath metrics of one switch: kdp.sh ENVFILE [NAME].  Env file: KERNEL KVER [MODROOT] KMOD_OVS [KMOD_EXTRA]
# GUEST_OVS_DPCTL [GUEST_LIB_PATH] [CASES] [N].  Appends "NAME kdp_<case>_insn <guest instructions per packet>" to $RESULTS.
# The guest clock counts instructions (-icount shift=0), so the figures repeat to about 0.1 % and ignore host load.
set -u; here=$(cd "$(dirname "$0")" && pwd); HERE=$(dirname "$here"); set -a; . "$1"; set +a; name=${2:-$(basename "$1" .env)}
: "${BENCH_TMP:=$(mktemp -d "${TMPDIR:-/tmp}"/bench.XXXXXX)}"; : "${RESULTS:=$BENCH_TMP/results.txt}"
export INITRD=$BENCH_TMP/initrd.$name.gz KERNEL ICOUNT=${ICOUNT-0}
OUT=$INITRD OVS_DPCTL=$GUEST_OVS_DPCTL LIB_PATH=${GUEST_LIB_PATH:-} "$here"/build-initramfs.sh || exit 1
"$here"/run-guest.sh | tr -d '\r' > "$BENCH_TMP/guest.$name.log"
grep -q BENCH-DONE "$BENCH_TMP/guest.$name.log" || { echo "$name kdp_failed 1" | tee -a "$RESULTS"; tail -20 "$BENCH_TMP/guest.$name.log"; exit 1; }
# a row counts only if every packet was delivered (ovs-out4 delivers four for one; inj-none counts at the drop);
# kdp_<case>_over is what it takes more than tc redirect on the same path
awk -v s="$name" '/^R /{ if ($6 < $3 && $2 !~ /^(inj-none|veth-none)$/) { print s, "kdp_" $2 "_LOST", $3 - $6; next }
    print s, "kdp_" $2 "_insn", $5; inj = $2 ~ /^inj-/
    if ($2 ~ /tc-redirect$/) { if (!(inj in floor) || $5 < floor[inj]) floor[inj] = $5 }
    else if ($2 !~ /-none$/ && inj in floor) print s, "kdp_" $2 "_over", $5 - floor[inj] }
  /^I add-flows/{ print s, "kdp_addflows_" $3 "_" $4 "_s", $8 - $6 }' "$BENCH_TMP/guest.$name.log" | tee -a "$RESULTS"
