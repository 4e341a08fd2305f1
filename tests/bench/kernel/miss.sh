#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2046,SC2086,SC2015

# Misses and revalidation of one daemon over a kernel datapath: miss.sh ENVFILE [NAME] (an ENVFILE
# of fwd.sh).  Boots the guest once and appends "NAME miss_... value" to $RESULTS.  With ICOUNT=1
# (the default) a nanosecond of the guest is an instruction, so that figures repeat and do not
# depend on the host; ICOUNT= gives real rates, on CPUS processors.
#   MODULE     ours (default), stock or a path: the same for all who are compared
#   MISS_TESTS parts of: table dst src l4 burst train quiet flood (default: all)
#   FLOWS      of 'table' (default 100000)
#   PERF=1     a profile behind each trial, on stdout

here=$(cd "$(dirname "$0")" && pwd)

if [ -z "${MISS_IN_GUEST:-}" ]; then
	name=${2:-$(basename "$1" .env)}
	: "${BENCH_TMP:=$(mktemp -d "${TMPDIR:-/tmp}"/bench.XXXXXX)}" "${RESULTS:=$BENCH_TMP/results.txt}"
	: "${BUILDDIR:=$here/../../../build}"
	BUILDDIR=$(cd "$BUILDDIR" && pwd)
	BENCH_BIN=${BENCH_BIN:-$BUILDDIR/bench-bin}
	make -s -C "$here/../src" BIN="$BENCH_BIN" >/dev/null || exit 1
	export BUILDDIR BENCH_BIN MISS_IN_GUEST=1
	log=$BENCH_TMP/miss.$name.log
	icount=${ICOUNT-1}
	"$here/../../kernel/guest" --module="${MODULE:-ours}" --cpus="${CPUS:-1}" ${icount:+--icount=idle} \
		--timeout="${LIMIT:-1500}" --mem="${GUEST_MEM:-2048}" --warnings \
		--env=BENCH_BIN --env=MISS_IN_GUEST --env=MISS_TESTS --env=FLOWS --env=N --env=RATE \
		--env=PERF \
		"$(realpath "$0")" "$(realpath "$1")" "$name" 2>&1 | tee "$log"
	grep -E "^$name miss_" "$log" >>"$RESULTS"
	grep -q '^MISS-DONE' "$log"
	exit
fi

# ---- In the guest.
export BENCH_TMP=/tmp/miss RESULTS=/tmp/miss/results.txt
mkdir -p "$BENCH_TMP"
# shellcheck source=tests/bench/lib.sh
. "$here/../lib.sh"
load_env "$1"
SWNAME=$2
DP_TYPE=system VS_CPU='' FLOWS=${FLOWS:-100000} N=${N:-4000} RATE=${RATE:-1000}
MISS_TESTS=${MISS_TESTS:-table dst src l4 burst train quiet flood}
OTHER_CONFIG='max-idle=3600000 flow-limit=250000 min-revalidate-pps=0' VS_ARGS=--pidfile

dpctl() { ins env OVS_RUNDIR="$RUN" ${LD_PATH:+LD_LIBRARY_PATH=$LD_PATH} "$OVS_DPCTL" "$@"; }

# What has happened so far, as shell assignments with the suffix $1.
snap() {
	dpctl show | awk -v x="$1" '/lookups:/ { split($3, m, ":"); split($4, l, ":") }
		/flows:/ { n = $2 } END { printf "missed%s=%d lost%s=%d flows%s=%d\n", x, m[2], x, l[2], x, n }'
	for t in /proc/"$VS_PID"/task/*; do
		echo "$(tr -d ' ' <"$t/comm") $(cat "$t/schedstat")"
	done | awk -v x="$1" '{ k = $1 ~ /^handler/ ? "handler" : $1 ~ /^revalidator/ ? "reval" : "other"
		s[k] += $2; all += $2 } END {
		printf "handler%s=%.0f reval%s=%.0f switch%s=%.0f\n", x, s["handler"], x, s["reval"], x, all }'
	awk -v x="$1" '/^cpu/ { s += $8 } END { printf "guest%s=%.0f\n", x, s }' /proc/schedstat
	awk -v x="$1" '/^(Slab|Percpu|VmallocUsed|MemFree|AnonPages):/ {
		printf "%s%s=%d\n", $1, x, $2 }' /proc/meminfo | tr -d :
	echo "rss$1=$(rss_kb "$VS_PID") now$1=$(date +%s%N)"
}

per() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.1f\n", (b > 0 ? a / b : 0) }'; }

upcall_show() { # FIELD-REGEX
	appctl upcall/show | sed -n "s/.*$1.*/\\1/p" | head -n 1
}

purge() {
	appctl revalidator/purge
	appctl fdb/flush br0 >/dev/null
	sleep 1
}

perf_begin() {
	[ -n "${PERF:-}" ] || return
	sysctl -qw kernel.perf_cpu_time_max_percent=25 kernel.perf_event_max_sample_rate=100000 \
		kernel.perf_cpu_time_max_percent=0 kernel.kptr_restrict=0
	perf record -q -a -g -e cpu-clock -F 5000 -o "$BENCH_TMP/perf" </dev/null & perf=$!
	sleep 6
}

perf_end() {
	[ -n "${PERF:-}" ] || return
	kill -INT $perf
	wait $perf
	perf report -i "$BENCH_TMP/perf" --no-children --stdio -g none --sort comm
	perf report -i "$BENCH_TMP/perf" --no-children --stdio -g none --sort comm,dso,symbol
	perf report -i "$BENCH_TMP/perf" --children --stdio -g none --sort comm,symbol
	perf report -i "$BENCH_TMP/perf" --no-children --stdio -g caller,0.5,callee --sort symbol
}

first=1
# trial METRIC PKTSEND-ARGUMENT...: N frames that miss, and what each of them cost
trial() {
	local what=$1
	shift
	appctl upcall/set-flow-limit 250000 >/dev/null
	perf_begin
	eval "$(snap 0)"
	ina "$BENCH_BIN"/pktsend -i a0 -t 600 -n "$N" -o $first "$@" >"$BENCH_TMP/snd"
	first=$((first + N))
	sleep 2
	eval "$(snap 1)"
	perf_end
	local n=$((missed1 - missed0 - (lost1 - lost0)))
	rec "miss_${what}_handled" $(per $n "$N")
	rec "miss_${what}_installed" $(per $((flows1 - flows0)) "$N")
	rec "miss_${what}_handler_insn" $(per $((handler1 - handler0)) $n)
	rec "miss_${what}_reval_insn" $(per $((reval1 - reval0)) $n)
	rec "miss_${what}_switch_insn" $(per $((switch1 - switch0)) $n)
	rec "miss_${what}_guest_insn" $(per $((guest1 - guest0)) $n)
	purge
}

quiet() { # METRIC
	ina "$BENCH_BIN"/newping -s $NS-c:c0 -d $NS-b:b0 -n 100 -r 20 -o $first >"$BENCH_TMP/quiet"
	first=$((first + 100))
	rec "miss_$1_lost" "$(field lost <"$BENCH_TMP/quiet")"
	for f in p50 p99 max; do rec "miss_$1_${f}_us" "$(field $f <"$BENCH_TMP/quiet")"; done
}

round() { # METRIC SECONDS: what a revalidation of all flows costs, over some time
	eval "$(snap 0)"
	sleep "$2"
	eval "$(snap 1)"
	rec "miss_table_$1_round_ms" "$(upcall_show 'dump duration : \([0-9]*\)ms')"
	rec "miss_table_$1_reval_cpu_pct" $(per $((100 * (reval1 - reval0))) $((now1 - now0)))
	rec "miss_table_$1_flow_limit" "$(upcall_show '(limit \([0-9]*\))')"
}

table() {
	appctl upcall/set-flow-limit 250000 >/dev/null
	eval "$(snap 0)"
	local m0=$((Slab0 + Percpu0 + VmallocUsed0)) rss=$rss0 free=$MemFree0
	local t0=$now0 sent=0
	for _ in $(seq 60); do
		ina "$BENCH_BIN"/pktsend -i a0 -t 600 -n 10000 -o $((first + sent)) -D -r 4000 -w 16 >/dev/null
		sent=$((sent + 10000))
		appctl upcall/set-flow-limit 250000 >/dev/null
		eval "$(snap 1)"
		[ $((flows1 - flows0)) -ge "$FLOWS" ] && break
	done
	sleep 2
	first=$((first + sent))
	eval "$(snap 1)"
	local n=$((flows1 - flows0))
	[ $n -gt 1000 ] || { rec miss_table_failed 1; return; }
	rec miss_table_flows $n
	rec miss_table_sent_for_them $sent
	rec miss_table_fill_s $(per $(((now1 - t0) / 1000000)) 1000)
	rec miss_table_kernel_bytes $(per $((1024 * (Slab1 + Percpu1 + VmallocUsed1 - m0))) $n)
	rec miss_table_daemon_bytes $(per $((1024 * (rss1 - rss))) $n)
	rec miss_table_guest_bytes $(per $((1024 * (free - MemFree1))) $n)
	round still 10
	# every flow is used again, or else who revalidates may save itself a translation
	eval "$(snap 0)"
	ina "$BENCH_BIN"/pktsend -i a0 -t 600 -n $sent -o $((first - sent)) -D -r 50000 -w 10 >/dev/null
	sleep 2
	eval "$(snap 1)"
	rec miss_table_used_reval_cpu_pct $(per $((100 * (reval1 - reval0))) $((now1 - now0)))
	eval "$(snap 0)"
	appctl revalidator/wait
	eval "$(snap 1)"
	rec miss_table_wait_ms $(per $((now1 - now0)) 1000000)
	rec miss_table_wait_reval_insn $(per $((reval1 - reval0)) $n)
	# each is translated anew
	perf_begin
	eval "$(snap 0)"
	appctl fdb/flush br0 >/dev/null
	appctl revalidator/wait
	eval "$(snap 1)"
	perf_end
	rec miss_table_flush_ms $(per $((now1 - now0)) 1000000)
	rec miss_table_flush_reval_insn $(per $((reval1 - reval0)) $n)
	eval "$(snap 0)"
	vsctl --timeout=120 add-br br9 -- set bridge br9 datapath_type=system
	appctl revalidator/wait
	eval "$(snap 1)"
	rec miss_table_change_ms $(per $((now1 - now0)) 1000000)
	rec miss_table_change_reval_insn $(per $((reval1 - reval0)) $n)
	rec miss_table_left $(dpctl show | awk '/flows:/ { print $2 }')
	perf_begin
	eval "$(snap 0)"
	appctl revalidator/purge
	eval "$(snap 1)"
	perf_end
	rec miss_table_purge_ms $(per $((now1 - now0)) 1000000)
	rec miss_table_purge_reval_insn $(per $((reval1 - reval0)) $n)
}

# The guest is slow at reading files of the host: before anything is measured.
for p in "$OVS_VSWITCHD" "$OVSDB_SERVER" "$OVSDB_TOOL" "$OVS_VSCTL" "$OVS_DPCTL" "$OVS_APPCTL" "$BENCH_BIN"/*; do
	cat "$p"
	ovsenv ldd "$p" | awk '/=> \//{ print $3 }' | xargs -r cat
done >/dev/null
# In a system that has been up for less than ten seconds Debian's daemon counts no processors, and
# never tells the kernel of the handlers that it starts later.
sleep 12
trap sw_down EXIT
sw_up || { echo "$SWNAME miss_failed 1"; exit 1; }
ip netns add $NS-c
ip link add c0 netns $NS-c type veth peer name sc netns $NS-s
ip netns exec $NS-c sysctl -qw net.ipv6.conf.all.disable_ipv6=1
ip -n $NS-c link set c0 address 02:00:00:00:00:0c up
ip -n $NS-s link set sc up
vsctl --timeout=60 add-port br0 sc
sleep 3
dpctl show | grep -q sc || { tail "$RUN/vs.log"; echo "$SWNAME miss_failed 1"; exit 1; }
trial warm -D -r "$RATE" -w 1 >/dev/null
for t in $MISS_TESTS; do
	case $t in
	train) trial train -D -b 256 -r 0 ;;      # all at once: what is lost was too much
	dst) trial dst -D -r "$RATE" -w 1 ;;   # an address nobody has
	src) trial src -S -r "$RATE" -w 1 ;;   # a new station
	l4)                                    # few stations, many connections, exact matches
		appctl upcall/disable-megaflows >/dev/null
		trial l4 -R -r "$RATE" -w 1
		appctl upcall/enable-megaflows >/dev/null
		;;
	burst) trial burst -D -r "$RATE" -w 60 ;; # bursts of about 60
	flood)                                 # as many as go through in a time
		for k in D S; do
			appctl upcall/set-flow-limit 250000 >/dev/null
			perf_begin
			eval "$(snap 0)"
			ina "$BENCH_BIN"/pktsend -i a0 -t 4 -r 20000 -w 10 -o $first -$k >"$BENCH_TMP/snd"
			first=$((first + 100000))
			eval "$(snap 1)"
			perf_end
			rec miss_flood_${k}_per_s $(per $(((flows1 - flows0) * 1000)) $(((now1 - now0) / 1000000)))
			rec miss_flood_${k}_reval_per_handler $(per $((100 * (reval1 - reval0))) $((handler1 - handler0)))
			purge
		done
		;;
	quiet)
		quiet quiet_alone
		for k in D S; do
			( xa "$BENCH_BIN"/pktsend -i a0 -t 60 -r 20000 -w 10 -o $first -$k >"$BENCH_TMP/snd" ) & p=$!
			first=$((first + 1000000))
			sleep 1
			quiet quiet_flood_$k
			kill $p
			wait $p 2>/dev/null
			sleep 1
			purge
		done
		;;
	table) table ;;
	esac
done
echo MISS-DONE
