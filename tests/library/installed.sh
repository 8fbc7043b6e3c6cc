#!/bin/bash
# tests/library/installed.sh FAUVE BUILD MAKE_MODEL: the library as it is installed: what it exports, and the examples of docs/examples built with
# pkg-config. In the source tree's root.
set -u
. tests/shell.sh installed "$1"
trap 'rm -rf "$t"' EXIT
build=$2 make_model=$3
DESTDIR=$t/root meson install -C "$build" --no-rebuild >"$t/out" 2>"$t/err"
check "it is installed" [ $? = 0 ]
pc=$(find "$t/root" -name fauve.pc) library=$(find "$t/root" -name 'libfauve.so.0')
check "with a .pc file and a library" [ -n "$pc" -a -n "$library" ]
export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$t/root LD_LIBRARY_PATH=${library%/*}

# ---- what it exports
header=$(find "$t/root" -name fauve.h)
cat "${header%/*}"/*.h | tr '\n' ' ' | grep -o 'FV_API [^;(]*(' | grep -o 'fv_[a-z_]*($' | tr -d '(' | sort >"$t/promised"
nm -D --defined-only "$library" | awk '$2 == "T" { print $3 }' | grep -v -e '^_' -e san | sort >"$t/exported"
check "it exports what its headers say, and nothing else" diff "$t/promised" "$t/exported"
nm -D --defined-only "$library" | awk '$2 != "T" { print $3 }' | grep '^fv_' >"$t/data"
check "and no data" [ ! -s "$t/data" ]
for word in c c++; do
	echo '#include <fauve/fauve.h>' | ${CC:-cc} -x $word -fsyntax-only -Wall -Wextra -Werror $(pkg-config --cflags fauve) - 2>"$t/err"
	check "the header is sound $word" [ $? = 0 ]
done

# ---- the examples
"$make_model" strokenet "$t/model.safetensors" 2>"$t/err"
check "a model" [ $? = 0 ]
printf 'P6\n48 40\n255\n' >"$t/photo.ppm"
head -c $((48 * 40 * 3)) "$header" >>"$t/photo.ppm"
for example in docs/examples/*.c; do
	name=$(basename "$example" .c)
	${CC:-cc} -std=c11 -Wall -Wextra -Werror "$example" $(pkg-config --cflags --libs fauve) -pthread -o "$t/$name" 2>"$t/err"
	check "$name is built as its head says" [ $? = 0 ]
done
"$t/paint" "$t/model.safetensors" <"$t/photo.ppm" >"$t/painted.ppm" 2>"$t/err"
check "paint: exit 0" [ $? = 0 ]
check "paint: a picture as large" [ "$(stat -c %s "$t/painted.ppm")" = "$(stat -c %s "$t/photo.ppm")" ]
"$t/threads" "$t/model.safetensors" <"$t/photo.ppm" >"$t/sheet.ppm" 2>"$t/err"
check "threads: exit 0" [ $? = 0 ]
check "threads: four pictures on a sheet" [ "$(head -c 9 "$t/sheet.ppm" | tail -1)" = "100 84" ]
cat "$t/photo.ppm" | "$t/threads" "$t/nothing" >"$t/out" 2>"$t/err"
check "threads: a model that is not there is exit 3" [ $? = 3 ]
check "threads: and a line" [ "$(wc -l <"$t/err")" = 1 ]
finish
