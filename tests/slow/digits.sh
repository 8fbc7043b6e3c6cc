#!/bin/bash
# tests/slow/digits.sh FAUVE: after five minutes of training on MNIST, are the pictures digits, and every digit among them?
# Needs the four files of MNIST in FAUVE_SHARED/data/mnist (../shared when not set), python3 with numpy and pillow (PYTHON);
# TIME=90m trains longer. In the source tree's root.
set -u
fauve=$(realpath "$1") python=${PYTHON:-python3} mnist=${FAUVE_SHARED:-../shared}/data/mnist
if ! "$python" -c 'import numpy, PIL' 2>/dev/null || [ ! -r "$mnist/t10k-labels-idx1-ubyte.gz" ]; then
	echo "digits: skipped: needs python3 with numpy and pillow, and MNIST in $mnist"
	exit 77
fi
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
passed=0 failed=0

check() # WHAT EXPRESSION OF AWK
{
	if awk "BEGIN { exit !($2) }"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "digits: $1: failed ($2)"
	fi
}

"$fauve" train dense --data "$mnist" -o "$t/run" --time "${TIME:-5m}" 2>&1 | tail -2
"$fauve" generate "$t/run/model.safetensors" -n 1000 --seed 7 -o "$t/grid.png" || exit 1
# What no classifier should take for digits: the same sheet with its rows of pixels in another order.
"$python" - "$t/grid.png" "$t/torn.png" <<'PY'
import sys, numpy as np
from PIL import Image
a = np.asarray(Image.open(sys.argv[1])).copy()
for y in range(0, len(a), 32):
    a[y:y + 28] = a[y + np.arange(28) * 11 % 28]
Image.fromarray(a).save(sys.argv[2])
PY
"$python" tests/slow/judge_digits.py "$mnist" 1000 "$t/grid.png" "$t/torn.png" >"$t/said" || exit 1
tail -1 "$t/run/stats.jsonl"
sed "s|$t/||" "$t/said"

accuracy=$(awk '/^accuracy/ { print $2 }' "$t/said")
accepted=$(awk '/grid.png accepted/ { print $3 }' "$t/said")
torn=$(awk '/torn.png accepted/ { print $3 }' "$t/said")
check "the classifier knows 97 % of the test digits" "$accuracy >= 0.97"
check "it accepts 80 % of what was generated" "$accepted >= 0.8"
digit=0
for share in $(sed -n 's/.*grid.png accepted .* shares //p' "$t/said"); do
	check "3 % are accepted as $digit" "$share >= 0.03"
	digit=$((digit + 1))
done
check "all ten digits were judged" "$digit == 10"
check "it accepts less of torn ones" "$torn < $accepted / 2"
echo "digits: $passed passed, $failed failed"
[ "$failed" = 0 ]
