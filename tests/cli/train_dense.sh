#!/bin/bash
# tests/cli/train_dense.sh FAUVE MAKE_MODEL: training on small grey pictures and generating them, as a user does: every kind
# of data, every kind of broken data. In the source tree's root.
set -u
. tests/shell.sh train-dense "$1"
make_model=$(realpath "$2")
photo=$PWD/tests/data/mountain_path.jpg
trap 'rm -rf "$t"' EXIT
cd "$t" || exit 1

train() # CODE TEXT DATA OPTION...: two steps into the folder `run`, which is new each time
{
	local code=$1 text=$2 data=$3
	shift 3
	rm -rf run
	run "$code" "$text" train dense --data "$data" -o run --steps 2 --batch 16 "$@"
	[ "$code" = 0 ] || check "$data $*: leaves no model" [ ! -e run/model.safetensors ]
}

# An idx file: head, then as many bytes of a photograph as are wanted; they look like noise and do as pictures.
idx() # COUNT HEIGHT WIDTH BYTES: each number as printf's escapes
{
	printf "\\0\\0\\010\\003$1$2$3"
	tail -c +2000 "$photo" | head -c "$4"
}
n20='\0\0\0\024' n28='\0\0\0\034'
mkdir plain zipped pictures mixed broken empty
idx $n20 $n28 $n28 15680 >digits
gzip -c digits >digits.gz
cp digits plain/train-images-idx3-ubyte
cp digits.gz zipped/train-images-idx3-ubyte.gz

# ---- every kind of data
train 0 "^20 pictures, 28x28" digits
check "a model is there" "$fauve" info run/model.safetensors >out
mv run/model.safetensors digits.safetensors
for data in digits.gz plain zipped; do
	train 0 "^20 pictures, 28x28" $data
	check "$data gives the same bytes as the plain file" cmp -s run/model.safetensors digits.safetensors
done
train 0 "^20 pictures, 28x28" digits --preset textbook
check "the preset is another recipe" sh -c '! cmp -s run/model.safetensors digits.safetensors'
check "the preset is written down" grep -q '"preset": *"textbook"' run/run.json
idx $n20 '\0\0\0\016' '\0\0\0\016' 3920 >small
train 0 "^20 pictures, 14x14" small
run 0 "one.png: 1 picture$" generate run/model.safetensors -n 1 -o one.png

# ---- generate
run 0 "grid.png: 64 pictures" generate digits.safetensors -n 64 --seed 7 -o grid.png
run 0 "" generate digits.safetensors -n 64 --seed 7 -o again.png
check "the same seed gives the same bytes" cmp -s grid.png again.png
run 0 "" generate digits.safetensors -n 64 --seed 8 -o again.png
check "another seed gives others" sh -c '! cmp -s grid.png again.png'
size() # FILE: width and height of a PNG
{
	od -An -j16 -N8 -tu1 "$1" | awk '{ print $3 * 256 + $4, $7 * 256 + $8 }'
}
check "64 pictures are 8 rows of 8" [ "$(size grid.png)" = "252 252" ]
run 0 "" generate digits.safetensors -n 1000 -o grid.png
check "1000 pictures are 32 rows of 32" [ "$(size grid.png)" = "1020 1020" ]
run 0 "" generate digits.safetensors -n 7 --columns 3 -o grid.png
check "7 pictures, 3 a row" [ "$(size grid.png)" = "92 92" ]
run 0 "" generate digits.safetensors -n 3 --columns 9 -o grid.png
check "a row is no wider than what there is" [ "$(size grid.png)" = "92 28" ]
run 0 "" generate digits.safetensors -n 1 -o one.png
check "one picture has no frame" [ "$(size one.png)" = "28 28" ]
for kind in jpg webp tif; do
	run 0 "a.$kind: 2 pictures" generate digits.safetensors -n 2 -o a.$kind
	check "a.$kind is there" [ -s a.$kind ]
done
run 2 "0 is not between 1 and 100000" generate digits.safetensors -n 0 -o x.png
run 2 "unknown ending" generate digits.safetensors -o x.bmp
run 4 "its folder is not there" generate digits.safetensors -o nowhere/x.png
run 3 "not a sound safetensors file" generate digits -o x.png
run 3 "is not here" generate nothing -o x.png
"$make_model" strokenet brush.safetensors
run 2 "makes no pictures from noise" generate brush.safetensors -o x.png
check "what failed left nothing" [ ! -e x.png ]

# ---- a folder of pictures
for i in 1 2 3; do
	"$fauve" -q generate digits.safetensors -n 1 --seed $i -o pictures/$i.png
done
train 0 "^3 pictures, 28x28" pictures
head -c 60 pictures/1.png >broken/1.png
train 3 "none of the pictures can be read; broken/1.png: " broken
cp broken/1.png mixed/1.png
cp pictures/2.png mixed
train 0 "mixed/1.png: .* left out" mixed
check "a damaged picture is left out, the others are learned from" grep -q '^1 pictures, 28x28' err

# ---- data that cannot be read: 3
head -c 5000 digits >cut
head -c 5000 digits.gz >cut.gz
idx '\0\0\001\0' $n28 $n28 15680 >more
idx '\177\377\377\377' $n28 $n28 15680 >huge
idx '\0\0\0\0' $n28 $n28 15680 >none
idx $n20 '\0\0\0\0' $n28 15680 >flat
idx $n20 '\377\377\377\377' '\377\377\377\377' 15680 >wide
printf '\0\0\010\001\0\0\0\024' | cat - digits >labels
head -c 9 digits >short
: >void
train 3 "missing: cannot be opened: No such file" missing
train 3 "claims 15680 bytes of pictures, but has 4984; it may be cut off" cut
train 3 "claims 15680 bytes of pictures, but has [0-9]*; it may be cut off" cut.gz
train 3 "claims 200704 bytes of pictures, but has 15680" more
train 3 "claims 2147483647 pictures of 28x28" huge
train 3 "claims 0 pictures" none
train 3 "claims 20 pictures of 0x28" flat
train 3 "claims 20 pictures of 4294967295x4294967295" wide
for data in labels short void pictures/1.png; do
	train 3 "$data: is no idx file of pictures" $data
done
train 3 "empty: holds neither train-images-idx3-ubyte" empty
run 3 "empty: holds neither" train dense --data empty -o refused
check "a run that was refused leaves no folder" [ ! -e refused ]
mkdir mine
run 3 "empty: holds neither" train dense --data empty -o mine
check "but one's own stays" [ -d mine ]

# ---- wrong use: 2
train 2 "preset 'nonsense' is unknown: dense has 'textbook'" digits --preset nonsense
train 2 "NAME is wanted" digits --preset ""
train 2 "0 is not between" digits --batch 0
train 2 "not both" digits --time 1s
run 2 "data is missing" train dense -o run
run 2 "where to" train dense --data digits

# ---- a recipe has its own options, and shows no others
run 2 "^fauve: --size is no option of .fauve train dense.; it belongs to style" train dense --data digits --size 64 -o run
run 2 "^fauve: option --bach is unknown; did you mean --batch" train dense --data digits --bach 3 -o run
run 0 "" help train
check "help names the recipes" sh -c "grep -q '^  style  *a painter' '$t/out' && grep -q '^  dense ' '$t/out' && ! grep -q -e --photos\ DIR '$t/out'"
run 0 "" help train dense
check "a recipe's own page" sh -c "grep -q -e '--data PATH' '$t/out' && grep -q -e '--preset textbook' '$t/out' && ! grep -q -e --photos -e --beta1 '$t/out'"
cp "$t/out" page
run 0 "" train dense --help
check "the same by --help" cmp -s page "$t/out"
run 2 "did you mean 'dense'" help train dens
"$fauve" help --completion bash >complete
check "completion by recipe" bash -c 'source ./complete; COMP_WORDS=(fauve train dense --); COMP_CWORD=3; _fauve; case " ${COMPREPLY[*]} " in *" --photos "*) exit 1 ;; *" --data "*" --seed "*) ;; *) exit 1 ;; esac'

# ---- gone on with: nothing that is given is ignored
train 0 "" digits
cp -r run begun
run 2 'run: this run was begun with batch 16, not 17' train --resume run --batch 17
run 2 'begun with batch 16, not 1000' train dense --data digits -o run --batch 1000
run 2 'begun with seed 1, not 2' train --resume run --seed 2
run 2 'begun with precision "f32", not "bf16"' train --resume run --precision bf16
run 2 'begun with preset nothing, not "textbook"' train --resume run --preset textbook
run 2 'begun with recipe "dense", not "style"' train style --resume run
run 2 'begun with recipe "dense", not "style"' train style --art pictures -o run
run 2 "^fauve: --size is no option of .fauve train dense." train --resume run --size 64
run 2 "at step 2 already" train --resume run --steps 1
run 2 "not both: a run goes on in its own folder" train --resume run -o other
check "what was refused is not remembered" diff -r begun run
run 0 "going on at step 2 of 3" train dense --resume run --batch 16 --steps 3 --preview-every 1h
check "what may change is kept" grep -q '"preview-every": 3600' run/run.json
run 0 "going on at step 3 of 3" train dense --data digits -o run
check "and what is not given is the run's" grep -q '"batch": 16' run/run.json

echo "train-dense: $passed passed, $failed failed"
[ "$failed" = 0 ]
