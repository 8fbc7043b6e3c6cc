/* SPDX-License-Identifier: Apache-2.0 */
/* Mean and sum of squared distances from it, of columns: in pieces, each about its own mean, then together. */
#ifndef FV_MOMENTS_H
#define FV_MOMENTS_H
#include "device/cpu/wide.h"
#include <math.h>

/* A long sum of bright values drifts; the sum of distances from it says by how much (the corrected two-pass form). Fewer than
 * WIDE vectors: some rows side by side instead. */
VEC void moments_block(const float *x, int64_t rows, int64_t step, float *mean, float *square, const int wide, vm last)
{
	const int side = wide_side(wide);
	vf s[WIDE], q[WIDE], rest[WIDE], per = vf_set(1 / (float)rows);
	int64_t r;
#pragma GCC unroll 4
	for (int i = 0; i < wide * side; i++)
		s[i] = q[i] = rest[i] = vf_zero();
	for (r = 0; r + side <= rows; r += side)
#pragma GCC unroll 4
		for (int i = 0; i < wide * side; i++)
			s[i] = vf_add(s[i], wide_load(x + (r + i / wide) * step, i % wide, wide, last));
	for (; r < rows; r++)
#pragma GCC unroll 4
		for (int i = 0; i < wide; i++)
			s[i] = vf_add(s[i], wide_load(x + r * step, i, wide, last));
	wide_sum(s, wide);
#pragma GCC unroll 4
	for (int i = 0; i < wide; i++)
		s[i] = vf_mul(s[i], per);
	for (r = 0; r + side <= rows; r += side)
#pragma GCC unroll 4
		for (int i = 0; i < wide * side; i++) {
			vf d = vf_sub(wide_load(x + (r + i / wide) * step, i % wide, wide, last), s[i % wide]);
			rest[i] = vf_add(rest[i], d);
			q[i] = vf_fma(d, d, q[i]);
		}
	for (; r < rows; r++)
#pragma GCC unroll 4
		for (int i = 0; i < wide; i++) {
			vf d = vf_sub(wide_load(x + r * step, i, wide, last), s[i]);
			rest[i] = vf_add(rest[i], d);
			q[i] = vf_fma(d, d, q[i]);
		}
	wide_sum(rest, wide);
	wide_sum(q, wide);
#pragma GCC unroll 4
	for (int i = 0; i < wide; i++) {
		rest[i] = vf_mul(rest[i], per);
		wide_store(mean, i, wide, last, vf_add(s[i], rest[i]));
		wide_store(square, i, wide, last, vf_fnma(vf_mul(rest[i], rest[i]), vf_set((float)rows), q[i]));
	}
}

/* Of each of `columns` columns over `rows` rows that begin `step` floats apart: mean, and sum of squared distances from it. */
static inline void moments_of(const float *x, int64_t rows, int64_t step, int64_t columns, float *mean, float *square)
{
	for (int64_t b = 0; b < columns; b += WIDE * VF) {
		int64_t vectors = fv_min(WIDE, fv_div_up(columns - b, VF));
		vm last = vm_first(columns - b - (vectors - 1) * VF);
		if (vectors == 4)
			moments_block(x + b, rows, step, mean + b, square + b, 4, last);
		else if (vectors == 3)
			moments_block(x + b, rows, step, mean + b, square + b, 3, last);
		else if (vectors == 2)
			moments_block(x + b, rows, step, mean + b, square + b, 2, last);
		else
			moments_block(x + b, rows, step, mean + b, square + b, 1, last);
	}
}

/* What a piece of a convolution's output adds to the statistics of its channels: a count, then a mean and a sum of squares of
 * each of `width` columns. */
VEC int64_t moments_floats(int64_t width) { return 16 + 2 * width; }
enum { MOMENTS = 64 };                  /* columns a unit of merging */

/* Columns first .. , MOMENTS at most, of `pieces` such, in order, to normalise's statistics. */
static inline void moments_merge(const float *part, int64_t pieces, int64_t width, int64_t first, int64_t last, double eps, float *stats)
{
	double n = 0, mean[MOMENTS] = { 0 }, square[MOMENTS] = { 0 };
	int64_t step = moments_floats(width), count = fv_min(last - first, MOMENTS);
	for (int64_t k = 0; k < pieces; k++) {
		const float *p = part + k * step;
		n += (double)p[0];
		for (int64_t i = 0; i < count && p[0] > 0; i++)
			mean[i] += (double)p[0] * (double)p[16 + first + i];
	}
	for (int64_t i = 0; i < count; i++)
		mean[i] /= n;
	for (int64_t k = 0; k < pieces; k++) {
		const float *p = part + k * step;
		for (int64_t i = 0; i < count && p[0] > 0; i++) {
			double d = (double)p[16 + first + i] - mean[i];
			square[i] += (double)p[16 + width + first + i] + (double)p[0] * d * d;
		}
	}
	for (int64_t i = 0; i < count; i++) {
		stats[2 * (first + i)] = (float)mean[i];
		stats[2 * (first + i) + 1] = (float)(1 / sqrt(square[i] / n + eps));
	}
}
#endif
