#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Datapath forwarding metrics of one switch: fwd.sh ENVFILE.  Appends "NAME metric value" to $RESULTS.
. "$(dirname "$0")/lib.sh"; load_env "$1"; SWNAME=${2:-$(basename "$1" .env)}; RESULTS=${RESULTS:-$BENCH_TMP/results.txt}
TESTS=${TESTS:-"max1 max1k blast rate cpu newflow newmac rr ping tcp"}; SEC=${SEC:-2}
trap 'sw_down' EXIT; trap 'exit 1' INT TERM
build_bin; sw_up || { rec up-failed 1; exit 1; }; sleep ${SETTLE:-1}
CNT=b0
# one trial: rate flows -> delivered pps, sent pps, cpu ns of the switch per delivered packet
trial() { # rate flows [extra sender args]
    local r=$1 f=$2; shift 2
    ( xa taskset -c ${SND_CPU:-0} "$BENCH_BIN"/${SENDER:-pktsend} -i a0 -r $r -t $(awk "BEGIN{print $SEC+1.0}") -f $f "$@" > "$BENCH_TMP"/snd.$$ ) & local sp=$!
    sleep 0.6
    inb "$BENCH_BIN"/cpusnap ${VS_PID:+-p $VS_PID} $SEC b0 > "$BENCH_TMP"/rcv.$$
    wait $sp
    D=$(field rxpps < "$BENCH_TMP"/rcv.$$); S=$(field pps < "$BENCH_TMP"/snd.$$); C=$(field cpu_ns < "$BENCH_TMP"/rcv.$$); SI=$(field softirq < "$BENCH_TMP"/rcv.$$); PCT=$(field cpu_pct < "$BENCH_TMP"/rcv.$$)
    N=$(awk "BEGIN{print $D*$(field sec < "$BENCH_TMP"/rcv.$$)}")
    CPP=$(awk -v n="$N" -v c="${C:-0}" 'BEGIN{ print (n > 0 ? c / n : 0) }')
}
trial 2000 1 >/dev/null
for t in $TESTS; do case $t in
max1)  trial 0 1; rec max1_pps $D; rec max1_offered $S; rec max1_cpu_ns $CPP;;
max1k) trial 0 1000; rec max1k_pps $D; rec max1k_offered $S; rec max1k_cpu_ns $CPP;;
blast) # XDP live-frame sender: about twice as fast; needs NAPI (gro or XDP) on the receiving veth
    for d in a b; do ip netns exec $NS-s ethtool -K s$d gro on >/dev/null 2>&1; inb ethtool -K b0 gro on >/dev/null 2>&1; done
    SENDER=pktblast; trial 0 1; rec blast1_pps $D; rec blast1_offered $S; rec blast1_cpu_ns $CPP; trial 0 1000; rec blast1k_pps $D; rec blast1k_offered $S; SENDER=
    for d in a b; do ip netns exec $NS-s ethtool -K s$d gro off >/dev/null 2>&1; inb ethtool -K b0 gro off >/dev/null 2>&1; done;;
rate)  [ $KIND = ovs ] || continue
       # greatest paced rate with < 0.5 % loss, by bisection
    trial 0 1; lo=0 hi=$(awk "BEGIN{print ($D>$S?$S:$D)*1.3}"); best=0
    for i in 1 2 3 4 5; do mid=$(awk "BEGIN{printf \"%.0f\", ($lo+$hi)/2}"); trial $mid 1; if awk "BEGIN{exit !($D >= 0.995*$mid)}"; then lo=$mid best=$D; else hi=$mid; fi; done
    rec lossfree1_pps $best;;
cpu)   for r in ${CPU_RATES:-20000 100000}; do trial $r 1; rec cpu_ns_at_${r} $CPP; rec delivered_at_${r} $D; rec softirq_share_at_${r} $SI; done;;
newflow) # every packet a new UDP source port/address, over a table that must match L4
    if [ $KIND = ovs ] && has_ofctl && [ "${FORWARD:-flows}" = flows ]; then ofctl del-flows br0   # 'move' un-wildcards the whole field: one megaflow per (address, port)
      ofctl add-flow br0 "table=0,in_port=1,udp,actions=move:NXM_OF_UDP_SRC[]->NXM_NX_REG0[0..15],move:NXM_OF_IP_SRC[]->NXM_NX_REG1[],resubmit(,1)"; ofctl add-flow br0 "table=1,reg0=0,reg1=0,actions=drop"; ofctl add-flow br0 "table=1,priority=0,actions=2"
      for r in ${NEWFLOW_RATES:-5000 20000 60000}; do trial $r 1 -R; rec newflow_pps_at_$r $D; rec newflow_cpu_ns_at_$r $CPP; done
      ofctl del-flows br0; ofctl add-flow br0 in_port=1,actions=2; ofctl add-flow br0 in_port=2,actions=1; sleep 1
    fi;;
newmac) # every packet a destination nobody has: a megaflow of its own in a learning switch, flooded
    [ $KIND = ovs ] || continue
    for r in ${NEWFLOW_RATES:-5000 20000 60000}; do trial $r 1 -D; rec newmac_pps_at_$r $D; rec newmac_cpu_ns_at_$r $CPP; done;;
rr)    ( xb "$BENCH_BIN"/rr -s 7007 ) & rp=$!; sleep 0.2; ina "$BENCH_BIN"/rr -c 10.77.0.2 -p 7007 -t $SEC > "$BENCH_TMP"/rr.$$; kill $rp; wait $rp 2>/dev/null
    rec rr_p50_us $(field p50 < "$BENCH_TMP"/rr.$$); rec rr_p99_us $(field p99 < "$BENCH_TMP"/rr.$$);;
ping)  v=$(ina ping -f -q -c 10000 -W 1 10.77.0.2 | awk -F'[/ ]' '/^rtt/{print $8} / received/{ if ($4 != 10000) print "lost" > "/dev/stderr"}'); rec ping_avg_us $(awk "BEGIN{print $v*1000}");;
tcp)   ( xb iperf3 -s -1 -p 5301 >/dev/null 2>&1 ) & ip3=$!; sleep 0.4
    ( xa timeout $((SEC+8)) iperf3 -c 10.77.0.2 -p 5301 -t $((SEC+1)) -O 1 -J > "$BENCH_TMP"/ip3.$$ 2>/dev/null ) & q=$!; sleep 1.5; inb "$BENCH_BIN"/cpusnap ${VS_PID:+-p $VS_PID} 1 b0 > "$BENCH_TMP"/rcv.$$; wait $q; kill $ip3 2>/dev/null; wait $ip3 2>/dev/null
    rec tcp_mbps $(awk '/"sum_received"/{f=1} f&&/bits_per_second/{v=$0; sub(/.*bits_per_second":/,"",v); printf "%.0f\n", v/1e6; exit}' "$BENCH_TMP"/ip3.$$); rec tcp_cpu_pct $(field cpu_pct < "$BENCH_TMP"/rcv.$$);;
esac; done
