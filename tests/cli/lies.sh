#!/bin/bash
# tests/cli/lies.sh FAUVE MAKE_MODEL: models that lie, from outside: one line, exit 3, at once. Then every file of
# ../shared/cases/security/models and styles, where that folder is.
set -u
. tests/shell.sh lies "$1"
make_model=$(realpath "$2") cases=$PWD/../shared/cases/security photo=$PWD/tests/data/mountain_path.jpg
mkdir -p "$t/styles"
cd "$t" || exit 1
"$make_model" strokenet brush.safetensors && "$make_model" dense digits.safetensors || exit 1

# NUMBER in eight bytes, the least first.
length()
{
	local i n=$1
	for ((i = 0; i < 8; i++)); do printf "\\x$(printf %02x $((n >> (8 * i) & 255)))"; done
}

# A dense model of half floats, all zero: NOISE HIDDEN OUT FILE.
dense()
{
	local a=$(($1 * $2)) b=$2 c=$(($2 * $3)) d=$3 at=0 text n tensor size shape
	text='{"__metadata__":{"fauve":"{\"family\":\"dense\",\"reader\":1,\"network\":{\"noise\":'$1',\"hidden\":['$2'],\"out\":'$3'}}"}'
	for n in "0.weight $a [$2,$1]" "0.bias $b [$2]" "1.weight $c [$3,$2]" "1.bias $d [$3]"; do
		read -r tensor size shape <<<"$n"
		text+=",\"$tensor\":{\"dtype\":\"F16\",\"shape\":$shape,\"data_offsets\":[$at,$((at + 2 * size))]}"
		at=$((at + 2 * size))
	done
	{
		length $((${#text} + 1))
		printf '%s}' "$text"
		head -c $at /dev/zero
	} >"$4"
}

dense 3 2 1048576 wide.safetensors
dense 3 1048576 4 deep.safetensors
one_line 3 "1000 pictures of 1024x1024 are 1049 megapixels, over the limit" generate wide.safetensors -n 1000 -o a.png
run 0 "" generate wide.safetensors -n 3 -o a.png
# 4 GB if all were made at once; a build with a sanitizer needs more addresses than that from the start.
little() { (ulimit -v 2000000; exec "$fauve" --threads 1 "$@"); }
if little --version >/dev/null 2>&1; then
	check "a thousand pictures of a million hidden values" little -q generate deep.safetensors -n 1000 -o b.png
fi
mkfifo pipe
one_line 3 "pipe: is not a file" info pipe
one_line 3 "pipe: is not a file" apply ./pipe "$photo" -o a.png

# A header over the limit, and the flag that its sentence names.
{
	length 9000000
	head -c $((8 + $(od -An -tu8 -N8 digits.safetensors))) digits.safetensors | tail -c +9
	head -c $((9000000 - $(od -An -tu8 -N8 digits.safetensors))) /dev/zero | tr '\0' ' '
	tail -c +$((9 + $(od -An -tu8 -N8 digits.safetensors))) digits.safetensors
} >long.safetensors
one_line 3 "its header: 9.0 MB are over the limit of 8.4 MB; if you trust the file: --limit header=SIZE" info long.safetensors
run 0 "" --limit header=16M info long.safetensors
run 2 "limit 'heads' is unknown" --limit heads=16M info long.safetensors
run 0 "" --limit header=16M,tensors=5000 doctor
check "doctor shows the limits in force" grep -q ' header  *16M ' "$t/out"

# Whatever lies among the styles, the list goes on.
cp long.safetensors styles/long.safetensors
cp brush.safetensors "$(printf 'styles/na\377me.safetensors')"
head -c 300 brush.safetensors >"$(printf 'styles/cu\377t.safetensors')"
cp brush.safetensors styles/brush.safetensors
run 0 "" styles
check "a sound style among others" grep -q '^brush ' "$t/out"
check "those that are not are said to be" [ "$(grep -c 'unusable: ' "$t/out")" = 2 ]
run 0 "" styles --json

if [ -d "$cases/models" ]; then
	for file in "$cases"/models/* "$cases"/styles/*; do
		kind=$(basename "$file")
		case $kind in *.gz) gzip -dc "$file" >unpacked.safetensors; file=unpacked.safetensors ;; esac
		case $kind in
		dense1.* | dense8.* | resnet.*) run 0 "" info "$file" ;;
		*)
			one_line 3 "" info "$file"
			one_line 3 "" apply "$file" "$photo" -o c.png
			check "$kind: nothing is painted" [ ! -e c.png ]
			;;
		esac
	done
	run 0 "" apply "$cases/models/resnet.safetensors" "$photo" -o c.png
	FAUVE_STYLES=$cases/styles run 0 "" styles
fi
finish
