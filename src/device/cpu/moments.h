/* SPDX-License-Identifier: Apache-2.0 */
/* Mean and sum of squared distances from it, of columns: in pieces, each about its own mean, then together. */
#ifndef FV_MOMENTS_H
#define FV_MOMENTS_H
#include "device/cpu/wide.h"
#include "device/cpu/work.h"
#include <math.h>

/* A distance from some value near the mean, into sums of such and of their squares. */
VEC void moments_note(vf d, vf *sum, vf *square)
{
	*sum = vf_add(*sum, d);
	*square = vf_fma(d, d, *square);
}

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
			moments_note(d, &rest[i], &q[i]);
		}
	for (; r < rows; r++)
#pragma GCC unroll 4
		for (int i = 0; i < wide; i++) {
			vf d = vf_sub(wide_load(x + r * step, i, wide, last), s[i]);
			moments_note(d, &rest[i], &q[i]);
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

/* ---- the statistics of a convolution's output (its output 1). Each block of it notes a count, and of each of `width` columns a mean and a
 * sum of squares about that; the last phase merges them, MOMENTS channels a unit. */
enum { MOMENTS = 64, MOMENTS_FIRST = 16 };      /* floats before the means */
typedef struct { room notes; int64_t blocks, width; } moments;   /* width 0: nothing is noted */

VEC moments moments_plan(fv_work *w, const fv_node *n, int64_t blocks, int64_t width)
{
	if (!n->attr.out.stats)
		return (moments){ .width = 0 };
	w->units[w->phases++] = fv_div_up(n->shape.c, MOMENTS);
	return (moments){ room_take(w, blocks, MOMENTS_FIRST + 2 * width), blocks, width };
}

/* Where a block's go; NULL: nowhere. */
VEC float *moments_at(const fv_call *c, const moments *m, int64_t block) { return m->width ? room_at(c, m->notes, block) : NULL; }

/* A unit's columns of all blocks, in order. */
static inline void moments_merge(const fv_call *c, const moments *m, int64_t unit)
{
	double n = 0, mean[MOMENTS] = { 0 }, square[MOMENTS] = { 0 };
	int64_t first = unit * MOMENTS, count = fv_min(MOMENTS, c->out[0].shape.c - first);
	float *stats = fv_f32(c->out[1]) + 2 * first;
	for (int64_t k = 0; k < m->blocks; k++) {
		const float *p = room_at(c, m->notes, k), *means = p + MOMENTS_FIRST + first;
		n += (double)p[0];
		for (int64_t i = 0; i < count && p[0] > 0; i++)
			mean[i] += (double)p[0] * (double)means[i];
	}
	for (int64_t i = 0; i < count; i++)
		mean[i] /= n;
	for (int64_t k = 0; k < m->blocks; k++) {
		const float *p = room_at(c, m->notes, k), *means = p + MOMENTS_FIRST + first;
		for (int64_t i = 0; i < count && p[0] > 0; i++) {
			double d = (double)means[i] - mean[i];
			square[i] += (double)means[m->width + i] + (double)p[0] * d * d;
		}
	}
	for (int64_t i = 0; i < count; i++) {
		stats[2 * i] = (float)mean[i];
		stats[2 * i + 1] = (float)(1 / sqrt(square[i] / n + c->node->attr.out.eps));
	}
}
#endif
