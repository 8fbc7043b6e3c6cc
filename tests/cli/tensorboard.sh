#!/bin/bash
# tests/cli/tensorboard.sh FAUVE: TensorBoard's own reader reads what a run writes. Skipped without it: pip install tensorboard.
set -u
python=${FAUVE_PYTHON:-python3}
if ! "$python" -c 'import tensorboard' 2>/dev/null; then
	echo "tensorboard: skipped: $python has no tensorboard (pip install tensorboard; FAUVE_PYTHON names another python)"
	exit 77
fi
. tests/shell.sh tensorboard "$1"
trap 'rm -rf "$t"' EXIT
make_idx 60 "$t/digits.idx" || exit 1
cd "$t" || exit 1
begin="dense --data digits.idx --batch 8 --measure swd --measure-every 20 --tensorboard -o run"
run 0 "" train $begin --steps 50
run 0 "going on at step 50 of 90" train --resume run --steps 90
"$python" - run >read 2>err <<'PY'
import sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
a = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0, 'images': 0})
a.Reload()
for tag in a.Tags()['scalars']:
    print('scalar', tag, *[e.step for e in a.Scalars(tag)])
for tag in a.Tags()['images']:
    for e in a.Images(tag):
        print('image', tag, e.step, e.width, e.height, e.encoded_image_string[:3].hex())
for e in a.Scalars('loss/d'):
    print('value', e.step, '%.6g' % e.value)
PY
check "it is read" [ -s read ]
check "losses, each step once" grep -qx 'scalar loss/d 10 20 30 40 50 60 70 80 90' read
check "rates" grep -qx 'scalar rate/rate 10 20 30 40 50 60 70 80 90' read
check "what was measured" grep -qx 'scalar metric/swd 20 40 50 60 80 90' read
check "speed" grep -q '^scalar speed/samples_per_second ' read
check "sheets, as JPEG, with their sizes" grep -q '^image sheet 50 124 124 ffd8ff$' read
sed -n 's/^{"step":\([0-9]*\),"d":\([0-9.e+-]*\),.*/\1 \2/p' run/stats.jsonl | while read -r step d; do
	printf 'value %d %.6g\n' "$step" "$d"
done >wanted
grep '^value' read >got
check "values are those of stats.jsonl" cmp -s wanted got
finish
