/* SPDX-License-Identifier: Apache-2.0 */
/* The vector vocabulary of the kernels: one body, compiled once for each instruction set.
 *
 *	vf	VF floats: 4 (plain: compiler vectors, any machine), 8 (avx2), 16 (avx512, bf16, amx)
 *	vi	VF int32_t
 *	vm	a mask of VF lanes, from vm_first() or a comparison
 *
 * Masked loads give 0 where the mask is off and touch no memory there; masked stores leave it alone.
 * Groups are of n lanes, 4, 8 .. VF: vf_groups() loads the first from p, the next from p + step; vf_store_groups() stores the first
 * `count` lanes of each.
 * NaN: arithmetic carries it. vf_max(a, b) and vf_min(a, b) give b when either is NaN, so vf_max(zero, x)
 * is a relu that keeps NaN. Comparisons with NaN are false.
 * Everything is static inline: a shared function built for one set must never run on a machine without it. */
#ifndef FV_VEC_H
#define FV_VEC_H
#include "op/call.h"
#include <string.h>
#if !defined(FV_ISA_plain)
#include <immintrin.h>
#endif

#define FV_JOIN_(a, b, c) a##b##_##c
#define FV_JOIN(a, b, c) FV_JOIN_(a, b, c)
#define FV_TEXT_(a) #a
#define FV_TEXT(a) FV_TEXT_(a)
#define FV_KERNEL(name) FV_JOIN(fv_kernel_, name, FV_ISA)       /* fv_kernel_NAME_avx2: the record */
#define FV_KERNEL_NAME(name) #name "_" FV_TEXT(FV_ISA)          /* "NAME_avx2": for people */
#define VEC static inline __attribute__((always_inline))

#if defined(FV_ISA_amx)                  /* bf16, but products across are of tiles: tile.h */
#define FV_ISA_bf16 1
#endif
#if defined(FV_ISA_bf16)                 /* avx512, but products are of bf16 numbers: gemm.h */
#define FV_ISA_avx512 1
#endif
#if defined(FV_ISA_avx512)
/* ------------------------------------------------------------------ 16 lanes */
#if defined(FV_ISA_amx)
#define FV_ISA_BITS (FV_ISA_AVX512 | FV_ISA_AMX)
#elif defined(FV_ISA_bf16)
#define FV_ISA_BITS (FV_ISA_AVX512 | FV_ISA_BF16)
#else
#define FV_ISA_BITS FV_ISA_AVX512
#endif
#define VF 16
typedef __m512 vf;
typedef __m512i vi;
typedef __mmask16 vm;

VEC vm vm_first(int64_t n) { return n >= VF ? 0xffff : n <= 0 ? 0 : (vm)((1u << n) - 1); }
VEC vm vm_and(vm a, vm b) { return a & b; }
VEC vm vm_or(vm a, vm b) { return a | b; }
VEC bool vm_any(vm m) { return m != 0; }

VEC vf vf_loadu(const float *p) { return _mm512_loadu_ps(p); }
VEC vf vf_load(const float *p, vm m) { return _mm512_maskz_loadu_ps(m, p); }
VEC void vf_storeu(float *p, vf v) { _mm512_storeu_ps(p, v); }
VEC void vf_store(float *p, vf v, vm m) { _mm512_mask_storeu_ps(p, m, v); }
VEC vf vf_set(float x) { return _mm512_set1_ps(x); }
VEC vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
VEC vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
VEC vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
VEC vf vf_div(vf a, vf b) { return _mm512_div_ps(a, b); }
VEC vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }
VEC vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
VEC vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
VEC vf vf_fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); }
VEC vf vf_sqrt(vf a) { return _mm512_sqrt_ps(a); }
VEC vf vf_abs(vf a) { return _mm512_abs_ps(a); }
VEC vm vf_gt(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
VEC vm vf_ge(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ); }
VEC vm vf_eq(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
VEC vf vf_select(vm m, vf yes, vf no) { return _mm512_mask_blend_ps(m, no, yes); }
VEC vf vf_gather(const float *p, vi i) { return _mm512_i32gather_ps(i, p, 4); }
VEC vf vf_groups(const float *p, int64_t step, const int n)
{
	if (n == 16)
		return _mm512_loadu_ps(p);
	if (n == 8)
		return _mm512_insertf32x8(_mm512_castps256_ps512(_mm256_loadu_ps(p)), _mm256_loadu_ps(p + step), 1);
	__m256 low = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(p + step), 1);
	__m256 high = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p + 2 * step)), _mm_loadu_ps(p + 3 * step), 1);
	return _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
}
VEC void vf_store_groups(float *p, int64_t step, vf v, const int n, int count)
{
	for (int g = 0; g < 16 / n; g++)
		_mm512_mask_storeu_ps(p + g * (step - n), (vm)(((1u << count) - 1) << g * n), v);
}

VEC vi vi_set(int32_t x) { return _mm512_set1_epi32(x); }
VEC vi vi_loadu(const int32_t *p) { return _mm512_loadu_si512(p); }
VEC vi vi_load(const int32_t *p, vm m) { return _mm512_maskz_loadu_epi32(m, p); }
VEC void vi_storeu(int32_t *p, vi v) { _mm512_storeu_si512(p, v); }
VEC void vi_store(int32_t *p, vi v, vm m) { _mm512_mask_storeu_epi32(p, m, v); }
VEC vi vi_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
VEC vi vi_sub(vi a, vi b) { return _mm512_sub_epi32(a, b); }
VEC vi vi_mul(vi a, vi b) { return _mm512_mullo_epi32(a, b); }
VEC vi vi_and(vi a, vi b) { return _mm512_and_si512(a, b); }
VEC vi vi_or(vi a, vi b) { return _mm512_or_si512(a, b); }
#define vi_shl(a, n) _mm512_slli_epi32(a, n)
#define vi_sar(a, n) _mm512_srai_epi32(a, n)
VEC vf vf_of_vi(vi a) { return _mm512_cvtepi32_ps(a); }
VEC vf vf_bits(vi a) { return _mm512_castsi512_ps(a); }
VEC vi vi_bits(vf a) { return _mm512_castps_si512(a); }

#elif defined(FV_ISA_avx2)
/* ------------------------------------------------------------------ 8 lanes */
#define FV_ISA_BITS FV_ISA_AVX2
#define VF 8
typedef __m256 vf;
typedef __m256i vi;
typedef __m256i vm;                     /* all bits of a lane */

VEC vm vm_first(int64_t n)
{
	return _mm256_cmpgt_epi32(_mm256_set1_epi32(n > VF ? VF : (int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
VEC vm vm_and(vm a, vm b) { return _mm256_and_si256(a, b); }
VEC vm vm_or(vm a, vm b) { return _mm256_or_si256(a, b); }
VEC bool vm_any(vm m) { return _mm256_movemask_ps(_mm256_castsi256_ps(m)) != 0; }

VEC vf vf_loadu(const float *p) { return _mm256_loadu_ps(p); }
VEC vf vf_load(const float *p, vm m) { return _mm256_maskload_ps(p, m); }
VEC void vf_storeu(float *p, vf v) { _mm256_storeu_ps(p, v); }
VEC void vf_store(float *p, vf v, vm m) { _mm256_maskstore_ps(p, m, v); }
VEC vf vf_set(float x) { return _mm256_set1_ps(x); }
VEC vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
VEC vf vf_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
VEC vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
VEC vf vf_div(vf a, vf b) { return _mm256_div_ps(a, b); }
VEC vf vf_min(vf a, vf b) { return _mm256_min_ps(a, b); }
VEC vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }
VEC vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
VEC vf vf_fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); }
VEC vf vf_sqrt(vf a) { return _mm256_sqrt_ps(a); }
VEC vf vf_abs(vf a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
VEC vm vf_gt(vf a, vf b) { return _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_GT_OQ)); }
VEC vm vf_ge(vf a, vf b) { return _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_GE_OQ)); }
VEC vm vf_eq(vf a, vf b) { return _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_EQ_OQ)); }
VEC vf vf_select(vm m, vf yes, vf no) { return _mm256_blendv_ps(no, yes, _mm256_castsi256_ps(m)); }
VEC vf vf_gather(const float *p, vi i) { return _mm256_i32gather_ps(p, i, 4); }
VEC vf vf_groups(const float *p, int64_t step, const int n)
{
	return n == 8 ? _mm256_loadu_ps(p) : _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(p + step), 1);
}
VEC void vf_store_groups(float *p, int64_t step, vf v, const int n, int count)
{
	/* A masked store is slow on some of these processors. */
	float t[8];
	_mm256_storeu_ps(t, v);
	for (int g = 0; g < 8 / n; g++)
		for (int i = 0; i < count; i++)
			p[g * step + i] = t[g * n + i];
}

VEC vi vi_set(int32_t x) { return _mm256_set1_epi32(x); }
VEC vi vi_loadu(const int32_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
VEC vi vi_load(const int32_t *p, vm m) { return _mm256_maskload_epi32(p, m); }
VEC void vi_storeu(int32_t *p, vi v) { _mm256_storeu_si256((__m256i *)p, v); }
VEC void vi_store(int32_t *p, vi v, vm m) { _mm256_maskstore_epi32(p, m, v); }
VEC vi vi_add(vi a, vi b) { return _mm256_add_epi32(a, b); }
VEC vi vi_sub(vi a, vi b) { return _mm256_sub_epi32(a, b); }
VEC vi vi_mul(vi a, vi b) { return _mm256_mullo_epi32(a, b); }
VEC vi vi_and(vi a, vi b) { return _mm256_and_si256(a, b); }
VEC vi vi_or(vi a, vi b) { return _mm256_or_si256(a, b); }
#define vi_shl(a, n) _mm256_slli_epi32(a, n)
#define vi_sar(a, n) _mm256_srai_epi32(a, n)
VEC vf vf_of_vi(vi a) { return _mm256_cvtepi32_ps(a); }
VEC vf vf_bits(vi a) { return _mm256_castsi256_ps(a); }
VEC vi vi_bits(vf a) { return _mm256_castps_si256(a); }

#elif defined(FV_ISA_plain)
/* ------------------------------------------------------------------ 4 lanes, compiler vectors */
#define FV_ISA_BITS FV_ISA_PLAIN
#define VF 4
typedef float vf __attribute__((vector_size(16)));
typedef int32_t vi __attribute__((vector_size(16)));
typedef vi vm;                          /* all bits of a lane */

VEC vm vm_first(int64_t n) { return (vm){ -(n > 0), -(n > 1), -(n > 2), -(n > 3) }; }
VEC vm vm_and(vm a, vm b) { return a & b; }
VEC vm vm_or(vm a, vm b) { return a | b; }
VEC bool vm_any(vm m) { return (m[0] | m[1] | m[2] | m[3]) != 0; }

VEC vf vf_loadu(const float *p) { vf v; memcpy(&v, p, sizeof v); return v; }
VEC vf vf_load(const float *p, vm m)
{
	return (vf){ m[0] ? p[0] : 0, m[1] ? p[1] : 0, m[2] ? p[2] : 0, m[3] ? p[3] : 0 };
}
VEC void vf_storeu(float *p, vf v) { memcpy(p, &v, sizeof v); }
VEC void vf_store(float *p, vf v, vm m)
{
	for (int i = 0; i < VF; i++)
		if (m[i])
			p[i] = v[i];
}
VEC vf vf_set(float x) { return (vf){ x, x, x, x }; }
VEC vf vf_add(vf a, vf b) { return a + b; }
VEC vf vf_sub(vf a, vf b) { return a - b; }
VEC vf vf_mul(vf a, vf b) { return a * b; }
VEC vf vf_div(vf a, vf b) { return a / b; }
VEC vf vf_fma(vf a, vf b, vf c) { return a * b + c; }
VEC vf vf_fnma(vf a, vf b, vf c) { return c - a * b; }
VEC vf vf_sqrt(vf a) { return (vf){ __builtin_sqrtf(a[0]), __builtin_sqrtf(a[1]), __builtin_sqrtf(a[2]), __builtin_sqrtf(a[3]) }; }
VEC vf vf_bits(vi a) { return (vf)a; }
VEC vi vi_bits(vf a) { return (vi)a; }
VEC vf vf_abs(vf a) { return (vf)((vi)a & 0x7fffffff); }
VEC vm vf_gt(vf a, vf b) { return a > b; }
VEC vm vf_ge(vf a, vf b) { return a >= b; }
VEC vm vf_eq(vf a, vf b) { return a == b; }
VEC vf vf_select(vm m, vf yes, vf no) { return (vf)((m & (vi)yes) | (~m & (vi)no)); }
VEC vf vf_min(vf a, vf b) { return vf_select(a < b, a, b); }
VEC vf vf_max(vf a, vf b) { return vf_select(a > b, a, b); }
VEC vf vf_gather(const float *p, vi i) { return (vf){ p[i[0]], p[i[1]], p[i[2]], p[i[3]] }; }
VEC vf vf_groups(const float *p, int64_t step, const int n) { (void)step, (void)n; return vf_loadu(p); }
VEC void vf_store_groups(float *p, int64_t step, vf v, const int n, int count)
{
	(void)step, (void)n;
	for (int i = 0; i < count; i++)
		p[i] = v[i];
}

VEC vi vi_set(int32_t x) { return (vi){ x, x, x, x }; }
VEC vi vi_loadu(const int32_t *p) { vi v; memcpy(&v, p, sizeof v); return v; }
VEC vi vi_load(const int32_t *p, vm m)
{
	return (vi){ m[0] ? p[0] : 0, m[1] ? p[1] : 0, m[2] ? p[2] : 0, m[3] ? p[3] : 0 };
}
VEC void vi_storeu(int32_t *p, vi v) { memcpy(p, &v, sizeof v); }
VEC void vi_store(int32_t *p, vi v, vm m)
{
	for (int i = 0; i < VF; i++)
		if (m[i])
			p[i] = v[i];
}
/* Unsigned, because it wraps as the other sets' instructions do. */
typedef uint32_t vu __attribute__((vector_size(16)));
VEC vi vi_add(vi a, vi b) { return (vi)((vu)a + (vu)b); }
VEC vi vi_sub(vi a, vi b) { return (vi)((vu)a - (vu)b); }
VEC vi vi_mul(vi a, vi b) { return (vi)((vu)a * (vu)b); }
VEC vi vi_and(vi a, vi b) { return a & b; }
VEC vi vi_or(vi a, vi b) { return a | b; }
#define vi_shl(a, n) ((vi)((vu)(a) << (n)))
#define vi_sar(a, n) ((a) >> (n))
VEC vf vf_of_vi(vi a) { return __builtin_convertvector(a, vf); }
#else
#error "src/device/cpu/meson.build sets FV_ISA_plain, FV_ISA_avx2, FV_ISA_avx512 or FV_ISA_bf16"
#endif

/* ------------------------------------------------------------------ the same for all */
/* The value, in a register: the compiler must not load it anew for each use. */
#if defined(FV_ISA_avx512)
VEC vf vf_keep(vf a) { __asm__("" : "+v"(a)); return a; }
#elif defined(__x86_64__)
VEC vf vf_keep(vf a) { __asm__("" : "+x"(a)); return a; }
#elif defined(__aarch64__)
VEC vf vf_keep(vf a) { __asm__("" : "+w"(a)); return a; }
#else
VEC vf vf_keep(vf a) { return a; }
#endif
/* Non-temporal stores go past the caches. They pay for what is large and read by other cores next, on Intel's servers, where fetching a
 * line that another core has read takes longer than writing it; on other processors they were not measured and are not used
 * (docs/kernels.md). vf_non_temporal() says whether to write so the `bytes` from p on, which must be aligned; vf_non_temporal_end() comes
 * after the last such store, before other threads are told. */
#if VF == 16
VEC bool vf_non_temporal(const void *p, int64_t bytes) { return bytes >= 1 << 20 && (uintptr_t)p % sizeof(vf) == 0 && __builtin_cpu_is("intel"); }
VEC void vf_non_temporal_end(void) { _mm_sfence(); }
VEC void vf_put(float *p, vf v, bool non_temporal)
{
	if (non_temporal)
		_mm512_stream_ps(p, v);
	else
		vf_storeu(p, v);
}
#else
VEC bool vf_non_temporal(const void *p, int64_t bytes) { return false; }
VEC void vf_non_temporal_end(void) { }
VEC void vf_put(float *p, vf v, bool non_temporal) { vf_storeu(p, v); }
#endif
VEC vf vf_zero(void) { return vf_set(0); }
VEC vf vf_neg(vf a) { return vf_bits(vi_sub(vi_bits(a), vi_set(INT32_MIN))); }
VEC vi vi_iota(void)
{
	static const int32_t n[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	return vi_loadu(n);
}

/* a0 b0 a1 b1 ... of the lower or upper halves of a and b, or of their groups of n lanes. */
#if VF == 16
#define VF_LOW_16 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define VF_HIGH_16 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define VF_LOW_8 0, 16, 1, 17, 2, 18, 3, 19, 8, 24, 9, 25, 10, 26, 11, 27
#define VF_HIGH_8 4, 20, 5, 21, 6, 22, 7, 23, 12, 28, 13, 29, 14, 30, 15, 31
#define VF_LOW_4 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29
#define VF_HIGH_4 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31
#elif VF == 8
#define VF_LOW_8 0, 8, 1, 9, 2, 10, 3, 11
#define VF_HIGH_8 4, 12, 5, 13, 6, 14, 7, 15
#define VF_LOW_4 0, 8, 1, 9, 4, 12, 5, 13
#define VF_HIGH_4 2, 10, 3, 11, 6, 14, 7, 15
#else
#define VF_LOW_4 0, 4, 1, 5
#define VF_HIGH_4 2, 6, 3, 7
#endif

VEC void vf_pair_up(vf a, vf b, vf *low, vf *high, const int n)
{
#if VF == 16
	if (n == 16) {
		*low = __builtin_shufflevector(a, b, VF_LOW_16);
		*high = __builtin_shufflevector(a, b, VF_HIGH_16);
		return;
	}
#endif
#if VF >= 8
	if (n == 8) {
		*low = __builtin_shufflevector(a, b, VF_LOW_8);
		*high = __builtin_shufflevector(a, b, VF_HIGH_8);
		return;
	}
#endif
	*low = __builtin_shufflevector(a, b, VF_LOW_4);
	*high = __builtin_shufflevector(a, b, VF_HIGH_4);
}

/* n vectors of which each group of n lanes (4, 8 .. VF) is a square of its own: lane i of vector j and lane j of vector i change
 * places. A perfect shuffle a stage. */
VEC void vf_transpose_groups(vf *r, const int n)
{
	vf t[VF];
	for (int stage = 1; stage < n; stage *= 2) {
#pragma GCC unroll 8
		for (int i = 0; i < n / 2; i++)
			vf_pair_up(r[i], r[i + n / 2], &t[2 * i], &t[2 * i + 1], n);
#pragma GCC unroll 16
		for (int i = 0; i < n; i++)
			r[i] = t[i];
	}
}
VEC void vf_transpose(vf *r) { vf_transpose_groups(r, VF); }

/* The lanes in a fixed order: pairs of halves, as a tree. */
VEC float vf_sum(vf v)
{
	float t[VF];
	vf_storeu(t, v);
	for (int half = VF / 2; half; half /= 2)
		for (int i = 0; i < half; i++)
			t[i] += t[i + half];
	return t[0];
}

/* To the nearest integer, even on ties, for |a| < 2^22: beyond 1.5 2^23 a float has no room for a fraction. */
VEC vf vf_round(vf a)
{
	const vf big = vf_set(12582912.0f);
	return vf_sub(vf_add(a, big), big);
}
VEC vi vi_of_vf(vf a) { return vi_sub(vi_bits(vf_add(a, vf_set(12582912.0f))), vi_set(0x4b400000)); }

/* e^x within 1.5 ulp, also where the result is subnormal; inf and 0 beyond, NaN stays.
 * x = n ln 2 + r, |r| <= ln 2 / 2 (ln 2 in two parts: Cody and Waite); e^r by a polynomial of Cephes' expf;
 * 2^n in two factors, so that neither overflows. */
VEC vf vf_exp(vf x)
{
	vf t = vf_max(vf_set(-105.0f), vf_min(vf_set(90.0f), x));
	vf n = vf_round(vf_mul(t, vf_set(1.44269504088896341f)));
	vf r = vf_fnma(n, vf_set(0.693359375f), t);
	r = vf_fnma(n, vf_set(-2.12194440e-4f), r);
	vf p = vf_set(1.9875691500e-4f);
	p = vf_fma(p, r, vf_set(1.3981999507e-3f));
	p = vf_fma(p, r, vf_set(8.3334519073e-3f));
	p = vf_fma(p, r, vf_set(4.1665795894e-2f));
	p = vf_fma(p, r, vf_set(1.6666665459e-1f));
	p = vf_fma(p, r, vf_set(5.0000001201e-1f));
	p = vf_add(vf_fma(p, vf_mul(r, r), r), vf_set(1));
	vi k = vi_of_vf(n), half = vi_sar(k, 1);
	vf a = vf_bits(vi_shl(vi_add(half, vi_set(127)), 23));
	vf b = vf_bits(vi_shl(vi_add(vi_sub(k, half), vi_set(127)), 23));
	return vf_mul(vf_mul(p, a), b);
}

/* log x within 2 ulp: x = 2^k m, sqrt(1/2) <= m < sqrt(2), polynomial of Cephes' logf.
 * 0 gives -inf, below it NaN, inf stays, NaN stays. */
VEC vf vf_log(vf x)
{
	const vf inf = vf_set(__builtin_inff());
	vm tiny = vf_gt(vf_set(1.17549435e-38f), x);            /* subnormal: scaled up by 2^23 */
	vf y = vf_select(tiny, vf_mul(x, vf_set(8388608.0f)), x);
	vi k = vi_sub(vi_sar(vi_bits(y), 23), vi_set(126));
	vf m = vf_bits(vi_or(vi_and(vi_bits(y), vi_set(0x7fffff)), vi_set(0x3f000000)));    /* [1/2, 1) */
	vf e = vf_sub(vf_of_vi(k), vf_select(tiny, vf_set(23), vf_zero()));
	vm low = vf_gt(vf_set(0.707106781186547524f), m);
	e = vf_sub(e, vf_select(low, vf_set(1), vf_zero()));
	m = vf_sub(vf_add(m, vf_select(low, m, vf_zero())), vf_set(1));
	vf p = vf_set(7.0376836292e-2f), z = vf_mul(m, m);
	p = vf_fma(p, m, vf_set(-1.1514610310e-1f));
	p = vf_fma(p, m, vf_set(1.1676998740e-1f));
	p = vf_fma(p, m, vf_set(-1.2420140846e-1f));
	p = vf_fma(p, m, vf_set(1.4249322787e-1f));
	p = vf_fma(p, m, vf_set(-1.6668057665e-1f));
	p = vf_fma(p, m, vf_set(2.0000714765e-1f));
	p = vf_fma(p, m, vf_set(-2.4999993993e-1f));
	p = vf_fma(p, m, vf_set(3.3333331174e-1f));
	p = vf_fma(e, vf_set(-2.12194440e-4f), vf_mul(vf_mul(p, m), z));
	p = vf_add(m, vf_fnma(vf_set(0.5f), z, p));
	p = vf_fma(e, vf_set(0.693359375f), p);
	p = vf_select(vf_gt(inf, x), p, x);                     /* inf and NaN stay */
	p = vf_select(vf_gt(vf_zero(), x), vf_set(__builtin_nanf("")), p);
	return vf_select(vf_eq(x, vf_zero()), vf_neg(inf), p);
}

/* tanh x within 2 ulp: a polynomial of Cephes' tanhf below 0.625, else 1 - 2 / (e^2|x| + 1). */
VEC vf vf_tanh(vf x)
{
	vf a = vf_abs(x), z = vf_mul(x, x);
	vf p = vf_set(-5.70498872745e-3f);
	p = vf_fma(p, z, vf_set(2.06390887954e-2f));
	p = vf_fma(p, z, vf_set(-5.37397155531e-2f));
	p = vf_fma(p, z, vf_set(1.33314422036e-1f));
	p = vf_fma(p, z, vf_set(-3.33332819422e-1f));
	p = vf_fma(vf_mul(p, z), x, x);
	vf e = vf_exp(vf_add(a, a));
	vf big = vf_sub(vf_set(1), vf_div(vf_set(2), vf_add(e, vf_set(1))));
	big = vf_bits(vi_or(vi_bits(big), vi_and(vi_bits(x), vi_set(INT32_MIN))));
	return vf_select(vf_gt(vf_set(0.625f), a), p, big);
}
#endif
