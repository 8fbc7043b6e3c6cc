#!/bin/bash
# tests/slow/kill.sh FAUVE MAKE_MODEL [SEED]: twenty times killed with SIGKILL at random moments and resumed, a run ends with
# the same bytes as one never stopped: weights, optimiser, average, statistics. In the source tree's root.
set -u
. tests/shell.sh kill "$1"
make_model=$(realpath "$2")
seed=${3:-$RANDOM}
RANDOM=$seed
trap 'kill -9 $(jobs -p) 2>/dev/null; rm -rf "$t"' EXIT
echo "kill: seed $seed"
mkdir -p "$t/photos" "$t/art" || exit 1
cp tests/data/mountain_path.jpg "$t/photos/one.jpg"
"$make_model" stylenet "$t/brush.safetensors" && make_idx 200 "$t/digits.idx" || exit 1
for k in 1 2 3; do
	"$fauve" -q apply "$t/brush.safetensors" "$t/photos/one.jpg" --strength 0.$((3 * k)) -o "$t/art/$k.png" || exit 1
done
cp "$t/art/1.png" "$t/photos/two.png"
cd "$t" || exit 1

# Every fourth kill comes at any moment from the start; the others when it trains, and of these every second while a file is
# being written: as soon as one stands aside.
killed() # KILLS MOST RUN ARGUMENTS...: MOST is the longest wait for a kill in ms
{
	local kills=$1 most=$2 run=$3 i k writing=0 alive=0 steps before=-1 pid
	shift 3
	for ((k = 0; k < kills; k++)); do
		"$fauve" train "$@" -o "$run" --checkpoint-every 0.1s --preview-every 1s --threads $((1 + k % 2)) >out 2>err &
		pid=$!
		# The sweep of what the last kill left is over when it trains.
		for ((i = 0; i < 6000 && k % 4; i++)); do
			grep -q '^going on\|^time:' err && break
			sleep 0.01
		done
		i=$((RANDOM % most))
		sleep $((i / 1000)).$(printf %03d $((i % 1000)))
		for ((i = 0; i < 5000 && k % 2; i++)); do
			[ -z "$(compgen -G "$run/.fauve-*")" ] || break
		done
		kill -9 $pid 2>/dev/null
		wait $pid 2>/dev/null
		[ $? != 137 ] || alive=$((alive + 1))
		[ -z "$(compgen -G "$run/.fauve-*")" ] || writing=$((writing + 1))
		steps=$(sed -n 's/^going on at step \([0-9]*\) .*/\1/p' err)
		[ -z "$steps" ] || check "kill $k of $run: the run never falls back (from $before to $steps)" [ "$steps" -ge "$before" ]
		before=${steps:-$before}
	done
	check "$run: $kills kills should hit a run that was alive, $alive did" [ $alive = $kills ]
	check "$run: some hit a file that was being written, $writing did" [ $writing -gt 0 ]
	echo "kill: $run: $kills kills, $writing of them while a file was written, step $before at the last one"
	run 0 "going on at step" train "$@" -o "$run"
	check "$run: nothing is left aside" [ -z "$(find "$run" -name '.fauve*')" ]
}

style="style --photos photos --art art --width 8 --blocks 2 --size 64 --batch 2 --seed $seed --steps ${STEPS_STYLE:-300}"
dense="dense --data digits.idx --batch 32 --seed $seed --steps ${STEPS_DENSE:-5000}"
run 0 "" train $style -o style_1 --threads 1
begun=$(date +%s%3N)
run 0 "" train $style -o style_2 --threads 2
took=$(($(date +%s%3N) - begun))
same_run "style, 1 and 2 threads" style_1 style_2
killed 12 $((took / 12)) style_killed $style
same_run "style, killed" style_1 style_killed
check "statistics of all steps" [ "$(wc -l <style_killed/stats.jsonl)" = $((${STEPS_STYLE:-300} / 10)) ]
run 0 "" train $dense -o dense_1 --threads 1
begun=$(date +%s%3N)
run 0 "" train $dense -o dense_2 --threads 2
took=$(($(date +%s%3N) - begun))
same_run "dense, 1 and 2 threads" dense_1 dense_2
killed 8 $((took / 8)) dense_killed $dense
same_run "dense, killed" dense_1 dense_killed
finish
