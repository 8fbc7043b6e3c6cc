#!/bin/bash
# tests/film/film.sh FAUVE MAKE_MODEL FILMS: films painted from outside: what stays, what goes, what
# is refused, and that a killed run goes on to the same frames. In the source tree's root.
set -u
. tests/shell.sh film "$1"
make_model=$(realpath "$2") films=$(realpath "$3")
trap 'kill -9 $(jobs -p) 2>/dev/null; rm -rf "$t"' EXIT
"$make_model" strokenet "$t/brush.safetensors" || exit 1
root=$PWD
cd "$t" || exit 1
has() { grep -q -e "$2" "$1"; }
lacks() { ! grep -q -e "$2" "$1"; }
frames() { grep -c '^frame' "$1"; }
times() { grep '^frame' "$1" | cut -d' ' -f2; }

"$films" make plain.mp4 30 && "$films" see plain.mp4 >plain.txt || exit 1
run 0 "30 frames" apply brush.safetensors plain.mp4 -o out.mp4 --preset ultrafast
"$films" see out.mp4 >out.txt
check "all frames" [ "$(frames out.txt)" = 30 ]
times plain.txt >a && times out.txt >b
check "at their times" cmp -s a b
check "the sound, bit for bit" [ "$(grep '^sound' plain.txt)" = "$(grep '^sound' out.txt)" ]
check "its language" has out.txt 'text audio language=deu'
check "the title" has out.txt 'title=a square'
check "the chapter" has out.txt 'text chapter title=later'
check "shape and colours" [ "$(grep '^size' plain.txt)" = "$(grep '^size' out.txt)" ]
check "place is gone" sh -c '! grep -q "48.2082" out.mp4 out.txt'
check "it is painted" [ "$(grep -c -x -f <(grep '^frame' plain.txt) out.txt)" = 0 ]
check "nothing is left beside it" [ -z "$(ls -d .*.fauve 2>/dev/null)" ]
run 0 "" -q apply brush.safetensors plain.mp4 -o private.mkv --preset ultrafast --keep-private --stabilize off
check "unless it is asked for" grep -q 48.2082 private.mkv

"$films" make varying.mkv 24 varying && "$films" see varying.mkv >a.txt
run 0 "" -q apply brush.safetensors varying.mkv -o varying.mp4 --preset ultrafast --stabilize fast
"$films" see varying.mp4 >b.txt
times a.txt >a && times b.txt >b
check "variable rates stay" cmp -s a b

"$films" make turned.mp4 12 turned
run 0 "12 frames of 64x96" apply brush.safetensors turned.mp4 -o turned.mkv --preset ultrafast
"$films" see turned.mkv >b.txt
check "turned upright, its pixels' shape too" has b.txt 'size 64x96 shape 3:4 .* matrix 0'
run 0 "frames of 48x32" apply brush.safetensors plain.mp4 -o small.mkv --size 48 --codec ffv1 --from 0.4 --to 0:00:00.8
"$films" see small.mkv >b.txt
check "from 0.4 s to 0.8 s are 10 frames" [ "$(frames b.txt)" = 10 ]

# Into a folder, a picture beside it.
cp "$root/tests/data/mountain_path.jpg" photo.jpg
run 0 "2 pictures painted" apply brush.safetensors turned.mp4 photo.jpg -o both --preset ultrafast
check "a film and a picture" [ -s both/turned.mp4 -a -s both/photo.jpg ]
for how in all off; do
	run 0 "" -q --sandbox $how apply brush.safetensors turned.mp4 -o $how.mp4 --preset ultrafast
	check "the same with --sandbox $how" cmp -s $how.mp4 both/turned.mp4
done

# Killed in the middle, and gone on with.
"$films" make long.mp4 220 cut
how="-q apply brush.safetensors long.mp4 --preset ultrafast --threads 2"
run 0 "" $how -o whole.mp4
"$films" see whole.mp4 >whole.txt
for kill in KILL INT KILL; do
	"$fauve" $how -o killed.mp4 2>err &
	parts=$(ls .killed.mp4.fauve/*.part 2>/dev/null | wc -l)
	for ((i = 0; i < 300; i++)); do
		[ "$(ls .killed.mp4.fauve/*.part 2>/dev/null | wc -l)" -gt "$parts" ] && break
		sleep 0.05
	done
	begun=$(date +%s%3N)
	kill -$kill $!
	wait $! 2>/dev/null
	check "SIG$kill ends it within a second" [ $(($(date +%s%3N) - begun)) -lt 1000 ]
	check "nothing half under its name" sh -c '[ ! -e killed.mp4 ] || cmp -s killed.mp4 whole.mp4'
done
run 0 "" $how -o killed.mp4
"$films" see killed.mp4 >killed.txt
check "all frames as if it had never stopped" cmp -s whole.txt killed.txt
check "the cut is one" [ "$(frames killed.txt)" = 220 ]

# What is no film, or names other files; what does not go together.
printf 'ffconcat version 1.0\nfile plain.mp4\n' >list.mp4
printf '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nplain.mp4\n#EXT-X-ENDLIST\n' \
	>list.m3u8
head -c 3000 plain.mp4 >cut.mp4
: >empty.mp4
for f in list.mp4 list.m3u8 cut.mp4 empty.mp4; do
	one_line 3 "$f" apply brush.safetensors "$f" -o no.mkv
done
one_line 2 "name an --output" apply brush.safetensors plain.mp4 -o no.png
one_line 2 "codec" apply brush.safetensors plain.mp4 -o no.mp4 --codec nonsense
one_line 2 "name OUT .mkv" apply brush.safetensors plain.mp4 -o no.mp4 --codec libvpx
one_line 2 "preset" apply brush.safetensors plain.mp4 -o no.mp4 --preset nonsense
one_line 2 "no time" apply brush.safetensors plain.mp4 -o no.mp4 --from soon
one_line 2 "not after" apply brush.safetensors plain.mp4 -o no.mp4 --from 3 --to 2
one_line 2 "no size" apply brush.safetensors plain.mp4 -o no.mp4 --size big
one_line 4 "" apply brush.safetensors plain.mp4 -o nowhere/no.mp4
ln -s out.mp4 link.mp4
one_line 4 "link" apply brush.safetensors plain.mp4 -o link.mp4
check "nothing was left by what failed" [ -z "$(ls -d no.* .*.fauve 2>/dev/null)" ]
run 0 "preview.png: 3 frames" apply brush.safetensors plain.mp4 -o see.mp4 --preview
check "a preview and no film" [ -s see.mp4.preview.png -a ! -e see.mp4 ]
finish
