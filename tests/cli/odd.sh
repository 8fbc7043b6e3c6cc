#!/bin/bash
# tests/cli/odd.sh FAUVE MAKE_MODEL: every file of ../shared/data/odd does what its expected.tsv says. Where that folder is
# absent nothing is tested.
set -u
fauve=$(realpath "$1") make_model=$(realpath "$2")
odd=$PWD/../shared/data/odd
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
export LC_ALL=C.UTF-8 FAUVE_CACHE=
passed=0 failed=0

fail() # FILE WHY
{
	printf 'odd: %q: %s\n' "$1" "$2"
	sed 's/^/    /' "$t/err" | head -3
	failed=$((failed + 1))
}

size_of() # FILE: "WxH"
{
	"$fauve" info --json "$1" 2>/dev/null | tr -d ' ,"' | awk -F: '$1 == "width" { w = $2 } $1 == "height" { h = $2 } END { print w "x" h }'
}

one() # FILE EXPECTED WIDTHS HEIGHTS
{
	local file=$1 expected=$2 out="$t/out.png" code lines
	rm -f "$out"
	timeout 60 "$fauve" apply "$t/model.safetensors" -o "$out" -- "$odd/$file" 2>"$t/err"
	code=$?
	lines=$(grep -c '^fauve: ' "$t/err")
	case $code in
	0)
		[[ $expected == *paint* ]] || { fail "$file" "was painted, expected $expected"; return; }
		if [[ $expected != paint && $expected != paint\|* ]]; then
			grep -q warning "$t/err" || { fail "$file" "was painted without a warning, expected $expected"; return; }
		fi
		local size w h i want=
		size=$(size_of "$out")
		IFS='|' read -ra w <<<"$3"
		IFS='|' read -ra h <<<"$4"
		for i in "${!w[@]}"; do want="$want ${w[i]}x${h[i]}"; done
		[[ " $want " == *" $size "* ]] || { fail "$file" "painted at $size, expected$want"; return; }
		;;
	3)
		[[ $expected == *reject* ]] || { fail "$file" "was rejected, expected $expected"; return; }
		[ ! -e "$out" ] || { fail "$file" "was rejected but left a picture"; return; }
		[ "$lines" = 1 ] && [ "$(wc -l <"$t/err")" = 1 ] && grep -q -F -e "${file%%[![:print:]]*}" "$t/err" ||
			{ fail "$file" "rejected, but not in one line that names it"; return; }
		;;
	*)
		fail "$file" "exit $code, expected $expected"
		return
		;;
	esac
	passed=$((passed + 1))
}

if [ -f "$odd/expected.tsv" ]; then
	"$make_model" strokenet "$t/model.safetensors" && "$fauve" info "$t/model.safetensors" >/dev/null || exit 1
	while IFS=$'\t' read -r name kind expected width height note; do
		[[ $name == \#* || $name == file ]] && continue
		name=$(printf '%b' "$name")
		# Files that git cannot hold are made by make_odd.py --live, elsewhere.
		[ -f "$odd/$name" ] && one "$name" "$expected" "$width" "$height"
	done <"$odd/expected.tsv"
else
	echo "odd: ../shared/data/odd is not here; nothing tested"
fi
echo "odd: $passed passed, $failed failed"
[ "$failed" = 0 ]
