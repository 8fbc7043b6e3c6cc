#!/bin/bash
# tests/slow/quality.sh FAUVE: does the shipped style vangogh hold its bars on photographs it has not seen?
# Needs FAUVE_SHARED/data (../shared when not set) and python3, which reads the figures. In the source tree's root.
set -u
fauve=$1 data=${FAUVE_SHARED:-../shared}/data
if [ ! -d "$data/photo/test" ] || ! command -v python3 >/dev/null; then
	echo "quality: skipped: needs python3, and photographs and paintings in $data"
	exit 77
fi
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
"$fauve" -q eval styles/vangogh.safetensors --photos "$data/photo/test" --art "$data/vangogh/test" --no-floors --kind none -o "$t/sheet.jpg" --json >"$t/said" || exit 1
python3 - "$t/said" <<'PY'
import json, sys
p = json.load(open(sys.argv[1]))["painted"]
bars = [("60 pictures", p["n"] == 60), ("swd at most 70", p["swd"]["mean"] <= 70), ("auc at most .97", p["auc"] <= 0.97), ("ssim at least .45", p["ssim"] >= 0.45),
        ("corr at least .6", p["corr"] >= 0.6), ("chroma .8 to 1.25", 0.8 <= p["chroma"] <= 1.25)]
bars += [(f"lattice of {k}", v <= max(2, 1.3 * p["lattice_input"][k])) for k, v in p["lattice"].items()]
print(json.dumps(p))
for what, met in bars:
    if not met:
        print("quality:", what, "is missed")
print(f"quality: {sum(m for _, m in bars)} passed, {sum(not m for _, m in bars)} failed")
sys.exit(not all(m for _, m in bars))
PY
