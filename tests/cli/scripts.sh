#!/bin/bash
# tests/cli/scripts.sh FAUVE: what a newcomer builds (small, without tests), and how script/progress shows that it lives. In the
# source tree's root.
set -u
. tests/shell.sh scripts "$1"
trap 'rm -rf "$t"' EXIT

# ---- the default build
meson setup "$t/build" >"$t/err" 2>&1
check "a build folder is set up" [ $? = 0 ]
value() { meson introspect "$t/build" --buildoptions | tr '{' '\n' | sed -n "s/.*\"name\": \"$1\", \"value\": \([^,]*\).*/\1/p"; }
check "no tests by default" [ "$(value tests)" = false ]
check "none at all" [ "$(meson introspect "$t/build" --tests)" = "[]" ]
check "nothing is built for them" sh -c "! meson introspect '$t/build' --targets | grep -q '/tests/'"
check "no debug information by default" [ "$(value debug)" = false ]
check "kernels are optimised" [ "$(value optimization)" = '"3"' ]
check "installed stripped" [ "$(value strip)" = true ]
check "position-independent" [ "$(value b_pie)" = true ]
if ! readelf -S "$fauve" | grep -q -e debug_info -e asan; then
	bytes=$(stat -c %s "$fauve")
	check "the program has $bytes bytes, under 10 MB" [ "$bytes" -lt 10000000 ]
fi

# ---- waiting is shown: a line every five seconds into a pipe
steps() { echo "@   7% 1 of 14 one.c"; echo "a warning"; sleep 6; echo "@ 100% 14 of 14 last.c"; printf 'no newline at the end'; return 3; }
export -f steps
script/progress working bash -c steps >"$t/out" 2>"$t/err"
check "the command's exit code" [ $? = 3 ]
check "how far it is, while nothing comes" grep -q '^working 7%, [56] s: 1 of 14 one.c$' "$t/err"
check "what is no progress is shown" grep -q '^a warning$' "$t/err"
check "the last line too" grep -q '^no newline at the end$' "$t/err"
check "no live line into a pipe" sh -c "! grep -q '$(printf '\r\|\033')' '$t/err'"
check "nothing on stdout" [ ! -s "$t/out" ]

script/progress -q installing printf '%s\n' chatter 'dlstatus:1:9.52:Retrieving file 1 of 10' 2>"$t/err"
check "quiet: nothing but progress" [ ! -s "$t/err" ]
script/progress -q installing sh -c 'seq 30; echo the reason >&2; exit 5' 2>"$t/err"
check "quiet: the exit code" [ $? = 5 ]
check "quiet: why it failed, the last twenty lines" [ "$(wc -l <"$t/err") $(tail -1 "$t/err")" = "20 the reason" ]

# ---- one live line on a terminal
if command -v script >/dev/null; then
	printf '%s\n' '#!/bin/sh' 'echo "dlstatus:1:9.52:Retrieving file 1 of 10 (2s remaining)"; sleep 0.2' \
	       'echo "pmstatus:libfoo:80.1:Installing libfoo (amd64)"; sleep 1.5' >"$t/apt"     # a file: script runs any $SHELL
	TERM=xterm script -q -e -c "stty columns 60; script/progress -q installing sh $t/apt" /dev/null </dev/null >"$t/err"
	check "on a terminal: exit 0" [ $? = 0 ]
	tr '\r' '\n' <"$t/err" | sed 's/\x1b\[K//' >"$t/lines"
	check "what is downloaded, in percent" grep -q '^installing 9%, [0-9] s: Retrieving file 1 of 10 (2s remaining)$' "$t/lines"
	check "what is installed, in percent" grep -q '^installing 80%, [0-9] s: Installing libfoo (amd64)$' "$t/lines"
	check "redrawn while nothing comes" [ "$(grep -c '^installing 80%' "$t/lines")" -gt 1 ]
	check "no line is left behind" [ "$(tail -c 4 "$t/err")" = $'\r\033[K' ]
fi
finish
