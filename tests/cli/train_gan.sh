#!/bin/bash
# tests/cli/train_gan.sh FAUVE: dcgan, wgan and wgan-gp as a user has them: every kind of data, labels, presets, what does not go
# together; and what generate makes of their models: files, walks, films, labels. In the source tree's root.
set -u
. tests/shell.sh train-gan "$1"
photo=$PWD/tests/data/mountain_path.jpg
trap 'rm -rf "$t"' EXIT
cd "$t" || exit 1
small="--size 32 --width 2 --noise 4 --batch 4 --steps 2"

train() # CODE TEXT RECIPE OPTION...: into the folder `run`, which is new each time
{
	local code=$1 text=$2
	shift 2
	rm -rf run
	run "$code" "$text" train "$@" -o run
	[ "$code" = 0 ] || check "$*: leaves no model" [ ! -e run/model.safetensors ]
}

# Twenty pictures of 28x28 and their labels, 0 to 9 twice.
mkdir digits bare classes classes/hill classes/path odd short
printf '\0\0\10\3\0\0\0\24\0\0\0\34\0\0\0\34' >digits/train-images-idx3-ubyte
tail -c +2000 "$photo" | head -c 15680 >>digits/train-images-idx3-ubyte
cp digits/train-images-idx3-ubyte bare
printf '\0\0\10\1\0\0\0\24\0\1\2\3\4\5\6\7\10\11\0\1\2\3\4\5\6\7\10\11' >digits/train-labels-idx1-ubyte
cp digits/train-images-idx3-ubyte odd
cp digits/train-images-idx3-ubyte short
cp digits/train-images-idx3-ubyte odd/train-labels-idx1-ubyte
head -c 20 digits/train-labels-idx1-ubyte >short/train-labels-idx1-ubyte
cp "$photo" classes/hill/a.jpg
cp "$photo" classes/path/b.jpg

# ---- data
train 0 "^20 pictures, 28x28, 10 labels" dcgan --data digits --width 2 --batch 4 --steps 20 --rate 0.05
mv run/model.safetensors plain.safetensors
train 0 "^20 pictures, 28x28$" wgan --data bare $small
train 0 "1 pictures, " wgan-gp --data classes/hill $small
train 0 "2 pictures, .* 2 labels" dcgan --data classes $small --conditional yes
mv run/model.safetensors classes.safetensors
train 0 "" dcgan --data digits $small --conditional yes
mv run/model.safetensors labelled.safetensors
train 2 "classes/hill has no labels" dcgan --data classes/hill $small --conditional yes
train 2 "bare has no labels" wgan-gp --data bare $small --conditional yes
train 3 "odd/train-labels-idx1-ubyte: is no idx file of labels" dcgan --data odd $small
train 3 "does not hold a label for each of the 20 pictures" dcgan --data short $small
mkdir classes/empty
train 3 "classes/empty: holds no pictures" dcgan --data classes $small
train 2 "'size' is 30: 28, 32 or 64" dcgan --data digits --size 30 --width 2 --batch 4 --steps 2

# ---- options
for preset in r3gan lazy sngan few; do
	train 0 "" dcgan --data bare $small --preset $preset
done
train 0 "" dcgan --data bare $small --preset lazy --augment ada --norm layer --every 3 --steps 10
check "the lazy penalty is in the statistics" grep -q '"penalty"' run/stats.jsonl
train 0 "" dcgan --data bare $small --steps 10
check "where there is none it is not" sh -c '! grep -q penalty run/stats.jsonl'
train 0 "" wgan-gp --data digits $small --norm layer --conditional yes --spectral yes --augment diff
train 2 "critic does not say that" wgan --data bare $small --augment ada
train 2 "critic does not say that" dcgan --data bare $small --augment ada --loss wgan
train 0 "weights: 16 of [0-9]* begin as in plain.safetensors" dcgan --data digits --width 2 --batch 4 --steps 2 \
	--init plain.safetensors

# ---- files
run 0 "files/: 3 pictures" generate plain.safetensors -n 3 -o files/
check "three files" [ "$(ls files | tr '\n' ' ')" = "000001.png 000002.png 000003.png " ]
mkdir named
run 0 "" generate plain.safetensors -n 3 -o named/a%02d.jpg
check "three files by a pattern" [ "$(ls named | tr '\n' ' ')" = "a01.jpg a02.jpg a03.jpg " ]
run 2 "unknown ending" generate plain.safetensors -o 'named/%s.png%'
run 2 "unknown ending" generate plain.safetensors -o 'named/%d.bmp'

# ---- walks
run 0 "" generate plain.safetensors -n 6 --walk 2 -o walk/
check "a walk begins at the first picture" cmp -s walk/000001.png files/000001.png
check "and passes the second" cmp -s walk/000004.png files/000002.png
run 0 "" generate plain.safetensors -n 6 --walk 2 -o walk.gif
check "a GIF of six frames that goes round" sh -c 'head -c 6 walk.gif | grep -q GIF89a && grep -qa NETSCAPE2.0 walk.gif'
run 0 "" generate plain.safetensors -n 6 --walk 2 -o walk.webp
check "an animated WebP" [ "$(grep -ao ANMF walk.webp | wc -l)" = 6 ]
run 0 "" generate classes.safetensors -n 3 -o colour.gif
run 0 "" generate plain.safetensors -n 6 -o still.webp
check "without a walk a picture" sh -c '! grep -qa ANMF still.webp'
run 2 "has at least as many pictures, not 3" generate plain.safetensors -n 3 --walk 4 -o walk.gif

# ---- labels
run 0 "" generate labelled.safetensors -n 10 -o each/
run 0 "" generate labelled.safetensors -n 10 --label 3 -o threes/
check "without --label each has the next one" cmp -s each/000004.png threes/000004.png
check "labels make a difference" sh -c '! cmp -s each/000005.png threes/000005.png'
run 0 "" generate classes.safetensors -n 2 --label path -o path.png
run 0 "" generate classes.safetensors -n 2 --label 1 -o one.png
check "a label's number is as good as its name" cmp -s path.png one.png
run 0 "" generate labelled.safetensors -n 4 --walk 2 -o fading/
run 2 "has no such label; it has hill, path" generate classes.safetensors --label field -o x.png
run 2 "knows no labels" generate plain.safetensors --label 3 -o x.png
run 0 "" info labelled.safetensors
check "info knows of them" grep -q label out

finish
