#!/bin/bash
# tests/slow/quality.sh FAUVE: how do the shipped styles do on photographs they have not seen? Needs FAUVE_SHARED/data (../shared
# when not set) and python3, which reads the figures. In the source tree's root. What is checked is what docs/styles.md claims; the
# bars of `fauve eval --bars` that are not reached yet stand there.
set -u
fauve=$1 data=${FAUVE_SHARED:-../shared}/data
if [ ! -d "$data/photo-open/test" ] || ! command -v python3 >/dev/null; then
	echo "quality: skipped: needs python3, and photographs and paintings in $data"
	exit 77
fi
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
"$fauve" -q eval styles/vangogh.safetensors --photos "$data/photo-open/test" --art "$data/painters/vangogh_large/train" \
	--art "$data/vangogh512/train" --no-floors -o "$t/sheet.jpg" --json >"$t/said" || exit 1
python3 - "$t/said" <<'PY'
import json, sys
s = json.load(open(sys.argv[1]))["painted"]["strokes"]
print(json.dumps(s))
bars = [("30 pictures", s["n"] == 30)] + [(f"{k} at most {v}", s[k] <= v) for k, v in dict(hand=18, look=18, far=14, grey=12.5, skin=15).items()]
bars += [("near at least .88", s["near"] >= .88), ("content at least .15", s["content"] >= .15)]
for what, met in bars:
    if not met:
        print("quality:", what, "is missed")
print(f"quality: {sum(m for _, m in bars)} passed, {sum(not m for _, m in bars)} failed")
sys.exit(not all(m for _, m in bars))
PY
