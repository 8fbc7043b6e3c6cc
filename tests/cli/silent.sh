#!/bin/bash
# tests/cli/silent.sh FAUVE MAKE_MODEL NEAR: faults that were once silent, a case each: what is left out is
# said, metadata survive or are named, colours come out right or are refused, shapes are not assumed,
# needs are the real ones, places are looked at first, what is replaced keeps what it had.
set -u
. tests/shell.sh silent "$1"
trap 'rm -rf "$t"' EXIT
data=$PWD/tests/data/silent near=$(realpath "$3")
mkdir -p "$t/styles"
"$2" strokenet "$t/styles/brush.safetensors" || exit 1
cd "$t" || exit 1

has() { grep -q -e "$1" "$t/err"; }
holds() { "$fauve" info "$1" 2>&1 | grep -q -e "$2"; }
holds_not() { ! holds "$@"; }
mode() { stat -c %a "$1"; }

# ---- 1: folders hold what apply reads; what is left out is said
mkdir folder
cp "$data/rgb.png" "folder/contact lens.png"
cp "$data/moving.jpg" folder/f.jfif
cp "$data/film.gif" folder/c.GIF
cp "$data/rgb.png" folder/-x.png
cp "$data/rgb.png" folder/noending
cp "$data/rgb.png" "folder/new
line.png"
printf 'BM no picture' >folder/z.bmp
echo text >folder/notes.txt
want=6
if holds "$data/d.HEIC" width && holds "$data/e.avif" width; then
	cp "$data/d.HEIC" "$data/e.avif" folder
	want=8
fi
run 0 "folder: 1 file that fauve does not read left out: z.bmp" apply brush folder -o painted
check "all pictures of the folder are painted" [ "$(find painted -type f -printf x | wc -c)" = $want ]
for file in "contact lens.png" f.jfif c.GIF -x.png noending.png; do
	check "$file is painted" [ -f "painted/$file" ]
done
run 0 "left out: z.bmp" eval brush --photos folder --art "$data/rgb.png" -o sheet.png --no-floors --kind none
one_line 3 "neither a folder nor a picture" eval brush --photos folder/notes.txt --art folder -o sheet.png
mkdir idx
make_idx=$(printf '\\%o' 0 0 8 3 0 0 0 20 0 0 0 20 0 0 0 10)
{ printf "$make_idx"; head -c 4000 "$fauve"; } >idx/train-images-idx3-ubyte
cp "$data/grey.png" idx/preview.png
run 0 "idx: the 1 picture beside the idx file left out, preview.png" train dense --data idx -o run --steps 2 --batch 4
check "the idx file is learnt from" grep -q "20 pictures, 10x20" "$t/err"
for command in "apply brush $data/cut/cut.jpg -o cut.png" \
	"eval brush --photos $data/cut --art $data/rgb.png -o sheet.png --no-floors --kind none" \
	"train dense --data $data/cut -o cutrun --steps 1 --batch 1"; do
	run 0 "cut.jpg: it is cut off; the readable part was taken" $command
	check "once" [ "$(grep -c 'readable part' "$t/err")" = 1 ]
done
run 0 "has 3 frames, of which only the first is painted" apply brush "$data/film.gif" -o still.jpg
run 0 "has 3 pictures, of which only the first is painted" apply brush "$data/pages.tif" -o still.png

# ---- frames and pages
for film in film.gif film.webp film.png blended.png; do
	for ending in gif webp png tif; do
		run 0 "" apply brush "$data/$film" -o "out.$ending" --strength 0 --quality 100
		check "$film > out.$ending: $("$near" "$data/$film" "out.$ending" 7)" "$near" "$data/$film" "out.$ending" 7
	done
	check "a TIFF's frames lose their pace, which is said" has "have no pace"
done
run 0 "" apply brush "$data/pages.tif" -o out.tif --strength 0
check "pages of their own sizes" "$near" "$data/pages.tif" out.tif 0.5
run 0 "" apply brush "$data/film.png" -o a.png
run 0 "" apply brush "$data/film.png" -o b.png
check "the same film twice" cmp -s a.png b.png
one_line 3 "3 pictures of 32 x 20 are .* over the limit" apply brush "$data/film.gif" -o no.gif --max-megapixels 0.001

# ---- 2: metadata
for ending in jpg png webp tif; do
	run 0 "left out as private: place, persons, camera" apply brush "$data/exif.jpg" -o "e.$ending"
	check "e.$ending keeps rights and date" holds "e.$ending" "Copyright *(c) Ann"
	check "e.$ending has no artist" holds_not "e.$ending" "Artist"
	check "e.$ending tells no place" holds_not "e.$ending" "GPS"
	run 0 "" apply brush "$data/exif.jpg" -o "e.$ending" --keep-private
	for word in "Make *Canon" "Artist *Ann Artist" "Copyright" "DateTimeOriginal" GPSLatitude; do
		check "e.$ending has $word when asked" holds "e.$ending" "$word"
	done
	check "one EXIF in e.$ending" [ "$(grep -a -c -o 'EXIF' "e.$ending")" -le 1 ]
	for back in jpg png webp tif; do
		run 0 "" apply brush "e.$ending" -o "f.$back" --keep-private
		check "$ending > $back keeps EXIF" holds "f.$back" "Artist *Ann Artist"
	done
	run 0 "left out as private: persons, descriptions" apply brush "$data/text.png" -o "t.$ending"
	check "t.$ending keeps the text about rights" holds "t.$ending" "Copyright *(c) Ann"
	run 0 "" apply brush "$data/text.png" -o "t.$ending" --keep-private
	check "t.$ending keeps texts when asked" holds "t.$ending" "Description *Hügel"
	[ $ending = png ] || check "what EXIF has no place for is named" has 'its text "parameters" left out'
done
run 0 "its IPTC left out, which a PNG does not hold" apply brush "$data/exif.jpg" -o e.png
run 0 "its metadata left out, which a GIF does not hold; a GIF has 256 colours" apply brush "$data/exif.jpg" -o e.gif
run 0 "further pictures in it left out; the film in it left out" apply brush "$data/moving.jpg" -o m.jpg --keep-private
check "no film behind the painting" [ "$(grep -a -c ftyp m.jpg)" = 0 ]
run 0 "" apply brush "$data/tags.tif" -o tags.jpg --keep-private
check "a TIFF's tags become EXIF" holds tags.jpg "Artist *Ann Artist"

run 0 "" apply brush "$data/big.tif" -o tags.jpg --keep-private
check "a BigTIFF's too" holds tags.jpg "Artist *Ann Artist"
check "and its EXIF directory" holds tags.jpg "ISOSpeedRatings *200"
run 0 "" eval brush --photos "$data/cut" --art "$data/film.gif" -o sheet.png --no-floors --kind none
check "frames that are not measured are named" has "film.gif: has 3 frames, of which only the first is taken"

# ---- 3: one reader
for k in 0 1; do
	run 0 "" eval brush --photos "$data/cut" --art "$data/alpha_$k" -o sheet.png --no-floors --kind none
	cp "$t/out" "alpha_$k"
done
check "colours that nobody sees are not measured" cmp -s alpha_0 alpha_1

# ---- 4: colours come out right, or are refused
for pair in ycbcr.tif:rgb.png ycbcr_lzw.tif:rgb.png lab.tif:rgb.png white_is_zero_float.tif:grey.png; do
	run 0 "" apply brush "$data/${pair%:*}" -o c.png --strength 0
	check "${pair%:*}: $("$near" "$data/${pair#*:}" c.png 3)" "$near" "$data/${pair#*:}" c.png 3
done
for file in ycbcr_packed icclab inks signed mask; do
	one_line 3 "which fauve does not convert" apply brush "$data/$file.tif" -o no.png
done
one_line 3 "camera's raw file" apply brush "$data/raw.tif" -o no.png
one_line 3 "no marker of Adobe's" apply brush "$data/cmyk_bare.jpg" -o no.png
run 0 "" apply brush "$data/cmyk.jpg" -o c.png
run 0 "has numbers up to .* where 1 is white" apply brush "$data/beyond.tif" -o c.png
check "nothing is written of what is refused" [ ! -e no.png ]

# ---- 5: shapes
run 0 "" generate run -n 1 -o g.png
check "as high and wide as what was learnt from" "$near" g.png g.png 0
check "10 wide, 20 high" holds g.png "width *10"
run 0 "stretched to 32x32" train dcgan --data idx -o gan --steps 1 --batch 2

# ---- 6: the need that is named is the real one
one_line 5 "need [0-9]* MB to be painted" apply brush "$data/rgb.png" -o no.png --max-memory 1M
need=$(sed 's/.*need \([0-9]*\) MB.*/\1/' "$t/err")
run 0 "" apply brush "$data/rgb.png" -o yes.png --max-memory "${need}000000"

# ---- 7: places that cannot be written are found before the work
ln -s elsewhere.png link.png
for command in "apply brush $data/rgb.png -o" "generate run -n 1 -o" \
	"eval brush --photos folder --art folder --no-floors --kind none -o"; do
	one_line 4 "is a link to another file" $command link.png
	one_line 4 "missing/x.png" $command missing/x.png
done

# ---- 8: what is replaced keeps mode and time
cp "$data/exif.jpg" mine.jpg
chmod 600 mine.jpg
touch -d '2020-01-02 03:04:05' mine.jpg
run 0 "" apply brush mine.jpg -o mine.jpg --force
check "mode" [ "$(mode mine.jpg)" = 600 ]
check "time" [ "$(stat -c %Y mine.jpg)" = "$(date -d '2020-01-02 03:04:05' +%s)" ]
finish
