#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Control-plane metrics of one switch: ctl.sh ENVFILE [NAME].  Appends "NAME metric value" to $RESULTS.
. "$(dirname "$0")/lib.sh"; load_env "$1"; SWNAME=${2:-$(basename "$1" .env)}; RESULTS=${RESULTS:-$BENCH_TMP/results.txt}
TESTS=${TESTS:-"flows ports db idle cold restart"}
[ "$KIND" = ovs ] || exit 0
trap 'sw_down' EXIT; trap 'exit 1' INT TERM
build_bin
ms() { local a=$(now_us); "$@" >/dev/null 2>>"$BENCH_TMP"/ctl.err || rec "FAILED:$1:$2:$3" 1 >&2; echo $(( $(now_us) - a )) | awk '{printf "%.1f\n",$1/1000}'; }
fresh() { [ -n "$VS_PID" ] && sw_down; sw_up; sleep 0.5; }
# N flows over 4 match shapes; every flow distinct
genflows() { awk -v n=$1 'BEGIN{ for(i=0;i<n;i++){ a=int(i/4); ip=int(a/65536)%256"."int(a/256)%256"."a%256;
  if(i%4==0) print "table=1,priority=100,ip,nw_dst=10." ip ",actions=output:2";
  else if(i%4==1) print "table=2,priority=100,tcp,nw_src=11." ip ",tp_dst=80,actions=dec_ttl,output:2";
  else if(i%4==2) printf "table=3,priority=100,dl_dst=02:10:%02x:%02x:%02x:01,actions=set_field:%d->reg0,output:1\n", int(a/65536)%256, int(a/256)%256, a%256, a%1000;
  else print "table=4,priority=" 100+a%50 ",udp,in_port=1,nw_src=12." ip ",nw_dst=13." ip ",tp_src=" 1000+a%999 ",tp_dst=53,actions=push_vlan:0x8100,set_field:4097->vlan_vid,output:2" } }'; }
for t in $TESTS; do case $t in
flows) has_ofctl || continue
  for n in ${FLOW_COUNTS:-100000 500000}; do
    genflows $n > "$BENCH_TMP"/flows.$n; fresh; r0=$(rss_kb $VS_PID)
    v=$(ms ofctl -O OpenFlow13 add-flows br0 "$BENCH_TMP"/flows.$n); sleep 1; r1=$(rss_kb $VS_PID)
    rec addflows_${n}_ms $v; rec addflows_${n}_per_s $(awk "BEGIN{printf \"%.0f\", $n/$v*1000}"); rec flow_bytes_$n $(( (r1-r0)*1024/n ))
    rec dumpflows_${n}_ms $(ms ofctl -O OpenFlow13 dump-flows br0)
    rec dumpaggr_${n}_ms $(ms ofctl -O OpenFlow13 dump-aggregate br0)
    rec delflows_${n}_ms $(ms ofctl del-flows br0); sleep 0.5
    if [ $n -le ${BUNDLE_MAX:-500000} ]; then fresh; v=$(ms ofctl -O OpenFlow13 --bundle add-flows br0 "$BENCH_TMP"/flows.$n); rec bundle_${n}_ms $v; rec bundle_${n}_per_s $(awk "BEGIN{printf \"%.0f\", $n/$v*1000}"); rec bundle_${n}_peak_rss_kb $(awk '/^VmHWM/{print $2}' /proc/$VS_PID/status); fi
    rm -f "$BENCH_TMP"/flows.$n; sw_down; VS_PID=; done;;
ports) fresh
    addports() { local a=() i; for i in $(seq $1 $2); do a+=(-- add-port br0 bp$i -- set interface bp$i type=internal); done; vsctl --timeout=300 "${a[@]}"; }
    one() { vsctl --timeout=60 add-port br0 $1 -- set interface $1 type=internal; }
    rec addport_at2_ms $(for k in 1 2 3 4 5; do ms one xa$k; done | median)
    rec addports98_ms $(ms addports 1 98)
    rec addport_at100_ms $(for k in 1 2 3 4 5; do ms one xb$k; done | median)
    rec addports_to1000_ms $(ms addports 99 1000)
    rec addport_at1000_ms $(for k in 1 2 3; do ms one xc$k; done | median)
    rec delport_at1000_ms $(for k in 1 2 3; do ms vsctl --timeout=60 del-port xc$k; done | median)
    a=$(cpu_ns $VS_PID); sleep 5; rec idle_cpu_pct_1000ports $(awk "BEGIN{printf \"%.3f\", ($(cpu_ns $VS_PID)-$a)/5e7}")
    rec rss_kb_1000ports $(rss_kb $VS_PID)
    sw_down; VS_PID=; fresh; rec addports1000_onetxn_ms $(ms addports 1 1000); rec delbr_1000ports_ms $(ms vsctl --timeout=120 del-br br0); sw_down; VS_PID=;;
db) RUN=$BENCH_TMP/dbrun.$$; mkdir -p "$RUN"; DBNAME=Bench; db_start "$HERE"/bench.ovsschema
    L() { "$BENCH_BIN"/ovsdb-load -u "$RUN"/db.sock "$@"; }
    rec db_rss_empty_kb $(rss_kb $DB_PID)
    L -n ${DB_SEQ:-3000} -b 1000000 > "$BENCH_TMP"/o; rec db_insert_seq_tps $(field tps < "$BENCH_TMP"/o); rec db_insert_seq_p99_us $(field p99_us < "$BENCH_TMP"/o)
    L -n 3000 -b 1000000 -o update > "$BENCH_TMP"/o; rec db_update_seq_tps $(field tps < "$BENCH_TMP"/o)
    L -n 20000 -b 1000000 -w 64 -o read > "$BENCH_TMP"/o; rec db_select_w64_tps $(field tps < "$BENCH_TMP"/o)
    L -n 5000 -b 2000000 -w 64 > "$BENCH_TMP"/o; rec db_insert_w64_tps $(field tps < "$BENCH_TMP"/o)
    L -n 500 -b 3000000 -m 100 > "$BENCH_TMP"/o; rec db_insert_100mon_tps $(field tps < "$BENCH_TMP"/o); rec db_100mon_lag_ms $(field update_lag_ms < "$BENCH_TMP"/o)
    L -n 100 -k 1000 -b 5000000 > "$BENCH_TMP"/o; rec db_bulk100k_rows_per_s $(awk "BEGIN{print $(field tps < "$BENCH_TMP"/o)*1000}")
    rec db_rss_100k_kb $(rss_kb $DB_PID)
    L -n 1000 -b 5000000 -o update > "$BENCH_TMP"/o; rec db_update_seq_at100k_tps $(field tps < "$BENCH_TMP"/o)
    L -n 0 -m 10 > "$BENCH_TMP"/o; rec db_monitor_init_100k_ms $(awk "BEGIN{print $(field setup_ms < "$BENCH_TMP"/o)/10}")
    v=$(ms ovsenv "$OVS_APPCTL" -t "$RUN"/db.ctl ovsdb-server/compact); rec db_compact_ms $v
    rec db_file_kb $(du -k "$RUN"/conf.db | cut -f1)
    for k in 1 2 3; do kill $DB_PID; wait $DB_PID 2>/dev/null; rm -f "$RUN"/db.sock; ( exec env OVS_RUNDIR="$RUN" OVS_LOGDIR="$RUN" ${LD_PATH:+LD_LIBRARY_PATH=$LD_PATH} "$OVSDB_SERVER" --remote=punix:"$RUN"/db.sock --unixctl="$RUN"/db.ctl -vconsole:off "$RUN"/conf.db >/dev/null 2>&1 ) & DB_PID=$!
      L -d Bench -W | field ready_ms; done > "$BENCH_TMP"/st; rec db_start_100k_ms $(median < "$BENCH_TMP"/st); rec db_rss_100k_fresh_kb $(rss_kb $DB_PID)
    kill $DB_PID; wait $DB_PID 2>/dev/null; DB_PID=; rm -rf "$RUN"; RUN=$BENCH_TMP/run.$$; DBNAME=;;
idle) fresh; sleep 2; a=$(cpu_ns $VS_PID); b=$(cpu_ns $DB_PID); sleep 6; rec idle_vswitchd_cpu_pct $(awk "BEGIN{printf \"%.3f\", ($(cpu_ns $VS_PID)-$a)/6e7}"); rec idle_ovsdb_cpu_pct $(awk "BEGIN{printf \"%.3f\", ($(cpu_ns $DB_PID)-$b)/6e7}"); rec idle_vswitchd_rss_kb $(rss_kb $VS_PID); rec idle_ovsdb_rss_kb $(rss_kb $DB_PID);;
cold) # config in the database, both daemons down; time from launch to first echoed probe
    for k in 1 2 3; do [ -z "$VS_PID" ] && fresh; ! has_ofctl || ofctl del-flows br0 2>/dev/null
      ( xb "$BENCH_BIN"/rr -s 7007 ) & rp=$!
      for p in $VS_PID $DB_PID; do kill $p; done; wait $VS_PID $DB_PID 2>/dev/null; sleep 0.3
      ( xa "$BENCH_BIN"/rr -c 10.77.0.2 -p 7007 -g 6 > "$BENCH_TMP"/gap ) & gp=$!; sleep 0.2; t0=200
      db_start; vs_start; wait $gp; kill $rp; wait $rp 2>/dev/null
      awk -v o=$t0 '{for(i=1;i<NF;i++)if($i=="first_ms")print $(i+1)-o}' "$BENCH_TMP"/gap >> "$BENCH_TMP"/cold.$$; done
    rec coldstart_to_packet_ms $(median < "$BENCH_TMP"/cold.$$); rm -f "$BENCH_TMP"/cold.$$;;
restart) for k in 1 2 3; do [ -z "$VS_PID" ] && fresh; [ "${FORWARD:-flows}" = normal ] || forward
      ( xb "$BENCH_BIN"/rr -s 7007 ) & rp=$!
      ( xa "$BENCH_BIN"/rr -c 10.77.0.2 -p 7007 -g 6 > "$BENCH_TMP"/gap ) & gp=$!; sleep 1.5
      kill $VS_PID; wait $VS_PID 2>/dev/null; vs_start; sleep 0.2
      wait $gp; kill $rp; wait $rp 2>/dev/null; field longest_gap_ms < "$BENCH_TMP"/gap >> "$BENCH_TMP"/rst.$$; done
    rec restart_outage_ms $(median < "$BENCH_TMP"/rst.$$); rm -f "$BENCH_TMP"/rst.$$;;
esac; done
