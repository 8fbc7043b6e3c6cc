#!/bin/bash
# tests/cli/check_data.sh FAUVE MAKE_DATA: fauve check-data finds each kind that make_data planted, names it, and nothing else.
set -u
make_data=$(realpath "$2")
. tests/shell.sh check_data "$1"
d=$t/d
mkdir -p "$d"/{pairs,left,right,classes/{cat,dog,owl,deep/er},none}
"$make_data" "$d" || exit 1
rm -rf "$d/classes/deep"
mkdir -p "$d/classes/cat/deeper" && cp "$d/own0.webp" "$d/classes/cat/deeper"
cp "$d/own3.png" "$d/copy.png"
head -c 3000 tests/data/mountain_path.jpg >"$d/cut.jpg"
echo 'no picture' >"$d/broken.png"
echo 'by whom' >"$d/notes.txt"
mkdir "$t/main" && find "$d" -maxdepth 1 -type f -exec mv {} "$t/main" \;
cd "$t" || exit 1

section() # TITLE: what stands under it
{
	awk -v title="  $1" '/^( ? ?[^ ])/ { on = index($0, title " ") == 1 } on' "$t/out"
}

names() # TITLE NAMES...: exactly those stand under it
{
	local title=$1 n
	shift
	check "$title: $(printf '%s ' "$@")" [ "$(section "$title" | tail -n +2 | wc -l)" = $# ]
	for n; do
		check "$title: names $n" grep -q "/$n\( \|:\|\$\)" <(section "$title")
	done
}

run 0 "18 pictures" -v check-data main/
check "counts" grep -q 'pictures  *18, readable 17' "$t/out"
check "formats" grep -q 'PNG 11' "$t/out"
check "formats" grep -q 'TIFF 1\b' "$t/out"
check "others" grep -q 'others .*\.txt 1' "$t/out"
check "sizes" grep -q 'longer side 80 least' "$t/out"
names "broken" broken.png
names "warnings" cut.jpg
names "blank" blank.png
names "near grey" grey.png tint.png
names "bars" bars.png frame.png
check "which bars" grep -q 'bars.png: left 20, right 20: black' "$t/out"
check "a frame" grep -q 'frame.png: top 9, bottom 9, left 9, right 9: white' "$t/out"
names "soft" enlarged.png
check "same pixels, another name" grep -q 'own3.png = .*copy.png (same pixels)' "$t/out"
check "same pixels, another format" grep -q 'own1.png = .*exact.tif (same pixels)' "$t/out"
check "reduced" grep -q 'smaller.jpg = .*mirror.png (alike, mirrored)' "$t/out"
check "mirrored" grep -q 'own2.webp = .*mirror.png (alike, mirrored)' "$t/out"
names "repeated" own1.png own2.webp own3.png smaller.jpg
check "advice" grep -q '^  fauve train style --art main ' "$t/out"

run 0 "" -q check-data d/pairs
check "pairs" grep -q 'largest: pairs A|B' "$t/out"
check "pairs: advice" grep -q 'twice as wide' "$t/out"
check "nothing wrong is said of what is right" [ "$(grep -c '^  \(broken\|warnings\|blank\|near\|bars\|soft\|repeated\)' "$t/out")" = 0 ]
run 0 "" -q check-data d/classes
check "classes" grep -q '^  classes  *3' "$t/out"
check "classes: dog" grep -q '^    dog: 3$' "$t/out"
check "deeper folders are said" grep -q 'deeper  *1 ' "$t/out"
run 0 "" -q check-data d/left d/right
check "names that are shared" grep -q 'shared  *6 of 6 and 7; the others have no partner' "$t/out"
check "a picture in both" grep -q 'right/extra.png = d/left/same0.png (same pixels, in both folders)' "$t/out"
rm d/right/extra.png
run 0 "" -q check-data d/left d/right
check "pairs by name" grep -q 'shared  *6 of 6 and 6: pairs by name' "$t/out"
mkdir idx && (cd - >/dev/null && make_idx 30 "$t/idx/train-images-idx3-ubyte")
cp idx/train-images-idx3-ubyte idx/t10k-images-idx3-ubyte
dd if=idx/train-images-idx3-ubyte of=idx/t10k-images-idx3-ubyte bs=1 skip=16 seek=160 count=144 conv=notrunc status=none
head -c 500 idx/train-images-idx3-ubyte >idx/cut-idx3-ubyte
run 0 "" -q check-data idx
check "idx" grep -q 'train-images-idx3-ubyte: 30 pictures of 12x12, 0 there before' "$t/out"
check "idx: repeated" grep -q 't10k-images-idx3-ubyte: 30 pictures of 12x12, 1 there before' "$t/out"
check "idx: cut" grep -q 'cut-idx3-ubyte: claims' "$t/out"
check "idx: advice" grep -q 'fauve train [a-z-]* --data idx' "$t/out"
run 0 "" -q check-data idx/train-images-idx3-ubyte
run 0 "" -q check-data main/own1.png
check "one picture" grep -q 'of one picture' "$t/out"

run 0 "" -q check-data --json main
check "JSON: a reason" grep -q '"reason": "main/broken.png: ' "$t/out"
check "JSON: mirrored" grep -q '"how": "alike, mirrored"' "$t/out"
check "JSON: a command" grep -q '"command": "fauve train style ' "$t/out"
one_line 3 "holds no pictures" check-data d/none
one_line 3 "nowhere" check-data nowhere
one_line 2 "DIR" check-data
mkdir bad && cp main/broken.png bad
one_line 3 "nothing here can be read; bad/broken.png" check-data bad
cd - >/dev/null || exit 1
finish
