#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Boot the guest once and print its result lines.  Needs KERNEL, INITRD; optional CASES (comma-separated), N, ICOUNT.
# With ICOUNT=0 one guest instruction is one virtual nanosecond, so ns/packet = instructions/packet.
: "${KERNEL:?}" "${INITRD:?}"
exec timeout "${LIMIT:-1500}" "${QEMU:-qemu-system-x86_64}" -accel tcg,thread=single ${ICOUNT:+-icount shift=$ICOUNT,sleep=off} \
    -cpu "${GUEST_CPU:-max}" -m "${GUEST_MEM:-1024}" -smp 1 -nographic -no-reboot -nodefaults -serial stdio \
    -kernel "$KERNEL" -initrd "$INITRD" \
    -append "console=ttyS0 panic=-1 quiet mitigations=${MITIGATIONS:-auto} clocksource=tsc tsc=reliable bench.n=${N:-20000} bench.cases=${CASES:-all}" </dev/null
