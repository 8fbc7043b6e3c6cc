/* SPDX-License-Identifier: Apache-2.0 */
/* What the processor has, and the cap on it (FAUVE_ISA). */
#include "base/base.h"
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t xgetbv0(void)
{
	uint32_t lo, hi;
	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (uint64_t)hi << 32 | lo;
}

/* Linux gives tile data only to those who ask (arch_prctl ARCH_REQ_XCOMP_PERM, 18 = XTILEDATA). */
static bool amx_permitted(void) { return syscall(SYS_arch_prctl, 0x1023, 18) == 0; }

/* Intel's cores take four times as long for a product of bf16 pairs as for one of floats (Emerald
 * Rapids: 170 and 339 GFLOP/s with two products in each pair); what bf16 wins there, AMX wins. */
static bool intel(void)
{
	uint32_t a, b, c, d;
	return __get_cpuid(0, &a, &b, &c, &d) && b == signature_INTEL_ebx &&
	       d == signature_INTEL_edx && c == signature_INTEL_ecx;
}

uint32_t fv_isa_detect(void)
{
	uint32_t a, b, c, d, mask = FV_ISA_PLAIN;
	if (!__get_cpuid(1, &a, &b, &c, &d))
		return mask;
	bool osxsave = c & bit_OSXSAVE, fma = c & bit_FMA, f16c = c & bit_F16C;
	uint64_t xcr = osxsave ? xgetbv0() : 0;
	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
		return mask;
	if ((xcr & 6) == 6 && fma && f16c && (b & bit_AVX2))
		mask |= FV_ISA_AVX2;
	uint32_t want = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
	if ((mask & FV_ISA_AVX2) && (xcr & 0xe6) == 0xe6 && (b & want) == want)
		mask |= FV_ISA_AVX512;
	bool amx = (d >> 24 & 1) && (d >> 22 & 1);              /* AMX-TILE, AMX-BF16 */
	uint32_t subleaves = a, a1, b1, c1, d1;
	bool bf16 = (mask & FV_ISA_AVX512) && subleaves >= 1 &&
	            __get_cpuid_count(7, 1, &a1, &b1, &c1, &d1) && (a1 >> 5 & 1);
	if (bf16 && !intel())
		mask |= FV_ISA_BF16;
#if defined(FV_AMX_EMULATED)
	if (bf16)
		return mask | FV_ISA_AMX;
#endif
	if (bf16 && amx && (xcr >> 17 & 3) == 3 && amx_permitted())
		mask |= FV_ISA_AMX;
	return mask;
}
#else
uint32_t fv_isa_detect(void) { return FV_ISA_PLAIN; }
#endif

static const struct { const char *name; uint32_t mask; } caps[] = {
	{ "ref", FV_ISA_REF },
	{ "plain", FV_ISA_PLAIN },
	{ "avx2", FV_ISA_PLAIN | FV_ISA_AVX2 },
	{ "avx512", FV_ISA_PLAIN | FV_ISA_AVX2 | FV_ISA_AVX512 | FV_ISA_BF16 },
	{ "amx", FV_ISA_PLAIN | FV_ISA_AVX2 | FV_ISA_AVX512 | FV_ISA_BF16 | FV_ISA_AMX },
};

bool fv_isa_cap(const char *name, uint32_t *mask)
{
	for (size_t i = 0; i < FV_COUNT(caps); i++)
		if (!strcmp(name, caps[i].name)) {
			*mask = caps[i].mask;
			return true;
		}
	*mask = 0;
	return false;
}

const char *fv_isa_name(uint32_t mask)
{
	return mask & FV_ISA_AMX      ? "amx"
	       : mask & FV_ISA_AVX512 ? "avx512"
	       : mask & FV_ISA_AVX2   ? "avx2"
	       : mask & FV_ISA_PLAIN  ? "plain"
	                              : "ref";
}
