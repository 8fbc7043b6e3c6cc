#!/bin/bash
# tests/cli/hand.sh FAUVE MAKE_MODEL: a hand on the brush from outside: strength, colours, masks, several styles, variations.
set -u
. tests/shell.sh hand "$1"
make_model=$(realpath "$2")
trap 'rm -rf "$t"' EXIT
mkdir -p "$t/styles" "$t/work"
"$make_model" strokenet "$t/styles/one.safetensors" || exit 1
cp styles/vangogh-instant.safetensors "$t/styles/two.safetensors" || exit 1
cd "$t/work" || exit 1

# NAME WIDTH HEIGHT EXPRESSION of x and y, 0 to 1: a PNG; grey, or RGB when the expression is a tuple.
python3 - <<'PY' || exit 1
import struct, zlib, math
def png(name, w, h, f):
    rows = b''
    for j in range(h):
        row = b''
        for i in range(w):
            v = f((i + .5) / w, (j + .5) / h)
            row += bytes(int(max(0, min(255, 255 * x + .5))) for x in (v if isinstance(v, tuple) else (v,)))
        rows += b'\0' + row
    rgb = isinstance(f(.5, .5), tuple)
    part = lambda kind, d: struct.pack('>I', len(d)) + kind + d + struct.pack('>I', zlib.crc32(kind + d))
    open(name, 'wb').write(b'\x89PNG\r\n\x1a\n' + part(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 2 if rgb else 0, 0, 0, 0))
                           + part(b'IDAT', zlib.compress(rows)) + part(b'IEND', b''))
png('photo.png', 96, 64, lambda x, y: (.4 + .3 * math.sin(9 * x), .5 + .2 * math.cos(7 * y), .3 + .4 * x * y))
png('black.png', 8, 8, lambda x, y: 0)
png('white.png', 8, 8, lambda x, y: 1)
png('right.png', 96, 64, lambda x, y: float(x > .5))
png('wide.png', 400, 20, lambda x, y: float(x > .5))
PY

same() { "$fauve" info --json "$1" >/dev/null && cmp -s "$1" "$2"; }
apply() { "$fauve" apply "$@" 2>"$t/err"; }
differ() { ! cmp -s "$1" "$2"; }

run 0 "" apply one photo.png -o whole.png
run 0 "" apply one photo.png -o none.png --strength 0
run 0 "" apply two photo.png -o second.png

# ---- how much
run 0 "" apply one photo.png -o more.png --strength 1.3
check "strength 1.3 is not 1" differ more.png whole.png
run 2 "between 0 and 1.3" apply one photo.png -o x.png --strength 1.4

# ---- colours
run 0 "" apply one photo.png -o own.png --palette 0
run 0 "" apply one photo.png -o keep.png --keep-color
check "--keep-color is --palette 0" same keep.png own.png
run 2 "says already whose colours" apply one photo.png -o x.png --keep-color --palette 1
run 2 "leave nothing" apply one photo.png -o x.png --keep-color --only-color
run 2 "palette" apply one photo.png -o x.png --only-color
run 0 "" apply two photo.png -o only.png --only-color
check "his colours alone are not his painting" differ only.png second.png
check "nor the photograph" differ only.png none.png

# ---- masks
run 0 "" apply one photo.png -o black_.png --mask black.png
check "a black mask leaves the photograph" same black_.png none.png
run 0 "" apply one photo.png -o white_.png --mask white.png
check "a white mask is the whole painting" same white_.png whole.png
run 0 "" apply one photo.png -o half.png --mask right.png
check "half a mask is neither" differ half.png whole.png
run 0 "" apply one photo.png -o hard.png --mask right.png --feather 0
check "a feathered mask is another one" differ half.png hard.png
run 0 "" apply one photo.png -o wide_.png --mask wide.png --feather 0
run 2 "is no width" apply one photo.png -o x.png --mask right.png --feather much
run 3 "gone.png" apply one photo.png -o x.png --mask gone.png

# ---- several styles
run 0 "" apply one photo.png -o over.png --style two:white.png
check "a style over all of it hides what is under it" same over.png second.png
run 0 "" apply one photo.png -o under.png --style two:black.png
check "a style nowhere leaves what is under it" same under.png whole.png
run 0 "" apply one photo.png -o both.png --style two:right.png --feather 0
check "a style over half of it is neither" differ both.png second.png
run 0 "" apply one photo.png -o both2.png --style two:right.png --feather 0 --mask black.png
check "the mask limits all styles" same both2.png none.png
run 2 "no style with its mask" apply one photo.png -o x.png --style two
run 3 "" apply one photo.png -o x.png --style nobody:right.png
run 0 "" apply one photo.png -o mix1.png --mix two=1
check "all of another style is that style" same mix1.png second.png
run 0 "" apply one photo.png -o mix2.png --mix two=0.3
run 0 "" apply one photo.png -o mix3.png --mix one=0.7,two=0.3
check "MODEL has the rest" same mix2.png mix3.png
run 2 "add up to" apply one photo.png -o x.png --mix two=0.8,one=0.8
run 2 "add up to" apply one photo.png -o x.png --mix one=0.5,two=0.3
run 2 "no style with its share" apply one photo.png -o x.png --mix two
run 2 "no style with its share" apply one photo.png -o x.png --mix two=2

# ---- variations
run 0 "--seed 8 to 9" apply one photo.png -o sheet.png --variations 4 --seed 6
check "a sheet of two by two" sh -c "'$fauve' info --json sheet.png | tr -d ' ,' | grep -q '\"width\":196'"
run 2 "a sheet is of one picture" apply one photo.png more.png -o out/ --variations 4
run 2 "between 1 and 100" apply one photo.png -o x.png --variations 0

echo "hand: $passed passed, $failed failed"
[ "$failed" = 0 ]
