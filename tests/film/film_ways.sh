#!/bin/bash
# tests/film/film_ways.sh FAUVE MAKE_MODEL FILMS: films by other ways than from file to file: numbered
# pictures, pipes, folders in which some are finished. In the source tree's root.
set -u
. tests/shell.sh film_ways "$1"
make_model=$(realpath "$2") films=$(realpath "$3")
trap 'kill -9 $(jobs -p) 2>/dev/null; rm -rf "$t"' EXIT
"$make_model" strokenet "$t/brush.safetensors" || exit 1
root=$PWD
cd "$t" || exit 1
export TMPDIR=$t/private
mkdir private
has() { grep -q -e "$2" "$1"; }
frames() { "$films" see "$1" | grep -c '^frame'; }
fast="--preset ultrafast"

# A film into numbered pictures, and they into a film.
"$films" make plain.mp4 30 || exit 1
run 0 "30 frames of 96x64, 25 a second" apply brush.safetensors plain.mp4 -o pics/%05d.png
check "what pictures do not hold is said" has err 'sound 1 (aac) is left out: pictures hold none'
check "from 00001 to 00030" [ "$(ls pics | tr '\n' ' ')" = "$(seq -f %05.0f.png -s ' ' 30) " ]
run 0 "30 frames" apply brush.safetensors pics/ -o folder.mkv $fast --fps 30000/1001
check "all of the folder's" [ "$(frames folder.mkv)" = 30 ]
run 0 "12 frames of 48x32" apply brush.safetensors pics/%05d.png -o part.mp4 $fast --fps 29.97 \
	--from 0.2 --to 0.6 --size 48
check "of that part" [ "$(frames part.mp4)" = 12 ]
run 0 "30 frames" apply brush.safetensors pics -o again/f%d.jpg --stabilize fast
check "from pictures to pictures" [ -s again/f1.jpg -a -s again/f30.jpg -a ! -e again/f31.jpg ]
# f1, f2, ... f10 in the order of numbers: the same frames in any of the two ways of naming.
mkdir short long
for i in 1 2 9 10 11; do cp "pics/000$(printf %02d $i).png" short/f$i.png; cp short/f$i.png long/f0$(printf %02d $i).png; done
run 0 "f2.png is followed by f9.png" apply brush.safetensors short -o short.mkv --codec ffv1
run 0 "5 frames" apply brush.safetensors long -o long.mkv --codec ffv1
check "by number, not by letter" cmp -s short.mkv long.mkv
# A folder into a folder is many pictures, as ever.
run 0 "5 pictures painted" apply brush.safetensors short -o many/

# Stopped in the middle, and gone on with.
"$films" make slow.mp4 220 cut
how="-q apply brush.safetensors slow.mp4 --threads 2"
run 0 "" $how -o whole/%d.png
mkdir killed
"$fauve" $how -o killed/%d.png 2>err &
wait_for killed/.%d.png.fauve/000000.part
kill -KILL $!
wait $! 2>/dev/null
check "some are there" [ "$(ls killed | wc -l)" -gt 90 -a "$(ls killed | wc -l)" -lt 220 ]
touch -d 2001-01-01 killed/1.png
run 0 "" $how -o killed/%d.png
check "the same in the end" diff -r whole killed
check "what was there is not painted twice" [ "$(stat -c %Y killed/1.png)" = 978307200 ]

# Pipes.
run 0 "" -q apply brush.safetensors plain.mp4 -o direct.mp4 $fast
"$fauve" -q apply brush.safetensors - -o piped.mp4 $fast < <(cat plain.mp4)
check "from a pipe" cmp -s piped.mp4 direct.mp4
"$fauve" -q apply brush.safetensors - -o - --format mp4 $fast < <(cat plain.mp4) | cat >both.mp4
check "from a pipe into a pipe" cmp -s both.mp4 direct.mp4
"$fauve" -q apply brush.safetensors plain.mp4 -o - $fast <plain.mp4 >own.bin
"$fauve" -q apply brush.safetensors plain.mp4 -o own.mkv $fast
check "Matroska where nothing is said" cmp -s own.bin own.mkv
check "nothing is left of it" [ -z "$(ls -A private)" ]

# What is finished is left out of a folder; what changed is not.
mkdir in
cp plain.mp4 in/a.mp4
"$films" make in/b.mkv 12
run 0 "2 pictures painted" apply brush.safetensors in/* -o done/ $fast
run 0 "2 were finished before" apply brush.safetensors in/* -o done/ $fast
"$films" make in/b.mkv 14
run 0 "1 picture painted.* 1 was finished" apply brush.safetensors in/* -o done/ $fast
check "the new one" [ "$(frames done/b.mkv)" = 14 ]
run 0 "2 pictures painted.*s: done" apply brush.safetensors in/* -o done/ $fast --strength 0.5
run 0 "2 pictures painted" apply brush.safetensors in/* -o other/ $fast --format mov
check "in the format that is asked for" [ -s other/a.mov -a -s other/b.mov ]

# A transport stream has no end that would be missed: cut between packets, in one, behind tables.
"$films" make stream.ts 30
run 0 "" -q apply brush.safetensors stream.ts -o stream.mkv $fast --stabilize off
check "whole, nothing is said" [ ! -s err ]
tables=$(LC_ALL=C grep -aboP '\x47\x40\x00[\x10-\x1f]\x00\x00\xb0' stream.ts | tail -1 | cut -d: -f1)
for bytes in 18801 $((tables + 188)); do
	head -c "$bytes" stream.ts >cut.ts
	run 0 "cut.ts: it is damaged, or was cut off" apply brush.safetensors cut.ts -o cut.mkv \
		$fast --stabilize off
done

# Whether films can be painted.
run 0 "" doctor
check "the doctor says it" has out '^films  *libavformat [0-9.]*, libavcodec '
check "and with what" has out '^  *encoders .*ffv1'
mkdir apart
cp "$fauve" apart/fauve
apart/fauve doctor >out
check "and that they cannot" has out '^films  *none: .*fauve-film.so'

# What does not go together; what is none.
cp pics/00001.png photo.png
mkdir mixed empty
cp pics/00001.png mixed/1.png
cp "$root/tests/data/mountain_path.jpg" mixed/2.jpg
one_line 2 "one film" apply brush.safetensors pics plain.mp4 -o no.mp4
one_line 2 "where the frames are" apply brush.safetensors pics -o pics/%05d.png
one_line 2 "no rate" apply brush.safetensors pics -o no.mp4 --fps soon
one_line 2 "keeps its times" apply brush.safetensors plain.mp4 -o no.mp4 --fps 24
one_line 2 "no encoder" apply brush.safetensors pics -o no/%d.png --codec ffv1
one_line 2 "another format" apply brush.safetensors plain.mp4 -o no.mp4 --format mkv
one_line 2 "end before" apply brush.safetensors pics -o no.mp4 --from 9
one_line 2 "painted over" apply brush.safetensors plain.mp4 -o plain.mp4
one_line 3 "no picture has such a name" apply brush.safetensors pics/%03d.gif -o no.mp4
one_line 3 "holds no pictures" apply brush.safetensors empty -o no.mp4
one_line 3 "of one size" apply brush.safetensors mixed -o no.mp4
one_line 3 "no film" apply brush.safetensors photo.png -o no%d.png
: | one_line 3 "standard input: this file is empty" apply brush.safetensors - -o no.mp4
check "nothing was left by what failed" [ -z "$(ls -d no* .*.fauve 2>/dev/null)" ]
finish
