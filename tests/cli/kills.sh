#!/bin/bash
# tests/cli/kills.sh FAUVE MAKE_MODEL KILLS [SEED]: SIGKILL, KILLS times while folders are painted
# and KILLS times while dense is trained. Whatever stands under a picture's name is whole, the run
# ends with the bytes of one never stopped, paints nothing twice, and leaves nothing aside. In the
# source tree's root.
set -u
. tests/shell.sh kills "$1"
make_model=$(realpath "$2")
kills=$3 seed=${4:-$RANDOM}
RANDOM=$seed
echo "kills: seed $seed"
trap 'kill -9 $(jobs -p) 2>/dev/null; rm -rf "$t"' EXIT
mkdir "$t/in" && "$make_model" strokenet "$t/brush.safetensors" && make_idx 200 "$t/digits.idx" || exit 1
for i in 1 2 3 4 5 6; do
	"$fauve" -q apply "$t/brush.safetensors" tests/data/mountain_path.jpg --strength 0.$i -o "$t/in/$i.$([ $((i % 2)) = 0 ] && echo png || echo jpg)" || exit 1
done
cd "$t" || exit 1

aside() { find "$1" -name '.fauve-*'; }

# Kills what runs after at most $1 ms; every second time as soon as a file stands aside in folder $2. $3: its process.
kill_it()
{
	local i=$((RANDOM % $1)) waits=$((RANDOM % 2 * 20000)) f
	sleep $((i / 1000)).$(printf %03d $((i % 1000)))
	for ((i = 0; i < waits; i++)); do
		f=("$2"/.fauve-*)
		[ ! -e "${f[0]}" ] && kill -0 "$3" 2>/dev/null || break
	done
	kill -9 "$3" 2>/dev/null
	wait "$3" 2>/dev/null
	[ -z "$(aside "$2" 2>/dev/null)" ] || left=$((left + 1))
}

mkdir -p in/deep/er && mv in/3* in/deep && mv in/4* in/deep/er
begun=$(date +%s%3N)
run 0 "" -q apply brush.safetensors in -o whole --threads 2
took=$(($(date +%s%3N) - begun))
left=0 painted=0
for ((k = 0; k < kills; k++)); do
	out=painted$k
	"$fauve" -q apply brush.safetensors in -o $out --threads 2 2>/dev/null &
	kill_it $took $out $!
	for f in $(cd $out 2>/dev/null && find . -type f ! -name '.fauve-*'); do
		painted=$((painted + 1))
		cmp -s "$out/$f" "whole/$f" || check "kill $k: $f is whole" false
	done
	stamps=$(find $out -type f ! -name '.fauve-*' -printf '%p %i\n' 2>/dev/null | sort)
	run 0 "" -q apply brush.safetensors in -o $out --threads 2
	check "kill $k: all pictures are there, and nothing else" diff -r whole $out
	same=$(find $out -type f -printf '%p %i\n' | grep -xF "$stamps" | sort)
	check "kill $k: what was finished is not painted again" [ "$same" = "$stamps" ]
done
echo "kills: $kills of apply, with $painted pictures painted by then, $left left a file aside"

dense="dense --data digits.idx --batch 16 --steps 400 --threads 1 --checkpoint-every 0.1s --preview-every 1s"
begun=$(date +%s%3N)
run 0 "" -q train $dense -o run_whole
took=$(($(date +%s%3N) - begun))
left=0
for ((k = 0; k < kills; k++)); do
	"$fauve" -q train $dense -o run_killed 2>/dev/null &
	kill_it $((took / 3 + 1)) run_killed $!
done
echo "kills: $kills of train, $left left a file aside"
run 0 "" -q train $dense -o run_killed
same_run "killed" run_whole run_killed
check "the next run leaves nothing aside: $(aside run_killed)" [ -z "$(aside run_killed)" ]
finish
