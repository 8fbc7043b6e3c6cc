#!/bin/bash
# tests/cli/apply_many.sh FAUVE MAKE_MODEL: many pictures: folders in folders, patterns, lists,
# standard input and output, what is finished, records, a watched folder. In the source tree's root.
set -u
. tests/shell.sh apply_many "$1"
shopt -s extglob
make_model=$(realpath "$2")
root=$PWD photo=$PWD/tests/data/mountain_path.jpg
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$t"' EXIT
mkdir -p "$t/styles" "$t/work"
"$make_model" strokenet "$t/styles/brush.safetensors" || exit 1
cd "$t/work" || exit 1

# Small pictures of several sizes and formats: sheets of noise from a generator.
"$make_model" dense "$t/styles/digits.safetensors" || exit 1
mkdir -p in/a/b in/c in/.hidden
i=1
for f in in/one.png in/two.jpg in/a/one.png in/a/b/three.webp in/c/four.tif in/.hidden/five.png \
	in/.six.png; do
	run 0 "" -q generate digits -n $((i * 3)) --columns 3 --seed $i -o $f
	i=$((i + 1))
done
names() { (cd "$1" && find . -type f | sort | tr '\n' ' '); }
all="./a/b/three.webp ./a/one.png ./c/four.tif ./one.png ./two.jpg "

# ---- inputs
run 0 "5 pictures" apply brush in -o out
check "the structure is mirrored, hidden ones are left out" [ "$(names out)" = "$all" ]
for f in a/b/three.webp two.jpg c/four.tif; do
	run 0 "" -q apply brush in/$f -o single.${f##*.}
	check "$f is what it is when painted alone" cmp -s single.${f##*.} out/$f
done
run 0 "" -q apply brush in/ -o out_slash
check "a slash behind the folder changes nothing" diff -r out out_slash
ln -s .. in/a/loop
run 0 "5 pictures" apply brush in -o out_loop
check "a link to a folder above is no endless way" diff -r out out_loop
rm in/a/loop
cp -r in self
run 0 "5 pictures" apply brush self -o self/painted
run 0 "5 were finished" apply brush self -o self/painted
check "OUT in the input folder is no input" [ "$(names self/painted)" = "$all" ]
run 2 "would both become" apply brush 'in/*' -o glob
run 0 "2 pictures" apply brush 'in/*.{png,jpg}' -o glob
check "a pattern that the shell left: $(names glob)" [ "$(names glob)" = "./one.png ./two.jpg " ]
cp in/one.png 'in[1]*.png' && cp in/two.jpg in1.jpg
run 0 "" apply brush 'in[1]*.png' -o literal.png
check "a file of that very name wins" cmp -s literal.png out/one.png
run 3 "none matches it" apply brush 'in/*.bmp' -o none
check "nothing is made where nothing matches" [ ! -e none ]
find in -name '*.png' ! -path '*/.*' ! -path '*/a/*' >list.txt
printf 'in/two.jpg\r\n\nin/c\n' >>list.txt
run 0 "3 pictures" apply brush --files-from list.txt -o listed
check "a list: $(names listed)" [ "$(names listed)" = "./four.tif ./one.png ./two.jpg " ]
printf 'in/one.png\0in/c/four.tif\0' | run 0 "2 pictures" apply brush --files-from - -o zeros
check "names with zeros between" [ "$(names zeros)" = "./four.tif ./one.png " ]
: | run 3 "names no files" apply brush --files-from - -o empty_list
printf 'in/one.png\nnone.png\n' | run 6 "none.png" apply brush --files-from - -o part
check "the others of a list are painted" [ -s part/one.png ]
run 2 "FILE is missing" apply brush -o none
run 2 "named twice" apply brush - - -o none
run 2 "would both become" apply brush in/one.png in/a/one.png -o none
mkdir dark && cp in/one.png dark && mkdir dark/closed && chmod 0 dark/closed
[ "$(id -u)" = 0 ] || run 6 "closed" apply brush dark -o dark_out
chmod 755 dark/closed

# ---- standard input and output
"$fauve" -q apply brush - -o - <in/one.png >through.png 2>"$t/err"
check "through a pipe" cmp -s through.png out/one.png
cat in/two.jpg | "$fauve" apply brush - -o - 2>"$t/err" | cat >through.jpg
check "the photograph's format, and nothing else on standard output" cmp -s through.jpg out/two.jpg
check "what is said is on stderr" grep -q 'standard output: ' "$t/err"
"$fauve" -q apply brush - -o - --format webp <in/one.png >through.webp 2>"$t/err"
run 0 "" -q apply brush in/one.png -o one.webp
check "--format" cmp -s through.webp one.webp
cat in/one.png | run 0 "" apply brush - -o from_pipe.png
check "from a pipe into a file" cmp -s from_pipe.png out/one.png
"$fauve" -q apply brush in/one.png -o - >to_pipe.png
check "from a file to a pipe" cmp -s to_pipe.png out/one.png
head -c 300 in/two.jpg | run 3 "standard input" apply brush - -o cut.png
: | run 3 "standard input: is empty" apply brush - -o cut.png
run 2 "takes one picture" apply brush in -o -
run 2 "goes to standard output" apply brush in/one.png -o - --json
"$fauve" -q apply brush in/one.png -o - >/dev/full 2>"$t/err"
check "standard output that is full: exit 4" [ $? = 4 ]
run 2 "says another format" apply brush in/one.png -o x.png --format jpg
run 0 "" apply brush in/one.png -o x.part --format png
check "--format for a name without an ending" cmp -s x.part out/one.png
run 0 "" apply brush in -o as_png --format png
check "--format of a folder" [ "$(names as_png)" = "${all//.[wtj][a-z]*([a-z]) /.png }" ]

# ---- what is finished
stamps() { (cd "$1" && find . -type f -printf '%p %T@ %i\n' | sort); }
before=$(stamps out)
run 0 "0 pictures painted.* 5 were finished" apply brush in -o out
check "nothing is painted twice" [ "$before" = "$(stamps out)" ]
touch in/one.png in/two.jpg
run 0 "5 were finished" apply brush in -o out
mv out elsewhere
run 0 "5 were finished" apply brush in -o elsewhere/
mv elsewhere out
run 0 "5 pictures painted" apply brush in -o out --again
check "--again: the same pictures" diff -r out out_slash
rm out/c/four.tif
run 0 "1 picture painted.* 4 were finished" apply brush in -o out
check "what was removed is painted again" cmp -s out/c/four.tif out_slash/c/four.tif
head -c 100 out_slash/one.png >out/one.png
run 0 "one.png: was changed since" apply brush in -o out
check "what was changed is painted again" cmp -s out/one.png out_slash/one.png
cp -p in/one.png "$t/was.png" && cp in/a/one.png in/one.png && touch -r "$t/was.png" in/one.png
run 0 "1 picture painted" apply brush in -o out
check "another photograph of the same name and date" cmp -s out/one.png out/a/one.png
cp -p "$t/was.png" in/one.png
run 0 "1 picture painted" apply brush in -o out
run 0 "5 pictures painted" apply brush in -o out --strength 0.9
run 0 "5 were finished" apply brush in -o out --strength 0.9 --max-memory 2G --threads 1
"$make_model" strokenet "$t/styles/other.safetensors" title other
run 0 "5 pictures painted" apply other in -o out --strength 0.9
cp -r in over
run 0 "5 pictures painted" apply brush over -o over --force
check "painted over themselves" cmp -s over/one.png out_slash/one.png
run 0 "5 were finished" apply brush over -o over --force
check "and not twice" cmp -s over/one.png out_slash/one.png
cp -r in not_over
run 2 "none of 5" apply brush not_over -o not_over
check "not without --force" diff -r in not_over

cp out/c/four.tif out/c/.fauve-abcdef
run 0 "5 were finished" apply other in -o out --strength 0.9
check "what a killed run left is removed" [ "$(names out)" = "$all" ]

# ---- what fails is named, in order, and the rest goes on
cp -r in bad && echo text >bad/a/text.jpg && head -c 400 in/two.jpg >bad/b_cut.jpg && : >bad/z.png
run 6 "2 of 8" apply brush bad -o bad_out
check "the others are painted" [ "$(names bad_out)" = "${all/.\/c/./b_cut.jpg ./c}" ]
grep '^fauve: ' "$t/err" | grep -o 'bad/[a-z_/]*\.[a-z]*' | uniq | tr '\n' ' ' >"$t/order"
check "in order" grep -qx "bad/b_cut.jpg bad/z.png bad/a/text.jpg " "$t/order"
rm bad_out/b_cut.jpg
run 6 "" apply brush bad -o bad_out --json
check "a record a file" [ "$(wc -l <"$t/out")" = 8 ]
check "records are JSON" python3 -c '
import json, sys
r = [json.loads(l) for l in open(sys.argv[1])]
assert [x["status"][0] for x in r] == list("pssfsfss"), r
assert all(x["in"] and x["out"] and x["seconds"] >= 0 for x in r), r
assert "text.jpg" in r[5]["error"] and r[1]["error"] is None, r
assert "cut off" in r[0]["said"][0] and r[0]["width"] > 0, r
' "$t/out"
run 0 "" -q apply brush in/one.png -o one_json.png --json
check "a record of one picture" grep -q '"status":"painted","width":[0-9]*,"height"' "$t/out"
ln -s one.png bad_out/link.png && cp in/one.png bad/link.png
run 6 "link.png: is a link" apply brush bad -o bad_out
touch file_out
run 4 "" apply brush in -o file_out/deeper
run 0 "5 pictures" apply brush in -o tight --max-memory 200M
check "within a limit: the same" diff -r tight out_slash

# ---- films of pictures and pages are left out once they are finished; what is private is said once
mkdir films && cp "$root"/tests/data/silent/{film.gif,film.png,pages.tif} films/ && cp "$root/tests/data/silent/exif.jpg" films/a.jpg && cp films/a.jpg films/b.jpg
run 0 "5 pictures painted" apply brush films -o moving
check "all frames are there" [ "$("$fauve" info moving/film.gif | grep -c frames)" = 1 ]
check "what is private is said once" [ "$(grep -c 'left out as private' "$t/err")" = 1 ]
run 0 "5 were finished before" apply brush films -o moving

# ---- a folder is watched
mkdir watched
"$fauve" apply brush --watch watched -o seen >"$t/out" 2>"$t/err" &
pid=$!
cp in/one.png watched/
check "what is there is painted" wait_for seen/one.png
mkdir watched/deep && cp in/two.jpg watched/deep/
check "what comes is painted" wait_for seen/deep/two.jpg
{ head -c 500 in/c/four.tif; sleep 2; tail -c +501 in/c/four.tif; } >watched/slow.tif
check "once it is whole" wait_for seen/slow.tif
check "and only then" cmp -s seen/slow.tif out_slash/c/four.tif
echo text >watched/text.png
for ((i = 0; i < 100; i++)); do grep -q text.png "$t/err" && break; sleep 0.1; done
kill -INT $pid
wait $pid
check "Ctrl-C: exit 130" [ $? = 130 ]
check "what cannot be read is named, once" [ "$(grep -c 'text.png: is no picture' "$t/err")" = 1 ]
check "it says what was done" grep -q '3 pictures were painted, 1 could not' "$t/err"
mkdir twice && cp in/one.png in/two.jpg twice && cp in/two.jpg twice/one.jpg
"$fauve" apply brush --watch twice -o once --format webp >"$t/out" 2>"$t/err" &
pid=$!
check "of two that would become one the first is painted" wait_for once/one.webp
for ((i = 0; i < 100; i++)); do grep -q 'would both become' "$t/err" && break; sleep 0.1; done
kill -INT $pid
wait $pid
check "and the second named" grep -q 'one.png would both become once/one.webp' "$t/err"
run 2 "leave other files out" apply brush in --watch watched -o seen
run 3 "is no folder" apply brush --watch nowhere -o seen2
finish
