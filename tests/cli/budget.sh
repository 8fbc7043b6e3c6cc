#!/bin/bash
# tests/cli/budget.sh FAUVE MAKE_MODEL: what is refused before it costs anything, and waits that end.
set -u
. tests/shell.sh budget "$1"
trap 'rm -rf "$t"' EXIT
data=$PWD/tests/data
mkdir -p "$t/styles" "$t/made"
"$2" strokenet "$t/styles/brush.safetensors" || exit 1
cd "$t" || exit 1

# Seconds that it takes: the machine may be busy.
soon() # CODE TEXT ARGUMENTS...
{
	local begun=$SECONDS
	one_line "$@"
	check "fauve ${*:3}: at once" [ $((SECONDS - begun)) -lt 10 ]
}

for sandbox in auto all off; do
	soon 3 "16383 x 16383 pixels in 38 bytes" --sandbox $sandbox apply brush "$data/bomb_268MP.webp" -o no.png
	soon 3 "20480 x 20400 pixels in 9070 bytes" --sandbox $sandbox apply brush "$data/bomb_418MP.tif" -o no.png
	soon 5 "need .* MB to be painted, and --max-memory is 524 MB" --sandbox $sandbox apply brush "$data/bomb_268MP.webp" -o no.png --max-megapixels 300 --max-memory 500M
	soon 5 "7000 x 7000 pixels need .* allow more, or paint a smaller copy" --sandbox $sandbox apply brush "$data/flat_50MP.webp" -o no.png --max-memory 500M
	run 0 "" --sandbox $sandbox apply brush "$data/mountain_path.jpg" -o $sandbox.png --max-memory 500M
done
cmp -s auto.png all.png && cmp -s auto.png off.png
check "the same painting, wherever the photograph is decoded" [ $? = 0 ]
soon 5 "allow more, or paint a smaller copy" apply brush "$data/mountain_path.jpg" -o no.png --max-memory 50M
run 2 "sandbox" --sandbox perhaps doctor
run 0 "" doctor
check "doctor says the limits" grep -q "WebP 4096" "$t/out"
check "doctor says whether pictures are decoded apart" grep -q "^sandbox " "$t/out"
mkfifo pipe.jpg
soon 3 "is not a file" apply brush pipe.jpg -o no.png
soon 3 "is not a file" apply brush /dev/zero -o no.png
check "nothing is painted" [ ! -e no.png ]

# Signals, at any time on 50 megapixels.
for wait in 0.1 0.5 1 2 4; do
	"$fauve" apply brush "$data/flat_50MP.webp" -o made/a.webp >/dev/null 2>"$t/err" &
	pid=$!
	sleep $wait
	begun=$(date +%s%N)
	kill -TERM $pid
	wait $pid
	code=$?
	took=$((($(date +%s%N) - begun) / 1000000))
	check "stopped after $wait s: exit 130, came $code" [ $code = 130 ]
	check "stopped after $wait s: in $took ms" [ $took -lt 3000 ]
	check "stopped after $wait s: nothing is left" [ -z "$(ls -A made)" ]
done
finish
