#!/bin/bash
# tests/slow/amx.sh: AMX's kernels with the processor's tiles played in plain C (src/device/cpu/tile.h), where there are none: each against
# its reference over the usual shapes, then ResNet-9 painted by them. Needs AVX-512 with bf16. In the source tree's root.
set -u
grep -q avx512_bf16 /proc/cpuinfo || { echo "amx: skipped: needs a processor with avx512_bf16"; exit 77; }
script/build build-amx -Damx_emulated=true -Disa=plain,avx512,bf16,amx -Dtests=true >/dev/null || { echo "amx: 0 passed, 1 failed (it does not build)"; exit 1; }
passed=0 failed=0
count() {       # adds what a test says of itself
	said=$("$@" | tee /dev/stderr | tail -1)
	passed=$((passed + $(sed 's/.*: \([0-9]*\) passed.*/\1/' <<<"$said"))) failed=$((failed + $(sed 's/.*, \([0-9]*\) failed.*/\1/' <<<"$said")))
}
for what in conv2d conv2d_dx conv2d_dw matmul; do
	count build-amx/tests/check "$what"
done
count build-amx/tests/golden-resnet tests/golden/resnet.safetensors
# They must have been there, and be what a painter would take.
if build-amx/fauve info --plan --precision bf16 styles/vangogh.safetensors | grep -q "_amx "; then passed=$((passed + 1)); else
	echo "amx: no kernel of AMX is in the plan" >&2
	failed=$((failed + 1))
fi
echo "amx: $passed passed, $failed failed"
[ "$failed" = 0 ]
