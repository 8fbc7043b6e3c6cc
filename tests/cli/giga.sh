#!/bin/bash
# tests/cli/giga.sh FAUVE MAKE_MODEL GIGA: pictures larger than memory: tiles, killed and gone on with, what comes out.
set -u
. tests/shell.sh giga "$1"
trap 'rm -rf "$t"' EXIT
data=$PWD/tests/data
giga=$(realpath "$3")
mkdir -p "$t/styles"
"$2" strokenet "$t/styles/brush.safetensors" || exit 1
cd "$t" || exit 1
"$giga" make rgb.tif 2900 1700 3 8
"$giga" make thin.tif 2700 900 3 8
"$giga" make deep.tif 1900 1400 4 16

goes_on() # WHAT WAITS ONCE IN OPTIONS...: killed after each of WAITS seconds, IN's painting is ONCE
{
	local what=$1 waits=$2 once=$3 in=$4 wait pid
	rm -f killed.tif
	shift 4
	for wait in $waits; do
		"$fauve" --precision f32 apply brush "$in" -o killed.tif "$@" >/dev/null 2>&1 &
		pid=$!
		sleep $wait
		kill -KILL $pid 2>/dev/null
		wait $pid 2>/dev/null
		check "$what, killed after $wait s: no half file under its name" \
			sh -c "[ ! -e killed.tif ] || cmp -s $once killed.tif"
		rm -f killed.tif
	done
	run 0 "" --precision f32 apply brush "$in" -o killed.tif "$@"
	check "$what, killed and gone on with: the same file" cmp -s "$once" killed.tif
	check "$what, killed and gone on with: nothing is left" \
		[ -z "$(ls -d killed.tif?* .fauve-* 2>/dev/null)" ]
}

# Little memory: tiles; the painting is the same.
tight="--max-memory 145M" fine="--strokes 16 --max-memory 160M"
run 0 "" --precision f32 apply brush rgb.tif -o whole.png
run 0 "" --precision f32 apply brush rgb.tif -o tiles.png $tight
check "tiles are what the whole is, as PNG" "$giga" same whole.png tiles.png 1
run 0 "" --precision f32 apply brush rgb.tif -o tiles.tif $tight
check "and as TIFF" "$giga" same whole.png tiles.tif 1
check "which has tiles and smaller copies" "$giga" pyramid tiles.tif
check "nothing is left beside it" [ ! -e tiles.tif.fauve-parts ]
run 0 "" --precision f32 apply brush rgb.tif -o tiles.jpg $tight
check "and as JPEG" "$giga" same whole.png tiles.jpg 24
run 0 "" --precision f32 apply brush thin.tif -o fine.tif --strokes 16
run 0 "" --precision f32 apply brush thin.tif -o fine_tiles.tif --stats exact $fine
check "a large canvas, exactly" "$giga" same fine.tif fine_tiles.tif 1
run 0 "" --precision f32 apply brush thin.tif -o fine_fast.tif --stats fast $fine
for sandbox in all off; do
	run 0 "" --precision f32 --sandbox $sandbox apply brush rgb.tif -o $sandbox.tif $tight
	check "--sandbox $sandbox: the same" "$giga" same tiles.tif $sandbox.tif 1
done

# 336 MB of pixels, 80 MB of memory and a file of next to none: they are mapped from the disk all the same.
python3 - flat.png 8000 14000 <<-'END'
	import struct, sys, zlib
	name, w, h = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
	chunk = lambda k, d: struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d))
	head = chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0))
	data = chunk(b"IDAT", zlib.compress(bytes((3 * w + 1) * h), 1))
	open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + head + data + chunk(b"IEND", b""))
END
check "more pixels than memory may be had are read onto the disk" "$giga" spool "$fauve" flat.png

# 16 bits and transparency.
run 0 "" --precision f32 apply brush deep.tif -o deep_whole.png
run 0 "" --precision f32 apply brush deep.tif -o deep_tiles.tif --max-memory 125M
check "16 bits and alpha" "$giga" same deep_whole.png deep_tiles.tif 1

# A mask, and one style over another.
"$giga" make mask.tif 31 17 1 8
masked="--mask mask.tif --feather 2 --style brush:mask.tif --seed 3"
run 0 "" --precision f32 apply brush rgb.tif -o masked.png $masked
run 0 "" --precision f32 apply brush rgb.tif -o masked.tif $masked $tight
check "a mask and two styles in tiles are what they are in the whole" "$giga" same masked.png masked.tif 1
check "a mask changes the painting" sh -c "! '$giga' same whole.png masked.png 8"
check "nothing of the styles is left" [ -z "$(ls -d masked.tif?* 2>/dev/null)" ]
goes_on "two styles" "1 2 4" masked.tif rgb.tif $masked $tight

# In a folder what is finished is left out, in tiles too.
mkdir in
cp rgb.tif in
run 0 "" --precision f32 apply brush in -o painted $tight
run 0 "1 was finished" --precision f32 apply brush in -o painted $tight

# Deep Zoom.
run 0 "" --precision f32 apply brush rgb.tif -o zoom.dzi
check "a Deep Zoom picture: its file" grep -q 'Width="2900"' zoom.dzi
check "a Deep Zoom picture: its tiles" [ -s zoom_files/12/0_0.jpg ]
check "a Deep Zoom picture: nothing else is left" [ -z "$(ls -d ./*fauve-* .fauve-* 2>/dev/null)" ]
cp -r zoom_files was
run 0 "" --precision f32 apply brush rgb.tif -o zoom.dzi
check "a Deep Zoom picture, once more, is the same" diff -rq zoom_files was

# Killed at any moment, the same command goes on and makes the same.
cp fine_fast.tif once.tif
goes_on "a large canvas" "0.3 0.9 2 4 8" once.tif thin.tif $fine

# Other settings, or another picture, begin anew.
"$fauve" --precision f32 apply brush thin.tif -o other.tif $fine >/dev/null 2>&1 &
pid=$!
wait_for other.tif.fauve-parts/key
sleep 1
kill -KILL $pid
wait $pid 2>/dev/null
run 0 "" --precision f32 apply brush thin.tif -o other.tif --seed 3 $fine
run 0 "" --precision f32 apply brush thin.tif -o seed.tif --seed 3 $fine
check "what another command left is not used" cmp -s seed.tif other.tif

# What cannot be.
run 4 "cannot be written" apply brush rgb.tif -o nowhere/a.dzi
run 3 "over the limit" apply brush "$data/bomb_418MP.tif" -o no.tif --max-megapixels 300
mkdir -p busy.tif.fauve-parts
exec 9<busy.tif.fauve-parts
flock 9
run 4 "another fauve" apply brush rgb.tif -o busy.tif $tight
exec 9<&-
check "nothing is painted" [ ! -e no.tif ]
finish
