# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

# Completion of ovs-vsctl, ovs-appctl and ovs-dpctl in bash.  It knows no command and no option: the
# programs are asked for their lists (--commands, --options, list-commands), and the database for the
# names of bridges, ports, tables, rows and columns.  Installed once under the name of each program.

# Sets 'words' and 'cur' from the line up to the cursor; = and : do not end a word here.
_ovs_words()
{
	local line=${COMP_LINE:0:COMP_POINT}

	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=('')
	cur=${words[-1]}
}

# Completes 'cur' with words.  What ends with = or / stays open.  Of a word, bash replaces only what
# is behind the last = or :.
_ovs_reply()
{
	local prefix=${cur%"${cur##*[:=]}"} i

	mapfile -t COMPREPLY < <(compgen -W "$*" -- "$cur" | sort -u)
	[[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=/:] ]] && compopt -o nospace 2>/dev/null
	for i in "${!COMPREPLY[@]}"; do
		COMPREPLY[i]=${COMPREPLY[i]#"$prefix"}
	done
}

# Options as --options and --option list them: "--db=ARG", "-t ARG".
_ovs_options()
{
	sed -n 's/^\(--\?[-a-zA-Z0-9]*=\?\).*/\1/p; s/^\(-[a-zA-Z]\) .*/\1/p'
}

# Whether the option takes its argument from the next word.
_ovs_takes_word() # list option
{
	[[ $2 == -* && $2 != *=* ]] && grep -qE -- "^$2(=| )ARG\$" <<<"$1"
}

# ---- ovs-vsctl

_ovs_vsctl_ask()
{
	"$program" "${db[@]}" --timeout=2 --no-wait "$@" 2>/dev/null
}

_ovs_vsctl_ports() # list-ports|list-ifaces, bridge or nothing
{
	local br

	for br in ${2:-$(_ovs_vsctl_ask list-br)}; do
		_ovs_vsctl_ask "$1" "$br"
	done
}

_ovs_client()
{
	local client=${program%ovs-vsctl}ovsdb-client

	command -v "$client" >/dev/null || client=ovsdb-client
	"$client" --timeout=2 --no-headings --format=csv "$1" ${db[0]:+"${db[0]#--db=}"} \
		"${@:2}" 2>/dev/null
}

# Prints what an argument may be, by its name in --commands.
_ovs_vsctl_argument() # name, words of the command before it
{
	local name=$1 column op
	shift

	# such as PORT|IFACE
	case $name in
	*'|'*)
		_ovs_vsctl_argument "${name%%|*}" "$@"
		_ovs_vsctl_argument "${name#*|}" "$@"
		;;
	BRIDGE | PARENT) _ovs_vsctl_ask list-br ;;
	PORT | BOND) _ovs_vsctl_ports list-ports ;;
	IFACE) _ovs_vsctl_ports list-ifaces ;;
	TABLE) _ovs_client list-tables Open_vSwitch ;;
	RECORD)
		_ovs_vsctl_ask --bare --columns=_uuid list "$2"
		_ovs_vsctl_ask --bare --columns=name list "$2"
		[[ ${2,,} == open?vswitch ]] && echo .
		;;
	COLUMN)
		_ovs_client list-columns Open_vSwitch "$2" | sed 's/,.*//; s/"//g'
		;;
	'COLUMN?:KEY' | 'COLUMN?:KEY=VALUE')
		local table=$2
		[[ $1 == add-port || $1 == add-bond ]] && table=Port
		[[ $name == *VALUE ]] && op='='
		for column in $(_ovs_client list-columns Open_vSwitch "$table" | sed 's/,.*//; s/"//g'); do
			[[ $column == _* ]] || echo "$column$op"
		done
		;;
	MODE) echo standalone secure ;;
	esac
}

_ovs_vsctl()
{
	local words cur program=$1 commands options db=() i start=1 command='' at='' args kind
	local before=() kinds=()

	_ovs_words
	commands=$("$program" --commands 2>/dev/null) || return
	options=$("$program" --options 2>/dev/null)

	# the command that the cursor is in: what stands behind the last --
	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		case ${words[i]} in
		--) start=$((i + 1)) command='' ;;
		--db=*) db=("${words[i]}") ;;
		--db) db=("--db=${words[i + 1]}") && ((i++)) ;;
		-*)
			if [[ ! $command ]] && _ovs_takes_word "$options" "${words[i]}"; then
				((i++))
				((i < ${#words[@]} - 1)) || return # the argument of an option: not known here
			fi
			;;
		*)
			[[ $command ]] || { command=${words[i]} at=$i; }
			;;
		esac
	done

	if [[ ! $command ]]; then
		args=$(sed 's/,.*//; s/[][]//g' <<<"$commands")
		[[ $start == 1 ]] && args+=" $(_ovs_options <<<"$options")"
		[[ $cur == -* ]] || args=$(cut -d, -f2 <<<"$commands")
		_ovs_reply "$args"
		return
	fi

	before=("${words[@]:at:${#words[@]}-at-1}")
	read -ra kinds <<<"$(awk -F, -v c="$command" '$2 == c { print $3 }' <<<"$commands")"
	# a kind stands for one argument; the last one, if it begins with * or +, for all that follow
	i=$((${#before[@]} - 1))
	if ((i >= ${#kinds[@]})); then
		i=$((${#kinds[@]} - 1))
		[[ $i -ge 0 && ${kinds[i]} == [*+]* ]] || { _ovs_reply --; return; }
	fi
	kind=${kinds[i]}
	local names
	names=$(_ovs_vsctl_argument "${kind:1}" "${before[@]}")
	[[ $kind == '?BRIDGE' ]] && names+=" $(_ovs_vsctl_argument PORT "${before[@]}")"
	[[ $kind == '!'* ]] || names+=' --'
	_ovs_reply "$names"
}

# ---- ovs-appctl

_ovs_appctl_targets()
{
	local run=${OVS_RUNDIR:-} f

	[[ $run ]] || run=$(ovsdb-client --help 2>/dev/null | sed -n 's/.* unix:\(.*\)\/db.sock\.$/\1/p')
	for f in "$run"/*.pid; do
		[[ -e $f ]] && basename "$f" .pid
	done
}

_ovs_appctl()
{
	local words cur program=$1 options target=() i command='' at='' usage
	local vsctl=${1%ovs-appctl}ovs-vsctl

	_ovs_words
	options=$("$program" --option 2>/dev/null) || return
	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		case ${words[i]} in
		-t | --target)
			target=(-t "${words[i + 1]}")
			((++i < ${#words[@]} - 1)) || { _ovs_reply "$(_ovs_appctl_targets)"; return; }
			;;
		--target=*) target=(-t "${words[i]#--target=}") ;;
		-*)
			if _ovs_takes_word "$options" "${words[i]}"; then
				((++i < ${#words[@]} - 1)) || return
			fi
			;;
		*)
			command=${words[i]} at=$i
			break
			;;
		esac
	done
	if [[ ! $command && $cur == --target=* ]]; then
		_ovs_reply "$(_ovs_appctl_targets | sed 's/^/--target=/')"
	elif [[ ! $command && $cur == -* ]]; then
		_ovs_reply "$(_ovs_options <<<"$options")"
	elif [[ ! $command ]]; then
		_ovs_reply "$("$program" "${target[@]}" -T 2 list-commands 2>/dev/null |
			sed -n 's/^  \([^ ]*\).*/\1/p')"
	else
		usage=$("$program" "${target[@]}" -T 2 list-commands 2>/dev/null |
			awk -v c="$command" '$1 == c { $1 = ""; print }')
		command -v "$vsctl" >/dev/null || vsctl=ovs-vsctl
		case $usage in
		*bridge*)
			[[ $cur == -* ]] || usage+=" $("$vsctl" --timeout=2 list-br 2>/dev/null)"
			;;
		esac
		# options of the command, and names of bridges
		_ovs_reply "$(tr -s ' []|' '\n' <<<"$usage" | grep -vE '^(bridge|port|vlan|mac|dp|name)$')"
	fi
	: "$at"
}

# ---- ovs-dpctl

_ovs_dpctl()
{
	local words cur program=$1 options i command='' usage

	_ovs_words
	options=$("$program" --option 2>/dev/null) || return
	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		case ${words[i]} in
		-*)
			if _ovs_takes_word "$options" "${words[i]}"; then
				((++i < ${#words[@]} - 1)) || return
			fi
			;;
		*)
			command=${words[i]}
			break
			;;
		esac
	done
	if [[ $cur == -* ]]; then
		_ovs_reply "$(_ovs_options <<<"$options")"
	elif [[ ! $command ]]; then
		_ovs_reply "$("$program" list-commands 2>/dev/null | sed -n 's/^  \([^ ]*\).*/\1/p')"
	else
		usage=$("$program" list-commands 2>/dev/null |
			awk -v c="$command" '$1 == c { $1 = ""; print }')
		[[ $usage != *dp* ]] || _ovs_reply "$("$program" -t 2 dump-dps 2>/dev/null)"
	fi
}

complete -F _ovs_vsctl ovs-vsctl
complete -F _ovs_dpctl ovs-dpctl
complete -F _ovs_appctl ovs-appctl
