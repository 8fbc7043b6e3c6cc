/* SPDX-License-Identifier: Apache-2.0 */
/* Four numbers between pixels, VF places at once: what tracing spends its time on.
 *
 * A pixel is four int16 in 8 bytes, so one load of 16 bytes has a pixel and its right neighbour;
 * two loads, of this row and of the next, have all four corners of a place. vpmaddwd weighs pairs
 * of one number (this row's and the next's) and adds them:
 *
 *	load	row 0: a00 b00 c00 d00 a01 b01 c01 d01	row 1: a10 b10 c10 d10 a11 b11 c11 d11
 *	unpack	a10 a00 b10 b00 c10 c00 d10 d00			a11 a01 b11 b01 ...
 *	times	the place's weights, added: a b c d, 32 bits each; then turned from places to
 *		numbers
 *
 * Gathering floats takes eight loads of 4 bytes for each number; hardware gathers of these pairs
 * are two to three times slower than the loads one by one (AMD's are microcode), which is why these
 * are intrinsics. Weights sum to 32767. */
#ifndef FV_TAP_H
#define FV_TAP_H
#include "cpu/vec.h"

#define TAP_ONE 32767                   /* 1.0 of weights */

/* Places are whole numbers, 1/32768 of a pixel each: its low bits are weights already. */
#define TAP_SHIFT 15

/* Of a place in its pixel: low half for the next row, high for this one. */
typedef struct { vi left, right; } tap_weights;

VEC tap_weights tap_weigh(vi x, vi y)
{
#if VF == 16
	const __m512i to = _mm512_set4_epi32(0x0d0c0d0c, 0x09080908, 0x05040504, 0x01000100);
	__m512i fx = _mm512_and_si512(_mm512_shuffle_epi8(x, to), _mm512_set1_epi32(0x7fff7fff));
	/* (y & 0x7fff7fff) ^ 0x7fff0000: fy, and 1 - fy */
	__m512i fy = _mm512_ternarylogic_epi32(_mm512_shuffle_epi8(y, to),
	                                       _mm512_set1_epi32(0x7fff7fff),
	                                       _mm512_set1_epi32(0x7fff0000), 0x6a);
	__m512i right = _mm512_mulhrs_epi16(fx, fy);
	return (tap_weights){ _mm512_sub_epi16(fy, right), right };
#elif VF == 8
	const __m256i to = _mm256_setr_epi32(0x01000100, 0x05040504, 0x09080908, 0x0d0c0d0c,
	                                     0x01000100, 0x05040504, 0x09080908, 0x0d0c0d0c);
	__m256i fx = _mm256_and_si256(_mm256_shuffle_epi8(x, to), _mm256_set1_epi32(0x7fff7fff));
	__m256i fy = _mm256_xor_si256(_mm256_and_si256(_mm256_shuffle_epi8(y, to),
	                                               _mm256_set1_epi32(0x7fff7fff)),
	                              _mm256_set1_epi32(0x7fff0000));
	__m256i right = _mm256_mulhrs_epi16(fx, fy);
	return (tap_weights){ _mm256_sub_epi16(fy, right), right };
#else
	vi fx = x & TAP_ONE, fy = y & TAP_ONE, half = vi_set(1 << 14);
	vi here = (fx * (TAP_ONE - fy) + half) >> TAP_SHIFT, next = (fx * fy + half) >> TAP_SHIFT;
	return (tap_weights){ (fy - next) | (TAP_ONE - fy - here) << 16, next | here << 16 };
#endif
}

#if VF == 16
typedef __m512i vg;
VEC vg tap_load(const uint32_t *p, const uint32_t *at, int j)
{
	__m256i a = _mm256_castsi128_si256(
		_mm_loadu_si128((const __m128i *)(p + 2 * (size_t)at[j])));
	__m256i b = _mm256_castsi128_si256(
		_mm_loadu_si128((const __m128i *)(p + 2 * (size_t)at[8 + j])));
	a = _mm256_inserti128_si256(
		a, _mm_loadu_si128((const __m128i *)(p + 2 * (size_t)at[4 + j])), 1);
	b = _mm256_inserti128_si256(
		b, _mm_loadu_si128((const __m128i *)(p + 2 * (size_t)at[12 + j])), 1);
	return _mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1);
}
#define TAP(f) _mm512_##f
#define TAP_SELECT(v, j) _mm512_shuffle_epi32(v, (_MM_PERM_ENUM)((j) * 0x55))
#elif VF == 8
typedef __m256i vg;
VEC vg tap_load(const uint32_t *p, const uint32_t *at, int j)
{
	__m256i v = _mm256_castsi128_si256(
		_mm_loadu_si128((const __m128i *)(p + 2 * (size_t)at[j])));
	return _mm256_inserti128_si256(
		v, _mm_loadu_si128((const __m128i *)(p + 2 * (size_t)at[4 + j])), 1);
}
#define TAP(f) _mm256_##f
#define TAP_SELECT(v, j) _mm256_shuffle_epi32(v, (j) * 0x55)
#endif

/* Into memory, whatever the compiler thinks of it: taking lanes out of registers one by one is
 * three instructions each. */
VEC void tap_places(uint32_t *i, vi at)
{
	vi_storeu((int32_t *)i, at);
	__asm__("" : "+m"(*(uint32_t (*)[VF])i));
}

#if VF > 4
#define TAP_PART(j) do { \
	vg row0 = tap_load(p, i, j), row1 = tap_load(p + 2 * stride, i, j); \
	part[j] = TAP(add_epi32)( \
		TAP(madd_epi16)(TAP(unpacklo_epi16)(row1, row0), TAP_SELECT(w.left, j)), \
		TAP(madd_epi16)(TAP(unpackhi_epi16)(row1, row0), TAP_SELECT(w.right, j))); \
} while (0)

/* v[k]: number k at VF places, TAP_ONE times its value; places are pixels `at` from p on and their
 * weights; stride: pixels. */
VEC void tap4(const uint32_t *p, int64_t stride, vi at, tap_weights w, vf *v)
{
	uint32_t i[VF];
	vg part[4];
	tap_places(i, at);
	TAP_PART(0);
	TAP_PART(1);
	TAP_PART(2);
	TAP_PART(3);
	vg ab01 = TAP(unpacklo_epi32)(part[0], part[1]);
	vg ab23 = TAP(unpacklo_epi32)(part[2], part[3]);
	vg cd01 = TAP(unpackhi_epi32)(part[0], part[1]);
	vg cd23 = TAP(unpackhi_epi32)(part[2], part[3]);
	v[0] = vf_of_vi(TAP(unpacklo_epi64)(ab01, ab23));
	v[1] = vf_of_vi(TAP(unpackhi_epi64)(ab01, ab23));
	v[2] = vf_of_vi(TAP(unpacklo_epi64)(cd01, cd23));
	v[3] = vf_of_vi(TAP(unpackhi_epi64)(cd01, cd23));
}
#else
static inline int32_t tap_high(uint32_t v) { return (int16_t)(v >> 16); }
static inline int32_t tap_low(uint32_t v) { return (int16_t)v; }
VEC void tap4(const uint32_t *p, int64_t stride, vi at, tap_weights w, vf *v)
{
	float t[4][VF];
	for (int i = 0; i < VF; i++) {
		const uint32_t *a = p + 2 * (size_t)at[i], *b = a + 2 * stride;
		int32_t w00 = tap_high((uint32_t)w.left[i]), w10 = tap_low((uint32_t)w.left[i]);
		int32_t w01 = tap_high((uint32_t)w.right[i]), w11 = tap_low((uint32_t)w.right[i]);
		for (int k = 0; k < 2; k++) {
			t[2 * k][i] = (float)(w00 * tap_low(a[k]) + w01 * tap_low(a[k + 2]) +
			                      w10 * tap_low(b[k]) + w11 * tap_low(b[k + 2]));
			t[2 * k + 1][i] = (float)(w00 * tap_high(a[k]) + w01 * tap_high(a[k + 2]) +
			                          w10 * tap_high(b[k]) + w11 * tap_high(b[k + 2]));
		}
	}
	for (int k = 0; k < 4; k++)
		v[k] = vf_loadu(t[k]);
}
#endif

/* One number of which each pixel holds its four corners in 8 bytes: low and high half of the first
 * word are the next row's and this one's, of the second the same a pixel to the right. */
VEC vf tap1(const uint32_t *p, vi at, tap_weights w)
{
#if VF == 16
	uint32_t i[VF];
	tap_places(i, at);
#define TAP_PAIR(j) _mm_castps_si128(_mm_loadh_pi( \
	_mm_castsi128_ps(_mm_loadl_epi64((const __m128i *)(p + 2 * (size_t)i[j]))), \
	(const __m64 *)(p + 2 * (size_t)i[(j) + 1])))
	__m512i lo = _mm512_castsi128_si512(TAP_PAIR(0)), hi = _mm512_castsi128_si512(TAP_PAIR(2));
	lo = _mm512_inserti32x4(lo, TAP_PAIR(4), 1), hi = _mm512_inserti32x4(hi, TAP_PAIR(6), 1);
	lo = _mm512_inserti32x4(lo, TAP_PAIR(8), 2), hi = _mm512_inserti32x4(hi, TAP_PAIR(10), 2);
	lo = _mm512_inserti32x4(lo, TAP_PAIR(12), 3), hi = _mm512_inserti32x4(hi, TAP_PAIR(14), 3);
	__m512i left = _mm512_castps_si512(
		_mm512_shuffle_ps(_mm512_castsi512_ps(lo), _mm512_castsi512_ps(hi), 0x88));
	__m512i right = _mm512_castps_si512(
		_mm512_shuffle_ps(_mm512_castsi512_ps(lo), _mm512_castsi512_ps(hi), 0xdd));
	return vf_of_vi(_mm512_add_epi32(_mm512_madd_epi16(left, w.left),
	                                 _mm512_madd_epi16(right, w.right)));
#elif VF == 8
	__m256i left = _mm256_i32gather_epi32((const int *)p, at, 8);
	__m256i right = _mm256_i32gather_epi32((const int *)p + 1, at, 8);
	return vf_of_vi(_mm256_add_epi32(_mm256_madd_epi16(left, w.left),
	                                 _mm256_madd_epi16(right, w.right)));
#else
	vf v;
	for (int i = 0; i < VF; i++) {
		const uint32_t *a = p + 2 * (size_t)at[i];
		uint32_t l = (uint32_t)w.left[i], r = (uint32_t)w.right[i];
		v[i] = (float)(tap_high(l) * tap_high(a[0]) + tap_low(l) * tap_low(a[0]) +
		               tap_high(r) * tap_high(a[1]) + tap_low(r) * tap_low(a[1]));
	}
	return v;
#endif
}

/* by / sqrt(a), a > 0: a step of Newton's after the estimate. Without, a line is off by a
 * thousandth of a pixel after 20 steps. */
VEC vf tap_over_sqrt(vf by, vf a)
{
#if VF == 16
	vf y = _mm512_rsqrt14_ps(a);
#elif VF == 8
	vf y = _mm256_rsqrt_ps(a);
#else
	return vf_div(by, vf_sqrt(a));
#endif
#if VF > 4
	return vf_mul(vf_mul(vf_mul(by, vf_set(0.5f)), y), vf_fnma(vf_mul(a, y), y, vf_set(3)));
#endif
}

/* a with its sign turned where that of `by` is set. */
VEC vf tap_flip(vf a, vf by)
{
#if VF == 16
	return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(_mm512_castps_si512(a),
	                                                     _mm512_castps_si512(by),
	                                                     _mm512_set1_epi32(INT32_MIN), 0x78));
#elif VF == 8
	return _mm256_xor_ps(a, _mm256_and_ps(by, _mm256_set1_ps(-0.0f)));
#else
	return vf_bits(vi_bits(a) ^ (vi_bits(by) & INT32_MIN));
#endif
}

/* To the nearest integer, |a| < 2^31. */
VEC vi tap_round(vf a)
{
#if VF == 16
	return _mm512_cvtps_epi32(a);
#elif VF == 8
	return _mm256_cvtps_epi32(a);
#else
	return __builtin_convertvector(
		a + vf_bits((vi_bits(a) & INT32_MIN) | vi_bits(vf_set(0.5f))), vi);
#endif
}
#endif
