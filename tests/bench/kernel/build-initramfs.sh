#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Build a busybox initramfs holding the kernel-datapath benchmark.
#   KVER         guest kernel version (modules under MODROOT/lib/modules/KVER)
#   MODROOT      root of the module tree (default /)
#   BUSYBOX      static busybox
#   OVS_DPCTL    ovs-dpctl to install flows with (any build whose CPU needs TCG can meet)
#   LIB_PATH     extra library path for OVS_DPCTL (optional)
#   KMOD_OVS     openvswitch.ko under test ("" = the one in the module tree)
#   KMOD_EXTRA   further .ko files under test, loaded after it (vport-*.ko), in order
#   OUT          initramfs to write
set -eu
: "${KVER:?}" "${OVS_DPCTL:?}" "${OUT:?}"
MODROOT=${MODROOT:-} BUSYBOX=${BUSYBOX:-$(command -v busybox)} KMOD_OVS=${KMOD_OVS:-} KMOD_EXTRA=${KMOD_EXTRA:-}
here=$(cd "$(dirname "$0")" && pwd)
W=$(mktemp -d); trap 'rm -rf "$W"' EXIT
mkdir -p "$W"/{bin,sbin,proc,sys,dev,tmp,run/openvswitch,etc,lib64,lib/x86_64-linux-gnu,mods,var/run,var/log}
cp "$BUSYBOX" "$W/bin/busybox"
for a in sh cat echo mount insmod sed awk seq sleep grep cut tr mkdir ls head tail poweroff reboot sync dmesg printf expr wc; do ln -s busybox "$W/bin/$a"; done
copybin() { # path, name
    cp -L "$1" "$W/bin/$2"
    LD_LIBRARY_PATH=${LIB_PATH:-} ldd "$1" | awk '/=> \//{print $3} /^\t\/lib/{print $1}' | while read -r l; do
        case $l in /lib64/*) d=$W/lib64;; *) d=$W/lib/x86_64-linux-gnu;; esac
        [ -e "$d/$(basename "$l")" ] || cp -L "$l" "$d/"
    done
}
copybin "$OVS_DPCTL" ovs-dpctl
copybin "$(command -v ip)" ip.real
if command -v tc >/dev/null; then copybin "$(command -v tc)" tc.real; fi
n=0
addko() { b=$(basename "$1"); grep -qx "$b" "$W/mods/order" 2>/dev/null || { cp "$1" "$W/mods/$b"; echo "$b" >> "$W/mods/order"; }; }
touch "$W/mods/order"
# what the module under test depends on is more than the one of the tree does
deps=; [ -z "$KMOD_OVS" ] || deps=$(modinfo -F depends "$KMOD_OVS" | tr , ' ')
for m in veth dummy pktgen bridge vxlan ip_gre sch_ingress act_mirred cls_matchall nf_conntrack $deps openvswitch vport-vxlan vport-gre; do
    modprobe -d "${MODROOT:-/}" -S "$KVER" --show-depends "$m" 2>/dev/null | awk '{print $2}' | while read -r ko; do
        case $(basename "$ko") in
            openvswitch.ko*) [ -n "$KMOD_OVS" ] && ko=$KMOD_OVS;;
            vport-vxlan.ko*|vport-gre.ko*) [ -n "$KMOD_OVS" ] && continue;;
        esac
        addko "$ko"
    done || true
done
for ko in $KMOD_EXTRA; do addko "$ko"; done
mkflows() { # masks, flows: flow i sits under mask i%masks (source prefix length 32-i%masks)
    awk -v m="$1" -v n="$2" 'function ip(v) { return int(v/16777216)"."int(v/65536)%256"."int(v/256)%256"."v%256 }
      BEGIN { for (i = 0; i < n; i++) { g = 2^(i%m); s = 167772161 - 167772161%g;
        print "recirc_id(0),in_port(1),eth(src=02:aa:00:00:00:01,dst=02:aa:00:00:00:02),eth_type(0x0800),ipv4(src=" ip(s) "/" ip(4294967296-g) ",dst=10.0.0.2,proto=17,tos=0,ttl=32,frag=no),udp(src=1000,dst=" i+1 ") @O@" } }' > "$W/flows.$1.$2"
}
mkflows 1 1000; mkflows 20 1000; mkflows 1 10000; mkflows 20 10000
cp "$here/guest-init.sh" "$W/init"; chmod +x "$W/init"
(cd "$W" && find . -print0 | cpio --null -o -H newc --quiet | gzip -1) > "$OUT"
