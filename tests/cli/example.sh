#!/bin/bash
# tests/cli/example.sh FAUVE BUILD: docs/examples/train.c as somebody builds it who has nothing but an installed fauve: trains, stops,
# goes on, makes a grid. In the source tree's root.
set -u
. tests/shell.sh example "$1"
build=$2 root=$PWD
trap 'rm -rf "$t"' EXIT
command -v meson >/dev/null || { echo "example: skipped: needs meson to install"; exit 77; }
grep -q fv_generate_size include/fauve/fauve.h || { echo "example: skipped: fauve.h has no generation yet"; exit 77; }
make_idx 100 "$t/digits.idx" || exit 1
check "it installs" meson install -C "$build" --no-rebuild --quiet --destdir "$t/installed" --tags devel,runtime
pc=$(find "$t/installed" -name fauve.pc | head -1)
check "with a file for pkg-config" [ -n "$pc" ]
include=$(dirname "$(dirname "$(find "$t/installed" -name fauve.h)")") lib=$(dirname "$(find "$t/installed" -name libfauve.so)")
flags="-I$include -L$lib -lfauve"
if command -v pkg-config >/dev/null; then
	flags=$(PKG_CONFIG_PATH=$(dirname "$pc") PKG_CONFIG_SYSROOT_DIR=$t/installed pkg-config --cflags --libs fauve)
fi
check "at most 60 lines" [ "$(wc -l <docs/examples/train.c)" -le 60 ]
check "it builds against that" cc -Wall -Werror docs/examples/train.c $flags -Wl,-rpath,"$lib" -o "$t/train"
cd "$t" || exit 1
./train digits.idx run >grid.pgm 2>err
check "it ends well" [ $? = 0 ]
check "it was stopped at step 25 and went on" sh -c "grep -q 'step 25/50' err && grep -q 'step 26/50' err && grep -q 'step 50/50' err"
check "a grid of 64 pictures" [ "$(head -c 12 grid.pgm | tr '\n' ' ')" = "P5 96 96 255" -a "$(wc -c <grid.pgm)" = $((13 + 96 * 96)) ]
"$fauve" -q train dense --data digits.idx --batch 100 --steps 50 -o straight 2>err
same_run "stopped and resumed by the library, or trained by the program" straight run
./train digits.idx 2>err
check "wrong use: exit 2" [ $? = 2 ]
./train none.idx other 2>err >none.pgm
check "no data: exit 3, in a line" [ $? = 3 -a "$(grep -c none.idx err)" = 1 ]
finish
