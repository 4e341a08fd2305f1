#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs as PID 1 of the guest.  Prints "R <case> <pkts> <usec> <ns_per_pkt> <delivered>" lines.
export PATH=/bin:/sbin LD_LIBRARY_PATH=/lib/x86_64-linux-gnu
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
echo 1 > /proc/sys/kernel/panic
ip() { /bin/ip.real "$@"; }; tc() { /bin/tc.real "$@"; }   # not the busybox applets
CASES=all; N=20000
for w in $(cat /proc/cmdline); do case $w in bench.n=*) N=${w#*=};; bench.cases=*) CASES=$(echo ${w#*=} | tr , ' ');; esac; done
for m in $(cat /mods/order); do insmod /mods/$m 2>/dev/null || echo "insmod $m failed"; done
echo 0 > /proc/sys/net/ipv6/conf/default/disable_ipv6 2>/dev/null
echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 2>/dev/null; echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6 2>/dev/null
ip link set lo up
for i in 0 1; do ip link add p${i}a type veth peer name p${i}b; ip link set p${i}a address 02:00:00:00:0$i:0a; ip link set p${i}b address 02:00:00:00:0$i:0b; ip link set p${i}a up; ip link set p${i}b up; done
ip link add d0 type dummy; ip link set d0 up
PG=/proc/net/pktgen
pg() { echo "$2" > $PG/$1; }
TH=kpktgend_0
rx() { cat /sys/class/net/$1/statistics/$2; }
# gen <case> <dev> <xmit_mode> <nflows> <counter-dev> <counter> [frame size]
gen() {
    c=$1 dev=$2 mode=$3 nf=$4 cd=$5 cn=$6 sz=${7:-60}
    want $c || return 0
    pg $TH "rem_device_all"; pg $TH "add_device $dev"
    pg $dev "count 2000"; pg $dev "clone_skb 0"; pg $dev "pkt_size $sz"; pg $dev "delay 0"; pg $dev "xmit_mode $mode"
    pg $dev "src_mac 02:aa:00:00:00:01"; pg $dev "dst_mac 02:aa:00:00:00:02"
    pg $dev "src_min 10.0.0.1"; pg $dev "src_max 10.0.0.1"; pg $dev "dst_min 10.0.0.2"; pg $dev "dst_max 10.0.0.2"
    pg $dev "udp_src_min 1000"; pg $dev "udp_src_max 1000"; pg $dev "udp_dst_min 1"; pg $dev "udp_dst_max $nf"
    echo start > $PG/pgctrl                       # warm-up
    for rep in 1 2 3; do
        pg $dev "count $N"
        a=$(rx $cd $cn); echo start > $PG/pgctrl; b=$(rx $cd $cn)
        us=$(grep -o 'OK: [0-9]*' $PG/$dev | cut -d' ' -f2)
        echo "R $c $N $us $((us*1000/N)) $((b-a))"
    done
    pg $TH "rem_device_all"
}
want() { [ "$CASES" = all ] && return 0; for x in $CASES; do case $1 in $x) return 0;; esac; done; return 1; }

# ---- no switch
gen veth-none p0a start_xmit 1 p0b rx_packets
gen inj-none p0b netif_receive 1 p0b rx_packets
# ---- least forwarder: tc ingress redirect
if [ -x /bin/tc.real ] && want tc-redirect; then
    tc qdisc add dev p0b ingress && tc filter add dev p0b ingress matchall action mirred egress redirect dev p1b &&
    gen tc-redirect p0a start_xmit 1 p1a rx_packets
    tc qdisc del dev p0b ingress
    tc qdisc add dev p0b ingress && tc filter add dev p0b ingress matchall action mirred egress redirect dev d0 &&
    gen inj-tc-redirect p0b netif_receive 1 d0 tx_packets
    tc qdisc del dev p0b ingress
fi
# ---- Linux bridge
ip link add br0 type bridge; ip link set br0 up; ip link set p0b master br0; ip link set p1b master br0; ip link set d0 master br0
ip link set br0 type bridge forward_delay 0 stp_state 0 2>/dev/null
ip link set p0b type bridge_slave state 3 2>/dev/null
/bin/sleep 1
# static fdb by learning is not available for a sink: flood to one other port only
ip link set d0 nomaster
gen bridge p0a start_xmit 1 p1a rx_packets
gen bridge-1k p0a start_xmit 1000 p1a rx_packets
ip link set p1b nomaster; ip link set d0 master br0; /bin/sleep 1
gen inj-bridge p0b netif_receive 1 d0 tx_packets
ip link set p0b nomaster; ip link set d0 nomaster; ip link del br0

# ---- openvswitch
DP=bench
ovs-dpctl add-dp $DP || { echo "no datapath"; poweroff -f; }
ovs-dpctl add-if $DP p0b; ovs-dpctl add-if $DP p1b; ovs-dpctl add-if $DP d0
ip link set p0b up; ip link set p1b up; ip link set d0 up
ovs-dpctl show $DP
K="recirc_id(0),in_port(1),eth(src=02:aa:00:00:00:01,dst=02:aa:00:00:00:02),eth_type(0x0800)"
IP="ipv4(src=10.0.0.1,dst=10.0.0.2,proto=17,tos=0,ttl=32,frag=no)"
fl() { ovs-dpctl del-flows $DP; ovs-dpctl add-flow $DP "$1" "$2" || echo "add-flow failed: $1 $2"; }
fl "$K,$IP,udp(src=1000,dst=1)" 2;              gen ovs-1exact p0a start_xmit 1 p1a rx_packets
fl "$K,$IP,udp(src=1000,dst=1)" 3;              gen inj-ovs-1exact p0b netif_receive 1 d0 tx_packets
if ovs-dpctl cache-set-size $DP masks-cache 0 >/dev/null 2>&1; then fl "$K,$IP,udp(src=1000,dst=1)" 3; gen inj-ovs-1exact-nomaskcache p0b netif_receive 1 d0 tx_packets; ovs-dpctl cache-set-size $DP masks-cache 256 >/dev/null; fi
fl "recirc_id(0),in_port(1),eth(),eth_type(0x0800),ipv4(frag=no)" 2; gen ovs-1wild p0a start_xmit 1 p1a rx_packets
mkflows() { # out port, masks, flows: the flow files are made by build-initramfs.sh
    sed "s/@O@/$1/" /flows.$2.$3 > /tmp/f
    ovs-dpctl del-flows $DP
    t0=$(cut -d' ' -f1 /proc/uptime); ovs-dpctl add-flows $DP /tmp/f || echo add-flows failed; t1=$(cut -d' ' -f1 /proc/uptime)
    echo "I add-flows $3 masks=$2 from $t0 to $t1 installed $(ovs-dpctl dump-flows $DP | wc -l)"
}
mkflows 2 1 1000;   gen ovs-1k-1mask p0a start_xmit 1000 p1a rx_packets
mkflows 3 1 1000;   gen inj-ovs-1k-1mask p0b netif_receive 1000 d0 tx_packets
mkflows 2 20 1000;  gen ovs-1k-20mask p0a start_xmit 1000 p1a rx_packets
mkflows 3 20 1000;  gen inj-ovs-1k-20mask p0b netif_receive 1000 d0 tx_packets
mkflows 2 1 10000;   gen ovs-10k-1mask p0a start_xmit 10000 p1a rx_packets
mkflows 2 20 10000;  gen ovs-10k-20mask p0a start_xmit 10000 p1a rx_packets
mkflows 3 20 10000;  gen inj-ovs-10k-20mask p0b netif_receive 10000 d0 tx_packets
fl "$K,$IP,udp(src=1000,dst=1)" 3; gen inj-ovs-1exact-1500B p0b netif_receive 1 d0 tx_packets 1500
fl "$K,$IP,udp(src=1000,dst=1)" "push_vlan(vid=5,pcp=0),2"; gen ovs-pushvlan p0a start_xmit 1 p1a rx_packets
fl "$K,$IP,udp(src=1000,dst=1)" "push_vlan(vid=5,pcp=0),3"; gen inj-ovs-pushvlan p0b netif_receive 1 d0 tx_packets
fl "$K,$IP,udp(src=1000,dst=1)" "set(eth(src=02:bb:00:00:00:01,dst=02:bb:00:00:00:02)),set(ipv4(ttl=31)),2"; gen ovs-setfields p0a start_xmit 1 p1a rx_packets
fl "$K,$IP,udp(src=1000,dst=1)" "2,2,2,2"; gen ovs-out4 p0a start_xmit 1 p1a rx_packets
fl "$K,$IP,udp(src=1000,dst=1)" "recirc(1)"; ovs-dpctl add-flow $DP "recirc_id(0x1),in_port(1),eth(),eth_type(0x0800),ipv4(frag=no)" 2; gen ovs-recirc p0a start_xmit 1 p1a rx_packets
fl "$K,$IP,udp(src=1000,dst=1)" "ct(commit,zone=1),recirc(1)"; ovs-dpctl add-flow $DP "recirc_id(0x1),in_port(1),ct_state(+trk),eth(),eth_type(0x0800),ipv4(frag=no)" 2; gen ovs-ct p0a start_xmit 1 p1a rx_packets
# miss: no flow at all and nobody listening: the lookup-miss path alone
ovs-dpctl del-flows $DP; gen ovs-miss-nolistener p0a start_xmit 1 p0b rx_packets
# ---- tunnels
ovs-dpctl del-if $DP p1b; ip addr add 10.9.0.1/24 dev p1b; ip link set p1b up
ip neigh add 10.9.0.2 lladdr 02:cc:00:00:00:02 dev p1b nud permanent
ovs-dpctl add-if $DP vx0,type=vxlan,remote_ip=flow,key=flow,local_ip=flow && V=$(ovs-dpctl show $DP | sed -n 's/.*port \([0-9]*\): vx.*/\1/p') &&
{ fl "$K,$IP,udp(src=1000,dst=1)" "set(tunnel(tun_id=0x5,src=10.9.0.1,dst=10.9.0.2,ttl=64,tp_dst=4789,flags(df|key))),$V"; gen ovs-vxlan p0a start_xmit 1 p1a rx_packets; }
ovs-dpctl add-if $DP gr0,type=gre,remote_ip=flow,key=flow,local_ip=flow && V=$(ovs-dpctl show $DP | sed -n 's/.*port \([0-9]*\): gr.*/\1/p') &&
{ fl "$K,$IP,udp(src=1000,dst=1)" "set(tunnel(tun_id=0x5,src=10.9.0.1,dst=10.9.0.2,ttl=64,flags(df|key))),$V"; gen ovs-gre p0a start_xmit 1 p1a rx_packets; }
ovs-dpctl show $DP
ovs-dpctl del-dp $DP
# native VXLAN through a Linux bridge, for comparison
ip link add vxn type vxlan id 5 local 10.9.0.1 remote 10.9.0.2 dstport 4790 && { ip link add br0 type bridge; ip link set br0 type bridge forward_delay 0; ip link set p0b master br0; ip link set vxn master br0; ip link set vxn up; ip link set p0b up; ip link set br0 up; /bin/sleep 1; gen bridge-vxlan p0a start_xmit 1 p1a rx_packets; }
echo BENCH-DONE
poweroff -f
