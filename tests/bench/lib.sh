# SPDX-License-Identifier: Apache-2.0
# Common parts.  A switch under test is described by an env file (see env.example):
#   KIND=ovs|bridge|veth|tc|netdev   OVS_VSWITCHD OVSDB_SERVER OVSDB_TOOL OVS_VSCTL OVS_OFCTL OVS_DPCTL OVS_APPCTL OVS_SCHEMA
#   DP_TYPE (netdev|system)  PORT_TYPE ("" | afxdp)  OTHER_CONFIG ("k=v ...")  PORT_OPTS ("options:... ")  LD_PATH
# Everything started here is remembered by pid and stopped by pid.  State lives under $BENCH_TMP.
BENCH_TMP=${BENCH_TMP:-$(mktemp -d "${TMPDIR:-/tmp}"/bench.XXXXXX)}; mkdir -p "$BENCH_TMP"
BENCH_BIN=${BENCH_BIN:-$BENCH_TMP/bin}
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build_bin() { make -s -C "$HERE/src" BIN="$BENCH_BIN" >/dev/null; }
now_ms() { echo $(( $(date +%s%N) / 1000000 )); }
now_us() { echo $(( $(date +%s%N) / 1000 )); }
# ---- namespaces: A -- a0 | s0 -- SW -- s1 | b0 -- B
NS=${NS:-bx$$}
topo_up() { # ports beyond the two: none
    ip netns add $NS-a; ip netns add $NS-b; ip netns add $NS-s
    for x in a b; do
        ip link add ${x}0 netns $NS-$x type veth peer name s$x netns $NS-s
        ip -n $NS-$x link set lo up
        ip netns exec $NS-$x sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
    done
    ip netns exec $NS-s sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
    ip -n $NS-s link set lo up
    ip -n $NS-a link set a0 address 02:00:00:00:00:0a up; ip -n $NS-b link set b0 address 02:00:00:00:00:0b up
    ip -n $NS-a addr add 10.77.0.1/24 dev a0; ip -n $NS-b addr add 10.77.0.2/24 dev b0
    ip -n $NS-s link set sa up; ip -n $NS-s link set sb up
    ip -n $NS-a neigh replace 10.77.0.2 lladdr 02:00:00:00:00:0b dev a0 nud permanent
    ip -n $NS-b neigh replace 10.77.0.1 lladdr 02:00:00:00:00:0a dev b0 nud permanent
}
topo_veth() { # direct pair, no switch
    ip netns add $NS-a; ip netns add $NS-b
    ip link add a0 netns $NS-a type veth peer name b0 netns $NS-b
    for x in a b; do ip -n $NS-$x link set lo up; ip netns exec $NS-$x sysctl -qw net.ipv6.conf.all.disable_ipv6=1; done
    ip -n $NS-a link set a0 address 02:00:00:00:00:0a up; ip -n $NS-b link set b0 address 02:00:00:00:00:0b up
    ip -n $NS-a addr add 10.77.0.1/24 dev a0; ip -n $NS-b addr add 10.77.0.2/24 dev b0
    ip -n $NS-a neigh replace 10.77.0.2 lladdr 02:00:00:00:00:0b dev a0 nud permanent
    ip -n $NS-b neigh replace 10.77.0.1 lladdr 02:00:00:00:00:0a dev b0 nud permanent
}
topo_down() { for x in a b s; do ip netns del $NS-$x 2>/dev/null; done; true; }
ina() { ip netns exec $NS-a "$@"; }
inb() { ip netns exec $NS-b "$@"; }
xa() { exec ip netns exec $NS-a "$@"; }   # for background use: ( xa cmd ) & leaves the command's own pid in $!
xb() { exec ip netns exec $NS-b "$@"; }
ins() { ip netns exec $NS-s "$@"; }
# ---- the switch (runs inside namespace $NS-s)
RUN=$BENCH_TMP/run.$$
ovsenv() { env OVS_RUNDIR="$RUN" OVS_DBDIR="$RUN" OVS_LOGDIR="$RUN" OVS_SYSCONFDIR="$RUN" ${LD_PATH:+LD_LIBRARY_PATH=$LD_PATH} "$@"; }
vsctl() { ovsenv "$OVS_VSCTL" --db=unix:"$RUN"/db.sock "$@"; }
ofctl() { ovsenv "$OVS_OFCTL" "$@"; }
appctl() { ovsenv "$OVS_APPCTL" -t "$RUN"/vs.ctl "$@"; }
DB_PID= VS_PID=
db_start() { # [schema]
    mkdir -p "$RUN"
    [ -e "$RUN"/conf.db ] || ovsenv "$OVSDB_TOOL" create "$RUN"/conf.db "${1:-$OVS_SCHEMA}"
    ( exec env OVS_RUNDIR="$RUN" OVS_DBDIR="$RUN" OVS_LOGDIR="$RUN" ${LD_PATH:+LD_LIBRARY_PATH=$LD_PATH} "$OVSDB_SERVER" --remote=punix:"$RUN"/db.sock --unixctl="$RUN"/db.ctl --log-file="$RUN"/db.log -vconsole:off "$RUN"/conf.db >/dev/null 2>&1 ) & DB_PID=$!
    until "$BENCH_BIN"/ovsdb-load -u "$RUN"/db.sock -d "${DBNAME:-Open_vSwitch}" -W >/dev/null 2>&1; do sleep 0.01; kill -0 $DB_PID || return 1; done
}
vs_start() {
    # exec all the way down, so that $! is the switch itself and not a subshell
    ( exec ip netns exec $NS-s env OVS_RUNDIR="$RUN" OVS_DBDIR="$RUN" OVS_LOGDIR="$RUN" ${LD_PATH:+LD_LIBRARY_PATH=$LD_PATH} ${VS_CPU:+taskset -c $VS_CPU} "$OVS_VSWITCHD" unix:"$RUN"/db.sock --unixctl="$RUN"/vs.ctl --log-file="$RUN"/vs.log -vconsole:off $VS_ARGS >/dev/null 2>&1 ) & VS_PID=$!
}
# FORWARD=flows: one OpenFlow rule each way.  FORWARD=normal: the bridge learns; the two addresses
# that the senders use, which nobody owns, are static entries of its MAC table.
forward() {
    if [ "${FORWARD:-flows}" = normal ]; then
        appctl fdb/add br0 sb 0 02:00:00:00:00:bb; appctl fdb/add br0 sa 0 02:00:00:00:00:aa
    else
        ofctl del-flows br0 2>/dev/null; ofctl add-flow br0 in_port=1,actions=2; ofctl add-flow br0 in_port=2,actions=1
    fi
}
has_ofctl() { [ -x "${OVS_OFCTL:-}" ]; }
sw_stop() { for p in $VS_PID $DB_PID; do kill $p 2>/dev/null; done; for p in $VS_PID $DB_PID; do wait $p 2>/dev/null; done; VS_PID= DB_PID=; rm -rf "$RUN"; }
sw_up() { # topology plus switch with ports sa, sb
    case $KIND in
    veth) topo_veth;;
    bridge) topo_up; ip -n $NS-s link add br0 type bridge forward_delay 0; for p in sa sb; do ip -n $NS-s link set $p master br0; done; ip -n $NS-s link set br0 up; sleep 0.3
        ip netns exec $NS-s bridge fdb replace 02:00:00:00:00:bb dev sb master static 2>/dev/null || true
        ip netns exec $NS-s bridge fdb replace 02:00:00:00:00:aa dev sa master static 2>/dev/null || true;;
    tc) topo_up; ins tc qdisc add dev sa ingress && ins tc filter add dev sa ingress bpf bytecode "1,6 0 0 4294967295" action mirred egress redirect dev sb   # the least forwarder
        ins tc qdisc add dev sb ingress && ins tc filter add dev sb ingress bpf bytecode "1,6 0 0 4294967295" action mirred egress redirect dev sa;;
    netdev) topo_up   # lib/netdev alone: bench_netdev with NETDEV_ARGS
        ( exec ip netns exec $NS-s ${VS_CPU:+taskset -c $VS_CPU} "$NETDEV_BENCH" $NETDEV_ARGS sa sb > "$BENCH_TMP"/netdev.$$ 2>&1 ) & VS_PID=$!;;
    ovs) topo_up
        [ -n "$VETH_TX_OFF" ] && for x in a b; do ip netns exec $NS-$x ethtool -K ${x}0 tx off >/dev/null 2>&1; done
        if [ "$PORT_TYPE" = afxdp ]; then for p in sa sb; do ins ethtool -K $p tx off >/dev/null 2>&1; done; for x in a b; do ip netns exec $NS-$x ethtool -K ${x}0 tx off >/dev/null 2>&1; done; fi
        db_start || return 1; vsctl --no-wait init; for oc in $OTHER_CONFIG; do vsctl --no-wait set Open_vSwitch . other_config:$oc; done
        vs_start
        vsctl --timeout=30 add-br br0 -- set bridge br0 datapath_type=${DP_TYPE:-netdev}
        for p in sa sb; do vsctl --timeout=30 add-port br0 $p -- set interface $p ${PORT_TYPE:+type=$PORT_TYPE} ofport_request=$([ $p = sa ] && echo 1 || echo 2) $PORT_OPTS; done
        forward;;
    esac
}
sw_down() { case $KIND in ovs|netdev) sw_stop;; esac; topo_down; }
load_env() { unset KIND FORWARD VETH_TX_OFF VS_ARGS PORT_TYPE OTHER_CONFIG PORT_OPTS DP_TYPE LD_PATH VS_CPU; set -a; . "$1"; set +a; }
median() { sort -g | awk '{v[NR]=$1} END{ if(!NR){print "nan"; exit} print (NR%2)?v[(NR+1)/2]:(v[NR/2]+v[NR/2+1])/2 }'; }
stats3() { sort -g | awk '{v[NR]=$1} END{ if(!NR){print "nan nan nan"; exit} m=(NR%2)?v[(NR+1)/2]:(v[NR/2]+v[NR/2+1])/2; print m, v[1], v[NR] }'; }
field() { awk -v k="$1" '{for(i=1;i<NF;i++) if($i==k){print $(i+1); exit}}'; }
rec() { echo "$SWNAME $*" >> "$RESULTS"; echo "$SWNAME $*"; }
rss_kb() { awk '/^VmRSS/{print $2}' /proc/$1/status; }
cpu_ns() { cat /proc/$1/task/*/schedstat 2>/dev/null | awk '{s+=$1} END{printf "%.0f\n", s}'; }
