#!/bin/bash
# tests/build/build.sh FAUVE LIBRARY SBOM HARDENED: what the build says of itself. In the source tree's root. HARDENED: empty where
# sanitizers stand in the way, or where nothing is optimised.
set -u
. tests/shell.sh build "$1"
trap 'rm -rf "$t"' EXIT
library=$2 sbom=$3 hardened=$4

# ---- hardening
if [ -n "$hardened" ]; then
	for f in "$fauve" "$library"; do
		script/checksec --require "$f" >"$t/out" 2>"$t/err"
		check "${f##*/}: full RELRO, canaries, NX, PIE, fortified, no paths of the build" [ $? = 0 ]
	done
	check "the table has a line a file" [ "$(script/checksec "$fauve" "$library" | wc -l)" = 3 ]
	# Two models in two threads never meet: nothing in the library is written but what the compiler's own parts keep.
	objdump -t "$library" | awk '$3 == "O" && ($4 == ".data" || $4 == ".bss" || $4 == ".tbss") { print $NF }' |
		grep -v -e '^__' -e '^completed' >"$t/err"
	check "the library has no variables of its own" [ ! -s "$t/err" ]
	# What is lost is seen: a program without any of it.
	echo 'int main(void) { return 0; }' >"$t/bare.c"
	${CC:-cc} -O0 -no-pie -Wl,-z,norelro,-z,execstack -o "$t/bare" "$t/bare.c" 2>"$t/err"
	script/checksec --require "$t/bare" >"$t/out" 2>"$t/err"
	check "a program without is refused" [ $? = 1 ]
	for word in RELRO canary NX PIE fortify; do
		check "and says so of $word" grep -q "$word" "$t/err"
	done
fi

# ---- the bill of materials
check "it is CycloneDX, with versions, licences and sums" python3 - "$sbom" <<'P' 2>"$t/err"
import json, re, sys
b = json.load(open(sys.argv[1]))
assert b["bomFormat"] == "CycloneDX" and b["specVersion"] == "1.5" and b["version"] == 1
assert b["metadata"]["component"]["name"] == "fauve" and b["metadata"]["component"]["version"]
parts = {c["name"]: c for c in b["components"]}
for name in "libfauve", "jansson", "zlib", "libc", "libjpeg", "libpng", "libvips", "glib":
    assert re.match(r"\d+\.\d+", parts[name]["version"]), name
    assert parts[name]["licenses"] and parts[name]["purl"].endswith("@" + parts[name]["version"]), name
models = [c for c in b["components"] if c["type"] == "machine-learning-model"]
assert models and all(re.fullmatch("[0-9a-f]{64}", m["hashes"][0]["content"]) for m in models)
refs = {c["bom-ref"] for c in b["components"]} | {"fauve"}
assert len(refs) == len(b["components"]) + 1
assert all(d["ref"] in refs and set(d["dependsOn"]) <= refs for d in b["dependencies"])
P
listed() # SONAME: some part of the bill has it
{
	grep -q "\"fauve:file\", \"value\": \"${1%%.so*}\"" <(tr -d '\n' <"$sbom" | sed 's/  */ /g')
}
for soname in $(readelf -d "$fauve" "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u); do
	case $soname in
	ld-linux* | libasan.* | libubsan.* | libtsan.* | libgcc_s.*) ;;
	*) check "$soname is in the bill" listed "$soname" ;;
	esac
done

# ---- sums
script/checksums --check 2>"$t/err"
check "styles/SHA256SUMS is of the weights that are here" [ $? = 0 ]
check "as SECURITY.md says it is checked" sh -c "cd styles && sha256sum --check --quiet SHA256SUMS >'$t/err' 2>&1"
mkdir -p "$t/tree/script" "$t/tree/features" && cp -r styles "$t/tree/" && cp features/*.safetensors "$t/tree/features/" && cp script/checksums "$t/tree/script/"
printf x >>"$(ls "$t"/tree/styles/*.safetensors | head -1)"
check "a style that was changed is seen" sh -c "! '$t/tree/script/checksums' --check 2>'$t/err'"
"$t/tree/script/checksums" && "$t/tree/script/checksums" --check
check "and script/checksums takes it" [ $? = 0 ]

# ---- fuzz targets
script/fuzz nosuch 2>"$t/err"
check "script/fuzz: an unknown target is wrong use" [ $? = 2 ]
targets=$(sed -n 's/.*targets: //p' "$t/err")
check "and it names those that there are" [ "$(wc -w <<<"$targets")" -ge 9 ]
for target in $targets; do
	check "$target has inputs to begin with" [ -n "$(ls "tests/fuzz/seeds/$target")" ]
done
script/fuzz --time 1 2>"$t/err"
check "script/fuzz: a time without a unit is wrong use" [ $? = 2 ]
finish
