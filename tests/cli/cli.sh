#!/bin/bash
# tests/cli/cli.sh FAUVE MAKE_MODEL PAINT_EXAMPLE: the program from outside, in the source tree's root.
# Models here have random weights: what is tested is everything around the network.
set -u
. tests/shell.sh cli "$1"
make_model=$(realpath "$2") example=$(realpath "$3")
photo=$PWD/tests/data/mountain_path.jpg
root=$PWD
trap 'chmod -R u+w "$t"; rm -rf "$t"' EXIT

mkdir -p "$t/styles" "$t/data/fauve/styles" "$t/work"
"$make_model" strokenet "$t/styles/brush.safetensors" && "$fauve" info "$t/styles/brush.safetensors" >/dev/null || exit 1
"$make_model" dense "$t/data/fauve/styles/digits.safetensors" || exit 1
cd "$t/work" || exit 1

# ---- the frame
run 0 "" --version
check "version on stdout" grep -q '^fauve [0-9]' "$t/out"
run 0 "" --help
check "help lists apply" grep -q '^  apply ' "$t/out"
run 0 "" help apply
check "help of a command has examples" grep -q '^Examples:' "$t/out"
cp "$t/out" "$t/help"
run 0 "" apply --help
check "help COMMAND is COMMAND --help" cmp -s "$t/out" "$t/help"
run 2 "no command" 
run 2 "did you mean 'apply'" aply
run 2 "did you mean --strength" apply --strenght 1 brush a.jpg -o b.png
run 2 "is unknown" apply --xyzzy brush a.jpg -o b.png
run 2 "-z is unknown" apply -z
run 2 "MODEL is missing" apply
run 2 "FILE is missing" apply brush -o b.png
run 2 "--output OUT is missing" apply brush a.jpg
run 2 "the value OUT is missing" apply brush a.jpg -o
run 2 "is not between 0 and 1.3" apply brush a.jpg -o b.png --strength=1.5
run 2 "is not a number" apply brush a.jpg -o b.png --strength much
run 2 "is not a whole number" apply brush a.jpg -o b.png --seed 1.5
run 2 "takes no value" apply brush a.jpg -o b.png --force=yes
run 2 "did you mean 'avx2'" --isa avx22 doctor
run 2 "one argument too many" doctor here
run 2 "prints nothing that a program would read" help --json
run 0 "" help --man
check "man page" grep -q '^.TH FAUVE 1' "$t/out"
for shell in bash zsh fish; do
	run 0 "" help --completion $shell
	check "completion for $shell knows apply" grep -q apply "$t/out"
done
"$fauve" help --completion bash >"$t/bash"
check "bash reads its completion" bash -n "$t/bash"
check "man page and completions in docs/ are up to date" env FAUVE="$fauve" "$root/script/docs" --check
run 0 "" doctor
run 0 "" doctor --json
check "doctor --json begins an object" grep -q '^{' "$t/out"
if [ -w /dev/full ]; then
	"$fauve" help >/dev/full 2>"$t/err"
	check "a full disk behind stdout: exit 4" [ $? = 4 ]
fi

# ---- models
run 0 "" styles --names
check "styles of both folders" [ "$(tr '\n' ' ' <"$t/out" | grep -c 'brush.*digits')" = 1 ]
run 0 "" styles
run 0 "" styles --json
run 0 "" info brush
check "info names the family" grep -q 'family.*strokenet' "$t/out"
run 0 "" info --json brush
run 0 "" info --plan --size 64x48 brush
check "the plan lists convolutions" grep -q conv2d "$t/out"
run 0 "" info --plan -v --size 64x48 brush
run 2 "is not a size" info --plan --size big brush
run 3 "did you mean 'brush'" apply brsh "$photo" -o a.png
run 3 "no such model file" apply ./none.safetensors "$photo" -o a.png
head -c 1000 "$t/styles/brush.safetensors" >cut.safetensors
run 3 "cut.safetensors" apply ./cut.safetensors "$photo" -o a.png
check "no picture from a broken model" [ ! -e a.png ]
run 3 "" apply "$photo" "$photo" -o a.png
: >"$t/styles/zz_hundredth_of_all.safetensors"
for i in $(seq 70); do : >"$t/styles/a_style_$i.safetensors"; done
run 3 "did you mean 'zz_hundredth_of_all'" apply zz_hundredth_of_al "$photo" -o a.png
check "styles that do not fit into the line are counted" grep -q ' and [0-9]* more (`fauve styles`)' "$t/err"
rm "$t"/styles/a_style_* "$t"/styles/zz_*
run 2 "judges pictures and cannot paint" apply "$root/features/vgg19-small.safetensors" "$photo" -o a.png
run 0 "" info "$root/features/vgg16.safetensors"
check "info knows a feature network" grep -q 'family.*vgg' "$t/out"
mkdir -p runs/mine runs/none brush/deep
cp "$t/styles/brush.safetensors" runs/mine/model.safetensors
run 0 "" info runs/mine
check "a run's folder is its model" grep -q '^runs/mine/model.safetensors$' "$t/out"
run 0 "" info runs/mine/
run 0 "" bench strokenet --model runs/mine --runs 1 --size 64x64 --json
run 3 "runs/none: this folder holds no model" apply runs/none "$photo" -o a.png
run 3 "brush/deep: this folder holds no model" bench strokenet --model brush/deep --runs 1 --size 64x64
run 0 "" info brush
check "a folder that is no run hides no style of its name" grep -q '/styles/brush.safetensors$' "$t/out"
rm -r runs brush

# ---- apply
run 0 "768x" apply brush "$photo" -o a.png
check "a.png is there" [ -s a.png ]
run 2 "--output is given twice" apply brush "$photo" -o a.png -o b.png
run 0 "" -q apply brush "$photo" -o a2.png
check "quiet: no word" [ ! -s "$t/err" ]
check "the same twice: the same bytes" cmp -s a.png a2.png
FAUVE_CACHE=$t/cache/kernels run 0 "" -q apply brush "$photo" -o timed.png
FAUVE_CACHE=$t/cache/kernels run 0 "" -q apply brush "$photo" -o timed2.png --threads 1
check "kernels chosen by the clock, then from the file: the same bytes" cmp -s timed.png timed2.png
run 0 "" apply brush "$photo" -o a3.png --threads 1
check "one thread: the same bytes" cmp -s a.png a3.png
run 2 "family strokenet has no batch norm" apply brush "$photo" -o no.png --norm running
check "nothing is painted" [ ! -e no.png ]
run 2 "none of picture, published, running" apply brush "$photo" -o no.png --norm batch
run 0 "" apply brush "$photo" -o a4.png --strength 0.5
check "half the strength: another picture" sh -c '! cmp -s a.png a4.png'
run 0 "" apply brush "$photo" -o p.png --palette 0.5
check "palette 0.5 is what is painted unasked" cmp -s a.png p.png
run 0 "" apply brush "$photo" -o p.png --palette 0
check "palette 0: another picture" sh -c '! cmp -s a.png p.png'
run 2 "does not know its painter's palette" apply brush "$photo" -o none.png --palette 0.6
run 2 "is not between 0 and 1" apply brush "$photo" -o none.png --palette 1.5
check "no picture when refused" [ ! -e none.png ]
run 0 "" apply brush "$photo" -o b.jpg --quality 60
run 0 "" info b.jpg
check "a picture's size" grep -q '768' "$t/out"

# Bare pictures (bare.c) come out as libvips, which a comment calls in, would have made them.
{ head -c 2 b.jpg; printf '\377\376\000\006word'; tail -c +3 b.jpg; } >word.jpg
{ head -c 33 a.png; printf '\000\000\000\013\164\105\130\164\103\157\155\155\145\156\164\000\141\142\143\116\357\133\036'; tail -c +34 a.png; } >word.png
head -c 20000 a.png >cut.png
for f in b.jpg a.png; do
	run 0 "" -q apply brush $f -o bare.png
	run 0 "" -q apply brush word.${f#*.} -o vips.png
	check "a bare $f is read as by libvips" cmp -s bare.png vips.png
	LD_DEBUG=files run 0 "" -q apply brush $f -o bare.png
	check "a bare $f: libvips is not loaded" sh -c '! grep -q libvips "$0"' "$t/err"
	LD_DEBUG=files run 0 "" --sandbox off -q apply brush word.${f#*.} -o vips.png
	check "a $f with a comment: libvips is loaded" grep -q libvips "$t/err"
done
run 0 "warning" -q apply brush cut.png -o bare.png
mkdir pictures paintings
cp b.jpg word.png pictures
cp word.jpg a.png bare.png paintings
mkdir run && cp "$t/styles/brush.safetensors" run/model.safetensors
run 0 "" eval run --photos pictures --art paintings -o sheet.jpg --kind none
rm sheet.jpg
run 0 "" eval brush --photos pictures --art paintings -o sheet.jpg --kind none
check "eval: two were painted" grep -q '^painted  *2 ' "$t/out"
check "eval: a contact sheet" [ -s sheet.jpg ]
run 2 "leaves out" eval brush --photos pictures --art paintings --kind none --bars oil
run 0 "" eval brush --photos pictures --art paintings --more-art paintings -o sheet.jpg --kind vgg19-small
check "eval: strokes of all rows" [ "$(grep -c '^\(painted\|photographs\|colour transfer\|band histograms\|real paintings\) ' "$t/out")" = 20 ]
check "eval: points by which network and layer" grep -q "128 numbers of vgg19-small's relu4_1" "$t/out"
check "eval: the floor of points, one painting and two" grep -q '^half and half  *1  *2 ' "$t/out"
check "eval: strokes of the paintings" grep -q '^the paintings  *3 ' "$t/out"
run 6 "fall short" eval brush --photos pictures --art paintings -o bars.jpg --kind vgg19-small --no-floors --bars oil --json
check "eval: what falls short, as JSON" grep -q '"figure"' "$t/out"
check "eval: points in JSON: network, layer" grep -q '"layer": "relu4_1"' "$t/out"
check "eval: points in JSON: both sides" grep -q '"n_paintings": 3' "$t/out"
run 3 "holds no weights of LPIPS" eval brush --photos pictures --art paintings --kind none --lpips run/model.safetensors
run 3 "cannot be opened" eval brush --photos pictures --art paintings --kind none --lpips nowhere.safetensors
check "eval: the sheet is written all the same" [ -s bars.jpg ]
cp b.jpg c.jpg
run 2 "painted over" apply brush c.jpg -o c.jpg
check "the photograph is as it was" cmp -s b.jpg c.jpg
run 2 "painted over" apply brush c.jpg -o ../work/
run 0 "" apply brush c.jpg -o c.jpg --force
check "with --force it is painted" sh -c '! cmp -s b.jpg c.jpg'
run 2 "unknown ending" apply brush "$photo" -o a.xyz
run 3 "none.jpg" apply brush none.jpg -o d.png
run 3 "over the limit" apply brush "$photo" -o d.png --max-megapixels 0.1
check "nothing is left of a refused picture" [ ! -e d.png ]
run 4 "" apply brush "$photo" -o none/d.png
mkdir locked && chmod a-w locked
[ "$(id -u)" = 0 ] || run 4 "" apply brush "$photo" -o locked/d.png
echo text >text.jpg
run 3 "text.jpg" apply brush text.jpg -o d.png

mkdir in && cp "$photo" in/one.jpg && cp a.png in/two.png
run 0 "2 pictures" apply brush in -o out
check "a folder into a folder" [ -s out/one.jpg -a -s out/two.png ]
check "nothing else in it" [ "$(ls -A out | wc -l)" = 2 ]
cp text.jpg in/three.jpg
run 6 "1 of 3" apply brush in -o out2
check "the others are painted" [ -s out2/one.jpg -a -s out2/two.png -a ! -e out2/three.jpg ]
check "and the broken one is named" grep -q three.jpg "$t/err"
run 3 "none of 2" apply brush text.jpg none.jpg -o out3/
run 2 "would both become" apply brush in/one.jpg "$t"/work/out/one.jpg -o out4
run 2 "name a folder" apply brush in/one.jpg in/two.png -o e.png
mkdir empty
run 3 "holds no pictures" apply brush empty -o out5
cp "$photo" ./-dash.jpg
run 0 "" apply -o out6/ -- brush -dash.jpg
check "a name with a dash" [ -s out6/-dash.jpg ]
cp "$photo" "new
line%s.jpg"
run 0 "" apply brush "new
line%s.jpg" -o f.png

run 0 "" apply brush "$photo" -o allowed.png --max-memory 1G
run 5 "allow more" apply brush "$photo" -o no.png --max-memory 20M
check "painted within a limit, or not at all" [ -s allowed.png -a ! -e no.png ]

run 0 "" bench machine resnet --runs 1 --size 64x64 --json
check "bench says what it measured" grep -q '"median_ms"' "$t/out"
run 2 "no case 'nothing'" bench nothing
run 2 "multiples of 8" bench resnet --size 63x64

# Ctrl-C: 130, and no half picture.
rm in/three.jpg
"$fauve" apply brush "$photo" in -o out7 >"$t/out" 2>"$t/err" &
pid=$!
for i in $(seq 1000); do
	[ -d out7 ] && break
	sleep 0.01
done
kill -TERM $pid
wait $pid
check "interrupted: exit 130" [ $? = 130 ]
check "interrupted: no file aside" [ -z "$(ls -A out7 2>/dev/null | grep -v -x -e mountain_path.jpg -e one.jpg -e two.png)" ]

# ---- generate
run 0 "" generate digits -n 10 --seed 3 -o g.png
run 0 "" generate digits -n 10 --seed 3 -o g2.png
check "the same seed, the same picture" cmp -s g.png g2.png
run 0 "" generate digits -n 10 --seed 4 -o g3.png
check "another seed, another picture" sh -c '! cmp -s g.png g3.png'
mkdir made && cp "$t/data/fauve/styles/digits.safetensors" made/model.safetensors
run 0 "" generate made -n 10 --seed 3 -o g5.png
check "a run's folder makes them too" cmp -s g.png g5.png
run 2 "" generate brush -o g4.png
# A WebP has 16383 pixels a side at most: cells shrink.
run 0 "" generate digits -n 2000 --columns 2000 -o wide.webp
run 2 "" apply digits "$photo" -o h.png

# ---- the library's example
printf 'P6\n40 33\n255\n' >x.ppm
head -c 3960 "$photo" >>x.ppm
"$example" "$t/styles/brush.safetensors" <x.ppm >y.ppm 2>"$t/err"
check "docs/examples/paint.c paints" [ $? = 0 ]
check "as many bytes as it was given" [ "$(wc -c <y.ppm)" = "$(wc -c <x.ppm)" ]
check "and others" sh -c '! cmp -s x.ppm y.ppm'
"$example" "$t/work/cut.safetensors" <x.ppm >y.ppm 2>"$t/err"
check "the example passes on exit codes" [ $? = 3 ]

echo "cli: $passed passed, $failed failed"
[ "$failed" = 0 ]
