/* SPDX-License-Identifier: Apache-2.0 */
/* Following the flow from VF neighbouring pixels at once, both ways, and summing what lies under
 * the lines.
 *
 * A padded picture of pixels of 8 bytes (tap.h): the flow's x and y and two numbers to sum. Its
 * pads hold what is past the border: the border's flow, the mirrored picture; so no place needs a
 * bound. Places are kept as distances from where a line began. */
#ifndef FV_FOLLOW_H
#define FV_FOLLOW_H
#include "stroke/tap.h"
#include "stroke/way.h"

#define FOLLOW_STEPS 96                 /* at most: 32 widths of a third each step */

typedef struct {
	uint32_t *pixel;                /* (h + 2 pad) x stride of two words, which are the flow's
	                                 * x | y << 16, and first number | second << 16 */
	uint32_t *corners;              /* of a third number, as tap1() wants it; NULL where
	                                 * there is none */
	int64_t h, w, pad, stride;      /* pixels; stride is w + 2 pad and some more */
} follow_picture;

VEC uint32_t *follow_row(const follow_picture *f, int64_t y)
{
	return f->pixel + 2 * ((y + f->pad) * f->stride + f->pad);
}

/* Pixels a row, so that VF of them from any x below w on, and pad more, lie within it or before the
 * next one's. */
static inline int64_t follow_stride(int64_t w, int64_t pad)
{
	return fv_div_up(w + 2 * pad + 16, 16) * 16;
}
/* Bytes of such a picture: with a row more, which weights of 0 may touch. */
static inline size_t follow_bytes(int64_t h, int64_t w, int64_t pad)
{
	return (size_t)((h + 2 * pad + 1) * follow_stride(w, pad)) * 8;
}

/* sum[k] = number k at the pixels themselves + sum over steps of share[k][i] times it at the lines'
 * places, 32767^2 times the value that 32767 stands for. `step`: pixels. numbers: 2, or 3 with
 * corners; the third has share[0]. */
VEC void follow(const follow_picture *f, int64_t y, int64_t x, vf step, int steps,
                const float *const *share, const int numbers, vf *sum)
{
	/* Numbers of pixels count from the pad's first row above: never negative. */
	const int64_t stride = f->stride, from = y * stride;
	const uint32_t *p = f->pixel + 2 * from, *q = numbers == 3 ? f->corners + 2 * from : NULL;
	const vi lanes = vi_add(vi_iota(), vi_set((int32_t)(f->pad * stride + f->pad + x)));
	const vi row = vi_set((int32_t)stride);
	const tap_weights here = { vi_set((int32_t)((uint32_t)TAP_ONE << 16)), vi_set(0) };
	const vf fine = vf_mul(step, vf_set(1 << TAP_SHIFT));
	vf v[4], dx[2], dy[2];                  /* a step's way */
	vi px[2], py[2];
	tap4(p, stride, lanes, here, v);
	sum[0] = v[2], sum[1] = v[3];
	if (numbers == 3)
		sum[2] = tap1(q, lanes, here);
	vf scale = tap_over_sqrt(fine, vf_fma(v[0], v[0], vf_fma(v[1], v[1], vf_set(1))));
	dx[0] = vf_mul(v[0], scale), dy[0] = vf_mul(v[1], scale);
	dx[1] = vf_neg(dx[0]), dy[1] = vf_neg(dy[0]);
	px[0] = py[0] = px[1] = py[1] = vi_set(0);
	for (int i = 0; i < steps; i++) {
		const vf share0 = vf_set(share[0][i]), share1 = vf_set(share[1][i]);
		/* These are two chains that need not wait for each other. */
#pragma GCC unroll 2
		for (int s = 0; s < 2; s++) {
			px[s] = vi_add(px[s], tap_round(dx[s]));
			py[s] = vi_add(py[s], tap_round(dy[s]));
			vi at = vi_add(vi_add(vi_sar(px[s], TAP_SHIFT), lanes),
			               vi_mul(vi_sar(py[s], TAP_SHIFT), row));
			tap_weights w = tap_weigh(px[s], py[s]);
			tap4(p, stride, at, w, v);
			sum[0] = vf_fma(share0, v[2], sum[0]);
			sum[1] = vf_fma(share1, v[3], sum[1]);
			if (numbers == 3)
				sum[2] = vf_fma(share0, tap1(q, at, w), sum[2]);
			/* On to the side that the line came for. */
			scale = tap_over_sqrt(fine,
			                      vf_fma(v[0], v[0], vf_fma(v[1], v[1], vf_set(1))));
			scale = tap_flip(scale, vf_fma(v[0], dx[s], vf_mul(v[1], dy[s])));
			dx[s] = vf_mul(v[0], scale), dy[s] = vf_mul(v[1], scale);
		}
	}
}

/* ---- filling */
static inline uint32_t follow_word(int32_t low, int32_t high)
{
	return ((uint32_t)low & 0xffff) | (uint32_t)high << 16;
}

/* x, times 32767 / most, as int16 */
static inline int32_t follow_int(float x, float by)
{
	float v = x * by;
	v = v > 32767 ? 32767 : v < -32767 ? -32767 : v;
	return (int32_t)(v + 32768.5f) - 32768;
}

/* The flow's words of row y, v: its w vectors. */
static inline void follow_put_flow(const follow_picture *f, int64_t y, const float *v)
{
	uint32_t *to = follow_row(f, y);
	for (int64_t x = 0; x < f->w; x++)
		to[2 * x] = follow_word(follow_int(v[2 * x], 32767),
		                        follow_int(v[2 * x + 1], 32767));
}

/* The pads left and right of row y, when the row is there. */
static inline void follow_sides(const follow_picture *f, int64_t y)
{
	uint32_t *row = follow_row(f, y);
	for (int64_t i = 1; i <= f->stride - f->pad - f->w || i <= f->pad; i++) {
		if (i <= f->pad)
			row[-2 * i] = row[0], row[-2 * i + 1] = row[2 * fv_mirror(-i, f->w) + 1];
		if (i <= f->stride - f->pad - f->w) {
			int64_t x = f->w - 1 + i;
			row[2 * x] = row[2 * (f->w - 1)],
			row[2 * x + 1] = row[2 * fv_mirror(x, f->w) + 1];
		}
	}
}

/* A row above or below, y outside 0..h-1, when all rows with their sides are there. */
static inline void follow_outside(const follow_picture *f, int64_t y)
{
	uint32_t *to = follow_row(f, y) - 2 * f->pad;
	const uint32_t *flow = follow_row(f, y < 0 ? 0 : f->h - 1) - 2 * f->pad;
	const uint32_t *numbers = follow_row(f, fv_mirror(y, f->h)) - 2 * f->pad;
	for (int64_t x = 0; x < f->stride; x++)
		to[2 * x] = flow[2 * x], to[2 * x + 1] = numbers[2 * x + 1];
}
#endif
