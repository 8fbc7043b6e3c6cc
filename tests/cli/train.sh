#!/bin/bash
# tests/cli/train.sh FAUVE MAKE_MODEL: training from outside, in the source tree's root. Runs are as small as they get: what
# is tested is everything around the learning.
set -u
. tests/shell.sh train "$1"
make_model=$(realpath "$2") built=$fauve root=$PWD
trap 'kill -9 $(jobs -p) 2>/dev/null; umount "$t/disk" 2>/dev/null; rm -rf "$t"' EXIT
mkdir -p "$t/photos" "$t/art" "$t/empty" "$t/broken" || exit 1
cp tests/data/mountain_path.jpg "$t/photos/one.jpg"
"$make_model" strokenet "$t/brush.safetensors" && make_idx 100 "$t/digits.idx" || exit 1
"$fauve" -q apply "$t/brush.safetensors" "$t/photos/one.jpg" -o "$t/art/canvas.png" || exit 1
cp "$t/art/canvas.png" "$t/photos/two.png"
echo text >"$t/photos/no_picture.jpg"
echo text >"$t/broken/a.jpg"
echo text >"$t/broken/b.png"
cd "$t" || exit 1
# The values of a model, without what it says of its training.
values() { python3 -c 'import struct, sys
b = open(sys.argv[1] + "/model.safetensors", "rb").read()
sys.stdout.buffer.write(b[8 + struct.unpack("<Q", b[:8])[0]:])' "$1"; }
small="--width 4 --blocks 1 --size 64 --batch 1 --features $root/features/vgg19-small.safetensors"
style="style --photos photos --art art $small"
dense="dense --data digits.idx --batch 8"

# ---- what is said before the first step, and what is there after the last
run 0 "" train $style --steps 12 --checkpoint-every 0.1s -o runs/one --threads 2
check "photographs, counted, with sizes" grep -q '^2 photographs, [0-9]*x[0-9]* to [0-9]*x[0-9]*, 1 broken$' err
check "the broken one by its name" grep -q 'warning: .*no_picture.jpg.*left out' err
check "paintings" grep -q '^1 paintings, ' err
check "the device and why" grep -q '^device: cpu, 2 threads, .*(no other' err
check "memory" grep -q '^memory: [0-9]* MB' err
check "time" grep -q '^time: [0-9.]* ms a step, so .* for 12 steps' err
check "no live line into a pipe" sh -c '! grep -q "$(printf "\r\|\033")" err'
check "how to use it" grep -q '^done: runs/one/model.safetensors; try: fauve apply runs/one photo.jpg' err
check "the last sheet" [ -s runs/one/sheets/sheet_000012.jpg ]
run 0 "" info runs/one/sheets/sheet_000012.jpg
run 0 "" apply runs/one photos/one.jpg -o painted.png
run 0 "" apply runs/one photos/one.jpg -o palette.png --palette 1
check "the model knows its painter's palette" sh -c '! cmp -s painted.png palette.png'
rm palette.png
run 0 "" apply runs/one/model.safetensors photos/one.jpg -o painted2.png
check "a run's folder is its model" cmp -s painted.png painted2.png
number='-\?[0-9][0-9.e+-]*'
check "statistics: a line for ten steps" [ "$(grep -c "^{\"step\":10\(,\"[a-z_]*\":\($number\|null\)\)*}\$" runs/one/stats.jsonl)" = 1 ]
check "and no other" [ "$(wc -l <runs/one/stats.jsonl)" = 1 ]
times="^{\"step\":$number,\(\"seconds\":$number,\"samples_per_second\":$number\|\"watch\":\"[a-z]*\",\"state\":\"[a-z]*\",\"text\":\"[^\"]*\"\)}\$"
check "wall times" grep -q "^{\"step\":12,\"seconds\"" runs/one/times.jsonl
check "each line of them" [ "$(grep -vc "$times" runs/one/times.jsonl)" = 0 ]
check "nothing is left aside" [ -z "$(find runs -name '.fauve*')" ]

# ---- where a run begins, and what stays as it is
run 0 "" train $dense --steps 3 -o runs/first
run 0 "weights: 8 of 16 begin as in runs/first/model.safetensors" train $dense --steps 1 --init runs/first/model.safetensors -o runs/second
run 0 "weights: 16 of 16 begin as in runs/first" train $dense --steps 1 --init runs/first --freeze 'G.*' -o runs/third
check "and 8 stay" grep -q '^weights: 8 of 16 stay as they are' err
check "a frozen generator is the one that it began as" cmp -s <(values runs/first) <(values runs/third)
run 0 "going on at step 1 of 2" train --resume runs/third --steps 2
check "also when the run goes on" cmp -s <(values runs/first) <(values runs/third)
run 2 "freeze 'Q[*]': no weight of the recipe 'dense' has such a name" train $dense --steps 1 --freeze 'Q*' -o runs/fourth
run 2 "begun with freeze .*G.\*.*not .*D" train --resume runs/third --freeze 'D.*'
run 2 "holds no weight of a name and shape" train $dense --steps 1 --init runs/one/model.safetensors -o runs/fifth

# ---- a name: among the styles from the first checkpoint on, and the run's folder beside them
run 0 "style: mine, as far as it has learnt: .*/styles/mine.safetensors" train $style --steps 3 --name mine
check "how to use it by its name" grep -q "^done: $t/data/fauve/runs/mine/model.safetensors; try: fauve apply mine photo.jpg" err
check "the run's folder" [ -s data/fauve/runs/mine/checkpoint.safetensors ]
check "the model is the run's" cmp -s data/fauve/runs/mine/model.safetensors data/fauve/styles/mine.safetensors
run 0 "" styles --names
check "styles lists it" grep -q '^mine$' out
run 0 "" apply mine photos/one.jpg -o mine.png
cp data/fauve/styles/mine.safetensors three.safetensors
run 0 "going on at step 3 of 5" train --resume data/fauve/runs/mine --steps 5
check "a resumed run keeps its name" cmp -s data/fauve/runs/mine/model.safetensors data/fauve/styles/mine.safetensors
check "and has learnt more" sh -c '! cmp -s three.safetensors data/fauve/styles/mine.safetensors'
run 0 "going on at step 5 of 6" train $style --steps 6 -o data/fauve/runs/mine
check "so does the same command without it" cmp -s data/fauve/runs/mine/model.safetensors data/fauve/styles/mine.safetensors
run 0 "going on at step 6 of 6" train $style --steps 6 --name mine
cp three.safetensors data/fauve/styles/other.safetensors
one_line 2 "other.safetensors is there already, and not from the run in" train $style --steps 3 --name other
one_line 2 "not from the run in runs/other" train $style --steps 3 --name mine -o runs/other
check "it is as it was" cmp -s three.safetensors data/fauve/styles/other.safetensors
one_line 2 "not from the run" train --resume data/fauve/runs/mine --name other
run 0 "" train --resume data/fauve/runs/mine --name another_1 --steps 7
check "a run gets a name later" cmp -s data/fauve/runs/mine/model.safetensors data/fauve/styles/another_1.safetensors
run 0 "going on at step 7" train --resume data/fauve/runs/mine --steps 8
check "and keeps it" cmp -s data/fauve/runs/mine/model.safetensors data/fauve/styles/another_1.safetensors
for bad in "a b" ../up .dot a.b a/b -x "" "$(printf %0101d 0)"; do
	run 2 "--name" train $style --steps 3 --name="$bad"
done
mkdir styles
cp three.safetensors styles/taken.safetensors
one_line 2 "taken.safetensors has that name already" train $style --steps 3 --name taken
shipped=$(for f in "$(dirname "$fauve")"/../styles/*.safetensors; do basename "$f" .safetensors; break; done)
[ ! -s "$(dirname "$fauve")/../styles/$shipped.safetensors" ] || one_line 2 "$shipped.safetensors has that name already" train $style --steps 3 --name "$shipped"
check "no run is left of them" [ "$(ls data/fauve/runs)" = mine ]
rm -r styles
"$fauve" train $style --steps 100000 --checkpoint-every 0.1s --name during >out2 2>err2 &
pid=$!
check "a model is there soon" wait_for data/fauve/styles/during.safetensors
before=$(stat -c %i data/fauve/styles/during.safetensors) same=1
for ((i = 0; i < 200 && same; i++)); do
	[ "$(stat -c %i data/fauve/styles/during.safetensors)" = "$before" ] || same=
	sleep 0.05
done
check "replaced at a checkpoint" [ -z "$same" ]
run 0 "" apply during photos/one.jpg -o during.png
kill -INT $pid
wait $pid
check "nothing is left aside" [ -z "$(find data -name '.fauve*')" ]

# ---- photographs of fauve's own: in a source tree, installed; not just any folder of that name
mkdir -p bare/bin bare/photos bare/share/fauve/photos
cp "$fauve" bare/bin/fauve
cp photos/one.jpg bare/photos/
fauve=$t/bare/bin/fauve
run 3 "come with fauve are not beside it" train style --art art $small --steps 3 -o runs/shipped
cp photos/one.jpg photos/two.png bare/share/fauve/photos/
echo "who took them" >bare/share/fauve/photos/CREDITS.md
run 0 "^photographs: those that come with fauve; .*/bare/bin/../share/fauve/photos/CREDITS.md" train style --art art $small --steps 3 -o runs/shipped
check "they are found and counted" grep -q '^2 photographs, ' err
run 0 "" info runs/shipped
check "the model says what it has learnt from" grep -q 'data .*; photographs that come with fauve (photos/CREDITS.md)$' out
mv bare moved
fauve=$t/moved/bin/fauve
run 0 "going on at step 3 of 4" train --resume runs/shipped --steps 4
fauve=$built
run 2 "begun with data" train style --photos moved/share/fauve/photos --art art $small --steps 4 -o runs/shipped
if [ -f "$root/photos/CREDITS.md" ]; then
	check "every photograph is credited" [ "$(cd "$root/photos" && ls *.jpg)" = "$(sed -n 's/^| \([^ ]*\.jpg\) |.*/\1/p' "$root/photos/CREDITS.md" | LC_ALL=C sort)" ]
	check "with author, source and licence" [ -z "$(grep '^| [^ ]*\.jpg |' "$root/photos/CREDITS.md" | grep -v '^| [^ |]* | [^|]* | [^|]* | \(CC0\|CC BY\|CC BY-SA\|Public domain\|Free Art License\)[ 0-9.]* |$')" ]
	check "6 MB at most" [ "$(cat "$root"/photos/* | wc -c)" -le 6000000 ]
	check "at least ninety" [ "$(ls "$root"/photos/*.jpg | wc -l)" -ge 90 ]
fi

# ---- no adversary: none is computed, and the painter learns all the same
run 0 "" train $style --adv 0 --steps 10 -o runs/alone
check "no discriminator to speak of" grep -q '"d":null,"adv":null,"pixels":null,"style":[0-9]' runs/alone/stats.jsonl
check "nor to keep" sh -c '! grep -q "D\.d\." runs/alone/checkpoint.safetensors && grep -q "D\.d\." runs/one/checkpoint.safetensors'

# ---- the same command goes on; other settings do not
cp -r runs/one runs/copy
touch runs/one/.fauve-abcdef
run 0 "going on at step 12 of 12" train $style --steps 12 -o runs/one
same_run "a run that is done" runs/one runs/copy
check "a file that a kill left is swept away" [ ! -e runs/one/.fauve-abcdef ]
run 2 "begun with batch 1, not 2" train $style --batch 2 --steps 12 -o runs/one
run 2 "begun with rate" train $style --rate 0.1 --steps 12 -o runs/one
run 2 "begun with data" train style --photos photos --art photos $small --steps 12 -o runs/one
run 2 "begun with recipe" train $dense --steps 12 -o runs/one
check "what was refused is not remembered" cmp -s runs/one/run.json runs/copy/run.json
same_run "refused" runs/one runs/copy
run 0 "going on at step 12 of 14" train --resume runs/one --steps 14
run 3 "runs/none: holds no run" train --resume runs/none
many=
for i in $(seq 66); do ln -s photos "photos_$i" && many="$many --photos photos_$i"; done
# 66 folders, and a network of so many weights that neither model nor checkpoint may leave one out.
run 0 "^132 photographs" train style --art art $small --blocks 64 $many --steps 1 -o runs/many
run 0 "going on at step 1 of 2" train --resume runs/many --steps 2
run 0 "" apply runs/many photos/one.jpg -o many.png
rm photos_*

# ---- for some time more, at the pace that the run has had, whether it had ended or not
run 2 "not both" train --resume runs/one --steps 20 --time 2s
cp -r runs/one runs/longer
cp -r runs/one runs/counted
printf '{"step":14,"seconds":2.800,"samples_per_second":9}\n' >>runs/longer/times.jsonl
run 0 "^time: 200 ms a step, so 5 steps more in 1 s" train --resume runs/longer --time 1s
check "from where it was" grep -q "^going on at step 14 of 19" err
check "to the end" grep -q '^{"step":19,' runs/longer/times.jsonl
run 0 "" train --resume runs/counted --steps 19
same_run "more time, or as many steps" runs/longer runs/counted
run 0 "going on at step 19 of 19" train --resume runs/longer
: >runs/counted/times.jsonl
run 0 "^time: [0-9]* ms a step, so [0-9]* steps more in 1 s" train --resume runs/counted --time 1s --checkpoint-every 9s
check "a run without times is timed" grep -q "^going on at step 19 of [1-9][0-9]*" err

# ---- a checkpoint cut short, one that is missing; steps that a kill had not yet saved are made again
cp -r runs/one runs/whole
head -c 5000 runs/whole/checkpoint.safetensors >runs/one/checkpoint.safetensors
run 0 "cut off.*going on from the checkpoint before it" train --resume runs/one --steps 14
same_run "a checkpoint cut short" runs/one runs/whole
cp runs/whole/checkpoint.previous.safetensors runs/one/
rm runs/one/checkpoint.safetensors
run 0 "going on from the checkpoint before it" train --resume runs/one --steps 14
same_run "a checkpoint that is missing" runs/one runs/whole
: >runs/one/checkpoint.safetensors
head -c 100 runs/whole/checkpoint.safetensors >runs/one/checkpoint.previous.safetensors
run 3 "runs/one/checkpoint.safetensors: 0 bytes" train --resume runs/one

# ---- Ctrl-C, in a folder with an odd name, while somebody else tries the same folder
odd="runs/it's mine"
"$fauve" train $dense --steps 1000000 -o "$odd" --checkpoint-every 0.1s >out2 2>err2 &
pid=$!
check "it begins" wait_for "$odd/stats.jsonl"
cp "$odd/run.json" run.json
run 4 "another fauve is training in this folder" train $dense --steps 5 -o "$odd"
check "the other one's run.json is not touched" cmp -s "$odd/run.json" run.json
kill -INT $pid
wait $pid
check "Ctrl-C: exit 130" [ $? = 130 ]
check "it says where" grep -q '^fauve: stopped at step [0-9]* of 1000000; go on with: fauve train --resume ' err2
command=$(sed -n 's/^fauve: stopped.*go on with: fauve //p' err2)
at=$(sed -n 's/^fauve: stopped at step \([0-9]*\) .*/\1/p' err2)
(cd runs/.. && eval "exec \"\$fauve\" $command") >out2 2>err2 &
pid=$!
for ((i = 0; i < 400; i++)); do
	grep -q "going on" err2 && break
	sleep 0.05
done
check "the command that was printed goes on" grep -q "^going on at step $at of 1000000" err2
kill -TERM $pid
wait $pid
check "SIGTERM: exit 130" [ $? = 130 ]
at=$(sed -n 's/^fauve: stopped at step \([0-9]*\) .*/\1/p' err2)
(cd / && exec "$fauve" train --resume "$t/$odd" >"$t/out" 2>"$t/err") &
pid=$!
for ((i = 0; i < 600; i++)); do
	grep -q 'samples/s' err && break
	sleep 0.05
done
kill -TERM $pid
wait $pid
check "from another folder too" grep -q "^going on at step $at of 1000000" err
check "plain progress lines: what is left comes first" grep -q '^ *[0-9]*% [0-9][0-9a-z ]* left  step [0-9]*/1000000  [0-9.]* samples/s  d [0-9.]*  g [0-9.]*$' err
run 0 "" info "$odd/model.safetensors"

# ---- with less memory values are made again, and the run is the same, byte for byte
some="style --photos photos --art art --width 8 --blocks 3 --size 64 --batch 2 --steps 4 --features $root/features/vgg19-small.safetensors"
run 0 "" train $some -o runs/roomy
roomy=$(sed -n 's/^memory: \([0-9]*\) MB.*/\1/p' err) weights=$(sed -n 's/.* pixels, \([0-9]*\) MB.*/\1/p' err)
pictures=$(sed -n 's/.* \([0-9]*\) MB of pictures.*/\1/p' err) material=$(sed -n 's/.* \([0-9]*\) MB of material.*/\1/p' err)
run 0 "" train $some -o runs/tight --max-memory $(((roomy * 8 / 10 + weights + pictures + material) * 1000000))
tight=$(sed -n 's/^memory: \([0-9]*\) MB.*/\1/p' err)
check "a step takes ${tight:-?} MB, not ${roomy:-?}" [ "${tight:-99999}" -lt "$roomy" ]
check "the same model" cmp runs/roomy/model.safetensors runs/tight/model.safetensors
check "the same statistics" cmp runs/roomy/stats.jsonl runs/tight/stats.jsonl

# ---- data that are not there or no pictures
run 0 "" train style --photos photos/one.jpg --art art/canvas.png $small --steps 2 -o runs/single
one_line 3 "none: cannot be opened as a folder" train style --photos none --art art -o runs/no
one_line 2 "art is missing" train sincut --photo photos/one.jpg -o runs/no
one_line 2 "blocks: 1 is not between 2 and 64" train cut --art art --blocks 1 -o runs/no
one_line 2 "size: 48 is no multiple of 32" train sincut --photo photos/one.jpg --art art/canvas.png --size 48 -o runs/no
one_line 3 "art empty: holds no" train style --photos photos --art empty -o runs/no
one_line 3 "none of the 2 .*a.jpg.*b.png" train style --photos broken --art art $small -o runs/no2
run 3 "none of the pictures.*a.jpg" train dense --data broken -o runs/no2
one_line 3 "none.idx" train dense --data none.idx -o runs/no2
head -c 5000 digits.idx >cut.idx
one_line 3 "cut.idx: claims 14400 bytes" train dense --data cut.idx -o runs/no2
one_line 2 "where to" train $style
one_line 2 "art is missing: a folder of paintings" train style --photos photos -o runs/no
one_line 2 "multiple of 16" train style --photos photos --art art --size 70 -o runs/no2
one_line 4 "digits.idx/run" train $dense --steps 5 -o digits.idx/run
run 5 "max-memory" train style --photos art --art art $small --max-memory 1M -o runs/no2
check "no run is left of them" [ ! -e runs/no2/run.json -a ! -e runs/no2/checkpoint.safetensors ]

# ---- a full disk while the checkpoint is written. ulimit counts blocks of 1024 bytes.
full() # WHAT RUN: err is what was said
{
	check "$1: exit 4" [ "$code" = 4 ]
	check "$1: in a line that says what and why" grep -q '^fauve: .*\(checkpoint\|model\|stats\|run.json\).*cannot be written: .*make room' err
	check "$1: the checkpoint is as it was" cmp -s "$2/checkpoint.safetensors" earlier
	check "$1: nothing is left aside" [ -z "$(find "$2" -name '.fauve*')" ]
}
run 0 "" train $dense --steps 5 -o runs/full
cp runs/full/checkpoint.safetensors earlier
(ulimit -f 2000; exec "$fauve" train --resume runs/full --steps 10 >out 2>err)
code=$?
full "a limit on files" runs/full
run 0 "going on at step 5 of 10" train --resume runs/full --steps 10
run 0 "" train $dense --steps 10 -o runs/free
check "and is as if the disk had never been full" cmp -s runs/full/model.safetensors runs/free/model.safetensors
mkdir disk
if mount -t tmpfs -o size=100m none disk 2>/dev/null; then
	run 0 "" train $dense --steps 5 -o disk/run
	cp disk/run/checkpoint.safetensors earlier
	head -c 200m /dev/zero >disk/full 2>/dev/null
	"$fauve" train --resume disk/run --steps 10 >out 2>err
	code=$?
	full "a full disk" disk/run
	rm disk/full
	run 0 "going on at step 5 of 10" train --resume disk/run --steps 10
	check "after a full disk" cmp -s disk/run/model.safetensors runs/free/model.safetensors
	umount disk
fi

# ---- killed, resumed, and with another number of threads: the same bytes
"$fauve" -q train $dense --steps 600 --seed 5 -o runs/straight --threads 1 2>err
alive=0
for i in 1 2 3; do
	"$fauve" -q train $dense --steps 600 --seed 5 -o runs/killed --checkpoint-every 0.1s --threads 2 2>err &
	pid=$!
	wait_for runs/killed/checkpoint.safetensors
	sleep 0.$((RANDOM % 3))
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	[ $? != 137 ] || alive=$((alive + 1))
done
check "a kill hit a run that was alive" [ $alive -gt 0 ]
run 0 "going on at step" train $dense --steps 600 --seed 5 -o runs/killed --threads 2
same_run "dense, killed" runs/straight runs/killed

# ---- model files that lie
model() # FILE HEADER BYTES
{
	local n=${#2}
	{
		printf "\\x$(printf %x $((n % 256)))\\x$(printf %x $((n / 256)))\0\0\0\0\0\0%s" "$2"
		head -c "$3" /dev/zero
	} >"$1"
}
w='"dtype":"F32","shape":[4],"data_offsets":[0,16]'
lies() # TEXT: lie.safetensors is refused
{
	one_line 3 "lie.safetensors.*$1" apply ./lie.safetensors photos/one.jpg -o lie.png
}
model lie.safetensors "{\"w\":{$w}}" 16
lies "does not say of which network"
for n in 0 1 7 8 9 40 60 70 79; do
	model whole.safetensors "{\"w\":{$w}}" 16
	head -c $n whole.safetensors >lie.safetensors
	lies ""
done
printf '\377\377\377\377\377\377\377\377{}' >lie.safetensors
lies "cut off\|its header"
printf '\377\377\0\0\0\0\0\0{}' >lie.safetensors
lies "cut off"
model lie.safetensors "{\"w\":{$w}}" 20
lies "bytes after the last value"
model lie.safetensors '{"w":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}}' 16
lies "cut off"
model lie.safetensors "{\"w\":{$w},\"v\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[8,24]}}" 24
lies "overlaps"
model lie.safetensors "{\"w\":{$w},\"v\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[32,48]}}" 48
lies "holes"
model lie.safetensors "{\"w\":{$w},\"w\":{$w}}" 16
lies "duplicate"
model lie.safetensors '{"w":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}' 16
lies "the place"
model lie.safetensors '{"w":{"dtype":"F32","shape":[4],"data_offsets":[-16,0]}}' 16
lies "the place"
for shape in 4294967296,4294967296,4294967296 -4 0 9223372036854775807,2 1e3 '"4"' 1,1,1,1,1,1,1,4; do
	model lie.safetensors "{\"w\":{\"dtype\":\"F32\",\"shape\":[$shape],\"data_offsets\":[0,16]}}" 16
	lies "shape"
done
model lie.safetensors '{"w":{"dtype":"Q8","shape":[4],"data_offsets":[0,16]}}' 16
lies "type"
for header in '{"w":' '{w}' '{}}' '{"w":3}' '{"__metadata__":3}' '{"__metadata__":{"fauve":3}}'; do
	model lie.safetensors "$header" 0
	lies ""
done
for about in '{' '[]' '{\"reader\":1}' '{\"reader\":99,\"family\":\"strokenet\",\"network\":{}}' '{\"reader\":1,\"family\":\"x\",\"network\":{}}' \
	'{\"reader\":1,\"family\":\"stylenet\",\"network\":{\"width\":8}}' \
	'{\"reader\":1,\"family\":\"strokenet\",\"network\":{\"width\":1000000000000,\"blocks\":1,\"marks\":4,\"stem\":5,\"stroke\":[3],\"length\":6}}' \
	'{\"reader\":1,\"family\":\"strokenet\",\"network\":{\"width\":8,\"blocks\":1,\"marks\":4,\"stem\":5,\"stroke\":[3,6,12,24,48],\"length\":6}}' \
	'{\"reader\":1,\"family\":\"strokenet\",\"network\":{\"width\":8,\"blocks\":1,\"marks\":4,\"stem\":5,\"stroke\":[-3],\"length\":6}}' \
	'{\"reader\":1,\"family\":\"strokenet\",\"network\":{\"width\":8,\"blocks\":1,\"marks\":4,\"stem\":5,\"stroke\":[3],\"length\":6}}'; do
	model lie.safetensors "{\"__metadata__\":{\"fauve\":\"$about\"}}" 0
	lies ""
done
check "no picture came of them" [ ! -e lie.png ]
finish
