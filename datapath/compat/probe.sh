#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# probe.sh PROBES OUT - finds out what the kernel that is built against has
#
# Run by Kbuild, which exports CC and all flags of a module's sources.  Each line of the file PROBES
# is one question, and OUT becomes a header that defines HAVE_... for each that is answered by yes:
#
#   HAVE_X: linux/a.h net/b.h: code     it compiles behind these headers
#   HAVE_X: symbol name                 modules may call it
#
# A line that ends with a backslash goes on in the next; '#' starts a comment.
set -eu

probes=$1
out=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

symvers=./Module.symvers
[ -e "$symvers" ] || symvers=${objtree:-.}/Module.symvers

sed -e ':a' -e '/\\$/{N;s/\\\n//;ba' -e '}' -e '/^[[:space:]]*\(#.*\)\{0,1\}$/d' "$probes" |
while IFS= read -r line; do
	name=${line%%:*}
	rest=${line#*:}
	case $name in
	HAVE_*[!A-Z0-9_]* | [!H]*) echo "probe.sh: no probe: $line" >&2; exit 1 ;;
	esac
	case $rest in
	" symbol "*)
		awk -v s="${rest#* symbol }" '$2 == s { found = 1 } END { exit !found }' \
			"$symvers" && : >"$tmp/$name.yes"
		echo "$name" >>"$tmp/names"
		continue
		;;
	*:*) ;;
	*) echo "probe.sh: no probe: $line" >&2; exit 1 ;;
	esac
	for header in ${rest%%:*}; do
		echo "#include <$header>"
	done >"$tmp/$name.c"
	printf '%s\n' "${rest#*:}" >>"$tmp/$name.c"
	echo "$name" >>"$tmp/names"
	echo "$name" >>"$tmp/compile"
done
export tmp

# CFLAGS that name a file of dependencies or a profile are not among these.
compile() {
	# shellcheck disable=SC2086,SC2090 # lists of words
	if eval $CC $NOSTDINC_FLAGS $LINUXINCLUDE $KBUILD_CPPFLAGS $KBUILD_CFLAGS -Wno-error -DMODULE \
		-DKBUILD_MODNAME="'\"probe\"'" -DKBUILD_BASENAME="'\"probe\"'" \
		-Werror=implicit-function-declaration -Werror=incompatible-pointer-types \
		-Werror=int-conversion -fsyntax-only '"$1"' 2>"${1%.c}.log"; then
		: >"${1%.c}.yes"
	fi
}

if [ -e "$tmp/compile" ]; then
	# nothing at all compiles if this does not, and every answer would be no
	printf '#include <linux/module.h>\n' >"$tmp/control.c"
	compile "$tmp/control.c"
	if [ ! -e "$tmp/control.yes" ]; then
		cat "$tmp/control.log" >&2
		echo "probe.sh: the headers of this kernel do not compile" >&2
		exit 1
	fi
	n=0
	while read -r name; do
		compile "$tmp/$name.c" &
		n=$((n + 1))
		[ $((n % 4)) != 0 ] || wait
	done <"$tmp/compile"
	wait
fi

{
	echo "/* SPDX-License-Identifier: GPL-2.0 */"
	echo "/* Written by compat/probe.sh; not to be edited. */"
	while read -r name; do
		if [ -e "$tmp/$name.yes" ]; then
			echo "#define $name 1"
		else
			echo "/* #undef $name */"
		fi
	done <"$tmp/names"
} >"$out.tmp"
mv "$out.tmp" "$out"
if [ -n "${PROBE_LOG:-}" ]; then
	mkdir -p "$PROBE_LOG"
	for log in "$tmp"/*.log; do
		cp "$log" "$PROBE_LOG"
	done
fi
